"""The control sample: which requests are done by hand, so that there is something to compare with."""

from __future__ import annotations

import hashlib
import re

from bot.records import WorkspaceSettings
from bot.tasks import Run, Task

ONE_IN = 10
_URGENT = re.compile(
    r"(?<!\w)(urgent\w*|asap|a\.s\.a\.p|as soon as possible|immediately|right away|straight away"
    r"|spoed\w*|dringende?|haast|meteen|onmiddellijk|zsm|z\.s\.m|zo snel mogelijk)(?!\w)",
    re.IGNORECASE,
)


def is_by_hand(run: Run, task: Task, settings: WorkspaceSettings) -> bool:
    """Say whether a request belongs to the control sample.

    Chance decides, by the run's id, so that a step that is done twice decides the same. Never for a task
    that is marked urgent, for words that say so, or for somebody who pressed "Draft it anyway" or Try again.
    """
    if not settings.control_sample or task.urgent or run.run_id.endswith("^"):
        return False
    if any(_URGENT.search(said) for said in (run.words, *run.inputs.values())):
        return False
    drawn = int.from_bytes(hashlib.sha256(run.run_id.encode()).digest()[:4])
    return drawn % ONE_IN == 0
