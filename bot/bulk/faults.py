"""What code finds wrong with a text of a row, in words for people and for the model."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Literal

from bot.tasks import Language
from bot.texts import text

FaultKind = Literal["figures", "days", "links", "names", "length", "keywords", "claims", "alike"]

_FOR_MODEL: dict[FaultKind, str] = {
    "figures": "These figures do not stand in the row; take them out: {what}.",
    "days": "These days do not stand in the row; take them out: {what}.",
    "links": "These links do not stand in the row; take them out: {what}.",
    "names": "These names do not stand in the row; take them out: {what}.",
    "length": "It is too long: it has {what} words.",
    "keywords": "These keywords are missing; use each at least once: {what}.",
    "claims": "These words claim too much; say it without them: {what}.",
    "alike": "It is almost the same text as another one. Build it otherwise, with other sentences.",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; `what` names it: the words, the count, or the number of the row that it is like."""

    kind: FaultKind
    what: str

    def word(self, language: Language) -> str:
        """Return it as a person reads it on a card."""
        return text(f"bulk.fault.{self.kind}", language, what=html.escape(self.what, quote=False))

    @property
    def for_model(self) -> str:
        """It as the model reads it when the text is written again."""
        return _FOR_MODEL[self.kind].format(what=self.what)
