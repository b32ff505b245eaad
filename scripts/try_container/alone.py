"""The image by itself: as whom it runs, what it writes, how it ends."""

import json
import os
import time
from pathlib import Path

from .engine import WORK, call, podman, try_podman
from .images import IMAGE
from .say import check, die, expect, note, say, wait

BASE = "http://localhost:8080"
DATABASE = "LOCUM_DATABASE_URL=sqlite:///data/locum.db"


def curl(*arguments):
    return call("curl", "-fsS", *arguments)


class Container:
    """A running image, with a root that nothing can be written to."""

    def __init__(self, *options, name="locum", network="host"):
        self.name, self.started = name, time.monotonic()
        podman("run", "--detach", "--name", name, "--network", network, "--read-only", *options, IMAGE)

    def __enter__(self):
        wait(self.is_healthy, "health")
        self.took = time.monotonic() - self.started
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()

    def inspect(self, what):
        return json.loads(podman("inspect", "--format", f"{{{{json {what}}}}}", self.name))

    def is_healthy(self):
        if not self.inspect(".State.Running"):
            die(f"ended before it was ready: {try_podman('logs', self.name)[1]}")
        return try_podman("exec", self.name, "/locum", "health")[0] == 0

    def status(self, field):
        """A line of what the kernel says of the process."""
        lines = Path(f"/proc/{self.inspect('.State.Pid')}/status").read_text().splitlines()
        return next(line.split(":")[1].split() for line in lines if line.startswith(f"{field}:"))

    def stop(self):
        before = time.monotonic()
        podman("stop", "--time", "10", self.name)
        took, code = time.monotonic() - before, self.inspect(".State.ExitCode")
        if code != 0:
            die(f"SIGTERM: ended with {code}: {try_podman('logs', self.name)[1]}")
        podman("rm", self.name)
        say(f"ok: SIGTERM ends it with 0, after {took:.2f} s")


def expect_end(pattern, what, *options):
    """For what ends by itself, with the code 1 and a reason."""
    code, text = try_podman("run", "--rm", "--network", "host", "--read-only", *options, IMAGE)
    check(code == 1, f"{what}: ends with 1")
    expect(pattern, text, f"{what}: says why")


def try_users():
    with Container() as container:
        memory = int(container.status("VmRSS")[0]) / 1000
        note(f"healthy {container.took:.2f} s after `podman run`, with {memory:.0f} MB of memory")
        check(container.status("Uid") == ["65532"] * 4, "runs as 65532")
        check(try_podman("healthcheck", "run", container.name)[0] == 0, "the image's own health check is content")
        check(container.inspect(".State.Health.Status") == "healthy", "the engine says that it is healthy")
        expect("^ready: ", podman("exec", container.name, "/locum", "health"), "`locum health` answers")
    for user, uid, gid in (("1000:1000", "1000", "1000"), ("4242", "4242", "0")):
        with Container("--user", user, "--cap-drop", "ALL", "--security-opt", "no-new-privileges") as container:
            check((container.status("Uid"), container.status("Gid")) == ([uid] * 4, [gid] * 4), f"runs as {user}")
            check(int(container.status("CapBnd")[0], 16) == 0, "without a capability")


def space(name):
    curl("-X", "POST", f"{BASE}/_emulator/spaces", "-H", "Content-Type: application/json", "-d",
         json.dumps({"name": name}))


def spaces():
    return curl(f"{BASE}/_emulator/spaces")


def try_data():
    podman("volume", "create", "locum-data")
    place = Path(podman("volume", "inspect", "--format", "{{.Mountpoint}}", "locum-data"))
    options = ("--volume", "locum-data:/data", "--env", DATABASE)
    with Container(*options):
        owners = {path.stat().st_uid for path in (place, *place.iterdir())}
        check(owners == {65532} and (place / "locum.db").exists(), "a new volume and its database belong to 65532")
        space("kept")
    with Container(*options) as container:
        expect('"kept"', spaces(), "the data is there after a restart")
        space("kept-as-well")
        podman("kill", "--signal", "KILL", container.name)
        podman("wait", container.name)
        podman("start", container.name)
        wait(container.is_healthy, "health after SIGKILL")
        expect('"kept-as-well"', spaces(), "the data is there after SIGKILL")
    expect_end("(?i)permission|readonly|read-only|unable|cannot", "another user's volume", *options, "--user", "1000")
    expect_end("(?i)readonly|read-only|unable|cannot", "a database where nothing can be written", "--env", DATABASE)
    podman("volume", "rm", "locum-data")

    theirs = WORK / "data"
    theirs.mkdir(exist_ok=True)
    os.chown(theirs, 1000, 1000)
    with Container("--user", "1000:1000", "--volume", f"{theirs}:/data", "--env", DATABASE):
        check((theirs / "locum.db").stat().st_uid == 1000, "a mounted directory does for the user whose it is")


def try_tls():
    vendor = ("--resolve", "account.jetbrains.com:8443:127.0.0.1", "https://account.jetbrains.com:8443/readyz")
    authority = WORK / "ca.crt"
    with Container("--env", "LOCUM_TLS=auto"):
        curl("--output", authority, f"{BASE}/_emulator/ca.crt")
        curl("--cacert", authority, "https://localhost:8443/readyz")
        curl("--cacert", authority, *vendor)
        say("ok: LOCUM_TLS=auto, at localhost and as a vendor's host")
    own = WORK / "tls"
    own.mkdir(exist_ok=True)
    call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", own / "key.pem",
         "-out", own / "cert.pem")
    for file in own.iterdir():
        os.chown(file, 65532, 65532)
    with Container("--volume", f"{own}:/tls:ro", "--env", "LOCUM_TLS_CERT=/tls/cert.pem", "--env",
                   "LOCUM_TLS_KEY=/tls/key.pem"):
        curl("--cacert", own / "cert.pem", "https://localhost:8443/readyz")
        say("ok: a certificate of one's own, mounted")


def try_alone():
    try_users()
    try_data()
    try_tls()
