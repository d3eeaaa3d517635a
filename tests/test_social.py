"""Social posts: one per platform, counted, held to the input, and ready to copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.handlers.platforms import hashtags_in, measure, platforms
from bot.handlers.social import recount
from bot.sandbox.model import Reply
from tests.conftest import ANNA, BEN, SALES, World, buttons, running, said

TOPIC = "Zaterdag 12 december opent onze tweede winkel in Zutphen. Meer op https://bakkerij.nl/open."


def posts(**texts: str) -> dict[str, Any]:
    """Write an answer of the model: a text per platform, no hashtags."""
    return {key: {"text": one, "hashtags": []} for key, one in texts.items()}


def small_print(card: dict[str, Any]) -> str:
    """Return what stands small below a draft."""
    return "\n".join(
        element["text"]
        for block in card["blocks"]
        if block["type"] == "context"
        for element in block["elements"]
    )


async def ask(world: World, words: str) -> dict[str, Any]:
    """Ask for posts with the command and return the card."""
    await world.slack.command(ANNA, SALES, "/social", words)
    return await world.card()


async def redo(world: World, card: dict[str, Any], instruction: str, wanted: str) -> dict[str, Any]:
    """Ask for another version and return its card."""
    await world.slack.click(ANNA, world.im, card["ts"], "redo")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"instruction": instruction})
    return await world.shown(wanted)


def asked(world: World, index: int = -1) -> str:
    """Return what the model was asked, all of it."""
    body = world.model.requests[index].body
    return "\n".join([*(block["text"] for block in body["system"]), body["messages"][0]["content"]])


def fields(world: World, index: int = -1) -> list[str]:
    """Return the platforms that the model was asked for."""
    return list(world.model.requests[index].body["output_config"]["format"]["schema"]["properties"])


async def test_one_question_brings_a_post_for_each_platform(world: World) -> None:
    """Each platform has its section with its count, and its post stands ready to copy; one call is paid."""
    world.model.answers = [posts(linkedin="Wij *openen* zaterdag.\n# echt", x="Tot zaterdag… €")]
    card = await ask(world, f"x en LinkedIn: {TOPIC}")
    (row,) = await world.rows()

    assert said(card) == (
        "## LinkedIn · 29 of 3,000\n\n```\nWij *openen* zaterdag.\n# echt\n```\n\n"
        "## X · 17 of 280\n\n```\nTot zaterdag… €\n```"
    )
    assert fields(world) == ["linkedin", "x"]
    assert (row["task"], row["calls"], row["baseline_minutes"]) == ("social", 1, 30.0)
    assert "at most 252 characters" in asked(world)
    assert f">\n{TOPIC}\n</request" in asked(world)


async def test_posts_are_approved_and_edited_like_every_draft(world: World) -> None:
    """Edit opens the posts as text, and what is accepted counts as time saved."""
    world.model.answers = [posts(x="Tot zaterdag! @piet")]
    card = await ask(world, f"X: {TOPIC}")
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    form = await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(
        ANNA, {"part0": f"## X · 13 of 280\n\n```\nTot ziens! {'a' * 280}\n```\n\n## Ours\n\n- none"}
    )
    card = await world.card(having="undo")
    (row,) = await world.rows(where=lambda row: row["review"] == "edited")

    assert "Tot zaterdag!" in str(form["blocks"])
    assert "Tot ziens!" in said(card)
    assert "Counted after the edit: X 291 of 280 · 11 too long." in small_print(card)
    assert "@piet" not in small_print(card)
    assert "share" in buttons(card)
    assert row["edit_distance"] > 0


async def test_too_long_is_written_again_with_the_excess_named(world: World) -> None:
    """A post over its limit is asked for once more, alone; the others stay as they were."""
    world.model.answers = [posts(linkedin="Prima.", x="a" * 290), posts(x="Kort genoeg.")]
    card = await ask(world, f"linkedin, x: {TOPIC}")

    assert "Kort genoeg." in said(card)
    assert "Prima." in said(card)
    assert fields(world) == ["x"]
    assert "x: 10 too long" in asked(world)
    assert TOPIC.split(".")[0] in asked(world)
    assert "fit yet" not in small_print(card)


async def test_still_too_long_is_flagged(world: World) -> None:
    """After one more try nobody can overlook what does not fit; the shorter of both attempts is kept."""
    tags = {"text": "Kom!", "hashtags": ["brood", "Zutphen"]}
    world.model.answers = [
        {"threads": tags, **posts(x="a" * 300, bluesky="👨‍👩‍👧‍👦" * 121)},
        {"threads": tags, **posts(x="b" * 285, bluesky="c" * 400)},
    ]
    card = await ask(world, f"x, threads, bluesky: {TOPIC}")
    note = small_print(card)

    assert "## X · 285 of 280 · 5 too long" in said(card)
    assert "## Threads · 21 of 500 · 2 hashtags" in said(card)
    assert "X (5 too long), Threads (1 hashtag too many), Bluesky (25 bytes too long)" in note
    assert len(world.model.requests) == 2


async def test_a_second_try_that_fails_costs_no_draft(world: World) -> None:
    """When the model declines to shorten, the first attempt is delivered with its flag."""
    world.model.answers = [posts(x="a" * 290), Reply("No.", stop_reason="refusal")]
    card = await ask(world, f"X: {TOPIC}")
    (row,) = await world.rows()

    assert "10 too long" in said(card)
    assert (row["outcome"], row["calls"]) == ("drafted", 2)


async def test_an_outage_between_the_two_tries_pays_nothing_twice(world: World) -> None:
    """The model is busy at the second try: the first answer is used again when it is back."""

    def first(body: dict[str, Any]) -> dict[str, Any]:
        world.model.fail("overloaded")
        return posts(x="a" * 290)

    world.model.answers = [first, posts(x="Kort.")]
    card = await ask(world, f"X: {TOPIC}")
    (row,) = await world.rows()

    assert "Kort." in said(card)
    assert (row["calls"], len(world.model.requests)) == (2, 3)


async def test_invented_links_are_taken_out_and_figures_flagged(world: World) -> None:
    """A link, amount, day or handle that the asker did not give is gone or named before anybody posts it."""
    invented = (
        "Zondag 13 december: € 40 korting via https://evil.nl/x of https://bakkerij.nl/open, @piet & co. [3]"
    )
    world.model.answers = [posts(x=invented)]
    card = await ask(world, f"X: {TOPIC}")
    note = small_print(card)

    assert "korting via [link?] of https://bakkerij.nl/open, @piet & co.\n" in said(card)
    assert "taken out: `hxxps://evil.nl/x`" in note
    assert "`13 december`, `Zondag`, `40`, `@piet`" in note
    assert "https://evil" not in str(card["blocks"])


async def test_findings_notify_nobody(world: World) -> None:
    """A finding with Slack's signs in it is shown, calls no channel, and many are counted."""
    world.model.answers = [posts(x="www.<!channel>.nl @a&b " + " ".join(f"{n}99" for n in range(1, 12)))]
    card = await ask(world, f"X: {TOPIC}")
    note = small_print(card)

    assert "<!channel>" not in note
    assert "`199`, `299`" in note
    assert "+" in note.partition("Not found")[2]


async def test_facts_in_another_spelling_are_no_finding(world: World) -> None:
    """A post in English about a Dutch input is not flagged for its dates and weekdays."""
    world.model.answers = [posts(x="Saturday, December 12: our second shop. More: bakkerij.nl")]
    card = await ask(world, f"X, in English please: {TOPIC}")

    assert "Not found" not in small_print(card)


async def test_hashtags_are_counted_and_written_once(world: World) -> None:
    """Hashtags come at the end, each once, with their sign; sentences and numbers make none."""
    tags = ["brood", "#Brood", "open dag", "2026", "dit is een hele zin", "Zutphen", ""]
    world.model.answers = [{"instagram": {"text": "Kom proeven! #Zutphen", "hashtags": tags}}]
    card = await ask(world, f"insta: {TOPIC}")

    assert "Kom proeven! #Zutphen\n\n#brood #OpenDag\n```" in said(card)
    assert "38 of 2,200 · 3 hashtags" in said(card)
    assert "Instagram needs a picture or video." in small_print(card)


async def test_the_part_that_shows_first_is_previewed(world: World) -> None:
    """Under a long post stands what readers see before they press more, with its signs unread."""
    world.model.answers = [posts(instagram="Vers *brood* " * 20)]
    card = await ask(world, f"Instagram: {TOPIC}")

    assert "> Shows first: Vers \\*brood\\* Vers" in said(card)
    assert said(card).endswith("*… more*")


async def test_a_fence_in_a_post_does_not_break_the_card(world: World) -> None:
    """A post with three backticks stays inside its frame."""
    world.model.answers = [posts(x="Zie ```code``` hier")]
    card = await ask(world, f"X: {TOPIC}")

    assert "```\nZie '''code''' hier\n```" in said(card)


def test_an_edited_text_is_counted_however_it_looks() -> None:
    """Who takes the frames or headings away still reads counts, or none at all, and no error."""
    assert recount("## Bluesky\n\nKort 👍🏽\n\n## X · 3\n```\n\n```", "nl") == (
        "Geteld na het aanpassen: Bluesky 6 van 300, X 0 van 280.",
    )
    assert recount("Alleen nog tekst", "en") == ()
    assert recount("", "en") == ()


async def test_too_many_links_are_flagged(world: World) -> None:
    """Threads refuses a post with more than five links, so the draft says so."""
    links = " ".join(f"https://a.nl/{n}" for n in range(6))
    world.model.answers = [posts(threads=links), posts(threads=links)]
    card = await ask(world, f"threads: {links} samen")

    assert "Threads (1 link too many)" in small_print(card)


async def test_no_platform_named_gives_the_usual_three(tmp_path: Path) -> None:
    """Who names no platform gets LinkedIn, Instagram and Facebook, and reads so; in Dutch where that is spoken."""
    async with running(tmp_path, language="nl") as world:
        card = await ask(world, TOPIC)

        assert fields(world) == ["linkedin", "instagram", "facebook"]
        assert "Je noemde geen platform, dus schreef ik voor LinkedIn, Instagram, Facebook." in small_print(
            card
        )
        assert "van 3.000" in said(card)
        assert "Schrijf Nederlands, tenzij" in asked(world)


async def test_the_form_asks_for_platforms_and_tone(world: World) -> None:
    """`/social` alone opens its form; the tone reaches the model, an unknown platform is answered with the list."""
    await world.slack.command(ANNA, SALES, "/social")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    filled = {"words": TOPIC, "input_platforms": "Bluesky en mastodon", "input_tone": "warm"}
    await world.slack.submit(ANNA, filled)
    card = await world.card()
    await world.slack.command(ANNA, SALES, "/social")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"words": TOPIC, "input_platforms": "Pinterest"})
    told = await world.shown("One of those platforms I do not know")

    assert fields(world) == ["bluesky", "mastodon"]
    assert "tone: warm" in asked(world)
    assert "## Mastodon ·" in said(card)
    assert "I write for LinkedIn, X, Instagram" in told["text"]
    assert len(world.model.requests) == 1


async def test_a_thread_is_a_source(world: World) -> None:
    """Asked in a thread the posts come from it, privately, and without the message numbers."""
    root = await world.thread((BEN, "We openen 12 december in Zutphen."), (ANNA, "En 100 gratis broden!"))
    world.model.answers = [posts(facebook="Op 12 december openen we in Zutphen: 100 gratis broden! [1, 2]")]
    bot = f"<@{world.slack.workspace.bot_user_id}>"
    await world.slack.say(ANNA, SALES, f"{bot} social post, voor Facebook", thread_ts=root)
    card = await world.card()

    assert "100 gratis broden!\n```" in said(card)
    assert "Rests on 2 messages" in small_print(card)
    assert "Not found" not in small_print(card)
    assert re.search(r"\[1\] \[NAME_1_\w{4}\]: We openen", asked(world))


async def test_platforms_alone_are_read_as_a_list_when_a_thread_says_the_rest(world: World) -> None:
    """In a thread "x, bluesky" names both, small letters and all; a small x in a sentence names nothing."""
    ts = await world.thread((ANNA, TOPIC))
    world.model.answers = [posts(x="Kom langs!", bluesky="Kom langs, ook hier!")]
    await world.slack.command(ANNA, SALES, "/social", f"{world.link(ts)} x, bluesky")
    await world.card()

    assert fields(world) == ["x", "bluesky"]


async def test_an_empty_post_is_no_draft(world: World) -> None:
    """A model that leaves a platform out gives an apology with a way to try again, not an empty frame."""
    world.model.answers = [posts(linkedin="Welkom.", x=" ")]
    await world.slack.command(ANNA, SALES, "/social", f"linkedin, x: {TOPIC}")
    told = await world.shown("could not be used")

    assert buttons(told) == ["retry"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("<https://bakkerij.nl/open|bakkerij.nl/open>", "I do not open web pages"),
        ("x: https://bakkerij.nl/open", "I do not open web pages"),
    ],
)
async def test_a_web_page_alone_is_no_source(world: World, words: str, wanted: str) -> None:
    """Nobody gets a post that guesses what stands behind a link; the way out is told, and nothing paid."""
    await world.slack.command(ANNA, SALES, "/social", words)
    told = await world.shown(wanted)
    (row,) = await world.rows()

    assert "the link goes in as you give it" in told["text"]
    assert (row["outcome"], row["calls"]) == ("refused", 0)


async def test_nothing_but_platforms_asks_what_it_is_about(world: World) -> None:
    """A form or command with platforms and no topic is told what is missing."""
    await world.slack.command(ANNA, SALES, "/social")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    answer = await world.slack.submit(ANNA, {"input_platforms": "X"})
    await world.slack.command(ANNA, SALES, "/social", "LinkedIn en X")
    told = await world.shown("Tell me what the text should be about")

    assert "errors" in answer.body
    assert told
    assert world.model.requests == []


async def test_a_thread_too_long_for_one_reading_is_refused(world: World) -> None:
    """A post is not made of half a conversation: the asker is told to point at a shorter one."""
    root = await world.thread(*((BEN, f"{n} " + "woord " * 600) for n in range(60)))
    await world.slack.command(ANNA, SALES, "/social", f"X: {world.link(root)}")
    told = await world.shown("more than the model can read")

    assert "shorter thread" in told["text"]
    assert world.model.requests == []


async def test_a_redo_changes_the_platforms(world: World) -> None:
    """Redo keeps the platforms, adds, drops or picks those that its instruction names, and shows what was before."""
    world.model.answers = [
        posts(linkedin="Een.", facebook="Twee."),
        posts(linkedin="Drie 1987.", x="Vier.", facebook="Vijf."),
        posts(linkedin="Zes.", x="Zeven."),
        posts(x="Acht 1987."),
    ]
    card = await ask(world, f"LinkedIn, Facebook: {TOPIC}")
    card = await redo(world, card, "Ook voor X", "Vier.")
    flagged = small_print(card)
    card = await redo(world, card, "zonder Facebook, en korter", "Zeven.")
    without = fields(world)
    card = await redo(world, card, "alleen X, opgericht in 1987", "Acht")

    assert fields(world, 1) == ["linkedin", "x", "facebook"]
    assert "## LinkedIn · 4 of 3,000" in asked(world, 1)
    assert "`1987`" in flagged
    assert without == ["linkedin", "x"]
    assert fields(world) == ["x"]
    assert "Not found" not in small_print(card)


def test_the_example_in_the_docs_is_counted_right() -> None:
    """The page that explains the counts shows none that is wrong."""
    page = (Path(__file__).parent.parent / "docs" / "tasks.md").read_text(encoding="utf-8")
    shown = page.partition("## Social posts")[2].replace("\n    ", "\n")
    found = re.findall(
        r"^## (\w+) · (\d+) of ([\d,]+)(?: · (\d) hashtags?)?\n\n```\n(.+?)\n```", shown, re.M | re.S
    )

    assert len(found) == 2
    for name, count, limit, tags, post in found:
        platform = platforms()[name.lower()]
        assert measure(platform, post).count == int(count)
        assert platform.limit == int(limit.replace(",", ""))
        assert len(hashtags_in(post)) == int(tags or 0)
