"""What a paper cites by id, shown as it was known at an instant: measures, plan lines, allocations, decisions.

A citation is kept with what it said when its version was submitted, so that the paper reads the same for ever; what it
says today stands beside it where that differs (`shown`). Nothing leaves the measures but protected figures: a value
that is suppressed is kept as suppressed.

The ids: a decision's reference; the key of a plan line; `measure`, `measure|area` or `measure|area|month` (without an
area the whole system, without a month the latest that was over); `budget line`; and, for an allocation by need,
`year|system|place|pence of the pot`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.kept.cited_figures import cited_measure
from joinedup.moment import LONDON
from joinedup.money import allocate_by_need, availability, kept_table
from joinedup.planning import plan_line

KINDS: Final = ("decision", "plan_line", "measure", "allocation", "budget_line")


def cited(cites: Iterable[tuple[str, str]], known_at: datetime) -> list[dict[str, Any]]:
    """Answer each cited thing (kind, id) with what it said as known at an instant; NotFound for what was not there."""
    return [{"kind": kind, "id": id_} | _said(kind, id_, known_at)
            for kind, id_ in cites]  # fmt: skip


def today_differs(kept: Mapping[str, Any], known_at: datetime) -> dict[str, Any] | None:
    """Answer what a kept citation says by now, where that is another value; None where it still says the same.

    A thing that is no longer there says so in `gone`.
    """
    now = kept["kind"], kept["id"]
    if kept["kind"] == "measure" and kept.get("month"):
        # The month that was cited, and not the latest: a figure of another month is no change of this one.
        now = "measure", f"{kept['id'].partition('|')[0]}|{kept['area']}|{kept['month']}"
    try:
        [said] = cited([now], known_at)
    except (NotFound, RuleError) as error:
        return {"gone": str(error)}
    same = _COMPARED[kept["kind"]]
    return None if all(said.get(name) == kept.get(name) for name in same) else said


_COMPARED: Final[Mapping[str, tuple[str, ...]]] = {
    "decision": ("outcome", "pence"),
    "plan_line": ("value", "unit", "version"),
    "measure": ("value", "status"),
    "allocation": ("pence",),
    "budget_line": ("pence",),
}
"""What must be equal for a citation to say the same, by its kind."""


def _said(kind: str, id_: str, known_at: datetime) -> dict[str, Any]:
    if kind not in _SAYS:
        raise RuleError(
            f"B8: '{kind}' is nothing a paper cites; expected {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}"
        )
    return _SAYS[kind](id_, known_at)


def _decision(id_: str, known_at: datetime) -> dict[str, Any]:
    from joinedup.governance.kept.decisions import outcome_of
    from joinedup.moment import Moment

    found = models.Decision.objects.select_related("board").filter(pk=id_, at__lte=known_at).first()
    if found is None:
        keys = models.Decision.objects.values_list("pk", flat=True)
        raise NotFound(f"No decision '{id_}' was known then.{did_you_mean(id_, keys)}")
    outcome = outcome_of(found, Moment(known_at.astimezone(LONDON).date(), known_at))
    return {"outcome": outcome, "pence": found.amount_pence, "decided_at": found.decided_at.isoformat()}


def _plan_line(id_: str, known_at: datetime) -> dict[str, Any]:
    line = plan_line(id_, known_at=known_at)
    if line is None:
        raise NotFound(f"No plan that stood then has the line '{id_}'. Copy its key from the plan's page.")
    return {
        "value": str(line.line.value), "unit": line.line.unit, "version": line.number, "state": line.state,
        "owner": line.owner,
    }  # fmt: skip


def _budget_line(id_: str, known_at: datetime) -> dict[str, Any]:
    found = availability(id_, known_at=known_at)
    return {"pence": found.current, "committed": found.committed, "spent": found.actual}


def _allocation(id_: str, known_at: datetime) -> dict[str, Any]:
    parts = [one.strip() for one in id_.split("|")]
    if len(parts) != 4 or not parts[3].isdigit():
        raise RuleError(
            f"B8: '{id_}' is no allocation; expected year|system|place|pence of the pot, such as "
            "2022/23|QM7|06K|150000000000."
        )
    year, system, place, pot = parts
    table, edition = kept_table(year, components=("core",), blank="zero")
    found = allocate_by_need(table, int(pot), by="place", system=system)
    units = {one.code: one for one in found.units}
    if place not in units:
        raise NotFound(f"The table of {year} has no place '{place}' in {system}.{did_you_mean(place, units)}")
    return {
        "pence": units[place].pence, "pot": found.pot, "year": year, "place": units[place].name, "by": "need, core",
        "table": edition.digest, "inputs": found.inputs_hash,
    }  # fmt: skip


def _measure(id_: str, known_at: datetime) -> dict[str, Any]:
    measure, area, month = [*(one.strip() for one in id_.split("|")), "", ""][:3]
    return cited_measure(measure, area, _month(month) if month else None, known_at)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        raise RuleError(f"B8: '{text}' is no month; expected one such as 2022-09.") from None


_SAYS: Final[Mapping[str, Callable[[str, datetime], dict[str, Any]]]] = {
    "decision": _decision,
    "plan_line": _plan_line,
    "measure": _measure,
    "allocation": _allocation,
    "budget_line": _budget_line,
}
