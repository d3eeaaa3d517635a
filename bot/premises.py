"""What a bot stands on: its data folder and its database; who may use them, and what to do where nobody can."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

import psycopg

from bot.records import Records, WorkspaceSettings
from bot.records.address import place_of
from bot.records.backups import RESTORING
from bot.settings import Settings
from bot.tasks import TijdwinstError


class StartError(TijdwinstError):
    """The bot cannot start; the message says why and what to do."""


def database_fault(url: str, error: BaseException) -> str:
    """Return what is wrong with a PostgreSQL database, and what to do; the password stays out of it."""
    place = place_of(url)
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return (
            f"PostgreSQL at {place} holds a ledger of an older version: start this version of the bot once."
        )
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"PostgreSQL at {place} cannot be used ({told}): start it, and check DATABASE_URL and its rights."


def open_records(settings: Settings) -> Records:
    """Return the records of an installation, not opened yet; the environment gives each workspace's defaults."""
    defaults = WorkspaceSettings(
        language=settings.language, tz_name=settings.tz_name, currency=settings.currency
    )
    path = settings.data_dir.absolute() / "records.sqlite"
    return Records(path, defaults, database_url=settings.database_url)


def lock_folder(folder: Path) -> IO[str]:
    """Take a data folder for ourselves until what is returned is closed; make it where there is none.

    Raises:
        StartError: it cannot be written, or a bot runs on it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "bot.lock").open("a")
    except OSError as error:
        raise StartError(
            f"DATA_DIR={folder} cannot be written ({error.strerror}): create it, or make it writable"
            " for the user that runs the bot."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"another bot runs on DATA_DIR={folder}: stop it first, or give this one a folder of its own."
        ) from error
    return lock


def refuse_half_restored(folder: Path) -> None:
    """Refuse files of which some are a backup's and some are not.

    Raises:
        StartError: somebody was stopped while putting a backup back.
    """
    if (folder / RESTORING).exists():
        raise StartError(
            f"a restore into DATA_DIR={folder} was cut off: do it again with `python -m bot restore FILE`."
        )
