"""The keys of the installation: what is kept of personal data is sealed with them, and nobody guesses a nonce."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_LETTERS = "bcdfghjkmnpqrstvwxz23456789"


class Vault:
    """Seals and opens; the newest key seals, each of them opens.

    Args:
        keys: Fernet keys (32 bytes in URL-safe base64), newest first.

    Raises:
        ValueError: there is none, or one of them is no key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("no key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        # The oldest key stays while newer ones come, so that a run keeps its nonce over a rotation.
        self._seed = base64.urlsafe_b64decode(keys[-1])

    def seal(self, content: bytes) -> str:
        """Encrypt *content*."""
        return self._fernet.encrypt(content).decode()

    def open(self, sealed: str) -> bytes | None:
        """Return what was sealed; None when no key of ours opens it."""
        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken:
            return None

    def mark(self, *about: str, length: int = 4) -> str:
        """Return letters that follow from *about* and that only this installation can work out."""
        digest = hmac.digest(self._seed, "\n".join(about).encode(), hashlib.sha256)
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])


def open_vault(folder: Path, keys: Sequence[str] = ()) -> Vault:
    """Return the vault of an installation; without *keys*, the key in *folder*, made when there is none.

    Raises:
        OSError: the folder cannot be read or written.
        ValueError: a key is no Fernet key.
    """
    return Vault(keys or (_own_key(folder / "secret.key"),))


def _own_key(path: Path) -> str:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    key = Fernet.generate_key().decode()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
