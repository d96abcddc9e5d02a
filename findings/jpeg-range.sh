#!/usr/bin/env bash
# How black and how white a picture of a camera is after GStreamer made a JPEG of it.
#
# Nearly all cameras send limited range: black is 16 and white is 235. A JPEG is full range: black is 0 and white is 255.
#
# Guessed: jpegenc and avenc_mjpeg turn one into the other, or ask videoconvert to; and a videoconvert that is asked for
# full range in so many words (colorimetry=1:4:0:0) does.
# Seen with GStreamer 1.22.0, gst-libav 1.22.0 (Debian 12) and Pillow 13.0.0 as the reader:
#   - jpegenc and avenc_mjpeg write the samples as they are: black is 16, white is 235, the picture is grey;
#   - videoconvert before them changes nothing, as they take what there is;
#   - videoconvert asked for full range does so for BT.709. For BT.601, whose matrix JPEG shares, it copies the samples
#     and says in its caps that they are full range now: black is 16 still, and nobody after it can know;
#   - a way through RGB is right for both, but for two shades (white is 253).
# So pictures that are to be evidence need a conversion that was looked at, and a camera of the other matrix as its test.
#
# Needs Debian 12 with the GStreamer 1.22.0 that viahe needs, python3-venv, and the package registries. Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

gst-launch-1.0 --version | sed -n 2p
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0

full='video/x-raw,format=I420,colorimetry=1:4:0:0'

# Black and white of a JPEG that is made of MATRIX by CHAIN.
seen() {
    local matrix=$1 chain=$2 shade
    for shade in black white; do
        # shellcheck disable=SC2086 # The chain is many words.
        gst-launch-1.0 -q videotestsrc num-buffers=1 pattern="$shade" \
            ! "video/x-raw,format=I420,width=64,height=64,colorimetry=$matrix" ! $chain ! filesink location="$shade.jpg"
    done
    venv/bin/python - <<'PY'
from PIL import Image
print(*(Image.open(f"{shade}.jpg").convert("L").getpixel((32, 32)) for shade in ("black", "white")))
PY
}

failed=0
expect() {
    local want=$1 matrix=$2 chain=$3 got
    got=$(seen "$matrix" "$chain")
    echo "$matrix ! $chain: black and white are $got"
    if [ "$got" != "$want" ]; then
        echo "it was $want before" >&2
        failed=1
    fi
}

for matrix in bt601 bt709; do
    expect "16 235" $matrix "jpegenc"
    expect "16 235" $matrix "avenc_mjpeg ! jpegparse"
    expect "16 235" $matrix "videoconvert ! jpegenc"
    expect "0 253" $matrix "videoconvert ! video/x-raw,format=RGB ! jpegenc"
done
expect "16 235" bt601 "videoconvert ! $full ! jpegenc"
expect "0 253" bt709 "videoconvert ! $full ! jpegenc"

[ $failed = 0 ] && echo "as seen before"
exit $failed
