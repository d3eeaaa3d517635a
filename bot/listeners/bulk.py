"""Sets of texts from tables, in Slack: their buttons, their form, and the decisions on their texts."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.bulk import guess_mapping
from bot.listeners.choosing import asking_minutes
from bot.listeners.intake import Intake
from bot.records.bulk import BulkSet, Press
from bot.records.bulk_items import Item
from bot.records.reviews import Press as Act
from bot.tasks import TableWork
from bot.texts import text
from bot.views import form_values, join_inputs
from bot.views.bulk import (
    Shown,
    item_form,
    mapping_form,
    minutes_of_set_form,
    read_item_value,
    read_mapping_form,
)

PRESSES: tuple[Press, ...] = ("style", "start", "pause", "resume", "cancel", "retry")
FILES = ("xlsx", "csv", "pdf", "word", "docx")
ACTS: dict[str, Act] = {"approve": "approved", "skip": "discarded"}
DECIDED = ("approved", "edited", "discarded")


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of sets."""

    async def press(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _press(intake, ack, body, action)

    async def opened(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        opening = _open_mapping if action["action_id"] == "bulk_map" else _open_minutes
        intake.later(opening(intake, body, action["value"]))

    async def file(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _file(intake, ack, body, action)

    async def decided(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _item(intake, ack, body, action)

    async def undone(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _undo(intake, ack, body, action["value"])

    async def mapped(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _mapped(intake, ack, body)

    async def changed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _changed(intake, ack, body)

    async def timed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _timed(intake, ack, body)

    app.action(re.compile(f"bulk_(?:{'|'.join(PRESSES)})"))(press)
    app.action(re.compile("bulk_(?:map|minutes)"))(opened)
    app.action(re.compile(f"bulk_(?:{'|'.join(FILES)})"))(file)
    app.action("bulk_approve")(decided)
    app.action(re.compile("bulk_item_.+"))(decided)
    app.action("bulk_undo")(undone)
    app.view("bulk_mapping")(mapped)
    app.view("bulk_edit")(changed)
    app.view("bulk_redo")(changed)
    app.view("bulk_minutes")(timed)


async def _find(intake: Intake, ack: AsyncAck, body: dict[str, Any], set_id: str) -> BulkSet | None:
    """Return a set that who pressed may decide on; else ack, and tell them why not."""
    one = await intake.records.bulk.get(set_id)
    user_id = body["user"]["id"]
    if one is not None and (user_id == one.user_id or user_id in intake.holds.reviewers):
        return one
    # Whether somebody is an admin may have to be asked of Slack, which must not delay the ack. Who sends a form in was
    # asked about when it opened, and an ack would close it.
    if body["type"] != "view_submission":
        await ack()
    if one is not None and await intake.is_admin(user_id):
        return one
    await ack()
    key = "bulk.gone" if one is None else "review.not-yours"
    owner = f"<@{one.user_id}>" if one else ""
    intake.later(intake.answer(body, text(key, intake.language, user=owner)))
    return None


async def _press(intake: Intake, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Commit a press on a set, ack, and carry the set on."""
    act: Press = action["action_id"].removeprefix("bulk_")
    one = await _find(intake, ack, body, action["value"])
    if one is None:
        return
    moved = await intake.records.bulk.press(one.set_id, act)
    await ack()
    if moved is None:
        intake.later(intake.answer(body, text("review.already", one.language)))
    else:
        intake.later(jobs.carry_on(one.set_id))


async def _open_mapping(intake: Intake, body: dict[str, Any], set_id: str) -> None:
    one = await intake.records.bulk.get(set_id)
    if one is None or not one.headers:
        await intake.answer(body, text("bulk.gone", intake.language))
        return
    task = intake.tasks.get(one.task)
    rules = (task.table if task else None) or TableWork()
    mapping = one.mapping
    if mapping is None:
        guessed = guess_mapping(one.headers, most_words=rules.most_words)
        mapping = guessed.with_words(one.words)
    view = mapping_form(
        one.headers, mapping, set_id, one.language, opened=str(int(time.time())), paper=rules.paper
    )
    await intake.show_form(body, view)


async def _open_minutes(intake: Intake, body: dict[str, Any], set_id: str) -> None:
    one = await intake.records.bulk.get(set_id)
    if one is not None:
        await intake.show_form(body, minutes_of_set_form(set_id, one.language))


async def _mapped(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Commit which column is what, and have the samples written."""
    metadata = json.loads(body["view"]["private_metadata"])
    one = await _find(intake, ack, body, metadata["set"])
    if one is None:
        return
    mapping = read_mapping_form(body["view"])
    if mapping.name in mapping.unused or mapping.keywords == mapping.name:
        field = "unused" if mapping.name in mapping.unused else "keywords"
        await ack(response_action="errors", errors={field: text("bulk.form.name-used", one.language)})
        return
    minutes = asking_minutes(metadata) or 0.0
    moved = await intake.records.bulk.press(one.set_id, "map", mapping=mapping, asking_minutes=minutes)
    if moved is None:
        await ack(response_action="errors", errors={"name": text("review.stale", one.language)})
        return
    await ack()
    intake.later(jobs.carry_on(one.set_id))


async def _file(intake: Intake, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Have the texts brought as a file."""
    kind = action["action_id"].removeprefix("bulk_")
    one = await _find(intake, ack, body, action["value"])
    if one is not None:
        await jobs.bring_file(one.set_id, kind, press=action["action_ts"])
        await ack()


async def _item(intake: Intake, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Decide on the texts that a press names, or open the form of one."""
    value = (action.get("selected_option") or {}).get("value") or action.get("value") or ""
    act, keys, set_id = read_item_value(value)
    one = await _find(intake, ack, body, set_id)
    if one is None:
        return
    items = await open_items(intake, one, keys)
    if not items:
        await ack()
        intake.later(intake.answer(body, text("review.already", one.language)))
    elif act in ACTS:
        await _decide(intake, one, items, body["user"]["id"], ACTS[act])
        await ack()
        intake.later(jobs.carry_on(one.set_id))
    else:
        await ack()
        view = item_form(_shown(one, items[0]), set_id, one.language, act=act)
        intake.later(intake.show_form(body, view))


async def open_items(intake: Intake, one: BulkSet, keys: Sequence[tuple[int, int]]) -> list[Item]:
    """Return those texts of *keys* that can still be decided on, in the version that was seen."""
    versions = dict(keys)
    items = await intake.records.bulk_items.items(one.set_id, states=("written",), numbers=tuple(versions))
    return [
        item for item in items if item.version == versions[item.number] and item.review in ("open", "redone")
    ]


async def _decide(
    intake: Intake,
    one: BulkSet,
    items: Sequence[Item],
    user_id: str,
    act: Act,
    *,
    final_text: str = "",
    instruction: str = "",
) -> None:
    """Commit a decision on texts that were looked at together: each gets its share of the look."""
    minutes = await intake.records.bulk.look(one.set_id, [item.number for item in items])
    share = minutes / len(items)
    await asyncio.gather(
        *(
            intake.records.reviews.decide(
                item.run_id,
                version=item.version,
                act=act,
                user_id=user_id,
                final_text=final_text,
                instruction=instruction,
                minutes_each=share,
            )
            for item in items
        )
    )


async def _undo(intake: Intake, ack: AsyncAck, body: dict[str, Any], set_id: str) -> None:
    """Take the last decision on texts of a set back, however many it was about."""
    one = await _find(intake, ack, body, set_id)
    if one is None:
        return
    items = [
        item
        for item in await intake.records.bulk_items.items(
            set_id, states=("written",), numbers=one.last_decided
        )
        if one.last_decided and item.review in DECIDED
    ]
    await intake.records.bulk.look(set_id, ())
    await asyncio.gather(
        *(
            intake.records.reviews.decide(
                item.run_id,
                version=item.version,
                act="undone",
                user_id=body["user"]["id"],
                minutes_each=0.0,
            )
            for item in items
        )
    )
    await ack()
    intake.later(jobs.carry_on(set_id))


async def _changed(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Commit an edited text, or what should be different of one."""
    view = body["view"]
    metadata, values = json.loads(view["private_metadata"]), form_values(view)
    one = await _find(intake, ack, body, metadata["set"])
    if one is None:
        return
    redo = view["callback_id"] == "bulk_redo"
    field = "instruction" if redo else "part0"
    items = await open_items(intake, one, [(metadata["number"], metadata["version"])])
    final_text = ""
    if not redo:
        ends = metadata["ends"]
        final_text = join_inputs([values.get(f"part{at}", "") for at in range(len(ends))], ends)
    if not items or not (redo or final_text):
        key = "review.empty" if items else "review.stale"
        await ack(response_action="errors", errors={field: text(key, one.language)})
        return
    item, user_id = items[0], body["user"]["id"]
    if redo:
        await _decide(intake, one, items, user_id, "redone", instruction=values.get("instruction", ""))
    elif final_text == item.text.strip():
        await _decide(intake, one, items, user_id, "approved")
    else:
        await _decide(intake, one, items, user_id, "edited", final_text=final_text)
    await ack()
    intake.later(jobs.carry_on(one.set_id))


async def _timed(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Keep how long reviewing took in all."""
    set_id = json.loads(body["view"]["private_metadata"])["set"]
    one = await _find(intake, ack, body, set_id)
    if one is None:
        return
    minutes = float(form_values(body["view"])["minutes"])
    count = await intake.records.bulk_items.tell_minutes(set_id, minutes)
    await ack()
    intake.later(intake.answer(body, text("bulk.minutes.told", one.language, count=count)))


def _shown(one: BulkSet, item: Item) -> Shown:
    name = item.cells[one.mapping.name] if one.mapping else ""
    return Shown(item.number, item.version, name, item.text, item.faults)
