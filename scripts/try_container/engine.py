"""Podman and Buildah, with images and settings of their own in target/try-container, in namespaces of their own."""

import fcntl
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from .say import die, wait

REPOSITORY = Path(__file__).resolve().parents[2]
WORK = REPOSITORY / "target" / "try-container"
# A clean clone of HEAD.
CONTEXT = WORK / "context"
SETTINGS, RUN = WORK / "settings", WORK / "run"
VENV = WORK / "venv"

# Nothing that the machine's own containers have is read or written.
FILES = {
    "CONTAINERS_STORAGE_CONF": """
        [storage]
        driver = "overlay"
        graphroot = "{work}/storage"
        runroot = "{run}"
    """,
    "CONTAINERS_REGISTRIES_CONF": """
        unqualified-search-registries = ["docker.io"]
        short-name-mode = "disabled"
    """,
    # Podman's own limits are refused where root lacks a capability.
    "CONTAINERS_CONF": """
        [containers]
        default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
        log_driver = "k8s-file"
        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "none"
        runtime = "runc"
        [engine.runtimes]
        runc = ["{runc}"]
        [network]
        network_backend = "netavark"
        network_config_dir = "{networks}"
    """,
}


def configure():
    """Writes the settings; they are in the environment of all that follows."""
    def limit(kind):
        """The highest that the kernel takes for a number of files, where there is none."""
        most = resource.getrlimit(kind)[1]
        return min(most, 1 << 20) if most != resource.RLIM_INFINITY else 1 << 20

    values = {"files": limit(resource.RLIMIT_NOFILE), "processes": limit(resource.RLIMIT_NPROC),
              "runc": shutil.which("runc"), "networks": RUN / "networks", "work": WORK, "run": RUN}
    for directory in (SETTINGS, RUN):
        directory.mkdir(parents=True, exist_ok=True)
    for variable, text in FILES.items():
        file = SETTINGS / variable.lower()
        file.write_text(text.format(**values))
        os.environ[variable] = str(file)
    # Healthchecks are asked for one by one: the timers that podman would set are systemd's.
    os.environ["DISABLE_HC_SYSTEMD"] = "true"


def call(*command, **options):
    """Runs a command that has to succeed, in silence."""
    options = {"stdin": subprocess.DEVNULL} | options
    process = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if process.returncode != 0:
        die(f"{' '.join(process.args)[:300]}\n{process.stdout}{process.stderr}ended with {process.returncode}")
    return process.stdout.strip()


def podman(*arguments):
    return call("podman", *arguments)


def try_podman(*arguments):
    """For commands that may fail: the exit code, and all that was said."""
    process = subprocess.run(["podman", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    return process.returncode, process.stdout


def has_image(name):
    return try_podman("image", "exists", name)[0] == 0


def in_namespaces(*arguments, network=False, python=sys.executable):
    """Runs the script again, where its processes and mounts end with it, and where it has a network of its own."""
    options = ["--mount", "--mount-proc", "--pid", "--fork", "--kill-child", *(["--net"] if network else [])]
    # Also when this script is killed in a way that it cannot see.
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", *options, str(python), sys.argv[0], *arguments]
    # In a session of its own, Ctrl-C reaches this script alone.
    process = subprocess.Popen(command, start_new_session=True)
    try:
        return process.wait()
    finally:
        process.kill()
        process.wait()


def enter(network=False):
    """Inside of the namespaces: what podman notes about running containers is forgotten with them."""
    places = [RUN, Path("/dev/shm"), *([Path("/run")] if network else [])]
    for place in places:
        call("mount", "-t", "tmpfs", "tmpfs", place)
    if network:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14s", b"lo", 0x1, b""))  # SIOCSIFFLAGS, IFF_UP


def remove_leftovers():
    """What another time left that was ended: containers, volumes, and their control groups."""
    # Their locks were in memory, and ended with their namespaces.
    podman("system", "renumber")
    containers = podman("ps", "--all", "--quiet", "--no-trunc").split()
    # Those that depend on others have to go first, which this does not know by itself.
    wait(lambda: try_podman("rm", "--all", "--force", "--volumes")[0] == 0, "the last containers to go")
    podman("volume", "rm", "--all", "--force")
    call("buildah", "rm", "--all")
    groups = [group for name in containers for group in Path("/sys/fs/cgroup").glob(f"**/libpod_parent/*{name}*")]
    groups += [group for end in ("/conmon", "") for group in Path("/sys/fs/cgroup").glob(f"**/libpod_parent{end}")]
    for group in groups:
        # Others' are not empty.
        with suppress(OSError):
            group.rmdir()
