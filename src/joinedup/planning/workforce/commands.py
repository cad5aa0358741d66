"""The verb `joinedup plan roster`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from joinedup.planning.workforce.rosters import StaffGroup

roster = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@roster.callback()
def verbs() -> None:
    """Take in rosters of posts and people, and say what they add up to.

    Example: joinedup plan roster show --by profession
    """


@roster.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV files; a partner's month stands in one of them.")],
    as_json: Json = False,
) -> None:
    """Take rosters in, each partner's month as its next version: all of the files, or nothing and every fault.

    Example: joinedup plan roster import roster-2026-10.csv
    """
    from joinedup import database
    from joinedup.access import service_grant

    contents = read_files(files)
    database.ready()
    from joinedup.planning.workforce.rosters_as_kept import import_rosters

    done = import_rosters(service_grant("plan", "import rosters", "whoever may run commands on this server"), contents)
    rows = [
        {"partner": one.partner, "month": one.month, "version": one.number, "rows": one.rows, "people": one.headcount,
         "is_new": one.is_new}
        for one in done
    ]  # fmt: skip
    new = [one for one in done if one.is_new]
    people = sum(one.headcount for one in new)
    text = (
        f"{len(new)} rosters are taken in: {sum(one.rows for one in new):,} rows, {people:,} people in post "
        f"(a month of each partner counts by itself). {len(done) - len(new)} were here already.\n"
        "Next: joinedup plan roster show"
    )
    typer.echo(json.dumps(rows) if as_json else text)


@roster.command()
def show(
    month: Annotated[str, typer.Option(help="The month, such as 2026-10; else the latest.")] = "",
    by: Annotated[str, typer.Option(help="partner, profession, place, staff_group or grade.")] = "partner",
    partner: Annotated[str, typer.Option(help="One partner only, by its code.")] = "",
    version: Annotated[int, typer.Option(help="An earlier version of this partner's month; 0 is the newest.")] = 0,
    as_json: Json = False,
) -> None:
    """Say how many people, posts and vacancies there are, who came and who went in twelve months.

    Groups of fewer people than `workforce.least_people` are told together.

    Example: joinedup plan roster show --by profession --json
    """
    from joinedup import database
    from joinedup.errors import NotFound, RuleError

    database.ready()
    from joinedup.planning.plans.plan_lines import first_day
    from joinedup.planning.system_parameters import system_parameters
    from joinedup.planning.workforce import rosters_as_kept
    from joinedup.planning.workforce.rosters import grouped, merge_small, whole

    known = rosters_as_kept.months()
    if not known:
        raise NotFound("No roster was taken in yet. joinedup plan roster import FILE takes one in.")
    month = month or known[0]
    if version and not partner:
        raise RuleError("MD2: a version is one partner's. Say whose with --partner.")
    rosters = [rosters_as_kept.version_of(partner, month, version)] if version else rosters_as_kept.newest(month)
    sums = [one for one in rosters_as_kept.staff_of(rosters) if not partner or one.partner == partner]
    if not sums:
        raise NotFound(f"No roster of {partner or 'anybody'} for {month} is kept. There are: {', '.join(known)}.")
    least = int(system_parameters().number("workforce.least_people", first_day(month)))
    groups = merge_small(grouped(sums, by=[by]), least)
    all_ = whole(sums)
    if as_json:
        answer = {"month": month, "by": by, "versions": {one.partner: one.number for one in rosters},
                  "all": _told(all_), "groups": [{by: one.key[0], **_told(one)} for one in groups]}  # fmt: skip
        typer.echo(json.dumps(answer))
        return
    lines = [f"{'':<28}{'people':>9}{'posts':>11}{'in post':>11}{'vacant':>8}{'joined':>8}{'left':>8}{'turnover':>10}"]
    lines += [_line(one.key[0], one) for one in groups]
    typer.echo("\n".join([f"At the end of {month}, WTE:", *lines, _line("all", all_)]))


def read_files(files: list[Path]) -> list[tuple[str, bytes]]:
    """Answer name and content of each file; FileError names one that is not there."""
    from joinedup.errors import FileError

    for file in files:
        if not file.is_file():
            raise FileError(file.name, "there is no such file", "Give the path of a CSV file.")
    return [(file.name, file.read_bytes()) for file in files]


def _told(one: StaffGroup) -> dict[str, Any]:
    staffing = one.staffing
    return {
        "people": one.headcount,
        **{name: str(getattr(staffing, name))
           for name in ("establishment", "in_post", "vacancy", "bank", "agency")},
        "vacancy_rate": _share(staffing.vacancy_rate),
        "joiners": one.joiners,
        "leavers": one.leavers,
        "turnover": _share(one.turnover),
    }  # fmt: skip


def _share(value: Any) -> str | None:
    return None if value is None else f"{value:.4f}"


def _line(name: str, one: StaffGroup) -> str:
    staffing = one.staffing
    vacant, turnover = (
        "" if share is None else f"{share * 100:.1f}%" for share in (staffing.vacancy_rate, one.turnover)
    )
    return (
        f"{name or 'not told':<28}{one.headcount:>9,}{staffing.establishment or 0:>11,.1f}"
        f"{staffing.in_post or 0:>11,.1f}"
        f"{vacant:>8}{one.joiners:>8,}{one.leavers:>8,}{turnover:>10}"
    )
