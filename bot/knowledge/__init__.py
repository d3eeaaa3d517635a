"""What a knowledge base is made of: passages of documents, words to find them by, quotes that are checked; no I/O."""

from __future__ import annotations

from bot.knowledge.audience import EVERYONE, parse_audience
from bot.knowledge.evidence import stands_in
from bot.knowledge.passages import Passage, make_passages
from bot.knowledge.terms import near_share, query_terms, terms_of

__all__ = [
    "EVERYONE",
    "Passage",
    "make_passages",
    "near_share",
    "parse_audience",
    "query_terms",
    "stands_in",
    "terms_of",
]
