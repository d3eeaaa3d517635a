"""A table that becomes texts: its columns, its rows, what is wrong with a text, and the sheet that comes back; pure."""

from __future__ import annotations

from bot.bulk.alike import find_alike
from bot.bulk.faults import Fault, FaultKind
from bot.bulk.sheets import Line, Returned, find_mark, read_returned, result_csv, result_xlsx
from bot.bulk.table import MOST_ROWS, Mapping, Row, Table, guess_mapping, hash_row, make_row, read_table

__all__ = [
    "MOST_ROWS",
    "Fault",
    "FaultKind",
    "Line",
    "Mapping",
    "Returned",
    "Row",
    "Table",
    "find_alike",
    "find_mark",
    "guess_mapping",
    "hash_row",
    "make_row",
    "read_returned",
    "read_table",
    "result_csv",
    "result_xlsx",
]
