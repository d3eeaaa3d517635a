"""CVs of a vacancy: each is fetched, blinded, read and told of, whatever crashes; a person decides, never this."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot import TijdwinstError
from bot.guard import detect
from bot.handlers import Desk
from bot.handlers.admission import AcceptError
from bot.handlers.budget import BudgetError
from bot.handlers.cv import candidate_run, estimate_reading, read_cv
from bot.jobs.acceptance import Acceptance
from bot.jobs.allowance import Allowance
from bot.jobs.costs import word_basis, word_price
from bot.jobs.posts import Posts, Spot
from bot.llm import LLMError
from bot.reading import FileError, read_paper_apart
from bot.records.reviews import State
from bot.records.screenings import Screening
from bot.screening.blind import Blinded, blind
from bot.screening.candidate import Candidate
from bot.screening.explain import write_explanation
from bot.tasks import Draft, Run, Task, UserError
from bot.texts import format_day, text
from bot.views import Block, context, fallback
from bot.views.screening import board, lock_button

log = logging.getLogger(__name__)

SHOW_EVERY_S = 5.0
"""A board that three hundred CVs change is changed so often, and once more at their end."""

FAULTS = {"refusal": "screening.fault.refused", "too_long": "screening.fault.long"}
STRANDED = "screening.fault.ours"
CLOSED = "screening.fault.closed"


@dataclass
class CvReader:
    """What the steps of a candidate do; every one of them may be done twice."""

    desk: Desk
    posts: Posts
    tasks: Mapping[str, Task]
    acceptance: Acceptance
    allowance: Allowance
    _shown: dict[str, float] = field(default_factory=dict)  # boards that were changed in the last seconds

    async def take(self, candidate_id: str) -> str:
        """Fetch a CV, take out who it is of, and keep the rest; return `ready` when it is to be read now.

        `busy` when its sender is to accept the guideline first; nothing where there is nothing to read yet.

        Raises:
            SlackError: Slack is away.
        """
        candidate, vacancy = await self._find(candidate_id)
        channel_id = await self._channel(vacancy)
        await self.desk.records.ledger.open(
            candidate_run(candidate, vacancy, channel_id),
            claimed_minutes=self.tasks["cv"].baseline_minutes,
        )
        if candidate.status != "waiting" or (candidate.cv is not None and not candidate.is_at_work):
            return ""
        try:
            await self.desk.admit(candidate_run(candidate, vacancy, channel_id), self.tasks["cv"])
            if candidate.cv is not None:
                return "ready"
            if vacancy.locked_at is None or vacancy.closed_at is not None:
                raise UserError(CLOSED, name=candidate.name)
            found = await self.desk.files.look(
                candidate.file_id, user_id=candidate.user_id, channel_id=channel_id
            )
            content = await self.desk.files.fetch(found)
            try:
                paper = await asyncio.to_thread(read_paper_apart, content)
            except FileError as error:
                raise UserError(f"screening.file.{error.kind}", name=found.name) from error
        except AcceptError:
            await self.acceptance.show(vacancy.team_id, candidate.user_id, vacancy.language)
            return "busy"
        except UserError as error:
            await self.fail(candidate_id, _fault(error))
            return ""
        blinded = await asyncio.to_thread(
            _blind, paper.lines, file_name=candidate.file_name or "", salt=vacancy.screening_id
        )
        await self.desk.records.candidates.keep_text(
            candidate_id,
            cv=blinded.text,
            hidden=paper.hidden,
            removed=dict(blinded.removed),
            person_marks=blinded.person_marks,
        )
        return "ready" if (await self._find(candidate_id))[0].is_at_work else ""

    async def read(self, candidate_id: str) -> str:
        """Hold a CV against the criteria; return `busy` when the model is to be asked later, else nothing.

        Raises:
            STORE_ERRORS: it is not stored.
        """
        candidate, vacancy = await self._find(candidate_id)
        if candidate.status == "waiting" and vacancy.closed_at is not None:
            await self.fail(candidate_id, CLOSED)
            return ""
        if candidate.status == "waiting":
            run = candidate_run(candidate, vacancy, await self._channel(vacancy))
            try:
                reading = await read_cv(self.desk, self.tasks["cv"], run, candidate, vacancy)
            except AcceptError:
                return "busy"
            except BudgetError as error:
                await self.allowance.refuse(error)
                return "busy"
            except UserError as error:
                log.warning("candidate=%s stopped at the gate: %s", candidate_id, error.key)
                rule = _fault(error)
                await self.fail(candidate_id, rule if rule != error.key else "screening.fault.answer")
                return ""
            except LLMError as error:
                log.warning("candidate=%s model fault kind=%s", candidate_id, error.kind)
                if error.retryable or error.kind in ("key", "credit", "model"):
                    # An admin can mend it, and the CVs of a whole vacancy need not be sent again.
                    return "busy"
                await self.fail(candidate_id, FAULTS.get(error.kind, "screening.fault.answer"))
                return ""
            await self.desk.records.candidates.read(candidate, reading, vacancy.criteria)
        await self._book(candidate, vacancy)
        return ""

    async def _book(self, candidate: Candidate, vacancy: Screening) -> None:
        """Let the ledger know of a reading: its text holds statuses, and no words of a CV."""
        records = self.desk.records
        read = await records.candidates.get(candidate.candidate_id)
        if read is None or read.status != "read":
            return
        findings = await records.candidates.findings(candidate.candidate_id)
        statuses = ", ".join(f"{number}: {found.status}" for number, found in enumerate(findings, start=1))
        draft = Draft(candidate.candidate_id, 1, f"{read.name}: {statuses}", read.model or "")
        await records.drafts.add(draft)
        await records.ledger.close(candidate.candidate_id, "drafted")

    async def fail(self, candidate_id: str, fault: str) -> None:
        """Keep why a CV could not be read, for the board to tell."""
        candidate, _ = await self._find(candidate_id)
        await self.desk.records.candidates.fail(candidate, fault)
        await self.desk.records.ledger.close(candidate_id, "refused", reason=fault)

    async def show(self, screening_id: str, *, at_once: bool = False) -> None:
        """Bring the board of a vacancy up to date: every few seconds, and always when nothing waits any more.

        Raises:
            SlackError: Slack is away.
        """
        vacancy = await self.desk.records.screenings.get(screening_id)
        candidates = await self.desk.records.candidates.of(screening_id)
        if vacancy is None or not candidates:
            return
        moment_s = time.monotonic()
        self._shown = {board: at for board, at in self._shown.items() if moment_s - at < SHOW_EVERY_S}
        if screening_id in self._shown and not at_once and any(one.is_at_work for one in candidates):
            return
        self._shown[screening_id] = moment_s
        closed = (
            format_day(date.fromisoformat((vacancy.texts_until or "")[:10]), vacancy.language)
            if vacancy.closed_at
            else ""
        )
        price = await self._price(vacancy, [one.cv or "" for one in candidates if one.is_held])
        line, blocks = board(
            screening_id, vacancy.title, candidates, closed=closed, price=price, language=vacancy.language
        )
        spot = await self._spot(vacancy)
        await self.posts.bring(f"{screening_id}/board", spot, fallback(line), blocks, run_id=screening_id)

    async def _price(self, vacancy: Screening, cvs: Sequence[str]) -> tuple[str, str]:
        """Say what reading *cvs* costs, and what that rests on; empty where there are none."""
        if not cvs:
            return "", ""
        task, language = self.tasks["cv"], vacancy.language
        settings = await self.desk.records.workspaces.get(vacancy.team_id)
        read, written = estimate_reading(task, vacancy, cvs)
        model = self.desk.llm.models[task.model]
        price = word_price(settings, language, model=model, input_tokens=read, output_tokens=written)
        return price, text("screening.price-basis", language, **word_basis(settings, language))

    async def card(self, run: Run, state: State) -> tuple[list[Block], list[Block]]:
        """Return what the card of a vacancy says besides its draft, and its own buttons."""
        vacancy = await self.desk.records.screenings.get(run.run_id)
        if vacancy is None or state.review == "discarded":
            return [], []
        if vacancy.locked_at is None:
            return [], [lock_button(run.run_id, run.language)]
        return [context(text("screening.locked", run.language, user=f"<@{vacancy.locked_by}>"))], []

    async def explain(self, candidate_id: str, user_id: str, press: str) -> None:
        """Bring the explanation of one candidate as a text file, to whoever asked for it.

        Raises:
            SlackError: it was not taken.
        """
        candidate, vacancy = await self._find(candidate_id)
        records = self.desk.records
        findings = await records.candidates.findings(candidate_id)
        rules = await records.screening_rules.get(vacancy.team_id)
        written = write_explanation(
            candidate,
            vacancy.criteria,
            findings,
            title=vacancy.title,
            locked_at=vacancy.locked_at or "",
            notice=rules.notice,
            language=vacancy.language,
            zone=(await records.workspaces.get(vacancy.team_id)).zone,
        )
        spot = await self.posts.messages_tab(vacancy.team_id, user_id)
        name = text("screening.explain.file", vacancy.language, name=candidate.name, press=press[-6:])
        title = text("screening.explain.head", vacancy.language, name=candidate.name, title=vacancy.title)
        post_id = f"{candidate_id}/explain/{press}"
        await self.posts.file_once(post_id, spot, name, written.encode(), title=title, run_id=candidate_id)
        await records.screenings.log(
            vacancy.screening_id, "explained", candidate_id=candidate_id, user_id=user_id
        )

    async def _find(self, candidate_id: str) -> tuple[Candidate, Screening]:
        candidate = await self.desk.records.candidates.get(candidate_id)
        vacancy = await self.desk.records.screenings.get(candidate.screening_id) if candidate else None
        if candidate is None or vacancy is None:
            raise TijdwinstError(f"no candidate {candidate_id}")
        return candidate, vacancy

    async def _spot(self, vacancy: Screening) -> Spot:
        """Return the thread of a vacancy's card."""
        for name in ("part0", "place"):
            post = await self.desk.records.drafts.post(f"{vacancy.screening_id}/{name}")
            if post is not None:
                return Spot(post.channel_id, post.ts)
        return await self.posts.messages_tab(vacancy.team_id, vacancy.user_id)

    async def _channel(self, vacancy: Screening) -> str:
        return (await self._spot(vacancy)).channel_id


def _fault(error: UserError) -> str:
    """Return why a CV is not read, as the board tells it: of a rule, that the guideline has it."""
    rule = error.key.startswith("guideline.") or error.key in ("guests-not-welcome", "not-welcome")
    return "screening.fault.guideline" if rule else error.key


def _blind(lines: Sequence[str], *, file_name: str, salt: str) -> Blinded:
    """Blind a CV, and take out for good what else looks personal: a token would tell one candidate from another."""
    blinded = blind(lines, file_name=file_name, salt=salt)
    shown = blinded.text
    for found in reversed(detect(shown)):
        if found.action != "warn":
            shown = f"{shown[: found.start]}[{found.kind}]{shown[found.end :]}"
            blinded.removed["details"] += 1
    blinded.text = shown
    return blinded
