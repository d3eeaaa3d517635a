"""The batches of the local model: many requests at once, answered when somebody looks, at half the price."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from bot.sandbox.model_faults import BODY
from bot.sandbox.model_rules import RefusedError, page_size

_CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass
class Batch:
    """One batch; `results` stays empty until it has ended."""

    id: str
    requests: list[dict[str, Any]]
    created_at: datetime
    canceled: bool = False
    ended_at: datetime | None = None
    results: list[dict[str, Any]] = field(default_factory=list)


class Batches:
    """The batches of one server.

    A batch is in progress until it is retrieved; then it is answered, or canceled if that was asked before. While they
    are `held`, nothing is answered, so that somebody can look at them, or cancel them, meanwhile.

    Args:
        answer: writes the message for a request's body.
        url: tells the server's address.
        number: makes an id with a prefix.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
        url: Callable[[], str],
        number: Callable[[str], str],
    ) -> None:
        self._answer = answer
        self._url = url
        self._number = number
        self._batches: dict[str, Batch] = {}
        self._path = ""
        self.held = False

    def add_to(self, app: web.Application, path: str) -> None:
        """Serve the batches under *path*."""
        self._path = path
        app.router.add_post(path, self._create)
        app.router.add_get(path, self._list)
        app.router.add_get(path + "/{id}", self._retrieve)
        app.router.add_get(path + "/{id}/results", self._results)
        app.router.add_post(path + "/{id}/cancel", self._cancel)
        app.router.add_delete(path + "/{id}", self._delete)

    def sent(self) -> list[Batch]:
        """Return the batches that were sent, oldest first."""
        return list(self._batches.values())

    async def _create(self, request: web.Request) -> web.StreamResponse:
        requests = request[BODY].get("requests")
        if not isinstance(requests, list) or not requests:
            raise RefusedError(400, "invalid_request_error", "requests: at least one request is required")
        ids = [each.get("custom_id") if isinstance(each, dict) else None for each in requests]
        if not all(isinstance(id_, str) and _CUSTOM_ID.fullmatch(id_) for id_ in ids):
            raise RefusedError(400, "invalid_request_error", "requests.custom_id: 1 to 64 of A-Z a-z 0-9 _ -")
        if len(set(ids)) < len(ids):
            raise RefusedError(400, "invalid_request_error", "requests.custom_id: must be unique")
        if not all(isinstance(each.get("params"), dict) for each in requests):
            raise RefusedError(400, "invalid_request_error", "requests.params: Field required")
        batch = Batch(self._number("msgbatch"), requests, datetime.now(UTC))
        self._batches[batch.id] = batch
        return web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        newest = list(reversed(self._batches))
        after = newest.index(request.query["after_id"]) + 1 if request.query.get("after_id") in newest else 0
        page = newest[after : after + page_size(request.query)]
        return web.json_response(
            {
                "data": [self._shown(self._batches[id_]) for id_ in page],
                "has_more": after + len(page) < len(newest),
                "first_id": page[0] if page else None,
                "last_id": page[-1] if page else None,
            }
        )

    async def _retrieve(self, request: web.Request) -> web.StreamResponse:
        batch = self._known(request)
        if batch.ended_at is None and (batch.canceled or not self.held):
            batch.results = [await self._result(batch, each) for each in batch.requests]
            batch.ended_at = datetime.now(UTC)
        return web.json_response(self._shown(batch))

    async def _results(self, request: web.Request) -> web.StreamResponse:
        batch = self._known(request)
        if batch.ended_at is None:
            raise RefusedError(404, "not_found_error", "results are not available before the batch has ended")
        lines = "".join(json.dumps(result) + "\n" for result in batch.results)
        return web.Response(text=lines, content_type="application/x-jsonl")

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        batch = self._known(request)
        batch.canceled = batch.ended_at is None
        return web.json_response(self._shown(batch))

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        batch = self._known(request)
        if batch.ended_at is None:
            raise RefusedError(400, "invalid_request_error", "a batch in progress cannot be deleted")
        del self._batches[batch.id]
        return web.json_response({"id": batch.id, "type": "message_batch_deleted"})

    def _known(self, request: web.Request) -> Batch:
        batch = self._batches.get(request.match_info["id"])
        if batch is None:
            raise RefusedError(404, "not_found_error", "there is no such batch")
        return batch

    async def _result(self, batch: Batch, request: dict[str, Any]) -> dict[str, Any]:
        if batch.canceled:
            return {"custom_id": request["custom_id"], "result": {"type": "canceled"}}
        try:
            message = await self._answer(request["params"])
        except RefusedError as refused:
            error = {"type": "error", "error": refused.error, "request_id": None}
            return {"custom_id": request["custom_id"], "result": {"type": "errored", "error": error}}
        message["usage"]["service_tier"] = "batch"
        return {"custom_id": request["custom_id"], "result": {"type": "succeeded", "message": message}}

    def _shown(self, batch: Batch) -> dict[str, Any]:
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        for result in batch.results:
            counts[result["result"]["type"]] += 1
        if batch.ended_at is None:
            counts["processing"] = len(batch.requests)
        status = "ended" if batch.ended_at else "canceling" if batch.canceled else "in_progress"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": counts,
            "created_at": batch.created_at.isoformat(),
            "expires_at": (batch.created_at + timedelta(days=1)).isoformat(),
            "ended_at": batch.ended_at.isoformat() if batch.ended_at else None,
            "cancel_initiated_at": batch.created_at.isoformat() if batch.canceled else None,
            "archived_at": None,
            "results_url": f"{self._url()}{self._path}/{batch.id}/results" if batch.ended_at else None,
        }
