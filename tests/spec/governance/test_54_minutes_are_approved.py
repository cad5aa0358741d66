"""Minutes are approved by a form at a later meeting, and from then on everybody reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import transaction

from joinedup.governance import models
from joinedup.governance.kept.packs import Reader, pack_of
from joinedup.governance.publication.pack import OVERDUE_TITLE
from joinedup.moment import Moment, now

from .open_meeting_of_littleshire import NEXT, sit
from .sitting import call
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def office(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Littleshire's board, and its chair and secretary, who are signed in."""
    from joinedup.access.demo import demo_users

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield {role: signed_in(role) for role in ("board_secretary", "chair")}
        transaction.set_rollback(True)


def test_the_newest_version_is_approved_at_a_later_meeting_and_published(office: dict[str, Any]) -> None:
    meeting = sit()
    path = f"/governance/meetings/{meeting}/minutes/approve/"
    assert "No later meeting" in page(office["chair"], path)
    later = call(on=NEXT)
    assert path in page(office["chair"], f"/governance/meetings/{later}/")
    assert path in page(office["board_secretary"], f"/governance/meetings/{meeting}/minutes/")
    assert f"/governance/meetings/{meeting}/minutes/" in page(
        office["board_secretary"], f"/governance/meetings/{meeting}/"
    )
    send(office["chair"], path, 422, version="7", meeting=later)
    send(office["chair"], path, 422, version="1", meeting=meeting)
    unpublished = "The minutes are published when a later meeting has approved them."
    assert unpublished in page(office["chair"], f"/open/meetings/{meeting}/")
    act(office["chair"], path, version="1", meeting=later)
    assert models.MinutesVersion.objects.get(meeting=meeting, approved_at__isnull=False).approved_at_id == later
    assert unpublished not in page(office["chair"], f"/open/meetings/{meeting}/")


@pytest.mark.parametrize("is_private", [False, True], ids=["promised in public", "promised in private"])
def test_the_public_reads_what_is_overdue_of_public_decisions_alone(office: dict[str, Any], is_private: bool) -> None:
    meeting = sit()
    if is_private:
        models.AgendaItem.objects.filter(meeting=meeting, number=1).update(is_private=True)
    later = call(on=date(2023, 3, 31))
    present = now()
    pack = pack_of(later, Moment(date(2023, 3, 31), present.known_at), Reader(present.known_at))
    assert (OVERDUE_TITLE in [one.title for one in pack.items]) is not is_private
    members = pack_of(later, Moment(date(2023, 3, 31), present.known_at), Reader(present.known_at, is_member=True))
    assert OVERDUE_TITLE in [one.title for one in members.items]
    assert pack.by_itself == ()
