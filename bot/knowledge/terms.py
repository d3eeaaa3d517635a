"""Words as the index knows them: without case and accents, in their Dutch and their English stem."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:[.,][^\W_]+)*")

_DUTCH = """
de het een en of maar want dus als dan dat die dit deze wie wat waar wanneer hoe hoeveel welke welk waarom
is zijn was waren wordt worden word ben bent wil wilt heb hebt heeft hebben had hadden kan kun kunt kunnen
kon mag mogen moet moeten zal zullen zou zouden ga gaat gaan doe doet doen ik je jij jou jouw u uw hij zij
ze wij we me mij mijn ons onze hun hen er te ten ter in op aan bij van voor met naar om uit over tot tegen
door onder tussen na per via zonder binnen niet geen wel ook nog al er iets iemand niks ons onze bij zo
eens even graag dag onze als ie hier daar staat
"""
_ENGLISH = """
the a an and or but if then that this these those who what where when how much many which why is are was
were be been am do does did have has had can could may might must should would will shall i you he she it
we they me my mine our ours your yours his her its their them us to of in on at by for with from about into
over under between after before without within not no also any some there here as so than too very
get gets got please
"""
_STOP = frozenset(_DUTCH.split() + _ENGLISH.split())


@functools.cache
def _stemmers() -> tuple[Any, Any]:
    # Only who indexes or searches waits for the library.
    import Stemmer  # type: ignore[import-not-found]

    return Stemmer.Stemmer("dutch"), Stemmer.Stemmer("english")


def plain_words(text: str) -> list[str]:
    """Return the words of a text in lower case and without accents; numbers keep their points."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(one for one in folded if not unicodedata.combining(one)))


@functools.lru_cache(maxsize=100_000)
def _stems(word: str) -> tuple[str, ...]:
    if word in _STOP or (len(word) < 2 and not word.isdigit()):
        return ()
    if any(one.isdigit() for one in word):
        return (word,)
    dutch, english = _stemmers()
    return tuple(dict.fromkeys((dutch.stemWord(word), english.stemWord(word))))


def terms_of(text: str) -> list[str]:
    """Return what a text is found by: the stems of its words, without those that every text has."""
    return [stem for word in plain_words(text) for stem in _stems(word)]


def query_terms(text: str) -> list[tuple[str, ...]]:
    """Return the words of a question, each as its stems, each word once."""
    return list(dict.fromkeys(stems for word in plain_words(text) if (stems := _stems(word))))


def near_share(term: str, other: str) -> float:
    """Return how much a word counts that holds another or is held by it: 1 for one as long, less for a longer one.

    "verlof" stands in "ouderschapsverlof"; that is how the parts of a compound are found. 0 where neither holds the
    other.
    """
    short, long = sorted((term, other), key=len)
    return 0.5 + 0.5 * len(short) / len(long) if short in long else 0.0
