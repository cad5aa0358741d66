"""The verb `joinedup snapshot`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from joinedup.errors import NotFound, RuleError, did_you_mean

snapshot = typer.Typer(add_completion=False, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@snapshot.callback(invoke_without_command=True)
def make(
    context: typer.Context,
    views: Annotated[Path | None, typer.Option(help="A folder of ViewDefinitions, to be run instead of ours.")] = None,
    from_folder: Annotated[
        Path | None, typer.Option("--from", help="Another server's bulk export (NDJSON), to be read instead.")
    ] = None,
    opt_outs: Annotated[Path | None, typer.Option(help="The answer of the national data opt-out (.dat).")] = None,
    accept: Annotated[str, typer.Option(help="Why the snapshot is to stand although the gate complains.")] = "",
    recipient: Annotated[str, typer.Option(help="Whom the pseudonyms are for.")] = "icb-analytics",
    key_version: Annotated[
        int, typer.Option(help="The version of the recipient's key; 0: the newest used.", min=0)
    ] = 0,
    as_of: Annotated[str, typer.Option(help="What had been recorded by then: a day, or a time.")] = "",
    without_number: Annotated[
        bool, typer.Option("--keep-without-number", help="Keep people without an NHS number, of whom nobody can ask.")
    ] = False,
    least_list: Annotated[
        int | None,
        typer.Option(
            help="How many people a practice must have to be named; 1,000, or more.", show_default=False, min=0
        ),
    ] = None,
    afresh: Annotated[bool, typer.Option("--afresh", help="Take nothing over from the snapshot before.")] = False,
    as_json: Json = False,
) -> None:
    """Make a snapshot: dated, pseudonymised tables of the record, or of another server's bulk export.

    It is a controlled place, for the account that runs joinedup only, and no release.

    Example: joinedup snapshot
    """
    if context.invoked_subcommand is not None:
        return
    from joinedup import database

    database.ready()
    from joinedup.moment import parse_known
    from joinedup.population import services

    made = services.make_snapshot(
        _grant("make a pseudonymised snapshot"),
        services.WantedSnapshot(
            recipient=recipient, key_version=key_version or None, as_of=parse_known(as_of) if as_of else None,
            views=views, export=from_folder, answer=opt_outs, accept=accept, keep_without_number=without_number,
            least_list=least_list, afresh=afresh,
        ),
        (lambda line: None) if as_json else lambda line: typer.echo(line, err=True),
    )  # fmt: skip
    typer.echo(json.dumps(asdict(made), default=str) if as_json else _told(made))


@snapshot.command(name="list")
def list_(as_json: Json = False) -> None:
    """List the snapshots that are here, the newest last.

    Example: joinedup snapshot list
    """
    found = [_manifest(id_) for id_ in _ids()]
    rows = [
        {
            "id": one["id"], "revision": one["revision"], "day": one["day"], "made_at": one["made_at"],
            "recipient": one["recipient"], "people": one.get("people"),
            "rows": sum(table["rows"] for table in one["tables"].values()),
        }
        for one in found
    ]  # fmt: skip
    lines = [
        f"{row['id']}  revision {row['revision']}  {row['people'] or 0:>10,} people  {row['rows']:>12,} rows  "
        f"{row['recipient']}"
        for row in rows
    ] or ["There is no snapshot yet. Make one: joinedup snapshot"]
    typer.echo(json.dumps(rows) if as_json else "\n".join(lines))


@snapshot.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A snapshot's id, or latest.")] = "latest",
    as_json: Json = False,
) -> None:
    """Show what a snapshot says of itself: tables, sources, months covered, opt-outs, quality.

    Example: joinedup snapshot show latest
    """
    told = _manifest(_known(id_))
    if as_json:
        typer.echo(json.dumps(told))
        return
    lines = [
        f"{told['id']}, revision {told['revision']}, for {told['recipient']} (key version {told['key_version']})",
        f"as recorded by {told.get('stored_by', told['day'])}; made by {told['code_version']}",
        "",
        *(f"  {name:<24}{table['rows']:>12,} rows" for name, table in told["tables"].items()),
        "",
        *(
            f"  {feed:<12} {one['from']} to {one['to']}"
            + (f", without {', '.join(one['missing'])}" if one["missing"] else "")
            for feed, one in told["coverage"].items()
        ),
        "",
        *(f"  {name.replace('_', ' ')}: {value}" for name, value in {**told["opt_outs"], **told["quality"]}.items()),
        *told.get("notes", ()),
    ]
    typer.echo("\n".join(lines))


@snapshot.command()
def verify(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A snapshot's id, or latest.")] = "latest",
    as_json: Json = False,
) -> None:
    """Check every file of a snapshot against its manifest, and the manifest against the register.

    Example: joinedup snapshot verify latest
    """
    from joinedup import database

    database.ready()
    from joinedup.population import services

    known = _known(id_)
    wrong = services.verify(known)
    shown = "\n".join(wrong) or f"{known} is as it was made."
    typer.echo(json.dumps({"id": known, "wrong": wrong}) if as_json else shown)
    if wrong:
        raise typer.Exit(5)


@snapshot.command(name="ask-opt-outs")
def ask_opt_outs(
    file: Annotated[Path, typer.Argument(help="The file to write (.dat).")],
    from_folder: Annotated[Path | None, typer.Option("--from", help="Of another server's bulk export.")] = None,
    as_json: Json = False,
) -> None:
    """Write the NHS numbers about which the national data opt-out must be asked, as its service expects them.

    Example: joinedup snapshot ask-opt-outs numbers.dat
    """
    from joinedup import database

    database.ready()
    from joinedup.population import opt_outs, services

    numbers = services.numbers_to_ask(_grant("ask who has opted out"), from_folder)
    file.touch(mode=0o600)
    file.write_bytes(opt_outs.ask_file(numbers))
    shown = (
        f"{file} asks about {len(numbers):,} numbers. Send it by MESH (workflow SPINE_NTT_UPHOLDING), and give the "
        f"answer within {opt_outs.ALLOWED_DAYS} days: joinedup snapshot --opt-outs ANSWER.dat"
    )
    typer.echo(json.dumps({"file": str(file), "numbers": len(numbers)}) if as_json else shown)


@snapshot.command()
def postcodes(
    file: Annotated[Path, typer.Argument(help="The ONS Postcode Directory, or a CSV with pcds and lsoa11.")],
    as_json: Json = False,
) -> None:
    """Load in which small area each postcode lies; it takes the place of what was loaded before.

    Example: joinedup snapshot postcodes ONSPD_AUG_2022_UK.csv
    """
    from joinedup import database

    database.ready()
    from joinedup.population import services

    count = services.load_postcodes(_grant("load the lookup of postcodes"), file)
    typer.echo(json.dumps({"postcodes": count}) if as_json else f"{count:,} postcodes are known.")


@snapshot.command()
def erase(
    resident: Annotated[list[str] | None, typer.Option(help="The id of a resident, for good; may be repeated.")] = None,
    numbers: Annotated[
        Path | None, typer.Option(help="A file of NHS numbers, as ask-opt-outs writes, for good.")
    ] = None,
    opt_outs: Annotated[Path | None, typer.Option(help="A new answer of the national data opt-out.")] = None,
    reason: Annotated[str, typer.Option(help="The lawful reason, which is kept.")] = "",
    as_json: Json = False,
) -> None:
    """Take people out of every snapshot: its files are written anew, its revision goes up by one.

    Example: joinedup snapshot erase --resident 5f0c... --reason "erasure granted on 2026-11-20, case 17"
    """
    from joinedup import database

    if sum(bool(one) for one in (resident, numbers, opt_outs)) != 1:
        raise RuleError("Say who: --resident ID, --numbers FILE or --opt-outs ANSWER.dat; one of them.")
    database.ready()
    from joinedup.population import services
    from joinedup.population.opt_outs import read_answer

    grant = _grant("take people out of snapshots")
    if opt_outs is not None:
        taken = services.uphold_opt_outs(grant, opt_outs)
    elif numbers is not None:
        taken = services.erase_numbers(grant, read_answer(numbers.read_bytes(), numbers.name), reason)
    else:
        taken = services.erase_residents(grant, [_uuid(one) for one in resident or ()], reason)
    lines = [f"{id_}: {rows:,} rows taken out." for id_, rows in taken.items()] or ["No snapshot held any of them."]
    if taken:
        lines.append("Figures that were made of these snapshots must be made anew: joinedup measure --all")
    typer.echo(json.dumps(taken) if as_json else "\n".join(lines))


def _grant(purpose: str) -> Any:
    from joinedup.access import service_grant

    return service_grant("population.snapshot", purpose, "whoever may run commands on this server")


def _ids() -> list[str]:
    from joinedup.population.snapshot import snapshot_ids

    return snapshot_ids()


def _known(id_: str) -> str:
    ids = _ids()
    if id_ == "latest" and ids:
        return ids[-1]
    if id_ not in ids:
        raise NotFound(f"There is no snapshot '{id_}'.{did_you_mean(id_, ids)} joinedup snapshot list shows them.")
    return id_


def _manifest(id_: str) -> dict[str, Any]:
    from joinedup.population.snapshot import snapshots_folder

    found: dict[str, Any] = json.loads((snapshots_folder() / id_ / "manifest.json").read_bytes())
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise RuleError("A resident's id looks like 5f0c3a52-0c11-4c8e-9a63-6a4d4b0f2d10.") from None


def _told(made: Any) -> str:
    out = made.opt_outs
    left = f"{out['national']:,} by the national data opt-out, {out['type_1']:,} by type 1"
    lines = [
        f"Snapshot {made.id}" + ("" if made.is_new else " stands already: nothing has changed"),
        f"{made.people:,} people, {made.rows:,} rows in {len(made.tables)} tables; left out: {left}.",
        f"{made.resources:,} resources read in {made.seconds:.0f} s; {made.parts_taken_over} of {made.parts} parts "
        "taken over.",
        *made.notes,
        *(f"Accepted although: {one}" for one in made.complaints),
        f"It is a controlled place: {made.folder}",
    ]
    return "\n".join(lines)
