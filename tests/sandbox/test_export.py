"""A Slack export becomes a workspace in which the bot works."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from bot.sandbox.export import LARGEST_FILE_BYTES, ExportError, load_export
from bot.sandbox.seed import seed_workspace
from bot.sandbox.shown import busiest_person, channels_for, people_of
from bot.sandbox.workspace import Workspace

RACKET = Path(__file__).parents[3] / "shared" / "data" / "racket-export"


def _export(folder: Path) -> Path:
    (folder / "general").mkdir(parents=True)
    (folder / "users.json").write_text(json.dumps([{"id": "U1", "name": "anna", "real_name": "Anna"}]))
    listed = [{"id": "C1", "name": "general", "members": ["U1"]}]
    (folder / "channels.json").write_text(json.dumps(listed))
    messages = [
        {"type": "message", "user": "U1", "text": "late", "ts": "20.0", "thread_ts": "10.0"},
        {"type": "message", "user": "U9", "text": "orphan", "ts": "30.0", "thread_ts": "5.0"},
        {"type": "message", "user": "U1", "text": "root", "ts": "10.0", "thread_ts": "10.0"},
        {"type": "other", "ts": "40.0"},
    ]
    (folder / "general" / "2026-11-24.json").write_text(json.dumps(messages))
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_threads_people_and_gaps_are_read(tmp_path: Path, zipped: bool) -> None:
    """Replies stand in their thread, unknown people get a name, a missing parent is shown as deleted."""
    path = _export(tmp_path / "export")
    if zipped:
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as file:
            for one in path.rglob("*.json"):
                file.write(one, f"export/{one.relative_to(path)}")
        path = tmp_path / "export.zip"
    workspace = Workspace()
    load_export(path, workspace)

    assert [one["text"] for one in workspace.thread("C1", "10.0")] == ["root", "late"]
    assert workspace.thread("C1", "5.0")[0]["subtype"] == "tombstone"
    assert workspace.users["U9"].real_name == "u9"
    assert workspace.bot_user_id in workspace.channels["C1"].members


def test_what_is_no_export_is_told(tmp_path: Path) -> None:
    """A wrong folder, a broken zip and a broken file are named with what to do."""
    (tmp_path / "no.zip").write_text("no zip")
    broken = _export(tmp_path / "broken")
    (broken / "general" / "2026-11-25.json").write_text("{")
    (tmp_path / "empty").mkdir()
    for name, wanted in (("missing", "there is no"), ("no.zip", "no zip"), ("empty", "users.json"),
                         ("broken", "2026-11-25.json is not readable")):  # fmt: skip
        with pytest.raises(ExportError, match=wanted):
            load_export(tmp_path / name, Workspace())


def test_private_groups_and_talks_of_two_are_read(tmp_path: Path) -> None:
    """Conversations beside the channels are there too, and the bot may be asked in them."""
    path = _export(tmp_path / "export")
    for name, listed in (
        ("groups", {"id": "G1", "name": "board"}),
        ("dms", {"id": "D1", "members": ["U1", "U2"]}),
    ):
        (path / f"{name}.json").write_text(json.dumps([listed]))
    (path / "D1").mkdir()
    said = [{"type": "message", "user": "U2", "text": "a &gt; b", "ts": "50.0"}]
    (path / "D1" / "2026-11-24.json").write_text(json.dumps(said))
    workspace = Workspace()
    load_export(path, workspace)

    assert workspace.channels["G1"].kind == "private"
    assert workspace.channels["D1"].messages["50.0"]["text"] == "a &gt; b"
    assert workspace.im_with("U1").id != "D1"


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("users.json", "{}", "users.json is no list of objects with id"),
        ("channels.json", '[{"name": "general"}]', "channels.json is no list of objects with id"),
        ("general/2026-11-25.json", "[1]", "2026-11-25.json is no list of objects"),
        ("general/2026-11-25.json", '[{"type": "message", "ts": "late"}]', "a message with ts 'late'"),
        ("general/2026-11-25.json", '[{"type": "message"}]', "a message with ts None"),
    ],
)
def test_a_file_of_another_shape_is_named(tmp_path: Path, name: str, text: str, wanted: str) -> None:
    """Whoever loads an export with one odd file reads which it is, instead of a traceback."""
    path = _export(tmp_path / "export")
    (path / name).write_text(text)

    with pytest.raises(ExportError, match=wanted):
        load_export(path, Workspace())


def test_a_zip_cannot_reach_outside_itself_nor_fill_the_memory(tmp_path: Path) -> None:
    """A hostile zip is read without its odd names, and refused when it unpacks to a flood."""
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("users.json", "[]")
        file.writestr("channels.json", json.dumps([{"id": "C1", "name": ".."}]))
        file.writestr("../2026-11-24.json", "no json")
    workspace = Workspace()
    load_export(path, workspace)
    with zipfile.ZipFile(tmp_path / "flood.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("users.json", b" " * (LARGEST_FILE_BYTES + 1))

    assert not workspace.channels["C1"].messages
    with pytest.raises(ExportError, match="larger than 50 MB"):
        load_export(tmp_path / "flood.zip", Workspace())


def test_the_demo_firm_has_talk_to_summarise() -> None:
    """The demo opens on threads in both languages, and a channel that the bot may not read."""
    workspace = Workspace()
    seed_workspace(workspace)
    threads = [one for channel in workspace.channels.values() for one in channel.threads.values()]

    assert len(threads) == 8
    assert max(len(thread) for thread in threads) >= 25
    assert busiest_person(workspace) == "USANNE"
    assert [file.name for file in workspace.files.values()] == ["inkoopprijzen.csv"]
    assert workspace.bot_user_id not in workspace.channels["GDIRECTIE"].members


def test_odd_messages_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    """Numbers for texts, holes in lists and a message that is there twice spoil nothing; all stand in time."""
    path = _export(tmp_path / "export")
    odd = [
        {
            "type": "message",
            "user": None,
            "text": 5,
            "ts": 60.5,
            "files": [None, {"id": "F1"}],
            "blocks": "x",
        },
        {"type": "message", "user": "U1", "text": "late", "ts": "20.0", "thread_ts": "10.0"},
        {"type": "message", "user": "U1", "text": "lost", "ts": "70.0", "thread_ts": "some day"},
    ]
    (path / "general" / "2026-11-25.json").write_text(json.dumps(odd))
    workspace = Workspace()
    load_export(path, workspace)
    messages = workspace.channels["C1"].messages

    assert list(messages) == ["5.0", "10.0", "20.0", "30.0", "60.5", "70.0"]
    assert (messages["60.5"]["text"], messages["60.5"]["files"]) == ("5", [{"id": "F1"}])
    assert messages["60.5"]["blocks"] == []
    assert messages["10.0"]["reply_count"] == 1
    assert "thread_ts" not in messages["70.0"]


def test_somebody_can_always_look_at_an_export(tmp_path: Path) -> None:
    """Of an export whose people have all left, a visitor sees the public channels; its own facts stay."""
    path = _export(tmp_path / "Garden Ltd Slack export Jan 1 2026")
    left = [{"id": name, "name": name.lower(), "deleted": True} for name in ("U1", "U9")]
    (path / "users.json").write_text(json.dumps(left))
    listed = [{"id": "C1", "name": "general", "members": ["U1"], "is_archived": True}]
    (path / "channels.json").write_text(json.dumps(listed))
    workspace = Workspace()
    load_export(path, workspace)
    (visitor,) = people_of(workspace)

    assert visitor.real_name == "Visitor"
    assert workspace.name == "Garden Ltd"
    assert [one.id for one in channels_for(workspace, visitor.id)] == ["C1"]
    assert workspace.channels["C1"].is_archived
    assert workspace.channels["C1"].members == ["U1", workspace.bot_user_id]


@pytest.mark.skipif(not RACKET.exists(), reason="the public archive is not beside this clone")
def test_a_real_archive_loads() -> None:
    """The public Racket archive loads with its long threads whole."""
    workspace = Workspace()
    load_export(RACKET, workspace)
    threads = workspace.channels["C00001"].threads.values()

    assert max(len(thread) for thread in threads) >= 200
