"""How long a text is as each social platform counts it: weights, graphemes, links as 23; pure, no limits here."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import regex

LINK_CHARS = 23
"""What X and Mastodon count for a link, however long it is."""

# twitter-text's config v3: these weigh 1, all others 2, an emoji 2 as a whole.
# https://github.com/twitter/twitter-text/blob/master/config/v3.json
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

_ONE = r"\p{EBase}\p{EMod}|\p{Emoji}\uFE0F|\p{EPres}"
_EMOJI = regex.compile(
    r"\p{RI}\p{RI}|[0-9#*]\uFE0F?\u20E3|\U0001F3F4[\U000E0061-\U000E007A]+\U000E007F"
    # A text sign such as the heart becomes an emoji by what is joined to it, or by its selector.
    rf"|(?:{_ONE}|(?![0-9#*])\p{{Emoji}}(?=\u200D))(?:\u200D(?:{_ONE}|(?![0-9#*])\p{{Emoji}}))*+"
)


def graphemes(text: str) -> list[str]:
    """Split *text* into what a person calls characters: a flag is one, and so is a family."""
    return list(regex.findall(r"\X", text))


def emoji_in(text: str) -> list[str]:
    """List the emoji of *text*, each as a whole."""
    return [found[0] for found in _EMOJI.finditer(text)]


def links_in(text: str) -> list[str]:
    """List the links of *text* in order, those without a scheme (`example.nl`) too."""
    return [found[0] for found in _links(bare=True).finditer(text)]


def put_links(text: str, put: Callable[[str], str], *, bare: bool = True) -> str:
    """Return *text* with each link replaced by what *put* makes of it; those without a scheme only when *bare*."""
    return str(_links(bare=bare).sub(lambda found: put(found[0]), text))


def weigh(text: str) -> int:
    """Count as X does: twitter-text's weighted length, links as they become on t.co.

    Any pair of regional letters counts as a flag here, and any joined emoji as one.
    """
    text = regex.sub(r"\r\n?", "\n", unicodedata.normalize("NFC", text))
    # A line break stands for each link: it weighs 1, and no emoji joins over it.
    links = links_in(text)
    rest = put_links(text, lambda link: "\n")
    emoji = len(emoji_in(rest))
    rest = _EMOJI.sub("", rest)
    rest_weight = sum(1 if _is_light(ord(each)) else 2 for each in rest)
    return (LINK_CHARS - 1) * len(links) + 2 * emoji + rest_weight


def count_graphemes(text: str) -> int:
    """Count as Bluesky does."""
    return len(graphemes(text))


def count_mastodon(text: str) -> int:
    """Count as Mastodon does: graphemes, links with a scheme as 23, of `@name@server` the name alone."""
    text = put_links(text, lambda link: "x" * LINK_CHARS, bare=False)
    return count_graphemes(regex.sub(r"(?<![\w/])(@\w+)@[\w.-]*\w", r"\1", text))


def count_threads(text: str) -> int:
    """Count as Threads does: characters, and emoji as their bytes in UTF-8."""
    return len(_EMOJI.sub("", text)) + sum(len(each.encode()) for each in emoji_in(text))


def count_utf16(text: str) -> int:
    """Count UTF-16 units, as Java and JavaScript do: never fewer than characters."""
    return len(text.encode("utf-16-le")) // 2


def count_bytes(text: str) -> int:
    """Count bytes in UTF-8."""
    return len(text.encode())


COUNTS: dict[str, Callable[[str], int]] = {
    "weighted": weigh,
    "graphemes": count_graphemes,
    "mastodon": count_mastodon,
    "threads": count_threads,
    "utf16": count_utf16,
}


def _is_light(code: int) -> bool:
    return any(low <= code <= high for low, high in _LIGHT)


@cache
def _links(*, bare: bool) -> regex.Pattern[str]:
    """Build the pattern of a link after twitter-text's rules; only a top-level domain that it knows makes one.

    Those stand in `tlds.txt`: the names of IANA's root zone, as twitter-text's list has them.
    """
    names = (Path(__file__).parent / "tlds.txt").read_text(encoding="utf-8").split()
    top = r"(?:\L<names>|xn--[-0-9a-z]+)(?![0-9a-z@+-])"
    path_char = r"[\p{Latin}\p{Cyrillic}\u0300-\u036F0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&]"
    parens = rf"\({path_char}*(?:\({path_char}+\){path_char}*)?\)"
    path = rf"(?:/(?:(?:{path_char}|{parens})*(?:[+\-\p{{Latin}}\p{{Cyrillic}}\u0300-\u036F0-9=_#/]|{parens}))?)?"
    query = r"(?:\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/])?"
    rest = rf"(?::[0-9]+)?{path}{query}"
    # A label takes all that it can and gives nothing back: only a full stop may follow, and a long word has none.
    letter = r"[\p{L}\p{N}\p{M}]"
    label = rf"{letter}++(?:[_-]++{letter}++)*+\."
    known = rf"(?<![a-z0-9@＠$#＃\uFFFE\uFEFF\uFFFF])https?://(?:{label}){{1,10}}{top}{rest}"
    # Without a scheme only Latin domains are links, also where other scripts touch them.
    plain = r"[\p{Latin}\u0300-\u036F0-9]"
    short = rf"(?<![a-z0-9\p{{Latin}}@＠$#＃_./\-])(?:{plain}++(?:-++{plain}++)*+\.){{1,10}}{top}{rest}"
    return regex.compile(f"{known}|{short}" if bare else known, regex.IGNORECASE, names=names)
