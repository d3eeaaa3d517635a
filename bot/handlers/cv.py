"""Reading a CV against locked criteria: two passes in different orders, each quote looked up in what was read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import RULES, put_in_tags
from bot.llm import estimate_tokens
from bot.records.screenings import Screening
from bot.screening.candidate import Candidate, Reading
from bot.screening.criteria import Criterion
from bot.screening.scoring import Claim, join_passes, order_of, score
from bot.tasks import Run, Task

if TYPE_CHECKING:
    from pydantic import BaseModel

LONGEST_CV_CHARS = 60_000
PASSES = (1, 2)
TOKENS_A_CRITERION = 120
"""What a pass answers of a criterion, estimated on the high side: a status and up to three quotes."""


def candidate_run(candidate: Candidate, vacancy: Screening, channel_id: str) -> Run:
    """Return a candidate's reading as a row of the ledger; the asking stands in the vacancy's own row."""
    return Run(
        run_id=candidate.candidate_id,
        team_id=vacancy.team_id,
        channel_id=channel_id,
        user_id=candidate.user_id,
        task="cv",
        surface="message",
        language=vacancy.language,
        asking_minutes=0.0,
    )


async def read_cv(desk: Desk, task: Task, run: Run, candidate: Candidate, vacancy: Screening) -> Reading:
    """Hold a blinded CV against the criteria, twice, and keep what both passes agree on.

    What the model is given depends on the CV's words and the criteria alone: not on the candidate, nor on the order
    of coming.

    Raises:
        LLMError: the model gave no usable answer.
    """
    cv = (candidate.cv or "")[:LONGEST_CV_CHARS]
    passes: list[list[Claim]] = []
    asked: list[str] = []
    model = ""
    for number in PASSES:
        order = _order(vacancy, number)
        system, listed, user, shape = write_question(task, vacancy, cv, order)
        asked += [*system, listed, user]
        paid = await desk.ask(
            Brief(run=run, task=task, company="", version=number),
            system=system,
            base=listed,
            user=user,
            shape=shape,
        )
        model = paid.model
        passes.append(_claims(shape.model_validate_json(paid.text), order))
    findings = tuple(join_passes(one, other, cv) for one, other in zip(*passes, strict=True))
    return Reading(
        findings=findings,
        score=score(vacancy.criteria, findings),
        model=model,
        prompt_version=hashlib.sha256(task.prompt.encode()).hexdigest()[:12],
        criteria_version=vacancy.criteria_version,
        input_hash=hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest(),
    )


def estimate_reading(task: Task, vacancy: Screening, cvs: Sequence[str]) -> tuple[int, int]:
    """Estimate on the high side how many tokens reading *cvs* takes in, and gives out."""
    fixed = 0
    for number in PASSES:
        system, listed, user, shape = write_question(task, vacancy, "", _order(vacancy, number))
        fixed += estimate_tokens("".join([*system, listed, user, json.dumps(shape.model_json_schema())]))
    read = sum(fixed + len(PASSES) * estimate_tokens(cv[:LONGEST_CV_CHARS]) for cv in cvs)
    return read, len(cvs) * len(PASSES) * len(vacancy.criteria) * TOKENS_A_CRITERION


def _order(vacancy: Screening, number: int) -> tuple[int, ...]:
    return order_of(len(vacancy.criteria), f"{vacancy.criteria_version}#{number}")


def write_question(
    task: Task, vacancy: Screening, cv: str, order: tuple[int, ...]
) -> tuple[list[str], str, str, type[BaseModel]]:
    """Return what a pass asks: the system, the criteria, the CV in tags, and the shape of the answer.

    People write criteria: they pass the gate with the CV, so they stand neither in the system nor in the shape.
    """
    shown = [vacancy.criteria[at] for at in order]
    lines = [f"c{number}: {_word(one)}" for number, one in enumerate(shown, start=1)]
    listed = "\n".join(["The criteria:", *lines, "", ""])
    return [RULES, task.prompt], listed, put_in_tags("cv", cv, vacancy.screening_id), _shape(len(shown))


def _word(one: Criterion) -> str:
    return f"{one.text}. {one.evidence}" if one.evidence else one.text


def _shape(count: int) -> type[BaseModel]:
    from pydantic import Field, create_model

    statuses: Any = Literal["met", "partly", "not_found", "unclear"]
    item = create_model(
        "Evidence",
        status=(statuses, "unclear"),
        quotes=(list[str], Field([], description="literal passages of the CV")),
    )
    fields: dict[str, Any] = {f"c{number}": (item, ...) for number in range(1, count + 1)}
    made: type[BaseModel] = create_model("CvAnswer", **fields)
    return made


def _claims(answer: BaseModel, order: tuple[int, ...]) -> list[Claim]:
    """Return what a pass says of each criterion, in their own order."""
    claims = [Claim("unclear")] * len(order)
    for number, at in enumerate(order, start=1):
        told = getattr(answer, f"c{number}")
        claims[at] = Claim(told.status, tuple(told.quotes))
    return claims
