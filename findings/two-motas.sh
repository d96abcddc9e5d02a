#!/usr/bin/env bash
# What TrackEval and py-motmetrics say of the same boxes: are MOTA, switches and fragments one number?
#
# Guessed: both follow CLEAR MOT (2008), so identity switches, MOTA, "mostly tracked" and fragments agree; MOTP may be a distance in one
# and an overlap in the other.
# Seen with TrackEval 1.3.0 and motmetrics 1.4.0 on NumPy 2.4.6:
#   - motmetrics' own `iou_matrix` does not run: it asks for `np.asfarray`, which NumPy 2 has no more. Distances must be made by hand;
#   - A is tracked by 1, and missed for one frame while B's track goes on; then 1 is back, beside a track 2 that fits a little better, and 2
#     goes again. TrackEval knows of the frame before alone, takes 2 and then 1, and counts two switches; motmetrics remembers 1 and
#     counts none. MOTA is 0.500 and 0.750;
#   - an object in exactly 80 % of its frames is mostly tracked for motmetrics (>=), and is not for TrackEval (>);
#   - a frame without any track ends nothing for TrackEval (0 fragments) and is a fragment for motmetrics (1).
# So figures of the two are not to be put into one table. viahe follows TrackEval.
#
# Needs python3 of Debian 12 with python3-venv, and the package registries. Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 trackeval==1.3.0 motmetrics==1.4.0

venv/bin/python - <<'PY'
import importlib.metadata
import numpy as np
import motmetrics
from trackeval.metrics import CLEAR

for package in ("numpy", "trackeval", "motmetrics"):
    print(package, importlib.metadata.version(package))

def overlaps(truth, told):
    iou = np.zeros((len(truth), len(told)))
    for a, (_, x) in enumerate(truth):
        for b, (_, y) in enumerate(told):  # All boxes are 100 px wide and equally high: only their place along x differs.
            shared = max(0, 100 - abs(x - y))
            iou[a, b] = shared / (200 - shared)
    return iou

def by_trackeval(frames):
    gt, tr = (sorted({i for frame in frames for i, _ in frame[side]}) for side in (0, 1))
    data = {
        "gt_ids": [np.array([gt.index(i) for i, _ in t], int) for t, _ in frames],
        "tracker_ids": [np.array([tr.index(i) for i, _ in d], int) for _, d in frames],
        "similarity_scores": [overlaps(t, d) for t, d in frames],
        "num_gt_ids": len(gt), "num_tracker_ids": len(tr), "num_timesteps": len(frames),
        "num_gt_dets": sum(len(t) for t, _ in frames), "num_tracker_dets": sum(len(d) for _, d in frames),
    }
    said = CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)
    return f"MOTA {said['MOTA']:.3f}, switches {said['IDSW']}, fragments {said['Frag']}, mostly tracked {said['MT']}"

def by_motmetrics(frames):
    accumulator = motmetrics.MOTAccumulator()
    for number, (truth, told) in enumerate(frames):
        distance = 1 - overlaps(truth, told)
        distance[distance > 0.5] = np.nan
        accumulator.update([i for i, _ in truth], [i for i, _ in told], distance, frameid=number)
    names = ["mota", "num_switches", "num_fragmentations", "mostly_tracked"]
    said = motmetrics.metrics.create().compute(accumulator, metrics=names).iloc[0]
    return f"MOTA {said.mota:.3f}, switches {int(said.num_switches)}, fragments {int(said.num_fragmentations)}, mostly tracked {int(said.mostly_tracked)}"

A, B = (1001, 0), (1002, 900)
SCENES = {
    "missed while another is seen": [
        ([A, B], [(1, 10), (9, 900)]), ([A, B], [(9, 900)]), ([A, B], [(1, 10), (2, 0), (9, 900)]),
        ([A, B], [(1, 0), (9, 900)]),
    ],
    "an empty frame": [([A], [(1, 0)])] * 4 + [([A], [])] + [([A], [(1, 0)])] * 5,
    "four frames of five": [([A], [(1, 0)])] * 4 + [([A], [(1, 500)])],
}
seen = {scene: (by_trackeval(frames), by_motmetrics(frames)) for scene, frames in SCENES.items()}
for scene, (one, other) in seen.items():
    print(f"{scene}:\n  TrackEval   {one}\n  motmetrics  {other}")
try:
    motmetrics.distances.iou_matrix([[0, 0, 9, 9]], [[0, 0, 9, 9]])
    own = "runs"
except AttributeError as error:
    own = str(error).split(" in ")[0]
print("iou_matrix:", own)
assert own == "`np.asfarray` was removed", own
assert seen == {
    "missed while another is seen": (
        "MOTA 0.500, switches 2, fragments 1.0, mostly tracked 1", "MOTA 0.750, switches 0, fragments 1, mostly tracked 1"),
    "an empty frame": (
        "MOTA 0.900, switches 0, fragments 0.0, mostly tracked 1", "MOTA 0.900, switches 0, fragments 1, mostly tracked 1"),
    "four frames of five": (
        "MOTA 0.600, switches 0, fragments 0.0, mostly tracked 0", "MOTA 0.600, switches 0, fragments 0, mostly tracked 1"),
}, "this has changed"
print("as seen before")
PY
