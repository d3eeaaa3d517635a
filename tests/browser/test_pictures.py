"""The scenes of the pictures, played through once and without a picture being kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.browser.conftest import Desk
from tests.browser.pictures import FOLDER, SHOWN, Album

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Proof(Album):
    """An album that keeps the names of its pictures alone."""

    names: list[str] = field(default_factory=list)

    async def keep(self, name: str, shot: bytes, ending: str = "") -> None:
        """Remember that a picture was taken; what makes it small takes long, and nobody looks at it."""
        assert shot.startswith(b"\x89PNG")
        self.names.append(name)


async def test_every_picture_of_the_pages_can_be_taken_anew(desk: Desk) -> None:
    """Who runs `make pictures` gets each picture that the pages show, whatever buttons are called by now."""
    proof = Proof(desk, "en", schemes={"light": ""})
    for scene in SHOWN["en"]:
        await scene(proof)
    shown = {file.stem.removesuffix("-dark") for file in FOLDER.glob("*.png") if ".nl" not in file.name}

    assert set(proof.names) == shown
    assert len(proof.names) == len(shown)
