"""Triangulation: where a commissioner's and a provider's plan disagree, in units and in pounds (rule MD5).

All pairs are compared at once, in whole numbers: figures and tolerances are scaled by one power of ten, so that a gap
of exactly the tolerance is within it and no rounding of a floating point decides. Commissioner and provider are treated
alike: exchanging the sides exchanges the figures of the answer and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

from joinedup.errors import RuleError
from joinedup.planning.plans.plan_lines import PENCE_A_UNIT, Code, Number, year_of
from joinedup.planning.plans.versions import plain
from joinedup.planning.triangulation.pairing import Pair
from joinedup.planning.triangulation.tolerances import ToleranceSet

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

REASONS = ("outside", "material", "commissioner only", "provider only", "year")
_YEARLY = ("activity", "finance")  # flows, of which months add up to a year; staff in post and rates do not
_SMALL = 2**62


class Disagreement(NamedTuple):
    """Something that both bodies must settle: the pair, why, how far apart, what was allowed, and what it is worth.

    `gap` and `tolerance` are in the pair's unit (percentage points for a rate); `money_p` is the gap in pence, None
    where no price is known. For "year" the pair holds the year's totals and service "".
    """

    reason: str
    pair: Pair
    gap: Number
    tolerance: Number
    money_p: int | None
    is_material: bool


@dataclass(frozen=True, slots=True)
class TriangulationReport:
    """The pairs within their tolerance, and each disagreement by its reason. `hash` is that of pairs and tolerances.

    `material` are gaps worth more than the tolerance in money, within their own tolerance or not.
    """

    within: tuple[Pair, ...]
    outside: tuple[Disagreement, ...]
    material: tuple[Disagreement, ...]
    one_sided: tuple[Disagreement, ...]
    year: tuple[Disagreement, ...]
    hash: str
    parameter_ids: tuple[str, ...]

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """What must be settled, each once: outside, one-sided, material though within, and years."""
        inside = tuple(one for one in self.material if one.reason == "material")
        return (*self.outside, *self.one_sided, *inside, *self.year)


def triangulate(pairs: Iterable[Pair], tol: ToleranceSet) -> TriangulationReport:
    """Compare all pairs. A gap is outside when it exceeds max(abs, rel * the larger figure); exactly that is within.

    It is material when it is worth more than the tolerance in money, even inside. Rates are compared in percentage
    points. Year totals are compared for each commissioner, provider, POD and measure of activity and finance, over the
    pairs that both sides have; absolute tolerance or `rel_year`, whichever is more. Prices (pence a unit) and staff
    have no year's total. Two pairs with one key are a RuleError.
    """
    every = list(pairs)
    _refuse_repeats(every)
    rated = [one for one in every if one.commissioner_of is not None or one.provider_of is not None]
    counted = [one for one in every if one.commissioner_of is None and one.provider_of is None] if rated else every
    both = [one for one in counted if one.commissioner_value is not None and one.provider_value is not None]
    one_sided = tuple(
        _one_sided(one, tol) for one in every if one.commissioner_value is None or one.provider_value is None
    )
    within, outside, material = _compare(both, tol)
    for pair in rated:
        if pair.commissioner_value is None or pair.provider_value is None:
            continue
        found = _points(pair, tol)
        if found is None:
            within.append(pair)
        else:
            outside.append(found)
    return TriangulationReport(
        tuple(within),
        tuple(outside),
        tuple(material),
        tuple(sorted(one_sided, key=lambda one: one.pair[:7])),
        tuple(_years(both, tol)),
        inputs_hash(every, tol),
        tol.parameter_ids,
    )


def inputs_hash(pairs: Iterable[Pair], tol: ToleranceSet) -> str:
    """Answer the SHA-256 of pairs and tolerances: the same in any order, another one when any figure differs."""
    digest = hashlib.sha256()
    digest.update(repr([plain(x) for x in (tol.abs_tol, tol.rel_tol, tol.money_p, tol.rel_year, tol.points)]).encode())
    for line in sorted(map(_canonical, pairs)):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def tolerance_of(pair: Pair, tol: ToleranceSet) -> Number:
    """Answer how far the two figures of a pair may lie apart, in its unit (points for a rate)."""
    if pair.commissioner_of is not None or pair.provider_of is not None:
        return tol.points
    return _allowed(_number(pair.commissioner_value), _number(pair.provider_value), tol.abs_tol, tol.rel_tol)


def _compare(pairs: Sequence[Pair], tol: ToleranceSet) -> tuple[list[Pair], list[Disagreement], list[Disagreement]]:
    import numpy as np

    if not pairs:
        return [], [], []
    ours = [one.commissioner_value for one in pairs]
    theirs = [one.provider_value for one in pairs]
    is_outside = _outside(ours, theirs, tol.abs_tol, tol.rel_tol)
    c, p, scale = _scaled(ours, theirs, factor=max(one.price_p for one in pairs) or 1)
    price = np.array([one.price_p for one in pairs], dtype=c.dtype)
    is_material = np.asarray(np.abs(c - p) * price > tol.money_p * scale, dtype=bool)
    within = list(compress(pairs, ~is_outside))
    outside, material = [], []
    for where in map(int, np.flatnonzero(is_outside | is_material)):
        pair = pairs[where]
        found = _disagreement("outside" if is_outside[where] else "material", pair, tol, bool(is_material[where]))
        if is_outside[where]:
            outside.append(found)
        if is_material[where]:
            material.append(found)
    return within, outside, material


def _outside(ours: Sequence[Any], theirs: Sequence[Any], abs_tol: Number, rel_tol: Decimal) -> npt.NDArray[np.bool_]:
    """Answer for each pair whether |c-p| > max(abs, rel * max(|c|, |p|)), exactly."""
    import numpy as np

    part, whole = Decimal(rel_tol).as_integer_ratio()
    units, parts = Decimal(abs_tol).as_integer_ratio()
    c, p, scale = _scaled(ours, theirs, factor=max(part, whole, parts, 1))
    gap = np.abs(c - p)
    larger = np.maximum(np.abs(c), np.abs(p))
    return np.asarray((gap * parts > units * scale) & (gap * whole > part * larger), dtype=bool)


def _scaled(
    ours: Sequence[Any], theirs: Sequence[Any], *, factor: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
    """Answer both columns as whole numbers of the smallest decimal place that occurs, and that place's scale.

    64-bit integers where the largest figure times `factor` fits, Python's own where it does not.
    """
    import numpy as np

    columns, places = [], 0
    for column in (ours, theirs):
        for value in column:
            if type(value) is not int and isinstance(value, Decimal):
                exponent = value.normalize().as_tuple().exponent
                places = max(places, -int(exponent))
    scale = 10**places
    for column in (ours, theirs):
        columns.append([int(value * scale) for value in column] if places else [int(value) for value in column])
    largest = max((max(map(abs, column)) for column in columns if column), default=0)
    kind = np.int64 if 2 * largest * factor * scale < _SMALL else object
    return np.array(columns[0], dtype=kind), np.array(columns[1], dtype=kind), scale


def _disagreement(reason: str, pair: Pair, tol: ToleranceSet, is_material: bool) -> Disagreement:
    ours, theirs = _number(pair.commissioner_value), _number(pair.provider_value)
    gap = _size(ours - theirs)
    money = int(gap * pair.price_p) if pair.price_p else None
    return Disagreement(reason, pair, gap, _allowed(ours, theirs, tol.abs_tol, tol.rel_tol), money, is_material)


def _size(value: Number) -> Number:
    return value if value >= 0 else -value


def _number(value: Number | None) -> Number:
    return 0 if value is None else value


def _allowed(ours: Number, theirs: Number, abs_tol: Number, rel_tol: Decimal) -> Decimal:
    return max(Decimal(abs_tol), rel_tol * max(abs(Decimal(ours)), abs(Decimal(theirs))))


def _one_sided(pair: Pair, tol: ToleranceSet) -> Disagreement:
    is_ours = pair.provider_value is None
    value = _number(pair.commissioner_value if is_ours else pair.provider_value)
    of = pair.commissioner_of if is_ours else pair.provider_of
    gap = _size(value)
    if of is not None:
        gap = abs(Decimal(value)) / Decimal(of) * 100
    money = int(gap * pair.price_p) if pair.price_p else None
    reason = "commissioner only" if is_ours else "provider only"
    return Disagreement(reason, pair, gap, 0, money, money is not None and money > tol.money_p)


def _points(pair: Pair, tol: ToleranceSet) -> Disagreement | None:
    """Answer the disagreement of a rate's pair, or None when within; denominators are cross-multiplied, so exact."""
    ours, theirs = pair.commissioner_value, pair.provider_value
    c_of, p_of = pair.commissioner_of, pair.provider_of
    if ours is None or theirs is None or c_of is None or p_of is None:
        raise RuleError(f"MD5: {' '.join(map(str, pair[:7]))} is a rate on one side only; give both as rates.")
    top = abs(Decimal(ours) * Decimal(p_of) - Decimal(theirs) * Decimal(c_of)) * 100
    bottom = Decimal(c_of) * Decimal(p_of)
    if top <= tol.points * bottom:
        return None
    return Disagreement("outside", pair, top / bottom, tol.points, None, False)


def _years(pairs: Sequence[Pair], tol: ToleranceSet) -> list[Disagreement]:
    sums: dict[tuple[str, ...], list[Any]] = {}
    for one in pairs:
        if one.kind not in _YEARLY or one.unit == PENCE_A_UNIT:
            continue
        key = (one.kind, one.commissioner, one.provider, one.pod, one.measure, one.unit, year_of(one.period))
        held = sums.get(key)
        if held is None:
            held = sums[key] = [0, 0, 0]
        ours, theirs = one.commissioner_value, one.provider_value
        held[0] += ours
        held[1] += theirs
        held[2] += (ours - theirs) * one.price_p  # type: ignore[operator]
    if not sums:
        return []
    totals = list(sums.values())
    outside = _outside([one[0] for one in totals], [one[1] for one in totals], tol.abs_tol, tol.rel_year)
    found = []
    for (kind, commissioner, provider, pod, measure, unit, year), (ours, theirs, money) in compress(
        sums.items(), outside
    ):
        pair = Pair(kind, commissioner, provider, "", pod, year, measure, unit, ours, theirs)
        allowed = _allowed(ours, theirs, tol.abs_tol, tol.rel_year)
        worth = abs(int(money)) or None
        material = worth is not None and worth > tol.money_p
        found.append(Disagreement("year", pair, abs(ours - theirs), allowed, worth, material))
    return sorted(found, key=lambda one: one.pair[:7])


def _refuse_repeats(pairs: Sequence[Pair]) -> None:
    keys = {one[:7] for one in pairs}
    if len(keys) < len(pairs):
        seen: set[tuple[Code, ...]] = set()
        for one in pairs:
            if one[:7] in seen:
                raise RuleError(f"MD5: two pairs speak of {' '.join(map(str, one[:7]))}; pair the lines first.")
            seen.add(one[:7])


def _canonical(pair: Pair) -> str:
    if Decimal not in map(type, pair):  # As most are; the other way gives the same text, and takes three times as long.
        return "\x1f".join(map(str, pair))
    return "\x1f".join([*pair[:8], *("None" if one is None else plain(one) for one in pair[8:])])
