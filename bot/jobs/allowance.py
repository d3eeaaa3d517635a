"""Who reads of a limit that is reached: the asker on the draft or in its place, the admins with a way to lift it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.handlers import Desk
from bot.handlers.budget import BudgetError, day_note, word_limit
from bot.jobs.admins import Admins
from bot.jobs.posts import Posts
from bot.records import Records
from bot.records.budgets import Lift, Limit
from bot.tasks import Draft, Run
from bot.texts import format_moment, text
from bot.views import fallback, placeholder
from bot.views.keeping import lift_card


class Allowance:
    """Tells of limits; everything it does may be done twice."""

    def __init__(self, desk: Desk, posts: Posts, admins: Admins) -> None:
        self.records: Records = desk.records
        self._desk = desk
        self._admins = admins
        self._posts = posts

    async def note(self, run: Run, written: Draft) -> Draft:
        """Let a draft say when its asker's day is nearly spent."""
        said = await day_note(self._desk, run)
        return replace(written, notes=(*written.notes, said)) if said else written

    async def refuse(self, error: BudgetError) -> dict[str, Any]:
        """Ask the admins to lift a limit, where that can be; return what the asker is told.

        The limit of one run is a setting: a run that is too dear stays so tomorrow.
        """
        if error.limit.kind != "run":
            await self.ask_admins(error.limit)
        retry = error.limit.kind != "run"
        return {"outcome": "refused", "key": error.key, "params": error.params, "retry": retry}

    async def ask_admins(self, limit: Limit) -> bool:
        """Tell the admins, once a period, that a limit is reached; False when Slack is away."""
        settings = await self.records.workspaces.get(limit.team_id)
        spent = await self.records.budgets.spent(limit)
        amounts = word_limit(limit, spent, settings, settings.language)
        user = f"<@{limit.subject}>"
        sentence = text(f"budget-ask.{limit.kind}", settings.language, user=user, **amounts)
        blocks = lift_card(limit.kind, limit.subject, limit.period, sentence, settings.language)
        return (await self._admins.tell(_post_id(limit), sentence, blocks)).fault is None

    async def show_lift(self, lift: Lift) -> None:
        """Tell the admins who lifted a limit, and whoever had reached it that they can go on.

        Raises:
            SlackError: Slack is away; it is shown later.
        """
        settings = await self.records.workspaces.get(lift.team_id)
        language = settings.language
        moment = format_moment(lift.lifted_at, language, settings.zone)
        told = text(
            f"budget-lifted.{lift.kind}",
            language,
            user=f"<@{lift.subject}>",
            admin=f"<@{lift.user_id}>",
            when=moment,
        )
        seen = await self._admins.tell(_post_id(lift), told, placeholder(told), anew=True)
        if seen.fault is not None:
            raise seen.fault
        if lift.kind == "day":
            sentence = text("budget-lifted.you", language, admin=f"<@{lift.user_id}>")
            spot = await self._posts.messages_tab(lift.team_id, lift.subject)
            await self._posts.once(f"{_post_id(lift)}/you", spot, fallback(sentence), placeholder(sentence))


def _post_id(limit: Limit | Lift) -> str:
    return f"budget/{limit.team_id}/{limit.kind}/{limit.period}/{limit.subject}"
