"""The lines of a quote while a person edits them: what stands in the fields, and what it comes to; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

from bot.quotes.offer import Offer, Unpriced
from bot.quotes.pricelist import LARGEST_PRICE, LONGEST, MOST_DECIMALS, read_amount
from bot.quotes.prices import PriceRow
from bot.quotes.stored import plain
from bot.quotes.sums import NONE, Discount, Kind, Line, Totals, work_out
from bot.quotes.vat import Code, Vat, find_vat

LINES_PER_PAGE = 12
MOST_LINES = 500
LARGEST_QUANTITY = Decimal(1_000_000)
QUANTITY_DECIMALS = 3
ALL = 0
"""The key of what holds for all lines; lines count from 1."""

FREE_CODES: tuple[Code, ...] = ("high", "low", "zero", "exempt")


@dataclass(frozen=True)
class Entry:
    """One line as it stands in the form: its fields hold what was typed, right or wrong.

    Attributes:
        key: names it for as long as the form is open.
        sku: empty for a line of the person's own, which has no list price; `code` says how that is taxed.
        replaces: the key of the line that an alternative stands in for.
        revision: counts how often code itself changed the price in the field.
    """

    key: int
    sku: str
    name: str
    unit: str
    quantity: str
    price: str
    discount: str = ""
    vat: Vat = field(default_factory=lambda: Vat("S", Decimal(0)))
    code: Code = "high"
    kind: Kind = "base"
    replaces: int = ALL
    note: str = ""
    list_price: Decimal | None = None
    revision: int = 0


@dataclass(frozen=True)
class Edit:
    """A form with all its pages.

    Attributes:
        discount: on all base lines together, as it was typed.
        query: what is looked for in the price list.
    """

    entries: tuple[Entry, ...]
    discount: str
    next_key: int
    page: int = 0
    query: str = ""

    @property
    def pages(self) -> int:
        """How many pages it has; one at least."""
        return max(1, -(-len(self.entries) // LINES_PER_PAGE))

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The lines of the page that is open."""
        first = self.page * LINES_PER_PAGE
        return self.entries[first : first + LINES_PER_PAGE]


@dataclass(frozen=True)
class Wrong:
    """What is wrong in a field; *key* names a sentence in the catalogues."""

    key: str
    value: str = ""


@dataclass(frozen=True)
class Reading:
    """What the fields come to: an offer with its totals, or what is wrong, by line and field."""

    offer: Offer | None
    totals: Totals | None
    wrong: dict[tuple[int, str], Wrong]


def begin(offer: Offer, *, unit: str, comma: bool) -> Edit:
    """Return the form of a quote.

    Args:
        unit: what one of something to be priced is called at first.
        comma: decimals are written behind a comma.
    """
    entries = [
        Entry(
            key=key,
            sku=line.sku,
            name=line.name,
            unit=line.unit,
            quantity=write_amount(line.quantity, comma=comma),
            price=write_amount(line.price, comma=comma, least=2),
            discount=write_discount(line.discount, comma=comma),
            vat=line.vat,
            code=_code(line.vat),
            kind=line.kind,
            replaces=line.replaces + 1,
            note=line.note,
            list_price=line.list_price,
        )
        for key, line in enumerate(offer.lines, 1)
    ]
    for one in offer.unpriced:
        quantity = "" if one.quantity is None else write_amount(one.quantity, comma=comma)
        entries.append(
            Entry(key=len(entries) + 1, sku="", name=one.words, unit=unit, quantity=quantity, price="")
        )
    return Edit(tuple(entries), write_discount(offer.discount, comma=comma), len(entries) + 1)


def fill(edit: Edit, values: Mapping[str, str], rows: Mapping[str, PriceRow], *, comma: bool) -> Edit:
    """Put what stands in the fields of the open page into the form.

    The price of an article follows its tier when its quantity changes, unless a person set it.

    Args:
        values: by `field_id`; fields that are not named keep what stands in them.
    """
    entries = tuple(_fill(entry, values, rows, comma=comma) for entry in edit.entries)
    discount = values.get(field_id("discount", ALL), edit.discount)
    query = values.get(field_id("query", ALL), edit.query)
    return replace(edit, entries=entries, discount=discount.strip(), query=query.strip()[:100])


def _fill(entry: Entry, values: Mapping[str, str], rows: Mapping[str, PriceRow], *, comma: bool) -> Entry:
    def held(name: str, revision: int = 0) -> str:
        return values.get(field_id(name, entry.key, revision), str(getattr(entry, name))).strip()

    filled = replace(
        entry,
        quantity=held("quantity"),
        price=held("price", entry.revision),
        discount=held("discount"),
        name=held("name") if not entry.sku else entry.name,
        unit=held("unit") if not entry.sku else entry.unit,
    )
    row, quantity = rows.get(entry.sku), _amount(filled.quantity)
    if row is None or not quantity or quantity == _amount(entry.quantity):
        return filled
    listed = row.price_for(quantity)
    followed = _amount(filled.price) == entry.list_price and listed != entry.list_price
    filled = replace(filled, list_price=listed)
    if followed:
        price = write_amount(listed, comma=comma, least=2)
        filled = replace(filled, price=price, revision=entry.revision + 1)
    return filled


def field_id(name: str, key: int, revision: int = 0) -> str:
    """Return the block that holds a field; another one as soon as code changed what stands in it."""
    return f"{name}:{key}:{revision}" if revision else f"{name}:{key}"


def remove(edit: Edit, key: int) -> Edit:
    """Take a line out; what stood in for it becomes an option."""
    left = tuple(_freed(entry, key) for entry in edit.entries if entry.key != key)
    made = replace(edit, entries=left)
    return replace(made, page=min(edit.page, made.pages - 1))


def set_kind(edit: Edit, key: int, kind: Kind) -> Edit:
    """Let a line count in the total, or be an option."""

    def change(entry: Entry) -> Entry:
        return replace(entry, kind=kind, replaces=ALL) if entry.key == key else _freed(entry, key)

    return replace(edit, entries=tuple(map(change, edit.entries)))


def set_code(edit: Edit, key: int, code: Code) -> Edit:
    """Let a line of the person's own be taxed otherwise."""
    return replace(
        edit,
        entries=tuple(
            replace(one, code=code) if one.key == key and not one.sku else one for one in edit.entries
        ),
    )


def add_article(edit: Edit, row: PriceRow, vat: Vat, *, comma: bool) -> Edit:
    """Add one of an article of the price list, on the last page, which opens."""
    price = row.price_for(Decimal(1))
    entry = Entry(
        key=edit.next_key,
        sku=row.sku,
        name=row.name,
        unit=row.unit,
        quantity="1",
        price=write_amount(price, comma=comma, least=2),
        vat=vat,
        list_price=price,
    )
    return _add(replace(edit, query=""), entry)


def add_free(edit: Edit, *, unit: str) -> Edit:
    """Add an empty line of the person's own, on the last page, which opens."""
    return _add(edit, Entry(key=edit.next_key, sku="", name="", unit=unit, quantity="1", price=""))


def turn_page(edit: Edit, by: int) -> Edit:
    """Open the next page, or the one before."""
    return replace(edit, page=max(0, min(edit.pages - 1, edit.page + by)))


def page_of(edit: Edit, key: int) -> int:
    """Return the page that a line stands on; what holds for all stands on each."""
    places = [place for place, entry in enumerate(edit.entries) if entry.key == key]
    return places[0] // LINES_PER_PAGE if places else edit.page


def read(edit: Edit, offer: Offer) -> Reading:
    """Work out what stands in the fields, in the place of the lines of *offer*.

    A line of the person's own without a price is to be priced; one with a price becomes a line.
    """
    wrong: dict[tuple[int, str], Wrong] = {}
    lines: list[Line] = []
    unpriced: list[Unpriced] = []
    places: dict[int, int] = {}
    for entry in edit.entries:
        found = _read_entry(entry, offer, wrong)
        if isinstance(found, Line):
            if found.kind == "base":
                places[entry.key] = len(lines)
            lines.append(found)
        elif found is not None:
            unpriced.append(found)
    if wrong:
        _read_discount(edit.discount, ALL, wrong)
        return Reading(None, None, wrong)
    priced = [entry for entry in edit.entries if entry.sku or entry.price]
    placed = [_place(line, entry, places) for line, entry in zip(lines, priced, strict=True)]
    discount = _read_discount(edit.discount, ALL, wrong)
    made = replace(offer, lines=tuple(placed), unpriced=tuple(unpriced), discount=discount)
    try:
        totals = made.work_out()
    except ValueError:
        wrong[ALL, "discount"] = Wrong("lines.wrong-discount", edit.discount)
        totals = None
    return Reading(None, None, wrong) if wrong else Reading(made, totals, {})


def _place(line: Line, entry: Entry, places: Mapping[int, int]) -> Line:
    if line.kind != "alternative":
        return line
    place = places.get(entry.replaces)
    return replace(line, kind="option", replaces=-1) if place is None else replace(line, replaces=place)


def _read_entry(entry: Entry, offer: Offer, wrong: dict[tuple[int, str], Wrong]) -> Line | Unpriced | None:
    """Return what an entry comes to; None where a field is wrong."""
    before = len(wrong)
    if not entry.sku:
        for name in ("name", "unit"):
            value = getattr(entry, name)
            if not value:
                wrong[entry.key, name] = Wrong(f"lines.no-{name}")
            elif len(value) > LONGEST[name]:
                wrong[entry.key, name] = Wrong("lines.too-long", str(LONGEST[name]))
    optional = not entry.sku and not entry.price
    quantity = _check(entry, "quantity", wrong, optional=optional)
    if optional:
        return Unpriced(entry.name, quantity) if len(wrong) == before else None
    price = _check(entry, "price", wrong)
    discount = _read_discount(entry.discount, entry.key, wrong)
    vat = (
        entry.vat if entry.sku else find_vat(entry.code, offer.delivery_on or offer.quoted_on, reverse=False)
    )
    if len(wrong) > before or quantity is None or price is None or vat is None:
        return None
    line = Line(
        sku=entry.sku,
        name=entry.name,
        unit=entry.unit,
        quantity=quantity,
        price=price,
        vat=vat,
        kind=entry.kind,
        discount=discount,
        note=entry.note,
        list_price=entry.list_price,
    )
    try:
        work_out([replace(line, kind="base")], includes_vat=offer.customer.consumer)
    except ValueError:
        wrong[entry.key, "discount"] = Wrong("lines.wrong-discount", entry.discount)
        return None
    return line


def _check(
    entry: Entry, name: str, wrong: dict[tuple[int, str], Wrong], *, optional: bool = False
) -> Decimal | None:
    """Return the amount in a field, or note what is wrong with it."""
    written = str(getattr(entry, name))
    if not written:
        if not optional:
            wrong[entry.key, name] = Wrong(f"lines.no-{name}")
        return None
    try:
        amount = read_amount(written)
    except ValueError as error:
        wrong[entry.key, name] = Wrong(f"lines.{error}", written[:40])
        return None
    decimals = -int(amount.normalize().as_tuple().exponent)
    if name == "quantity":
        fits = 0 < amount <= LARGEST_QUANTITY and decimals <= QUANTITY_DECIMALS
    else:
        fits = amount <= LARGEST_PRICE and decimals <= MOST_DECIMALS
    if not fits:
        wrong[entry.key, name] = Wrong(f"lines.{name}-range", written[:40])
        return None
    return amount


def _read_discount(written: str, key: int, wrong: dict[tuple[int, str], Wrong]) -> Discount:
    """Read `10%` or `€ 50`; a number alone could be either and is asked about."""
    bare = written.strip()
    if not bare:
        return NONE
    percent = bare.endswith("%")
    money = bare.casefold().startswith(("€", "eur")) or bare.casefold().endswith(("€", "eur", "euro"))
    amount = _amount(bare.rstrip("%").casefold().removesuffix("o") if percent or money else bare)
    if amount is None or amount > LARGEST_PRICE:
        wrong[key, "discount"] = Wrong("lines.no-discount", bare[:40])
    elif amount == 0:
        return NONE
    elif percent and amount <= 100 and -int(amount.normalize().as_tuple().exponent) <= 2:
        return Discount(percent=amount)
    elif percent:
        wrong[key, "discount"] = Wrong("lines.percent-range", bare[:40])
    elif money and -int(amount.normalize().as_tuple().exponent) <= 2:
        return Discount(amount=amount)
    else:
        wrong[key, "discount"] = Wrong("lines.no-discount", bare[:40])
    return NONE


def write_amount(amount: Decimal, *, comma: bool, least: int = 0) -> str:
    """Write an amount as it is typed, and so that `read_amount` reads the same; never three decimals."""
    written = f"{amount.normalize():f}"
    whole, _, decimals = written.partition(".")
    decimals = decimals.ljust(least, "0")
    decimals += "0" if len(decimals) == 3 else ""
    return f"{whole}{',' if comma else '.'}{decimals}" if decimals else whole


def write_discount(discount: Discount, *, comma: bool) -> str:
    """Write a discount as it is typed."""
    if discount.percent:
        return f"{write_amount(discount.percent, comma=comma)}%"
    return f"€ {write_amount(discount.amount, comma=comma, least=2)}" if discount.amount else ""


def write_edit(edit: Edit) -> dict[str, Any]:
    """Return a form as JSON can hold it."""
    written: dict[str, Any] = plain(asdict(edit))
    return written


def read_edit(stored: dict[str, Any]) -> Edit:
    """Return what `write_edit` wrote."""
    return Edit(**{**stored, "entries": tuple(map(_read_stored, stored["entries"]))})


def _read_stored(stored: dict[str, Any]) -> Entry:
    listed = stored["list_price"]
    vat = Vat(stored["vat"]["category"], Decimal(stored["vat"]["rate"]))
    return Entry(**{**stored, "vat": vat, "list_price": None if listed is None else Decimal(listed)})


def _amount(written: str) -> Decimal | None:
    try:
        return read_amount(written)
    except ValueError:
        return None


def _freed(entry: Entry, key: int) -> Entry:
    if entry.kind == "alternative" and entry.replaces == key:
        return replace(entry, kind="option", replaces=ALL)
    return entry


def _add(edit: Edit, entry: Entry) -> Edit:
    if len(edit.entries) >= MOST_LINES:
        return edit
    made = replace(edit, entries=(*edit.entries, entry), next_key=edit.next_key + 1)
    return replace(made, page=made.pages - 1)


def _code(vat: Vat) -> Code:
    """Return the code of a line's tax, as a line of the person's own keeps it."""
    if vat.category in ("E", "Z"):
        return "exempt" if vat.category == "E" else "zero"
    return "low" if vat.rate and vat.rate < 15 else "high"


Change = Callable[[Edit], Edit]
"""What a press does to a form."""
