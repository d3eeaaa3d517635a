"""Words as a tagged PDF, set by typst: what no font of ours can show is found or left out before it breaks a page."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import typst

_STANDARD: Final[Literal["ua-1"]] = "ua-1"
"""Tagged for screen readers; it refuses a whole page for one sign that no font has."""

_LATIN_END = "\u024f"
"""Up to here every sign is in the fonts that come with typst."""


def make_pdf(template: Path, data: Any, *, moment: datetime) -> bytes:
    """Return *template* filled with *data* as a PDF; the same data and moment give the same bytes.

    Emoji and other signs that no font has are left out; letters and figures that none has become `?`.

    Raises:
        typst.TypstError: the template or a picture in *data* cannot be set.
    """
    found = typst.compile(
        template,
        root=template.parent,
        sys_inputs={"data": json.dumps(_printable(data), ensure_ascii=False)},
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=_STANDARD,
        timestamp=int(moment.timestamp()),
    )
    return found if isinstance(found, bytes) else b"".join(found)


def find_unprintable(data: Any) -> str:
    """Return the letters and figures in *data* that cannot be printed, each once."""
    words = json.dumps(data, ensure_ascii=False)
    return "".join(sign for sign in dict.fromkeys(words) if sign.isalnum() and not _has_font(sign))


def _printable(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _printable(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_printable(value) for value in data]
    if not isinstance(data, str):
        return data
    missing = {ord(sign): "?" if sign.isalnum() else None for sign in set(data) if not _has_font(sign)}
    return data.translate(missing) if missing else data


def _has_font(sign: str) -> bool:
    if sign in "\t\n\r":
        return True
    # Controls, lone surrogates, and the frames of keycap emoji, which break the figure that they stand on.
    if unicodedata.category(sign) in ("Cc", "Cs", "Me"):
        return False
    return sign <= _LATIN_END or _sets(sign)


@cache
def _sets(sign: str) -> bool:
    # The fonts' tables are nowhere to be asked for; setting one sign takes three milliseconds, once.
    try:
        typst.compile(
            b'#set document(title: "sign")\n#sys.inputs.sign',
            sys_inputs={"sign": sign},
            format="pdf",
            ignore_system_fonts=True,
            pdf_standards=_STANDARD,
        )
    except typst.TypstError:
        return False
    return True
