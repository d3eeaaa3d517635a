"""The command that takes a folder into the knowledge base: new and changed files in, deleted ones out."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bot.delivery import client
from bot.guard import open_vault
from bot.installing import Keyring
from bot.knowledge import EVERYONE, make_passages, parse_audience
from bot.premises import database_fault, open_records
from bot.reading import LARGEST_FILE_BYTES, FileError, kind_of, read_apart
from bot.records import STORE_ERRORS, Records
from bot.records.knowledge import Document
from bot.settings import Settings
from bot.texts import text
from bot.wire import SlackError, Wire


@dataclass
class Outcome:
    """What came of an import: files by `added`, `changed`, `same`, `gone`, and what was wrong with others."""

    count: Counter[str] = field(default_factory=Counter)
    passages: int = 0
    faults: list[str] = field(default_factory=list)


async def import_folder(
    settings: Settings, folder: Path, *, audience: str, owner: str, team: str = ""
) -> int:
    """Bring the knowledge base in line with a folder and print what changed; works beside a running bot.

    Args:
        audience: who may read what is new, and from now on all of the folder; empty keeps what was, else everyone.
        owner: the id of who answers for it; empty keeps what was.
        team: the workspace, where there are several.

    Raises:
        TeamError: it is not clear which one.
    """
    language = settings.language
    root = await asyncio.to_thread(folder.resolve)
    if not await asyncio.to_thread(root.is_dir):
        print(f"{folder} is no folder: name the folder that your documents are in.", file=sys.stderr)
        return 2
    try:
        await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True, mode=0o700)
        records = open_records(settings)
        records.open()
        try:
            team_id = await records.teams.choose(team)
            chosen = await _audience(settings, records, team_id, audience)
            told = await _bring_in_line(records, settings, team_id, root, audience=chosen, owner=owner)
        except (ValueError, SlackError):
            print(text("knowledge.audience-wrong", language, given=audience), file=sys.stderr)
            return 2
        finally:
            await records.close()
    except (OSError, *STORE_ERRORS) as error:
        if settings.database_url and not isinstance(error, OSError):
            print(database_fault(settings.database_url, error), file=sys.stderr)
        else:
            print(f"{settings.data_dir} cannot be written ({error}): make it writable.", file=sys.stderr)
        return 1
    for fault in told.faults:
        print(fault, file=sys.stderr)
    shown = {name: told.count[name] for name in ("added", "changed", "same", "gone")}
    print(text("knowledge.imported", language, passages=told.passages, **shown))
    return 2 if told.faults else 0


async def _bring_in_line(
    records: Records, settings: Settings, team_id: str, root: Path, *, audience: str, owner: str
) -> Outcome:
    before = {one.source_id: one for one in await records.knowledge.in_folder(team_id, str(root))}
    told = Outcome()
    seen = set()
    for path in _files(root):
        source_id = f"{root}\n{path.relative_to(root)}"
        seen.add(source_id)
        held = before.get(source_id)
        try:
            await _take(records, team_id, path, source_id, told, held=held, audience=audience, owner=owner)
        except FileError as error:
            told.faults.append(
                text(f"file.{error.kind}", settings.language, name=str(path.relative_to(root)))
            )
        except OSError as error:
            told.faults.append(f"{path}: {error.strerror}")
    gone = [one.document_id for source_id, one in before.items() if source_id not in seen]
    if gone and not seen:
        # A folder that is not mounted looks empty too.
        told.faults.append(text("knowledge.folder-empty", settings.language, folder=str(root)))
        return told
    await records.knowledge.delete(team_id, gone)
    told.count["gone"] = len(gone)
    await records.knowledge.sync()
    return told


async def _take(
    records: Records,
    team_id: str,
    path: Path,
    source_id: str,
    told: Outcome,
    *,
    held: Document | None,
    audience: str,
    owner: str,
) -> None:
    """Take one file in, read anew only when its bytes are others.

    Raises:
        FileError: it cannot be read; what was known of it stays.
        OSError: the disk does not give it.
    """
    kind = kind_of(path.name)
    if not kind:
        raise FileError("kind")
    raw = await asyncio.to_thread(_read, path)
    file_hash = hashlib.sha256(raw).hexdigest()
    document = Document(
        team_id=team_id,
        name=path.name,
        source="folder",
        source_id=source_id,
        content_hash=file_hash,
        audience=audience or (held.audience if held else EVERYONE),
        owner_id=owner or (held.owner_id if held else ""),
        pages=held.pages if held else 0,
    )
    if held is not None and held.content_hash == file_hash:
        await records.knowledge.put_same(held, document)
        told.count["same"] += 1
        return
    content = await asyncio.to_thread(read_apart, raw, kind)
    passages = make_passages(content.parts)
    done = await records.knowledge.put(replace(document, pages=content.pages), passages)
    told.count[done] += 1
    told.passages += len(passages)


def _read(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        FileError: it is too large.
        OSError: the disk does not give it.
    """
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise FileError("too-large")
    return path.read_bytes()


def _files(root: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it; hidden ones are not meant, and links may lead anywhere."""
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(root).parts)
        if not hidden and path.is_file() and not path.is_symlink():
            yield path


async def _audience(settings: Settings, records: Records, team_id: str, given: str) -> str:
    """Return an audience as it is stored; Slack is asked for a channel by its name.

    Raises:
        ValueError: it is none.
        SlackError: Slack does not tell.
    """
    if not given:
        return ""
    try:
        return parse_audience(given)
    except ValueError:
        if not given.startswith("#"):
            raise
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        slack = client(token=settings.slack_bot_token, base_url=settings.slack_api_url, session=session)
        if settings.many_workspaces:
            vault = open_vault(settings.data_dir, settings.secret_keys)
            keyring = Keyring(
                records,
                vault,
                slack=slack,
                client_id=settings.slack_client_id,
                client_secret=settings.slack_client_secret,
            )
            kept = await keyring.fresh(team_id, datetime.now(UTC))
            slack.token = kept.token if kept is not None else None
        cursor = ""
        while True:
            asked = slack.conversations_list(
                types="public_channel,private_channel", limit=1000, cursor=cursor
            )
            page = await Wire().ask("conversations.list", asked)
            for channel in page.get("channels") or []:
                if channel.get("name") == given[1:]:
                    return str(channel["id"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                raise ValueError(given)
