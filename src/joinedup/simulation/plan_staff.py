"""Staff and pay of a simulated plan: what its activity asks for, who is in post, who comes and goes, what they cost."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from joinedup.simulation.plan_rows import PENCE, Catchment, Figure, Row, months, terms

# Hours a year that one whole-time equivalent works: 37.5 a week in 52 weeks, 21 of 100 on leave, ill or in training.
HOURS: Final = Decimal("1540.5")
HEADS: Final = Decimal("1.15")  # people for one whole-time equivalent, since some work part-time


def staff_rows(one: Catchment, activity: list[Row]) -> list[Row]:
    """Answer a provider's staff by place, profession and month: what is needed, and who fills how much of it.

    In post, bank and agency come to what is needed; leavers of a month are made good by its joiners, and a few posts
    are filled in the course of the year.
    """
    minutes = sum((Decimal(row.total) * terms()["minutes"][row.pod] for row in activity), Decimal(0))
    total = minutes / 60 / HOURS
    main = next(setting for setting in ("acute", "community", "mental_health") if setting in one.settings)
    rows = []
    shares = _shares(one)
    for profession, mix in terms()["mix"][main].items():
        for place, share in shares.items():
            needed = _three(total * mix / 1000 * share)
            if needed:
                rows += _group(one.ods, place, profession, needed)
    return rows


def _shares(one: Catchment) -> dict[str, Decimal]:
    sums = {place: sum(by_place.get(place, 0) for by_place in one.people.values()) for place in one.places}
    every = sum(sums.values())
    return {place: Decimal(many) / every for place, many in sums.items() if many * 50 > every}


def _group(provider: str, place: str, profession: str, needed: Decimal) -> list[Row]:
    vacant = Decimal(terms()["vacant"][profession]) / 1000
    left = _three(needed * Decimal("0.009"))
    filled = _three(needed * vacant / 40)  # posts a month that are filled for good
    figures: dict[str, dict[str, Figure]] = {}
    at = _three(needed * (1 - vacant))
    for month in months():
        at += filled
        gap = needed - at
        agency = _three(gap / 5)
        said: dict[str, Figure] = {
            "establishment": needed, "in_post": at, "bank": gap - agency, "agency": agency, "needed": needed,
            "joiners": left + filled, "leavers": left,
            "headcount": int((at * HEADS).quantize(Decimal(1), rounding=ROUND_HALF_UP)) or 1,
        }  # fmt: skip
        for measure, value in said.items():
            figures.setdefault(measure, {})[month] = value
    return [
        Row("workforce", "", provider, by_month, "people" if measure == "headcount" else "WTE", measure,
            pod=profession, place=place)
        for measure, by_month in figures.items()
    ]  # fmt: skip


def pay_rows(one: Catchment, staff: list[Row]) -> list[Row]:
    """Answer pay, and what of it is for bank and agency, by month in pence: WTE worked, at the agreed cost of one."""
    sums: dict[str, dict[str, Decimal]] = {}
    for row in staff:
        for measure in {"in_post": ("pay",), "bank": ("pay", "bank"), "agency": ("pay", "agency")}.get(row.measure, ()):
            for month, wte in row.figures.items():
                by_month = sums.setdefault(measure, dict.fromkeys(months(), Decimal(0)))
                by_month[month] += wte * terms()["cost"][row.pod] / 12
    return [
        Row("finance", "", one.ods,
            {month: int(pence.quantize(Decimal(1), rounding=ROUND_HALF_UP)) for month, pence in by_month.items()},
            PENCE, measure)
        for measure, by_month in sums.items()
    ]  # fmt: skip


def _three(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)
