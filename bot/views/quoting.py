"""A quote's form of lines, and what a second approver is asked; pure."""

from __future__ import annotations

from decimal import Decimal

from bot.quotes.document import word_vat
from bot.quotes.editing import ALL, FREE_CODES, LINES_PER_PAGE, MOST_LINES, Edit, Entry, Reading, field_id
from bot.quotes.offer import Offer
from bot.quotes.prices import PriceRow
from bot.quotes.vat import Code, find_vat
from bot.tasks import Language
from bot.texts import format_amount, format_cents, text
from bot.views.blocks import Block, button, context, fallback, section
from bot.views.cards import draft_value
from bot.views.forms import form, text_input

MOST_FOUND = 5
LONGEST_FIELD = 200


def lines_button(value: str, language: Language) -> Block:
    """Return the button that opens the form of lines."""
    return button("lines", text("button.lines", language), value)


def copy_buttons(value: str, language: Language) -> list[Block]:
    """Return the buttons that bring a numbered quote as JSON and as CSV."""
    return [
        button("quote_json", text("button.quote-json", language), value),
        button("quote_csv", text("button.quote-csv", language), value),
    ]


def lines_form(
    edit: Edit,
    reading: Reading,
    offer: Offer,
    *,
    found: list[PriceRow],
    warnings: list[str],
    language: Language,
    metadata: dict[str, object],
) -> Block:
    """Return one page of the lines of a quote, with what they come to.

    Args:
        reading: what stands in the fields; faults are told at theirs.
        offer: the quote as it was before.
        found: articles that fit what is looked for.
        warnings: what the reviewer must know of these figures.
    """
    blocks: list[Block] = []
    for entry in edit.shown:
        blocks += _entry(entry, reading, offer, edit=edit, language=language)
    if edit.pages > 1:
        blocks += _pages(edit, language)
    blocks.append({"type": "divider"})
    blocks.append(_field("discount", ALL, edit.discount, reading, language, label="lines.all-discount"))
    blocks += _adding(edit, found, reading, offer, language)
    blocks.append({"type": "divider"})
    blocks.append(section(_sums(reading, offer, language)))
    if warnings:
        blocks.append(context(*warnings[:10]))
    return form(
        "quote_lines",
        title=text("lines.title", language),
        submit=text("lines.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata=metadata,
    )


def _entry(entry: Entry, reading: Reading, offer: Offer, *, edit: Edit, language: Language) -> list[Block]:
    free = not entry.sku
    names = (*(("name", "unit") if free else ()), "quantity", "price", "discount")
    head = section(_head(entry, reading, offer, edit=edit, language=language))
    options = [("remove", text("lines.remove", language))]
    if entry.kind == "base":
        options.append(("option", text("lines.make-option", language)))
    else:
        options.append(("base", text("lines.make-base", language)))
    if free:
        codes = [code for code in FREE_CODES if code != entry.code]
        options += [
            (f"vat:{code}", text("lines.make-vat", language, vat=_word_code(code, offer, language)))
            for code in codes
        ]
    head["block_id"] = field_id("line", entry.key)
    head["accessory"] = {
        "type": "overflow",
        "action_id": "line_menu",
        "options": [
            {"text": {"type": "plain_text", "text": shown[:75]}, "value": value} for value, shown in options
        ],
    }
    values = {"price": entry.revision}
    fields = [
        _field(
            name,
            entry.key,
            str(getattr(entry, name)),
            reading,
            language,
            label=f"lines.{name}",
            revision=values.get(name, 0),
            # What has no price yet may stay so.
            optional=name == "discount" or (free and name in ("quantity", "price")),
        )
        for name in names
    ]
    return [head, *fields]


def _head(entry: Entry, reading: Reading, offer: Offer, *, edit: Edit, language: Language) -> str:
    number = next(place for place, one in enumerate(edit.entries, 1) if one.key == entry.key)
    name = fallback(entry.name or text("lines.own", language), 150)
    parts = [f"*{number}. {name}*" + (f" ({fallback(entry.sku)})" if entry.sku else "")]
    if entry.kind != "base":
        parts.append(text(f"lines.is-{entry.kind}", language))
    tax = word_vat(entry.vat, language) if entry.sku else _word_code(entry.code, offer, language)
    parts.append(text("lines.vat", language, vat=tax))
    if entry.list_price is not None:
        listed = format_amount(entry.list_price, offer.currency, language)
        parts.append(text("lines.listed", language, price=listed, unit=fallback(entry.unit)))
    if reading.totals is not None and (entry.sku or entry.price):
        priced = [one.key for one in edit.entries if one.sku or one.price]
        total = reading.totals.lines[priced.index(entry.key)].total
        parts.append(f"=\u00a0*{_money(total, offer, language)}*")
    elif not entry.sku and not entry.price:
        parts.append(text("lines.unpriced", language))
    return " · ".join(parts)


def _word_code(code: Code, offer: Offer, language: Language) -> str:
    tax = find_vat(code, offer.delivery_on or offer.quoted_on, reverse=False)
    return "?" if tax is None else word_vat(tax, language)


def _field(
    name: str,
    key: int,
    value: str,
    reading: Reading,
    language: Language,
    *,
    label: str,
    revision: int = 0,
    optional: bool = True,
) -> Block:
    """Return a field that tells of every change; what is wrong in it stands below it."""
    block = text_input(
        field_id(name, key, revision),
        text(label, language),
        initial=value[:LONGEST_FIELD],
        multiline=False,
        optional=optional,
    )
    block["element"]["action_id"] = f"line_{name}"
    block["element"]["dispatch_action_config"] = {
        "trigger_actions_on": ["on_enter_pressed", "on_character_entered"]
    }
    block["element"]["max_length"] = LONGEST_FIELD
    block["dispatch_action"] = True
    wrong = reading.wrong.get((key, name))
    if wrong is not None:
        said = text(wrong.key, language, value=wrong.value)
        block["hint"] = {"type": "plain_text", "text": f"\u26a0 {said}"[:2000]}
    return block


def _pages(edit: Edit, language: Language) -> list[Block]:
    first = edit.page * LINES_PER_PAGE + 1
    told = text(
        "lines.page",
        language,
        first=first,
        last=first + len(edit.shown) - 1,
        count=len(edit.entries),
    )
    turns = []
    if edit.page:
        turns.append(button("lines_back", text("lines.back", language), "back"))
    if edit.page + 1 < edit.pages:
        turns.append(button("lines_next", text("lines.next", language), "next"))
    return [context(told), {"type": "actions", "block_id": "pages", "elements": turns}]


def _adding(
    edit: Edit, found: list[PriceRow], reading: Reading, offer: Offer, language: Language
) -> list[Block]:
    if len(edit.entries) >= MOST_LINES:
        return [context(text("lines.most", language, most=MOST_LINES))]
    blocks = [_field("query", ALL, edit.query, reading, language, label="lines.query")]
    for place, row in enumerate(found[:MOST_FOUND]):
        price = format_amount(row.price, offer.currency, language)
        shown = section(f"{fallback(row.name, 150)} ({fallback(row.sku)}) · {price} / {fallback(row.unit)}")
        shown["block_id"] = f"found:{place}"
        label = text("lines.add", language)
        shown["accessory"] = button("line_add", label, row.sku, spoken=f"{label}: {row.sku} {row.name}")
        blocks.append(shown)
    if len(found) > MOST_FOUND:
        blocks.append(context(text("lines.more-found", language, count=len(found) - MOST_FOUND)))
    elif edit.query and not found:
        blocks.append(context(text("lines.none-found", language)))
    own = button("line_free", text("lines.add-own", language), "free")
    return [*blocks, {"type": "actions", "block_id": "adding", "elements": [own]}]


def _sums(reading: Reading, offer: Offer, language: Language) -> str:
    if reading.totals is None:
        return text("lines.no-sums", language)
    sums = reading.totals.sums
    return text(
        "lines.sums",
        language,
        net=_money(sums.net, offer, language),
        vat=_money(sums.vat, offer, language),
        payable=_money(sums.payable, offer, language),
    )


def _money(amount: Decimal, offer: Offer, language: Language) -> str:
    return format_cents(int(amount * 100), offer.currency, language)


def second_buttons(run_id: str, approval_id: int, language: Language) -> Block:
    """Return the buttons under what a second person is asked to approve."""
    value = draft_value(run_id, approval_id)
    return {
        "type": "actions",
        "elements": [
            button("second_approve", text("button.approve", language), value, style="primary"),
            button("second_refuse", text("button.refuse", language), value),
        ],
    }
