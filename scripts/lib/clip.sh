# shellcheck shell=bash
# The street clip of the demo, taken from a Debian package and encoded as a camera would. Sourced, never run.

readonly AVI_PATH=./usr/share/doc/opencv-doc/examples/data/vtest.avi
readonly AVI_SHA256=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf
readonly CLIP_SHA256=2e4f3e48da62399ca33e10bc54973d549049beaecf8e67246b052944cf8b2c44
clip=$deps/clips/vtest.mp4

make_clip() {
    is_done clip "$CLIP_SHA256" "$clip" && return
    local package
    say "fetching the street clip (95 MB, of which 8 MB are kept)"
    mkdir "$scratch/clip"
    download_opencv_doc
    package=("$scratch"/clip/*.deb)
    dpkg-deb --fsys-tarfile "${package[0]}" | tar -xO "$AVI_PATH" >"$scratch/clip/vtest.avi"
    rm "${package[0]}"
    require_sha256 "$scratch/clip/vtest.avi" "$AVI_SHA256" "the package opencv-doc holds another clip than Debian 12's"
    say "encoding it as H.264"
    encode_clip "$scratch/clip/vtest.avi" "$scratch/clip/vtest.mp4"
    # Not an error: only numbers measured on the clip may then differ in the last digits.
    [[ $(sha256_of "$scratch/clip/vtest.mp4") == "$CLIP_SHA256" ]] ||
        say "note: this machine's encoder gave other bytes than expected for vtest.mp4"
    mkdir -p "${clip%/*}"
    mv "$scratch/clip/vtest.mp4" "$clip"
    mark_done clip "$CLIP_SHA256"
}

# Downloading needs no root; refreshing the package lists does.
download_opencv_doc() {
    if ! fetch_opencv_doc >"$logs/opencv-doc.log" 2>&1; then
        as_root_or_stop opencv-doc
        attempt apt-update "$NETWORK_REMEDY" as_root apt-get update -o Acquire::Retries=3
        attempt opencv-doc "$NETWORK_REMEDY" fetch_opencv_doc
    fi
}

fetch_opencv_doc() (
    cd "$scratch/clip" && apt-get download -o APT::Sandbox::User=root -o Acquire::Retries=3 opencv-doc
)

# One thread and a constant quantiser: the same bytes on every run. No B-frames and a key frame every 2 s, as
# street cameras are set. Elements are named one by one: which decoder runs must not depend on what is installed.
encode_clip() {
    attempt encode "install the packages gstreamer1.0-libav and gstreamer1.0-plugins-ugly" \
        gst-launch-1.0 -q filesrc location="$1" ! avidemux ! avdec_msmpeg4 ! \
        videoconvert ! video/x-raw,format=I420 ! \
        x264enc threads=1 sliced-threads=false pass=quant quantizer=22 bframes=0 key-int-max=20 speed-preset=medium ! \
        video/x-h264,profile=main,stream-format=avc,alignment=au ! h264parse ! \
        mp4mux faststart=true faststart-file="$1.moov" ! filesink location="$2"
    attempt mp4-times "report this with the log" "$deps/venv/bin/python" "$root/scripts/mp4_zero_times.py" "$2"
}
