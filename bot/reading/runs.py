"""Whether a run of words in a Word file can be seen: hidden, too small to read, or white on white."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SMALLEST_HALF_POINTS = 8  # Word counts in half points: below 4 points nobody reads it
NEAR_WHITE = 0.93  # of each of red, green and blue

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

Styles = dict[str, tuple[str, Any]]
"""Style id -> the style it rests on, and its properties of runs."""


def styles_of(root: Any) -> Styles:
    """Return the styles of a document's part for them."""
    found: Styles = {}
    for style in root.iter(f"{_W}style"):
        based = style.find(f"{_W}basedOn")
        found[style.get(f"{_W}styleId")] = (
            "" if based is None else based.get(f"{_W}val"),
            style.find(f"{_W}rPr"),
        )
    return found


def is_unseen(run: Any, of_paragraph: str, styles: Styles) -> bool:
    """Say whether nobody sees the words of *run*.

    Args:
        of_paragraph: the id of its paragraph's style; empty for none.
    """
    return _is_hidden(run, list(_properties(run, of_paragraph, styles)))


def _properties(run: Any, of_paragraph: str, styles: Styles) -> Iterator[Any]:
    """Yield what decides on how a run looks, the nearest first."""
    own = run.find(f"{_W}rPr")
    if own is not None:
        yield own
    named = None if own is None else own.find(f"{_W}rStyle")
    for style in ("" if named is None else named.get(f"{_W}val"), of_paragraph):
        met: set[str] = set()
        while style and style in styles and style not in met:
            met.add(style)
            style, properties = styles[style]
            if properties is not None:
                yield properties


def _is_hidden(run: Any, properties: list[Any]) -> bool:
    for name in ("vanish", "webHidden"):
        told = _first(properties, name)
        if told is not None and told.get(f"{_W}val") not in ("0", "false", "off"):
            return True
    size = _first(properties, "sz")
    if size is not None and _number(size.get(f"{_W}val")) < SMALLEST_HALF_POINTS:
        return True
    colour = _first(properties, "color")
    if colour is None or not _is_near_white(colour.get(f"{_W}val") or ""):
        return False
    # White words on a dark ground are a matter of taste.
    grounds = [run, *run.iterancestors(f"{_W}p", f"{_W}tc", f"{_W}tbl", f"{_W}txbxContent")]
    return not any(_is_dark(ground) for ground in grounds)


def _first(properties: list[Any], name: str) -> Any:
    return next(
        (found for one in properties if (found := one.find(f"{_W}{name}")) is not None),
        None,
    )


def _number(value: str | None) -> float:
    try:
        return float(value or "nan")
    except ValueError:
        return float("nan")


def _is_near_white(colour: str) -> bool:
    try:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)] if len(colour) == 6 else []
    except ValueError:
        return False
    return bool(parts) and min(parts) >= NEAR_WHITE


def _is_dark(element: Any) -> bool:
    if element.tag == f"{_W}txbxContent":
        return True  # the shape around a text box has a colour of its own, and a picture may stand behind it
    kind = {f"{_W}r": "rPr", f"{_W}p": "pPr", f"{_W}tc": "tcPr", f"{_W}tbl": "tblPr"}.get(element.tag, "")
    shade = element.find(f"{_W}{kind}/{_W}shd")
    fill = "" if shade is None else shade.get(f"{_W}fill") or ""
    return len(fill) == 6 and not _is_near_white(fill)
