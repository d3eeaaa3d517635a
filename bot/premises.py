"""What a bot stands on: data folder, database and port; who may use them, and what to do where nobody can."""

from __future__ import annotations

import fcntl
import logging
from pathlib import Path
from typing import IO

import psycopg

from bot import TijdwinstError
from bot.app import Server
from bot.metrics import Metrics
from bot.records import STORE_ERRORS, Records, WorkspaceSettings
from bot.records.address import place_of
from bot.records.backups import RESTORING
from bot.records.store import is_damaged
from bot.settings import Settings

log = logging.getLogger(__name__)


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


class Premises:
    """What is open from the first moment: the folder, the records, and the port, which says that we are starting."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.records = open_records(settings)
        self.metrics = Metrics()
        self.server = Server(self.metrics)
        self._lock: IO[str] | None = None

    @property
    def are_open(self) -> bool:
        """Say whether they were opened, and not closed since."""
        return self._lock is not None

    async def open(self) -> None:
        """Take the folder, open the records, listen.

        Raises:
            StartError: the data folder, the database or the port cannot be used, or another bot has them.
        """
        settings = self._settings
        self._lock = lock_folder(settings.data_dir)
        refuse_half_restored(settings.data_dir)
        try:
            self.records.open()
            await self.server.open(settings.host, settings.port)
        except (*STORE_ERRORS, OSError) as error:
            if settings.database_url and not isinstance(error, OSError):
                raise StartError(database_fault(settings.database_url, error)) from error
            if is_damaged(error):
                raise StartError(
                    f"{settings.data_dir / 'records.sqlite'} is damaged ({error}):"
                    " put the last backup back with `python -m bot restore FILE`."
                ) from error
            raise StartError(
                f"cannot start with DATA_DIR={settings.data_dir} HOST={settings.host}"
                f" PORT={settings.port}: {error}. Make the folder writable, or choose a free port."
            ) from error
        log.info("listening on http://%s:%d", settings.host, self.server.port)

    async def close(self) -> None:
        """Close the port last, so that it says to the end that we stop."""
        await self.records.close()
        await self.server.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
