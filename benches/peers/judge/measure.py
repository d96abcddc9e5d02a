"""One measurement: a street of simulated cameras, a broker, a centre, and one side that watches."""

import os
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import figures, system
from .children import Children, Failed, answers, free_port
from .incidents import Centre
from .sides import Street

# Bounds of failure, not times that are measured.
SERVES_WITHIN_SECS, LOOKS_WITHIN_SECS, TELLS_WITHIN_SECS = 30, 120, 40
# One process of simulated cameras serves so many.
MOUNTS_MAX = 16
# Of the box, used by what is neither side, cameras nor broker: more, and times say little.
OTHERS_MOST_PCT = 5


@dataclass(frozen=True)
class Tools:
    """What every measurement needs."""

    cameras_program: Path
    mosquitto: str
    deps: Path


@dataclass(frozen=True)
class Used:
    """CPU used so far, in ms; of the box, also how much there was."""

    at: float
    side: float
    cameras: float
    runner: float
    box: float
    box_all: float

    @classmethod
    def now(cls, side, others):
        box, own = system.box(), os.times()
        return cls(
            time.monotonic(),
            system.cpu_ms(side.child.session),
            sum(system.cpu_ms(child.session) for child in others),
            (own.user + own.system) * 1e3,
            box.busy * system.MS_PER_TICK,
            box.total * system.MS_PER_TICK,
        )


def measure(case, cameras, side, clip, times, tools):
    """The figures of one side with so many cameras, by name; None where there is nothing to say."""
    with tempfile.TemporaryDirectory(prefix="viahe-bench-") as folder, Children(Path(folder)) as children:
        with street_of(case, cameras, clip, tools, children) as (street, centre):
            world = list(children.all)
            side.start(street, children)
            if side.looks:
                children.wait_until(
                    f"{side.name}: a look at each of {cameras} cameras",
                    lambda: sum(count > 0 for count in side.looked(side.word()).values()) == cameras,
                    LOOKS_WITHIN_SECS,
                )
            children.sleep(max(times.settle_secs, case.settle_secs))
            learnt_secs = learn(side, children, times.learn_secs) if case.learns else None
            one, word = Used.now(side, world), side.word()
            children.sleep(max(times.window_secs, case.window_secs))
            other, last_word = Used.now(side, world), side.word()
            memory = system.memory_mib(side.child.session)
            seen = side.between(word, last_word)
            if side.looks:
                check_work(case, cameras, side, seen, centre, children)
            told = sum_up(cameras, side, seen, (one, other), memory, centre.heard())
            return told | {"learnt_secs": learnt_secs}


def learn(side, children, most_secs):
    """Waits until a gate has answered looks at each camera: how long that took; None when it did not come to it."""
    began = time.monotonic()
    while (gated := side.gated(side.word())) and not all(gated.values()):
        if time.monotonic() - began >= most_secs:
            return None
        children.sleep(1)
    return time.monotonic() - began if gated else None


@contextmanager
def street_of(case, cameras, clip, tools, children):
    """Broker, centre and cameras, and what a side is told of them."""
    port = free_port()
    children.start("mosquitto", [tools.mosquitto, "-p", port])
    children.wait_until("mosquitto answers", lambda: answers(port), SERVES_WITHIN_SECS)
    names = [f"cam-{i + 1:02}" for i in range(cameras)]
    urls = {}
    for first in range(0, cameras, MOUNTS_MAX):
        mounts = names[first : first + MOUNTS_MAX]
        command = [tools.cameras_program, "camera-sim", clip, "--port", "0", "--apart"]
        command += [word for mount in mounts for word in ("--mount", mount)]
        child = children.start(f"cameras-{first}", command)
        at = children.wait_until("simulated cameras serve", lambda child=child: port_of(child), SERVES_WITHIN_SECS)
        urls |= {mount: f"rtsp://127.0.0.1:{at}/{mount}" for mount in mounts}
    with Centre(port) as centre:
        yield Street(urls, case.rule, case.clip.gop_secs, port, children.folder, tools.deps), centre


def port_of(child):
    """The first line that is only a number."""
    lines = child.log.read_text(errors="replace").splitlines()
    return next((int(line) for line in lines if line.isdigit()), None)


def check_work(case, cameras, side, seen, centre, children):
    """A side that looks at nothing, or tells nothing, is not cheap: it is broken."""
    blind = [name for name, count in seen.looks.items() if count == 0]
    if len(seen.looks) < cameras or blind:
        raise Failed(f"{side.name} did not look at {blind or 'all cameras'} in the time that was measured")
    least = cameras if case.rule.every_camera else 1
    children.wait_until(
        f"{side.name}: incidents of {least} of {cameras} cameras",
        lambda: len({incident.camera for incident in centre.heard()}) >= least,
        TELLS_WITHIN_SECS,
    )


def sum_up(cameras, side, seen, used, memory, incidents):
    """Figures by name, from two looks at all that is counted."""
    if side.looks and not seen.needed_hz:
        raise Failed(f"{side.name} needs no looks")
    one, other = used
    secs = other.at - one.at
    looks = sum(seen.looks.values())
    side_ms, box_ms = other.side - one.side, other.box_all - one.box_all
    known_ms = side_ms + (other.cameras - one.cameras) + (other.runner - one.runner)
    delays = [incident.delay_ms for incident in incidents]
    if not side_ms:
        raise Failed(f"{side.name} used no CPU")
    return {
        "cpu_ms": side_ms / secs / cameras,
        "looks_hz": looks / secs / cameras if side.looks else None,
        # More than is needed makes up for nothing.
        "kept": min(1.0, looks / secs / cameras / seen.needed_hz) if side.looks else None,
        # Of the camera that was looked at least, by the mean of all.
        "evenness": figures.ratio(min(seen.looks.values()) * cameras, looks) if side.looks else None,
        "gated": figures.ratio(seen.gated, looks),
        "cpu_ms_look": figures.ratio(side_ms, looks),
        "box_cpu_pct": 100 * side_ms / box_ms,
        "cameras_cpu_pct": 100 * (other.cameras - one.cameras) / box_ms,
        "others_cpu_pct": max(0.0, 100 * (other.box - one.box - known_ms) / box_ms),
        "rss_mib": memory[0],
        "pss_mib": memory[1],
        "age_p50_ms": seen.ages_ms[0],
        "age_p95_ms": seen.ages_ms[1],
        "age_p99_ms": seen.ages_ms[2],
        "delay_p50_ms": figures.quantile(delays, 0.50),
        "delay_p95_ms": figures.quantile(delays, 0.95),
        "incidents": len(incidents) if side.looks else None,
    }
