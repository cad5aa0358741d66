"""Plans that nobody wrote: what must always hold of comparing, adding and signing them (MG16)."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings, strategies as st

from joinedup.planning import (
    Pair,
    Parameter,
    ParameterMissing,
    ParameterSet,
    PlanLine,
    PlanVersion,
    ToleranceSet,
    bank_holidays,
    content_hash,
    pair_lines,
    planning_crosswalks,
    triangulate,
    working_day_after,
    working_day_before,
)

FIGURES = st.one_of(
    st.integers(0, 10**6), st.decimals(0, 10**6, places=3, allow_nan=False), st.integers(10**16, 10**20), st.none()
)
KEYS = st.tuples(
    st.just("activity"), st.just("QM7"), st.sampled_from(["RWG", "RWH"]), st.sampled_from(["100", "110", "300"]),
    st.sampled_from(["EL", "DC"]), st.sampled_from(["2026-04", "2026-05", "2027-03"]), st.just("activity"),
)  # fmt: skip
TOLERANCES = st.builds(
    ToleranceSet,
    abs_tol=st.integers(0, 50), rel_tol=st.decimals(0, 1, places=4), money_p=st.integers(0, 10**8),
    rel_year=st.decimals(0, 1, places=4),
)  # fmt: skip


@st.composite
def many_pairs(draw: st.DrawFn) -> list[Pair]:
    found = {}
    for key in draw(st.lists(KEYS, max_size=12)):
        ours, theirs = draw(FIGURES), draw(FIGURES)
        if ours is not None or theirs is not None:
            found[key] = Pair(*key, "spells", ours, theirs, None, None, draw(st.integers(0, 10**6)))
    return list(found.values())


def turned(pair: Pair) -> Pair:
    return pair._replace(commissioner_value=pair.provider_value, provider_value=pair.commissioner_value)


@settings(deadline=None)
@given(many_pairs(), TOLERANCES)
def test_exchanging_the_sides_exchanges_the_figures_and_nothing_else(pairs: list[Pair], tol: ToleranceSet) -> None:
    one, other = triangulate(pairs, tol), triangulate([turned(pair) for pair in pairs], tol)
    assert [turned(pair) for pair in one.within] == list(other.within)
    for name in ("outside", "material", "year"):
        assert [(turned(a.pair), a.gap, a.tolerance, a.money_p) for a in getattr(one, name)] == [
            (a.pair, a.gap, a.tolerance, a.money_p) for a in getattr(other, name)
        ]
    assert [(turned(a.pair), a.gap, a.money_p) for a in one.one_sided] == [
        (a.pair, a.gap, a.money_p) for a in other.one_sided
    ]


@settings(deadline=None)
@given(many_pairs(), TOLERANCES)
def test_every_pair_is_judged_once_and_as_by_hand(pairs: list[Pair], tol: ToleranceSet) -> None:
    report = triangulate(pairs, tol)
    outside = {one.pair for one in report.outside}
    one_sided = {one.pair for one in report.one_sided}
    assert len(report.within) + len(outside) + len(one_sided) == len(pairs)
    for pair in pairs:
        ours, theirs = pair.commissioner_value, pair.provider_value
        if ours is None or theirs is None:
            assert pair in one_sided
            continue
        gap = abs(Decimal(ours) - Decimal(theirs))
        allowed = max(Decimal(tol.abs_tol), tol.rel_tol * max(Decimal(ours), Decimal(theirs)))
        assert (pair in outside) == (gap > allowed)
        assert any(one.pair == pair for one in report.material) == (gap * pair.price_p > tol.money_p)


@settings(deadline=None)
@given(many_pairs(), TOLERANCES, st.randoms(use_true_random=False))
def test_the_order_of_pairs_changes_nothing(pairs: list[Pair], tol: ToleranceSet, random: st.DataObject) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = triangulate(pairs, tol), triangulate(shuffled, tol)
    assert one.hash == other.hash
    assert set(one.disagreements) == set(other.disagreements)


LINES = st.lists(
    st.builds(
        PlanLine,
        st.just("activity"), st.just("QM7"), st.just("RWG"), st.sampled_from(["100", "110"]),
        st.sampled_from(["OPFA", "OPPROC", "OPFP"]), st.sampled_from(["2026-04", "2026-05"]), st.just("activity"),
        st.just("attendances"), st.integers(0, 10**6), st.sampled_from(["", "06K", "06N"]), st.none(),
    ),
    max_size=14,
    unique_by=lambda line: (*line[:7], line.place),
)  # fmt: skip


@settings(deadline=None)
@given(LINES, LINES)
def test_pairing_loses_no_unit_of_either_side(ours: list[PlanLine], theirs: list[PlanLine]) -> None:
    pairs = pair_lines(
        PlanVersion("QM7", "commissioner", "2026/27", 1, tuple(ours)),
        PlanVersion("RWG", "provider", "2026/27", 1, tuple(theirs)),
        planning_crosswalks(),
        as_of=date(2026, 4, 1),
    )
    assert len({pair[:7] for pair in pairs}) == len(pairs)
    assert sum(pair.commissioner_value or 0 for pair in pairs) == sum(line.value for line in ours)
    assert sum(pair.provider_value or 0 for pair in pairs) == sum(line.value for line in theirs)


@settings(deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_the_hash_of_a_plan_knows_no_order_and_every_figure(lines: list[PlanLine], random: st.DataObject) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert content_hash(shuffled) == content_hash(lines)
    for where, line in enumerate(lines):
        changed = [*lines[:where], line._replace(value=line.value + 1), *lines[where + 1 :]]
        assert content_hash(changed) != content_hash(lines)


DAYS = st.dates(date(2018, 3, 1), date(2032, 10, 1))


@settings(deadline=None)
@given(DAYS, st.integers(1, 30))
def test_working_days_forth_and_back_come_to_the_same_working_day(start: date, n: int) -> None:
    holidays = bank_holidays()
    start = working_day_after(start, 0, holidays)
    end = working_day_after(start, n, holidays)
    assert working_day_before(end, n, holidays) == start
    between = [start + timedelta(days=day) for day in range(1, (end - start).days + 1)]
    assert sum(day.weekday() < 5 and day not in holidays for day in between) == n


@settings(deadline=None)
@given(st.lists(DAYS, min_size=2, max_size=6, unique=True), DAYS)
def test_rows_that_follow_each_other_leave_one_answer_a_day(starts: list[date], on: date) -> None:
    starts.sort()
    rows = ParameterSet(
        Parameter("rate", number, "", start, end, "adopted", "", "")
        for number, (start, end) in enumerate(itertools.pairwise(starts))
    )
    rows.refuse_overlaps()
    if starts[0] <= on < starts[-1]:
        assert rows.value("rate", on) == max(number for number, start in enumerate(starts[:-1]) if start <= on)
    else:
        try:
            rows.value("rate", on)
        except ParameterMissing:
            return
        raise AssertionError("a day outside all rows has an answer")
