"""The nouns of the house, and the task files that make a Task; the lowest floor, it imports no other room."""

from bot.tasks.company import Firm, load_company, load_firm
from bot.tasks.files import RESERVED_COMMANDS, load_tasks
from bot.tasks.nouns import (
    LANGUAGES,
    Act,
    Draft,
    Identity,
    Input,
    Language,
    Outcome,
    Person,
    Review,
    Run,
    Surface,
    Task,
    TaskFileError,
    TijdwinstError,
    UserError,
    find_task,
    nearest_tasks,
)

__all__ = [
    "LANGUAGES",
    "RESERVED_COMMANDS",
    "Act",
    "Draft",
    "Firm",
    "Identity",
    "Input",
    "Language",
    "Outcome",
    "Person",
    "Review",
    "Run",
    "Surface",
    "Task",
    "TaskFileError",
    "TijdwinstError",
    "UserError",
    "find_task",
    "load_company",
    "load_firm",
    "load_tasks",
    "nearest_tasks",
]
