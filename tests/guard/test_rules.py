"""What rules of a guideline mean for a request, as plain tables."""

from __future__ import annotations

from typing import Any

import pytest

from bot.guard import ACTIONS, SETTABLE, Asked, Refusal, act_on, find_refusal
from bot.tasks.guideline import Rules, Special

HERE, THERE = "C1", "C2"
ASKED = Asked("reply", places=(HERE,), around=(HERE,))


@pytest.mark.parametrize(
    ("rules", "asked", "wanted"),
    [
        (Rules(), ASKED, None),
        (Rules(among="only", channels=(HERE,)), ASKED, None),
        (Rules(among="only", channels=(THERE,)), ASKED, Refusal("channel", HERE)),
        (Rules(among="only", channels=(THERE,)), Asked("reply"), None),
        (Rules(among="except", channels=(THERE,)), ASKED, None),
        (Rules(among="except", channels=(HERE,)), ASKED, Refusal("channel", HERE)),
        # Typed there, but neither read nor written there.
        (Rules(among="except", channels=(HERE,)), Asked("reply", around=(HERE,)), None),
        (Rules(among="except", channels=(THERE,)), Asked("reply", (HERE, THERE)), Refusal("channel", THERE)),
        (Rules(tasks_off=("reply",)), ASKED, Refusal("task")),
        (Rules(tasks_off=("quote",)), ASKED, None),
        (Rules(tasks_off=("screening",)), Asked("cv"), Refusal("task")),
        (Rules(tasks_off=("screening",)), Asked("recommend"), Refusal("task")),
        (Rules(special=(Special("refuse", (HERE,), ("reply",)),)), ASKED, Refusal("task-here", HERE)),
        (Rules(special=(Special("refuse", (HERE,)),)), ASKED, Refusal("task-here", HERE)),
        (Rules(special=(Special("refuse", (THERE,), ("reply",)),)), ASKED, None),
        (Rules(special=(Special("refuse", (HERE,), ("quote",)),)), ASKED, None),
        (Rules(special=(Special("refuse", (), ("reply",)),)), ASKED, Refusal("task")),
        (Rules(special=(Special("block", (HERE,), ("reply",)),)), ASKED, None),
        (Rules(), Asked("reply", outside="none"), Refusal("outside")),
        (Rules(), Asked("reply", outside="words", reads=True), Refusal("words")),
        (Rules(), Asked("reply", outside="words"), None),
        (Rules(), Asked("reply", outside="all", reads=True), None),
    ],
)
def test_what_is_refused(rules: Rules, asked: Asked, wanted: Refusal | None) -> None:
    """Each rule refuses what it names, and nothing else."""
    assert find_refusal(rules, asked) == wanted


NAMES = ("name",)


@pytest.mark.parametrize(
    ("told", "around", "wanted"),
    [
        ({}, (HERE,), "pseudonymise"),
        ({"block": NAMES}, (HERE,), "block"),
        ({"allow": NAMES}, (HERE,), "allow"),
        ({"allow": ("email",)}, (HERE,), "pseudonymise"),
        ({"block": NAMES, "allow": NAMES}, (HERE,), "block"),
        # Task, then channel, then both count more than what holds everywhere.
        ({"block": NAMES, "special": (Special("allow", (), ("reply",)),)}, (HERE,), "allow"),
        ({"special": (Special("allow", (), ("reply",)), Special("block", (HERE,)))}, (HERE,), "block"),
        ({"special": (Special("block", (HERE,)), Special("allow", (HERE,), ("reply",)))}, (HERE,), "allow"),
        ({"special": (Special("allow", (HERE,)), Special("block", (HERE,)))}, (HERE,), "block"),
        ({"special": (Special("allow", (HERE,), (), ("email",)),)}, (HERE,), "pseudonymise"),
        ({"special": (Special("allow", (THERE,)),)}, (HERE,), "pseudonymise"),
        ({"special": (Special("allow", (HERE,)),)}, (), "pseudonymise"),
        # Of two channels the stricter one.
        ({"special": (Special("allow", (HERE,)),)}, (HERE, THERE), "pseudonymise"),
        ({"special": (Special("block", (THERE,)),)}, (HERE, THERE), "block"),
        ({"special": (Special("refuse", (), ("quote",), NAMES),)}, (HERE,), "pseudonymise"),
    ],
)
def test_what_is_done_with_a_name(told: dict[str, Any], around: tuple[str, ...], wanted: str) -> None:
    """The more closely a rule names where it holds, the more it counts; else the strictest."""
    assert act_on(Rules(**told), "name", Asked("reply", around=around), own="pseudonymise") == wanted


@pytest.mark.parametrize("kind", ACTIONS)
def test_no_rule_lets_out_what_must_never_leave(kind: Any) -> None:
    """Whatever an admin sets, a BSN, a card, a paper or a key stays; a token of ours and a link keep their own way."""
    everything = Rules(
        allow=tuple(ACTIONS), special=(Special("allow", (HERE,)), Special("allow", (), ("reply",)))
    )
    act = act_on(everything, kind, ASKED, own=ACTIONS[kind])

    assert act == ("allow" if kind in SETTABLE else ACTIONS[kind])
    assert ACTIONS[kind] != "block" or act == "block"


def test_what_may_be_a_bsn_gets_no_token() -> None:
    """Nine digits are sent and warned of, or blocked; "replaced" means warned there."""
    ruled = Rules(special=(Special("pseudonymise", (HERE,)),))

    assert act_on(ruled, "number", ASKED, own="warn") == "warn"
    assert act_on(Rules(block=("number",)), "number", ASKED, own="warn") == "block"
