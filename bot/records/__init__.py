"""The only room that speaks SQL: the ledger, requests, drafts and reviews, people; nothing here calls out."""

from __future__ import annotations

from pathlib import Path

from bot.records.drafts import Drafts
from bot.records.ledger import Ledger
from bot.records.people import People
from bot.records.requests import Requests
from bot.records.store import Store


class Records:
    """All tables of one installation."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self.requests = Requests(self.store)
        self.ledger = Ledger(self.store)
        self.drafts = Drafts(self.store)
        self.people = People(self.store)

    def open(self) -> None:
        """Open the file, making or migrating it.

        Raises:
            sqlite3.Error: it cannot be opened or written.
        """
        self.store.open()

    async def close(self) -> None:
        """Finish what waits and close the file."""
        await self.store.close()
