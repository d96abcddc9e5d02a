#!/usr/bin/env python3
"""The peer that viahe is measured against: street cameras watched in Python, as a good engineer writes it in an afternoon.

Usage: street.py --decode all|key --hz HZ --weights SSDLITE.onnx --broker PORT --rule standing|crossing
                 --where "X,Y X,Y …" CAMERA=URL …

One process, one thread for each camera: PyAV reads and decodes, ONNX Runtime detects (one session for all, one thread an inference,
no spinning, as many at once as there are cores), ByteTrack of supervision follows, a rule concludes, paho publishes.

  --decode all    every picture is decoded, and HZ of them a second are looked at
  --decode key    only key frames are decoded: at most one look in each group of pictures

It writes a line a look to standard output: `look UNIX_SECONDS CAMERA AGE_MS OBJECTS`. The age is from when the picture should have
arrived, by its time stamp and the least delayed picture so far, until tracks and rule are done with it.
"""

import argparse
import json
import os
import threading
import time
import uuid
import warnings

import av
import cv2
import numpy as np
import onnxruntime
import paho.mqtt.client
from av.video.reformatter import Interpolation, VideoReformatter

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # ByteTrack is about to move to a package of its own
    import supervision

SIDE = 300
CONFIDENCE_MIN = 0.25
OVERLAP_MAX = 0.5
# COCO's labels less one, as the model counts them; and how sure it must be for the rule.
RULES = {"standing": ((2, 5, 7), 0.35), "crossing": ((0,), 0.3)}
# A track that is lost for longer begins anew.
LOST_SECS = 10
# What moves by more than this share of its height does not stand.
STANDS_WITHIN = 0.25
RECONNECT_SECS = 1
# Later than this it makes up for lost time: one look in each such time, until it has caught up.
LATE_SECS = 1


class Detector:
    """SSDLite on 300 by 300 pixels, as `models/ssdlite-coco` describes it."""

    def __init__(self, weights, classes):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self.classes = np.array(classes)
        # More at once than cores would only make each of them slower.
        self.free = threading.Semaphore(os.cpu_count())

    def __call__(self, image):
        tensor = image[None].astype(np.float32)
        with self.free:
            scores, boxes = self.session.run(["scores", "boxes"], {"image": tensor})
        scores = scores[0][:, self.classes]
        best = scores.argmax(axis=1)
        confidence = scores[np.arange(len(best)), best]
        likely = confidence >= CONFIDENCE_MIN
        corners = boxes[0][likely][:, [1, 0, 3, 2]].clip(0, 1) * 1000
        found = supervision.Detections(
            xyxy=corners, confidence=confidence[likely], class_id=self.classes[best[likely]]
        )
        return found.with_nms(OVERLAP_MAX, class_agnostic=True)


class Standing:
    """A vehicle stands in the zone for so long: told once a track."""

    def __init__(self, zone, dwell_secs):
        self.dwell_secs = dwell_secs
        self.zone = (np.array(zone) * 1000).astype(np.float32)
        self.tracks = {}  # id -> (standing since, last seen, where, told)

    def update(self, now, tracks):
        told = []
        for (x0, _, x1, y1), height, track in boxes_of(tracks):
            ground = ((x0 + x1) / 2, y1)
            if cv2.pointPolygonTest(self.zone, (float(ground[0]), float(ground[1])), False) < 0:
                continue
            since, seen, where, done = self.tracks.get(track, (now, now, ground, False))
            if now - seen > LOST_SECS or np.hypot(*np.subtract(ground, where)) > STANDS_WITHIN * height:
                since, where, done = now, ground, False
            if not done and now - since >= self.dwell_secs:
                told.append(track)
                done = True
            self.tracks[track] = (since, now, where, done)
        self.tracks = {track: t for track, t in self.tracks.items() if now - t[1] <= LOST_SECS}
        return told


class Crossing:
    """A person's feet cross the line, either way."""

    def __init__(self, line):
        self.line = np.array(line) * 1000
        self.tracks = {}  # id -> (last seen, where)

    def update(self, now, tracks):
        told = []
        for (x0, _, x1, y1), _, track in boxes_of(tracks):
            ground = np.array([(x0 + x1) / 2, y1])
            seen, before = self.tracks.get(track, (now, ground))
            if now - seen <= LOST_SECS and crosses(before, ground, *self.line):
                told.append(track)
            self.tracks[track] = (now, ground)
        self.tracks = {track: t for track, t in self.tracks.items() if now - t[0] <= LOST_SECS}
        return told


def boxes_of(tracks):
    for box, track in zip(tracks.xyxy, tracks.tracker_id):
        yield box, box[3] - box[1], int(track)


def crosses(a, b, c, d):
    """Does the way from `a` to `b` cross the line from `c` to `d`?"""

    def side(p, q, r):
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]) > 0

    return side(a, b, c) != side(a, b, d) and side(c, d, a) != side(c, d, b)


class Camera(threading.Thread):
    """Reads, looks and concludes, in a thread of its own."""

    def __init__(self, name, url, detect, rule, centre, options):
        super().__init__(name=name, daemon=True)
        self.url, self.detect, self.rule, self.centre = url, detect, rule, centre
        self.confidence_min = RULES[options.rule][1]
        self.key_only, self.interval = options.decode == "key", 1 / options.hz
        # Its buffer counts pictures at 30 a second, whatever the rate.
        self.tracker = supervision.ByteTrack(frame_rate=options.hz, lost_track_buffer=30 * LOST_SECS)
        self.scaler = VideoReformatter()

    def run(self):
        while True:
            try:
                for arrived, frame in self.frames():
                    self.look(arrived, frame)
            except av.error.FFmpegError as error:
                print(f"{self.name}: {error}", flush=True)
            time.sleep(RECONNECT_SECS)

    def frames(self):
        """(when it should have arrived, picture) of those that are to be looked at."""
        with av.open(self.url, options={"rtsp_transport": "tcp", "fflags": "nobuffer"}, timeout=10) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            context.thread_count = 1
            context.thread_type = "NONE"
            context.flags |= av.codec.context.Flags.low_delay
            if self.key_only:
                context.skip_frame = "NONKEY"
            delay, due = None, None
            for packet in container.demux(stream):
                if packet.pts is None or (self.key_only and not packet.is_keyframe):
                    continue
                late = time.time() - float(packet.pts * packet.time_base)
                delay = late if delay is None else min(delay, late)
                for frame in packet.decode():
                    # A picture that comes a little early is the one that was meant.
                    if due is not None and frame.time < due - 0.5 / stream.guessed_rate:
                        continue
                    arrived = delay + frame.time
                    interval = self.interval if time.time() - arrived < LATE_SECS else LATE_SECS
                    due = frame.time + interval if due is None else max(due + interval, frame.time)
                    yield arrived, frame

    def look(self, arrived, frame):
        image = self.scaler.reformat(frame, SIDE, SIDE, "rgb24", interpolation=Interpolation.FAST_BILINEAR, threads=1)
        found = self.detect(image.to_ndarray())
        tracks = self.tracker.update_with_detections(found)
        tracks = tracks[tracks.confidence >= self.confidence_min]
        for track in self.rule.update(arrived, tracks):
            incident = {"incident": uuid.uuid4().hex, "camera": self.name, "track": track, "opened": arrived}
            self.centre.publish(f"peer/{self.name}/incident", json.dumps(incident), qos=1)
        now = time.time()
        print(f"look {now:.3f} {self.name} {(now - arrived) * 1e3:.1f} {len(tracks)}", flush=True)


def corners(text):
    return [tuple(float(v) for v in corner.split(",")) for corner in text.split()]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--decode", choices=["all", "key"], required=True)
    parser.add_argument("--hz", type=float, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--broker", type=int, required=True)
    parser.add_argument("--rule", choices=list(RULES), required=True)
    parser.add_argument("--where", type=corners, required=True, help="corners of the zone, or ends of the line")
    parser.add_argument("--dwell-secs", type=float, help="how long a vehicle may stand")
    parser.add_argument("cameras", nargs="+", type=lambda text: text.split("=", 1))
    return parser.parse_args()


def main():
    options = arguments()
    cv2.setNumThreads(1)
    centre = paho.mqtt.client.Client(paho.mqtt.client.CallbackAPIVersion.VERSION2)
    centre.connect("127.0.0.1", options.broker)
    centre.loop_start()
    detect = Detector(options.weights, RULES[options.rule][0])
    rules = {"standing": lambda: Standing(options.where, options.dwell_secs), "crossing": lambda: Crossing(options.where)}
    rule = rules[options.rule]
    cameras = [Camera(name, url, detect, rule(), centre, options) for name, url in options.cameras]
    for camera in cameras:
        camera.start()
    for camera in cameras:
        camera.join()


if __name__ == "__main__":
    main()
