"""What was measured, kept between runs: one JSON file, cases by name; and the page made of it."""

import json
import os

from . import report
from .cases import CASES

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


class Results:
    """Rows of each case with when, where and of what they were measured."""

    def __init__(self, folder):
        self.folder, self.path = folder, folder / "results.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.cases = json.loads(self.path.read_text()) if self.path.exists() else {}

    def begin(self, case, about):
        """Forgets what was measured of the case before."""
        self.cases[case.name] = {"about": about, "rows": []}

    def add(self, case, row):
        self.cases[case.name]["rows"].append(row)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.cases, indent=1))
        os.replace(part, self.path)

    def measured(self, case):
        return report.Measured(case, self.cases[case.name]["rows"])

    def known(self):
        """Cases with rows, in the order of the table."""
        return [case for case in CASES if self.cases.get(case.name, {}).get("rows")]

    def text(self, plots_at):
        """All cases in Markdown; `plots_at` is the folder of the plots, as seen from the page."""
        return "\n".join(self.section(case, plots_at) for case in self.known())

    def section(self, case, plots_at):
        about, measured = self.cases[case.name]["about"], self.measured(case)
        heading = f"### {case.name}\n\n{case.words}. {about}\n\n"
        images = "".join(f"![{case.name}]({plots_at}/{name})\n" for name in report.plots(measured))
        return heading + report.tables(measured) + report.warnings(measured) + report.ratios(measured) + ("\n" + images if images else "")

    def write(self, folder):
        """`measured.md` and the plots."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "measured.md").write_text(self.text("."))
        self.write_plots(folder)

    def write_plots(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for case in self.known():
            for name, svg in report.plots(self.measured(case)).items():
                (folder / name).write_text(svg)

    def write_page(self, page):
        """Puts all between the marks of a page, and the plots into the folder of its name."""
        before, rest = page.read_text().split(BEGIN)
        after = rest.split(END)[1]
        page.write_text(before + BEGIN + "\n" + self.text(page.stem) + "\n" + END + after)
        self.write_plots(page.with_suffix(""))
