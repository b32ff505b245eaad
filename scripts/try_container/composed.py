"""compose.yaml as it stands, by podman-compose."""

import os
import subprocess
import time
from pathlib import Path

import yaml

from .alone import curl, expect
from .engine import CONTEXT, VENV, podman, try_podman
from .say import check, die, note, say, wait

ONE, A, B = (f"http://localhost:{port}" for port in (8080, 8081, 8082))
NOBODY = ["0000000000000000"]


def compose(*words):
    """Fails if a service does."""
    command = [str(VENV / "bin/podman-compose"), *words]
    process = subprocess.run(command, cwd=CONTEXT, env=os.environ | {"PATH": f"{VENV}/bin:{os.environ['PATH']}"},
                             stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if process.returncode != 0:
        die(f"podman-compose {' '.join(words)}: {process.stdout}{process.stderr}")
    return process.stdout + process.stderr


def container_of(service):
    return podman("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.service={service}")


def up(service, *profile):
    """Starts one, and waits until its health check is content: the clock that asks it would be systemd's."""
    before = time.monotonic()
    compose(*profile, "up", "--detach", "--no-build", service)
    container = container_of(service)
    wait(lambda: try_podman("healthcheck", "run", container)[0] == 0, f"{service} to be healthy")
    say(f"ok: {service} is healthy after {time.monotonic() - before:.1f} s")
    return container


def check_confined(service, container):
    """What the file says beside the variables and mounts."""
    (pid,) = podman("inspect", "--format", "{{.State.Pid}}", container).split()
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "\t" in line)
    check(status["CapBnd"].split() == NOBODY and status["NoNewPrivs"] == "1", f"{service} has no capability, gets none")
    check(podman("inspect", "--format", "{{.HostConfig.ReadonlyRootfs}}", container) == "true",
          f"{service} has a root that nothing can be written to")


def try_demo():
    container = up("locum")
    check_confined("locum", container)
    seed = Path(f"/proc/{podman('inspect', '--format', '{{.State.Pid}}', container)}/root/seeds/demo.yaml").read_text()
    check(seed == (CONTEXT / "seeds/demo.yaml").read_text(), "locum has the mounted seed")
    expect(f"{ONE}/api/v1", podman("logs", container), "locum has the public URL")
    compose("up", "--detach", "--no-build", "client")
    client = container_of("client")
    check(podman("wait", client) == "0", "client ends with 0")
    expect('"licenseUsages"', podman("logs", client), "client gets what it asks http://locum:8080 for")
    compose("down")


def try_replicas():
    profile = ("--profile", "postgres")
    services = yaml.safe_load((CONTEXT / "compose.yaml").read_text())["services"]
    up("postgres", *profile)
    containers = {service: up(service, *profile) for service in ("locum-a", "locum-b")}
    for service, container in containers.items():
        check_confined(service, container)
        said = set(podman("inspect", "--format", "{{range .Config.Env}}{{println .}}{{end}}", container).splitlines())
        wanted = {name: value for name, value in services[service]["environment"].items() if "${" not in value}
        check({f"{name}={value}" for name, value in wanted.items()} <= said, f"{service} has its variables")
    curl("-X", "POST", f"{A}/_emulator/spaces", "-H", "Content-Type: application/json", "-d", '{"name":"shared"}')
    expect('"shared"', curl(f"{B}/_emulator/spaces"), "what locum-a is told, locum-b knows")
    podman("stop", containers["locum-a"])
    check(podman("inspect", "--format", "{{.State.ExitCode}}", containers["locum-a"]) == "0", "locum-a ends with 0")
    curl("-X", "POST", f"{B}/_emulator/spaces", "-H", "Content-Type: application/json", "-d", '{"name":"meanwhile"}')
    podman("start", containers["locum-a"])
    wait(lambda: try_podman("healthcheck", "run", containers["locum-a"])[0] == 0, "locum-a to be healthy again")
    expect('"meanwhile"', curl(f"{A}/_emulator/spaces"), "what happened without locum-a, it knows after its start")
    compose(*profile, "down", "--volumes")
    left = podman("ps", "--all", "--quiet") + podman("volume", "ls", "--quiet")
    check(not left, "`down --volumes` leaves nothing")
    note("compose.yaml: locum and client, and the profile postgres with two that share a database")


def try_compose():
    try_demo()
    try_replicas()
