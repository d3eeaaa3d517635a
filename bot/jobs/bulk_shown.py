"""What a person sees of a set: one message that tells how far it is, one card to review on, and the files."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from bot.bulk import Line, result_csv, result_xlsx
from bot.bulk.paper import Letter, Paper, letters_docx, pack_letters
from bot.handlers import Desk
from bot.jobs.costs import word_basis, word_price
from bot.jobs.posts import Posts, Spot
from bot.records.bulk import ENDED, BulkSet, file_mark
from bot.records.bulk_items import Counts, Item
from bot.tasks import TableWork, Task
from bot.texts import text
from bot.value import ACCEPTED
from bot.views import Block, fallback, plain
from bot.views.bulk import Shown, bar, review_card, set_button, set_message, texts_blocks

log = logging.getLogger(__name__)

MOST_TOLD = 5
LETTERS = ("pdf", "word", "docx")
"""How accepted letters are brought: an archive of PDFs, one of Word documents, or all in one Word document."""

_ENDINGS = {"pdf": "zip", "word": "zip"}
REDO_SHARE = Decimal("0.15")
"""So many texts are expected to be written twice, because code finds something wrong with the first."""


class SetCards:
    """Brings the messages of a set in line with the records."""

    def __init__(self, desk: Desk, posts: Posts, tasks: Mapping[str, Task]) -> None:
        self._desk = desk
        self._records = desk.records
        self._bulk = desk.records.bulk
        self._items = desk.records.bulk_items
        self._posts = posts
        self._tasks = tasks

    def rules(self, one: BulkSet) -> TableWork:
        """Return how the task of a set works through a table."""
        task = self._tasks.get(one.task)
        return (task.table if task else None) or TableWork()

    async def show(self, one: BulkSet, *, answered: int = 0) -> None:
        """Let the set's message say where it stands, and its card hold the next texts to decide on.

        Args:
            answered: rows of the batch under way that have an answer on the server already.

        Raises:
            SlackError: Slack does not take it.
        """
        spot = await self._posts.messages_tab(one.team_id, one.user_id)
        counts = await self._items.counts(one.set_id)
        blocks = await self._blocks(one, counts, answered)
        line = plain(blocks[0]["text"]["text"])
        await self._posts.bring(f"{one.set_id}/set", spot, fallback(line), blocks)
        if one.stage in ENDED and counts.written:
            await self._show_review(one, counts, spot)

    async def _show_review(self, one: BulkSet, counts: Counts, spot: Spot) -> None:
        each = self.rules(one).each_review
        items = await self._items.undecided(one.set_id, each)
        shown = [self._shown(one, item) for item in items]
        if items:
            head = text("bulk.review.head", one.language, count=counts.undecided, total=counts.written)
        else:
            head = text("bulk.review.none", one.language, accepted=counts.accepted, skipped=counts.skipped)
        blocks = review_card(
            shown, one.set_id, one.language, head=head, each=each, undo=bool(one.last_decided)
        )
        await self._posts.bring(f"{one.set_id}/review", spot, fallback(head), blocks)

    def _shown(self, one: BulkSet, item: Item) -> Shown:
        name = item.cells[one.mapping.name] if one.mapping else ""
        return Shown(item.number, item.version, name, item.text, item.faults, item.trouble)

    async def _blocks(self, one: BulkSet, counts: Counts, answered: int) -> list[Block]:
        language, name = one.language, html.escape(one.file_name, quote=False)

        def press(*names: str, first: str = "") -> list[Block]:
            return [
                set_button(
                    each, one.set_id, language, style="primary" if each == first else "", count=counts.left
                )
                for each in names
            ]

        trouble = text(one.trouble, language, **json.loads(one.trouble_params)) if one.trouble else ""
        if one.stage == "mapping":
            columns = html.escape(", ".join(one.headers), quote=False)[:300]
            said = text("bulk.mapping", language, name=name, count=counts.rows, columns=columns)
            return set_message(said, trouble, buttons=press("map", "cancel", first="map"))
        if one.stage == "samples":
            return await self._samples(one, press("style", "map", "cancel", first="style"))
        if one.stage == "priced":
            said = text("bulk.priced", language, count=counts.left, price=await self._price(one, counts.left))
            basis = await self._basis(one)
            return set_message(said, basis, buttons=press("start", "map", "cancel", first="start"))
        if one.stage in ("running", "paused"):
            done = min(counts.rows, counts.written + counts.failed + answered)
            said = text(f"bulk.stage.{one.stage}", language, name=name, done=done, total=counts.rows)
            names = ("pause", "cancel") if one.stage == "running" else ("resume", "cancel")
            return set_message(f"{said}\n{bar(done, counts.rows)}", trouble, buttons=press(*names))
        if one.stage in ("done", "cancelled"):
            return await self._ended(one, counts)
        said = trouble if one.stage == "refused" else text(f"bulk.stage.{one.stage}", language, name=name)
        return set_message(said)

    async def _samples(self, one: BulkSet, buttons: list[Block]) -> list[Block]:
        items = [item for item in await self._items.items(one.set_id) if item.is_sample and item.text]
        head = text("bulk.samples", one.language, count=len(items))
        shown = texts_blocks([self._shown(one, item) for item in items], one.language)
        return [*set_message(head), *shown, {"type": "actions", "elements": buttons}]

    async def _ended(self, one: BulkSet, counts: Counts) -> list[Block]:
        language, rules = one.language, self.rules(one)
        said = text(
            f"bulk.stage.{one.stage}",
            language,
            name=html.escape(one.file_name, quote=False),
            written=counts.written,
            total=counts.rows,
        )
        lines = []
        if counts.flagged:
            lines.append(text("bulk.flagged", language, count=counts.flagged))
        failed = await self._items.troubles(one.set_id)
        if failed:
            told = [f"{number}: {html.escape(why, quote=False)}" for number, why in failed[:MOST_TOLD]]
            lines.append(text("bulk.failed", language, count=len(failed), rows=" · ".join(told)))
        if counts.written:
            lines.append(
                text(
                    "bulk.decided",
                    language,
                    accepted=counts.accepted,
                    skipped=counts.skipped,
                    left=counts.undecided,
                )
            )
        stopping = await self._records.bulk_batches.open_claim(one.set_id) is not None
        names = ["retry"] if failed and not stopping else []
        if rules.paper:
            names += [*LETTERS] if counts.accepted else []
        elif counts.written:
            names += ["xlsx", "csv"]
        if counts.accepted + counts.skipped:
            names.append("minutes")
        buttons = [set_button(each, one.set_id, language) for each in names]
        return set_message("\n".join([said, *lines]), text("bulk.counts-how", language), buttons=buttons)

    async def _price(self, one: BulkSet, count: int) -> str:
        """Say what *count* more texts cost, by what the samples used, in the firm's currency."""
        paid = await self._items.cost(one.set_id, samples=True)
        settings = await self._records.workspaces.get(one.team_id)
        if not paid:
            return text("price.unknown", one.language, tokens="?")
        used = Decimal(count) * (1 + REDO_SHARE) / sum(row["calls"] for row in paid)
        return word_price(
            settings,
            one.language,
            model=paid[-1]["model"],
            input_tokens=int(sum(row["input_tokens"] or 0 for row in paid) * used),
            output_tokens=int(sum(row["output_tokens"] or 0 for row in paid) * used),
            batch=one.uses_batches,
        )

    async def _basis(self, one: BulkSet) -> str:
        """Say what a price rests on: the list of prices, the dollar's, and what is counted in."""
        settings = await self._records.workspaces.get(one.team_id)
        return text("bulk.basis", one.language, **word_basis(settings, one.language))

    async def bring_result(self, one: BulkSet, kind: str = "", number: int = 1) -> str:
        """Bring the texts of a set as a file, once; return a sentence where there is something to tell.

        Args:
            kind: `xlsx`, `csv` or one of `LETTERS`; empty for what belongs to the task once all is written.

        Raises:
            SlackError: Slack does not take it.
        """
        rules = self.rules(one)
        if not kind and rules.paper:
            return ""
        items = await self._items.items(one.set_id, states=("written",))
        if kind in LETTERS:
            items = [item for item in items if item.review in ACCEPTED]
        if not items:
            return text("bulk.nothing-yet", one.language)
        said = ""
        if kind in LETTERS:
            content, instead = await self._letters(one, items, kind)
            rows = ", ".join(str(number) for number in instead[:MOST_TOLD])
            said = text("bulk.not-as-pdf", one.language, count=len(instead), rows=rows) if instead else ""
        else:
            content = await self._content(one, items, kind or "xlsx")
        post_id = f"{one.set_id}/file/{number if kind else 'first'}"
        stem = re.sub(r"[^\w-]+", "-", one.file_name.rpartition(".")[0] or one.task).strip("-")[:40]
        kind = kind or "xlsx"
        name = f"{stem or one.task}-{file_mark(one.set_id)}-{number}.{_ENDINGS.get(kind, kind)}"
        spot = await self._posts.messages_tab(one.team_id, one.user_id)
        title = text("bulk.file-title", one.language, name=one.file_name, count=len(items))
        await self._posts.file_once(post_id, spot, name, content, title=title)
        return said

    async def _letters(self, one: BulkSet, items: Sequence[Item], kind: str) -> tuple[bytes, list[int]]:
        firm = await self._desk.sender(one.team_id)
        zone = (await self._records.workspaces.get(one.team_id)).zone
        paper = Paper(firm.name, one.language, datetime.now(zone).date())
        letters = [
            Letter(item.number, item.cells[one.mapping.name] if one.mapping else "", item.text)
            for item in items
        ]
        if kind == "docx":
            return await asyncio.to_thread(letters_docx, letters, paper), []
        return await asyncio.to_thread(pack_letters, letters, paper, "pdf" if kind == "pdf" else "docx")

    async def _content(self, one: BulkSet, items: Sequence[Item], kind: str) -> bytes:
        lines = [
            Line(
                key=f"{file_mark(one.set_id)}-{item.number}.{item.version}",
                cells=item.cells,
                text=item.text,
                verdict=text(f"bulk.verdict.{item.review}", one.language) if item.review in _DECIDED else "",
                remarks=" ".join(html.unescape(fault.word(one.language)) for fault in item.faults),
            )
            for item in items
        ]
        write = result_csv if kind == "csv" else result_xlsx
        return await asyncio.to_thread(write, one.headers, lines, one.language)


_DECIDED = (*ACCEPTED, "discarded")
