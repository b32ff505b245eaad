"""The wheel, as users install it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TEST = """
def test_it(locum):
    locum.verify(exactly=0)
    assert locum.clock.now.year > 2025
"""


def call(*command: object, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUM_")}
    run = subprocess.run(
        [str(part) for part in command],
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


def build(folder: Path, **variables: str) -> Path:
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    call(*pip, ROOT, PIP_DISABLE_PIP_VERSION_CHECK="1", **variables)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_a_wheel_brings_the_command_and_the_plug_in(binary: str, tmp_path: Path) -> None:
    wheel = build(tmp_path / "wheels", LOCUM_BIN=binary)
    # Any Python's, and one platform's.
    version = call(binary, "--version").split()[1]
    assert wheel.name.startswith(f"locum-{version}-py3-none-")
    assert not wheel.name.endswith(("-any.whl", "-linux_x86_64.whl")), "an index would refuse it"
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True, symlinks=True)
    python = environment / "bin" / "python"
    pytest_itself = "pytest==" + pytest.__version__
    call(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, pytest_itself)
    assert call(environment / "bin" / "locum", "--version") == call(binary, "--version")
    (tmp_path / "test_it.py").write_text(TEST)
    # The command of the wheel is found although no PATH leads to it.
    said = call(python, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path / "test_it.py")
    assert "1 passed" in said
    names = call(python, "-c", "import locum, pathlib; print(*pathlib.Path(locum.__file__).parent.iterdir())")
    assert "py.typed" in names


def test_a_wheel_without_a_binary_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for variables in ({}, {"LOCUM_BIN": "/no/such/locum"}):
        with pytest.raises(AssertionError, match="a wheel of locum carries the binary: set LOCUM_BIN to one"):
            build(tmp_path, **variables)
