"""The acts by which minutes go to Word and come back: edited text is a new version, and what differs is shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from joinedup.governance.acts.minutes import draft_minutes, edit_minutes
from joinedup.governance.kept.meetings import meeting_of
from joinedup.governance.publication.minutes import LineChange, differences
from joinedup.governance.publication.minutes_docx import docx_of, text_of_docx

if TYPE_CHECKING:
    from joinedup.access import Grant

PREPARE = "governance.prepare"


def minutes_as_docx(grant: Grant, meeting: str) -> tuple[bytes, int]:
    """Answer the newest version of a meeting's minutes as .docx, and its number; drafted first where there is none."""
    grant.must_be_for(PREPARE)
    version = meeting_of(meeting).minutes.order_by("number").last() or draft_minutes(grant, meeting)
    return docx_of(version.text, title=f"Minutes of {meeting}", version=version.number), int(version.number)


def take_in_minutes(
    grant: Grant, meeting: str, content: bytes, *, known_at: datetime | None = None
) -> tuple[int, tuple[LineChange, ...]]:
    """Keep minutes as they come back from Word as a new version; answers its number and what differs from the last.

    The same text again changes nothing. Raises NoMinutesFile for what is no Word document, RuleError once the minutes
    are approved.
    """
    grant.must_be_for(PREPARE)
    before = meeting_of(meeting).minutes.order_by("number").last()
    text = text_of_docx(content)
    changes = differences(before.text if before else "", text)
    if before is not None and not changes:
        return int(before.number), ()
    return int(edit_minutes(grant, meeting, text, known_at=known_at).number), changes
