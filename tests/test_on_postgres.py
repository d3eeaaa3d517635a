"""What people do, with PostgreSQL behind it: tests of other modules, run again on a bot whose records are there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests import postgres
from tests.conftest import World, running
from tests.quotes.test_second import test_a_large_discount_waits_for_a_second_person
from tests.screening.test_vacancy import (
    test_a_cv_goes_the_whole_way,
    test_many_cvs_wait_for_a_word_on_their_price,
)
from tests.test_asking import test_the_same_event_four_times_is_one_answer
from tests.test_bulk import test_a_table_becomes_texts
from tests.test_conversing import test_stop_before_the_first_word_ends_the_run
from tests.test_engine import (
    test_a_poison_run_ends_in_an_apology,
    test_old_texts_and_workflows_are_deleted,
    test_the_schedule_posts_the_digest,
    test_the_sweep_starts_what_was_left,
)
from tests.test_home import test_a_draft_that_comes_while_an_admin_looks_is_shown
from tests.test_planning import test_planned_posts_come_at_their_moment_ready_to_copy
from tests.test_review import test_a_redo_with_an_instruction_is_a_new_version

__all__ = [
    "test_a_cv_goes_the_whole_way",
    "test_a_draft_that_comes_while_an_admin_looks_is_shown",
    "test_a_large_discount_waits_for_a_second_person",
    "test_a_poison_run_ends_in_an_apology",
    "test_a_redo_with_an_instruction_is_a_new_version",
    "test_a_table_becomes_texts",
    "test_many_cvs_wait_for_a_word_on_their_price",
    "test_old_texts_and_workflows_are_deleted",
    "test_planned_posts_come_at_their_moment_ready_to_copy",
    "test_stop_before_the_first_word_ends_the_run",
    "test_the_same_event_four_times_is_one_answer",
    "test_the_schedule_posts_the_digest",
    "test_the_sweep_starts_what_was_left",
]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The whole bot, over HTTP, with its records and its engine in PostgreSQL."""
    url = postgres.database_for(tmp_path)
    async with running(tmp_path, database_url=url, secret_keys=(Fernet.generate_key().decode(),)) as started:
        yield started
        assert not (tmp_path / "records.sqlite").exists()
        assert not (tmp_path / "engine.sqlite").exists()
