"""A figure that cannot be given says why, and is never nought."""

from __future__ import annotations

from datetime import date

import pytest
from tests.spec.measures.made_measures import figures, raw, snapshot

from joinedup.errors import RuleError
from joinedup.measures.computing import compute
from joinedup.measures.coverage import days_looked_ahead, has_data, months_looked_back
from joinedup.measures.definition import definition_of
from joinedup.measures.figure import Scale, figures as read
from joinedup.measures.result_files import STATUSES
from joinedup.measures.views.parts import figure_row

LAST = 2026 * 12 + 9
MONTHS = range(LAST - 5, LAST + 1)
DAY = date(2026, 10, 31)


def covered(first: str, last: str, *missing: str) -> dict[str, object]:
    return {"from": first, "to": last, "missing": list(missing)}


# the measure, what was sent, and for which of May to October 2026 there is data
COVERED = [
    ("emergency-attendances", {"ecds": covered("2020-01", "2026-10")}, "yyyyyy"),
    ("emergency-attendances", {"ecds": covered("2020-01", "2026-08")}, "yyyy--"),
    ("emergency-attendances", {"ecds": covered("2026-07", "2026-10")}, "--yyyy"),
    ("emergency-attendances", {"ecds": covered("2020-01", "2026-10", "2026-06")}, "y-yyyy"),
    ("emergency-attendances", {}, "------"),
    ("emergency-attendances", {"bulk": covered("2020-01", "2026-10")}, "yyyyyy"),
    # A year looks back on all its months.
    ("deaths-all-causes", {"register": covered("2025-08", "2026-10")}, "--yyyy"),
    ("flu-vaccination-65", {"gp": covered("2025-08", "2026-10")}, "--yyyy"),
    ("deaths-all-causes", {"register": covered("2020-01", "2026-10", "2025-08")}, "---yyy"),
    # All feeds that it needs.
    ("well-at-home", {"ecds": covered("2020-01", "2026-10"), "sus-apc": covered("2020-01", "2026-07")}, "yyy---"),
    # What follows within so many days must be over.
    ("readmissions-30-days", {"sus-apc": covered("2020-01", "2026-10")}, "yyyyy-"),
]


@pytest.mark.parametrize(("measure", "coverage", "expected"), COVERED)
def test_a_month_has_data_when_every_feed_sent_all_that_the_measure_looks_back_on(
    measure: str, coverage: dict[str, object], expected: str
) -> None:
    found = has_data(definition_of(measure), coverage, MONTHS, DAY)
    assert "".join("y" if one else "-" for one in found) == expected


def test_how_far_a_measure_looks() -> None:
    assert months_looked_back(definition_of("emergency-attendances")) == 1
    assert months_looked_back(definition_of("hypertension-controlled")) == 12
    assert months_looked_back(definition_of("smoking-status-recorded")) == 24
    assert days_looked_ahead(definition_of("seen-after-emergency-stay")) == 14


def test_a_month_without_data_says_so_and_has_no_number() -> None:
    shown = figures()
    rows = shown[
        (shown["measure"] == "social-care-assessments") & (shown["breakdown"] == "all") & (shown["area"] == "QM7")
    ]
    assert len(rows) == 36
    assert set(rows["status"]) == {"no data for the month"}
    assert rows[["numerator", "denominator", "value", "lower", "upper"]].isna().all(axis=None)


def test_nobody_in_the_denominator_is_no_nought() -> None:
    shown = figures()
    rows = shown[(shown["denominator"] == 0) & (shown["status"] != "no data for the month")]
    assert len(rows) > 0
    assert rows["value"].isna().all()
    assert set(rows["status"]) == {"nobody in the denominator"}


def test_small_counts_are_suppressed_and_rounded_to_five() -> None:
    shown = figures()
    counts = shown["numerator"].dropna().astype(int)
    assert (counts % 5 == 0).all()
    assert not counts.between(1, 7).any()
    assert (shown["status"] == "suppressed").any()
    hidden = shown[shown["status"] == "suppressed"]
    assert hidden["value"].isna().all()


def test_a_standardised_rate_is_given_from_ten_events_on() -> None:
    shown = figures()
    rows = shown[(shown["measure"] == "emergency-admissions") & shown["standardised"].notna()]
    assert len(rows) > 0
    for _, row in rows.iterrows():
        month = row["month"].year * 12 + row["month"].month - 1
        assert raw("emergency-admissions", row["area"], month, row["breakdown"], row["band"])["numerator"] >= 10
    few = shown[(shown["measure"] == "emergency-admissions") & (shown["numerator"] == 0)]
    assert few["standardised"].isna().all()
    # Where the counts are shown and the rate is not, it says why; no standardised rate stands beside a reason.
    own = shown[shown["measure"] == "emergency-admissions"]
    too_few = own[own["standardised_status"] == "too few events"]
    assert len(too_few) > 10
    assert too_few["standardised"].isna().all()
    assert too_few["numerator"].notna().all()
    events = [
        raw("emergency-admissions", one.area, one.month.year * 12 + one.month.month - 1, one.breakdown, one.band)
        for one in too_few.itertuples()
    ]
    assert all(one["numerator"] in {0, 8, 9} for one in events)
    assert set(own["standardised_status"]) == {"", "too few events"}
    without = shown[shown["measure"] == "core20"]
    assert set(without["standardised_status"]) == {""}


def test_a_standardised_rate_of_too_few_events_says_so_in_words() -> None:
    scale = Scale("rate", "for 1,000 people", 1000.0)
    row = {"measure": "m", "month": date(2026, 10, 1), "area_kind": "practice", "area": "Y1", "numerator": 10,
           "denominator": 500, "value": 20.0, "standardised": float("nan")}  # fmt: skip
    (few,) = read([{**row, "standardised_status": "too few events"}])
    assert few.standardised_said(scale) == "too few events"
    assert figure_row(few, scale)["standardised_said"] == "too few events"
    (older,) = read([{**row, "standardised_status": float("nan")}])
    assert older.standardised_said(scale) == ""
    (given,) = read([{**row, "standardised": 21.0, "standardised_lower": 9.0, "standardised_upper": 33.0}])
    assert given.standardised_said(scale) == "21.0 (9.0 to 33.0)"


def test_practices_have_no_figures_of_residents() -> None:
    shown = figures()
    rows = shown[(shown["measure"] == "core20") & (shown["area_kind"] == "practice")]
    assert set(rows["status"]) == {"not collected"}


def test_every_reason_is_one_of_those_that_are_known() -> None:
    # What disclosure control says in a value's place stands beside them.
    assert set(figures()["status"]) <= {*STATUSES, "≥ 95%", "≤ 5%"}
    shown = figures()
    assert (shown["value"].notna() | (shown["status"] != "")).all()


def test_a_measure_that_is_not_collected_is_not_counted() -> None:
    with pytest.raises(RuleError, match=r"is not collected\. No feed brings the stage"):
        compute(snapshot(), [definition_of("early-cancer-stage")])
