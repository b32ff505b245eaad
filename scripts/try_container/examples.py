"""What README.md and the examples for CI tell people to do, word for word where it can be."""

import os
import re

import yaml

from .alone import Container
from .engine import CONTEXT, call, podman, try_podman
from .images import full_name
from .say import check, die, say, wait


def run_curl(line):
    """A line to paste, that fails if the answer is an error."""
    call("sh", "-c", re.sub(r"\bcurl -s\b", "curl -fsS", line, count=1))
    say(f"ok: {line[:100]}")


def try_readme():
    text = (CONTEXT / "README.md").read_text()
    command = re.search(r"docker build -t locum \. && docker (run .*)", text)
    lines = re.findall(r"^ *(curl -s .*localhost:8080.*[^\\])$", text, re.MULTILINE)
    if not command or len(lines) < 3:
        die("README.md has no `docker run` and no curl lines to paste")
    name = ["--detach", "--name", "readme"]
    words = command.group(1).split()
    # With a network of its own and a published port, as the words say.
    podman(words[0], *name, *words[1:])
    wait(lambda: try_podman("exec", "readme", "/locum", "health")[0] == 0, "health")
    said = re.findall(r"^ *(curl -s .*)$", podman("logs", "readme"), re.MULTILINE)
    check(len(said) >= 3, "the container's start prints curl lines")
    for line in [*lines, *(line for line in said if line not in lines)]:
        run_curl(line)
    podman("stop", "readme")


def environment(variables):
    return [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]


def check_job(name, answer):
    check(answer.count('"licenseId"') == 3, f"{name}: three licences, by LOCUM_SEED_INLINE")


def try_github():
    """The service's port is one of the machine, where the steps run."""
    name = "examples/github-actions.yml"
    job = yaml.safe_load((CONTEXT / name).read_text())["jobs"]["test"]
    service = job["services"]["locum"]
    ports = [word for port in service["ports"] for word in ("--publish", port)]
    with Container(*environment(service["env"]), *ports, network="bridge"):
        for step in job["steps"]:
            if "run" in step:
                check_job(name, call("bash", "-ec", step["run"], env=os.environ | job["env"]))


def try_gitlab():
    """The service has a name on the job's network."""
    name = "examples/gitlab-ci.yml"
    job = yaml.safe_load((CONTEXT / name).read_text())["test"]
    (service,) = job["services"]
    podman("network", "create", "job")
    alias = ("--network-alias", service["alias"])
    with Container(*environment(service["variables"]), *alias, network="job"):
        script = "\n".join(job["script"])
        job = ("--rm", "--network", "job", *environment(job["variables"]), full_name(job["image"]))
        check_job(name, podman("run", *job, "sh", "-ec", script))
    podman("network", "rm", "job")


def try_examples():
    try_readme()
    try_github()
    try_gitlab()
