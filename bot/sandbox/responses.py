"""The `response_url`s of the local Slack: each takes five answers within half an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sandbox.webapi_base import ApiError, State, is_true
from bot.sandbox.webapi_talk import post, refuse_message, said

USES = 5
LIVES_S = 30 * 60.0


@dataclass
class Place:
    """Where the answers of one address go: to a person in a conversation, about a message if there is one."""

    user_id: str
    channel_id: str
    ts: str
    made_s: float
    uses: int = 0


class Responses:
    """Every address that was given out."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._places: dict[str, Place] = {}

    def new(self, user_id: str, channel_id: str, ts: str = "") -> str:
        """Return an address for answers to what *user_id* did, there."""
        name = self._state.workspace.new_id("r")
        self._places[name] = Place(user_id, channel_id, ts, self._state.clock())
        return f"{self._state.url}/response/{name}"

    def take(self, name: str, answer: Any) -> None:
        """Do what an answer says.

        Raises:
            ApiError: the address is unknown, used up or old, or Slack would not take the message.
        """
        place = self._places.get(name)
        if place is None or self._state.clock() - place.made_s > LIVES_S:
            raise ApiError("expired_url")
        if place.uses >= USES:
            raise ApiError("used_url")
        if not isinstance(answer, dict):
            raise ApiError("invalid_payload")
        place.uses += 1
        self.apply(place, answer)

    def apply(self, place: Place, answer: dict[str, Any]) -> None:
        """Show an answer; the same that the ack of a command may hold.

        Raises:
            ApiError: Slack would not take the message.
        """
        space = self._state.workspace
        if is_true(answer.get("delete_original")):
            self._delete(place)
            return
        refuse_message(answer)
        made = said(self._state, answer)
        if is_true(answer.get("replace_original")) and place.ts:
            self._replace(place, made)
        elif answer.get("response_type") == "in_channel":
            post(self._state, place.channel_id, thread_ts=str(answer.get("thread_ts") or ""), **made)
        else:
            told = {"channel": place.channel_id, "user": place.user_id, "ts": space.next_ts(), **made}
            space.ephemerals.append(told | {"thread_ts": str(answer.get("thread_ts") or "")})

    def _delete(self, place: Place) -> None:
        space = self._state.workspace
        if place.ts in space.channels[place.channel_id].messages:
            space.delete_message(place.channel_id, place.ts)
        space.ephemerals[:] = [one for one in space.ephemerals if one.get("ts") != place.ts]

    def _replace(self, place: Place, made: dict[str, Any]) -> None:
        space = self._state.workspace
        shown = [one for one in space.ephemerals if one.get("ts") == place.ts]
        message = space.channels[place.channel_id].messages.get(place.ts)
        for old in [*shown, *([message] if message else [])]:
            old.pop("blocks", None)
            old.update(made)
