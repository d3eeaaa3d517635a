"""The explanation of what was done with one CV, for the candidate who asks: criteria, statuses, quotes, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.screening.candidate import Candidate
from bot.screening.criteria import Criterion
from bot.screening.scoring import Finding
from bot.tasks import Language
from bot.texts import format_day, format_moment, text


def write_explanation(
    one: Candidate,
    criteria: Sequence[Criterion],
    findings: Sequence[Finding],
    *,
    title: str,
    locked_at: str,
    notice: str,
    language: Language,
    zone: tzinfo,
) -> str:
    """Return the explanation as plain text, its moments those of *zone*; quotes that are deleted are said to be."""

    def say(key: str, **params: object) -> str:
        return text(f"screening.explain.{key}", language, **params)

    lines = [say("head", name=one.name, title=title), "", say("how"), "", notice, ""]
    locked = (
        format_day(datetime.fromisoformat(locked_at).astimezone(zone).date(), language) if locked_at else ""
    )
    lines += [say("criteria", day=locked, version=one.criteria_version or ""), ""]
    for number, (criterion, found) in enumerate(zip(criteria, findings, strict=True), start=1):
        kind = text(f"screening.kind.{criterion.kind}", language)
        lines.append(
            f"{number}. {criterion.text} ({kind}, {text('screening.weight', language, n=criterion.weight)})"
        )
        lines.append(f"   {text(f'screening.status.{found.status}', language)}")
        lines += [f'   "{quote}"' for quote in found.quotes]
    lines += ["", say("removed"), *_removed(one, language)]
    lines += ["", say("decision")]
    if one.verdict:
        decided = datetime.fromisoformat(one.verdict_at) if one.verdict_at else None
        at = format_moment(decided, language, zone) if decided else ""
        lines.append(say("verdict", verdict=text(f"screening.verdict.{one.verdict}", language), at=at))
    if one.changed_verdict:
        verdict = text(f"screening.verdict.{one.changed_verdict}", language)
        reason = text(f"screening.reason.{one.change_reason}", language)
        lines.append(say("changed", verdict=verdict, reason=reason))
    lines += [
        "",
        say("record", model=one.model or "", prompt=one.prompt_version or "", input=one.input_hash or ""),
    ]
    if one.cv is None:
        lines.append(say("deleted"))
    return "\n".join(lines) + "\n"


def _removed(one: Candidate, language: Language) -> list[str]:
    kinds = [text(f"screening.removed.{kind}", language) for kind in sorted(one.removed)]
    return [f"   {', '.join(dict.fromkeys(kinds))}"] if kinds else ["   -"]
