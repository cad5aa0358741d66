"""No count of 1 to 7 is in protected activity, and none can be worked out from its tree."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from tests.spec.measures.made_measures import snapshot

from joinedup.measures.activity.counted import Activity, activity_of
from joinedup.measures.activity.protecting import (
    EXCLUDES,
    NO_DATA,
    OTHER,
    joined_bands,
    protect_activity,
    protect_people,
    protect_waits,
)
from joinedup.measures.disclosure.rounding import SUPPRESSED

MONTH = 2026 * 12 + 9


@cache
def raw() -> Activity:
    return activity_of(snapshot())


@cache
def shown() -> pd.DataFrame:
    return protect_activity(raw()).frame


def _activity(rows: list[tuple[Any, ...]], pod: str = "NEL", known: tuple[int, ...] = (MONTH,)) -> Activity:
    """Raw activity of rows (provider, service, place, units, nights), the same in each month."""
    counts = pd.DataFrame(
        [(pod, month, p, s, place, units, units, nights) for month in known for p, s, place, units, nights in rows],
        columns=["pod", "month", "provider", "service", "place", "units", "cases", "nights"],
    )
    empty = pd.DataFrame()
    return Activity(
        "drawn", range(MONTH - 1, MONTH + 1), "QM7", {"PC": "C", "PD": "D"}, counts, empty, empty, empty,
        {pod: frozenset(known)}, {},
    )  # fmt: skip


def _cells(activity: Activity) -> dict[tuple[str, ...], Any]:
    frame = protect_activity(activity).frame
    frame = frame[frame["month"] == date(2026, 10, 1)]
    return {(row["level"], row["provider"] or row["place"], row["service"]): row for row in frame.to_dict("records")}


def test_no_shown_count_is_of_1_to_7_and_every_one_is_a_multiple_of_5() -> None:
    for frame, column in (
        (shown(), "units"),
        (shown(), "amount"),
        (protect_waits(raw()).frame, "pathways"),
        (protect_people(raw()).frame, "people"),
    ):
        told = frame[column].dropna().to_numpy(dtype=np.int64)
        assert len(told) > 100 or column == "amount"
        assert not ((told > 0) & (told <= 7)).any()
        assert (told % 5 == 0).all()


def test_a_month_that_no_feed_tells_of_has_no_number() -> None:
    frame = protect_activity(_activity([("RWG", "100", "PC", 20, 40)])).frame
    before = frame[frame["month"] == date(2026, 9, 1)]
    assert len(before)
    assert set(before["status"]) == {NO_DATA}
    assert before["units"].isna().all()


def test_what_is_hidden_says_so_and_what_is_shown_is_near_the_count() -> None:
    frame = shown()
    assert set(frame["status"]) == {"", SUPPRESSED}
    assert (frame["units"].isna() == (frame["status"] != "")).all()
    counts = raw().counts.groupby(["pod", "provider", "month"])["units"].sum()
    checked = 0
    for row in frame[(frame["level"] == "provider") & (frame["status"] == "")].itertuples():
        if row.pod != "SC":
            true = counts.get((row.pod, row.provider, row.month.year * 12 + row.month.month - 1), 0)
            assert abs(true - row.units) <= 2
            checked += 1
    assert checked > 300


def test_small_services_are_added_up_before_anything_is_hidden() -> None:
    rows = [("R1", "100", "PC", 40, 90), ("R1", "101", "PC", 5, 9), ("R1", "110", "PD", 6, 20)]
    cells = _cells(_activity(rows))
    assert cells["service", "R1", "100"]["units"] == 40
    assert cells["service", "R1", OTHER]["units"] == 10  # 11
    assert cells["provider", "R1", ""]["units"] == 50
    assert ("service", "R1", "101") not in cells


def test_a_small_provider_hides_another_with_it_where_the_total_is_shown() -> None:
    cells = _cells(_activity([("R1", "", "PC", 1, 9), ("R2", "", "PC", 23, 60), ("R3", "", "PD", 60, 200)]))
    assert cells["system", "", ""]["units"] == 85  # 84, from which 60 and 25 would leave 6 at most
    hidden = [one for one in ("R1", "R2", "R3") if cells["provider", one, ""]["status"] == SUPPRESSED]
    assert hidden == ["R1", "R2"]
    assert pd.isna(cells["provider", "R1", ""]["units"])


def test_the_nights_of_1_to_7_stays_are_not_what_is_left_of_a_total() -> None:
    # R1 and R2 are hidden: 24 stays are left of the whole, so that its nights may be told.
    cells = _cells(_activity([("R1", "", "PC", 1, 9), ("R2", "", "PC", 23, 60), ("R3", "", "PD", 60, 200)]))
    assert (cells["system", "", ""]["amount"], cells["system", "", ""]["amount_status"]) == (270, "")
    assert cells["provider", "R3", ""]["amount"] == 200
    assert cells["provider", "R2", ""]["amount_status"] == SUPPRESSED
    # Here 6 stays are left of it: it is the sum of what is given, and says so.
    cells = _cells(_activity([("R1", "", "PC", 3, 9), ("R2", "", "PC", 3, 6), ("R3", "", "PD", 60, 200)]))
    assert (cells["system", "", ""]["amount"], cells["system", "", ""]["amount_status"]) == (200, EXCLUDES)


def test_weeks_of_packages_are_hidden_by_packages_not_by_weeks() -> None:
    rows = [("606", "A", "PC", 0, 0), ("620", "A", "PD", 0, 0)]
    one = _activity(rows, "SC")
    one.counts["units"], one.counts["cases"] = [90, 20], [20, 5]
    cells = _cells(one)
    assert cells["provider", "606", ""]["units"] == 90
    assert cells["provider", "620", ""]["status"] == SUPPRESSED  # 20 weeks of 5 people
    assert cells["system", "", ""]["units"] == 90
    assert cells["system", "", ""]["status"] == EXCLUDES
    assert not [key for key in cells if key[0] == "place"]


def test_a_month_without_data_is_never_0() -> None:
    frame = protect_activity(_activity([("R1", "", "PC", 30, 60)])).frame
    before = frame[frame["month"] == date(2026, 9, 1)]
    assert before[["level", "status"]].to_numpy().tolist() == [["system", NO_DATA]]
    assert before["units"].isna().all()


@pytest.mark.parametrize("seed", range(12))
def test_no_small_count_can_be_worked_out_from_the_tree(seed: int) -> None:
    """Somebody who knows all sums, and every shown count to what rounding leaves, still thinks 1 and 7 possible."""
    rng = np.random.default_rng(seed)
    rows = [
        (provider, service, place, int(rng.choice([0, 1, 3, 6, 9, 14, 30, 60])), 0)
        for provider in ("R1", "R2", "R3")
        for service in ("100", "110", "120")
        for place in ("PC", "PD")
    ]
    activity = _activity(rows)
    cells = _cells(activity)
    keys = list(cells)
    true = _true(activity, keys)
    at = {key: n for n, key in enumerate(keys)}
    bounds = []
    for key in keys:
        units = cells[key]["units"]
        is_small = pd.isna(units) and 0 < true[key] <= 7
        bounds.append(
            (1 if is_small else 0, 7 if is_small else None)
            if pd.isna(units)
            else ((units - 2, units + 2) if units else (0, 0))
        )
    sums = []
    for whole, parts in _sums(keys):
        row = np.zeros(len(keys))
        row[at[whole]] = -1
        row[[at[one] for one in parts]] = 1
        sums.append(row)
    for key in keys:
        if 0 < true[key] <= 7:
            assert pd.isna(cells[key]["units"])
            goal = np.zeros(len(keys))
            goal[at[key]] = 1
            least = linprog(goal, A_eq=np.array(sums), b_eq=np.zeros(len(sums)), bounds=bounds)
            most = linprog(-goal, A_eq=np.array(sums), b_eq=np.zeros(len(sums)), bounds=bounds)
            assert least.fun <= 1 + 1e-6
            assert -most.fun >= 7 - 1e-6


def _true(activity: Activity, keys: list[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    rows, found = activity.counts, {}
    kept = {key[1:] for key in keys if key[0] == "service"}
    services = [s if (p, s) in kept else (OTHER if (p, OTHER) in kept else "") for p, s in
                zip(rows["provider"], rows["service"], strict=True)]  # fmt: skip
    rows = rows.assign(service=services)
    for level, code, service in keys:
        which = np.full(len(rows), True)
        if level in ("provider", "service"):
            which &= (rows["provider"] == code).to_numpy()
        if level == "service":
            which &= (rows["service"] == service).to_numpy()
        if level == "place":
            which &= (rows["place"] == code).to_numpy()
        found[level, code, service] = int(rows.loc[which, "units"].sum())
    return found


def _sums(keys: list[tuple[str, ...]]) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    (whole,) = [key for key in keys if key[0] == "system"]
    found = [(whole, [key for key in keys if key[0] == level]) for level in ("provider", "place")]
    for key in keys:
        if key[0] == "provider":
            found.append((key, [one for one in keys if one[0] == "service" and one[1] == key[1]]))
    return found


def test_bands_of_waits_are_joined_from_above_until_they_are_mostly_8() -> None:
    counts = np.array([[30, 30], [20, 20], [9, 9], [4, 4], [3, 3], [2, 2], [0, 0], [0, 0], [0, 0]])
    assert joined_bands(counts) == [(0, 1), (1, 2), (2, 3), (3, 9)]
    assert joined_bands(np.full((9, 4), 8)) == [(n, n + 1) for n in range(9)]
    assert joined_bands(np.ones((9, 1), dtype=np.int64)) == [(0, 9)]
    few_at_first = np.array([[1], [0], [0], [0], [0], [0], [0], [0], [40]])
    assert joined_bands(few_at_first) == [(0, 9)]


def test_bands_of_waits_add_up_to_the_list_of_their_service() -> None:
    frame = protect_waits(raw()).frame
    bands = frame[frame["level"] == "band"]
    assert len(bands)
    assert set(bands["weeks_from"]) <= {0, 6, 12, 18, 26, 39, 52, 65, 78}
    for (_, _, _), ones in bands.groupby(["provider", "service", "month"]):
        ordered = ones.sort_values("weeks_from")
        assert ordered["weeks_from"].iloc[0] == 0
        assert (ordered["weeks_to"].iloc[:-1].to_numpy() + 1 == ordered["weeks_from"].iloc[1:].to_numpy()).all()
        assert pd.isna(ordered["weeks_to"].iloc[-1])
