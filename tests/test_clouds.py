"""The same bot over Amazon Bedrock and Google Vertex AI, so that what is drafted can stay in the EU."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel

from bot.llm import LLM, Batches, LLMError, Question, Route, Spoken, price_microusd, route_of
from bot.llm.frames import Frames
from bot.sandbox.model import Model
from bot.settings import Settings, SettingsError
from tests.conftest import ANNA, SALES, running, said

BEDROCK_MODELS = {
    "model_fast": "eu.anthropic.claude-haiku-5-5",
    "model_smart": "eu.anthropic.claude-sonnet-5-5",
}
VERTEX_MODELS = {"model_fast": "claude-haiku-5-5", "model_smart": "claude-sonnet-5-5"}
STREAM = "/model/eu.anthropic.claude-sonnet-5-5/invoke-with-response-stream"


class Shape(BaseModel):
    """What a structured answer must look like."""

    title: str


@pytest.fixture(scope="module")
def private_key() -> str:
    """The key of a service account."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _account(folder: Path, private_key: str, token_url: str) -> Path:
    """Write the file of a service account whose token comes from *token_url*."""
    file = folder / "account.json"
    told = {
        "type": "service_account",
        "project_id": "my-firm",
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": "bot@my-firm.iam.gserviceaccount.com",
        "token_uri": token_url,
    }
    file.write_text(json.dumps(told))
    return file


def _settings(provider: str, model: Model, account: Path) -> dict[str, Any]:
    if provider == "bedrock":
        return {
            "model_provider": "bedrock",
            "aws_region": "eu-central-1",
            "aws_bearer_token_bedrock": model.key,
            "anthropic_bedrock_base_url": model.url,
            **BEDROCK_MODELS,
        }
    return {
        "model_provider": "vertex",
        "cloud_ml_region": "eu",
        "anthropic_vertex_project_id": "my-firm",
        "anthropic_vertex_base_url": model.url,
        "google_application_credentials": account,
        **VERTEX_MODELS,
    }


@dataclass
class Cloud:
    """A local model as one cloud offers it, and the room that asks it."""

    provider: str
    model: Model
    llm: LLM
    settings: dict[str, Any]


@pytest.fixture(params=["bedrock", "vertex"])
async def cloud(request: pytest.FixtureRequest, tmp_path: Path, private_key: str) -> AsyncIterator[Cloud]:
    """Each of the clouds."""
    async with Model(name=None) as model:
        values = _settings(request.param, model, _account(tmp_path, private_key, f"{model.url}/token"))
        settings = Settings(**values)
        llm = LLM(
            route=route_of(settings), models={"fast": settings.model_fast, "smart": settings.model_smart}
        )
        yield Cloud(request.param, model, llm, values)
        await llm.close()


async def test_a_draft_comes_over_each_cloud(cloud: Cloud, tmp_path: Path) -> None:
    """Asked in Slack, drafted there, and read along in the messages tab: with another setting and the same code."""
    async with running(tmp_path / "data", model=cloud.model, **cloud.settings) as world:
        await world.slack.command(
            ANNA, SALES, "/draft", "email Write to Kim that the chairs come on Tuesday."
        )
        card = await world.card()
        question = await world.slack.say(ANNA, world.im, "email Write to Kim about forty lamps.")
        shown = await world.card(having="approve", thread_ts=question)
        rows = await world.rows(2)

    assert "Tuesday" in said(card)
    assert "lamps" in said(shown)
    assert {row["outcome"] for row in rows} == {"drafted"}
    assert all(row["cost_microusd"] > 0 for row in rows)
    assert {one.path.split("/")[1] for one in cloud.model.requests} == (
        {"model"} if cloud.provider == "bedrock" else {"projects"}
    )


async def test_every_kind_of_question_is_answered(cloud: Cloud) -> None:
    """Whole, word by word, and as an object; what the cloud cannot do has its fallback."""
    cloud.model.answers = ["Dear Kim.", "Dear Kim, forty lamps.", {"title": "Lamps"}]
    spoken = Spoken()
    whole = await cloud.llm.complete(model="smart", system=["Write."], user="Lamps?", max_tokens=100)
    words = await cloud.llm.stream(
        model="smart", system=["Write."], user="Lamps?", max_tokens=100, spoken=spoken
    )
    made = await cloud.llm.structured(
        model="fast", system=["Fill."], user="Lamps?", shape=Shape, max_tokens=100
    )
    counted = await cloud.llm.count_tokens(model="fast", system=["Write."], user="Lamps?")
    sent = await Batches(cloud.llm).send([Question("a", (), "Lamps?")], model="fast", max_tokens=10)

    assert (whole.text, words.text, spoken.text) == ("Dear Kim.", "Dear Kim, forty lamps.", words.text)
    assert made.data == {"title": "Lamps"}
    assert whole.request_id
    assert words.request_id
    assert counted > 0
    assert (sent, await cloud.llm.model_ids()) == (None, None)
    assert cloud.llm.pulse.misses == {}


async def test_a_refused_key_is_told_as_one(cloud: Cloud) -> None:
    """An admin hears that the key is refused, not that the model is busy."""
    cloud.model.key = "another"
    if cloud.provider == "vertex":
        # Google itself would refuse the account: its token is then none of ours.
        cloud.model.fail(
            "unauthorized",
            on="/projects/my-firm/locations/eu/publishers/anthropic/models/claude-haiku-5-5:rawPredict",
        )
    with pytest.raises(LLMError) as caught:
        await cloud.llm.complete(model="fast", system=[], user="Lamps?", max_tokens=100)

    assert caught.value.kind == "key"
    assert "another" not in str(caught.value)


@pytest.mark.parametrize(("answer", "kind"), [("/nothing", "key"), ("closed", "busy")])
async def test_google_without_a_token_is_told(
    tmp_path: Path, private_key: str, answer: str, kind: str
) -> None:
    """The account is refused, or Google cannot be reached: each is told as what it is."""
    async with Model() as model:
        url = f"{model.url}{answer}" if answer != "closed" else "http://127.0.0.1:9/token"
        values = _settings("vertex", model, _account(tmp_path, private_key, url))
        llm = LLM(route=route_of(Settings(**values)), models={"fast": "claude-haiku-5-5", "smart": "x"})
        with pytest.raises(LLMError) as caught:
            await llm.complete(model="fast", system=[], user="Lamps?", max_tokens=100)
        await llm.close()

    assert caught.value.kind == kind
    assert "PRIVATE KEY" not in str(caught.value)


async def test_an_account_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A file that is no account ends in a refused key, without a word of what stands in it."""
    (tmp_path / "account.json").write_text('{"type": "service_account", "private_key": "zwanenhals"}')
    route = Route("vertex", region="eu", project="my-firm", credentials=tmp_path / "account.json")
    llm = LLM(route=route, models={"fast": "a", "smart": "b"})
    with pytest.raises(LLMError) as caught:
        await llm.complete(model="fast", system=[], user="Lamps?", max_tokens=100)

    assert caught.value.kind == "key"
    assert "zwanenhals" not in str(caught.value)


@pytest.fixture
async def bedrock() -> AsyncIterator[tuple[Model, LLM]]:
    """A local model as Bedrock offers it."""
    async with Model(name=None) as model:
        route = Route("bedrock", key=model.key, base_url=model.url, region="eu-central-1")
        llm = LLM(
            route=route, models={"fast": BEDROCK_MODELS["model_fast"], "smart": BEDROCK_MODELS["model_smart"]}
        )
        yield model, llm
        await llm.close()


@pytest.mark.parametrize(("fault", "kind"), [("error_mid", "busy"), ("garbled", "unusable")])
async def test_a_stream_that_breaks_off_leaves_what_was_said(
    bedrock: tuple[Model, LLM], fault: Any, kind: str
) -> None:
    """Bedrock stops in mid-sentence, or the line garbles it: the words so far are kept, the fault has its name."""
    model, llm = bedrock
    model.answers = ["Dear Kim, the forty lamps come on Tuesday, and the chairs a week later."]
    model.fail(fault, on=STREAM)
    spoken = Spoken()
    with pytest.raises(LLMError) as caught:
        await llm.stream(model="smart", system=[], user="Lamps?", max_tokens=100, spoken=spoken)

    assert caught.value.kind == kind
    assert bool(spoken.text) == (fault == "error_mid")
    assert caught.value.partial == spoken.text


@pytest.mark.parametrize("sent", [b"<html>please sign in to this network</html>", bytes(64)])
def test_what_is_no_event_stream_is_not_read(sent: bytes) -> None:
    """A proxy's page in the place of an answer is told as one, not waited for."""
    with pytest.raises(LLMError, match="no event stream"):
        list(Frames("m").take(sent))


@pytest.mark.parametrize(
    ("model_id", "microusd"),
    [
        ("claude-haiku-5-5", 100),
        ("eu.anthropic.claude-haiku-5-5", 110),
        ("global.anthropic.claude-haiku-5-5", 100),
        ("claude-haiku-5-5@20260901", 100),
        ("eu.anthropic.claude-none-1", None),
    ],
)
def test_what_runs_in_the_eu_costs_what_it_costs_there(model_id: str, microusd: int | None) -> None:
    """A thousand tokens of a regional id of Bedrock cost a tenth more; what nobody knows the price of is unknown."""
    message = {"model": model_id, "usage": {"input_tokens": 1000, "output_tokens": 0}}

    assert price_microusd(message) == microusd


GOOD = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
ON_BEDROCK = {
    "MODEL_PROVIDER": "bedrock",
    "AWS_REGION": "eu-central-1",
    "AWS_BEARER_TOKEN_BEDROCK": "key",
    "MODEL_FAST": "eu.anthropic.claude-haiku-5-5",
    "MODEL_SMART": "eu.anthropic.claude-sonnet-5-5",
}
ON_VERTEX = {"MODEL_PROVIDER": "vertex", "CLOUD_ML_REGION": "eu", "ANTHROPIC_VERTEX_PROJECT_ID": "my-firm"}


@pytest.mark.parametrize("environ", [ON_BEDROCK, ON_VERTEX])
def test_a_cloud_needs_no_key_of_anthropic(environ: dict[str, str]) -> None:
    """Who uses a cloud needs no account with Anthropic."""
    assert Settings.from_environ({**GOOD, **environ}).model_provider == environ["MODEL_PROVIDER"]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"MODEL_PROVIDER": "azure"}, "must be one of anthropic, bedrock, vertex"),
        ({**ON_BEDROCK, "AWS_BEARER_TOKEN_BEDROCK": ""}, "AWS_BEARER_TOKEN_BEDROCK is missing"),
        ({**ON_BEDROCK, "AWS_REGION": ""}, "AWS_REGION is not set"),
        ({**ON_BEDROCK, "AWS_REGION": "evil.example/"}, "AWS_REGION is evil.example/"),
        ({**ON_BEDROCK, "MODEL_SMART": ""}, "like eu.anthropic.claude-sonnet-5-5"),
        (
            {**ON_BEDROCK, "ANTHROPIC_BEDROCK_BASE_URL": "here"},
            "ANTHROPIC_BEDROCK_BASE_URL is not an address",
        ),
        ({**ON_VERTEX, "CLOUD_ML_REGION": ""}, "CLOUD_ML_REGION is not set"),
        ({**ON_VERTEX, "ANTHROPIC_VERTEX_PROJECT_ID": ""}, "ANTHROPIC_VERTEX_PROJECT_ID is missing"),
        ({**ON_VERTEX, "GOOGLE_APPLICATION_CREDENTIALS": "/no/file"}, "there is no such file"),
    ],
)
def test_each_fault_has_its_cure(environ: dict[str, str], told: str) -> None:
    """What is missing for a cloud is told at the start, with what to do."""
    with pytest.raises(SettingsError, match=told):
        Settings.from_environ({**GOOD, **environ})
