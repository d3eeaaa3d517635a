"""A knowledge base for tests: the handbook of an invented firm, and the words to fill it with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.knowledge import EVERYONE, make_passages
from bot.reading import read_content
from bot.records import Records
from bot.records.knowledge import Document
from tests.conftest import records_in

HANDBOOK = Path(__file__).parent / "handbook"


async def put(
    records: Records, name: str, words: str, *, audience: str = EVERYONE, owner_id: str = "", link: str = ""
) -> None:
    """Put a text into the knowledge base."""
    content = read_content(words.encode(), "text")
    document = Document(
        team_id="T1",
        name=name,
        source="folder",
        source_id=f"/handbook\n{name}",
        content_hash=words,
        audience=audience,
        owner_id=owner_id,
        link=link,
    )
    await records.knowledge.put(document, make_passages(content.parts))


async def put_handbook(records: Records) -> None:
    """Put the whole handbook in."""
    for path in sorted(HANDBOOK.glob("*.md")):
        await put(records, path.name, path.read_text("utf-8"))


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Records of their own."""
    opened = records_in(tmp_path)
    yield opened
    await opened.close()
