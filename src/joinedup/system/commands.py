"""The verbs of `joinedup system`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from joinedup.moment import Moment
    from joinedup.system.picture import Picture

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Load, import, show, compare and correct bodies and areas."
)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
AsOf = Annotated[str, typer.Option("--as-of", help="The day, such as 2022-07-01; today when not given.")]
KnownAt = Annotated[
    str, typer.Option("--known-at", help="By what was known then: a day or a time; now when not given.")
]


@app.command()
def load(
    system: Annotated[str, typer.Argument(help="hwe, nel, derbyshire, or the path of a TOML file.")],
    as_json: Json = False,
) -> None:
    """Load a system from its TOML file; the same file twice changes nothing.

    Example: joinedup system load hwe
    """
    services, grant = _act("load a system")
    loaded = services.load_system(services.system_file(system), grant)
    added = {name: many for name, many in sorted(loaded.added.items()) if many}
    if as_json:
        _print_json({"system": loaded.system, "is_unchanged": loaded.is_unchanged, "added": added})
    elif loaded.is_unchanged:
        typer.echo(f"{loaded.system} is loaded already; nothing changed.")
    else:
        typer.echo(f"Loaded {loaded.system}: {_listed(added)}.")


@app.command(name="import")
def import_(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the published files.")], as_json: Json = False
) -> None:
    """Import the published files: every small area, board, CCG, trust, council, network and practice of England.

    Published small areas take the place of simulated ones. All of it is kept, or nothing.

    Example: joinedup system import published-files
    """
    services, grant = _act("import published files")
    if as_json:
        done = services.import_published(folder, grant)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        shown = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("importing")

            def on_step(what: str, number: int, of: int) -> None:
                progress.update(bar, description=what, completed=number, total=of)

            done = services.import_published(folder, grant, on_step)
    kept = services.keep_elsewhere(folder, grant)
    added = {name: many for name, many in sorted(done.added.items()) if many}
    if as_json:
        remarks = [*done.remarks, *kept]
        _print_json({"files": done.files, "is_unchanged": done.is_unchanged, "added": added, "remarks": remarks})
        return
    if done.is_unchanged:
        typer.echo("These files are imported already; nothing changed.")
    else:
        typer.echo(f"Imported {len(done.files)} files: {_listed(added)}.")
    for remark in [*done.remarks, *kept]:
        typer.echo(f"- {remark}")


@app.command()
def practices(
    path: Annotated[Path, typer.Argument(help="The list, in the published layout of epraccur.csv.")],
    as_json: Json = False,
) -> None:
    """Add the GP practices of the Organisation Data Service's list that are not known yet.

    Example: joinedup system practices epraccur.csv
    """
    services, grant = _act("add GP practices")
    done = services.load_practices(path, grant)
    added = {name: many for name, many in sorted(done.added.items()) if many}
    if as_json:
        unknown = dict(done.unknown_commissioners)
        _print_json({"is_unchanged": done.is_unchanged, "listed": done.listed, "known": done.known,
                     "left_out": done.left_out, "unknown_commissioners": unknown, "added": added})  # fmt: skip
        return
    if done.is_unchanged:
        typer.echo("This list is loaded already; nothing changed.")
        return
    typer.echo(f"{done.listed:,} practices listed, {done.known:,} known already. Added: {_listed(added) or 'nothing'}.")
    if done.left_out:
        typer.echo(f"{done.left_out:,} rows are no open or former GP practice and were left.")
    for code, many in sorted(done.unknown_commissioners.items()):
        typer.echo(f"{many:,} of them have the commissioner '{code}', which denotes nothing here.")


@app.command()
def show(
    code: Annotated[str, typer.Argument(help="A code, key or name: QM7, hwe, 06K, RWG; or england.")],
    as_of: AsOf = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """Show a system, area or body as it was, is or will be.

    Example: joinedup system show QM7 --as-of 2019-04-01
    """
    answers, picture = _read(as_of, known_at)
    _tell(answers.show(picture, code, with_people=True), as_json)


@app.command()
def diff(
    code: Annotated[str, typer.Argument(help="A code or key; or england.")],
    from_: Annotated[str, typer.Option("--from", help="The first day.")],
    as_of: AsOf = "",
    known_at: KnownAt = "",
    from_known_at: Annotated[str, typer.Option("--from-known-at", help="What was known for the first day.")] = "",
    as_json: Json = False,
) -> None:
    """Show what changed between two days; or, with --from-known-at, between what was known then and now.

    Example: joinedup system diff QJ2 --from 2022-06-30 --as-of 2022-07-01
    """
    answers, after = _read(as_of, known_at)
    _, before = _read(from_, from_known_at or known_at)
    _tell(answers.diff(before, after, code, with_people=True), as_json)


@app.command()
def known(
    code: Annotated[str, typer.Argument(help="A body's code or key.")],
    as_of: AsOf = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """Show everything that was ever believed of a body, and what replaced it.

    Example: joinedup system known QM7
    """
    answers, picture = _read(as_of, known_at)
    _tell(answers.beliefs(picture, code), as_json)


@app.command()
def code(
    code: Annotated[str, typer.Argument(help="A code of any day.")],
    as_of: AsOf = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """Show what a code denotes on a day, and what it has become by then.

    Example: joinedup system code 08V --as-of 2021-04-01
    """
    answers, picture = _read(as_of, known_at)
    _tell(answers.code(picture, code), as_json)


@app.command()
def coverage(as_of: AsOf = "", known_at: KnownAt = "", as_json: Json = False) -> None:
    """Show whether every small area lies in exactly one system on a day.

    Example: joinedup system coverage --as-of 2022-07-01
    """
    answers, picture = _read(as_of, known_at)
    _tell(answers.coverage(picture), as_json)


@app.command()
def events(as_of: AsOf = "", known_at: KnownAt = "", as_json: Json = False) -> None:
    """Show all changes of bodies as believed, with those that are overdue on the day.

    Example: joinedup system events --as-of 2026-11-22
    """
    answers, picture = _read(as_of, known_at)
    found = [answers.event(picture, e) for e in picture.events()]
    _tell({"what": "events", "events": found}, as_json)


@app.command()
def event(
    key: Annotated[str, typer.Argument(help="The event's key, from `joinedup system events --json`.")],
    certainty: Annotated[str, typer.Option(help="proposed, subject_to_parliament, approved, in_force or withdrawn.")],
    effective: Annotated[str, typer.Option(help="When it takes effect: 2026-04-01, 2026-04 or 2026.")],
    reason: Annotated[str, typer.Option(help="Which source says so.")],
    as_json: Json = False,
) -> None:
    """Say what became of a planned change: that its date slipped, that it is withdrawn, or that it is in force.

    In force, it is carried out at once. What was believed until now stays readable.

    Example: joinedup system event hwe-split --certainty withdrawn --effective 2026-04-01 --reason "Letter of 3 May"
    """
    from joinedup.system.periods import PartialDate

    services, grant = _act("say what became of a change")
    services.renew_belief(grant, key, certainty, PartialDate.parse(effective), reason)
    _tell({"what": "event", "name": f"{key} is {certainty.replace('_', ' ')}, {effective}"}, as_json)


@app.command()
def bodies(
    kind: Annotated[str, typer.Argument(help="icb, ccg, nhs_trust ...: the kinds that `show england` counts.")],
    as_of: AsOf = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """Show all bodies of a kind on a day.

    Example: joinedup system bodies icb --as-of 2022-07-01
    """
    answers, picture = _read(as_of, known_at)
    _tell(answers.bodies(picture, kind), as_json)


@app.command()
def people(as_of: AsOf = "", known_at: KnownAt = "", as_json: Json = False) -> None:
    """Show who holds which post on a day, counted as heads and as full-time equivalents.

    Example: joinedup system people --as-of 2020-06-15
    """
    answers, picture = _read(as_of, known_at)
    _tell(answers.people(picture), as_json)


@app.command()
def board(
    small_area: Annotated[str, typer.Argument(help="The code of a small area (LSOA).")],
    need: Annotated[str, typer.Option(help="mental_health, learning_disability, or none for all other needs.")] = "",
    as_of: AsOf = "",
    known_at: KnownAt = "",
    as_json: Json = False,
) -> None:
    """Show which board answers for a resident of a small area with a need.

    Example: joinedup system board E01021786 --need mental_health
    """
    _, picture = _read(as_of, known_at)
    found = picture.responsible_board(small_area, need)
    _tell({"what": "board", "small_area": small_area, "need": need, "name": found.name, "key": found.key}, as_json)


@app.command()
def correct(
    fact: Annotated[
        str, typer.Argument(help="Which fact: Name, ContactPoint, Standing, Serving, Link, PostStanding, Site.")
    ],
    fact_id: Annotated[int, typer.Argument(help="Its number, from `joinedup system show CODE --json`.")],
    reason: Annotated[str, typer.Option(help="Which source says so.")],
    says: Annotated[list[str], typer.Option(help="What it says: name=NHS New Name. May be repeated.")],
    from_: Annotated[str, typer.Option("--from", help="Since when it holds.")],
    to: Annotated[str, typer.Option(help="Until when; open when not given.")] = "",
    as_json: Json = False,
) -> None:
    """Say from now on that a fact held otherwise; what was believed until now stays readable.

    Example: joinedup system correct Name 17 --says "name=NHS Essex ICB" --from 2022-07-01 --reason "ODS, 3 May 2023"
    """
    from joinedup.errors import RuleError
    from joinedup.system.periods import PartialDate

    values = dict(item.split("=", 1) for item in says if "=" in item)
    if len(values) != len(says):
        raise RuleError(f"--says {says[0]}: expected column=value, such as name=NHS New Name.")
    services, grant = _act("correct a fact")
    services.correct(
        grant, fact, fact_id, values, PartialDate.parse(from_), PartialDate.parse(to) if to else None, reason
    )
    _tell({"what": "corrected", "name": f"{fact} {fact_id}"}, as_json)


def _act(purpose: str) -> tuple[Any, Any]:
    """Answer the services and a grant for whoever may run commands on this machine."""
    from joinedup import database

    database.ready()
    from joinedup.access import service_grant
    from joinedup.system import services

    return services, service_grant("command-line", purpose, "whoever may run commands on this server")


def _read(as_of: str, known_at: str) -> tuple[Any, Picture]:
    from joinedup import database

    moment = _moment(as_of, known_at)
    database.ready()
    from joinedup.system import answers
    from joinedup.system.picture import Picture

    return answers, Picture(moment)


def _moment(as_of: str, known_at: str) -> Moment:
    from joinedup.moment import Moment, now, parse_day, parse_known

    present = now()
    return Moment(
        parse_day(as_of) if as_of else present.valid_on, parse_known(known_at) if known_at else present.known_at
    )


def _listed(added: dict[str, int]) -> str:
    from joinedup.system.kinds import COUNTED

    return ", ".join(f"{added[name]:,} {words}" for name, words in COUNTED.items() if name in added) or "nothing"


def _print_json(answer: Any) -> None:
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False, default=str))


def _tell(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(answer)
    else:
        from joinedup.system.telling import tell

        typer.echo(tell(answer))
