# Stops Locum, and writes what was refused and what was covered into the job's summary. To be sourced by `run`.
# shellcheck shell=bash disable=SC2154 # `run` sets `state`

[ -e "$state/pid" ] || fail "Locum does not run: a step of this action has to start it, before this one"
pid=$(cat "$state/pid")
rm -f "$state/pid"
kill -TERM "$pid" 2>/dev/null || fail "Locum ended before its time: $(said)"
# It is no child of this shell.
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
[ -s "$state/coverage.md" ] || fail "Locum ended before its time: $(said)"

# What `exec` says of a command that was ended: first by what, then the last requests that were refused.
refused=$(sed -n 's/^locum: \([1-5][0-9][0-9] .*\)/\1/p' "$state/stderr")
{
    echo "## Locum"
    echo
    if [ -n "$refused" ]; then
        # shellcheck disable=SC2016 # a block of code
        printf 'The last requests that were refused, hit by a fault, or sent what nothing read:\n\n```\n%s\n```\n\n' "$refused"
    else
        printf 'No request was refused.\n\n'
    fi
    cat "$state/coverage.md"
} >>"$GITHUB_STEP_SUMMARY"
