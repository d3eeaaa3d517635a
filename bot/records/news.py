"""What replicas tell each other through PostgreSQL: what to read anew, and whose writing to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

import psycopg

from bot.records.address import patient
from bot.records.dialect import SCHEMA

log = logging.getLogger(__name__)

CHANNEL = "tijdwinst"
AGAIN_AFTER_S = 1.0

MISSED = "missed"
"""What is heard first, and after each time that the server was away: anything may have been told meanwhile."""

CHANGED = "changed"
"""Settings or templates of a team were changed: the database itself tells that, whoever wrote."""

# Notices go out with the commit that they are about.
TELLING = f"""
create or replace function {SCHEMA}.tell_changed() returns trigger language plpgsql as $$ begin
    perform pg_notify('{CHANNEL}', json_build_object('kind', '{CHANGED}', 'team', new.team_id)::text);
    return null;
end $$;
create or replace trigger tell_settings after insert on {SCHEMA}.workspace_settings
    for each row execute function {SCHEMA}.tell_changed();
create or replace trigger tell_templates after insert on {SCHEMA}.template_states
    for each row execute function {SCHEMA}.tell_changed();
"""

Heard = Callable[[str, dict[str, Any]], None]


class News:
    """Tells the other replicas, and passes on what they tell.

    Args:
        url: the database that they share; empty where there are none.
    """

    def __init__(self, url: str) -> None:
        self._url = patient(url) if url else ""
        self._me = uuid.uuid4().hex
        self._heard: list[Heard] = []
        self._listening: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._speaker: psycopg.AsyncConnection[Any] | None = None
        self._speaking = asyncio.Lock()

    def listen(self, heard: Heard) -> None:
        """Have *heard* called on the loop with the kind and the words of whatever others tell."""
        self._heard.append(heard)

    def hush(self, heard: Heard) -> None:
        """Call *heard* no more."""
        if heard in self._heard:
            self._heard.remove(heard)

    def tell(self, kind: str, **what: str) -> None:
        """Tell the others, soon and at most once: only what is stored, or will be seen anyway, may rest on it."""
        if not self._url or self._listening is None:
            return
        words = json.dumps({"kind": kind, "from": self._me, **what})
        task = asyncio.create_task(self._tell(words))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def start(self) -> None:
        """Begin to listen."""
        if self._url:
            self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Listen no more."""
        tasks = [*self._telling, *([self._listening] if self._listening is not None else [])]
        self._listening = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._speaker is not None:
            await self._speaker.close()

    async def _tell(self, words: str) -> None:
        try:
            async with self._speaking:
                # On a connection of its own: the other one is busy listening.
                if self._speaker is None or self._speaker.closed:
                    self._speaker = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                await self._speaker.execute("select pg_notify(%s, %s)", [CHANNEL, words])
        except psycopg.Error as error:
            log.warning("the other replicas were not told: %s", str(error).splitlines()[0])

    async def _listen(self) -> None:
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute(f"listen {CHANNEL}")
                    self._pass_on({"kind": MISSED})
                    async for notice in connection.notifies():
                        self._pass_on(json.loads(notice.payload))
            except psycopg.Error as error:
                log.warning("nothing is heard of the other replicas: %s", str(error).splitlines()[0])
            await asyncio.sleep(AGAIN_AFTER_S)

    def _pass_on(self, told: dict[str, Any]) -> None:
        if told.get("from") != self._me:
            for heard in list(self._heard):
                heard(told["kind"], told)
