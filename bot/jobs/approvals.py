"""Second approvals: a quote that needs one waits until another person, who is asked once, has decided."""

from __future__ import annotations

import logging

from bot.handlers import Desk
from bot.handlers.revising import name_places
from bot.jobs.posts import Posts, Spot
from bot.quotes.document import write_figures, write_head
from bot.quotes.limits import find_large
from bot.quotes.stored import Basis, Json
from bot.records.revisions import Approval
from bot.tasks import Language, Run
from bot.texts import format_cents, text
from bot.views import Block, context, fallback, markdown_block, second_buttons, section, split_markdown
from bot.wire import SlackError

log = logging.getLogger(__name__)

MOST_ADMINS = 5


def needs_second(basis: Basis, *, limit: int) -> bool:
    """Say whether a quote gives away more than one person may."""
    totals = basis.offer.work_out()
    return bool(find_large(totals, limit=limit, includes_vat=basis.offer.customer.consumer))


class Seconds:
    """Asks second people, and shows what they decided."""

    def __init__(self, desk: Desk, posts: Posts) -> None:
        self._desk = desk
        self._records = desk.records
        self._posts = posts

    async def ask(self, run: Run, approval: Approval, document: Json, basis: Basis) -> None:
        """Ask everybody who may decide, in their messages tabs, once each.

        Raises:
            SlackError: Slack is away; who was asked is asked no second time.
        """
        asked = approval.asked
        if not asked:
            # Asked anew while nobody is: somebody may have been named since.
            asked = await self._find_approvers(run, approval)
            await self._records.approvals.asking(approval.approval_id, asked)
        for user_id in asked:
            await self._show(run, approval, user_id, document, basis)

    async def tell_asked(self, run: Run, approval: Approval, document: Json, basis: Basis) -> None:
        """Let the messages of everybody who was asked say what became of it.

        Raises:
            SlackError: Slack is away.
        """
        for user_id in approval.asked or ():
            await self._show(run, approval, user_id, document, basis)

    async def tell_first(self, run: Run, approval: Approval, basis: Basis) -> None:
        """Tell the first reviewer that the second one refused.

        Raises:
            SlackError: Slack is away.
        """
        sentence = self.word_outcome(approval, basis, run.language)
        spot = await self._posts.messages_tab(run.team_id, approval.first)
        post_id = f"{run.run_id}/second/{approval.approval_id}/first"
        await self._posts.once(post_id, spot, sentence, [section(sentence)], run_id=run.run_id)

    async def wanted(self, run: Run, basis: Basis) -> bool:
        """Say whether a quote needs a second person: it gives much away, or the guideline wants it of all."""
        rules = await self._records.guidelines.rules(run.team_id)
        return rules.quotes == "always" or self._is_large(basis)

    def _is_large(self, basis: Basis) -> bool:
        return needs_second(basis, limit=self._desk.firm.max_discount_percent)

    def word_outcome(self, approval: Approval, basis: Basis, language: Language) -> str:
        """Return where a second approval stands, for the card of the draft and for who was asked."""
        status: str = approval.status
        asked = ", ".join(f"<@{user_id}>" for user_id in approval.asked or ())
        if status == "waiting" and not asked:
            status = "nobody"
        if status in ("waiting", "nobody", "refused") and not self._is_large(basis):
            status += "-rule"
        return text(
            f"second.{status}",
            language,
            asked=asked,
            second=f"<@{approval.second}>",
            limit=self._desk.firm.max_discount_percent,
        )

    async def _find_approvers(self, run: Run, approval: Approval) -> tuple[str, ...]:
        """Return who may decide besides the first: who is named in the settings, else the admins."""
        settings = await self._records.workspaces.get(run.team_id)
        named = [one for one in settings.quote_approvers.split(",") if one and one != approval.first]
        if named:
            return tuple(named)
        try:
            admins = await self._desk.context.admins(MOST_ADMINS + 1)
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s nobody can be asked: %s", run.run_id, error)
            return ()
        return tuple(one for one in admins if one != approval.first)[:MOST_ADMINS]

    async def _show(self, run: Run, approval: Approval, user_id: str, document: Json, basis: Basis) -> None:
        """Bring what one person is asked in line with the books; who cannot be reached keeps nobody else waiting."""
        try:
            spot = await self._posts.messages_tab(run.team_id, user_id)
            messages = self._write(run, approval, document, basis)
            for index, (line, blocks) in enumerate(messages):
                await self._bring(run, approval, user_id, index, spot, line, blocks)
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s %s was not asked: %s", run.run_id, user_id, error)

    async def _bring(
        self,
        run: Run,
        approval: Approval,
        user_id: str,
        index: int,
        spot: Spot,
        line: str,
        blocks: list[Block],
    ) -> None:
        post_id = f"{run.run_id}/second/{approval.approval_id}/{user_id}/{index}"
        await self._posts.bring(post_id, spot, line, blocks, run_id=run.run_id)

    def _write(
        self, run: Run, approval: Approval, document: Json, basis: Basis
    ) -> list[tuple[str, list[Block]]]:
        """Return what one person is asked: who asks, what is given away, and the whole quote below it."""
        offer, totals, language = basis.offer, basis.offer.work_out(), run.language
        limit = self._desk.firm.max_discount_percent
        large = find_large(totals, limit=limit, includes_vat=offer.customer.consumer)
        asked = text(
            "second.ask" if large else "second.ask-rule",
            language,
            first=f"<@{approval.first}>",
            customer=fallback(document["customer"][0]),
            limit=limit,
            names=fallback(name_places(large, totals, language)),
            total=format_cents(int(totals.sums.payable * 100), offer.currency, language),
        )
        parts = split_markdown(f"{write_head(document)}\n\n{write_figures(document)}")
        messages = [(fallback(part), [markdown_block(part)]) for part in parts]
        messages[0] = (asked[:1000], [section(asked), *messages[0][1]])
        if approval.status == "waiting":
            messages[-1][1].append(second_buttons(run.run_id, approval.approval_id, language))
        else:
            messages[-1][1].append(context(self.word_outcome(approval, basis, language)))
        return messages
