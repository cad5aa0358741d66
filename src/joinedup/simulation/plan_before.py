"""The plans of the year before, which growth, productivity and cuts of a plan are held against.

Each provider's follow from what it now returns, so that no check of growth finds anything that was not hidden: a little
less of everything, for a little more of today's money than its growth alone would explain.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from joinedup.simulation.plan_rows import Figure, Row, terms

MEASURES = ("spend", "income", "pay", "bank", "agency")


def year_before() -> str:
    """Answer the financial year before the planned one."""
    start = int(terms()["year"][:4])
    return f"{start - 1}/{start % 100:02d}"


def rows_before(theirs: Iterable[Row]) -> list[Row]:
    """Answer a provider's activity and money of the year before, each as one figure of the year."""
    said = terms()["before"]
    growth, prices = Decimal(str(terms()["growth"])), 1 + Decimal(said["inflation"])
    times = {name: Decimal(said.get(name, "1")) for name in MEASURES}
    # What was spent, in the planned year's money, for each unit: productivity takes the rest.
    times["spend"] = (1 + Decimal(said["productivity"])) / growth / prices
    times["income"] = times["pay"] = 1 / growth / prices
    rows: dict[tuple[str, ...], Row] = {}
    for row in theirs:
        if row.kind == "activity":
            by, figure = 1 / growth, row.total
        elif row.kind == "finance" and row.measure in MEASURES:
            by, figure = times[row.measure], row.total
        else:
            continue
        key = (row.kind, row.commissioner, row.service, row.pod, row.measure)
        held = rows.get(key)
        before = _whole(figure * by) + (next(iter(held.figures.values())) if held else 0)
        rows[key] = Row(
            row.kind, row.commissioner, row.provider, {year_before(): before}, row.unit, row.measure, row.service,
            row.pod,
        )  # fmt: skip
    return [row for row in rows.values() if row.total]


def _whole(value: Figure) -> int:
    return int(Decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_UP))
