"""The verb `joinedup plan`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from joinedup.planning.capacity.commands import capacity
from joinedup.planning.demand.forecast_commands import forecast, waiting_list
from joinedup.planning.workforce.commands import roster

if TYPE_CHECKING:
    from joinedup.access import Grant
    from joinedup.planning.models import Comparison

plan = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
plan.add_typer(roster, name="roster")
plan.add_typer(capacity, name="capacity")
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Owner = Annotated[str, typer.Option(help="The body whose plan it is, by code.")]
Side = Annotated[str, typer.Option(help="commissioner or provider.")]
Year = Annotated[str, typer.Option(help="The financial year, such as 2026/27.")]
plan.command()(forecast)
plan.command(name="waiting-list")(waiting_list)


@plan.callback()
def verbs() -> None:
    """Write plan templates, take them in filled, say where plans disagree, and what activity and waits are to come.

    Example: joinedup plan check --year 2026/27
    """


@plan.command()
def template(
    owner: Owner,
    side: Side,
    year: Year,
    out: Annotated[Path, typer.Option(help="The file to write: .xlsx, or .csv.")],
    filled: Annotated[
        bool, typer.Option("--filled", help="With the lines of the newest version of this plan.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a template for a body to fill, with the codes of its system.

    Example: joinedup plan template --owner RWG --side provider --year 2026/27 --out plan.xlsx
    """
    _ready()
    from joinedup.planning import plan_csv, plan_workbook
    from joinedup.planning.plans import kept_plans
    from joinedup.planning.plans.system_codes import codes_for

    codes = codes_for(year)
    lines = kept_plans.plan_version(kept_plans.latest(owner, side, year)).lines if filled else ()
    if out.suffix.lower() == ".csv":
        out.write_text(plan_csv(owner, side, year, lines), encoding="utf-8-sig", newline="")
    else:
        out.write_bytes(plan_workbook(owner, side, year, codes, lines))
    answer = {"file": str(out), "owner": owner, "side": side, "year": year, "lines": len(lines)}
    _say(as_json, answer, f"{out} is written: the plan of {owner} as the {side} for {year}. Fill it, then:\n"
                          f"joinedup plan import {out} --owner {owner} --submit")  # fmt: skip


@plan.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="The filled template.")],
    owner: Owner,
    year: Annotated[str, typer.Option(help="The year that is expected; else the file says.")] = "",
    blank: Annotated[str, typer.Option(help="What an empty month of a row is: error, or zero.")] = "error",
    submit: Annotated[bool, typer.Option("--submit", help="Say it to all partners at once; it is fixed then.")] = False,
    as_json: Json = False,
) -> None:
    """Take a filled template in: all of it, or nothing and every bad cell by name.

    Example: joinedup plan import plan.xlsx --owner RWG --submit
    """
    _ready()
    from joinedup.errors import FileError
    from joinedup.planning import DatedCodes, LineError, own_codes, services
    from joinedup.planning.plans.system_codes import codes_for
    from joinedup.planning.plans.template_layout import TEMPLATE
    from joinedup.planning.plans.templates_in import year_in

    if not file.is_file():
        raise FileError(file.name, "there is no such file", "Give the path of a filled template.")
    try:
        codes = codes_for(year or year_in(file))
    except LineError:  # The file says no year that there is: that is for the import to tell, by its cell.
        codes = DatedCodes(own_codes())
    leave = _leave("import a plan")
    version = services.import_plan(
        leave, file, template=TEMPLATE, owner=owner, codes=codes, year=year or None, blank=blank
    )
    if submit:
        services.submit(leave, version.pk)
    answer = {"version": version.pk, "number": version.number, "lines": version.lines_count,
              "hash": version.content_hash, "state": "submitted" if submit else "draft"}  # fmt: skip
    _say(as_json, answer, f"Version {version.number} of the plan of {owner}: {version.lines_count:,} lines, "
                          f"{answer['state']}.\nNext: joinedup plan check")  # fmt: skip


@plan.command(name="list")
def list_(as_json: Json = False) -> None:
    """List every version of every plan, with its state.

    Example: joinedup plan list --json
    """
    _ready()
    from joinedup.planning.models import Version
    from joinedup.planning.plans import kept_plans

    rows = [
        {"version": one.pk, "owner": one.plan.owner, "side": one.plan.side, "year": one.plan.year,
         "number": one.number, "lines": one.lines_count, "state": kept_plans.state_of(one),
         "hash": one.content_hash}
        for one in Version.objects.select_related("plan").order_by("plan__year", "plan__owner", "number")
    ]  # fmt: skip
    shown = "\n".join(
        f"{row['year']}  {row['owner']:<8} {row['side']:<13} version {row['number']:<3} {row['lines']:>8,} lines  "
        f"{row['state']}"
        for row in rows
    )
    _say(as_json, rows, shown or "No plan was handed in yet. joinedup plan template writes one to fill.")


@plan.command()
def check(
    year: Annotated[str, typer.Option(help="The financial year; else every year that has plans.")] = "",
    provider: Annotated[str, typer.Option(help="One provider only, by code.")] = "",
    as_json: Json = False,
) -> None:
    """Compare the plans of commissioners and providers, and say what they disagree on, in units and pounds.

    The newest submitted version of each plan is compared; what is found is kept, with who must settle it and by when.

    Example: joinedup plan check --year 2026/27 --json
    """
    _ready()
    from joinedup.errors import NotFound
    from joinedup.planning import services
    from joinedup.planning.system_parameters import system_parameters
    from joinedup.planning.triangulation.standing import checks_of, pairs_to_compare, share_warnings_of

    leave = _leave("compare plans")
    assumed = system_parameters()
    answers = []
    for ours, theirs in pairs_to_compare(year, provider=provider):
        comparison, _ = services.triangulate(leave, ours, theirs, parameters=assumed)
        answers.append(_answer(comparison, checks_of(comparison, assumed), share_warnings_of(comparison, assumed)))
    if not answers:
        raise NotFound("There are no two submitted plans to compare. joinedup plan list shows what there is.")
    _say(as_json, answers, "\n\n".join(map(_told, answers)))


def _answer(comparison: Comparison, checks: Sequence[Any], warnings: Sequence[Any]) -> dict[str, Any]:
    from joinedup.planning.plans import kept_plans

    gaps = []
    for row, gap in kept_plans.gaps_of(comparison):
        pair = gap.disagreement.pair
        gaps.append(
            {
                "gap": row.pk, "reason": row.reason, **{name: getattr(pair, name) for name in pair._fields[:8]},
                "commissioner_says": _text(pair.commissioner_value, pair.commissioner_of),
                "provider_says": _text(pair.provider_value, pair.provider_of),
                "apart": str(gap.disagreement.gap), "allowed": str(gap.disagreement.tolerance),
                "pence": row.money_pence, "is_material": row.is_material, "state": gap.state, "owner": gap.owner,
                "due": gap.due.isoformat(),
            }
        )  # fmt: skip
    gaps.sort(key=lambda one: -(one["pence"] or 0))
    return {
        "comparison": comparison.pk,
        "commissioner": comparison.commissioner_version.plan.owner,
        "provider": comparison.provider_version.plan.owner,
        "year": comparison.provider_version.plan.year,
        "hash": comparison.inputs_hash,
        "tolerances": comparison.tolerances,
        "counts": comparison.counts,
        "gaps": gaps,
        "checks": [{"check": one.check, "status": one.status, "says": one.says} for one in checks],
        "share_warnings": [
            {
                "unit": one.unit,
                "commissioner_plans": str(one.commissioner_plan),
                "provider_plans_for_all": str(one.provider_plan),
                "implied_share": f"{one.implied:.4f}",
                "share_of_patients": str(one.expected),
                "would_be": str(round(one.plausible)),
            }
            for one in warnings
        ],
    }


def _told(answer: dict[str, Any]) -> str:
    counts = answer["counts"]
    lines = [
        f"{answer['commissioner']} and {answer['provider']}, {answer['year']}: {counts['within']:,} lines agree, "
        f"{counts['to_settle']:,} to settle"
    ]
    for one in answer["gaps"]:
        what = " ".join(str(one[name]) for name in ("service", "pod", "measure", "period") if one[name])
        # Plans hold pence; people read pounds.
        is_money = one["unit"] == "pence"
        said = [
            f"£{int(text) / 100:,.2f}" if is_money and text.lstrip("-").isdigit() else text
            for text in (one["commissioner_says"], one["provider_says"])
        ]
        pounds = "" if one["pence"] is None else f"  £{one['pence'] / 100:,.2f}"
        lines.append(
            f"  {one['reason']:<17} {what:<36} {said[0]:>12} : {said[1]:<12} "
            f"{'' if is_money else one['unit']}{pounds}  {one['state']}, {one['owner']} by {one['due']}"
        )
    for one in answer["checks"]:
        if one["status"] in ("fails", "cannot be made"):
            lines.append(f"  {one['check']}: {one['status']}. {one['says']}")
    for one in answer["share_warnings"]:
        lines.append(
            f"  warning: {one['commissioner_plans']} of the {one['provider_plans_for_all']} {one['unit']} that the "
            f"provider plans for all are {float(one['implied_share']):.1%}, but {float(one['share_of_patients']):.1%} "
            f"of its patients live here; that would be {one['would_be']}"
        )
    return "\n".join(lines)


def _text(value: Any, of: Any) -> str:
    from joinedup.planning.plans.versions import plain

    if value is None:
        return "-"
    return plain(value) if of is None else f"{plain(value)} of {plain(of)}"


def _ready() -> None:
    from joinedup import database

    database.ready()


def _leave(what: str) -> Grant:
    from joinedup.access import service_grant

    return service_grant("plan", what, "whoever may run commands on this server")


def _say(as_json: bool, answer: Any, text: str) -> None:
    typer.echo(json.dumps(answer) if as_json else text)
