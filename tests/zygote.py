"""Starts the bot in a process of its own without importing it each time: a process that has, forks.

The imports are four fifths of what a start takes, and tests start hundreds of bots. What the fork runs is what
`python -m bot` runs; how long a real start takes is measured by `make bench`, which does not come here.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
SMALLER = "SMALLER"
"""In the environment of a bot: the limits of the house that are smaller in it, `module.NAME` -> value, as JSON."""

# https://man7.org/linux/man-pages/man2/prctl.2.html
_PDEATHSIG, _SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value)


def die_with_parent() -> None:
    """Let this process end when its parent is killed, on Linux: a bot that is left behind takes a tenth of a core."""
    if sys.platform == "linux":
        _prctl(_PDEATHSIG, signal.SIGKILL)


class Child:
    """A process that became ours because its parent is gone; as much of `subprocess.Popen` as tests need."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Return the exit code once it ends.

        Raises:
            subprocess.TimeoutExpired: it did not within *timeout* seconds.
        """
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("python -m bot", timeout)
            time.sleep(0.005)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it ended already."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Zygote:
    """The process that has imported the bot; it starts with the first bot and ends with the tests."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, environ: Mapping[str, str]) -> Child:
        """Start `python -m bot` with *environ*, in the project's folder."""
        if self._process is None:
            _prctl(_SUBREAPER, 1)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.zygote", str(os.getpid())],
                cwd=ROOT,
                env={key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                preexec_fn=die_with_parent,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(dict(environ)) + "\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()))


def _fork(environ: Mapping[str, str], reaper: int) -> int:
    """Fork a bot that belongs to *reaper*, which becomes its parent because the one between ends at once."""
    inner, outer = os.pipe()
    if (between := os.fork()) == 0:
        if (pid := os.fork()) == 0:
            os.close(inner)
            os.close(outer)
            _become(environ, reaper)
        os.write(outer, str(pid).encode())
        os._exit(0)
    os.close(outer)
    with os.fdopen(inner) as told:
        pid = int(told.read())
    os.waitpid(between, 0)
    return pid


def _become(environ: Mapping[str, str], reaper: int) -> None:
    """Be `python -m bot` from here on."""
    from bot.__main__ import main

    while os.getppid() != reaper:
        time.sleep(0.001)
    die_with_parent()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.environ.clear()
    os.environ.update(environ)
    for name, value in json.loads(os.environ.pop(SMALLER, "{}")).items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    sys.argv = ["bot"]
    code = 1
    try:
        code = main() or 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        os._exit(code)


def _serve(reaper: int) -> None:
    import anthropic  # noqa: F401

    import bot.__main__
    import bot.compose  # noqa: F401

    for line in sys.stdin:
        sys.stdout.write(f"{_fork(json.loads(line), reaper)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
