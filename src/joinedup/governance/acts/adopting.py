"""The acts by which members of a joint committee make a decision theirs, or do not (rules: G1, G2)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.letting_act import let_act
from joinedup.governance.boards.governance_models import model_named
from joinedup.governance.kept.decisions import adoption_of, day_decided, decision_of
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.meetings.adoption import AdoptionResult, Position, check_position
from joinedup.moment import LONDON, Moment

if TYPE_CHECKING:
    from joinedup.access import Grant

PREPARE = "governance.prepare"


def record_adoption(
    grant: Grant,
    decision: str,
    body: str,
    *,
    status: str,
    decided_by: str,
    on: date,
    duty: str = "",
    condition: str = "",
    known_at: datetime | None = None,
) -> AdoptionResult:
    """Record what a member body made of a decision on a day; answers whom it binds by then. Its last word counts.

    Where it stands by this and asks for money, money is given its authority. Raises AdoptionRefused for who is no
    member, for a word after the days to adopt, or an adoption that names no duty.
    """
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"adoption {decision}")
        at = known_from(grant, known_at)
        kept = _open_to_adoption(decision)
        check_position(
            model_named(kept.model), Position(body, status, on, duty), kept.board.joint_of, decided_on=day_decided(kept)
        )
        if status == "conditional" and not condition.strip():
            raise RuleError("G2: a conditional adoption says its condition.")
        models.Adoption.objects.create(
            decision=kept, body=body, duty=duty.strip(), status=status, condition=condition.strip(),
            decided_by=said(decided_by, "G2: an adoption (who decided it)"), on=on, **grown(grant, at),
        )  # fmt: skip
        details = {"body": body, "status": status, "on": str(on)}
        record(grant, "governance.record-adoption", f"decision:{decision}", details=details)
        return _settle(grant, kept, Moment(on, at))


def meet_condition(
    grant: Grant, decision: str, body: str, *, on: date, evidence: str, known_at: datetime | None = None
) -> AdoptionResult:
    """Record that the condition of a conditional adoption was met on a day; answers whom the decision binds by then."""
    grant.must_be_for(PREPARE)
    why = said(evidence, "G2: a condition that is met")
    with transaction.atomic():
        lock(f"adoption {decision}")
        at = known_from(grant, known_at)
        kept = _open_to_adoption(decision)
        last = kept.adoptions.filter(body=body).order_by("pk").last()
        if last is None or last.status != "conditional" or last.condition_met_on is not None:
            raise NotFound(f"G2: {body} has adopted {decision} under no condition that is still open.")
        if on < last.on:
            raise RuleError(f"G2: {body} spoke on {last.on}; its condition cannot be met on {on}, before that.")
        models.Adoption.objects.create(
            decision=kept, body=body, duty=last.duty, status="conditional", condition=last.condition,
            condition_met_on=on, decided_by=why, on=last.on, **grown(grant, at),
        )  # fmt: skip
        details = {"body": body, "on": str(on)}
        record(grant, "governance.meet-condition", f"decision:{decision}", details=details)
        return _settle(grant, kept, Moment(on, at))


def settle_adoption(grant: Grant, decision: str, *, on: date, known_at: datetime | None = None) -> AdoptionResult:
    """Answer whom a decision binds once the days to adopt are over, and let money act on it where it stands by that."""
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        lock(f"adoption {decision}")
        at = known_from(grant, known_at)
        kept = _open_to_adoption(decision)
        if on > at.astimezone(LONDON).date():
            raise RuleError(f"G2: {on} is still to come; what members said by then is not known.")
        found = _settle(grant, kept, Moment(on, at))
        if found.outcome and not models.AdoptionSettled.objects.filter(decision=kept).exists():
            models.AdoptionSettled.objects.create(
                decision=kept, outcome=found.outcome, settled_on=on, **grown(grant, at)
            )
        record(grant, "governance.settle-adoption", f"decision:{decision}", details={"outcome": found.outcome or ""})
        return found


def settle_adoptions(grant: Grant, *, on: date, known_at: datetime | None = None) -> list[str]:
    """Settle every decision whose days to adopt are over by a day and that is not settled yet; answers which (G2)."""
    grant.must_be_for(PREPARE)
    waiting = models.Decision.objects.filter(outcome=None, settled=None).select_related("board").order_by("decided_at")
    settled = []
    for kept in waiting:
        days = model_named(kept.model).adoption_days
        if days is None or day_decided(kept) + timedelta(days=days) >= on:
            continue
        settle_adoption(grant, kept.reference, on=on, known_at=known_at)
        settled.append(kept.reference)
    return settled


def _open_to_adoption(reference: str) -> models.Decision:
    kept = decision_of(reference)
    if kept.outcome is not None:
        raise RuleError(f"G2: decision {reference} is {kept.outcome}; nobody adopts it.")
    return kept


def _settle(grant: Grant, decision: models.Decision, moment: Moment) -> AdoptionResult:
    decision = decision_of(decision.pk)
    found = adoption_of(decision, moment)
    assert found is not None
    let_act(decision, moment, by=grant.actor_id, at=moment.known_at)
    return found
