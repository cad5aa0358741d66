"""Exact counts with stars: partners are hidden until no star can be worked out (PE2, T44)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from joinedup.measures import Protected, protect
from joinedup.measures.disclosure.bounds import cell_bounds
from joinedup.measures.disclosure.rounding import UNBOUNDED
from joinedup.measures.disclosure.secondary import hide, unsafe

ROWS = {
    "A": [12, 25, 40, 77],
    "B": [3, 18, 22, 43],
    "C": [15, 30, 9, 54],
    "total": [30, 73, 71, 174],
}
BANDS = ["18–39", "40–64", "65+", "total"]
TABLE = pd.DataFrame(
    [(name, band, count) for name, counts in ROWS.items() for band, count in zip(BANDS, counts, strict=True)],
    columns=["practice", "band", "people"],
)
TOTALS = {"practice": dict.fromkeys("ABC", "total"), "band": dict.fromkeys(BANDS[:3], "total")}
COUNTS = TABLE["people"].to_numpy(dtype=np.int64)
SUMS = [(row * 4 + 3, tuple(row * 4 + one for one in range(3))) for row in range(4)]
SUMS += [(12 + one, tuple(row * 4 + one for row in range(3))) for one in range(4)]


def stars(protected: Protected) -> set[tuple[str, str]]:
    frame = protected.frame
    return set(frame.loc[frame["people"].isna(), ["practice", "band"]].itertuples(index=False, name=None))


def at(*cells: tuple[str, str]) -> np.ndarray:
    found = np.zeros(16, dtype=bool)
    for name, band in cells:
        found[list(ROWS).index(name) * 4 + BANDS.index(band)] = True
    return found


def test_the_cheapest_rectangle() -> None:
    protected = protect(TABLE, ["practice", "band"], ["people"], mode="suppress", hierarchy=TOTALS)
    assert stars(protected) == {("B", "18–39"), ("B", "65+"), ("C", "18–39"), ("C", "65+")}
    # What is shown is exact.
    frame = protected.frame.dropna()
    assert frame["people"].tolist() == [12, 25, 40, 77, 18, 43, 30, 54, 30, 73, 71, 174]


def test_without_totals_in_the_table_they_are_taken_as_published() -> None:
    inner = TABLE[(TABLE["practice"] != "total") & (TABLE["band"] != "total")]
    protected = protect(inner, ["practice", "band"], ["people"], mode="suppress")
    assert stars(protected) == {("B", "18–39"), ("B", "65+"), ("C", "18–39"), ("C", "65+")}


def test_a_star_and_its_partner_bear_one_mark() -> None:
    protected = protect(TABLE, ["practice", "band"], ["people"], mode="suppress", hierarchy=TOTALS)
    assert {change.reason for change in protected.log} == {"suppressed"}


def test_lesser_patterns_give_the_count_away() -> None:
    small = ("B", "18–39")
    for pattern in ([small], [small, ("B", "65+")], [small, ("B", "65+"), ("C", "18–39")]):
        assert unsafe(COUNTS, SUMS, at(*pattern)).tolist() == [4]
        low, high = cell_bounds(np.where(at(*pattern), 0, COUNTS), np.where(at(*pattern), UNBOUNDED, COUNTS), SUMS, [4])
        assert (round(low[0]), round(high[0])) == (3, 3)
    safe = at(small, ("B", "65+"), ("C", "18–39"), ("C", "65+"))
    assert not len(unsafe(COUNTS, SUMS, safe))
    low, high = cell_bounds(np.where(safe, 0, COUNTS), np.where(safe, UNBOUNDED, COUNTS), SUMS, [4])
    assert (round(low[0]), round(high[0])) == (0, 18)


def test_no_pattern_with_one_small_count_is_cheaper() -> None:
    chosen = hide(COUNTS, SUMS)
    cost = int(COUNTS[chosen.hidden].sum())
    others = [one for one in range(16) if one != 4]
    for number in range(4):
        for partners in combinations(others, number):
            hidden = np.zeros(16, dtype=bool)
            hidden[[4, *partners]] = True
            if COUNTS[hidden].sum() < cost:
                assert len(unsafe(COUNTS, SUMS, hidden)), partners
    assert cost == 49


def test_a_nought_is_no_partner() -> None:
    # Row and column of the 3 hold noughts; hiding one of them would not let the 3 move.
    counts = np.array([3, 0, 20, 23, 0, 9, 30, 39, 10, 25, 40, 75, 13, 34, 90, 137])
    pattern = hide(counts, SUMS)
    assert not pattern.hidden[counts == 0].any()
    assert not len(unsafe(counts, SUMS, pattern.hidden))


def test_a_column_of_three_with_rounded_partners_is_safe() -> None:
    # T44: 3, 12 and 25, total 40. Exactly, 40 - 12 - 25 = 3; rounded to 10, 25 and 40 anything from 1 to 7 fits.
    sums = [(3, (0, 1, 2))]
    exact = cell_bounds(np.array([0, 12, 25, 40]), np.array([UNBOUNDED, 12, 25, 40]), sums, [0])
    assert (exact[0][0], exact[1][0]) == (3, 3)
    rounded = cell_bounds(np.array([1, 8, 23, 38]), np.array([7, 12, 27, 42]), sums, [0])
    assert (rounded[0][0], rounded[1][0]) == (1, 7)


def test_a_small_total_is_a_star_itself() -> None:
    table = pd.DataFrame({"practice": ["A", "B", "total"], "people": [3, 0, 3]})
    hierarchy = {"practice": {"A": "total", "B": "total"}}
    protected = protect(table, ["practice"], ["people"], mode="suppress", hierarchy=hierarchy)
    assert protected.frame["people"].isna().tolist() == [True, False, True]
    assert "Collapse" not in protected.note


def test_if_only_an_overall_total_can_move_collapsing_is_advised() -> None:
    # The total has 20 people more than its parts; they may be known from elsewhere.
    table = pd.DataFrame({"practice": ["A", "total"], "people": [3, 23]})
    protected = protect(table, ["practice"], ["people"], mode="suppress", hierarchy={"practice": {"A": "total"}})
    assert protected.frame["people"].isna().all()
    assert "Collapse categories" in protected.note
