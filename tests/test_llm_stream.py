"""A streamed answer against the sandbox's model: the words while they come, the cost, and every way to break off."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.llm import LLM, Answer, LLMError, Spoken, Usage
from bot.sandbox.model import Model, Reply
from tests.test_llm import FAST, FAULTS, MODELS, PAID_FAULTS, SECRET

LONG = " ".join(f"Word {number} of a long answer." for number in range(40))


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


async def hear(llm: LLM, spoken: Spoken | None = None, *, max_tokens: int = 500) -> Answer:
    """Ask something and hear the answer while it comes."""
    return await llm.stream(
        model="fast",
        system=["Be brief."],
        user="What did we agree on?",
        max_tokens=max_tokens,
        spoken=spoken or Spoken(),
    )


async def test_the_words_come_before_the_answer_and_cost_the_same(model: Model, llm: LLM) -> None:
    """A person reads along, and the ledger books a streamed draft as any other."""
    usage = {"input_tokens": 1000, "output_tokens": 100}
    model.answers = [Reply(LONG, usage=usage, thinking="Hm."), Reply(LONG, usage=usage)]
    heard: list[str] = []

    answer = await hear(llm, Spoken(heard.append))
    whole = await llm.complete(model="fast", system=["Be brief."], user="Again?", max_tokens=500)

    assert len(heard) > 10
    assert all(later.startswith(earlier) for earlier, later in pairwise(heard))
    assert (heard[-1], answer.text) == (LONG, LONG)
    assert answer.usage == whole.usage == Usage(1000, 100, cost_microusd=150)
    assert (answer.model, answer.stop_reason) == (FAST, "end_turn")
    assert answer.request_id.startswith("req_")


# As for an answer in one piece, but what began is booked: what was read is known, what was written is not.
BEGUN = {"drop_mid": "busy", "eof_mid": "busy", "garbled": "busy", "error_mid": "busy"}
OTHERS = [(fault, kind, retry) for fault, kind, retry in FAULTS if fault not in {*BEGUN, "trickle"}]


@pytest.mark.parametrize(("fault", "kind", "retryable"), [*OTHERS, ("error_first", "busy", True)])
async def test_a_stream_that_never_began_fails_as_any_call(
    model: Model, fault: Any, kind: str, retryable: bool
) -> None:
    """People read the right sentence whichever way the answer was to come; nothing was paid."""
    model.fail(fault, message=f"prompt is too long: {SECRET}" if fault == "too_long" else SECRET)
    room = LLM(
        api_key=model.key, base_url=model.url, models=MODELS, timeout_s=0.2 if fault == "hang" else None
    )

    with pytest.raises(LLMError) as caught:
        await hear(room)
    await room.close()

    assert (caught.value.kind, caught.value.retryable, caught.value.usage) == (kind, retryable, None)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert model.count == 1


@pytest.mark.parametrize("fault", [*BEGUN, "trickle"])
async def test_a_stream_that_breaks_off_is_booked_as_far_as_it_is_known(
    model: Model, llm: LLM, fault: Any
) -> None:
    """A lost line costs money too: the ledger says how much was read, and that the rest is unknown."""
    model.answers = [Reply(LONG, usage={"input_tokens": 1000})]
    model.fail(fault, delay_s=0.001)
    room = (
        LLM(api_key=model.key, base_url=model.url, models=MODELS, timeout_s=1.5)
        if fault == "trickle"
        else llm
    )

    with pytest.raises(LLMError) as caught:
        await hear(room)
    if room is not llm:
        await room.close()

    error = caught.value
    assert (error.kind, error.retryable, error.model) == ("busy", True, FAST)
    assert error.usage == Usage(1000, None, cost_microusd=None)
    assert error.partial or fault == "trickle"
    assert LONG.startswith(error.partial)


@pytest.mark.parametrize(("fault", "kind", "retryable"), PAID_FAULTS)
async def test_an_answer_of_no_use_is_booked_whole(
    model: Model, llm: LLM, fault: Any, kind: str, retryable: bool
) -> None:
    """The month's total is true: refused and cut off answers cost money, streamed or not."""
    model.answers = [Reply(f"{SECRET}, and so on", usage={"input_tokens": 1000, "output_tokens": 100})]
    model.fail(fault, text=SECRET)

    with pytest.raises(LLMError) as caught:
        await hear(llm)

    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
    assert caught.value.usage == Usage(1000, 100, cost_microusd=150)


async def test_whoever_cancels_knows_what_was_said_and_read(model: Model, llm: LLM) -> None:
    """Stop in mid-answer: what was written is there, and the ledger says what is known of its cost."""
    model.answers = [Reply(LONG, usage={"input_tokens": 1000})]
    model.latency_s = 60.0
    begun = asyncio.Event()
    spoken = Spoken(lambda _: begun.set())
    hearing = asyncio.create_task(hear(llm, spoken))
    await begun.wait()
    hearing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hearing

    assert spoken.text
    assert LONG.startswith(spoken.text)
    assert spoken.usage == Usage(1000, None)


async def test_an_answer_that_no_connection_could_carry_is_not_asked_for(model: Model, llm: LLM) -> None:
    """A task file with an absurd length is told so at once."""
    with pytest.raises(ValueError, match="max_tokens"):
        await hear(llm, max_tokens=100_000)

    assert model.count == 0


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["type", "message", "delta", "content_block", "usage"]),
            st.sampled_from(["message_start", "message_delta", "content_block_delta"])
            | st.none()
            | st.integers()
            | st.dictionaries(
                st.sampled_from(["type", "text", "stop_reason", "usage"]), st.none() | st.text()
            ),
        )
    )
)
def test_no_event_is_too_odd(events: list[dict[str, Any]]) -> None:
    """Whatever a server of one's own sends, the bot says that the answer is of no use."""
    spoken = Spoken()
    for event in events:
        spoken.take(event)

    assert isinstance(spoken.message(), dict)
    assert spoken.usage is None or spoken.usage.output_tokens is None
