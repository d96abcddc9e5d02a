#!/usr/bin/env bash
# Put an ONNX Runtime beside the usual one that runs models by OpenVINO. After `make setup`; x86-64 only; needs, once, the network (84 MB).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
# shellcheck source=scripts/lib/python.sh
. "$root/scripts/lib/python.sh"

[[ $(uname -m) == x86_64 ]] || stop "$EXIT_MISSING" "OpenVINO's build of ONNX Runtime is for x86-64 only" "on this processor use the usual one"
prepare_folders
make_venv
install_openvino
say "ONNX Runtime for OpenVINO is in $deps/onnxruntime-openvino; ask for it with provider = \"openvino\" in [engine]"
