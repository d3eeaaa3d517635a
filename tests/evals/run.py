"""`make evals`: says what it will cost, asks, lets the models draft every case, grades, and writes the tables."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from bot.compose import PROMPTS
from bot.llm import LLM, LLMError
from bot.sandbox.model import Model
from bot.settings import Settings
from tests.evals.cases import Case, known_tasks, load_cases
from tests.evals.estimate import Estimate, Heard, estimate, listen
from tests.evals.graders import grade
from tests.evals.report import Result, save, sum_known, write_json, write_tables
from tests.evals.rubric import judge
from tests.evals.stage import Stage, open_stage

BENCH = Path(__file__).parents[2] / ".bench"
AT_ONCE = 4
MOST_USD = 10.0
OWN_MODEL = "sandbox"

Say = Callable[[str], None]


class PlanError(Exception):
    """The round cannot begin; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """What a round is to do.

    Attributes:
        models: the ids that draft; *judge* is the id that grades by rubric.
        offline: the server is on this machine: nothing is paid and nobody is asked.
        most_microusd: the round stops before it would pass this.
    """

    models: tuple[str, ...]
    judge: str
    cases: tuple[Case, ...]
    key: str
    base_url: str
    offline: bool
    most_microusd: int
    agreed: bool
    dry: bool


def make_plan(environ: Mapping[str, str]) -> Plan:
    """Read the environment; see `docs/evals.md` for each variable.

    Raises:
        PlanError: something is missing or wrong.
    """
    names = {"fast": "model_fast", "smart": "model_smart"}
    own = {field: environ.get(field.upper(), "") or getattr(Settings, field) for field in names.values()}
    wanted = environ.get("MODELS", "").replace(",", " ").split() or list(names)
    base_url = environ.get("EVALS_MODEL_URL", "") or environ.get("ANTHROPIC_BASE_URL", "")
    offline = base_url == OWN_MODEL or urlsplit(base_url).hostname in ("127.0.0.1", "::1", "localhost")
    if environ.get("EVALS_MODEL_URL") and not offline:
        raise PlanError("EVALS_MODEL_URL must be a server on this machine, or `sandbox`.")
    try:
        most_usd = float(environ.get("EVALS_MOST_USD", "") or MOST_USD)
    except ValueError:
        raise PlanError("EVALS_MOST_USD must be a number of dollars, like 5.") from None
    return Plan(
        models=tuple(dict.fromkeys(own[names[one]] if one in names else one for one in wanted)),
        judge=own["model_smart"],
        cases=tuple(_chosen(environ)),
        # A server of one's own is never shown the key that pays.
        key=environ.get("EVALS_MODEL_KEY", "sk-sandbox") if offline else environ.get("ANTHROPIC_API_KEY", ""),
        base_url=base_url,
        offline=offline,
        most_microusd=round(most_usd * 1_000_000),
        agreed=environ.get("EVALS_YES", "") == "1",
        dry=environ.get("EVALS_DRY", "") == "1",
    )


def _chosen(environ: Mapping[str, str]) -> list[Case]:
    cases = load_cases()
    tasks = environ.get("TASKS", "").replace(",", " ").split()
    named = environ.get("CASES", "").replace(",", " ").split()
    if unknown := [task for task in tasks if task not in {case.task for case in cases}]:
        raise PlanError(f"TASKS: there are no cases for {unknown[0]}.")
    # A whole key is that case alone; a part of one is every case that has it.
    chosen = [
        case
        for case in cases
        if (not tasks or case.task in tasks)
        and (not named or any(one == case.key or ("/" not in one and one in case.key) for one in named))
    ]
    if not chosen:
        raise PlanError("CASES: no case of that name.")
    return chosen


def main(environ: Mapping[str, str]) -> int:
    """Run the evals; return 0 when every case passed, 1 when one failed, 2 when nothing was run."""
    try:
        return asyncio.run(run(environ, say=_say, ask=_ask))
    except PlanError as error:
        sys.stderr.write(f"{error}\n")
        return 2


async def run(environ: Mapping[str, str], *, say: Say, ask: Callable[[], bool], folder: Path = BENCH) -> int:
    """Estimate, ask, draft, grade and write, as `main` does.

    Raises:
        PlanError: the round cannot begin.
    """
    plan = make_plan(environ)
    async with AsyncExitStack() as stack:
        base_url = plan.base_url
        if base_url == OWN_MODEL:
            base_url = (await stack.enter_async_context(Model(key=plan.key))).url
        stage = await stack.enter_async_context(open_stage(known_tasks()))
        heard = await listen(stage, plan.cases)
        costs = await _estimate(plan, heard, base_url)
        say(write_estimate(plan, costs))
        if plan.dry:
            return 0
        may_begin(plan, costs, ask=ask)
        results, stopped = await play_all(plan, stage, heard, base_url=base_url, say=say)
        tables = write_tables(results, stopped=stopped)
        at = datetime.now(UTC)
        data = write_json(results, at=at, prompts=PROMPTS, stopped=stopped)
        say(tables)
        say(f"Kept in {save(folder, tables=tables, data=data)} and beside it as JSON.")
    return 0 if not stopped and all(result.passed for result in results) else 1


async def _estimate(plan: Plan, heard: Sequence[Heard], base_url: str) -> list[Estimate]:
    costs: list[Estimate] = []
    for model in plan.models:
        counter = _llm(plan, model, base_url) if plan.key else None
        try:
            costs += await estimate(heard, model=model, judge=plan.judge, counter=counter)
        except LLMError as error:
            raise PlanError(f"The tokens cannot be counted: {error}. Check ANTHROPIC_API_KEY.") from None
        finally:
            if counter is not None:
                await counter.close()
    return costs


def write_estimate(plan: Plan, costs: Sequence[Estimate]) -> str:
    """Say what a round will cost, before anybody has to agree to it."""
    lines = [f"{len(plan.cases)} cases, {len(plan.models)} models, judged by {plan.judge}."]
    for place, one in enumerate(costs):
        kind = "verdicts" if place % 2 else "drafts"
        lines.append(
            f"  {one.calls:4} {kind:8} {one.model:24} {one.input_tokens:9,} tokens in"
            f"   about $ {_dollars(one.likely_microusd)}, at most $ {_dollars(one.most_microusd)}"
        )
    if plan.offline:
        lines.append("The server is on this machine: nothing of this is paid.")
    else:
        likely, most = (
            sum_known(getattr(one, name) for one in costs) for name in ("likely_microusd", "most_microusd")
        )
        lines.append(
            f"Together about $ {_dollars(likely)}, at most $ {_dollars(most)} where an answer needs no second"
            f" attempt; it stops at $ {plan.most_microusd / 1_000_000:.2f} (EVALS_MOST_USD)."
        )
    return "\n".join(lines)


def may_begin(plan: Plan, costs: Sequence[Estimate], *, ask: Callable[[], bool]) -> None:
    """Make sure that there is a key, a limit that can be kept, and somebody who agrees to pay.

    Raises:
        PlanError: one of them is missing.
    """
    if plan.offline:
        return
    if not plan.key:
        raise PlanError(
            "ANTHROPIC_API_KEY is missing: set it, or EVALS_MODEL_URL=sandbox for a try without AI."
        )
    for one in costs:
        if one.likely_microusd is None:
            raise PlanError(f"No price is known for {one.model}, so no limit could be kept: choose another.")
    if not (plan.agreed or ask()):
        raise PlanError("Nothing was asked and nothing was paid. Say yes, or set EVALS_YES=1.")


@dataclass
class _Purse:
    """What is spent of what may be spent; a case sets its share aside before it begins."""

    most_microusd: int
    offline: bool
    spent_microusd: int = 0
    aside_microusd: int = 0
    stopped: str = ""

    def open(self, share: int) -> bool:
        if not self.offline and not self.stopped:
            if self.spent_microusd + self.aside_microusd + share > self.most_microusd:
                self.stopped = f"$ {self.most_microusd / 1_000_000:.2f} would be passed (EVALS_MOST_USD)"
            self.aside_microusd += share
        return not self.stopped

    def close(self, share: int, cost: int | None) -> None:
        self.aside_microusd -= 0 if self.offline else share
        self.spent_microusd += share if cost is None else cost


async def play_all(
    plan: Plan, stage: Stage, heard: Sequence[Heard], *, base_url: str, say: Say
) -> tuple[list[Result], str]:
    """Let every model draft every case; return what came of it, and why it stopped early, if it did."""
    purse = _Purse(plan.most_microusd, plan.offline)
    results: list[Result] = []
    gate = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        judging = _llm(plan, plan.judge, base_url)
        stack.push_async_callback(judging.close)

        async def one(case: Case, *, llm: LLM, model: str, share: int) -> Result | None:
            async with gate:
                if not purse.open(share):
                    return None
                result = await play_case(stage, case, llm=llm, judging=judging, model=model)
                purse.close(share, result.cost_microusd)
                say(f"{'ok  ' if result.passed else 'FAIL'} {model} {case.key}")
                return result

        for model in plan.models:
            llm = _llm(plan, model, base_url)
            stack.push_async_callback(llm.close)
            share = await _largest_share(plan, heard, model)
            drafting = (one(case, llm=llm, model=model, share=share) for case in plan.cases)
            results += [result for result in await asyncio.gather(*drafting) if result is not None]
    return results, purse.stopped


async def _largest_share(plan: Plan, heard: Sequence[Heard], model: str) -> int:
    """Return what the dearest case is likely to cost, in millionths of a dollar."""
    shares = [0]
    for asked in heard:
        costs = await estimate([asked], model=model, judge=plan.judge, counter=None)
        shares.append(sum(one.likely_microusd or 0 for one in costs))
    return max(shares)


async def play_case(stage: Stage, case: Case, *, llm: LLM, judging: LLM, model: str) -> Result:
    """Draft a case and grade it; what goes wrong makes it a failed case with its reason."""
    written = await stage.play(case, llm)
    findings = grade(case, written, stage.tasks[case.task])
    judged = await judge(case, written, judging)
    return Result(model, case, written, (*findings, *judged.findings), judged.cost_microusd)


def _llm(plan: Plan, model: str, base_url: str) -> LLM:
    tiers: dict[Literal["fast", "smart"], str] = {"fast": model, "smart": model}
    return LLM(api_key=plan.key, base_url=base_url, models=tiers)


def _dollars(microusd: int | None) -> str:
    return "unknown" if microusd is None else f"{microusd / 1_000_000:.2f}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _ask() -> bool:
    if not sys.stdin.isatty():
        return False
    return input("Go on? Type yes: ").strip().casefold() in ("yes", "ja")
