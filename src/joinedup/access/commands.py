"""`joinedup audit` and `joinedup user`."""

from __future__ import annotations

import json as json_text
from typing import Annotated, Any

import typer

audit = typer.Typer(no_args_is_help=True, help="Prove, seal and read the audit. Example: joinedup audit verify")
user = typer.Typer(
    no_args_is_help=True, help="Invite users, give roles, end access. Example: joinedup user invite ada@example.org Ada"
)

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for machines.")]
Log = Annotated[str, typer.Option(help="Which log: audit, or ledger (what was posted to the pot).")]


@audit.command()
def verify(json: Json = False, log: Log = "audit") -> None:
    """Compute the whole chain again and name every entry that was changed. Example: joinedup audit verify --json

    Ends with exit code 1 when something was found.
    """
    _ready()
    from joinedup.access import verify as verify_log

    report = verify_log(log)
    if json:
        _json(report.as_dict())
    elif report.holds:
        typer.echo(
            f"The {log} holds: {report.entries:,} entries in {report.segments:,} segments are as they were sealed."
        )
    else:
        typer.echo(f"The {log} does NOT hold: {len(report.findings):,} findings.")
        for finding in report.findings:
            typer.echo(f"  {finding.says}")
    if not json:
        if report.interrupted:
            typer.echo("The last sealing was interrupted; the next one completes it.")
        typer.echo(f"Not proved yet: {report.open_entries:,} entries written since the last sealing.")
    if not report.holds:
        raise typer.Exit(1)


@audit.command()
def seal(json: Json = False, log: Log = "audit") -> None:
    """Seal what was written since the last time; `joinedup serve` does so each minute. Example: joinedup audit seal"""
    _ready()
    from joinedup.access import seal as seal_log

    sealed = seal_log(log)
    if json:
        _json({"log": sealed.log, "segments": sealed.segments, "entries": sealed.entries, "mended": sealed.mended,
               "unsigned": list(sealed.unsigned)})  # fmt: skip
        return
    typer.echo(f"Sealed {sealed.entries:,} entries in {sealed.segments:,} segments.")
    if sealed.mended:
        typer.echo("An interrupted sealing was completed.")
    if sealed.unsigned:
        typer.echo(f"{len(sealed.unsigned):,} entries were not written by joinedup. Run: joinedup audit verify")


@audit.command()
def show(
    from_day: Annotated[str, typer.Option("--from", help="First day, such as 2022-07-01.")] = "",
    to_day: Annotated[str, typer.Option("--to", help="Last day.")] = "",
    actor: Annotated[str, typer.Option(help="An e-mail address, or an actor such as service:seal.")] = "",
    action: Annotated[str, typer.Option(help="An action, or its beginning with a dot: role.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many entries, the latest.")] = 50,
    json: Json = False,
) -> None:
    """Show the latest entries. Reading is audited, too. Example: joinedup audit show --actor ada@example.org"""
    _ready()
    from joinedup.access.reading import read_audit
    from joinedup.moment import parse_day

    lines, has_more = read_audit(
        _grant("Read the audit on the command line"),
        from_day=parse_day(from_day) if from_day else None,
        to_day=parse_day(to_day) if to_day else None,
        actor=actor,
        action=action,
        limit=limit,
    )
    if json:
        _json([{"id": line.id, "who": line.who, **line.entry} for line in lines])
        return
    for line in lines:
        subject, outcome = line.entry["subject"], line.entry["outcome"]
        typer.echo(
            f"{line.id:>8}  {line.entry['at'][:19]}Z  {line.who:<24} {line.entry['action']:<18} {outcome:<7} {subject}"
        )
    if has_more:
        typer.echo(f"There are more; see them with --limit {limit * 10} or other days.")


@user.command()
def invite(email: str, name: str, json: Json = False) -> None:
    """Invite somebody by e-mail. Example: joinedup user invite ada@example.org "Ada Lovelace" """
    _ready()
    from joinedup.access import services

    invited = services.invite(_grant("Invite a user"), email, name, _now())
    _say(json, {"id": str(invited.pk), "email": invited.email}, f"Invited {invited.email}.")


@user.command("list")
def list_users(json: Json = False) -> None:
    """List all users with their roles today. Example: joinedup user list --json"""
    _ready()
    from joinedup.access.users import list_of_users

    rows = list_of_users(_grant("List the users"), _now())
    if json:
        _json([row.as_dict() for row in rows])
        return
    for row in rows:
        typer.echo(f"{row.email:<40} {row.name:<24} {row.state:<9} {'; '.join(row.roles)}")


@user.command("give-role")
def give_role(
    email: str,
    role: str,
    body: Annotated[str, typer.Option(help="ODS code of the body; without it, the whole system.")] = "",
    from_day: Annotated[str, typer.Option("--from", help="First day; today when left out.")] = "",
    to_day: Annotated[str, typer.Option("--to", help="The day from which it is not held any more.")] = "",
    json: Json = False,
) -> None:
    """Let a user hold a role. Example: joinedup user give-role ada@example.org board_secretary --body QM7"""
    _ready()
    from joinedup.access import services
    from joinedup.access.bodies import body_with_code
    from joinedup.moment import parse_day

    held = services.give_role(
        _grant("Give a role"),
        services.user_by_email(email),
        role,
        _now(),
        body_id=body_with_code(body),
        valid_from=parse_day(from_day) if from_day else None,
        valid_to=parse_day(to_day) if to_day else None,
    )
    _say(json, {"id": held.pk, "email": email, "role": role}, f"{email} holds the role {role}.")


@user.command()
def end(email: str, json: Json = False) -> None:
    """End a leaver's access at once: roles, sessions and links. Example: joinedup user end ada@example.org"""
    _ready()
    from joinedup.access import services

    services.end_access(_grant("End a leaver's access"), services.user_by_email(email), _now())
    _say(json, {"email": email, "state": "ended"}, f"The access of {email} has ended.")


@user.command()
def token(
    email: str,
    purpose: Annotated[str, typer.Option(help="Why records are read: direct-care, emergency-care, safeguarding.")],
    hours: Annotated[float, typer.Option(help="For how many hours; at most 24.")] = 8,
    name: Annotated[str, typer.Option(help="What it is for, so that its user knows it again.")] = "",
    json: Json = False,
) -> None:
    """Print a token with which a program reads /fhir as a user; it is kept nowhere, so copy it now.

    Example: joinedup user token ada@example.org --purpose direct-care --hours 8
    """
    _ready()
    from joinedup.access import services, tokens

    grant = _grant("Make a token for the API")
    user = services.user_by_email(email)
    text, made = tokens.make_token(grant, user, purpose, hours, _now(), name=name)
    _say(json, {"token": text, "expires_at": made.expires_at, "purpose": purpose, "email": user.email}, text)


def _ready() -> None:
    from joinedup import database

    database.ready()


def _grant(purpose: str) -> Any:
    """Whoever can run commands on the server's data folder may do all of this; the audit says which account it was."""
    import getpass

    from joinedup.access import service_grant

    return service_grant("command-line", purpose, f"the account {getpass.getuser()}")


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _say(json: bool, values: dict[str, Any], sentence: str) -> None:
    if json:
        _json(values)
    else:
        typer.echo(sentence)


def _json(value: Any) -> None:
    typer.echo(json_text.dumps(value, ensure_ascii=False, indent=2, default=str))
