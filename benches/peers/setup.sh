#!/usr/bin/env bash
# Bring the peers that the benches compare with onto this machine: a Python environment in .deps/venv-peers (or
# $VIAHE_DEPS/venv-peers). Not needed to build, test or run viahe. Does nothing when all is there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
# shellcheck source=scripts/lib/python.sh
. "$root/scripts/lib/python.sh"

peers=$root/benches/peers/requirements.txt

make_venv_peers() {
    local python pins
    pins="$deps $(sha256_of "$peers")" # a venv does not survive being moved
    is_done venv-peers "$pins" "$deps/venv-peers/bin/python" && return
    python=$(find_python)
    say "making a Python environment in $deps/venv-peers"
    rm -rf "$deps/venv-peers"
    attempt venv-peers "install the Debian package python3-venv" "$python" -m venv "$deps/venv-peers"
    attempt pip-install-peers "$NETWORK_REMEDY" "$deps/venv-peers/bin/pip" install --require-hashes --no-deps \
        --only-binary=:all: --disable-pip-version-check -r "$peers"
    mark_done venv-peers "$pins"
}

prepare_folders
make_venv_peers
say "the peers are in $deps/venv-peers"
