"""An NHS number is ten digits of which the last checks the others; its range says whose it is (R20, PA1, PA2)."""

from __future__ import annotations

import pytest

from joinedup.feeds import nhs_number
from joinedup.feeds.nhs_number import NhsNumber, Range, check


@pytest.mark.parametrize(
    ("written", "value", "range_"),
    [
        ("943 476 5919", "9434765919", Range.UNALLOCATED),
        ("999 000 0018", "9990000018", Range.SYNTHETIC),
        ("999-000-0026", "9990000026", Range.SYNTHETIC),
        ("999\u00a0000\u00a00034", "9990000034", Range.SYNTHETIC),  # no-break spaces, as spreadsheets write them
        ("9990123454", "9990123454", Range.SYNTHETIC),
        ("9990000050", "9990000050", Range.SYNTHETIC),  # check digit 11 is written 0
        ("6000000006", "6000000006", Range.ENGLAND),
        ("0101000006", "0101000006", Range.SCOTLAND),
        ("3200000015", "3200000015", Range.NORTHERN_IRELAND),
    ],
)
def test_a_valid_number_comes_back_as_ten_digits_with_its_range(written: str, value: str, range_: Range) -> None:
    assert check(written) == NhsNumber(value, range_)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("9434765918", "expected a valid check digit"),
        ("9434765191", "expected a valid check digit"),  # two digits changed places
        ("9990000000", "expected a valid check digit"),  # the stem 999000000 asks for a digit 10: no number has it
        ("943476591", "expected 10 digits"),
        ("943 476 5919 1", "expected 10 digits"),
        ("nine four three", "expected 10 digits"),
        ("", "expected 10 digits"),
        ("9\uff1490000018", "expected 10 digits"),  # a full-width 4 looks the same and compares as different
        ("\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660", "expected 10 digits"),
    ],
)
def test_another_text_answers_why_without_its_value(written: str, why: str) -> None:
    assert check(written) == why


def test_ten_equal_digits_pass_the_sum_and_are_refused_all_the_same() -> None:
    for digit in "0123456789":
        assert check(digit * 10) == "expected an issued number, found ten equal digits"


def test_one_stem_in_eleven_has_no_number() -> None:
    valid = [stem for stem in range(10_000) if any(nhs_number.is_valid(f"99900{stem:04}{c}") for c in range(10))]
    assert len(valid) == 9_091
    assert sum(nhs_number.is_valid(f"9990000{number:03}") for number in range(1000)) == 91


def test_every_swap_of_unequal_neighbours_is_caught() -> None:
    number = "9990123454"
    swapped = {number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(9)} - {number}
    assert len(swapped) == 7
    assert not any(nhs_number.is_valid(one) for one in swapped)


@pytest.mark.parametrize(
    ("value", "may"),
    [("6000000006", True), ("9990000018", True), ("9434765919", False), ("0101000006", False), ("3200000015", False)],
)
def test_only_issued_ranges_may_join_by_an_equal_number(value: str, may: bool) -> None:
    number = check(value)
    assert isinstance(number, NhsNumber)
    assert number.may_join is may


def test_people_read_it_in_three_groups() -> None:
    assert nhs_number.shown("9434765919") == "943 476 5919"
    assert nhs_number.shown("unknown") == "unknown"
