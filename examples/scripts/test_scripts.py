import os
import subprocess
import sys
import time
from datetime import datetime, timezone

import pytest
from licenses import Licenses, give, take_back_unused
from revoke_stale_tokens import Atlassian, revoke_stale

NOW = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
SEED = """
version: 1
organizations:
  - name: Own Corp
    people:
      - { email: ann@own.test, name: Ann Lee }
      - { email: bob@own.test, name: Bob Ray }
    jetbrains_account:
      teams: [{ id: 1, name: Everybody }]
      roles: [{ person: ann@own.test, role: organization_admin }]
      tokens: [{ person: ann@own.test }]
      licenses:
        - { id: USEDDAILY1, product: II, team: 1, assignee: ann@own.test, assigned_at: -200d, last_seen_at: -1d }
        - { id: FORGOTTEN1, product: WS, team: 1, assignee: bob@own.test, assigned_at: -200d, last_seen_at: -120d }
        - { id: FREE000001, product: GO, team: 1 }
        - { id: FREE000002, product: GO, team: 1 }
    atlassian:
      api_keys: [{ label: full }]
      api_tokens:
        - { user: bob@own.test, label: laptop, created_at: -700d, last_active_at: -1d }
        - { user: bob@own.test, label: old script, created_at: -700d, last_active_at: -400d }
        - { user: bob@own.test, label: never used, created_at: -400d }
        - { user: bob@own.test, label: new, created_at: -2d }
"""
frozen = pytest.mark.locum(seed=SEED, clock="frozen@2026-06-01T09:00:00Z")


@frozen
def test_tokens_that_are_old_or_were_never_used_go(locum):
    atlassian = Atlassian(locum.variables)
    assert sorted(revoke_stale(atlassian, NOW)) == ["never used", "old script"]
    assert sorted(token["label"] for token in atlassian.tokens()) == ["laptop", "new"]


@frozen
def test_whoever_is_told_to_wait_waits(locum, monkeypatch):
    locum.control("PUT", "rate-limits", {"limit": 1, "window": "60s", "mode": "enforce"})
    # A frozen clock does not move while the script sleeps. So sleeping moves it, and takes no time.
    waited = []
    monkeypatch.setattr(time, "sleep", lambda seconds: waited.append(locum.clock.advance(f"{seconds}s")))
    assert len(revoke_stale(Atlassian(locum.variables, page_size=2), NOW)) == 2
    assert len(waited) == 1  # for the second page


# No clock of its own: the script asks the machine's, and the seed's dates count back from now.
@pytest.mark.locum(seed=SEED)
def test_the_script_as_it_is_run(locum):
    script = [sys.executable, "revoke_stale_tokens.py"]
    done = subprocess.run(script, env={**os.environ, **locum.variables}, stdout=subprocess.PIPE, text=True, check=True)
    assert sorted(done.stdout.splitlines()) == ["revoked: never used", "revoked: old script"]


@frozen
def test_a_lost_answer_gives_no_second_license(locum):
    locum.faults.add({"operation": "assignLicense"}, then={"fault": "connection_reset"}, times=1)
    licenses = Licenses(locum.variables)
    give(licenses, 1, "GO", {"firstName": "Bob", "lastName": "Ray", "email": "bob@own.test"})
    assert len(licenses.all(assigneeEmail="bob@own.test", productCode="GO")) == 1


@frozen
def test_only_what_nobody_uses_is_taken_back(locum):
    assert take_back_unused(Licenses(locum.variables), NOW) == ["FORGOTTEN1"]


# The clock begins at a date and runs on. The script is given what Locum says that it is.
@pytest.mark.locum(seed=SEED, clock="offset@2026-06-01T09:00:00Z")
def test_half_a_year_later_the_other_one_is_forgotten_too(locum):
    later = locum.clock.advance("180d")
    assert sorted(take_back_unused(Licenses(locum.variables), later)) == ["FORGOTTEN1", "USEDDAILY1"]


@frozen
def test_nothing_that_the_scripts_send_is_ignored(locum):
    revoke_stale(Atlassian(locum.variables), NOW)
    take_back_unused(Licenses(locum.variables), NOW)
    locum.verify({"ignored": True}, exactly=0)
