"""The local Web API: which methods there are, what they need, and how often; strict where Slack's documents are."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Iterable
from functools import cache

from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import webapi_files, webapi_rooms, webapi_streams, webapi_talk, webapi_views
from bot.sandbox.webapi_base import SCOPE_OF_KIND, Answer, ApiError, Method, State, refuse_arguments

METHODS: dict[str, Method] = {
    **webapi_rooms.METHODS,
    **webapi_talk.METHODS,
    **webapi_streams.METHODS,
    **webapi_views.METHODS,
    **webapi_files.METHODS,
}

WINDOW_S = 60.0
POST_EVERY_S = 1.0


class RateLimitedError(ApiError):
    """A call that came too soon; the answer is HTTP 429."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("ratelimited")
        self.retry_after_s = retry_after_s


class WebApi:
    """Every method, on one workspace."""

    def __init__(self, state: State, *, scopes: Iterable[str], limits: bool) -> None:
        self.state = state
        self.scopes = set(scopes)
        self.limits = limits
        self.homes = state.workspace.homes
        self.ephemerals = state.workspace.ephemerals
        self._calls: dict[str, deque[float]] = {}
        self._posts: dict[str, float] = {}

    def call(self, name: str, arguments: Answer) -> Answer:
        """Carry out one call, with its decoded arguments.

        Raises:
            RateLimitedError: it came too soon.
            ApiError: Slack would refuse it.
        """
        method = METHODS.get(name)
        if method is None:
            raise ApiError("unknown_method", req_method=name)
        if self.limits:
            self._keep_pace(name, method, arguments)
        # A team that is named is checked by nothing here: there is one.
        given = {key: value for key, value in arguments.items() if key not in ("token", "team_id")}
        unknown = sorted(set(given) - arguments_of(name) - method.also)
        if unknown:
            raise refuse_arguments(f"unknown arguments: {', '.join(unknown)}")
        self._check_scopes(method, given)
        return {"ok": True, **method.work(self.state, given)}

    def _check_scopes(self, method: Method, arguments: Answer) -> None:
        """Refuse what the token was not given the right to."""
        channel = self.state.workspace.channels.get(str(arguments.get("channel")))
        kind = SCOPE_OF_KIND[channel.kind] if channel else ""
        needed = [scope.replace("*", kind) for scope in method.scopes if kind or not scope.startswith("*")]
        if needed and not self.scopes & set(needed):
            provided = ",".join(sorted(self.scopes))
            raise ApiError("missing_scope", needed=",".join(needed), provided=provided)

    def _keep_pace(self, name: str, method: Method, arguments: Answer) -> None:
        """Count a call against its method's tier, and a post against its channel's second."""
        moment = self.state.clock()
        calls = self._calls.setdefault(name, deque())
        while calls and moment - calls[0] >= WINDOW_S:
            calls.popleft()
        if len(calls) >= method.a_minute:
            raise RateLimitedError(WINDOW_S - (moment - calls[0]))
        if name == "chat.postMessage":
            channel_id = str(arguments.get("channel"))
            free_s = self._posts.get(channel_id, moment)
            if free_s > moment:
                raise RateLimitedError(free_s - moment)
            self._posts[channel_id] = moment + POST_EVERY_S
        calls.append(moment)


@cache
def arguments_of(name: str) -> frozenset[str]:
    """Return the arguments that the SDK knows of a method: Slack's own list of them."""
    function = getattr(AsyncWebClient, name.replace(".", "_"))
    named = inspect.signature(function).parameters.values()
    kept = {one.name for one in named if one.kind is one.KEYWORD_ONLY}
    return frozenset(kept)
