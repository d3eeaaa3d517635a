"""What the records hold of a person: counted, exported, erased; and of a workspace that left: everything, gone.

Every table is walked by the schema, so that a new one is covered on the day that it is made: rows of text that
belong to a person's runs go, and in what stays their id becomes a pseudonym.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.records.audit import log_event
from bot.records.database import Database
from bot.records.erased import note_erasure
from bot.records.moments import iso, now
from bot.records.retention import retention_days
from bot.records.store import Store
from bot.records.teams import NOBODYS, belongs, delete_all, team_of

NOT_WALKED = ("audit", "erasures", "departures")
"""No person stands in them but by `actors`, or they are what does the erasing."""

_BATCH = 500  # ids in one statement

# A request that is being written, or that waits for the model or Slack, needs its asker until it has ended;
# what waits for an answer of the asker's ends with them. A row of a table is written as long as its set is.
_UNDER_WAY = """
    select run_id from runs where team_id = ? and user_id = ? and surface <> 'table'
        and (outcome = 'running' or (outcome = 'waiting' and coalesce(reason, '') not in ('choice', 'guideline')))
    union select run_id from requests where team_id = ? and user_id = ?
        and run_id not in (select run_id from runs)
    union select set_id from bulk_sets where team_id = ? and user_id = ? and stage in ('sampling', 'running')
"""


@dataclass(frozen=True)
class Erasure:
    """What somebody asked to be erased, and the name that takes the place of theirs."""

    team_id: str
    user_id: str
    pseudonym: str


@dataclass(frozen=True)
class Erased:
    """What an erasure did: `runs` that are done with, and how many are still `under_way`."""

    runs: tuple[str, ...]
    under_way: int


class Erasures:
    """Export and erasure of what is kept of one person; and the end of a workspace."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def teams_of(self, user_id: str) -> list[str]:
        """Return the workspaces that keep something of a person."""
        pattern = _pattern({user_id})

        def work(db: Database) -> list[str]:
            found: set[str] = set()
            for table, columns in _text_columns(db):
                if (team := team_of(columns)) is None:
                    continue
                named = " or ".join(f"matches({column}, ?)" for column in sorted(columns))
                rows = db.execute(
                    f"select distinct {team} from {table} where {named}", [pattern] * len(columns)
                )
                found |= {row[0] for row in rows.fetchall()}
            return sorted(found - {""})

        return await self._store.read(work)

    async def export(self, team_id: str, user_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return every row of a person: that names them, or that belongs to a run of theirs; by table."""

        def work(db: Database) -> dict[str, list[dict[str, Any]]]:
            runs, names = _runs_of(db, team_id, user_id), {user_id, *_direct(db, team_id, user_id)}
            pattern = _pattern(names)
            found: dict[str, list[dict[str, Any]]] = {}
            for table, columns in _text_columns(db):
                theirs, mine = belongs(table, columns, team_id)
                named = " or ".join(f"matches({column}, ?)" for column in sorted(columns))
                asked = f"select * from {table} where ({named}) and {theirs} order by rowid"
                rows = list(db.query(asked, [pattern] * len(columns) + mine))
                for marks, part in _parts(runs) if "run_id" in columns else ():
                    rows += db.query(f"select * from {table} where run_id in ({marks})", part)
                if rows:
                    # A row may name them and belong to a run of theirs; each has a key, so that no two are alike.
                    found[table] = list({tuple(row.values()): row for row in rows}.values())
            done = db.query(
                """
                select happened_at, act, subject, data_class, channel_id from audit join actors using (actor_id)
                where actors.team_id = ? and user_id = ? order by event_id
                """,
                [team_id, user_id],
            )
            if events := list(done):
                found["audit"] = events
            return found

        return await self._store.read(work)

    async def log_export(self, team_id: str, user_id: str) -> None:
        """Log that somebody got what is kept of them."""
        await self._store.write(
            lambda db: log_event(db, team_id, "exported", user_id=user_id, data_class="personal")
        )

    async def ask(self, team_id: str, user_id: str) -> Erasure:
        """Write down that everything of a person is to be erased; twice is once.

        Raises:
            OSError: the data folder cannot be written.
        """
        # First: a backup that is put back must know of it, whatever happens to these records.
        await asyncio.to_thread(note_erasure, self._store.path.parent, team_id, user_id)

        def work(db: Database) -> Erasure:
            db.execute(
                "insert into erasures values (?, ?, ?, ?) on conflict do nothing",
                [team_id, user_id, f"erased-{uuid.uuid4().hex[:12]}", iso(now())],
            )
            row = db.execute(
                "select team_id, user_id, pseudonym from erasures where team_id = ? and user_id = ?",
                [team_id, user_id],
            )
            return Erasure(*row.fetchone())

        return await self._store.write(work)

    async def asked(self) -> list[Erasure]:
        """Return the erasures that were asked and are not done yet."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select team_id, user_id, pseudonym from erasures order by asked_at"
            ).fetchall()
        )
        return [Erasure(*row) for row in rows]

    async def erase(self, erasure: Erasure) -> Erased:
        """Erase everything of a person that no run under way needs; done when nothing is under way.

        Their words and drafts go; in the ledger, which holds no text, a pseudonym takes the place of their id, so
        that the team's figures stay. May be done twice.
        """
        team_id, user_id = erasure.team_id, erasure.user_id

        def work(db: Database) -> Erased:
            asked = "select 1 from erasures where (team_id, user_id, pseudonym) = (?, ?, ?)"
            if db.execute(asked, [team_id, user_id, erasure.pseudonym]).fetchone() is None:
                # Done by somebody else a moment ago: logging it anew would bring the id back.
                return Erased((), 0)
            under_way = {row[0] for row in db.execute(_UNDER_WAY, [team_id, user_id] * 3).fetchall()}
            runs = [run_id for run_id in _runs_of(db, team_id, user_id) if run_id not in under_way]
            delete_texts(db, runs)
            _end_open(db, runs, erasure)
            if not under_way:
                db.execute("delete from bulk_sets where team_id = ? and user_id = ?", [team_id, user_id])
                db.execute("delete from people where team_id = ? and user_id = ?", [team_id, user_id])
                log_event(db, team_id, "erased", user_id=user_id, data_class="personal")
                _rename(db, erasure)
                db.execute("delete from erasures where team_id = ? and user_id = ?", [team_id, user_id])
            return Erased(tuple(runs), len(under_way))

        erased = await self._store.write(work)
        await self.wipe()
        return erased

    async def wipe(self) -> None:
        """Take what was deleted out of the write-ahead log, too; the pages themselves are overwritten at once."""
        await self._store.wipe()

    async def leave(self, team_id: str, moment: datetime) -> None:
        """Write down that a workspace uninstalled the bot; after its days everything of it is purged."""

        def work(db: Database) -> None:
            after = moment + timedelta(days=retention_days(db, team_id))
            db.execute(
                "insert into departures values (?, ?, ?) on conflict do nothing",
                [team_id, iso(moment), iso(after)],
            )

        await self._store.write(work)

    async def stay(self, team_id: str) -> None:
        """Forget that a workspace left: it is there again, or nothing of it is."""
        await self._store.write(lambda db: db.execute("delete from departures where team_id = ?", [team_id]))

    async def gone(self, moment: datetime) -> list[str]:
        """Return the workspaces that left and have had their days."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select team_id from departures where purge_after <= ?", [iso(moment)]
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def purge(self, team_id: str) -> None:
        """Delete every row of a workspace, the audit log too: it left, and its days are over.

        That it left stays known until `stay`, so that a purge which broke off is ended.

        Raises:
            ValueError: it did not leave, or the days are not over.
        """
        if team_id not in await self.gone(now()):
            raise ValueError("the workspace has not left for so long")
        await self._store.write(lambda db: delete_all(db, team_id))
        await self.wipe()


def delete_texts(db: Database, runs: Collection[str]) -> int:
    """Delete what was said and written in *runs*; return of how many there was anything.

    Reviews stay, without what was asked of a redo: the minutes in them belong to the ledger.
    """
    touched: set[str] = set()
    for table, columns in _text_columns(db):
        if not {"run_id", "delete_after"} <= columns or table == "reviews":
            continue
        for marks, part in _parts(runs):
            gone = db.execute(f"delete from {table} where run_id in ({marks}) returning run_id", part)
            touched |= {row[0] for row in gone.fetchall()}
    for marks, part in _parts(runs):
        db.execute(
            f"update reviews set instruction = null where run_id in ({marks}) and instruction is not null",
            part,
        )
    return len(touched)


def _end_open(db: Database, runs: Collection[str], erasure: Erasure) -> None:
    """End what waits for somebody: without its texts nothing can come of it."""
    at = iso(now())
    for marks, part in _parts(runs):
        own = f"run_id in ({marks})"
        for statement, values in (
            (f"update choices set state = 'expired' where state = 'asking' and {own}", []),
            (
                "update runs set outcome = 'refused', reason = 'erased', settled_at = ?,"
                f" settled_month = substr(?, 1, 7) where outcome = 'waiting' and {own}",
                [at, at],
            ),
            (
                "update plans set ended_at = ?, outcome = 'withdrawn' where ended_at is null"
                f" and ((team_id = ? and user_id = ?) or {own})",
                [at, erasure.team_id, erasure.user_id],
            ),
            (f"update reviews set shown_at = ? where shown_at is null and {own}", [at]),
            (
                "update quote_approvals set status = 'withdrawn', decided_at = ?, shown_at = ?"
                f" where decided_at is null and {own}",
                [at, at],
            ),
        ):
            db.execute(statement, [*values, *part])


def _rename(db: Database, erasure: Erasure) -> None:
    """Put the pseudonym wherever a person's id stands, alone or within a text, and in place of their messages tab."""
    direct = _direct(db, erasure.team_id, erasure.user_id)
    told = [({erasure.user_id}, erasure.pseudonym), (set(direct), f"D-{erasure.pseudonym}")]
    for names, by in told if direct else told[:1]:
        pattern = _pattern(names)
        for table, columns in _text_columns(db):
            theirs, mine = belongs(table, columns, erasure.team_id)
            for column in columns:
                db.execute(
                    f"update {table} set {column} = replaced({column}, ?, ?) where matches({column}, ?) and {theirs}",
                    [pattern, by, pattern, *mine],
                )


def _pattern(names: Collection[str]) -> str:
    """Return the pattern that finds one of *names*, and no longer id that begins alike: that is somebody else."""
    either = "|".join(re.escape(name) for name in sorted(names))
    # Slack's ids are capital letters and digits.
    return f"(?<![A-Z0-9])(?:{either})(?![A-Z0-9])"


def _runs_of(db: Database, team_id: str, user_id: str) -> list[str]:
    rows = db.execute(
        """
        select run_id from runs where team_id = ? and user_id = ?
        union select run_id from requests where team_id = ? and user_id = ?
        """,
        [team_id, user_id] * 2,
    ).fetchall()
    return [row[0] for row in rows]


def _direct(db: Database, team_id: str, user_id: str) -> list[str]:
    """Return the conversations of a person with us: nobody else is in them, so they name that person."""
    rows = db.execute(
        """
        select im_channel_id from people where team_id = ? and user_id = ? and im_channel_id <> ''
        union select channel_id from runs where team_id = ? and user_id = ? and channel_id like 'D%'
        union select answer_channel_id from requests
            where team_id = ? and user_id = ? and answer_channel_id like 'D%'
        """,
        [team_id, user_id] * 3,
    ).fetchall()
    return [row[0] for row in rows if not row[0].startswith("D-")]


def _text_columns(db: Database) -> Iterator[tuple[str, set[str]]]:
    """Yield each table that may hold something of a person, with its columns of text."""
    for table in db.table_names():
        if table not in NOT_WALKED + NOBODYS:
            yield table, db.text_columns(table)


def _parts(runs: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield *runs* in parts that a statement holds, each with its marks; one empty part for none."""
    listed = list(runs)
    for start in range(0, len(listed) or 1, _BATCH):
        part = listed[start : start + _BATCH]
        yield ", ".join("?" * len(part)), part
