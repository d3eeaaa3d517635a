"""The 18 threats of the model, and the tests of each: `python -m tests.guard.threats` counts the cases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent.parent


@dataclass(frozen=True)
class Threat:
    """A threat and its tests.

    Attributes:
        least: how many cases there are at least.
        tests: files, or tests in them, whose every case counts; paths are those below `tests/`.
    """

    name: str
    least: int
    tests: tuple[str, ...]


THREATS = {
    1: Threat(
        "Orders in what is read",
        60,
        (
            "guard/test_injection.py",
            "guard/test_routes.py",
            "guard/test_hidden.py",
            "test_guard.py",
            "test_asking.py::test_everything_that_people_write_reaches_the_model_as_text",
        ),
    ),
    2: Threat(
        "Leaking by a link",
        26,
        (
            "guard/test_links.py::test_no_link_comes_out_that_did_not_go_in",
            "guard/test_links.py::test_links_of_the_input_and_our_own_stay",
            "guard/test_links.py::test_other_links_become_text",
            "guard/test_links.py::test_a_link_that_only_looks_like_one_of_the_input_is_text",
            "guard/test_mentions.py::test_no_message_unfolds_what_it_links_to",
            "guard/test_pseudonyms.py::test_what_stands_for_nothing_is_told_and_links_stay_shut",
            "test_facts.py::test_an_invented_link_leaves_a_gap",
            "test_facts.py::test_what_leads_elsewhere_without_a_scheme_is_taken_out",
            "test_social.py::test_invented_links_are_taken_out_and_figures_flagged",
        ),
    ),
    3: Threat(
        "Mentions and links in Slack's signs",
        21,
        (
            "guard/test_mentions.py::test_a_mention_calls_nobody",
            "guard/test_mentions.py::test_no_notice_holds_an_unescaped_sign",
            "test_views.py::test_no_text_of_the_model_notifies_anybody",
            "test_views.py::test_what_notifications_read_fits",
            "test_social.py::test_findings_notify_nobody",
        ),
    ),
    4: Threat(
        "Reading what the asker may not",
        60,
        (
            "test_access.py",
            "test_asking.py::test_nobody_reads_a_private_channel_through_the_bot",
            "test_asking.py::test_a_public_channel_is_open_to_colleagues_and_not_to_guests",
            "test_asking.py::test_what_was_said_in_private_is_not_told_in_public",
            "test_asking.py::test_a_private_task_by_mention_points_to_the_messages_tab",
            "test_files.py::test_a_file_is_read_for_nobody_else",
            "test_files.py::test_files_of_a_thread_are_read_for_whoever_may_read_it",
            "test_spans.py::test_a_channel_is_read_only_for_those_who_may",
            "test_outages.py::test_an_answer_that_says_too_little_is_a_no",
            "guard/test_rules.py::test_what_is_refused",
            "test_guideline.py::test_a_closed_channel_is_not_read_and_not_written_in",
            "test_guideline.py::test_only_some_channels",
            "test_guideline.py::test_people_from_outside_ask_what_the_guideline_lets_them",
            "test_guideline.py::test_whoever_slack_does_not_know_asks_nothing",
        ),
    ),
    5: Threat(
        "Documents for others",
        24,
        (
            "guard/test_audiences.py",
            "knowledge/test_ask.py::test_who_may_not_read_a_document_gets_what_there_is_without_it",
            "knowledge/test_ask.py::test_audiences_hold_at_the_moment_of_the_question",
            "knowledge/test_ask.py::test_without_documents_nothing_is_asked",
            "knowledge/test_search.py::test_audiences_are_written_in_many_ways",
        ),
    ),
    6: Threat(
        "Another workspace's data",
        15,
        (
            "guard/test_teams.py",
            "test_leaks.py",
            "test_installing.py::test_one_revoked_token_is_one_workspaces_trouble",
            "test_installing.py::test_the_command_line_asks_which_workspace",
        ),
    ),
    7: Threat(
        "Forged and replayed requests",
        8,
        (
            "test_app.py",
            "test_asking.py::test_forged_old_and_replayed_signatures_are_refused",
            "test_asking.py::test_the_same_event_four_times_is_one_answer",
            "test_asking.py::test_rubbish_is_answered_and_harms_nothing",
            "test_installing.py::test_a_state_counts_once",
            "test_installing.py::test_what_comes_from_nobody_is_answered",
            "test_review.py::test_pressing_twice_counts_once",
            "test_following.py::test_the_same_message_twice_is_one_new_version",
        ),
    ),
    8: Threat(
        "Addresses of files",
        14,
        (
            "test_files.py::test_the_token_goes_to_slacks_file_host_alone",
            "test_files.py::test_with_an_address_of_our_own_files_come_from_there",
            "test_files.py::test_a_redirect_leads_nowhere_else",
            "test_files.py::test_the_sign_in_page_is_never_taken_for_the_file",
            "test_files.py::test_slack_that_gives_no_file_is_told",
        ),
    ),
    9: Threat(
        "Bombs and hostile documents",
        12,
        (
            "test_files.py::test_what_cannot_be_read_is_named",
            "test_files.py::test_a_bomb_is_refused_before_it_is_unpacked",
            "test_files.py::test_no_bytes_break_the_reader",
            "test_files.py::test_reading_takes_no_longer_than_it_may",
            "test_documents.py::test_what_cannot_be_read_is_named",
            "test_documents.py::test_entities_bring_nothing_in",
            "screening/test_hidden.py::test_what_cannot_be_read_is_told_by_its_kind",
        ),
    ),
    10: Threat(
        "Formulas in exports",
        16,
        (
            "guard/test_formulas.py",
            "quotes/test_editing.py::test_no_text_becomes_a_formula",
            "test_bulk_review.py::test_files_cannot_run_formulas",
        ),
    ),
    11: Threat(
        "Secrets and personal data in logs",
        36,
        (
            "test_llm.py::test_every_fault_has_a_name_and_tells_nothing",
            "test_llm.py::test_an_error_in_any_shape_is_named_and_tells_nothing",
            "test_llm.py::test_noise_on_the_line_is_named",
            "test_settings.py::test_secrets_are_not_printed",
            "guard/test_gate.py::test_what_must_not_leave_stops_the_run",
            "test_secrets.py::test_no_secret_turns_up",
            "test_secrets.py::test_the_sinks_are_read",
        ),
    ),
    12: Threat(
        "Keys and tokens at rest",
        6,
        (
            "guard/test_pseudonyms.py::test_keys_are_rotated",
            "guard/test_pseudonyms.py::test_the_key_is_made_once_and_read_by_nobody_else",
            "guard/test_gate.py::test_wrong_keys_stop_the_start",
            "test_secrets.py::test_every_file_is_the_bots_alone",
            "test_secrets.py::test_the_engine_holds_nothing_pickled",
            "test_secrets.py::test_everything_goes_under_the_new_key",
            "test_secrets.py::test_a_rotation_goes_on_where_it_stopped",
            "test_secrets.py::test_a_running_bot_goes_on_over_a_rotation",
            "test_secrets.py::test_keys_of_the_environment_are_rotated_too",
            "test_secrets.py::test_the_end_of_a_rotation_keeps_the_newest",
            "test_installing.py::test_tokens_are_sealed_on_disk",
            "test_installing.py::test_who_uninstalls_leaves_no_token",
            "test_backups.py::test_a_backup_is_for_its_owner_alone_and_without_the_key",
            "test_backups.py::test_a_key_comes_back_with_its_backup",
            "test_backups.py::test_what_is_no_good_backup_changes_nothing",
            "test_backups.py::test_half_a_restore_stays_one",
            "test_backups.py::test_purging_all_takes_the_backups_too",
        ),
    ),
    13: Threat(
        "Drafts that nobody approved",
        15,
        (
            "test_review.py",
            "quotes/test_second.py",
            "screening/test_vacancy.py::test_the_guideline_can_ask_for_a_second_person",
            "test_guideline.py::test_nothing_is_read_or_sent_before_it_is_accepted",
            "test_guideline.py::test_a_task_that_is_ruled_out_is_refused_on_every_way",
            "test_guideline.py::test_an_old_button_accepts_nothing",
            "test_guideline.py::test_rules_hold_for_drafts_of_before",
            "test_guideline.py::test_nothing_leaves_though_it_was_let_in",
            "test_guideline.py::test_only_admins_publish",
        ),
    ),
    14: Threat("Spending without end", 10, ("test_budgets.py",)),
    15: Threat(
        "Invented facts, figures and sources",
        20,
        (
            "knowledge/test_search.py::test_a_quote_is_what_stands_there",
            "knowledge/test_ask.py::test_what_is_not_there_is_said_and_lands_on_a_list",
            "quotes/test_words.py",
            "screening/test_rules.py::test_a_quote_must_stand_in_the_cv",
            "screening/test_rules.py::test_an_introduction_adds_nothing",
            "test_facts.py::test_what_was_not_given_is_named",
            "test_letter.py::test_only_figures_that_were_given_pass",
            "test_views.py::test_sources_become_links_and_inventions_are_marked",
        ),
    ),
    16: Threat(
        "Poisoned documents and packages",
        6,
        (
            "guard/test_supply.py",
            "knowledge/test_sending.py::test_only_those_who_were_named_fill_it",
            "knowledge/test_import.py",
            "quotes/test_uploads.py::test_only_an_admin_may",
            "test_templates.py::test_only_admins_make_templates",
        ),
    ),
    17: Threat(
        "Our instructions in an answer",
        4,
        (
            "guard/test_links.py::test_our_instructions_do_not_come_out",
            "guard/test_links.py::test_the_word_that_nobody_may_write_is_known_in_any_spelling",
        ),
    ),
    18: Threat(
        "Export and erasure",
        8,
        (
            "test_keeping.py",
            "test_backups.py::test_an_erasure_holds_over_a_restore",
            "test_backups.py::test_a_torn_line_about_an_erasure_stops_no_backup",
            "test_backups.py::test_a_backup_that_was_broken_off_leaves_nothing",
        ),
    ),
}
LEAST_IN_ALL = 380


def threat_of(node_id: str) -> int | None:
    """Return which threat a case holds; None for most tests."""
    name = node_id.removeprefix("tests/").partition("[")[0]
    file = name.partition("::")[0]
    return next((number for number, one in THREATS.items() if name in one.tests or file in one.tests), None)


def count(node_ids: Iterable[str]) -> dict[int, int]:
    """Return how many cases each threat has."""
    counted = dict.fromkeys(THREATS, 0)
    for node_id in node_ids:
        number = threat_of(node_id)
        if number is not None:
            counted[number] += 1
    return counted


def unmatched(node_ids: Iterable[str]) -> list[str]:
    """Return the tests that the table names and that are not there."""
    names = {one.removeprefix("tests/").partition("[")[0] for one in node_ids}
    known = names | {one.partition("::")[0] for one in names}
    return [test for one in THREATS.values() for test in one.tests if test not in known]


def collect() -> list[str]:
    """Have pytest list the cases of every file that the table names."""
    files = sorted({f"tests/{test.partition('::')[0]}" for one in THREATS.values() for test in one.tests})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-o",
        "addopts=-q",
        "-p",
        "no:cacheprovider",
        *files,
    ]
    listed = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if "::" in line]


def table(counted: dict[int, int]) -> str:
    """Write the threats and their cases as the page about privacy shows them."""
    lines = ["| | threat | cases | where |", "|---|---|---|---|"]
    for number, one in THREATS.items():
        files = ", ".join(
            f"`{file}`" for file in dict.fromkeys(test.partition("::")[0] for test in one.tests)
        )
        lines.append(f"| {number} | {one.name} | {counted[number]} | {files} |")
    return "\n".join([*lines, f"| | in all | {sum(counted.values())} | |"])


if __name__ == "__main__":
    sys.stdout.write(table(count(collect())) + "\n")
