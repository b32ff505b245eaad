"""What Locum saw of a test, for the report of its failure."""

from __future__ import annotations

from typing import Any, Mapping, Optional
from urllib.parse import urlencode

from locum._error import LocumError
from locum._wire import Ignored, Request
from locum._world import Locum

# How many requests are shown of the test, and of others.
SHOWN = 50
STRANGERS_SHOWN = 10


class Mark:
    """Where the journal of the space ``default`` was when a test began.

    A request without a credential that some space has is in that journal: one with a wrong token, say.
    """

    def __init__(self, world: Locum) -> None:
        self._world = world
        self._newest: Optional[str] = None
        try:
            newest = list_requests(world, "default", 1, None)["requests"]
        except LocumError:
            # No journal is kept, say. That is told when there is a failure.
            newest = []
        if newest:
            self._newest = newest[0]["id"]

    def describe(self) -> str:
        """One line for each request since."""
        try:
            own = list_requests(self._world, self._world.space, SHOWN, None)
            strangers = self._list_strangers()
        except LocumError as error:
            return error.detail
        lines = describe_page(own)
        if not lines:
            lines.append("no request with a credential of this test")
        if strangers["requests"]:
            lines.append("meanwhile in the space `default`, where requests go that have no test's credential:")
            lines += ["  " + line for line in describe_page(strangers)]
        return "\n".join(lines)

    def _list_strangers(self) -> Mapping[str, Any]:
        try:
            return list_requests(self._world, "default", STRANGERS_SHOWN, self._newest)
        except LocumError:
            # The request that was the newest may be there no more, after a reset: then all are newer.
            return list_requests(self._world, "default", STRANGERS_SHOWN, None)


def list_requests(world: Locum, space: str, limit: int, since: Optional[str]) -> Mapping[str, Any]:
    """The newest page of a journal."""
    query = {"limit": limit, **({"since": since} if since else {})}
    page: Mapping[str, Any] = world.control("GET", "requests?" + urlencode(query), space=space)
    return page


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
