"""The text of web pages and of e-mails: what a reader sees, without scripts, styles and what is hidden."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from bot.reading.parts import FileError, Part, clean_lines, heading
from bot.reading.sheet import SheetError, decode

_UNSEEN = {"script", "style", "template", "noscript", "svg", "head", "select", "iframe", "object"}
_BLOCKS = {
    "address",
    "article",
    "aside",
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "thead",
    "tr",
    "ul",
}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0?\.?0+(?![.\d])"
    r"|font-size\s*:\s*0?\.?[0-3](?:\.\d+)?(?:px|pt)?(?![.\w%])|(?:left|top|text-indent)\s*:\s*-\d{3,}"
    r"|(?:max-)?(?:height|width)\s*:\s*[01](?:px)?(?![.\w%])|mso-hide\s*:\s*all|color\s*:\s*transparent",
    re.IGNORECASE,
)
_WHITE = re.compile(
    r"(?<![\w-])color\s*:\s*(?:white\b|#f{3}(?![\da-f])|#f[\da-f]f[\da-f]f[\da-f](?![\da-f])|rgb\(\s*25[0-5]\s*,\s*25[0-5]\s*,"
    r"\s*25[0-5]\s*\))",
    re.IGNORECASE,
)
_GROUND = re.compile(r"background(?:-color|-image)?\s*:", re.IGNORECASE)


def read_html(content: bytes) -> tuple[Part, ...]:
    """Return a web page as one part, its headings as headings and its rows of cells as lines.

    Raises:
        FileError: it is no text.
    """
    return (Part(clean_lines(html_text(_decode(content)))),)


def html_text(source: str) -> str:
    """Return what a reader sees of HTML."""
    page = _Page()
    page.feed(source)
    page.close()
    return "".join(page.said)


class _Page(HTMLParser):
    """Collects what is seen; an element that is hidden hides what stands in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        # Names of the open elements since the hidden one.
        self._hidden: list[str] = []
        # Whether any element so far gave its words a ground of their own.
        self._ground = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break the line before a block; begin to hide."""
        if tag in _VOID:
            self.said.append("\n" if tag in ("br", "hr") and not self._hidden else "")
            return
        known = dict(attrs)
        hides = tag in _UNSEEN or "hidden" in known or self._is_hidden(known)
        if self._hidden or hides:
            self._hidden.append(tag)
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.said.append(f"\n\n{'#' * int(tag[1])} ")
        elif tag in _BLOCKS:
            self.said.append("\n")
        elif tag in ("td", "th") and self.said and not self.said[-1].endswith("\n"):
            self.said.append(" | ")

    def _is_hidden(self, known: dict[str, str | None]) -> bool:
        style = known.get("style") or ""
        # White words stand on a ground of some colour, or nobody sees them.
        self._ground = self._ground or bool(_GROUND.search(style)) or "bgcolor" in known
        white = _WHITE.search(style) or (known.get("color") or "").lower() in ("white", "#fff", "#ffffff")
        return bool(_HIDDEN.search(style)) or bool(white and not self._ground)

    def handle_endtag(self, tag: str) -> None:
        """Break the line after a block; show again."""
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        elif not self._hidden and tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.said.append("\n\n")
        elif not self._hidden and tag in _BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is seen; a line break in the source is a blank."""
        if not self._hidden:
            written = re.sub(r"\s+", " ", data)
            at_start = not self.said or self.said[-1].endswith("\n")
            if written.strip() or not at_start:
                self.said.append(written)


def read_mail(content: bytes) -> tuple[Part, ...]:
    """Return an e-mail as one part: subject, who and when, its text, and the names of what is attached.

    Raises:
        FileError: it is no e-mail.
    """
    try:
        message = message_from_bytes(content, policy=policy.default)
        if not isinstance(message, EmailMessage) or not (message["from"] or message["subject"]):
            raise FileError("not-text")
        lines = [heading(1, str(message["subject"] or "")), ""]
        lines += [f"{name}: {message[name]}" for name in ("From", "To", "Cc", "Date") if message[name]]
        body = message.get_body(preferencelist=("plain", "html"))
        lines += ["", _body(body) if isinstance(body, EmailMessage) else ""]
        lines += [
            f"Attachment: {one.get_filename()}" for one in message.iter_attachments() if one.get_filename()
        ]
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FileError("damaged") from error
    return (Part(clean_lines("\n".join(lines))),)


def _body(body: EmailMessage) -> str:
    said = body.get_content()
    text = said if isinstance(said, str) else _decode(bytes(said))
    return html_text(text) if body.get_content_type() == "text/html" else text


def _decode(content: bytes) -> str:
    if content.startswith((b"PK\3\4", b"%PDF-")):
        raise FileError("not-text")
    found = re.search(rb"charset=[\"']?([\w-]+)", content[:2048], re.IGNORECASE)
    if found:
        try:
            return content.decode(found[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # the page is wrong about itself, as many are
    try:
        return decode(content)
    except SheetError as error:
        raise FileError(error.kind) from error
