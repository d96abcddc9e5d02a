"""The cameras' streams, made once by GStreamer from the demo's clip and kept in a cache.

The clip has 10 pictures a second, which are repeated to 25, and is clean. So noise as of a sensor is laid over each picture:
`snow` is uniform from 0 to 255 (a standard deviation of 74), and its share makes it 1.5 levels.
"""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

FPS = 25
GOP_SECS = 2
SNOW_SHARE = 0.02
# As long as the demo's clip.
PICTURES = 1987
# An encoder that takes longer hangs.
MADE_WITHIN_SECS = 1800

SIZES = {"1080p": (1920, 1080), "720p": (1280, 720)}
# Constant quality, and a constant rate as most street cameras are set to; kbit/s at 1080p.
RATES = {"crf": "pass=qual quantizer=20", "cbr": "pass=cbr vbv-buf-capacity=1000"}
CBR_KBITS = {"1080p": 4000, "720p": 2000}


@dataclass(frozen=True)
class Clip:
    """How a stream is made."""

    scene: str  # "street", or "quiet": its first picture, for ever
    size: str
    rate: str
    bframes: int = 0

    @property
    def name(self):
        return f"{self.scene}-{self.size}-{self.rate}" + ("-b" if self.bframes else "")

    @property
    def gop_secs(self):
        return GOP_SECS

    @property
    def words(self):
        """For people."""
        rate = f"{CBR_KBITS[self.size]} kbit/s constant" if self.rate == "cbr" else "constant quality"
        frames = f"{self.bframes} B-frames" if self.bframes else "no B-frames"
        scene = "street" if self.scene == "street" else "street where nothing moves"
        return f"{scene}, {self.size} H.264, {FPS} pictures a second, {rate}, GOP {GOP_SECS} s, {frames}"

    def launch(self, source):
        """Words of gst-launch-1.0, without the last element."""
        width, height = SIZES[self.size]
        raw = f"video/x-raw,format=I420,width={width},height={height},pixel-aspect-ratio=1/1,framerate={FPS}/1"
        rate = RATES[self.rate] + (f" bitrate={CBR_KBITS[self.size]}" if self.rate == "cbr" else "")
        # A still picture lasts as long as it is asked to; both branches end together, or the mixer waits.
        time = f"imagefreeze num-buffers={PICTURES}" if self.scene == "quiet" else f"identity eos-after={PICTURES + 1}"
        return (
            f"compositor name=mix background=black sink_1::alpha={SNOW_SHARE} ! {raw} ! "
            f"x264enc threads=2 sliced-threads=false {rate} key-int-max={FPS * GOP_SECS} bframes={self.bframes} "
            "b-adapt=false speed-preset=veryfast option-string=scenecut=0 ! video/x-h264,profile=main ! h264parse ! mp4mux name=out "
            f"filesrc location={source} ! qtdemux ! h264parse ! avdec_h264 max-threads=1 ! videorate ! videoscale add-borders=false ! {raw} ! "
            f"{time} ! mix.sink_0 "
            f"videotestsrc pattern=snow num-buffers={PICTURES} ! {raw} ! mix.sink_1 "
            "out. ! filesink"
        ).split()

    def made(self, source, cache, say=print):
        """The file, made if it is not there yet."""
        recipe = " ".join(self.launch("")) + hashlib.sha256(Path(source).read_bytes()).hexdigest()
        path = Path(cache) / f"{self.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}.mp4"
        if path.exists():
            return path
        say(f"making {path.name} (a minute or two, once)")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        command = ["gst-launch-1.0", "-q", *self.launch(source), f"location={part}"]
        try:
            subprocess.run(command, check=True, timeout=MADE_WITHIN_SECS, stdin=subprocess.DEVNULL)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return path
