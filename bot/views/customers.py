"""Remembered customers: the list in which they are looked up, and the form in which one is corrected."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from typing import Any

from bot.quotes.customers import KnownCustomer
from bot.tasks import LANGUAGES, Language
from bot.texts import language_name, text
from bot.views.blocks import Block, button, context, section
from bot.views.forms import form, select_input, text_input

AUDIENCES = ("business", "consumer")


def customers_list(
    found: Sequence[KnownCustomer],
    *,
    words: str,
    total: int,
    mine: Collection[int],
    years: int,
    language: Language,
) -> Block:
    """Return the list of remembered customers, with what may be done about them.

    Args:
        words: what was searched for.
        total: how many were found; the list holds the first of them.
        mine: whom the reader may correct and delete.
        years: how long a customer without a new quote is kept.
    """
    field = text_input(
        "words", text("customers.search", language), initial=words, multiline=False, optional=True
    )
    blocks: list[Block] = [field, context(text("customers.kept", language, years=years))]
    if found:
        key = "customers.found" if words else "customers.all"
        blocks.append(section(text(key, language, count=total, shown=len(found))))
    else:
        blocks.append(section(text("customers.none-found" if words else "customers.none", language)))
    for one in found:
        blocks.append(section(describe(one, language)))
        if one.customer_id in mine:
            blocks.append({"type": "actions", "elements": _buttons(one, language)})
    return form(
        "customers",
        title=text("customers.title", language),
        submit=text("customers.submit", language),
        close=text("modal.done", language),
        blocks=blocks,
        metadata={"words": words},
    )


def describe(one: KnownCustomer, language: Language) -> str:
    """Return a customer in a few lines; what was typed is text, never markup."""
    customer = one.customer
    facts = [text(f"customers.{AUDIENCES[customer.consumer]}", language), language_name(one.language)]
    if customer.vat_number:
        facts.append(customer.vat_number)
    typed = [html.escape(line, quote=False) for line in (customer.name, *customer.address)]
    return "\n".join([f"*{typed[0]}*", *typed[1:], " · ".join(facts)])


def _buttons(one: KnownCustomer, language: Language) -> list[Block]:
    value = str(one.customer_id)
    name = one.customer.name[:80]

    def say(key: str, limit: int, **more: Any) -> Block:
        return {"type": "plain_text", "text": text(key, language, **more)[:limit]}

    confirm = {
        "title": say("customers.delete-title", 100),
        "text": say("customers.delete-sure", 300, name=name),
        "confirm": say("button.customer-delete", 30),
        "deny": say("modal.edit.cancel", 30),
        "style": "danger",
    }
    change, delete = text("button.customer-change", language), text("button.customer-delete", language)
    # Two of one name differ in their address; whoever hears the buttons hears both.
    who = ", ".join([one.customer.name[:40], *one.customer.address[-1:]])
    return [
        button("customer_change", change, value, spoken=f"{change} {who}"),
        {
            **button("customer_delete", delete, value, style="danger", spoken=f"{delete} {who}"),
            "confirm": confirm,
        },
    ]


def customer_form(one: KnownCustomer, *, metadata: dict[str, Any], language: Language) -> Block:
    """Return the form in which a customer is corrected."""
    customer = one.customer
    audiences = [(name, text(f"customers.{name}", language)) for name in AUDIENCES]
    lines = "\n".join(customer.address)
    return form(
        "customer",
        title=text("customers.change", language),
        submit=text("modal.save", language),
        close=text("modal.edit.cancel", language),
        blocks=[
            text_input(
                "name",
                text("customers.name", language),
                initial=customer.name,
                multiline=False,
                optional=False,
            ),
            text_input(
                "address", text("customers.address", language), initial=lines, multiline=True, optional=True
            ),
            text_input(
                "vat_number",
                text("customers.vat-number", language),
                initial=customer.vat_number,
                multiline=False,
                optional=True,
            ),
            select_input(
                "audience",
                text("customers.audience", language),
                audiences,
                chosen=AUDIENCES[customer.consumer],
            ),
            select_input(
                "language",
                text("customers.language", language),
                [(each, language_name(each)) for each in LANGUAGES],
                chosen=one.language,
            ),
        ],
        metadata={**metadata, "customer": one.customer_id},
    )


def customer_options(found: Sequence[KnownCustomer]) -> list[Block]:
    """Return customers as the options of a select; two of one name are told apart by their address."""
    return [
        {
            "text": {
                "type": "plain_text",
                "text": ", ".join([one.customer.name, *one.customer.address[-1:]])[:75],
            },
            "value": str(one.customer_id),
        }
        for one in found
    ]
