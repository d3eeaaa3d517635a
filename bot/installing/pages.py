"""The pages by which somebody installs the bot in their workspace: Bolt's flow, with what it keeps in the records."""

from __future__ import annotations

import html
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import aiohttp
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.installing.kept import Kept, Keyring
from bot.records import Records
from bot.tasks import Identity, Language
from bot.texts import text
from bot.wire import SlackError, Wire

log = logging.getLogger(__name__)

STATE_LIVES = timedelta(minutes=10)
STYLE = "font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem"
REASONS = ("access_denied", "invalid_browser", "invalid_state", "org")


class _States(AsyncOAuthStateStore):
    """Who began to install, in the records, so that any replica may take them back."""

    def __init__(self, records: Records) -> None:
        self._rows = records.installations

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        """Return a new state; it may be used once within ten minutes."""
        state = secrets.token_urlsafe(32)
        await self._rows.add_state(state, expires_at=datetime.now(UTC) + STATE_LIVES)
        return state

    async def async_consume(self, state: str) -> bool:
        """Use a state up; False when it is none of ours any more."""
        return await self._rows.use_state(state)


class _Store(AsyncInstallationStore):
    """Takes what Slack granted; everything else that a store can do is done by the keyring."""

    def __init__(self, keyring: Keyring, slack: AsyncWebClient) -> None:
        self._keyring = keyring
        self._slack = slack

    async def async_save(self, installation: Installation) -> None:
        """Keep the bot token of a workspace, sealed; people's own tokens are not asked for.

        Raises:
            BoltError: it is the installation of a whole organisation, or Slack does not tell whose token it is.
        """
        if installation.is_enterprise_install or not installation.team_id or not installation.bot_token:
            raise BoltError("org")
        try:
            # Bolt has asked the same, and does not hand on the workspace's address.
            asked = self._slack.auth_test(token=installation.bot_token)
            answer = await Wire().ask("auth.test", asked, having="team_id")
        except SlackError as error:
            raise BoltError(str(error)) from error
        ends_s = installation.bot_token_expires_at
        identity = Identity(
            team_id=installation.team_id,
            url=str(answer.get("url") or "https://slack.com/"),
            bot_user_id=installation.bot_user_id or answer["user_id"],
            bot_id=installation.bot_id or "",
            team=installation.team_name or "",
            scopes=tuple(installation.bot_scopes or ()),
        )
        kept = Kept(
            identity,
            installation.bot_token,
            installation.bot_refresh_token or "",
            datetime.fromtimestamp(ends_s, UTC) if ends_s else None,
        )
        await self._keyring.keep(kept)


class Pages:
    """The two pages: one sends the browser to Slack, one takes it back.

    Args:
        slack: a client without a token.
        installed: told of a workspace once its tokens are kept.
    """

    def __init__(
        self,
        records: Records,
        keyring: Keyring,
        *,
        slack: AsyncWebClient,
        client_id: str,
        client_secret: str,
        scopes: Sequence[str],
        language: Language,
        installed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._language = language
        self._installed = installed
        self._flow = AsyncOAuthFlow(
            client=slack,
            logger=log,
            settings=AsyncOAuthSettings(
                client_id=client_id,
                client_secret=client_secret,
                scopes=sorted(scopes),
                authorization_url=urljoin(slack.base_url, "../oauth/v2/authorize"),
                install_page_rendering_enabled=False,
                installation_store=_Store(keyring, slack),
                state_store=_States(records),
                state_expiration_seconds=int(STATE_LIVES.total_seconds()),
                callback_options=AsyncCallbackOptions(success=self._done, failure=self._failed),
            ),
        )

    async def begin(self, request: AsyncBoltRequest) -> BoltResponse:
        """Send the browser to Slack, which asks whether the bot may come in."""
        return await self._flow.handle_installation(request)

    async def end(self, request: AsyncBoltRequest) -> BoltResponse:
        """Take the browser back with what Slack granted, or did not."""
        try:
            return await self._flow.handle_callback(request)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the bot was not installed: %s", type(error).__name__)
            return self._page(502, text("install.other", self._language), again=True)

    async def _done(self, told: AsyncSuccessArgs) -> BoltResponse:
        team_id = told.installation.team_id or ""
        log.info("team=%s installed the bot", team_id)
        await self._installed(team_id)
        team = told.installation.team_name or team_id
        return self._page(200, text("install.done", self._language, team=html.escape(team)), again=False)

    async def _failed(self, told: AsyncFailureArgs) -> BoltResponse:
        reason = str(told.error) if told.error is not None else told.reason
        log.warning("the bot was not installed: %s", reason)
        key = reason if reason in REASONS else "other"
        return self._page(told.suggested_status_code, text(f"install.{key}", self._language), again=True)

    def _page(self, status: int, sentence: str, *, again: bool) -> BoltResponse:
        link = f'<p><a href="/slack/install">{text("install.again", self._language)}</a></p>' if again else ""
        body = (
            f'<!DOCTYPE html><html lang="{self._language}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Tijdwinst</title>'
            '<meta name="color-scheme" content="light dark">'
            f'<body style="{STYLE}">'
            f"<h1>Tijdwinst</h1><p>{sentence}</p>{link}</body></html>"
        )
        headers: dict[str, str | Sequence[str]] = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            # The cookie has done its work.
            "Set-Cookie": self._flow.settings.state_utils.build_set_cookie_for_deletion(),
        }
        return BoltResponse(status=status, body=body, headers=headers)
