"""Whether a request holds what its task needs, or only says that a text is wanted."""

from __future__ import annotations

from bot.tasks.nouns import Run, Task
from bot.tasks.wording import (
    ANEW,
    DEFINITE,
    FOLLOW,
    HAND,
    INDEFINITE,
    MAKE,
    MAY,
    OPENERS,
    POLITE,
    PREPOSITIONS,
    TO_US,
    WANTS,
    WORK,
    YOU,
    split_words,
    word_forms,
)

_SMALL = (
    (OPENERS | POLITE | MAY | YOU | MAKE | HAND | WORK | DEFINITE | INDEFINITE | PREPOSITIONS | FOLLOW)
    | (TO_US | ANEW)
    | frozenset(word for phrase in WANTS for word in phrase.split())
    | frozenset(
        split_words(
            """ik mij i er hiervan hieronder onderstaande onderstaand bovenstaande deze this that en and of or also
        bericht message verhaal story notities aantekeningen notes stuk thread gesprek conversation klant customer
        client collega colleague iemand someone nieuw nieuwe new kort korte short goed goede good nette nice"""
        )
    )
)
"""What a wish is made of: none of it is what a text could be about."""


def lacks_material(run: Run, task: Task) -> bool:
    """Say whether a request only names its task: no conversation, file, field or word of what it is about.

    Only a task that must have something is asked about: one that reads a thread and is delivered there, or one
    with a required field. One word of substance is enough, because a form is slower than a draft with gaps.
    """
    if run.files:
        return False
    alone = not run.source_oldest and (not run.source_ts or run.source_ts == run.message_ts)
    if task.deliver == "thread" and task.reads_conversation and not run.source_channel_id:
        return True
    required = [field for field in task.inputs if field.required]
    if not required or not alone or any(run.inputs.get(field.name) for field in required):
        return False
    return is_bare(run.words, task)


def is_bare(words: str, task: Task) -> bool:
    """Say whether *words* only name the task, and hold nothing that its text could be about."""
    own = {
        word
        for named in (task.name, *task.aliases)
        for form in word_forms(task.name, tuple(split_words(named)))
        for word in form.words
    }
    return not set(split_words(words)) - _SMALL - own
