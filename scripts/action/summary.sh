# Writes what was refused and what was covered into the job's summary, and stops Locum. To be sourced by `run`.
# shellcheck shell=bash disable=SC2154 # `run` sets `state`

[ -e "$state/pid" ] || fail "Locum does not run: a step of this action has to start it, before this one"
pid=$(cat "$state/pid")
url=$(sed -n 's/^LOCUM_URL=//p' "$state/variables")
if kill -0 "$pid" 2>/dev/null; then
    {
        echo "## Locum"
        echo
        curl -fsS --noproxy '*' "$url/_emulator/requests?all=true&status=4xx&format=markdown"
        echo
        curl -fsS --noproxy '*' "$url/_emulator/coverage?format=markdown"
    } >>"$GITHUB_STEP_SUMMARY" || fail "Locum at $url does not answer"
    kill "$pid"
    # It is no child of this shell.
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
else
    echo "## Locum ended before its time: $(grep -v '^{' "$state/stderr" | tail -n 5)" >>"$GITHUB_STEP_SUMMARY"
fi
rm -f "$state/pid" "$state/endpoints.json"
