"""The acts about instructions from above: written down, closed, and named in a report to scrutiny (rule P7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.kept.boards import board_of
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.kept.scrutiny import instructions_of
from joinedup.governance.transition.instructions import must_name_all
from joinedup.moment import LONDON
from joinedup.system import checked_name

if TYPE_CHECKING:
    from joinedup.access import Grant

PREPARE = "governance.prepare"


def record_instruction(
    grant: Grant,
    board: str,
    key: str,
    *,
    issuer: str,
    document: str,
    issued_on: date,
    requirements: Sequence[tuple[str, date]] = (),
    known_at: datetime | None = None,
) -> None:
    """Write down a letter or direction that a board was sent, with what it asks by when."""
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"instruction {key}")
        at = known_from(grant, known_at)
        if models.Instruction.objects.filter(pk=key).exists():
            raise RuleError(f"P7: there is an instruction '{key}' already.")
        if issued_on > at.astimezone(LONDON).date():
            raise RuleError(f"P7: {issued_on} is still to come; nothing can have been issued then.")
        for text, due in requirements:
            if due < issued_on:
                raise RuleError(f"P7: '{text}' would be due on {due}, before it was asked on {issued_on}.")
        models.Instruction.objects.create(
            key=key, board=board_of(board), issuer=checked_name(issuer),
            document=said(document, "P7: an instruction (its document)"), issued_on=issued_on,
            requirements=[[text.strip(), due.isoformat()] for text, due in requirements], **grown(grant, at),
        )  # fmt: skip
        details = {"board": board, "issued_on": str(issued_on)}
        record(grant, "governance.record-instruction", f"instruction:{key}", details=details)


def close_instruction(grant: Grant, key: str, *, on: date, reason: str, known_at: datetime | None = None) -> None:
    """Say that an instruction is done with from a day on, and how; reports of later days need not name it."""
    grant.must_be_for(PREPARE)
    why = said(reason, "P7: the end of an instruction")
    with transaction.atomic():
        lock(f"instruction {key}")
        at = known_from(grant, known_at)
        kept = models.Instruction.objects.filter(pk=key).first()
        if kept is None:
            keys = models.Instruction.objects.values_list("pk", flat=True)
            raise NotFound(f"There is no instruction '{key}'.{did_you_mean(key, keys)}")
        if models.InstructionClosed.objects.filter(instruction=kept).exists():
            raise RuleError(f"P7: the instruction '{key}' is closed already.")
        if not kept.issued_on <= on <= at.astimezone(LONDON).date():
            raise RuleError(f"P7: an instruction of {kept.issued_on} is closed after that, and not on a day to come.")
        models.InstructionClosed.objects.create(instruction=kept, closed_on=on, reason=why, **grown(grant, at))
        record(grant, "governance.close-instruction", f"instruction:{key}", details={"on": str(on)})


def publish_report(
    grant: Grant,
    board: str,
    *,
    to: str,
    title: str,
    on: date,
    named: Collection[str],
    reasons: Mapping[str, str] | None = None,
    known_at: datetime | None = None,
) -> int:
    """Write down a report to whoever scrutinises; InstructionOmitted where it leaves live instructions out (P7)."""
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"instructions of {board}")
        at = known_from(grant, known_at)
        if on > at.astimezone(LONDON).date():
            raise RuleError(f"P7: {on} is still to come; a report is written down once it was given.")
        kept = board_of(board)
        live = instructions_of(board, at)
        must_name_all(live, on=on, named=named, reasons=reasons)
        known = {one.key for one in live}
        row = models.ScrutinyReport.objects.create(
            board=kept, to=checked_name(to), title=said(title, "P7: a report (its title)"), reported_on=on,
            names=sorted(set(named) & known),
            leaves_out={key: why.strip() for key, why in (reasons or {}).items() if why.strip() and key in known},
            **grown(grant, at),
        )  # fmt: skip
        details = {"board": board, "on": str(on), "names": sorted(set(named) & known)}
        record(grant, "governance.publish-report", f"scrutiny-report:{row.pk}", details=details)
    return int(row.pk)
