"""How the page talks with its server: forms with files in, what came of a delivery out; only for this page."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import BodyPartReader, web

from bot.sandbox import payloads
from bot.sandbox.deliveries import Delivery
from bot.sandbox.slack import BODY_LIMIT_BYTES

Done = dict[str, Any]


def refuse_other_pages(request: web.Request) -> None:
    """Let only this page act: any page in the same browser could send here."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="only the page of this local Slack may do that")


async def read_form(request: web.Request) -> tuple[Done, list[tuple[str, bytes]]]:
    """Return the fields and the files of a form with files."""
    fields: Done = {}
    files: list[tuple[str, bytes]] = []
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest(text="that is no form")
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.filename is not None:
            files.append((Path(part.filename).name or "file", bytes(await part.read())))
            size_bytes = sum(len(content) for _, content in files)
            if size_bytes > BODY_LIMIT_BYTES:
                raise web.HTTPRequestEntityTooLarge(BODY_LIMIT_BYTES, size_bytes)
        elif isinstance(part, BodyPartReader) and part.name:
            fields[part.name] = await part.text()
    return fields, files


def sorry(why: str) -> web.Response:
    """Answer that something cannot be done, and why."""
    return web.json_response({"status": 0, "error": why}, status=400)


def told(delivery: Delivery | None) -> dict[str, Any]:
    """Return what the page needs to know of a delivery."""
    if delivery is None:
        return {"status": 200}
    said: Done = {"status": delivery.status}
    answer = delivery.answer
    offered, _ = payloads.offered(answer)
    if offered:
        said["options"] = offered
    if answer.get("errors"):
        return {**said, "errors": answer["errors"]}
    text = answer.get("text") or (delivery.body if delivery.status == 200 and not answer else "")
    if text:
        said["text"] = text
    if delivery.problem:
        said["error"] = delivery.problem
    elif delivery.status != 200:
        said["error"] = f"the bot answered {delivery.status}"
    return said
