"""Links in what the model wrote: only those that were in its input stay links; the others become text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from bot.guard.pseudonyms import ANY_MARK

_SCHEME = r"(?:[a-z][a-z0-9+.-]{1,15}://|(?:mailto|tel|javascript|data|vbscript|file|sms|slack|skype|callto):(?=[^\W_]|[/%+(&#])|//(?=[\w-]+\.\w))"
_END = r"[^\s<>|\"`\[\]{}]"
_HOST = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+"
_TOP = (
    r"(?:com|net|org|info|biz|eu|nl|be|de|fr|uk|co|io|ai|app|dev|me|tv|cc|ly|to|gg|xyz|top|site|online|shop|store|link|click"
    r"|cloud|page|live|club|ru|cn|su|tk|ml|ga|cf|pw|ws|us|es|it|pl|se|ch|at|example|test|invalid|xn--[\w-]+)"
)
_LINK = re.compile(
    rf"(?:\b(?<![\w@.+-])(?!hxxps?:){_SCHEME}(?:\[[0-9a-f:.]+\])?{_END}*(?:\[[^\s\[\]]*\]{_END}*)*|(?<![\w:])(?!hxxps?:){_SCHEME}{_END}*"
    rf"|(?<![\w@./:+-])(?:www\d?\.{_HOST}[^\W\d_]{{2,}}(?:[:/?#]{_END}*)?"
    rf"|{_HOST}[^\W\d_]{{2,24}}(?::\d+)?[/?#]{_END}*|{_HOST}{_TOP}(?![\w-]|\.\w|@)))",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(
    r"(?P<image>!?)\[(?P<words>[^\[\]\n]{0,500}(?:\[[^\[\]\n]{0,200}\][^\[\]\n]{0,200}){0,3})\]\([ \t]{0,3}"
    r"(?:<(?P<bracketed>[^<>\n]{0,2000})>|(?P<target>[^\s()]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,3}))"
    r"(?P<title>[ \t]{1,3}[\"'(][^\n\"')]{0,300}[\"')])?[ \t]{0,3}\)"
)
# A name's token at the beginning of a line, as in "[NAME1_bc]: yes", is who spoke: its brackets go with it.
_REFERENCE = re.compile(
    rf"^[ ]{{0,3}}\[(?!\s*{ANY_MARK}\s*\])[^\]\n]+\]:[ \t]*<?(?P<target>\S+?)>?(?=\s|$)", re.MULTILINE
)
_SLACK = re.compile(
    r"<(?P<target>[a-z][a-z0-9+.-]*:[^<>|\s]*|//[^<>|\s]*)(?:\|(?P<words>[^<>\n]*))?>", re.IGNORECASE
)
_ENTITY = re.compile(
    r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|colon|sol|period|commat|lpar|rpar|lsqb|rsqb|excl);", re.IGNORECASE
)
_KEPT = frozenset("<>&")
_TAIL = ".,;:!?'*_~)"


def links_of(text: str) -> frozenset[str]:
    """Return the links of an input, as they are compared."""
    said = html.unescape(text)
    return frozenset(_key(match[0]) for match in _LINK.finditer(said)) - {""}


def check_links(text: str, allowed: Iterable[str], *, ours: str = "") -> tuple[str, tuple[str, ...]]:
    """Return *text* in which every link that is not *allowed* is text, and those links; images are text, too.

    Args:
        allowed: what `links_of` gave for the inputs.
        ours: the beginning of addresses that we compute ourselves: the workspace's own.
    """
    known = frozenset(allowed)
    refused: list[str] = []
    text = _ENTITY.sub(lambda match: _plain_entity(match[0]), text)

    def fine(target: str) -> bool:
        return _key(target) in known or bool(ours and target.startswith(ours) and ".." not in target)

    def markdown(match: re.Match[str]) -> str:
        target = match["bracketed"] or match["target"] or ""
        if not match["image"] and fine(target):
            return match[0]
        words = match["words"].strip()
        return f"{words} ({target})" if words and words != target else target

    def reference(match: re.Match[str]) -> str:
        return match[0] if fine(match["target"]) else match[0].replace("]:", "] :", 1)

    def slack(match: re.Match[str]) -> str:
        if fine(match["target"]):
            return match[0]
        words = match["words"] or ""
        return f"{words} ({match['target']})" if words else str(match["target"])

    def bare(match: re.Match[str]) -> str:
        link, tail = _trim(match[0])
        if fine(link):
            return match[0]
        refused.append(defang(link))
        return defang(link) + tail

    for pattern, put in ((_MARKDOWN, markdown), (_REFERENCE, reference), (_SLACK, slack)):
        text = pattern.sub(put, text)
    # What stood before a link may be one without it: until nothing changes.
    before = ""
    while text != before:
        before, text = text, _LINK.sub(bare, text)
    # What is left of an image, such as one inside another, is none either.
    return text.replace("![", "! ["), tuple(dict.fromkeys(refused))


def defang(link: str) -> str:
    """Write a link so that nothing makes a link of it again: `hxxps://evil[.]example/x`."""
    scheme, colon, rest = link.partition(":")
    # evil.com:8080 has a port and no scheme.
    if colon and ("." not in scheme or rest.startswith("//")):
        scheme = (
            re.sub("t", "x", scheme, flags=re.IGNORECASE)
            if scheme.lower() in ("http", "https")
            else f"({scheme.replace('.', '[.]')})"
        )
        return f"{scheme}:{_dotless(rest)}"
    return _dotless(link)


def _dotless(rest: str) -> str:
    return re.sub(r"(?<!\[):", "[:]", rest).replace(".", "[.]")


def _plain_entity(entity: str) -> str:
    character = html.unescape(entity)
    return entity if character in _KEPT or not character.isprintable() else character


def _trim(link: str) -> tuple[str, str]:
    kept = link.rstrip(_TAIL)
    if link[len(kept) :].startswith(")") and kept.count("(") > kept.count(")"):
        kept += ")"
    return kept, link[len(kept) :]


def _key(link: str) -> str:
    """Return what two spellings of one link have in common: no scheme of the web, no last slash."""
    link = _trim(html.unescape(link.strip()))[0]
    found = re.match(r"(?i)(https?://)?([^/?#]*)(.*)", link)
    if found is None:
        return link
    host, rest = found[2].lower().removeprefix("www."), found[3]
    return host + ("" if rest == "/" else rest)
