"""The commands that keep what the bot holds safe: backups, and keys; paths on stdout, all else on stderr."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

from bot.guard import begin_rotation, end_rotation, open_vault
from bot.premises import StartError, database_fault, lock_folder, open_records
from bot.records import STORE_ERRORS
from bot.records.backups import BackupError, make_backup, restore_backup
from bot.records.erased import FILE as ERASED
from bot.records.moving import Moved, MovingError, move
from bot.records.restored import note_dump
from bot.records.rotation import Rotated, rotate
from bot.settings import Settings


def backup(settings: Settings, where: Path | None, *, with_key: bool) -> int:
    """Make a backup, beside a running bot too, and print where it is."""
    if _is_postgresql(settings):
        return 1
    try:
        print(make_backup(settings.data_dir, where, with_key=with_key))
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
    if not with_key and not settings.secret_keys:
        print(
            f"without {settings.data_dir / 'secret.key'}: keep that one elsewhere, or what is encrypted stays closed.",
            file=sys.stderr,
        )
    return 0


def restore(settings: Settings, path: Path | None) -> int:
    """Put a backup in the place of what a stopped bot holds, and say what that means.

    Args:
        path: the backup; None in PostgreSQL, where `pg_restore` has put back what there is to take note of.

    Raises:
        StartError: a bot runs on the data folder.
    """
    if settings.database_url and path is None:
        return _note_dump(settings)
    if _is_postgresql(settings):
        return 1
    if path is None:
        print("name the backup: `python -m bot restore FILE`.", file=sys.stderr)
        return 2
    with lock_folder(settings.data_dir):
        try:
            done = restore_backup(settings.data_dir, path)
        except BackupError as error:
            print(error, file=sys.stderr)
            return 1
    lines = [
        f"restored: the state of {done.made_at:%Y-%m-%d %H:%M} UTC; what was there before is in {done.aside}",
        "drafts of after that moment stand in Slack, and the bot does not know them: ask anew for what you need.",
    ]
    if done.erased_again:
        lines.append(
            f"people who had themselves erased since then: {done.erased_again}; erased again at start."
        )
    if done.forgets:
        lines.append(
            f"erasures of before {done.forgets:%Y-%m-%d} are not known any more: if there were any since the backup,"
            " do them again with `python -m bot purge --person UID`."
        )
    if done.numbers:
        lines.append(
            f"quotes that are known no more, whose numbers are given again: {', '.join(done.numbers)}"
        )
    print("\n".join(lines), file=sys.stderr)
    return 0


def _note_dump(settings: Settings) -> int:
    """Take note that `pg_restore` has filled the database, and say what that means."""
    try:
        noted = note_dump(settings.database_url, settings.data_dir)
    except STORE_ERRORS as error:
        print(database_fault(settings.database_url, error), file=sys.stderr)
        return 1
    if noted is None:
        print("a bot runs on the database of DATABASE_URL: stop it first.", file=sys.stderr)
        return 1
    print(
        f"taken note of: the state of about {noted.made_at:%Y-%m-%d %H:%M} UTC. Drafts of after that moment stand in"
        " Slack, and the bot does not know them: ask anew for what you need.\n"
        f"people who had themselves erased since then, by {settings.data_dir / ERASED}: {noted.erased_again}; erased"
        " again at start. Whom another replica wrote down, erase again with `python -m bot purge --person UID`.",
        file=sys.stderr,
    )
    return 0


def rotate_keys(settings: Settings) -> int:
    """Seal everything under the newest key; without SECRET_KEYS, under one that is made now."""
    if _is_postgresql(settings):
        return 1
    folder = settings.data_dir
    if not (folder / "records.sqlite").exists():
        print(f"there is no ledger in {folder} yet", file=sys.stderr)
        return 1
    own = not settings.secret_keys
    try:
        if own and not begin_rotation(folder):
            print("an earlier rotation goes on", file=sys.stderr)
        done = asyncio.run(_rotate(settings))
        print(f"sealed anew: {done.renewed}, were already: {done.fresh}, no key opens: {done.lost}")
        if own:
            _drop_old(folder)
        else:
            print("the keys after the first in SECRET_KEYS are needed no more.", file=sys.stderr)
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"not rotated: {error}. Nothing is lost: do it again.", file=sys.stderr)
        return 1
    return 0


def migrate(settings: Settings) -> int:
    """Move what a stopped bot holds in SQLite into the PostgreSQL of DATABASE_URL, and say how it goes.

    Raises:
        StartError: a bot runs on the data folder.
    """
    path = settings.data_dir / "records.sqlite"
    if not settings.database_url or not path.exists():
        missing = (
            f"there is no ledger in {settings.data_dir}" if settings.database_url else "DATABASE_URL is empty"
        )
        print(f"{missing}: name both, where the records are and where they go.", file=sys.stderr)
        return 2

    def told(moved: Moved) -> None:
        note = " (there since an earlier try)" if moved.before else ""
        print(f"{moved.table}: {moved.rows} rows, verified{note}", file=sys.stderr)

    with lock_folder(settings.data_dir):
        try:
            move(path, settings.database_url, told=told)
        except MovingError as error:
            print(error, file=sys.stderr)
            return 1
        except STORE_ERRORS as error:
            fault = (
                str(error)
                if isinstance(error, sqlite3.Error)
                else database_fault(settings.database_url, error)
            )
            print(f"not moved in whole: {fault} Do it again: what is there already stays.", file=sys.stderr)
            return 1
    print(
        f"moved: start the bots with DATABASE_URL now. Keep {path} until you have seen them work, then delete it:"
        " erasures do not reach it any more.",
        file=sys.stderr,
    )
    return 0


def _is_postgresql(settings: Settings) -> bool:
    """Say, also to whoever asked, that these commands are for SQLite's files."""
    if settings.database_url:
        print(
            "with DATABASE_URL everything is in PostgreSQL: back up with its own pg_dump, as docs/operations.md says,"
            " and leave older keys in SECRET_KEYS.",
            file=sys.stderr,
        )
    return bool(settings.database_url)


async def _rotate(settings: Settings) -> Rotated:
    records = open_records(settings)
    vault = open_vault(settings.data_dir, settings.secret_keys)
    records.open()
    try:
        return await rotate(records.store, vault.renew)
    finally:
        await records.close()


def _drop_old(folder: Path) -> None:
    """Forget the old key, unless a bot still seals with it."""
    try:
        with lock_folder(folder):
            end_rotation(folder)
    except StartError:
        print(
            "the bot runs and knows the old key only, so that one stays for now: stop it, do this again, start it.",
            file=sys.stderr,
        )
        return
    print(
        "the old key is gone; backups of before need it: it is in those made with --with-key.",
        file=sys.stderr,
    )
