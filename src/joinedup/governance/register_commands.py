"""The verbs of `joinedup board` about registers: reminders to confirm, and settling what is no longer adopted."""

from __future__ import annotations

import json
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Board = Annotated[str, typer.Option(help="The key of one board; left out, all of them.")]


def register(board: typer.Typer) -> None:
    """Add the verbs to `joinedup board`."""
    board.command()(reminders)
    board.command()(settle)


def reminders(
    board: Board = "",
    record: Annotated[bool, typer.Option("--record", help="Remind them: a task on each one's own page.")] = False,
    as_json: Json = False,
) -> None:
    """Say who has to confirm the register of interests by when; with --record, remind them. Nothing is sent.

    Example: joinedup board reminders --record
    """
    from joinedup import database

    database.ready()
    from joinedup.access import service_grant
    from joinedup.governance.acts.reminders import remind
    from joinedup.governance.kept.boards import board_of
    from joinedup.governance.kept.reminders import confirmations_due_on
    from joinedup.moment import now
    from joinedup.system import names_of_people

    if board:
        board_of(board)
    moment = now()
    leave = service_grant("board.command", "Remind members to confirm", "whoever may run commands on this server")
    done = {one.person for one in remind(leave, board=board)} if record else set()
    due = confirmations_due_on(now(), board=board)
    names = names_of_people([one.person for one in due], moment.valid_on, now().known_at)
    rows = [
        {
            "person": one.person, "name": names.get(one.person, one.person), "due_on": str(one.due_on),
            "last_on": str(one.last_on or ""), "is_overdue": one.is_overdue(moment.valid_on),
            "reminded_on": str(one.reminded_on or ""),
        }
        for one in due
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps({"due": rows, "reminded": sorted(done)}, ensure_ascii=False))
        return
    for row in rows:
        late = "overdue since" if row["is_overdue"] else "due by"
        told = f", reminded {row['reminded_on']}" if row["reminded_on"] else ""
        typer.echo(f"{row['name']}: {late} {row['due_on']}{told}")
    if not rows:
        typer.echo("Nobody has to confirm: every member did so in the last 12 months.")
    elif record:
        typer.echo(f"{len(done)} reminded now; nobody is reminded twice within 28 days.")


def settle(as_json: Json = False) -> None:
    """Settle the decisions whose days to adopt are over, as the server does each night; money acts on what stands.

    Example: joinedup board settle
    """
    from joinedup import database

    database.ready()
    from joinedup.access import service_grant
    from joinedup.governance.acts.adopting import settle_adoptions
    from joinedup.moment import now

    leave = service_grant("board.command", "Settle adoptions", "whoever may run commands on this server")
    settled = settle_adoptions(leave, on=now().valid_on)
    if as_json:
        typer.echo(json.dumps({"settled": settled}))
    else:
        typer.echo("\n".join(f"Settled: {one}" for one in settled) or "No decision waits to be settled.")
