"""Alt texts: what each picture of a request shows, asked of the model, counted for each platform, ready to copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.handlers.counting import graphemes
from bot.handlers.facts import Material
from bot.handlers.platforms import Platform
from bot.tasks import Language
from bot.texts import format_number, text

ALT_AIM = 250
"""Characters of an alt text that say enough of most pictures; a screen reader reads it in one go."""

_AIM = 0.9


@dataclass(frozen=True)
class Alt:
    """What a picture shows, for who cannot see it."""

    name: str
    text: str


def alt_key(index: int) -> str:
    """Return what the field of a picture's alt text is called, in the model's answer."""
    return f"alt_text_{index + 1}"


def alt_fields(images: int) -> dict[str, Any]:
    """Return the fields of an answer that describes so many pictures."""
    from pydantic import Field

    told = {
        alt_key(index): f"what picture {index + 1} shows, for people who cannot see it"
        for index in range(images)
    }
    return {name: (str, Field(min_length=1, description=said)) for name, said in told.items()}


def read_alts(answer: Any, names: list[str], given: Material) -> list[Alt]:
    """Take the alt texts out of an answer, each on one line and without a link that was not given in words."""
    told = [" ".join(str(getattr(answer, alt_key(index))).split()) for index in range(len(names))]
    return [Alt(name, given.take_out_links(said)[0]) for name, said in zip(names, told, strict=True)]


def alt_limit(chosen: tuple[Platform, ...], images: int) -> str:
    """Tell the model how long an alt text may be on all of *chosen*."""
    most = min([ALT_AIM, *(int(each.alt_chars * _AIM) for each in chosen if each.alt_chars)])
    return f"The request comes with {images} pictures, in order. An alt text has at most {most} characters."


def alt_section(alt: Alt, language: Language) -> str:
    """Write an alt text for review: whose it is, how long, and ready to copy."""
    count = format_number(len(graphemes(alt.text)), language, 0)
    head = text("social.alt", language, name=alt.name, count=count)
    return f"## {head}\n\n```\n{alt.text.replace('```', chr(39) * 3)}\n```"


def alt_notes(alts: list[Alt], chosen: tuple[Platform, ...], language: Language) -> tuple[str, ...]:
    """Say which alt text is too long for which platform, and that a person looks at the picture too."""
    if not alts:
        return ()
    long = [
        f"{alt.name}: {each.name} {len(graphemes(alt.text))}/{each.alt_chars}"
        for alt in alts
        for each in chosen
        if each.alt_chars and len(graphemes(alt.text)) > each.alt_chars
    ]
    notes = [text("social.note.alt", language, count=len(alts))]
    if long:
        notes.append(text("social.note.alt-long", language, found=", ".join(long)))
    return tuple(notes)
