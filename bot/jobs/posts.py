"""Messages of ours that stand once, whatever crashes between: claimed, posted, found again, brought up to date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.delivery import CLOCK_MARGIN, Delivery
from bot.records import Records
from bot.records.drafts import Post
from bot.streaming import Streams
from bot.wire import SlackError

GONE = ("message_not_found", "edit_window_closed")


@dataclass(frozen=True)
class Spot:
    """Where a message stands; `thread_ts` is empty for top level."""

    channel_id: str
    thread_ts: str = ""


def name_file(stem: str, request_id: str, ending: str) -> str:
    """Return a name that is one request's alone, so that its file is found again and comes once."""
    return f"{stem}-{sha256(request_id.encode()).hexdigest()[:8]}.{ending}"


def _question_is_gone(spot: Spot, error: SlackError) -> bool:
    """Say whether somebody deleted the question in their messages tab: its answer stands at top level then."""
    return error.code == "thread_not_found" and spot.channel_id.startswith("D") and bool(spot.thread_ts)


def _stream_since(claim: Post, run_id: str) -> float | None:
    """Return from which moment on, in seconds, a stream in the thread of a run can be its answer; None for never.

    After a backup was put back there are answers in it that nobody knows any more; only what came after the
    question can be this one's, and a run that a message asked for has that message's `ts` in its id.
    """
    asked = re.fullmatch(r".*:(\d+\.\d+)", run_id)
    if claim.restored:
        return float(asked[1]) if asked else None
    return (claim.claimed_at - CLOCK_MARGIN).timestamp()


class Posts:
    """Posts by their own ids, and knows everybody's messages tab."""

    def __init__(self, records: Records, delivery: Delivery, streams: Streams, *, team_id: str) -> None:
        self._team_id = team_id
        self._records = records
        self._delivery = delivery
        self._streams = streams

    async def once(
        self, post_id: str, spot: Spot, line: str, blocks: list[dict[str, Any]], *, run_id: str = ""
    ) -> tuple[str, bool]:
        """Post a message unless it stands already; return its `ts`, and whether it was posted just now.

        Claimed before it is posted: who finds a claim without a `ts` looks in Slack first, because the
        answer to an earlier post may have been lost.

        Raises:
            SlackError: it was not taken, or nobody knows.
        """
        # What stands already needs no claim: each run comes by here twice, and a look costs no commit.
        stands = await self._records.drafts.post(post_id)
        if stands is not None:
            return stands.ts, False
        claim = await self._records.drafts.claim_post(
            post_id, team_id=self._team_id, run_id=run_id, channel_id=spot.channel_id
        )
        ts = claim.ts
        if not ts and (claim.restored or not claim.first):
            ts = await self._find(post_id, spot, claim.claimed_at) or await self._lost_stream(
                spot, _stream_since(claim, run_id)
            )
        if ts:
            await self._records.drafts.posted(post_id, ts=ts)
            return ts, False
        try:
            ts = await self._delivery.post(
                spot.channel_id, text=line, blocks=blocks, post_id=post_id, thread_ts=spot.thread_ts
            )
        except SlackError as error:
            if not _question_is_gone(spot, error):
                raise
            ts = await self._delivery.post(spot.channel_id, text=line, blocks=blocks, post_id=post_id)
        await self._records.drafts.posted(post_id, ts=ts)
        return ts, True

    async def _find(self, post_id: str, spot: Spot, since: datetime) -> str:
        try:
            return await self._delivery.find(
                spot.channel_id, post_id=post_id, since=since, thread_ts=spot.thread_ts
            )
        except SlackError as error:
            if not _question_is_gone(spot, error):
                raise
        return await self._delivery.find(spot.channel_id, post_id=post_id, since=since)

    async def _lost_stream(self, spot: Spot, since_s: float | None) -> str:
        """Return the `ts` of a stream that was started for a claim and never answered; empty when there is none.

        Only our answers stand in a thread of a messages tab, one run at a time: what is nobody's is this one.
        """
        if since_s is None or not (spot.channel_id.startswith("D") and spot.thread_ts):
            return ""
        try:
            found = await self._streams.find(spot.channel_id, thread_ts=spot.thread_ts, since_s=since_s)
        except SlackError as error:
            if not _question_is_gone(spot, error):
                raise
            return ""
        known = await self._records.drafts.standing(self._team_id, spot.channel_id) if found else set()
        return next((ts for ts in found if ts not in known), "")

    async def file_once(
        self,
        post_id: str,
        spot: Spot,
        name: str,
        content: bytes,
        *,
        title: str,
        run_id: str = "",
        alt: str = "",
    ) -> None:
        """Bring a file unless it stands already; *name* is its alone, so that it is found again.

        Raises:
            SlackError: it was not taken, or nobody knows: the next try looks first.
        """
        claim = await self._records.drafts.claim_post(
            post_id, team_id=self._team_id, run_id=run_id, channel_id=spot.channel_id
        )
        if claim.ts:
            return
        ts = ""
        if claim.restored or not claim.first:
            ts = await self._delivery.find_file(
                spot.channel_id, name=name, since=claim.claimed_at, thread_ts=spot.thread_ts
            )
        if not ts:
            ts = await self._delivery.upload(
                spot.channel_id, name=name, content=content, title=title, alt=alt, thread_ts=spot.thread_ts
            )
        await self._records.drafts.posted(post_id, ts=ts)

    async def bring(
        self, post_id: str, spot: Spot, line: str, blocks: list[dict[str, Any]], *, run_id: str = ""
    ) -> None:
        """Let a message of ours say *line*; one that somebody deleted is posted anew.

        Raises:
            SlackError: it was not taken, or nobody knows.
        """
        ts, posted = await self.once(post_id, spot, line, blocks, run_id=run_id)
        if posted:
            return
        try:
            await self._delivery.update(spot.channel_id, ts, text=line, blocks=blocks)
        except SlackError as error:
            if error.code == "streaming_state_conflict":
                # A stream that a crash left running: it takes no update before it is stopped.
                await self._streams.stop(spot.channel_id, ts)
                await self._delivery.update(spot.channel_id, ts, text=line, blocks=blocks)
                return
            if error.code not in GONE:
                raise
            await self._records.drafts.forget_post(post_id)
            await self.once(post_id, spot, line, blocks, run_id=run_id)

    async def messages_tab(self, team_id: str, user_id: str) -> Spot:
        """Return somebody's messages tab with us.

        Raises:
            SlackError: Slack did not open it.
        """
        known = await self._records.people.messages_tab(team_id, user_id)
        if known:
            return Spot(known)
        opened = await self._delivery.messages_tab(user_id)
        await self._records.people.put_messages_tab(team_id, user_id, opened)
        return Spot(opened)
