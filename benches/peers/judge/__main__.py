"""`make bench-peers`: viahe beside its peers in one run, by turns.

Without names it measures all cases, and says first how long that takes at most: up to a day on a quiet box. CPU is that of all processes of a side, user and
system. Results are kept in FOLDER/results.json: a case that is measured again replaces what was there of it.
"""

import argparse
import datetime
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from . import report, system
from .cases import CASES, SHORT, WHOLE, minutes
from .children import Failed
from .measure import Tools, measure
from .results import Results
from .sides import ROOT, sides


def say(text):
    print(text, flush=True)


def arguments():
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="bench-peers", description=__doc__, formatter_class=as_written)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(case.name for case in CASES)}")
    parser.add_argument("--viahe", type=Path, default=ROOT / "target" / "release" / "viahe", metavar="PROGRAM")
    parser.add_argument("--before", type=Path, metavar="PROGRAM", help="a viahe of before, to put beside")
    parser.add_argument("--sides", help="only these, divided by commas")
    parser.add_argument("--short", action="store_true", help=f"one round of {SHORT.window_secs} s; for development only")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench-peers", metavar="FOLDER")
    parser.add_argument(
        "--page", type=Path, metavar="PAGE.md", help="put all results between the marks of this page; without names, measure nothing"
    )
    options = parser.parse_args()
    unknown = set(options.cases) - {case.name for case in CASES}
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}; there are {', '.join(case.name for case in CASES)}")
    return options


def tools():
    mosquitto = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if mosquitto is None:
        raise Failed("mosquitto is missing; make setup brings it")
    return mosquitto, Path(os.environ.get("VIAHE_DEPS") or ROOT / ".deps").resolve()


def about(options, times):
    """When, where and of what."""
    when = datetime.date.today().isoformat()
    version = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    how = f"{times.rounds} round(s) of {times.window_secs} s, medians" + ("; **a short run, not to be told**" if times is SHORT else "")
    return f"{when}, {system.machine()}; viahe at {version}; {how}."


def run_case(case, chosen, clip, times, tools, results):
    """All rounds of a case, sides by turns; a side that no longer keeps its looks does not grow further."""
    going = [chosen[name] for name in case.sides if name in chosen]
    for cameras in case.cameras:
        for number in range(1, times.rounds + 1):
            for side in going:
                row = {"cameras": cameras, "side": side.name, "round": number}
                try:
                    row["figures"] = measure(case, cameras, side, clip, times, tools)
                    say(f"  {case.name} round {number}: {side.name}, {cameras} cameras: {row['figures']['cpu_ms']:.1f} CPU-ms per camera-second")
                except Failed as failure:
                    row["failed"] = str(failure)
                    say(f"  {case.name} round {number}: {side.name}, {cameras} cameras: FAILED: {failure}")
                results.add(case, row)
        measured = results.measured(case)
        going = [side for side in going if (m := measured.median(cameras, side.name)) and report.keeps(m)]
        if not going:
            return


def main():
    # Ended politely, it ends its children too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench-peers: ended"))
    options = arguments()
    results = Results(options.out)
    times = SHORT if options.short else WHOLE
    mosquitto, deps = tools()
    chosen = sides(options.viahe, options.before)
    if options.sides:
        chosen = {name: chosen[name] for name in options.sides.split(",")}
    failed = False
    cases = [case for case in CASES if case.name in options.cases or not (options.cases or options.page)]
    longest = {case.name: minutes(case, [side for side in case.sides if side in chosen], times) for case in cases}
    if len(cases) > 1:
        say(f"{len(cases)} cases, {sum(longest.values()) / 60:.1f} h at most; what is measured is kept, so it may be stopped at any time")
    for case in cases:
        say(f"{case.name}, {longest[case.name]:.0f} min at most: {case.words}")
        clip = case.clip.made(deps / "clips" / "vtest.mp4", deps / "clips-bench", say)
        results.begin(case, about(options, times))
        run_case(case, chosen, clip, times, Tools(options.viahe, mosquitto, deps), results)
        measured = results.measured(case)
        say("\n" + report.tables(measured) + report.warnings(measured) + report.ratios(measured))
        failed |= bool(measured.failures())
        results.write(options.out)
    if options.page:
        results.write_page(options.page)
    say(f"tables and plots: {options.out}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"bench-peers: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
