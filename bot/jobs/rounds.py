"""What the clock asks for: questions a week later, forgotten timers, budgets, digests; each of it once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.context import Place, permalink
from bot.delivery import Delivery
from bot.digest import (
    LATE_AFTER,
    Budget,
    Figures,
    chart_alt,
    chart_blocks,
    chart_png,
    due_digests,
    gather,
    is_quiet,
    report_blocks,
    report_pdf,
    report_text,
    watch_budget,
    week_message,
    week_text,
)
from bot.handlers import Desk
from bot.handlers.budget import month_limit
from bot.jobs.admins import Admins
from bot.jobs.allowance import Allowance
from bot.jobs.cards import Cards
from bot.jobs.choosing import Chooser
from bot.jobs.plans import Plans
from bot.jobs.posts import Posts, Spot, name_file
from bot.jobs.runs import Runs
from bot.records import WorkspaceSettings
from bot.records.baselines import FORGOTTEN_AFTER, Timer
from bot.records.workspaces import DigestRow
from bot.tasks import Language, Run, Task
from bot.texts import format_moment, text
from bot.views import (
    Block,
    fallback,
    forgotten_timer,
    placeholder,
    reminder,
    rework_question,
)
from bot.wire import SlackError

log = logging.getLogger(__name__)

NO_CHARTS = ("invalid_blocks", "invalid_blocks_format")
WARN_AT = (50, 80, 100)  # per cent of the month's budget


class Rounds:
    """What is done without anybody asking for it."""

    def __init__(
        self,
        *,
        desk: Desk,
        delivery: Delivery,
        posts: Posts,
        runs: Runs,
        cards: Cards,
        plans: Plans,
        chooser: Chooser,
        admins: Admins,
        allowance: Allowance,
        tasks: Mapping[str, Task],
    ) -> None:
        self._delivery = delivery
        self.records = desk.records
        self._desk = desk
        self._posts = posts
        self._runs = runs
        self._tasks = tasks
        self.team_id = desk.identity.team_id
        self._cards = cards
        self._chooser = chooser
        self._admins = admins
        self._allowance = allowance
        self.plans = plans

    def title(self, task: str, language: Language) -> str:
        """Return how a task is called; one that is gone keeps its name."""
        return self._tasks[task].title_in(language) if task in self._tasks else task

    async def go(self, moment: datetime) -> None:
        """Do what is due for the team at *moment*; what Slack does not take now is due again at the next round."""
        team_id = self.team_id
        await self._chooser.expire(moment)
        await self._runs.expire_waits(moment)
        for run_id in await self.records.questions.reminders_due(team_id, moment):
            await self._remind(run_id, moment)
        for run_id in await self.records.questions.rework_due(team_id, moment):
            await self._ask_rework(run_id, moment)
        for timer in await self.records.baselines.forgotten(team_id, moment - FORGOTTEN_AFTER):
            await self._ask_timer(timer)
        await self._watch_budget(team_id, moment)

    async def _remind(self, run_id: str, moment: datetime) -> None:
        """Ask once about a draft that nobody decided on for a week."""
        run = await self.records.requests.get(run_id)
        state = await self.records.reviews.state(run_id)
        if run is not None and state is not None:
            sentence = await self._about("reminder.question", run)
            blocks = reminder(run_id, state.version, sentence, run.language)
            if not await self._told(f"{run_id}/reminder", run.team_id, run.user_id, sentence, blocks):
                return
        await self.records.questions.reminded(run_id, moment)

    async def _ask_rework(self, run_id: str, moment: datetime) -> None:
        """Ask whoever accepted a text whether it gave more work since."""
        run = await self.records.requests.get(run_id)
        state = await self.records.reviews.state(run_id)
        if run is not None and state is not None:
            sentence = await self._about("rework.question", run)
            blocks = rework_question(run_id, sentence, run.language)
            person = state.decided_by or run.user_id
            if not await self._told(f"{run_id}/rework", run.team_id, person, sentence, blocks):
                return
        await self.records.questions.rework_asked(run_id, moment)

    async def _about(self, key: str, run: Run) -> str:
        shown = text("link.draft", run.language)
        try:
            channel_id, ts = await self._cards.draft_place(run)
        except SlackError as error:
            # Where it stands may have to be asked of Slack; without a link the question can be asked as well.
            log.warning("run=%s its draft is not linked to: %s", run.run_id, error)
            ts = ""
        if ts:
            address = permalink(self._desk.identity, Place(channel_id, ts))
            shown = f"<{address}|{shown}>"
        return text(key, run.language, task=self.title(run.task, run.language), link=shown)

    async def _ask_timer(self, timer: Timer) -> None:
        settings = await self.records.workspaces.get(timer.team_id)
        sentence = text(
            "timer.forgotten",
            settings.language,
            task=self.title(timer.work, settings.language),
            since=format_moment(datetime.fromisoformat(timer.started_at), settings.language, settings.zone),
        )
        blocks = forgotten_timer(timer.timing_id, sentence, settings.language)
        post_id = f"timer/{timer.timing_id}"
        if await self._told(post_id, timer.team_id, timer.user_id, sentence, blocks):
            await self.records.baselines.asked(timer.timing_id)

    async def _watch_budget(self, team_id: str, moment: datetime) -> None:
        """Tell the admins once when half, four fifths and all of the month's budget are spent."""
        settings = await self.records.workspaces.get(team_id)
        if not settings.monthly_budget:
            return
        budget = await watch_budget(self.records, team_id, settings, moment=moment)
        share = budget.share or 0
        month = f"{moment.astimezone(settings.zone):%Y-%m}"
        reached = [at for at in WARN_AT if share * 100 >= at]
        for at in reached:
            kind = f"budget {month} {at}"
            if await self.records.people.noticed(team_id, kind):
                continue
            # Who passed two marks in one leap hears of the higher one.
            if at == reached[-1] and not await self._warn(
                team_id, settings, budget, moment, at=at, kind=kind
            ):
                continue
            await self.records.people.first_notice(team_id, kind)

    async def _warn(
        self,
        team_id: str,
        settings: WorkspaceSettings,
        budget: Budget,
        moment: datetime,
        *,
        at: int,
        kind: str,
    ) -> bool:
        """Tell the admins of a mark; at the last one they are asked to lift the limit. False when Slack is away."""
        if at == WARN_AT[-1]:
            return await self._allowance.ask_admins(month_limit(team_id, settings, moment))
        sentence = text(
            f"budget-warning.{at}",
            settings.language,
            spent=budget.spent_shown(settings.language),
            budget=budget.shown(settings.language),
        )
        told = await self._admins.tell(f"{kind}/{team_id}", sentence, placeholder(sentence))
        return told.fault is None

    async def _told(
        self, post_id: str, team_id: str, user_id: str, sentence: str, blocks: list[Block]
    ) -> bool:
        """Say something in somebody's messages tab, once; False when Slack is away.

        Somebody who cannot be reached (left the firm, say) counts as told: asking again would change nothing.
        """
        try:
            spot = await self._posts.messages_tab(team_id, user_id)
            await self._posts.once(post_id, spot, fallback(sentence), blocks)
        except SlackError as error:
            log.warning("%s not told: %s", post_id, error)
            return not error.away
        return True

    async def claim_digests(self, moment: datetime) -> list[DigestRow]:
        """Write down every digest of the team that is due, and return those that are not posted yet."""
        team_id = self.team_id
        settings = await self.records.workspaces.get(team_id)
        last = await self.records.workspaces.last_digest(team_id)
        after = last or await self.records.ledger.first_started(team_id)
        if after is None:
            return []
        for due in due_digests(
            weekday=settings.digest_weekday,
            hour=settings.digest_hour,
            zone=settings.zone,
            after=after,
            first=last is None,
            moment=moment,
        ):
            await self.records.workspaces.claim_digest(team_id, due=due.due, from_=due.start, to=due.end)
        return await self.records.workspaces.unposted_digests(team_id)

    def titles(self, language: Language) -> dict[str, str]:
        """Return how each task is called."""
        return {name: task.title_in(language) for name, task in self._tasks.items()}

    async def post_digest(self, team_id: str, due: datetime, *, moment: datetime) -> None:
        """Post the digest that is due where the team wants it, once; a quiet week may need none.

        Raises:
            SlackError: Slack is away; it is posted later.
        """
        row = await self.records.workspaces.digest(team_id, due)
        if row is None:
            return
        figures = await gather(self.records, team_id, start=row.start, end=row.end, moment=moment)
        settings, channel_id = figures.settings, figures.settings.digest_channel_id
        if is_quiet(figures) and settings.quiet_week == "none":
            channel_id = ""
        elif channel_id and await self._post_week(row, figures, Spot(channel_id), moment=moment):
            pass
        else:
            note = "digest.no-channel"
            if channel_id:
                note, channel_id = "digest.channel-closed", ""
            for user_id in await self._desk.context.admins():
                await self._post_to_admin(row, figures, user_id, moment=moment, note=note)
        await self.records.workspaces.digest_posted(row, channel_id=channel_id)

    async def _post_to_admin(
        self, row: DigestRow, figures: Figures, user_id: str, *, moment: datetime, note: str
    ) -> None:
        """Post a week's digest in an admin's messages tab; one who cannot be reached holds nobody else up."""
        try:
            spot = await self._posts.messages_tab(row.team_id, user_id)
        except SlackError as error:
            if error.away:
                raise
            log.warning("an admin was not told of the week: %s", error)
            return
        said = text(note, figures.settings.language)
        await self._post_week(row, figures, spot, moment=moment, note=said)

    async def _post_week(
        self, row: DigestRow, figures: Figures, spot: Spot, *, moment: datetime, note: str = ""
    ) -> bool:
        """Post a week's digest with its picture; False when that conversation takes no messages of ours."""
        language = figures.settings.language
        titles = self.titles(language)
        late = moment - row.due > LATE_AFTER
        post_id = f"digest/{row.team_id}/{row.due:%Y-%m-%dT%H%MZ}/{spot.channel_id}"
        line = week_text(figures, titles=titles, language=language, late=late, note=note)

        def blocks(picture: list[Block]) -> list[Block]:
            return week_message(
                figures, titles=titles, language=language, late=late, note=note, picture=picture
            )

        chart = chart_blocks(figures, titles=titles, language=language)
        try:
            try:
                await self._posts.once(post_id, spot, line, blocks(chart))
            except SlackError as error:
                if error.code not in NO_CHARTS or not chart:
                    raise
                # A workspace whose Slack draws no charts gets the same picture as a file.
                ts, _ = await self._posts.once(post_id, spot, line, blocks([]))
                png = await asyncio.to_thread(chart_png, figures, titles=titles, language=language)
                alt = chart_alt(figures, titles=titles, language=language)
                await self._posts.file_once(
                    f"{post_id}/png", Spot(spot.channel_id, ts), "week.png", png, title=line[:80], alt=alt
                )
        except SlackError as error:
            if error.away:
                raise
            log.warning("the digest was not posted in %s: %s", spot.channel_id, error)
            return False
        return True

    async def send_evaluation(
        self, team_id: str, user_id: str, *, start: datetime, end: datetime, request_id: str
    ) -> None:
        """Bring the evaluation of `[start, end)` to whoever asked for it: the answer, and all of it as a PDF.

        Raises:
            SlackError: Slack did not take it.
        """
        figures = await gather(self.records, team_id, start=start, end=end, moment=datetime.now(UTC))
        language = figures.settings.language
        titles = self.titles(language)
        spot = await self._posts.messages_tab(team_id, user_id)
        post_id = f"evaluation/{team_id}/{request_id}"
        line = report_text(figures, titles=titles, language=language)
        blocks = report_blocks(figures, titles=titles, language=language)
        await self._posts.once(post_id, spot, line, blocks)
        pdf = await asyncio.to_thread(report_pdf, figures, titles=titles, language=language)
        stem = f"tijdwinst-{start.astimezone(figures.zone):%Y-%m-%d}-{figures.last_day:%Y-%m-%d}"
        name, title = name_file(stem, request_id, "pdf"), text("report.file-title", language)
        await self._posts.file_once(f"{post_id}/pdf", spot, name, pdf, title=title)

    async def bring_file(
        self, post_id: str, team_id: str, user_id: str, *, name: str, content: bytes, title: str
    ) -> None:
        """Bring a file to somebody's messages tab, once; *name* is its alone.

        Raises:
            SlackError: Slack did not take it.
        """
        spot = await self._posts.messages_tab(team_id, user_id)
        await self._posts.file_once(post_id, spot, name, content, title=title)
