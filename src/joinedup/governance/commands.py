"""The verb `joinedup board`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from joinedup.governance import register_commands, transition_commands

if TYPE_CHECKING:
    from joinedup.access import Grant

board = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Meeting = Annotated[str, typer.Argument(help="The key of the meeting, such as icb-2022-09-23.")]


@board.callback()
def verbs() -> None:
    """The papers of boards: a meeting's pack as PDF, its minutes to Word and back.

    Example: joinedup board pack icb-2022-09-23 --pdf pack.pdf
    """


@board.command()
def pack(
    meeting: Meeting,
    pdf: Annotated[Path, typer.Option(help="The file to write.")],
    public: Annotated[bool, typer.Option("--public", help="As everybody reads it.")] = False,
    known_at: Annotated[str, typer.Option(help="By what was known then: 2022-09-30, or with a time.")] = "",
    as_json: Json = False,
) -> None:
    """Write everything of a meeting as one tagged PDF (PDF/UA-1) with bookmarks: agenda, papers, what was decided.

    Without --public it is the members' pack, with private items and papers under embargo: keep it so.

    Example: joinedup board pack icb-2022-09-23 --pdf pack.pdf
    """
    _ready()
    from joinedup.governance.kept.meetings import meeting_of
    from joinedup.governance.kept.packs import Reader, pack_of
    from joinedup.governance.publication.pack_pdf import pdf_of
    from joinedup.moment import Moment, now, parse_known

    present = now()
    known = min(parse_known(known_at), present.known_at) if known_at else present.known_at
    leave = _leave("Write the pack of a meeting")
    meeting_of(meeting)
    found = pack_of(
        meeting, Moment(present.valid_on, known),
        Reader(present.known_at, is_member=not public, is_secretary=not public, actor=leave.actor_id),
    )  # fmt: skip
    content = pdf_of(found)
    _recorded(leave, "governance.write-pack", meeting, {"reader": found.reader, "content_hash": found.content_hash})
    _write(pdf, content)
    papers = sum(len(item.papers) for item in found.items)
    _say(
        as_json,
        {"file": str(pdf), "bytes": len(content), "items": len(found.items), "papers": papers, "reader": found.reader,
         "content_hash": found.content_hash},
        f"{pdf} holds the pack of {meeting} for {'the public' if public else 'its members'}: {len(found.items)} items, "
        f"{papers} papers.\nFingerprint of the content: {found.content_hash}",
    )  # fmt: skip


@board.command()
def minutes(
    meeting: Meeting,
    docx: Annotated[Path | None, typer.Option(help="The Word file to write the newest version into.")] = None,
    edited: Annotated[Path | None, typer.Option(help="An edited Word file, to be kept as a new version.")] = None,
    as_json: Json = False,
) -> None:
    """Write the minutes of a meeting into a Word file, or take in what was edited there as a new version.

    Where there are none yet they are drafted from what was recorded. A later meeting approves them.

    Example: joinedup board minutes icb-2022-09-23 --docx minutes.docx
    """
    from joinedup.errors import RuleError

    if (docx is None) == (edited is None):
        raise RuleError("Say what to do: --docx FILE writes the minutes, --edited FILE takes in what was edited.")
    _ready()
    from joinedup.governance.acts.minutes_files import minutes_as_docx, take_in_minutes
    from joinedup.governance.kept.meetings import meeting_of

    meeting_of(meeting)
    leave = _leave("Minutes to Word and back")
    if docx is not None:
        content, number = minutes_as_docx(leave, meeting)
        _write(docx, content)
        _say(as_json, {"file": str(docx), "version": number}, f"{docx} holds version {number} of the minutes.")
        return
    assert edited is not None
    if not edited.is_file():
        raise RuleError(f"There is no file {edited}.")
    number, changes = take_in_minutes(leave, meeting, edited.read_bytes())
    lines = [f"{'-' if one.kind == 'taken out' else '+'} {one.text}" for one in changes]
    _say(
        as_json,
        {"version": number, "changes": [{"kind": one.kind, "text": one.text} for one in changes]},
        "\n".join([*lines, f"Kept as version {number}." if changes else f"Nothing differs from version {number}."]),
    )


def _ready() -> None:
    from joinedup import database

    database.ready()


def _leave(reason: str) -> Grant:
    from joinedup.access import service_grant

    return service_grant("board.command", reason, "whoever may run commands on this server")


def _recorded(leave: Grant, action: str, meeting: str, details: dict[str, Any]) -> None:
    from django.db import transaction

    from joinedup.access import record

    with transaction.atomic():
        record(leave, action, f"meeting:{meeting}", details=details)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    from joinedup.errors import RuleError

    if not path.parent.is_dir():
        raise RuleError(f"There is no folder {path.parent} to write {path.name} into.")
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}", delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o640)
    os.replace(file.name, path)


def _say(as_json: bool, answer: dict[str, Any], text: str) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else text)


transition_commands.register(board)
register_commands.register(board)
