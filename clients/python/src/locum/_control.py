"""Calls of the control API."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any, Callable, Optional

from locum._error import HIDE_FROM_PYTEST, LocumError

__tracebackhide__ = HIDE_FROM_PYTEST

# How long an answer may take that nobody said may take longer, in seconds.
PATIENCE = 60.0

# Never through a proxy: this machine is another one there.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Control:
    """The control API of one Locum."""

    def __init__(self, url: str, token: Optional[str], explain_end: Callable[[], Optional[str]]) -> None:
        """``explain_end`` says why a Locum of our own is no longer there."""
        self.url = url
        self._token = token
        self._explain_end = explain_end

    def call(self, method: str, path: str, body: Any = None, patience: float = PATIENCE) -> Any:
        """Asks for a path below ``/_emulator/``. A text is sent as it is, everything else as JSON."""
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path.lstrip('/')}", data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/yaml" if isinstance(body, str) else "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with OPENER.open(request, timeout=patience) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                raise explain(method, path, refused.code, refused.read().decode(errors="replace")) from None
        # Those of a connection that ends early are no OSErrors.
        except (OSError, http.client.HTTPException) as cause:
            reason = getattr(cause, "reason", cause)
            why = self._explain_end() or f"Locum at {self.url} does not answer: {reason}"
            raise LocumError(why) from cause
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text


def explain(method: str, path: str, status: int, text: str) -> LocumError:
    try:
        problem = json.loads(text)
        return LocumError(problem["detail"], status, problem)
    except (ValueError, KeyError, TypeError):
        # Not Locum's: of a server or a proxy that stands in front of one.
        return LocumError(f"{method} /_emulator/{path} was answered with {status}: {text[:200]}", status)
