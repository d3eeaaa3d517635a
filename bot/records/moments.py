"""Moments as the records write them: UTC, ISO 8601, milliseconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Write a moment as the records keep it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def days_after(days: int) -> str:
    """Write the moment that lies *days* from now: the date after which a text is deleted."""
    return iso(now() + timedelta(days=days))
