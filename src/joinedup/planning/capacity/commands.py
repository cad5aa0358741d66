"""The verb `joinedup plan capacity`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from joinedup.planning.workforce.commands import Json, read_files

capacity = typer.Typer(add_completion=False, rich_markup_mode=None)


@capacity.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    month: Annotated[str, typer.Option(help="The month, such as 2026-10; else the latest.")] = "",
    activity: Annotated[float, typer.Option(help="What if: per cent more activity, or fewer below 0.")] = 0,
    stay: Annotated[float, typer.Option(help="What if: per cent longer stays, or shorter below 0.")] = 0,
    occupancy: Annotated[float, typer.Option(help="What if: per cent of beds that may be taken; 0 is as decided.")] = 0,
    utilisation: Annotated[float, typer.Option(help="What if: per cent of open hours in use; 0 is as planned.")] = 0,
    demand: Annotated[str, typer.Option(help="Where demand comes from: plan or forecast.")] = "plan",
    as_json: Json = False,
) -> None:
    """Say how many beds, theatres, clinics, community clinicians and emergency spaces the plans need, and the gap.

    Example: joinedup plan capacity --stay -5 --json
    """
    if context.invoked_subcommand is not None:
        return
    from joinedup import database
    from joinedup.errors import NotFound, did_you_mean

    database.ready()
    from joinedup.planning.capacity import as_kept as capacity_as_kept
    from joinedup.planning.capacity.forecast_demand import FORECAST, PLAN
    from joinedup.planning.capacity.position import CapacityScenario, system_beds, system_units
    from joinedup.planning.system_parameters import system_parameters

    if demand not in (PLAN, FORECAST):
        raise NotFound(
            f"Demand comes from plan or forecast, not from '{demand}'.{did_you_mean(demand, [PLAN, FORECAST])}"
        )
    known = capacity_as_kept.months()
    if not known:
        raise NotFound("No capacity was taken in yet. joinedup plan capacity import FILE takes a return in.")
    month = month or known[0]
    if month not in known:
        raise NotFound(f"No capacity of {month} is kept. There is: {', '.join(known)}.")
    scenario = CapacityScenario(activity, stay, occupancy / 100 or None, utilisation / 100 or None)
    found = capacity_as_kept.capacity_in(month, system_parameters(), scenario, demand=demand)
    limit = scenario.occupancy or found.assumed.occupancy
    beds = [*found.beds, *([system_beds(found.beds, "all", limit)] if found.beds else [])]
    units = [*found.units, *system_units(found.units, "all")]
    rows: list[dict[str, Any]] = [
        {"resource": "beds", "provider": one.provider, "available": one.today.available,
         "occupied": one.today.occupied, "no_criteria_to_reside": one.today.no_criteria_to_reside,
         "required_today": one.today.required, "gap_today": one.today.gap,
         "required": one.planned.required, "gap": one.planned.gap}
        for one in beds
    ]  # fmt: skip
    rows += [
        {"resource": one.resource, "provider": one.provider, "available": one.available, "required": one.required,
         "gap": one.gap, "in_use": None if one.in_use is None else round(one.in_use, 4)}
        for one in units
    ]  # fmt: skip
    if as_json:
        answer = {"month": month, "demand": demand, "occupancy": limit, "plans_multiplied_by": str(found.scale),
                  "rows": rows, "without_plan": list(found.without_plan)}  # fmt: skip
        typer.echo(json.dumps(answer))
        return
    lines = [
        f"{row['resource']:<12}{row['provider']:<8}{row['available']:>10,.0f} there{row['required']:>8,} needed"
        f"{abs(row['gap']):>8,.0f} {'short' if row['gap'] > 0 else 'spare'}"
        for row in rows
    ]
    whose = "the plans need" if demand == PLAN else "the forecast needs"
    typer.echo("\n".join([f"Capacity in {month}, and what {whose} of it:", *lines]))


@capacity.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV files; a provider's month stands in one of them.")],
    as_json: Json = False,
) -> None:
    """Take capacity in, each provider's month as its next version: all of the files, or nothing and every fault.

    Example: joinedup plan capacity import capacity-2026-10.csv
    """
    from joinedup import database
    from joinedup.access import service_grant

    contents = read_files(files)
    database.ready()
    from joinedup.planning.capacity.as_kept import import_capacity

    done = import_capacity(
        service_grant("plan", "import capacity", "whoever may run commands on this server"), contents
    )
    rows = [
        {"provider": one.provider, "month": one.month, "version": one.number, "rows": one.rows, "is_new": one.is_new}
        for one in done
    ]
    new = sum(one.is_new for one in done)
    text = f"{new} returns are taken in; {len(done) - new} were here already.\nNext: joinedup plan capacity"
    typer.echo(json.dumps(rows) if as_json else text)
