"""The waiting list at the end of each month, and its flows, in pathways: counted by hand (rule ME3)."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from tests.spec.measures.made_activity import Made, number

from joinedup.measures.activity.waits import known_of_waits, waits_of
from joinedup.population import open_snapshot

D = date
AUGUST, SEPTEMBER, OCTOBER = (number(2026, month) for month in (8, 9, 10))
Cell = tuple[str, int, str, int]


def _counted(made: Made) -> tuple[dict[Cell, int], dict[str, list[int]]]:
    snapshot = open_snapshot(made.write(Path(tempfile.mkdtemp(prefix="joinedup-tiny-"))))
    rows = waits_of(snapshot).to_dict("records")
    found = {(row["what"], row["month"], row["service"], row["weeks"]): row["pathways"] for row in rows}
    return found, {what: sorted(months) for what, months in known_of_waits(snapshot).items()}


@cache
def made() -> tuple[dict[Cell, int], dict[str, list[int]]]:
    one = Made()
    end = D(2026, 9, 30)
    for days in (0, 1, 7, 8, 126, 127, 364, 365):
        one.wait("a", end - timedelta(days=days), service=f"of {days}")
    one.wait("b", D(2026, 6, 1), D(2026, 8, 31), service="110")  # the first stop that a list tells of
    one.wait("b", D(2026, 9, 2), D(2026, 9, 30), service="110")  # not open on the day it stopped
    one.wait("b", D(2026, 9, 2), D(2026, 10, 1), service="110", removal_reason="NOT REQUIRED")
    one.person("dead", birth_month="1930-01", death_month="2026-09")
    one.wait("dead", D(2026, 8, 3), service="320")
    one.wait("a", D(2026, 9, 2), service="130", waiting_list="ONON", clock_starts=None)  # on no clock
    one.add("pop_referral", person="a", feed="gp", kind="referral", on=D(2026, 9, 2), provider="RWG")
    one.appointment("a", D(2026, 9, 20), clock_starts=D(2026, 9, 2))  # the same wait, told again
    return _counted(one)


@pytest.mark.parametrize(
    ("days", "weeks"), [(0, 0), (1, 0), (7, 0), (8, 1), (126, 17), (127, 18), (364, 51), (365, 52)]
)
def test_a_wait_is_in_the_band_of_its_whole_weeks(days: int, weeks: int) -> None:
    cells = {cell[3]: many for cell, many in made()[0].items() if cell[:3] == ("open", SEPTEMBER, f"of {days}")}
    assert cells == {weeks: 1}


def test_what_is_open_started_and_stopped() -> None:
    cells = made()[0]

    def total(what: str, month: int, service: str) -> int:
        return sum(many for cell, many in cells.items() if cell[:3] == (what, month, service))

    assert [total("open", month, "110") for month in (AUGUST, SEPTEMBER, OCTOBER)] == [0, 1, 0]
    assert [total("starts", month, "110") for month in (AUGUST, SEPTEMBER, OCTOBER)] == [0, 2, 0]
    assert [total("treated", month, "110") for month in (AUGUST, SEPTEMBER, OCTOBER)] == [1, 1, 0]
    assert [total("removed", month, "110") for month in (AUGUST, SEPTEMBER, OCTOBER)] == [0, 0, 1]
    assert [total("open", month, "320") for month in (AUGUST, SEPTEMBER)] == [1, 0]  # died in September
    assert total("open", SEPTEMBER, "130") == 0


def test_before_the_first_stop_that_a_list_tells_of_nothing_is_known() -> None:
    assert made()[1] == {
        "open": [AUGUST, SEPTEMBER, OCTOBER],
        "starts": [SEPTEMBER, OCTOBER],
        "treated": [SEPTEMBER, OCTOBER],
        "removed": [SEPTEMBER, OCTOBER],
    }


def test_a_list_without_a_stop_or_no_list_is_known_for_no_month() -> None:
    one = Made()
    one.wait("a", D(2026, 6, 1))
    assert not any(_counted(one)[1].values())
    del one.coverage["wlmds"]
    cells, known = _counted(one)
    assert not cells
    assert not any(known.values())
