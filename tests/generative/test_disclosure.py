"""Invented tables: what must hold of every protected one (PE8), and of every pair of questions (T45)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from hypothesis import given, settings, strategies as st

from joinedup.measures import protect
from joinedup.measures.disclosure.bounds import cell_bounds
from joinedup.measures.disclosure.differencing import Released, leaks
from joinedup.measures.disclosure.protected import _with_margins
from joinedup.measures.disclosure.rounding import MODES, UNBOUNDED, rounded
from joinedup.measures.disclosure.secondary import unsafe

SHAPES = [(2, 2)] * 10 + [(2, 3)] * 6 + [(4,)] * 12 + [(6,)] * 8 + [(3, 3)] * 3 + [(3, 4)] * 2 + [(2, 2, 2)]


def _table(counts: np.ndarray) -> pd.DataFrame:
    rows = [(*map(str, at), int(count)) for at, count in np.ndenumerate(counts)]
    return pd.DataFrame(rows, columns=[*(f"d{one}" for one in range(counts.ndim)), "people"])


def _tables() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(2026)
    shapes = [SHAPES[one] for one in rng.integers(0, len(SHAPES), 993)]
    for shape in [*shapes, *[(6, 5)] * 3, *[(8, 8)] * 2, (4, 4, 3), (8, 8, 3)]:
        yield rng.negative_binomial(1, 1 / rng.uniform(5, 60), size=shape)


def test_the_audit_passes_on_a_thousand_tables() -> None:
    """stars_cannot_be_worked_out: by rows, columns, and every margin of exact counts."""
    number = looked_at_alone = 0
    for counts in _tables():
        table = _table(counts)
        dims = [f"d{one}" for one in range(counts.ndim)]
        protected = protect(table, dims, ["people"], mode="suppress")
        hidden = protected.frame["people"].isna().to_numpy()
        shown = protected.frame["people"].dropna()
        assert not shown.between(1, 7).any()
        assert (shown.to_numpy(dtype=int) == counts.ravel()[~hidden]).all()
        number += 1
        if number % 3:  # one in three is audited again, from what was published of it
            continue
        keys = [tuple(one) for one in table[dims].itertuples(index=False, name=None)]
        every, names, sums = _with_margins(keys, counts.ravel())
        closed = {change.cell for change in protected.log if "total" in change.cell}
        stars = np.append(hidden, [name in closed for name in names])
        assert not stars[every == 0].any()
        assert not len(unsafe(every, sums, stars))
        if number % 60 == 0:  # and by bounding each for itself
            small = np.flatnonzero(stars & (every <= 7))
            low, high = cell_bounds(np.where(stars, 0, every), np.where(stars, UNBOUNDED, every), sums, small.tolist())
            assert (low <= 1 + 1e-6).all()
            assert (high >= 7 - 1e-6).all()
            looked_at_alone += len(small)
    assert number == 1_000
    assert looked_at_alone > 20


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.sampled_from(MODES))
def test_no_small_count_is_shown_and_protecting_twice_changes_nothing(counts: list[int], mode: str) -> None:
    table = _table(np.array(counts))
    once = protect(table, ["d0"], ["people"], mode=mode)
    again = protect(once.frame, ["d0"], ["people"], mode=mode)
    pd.testing.assert_frame_equal(once.frame, again.frame)
    if mode in ("nhs", "opensafely", "suppress"):
        assert not once.frame["people"].dropna().between(1, 7).any()
    assert once.frame is not once.frame
    assert not np.shares_memory(once.frame["d0"].to_numpy(), table["d0"].to_numpy())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=6))
def test_totals_are_the_sums_of_what_is_shown(counts: list[int]) -> None:
    table = _table(np.array(counts))
    table.loc[len(table)] = ["total", sum(counts)]
    frame = protect(
        table, ["d0"], ["people"], hierarchy={"d0": {str(one): "total" for one in range(len(counts))}}
    ).frame
    total = frame["people"].iloc[-1]
    shown = frame["people"].iloc[:-1].sum()
    assert (pd.isna(total) and shown == 0) or total == shown


# --- pairs of questions --------------------------------------------------------------------------------------------

AREAS = {"S": "", "P": "S", "Q": "S", "Pa": "P", "Pb": "P", "Qa": "Q", "Qb": "Q", "Qc": "Q"}
FACTS = ["is female", "had a fall", "is on the register asthma"]


def _question(rng: np.random.Generator) -> tuple[str, tuple[int, int], frozenset[str]]:
    area = str(rng.choice(list(AREAS)))
    first, last = sorted(int(one) for one in rng.choice([0, 18, 40, 64, 65, 90], 2, replace=False))
    facts = frozenset(str(one) for one in rng.choice(FACTS, int(rng.integers(0, 3)), replace=False))
    return area, (first, last), facts


def _answer(people: pd.DataFrame, question: tuple[str, tuple[int, int], frozenset[str]]) -> np.ndarray:
    area, (first, last), facts = question

    def is_in(practice: str) -> bool:
        at = practice
        while at and at != area:
            at = AREAS[at]
        return at == area

    chosen = people["area"].map(is_in) & people["age"].between(first, last)
    for fact in facts:
        chosen &= people[fact]
    return chosen.to_numpy()


def test_no_pair_of_a_thousand_questions_reveals_anybody() -> None:
    """difference_rests_on_nobody_alone: the people of one answer that are not in the other, when it is allowed."""
    rng = np.random.default_rng(45)
    size = 900
    people = pd.DataFrame({"area": rng.choice(["Pa", "Pb", "Qa", "Qb", "Qc"], size), "age": rng.integers(0, 91, size)})
    for fact, share in zip(FACTS, (0.5, 0.97, 0.1), strict=True):
        people[fact] = rng.random(size) < share
    refused = revealing = would_reveal = 0
    for number in range(1_000):
        mode = ("suppress", "nhs")[number % 2]
        one = _question(rng)
        # Half of the pairs are nearly the same question: that is how one subtracts.
        other = _question(rng) if number % 4 < 2 else (one[0], one[1], one[2] | {FACTS[number % 3]})
        first, second = _answer(people, one), _answer(people, other)
        tables = [
            Released(facts, ("area", "age"), "2026-03", mode, {(area, f"{ages[0]}-{ages[1]}"): int(who.sum())})
            for (area, ages, facts), who in ((one, first), (other, second))
        ]
        is_refused = bool(leaks(tables[:1], tables[1:], parts=AREAS))
        refused += is_refused
        shown = rounded(np.array([first.sum(), second.sum()]), mode)
        for larger, smaller in ((0, 1), (1, 0)):
            who = (first, second)
            if (who[smaller] & ~who[larger]).any() or (shown < 0).any() or mode != "suppress":
                continue  # one can only subtract whom the larger holds, from counts that are shown exactly
            left = int((who[larger] & ~who[smaller]).sum())
            assert left == int(shown[larger] - shown[smaller])
            # Subtracting is only known to be right where the definitions say that one is within the other.
            is_within = one != other and _says_within((one, other)[smaller], (one, other)[larger])
            would_reveal += is_within and 1 <= left <= 7
            revealing += is_within and 1 <= left <= 7 and not is_refused
    assert revealing == 0
    assert would_reveal > 10
    assert refused < 400


def _says_within(
    one: tuple[str, tuple[int, int], frozenset[str]], other: tuple[str, tuple[int, int], frozenset[str]]
) -> bool:
    at = one[0]
    while at and at != other[0]:
        at = AREAS[at]
    return at == other[0] and other[1][0] <= one[1][0] and one[1][1] <= other[1][1] and one[2] >= other[2]
