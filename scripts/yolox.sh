#!/usr/bin/env bash
# Put the optional model yolox-nano in place: yolox.sh /path/to/yolox_nano_416.onnx
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"

from=${1:-}
name=$(model_field yolox-nano file)
[[ -n $from ]] || stop 2 "which file?" "make yolox FROM=/path/to/$name"
[[ -f $from ]] || stop "$EXIT_MISSING" "there is no file $from" "models/yolox-nano/README.md says where it comes from"
require_sha256 "$from" "$(model_field yolox-nano sha256)" "models/yolox-nano/README.md says which file is meant"
mkdir -p "$deps/models/yolox-nano"
cp -- "$from" "$deps/models/yolox-nano/$name.part"
mv "$deps/models/yolox-nano/$name.part" "$deps/models/yolox-nano/$name"
say "yolox-nano is in $deps/models/yolox-nano"
