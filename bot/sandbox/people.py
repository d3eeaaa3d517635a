"""What people do in the local Slack, and what the bot hears of it; the page and the tests act through this."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from bot.sandbox import payloads
from bot.sandbox.deliveries import Deliveries, Delivery, Kind
from bot.sandbox.responses import Place, Responses
from bot.sandbox.watch import Watch
from bot.sandbox.webapi_base import SCOPE_OF_KIND, ApiError, State, refuse_arguments
from bot.sandbox.webapi_views import close_top, open_over, replace
from bot.sandbox.workspace import Channel, Message
from bot.sandbox.workspace import Kind as RoomKind

DELIVERIES_KEPT = 1_000
TYPE_OF_KIND: dict[RoomKind, str] = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}


class People(Watch):
    """The verbs; each returns once the bot has answered, or Slack has given up."""

    def __init__(self, state: State, deliveries: Deliveries, events: Iterable[str]) -> None:
        super().__init__()
        self.state = state
        self.workspace = state.workspace
        self.deliveries = deliveries
        self.responses = Responses(state)
        # The events that the app subscribed to; what it did not ask for is not sent.
        self.events = set(events)
        self.sent: list[Delivery] = []
        # What the bot offered in a form's menus whose options it gives: view and block -> options.
        self.offered: dict[tuple[str, str], list[dict[str, Any]]] = {}

    # Messages

    async def say(
        self,
        user_id: str,
        channel_id: str,
        text: str,
        *,
        thread_ts: str = "",
        files: Sequence[tuple[str, bytes]] = (),
    ) -> str:
        """Post as a person, with files by name and content; the bot hears what Slack would tell it."""
        channel = self.workspace.channels[channel_id]
        if channel.is_archived:
            raise ValueError(f"{channel.name} is archived: nobody can write in it")
        extra: dict[str, Any] = {"client_msg_id": self.workspace.new_id("m"), "team": self.workspace.team_id}
        if files:
            extra["subtype"] = "file_share"
            extra["files"] = [self._share(name, content, user_id, channel_id) for name, content in files]
        message = self.workspace.add_message(channel_id, user_id, text, thread_ts=thread_ts, **extra)
        self.changed("message", channel=channel_id, ts=message["ts"])
        if f"<@{self.workspace.bot_user_id}>" in text and channel.kind != "im":
            await self._tell(channel, "app_mention", {**message, "type": "app_mention"})
        await self._tell_message(channel, dict(message))
        return str(message["ts"])

    def _share(self, name: str, content: bytes, user_id: str, channel_id: str) -> dict[str, Any]:
        made = self.workspace.add_file(name, user_id, content=content)
        made.channels.append(channel_id)
        return made.as_slack(self.state.url)

    async def edit_message(self, user_id: str, channel_id: str, ts: str, text: str) -> None:
        """Change what a person wrote.

        Raises:
            LookupError: it is no message of theirs.
        """
        channel, message = self._message_of(user_id, channel_id, ts)
        before = dict(message)
        message["text"] = text
        message["edited"] = {"user": user_id, "ts": self.workspace.next_ts()}
        self.changed("message", channel=channel_id, ts=ts)
        told = {"subtype": "message_changed", "message": dict(message), "previous_message": before}
        await self._tell_message(channel, {"type": "message", "hidden": True, **told})

    async def delete_file(self, file_id: str) -> Delivery:
        """Delete a file everywhere."""
        del self.workspace.files[file_id]
        self.changed("message")
        told = {"type": "file_deleted", "file_id": file_id, "event_ts": self.workspace.next_ts()}
        return await self.push_event(told)

    async def delete_message(self, user_id: str, channel_id: str, ts: str) -> None:
        """Delete what a person wrote.

        Raises:
            LookupError: it is no message of theirs.
        """
        channel, _ = self._message_of(user_id, channel_id, ts)
        before = dict(self.workspace.delete_message(channel_id, ts))
        self.changed("message", channel=channel_id, ts=ts)
        told = {"subtype": "message_deleted", "deleted_ts": ts, "previous_message": before}
        await self._tell_message(channel, {"type": "message", "hidden": True, **told})

    def _message_of(self, user_id: str, channel_id: str, ts: str) -> tuple[Channel, Message]:
        channel = self.workspace.channels[channel_id]
        message = channel.messages.get(ts)
        if message is None or message["user"] != user_id:
            raise LookupError(f"{user_id} wrote no message {ts} in {channel.name}")
        return channel, message

    async def invite_bot(self, user_id: str, channel_id: str) -> None:
        """Bring the bot into a conversation."""
        channel, bot = self.workspace.channels[channel_id], self.workspace.bot_user_id
        if bot not in channel.members:
            channel.members.append(bot)
        self.changed("channel", channel=channel_id)
        event = {
            "type": "member_joined_channel",
            "user": bot,
            "inviter": user_id,
            "team": self.workspace.team_id,
        }
        await self._tell(channel, "member_joined_channel", event)

    # Commands, shortcuts, buttons

    async def command(self, user_id: str, channel_id: str, command: str, text: str = "") -> Delivery:
        """Type a slash command; its answer is shown to that person alone, unless it says otherwise."""
        body = {
            "token": "sandbox",
            "team_id": self.workspace.team_id,
            "team_domain": self.workspace.domain,
            "channel_id": channel_id,
            "channel_name": self.workspace.channels[channel_id].name,
            "user_id": user_id,
            "user_name": self.workspace.users[user_id].name,
            "command": command,
            "text": text,
            "api_app_id": self.workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": self.responses.new(user_id, channel_id),
            "trigger_id": self.state.new_trigger(user_id),
        }
        delivery = await self._deliver("slash_commands", body)
        place = Place(user_id, channel_id, "", self.state.clock())
        if delivery.status != 200:
            why = "dispatch_failed" if delivery.status else "operation_timeout"
            self.responses.apply(place, {"text": f"{command} failed with the error \u201c{why}\u201d"})
        elif delivery.body:
            delivery = self._show_ack(place, delivery)
        self.changed("command", channel=channel_id)
        return delivery

    def _show_ack(self, place: Place, delivery: Delivery) -> Delivery:
        try:
            self.responses.apply(place, delivery.answer or {"text": delivery.body})
        except ApiError as error:
            return dataclasses.replace(delivery, problem=str(error))
        return delivery

    async def shortcut(self, user_id: str, channel_id: str, ts: str, callback_id: str) -> Delivery:
        """Choose a shortcut in a message's menu."""
        message = self.workspace.channels[channel_id].messages[ts]
        payload = {
            "type": "message_action",
            "callback_id": callback_id,
            "action_ts": self.workspace.next_ts(),
            "message_ts": ts,
            "message": message,
            "response_url": self.responses.new(user_id, channel_id),
        }
        return await self._interact(user_id, payload, channel_id)

    async def global_shortcut(self, user_id: str, callback_id: str) -> Delivery:
        """Choose a shortcut in the workspace's menu."""
        payload = {"type": "shortcut", "callback_id": callback_id, "action_ts": self.workspace.next_ts()}
        return await self._interact(user_id, payload)

    async def click(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        *,
        block_id: str = "",
        value: Any = None,
        values: dict[str, Any] | None = None,
    ) -> Delivery:
        """Press a button of a message, an ephemeral one too, or choose *value* in a menu of it.

        *values* are what its other fields hold by then, by block id and action id.

        Raises:
            LookupError: there is no such button or option.
        """
        messages = self.workspace.channels[channel_id].messages
        hidden = next((one for one in self.ephemerals(channel_id, user_id) if one["ts"] == ts), None)
        message = hidden or messages[ts]
        blocks = message.get("blocks") or []
        block, element = payloads.find(blocks, action_id, block_id)
        payload = {
            "type": "block_actions",
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": channel_id,
                "is_ephemeral": hidden is not None,
            },
            "actions": [payloads.action(block, element, value, self.workspace.next_ts())],
            "state": payloads.state(blocks, values),
            "response_url": self.responses.new(user_id, channel_id, ts),
            **({} if hidden else {"message": message}),
        }
        return await self._interact(user_id, payload, channel_id)

    async def click_in_view(
        self, user_id: str, action_id: str, *, block_id: str = "", value: Any = None
    ) -> Delivery:
        """Press a button of the open form, or of the Home tab when no form is open.

        Raises:
            LookupError: there is no view, or no such button or option in it.
        """
        view = self.workspace.modals.get(user_id) or self.workspace.homes.get(user_id)
        if view is None:
            raise LookupError("no view is open")
        block, element = payloads.find(view["blocks"], action_id, block_id)
        if block["type"] == "input" and not block.get("dispatch_action"):
            raise LookupError(f"Slack tells nobody of {action_id!r} before the form is sent in")
        done = payloads.action(block, element, value, self.workspace.next_ts())
        if view["type"] == "modal":
            # Slack tells with every action what all fields hold.
            view["state"] = payloads.submitted(view, {})[0]
        if block["type"] == "input" or element["type"] not in ("button", "overflow"):
            held = {
                key: item for key, item in done.items() if key not in ("action_id", "block_id", "action_ts")
            }
            view["state"]["values"].setdefault(block["block_id"], {})[action_id] = held
        container = {"type": "view", "view_id": view["id"]}
        payload = {"type": "block_actions", "container": container, "view": view, "actions": [done]}
        return await self._interact(user_id, payload)

    async def suggest(self, user_id: str, action_id: str, query: str = "", *, block_id: str = "") -> Delivery:
        """Type *query* into a menu of the open form whose options the bot gives; what it offers can be chosen.

        Raises:
            LookupError: no form is open, or it has no such menu.
        """
        view = self.workspace.modals.get(user_id)
        if view is None:
            raise LookupError("no form is open")
        block, element = payloads.find(view["blocks"], action_id, block_id)
        if not element["type"].endswith("external_select"):
            raise LookupError(f"the options of {action_id!r} are not the bot's to give")
        if len(query) < int(element.get("min_query_length", 3)):
            return Delivery(
                0, "", kind="interactive", problem="not sent: Slack's client waits for more letters"
            )
        asked = {
            "type": "block_suggestion",
            "container": {"type": "view", "view_id": view["id"]},
            "view": view,
            "action_id": action_id,
            "block_id": block["block_id"],
            "value": query,
        }
        delivery = await self._interact(user_id, asked, triggers=False)
        options, faults = payloads.offered(delivery.answer)
        if delivery.status == 200 and faults:
            return dataclasses.replace(delivery, problem=str(refuse_arguments(*faults).answer))
        # What was offered before can still be chosen, or stands chosen already.
        self.offered.setdefault((view["id"], block["block_id"]), []).extend(options)
        return delivery

    def _with_offers(self, view: dict[str, Any]) -> dict[str, Any]:
        """Return a form whose menus hold what the bot offered, and nothing else."""
        blocks = []
        for block in view["blocks"]:
            element = block.get("element") or {}
            if str(element.get("type", "")).endswith("external_select"):
                first = [element["initial_option"]] if element.get("initial_option") else []
                options = [*self.offered.get((view["id"], block["block_id"]), []), *first]
                block = {**block, "element": {**element, "options": options}}
            blocks.append(block)
        return {**view, "blocks": blocks}

    # Forms

    def modal(self, user_id: str) -> dict[str, Any] | None:
        """Return the form that a person sees."""
        return self.workspace.modals.get(user_id)

    def home(self, user_id: str) -> dict[str, Any] | None:
        """Return a person's Home tab."""
        return self.workspace.homes.get(user_id)

    def ephemerals(self, channel_id: str, user_id: str) -> list[dict[str, Any]]:
        """Return what only that person was shown in a conversation."""
        return [
            one
            for one in self.workspace.ephemerals
            if one.get("user") == user_id and one["channel"] == channel_id
        ]

    async def submit(self, user_id: str, values: dict[str, Any] | None = None) -> Delivery:
        """Submit the open form; fields that are not named keep what stands in them.

        What Slack's client would refuse is not sent: the delivery has status 0 and the errors as its body.

        Raises:
            LookupError: no form is open, or it has no such field or option.
        """
        view = self.workspace.modals.get(user_id)
        if view is None:
            raise LookupError("no form is open")
        state, wrong = payloads.submitted(self._with_offers(view), values or {})
        view["state"] = state
        if wrong:
            body = json.dumps({"response_action": "errors", "errors": wrong})
            return Delivery(0, body, kind="interactive", problem="not sent: Slack's client refuses it")
        delivery = await self._interact(
            user_id, {"type": "view_submission", "view": view, "response_urls": []}
        )
        if delivery.status == 200:
            try:
                self._answer_form(user_id, view, delivery.answer)
            except ApiError as error:
                delivery = dataclasses.replace(delivery, problem=str(error.answer))
        self.changed("view", user=user_id)
        return delivery

    def _answer_form(self, user_id: str, view: dict[str, Any], answer: dict[str, Any]) -> None:
        """Do with the form what the bot answered.

        Raises:
            ApiError: Slack would not take that answer.
        """
        wanted = answer.get("response_action")
        if wanted == "errors":
            fields = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if not answer.get("errors") or set(answer["errors"]) - fields:
                raise refuse_arguments(f"errors must name fields of the form: {sorted(fields)}")
        elif wanted == "update":
            replace(self.state, view, answer.get("view"))
        elif wanted == "push":
            open_over(self.state, user_id, answer.get("view"))
        elif self.workspace.modals.get(user_id) is view:
            close_top(self.state, user_id, every=wanted == "clear")

    async def close_view(self, user_id: str, *, every: bool = False) -> Delivery | None:
        """Close the form on top, or all; the bot hears of it when the form asks for that."""
        closed = close_top(self.state, user_id, every=every)
        self.changed("view", user=user_id)
        if closed is None or not closed["notify_on_close"]:
            return None
        return await self._interact(user_id, {"type": "view_closed", "view": closed, "is_cleared": every})

    async def open_home(self, user_id: str, tab: str = "home") -> Delivery:
        """Open the app's Home or Messages tab."""
        channel = self.workspace.im_with(user_id)
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": user_id,
            "channel": channel.id,
            "tab": tab,
        }
        view = self.workspace.homes.get(user_id)
        if view is not None and tab == "home":
            event["view"] = view
        return await self.push_event({**event, "event_ts": self.workspace.next_ts()})

    async def stop_stream(self, user_id: str, channel_id: str, thread_ts: str) -> Delivery:
        """Press Stop while the bot is writing in a thread."""
        stopped = []
        for (channel, ts), stream in self.state.streams.items():
            message = self.workspace.channels[channel].messages[ts]
            if channel == channel_id and message.get("thread_ts") == thread_ts:
                stream.stopped_by_user = True
                message["streaming_state"] = "stopped"
                stopped.append(ts)
        event = {
            "type": "agent_session_stopped",
            "channel": channel_id,
            "thread_ts": thread_ts,
            "user": user_id,
        }
        return await self.push_event({**event, "streaming_message_ts": stopped})

    async def set_locale(self, user_id: str, locale: str) -> None:
        """Choose the language that a person sees Slack in, as `nl-NL`."""
        user = self.workspace.users[user_id]
        user.locale = locale
        self.changed("user", user=user_id)
        if "user_change" in self.events:
            await self.push_event({"type": "user_change", "user": user.as_slack()})

    # To the bot

    async def push_event(self, event: dict[str, Any], **envelope: Any) -> Delivery:
        """Send one event of the Events API, whether the app subscribed to it or not."""
        space = self.workspace
        around = payloads.event_envelope(
            space.team_id,
            space.app_id,
            space.bot_user_id,
            event_id=space.new_id("Ev"),
            time_s=int(time.time()),
        )
        return await self._deliver("events_api", {**around, "event": event, **envelope})

    async def deliver_again(self, delivery: Delivery) -> Delivery:
        """Send a delivery once more, as Slack does when it missed the answer."""
        return await self._deliver(delivery.kind, delivery.payload, retries=delivery.retries + 1)

    async def _tell(self, channel: Channel, name: str, event: dict[str, Any]) -> None:
        """Send an event of a conversation, if the bot is in it and asked for such events."""
        if name in self.events and self.workspace.bot_user_id in channel.members:
            told = {**event, "channel": channel.id}
            told.setdefault("event_ts", event.get("ts") or self.workspace.next_ts())
            await self.push_event(told, is_ext_shared_channel=channel.is_ext_shared)

    async def _tell_message(self, channel: Channel, event: dict[str, Any]) -> None:
        told = {**event, "channel_type": TYPE_OF_KIND[channel.kind]}
        told.setdefault("ts", self.workspace.next_ts())
        await self._tell(channel, f"message.{SCOPE_OF_KIND[channel.kind]}", told)

    async def _interact(
        self, user_id: str, payload: dict[str, Any], channel_id: str = "", *, triggers: bool = True
    ) -> Delivery:
        user = self.workspace.users[user_id]
        body: dict[str, Any] = {
            "token": "sandbox",
            "api_app_id": self.workspace.app_id,
            "enterprise": None,
            "is_enterprise_install": False,
            "team": {"id": self.workspace.team_id, "domain": self.workspace.domain},
            "user": {"id": user_id, "username": user.name, "name": user.name, "team_id": user.team_id},
            **({"trigger_id": self.state.new_trigger(user_id)} if triggers else {}),
            **payload,
        }
        if channel_id:
            body["channel"] = {"id": channel_id, "name": self.workspace.channels[channel_id].name}
        return await self._deliver("interactive", body)

    async def _deliver(self, kind: Kind, payload: dict[str, Any], *, retries: int = 0) -> Delivery:
        delivery = await self.deliveries.send(kind, payload, retries=retries)
        self.sent.append(delivery)
        del self.sent[:-DELIVERIES_KEPT]
        self.changed("delivery", type=kind, status=delivery.status)
        return delivery
