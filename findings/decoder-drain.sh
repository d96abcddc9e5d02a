#!/usr/bin/env bash
# What makes a decoder of GStreamer give out a key frame at once, when it gets nothing but key frames.
#
# Of a stream with B pictures a decoder holds pictures back until later ones show their order. Given key frames alone it
# still does, so each is one or two groups of pictures late.
#
# Guessed: a GAP event after each key frame drains the decoder (that is what gaps are for in a live pipeline);
# SEGMENT_DONE belongs to segment seeks, means nothing to a decoder in the middle of a stream, and what comes after
# it is refused or lost.
# Seen with GStreamer 1.22.0 and gst-libav 1.22.0 (Debian 12), key frames 2 s apart:
#   - nothing: each is 4.0 s late in H.264 with B pictures, 2.0 s in H.265;
#   - GAP: the same;
#   - SEGMENT_DONE: none is late, none is lost, and the decoder goes on as before;
#   - new caps with a field that nobody knows: none is late either, but the decoder is closed and opened at each.
# So SEGMENT_DONE is the event to send to a decoder that is to forget what came before. EOS would drain it too, and end it.
#
# Needs Debian 12 with the GStreamer 1.22.0 that viahe needs, /usr/bin/python3, and the package registries. Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"

apt-get download -qq python3-gi=3.42.2-3+b1 gir1.2-glib-2.0=1.74.0-3 libgirepository-1.0-1=1.74.0-3 \
    gir1.2-gstreamer-1.0=1.22.0-2+deb12u1
for package in ./*.deb; do dpkg-deb -x "$package" .; done
lib=$(echo usr/lib/*-linux-gnu)
export GI_TYPELIB_PATH=$folder/$lib/girepository-1.0 LD_LIBRARY_PATH=$folder/$lib
export PYTHONPATH=$folder/usr/lib/python3/dist-packages

/usr/bin/python3 - <<'PY'
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst

Gst.init(None)
print(Gst.version_string())
ENCODERS = {
    "h264": "x264enc speed-preset=veryfast threads=1 bframes=3 b-adapt=false key-int-max=50 option-string=scenecut=0",
    "h265": "x265enc speed-preset=ultrafast key-int-max=50 option-string=open-gop=0:scenecut=0:log-level=none",
}
DONE = Gst.MessageType.EOS | Gst.MessageType.ERROR

def run(chain, watch=lambda pipeline: None):
    pipeline = Gst.parse_launch(chain)
    watch(pipeline)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, DONE)
    pipeline.set_state(Gst.State.NULL)
    assert message and message.type == Gst.MessageType.EOS, "the pipeline did not end well"

def event(how, pad, number, unit):
    if how == "gap":
        return Gst.Event.new_gap(unit.pts, 0)
    if how == "segment-done":
        return Gst.Event.new_segment_done(Gst.Format.TIME, -1)
    return Gst.Event.new_caps(Gst.Caps.from_string(f"{pad.get_current_caps().to_string()}, finding=(int){number}"))

def lateness(codec, how):
    """Seconds of stream that came between each key frame and its picture, but for the last three, which the end drains."""
    seen, state = [], {"now": 0, "fresh": False, "keys": 0}

    def watch(pipeline):
        into = pipeline.get_by_name("decoder").get_static_pad("sink")

        def unit(pad, info):
            buffer = info.get_buffer()
            state["now"] = buffer.pts
            if not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT):
                state["fresh"], state["keys"] = True, state["keys"] + 1
                return Gst.PadProbeReturn.OK
            if state["fresh"] and how != "nothing":
                into.send_event(event(how, into, state["keys"], buffer))
            state["fresh"] = False
            return Gst.PadProbeReturn.DROP

        pipeline.get_by_name("before").get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, unit)
        shown = lambda sink, buffer, pad: seen.append((state["now"] - buffer.pts) / Gst.SECOND)
        pipeline.get_by_name("sink").connect("handoff", shown)

    run(
        f"filesrc location={codec}.mkv ! matroskademux ! {codec}parse config-interval=-1 ! "
        f"video/x-{codec},stream-format=byte-stream,alignment=au ! identity name=before ! "
        f"avdec_{codec} name=decoder max-threads=1 std-compliance=normal ! fakesink name=sink signal-handoffs=true sync=false",
        watch,
    )
    assert len(seen) == state["keys"] == 8, (len(seen), state["keys"])
    return max(round(late, 1) for late in seen[:-3])

for codec, encoder in ENCODERS.items():
    run(
        f"videotestsrc num-buffers=400 pattern=ball ! video/x-raw,format=I420,width=320,height=192,framerate=25/1 ! "
        f"{encoder} ! {codec}parse ! matroskamux ! filesink location={codec}.mkv"
    )
    held = {"h264": 4.0, "h265": 2.0}[codec]
    for how, want in (("nothing", held), ("gap", held), ("segment-done", 0.0), ("caps", 0.0)):
        late = lateness(codec, how)
        print(f"{codec}, {how}: {late} s late")
        # The unit after the key frame may be the one that brings it out.
        assert abs(late - want) <= 0.2, f"guessed otherwise, and seen otherwise now: {want} s before"
print("as seen before")
PY
