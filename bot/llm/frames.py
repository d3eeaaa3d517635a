"""Amazon's event stream, in which Bedrock sends an answer piece by piece; no network here.

https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html has the frames,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html what stands in them.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterator
from typing import Any

from bot.llm.answers import Kind, LLMError

_PRELUDE = struct.Struct(">III")  # length of the frame, length of its headers, checksum of these two
_CHECKSUM = struct.Struct(">I")
_LARGEST_BYTES = 16 * 1024 * 1024
_TEXT = 7  # the only type of header that is looked at here

_KINDS: dict[str, Kind] = {
    "throttlingException": "busy",
    "internalServerException": "busy",
    "serviceUnavailableException": "busy",
    "modelTimeoutException": "busy",
    "modelStreamErrorException": "busy",
    "validationException": "bad_request",
}


class Frames:
    """Takes bytes as they come and gives events as they are whole."""

    def __init__(self, model_id: str) -> None:
        self._model_id = model_id
        self._held = b""

    def take(self, piece: bytes) -> Iterator[dict[str, Any]]:
        """Yield the events that *piece* completes.

        Raises:
            LLMError: it is no such stream, or it tells of a fault.
        """
        self._held += piece
        while len(self._held) >= _PRELUDE.size:
            length, headers, checksum = _PRELUDE.unpack_from(self._held)
            if checksum != binascii.crc32(self._held[:8]) or not 16 + headers <= length <= _LARGEST_BYTES:
                raise LLMError("unusable", "no event stream", model=self._model_id)
            if len(self._held) < length:
                return
            frame, self._held = self._held[:length], self._held[length:]
            if _CHECKSUM.unpack(frame[-4:])[0] != binascii.crc32(frame[:-4]):
                raise LLMError("unusable", "a damaged event stream", model=self._model_id)
            event = self._event(_texts(frame[12 : 12 + headers]), frame[12 + headers : -4])
            if event is not None:
                yield event

    def _event(self, headers: dict[str, str], payload: bytes) -> dict[str, Any] | None:
        if headers.get(":message-type", "event") != "event":
            told = headers.get(":exception-type") or headers.get(":error-code") or ""
            # What came before it is paid for.
            kind = _KINDS.get(told, "busy")
            raise LLMError(kind, f"in the stream: {told[:80]}", model=self._model_id, maybe_paid=True)
        if headers.get(":event-type") != "chunk":
            return None
        try:
            event = json.loads(base64.b64decode(json.loads(payload)["bytes"]))
        except (ValueError, KeyError, TypeError):
            raise LLMError("unusable", "no event in the stream", model=self._model_id) from None
        return event if isinstance(event, dict) else None


def _texts(headers: bytes) -> dict[str, str]:
    """Read the headers that are texts; Bedrock sends no others."""
    found, at = {}, 0
    while at < len(headers):
        name_ends = at + 1 + headers[at]
        if headers[name_ends] != _TEXT:
            break
        value_begins = name_ends + 3
        value_ends = value_begins + int.from_bytes(headers[name_ends + 1 : value_begins], "big")
        found[headers[at + 1 : name_ends].decode()] = headers[value_begins:value_ends].decode()
        at = value_ends
    return found
