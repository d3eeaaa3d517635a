"""Who people are, as Slack told us a day ago at most, and what their admins were told already."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.tasks import Person

FRESH_HOURS = 24


class People:
    """The directory's cache, and the notices that admins have had."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, team_id: str, user_ids: set[str]) -> dict[str, Person]:
        """Return those of *user_ids* that were read within a day, by id."""
        if not user_ids:
            return {}
        marks = ", ".join("?" * len(user_ids))
        oldest = iso(now() - timedelta(hours=FRESH_HOURS))
        rows = await self._store.look(
            lambda db: list(
                db.query(
                    f"""
                    select team_id, user_id, name, is_admin, is_guest, is_bot, locale
                    from people where team_id = ? and read_at > ? and user_id in ({marks})
                    """,
                    [team_id, oldest, *user_ids],
                )
            )
        )
        return {row["user_id"]: _person(row) for row in rows}

    async def names(self, team_id: str) -> tuple[str, ...]:
        """Return what the people of a workspace are called, as far as we have met them; bots left out."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select distinct name from people where team_id = ? and is_bot = 0 and name <> '' order by name",
                [team_id],
            ).fetchall()
        )
        return tuple(str(row[0]) for row in rows)

    async def put(self, people: list[Person]) -> None:
        """Keep what Slack told about *people*; a known messages tab stays known."""

        def work(db: Database) -> None:
            for person in people:
                db.execute(
                    """
                    insert into people values (?, ?, ?, ?, ?, ?, ?, '', ?)
                    on conflict (team_id, user_id) do update set name = excluded.name,
                        is_admin = excluded.is_admin, is_guest = excluded.is_guest, is_bot = excluded.is_bot,
                        locale = excluded.locale, read_at = excluded.read_at
                    """,
                    [
                        person.team_id,
                        person.user_id,
                        person.name,
                        int(person.is_admin),
                        int(person.is_guest),
                        int(person.is_bot),
                        person.locale,
                        iso(now()),
                    ],
                )

        await self._store.write(work)

    async def messages_tab(self, team_id: str, user_id: str) -> str:
        """Return the id of somebody's messages tab, or an empty text while it is unknown."""
        row = await self._store.look(
            lambda db: db.execute(
                "select im_channel_id from people where team_id = ? and user_id = ?", [team_id, user_id]
            ).fetchone()
        )
        return "" if row is None else str(row[0])

    async def put_messages_tab(self, team_id: str, user_id: str, channel_id: str) -> None:
        """Keep the id of somebody's messages tab; the rest of the person stays to be read."""
        await self._store.write(
            lambda db: db.execute(
                """
                insert into people values (?, ?, '', 0, 0, 0, '', ?, '')
                on conflict (team_id, user_id) do update set im_channel_id = excluded.im_channel_id
                """,
                [team_id, user_id, channel_id],
            )
        )

    async def first_notice(self, team_id: str, kind: str) -> bool:
        """Claim the one notice of *kind*; True for the first to ask since it was last cleared."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                "insert into notices values (?, ?, ?) on conflict do nothing", [team_id, kind, iso(now())]
            )
            return cursor.rowcount > 0

        return await self._store.write(work)

    async def noticed(self, team_id: str, kind: str) -> bool:
        """Say whether the notice of *kind* was claimed."""
        row = await self._store.read(
            lambda db: db.execute(
                "select 1 from notices where team_id = ? and kind = ?", [team_id, kind]
            ).fetchone()
        )
        return row is not None

    async def end_notice(self, team_id: str, kind: str) -> datetime | None:
        """Forget the notice of *kind* and return since when it stood; None when there is none."""

        def work(db: Database) -> str | None:
            row = db.execute(
                "delete from notices where team_id = ? and kind = ? returning told_at", [team_id, kind]
            ).fetchone()
            return None if row is None else str(row[0])

        since = await self._store.write(work)
        return None if since is None else datetime.fromisoformat(since)

    async def clear_notices(self, team_id: str, kinds: tuple[str, ...]) -> None:
        """Forget notices of *kinds*: the trouble is over, the next one is news again."""
        which = f"from notices where team_id = ? and kind in ({', '.join('?' * len(kinds))})"
        values = [team_id, *kinds]
        # Each draft that succeeds comes by here, and hardly ever is there one: a look costs no commit.
        if await self._store.look(lambda db: db.execute(f"select 1 {which}", values).fetchone()):
            await self._store.write(lambda db: db.execute(f"delete {which}", values))


def _person(row: dict[str, object]) -> Person:
    return Person(
        team_id=str(row["team_id"]),
        user_id=str(row["user_id"]),
        name=str(row["name"]),
        is_admin=bool(row["is_admin"]),
        is_guest=bool(row["is_guest"]),
        is_bot=bool(row["is_bot"]),
        locale=str(row["locale"]),
    )
