"""The commands that work on the records beside a running bot: data on stdout, all else on stderr."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.compose import PROMPTS
from bot.digest import Figures, gather, parse_period, period_of, report_pdf, report_text, week_text
from bot.disk import shred
from bot.handlers import HANDLERS
from bot.premises import database_fault, lock_folder, open_records
from bot.quotes import PriceRow
from bot.quotes.pricelist import read_prices
from bot.reading import SheetError, read_sheet
from bot.records import STORE_ERRORS, Records
from bot.records.backups import delete_backups
from bot.records.erased import forget_all
from bot.records.export import as_csv, as_json_lines, read_rows
from bot.records.postgres import remove
from bot.records.store import is_damaged
from bot.settings import Settings
from bot.tasks import TaskFileError, UserError, load_tasks, parse_task
from bot.texts import text
from bot.views import plain

MOST_FAULTS = 50  # of a price list that are printed: who left out a column need not read it a thousand times


async def _chosen(records: Records, given: str) -> list[str]:
    """Return the workspaces that asked for anything, or the one that is named."""
    return [await records.teams.choose(given)] if given else await records.workspaces.teams()


def export(
    settings: Settings, what: str, *, form: str, start: date | None, end: date | None, team: str = ""
) -> int:
    """Print rows of the ledger as JSON lines or CSV."""
    if not _has_ledger(settings):
        return 1
    zone = ZoneInfo(settings.tz_name)

    def midnight(day: date | None) -> datetime | None:
        return datetime(day.year, day.month, day.day, tzinfo=zone) if day else None

    rows = read_rows(
        open_records(settings).store, what, team_id=team, start=midnight(start), end=midnight(end)
    )
    try:
        for line in as_csv(rows, what) if form == "csv" else as_json_lines(rows):
            print(line)
    except STORE_ERRORS as error:
        return _unreadable(settings, error)
    except OverflowError:
        print(text("period-unknown", settings.language), file=sys.stderr)
        return 2
    return 0


async def export_templates(settings: Settings, *, out: Path | None, team: str = "") -> int:
    """Print the published templates as task files, or write each into the folder *out* as `<name>.md`."""
    if not _has_ledger(settings):
        return 1
    records = open_records(settings)
    try:
        teams = await records.templates.teams()
        if team or len(teams) > 1:
            teams = [await records.teams.choose(team)]
        bodies = {
            name: body for team in teams for name, body in (await records.templates.published(team)).items()
        }
    except STORE_ERRORS as error:
        return _unreadable(settings, error)
    finally:
        await records.close()
    if out is None:
        for name, body in bodies.items():
            # One template is a task file as it stands; of several each is told apart.
            print(f"==> {name}.md <==\n{body}" if len(bodies) > 1 else body, end="")
        return 0
    try:
        _write_files(out, bodies)
    except OSError as error:
        print(f"{out} cannot be written ({error.strerror}): name another folder with --out.", file=sys.stderr)
        return 1
    print(f"written: {len(bodies)} in {out}", file=sys.stderr)
    return 0


def _write_files(folder: Path, bodies: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in bodies.items():
        (folder / f"{name}.md").write_text(body, encoding="utf-8")


async def digest(settings: Settings, *, team: str = "") -> int:
    """Print the digest of the last seven days of every workspace, or one, as plain text; posts nothing."""
    if not _has_ledger(settings):
        return 1
    records, moment = open_records(settings), datetime.now(UTC)
    try:
        for team_id in await _chosen(records, team):
            figures = await gather(
                records, team_id, start=moment - timedelta(days=7), end=moment, moment=moment
            )
            language = figures.settings.language
            titles = await _titles(records, figures)
            print(plain(week_text(figures, titles=titles, language=language, late=False)))
    except STORE_ERRORS as error:
        return _unreadable(settings, error)
    finally:
        await records.close()
    return 0


async def evaluate(
    settings: Settings, *, start: date | None, end: date | None, out: Path | None, team: str = ""
) -> int:
    """Answer "did it pay?" for every workspace, or one: the answer on stdout, and all of it as a PDF."""
    if not _has_ledger(settings):
        return 1
    records, moment = open_records(settings), datetime.now(UTC)
    try:
        for team_id in await _chosen(records, team):
            figures = await _figures(records, team_id, start=start, end=end, moment=moment)
            language = figures.settings.language
            titles = await _titles(records, figures)
            print(plain(report_text(figures, titles=titles, language=language)))
            path = out or Path(f"tijdwinst-{team_id}-{figures.last_day:%Y-%m-%d}.pdf")
            path.write_bytes(report_pdf(figures, titles=titles, language=language))
            print(f"written: {path}", file=sys.stderr)
    except UserError as error:
        print(text(error.key, settings.language), file=sys.stderr)
        return 2
    except STORE_ERRORS as error:
        return _unreadable(settings, error)
    except OSError as error:
        print(f"{out} cannot be written ({error.strerror}): name another file with --out.", file=sys.stderr)
        return 1
    finally:
        await records.close()
    return 0


def import_prices(settings: Settings, path: Path, *, team: str = "") -> int:
    """Make the articles of a CSV or XLSX file a workspace's price list, all of them or none; beside a running bot."""
    language = settings.language
    try:
        content = path.read_bytes()
    except OSError as error:
        print(f"{path} cannot be read ({error.strerror}): check the name.", file=sys.stderr)
        return 1
    try:
        rows, faults = read_prices(read_sheet(content))
    except SheetError as error:
        print(text(str(error), language), file=sys.stderr)
        return 2
    for fault in faults[:MOST_FAULTS]:
        print(fault.word(language), file=sys.stderr)
    if faults:
        print(text("prices.none-imported", language, count=len(faults)), file=sys.stderr)
        return 2
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        file_hash = hashlib.sha256(content).hexdigest()
        new = asyncio.run(_keep_prices(settings, team, rows, path.name, file_hash))
    except (OSError, *STORE_ERRORS) as error:
        print(f"{settings.data_dir} cannot be written ({error}): make it writable.", file=sys.stderr)
        return 1
    print(text("prices.imported" if new else "prices.same", language, count=len(rows)))
    return 0


async def purge(settings: Settings, *, person: str, everything: bool, team: str = "") -> int:
    """Delete what is past its date; or everything of a person; or everything there is, of a bot that is stopped."""
    if not _has_ledger(settings):
        return 1
    if everything:
        return _purge_all(settings)
    records = open_records(settings)
    try:
        records.open()
        if not person:
            await records.drafts.delete_expired()
            await records.screenings.delete_expired(datetime.now(UTC))
            await records.erasures.wipe()
            return 0
        teams = await records.erasures.teams_of(person)
        if team or len(teams) > 1:
            # The same id in two workspaces is two people.
            teams = [await records.teams.choose(team)]
        for team_id in teams:
            erased = await records.erasures.erase(await records.erasures.ask(team_id, person))
            print(f"{team_id}: texts and ids of {len(erased.runs)} requests erased", file=sys.stderr)
            if erased.under_way:
                print(f"{erased.under_way} are under way: a running bot erases them too.", file=sys.stderr)
        if not teams:
            print(f"nothing is kept of {person}", file=sys.stderr)
    except STORE_ERRORS as error:
        return _unreadable(settings, error)
    finally:
        await records.close()
    return 0 if teams else 1


def _purge_all(settings: Settings) -> int:
    """Overwrite and delete every file of the data folder that the bot made, its backups too.

    Raises:
        StartError: a bot runs on the folder.
    """
    if settings.database_url:
        try:
            if not remove(settings.database_url):
                print("a bot runs on the database of DATABASE_URL: stop it first.", file=sys.stderr)
                return 1
        except STORE_ERRORS as error:
            return _unreadable(settings, error)
        print("deleted: the schemas tijdwinst and dbos", file=sys.stderr)
    with lock_folder(settings.data_dir):
        try:
            for path in sorted(settings.data_dir.glob("*.sqlite*")):
                shred(path)
                print(f"deleted: {path}", file=sys.stderr)
            for path in (*delete_backups(settings.data_dir), *forget_all(settings.data_dir)):
                print(f"deleted: {path}", file=sys.stderr)
        except OSError as error:
            print(
                f"{settings.data_dir} cannot be written ({error.strerror}): make it writable.",
                file=sys.stderr,
            )
            return 1
    return 0


async def _keep_prices(
    settings: Settings, team: str, rows: Sequence[PriceRow], file_name: str, file_hash: str
) -> bool:
    records = open_records(settings)
    records.open()
    try:
        team_id = await records.teams.choose(team)
        return await records.quotes.import_prices(team_id, rows, file_name=file_name, file_hash=file_hash)
    finally:
        await records.close()


async def _figures(
    records: Records, team_id: str, *, start: date | None, end: date | None, moment: datetime
) -> Figures:
    zone = (await records.workspaces.get(team_id)).zone
    period = parse_period("", moment=moment, zone=zone)
    if start or end:
        last = end or moment.astimezone(zone).date() + timedelta(days=1)
        period = period_of(start or last - timedelta(days=92), last, zone=zone)
    return await gather(records, team_id, start=period.start, end=period.end, moment=moment)


async def _titles(records: Records, figures: Figures) -> dict[str, str]:
    """Return how tasks and templates are called; one that this version cannot read keeps its name."""
    tasks = load_tasks(PROMPTS, HANDLERS)
    for name, body in (await records.templates.current(figures.team_id)).items():
        with suppress(TaskFileError):
            tasks.setdefault(name, parse_task(name, body, HANDLERS))
    return {name: task.title_in(figures.settings.language) for name, task in tasks.items()}


def _unreadable(settings: Settings, error: Exception) -> int:
    """Tell why the ledger cannot be read: most often it is of an older version, which only the bot may change."""
    if settings.database_url:
        print(database_fault(settings.database_url, error), file=sys.stderr)
        return 1
    path = settings.data_dir / "records.sqlite"
    cure = (
        "put the last backup back with `python -m bot restore FILE`"
        if is_damaged(error)
        else "start this version of the bot once"
    )
    print(f"{path} cannot be read ({error}): {cure}.", file=sys.stderr)
    return 1


def _has_ledger(settings: Settings) -> bool:
    try:
        found = open_records(settings).store.exists()
    except STORE_ERRORS as error:
        _unreadable(settings, error)
        return False
    if not found:
        place = "the database of DATABASE_URL" if settings.database_url else settings.data_dir
        print(f"there is no ledger in {place} yet", file=sys.stderr)
    return found
