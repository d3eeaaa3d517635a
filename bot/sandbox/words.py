"""The word lists of the sandbox's extractor, Dutch and English: small words, and cues of what is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "nl"]
Role = Literal["decision", "action", "question", "any"]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words_of(text: str) -> tuple[str, ...]:
    """Split *text* into its words, in lower case."""
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


def _bag(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS: Mapping[Language, frozenset[str]] = {
    "en": _bag(
        """a about after all also am an and any are as at be because been but by can could did do does don't
        for from had has have he her him his how i i'll i'm if in into is it it's its just me more
        my no not now of on one or our out she so some than that the their them then there these
        they this to too up us was we we're were what when where which who why will with would yes
        you your"""
    ),
    "nl": _bag(
        """aan al alle als ben bij daar dan dat de deze die dit doen door dus een en er ga gaan geen had heb
        hebben heeft hem het hier hij hoe hun ik in is ja je kan kunnen laat maar me meer met mij
        mijn na naar nee niet nog nu of om omdat ons onze ook op over te tot u uit van veel voor
        waar was wat we wel werd wie wij wil worden wordt zal ze zich zij zijn zo zou"""
    ),
}

CUES: Mapping[Role, frozenset[str]] = {
    "decision": _bag(
        """agree agreed approve approved choose chosen chose conclude concluded conclusion deal decide decided
        decision decisions final settled afgesproken afspraak afspraken akkoord beslissing beslist
        besluit besluiten besloten definitief eens gekozen goedgekeurd kiezen overeengekomen
        vastgesteld"""
    ),
    "action": _bag(
        """action actions ask call deadline deliver does finish fix friday i'll monday must need needs please
        prepare send shall should task tasks thursday todo tomorrow tuesday wednesday who will actie
        acties actiepunt actiepunten bel bestel dinsdag doe doet donderdag graag maak maandag mail
        moet moeten morgen plan regel stuur taak taken uiterlijk vrijdag wie woensdag zal zorg"""
    ),
    "question": _bag(
        """issue issues open outstanding question questions unanswered unclear unknown unresolved onbeantwoord
        onbekend onduidelijk onzeker openstaand openstaande vraag vragen"""
    ),
    "any": frozenset(),
}

HEADING_WORDS: Mapping[Language, frozenset[str]] = {
    "en": STOP_WORDS["en"]
    | _bag(
        """actions action agreed decided decisions headline issues items key next overview points question
        questions steps summary tasks todo"""
    ),
    "nl": STOP_WORDS["nl"]
    | _bag(
        """acties actiepunten afgesproken afspraken besloten besluiten beslissingen conclusie doet kern kop
        kort openstaand openstaande punten samenvatting taken verder vraag vragen wanneer wie"""
    ),
}

LABELS = _bag(
    """a actie afspraak dat de dit een het i ik in it the that this we wij besluit cc deadline fyi idea
        idee let nb note notitie opmerking p.s. pm ps question re samenvatting stand tip todo tl;dr
        tldr update vraag warning"""
)
"""Words that stand before a colon and name nobody."""
