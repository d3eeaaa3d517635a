"""Backups: one zip file with a copy of both databases, made beside a running bot and put back into a stopped one."""

from __future__ import annotations

import json
import lzma
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import TijdwinstError
from bot.disk import sync_folder
from bot.records.copies import copy_database, lost_numbers, prepare, unknown_migrations, what_is_wrong
from bot.records.erased import erasures_since, forget_erasures
from bot.records.moments import iso, now

FOLDER = "backups"
KEPT_DAYS = 14
NIGHT_HOUR = 3  # UTC; after the cleaning, so that what is past its date is in no backup

DATABASES = ("engine.sqlite", "records.sqlite")
"""In the order in which they are copied: records that are ahead of the engine are what a crash leaves, too."""

KEY = "secret.key"
RESTORING = "restoring"
"""A folder that stands while files are being put in place; a bot that finds it does not start."""

_ABOUT = "backup.json"
_MAKING = ".making-"
_MAKING_TAKES = timedelta(days=1)
"""More than any backup takes; what is older was broken off."""

_FORMAT = 1
_NAME = re.compile(r"(?:tijdwinst|replaced)-(\d{8}T\d{6}Z)(?:\.zip)?")
_STAMP = "%Y%m%dT%H%M%SZ"


class BackupError(TijdwinstError):
    """A backup cannot be made or put back; the message says why and what to do."""


@dataclass(frozen=True)
class Restored:
    """What was put back.

    Attributes:
        made_at: the moment that the backup is of.
        aside: the folder that holds the files which stood there before.
        erased_again: people whom the bot erases anew at its start.
        numbers: quotes that were numbered after the backup.
        forgets: erasures of before this moment, and after the backup, are not known any more; None when all are.
    """

    made_at: datetime
    aside: Path
    erased_again: int
    numbers: list[str]
    forgets: datetime | None


def make_backup(folder: Path, where: Path | None = None, *, with_key: bool = False) -> Path:
    """Copy the databases in *folder*, check the copies, and return the file that holds both.

    Args:
        where: a folder, or the name of the file; the backups of *folder* unless given.
        with_key: the bot's own key goes in, too: whoever has the file can then open what is encrypted.

    Raises:
        BackupError: there is nothing to copy, it is damaged, or it cannot be written.
    """
    missing = [name for name in DATABASES if not (folder / name).exists()]
    if missing:
        raise BackupError(f"there is no {' and no '.join(missing)} in {folder}: start the bot once first.")
    moment = now()
    try:
        target = _target(folder, where, moment)
        with tempfile.TemporaryDirectory(prefix=_MAKING, dir=target.parent) as making:
            part = _pack(folder, Path(making), moment, with_key=with_key)
            os.replace(part, target)
        sync_folder(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(
            f"no backup was made: {getattr(error, 'strerror', None) or error}. Look at the disk of {where or folder}."
        ) from error
    return target


def make_nightly(folder: Path) -> Path:
    """Make the backup of the night and delete those that are past their days, but never the newest.

    Raises:
        BackupError: none was made.
    """
    try:
        before = now() - timedelta(days=KEPT_DAYS)
        newest = newest_backup(folder)
        for path, made_at in _kept(folder):
            if made_at < before and made_at != newest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        _clear_broken(folder)
        forget_erasures(folder, before)
    except (OSError, ValueError) as error:
        raise BackupError(f"old backups cannot be deleted: {error}") from error
    return make_backup(folder)


def newest_backup(folder: Path) -> datetime | None:
    """Return the moment of the newest backup, or None."""
    made = [made_at for path, made_at in _kept(folder) if path.suffix == ".zip"]
    return made[-1] if made else None


def is_due(folder: Path, moment: datetime) -> bool:
    """Say whether none was made since the last night; a machine that was off then makes it up."""
    night = moment.astimezone(UTC).replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    night -= timedelta(days=1) if night > moment else timedelta()
    newest = newest_backup(folder)
    return newest is None or newest < night


def delete_backups(folder: Path) -> list[Path]:
    """Delete every backup in *folder*; return what there was.

    What is written of erasures stays: copies that somebody keeps elsewhere may still be put back.

    Raises:
        OSError: a file cannot be deleted.
    """
    gone = [path for path in (folder / FOLDER,) if path.exists()]
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return gone


def restore_backup(folder: Path, path: Path) -> Restored:
    """Put the databases of a backup in the place of those in *folder*, whose bot is stopped.

    Everything is checked before anything is touched; the files of before are kept beside the backups.

    Raises:
        BackupError: it is no backup, damaged, or of a newer version; then nothing has changed.
    """
    staged = folder / RESTORING
    is_half = staged.exists()
    ready = False
    try:
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(mode=0o700)
        made_at = _unpack(path, staged)
        numbers = lost_numbers(folder / "records.sqlite", staged / "records.sqlite")
        erased = erasures_since(folder, made_at)
        records, engine = staged / "records.sqlite", staged / "engine.sqlite"
        again = prepare(records, engine, made_at=made_at, erased=erased)
        ready = True
    except (OSError, sqlite3.Error, ValueError) as error:
        raise BackupError(f"{path} was not put back: {error}. Nothing was changed.") from error
    finally:
        if not ready:
            shutil.rmtree(staged, ignore_errors=True)
            if is_half:
                # An earlier restore got stuck half-way: what stands in the folder is still no whole state.
                staged.mkdir(mode=0o700, exist_ok=True)
    aside = _swap(folder, staged)
    reach = now() - timedelta(days=KEPT_DAYS)
    return Restored(made_at, aside, again, numbers, reach if made_at < reach else None)


def _target(folder: Path, where: Path | None, moment: datetime) -> Path:
    """Return the file that is to be made; its folder stands."""
    name = f"tijdwinst-{moment:{_STAMP}}.zip"
    target = folder / FOLDER / name if where is None else where / name if where.is_dir() else where
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.exists():
        raise BackupError(f"{target} exists: name another file.")
    return target


def _pack(folder: Path, making: Path, moment: datetime, *, with_key: bool) -> Path:
    """Copy, check and pack into one file, readable by its owner alone."""
    part = making / "backup.zip"
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
            for name in DATABASES:
                copy = making / name
                copy_database(folder / name, copy)
                if wrong := what_is_wrong(copy):
                    raise BackupError(
                        f"{folder / name} is damaged ({wrong}): stop the bot and put the last good backup back."
                    )
                packed.write(copy, name)
                copy.unlink()
            if with_key and (folder / KEY).exists():
                packed.write(folder / KEY, KEY)
            packed.writestr(_ABOUT, json.dumps({"format": _FORMAT, "made_at": iso(moment)}))
        file.flush()
        os.fsync(file.fileno())
    return part


def _unpack(path: Path, staged: Path) -> datetime:
    """Unpack a backup into *staged* and return its moment.

    Raises:
        BackupError: it is not one that this version can put back.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            about = json.loads(packed.read(_ABOUT))
            made_at = datetime.fromisoformat(about["made_at"])
            if made_at.tzinfo is None:
                raise ValueError("a moment without a zone")
            for name in (*DATABASES, KEY):
                # By their own names only, so that no file lands anywhere else.
                if name != KEY or name in packed.namelist():
                    _write(staged / name, packed, name)
    except FileNotFoundError as error:
        raise BackupError(f"{path} does not exist: name a file of the folder {FOLDER}.") from error
    # https://docs.python.org/3/library/zipfile.html: what a damaged file ends in is not one kind of error.
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
        *(KeyError, ValueError, TypeError, EOFError, RuntimeError),
    ) as error:
        raise BackupError(f"{path} is damaged, or no backup of ours: take another one. ({error})") from error
    for name in DATABASES:
        if wrong := what_is_wrong(staged / name):
            raise BackupError(f"{name} in {path} is damaged ({wrong}): take another backup.")
    if about.get("format") != _FORMAT or (steps := unknown_migrations(staged / "records.sqlite")):
        newer = f" (it has {steps[-1]})" if about.get("format") == _FORMAT else ""
        raise BackupError(f"{path} was made by a newer version of the bot{newer}: install that one first.")
    return made_at


def _write(target: Path, packed: zipfile.ZipFile, name: str) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file, packed.open(name) as member:
        shutil.copyfileobj(member, file)
        file.flush()
        os.fsync(file.fileno())


def _swap(folder: Path, staged: Path) -> Path:
    """Put the files of before aside and the staged ones in their place; return where those of before are.

    Raises:
        BackupError: a file could not be moved; doing it again ends it well.
    """
    aside = folder / FOLDER / f"replaced-{now():{_STAMP}}"
    try:
        aside.mkdir(mode=0o700, parents=True)
        # The index goes, too: it is made from the records, and numbers of theirs may now mean something else.
        for old in [*folder.glob("*.sqlite*"), *([folder / KEY] if (staged / KEY).exists() else [])]:
            if old.exists():
                old.replace(aside / old.name)
        for new in sorted(staged.iterdir()):
            new.replace(folder / new.name)
        sync_folder(folder)
        staged.rmdir()
    except OSError as error:
        raise BackupError(
            f"not all files could be moved ({error.strerror}); the bot does not start like this. Those of before are in"
            f" {aside}: look at the disk and do the same again."
        ) from error
    return aside


def _kept(folder: Path) -> list[tuple[Path, datetime]]:
    """Return what the bot keeps of former states, by moment, oldest first."""
    found = []
    for path in (folder / FOLDER).glob("*"):
        if named := _NAME.fullmatch(path.name):
            found.append((path, datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)))
    return sorted(found, key=lambda one: one[1])


def _clear_broken(folder: Path) -> None:
    """Delete what backups left behind that were killed: they are copies of everything, and nobody knows of them."""
    for path in (folder / FOLDER).glob(f"{_MAKING}*"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now() - _MAKING_TAKES:
            shutil.rmtree(path)
