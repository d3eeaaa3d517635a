"""A Slack export becomes a workspace in which the bot works."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from bot.sandbox.export import ExportError, load_export
from bot.sandbox.seed import seed_workspace
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


def test_the_demo_firm_has_talk_to_summarise() -> None:
    """The demo opens on threads in both languages, and a channel that the bot may not read."""
    workspace = Workspace()
    seed_workspace(workspace)
    threads = [one for channel in workspace.channels.values() for one in channel.threads.values()]

    assert len(threads) == 4
    assert workspace.bot_user_id not in workspace.channels["GDIRECTIE"].members


@pytest.mark.skipif(not RACKET.exists(), reason="the public archive is not beside this clone")
def test_a_real_archive_loads() -> None:
    """The public Racket archive loads with its long threads whole."""
    workspace = Workspace()
    load_export(RACKET, workspace)
    threads = workspace.channels["C00001"].threads.values()

    assert max(len(thread) for thread in threads) >= 200
