"""Links that were not in the input are no links in what people read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.guard import check_links, clean, leaks, links_of

OURS = "https://acme.slack.com/archives/"
INPUT = "Zie https://shop.example/sale?a=1&amp;b=2. En <https://intra.example/x|hier>, of www.bakker.nl."
ALLOWED = links_of(INPUT)

PIECES = st.sampled_from(
    [
        "https://", "http://", "//", "www.", "evil.example", "/x?d=1", "[klik](", ")", "![", "](", "<", ">", "|",
        "&#104;ttps", "https&colon;//", "mailto:", "javascript:", "data:text/html,", "@", " ", "\n", "[a]: ", "tel:",
        "hxxps://", "xn--80ak6.com", "https://shop.example/sale?a=1&b=2", "intra.example/x", "bakker.nl", ":", ".",
        "127.0.0.1/a", "\\", "`", "*",
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join))
def test_no_link_comes_out_that_did_not_go_in(written: str) -> None:
    """However an address is hidden, cut up or spelt, it stands there as text."""
    shown, _ = check_links(written, ALLOWED, ours=OURS)

    assert links_of(shown) <= ALLOWED
    assert "![" not in shown


@pytest.mark.parametrize(
    "written",
    [
        "Zie https://shop.example/sale?a=1&b=2!",
        "[de sale](https://shop.example/sale?a=1&amp;b=2)",
        "<https://intra.example/x|hier> en http://intra.example/x",
        "www.bakker.nl of https://bakker.nl/",
        f"[1]({OURS}C1/p1712345678901234)",
        "[NAME1_bc]: Booked.\n[NAME1b_bc]: yes.",
        "Mail jan@bakker.nl over offerte.pdf, versie 2.4.1, B.V. Jansen, 10.30 uur, prijs: 3.50",
    ],
)
def test_links_of_the_input_and_our_own_stay(written: str) -> None:
    """What the thread links to may be linked to in the draft, and what is no link is not touched."""
    assert check_links(written, ALLOWED, ours=OURS) == (written, ())


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[klik](https://evil.example/?q=x)", "klik (hxxps://evil[.]example/?q=x)"),
        ("![logo](https://evil.example/i.png)", "logo (hxxps://evil[.]example/i[.]png)"),
        ("![](https://shop.example/sale?a=1&b=2)", "https://shop.example/sale?a=1&b=2"),
        ("<https://evil.example|uw bank>", "uw bank (hxxps://evil[.]example)"),
        ("https://shop.example/sale?a=1&b=2&c=geheim", "hxxps://shop[.]example/sale?a=1&b=2&c=geheim"),
        ("https://shop.example@evil.example/", "hxxps://shop[.]example@evil[.]example/"),
        ("&#104;ttps://evil.example", "hxxps://evil[.]example"),
        ("[x]: https://evil.example/z", "[x] : hxxps://evil[.]example/z"),
        ("[NAME1_bc]: https://evil.example/z", "[NAME1_bc]: hxxps://evil[.]example/z"),
        ("evil.example/leak?d=1 en www.evil.org", "evil[.]example/leak?d=1 en www[.]evil[.]org"),
        ("[bel](javascript:alert(1))", "bel ((javascript):alert(1))"),
        (f"{OURS}../redirect?u=evil", "hxxps://acme[.]slack[.]com/archives/[.][.]/redirect?u=evil"),
        ("[https://shop.example/sale?a=1&b=2](//evil.example/a)",
         "https://shop.example/sale?a=1&b=2 (//evil[.]example/a)"),
    ],
)  # fmt: skip
def test_other_links_become_text(written: str, shown: str) -> None:
    """Nothing to click that nobody gave; the words stay, and the address can be read."""
    told, refused = check_links(written, ALLOWED, ours=OURS)

    assert told == shown
    assert all(link in told for link in refused)
    assert bool(refused) == ("[.]" in shown or "(java" in shown)


def test_our_instructions_do_not_come_out() -> None:
    """The canary in any spelling and a long passage are caught; quoting what the asker gave is not."""
    rules = " ".join(f"word{number}" for number in range(40))

    assert leaks("It says: B-C d_f g h!", "bcdfgh", [])
    assert leaks(f"Sure! {rules.upper()}", "bcdfgh", [rules])
    assert not leaks(f"Corrected: {rules}", "bcdfgh", [rules], said=f"<request>{rules}</request>")
    assert not leaks("word1 word2 word3", "bcdfgh", [rules])


@pytest.mark.parametrize(
    "told",
    ["bcdfgh", "BCDFGH", "b c d f g h", "b-c-d_f.g/h", "**bcd**fgh", "b\nc\nd\nf\ng\nh", '{"a": "bcdfgh"}'],
    ids=ascii,
)  # fmt: skip
def test_the_word_that_nobody_may_write_is_known_in_any_spelling(told: str) -> None:
    """However the model is made to spell the canary of its instructions, the answer is not shown."""
    assert leaks(told, "bcdfgh", [])
    assert not leaks("abcdef ghbcdf", "bcdfgh", [])


@pytest.mark.parametrize(
    "written",
    [
        "https://xn--80ak6aa92e.com/", "https://intra.example@evil.example/x", "https://evil.example/https://intra.example/x",
        "https://intra.example.evil.example/x", "https://intra.example/x/../y", "https://intra.example/X",
        "https://intra.example:444/x", "http://[::1]/x", "http://2130706433/x", "ftp://intra.example/x",
        "[a](https://evil.example 'https://intra.example/x')", "[a][1]\n\n[1]: https://evil.example", "<https://evil.example>",
        "htt\u200bps://evil.example", "https:\\\\evil.example/x", "slack://channel?id=C1", "https://ｅvil.example/x",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_link_that_only_looks_like_one_of_the_input_is_text(written: str) -> None:
    """Another host, path, port or scheme than was given: nothing of it can be clicked."""
    shown, _ = check_links(clean(written), ALLOWED, ours=OURS)

    assert links_of(shown) <= ALLOWED
