"""Beds, emergency spaces, and queues of servers (rules ME12 and ME13)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from joinedup.errors import RuleError
from joinedup.planning import (
    Overloaded,
    Working,
    bed_gap,
    beds_for_percentile,
    beds_required,
    capacity_gap,
    emergency_spaces,
    erlang_b,
    erlang_c,
    mean_wait,
    system_bed_gap,
    units_required,
)
from joinedup.planning.capacity.beds import occupied_beds, share_of_days_over


def test_beds_are_admissions_times_stay_over_occupancy_rounded_up_last() -> None:
    assert occupied_beds(42, 5.6) == pytest.approx(235.2)
    assert beds_required(42, 5.6, 0.92) == 256
    # A division that ends a hair above a whole number of beds is that number.
    assert beds_required(0.1 * 3, 10, 0.3) == 10


def test_beds_for_95_days_of_100() -> None:
    assert beds_for_percentile(235.2, 0.95) == 261
    assert share_of_days_over(235.2, 261) == pytest.approx(0.0450, abs=5e-5)


@pytest.mark.parametrize(("beds", "turned_away"), [(12, 0.0514), (13, 0.0307), (14, 0.0172)])
def test_a_small_unit_turns_people_away(beds: int, turned_away: float) -> None:
    assert erlang_b(8.0, beds) == pytest.approx(turned_away, abs=5e-5)


TRUSTS = {"RQW": (459, 445), "RWG": (610, 540), "RWH": (575, 473)}


def test_bed_gaps_are_rounded_at_the_level_they_are_reported_at() -> None:
    gaps = {trust: bed_gap(trust, *beds) for trust, beds in TRUSTS.items()}
    assert {trust: gap.gap for trust, gap in gaps.items()} == {"RQW": 25, "RWG": -23, "RWH": -60}
    system = system_bed_gap("QM7", gaps.values())
    assert system.required == 1_585
    assert system.gap == -59
    assert sum(gap.gap for gap in gaps.values()) == -58


def test_the_bed_figures_are_those_published(reference: Path) -> None:
    beds = pd.read_csv(reference / "humaniverse_healthyr" / "england_critical_general_acute_beds.csv")
    found = beds[(beds.date == "August 2025") & beds.nhs_trust22_code.isin(TRUSTS)].set_index("nhs_trust22_code")
    columns = ["general_acute_beds_available", "general_acute_beds_occupied"]
    assert {trust: tuple(found.loc[trust, columns]) for trust in TRUSTS} == TRUSTS


def test_patients_who_need_no_bed_stand_beside_the_gap() -> None:
    gap = bed_gap("RWG", 610, 540, no_criteria=139.94)
    assert gap.no_criteria_share == pytest.approx(0.259, abs=5e-4)
    assert bed_gap("RWG", 610, 540).no_criteria_share is None
    assert system_bed_gap("QM7", [gap, bed_gap("RQW", 459, 445)]).no_criteria_share is None


def test_emergency_spaces() -> None:
    working = Working(minutes=215, hours=168, utilisation=0.70, weeks=52)
    assert working.units(86_400) == pytest.approx(309_600 / 6_115.2)
    assert working.units(86_400) == pytest.approx(50.628, abs=5e-4)
    assert emergency_spaces(86_400, 215, 52, 168, 0.70) == 51
    assert units_required(0, working) == 0


def test_waiting_for_one_of_several_servers() -> None:
    assert erlang_c(12 / 2.5, 6) == pytest.approx(0.517772, abs=5e-7)
    assert mean_wait(12, 2.5, 6) == pytest.approx(0.172591, abs=5e-7)
    assert mean_wait(30, 11, 3) == pytest.approx(0.277726, abs=5e-7)


def test_more_arriving_than_is_served_has_no_mean_wait() -> None:
    with pytest.raises(Overloaded, match="load of 6 on 6 servers"):
        erlang_c(6, 6)


def test_a_gap_is_required_minus_available_and_what_one_side_lacks_is_nothing() -> None:
    gaps = capacity_gap(
        {("theatre", "RQW", "2026-04"): 12, ("clinic", "RQW", "2026-04"): 5},
        {("theatre", "RQW", "2026-04"): 10, ("theatre", "RWH", "2026-04"): 3},
    )
    assert gaps == {
        ("clinic", "RQW", "2026-04"): 5, ("theatre", "RQW", "2026-04"): 2, ("theatre", "RWH", "2026-04"): -3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (lambda: beds_required(42, 5.6, 0), "occupancy is 0"),
        (lambda: beds_required(-1, 5.6, 0.9), "admissions a day is -1"),
        (lambda: beds_for_percentile(10, 95), "percentile is 95"),
        (lambda: erlang_b(1, -1), "-1 beds"),
        (lambda: Working(minutes=0, hours=40, utilisation=0.8), "minutes is 0"),
        (lambda: Working(minutes=30, hours=40, utilisation=80), "utilisation is 80"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, named: str) -> None:
    with pytest.raises(RuleError, match=named):
        asked()  # type: ignore[operator]
