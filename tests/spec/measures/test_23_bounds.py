"""What can be derived from published sums: linear programmes, and the fast way through trees, which must agree."""

from __future__ import annotations

import numpy as np
import pytest

from joinedup.measures.disclosure.bounds import (
    C,
    D,
    Forest,
    N,
    Sum,
    Wanted,
    Zones,
    cell_bounds,
    split,
    stays_open,
)
from joinedup.measures.disclosure.rounding import UNBOUNDED, between, rounded


@pytest.mark.parametrize(("cells", "derived"), [((7, 22), (6, 7)), ((1, 23), (1, 4)), ((4, 21), (1, 7))])
def test_a_total_rounded_for_itself_narrows_a_star(cells: tuple[int, int], derived: tuple[int, int]) -> None:
    counts = np.array([*cells, sum(cells)])
    least, most = between(rounded(counts))
    low, high = cell_bounds(least, most, [(2, (0, 1))], [0])
    assert (round(low[0]), round(high[0])) == derived


def test_whatever_nothing_bounds_is_unbounded() -> None:
    low, high = cell_bounds(np.array([0, 0]), np.array([UNBOUNDED, UNBOUNDED]), [])
    assert (low == 0).all()
    assert np.isinf(high).all()


def test_tables_that_contradict_each_other_are_told() -> None:
    with pytest.raises(ValueError, match="contradict"):
        cell_bounds(np.array([5, 5, 20]), np.array([5, 6, 20]), [(2, (0, 1))])


def test_sums_that_close_a_circle_are_set_apart() -> None:
    rows: list[Sum] = [(4, (0, 1)), (5, (2, 3))]
    columns: list[Sum] = [(6, (0, 2)), (7, (1, 3))]
    tree, crossing = split(8, [*rows, *columns])
    assert tree == rows
    assert crossing == columns
    with pytest.raises(ValueError, match="not a forest"):
        Forest(8, [*rows, *columns])


def _tree(rng: np.random.Generator) -> tuple[int, list[Sum]]:
    """Draw areas within areas, and some totals divided in two ways."""
    sums: list[Sum] = []
    cells, open_cells = 1, [0]
    while open_cells and cells < 25:
        total = open_cells.pop(0)
        for _ in range(2 if total == 0 else 1):
            parts = tuple(range(cells, cells + int(rng.integers(1, 5))))
            cells += len(parts)
            sums.append((total, parts))
            open_cells += [part for part in parts if rng.random() < 0.5]
    return cells, sums


def _counts(rng: np.random.Generator, cells: int, sums: list[Sum]) -> tuple[np.ndarray, np.ndarray]:
    """Draw numerators and denominators that add up; where a total is divided twice, the second parts share it out."""
    n, d = np.zeros(cells, dtype=np.int64), np.zeros(cells, dtype=np.int64)
    d[0] = rng.integers(20, 200)
    n[0] = rng.integers(0, d[0] + 1)
    for total, parts in sums:  # from the top
        shares = rng.dirichlet(np.ones(len(parts)))
        n[list(parts)] = rng.multinomial(n[total], shares)
        d[list(parts)] = n[list(parts)] + rng.multinomial(d[total] - n[total], rng.dirichlet(np.ones(len(parts))))
    return n, d


@pytest.mark.parametrize("is_share", [True, False])
def test_the_way_through_trees_finds_what_linear_programmes_find(is_share: bool) -> None:
    rng = np.random.default_rng(7)
    for _ in range(5):
        cells, sums = _tree(rng)
        forest = Forest(cells, sums)
        tables = [_counts(rng, cells, sums) for _ in range(2)]
        n, d = np.stack([one for one, _ in tables]), np.stack([one for _, one in tables])
        hidden = rng.random((2, 2, cells)) < 0.3
        least, most = np.zeros((3, 2, cells), np.int64), np.full((3, 2, cells), UNBOUNDED)
        for row, counts, stars in ((N, n, hidden[0]), (D, d, hidden[1])):
            low, high = between(rounded(counts))
            least[row] = np.where(stars, 1 * (counts > 0), low)
            most[row] = np.where(stars & (counts > 7), UNBOUNDED, high)
        if not is_share:
            least[C] = -UNBOUNDED
        nothing = np.zeros((3, 2, len(sums)), dtype=np.int64)
        if not is_share:
            rest = Zones(nothing.copy(), nothing.copy())
            rest.least[C], rest.most[C] = -UNBOUNDED, UNBOUNDED
        else:
            rest = Zones(nothing, nothing)
        found = forest.project(Zones(least, most), rest)
        for table in range(2):
            rows = (N, C, D) if is_share else (N, D)
            together: list[Sum] = [(D * cells + at, (N * cells + at, C * cells + at)) for at in range(cells)]
            together = together if is_share else []
            for row in (N, C) if is_share else (N, D):
                together += [(row * cells + total, [row * cells + one for one in parts]) for total, parts in sums]
            named = [row * cells + at for row in rows for at in range(cells)]
            if not is_share:
                least[C, table] = most[C, table] = 0
            low, high = cell_bounds(least[:, table].ravel(), most[:, table].ravel(), together, named)
            mine_low = found.least[list(rows), table].ravel().astype(float)
            mine_high = found.most[list(rows), table].ravel().astype(float)
            mine_high[mine_high > UNBOUNDED / 2] = np.inf
            np.testing.assert_allclose(mine_low, low, atol=1e-6)
            np.testing.assert_allclose(mine_high, high, atol=1e-6)


def test_many_wishes_are_answered_as_one_by_one() -> None:
    rng = np.random.default_rng(11)
    answers = set[bool]()
    for _ in range(20):
        counts = rng.poisson(6, size=(3, 4))
        grid = np.block([[counts, counts.sum(1, keepdims=True)], [counts.sum(0), counts.sum()]])
        at = np.arange(20).reshape(4, 5)
        sums: list[Sum] = [(int(row[4]), row[:4].tolist()) for row in at]
        sums += [(int(column[3]), column[:3].tolist()) for column in at.T]
        flat = grid.ravel()
        least, most = between(rounded(flat))
        stars = np.flatnonzero((flat > 0) & (flat <= 7))
        found = stays_open(least, most, sums, [Wanted(int(one), least=1, most=7) for one in stars], flat)
        low, high = cell_bounds(least, most, sums, [int(one) for one in stars])
        assert found.tolist() == ((low <= 1 + 1e-6) & (high >= 7 - 1e-6)).tolist()
        answers |= set(found.tolist())
    assert answers == {True, False}
