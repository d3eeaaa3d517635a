"""Candidates of a vacancy, by number: what their CV holds without who they are, what was found, what people decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.screenings import log_step
from bot.records.store import Store
from bot.screening.candidate import REASONS, VERDICTS, Candidate, Reading
from bot.screening.criteria import Criterion
from bot.screening.scoring import Finding

MOST_CVS = 300
FREE_CVS = 5
"""So many CVs of a vacancy are read at once; for more somebody agrees to the price first."""

_FIELDS = (
    "candidate_id, screening_id, number, file_id, file_name, user_id, agreed_at, agreed_by, status, fault, cv, hidden,"
    " removed, same_as, input_hash, model, prompt_version, criteria_version, band, cover, decided, verdict,"
    " verdict_by, verdict_at, changed_verdict, change_reason, changed_by"
)


class Candidates:
    """The CVs of vacancies."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(
        self, screening_id: str, files: Sequence[tuple[str, str]], *, delivery_id: str, user_id: str
    ) -> tuple[list[Candidate], int]:
        """Commit CVs, `(file id, name)` each, in the order of their coming; return the new ones, and how many too many.

        The same delivery, or the same file, once more adds nothing.

        Raises:
            STORE_ERRORS: they are not stored, so they must not be acked.
        """

        def work(db: Database) -> tuple[list[Candidate], int]:
            known, last = db.execute(
                "select count(*), coalesce(max(number), 0) from screening_candidates where screening_id = ?",
                [screening_id],
            ).fetchone()
            new = [
                (file_id, name)
                for file_id, name in dict(files).items()
                if not db.execute(
                    "select 1 from screening_candidates where screening_id = ? and file_id = ?",
                    [screening_id, file_id],
                ).fetchone()
            ]
            room = max(0, MOST_CVS - known)
            added: list[Candidate] = []
            at = iso(now())
            agreed_at = at if known + len(new) <= FREE_CVS else None
            for number, (file_id, name) in enumerate(new[:room], start=last + 1):
                one = Candidate(
                    f"{delivery_id}:{file_id}", screening_id, number, file_id, name, user_id, agreed_at
                )
                db.execute(
                    """
                    insert into screening_candidates (candidate_id, screening_id, number, file_id, file_name, user_id,
                        received_at, agreed_at, status, removed) values (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', '{}')
                    """,
                    [one.candidate_id, screening_id, number, file_id, name, user_id, at, agreed_at],
                )
                log_step(db, screening_id, "received", candidate_id=one.candidate_id, user_id=user_id)
                added.append(one)
            return added, max(0, len(new) - room)

        return await self._store.write(work)

    async def get(self, candidate_id: str) -> Candidate | None:
        """Return a candidate, or None."""
        found = await self._all("candidate_id = ?", [candidate_id])
        return found[0] if found else None

    async def of(self, screening_id: str) -> list[Candidate]:
        """Return the candidates of a vacancy in the order of their coming."""
        return await self._all("screening_id = ?", [screening_id])

    async def waiting(self, before: datetime) -> list[Candidate]:
        """Return what came before a moment, is not read yet, and waits for nobody's word."""
        found = await self._all("status = 'waiting' and received_at <= ?", [iso(before)])
        return [one for one in found if one.is_at_work]

    async def agree(self, screening_id: str, *, upto: int, count: int, user_id: str) -> list[Candidate]:
        """Keep that somebody agreed to what reading the held CVs up to number *upto* costs, and return them.

        None where they are not *count* any more: then the price that was shown is not theirs.
        """

        def work(db: Database) -> list[str]:
            held = [
                row[0]
                for row in db.execute(
                    """
                    select candidate_id from screening_candidates where screening_id = ? and number <= ?
                        and status = 'waiting' and cv is not null and agreed_at is null order by number
                    """,
                    [screening_id, upto],
                )
            ]
            if len(held) != count:
                return []
            at = iso(now())
            for candidate_id in held:
                db.execute(
                    "update screening_candidates set agreed_at = ?, agreed_by = ? where candidate_id = ?",
                    [at, user_id, candidate_id],
                )
            log_step(db, screening_id, "agreed", user_id=user_id, detail={"cvs": count})
            return held

        agreed = set(await self._store.write(work))
        return [one for one in await self.of(screening_id) if one.candidate_id in agreed]

    async def _all(self, where: str, values: list[str]) -> list[Candidate]:
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"select {_FIELDS} from screening_candidates where {where} order by received_at, number",
                    values,
                )
            )
        )
        return [_candidate(row) for row in rows]

    async def keep_text(
        self,
        candidate_id: str,
        *,
        cv: str,
        hidden: Sequence[str],
        removed: dict[str, int],
        person_marks: Sequence[str],
    ) -> None:
        """Keep what a CV says without who it is of, and which other candidates seem to be the same person."""

        def work(db: Database) -> None:
            screening_id, number = db.execute(
                "select screening_id, number from screening_candidates where candidate_id = ?", [candidate_id]
            ).fetchone()
            others = db.execute(
                """
                select number, person_marks from screening_candidates
                where screening_id = ? and number <> ? and person_marks is not null order by number
                """,
                [screening_id, number],
            ).fetchall()
            mine = set(person_marks)
            alike = [other for other, marks in others if mine & set(json.loads(marks))]
            same = next((other for other in alike if other < number), None)
            # CVs are opened side by side: one that came later may have been first.
            db.executemany(
                """
                update screening_candidates set same_as = ?
                where screening_id = ? and number = ? and (same_as is null or same_as > ?)
                """,
                [(number, screening_id, other, number) for other in alike if other > number],
            )
            db.execute(
                """
                update screening_candidates set cv = ?, hidden = ?, removed = ?, person_marks = ?, same_as = ?
                where candidate_id = ?
                """,
                [
                    cv,
                    json.dumps(list(hidden), ensure_ascii=False),
                    json.dumps(removed),
                    json.dumps(list(person_marks)),
                    same,
                    candidate_id,
                ],
            )
            detail = {"chars": len(cv), "hidden_lines": len(hidden), "removed": removed}
            log_step(db, screening_id, "blinded", candidate_id=candidate_id, detail=detail)

        await self._store.write(work)

    async def read(self, candidate: Candidate, reading: Reading, criteria: Sequence[Criterion]) -> None:
        """Keep what was found of each of *criteria*; reading it twice leaves the first."""

        def work(db: Database) -> None:
            at = iso(now())
            cursor = db.execute(
                """
                update screening_candidates set status = 'read', read_at = ?, input_hash = ?, model = ?,
                    prompt_version = ?, criteria_version = ?, band = ?, cover = ?, decided = ?
                where candidate_id = ? and status = 'waiting'
                """,
                [
                    at,
                    reading.input_hash,
                    reading.model,
                    reading.prompt_version,
                    reading.criteria_version,
                    reading.score.band,
                    reading.score.cover,
                    reading.score.decided,
                    candidate.candidate_id,
                ],
            )
            if not cursor.rowcount:
                return
            for number, found in enumerate(reading.findings, start=1):
                db.execute(
                    "insert into screening_findings values (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        candidate.candidate_id,
                        number,
                        criteria[number - 1].text,
                        found.status,
                        found.first,
                        found.second,
                        json.dumps(found.quotes, ensure_ascii=False),
                        at,
                    ],
                )
            detail = {
                "model": reading.model,
                "prompt": reading.prompt_version,
                "criteria": reading.criteria_version,
                "input": reading.input_hash,
                "statuses": [found.status for found in reading.findings],
            }
            log_step(db, candidate.screening_id, "read", candidate_id=candidate.candidate_id, detail=detail)

        await self._store.write(work)

    async def fail(self, candidate: Candidate, fault: str) -> None:
        """Keep why a CV could not be read."""

        def work(db: Database) -> None:
            cursor = db.execute(
                """
                update screening_candidates set status = 'failed', fault = ?
                where candidate_id = ? and status = 'waiting'
                """,
                [fault, candidate.candidate_id],
            )
            if cursor.rowcount:
                ids = {"candidate_id": candidate.candidate_id}
                log_step(db, candidate.screening_id, "failed", detail={"fault": fault}, **ids)

        await self._store.write(work)

    async def findings(self, candidate_id: str) -> tuple[Finding, ...]:
        """Return what was found of each criterion, in their order."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select status, quotes, first_status, second_status from screening_findings
                where candidate_id = ? order by criterion
                """,
                [candidate_id],
            ).fetchall()
        )
        return tuple(Finding(row[0], tuple(json.loads(row[1] or "[]")), row[2], row[3]) for row in rows)

    async def look(self, candidate: Candidate, criterion: int, *, user_id: str) -> None:
        """Write down that somebody opened the evidence of a criterion, counted from 1."""
        await self._store.write(
            lambda db: log_step(
                db,
                candidate.screening_id,
                "evidence",
                candidate_id=candidate.candidate_id,
                user_id=user_id,
                detail={"criterion": criterion},
            )
        )

    async def looked(self, candidate_id: str, user_id: str) -> set[int]:
        """Return whose criteria's evidence somebody opened."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select detail from screening_log where candidate_id = ? and step = 'evidence' and user_id = ?",
                [candidate_id, user_id],
            ).fetchall()
        )
        return {int(json.loads(row[0])["criterion"]) for row in rows}

    async def decide(self, candidate: Candidate, verdict: str, *, user_id: str) -> bool:
        """Keep a person's own verdict, before the score is shown; False when there is one already."""
        if verdict not in VERDICTS:
            raise ValueError(f"no verdict {verdict!r}")

        def work(db: Database) -> bool:
            at = iso(now())
            cursor = db.execute(
                """
                update screening_candidates set verdict = ?, verdict_by = ?, verdict_at = ?
                where candidate_id = ? and status = 'read' and verdict is null
                """,
                [verdict, user_id, at, candidate.candidate_id],
            )
            if cursor.rowcount:
                # The reviewer's clock runs in the form alone; in the ledger the reading was there when it was used.
                db.execute(
                    "update runs set delivered_at = coalesce(delivered_at, ?) where run_id = ?",
                    [at, candidate.candidate_id],
                )
                ids = {"candidate_id": candidate.candidate_id, "user_id": user_id}
                log_step(db, candidate.screening_id, "verdict", detail={"verdict": verdict}, **ids)
            return bool(cursor.rowcount)

        return await self._store.write(work)

    async def change(self, candidate: Candidate, verdict: str, *, reason: str, user_id: str) -> None:
        """Keep another verdict after the score was seen, with its reason; the first one stays beside it."""
        if verdict not in VERDICTS or reason not in REASONS:
            raise ValueError(f"no verdict {verdict!r}, or no reason {reason!r}")

        def work(db: Database) -> None:
            db.execute(
                """
                update screening_candidates set changed_verdict = ?, change_reason = ?, changed_by = ?, changed_at = ?
                where candidate_id = ? and verdict is not null
                """,
                [verdict, reason, user_id, iso(now()), candidate.candidate_id],
            )
            ids = {"candidate_id": candidate.candidate_id, "user_id": user_id}
            log_step(
                db, candidate.screening_id, "changed", detail={"verdict": verdict, "reason": reason}, **ids
            )

        await self._store.write(work)


def _candidate(row: dict[str, Any]) -> Candidate:
    told = {"removed": json.loads(row["removed"]), "hidden": tuple(json.loads(row["hidden"] or "[]"))}
    return Candidate(**{**row, **told})
