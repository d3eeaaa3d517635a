"""What a workspace set for itself: money, the digest, the control sample; each change kept with who and when."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.retention import RETENTION_DAYS, shift_dates
from bot.records.store import Store
from bot.tasks import Language


@dataclass(frozen=True)
class WorkspaceSettings:
    """What admins chose in Slack; the defaults are shown as assumptions.

    Attributes:
        hourly_rate: what an hour of work costs the firm, in its currency.
        usd_rate: what one US dollar costs in that currency; `usd_rate_on` is the day of that price, empty while
            one for one is assumed.
        realisation: the share of saved time that becomes other work.
        fixed_monthly_cost, setup_cost: hosting and the like, and what starting cost once; in that currency.
        monthly_budget: for the model, in that currency; 0 for none.
        daily_person_budget, run_budget: what one person may spend a day, and one request in all; 0 for no limit.
        digest_channel_id: empty for the admins' messages tabs.
        digest_weekday: 0 is Monday.
        quiet_week: what is posted about a week without runs.
        least_people: task rows that rest on fewer people are merged in the digest.
        control_sample: one request in ten is done by hand, to compare with.
        retention_days: how long asked words and drafts are kept, from 1 to 365 days.
        guests_welcome: guests may ask in channels that they are in; people of other firms count as guests.
        model_fast, model_smart: model ids; empty for those of the environment.
        reviewers: people who may decide on the drafts of others, besides admins.
        quote_approvers: who may approve large discounts besides the first, by id, parted by commas; empty for
            the admins.
        channels: where the bot may read and answer; empty for everywhere it was invited to.
        knowledge_editors: people who may change the knowledge base, besides admins.
        template_editors: people who may make and publish templates, besides admins.
    """

    language: Language = "en"
    tz_name: str = "Europe/Amsterdam"
    currency: str = "EUR"
    hourly_rate: Decimal = Decimal(40)
    usd_rate: Decimal = Decimal(1)
    usd_rate_on: str = ""
    realisation: Decimal = Decimal("0.5")
    fixed_monthly_cost: Decimal = Decimal(0)
    setup_cost: Decimal = Decimal(0)
    monthly_budget: Decimal = Decimal(0)
    daily_person_budget: Decimal = Decimal(0)
    run_budget: Decimal = Decimal(0)
    digest_channel_id: str = ""
    digest_weekday: int = 0
    digest_hour: int = 9
    quiet_week: str = "short"
    least_people: int = 3
    control_sample: bool = False
    retention_days: int = RETENTION_DAYS
    guests_welcome: bool = True
    model_fast: str = ""
    model_smart: str = ""
    reviewers: tuple[str, ...] = ()
    quote_approvers: str = ""
    channels: tuple[str, ...] = ()
    knowledge_editors: tuple[str, ...] = ()
    template_editors: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """Where the firm is."""
        return ZoneInfo(self.tz_name)


@dataclass(frozen=True)
class Change:
    """One setting that was changed."""

    name: str
    value: str
    user_id: str
    changed_at: str


@dataclass(frozen=True)
class DigestRow:
    """A digest that is due, about `[start, end)`."""

    team_id: str
    due: datetime
    start: datetime
    end: datetime


class Workspaces:
    """The settings of each workspace; *defaults* come from the environment."""

    def __init__(self, store: Store, defaults: WorkspaceSettings) -> None:
        self._store = store
        self.defaults = defaults

    async def get(self, team_id: str) -> WorkspaceSettings:
        """Return what holds now."""
        rows = await self._store.look(lambda db: _latest(db, team_id))
        return apply_changes(self.defaults, rows)

    async def change(self, team_id: str, settings: WorkspaceSettings, *, user_id: str) -> list[str]:
        """Keep what differs from what holds now, and return the names of it."""

        def work(db: Database) -> list[str]:
            before = asdict(apply_changes(self.defaults, _latest(db, team_id)))
            wanted = asdict(settings)
            changed = [name for name in wanted if wanted[name] != before[name]]
            if "retention_days" in changed:
                shift_dates(db, team_id, wanted["retention_days"] - before["retention_days"])
            for name in changed:
                db.execute(
                    """
                    insert into workspace_settings (team_id, name, value, user_id, changed_at)
                    values (?, ?, ?, ?, ?)
                    """,
                    [team_id, name, json.dumps(wanted[name], default=str), user_id, iso(now())],
                )
            return changed

        return await self._store.write(work)

    def month(self, db: Database, team_id: str, moment: datetime) -> str:
        """Return the calendar month of a moment where the firm is, like `2026-11`."""
        zone = apply_changes(self.defaults, _latest(db, team_id)).zone
        return f"{moment.astimezone(zone):%Y-%m}"

    async def changes(self, team_id: str) -> list[Change]:
        """Return every change, oldest first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select name, value, user_id, changed_at from workspace_settings where team_id = ?
                    order by change_id
                    """,
                    [team_id],
                )
            )
        )
        return [Change(**row) for row in rows]

    async def mark(self, team_id: str) -> int:
        """Return the number of the newest change, to ask later what came after it; 0 before the first."""
        row = await self._store.read(
            lambda db: db.execute(
                "select max(change_id) from workspace_settings where team_id = ?", [team_id]
            ).fetchone()
        )
        return int(row[0] or 0)

    async def changed_after(self, team_id: str, mark: int, *, besides: str) -> list[Change]:
        """Return what others than *besides* changed after a mark, oldest first; each setting as they left it."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select name, value, user_id, changed_at from workspace_settings
                    where change_id in (select max(change_id) from workspace_settings
                        where team_id = ? and change_id > ? and user_id <> ? group by name)
                    order by change_id
                    """,
                    [team_id, mark, besides],
                )
            )
        )
        return [Change(**row) for row in rows]

    async def newest_changes(self, team_id: str, *, most: int) -> list[Change]:
        """Return the last changes, the newest first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select name, value, user_id, changed_at from workspace_settings where team_id = ?
                    order by change_id desc limit ?
                    """,
                    [team_id, most],
                )
            )
        )
        return [Change(**row) for row in rows]

    async def teams(self) -> list[str]:
        """Return every workspace that ever asked for anything."""
        rows = await self._store.read(lambda db: db.execute("select distinct team_id from runs").fetchall())
        return sorted(row[0] for row in rows)

    async def last_digest(self, team_id: str) -> datetime | None:
        """Return the end of the last digest that was claimed, or None before the first."""
        row = await self._store.read(
            lambda db: db.execute("select max(to_at) from digests where team_id = ?", [team_id]).fetchone()
        )
        return None if row[0] is None else datetime.fromisoformat(row[0])

    async def claim_digest(self, team_id: str, *, due: datetime, from_: datetime, to: datetime) -> None:
        """Write down that a digest is due; twice is once."""
        await self._store.write(
            lambda db: db.execute(
                "insert into digests values (?, ?, ?, ?, null, null) on conflict do nothing",
                [team_id, iso(due), iso(from_), iso(to)],
            )
        )

    async def unposted_digests(self, team_id: str) -> list[DigestRow]:
        """Return a team's digests that are due and not posted, the oldest first."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select team_id, due_at, from_at, to_at from digests where team_id = ? and posted_at is null
                order by due_at
                """,
                [team_id],
            ).fetchall()
        )
        return [DigestRow(row[0], *map(datetime.fromisoformat, row[1:])) for row in rows]

    async def digest(self, team_id: str, due: datetime) -> DigestRow | None:
        """Return a digest that is due and not posted, or None."""
        return next((row for row in await self.unposted_digests(team_id) if row.due == due), None)

    async def digest_posted(self, row: DigestRow, *, channel_id: str) -> None:
        """Write down where a digest was posted; an empty channel for a quiet week that needs none."""
        await self._store.write(
            lambda db: db.execute(
                "update digests set channel_id = ?, posted_at = ? where team_id = ? and due_at = ?",
                [channel_id, iso(now()), row.team_id, iso(row.due)],
            )
        )


def apply_changes(defaults: WorkspaceSettings, changes: dict[str, str]) -> WorkspaceSettings:
    """Return *defaults* with what was changed; a name that is no longer a setting is passed over."""
    changed: dict[str, Any] = {}
    for field in fields(WorkspaceSettings):
        if field.name in changes:
            value = json.loads(changes[field.name])
            if field.type == "Decimal":
                value = Decimal(value)
            changed[field.name] = tuple(value) if isinstance(value, list) else value
    return replace(defaults, **changed)


def _latest(db: Database, team_id: str) -> dict[str, str]:
    rows = db.execute(
        """
        select name, value from workspace_settings where change_id in (
            select max(change_id) from workspace_settings where team_id = ? group by name)
        """,
        [team_id],
    ).fetchall()
    return {row[0]: row[1] for row in rows}
