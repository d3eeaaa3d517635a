"""The only room that speaks SQL: the ledger, requests, drafts and reviews, quotes, people; nothing here calls out."""

from __future__ import annotations

from pathlib import Path

from bot.records.baselines import Baselines
from bot.records.choices import Choices
from bot.records.drafts import Drafts
from bot.records.firms import Firms
from bot.records.ledger import Ledger
from bot.records.people import People
from bot.records.proof import Proof
from bot.records.questions import Questions
from bot.records.quotes import Quotes
from bot.records.requests import Requests
from bot.records.reviews import Reviews
from bot.records.settlements import Settlements
from bot.records.store import Store
from bot.records.templates import Templates
from bot.records.vaults import Vaults
from bot.records.workspaces import Workspaces, WorkspaceSettings

__all__ = ["Records", "WorkspaceSettings"]


class Records:
    """All tables of one installation."""

    def __init__(self, path: Path, defaults: WorkspaceSettings | None = None) -> None:
        self.store = Store(path)
        self.workspaces = Workspaces(self.store, defaults or WorkspaceSettings())
        self.requests = Requests(self.store)
        self.choices = Choices(self.store, self.workspaces)
        self.ledger = Ledger(self.store, self.workspaces)
        self.drafts = Drafts(self.store)
        self.reviews = Reviews(self.store, self.workspaces)
        self.settlements = Settlements(self.store, self.workspaces)
        self.questions = Questions(self.store)
        self.people = People(self.store)
        self.baselines = Baselines(self.store)
        self.proof = Proof(self.store)
        self.quotes = Quotes(self.store)
        self.templates = Templates(self.store)
        self.vaults = Vaults(self.store)
        self.firms = Firms(self.store)

    def open(self) -> None:
        """Open the file, making or migrating it.

        Raises:
            sqlite3.Error: it cannot be opened or written.
        """
        self.store.open()

    async def close(self) -> None:
        """Finish what waits and close the file."""
        await self.store.close()
