"""`_company.md`: the firm in its own words, for the model, and its details, for code alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from stdnum import iban
from stdnum.eu import vat

from bot.tasks.files import TaskFile, check_keys, load_tasks, split_front
from bot.tasks.nouns import Task, TaskFileError

FILE = "_company.md"
LARGEST_LOGO_BYTES = 500_000
OfferMode = Literal["binding", "vrijblijvend"]

_KEYS = {
    "name": str,
    "seat": str,
    "address": list,
    "email": str,
    "phone": str,
    "kvk": str,
    "vat_id": str,
    "iban": str,
    "logo": str,
    "offer": str,
    "valid_days": int,
    "payments": list,
    "max_discount_percent": int,
    "terms": str,
}
_IN_SLACK = (
    "name",
    "seat",
    "address",
    "email",
    "phone",
    "kvk",
    "vat_id",
    "iban",
    "offer",
    "valid_days",
    "terms",
)
_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff")
_RANGES = {"valid_days": (1, 365), "max_discount_percent": (0, 100)}


@dataclass(frozen=True)
class Firm:
    """What documents say about the firm; it never goes to the model.

    Attributes:
        seat: the statutory seat, which a bv, nv or coöperatie must name.
        kvk: its number in the trade register; Dutch law wants it on every quote.
        offer: `binding` until the last day of validity, or `vrijblijvend`: revocable right after acceptance.
        payments: shares of the total in per cent, in the order they fall due; empty for all at once.
        max_discount_percent: a larger one is flagged for the reviewer.
        terms: one sentence on terms and conditions, printed as it is.
        logo: the picture itself: PNG, JPEG or SVG.
    """

    name: str = ""
    seat: str = ""
    address: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    kvk: str = ""
    vat_id: str = ""
    iban: str = ""
    offer: OfferMode = "vrijblijvend"
    valid_days: int = 30
    payments: tuple[int, ...] = ()
    max_discount_percent: int = 10
    terms: str = ""
    logo: bytes = b""


@dataclass(frozen=True)
class Prompts:
    """What the folder `prompts/` holds.

    Attributes:
        company: what `_company.md` says of the firm; `firm` are its details for documents.
    """

    tasks: Mapping[str, Task]
    company: str
    firm: Firm


def load_prompts(folder: Path, handlers: Collection[str]) -> Prompts:
    """Read the whole folder.

    Raises:
        TaskFileError: a file has a fault; the message names file, line and cure of each.
    """
    return Prompts(load_tasks(folder, handlers), load_company(folder), load_firm(folder))


def load_company(folder: Path) -> str:
    """Return what `_company.md` says about the firm; comments between `<!--` and `-->` are left out.

    Raises:
        TaskFileError: the file is there and cannot be read.
    """
    _, _, words = _read(folder)
    return re.sub(r"<!--.*?(-->|\Z)", "", words, flags=re.DOTALL).strip()


def load_firm(folder: Path) -> Firm:
    """Return the firm's details, from the front matter of `_company.md`; what is not given is left out.

    Raises:
        TaskFileError: a detail cannot be right; the message names file, line and cure.
    """
    file, front, _ = _read(folder)
    check_keys(file, front, _KEYS)
    _check_numbers(file, front)
    for key, (low, high) in _RANGES.items():
        if type(front.get(key)) is int and not low <= front[key] <= high:
            file.fault(key, f"`{key}` must be from {low} to {high}.")
    if front.get("offer") not in (None, *get_args(OfferMode)):
        file.fault("offer", f"`offer` must be one of {', '.join(get_args(OfferMode))}.")
    payments = front.get("payments")
    if isinstance(payments, list) and payments and not _are_shares(payments):
        file.fault("payments", "`payments` must be whole per cents that add up to 100, like [30, 40, 30].")
    address = front.get("address")
    if isinstance(address, list) and not all(isinstance(line, str) for line in address):
        file.fault("address", "`address` must be a list of lines between quotes.")
    logo = _read_logo(file, folder, front.pop("logo", ""))
    if file.told():
        raise TaskFileError("\n".join(file.told()))
    front |= {key: tuple(front[key]) for key in ("address", "payments") if key in front}
    return Firm(**front, logo=logo)


def put_firm(firm: Firm, told: Mapping[str, str]) -> Firm:
    """Return *firm* with what was told in Slack in the place of its own; an empty text is nothing told."""
    said: dict[str, Any] = {name: value for name, value in told.items() if value and name in _IN_SLACK}
    if "address" in said:
        said["address"] = tuple(line.strip() for line in said["address"].splitlines() if line.strip())
    if "valid_days" in said:
        said["valid_days"] = int(said["valid_days"])
    return replace(firm, **said)


def _read(folder: Path) -> tuple[TaskFile, dict[str, Any], str]:
    file = TaskFile(folder / FILE)
    front, words = split_front(file, needed=False) or ({}, "") if file.path.exists() else ({}, "")
    if file.told():
        raise TaskFileError("\n".join(file.told()))
    return file, front, words


def _check_numbers(file: TaskFile, front: dict[str, Any]) -> None:
    kvk = front.get("kvk")
    if isinstance(kvk, str) and kvk and not re.fullmatch(r"\d{8}", kvk):
        file.fault("kvk", "`kvk` must be the eight digits of the trade register.")
    vat_id = front.get("vat_id")
    if isinstance(vat_id, str) and vat_id and not vat.is_valid(vat_id):
        file.fault("vat_id", "`vat_id` is no valid VAT number; check its digits, like NL004495445B01.")
    account = front.get("iban")
    if isinstance(account, str) and account and not iban.is_valid(account):
        file.fault("iban", "`iban` is no valid account; check its digits.")


def _are_shares(payments: list[Any]) -> bool:
    return all(type(share) is int and share > 0 for share in payments) and sum(payments) == 100


def _read_logo(file: TaskFile, folder: Path, name: Any) -> bytes:
    if not isinstance(name, str) or not name:
        return b""
    path = (folder / name).resolve()
    if path.parent != folder.resolve():
        file.fault("logo", "`logo` must name a file beside this one.")
        return b""
    try:
        content = path.read_bytes()
    except OSError as error:
        file.fault("logo", f"the logo cannot be read ({error.strerror}); check its name.")
        return b""
    if len(content) > LARGEST_LOGO_BYTES:
        file.fault("logo", "the logo is larger than 500 kB; save it smaller.")
        return b""
    if not content.startswith(_PICTURES) and b"<svg" not in content:
        file.fault("logo", "the logo is no PNG, JPEG or SVG; save it as one of these.")
        return b""
    return content
