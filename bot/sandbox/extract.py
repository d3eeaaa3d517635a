"""The sandbox's author without AI: it picks sentences of what it is given and never writes a word of its own.

One extractor serves every task; nothing here knows any of them. Prose goes under the headings that the system
prompt asks for, a JSON schema is filled field by field.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox.words import CUES, HEADING_WORDS, LABELS, STOP_WORDS, Language, Role, words_of

LONGEST = 300
"""Longest sentence quoted, in characters; a longer one ends at a word's border."""

PER_SECTION = 5
"""Most sentences under one heading."""

LEAST_SPOKEN_OF = 0.4
"""How much of a question a text must speak of to be quoted as its answer."""

NOTHING = "…"
"""The answer to nothing."""

_OFTEN = 5
"""A word that occurs more often than this counts no more: else the rare decision drowns in small talk."""

_MESSAGE = re.compile(r"^\[(\d+)\][ \t]*", re.MULTILINE)
_SPEAKER = re.compile(r"\A([^\n:\[\]]{1,60}):[ \t]+")
# Possessive: 40,000 dots are read once, not once for each of them.
_SENTENCE = re.compile(r"[^\n](?:[^\n.!?…]++|[.!?…]++(?![\s\"'”)\]]|$))*+[.!?…]*+", re.MULTILINE)
_MARK = re.compile(r"\A(?:(?:[-*>•]|\d+\.)+\s+)+")
_TITLE = re.compile(r"^#{1,6}[ \t].*$", re.MULTILINE)
_CITED = re.compile(r"\[(\d+(?:, ?\d+)*)\][ \t]*$")
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>\n]*)?>")
_OPENING = re.compile(r"<([A-Za-z][\w-]*)(\s[^<>\n]*)?>\n?")
_CLOSING = re.compile(r"</([A-Za-z][\w-]*(?:\s[^<>\n]*)?)>")
_QUESTION = re.compile(r"<question(\s[^<>\n]*)?>\n(.*?)\n</question", re.DOTALL)
_HEADING = re.compile(r"(?:^|[`\s(])#{2,4}[ \t]+([^\n`#]+)", re.MULTILINE)
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.,:-])-?\d{1,15}(?:[.,]\d{1,9})?(?![\w:]|-\d)")
_DATE = re.compile(r"(?<!\d)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?!\d)")
_MEANS_NUMBER = re.compile(r"(?i)sourc|messag|number|bron|bericht|nummer|regel")
_MEANS_PERSON = frozenset({"author", "name", "naam", "owner", "eigenaar", "person", "speaker", "who", "wie"})
_PARTICLES = frozenset(
    {"al", "bin", "da", "de", "den", "der", "di", "du", "el", "het", "la", "op", "ten", "ter", "van", "von"}
)


@dataclass(frozen=True)
class Sentence:
    """A sentence of the input, as it stands there.

    Attributes:
        cited: the number of its message, or the numbers that stood behind it; may be empty.
        speaker: who said it, as the input writes the name; may be empty.
        weight: how much it says, beside the others of the same input.
    """

    text: str
    position: int
    cited: str = ""
    speaker: str = ""
    words: tuple[str, ...] = ()
    weight: float = 0.0

    def line(self) -> str:
        """Write it as one line: who said it, what, and where it stands."""
        speaker = f"{self.speaker}: " if self.speaker else ""
        return f"{speaker}{self.text}" + (f" [{self.cited}]" if self.cited else "")


def prose(system: str, user: str) -> str:
    """Quote the best sentences of *user*, under the headings that *system* asks for."""
    sentences = read(user)
    if not sentences:
        return NOTHING
    headings = _headings(system, language(" ".join(each.text for each in sentences)))
    if not headings:
        bullet = "- " if any(each.cited for each in sentences) else ""
        return "\n".join(bullet + each.line() for each in _in_order(_best(sentences, PER_SECTION)))
    lead = _best(sentences, 1)[0]
    parts = [lead.line()]
    used: set[int] = set()
    roles = [_role(heading) for heading in headings]
    for heading, role in zip(headings, roles, strict=True):
        left = [each for each in sentences if each.position not in used and _belongs(each, role, roles)]
        if role == "any" and len(left) > 1:
            left = [each for each in left if each != lead]
        chosen = _in_order(_best(left, PER_SECTION, role))
        used |= {each.position for each in chosen}
        if chosen:
            parts.append(f"## {heading}\n" + "\n".join(f"- {each.line()}" for each in chosen))
    return "\n\n".join(parts)


def fill(schema: Mapping[str, Any], user: str) -> Any:
    """Fill the JSON *schema* with what *user* says; every text is a sentence of it, or a part of one.

    Where *user* asks a question about numbered texts, only the texts that speak of most of it are read.
    """
    sentences = read(user)
    asked = _QUESTION.search(user)
    if asked and any(each.cited for each in sentences):
        sentences = _answering(sentences, asked[2])
    return _fill(schema, schema, sentences or [Sentence(NOTHING, 0)], "")


def _answering(sentences: Sequence[Sentence], question: str) -> list[Sentence]:
    """Return the sentences of the text that speaks most of a question, those that share words with it first.

    None where no text holds enough of the question's words, each counted by how few texts hold it.
    """
    stop = STOP_WORDS["en"] | STOP_WORDS["nl"]
    wanted = sorted({word for word in words_of(question) if word not in stop and len(word) > 2})
    texts: dict[str, list[Sentence]] = {}
    for each in sentences:
        texts.setdefault(each.cited, []).append(each)
    held = {
        cited: {word for word in wanted if any(_is_kin(word, other) for each in said for other in each.words)}
        for cited, said in texts.items()
    }
    rare = {word: 1 / max(1, sum(word in words for words in held.values())) for word in wanted}
    best = max(held, key=lambda cited: sum(rare[word] for word in held[cited]))
    if not wanted or sum(rare[word] for word in held[best]) < LEAST_SPOKEN_OF * sum(rare.values()):
        return []
    kin = {
        each.position: sum(any(_is_kin(word, other) for other in each.words) for word in wanted)
        for each in texts[best]
    }
    most = max(kin.values())
    return [
        replace(each, weight=each.weight + 10 * kin[each.position])
        for each in texts[best]
        if kin[each.position] == most
    ]


def _is_kin(word: str, other: str) -> bool:
    """Say whether two words begin alike, or one stands in the other: plurals, and the parts of compounds."""
    short, long = sorted((word, other), key=len)
    if len(short) < 4:
        return short == long
    return short in long or (len(short) > 4 and short[: max(4, len(short) - 2)] in long)


def language(text: str) -> Language:
    """Tell Dutch from English by the small words; English when there are none."""
    words = words_of(text)
    dutch = sum(word in STOP_WORDS["nl"] for word in words)
    return "nl" if dutch > sum(word in STOP_WORDS["en"] for word in words) else "en"


def read(user: str) -> list[Sentence]:
    """Split *user* into weighed sentences: its numbered messages, else its tagged blocks, else all of it."""
    blocks = _blocks(user, marked=True) or _blocks(user, marked=False)
    numbered = [block for block in blocks if _MESSAGE.search(block)]
    found: list[Sentence] = []
    for source in numbered or blocks or [user]:
        for cited, speaker, body in _messages(_TAG.sub("\n", source)):
            for text, own in _sentences(body):
                found.append(Sentence(text, len(found), cited or own, speaker, words_of(text)))
    return _weighed(found)


def _blocks(user: str, *, marked: bool) -> list[str]:
    """List what stands in tags; *marked* ones bear a mark, and their ends the same, so that none is forged."""
    ends: dict[str, list[int]] = {}
    for closing in _CLOSING.finditer(user):
        ends.setdefault(closing[1], []).append(closing.start())
    found, past = [], 0
    for opening in _OPENING.finditer(user):
        name, mark = opening[1], opening[2] or ""
        if opening.start() < past or (marked and not mark):
            continue
        own = ends.get(name + mark if marked else name, [])
        if (index := bisect_left(own, opening.end())) < len(own):
            past = own[index]
            found.append(user[opening.end() : past])
    return found


def _messages(source: str) -> Iterator[tuple[str, str, str]]:
    """Yield number, speaker and text of each message; a message without a name continues the one before."""
    starts = list(_MESSAGE.finditer(source))
    if not starts:
        yield "", "", source
        return
    ends = [start.start() for start in starts[1:]] + [len(source)]
    speaker = ""
    for start, end in zip(starts, ends, strict=True):
        body = source[start.end() : end]
        named = _SPEAKER.match(body)
        if named and _is_name(named[1]):
            speaker, body = named[1].strip(), body[named.end() :]
        yield start[1], speaker, body


def _is_name(told: str) -> bool:
    """Tell a name before a colon from a label: `Anna de Vries:` from `Update:` and `Price of two lamps:`."""
    first, *others = told.split()
    if LABELS.intersection(words_of(first)):
        return False
    return len(others) < 6 and all(not word[0].islower() or word in _PARTICLES for word in others)


def _sentences(body: str) -> Iterator[tuple[str, str]]:
    """Yield each sentence of *body* and the numbers cited at the end of its line."""
    for line in _TITLE.sub("", body).split("\n"):
        cited = _CITED.search(line)
        said = line[: cited.start()] if cited else line
        for match in _SENTENCE.finditer(said):
            text = _MARK.sub("", match[0].strip())
            if len(text) > LONGEST:
                text = text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]
            if text.strip():
                yield text.strip(), cited[1] if cited else ""


def _weighed(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Give each its weight: frequent words, cues, a good length, the beginning or the end."""
    stop = STOP_WORDS["en"] | STOP_WORDS["nl"]
    cues = CUES["decision"] | CUES["action"]
    counts = Counter(word for each in sentences for word in set(each.words) - stop)
    weighed = []
    for index, each in enumerate(sentences):
        content = set(each.words) - stop
        weight = sum(min(counts[word], _OFTEN) ** 0.5 for word in sorted(content))
        weight /= (4 + len(each.words)) ** 0.7
        weight += 0.4 * len(cues.intersection(each.words)) ** 0.5
        weight += 0.5 if index == 0 else 0.2 if index >= len(sentences) - 3 else 0.0
        weighed.append(replace(each, weight=weight * (0.2 if len(content) < 2 else 1.0)))
    return weighed


def _headings(system: str, wanted: Language) -> list[str]:
    """List the headings that a prompt asks for, in *wanted*; an example in a fence counts before all else."""
    fenced = "\n".join(match[1] for match in _FENCE.finditer(system))
    chosen: list[str] = []
    for heading in _HEADING.findall(fenced) or _HEADING.findall(system):
        variants = [variant.strip(" \t.,:;*_\"'()") for variant in re.split(r"\s[/|]\s", heading)]
        fitting = [each for each in variants if each and _heading_language(each) in (wanted, None)]
        if fitting and fitting[0] not in chosen:
            chosen.append(fitting[0])
    return chosen


def _heading_language(heading: str) -> Language | None:
    words = words_of(heading)
    dutch, english = (sum(word in HEADING_WORDS[each] for word in words) for each in ("nl", "en"))
    if dutch == english:
        return None
    return "nl" if dutch > english else "en"


def _role(described: str) -> Role:
    """Tell what a heading or a field asks for, by its words; `any` when they say nothing."""
    words = set(words_of(described.replace("_", " ")))
    roles: tuple[Role, ...] = ("question", "decision", "action")
    best = max(roles, key=lambda role: len(words & CUES[role]))
    return best if words & CUES[best] else "any"


def _cue(sentence: Sentence, role: Role) -> float:
    """Say how much *sentence* sounds like *role*: a question mark, or words of a promise or a decision."""
    asks = sentence.text.rstrip("\"'”) ").endswith("?")
    if role == "question":
        return 3.0 if asks else 0.0
    return 0.0 if asks else float(len(CUES[role].intersection(sentence.words)))


def _belongs(sentence: Sentence, role: Role, roles: Sequence[Role]) -> bool:
    """Say whether *role* is the one, of those on offer, that suits *sentence* best."""
    own = _cue(sentence, role)
    return role == "any" or (own > 0 and all(own >= _cue(sentence, other) for other in roles))


def _best(sentences: Iterable[Sentence], most: int, role: Role = "any") -> list[Sentence]:
    ranked = sorted(sentences, key=lambda each: (-each.weight - _cue(each, role), each.position))
    return list({each.text: each for each in reversed(ranked)}.values())[::-1][:most]


def _in_order(sentences: Iterable[Sentence]) -> list[Sentence]:
    return sorted(sentences, key=lambda each: each.position)


def _fill(schema: Mapping[str, Any], root: Mapping[str, Any], said: Sequence[Sentence], hint: str) -> Any:
    schema = _resolved(schema, root)
    hint = f"{hint} {schema.get('description', '')}".strip()
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _choice(schema["enum"], said)
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: _fill(inner, root, said, name) for name, inner in fields.items()}
    if kind == "array":
        return _list(schema, root, said, hint)
    if kind in ("number", "integer"):
        return _number(schema, said, hint, whole=kind == "integer")
    if kind in ("boolean", "null"):
        return False if kind == "boolean" else None
    return _text(schema, said, hint)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and take the first alternative that is not null."""
    for _ in range(20):
        rest = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf", "oneOf", "allOf")}
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            schema = {**root.get("$defs", {}).get(name, {}), **rest}
        elif options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            schema = {**next((each for each in options if each.get("type") != "null"), {}), **rest}
    return schema


def _choice(options: Sequence[Any], said: Sequence[Sentence]) -> Any:
    counts = Counter(word for each in said for word in set(each.words))
    return max(
        options, key=lambda option: sum(counts[word] for word in words_of(str(option).replace("_", " ")))
    )


def _list(
    schema: Mapping[str, Any], root: Mapping[str, Any], said: Sequence[Sentence], hint: str
) -> list[Any]:
    role = _role(hint)
    least = int(schema.get("minItems", 0))
    told = [each for each in said if each.text != NOTHING]
    fitting = [each for each in told if role == "any" or _cue(each, role) > 0]
    most = max(least, min(3, int(schema.get("maxItems", 3))))
    chosen = _in_order(_best(fitting, most, role))
    chosen += itertools.islice(itertools.cycle(said), max(0, least - len(chosen)))
    items = schema.get("items", {})
    filled = [_fill(items, root, [each], hint) for each in chosen]
    return [item for index, item in enumerate(filled) if len(filled) <= least or item not in filled[:index]]


def _number(schema: Mapping[str, Any], said: Sequence[Sentence], hint: str, *, whole: bool) -> int | float:
    best = _best(said, 1)[0]
    texts = [best.cited] if _MEANS_NUMBER.search(hint) else []
    texts += [best.text, *(each.text for each in said)]
    found = next((match[0] for match in map(_NUMBER.search, texts) if match), "0")
    number = float(found.replace(",", "."))
    number = max(number, schema.get("minimum", number))
    number = min(number, schema.get("maximum", number))
    return int(number) if whole or number == int(number) else number


def _text(schema: Mapping[str, Any], said: Sequence[Sentence], hint: str) -> str:
    if schema.get("format") == "date":
        dates = (_DATE.search(each.text) for each in said)
        return next((match[0] for match in dates if match), "1970-01-01")
    words, role = set(words_of(hint.replace("_", " "))), _role(hint)
    best = min(
        said,
        key=lambda each: (
            -each.weight - _cue(each, role) - len(words.intersection(each.words)),
            each.position,
        ),
    )
    return (best.speaker if words & _MEANS_PERSON and best.speaker else best.text)[: schema.get("maxLength")]
