"""The acts about minutes: drafted from what was recorded, edited, approved at a later meeting."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.kept.meetings import meeting_of
from joinedup.governance.kept.minutes import drafted
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.meetings.papers import content_hash_of

if TYPE_CHECKING:
    from joinedup.access import Grant

PREPARE, PRESIDE = "governance.prepare", "governance.preside"


def draft_minutes(grant: Grant, meeting: str, *, known_at: datetime | None = None) -> models.MinutesVersion:
    """Draft the minutes of a meeting from everything that was recorded of it; answers the version."""
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"minutes {meeting}")
        at = known_from(grant, known_at)
        return _write(grant, meeting, drafted(meeting_of(meeting), at), at, "governance.draft-minutes")


def edit_minutes(grant: Grant, meeting: str, text: str, *, known_at: datetime | None = None) -> models.MinutesVersion:
    """Keep the minutes as somebody edited them, as a version of their own. What was decided stays as recorded."""
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"minutes {meeting}")
        at = known_from(grant, known_at)
        return _write(grant, meeting, said(text, "The minutes (their text)"), at, "governance.edit-minutes")


def approve_minutes(
    grant: Grant, meeting: str, at_meeting: str, *, number: int, known_at: datetime | None = None
) -> None:
    """Approve a version of a meeting's minutes at a later meeting of the board; from then on they stay (B7).

    RuleError unless it is the newest version.
    """
    grant.must_be_for(PRESIDE)
    with transaction.atomic():
        lock(f"minutes {meeting}")
        at = known_from(grant, known_at)
        kept, later = meeting_of(meeting), meeting_of(at_meeting)
        if later.board_id != kept.board_id or later.starts_at <= kept.starts_at:
            raise RuleError("B7: minutes are approved at a later meeting of the same board.")
        last = _last(kept)
        if last is None or last.number != number:
            there = "has no minutes yet" if last is None else f"has version {last.number}"
            raise RuleError(f"B7: {meeting} {there}; the newest version is approved, not {number}.")
        _must_be_open(kept)
        models.MinutesVersion.objects.create(
            meeting=kept, number=last.number + 1, text=last.text, content_hash=last.content_hash, approved_at=later,
            **grown(grant, at),
        )  # fmt: skip
        details = {"at": at_meeting, "content_hash": last.content_hash}
        record(grant, "governance.approve-minutes", f"meeting:{meeting}", details=details)


def _write(grant: Grant, meeting: str, text: str, at: datetime, action: str) -> models.MinutesVersion:
    kept = meeting_of(meeting)
    _must_be_open(kept)
    last, digest = _last(kept), content_hash_of({"text": text})
    if last is not None and last.content_hash == digest:
        return last
    version = models.MinutesVersion.objects.create(
        meeting=kept, number=last.number + 1 if last else 1, text=text, content_hash=digest, **grown(grant, at)
    )
    record(grant, action, f"meeting:{meeting}", details={"number": version.number, "content_hash": digest})
    return version


def _must_be_open(meeting: models.Meeting) -> None:
    if meeting.minutes.filter(approved_at__isnull=False).exists():
        raise RuleError("B7: these minutes are approved and stay as they are. Put a correction to the next meeting.")


def _last(meeting: models.Meeting) -> models.MinutesVersion | None:
    return meeting.minutes.order_by("number").last()
