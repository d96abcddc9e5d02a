"""What processes use, from /proc (proc(5)).

A side is a session of processes: the one that was started, which leads it, and all that come of it, also in process groups of
their own.
"""

import os
from dataclasses import dataclass
from pathlib import Path

MS_PER_TICK = 1000 / os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One line of /proc/PID/stat, as far as it is needed."""

    pid: int
    session: int
    runs: bool  # else it has ended, and its parent does not know yet
    # User and system time of it and of its children that have ended and were waited for: what one
    # leaves when it ends goes to its parent, so that nothing is lost between two looks.
    ticks: int


@dataclass(frozen=True)
class Box:
    """Ticks of all cores since the start of the machine."""

    busy: int
    total: int


def parse_stat(text):
    """The name of a process may hold spaces and brackets: the fields count from the last one on."""
    pid, rest = text.split(" (", 1)
    fields = rest.rsplit(")", 1)[1].split()
    # Fields 3, 6, and 14 to 17 of proc(5), which counts from 1.
    return Process(int(pid), int(fields[3]), fields[0] not in "ZX", sum(int(field) for field in fields[11:15]))


def session(leader, proc=PROC):
    """The processes of a session."""
    found = []
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                process = parse_stat((folder / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
            if process.session == leader:
                found.append(process)
    return found


def cpu_ms(leader, proc=PROC):
    """User and system time that the processes of a session have used so far."""
    return sum(process.ticks for process in session(leader, proc)) * MS_PER_TICK


def parse_rollup(text):
    """(RSS, PSS) in KiB, of /proc/PID/smaps_rollup."""
    values = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return tuple(int(values[key].split()[0]) for key in ("Rss", "Pss"))


def memory_mib(leader, proc=PROC):
    """(RSS, PSS) of a session in MiB. RSS counts what processes share once for each of them, PSS once."""
    rss = pss = 0
    for process in session(leader, proc):
        try:
            one = parse_rollup((proc / str(process.pid) / "smaps_rollup").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended
        rss, pss = rss + one[0], pss + one[1]
    return rss / 1024, pss / 1024


def parse_box(text):
    """The first line of /proc/stat: time that was idle, or waited for a disk, is not busy; a guest's is in the user's."""
    user, nice, system, idle, iowait, irq, softirq, steal = (int(v) for v in text.splitlines()[0].split()[1:9])
    busy = user + nice + system + irq + softirq + steal
    return Box(busy, busy + idle + iowait)


def box(proc=PROC):
    """All cores of this machine."""
    return parse_box((proc / "stat").read_text())


def machine():
    """What this machine is, in words."""
    lines = (PROC / "cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), os.uname().machine)
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}), {memory_gib:.0f} GiB, Linux {os.uname().release}"
