"""The verbs of feeds: what was set aside, and what becomes of it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

quarantine = typer.Typer(
    no_args_is_help=True, add_completion=False, help="List, show, retry and discard what was set aside."
)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
SourceKey = Annotated[str, typer.Option("--source", help="Only what this source sent; its key in sources.toml.")]
Reason = Annotated[str, typer.Option("--reason", help="Only what has this reason: bad-date, unmapped-code ...")]


@quarantine.command(name="list")
def list_command(
    source: SourceKey = "",
    reason: Reason = "",
    state: Annotated[str, typer.Option(help="quarantined, pending, applied, discarded, or all.")] = "quarantined",
    limit: Annotated[int, typer.Option(help="At most so many, latest first.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """List what was set aside, with why and what mends it; nothing of anybody's data is shown.

    Example: joinedup quarantine list --reason bad-date
    """
    services, grant = _act("look through the quarantine")
    found = services.quarantine(grant, source=source, reason=reason, state="" if state == "all" else state, limit=limit)
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"remedy": one.remedy} for one in found], default=str))
        return
    for one in found:
        place = f", {one.place}" if one.place else ""
        typer.echo(f"{one.id:>8}  {one.source}  {one.file}, item {one.position}{place}: {one.message} ({one.reason})")
    if not found:
        typer.echo("Nothing is set aside here.")
    elif len(found) == limit:
        typer.echo(f"These are the latest {limit}; --limit shows more.")


@quarantine.command()
def show(
    number: Annotated[int, typer.Argument(help="Its number, from `joinedup quarantine list`.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write only its bytes, as they came.")] = False,
    as_json: Json = False,
) -> None:
    """Show one thing that was set aside, with its content. It is somebody's data: that you looked is audited.

    Example: joinedup quarantine show 17
    """
    services, grant = _act("look at something that was set aside")
    opened = services.open_set_aside(grant, number)
    held = opened.held
    if raw:
        sys.stdout.buffer.write(opened.raw)
        sys.stdout.buffer.flush()
    elif as_json:
        data = asdict(held) | {
            "remedy": held.remedy,
            "raw": opened.raw.decode("utf-8", "backslashreplace"),
            "decisions": [asdict(one) for one in opened.decisions],
        }
        typer.echo(json.dumps(data, default=str))
    else:
        typer.echo(f"{held.id}: {held.reason}, {held.state}\n{held.file} of {held.source}, item {held.position}")
        typer.echo(f"{held.place + ': ' if held.place else ''}{held.message}\nWhat mends it: {held.remedy}.")
        for one in opened.decisions:
            typer.echo(
                f"{one.at:%Y-%m-%d %H:%M} {one.decision} by {one.by_name}{': ' + one.reason if one.reason else ''}"
            )
        typer.echo("\n" + opened.raw.decode("utf-8", "backslashreplace"))


@quarantine.command()
def retry(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Their numbers; or choose by --source and --reason.")
    ] = None,
    source: SourceKey = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Try again what was set aside, once its reason is mended: a mapping, a declaration, a decision.

    Example: joinedup quarantine retry --source acute-rwh-ecds --reason unmapped-code
    """
    services, grant = _act("try again what was set aside")
    counts = services.retry(grant, numbers or None, source=source, reason=reason)
    words = (
        f"Tried {counts['tried']:,} again: {counts['applied']:,} applied, {counts['still-refused']:,} still refused."
    )
    typer.echo(json.dumps(counts) if as_json else words)


@quarantine.command()
def discard(
    numbers: Annotated[list[int], typer.Argument(help="Their numbers, from `joinedup quarantine list`.")],
    reason: Annotated[str, typer.Option(help="Why they will never be taken in; 10 characters or more.")],
    by: Annotated[str, typer.Option(help="Your name: a person answers for it.")],
    as_json: Json = False,
) -> None:
    """Say that what was set aside will never be taken in. It stays readable, with your name and reason.

    Example: joinedup quarantine discard 17 --by "Anil Sample" --reason "The sender sent it again, corrected"
    """
    services, grant = _act("discard what was set aside")
    count = services.discard(grant, numbers, reason, by_name=by)
    typer.echo(json.dumps({"discarded": count}) if as_json else f"Discarded {count:,}.")


def _act(purpose: str) -> tuple[Any, Any]:
    """Answer the services and a grant for whoever may run commands on this machine."""
    from joinedup import database

    database.ready()
    from joinedup.access import service_grant
    from joinedup.feeds import services

    return services, service_grant("command-line", purpose, "whoever may run commands on this server")
