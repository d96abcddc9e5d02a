"""The job of benches/windows.rs in bytewax: a ten-minute sum every minute, by key, over made-up readings.

Prints one line of JSON: seconds, readings, results and the sum of all results in millionths (a checksum).
usage: windows.py READINGS KEYS
"""

import json
import sys
import time
from datetime import datetime, timedelta, timezone

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.dataflow import Dataflow
from bytewax.inputs import StatelessSourcePartition, DynamicSource
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import cluster_main

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
MASK = (1 << 64) - 1
BATCH = 1_000


def readings(count, keys):
    """Each reading 1 ms after the one before, keys in turn, 0 to 999 thousandths by a congruential generator."""
    seed = 42
    for i in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) & MASK
        yield str(i % keys), (i, (seed >> 40) % 1000)


class Batches(StatelessSourcePartition):
    def __init__(self, items):
        self.items, self.at = items, 0

    def next_batch(self):
        if self.at >= len(self.items):
            raise StopIteration
        batch = self.items[self.at : self.at + BATCH]
        self.at += BATCH
        return batch


class Source(DynamicSource):
    def __init__(self, items):
        self.items = items

    def build(self, step_id, worker_index, worker_count):
        return Batches(self.items)


class Totals(StatelessSinkPartition):
    def __init__(self, totals):
        self.totals = totals

    def write_batch(self, items):
        for _key, (_window, value) in items:
            self.totals[0] += 1
            self.totals[1] += value


class Sink(DynamicSink):
    def __init__(self, totals):
        self.totals = totals

    def build(self, step_id, worker_index, worker_count):
        return Totals(self.totals)


def main():
    count, keys = int(sys.argv[1]), int(sys.argv[2])
    items = list(readings(count, keys))
    totals = [0, 0]
    flow = Dataflow("sums")
    stream = op.input("in", flow, Source(items))
    clock = win.EventClock(lambda r: START + timedelta(milliseconds=r[0]), wait_for_system_duration=timedelta(0))
    windower = win.SlidingWindower(
        length=timedelta(minutes=10), offset=timedelta(minutes=1), align_to=START - timedelta(hours=1)
    )
    sums = win.fold_window(
        "sum", stream, clock, windower, lambda: 0, lambda total, r: total + r[1], lambda a, b: a + b
    )
    op.output("out", sums.down, Sink(totals))
    started = time.perf_counter()
    cluster_main(flow, [], 0)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "readings": count, "results": totals[0], "checksum": totals[1]}))


if __name__ == "__main__":
    main()
