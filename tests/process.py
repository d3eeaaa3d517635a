"""The bot as `python -m bot` runs it, in a process of its own: to be measured, stopped and killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import psutil

from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests.conftest import SECRET, store_environ
from tests.zygote import Child, Zygote, die_with_parent

ROOT = Path(__file__).parent.parent

_zygote = Zygote()


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def answered(url: str, status: int = 200) -> None:
    """Wait until *url* answers with *status*.

    Raises:
        TimeoutError: it did not within a minute.
    """
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status == status:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)


class BotProcess:
    """A bot between a Slack and a model; over a socket, or with *http* over signed requests.

    Attributes:
        listening_s, ready_s: how long the last start took until the port was open, and until it took work.
    """

    def __init__(self, slack: Slack, model: Model, folder: Path, *, http: bool = False, **more: str) -> None:
        self._slack = slack
        self._http = http
        self.port = free_port()
        self.listening_s = self.ready_s = 0.0
        self.environ = {
            **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")},
            "SLACK_BOT_TOKEN": slack.token,
            "SLACK_API_URL": f"{slack.url}/api/",
            "ANTHROPIC_API_KEY": model.key,
            "ANTHROPIC_BASE_URL": model.url,
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            **({"SLACK_SIGNING_SECRET": SECRET} if http else {"SLACK_APP_TOKEN": slack.app_token}),
            **({} if "DATABASE_URL" in more else store_environ(folder)),
            **more,
        }
        self.process: subprocess.Popen[bytes] | Child | None = None

    async def start(self) -> None:
        """Start it and wait until it takes work."""
        started = time.perf_counter()
        self.process = self.begin()
        await answered(f"http://127.0.0.1:{self.port}/healthz")
        self.listening_s = time.perf_counter() - started
        await answered(f"http://127.0.0.1:{self.port}/readyz")
        self.ready_s = time.perf_counter() - started
        if self._http:
            self.point()
        else:
            await self._slack.wait_for(lambda: self._slack.connected, 30)

    def begin(self) -> subprocess.Popen[bytes] | Child:
        """Begin it, and wait for nothing."""
        # On the loop's own thread: a process ends with the thread that started it.
        if sys.platform == "linux" and "PYTEST_CURRENT_TEST" in os.environ:
            return _zygote.start(self.environ)
        return subprocess.Popen(
            [sys.executable, "-m", "bot"],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )

    def point(self) -> None:
        """Have Slack send its requests to this process, as a load balancer may."""
        self._slack.connect_http(f"http://127.0.0.1:{self.port}/slack/events", SECRET)

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self.process is not None
        return self.process.pid

    def memory_mb(self) -> float:
        """Return what it holds in memory."""
        assert self.process is not None
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def cpu_s(self) -> float:
        """Return what it and the processes that it started and that ended took of the processor since its start."""
        assert self.process is not None
        told = psutil.Process(self.process.pid).cpu_times()
        return float(told.user + told.system + told.children_user + told.children_system)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = await asyncio.to_thread(self.process.wait, 30)
        if not self._http:
            await self._slack.wait_for(lambda: not self._slack.connected, 10)
        return code

    async def crash(self, chance: random.Random) -> None:
        """Kill it at a random moment within a second and a half, and start it anew."""
        await asyncio.sleep(chance.uniform(0.05, 1.5))
        await self.end(signal.SIGKILL)
        await self.start()
