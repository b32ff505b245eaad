# Installs Locum, starts it on a free port, and hands its variables to the steps that follow. To be sourced by `run`.
# shellcheck shell=bash disable=SC2154 # `run` sets `state`

# Sets `binary` to what runs on this machine, out of the release, or out of what an earlier step has installed.
install_binary() {
    local target version name
    case $(uname -s)-$(uname -m) in
        Linux-x86_64) target=x86_64-unknown-linux-musl ;;
        Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
        Darwin-x86_64) target=x86_64-apple-darwin ;;
        Darwin-arm64) target=aarch64-apple-darwin ;;
        *) fail "there is no release for $(uname -s) on $(uname -m): build one, and name it with the input 'binary'" ;;
    esac
    version=${ACTION_VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml" | head -n 1)}
    version=${version#v}
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$ ]] ||
        fail "version: '$version' is none: say one of a release, like 0.2.0, or nothing for that of this action"
    name=locum-$version-$target
    binary=$state/$name/locum
    [ ! -x "$binary" ] || return 0
    for file in "$name.tar.gz" SHA256SUMS; do
        curl -fsSL --retry 3 -o "$state/$file" "$ACTION_DOWNLOADS/v$version/$file" ||
            fail "cannot download $ACTION_DOWNLOADS/v$version/$file: is there a release $version?"
    done
    (cd "$state" && grep -F "  $name.tar.gz" SHA256SUMS | sums --check --quiet) ||
        fail "$name.tar.gz is not what SHA256SUMS of the release says"
    tar -C "$state" -xzf "$state/$name.tar.gz"
}

sums() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

mkdir -p "$state"
# One that has ended before its time is no obstacle.
! { [ -e "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null; } ||
    fail "Locum runs already: start it once in a job, and make a space for each test"
if [ -n "${ACTION_BINARY:-}" ]; then
    binary=$(cd "$(dirname "$ACTION_BINARY")" 2>/dev/null && pwd)/$(basename "$ACTION_BINARY")
    [ -f "$binary" ] && [ -x "$binary" ] || fail "binary: $ACTION_BINARY is not a program"
else
    install_binary
fi

options=(--endpoints-file "$state/endpoints.json" --coverage "$state/coverage.md" --report "$state/report.html")
[ -z "${ACTION_SEED:-}" ] || options+=(--seed "$ACTION_SEED")
[ -z "${ACTION_CLOCK:-}" ] || options+=(--clock "$ACTION_CLOCK")
arguments=${ACTION_ARGUMENTS:-}
# A word may have spaces in it, but not around it: those are of the workflow's layout.
while read -r line; do
    [ -z "$line" ] || options+=("$line")
done <<<"${arguments//$'\r'/}"

# The step ends, and Locum stays, for as long as what waits beside it: without a terminal, without the step's output,
# which would keep the step waiting, and without its summary, which is a file of the last step.
rm -f "$state/endpoints.json"
GITHUB_STEP_SUMMARY='' nohup "$binary" exec "${options[@]}" -- sleep 1000000 \
    >"$state/stdout" 2>"$state/stderr" </dev/null &
pid=$!
until [ -s "$state/endpoints.json" ]; do
    kill -0 "$pid" 2>/dev/null || fail "Locum did not start: $(said)"
    sleep 0.05
done
echo "$pid" >"$state/pid"

# One `"NAME": "value"` on each line. What is a number, like the process's id, is no variable.
sed -n 's/^  "\([A-Z0-9_]*\)": "\(.*\)",\{0,1\}$/\1=\2/p' "$state/endpoints.json" >"$state/variables"
cat "$state/variables" >>"$GITHUB_ENV"
dirname "$binary" >>"$GITHUB_PATH"
url=$(sed -n 's/^LOCUM_URL=//p' "$state/variables")
{
    echo "url=$url"
    echo "report=$state/report.html"
} >>"$GITHUB_OUTPUT"
echo "$("$binary" --version) at $url"
