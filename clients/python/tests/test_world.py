"""The fixture `locum`, used as a test uses it."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from client import assign_license, get_profile, get_usage, list_api_tokens

from locum import Locum, LocumError, LocumServer

JUNE = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)

SEED: dict[str, Any] = {
    "version": 1,
    "organizations": [
        {
            "name": "Own Corp",
            "customer_code": "6700077",
            "people": [{"email": "zoe@own.test", "name": "Zoe Lin", "jetbrains_account": True}],
            "jetbrains_account": {
                "roles": [{"person": "zoe@own.test", "role": "organization_admin"}],
                "tokens": [{"person": "zoe@own.test", "token": "zoes-own-token"}],
            },
        }
    ],
}


def list_spaces(server: LocumServer) -> list[str]:
    with urllib.request.urlopen(f"{server.url}/_emulator/spaces") as answer:
        return [space["name"] for space in json.load(answer)]


def test_every_service_has_a_url_and_credentials_by_label(locum: Locum) -> None:
    jba, vault, atlassian = locum.jetbrains_account, locum.license_vault, locum.atlassian
    assert get_profile(jba.url, jba.api_key, jba.customer_code) == 200
    assert get_profile(jba.url, jba.credentials["bob@example.test (team 2001)"], jba.customer_code) == 200
    assert get_usage(vault.url, vault.token) == 200
    assert vault.credentials["example (ci, automation)"] == vault.automation_token
    assert list_api_tokens(atlassian.url, atlassian.org_id, atlassian.api_key) == 200
    assert list_api_tokens(atlassian.url, atlassian.org_id, atlassian.credentials["expired"]) == 401
    # Of two with the same label, it is the first organization's.
    fulls = [one["token"] for one in locum.credentials if one["label"] == "full"]
    assert len(fulls) == 2
    assert atlassian.credentials["full"] == fulls[0] == atlassian.api_key
    assert locum.variables["ATLASSIAN_API_KEY"] == atlassian.api_key
    assert [organization["name"] for organization in locum.organizations] == ["Example Corp", "Other Inc"]
    asked = [(request.get("operation"), request["status"]) for request in locum.requests(service="atlassian")]
    assert asked == [("getAllApiTokensByOrgId", 200), ("getAllApiTokensByOrgId", 401)]


def test_a_world_is_a_tests_own_and_goes_with_it(locum: Locum, locum_server: LocumServer) -> None:
    with locum_server.space() as other:
        jba = other.jetbrains_account
        assert assign_license(jba.url, jba.api_key, jba.customer_code, "eve@example.test") == 200
        assert other.verify(match={"operation": "assignLicense"}, exactly=1) == 1
        assert locum.verify(exactly=0) == 0
        assert {locum.space, other.space} <= set(list_spaces(locum_server))
    assert other.space not in list_spaces(locum_server)
    assert get_profile(jba.url, jba.api_key, jba.customer_code) == 401


def test_one_that_the_test_has_deleted_is_gone_already(locum_server: LocumServer) -> None:
    with locum_server.space() as world:
        world.control("DELETE", "")
    assert world.space not in list_spaces(locum_server)


@pytest.mark.locum(clock="frozen@2026-06-01T09:00:00Z")
def test_the_clock_is_the_markers_and_moves_as_it_is_told(locum: Locum) -> None:
    assert locum.clock.now == JUNE
    assert locum.clock.advance("30d") == JUNE + timedelta(days=30)
    assert locum.clock.advance(timedelta(days=400, milliseconds=1)) == JUNE + timedelta(days=430, milliseconds=1)
    assert locum.clock.freeze(JUNE) == locum.clock.now == JUNE
    assert locum.clock.freeze("2026-06-01T09:00:01Z") == JUNE + timedelta(seconds=1)
    assert locum.clock.freeze(datetime(2026, 6, 1, 9)) == JUNE, "without a zone it is UTC"
    released = locum.clock.release()
    assert abs(released - datetime.now(timezone.utc)) < timedelta(minutes=5)
    stopped = locum.clock.freeze()
    assert released <= stopped == locum.clock.now
    with pytest.raises(LocumError, match="soon"):
        locum.clock.advance("soon")


@pytest.mark.locum(clock=JUNE)
def test_a_datetime_is_where_the_clock_is_frozen(locum: Locum) -> None:
    assert locum.clock.now == JUNE


@pytest.mark.locum(seed=SEED)
class TestSeeds:
    def test_one_may_be_a_dict(self, locum: Locum) -> None:
        assert [organization["name"] for organization in locum.organizations] == ["Own Corp"]
        assert list(locum.jetbrains_account.credentials) == ["zoe@own.test (organization)"]
        assert get_profile(locum.jetbrains_account.url, "zoes-own-token", "6700077") == 200
        assert locum.replaced == []
        with pytest.raises(LocumError, match="nothing that would be ATLASSIAN_API_KEY"):
            assert locum.atlassian.api_key

    @pytest.mark.locum(clock=JUNE)
    def test_the_nearest_marker_wins_word_by_word(self, locum: Locum) -> None:
        assert locum.clock.now == JUNE
        assert locum.jetbrains_account.customer_code == "6700077"

    @pytest.mark.locum(seed="version: 1\norganizations: [{ name: Text Corp }]\n")
    def test_one_may_be_a_text(self, locum: Locum) -> None:
        assert [organization["name"] for organization in locum.organizations] == ["Text Corp"]

    @pytest.mark.locum(seed="seeds/file.yaml")
    def test_one_may_be_a_file_beside_the_tests(self, locum: Locum) -> None:
        assert [organization["name"] for organization in locum.organizations] == ["File Corp"]

    @pytest.mark.locum(seed=Path(__file__).with_name("seeds") / "file.yaml")
    def test_one_may_be_a_path(self, locum: Locum) -> None:
        assert [organization["name"] for organization in locum.organizations] == ["File Corp"]

    @pytest.mark.locum(seed=None)
    def test_none_is_that_of_the_start(self, locum: Locum) -> None:
        assert len(locum.organizations) == 2


@pytest.mark.locum(seed=SEED)
def test_what_another_space_has_is_replaced_and_said(locum: Locum, locum_server: LocumServer) -> None:
    with locum_server.space(SEED) as other:
        assert other.replaced == ["organizations/0/customer_code", "organizations/0/jetbrains_account/tokens/0/token"]
        jba = other.jetbrains_account
        assert jba.api_key != "zoes-own-token"
        assert get_profile(jba.url, jba.api_key, jba.customer_code) == 200


def test_a_seed_adds_to_what_is_there(locum: Locum) -> None:
    (added,) = locum.seed(SEED)
    assert added["jetbrains_account"]["tokens"] == [{"person": "zoe@own.test", "token": "zoes-own-token"}]
    assert get_profile(locum.jetbrains_account.url, "zoes-own-token", added["customer_code"]) == 200
    (added,) = locum.seed("version: 1\norganizations: [{ name: Text Corp }]")
    assert added["name"] == "Text Corp"
    with pytest.raises(LocumError) as refused:
        locum.seed("version: 1\norganisations: []")
    assert refused.value.status == 400
    assert "did you mean `organizations`?" in refused.value.detail
    jba = locum.jetbrains_account
    assert get_profile(jba.url, jba.api_key, jba.customer_code) == 200, "the rest is as it was"


def test_faults_hit_as_often_as_they_should(locum: Locum) -> None:
    vault = locum.license_vault
    fault = locum.faults.add(match={"operation": "getLicenseUsage"}, then={"status": 503}, times=1, after=1)
    assert [get_usage(vault.url, vault.token) for _ in range(3)] == [200, 503, 200]
    assert [(one["id"], one["hits"]) for one in locum.faults.list()] == [(fault["id"], 1)]
    lasting = locum.faults.add(match={"service": "license_vault"}, then={"status": 500})
    assert get_usage(vault.url, vault.token) == 500
    locum.faults.remove(lasting)
    assert get_usage(vault.url, vault.token) == 200
    locum.faults.add(then={"status": 500})
    locum.faults.clear()
    assert locum.faults.list() == []
    with pytest.raises(LocumError, match="did you mean `assignLicense`") as refused:
        locum.faults.add(match={"operation": "assignLicence"}, then={"status": 503})
    assert (refused.value.status, refused.value.pointer) == (422, "/match/operation")


def test_an_expectation_that_does_not_hold_says_what_was_found(locum: Locum) -> None:
    jba = locum.jetbrains_account
    assign_license(jba.url, jba.api_key, jba.customer_code, "bob@example.test")
    with pytest.raises(LocumError) as refused:
        locum.verify({"operation": "assignLicense", "body": {"contact": {"email": "eve@example.test"}}}, exactly=1)
    error = refused.value
    assert (error.status, error.detail) == (409, "expected exactly 1 such requests, found 0")
    difference = {"field": "body/contact/email", "expected": '"eve@example.test"', "found": '"bob@example.test"'}
    assert error.differences == [difference]
    assert [near["path"] for near in error.nearest] == ["/api/v1/customer/licenses/assign"]
    assert str(error) == (
        "expected exactly 1 such requests, found 0\n"
        "nearest: 200 POST /api/v1/customer/licenses/assign\n"
        '  body/contact/email: expected "eve@example.test", found "bob@example.test"'
    )
    assert locum.verify(at_least=1) == locum.verify(at_most=1) == locum.verify(within="1s") == 1
    with pytest.raises(LocumError, match="expected at least 2 such requests, found 1"):
        locum.verify(at_least=2, within="10ms")


def test_requests_come_in_the_order_they_were_asked(locum: Locum) -> None:
    jba, vault = locum.jetbrains_account, locum.license_vault
    get_usage(vault.url, vault.token)
    get_profile(jba.url, jba.api_key, jba.customer_code)
    get_profile(jba.url, jba.api_key, "6799999")
    operations = [request.get("operation") for request in locum.requests()]
    assert operations == ["getLicenseUsage", "getManagedEntityInfo", "getManagedEntityInfo"]
    (refused,) = locum.requests(service="jetbrains_account", status="4xx")
    assert refused.get("credential") == "ann@example.test (organization)"
    assert "refusal" in refused
    assert locum.requests(status=500) == []
    with pytest.raises(LocumError, match="nonsense"):
        locum.requests(status="nonsense")


def test_there_may_be_more_requests_than_fit_on_a_page(locum: Locum) -> None:
    vault = locum.license_vault
    for number in range(1100):
        get_usage(vault.url, vault.token if number else "wrong")
    found = locum.requests(operation="getLicenseUsage")
    assert len(found) == len({request["id"] for request in found}) == 1099


def test_what_was_ignored_can_be_asked_for(locum: Locum) -> None:
    atlassian = locum.atlassian
    list_api_tokens(atlassian.url, atlassian.org_id, atlassian.api_key)
    assert locum.requests(ignored=True) == []
    list_api_tokens(atlassian.url, atlassian.org_id, atlassian.api_key, "?pagesize=1")
    (found,) = locum.requests(ignored=True)
    assert found.get("ignored") == [{"at": "query/pagesize", "did_you_mean": "pageSize"}]
    assert len(locum.requests(ignored=False)) == 1
    with pytest.raises(LocumError, match="expected exactly 0 such requests, found 1"):
        locum.verify(match={"ignored": True}, exactly=0)


def test_any_other_route_can_be_called(locum: Locum) -> None:
    jba = locum.jetbrains_account
    locum.control("PUT", "snapshots/before")
    assert assign_license(jba.url, jba.api_key, jba.customer_code, "eve@example.test") == 200
    locum.control("POST", "/snapshots/before/restore")
    assert assign_license(jba.url, jba.api_key, jba.customer_code, "eve@example.test") == 200, "it is free again"


@pytest.mark.asyncio
async def test_an_async_test_uses_it_as_any_other(locum: Locum) -> None:
    vault = locum.license_vault
    loop = asyncio.get_running_loop()
    asked = [loop.run_in_executor(None, get_usage, vault.url, vault.token) for _ in range(3)]
    assert await asyncio.gather(*asked) == [200, 200, 200]
    assert locum.verify(match={"operation": "getLicenseUsage"}, exactly=3) == 3
