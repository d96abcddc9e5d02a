"""Sequences in MOTChallenge's layout."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Frame:
    """Boxes are left, top, right and bottom in px."""

    boxes: np.ndarray
    scores: np.ndarray
    true_ids: np.ndarray
    true_boxes: np.ndarray


def corners(rows):
    return np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)


def read(folder: Path):
    seen = np.loadtxt(folder / "det.txt", delimiter=",", ndmin=2)
    true = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
    true = true[true[:, 6] > 0]
    frames = []
    for number in range(1, int(max(seen[:, 0].max(), true[:, 0].max())) + 1):
        s, t = seen[seen[:, 0] == number], true[true[:, 0] == number]
        frames.append(Frame(corners(s), s[:, 6], t[:, 1].astype(int), corners(t)))
    return frames


def all_in(folder: Path):
    """Titles and frames; folders without truth are left out."""
    have = sorted(p.parent for p in folder.glob("*/gt.txt"))
    if not have:
        raise SystemExit(f"{folder}: no folder in it has a gt.txt")
    return [(path.name, read(path)) for path in have]
