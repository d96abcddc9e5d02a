"""What is measured: cases, their cameras and sides, and what the figures should come to."""

from dataclasses import dataclass

from .clips import Clip


@dataclass(frozen=True)
class Rule:
    """What all sides are to watch for, in a form for each."""

    name: str  # as `street.py` knows it
    entry: str  # of the catalogue
    hz: float
    # Corners of a zone, or ends of a line, as fractions of the picture.
    where: tuple
    parameters: tuple = ()
    # Events that must come in the time that is measured, or the side did no work: of each camera, or of any.
    every_camera: bool = True

    @property
    def is_line(self):
        return len(self.where) == 2


def standing(dwell_secs):
    """Both cars of the clip stand in it from the first picture to the last."""
    where = ((0.80, 0.14), (1.00, 0.12), (1.00, 0.21), (0.80, 0.24))
    return Rule("standing", "illegal-parking", 1.0, where, (("dwell_secs", dwell_secs),))


# A third of the catalogue's own 180 s.
STANDING = standing(60)
# On a quiet street it says how rarely a gate may let a camera be looked at: what is learned is learned faster.
STANDING_BRIEFLY = standing(20)
# Across the square that people of the clip walk over.
CROSSING = Rule("crossing", "person-crosses", 5.0, ((0.45, 0.15), (0.55, 0.95)), every_camera=False)


@dataclass(frozen=True)
class Target:
    """A bound for a figure of viahe, or for its ratio to that of another side."""

    figure: str
    most: float | None = None
    least: float | None = None
    against: str | None = None

    def is_met(self, value):
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


@dataclass(frozen=True)
class Case:
    """Several sides watch the same cameras by turns."""

    name: str
    clip: Clip
    rule: Rule
    # How many; a case of several numbers goes on to the next as long as looks are kept.
    cameras: tuple
    sides: tuple
    targets: tuple = ()
    # At least so long before it is measured; what saves work on a street must get to know it first.
    settle_secs: int = 0
    # Measured once a gate has answered a look at each camera, where the side has one.
    learns: bool = False
    # Measured for at least so long.
    window_secs: int = 0

    @property
    def grows(self):
        return len(self.cameras) > 1

    @property
    def words(self):
        rule = "people over a line" if self.rule.is_line else "standing vehicles"
        count = f"{self.cameras[0]} to {self.cameras[-1]} cameras" if self.grows else f"{self.cameras[0]} camera(s)"
        return f"{count}: {self.clip.words}; rule: {rule}, {self.rule.hz:g} looks a second"


ALL, RESTING = ("viahe", "before", "p1", "p5", "floor"), ("viahe", "before", "p1", "floor")
# Judgement: by then the cars that stand have been told, as on a street where they stand for hours.
TOLD_SECS, TOLD_BRIEFLY_SECS = 100, 60
GROWING = (1, 2, 4, 8, 16, 32, 48, 64)
STREET, QUIET = Clip("street", "1080p", "cbr"), Clip("quiet", "1080p", "crf")
FAST = Clip("street", "720p", "cbr")

CHEAP = (
    Target("cpu_ms", most=1 / 10, against="p5"),
    Target("cpu_ms", most=1 / 1.5, against="p1"),
    Target("cpu_ms", most=1 / 6, against="before"),
)
BUSY = (
    Target("kept", least=0.99),
    Target("box_cpu_pct", most=60),
    Target("pss_mib", most=1 / 3, against="before"),
)
IDLE = (Target("cpu_ms", most=1 / 20, against="before"), Target("cpu_ms", most=1.6, against="floor"))
LINEAR = Target("growth", most=1.1)
BORNE = (Target("kept", least=0.95), Target("box_cpu_pct", most=80), Target("age_p99_ms", most=2000))
# At twice the cameras that a box bears, half of the looks are left, and each camera has its part of them.
HALVED = (Target("kept", least=0.45), Target("evenness", least=0.8))
PROMPT = (Target("delay_p95_ms", most=100), Target("delay_p95_ms", most=1 / 2, against="p5"))

# What says most in the least time comes first.
CASES = (
    Case("fast-1", FAST, CROSSING, (1,), ("viahe", "before", "p5"), PROMPT),
    Case("standing-4", STREET, STANDING, (4,), ALL, CHEAP, TOLD_SECS),
    Case("standing-16", STREET, STANDING, (16,), ALL, BUSY, TOLD_SECS),
    Case("fast-4", FAST, CROSSING, (4,), ("viahe", "before", "p5"), PROMPT),
    # Eight of them are borne on two cores: decoding and inference of one take a tenth of the box.
    Case("twice-fast-16", FAST, CROSSING, (16,), ("viahe", "p5"), HALVED),
    Case("standing-64", STREET, STANDING, (64,), ("viahe",), BORNE, TOLD_SECS, window_secs=600),
    Case("standing-1", STREET, STANDING, (1,), ALL, CHEAP, TOLD_SECS),
    Case("standing-crf-4", Clip("street", "1080p", "crf"), STANDING, (4,), ALL, CHEAP, TOLD_SECS),
    Case("standing-b-4", Clip("street", "1080p", "cbr", 2), STANDING, (4,), ALL, CHEAP, TOLD_SECS),
    Case("quiet-16", QUIET, STANDING_BRIEFLY, (16,), RESTING, IDLE, TOLD_BRIEFLY_SECS, learns=True),
    Case("quiet-cbr-16", Clip("quiet", "1080p", "cbr"), STANDING_BRIEFLY, (16,), RESTING, (), TOLD_BRIEFLY_SECS, learns=True),
    Case("scaling-fast", FAST, CROSSING, GROWING, ("viahe", "p5"), (Target("borne", least=4, against="p5"),)),
    Case("scaling-street", STREET, STANDING, GROWING, ("viahe", "before", "p1"), (Target("borne", least=48), LINEAR), TOLD_SECS),
    Case("scaling-quiet", QUIET, STANDING_BRIEFLY, GROWING, ("viahe", "before"), (Target("borne", least=64), LINEAR), TOLD_BRIEFLY_SECS, learns=True),
)


@dataclass(frozen=True)
class Times:
    """How long and how often is measured."""

    settle_secs: int
    window_secs: int
    rounds: int
    # A gate is waited for so long at most: it has to see 300 looks at an unchanged picture in one hour of the day, one
    # each 2 s where key frames are, and begins anew when the hour ends.
    learn_secs: int


WHOLE, SHORT = Times(10, 60, 3, 1500), Times(5, 20, 1, 0)

# Until cameras, broker and side are up and looking, and down again: so long at least, and for each camera so much more.
UP_AND_DOWN_SECS, UP_AND_DOWN_SECS_A_CAMERA = 15, 0.5


def minutes(case, sides, times):
    """How long a case takes at most on these sides; for one whose cameras grow, if all of them bear all cameras."""
    settle, window = max(times.settle_secs, case.settle_secs), max(times.window_secs, case.window_secs)
    each = UP_AND_DOWN_SECS + settle + window
    learning = times.learn_secs * ("viahe" in sides) + times.learn_secs * ("before" in sides) if case.learns else 0
    of = [learning + len(sides) * (each + UP_AND_DOWN_SECS_A_CAMERA * cameras) for cameras in case.cameras]
    return times.rounds * sum(of) / 60


# A number of cameras is borne when so many of the looks are kept, with so much left of the box, this soon.
KEPT_LEAST, BOX_CPU_MOST_PCT, AGE_P99_MOST_MS = 0.95, 80, 2000
