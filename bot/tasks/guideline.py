"""The rules of a firm's guideline, as an admin sets them in a form: data, never code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Literal

Among = Literal["all", "only", "except"]
"""Which channels: all, only those that are named, or all but those."""

SpecialAct = Literal["refuse", "block", "pseudonymise", "allow"]
"""What holds for some channels or tasks: `refuse` the task there; else what is done with kinds of data."""

Outside = Literal["all", "words", "none"]
"""What people from outside may ask: as members do, about their own words only, or nothing."""

MOST_SPECIAL = 3


@dataclass(frozen=True)
class Special:
    """What holds for some channels, tasks and kinds of data; where none are named, for all of them."""

    act: SpecialAct
    channels: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """What a guideline says beside its text; as it stands here it forbids nothing.

    Attributes:
        among, channels: where the bot may read and write.
        tasks_off: tasks that are not done here.
        block, allow: kinds of data that nothing is asked with, and that leave as they are.
        special: what holds for some channels or tasks; the more closely named wins over the others.
        quotes: which quotes a second person approves: those with a large discount, or all.
        cvs: closing a vacancy takes one person, or two.
        guests: what guests of the workspace may ask; `strangers`: people of other firms.
    """

    among: Among = "all"
    channels: tuple[str, ...] = ()
    tasks_off: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    special: tuple[Special, ...] = ()
    quotes: Literal["large", "always"] = "large"
    cvs: Literal["one", "two"] = "one"
    guests: Outside = "all"
    strangers: Outside = "all"


NO_RULES = Rules()


def write_rules(rules: Rules) -> str:
    """Return rules as they are stored."""
    return json.dumps(asdict(rules), sort_keys=True)


@lru_cache(maxsize=16)
def read_rules(written: str) -> Rules:
    """Return rules as `write_rules` wrote them; what an older version did not know is as it was then.

    Raises:
        ValueError, TypeError: they were not written by us.
    """
    told = json.loads(written)
    special = tuple(Special(**_tuples(one)) for one in told.pop("special", []))
    known = {field.name for field in fields(Rules)}
    return Rules(**_tuples({name: value for name, value in told.items() if name in known}), special=special)


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
