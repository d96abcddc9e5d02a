"""MOTA and IDF1 of py-motmetrics, at an overlap of 0.5."""

from dataclasses import dataclass

import motmetrics
import numpy as np

OVERLAP_MIN = 0.5
COUNTED = ["num_misses", "num_false_positives", "num_switches", "num_objects", "idtp", "num_predictions"]


@dataclass(frozen=True)
class Score:
    misses: int
    false_positives: int
    switches: int
    objects: int
    identity_hits: int
    told: int

    @property
    def mota(self):
        wrong = self.misses + self.false_positives + self.switches
        return 100 * (1 - wrong / self.objects)

    @property
    def idf1(self):
        return 200 * self.identity_hits / (self.objects + self.told)

    def __str__(self):
        return (
            f"MOTA {self.mota:5.1f}  IDF1 {self.idf1:5.1f}  IDs {self.switches:4d}  FP {self.false_positives:4d}  "
            f"FN {self.misses:4d}  of {self.objects}"
        )


def of(sequence, told):
    """Of one sequence, and what was told of each of its frames."""
    scored = motmetrics.MOTAccumulator(auto_id=True)
    for frame, tracks in zip(sequence, told, strict=True):
        boxes = np.array([box for _, box in tracks]).reshape(-1, 4)
        scored.update(frame.true_ids, [track for track, _ in tracks], distances(frame.true_boxes, boxes))
    host = motmetrics.metrics.create()
    counts = host.compute(scored, metrics=COUNTED, return_dataframe=False)
    return Score(*(int(counts[name]) for name in COUNTED))


def distances(a, b):
    """1 - IoU of each pair, and NaN where that is too far; motmetrics' own needs NumPy 1."""
    a, b = a.reshape(-1, 1, 4), b.reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = np.prod(sides.clip(0), axis=-1)
    area = lambda boxes: np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)  # noqa: E731
    distance = 1 - common / (area(a) + area(b) - common)
    return np.where(distance > 1 - OVERLAP_MIN, np.nan, distance)


def together(scores):
    each = zip(*(vars(score).values() for score in scores))
    return Score(*(sum(values) for values in each))
