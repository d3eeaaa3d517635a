"""The handler of trials: a draft by one version of a template, published or not."""

from __future__ import annotations

from dataclasses import replace

from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import draft
from bot.tasks import Draft, UserError, parse_task

TEMPLATE = "template"
"""The input that says which version of which template: `invite@3`."""

HANDLER = "draft"
"""What templates are drafted by; whatever needs more than its prompt is a task file."""


async def trial(desk: Desk, brief: Brief) -> Draft:
    """Draft as the template would.

    Raises:
        UserError: there is no such version; else as for any draft.
    """
    name, _, version = brief.run.inputs.get(TEMPLATE, "").partition("@")
    body = None
    if version.isdigit():
        body = await desk.records.templates.body(brief.run.team_id, name, int(version))
    if body is None:
        raise UserError("template.gone")
    inputs = {key: value for key, value in brief.run.inputs.items() if key != TEMPLATE}
    task = parse_task(name, body, (HANDLER,))
    return await draft(desk, replace(brief, task=task, run=replace(brief.run, inputs=inputs)))
