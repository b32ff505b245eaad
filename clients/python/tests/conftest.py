from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def binary() -> str:
    """The binary that everything here is tried with."""
    return os.environ["LOCUM_BIN"]


@pytest.fixture
def client(pytester: pytest.Pytester) -> None:
    """A module `client` beside the tests that are run inside of a test: the code that they test."""
    pytester.makepyfile(client=(ROOT / "tests" / "client.py").read_text())
