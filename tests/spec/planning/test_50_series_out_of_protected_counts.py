"""A series to forecast from: hidden months filled or refused, gaps and copies left out and named, scenarios read.

| months | used as |
|---|---|
| a count | trained on |
| hidden, between two counts | filled with the mean of both |
| the same in more series than by chance | repeated, and left out |
| without data | the months after it are taken |
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from joinedup.planning import LeverError, TooShort
from joinedup.planning.demand.levers import ShiftToCommunity, ShorterStay
from joinedup.planning.demand.population_growth import growth_of, mid_years, projected
from joinedup.planning.demand.protected_series import (
    COPIED,
    EARLIER,
    FILLED,
    HIDDEN,
    NO_DATA,
    TRAINED,
    copied_months,
    history_of,
)
from joinedup.planning.demand.scenario import Scenario, read_scenario
from joinedup.planning.demand.series import month_after

START = date(2023, 11, 1)
MONTHS = tuple(month_after(START, n) for n in range(36))
COUNTS: tuple[float | None, ...] = tuple(float(100 + n) for n in range(36))


def made(counts: Any = COUNTS, known: Any = MONTHS, **more: Any) -> Any:
    return history_of(MONTHS, counts, "OPFA", known=known, **more)


def but(**hidden: None) -> list[float | None]:
    return [None if f"m{n}" in hidden else count for n, count in enumerate(COUNTS)]


def test_every_count_is_trained_on_where_all_are_given() -> None:
    history = made()
    assert history.series.values == COUNTS
    assert history.series.start == START
    assert {one.use for one in history.months} == {TRAINED}


def test_a_hidden_month_between_two_is_filled_with_their_mean_and_named() -> None:
    history = made(but(m10=None))
    assert history.series.values[10] == (109 + 111) / 2
    assert history.used_as(FILLED) == (MONTHS[10],)


def test_a_series_neither_begins_nor_ends_with_a_hidden_month() -> None:
    history = made(but(m0=None, m35=None))
    assert history.series.months == MONTHS[1:35]
    assert history.used_as(HIDDEN) == (MONTHS[0], MONTHS[35])


def test_more_than_a_sixth_hidden_is_refused_with_the_way_out() -> None:
    hidden = dict.fromkeys([f"m{n}" for n in range(2, 30, 4)], None)
    with pytest.raises(TooShort, match=r"7 of 36 months of OPFA are hidden .* Choose something larger"):
        made(but(**hidden))


def test_a_month_without_data_ends_the_series_and_those_after_it_are_taken() -> None:
    known = [month for month in MONTHS if month != MONTHS[5]]
    history = made(known=known)
    assert history.series.months == MONTHS[6:]
    assert history.used_as(NO_DATA) == (MONTHS[5],)
    assert history.used_as(EARLIER) == MONTHS[:5]


def test_too_few_months_say_what_became_of_the_others() -> None:
    with pytest.raises(TooShort, match=r"16 months in a row .*20 of 36 months have no data.*at least 27"):
        made(known=MONTHS[20:])


def test_both_of_two_repeated_months_are_left_out() -> None:
    history = made(repeats=[(MONTHS[2], MONTHS[4], 1.0)])
    assert history.used_as(COPIED) == (MONTHS[2], MONTHS[4])
    assert history.series.months == MONTHS[5:]


def test_a_copied_month_is_found_among_series_rounded_to_five() -> None:
    rng = np.random.default_rng(1)
    table = {f"s{n}": [float(5 * round(v / 5)) for v in rng.normal(60 + 10 * n, 12, 36)] for n in range(12)}
    assert copied_months(table, MONTHS) == []
    for values in table.values():
        values[28] = values[16]
    assert copied_months(table, MONTHS) == [(MONTHS[16], MONTHS[28], 1.0)]


def test_small_rounded_series_that_are_often_equal_say_nothing() -> None:
    rng = np.random.default_rng(2)
    table: dict[str, list[float | None]] = {f"s{n}": [float(5 * (2 + v)) for v in rng.integers(0, 2, 36)]
                                            for n in range(4)}  # fmt: skip
    equal = sum(all(row[a] == row[b] for row in table.values()) for a in range(36) for b in range(a))
    assert equal > 10  # pairs of months that are the same in all four series, by chance
    assert copied_months(table, MONTHS) == []


# --- people ---------------------------------------------------------------------------------------------------------

PEOPLE = {date(2024, 6, 1): 1000.0, date(2024, 9, 1): 1005.0, date(2025, 6, 1): 1020.0, date(2026, 6, 1): 1040.4}


def test_growth_a_year_is_between_the_first_and_the_last_mid_year() -> None:
    assert mid_years(PEOPLE) == {2024: 1000.0, 2025: 1020.0, 2026: 1040.4}
    assert growth_of(PEOPLE) == pytest.approx(2.0)
    assert growth_of({date(2024, 6, 1): 1000.0}) is None


def test_the_future_grows_from_the_last_mid_year_counted() -> None:
    index = projected(PEOPLE, "pa", 10.0).index("pa", [date(2027, 7, 1)], base=date(2026, 7, 1))
    assert index[0] == pytest.approx(1.1, abs=0.005)  # months stand at their middle, years at 1 July
    with pytest.raises(ValueError, match="not counted in the middle of 2025"):
        projected({date(2024, 6, 1): 1.0, date(2026, 6, 1): 1.0}, "pa", 1.0)
    with pytest.raises(ValueError, match="nobody counted the people"):
        projected({}, "pa", 1.0)


# --- scenarios ------------------------------------------------------------------------------------------------------


def test_an_empty_form_changes_nothing() -> None:
    typed = read_scenario({}, "NEL")
    assert typed.scenario == Scenario()
    assert not Scenario().is_tried
    assert Scenario().levers("NEL", START) == ()


def test_a_form_becomes_levers_on_the_one_point_of_delivery() -> None:
    sent = {"stay": "10%", "shift": " 2.5 ", "contacts": "3", "full_after": "6", "growth": "0"}
    scenario = read_scenario(sent, "NEL").scenario
    assert scenario == Scenario(stay=10, shift=2.5, contacts=3, growth=0, full_after=6)
    stay, shift = scenario.levers("NEL", START)
    assert isinstance(stay, ShorterStay)
    assert isinstance(shift, ShiftToCommunity)
    assert (stay.pods, stay.from_month, stay.full_from) == (("NEL",), START, date(2024, 4, 1))
    assert (shift.percent, shift.contacts_per_case) == (2.5, 3)


@pytest.mark.parametrize(
    ("sent", "pod", "box", "says"),
    [
        ({"prevention": "five"}, "NEL", "prevention", "must be a number"),
        ({"prevention": "nan"}, "NEL", "prevention", "must be a number"),
        ({"prevention": "101"}, "NEL", "prevention", "between 0 and 100"),
        ({"growth": "-21"}, "NEL", "growth", "between -20 and 20"),
        ({"full_after": "1.5"}, "NEL", "full_after", "whole number"),
        ({"stay": "5"}, "OPFA", "stay", "Only stays in hospital"),
        ({"shift": "5"}, "COM", "shift", "in the community already"),
    ],
    ids=["word", "nan", "over", "shrinks", "half", "no-stay", "community"],
)
def test_what_is_wrong_is_said_by_its_field(sent: dict[str, str], pod: str, box: str, says: str) -> None:
    typed = read_scenario(sent, pod)
    assert typed.scenario is None
    assert list(typed.errors) == [box]
    assert says in typed.errors[box]


def test_the_rule_itself_refuses_what_the_form_did_not_look_at() -> None:
    with pytest.raises(LeverError, match="which have none"):
        Scenario(stay=5).levers("OPFA", START)
