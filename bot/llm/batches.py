"""Many requests at once, at half the price: the Message Batches API, where the server has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.llm.answers import Answer, Kind, LLMError, object_in, read_answer
from bot.llm.client import LLM, Tier, _arguments
from bot.llm.prices import tokens

WITHIN_S = 120.0
"""For one call about a batch: its requests, or its results, are megabytes."""

CLOCK_MARGIN = timedelta(minutes=10)  # our clock and the server's need not agree
PAGE = 100
MOST_PAGES = 10

_NO_BATCHES: tuple[Kind, ...] = ("bad_request", "model", "unusable")
"""How a server without batches answers to their address: 404, 405, 501, 400, or a page of its own."""

_UNKNOWN: tuple[Kind, ...] = ("bad_request", "model")
"""How a server answers about a batch that it does not know, or no more; a page of a proxy says nothing of it."""

_KINDS: dict[str, Kind] = {
    "invalid_request_error": "bad_request",
    "not_found_error": "model",
    "authentication_error": "key",
    "permission_error": "key",
    "billing_error": "credit",
    "request_too_large": "too_long",
}


@dataclass(frozen=True)
class Question:
    """One request of a batch; `custom_id`: 1 to 64 of A-Z a-z 0-9 _ -."""

    custom_id: str
    system: tuple[str, ...]
    user: str


@dataclass(frozen=True)
class Batch:
    """Where a batch stands; `done` of its `requests` have an end."""

    id: str
    ended: bool
    requests: int
    done: int


class Batches:
    """The batches of one server."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    async def send(
        self, questions: Sequence[Question], *, model: Tier, max_tokens: int, effort: str = "low"
    ) -> Batch | None:
        """Send *questions* as one batch; None when the server takes none.

        Raises:
            LLMError: it may have been taken all the same: `find` tells.
        """
        if not self._llm.route.takes_batches:
            return None
        model_id = self._llm.models[model]
        config = {"output_config": {"effort": effort}} if effort else {}
        requests: list[dict[str, Any]] = [
            {
                "custom_id": one.custom_id,
                "params": {
                    **_arguments(model_id, one.system, one.user),
                    "max_tokens": max_tokens,
                    **config,
                },
            }
            for one in questions
        ]
        try:
            async with self._llm._guarded(model_id, WITHIN_S) as client:
                create: Any = client.messages.batches.with_raw_response.create
                raw = await create(requests=requests, timeout=WITHIN_S)
                body = object_in(await raw.text(), model_id)
        except LLMError as error:
            # What is wrong with a row, the row will tell.
            if error.kind in _NO_BATCHES:
                return None
            raise
        return _batch(body) if body.get("id") else None

    async def look(self, batch_id: str) -> Batch | None:
        """Return where a batch stands; None when the server knows it no more.

        Raises:
            LLMError: the server does not tell.
        """
        try:
            async with self._llm._guarded("", WITHIN_S) as client:
                raw = await client.messages.batches.with_raw_response.retrieve(batch_id, timeout=WITHIN_S)
                return _batch(object_in(await raw.text(), ""))
        except LLMError as error:
            if error.kind in _UNKNOWN:
                return None
            raise

    async def results(self, batch_id: str) -> list[tuple[str, Answer | LLMError]] | None:
        """Return what each request of a batch that has ended came to, by its `custom_id`; None when it is no more kept.

        Raises:
            LLMError: the server does not give them.
        """
        try:
            async with self._llm._guarded("", WITHIN_S) as client:
                # The SDK's own reader checks nothing and drops what is no JSON; these lines are money.
                raw: Any = await client.get(
                    f"/v1/messages/batches/{batch_id}/results", cast_to=str, options={"timeout": WITHIN_S}
                )
        except LLMError as error:
            if error.kind in _UNKNOWN:
                return None
            raise
        found = []
        for line in str(raw).splitlines():
            if line.strip():
                told = object_in(line, "")
                found.append((str(told.get("custom_id", "")), _result(told.get("result") or {})))
        return found

    async def cancel(self, batch_id: str) -> None:
        """Ask that nothing more of a batch is answered; what was is still given, and paid.

        Raises:
            LLMError: the server does not take it: the batch ended meanwhile, say.
        """
        async with self._llm._guarded("", WITHIN_S) as client:
            await client.messages.batches.with_raw_response.cancel(batch_id, timeout=WITHIN_S)

    async def find(self, mark: str, *, since: datetime, requests: int, known: set[str]) -> Batch | None:
        """Return the batch whose requests are called `{mark}-…`, sent *since* a moment; None when there is none.

        Whoever was stopped between sending a batch and keeping its name finds it here, so that it is not paid
        twice. The list of batches names no requests, so one of the same size that nobody knows is the one until
        its results say otherwise; until it has ended it is waited for.

        Args:
            known: batches that are somebody else's, by id.

        Raises:
            LLMError: the server does not tell.
        """
        for listed in await self._listed(since - CLOCK_MARGIN):
            batch = _batch(listed)
            if batch.id in known or batch.requests != requests:
                continue
            looked = await self.look(batch.id)
            if looked is None:
                continue
            if not looked.ended:
                return looked
            results = await self.results(batch.id)
            if results and results[0][0].startswith(f"{mark}-"):
                return looked
        return None

    async def _listed(self, since: datetime) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        for _ in range(MOST_PAGES):
            page: dict[str, Any] = {"limit": PAGE, **({"after_id": after} if after else {})}
            try:
                async with self._llm._guarded("", WITHIN_S) as client:
                    raw = await client.messages.batches.with_raw_response.list(**page, timeout=WITHIN_S)
                    body = object_in(await raw.text(), "")
            except LLMError as error:
                if error.kind in _UNKNOWN:
                    break
                raise
            entries = [one for one in body.get("data") or [] if isinstance(one, dict)]
            fresh = [one for one in entries if _moment(one) >= since]
            found += fresh
            if len(fresh) < len(entries) or not body.get("has_more"):
                break
            after = str(body.get("last_id") or "")
        return found


def _moment(listed: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(listed["created_at"]))


def _batch(body: dict[str, Any]) -> Batch:
    counts = body.get("request_counts") or {}
    states = ("processing", "succeeded", "errored", "canceled", "expired")
    each = {name: tokens(counts, name) for name in states}
    total = sum(each.values())
    return Batch(
        id=str(body["id"]),
        ended=body.get("processing_status") == "ended",
        requests=total,
        done=total - each["processing"],
    )


def _result(result: dict[str, Any]) -> Answer | LLMError:
    kind = result.get("type")
    if kind == "succeeded":
        try:
            return read_answer(result.get("message") or {}, request_id="", duration_ms=0)
        except LLMError as error:
            return error
    if kind == "errored":
        told = str(((result.get("error") or {}).get("error") or {}).get("type"))
        return LLMError(_KINDS.get(told, "busy"), f"errored: {told}")
    # Canceled and expired requests were not answered and cost nothing.
    return LLMError("busy", f"{kind}")
