"""Quotes in Slack: the form of their lines, with sums that follow every keystroke, and the second approval."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.handlers.revising import revise, write_warnings
from bot.listeners.intake import Intake
from bot.listeners.reviewing import decide, find_open
from bot.quotes import PriceRow, valid_on
from bot.quotes import editing as lines
from bot.quotes.matching import search
from bot.quotes.offer import Offer
from bot.quotes.vat import find_vat
from bot.records.revisions import Revision
from bot.tasks import Language
from bot.texts import has_decimal_comma, text
from bot.views import form_values, lines_form, read_value
from bot.wire import SlackError

FIELDS = ("line_name", "line_unit", "line_quantity", "line_price", "line_discount", "line_query")
PRESSES = ("line_menu", "line_add", "line_free", "lines_back", "lines_next")
MOST_FORMS = 1_000


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the form of lines, of second approvals, and of a quote's copies."""
    newest: dict[str, str] = {}

    async def opened(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        run_id, version = read_value(action["value"])
        intake.later(_open(intake, body, run_id=run_id, version=version))

    async def changed(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        if len(newest) > MOST_FORMS:
            newest.clear()
        await _changed(intake, ack, body, action, newest=newest)

    async def submitted(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _submitted(intake, ack, body)

    async def second(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _second(intake, ack, body, action)

    async def copied(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _copied(intake, ack, body, action)

    app.action("lines")(opened)
    for name in (*FIELDS, *PRESSES):
        app.action(name)(changed)
    app.view("quote_lines")(submitted)
    app.action("second_approve")(second)
    app.action("second_refuse")(second)
    app.action("quote_json")(copied)
    app.action("quote_csv")(copied)


async def _open(intake: Intake, body: dict[str, Any], *, run_id: str, version: int) -> None:
    """Open the lines of a quote that can still be decided on."""
    found = await find_open(intake, body, run_id, version)
    if found is None:
        return
    run = found[0]
    basis = await intake.records.quotes.basis(run_id, version)
    if basis is None:
        await intake.answer_about(body, "review.stale", run)
        return
    language = run.language
    edit = lines.begin(
        basis.offer, unit=text("lines.piece", basis.offer.language), comma=has_decimal_comma(language)
    )
    form_id, user_id = uuid.uuid4().hex, body["user"]["id"]
    await intake.records.quote_forms.open(form_id, edit, run_id=run_id, version=version, user_id=user_id)
    metadata = {"form": form_id, "run": run_id, "version": version, "language": language}
    view = await _draw(intake, edit, basis.offer, metadata=metadata)
    view_id = await intake.show_form(body, view)
    if view_id:
        await intake.records.reviews.open_form(view_id, run_id=run_id, version=version, user_id=user_id)


async def _changed(
    intake: Intake, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], *, newest: dict[str, str]
) -> None:
    """Keep what somebody typed or pressed in the form, ack, and show what it comes to."""
    view, metadata = body["view"], json.loads(body["view"]["private_metadata"])
    form_id, at_ts = metadata["form"], action["action_ts"]
    newest[form_id] = max(at_ts, newest.get(form_id, ""))
    rows = await _rows(intake)
    basis = await intake.records.quotes.basis(metadata["run"], metadata["version"])
    comma = has_decimal_comma(metadata["language"])
    values = form_values(view)
    row = None
    if basis is not None:
        row = await intake.records.quote_forms.change(
            form_id,
            fill=lambda edit: lines.fill(edit, values, rows, comma=comma),
            then=_press(action, basis.offer, rows, metadata["language"]),
            at_ts=at_ts,
        )
    await ack()
    if basis is None or row is None:
        intake.later(intake.answer_about(body, "review.stale", None))
        return

    async def show(edit: lines.Edit, offer: Offer) -> None:
        drawn = await _draw(intake, edit, offer, metadata=metadata)
        for view_hash in (view["hash"], ""):
            try:
                await intake.delivery.redraw_form(view["id"], drawn, view_hash=view_hash)
                return
            except SlackError as error:
                if error.code not in ("hash_conflict", "not_found"):
                    raise
                # What an earlier keystroke came to was drawn meanwhile; the newest is drawn over it.
                if error.code == "not_found" or newest.get(form_id) != at_ts:
                    return

    intake.later(show(row.edit, basis.offer))


def _press(
    action: dict[str, Any], offer: Offer, rows: dict[str, PriceRow], language: Language
) -> lines.Change:
    """Return what a press in the form does to it; typing does nothing besides."""
    name = action["action_id"]
    comma = has_decimal_comma(language)
    if name == "lines_back" or name == "lines_next":
        return lambda edit: lines.turn_page(edit, 1 if name == "lines_next" else -1)
    if name == "line_free":
        return lambda edit: lines.add_free(edit, unit=text("lines.piece", offer.language))
    if name == "line_add":
        row = rows.get(action["value"])
        reverse = any(line.vat.category == "AE" for line in offer.lines)
        vat = row and find_vat(row.vat_code, offer.delivery_on or offer.quoted_on, reverse=reverse)
        return lambda edit: lines.add_article(edit, row, vat, comma=comma) if row and vat else edit
    if name == "line_menu":
        key, chosen = int(action["block_id"].partition(":")[2]), action["selected_option"]["value"]
        if chosen == "remove":
            return lambda edit: lines.remove(edit, key)
        if chosen in ("base", "option"):
            return lambda edit: lines.set_kind(edit, key, chosen)
        return lambda edit: lines.set_code(edit, key, chosen.removeprefix("vat:"))
    return lambda edit: edit


async def _draw(
    intake: Intake, edit: lines.Edit, offer: Offer, *, metadata: dict[str, Any]
) -> dict[str, Any]:
    """Draw the open page of a form, with what its fields come to."""
    language: Language = metadata["language"]
    rows = await _rows(intake)
    reading = lines.read(edit, offer)
    warnings = []
    if reading.offer is not None and reading.totals is not None:
        firm = await intake.sender()
        warnings = write_warnings(reading.offer, reading.totals, rows.values(), firm=firm, language=language)
    return lines_form(
        edit,
        reading,
        offer,
        found=search(rows.values(), edit.query),
        warnings=warnings[::-1],
        language=language,
        metadata=metadata,
    )


async def _rows(intake: Intake) -> dict[str, PriceRow]:
    prices = await intake.records.quotes.prices(intake.team_id)
    return valid_on(prices, datetime.now(intake.zone).date())


async def _submitted(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Make the next version of what was sent in, or tell at its field what is wrong."""
    metadata = json.loads(body["view"]["private_metadata"])
    run_id, version, language = metadata["run"], metadata["version"], metadata["language"]
    late = {lines.field_id("discount", lines.ALL): text("review.stale", language)}
    rows, values = await _rows(intake), form_values(body["view"])
    comma = has_decimal_comma(language)
    forms = intake.records.quote_forms
    row = await forms.change(metadata["form"], fill=lambda edit: lines.fill(edit, values, rows, comma=comma))
    basis = await intake.records.quotes.basis(run_id, version)
    draft = await intake.records.drafts.get(run_id, version)
    document = await intake.records.quotes.document(run_id, version)
    if row is None or basis is None or draft is None or document is None:
        await ack(response_action="errors", errors=late)
        return
    reading = lines.read(row.edit, basis.offer)
    if reading.offer is None:
        await _refuse(intake, ack, row.edit, reading, basis.offer, metadata=metadata)
        return
    if reading.offer == basis.offer:
        await ack()
        return
    firm = await intake.sender()
    revised = revise(draft, document, basis, reading.offer, rows=rows.values(), firm=firm, language=language)
    await decide(
        intake,
        ack,
        body,
        run_id=run_id,
        version=version,
        act="revised",
        field=lines.field_id("discount", lines.ALL),
        revision=Revision(revised.draft, revised.document, revised.basis),
    )


async def _refuse(
    intake: Intake,
    ack: AsyncAck,
    edit: lines.Edit,
    reading: lines.Reading,
    offer: Offer,
    *,
    metadata: dict[str, Any],
) -> None:
    """Tell what is wrong at its fields; where they stand on another page, that page opens."""
    revisions = {entry.key: entry.revision for entry in edit.shown} | {lines.ALL: 0}
    errors = {
        lines.field_id(name, key, revisions[key] if name == "price" else 0): text(
            wrong.key, metadata["language"], value=wrong.value
        )
        for (key, name), wrong in reading.wrong.items()
        if key in revisions
    }
    if errors:
        await ack(response_action="errors", errors=errors)
        return
    page = lines.page_of(edit, next(key for key, _ in reading.wrong))
    row = await intake.records.quote_forms.change(
        metadata["form"], fill=lambda held: lines.turn_page(held, page - held.page)
    )
    view = await _draw(intake, row.edit if row else edit, offer, metadata=metadata)
    await ack(response_action="update", view=view)


async def _second(intake: Intake, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Commit a second person's word, ack, and show it."""
    run_id, approval_id = read_value(action["value"])
    granted = action["action_id"] == "second_approve"
    result = await intake.records.approvals.decide(approval_id, user_id=body["user"]["id"], granted=granted)
    await ack()
    if result == "done":
        intake.later(jobs.show_second(run_id, approval_id))
    else:
        intake.later(intake.answer_about(body, f"second.{result}", None))


async def _copied(intake: Intake, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Have a copy of a quote brought, as JSON or CSV."""
    run_id, _ = read_value(action["value"])
    user_id = body["user"]["id"]
    run = await intake.records.requests.get(run_id)
    if run is None or user_id != run.user_id:
        # Whether somebody is an admin may have to be asked of Slack, which must not delay the ack.
        await ack()
        if run is None or not await intake.may_review(run, user_id):
            await intake.answer_about(body, "review.stale" if run is None else "review.not-yours", run)
            return
    await jobs.bring_copy(
        run_id, action["action_id"].removeprefix("quote_"), user_id=user_id, press=action["action_ts"]
    )
    await ack()
