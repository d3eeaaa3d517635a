"""What happened in the local Slack: its calls, its changes, and the faults that calls meet on order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

# A reader that falls behind loses the oldest changes: it looks at the state anyway.
CHANGES_KEPT = 1_000
# What does not come fails a test; on a machine that is busy with something else it may come late.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Call:
    """One call of the Web API; `at` is in monotonic seconds."""

    method: str
    arguments: dict[str, Any]
    at: float
    error: str = ""


@dataclass
class Fault:
    """What the next calls of a method meet."""

    method: str
    error: str | None
    status: int | None
    retry_after: float | None
    after: bool
    times: int
    answer: dict[str, Any] | None = None


class Watch:
    """Calls and changes, for whoever waits for them."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._faults: list[Fault] = []
        self._changed = asyncio.Event()
        self._readers: list[asyncio.Queue[dict[str, Any]]] = []

    def fail(
        self,
        method: str,
        *,
        error: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        after: bool = False,
        drop: bool = False,
        answer: dict[str, Any] | None = None,
        times: int = 1,
    ) -> None:
        """Let the next calls of *method* fail; with *after*, the call takes effect and its answer is lost.

        With *error* the answer is Slack's `ok: false`, with *status* that of HTTP, with *drop* there is none;
        *answer* is one that succeeds and says less than it should.
        """
        if sum((error is not None, status is not None, drop, answer is not None)) != 1:
            raise ValueError("name one of error, status, drop and answer")
        self._faults.append(Fault(method, error, status, retry_after, after, times, answer))

    def take_fault(self, method: str) -> Fault | None:
        """Return the fault that this call meets, and use it up."""
        fault = next((one for one in self._faults if one.method == method and one.times > 0), None)
        if fault is not None:
            fault.times -= 1
        return fault

    def note(self, method: str, arguments: dict[str, Any], error: str = "") -> None:
        """Keep a call."""
        self.calls.append(Call(method, arguments, time.monotonic(), error))
        self.changed("call", method=method, error=error)

    def changed(self, kind: str = "changed", **what: Any) -> None:
        """Wake whoever waits for something to happen."""
        self._changed.set()
        self._changed = asyncio.Event()
        for reader in self._readers:
            if reader.full():
                reader.get_nowait()
            reader.put_nowait({"kind": kind, **what})

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """Yield every change from now on, as a small dict with its `kind`."""
        reader: asyncio.Queue[dict[str, Any]] = asyncio.Queue(CHANGES_KEPT)
        self._readers.append(reader)
        try:
            while True:
                yield await reader.get()
        finally:
            self._readers.remove(reader)

    def count(self, method: str) -> int:
        """Return how often a method was called with success."""
        return sum(call.method == method and not call.error for call in self.calls)

    async def wait_for(self, condition: Callable[[], T | None], timeout_s: float = PATIENCE_S) -> T:
        """Return what *condition* returns once it is something; looked at after every change.

        Raises:
            TimeoutError: it stayed nothing.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                changed = self._changed
                found = condition()
                if found:
                    return found
                await changed.wait()

    async def called(
        self,
        method: str,
        *,
        after: int = 0,
        where: Callable[[dict[str, Any]], bool] = lambda _: True,
        timeout_s: float = PATIENCE_S,
    ) -> Call:
        """Return a successful call of *method* whose arguments fit, waiting for it: the one *after* so many."""

        def look() -> Call | None:
            calls = (call for call in self.calls if call.method == method and not call.error)
            fitting = (call for call in calls if where(call.arguments))
            return next((call for index, call in enumerate(fitting) if index >= after), None)

        return await self.wait_for(look, timeout_s)
