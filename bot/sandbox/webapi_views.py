"""The Web API's methods for forms and the Home tab, and the stack that forms stand on."""

from __future__ import annotations

import copy
from typing import Any

from bot.sandbox.limits import check_blocks, check_message, check_view
from bot.sandbox.webapi_base import Answer, ApiError, Method, State, refuse_arguments

View = dict[str, Any]

STACK = 3


def make_view(
    state: State, given: Any, kind: str, *, old: View | None = None, under: View | None = None
) -> View:
    """Return *given* as Slack keeps it: with ids, in the place of *old* or above *under*.

    Raises:
        ApiError: Slack would not take it.
    """
    if not isinstance(given, dict) or given.get("type") != kind:
        raise refuse_arguments(f"must be a view of type {kind} [json-pointer:/view]")
    faults = check_view(given)
    if any("view_too_large" in line for line in faults):
        raise ApiError("view_too_large")
    if faults:
        raise refuse_arguments(*faults)
    space = state.workspace
    view = copy.deepcopy(given)
    for block in view["blocks"]:
        block.setdefault("block_id", space.new_id("b"))
    view_id = old["id"] if old else space.new_id("V")
    neighbour = old or under
    made: View = {
        "id": view_id,
        "team_id": space.team_id,
        "app_id": space.app_id,
        "bot_id": space.bot_id,
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "state": {"values": {}},
        "root_view_id": neighbour["root_view_id"] if neighbour else view_id,
        "previous_view_id": (old.get("previous_view_id") if old else under["id"] if under else None),
    }
    return {**made, **view, "hash": space.new_id("h")}


def open_over(state: State, user_id: str, given: Any) -> View:
    """Put a form on top of the one that is open.

    Raises:
        ApiError: nothing is open, or three are.
    """
    space = state.workspace
    top = space.modals.get(user_id)
    if top is None:
        raise ApiError("not_found")
    beneath = space.beneath.setdefault(user_id, [])
    if len(beneath) + 1 >= STACK:
        raise ApiError("push_limit_reached")
    view = make_view(state, given, "modal", under=top)
    beneath.append(top)
    space.modals[user_id] = view
    return view


def close_top(state: State, user_id: str, *, every: bool = False) -> View | None:
    """Take the form on top away, or all of them, and return it; what lies beneath is seen again."""
    space = state.workspace
    closed = space.modals.pop(user_id, None)
    beneath = space.beneath.get(user_id, [])
    if every:
        beneath.clear()
    elif beneath:
        space.modals[user_id] = beneath.pop()
    return closed


def replace(state: State, old: View, given: Any) -> View:
    """Put a view in the place of *old*; a field that stays, by its ids, keeps what was filled in."""
    view = make_view(state, given, old["type"], old=old)
    view["state"]["values"] = {
        block["block_id"]: held
        for block in view["blocks"]
        if block["type"] == "input"
        and (held := old["state"]["values"].get(block["block_id"]))
        # Another element in the same block begins anew.
        and list(held) == [block["element"].get("action_id")]
    }
    # In its place in whatever holds it: a stack, or a Home tab.
    old.clear()
    old.update(view)
    return old


def _open(state: State, arguments: Answer) -> Answer:
    view = make_view(state, arguments.get("view"), "modal")
    if view["external_id"] and _find(state, external_id=view["external_id"]):
        raise ApiError("duplicate_external_id")
    user_id = state.redeem(str(arguments.get("trigger_id")))
    state.workspace.beneath.pop(user_id, None)
    state.workspace.modals[user_id] = view
    return {"view": view}


def _push(state: State, arguments: Answer) -> Answer:
    user_id = state.redeem(str(arguments.get("trigger_id")))
    return {"view": open_over(state, user_id, arguments.get("view"))}


def _find(state: State, *, view_id: str = "", external_id: str = "") -> View | None:
    space = state.workspace
    stacks = [[*space.beneath.get(user_id, []), top] for user_id, top in space.modals.items()]
    views = [view for stack in stacks for view in stack] + list(space.homes.values())
    for view in views:
        if (view_id and view["id"] == view_id) or (external_id and view["external_id"] == external_id):
            return view
    return None


def _update(state: State, arguments: Answer) -> Answer:
    names = {name: str(arguments.get(name) or "") for name in ("view_id", "external_id")}
    old = _find(state, **names)
    if old is None:
        raise ApiError("not_found")
    if arguments.get("hash") and arguments["hash"] != old["hash"]:
        raise ApiError("hash_conflict", view=old)
    return {"view": replace(state, old, arguments.get("view"))}


def _publish(state: State, arguments: Answer) -> Answer:
    user_id = str(arguments.get("user_id"))
    if user_id not in state.workspace.users:
        raise ApiError("user_not_found")
    old = state.workspace.homes.get(user_id)
    if old is not None and arguments.get("hash") and arguments["hash"] != old["hash"]:
        raise ApiError("hash_conflict", view=old)
    view = make_view(state, arguments.get("view"), "home", old=old)
    state.workspace.homes[user_id] = view
    return {"view": view}


def _validate(_: State, arguments: Answer) -> Answer:
    given = [name for name in ("blocks", "message", "view") if name in arguments]
    if len(given) != 1:
        raise refuse_arguments("exactly one of blocks, message and view must be given")
    value = arguments[given[0]]
    if given == ["blocks"]:
        faults = check_blocks(value, "message")
    else:
        if not isinstance(value, dict):
            raise refuse_arguments(f"must be an object [json-pointer:/{given[0]}]")
        faults = check_message(value) if given == ["message"] else check_view(value)
    if faults:
        raise ApiError("invalid_blocks", response_metadata={"messages": faults})
    return {}


METHODS: dict[str, Method] = {
    "views.open": Method(_open, a_minute=100),
    "views.push": Method(_push, a_minute=100),
    "views.update": Method(_update, a_minute=100),
    "views.publish": Method(_publish, a_minute=100),
    "blocks.validate": Method(_validate),
}
