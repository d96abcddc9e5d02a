"""Arithmetic on what was measured, and the reading of metrics."""

import math
import re

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def median(values):
    """The middle one; of an even number, the mean of the two in the middle."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values, so no median")
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def ratio(one, other):
    """How many times the other; None when the other is nothing, or one of them was not measured."""
    if one is None or not other:
        return None
    return one / other


def quantile(values, share):
    """The smallest value that `share` of all do not exceed (nearest rank); None of no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def histogram_quantile(buckets, share):
    """As Prometheus computes it, of {upper bound: how many up to it}: linear within a bucket.

    What lies beyond the last finite bound is told as that bound. None of an empty histogram.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0
    if not total:
        return None
    rank, below, lower = share * total, 0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank and buckets[bound] > below:
            if math.isinf(bound):
                return lower
            return lower + (bound - lower) * (rank - below) / (buckets[bound] - below)
        below = buckets[bound]
        if not math.isinf(bound):
            lower = bound
    return lower


def samples(text):
    """Prometheus's text format as {name: [(labels, value)]}."""
    found = {}
    for line in text.splitlines():
        match = SAMPLE.match(line)
        if match and not line.startswith("#"):
            name, labels, value = match.groups()
            found.setdefault(name, []).append((dict(LABEL.findall(labels or "")), float(value)))
    return found


def by_camera(metrics, name):
    """A metric's value of each camera, whatever else it is told by; empty when there is no such metric."""
    values = {}
    for labels, value in metrics.get(name, []):
        if "camera" in labels:
            values[labels["camera"]] = values.get(labels["camera"], 0) + value
    return values


def buckets(metrics, name):
    """A histogram's cumulative buckets, all cameras together, as {upper bound: how many}."""
    total = {}
    for labels, value in metrics.get(f"{name}_bucket", []):
        bound = float(labels["le"])
        total[bound] = total.get(bound, 0) + value
    return total


def less(after, before):
    """The growth of each value of a dict; what was not there before grew from 0."""
    return {key: value - before.get(key, 0) for key, value in after.items()}
