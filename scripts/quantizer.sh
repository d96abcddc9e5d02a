#!/usr/bin/env bash
# Bring what `viahe model quantize` needs: a Python environment in .deps/venv-quantize (or $VIAHE_DEPS/venv-quantize). Not needed to
# build, test or run viahe. Does nothing when all is there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
# shellcheck source=scripts/lib/python.sh
. "$root/scripts/lib/python.sh"

prepare_folders
make_environment quantize "$requirements/quantize.txt"
say "the quantiser is in $deps/venv-quantize"
