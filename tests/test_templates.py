"""A team makes its own tasks in Slack: tried first, published when they are good, one click back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bot.__main__ import main
from bot.listeners import load_templates
from bot.offline import evaluate
from bot.reading import read_paper_apart
from bot.tasks import (
    Input,
    Task,
    UserError,
    Wording,
    make_name,
    parse_task,
    read_fields,
    write_fields,
    write_task,
)
from tests.conftest import ANNA, CHEF, SALES, World, on_postgres, running, store_url, until
from tests.test_measuring import _form

INVITE = {
    "title": "Klanten uitnodigen",
    "description": "Nodigt klanten uit.",
    "prompt0": "You write an invitation. It costs $40 +++ at most.",
    "fields": "Occasion *\nTone (formal, friendly)",
    "aliases": "uitnodiging",
    "minutes": "20",
}


async def _list(world: World, user_id: str = CHEF) -> dict[str, Any]:
    await world.slack.command(user_id, SALES, "/tijdwinst", "templates")
    return await _form(world, user_id)


async def _top(world: World, callback_id: str, user_id: str = CHEF) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        view = world.slack.modal(user_id)
        return view if view and view["callback_id"] == callback_id else None

    return await world.slack.wait_for(look)


async def _make(world: World, values: dict[str, str] | None = None) -> None:
    """Make a template and publish it."""
    await _list(world)
    await world.slack.click_in_view(CHEF, "template_new")
    await _top(world, "template_edit")
    await world.slack.submit(CHEF, values or INVITE)
    await _top(world, "template_saved")
    await world.slack.click_in_view(CHEF, "template_publish")
    await world.slack.wait_for(lambda: "is published" in str(world.slack.modal(CHEF)))
    await world.slack.close_view(CHEF, every=True)


async def test_a_template_is_tried_and_published(world: World) -> None:
    """An admin writes a template and tries it; once it is published everybody can ask for it by its words."""
    before = await world.slack.command(ANNA, SALES, "/draft", "uitnodiging: opening op 3 mei")
    await _list(world)
    await world.slack.click_in_view(CHEF, "template_new")
    await _top(world, "template_edit")
    await world.slack.submit(CHEF, INVITE)
    await _top(world, "template_saved")
    await world.slack.click_in_view(CHEF, "template_try")
    await _top(world, "template_trial")
    await world.slack.submit(CHEF, {"words": "The shop opens on 3 May.", "input_occasion": "opening"})
    tried = await world.card(world.slack.workspace.im_with(CHEF).id)
    (row,) = await world.rows()
    asked = world.model.requests[-1].body
    await _top(world, "template_notice")
    await world.slack.close_view(CHEF)
    await world.slack.click_in_view(CHEF, "template_publish")
    await world.slack.wait_for(lambda: "is published" in str(world.slack.modal(CHEF)))
    await world.slack.command(ANNA, SALES, "/draft", "uitnodiging: opening op 3 mei")
    await world.card()

    assert "do not know" in before.body
    assert "3 May" in str(tried)
    assert (row["task"], row["baseline_minutes"]) == ("trial", 1)
    assert INVITE["prompt0"] in str(asked["system"])
    assert "occasion: opening" in str(asked["messages"])
    assert "template" not in str(asked["messages"])
    assert world.workspace.tasks["klanten-uitnodigen"].inputs[0].required


async def test_the_command_line_calls_a_template_by_its_title(world: World, tmp_path: Path) -> None:
    """The PDF of `python -m bot evaluate` names what was made with a template as Slack does."""
    workspaces = world.bot.records.workspaces
    await workspaces.change("T1", replace(await workspaces.get("T1"), least_people=1), user_id=CHEF)
    await _make(world)
    await world.slack.command(ANNA, SALES, "/draft", "uitnodiging: opening op 3 mei")
    card = await world.card()
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.rows(where=lambda row: row["decided_at"])
    out = tmp_path / "report.pdf"
    await evaluate(world.bot.settings, start=None, end=None, out=out)
    told = " ".join(read_paper_apart(out.read_bytes()).lines)

    assert "Klanten uitnodigen" in told
    assert "klanten-uitnodigen" not in told


async def _held(world: World, fits: Callable[[Task], bool]) -> Task:
    """Return the template once the bot holds it so: word of an earlier change may come after a later one."""

    def look() -> Task | None:
        task = world.workspace.tasks["klanten-uitnodigen"]
        return task if fits(task) else None

    found: Task = await until(look)
    return found


async def _write_second(world: World) -> None:
    """Write a second version of the template, and leave it to be published."""
    await _list(world)
    await world.slack.click_in_view(CHEF, "template_menu", value="edit klanten-uitnodigen 1")
    await _top(world, "template_edit")
    await world.slack.submit(CHEF, {"prompt0": "Second try.", "minutes": "25"})
    await _top(world, "template_saved")


async def test_one_click_goes_back_and_a_withdrawn_one_is_gone(world: World) -> None:
    """Every version is kept: back, withdraw and publish again take one click each."""
    await _make(world)
    await _write_second(world)
    await world.slack.click_in_view(CHEF, "template_publish")
    await _held(world, lambda task: task.baseline_minutes == 25)
    await world.slack.close_view(CHEF, every=True)
    await _list(world)
    await world.slack.click_in_view(CHEF, "template_menu", value="back klanten-uitnodigen 2")
    await world.slack.wait_for(lambda: "Version 1 of 2" in str(world.slack.modal(CHEF)))
    back = await _held(world, lambda task: task.baseline_minutes == 20)
    await world.slack.click_in_view(CHEF, "template_menu", value="withdraw klanten-uitnodigen 2")
    await world.slack.wait_for(lambda: "is withdrawn" in str(world.slack.modal(CHEF)))
    await _held(world, lambda task: not task.listed)
    asked = await world.slack.command(ANNA, SALES, "/draft", "uitnodiging: opening")

    assert (back.baseline_minutes, back.prompt) == (20, INVITE["prompt0"] + "\n")
    assert "do not know" in asked.body


async def test_what_is_wrong_is_said_at_its_field(world: World) -> None:
    """A name that exists, minutes that are none, a field that cannot be read: nothing that was typed is lost."""
    await _make(world)
    await _list(world)
    await world.slack.click_in_view(CHEF, "template_new")
    await _top(world, "template_edit")
    told = {}
    for field, value in (
        ("title", "Klanten uitnodigen"),
        ("title", "Quote"),
        ("title", "!!!"),
        ("minutes", "0"),
        ("fields", "Tone (loud)"),
        ("aliases", "offerte"),
    ):
        delivery = await world.slack.submit(
            CHEF, {**INVITE, "title": "Another one", "aliases": "", field: value}
        )
        told[field, value] = list(delivery.answer["errors"])
    still = world.slack.modal(CHEF)

    assert told == {key: [key[0]] for key in told}
    assert still is not None
    assert still["callback_id"] == "template_edit"


async def test_two_editors_do_not_overwrite_each_other(world: World) -> None:
    """Who saves a form that was opened before somebody else's version is told, and keeps the form."""
    world.slack.workspace.add_user("UBOSS", "boss", "De Baas", is_admin=True)
    await _make(world)
    for user_id in (CHEF, "UBOSS"):
        await _list(world, user_id)
        await world.slack.click_in_view(user_id, "template_menu", value="edit klanten-uitnodigen 1")
        await _top(world, "template_edit", user_id)
    await world.slack.submit(CHEF, {"minutes": "30"})
    second = await world.slack.submit("UBOSS", {"minutes": "40"})
    rows = await world.bot.records.templates.listing("T1")

    assert "another version" in second.answer["errors"]["title"]
    assert [(row.newest, row.changed_by) for row in rows] == [(2, CHEF)]


async def test_only_admins_make_templates(world: World) -> None:
    """Everybody else reads whose they are, until an admin names them in the settings."""
    await world.slack.command(ANNA, SALES, "/tijdwinst", "sjablonen")
    await world.slack.called("chat.postEphemeral", where=lambda told: "made by the admins" in told["text"])

    before = world.slack.modal(ANNA)
    await world.slack.command(CHEF, SALES, "/tijdwinst", "settings review")
    await _form(world, CHEF)
    await world.slack.submit(CHEF, {"template_editors": [ANNA]})
    await world.slack.command(ANNA, SALES, "/tijdwinst", "sjablonen")
    listed = await _form(world, ANNA)

    assert before is None
    assert listed["callback_id"] == "templates"


async def test_a_template_is_there_after_a_restart_and_as_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart the template still works, and `export templates` writes it as a task file."""
    async with running(tmp_path) as world:
        await _make(world)
        made = world.workspace.tasks["klanten-uitnodigen"]
    async with running(tmp_path) as world:
        again = world.workspace.tasks["klanten-uitnodigen"]
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", store_url(tmp_path))
    monkeypatch.setenv("SECRET_KEYS", Fernet.generate_key().decode() if on_postgres() else "")
    monkeypatch.chdir(tmp_path)
    printed = await _main(["export", "templates"]), capsys.readouterr().out
    written = await _main(["export", "templates", "--out", str(tmp_path / "out")])
    file = (tmp_path / "out" / "klanten-uitnodigen.md").read_text()

    assert again == made
    assert (printed[0], written) == (0, 0)
    assert printed[1] == file
    assert parse_task("klanten-uitnodigen", file, ("draft",)) == made


async def _main(arguments: list[str]) -> int:
    return await asyncio.to_thread(main, arguments)


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(str.strip)


@given(
    title=WORDS,
    prompt=st.text(st.characters(codec="utf-8", exclude_characters="\r")),
    label=WORDS,
)
def test_a_task_survives_being_written(title: str, prompt: str, label: str) -> None:
    """Whatever somebody types into a template, quotes and dollars too, stands in its file to the letter."""
    field = Input("a_b", label, "select", True, ("x", title), labels={"nl": title})
    task = Task(
        name="one",
        title=title,
        description=label,
        prompt="p" + prompt,
        aliases=(label,),
        reads="thread",
        urgent=True,
        listed=False,
        baseline_minutes=7,
        inputs=(field, replace(field, name="c", type="text", options=(), required=False)),
        wordings={"nl": Wording(label, title)},
    )

    assert parse_task("one", write_task(task), ("draft",)) == task


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("Customer *", Input("customer", "Customer", "text", True, labels={"nl": "Customer"})),
        ("Klánt (lang) *", Input("klant", "Klánt", "multiline", True, labels={"nl": "Klánt"})),
        ("Wanneer? (datum)", Input("wanneer", "Wanneer?", "date", labels={"nl": "Wanneer?"})),
        ("Toon (u, je)", Input("toon", "Toon", "select", False, ("u", "je"), labels={"nl": "Toon"})),
    ],
)
def test_a_field_is_written_as_a_line(line: str, field: Input) -> None:
    """What people write as a line becomes a field, and comes back as such a line."""
    (read,) = read_fields(line)

    assert read == field
    assert read_fields(write_fields([read])) == (read,)


@pytest.mark.parametrize(
    "written", ["(long)", "A (loud)", "A\nA", "123", "\n".join(map(chr, range(97, 109)))]
)
def test_a_field_that_cannot_be_read_is_told(written: str) -> None:
    """A line that is no field, two of one name, or too many are refused."""
    with pytest.raises(UserError):
        read_fields(written)


def test_a_name_is_made_of_a_title() -> None:
    """The name is what people type; accents and signs do not get into it."""
    assert make_name("Uitnodiging: één feest!") == "uitnodiging-een-feest"


async def test_an_older_reading_never_covers_a_newer_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody publishes while the bot reads the templates, as it does when another replica told of one: it holds."""
    await _make(world)
    await _write_second(world)
    templates = world.bot.records.templates
    read, go = asyncio.Event(), asyncio.Event()
    current = templates.current

    async def slowly(team_id: str) -> dict[str, str]:
        found = await current(team_id)
        read.set()
        await go.wait()
        return found

    monkeypatch.setattr(templates, "current", slowly)
    reading = asyncio.create_task(load_templates(world.workspace.intake))
    await read.wait()
    await world.slack.click_in_view(CHEF, "template_publish")
    # Either it waits for the reading, or it is through already and the reading would cover it.
    await asyncio.wait(
        {asyncio.create_task(_held(world, lambda task: task.baseline_minutes == 25))}, timeout=0.5
    )
    go.set()
    await reading
    held = await _held(world, lambda task: task.baseline_minutes == 25)

    assert held.prompt == "Second try.\n"
