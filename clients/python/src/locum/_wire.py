"""What the control API takes and gives, as far as it is looked into here. What is absent there is absent here."""

from __future__ import annotations

from typing import Any, Mapping, TypedDict


# `Required` came with Python 3.11, so members that are always there stand in a class of their own.
class _Ignored(TypedDict):
    at: str


class Ignored(_Ignored, total=False):
    """Something that a request sent and nothing read."""

    did_you_mean: str
    reason: str


class Change(TypedDict):
    """A record that a request changed."""

    service: str
    record: str
    id: str
    what: str


class _Request(TypedDict):
    id: str
    at: str
    elapsed_us: int
    method: str
    path: str
    status: int


class Request(_Request, total=False):
    """A request of the journal, in short."""

    service: str
    operation: str
    credential: str
    query: str
    fault: str
    refusal: str
    ignored: list[Ignored]
    changes: list[Change]
    changed: int


class _Difference(TypedDict):
    field: str


class Difference(_Difference, total=False):
    """How a request is not as expected. The values are JSON."""

    expected: str
    found: str


class Near(Request):
    """A request that is nearly as expected."""

    differences: list[Difference]


class Match(TypedDict, total=False):
    """Which requests. Everything that is said must fit."""

    service: str
    operation: str
    credential: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    ignored: bool


class Then(TypedDict, total=False):
    """What is to go wrong."""

    status: int
    code: str
    headers: Mapping[str, str]
    body: Any
    delay: str
    fault: str


class _Fault(TypedDict):
    id: str
    match: Match
    then: Any
    after: int
    hits: int


class Fault(_Fault, total=False):
    """An injected fault."""

    times: int


class _Credential(TypedDict):
    service: str
    kind: str
    label: str
    organization: str
    token: str


class Credential(_Credential, total=False):
    """A credential of a space."""

    variable: str
