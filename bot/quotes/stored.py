"""A quote's figures as JSON and back: what its lines are edited from, and what other programs are given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bot.quotes.offer import Customer, Offer, Unpriced
from bot.quotes.sums import Discount, Line
from bot.quotes.vat import Vat

Json = dict[str, Any]


@dataclass(frozen=True)
class Basis:
    """What a version of a quote rests on.

    Attributes:
        questions: what was asked below it.
        passing: the notes that fall when a line changes.
    """

    offer: Offer
    questions: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()


def write_basis(basis: Basis) -> Json:
    """Return a basis as JSON can hold it: amounts as text, days in ISO form."""
    return {
        "offer": plain(asdict(basis.offer)),
        "questions": list(basis.questions),
        "passing": list(basis.passing),
    }


def read_basis(stored: Json) -> Basis:
    """Return what `write_basis` wrote."""
    offer = stored["offer"]
    customer = offer["customer"]
    made = Offer(
        **{
            **offer,
            "customer": Customer(**{**customer, "address": tuple(customer["address"])}),
            "lines": tuple(read_line(line) for line in offer["lines"]),
            "unpriced": tuple(Unpriced(one["words"], _amount(one["quantity"])) for one in offer["unpriced"]),
            "quoted_on": date.fromisoformat(offer["quoted_on"]),
            "valid_until": date.fromisoformat(offer["valid_until"]),
            "discount": _discount(offer["discount"]),
            "delivery_on": date.fromisoformat(offer["delivery_on"]) if offer["delivery_on"] else None,
            "payments": tuple(Decimal(share) for share in offer["payments"]),
        }
    )
    return Basis(made, tuple(stored["questions"]), tuple(stored["passing"]))


def read_line(stored: Json) -> Line:
    """Return one line of what `write_basis` wrote."""
    return Line(
        **{
            **stored,
            "quantity": Decimal(stored["quantity"]),
            "price": Decimal(stored["price"]),
            "vat": Vat(stored["vat"]["category"], Decimal(stored["vat"]["rate"])),
            "discount": _discount(stored["discount"]),
            "list_price": _amount(stored["list_price"]),
        }
    )


def _discount(stored: Json) -> Discount:
    return Discount(Decimal(stored["percent"]), Decimal(stored["amount"]))


def _amount(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: amounts as text, days in ISO form."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
