"""What people do, with PostgreSQL behind it: of each room whose files `make test-postgres` has no time for, a test."""

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
from tests.test_conversing import test_stop_before_the_first_word_ends_the_run
from tests.test_planning import test_planned_posts_come_at_their_moment_ready_to_copy

__all__ = [
    "test_a_cv_goes_the_whole_way",
    "test_a_large_discount_waits_for_a_second_person",
    "test_many_cvs_wait_for_a_word_on_their_price",
    "test_planned_posts_come_at_their_moment_ready_to_copy",
    "test_stop_before_the_first_word_ends_the_run",
    "test_the_same_event_four_times_is_one_answer",
]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The whole bot, over HTTP, with its records and its engine in PostgreSQL."""
    url = postgres.database_for(tmp_path)
    async with running(tmp_path, database_url=url, secret_keys=(Fernet.generate_key().decode(),)) as started:
        yield started
