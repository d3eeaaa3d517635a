"""The line to Slack that every room shares: it names what goes wrong, and knows whether the token is refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot import TijdwinstError

_TOKEN_FAULTS = {"invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed"}
_TRANSIENT = {
    "ratelimited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    # A stream that was not stopped ends by itself within five minutes.
    "streaming_state_conflict",
    # Ours: no answer, an answer of 500 and more, and a page of a proxy where JSON should be.
    "connection",
    "server",
    "garbled",
}


class SlackError(TijdwinstError):
    """Slack did not take a call; the message names the method and Slack's code, never content.

    Attributes:
        transient: the same call can succeed later.
        token: Slack refuses the token; nothing succeeds until an admin mends that.
    """

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code
        self.transient = code in _TRANSIENT
        self.token = code in _TOKEN_FAULTS

    @property
    def away(self) -> bool:
        """Say whether waiting can help: Slack is down, or refuses the token for now."""
        return self.transient or self.token


@dataclass
class Pulse:
    """When a line to somebody else last worked, and when and how it last failed, since the bot was started.

    Attributes:
        beats: how often it worked.
        misses: how often it failed, by what it was called.
    """

    worked_at: datetime | None = None
    failed_at: datetime | None = None
    fault: str = ""
    beats: int = 0
    misses: Counter[str] = field(default_factory=Counter)

    def beat(self) -> None:
        """Take note that it worked."""
        self.worked_at = datetime.now(UTC)
        self.beats += 1

    def miss(self, fault: str) -> None:
        """Take note that it failed, and how."""
        self.failed_at, self.fault = datetime.now(UTC), fault
        self.misses[fault] += 1


class Wire:
    """Asks Slack through its client.

    Attributes:
        refused: Slack's word for why it refuses our token; empty while it takes it.
        pulse: how the calls went; one that Slack refused for what it asked is no fault of the line.
    """

    def __init__(self) -> None:
        self.refused = ""
        self.pulse = Pulse()
        self._suspected = asyncio.Event()

    async def ask(self, method: str, asked: Awaitable[Any], *, having: str = "") -> Any:
        """Wait for the answer to *asked*, which must hold *having*.

        Raises:
            SlackError: Slack did not take it, or nobody knows whether it did.
        """
        try:
            answer = await asked
        except SlackApiError as error:
            raise self._noted(self._named(method, error)) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._noted(SlackError(method, "connection")) from error
        if having and not answer.get(having):
            raise self._noted(SlackError(method, "garbled"))
        self.pulse.beat()
        return answer

    def _noted(self, error: SlackError) -> SlackError:
        if error.away:
            self.pulse.miss(error.code)
        else:
            # No fault of the line, so nobody is told; counted all the same.
            self.pulse.misses[error.code] += 1
        return error

    def _named(self, method: str, error: SlackApiError) -> SlackError:
        answer = error.response
        if answer.status_code == 429:
            return SlackError(method, "ratelimited")
        if answer.status_code >= 500:
            return SlackError(method, "server")
        named = SlackError(method, (isinstance(answer.data, dict) and answer.data.get("error")) or "garbled")
        if named.token:
            self.suspect(named.code)
        return named

    def suspect(self, code: str) -> None:
        """Take the token for refused until Slack has been asked whether it is."""
        self.refused = code
        self._suspected.set()

    def restore(self) -> None:
        """Take the token for good again."""
        self.refused = ""
        self._suspected.clear()

    async def suspicion(self) -> None:
        """Wait until the token seems to be refused."""
        await self._suspected.wait()


class SocketClient(AsyncWebClient):
    """The client that asks for sockets; it tells whether Slack takes the app-level token.

    The SDK asks again on its own for as long as it takes.
    """

    def __init__(self, told: Callable[[str], None], **options: Any) -> None:
        super().__init__(**options)
        self._told = told

    async def apps_connections_open(self, *, app_token: str, **more: Any) -> AsyncSlackResponse:
        """Ask for a socket's address."""
        try:
            answer = await super().apps_connections_open(app_token=app_token, **more)
        except SlackApiError as error:
            code = error.response.data.get("error") if isinstance(error.response.data, dict) else ""
            if code in (*_TOKEN_FAULTS, "not_allowed_token_type", "missing_scope"):
                self._told(str(code))
            raise
        self._told("")
        return answer
