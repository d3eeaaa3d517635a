"""What the records answer does not depend on the database: every question and every write, put to both alike."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.records import Records, WorkspaceSettings, moments
from tests import postgres

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


class Stopped(datetime):
    """A clock that stands still: else two databases would differ by the time between them."""

    @classmethod
    def now(cls, tz: Any = None) -> Stopped:
        """Return the same moment each time."""
        return cls(2026, 11, 20, 10, tzinfo=UTC)


TEXTS = {
    "team_id": "T1",
    "user_id": "UANNA",
    "channel_id": "C1",
    "source_channel_id": "C1",
    "answer_channel_id": "C1",
    "run_id": "T1:C1:1.0",
    "set_id": "T1:C1:1.0",
    "month": "2026-11",
    "criteria": "[]",
    "headers": "[]",
    "trouble_params": "{}",
    "audience": "everyone",
    "currency": "EUR",
    "tz_name": "Europe/Amsterdam",
    "retention_days": "30",
}
NUMBERS = {"version": 1, "after": 0, "days": 30, "most": 10, "year": 2026}
LEFT_OUT = {
    ("knowledge", "close"),  # closes the index for good
    ("erasures", "purge"),  # would leave nothing to compare
    ("customers", "delete"),  # a file gives the last number again, a server never does
}


def _made(name: str, kind: Any, deep: int = 0) -> Any:
    """Return a value of *kind* for the argument *name*; the same name gives the same value, so that rows meet."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is type(None) or kind is None:
        return None
    if origin is typing.Literal:
        return inner[0]
    if origin in (types.UnionType, typing.Union):
        return _made(name, inner[0], deep)
    if kind is str:
        return TEXTS.get(name, "2026-11-20T10:00:00.000+00:00" if name.endswith("_at") else f"{name} één%_'?")
    if kind is timedelta:
        return timedelta(hours=1)
    if kind is bool:
        return True
    if kind is int:
        return NUMBERS.get(name, 1)
    if kind is float:
        return 1.5
    if kind is Decimal:
        return Decimal("12.50")
    if kind is datetime:
        return AT
    if kind is date:
        return AT.date()
    if origin is tuple:
        given = [one for one in inner if one is not ...]
        return tuple(_made(name, one, deep + 1) for one in given)
    if origin in (list, Sequence, Iterable, Collection, Iterator):
        return [_made(name.removesuffix("s"), inner[0], deep + 1)]
    if origin in (set, frozenset):
        return {_made(name.removesuffix("s"), inner[0], deep + 1)}
    if origin in (dict, Mapping):
        return (
            {_made("key", inner[0], deep + 1): _made(name, inner[1], deep + 1)} if inner[1] is not Any else {}
        )
    if origin is Callable or kind is Any:
        return lambda one: one
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        wanted = [field for field in dataclasses.fields(kind) if field.init]
        return kind(**{field.name: _made(field.name, hints[field.name], deep + 1) for field in wanted})  # type: ignore[operator]
    raise TypeError(f"no value for {name}: {kind}")


def _calls(records: Records) -> Iterator[tuple[str, Callable[..., Any], list[dict[str, Any]]]]:
    """Yield every public method of every room of the records, with the arguments to call it with."""
    for room in sorted(vars(records)):
        owner = getattr(records, room)
        for name, method in inspect.getmembers(owner, inspect.iscoroutinefunction):
            if name.startswith("_") or room == "store" or (room, name) in LEFT_OUT:
                continue
            hints = typing.get_type_hints(method)
            hints.pop("return", None)
            given = {one: _made(one, kind) for one, kind in hints.items()}
            variants = [given]
            for one, kind in hints.items():
                if typing.get_origin(kind) is typing.Literal:
                    variants = [
                        {**before, one: value} for before in variants for value in typing.get_args(kind)
                    ]
            yield f"{room}.{name}", method, variants


def _plain(value: Any) -> Any:
    """Return a result without what the clock and chance put into it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return "moment"
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00|\b[0-9a-f]{12,32}\b", "moment", value)
    return value


async def _answers(records: Records) -> list[tuple[str, Any]]:
    told: list[tuple[str, Any]] = []
    # Twice, so that the second round meets the rows of the first.
    for _ in range(2):
        for name, method, variants in _calls(records):
            for given in variants:
                try:
                    result = await method(**given)
                except Exception as error:  # both must fail alike
                    fault = isinstance(error, psycopg.Error) and not isinstance(error, psycopg.IntegrityError)
                    result = f"{type(error).__name__}: {error}" if fault else "raised"
                # A cursor that nobody reads is no answer.
                told.append((name, None if hasattr(result, "fetchone") else _plain(result)))
    return told


async def _tables(records: Records) -> dict[str, list[Any]]:
    def work(db: Any) -> dict[str, list[Any]]:
        names = [name for name in db.table_names() if name != "_sqlite_migrations"]
        return {name: sorted(map(repr, _plain(list(db.query(f"select * from {name}"))))) for name in names}

    return await records.store.read(work)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Records, Records]:
    """Records in a file, and in PostgreSQL."""
    settings = WorkspaceSettings(tz_name="UTC")
    (tmp_path / "server").mkdir()
    return (
        Records(tmp_path / "records.sqlite", settings),
        Records(
            tmp_path / "server" / "records.sqlite", settings, database_url=postgres.database_for(tmp_path)
        ),
    )


async def test_both_databases_answer_alike(
    pair: tuple[Records, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moves to PostgreSQL gets the same drafts, sums, questions and refusals from the same rows."""
    monkeypatch.setattr(moments, "datetime", Stopped)
    answers, tables = [], []
    for records in pair:
        records.open()
        try:
            answers.append(await _answers(records))
            tables.append(await _tables(records))
        finally:
            await records.close()
    in_file, on_server = answers

    differ = [(before, after) for before, after in zip(in_file, on_server, strict=True) if before != after]
    assert not differ, "\n".join(f"{before}\n  {after[1]}" for before, after in differ)
    assert tables[1] == tables[0]
