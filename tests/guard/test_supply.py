"""What is installed is what was looked at: pinned by hash, from no address that a file names, and nothing unpickled."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_by_hash(name: str) -> None:
    """A package that was swapped on its server, or another index's package of that name, is not installed."""
    written = (HERE / name).read_text()
    wanted = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", written))
    named = [one for one in wanted if one.strip()]

    assert len(named) > 20
    assert [one for one in named if "==" not in one.splitlines()[0] or "--hash=sha256:" not in one] == []
    assert not re.search(
        r"(?m)^\s*(?:--(?:extra-)?index-url|--find-links|--trusted-host|-e )|git\+|https?://\S+\.whl", written
    )


RUNS_WHAT_IT_READS = {"pickle", "marshal", "shelve", "dill", "yaml", "eval", "exec", "compile"}


def test_nothing_that_is_read_is_run() -> None:
    """No file, row or answer can become code: nothing of ours unpickles, loads YAML or evaluates."""
    found = []
    for path in (HERE / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            imported = (
                [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            )
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            for name in RUNS_WHAT_IT_READS & {*imported, module.partition(".")[0], called}:
                found.append(f"{path.name}:{getattr(node, 'lineno', 0)} {name}")

    assert found == []
