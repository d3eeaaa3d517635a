"""The model's room against the sandbox's model: what is paid, what is said, and every way to fail."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from bot.llm import LLM, Answer, LLMError, Tier, Usage, estimate_tokens, price_microusd, retirement_date
from bot.llm.answers import object_in, read_answer, well_formed
from bot.llm.faults import retry_after_s
from bot.sandbox.model import Model, Reply

FAST, SMART = "claude-haiku-5-5", "claude-sonnet-5-5"
MODELS: dict[Tier, str] = {"fast": FAST, "smart": SMART}
SECRET = "the merger with Bakkerij De Gouden Krakeling"
THREAD = f"<thread>\n[1] Anna: We agreed on {SECRET}.\n</thread>"


ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Halves of surrogate pairs too, as some clients cut an emoji in two."""


class Ticket(BaseModel):
    """What a structured answer looks like in these tests."""

    title: str = Field(max_length=80)
    mood: Literal["happy", "cross"]
    amounts: list[int]


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    """A local model that goes by the name it is asked by, so that its answers have a price."""
    async with Model(name=None) as started:
        yield started


@pytest.fixture
async def llm(model: Model) -> AsyncIterator[LLM]:
    """The room under test."""
    room = LLM(api_key=model.key, base_url=model.url, models=MODELS)
    yield room
    await room.close()


@pytest.fixture
async def impatient(model: Model) -> AsyncIterator[LLM]:
    """The same with patience for a fifth of a second."""
    room = LLM(api_key=model.key, base_url=model.url, models=MODELS, timeout_s=0.2)
    yield room
    await room.close()


async def ask(llm: LLM, *, user: str = THREAD, tier: Tier = "fast", max_tokens: int = 500) -> Answer:
    """Ask something, in a tone that does not matter."""
    return await llm.complete(model=tier, system=["Be brief."], user=user, max_tokens=max_tokens)


async def fails(llm: LLM, **more: Any) -> LLMError:
    """Ask, and return how that failed."""
    with pytest.raises(LLMError) as caught:
        await ask(llm, **more)
    return caught.value


async def test_an_answer_says_what_it_cost(model: Model, llm: LLM) -> None:
    """The ledger shows tokens and money of every draft."""
    model.answers = [Reply("Settled.", usage={"input_tokens": 1000, "output_tokens": 100})]

    answer = await ask(llm)

    assert answer.text == "Settled."
    assert answer.usage == Usage(1000, 100, cost_microusd=150)
    assert (answer.model, answer.stop_reason) == (FAST, "end_turn")
    assert answer.request_id.startswith("req_")
    assert answer.duration_ms >= 0


async def test_the_sandboxs_own_model_has_no_price() -> None:
    """The demo shows "unknown", not "free"."""
    async with Model() as model:
        llm = LLM(api_key=model.key, base_url=model.url, models=MODELS)
        answer = await ask(llm)
        await llm.close()

    assert answer.model == "offline extract, no AI"
    assert answer.usage.cost_microusd is None


async def test_the_stable_prompt_is_paid_once(model: Model, llm: LLM) -> None:
    """The second draft of a busy morning reads company and task from the cache, at a tenth of the price."""
    system = ["We are a bakery. " * 100, " ", "Summarise. " * 100]
    first = await llm.complete(model="smart", system=system, user="One.", max_tokens=500)
    second = await llm.complete(model="smart", system=system, user="Two.", max_tokens=500)

    assert first.usage.cache_write_tokens == second.usage.cache_read_tokens == 700
    assert first.usage.input_tokens == second.usage.input_tokens == 701
    assert (first.usage.cost_microusd, second.usage.cost_microusd) == (1762, 82)
    assert model.requests[0].body["system"] == [
        {"type": "text", "text": system[0]},
        {"type": "text", "text": system[2], "cache_control": {"type": "ephemeral"}},
    ]


async def test_effort_and_system_travel_only_when_given(model: Model, llm: LLM) -> None:
    """A server that knows neither is not sent them empty."""
    await llm.complete(model="fast", system=[], user="Hello there.", max_tokens=50, effort="")
    await llm.complete(model="fast", system=["Brief."], user="Hello there.", max_tokens=50, effort="high")

    assert set(model.requests[0].body) == {"model", "max_tokens", "messages"}
    assert model.requests[1].body["output_config"] == {"effort": "high"}


async def test_thoughts_are_paid_but_not_shown(model: Model, llm: LLM) -> None:
    """A draft never begins with the model talking to itself."""
    model.answers = ["Settled."]
    model.fail("thinking")

    answer = await ask(llm)

    assert answer.text == "Settled."
    assert (answer.usage.output_tokens or 0) > 2


@pytest.mark.parametrize("max_tokens", [0, 16_001])
async def test_an_answer_that_no_connection_could_carry_is_not_asked_for(
    model: Model, llm: LLM, max_tokens: int
) -> None:
    """A task file with a wild `max_tokens` fails at once, and costs nothing."""
    with pytest.raises(ValueError, match="max_tokens"):
        await ask(llm, max_tokens=max_tokens)

    assert model.count == 0


FAULTS = [
    ("unauthorized", "key", False),
    ("forbidden", "key", False),
    ("billing", "credit", False),
    ("spend_limit", "credit", False),
    ("model_not_found", "model", False),
    ("bad_request", "bad_request", False),
    ("too_long", "too_long", False),
    ("too_large", "too_long", False),
    ("rate_limit", "busy", True),
    ("timeout", "busy", True),
    ("server_error", "busy", True),
    ("overloaded", "busy", True),
    ("hang", "busy", True),
    ("trickle", "busy", True),
    ("drop_before", "busy", True),
    ("drop_mid", "busy", True),
    ("eof_mid", "unusable", True),
    ("garbled", "unusable", True),
    ("empty", "unusable", True),
    ("html", "unusable", True),
    ("hello", "unusable", True),
]


@pytest.mark.parametrize(("fault", "kind", "retryable"), FAULTS)
async def test_every_fault_has_a_name_and_tells_nothing(
    model: Model, llm: LLM, impatient: LLM, fault: Any, kind: str, retryable: bool
) -> None:
    """People read the right sentence, the log holds none of their words, and one attempt is one attempt."""
    model.fail(fault, message=f"prompt is too long: {SECRET}" if fault == "too_long" else SECRET)

    error = await fails(impatient if fault in ("hang", "trickle") else llm)

    assert (error.kind, error.retryable, error.usage) == (kind, retryable, None)
    assert error.model in (FAST, "")
    assert SECRET not in "".join(traceback.format_exception(error))
    assert model.count == 1


async def test_what_a_server_cannot_do_is_not_waited_for(model: Model, llm: LLM) -> None:
    """A server that says 501 never will: nobody is told that it is busy."""
    model.fail("status", status=501)
    error = await fails(llm)

    assert (error.kind, error.retryable) == ("bad_request", False)


async def test_the_bot_works_again_after_any_fault(model: Model, llm: LLM) -> None:
    """A broken line does not spoil the next draft."""
    faults: tuple[Any, ...] = ("drop_before", "drop_mid", "eof_mid", "garbled", "html", "server_error")
    for fault in faults:
        model.fail(fault)
        await fails(llm)

    assert (await ask(llm)).text


PAID_FAULTS = [
    ("refusal", "refusal", False),
    ("max_tokens", "cut_off", False),
    ("context_window", "too_long", False),
    ("no_stop_reason", "busy", True),
]


@pytest.mark.parametrize(("fault", "kind", "retryable"), PAID_FAULTS)
async def test_what_was_paid_is_booked_even_when_it_is_of_no_use(
    model: Model, llm: LLM, fault: Any, kind: str, retryable: bool
) -> None:
    """The month's total is true: refused and cut off answers cost money too."""
    model.answers = [Reply(f"{SECRET}, and so on", usage={"input_tokens": 1000, "output_tokens": 100})]
    model.fail(fault, text=SECRET)

    error = await fails(llm)

    assert (error.kind, error.retryable) == (kind, retryable)
    assert error.usage == Usage(1000, 100, cost_microusd=150)
    assert error.model == FAST
    assert error.request_id.startswith("req_")
    assert error.partial.startswith(SECRET[:10])
    assert SECRET[:10] not in str(error)


@pytest.mark.parametrize(
    "reply", [Reply(""), Reply("  \n"), Reply("x", stop_reason="pause_turn"), Reply("", thinking="Hm.")]
)
async def test_an_answer_without_words_is_none(model: Model, llm: LLM, reply: Reply) -> None:
    """Nobody gets an empty draft to approve."""
    model.answers = [reply]

    error = await fails(llm)

    assert error.kind == "unusable"
    assert error.usage is not None
    assert not error.retryable


ODD_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"message": 123}, "busy"),
    ({"message": [SECRET], "type": {"a": SECRET}, "code": {"b": SECRET}}, "busy"),
    ({"type": SECRET, "code": SECRET}, "busy"),
    ({"type": None, "message": None, "code": 5}, "busy"),
    ({"status": 400, "message": {"prompt is too long": 1}}, "bad_request"),
    ({"status": 403, "code": ["spend_limit"]}, "key"),
    ({"status": 400, "message": "Your credit balance is too low to access the API."}, "credit"),
    ({"status": 302, "headers": {"location": "ftp://elsewhere/"}}, "bad_request"),
    ({"retry_after": "Mon, 1 Jan 2026 00:00:00 +99999999999999"}, "busy"),
]


@pytest.mark.parametrize(("options", "kind"), ODD_ERRORS)
async def test_an_error_in_any_shape_is_named_and_tells_nothing(
    model: Model, llm: LLM, options: dict[str, Any], kind: str
) -> None:
    """A proxy that writes errors of its own neither stops the bot nor fills its log with people's words."""
    model.fail("status", **options)

    error = await fails(llm)

    assert error.kind == kind
    assert SECRET not in "".join(traceback.format_exception(error))


ANSWER = (
    b"""{"model": "m", "content": [{"type": "text", "text": "Caf\xc3\xa9."}], "stop_reason": "end_turn"}"""
)
PAGE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n" % len(ANSWER)


async def on_a_bad_line(sent: bytes) -> Answer:
    """Ask a server that sends just *sent*, whatever it is asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        llm = LLM(api_key="k", base_url=f"http://127.0.0.1:{port}", models=MODELS)
        try:
            return await ask(llm)
        finally:
            await llm.close()


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", "busy"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "busy"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "busy"),
        (b"HTTP/1.1 307 On\r\nLocation: /v1/messages\r\nContent-Length: 0\r\n\r\n", "busy"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "busy"),
        (PAGE + b"Content-Encoding: gzip\r\n\r\n" + ANSWER, "busy"),
        (b"HTTP/1.1 500 No\r\nContent-Type: text/html; charset=rot13\r\nContent-Length: 2\r\n\r\nhi", "busy"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe{}", "unusable"),
    ],
)
async def test_noise_on_the_line_is_named(sent: bytes, kind: str) -> None:
    """Whatever stands between the bot and the model, people get a sentence, and later their draft."""
    with pytest.raises(LLMError) as caught:
        await on_a_bad_line(sent)

    assert (caught.value.kind, caught.value.retryable) == (kind, True)


@pytest.mark.parametrize(
    "sent",
    [
        PAGE + b"\r\n" + ANSWER,
        PAGE + b"Content-Type: text/html; charset=rot13\r\n\r\n" + ANSWER,
        PAGE + b"Content-Type: application/json; charset=utf-16\r\n\r\n" + ANSWER,
        b"HTTP/1.0 200 OK\r\n\r\n\xef\xbb\xbf" + ANSWER,
    ],
)
async def test_json_is_read_as_what_it_is(sent: bytes) -> None:
    """A server that mislabels its answer still answers."""
    answer = await on_a_bad_line(sent)

    assert answer.text == "Café."


@pytest.mark.parametrize("key", ["sk-\nsandbox", "sk–sandbox", "sk-sandbox\x00"])
async def test_a_key_that_no_header_can_carry_is_named(model: Model, key: str) -> None:
    """A key pasted with a line break is a wrong key, not a model that is busy for ever."""
    llm = LLM(api_key=key, base_url=model.url, models=MODELS)
    error = await fails(llm)
    await llm.close()

    assert (error.kind, error.retryable, model.count) == ("key", False, 0)


@pytest.mark.parametrize(
    "url", ["localhost:99", "ftp://x", "http://", "http://…", "http://[::1", "http://a:b@127.0.0.1:9"]
)
async def test_an_address_that_is_none_is_not_waited_for(url: str) -> None:
    """A misspelt ANTHROPIC_BASE_URL fails at once: no amount of waiting cures it."""
    llm = LLM(api_key="k", base_url=url, models=MODELS)
    error = await fails(llm)
    await llm.close()

    assert (error.kind, error.retryable) == ("bad_request", False)


async def test_a_proxy_is_not_asked_for_a_server_on_this_machine(
    model: Model, llm: LLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo runs behind a company's proxy too."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    answer = await ask(llm)

    assert answer.text


async def test_half_an_emoji_spoils_no_draft(model: Model, llm: LLM) -> None:
    """A message cut in the middle of an emoji is summarised, and the summary can be stored and posted."""
    model.answers = [Reply("Fine \ud83d, \ud83d\ude00.")]
    answer = await llm.complete(model="fast", system=["a\udc00"], user="x\ud83d", max_tokens=50)

    assert answer.text == "Fine \ufffd, 😀."
    assert model.requests[0].body["system"][0]["text"] == "a\ufffd"
    assert model.requests[0].body["messages"][0]["content"] == "x\ufffd"


@given(ANY_TEXT)
def test_any_text_can_be_sent_and_stored(text: str) -> None:
    """What was well formed stays as it is; the rest loses only what no system can carry."""
    sound = well_formed(text)
    sound.encode()

    assert well_formed(sound) == sound
    assert sound == text or any(0xD800 <= ord(each) < 0xE000 for each in text)


async def test_a_model_that_is_down_is_busy(model: Model, llm: LLM) -> None:
    """While the model is down, people hear that; when it is back, they get their draft."""
    model.down = True
    first = await fails(llm)
    model.mend()

    assert first.kind == "busy"
    assert (await ask(llm)).text


async def test_a_server_that_is_not_there_is_busy() -> None:
    """A wrong address or a lost network is no crash."""
    async with Model() as model:
        url = model.url
    llm = LLM(api_key="k", base_url=url, models=MODELS)
    error = await fails(llm)
    await llm.close()

    assert (error.kind, error.usage) == ("busy", None)


async def test_without_a_key_nothing_is_asked() -> None:
    """A bot without a key says so, and no other account on the machine pays for it."""
    llm = LLM(api_key="", models=MODELS)
    error = await fails(llm)
    await llm.close()

    assert error.kind == "key"


async def test_a_server_of_ones_own_needs_no_key() -> None:
    """A firm with a model in its own cupboard leaves ANTHROPIC_API_KEY empty."""
    async with Model(key="none") as model:
        llm = LLM(api_key="", base_url=model.url, models=MODELS)
        answer = await ask(llm)
        await llm.close()

    assert answer.text


async def test_an_hour_of_retry_after_blocks_no_run(model: Model, llm: LLM) -> None:
    """People are told at once; a second run does not knock, and the other model still works."""
    model.fail("rate_limit", retry_after=3600)
    first, second = await fails(llm), await fails(llm)
    other = await ask(llm, tier="smart")

    assert first.retry_after_s == 3600
    assert second.kind == "busy"
    assert second.retry_after_s is not None
    assert 30 < second.retry_after_s <= 300
    assert other.text
    assert model.count == 2


async def test_a_short_retry_after_is_waited_for(model: Model, llm: LLM) -> None:
    """The run after a rate limit is slow, not refused."""
    model.fail("rate_limit", retry_after="0.05")
    await fails(llm)

    answers = await asyncio.gather(*(ask(llm) for _ in range(5)))

    assert all(answer.text for answer in answers)
    assert model.count == 6


async def test_a_run_can_be_stopped_while_the_model_is_silent(model: Model, llm: LLM) -> None:
    """Stopping the bot does not wait for the model."""
    model.fail("hang")
    asking = asyncio.create_task(ask(llm))
    await model.asked(1)
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_read_in_all_its_spellings(headers: dict[str, str], seconds: float | None) -> None:
    """Whatever a proxy writes there, the bot comes back in time and never in a century."""
    assert retry_after_s(headers) == seconds


@given(
    st.text(st.characters(codec="ascii"))
    | st.builds(
        "{}, {} {} {} {}:{}:{} {}{}".format,
        st.sampled_from(["Mon", ""]),
        st.integers(1, 32),
        st.sampled_from(["Jan", "Feb", "x"]),
        st.integers(0, 10_000),
        *[st.integers(0, 24)] * 3,
        st.sampled_from(["+", "-", "GMT", ""]),
        st.integers(0, 10**14),
    )
)
@example("Mon, 1 Jan 2026 00:00:00 +99999999999999")
@example("Mon, 1 Jan 0001 00:00:00 +2359")
def test_no_retry_after_stops_the_bot(told: str) -> None:
    """Whatever a server writes there, it is a time to wait or nothing."""
    seconds = retry_after_s({"retry-after": told})

    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_retry_after_may_be_a_date(zone: str) -> None:
    """A server that names the hour is asked again at that hour, in whatever zone the bot lives."""
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=100)).replace("+0000", zone)
    seconds = retry_after_s({"retry-after": then})

    assert seconds is not None
    assert 90 < seconds <= 100


async def test_an_object_is_checked_before_it_is_used(model: Model, llm: LLM) -> None:
    """A form is filled with what fits it."""
    model.answers = [{"title": "Bread", "mood": "happy", "amounts": [1, 2]}]

    answer = await llm.structured(model="smart", system=["s"], user="u", shape=Ticket, max_tokens=500)

    assert answer.data == {"title": "Bread", "mood": "happy", "amounts": [1, 2]}
    form = model.requests[0].body["output_config"]["format"]
    assert (form["type"], form["schema"]["additionalProperties"]) == ("json_schema", False)
    assert answer.usage.cost_microusd


async def test_the_extractor_fills_a_form(llm: LLM) -> None:
    """The demo works for forms too."""
    answer = await llm.structured(
        model="fast", system=[], user="Happy to pay 40 euros!", shape=Ticket, max_tokens=500
    )

    assert answer.data == {"title": "Happy to pay 40 euros!", "mood": "happy", "amounts": [40]}


async def test_a_server_that_ignores_the_schema_is_asked_in_words(model: Model, llm: LLM) -> None:
    """A firm with its own model gets its form all the same, pays for both calls, and later for one."""
    good = {"title": "Bread", "mood": "cross", "amounts": []}
    words = f"Here it is:\n```json\n{json.dumps(good)}\n```"
    spent = {"input_tokens": 1000, "output_tokens": 100}
    model.answers = [Reply("Sure!", usage=spent), Reply(words, usage=spent), Reply(words, usage=spent)]

    first = await llm.structured(model="fast", system=["s"], user="u", shape=Ticket, max_tokens=500)
    second = await llm.structured(model="fast", system=["s"], user="u", shape=Ticket, max_tokens=500)

    assert first.data == second.data == good
    assert first.usage == Usage(2000, 200, cost_microusd=300)
    assert second.usage == Usage(1000, 100, cost_microusd=150)
    assert "JSON schema" in model.requests[1].body["system"][-1]["text"]
    assert "format" not in model.requests[2].body["output_config"]


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([{"title": "x" * 81, "mood": "happy", "amounts": []}], 1),
        ([["no", "object"]], 1),
        (["Sure!", "I would rather not."], 2),
    ],
)
async def test_an_object_that_does_not_fit_is_refused_and_paid(
    model: Model, llm: LLM, answers: list[Any], asked: int
) -> None:
    """A title that is too long never reaches the form, and its cost is in the ledger."""
    model.answers = [Reply(each if isinstance(each, str) else json.dumps(each)) for each in answers]

    with pytest.raises(LLMError) as caught:
        await llm.structured(model="fast", system=["s"], user="u", shape=Ticket, max_tokens=500)

    assert (caught.value.kind, caught.value.retryable) == ("unusable", False)
    assert caught.value.usage is not None
    assert (caught.value.usage.output_tokens or 0) > asked
    assert model.count == asked


@pytest.mark.parametrize(
    ("fault", "paid"),
    [
        ("overloaded", Usage(1000, 100, cost_microusd=150)),
        ("refusal", Usage(2000, 200, cost_microusd=300)),
    ],
)
async def test_the_first_attempt_is_booked_when_the_second_fails(
    model: Model, llm: LLM, fault: Any, paid: Usage
) -> None:
    """Half a conversation costs half, not nothing."""
    spent = {"input_tokens": 1000, "output_tokens": 100}

    def once_more(body: dict[str, Any]) -> Reply:
        model.fail(fault)
        return Reply("Sure!", usage=spent)

    model.answers = [once_more, Reply("", usage=spent)]

    with pytest.raises(LLMError) as caught:
        await llm.structured(model="fast", system=["s"], user="u", shape=Ticket, max_tokens=500)

    assert caught.value.usage == paid


@pytest.mark.parametrize(("fault", "kind"), [("refusal", "refusal"), ("max_tokens", "cut_off")])
async def test_half_an_object_is_booked_and_named(model: Model, llm: LLM, fault: Any, kind: str) -> None:
    """The SDK would lose what this cost."""
    model.fail(fault, text="No.")

    with pytest.raises(LLMError) as caught:
        await llm.structured(model="fast", system=["s"], user="u", shape=Ticket, max_tokens=500)

    assert caught.value.kind == kind
    assert caught.value.usage is not None


async def test_tokens_are_counted_by_the_server(llm: LLM) -> None:
    """A long thread is split by the model's own count."""
    assert await llm.count_tokens(model="fast", system=["a" * 40], user="b" * 80) == 30


@pytest.mark.parametrize("fault", ["not_found", "html", "hello", "overloaded", "drop_before"])
async def test_a_server_that_cannot_count_is_estimated_high(model: Model, llm: LLM, fault: Any) -> None:
    """A firm's own model without a counter still gets threads that fit."""
    model.fail(fault, on="/v1/messages/count_tokens")

    assert await llm.count_tokens(model="fast", system=["a" * 40], user="b" * 80) == 40


@pytest.mark.parametrize(("fault", "kind"), [("unauthorized", "key"), ("billing", "credit")])
async def test_counting_does_not_hide_a_refused_key(model: Model, llm: LLM, fault: Any, kind: str) -> None:
    """The admin hears of the key, not of an estimate."""
    model.fail(fault, on="/v1/messages/count_tokens")

    with pytest.raises(LLMError) as caught:
        await llm.count_tokens(model="fast", system=[], user="b")

    assert caught.value.kind == kind


@given(ANY_TEXT)
def test_an_estimate_is_never_nothing(text: str) -> None:
    """Any text, emoji and half characters too, counts for something."""
    assert estimate_tokens(text) >= max(1, len(text) / 3)


async def test_the_models_of_a_server_are_listed_with_their_end(llm: LLM) -> None:
    """`bot check` names a model that stops next week."""
    listed = await llm.model_ids()

    assert listed is not None
    by_id = {each.id: each for each in listed}
    assert by_id[FAST].retires_at is None
    assert by_id["claude-sonnet-4-5"].retires_at == date(2026, 11, 30)


@pytest.mark.parametrize("fault", ["not_found", "html", "hello", "bad_request"])
async def test_a_server_without_a_list_of_models_is_no_fault(model: Model, llm: LLM, fault: Any) -> None:
    """A firm's own model is not refused because it lists nothing."""
    model.fail(fault, on="/v1/models")

    assert await llm.model_ids() is None


async def test_a_server_that_refuses_the_key_is_named_by_the_check(model: Model, llm: LLM) -> None:
    """`bot check` tells a wrong key from a missing list."""
    model.fail("unauthorized", on="/v1/models")

    with pytest.raises(LLMError, match="key"):
        await llm.model_ids()


async def test_a_list_without_dates_is_dated_by_the_sdk(model: Model, llm: LLM) -> None:
    """A proxy that only lists ids still warns of a model's end."""
    model.models = {"claude-sonnet-4-5": "not a day"}

    assert [each.retires_at for each in await llm.model_ids() or []] == [date(2026, 11, 30)]


@pytest.mark.parametrize(
    ("model_id", "day"),
    [("claude-opus-4-0", date(2026, 6, 15)), ("claude-3-sonnet-20240229", date(2025, 7, 21)), (FAST, None)],
)
def test_a_models_end_is_known(model_id: str, day: date | None) -> None:
    """Settings that name a model of the past are noticed without asking a server."""
    assert retirement_date(model_id) == day


async def test_a_model_about_to_retire_still_answers(model: Model) -> None:
    """The SDK's warning does not become an error in mid-run."""
    llm = LLM(api_key=model.key, base_url=model.url, models={"fast": "claude-sonnet-4-5"})
    answer = await ask(llm)
    await llm.close()

    assert answer.model == "claude-sonnet-4-5"


async def test_warming_and_closing_may_happen_twice(model: Model, llm: LLM) -> None:
    """Start and stop are safe in any order."""
    await asyncio.gather(llm.warm(), llm.warm())
    assert (await ask(llm)).text

    await llm.close()
    await llm.close()

    assert (await ask(llm)).text


def message(model: str, *, input_tokens: int, output_tokens: int, **usage: Any) -> dict[str, Any]:
    """Make what the server sends, as far as it costs."""
    return {"model": model, "usage": {"input_tokens": input_tokens, "output_tokens": output_tokens, **usage}}


@pytest.mark.parametrize(
    ("answered", "microusd"),
    [
        (message(FAST, input_tokens=1000, output_tokens=100), 150),
        (message(FAST, input_tokens=100_000, output_tokens=100), 10_050),
        (message(FAST, input_tokens=100_001, output_tokens=100), 50_251),
        (
            message(
                SMART,
                input_tokens=1000,
                output_tokens=100,
                cache_read_input_tokens=500,
                cache_creation_input_tokens=3000,
                cache_creation={"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
            ),
            13_550,
        ),
        (message(SMART, input_tokens=1000, output_tokens=100, service_tier="batch"), 1500),
        (message("claude-opus-5-5", input_tokens=1000, output_tokens=100, speed="fast"), 12_000),
        (message("claude-opus-5-5", input_tokens=1000, output_tokens=100, inference_geo="us"), 6600),
        (message(FAST, input_tokens=0, output_tokens=0), 0),
        (message("qwen3-8b", input_tokens=1000, output_tokens=100), None),
        (message(FAST, input_tokens=-1, output_tokens=100), None),
        (message(FAST, input_tokens=10**400, output_tokens=100), None),
        (message(FAST, input_tokens=10**20, output_tokens=100), None),
        ({"model": FAST, "usage": "lots"}, None),
        ({"model": 7, "usage": {"input_tokens": 1, "output_tokens": 1}}, None),
        ({}, None),
    ],
)
def test_prices_are_exact_or_unknown(answered: dict[str, Any], microusd: int | None) -> None:
    """The bill agrees with the vendor's to a millionth of a dollar; an unknown price is never nothing."""
    assert price_microusd(answered) == microusd


def test_a_count_beyond_reason_is_no_count() -> None:
    """A server that counts wildly does not break the ledger's sums."""
    odd = message(FAST, input_tokens=10**400, output_tokens=7)
    odd |= {"content": [{"type": "text", "text": "Fine."}], "stop_reason": "end_turn"}
    answer = read_answer(odd, request_id="r", duration_ms=1)

    assert answer.usage == Usage(0, 7)


def test_a_sum_with_an_unknown_price_is_unknown() -> None:
    """Two calls, one of them of unknown price, do not look cheap."""
    known, unknown = Usage(1, 2, 3, 4, 5), Usage(10, 20, 30, 40, None)

    assert known + known == Usage(2, 4, 6, 8, 10)
    assert known + unknown == unknown + known == Usage(11, 22, 33, 44, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "model": JSON,
            "content": JSON | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": JSON})),
            "stop_reason": JSON | st.just("end_turn"),
            "usage": JSON | st.fixed_dictionaries({"input_tokens": JSON, "output_tokens": JSON}),
        },
    )
)
def test_no_answer_is_too_odd_to_be_named(body: dict[str, Any]) -> None:
    """Whatever a server invents, people get a sentence and not a crash."""
    try:
        text = read_answer(object_in(json.dumps(body), FAST), request_id="r", duration_ms=1).text
    except LLMError as error:
        text = error.kind

    assert text


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "null"])
def test_what_is_no_json_object_is_unusable(text: str) -> None:
    """A proxy's page is not mistaken for a draft."""
    with pytest.raises(LLMError) as caught:
        object_in(text, FAST)

    assert caught.value.kind == "unusable"
