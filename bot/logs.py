"""What the log looks like, and which run a line belongs to; the only place that sets logging up."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

LogFormat = Literal["text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = ("text", "json")

_NOISY = ("slack_bolt", "slack_sdk", "httpx2", "aiohttp.access")
_run_in_hand: ContextVar[str] = ContextVar("run_in_hand", default="")


@contextmanager
def about_run(run_id: str) -> Iterator[None]:
    """Let every line that is logged meanwhile, whichever room writes it, carry the run that it is about."""
    token = _run_in_hand.set(run_id)
    try:
        yield
    finally:
        _run_in_hand.reset(token)


class _NamesRun(logging.Filter):
    """Puts the run in hand into the record, where a formatter finds it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if run_id := _run_in_hand.get():
            record.run = run_id
        return True


def set_up(form: LogFormat = "text") -> None:
    """Log to stderr: lines for people, or one JSON object a line with `time`, `level`, `logger`, `message`, `run`.

    Called again it takes the place of what it set up before.
    """
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            )
        )
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(_NamesRun())
    root = logging.getLogger()
    for earlier in root.handlers[:]:
        if any(isinstance(each, _NamesRun) for each in earlier.filters):
            root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.ERROR)
