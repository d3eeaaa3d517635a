"""The graders: plain assertions on what came of a case; pure, and each is proved able to fail in `test_graders.py`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from bot.handlers.facts import GAP, Material
from bot.handlers.platforms import Platform, measure, platforms
from bot.tasks import Task
from tests.evals.cases import Case, Tongue
from tests.evals.forms import FORMS, HEADINGS, bullets, sections
from tests.evals.stage import Written

CITING = frozenset({"summarise", "actions", "questions", "minutes", "answer", "ask"})
"""Tasks whose drafts name the messages or passages that they rest on; all others must not."""

MOST_WORDS, MOST_WORDS_LINKEDIN = 80, 150
"""Longest good post, as `prompts/social.md` says."""

_SMALL_WORDS = {
    "nl": "de het een en van is dat niet op te voor met zijn er aan wordt we ze wij heeft ook bij om naar u je nog"
    " geen of dan tot uit door wil moet als hij zij dit die deze wie wat uw onze",
    "en": "the a and of is that not on to for with are be at was were we they has have also by from you it no or"
    " until will would should as he she this who what our your in",
    "de": "der die das ein eine und von ist nicht auf zu für mit sind wir sie hat auch bei um nach ihr kein oder"
    " bis aus durch wird muss als er es dem den im zum zur ich",
    "fr": "le la les un une et de est ne pas sur à pour avec sont nous vous ils a aussi par du des au aux il elle"
    " qui que dans votre notre ce cette",
}
_CITATION = re.compile(r"\[(\d+(?:\s*[,;–-]\s*\d+)*)\](?!\()")
_SKU = re.compile(r"\(([A-Z0-9][\w.-]*)\)")
_EXPECTED = re.compile(r"(\S+) x (\d+(?:\.\d+)?)(?: (option|alternative))?")
_POST = re.compile(r"^## (.+?) · .*?^```\n(.*?)\n?^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """One assertion and whether it held; *said* names what it is about."""

    kind: str
    passed: bool
    said: str


Findings = Iterator[Finding]


def grade(case: Case, written: Written, task: Task) -> list[Finding]:
    """Return every finding on what came of *case*; without a draft there is only the one that says why."""
    answered = Finding("answered", written.draft is not None, written.fault or "a draft")
    if written.draft is None:
        return [answered]
    found = [answered]
    for grader in GRADERS:
        found += grader(case, written, task)
    return [finding for finding in found if finding.kind not in case.expected.skip]


def matches(pattern: str, words: str) -> bool:
    """Say whether `a|b & c` holds in *words*: c, and a or b; a figure matches as a whole, a word as a beginning."""
    return all(_term(each).search(words) for each in pattern.split(" & "))


@cache
def _term(either: str) -> re.Pattern[str]:
    spelled = []
    for term in either.split("|"):
        words = r"[\s\u00a0]+".join(map(re.escape, term.split()))
        start = r"(?<![\w])(?<!\d[.,])" if term[:1].isalnum() else ""
        end = r"(?![.,:]?\d)" if term[-1:].isdigit() else ""
        spelled.append(f"{start}{words}{end}")
    return re.compile("|".join(spelled), re.IGNORECASE)


def check_facts(case: Case, written: Written, task: Task) -> Findings:
    """Check that every decision, action, open question and other fact is there."""
    text, wanted = written.text, case.expected
    for pattern in wanted.holds:
        yield Finding("facts", matches(pattern, text), pattern)
    parts = sections(text)
    for name in ("decided", "actions", "open"):
        lines = bullets(_part(parts, name))
        for pattern in getattr(wanted, name):
            there = any(matches(pattern, line) for line in lines)
            yield Finding("facts", there, f"{name}: {pattern}")


def check_traps(case: Case, written: Written, task: Task) -> Findings:
    """Check that nothing is there that a careless reader would have taken over."""
    for pattern in case.expected.lacks:
        there = any(matches(pattern, line) for line in written.text.splitlines())
        yield Finding("traps", not there, f"not: {pattern}")
    decided = bullets(_part(sections(written.text), "decided"))
    for pattern in case.expected.not_decided:
        there = any(matches(pattern, line) for line in decided)
        yield Finding("traps", not there, f"not decided: {pattern}")


def check_names(case: Case, written: Written, task: Task) -> Findings:
    """Check that every name was given; a translation has words of its own, so there its case says what to keep."""
    if case.task == "translate":
        return
    # The words of the prompt are no inventions: headings and labels stand there.
    given = Material(case.material, task.prompt, case.firm.name, case.prices, *case.expected.allow)
    found = given.unfounded(_own_words(case, written))
    # LED, VAT and the like are words of the trade, not somebody.
    names = [name for name in found.names if not re.fullmatch(r"[A-Z]{2,4}", name)]
    unknown = [*names, *found.handles]
    yield Finding("names", not unknown, f"invented: {', '.join(unknown)}" if unknown else "all given")


def check_figures(case: Case, written: Written, task: Task) -> Findings:
    """Check that every figure and day stands in the material; a quote's own are computed by code."""
    # Rows of a table are numbered like a list.
    words = re.sub(
        r"^\|\s*\d{1,2}\s*\|", "| |", _CITATION.sub("", _own_words(case, written)), flags=re.MULTILINE
    )
    found = Material(case.material, *case.expected.allow).unfounded(_without_gaps(words))
    unknown = [*found.figures, *found.days]
    yield Finding(
        "figures", not unknown, f"not in the data: {', '.join(unknown)}" if unknown else "all given"
    )


def check_length(case: Case, written: Written, task: Task) -> Findings:
    """Check the length in words; of posts, each for itself."""
    if case.task == "social":
        for platform, post in _posts(written):
            count, most = (
                _count_words(post),
                MOST_WORDS_LINKEDIN if platform.key == "linkedin" else MOST_WORDS,
            )
            yield Finding("length", count <= most, f"{platform.name}: {count} of {most} words")
        return
    least, most = case.expected.min_words, case.expected.max_words
    count = _count_words(_own_words(case, written))
    if least or most:
        fits = least <= count and (not most or count <= most)
        yield Finding("length", fits, f"{count} words, wanted {least} to {most or 'any'}")


def check_language(case: Case, written: Written, task: Task) -> Findings:
    """Check the language by its small words."""
    told = tell_language(_own_words(case, written))
    yield Finding("language", told == case.output, f"{told}, wanted {case.output}")


def check_form(case: Case, written: Written, task: Task) -> Findings:
    """Check the form that the prompt asks for."""
    if case.task in FORMS:
        for said, holds in FORMS[case.task](written.text, case.output):
            yield Finding("form", holds, said)


def check_sources(case: Case, written: Written, task: Task) -> Findings:
    """Check that every number of a message exists, and that none stands in a text that leaves the house."""
    cited = [number for found in _CITATION.findall(written.text) for number in re.findall(r"\d+", found)]
    if case.task not in CITING:
        yield Finding("sources", not cited, "no message numbers")
        return
    known = written.draft.sources if written.draft else {}
    wrong = [number for number in cited if number not in known]
    yield Finding("sources", not wrong, f"no such message: {', '.join(wrong)}" if wrong else "all exist")
    if case.task in ("summarise", "actions", "questions") and case.thread:
        bare = [line for line in bullets(written.text) if not _CITATION.search(line)]
        yield Finding("sources", not bare, f"without a source: {bare[0][:60]}" if bare else "each has one")


def check_articles(case: Case, written: Written, task: Task) -> Findings:
    """Check a quote: the articles, their quantities, nothing guessed, discounts, questions, the addressee."""
    wanted, document = case.expected, written.document
    if wanted.articles is None or document is None:
        return
    expected = {one[1]: (float(one[2]), one[3] or "base") for one in map(_read_article, wanted.articles)}
    # The PDF's first column, or a choice's name, ends in the article's code.
    priced = [(row, "base") for row in document["lines"]] + [
        (row, "choice") for row in document["choices"]["rows"]
    ]
    there = Counter(sku for row, _ in priced for sku in _SKU.findall(row[0])[:1])
    for sku, (quantity, kind) in expected.items():
        rows = [(row, where) for row, where in priced if sku in _SKU.findall(row[0])[:1]]
        yield Finding("articles", bool(rows), f"{sku} is there")
        right = any(_quantity(row[1]) == quantity for row, _ in rows)
        yield Finding("quantities", right, f"{quantity:g} of {sku}, not {[row[1] for row, _ in rows]}")
        placed = any((where == "base") == (kind == "base") for _, where in rows)
        yield Finding("articles", placed, f"{sku} is {kind}")
    strange = [sku for sku, count in there.items() if sku not in expected or count > 1]
    yield Finding("guessed", not strange, f"not asked for: {', '.join(strange)}" if strange else "none")
    yield from _check_rest(case, written, document["unpriced"]["items"])


def _check_rest(case: Case, written: Written, unpriced: list[str]) -> Findings:
    wanted, document = case.expected, written.document or {}
    for pattern in wanted.unpriced:
        yield Finding("guessed", any(matches(pattern, one) for one in unpriced), f"left open: {pattern}")
    extra = len(unpriced) <= len(wanted.unpriced)
    yield Finding("articles", extra, f"{len(unpriced)} left open, wanted {len(wanted.unpriced)}")
    shown = [row[3] for row in (*document["lines"],) if row[3]]
    shown += [row[0] for row in document["sums"] if re.search(r"korting|discount", row[0], re.IGNORECASE)]
    right = len(shown) == len(wanted.discounts) and all(
        any(matches(one, each) for each in shown) for one in wanted.discounts
    )
    yield Finding("discounts", right, f"{shown or 'none'}, wanted {list(wanted.discounts) or 'none'}")
    asked = written.text.rpartition("\n---\n")[2] if "\n---\n" in written.text else ""
    for pattern in wanted.asks:
        yield Finding("asked", matches(pattern, asked), pattern)
    if wanted.customer:
        head = " ".join(document["customer"])
        yield Finding("facts", matches(wanted.customer, head), f"for {wanted.customer}, not {head}")


def check_posts(case: Case, written: Written, task: Task) -> Findings:
    """Check posts: the platforms that were asked for, their limits, and links as they were given."""
    if case.task != "social":
        return
    posts = list(_posts(written))
    keys = {platform.key for platform, _ in posts}
    if case.expected.platforms:
        wanted = set(case.expected.platforms)
        yield Finding("platforms", keys == wanted, f"{sorted(keys)}, wanted {sorted(wanted)}")
    for platform, post in posts:
        size = measure(platform, post)
        yield Finding("limits", size.fits, f"{platform.name}: {size.count} of {platform.limit}")
        few = not platform.hashtags or size.hashtags <= platform.hashtags
        yield Finding("limits", few, f"{platform.name}: {size.hashtags} hashtags")
    together = "\n".join(post for _, post in posts)
    given = Material(case.material)
    # The handler takes out what nobody gave and leaves a gap: the model wrote a wrong link all the same.
    strange = [*given.unfounded(together).links, *([GAP] if GAP in together else [])]
    yield Finding("links", not strange, f"not given: {', '.join(strange)}" if strange else "none invented")
    for link in case.expected.links:
        yield Finding("links", link in together, f"{link} is there")
    for pattern in case.expected.hidden:
        yield Finding("hidden", not matches(pattern, together), f"not for the public: {pattern}")


GRADERS: tuple[Callable[[Case, Written, Task], Iterable[Finding]], ...] = (
    check_facts,
    check_traps,
    check_names,
    check_figures,
    check_length,
    check_language,
    check_form,
    check_sources,
    check_articles,
    check_posts,
)

KINDS = (
    "answered",
    "facts",
    "traps",
    "names",
    "figures",
    "length",
    "language",
    "form",
    "sources",
    "articles",
    "quantities",
    "guessed",
    "discounts",
    "asked",
    "platforms",
    "limits",
    "links",
    "hidden",
)
"""Every kind of finding, in the order of the table; the rubric's comes after them."""


def tell_language(words: str) -> Tongue:
    """Tell Dutch, English, German and French apart; empty when nothing tells."""
    said = Counter(re.findall(r"[^\W\d_]+", words.casefold()))
    scores = {tongue: sum(said[word] for word in small.split()) for tongue, small in _SMALL_WORDS.items()}
    best = max(scores, key=lambda tongue: scores[tongue])
    return best if scores[best] else ""


def _own_words(case: Case, written: Written) -> str:
    """Return what the model wrote: of a quote its prose, of posts what stands in them."""
    if case.task == "quote":
        before, _, rest = written.text.partition("\n| ")
        return "\n".join(
            [before.partition("\n")[2], rest.rpartition("\n---\n")[2] if "\n---\n" in rest else ""]
        )
    if case.task == "social":
        return "\n\n".join(post for _, post in _posts(written))
    return written.text


def _part(parts: dict[str, str], name: str) -> str:
    return next((parts[title] for title in HEADINGS[name] if title in parts), "")


def _posts(written: Written) -> Iterator[tuple[Platform, str]]:
    by_name = {each.name: each for each in platforms().values()}
    for name, post in _POST.findall(written.text):
        yield by_name[name], post


def _without_gaps(text: str) -> str:
    return re.sub(r"\[[^\]\n]*\?[^\]\n]*\]", "", text)


def _count_words(text: str) -> int:
    return len(re.findall(r"\w[\w'’.,-]*", _CITATION.sub("", text)))


def _read_article(written: str) -> re.Match[str]:
    found = _EXPECTED.fullmatch(written)
    if found is None:
        raise ValueError(f"{written}: write SKU x 4, SKU x 4 option or SKU x 4 alternative")
    return found


def _quantity(cell: str) -> float | None:
    """Read `1.250 stuk` or `12,5 uur`, as the document writes them in either language."""
    found = re.match(r"[\d.,]+", cell)
    if found is None:
        return None
    plain = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", found[0])
    return float(plain.replace(",", "."))
