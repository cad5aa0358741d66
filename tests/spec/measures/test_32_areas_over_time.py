"""Dated areas: a figure of a month is of what belonged to the area then, and a merger changes no sum."""

from __future__ import annotations

from datetime import date

import numpy as np
from tests.spec.measures.made_measures import SAMPLE, computed, figures, raw

from joinedup.measures.dated_areas import Belonging, DatedAreas, Life, parts

MERGED = 2025 * 12 + 3  # PA and PB became PD on 1 April 2025
LAST = 2026 * 12 + 9
BEGAN = date(2010, 4, 1)
DAYS = [date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)]
MAY = date(2025, 4, 1)


def drawn() -> tuple[DatedAreas, list[Belonging]]:
    """Two places that become one, a practice that goes into another, a month before and after."""
    lives = [
        Life("S", "system", "System", ((BEGAN, None, None),), None),
        Life("A", "place", "A", ((BEGAN, MAY, "S"),), "D"),
        Life("B", "place", "B", ((BEGAN, MAY, "S"),), "D"),
        Life("D", "place", "D", ((MAY, None, "S"),), None),
        Life("Y1", "practice", "One", ((BEGAN, None, "A"),), None),
        Life("Y2", "practice", "Two", ((BEGAN, MAY, "B"),), "Y1"),
    ]
    return DatedAreas(lives, DAYS), [
        Belonging("Y1", (("system", "S"), ("place", "A"), ("practice", "Y1")), BEGAN, MAY),
        Belonging("Y1", (("system", "S"), ("place", "D"), ("practice", "Y1")), MAY, None),
        Belonging("Y2", (("system", "S"), ("place", "B"), ("practice", "Y2")), BEGAN, MAY),
    ]


def test_an_area_that_became_another_is_counted_in_its_successor_too() -> None:
    areas, belongings = drawn()
    tally = np.array([[[100, 110, 170]], [[50, 60, 0]]])  # Y1 and Y2, February to April
    summed = areas.sums(areas.memberships(["Y1", "Y2"], belongings), tally)[:, 0]
    found = {life.code: summed[n].tolist() for n, life in enumerate(areas.lives)}
    assert found["S"] == [150, 170, 170]
    assert found["A"] == [100, 110, 0]
    assert found["B"] == [50, 60, 0]
    assert found["D"] == [150, 170, 170]
    assert found["Y1"] == [150, 170, 170]  # Practice two went into it whole.
    assert found["Y2"] == [50, 60, 0]


def test_an_area_has_no_figure_before_it_or_what_it_came_from_was_there_nor_after_its_end() -> None:
    areas, _ = drawn()
    has = {life.code: areas.has_figure[n].tolist() for n, life in enumerate(areas.lives)}
    assert has["D"] == [True, True, True]
    assert has["A"] == [True, True, False]


def test_parts_add_up_to_their_whole_month_by_month() -> None:
    areas, belongings = drawn()
    tally = np.array([[[100, 110, 170]], [[50, 60, 0]]])
    summed = areas.sums(areas.memberships(["Y1", "Y2"], belongings), tally)[:, 0]
    value = {life.code: summed[n].tolist() for n, life in enumerate(areas.lives)}
    # What practice one had alone has no figure; the sums say what it must have been.
    value["Y1 alone"] = value["Y1 alone, undivided"] = [100, 110, None]
    links = parts(areas, belongings)
    assert {("A", "D", "became", 0, 1), ("Y2", "Y1", "became", 0, 1), ("Y1 alone", "A", "", 0, 1)} <= set(links)
    assert ("Y1", "D", "", 2, 2) in links
    checked = 0
    for whole, family in {(whole, family) for _, whole, family, _, _ in links}:
        for month in range(3):
            inside = [
                area for area, of, way, first, last in links if (of, way) == (whole, family) and first <= month <= last
            ]
            if inside:
                assert sum(value[area][month] for area in inside) == value[whole][month], (whole, month)
                checked += 1
    assert checked == 14


def test_figures_before_and_after_a_merger_agree() -> None:
    for measure in SAMPLE:
        if raw(measure, "PD", LAST)["why"] and raw(measure, "PD", MERGED - 1)["why"]:
            continue
        before = {code: raw(measure, code, MERGED - 1) for code in ("PA", "PB", "PD", "NA1", "NA2", "NB1", "NB2")}
        for column in ("numerator", "denominator"):
            parts_of_it = before["PA"][column] + before["PB"][column]
            # Averages over a year are rounded to whole people for each area.
            assert abs(before["PD"][column] - parts_of_it) <= 1, (measure, column)
            hoods = sum(before[code][column] for code in ("NA1", "NA2", "NB1", "NB2"))
            assert abs(before["PD"][column] - hoods) <= 2, (measure, column)


def test_after_its_end_an_area_did_not_exist_and_its_successor_goes_on() -> None:
    assert raw("emergency-admissions", "PA", MERGED)["why"] == "the area did not exist then"
    shown = figures()
    rows = shown[(shown["measure"] == "emergency-admissions") & (shown["area"] == "PA")]
    after = rows[[month >= date(2025, 4, 1) for month in rows["month"]]]
    assert set(after["status"]) == {"the area did not exist then"}
    assert after[["numerator", "denominator", "value"]].isna().all(axis=None)
    assert raw("emergency-admissions", "PD", MERGED)["denominator"] > 0


def test_practices_neighbourhoods_and_places_add_up_to_the_system() -> None:
    counts = computed().counts
    one = counts[(counts["measure"] == "emergency-admissions") & (counts["breakdown"] == "all") & (counts["why"] == "")]
    for month in (LAST, MERGED - 1):
        rows = one[one["month"] == month]
        system = rows[rows["area_kind"] == "system"].iloc[0]
        for kind in ("practice", "neighbourhood"):
            assert rows[rows["area_kind"] == kind]["denominator"].sum() == system["denominator"]
        now = rows[(rows["area_kind"] == "place") & ~rows["area"].isin(["PA", "PB"])]
        assert now["numerator"].sum() == system["numerator"]
