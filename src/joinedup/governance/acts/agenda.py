"""The acts about what changes before a meeting: cancelled or moved, items in another order, withdrawn or private.

Nothing is overwritten: what was called, and what stood on the agenda, stays readable beside what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts.meetings import add_item
from joinedup.governance.kept.decisions import decision_of, outcome_of
from joinedup.governance.kept.meetings import (
    day_of,
    item_of,
    items_of,
    meeting_of,
    must_be_on_agenda,
    must_take_place,
    next_number,
)
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.moment import Moment

if TYPE_CHECKING:
    from joinedup.access import Grant

PREPARE = "governance.prepare"


def cancel_meeting(
    grant: Grant, meeting: str, *, reason: str, instead: str = "", known_at: datetime | None = None
) -> None:
    """Say that a meeting does not take place, why, and which one takes its place, if another is called.

    RuleError for a meeting at which somebody was or an item was taken.
    """
    grant.must_be_for(PREPARE)
    why = said(reason, "B5: a cancelled meeting")
    with transaction.atomic():
        lock(f"meeting {meeting}")
        at = known_from(grant, known_at)
        kept = must_take_place(meeting_of(meeting))
        if models.ItemOpened.objects.filter(item__meeting=kept).exists() or kept.attendances.exists():
            raise RuleError("B5: this meeting took place: people came, or an item was taken. It cannot be cancelled.")
        if instead and meeting_of(instead).board_id != kept.board_id:
            raise RuleError("B5: another meeting of the same board takes its place.")
        if instead == meeting:
            raise RuleError("B5: no meeting takes its own place; name another one, or none.")
        models.MeetingChange.objects.create(
            meeting=kept, kind="cancelled", instead=instead, reason=why, **grown(grant, at)
        )
        record(grant, "governance.cancel-meeting", f"meeting:{meeting}", details={"instead": instead})


def move_meeting(grant: Grant, meeting: str, place: str, *, reason: str, known_at: datetime | None = None) -> None:
    """Say that a meeting takes place elsewhere than it was called to. For another day, cancel it and call another."""
    grant.must_be_for(PREPARE)
    why = said(reason, "B5: another place")
    with transaction.atomic():
        lock(f"meeting {meeting}")
        at = known_from(grant, known_at)
        kept = must_take_place(meeting_of(meeting))
        there = " ".join(place.split())
        if not there or there == kept.place:
            raise RuleError("B5: say the new place; it is the one that was called.")
        models.MeetingChange.objects.create(meeting=kept, kind="place", place=there, reason=why, **grown(grant, at))
        record(grant, "governance.move-meeting", f"meeting:{meeting}", details={"place": there})


def order_items(
    grant: Grant, meeting: str, keys: Sequence[str], *, reason: str = "", known_at: datetime | None = None
) -> None:
    """Put the items of an agenda into an order; each item's number is its place from now on.

    RuleError once an item of the meeting was opened, and unless every item is named once.
    """
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"meeting {meeting}")
        at = known_from(grant, known_at)
        kept = must_take_place(meeting_of(meeting))
        if models.ItemOpened.objects.filter(item__meeting=kept).exists():
            raise RuleError("B7: an item of this meeting was taken already; its agenda keeps its order.")
        items = items_of(kept, at)
        if sorted(keys) != sorted(one.key for one in items):
            raise RuleError(f"B7: name each of the {len(items)} items of {meeting} once.")
        place = {key: number for number, key in enumerate(keys, 1)}
        moved = [one for one in items if one.number != place[one.key]]
        why = reason.strip() or "the order of the agenda"
        for one in moved:
            models.ItemChange.objects.create(
                item=one, kind="place", number=place[one.key], reason=why, **grown(grant, at)
            )
        if moved:
            record(grant, "governance.order-items", f"meeting:{meeting}", details={"order": list(keys)})


def withdraw_item(grant: Grant, item: str, *, reason: str, known_at: datetime | None = None) -> None:
    """Withdraw an item before it is taken; it stays on the agenda as withdrawn, with the reason."""
    grant.must_be_for(PREPARE)
    why = said(reason, "B7: a withdrawn item")
    with transaction.atomic():
        kept = must_be_on_agenda(item_of(item, locked=True))
        at = known_from(grant, known_at)
        if models.ItemOpened.objects.filter(item=kept).exists():
            raise RuleError("B7: this item was taken already. Close it: it can be deferred, or not carried.")
        models.ItemChange.objects.create(item=kept, kind="withdrawn", reason=why, **grown(grant, at))
        record(grant, "governance.withdraw-item", f"item:{item}")


def make_private(grant: Grant, item: str, *, reason: str, known_at: datetime | None = None) -> None:
    """Hold an item in private from now on: its title too is private everywhere, at once, and stays so (X1).

    RuleError once a paper of it was published: what everybody has read is not called back, but can be redacted.
    """
    grant.must_be_for(PREPARE)
    why = said(reason, "X1: a private item")
    with transaction.atomic():
        kept = must_be_on_agenda(item_of(item, locked=True))
        at = known_from(grant, known_at)
        if kept.is_private:
            raise RuleError("X1: this item is private already.")
        if models.PaperPublished.objects.filter(version__item=kept).exists():
            raise RuleError("X1: a paper of this item is published. Redact it, or withdraw the item and put it anew.")
        models.AgendaItem.objects.filter(pk=item).update(is_private=True)
        models.ItemChange.objects.create(item=kept, kind="private", reason=why, **grown(grant, at))
        record(grant, "governance.make-private", f"item:{item}")


def take_on(grant: Grant, decision: str, meeting: str, *, known_at: datetime | None = None) -> str:
    """Take what another board referred onto the agenda of the board it was referred to; answers the new item's key.

    The new item asks what the first one asked, and both are linked. RuleError for a decision that was not referred, was
    taken on already, or went to another board (D6).
    """
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"decision {decision}", f"meeting {meeting}")
        at = known_from(grant, known_at)
        kept, to = decision_of(decision), must_take_place(meeting_of(meeting))
        if outcome_of(kept, Moment(day_of(to), at)) != "referred" or kept.item is None:
            raise RuleError(f"D6: {decision} was not referred to another board.")
        if models.ReferredItem.objects.filter(decision=kept).exists():
            raise RuleError(f"D6: {decision} stands on another agenda already.")
        board = referred_to(kept)
        if board and board != to.board_id:
            raise RuleError(f"D6: {decision} was referred to {board}; {meeting} is a meeting of {to.board_id}.")
        if to.board_id == kept.board_id or to.starts_at <= kept.decided_at:
            raise RuleError("D6: what was referred is taken on by a later meeting of another board.")
        was = kept.item
        key = add_item(
            grant, meeting, next_number(to), was.title, type=was.type, is_private=was.is_private,
            function=was.function, orgs_named=was.orgs_named, amount_pence=was.amount_pence, supplier=was.supplier,
            needs=was.needs, asks=was.asks, expects=was.expects, known_at=known_at,
        )  # fmt: skip
        models.ReferredItem.objects.create(decision=kept, item_id=key, **grown(grant, at))
        record(grant, "governance.take-on", f"item:{key}", details={"decision": decision})
    return key


def referred_to(decision: models.Decision) -> str:
    """Answer the board that a decision was referred to; "" where it went to the board above without a name."""
    words = "referred to "
    return next((one.removeprefix(words) for one in decision.reasons if one.startswith(words)), "")
