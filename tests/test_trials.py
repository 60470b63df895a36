"""The trials after public bug reports: 27 that failed (F1 to F27), 48 that held (H1 to H48), and what shows each.

The names are those of files.md's tables.
"""

import ast
from pathlib import Path

import pytest

FAILED = {
    "F1 a payment that the bank takes back": (
        "test_paid_and_taken_back_in_one_file_neither_is_credited "
        "test_taken_back_after_it_was_credited_the_debit_waits "
        "test_what_may_have_been_taken_back_is_shown_and_put_away_by_two"
    ),
    "F2 a reference that comes back": (
        "test_a_reference_comes_back_on_another_day test_a_reference_is_a_hint_and_no_name"
    ),
    "F3 sen": "test_lines_with_sen_are_kept_and_nobodys_and_the_others_are_credited",
    "F4 another account": (
        "test_a_statement_of_another_account_is_refused_by_line_and_column "
        "test_nothing_of_another_accounts_statement_is_stored"
    ),
    "F5 a history that doesn't add up": (
        "test_it_adds_up_in_order_and_only_once test_a_sweep_that_comes_between_dates_a_top_up_as_the_seed_does"
    ),
    "F6 an error that is read as Rp0": "test_a_fee_that_is_an_error_or_a_formula_without_a_value_is_no_zero",
    "F7 statements as banks give them": (
        "test_lines_above_the_table_are_passed_over "
        "test_totals_below_and_page_heads_between "
        "test_pending_lines_are_counted_and_not_imported "
        "test_a_line_in_which_nothing_moved_is_skipped_and_counted"
    ),
    "F8 a killed worker": "test_a_killed_workers_statement_goes_on",
    "F9 days ahead": "test_a_day_up_to_a_week_ahead_is_taken test_what_is_booked_ahead_waits_for_its_day",
    "F10 booked the day before": "test_a_line_older_than_the_top_up_is_not_its_payment",
    "F11 date cells": "test_real_date_cells_and_numbers_of_a_workbook",
    "F12 a gap in the balances": (
        "test_a_gap_in_the_balances_is_said test_a_gap_holds_the_file_until_somebody_says_so"
    ),
    "F13 minus and parentheses": "test_a_debit_column_holds_what_went_out_with_or_without_a_minus",
    "F14 times with dots": "test_times_as_indonesian_spreadsheets_and_others_write_them",
    "F15 days without a time": "test_a_day_without_a_time",
    "F16 sep=": "test_lines_above_the_header test_lines_above_the_table_are_passed_over",
    "F17 lines above the header": "test_lines_above_the_header",
    "F18 accounts in groups": (
        "test_account_numbers_in_groups_or_kept_as_text test_an_e_wallet_with_its_country_in_groups"
    ),
    "F19 noise behind the 15th digit": "test_noise_behind_the_fifteenth_digit_is_rounded_away",
    "F20 hidden sheets and rows": (
        "test_what_is_hidden_in_a_workbook_is_said "
        "test_rows_that_a_filter_hides_are_counted test_sheets_that_people_see_come_before_hidden_ones"
    ),
    "F21 our own report": (
        "test_a_report_goes_back_in_with_nothing_that_differs "
        "test_a_history_goes_out_and_into_a_fresh_business_and_nothing_differs"
    ),
    "F22 apostrophes": "test_case_diacritics_and_apostrophes_make_no_difference",
    "F23 accents": "test_case_diacritics_and_apostrophes_make_no_difference",
    "F24 names of short words": "test_whole_words_of_one_or_two_letters_and_parts_of_chinese_names_are_found",
    "F25 ids in any case": "test_an_id_of_another_system_is_found_in_any_case",
    "F26 one spelling of a domain": (
        "test_every_spelling_of_a_domain_is_one_address "
        "test_one_signs_in_with_any_spelling "
        "test_a_reset_is_mailed_to_whoever_is_asked_for_in_any_spelling "
        "test_an_invitation_is_one_in_every_spelling "
        "test_the_database_keeps_no_other_spelling"
    ),
    "F27 what was typed when the session had ended": (
        "test_who_was_signed_out_is_told_and_comes_back_to_the_form "
        "test_a_sign_in_page_in_a_second_tab_sends_on_who_is_signed_in "
        "test_a_form_from_before_the_sign_in_leads_back_to_itself "
        "test_it_is_back_after_signing_in_again "
        "test_nobody_else_gets_it_and_no_secret_is_kept"
    ),
}
HELD = {
    "H1": (
        "test_h1_an_amount_as_people_write_it_is_never_a_hundred_times_as_much "
        "test_h1_an_amount_that_could_be_another_is_refused"
    ),
    "H2": "test_sums_as_banks_write_them test_sums_and_directions_are_not_guessed",
    "H3": "test_sums_and_directions_are_not_guessed test_a_file_whose_sums_read_in_both_ways_is_refused",
    "H4": "test_h4_dates_counted_from_1904_are_right",
    "H5": "test_h5_no_second_is_lost test_every_second_of_a_day_survives_the_fractions_of_a_spreadsheet",
    "H6": "test_h6_blank_rows_and_columns_are_no_records",
    "H7": "test_h7_blank_lines_before_the_header_and_files_without_one",
    "H8": "test_h8_encodings_that_say_what_they_are_are_read test_h8_windows_1252_is_refused_with_what_to_do",
    "H9": "test_h9_cells_of_several_lines_and_stray_quotes",
    "H10": (
        "test_h10_two_styles_of_dates_refuse_the_whole_file "
        "test_a_file_that_says_both_is_damaged_and_no_answer_mends_it"
    ),
    "H11": "test_h11_an_account_that_is_a_number_is_refused",
    "H12": "test_h12_a_title_above_is_passed_over_and_a_total_below_is_named",
    "H13": "test_h13_an_error_in_a_name_or_an_amount_is_named",
    "H14": "test_h14_one_id_twice_in_a_file_is_named test_the_same_file_twice_changes_nothing",
    "H15": "test_h15_semicolons_and_indonesian_headers_in_capitals",
    "H16": "test_identical_lines_of_one_day_are_each_a_line test_paid_twice_waits",
    "H17": (
        "test_twice_overlapping_and_changed_every_real_line_is_credited_once "
        "test_twin_imports_of_one_statement_add_each_line_once"
    ),
    "H18": "test_a_text_that_the_bank_rewrites_overnight_is_no_new_line",
    "H19": "test_another_amount_waits",
    "H20": "test_merged_cells_and_page_heads_of_bni_direct test_sums_as_banks_write_them",
    "H21": "test_i_have_transferred_twice_and_from_two_tabs test_the_same_line_by_two_workers_is_credited_once",
    "H22": "test_a_killed_workers_statement_goes_on test_a_worker_that_dies_between_two_steps_leaves_all_or_nothing",
    "H23": "test_amounts_are_read",
    "H24": "test_invisible_marks_around_a_pasted_word_are_no_part_of_it",
    "H25": "test_words_made_of_wildcards_find_only_themselves",
    "H26": "test_a_number_is_found_in_whatever_groups_it_was_pasted",
    "H27": "test_what_is_special_to_a_history_is_paged_alike",
    "H28": "test_a_date_range_is_whole_days_of_the_business_zone",
    "H29": "test_headers_are_frozen_fixed_and_name_the_zone",
    "H30": "test_70_000_rows_have_a_summary_and_two_data_sheets",
    "H31": "test_both_books_hold_the_same_typed_cells",
    "H32": (
        "test_an_xls_holds_hostile_text_unchanged_quoted_and_without_a_formula "
        "test_a_csv_puts_a_quote_before_what_would_wake_and_nothing_else"
    ),
    "H33": "test_email_and_password_let_in_whatever_the_case test_an_address_of_this_business_is_named_in_any_case",
    "H34": "test_an_expired_invitation_gives_way",
    "H35": "test_an_address_known_elsewhere_looks_the_same_and_gets_an_explanation",
    "H36": "test_an_address_with_a_plus_is_one_of_its_own",
    "H37": "test_who_is_deactivated_is_signed_out_on_the_next_request",
    "H38": "test_a_phone_number_is_found_with_62_in_front",
    "H39": (
        "test_after_five_wrong_codes_even_the_right_one_waits "
        "test_a_code_is_dead_once_used_also_after_the_cache_was_emptied "
        "test_a_recovery_code_lets_in_once"
    ),
    "H40": (
        "test_search_filter_open_and_back_by_keyboard_alone "
        "test_who_comes_back_from_a_row_finds_it_marked_where_it_stood"
    ),
    "H41": "test_asking_twice_makes_one_report test_a_double_click_asks_once",
    "H42": "test_signing_out_ends_the_session_and_clears_the_browser",
    "H43": "test_signing_in_leads_on_to_an_own_path",
    "H44": "test_a_wrong_filter_shows_nothing",
    "H45": "test_a_report_of_the_deposit_goes_oldest_first_and_ties_to_the_balance",
    "H46": "test_any_text_is_an_amount_or_refused test_what_is_not_certainly_an_amount_is_refused",
    "H47": "test_a_printed_history_says_whose_it_is_and_shows_whole_texts",
    "H48": "test_more_rows_than_a_sheet_holds_go_on_in_a_second_one",
}


def test_every_trial_is_in_the_table_once():
    named = [trial.split()[0] for trial in (*FAILED, *HELD)]
    assert sorted(named) == sorted([f"F{n}" for n in range(1, 28)] + [f"H{n}" for n in range(1, 49)])


@pytest.fixture(scope="module")
def tests_there_are() -> set[str]:
    files = Path(__file__).parent.rglob("test_*.py")
    return {
        node.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("trial", [*FAILED, *HELD])
def test_what_shows_it_is_there(trial, tests_there_are):
    assert {*({**FAILED, **HELD}[trial].split())} <= tests_there_are
