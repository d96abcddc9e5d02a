#!/usr/bin/env bash
# What times the pictures of an RTP stream have after a moment in which nothing came.
#
# A link stands still for 600 ms, then all that was sent meanwhile comes at once: an everyday thing with cameras on mobile
# links. Packets carry the camera's own time stamps, 40 ms apart, none is lost, and the jitter buffer (200 ms) knows them all.
#
# Guessed: the jitter buffer spaces the pictures by their RTP time stamps, so each access unit has a time of its own, 40 ms after the
# one before; should some have none, a decoder carries on from the last, and is right again at the next that has one.
# Seen with GStreamer 1.22.0 (rtpmanager, rtph264depay, h264parse, avdec_h264; Debian 12), 60 pictures, H.264 without B pictures:
#   - the pictures that came at once are squeezed together, and the last eight of them have one and the same time;
#   - the depayloader leaves it so; the parser takes the time out of all but the first: seven access units have none;
#   - a decoder makes up times for these seven, 40 ms apart, and so runs ahead of what follows; for eleven pictures more, whose units
#     have times of their own, it repeats the last one that it made up. Eighteen of 60 pictures come out with a time that no unit had or
#     with that of another, unflagged; without the parser none does.
# So whoever takes "no time" for "goes on with the picture before" joins eight pictures, and whoever finds a picture by its time after
# decoding does not find it. Give each access unit that begins a picture a time of its own before the decoder.
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
MS = Gst.MSECOND
UNITS = "video/x-h264,stream-format=byte-stream,alignment=au"

def all_of(pipeline):
    out, buffers = pipeline.get_by_name("out"), []
    while (sample := out.emit("pull-sample")) is not None:
        buffers.append((sample.get_buffer(), sample.get_caps()))
    pipeline.set_state(Gst.State.NULL)
    return buffers

def packets():
    pipeline = Gst.parse_launch(
        "videotestsrc num-buffers=60 ! video/x-raw,width=320,height=192,framerate=25/1 ! "
        "x264enc bframes=0 key-int-max=25 threads=1 ! rtph264pay config-interval=-1 ! appsink name=out sync=false")
    pipeline.set_state(Gst.State.PLAYING)
    return all_of(pipeline)

def after_a_stall(sent, tail):
    pipeline = Gst.parse_launch(
        f"appsrc name=in format=time is-live=true ! rtpjitterbuffer latency=200 ! rtph264depay ! {tail} ! appsink name=out sync=false")
    source = pipeline.get_by_name("in")
    source.set_property("caps", sent[0][1])
    pipeline.set_state(Gst.State.PLAYING)
    for packet, _ in sent:
        due = packet.pts - sent[0][0].pts
        came = packet.copy_region(Gst.BufferCopyFlags.MEMORY | Gst.BufferCopyFlags.FLAGS, 0, packet.get_size())
        came.dts = 1000 * MS if 400 * MS <= due < 1000 * MS else due
        source.emit("push-buffer", came)
    source.emit("end-of-stream")
    times = [buffer.pts for buffer, _ in all_of(pipeline)]
    return [None if time == Gst.CLOCK_TIME_NONE else time // MS for time in times]

sent = packets()
came = after_a_stall(sent, UNITS)
parsed = after_a_stall(sent, f"h264parse ! {UNITS}")
shown = after_a_stall(sent, "h264parse ! avdec_h264 max-threads=1")
unparsed = after_a_stall(sent, f"{UNITS} ! avdec_h264 max-threads=1")
same = max(came.count(time) for time in came)
wrong = sum(a != b for a, b in zip(shown, came))
print(f"depayloader: {came[8:34]}, {same} with one time")
print(f"parser: {parsed[8:34]}, {parsed.count(None)} without")
print(f"decoder: {shown[8:42]}, {wrong} with another's")
print(f"decoder without the parser: {sum(a != b for a, b in zip(unparsed, came))} with another's")
assert len(came) == len(parsed) == len(shown) == 60, "none is lost"
assert (same, parsed.count(None)) == (8, 7), "how many have one time, and none, has changed"
assert wrong == 18, f"{wrong} pictures have another's time now"
PY
