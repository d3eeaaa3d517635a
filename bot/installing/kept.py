"""The tokens of each workspace: sealed before they are stored, refreshed once by whoever comes first."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.guard import Vault
from bot.records import Records
from bot.records.installations import Installed
from bot.tasks import Identity
from bot.wire import SlackError, Wire

log = logging.getLogger(__name__)

EARLY = timedelta(hours=2)
"""A token lives for twelve hours (https://docs.slack.dev/authentication/using-token-rotation)."""

LEASE = timedelta(seconds=60)
"""Longer than Slack's answer takes."""


@dataclass(frozen=True)
class Kept:
    """Who the bot is in a workspace, and its token there; `refresh_token` is empty where tokens do not end."""

    identity: Identity
    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None


class Keyring:
    """The tokens of all workspaces.

    Args:
        slack: a client without a token.
    """

    def __init__(
        self, records: Records, vault: Vault, *, slack: AsyncWebClient, client_id: str, client_secret: str
    ) -> None:
        self._rows = records.installations
        self._vault = vault
        self._slack = slack
        self._client_id, self._client_secret = client_id, client_secret

    async def teams(self) -> list[str]:
        """Return the workspaces that installed the bot."""
        return await self._rows.teams()

    async def keep(self, kept: Kept) -> None:
        """Keep the tokens of a workspace that has installed the bot."""
        identity = kept.identity
        await self._rows.put(
            Installed(
                team_id=identity.team_id,
                sealed=self._seal(kept.token, kept.refresh_token),
                bot_user_id=identity.bot_user_id,
                bot_id=identity.bot_id,
                team=identity.team,
                url=identity.url,
                scopes=",".join(identity.scopes),
                expires_at=kept.expires_at,
            )
        )

    async def forget(self, team_id: str) -> None:
        """Delete the tokens of a workspace."""
        await self._rows.delete(team_id)

    async def fresh(self, team_id: str, moment: datetime) -> Kept | None:
        """Return the bot in a workspace with a token that is good for a while; None where it is not installed.

        Many may ask at once, also from several processes: one of them refreshes, and the others have the token
        from before, which Slack takes until its own end.
        """
        held = await self._get(team_id)
        if held is None or held[1].expires_at is None or held[1].expires_at - EARLY > moment:
            return held[1] if held else None
        claim = await self._rows.claim_refresh(team_id, moment, early=EARLY, lease=LEASE)
        if claim:
            # Read after the claim: somebody may have refreshed just before it.
            held = await self._get(team_id)
            if held is not None:
                await self._refresh(held[1], moment, claim=claim)
        held = await self._get(team_id)
        return held[1] if held else None

    async def _refresh(self, kept: Kept, moment: datetime, *, claim: str) -> None:
        team_id = kept.identity.team_id
        try:
            answer = await Wire().ask(
                "oauth.v2.access",
                self._slack.oauth_v2_access(
                    client_id=self._client_id,
                    client_secret=self._client_secret,
                    grant_type="refresh_token",
                    refresh_token=kept.refresh_token,
                ),
                having="access_token",
            )
        except SlackError as error:
            log.error("team=%s its token cannot be refreshed: %s", team_id, error)
            if error.transient:
                await self._rows.release_refresh(team_id)
            return
        await self._rows.refreshed(
            team_id,
            claim=claim,
            sealed=self._seal(answer["access_token"], answer.get("refresh_token") or ""),
            expires_at=moment + timedelta(seconds=int(answer.get("expires_in") or 0)),
        )

    async def _get(self, team_id: str) -> tuple[Installed, Kept] | None:
        row = await self._rows.get(team_id)
        opened = self._vault.open(row.sealed) if row is not None else None
        if row is None:
            return None
        if opened is None:
            log.error("team=%s none of SECRET_KEYS opens its token: it has to install the bot again", team_id)
            return None
        tokens = json.loads(opened)
        identity = Identity(
            team_id=row.team_id,
            url=row.url,
            bot_user_id=row.bot_user_id,
            bot_id=row.bot_id,
            team=row.team,
            scopes=tuple(row.scopes.split(",")) if row.scopes else (),
        )
        return row, Kept(identity, tokens["token"], tokens["refresh_token"], row.expires_at)

    def _seal(self, token: str, refresh_token: str) -> str:
        return self._vault.seal(json.dumps({"token": token, "refresh_token": refresh_token}).encode())
