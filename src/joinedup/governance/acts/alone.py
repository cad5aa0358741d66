"""The act of a post that decides alone under a delegation: within its limit, its function and what a law allows.

It stands among the decisions of the board that delegated, as taken under a delegation (rules: D1 to D6, G6, C11).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.money import hand_to_money
from joinedup.governance.delegation.deciding_alone import Question, must_be_allowed
from joinedup.governance.kept.boards import board_at, person_of_account
from joinedup.governance.kept.decisions import decision_of, model_of_system
from joinedup.governance.kept.delegations import (
    as_delegation,
    check_powers,
    delegations_of,
    must_be_in_scheme,
    scheme_of,
)
from joinedup.governance.kept.registers import grown, known_from, lock, said, visible
from joinedup.governance.meetings.asking_money import checked_asks
from joinedup.moment import LONDON, Moment

if TYPE_CHECKING:
    from joinedup.access import Grant

VOTE, PRESIDE = "governance.vote", "governance.preside"


class NotThePost(RuleError):
    """Somebody decides for a post that this person does not hold."""


def decide_alone(
    grant: Grant,
    system: str,
    post: str,
    *,
    function: str,
    text: str,
    reason: str,
    decided_at: datetime,
    amount_pence: int | None = None,
    supplier: str = "",
    person: str = "",
    asks: Mapping[str, Any] | None = None,
    known_at: datetime | None = None,
) -> models.Decision:
    """Keep what the holder of a post decided alone under a delegation; answers the decision.

    A post is a seat (`board/seat`) or a name of its own. `person` is who holds it, and the account that is signed in,
    unless whoever runs the meetings writes it down. Raises ReferredUp, with all reasons and to whom, beyond the
    delegation by a penny; PowerNotInForce on a day on which no law allows the function.
    """
    grant.must_be_for(VOTE if grant.permission == VOTE else PRESIDE)
    if decided_at.tzinfo is None:
        raise RuleError("D6: the instant of a decision needs a time zone.")
    to = " ".join(supplier.split())
    with transaction.atomic():
        lock(f"system {system}", f"purchase {function} {to.casefold()}")
        at = known_from(grant, known_at)
        moment = Moment(decided_at.astimezone(LONDON).date(), at)
        if decided_at > at:
            raise RuleError("D6: this decision would be taken at an instant that is still to come.")
        check_powers([function], moment.valid_on, moment.valid_on + timedelta(days=1), at)
        must_be_in_scheme(system, function, moment)
        who = person or person_of_account(grant.actor_id, moment)
        if grant.permission == VOTE and who != person_of_account(grant.actor_id, moment):
            raise NotThePost("D1: you decide for your own post alone.")
        _must_hold(post, who, moment)
        question = Question(
            post, function, moment.valid_on, amount_pence, to, is_excluded=_has_interest(who, to, moment)
        )
        must_be_allowed(question, scheme_of(system, moment))
        line = next(
            one for one in delegations_of(system, at)
            if one.to == post and one.function == function and as_delegation(one).is_on(moment.valid_on)
        )  # fmt: skip
        board = line.from_board
        number = board.decisions.filter(method="delegated").count() + 1
        reference = f"{board.key}-{moment.valid_on}-delegated-{number}"
        models.Decision.objects.create(
            reference=reference, board=board, text=said(text, "B7: a decision"), function=function,
            amount_pence=amount_pence, supplier=to, tier=board.tier, model=model_of_system(system, moment).key,
            method="delegated", outcome="carried", reasons=[said(reason, "D6: a decision under a delegation")],
            decided_at=decided_at, conflicts_snapshot=[],
            votes_snapshot={"by": who, "post": post, "delegation": line.key},
            quorum_snapshot={"says": "Decided by one post under a delegation: no quorum is needed."},
            asks=checked_asks(asks, amount_pence) if asks is not None else None, **grown(grant, at),
        )  # fmt: skip
        details = {"post": post, "person": who, "function": function, "pence": amount_pence, "delegation": line.key}
        record(grant, "governance.decide-alone", f"decision:{reference}", details=details)
        hand_to_money(decision_of(reference), moment, by=grant.actor_id, at=at)
    return decision_of(reference)


def _must_hold(post: str, person: str, moment: Moment) -> None:
    """Raise NotThePost unless the person holds the seat that a post names; a post of another kind is taken as said."""
    board, slash, seat = post.partition("/")
    if not slash:
        return
    held = board_at(board, moment).holders_on(moment.valid_on)
    if seat not in held:
        raise NotFound(f"C11: nobody holds the seat {seat} of {board} on {moment.valid_on}; its delegations rest.")
    if person not in held[seat]:
        raise NotThePost(f"D1: this person does not hold the seat {seat} of {board} on {moment.valid_on}.")


def _has_interest(person: str, supplier: str, moment: Moment) -> bool:
    lines = visible(models.Interest, moment, person=person)
    return bool(supplier) and any(line.about_org.casefold() == supplier.casefold() for line in lines)
