"""The way of a run after its ack: durable workflows, and what each of their steps does."""

from __future__ import annotations

from bot.jobs.backups import back_up
from bot.jobs.candidates import ask_second_look, explain, read_cvs, show_board, show_closed
from bot.jobs.crew import Crew, make_crew
from bot.jobs.durable import share_a_queue
from bot.jobs.engine import close_engine, open_engine, waiting
from bot.jobs.files import forget_document, take_documents, take_prices
from bot.jobs.keeping import bring_personal, bring_proof, erase_asked, show_lift, start_erasing
from bot.jobs.posts import Posts
from bot.jobs.runs import Limits
from bot.jobs.schedules import bring_planned, clean_now, evaluate, go_round
from bot.jobs.sets import bring_file, carry_on
from bot.jobs.slots import Slot
from bot.jobs.workflows import (
    accepted,
    bring_copy,
    go_on,
    halt,
    show_answer,
    show_by_hand,
    show_card,
    show_guideline,
    show_review,
    show_second,
    start,
)

__all__ = [
    "Crew",
    "Limits",
    "Posts",
    "Slot",
    "accepted",
    "ask_second_look",
    "back_up",
    "bring_copy",
    "bring_file",
    "bring_personal",
    "bring_planned",
    "bring_proof",
    "carry_on",
    "clean_now",
    "close_engine",
    "erase_asked",
    "evaluate",
    "explain",
    "forget_document",
    "go_on",
    "go_round",
    "halt",
    "make_crew",
    "open_engine",
    "read_cvs",
    "share_a_queue",
    "show_answer",
    "show_board",
    "show_by_hand",
    "show_card",
    "show_closed",
    "show_guideline",
    "show_lift",
    "show_review",
    "show_second",
    "start",
    "start_erasing",
    "take_documents",
    "take_prices",
    "waiting",
]
