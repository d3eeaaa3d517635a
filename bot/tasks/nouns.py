"""The nouns of the house: Task, Run, Draft; and how people name a task. No file is read here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

from bot import TijdwinstError

Language = Literal["en", "nl"]
"""Every language of the bot, English first: CONTRIBUTING.md lists what else one takes."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
TRANSLATED = LANGUAGES[1:]
"""Those that a task file has a table for; English stands at its top, and where one has none."""

ANSWER = "answer"
"""The task for whoever names none."""

Surface = Literal["command", "mention", "shortcut", "message", "form", "table"]
"""How the asker reached us: slash command, @mention, message shortcut, messages tab, New draft form; or a row of a
table that they sent."""

Outcome = Literal["running", "waiting", "drafted", "refused", "failed", "by_hand"]
"""How a run ended: `drafted` is delivered, `refused` was told why, `failed` got an apology, `by_hand` is control."""


class UserError(TijdwinstError):
    """Something the asker can mend: the text behind *key* is shown to them, and only to them.

    Args:
        key: a message id in the catalogues (`bot/locales`).
        params: what the sentence names: never the text of a message or a draft.
    """

    def __init__(self, key: str, **params: Any) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


class TaskFileError(TijdwinstError):
    """One or more task files are faulty; the message names file, line and cure of every fault."""


@dataclass(frozen=True)
class Input:
    """One field of a task's form.

    Attributes:
        options: what may be chosen, as the model reads it; `choices` are they as people read them, in the same order.
    """

    name: str
    label: str
    type: Literal["text", "multiline", "number", "date", "select", "channel", "file", "customer"] = "text"
    required: bool = False
    options: tuple[str, ...] = ()
    labels: Mapping[Language, str] = field(default_factory=dict, hash=False)
    choices: Mapping[Language, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def label_in(self, language: Language) -> str:
        """Return the label in *language*."""
        return self.labels.get(language, self.label)

    def choices_in(self, language: Language) -> tuple[str, ...]:
        """Return the options as people read them in *language*."""
        return self.choices.get(language, self.options)

    def option_of(self, said: str) -> str:
        """Return the option that somebody names in any language; empty when there is none."""
        for words in (self.options, *self.choices.values()):
            if said in words:
                return self.options[words.index(said)]
        return ""


@dataclass(frozen=True)
class Wording:
    """What people read of a task in a language other than English."""

    title: str
    description: str
    example: str = ""


@dataclass(frozen=True)
class TableWork:
    """How a task works through a table, a text per row.

    Attributes:
        each_review: how many texts are reviewed at once.
        most_words: the longest text, unless the form says otherwise.
        unlike: no two texts may be alike.
        paper: each accepted text is a paper of its own, as PDF; else all come as one sheet.
        forbidden: claims that no text may make: words, or the beginning of a word with `*` behind it.
    """

    each_review: int = 10
    most_words: int = 150
    unlike: bool = False
    paper: bool = False
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One kind of text work: the front matter of a file in `prompts/`, and its system prompt.

    Attributes:
        personal_data: whether names, numbers and addresses leave as tokens, or as they are.
        listed: people may choose it by name; else only we do.
        table: how it works through a table; None for a task that makes one text.
    """

    name: str
    title: str
    description: str
    prompt: str
    command: str = ""
    aliases: tuple[str, ...] = ()
    handler: str = "draft"
    model: Literal["fast", "smart"] = "smart"
    reads: Literal["nothing", "thread", "channel", "files", "knowledge"] = "nothing"
    deliver: Literal["private", "thread"] = "private"
    baseline_minutes: int = 15
    max_tokens: int = 2000
    effort: Literal["low", "medium", "high"] = "low"
    personal_data: Literal["pseudonymise", "allow"] = "pseudonymise"
    urgent: bool = False
    listed: bool = True
    inputs: tuple[Input, ...] = ()
    example: str = ""
    wordings: Mapping[Language, Wording] = field(default_factory=dict, hash=False)
    table: TableWork | None = None

    @property
    def reads_conversation(self) -> bool:
        """Say whether it reads where it is asked; a task that reads files reads the words around them too."""
        return self.reads in ("thread", "files")

    def title_in(self, language: Language) -> str:
        """Return the title in *language*."""
        return self.wordings[language].title if language in self.wordings else self.title

    def description_in(self, language: Language) -> str:
        """Return the description in *language*."""
        return self.wordings[language].description if language in self.wordings else self.description

    def example_in(self, language: Language) -> str:
        """Return words that somebody might ask it with, in *language*; empty when the file has none."""
        return self.wordings[language].example if language in self.wordings else self.example


@dataclass(frozen=True)
class Run:
    """One person asking for one task once.

    Attributes:
        run_id: the workflow's id: `{team}:{channel}:{ts}` where a message exists, else
            `{team}:{view id}` or `{team}:{trigger_id}`.
        words: what the asker typed, besides the task's name.
        source_channel_id: the conversation to read; empty when there is none.
        source_ts: the `ts` of the thread to read; empty when there is none.
        source_oldest, source_latest: the part of the channel to read, as `ts`; empty for a thread, or for up to now.
        source_since: `missed` when it begins at the asker's own last message there.
        files: the ids of what the asker attached; their content is read and never stored.
        answer_channel_id: where the answer goes; empty for the asker's messages tab.
        answer_thread_ts: the thread that the answer goes to; empty for top level.
        asking_minutes: from opening the form to submitting it; None where there was no form.
    """

    run_id: str
    team_id: str
    channel_id: str
    user_id: str
    task: str
    surface: Surface
    language: Language
    words: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    source_channel_id: str = ""
    source_ts: str = ""
    answer_channel_id: str = ""
    answer_thread_ts: str = ""
    received_at: str = ""
    asking_minutes: float | None = None
    source_oldest: str = ""
    source_latest: str = ""
    source_since: str = ""
    files: tuple[str, ...] = ()

    @property
    def message_ts(self) -> str:
        """The `ts` of the mention that asked; empty when it was none."""
        return self.run_id.rpartition(":")[2].rstrip("^") if self.surface == "mention" else ""

    @property
    def opens_thread(self) -> bool:
        """Whether its answer begins a thread, under the message that asked."""
        return self.answer_thread_ts == self.run_id.rpartition(":")[2].rstrip("^")


@dataclass(frozen=True)
class Draft:
    """A text that a run produced.

    Attributes:
        text: Markdown as the model wrote it; sources still stand as `[12]`.
        sources: number -> permalink, for the numbers that exist.
        messages_read: how many messages the draft rests on; 0 when it read none.
        model: the model's own name for itself.
    """

    run_id: str
    version: int
    text: str
    model: str
    sources: dict[str, str] = field(default_factory=dict)
    messages_read: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Who we are in a workspace, as `auth.test` tells."""

    team_id: str
    url: str
    bot_user_id: str
    bot_id: str
    team: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """A person or bot of a workspace.

    Attributes:
        is_admin: an admin or owner of the workspace.
        is_guest: a guest, or somebody of another company in a shared channel.
        is_stranger: somebody of another company; known only where Slack was asked just now.
    """

    team_id: str
    user_id: str
    name: str
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False
    locale: str = ""
    is_stranger: bool = False


@cache
def _spelling(word: str) -> re.Pattern[str]:
    """Return how a name may stand at the beginning; kept, because there are more of them than `re` remembers."""
    spelled = r"\s+".join(map(re.escape, word.split()))
    return re.compile(rf"{spelled}(?:[:,.;!?]+(?=\s|$)|(?=\s|$))", re.IGNORECASE)


def find_task(tasks: Mapping[str, Task], words: str) -> tuple[Task | None, str]:
    """Return the task whose name, alias or command *words* begin with, and the rest of them."""
    words = words.strip()
    known = [
        (word, task) for task in tasks.values() for word in (task.name, task.command, *task.aliases) if word
    ]
    # The longest first: "meeting notes" is not "meeting".
    for word, task in sorted(known, key=lambda pair: -len(pair[0])):
        if named := _spelling(word).match(words):
            return task, words[named.end() :].strip()
    return None, words


def nearest_tasks(tasks: Mapping[str, Task], word: str, most: int = 3) -> list[str]:
    """Return the names of at most *most* tasks that *word* comes nearest to, the nearest first."""
    spelled = {known.casefold(): task.name for task in tasks.values() for known in (task.name, *task.aliases)}
    near = difflib.get_close_matches(word.casefold().lstrip("/"), spelled, n=len(spelled) or 1, cutoff=0.7)
    return list(dict.fromkeys(spelled[match] for match in near))[:most]
