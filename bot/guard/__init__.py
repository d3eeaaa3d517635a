"""What may reach the model and what may come back: text from outside is data, and personal data stays here."""

from __future__ import annotations

from bot.guard.canary import leaks
from bot.guard.kinds import ACTIONS, Finding, Kind
from bot.guard.links import check_links, links_of
from bot.guard.names import Known
from bot.guard.outside import clean, wrap
from bot.guard.pseudonyms import Pseudonyms
from bot.guard.rules import SETTABLE, Asked, Refusal, act_on, find_refusal, is_open
from bot.guard.search import detect
from bot.guard.vault import Vault, begin_rotation, end_rotation, open_vault

__all__ = [
    "ACTIONS",
    "SETTABLE",
    "Asked",
    "Finding",
    "Kind",
    "Known",
    "Pseudonyms",
    "Refusal",
    "Vault",
    "act_on",
    "begin_rotation",
    "check_links",
    "clean",
    "detect",
    "end_rotation",
    "find_refusal",
    "is_open",
    "leaks",
    "links_of",
    "open_vault",
    "wrap",
]
