"""Tables, ratios and plots of what was measured."""

from . import figures, plot
from .cases import AGE_P99_MOST_MS, BOX_CPU_MOST_PCT, KEPT_LEAST
from .measure import OTHERS_MOST_PCT

WORDS = {
    "cpu_ms": "CPU-ms per camera-second",
    "kept": "looks kept, of those needed",
    "evenness": "looks of the camera that had fewest, of the mean",
    "box_cpu_pct": "CPU of the box, %",
    "pss_mib": "memory of all processes (PSS), MiB",
    "age_p99_ms": "age of a look p99, ms",
    "delay_p95_ms": "frame → MQTT p95, ms",
    "borne": "cameras borne",
    "growth": "CPU-ms per camera-second at the most cameras borne, times that at one",
}
HEADINGS = (
    "side",
    "CPU-ms per camera-second (least–most)",
    "looks a second and camera",
    "kept, of those needed",
    "evenness",
    "by a gate, of all looks",
    "a gate was waited for, s",
    "CPU-ms per look",
    "CPU of the box, %",
    "PSS, MiB",
    "RSS, MiB",
    "look age p50 / p95 / p99, ms",
    "frame → MQTT p50 / p95, ms",
    "incidents",
    "simulated cameras, % of the box",
    "others, % of the box",
)


def number(value, digits=0):
    return "–" if value is None else f"{value:.{digits}f}"


def together(case, names, digits=0):
    return " / ".join(number(case[name], digits) for name in names)


class Measured:
    """The rounds of one case: rows of (cameras, side, round, figures or why there are none)."""

    def __init__(self, case, rows):
        self.case, self.rows = case, rows
        self.sides = [side for side in case.sides if any(row["side"] == side for row in rows)]
        self.counts = sorted({row["cameras"] for row in rows})

    def good(self, cameras, side):
        return [r["figures"] for r in self.rows if (r["cameras"], r["side"]) == (cameras, side) and "figures" in r]

    def failures(self):
        return [row for row in self.rows if "failed" in row]

    def median(self, cameras, side):
        """Each figure's median over the rounds; None when the side has no good one."""
        rounds = self.good(cameras, side)
        if not rounds:
            return None
        values = {name: [figures_of[name] for figures_of in rounds] for name in rounds[0]}
        return {
            name: None if any(v is None for v in of) else figures.median(of) for name, of in values.items()
        }

    def value(self, figure, side):
        """A figure as targets mean it: of the only number of cameras, or of how many are borne."""
        if figure == "borne":
            return self.borne(side)
        if figure == "growth":
            return self.growth(side)
        case = self.median(self.counts[0], side)
        return None if case is None else case[figure]

    def borne(self, side):
        """The most cameras up to which each number was borne; None where the side was not measured."""
        most = 0 if side in self.sides else None
        for cameras in self.counts:
            case = self.median(cameras, side)
            if case is None or not is_borne(case):
                return most
            most = cameras
        return most

    def growth(self, side):
        """What a camera costs among the most that are borne, times what it costs alone."""
        if not (most := self.borne(side)):
            return None
        return figures.ratio(self.median(most, side)["cpu_ms"], self.median(self.counts[0], side)["cpu_ms"])


def keeps(case):
    return case["kept"] is None or case["kept"] >= KEPT_LEAST


def is_borne(case):
    prompt = case["age_p99_ms"] is None or case["age_p99_ms"] <= AGE_P99_MOST_MS
    return keeps(case) and prompt and case["box_cpu_pct"] <= BOX_CPU_MOST_PCT


def row(side, case, rounds):
    spread = [one["cpu_ms"] for one in rounds]
    cells = (
        side,
        f"{case['cpu_ms']:.1f} ({min(spread):.1f}–{max(spread):.1f})",
        number(case["looks_hz"], 2),
        number(case["kept"], 2),
        number(case.get("evenness"), 2),
        number(case.get("gated"), 2),
        number(case.get("learnt_secs")),
        number(case["cpu_ms_look"], 1),
        number(case["box_cpu_pct"], 1),
        number(case["pss_mib"]),
        number(case["rss_mib"]),
        together(case, ("age_p50_ms", "age_p95_ms", "age_p99_ms")),
        together(case, ("delay_p50_ms", "delay_p95_ms")),
        number(case["incidents"]),
        number(case["cameras_cpu_pct"], 1),
        number(case["others_cpu_pct"], 1),
    )
    return "| " + " | ".join(cells) + " |"


def tables(measured):
    """A table for each number of cameras."""
    text = ""
    for cameras in measured.counts:
        lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
        for side in measured.sides:
            if case := measured.median(cameras, side):
                lines.append(row(side, case, measured.good(cameras, side)))
        title = f"{cameras} cameras:\n\n" if measured.case.grows else ""
        text += title + "\n".join(lines) + "\n\n"
    return text


def ratios(measured):
    """Viahe against each other side, then what the targets say."""
    lines = []
    figure = "borne" if measured.case.grows else "cpu_ms"
    own = measured.value(figure, "viahe")
    if measured.case.grows:
        lines += [f"- {side}: {measured.borne(side)} cameras borne" for side in measured.sides]
    for side in measured.sides:
        if side != "viahe" and (times := figures.ratio(own, measured.value(figure, side))) is not None:
            lines.append(f"- {WORDS[figure]}: viahe / {side} = {times:.3f}")
    lines += [line for target in measured.case.targets if (line := judged(measured, target))]
    return "\n".join(lines) + "\n"


def judged(measured, target):
    """One target in words; None where what it needs was not measured."""
    value = measured.value(target.figure, "viahe")
    if target.against:
        value = figures.ratio(value, measured.value(target.figure, target.against))
    if value is None:
        return None
    bound = f"at most {target.most:.3g}" if target.most is not None else f"at least {target.least:.3g}"
    against = f", against {target.against}" if target.against else ""
    met = "met" if target.is_met(value) else "**not met**"
    return f"- target: {WORDS[target.figure]}{against}: {bound}; is {value:.3g}: {met}"


def warnings(measured):
    """What makes the figures worth less."""
    loud = [r["figures"]["others_cpu_pct"] for r in measured.rows if "figures" in r]
    lines = []
    if loud and max(loud) > OTHERS_MOST_PCT:
        lines.append(f"The box was not quiet: others used up to {max(loud):.0f} % of it. Trust ratios of CPU time, not ages and delays.")
    lines += [
        f"{side} kept {case['kept']:.2f} of its looks at {cameras} cameras: its CPU-ms per camera-second is of less work, compare those per look."
        for cameras in measured.counts
        for side in measured.sides
        if (case := measured.median(cameras, side)) and not keeps(case)
    ]
    lines += [
        f"No gate acted at {side} with {cameras} cameras: its CPU-ms per camera-second is that of looking at each picture that is due."
        for cameras in measured.counts
        for side in measured.sides
        if measured.case.learns and (case := measured.median(cameras, side)) and case.get("gated") == 0
    ]
    lines += [
        f"FAILED: {r['side']}, {r['cameras']} cameras, round {r['round']}: {r['failed'].splitlines()[0]}"
        for r in measured.failures()
    ]
    return "".join(f"{line}\n" for line in lines)


def plots(measured):
    """{file name: SVG} of a case."""
    case, unit = measured.case, WORDS["cpu_ms"]
    if not case.grows:
        values = {side: v for side in measured.sides if (v := measured.value("cpu_ms", side)) is not None}
        return {f"{case.name}.svg": plot.bars(case.words.split(";")[0], unit, values)} if values else {}

    def series(figure):
        lines = {}
        for side in measured.sides:
            medians = [(n, m[figure]) for n in measured.counts if (m := measured.median(n, side))]
            if medians and all(value is not None for _, value in medians):
                lines[side] = medians
        return lines

    made = {"cpu": ("cpu_ms", unit), "kept": ("kept", WORDS["kept"])}
    return {
        f"{case.name}-{name}.svg": plot.lines(case.clip.words, words, lines)
        for name, (figure, words) in made.items()
        if (lines := series(figure))
    }
