"""Take one defence out of the bot and see its tests fail: `python -m tests.guard.removed [NAME …]`.

It takes some minutes. It is a plug-in of pytest too: what `TIJDWINST_WITHOUT` names is gone before a test is read.
"""

from __future__ import annotations

import functools
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
WITHOUT = "TIJDWINST_WITHOUT"


@dataclass(frozen=True)
class Defence:
    """A defence and its tests.

    Attributes:
        where: the function that is the defence, by its module and name; several where it has several.
        instead: what stands in its place.
        tests: those of its tests that are run, below `tests/`.
    """

    where: tuple[str, ...]
    instead: Callable[..., Any]
    tests: tuple[str, ...]


def _same(text: Any, *_: Any, **__: Any) -> Any:
    return text


def _nothing(*_: Any, **__: Any) -> None:
    return None


async def _waved_through(*_: Any, **__: Any) -> None:
    return None


async def _no(*_: Any, **__: Any) -> bool:
    return False


async def _every_audience(desk: Any, _: str) -> list[str]:
    return list(await desk.records.knowledge.audiences())


def _always(said: Any) -> Callable[..., Any]:
    return lambda *_, **__: said


DEFENCES = {
    "links": Defence(
        ("bot.guard.links:check_links",),
        lambda text, *_, **__: (text, ()),
        ("guard/test_injection.py::test_an_order_that_was_obeyed_is_only_text", "guard/test_links.py"),
    ),
    "mentions": Defence(("bot.views.blocks:neutralise",), _same, ("guard/test_mentions.py",)),
    "hidden signs": Defence(
        ("bot.guard.outside:clean",), _same, ("guard/test_hidden.py::test_a_sign_without_a_shape_is_none",)
    ),
    "hidden words": Defence(
        ("bot.reading.runs:is_unseen", "bot.reading.pages:_is_hidden", "bot.reading.web:_Page._is_hidden"),
        _always(False),
        ("guard/test_hidden.py::test_what_a_reader_does_not_see_is_not_read",),
    ),
    "marks on tags": Defence(
        ("bot.guard.outside:wrap",),
        lambda tag, text, **_: f"<{tag}>\n{text}\n</{tag}>",
        ("test_guard.py",),
    ),
    "canary": Defence(
        ("bot.guard.canary:leaks",),
        _always(False),
        ("guard/test_links.py::test_the_word_that_nobody_may_write_is_known_in_any_spelling",
         "guard/test_links.py::test_our_instructions_do_not_come_out"),
    ),
    "personal data": Defence(("bot.guard.search:detect",), _always([]), ("guard/test_gate.py",)),
    "access": Defence(("bot.context.conversations:Context.check_may_read",), _waved_through, ("test_access.py",)),
    "audiences": Defence(("bot.handlers.ask:allowed",), _every_audience, ("guard/test_audiences.py",)),
    "whose file": Defence(
        ("bot.context.files:Files._check_shared",),
        _waved_through,
        ("test_files.py::test_a_file_is_read_for_nobody_else",),
    ),
    "file host": Defence(
        ("bot.context.files:is_slacks_own",),
        _always(True),
        ("test_files.py::test_the_token_goes_to_slacks_file_host_alone",
         "test_files.py::test_a_redirect_leads_nowhere_else"),
    ),
    "bombs": Defence(
        ("bot.reading.sheet:check_zip",),
        _nothing,
        ("test_files.py::test_a_bomb_is_refused_before_it_is_unpacked",
         "test_documents.py::test_what_cannot_be_read_is_named"),
    ),
    "formulas": Defence(("bot.reading.sheet:safe_cell",), _same, ("guard/test_formulas.py",)),
    "replays": Defence(
        ("bot.app:Server._is_replayed",), _always(False), ("test_app.py::test_a_press_that_is_replayed_is_refused",)
    ),
    "signatures": Defence(
        ("slack_sdk.signature:SignatureVerifier.is_valid",),
        _always(True),
        ("test_asking.py::test_forged_old_and_replayed_signatures_are_refused",),
    ),
    "stale drafts": Defence(
        ("bot.records.reviews:_judge",),
        _always("done"),
        ("test_review.py::test_a_stale_button_says_so", "test_review.py::test_pressing_twice_counts_once"),
    ),
    "budgets": Defence(("bot.handlers.budget:reserve",), _waved_through, ("test_budgets.py",)),
    "four eyes": Defence(
        ("bot.jobs.approvals:Seconds.wanted", "bot.listeners.screening:takes_two"),
        _no,
        ("quotes/test_second.py::test_a_large_discount_waits_for_a_second_person",
         "quotes/test_second.py::test_the_guideline_can_ask_it_of_every_quote",
         "screening/test_vacancy.py::test_the_guideline_can_ask_for_a_second_person"),
    ),
    "guideline": Defence(
        ("bot.handlers.admission:find_refusal",), _nothing, ("guard/test_rules.py::test_what_is_refused",
         "test_guideline.py::test_only_some_channels", "test_guideline.py::test_a_task_is_ruled_out_in_one_channel"),
    ),
    "quotes": Defence(
        ("bot.knowledge.evidence:stands_in",),
        _always(True),
        ("knowledge/test_search.py::test_a_quote_is_what_stands_there",
         "knowledge/test_ask.py::test_what_is_not_there_is_said_and_lands_on_a_list"),
    ),
    "figures": Defence(
        ("bot.quotes.amounts:find_unknown",), _always([]), ("quotes/test_words.py",)
    ),
}  # fmt: skip


def pytest_configure() -> None:
    """Remove the defences that the environment names, wherever a module holds them."""
    for name in filter(None, os.environ.get(WITHOUT, "").split(",")):
        _remove(DEFENCES[name])


def _remove(defence: Defence) -> None:
    import bot

    modules = [
        import_module(one.name)
        for one in pkgutil.walk_packages(bot.__path__, "bot.")
        if not one.name.endswith("__main__")
    ]
    for where in defence.where:
        module, _, path = where.partition(":")
        *owners, last = path.split(".")
        owner = functools.reduce(getattr, owners, import_module(module))
        gone = getattr(owner, last)
        setattr(owner, last, defence.instead)
        for one in modules if not owners else ():
            for held, value in list(vars(one).items()):
                if value is gone:
                    setattr(one, held, defence.instead)


def without(names: list[str]) -> tuple[list[str], list[str]]:
    """Run the cases of some defences while they are gone; return those that fail, and all."""
    tests = [f"tests/{one}" for name in names for one in DEFENCES[name].tests]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.guard.removed",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
    ]
    done = subprocess.run(
        [*command, "-o", "addopts=-v", "--tb=no", *tests],
        cwd=ROOT,
        env={**os.environ, WITHOUT: ",".join(names)},
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.findall(r"(?m)^(tests/.*?) (PASSED|FAILED|ERROR) +\[", done.stdout)
    if not told:
        raise RuntimeError(f"{names}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return [case for case, outcome in told if outcome == "FAILED"], [case for case, _ in told]


def main(names: list[str]) -> int:
    """Print a line for each defence; return how many are missed by no test."""
    unmissed = 0
    sys.stdout.write("| without | cases | of them fail |\n|---|---|---|\n")
    for name in names or list(DEFENCES):
        failed, cases = without([name])
        unmissed += not failed
        sys.stdout.write(f"| {name} | {len(set(cases))} | {len(set(failed))} |\n")
        sys.stdout.flush()
    return unmissed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
