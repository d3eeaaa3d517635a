"""Files from Slack: looked up, checked for the asker's right to them, and fetched from Slack's own host alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.context.conversations import Context
from bot.reading import (
    LARGEST_FILE_BYTES,
    LARGEST_PICTURE_BYTES,
    PICTURES,
    Content,
    FileError,
    kind_of,
    picture_type,
    read_apart,
)
from bot.tasks import UserError
from bot.wire import SlackError, Wire

FILE_HOST = "files.slack.com"
SLACK_API = "https://slack.com/api/"
WITHIN_S = 30.0
MOST_REDIRECTS = 3
CHUNK_BYTES = 65_536

_GONE = ("file_not_found", "file_deleted", "not_visible", "access_denied")


@dataclass(frozen=True)
class Found:
    """A file that the asker may read.

    Attributes:
        kind: how it is read: `sheet`, `json`, `text`, `picture`; empty when we cannot.
        link: where people see it in Slack.
    """

    id: str
    name: str
    kind: str
    size: int
    address: str
    link: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture as the model takes it."""

    name: str
    media_type: str
    content: bytes


class Files:
    """Fetches what the asker may read, and nothing else."""

    def __init__(self, client: AsyncWebClient, wire: Wire, context: Context) -> None:
        self._client = client
        self._ask = wire.ask
        self._context = context

    async def look(self, file_id: str, *, user_id: str, channel_id: str = "") -> Found:
        """Return what *file_id* is, if *user_id* may read it at this moment.

        Who uploaded it may; so may who may read the conversation *channel_id*, if it was shared there.

        Raises:
            UserError: the asker may not read it, it is gone, or it stands elsewhere; or we have no right to files.
            SlackError: Slack does not tell.
        """
        try:
            told = (await self._ask("files.info", self._client.files_info(file=file_id))).get("file") or {}
        except SlackError as error:
            if error.code == "missing_scope":
                raise UserError("file.no-scope") from error
            if error.code in _GONE:
                raise UserError("file.gone") from error
            raise
        name = shown_name(told)
        if told.get("user") != user_id or told.get("id") != file_id:
            await self._check_shared(told, user_id, channel_id)
        if told.get("mode") == "tombstone":
            raise UserError("file.gone")
        if told.get("is_external") or told.get("mode") == "external":
            raise UserError("file.elsewhere", name=name)
        address = told.get("url_private_download") or told.get("url_private") or ""
        link = str(told.get("permalink") or "")
        return Found(file_id, name, _kind(told), int(told.get("size") or 0), str(address), link)

    async def is_gone(self, file_id: str) -> bool:
        """Say whether Slack has no such file any more, or shows it to us no more.

        Raises:
            SlackError: Slack does not tell.
        """
        try:
            told = (await self._ask("files.info", self._client.files_info(file=file_id))).get("file") or {}
        except SlackError as error:
            if error.code in _GONE:
                return True
            raise
        return told.get("mode") == "tombstone"

    async def _check_shared(self, told: dict[str, Any], user_id: str, channel_id: str) -> None:
        shared = {one for key in ("channels", "groups", "ims") for one in told.get(key) or []}
        if not channel_id or channel_id not in shared:
            raise UserError("file.not-yours")
        await self._context.check_may_read(channel_id, user_id)

    async def read(self, found: Found, content: bytes | None = None) -> Content:
        """Return what stands in a file of words or figures; *content* is what was fetched of it already.

        Raises:
            UserError: it cannot be read; the sentence names the file and what can be.
            SlackError: Slack is away.
        """
        if found.kind in ("", "picture"):
            raise UserError("file.kind", name=found.name)
        content = await self._fetch(found, LARGEST_FILE_BYTES) if content is None else content
        try:
            return await asyncio.to_thread(read_apart, content, found.kind)
        except FileError as error:
            raise UserError(f"file.{error.kind}", name=found.name) from error

    async def fetch(self, found: Found) -> bytes:
        """Return the bytes of a file.

        Raises:
            UserError: it is too large, or Slack does not give it.
            SlackError: Slack is away.
        """
        return await self._fetch(found, LARGEST_FILE_BYTES)

    async def picture(self, found: Found) -> Picture:
        """Return a picture.

        Raises:
            UserError: it is none that the model takes, or too large.
            SlackError: Slack is away.
        """
        if found.kind != "picture":
            raise UserError("file.no-picture", name=found.name)
        if found.size > LARGEST_PICTURE_BYTES:
            raise UserError("file.picture-too-large", name=found.name)
        content = await self._fetch(found, LARGEST_PICTURE_BYTES)
        media_type = picture_type(content)
        if not media_type:
            raise UserError("file.no-picture", name=found.name)
        return Picture(found.name, media_type, content)

    async def _fetch(self, found: Found, most_bytes: int) -> bytes:
        if found.size > most_bytes:
            raise UserError("file.too-large", name=found.name)
        address = found.address
        try:
            async with asyncio.timeout(WITHIN_S):
                for _ in range(MOST_REDIRECTS + 1):
                    if not is_slacks_own(address, self._client.base_url):
                        raise UserError("file.elsewhere", name=found.name)
                    content, address = await self._get(found, address, most_bytes)
                    if content is not None:
                        return content
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SlackError("files.download", "connection") from error
        raise UserError("file.not-given", name=found.name)

    async def _get(self, found: Found, address: str, most_bytes: int) -> tuple[bytes | None, str]:
        """Return the bytes behind *address*, or where it sends us on to."""
        session = self._client.session
        if session is None:
            raise SlackError("files.download", "connection")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        async with session.get(address, headers=headers, allow_redirects=False) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                return None, urljoin(address, answer.headers.get("Location", ""))
            if answer.status == 429 or answer.status >= 500:
                raise SlackError("files.download", "ratelimited" if answer.status == 429 else "server")
            # Slack answers who may not read a file with its sign-in page, and calls that a success.
            is_page = answer.content_type == "text/html"
            if answer.status != 200 or (is_page and found.kind != "html"):
                raise UserError("file.not-given", name=found.name)
            got = bytearray()
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                got += chunk
                if len(got) > most_bytes:
                    raise UserError("file.too-large", name=found.name)
        # An HTML file is as long as Slack said; its sign-in page is not.
        if is_page and len(got) != found.size:
            raise UserError("file.not-given", name=found.name)
        return bytes(got), ""


def is_slacks_own(address: str, api_url: str) -> bool:
    """Say whether our token may go to *address*: Slack's file host over https, or the host of *api_url* when set."""
    try:
        parts = urlsplit(address)
        if parts.username is not None or parts.password is not None:
            return False
        if api_url == SLACK_API:
            return (parts.scheme, parts.hostname) == ("https", FILE_HOST) and parts.port in (None, 443)
        return _origin(parts) == _origin(urlsplit(api_url))
    except ValueError:
        return False


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def shown_name(told: dict[str, Any]) -> str:
    """Return a file's name as people may read it in a sentence of ours."""
    name = " ".join(str(told.get("name") or told.get("title") or "?").split())
    return name.translate({ord(one): None for one in "<>&`*_~"})[:80] or "?"


def _kind(told: dict[str, Any]) -> str:
    name, filetype = str(told.get("name") or ""), str(told.get("filetype") or "")
    ending = name.rpartition(".")[2].casefold()
    if ending in PICTURES or filetype in PICTURES:
        return "picture"
    return kind_of(name, filetype)
