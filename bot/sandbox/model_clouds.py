"""The local model as Amazon Bedrock and Google Vertex AI offer one: other addresses, other frames, the same answers."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bot.sandbox.model_faults import BODY, FAULT, Fault, Pace, events, write
from bot.sandbox.model_rules import RefusedError, count_tokens

_BEDROCK = re.compile(r"/model/(?P<model>[^/]+)/(?P<verb>invoke|invoke-with-response-stream)")
_VERTEX = re.compile(
    r"/projects/[^/]+/locations/[^/]+/publishers/anthropic/models/"
    r"(?P<model>[^/:]+):(?P<verb>rawPredict|streamRawPredict)"
)
_COUNT = "count-tokens"
_BEDROCK_ID = re.compile(r"(?:(?:eu|us|apac|global)\.)?anthropic\.(claude-[a-z0-9-]+?)(?:-v\d+:\d+)?")
_FAULT_AT = 0.5  # of a stream that breaks off in between, this part is sent

Answering = Callable[[dict[str, Any], Fault | None], Awaitable[dict[str, Any]]]


def cloud_of(path: str) -> str:
    """Return whose address *path* is: `bedrock`, `vertex`, or an empty text for Anthropic's own."""
    path = unquote(path)
    return "bedrock" if _BEDROCK.fullmatch(path) else "vertex" if _VERTEX.fullmatch(path) else ""


def asks_for_a_message(path: str) -> bool:
    """Say whether a request to *path* costs something."""
    return bool(cloud_of(path)) and f"/{_COUNT}:" not in path


class Clouds:
    """The addresses of both clouds.

    Args:
        answer: writes the message for a request's body.
        check: raises when the API would not take a body, whose tokens are to be counted.
        token: what a service account gets for its signature.
    """

    def __init__(
        self, answer: Answering, check: Callable[[dict[str, Any]], None], *, token: Callable[[], str]
    ) -> None:
        self._answer = answer
        self._check = check
        self._token = token

    def add_to(self, app: web.Application) -> None:
        """Add the addresses."""
        app.router.add_post("/model/{model}/{verb}", self._bedrock)
        app.router.add_post(
            "/projects/{project}/locations/{region}/publishers/anthropic/models/{call}", self._vertex
        )

    def token(self, request: web.Request) -> web.Response:
        """Give a service account its token, as https://oauth2.googleapis.com/token does."""
        return web.json_response({"access_token": self._token(), "expires_in": 3600, "token_type": "Bearer"})

    async def _bedrock(self, request: web.Request) -> web.StreamResponse:
        found = _BEDROCK.fullmatch(unquote(request.path))
        if found is None or (known := _BEDROCK_ID.fullmatch(found["model"])) is None:
            raise RefusedError(400, "validation_error", "The provided model identifier is invalid.")
        streamed = found["verb"] != "invoke"
        body = _plain(request[BODY], model=known[1], refused=("stream", "model")) | {"stream": streamed}
        fault: Fault | None = request[FAULT]
        message = await self._answer(body, fault)
        headers = {"x-amzn-requestid": message["id"]}
        if streamed:
            return await _write_frames(request, message, fault=fault, headers=headers)
        return await write(request, message, stream=False, fault=fault, pace=Pace(0.0, 0.0), headers=headers)

    async def _vertex(self, request: web.Request) -> web.StreamResponse:
        found = _VERTEX.fullmatch(unquote(request.path))
        if found is None:
            raise RefusedError(404, "not_found_error", "Not found")
        if found["model"] == _COUNT:
            body = _plain(request[BODY], model=str(request[BODY].get("model")), refused=())
            self._check(body)
            return web.json_response({"input_tokens": count_tokens(body)})
        body = _plain(request[BODY], model=found["model"].partition("@")[0], refused=("model",))
        streamed = found["verb"] == "streamRawPredict"
        if streamed != bool(body.get("stream")):
            raise RefusedError(400, "invalid_request_error", "stream: does not fit the method")
        fault: Fault | None = request[FAULT]
        message = await self._answer(body, fault)
        return await write(
            request,
            message,
            stream=streamed,
            fault=fault,
            pace=Pace(0.0, 0.0),
            headers={"request-id": message["id"]},
        )


def _plain(body: dict[str, Any], *, model: str, refused: tuple[str, ...]) -> dict[str, Any]:
    """Return what Anthropic's own address would have got.

    Raises:
        RefusedError: the version is missing, or something stands in the body that the address says.
    """
    if "anthropic_version" not in body:
        raise RefusedError(400, "invalid_request_error", "anthropic_version: Field required")
    for name in refused:
        if name in body:
            raise RefusedError(400, "invalid_request_error", f"{name}: Extra inputs are not permitted")
    own = {name: value for name, value in body.items() if name not in ("anthropic_version", "anthropic_beta")}
    return {**own, "model": model}


async def _write_frames(
    request: web.Request, message: Mapping[str, Any], *, fault: Fault | None, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Write *message* in Amazon's frames; one that breaks off tells of it in a frame of its own."""
    pieces = [_chunk(event) for event in events(message)]
    if fault is not None and fault.kind == "error_mid":
        pieces = [
            *pieces[: int(len(pieces) * _FAULT_AT)],
            _exception("throttlingException", "Too many requests"),
        ]
    elif fault is not None and fault.kind == "garbled":
        pieces[1] = pieces[1][:-1] + bytes([pieces[1][-1] ^ 0xFF])
    response = web.StreamResponse(headers=dict(headers))
    response.content_type = "application/vnd.amazon.eventstream"
    await response.prepare(request)
    sent = b"".join(pieces)
    # In pieces that end anywhere, as a network gives them.
    for at in range(0, len(sent), 100):
        await response.write(sent[at : at + 100])
    await response.write_eof()
    return response


def _chunk(event: Mapping[str, Any]) -> bytes:
    payload = {"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abcdefgh"}
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return _frame(headers, json.dumps(payload).encode())


def _exception(kind: str, told: str) -> bytes:
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return _frame(headers, json.dumps({"message": told}).encode())


def _frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return one frame: lengths and their checksum, headers, payload, checksum of it all."""
    told = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    begins = struct.pack(">II", 16 + len(told) + len(payload), len(told))
    begins += struct.pack(">I", binascii.crc32(begins))
    whole = begins + told + payload
    return whole + struct.pack(">I", binascii.crc32(whole))
