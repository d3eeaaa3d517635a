"""The settings: every environment variable with its default, and every fault in one message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot import TijdwinstError
from bot.logs import LOG_FORMATS, LogFormat
from bot.tasks import LANGUAGES, Language

Provider = Literal["anthropic", "bedrock", "vertex"]
PROVIDERS: tuple[Provider, ...] = ("anthropic", "bedrock", "vertex")


class SettingsError(TijdwinstError):
    """One or more settings are missing or wrong; the message has a line with its cure for each."""


def _variable(default: Any, about: str, *, secret: bool = False, example: str = "") -> Any:
    return field(default=default, repr=not secret, metadata={"about": about, "example": example})


@dataclass(frozen=True)
class Settings:
    """The environment, read once at start; a field is called as its variable, in lower case."""

    slack_bot_token: str = _variable(
        "",
        "The bot's token, from OAuth & Permissions of your Slack app. Required, unless SLACK_CLIENT_ID is set.",
        secret=True,
        example="xoxb-",
    )
    slack_app_token: str = _variable(
        "",
        "An app-level token with connections:write. Set it for Socket Mode: no public address needed.",
        secret=True,
        example="xapp-",
    )
    slack_signing_secret: str = _variable(
        "", "The signing secret of your Slack app. Needed for HTTP mode only.", secret=True
    )
    slack_client_id: str = _variable(
        "",
        "The client id of your Slack app, instead of a bot token: many workspaces install the bot (HTTP mode).",
    )
    slack_client_secret: str = _variable("", "The client secret that goes with SLACK_CLIENT_ID.", secret=True)
    host: str = _variable("127.0.0.1", "The address to listen on; 0.0.0.0 inside a container.")
    port: int = _variable(3000, "The port for Slack's requests (HTTP mode) and for /healthz.")
    slack_api_url: str = _variable("https://slack.com/api/", "The base address of Slack's Web API.")
    anthropic_api_key: str = _variable(
        "",
        "The key of your Anthropic account. Required, unless ANTHROPIC_BASE_URL is your own server.",
        secret=True,
        example="sk-ant-",
    )
    anthropic_base_url: str = _variable("", "Another server that speaks the Messages API.")
    model_provider: Provider = _variable(
        "anthropic",
        "Who runs the model: anthropic, bedrock or vertex; docs/privacy.md says which stay in the EU.",
    )
    aws_region: str = _variable("", "The region of Bedrock, like eu-central-1.")
    aws_bearer_token_bedrock: str = _variable("", "An API key of Amazon Bedrock.", secret=True)
    anthropic_bedrock_base_url: str = _variable("", "Another address than Bedrock's own in that region.")
    cloud_ml_region: str = _variable("", "The region of Vertex AI: eu, or one like europe-west1.")
    anthropic_vertex_project_id: str = _variable("", "Your Google Cloud project.")
    anthropic_vertex_base_url: str = _variable("", "Another address than Vertex AI's own in that region.")
    google_application_credentials: Path | None = _variable(
        None, "The JSON file of a Google service account; empty where the machine has an identity of its own."
    )
    model_fast: str = _variable("claude-haiku-5-5", "The model for quick, cheap work.")
    model_smart: str = _variable("claude-sonnet-5-5", "The model that writes drafts.")
    data_dir: Path = _variable(Path("data"), "The folder that holds the database files. Back it up.")
    database_url: str = _variable(
        "",
        "PostgreSQL instead of SQLite: postgresql://user:password@host/database. For several replicas.",
        secret=True,
    )
    secret_keys: tuple[str, ...] = _variable(
        (),
        "Keys for what is encrypted at rest, newest first, with commas. Empty: made in the data folder.",
        secret=True,
    )
    tz_name: str = _variable("Europe/Amsterdam", "The time zone of your firm.")
    language: Language = _variable("en", "The language of the bot, like en or nl.")
    currency: str = _variable("EUR", "The currency of your firm, as three letters.")
    log_format: LogFormat = _variable(
        "text", "The log on stderr: text for people, json for a collector (one object a line)."
    )

    @property
    def socket_mode(self) -> bool:
        """Say whether Slack is reached over a socket that we open, rather than calling us."""
        return bool(self.slack_app_token)

    @property
    def many_workspaces(self) -> bool:
        """Say whether workspaces install the bot by themselves, rather than its token being given."""
        return not self.slack_bot_token and bool(self.slack_client_id)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, calls_out: bool = True) -> Settings:
        """Read the settings.

        Args:
            calls_out: Slack and the model are asked, so that their tokens are needed; reading the ledger needs none.

        Raises:
            SettingsError: at least one is missing or wrong.
        """
        faults: list[str] = []
        values: dict[str, Any] = {}
        for item in fields(cls):
            value = environ.get(item.name.upper(), "").strip()
            # The bare prefix of `.env.example` is a line that nobody has filled in.
            if value and value != item.metadata["example"]:
                values[item.name] = value
        if calls_out:
            _check_secrets(values, faults)
            _check_slack(values, faults)
            _check_url("SLACK_API_URL", values.get("slack_api_url", ""), faults)
            if "slack_api_url" in values:
                values["slack_api_url"] = values["slack_api_url"].rstrip("/") + "/"
            _check_model(values, faults)
            _check_keys(values, faults)
        _convert(values, faults)
        if faults:
            raise SettingsError("\n".join(faults))
        return cls(**values)

    @classmethod
    def example(cls) -> str:
        """Return `.env.example`: every variable with its default and a comment."""
        lines = ["# Copy this file to .env and fill it in. Lines that are commented out show the default.\n"]
        for item in fields(cls):
            default = item.default
            shown = ",".join(default) if isinstance(default, tuple) else str(default or "")
            name = item.name.upper()
            line = f"{name}={item.metadata['example']}" if item.metadata["example"] else f"# {name}={shown}"
            lines.append(f"# {item.metadata['about']}\n{line}\n")
        return "\n".join(lines)


def _check_secrets(values: dict[str, Any], faults: list[str]) -> None:
    slack = ("slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_client_secret")
    for name in (*slack, "anthropic_api_key", "aws_bearer_token_bedrock"):
        if not re.fullmatch(r"[!-~]*", values.get(name, "")):
            faults.append(f"{name.upper()} has a space or a strange character in it: copy it anew.")


def _check_keys(values: dict[str, Any], faults: list[str]) -> None:
    if values.get("database_url") and not values.get("secret_keys"):
        faults.append(
            "SECRET_KEYS is missing: with DATABASE_URL every replica must have the same; copy secret.key of your"
            " data folder, or make one as docs/scaling.md says."
        )


def _check_slack(values: dict[str, Any], faults: list[str]) -> None:
    bot = values.get("slack_bot_token", "")
    app = values.get("slack_app_token", "")
    if not bot and values.get("slack_client_id"):
        _check_many(values, faults)
        return
    if not bot:
        faults.append("SLACK_BOT_TOKEN is missing: copy the Bot User OAuth Token (xoxb-…) of your Slack app.")
    elif bot.startswith(("xapp-", "xoxp-")):
        faults.append("SLACK_BOT_TOKEN is not a bot token: use the one that starts with xoxb-.")
    if app.startswith(("xoxb-", "xoxp-")):
        faults.append("SLACK_APP_TOKEN is not an app-level token: use the one that starts with xapp-.")
    if not app and not values.get("slack_signing_secret"):
        faults.append(
            "SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both missing: set the first for Socket Mode,"
            " or the second for HTTP mode."
        )


def _check_many(values: dict[str, Any], faults: list[str]) -> None:
    """Check what a bot needs that workspaces install by themselves: a public address, so HTTP mode."""
    for name in ("slack_client_secret", "slack_signing_secret"):
        if not values.get(name):
            faults.append(f"{name.upper()} is missing: copy it from Basic Information of your Slack app.")
    if values.get("slack_app_token"):
        faults.append(
            "SLACK_APP_TOKEN is for Socket Mode, and a bot that workspaces install needs HTTP mode: leave it empty."
        )


def _check_model(values: dict[str, Any], faults: list[str]) -> None:
    provider = values.get("model_provider", "anthropic")
    if provider == "bedrock":
        _check_bedrock(values, faults)
    elif provider == "vertex":
        _check_vertex(values, faults)
    elif provider == "anthropic":
        _check_anthropic(values, faults)
    else:
        faults.append(f"MODEL_PROVIDER is {provider!r}: it must be one of {', '.join(PROVIDERS)}.")


def _check_bedrock(values: dict[str, Any], faults: list[str]) -> None:
    if not values.get("aws_bearer_token_bedrock"):
        faults.append(
            "AWS_BEARER_TOKEN_BEDROCK is missing: make an API key in the console of Amazon Bedrock."
        )
    _check_region("AWS_REGION", values.get("aws_region", ""), "eu-central-1", faults)
    _check_url("ANTHROPIC_BEDROCK_BASE_URL", values.get("anthropic_bedrock_base_url", ""), faults)
    for name in ("model_fast", "model_smart"):
        model_id = values.get(name, "")
        if "anthropic." not in model_id:
            faults.append(
                f"{name.upper()} is {model_id or 'not set'}: on Bedrock it must be an id of there, like"
                f" eu.anthropic.claude-{'haiku' if name == 'model_fast' else 'sonnet'}-5-5."
            )


def _check_vertex(values: dict[str, Any], faults: list[str]) -> None:
    _check_region("CLOUD_ML_REGION", values.get("cloud_ml_region", ""), "eu or europe-west1", faults)
    if not re.fullmatch(r"[a-z][a-z0-9:.-]+", values.get("anthropic_vertex_project_id", "")):
        faults.append(
            "ANTHROPIC_VERTEX_PROJECT_ID is missing or wrong: it is the id of your project, like my-firm-1234."
        )
    _check_url("ANTHROPIC_VERTEX_BASE_URL", values.get("anthropic_vertex_base_url", ""), faults)
    file = values.get("google_application_credentials", "")
    if file and not Path(file).is_file():
        faults.append(f"GOOGLE_APPLICATION_CREDENTIALS is {file!r}: there is no such file.")
    if not _has_google_auth():
        faults.append(
            "MODEL_PROVIDER=vertex needs a package that is not installed:"
            " run `python -m pip install 'google-auth[requests]>=2.40,<3'`."
        )


def _check_region(name: str, value: str, example: str, faults: list[str]) -> None:
    # It becomes a part of an address.
    if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", value):
        faults.append(f"{name} is {value or 'not set'}: it must be a region like {example}.")


def _has_google_auth() -> bool:
    try:
        return find_spec("google.auth") is not None and find_spec("requests") is not None
    except ModuleNotFoundError:
        return False


def _check_anthropic(values: dict[str, Any], faults: list[str]) -> None:
    base = values.get("anthropic_base_url", "")
    _check_url("ANTHROPIC_BASE_URL", base, faults)
    host = (_host(base) or "").lower()
    if not values.get("anthropic_api_key") and (not base or f".{host}".endswith(".anthropic.com")):
        faults.append(
            "ANTHROPIC_API_KEY is missing: make one in the Anthropic console,"
            " or set ANTHROPIC_BASE_URL to a server of your own."
        )


def _check_url(name: str, value: str, faults: list[str]) -> None:
    if value and _host(value) is None:
        faults.append(f"{name} is not an address: it must be like https://example.com/ (or http://).")


def _host(url: str) -> str | None:
    """Return the host of an http address; None when it is none."""
    try:
        parts = urlsplit(url)
        # Only the asking tells that a port is out of range.
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None


def _convert(values: dict[str, Any], faults: list[str]) -> None:
    port = values.get("port", "3000")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        faults.append(f"PORT is {port!r}: it must be a whole number from 0 to 65535.")
    elif "port" in values:
        values["port"] = int(port)
    if "language" in values:
        language = read_language(values["language"])
        if language is None:
            faults.append(
                f"LANGUAGE is {values['language']!r}: it must be {' or '.join(LANGUAGES)} (a desktop may set it too)."
            )
        values["language"] = language
    if not re.fullmatch(r"[A-Z]{3}", values.get("currency", "EUR")):
        faults.append(f"CURRENCY is {values['currency']!r}: it must be three capital letters, like EUR.")
    if values.get("log_format", "text") not in LOG_FORMATS:
        faults.append(f"LOG_FORMAT is {values['log_format']!r}: it must be text or json.")
    try:
        ZoneInfo(values.get("tz_name", "UTC"))
    except (ValueError, OSError, KeyError):
        faults.append(f"TZ_NAME is {values['tz_name']!r}: it must be a time zone like Europe/Amsterdam.")
    _check_database(values, faults)
    if "google_application_credentials" in values:
        values["google_application_credentials"] = Path(values["google_application_credentials"])
    if "data_dir" in values:
        values["data_dir"] = Path(values["data_dir"])
    if "secret_keys" in values:
        values["secret_keys"] = tuple(
            key.strip() for key in cast(str, values["secret_keys"]).split(",") if key.strip()
        )


def _check_database(values: dict[str, Any], faults: list[str]) -> None:
    url = values.get("database_url", "")
    if not url:
        return
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1
        _ = parts.port
    except ValueError:
        named = False
    # Where these stand bare, PostgreSQL's own parser quotes the address in its error, the password too.
    if not named or parts.netloc.count("@") > 1 or re.search(r"\s|%(?![0-9A-Fa-f]{2})", url):
        faults.append(
            "DATABASE_URL is no address like postgresql://user:password@host:5432/database. In the password"
            " write %40 for @, %2F for /, %3F for ?, %23 for #, %25 for % and %20 for a space."
        )
    else:
        # One spelling: the engine knows no other.
        values["database_url"] = "postgresql" + url[url.index(":") :]


def read_language(value: str) -> Language | None:
    """Return the first language of *value* that we speak.

    Linux desktops use the variable too, as a list like `nl_NL:nl:en`:
    https://www.gnu.org/software/gettext/manual/html_node/The-LANGUAGE-variable.html
    """
    wished = [re.split(r"[_.@]", each)[0].lower() for each in value.split(":")]
    return next((language for each in wished for language in LANGUAGES if language == each), None)
