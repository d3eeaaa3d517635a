"""The handler of introductions: sentences that rest on evidence which was found and checked, and on nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import RULES, put_in_tags
from bot.handlers.screening import check_allowed
from bot.records.screenings import Screening
from bot.screening.candidate import Candidate
from bot.screening.scoring import Finding, quote_stands, to_ask
from bot.tasks import Draft, Language, UserError
from bot.texts import text

if TYPE_CHECKING:
    from pydantic import BaseModel

CANDIDATE = "candidate"
"""The input that names the candidate."""

_JUDGES = re.compile(
    r"(?i)\b(?:afwijz\w*|afgewezen|ongeschikt\w*|geschikt\w*|aannemen|aanbevelen|beste kandidaat|reject\w*|unsuitable"
    r"|suitable|hire|hiring|best candidate|recommend\w*|perfect\w*|ideal\w*|ideaal|ideale)\b"
)
_COUNTED = re.compile(
    r"(?i)\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred"
    r"|thousand|dozens?|many|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|vijftien|twintig|dertig|veertig"
    r"|vijftig|honderd|duizend|tientallen|veel|jarenlange?)\b"
)
_SOMEBODY = re.compile(r"(?i)\b(?:hij|zij|haar|he|she|him|his|hers?|mr|mrs|ms|dhr|mevrouw)\b")


async def recommend(desk: Desk, brief: Brief) -> Draft:
    """Introduce a candidate whom somebody has decided on, from checked evidence.

    Raises:
        UserError: screening is off, nobody decided yet, or there is nothing to say.
        LLMError: the model gave no usable answer.
    """
    run, records = brief.run, desk.records
    await check_allowed(desk, run.team_id, run.language)
    candidate = await records.candidates.get(run.inputs.get(CANDIDATE, ""))
    vacancy = await records.screenings.get(candidate.screening_id) if candidate else None
    if candidate is None or vacancy is None or vacancy.team_id != run.team_id or candidate.verdict is None:
        raise UserError("screening.gone")
    if (await records.guidelines.rules(run.team_id)).cvs == "two" and candidate.deciders == {run.user_id}:
        raise UserError("guideline.no.cv-second")
    findings = await records.candidates.findings(candidate.candidate_id)
    evidence = [quote for found in findings for quote in found.quotes]
    if not evidence:
        raise UserError("screening.no-evidence", name=candidate.name)
    told = put_in_tags("evidence", _write_evidence(vacancy, findings), run.run_id)
    shape = _shape()
    paid = await desk.ask(
        brief,
        system=[RULES, brief.task.prompt, text("prompt.language", run.language)],
        user=told,
        shape=shape,
    )
    answer: Any = shape.model_validate_json(paid.text)
    kept, dropped = keep_sentences([(one.text, one.quote) for one in answer.sentences], evidence)
    notes = [text("screening.intro-dropped", run.language, count=dropped)] if dropped else []
    return Draft(
        run_id=run.run_id,
        version=brief.version,
        text=_write(candidate, vacancy, findings, kept, run.language),
        model=paid.model,
        notes=(*notes, text("screening.intro-check", run.language)),
    )


def keep_sentences(
    sentences: Sequence[tuple[str, str]], evidence: Sequence[str]
) -> tuple[list[tuple[str, str]], int]:
    """Return the sentences that rest on checked evidence, and how many do not.

    One rests on it when its quote stands in the evidence, it has no figure that the quote lacks, and it neither
    judges nor tells who somebody is.
    """
    kept = []
    for written, quote in sentences:
        line = " ".join(written.split())
        stands = any(quote_stands(quote, one) for one in evidence)
        if line and stands and not (_adds(line, quote) or _JUDGES.search(line) or _SOMEBODY.search(line)):
            kept.append((line, quote.strip()))
    return kept, len(sentences) - len(kept)


def _adds(line: str, quote: str) -> bool:
    """Say whether a sentence has a figure, a number in words, or a name that its passage lacks."""
    held = quote.casefold()
    numbers = re.findall(r"\d+", line) + [found.casefold() for found in _COUNTED.findall(line)]
    names = re.findall(r"(?<=[\w,;] )[A-Z][\w-]+", line)
    return any(not re.search(rf"(?<!\w){re.escape(one)}(?!\w)", held) for one in numbers) or any(
        one.casefold() not in held for one in names
    )


def _write_evidence(vacancy: Screening, findings: Sequence[Finding]) -> str:
    lines: list[str] = []
    for one, found in zip(vacancy.criteria, findings, strict=True):
        if found.quotes:
            lines += [f"Criterion: {one.text}", *(f"Passage: {quote}" for quote in found.quotes)]
    return "\n".join(lines)


def _write(
    candidate: Candidate,
    vacancy: Screening,
    findings: Sequence[Finding],
    kept: Sequence[tuple[str, str]],
    language: Language,
) -> str:
    """Return the text: the words around the facts are ours, and each fact has its passage below."""
    lines = [f"### {text('screening.intro-title', language, name=candidate.name, vacancy=vacancy.title)}", ""]
    if kept:
        lines += [" ".join(line for line, _ in kept), ""]
    lines.append(f"**{text('screening.intro-evidence', language)}**")
    for one, found in zip(vacancy.criteria, findings, strict=True):
        lines += [f"- {one.text}: “{quote}”" for quote in found.quotes[:1]]
    questions = to_ask(vacancy.criteria, findings)
    if questions:
        lines += [
            "",
            f"**{text('screening.intro-questions', language)}**",
            *(f"- {one.text}" for one in questions),
        ]
    return "\n".join(lines)


def _shape() -> type[BaseModel]:
    from pydantic import Field, create_model

    sentence = create_model(
        "IntroductionSentence",
        text=(str, Field(description="one sentence about the candidate that says what the passage says")),
        quote=(str, Field(description="the passage that it rests on, letter by letter")),
    )
    made: type[BaseModel] = create_model("Introduction", sentences=(list[sentence], ...))  # type: ignore[valid-type]
    return made
