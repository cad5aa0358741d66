"""The trend of a measure: points, icons with their texts, gaps that are named; drawn from values."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from joinedup.measures.charts.icons import icon_of
from joinedup.measures.charts.spc_chart import Point, gaps_said, icon_svg, notes_on, spc_spec, spc_summary
from joinedup.measures.charts.trend import Trend, months_covered, trends
from joinedup.measures.figure import Figure
from joinedup.ui.charts import draw

from .drawn_results import DEFINITIONS

PRESSURE, ADMISSIONS = DEFINITIONS["high-blood-pressure"], DEFINITIONS["emergency-admissions"]


def month(number: int) -> date:
    return date(2023 + number // 12, number % 12 + 1, 1)


def series(values: list[Any]) -> list[Figure]:
    """A month each: a number, None for no data, `*` for suppressed."""
    return [
        Figure("m", month(n), "place", "PA", value=None if isinstance(v, str) or v is None else float(v),
               status="suppressed" if v == "*" else "no data for the month" if v is None else "")
        for n, v in enumerate(values)
    ]  # fmt: skip


def trend_of(values: list[Any], one: Any = PRESSURE) -> Trend:
    return trends([(one, series(values))])[one.id]


# The rule book's chart A (PD15): only 66 is flagged, limits 44.8088 to 58.8912.
CHART_A = [50, 53, 49, 52, 51, 54, 50, 52, 48, 51, 53, 50, 52, 49, 66, 51, 52, 50, 53, 51]


def test_points_and_limits_are_those_of_the_rule_book() -> None:
    points = trend_of(CHART_A).points
    assert [point.value for point in points if point.variation != "common cause"] == [66.0]
    assert points[0].lower == pytest.approx(44.8088, abs=5e-5)
    assert points[0].upper == pytest.approx(58.8912, abs=5e-5)


def test_the_icon_is_that_of_the_last_point_and_earlier_signals_are_told() -> None:
    found = trend_of([*CHART_A[:15], 51, 52, 50])
    summary = spc_summary(found.points, icon=icon_of(found.variation, found.direction), assurance=None)
    assert found.variation == "common cause"
    assert summary == "June 2024: 50.0%; no significant change. Recent signals: March 2024."


# values rising at the end are worse where lower is better, and better where higher is
def test_the_direction_that_is_good_decides_between_concern_and_improvement() -> None:
    rising = [*[10, 11] * 8, 16]
    assert trend_of(rising, ADMISSIONS).variation == "concern"
    assert trend_of(rising, DEFINITIONS["blood-pressure-treated"]).variation == "improvement"


# what is counted, and how many months each point covers
COVERED = [
    (PRESSURE, 1),
    (replace(ADMISSIONS, months=12), 12),
    (replace(PRESSURE, numerator=("had systolic measured in the 12 months",)), 12),
    (replace(PRESSURE, without=("had an emergency admission in the 2 years",)), 24),
    (replace(PRESSURE, numerator=("had systolic measured in the month",)), 1),
]


@pytest.mark.parametrize(("one", "months"), COVERED)
def test_points_that_share_their_data_are_drawn_without_limits_and_signals(one: Any, months: int) -> None:
    assert months_covered(one) == months
    found = trend_of([*[50, 51] * 8, "*", 60, 61, 62, 63, 64, 65, 66, 67], one)
    assert (found.overlap > 0) == (months > 1)
    assert (found.variation == "concern") == (months == 1)
    notes = notes_on(found.points, kind=one.kind, overlap=found.overlap)
    said = f"each point covers {months} months that overlap with its neighbours'"
    assert any(said in note for note in notes) == (months > 1)
    if months > 1:
        assert (found.variation, found.direction, found.assurance) == ("", "", "")
        assert all((point.mean, point.lower, point.signal) == (None, None, "") for point in found.points)
        assert notes[1:] == ["Left out (suppressed): May 2024."]
        summary = spc_summary(found.points, icon=icon_of(found.variation), assurance=None)
        assert summary == f"January 2025: {found.points[-1].shown}. Left out (suppressed): May 2024."
        assert ">limit</text>" not in draw(json.dumps(spc_spec(found.points, title="%", target=60.0)), "Trend")


def test_months_without_a_value_keep_their_place_and_say_why() -> None:
    found = trend_of([50, 53, "*", 52, None, 54, 50, 52])
    assert [point.value is None for point in found.points] == [False, False, True, False, True, False, False, False]
    assert gaps_said(found.points) == [
        "Left out (suppressed): March 2023.",
        "Left out (no data for the month): May 2023.",
    ]
    spec = spc_spec(found.points, title="%")
    rows = spec["data"]["values"]
    assert [row["mark"] for row in rows if row["value"] is None] == ["*", "–"]
    # The line is broken: points on both sides of a gap belong to different lines.
    assert [row["unbroken"] for row in rows if row["value"] is not None] == [1, 1, 2, 3, 3, 3]


def test_a_series_with_one_value_has_no_trend() -> None:
    assert trends([(PRESSURE, series([None, 50, "*"]))]) == {}


def test_thin_data_are_told() -> None:
    said = notes_on(trend_of([50, 53, 51]).points, kind="rate", counts=[2, 3, 4])
    assert said[0].startswith("The limits are provisional: they rest on 3 months")
    assert any("counts are small" in note for note in said)
    assert "The mean of monthly values is not the value of the year." in said
    flat = notes_on(trend_of([50] * 20).points, kind="mean")
    assert flat == ["No variation: all months have the same value, so that nothing can signal."]


# variation      direction  target told as   letter or sign in the picture
ICONS = [
    ("common cause", "", "∿"), ("improvement", "high", "H"), ("improvement", "low", "L"), ("concern", "high", "H"),
    ("concern", "low", "L"), ("neutral", "high", "↑"), ("neutral", "low", "↓"), ("pass", "", "P"), ("fail", "", "F"),
    ("hit or miss", "", "?"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "direction", "sign"), ICONS)
def test_an_icon_has_a_letter_and_a_text(name: str, direction: str, sign: str) -> None:
    icon = icon_of(name, direction)
    assert icon is not None
    assert f">{sign}</text>" in icon_svg(icon)
    assert icon.text


def test_what_is_urgent_comes_first() -> None:
    failing = Trend([], "concern", "high", "fail")
    far = Trend([Point(month(0), 20.0, "20", 10.0, 5.0, 15.0, "concern", "high")], "concern", "high", "")
    near = Trend([Point(month(0), 16.0, "16", 10.0, 5.0, 15.0, "concern", "high")], "concern", "high", "")
    assert sorted([near, far, failing], key=lambda trend: trend.urgency) == [failing, far, near]


def test_shapes_say_what_colours_say_and_the_chart_can_be_drawn() -> None:
    found = trend_of([*[10, 11] * 8, "*", 16], ADMISSIONS)
    spec = spc_spec(found.points, title="for 1,000 people", target=8.0)
    layer = next(one for one in spec["layer"] if "shape" in one.get("encoding", {}))
    shapes, colours = (layer["encoding"][sign]["scale"]["range"] for sign in ("shape", "color"))
    assert len(shapes) == len(set(shapes)) == len(set(colours)) == 2
    svg = draw(json.dumps(spec), "Trend")
    assert "Significant change for the worse, high" in svg
    assert ">*</text>" in svg
    assert ">target</text>" in svg
