"""The lines of a plan after one of its figures was agreed to be another one (rule MD6).

A figure that a comparison shows may be the sum of several lines: of places, of finer points of delivery, of a year's
months. Nothing is split in silence: it is done as said here, and the new version shows every line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from joinedup.errors import RuleError
from joinedup.planning.plans.plan_lines import PENCE_A_UNIT, Number, PlanLine, check_lines, year_of
from joinedup.planning.plans.versions import PlanVersion
from joinedup.planning.triangulation.crosswalks import Crosswalks
from joinedup.planning.triangulation.disagreements import Disagreement
from joinedup.planning.triangulation.pairing import Key, Pair, lines_of_pairs
from joinedup.system import largest_remainder

PLACES = 6  # decimals that a plan line keeps


def adjusted_lines(
    version: PlanVersion,
    other: PlanVersion,
    disagreement: Disagreement,
    value: Number,
    crosswalks: Crosswalks,
    *,
    as_of: date,
) -> tuple[PlanLine, ...]:
    """Answer the lines of a version in which its figure of a disagreement is `value`; all other lines as they are.

    `other` is the other side's plan. `value` is in the pair's unit, for a rate in per cent: the denominator stays, or
    is the other side's where this one says nothing. A sum of several lines takes the new sum in proportion to them, by
    largest remainder; each of several prices or rates becomes the new one. A year's total changes where the two sides
    differ in that direction, in proportion to how much, so that no month moves further apart; beyond that, in
    proportion to the lines. A figure of 0 where the other side plans nothing takes the line out.

    LineError for a figure that no line can have; RuleError where nothing would change, or a total has no lines.
    """
    ours_first = version.side == "commissioner"
    by_key = lines_of_pairs(*((version, other) if ours_first else (other, version)), crosswalks, as_of=as_of)
    mine, theirs = by_key if ours_first else reversed(by_key)
    pair = disagreement.pair
    is_year = disagreement.reason == "year"
    wanted = _of_the_year(pair, value, mine, theirs) if is_year else {pair[:7]: value}
    gone: set[PlanLine] = set()
    new: list[PlanLine] = []
    for key, figure in wanted.items():
        lines = mine.get(key, [])
        gone.update(lines)
        new += _with_figure(lines, key, pair, figure, theirs.get(key, []))
    lines_after = (*(line for line in version.lines if line not in gone), *new)
    if set(lines_after) == set(version.lines):
        raise RuleError(f"MD6: {version.name} says this figure already; give another one, or explain the gap.")
    check_lines(lines_after)
    return lines_after


def _of_the_year(
    pair: Pair, value: Number, mine: Mapping[Key, list[PlanLine]], theirs: Mapping[Key, list[PlanLine]]
) -> dict[Key, Number]:
    """Answer the new figure of each line of comparison that goes into a year's total."""
    keys = [
        key for key in sorted(mine.keys() & theirs.keys())
        if (key[0], key[1], key[2], key[4], key[6]) == (pair.kind, pair.commissioner, pair.provider, pair.pod,
                                                        pair.measure)
        and year_of(key[5]) == pair.period and mine[key][0].unit == pair.unit != PENCE_A_UNIT
    ]  # fmt: skip
    if not keys:
        raise RuleError(f"MD6: the plans say nothing of {pair.pod or pair.measure} any more. Compare them again.")
    ours, others = ([_total(side[key]) for key in keys] for side in (mine, theirs))
    scale = 10 ** _decimals([*ours, *others, value])
    change = int((Decimal(value) - sum(map(Decimal, ours))) * scale)
    sign = 1 if change > 0 else -1
    room = [max(0, int((Decimal(b) - Decimal(a)) * scale) * sign) for a, b in zip(ours, others, strict=True)]
    if sum(room) < abs(change):
        room = [int(abs(Decimal(a)) * scale) for a in ours]
    if not any(room):
        room = [1] * len(keys)
    steps = largest_remainder(abs(change), room)
    return {
        key: _number(Decimal(a) + Decimal(sign * step) / scale)
        for key, a, step in zip(keys, ours, steps, strict=True) if step
    }  # fmt: skip


def _with_figure(
    lines: Sequence[PlanLine], key: Key, pair: Pair, value: Number, theirs: Sequence[PlanLine]
) -> list[PlanLine]:
    if not lines:
        of = _total_of(theirs)
        made = PlanLine(*key, pair.unit, value, "", None)
        return [_rated(made._replace(of=of), value) if of is not None else made]
    if value == 0 and not theirs:
        return []
    if lines[0].is_rate:
        return [_rated(line, value) for line in lines]
    if len(lines) == 1 or lines[0].unit == PENCE_A_UNIT:
        return [line._replace(value=value) for line in lines]
    scale = 10 ** _decimals([value, *(line.value for line in lines)])
    weights = [abs(Decimal(line.value)) for line in lines]
    whole = int(abs(Decimal(value)) * scale)
    parts = largest_remainder(whole, weights if any(weights) else [1] * len(lines))
    sign = -1 if value < 0 else 1
    return [line._replace(value=_number(Decimal(sign * part) / scale)) for line, part in zip(lines, parts, strict=True)]


def _rated(line: PlanLine, percent: Number) -> PlanLine:
    """Answer a line of a rate with another rate of the same denominator."""
    if not 0 <= percent <= 100:
        raise RuleError(f"MD6: a rate of {percent}%; expected 0 to 100.")
    numerator = round(Decimal(percent) * Decimal(line.of or 0) / 100, PLACES)
    return line._replace(value=_number(numerator))


def _total(lines: Sequence[PlanLine]) -> Number:
    return sum((line.value for line in lines), start=0)


def _total_of(lines: Sequence[PlanLine]) -> Number | None:
    every = [line.of for line in lines if line.of is not None]
    return sum(every, start=0) if every else None


def _decimals(values: Sequence[Number]) -> int:
    return max(0, *(-int(Decimal(value).normalize().as_tuple().exponent) for value in values if value), 0)


def _number(value: Decimal) -> Number:
    return int(value) if value == value.to_integral_value() else value.normalize()
