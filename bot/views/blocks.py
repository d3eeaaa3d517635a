"""The blocks that everything in Slack is made of, and Markdown cut and cleaned to fit into them."""

from __future__ import annotations

import html
import re
from typing import Any

from bot.tasks import Language
from bot.texts import text

MARKDOWN_LIMIT = 12_000  # characters of all markdown blocks of one message together
PART_LIMIT = 11_000  # of the draft in one message: the card around it counts towards Slack's 13,200
TEXT_LIMIT = 4_000  # of `text` in chat.update
BUTTON_TEXT_LIMIT = 75

Block = dict[str, Any]

_FENCE = re.compile(r"^(```|~~~)", re.MULTILINE)
_CITATION = re.compile(r"\[(\d+(?:\s*[,;–-]\s*\d+)*)\](?!\()")

# Slack reads `<!channel>`, `<@U1>` and `<#C1>` as live mentions, in markdown blocks also when escaped once.
_LIVE = re.compile(r"(?:<|&(?:amp;)*(?:lt|#0*60|#x0*3c);)(?=\s*[!@#])", re.IGNORECASE)


def neutralise(markdown: str) -> str:
    """Return the model's text with every live mention broken, literal or escaped; the words stay."""
    return _LIVE.sub("‹", markdown)


def link_sources(markdown: str, sources: dict[str, str], language: Language) -> str:
    """Turn `[12]` into a link to source 12; a number that does not exist is marked, never hidden.

    A source with an empty address exists and has no link: its number stays as it is.
    """
    no_source = text("card.no-source", language)

    def link(found: re.Match[str]) -> str:
        pieces = re.split(r"(\d+)", found.group(1))
        mark = "" if all(number in sources for number in pieces[1::2]) else f" ({no_source})"
        if not any(sources.get(piece) for piece in pieces):
            return f"[{found.group(1)}]{mark}"
        linked = [f"[{piece}]({sources[piece]})" if sources.get(piece) else piece for piece in pieces]
        return f"({''.join(linked)}){mark}"

    return _CITATION.sub(link, markdown)


def split_markdown(markdown: str, limit: int = PART_LIMIT) -> list[str]:
    """Cut a text at paragraphs, else lines, else words, into parts of at most *limit* characters.

    Without code fences the parts join to the text again; a fence that is cut is closed and opened anew.
    """
    parts: list[str] = []
    rest = markdown
    opening = ""
    while len(opening) + len(rest) > limit:
        cut = border(rest, limit - len(opening) - 4)
        part, rest = opening + rest[:cut], rest[cut:]
        inside = len(_FENCE.findall(part)) % 2 == 1
        parts.append(part + "\n```" if inside else part)
        opening = "```\n" if inside else ""
    parts.append(opening + rest)
    return parts


def border(markdown: str, room: int) -> int:
    """Return where the first *room* characters are best cut: after a paragraph, a line, or a word."""
    for mark in ("\n\n", "\n", " "):
        at = markdown.rfind(mark, room // 2, room - len(mark) + 1)
        if at > 0:
            return at + len(mark)
    return room


def fallback(markdown: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text escaped for Slack's `text` field, within *limit* characters: notifications read it."""
    kept = neutralise(markdown)[:limit]
    while len(escaped := html.escape(kept, quote=False)) > limit:
        kept = kept[: len(kept) - max(1, (len(escaped) - limit) // 5)]
    return escaped


def plain(line: str) -> str:
    """Return a `text` of ours as a terminal shows it."""
    return html.unescape(line)


def markdown_block(markdown: str) -> Block:
    """Return a text of the model as a block that cannot notify anybody."""
    return {"type": "markdown", "text": neutralise(markdown)}


def context(*lines: str) -> Block:
    """Return small print; our own sentences only."""
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": line[:3000]} for line in lines if line],
    }


def section(line: str) -> Block:
    """Return one sentence of ours."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": line[:3000]}}


def button(action_id: str, label: str, value: str, *, style: str = "", spoken: str = "") -> Block:
    """Return a button.

    Args:
        value: says which draft it belongs to.
        spoken: what a screen reader says of it, where its label alone does not tell it from another.
    """
    block: Block = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label[:BUTTON_TEXT_LIMIT]},
        "value": value,
    }
    if spoken:
        block["accessibility_label"] = spoken[:BUTTON_TEXT_LIMIT]
    return {**block, "style": style} if style else block


def placeholder(sentence: str) -> list[Block]:
    """Return the message that stands until the draft does."""
    return [section(sentence)]
