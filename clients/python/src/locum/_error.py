"""The one error of this package."""

from __future__ import annotations

import operator
from typing import Any, Mapping, Optional

from locum._wire import Difference, Near


class LocumError(Exception):
    """Locum refused a control call, found no request as expected, or is not there.

    As a text it says all of it, so that a test's output needs no more.
    """

    detail: str
    """What is wrong, and the way out."""
    status: Optional[int]
    """The answer's status; None where there was no answer."""
    pointer: Optional[str]
    """Which part of what was sent is wrong, as ``/match/operation``."""
    nearest: list[Near]
    """Of an expectation that does not hold: the requests that come nearest."""
    differences: list[Difference]
    """How the nearest of all differs from what was expected."""
    problem: Mapping[str, Any]
    """The whole answer."""

    def __init__(
        self, detail: str, status: Optional[int] = None, problem: Optional[Mapping[str, Any]] = None
    ) -> None:
        super().__init__(detail, status, problem)
        self.detail = detail
        self.status = status
        self.problem = problem or {}
        self.pointer = self.problem.get("pointer")
        self.nearest = self.problem.get("nearest", [])
        self.differences = self.nearest[0]["differences"] if self.nearest else []

    def __str__(self) -> str:
        lines = [f"{self.pointer}: {self.detail}" if self.pointer else self.detail]
        for near in self.nearest:
            lines.append(f"nearest: {near['status']} {near['method']} {near['path']}")
            for differs in near["differences"]:
                expected, found = differs.get("expected", "nothing"), differs.get("found", "nothing")
                lines.append(f"  {differs['field']}: expected {expected}, found {found}")
        return "\n".join(lines)


# pytest names it as users do.
LocumError.__module__ = "locum"

# For the modules that users call: pytest leaves their frames out of the traceback of this error, but of no other.
HIDE_FROM_PYTEST = operator.methodcaller("errisinstance", LocumError)
