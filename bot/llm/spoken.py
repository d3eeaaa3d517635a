"""What a streamed answer says and costs so far, event by event; no network here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.llm.answers import Usage, well_formed
from bot.llm.prices import tokens


class Spoken:
    """An answer while it is being written.

    Args:
        tell: is handed the whole text so far whenever it grew; must not wait.

    Attributes:
        text: what was written so far, thoughts left out.
        counted: the server has told what all of it costs.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.text = ""
        self.counted = False
        self._tell = tell
        self._message: dict[str, Any] = {}
        self._counts: dict[str, Any] = {}
        self._stop_reason: Any = None

    def take(self, event: Mapping[str, Any]) -> None:
        """Take the next event of the stream; what is none of ours is passed over."""
        kind = event.get("type")
        if kind == "message_start" and isinstance(event.get("message"), dict):
            self._message = event["message"]
            self._count(self._message.get("usage"))
        elif kind == "content_block_start":
            self._grow(event.get("content_block"), "text")
        elif kind == "content_block_delta":
            self._grow(event.get("delta"), "text_delta")
        elif kind == "message_delta":
            delta = event.get("delta")
            self._stop_reason = delta.get("stop_reason") if isinstance(delta, dict) else None
            self.counted = self._count(event.get("usage"))

    def _grow(self, piece: Any, kind: str) -> None:
        if not isinstance(piece, dict) or piece.get("type") != kind or not isinstance(piece.get("text"), str):
            return
        self.text += piece["text"]
        if piece["text"] and self._tell is not None:
            self._tell(well_formed(self.text))

    def _count(self, counts: Any) -> bool:
        if not isinstance(counts, dict):
            return False
        self._counts |= {name: count for name, count in counts.items() if count is not None}
        return True

    @property
    def model(self) -> str:
        """The model's own name for itself; empty before it has spoken."""
        return well_formed(str(self._message.get("model", "")))

    @property
    def usage(self) -> Usage | None:
        """What a broken answer is known to have used; None before the server began to answer.

        What was read is known from the first event on. What was written is told with the last one only, so
        it is unknown before, and the price with it.
        """
        if not self._message:
            return None
        read, written = (tokens(self._counts, f"cache_{way}_input_tokens") for way in ("read", "creation"))
        return Usage(
            input_tokens=tokens(self._counts, "input_tokens") + read + written,
            output_tokens=None,
            cache_read_tokens=read,
            cache_write_tokens=written,
        )

    def message(self) -> dict[str, Any]:
        """Return the message that the events make up, as the server sends one in one piece."""
        if not self._message:
            return {}
        content = [{"type": "text", "text": self.text}]
        told = {"content": content, "stop_reason": self._stop_reason, "usage": self._counts}
        return {**self._message, **told}
