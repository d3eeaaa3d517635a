"""Pictures by their first bytes: which of the kinds that the model takes, and how large one may be."""

from __future__ import annotations

PICTURES = ("png", "jpg", "jpeg", "gif", "webp")
"""The endings of the kinds that the Messages API takes: https://docs.claude.com/en/docs/build-with-claude/vision"""

LARGEST_PICTURE_BYTES = 5 * 1024 * 1024 * 3 // 4
"""The API takes 5 MB of base64, which is a third longer than what it writes."""


def picture_type(content: bytes) -> str:
    """Return the media type that a picture's first bytes show; empty when the model takes none like it."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return ""
