"""What Locum saw of a test, for the report of its failure."""

from __future__ import annotations

from typing import Any, Mapping, Optional
from urllib.parse import urlencode

from locum._control import Control
from locum._error import LocumError
from locum._wire import Ignored, Request

# How many requests are shown of a world, and of others.
SHOWN = 50
STRANGERS_SHOWN = 10


class Watch:
    """What the worlds of a Locum saw since a test began."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._open: list[str] = []
        self.end_test()

    def end_test(self) -> None:
        """Forgets what was seen. Until the next test begins, nothing is asked."""
        self.is_begun = False
        self.is_told = False
        # By space, the newest request when the test began. Others may share such a world.
        self._before: dict[str, Optional[str]] = {}
        # By space, what one saw that is gone by now.
        self._gone: dict[str, list[str]] = {}

    def begin_test(self) -> None:
        """Whatever is asked from now on is the test's."""
        self.end_test()
        self.is_begun = True
        self._before = {space: self._find_newest(space) for space in ("default", *self._open)}

    def add(self, space: str) -> None:
        self._open.append(space)

    def remove(self, space: str) -> None:
        """Looks at a world that goes now: its test may fail yet, or has failed already."""
        self._open.remove(space)
        if self.is_begun:
            self._gone[space] = self._describe_space(space)

    def describe(self) -> Optional[str]:
        """One line for each request since; None where the test had no world."""
        if not (self._gone or self._open):
            return None
        saw = {**self._gone, **{space: self._describe_space(space) for space in self._open}}
        asked = {space: lines for space, lines in saw.items() if lines}
        if len(asked) > 1:
            told = [[f"in the space `{space}`:", *indent(lines)] for space, lines in asked.items()]
        else:
            told = list(asked.values()) or [["no request with a credential of this test"]]
        strangers = self._describe_strangers()
        if strangers:
            heading = "meanwhile in the space `default`, where requests go that have no test's credential:"
            told.append([heading, *indent(strangers)])
        return "\n".join(line for lines in told for line in lines)

    def _describe_space(self, space: str) -> list[str]:
        try:
            return describe_page(self._list_since(space, SHOWN))
        except LocumError as error:
            return [error.detail]

    def _describe_strangers(self) -> list[str]:
        """What came with a credential that no space has is in the journal of ``default``."""
        try:
            return describe_page(self._list_since("default", STRANGERS_SHOWN))
        except LocumError:
            # As with the test's own, which has said so.
            return []

    def _find_newest(self, space: str) -> Optional[str]:
        try:
            newest = self._list(space, 1, None)["requests"]
        except LocumError:
            # No journal is kept, say. That is told when there is a failure.
            return None
        return newest[0]["id"] if newest else None

    def _list_since(self, space: str, limit: int) -> Mapping[str, Any]:
        before = self._before.get(space)
        try:
            return self._list(space, limit, before)
        except LocumError:
            if before is None:
                raise
            # The request that was the newest may be there no more, after a reset: then all are newer.
            return self._list(space, limit, None)

    def _list(self, space: str, limit: int, since: Optional[str]) -> Mapping[str, Any]:
        """The newest page of a journal."""
        query = {"limit": limit, **({"since": since} if since else {})}
        page: Mapping[str, Any] = self._control.call("GET", f"spaces/{space}/requests?" + urlencode(query))
        return page


def indent(lines: list[str]) -> list[str]:
    return ["  " + line for line in lines]


def describe_page(page: Mapping[str, Any]) -> list[str]:
    lines = [describe_request(request) for request in reversed(page["requests"])]
    if "next" in page:
        lines.insert(0, "… and before")
    return lines


def describe_request(request: Request) -> str:
    """What it was and how it was answered, in one line, whatever somebody has sent."""
    query = request.get("query")
    line = f"{request['status']} {request['method']} {request['path']}" + (f"?{query}" if query else "")
    if "credential" in request:
        line += f" by {request['credential']}"
    if "fault" in request:
        line += f" (fault: {request['fault']})"
    if "refusal" in request:
        line += f": {request['refusal']}"
    ignored = request.get("ignored")
    if ignored:
        line += "; ignored: " + ", ".join(describe_ignored(one) for one in ignored)
    return " ".join(line.split())


def describe_ignored(one: Ignored) -> str:
    near = one.get("did_you_mean")
    notes = [note for note in (one.get("reason"), f"did you mean {near}?" if near else None) if note]
    return f"{one['at']} ({': '.join(notes)})" if notes else one["at"]
