"""Quotes: what is offered, what it costs and how that is written; no clock, network, database or chance."""

from bot.quotes.prices import PriceRow, Tier, valid_on
from bot.quotes.sums import Discount, Line, Sums, Totals, Worked, round_cents, split_payments, work_out
from bot.quotes.vat import Vat, find_vat, read_vat_number

__all__ = [
    "Discount",
    "Line",
    "PriceRow",
    "Sums",
    "Tier",
    "Totals",
    "Vat",
    "Worked",
    "find_vat",
    "read_vat_number",
    "round_cents",
    "split_payments",
    "valid_on",
    "work_out",
]
