"""The acts of the urgent route: chair and leader decide between meetings, the next meeting ratifies (rule: Q7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from joinedup.access import record, service_grant
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts.expecting import write_effects
from joinedup.governance.acts.letting_act import end_for_planning, let_act
from joinedup.governance.boards import seats
from joinedup.governance.delegation.deciding_alone import ReferredUp
from joinedup.governance.kept.boards import board_at, board_of, terms_on
from joinedup.governance.kept.decisions import (
    CARRIED,
    decision_of,
    model_of_system,
    must_be_adopted,
    outcome_of,
)
from joinedup.governance.kept.delegations import must_be_in_scheme, verdict_on
from joinedup.governance.kept.registers import grown, known_from, lock, said, visible
from joinedup.governance.meetings.asking_money import checked_asks
from joinedup.governance.meetings.expected_effect import effects, must_be_stated
from joinedup.governance.meetings.urgent import check_urgent
from joinedup.moment import LONDON, Moment, now
from joinedup.money import revoke_authority

if TYPE_CHECKING:
    from joinedup.access import Grant

PRESIDE = "governance.preside"


def take_urgent_decision(
    grant: Grant,
    board: str,
    *,
    text: str,
    reason: str,
    decided_at: datetime,
    function: str = "",
    amount_pence: int | None = None,
    supplier: str = "",
    asks: Mapping[str, Any] | None = None,
    expects: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    conflicted: Iterable[str] = (),
    known_at: datetime | None = None,
) -> models.Decision:
    """Let the chair and the leader of a board decide between meetings, both without a conflict, with a reason.

    `conflicted` are those of them who say that they have one; an open interest in the supplier counts as well. Raises
    UrgentRefused, and ReferredUp for what the board itself could not decide.
    """
    grant.must_be_for(PRESIDE)
    if decided_at.tzinfo is None:
        raise RuleError("Q7: the instant of a decision needs a time zone.")
    with transaction.atomic():
        lock(f"board {board}", f"purchase {function} {' '.join(supplier.split()).casefold()}")
        at = known_from(grant, known_at)
        kept, moment = board_of(board), Moment(decided_at.astimezone(LONDON).date(), at)
        terms = terms_on(board, moment)
        seated = board_at(board, moment)
        chair, leader = _holder(seated, "chair", moment), _holder(seated, "leader", moment)
        excluded = set(conflicted) | {
            line.person for line in visible(models.Interest, moment, person__in=[chair, leader])
            if supplier and line.about_org.casefold() == " ".join(supplier.split()).casefold()
        }  # fmt: skip
        check_urgent(chair=chair, chief_executive=leader, excluded=excluded, reason=reason)
        if amount_pence and not function:
            raise RuleError("D6: a decision about money says of which function.")
        if function:
            must_be_in_scheme(kept.system, function, moment)
        verdict = verdict_on(kept, function, amount_pence, supplier, decided_at, at)
        if verdict is not None and not verdict.is_allowed:
            says = "; ".join(f"{one.says} ({one.rule})" for one in verdict.reasons)
            raise ReferredUp(f"D6: {board} may not decide this, urgently or not: {says}. Ask {verdict.refer_to}.")
        model = model_of_system(kept.system, moment)
        number = kept.decisions.filter(method="urgent").count() + 1
        reference = f"{board}-{moment.valid_on}-urgent-{number}"
        expected = effects(expects)
        must_be_stated(amount_pence, asks is not None, len(expected))
        made = models.Decision.objects.create(
            reference=reference, board=kept, text=said(text, "B7: a decision"), function=function,
            amount_pence=amount_pence, supplier=supplier, tier=kept.tier, model=model.key, method="urgent",
            outcome=None if must_be_adopted(model, kept) else "carried", reasons=[reason.strip()],
            decided_at=decided_at, conflicts_snapshot=[], votes_snapshot={"chair": chair, "leader": leader},
            quorum_snapshot={"says": "Decided by the chair and the leader.", "terms": terms.version},
            asks=checked_asks(asks, amount_pence) if asks is not None else None, **grown(grant, at),
        )  # fmt: skip
        write_effects(grant, expected, at, decision=made)
        details = {"chair": chair, "leader": leader, "pence": amount_pence}
        record(grant, "governance.decide-urgently", f"decision:{reference}", details=details)
        let_act(decision_of(reference), moment, by=grant.actor_id, at=at)
    return decision_of(reference)


def ratify(grant: Grant, decision: str, item: str, *, known_at: datetime | None = None) -> bool:
    """Record what the meeting made of an urgent decision, by the item that it decided; answers if it was ratified.

    Where it was not, the authority that money had is taken back from today on; what was done under it stays.
    """
    grant.must_be_for(PRESIDE)
    with transaction.atomic():
        lock(f"decision {decision}")
        at = known_from(grant, known_at)
        kept, by_item = decision_of(decision), decision_of(item)
        if kept.method != "urgent":
            raise RuleError("Q7: only an urgent decision is ratified; this one was taken in a meeting.")
        if models.Ratification.objects.filter(decision=kept).exists():
            raise RuleError("Q7: a meeting has spoken about this decision already.")
        if by_item.item is None or by_item.board_id != kept.board_id or by_item.decided_at <= kept.decided_at:
            raise RuleError("Q7: an urgent decision is ratified by a later meeting of the same board.")
        outcome = outcome_of(by_item, Moment(by_item.decided_at.astimezone(LONDON).date(), at))
        is_ratified = outcome in {None, *CARRIED}
        if outcome not in {None, *CARRIED, "not_carried"}:
            raise RuleError(f"Q7: item {item} is {outcome}; it says neither yes nor no. Put it to the next meeting.")
        models.Ratification.objects.create(
            decision=kept, meeting=by_item.item.meeting, is_ratified=is_ratified, ratified_at=by_item.decided_at,
            **grown(grant, at),
        )  # fmt: skip
        given = models.GivenAuthority.objects.filter(decision=kept).first()
        if given is not None and not is_ratified:
            leave = service_grant(f"board {kept.board_id}", "Take leave to act back", f"decision {by_item.pk}")
            revoke_authority(leave, given.authority, now().valid_on, f"Not ratified: {by_item.pk}")
        if not is_ratified:
            end_for_planning(kept, by_item.pk)
        record(grant, "governance.ratify", f"decision:{decision}", details={"by": item, "is_ratified": is_ratified})
    return is_ratified


def _holder(board: seats.Board, category: str, moment: Moment) -> str:
    held = board.holders_on(moment.valid_on)
    found = sorted({one for seat in board.seats if category in seat.kinds for one in held.get(seat.key, ())})
    return found[0] if len(found) == 1 else ""
