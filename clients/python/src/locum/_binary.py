"""Where the binary is."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path
from typing import Iterator

from locum._error import LocumError


def find_binary() -> str:
    """The binary that ``LOCUM_BIN`` names, else the one that came with this package, else the ``PATH``'s."""
    named = os.environ.get("LOCUM_BIN")
    if named:
        found = shutil.which(named)
        if found is None:
            raise LocumError(f"LOCUM_BIN is {named}, where no program is: name a binary of Locum, or unset it")
        return found
    for candidate in list_places():
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    found = shutil.which("locum")
    if found is None:
        raise LocumError(
            "there is no binary of Locum: `pip install locum` brings one along where there is a wheel for the machine; "
            "else set LOCUM_BIN to one, or LOCUM_URL to a Locum that runs"
        )
    return found


def list_places() -> Iterator[Path]:
    """Where an installer puts a wheel's commands."""
    yield Path(sysconfig.get_path("scripts"), "locum")
    yield Path(sysconfig.get_path("scripts", f"{os.name}_user"), "locum")
    # `pip install --target DIR` puts them into DIR/bin.
    yield Path(__file__).parents[1] / "bin" / "locum"
