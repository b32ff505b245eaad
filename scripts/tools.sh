# What the tests and checks ask of the machine beside Rust: how each is found, and what Debian calls it. To be sourced.
# shellcheck shell=bash

# Prints a line in the name of the script that sources this.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# The server's programs: the newest that Debian has installed (outside the PATH), else those of the directory that
# pg_config names, else the PATH's. Sets `postgres_bin`.
find_postgresql() {
    for postgres_bin in \
        $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) \
        "$(pg_config --bindir 2>/dev/null || true)" \
        "$(dirname "$(command -v initdb || true)")"; do
        # A client-only installation has the directory, but not these.
        if [ -x "$postgres_bin/initdb" ] && [ -x "$postgres_bin/postgres" ] && [ -x "$postgres_bin/pg_ctl" ]; then
            return
        fi
    done
    return 1
}

# Sets CHROMIUM and CHROMEDRIVER, unless they are set, to the first of the names that is a program.
find_chromium() {
    : "${CHROMIUM:=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
    : "${CHROMEDRIVER:=$(command -v chromedriver || true)}"
    [ -x "$CHROMIUM" ] && [ -x "$CHROMEDRIVER" ]
}

# Whether the machine has a tool. A PostgreSQL server of one's own needs no other.
is_there() {
    case $1 in
        postgresql) [ -n "${TEST_POSTGRES_URL:-}" ] || find_postgresql ;;
        chromium) find_chromium ;;
        # Podman starts these itself, from outside the PATH.
        aardvark-dns | netavark) [ -x "/usr/lib/podman/$1" ] || [ -x "/usr/libexec/podman/$1" ] ;;
        python3-venv) python3 -c 'import ensurepip' 2>/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# What Debian and Ubuntu have a tool in.
packages_of() {
    case $1 in
        chromium) echo chromium chromium-driver fonts-dejavu-core ;;
        curl) echo curl ca-certificates ;;
        node) echo nodejs ;;
        *) echo "$1" ;;
    esac
}

# Prints those of some tools that the machine lacks.
find_missing() {
    local tool
    for tool; do is_there "$tool" || printf '%s ' "$tool"; done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo ${CI:+-n} "$@"
    fi
}

# Does what install_packages does, under its lock, and writes what apt-get says on the standard output.
run_apt() (
    # One copy of this at a time; another may have installed the same.
    exec 9</var/lib/dpkg
    flock 9
    missing=$(find_missing "$@")
    [ -n "$missing" ] || exit 0
    packages=$(for tool in $missing; do packages_of "$tool"; done)
    # Debian would start a cluster of its own with PostgreSQL, unless this file is there.
    dropin=/etc/postgresql-common/createcluster.d/locum-tests-$$.conf
    trap 'as_root rm -f "$dropin"' EXIT
    as_root mkdir -p "${dropin%/*}"
    echo 'create_main_cluster = false' | as_root tee "$dropin" >/dev/null
    # The lists may be good enough if they cannot be brought up to date.
    as_root apt-get -qq update </dev/null || true
    # shellcheck disable=SC2086 # one word a package
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        install --yes --no-install-recommends $packages </dev/null
)

# Installs what is missing of some tools, all at once, on Debian and Ubuntu; elsewhere, and where nobody may, it says
# what all is missing, and ends the script.
require_tools() {
    local missing packages log
    missing=$(find_missing "$@")
    [ -n "$missing" ] || return 0
    missing=${missing% }
    # shellcheck disable=SC2086 # one word a tool
    packages=$(for tool in $missing; do packages_of "$tool"; done | paste -sd ' ' -)
    if ! command -v apt-get >/dev/null; then
        die "missing: $missing. Install them; PostgreSQL as a server with initdb on the PATH, Chromium with its" \
            "WebDriver. Or set TEST_POSTGRES_URL, CHROMIUM and CHROMEDRIVER to those that you have."
    elif [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "missing: $missing. There is no sudo to install them with: have root run 'apt-get install $packages'"
    fi
    say "installing what is missing: $missing (apt-get install $packages)"
    # shellcheck disable=SC2086
    if ! log=$(run_apt $missing 2>&1) || [ -n "$(find_missing $missing)" ]; then
        printf '%s\n' "$log" >&2
        # shellcheck disable=SC2086
        die "apt-get could not install: $(find_missing $missing)"
    fi
}
