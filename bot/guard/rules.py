"""What a guideline's rules mean for one request: whether it is refused, and what is done with each kind of data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from bot.guard.kinds import ACTIONS, Kind
from bot.tasks.guideline import Outside, Rules, Special

SETTABLE: tuple[Kind, ...] = (
    "name",
    "email",
    "phone",
    "address",
    "birthdate",
    "iban",
    "plate",
    "vat",
    "kvk",
    "number",
)
"""The kinds that a guideline may rule: blocked ones stay blocked, and our tokens and links keep their own way."""

Done = Literal["allow", "warn", "pseudonymise", "block"]
_STRICT: tuple[Done, ...] = ("allow", "warn", "pseudonymise", "block")

OF_SCREENING = ("cv", "recommend")
"""What the task `screening` brings along: who rules it out rules these out, too."""


@dataclass(frozen=True)
class Asked:
    """What rules look at of a request.

    Attributes:
        places: channels that are read, or written in; a conversation with us alone is no channel.
        around: channels that it has to do with: those, and the one that it was typed in.
        outside: what people like its asker may ask; `all` for members.
        reads: it reads more than its asker's own words and files.
    """

    task: str
    places: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    outside: Outside = "all"
    reads: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused: which rule, and the channel or task that it names."""

    rule: Literal["outside", "words", "channel", "task", "task-here"]
    channel_id: str = ""


def find_refusal(rules: Rules, asked: Asked) -> Refusal | None:
    """Return why a request is refused, or None."""
    if asked.outside == "none":
        return Refusal("outside")
    if asked.outside == "words" and asked.reads:
        return Refusal("words")
    for channel_id in asked.places:
        if not is_open(rules, channel_id):
            return Refusal("channel", channel_id)
    if _names(rules.tasks_off, asked.task):
        return Refusal("task")
    for one in rules.special:
        if one.act != "refuse" or (one.tasks and not _names(one.tasks, asked.task)):
            continue
        if not one.channels:
            return Refusal("task")
        if here := next((each for each in asked.around if each in one.channels), ""):
            return Refusal("task-here", here)
    return None


def is_open(rules: Rules, channel_id: str) -> bool:
    """Say whether rules let us read and write in a channel."""
    if rules.among == "all":
        return True
    return (channel_id in rules.channels) == (rules.among == "only")


def act_on(rules: Rules, kind: Kind, asked: Asked, *, own: Done) -> Done:
    """Return what is done with a kind of data in a request.

    The more closely a rule names where it holds, the more it counts: channel and task, channel, task, everywhere.
    Of rules that count alike, and of several channels, the strictest holds.

    Args:
        own: what the task itself does with it.
    """
    if kind not in SETTABLE:
        return "block" if ACTIONS[kind] == "block" else own
    found = [_act_in(rules, kind, asked.task, channel_id, own) for channel_id in asked.around or ("",)]
    return max(found, key=_STRICT.index)


def _act_in(rules: Rules, kind: Kind, task: str, channel_id: str, own: Done) -> Done:
    holding: dict[int, Done] = {}

    def hold(closeness: int, act: Done) -> None:
        holding[closeness] = max(holding.get(closeness, act), act, key=_STRICT.index)

    if kind in rules.block:
        hold(0, "block")
    if kind in rules.allow:
        hold(0, "allow")
    for one in rules.special:
        if one.act != "refuse" and _holds(one, kind, task, channel_id):
            # What may be a BSN is no value to be put back: there the reader is warned.
            act: Done = "warn" if (one.act, kind) == ("pseudonymise", "number") else one.act
            hold(2 * bool(one.channels) + bool(one.tasks), act)
    return holding[max(holding)] if holding else own


def _holds(one: Special, kind: Kind, task: str, channel_id: str) -> bool:
    return (
        (not one.kinds or kind in one.kinds)
        and (not one.channels or channel_id in one.channels)
        and (not one.tasks or _names(one.tasks, task))
    )


def _names(tasks: Collection[str], task: str) -> bool:
    return task in tasks or (task in OF_SCREENING and "screening" in tasks)
