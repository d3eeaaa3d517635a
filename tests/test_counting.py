"""A post is counted as its platform counts it."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handlers.counting import (
    COUNTS,
    count_bytes,
    count_graphemes,
    count_mastodon,
    count_threads,
    count_utf16,
    graphemes,
    links_in,
    put_links,
    weigh,
)
from bot.handlers.platforms import (
    LIMITS,
    default_platforms,
    hashtags_in,
    listed,
    measure,
    named,
    platforms,
    seen_first,
)
from tests.counted import FILE, strings

FAMILY = "👨‍👩‍👧‍👦"
COUNTED: list[tuple[str, int, int]] = [tuple(row) for row in json.loads(FILE.read_text(encoding="utf-8"))]


def test_the_recorded_strings_are_the_ones_that_the_seed_makes() -> None:
    """Whoever doubts the figures can make the same strings and let the other programs count again."""
    assert [text for text, _, _ in COUNTED] == strings()
    assert len(COUNTED) >= 500


def test_x_is_counted_as_twitter_text_counts() -> None:
    """The count under a post for X is the one that X shows: equal on 640 recorded strings.

    Where the figures come from: `tests/counted.py`.
    """
    wrong = [(text, weight, weigh(text)) for text, weight, _ in COUNTED if weigh(text) != weight]

    assert wrong == []


def test_bluesky_is_counted_as_unicode_counts() -> None:
    """The count under a post for Bluesky is the one that Bluesky shows: equal to ICU on 640 recorded strings."""
    wrong = [(text, count) for text, _, count in COUNTED if count_graphemes(text) != count]

    assert wrong == []


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        # config v3: ranges 0-4351, 8192-8205, 8208-8223 and 8242-8247 weigh 100, all else 200, scale 100.
        ("", 0),
        ("\u10ff\u200d\u2010\u201f\u2032\u2037", 6),
        ("\u1100\u200e\u2020\u2031\u2038", 10),
        ("€…", 4),
        ("“nu” – it’s", 11),
        # config v3: emojiParsingEnabled, an emoji has the default weight whatever it is made of; docs.x.com says
        # "All emojis count as 2, regardless of complexity", those newer than the recorded list too.
        (FAMILY, 2),
        ("👩🏾‍🍳🧑‍💻🐻‍❄️❤️‍🔥🤝🏻", 10),
        ("🇳🇱🇧🇪1️⃣🏴󠁧󠁢󠁥󠁮󠁧󠁿", 8),
        # twemoji's pattern, which twitter-text uses, takes these two as emoji with their selector only.
        ("©®", 2),
        ("©️®️", 4),
        # conformance/validate.yml, "lengths": links with http, https or without a scheme are 23, several too.
        ("http://test.nl", 23),
        ("https://test.nl/een/heel/lang/pad?met=veel&erachter#deel", 23),
        ("test.nl", 23),
        ("Kijk: https://test.nl en https://test.nl of test.nl.", 6 + 23 + 4 + 23 + 4 + 23 + 1),
        # the same file: what is no link counts letter by letter.
        ("info@test.nl 3.14 node.js @naam.nl", 34),
        ("ftp://test.nl", 13),
        # parse_tweet: NFC first, a line end is one.
        ("cafe\u0301", 4),
        ("a\r\nb\rc", 5),
        ("日本語", 6),
    ],
)
def test_the_rules_of_x_by_hand(text: str, weight: int) -> None:
    """Each rule of twitter-text's config v3 on a string short enough to count by hand."""
    assert weigh(text) == weight


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("🇳🇱🇧🇪", 2),
        ("\n🇳🇱", 2),
        (FAMILY, 1),
        ("👍🏽1️⃣🏴󠁧󠁢󠁥󠁮󠁧󠁿", 3),
        ("e\u0301\u0323", 1),
        ("\r\n", 1),
        ("각한", 2),
        ("नमस्ते", 3),
    ],
)
def test_a_person_counts_characters(text: str, clusters: int) -> None:
    """Flags, families, skin tones, accents and Indic conjuncts are one character each: UAX #29's rules by hand."""
    assert count_graphemes(text) == clusters


def test_the_other_platforms_by_hand() -> None:
    """Threads counts emoji as bytes, Mastodon links as 23 and no servers, the others UTF-16 units."""
    assert count_threads("é 👍") == 2 + 4
    assert count_threads(FAMILY + "gezin") == 25 + 5
    assert count_mastodon(f"{FAMILY} https://example.com/een/lang/pad") == 1 + 1 + 23
    assert count_mastodon("@jan@mastodon.nl kijk op test.nl") == len("@jan kijk op test.nl")
    assert count_utf16("a👍") == 3
    assert count_bytes("a👍") == 5


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_no_text_is_too_odd_to_be_counted(text: str) -> None:
    """Whatever a model writes is counted, and no letter is lost on the way."""
    assert all(0 <= count(text) <= 4 * len(text) + 23 * text.count(".") for count in COUNTS.values())
    assert "".join(graphemes(text)) == text
    assert put_links(text, lambda link: link) == text
    assert weigh(text) == weigh(unicodedata.normalize("NFC", text))


def test_links_are_found_where_people_write_them() -> None:
    """A link is found in a sentence, in brackets and beside other scripts; an e-mail address is none."""
    said = "Zie (https://a.nl/x_(y)), www.b.co.uk/pad/. 詳細はc.comで info@d.nl e.g. f.png, https://münchen.de/über!"

    assert links_in(said) == ["https://a.nl/x_(y)", "www.b.co.uk/pad/", "c.com", "https://münchen.de/über"]


def test_every_limit_names_its_page() -> None:
    """Whoever doubts a limit finds the page that it was read on, and when."""
    lines = LIMITS.read_text(encoding="utf-8").splitlines()
    stated = [line for line in lines if re.match(r"(?!name|words|default|checked)\w+ = ", line)]

    assert "checked = 2026-11-24" in lines
    assert [line for line in stated if "# https://" not in line and "# our own advice" not in line] == []
    assert platforms().keys() >= {
        "linkedin", "x", "instagram", "facebook", "threads", "bluesky", "mastodon", "tiktok",
    }  # fmt: skip
    assert [each.name for each in default_platforms()] == ["LinkedIn", "Instagram", "Facebook"]


@pytest.mark.parametrize(
    ("key", "post", "over"),
    [
        ("linkedin", "a" * 3001, {"over": 1}),
        ("x", "€" * 141, {"over": 2}),
        ("bluesky", FAMILY * 121, {"bytes_over": 25}),
        ("bluesky", "a" * 301, {"over": 1}),
        ("threads", "👍" * 126, {"over": 4}),
        ("threads", "#een #twee", {"hashtags_over": 1}),
        ("threads", " ".join(f"https://a.nl/{n}" for n in range(6)), {"links_over": 1}),
        ("threads", "https://a.nl " * 6, {}),
        ("instagram", "#a #b #c #d #e #f #1 a#b", {"hashtags_over": 1}),
        ("mastodon", "https://a.nl/" + "x" * 600, {}),
        ("tiktok", "👍" * 1101, {"over": 2}),
        ("facebook", "a" * 63_206, {}),
    ],
)
def test_what_is_too_much_is_named(key: str, post: str, over: dict[str, int]) -> None:
    """A post over any limit of its platform says which, and by how much."""
    size = measure(platforms()[key], post)
    told = {name: getattr(size, name) for name in ("over", "bytes_over", "hashtags_over", "links_over")}

    assert {name: count for name, count in told.items() if count} == over
    assert size.fits is (not over)
    assert size.excess == sum(over.values())


def test_people_name_platforms_in_their_own_words() -> None:
    """A list in the form and names in a sentence both find the platforms; x and threads are also plain words."""
    assert [each.key for each in listed("Insta, x en LinkedIn.") or ()] == ["linkedin", "x", "instagram"]
    assert len(listed("alle") or ()) == 8
    assert listed("LinkedIn, Pinterest") is None
    assert listed(" , ") is None
    assert [each.key for each in named("Voor X en op facebook: 10 x 20 threads, zie instagram.com/ons")] == [
        "x",
        "facebook",
    ]
    assert hashtags_in("#Brood#x, #1 &#39; #éclair") == ["#Brood", "#éclair"]


def test_a_post_is_cut_as_the_platform_cuts_it() -> None:
    """The preview shows whole words and whole emoji, and nothing when nothing is cut."""
    instagram, x = platforms()["instagram"], platforms()["x"]

    assert seen_first(x, "a" * 300) == ""
    assert seen_first(instagram, "woord " * 20) == ""
    assert seen_first(instagram, "woord\n\n" * 30) == " ".join(["woord"] * 18)
    assert seen_first(instagram, "woordje " * 30) == " ".join(["woordje"] * 15)
    assert seen_first(instagram, FAMILY * 130) == FAMILY * 125
