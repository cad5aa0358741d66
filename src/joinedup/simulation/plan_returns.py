"""What commissioner and providers return of their plans: the agreed figures, with real disagreements hidden in them.

    rows, truth = plan_returns(world)      # {("QM7", "commissioner"): [Row, …], ("RWG", "provider"): …}

The disagreements stand in planted_disagreements.toml; `truth` says what came of each, period by period. Staff and pay
follow from the provider's own activity; they differ from it only where that is hidden too.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from joinedup.simulation.plan_rows import (
    PENCE,
    PERCENT,
    PRICE,
    UNITS,
    Catchment,
    Figure,
    Row,
    agreed,
    catchments,
    months,
    spread,
    terms,
)
from joinedup.simulation.plan_staff import pay_rows, staff_rows
from joinedup.simulation.world import World

Returns = dict[tuple[str, str], list[Row]]
ABOUT_CHECKS: Final = ("income", "needed", "pay", "beds")


@dataclass(frozen=True, slots=True)
class Hidden:
    """One period of one hidden disagreement, as each side says it; "" where it says nothing, and for a check."""

    number: int
    kind: str
    provider: str
    line: str  # activity, finance, performance, workforce
    service: str
    pod: str
    measure: str
    period: str
    commissioner_says: str
    provider_says: str
    found_by: str  # "comparison", "sum of the year", "bodies' balances", or the name of a check
    words: str


@cache
def planted() -> dict[str, Any]:
    """Answer what is hidden (planted_disagreements.toml)."""
    return tomllib.loads((files("joinedup.simulation") / "planted_disagreements.toml").read_text(encoding="utf-8"))


def plan_returns(world: World) -> tuple[Returns, list[Hidden]]:
    """Answer the rows of each return by body and side, and what is hidden in them."""
    hidden: list[Hidden] = []
    returns: Returns = {(world.icb, "commissioner"): []}
    for one in catchments(world):
        ours = agreed(one, world.icb)
        theirs = [row.copy() for row in ours]
        _cancel_out(theirs, _touched(one.ods))
        _trap(one, world.icb, ours, theirs)
        for number, plant in enumerate(planted()["planted"], start=1):
            if plant["provider"] == one.ods and plant.get("measure", "") not in ABOUT_CHECKS:
                hidden += _hide(number, plant, world.icb, ours, theirs)
        theirs += _own_rows(one, theirs)
        for number, plant in enumerate(planted()["planted"], start=1):
            if plant["provider"] == one.ods and plant.get("measure", "") in ABOUT_CHECKS:
                hidden.append(_hide_from_checks(number, plant, ours, theirs))
        returns[world.icb, "commissioner"] += ours
        returns[one.ods, "provider"] = theirs
    return returns, sorted(hidden, key=lambda one: (one.number, one.period))


def _touched(provider: str) -> set[tuple[str, str]]:
    return {(one.get("service", ""), one.get("pod", "")) for name in ("planted", "trap")
            for one in planted()[name] if one.get("provider") == provider}  # fmt: skip


def _cancel_out(rows: list[Row], touched: set[tuple[str, str]]) -> None:
    """Let a provider see single months a little otherwise, and the year the same."""
    for row in rows:
        if row.kind != "activity" or len(row.figures) < 12 or (row.service, row.pod) in touched:
            continue
        draw = zlib.crc32(f"{row.provider} {row.service} {row.pod}".encode())
        step, first, later = 1 + draw % 2, draw // 2 % 6, 6 + draw // 12 % 6
        row.figures[months()[first]] += step
        row.figures[months()[later]] -= step


def _trap(one: Catchment, icb: str, ours: list[Row], theirs: list[Row]) -> None:
    for trap in planted()["trap"]:
        if trap.get("provider") != one.ods:
            continue
        if "procedures" in trap:
            _coarsen(trap, ours, theirs)
        elif "commissioner" in trap:
            for row in [row for row in theirs if row.kind == "activity"]:
                elsewhere = row.copy()
                elsewhere.commissioner = trap["commissioner"]
                elsewhere.figures = {period: round(float(many) * trap["share"]) for period, many in row.figures.items()}
                theirs.append(elsewhere)
        else:
            for row in _of(theirs, trap):
                row.figures = {period: many * trap["factor"] for period, many in row.figures.items()}


def _coarsen(said: dict[str, Any], ours: list[Row], theirs: list[Row]) -> None:
    """Let the commissioner plan first appointments and procedures together, and the provider tell them apart."""
    for row in _of(ours, said):
        if row.kind == "activity":
            row.pod = "OPFP"
    for row in [row for row in _of(theirs, said) if row.kind == "activity"]:
        procedures = row.copy()
        procedures.pod = "OPPROC"
        procedures.figures = {period: round(float(many) * said["procedures"]) for period, many in row.figures.items()}
        row.figures = {period: many - procedures.figures[period] for period, many in row.figures.items()}
        theirs.append(procedures)
    # Prices are said by the provider only: the commissioner has none for the two together.
    for row in [row for row in _of(ours, said) if row.kind == "finance"]:
        ours.remove(row)
    for row in [row for row in _of(theirs, said) if row.kind == "finance"]:
        price = row.copy()
        price.pod = "OPPROC"
        theirs.append(price)


def _of(rows: list[Row], said: dict[str, Any], *measures: str) -> list[Row]:
    wanted = measures or ((said["measure"],) if "measure" in said else ("activity", "unit_price"))
    return [
        row for row in rows
        if row.measure in wanted and row.service == said.get("service", "") and row.pod == said.get("pod", "")
    ]  # fmt: skip


def _periods(plant: dict[str, Any], row: Row) -> list[str]:
    if len(row.figures) == 1:
        return list(row.figures)
    return [months()[number - 1] for number in plant.get("months", range(1, 13))]


def _hide(number: int, plant: dict[str, Any], icb: str, ours: list[Row], theirs: list[Row]) -> Iterator[Hidden]:
    """Change one side's rows; answer what each side then says, period by period."""
    measure = plant.get("measure", "activity")
    if "procedures" in plant:
        _coarsen(plant, ours, theirs)
    if "new" in plant:
        side = theirs if plant["who"] == "provider" else ours
        pod, service, provider = plant["pod"], plant["service"], plant["provider"]
        total = plant["new"]
        figures = spread(total, pod) if total >= terms()["by_month_from"] else {terms()["year"]: total}
        made = Row("activity", icb, provider, figures, UNITS[pod], service=service, pod=pod)
        price = {terms()["year"]: plant["price_pence"]}
        side += [made, Row("finance", icb, provider, price, PRICE, "unit_price", service, pod)]
        for period, many in figures.items():
            says = (str(many), "") if side is ours else ("", str(many))
            yield _hidden(number, plant, made, period, says)
        return
    if plant.get("drop"):
        for row in _of(theirs, plant):
            theirs.remove(row)
        for row in _of(ours, plant, measure):
            for period, many in row.figures.items():
                yield _hidden(number, plant, row, period, (str(many), ""))
        return
    changed = theirs if plant["who"] == "provider" else ours
    row = next(row for row in _of(changed, plant, measure) if row.part in ("", "numerator"))
    of = next((other for other in changed if (other.provider, other.measure, other.part) == (row.provider, measure,
              "denominator")), None)  # fmt: skip
    before = dict(row.figures)
    beside = next((other for other in changed if other.pod == "OPPROC" and other.service == row.service), None)
    for period in _periods(plant, row):
        base = of.figures[period] if of is not None else before[period]
        row.figures[period] = max(0, before[period] + _step(plant, base, len(row.figures) == 1))
        was, now = str(_shown(row, before[period])), str(_shown(row, row.figures[period]))
        was, now = (f"{was} of {base}", f"{now} of {base}") if of is not None else (was, now)
        pod = ""
        if "procedures" in plant and beside is not None:  # What is compared is the two together.
            pod = "OPFP"
            was, now = (str(figure + beside.figures[period]) for figure in (before[period], row.figures[period]))
        yield _hidden(number, plant, row, period, (was, now) if changed is theirs else (now, was), pod=pod)


def _step(plant: dict[str, Any], base: Figure, is_year: bool) -> int:
    if "by" in plant:
        return int(plant["by"]) * (12 if is_year else 1)
    step = round(float(base) * plant["share"])
    return step if abs(step) >= plant.get("least", 0) else int(plant["least"]) * (1 if plant["share"] > 0 else -1)


def _shown(row: Row, figure: Figure) -> Figure:
    return Decimal(figure) / 100 if row.unit in (PENCE, PRICE) else figure


def _hidden(
    number: int, plant: dict[str, Any], row: Row, period: str, says: tuple[str, str], *, pod: str = ""
) -> Hidden:
    by = "sum of the year" if plant["kind"] == "small gaps that add up" else "comparison"
    return Hidden(
        number, plant["kind"], row.provider, row.kind, row.service, pod or row.pod, row.measure, period, *says, by,
        plant["words"],
    )  # fmt: skip


def _own_rows(one: Catchment, theirs: list[Row]) -> list[Row]:
    """Answer a provider's own affairs, as its own activity asks for them: staff, pay, income, spend."""
    activity = [row for row in theirs if row.kind == "activity"]
    prices = {(row.service, row.pod): int(row.total) for row in theirs if row.measure == "unit_price"}
    income = sum(int(row.total) * prices[row.service, row.pod] for row in activity)
    staff = staff_rows(one, activity)
    money = pay_rows(one, staff)
    pay = sum(int(row.total) for row in money if row.measure == "pay")
    rows = [*staff, *money]
    for measure, pence in (("income", income), ("spend", max(pay, income - income // 200))):
        rows.append(Row("finance", "", one.ods, spread(pence, ""), PENCE, measure))
    return rows


def _hide_from_checks(number: int, plant: dict[str, Any], ours: list[Row], theirs: list[Row]) -> Hidden:
    """Change a figure that no other body says: it disagrees with the rest of its own plan."""
    rows = [row for row in theirs if row.measure == plant["measure"]]
    before = sum((row.total for row in rows), start=Decimal(0))
    for row in rows:
        for period, many in row.figures.items():
            if "by" in plant:
                row.figures[period] = max(0, many + plant["by"])
            elif isinstance(many, Decimal):
                row.figures[period] = round(many * (1 + Decimal(str(plant["share"]))), 3)
            else:
                row.figures[period] = many + round(many * plant["share"])
    if plant["measure"] == "beds":  # Both sides say the same beds, and both are wrong.
        for row in ours:
            if row.measure == "beds" and row.provider == plant["provider"]:
                row.figures = dict(rows[0].figures)
    after = sum((row.total for row in rows), start=Decimal(0))
    return Hidden(
        number, plant["kind"], plant["provider"], rows[0].kind, "", "", plant["measure"], terms()["year"],
        str(before), str(after), plant["check"], plant["words"],
    )  # fmt: skip


__all__ = ["PERCENT", "Hidden", "Returns", "plan_returns", "planted"]
