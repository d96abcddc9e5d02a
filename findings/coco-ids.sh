#!/usr/bin/env bash
# What pycocotools makes of annotations whose ids begin at 0, as many converters write them, of `ignore`, and of a detector
# that finds nothing.
#
# Guessed: an id is a name, so where they begin changes nothing; `"ignore": 1` takes an object out of the count, as the code that
# sets it says; and no detections give an average precision of 0.
# Seen with pycocotools 2.0.11, four pictures of one object each, all found exactly:
#   - ids from 1 on: AP 1.000; ids from 0 on: AP 0.564 and AR 0.750. A match is kept as the id of the object, and 0 means none: the first
#     object counts as missed and its detection as a false alarm, without a word;
#   - `ignore` does nothing: the next line sets it anew from `iscrowd`. An object that says so and is not found costs AP 0.248;
#   - an empty list of detections is an IndexError in `loadRes`.
# So a data set whose ids begin at 0 is measured too low, most of all a small one. viahe does not look at the ids of annotations.
#
# Needs python3 of Debian 12 with python3-venv, and the package registries. Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check numpy==2.4.6 pycocotools==2.0.11

venv/bin/python - <<'PY'
import contextlib, importlib.metadata
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

print("pycocotools", importlib.metadata.version("pycocotools"))
BOX = {"category_id": 1, "bbox": [10, 10, 50, 50]}

def truth(first, ignored=0):
    gt = COCO()
    gt.dataset = {"images": [{"id": k} for k in range(1, 5)], "categories": [{"id": 1}], "annotations": [
        {"id": first + k, "image_id": 1 + k, "area": 2500, "iscrowd": 0, "ignore": int(k < ignored), **BOX} for k in range(4)]}
    gt.createIndex()
    return gt

def measured(first, ignored=0):
    with contextlib.redirect_stdout(None):
        gt = truth(first, ignored)
        found = [{"image_id": 1 + k, "score": 0.9 - 0.1 * k, **BOX} for k in range(ignored, 4)]
        judge = COCOeval(gt, gt.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return f"AP {judge.stats[0]:.3f}, AR {judge.stats[8]:.3f}"

def nothing():
    try:
        with contextlib.redirect_stdout(None):
            truth(1).loadRes([])
    except IndexError as error:
        return f"IndexError: {error}"
    return "no error"

seen = {"ids from 1": measured(1), "ids from 0": measured(0), "one is to be ignored": measured(1, 1), "nothing found": nothing()}
for what, came in seen.items():
    print(f"{what}: {came}")
assert seen == {
    "ids from 1": "AP 1.000, AR 1.000", "ids from 0": "AP 0.564, AR 0.750", "one is to be ignored": "AP 0.752, AR 0.750",
    "nothing found": "IndexError: list index out of range",
}, "this has changed"
print("as seen before")
PY
