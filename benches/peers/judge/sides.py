"""The programs that are measured: how each is started, and what it says of its looks."""

import re
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import figures
from .children import free_port

ROOT = Path(__file__).resolve().parents[3]
PEERS = ROOT / "benches" / "peers"
# Looks that were inferred, and those that a gate answered because nothing had changed (not in each version).
LOOKS, GATED = "viahe_frames_inferred_total", "viahe_looks_gated_total"
WANTED = "viahe_camera_looks_wanted_hz"
# The longest time between looks that rules bear (not in each version): so many are needed, and the others are welcome.
GAP_MAX = "viahe_camera_look_gap_max_seconds"
AGES = "viahe_look_age_seconds"
SHARES = (0.50, 0.95, 0.99)
LOOK_LINE = re.compile(r"^look (\S+) (\S+) (\S+) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Street:
    """What a side is given to watch."""

    cameras: dict  # name -> address
    rule: object
    gop_secs: float
    broker_port: int
    folder: Path
    deps: Path


@dataclass(frozen=True)
class Seen:
    """What a side did between two of its words; ages in ms at SHARES."""

    looks: dict
    # Of a camera, on average.
    needed_hz: float | None
    ages_ms: tuple
    # Those of the looks that a gate answered; None of a side without gates.
    gated: int | None = None


def write_pipeline(street, metrics_port):
    """Viahe's pipeline for a street, with the bench's own entries of the catalogue beside it."""
    catalogue = street.folder / "catalogue"
    catalogue.mkdir()
    for entry in (PEERS / "catalogue").glob("*.toml"):
        (catalogue / entry.name).write_bytes(entry.read_bytes())
    head = (
        '[site]\nid = "bench"\ntimezone = "Asia/Ho_Chi_Minh"\n\n'
        f'[mqtt]\nurl = "mqtt://127.0.0.1:{street.broker_port}"\n\n'
        f'[engine]\nstate_dir = "state"\nlisten = "127.0.0.1:{metrics_port}"\nthreads = 1\n\n'
        '[model.street]\npackage = "ssdlite-coco"\n'
    )
    cameras = (
        f'\n[[camera]]\nid = "{name}"\nurl = "{url}"\nmodel = "street"\ntransport = "tcp"\n\n{place_and_rule(street.rule)}'
        for name, url in street.cameras.items()
    )
    pipeline = street.folder / "bench.toml"
    pipeline.write_text(head + "".join(cameras))
    return pipeline


def place_and_rule(rule):
    """What each camera has in common."""
    where = ", ".join(f"[{x}, {y}]" for x, y in rule.where)
    # A rule has a zone, also when it asks only for a line.
    zone = "[0, 0], [1, 0], [1, 1], [0, 1]" if rule.is_line else where
    line = f"[camera.line.gate]\npoints = [{where}]\n\n" if rule.is_line else ""
    used = 'zone = "kerb"\n' + ('line = "gate"\n' if rule.is_line else "")
    parameters = "".join(f"{key} = {value}\n" for key, value in rule.parameters)
    return f'[camera.zone.kerb]\npolygon = [{zone}]\n\n{line}[[camera.rule]]\nuse = "{rule.entry}"\n{used}{parameters}'


class Viahe:
    """An engine, told by its metrics."""

    looks = True

    def __init__(self, name, program):
        self.name, self.program = name, program

    def start(self, street, children):
        port = free_port()
        pipeline = write_pipeline(street, port)
        self.metrics_url = f"http://127.0.0.1:{port}/metrics"
        self.child = children.start(self.name, [self.program, "run", pipeline], cwd=ROOT)

    def word(self):
        """Its counters so far; nothing while it does not answer."""
        try:
            with urllib.request.urlopen(self.metrics_url, timeout=5) as answer:
                return figures.samples(answer.read().decode())
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}

    @staticmethod
    def gated(word):
        """Looks that a gate answered, by camera; empty of a version without gates."""
        return figures.by_camera(word, GATED)

    def looked(self, word):
        gated = self.gated(word)
        return {name: int(count + gated.get(name, 0)) for name, count in figures.by_camera(word, LOOKS).items()}

    @staticmethod
    def needed(word):
        """Looks a second that the rules of each camera need."""
        gaps = figures.by_camera(word, GAP_MAX)
        return [min(hz, 1 / gaps[name]) if gaps.get(name) else hz for name, hz in figures.by_camera(word, WANTED).items()]

    def between(self, one, other):
        looks = figures.less(self.looked(other), self.looked(one))
        ages = figures.less(figures.buckets(other, AGES), figures.buckets(one, AGES))
        secs = [figures.histogram_quantile(ages, share) for share in SHARES]
        # Gauges, as they were at both ends: rules need more while something happens.
        needed = [hz for word in (one, other) for hz in self.needed(word)]
        needed_hz = sum(needed) / len(needed) if needed else None
        gated = figures.less(self.gated(other), self.gated(one))
        ages_ms = tuple(None if age is None else age * 1e3 for age in secs)
        return Seen(looks, needed_hz, ages_ms, int(sum(gated.values())) if gated else None)


class Peer:
    """`street.py`, told by its log."""

    looks = True

    @staticmethod
    def gated(word):
        return {}

    def __init__(self, name, decode, hz=None):
        self.name, self.decode, self.hz = name, decode, hz

    def start(self, street, children):
        hz = self.hz or street.rule.hz
        # One look in each group of pictures is all that key frames allow.
        self.needed_hz = min(hz, 1 / street.gop_secs) if self.decode == "key" else hz
        options = {
            "--decode": self.decode,
            "--hz": hz,
            "--weights": street.deps / "models" / "ssdlite-coco" / "ssdlite-coco.onnx",
            "--broker": street.broker_port,
            "--rule": street.rule.name,
            "--where": " ".join(f"{x},{y}" for x, y in street.rule.where),
        }
        options |= {f"--{key.replace('_', '-')}": value for key, value in street.rule.parameters}
        command = [street.deps / "venv-peers" / "bin" / "python", PEERS / "street.py"]
        command += [word for option in options.items() for word in option]
        command += [f"{name}={url}" for name, url in street.cameras.items()]
        self.child = children.start(self.name, command)

    def word(self):
        return self.child.log.read_text(errors="replace")

    def looked(self, word):
        return Counter(camera for _, camera, _, _ in LOOK_LINE.findall(word))

    def between(self, one, other):
        lines = LOOK_LINE.findall(other[len(one) :])
        ages = [float(age) for _, _, age, _ in lines]
        looks = {camera: 0 for camera in self.looked(other)} | Counter(camera for _, camera, _, _ in lines)
        return Seen(looks, self.needed_hz, tuple(figures.quantile(ages, share) for share in SHARES))


class Floor:
    """What it costs to receive the streams and to find their pictures, and to do nothing with them."""

    name, looks = "floor", False

    def start(self, street, children):
        command = ["gst-launch-1.0", "-q"]
        for url in street.cameras.values():
            source = ["rtspsrc", f"location={url}", "protocols=tcp", "latency=200"]
            command += [*source, "!", "rtph264depay", "!", "h264parse", "!", "fakesink"]
        self.child = children.start(self.name, command)

    def word(self):
        return {}

    @staticmethod
    def gated(word):
        return {}

    def looked(self, word):
        return {}

    def between(self, one, other):
        return Seen({}, None, (None,) * len(SHARES))


def sides(program, before=None):
    """All sides there are, by name; without a program of before, not that one."""
    known = [Viahe("viahe", program), Peer("p1", "key", 1.0), Peer("p5", "all", 5.0), Floor()]
    if before:
        known.append(Viahe("before", before))
    return {side.name: side for side in known}
