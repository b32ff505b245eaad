"""A client as users have: it knows base URLs and credentials, and nothing of Locum."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, Optional


def ask(url: str, *, body: Optional[Any] = None, **headers: str) -> int:
    """Gives the status. `x_api_key=…` is a header."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def get_profile(url: str, api_key: str, customer_code: str) -> int:
    return ask(f"{url}/token", x_api_key=api_key, x_customer_code=customer_code)


def assign_license(url: str, api_key: str, customer_code: str, email: str) -> int:
    contact = {"firstName": "A", "lastName": "Person", "email": email}
    body = {"licenseId": "FREE000003", "contact": contact}
    return ask(f"{url}/customer/licenses/assign", body=body, x_api_key=api_key, x_customer_code=customer_code)


def get_usage(url: str, token: str) -> int:
    return ask(f"{url}/licenses/usage", authorization=f"Bearer {token}")


def list_api_tokens(url: str, org_id: str, api_key: str, query: str = "") -> int:
    return ask(f"{url}/orgs/{org_id}/api-tokens{query}", authorization=f"Bearer {api_key}")


def find_ending(url: str, api_key: str, customer_code: str, before: str) -> list[str]:
    """On which days licences end before one."""
    headers = {"X-Api-Key": api_key, "X-Customer-Code": customer_code}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/customer/licenses", headers=headers)) as answer:
        ends: list[str] = [one["subscription"]["validUntilDate"][:10] for one in json.load(answer)]
        return [end for end in ends if end < before]
