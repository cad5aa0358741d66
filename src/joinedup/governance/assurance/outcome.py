"""What became of an expected effect: did the measure move after the decision, as expected, or is nothing shown?

Three verdicts and no fourth: "moved as expected", "moved", "not shown". None says that a decision did it: figures move
for many reasons, and what else changed is for people to say.

Method: the XmR chart of Making Data Count (NHS England), by the rules of the measures (population PD15), with limits
frozen before the decision. The month of the decision belongs to neither side.

- Before: 12 months with a value at least; their mean and mean moving range make the limits, and later months do not
  move them. After: 7 months at least, as many as a run needs; until then the verdict is "not shown", and says so.
- The measure moved where the months after signal on one side by themselves: one beyond a limit, two of three near it,
  or seven in a run or trend. A run that began before the decision counts from the decision on.
- The size is the mean of the last 7 months up to the day that was named, less the mean before. Where the comparator
  signals by the same rules on its own limits, its movement is taken off first: what happened everywhere is not this.
- As expected: the movement is on the expected side, and its size is what was expected or more.
- A measure that was chosen because its figure stood out, or that signalled in the three months before, comes back
  towards its mean by itself: regression to the mean is named, whatever the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from joinedup.errors import RuleError
from joinedup.governance.meetings.expected_effect import PERCENT

MOVED_AS_EXPECTED, MOVED, NOT_SHOWN = "moved as expected", "moved", "not shown"
FEWEST_BEFORE: Final = 12  # the fewest points on which the measures freeze limits (PD15)
FEWEST_AFTER: Final = 7  # the length of a run and of a trend
JUST_BEFORE: Final = 3
OUTSIDE, NEAR = "outside limits", "two of three"
SIDES: Final = {"high": "increase", "low": "decrease"}


class MonthValue(NamedTuple):
    """A month by its first day, and its value; None where there is none, or none that may be shown."""

    month: date
    value: float | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What was expected: `amount` above 0 in per cent of what was before, or in the measure's own unit; by a day."""

    direction: str  # increase, decrease
    amount: float
    unit: str
    by: date
    was_extreme: bool = False


@dataclass(frozen=True, slots=True)
class Movement:
    """How a series stands against the limits of the months before: its change, and on which side it signals.

    `change` and `mean_after` are None without a month after; `side` is increase, decrease, both, or "".
    """

    before: int
    after: int
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None
    mean_after: float | None = None
    side: str = ""
    signals: tuple[str, ...] = ()
    signalled_just_before: bool = False
    flags: tuple[tuple[date, str, str], ...] = ()  # each month that signals: which rule, high or low

    @property
    def change(self) -> float | None:
        return None if self.mean is None or self.mean_after is None else self.mean_after - self.mean


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict, and all that it rests on. `expected_change` and `net_change` are in the unit of the measure.

    `is_final` once the day that was named is over and its months are there. `why` are sentences for people.
    """

    verdict: str
    why: tuple[str, ...]
    is_final: bool
    measured: Movement
    comparator: Movement | None
    expected_change: float | None
    net_change: float | None
    regression: str = ""


def judge(
    points: Sequence[MonthValue],
    expected: Expected,
    *,
    decided_on: date,
    today: date,
    comparator: Sequence[MonthValue] = (),
    overlap: int = 1,
) -> Outcome:
    """Answer what became of an expectation, by the months of a measure and, where there is one, of its comparator.

    `overlap` is how many months each point covers: more than one, and no point is independent of its neighbours, so
    that nothing can be shown. RuleError for two values of one month, or an expectation that ends before it begins.
    """
    _must_be_judged(points, expected, decided_on)
    until = _months_up_to(points, expected.by)
    is_final = today > expected.by and any(one.month >= _first(expected.by) for one in points)
    if overlap > 1:
        shared = f"Each point covers {overlap} months, most of them its neighbour's too: no rule of an XmR chart holds."
        return Outcome(NOT_SHOWN, (shared,), is_final, _counted(until, decided_on), None, None, None,
                       _regression(expected, Movement(0, 0)))  # fmt: skip
    measured = movement(until, decided_on)
    beside = movement(_months_up_to(comparator, expected.by), decided_on) if comparator else None
    size = _expected_change(expected, measured)
    net, beside_why = _net(measured, beside, bool(comparator))
    verdict, why = _verdict(expected, measured, size, net, is_final)
    return Outcome(
        verdict, (*why, *beside_why), is_final, measured, beside, size, net, _regression(expected, measured)
    )  # fmt: skip


def movement(points: Sequence[MonthValue], decided_on: date) -> Movement:
    """Answer how the months after a decision stand against the limits of those before it."""
    import pandas as pd

    from joinedup.measures import xmr

    counted = _counted(points, decided_on)
    if counted.before < FEWEST_BEFORE:
        return counted
    decided = _first(decided_on)
    rows = [one for one in sorted(points) if one.value is not None and one.month != decided]
    table = pd.DataFrame({"month": [one.month for one in rows], "value": [float(one.value or 0.0) for one in rows]})
    found = xmr(table, "value", "month", fix_after=counted.before).points
    is_after = [one.month > decided for one in rows]
    flagged = list(zip(is_after, found["signal"], found["direction"], strict=True))
    after = [(str(signal), str(way)) for late, signal, way in flagged if late]
    just_before = [str(signal) for late, signal, _ in flagged if not late][-JUST_BEFORE:]
    sides = tuple(SIDES[way] for way in SIDES if _signals(after, way))
    values = table["value"][is_after].to_list()[-FEWEST_AFTER:]
    first = found.iloc[0]
    return Movement(
        counted.before, counted.after, float(first["mean"]), float(first["lower"]), float(first["upper"]),
        sum(values) / len(values) if values else None, "both" if len(sides) > 1 else "".join(sides),
        tuple(sorted({signal for signal, _ in after if signal})), any(one in (OUTSIDE, NEAR) for one in just_before),
        tuple((row.month, str(label), str(way)) for row, (_, label, way) in zip(rows, flagged, strict=True) if label),
    )  # fmt: skip


def _signals(after: Sequence[tuple[str, str]], way: str) -> bool:
    """Answer whether the months after a decision signal on a side by themselves, without any before it."""
    labels = [signal if side == way else "" for signal, side in after]
    in_a_row = longest = 0
    for label in labels:
        in_a_row = in_a_row + 1 if label else 0
        longest = max(longest, in_a_row)
    return OUTSIDE in labels or labels.count(NEAR) >= 2 or longest >= FEWEST_AFTER


def _verdict(
    expected: Expected, measured: Movement, size: float | None, net: float | None, is_final: bool
) -> tuple[str, tuple[str, ...]]:
    if measured.before < FEWEST_BEFORE:
        return NOT_SHOWN, (
            f"Before the decision {_months(measured.before)} have a figure; limits need {FEWEST_BEFORE}.",
        )
    if measured.after < FEWEST_AFTER:
        when = "Up to the day that was named" if is_final else "It is too early:"
        return NOT_SHOWN, (
            f"{when} {_months(measured.after)} after the decision have a figure, and {FEWEST_AFTER} are needed.",
        )
    if not measured.side:
        flat = measured.lower == measured.upper
        return NOT_SHOWN, (
            "All months before are equal, so that nothing can signal."
            if flat
            else "The months after the decision lie within what it always did: no rule signals.",
        )
    if measured.side == "both":
        return MOVED, ("It signals on both sides since, so that it moved, and not one way.",)
    if measured.side != expected.direction:
        return MOVED, (f"It moved, and the other way: {expected.direction} was expected.",)
    assert size is not None
    assert net is not None
    reached = net >= size if expected.direction == "increase" else net <= size
    if reached:
        return MOVED_AS_EXPECTED, ("It moved the way that was expected, by as much or more.",)
    return MOVED, ("It moved the way that was expected, by less than was expected.",)


def _net(measured: Movement, beside: Movement | None, is_given: bool) -> tuple[float | None, tuple[str, ...]]:
    """Answer the change less the comparator's where that moved too, and what is to be said of the comparator."""
    change = measured.change
    if not is_given or beside is None:
        return change, ("There is no comparator: whether others moved as well is not known.",)
    if beside.before < FEWEST_BEFORE or beside.after < FEWEST_AFTER or change is None or beside.change is None:
        return change, ("The comparator has too few months to say whether others moved as well.",)
    if not beside.side:
        return change, ("The comparator did not move: no rule signals in it.",)
    return change - beside.change, ("The comparator moved as well; its movement is taken off.",)


def _expected_change(expected: Expected, measured: Movement) -> float | None:
    """Answer the expected change in the unit of the measure, below 0 for a decrease; None without a mean before."""
    if expected.unit == PERCENT and measured.mean is None:
        return None
    amount = abs(measured.mean or 0.0) * expected.amount / 100 if expected.unit == PERCENT else expected.amount
    return amount if expected.direction == "increase" else -amount


def _regression(expected: Expected, measured: Movement) -> str:
    if not expected.was_extreme and not measured.signalled_just_before:
        return ""
    why = (
        "The measure was chosen because its figure stood out."
        if expected.was_extreme
        else "The figures of the months just before the decision stood out."
    )
    return (
        f"{why} Such a figure comes back towards its mean by itself (regression to the mean): part or all of such a "
        "movement would have come without any decision."
    )


def _counted(points: Sequence[MonthValue], decided_on: date) -> Movement:
    decided = _first(decided_on)
    there = [one.month for one in points if one.value is not None]
    return Movement(sum(one < decided for one in there), sum(one > decided for one in there))


def _must_be_judged(points: Sequence[MonthValue], expected: Expected, decided_on: date) -> None:
    if expected.by <= decided_on:
        raise RuleError(f"The effect is expected by {expected.by}, not after the decision of {decided_on}.")
    months = [one.month for one in points]
    if any(month.day != 1 for month in months) or len(set(months)) != len(months):
        raise RuleError("PD15: expected one value for each month, by the first day of the month.")


def _months_up_to(points: Sequence[MonthValue], day: date) -> list[MonthValue]:
    """Answer the months up to the one that holds a day."""
    return [one for one in points if one.month <= day]


def _first(day: date) -> date:
    return day.replace(day=1)


def _months(count: int) -> str:
    return f"{count or 'no'} month{'s' * (count != 1)}"
