"""A snapshot that is worse than the one before does not stand unless somebody signs it off (rules: population PB8)."""

from __future__ import annotations

from typing import Any

import pytest

from joinedup.population.gate import complaints


def table(rows: int, unmapped: int = 0, **nulls: int) -> dict[str, Any]:
    return {"rows": rows, "nulls": nulls, "unmapped": unmapped}


@pytest.mark.parametrize(("rows", "is_refused"), [(949, True), (950, False), (1200, False)])
def test_a_table_may_shrink_by_a_twentieth(rows: int, is_refused: bool) -> None:
    found = complaints({"pop_encounter": table(rows)}, {"pop_encounter": table(1000)})
    assert bool(found) is is_refused
    assert not found or "shrinks by more than 5%" in found[0]


@pytest.mark.parametrize(("empty", "is_refused"), [(120, False), (121, True)])
def test_a_key_column_may_empty_by_two_points(empty: int, is_refused: bool) -> None:
    found = complaints({"person": table(1000, lsoa11=empty)}, {"person": table(1000, lsoa11=100)})
    assert bool(found) is is_refused


def test_another_column_may_empty_as_it_will() -> None:
    assert complaints({"person": table(1000, household=900)}, {"person": table(1000)}) == []


@pytest.mark.parametrize(("unmapped", "is_refused"), [(20, False), (21, True)])
def test_one_code_in_a_hundred_may_be_missing_also_in_a_first_snapshot(unmapped: int, is_refused: bool) -> None:
    now = {"pop_condition": table(1000), "pop_immunisation": table(1000, unmapped=unmapped)}
    found = complaints(now, None)
    assert bool(found) is is_refused
    assert not found or "most of them in pop_immunisation" in found[0]


def test_a_table_that_is_gone_is_missed() -> None:
    assert "it is missing" in complaints({}, {"pop_encounter": table(1000)})[0]


def test_of_few_rows_a_share_says_nothing() -> None:
    assert complaints({"pop_encounter": table(20)}, {"pop_encounter": table(40)}) == []
