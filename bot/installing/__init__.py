"""The bot in many workspaces by OAuth: its tokens, kept sealed and refreshed once; and the pages that install it."""

from __future__ import annotations

from bot.installing.kept import Kept, Keyring
from bot.installing.pages import Pages

__all__ = ["Kept", "Keyring", "Pages"]
