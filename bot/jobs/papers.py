"""Accepted quotes: each gets its number and its PDF, once, or one message that says why it has none."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import astuple, dataclass
from datetime import date, datetime

from bot.handlers import Desk
from bot.jobs.approvals import Seconds
from bot.jobs.posts import Posts, Spot
from bot.pdf import find_unprintable
from bot.quotes.exchange import quote_csv, quote_json
from bot.quotes.offer import Customer
from bot.quotes.paper import Words, find_words, hash_content, quote_pdf
from bot.quotes.stored import Basis, Json
from bot.records.reviews import State
from bot.records.revisions import Approval
from bot.tasks import Draft, Run
from bot.texts import format_day, text
from bot.value import ACCEPTED
from bot.views import Block, context, copy_buttons, draft_value, fallback, lines_button, placeholder
from bot.wire import SlackError

log = logging.getLogger(__name__)

MOST_LETTERS = 10
"""Letters that no font has and that one message names."""


@dataclass(frozen=True)
class Accepted:
    """A quote that somebody accepted.

    Attributes:
        basis: None for one that is older than the form of lines.
        words: None when its figures were changed by hand.
    """

    document: Json
    basis: Basis | None
    words: Words | None
    content_hash: str


class Papers:
    """Brings the papers that follow from an accepted draft."""

    def __init__(self, desk: Desk, posts: Posts) -> None:
        self.seconds = Seconds(desk, posts)
        self._desk = desk
        self._records = desk.records
        self._posts = posts

    async def bring(self, run: Run, state: State, spot: Spot) -> bool:
        """Bring the PDF of an accepted quote to *spot*; for any other draft there is nothing to bring.

        May be done twice: the same content has the same number, and its file comes once. A quote that needs a
        second approval waits for it; True says so.

        Raises:
            SlackError: Slack is away; the number stays claimed, and the next try brings its file.
        """
        accepted = await self._find(run, state)
        if accepted is None:
            return False
        trouble = await self._find_trouble(run, accepted)
        if trouble:
            await self._tell(run, spot, trouble, of=accepted.content_hash[:16])
            return False
        if accepted.basis is not None and await self.seconds.wanted(run, accepted.basis):
            approval = await self._records.approvals.claim(
                run.run_id, state.version, content_hash=accepted.content_hash, first=state.decided_by
            )
            if approval.status != "granted":
                await self.seconds.ask(run, approval, accepted.document, accepted.basis)
                return True
        await self._bring_pdf(run, accepted, spot, approved_by=state.decided_by)
        return False

    async def _bring_pdf(self, run: Run, accepted: Accepted, spot: Spot, *, approved_by: str) -> None:
        document, words = accepted.document, accepted.words or Words()
        number = await self._records.quotes.claim_number(
            run.run_id,
            team_id=run.team_id,
            year=document["date"][0],
            content_hash=accepted.content_hash,
            sums=accepted.basis.offer.work_out().sums if accepted.basis else None,
        )
        await self._remember(run, document, user_id=approved_by)
        pdf = await asyncio.to_thread(
            quote_pdf, document, number=str(number), words=words, logo=self._desk.firm.logo
        )
        await self._bring_file(run, accepted, spot, number=str(number), kind="pdf", content=pdf)

    async def bring_copy(self, run: Run, state: State, spot: Spot, kind: str) -> str:
        """Bring a numbered quote as JSON or CSV, once each; return a sentence where there is nothing to bring.

        Raises:
            SlackError: Slack is away.
        """
        accepted = await self._find(run, state)
        number = None
        if accepted is not None and accepted.basis is not None:
            number = await self._records.quotes.number(run.run_id, accepted.content_hash)
        if accepted is None or accepted.basis is None or number is None:
            return text("quote.copy-no-number", run.language)
        if await self._records.drafts.post(_file_id(run, str(number), kind)) is not None:
            return text("quote.copy-there", run.language, name=f"{number}.{kind}")
        offer, firm = accepted.basis.offer, await self._desk.sender(run.team_id)
        totals = offer.work_out()
        if kind == "json":
            content = quote_json(offer, totals, firm, number=str(number))
        else:
            content = quote_csv(offer, totals, number=str(number), language=run.language)
        await self._bring_file(run, accepted, spot, number=str(number), kind=kind, content=content)
        return ""

    async def _bring_file(
        self, run: Run, accepted: Accepted, spot: Spot, *, number: str, kind: str, content: bytes
    ) -> None:
        """Bring a file once; where Slack does not take it, say so with the number."""
        title = f"{accepted.document['title']} {number}, {accepted.document['customer'][0]}"
        name = f"{number}.{kind}"
        try:
            await self._posts.file_once(
                _file_id(run, number, kind), spot, name, content, title=title, run_id=run.run_id
            )
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s %s was not taken: %s", run.run_id, name, error)
            sentence = text(
                "quote.trouble-file", run.language, number=number, kind=kind.upper(), code=error.code
            )
            trouble = "trouble" if kind == "pdf" else f"trouble-{kind}"
            await self._tell(run, spot, sentence, of=f"{number}/{trouble}")

    async def show_second(self, run: Run, approval: Approval) -> str:
        """Let everybody who has to do with a second approval see what became of it; return a note for the card.

        Raises:
            SlackError: Slack is away.
        """
        document = await self._records.quotes.document(run.run_id, approval.version)
        basis = await self._records.quotes.basis(run.run_id, approval.version)
        if document is None or basis is None:
            return ""
        await self.seconds.tell_asked(run, approval, document, basis)
        if approval.status != "refused":
            return ""
        await self.seconds.tell_first(run, approval, basis)
        return self.seconds.word_outcome(approval, basis, run.language)

    async def describe(self, run: Run, draft: Draft, state: State) -> tuple[list[Block], list[Block]]:
        """Return what a quote's card has besides: sentences, and buttons; nothing for any other draft."""
        basis = await self._records.quotes.basis(run.run_id, draft.version)
        if basis is None:
            return [], []
        value = draft_value(draft.run_id, draft.version)
        if state.review in ("open", "redone"):
            return [], [lines_button(value, run.language)]
        if state.review not in ACCEPTED:
            return [], []
        approval = await self._records.approvals.newest(run.run_id)
        said = []
        if approval is not None and approval.version == draft.version and approval.status != "withdrawn":
            said = [context(self.seconds.word_outcome(approval, basis, run.language))]
            if approval.status != "granted":
                return said, []
        elif await self.seconds.wanted(run, basis):
            return [], []
        return said, copy_buttons(value, run.language)

    async def _find(self, run: Run, state: State) -> Accepted | None:
        """Return an accepted quote; None when it is none, or not accepted, or deleted."""
        document = await self._records.quotes.document(run.run_id, state.version)
        draft = await self._records.drafts.get(run.run_id, state.version)
        if document is None or draft is None or state.review not in ACCEPTED:
            return None
        accepted = state.final_text or draft.text
        words = find_words(document, accepted)
        content_hash = hash_content(document, words or Words(accepted))
        basis = await self._records.quotes.basis(run.run_id, state.version)
        return Accepted(document, basis, words, content_hash)

    async def _remember(self, run: Run, document: Json, *, user_id: str) -> None:
        """Keep the customer of an approved quote for the next one; of quotes of before there is too little known."""
        if buyer := document.get("buyer"):
            customer = Customer(
                buyer["name"], tuple(buyer["address"]), buyer["vat_number"], bool(buyer["consumer"])
            )
            await self._records.customers.remember(
                run.team_id, customer, language=document["lang"], user_id=user_id or run.user_id
            )

    async def _tell(self, run: Run, spot: Spot, sentence: str, *, of: str) -> None:
        post_id = f"{run.run_id}/quote/{of}"
        await self._posts.once(post_id, spot, fallback(sentence), placeholder(sentence), run_id=run.run_id)

    async def _find_trouble(self, run: Run, accepted: Accepted) -> str:
        """Return why a quote cannot be sent; empty when it can."""
        document = accepted.document
        zone = (await self._records.workspaces.get(run.team_id)).zone
        valid_until = date.fromisoformat(document["valid_until"])
        if accepted.words is None:
            return text("quote.trouble-changed", run.language)
        if not document["lines"]:
            return text("quote.trouble-nothing", run.language)
        if not document["has_customer"]:
            return text("quote.trouble-customer", run.language)
        if letters := await asyncio.to_thread(find_unprintable, [document, astuple(accepted.words)]):
            return text("quote.trouble-letters", run.language, letters=", ".join(letters[:MOST_LETTERS]))
        if valid_until < datetime.now(zone).date():
            return text("quote.trouble-late", run.language, day=format_day(valid_until, run.language))
        return ""


def _file_id(run: Run, number: str, kind: str) -> str:
    return f"{run.run_id}/quote/{number}" if kind == "pdf" else f"{run.run_id}/quote/{number}.{kind}"
