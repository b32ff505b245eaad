"""The image, and those that it and compose.yaml want from registries that are not asked here."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from .engine import CONTEXT, REPOSITORY, WORK, call, has_image, podman
from .say import check, die, note, say, timed

DEBIAN = "localhost/debian:bookworm"
IMAGE = "localhost/locum:latest"
MEGABYTE = 1_000_000
LIMIT = 20 * MEGABYTE
STAND_INS = Path(__file__).parent / "images"
# By what an image's name has in it.
STAND_IN_OF = {"rust:": "rust", "distroless/static-debian12": "distroless", "postgres:": "postgres", "curl:": "curl"}


def clone():
    """What `docker build` would be given: nothing that is not committed."""
    shutil.rmtree(CONTEXT, ignore_errors=True)
    git = ["git", "-c", "safe.directory=*", "-C", REPOSITORY]
    if call(*git, "status", "--porcelain"):
        say("there are changes that are not committed: HEAD is tried, without them")
    call(*git, "clone", "--no-hardlinks", REPOSITORY, CONTEXT)


def git(*arguments):
    return call("git", "-c", "safe.directory=*", "-C", CONTEXT, *arguments)


def build(directory, name, *options):
    """Has Buildah build a directory; its steps are said, and all that it said is shown if it fails."""
    log = WORK / "build.log"
    # Docker's format, because the other has no health check.
    fixed = ["--isolation", "chroot", "--network", "host", "--pull-never", "--layers", "--format", "docker"]
    command = ["buildah", "build", *fixed, *options, "--tag", name, str(directory)]
    with open(log, "w") as written, subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            written.write(line)
            if "STEP " in line:
                say(line.strip()[:150])
    if process.returncode != 0:
        die(f"{log.read_text()[-4000:]}\n{' '.join(command)} ended with {process.returncode}")


def make_debian():
    """The smallest Debian 12, which the others are made of."""
    if has_image(DEBIAN):
        return
    root = WORK / "debian"
    shutil.rmtree(root, ignore_errors=True)
    with timed(f"{DEBIAN} by debootstrap"):
        call("debootstrap", "--variant=minbase", "bookworm", root)
        tar = subprocess.Popen(["tar", "-C", root, "-c", "--exclude=./dev/*", "."], stdout=subprocess.PIPE)
        call("podman", "import", "-", DEBIAN, stdin=tar.stdout)
        if tar.wait() != 0:
            die(f"tar of {root} ended with {tar.returncode}")
    shutil.rmtree(root)


def make_stand_in(name):
    """An image under the name that a registry would give another by."""
    kind = next((kind for part, kind in STAND_IN_OF.items() if part in name), None)
    if kind is None:
        die(f"has nothing in place of {name}")
    sysroot = call("rustc", "--print", "sysroot", cwd=CONTEXT)
    context = Path(sysroot) if kind == "rust" else STAND_INS
    build(context, name, "--file", STAND_INS / f"{kind}.Dockerfile")


def full_name(name):
    """As Docker reads it."""
    if "/" not in name:
        return f"docker.io/library/{name}"
    return name if "." in name.split("/")[0] else f"docker.io/{name}"


def names_of(dockerfile, compose):
    """The images that come from elsewhere."""
    text = dockerfile.read_text()
    own = re.findall(r"^FROM .* AS (\w+)$", text, re.MULTILINE)
    names = re.findall(r"^FROM (?:--\S+ )*(\S+)", text, re.MULTILINE)
    names += [name for name in re.findall(r"^    image: (\S+)$", compose.read_text(), re.MULTILINE) if name != "locum"]
    return [full_name(name) for name in dict.fromkeys(names) if name not in own]


def make_image():
    """Builds everything that is not there yet."""
    make_debian()
    for name in names_of(CONTEXT / "Dockerfile", CONTEXT / "compose.yaml"):
        make_stand_in(name)
    version = tomllib.loads((CONTEXT / "Cargo.toml").read_text())["package"]["version"]
    labels = {"VERSION": version, "REVISION": git("rev-parse", "HEAD"),
              "CREATED": git("log", "-1", "--format=%cI")}
    options = [word for name, value in labels.items() for word in ("--build-arg", f"{name}={value}")]
    # This machine's authorities and registries, as it may have its own.
    options += ["--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"]
    mirror = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "config.toml"
    if mirror.exists():
        options += ["--volume", f"{mirror}:/usr/local/cargo/config.toml:ro"]
    # With the layers of its last stage, which Buildah would take whatever the labels are to say.
    if has_image(IMAGE):
        podman("rmi", "--force", IMAGE)
    with timed("the image's build, with the layers that were there"):
        build(CONTEXT, IMAGE, *options)
    said = json.loads(podman("image", "inspect", IMAGE))[0]["Labels"]
    check(all(said[f"org.opencontainers.image.{name.lower()}"] == value for name, value in labels.items()),
          f"the image says that it is {version}, and of which commit")


def measure():
    """What a registry would send."""
    pushed = WORK / "pushed"
    shutil.rmtree(pushed, ignore_errors=True)
    call("buildah", "push", IMAGE, f"oci:{pushed}")
    read = lambda digest: json.loads((pushed / "blobs/sha256" / digest.split(":")[1]).read_text())  # noqa: E731
    manifest = read(json.loads((pushed / "index.json").read_text())["manifests"][0]["digest"])
    layers = [layer["size"] for layer in manifest["layers"]]
    shutil.rmtree(pushed)
    total = sum(layers) + manifest["config"]["size"]
    parts = " + ".join(f"{size / MEGABYTE:.1f}" for size in layers if size > 0.05 * MEGABYTE)
    note(f"the image has {total / MEGABYTE:.1f} MB compressed ({parts})")
    if total > LIMIT:
        die(f"it is to have at most {LIMIT // MEGABYTE} MB")
