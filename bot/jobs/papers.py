"""Accepted quotes: each gets its number and its PDF, once, or one message that says why it has none."""

from __future__ import annotations

import asyncio
import logging
from datetime import date, datetime
from typing import Any

from bot.handlers import Desk
from bot.jobs.posts import Posts, Spot
from bot.quotes.paper import find_prose, hash_content, quote_pdf
from bot.records.reviews import State
from bot.tasks import Run
from bot.texts import format_day, text
from bot.value import ACCEPTED
from bot.views import fallback, placeholder
from bot.wire import SlackError

log = logging.getLogger(__name__)


class Papers:
    """Brings the papers that follow from an accepted draft."""

    def __init__(self, desk: Desk, posts: Posts) -> None:
        self._desk = desk
        self._records = desk.records
        self._posts = posts

    async def bring(self, run: Run, state: State, spot: Spot) -> None:
        """Bring the PDF of an accepted quote to *spot*; for any other draft there is nothing to bring.

        May be done twice: the same content has the same number, and its file comes once.

        Raises:
            SlackError: Slack is away; the number stays claimed, and the next try brings its file.
        """
        document = await self._records.quotes.document(run.run_id, state.version)
        draft = await self._records.drafts.get(run.run_id, state.version)
        if document is None or draft is None or state.review not in ACCEPTED:
            return
        accepted = state.final_text or draft.text
        prose = find_prose(document, accepted)
        trouble = await self._find_trouble(run, document, prose)
        content_hash = hash_content(document, accepted if prose is None else prose)
        if trouble or prose is None:
            await self._tell(run, spot, trouble, of=content_hash[:16])
            return
        number = await self._records.quotes.claim_number(
            run.run_id, team_id=run.team_id, year=document["date"][0], content_hash=content_hash
        )
        pdf = await asyncio.to_thread(
            quote_pdf, document, number=str(number), prose=prose, logo=self._desk.firm.logo
        )
        title = f"{document['title']} {number}, {document['customer'][0]}"
        post_id = f"{run.run_id}/quote/{number}"
        try:
            await self._posts.file_once(post_id, spot, f"{number}.pdf", pdf, title=title, run_id=run.run_id)
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s the PDF was not taken: %s", run.run_id, error)
            sentence = text("quote.trouble-file", run.language, number=number, code=error.code)
            await self._tell(run, spot, sentence, of=f"{number}/trouble")

    async def _tell(self, run: Run, spot: Spot, sentence: str, *, of: str) -> None:
        post_id = f"{run.run_id}/quote/{of}"
        await self._posts.once(post_id, spot, fallback(sentence), placeholder(sentence), run_id=run.run_id)

    async def _find_trouble(self, run: Run, document: dict[str, Any], prose: str | None) -> str:
        """Return why a quote cannot be sent; empty when it can."""
        zone = (await self._records.workspaces.get(run.team_id)).zone
        valid_until = date.fromisoformat(document["valid_until"])
        if prose is None:
            return text("quote.trouble-changed", run.language)
        if not document["lines"]:
            return text("quote.trouble-nothing", run.language)
        if not document["has_customer"]:
            return text("quote.trouble-customer", run.language)
        if valid_until < datetime.now(zone).date():
            return text("quote.trouble-late", run.language, day=format_day(valid_until, run.language))
        return ""
