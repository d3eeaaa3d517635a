"""Who was erased lately, beside the records: a backup of before, put back, must not bring them back for good.

The file names nobody: a salted hash tells only whether somebody whom the backup names was erased after it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.disk import sync_folder
from bot.records.moments import iso, now

FILE = "erased.jsonl"


@dataclass(frozen=True)
class Erased:
    """One erasure that was asked."""

    at: datetime
    salt: bytes
    digest: bytes

    def is_of(self, team_id: str, user_id: str) -> bool:
        """Say whether it was this person's."""
        return hmac.compare_digest(self.digest, _digest(self.salt, team_id, user_id))


def note_erasure(folder: Path, team_id: str, user_id: str) -> None:
    """Write down that somebody asked to be erased now.

    Raises:
        OSError: the folder cannot be written.
    """
    salt = os.urandom(16)
    digest = _digest(salt, team_id, user_id)
    line = json.dumps({"at": iso(now()), "salt": salt.hex(), "digest": digest.hex()})
    is_new = not (folder / FILE).exists()
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        # A line break first: the one before may have been torn off by a power failure.
        file.write(f"\n{line}\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(folder)


def erasures_since(folder: Path, moment: datetime) -> list[Erased]:
    """Return what was asked from a moment on, as far as the file reaches back.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError: it is not ours.
    """
    try:
        lines = (folder / FILE).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return []
    return [one for one in map(_read, lines) if one is not None and one.at >= moment]


def forget_erasures(folder: Path, before: datetime) -> None:
    """Drop the lines of erasures that no backup is older than any more.

    Raises:
        OSError: the file cannot be read or written.
    """
    path = folder / FILE
    if not path.exists():
        return
    lines = path.read_text(encoding="ascii").splitlines()
    kept = [line for line in lines if (one := _read(line)) is not None and one.at >= before]
    if len(kept) < sum(map(bool, lines)):
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("".join(f"{line}\n" for line in kept))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)


def forget_all(folder: Path) -> list[Path]:
    """Delete what is written of erasures: nothing is left that could bring anybody back; return what there was.

    Raises:
        OSError: the file cannot be deleted.
    """
    path = folder / FILE
    if not path.exists():
        return []
    path.unlink()
    return [path]


def _read(line: str) -> Erased | None:
    """Return what a line tells; None of an empty one, and of one that a power failure tore off."""
    try:
        told = json.loads(line)
        return Erased(
            datetime.fromisoformat(told["at"]), bytes.fromhex(told["salt"]), bytes.fromhex(told["digest"])
        )
    except (ValueError, KeyError, TypeError):
        return None


def _digest(salt: bytes, team_id: str, user_id: str) -> bytes:
    # Slow on purpose: ids are short, and a fast hash of them could be tried out.
    return hashlib.scrypt(f"{team_id}\n{user_id}".encode(), salt=salt, n=4096, r=8, p=1, dklen=16)
