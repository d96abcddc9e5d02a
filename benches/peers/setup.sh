#!/usr/bin/env bash
# Bring the peers that the benches compare with onto this machine: a Python environment in .deps/venv-peers (or
# $VIAHE_DEPS/venv-peers). Not needed to build, test or run viahe. Does nothing when all is there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
# shellcheck source=scripts/lib/python.sh
. "$root/scripts/lib/python.sh"

prepare_folders
make_environment peers "$root/benches/peers/requirements.txt"
say "the peers are in $deps/venv-peers"
