"""How a sentence names a task, in Dutch and English, by names and aliases alone; in doubt it names none.

A word that names a task does not yet ask for it: "the quote is signed" asks for nothing. A task is asked for by its
verb where orders stand ("vertaal dit", "can you translate this"), or by its noun as the thing to be made ("make a
quote", "offerte graag"). Who asks for two things gets none of them here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.tasks.nouns import Task, find_task
from bot.tasks.wording import (
    ANEW,
    ASKING,
    CHANGE,
    DEFINITE,
    FOLLOW,
    FREE_PARTICLES,
    GREETING,
    HAND,
    INDEFINITE,
    INTO,
    JOINERS,
    MAKE,
    MANY,
    MAY,
    MAY_DUTCH,
    NEXT,
    NOT,
    OPENERS,
    OWNERS,
    POINTING,
    POLITE,
    PREPOSITIONS,
    SALUTATION,
    STATES,
    TELLING,
    THANKS,
    TO_US,
    WANTS,
    WHETHER,
    WORK,
    YOU,
    Alias,
    split_words,
    word_forms,
)

_CLAUSE = re.compile(r"[,.;!?()\"“”]+(?=\s|$)|\s[-–—]\s")
_PAST = re.compile(r"\w{3,}ed|ge\w{3,}[dt]")
_FEW = 3
_TELLING_CHARS = 4
_MOST_CHARS = 1000
_MOST_WORDS = 40
"""A longer first line is no wish but a text that somebody pasted."""


@dataclass(frozen=True)
class _Part:
    """What stands between two commas, stops or ands, and how it asks.

    Attributes:
        opening: its words without the hello and the please that it begins with.
        joined: it begins with an "and".
        may: it begins like "can you".
        wants: it begins like "I need".
        polite: somebody says please in the sentence.
    """

    words: tuple[str, ...]
    opening: tuple[str, ...]
    joined: bool
    may: bool
    wants: bool
    polite: bool

    @property
    def first(self) -> str:
        """The word that shows whether it orders, asks or tells."""
        return self.opening[0] if self.opening else ""


@dataclass(frozen=True)
class _Mention:
    """Where a part says an alias: what stands before and after it."""

    alias: Alias
    start: int
    end: int
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def next(self) -> str:
        """The word behind it."""
        return self.after[0] if self.after else ""


def recognise(
    tasks: Mapping[str, Task], words: str, *, default: str = "", sentence: str = ""
) -> tuple[Task | None, str]:
    """Return the task that *words* ask for, and the rest of them; none when they ask for two, or leave a doubt.

    A task's name at the beginning names it ("haiku about cheese"), unless a statement or question begins with it.

    Args:
        default: the task for whoever names none, which no sentence asks for.
        sentence: *words* without what is no part of the sentence.
    """
    sentence = sentence or words
    named, rest = find_task(tasks, words)
    head = words[: len(words) - len(rest)].strip()
    if named and (not rest or head.endswith(":")):
        return named, rest
    asked = _asked_tasks(tuple(task for task in tasks.values() if task.name != default), sentence)
    if len(asked) == 1:
        task = tasks[asked.pop()]
        return task, rest if task is named else words
    if asked or named is None or named.name == default:
        return None, words
    by_name = head.casefold().lstrip("/").startswith(named.name)
    # "crm-note" can be nothing else; "email" may be.
    plain = "-" in named.name or not _begins_a_statement(rest, sentence)
    return (named, rest) if by_name and plain else (None, words)


@dataclass(frozen=True)
class Doubt:
    """A wish whose task the rules do not know.

    Attributes:
        asked: the tasks that it asks for, where that are several; "" stands for something that is none of them.
        mentioned: the tasks that its words come near, in their order.
    """

    asked: tuple[str, ...]
    mentioned: tuple[str, ...]


def doubt(
    tasks: Mapping[str, Task], words: str, *, default: str = "", sentence: str = "", draft_open: bool = False
) -> Doubt | None:
    """Return what is open about a sentence that names no task; None when it plainly is no wish for a text.

    A question ("who wrote the minutes?"), thanks, or words to somebody else are no wish, and what somebody pasted
    is none either.

    Args:
        draft_open: the asker has an open draft here: then whatever is neither a question nor thanks may be about it.
    """
    said = list(_parts(_wish(sentence or words)))
    to_another = (sentence or words).lstrip().startswith("<@") or (said and said[0][0] in SALUTATION)
    if not said or to_another or said[0][0] in THANKS or sum(map(len, said)) > _MOST_WORDS:
        return None
    known = tuple(task for task in tasks.values() if task.name != default)
    mentioned = tuple(
        dict.fromkeys(
            mention.alias.task for part in said for mention in _mentions(_aliases(known), tuple(part))
        )
    )
    asked = _asked_tasks(known, sentence or words)
    polite = any(word in POLITE for part in said for word in part)
    parts = [_part(part, polite=polite) for part in said]
    wished = any(_is_a_wish(part, mentioned=bool(mentioned)) for part in parts)
    about_draft = draft_open and not any(_is_a_question(part) for part in parts)
    if not (asked or wished or (about_draft and not asks_again(words))):
        return None
    near = (*mentioned, *_near_tasks(known, {word for part in said for word in part}))
    return Doubt(tuple(sorted(asked)), tuple(dict.fromkeys(near)))


def _is_a_wish(part: _Part, *, mentioned: bool) -> bool:
    """Say whether a part wants a text made or changed, whatever it calls that text."""
    rest = set(part.opening[1:])
    if _is_a_question(part) or rest & WHETHER or NOT & set(part.words) or len(part.opening) < 2:
        return False
    if part.first in MAKE | WORK:
        return True
    if part.first in HAND:
        return mentioned or bool({"dit", "this", "together"} & rest)
    if part.may or part.wants:
        return mentioned or bool(rest & (MAKE | WORK | HAND)) or (part.wants and len(part.opening) > _FEW)
    return part.polite and (mentioned or len(part.opening) > _FEW)


def _near_tasks(tasks: tuple[Task, ...], words: set[str]) -> Iterator[str]:
    """Yield the tasks of which a telling word of a name stands in *words*, or begins one: "blogpost"."""
    for task in tasks:
        own = {word for named in (task.name, *task.aliases) for word in split_words(named)}
        own = {word for word in own if len(word) >= _TELLING_CHARS} - MAKE - WORK - HAND - FOLLOW
        if any(word.startswith(telling) for word in words for telling in own):
            yield task.name


def asks_again(words: str) -> bool:
    """Say whether *words* only say how a draft is to be changed: "korter", "in English please".

    Nothing else may stand in them: whoever says more has a wish or question of their own.
    """
    said = set(split_words(words[:_MOST_CHARS]))
    return len(words) < _MOST_CHARS and bool(said & CHANGE) and said <= ANEW


def _asked_tasks(tasks: tuple[Task, ...], sentence: str) -> set[str]:
    """Return the names of the tasks that *sentence* asks for; "" stands for something that is none of them.

    Only the wish is read: what follows a colon or a new line is the text that it is about.
    """
    said = list(_parts(_wish(sentence)))
    to_another = sentence.lstrip().startswith("<@") or (said and said[0][0] in SALUTATION)
    if not said or to_another or sum(map(len, said)) > _MOST_WORDS:
        return set()
    polite = any(word in POLITE for words in said for word in words)
    doubtful = any(_part(words).first in ASKING for words in said)
    asked: set[str] = set()
    for words in said:
        part = _part(words, polite=polite, doubtful=doubtful)
        found = set(_asked_in(_aliases(tasks), part, goes_on=bool(asked)))
        goes_on = part.first in MAKE | HAND or (part.joined and bool(NEXT.intersection(part.words[:1])))
        if asked and not found and goes_on:
            found = {""}  # a second thing, which we do not know
        asked |= found
    return asked


def _begins_a_statement(rest: str, sentence: str) -> bool:
    """Say whether a task's name and *rest* tell or ask something, as in "quote accepted by Jan"."""
    follows = next(iter(split_words(rest.split("\n")[0])), "")
    asks = _wish(sentence).rstrip().endswith("?") and follows not in FOLLOW
    return asks or follows in STATES or bool(_PAST.fullmatch(follows))


def _wish(sentence: str) -> str:
    """Return the first line that says more than hello, up to a colon."""
    for line in sentence[:_MOST_CHARS].splitlines():
        wish = re.split(r":(?=\s|$)", line)[0]
        if set(split_words(wish)) - GREETING:
            return wish
    return ""


def _parts(wish: str) -> Iterator[list[str]]:
    """Yield the words between the commas and the ands; "and" stays the first word of what it begins."""
    for clause in _CLAUSE.split(wish):
        part: list[str] = []
        for word in split_words(clause):
            if word in JOINERS and part:
                yield part
                part = []
            part.append(word)
        if part:
            yield part


def _part(words: list[str], *, polite: bool = False, doubtful: bool = False) -> _Part:
    joined = words[0] in JOINERS
    opening = words = words[joined:]
    while opening and opening[0] in OPENERS:
        opening = opening[1:]
    return _Part(
        words=tuple(words),
        opening=tuple(opening),
        joined=joined,
        may=len(opening) > 1 and opening[0] in MAY and opening[1] in YOU,
        wants=not doubtful and f"{' '.join(opening)} ".startswith(WANTS),
        polite=polite,
    )


@lru_cache(maxsize=4)
def _aliases(tasks: tuple[Task, ...]) -> dict[str, list[Alias]]:
    """Return what people may say for each task, by its first word."""
    forms = [
        alias
        for task in tasks
        for named in (task.name, task.command, *task.aliases)
        for alias in word_forms(task.name, tuple(split_words(named)))
    ]
    # What is given counts before what is derived: "mailen" is a verb, not more than one "mail".
    found = {(alias.task, alias.words): alias for alias in sorted(forms, key=lambda alias: alias.given)}
    index: dict[str, list[Alias]] = {}
    for alias in found.values():
        index.setdefault(alias.words[0], []).append(alias)
    return index


def _asked_in(aliases: Mapping[str, list[Alias]], part: _Part, *, goes_on: bool) -> Iterator[str]:
    """Yield the tasks that one part of a sentence asks for; *goes_on* when a part before it asked already."""
    mentions = _mentions(aliases, part.words)
    for mention in mentions:
        beside = {
            other.alias.task for other in mentions if mention.end == other.start and _is_noun(other.alias)
        }
        if beside - {mention.alias.task}:
            yield from (mention.alias.task, *beside)  # "reply email": it may be either
        elif _is_asked(part, mention, goes_on=goes_on):
            yield mention.alias.task


def _is_noun(alias: Alias) -> bool:
    return not (alias.verb or alias.order or alias.phrase)


def _mentions(aliases: Mapping[str, list[Alias]], words: tuple[str, ...]) -> list[_Mention]:
    """Return where aliases stand; the longest takes its words from the others."""
    near = [(alias, start) for start, word in enumerate(words) for alias in aliases.get(word, ())]
    found: list[_Mention] = []
    taken: set[int] = set()
    for alias, start in sorted(near, key=lambda pair: -len(pair[0].words)):
        end = _end(alias, words, start)
        own = {start, end - 1} if alias.apart else set(range(start, end))
        if end and taken.isdisjoint(own):
            taken |= own
            found.append(_Mention(alias, start, end, words[:start], words[end:]))
    return found


def _end(alias: Alias, words: tuple[str, ...], start: int) -> int:
    """Return where an alias that begins at *start* ends; 0 when it does not stand there."""
    if not alias.apart:
        end = start + len(alias.words)
        return end if words[start:end] == alias.words else 0
    particle = alias.words[1]
    for end in range(start + 2, len(words) + 1):
        follows = words[end] if end < len(words) else ""
        free = particle in FREE_PARTICLES or not follows or follows in PREPOSITIONS | POLITE
        if words[end - 1] == particle and free:
            return end
    return 0


def _is_asked(part: _Part, mention: _Mention, *, goes_on: bool) -> bool:
    """Say whether a part asks for the task that it mentions."""
    alias = mention.alias
    opens = len(part.words) - len(part.opening) >= mention.start
    if opens and len(alias.words) > 2:
        return True  # an alias that is a whole wish: "what did I miss"
    if _is_unwanted(part, mention) or (_is_a_question(part) and not opens):
        return False
    if part.joined and not part.may and not part.wants:
        return goes_on and not (mention.before and mention.before[-1] in DEFINITE)
    if _is_told_of(part, mention.before):
        return False
    if alias.phrase:
        return part.may or part.wants or part.first in MAKE | HAND | WORK
    return opens or _is_the_verb(part, mention) or _is_the_product(part, mention)


def _is_a_question(part: _Part) -> bool:
    """Say whether a part asks what is: "is the quote …", "schrijf je ook …"."""
    return part.first in ASKING or (not part.may and part.opening[1:2] != () and part.opening[1] in YOU)


def _is_unwanted(part: _Part, mention: _Mention) -> bool:
    """Say whether what stands around an alias makes it something else, or says that it is not wanted."""
    follows = mention.after[1:2] if mention.next in POLITE else mention.after[:1]
    word = follows[0] if follows else ""
    if word in TO_US | YOU or (word in WHETHER and not _is_noun(mention.alias)):
        return True
    if word and word not in FOLLOW and not mention.alias.order:
        return True  # "email address", "blog stats"
    return bool(NOT & {*mention.before, *(mention.after[-1:] if len(mention.after) < 4 else ())})


def _is_told_of(part: _Part, before: tuple[str, ...]) -> bool:
    """Say whether somebody is to be told: "can you explain how I write a quote", "can you ask Jan to write it"."""
    telling = TELLING | ({"to"} if part.may else set()) | ({"of"} if part.first in MAY_DUTCH else set())
    pointing = before[-1:] and before[-1] in POINTING  # "kun je dat vertalen"
    return any(word in telling for word in (before[1:-1] if pointing else before[1:]))


def _is_the_verb(part: _Part, mention: _Mention) -> bool:
    """Say whether an alias stands where the verb of a wish stands: "can you please … this"."""
    if not mention.before or not (part.may or part.wants):
        return False
    last = mention.before[-1]
    if mention.alias.verb:
        return last in POINTING or last not in DEFINITE | INDEFINITE | PREPOSITIONS
    if mention.alias.order and not mention.alias.apart:
        return False
    return last == "to" or all(word in MAY | YOU | OPENERS | {"help"} for word in mention.before)


def _is_the_product(part: _Part, mention: _Mention) -> bool:
    """Say whether an alias is the thing that is to be made."""
    if mention.alias.order or _is_beside_the_point(mention):
        return False
    asking = part.may or part.wants
    verbs = {*mention.after, *mention.before} if asking else {part.first}
    marks = [word for word in _own_words(mention) if word in DEFINITE | INDEFINITE]
    if marks and marks[-1] in DEFINITE:
        # "The minutes" are there already, unless they are what is written: "write up the minutes".
        makes = {*mention.before[-3:-1], mention.next} & MAKE
        return bool(makes) and (asking or part.first in makes)
    if verbs & (MAKE | HAND):
        return True
    if part.wants:
        having = part.opening[1] in ("heb", "hebben")
        return not OWNERS & {*mention.after} and (not having or "nodig" in mention.after)
    return part.polite and all(word in INDEFINITE | OPENERS for word in mention.before[:-1])


def _own_words(mention: _Mention) -> tuple[str, ...]:
    """Return what may belong to an alias before it: in "turn these notes into minutes", nothing."""
    near = mention.before[-3:]
    return near[max((index + 1 for index, word in enumerate(near) if word in INTO), default=0) :]


def _is_beside_the_point(mention: _Mention) -> bool:
    """Say whether an alias is a number of things, or what something else is about or for."""
    near = mention.before[-3:]
    if near and (near[-1] in MANY or near[-1].isdigit()):
        return True
    for index in reversed(range(len(near))):
        if near[index] in PREPOSITIONS:
            return near[index] not in INTO and near[index - 1 : index] != ("om",)
        if near[index] in DEFINITE | INDEFINITE | MAKE:
            governed = near[index - 1] if index else ""
            return governed in PREPOSITIONS - INTO and near[max(index - 2, 0) : index - 1] != ("om",)
    return False
