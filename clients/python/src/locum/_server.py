"""The Locum that the tests ask: one of this process, or one that runs already."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import uuid
from collections import deque
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, Generator, Mapping, Optional, Union, cast
from urllib.parse import urlsplit

from locum._binary import find_binary
from locum._control import Control
from locum._error import LocumError
from locum._proxy import kept_from_proxies
from locum._saw import Watch
from locum._world import Locum, write_time

# Settings of the environment that a Locum of our own takes; not those that say where it listens and keeps its data.
SETTINGS = frozenset(
    "LOCUM_" + name
    for name in ("SEED", "SEED_INLINE", "CLOCK", "ID_SEED", "RATE_LIMIT", "JOURNAL", "ANSWERS", "LOG", "LOG_FORMAT")
)

# Runs beside Locum: says where that is, and waits until nobody holds the other end of its input any more. When this
# process ends, however that is, the system closes it, and with this command ends Locum.
WAIT = 'printf "%s\\n" "$LOCUM_URL"; exec cat >/dev/null 2>&1'

# How long a start may take, and an end, in seconds.
START_PATIENCE = 60.0
STOP_PATIENCE = 15.0

# How many lines of its log are kept to explain an end.
TAIL = 20

# A space of a Locum that outlives the run goes when nobody has asked it for so long, as after a run that was killed. An
# hour, because somebody may stand in a debugger.
IDLE_TTL = "1h"


class LocumServer:
    """A Locum with as many worlds as there are tests. Without pytest: ``with LocumServer.start() as server``."""

    url: str
    """Where it is, as ``http://127.0.0.1:40123``."""
    watch: Watch
    """What the plug-in for pytest says under a failed test."""

    def __init__(self, control: Control, is_own: bool) -> None:
        self.url = control.url
        self._control = control
        self._is_own = is_own
        self.watch = Watch(control)

    @classmethod
    @contextmanager
    def start(cls) -> Generator[LocumServer, None, None]:
        """Starts one, which ends with the block, or with this process; or joins the one that ``LOCUM_URL`` names."""
        url = os.environ.get("LOCUM_URL")
        if url:
            server = cls.join(url)
            with kept_from_proxies(server.url):
                yield server
            return
        with start_process() as control, kept_from_proxies(control.url):
            yield cls(control, is_own=True)

    @classmethod
    def join(cls, url: str) -> LocumServer:
        """Uses a Locum that runs. Where it has a control token, ``LOCUM_CONTROL_TOKEN`` is that."""
        control = Control(check_url(url), os.environ.get("LOCUM_CONTROL_TOKEN"), lambda: None)
        try:
            info = control.call("GET", "info")
        except LocumError as error:
            way_out = "; LOCUM_CONTROL_TOKEN is where this package has it from" if error.status == 401 else ""
            detail = f"cannot join LOCUM_URL={url}: {error.detail}{way_out}"
            raise LocumError(detail, error.status, error.problem) from error
        if not (isinstance(info, Mapping) and cast("Mapping[str, Any]", info).get("name") == "locum"):
            raise LocumError(f"cannot join LOCUM_URL={url}: what answers there is no Locum")
        return cls(control, is_own=False)

    @contextmanager
    def space(
        self,
        seed: Union[Mapping[str, Any], str, None] = None,
        clock: Union[str, datetime, None] = None,
    ) -> Generator[Locum, None, None]:
        """A world for as long as the block runs.

        ``seed`` (a dict, or a text of YAML or JSON) and ``clock`` (``"frozen@2026-06-01T09:00:00Z"``, or a datetime to
        freeze it at) are in place of those that Locum was started with.
        """
        wanted: dict[str, Any] = {"name": "t" + uuid.uuid4().hex}
        if seed is not None:
            wanted["seed"] = seed
        if clock is not None:
            wanted["clock"] = "frozen@" + write_time(clock) if isinstance(clock, datetime) else clock
        if not self._is_own:
            wanted["idle_ttl"] = IDLE_TTL
        world = Locum(self._control, self._control.call("POST", "spaces", wanted))
        self.watch.add(world.space)
        try:
            yield world
        finally:
            self.watch.remove(world.space)
            try:
                self._control.call("DELETE", f"spaces/{world.space}")
            except LocumError as error:
                # The test has deleted it itself; or there is no Locum any more, which the test or the next one says.
                if error.status not in (404, None):
                    raise


@contextmanager
def start_process() -> Generator[Control, None, None]:
    binary = find_binary()
    environment = {name: value for name, value in os.environ.items() if is_taken(name)}
    try:
        process = subprocess.Popen(
            [binary, "exec", "--listen", "127.0.0.1:0", "--", "sh", "-c", WAIT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # A Ctrl-C at the terminal is pytest's, which still has to delete its spaces.
            start_new_session=True,
        )
    except OSError as cause:
        raise LocumError(f"{binary} cannot be run: {cause.strerror}") from cause
    assert process.stdin and process.stdout and process.stderr
    log: deque[str] = deque(maxlen=TAIL)
    # A pipe that nobody empties would make Locum wait.
    reader = threading.Thread(target=keep_tail, args=(process.stderr, log), name="locum-log", daemon=True)
    reader.start()

    def explain_end() -> Optional[str]:
        if process.poll() is None:
            return None
        reader.join(STOP_PATIENCE)
        said = "".join(log).strip()
        return f"Locum has ended (exit code {process.returncode})" + (f": {said}" if said else "")

    try:
        is_said = bool(select.select([process.stdout], [], [], START_PATIENCE)[0])
        url = process.stdout.readline().decode().strip() if is_said else ""
        if not url:
            stop(process)
            raise LocumError(f"{binary} did not start: {explain_end()}")
        yield Control(url, None, explain_end)
    finally:
        stop(process)
        reader.join(STOP_PATIENCE)
        process.stdout.close()
        process.stderr.close()


def check_url(text: str) -> str:
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        # A port that is none is refused when it is asked for, and no earlier.
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise LocumError(f"cannot join LOCUM_URL={text}: expected the URL of a Locum, like http://localhost:8080")
    return url


def is_taken(name: str) -> bool:
    return not name.startswith("LOCUM_") or name in SETTINGS


def keep_tail(stream: IO[bytes], log: deque[str]) -> None:
    for line in stream:
        log.append(line.decode(errors="replace"))


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it, and waits for that."""
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
