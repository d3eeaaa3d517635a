"""The manifest that people paste into Slack is the one that the code needs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from bot.handlers import HANDLERS
from bot.manifest import EVENTS, SCOPES, manifest
from bot.tasks import Task, load_tasks

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT.parent / "shared" / "data" / "slack-manifest.schema.json"
TASKS = load_tasks(ROOT / "prompts", HANDLERS)


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
    if SCHEMA.exists():
        schema = json.loads(SCHEMA.read_text())
        assert [error.message for error in Draft7Validator(schema).iter_errors(made)] == []


def test_it_keeps_slacks_limits_without_the_schema() -> None:
    """Slack's own form for manifests refuses longer names: 35, 140, 24 and 32 characters, 50 commands."""
    made = manifest(TASKS)
    features, display = made["features"], made["display_information"]

    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert all(len(shortcut["name"]) <= 24 for shortcut in features["shortcuts"])
    assert all(len(command["command"]) <= 32 for command in features["slash_commands"])
    assert len(features["slash_commands"]) <= 50


def test_every_event_has_its_scope() -> None:
    """Slack sends no event whose scope is missing, and says nothing about it."""
    needed = {
        "agent_session_stopped": None,
        "app_context_changed": None,
        "app_home_opened": None,
        "app_mention": "app_mentions:read",
        "app_uninstalled": None,
        "file_deleted": "files:read",
        "message.im": "im:history",
        "tokens_revoked": None,
    }

    assert set(EVENTS) == needed.keys()
    assert {scope for scope in needed.values() if scope} <= SCOPES.keys()


def test_many_workspaces_come_back_to_the_bots_own_page() -> None:
    """An app that many install names the page that Slack sends them back to, and its tokens end by themselves."""
    made = manifest({}, url="https://bot.example.com/", oauth=True)
    own = manifest({}, url="https://bot.example.com/")

    assert made["oauth_config"]["redirect_urls"] == ["https://bot.example.com/slack/oauth_redirect"]
    assert made["settings"]["token_rotation_enabled"]
    assert "redirect_urls" not in own["oauth_config"]
    assert not own["settings"]["token_rotation_enabled"]


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


def test_events_in_code_and_manifest_are_the_same() -> None:
    """Slack sends what somebody listens to, and nothing that is only thrown away."""
    code = "".join(path.read_text() for path in (ROOT / "bot" / "listeners").glob("*.py"))
    handled = set(re.findall(r'app\.event\("([a-z_]+)"\)', code))

    assert {event.partition(".")[0] for event in EVENTS} == handled


def test_a_task_with_a_command_is_in_slacks_menu() -> None:
    """A new task's command shows with its title when somebody types a slash; one without has no entry."""
    quote = Task(
        name="quote", title="Draft a quote", description="A quote.", prompt="Write.", command="/quote"
    )
    listed = manifest({"quote": quote, "reply": replace(quote, name="reply", command="")})["features"]
    shown = {command["command"]: command["description"] for command in listed["slash_commands"]}

    assert list(shown) == ["/draft", "/tijdwinst", "/quote"]
    assert shown["/quote"] == "Draft a quote"


def test_every_scope_has_its_reason_in_the_docs() -> None:
    """Whoever installs the bot reads why it asks for what it asks for."""
    page = (ROOT / "docs" / "install.md").read_text()

    assert all(f"`{scope}`: {reason}" in page for scope, reason in SCOPES.items())
