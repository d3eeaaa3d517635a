"""What recognising a task stands on: the small words of Dutch and English, and the forms that an alias takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


def _bag(words: str) -> frozenset[str]:
    return frozenset(words.split())


GREETING = _bag("hoi hi hey hallo hello dag goedemorgen goedemiddag tijdwinst")
POLITE = _bag("please graag alsjeblieft alstublieft aub svp pls thanks bedankt")
THANKS = _bag("bedankt dank dankje dankjewel thanks thank thx merci top prima perfect super great")
OPENERS = (
    GREETING
    | POLITE
    | _bag(
        """even eens ook nu now just also quickly kindly maybe misschien snel netjes ok oké oke so dus dan then
        eerst first"""
    )
)
JOINERS = _bag("en and or maar but")
NEXT = _bag("then dan daarna vervolgens also ook")
MAY_DUTCH = _bag("kun kan kunt wil wilt zou")
MAY = MAY_DUTCH | _bag("can could would will")
YOU = _bag("je jij u you jullie")
WANTS = tuple(
    f"{who} {verb} "
    for who, verbs in {
        "ik": "wil zoek heb",
        "we": "willen zoeken hebben need want",
        "mag": "ik",
        "mogen": "we",
        "help": "me mij",
        "geef": "me mij",
        "doe": "me mij",
        "give": "me",
        "i": "need want",
        "id": "like",
        "wed": "like",
        "i would": "like",
        "may i": "have",
        "can i": "have get",
        "could i": "have get",
    }.items()
    for verb in verbs.split()
)
ASKING = _bag(
    """is are was were did does do has have had heeft hebben had wat wie waar welke welk wanneer waarom hoe hoeveel
    what who which when where why how whose staat moet gaat komt klopt"""
)
TELLING = _bag("hoe how whether dat that wie who waarom why waar where wat what if wanneer when")
MAKE = _bag(
    """maak schrijf stel werk bedenk verzin ontwerp formuleer typ draft write make create prepare compose produce
    generate word work craft maken schrijven opstellen uitwerken bedenken verzinnen ontwerpen formuleren typen
    stellen werken omzetten"""
)
HAND = _bag("stuur sturen geef geven doe lever leveren send give do put turn zet zetten")
"""They can ask for something new ("send a quote") and for what is there ("send the quote")."""

WORK = _bag(
    """check controleer kijk lees read haal remove correct verbeter verander change bewerk edit herschrijf rewrite
    rephrase pas"""
)
POINTING = _bag("die dat deze dit this that het these those")
DEFINITE = POINTING | _bag(
    """the de mijn my our ons onze jouw uw your his her their zijn haar hun last vorige any no geen every each
    elke"""
)
INDEFINITE = _bag("a an een wat some")
MANY = _bag("few some more several many ten five two three couple paar enkele meer veel aantal")
INTO = _bag("into tot als as to om")
PREPOSITIONS = INTO | _bag(
    """about over on of for voor regarding with met in uit from per via by at aan naar op bij van door zonder
    without tegen onder since sinds after na before"""
)
FOLLOW = (
    (PREPOSITIONS | POLITE | JOINERS | DEFINITE | INDEFINITE | MAKE | HAND)
    | TELLING
    | _bag(
        """which er hier it nodig needed above below hieronder hierboven up out samen back terug kunnen can even nu
        now today vandaag using based everyone iedereen them hen him hem explaining saying kan kunt hierover
        hiervan hiervoor daarover daarvan daarvoor erover ervan"""
    )
)
TO_US = _bag("me mij us ons")
OWNERS = _bag("from van")
NOT = _bag("niet not dont geen no never nooit zonder without")
WHETHER = TELLING - _bag("dat that wat what") | {"of"}
FREE_PARTICLES = ("samen", "terug", "weg", "up", "back")
PARTICLES = (*FREE_PARTICLES, "na", "op", "uit", "om", "af", "door", "in", "aan", "bij")
"""The second half of a verb. The free ones can be nothing else; "na" may also be the "after" of "na de lunch"."""

PHRASE_LEADS = PREPOSITIONS | _bag(
    "easier simpler clearer makkelijker eenvoudiger begrijpelijker duidelijker"
)
CHANGE = _bag(
    """korter langer formeler informeler vriendelijker zakelijker warmer strakker simpeler eenvoudiger duidelijker
    concreter persoonlijker directer beleefder strenger milder positiever losser luchtiger formeel informeel
    opnieuw anders shorter longer formal informal friendlier warmer simpler clearer stricter softer politer firmer
    casual direct again differently engels english nederlands dutch duits german frans french spaans spanish"""
)
"""What may be wanted of a draft that is there."""

_AROUND_CHANGE = _bag(
    """nog een keer iets wat een beetje veel maar en and but a bit little much more less meer minder maak schrijf
    write rewrite herschrijf make it het hem de the tekst text draft concept email mail samenvatting summary brief
    letter reply versie version dit this in to naar kan kun je can could you do doe try probeer once one time toon
    tone please graag"""
)
ANEW = CHANGE | _AROUND_CHANGE | POLITE | OPENERS
SALUTATION = _bag("dear beste geachte lieve")
STATES = ASKING | _bag("never not nooit niet nothing niets adres address sent me mij us ons")


@dataclass(frozen=True)
class Alias:
    """One way to say a task.

    Attributes:
        given: it stands in the task file as it is.
        order: it is the order of a verb, as in "vertaal"; it cannot be a noun.
        verb: it may be the infinitive of a verb, as in "vertalen"; "notulen" looks the same.
        apart: its second word may stand further on, as in "vat dit samen" and "sum it up".
    """

    task: str
    words: tuple[str, ...]
    given: bool = False
    order: bool = False
    verb: bool = False
    apart: bool = False

    @property
    def phrase(self) -> bool:
        """It says how something is to become: "in plain words", "easier to read"."""
        return len(self.words) > 1 and self.words[0] in PHRASE_LEADS and not self.verb


def split_words(text: str) -> list[str]:
    """Split into words without capitals, hyphens and what stands around or inside them: `e-mail` is two."""
    pieces = re.split(r"[\s\-/]+", re.sub(r"<[^<>\s]*>", " ", text))
    return [word for word in (re.sub(r"\W", "", piece).casefold() for piece in pieces) if word]


def word_forms(task: str, words: tuple[str, ...]) -> Iterator[Alias]:
    """Yield *words* and how they change: offertes, mailtje, vertaal, vat … samen."""
    if not words:
        return
    *others, last = words
    apart = len(words) == 2 and last in PARTICLES
    yield Alias(task, words, given=True, verb=not others and last.endswith("en"), apart=apart)
    for ending in ("s", "es", "n", "en", "je", "tje"):
        yield Alias(task, (*others, last + ending))
    if last.endswith("y"):
        yield Alias(task, (*others, f"{last[:-1]}ies"))
    if others or not last.endswith("en") or len(last) < 5:
        return
    for order in _orders(last):
        yield Alias(task, (order,), order=True)
    for particle in PARTICLES:
        verb = last.removeprefix(particle)
        if verb != last and len(verb) > 4:
            yield Alias(task, (particle, "te", verb), verb=True)
            for order in _orders(verb):
                yield Alias(task, (order, particle), order=True, apart=True)


def _orders(infinitive: str) -> set[str]:
    """Return what the order of a Dutch verb may be: schrijf, vat, vertaal, corrigeer; some are no words."""
    stem = infinitive.removesuffix("en")
    if stem[-1] == stem[-2]:
        return {stem[:-1]}
    stem = stem[:-1] + {"v": "f", "z": "s"}.get(stem[-1], stem[-1])
    return {stem, re.sub(r"([aeou])([^aeiou])$", r"\1\1\2", stem)}
