"""Which activity a statement may show: no line of it tells of 1 to 7 units, in the year to date or in a month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from joinedup.money.payment.statement_values import DoneLine

SMALL = 7
OTHER = "other activity"


def fold(done: Iterable[DoneLine]) -> list[tuple[str, int | None, int]]:
    """Answer (point of delivery, units, pence) that a statement may show, the rest as one line of "other activity".

    A statement is of the year to date, so two of them tell of a month: a point of delivery with 1 to 7 units in any
    month is folded. Where the others together have such a month, the smallest that is shown joins them; and where
    nothing is left to join, their units are None.
    """
    by_month: dict[str, dict[date, int]] = {}
    pence: dict[str, int] = {}
    for one in done:
        months = by_month.setdefault(one.pod, {})
        months[one.month] = months.get(one.month, 0) + one.units
        pence[one.pod] = pence.get(one.pod, 0) + one.pence
    units = {pod: sum(months.values()) for pod, months in by_month.items()}
    rest = [pod for pod, months in by_month.items() if _is_small(months.values())]
    shown = sorted((pod for pod in by_month if pod not in rest), key=lambda pod: (units[pod], pod))

    def rest_is_small() -> bool:
        days = {day for pod in rest for day in by_month[pod]}
        return _is_small(sum(by_month[pod].get(day, 0) for pod in rest) for day in days)

    while rest and shown and rest_is_small():
        rest.append(shown.pop(0))
    found: list[tuple[str, int | None, int]] = [(pod, units[pod], pence[pod]) for pod in sorted(shown)]
    if rest:
        count = None if rest_is_small() else sum(units[pod] for pod in rest)
        found.append((OTHER, count, sum(pence[pod] for pod in rest)))
    return found


def _is_small(counts: Iterable[int]) -> bool:
    return any(0 < count <= SMALL for count in counts)
