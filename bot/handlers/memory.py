"""What is remembered of a customer fills what a request for a quote leaves out; two of one name are asked about."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.handlers.desk import Brief, Desk
from bot.handlers.pricing import Findings
from bot.quotes.customers import KnownCustomer, find_named, name_key
from bot.tasks import Language
from bot.texts import text

KNOWN = "known_customer"
"""The field of the form that names a customer by id."""


@dataclass(frozen=True)
class Told:
    """What a request says of its customer; empty, or None, where it says nothing.

    Attributes:
        language: of earlier quotes; only memory knows it.
    """

    name: str = ""
    address: tuple[str, ...] = ()
    vat_number: str = ""
    consumer: bool | None = None
    language: Language | None = None


@dataclass(frozen=True)
class Memory:
    """The customers of the workspace, and the one that the form names."""

    known: tuple[KnownCustomer, ...] = ()
    chosen: KnownCustomer | None = None

    def fill(self, told: Told, *, material: str, found: Findings, language: Language) -> Told:
        """Return what was told, completed from memory; what came from there goes into the notes."""
        if self.chosen is not None:
            if not told.name or name_key(told.name) == name_key(self.chosen.customer.name):
                return _fill(replace(told, name=self.chosen.customer.name), self.chosen, found, language)
            names = {"chosen": self.chosen.customer.name, "typed": told.name}
            found.questions.append(text("quote.ask-two-customers", language, **names))
            return told
        meant = find_named(self.known, told.name, material)
        if told.vat_number:
            # A number that was told decides between two of one name, and against one that has another.
            meant = [one for one in meant if one.customer.vat_number in ("", told.vat_number)]
            meant = [one for one in meant if one.customer.vat_number] or meant
        if len(meant) > 1:
            found.questions.append(_which(meant, told, language))
            return told
        return (
            _fill(replace(told, name=told.name or meant[0].customer.name), meant[0], found, language)
            if meant
            else told
        )


async def recall(desk: Desk, brief: Brief) -> tuple[Brief, Memory]:
    """Return the request with the chosen customer's name in it, and what is remembered of customers.

    The model reads the name alone: address and VAT number are filled in by code.
    """
    run = brief.run
    known = tuple(await desk.records.customers.known(run.team_id))
    given = run.inputs.get(KNOWN, "")
    inputs = {name: value for name, value in run.inputs.items() if name != KNOWN}
    chosen = next((one for one in known if str(one.customer_id) == given), None)
    if chosen is not None and not inputs.get("customer"):
        inputs = {"customer": chosen.customer.name, **{k: v for k, v in inputs.items() if k != "customer"}}
    return replace(brief, run=replace(run, inputs=inputs)), Memory(known, chosen)


def _fill(told: Told, known: KnownCustomer, found: Findings, language: Language) -> Told:
    customer, filled = known.customer, told
    what: list[str] = []
    elsewhere = bool(told.address) and name_key(" ".join(told.address)) != name_key(
        " ".join(customer.address)
    )
    if not told.address and customer.address:
        filled = replace(filled, address=customer.address)
        what.append("address")
    if told.consumer is None and not told.vat_number and not elsewhere:
        filled = replace(filled, consumer=customer.consumer)
        what.append("consumer" if customer.consumer else "business")
    # Who moved, or is another firm of that name, may have another number.
    if not told.vat_number and customer.vat_number and not filled.consumer and not elsewhere:
        filled = replace(filled, vat_number=customer.vat_number)
        what.append("vat")
    if known.language != language:
        what.append("language")
    if what:
        said = ", ".join(text(f"quote.memory-{one}", language) for one in what)
        name = html.escape(customer.name, quote=False)
        found.notes.append(text("quote.note-memory", language, name=name, what=said))
    return replace(filled, language=known.language)


def _which(meant: Sequence[KnownCustomer], told: Told, language: Language) -> str:
    who = "; ".join(
        ", ".join(filter(None, (one.customer.name, *one.customer.address, one.customer.vat_number)))
        for one in meant[:5]
    )
    return text("quote.ask-which-customer", language, name=told.name or meant[0].customer.name, who=who)
