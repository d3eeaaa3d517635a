"""The handler of vacancies: the model proposes criteria, code refuses what no criterion may rest on, a person locks."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from bot.handlers.attached import read_attached
from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import RULES, put_in_tags, read, write_request
from bot.records.screenings import Screening
from bot.screening.criteria import FEWEST, LONGEST_CHARS, MOST, Criterion, criteria_version, forbidden_grounds
from bot.tasks import Draft, Language, UserError
from bot.texts import text

if TYPE_CHECKING:
    from pydantic import BaseModel

LONGEST_TITLE = 80


async def screening(desk: Desk, brief: Brief) -> Draft:
    """Propose criteria for a vacancy.

    Raises:
        UserError: screening is off here, or there is no vacancy to read.
        LLMError: the model gave no usable answer.
    """
    run = brief.run
    await check_allowed(desk, run.team_id, run.language)
    conversation = await read(desk, brief)
    attached = await read_attached(desk, brief, conversation)
    request = write_request(brief)
    if not (request or conversation or attached):
        raise UserError("screening.no-vacancy")
    lines = conversation.transcript.lines if conversation else ()
    user = put_in_tags("thread", "\n".join(lines), run.run_id) + attached.tags + request
    shape = _shape()
    paid = await desk.ask(
        brief,
        system=[RULES, brief.task.prompt, text("prompt.language", run.language)],
        user=user,
        shape=shape,
    )
    answer: Any = shape.model_validate_json(paid.text)
    criteria, refused = choose_criteria(answer.criteria)
    if not criteria:
        raise UserError("screening.no-criteria")
    proposed = Screening(
        screening_id=run.run_id,
        team_id=run.team_id,
        user_id=run.user_id,
        language=run.language,
        title=_line(answer.title, LONGEST_TITLE) or brief.task.title_in(run.language),
        criteria=criteria,
        criteria_version=criteria_version(criteria),
    )
    await desk.records.screenings.propose(proposed, brief.version)
    return Draft(
        run_id=run.run_id,
        version=brief.version,
        text=write_list(proposed.title, criteria, run.language),
        model=paid.model,
        messages_read=len(lines),
        notes=(*_notes(refused, answer.left_out, len(criteria), run.language), *attached.notes),
    )


async def check_allowed(desk: Desk, team_id: str, language: Language) -> None:
    """Make sure that an admin has filled in what the law asks for.

    Raises:
        UserError: something is missing; the sentence names it, and who can fill it in.
    """
    zone = (await desk.records.workspaces.get(team_id)).zone
    rules = await desk.records.screening_rules.get(team_id)
    missing = rules.missing(datetime.now(zone).date())
    if missing:
        admins = await desk.context.admins()
        raise UserError("screening.off", missing=name_rules(missing, language), who=name_people(admins))


def name_rules(missing: Sequence[str], language: Language) -> str:
    """Return what is not filled in yet, as it stands within a sentence; DPIA stays DPIA."""
    labels = [text(f"screening.rule.{name}", language) for name in missing]
    return ", ".join(label[:1].lower() + label[1:] for label in labels)


def name_people(user_ids: Sequence[str]) -> str:
    """Return people as a sentence names them."""
    return ", ".join(f"<@{one}>" for one in user_ids)


def choose_criteria(
    proposed: Sequence[Any],
) -> tuple[tuple[Criterion, ...], list[tuple[str, tuple[str, ...]]]]:
    """Return the criteria that may stand, and those that may not with the grounds they rest on."""
    kept: dict[str, Criterion] = {}
    refused: list[tuple[str, tuple[str, ...]]] = []
    for one in proposed:
        words, evidence = _line(one.criterion, LONGEST_CHARS), _line(one.evidence, LONGEST_CHARS)
        grounds = forbidden_grounds(f"{words}\n{evidence}")
        if grounds:
            refused.append((words, grounds))
        elif words:
            weight = min(3, max(1, int(one.weight)))
            kept.setdefault(words.casefold(), Criterion(words, one.kind, weight, evidence))
    return tuple(kept.values())[:MOST], refused


def write_list(title: str, criteria: Sequence[Criterion], language: Language) -> str:
    """Return criteria as people read them."""
    lines = [f"### {title}", ""]
    for number, one in enumerate(criteria, start=1):
        kind = text(f"screening.kind.{one.kind}", language)
        lines.append(f"{number}. **{one.text}** ({kind}, {text('screening.weight', language, n=one.weight)})")
        if one.evidence:
            lines.append(f"   {one.evidence}")
    return "\n".join(lines)


def _notes(
    refused: Sequence[tuple[str, tuple[str, ...]]], left_out: Sequence[str], count: int, language: Language
) -> list[str]:
    notes = [
        text("screening.refused", language, words=html.escape(words), law=word_grounds(grounds, language))
        for words, grounds in refused
    ]
    said = [html.escape(_line(one, LONGEST_CHARS)) for one in left_out if one.strip()]
    if said:
        notes.append(text("screening.left-out", language, words="; ".join(said[:MOST])))
    if count < FEWEST:
        notes.append(text("screening.few", language, fewest=FEWEST))
    return notes


def word_grounds(grounds: Sequence[str], language: Language) -> str:
    """Return why a criterion may not stand, with the law of each ground."""
    return "; ".join(text(f"screening.ground.{ground}", language) for ground in grounds)


def _line(words: str, most_chars: int) -> str:
    return " ".join(words.split())[:most_chars].strip()


def _shape() -> type[BaseModel]:
    # Only who screens waits for the library.
    from pydantic import Field, create_model

    kinds: Any = Literal["must", "nice"]
    one = create_model(
        "ProposedCriterion",
        criterion=(str, Field(description="one thing that a CV can show, in at most fifteen words")),
        kind=(kinds, "nice"),
        weight=(int, Field(2, description="1, 2 or 3")),
        evidence=(str, Field("", description="what in a CV shows it")),
    )
    return create_model(
        "Criteria",
        title=(str, Field(description="the job, in at most eight words")),
        criteria=(list[one], Field(description="between 5 and 12")),  # type: ignore[valid-type]
        left_out=(list[str], Field([], description="what the vacancy asks for and no criterion may rest on")),
    )
