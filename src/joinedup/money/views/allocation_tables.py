"""The tables of an allocation and what stands with them in a file: from which table, by which limits, by which need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from joinedup.money.allocation.denominators import (
    REGISTERED,
    RESIDENT,
    People,
    pence_per_head,
    registered_per_resident,
)
from joinedup.money.allocation.explained import Unit
from joinedup.money.allocation.kept_tables import Edition
from joinedup.money.allocation.pace import distance_from_target
from joinedup.money.allocation.places_map import place_name, plain_name
from joinedup.money.allocation.what_if import Answer
from joinedup.money.allocation.what_if_form import Typed
from joinedup.ui import Column, Table
from joinedup.ui.tables import pounds

Down = Callable[[Unit], str | None]
NO_NETWORK = "U"
FEW = 6  # places that an eye orders by itself; the links that sort would take the room of a column

__all__ = ["below_table", "file_notes", "people_table", "places_table", "plain_name", "unit_name"]


def places_table(answer: Answer, down: Down, notes: Sequence[str]) -> Table:
    """Answer what each place gets: by need, before, now, growth and distance."""
    made = answer.allocation
    before = _("Before") if not answer.is_assumed else _("Before (by list size)")
    columns = [
        Column("name", _("Place"), "link", "href"),
        Column("code", _("Code"), where="file"),
        Column("index", _("Need index"), "number", decimals=3, note="Against England; above 1 is needier (MA3)."),
        Column("share", _("Share of need (%)"), "number", decimals=2, note="Of the system's weighted population."),
        Column("weighted", _("Weighted population"), "number", where="file"),
        Column("population", _("Registered, projected"), "number", where="file"),
        Column("target", _("By need"), "pence", note="The share by need of the pot: its target (MA4, MA6)."),
        Column("before", before, "pence"),
        Column("pence", _("Gets"), "pence", note="With the limits to the year's change (MA9)."),
        Column("growth", _("Growth (%)"), "number", decimals=2, note="Of what it had before."),
        Column("distance", _("From target (%)"), "number", decimals=2, note="Below 0 is under target (MA8)."),
    ]
    rows = [
        _unit_row(unit, down)
        | {"before": answer.before[unit.code], "growth": _percent(unit.pence, answer.before[unit.code])}
        for unit in made.units
    ]
    return Table(
        columns,
        rows,
        caption=_("What each place gets"),
        name="places",
        per_page=0,
        can_filter=False,
        can_sort=len(rows) > FEW,
        source=_source(made.year),
        notes=[_("Each adds up to the pot, to the penny. Open a place to see its neighbourhoods and practices.")],
        file_notes=notes,
    )


def below_table(units: Sequence[Unit], name: str, down: Down, notes: Sequence[str]) -> Table:
    """Answer what the neighbourhoods of a place, or the practices of one, get."""
    is_practice = units[0].level == "practice"
    what = _("GP practices of %(name)s") if is_practice else _("Neighbourhoods of %(name)s")
    columns = [
        Column("name", _("GP practice") if is_practice else _("Neighbourhood (PCN)"), "link", "href"),
        Column("code", _("Code"), where="file"),
        Column("patients", _("Registered"), "number"),
        Column("weighted", _("Weighted population"), "number", decimals=0),
        Column("population", _("Registered, projected"), "number", where="file"),
        Column("index", _("Need index"), "number", decimals=3, note="Against England (MA3)."),
        Column("share", _("Share of need (%)"), "number", decimals=2, note="Of the system's weighted population."),
        Column("target", _("By need"), "pence"),
        Column("pence", _("Gets"), "pence"),
    ]
    return Table(
        columns,
        [_unit_row(unit, down) for unit in units],
        caption=what % {"name": name},
        name="below",
        file_notes=notes,
        notes=[_("The place's money goes down by need; limits to change hold between places.")],
    )


def people_table(answer: Answer, residents: Mapping[str, Any], notes: Sequence[str]) -> Table:
    """Answer the people behind the money, both kinds side by side and never divided by each other's money (MA10)."""
    living = residents.get("people", {})
    rows = []
    for unit in (*answer.allocation.units, answer.allocation.area):
        registered = People(unit.patients, REGISTERED)
        count = living.get(unit.code)
        ratio = None if count is None else registered_per_resident(registered, People(count, RESIDENT))
        rows.append(
            {
                "name": place_name(unit),
                "registered": unit.patients,
                "projected": round(unit.population),
                "weighted": round(unit.weighted),
                "residents": count,
                "mark": "–",
                "ratio": None if ratio is None else round(ratio, 4),
                "per_head": pence_per_head(unit.pence, REGISTERED, registered),
            }
        )
    return Table(
        [
            Column("name", _("Place")),
            Column("registered", _("Registered"), "number", note="People on the lists of its GP practices."),
            Column("projected", _("Registered, projected"), "number", note="What need indices are divided by."),
            Column("weighted", _("Weighted for need"), "number"),
            Column("residents", _("Residents"), "number", mark_key="mark", note="People who live there."),
            Column("ratio", _("Registered for each resident"), "number", decimals=4, mark_key="mark"),
            Column("per_head", _("Gets for each registered"), "pence"),
        ],
        rows,
        caption=_("The people behind it, counted both ways"),
        name="people",
        per_page=0,
        can_filter=False,
        can_sort=False,
        source=_source(answer.allocation.year),
        notes=[
            _("Registered people drive this money; residents drive a council's. Neither is divided by the other's.")
            if living
            else _("Residents were not imported; joinedup allocate import brings them with the published small areas.")
        ],
        file_notes=notes,
    )


def file_notes(answer: Answer, typed: Typed, edition: Edition) -> list[str]:
    """Answer what a file must say so that the figures can be made again."""
    made, tried = answer.allocation, typed.tried
    limits = {name: typed.values[name] for name in ("change", "kappa", "floor", "cap", "max_under")}
    said = [
        f"inputs hash: {made.inputs_hash}",
        f"weighted populations: {edition.year}, {edition.file}, SHA-256 {edition.digest}",
        f"component: {made.component}",
        f"memberships of {made.as_of.isoformat()}",
        f"pot: {pounds(made.pot)}",
        f"set on the page, in per cent: {', '.join(f'{name} {value}' for name, value in limits.items())}",
        f"kept from their share by need: {'yes' if tried and tried.is_paced else 'no'}",
        f"theta: {made.theta if made.theta is not None else 'none'}",
        "baselines: "
        + (
            "the pot before by projected list size"
            if answer.is_assumed
            else "as on the page, "
            + ", ".join(f"{code} {pounds(pence)}" for code, pence in sorted(answer.before.items()))
        ),
        f"blank cells: {made.blanks}, counted as {typed.blank}",
        f"parameters: {', '.join(made.parameter_ids) or 'none but those above'}",
        f"code version: {made.code_version}",
    ]
    if tried and tried.shares:
        said.append("blend: " + ", ".join(f"{name} {share}" for name, share in tried.shares.items()))
    return said


def unit_name(level: str, code: str, name: str) -> str:
    """Answer what a unit is called; "U" is no network, and stands in many places."""
    if level == "neighbourhood" and code == NO_NETWORK:
        return _("In no neighbourhood")
    return (plain_name(name) if level == "place" else name) or code


def _unit_row(unit: Unit, down: Down) -> dict[str, Any]:
    return {
        "name": unit_name(unit.level, unit.code, unit.name),
        "href": down(unit),
        "code": unit.code,
        "index": None if unit.index_of_england is None else round(unit.index_of_england, 6),
        "share": round(unit.share * 100, 6),
        "weighted": round(unit.weighted, 6),
        "population": round(unit.population, 6),
        "patients": unit.patients,
        "target": unit.target_p,
        "pence": unit.pence,
        "distance": _percent(unit.pence, unit.target_p),
    }


def _percent(pence: int, of: int) -> Decimal | None:
    return round(distance_from_target(pence, of) * 100, 6) if of else None


def _source(year: str) -> str:
    return _("NHS England, weighted populations %(year)s") % {"year": year}
