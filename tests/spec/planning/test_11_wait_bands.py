"""How long people have waited: bands, counts over each limit, percentiles, who is at risk (rules ME3, ME7, ME9)."""

from __future__ import annotations

import pandas as pd
import pytest

from joinedup.errors import RuleError
from joinedup.planning import OverCounted, cohort_at_risk, list_size, wait_band, wait_counts, wait_percentile
from joinedup.planning.waiting.wait_bands import banded


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, 0), (1, 0), (7, 0), (8, 1), (126, 17), (127, 18), (364, 51), (365, 52), (455, 64), (456, 65), (546, 77),
     (547, 78)],
)  # fmt: skip
def test_a_band_is_more_than_k_and_up_to_k_plus_one_weeks(days: int, band: int) -> None:
    assert wait_band(days) == band


def test_many_waits_fall_into_the_same_bands_as_each_alone() -> None:
    days = list(range(0, 800, 3))
    counted = banded(days, 104)
    assert list(counted) == [sum(min(wait_band(day), 104) == band for day in days) for band in range(105)]


def test_counts_over_each_limit_and_the_performance() -> None:
    bands = [0.0] * 100
    bands[17], bands[18], bands[51], bands[52], bands[64], bands[65], bands[77], bands[78] = 60, 8, 7, 6, 5, 4, 3, 2
    counts = wait_counts(bands)
    assert (counts.within18, counts.over18, counts.over52, counts.over65, counts.over78) == (60, 35, 20, 9, 2)
    assert counts.total == 95
    assert counts.performance == pytest.approx(60 / 95)


def test_an_empty_list_has_no_performance() -> None:
    assert wait_counts([0, 0]).performance is None


@pytest.mark.parametrize(
    ("counts", "p", "wait"), [((40, 30, 20, 10), 0.92, 3.2), ((40, 30, 20, 10), 0.5, 1.3333), ((40, 0, 60), 0.4, 1.0)]
)
def test_a_percentile_lies_inside_its_band(counts: tuple[float, ...], p: float, wait: float) -> None:
    assert wait_percentile(counts, p) == pytest.approx(wait, abs=5e-5)


BANDS = {52: 40, 53: 38, 54: 35, 60: 20, 64: 9, 65: 4, 70: 2}


def test_the_cohort_at_risk_is_all_who_could_pass_the_limit_by_then() -> None:
    at_risk = cohort_at_risk(BANDS, 65, 12)
    assert at_risk == 108
    assert at_risk / 12 == 9.0


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (lambda: wait_band(-1), "wait of -1 days"),
        (lambda: wait_counts([1, -2]), "a band is -2"),
        (lambda: wait_counts([[1.0], [2.0]]), "2 dimensions"),
        (lambda: wait_percentile([0, 0], 0.5), "nobody is waiting"),
        (lambda: wait_percentile([1, 2], 0), "percentile is 0"),
        (lambda: cohort_at_risk(BANDS, 65, 65), "horizon of 65 weeks"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, named: str) -> None:
    with pytest.raises(RuleError, match=named):
        asked()  # type: ignore[operator]


PATHWAYS = pd.DataFrame(
    [
        ("Cardiology", "Incomplete Pathways", 700),
        ("Urology", "Incomplete Pathways", 300),
        ("Cardiology", "Completed Pathways For Admitted Patients", 50),
        ("Total", "Incomplete Pathways", 1_000),
    ],
    columns=["specialty", "pathway", "waiting"],
)
NAMED = {"value": "waiting", "specialty": "specialty", "pathway": "pathway"}


def test_the_list_is_its_incomplete_pathways_by_parts_or_by_total() -> None:
    incomplete = PATHWAYS[PATHWAYS.pathway == "Incomplete Pathways"]
    assert list_size(incomplete[incomplete.specialty != "Total"], **NAMED) == 1_000
    assert list_size(incomplete[incomplete.specialty == "Total"], **NAMED) == 1_000


def test_a_table_that_counts_people_twice_is_refused() -> None:
    with pytest.raises(OverCounted, match="pathway types are never added"):
        list_size(PATHWAYS[PATHWAYS.specialty != "Total"], **NAMED)
    with pytest.raises(OverCounted, match="has total beside its parts"):
        list_size(PATHWAYS[PATHWAYS.pathway == "Incomplete Pathways"], **NAMED)
