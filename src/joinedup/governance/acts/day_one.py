"""Putting a change in force: only when no work would be without an owner and nobody without a place (rule C3)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction as one_transaction

from joinedup.access import record, service_grant
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts.transitions import TRANSIT
from joinedup.governance.kept.day_one import Readiness, readiness
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.kept.transitions import transition_with
from joinedup.governance.transition.day_one import must_be_clear
from joinedup.governance.transition.staff_transfer import must_be_complete_transfer
from joinedup.moment import Moment, now
from joinedup.system import renew_belief

if TYPE_CHECKING:
    from joinedup.access import Grant


class NotReady(RuleError):
    """A change is not ready to take force: its functions, people, steps or open work are not all placed."""


def check_before(grant: Grant, event: str, moment: Moment | None = None) -> Readiness:
    """Answer whether a change may take force, by sums that name nobody; audited, since it reads staff."""
    grant.must_be_for(TRANSIT)
    found = readiness(event, moment or now())
    with one_transaction.atomic():
        details = {"orphans": len(found.day_one.orphans), "blocks": len(found.blocks)}
        record(grant, "governance.day-one", f"event:{event}", details=details)
    return found


def must_be_ready(event: str) -> None:
    """Raise DayOneBlocked, TransferBlocked or NotReady for a change of a transition that may not take force (C3).

    The room system asks before it carries any change out (settings.BEFORE_IN_FORCE). A change that belongs to no
    transition, such as one that is taken over from a published file, is not held back here.
    """
    if transition_with(event) is None:
        return
    _must_be_ready(readiness(event, now()))


def put_in_force(grant: Grant, event: str, *, reason: str) -> Readiness:
    """Let a change of a transition take force on its day, and keep what the check found; the room system does the rest.

    Raises DayOneBlocked, TransferBlocked or NotReady, which say how much is missing, and RuleError for a change that
    belongs to no transition or is in force.
    """
    grant.must_be_for(TRANSIT)
    why = said(reason, "C2: a change that takes force")
    with one_transaction.atomic():
        held = transition_with(event)
        if held is None:
            raise RuleError(f"C3: the change {event} belongs to no transition. Add it to one first.")
        lock(f"transition {held.pk}")
        at = known_from(grant, None)
        found = readiness(event, now())
        if found.event.certainty == "in_force":
            raise RuleError(f"C2: {event} is in force already.")
        _must_be_ready(found)
        leave = service_grant("transition", f"Carry out {event} once day one is clear", grant.actor_id)
        renew_belief(leave, event, "in_force", found.event.effective, why)
        staff = found.staff
        models.DayOneResult.objects.create(
            transition=held, event=event, found=dict(found.day_one.found), not_checked=list(found.day_one.not_checked),
            heads=staff.after.heads if staff else 0, fte=staff.after.fte if staff else Decimal(0), **grown(grant, at),
        )  # fmt: skip
        record(grant, "governance.in-force", f"event:{event}", details={"found": sum(found.day_one.found.values())})
    return found


def _must_be_ready(found: Readiness) -> None:
    must_be_clear(found.day_one)
    if found.staff is not None:
        must_be_complete_transfer(found.staff)
    if found.blocks:
        raise NotReady(f"C3: {found.event.key} may not take force: {'; '.join(found.blocks)}. Complete them first.")
