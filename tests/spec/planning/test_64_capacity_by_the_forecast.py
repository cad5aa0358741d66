"""Capacity by the forecast: the system's forecast of each point of delivery, shared as the plans share it."""

from __future__ import annotations

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.planning.capacity import forecast_demand
from joinedup.planning.capacity.forecast_demand import (
    LOWER,
    POINT,
    UPPER,
    Expected,
    as_forecast,
    beside_forecast,
    expected_in,
)

# Planned in a month, multiplied by 10 already: two hospitals.
PLANNED = {("RWG", "NEL"): 600.0, ("RWH", "NEL"): 400.0, ("RWG", "AE1"): 900.0, ("RWH", "AE3"): 100.0,
           ("RWG", "MAT"): 30.0}  # fmt: skip
EXPECTED: dict[str, Expected | str] = {
    "NEL": Expected(110, 90, 130), "AE": Expected(80, 80, 80, is_counted=True),
    "MAT": "ME10: 13 of 27 months are hidden.",
    "VAC": Expected(5, 4, 6),
}  # fmt: skip


def test_each_provider_keeps_its_planned_share_of_what_the_system_expects() -> None:
    beside = beside_forecast(PLANNED, EXPECTED, 10)
    assert [(one.pods, one.planned, one.share()) for one in beside] == [
        (("AE1", "AE3"), 1000.0, 0.8), (("MAT",), 30.0, 1.0), (("NEL",), 1000.0, 1.1),
    ]  # fmt: skip
    made = as_forecast(PLANNED, beside)
    assert made == pytest.approx({
        ("RWG", "NEL"): 660, ("RWH", "NEL"): 440, ("RWG", "AE1"): 720, ("RWH", "AE3"): 80, ("RWG", "MAT"): 30,
    })  # fmt: skip
    nel = {which: as_forecast(PLANNED, beside, which)["RWG", "NEL"] for which in (LOWER, POINT, UPPER)}
    assert nel == pytest.approx({LOWER: 540, POINT: 660, UPPER: 780})


def test_what_cannot_be_forecast_stays_as_planned_and_says_why() -> None:
    (mat,) = [one for one in beside_forecast(PLANNED, EXPECTED, 10) if one.pods == ("MAT",)]
    assert (mat.expected, mat.why) == (None, "ME10: 13 of 27 months are hidden.")
    (only,) = beside_forecast({("RWG", "COM"): 5.0}, EXPECTED)
    assert "No activity of it is collected" in only.why
    (none,) = beside_forecast({("RWG", "NEL"): 0.0}, EXPECTED)
    assert none.share() == 1, "nothing is planned, so there is no share to keep"


def test_a_month_is_counted_or_forecast_or_too_far(monkeypatch: pytest.MonkeyPatch) -> None:
    series: dict[str, dict[str, Expected] | str] = {
        "NEL": {"2026-10": Expected(9, 9, 9, is_counted=True)}, "EL": "too short",
    }  # fmt: skip
    monkeypatch.setattr(
        forecast_demand, "points", lambda snapshot: {"NEL": ("", ""), "EL": ("", ""), "AE": ("", ""), "VAC": ("", "")}
    )
    monkeypatch.setattr(forecast_demand, "_made", lambda snapshot: "made")
    monkeypatch.setattr(forecast_demand, "_series", lambda pod, snapshot, made: series[pod])
    assert expected_in("2026-10", ["NEL", "EL", "XX"]) == {"NEL": Expected(9, 9, 9, is_counted=True), "EL": "too short"}
    series["AE"] = "too short as well"
    assert expected_in("2026-10", ["AE1", "AE3"]) == {"AE": "too short as well"}, "nothing else is forecast"
    assert "more than 24 months after" in str(expected_in("2031-10", ["NEL"])["NEL"])


@pytest.mark.parametrize("error", [RuleError("ME10: too short"), NotFound("nothing of it")], ids=["short", "nothing"])
def test_a_series_that_cannot_be_forecast_says_why(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr(forecast_demand, "outlook", refuse)
    assert forecast_demand._series("EL", "latest", f"test {error}") == str(error)
