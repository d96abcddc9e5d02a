"""Milliseconds an update of Python's ByteTrack trackers, on scenes like benches/tracker.rs's.

benches/peers/setup.sh && .deps/venv-peers/bin/python benches/peers/tracker.py

Those of the package `trackers` are measured where it is installed.
"""

import time

import numpy as np
import supervision as sv

HZ, FRAMES = 5, 300


def scene(objects, rng):
    x, y = rng.uniform(0, 1920, objects), rng.uniform(300, 1000, objects)
    h = 0.2 * y
    speed = rng.uniform(-1, 1, objects) * h
    for _ in range(FRAMES):
        x = (x + speed / HZ) % 1920
        seen = rng.uniform(size=objects) >= 0.1
        sx = x + rng.uniform(-0.05, 0.05, objects) * h
        sy = y + rng.uniform(-0.05, 0.05, objects) * h
        w = 0.2 * h
        boxes = np.stack([sx - w, sy - h, sx + w, sy], axis=1)[seen]
        yield sv.Detections(
            xyxy=boxes.astype(np.float32),
            confidence=rng.uniform(0.4, 1.0, len(boxes)).astype(np.float32),
            class_id=np.zeros(len(boxes), dtype=int),
        )


def measure(name, make, update):
    for objects in (10, 50, 100):
        frames = list(scene(objects, np.random.default_rng(42)))
        tracker = make()
        started = time.perf_counter()
        for frame in frames:
            update(tracker, frame)
        took_ms = (time.perf_counter() - started) * 1e3 / len(frames)
        print(f"{name:24} {objects:4} objects  {took_ms:8.3f} ms an update", flush=True)


measure(
    "supervision ByteTrack",
    lambda: sv.ByteTrack(frame_rate=HZ),
    lambda t, d: t.update_with_detections(d),
)
try:
    from trackers import ByteTrackTracker
except ImportError:
    print("trackers is not installed; skipped")
else:
    measure("trackers ByteTrack", ByteTrackTracker, lambda t, d: t.update(d))
