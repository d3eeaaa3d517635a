"""Candidates in Slack, one at a time: evidence is opened, an own verdict stored, and only then a score shown."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.handlers.recommend import CANDIDATE
from bot.listeners.intake import Intake
from bot.listeners.screening import ask_second, find_vacancy, takes_two
from bot.records.screenings import Screening
from bot.screening.candidate import WRONG, Candidate
from bot.screening.scoring import score
from bot.tasks import Run
from bot.texts import text
from bot.views import Block, form_values
from bot.views.screening import candidate_form, candidates_list, result_form

PAGES = ("screening_page_0", "screening_page_1")


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of candidates."""

    async def next_one(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_open_next(intake, body, str(action["value"])))

    async def listed(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        screening_id, _, first = str(action["value"]).partition("#")
        intake.later(_open_list(intake, body, screening_id, int(first or 0)))

    async def opened(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_open(intake, body, str(action["value"])))

    async def evidence(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _evidence(intake, ack, body, str(action["value"]))

    async def verdict(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _verdict(intake, ack, body)

    async def changed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _changed(intake, ack, body)

    async def introduce(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _introduce(intake, ack, body, str(action["value"]))

    async def explained(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        found = await _find(intake, str(action["value"]), body["user"]["id"])
        await ack()
        if found is not None:
            candidate, press = found[0], str(action["action_ts"]).replace(".", "")
            intake.later(jobs.explain(candidate.candidate_id, user_id=body["user"]["id"], press=press))
            intake.later(intake.answer(body, text("screening.explain-comes", intake.language)))
        else:
            intake.later(intake.answer(body, text("screening.gone", intake.language)))

    app.action("screening_next")(next_one)
    app.action("screening_next_in")(next_one)
    app.action("screening_list")(listed)
    for name in PAGES:
        app.action(name)(listed)
    app.action("screening_open")(opened)
    app.action("screening_evidence")(evidence)
    app.view("screening_verdict")(verdict)
    app.view("screening_change")(changed)
    app.action("screening_introduce")(introduce)
    app.action("screening_explain")(explained)


async def _find(intake: Intake, candidate_id: str, user_id: str) -> tuple[Candidate, Screening] | None:
    """Return a candidate whom somebody may see, and the vacancy."""
    candidate = await intake.records.candidates.get(candidate_id)
    vacancy = await find_vacancy(intake, candidate.screening_id, user_id) if candidate else None
    return (candidate, vacancy) if candidate is not None and vacancy is not None else None


async def _show(intake: Intake, body: dict[str, Any], view: Block) -> str:
    """Show a form: in the place of the one that the button stands in, else a new one; return its id."""
    open_view = (body.get("view") or {}).get("id") or ""
    if not open_view:
        return await intake.show_form(body, view)
    await intake.delivery.update_form(open_view, view)
    return str(open_view)


async def _open_next(intake: Intake, body: dict[str, Any], screening_id: str) -> None:
    """Open the first candidate, in the order of coming, on whom nobody decided."""
    if await find_vacancy(intake, screening_id, body["user"]["id"]) is None:
        await intake.answer(body, text("screening.not-yours", intake.language))
        return
    candidates = await intake.records.candidates.of(screening_id)
    one = next((one for one in candidates if one.status == "read" and one.verdict is None), None)
    if one is None:
        await intake.answer(body, text("screening.none-left", intake.language))
        return
    await _open(intake, body, one.candidate_id)


async def _open_list(intake: Intake, body: dict[str, Any], screening_id: str, first: int) -> None:
    if await find_vacancy(intake, screening_id, body["user"]["id"]) is None:
        await intake.answer(body, text("screening.not-yours", intake.language))
        return
    candidates = await intake.records.candidates.of(screening_id)
    await _show(
        intake, body, candidates_list(screening_id, candidates, first=first, language=intake.language)
    )


async def _open(intake: Intake, body: dict[str, Any], candidate_id: str) -> None:
    """Open a candidate: before a verdict without any score, after it with all."""
    user_id = body["user"]["id"]
    found = await _find(intake, candidate_id, user_id)
    if found is None or found[0].status != "read":
        await intake.answer(body, text("screening.gone", intake.language))
        return
    candidate, vacancy = found
    step = "opened" if candidate.verdict is None else "score_seen"
    view_id = await _show(intake, body, await _draw(intake, candidate, vacancy, user_id))
    if view_id:
        await intake.records.screenings.log(
            vacancy.screening_id, step, candidate_id=candidate_id, user_id=user_id
        )
    if view_id and candidate.verdict is None:
        # The form's id stays when the next candidate comes into it; each has a look of their own.
        look = f"{view_id}/{candidate_id}"
        await intake.records.reviews.open_form(look, run_id=candidate_id, version=1, user_id=user_id)


async def _draw(intake: Intake, candidate: Candidate, vacancy: Screening, user_id: str) -> Block:
    findings = await intake.records.candidates.findings(candidate.candidate_id)
    if candidate.verdict is None:
        opened = await intake.records.candidates.looked(candidate.candidate_id, user_id)
        return candidate_form(candidate, vacancy.criteria, findings, opened=opened, language=vacancy.language)
    result = score(vacancy.criteria, findings)
    return result_form(candidate, vacancy.criteria, findings, result=result, language=vacancy.language)


async def _evidence(intake: Intake, ack: AsyncAck, body: dict[str, Any], value: str) -> None:
    """Store that somebody opened the evidence of a criterion, then show it."""
    candidate_id, _, number = value.rpartition("#")
    user_id = body["user"]["id"]
    found = await _find(intake, candidate_id, user_id)
    if found is not None:
        await intake.records.candidates.look(found[0], int(number), user_id=user_id)
    await ack()
    if found is not None:
        view = await _draw(intake, *found, user_id)
        intake.later(_redraw(intake, body["view"], view))


async def _redraw(intake: Intake, shown: dict[str, Any], view: Block) -> None:
    await intake.delivery.update_form(shown["id"], view)


async def _verdict(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Store a person's own verdict; only the answer to it shows the score."""
    candidate_id = json.loads(body["view"]["private_metadata"])["candidate"]
    user_id = body["user"]["id"]
    found = await _find(intake, candidate_id, user_id)
    chosen = form_values(body["view"]).get("verdict", "")
    problem = ""
    if found is None:
        problem = "screening.gone"
    elif not await intake.records.candidates.looked(candidate_id, user_id):
        problem = "screening.look-first"
    if problem or found is None:
        await ack(response_action="errors", errors={"verdict": text(problem, intake.language)})
        return
    candidate, vacancy = found
    first = await intake.records.candidates.decide(candidate, chosen, user_id=user_id)
    candidate = await intake.records.candidates.get(candidate_id) or candidate
    await intake.records.screenings.log(
        vacancy.screening_id, "score_seen", candidate_id=candidate_id, user_id=user_id
    )
    await ack(response_action="update", view=await _draw(intake, candidate, vacancy, user_id))
    if first:
        look = f"{body['view']['id']}/{candidate_id}"
        intake.later(_book(intake, candidate, user_id, view_id=look))


async def _book(
    intake: Intake, candidate: Candidate, user_id: str, *, view_id: str = "", wrong: bool = False
) -> None:
    """Let the ledger know that a reading was used, or that it was wrong; there is no card of it to show."""
    reviews = intake.records.reviews
    for act in ("undone", "discarded") if wrong else ("approved",):
        decision = await reviews.decide(
            candidate.candidate_id,
            version=1,
            act=act,
            user_id=user_id,
            view_id=view_id,
        )
        if decision.review_id:
            await reviews.shown(decision.review_id)
    await jobs.show_board(candidate.screening_id)


async def _changed(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Store another verdict with its reason, and show it."""
    candidate_id = json.loads(body["view"]["private_metadata"])["candidate"]
    user_id, values = body["user"]["id"], form_values(body["view"])
    found = await _find(intake, candidate_id, user_id)
    if found is None or found[0].verdict is None:
        await ack(response_action="errors", errors={"verdict": text("screening.gone", intake.language)})
        return
    candidate, vacancy = found
    chosen, reason = values.get("verdict", ""), values.get("reason", "")
    await intake.records.candidates.change(candidate, chosen, reason=reason, user_id=user_id)
    candidate = await intake.records.candidates.get(candidate_id) or candidate
    await ack(response_action="update", view=await _draw(intake, candidate, vacancy, user_id))
    if reason == WRONG:
        intake.later(_book(intake, candidate, user_id, wrong=True))
    else:
        intake.later(jobs.show_board(candidate.screening_id))


async def _introduce(intake: Intake, ack: AsyncAck, body: dict[str, Any], candidate_id: str) -> None:
    """Have an introduction written: a run like any other, reviewed like any other."""
    user_id = body["user"]["id"]
    found = await _find(intake, candidate_id, user_id)
    if found is None:
        await ack()
        intake.later(intake.answer(body, text("screening.gone", intake.language)))
        return
    if await takes_two(intake) and found[0].deciders == {user_id}:
        await ack()
        intake.later(ask_second(intake, body, found[0].screening_id))
        return
    run = Run(
        run_id=f"{intake.team_id}:{body['trigger_id']}",
        team_id=intake.team_id,
        channel_id="",
        user_id=user_id,
        task="recommend",
        surface="form",
        language=found[1].language,
        inputs={CANDIDATE: candidate_id},
    )
    await intake.accept(run)
    await ack()
    intake.later(
        intake.answer(
            body,
            text("ack.working", intake.language, task=intake.tasks["recommend"].title_in(intake.language)),
        )
    )
