"""Strings for the counting of social posts, made from a seed, and what other programs count in them.

`counted.json` holds `[text, weight, graphemes]`. The weights are those of twitter-text-parser 3.0.0 (a port of
X's twitter-text, config v3, with the emoji of Unicode 12), the graphemes those of ICU 78.3 (Unicode 17, icukit-pyicu);
neither shares a line with our counting. To write it anew, install both somewhere and run this file there.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

FILE = Path(__file__).parent / "counted.json"
SEED = 20261124
HOW_MANY = 640

WORDS = (
    "We openen zaterdag om half tien — kom je ook? Café crème, façade, naïef; é (los), Ångström. "
    "New: “curly quotes”, it’s 50% off… €12,50 or £10 a piece! C'est déjà l'été. Größe, Straße, łódź, žluťoučký. "
    "Привет мир. Ελληνικά. שלום עולם. مرحبا بالعالم. हिन्दी में नमस्ते। ภาษาไทย ที่นี่. "
    "日本語のテキスト、中文内容。한국어 문장. 詳しくはexample.comで 见https://example.com/中文。"
)
EMOJI = (
    "😀 🎉 ☕ ⭐ ✨ ❤️ ☎️ ✈️ ☀️ 🥐 🫶 🏳️‍🌈 🏴‍☠️ 👍🏽 🙋🏿 👩🏾‍🍳 👨‍👩‍👧‍👦 👩‍👩‍👦 👨‍👦 "
    "👁️‍🗨️ 1️⃣ #️⃣ *️⃣ 🅰️ 🈂️ ㊗️ ↗️ ▶️ 🇳🇱 🇧🇪 🇩🇪 🇺🇳 🇪🇺 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿"
)
LINKS = (
    "https://example.com http://bakkerij-delinde.nl/brood?soort=desem&maat=2 https://x.co/a_(b) bakkerij.nl "
    "www.example.co.uk/pad/ https://EXAMPLE.com:8080/#deel https://example.com/~jan/2026-11-24.html winkel.amsterdam "
    "https://münchen.de/über https://example.com/путь "
    "sub.deep.example.org/?q=1 https://nl.wikipedia.org/wiki/Brood#Zuurdesem "
    "info@bakkerij.nl @naam #hashtag #BrooddagZutphen @naam@mastodon.nl node.js e.g. 3.14 12:30 a/b versie.tien"
)
JOINTS = (" ", " ", " ", "\n", "\n\n", ", ", ". ", "! ", " (", ") ", " – ", "\t")


def strings() -> list[str]:
    """Make the strings: every emoji and link alone and twice, then mixtures."""
    chance = random.Random(SEED)
    words, emoji, links = WORDS.split(), EMOJI.split(), LINKS.split()
    made = [*emoji, *links, *(each * 2 for each in emoji), *(f"({each})." for each in links)]
    while len(set(made)) < HOW_MANY:
        parts = []
        for _ in range(chance.randint(1, 12)):
            parts.append(chance.choice(chance.choice((words, words, emoji, links))))
            parts.append(chance.choice(JOINTS))
        made.append("".join(parts).strip())
    return list(dict.fromkeys(made))


def record() -> None:
    """Let the other programs count, and write down what they say."""
    import icu  # type: ignore[import-not-found]
    import twitter_text  # type: ignore[import-not-found]

    breaks = icu.BreakIterator.createCharacterInstance(icu.Locale("en"))
    rows = []
    for one in strings():
        breaks.setText(one)
        rows.append([one, twitter_text.parse_tweet(one).weightedLength, len(list(breaks))])
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    record()
