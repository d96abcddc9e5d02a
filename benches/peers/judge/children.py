"""Processes that the runner starts, and ends by their ids whatever happens."""

import ctypes
import os
import signal
import socket
import subprocess
import time

from . import system

# An engine that is asked to end brings its affairs in order first.
END_WITHIN_SECS = 20
POLL_SECS = 0.05
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """The measurement says nothing: a part did not start, ended early or did no work."""


class Child:
    """A process that leads a session of its own; what it writes goes to a file."""

    def __init__(self, name, command, log, env=None, cwd=None):
        self.name, self.log = name, log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
                preexec_fn=end_with_runner,
            )
        self.session = self.process.pid

    def check(self):
        """An error with its last words when it has ended."""
        code = self.process.poll()
        if code is not None:
            raise Failed(f"{self.name} ended with {code}; the end of {self.log}:\n{self.tail()}")

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def end(self):
        """Asks it to end, then ends what is left of its session."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_WITHIN_SECS)
            except subprocess.TimeoutExpired:
                pass
        # One that is just being started may miss the first time.
        while left := [process.pid for process in system.session(self.session) if process.runs]:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(POLL_SECS)
        self.process.wait()


def end_with_runner():
    """A runner that is killed cannot end its children: the kernel asks them to end for it."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """`with Children(folder) as children`: none of them outlives the block, however it is left."""

    def __init__(self, folder):
        self.folder, self.all = folder, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self.all:
            self.all.pop().end()

    def start(self, name, command, **options):
        child = Child(name, command, self.folder / f"{name}.log", **options)
        self.all.append(child)
        return child

    def check(self):
        for child in self.all:
            child.check()

    def wait_until(self, what, is_so, within_secs):
        """Waits for a condition while all children run; its value."""
        end = time.monotonic() + within_secs
        while not (value := is_so()):
            self.check()
            if time.monotonic() > end:
                tails = "\n".join(f"{child.name}: {child.tail(3)}" for child in self.all)
                raise Failed(f"{what}: not within {within_secs} s\n{tails}")
            time.sleep(POLL_SECS)
        return value

    def sleep(self, secs):
        """Lets time pass; an error as soon as one of the children ends."""
        end = time.monotonic() + secs
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, 1))


def free_port():
    """A TCP port of the loopback that nobody has now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port):
    """Does somebody listen there?"""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
