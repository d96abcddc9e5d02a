#!/usr/bin/env bash
# Install viahe with its models, catalogue, calendars, clip and ONNX Runtime under a prefix (/usr/local).
#
#   scripts/install.sh [PREFIX]          DESTDIR is put before it, as packagers expect
#
# The program finds them there by itself, from any folder. VIAHE_BINARY names another build.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=${VIAHE_DEPS:-$root/.deps}
prefix=${1:-/usr/local}
[[ $prefix == /* ]] || prefix=$PWD/$prefix
to=${DESTDIR:-}$prefix
binary=${VIAHE_BINARY:-$root/target/release/viahe}

stop() {
    printf 'install: %s\n         %s\n' "$1" "$2" >&2
    exit 3
}

# files TARGET FILE...: those that are there; a folder without one is not made
files() {
    local target=$1
    shift
    install -d "$target"
    install -m 644 -t "$target" "$@"
}

main() {
    [[ -x $binary ]] || stop "$binary is missing" "run: make setup && cargo build --release --locked -p viahe"
    [[ -e $deps/onnxruntime/lib/libonnxruntime.so ]] || stop "$deps/onnxruntime is missing" "run: make setup"
    local share=$to/share/viahe model weights
    install -D -m 755 "$binary" "$to/bin/viahe"
    install -D -m 644 "$(realpath "$deps/onnxruntime/lib/libonnxruntime.so")" "$to/lib/viahe/libonnxruntime.so"
    files "$to/lib/viahe/licences" "$deps/onnxruntime/LICENSE" "$deps/onnxruntime/ThirdPartyNotices.txt"
    local special=$deps/onnxruntime-openvino
    if [[ -e $special/lib/libonnxruntime.so ]]; then
        files "$to/lib/viahe/onnxruntime-openvino/lib" "$special"/lib/*
        files "$to/lib/viahe/onnxruntime-openvino" "$special/LICENSE" "$special/ThirdPartyNotices.txt"
    fi
    files "$share/catalogue" "$root"/pipelines/catalogue/*.toml
    files "$share/calendar" "$root"/pipelines/calendar/*.toml
    files "$share/pipelines" "$root"/pipelines/*.toml
    files "$share/models" "$root/models/taxonomy.toml"
    for model in "$root"/models/*/; do
        model=$(basename "$model")
        files "$share/models/$model" "$root/models/$model/model.toml" "$root/models/$model/README.md"
        for weights in "$deps/models/$model"/*.onnx "$root/models/$model"/*.onnx; do
            [[ ! -e $weights ]] || files "$share/models/$model" "$weights"
        done
    done
    [[ ! -e $deps/clips/vtest.mp4 ]] || files "$share/clips" "$deps/clips/vtest.mp4"
    printf 'install: %s\n' "$to/bin/viahe"
}

main
