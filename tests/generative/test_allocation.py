"""Invented pots, weights, boundaries and schemes: what must hold of every one (MG16, MA5, MA6, MA9, MA11, MC1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings, strategies as st

from joinedup.money import (
    Crosswalk,
    Infeasible,
    Leaf,
    PaceResult,
    allocate_tree,
    bands,
    blended_payment,
    mix_basis,
    pace_of_change,
    profile,
    resident_to_registered,
    scheme_for,
    split_body,
    split_by_days,
    split_pence,
    succeed,
)

invented = settings(deadline=None, max_examples=60)
DAY = date(2022, 4, 1)
POTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.decimals(0, 10**9, places=12, allow_nan=False) | st.integers(0, 5).map(Decimal)
CODES = st.text("ABC12", min_size=1, max_size=4)
WEIGHTED = st.dictionaries(CODES, WEIGHTS, min_size=1, max_size=30).filter(lambda held: any(held.values()))
SHARES = st.decimals(0, 1, places=3)


@invented
@given(POTS, WEIGHTED)
def test_shares_add_up_to_the_pot(pot: int, weights: dict[str, Decimal]) -> None:
    shared = split_pence(pot, weights)
    assert sum(shared.values()) == pot
    whole = sum(map(Fraction, weights.values()))
    for code, share in shared.items():
        assert abs(share - pot * Fraction(weights[code]) / whole) < 1
        assert weights[code] or not share


@invented
@given(POTS, WEIGHTED, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(pot: int, weights: dict[str, Decimal], random: object) -> None:
    turned = list(weights.items())
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert split_pence(pot, dict(turned)) == split_pence(pot, weights)


@invented
@given(POTS, WEIGHTED, st.integers(1, 10**6))
def test_weights_count_only_beside_each_other(pot: int, weights: dict[str, Decimal], by: int) -> None:
    assert split_pence(pot, {code: weight * by for code, weight in weights.items()}) == split_pence(pot, weights)


@invented
@given(POTS, st.lists(WEIGHTS, min_size=12, max_size=12).filter(any))
def test_months_add_up_to_the_year(annual: int, weights: list[Decimal]) -> None:
    assert sum(profile(annual, weights)) == annual


@st.composite
def boundaries(draw: st.DrawFn) -> list[Leaf]:
    """Practices in networks in places, of which some move on a day in the year."""
    leaves = []
    for number in range(draw(st.integers(1, 25))):
        code, weight = f"P{number}", draw(WEIGHTS)
        paths = [(draw(st.sampled_from("XYZ")), draw(st.sampled_from(["U", "N1", "N2"])), code) for _ in range(2)]
        moves = DAY + timedelta(draw(st.integers(1, 364)))
        leaves.append(Leaf(paths[0], weight, DAY, moves))
        leaves.append(Leaf(paths[1], weight, moves, None))
    assume(any(leaf.weight for leaf in leaves))
    return leaves


@invented
@given(POTS, boundaries(), st.integers(0, 400), st.randoms(use_true_random=False))
def test_every_level_adds_up_to_the_one_above_for_any_boundaries(
    pot: int, leaves: list[Leaf], days: int, random: object
) -> None:
    levels, on = ("place", "neighbourhood", "practice"), DAY + timedelta(days)
    tree = allocate_tree(pot, leaves, levels, as_of=on)
    below: dict[tuple[str, ...], int] = defaultdict(int)
    for path, amount in tree.items():
        below[path[:-1]] += amount
    assert below.pop(()) == pot
    assert all(tree[path] == amount for path, amount in below.items())
    turned = list(leaves)
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert allocate_tree(pot, turned, levels, as_of=on) == tree


@invented
@given(POTS, boundaries())
def test_a_move_between_two_places_leaves_the_third_its_quota(pot: int, leaves: list[Leaf]) -> None:
    """One practice moves from X to Y: what place Z has stays as it is."""
    still = [replace(leaf, to=None) for leaf in leaves[::2]]
    one = replace(still[0], path=("X", "N1", "P0"))
    moved = replace(one, path=("Y", "N1", "P0"))
    before, after = (
        allocate_tree(pot, [leaf, *still[1:]], ("place", "neighbourhood", "practice"), as_of=DAY)
        for leaf in (one, moved)
        if any(other.weight for other in [leaf, *still[1:]])
    )
    # A penny of a remainder may go elsewhere, because the quotas of the two places have changed.
    assert abs(before.get(("Z",), 0) - after.get(("Z",), 0)) <= 1


BODIES = st.dictionaries(
    CODES,
    st.fixed_dictionaries({"weighted_population": WEIGHTS, "baseline": POTS, "open_balance": POTS}),
    min_size=1, max_size=6,
)  # fmt: skip


@invented
@given(
    BODIES, st.dictionaries(CODES, st.integers(0, 9), min_size=1, max_size=6).filter(lambda held: any(held.values()))
)
def test_merge_then_split_returns_totals(ledger: dict[str, dict[str, int | Decimal]], into: dict[str, int]) -> None:
    merged = succeed(list(ledger), "whole", DAY, ledger)
    for name in ("weighted_population", "baseline", "open_balance"):
        assert merged.held["whole"][name] == sum(held[name] for held in ledger.values())
    split = split_body("whole", into, DAY, merged.held)
    assert sum(row.share for row in split.rows) == 1
    assert succeed(list(into), "again", DAY, split.held).held["again"] == merged.held["whole"]


@invented
@given(POTS, WEIGHTED)
def test_a_merger_below_changes_no_total_above(pot: int, weights: dict[str, Decimal]) -> None:
    rest = Leaf(("B", "rest"), 7)
    many = [Leaf(("A", code), weight) for code, weight in weights.items()]
    one = [Leaf(("A", "merged"), sum(weights.values()))]
    before, after = (allocate_tree(pot, [*leaves, rest], ("system", "body"), as_of=DAY) for leaves in (many, one))
    assert before[("A",)] == after[("A",)] == after[("A", "merged")]


@invented
@given(POTS, st.lists(st.tuples(CODES, st.integers(1, 200)), min_size=1, max_size=12))
def test_a_year_by_days_adds_up(amount: int, lengths: list[tuple[str, int]]) -> None:
    spans, start = [], DAY
    for code, days in lengths:
        spans.append((code, start, start + timedelta(days)))
        start += timedelta(days)
    shared = split_by_days(amount, spans)
    assert sum(shared.values()) == amount
    assert shared == split_by_days(amount, spans[::-1])


def or_bounds(ask: Callable[[], PaceResult]) -> PaceResult | Infeasible:
    try:
        return ask()
    except Infeasible as error:
        return error


LIMITS = st.tuples(SHARES, st.decimals("-0.2", "0.05", places=3), st.decimals("0.05", "0.3", places=3))


@invented
@given(
    st.dictionaries(CODES, st.tuples(st.integers(1, 10**12), st.decimals(1, 10**7, places=6)), min_size=1, max_size=15),
    st.decimals("0.85", "1.25", places=4), LIMITS, st.none() | st.decimals("0", "0.2", places=3),
)  # fmt: skip
def test_change_keeps_to_its_limits_and_the_pot(
    units: dict[str, tuple[int, Decimal]], growth: Decimal, limits: tuple[Decimal, ...], most: Decimal | None
) -> None:
    baseline = {code: held[0] for code, held in units.items()}
    weighted = {code: held[1] for code, held in units.items()}
    pot = int(sum(baseline.values()) * growth)
    kappa, floor, cap = limits
    found = or_bounds(
        lambda: pace_of_change(baseline, weighted, pot, kappa=kappa, floor=floor, cap=cap, max_under=most)
    )
    if isinstance(found, Infeasible):
        assert found.lower <= found.upper + 1
        assert not found.lower <= pot <= found.upper
        return
    assert sum(found.pence.values()) == pot
    whole = sum(map(Fraction, weighted.values()))
    for code, before in baseline.items():
        target = pot * Fraction(weighted[code]) / whole
        low = max(before * (1 + Fraction(floor)), target * (1 - Fraction(most)) if most is not None else Fraction(0))
        high = max(before * (1 + Fraction(cap)), low)
        assert low - 1 < found.pence[code] < high + 1
    turned = dict(reversed(baseline.items()))
    again = pace_of_change(turned, weighted, pot, kappa=kappa, floor=floor, cap=cap, max_under=most)
    assert again.pence == found.pence


@invented
@given(st.dictionaries(CODES, st.integers(1, 10**12), min_size=1, max_size=12), st.integers(0, 10**13))
def test_without_pull_and_limits_all_grow_alike(baseline: dict[str, int], pot: int) -> None:
    assume(pot > 0)
    weighted = {code: Decimal(len(code)) for code in baseline}
    wide = 10**14
    found = pace_of_change(baseline, weighted, pot, kappa=0, floor=-1, cap=wide)
    assert found.pence == split_pence(pot, baseline)
    full = pace_of_change(baseline, weighted, pot, kappa=1, floor=-1, cap=wide)
    assert full.pence == split_pence(pot, weighted)


AREAS = st.dictionaries(st.sampled_from(["L1", "L2", "L3", "outside"]), st.integers(0, 900), max_size=4)


@invented
@given(
    st.dictionaries(CODES, AREAS, min_size=1, max_size=8), st.dictionaries(st.sampled_from(["L1", "L2", "L3"]), POTS)
)
def test_a_budget_for_residents_reaches_practices_whole(
    patients: dict[str, dict[str, int]], budget: dict[str, int]
) -> None:
    assume(all(any(areas.get(area) for areas in patients.values()) for area in budget))
    given_ = resident_to_registered(budget, Crosswalk(patients, DAY, None, "invented"))
    assert sum(given_.values()) == sum(budget.values())
    assert given_.keys() == patients.keys()


@invented
@given(WEIGHTED, WEIGHTED, st.integers(0, 10**12), SHARES)
def test_a_switch_of_basis_keeps_the_pot(
    one: dict[str, Decimal], other: dict[str, Decimal], pot: int, phi: Decimal
) -> None:
    historic, population = split_pence(pot, one), split_pence(pot, other)
    mixed = mix_basis(historic, population, phi)
    assert sum(mixed.values()) == pot
    for code, amount in mixed.items():
        ends = sorted((historic.get(code, 0), population.get(code, 0)))
        assert ends[0] - 1 < amount < ends[1] + 1


BANDS = st.lists(st.tuples(st.integers(1, 40), st.decimals(0, 2, places=2), st.booleans()), min_size=1, max_size=4).map(
    lambda rows: bands([
        *((Decimal(sum(row[0] for row in rows[: n + 1])) / 100, rate, flag)
          for n, (_, rate, flag) in enumerate(rows[:-1])),
        (None, *rows[-1][1:]),
    ])
)  # fmt: skip
PENCE = st.integers(1, 10**12)


@invented
@given(BANDS, BANDS, PENCE, st.lists(PENCE, min_size=2, max_size=6))
def test_blended_payment_of_the_plan_is_the_plan_and_more_activity_never_pays_less(
    over: tuple[object, ...], under: tuple[object, ...], plan: int, actuals: list[int]
) -> None:
    scheme = replace(scheme_for("emergency", date(2019, 4, 1)), over=over, under=under)  # type: ignore[arg-type]
    assert blended_payment(plan, plan, scheme).pay_p == plan
    paid = [blended_payment(plan, actual, scheme).pay_p for actual in sorted([*actuals, plan])]
    assert paid == sorted(paid)


@invented
@given(PENCE, PENCE, st.decimals(0, 1, places=2))
def test_a_flat_rate_is_a_fixed_and_a_variable_part(plan: int, actual: int, rate: Decimal) -> None:
    flat = bands([(None, rate)])
    scheme = replace(scheme_for("emergency", date(2019, 4, 1)), over=flat, under=flat)
    exact = (1 - Fraction(rate)) * plan + Fraction(rate) * actual
    assert abs(blended_payment(plan, actual, scheme).pay_p - exact) <= Fraction(1, 2)
