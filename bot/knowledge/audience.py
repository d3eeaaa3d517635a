"""Who may read a document, as one word: everybody, the members of a channel, or the people who are named."""

from __future__ import annotations

import re

EVERYONE = "everyone"

_CHANNEL = re.compile(r"[CG][A-Z0-9]{1,30}")
_PERSON = re.compile(r"[UW][A-Z0-9]{1,30}")


def parse_audience(given: str) -> str:
    """Return an audience as it is stored: `everyone`, a channel's id, or ids of people with commas.

    Takes a channel or person as Slack writes them too: `<#C1|sales>`, `<@U1>`, `#C1`.

    Raises:
        ValueError: it is none of these.
    """
    plain = re.sub(r"<[#@]([A-Z0-9]+)(?:\|[^>]*)?>", r"\1", given.strip())
    if plain.casefold() in (EVERYONE, "iedereen"):
        return EVERYONE
    ids = sorted({one.strip().lstrip("#@") for one in plain.split(",") if one.strip()})
    if len(ids) == 1 and _CHANNEL.fullmatch(ids[0]):
        return ids[0]
    if ids and all(_PERSON.fullmatch(one) for one in ids):
        return ",".join(ids)
    raise ValueError(given)


def is_channel(audience: str) -> bool:
    """Say whether an audience is the members of a channel."""
    return _CHANNEL.fullmatch(audience) is not None
