"""What stands under a failed test, and what is said where the fixture cannot be had."""

from __future__ import annotations

import pytest

FAILING = """
    import pytest
    from client import assign_license, get_usage, list_api_tokens

    @pytest.mark.locum(clock="frozen@2026-01-15T09:00:00Z")
    def test_assigning(locum):
        jba, vault, atlassian = locum.jetbrains_account, locum.license_vault, locum.atlassian
        reader = atlassian.credentials["reader"]
        locum.faults.add(match={"operation": "getLicenseUsage"}, then={"status": 503}, times=1)
        get_usage(vault.url, vault.token)
        get_usage(vault.url, "of-somewhere-else")
        list_api_tokens(atlassian.url, "no-such-org", reader)
        assign_license(jba.url, jba.api_key, jba.customer_code, email="bob@example.test")
        match = {"operation": "assignLicense", "body": {"contact": {"email": "eve@example.test"}}}
        locum.verify(match=match, exactly=1)
"""

SAID = """
>       locum.verify(match=match, exactly=1)
E       locum.LocumError: expected exactly 1 such requests, found 0
E       nearest: 200 POST /api/v1/customer/licenses/assign
E         body/contact/email: expected "eve@example.test", found "bob@example.test"
E       nearest: 403 GET /admin/api-access/v1/orgs/no-such-org/api-tokens
E         operation: expected assignLicense, found getAllApiTokensByOrgId
E         body: expected {"contact":{"email":"eve@example.test"}}, found nothing
E       nearest: 503 GET /public-api/licenses/usage
E         operation: expected assignLicense, found getLicenseUsage
E         body: expected {"contact":{"email":"eve@example.test"}}, found nothing

test_failing.py:*: LocumError
-------------------------------- What Locum saw --------------------------------
503 GET /public-api/licenses/usage by example (vault) (fault: status 503)
403 GET /admin/api-access/v1/orgs/no-such-org/api-tokens by reader: the credential belongs to another organization
200 POST /api/v1/customer/licenses/assign by ann@example.test (organization)
meanwhile in the space `default`, where requests go that have no test's credential:
  401 GET /public-api/licenses/usage: the credential is not valid here: nobody here has such a token
=========================== short test summary info ============================
FAILED test_failing.py::test_assigning - locum.LocumError: expected exactly 1*
"""


def run(pytester: pytest.Pytester, text: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(test_failing=text)
    return pytester.runpytest_subprocess("-p", "no:xdist", "-p", "no:asyncio", *arguments)


@pytest.mark.usefixtures("client")
def test_a_failed_test_says_what_locum_saw(pytester: pytest.Pytester) -> None:
    result = run(pytester, FAILING)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines(SAID), consecutive=True)
    result.stdout.no_fnmatch_line("*_world.py*")


@pytest.mark.usefixtures("client")
def test_what_nothing_read_is_said_with_what_was_meant(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import list_api_tokens

        def test_paging(locum):
            atlassian = locum.atlassian
            list_api_tokens(atlassian.url, atlassian.org_id, atlassian.api_key, "?pagesize=2")
            assert False
        """,
    )
    (said,) = [line for line in result.outlines if line.startswith("200 GET ")]
    assert said.endswith("/api-tokens?pagesize=2 by full; ignored: query/pagesize (did you mean pageSize?)")


@pytest.mark.usefixtures("client")
def test_strangers_of_an_earlier_test_are_not_said_again(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import get_usage

        def test_earlier(locum):
            get_usage(locum.license_vault.url, "of-somewhere-else")

        def test_later(locum):
            assert False
        """,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*- What Locum saw -*", "no request with a credential of this test"], consecutive=True)
    result.stdout.no_fnmatch_line("*meanwhile*")
    result.stdout.no_fnmatch_line("* 401 *")


@pytest.mark.usefixtures("client")
def test_a_long_story_is_told_from_its_end(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        from client import get_usage, get_profile

        def test_much(locum):
            jba, vault = locum.jetbrains_account, locum.license_vault
            get_profile(jba.url, jba.api_key, jba.customer_code)
            for _ in range(50):
                get_usage(vault.url, vault.token)
            assert False
        """,
    )
    shown = ["*- What Locum saw -*", "… and before"] + 50 * ["200 GET /public-api/licenses/usage by example (vault)"]
    result.stdout.fnmatch_lines(shown, consecutive=True)
    result.stdout.no_fnmatch_line("*/api/v1/token*")


@pytest.mark.usefixtures("client")
def test_another_fixture_that_fails_is_explained_too(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest
        from client import get_usage

        @pytest.fixture
        def usage(locum):
            assert get_usage(locum.license_vault.url, locum.license_vault.token) == 201

        def test_usage(usage):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*- What Locum saw -*", "200 GET /public-api/*"], consecutive=True)


@pytest.mark.usefixtures("client")
def test_what_fails_in_the_teardown_is_explained_once(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest
        from client import get_usage

        @pytest.fixture
        def cleaned(locum):
            yield
            assert get_usage(locum.license_vault.url, locum.license_vault.token) == 201

        def test_good(cleaned):
            pass

        def test_bad(cleaned):
            assert False
        """,
    )
    result.assert_outcomes(passed=1, failed=1, errors=2)
    saw = [index for index, line in enumerate(result.outlines) if "What Locum saw" in line]
    told = [result.outlines[index + 1] for index in saw]
    assert told == [
        "200 GET /public-api/licenses/usage by example (vault)",
        "no request with a credential of this test",
    ]


WORLDS = """
    import pytest
    from client import get_profile, get_usage, list_api_tokens

    def use(world):
        return get_usage(world.license_vault.url, world.license_vault.token)

    @pytest.fixture(scope="module")
    def shared(locum_server):
        with locum_server.space() as world:
            use(world)
            yield world

    def test_one_of_the_module(shared):
        atlassian = shared.atlassian
        assert list_api_tokens(atlassian.url, atlassian.org_id, atlassian.api_key) == 201

    def test_one_that_is_gone(locum_server):
        with locum_server.space() as world:
            assert use(world) == 201

    def test_two(shared, locum):
        jba = shared.jetbrains_account
        get_profile(jba.url, jba.api_key, jba.customer_code)
        assert use(locum) == 201

    def test_by_name(request):
        assert use(request.getfixturevalue("locum")) == 201

    def test_none():
        assert False
"""

# The first line is that of the set-up, which is the first test's.
SAW_WORLDS = """
200 GET /public-api/licenses/usage by example (vault)
200 GET /admin/api-access/v1/orgs/*/api-tokens by full
200 GET /public-api/licenses/usage by example (vault)
in the space `t*`:
  200 GET /api/v1/token by ann@example.test (organization)
in the space `t*`:
  200 GET /public-api/licenses/usage by example (vault)
200 GET /public-api/licenses/usage by example (vault)
"""


@pytest.mark.usefixtures("client")
def test_any_world_that_a_test_has_used_is_shown_since_it_began(pytester: pytest.Pytester) -> None:
    result = run(pytester, WORLDS)
    result.assert_outcomes(failed=5)
    told = [line for line in result.outlines if line.lstrip().startswith(("200 ", "in the space", "no request"))]
    pytest.LineMatcher(told).fnmatch_lines(lines(SAW_WORLDS), consecutive=True)
    assert len(told) == len(lines(SAW_WORLDS))
    assert len([line for line in result.outlines if "What Locum saw" in line]) == 4


@pytest.mark.usefixtures("client")
def test_it_is_also_where_no_terminal_shows_it(pytester: pytest.Pytester) -> None:
    text = """
        from client import get_usage

        def test_it(locum):
            print("the test's own")
            get_usage(locum.license_vault.url, locum.license_vault.token)
            assert False
    """
    result = run(pytester, text, "--junitxml=report.xml", "--show-capture=no")
    result.stdout.fnmatch_lines(["*- What Locum saw -*", "200 GET /public-api/*"], consecutive=True)
    result.stdout.no_fnmatch_line("the test's own")
    assert "200 GET /public-api/licenses/usage by" in (pytester.path / "report.xml").read_text()


def test_nothing_is_said_where_nothing_is_wrong_or_nobody_asked(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        def test_good(locum):
            pass

        @pytest.mark.xfail
        def test_expected(locum):
            assert False

        def test_without():
            assert False
        """,
        "-rA",
    )
    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.no_fnmatch_line("*What Locum saw*")


def test_without_a_journal_that_is_said(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUM_JOURNAL", "off")
    result = run(pytester, "def test_it(locum):\n    assert False\n")
    result.stdout.fnmatch_lines(["*- What Locum saw -*", "no journal is kept: *"], consecutive=True)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("seed={'version': 1, 'organisations': []}", "*unknown key `organisations`, did you mean `organizations`?*"),
        ("seed='version: 1\\norganisations: []'", "*unknown key `organisations`, did you mean `organizations`?*"),
        ("clock='yesterday'", "/clock: expected real, *"),
        ("seed='no/such.yaml'", "@pytest.mark.locum: the seed */no/such.yaml cannot be read: *No such file*"),
        ("sead={}", "@pytest.mark.locum takes `seed` and `clock`, not `sead`"),
        ("{}", "@pytest.mark.locum takes `seed` and `clock`, not values without a name"),
    ],
)
def test_a_wrong_marker_is_said_in_a_line(pytester: pytest.Pytester, marker: str, said: str) -> None:
    result = run(pytester, f"import pytest\n\n@pytest.mark.locum({marker})\ndef test_it(locum):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", said], consecutive=True)


def test_the_marker_is_known(pytester: pytest.Pytester) -> None:
    run(pytester, "", "--markers").stdout.fnmatch_lines("@pytest.mark.locum(seed=*")
    result = run(pytester, "import pytest\n\n@pytest.mark.locum(clock=None)\ndef test_it(): pass\n", "--strict-markers")
    result.assert_outcomes(passed=1)


def test_a_locum_that_ends_says_why(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import os, signal
        from pathlib import Path

        def test_it(locum):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            assert len(children) == 1
            os.kill(int(children[0]), signal.SIGKILL)
            os.waitid(os.P_PID, int(children[0]), os.WEXITED | os.WNOWAIT)
            locum.requests()
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E * locum.LocumError: Locum has ended (exit code -9)*")
    result.stdout.fnmatch_lines(["*- What Locum saw -*", "Locum has ended (exit code -9)*"], consecutive=True)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LOCUM_BIN", "/no/such/locum", "LOCUM_BIN is /no/such/locum, where no program is: *"),
        ("LOCUM_BIN", "/bin/false", "/bin/false did not start: Locum has ended (exit code 1)"),
        ("LOCUM_SEED", "/no/such.yaml", "* did not start: Locum has ended (exit code 2): */no/such.yaml*"),
        ("LOCUM_URL", "http://127.0.0.1:1", "cannot join LOCUM_URL=http://127.0.0.1:1: * does not answer: *refused*"),
        ("LOCUM_URL", "localhost:8080", "cannot join LOCUM_URL=localhost:8080: expected the URL of a Locum, like *"),
        ("LOCUM_URL", "http://localhost:x", "cannot join LOCUM_URL=http://localhost:x: expected the URL of a Locum, *"),
    ],
)
def test_a_locum_that_cannot_be_had_is_said_in_a_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = run(pytester, "def test_it(locum):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", said], consecutive=True)


def lines(text: str) -> list[str]:
    """For `fnmatch_lines`, to which `[` and `?` are patterns."""
    return [line.replace("[", "[[]").replace("?", "[?]") for line in text.strip().splitlines()]
