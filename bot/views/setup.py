"""The first day: the steps of setting up, the form of the firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import Block, button, section
from bot.views.forms import form, select_input, text_input

FIRM_LINES = ("name", "seat", "kvk", "vat_id", "iban", "email", "phone", "terms")
OFFERS = ("vrijblijvend", "binding")


@dataclass(frozen=True)
class Step:
    """One step of setting up: what it is called in the catalogues, and whether it is done."""

    name: str
    done: bool
    count: int = 0


def setup_card(steps: Sequence[Step], language: Language) -> list[Block]:
    """Return the message that guides through setting up."""
    done = sum(step.done for step in steps)
    blocks: list[Block] = [section(text("setup.intro", language, done=done, steps=len(steps)))]
    for number, step in enumerate(steps, 1):
        said = text(f"setup.{step.name}", language, count=step.count)
        state = text("setup.done" if step.done else "setup.to-do", language)
        label = text("setup.change" if step.done else f"setup.{step.name}.button", language)
        style = "" if step.done else "primary"
        blocks.append(
            {
                **section(f"*{number}. {said}*\n{state} · {text(f'setup.{step.name}.why', language)}"),
                "accessory": button(
                    f"setup:{step.name}", label, step.name, style=style, spoken=f"{label}: {said}"
                ),
            }
        )
    end = button("setup:end", text("setup.end", language), "end")
    return [*blocks, {"type": "actions", "elements": [end]}]


def firm_form(told: Mapping[str, str], language: Language) -> Block:
    """Return the form of what the firm says about itself."""
    blocks = [
        text_input(
            "about",
            text("firm.about", language),
            initial=told.get("about", "")[:3000],
            hint=text("firm.about.hint", language),
            multiline=True,
            optional=True,
        ),
        *(_line(name, told, language) for name in ("name", "address")),
        *(_line(name, told, language) for name in FIRM_LINES[1:]),
        select_input(
            "offer",
            text("firm.offer", language),
            [(offer, text(f"firm.offer.{offer}", language)) for offer in OFFERS],
            chosen=told.get("offer", "") or OFFERS[0],
        ),
        _line("valid_days", told, language),
    ]
    return form(
        "firm",
        title=text("firm.title", language),
        submit=text("modal.save", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={},
    )


def _line(name: str, told: Mapping[str, str], language: Language) -> Block:
    return text_input(
        name,
        text(f"firm.{name}", language),
        initial=told.get(name, ""),
        hint=text(f"firm.{name}.hint", language),
        multiline=name == "address",
        optional=True,
    )
