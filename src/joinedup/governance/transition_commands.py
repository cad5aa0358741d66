"""The verbs of a transition, below `joinedup board`: day-one and staff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from joinedup.errors import FileError

if TYPE_CHECKING:
    from joinedup.access import Grant

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
NOT_READY = 2


def register(board: typer.Typer) -> None:
    """Put these verbs below a group of verbs."""
    board.command(name="day-one")(day_one)
    board.command(name="staff")(staff)


def day_one(
    event: Annotated[str, typer.Argument(help="The key of a change event: joinedup system events --json lists all.")],
    as_json: Json = False,
) -> None:
    """Ask every room what the bodies that close have open, and say what and who would have no place on day one.

    It ends with 0 where the change may take force, with 2 where something stands in the way. Nobody is named.

    Example: joinedup board day-one hwe-dissolve --json
    """
    _ready()
    from joinedup.governance.acts.day_one import check_before

    found = check_before(_grant("Check a change before day one"), event)
    staff_, closing = found.staff, [one.code for one in found.closing]
    answer = {
        "what": "day-one", "event": event, "kind": found.event.kind, "certainty": found.event.certainty,
        "effective": str(found.event.effective), "ready": found.is_ready, "blocks": list(found.blocks),
        "closing": closing, "found": dict(found.day_one.found),
        "orphans": [
            {
                "room": one.room, "body": one.body, "kind": one.work.kind, "id": one.work.key, "title": one.work.title,
                "owner": one.work.owner, "link": one.work.link,
            }
            for one in found.day_one.orphans
        ],
        "not_checked": list(found.day_one.not_checked),
        "staff": None if staff_ is None else {
            "heads_before": staff_.before.heads, "heads_after": staff_.after.heads,
            "fte_before": str(staff_.before.fte), "fte_after": str(staff_.after.fte), "senior": staff_.senior,
            "unplaced": len(staff_.unplaced),
        },
    }  # fmt: skip
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        said = ", ".join(f"{number} {kind}" for kind, number in sorted(found.day_one.found.items())) or "nothing"
        typer.echo(f"{event} ({found.event.kind}, {found.event.effective}, {found.event.certainty})")
        typer.echo(f"Open work of {', '.join(closing) or 'no body that closes'}: {said}")
        for one in found.day_one.orphans[:20]:
            typer.echo(f"  without a new owner: {one.work.kind} {one.work.key} of {one.body} ({one.room})")
        if len(found.day_one.orphans) > 20:
            typer.echo(f"  and {len(found.day_one.orphans) - 20} more; --json lists all")
        typer.echo(f"Not checked: {', '.join(found.day_one.not_checked)}")
        typer.echo("Ready for day one." if found.is_ready else f"Not ready: {'; '.join(found.blocks)}.")
    if not found.is_ready:
        raise SystemExit(NOT_READY)


def staff(
    transition: Annotated[str, typer.Argument(help="The key of the transition.")],
    file: Annotated[Path, typer.Argument(help="The list of staff, a CSV file.")],
    reason: Annotated[str, typer.Option(help="Where the list comes from.")],
    as_json: Json = False,
) -> None:
    """Take in a list of staff and where each goes: all of it or nothing. A list that loses somebody is refused.

    Example: joinedup board staff hwe-2022 staff.csv --reason "list of human resources of May"
    """
    if not file.is_file():
        raise FileError(str(file), "there is no such file.", "Give the list of staff, a CSV file.")
    _ready()
    from joinedup.governance.acts.transition_staff import import_staff

    new = import_staff(_grant("Take in a list of staff"), transition, file.name, file.read_bytes(), reason=reason)
    if as_json:
        typer.echo(json.dumps({"what": "staff", "transition": transition, "new": new}))
    else:
        typer.echo(f"{new} rows are new or say otherwise.")


def _grant(what: str) -> Grant:
    from joinedup.access import service_grant

    return service_grant("board", what, "whoever may run commands on this server")


def _ready() -> None:
    from joinedup import database

    database.ready()
