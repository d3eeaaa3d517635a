"""What the bot can do, in general and for one task, with an example and a button to start."""

from __future__ import annotations

from typing import Any

from bot.listeners.intake import Intake
from bot.tasks import Task, find_task, nearest_tasks
from bot.texts import format_minutes, text
from bot.views import help_blocks

HELP = ("help", "hulp", "?")


def asks_for_help(intake: Intake, words: str) -> bool:
    """Say whether a message asks how something works: "help", or that and the name of one task."""
    first, _, rest = words.strip().lower().partition(" ")
    return first in HELP and (not rest.strip() or _task(intake, rest)[0] is not None)


def help_message(intake: Intake, words: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the help as `(text, blocks)`: of the task that *words* name, else of everything."""
    language = intake.language
    first, _, rest = words.strip().partition(" ")
    named = rest.strip() if first.lower() in HELP else words.strip()
    task, known = _task(intake, named) if named else (None, False)
    if task is not None:
        body = _one(intake, task)
        return body, help_blocks(body, [(task.name, task.title_in(language))], language=language)
    lines = help_lines(intake)
    if named and not known:
        lines.insert(0, intake.unknown(named))
    body = "\n".join(lines)
    return body, help_blocks(body, [], language=language)


def help_lines(intake: Intake) -> list[str]:
    """Return what the bot can do, with its tasks and commands."""
    language = intake.language
    tasks = [
        f"• `{task.command or '/draft ' + task.name}`: {task.description_in(language)}"
        for task in intake.listed().values()
    ]
    return [text("help.body", language), *tasks, text("help.one", language), text("help.tijdwinst", language)]


def _task(intake: Intake, named: str) -> tuple[Task | None, bool]:
    """Return the task of a name or nearly so, and whether there is one."""
    task, rest = find_task(intake.listed(), named.strip())
    if task is None or rest:
        task, rest = find_task(intake.listed(), f"/{named.strip()}")
    if task is not None and not rest:
        return task, True
    near = nearest_tasks(intake.listed(), named.strip(), most=1)
    return (intake.tasks[near[0]], True) if near else (None, False)


def _one(intake: Intake, task: Task) -> str:
    """Return what one task does, what it asks for, and an example."""
    language = intake.language
    lines = [f"*{task.title_in(language)}*", task.description_in(language)]
    if task.reads != "nothing":
        lines.append(text("help.reads", language))
    for field in task.inputs:
        key = "help.input-needed" if field.required else "help.input"
        lines.append(text(key, language, label=field.label_in(language)))
    command = task.command or f"/draft {task.name}"
    lines.append(text("help.how", language, command=command, task=task.name))
    if example := task.example_in(language):
        lines.append(text("help.example", language, command=command, example=example))
    minutes = format_minutes(task.baseline_minutes, language)
    lines.append(text("help.claims", language, minutes=minutes))
    return "\n".join(lines)
