"""Templates as people fill them in: the fields of a form written as lines, and a name made from a title."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from bot.tasks.nouns import TRANSLATED, Input, Task, UserError

MOST_FIELDS = 10
LABEL_CHARS = 150

_KINDS: dict[str, tuple[str, ...]] = {
    "multiline": ("long", "lang"),
    "number": ("number", "getal"),
    "date": ("date", "datum"),
}
_LINE = re.compile(r"(?P<label>[^*()]+?)\s*(?P<required>\*)?\s*(?:\((?P<kind>[^()]*)\))?\s*(?P<late>\*)?")


def make_name(title: str) -> str:
    """Make a task's name of a title: `Uitnodiging voor een feest!` gives `uitnodiging-voor-een-feest`.

    Raises:
        UserError: there is no letter in it to begin with.
    """
    bare = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:40].strip("-")
    if not re.match(r"[a-z]", name):
        raise UserError("template.title-wrong")
    return name


def read_fields(written: str) -> tuple[Input, ...]:
    """Read the fields of a form, one a line: `Customer *`, `Notes (long)`, `Tone (formal, friendly)`.

    A `*` makes a field required. Between brackets stands what goes into it: `long`, `number`, `date`, in
    English or Dutch, or the choices of a list, with commas.

    Raises:
        UserError: a line cannot be read, two fields share a name, or there are too many.
    """
    fields: list[Input] = []
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    for line in lines:
        read = _LINE.fullmatch(line)
        if read is None or len(read["label"]) > LABEL_CHARS:
            raise UserError("template.field-wrong", line=line[:60])
        fields.append(_field(read, line))
    names = [field.name for field in fields]
    if len(fields) > MOST_FIELDS or len(set(names)) < len(names):
        raise UserError("template.fields-wrong", most=MOST_FIELDS)
    return tuple(fields)


def _field(read: re.Match[str], line: str) -> Input:
    label, kind = read["label"].strip(), (read["kind"] or "").strip()
    try:
        name = make_name(label).replace("-", "_")
    except UserError as error:
        raise UserError("template.field-wrong", line=line[:60]) from error
    known = next((type_ for type_, words in _KINDS.items() if kind.casefold() in words), "text")
    options = tuple(filter(None, (option.strip() for option in kind.split(",")))) if "," in kind else ()
    if kind and known == "text" and not options:
        raise UserError("template.field-wrong", line=line[:60])
    if len(options) > 20 or any(len(option) > 75 for option in options) or len(set(options)) < len(options):
        raise UserError("template.field-wrong", line=line[:60])
    type_: Any = "select" if options else known
    required = bool(read["required"] or read["late"])
    return Input(
        name=name,
        label=label,
        type=type_,
        required=required,
        options=options,
        labels=dict.fromkeys(TRANSLATED, label),
    )


def write_fields(inputs: Sequence[Input]) -> str:
    """Write fields as `read_fields` reads them."""
    return "\n".join(_write(field) for field in inputs)


def _write(field: Input) -> str:
    kind = ", ".join(field.options) or next(iter(_KINDS.get(field.type, ())), "")
    return field.label + (" *" if field.required else "") + (f" ({kind})" if kind else "")


def check_words(tasks: Sequence[Task], template: Task) -> str:
    """Return a word of *template* that another task has already; empty when all are its own."""
    taken = {
        word.casefold()
        for task in tasks
        if task.name != template.name
        for word in (task.name, task.command, *task.aliases)
        if word
    }
    return next((word for word in (template.name, *template.aliases) if word.casefold() in taken), "")
