"""The ways to the model: Anthropic itself, Amazon Bedrock or Google Vertex AI; each with the SDK's own client."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.settings import Provider, Settings

if TYPE_CHECKING:
    import ssl

    import anthropic

    Client = anthropic.AsyncAnthropic | anthropic.AsyncAnthropicBedrock | anthropic.AsyncAnthropicVertex

API_URL = "https://api.anthropic.com"
_LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Route:
    """Where the model is, and how one gets there.

    Attributes:
        key: of Anthropic's API, or of Bedrock's; Vertex has none, but *credentials*.
        base_url: another address than that of the provider.
        region, project: where the cloud works, and whose it is there.
        credentials: the file of a Google service account; None for what the machine itself has.
    """

    provider: Provider = "anthropic"
    key: str = field(default="", repr=False)
    base_url: str = ""
    region: str = ""
    project: str = ""
    credentials: Path | None = None

    @property
    def lists_models(self) -> bool:
        """Say whether the server tells which models it has."""
        return self.provider == "anthropic"

    @property
    def takes_batches(self) -> bool:
        """Say whether many requests may go at once, at half the price."""
        return self.provider == "anthropic"

    @property
    def counts_tokens(self) -> bool:
        """Say whether the server counts the tokens of a request beforehand."""
        return self.provider != "bedrock"

    @property
    def usable_key(self) -> bool:
        """Say whether there is a key that a header can carry; a line break came off a clipboard."""
        return self.provider == "vertex" or bool(self.key and self.key.isascii() and self.key.isprintable())


def route_of(settings: Settings) -> Route:
    """Return the way to the model that the environment asks for."""
    if settings.model_provider == "bedrock":
        return Route(
            "bedrock",
            key=settings.aws_bearer_token_bedrock,
            base_url=settings.anthropic_bedrock_base_url,
            region=settings.aws_region,
        )
    if settings.model_provider == "vertex":
        return Route(
            "vertex",
            base_url=settings.anthropic_vertex_base_url,
            region=settings.cloud_ml_region,
            project=settings.anthropic_vertex_project_id,
            credentials=settings.google_application_credentials,
        )
    return Route(key=settings.anthropic_api_key, base_url=settings.anthropic_base_url)


def make_client(route: Route, hooks: dict[str, list[Callable[..., Any]]]) -> Client:
    """Make the SDK's client for a way; what it needs is given, so that nothing on the machine decides instead.

    Raises:
        httpx2.InvalidURL: the address is none.
        OSError, ValueError: the file of the service account cannot be read.
    """
    import anthropic
    import httpx2

    # A proxy of the machine's is for the world outside; it does not know a server on this machine.
    local = httpx2.URL(route.base_url or API_URL).host in _LOCAL_HOSTS
    common: dict[str, Any] = {
        "max_retries": 0,
        "http_client": anthropic.DefaultAioHttpClient(
            trust_env=not local, verify=_trusted(trust_env=not local), event_hooks=hooks
        ),
    }
    if route.provider == "bedrock":
        return anthropic.AsyncAnthropicBedrock(
            api_key=route.key, aws_region=route.region, base_url=route.base_url or None, **common
        )
    if route.provider == "vertex":
        return anthropic.AsyncAnthropicVertex(
            region=route.region,
            project_id=route.project,
            credentials=_google_credentials(route.credentials),
            base_url=route.base_url or None,
            **common,
        )
    return anthropic.AsyncAnthropic(api_key=route.key, base_url=route.base_url or API_URL, **common)


@cache
def _trusted(*, trust_env: bool) -> ssl.SSLContext:
    """Return the certificates that this machine trusts; reading them takes longer than all else about a client."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=trust_env)


def refusals(route: Route) -> tuple[type[Exception], ...]:
    """Return what else than the SDK's own errors says that there is no way in."""
    if route.provider != "vertex":
        return ()
    from google.auth.exceptions import GoogleAuthError

    return (GoogleAuthError,)


def _google_credentials(file: Path | None) -> Any:
    if file is None:
        return None  # the SDK asks the machine: a workload's own identity, say
    accounts: Any = importlib.import_module("google.oauth2.service_account")
    return accounts.Credentials.from_service_account_file(str(file), scopes=[_SCOPE])
