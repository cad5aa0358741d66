"""The command line: `joinedup` and its verbs.

Every room brings its own verbs (`commands.py`); they are imported only when one is used, so that `joinedup --help`
answers at once. A JoinedupError is printed without a traceback and ends with its own exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from joinedup.errors import JoinedupError, Unavailable

# verb -> (module, its Typer app, what it does); in the order of the rooms.
ROOM_VERBS = {
    "user": ("joinedup.access.commands", "user", "Invite people, give and end roles, end a leaver's access."),
    "audit": ("joinedup.access.commands", "audit", "Verify, seal and show the record of who did what."),
    "system": ("joinedup.system.commands", "app", "Load, import, show, compare and correct bodies and areas."),
    "quarantine": ("joinedup.feeds.commands", "quarantine", "List, show, retry and discard what was set aside."),
    "link": ("joinedup.identity.commands", "app", "Join the records of each resident, and score how well."),
    "load": ("joinedup.record.commands", "load_app", "Take in a folder of what partners sent."),
    "listen": ("joinedup.record.commands", "listen_app", "Take in HL7 v2 messages as they come (MLLP)."),
    "collect": ("joinedup.record.commands", "collect_app", "Take in what lies in a MESH mailbox."),
    "snapshot": ("joinedup.population.commands", "snapshot", "Make pseudonymised tables of the record, and list them."),
    "measure": ("joinedup.measures.commands", "measure", "Make the measures of a snapshot; list, show, explain them."),
    "risk": ("joinedup.population.risk_commands", "risk", "Train the model of the risk of admission, show its card."),
    "plan": ("joinedup.planning.commands", "plan", "Write and take in plans; say where they disagree."),
    "allocate": ("joinedup.money.commands", "allocate", "Share a pot by need to the penny; import what it rests on."),
    "pay": ("joinedup.money.payment.commands", "pay", "Settle a month of contracts by rule, each with its statement."),
    "money": (
        "joinedup.money.pot.position_commands",
        "money",
        "The pot: position, mismatches, Better Care Fund.",
    ),
    "board": ("joinedup.governance.commands", "board", "The papers of boards: packs as PDF, minutes to Word and back."),
    "simulate": ("joinedup.simulation.commands", "app", "Write what the partners of a made-up system would send."),
}
UNEXPECTED = 70  # the exit code of an error that nobody foresaw


class RoomVerbs(TyperGroup):
    """Stands for a room's verbs on the first page of help, and becomes them when one is called."""

    module: str
    app: str

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        real = typer.main.get_command(getattr(importlib.import_module(self.module), self.app))
        for command in (real, *getattr(real, "commands", {}).values()):  # A verb of one word has no others below it.
            command.rich_markup_mode = None  # As plain as the first page of help.
        real.params = [one for one in real.params if "completion" not in str(one.name)]
        return real.make_context(info_name, args, parent=parent, **extra)


class Verbs(TyperGroup):
    """The verbs of this file and, unloaded, those of the rooms."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *ROOM_VERBS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in ROOM_VERBS:
            return super().get_command(ctx, cmd_name)
        group = RoomVerbs(name=cmd_name, help=ROOM_VERBS[cmd_name][2])
        group.module, group.app, _ = ROOM_VERBS[cmd_name]
        return group


# No Rich here: loading it takes as long as everything else in `joinedup --help` together.
app = typer.Typer(
    cls=Verbs, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)]


def _print_version(asked: bool) -> None:
    if asked:
        from joinedup import __version__

        typer.echo(f"joinedup {__version__}")
        raise typer.Exit


@app.callback()
def joinedup(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the whole traceback of an unexpected error. May stand anywhere.")
    ] = False,
) -> None:
    """joinedup: an Integrated Care System in software.

    Example: joinedup demo
    """


@app.command()
def demo(
    port: Port = 8000,
    residents: Annotated[int, typer.Option(help="How many residents are simulated.", min=100)] = 10_000,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve when everything is loaded.")] = True,
    as_json: Json = False,
) -> None:
    """Simulate a system, feed it through the real intake, link it, and serve it with a sign-in for every role.

    Example: joinedup demo --port 8001
    """
    from joinedup import database, demo as demonstration, serve

    if serve_it:
        serve.refuse_second_server()
        serve.refuse_taken_port("127.0.0.1", port)
    _tell(as_json, "Starting the database ...")
    database.ready()
    from joinedup.record.commands import progress_bar

    with progress_bar(as_json) as on_progress:
        made = demonstration.prepare(residents, lambda line: _tell(as_json, line), on_progress)
    url = f"http://127.0.0.1:{port}"
    sign_ins = "\n".join(f"  {user['name']:<22} {user['title']}" for user in made.sign_ins)
    openings = "\n".join(f"  {url}{one.path}  {one.why}" for one in made.worth_opening)
    shown = (
        f"joinedup is served at {url}\n\nSign in at {url}/access/sign-in/ without a password, as one of:\n{sign_ins}\n"
        f"\nFive residents worth opening, as the clinician:\n{openings}\n\nEverybody here is made up. Ctrl-C ends it."
    )
    if serve_it:
        answer = {"served_at": url, **asdict(made)}
        serve.serve("127.0.0.1", port, on_ready=lambda: _answer(as_json, answer, shown))
    else:
        _answer(as_json, asdict(made), f"The demo is loaded. To serve it: joinedup serve\n\n{openings}")


@app.command()
def init(
    email: Annotated[str, typer.Option(help="The administrator's e-mail; asked for when not given.")] = "",
    name: Annotated[str, typer.Option(help="The administrator's name; asked for when not given.")] = "",
    system: Annotated[str, typer.Option(help="The system to load, by key (hwe, nel, derbyshire) or TOML file.")] = "",
    as_json: Json = False,
) -> None:
    """Make the first administrator and load a system, without demo data.

    The password is asked for, or read from JOINEDUP_ADMIN_PASSWORD.

    Example: joinedup init --email alex@example.nhs.uk --name "Alex Bell" --system hwe
    """
    from joinedup import database

    database.ready()
    from django.db import transaction

    from joinedup.access import make_administrator
    from joinedup.system import services

    email = email or typer.prompt("Your e-mail")
    name = name or typer.prompt("Your name")
    password = os.environ.get("JOINEDUP_ADMIN_PASSWORD") or typer.prompt(
        "A password (12 characters or more)", hide_input=True, confirmation_prompt=True
    )
    grant = _own_grant("init", "set up a new installation")
    with transaction.atomic():  # Both or neither, so that a second try after a mistake is a first one again.
        make_administrator(email, name, password, grant)
        if system:
            services.load_system(services.system_file(system), grant)
    _answer(
        as_json,
        {"administrator": email, "system": system or None},
        f"{email} is the administrator{f' and the system {system} is loaded' if system else ''}.\n"
        f"Next: joinedup serve{'' if system else ', and joinedup system load FILE'}",
    )


@app.command(name="serve")
def serve_command(
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 is every address.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help="Web processes; each answers four requests at a time.", min=1)] = 2,
    as_json: Json = False,
) -> None:
    """Serve the pages and run the jobs until Ctrl-C, with the database.

    Example: joinedup serve --port 8001
    """
    from joinedup import serve

    url = f"http://{host}:{port}"
    shown = f"joinedup is served at {url}\nCtrl-C ends it."
    serve.serve(host, port, workers=workers, on_ready=lambda: _answer(as_json, {"served_at": url}, shown))


@app.command()
def stop(as_json: Json = False) -> None:
    """End the server and its database, also what a killed server left running.

    Example: joinedup stop
    """
    from joinedup import serve

    ended = serve.stop()
    words = [name for name, was in (("the server", ended["serving"]), ("the database", ended["database"])) if was]
    _answer(as_json, ended, f"Ended {' and '.join(words)}." if words else "Nothing of joinedup was running here.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")], as_json: Json = False
) -> None:
    """Write everything into one file: the database, the heads of the audit and their key.

    Keep the file as safe as the server itself. The server may go on working meanwhile.

    Example: joinedup backup joinedup-2026-11-22.backup
    """
    from joinedup.backup import backup as write

    manifest = write(file, _own_grant("backup", "keep a copy of everything"))
    rows, tables = sum(manifest.rows.values()), len(manifest.rows)
    _answer(
        as_json,
        {"file": str(file), "bytes": file.stat().st_size, **asdict(manifest)},
        f"{file} holds {rows:,} rows of {tables} tables ({file.stat().st_size:,} bytes).",
    )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file written by joinedup backup.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of a database that holds data, which is kept.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a backup and put it in the place of the database; nothing is touched unless all of it is in order.

    Example: joinedup restore joinedup-2026-11-22.backup
    """
    from joinedup.backup import restore as put_back

    manifest, kept = put_back(file, _own_grant("restore", "put a copy of everything back"), replace=replace)
    _answer(
        as_json,
        {"file": str(file), "kept_as": kept, **asdict(manifest)},
        f"Restored {sum(manifest.rows.values()):,} rows of {manifest.made_at}."
        + (f"\nThe database that was there is kept as '{kept}'." if kept else "")
        + "\nNext: joinedup audit verify",
    )


@app.command()
def check(as_json: Json = False) -> None:
    """Look whether this installation is in order; the exit code is 6 when something is not.

    Example: joinedup check
    """
    from joinedup.installation import look

    findings = look()
    lines = [f"{'ok ' if finding.is_ok else 'NOT'}  {finding.what}: {finding.says}" for finding in findings]
    _answer(as_json, [asdict(finding) for finding in findings], "\n".join(lines))
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(Unavailable.exit_code)


def main() -> None:
    """Run the command line; the exit code says what kind of error it was (docs/reference/errors.md)."""
    debug = "--debug" in sys.argv
    try:
        app([word for word in sys.argv[1:] if word != "--debug"], prog_name="joinedup")
    except JoinedupError as error:
        if debug:
            raise
        _report(str(error), error.exit_code, type(error).__name__)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our answer (head, less) has enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        place = _last_place(error)
        # Without the error's own words: they may quote what somebody typed.
        _report(
            f"joinedup met an error that it did not expect: {type(error).__name__} at {place}.\n"
            "Run the same command with --debug to see all of it, and please report it.",
            UNEXPECTED,
            type(error).__name__,
        )


def _last_place(error: BaseException) -> str:
    trace = error.__traceback__
    place = "an unknown place"
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _report(message: str, code: int, kind: str) -> None:
    if "--json" in sys.argv:
        message = json.dumps({"error": message, "kind": kind, "exit_code": code})
    sys.stderr.write(message + "\n")
    sys.exit(code)


def _own_grant(verb: str, purpose: str) -> Any:
    from joinedup.access import service_grant

    return service_grant(verb, purpose, approved_by="whoever runs this machine")


def _tell(as_json: bool, line: str) -> None:
    """Say what is going on, but not amid an answer for programs."""
    if not as_json:
        typer.echo(line)


def _answer(as_json: bool, data: Any, text: str) -> None:
    typer.echo(json.dumps(data, default=str) if as_json else text)


if __name__ == "__main__":
    main()
