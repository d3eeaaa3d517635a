"""The form that each prompt asks for, as plain checks of a text; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tests.evals.cases import Tongue

HEADINGS = {
    "decided": ("Decided", "Besloten"),
    "actions": ("Actions", "Acties"),
    "open": ("Open questions", "Open vragen"),
}

Checks = Iterable[tuple[str, bool]]


def sections(text: str) -> dict[str, str]:
    """Return heading -> what stands below it."""
    pieces = re.split(r"^#{2,4} +(.+?) *$", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def bullets(text: str) -> list[str]:
    """List the bullets of a text, each with the lines that go on with it."""
    joined = re.sub(r"\n[ \t]+(?![-*] )", " ", text)
    return [line.strip()[2:] for line in joined.splitlines() if re.match(r"\s*[-*] ", line)]


def first_line(text: str) -> str:
    """Return the first line that is not empty."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _summary(text: str, tongue: Tongue) -> Checks:
    wanted = [names[tongue == "nl"] for names in HEADINGS.values()]
    yield "the three headings, once and in order", list(sections(text)) == wanted
    yield "the first line is bold", re.match(r"\*\*.+\*\*", first_line(text)) is not None


def _list(text: str, tongue: Tongue) -> Checks:
    yield "no heading", not sections(text)
    lines = [line for line in text.strip().splitlines() if line.strip()]
    sentence = len(lines) == 1
    yield "bullets and nothing else", sentence or all(re.match(r"\s*[-*] |\s{2,}", line) for line in lines)


def _email(text: str, tongue: Tongue) -> Checks:
    subject = re.match(r"\**(?:Subject|Onderwerp):\**\s*(.+)", first_line(text))
    yield "begins with its subject", subject is not None
    yield "a subject of at most eight words", subject is not None and len(subject[1].split()) <= 8
    yield "does not mix u and je", not (_has("u", text) and _has("je|jij|jullie", text))


def _reply(text: str, tongue: Tongue) -> Checks:
    greeting = r"\**(?:Beste|Hoi|Hallo|Dag|Geachte|Goede\w+|Dear|Hi|Hello|Good)\b"
    yield "begins with a greeting", re.match(greeting, first_line(text)) is not None
    yield "no subject line", not re.search(r"^\**(?:Subject|Onderwerp):", text, re.MULTILINE)
    yield "does not mix u and je", not (_has("u", text) and _has("je|jij|jullie", text))


def _letter(text: str, tongue: Tongue) -> Checks:
    salutation = re.search(r"^(?:Geachte|Beste|Dear)\b", text, re.MULTILINE)
    yield "has a salutation", salutation is not None


def _blog(text: str, tongue: Tongue) -> Checks:
    outline, rule, article = text.partition("\n---\n")
    yield "an outline, a line, the article", bool(rule and outline.strip() and article.strip())
    title = first_line(article).lstrip("# ").strip("*")
    yield "a title of at most 60 characters", 0 < len(title) <= 60
    last = article.strip().rpartition("\n")[2].strip()
    yield "ends in a description in italics", re.fullmatch(r"[*_](?![*_]).{1,155}[*_]", last) is not None
    heads = [line for line in article.splitlines() if re.match(r"#{2,4} |\*\*[^*]+\*\*$", line)]
    yield "three to five subheadings", 3 <= len(heads) <= 6


def _announcement(text: str, tongue: Tongue) -> Checks:
    yield "the first line is bold", re.match(r"\*\*.+\*\*", first_line(text)) is not None


def _minutes(text: str, tongue: Tongue) -> Checks:
    table = re.search(r"^\|[^\n|]*\|[^\n|]*\|[^\n|]*\|[^\n|]*\|\s*$", text, re.MULTILINE)
    yield "a table of actions", table is not None
    decision = re.search(r"\*\*(?:Besluit|Decision):?\*\*", text)
    yield "decisions are marked", decision is not None
    yield "numbered items", re.search(r"^(?:#+ |\*\*)?1[.)]", text, re.MULTILINE) is not None


def _crm_note(text: str, tongue: Tongue) -> Checks:
    yield "a next step", re.search(r"\*\*(?:Vervolg|Next step)", text) is not None
    yield "no greeting", re.match(r"(?:Beste|Hoi|Dear|Hi)\b", first_line(text)) is None


def _proofread(text: str, tongue: Tongue) -> Checks:
    nothing = re.search(r"No errors found|Geen fouten gevonden", text)
    below = text.rpartition("\n---\n")[2]
    listed = re.search(r"\*\*(?:Changes|Wijzigingen)", below)
    yield "the text, a line, the changes", nothing is not None or ("\n---\n" in text and listed is not None)


def _plain_language(text: str, tongue: Tongue) -> Checks:
    body = text.partition("\n---\n")[0]
    sentences = [each for each in re.split(r"[.!?:]+\s|\n+", body) if len(each.split()) > 1]
    average = sum(len(each.split()) for each in sentences) / max(1, len(sentences))
    yield "about ten words a sentence, thirteen at most", average <= 13
    yield "no sentence above 20 words", all(len(each.split()) <= 20 for each in sentences)


def _vacancy(text: str, tongue: Tongue) -> Checks:
    yield "a neutral title", tongue != "nl" or "(m/v/x)" in first_line(text).casefold()
    heads = re.findall(r"^(?:#+ .+|\*\*[^*\n]+\*\*:?)\s*$", text, re.MULTILINE)
    yield "headings", len(heads) >= 4


def _screening(text: str, tongue: Tongue) -> Checks:
    criteria = re.findall(r"^\d+\. \*\*(.+?)\*\* \((.+?)\)$", text, re.MULTILINE)
    yield "five to twelve criteria", 5 <= len(criteria) <= 12
    yield "each in at most fifteen words", all(len(words.split()) <= 15 for words, _ in criteria)
    yield "not everything is a must", any("must" not in kind and "eis" not in kind for _, kind in criteria)


def _answer(text: str, tongue: Tongue) -> Checks:
    yield "no greeting", re.match(r"(?:Beste|Hoi|Hallo|Dear|Hi|Hello)\b", first_line(text)) is None


def _social(text: str, tongue: Tongue) -> Checks:
    posts = re.findall(r"^```\n(.*?)\n?^```", text, re.MULTILINE | re.DOTALL)
    marked = [post for post in posts if re.search(r"\*\*|^#+ |\]\(", post, re.MULTILINE)]
    yield "no Markdown in a post", not marked
    yield "each platform its own text", len(set(posts)) == len(posts)


def _translation(text: str, tongue: Tongue) -> Checks:
    yield "nothing in front", not re.match(r"(?:Here is|Hier is|Translation|Vertaling)\b", first_line(text))


def _has(words: str, text: str) -> bool:
    return re.search(rf"\b(?:{words})\b", text, re.IGNORECASE) is not None


FORMS: dict[str, Callable[[str, Tongue], Checks]] = {
    "actions": _list,
    "announcement": _announcement,
    "answer": _answer,
    "blog": _blog,
    "client-letter": _letter,
    "crm-note": _crm_note,
    "email": _email,
    "minutes": _minutes,
    "plain-language": _plain_language,
    "proofread": _proofread,
    "questions": _list,
    "reply": _reply,
    "screening": _screening,
    "social": _social,
    "summarise": _summary,
    "translate": _translation,
    "vacancy": _vacancy,
}
