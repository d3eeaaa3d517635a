"""What something will cost, in words, before anybody pays it."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_UP, Decimal
from importlib.metadata import version

from bot.llm import estimate_microusd
from bot.records import WorkspaceSettings
from bot.tasks import Language
from bot.texts import format_cents, format_day, format_number, text


def word_price(
    settings: WorkspaceSettings,
    language: Language,
    *,
    model: str,
    input_tokens: int,
    output_tokens: int,
    batch: bool = False,
) -> str:
    """Say what so many tokens of *model* cost in the firm's currency, or how many they are where no price is known."""
    price = estimate_microusd(model, input_tokens=input_tokens, output_tokens=output_tokens, batch=batch)
    if price is None:
        tokens = format_number(input_tokens + output_tokens, language, 0)
        return text("price.unknown", language, tokens=tokens)
    # Rounded up: nobody is surprised by less.
    cents = (Decimal(price) / 10_000 * settings.usd_rate).quantize(Decimal(1), rounding=ROUND_UP)
    return format_cents(int(cents), settings.currency, language)


def word_basis(settings: WorkspaceSettings, language: Language) -> dict[str, str]:
    """Return what a price rests on, for a sentence about it: the list of *prices*, and the dollar's *rate*."""
    rate = text("price.rate-assumed", language)
    if settings.usd_rate_on:
        day = date.fromisoformat(settings.usd_rate_on[:10])
        rate = text("price.rate", language, day=format_day(day, language))
    return {"prices": f"genai-prices {version('genai-prices')}", "rate": rate}
