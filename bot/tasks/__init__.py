"""The nouns, the files that make a Task, and how people ask for one; the lowest floor, it imports no other room."""

from bot.tasks.company import Firm, load_company, load_firm
from bot.tasks.files import RESERVED_COMMANDS, load_tasks, parse_task, write_task
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
from bot.tasks.recognition import asks_again, recognise
from bot.tasks.templates import check_words, make_name, read_fields, write_fields

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
    "asks_again",
    "check_words",
    "find_task",
    "load_company",
    "load_firm",
    "load_tasks",
    "make_name",
    "nearest_tasks",
    "parse_task",
    "read_fields",
    "recognise",
    "write_fields",
    "write_task",
]
