"""The handler of texts per row: what is asked about a row, what code finds wrong, and one text without a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.bulk import Fault, FaultKind, Row
from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import RULES, draft, put_in_tags
from bot.handlers.facts import Material
from bot.handlers.letter import unknown_figures
from bot.tasks import Draft, Language, TableWork, Task
from bot.texts import text

STYLE = """\
What stands under <approved-sample> is about other rows; your colleague approved its style. Write in that style, about
the row alone: take no name, figure or fact from a sample."""

KEYWORDS = "Use each word or phrase that stands under <keywords> at least once, as it is written there."

_WORD = re.compile(r"[\w'’-]+")
_GAP = re.compile(r"\[[^\]\n]*\]")


@dataclass(frozen=True)
class Work:
    """What is asked of every row of a set.

    Attributes:
        samples: texts whose style a person approved.
    """

    set_id: str
    task: Task
    language: Language
    company: str = ""
    instructions: str = ""
    most_words: int = 150
    samples: tuple[str, ...] = ()

    @property
    def rules(self) -> TableWork:
        """How the task works through a table."""
        return self.task.table or TableWork()


@dataclass(frozen=True)
class Anew:
    """What a text is written anew for: the one before it, and what code or a person wants otherwise."""

    before: str
    faults: tuple[Fault, ...] = ()
    instruction: str = ""


@dataclass(frozen=True)
class About:
    """What the model is asked about a row.

    Attributes:
        system: our own words, the same for all rows.
        base: what people want of all rows, the same for all of them; empty where it stands in `user`.
        user: the row itself.
    """

    system: list[str]
    base: str
    user: str


def ask_about(work: Work, row: Row, anew: Anew | None = None) -> About:
    """Return what the model is asked about a row."""
    asked = "\n".join(filter(None, [work.instructions, f"At most {work.most_words} words."]))
    system = [RULES, work.company, work.task.prompt, text("prompt.language", work.language), KEYWORDS]
    system += [STYLE] if work.samples else []
    shared = put_in_tags("request", asked, work.set_id)
    shared += "".join(put_in_tags("approved-sample", one, work.set_id) for one in work.samples)
    facts = "\n".join(f"{header}: {cell}" for header, cell in row.facts)
    user = put_in_tags("row", facts, work.set_id) + put_in_tags(
        "keywords", ", ".join(row.keywords), work.set_id
    )
    if work.task.personal_data != "allow":
        # A letter to one client names them: a token of its own run, as for the rest of the row.
        user, shared = shared + user, ""
    if anew is not None:
        user += put_in_tags("previous-draft", anew.before, work.set_id)
        told = [*(fault.for_model for fault in anew.faults), anew.instruction]
        again = "\n".join(filter(None, told)) or "Write it again, better and different."
        user += put_in_tags("request", again, work.set_id)
    return About([block for block in system if block], shared, user)


def check(work: Work, row: Row, text: str) -> tuple[Fault, ...]:
    """Return what is wrong with a text that its own row can show; likeness to others is found over the set."""
    cells = (f"{header} {cell}" for header, cell in row.facts)
    given = "\n".join([row.name, *cells, *row.keywords, work.instructions, work.company])
    stated = _GAP.sub(" ", text)
    found = Material(given).unfounded(stated)
    # The letters' own rule for figures: 1.234,50 and € 1234.5 are one; a small bare number is no figure of theirs.
    figures = unknown_figures(stated, given) if work.rules.paper else list(found.figures)
    unfounded: dict[FaultKind, Sequence[str]] = {
        "figures": figures,
        "days": found.days,
        "links": (*found.links, *found.handles),
        "names": found.names,
    }
    faults = [Fault(kind, ", ".join(what[:10])) for kind, what in unfounded.items() if what]
    words = len(_WORD.findall(text))
    if words > work.most_words:
        faults.append(Fault("length", str(words)))
    folded = " ".join(text.casefold().split())
    missing = [one for one in row.keywords if " ".join(one.casefold().split()) not in folded]
    if missing:
        faults.append(Fault("keywords", ", ".join(missing[:10])))
    claims = find_claims(text, work.rules.forbidden)
    if claims:
        faults.append(Fault("claims", ", ".join(claims[:10])))
    return tuple(faults)


def find_claims(text: str, forbidden: Sequence[str]) -> list[str]:
    """Return the forbidden claims that stand in a text, as it writes them; `genees*` also finds `geneest`."""
    found: dict[str, None] = {}
    for claim in forbidden:
        spelled = r"\s+".join(re.escape(word) for word in claim.rstrip("*").split())
        end = r"\w*" if claim.endswith("*") else ""
        for match in re.finditer(rf"(?<!\w){spelled}{end}(?!\w)", text, re.IGNORECASE):
            found[match[0]] = None
    return list(found)


async def table(desk: Desk, brief: Brief) -> Draft:
    """Draft one text from words; its notes name what code finds wrong. A table goes another way (`bot.jobs.bulk`).

    Raises:
        UserError, LLMError: as for any draft.
    """
    materials: list[str] = []
    written = await draft(desk, brief, material=materials.append)
    run, rules = brief.run, brief.task.table or TableWork()
    work = Work(run.run_id, brief.task, run.language, brief.company, most_words=rules.most_words)
    keywords = run.inputs.get("keywords", "")
    row = Row(
        1, "", (("", "\n".join(materials)),), tuple(one.strip() for one in keywords.split(",") if one.strip())
    )
    faults = check(work, row, written.text)
    return replace(written, notes=(*written.notes, *(fault.word(run.language) for fault in faults)))
