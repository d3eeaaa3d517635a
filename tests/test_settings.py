"""Settings tell every fault at once, with its cure."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError

ROOT = Path(__file__).parent.parent
GOOD = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "ANTHROPIC_API_KEY": "sk-1"}


def test_every_fault_is_told_at_once() -> None:
    """A first start with an empty or wrong environment needs one round of repairs, not nine."""
    environ = {
        "SLACK_BOT_TOKEN": "xoxp-no",
        "SLACK_APP_TOKEN": "xoxb-no",
        "PORT": "99999",
        "SLACK_API_URL": "slack.com",
        "ANTHROPIC_BASE_URL": "ftp://x",
        "LANGUAGE": "fr",
        "CURRENCY": "euro",
        "TZ_NAME": "Europe/Nowhere",
        "DATABASE_URL": "postgresql://x",
    }
    with pytest.raises(SettingsError) as told:
        Settings.from_environ(environ)
    lines = str(told.value).splitlines()

    assert len(lines) == 9
    assert all(any(line.startswith(name) for line in lines) for name in environ)


def test_an_empty_environment_names_what_is_missing() -> None:
    """Who starts the bot without .env reads which three things to copy from where."""
    with pytest.raises(SettingsError) as told:
        Settings.from_environ({"SLACK_BOT_TOKEN": "  "})

    assert "SLACK_BOT_TOKEN is missing" in str(told.value)
    assert "SLACK_SIGNING_SECRET" in str(told.value)
    assert "ANTHROPIC_API_KEY is missing" in str(told.value)


def test_what_is_given_is_used_and_the_rest_has_defaults() -> None:
    """A short .env is enough."""
    settings = Settings.from_environ(
        {
            **GOOD,
            "PORT": "0",
            "SLACK_API_URL": "http://127.0.0.1:9/api",
            "DATA_DIR": "/tmp/x",
            "SECRET_KEYS": "new, old",
            "LANGUAGE": "nl",
        }
    )

    assert (settings.port, settings.slack_api_url) == (0, "http://127.0.0.1:9/api/")
    assert (settings.data_dir, settings.secret_keys) == (Path("/tmp/x"), ("new", "old"))
    assert (settings.language, settings.host, settings.socket_mode) == ("nl", "127.0.0.1", True)


def test_an_own_model_server_needs_no_key() -> None:
    """A firm with its own model server starts without an Anthropic account."""
    environ = {**GOOD, "ANTHROPIC_API_KEY": "", "ANTHROPIC_BASE_URL": "http://127.0.0.1:8000"}

    assert Settings.from_environ(environ).anthropic_base_url == "http://127.0.0.1:8000"


def test_secrets_are_not_printed() -> None:
    """A log line with the settings in it gives no token away."""
    assert "xoxb" not in repr(Settings.from_environ(GOOD))
    assert "sk-1" not in repr(Settings.from_environ(GOOD))


def test_the_example_and_the_docs_name_every_variable() -> None:
    """`.env.example` and the settings page are never behind the code."""
    page = (ROOT / "docs" / "settings.md").read_text()

    assert (ROOT / ".env.example").read_text() == Settings.example()
    assert all(f"`{item.name.upper()}`" in page for item in fields(Settings))
