"""May this request be carried out? The one place that says so, before anything is read and before anything leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.guard import Asked, Refusal, find_refusal, is_open
from bot.records import WorkspaceSettings
from bot.records.guidelines import Guideline
from bot.tasks import Run, Task, UserError
from bot.tasks.guideline import NO_RULES, Outside, Rules

if TYPE_CHECKING:
    from bot.handlers.desk import Desk


class AcceptError(UserError):
    """The asker is to accept the guideline first; then the request goes on.

    Args:
        version: of the guideline.
    """

    def __init__(self, version: int) -> None:
        super().__init__("guideline.accept-first")
        self.version = version


async def admit(desk: Desk, run: Run, task: Task, *, at_the_gate: bool) -> None:
    """Make sure that the settings and the guideline of the workspace let *run* be carried out.

    Raises:
        UserError: they do not; the text says which rule, and whom to ask. `AcceptError`: not yet.
    """
    settings = await desk.records.workspaces.get(run.team_id)
    guideline = await desk.records.guidelines.current(run.team_id)
    rules = guideline.rules if guideline else NO_RULES
    check_channels(settings, guideline, run.source_channel_id, run.answer_channel_id)
    outside: Outside = "all"
    if not at_the_gate:
        outside = await _outside(desk, run, settings, rules)
    refusal = find_refusal(rules, asked_by(run, task, outside=outside))
    if refusal is not None and guideline is not None:
        raise _word(refusal, who=guideline.user_id)
    if guideline is None:
        return
    if await desk.records.guidelines.accepted_at(run.team_id, run.user_id, guideline.version) is None:
        raise AcceptError(guideline.version)


def asked_by(run: Run, task: Task, *, outside: Outside = "all") -> Asked:
    """Return what rules look at of a run of *task*."""
    places = _channels(run.source_channel_id, run.answer_channel_id)
    own_message = bool(run.source_ts) and run.source_ts == run.message_ts
    about = bool(run.source_oldest or (run.source_ts and not own_message))
    return Asked(
        task=task.name,
        places=places,
        around=tuple(dict.fromkeys((*places, *_channels(run.channel_id)))),
        outside=outside,
        reads=about or task.reads == "knowledge",
    )


def check_channels(settings: WorkspaceSettings, guideline: Guideline | None, *channel_ids: str) -> None:
    """Make sure that the bot may read and write in channels; a conversation with us alone is nobody's channel.

    Raises:
        UserError: not in one of them; the text names where, or the guideline that says so.
    """
    for channel_id in _channels(*channel_ids):
        if settings.channels and channel_id not in settings.channels:
            raise UserError("not-welcome", channels=", ".join(f"<#{one}>" for one in settings.channels))
        if guideline is not None and not is_open(guideline.rules, channel_id):
            raise _word(Refusal("channel", channel_id), who=guideline.user_id)


def may_write(settings: WorkspaceSettings, guideline: Guideline | None, channel_id: str) -> bool:
    """Say whether the bot may write in a channel."""
    try:
        check_channels(settings, guideline, channel_id)
    except UserError:
        return False
    return True


async def _outside(desk: Desk, run: Run, settings: WorkspaceSettings, rules: Rules) -> Outside:
    """Return what people like the asker may ask; Slack is asked only where it matters.

    Raises:
        UserError: the workspace lets no guests ask, or nobody knows who the asker is.
    """
    if settings.guests_welcome and (rules.guests, rules.strangers) == ("all", "all"):
        return "all"
    # At this moment: a member of yesterday may be a guest today.
    found = await desk.context.people({run.user_id})
    if not found or (found[0].is_guest and not settings.guests_welcome):
        raise UserError("guests-not-welcome")
    if not found[0].is_guest:
        return "all"
    return rules.strangers if found[0].is_stranger else rules.guests


def _word(refusal: Refusal, *, who: str) -> UserError:
    return UserError(f"guideline.no.{refusal.rule}", channel=f"<#{refusal.channel_id}>", who=f"<@{who}>")


def _channels(*channel_ids: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in channel_ids if one and not one.startswith("D")))
