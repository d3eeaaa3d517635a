"""Remembered customers in Slack: offered while a form is filled in, looked up, corrected and deleted for good."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.listeners.intake import Intake, whose
from bot.quotes import read_vat_number
from bot.quotes.customers import KnownCustomer, name_key
from bot.quotes.offer import Customer
from bot.records.customers import KEPT_DAYS, MOST_SHOWN
from bot.tasks import LANGUAGES
from bot.texts import text
from bot.views import CUSTOMER_SELECT, customer_form, customer_options, customers_list, form_values

LONGEST_LINE, MOST_LINES = 80, 6


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of remembered customers."""

    async def suggest(ack: AsyncAck, payload: dict[str, Any]) -> None:
        found, _ = await intake.records.customers.search(
            intake.team_id, str(payload.get("value") or ""), most=100
        )
        await ack(options=customer_options(found))

    async def search(ack: AsyncAck, body: dict[str, Any]) -> None:
        words = form_values(body["view"]).get("words", "")
        # Whoever is known as an admin is so now; asking Slack would not fit before the ack.
        view = await _list(intake, body["user"]["id"], words)
        await ack(response_action="update", view=view)

    async def change(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_change(intake, body, int(action["value"])))

    async def changed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _changed(intake, ack, body)

    async def delete(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        customer = await _allowed(intake, body["user"]["id"], int(action["value"]))
        if customer is not None:
            await intake.records.customers.delete(intake.team_id, customer.customer_id)
        await ack()
        metadata = json.loads(body["view"].get("private_metadata") or "{}")
        intake.later(_show_again(intake, body["user"]["id"], body["view"]["id"], metadata.get("words", "")))

    app.options(CUSTOMER_SELECT)(suggest)
    app.view("customers")(search)
    app.action("customer_change")(change)
    app.action("customer_delete")(delete)
    app.view("customer")(changed)


async def open_customers(intake: Intake, body: dict[str, Any], words: str) -> None:
    """Open the list of remembered customers at those whom *words* name; guests are told that it is not theirs."""
    user_id = whose(body)[0]
    if await intake.is_insider(user_id):
        await intake.show_form(body, await _list(intake, user_id, words))
    else:
        await intake.answer(body, text("members-only", intake.language))


async def _list(intake: Intake, user_id: str, words: str) -> dict[str, Any]:
    found, total = await intake.records.customers.search(intake.team_id, words, most=MOST_SHOWN)
    admin = await intake.is_admin(user_id)
    return customers_list(
        found,
        words=words,
        total=total,
        mine={one.customer_id for one in found if admin or one.user_id == user_id},
        years=KEPT_DAYS // 365,
        language=intake.language,
    )


async def _allowed(intake: Intake, user_id: str, customer_id: int) -> KnownCustomer | None:
    """Return a customer whom somebody may correct or delete: its maker, or an admin."""
    one = await intake.records.customers.get(intake.team_id, customer_id)
    if one is not None and (one.user_id == user_id or await intake.is_admin(user_id)):
        return one
    return None


async def _change(intake: Intake, body: dict[str, Any], customer_id: int) -> None:
    user_id, view = body["user"]["id"], body["view"]
    one = await _allowed(intake, user_id, customer_id)
    words = json.loads(view.get("private_metadata") or "{}").get("words", "")
    if one is None:
        await _show_again(intake, user_id, view["id"], words)
        return
    metadata = {"list": view["id"], "words": words}
    form = customer_form(one, metadata=metadata, language=intake.language)
    await intake.show_form(body, form, over=True)


async def _changed(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    values = form_values(body["view"])
    metadata = json.loads(body["view"]["private_metadata"])
    user_id = body["user"]["id"]
    consumer = values.get("audience") == "consumer"
    name = " ".join(values.get("name", "").split())
    typed = values.get("vat_number", "").strip()
    number = read_vat_number(typed)
    errors = {}
    if not name_key(name) or len(name) > LONGEST_LINE:
        errors["name"] = text("customers.name-wrong", intake.language)
    if typed and (consumer or not number):
        key = "customers.vat-consumer" if consumer else "customers.vat-wrong"
        errors["vat_number"] = text(key, intake.language)
    lines = [" ".join(line.split()) for line in values.get("address", "").splitlines() if line.strip()]
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        errors["address"] = text("customers.address-wrong", intake.language)
    one = await _allowed(intake, user_id, int(metadata["customer"]))
    if one is None:
        errors = {"name": text("customers.gone", intake.language)}
    if errors or one is None:
        await ack(response_action="errors", errors=errors)
        return
    await intake.records.customers.correct(
        intake.team_id,
        one.customer_id,
        Customer(name, tuple(lines), number, consumer),
        language=next((each for each in LANGUAGES if each == values.get("language")), intake.language),
        # Whose it is stays so: an admin who corrects a name takes nobody's right to delete it.
        user_id=one.user_id,
    )
    await ack()
    intake.later(_show_again(intake, user_id, metadata["list"], metadata.get("words", "")))


async def _show_again(intake: Intake, user_id: str, view_id: str, words: str) -> None:
    await intake.delivery.update_form(view_id, await _list(intake, user_id, words))
