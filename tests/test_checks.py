"""A commit, a contributor and CI are held against the same checks: those of the Makefile."""

from __future__ import annotations

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()

ON_FILES = {
    "test_digest.py": "Datasette reads files",
    "test_main.py": "a data folder is taken to another machine",
    "test_moving.py": "the file is what moves to PostgreSQL",
    "test_secrets.py": "only a file's texts are put under a new key",
}
"""The tests that open records in a file, and why."""


def _recipe(target: str) -> list[str]:
    """Return the commands of a make target."""
    found = re.search(rf"^{target}:.*\n((?:\t.+\n)+)", MAKEFILE, re.MULTILINE)
    assert found, f"there is no target {target}"
    return [line.strip().removeprefix("@") for line in found[1].splitlines()]


def _made_by_ci() -> list[str]:
    """Return the make targets that CI calls, which is all that it calls besides fetching a browser."""
    script = (ROOT / ".ci" / "run").read_text()
    return re.findall(r"^make (\S+)$", script, re.MULTILINE)


def test_every_hook_is_a_make_target() -> None:
    """Who installs the hooks waits for nothing but `make check`, and before a push for the tests."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = {hook["id"]: hook for hook in repository["hooks"]}

    assert repository["repo"] == "local"
    for name, hook in hooks.items():
        assert _recipe(name)
        assert hook["entry"] == f"make {name}"
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("system", False, True)
    assert {name: hook["stages"] for name, hook in hooks.items()} == {
        "check": ["pre-commit"],
        "test": ["pre-push"],
    }


def test_ci_checks_what_the_hooks_check() -> None:
    """What passes at home passes in CI: the same lint, and the same tests, with coverage and PostgreSQL besides."""
    (test,), (coverage,), (postgres,) = _recipe("test"), _recipe("coverage"), _recipe("test-postgres")

    assert _made_by_ci() == ["check", "coverage", "test-postgres"]
    assert postgres == f"TEST_STORE=postgres {test} $(ON_POSTGRES)"
    assert coverage.startswith(f"{test} ")
    assert coverage.removeprefix(test).split() == ["--cov", "--cov-report=term"]
    assert not re.search(r"\b(pytest|ruff|mypy|lint-imports|python)\b", (ROOT / ".ci" / "run").read_text())


def test_no_test_keeps_to_a_file_whatever_store_is_asked_for() -> None:
    """What passes with `TEST_STORE=postgres` ran there: tests open records by `records_in`, or have a reason not to."""
    opened = re.compile(r"""Records\([^()]*"records\.sqlite"\)""")
    found = {path.name for path in (ROOT / "tests").rglob("test_*.py") if opened.search(path.read_text())}

    assert found == set(ON_FILES)


def test_check_is_every_tool_that_is_set_up() -> None:
    """No linter is configured and then called by nobody; what `make fix` repairs is what `make check` finds."""
    check, fix = _recipe("check"), _recipe("fix")

    assert check == [
        "$(PY) -m ruff format --check .",
        "$(PY) -m ruff check .",
        "$(PY) -m mypy",
        ".venv/bin/lint-imports",
    ]
    assert fix == ["$(PY) -m ruff format .", "$(PY) -m ruff check --fix ."]
    # pyproject's tables of tools: what is not called here by `check` is of the tests.
    tools = set(re.findall(r"^\[tool\.(\w+)", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    assert tools == {"pytest", "coverage", "mypy", "ruff", "importlinter"}
