"""Python's trackers beside viahe's live one: on the same detections, scored by one evaluator, in one run.

benches/peers/setup.sh
.deps/venv-peers/bin/python benches/peers/tracker.py quality --viahe target/release/viahe [--sequences FOLDER]
.deps/venv-peers/bin/python benches/peers/tracker.py speed

`quality` prints MOTA and IDF1 at 25, 5, 2.5 and 1 Hz, first on made scenes (tracks/scenes.py), then on sequences in
MOTChallenge's layout (FOLDER/NAME/det.txt and gt.txt, 25 frames a second). A sequence is thinned in every way that a
rate allows, each way with new trackers, and the ways are scored together, so that each frame counts once at each rate.
`speed` prints a line of JSON for each tracker and number of objects: the fastest of five times, in µs an update.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from tracks import peers, scenes, score, sequences, viahe

RATES = {25.0: 1, 5.0: 5, 2.5: 10, 1.0: 25}


def rows(sides, sequence, hz, stride):
    """Of each side: its name, and its score over all ways to thin a sequence."""
    ways = [sequence[phase::stride] for phase in range(stride)]
    for name, track in sides:
        yield name, score.together([score.of(way, track(way, hz)) for way in ways])


def quality(program, folder):
    found = scenes.all_scenes()
    found += sequences.all_in(folder) if folder else []
    for title, sequence in found:
        for hz, stride in RATES.items():
            sides = [("viahe", viahe.tracker(program))] + peers.all_of(hz)
            table = list(rows(sides, sequence, hz, stride))
            others = [told for name, told in table if name != "viahe"]
            best = f"{max(o.mota for o in others):.1f} / {max(o.idf1 for o in others):.1f}"
            print(f"\n{title}, {hz:g} Hz; the best of the others: MOTA {best} IDF1", flush=True)
            for name, told in table:
                print(f"  {name:34} {told}", flush=True)


def speed():
    for objects in (10, 50, 100):
        frames = scenes.walkers(objects)
        for name, make in peers.timed(hz=5.0):
            best_us = min(once(make, frames) for _ in range(5))
            print(json.dumps({"name": name, "objects": objects, "best_us": round(best_us, 1)}), flush=True)


def once(make, frames):
    tracker = make()
    prepared = [tracker.prepare(boxes, scores) for boxes, scores in frames]
    started = time.perf_counter()
    for frame in prepared:
        tracker.update(frame)
    return (time.perf_counter() - started) * 1e6 / len(frames)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    of_quality = commands.add_parser("quality")
    of_quality.add_argument("--viahe", required=True, type=Path, help="the program, built")
    of_quality.add_argument("--sequences", type=Path, help="folder of folders with det.txt and gt.txt")
    commands.add_parser("speed")
    said = parser.parse_args()
    if said.command == "speed":
        speed()
    else:
        quality(said.viahe, said.sequences)


if __name__ == "__main__":
    sys.exit(main())
