"""A quote in words: every label and amount that is read, for the draft and for the PDF alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bot.quotes.offer import Offer, Unpriced
from bot.quotes.sums import Choice, Discount, Totals, Worked, split_payments
from bot.quotes.vat import Vat
from bot.tasks import Firm, Language
from bot.texts import format_amount, format_cents, format_day, format_number, text

Json = dict[str, Any]


def make_document(offer: Offer, totals: Totals, firm: Firm) -> Json:
    """Return all that the quote says besides its number and its prose; words only, the amounts among them."""
    language, customer = offer.language, offer.customer
    choices = [totals.lines[choice.place] for choice in totals.choices]
    return {
        "lang": language,
        "date": [offer.quoted_on.year, offer.quoted_on.month, offer.quoted_on.day],
        "valid_until": offer.valid_until.isoformat(),
        "title": text("quote.title", language),
        "number_label": text("quote.number", language),
        "has_customer": bool(customer.name),
        "buyer": {
            "name": customer.name,
            "address": list(customer.address),
            "vat_number": customer.vat_number,
            "consumer": customer.consumer,
        },
        "customer": [customer.name or text("quote.no-customer", language), *customer.address],
        "facts": _facts(offer),
        "seller": _seller(firm),
        "columns": _columns(language),
        "lines": [_row(one, offer) for one in totals.lines if one.line.kind == "base"],
        "sums": _sums(totals, offer),
        "choices": {
            "title": text("quote.choices", language),
            "rows": [
                [_choice(one, totals, offer), *_row(one, offer)[1:-1], _difference(choice, offer)]
                for one, choice in zip(choices, totals.choices, strict=True)
            ],
            "note": text("quote.choices-note", language),
        },
        "unpriced": {
            "title": text("quote.unpriced", language),
            "items": [_unpriced(one, language) for one in offer.unpriced],
        },
        "payments": _payments(totals, offer),
        "legal": _legal(offer, firm),
        "sign": [text(f"quote.sign-{one}", language) for one in ("title", "name", "date", "signature")],
        "footer": _footer(firm, language),
        "page": text("quote.page", language),
        "of": text("quote.of", language),
    }


def _facts(offer: Offer) -> list[list[str]]:
    language = offer.language
    facts = [[text("quote.date", language), format_day(offer.quoted_on, language)]]
    facts.append([text("quote.valid-until", language), format_day(offer.valid_until, language)])
    if offer.delivery_on:
        facts.append([text("quote.delivery", language), format_day(offer.delivery_on, language)])
    if offer.customer.vat_number:
        facts.append([text("quote.your-vat", language), offer.customer.vat_number])
    return facts


def write_head(document: Json) -> str:
    """Return the first lines of the draft: what it is, for whom."""
    name, *address = document["customer"]
    return "\n".join([f"**{document['title']}: {_plain(name)}**", *map(_plain, address)])


def write_figures(document: Json) -> str:
    """Return the part of the draft that code computed, as Markdown: lines, sums, choices, dates, legal sentences."""
    columns = document["columns"]
    rows = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    rows += [[_plain(cell) for cell in row] for row in document["lines"]]
    for label, amount, strong in document["sums"]:
        mark = "**" if strong else ""
        rows.append([f"{mark}{label}{mark}", *[""] * (len(columns) - 2), f"{mark}{amount}{mark}"])
    parts = ["\n".join(f"| {' | '.join(row)} |" for row in rows)]
    choices, unpriced, payments = (document[name] for name in ("choices", "unpriced", "payments"))
    if choices["rows"]:
        said = [f"- {_plain(row[0])}: {row[1]} x {row[2]}, {row[-1]}" for row in choices["rows"]]
        parts.append("\n".join([f"**{choices['title']}**", *said, choices["note"]]))
    if unpriced["items"]:
        said = [f"- {_plain(item)}" for item in unpriced["items"]]
        parts.append("\n".join([f"**{unpriced['title']}**", *said]))
    if payments["rows"]:
        said = [f"- {label}: {amount}" for label, amount in payments["rows"]]
        parts.append("\n".join([f"**{payments['title']}**", *said]))
    parts.append(" · ".join(f"{label}: {value}" for label, value in document["facts"]))
    return "\n\n".join([*parts, "\n".join(document["legal"])])


def _plain(cell: str) -> str:
    """Return a text that a Markdown table holds in one cell."""
    return re.sub(r"[ \t\r\n]+", " ", cell).replace("|", "\\|").strip()


def _money(amount: Decimal, offer: Offer) -> str:
    return format_cents(int(amount * 100), offer.currency, offer.language)


def _signed(amount: Decimal, offer: Offer) -> str:
    """Return an amount with its sign in front, as every language reads it; `€ -5` is how a cash register writes."""
    return f"{'−' if amount < 0 else '+'}\u00a0{_money(abs(amount), offer)}"


def _columns(language: Language) -> list[str]:
    names = ("description", "quantity", "price", "discount", "vat", "amount")
    return [text(f"quote.column-{name}", language) for name in names]


def _row(one: Worked, offer: Offer) -> list[str]:
    line, language = one.line, offer.language
    name = (f"{line.name} ({line.sku})" if line.sku else line.name) + (f" – {line.note}" if line.note else "")
    return [
        name,
        f"{format_number(line.quantity, language, 3)} {line.unit}",
        format_amount(one.unit_price, offer.currency, language),
        _word_discount(line.discount, offer),
        word_vat(line.vat, language),
        _money(one.total, offer),
    ]


def _word_discount(discount: Discount, offer: Offer) -> str:
    if discount.percent:
        return f"{format_number(discount.percent, offer.language, 2)}%"
    return _signed(-discount.amount, offer) if discount.amount else ""


def word_vat(tax: Vat, language: Language) -> str:
    """Return how a line is taxed: a rate, or why there is none."""
    if tax.category in ("AE", "E"):
        return text("quote.vat-reverse" if tax.category == "AE" else "quote.vat-exempt", language)
    return f"{format_number(tax.rate, language, 1)}%"


def _sums(totals: Totals, offer: Offer) -> list[list[Any]]:
    """Return label, amount, and whether it is the one to look at."""
    sums, language = totals.sums, offer.language
    rows: list[list[Any]] = []
    if sums.discount:
        rows.append([text("quote.subtotal", language), _money(sums.lines, offer), False])
        percent = f" {_word_discount(offer.discount, offer)}" if offer.discount.percent else ""
        rows.append([text("quote.discount", language) + percent, _signed(-sums.discount, offer), False])
    if offer.customer.consumer:
        rows.append([text("quote.total-incl", language), _money(sums.payable, offer), True])
        rows += [
            [
                text("quote.of-which-vat", language, rate=word_vat(group.tax, language)),
                _money(group.vat, offer),
                False,
            ]
            for group in sums.groups
        ]
        return rows
    rows.append([text("quote.total-ex", language), _money(sums.net, offer), False])
    for group in sums.groups:
        label = text(
            "quote.vat-over", language, rate=word_vat(group.tax, language), base=_money(group.net, offer)
        )
        rows.append([label, _money(group.vat, offer), False])
    return [*rows, [text("quote.total-incl", language), _money(sums.payable, offer), True]]


def _choice(one: Worked, totals: Totals, offer: Offer) -> str:
    named = _row(one, offer)[0]
    if one.line.kind == "option":
        return text("quote.option", offer.language, name=named)
    replaced = totals.lines[one.line.replaces].line.name
    return text("quote.alternative", offer.language, name=named, replaced=replaced)


def _difference(choice: Choice, offer: Offer) -> str:
    """Return what a choice changes in the total with VAT, and that total."""
    return text(
        "quote.difference",
        offer.language,
        difference=_signed(choice.difference, offer),
        total=_money(choice.sums.payable, offer),
    )


def _unpriced(one: Unpriced, language: Language) -> str:
    return one.words if one.quantity is None else f"{format_number(one.quantity, language, 3)} x {one.words}"


def _payments(totals: Totals, offer: Offer) -> Json:
    language = offer.language
    amounts = split_payments(totals.sums.payable, offer.payments)
    rows = [
        [
            text("quote.payment", language, number=number, share=format_number(share, language, 2)),
            _money(amount, offer),
        ]
        for number, (share, amount) in enumerate(zip(offer.payments, amounts, strict=True), 1)
    ]
    return {"title": text("quote.payments", language), "rows": rows if totals.sums.payable else []}


def _legal(offer: Offer, firm: Firm) -> list[str]:
    language = offer.language
    day = format_day(offer.valid_until, language)
    said = [text("quote.prices-incl" if offer.customer.consumer else "quote.prices-ex", language)]
    said.append(text("quote.binding" if offer.binding else "quote.revocable", language, day=day))
    if any(line.vat.category == "AE" for line in offer.lines):
        said.append(text("quote.reverse", language, ours=firm.vat_id, theirs=offer.customer.vat_number))
    if offer.unpriced:
        said.append(text("quote.unpriced-note", language))
    return [*said, firm.terms] if firm.terms else said


def _seller(firm: Firm) -> Json:
    return {"name": firm.name, "lines": [*firm.address, *filter(None, (firm.email, firm.phone))]}


def _footer(firm: Firm, language: Language) -> str:
    named: Sequence[tuple[str, str]] = (
        ("seat", firm.seat),
        ("kvk", firm.kvk),
        ("vat-id", firm.vat_id),
        ("iban", firm.iban),
    )
    said = [text(f"quote.{name}", language, value=value) for name, value in named if value]
    # An account number that breaks over two lines cannot be copied.
    return " · ".join(one.replace(" ", "\u00a0") for one in (firm.name, *said) if one)
