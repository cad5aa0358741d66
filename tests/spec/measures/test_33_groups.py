"""Breakdowns: groups add up to their total, nobody is dropped, and numerators are of their denominators."""

from __future__ import annotations

import pytest
from tests.spec.measures.made_measures import SAMPLE, computed, raw

from joinedup.measures.tallying import BANDS

LAST = 2026 * 12 + 9
BREAKDOWNS = ("sex", "age_band", "ethnic_group", "deprivation_national", "deprivation_local")


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_the_groups_of_the_system_add_up_to_it_in_every_month(breakdown: str) -> None:
    counts = computed().counts
    rows = counts[(counts["area_kind"] == "system") & (counts["why"] == "")]
    grouped = rows[rows["breakdown"] == breakdown].groupby(["measure", "month"])
    total = rows[rows["breakdown"] == "all"].set_index(["measure", "month"])
    for column in ("numerator", "denominator"):
        summed = grouped[column].sum()
        yearly = summed.index.get_level_values("measure") == "deaths-all-causes"
        off = (summed - total[column]).abs()
        assert (off[~yearly] == 0).all(), (breakdown, column)
        # Averages over a year are rounded for each group.
        assert (off[yearly] <= len(BANDS)).all()


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_a_place_has_groups_in_the_last_month_with_data_and_they_add_up(breakdown: str) -> None:
    counts = computed().counts
    rows = counts[(counts["area"] == "PD") & (counts["breakdown"] == breakdown) & (counts["why"] == "")]
    assert set(rows["measure"]) == set(SAMPLE) - {"social-care-assessments"}
    for measure, of in rows.groupby("measure"):
        # What happens after a stay is not known yet for the last month.
        last = LAST - 1 if measure in {"readmissions-30-days", "seen-after-emergency-stay"} else LAST
        assert set(of["month"]) == {last}, measure
        if measure != "deaths-all-causes":
            assert of["denominator"].sum() == raw(str(measure), "PD", last)["denominator"], measure


def test_who_has_no_ethnic_group_or_small_area_is_unknown_and_not_dropped() -> None:
    assert raw("emergency-admissions", "QM7", LAST, "ethnic_group", "Unknown")["denominator"] > 0
    assert raw("emergency-admissions", "QM7", LAST, "deprivation_national", "Unknown")["denominator"] > 0


def test_a_numerator_is_never_more_than_its_denominator() -> None:
    counts = computed().counts
    shares = [one.id for one in computed().measures if one.kind == "proportion"]
    rows = counts[counts["measure"].isin(shares) & (counts["why"] == "")]
    assert len(rows) > 1000
    assert (rows["numerator"] <= rows["denominator"]).all()


def test_ages_that_a_measure_is_not_about_are_no_groups_of_it() -> None:
    counts = computed().counts
    rows = counts[(counts["measure"] == "flu-vaccination-65") & (counts["breakdown"] == "age_band")]
    assert set(rows["band"]) == {"65-69", "70-74", "75-79", "80-84", "85-89", "90+"}


def test_every_measure_of_the_sample_was_counted() -> None:
    assert set(computed().counts["measure"]) == set(SAMPLE)


def test_the_planted_gradient_is_found_by_deprivation() -> None:
    poor, rich = (
        raw("emergency-admissions", "QM7", month, "deprivation_local", band)
        for month, band in ((LAST, "1"), (LAST, "5"))
    )
    assert poor["denominator"] > 100
    months = range(LAST - 35, LAST + 1)

    def events(band: str) -> float:
        rows = [raw("emergency-admissions", "QM7", month, "deprivation_local", band) for month in months]
        return float(sum(row["numerator"] for row in rows) / sum(row["denominator"] for row in rows))

    assert events("1") > 1.2 * events("5")
    assert rich["denominator"] > 100
