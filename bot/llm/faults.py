"""One name for each way in which a call fails, without a word of what was asked or answered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from bot.llm.answers import Kind, LLMError


def name_fault(error: Exception, model_id: str) -> LLMError:
    """Name what went wrong.

    The vendor's own message stays out: it may quote the request. Codes before texts, as the vendor asks
    (https://platform.claude.com/docs/en/api/errors); only a prompt that is too long has no code.
    """
    import anthropic

    if not isinstance(error, anthropic.APIStatusError):
        cause = f" from {type(error.__cause__).__name__}" if error.__cause__ else ""
        return LLMError("busy", type(error).__name__ + cause, model=model_id)
    status, type_, code = error.status_code, str(error.type or ""), error.error_code or ""
    kind: Kind = "bad_request"
    if status == 402 or type_ == "billing_error" or "spend_limit" in code or "billing" in code:
        kind = "credit"
    elif status in (401, 403):
        kind = "key"
    elif status == 413 or (error.api_message or "").startswith("prompt is too long"):
        kind = "too_long"
    elif status in (408, 409, 429, 499) or status >= 500:
        kind = "busy"
    return LLMError(
        kind,
        " ".join(filter(None, [f"HTTP {status}", type_, code])),
        model=model_id,
        retry_after_s=retry_after_s(error.response.headers),
        request_id=error.request_id or "",
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `retry-after-ms`, else `retry-after` as a number or a date; in seconds from now, None without."""
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / divisor
        except ValueError:
            continue
        return seconds if 0 <= seconds < math.inf else None
    try:
        then = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, (then - datetime.now(then.tzinfo)).total_seconds())
