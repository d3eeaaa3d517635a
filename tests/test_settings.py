"""Settings tell every fault at once, with its cure."""

from __future__ import annotations

import re
from dataclasses import fields
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

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
        "SECRET_KEYS": "",
    }
    with pytest.raises(SettingsError) as told:
        Settings.from_environ(environ)
    lines = str(told.value).splitlines()

    assert len(lines) == 10
    assert all(any(line.startswith(name) for line in lines) for name in environ)


@pytest.mark.parametrize(
    "typed", ["zwanen hals", "zwanen%hals", "a@zwanenhals", "zwanenhals/a", "zwanenhals#a"]
)
def test_a_password_that_breaks_an_address_is_told_and_not_shown(typed: str) -> None:
    """Who pastes a password as it is into the address reads how to write it, and nobody reads the password."""
    environ = {"DATABASE_URL": f"postgresql://bot:{typed}@127.0.0.1:1/firm", "SECRET_KEYS": "x"}
    with pytest.raises(SettingsError) as told:
        Settings.from_environ(environ)
    (line,) = [line for line in str(told.value).splitlines() if line.startswith("DATABASE_URL")]

    assert "%40 for @" in line
    assert "hals" not in str(told.value)


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


def test_http_mode_needs_no_app_token() -> None:
    """Who has a public address starts with the signing secret alone."""
    settings = Settings.from_environ({**GOOD, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "s"})

    assert settings.socket_mode is False


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "-1", "whole number"),
        ("PORT", "²", "whole number"),
        ("PORT", "65536", "whole number"),
        ("SLACK_API_URL", "http://[", "not an address"),
        ("SLACK_API_URL", "http://slack.test:70000/api", "not an address"),
        ("SLACK_API_URL", "https:///api", "not an address"),
        ("SLACK_BOT_TOKEN", "xapp-1", "not a bot token"),
        ("SLACK_BOT_TOKEN", "xoxb-1 # mine", "copy it anew"),
        ("ANTHROPIC_API_KEY", "sk-ant-…", "copy it anew"),
        ("SLACK_APP_TOKEN", "xoxp-1", "not an app-level token"),
        ("TZ_NAME", "../zone", "time zone"),
        ("LANGUAGE", "de_DE:fr", "must be en or nl"),
        ("CURRENCY", "eur", "three capital letters"),
    ],
)
def test_a_wrong_value_is_named_with_its_cure(name: str, value: str, told: str) -> None:
    """Whatever stands behind a variable, the start ends in one sentence about it, not in a traceback."""
    with pytest.raises(SettingsError, match=rf"^{name}.*{told}") as error:
        Settings.from_environ({**GOOD, name: value})

    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "language"),
    [("", "en"), ("nl", "nl"), ("NL", "nl"), ("en_US:en", "en"), ("fr:nl_NL.UTF-8", "nl")],
)
def test_a_desktops_own_language_is_understood(value: str, language: str) -> None:
    """A Linux desktop sets LANGUAGE to a list of its own; the bot starts there all the same."""
    assert Settings.from_environ({**GOOD, "LANGUAGE": value}).language == language


@pytest.mark.parametrize(
    ("base_url", "needed"),
    [
        ("", True),
        ("https://api.anthropic.com", True),
        ("https://API.Anthropic.com/v1", True),
        ("http://127.0.0.1:8000", False),
        ("https://models.not-anthropic.com", False),
    ],
)
def test_an_own_model_server_needs_no_key(base_url: str, needed: bool) -> None:
    """A firm with its own model server starts without an Anthropic account."""
    environ = {**GOOD, "ANTHROPIC_API_KEY": "", "ANTHROPIC_BASE_URL": base_url}
    if needed:
        with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY is missing"):
            Settings.from_environ(environ)
    else:
        assert Settings.from_environ(environ).anthropic_base_url == base_url


def test_the_example_is_to_be_filled_in() -> None:
    """Who copies the example and forgets a token is told so, instead of being refused by Slack later."""
    copied = dotenv_values(stream=StringIO(Settings.example()))
    with pytest.raises(SettingsError) as told:
        Settings.from_environ({key: value or "" for key, value in copied.items()})

    assert [line.split()[0] for line in str(told.value).splitlines()] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "ANTHROPIC_API_KEY",
    ]


def test_an_uncommented_default_is_the_default() -> None:
    """Every line of the example works when its `#` is taken away."""
    opened = re.sub(r"^# ([A-Z_]+=)", r"\1", Settings.example(), flags=re.MULTILINE)
    given = {key: value or "" for key, value in dotenv_values(stream=StringIO(opened)).items()}

    assert given.keys() == {item.name.upper() for item in fields(Settings)}
    assert Settings.from_environ({**given, **GOOD}) == Settings.from_environ(GOOD)


def test_secrets_are_not_printed() -> None:
    """A log line with the settings in it gives no token away."""
    assert "xoxb" not in repr(Settings.from_environ(GOOD))
    assert "sk-1" not in repr(Settings.from_environ(GOOD))


def test_the_example_and_the_docs_name_every_variable() -> None:
    """`.env.example` and the settings page are never behind the code, nor are the defaults they name."""
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| .+ \| (.+) \|$", page, flags=re.MULTILINE)
    defaults = {item.name.upper(): item.default for item in fields(Settings)}

    assert (ROOT / ".env.example").read_text() == Settings.example()
    assert [name for name, _ in rows] == list(defaults)
    assert all(shown == str(defaults[name]) for name, shown in rows if defaults[name] not in ("", (), None))
