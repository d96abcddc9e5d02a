"""Makes the scenes of fixtures/evaluate, and writes down what TrackEval and pycocotools say of them.

python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r benches/peers/evaluators.txt
/tmp/venv/bin/python benches/peers/evaluators.py

engine/core/tests/evaluate.rs holds what viahe says against that. Nothing changes when it is run again.
"""

import contextlib
import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from trackeval.datasets import MotChallenge2DBox
from trackeval.metrics import CLEAR, HOTA, Identity

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "evaluate"

# ---- tracks


def walkers(rng, count, frames, step):
    """Who is where: frame -> [(id, left, top, width, height)], on a grid of `step` px (0: on none)."""
    there = {}
    for who in range(1, count + 1):
        begin, end = sorted(rng.sample(range(1, frames + 1), 2))
        x, y = rng.uniform(0, 600), rng.uniform(0, 300)
        vx, vy = rng.uniform(-9, 9), rng.uniform(-4, 4)
        w = rng.choice([20, 30, 40])
        h = w * 2
        for frame in range(begin, end + 1):
            x, y = x + vx, y + vy
            box = (x, y, w, h)
            if step:
                box = tuple(round(v / step) * step for v in box)
            there.setdefault(frame, []).append((who, *box))
    return there


def followed(rng, there, frames, step, noise):
    """What a tracker of middling quality says: misses, switches, swaps, false alarms, and frames without anything."""
    ids, fresh, told = {}, 100, []
    for frame in range(1, frames + 1):
        if rng.random() < 0.06:
            continue  # Nothing at all.
        rows = []
        for who, *box in there.get(frame, []):
            if rng.random() < 0.12:
                continue
            if who not in ids or rng.random() < 0.04:
                fresh += 1
                ids[who] = fresh
            shake = [rng.gauss(0, noise) for _ in range(4)]
            box = [v + s for v, s in zip(box, shake)]
            if step:
                box = [round(v / step) * step for v in box]
            rows.append([ids[who], *box[:2], max(box[2], 4), max(box[3], 4)])
        if rng.random() < 0.05 and len(ids) > 1:
            a, b = rng.sample(sorted(ids), 2)
            ids[a], ids[b] = ids[b], ids[a]
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            fresh += rng.choice([0, 1])
            rows.append([fresh + 5000 * len(rows), rng.uniform(0, 600), rng.uniform(0, 300), 30, 60])
        if rng.random() < 0.05:
            rows = [[fresh + 90000, 5, 5, 30, 60]]  # A false alarm alone.
        rng.shuffle(rows)
        told += [(frame, *row) for row in rows]
    return told


def text(rows):
    return "".join(",".join(f"{v:.3f}".rstrip("0").rstrip(".") for v in row) + "\n" for row in rows)


def sequence(name, seed, year, count=14, frames=90, step=0, noise=2.5):
    rng = random.Random(seed)
    there = walkers(rng, count, frames, step)
    truth = []
    for frame in sorted(there):
        for who, *box in there[frame]:
            # Some people are of another class throughout, and some are not to be found for a while.
            kind = {1: 7, 2: 8, 3: 2, 4: 3}.get(who % 11, 1)
            flag = 0 if kind != 1 or (who % 5 == 0 and frame % 7 < 3) else 1
            truth.append((frame, who, *box, flag, *((kind, 1) if year == 2017 else (-1, -1, -1))))
    rng.shuffle(truth)
    told = followed(rng, there, frames, step, noise)
    folder = FIXTURES / "tracks"
    (folder / f"{name}.truth.txt").write_text(text(truth))
    (folder / f"{name}.tracks.txt").write_text(text((*row, 1, -1, -1, -1) for row in told))
    return name, year, frames


def score_tracks(sequences):
    metrics = {"hota": HOTA(), "clear": CLEAR({"PRINT_CONFIG": False}), "identity": Identity({"PRINT_CONFIG": False})}
    said, raw = {}, {name: {} for name in metrics}
    for name, year, frames in sequences:
        with tempfile.TemporaryDirectory() as folder:
            gt, tracks = Path(folder, "gt", name, "gt"), Path(folder, "tracks", "viahe", "data")
            gt.mkdir(parents=True)
            tracks.mkdir(parents=True)
            (gt / "gt.txt").write_text((FIXTURES / "tracks" / f"{name}.truth.txt").read_text())
            (tracks / f"{name}.txt").write_text((FIXTURES / "tracks" / f"{name}.tracks.txt").read_text())
            data = MotChallenge2DBox({
                "GT_FOLDER": f"{folder}/gt", "TRACKERS_FOLDER": f"{folder}/tracks", "SKIP_SPLIT_FOL": True,
                "SEQ_INFO": {name: frames}, "BENCHMARK": f"MOT{year % 100}", "PRINT_CONFIG": False,
            })
            data = data.get_preprocessed_seq_data(data.get_raw_seq_data("viahe", name), "pedestrian")
        for metric, of in metrics.items():
            raw[metric][name] = of.eval_sequence(data)
        said[name] = figures({metric: raw[metric][name] for metric in metrics})
    said["together"] = figures({metric: of.combine_sequences(raw[metric]) for metric, of in metrics.items()})
    return said


def figures(of):
    hota, clear, identity = of["hota"], of["clear"], of["identity"]
    mean = lambda field: float(np.mean(hota[field]))
    whole = lambda value: int(value)
    return {
        "mota": float(clear["MOTA"]), "motp": float(clear["MOTP"]), "recall": float(clear["CLR_Re"]),
        "precision": float(clear["CLR_Pr"]), "idf1": float(identity["IDF1"]), "id_precision": float(identity["IDP"]),
        "id_recall": float(identity["IDR"]), "hota": mean("HOTA"), "det_a": mean("DetA"), "ass_a": mean("AssA"),
        "det_recall": mean("DetRe"), "det_precision": mean("DetPr"), "ass_recall": mean("AssRe"),
        "ass_precision": mean("AssPr"), "loc_a": mean("LocA"), "hits": whole(clear["CLR_TP"]),
        "misses": whole(clear["CLR_FN"]), "false_alarms": whole(clear["CLR_FP"]), "id_switches": whole(clear["IDSW"]),
        "fragments": whole(clear["Frag"]), "mostly_tracked": whole(clear["MT"]), "mostly_lost": whole(clear["ML"]),
    }


# ---- boxes

CLASSES = ["person", "car", "truck", "motorcycle", "bench", "dog"]  # No dog is to be found, and nobody finds a bench.
GROUPS = [0, 1, 1, 1, 2, 3]


def pictures(seed, count=48):
    rng = random.Random(seed)
    images, annotations, results = [], [], []
    for image in range(1, count + 1):
        images.append({"id": image * 7 % 101, "file_name": f"{image}.jpg", "width": 640, "height": 480})
        if image % 12 == 0:
            continue  # Nothing there, and nothing found.
        for _ in range(rng.randint(0, 9)):
            label = rng.choices(range(5), weights=[8, 6, 3, 4, 1])[0]
            w, h = rng.choice([(8, 16), (32, 32), (20, 50), (60, 90), (96, 96), (150, 200), (rng.uniform(5, 300), rng.uniform(5, 200))])
            x, y = rng.randint(0, 40) * 8, rng.randint(0, 30) * 8
            crowd = int(rng.random() < 0.08)
            annotations.append({
                "id": len(annotations) + 1, "image_id": images[-1]["id"], "category_id": label + 1, "iscrowd": crowd,
                "bbox": [x, y, round(w, 2), round(h, 2)], "area": round(w * h * rng.choice([1, 1, 0.7]), 2), "ignore": int(rng.random() < 0.1),
            })
            for _ in range(rng.choice([0, 1, 1, 1, 2, 4 if crowd else 1])):
                shift = lambda v, by: v + rng.choice([0, 0, 0.1, -0.1, 0.2, 0.35]) * by
                other = rng.choice([1, 2]) if label in (1, 2) and rng.random() < 0.3 else label
                if other == 4:
                    continue
                results.append({
                    "image_id": images[-1]["id"], "category_id": other + 1, "score": round(rng.uniform(0.05, 1), 2),
                    "bbox": [round(v, 2) for v in (shift(x, w), shift(y, h), w * rng.choice([1, 1, 0.8, 1.3]), h)],
                })
        for _ in range(rng.choice([0, 0, 1, 3])):
            results.append({
                "image_id": images[-1]["id"], "category_id": rng.choice([1, 2, 3, 4, 6]), "score": round(rng.uniform(0.05, 0.7), 2),
                "bbox": [rng.randint(0, 500), rng.randint(0, 400), rng.choice([12, 32, 96, 130]), rng.choice([12, 32, 96, 130])],
            })
        if image == 5:  # More than 100 of one class, some of them right.
            for at in range(120):
                results.append({"image_id": images[-1]["id"], "category_id": 2, "score": round(0.2 + at / 400, 3), "bbox": [at * 4, 8, 32, 32]})
            annotations += [{
                "id": len(annotations) + k + 1, "image_id": images[-1]["id"], "category_id": 2, "iscrowd": 0,
                "bbox": [at * 4, 8, 32, 32], "area": 1024, "ignore": 0,
            } for k, at in enumerate([3, 30, 118])]
    rng.shuffle(results)
    categories = [{"id": at + 1, "name": name} for at, name in enumerate(CLASSES)]
    return {"images": images, "categories": categories, "annotations": annotations}, results


def write(name, items):
    """A list an item a line, so that a change is seen."""
    if isinstance(items, list):
        body = "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]\n"
    else:
        body = "{\n" + ",\n".join(f'"{key}": [\n' + ",\n".join(json.dumps(v) for v in items[key]) + "\n]" for key in items) + "\n}\n"
    (FIXTURES / "boxes" / name).write_text(body)


def precision(truth, results):
    with contextlib.redirect_stdout(None):
        gt = COCO()
        gt.dataset = json.loads(json.dumps(truth))
        gt.createIndex()
        judge = COCOeval(gt, gt.loadRes(json.loads(json.dumps(results))), "bbox")
        judge.evaluate()
        judge.accumulate()
    precisions, recalls = judge.eval["precision"], judge.eval["recall"]
    mean = lambda of: float(np.mean(of[of > -1])) if (of > -1).any() else None

    def of(classes, size):
        own, recall = precisions[:, :, classes, size, 2], recalls[:, classes, size, 2]
        if not (own > -1).any():
            return None
        return {"ap": mean(own), "ap50": mean(own[0]), "ap75": mean(own[5]), "ar": mean(recall)}

    sizes = range(4)
    count = precisions.shape[2]
    return {"classes": [[of([k], size) for size in sizes] for k in range(count)], "mean": [of(list(range(count)), size) for size in sizes]}


def grouped(truth, results):
    group = lambda items: [{**item, "category_id": GROUPS[item["category_id"] - 1] + 1} for item in items]
    categories = [{"id": at + 1, "name": str(at)} for at in range(max(GROUPS) + 1)]
    return {**truth, "categories": categories, "annotations": group(truth["annotations"])}, group(results)


def main():
    for folder in ("tracks", "boxes"):
        (FIXTURES / folder).mkdir(parents=True, exist_ok=True)
    sequences = [
        sequence("street", 17, 2017), sequence("square", 15, 2015),
        # Boxes on a grid: many are equal, and many overlap by exactly a half.
        sequence("grid", 20, 2017, count=30, step=10, noise=7),
    ]
    with contextlib.redirect_stdout(None):
        tracks = score_tracks(sequences)
    truth, results = pictures(23)
    write("truth.json", truth)
    write("results.json", results)
    said = {"tracks": tracks, "boxes": precision(truth, results), "groups": precision(*grouped(truth, results))}
    (FIXTURES / "said.json").write_text(json.dumps(said, indent=1) + "\n")
    json.dump({name: {k: of[k] for k in ("mota", "idf1", "hota", "id_switches", "fragments")} for name, of in tracks.items()}, sys.stdout, indent=1)
    print(said["boxes"]["mean"])


main()
