"""The manifest that people paste into Slack is the one that the code needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from bot.manifest import SCOPES, manifest
from bot.tasks import load_tasks

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT.parent / "shared" / "data" / "slack-manifest.schema.json"
TASKS = load_tasks(ROOT / "prompts", ["draft"])


def test_the_file_is_the_generated_one() -> None:
    """A task's new command is never missing from manifest.json."""
    assert (ROOT / "manifest.json").read_text() == json.dumps(
        manifest(TASKS), indent=2, ensure_ascii=False
    ) + "\n"


@pytest.mark.parametrize("url", [None, "https://bot.example.com/"])
def test_slack_takes_it(url: str | None) -> None:
    """Pasting the manifest into Slack gives no error."""
    made = manifest(TASKS, url=url)

    assert made["settings"]["socket_mode_enabled"] is (url is None)
    assert len(made["display_information"]["name"]) <= 35
    if SCHEMA.exists():
        schema = json.loads(SCHEMA.read_text())
        assert [error.message for error in Draft7Validator(schema).iter_errors(made)] == []


def test_http_mode_names_its_address_everywhere() -> None:
    """In HTTP mode events, buttons and commands all reach the bot."""
    made = manifest(TASKS, url="https://bot.example.com")
    address = "https://bot.example.com/slack/events"

    assert made["settings"]["event_subscriptions"]["request_url"] == address
    assert {command["url"] for command in made["features"]["slash_commands"]} == {address}


def test_ids_in_code_and_manifest_are_the_same() -> None:
    """Every shortcut in Slack's menu does something."""
    code = "".join(path.read_text() for path in (ROOT / "bot" / "listeners").glob("*.py"))
    handled = set(re.findall(r'app\.shortcut\("([a-z_]+)"\)', code))
    listed = {shortcut["callback_id"] for shortcut in manifest(TASKS)["features"]["shortcuts"]}

    assert listed == handled


def test_every_scope_has_its_reason_in_the_docs() -> None:
    """Whoever installs the bot reads why it asks for what it asks for."""
    page = (ROOT / "docs" / "install.md").read_text()

    assert all(f"`{scope}`: {reason}" in page for scope, reason in SCOPES.items())
