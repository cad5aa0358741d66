"""The verb `joinedup allocate`."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from joinedup.errors import RuleError

if TYPE_CHECKING:
    from joinedup.money.allocation.explained import Allocation, Limits, Unit
    from joinedup.money.allocation.weighted_populations import WeightedPopulation

allocate = typer.Typer(add_completion=False, rich_markup_mode=None)
KEPT = "kept"  # --what-if: by the baselines that are kept
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@allocate.callback(invoke_without_command=True)
def by_need(
    context: typer.Context,
    year: Annotated[str, typer.Option(help="The financial year of the weighted populations.")] = "2022/23",
    pot_pounds: Annotated[str, typer.Option(help="The pot in pounds; two places after the point at most.")] = "",
    system: Annotated[str, typer.Option(help="The system whose pot it is; without it, all of England's.")] = "",
    by: Annotated[str, typer.Option(help="system, place, neighbourhood or practice.")] = "place",
    component: Annotated[
        str, typer.Option(help="core, general-and-acute, community, mental-health, maternity and others.")
    ] = "core",
    blend: Annotated[
        str, typer.Option(help="Shares of components that make 1, such as general-and-acute=.7,community=.3.")
    ] = "",
    as_of: Annotated[str, typer.Option(help="The day whose memberships count; 1 April of the year if not given.")] = "",
    memberships: Annotated[
        str, typer.Option(help="A CSV of practice,neighbourhood,place,system,from,to for those that moved.")
    ] = "",
    what_if: Annotated[
        str, typer.Option(help="A CSV of code,pence, the baselines from which units move by need; or kept.")
    ] = "",
    kappa: Annotated[str, typer.Option(help="With --what-if: the share of the gap that is closed.")] = "0",
    floor: Annotated[str, typer.Option(help="With --what-if: the least growth, .02 for 2 per cent.")] = "0",
    cap: Annotated[str, typer.Option(help="With --what-if: the most growth.")] = "",
    max_under: Annotated[str, typer.Option(help="With --what-if: the most a unit may stay below target.")] = "",
    blank: Annotated[str, typer.Option(help="What a blank cell is: zero, one or error.")] = "error",
    table: Annotated[str, typer.Option(help="A published table to use instead of the imported one.")] = "",
    edition: Annotated[str, typer.Option(help="The imported edition, by the first figures of its digest.")] = "",
    as_json: Json = False,
) -> None:
    """Share a pot by need over systems, places, neighbourhoods or practices, to the penny.

    It reads the published weighted populations, which are imported once. Nothing is stored.

    Example: joinedup allocate --year 2022/23 --system QM7 --pot-pounds 1000000000 --by place
    """
    if context.invoked_subcommand is not None:
        return
    if not pot_pounds:
        raise RuleError("Say how much is shared out: --pot-pounds 1000000000. Or: joinedup allocate import, editions.")
    from joinedup.moment import parse_day
    from joinedup.money.allocation.explained import allocate_by_need, pot_of_pounds
    from joinedup.money.allocation.files import read_memberships
    from joinedup.money.allocation.kept_tables import kept_residents, kept_table
    from joinedup.money.allocation.weighted_populations import read_weighted_population

    shares = _shares(blend)
    names = tuple(shares or (component,))
    if table:
        read = read_weighted_population(_file(table), year=year, components=names, blank=blank)
        source = {"file": Path(table).name, "digest": read.digest}
    else:
        read, kept = kept_table(year, components=names, blank=blank, edition=edition)
        source = {"file": kept.file, "digest": kept.digest}
    made = allocate_by_need(
        read, pot_of_pounds(pot_pounds), by=by, system=system or None, component=component, shares=shares,
        as_of=parse_day(as_of) if as_of else None,
        moved=read_memberships(Path(memberships)) if memberships else (),
        limits=_limits(what_if, kappa, floor, cap, max_under, _units(read, system, by)),
    )  # fmt: skip
    residents = kept_residents()
    typer.echo(json.dumps(_as_json(made, source, residents), ensure_ascii=False) if as_json else _told(made))


@allocate.command(name="import")
def import_(
    source: Annotated[Path, typer.Argument(help="The published table, or the folder of the published files.")],
    year: Annotated[str, typer.Option(help="The financial year, where the file's name does not say it.")] = "",
    as_json: Json = False,
) -> None:
    """Check a published table of weighted populations and keep it, so that pots can be shared by it.

    From a folder the residents of the published small areas are kept too. The same file again changes nothing.

    Example: joinedup allocate import published-files
    """
    from joinedup import database

    database.ready()
    from joinedup.access import service_grant
    from joinedup.money.allocation.kept_tables import import_table

    grant = service_grant(
        "money.allocate-import", "keep the published weighted populations", "whoever may run commands on this server"
    )
    done = import_table(source, grant, year or None)
    one = done.edition
    if as_json:
        answer = {"year": one.year, "file": one.file, "digest": one.digest, "practices": one.practices,
                  "places": one.places, "systems": one.systems, "blanks": one.blanks,
                  "residents": done.has_residents, "is_unchanged": done.is_unchanged}  # fmt: skip
        typer.echo(json.dumps(answer))
    elif done.is_unchanged:
        typer.echo(f"The weighted populations of {one.year} are imported already; nothing changed.")
    else:
        typer.echo(
            f"Imported the weighted populations of {one.year}: {one.practices:,} practices in {one.places} places of "
            f"{one.systems} systems; {one.blanks} blank cells. Residents: {'yes' if done.has_residents else 'no'}."
        )


@allocate.command()
def editions(as_json: Json = False) -> None:
    """List the tables of weighted populations that are kept, the newest first.

    Example: joinedup allocate editions
    """
    from joinedup.money.allocation import kept_tables

    found = kept_tables.editions()
    if as_json:
        names = ("year", "file", "digest", "imported_at", "practices", "places", "systems", "blanks")
        typer.echo(json.dumps([{name: getattr(one, name) for name in names} for one in found]))
        return
    lines = [f"{one.year}  {one.digest[:12]}  {one.imported_at[:10]}  {one.file}" for one in found]
    typer.echo("\n".join(lines) or f"None. {kept_tables.IMPORT}")


@allocate.command(name="baselines")
def baselines_(
    file: Annotated[Path, typer.Argument(help="A CSV of code,pence: what each place had before the year.")],
    year: Annotated[str, typer.Option(help="The financial year before which they had it.")],
    as_json: Json = False,
) -> None:
    """Keep what each place had, so that pages and --what-if kept move from there at a pace. The same again adds none.

    Example: joinedup allocate baselines places.csv --year 2022/23
    """
    from joinedup import database

    database.ready()
    from joinedup.access import service_grant
    from joinedup.money.allocation.kept_baselines import keep_baselines

    grant = service_grant(
        "money.allocate-baselines", "keep what each place had", "whoever may run commands on this server"
    )
    one, is_new = keep_baselines(grant, file, year)
    whole = sum(one.pence.values())
    if as_json:
        answer = {"year": one.year, "file": one.file, "digest": one.digest, "units": len(one.pence),
                  "sum_pence": whole, "is_unchanged": not is_new}  # fmt: skip
        typer.echo(json.dumps(answer))
    elif is_new:
        typer.echo(f"Kept what {len(one.pence)} units had before {one.year}: {_pounds(whole)} together.")
    else:
        typer.echo(f"These baselines of {one.year} are kept already; nothing changed.")


@allocate.command()
def residents(
    budget: Annotated[Path, typer.Argument(help="A CSV of small_area,pence: a budget for people who live there.")],
    crosswalk: Annotated[Path, typer.Option(help="A CSV of practice,small_area,patients,from,to.")],
    on: Annotated[str, typer.Option(help="The day whose crosswalk counts.")],
    as_json: Json = False,
) -> None:
    """Share a budget for residents over practices by where their patients live, to the penny.

    Example: joinedup allocate residents budget.csv --crosswalk patients.csv --on 2022-04-01
    """
    from joinedup.moment import parse_day
    from joinedup.money.allocation.denominators import crosswalk_on, resident_to_registered
    from joinedup.money.allocation.files import read_amounts, read_crosswalks

    given = resident_to_registered(
        read_amounts(budget, "small_area"), crosswalk_on(read_crosswalks(crosswalk), parse_day(on))
    )
    if as_json:
        typer.echo(json.dumps({"allocations": given, "sum_pence": sum(given.values())}))
    else:
        typer.echo("\n".join(f"{code:<10}{_pounds(amount):>22}" for code, amount in sorted(given.items())))


def _shares(blend: str) -> dict[str, str] | None:
    if not blend:
        return None
    pairs = [part.partition("=") for part in blend.split(",")]
    if any(not name.strip() or not share.strip() for name, _, share in pairs):
        raise RuleError(f"--blend {blend}: expected component=share pairs, such as general-and-acute=.7,community=.3.")
    return {name.strip(): share.strip() for name, _, share in pairs}


def _units(read: WeightedPopulation, system: str, by: str) -> tuple[str, set[str]]:
    """Answer the table's year and the codes of the units that share a pot."""
    own = read.of(system) if system else read.practices
    return read.year, {one.code if by == "practice" else getattr(one, by, "") for one in own}


def _limits(
    what_if: str, kappa: str, floor: str, cap: str, max_under: str, units: tuple[str, set[str]]
) -> Limits | None:
    if not what_if:
        return None
    if not cap:
        raise RuleError("MA9: --what-if needs --cap, the most growth, such as .06; no national value is assumed.")
    from joinedup.money.allocation.explained import Limits
    from joinedup.money.allocation.files import read_amounts
    from joinedup.money.allocation.kept_baselines import must_have_baselines

    had = must_have_baselines(*units).pence if what_if == KEPT else read_amounts(Path(what_if), "code")
    return Limits(had, kappa, floor, cap, max_under or None)


def _file(name: str) -> Path:
    from joinedup.errors import FileError

    path = Path(name)
    if not path.is_file():
        raise FileError(name, "there is no such file.", "Give a published table of weighted populations.")
    return path


def _as_json(made: Allocation, source: dict[str, str], people: dict[str, Any]) -> dict[str, Any]:
    from joinedup.money.allocation.explained import figure

    living = people.get("people", {})
    answer: dict[str, Any] = {
        "what": "allocation",
        "year": made.year,
        "component": made.component,
        "by": made.by,
        "as_of": str(made.as_of),
        "pot_pence": made.pot,
        "sum_pence": sum(unit.pence for unit in made.units),
        "need_index": figure(made.area.index_of_england),
        "area": _unit(made.area, living),
        "allocations": [_unit(unit, living) for unit in made.units],
        "theta": None if made.theta is None else str(made.theta),
        "blank_cells": made.blanks,
        "denominators": {
            "population": "registered, projected to the year: what weights and need indices are divided by",
            "registered": "people on the lists of the practices",
            "residents": f"people who live there ({people['file']}, {people['digest'][:12]})"
            if people
            else "not imported",
        },
        "source": source,
        "inputs_hash": made.inputs_hash,
        "parameter_ids": list(made.parameter_ids),
        "code_version": made.code_version,
    }
    return answer


def _unit(unit: Unit, living: dict[str, int]) -> dict[str, Any]:
    from joinedup.money.allocation.denominators import (
        REGISTERED,
        RESIDENT,
        People,
        pence_per_head,
        registered_per_resident,
    )
    from joinedup.money.allocation.explained import figure

    registered = People(unit.patients, REGISTERED)
    # Practices and networks have no residents; places and systems do. England is all of its systems.
    count = living.get(unit.code) if unit.level in {"system", "place"} else None
    told: dict[str, Any] = {
        "code": unit.code,
        "path": list(unit.path),
        "level": unit.level,
        "name": unit.name,
        "pence": unit.pence,
        "share_percent": figure(unit.share * 100),
        "need_index": figure(unit.index_of_england),
        "need_index_in_area": figure(unit.index_of_area),
        "weighted_population": figure(unit.weighted),
        "population": figure(unit.population),
        "registered": unit.patients,
        "residents": count,
        "registered_per_resident": figure(registered_per_resident(registered, People(count, RESIDENT)))
        if count is not None
        else None,
        "pence_per_registered": pence_per_head(unit.pence, REGISTERED, registered),
        "practices": unit.practices,
    }
    if unit.baseline_p is not None:
        told |= {
            "baseline_pence": unit.baseline_p,
            "target_pence": unit.target_p,
            "opening_distance_percent": figure(None if unit.opening_dft is None else unit.opening_dft * 100),
            "closing_distance_percent": figure(None if unit.closing_dft is None else unit.closing_dft * 100),
        }
    return told


def _told(made: Allocation) -> str:
    area = made.area
    lines = [
        f"{area.name or area.code}: {_pounds(made.pot)} by need ({made.component}), {made.year}, "
        f"memberships of {made.as_of:%-d %B %Y}",
        f"Need index against England {_index(area.index_of_england)}; {area.practices:,} practices, "
        f"{area.patients:,} registered people.",
        "",
        f"{'':<14}{'pounds':>22}{'% of need':>11}{'index':>8}  ",
    ]
    for unit in made.units:
        share = f"{round(unit.share * 100, 2):.2f}"
        distance = f"  {round(unit.closing_dft * 100, 3):+.3f} % from target" if unit.closing_dft is not None else ""
        index = _index(unit.index_of_england)
        lines.append(
            f"{'/'.join(unit.path[-2:]):<14}{_pounds(unit.pence):>22}{share:>11}{index:>8}  {unit.name}{distance}"
        )
    whole = sum(unit.pence for unit in made.units)
    lines.append(f"{'together':<14}{_pounds(whole):>22}")
    return "\n".join(lines)


def _index(value: Decimal | None) -> str:
    return "-" if value is None else f"{round(value, 3):.3f}"


def _pounds(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}£{abs(amount) // 100:,}.{abs(amount) % 100:02}"
