"""The keys of the installation: what is kept of personal data is sealed with them, and nobody guesses a nonce."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.disk import sync_folder

KEY_FILE = "secret.key"

_LETTERS = "bcdfghjkmnpqrstvwxz23456789"


class Vault:
    """Seals and opens; the newest key seals, each of them opens.

    Args:
        keys: Fernet keys (32 bytes in URL-safe base64), newest first.
        look_again: reads the keys anew; asked when something cannot be opened, because a rotation beside us may
            have put a new key in front.

    Raises:
        ValueError: there is none, or one of them is no key.
    """

    def __init__(self, keys: Sequence[str], *, look_again: Callable[[], Sequence[str]] | None = None) -> None:
        self._look_again = look_again
        self._use(keys)

    def _use(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("no key")
        self._keys = tuple(keys)
        self._newest = Fernet(keys[0])
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
            return self.open(sealed) if self._has_newer() else None

    def renew(self, sealed: str) -> str | None:
        """Return the same content under the newest key, as it is where it is already; None when no key opens it."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            try:
                return self._fernet.rotate(sealed.encode()).decode()
            except InvalidToken:
                return None
        return sealed

    def mark(self, *about: str, length: int = 2) -> str:
        """Return letters that follow from *about* and that only this installation can work out."""
        digest = hmac.digest(self._seed, "\n".join(about).encode(), hashlib.sha256)
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])

    def _has_newer(self) -> bool:
        """Take other keys than we know, if there are any now."""
        keys = tuple(self._look_again()) if self._look_again is not None else self._keys
        if keys == self._keys:
            return False
        self._use(keys)
        return True


def open_vault(folder: Path, keys: Sequence[str] = ()) -> Vault:
    """Return the vault of an installation; without *keys*, that of `secret.key` in *folder*, made when there is none.

    Raises:
        OSError: the folder cannot be read or written.
        ValueError: a key is no Fernet key.
    """
    path = folder / KEY_FILE
    return Vault(keys) if keys else Vault(_own_keys(path), look_again=lambda: _own_keys(path))


def begin_rotation(folder: Path) -> bool:
    """Put a new key in front of the one in `secret.key`; False when one stands there from before.

    Raises:
        OSError: the file cannot be read or written.
    """
    keys = _own_keys(folder / KEY_FILE)
    if len(keys) > 1:
        return False
    _replace(folder / KEY_FILE, (Fernet.generate_key().decode(), *keys))
    return True


def end_rotation(folder: Path) -> None:
    """Forget all keys but the newest.

    Raises:
        OSError: the file cannot be read or written.
    """
    _replace(folder / KEY_FILE, _own_keys(folder / KEY_FILE)[:1])


def _own_keys(path: Path) -> tuple[str, ...]:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if keys := tuple(path.read_text(encoding="ascii").split()):
            return keys
        # Whoever made the file died before the key stood in it: nothing was sealed yet.
        key = Fernet.generate_key().decode()
        _replace(path, (key,))
        return (key,)
    key = Fernet.generate_key().decode()
    _fill(handle, (key,))
    sync_folder(path.parent)
    return (key,)


def _replace(path: Path, keys: Sequence[str]) -> None:
    """Write *keys* in one stroke: whoever reads the file finds the old ones or the new ones.

    Nothing is sealed with a key before it outlasts a power failure.
    """
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    _fill(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), keys)
    os.replace(part, path)
    sync_folder(path.parent)


def _fill(handle: int, keys: Sequence[str]) -> None:
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write("\n".join(keys))
        file.flush()
        os.fsync(file.fileno())
