"""What the Messages API says of pictures: their kinds, sizes and tokens (docs.claude.com, vision); pure."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Mapping
from typing import Any

LARGEST_BASE64 = 5 * 1024 * 1024
LARGEST_SIDE = 8_000
MOST_TOKENS = 1_600
PIXELS_A_TOKEN = 750

_STARTS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}


def fault(block: Mapping[str, Any]) -> str:
    """Return what the API would say is wrong with an image block; empty when it takes it."""
    source = block.get("source")
    if not isinstance(source, dict):
        return "source: Field required"
    if source.get("type") != "base64":
        return (
            ""
            if source.get("type") in ("url", "file")
            else "source.type: Input should be 'base64', 'url' or 'file'"
        )
    media_type, data = source.get("media_type"), source.get("data")
    if media_type not in _STARTS:
        return f"source.base64.media_type: Input should be {', '.join(_STARTS)}"
    if not isinstance(data, str) or not data:
        return "source.base64.data: Field required"
    if len(data) > LARGEST_BASE64:
        return f"source.base64: image exceeds 5 MB maximum: {len(data)} bytes > {LARGEST_BASE64} bytes"
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        return "source.base64.data: invalid base64 data"
    if not content.startswith(_STARTS[media_type]):
        return f"source.base64.data: the image does not match the media type {media_type}"
    if max(size(content)) > LARGEST_SIDE:
        return f"source.base64.data: image dimensions exceed max allowed size: {LARGEST_SIDE} pixels"
    return ""


def tokens(block: Mapping[str, Any]) -> int:
    """Return about how many tokens a picture takes; the most for one whose size is not known here."""
    source = block.get("source")
    data = source.get("data") if isinstance(source, dict) and source.get("type") == "base64" else None
    if not isinstance(data, str):
        return MOST_TOKENS
    width, height = size(base64.b64decode(data))
    return min(MOST_TOKENS, math.ceil(width * height / PIXELS_A_TOKEN)) or MOST_TOKENS


def size(content: bytes) -> tuple[int, int]:
    """Return width and height in pixels, as a PNG or GIF begins with them; 0 and 0 for the other kinds."""
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
    elif content.startswith(b"GIF8") and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
    else:
        return 0, 0
    return int(width), int(height)
