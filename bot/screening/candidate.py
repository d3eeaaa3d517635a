"""A candidate of a vacancy as code knows them: a number, what was found, and what people decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.screening.scoring import Finding, Score

VERDICTS = ("discuss", "question", "hold")
"""What a person may decide: nobody is turned down here."""
REASONS = ("know-more", "weighs-otherwise", "reading-wrong")
"""Why somebody decided otherwise after they saw the score."""
WRONG = "reading-wrong"


@dataclass(frozen=True)
class Candidate:
    """One CV of a vacancy.

    Attributes:
        candidate_id: `{team}:{channel}:{ts}:{file}` of the message that it came with; its run in the ledger.
        status: `waiting`, `read` or `failed`; then *fault* says why, a key of the catalogues.
        cv: what the model was given; None once it is deleted.
        hidden: text of the file that nobody sees, and no model was given.
        same_as: the number of an earlier candidate who seems to be the same person.
        agreed_at: when it was agreed to what reading costs; *agreed_by* is None where it needed no asking.
        verdict: what a person decided before they saw the score; *changed_verdict* what they made of it later.
    """

    candidate_id: str
    screening_id: str
    number: int
    file_id: str
    file_name: str | None
    user_id: str
    agreed_at: str | None = None
    agreed_by: str | None = None
    status: str = "waiting"
    fault: str | None = None
    cv: str | None = None
    hidden: tuple[str, ...] = ()
    removed: dict[str, int] = field(default_factory=dict)
    same_as: int | None = None
    input_hash: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    criteria_version: str | None = None
    band: str | None = None
    cover: str | None = None
    decided: int | None = None
    verdict: str | None = None
    verdict_by: str | None = None
    verdict_at: str | None = None
    changed_verdict: str | None = None
    change_reason: str | None = None
    changed_by: str | None = None

    @property
    def name(self) -> str:
        """What the candidate is called here."""
        return f"K-{self.number:02}"

    @property
    def deciders(self) -> set[str]:
        """Who decided on the candidate: first, and changing that."""
        return {one for one in (self.verdict_by, self.changed_by) if one}

    @property
    def is_held(self) -> bool:
        """Say whether only somebody's word is missing to read it: it is opened and blinded, and cost nothing yet."""
        return self.status == "waiting" and self.cv is not None and self.agreed_at is None

    @property
    def is_opening(self) -> bool:
        """Say whether it is still to be opened before its price can be told."""
        return self.status == "waiting" and self.cv is None and self.agreed_at is None

    @property
    def is_at_work(self) -> bool:
        """Say whether something is still to be done without anybody's word."""
        return self.status == "waiting" and not self.is_held


@dataclass(frozen=True)
class Reading:
    """What reading a CV came to.

    Attributes:
        input_hash: of exactly what the model was given.
    """

    findings: tuple[Finding, ...]
    score: Score
    model: str
    prompt_version: str
    criteria_version: str
    input_hash: str
