"""The verbs of the record: load what partners sent, and listen for what they send."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from joinedup.access import service_grant
from joinedup.errors import NotFound, RuleError

load_app = typer.Typer(add_completion=False)
listen_app = typer.Typer(add_completion=False)
collect_app = typer.Typer(add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@load_app.command()
def load(
    folder: Annotated[Path, typer.Argument(help="A folder with a sources.toml, or one file of a declared source.")],
    source: Annotated[str, typer.Option(help="For one file: the key of the source that sent it.")] = "",
    link: Annotated[bool, typer.Option("--link/--no-link", help="Link the new subjects afterwards.")] = True,
    processes: Annotated[int, typer.Option(help="Reading processes; as many as processors when 0.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Take in what partners sent: read, check, store, index, audit; then link what is new to residents.

    The same file twice changes nothing. Killed anywhere, the next load goes on where this one stopped.

    Example: joinedup load nel-feeds
    """
    from joinedup import database

    database.ready()
    from joinedup.record import loading

    grant = service_grant("record.intake", "take in what partners sent", "whoever runs this machine")
    files = _files(folder, source, grant)
    with progress_bar(as_json) as on_progress:
        loaded = loading.load(grant, files, processes=processes or None, on_progress=on_progress)
    linked = None
    if link:
        if not as_json:
            typer.echo("Linking what is new to residents ...")
        from joinedup.identity import link as link_subjects

        linked = link_subjects(service_grant("identity.link", "join the records of each resident", "whoever runs this"))
    data = {**asdict(loaded), "linked": asdict(linked) if linked else None}
    typer.echo(json.dumps(data, default=str) if as_json else _told(loaded, linked))


@listen_app.command()
def listen(
    source: Annotated[str, typer.Option(help="The key of the source whose messages come here.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 2575,
    as_json: Json = False,
) -> None:
    """Listen for HL7 v2 messages (MLLP) of one source until Ctrl-C; each is acknowledged when it is stored.

    Example: joinedup listen --source acute-rwh-pas --port 2575
    """
    from joinedup import database

    database.ready()
    from django.db import close_old_connections

    from joinedup.feeds import Outcome, Source, ledger, serve_mllp
    from joinedup.record.arrivals import apply_message

    declared = ledger.source(source)
    if declared.format != "hl7v2":
        raise RuleError(f"The source '{source}' sends {declared.format}; MLLP carries HL7 v2.")

    def apply(raw: bytes, sender: Source) -> Outcome:
        close_old_connections()  # The database may have been away since the last message.
        return apply_message(raw, sender)

    async def serve() -> None:
        server = await serve_mllp(host, port, declared, apply)
        said = {"listening": f"{host}:{port}", "source": declared.key}
        shown = f"Listening for {declared.name} on {host}:{port}. Ctrl-C ends it."
        typer.echo(json.dumps(said) if as_json else shown)
        async with server:
            await server.serve_forever()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


@collect_app.command()
def collect(
    mailbox: Annotated[str, typer.Option(help="The MESH mailbox, such as X26ABC1; a folder is one for trials.")],
    sources: Annotated[
        Path | None, typer.Option(help="A sources.toml, or its folder, that says whose messages these are.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Collect what is there and end; else every five minutes.")
    ] = False,
    link: Annotated[bool, typer.Option("--link/--no-link", help="Link the new subjects after each poll.")] = True,
    as_json: Json = False,
) -> None:
    """Collect what partners sent to a MESH mailbox; each message is acknowledged when it is stored.

    The address, password and shared key come from JOINEDUP_MESH_URL, JOINEDUP_MESH_PASSWORD, JOINEDUP_MESH_SHARED_KEY.

    Example: joinedup collect --mailbox X26ABC1 --once
    """
    from joinedup import database

    database.ready()
    from django.db import close_old_connections

    from joinedup.record.arrivals import collect_mailbox

    def pause(seconds: float) -> None:
        time.sleep(seconds)
        close_old_connections()  # The database may have been away since the last poll.

    if sources is not None:
        from joinedup.feeds import ledger, read_sources

        folder = sources if sources.is_dir() else sources.parent
        declared = read_sources(sources)
        ledger.declare(declared)
        grant = service_grant("record.intake", "take in what partners send", "whoever runs this machine")
        know_the_senders(declared, folder, grant)
    with suppress(KeyboardInterrupt):
        for collected in collect_mailbox(mailbox, once=once, pause=pause):
            told = "\n".join([_collected(collected), *collected.alarms])
            typer.echo(json.dumps(asdict(collected)) if as_json else told)
            if link and (collected.applied or collected.duplicates):  # a kill may have left these unlinked
                from joinedup.identity import link as link_subjects

                link_subjects(service_grant("identity.link", "join the records of each resident", "whoever runs this"))


def _collected(collected: Any) -> str:
    said = f"{collected.applied} messages applied, {collected.duplicates} had been before, {collected.waiting} left."
    if collected.refused:
        said += (
            f" {collected.refused} were refused as a whole: they are kept in the folder `refused` in the data folder, "
            "and the page of the feed says why."
        )
    return said


def _files(folder: Path, source: str, grant: Any) -> list[tuple[Path, Any]]:
    from joinedup.feeds import deliveries_in, ledger, read_sources

    if folder.is_dir():
        sources = read_sources(folder)
        ledger.declare(sources)
        know_the_senders(sources, folder, grant)
        found = deliveries_in(folder, sources)
        if not found:
            raise NotFound(f"None of the declared sources has a file in {folder}. Look at `files` in its sources.toml.")
        return found
    if not folder.is_file():
        raise NotFound(f"There is no folder and no file {folder}.")
    if not source:
        raise RuleError("Say who sent the file: joinedup load FILE --source KEY. A folder says so in its sources.toml.")
    return [(folder, ledger.source(source))]


def know_the_senders(sources: list[Any], folder: Path, grant: Any) -> None:
    """Load the systems that joinedup brings along whose bodies send something here, and the lists in the folder.

    Raises RuleError for organisations that nobody knows: everything they send would be set aside.
    """
    from joinedup.moment import now
    from joinedup.record.loading import is_known_organisation
    from joinedup.system import load_practices, load_systems_of

    def unknown() -> set[str]:
        is_known_organisation.cache_clear()
        return {one.organisation for one in sources if not is_known_organisation(one.organisation, now().valid_on)}

    # The systems first: practices of the lists are commissioned by their bodies.
    for key in load_systems_of(unknown(), grant):
        typer.echo(f"Loaded the system {key}: its bodies sent some of these files.", err=True)
    for of in ("epraccur", "enonnhs"):
        if (folder / f"{of}.csv").is_file():
            is_simulated = all(one.is_simulated for one in sources)
            load_practices(folder / f"{of}.csv", grant, is_simulated=is_simulated, of=of)
    if codes := unknown():
        raise RuleError(
            f"Nobody here has the organisation codes {', '.join(sorted(codes))} of sources.toml. Load the system to "
            "which they belong (joinedup system load), put them into epraccur.csv or enonnhs.csv, or correct them."
        )


@contextmanager
def progress_bar(as_json: bool) -> Iterator[Any]:
    """Show how far it is, how fast and for how long still; nothing where a program reads."""
    if as_json:
        yield lambda progress: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[added]:,} resources, {task.fields[rate]:,.0f} a second"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("Loading", total=None, added=0, rate=0.0)

        def show(progress: Any) -> None:
            seconds = bar.tasks[0].elapsed or 0.001
            bar.update(
                task, total=progress.bytes_all, completed=progress.bytes_read, added=progress.added,
                rate=progress.added / seconds, description=progress.file[:30] or "Loading",
            )  # fmt: skip

        yield show


def _told(loaded: Any, linked: Any) -> str:
    rate = loaded.added / loaded.seconds if loaded.seconds else 0
    lines = [
        f"{loaded.deliveries} deliveries taken in, {loaded.repeated_deliveries} had been before, "
        f"{len(loaded.refused)} refused.",
        f"{loaded.added:,} versions of resources added, {loaded.unchanged:,} unchanged, in {loaded.seconds:.1f} s "
        f"({rate:,.0f} a second).",
    ]
    if not loaded.added and not loaded.merges:
        lines.append("0 changes.")
    if loaded.set_aside:
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in sorted(loaded.reasons.items()))
        lines.append(f"{loaded.set_aside:,} set aside ({reasons}). Look at them: joinedup quarantine list")
    lines += [f"Refused: {reason}" for reason in loaded.refused.values()]
    if linked is not None:
        lines.append(str(linked))
    return "\n".join(lines)
