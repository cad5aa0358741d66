"""The verb `joinedup measure`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from joinedup.errors import RuleError
from joinedup.measures.activity.commands import activity

measure = typer.Typer(add_completion=False, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Area = Annotated[str, typer.Option("--area", help="The code of a practice, neighbourhood, place or system.")]

measure.command()(activity)


@measure.callback(invoke_without_command=True)
def make(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Make every measure of every area and month.")] = False,
    snapshot: Annotated[str, typer.Option(help="The snapshot, by id.")] = "latest",
    engine: Annotated[str, typer.Option(help="duckdb, or spark.")] = "duckdb",
    as_json: Json = False,
) -> None:
    """Make the measures of a snapshot for all areas, months and groups, protected; list, show and explain them.

    It reads the snapshot and needs no database; where there is one, the run is in the audit.

    Example: joinedup measure --all
    """
    if context.invoked_subcommand is not None:
        return
    if not everything:
        raise RuleError("Say --all to make every measure. Or: joinedup measure list, show, why.")
    from joinedup.access import service_grant
    from joinedup.measures.making import make_measures
    from joinedup.population import open_snapshot

    def on_step(step: str) -> None:
        if not as_json:
            typer.echo(f"{step} ...", err=True)

    grant = service_grant("measure", "make the measures of a snapshot", "whoever may run commands on this server")
    made = make_measures(open_snapshot(snapshot, engine=engine), grant=grant, on_step=on_step)
    typer.echo(json.dumps(made.as_json()) if as_json else str(made))


@measure.command(name="list")
def list_(
    theme: Annotated[str, typer.Option(help="One theme only.")] = "",
    as_json: Json = False,
) -> None:
    """List every measure by theme, also those that the feeds cannot fill, and why.

    Example: joinedup measure list --theme Wellness
    """
    from joinedup.errors import NotFound, did_you_mean
    from joinedup.measures.definition import definitions, themes

    if theme and theme.casefold() not in {one.casefold() for one in themes()}:
        raise NotFound(f"There is no theme '{theme}'.{did_you_mean(theme, themes())} Themes: {', '.join(themes())}.")
    many = [one for one in definitions().values() if theme.casefold() in {"", one.theme.casefold()}]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in many]))
        return
    lines = []
    for name in dict.fromkeys(one.theme for one in many):
        lines += ["", name]
        for one in (one for one in many if one.theme == name):
            lines.append(
                f"  {one.id:<34} {one.title}{'' if one.is_collected else ' (not collected: ' + one.why_not + ')'}"
            )
    typer.echo("\n".join(lines[1:]))


@measure.command()
def show(
    name: Annotated[str, typer.Argument(metavar="MEASURE", help="The measure, by id.")],
    area: Area,
    breakdown: Annotated[
        str, typer.Option(help="sex, age_band, ethnic_group, deprivation_national or deprivation_local.")
    ] = "all",
    snapshot: Annotated[str, typer.Option(help="The snapshot, by id.")] = "latest",
    as_json: Json = False,
) -> None:
    """Show a measure of an area: the latest figure, the series or the groups, and the system beside it.

    Example: joinedup measure show emergency-admissions --area QM7 --json
    """
    from joinedup.measures.definition import definition_of
    from joinedup.measures.results import open_results
    from joinedup.measures.showing import shown, told

    one = definition_of(name)
    if not one.is_collected:
        from joinedup.errors import NotFound

        raise NotFound(f"'{one.title}' is not collected. {one.why_not}")
    answer = shown(open_results(snapshot), one, area, breakdown)
    typer.echo(json.dumps(answer, default=str) if as_json else told(answer))


@measure.command(name="plant-names")
def plant_names(
    file: Annotated[Path, typer.Argument(help="A text file with a name a line.")],
    as_json: Json = False,
) -> None:
    """Keep names that were planted into feeds to find leaks: no file in which one stands can be released.

    Only keyed digests are kept. Delete the file afterwards.

    Example: joinedup measure plant-names names.txt
    """
    from joinedup.errors import FileError
    from joinedup.measures.disclosure.planted_names import plant

    try:
        names = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        raise FileError(file.name, "expected a text file in UTF-8", "Write a name a line, and try again.") from None
    new = plant(name for name in names if name)
    typer.echo(json.dumps({"new": new}) if as_json else f"{new:,} new names are looked for in what is to be released.")


@measure.command(name="why")
def why_(
    name: Annotated[str, typer.Argument(metavar="MEASURE", help="The measure, by id.")],
    area: Area,
    snapshot: Annotated[str, typer.Option(help="The snapshot, by id.")] = "latest",
    as_json: Json = False,
) -> None:
    """Say why a number is so: definition, code lists, snapshot, deliveries, data quality.

    Example: joinedup measure why hypertension-controlled --area QM7
    """
    from joinedup.measures.results import open_results
    from joinedup.measures.showing import told_why
    from joinedup.measures.why import why

    answer = why(open_results(snapshot), name, area)
    typer.echo(json.dumps(answer.as_json(), default=str) if as_json else told_why(answer))
