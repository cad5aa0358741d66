"""A pack is kept as it was published: its address serves the same bytes for that instant for ever (rule: X7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from joinedup.governance import models
from joinedup.governance.acts import publishing
from joinedup.governance.publication.register import page_hash
from joinedup.moment import now

from . import sitting
from .sitting import call, grant, item, paper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
PREPARE = "governance.prepare"


def test_the_bytes_of_each_publication_stay_at_their_instant() -> None:
    meeting = call(on=now().valid_on + timedelta(days=30))
    key = item(meeting, 1)
    paper(key)
    address = f"/open/meetings/{meeting}/pack.pdf"
    assert publishing.publish(grant(PREPARE), meeting, address=address) == 1
    first = now()
    paper(key, text="Something else is proposed.")
    assert publishing.publish(grant(PREPARE), meeting, address=address) == 1
    assert publishing.publish(grant(PREPARE), meeting, address=address) == 0
    copies = list(models.PublishedCopy.objects.order_by("pk"))
    assert len(copies) == 2
    was, by_now = publishing.published_copy(address, first), publishing.published_copy(address, now())
    assert was is not None
    assert by_now is not None
    assert [page_hash(was[0]), page_hash(by_now[0])] == [one.content_hash for one in copies]
    assert was[0] != by_now[0]


def test_nothing_was_published_before() -> None:
    before = sitting.minute("09:00")
    assert publishing.published_copy("/open/meetings/none/pack.pdf", now().__class__(before.date(), before)) is None
