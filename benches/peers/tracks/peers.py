"""The peers behind one interface: detections of a frame in, (identity, box) of those that are told out.

Each runs with its own defaults. Those of the package `trackers` also with the rate told to them, since they count how long
someone may be lost in frames. Trackers that tell where someone is expected to be are held to what was seen, as viahe is.
"""

import logging
import warnings

import motpy
import norfair
import numpy as np
import supervision as sv
import trackers

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


class Roboflow:
    """A tracker of the package `trackers`."""

    def __init__(self, kind, **options):
        self.tracker = kind(**options)

    def prepare(self, boxes, scores):
        if len(boxes) == 0:
            return sv.Detections.empty()
        class_id = np.zeros(len(boxes), dtype=int)
        return sv.Detections(boxes.astype(np.float32), confidence=scores.astype(np.float32), class_id=class_id)

    def update(self, frame):
        told = self.tracker.update(frame)
        if len(told) == 0:
            return []
        return [(int(i), box) for i, box in zip(told.tracker_id, told.xyxy) if i >= 0]


class Supervision(Roboflow):
    """ByteTrack of supervision 0.30; 0.31 has none any more."""

    def __init__(self, hz):
        self.tracker = sv.ByteTrack(frame_rate=hz)

    def update(self, frame):
        told = self.tracker.update_with_detections(frame)
        return [(int(i), box) for i, box in zip(told.tracker_id, told.xyxy)]


class Norfair:
    def __init__(self):
        self.tracker = norfair.Tracker("iou", 0.5)

    def prepare(self, boxes, scores):
        corners = boxes.reshape(-1, 2, 2)
        return [norfair.Detection(c, scores=np.array([s, s])) for c, s in zip(corners, scores)]

    def update(self, frame):
        told = self.tracker.update(frame)
        new = {id(d) for d in frame}
        seen = [o for o in told if id(o.last_detection) in new]
        return [(o.id, o.last_detection.points.reshape(4)) for o in seen]


class Motpy:
    def __init__(self, hz):
        self.tracker = motpy.MultiObjectTracker(dt=1 / hz)
        self.ids = {}

    def prepare(self, boxes, scores):
        return [motpy.Detection(box=b, score=float(s)) for b, s in zip(boxes, scores)]

    def update(self, frame):
        told = self.tracker.step(frame)
        seen = {t.id for t in self.tracker.trackers if t.staleness == 0}
        return [(self.ids.setdefault(t.id, len(self.ids)), np.array(t.box)) for t in told if t.id in seen]


KINDS = [
    ("SORT", trackers.SORTTracker, {}),
    ("ByteTrack", trackers.ByteTrackTracker, {}),
    ("OC-SORT", trackers.OCSORTTracker, {}),
    ("C-BIoU", trackers.CBIoUTracker, {}),
    ("BoT-SORT without camera motion", trackers.BoTSORTTracker, {"enable_cmc": False}),
]


def timed(hz):
    """Names, and what makes each tracker anew."""
    made = [(name, lambda k=kind, o=options: Roboflow(k, **o)) for name, kind, options in KINDS]
    supervision = ("supervision ByteTrack", lambda: Supervision(hz))
    return made + [supervision, ("norfair", Norfair), ("motpy", lambda: Motpy(hz))]


def told_the_rate(hz):
    return [
        (f"{name}, rate told", lambda k=kind, o=options: Roboflow(k, frame_rate=hz, **o))
        for name, kind, options in KINDS
    ]


def on(make):
    """Tracks a whole sequence."""

    def track(sequence, _hz):
        tracker = make()
        return [tracker.update(tracker.prepare(f.boxes, f.scores)) for f in sequence]

    return track


def all_of(hz):
    """Names, and what tracks a whole sequence."""
    return [(name, on(make)) for name, make in timed(hz) + told_the_rate(hz)]
