"""The funnel, the spine and the gradient as values: what they draw, and that their labels are those of the tables."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from joinedup.measures.charts.funnel_chart import SIGNIFICANCE, funnel_spec, funnel_summary
from joinedup.measures.charts.funnel_points import funnel_of
from joinedup.measures.charts.gradient_chart import Bar, gradient_spec, gradient_summary, slope_said
from joinedup.measures.charts.inequality_said import slope_of
from joinedup.measures.charts.spine_chart import LETTERS, Row, placed, spine_summary, spine_svg
from joinedup.measures.figure import Figure
from joinedup.ui.charts import draw

from .drawn_results import DEFINITIONS

PRESSURE, ADMISSIONS = DEFINITIONS["high-blood-pressure"], DEFINITIONS["emergency-admissions"]


def area(code: str, seen: int | None, people: int, scale: float = 100.0) -> Figure:
    value = None if seen is None else seen / people * scale
    return Figure("m", date(2026, 10, 1), "practice", code, numerator=seen, denominator=people, value=value,
                  status="suppressed" if seen is None else "")  # fmt: skip


# --- funnel --------------------------------------------------------------------------------------------------------

# The rule book's points (PD12): pooled 505 of 2,620.
AREAS = [area("A", 18, 120), area("B", 96, 450), area("C", 301, 1600), area("D", 70, 240), area("E", 20, 210)]


def test_significance_is_that_of_the_rule_book_and_stars_are_not_drawn() -> None:
    found = funnel_of(PRESSURE, [*AREAS, area("F", None, 100)], {"D": "Dale"}, "A")
    assert found is not None
    assert {dot.code: dot.significance for dot in found.dots} == {
        "A": "not_significant", "B": "not_significant", "C": "not_significant", "D": "high_998", "E": "low_998",
    }  # fmt: skip
    assert found.average == pytest.approx(19.274809)
    assert funnel_summary(found.dots, kind_many="practices", left_out=1) == (
        "2 of 5 practices lie beyond the 99.8% limits; of areas that do not differ, 2 in 1,000 would. "
        "A (ringed): 15.0%, within the limits. 1 is not drawn, because no figure may be shown."
    )


def test_a_rate_s_limits_narrow_with_size() -> None:
    found = funnel_of(ADMISSIONS, [area("A", 40, 5000, 1000.0), area("B", 90, 9000, 1000.0)], {}, "")
    assert found is not None
    upper = found.curves["upper 95%"]
    assert all(after < before for (_, before), (_, after) in pairwise(upper))


def test_no_events_make_no_funnel() -> None:
    assert funnel_of(ADMISSIONS, [area("A", 0, 500), area("B", 0, 900)], {}, "") is None
    assert funnel_of(PRESSURE, [area("A", None, 500)], {}, "") is None


def test_rounding_a_count_above_its_whole_does_not_break_the_funnel() -> None:
    assert funnel_of(PRESSURE, [area("A", 20, 15), area("B", 90, 900)], {}, "") is not None


def test_the_funnel_names_who_is_outside_and_who_was_asked_for() -> None:
    found = funnel_of(PRESSURE, AREAS, {"A": "Ash", "B": "Birch", "D": "Dale", "E": "Elm"}, "A")
    assert found is not None
    spec = funnel_spec(found.dots, found.curves, average=found.average, title="%", size_title="People")
    svg = draw(json.dumps(spec), "Funnel")
    assert all(f">{name}</text>" in svg for name in ("Ash", "Dale", "Elm"))
    assert ">Birch</text>" not in svg
    assert len({shape for _, _, shape in SIGNIFICANCE.values()}) == len(SIGNIFICANCE)


# --- spine ---------------------------------------------------------------------------------------------------------


def row(**given: Any) -> Row:
    usual: dict[str, Any] = {
        "title": "A measure", "value": 12.0, "shown": "12.0%", "system": 10.0, "system_shown": "10.0%", "lowest": 8.0,
        "low_quarter": 9.0, "high_quarter": 11.0, "highest": 14.0, "polarity": "increase", "verdict": "better",
    }  # fmt: skip
    return Row(**(usual | given))


def test_the_system_stands_in_the_middle_and_the_farthest_area_at_an_edge() -> None:
    assert placed(row(), 10.0) == 0
    assert placed(row(), 14.0) == 1
    assert placed(row(), 8.0) == -0.5


def test_better_is_to_the_right_whichever_way_that_is() -> None:
    assert placed(row(polarity="decrease"), 8.0) == 0.5
    assert placed(row(polarity="neutral"), 8.0) == -0.5


def test_areas_that_are_all_alike_stand_in_the_middle() -> None:
    assert placed(row(value=10.0, lowest=10.0, highest=10.0), 10.0) == 0.0
    assert placed(row(system=None), 10.0) is None


def test_verdicts_have_letters_of_their_own_and_a_star_stays_a_star() -> None:
    assert len({letter for letter, *_ in LETTERS.values()}) == len(LETTERS)
    rows = [row(), row(title="Hidden", value=None, shown="*", verdict=""), row(verdict="worse")]
    svg = spine_svg(rows, title="Spine")
    assert ">B</text>" in svg
    assert ">W</text>" in svg
    assert ">*</text>" in svg
    assert spine_summary(rows, area="Alder", system="the system") == (
        "Alder against the system, measure by measure: 1 better, 1 worse. 1 without a figure that may be shown."
    )


# --- gradient ------------------------------------------------------------------------------------------------------


def fifths(values: list[float | None], people: list[int]) -> list[Figure]:
    return [
        Figure("m", date(2026, 10, 1), "system", "QM7", "deprivation_local", str(n + 1), denominator=many, value=value,
               lower=None if value is None else value * 0.95, upper=None if value is None else value * 1.055,
               status="" if value is not None else "suppressed")
        for n, (value, many) in enumerate(zip(values, people, strict=True))
    ]  # fmt: skip


PEOPLE = [1800, 2200, 2000, 2400, 1600]


def test_the_slope_is_that_of_the_rule_book() -> None:
    """PD10: rates 620 to 400, fitted on the logarithm: 249.8 (209.2 to 290.8), relative index 0.61 (0.56 to 0.66)."""
    found = slope_of(ADMISSIONS, fifths([620, 540, 480, 450, 400], PEOPLE))
    assert slope_said(found) == (
        "From the most to the least deprived person it falls by 249.8 (209.2 to 290.8) (slope index of inequality); "
        "relative index 0.61 (0.56 to 0.66)."
    )


def test_a_proportion_s_slope_is_in_percentage_points() -> None:
    found = slope_of(PRESSURE, fifths([15.0, 19.0, 22.0, 26.0, 30.0], PEOPLE))
    assert found.direction == "rises by"
    assert found.slope.endswith(" percentage points")


# what is missing                                   why there is no slope
WITHOUT = [
    (fifths([620, 540, None, 450, 400], PEOPLE), "it needs all five fifths, and 3 may not be shown or has no figure."),
    (fifths([620, 540, 480, 450, 400], PEOPLE)[:4], "one of the five fifths has nobody here."),
    (fifths([620, 540, 480, 450, 0.0], PEOPLE), "a fifth is at 0 or at everybody, where no line can be fitted."),
]


@pytest.mark.parametrize(("figures", "why"), WITHOUT, ids=["suppressed", "lacking", "nought"])
def test_a_slope_that_cannot_be_given_says_why(figures: list[Figure], why: str) -> None:
    assert slope_of(ADMISSIONS, figures).why_not == why


def test_bars_are_labelled_with_the_texts_of_the_table() -> None:
    bars = [
        Bar("White", 18.1, 17.0, 19.0, "18.1%"),
        Bar("Mixed", None, None, None, "*"),
        Bar("Asian", 9.9, 9, 11, "9.9%"),
    ]
    svg = draw(json.dumps(gradient_spec(bars, title="%", is_ordered=False)), "Groups")
    assert ">White: 18.1%</text>" in svg
    assert ">Mixed: *</text>" in svg
    assert gradient_summary(bars, is_ordered=False) == ("From 9.9% (Asian) to 18.1% (White). Without a figure: Mixed.")
