"""Screening in Slack: rules an admin fills in, criteria to lock, the board of a vacancy, one candidate at a time."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence

from bot.screening.candidate import REASONS, VERDICTS, Candidate
from bot.screening.criteria import FEWEST, KINDS, MOST, WEIGHTS, Criterion
from bot.screening.scoring import Finding, Score, to_ask
from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import Block, button, context, neutralise, section
from bot.views.forms import form, select_input, text_input

PAGE = 40  # candidates in one list
SPARE_ROWS = 2  # empty rows under the proposed criteria
SHOWN_CHARS = 2_800  # of a CV in one block
MOST_CV_BLOCKS = 8
COUNCILS = ("informed", "none")
REMOVE = "remove"


def rules_form(values: Mapping[str, str], *, language: Language, late: bool) -> Block:
    """Return the form of what must be filled in before CVs may be screened.

    Args:
        values: what holds now.
        late: the AI Act's duties hold already, so that the operator must confirm them.
    """

    def say(name: str) -> str:
        return text(f"screening.rule.{name}", language)

    def typed(name: str, *, multiline: bool) -> Block:
        hint = text(f"screening.rule.{name}.hint", language)
        # Optional for Slack: what is missing is told by name, and half of it may be kept.
        return text_input(
            name, say(name), initial=values[name], hint=hint, multiline=multiline, optional=True
        )

    councils = [(name, text(f"screening.council.{name}", language)) for name in COUNCILS]
    blocks = [
        section(text("screening.rules-intro", language)),
        typed("purpose", multiline=True),
        typed("legal_basis", multiline=True),
        _optional("dpia_on", say("dpia_on"), {"type": "datepicker"}, "initial_date", values["dpia_on"]),
        _optional(
            "overseer_id", say("overseer_id"), {"type": "users_select"}, "initial_user", values["overseer_id"]
        ),
        typed("retention_weeks", multiline=False),
        typed("notice", multiline=True),
        {**select_input("council", say("council"), councils, chosen=values["council"]), "optional": True},
    ]
    if late:
        confirmed = [("confirmed", text("screening.conformity.confirmed", language))]
        chosen = select_input("conformity", say("conformity"), confirmed, chosen=values["conformity"])
        blocks.append({**chosen, "optional": True})
    return form(
        "screening_rules",
        title=text("screening.rules-title", language),
        submit=text("modal.save", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={},
    )


def _optional(name: str, label: str, element: Block, initial: str, value: str) -> Block:
    held = {initial: value} if value else {}
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": {**element, "action_id": name, **held},
    }


def lock_button(screening_id: str, language: Language) -> Block:
    """Return the button that opens the criteria to be locked."""
    return button("screening_lock", text("button.screening-lock", language), screening_id, style="primary")


def criteria_form(screening_id: str, criteria: Sequence[Criterion], language: Language) -> Block:
    """Return the form in which a person edits and locks criteria; its last rows are empty."""
    spare = max(SPARE_ROWS, FEWEST - len(criteria))
    rows: list[Criterion | None] = [*criteria, *[None] * spare][:MOST]
    weights = [
        (
            f"{kind}-{weight}",
            text("screening.kind-weight", language, kind=text(f"screening.kind.{kind}", language), n=weight),
        )
        for kind in KINDS
        for weight in reversed(WEIGHTS)
    ]
    choices = [*weights, (REMOVE, text("screening.remove", language))]
    blocks: list[Block] = [section(text("screening.lock-intro", language))]
    for number, one in enumerate(rows, start=1):
        label = text("screening.criterion", language, n=number)
        words, evidence = (one.text, one.evidence) if one else ("", "")
        chosen = f"{one.kind}-{one.weight}" if one else "nice-1"
        kind = text("screening.criterion-kind", language, n=number)
        shows = text("screening.criterion-evidence", language, n=number)
        blocks += [
            text_input(f"text_{number}", label, initial=words, multiline=False, optional=True),
            select_input(f"kind_{number}", kind, choices, chosen=chosen),
            text_input(f"evidence_{number}", shows, initial=evidence, multiline=False, optional=True),
        ]
    return form(
        "screening_criteria",
        title=text("screening.lock-title", language),
        submit=text("screening.lock-submit", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={"screening": screening_id, "rows": len(rows)},
    )


def board(
    screening_id: str,
    title: str,
    candidates: Sequence[Candidate],
    *,
    closed: str,
    price: tuple[str, str],
    language: Language,
) -> tuple[str, list[Block]]:
    """Return the message that tells how far the CVs of a vacancy are.

    Args:
        closed: the day on which their texts go; empty while the vacancy is open.
        price: what reading those that are held costs, and what that rests on.
    """
    read = [one for one in candidates if one.status == "read"]
    failed = [one for one in candidates if one.status == "failed"]
    counts = {"read": len(read), "total": len(candidates), "decided": sum(bool(one.verdict) for one in read)}
    head = text("screening.board", language, title=html.escape(title, quote=False), **counts)
    blocks: list[Block] = [section(head)]
    small = [
        text("screening.same", language, name=one.name, other=f"K-{one.same_as:02}")
        for one in candidates
        if one.same_as
    ]
    if hidden := [one.name for one in candidates if one.hidden]:
        small.insert(0, text("screening.hidden-found", language, names=", ".join(hidden)))
    if small:
        blocks.append(context("\n".join(small)))
    if failed:
        lines = [
            text("screening.failed", language, count=len(failed)),
            # A file is often called after whom it is about: once closed, a number must do.
            *(_fault(one, language, named=not closed) for one in failed),
        ]
        blocks.append(section("\n".join(lines)))
    if closed:
        blocks.append(context(text("screening.closed", language, day=closed)))
    else:
        blocks += _offer(screening_id, candidates, price, language)
        elements = [button("screening_list", text("button.screening-list", language), screening_id)]
        if any(one.verdict is None for one in read):
            label = text("button.screening-next", language)
            elements.insert(0, button("screening_next", label, screening_id, style="primary"))
        elements.append(_close_button(screening_id, language))
        blocks.append({"type": "actions", "elements": elements})
    return head, blocks


def _offer(
    screening_id: str, candidates: Sequence[Candidate], price: tuple[str, str], language: Language
) -> list[Block]:
    """Return the question whether CVs may be read for their price, once all of them are opened."""
    if opening := sum(one.is_opening for one in candidates):
        return [context(text("screening.opening", language, count=opening))]
    held = [one for one in candidates if one.is_held]
    if not held:
        return []
    asked = text("screening.priced", language, count=len(held), price=price[0])
    # The press names what was seen: what comes meanwhile is another price.
    value = f"{screening_id}#{held[-1].number}#{len(held)}"
    label = text("button.screening-read", language, count=len(held))
    read = button("screening_read", label, value, style="primary")
    return [section(asked), context(price[1]), {"type": "actions", "elements": [read]}]


def _fault(one: Candidate, language: Language, *, named: bool) -> str:
    name = _safe(one.file_name) if named and one.file_name else one.name
    return f"• {one.name}: {text(one.fault or '', language, name=name)}"


def _close_button(screening_id: str, language: Language) -> Block:
    def say(key: str) -> Block:
        return {"type": "plain_text", "text": text(key, language)}

    confirm = {
        "title": say("screening.close-title"),
        "text": say("screening.close-sure"),
        "confirm": say("button.screening-close"),
        "deny": say("modal.edit.cancel"),
    }
    made = button("screening_close", text("button.screening-close", language), screening_id)
    return {**made, "confirm": confirm}


def second_look(
    screening_id: str, title: str, language: Language, *, first: str, closed_by: str
) -> list[Block]:
    """Return what somebody reads who is asked for a second look: with buttons, or who closed it meanwhile."""
    shown = html.escape(title, quote=False)
    if closed_by:
        return [section(text("screening.second-closed", language, title=shown, user=f"<@{closed_by}>"))]
    sentence = text("screening.second-ask", language, title=shown, first=f"<@{first}>")
    listed = button("screening_list", text("button.screening-list", language), screening_id, style="primary")
    return [
        section(sentence),
        {"type": "actions", "elements": [listed, _close_button(screening_id, language)]},
    ]


def candidates_list(
    screening_id: str, candidates: Sequence[Candidate], *, first: int, language: Language
) -> Block:
    """Return the candidates in the order of their coming; there is no ranking."""
    blocks: list[Block] = [context(text("screening.list-order", language))]
    for one in candidates[first : first + PAGE]:
        blocks.append(section(f"*{one.name}*  {_stand(one, language)}"))
        if one.status == "read":
            label = text("button.screening-open", language)
            opened = button("screening_open", label, one.candidate_id, spoken=f"{label} {one.name}")
            blocks[-1]["accessory"] = opened
    turns = [
        (text("button.screening-back", language), first - PAGE),
        (text("button.screening-more", language), first + PAGE),
    ]
    pages = [
        button(f"screening_page_{number}", label, f"{screening_id}#{at}")
        for number, (label, at) in enumerate(turns)
        if 0 <= at < len(candidates)
    ]
    if pages:
        blocks.append({"type": "actions", "elements": pages})
    return {
        "type": "modal",
        "callback_id": "screening_candidates",
        "title": {"type": "plain_text", "text": text("screening.list-title", language)[:24]},
        "close": {"type": "plain_text", "text": text("modal.done", language)[:24]},
        "blocks": blocks,
        "private_metadata": "{}",
    }


def _stand(one: Candidate, language: Language) -> str:
    if one.status != "read":
        return text(f"screening.stand.{'held' if one.is_held else one.status}", language)
    verdict = one.changed_verdict or one.verdict
    return text(f"screening.verdict.{verdict}" if verdict else "screening.stand.open", language)


def candidate_form(
    one: Candidate,
    criteria: Sequence[Criterion],
    findings: Sequence[Finding],
    *,
    opened: Collection[int],
    language: Language,
) -> Block:
    """Return a candidate before anybody decided: the CV, evidence on demand, and a question for an own verdict.

    Args:
        opened: the criteria, counted from 1, whose evidence was opened; no other shows what was found.
    """
    blocks: list[Block] = [context(text("screening.blind-note", language)), *_warnings(one, language)]
    blocks += _cv_blocks(one, language)
    blocks.append(section(text("screening.evidence-how", language)))
    for number, (criterion, found) in enumerate(zip(criteria, findings, strict=True), start=1):
        shown = number in opened
        lines = [f"*{number}. {_safe(criterion.text)}*"]
        lines += _evidence(found, language) if shown else []
        blocks.append(section("\n".join(lines)))
        if not shown:
            label = text("button.screening-evidence", language)
            value = f"{one.candidate_id}#{number}"
            blocks[-1]["accessory"] = button("screening_evidence", label, value, spoken=f"{label} {number}")
    verdicts = [(name, text(f"screening.verdict.{name}", language)) for name in VERDICTS]
    blocks.append(select_input("verdict", text("screening.your-verdict", language), verdicts))
    return form(
        "screening_verdict",
        title=text("screening.candidate-title", language, name=one.name),
        submit=text("screening.verdict-submit", language),
        close=text("modal.done", language),
        blocks=blocks,
        metadata={"candidate": one.candidate_id},
    )


def result_form(
    one: Candidate,
    criteria: Sequence[Criterion],
    findings: Sequence[Finding],
    *,
    result: Score,
    language: Language,
) -> Block:
    """Return a candidate after a person decided: the score in bands, what was found, what to ask, and what is next."""
    verdict = text(f"screening.verdict.{one.verdict}", language)
    lines = [text("screening.decided", language, verdict=verdict, user=f"<@{one.verdict_by}>")]
    if one.changed_verdict:
        changed = text(f"screening.verdict.{one.changed_verdict}", language)
        reason = text(f"screening.reason.{one.change_reason}", language)
        lines.append(
            text("screening.changed", language, verdict=changed, reason=reason, user=f"<@{one.changed_by}>")
        )
    blocks: list[Block] = [
        section("\n".join(lines)),
        section(word_score(result, language)),
        *_warnings(one, language),
    ]
    for number, (criterion, found) in enumerate(zip(criteria, findings, strict=True), start=1):
        told = [f"*{number}. {_safe(criterion.text)}*", *_evidence(found, language)]
        blocks.append(section("\n".join(told)))
    questions = to_ask(criteria, findings)
    if questions:
        asked = [f"• {text('screening.ask', language, criterion=_safe(ask.text))}" for ask in questions]
        blocks.append(section("\n".join([text("screening.questions", language), *asked])))
    elements = [
        button(
            "screening_next_in", text("button.screening-next", language), one.screening_id, style="primary"
        ),
        button("screening_introduce", text("button.screening-introduce", language), one.candidate_id),
        button("screening_explain", text("button.screening-explain", language), one.candidate_id),
    ]
    blocks.append({"type": "actions", "elements": elements})
    verdicts = [(name, text(f"screening.verdict.{name}", language)) for name in VERDICTS]
    reasons = [(name, text(f"screening.reason.{name}", language)) for name in REASONS]
    held = one.changed_verdict or one.verdict or ""
    blocks += [
        select_input("verdict", text("screening.change", language), verdicts, chosen=held),
        select_input("reason", text("screening.change-why", language), reasons),
    ]
    return form(
        "screening_change",
        title=text("screening.candidate-title", language, name=one.name),
        submit=text("screening.change-submit", language),
        close=text("modal.done", language),
        blocks=blocks,
        metadata={"candidate": one.candidate_id},
    )


def word_score(result: Score, language: Language) -> str:
    """Return a score in words: a band, and how much of the criteria it rests on."""
    cover = text(f"screening.cover.{result.cover}", language, decided=result.decided, total=result.total)
    band = text(f"screening.band.{result.band or 'none'}", language)
    return f"{band}\n{cover}\n{text('screening.score-note', language)}"


def _warnings(one: Candidate, language: Language) -> list[Block]:
    blocks: list[Block] = []
    if one.same_as:
        blocks.append(context(text("screening.same", language, name=one.name, other=f"K-{one.same_as:02}")))
    if one.hidden:
        shown = "\n".join(f"> {_safe(line)}" for line in one.hidden)
        blocks.append(section(f"{text('screening.hidden', language)}\n{shown}"))
    return blocks


def _cv_blocks(one: Candidate, language: Language) -> list[Block]:
    if one.cv is None:
        return [section(text("screening.text-gone", language))]
    parts: list[str] = [""]
    for line in one.cv.splitlines():
        shown = _safe(line)
        for at in range(0, len(shown) or 1, SHOWN_CHARS):
            piece = shown[at : at + SHOWN_CHARS]
            if len(parts[-1]) + len(piece) + 1 > SHOWN_CHARS:
                parts.append("")
            parts[-1] += f"{piece}\n"
    blocks = [section(part) for part in parts[:MOST_CV_BLOCKS] if part.strip()]
    if len(parts) > MOST_CV_BLOCKS:
        blocks.append(context(text("screening.cv-cut", language)))
    return blocks


def _evidence(found: Finding, language: Language) -> list[str]:
    status = text(f"screening.status.{found.status}", language)
    return [f"_{status}_", *(f"> {_safe(quote)[:500]}" for quote in found.quotes)]


def _safe(words: str) -> str:
    return html.escape(neutralise(words), quote=False).replace("*", "∗").replace("_", "＿").replace("`", "'")
