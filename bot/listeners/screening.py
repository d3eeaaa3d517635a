"""Screening in Slack: rules, criteria and CVs come in, verdicts are stored before any score is shown."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.handlers.screening import name_rules
from bot.listeners.intake import COMMIT_WITHIN_S, Intake, whose
from bot.records.screening_rules import HIGH_RISK_FROM, LONGEST_WEEKS, ScreeningRules
from bot.records.screenings import Screening
from bot.screening.criteria import FEWEST, LONGEST_CHARS, MOST, Criterion, forbidden_grounds
from bot.texts import text
from bot.views import fallback, form_values
from bot.views.screening import REMOVE, criteria_form, rules_form

LONGEST_RULE = 2_000
_CVS = re.compile(
    r"(?i)\b(?:cv'?s?|curricul(?:um|a) vitae|r[eé]sum[eé]s?|sollicitaties?|sollicitanten|applications?)\b"
)


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the rules, of criteria, and of a vacancy's end."""

    async def ruled(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _ruled(intake, ack, body)

    async def lock(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_open_criteria(intake, body, str(action["value"])))

    async def locked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _locked(intake, ack, body)

    async def close(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        screening_id, user_id = str(action["value"]), body["user"]["id"]
        vacancy, alone = await find_vacancy(intake, screening_id, user_id), False
        if vacancy is not None:
            alone = await takes_two(intake) and not await intake.records.screenings.ask_close(
                screening_id, user_id=user_id
            )
            if not alone:
                await intake.records.screenings.close(screening_id, user_id=user_id)
        await ack()
        if vacancy is None:
            intake.later(intake.answer(body, text("screening.not-yours", intake.language)))
        elif alone:
            intake.later(ask_second(intake, body, screening_id))
        else:
            intake.later(jobs.show_closed(screening_id, user_id))

    async def read(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _read(intake, ack, body, str(action["value"]))

    app.action("screening_read")(read)
    app.view("screening_rules")(ruled)
    app.action("screening_lock")(lock)
    app.view("screening_criteria")(locked)
    app.action("screening_close")(close)


async def _read(intake: Intake, ack: AsyncAck, body: dict[str, Any], value: str) -> None:
    """Store that somebody agreed to the price that they saw, and have the CVs read."""
    screening_id, upto, count = value.split("#")
    user_id = body["user"]["id"]
    vacancy = await intake.records.screenings.get(screening_id)
    refusal = await _refusal(intake, vacancy, user_id) if vacancy is not None else "screening.not-yours"
    agreed = []
    if not refusal:
        agreed = await intake.records.candidates.agree(
            screening_id, upto=int(upto), count=int(count), user_id=user_id
        )
    await ack()
    if refusal:
        intake.later(intake.answer(body, text(refusal, intake.language)))
    elif agreed:
        intake.later(jobs.read_cvs(agreed))
    else:
        intake.later(jobs.show_board(screening_id))


async def takes_two(intake: Intake) -> bool:
    """Say whether the guideline wants a second person for what is decided about CVs."""
    return (await intake.records.guidelines.rules(intake.team_id)).cvs == "two"


async def ask_second(intake: Intake, body: dict[str, Any], screening_id: str) -> None:
    """Ask for a second look at a vacancy, and tell who wanted something alone whom it waits for."""
    asked = await jobs.ask_second_look(screening_id, body["user"]["id"])
    key = "screening.second-asked" if asked else "screening.second-nobody"
    names = ", ".join(f"<@{one}>" for one in asked)
    await intake.answer(body, text(key, intake.language, asked=names))


async def find_vacancy(intake: Intake, screening_id: str, user_id: str) -> Screening | None:
    """Return a vacancy that somebody may see and decide on; None when there is none, or it is not for them."""
    vacancy = await intake.records.screenings.get(screening_id)
    if vacancy is None or vacancy.team_id != intake.team_id:
        return None
    named = user_id == vacancy.user_id or user_id in intake.holds.reviewers
    return vacancy if named or await intake.is_admin(user_id) else None


async def open_rules(intake: Intake, body: dict[str, Any]) -> None:
    """Open the rules for an admin; tell everybody else how things stand."""
    user_id = whose(body)[0]
    rules = await intake.records.screening_rules.get(intake.team_id)
    today = datetime.now(intake.zone).date()
    if not await intake.is_admin(user_id):
        missing = rules.missing(today)
        key = "screening.off-admins" if missing else "screening.on"
        names = name_rules(missing, intake.language)
        await intake.answer(body, text(key, intake.language, missing=names))
        return
    values = {name: str(value) for name, value in asdict(rules).items()}
    view = rules_form(values, language=intake.language, late=today >= HIGH_RISK_FROM)
    await intake.show_form(body, view)


async def _ruled(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    values, user_id, language = form_values(body["view"]), body["user"]["id"], intake.language
    errors: dict[str, str] = {}
    if not await intake.is_admin(user_id):
        errors["purpose"] = text("settings.admins-only", language)
    weeks = values.get("retention_weeks", "").strip() or str(ScreeningRules.retention_weeks)
    if not weeks.isdecimal() or not 1 <= int(weeks) <= LONGEST_WEEKS:
        errors["retention_weeks"] = text("screening.weeks-wrong", language, most=LONGEST_WEEKS)
    today = datetime.now(intake.zone).date()
    if (told := values.get("dpia_on")) and date.fromisoformat(told) > today:
        errors["dpia_on"] = text("screening.dpia-wrong", language)
    if errors:
        await ack(response_action="errors", errors=errors)
        return
    texts = {
        name: values.get(name, "").strip()[:LONGEST_RULE] for name in ("purpose", "legal_basis", "notice")
    }
    chosen = {name: values.get(name, "") for name in ("dpia_on", "overseer_id", "council", "conformity")}
    rules = ScreeningRules(retention_weeks=int(weeks), **texts, **chosen)
    await intake.records.screening_rules.put(intake.team_id, rules, user_id=user_id)
    await ack()
    missing = rules.missing(today)
    names = name_rules(missing, language)
    key = "screening.still-off" if missing else "screening.on"
    intake.later(intake.tell(user_id, text(key, language, missing=names)))


async def _open_criteria(intake: Intake, body: dict[str, Any], screening_id: str) -> None:
    vacancy = await find_vacancy(intake, screening_id, body["user"]["id"])
    if vacancy is None:
        await intake.answer(body, text("screening.not-yours", intake.language))
    elif vacancy.locked_at is not None:
        await intake.answer(body, text("screening.locked-already", intake.language))
    else:
        await intake.show_form(body, criteria_form(screening_id, vacancy.criteria, vacancy.language))


async def _locked(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    metadata = json.loads(body["view"]["private_metadata"])
    screening_id, user_id = metadata["screening"], body["user"]["id"]
    criteria, errors = read_criteria_form(form_values(body["view"]), int(metadata["rows"]), intake)
    if not errors and not FEWEST <= len(criteria) <= MOST:
        errors["text_1"] = text("screening.count-wrong", intake.language, fewest=FEWEST, most=MOST)
    vacancy = None if errors else await find_vacancy(intake, screening_id, user_id)
    if vacancy is None:
        errors = errors or {"text_1": text("screening.not-yours", intake.language)}
        await ack(response_action="errors", errors=errors)
        return
    changed = tuple(criteria) != vacancy.criteria
    first = await intake.records.screenings.lock(screening_id, criteria, user_id=user_id)
    await ack()
    if not first:
        await intake.answer(body, text("screening.locked-already", intake.language))
        return
    intake.later(_book_lock(intake, screening_id, user_id, changed=changed))


def read_criteria_form(
    values: dict[str, str], rows: int, intake: Intake
) -> tuple[list[Criterion], dict[str, str]]:
    """Return the criteria of a form, and what is wrong with which field."""
    criteria: list[Criterion] = []
    errors: dict[str, str] = {}
    for number in range(1, rows + 1):
        words = " ".join(values.get(f"text_{number}", "").split())
        evidence = " ".join(values.get(f"evidence_{number}", "").split())
        chosen = values.get(f"kind_{number}", REMOVE)
        if not words or chosen == REMOVE:
            continue
        for name, said in (("text", words), ("evidence", evidence)):
            grounds = forbidden_grounds(said)
            if grounds:
                law = "; ".join(text(f"screening.ground.{ground}", intake.language) for ground in grounds)
                errors[f"{name}_{number}"] = text("screening.forbidden", intake.language, law=law)
            elif len(said) > LONGEST_CHARS:
                errors[f"{name}_{number}"] = text("screening.too-long", intake.language, most=LONGEST_CHARS)
        kind, _, weight = chosen.partition("-")
        criteria.append(Criterion(words, "must" if kind == "must" else "nice", int(weight), evidence))
    return criteria, errors


async def _book_lock(intake: Intake, screening_id: str, user_id: str, *, changed: bool) -> None:
    """Let locking count as the review of the proposal, and show it on its card."""
    vacancy = await intake.records.screenings.get(screening_id)
    state = await intake.records.reviews.state(screening_id)
    if vacancy is None or state is None:
        return
    final = ""
    if changed:
        final = "\n".join(
            [
                f"### {vacancy.title}",
                "",
                *(f"{n}. {one.text}" for n, one in enumerate(vacancy.criteria, start=1)),
            ]
        )
    act: Any = "edited" if changed else "approved"
    decision = await intake.records.reviews.decide(
        screening_id, version=state.version, act=act, user_id=user_id, final_text=final
    )
    if decision.result == "done":
        await jobs.show_review(screening_id, decision.review_id, act)
    else:
        await jobs.show_card(screening_id)
    await intake.tell(user_id, text("screening.send-cvs", intake.language, title=fallback(vacancy.title)))


async def take_cvs(intake: Intake, event: dict[str, Any], words: str, *, delivery_id: str) -> bool:
    """Take CVs that somebody sends in the thread of a vacancy, or with that word to their only one; False for others.

    Raises:
        TimeoutError, STORE_ERRORS: they are not stored: no ack, Slack sends them again.
    """
    files = [
        (str(one["id"]), str(one.get("name") or "")) for one in event.get("files") or [] if one.get("id")
    ]
    channel_id, user_id = event["channel"], event["user"]
    if not files or not channel_id.startswith("D"):
        return False
    thread_ts = event.get("thread_ts") or ""
    screenings = intake.records.screenings
    vacancy = await screenings.at(intake.team_id, channel_id, thread_ts) if thread_ts else None
    refusal = ""
    if vacancy is None and _CVS.search(words) and len(words.split()) <= 12:
        open_ones = await screenings.open_of(intake.team_id, user_id)
        vacancy = open_ones[0] if len(open_ones) == 1 else None
        refusal = "screening.which" if len(open_ones) > 1 else ""
    if vacancy is None and not refusal:
        return False
    if vacancy is not None:
        refusal = await _refusal(intake, vacancy, user_id)
    if refusal or vacancy is None:
        told = intake.tell_once(
            delivery_id, channel_id, user_id, text(refusal, intake.language), thread_ts=thread_ts
        )
        intake.later(told)
        return True
    async with asyncio.timeout(COMMIT_WITHIN_S):
        added, too_many = await intake.records.candidates.add(
            vacancy.screening_id, files, delivery_id=delivery_id, user_id=user_id
        )
    if added:
        intake.later(jobs.read_cvs(added))
    if too_many:
        sentence = text("screening.too-many", intake.language, count=too_many)
        intake.later(intake.tell_once(delivery_id, channel_id, user_id, sentence, thread_ts=thread_ts))
    return True


async def _refusal(intake: Intake, vacancy: Screening, user_id: str) -> str:
    rules = await intake.records.screening_rules.get(intake.team_id)
    if rules.missing(datetime.now(intake.zone).date()):
        return "screening.off-short"
    if await find_vacancy(intake, vacancy.screening_id, user_id) is None:
        return "screening.not-yours"
    if vacancy.locked_at is None:
        return "screening.lock-first"
    return "screening.closed-already" if vacancy.closed_at is not None else ""
