"""One name for each way in which a call fails, without a word of what was asked or answered."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.llm.answers import Kind, LLMError

# https://platform.claude.com/docs/en/api/errors
_STATUSES = {
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def name_fault(error: Exception, model_id: str) -> LLMError:
    """Name what went wrong.

    The vendor's own message stays out: it may quote the request. Codes before texts, as the vendor asks
    (https://platform.claude.com/docs/en/api/errors); only a prompt that is too long, and a
    balance that is too low, have none.
    """
    import anthropic

    if type(error).__module__.startswith("google.auth"):
        # The account's file is refused, or Google cannot be asked; the error itself may quote the answer.
        passing = bool(getattr(error, "retryable", False)) or type(error).__name__ == "TransportError"
        return LLMError("busy" if passing else "key", type(error).__name__, model=model_id)
    if not isinstance(error, anthropic.APIStatusError):
        cause = f" from {type(error.__cause__).__name__}" if error.__cause__ else ""
        unsendable = _is_unsendable(error.__cause__ or error)
        return LLMError(
            "bad_request" if unsendable else "busy",
            type(error).__name__ + cause,
            model=model_id,
            maybe_paid=not (unsendable or _never_sent(error.__cause__ or error)),
        )
    # Whatever answers may write anything there: the SDK checks no types.
    status, type_, code = error.status_code, _label(error.type), _label(error.error_code)
    told = str(error.api_message).lower()
    if status == 200:
        # An error inside a stream that began well: only its type tells what it would have been.
        status = _STATUSES.get(type_, status)
    kind: Kind = "bad_request"
    if status == 402 or type_ == "billing_error" or "spend_limit" in code or "billing" in code:
        kind = "credit"
    elif status == 400 and told.startswith("your credit balance is too low"):
        # Older versions of the API have no code for it, and an admin must hear of it all the same.
        kind = "credit"
    elif status in (401, 403):
        kind = "key"
    elif status == 404:
        kind = "model"
    elif status == 413 or told.startswith(("prompt is too long", "input is too long")):
        kind = "too_long"
    elif status in (408, 409, 424, 429, 499) or (status >= 500 and status != 501):
        # 501 says that the server cannot do this at all (RFC 9110, 15.6.2), so it is no use to wait.
        kind = "busy"
    return LLMError(
        kind,
        " ".join(filter(None, [f"HTTP {status}", type_, code])),
        model=model_id,
        retry_after_s=retry_after_s(error.response.headers),
        request_id=error.request_id or "",
        # Who waited too long gets no answer, and perhaps a bill; an error inside a stream came after a part of one.
        maybe_paid=error.status_code in (200, 408, 499, 504),
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
    except (ValueError, OverflowError):
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


def _is_unsendable(error: BaseException) -> bool:
    """Say whether it was the request or the address that failed: sending it again would change nothing."""
    import httpx2

    garbled = (json.JSONDecodeError, UnicodeDecodeError)
    unsendable = (ValueError, httpx2.InvalidURL, httpx2.UnsupportedProtocol)
    return isinstance(error, unsendable) and not isinstance(error, garbled)


def _never_sent(error: BaseException) -> bool:
    """Say whether there was no connection to send it over."""
    import httpx2

    return isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)


def _label(told: object) -> str:
    """Take a server's word for what went wrong if it is a word; anything longer could quote the request."""
    return told if isinstance(told, str) and told.isidentifier() and len(told) < 80 else ""
