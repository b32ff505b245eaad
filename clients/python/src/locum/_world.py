"""A space, as a test uses it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Mapping, Optional, Sequence, Union
from urllib.parse import quote, urlencode

from locum._control import PATIENCE, Control
from locum._error import HIDE_FROM_PYTEST, LocumError
from locum._wire import Credential, Fault, Match, Request, Then

__tracebackhide__ = HIDE_FROM_PYTEST

# The longest that Locum lets an expectation wait, in seconds.
LONGEST_WAIT = 600.0


class Service:
    """Where a service is, and what opens it."""

    url: str
    """The base URL that a client is configured with."""
    credentials: Mapping[str, str]
    """Every token by its label. Where two organizations have the same label, the first one's; all are in
    ``Locum.credentials``."""

    def __init__(self, world: Locum, name: str, prefix: str) -> None:
        self._variables = world.variables
        self.url = world.variables[f"{prefix}_URL"]
        tokens: dict[str, str] = {}
        for credential in world.credentials:
            if credential["service"] == name:
                tokens.setdefault(credential["label"], credential["token"])
        self.credentials = tokens

    def _find(self, variable: str) -> str:
        try:
            return self._variables[variable]
        except KeyError:
            raise LocumError(f"the seed of this space has nothing that would be {variable}") from None


class JetBrainsAccount(Service):
    """JetBrains Account."""

    @property
    def customer_code(self) -> str:
        """Of the first organization, for ``X-Customer-Code``."""
        return self._find("JETBRAINS_ACCOUNT_CUSTOMER_CODE")

    @property
    def api_key(self) -> str:
        """The first token, for ``X-Api-Key``."""
        return self._find("JETBRAINS_ACCOUNT_API_KEY")


class LicenseVault(Service):
    """License Vault."""

    @property
    def token(self) -> str:
        """The first vault's, for ``Authorization: Bearer``."""
        return self._find("LICENSE_VAULT_TOKEN")

    @property
    def automation_token(self) -> str:
        """The first one, for ``Authorization: Automation``."""
        return self._find("LICENSE_VAULT_AUTOMATION_TOKEN")


class Atlassian(Service):
    """Atlassian API Access."""

    @property
    def org_id(self) -> str:
        """Of the first organization, for the path."""
        return self._find("ATLASSIAN_ORG_ID")

    @property
    def api_key(self) -> str:
        """The first one, for ``Authorization: Bearer``."""
        return self._find("ATLASSIAN_API_KEY")


class Clock:
    """The clock of a space: expiry, limits and the ``Date`` of answers obey it."""

    def __init__(self, world: Locum) -> None:
        self._world = world

    @property
    def now(self) -> datetime:
        """What time it is in the space."""
        return read_time(self._world.control("GET", "clock")["now"])

    def freeze(self, at: Union[datetime, str, None] = None) -> datetime:
        """Stops it: at a time, or where it is. Then it moves by ``advance`` alone."""
        if at is None:
            at = self.now
        now = write_time(at) if isinstance(at, datetime) else at
        return read_time(self._world.control("PUT", "clock", {"mode": "frozen", "now": now})["now"])

    def advance(self, by: Union[timedelta, str]) -> datetime:
        """Moves it on, by a timedelta or a text like ``"30d"``."""
        text = f"{by // timedelta(milliseconds=1)}ms" if isinstance(by, timedelta) else by
        return read_time(self._world.control("POST", "clock/advance", {"by": text})["now"])

    def release(self) -> datetime:
        """Lets it show the machine's time again."""
        return read_time(self._world.control("DELETE", "clock")["now"])


class Faults:
    """What is to go wrong in a space."""

    def __init__(self, world: Locum) -> None:
        self._world = world

    def add(
        self,
        match: Optional[Match] = None,
        then: Union[Then, Sequence[Then], None] = None,
        times: Optional[int] = None,
        after: Optional[int] = None,
    ) -> Fault:
        """Injects a fault: ``add(match={"operation": "assignLicense"}, then={"status": 503}, times=1)``."""
        rule = {"match": match or {}, "then": then or {}, "times": times, "after": after}
        added: Fault = self._world.control("POST", "faults", without_none(rule))
        return added

    def list(self) -> list[Fault]:
        """Those that are injected, with their ``hits``."""
        faults: list[Fault] = self._world.control("GET", "faults")
        return faults

    def remove(self, fault: Union[Fault, str]) -> None:
        """Takes one back, by itself or its id."""
        name = fault if isinstance(fault, str) else fault["id"]
        self._world.control("DELETE", f"faults/{quote(name, safe='')}")

    def clear(self) -> None:
        """Takes all back."""
        self._world.control("DELETE", "faults")


class Locum:
    """A world of its own: organizations, credentials, clock, faults, limits, journal."""

    url: str
    """Of the server."""
    space: str
    """The space's name."""
    variables: Mapping[str, str]
    """Base URLs, codes and credentials, as ``locum env`` names them."""
    credentials: Sequence[Credential]
    """Every credential that the space was made with."""
    organizations: Sequence[Mapping[str, Any]]
    """What the space was made with, as the control API says it."""
    replaced: Sequence[str]
    """Places in the seed whose literal token or code another space has, so that this one got another."""

    def __init__(self, control: Control, created: Mapping[str, Any]) -> None:
        self._control = control
        self.url = control.url
        self.space = created["space"]
        self.variables = created["variables"]
        self.credentials = created["credentials"]
        self.organizations = created["organizations"]
        self.replaced = created.get("replaced", [])
        self.jetbrains_account = JetBrainsAccount(self, "jetbrains_account", "JETBRAINS_ACCOUNT")
        self.license_vault = LicenseVault(self, "license_vault", "LICENSE_VAULT")
        self.atlassian = Atlassian(self, "atlassian", "ATLASSIAN_API_ACCESS")
        self.clock = Clock(self)
        self.faults = Faults(self)

    def control(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        space: Optional[str] = None,
        patience: float = PATIENCE,
    ) -> Any:
        """Calls any route of the control API that is a space's, by default this one's: ``control("POST", "reset")``.

        ``patience`` is how long its answer may take, in seconds.
        """
        route = f"spaces/{space or self.space}/{path.lstrip('/')}".rstrip("/")
        return self._control.call(method, route, body, patience)

    def seed(self, document: Union[Mapping[str, Any], str]) -> Sequence[Mapping[str, Any]]:
        """Adds what a seed describes, a dict or a text in YAML or JSON, and gives what was added, tokens included."""
        organizations: Sequence[Mapping[str, Any]] = self.control("POST", "seed", document)["organizations"]
        return organizations

    def verify(
        self,
        match: Optional[Match] = None,
        *,
        exactly: Optional[int] = None,
        at_least: Optional[int] = None,
        at_most: Optional[int] = None,
        within: Optional[str] = None,
    ) -> int:
        """Raises a `LocumError` unless requests were made as expected, at least one if nothing else is said.

        ``within`` is how long to wait for it, as ``"2s"``. Gives how many were found.
        """
        count = without_none({"exactly": exactly, "at_least": at_least, "at_most": at_most})
        question = without_none({"match": match or {}, "count": count or None, "within": within})
        patience = PATIENCE if within is None else PATIENCE + LONGEST_WAIT
        found: int = self.control("POST", "requests/verify", question, patience=patience)["found"]
        return found

    def requests(
        self,
        *,
        service: Optional[str] = None,
        operation: Optional[str] = None,
        credential: Optional[str] = None,
        status: Union[int, str, None] = None,
        ignored: Optional[bool] = None,
    ) -> list[Request]:
        """The requests of this space, in the order they were asked. ``status`` is one, or a class like ``"4xx"``."""
        query = without_none({"service": service, "operation": operation, "credential": credential, "status": status})
        if ignored is not None:
            query["ignored"] = str(ignored).lower()
        found: list[Request] = []
        page: Mapping[str, Any] = {"next": None}
        while "next" in page:
            cursor = without_none({"cursor": page["next"], "limit": 1000})
            page = self.control("GET", "requests?" + urlencode({**query, **cursor}))
            found += page["requests"]
        return found[::-1]

    def __repr__(self) -> str:
        return f"<Locum {self.url} space {self.space}>"


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def write_time(time: datetime) -> str:
    """A datetime without a zone is in UTC, because a test means the same everywhere."""
    aware = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    # Before Python 3.11, `fromisoformat` knows no `Z`, and no fraction but of three or six digits.
    head, _, fraction = text.rstrip("Z").partition(".")
    micros = int((fraction + "000000")[:6])
    return datetime.fromisoformat(head).replace(microsecond=micros, tzinfo=timezone.utc)
