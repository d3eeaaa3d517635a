"""The Home tab: gathered and published for who looks, kept true while they look, and what its buttons do."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncApp

import bot
from bot.context import Place, permalink
from bot.digest import month_line, work_lines
from bot.listeners import conversing, setup
from bot.listeners.choosing import open_draft_form
from bot.listeners.helping import help_lines
from bot.listeners.intake import Intake, whose
from bot.listeners.measuring import open_baselines
from bot.listeners.office import name_setting, open_settings, shown_settings, word_change, word_setting
from bot.listeners.privacy import open_privacy, show_deleted
from bot.listeners.templates import open_templates
from bot.records.glances import Glance
from bot.texts import format_moment, format_number, text
from bot.views import GROUPS, DraftLine, HomePage, Office, help_form, home
from bot.wire import Pulse

T = TypeVar("T")

MOST_LINES = 8
MOST_CHANGES = 5
LOOKING_S = 3_600  # after so long without a look the tab is not kept true any more: opening it does that
MOST_LOOKING = 500


@dataclass
class Homes:
    """Everybody's Home tab.

    Attributes:
        lines: how the lines to Slack and to the model go, by name.
        queued: tells how many runs wait in the engine's queue.
    """

    intake: Intake
    lines: Mapping[str, Pulse]
    queued: Callable[[], Awaitable[int]]
    _looked: dict[str, float] = field(default_factory=dict)
    _waiting: set[str] = field(default_factory=set)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def look(self, user_id: str) -> None:
        """Show somebody their Home tab, and keep it true for an hour."""
        self._looked.pop(user_id, None)
        self._looked[user_id] = time.monotonic()
        while len(self._looked) > MOST_LOOKING:
            del self._looked[next(iter(self._looked))]
        await self._show(user_id)

    def stir(self, user_id: str) -> None:
        """Take note that somebody's tab says something else now; nothing happens when they do not look."""
        if (
            time.monotonic() - self._looked.get(user_id, -LOOKING_S) < LOOKING_S
            and user_id not in self._waiting
        ):
            self._waiting.add(user_id)
            self.intake.later(self._show(user_id))

    def stir_all(self) -> None:
        """Take note that everybody's tab says something else now."""
        for user_id in list(self._looked):
            self.stir(user_id)

    async def _show(self, user_id: str) -> None:
        # One at a time, so that what was gathered first never covers what was gathered later.
        async with self._turns.setdefault(user_id, asyncio.Lock()):
            self._waiting.discard(user_id)
            page = await self.page(user_id, moment=datetime.now(UTC))
            await self.intake.delivery.publish_home(user_id, home(page, self.intake.language))

    async def page(self, user_id: str, *, moment: datetime) -> HomePage:
        """Gather what somebody's tab says at *moment*."""
        intake = self.intake
        team_id, glances = intake.team_id, intake.records.glances
        person = await intake.person(user_id)
        insider = person is not None and not person.is_guest
        admin = person is not None and insider and person.is_admin
        (waiting, count), recent, month, office = await asyncio.gather(
            glances.waiting(team_id, user_id, most=MOST_LINES),
            glances.recent(team_id, user_id, most=MOST_LINES),
            month_line(intake.records, team_id, language=intake.language, moment=moment)
            if insider
            else _nothing(""),
            self._office() if admin else _nothing(None),
        )
        shown = {one.run_id for one in waiting}
        return HomePage(
            waiting=[self._line(one) for one in waiting],
            waiting_more=count - len(waiting),
            recent=[self._line(one) for one in recent if one.run_id not in shown],
            tasks=self._tasks(recent),
            month=month,
            office=office,
        )

    def _tasks(self, recent: list[Glance]) -> list[tuple[str, str]]:
        """Return the tasks, first what the person asked for last, then those with a command of their own."""
        asked = [one.task for one in recent]
        tasks = list(self.intake.listed().values())
        tasks.sort(
            key=lambda task: (asked.index(task.name) if task.name in asked else len(asked), not task.command)
        )
        return [(task.name, task.title_in(self.intake.language)) for task in tasks]

    def _line(self, glance: Glance) -> DraftLine:
        language = self.intake.language
        task = self.intake.tasks.get(glance.task)
        place = Place(glance.channel_id, glance.ts)
        return DraftLine(
            task=html.escape(task.title_in(language) if task else glance.task, quote=False),
            link=permalink(self.intake.identity, place) if glance.ts else "",
            when=format_moment(glance.at, language, self.intake.zone),
            stand=text(f"stand.{glance.stand}", language),
        )

    async def _office(self) -> Office:
        intake = self.intake
        values = shown_settings(intake.holds, intake.own_models)
        groups = []
        for group, names in GROUPS.items():
            lines = [
                text(
                    "home.setting",
                    intake.language,
                    setting=name_setting(name, intake.language),
                    value=word_setting(name, values[name], intake),
                )
                for name in names
            ]
            groups.append((group, "\n".join(lines)))
        changes = await intake.records.workspaces.newest_changes(intake.team_id, most=MOST_CHANGES)
        return Office(
            groups=groups,
            prices=await self._prices(),
            knowledge=await self._knowledge(),
            baselines=await work_lines(
                intake.records, intake.team_id, tasks=intake.tasks, language=intake.language
            ),
            health=await self._health(),
            changes=[
                f"{self._moment(datetime.fromisoformat(change.changed_at))}: {word_change(change, intake)}"
                for change in changes
                if hasattr(intake.holds, change.name) and change.name != "usd_rate_on"
            ],
        )

    def _moment(self, moment: datetime) -> str:
        return format_moment(moment, self.intake.language, self.intake.zone)

    async def _knowledge(self) -> str:
        """Say how many documents there are, and how many questions nobody could answer."""
        records, language = self.intake.records, self.intake.language
        documents = await records.knowledge.listed(self.intake.team_id)
        questions = await records.knowledge.questions(self.intake.team_id)
        said = [
            text("home.knowledge-documents", language, count=len(documents)),
            text("home.knowledge-questions", language, count=len(questions)),
        ]
        return " ".join(said)

    async def _prices(self) -> str:
        language = self.intake.language
        holds = await self.intake.records.quotes.price_list(self.intake.team_id)
        how = text("home.prices-how", language)
        if holds is None:
            return f"{text('home.prices-none', language)} {how}"
        told = text(
            "home.prices-list",
            language,
            file=html.escape(holds.file_name, quote=False),
            count=holds.articles,
            number=format_number(holds.articles, language, 0),
            when=self._moment(holds.imported_at),
        )
        return f"{told} {how}"

    async def _health(self) -> list[str]:
        intake, language = self.intake, self.intake.language
        runs = await intake.records.glances.health(intake.team_id)
        told = [
            text("health.queue", language, count=await self.queued()),
            self._went("engine", runs.drafted_at, runs.failed_at, "failed" if runs.failed_at else ""),
        ]
        for name, pulse in self.lines.items():
            told.append(self._went(name, pulse.worked_at, pulse.failed_at, pulse.fault))
        return [
            *told,
            text("health.version", language, version=bot.__version__, days=self.intake.holds.retention_days),
        ]

    def _went(self, name: str, worked_at: datetime | None, failed_at: datetime | None, fault: str) -> str:
        """Return how a part of the house went: when it last worked, and what last went wrong."""
        language = self.intake.language
        line = text(
            f"health.{name}",
            language,
            worked=self._moment(worked_at) if worked_at else text("health.never", language),
        )
        if failed_at is None:
            return f"{line} {text('health.no-fault', language)}"
        kind = fault if fault in _FAULTS else "other"
        what = text(f"fault.{kind}", language)
        return f"{line} {text('health.fault', language, when=self._moment(failed_at), what=what)}"


async def _nothing(value: T) -> T:
    """Gather nothing for who may not see it."""
    return value


_FAULTS = ("failed", "busy", "key", "credit", "model", "ratelimited", "connection", "server")


def register(app: AsyncApp, intake: Intake, homes: Homes) -> None:
    """Attach the listeners of the Home tab and its buttons."""

    async def opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            intake.later(homes.look(event["user"]))
        elif event.get("tab") == "messages":
            intake.later(setup.welcome(intake, event["user"]))
            looks_at = conversing.looked_at(event)
            intake.later(
                conversing.suggest(intake, event["user"], channel_id=event["channel"], looks_at=looks_at)
            )

    async def start(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        name = action["action_id"].partition(":")[2]
        intake.later(open_draft_form(intake, body, metadata={}, chosen=name))

    async def settings(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        group = action["action_id"].partition(":")[2]
        intake.later(open_settings(intake, body, group=group))

    async def baselines(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        intake.later(open_baselines(intake, body))

    async def office(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_open_office(intake, body, action["action_id"].partition(":")[2]))

    async def own_tasks(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        intake.later(open_templates(intake, body))

    async def privacy(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        intake.later(open_privacy(intake, body))

    async def delete(ack: AsyncAck, body: dict[str, Any]) -> None:
        user_id = body["user"]["id"]
        count = await intake.records.personal.delete_texts(intake.team_id, user_id)
        await ack()
        intake.later(show_deleted(intake, body["view"], user_id, count))
        homes.stir(user_id)

    async def help_(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        view = help_form(help_lines(intake), language=intake.language)
        intake.later(intake.show_form(body, view))

    app.event("app_home_opened")(opened)
    app.action(re.compile("^start_task"))(start)
    app.action(re.compile("^home_settings:"))(settings)
    app.action("home_baselines")(baselines)
    app.action(re.compile("^home_office:"))(office)
    app.action("home_templates")(own_tasks)
    app.action("home_privacy")(privacy)
    app.action("home_help")(help_)
    app.action("privacy_delete")(delete)


async def _open_office(intake: Intake, body: dict[str, Any], name: str) -> None:
    """Open what the firm tells of itself, or its guideline, for an admin."""
    if await intake.is_admin(whose(body)[0]):
        await setup.open_office(intake, body, name)
    else:
        await intake.answer(body, text("settings.admins-only", intake.language))
