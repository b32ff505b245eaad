"""Gives JetBrains licences, and takes back those that nobody uses."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone


class Licenses:
    def __init__(self, variables):
        self.url = variables["JETBRAINS_ACCOUNT_URL"] + "/customer/licenses"
        self.headers = {
            "X-Api-Key": variables["JETBRAINS_ACCOUNT_API_KEY"],
            "X-Customer-Code": variables["JETBRAINS_ACCOUNT_CUSTOMER_CODE"],
            "Content-Type": "application/json",
        }

    def call(self, method, path="", body=None, **query):
        url = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, self.headers, method=method)) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def all(self, **query):
        page, found = 1, []
        while True:
            licenses = self.call("GET", page=page, perPage=100, **query)
            found += licenses
            if len(licenses) < 100:
                return found
            page += 1


def give(licenses, team, product, contact):
    """Gives somebody a licence, unless there is one already."""
    for attempt in range(3):
        # Asked before every attempt: a lost answer does not say whether the licence was given.
        if licenses.all(assigneeEmail=contact["email"], productCode=product):
            return
        try:
            licenses.call("POST", "/assign", {"license": {"team": team, "productCode": product}, "contact": contact})
        except urllib.error.HTTPError:
            raise
        except OSError:
            if attempt == 2:
                raise


def take_back_unused(licenses, now):
    """Takes back what was not seen for 90 days. Whoever has never been seen has had it for as long as it is assigned."""
    taken = []
    for license in licenses.all(assigned="true"):
        seen = license["lastSeen"]
        last = seen.get("lastSeenDate") or seen.get("lastAssignmentDate")
        if license["assignee"]["type"] != "USER" or last is None:
            continue
        if now - datetime.strptime(last, "%Y-%m-%dT%H:%M:%S.%f%z") > timedelta(days=90):
            licenses.call("POST", "/revoke", licenseId=license["licenseId"])
            taken.append(license["licenseId"])
    return taken


if __name__ == "__main__":
    for license_id in take_back_unused(Licenses(os.environ), datetime.now(timezone.utc)):
        print("taken back:", license_id)
