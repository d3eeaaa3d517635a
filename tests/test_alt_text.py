"""Pictures that go with social posts: looked at by the model, described once each, counted for each platform."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from bot.sandbox import model_images
from tests.conftest import ANNA, BEN, SALES, World, said
from tests.test_social import TOPIC, posts, small_print


def png(width: int = 640, height: int = 480, size_bytes: int = 200) -> bytes:
    """Write what a PNG begins with."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)
    return head + b"\0" * (size_bytes - len(head))


def content(world: World) -> list[dict[str, Any]]:
    """Return the blocks that the model was sent."""
    found: list[dict[str, Any]] = world.model.requests[-1].body["messages"][0]["content"]
    return found


async def test_a_picture_gets_an_alt_text(world: World) -> None:
    """The model sees the picture itself; its alt text stands with the posts, ready to copy and counted."""
    alt = {"alt_text_1": "Een toonbank met\nvijf broden."}
    world.model.answers = [{**posts(x="Zaterdag open!", instagram="Kom langs."), **alt}]
    await world.slack.say(ANNA, world.im, f"social x, insta: {TOPIC}", files=[("winkel.png", png())])
    card = await world.card()
    picture, words = content(world)
    (row,) = await world.rows()

    assert said(card).endswith(
        "## Alt text · winkel.png · 29 characters\n\n```\nEen toonbank met vijf broden.\n```"
    )
    assert "look at it yourself" in small_print(card)
    assert "needs a picture" not in small_print(card)
    assert base64.b64decode(picture["source"]["data"]) == png()
    assert picture["source"]["media_type"] == "image/png"
    assert TOPIC in words["text"]
    assert "An alt text has at most 250 characters." in str(world.model.requests[-1].body["system"])
    assert row["input_tokens"] > model_images.tokens(picture) == 410


async def test_an_alt_text_is_held_to_each_platform(world: World) -> None:
    """What is too long for TikTok is told with both figures; a post is shortened without pictures."""
    first = {**posts(tiktok="a" * 2_300, bluesky="Kom!"), "alt_text_1": "b" * 400, "alt_text_2": "Een deur."}
    world.model.answers = [first, posts(tiktok="Kom!")]
    files = [("een.png", png()), ("twee.gif", b"GIF89a" + struct.pack("<HH", 10, 10))]
    await world.slack.say(ANNA, world.im, f"social tiktok, bluesky: {TOPIC}", files=files)
    card = await world.card()

    assert "Alt text too long: een.png: TikTok 400/300." in small_print(card)
    assert "Bluesky 400" not in small_print(card)
    assert said(card).count("## Alt text") == 2
    assert isinstance(content(world), str)


async def test_the_form_and_the_thread_bring_pictures_too(world: World) -> None:
    """A picture in `/social`'s form is enough to write about; so is one that a colleague put into the thread."""
    space = world.slack.workspace
    world.model.answers = [
        {**posts(x="Kijk!"), "alt_text_1": "Een boom."},
        {**posts(facebook="Zie!"), "alt_text_1": "Een tak."},
    ]
    await world.slack.command(ANNA, SALES, "/social")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    picture = space.add_to_form("boom.png", ANNA, png()).as_slack(world.slack.url)
    await world.slack.submit(ANNA, {"input_platforms": "x", "input_picture": [picture]})
    await world.shown("Alt text · boom.png")
    root = await world.thread((BEN, "De tak is gesnoeid"))
    await world.slack.say(BEN, SALES, "", thread_ts=root, files=[("tak.png", png())])
    await world.slack.say(ANNA, SALES, f"<@{space.bot_user_id}> social post, voor Facebook", thread_ts=root)

    assert "Een tak." in said(await world.shown("Alt text · tak.png"))


async def test_without_a_picture_there_is_no_alt_text(world: World) -> None:
    """Posts from words alone have no alt text, and a text file that comes along is material like any other."""
    world.model.answers = [posts(x="Op 9 mei feest.")]
    await world.slack.say(ANNA, world.im, "social x: ons feest", files=[("feest.txt", b"9 mei, 17:00")])
    card = await world.card()

    assert "lt text" not in str(card["blocks"])
    assert "9 mei, 17:00" in str(content(world))
    assert "Not found" not in small_print(card)


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("fout.png", b"<svg>", "fout.png is no picture that I can look at"),
        ("groot.jpg", b"\xff\xd8\xff" + b"\0" * 4_000_000, "groot.jpg is too large to look at"),
        ("plan.psd", b"8BPS", "I cannot read plan.psd"),
    ],
)
async def test_a_picture_that_cannot_be_looked_at_is_told(
    world: World, name: str, data: bytes, wanted: str
) -> None:
    """The wrong kind, or too large: told with its name and what can be attached, and nothing is paid."""
    await world.slack.say(ANNA, world.im, f"social x: {TOPIC}", files=[(name, data)])

    assert await world.shown(wanted)
    assert world.model.requests == []


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (None, "source"),
        ({"type": "base64", "media_type": "image/bmp", "data": "QQ=="}, "media_type"),
        ({"type": "base64", "media_type": "image/png", "data": ""}, "data: Field required"),
        ({"type": "base64", "media_type": "image/png", "data": "Q"}, "invalid base64"),
        ({"type": "base64", "media_type": "image/png", "data": "R0lGODlh"}, "does not match"),
        ({"type": "base64", "media_type": "image/png", "data": "A" * 5_300_000}, "exceeds 5 MB"),
        (
            {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png(9_000)).decode()},
            "8000 pixels",
        ),
        ({"type": "path"}, "should be 'base64'"),
        ({"type": "url", "url": "https://x.nl/a.png"}, ""),
        (
            {
                "type": "base64",
                "media_type": "image/jpeg",
                "data": base64.b64encode(b"\xff\xd8\xff").decode(),
            },
            "",
        ),
    ],
)
def test_the_local_model_takes_pictures_as_the_real_one(source: Any, wanted: str) -> None:
    """What the API refuses is refused here too, so that no test passes with a picture that nobody would take."""
    told = model_images.fault({"type": "image", "source": source})

    assert wanted in told
    assert bool(told) is bool(wanted)
    if not wanted:
        assert model_images.tokens({"type": "image", "source": source}) == model_images.MOST_TOKENS
