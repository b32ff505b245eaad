"""Revokes the Atlassian API tokens that nobody has used for a year."""

import json
import os
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone


class Atlassian:
    def __init__(self, variables, page_size=100):
        self.page_size = page_size
        self.organization = f"{variables['ATLASSIAN_API_ACCESS_URL']}/orgs/{variables['ATLASSIAN_ORG_ID']}"
        self.users = variables["ATLASSIAN_API_ACCESS_URL"].replace("/admin/api-access/v1", "/users")
        self.headers = {"Authorization": f"Bearer {variables['ATLASSIAN_API_KEY']}"}

    def call(self, method, url):
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=self.headers, method=method)) as answer:
                    text = answer.read()
                return json.loads(text) if text else None
            except urllib.error.HTTPError as refused:
                if refused.code != 429:
                    raise
                time.sleep(int(refused.headers["Retry-After"]))

    def tokens(self):
        cursor = ""
        while cursor is not None:
            page = self.call("GET", f"{self.organization}/api-tokens?pageSize={self.page_size}&cursor={cursor}")
            yield from page["data"]
            cursor = page["links"].get("next")

    def revoke(self, token):
        self.call("DELETE", f"{self.users}/{token['user']['id']}/manage/api-tokens/{token['id']}")


def last_used(token):
    # One that was never used has no `lastActiveAt`: it is as old as it is.
    return datetime.fromisoformat(token.get("lastActiveAt", token["createdAt"]).replace("Z", "+00:00"))


def revoke_stale(atlassian, now):
    # All pages before the first change, because a cursor says nothing of a list that changes.
    stale = [token for token in atlassian.tokens() if now - last_used(token) > timedelta(days=365)]
    for token in stale:
        atlassian.revoke(token)
    return [token["label"] for token in stale]


if __name__ == "__main__":
    for label in revoke_stale(Atlassian(os.environ), datetime.now(timezone.utc)):
        print("revoked:", label)
