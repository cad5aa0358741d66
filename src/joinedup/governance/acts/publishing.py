"""The act that publishes a meeting's papers and keeps the pack as everybody read it, byte for byte (rules: B5, X7)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.governance import models
from joinedup.governance.acts.papers import publish_papers
from joinedup.governance.kept.meetings import meeting_of, must_take_place
from joinedup.governance.kept.packs import Reader, pack_of
from joinedup.governance.kept.registers import grown, lock
from joinedup.governance.publication.pack_pdf import pdf_of
from joinedup.governance.publication.register import page_hash
from joinedup.moment import Moment, now

if TYPE_CHECKING:
    from joinedup.access import Grant

PDF = "application/pdf"


def publish(grant: Grant, meeting: str, *, address: str) -> int:
    """Publish the papers of a meeting now, and keep its public pack under its address; answers how many papers.

    Published again with nothing new, it keeps no second copy.
    """
    with transaction.atomic():
        kept = must_take_place(meeting_of(meeting))
        lock(f"meeting {meeting}")
        count = publish_papers(grant, meeting, published_at=now().known_at)
        present = now()
        made = pack_of(meeting, present, Reader(present.known_at))
        content = pdf_of(made)
        digest = page_hash(content)
        last = models.PublishedCopy.objects.filter(address=address).order_by("-known_at").first()
        if count or last is None:
            models.PublishedCopy.objects.create(
                meeting=kept, address=address, media_type=PDF, valid_on=present.valid_on, known_at=present.known_at,
                content_hash=digest, content=content, **grown(grant, present.known_at),
            )  # fmt: skip
            record(grant, "governance.publish-pack", f"meeting:{meeting}", details={"content_hash": digest})
    return count


def published_copy(address: str, moment: Moment) -> tuple[bytes, date, datetime] | None:
    """Answer the bytes that an address served at an instant, with the day and instant of their publication, if any."""
    row = (
        models.PublishedCopy.objects.filter(address=address, known_at__lte=moment.known_at).order_by("known_at").last()
    )
    return (bytes(row.content), row.valid_on, row.known_at) if row else None
