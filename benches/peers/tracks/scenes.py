"""Made scenes whose truth is known, always the same ones: walkers, cars and motorbikes on a street of 1280x720 px, 25 Hz.

Things hide each other, stop and go; a hidden one is a short box of low score, or none. The detector misses in bursts, its
errors lean one way for about 0.4 s, its false boxes come alone or flicker at one place for seconds, mostly of low score.
"""

from dataclasses import dataclass, field

import numpy as np

from .sequences import Frame

WIDTH, HEIGHT, HZ = 1280, 720, 25
DT = 1 / HZ
WALKER, CAR, MOTORBIKE = range(3)


@dataclass(frozen=True)
class Street:
    things: int = 12
    seconds: int = 20
    #: Share of vehicles at 2.5 to 7 sizes a second.
    fast: float = 0.1
    #: Share of things that the detector gives 0.3 to 0.6.
    faint: float = 0.25
    #: Places where there seems to be something now and then.
    clutter: int = 4
    #: False boxes a frame.
    false: float = 0.6
    #: Outages of the detector a second, of half a second to two.
    outages: float = 0.0


STREETS = {
    "street": Street(),
    "crowd": Street(things=28, fast=0.03),
    "outages": Street(outages=0.15),
    "fast": Street(things=8, fast=0.6),
    "faint": Street(faint=0.7, clutter=10, false=1.5),
}


@dataclass
class Thing:
    id: int
    x: float
    foot: float
    width: float
    height: float
    speed: float
    rise: float
    fast: bool
    score: float
    standing: float = 0.0
    missed: float = 0.0
    lean: np.ndarray = field(default_factory=lambda: np.zeros(4))

    @staticmethod
    def enter(id, street, dice, anywhere):
        kind = dice.choice(3, p=[0.6, 0.25, 0.15])
        foot = dice.uniform(0.35, 1.0) * HEIGHT
        height = 0.36 * foot * dice.uniform(0.85, 1.15) * (1.0, 0.7, 0.6)[kind]
        width = height * dice.uniform(*((0.35, 0.5), (1.4, 2.4), (0.7, 1.2))[kind])
        fast = kind != WALKER and dice.random() < street.fast
        pace = dice.uniform(*((2.5, 7.0) if fast else ((0.3, 1.1), (0.4, 2.0), (0.6, 2.0))[kind]))
        way = 1 if dice.random() < 0.5 else -1
        side = -0.45 * width if way > 0 else WIDTH + 0.45 * width
        faint = dice.random() < street.faint
        thing = Thing(
            id,
            x=dice.uniform(0, WIDTH) if anywhere else side,
            foot=foot,
            width=width,
            height=height,
            speed=pace * way * (width + height) / 2,
            rise=dice.normal() * 0.04 * height,
            fast=fast,
            score=dice.uniform(0.3, 0.6) if faint else dice.uniform(0.75, 0.99),
        )
        if anywhere and kind == CAR and not fast and dice.random() < 0.3:
            thing.standing = np.inf
        return thing

    def go(self, dice):
        if self.standing > 0:
            self.standing -= DT
        elif not self.fast and dice.random() < 0.03 * DT:
            self.standing = dice.uniform(2, 10)
        else:
            self.x += self.speed * DT
            self.foot += self.rise * DT
            if not self.fast:
                self.speed += dice.normal() * 0.15 * self.height * DT**0.5

    @property
    def gone(self):
        return not -0.6 * self.width < self.x < WIDTH + 0.6 * self.width

    @property
    def box(self):
        half = self.width / 2
        return np.array([self.x - half, self.foot - self.height, self.x + half, self.foot])

    def seen(self, hidden, dice):
        """Box and score, or none."""
        self.missed -= DT
        if self.missed <= 0 and dice.random() < 0.06 * DT / 0.15:
            self.missed = 0.15
        keep = np.exp(-DT / 0.4)
        self.lean = self.lean * keep + dice.normal(size=4) * np.sqrt(1 - keep**2)
        score = self.score - 0.6 * max(hidden - 0.15, 0) + dice.normal() * 0.06
        if self.missed > 0 or hidden > 0.65 or score < 0.1 or dice.random() < 0.03:
            return None
        size = (self.width + self.height) / 2
        right, down, wider, higher = self.lean
        width, height = self.width * np.exp(0.07 * wider), self.height * np.exp(0.06 * higher)
        x, y = self.x + 0.03 * size * right, self.foot - self.height / 2 + 0.03 * size * down
        if hidden > 0.3:
            y -= 0.15 * hidden * height
            height *= 1 - 0.3 * hidden
        return [x - width / 2, y - height / 2, x + width / 2, y + height / 2], min(score, 0.999)


class Clutter:
    """Where there seems to be something now and then."""

    def __init__(self, dice):
        self.x, self.y = dice.uniform(50, WIDTH - 50), dice.uniform(150, HEIGHT)
        self.height, self.score, self.left = dice.uniform(40, 200), dice.uniform(0.15, 0.55), 0.0

    def seen(self, dice):
        self.left -= DT
        if self.left <= 0 and dice.random() < 0.15 * DT:
            self.left = dice.uniform(0.2, 2.5)
        if self.left <= 0 or dice.random() > 0.6:
            return None
        x, y = (at + dice.normal() * 0.04 * self.height for at in (self.x, self.y))
        height = self.height * np.exp(dice.normal() * 0.08)
        half = 0.225 * height
        return [x - half, y - height, x + half, y], float(np.clip(self.score + dice.normal() * 0.08, 0.1, 0.9))


def stray(dice):
    height, x, y = dice.uniform(30, 220), dice.uniform(0, WIDTH), dice.uniform(100, HEIGHT)
    half = height * dice.choice([0.225, 0.8])
    return [x - half, y - height, x + half, y], float(min(0.1 + dice.exponential(0.15), 0.85))


def area(box):
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def common(a, b):
    return area([max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])])


def make(street, seed):
    dice = np.random.default_rng(seed)
    things = [Thing.enter(id, street, dice, anywhere=True) for id in range(1, street.things + 1)]
    clutter = [Clutter(dice) for _ in range(street.clutter)]
    next_id, outage, frames = street.things + 1, 0.0, []
    for _ in range(street.seconds * HZ):
        for k, thing in enumerate(things):
            thing.go(dice)
            if thing.gone:
                things[k] = Thing.enter(next_id, street, dice, anywhere=False)
                next_id += 1
        outage -= DT
        if outage <= 0 and dice.random() < street.outages * DT:
            outage = dice.uniform(0.5, 2.0)
        frames.append(look(street, things, clutter, outage > 0, dice))
    return frames


def look(street, things, clutter, out, dice):
    true, seen = [], []
    boxes = [thing.box for thing in things]
    for thing, box in zip(things, boxes):
        if common(box, [0, 0, WIDTH, HEIGHT]) < 0.5 * area(box):
            continue
        true.append((thing.id, box))
        nearer = [other for t, other in zip(things, boxes) if t.foot > thing.foot]
        hidden = max((common(box, other) / area(box) for other in nearer), default=0.0)
        found = thing.seen(hidden, dice)
        seen += [found] if found and not out else []
    seen += [found for found in (place.seen(dice) for place in clutter) if found]
    seen += [stray(dice) for _ in range(dice.poisson(street.false))]
    return Frame(
        np.array([box for box, _ in seen]).reshape(-1, 4),
        np.array([score for _, score in seen]),
        np.array([id for id, _ in true], dtype=int),
        np.array([box for _, box in true]).reshape(-1, 4),
    )


def all_scenes():
    return [(f"made: {name}", make(street, 100 + n)) for n, (name, street) in enumerate(STREETS.items())]


def walkers(objects, hz=5, frames=300):
    """Boxes and scores of each frame, of walkers as benches/tracker.rs has."""
    dice = np.random.default_rng(42)
    x, y = dice.uniform(0, 1920, objects), dice.uniform(300, 1000, objects)
    height = 0.2 * y
    speed = dice.uniform(-1, 1, objects) * height
    made = []
    for _ in range(frames):
        x = (x + speed / hz) % 1920
        seen = dice.uniform(size=objects) >= 0.1
        right, down = (dice.uniform(-0.05, 0.05, objects) * height for _ in range(2))
        half = 0.2 * height
        boxes = np.stack([x + right - half, y + down - height, x + right + half, y + down], axis=1)[seen]
        made.append((boxes, dice.uniform(0.4, 1.0, len(boxes))))
    return made
