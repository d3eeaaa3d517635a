"""The Home tab: what waits, what is recent, how to start, what was saved, and for admins what is set; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import Block, button, context, section
from bot.views.forms import form

MOST_BUTTONS = 9  # tasks with a button of their own; the form holds all


@dataclass(frozen=True)
class DraftLine:
    """A draft in a list: `task` as people call it, `link` empty when the message is gone."""

    task: str
    link: str
    when: str
    stand: str

    def shown(self, language: Language) -> str:
        """Return the line."""
        named = f"<{self.link}|{self.task}>" if self.link else self.task
        return text("home.line", language, task=named, when=self.when, stand=self.stand)


@dataclass(frozen=True)
class Office:
    """What admins see besides.

    Attributes:
        groups: `(group, summary)`, each with a button to its form.
        baselines, health, changes: lines.
    """

    groups: Sequence[tuple[str, str]]
    prices: str
    knowledge: str
    baselines: Sequence[str]
    health: Sequence[str]
    changes: Sequence[str]


@dataclass(frozen=True)
class HomePage:
    """What one person's Home tab says; an empty `month` for who is only a guest here."""

    waiting: Sequence[DraftLine]
    waiting_more: int
    recent: Sequence[DraftLine]
    tasks: Sequence[tuple[str, str]]
    month: str
    office: Office | None


def home(page: HomePage, language: Language) -> Block:
    """Return the Home tab."""
    blocks: list[Block] = [
        header("home.title", language),
        section(text("home.welcome", language)),
        *_waiting(page, language),
        *_start(page.tasks, language),
    ]
    if page.month:
        blocks += [{"type": "divider"}, section(page.month)]
    if page.recent:
        lines = "\n".join(line.shown(language) for line in page.recent)
        blocks += [header("home.recent", language), section(lines)]
    if page.office is not None:
        blocks += _office(page.office, language)
    blocks += [
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                button("home_privacy", text("home.privacy", language), "privacy"),
                button("home_help", text("home.help", language), "help"),
            ],
        },
    ]
    return {"type": "home", "blocks": blocks}


def header(key: str, language: Language) -> Block:
    """Return a heading of ours."""
    return {"type": "header", "text": {"type": "plain_text", "text": text(key, language)[:150]}}


def _waiting(page: HomePage, language: Language) -> list[Block]:
    count = len(page.waiting) + page.waiting_more
    lines = [line.shown(language) for line in page.waiting]
    if page.waiting_more:
        lines.append(text("home.more", language, count=page.waiting_more))
    said = lines or [text("home.none-waiting", language)]
    title = text("home.waiting", language, count=count)
    heading: Block = {"type": "header", "text": {"type": "plain_text", "text": title[:150]}}
    return [heading, section("\n".join(said))]


def _start(tasks: Sequence[tuple[str, str]], language: Language) -> list[Block]:
    buttons = [button(f"start_task:{name}", title, name) for name, title in tasks[:MOST_BUTTONS]]
    buttons.append(button("start_task", text("home.start-any", language), "any", style="primary"))
    return [header("home.start", language), {"type": "actions", "elements": buttons}]


def _office(office: Office, language: Language) -> list[Block]:
    blocks: list[Block] = [{"type": "divider"}, header("home.settings", language)]
    for group, summary in office.groups:
        blocks.append(_changeable(f"home_settings:{group}", f"group.{group}", [summary], language))
    for name in ("firm", "guideline"):
        key = f"home.{name}"
        blocks.append(_changeable(f"home_office:{name}", key, [text(f"{key}-what", language)], language))
    blocks.append(
        _changeable("home_templates", "home.templates", [text("home.templates-what", language)], language)
    )
    blocks.append(_changeable("home_baselines", "home.baselines", office.baselines, language))
    blocks.append(section(f"*{text('home.prices', language)}*\n{office.prices}"))
    blocks.append(section(f"*{text('home.knowledge', language)}*\n{office.knowledge}"))
    blocks.append(section("\n".join([f"*{text('home.health', language)}*", *office.health])))
    if office.changes:
        blocks.append(context("\n".join([f"*{text('home.changes', language)}*", *office.changes])))
    return blocks


def _changeable(action_id: str, key: str, lines: Sequence[str], language: Language) -> Block:
    """Return what is set under a heading, with a button to change it; each button is told apart by ear, too."""
    name = text(key, language)
    spoken = text("home.change-group", language, group=name)
    changing = button(action_id, text("home.change", language), action_id, spoken=spoken)
    return {**section("\n".join([f"*{name}*", *lines])), "accessory": changing}


def privacy_form(lines: Sequence[str], *, deletable: int, language: Language) -> Block:
    """Return what is kept of a person, with a way to have the texts deleted."""
    blocks = [section(line) for line in lines]
    if deletable:
        confirm = {
            "title": {"type": "plain_text", "text": text("privacy.sure", language)[:100]},
            "text": {"type": "mrkdwn", "text": text("privacy.sure-text", language)[:300]},
            "confirm": {"type": "plain_text", "text": text("privacy.sure-yes", language)[:30]},
            "deny": {"type": "plain_text", "text": text("modal.edit.cancel", language)[:30]},
            "style": "danger",
        }
        deleting = button("privacy_delete", text("privacy.delete", language), "delete", style="danger")
        blocks.append({"type": "actions", "elements": [{**deleting, "confirm": confirm}]})
    return _reading("privacy", text("privacy.title", language), blocks, language)


def help_blocks(body: str, tasks: Sequence[tuple[str, str]], *, language: Language) -> list[Block]:
    """Return the help, with a button that opens the form of each of *tasks*, and one for any."""
    buttons = [
        button(f"start_task:{name}", text("help.start", language, task=title), name, style="primary")
        for name, title in tasks
    ]
    buttons.append(button("start_task", text("home.start-any", language), "any"))
    return [*map(section, split_lines(body)), {"type": "actions", "elements": buttons}]


def help_form(lines: Sequence[str], *, language: Language) -> Block:
    """Return the help as something to read and close."""
    return _reading(
        "help", text("home.help", language), list(map(section, split_lines("\n".join(lines)))), language
    )


def _reading(callback_id: str, title: str, blocks: list[Block], language: Language) -> Block:
    """Return a form that asks nothing, so that it has nothing to submit."""
    close = text("modal.done", language)
    view = form(callback_id, title=title, submit="", close=close, blocks=blocks, metadata={})
    return {name: part for name, part in view.items() if name != "submit"}


def split_lines(body: str, limit: int = 2_900) -> list[str]:
    """Cut a text at its lines into parts that a section holds."""
    parts = [""]
    for line in body.split("\n"):
        joined = f"{parts[-1]}\n{line}" if parts[-1] else line
        if len(joined) > limit:
            parts.append(line)
        else:
            parts[-1] = joined
    return parts
