"""The arithmetic and the reading of the runner, on values worked out by hand: `python -m unittest judge.test_judge`."""

import math
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from . import children, figures, incidents, measure, plot, report, sides, system
from .cases import CASES, STANDING, Target, Times, minutes
from .clips import Clip
from .results import BEGIN, END, Results


class Figures(unittest.TestCase):
    def test_the_median_is_the_middle_of_odd_and_even_numbers(self):
        self.assertEqual(figures.median([9, 1, 5]), 5)
        self.assertEqual(figures.median([9, 1, 5, 7]), 6)
        with self.assertRaises(ValueError):
            figures.median([])

    def test_a_ratio_to_nothing_is_none(self):
        self.assertEqual(figures.ratio(3, 12), 0.25)
        self.assertIsNone(figures.ratio(3, 0))
        self.assertIsNone(figures.ratio(3, None))
        self.assertIsNone(figures.ratio(None, 3))

    def test_quantiles_are_of_the_nearest_rank(self):
        values = list(range(1, 101))
        self.assertEqual([figures.quantile(values, share) for share in (0.5, 0.95, 0.99, 1)], [50, 95, 99, 100])
        self.assertEqual(figures.quantile([7], 0.01), 7)
        self.assertIsNone(figures.quantile([], 0.5))

    def test_histograms_are_read_as_prometheus_does(self):
        buckets = {0.1: 10, 0.2: 30, 0.4: 30, math.inf: 40}
        self.assertAlmostEqual(figures.histogram_quantile(buckets, 0.25), 0.1)
        self.assertAlmostEqual(figures.histogram_quantile(buckets, 0.5), 0.15)
        # Beyond the last bound: told as that bound.
        self.assertAlmostEqual(figures.histogram_quantile(buckets, 0.99), 0.4)
        self.assertIsNone(figures.histogram_quantile({0.1: 0, math.inf: 0}, 0.5))
        self.assertIsNone(figures.histogram_quantile({}, 0.5))

    def test_metrics_are_read_with_their_labels(self):
        text = (
            "# HELP a_total Some {camera=\"no\"} 9\n# TYPE a counter\n"
            'a_total{camera="x, \\"y\\""} 3\na_total{camera="z",le="+Inf"} 4.5e1\nb 2\n# EOF\n'
        )
        metrics = figures.samples(text)
        self.assertEqual(metrics["a_total"], [({"camera": 'x, \\"y\\"'}, 3.0), ({"camera": "z", "le": "+Inf"}, 45.0)])
        self.assertEqual(metrics["b"], [({}, 2.0)])
        self.assertEqual(figures.by_camera(metrics, "b"), {})
        buckets = figures.samples('h_bucket{camera="a",le="1"} 1\nh_bucket{camera="b",le="1"} 2\nh_bucket{camera="a",le="+Inf"} 5\n')
        self.assertEqual(figures.buckets(buckets, "h"), {1.0: 3.0, math.inf: 5.0})
        self.assertEqual(figures.less({"a": 5, "b": 2}, {"a": 3}), {"a": 2, "b": 2})


def stat(pid, session, ticks=(1, 2, 3, 4), name="a) (b"):
    """A line of /proc/PID/stat: field 6 is the session, 14 to 17 are the ticks."""
    return f"{pid} ({name}) S 1 {pid} {session} 0 -1 0 0 0 0 0 {' '.join(map(str, ticks))} 20 0 1 0 99\n"


class System(unittest.TestCase):
    def test_a_process_is_read_whatever_its_name(self):
        self.assertEqual(system.parse_stat(stat(42, 7)), system.Process(42, 7, True, 10))

    def test_a_session_is_all_that_came_of_its_leader(self):
        with tempfile.TemporaryDirectory() as folder:
            proc = Path(folder)
            for pid, leader in ((10, 10), (11, 10), (12, 12)):
                (proc / str(pid)).mkdir()
                (proc / str(pid) / "stat").write_text(stat(pid, leader))
                (proc / str(pid) / "smaps_rollup").write_text(f"00-ff ---p [rollup]\nRss: {1024 * pid} kB\nPss:  512 kB\n")
            (proc / "13").mkdir()  # has just ended
            (proc / "self").mkdir()
            self.assertEqual(sorted(p.pid for p in system.session(10, proc)), [10, 11])
            self.assertEqual(system.cpu_ms(10, proc), 20 * system.MS_PER_TICK)
            self.assertEqual(system.memory_mib(10, proc), (21.0, 1.0))

    def test_the_box_is_busy_when_it_neither_idles_nor_waits(self):
        #              user nice system idle iowait irq softirq steal guest guest_nice
        self.assertEqual(system.parse_box("cpu  1 2 4 8 16 32 64 128 7 7\ncpu0 1\n"), system.Box(231, 255))

    def test_a_child_is_read_from_the_real_proc(self):
        # In a session of its own: who leads that of this process is anybody's, in a container the kernel may hide it.
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as child:
            self.assertEqual([p.pid for p in system.session(child.pid)], [child.pid])
            rss, pss = system.memory_mib(child.pid)
            child.stdin.close()
        self.assertGreaterEqual(rss, pss)
        self.assertGreater(pss, 0)
        self.assertGreater(system.box().total, system.box().busy)
        self.assertIn(f"{os.cpu_count()} cores", system.machine())


class Minutes(unittest.TestCase):
    def test_a_case_takes_as_long_as_its_rounds_and_sides(self):
        named = {case.name: case for case in CASES}
        times = Times(settle_secs=5, window_secs=20, rounds=2, learn_secs=600)
        self.assertAlmostEqual(minutes(named["fast-1"], ["viahe", "p5"], times), 2 * 2 * (15 + 5 + 20 + 0.5) / 60)
        self.assertAlmostEqual(minutes(named["quiet-16"], ["viahe", "floor"], times), 2 * (600 + 2 * (15 + 60 + 20 + 8)) / 60)


class Ends(unittest.TestCase):
    """Children of children are ended too, also those that do not listen."""

    STUBBORN = "trap '' TERM; (trap '' TERM; echo $BASHPID; while read -r _; do :; done < <(tail -f /dev/null)) & wait"

    def test_none_outlives_the_block(self):
        within, children.END_WITHIN_SECS = children.END_WITHIN_SECS, 0
        try:
            with tempfile.TemporaryDirectory() as folder, self.assertRaises(KeyboardInterrupt):
                with children.Children(Path(folder)) as started:
                    child = started.start("stubborn", ["bash", "-c", self.STUBBORN])
                    started.wait_until("it runs", lambda: child.log.read_text().strip(), 10)
                    raise KeyboardInterrupt
        finally:
            children.END_WITHIN_SECS = within
        self.assertEqual([process for process in system.session(child.session) if process.runs], [])

    def test_one_that_ends_early_is_told_with_its_last_words(self):
        with tempfile.TemporaryDirectory() as folder, children.Children(Path(folder)) as started:
            started.start("hasty", [sys.executable, "-c", "print('so long'); raise SystemExit(3)"])
            with self.assertRaisesRegex(children.Failed, "(?s)hasty ended with 3.*so long"):
                started.wait_until("never", lambda: False, 10)


class Sides(unittest.TestCase):
    STREET = sides.Street({"cam-01": "rtsp://x/1"}, STANDING, 2, 1883, Path("/f"), Path("/d"))

    def test_key_frames_allow_a_look_in_each_group(self):
        class Started:
            def start(self, name, command, **_):
                self.command = [str(word) for word in command]

        for name, needed in (("p1", 0.5), ("p5", 5.0)):
            side, started = sides.sides("viahe")[name], Started()
            side.start(self.STREET, started)
            self.assertEqual(side.needed_hz, needed)
            self.assertEqual(started.command[-1], "cam-01=rtsp://x/1")

    def test_a_peer_is_told_by_the_lines_between_two_moments(self):
        peer = sides.sides("viahe")["p5"]
        peer.needed_hz = 5.0
        before = "look 1.0 cam-01 10.0 2\ncam-02: lost\nlook 1.1 cam-02 20.0 0\n"
        after = before + "".join(f"look 2.{i} cam-01 {i}.5 1\n" for i in range(1, 5)) + "look 3.0 cam-"
        seen = peer.between(before, after)
        self.assertEqual(seen, sides.Seen({"cam-01": 4, "cam-02": 0}, 5.0, (2.5, 4.5, 4.5)))

    def test_viahe_is_told_by_what_its_counters_grew(self):
        def word(looks, fast, slow, wanted, more=""):
            return figures.samples(
                f'{sides.LOOKS}{{camera="cam-01"}} {looks}\n{sides.WANTED}{{camera="cam-01"}} {wanted}\n{more}{sides.AGES}_bucket{{camera="cam-01",le="0.1"}} {fast}\n'
                f'{sides.AGES}_bucket{{camera="cam-01",le="0.2"}} {fast + slow}\n{sides.AGES}_bucket{{camera="cam-01",le="+Inf"}} {fast + slow}\n'
            )

        viahe = sides.sides("viahe")["viahe"]
        seen = viahe.between(word(10, 10, 0, 1.0), word(30, 20, 10, 0.5))
        self.assertEqual((seen.looks, seen.needed_hz), ({"cam-01": 20}, 0.75))
        # What rules bear to miss is not needed; nor is more than they want.
        for gap, needed in ((2.5, 0.4), (0.5, 1.0)):
            words = [word(1, 1, 0, 1.0, f'{sides.GAP_MAX}{{camera="cam-01"}} {gap}\n') for _ in range(2)]
            self.assertEqual(viahe.between(*words).needed_hz, needed)
        # What a gate answers is a look too.
        def gates(luma, sizes):
            return "".join(f'{sides.GATED}{{camera="cam-01",gate="{name}"}} {n}\n' for name, n in (("luma", luma), ("sizes", sizes)))

        words = [word(10, 10, 0, 1.0, gates(7, 2)), word(12, 10, 0, 1.0, gates(17, 3))]
        self.assertEqual(viahe.looked(words[0]), {"cam-01": 19})
        self.assertEqual((viahe.between(*words).looks, viahe.between(*words).gated), ({"cam-01": 13}, 11))
        self.assertIsNone(seen.gated)
        self.assertEqual([round(age, 6) for age in seen.ages_ms], [100, 190, 198])

    def test_what_both_publish_is_heard_alike(self):
        ours = '{"specversion":"1.0","data":{"incident":"A","revision":%d,"camera":"c","opened":"1970-01-01T07:00:10.500+07:00"}}'
        self.assertEqual(incidents.parse(ours % 1, 11.0), incidents.Incident("A", "c", 11.0, 500.0))
        self.assertIsNone(incidents.parse(ours % 2, 11.0))
        theirs = incidents.parse('{"incident":"B","camera":"c","track":1,"opened":10.75}', 11.0)
        self.assertEqual(theirs.delay_ms, 250.0)


def row(cameras, side, number, **values):
    nothing = {name: None for name in ("looks_hz", "cpu_ms_look", "rss_mib", "age_p50_ms", "age_p95_ms", "delay_p50_ms", "incidents")}
    usual = {"kept": 1.0, "box_cpu_pct": 10, "pss_mib": 5, "age_p99_ms": 100, "delay_p95_ms": 50, "cameras_cpu_pct": 1, "others_cpu_pct": 1}
    return {"cameras": cameras, "side": side, "round": number, "figures": nothing | usual | values}


def case(name):
    return next(case for case in CASES if case.name == name)


class Learning(unittest.TestCase):
    """A gate is waited for, and no longer than is said; a side without one is not."""

    class Clock:
        now = 0.0

        def sleep(self, secs):
            self.now += secs

    def learn(self, word, most_secs):
        clock = self.Clock()
        viahe = sides.sides("viahe")["viahe"]
        viahe.word = lambda: word(clock.now)
        with mock.patch.object(measure.time, "monotonic", lambda: clock.now):
            return measure.learn(viahe, clock, most_secs), clock.now

    def test_until_each_camera_has_one(self):
        def word(now):
            counts = [(name, gate, int(now > acts)) for name, acts in (("a", 30), ("b", 70)) for gate in ("luma",)]
            return {sides.GATED: [({"camera": name, "gate": gate}, n) for name, gate, n in counts]}

        self.assertEqual(self.learn(word, 100), (71.0, 71.0))
        self.assertEqual(self.learn(word, 50), (None, 50.0))
        self.assertEqual(self.learn(word, 0), (None, 0.0))
        self.assertEqual(self.learn(lambda _: {}, 100), (None, 0.0))

    def test_each_target_has_words(self):
        self.assertLessEqual({target.figure for case in CASES for target in case.targets}, set(report.WORDS))

    def test_what_no_gate_did_is_told(self):
        rows = [row(16, "viahe", 1, cpu_ms=1, gated=0.0), row(16, "before", 1, cpu_ms=2, gated=0.4)]
        told = report.warnings(report.Measured(case("quiet-16"), rows))
        self.assertIn("No gate acted at viahe with 16 cameras", told)
        self.assertNotIn("at before", told)


class Reports(unittest.TestCase):
    def test_a_ratio_is_of_medians_and_a_target_is_judged_by_it(self):
        rows = [row(4, "viahe", i, cpu_ms=cpu) for i, cpu in enumerate((10, 90, 12))]
        rows += [row(4, "p1", i, cpu_ms=cpu) for i, cpu in enumerate((24, 20, 99))]
        measured = report.Measured(case("standing-4"), rows)
        told = report.ratios(measured)
        self.assertIn("viahe / p1 = 0.500", told)
        self.assertIn("against p1: at most 0.667; is 0.5: met", told)
        self.assertNotIn("p5", told)
        self.assertIn("12.0 (10.0–90.0)", report.tables(measured))
        self.assertIn("against p1: at most 0.667; is 0.5: met", report.judged(measured, Target("cpu_ms", most=1 / 1.5, against="p1")))
        self.assertIn("**not met**", report.judged(measured, Target("cpu_ms", most=0.4, against="p1")))

    def test_cameras_are_borne_up_to_the_first_number_that_is_not(self):
        rows = [row(n, "viahe", 1, cpu_ms=1, kept=kept) for n, kept in ((1, 1), (2, 0.95), (4, 0.9), (8, 1))]
        rows += [row(1, "p1", 1, cpu_ms=1, age_p99_ms=2001)]
        measured = report.Measured(case("scaling-street"), rows)
        self.assertEqual((measured.borne("viahe"), measured.borne("p1"), measured.borne("before")), (2, 0, None))
        self.assertIn("2 cameras borne", report.ratios(measured))
        dear = report.Measured(case("scaling-street"), [row(1, "viahe", 1, cpu_ms=2), row(2, "viahe", 1, cpu_ms=3)])
        self.assertIn("times that at one: at most 1.1; is 1.5: **not met**", report.ratios(dear))

    def test_a_failure_and_a_loud_box_are_told(self):
        rows = [row(4, "viahe", 1, cpu_ms=1, others_cpu_pct=40), {"cameras": 4, "side": "p1", "round": 1, "failed": "no looks\nmore"}]
        measured = report.Measured(case("standing-4"), rows)
        self.assertIn("others used up to 40 %", report.warnings(measured))
        self.assertIn("FAILED: p1, 4 cameras, round 1: no looks", report.warnings(measured))
        self.assertIsNone(measured.median(4, "p1"))
        late = report.Measured(case("standing-4"), [row(4, "p5", 1, cpu_ms=1, kept=0.5)])
        self.assertIn("p5 kept 0.50 of its looks at 4 cameras", report.warnings(late))

    def test_results_are_kept_and_put_into_a_page(self):
        with tempfile.TemporaryDirectory() as folder:
            results = Results(Path(folder))
            results.begin(case("standing-1"), "today")
            results.add(case("standing-1"), row(1, "viahe", 1, cpu_ms=3))
            again = Results(Path(folder))
            page = Path(folder) / "page.md"
            page.write_text(f"a\n{BEGIN}old\n{END}b\n")
            again.write_page(page)
            told = page.read_text()
            self.assertTrue(told.startswith("a\n") and told.endswith("b\n") and "old" not in told)
            self.assertIn("![standing-1](page/standing-1.svg)", told)
            self.assertIn("<svg", (Path(folder) / "page" / "standing-1.svg").read_text())


class Plots(unittest.TestCase):
    def test_scales_end_at_round_numbers(self):
        self.assertEqual([plot.nice(v) for v in (0, 0.03, 1, 43, 150)], [1.0, 0.05, 1, 50, 200])

    def test_plots_are_xml(self):
        from xml.etree import ElementTree

        bars = plot.bars("a < b", "ms", {"viahe": 1, "p1": 3})
        lines = plot.lines("t", "ms", {"viahe": [(1, 2.0), (64, 3.0)]})
        for svg in (bars, lines):
            self.assertEqual(ElementTree.fromstring(svg).tag, "{http://www.w3.org/2000/svg}svg")
        self.assertIn(">64<", lines)


class Cases(unittest.TestCase):
    def test_names_are_given_once_and_sides_exist(self):
        names = [case.name for case in CASES]
        self.assertEqual(len(names), len(set(names)))
        known = set(sides.sides("a", "b"))
        for one in CASES:
            self.assertLessEqual(set(one.sides), known, one.name)
            self.assertIn(one.clip.words, one.words)

    def test_another_recipe_is_another_clip(self):
        plain, with_b = Clip("street", "1080p", "cbr"), Clip("street", "1080p", "cbr", 2)
        self.assertNotEqual(plain.launch("x"), with_b.launch("x"))
        self.assertIn("bframes=2", with_b.launch("x"))
        self.assertIn("bitrate=4000", plain.launch("x"))
        self.assertNotIn("bitrate=4000", Clip("street", "1080p", "crf").launch("x"))

    def test_only_paho_is_needed_to_measure_and_nothing_to_test(self):
        loaded = subprocess.run(
            [sys.executable, "-S", "-c", "import judge.__main__, sys; print('paho' in sys.modules)"],
            cwd=sides.PEERS, capture_output=True, text=True, check=True,
        )
        self.assertEqual(loaded.stdout.strip(), "False")


if __name__ == "__main__":
    unittest.main()
