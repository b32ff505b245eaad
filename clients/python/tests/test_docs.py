"""What the documents show is so."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARING = """
def test_one(shared):
    shared.clock.advance("1h")

def test_two(shared):
    assert shared.clock.now.hour == 10
"""

RECIPES = ROOT.parents[1] / "docs" / "recipes.md"

PROJECT = ROOT.parents[1] / "README.md"


def find_blocks(text: str, kind: str) -> list[str]:
    blocks = [block.partition("\n") for block in text.split("```")[1::2]]
    return [body for written_in, _, body in blocks if written_in == kind]


def run(pytester: pytest.Pytester, test: str, client: str) -> pytest.RunResult:
    pytester.makepyfile(licenses=client, test_licenses=test)
    return pytester.runpytest_subprocess("-p", "no:xdist", "-p", "no:asyncio")


@pytest.mark.parametrize("document", [ROOT / "README.md", RECIPES], ids=["readme", "recipes"])
def test_the_test_fails_as_it_is_shown(pytester: pytest.Pytester, document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    if document == RECIPES:
        text = text.split("\n## pytest\n")[1].split("\n## ")[0]
    # Of the package's page, those that follow have a test of their own below.
    tests = find_blocks(text, "python")[: 1 if document != RECIPES else None]
    test = "\n\n".join(tests) + "\n\nfrom licenses import find_ending\n"
    right = (ROOT / "tests" / "client.py").read_text()
    wrong = right.replace('"licenseId"', '"licenceId"')
    assert wrong != right
    run(pytester, test, right).assert_outcomes(passed=len(tests))
    result = run(pytester, test, wrong)
    result.assert_outcomes(failed=1, passed=len(tests) - 1)
    (shown,) = find_blocks(text, "")
    assert shown in result.stdout.str()


def test_what_else_the_readme_shows_works(pytester: pytest.Pytester) -> None:
    _, module, script = find_blocks((ROOT / "README.md").read_text(encoding="utf-8"), "python")
    pytester.makepyfile(f"import pytest\n\n{module}\n{SHARING}")
    pytester.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=2)
    result = pytester.runpython_c(script)
    result.stdout.fnmatch_lines("http://127.0.0.1:*/admin/api-access/v1")


def test_the_project_finds_in_the_first_minute_what_it_says(pytester: pytest.Pytester) -> None:
    section = PROJECT.read_text(encoding="utf-8").split("\n## What it finds")[1].split("\n## ")[0]
    script, test = find_blocks(section, "python")
    shown = find_blocks(section, "")[0]
    pytester.makepyfile(stale_tokens=script, test_stale_tokens=test)
    result = pytester.runpytest_subprocess("-p", "no:xdist", "-p", "no:asyncio")
    result.assert_outcomes(failed=1)
    lines = [line.replace("[", "[[]").replace("…", "*") for line in shown.splitlines() if line]
    result.stdout.fnmatch_lines(lines)
