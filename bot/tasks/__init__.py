"""The nouns, the files that make a Task, and how people ask for one; the lowest floor, it imports no other room."""

from bot.tasks.company import Firm, Prompts, load_company, load_firm, load_prompts, put_firm
from bot.tasks.files import RESERVED_COMMANDS, load_tasks, parse_task, write_task
from bot.tasks.material import lacks_material
from bot.tasks.nouns import (
    ANSWER,
    LANGUAGES,
    TRANSLATED,
    Draft,
    Identity,
    Input,
    Language,
    Outcome,
    Person,
    Run,
    Surface,
    TableWork,
    Task,
    TaskFileError,
    UserError,
    Wording,
    find_task,
    nearest_tasks,
)
from bot.tasks.recognition import Doubt, asks_again, doubt, recognise
from bot.tasks.templates import check_words, make_name, read_fields, write_fields
from bot.tasks.wording import split_words

__all__ = [
    "ANSWER",
    "LANGUAGES",
    "RESERVED_COMMANDS",
    "TRANSLATED",
    "Doubt",
    "Draft",
    "Firm",
    "Identity",
    "Input",
    "Language",
    "Outcome",
    "Person",
    "Prompts",
    "Run",
    "Surface",
    "TableWork",
    "Task",
    "TaskFileError",
    "UserError",
    "Wording",
    "asks_again",
    "check_words",
    "doubt",
    "find_task",
    "lacks_material",
    "load_company",
    "load_firm",
    "load_prompts",
    "load_tasks",
    "make_name",
    "nearest_tasks",
    "parse_task",
    "put_firm",
    "read_fields",
    "recognise",
    "split_words",
    "write_fields",
    "write_task",
]
