"""A numbered quote for other programs: JSON with the names of EN 16931, and CSV that a spreadsheet opens safely."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

from bot.quotes.limits import list_amount
from bot.quotes.offer import Offer
from bot.quotes.sums import Choice, Sums, Totals, Worked, round_cents, split_payments
from bot.reading import safe_cell
from bot.tasks import Firm, Language
from bot.texts import has_decimal_comma

CSV_COLUMNS = (
    "quote_number",
    "row",
    "line",
    "sku",
    "name",
    "note",
    "quantity",
    "unit",
    "unit_price",
    "list_price",
    "discount_percent",
    "discount_amount",
    "vat_category",
    "vat_rate",
    "amount",
    "amount_includes_vat",
    "currency",
)


def quote_json(offer: Offer, totals: Totals, firm: Firm, *, number: str) -> bytes:
    """Return the quote as JSON: business terms of EN 16931 in words, amounts as text so that no cent is lost.

    Units are as the price list gives them; quotes have no code list of their own.
    """
    consumer = offer.customer.consumer
    lines = [
        _line(place, one, includes_vat=consumer)
        for place, one in enumerate(totals.lines, 1)
        if one.line.kind == "base"
    ]
    written = {
        "documentType": "quote",
        "quoteNumber": number,
        "issueDate": offer.quoted_on.isoformat(),
        "validUntil": offer.valid_until.isoformat(),
        "deliveryDate": offer.delivery_on.isoformat() if offer.delivery_on else None,
        "binding": offer.binding,
        "language": offer.language,
        "currencyCode": offer.currency,
        "pricesIncludeVat": consumer,
        **_parties(offer, firm),
        "lines": lines,
        "documentLevelAllowances": [
            {"amount": _cents(group.discount), **_vat(group.tax)}
            for group in totals.sums.groups
            if group.discount
        ],
        "vatBreakdown": [
            {**_vat(group.tax), "taxableAmount": _cents(group.net), "taxAmount": _cents(group.vat)}
            for group in totals.sums.groups
        ],
        "totals": _totals(totals.sums),
        "choices": [_choice(choice, totals, includes_vat=consumer) for choice in totals.choices],
        "toBePriced": [
            {"name": one.words, "quantity": None if one.quantity is None else f"{one.quantity:f}"}
            for one in offer.unpriced
        ],
        "instalments": [
            {"percentage": f"{share:f}", "amount": _cents(amount)}
            for share, amount in zip(
                offer.payments, split_payments(totals.sums.payable, offer.payments), strict=True
            )
        ],
    }
    return json.dumps(written, ensure_ascii=False, indent=2).encode()


def _parties(offer: Offer, firm: Firm) -> dict[str, Any]:
    customer = offer.customer
    return {
        "seller": {
            "name": firm.name,
            "address": list(firm.address),
            "legalRegistrationIdentifier": firm.kvk,
            "vatIdentifier": firm.vat_id,
            "paymentAccountIdentifier": firm.iban,
        },
        "buyer": {
            "name": customer.name,
            "address": list(customer.address),
            "vatIdentifier": customer.vat_number,
            "consumer": customer.consumer,
        },
    }


def _choice(choice: Choice, totals: Totals, *, includes_vat: bool) -> dict[str, Any]:
    one = totals.lines[choice.place]
    return {
        **_line(choice.place + 1, one, includes_vat=includes_vat),
        "kind": one.line.kind,
        "replacesLine": one.line.replaces + 1 or None,
        "differenceWithVat": _cents(choice.difference),
        "totals": _totals(choice.sums),
    }


def _line(place: int, one: Worked, *, includes_vat: bool) -> dict[str, Any]:
    line = one.line
    allowance = one.listed - one.total
    return {
        "lineIdentifier": str(place),
        "item": {"sellersItemIdentifier": line.sku, "name": line.name, "description": line.note},
        "quantity": _price(line.quantity.normalize()),
        "quantityUnit": line.unit,
        "itemNetPrice": _price(line.price),
        "itemListPrice": None if line.list_price is None else _price(line.list_price),
        "pricedByHand": line.by_hand,
        "listAmount": _cents(list_amount(one, includes_vat=includes_vat)),
        "allowances": [
            {
                "percentage": f"{line.discount.percent:f}" if line.discount.percent else None,
                "amount": _cents(allowance),
            }
        ]
        if allowance
        else [],
        "lineGrossAmount" if includes_vat else "lineNetAmount": _cents(one.total),
        **_vat(line.vat),
    }


def _vat(tax: Any) -> dict[str, str]:
    return {"vatCategoryCode": tax.category, "vatRate": f"{tax.rate:f}"}


def _totals(sums: Sums) -> dict[str, str]:
    return {
        "sumOfLines": _cents(sums.lines),
        "sumOfAllowances": _cents(sums.discount),
        "totalWithoutVat": _cents(sums.net),
        "totalVat": _cents(sums.vat),
        "totalWithVat": _cents(sums.payable),
    }


def quote_csv(offer: Offer, totals: Totals, *, number: str, language: Language) -> bytes:
    """Return the quote as CSV in UTF-8 with its mark: a row per line, discount, VAT rate and total.

    In Dutch the columns are parted by `;` and decimals by a comma, as a Dutch spreadsheet reads them. No text
    of a person or a model becomes a formula.
    """
    comma = has_decimal_comma(language)
    rows = [_csv_row(place, one, offer) for place, one in enumerate(totals.lines, 1)]
    for group in totals.sums.groups:
        tax = {"vat_category": group.tax.category, "vat_rate": group.tax.rate}
        if group.discount:
            own = {"amount_includes_vat": offer.customer.consumer}
            rows.append({"row": "discount", "amount": round_cents(-group.discount), **tax, **own})
        rows.append({"row": "vat", "amount": round_cents(group.vat), "amount_includes_vat": False, **tax})
    sums = totals.sums
    rows.append({"row": "total", "amount": round_cents(sums.net), "amount_includes_vat": False})
    rows.append({"row": "total", "amount": round_cents(sums.payable), "amount_includes_vat": True})
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";" if comma else ",", lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        whole = {"quote_number": number, "currency": offer.currency, **row}
        writer.writerow([_cell(whole.get(name), comma=comma) for name in CSV_COLUMNS])
    return written.getvalue().encode("utf-8-sig")


def _csv_row(place: int, one: Worked, offer: Offer) -> dict[str, Any]:
    line = one.line
    return {
        "row": line.kind,
        "line": place,
        "sku": line.sku,
        "name": line.name,
        "note": line.note,
        "quantity": line.quantity.normalize(),
        "unit": line.unit,
        "unit_price": line.price,
        "list_price": line.list_price,
        "discount_percent": line.discount.percent or None,
        "discount_amount": line.discount.amount or None,
        "vat_category": line.vat.category,
        "vat_rate": line.vat.rate,
        "amount": one.total,
        "amount_includes_vat": offer.customer.consumer,
    }


def _cell(value: Any, *, comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        # Of our own making: a minus in front of it is a number, and no formula.
        return _price(value).replace(".", "," if comma else ".")
    return safe_cell(str(value))


def _cents(amount: Decimal) -> str:
    return f"{round_cents(amount):f}"


def _price(amount: Decimal) -> str:
    """Write a number without idle zeros: a whole one as it is, an amount with two decimals at least."""
    whole, _, decimals = f"{amount.normalize():f}".partition(".")
    least = 2 if int(amount.as_tuple().exponent) < 0 else 0
    return f"{whole}.{decimals.ljust(least, '0')}" if decimals or least else whole
