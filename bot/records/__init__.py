"""The only room that speaks SQL: the ledger, requests, drafts and reviews, quotes, people; nothing here calls out."""

from __future__ import annotations

from pathlib import Path

from bot.records.audit import Audit
from bot.records.baselines import Baselines
from bot.records.budgets import Budgets
from bot.records.bulk import Bulk
from bot.records.bulk_batches import BulkBatches
from bot.records.bulk_items import BulkItems
from bot.records.candidates import Candidates
from bot.records.choices import Choices
from bot.records.conversations import Conversations
from bot.records.customers import Customers
from bot.records.drafts import Drafts
from bot.records.erasures import Erasures
from bot.records.firms import Firms
from bot.records.glances import Glances
from bot.records.guidelines import Guidelines
from bot.records.installations import Installations
from bot.records.knowledge import Knowledge
from bot.records.knowledge_uploads import KnowledgeUploads
from bot.records.ledger import Ledger
from bot.records.news import News
from bot.records.people import People
from bot.records.personal import Personal
from bot.records.plans import Plans
from bot.records.postgres import PgStore
from bot.records.proof import Proof
from bot.records.questions import Questions
from bot.records.quotes import Quotes
from bot.records.requests import Requests
from bot.records.reviews import Reviews
from bot.records.revisions import Approvals, Forms
from bot.records.screening_rules import Rules
from bot.records.screenings import Screenings
from bot.records.settlements import Settlements
from bot.records.sqlite import FileStore
from bot.records.store import STORE_ERRORS, Store, is_away
from bot.records.teams import Teams
from bot.records.templates import Templates
from bot.records.uploads import Uploads
from bot.records.vaults import Vaults
from bot.records.workspaces import Workspaces, WorkspaceSettings

__all__ = ["STORE_ERRORS", "Records", "WorkspaceSettings", "is_away"]


class Records:
    """All tables of one installation.

    Args:
        path: the file they are in; with a *database_url* only what is derived of them stands beside it.
        database_url: a PostgreSQL database that they are in instead.
    """

    def __init__(
        self, path: Path, defaults: WorkspaceSettings | None = None, *, database_url: str = ""
    ) -> None:
        self.store: Store = PgStore(path, database_url) if database_url else FileStore(path)
        self.news = News(database_url)
        self.workspaces = Workspaces(self.store, defaults or WorkspaceSettings())
        self.requests = Requests(self.store)
        self.choices = Choices(self.store, self.workspaces)
        self.ledger = Ledger(self.store, self.workspaces)
        self.budgets = Budgets(self.store)
        self.audit = Audit(self.store)
        self.erasures = Erasures(self.store)
        self.installations = Installations(self.store)
        self.drafts = Drafts(self.store)
        self.reviews = Reviews(self.store, self.workspaces)
        self.settlements = Settlements(self.store, self.workspaces)
        self.questions = Questions(self.store)
        self.conversations = Conversations(self.store)
        self.glances = Glances(self.store)
        self.people = People(self.store)
        self.personal = Personal(self.store)
        self.baselines = Baselines(self.store)
        self.proof = Proof(self.store)
        self.quotes = Quotes(self.store)
        self.customers = Customers(self.store)
        self.plans = Plans(self.store)
        self.quote_forms = Forms(self.store)
        self.approvals = Approvals(self.store, self.reviews)
        self.teams = Teams(self.store)
        self.templates = Templates(self.store)
        self.vaults = Vaults(self.store)
        self.firms = Firms(self.store)
        self.guidelines = Guidelines(self.store)
        self.uploads = Uploads(self.store)
        self.screening_rules = Rules(self.store)
        self.screenings = Screenings(self.store)
        self.candidates = Candidates(self.store)
        self.bulk = Bulk(self.store)
        self.bulk_batches = BulkBatches(self.store)
        self.bulk_items = BulkItems(self.store, self.reviews)
        self.knowledge = Knowledge(self.store)
        self.knowledge_uploads = KnowledgeUploads(self.store)

    def open(self) -> None:
        """Open the database, making or migrating its tables.

        Raises:
            STORE_ERRORS: it cannot be opened or written.
        """
        self.store.open()

    async def close(self) -> None:
        """Finish what waits and close the database."""
        await self.news.stop()
        await self.knowledge.close()
        await self.store.close()
