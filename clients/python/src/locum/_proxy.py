"""Keeps what the code under test asks of Locum from proxies, as ``locum exec`` does for a command."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Generator, Optional
from urllib.parse import urlsplit

# Hosts that no proxy reaches: this machine is another one there.
LOCAL = ("127.0.0.1", "localhost", "::1")


@contextmanager
def kept_from_proxies(url: str) -> Generator[None, None, None]:
    """For as long as it is entered, `NO_PROXY` and `no_proxy` name the hosts of a Locum.

    Both spellings, because each program reads its own.
    """
    before = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    lower, upper = before["no_proxy"], before["NO_PROXY"]
    hosts = [*LOCAL, urlsplit(url).hostname or ""]
    os.environ["no_proxy"] = extend(lower or upper, hosts)
    os.environ["NO_PROXY"] = extend(upper or lower, hosts)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def extend(value: Optional[str], hosts: list[str]) -> str:
    known = [host.strip() for host in (value or "").split(",") if host.strip()]
    # Everything; and a list that names more beside it, no client understands.
    if "*" in known:
        return "*"
    lowered = {host.lower() for host in known}
    return ",".join(known + [host for host in dict.fromkeys(hosts) if host and host not in lowered])
