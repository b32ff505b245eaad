"""Whole runs: many at once, killed ones, behind a proxy, beside a Locum that runs already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from locum import LocumServer

# How long something may take that has to happen, in seconds. Builds may keep the machine busy.
PATIENCE = 120.0

FIFTY = """
    import pytest
    from client import assign_license

    @pytest.mark.parametrize("number", range(50))
    def test_assigning_the_only_free_one(locum, number):
        jba = locum.jetbrains_account
        assert assign_license(jba.url, jba.api_key, jba.customer_code, f"p{number}@example.test") == 200
        locum.verify(match={"operation": "assignLicense"}, exactly=1)
        print("asked", locum.url)
"""

WAITING = """
    import threading
    from pathlib import Path

    def test_that_waits(locum, request):
        worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
        Path(f"{worker}.is-there").write_text(locum.url)
        threading.Event().wait(600)

    def test_another(locum, request):
        test_that_waits(locum, request)
"""


def list_spaces(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/_emulator/spaces") as answer:
        spaces: list[dict[str, Any]] = json.load(answer)
        return spaces


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f"it is not so after {PATIENCE} s"
        time.sleep(0.05)


def list_descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from list_descendants(int(child))


def is_running(process: int) -> bool:
    try:
        # Of one that nobody has waited for, the state remains.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.usefixtures("client")
def test_four_workers_run_fifty_tests_each_in_a_world_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FIFTY)
    result = pytester.runpytest_subprocess("-n", "4", "-rP")
    result.assert_outcomes(passed=50)
    servers = {line for line in result.outlines if line.startswith("asked ")}
    assert len(servers) == 4, "a worker has a Locum of its own"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells in /proc which processes there are")
@pytest.mark.parametrize("servers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_no_process(
    pytester: pytest.Pytester, binary: str, servers: int, number: signal.Signals
) -> None:
    pytester.makepyfile(WAITING)
    workers = ["-n", str(servers)] if servers > 1 else []
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *workers],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # What a shell runs in the background ignores it, and what that starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_until(lambda: len(list(pytester.path.glob("*.is-there"))) == servers)
        processes = list(list_descendants(run.pid))
        names = [Path(f"/proc/{process}/comm").read_text().strip() for process in processes]
        # What is looked for later is there now; a shell becomes `cat`, and may not have done so yet.
        assert names.count("cat") + names.count("sh") == names.count(Path(binary).name) == servers, names
    finally:
        run.send_signal(number)
        run.wait(PATIENCE)
    wait_until(lambda: not any(is_running(process) for process in processes))


def test_a_proxy_of_the_environment_is_never_asked(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "internal.test")
    pytester.makepyfile(
        """
        import os, urllib.request

        def test_before():
            assert (os.environ["no_proxy"], "NO_PROXY" in os.environ) == ("internal.test", False)

        def test_it(locum):
            assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "internal.test,127.0.0.1,localhost,::1"
            # As the code under test does, which knows of no Locum.
            urllib.request.urlopen(locum.url + "/readyz").close()
            locum.clock.freeze()
        """
    )
    # Not in another process, so that what is left behind is seen.
    pytester.inline_run("-p", "no:xdist").assertoutcome(passed=2)
    assert (os.environ["no_proxy"], "NO_PROXY" in os.environ) == ("internal.test", False)


def test_a_home_that_cannot_be_written_is_no_obstacle(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not even root can write there.
    monkeypatch.setenv("HOME", "/proc")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")
    pytester.makepyfile("def test_it(locum):\n    locum.verify(exactly=0)\n")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_locum_that_runs_is_joined_and_left_as_it_was(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, locum_server: LocumServer
) -> None:
    before = {space["name"] for space in list_spaces(locum_server.url)}
    monkeypatch.setenv("LOCUM_URL", locum_server.url + "/")
    # It needs none.
    monkeypatch.setenv("LOCUM_BIN", "/no/such/locum")
    pytester.makepyfile(
        f"""
        import json, urllib.request, pytest

        @pytest.mark.parametrize("number", range(8))
        def test_it(locum, number):
            assert locum.url == "{locum_server.url}"
            with urllib.request.urlopen(locum.url + "/_emulator/spaces/" + locum.space) as answer:
                # So that it goes when this run is killed.
                assert json.load(answer)["idle_ttl"] == "3600s"
        """
    )
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=8)
    assert {space["name"] for space in list_spaces(locum_server.url)} == before


def test_beside_locum_exec_it_joins_that_with_its_token(
    binary: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        import os

        def test_it(locum):
            assert locum.url == os.environ["LOCUM_URL"]
            locum.verify(exactly=0)
        """
    )
    monkeypatch.setenv("LOCUM_CONTROL_TOKEN", "of-the-control")
    for token, outcome in [("of-the-control", "1 passed"), ("another", "; LOCUM_CONTROL_TOKEN is where")]:
        tests = ["env", f"LOCUM_CONTROL_TOKEN={token}", sys.executable, "-m", "pytest"]
        command = [binary, "exec", "--listen", "127.0.0.1:0", "--", *tests]
        assert outcome in subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout


def test_something_else_that_runs_is_not_joined(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(
        """
        import http.server, os, threading
        import pytest
        from locum import LocumError, LocumServer

        class Hello(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello")

        def test_it(monkeypatch):
            with http.server.HTTPServer(("127.0.0.1", 0), Hello) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                monkeypatch.setenv("LOCUM_URL", f"http://127.0.0.1:{server.server_port}")
                with pytest.raises(LocumError, match="what answers there is no Locum"):
                    with LocumServer.start():
                        pass
                server.shutdown()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_without_pytest_it_is_a_context(tmp_path: Path) -> None:
    script = """
import sys
from locum import LocumServer
with LocumServer.start() as server, server.space(clock="frozen@2026-06-01T09:00:00Z") as world:
    print(world.clock.now, world.variables["LOCUM_SPACE"] == world.space)
assert "pytest" not in sys.modules
"""
    said = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True)
    assert said.stdout == "2026-06-01 09:00:00+00:00 True\n"
