"""Puts the binary that `LOCUM_BIN` names into the wheel as its command, and says for which machines that is."""

from __future__ import annotations

import os
import platform
import re
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BinaryHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable install is for work on the package, and takes the binary from LOCUM_BIN when it runs.
        if version == "editable":
            return
        binary = Path(os.environ.get("LOCUM_BIN") or "")
        if not (binary.is_file() and os.access(binary, os.X_OK)):
            raise SystemExit(
                "a wheel of locum carries the binary: set LOCUM_BIN to one that is built, as with "
                "`cargo build --release && LOCUM_BIN=$PWD/target/release/locum pip wheel --no-deps ./clients/python`"
            )
        build_data["shared_scripts"] = {str(binary.resolve()): "locum"}
        build_data["pure_python"] = False
        # Any Python will do: nothing is compiled for it.
        build_data["tag"] = "py3-none-" + (os.environ.get("LOCUM_WHEEL_PLATFORM") or find_platform(binary))


def find_platform(binary: Path) -> str:
    """What the binary runs on, taken for one of this machine's kind."""
    if platform.system() != "Linux":
        return re.sub(r"[-.]", "_", sysconfig.get_platform())
    needed = [int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", binary.read_bytes())]
    machine = platform.machine()
    # As PEP 600 has it: the oldest glibc that has everything. Without any, the program is linked statically.
    return f"manylinux_2_{max(needed)}_{machine}" if needed else f"manylinux_2_17_{machine}.musllinux_1_1_{machine}"
