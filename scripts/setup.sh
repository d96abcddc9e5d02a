#!/usr/bin/env bash
# Bring what building, testing and running viahe need onto this machine (Debian 12).
#
# Everything but the Debian packages, the crates and the page of the console lands in .deps/ (or $VIAHE_DEPS). Each step is skipped when
# it is done already, is moved into place only when complete, and says in one line what it does. When all is
# there this takes a fraction of a second and needs no network.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin

# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
# shellcheck source=scripts/lib/debian.sh
. "$root/scripts/lib/debian.sh"
# shellcheck source=scripts/lib/rust.sh
. "$root/scripts/lib/rust.sh"
# shellcheck source=scripts/lib/python.sh
. "$root/scripts/lib/python.sh"
# shellcheck source=scripts/lib/model.sh
. "$root/scripts/lib/model.sh"
# shellcheck source=scripts/lib/clip.sh
. "$root/scripts/lib/clip.sh"
# shellcheck source=scripts/lib/web.sh
. "$root/scripts/lib/web.sh"

main() {
    check_rust # first: it costs nothing and nothing else helps without it
    prepare_folders
    install_packages
    make_venv
    install_onnxruntime
    build_models
    make_clip
    build_web
    fetch_crates
    say "everything is in place"
}

main
