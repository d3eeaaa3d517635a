"""The report: a table per model, every failed assertion with its reason, and the same as JSON."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.evals.cases import FOLDER, Case
from tests.evals.graders import KINDS, Finding
from tests.evals.stage import Written

COLUMNS = (*KINDS, "rubric")


@dataclass(frozen=True)
class Result:
    """A case, what came of it, and what was found.

    Attributes:
        model: the model that was asked for; *written_by* is its own name for itself.
    """

    model: str
    case: Case
    written: Written
    findings: tuple[Finding, ...]
    judge_microusd: int | None = 0

    @property
    def passed(self) -> bool:
        """Say whether every assertion held."""
        return all(finding.passed for finding in self.findings)

    @property
    def written_by(self) -> str:
        """Return the model's own name for itself."""
        return self.written.draft.model if self.written.draft else self.model

    @property
    def cost_microusd(self) -> int | None:
        """Return what draft and verdicts cost together; None when one of them is not known."""
        if self.written.cost_microusd is None or self.judge_microusd is None:
            return None
        return self.written.cost_microusd + self.judge_microusd


def write_tables(results: Sequence[Result], *, stopped: str = "") -> str:
    """Return the whole report as Markdown."""
    parts = []
    for model in dict.fromkeys(result.model for result in results):
        mine = [result for result in results if result.model == model]
        names = sorted({result.written_by for result in mine} - {model})
        title = f"{model}: answered by {', '.join(names)}" if names else model
        parts += [f"## {title}", _table(mine), *_failures(mine)]
    if stopped:
        parts.append(f"Stopped: {stopped}")
    return "\n\n".join(parts) + "\n"


def _table(results: Sequence[Result]) -> str:
    kinds = [
        kind for kind in COLUMNS if any(one.kind == kind for result in results for one in result.findings)
    ]
    rows = [["task", "cases", *kinds, "cost $", "median s"]]
    rows.append(["---", *["---:"] * (len(rows[0]) - 1)])
    tasks = list(dict.fromkeys(result.case.task for result in results))
    for task in tasks:
        rows.append(_row(task, [result for result in results if result.case.task == task], kinds))
    if len(tasks) > 1:
        rows.append(_row("all", results, kinds))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def _row(name: str, results: Sequence[Result], kinds: Iterable[str]) -> list[str]:
    cells = [name, _share(result.passed for result in results)]
    for kind in kinds:
        cells.append(_share(one.passed for result in results for one in result.findings if one.kind == kind))
    return [*cells, _dollars(sum_known(result.cost_microusd for result in results)), _median(results)]


def _share(passed: Iterable[bool]) -> str:
    held = list(passed)
    return f"{sum(held)}/{len(held)}" if held else ""


def _median(results: Sequence[Result]) -> str:
    taken = [result.written.duration_ms for result in results if result.written.draft]
    return f"{statistics.median(taken) / 1000:.1f}" if taken else "–"


def sum_known(costs: Iterable[int | None]) -> int | None:
    """Add up costs; with one unknown part the sum is unknown."""
    told = list(costs)
    known = [cost for cost in told if cost is not None]
    return sum(known) if len(known) == len(told) else None


def _dollars(microusd: int | None) -> str:
    return "unknown" if microusd is None else f"{microusd / 1_000_000:.3f}"


def _failures(results: Sequence[Result]) -> list[str]:
    lines = [
        f"- {result.case.key}: {finding.kind}: {finding.said}"
        for result in results
        for finding in result.findings
        if not finding.passed
    ]
    return ["\n".join(lines)] if lines else []


def hash_prompts(folder: Path) -> dict[str, str]:
    """Return task -> a short hash of its prompt file, so that two rounds can be told apart."""
    return {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in sorted(folder.glob("*.md"))
    }


def write_json(
    results: Sequence[Result], *, at: datetime, prompts: Path, stopped: str = ""
) -> dict[str, Any]:
    """Return the whole round as data: when, of which prompts and cases, and every finding."""
    cases = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.toml"))))
    return {
        "at": at.isoformat(timespec="seconds"),
        "prompts": hash_prompts(prompts),
        "cases": cases.hexdigest()[:12],
        "stopped": stopped,
        "results": [
            {
                "case": result.case.key,
                "model": result.model,
                "written_by": result.written_by,
                "passed": result.passed,
                "fault": result.written.fault,
                "cost_microusd": result.cost_microusd,
                "judge_microusd": result.judge_microusd,
                "duration_ms": result.written.duration_ms,
                "input_tokens": result.written.input_tokens,
                "output_tokens": result.written.output_tokens,
                "findings": [asdict(finding) for finding in result.findings],
                "seen": result.written.seen(result.case),
            }
            for result in results
        ],
    }


def save(folder: Path, *, tables: str, data: dict[str, Any]) -> Path:
    """Write both beside each other and return the path of the table."""
    folder.mkdir(exist_ok=True)
    name = f"evals-{data['at'].partition('+')[0].replace(':', '')}"
    (folder / f"{name}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    path = folder / f"{name}.md"
    path.write_text(tables, encoding="utf-8")
    return path
