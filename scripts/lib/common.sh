# shellcheck shell=bash
# Helpers that every step of the set-up shares. Sourced, never run.

deps=${VIAHE_DEPS:-$root/.deps}
[[ $deps == /* ]] || deps=$PWD/$deps
stamps=$deps/stamps
logs=$deps/logs
scratch=

# Exit codes as in docs: 1 failed while running, 3 a required part is missing.
readonly EXIT_FAILED=1 EXIT_MISSING=3

say() { printf 'setup: %s\n' "$*"; }

# stop CODE WHAT REMEDY
stop() {
    printf 'setup: %s\n       %s\n' "$2" "$3" >&2
    exit "$1"
}

prepare_folders() {
    mkdir -p "$deps" "$stamps" "$logs"
    exec 9>"$deps/.lock"
    if ! flock --nonblock 9; then
        say "waiting for another set-up in $deps"
        flock 9
    fi
    rm -rf "$deps"/scratch.* # of a run that was killed
    # On the same file system as the results, so that moving them into place is atomic.
    scratch=$(mktemp -d "$deps/scratch.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
}

# attempt NAME REMEDY COMMAND...: run quietly; on failure show the end of the log and what to do.
# The lock stays with this shell: a daemon that a package starts must not inherit it.
attempt() {
    local name=$1 remedy=$2
    shift 2
    if ! "$@" >"$logs/$name.log" 2>&1 </dev/null 9>&-; then
        tail -n 12 "$logs/$name.log" >&2
        stop "$EXIT_FAILED" "$name failed; all of its output is in $logs/$name.log" "$remedy"
    fi
}

# A step's stamp holds its pins: changed pins mean that the step is done again.
# is_done STEP PINS OUTPUT
is_done() {
    [[ -e $3 && -f $stamps/$1 && $(<"$stamps/$1") == "$2" ]]
}

# mark_done STEP PINS
mark_done() {
    printf '%s\n' "$2" >"$scratch/stamp"
    mv "$scratch/stamp" "$stamps/$1"
}

sha256_of() {
    local line
    line=$(sha256sum <"$1")
    printf '%s' "${line%% *}"
}

# require_sha256 FILE EXPECTED REMEDY
require_sha256() {
    local found
    found=$(sha256_of "$1")
    [[ $found == "$2" ]] || stop "$EXIT_FAILED" "${1##*/} has sha256 $found, expected $2" "$3"
}

# model_field MODEL KEY: a top-level string of models/MODEL/model.toml
model_field() {
    sed -n "s/^$2 = \"\([^\"]*\)\".*/\1/p" "$root/models/$1/model.toml"
}
