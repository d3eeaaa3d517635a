"""Nothing that a model or a person from outside wrote rings a phone, or unfolds a page by itself."""

from __future__ import annotations

import ast
import html
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.views import fallback, markdown_block, neutralise
from tests.guard.orders import MENTION

BOT = Path(__file__).parent.parent.parent / "bot"
CALLS = [
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S0123ABCD>", "<!subteam^S0123ABCD|@finance>", "<@U0123ABCD>",
    "<@U0123ABCD|chef>", "<@W0123ABCD>", "<#C0123ABCD>", "<#C0123ABCD|directie>", "<! channel>", "< !channel>",
    "<\n!channel>", "&lt;!channel&gt;", "&amp;lt;!here&amp;gt;", "&amp;amp;lt;@U0123ABCD&gt;", "&#60;!channel&#62;",
    "&#060;!here>", "&#x3c;!everyone>", "&#X3C;@U0123ABCD>", "[<!channel>](x)", "`<!here>`", "**<@U0123ABCD>**",
    "<!date^1^{date}|<!channel>>",
]  # fmt: skip


@pytest.mark.parametrize("written", CALLS, ids=ascii)
def test_a_mention_calls_nobody(written: str) -> None:
    """A draft that names a channel or a person by Slack's own signs shows them as words."""
    shown = str(markdown_block(f"Beste, {written} groet")["text"])

    assert not MENTION.search(shown)
    assert not MENTION.search(html.unescape(shown))
    assert "<" not in fallback(written)


@settings(max_examples=1_000)
@given(st.text(st.characters() | st.sampled_from("<>&!@#;lt"), max_size=40))
def test_no_notice_holds_an_unescaped_sign(written: str) -> None:
    """A thousand random texts: none of them opens anything in what notifications read."""
    assert "<" not in fallback(written)
    assert not MENTION.search(neutralise(written))


def test_no_message_unfolds_what_it_links_to() -> None:
    """Slack fetches no page for a preview of what we post: each call that could say so says no."""
    calls = [
        node
        for path in BOT.rglob("*.py")
        if "sandbox" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    posts = [
        one for one in calls if getattr(one.func, "attr", "") in ("chat_postMessage", "chat_scheduleMessage")
    ]
    told = [{one.arg: getattr(one.value, "value", None) for one in post.keywords} for post in posts]

    assert told
    assert all(one.get("unfurl_links") is False and one.get("unfurl_media") is False for one in told)
    assert not [one for one in calls if getattr(one.func, "attr", "") in ("api_call", "chat_unfurl")]
