"""The acts that change what a contract says: another version, an extension that it provides for, an early end.

What it said before stays. A signed contract changes under an authority: one whose limit covers what the whole value
rises by, or, where it does not rise, one that holds on the day (rule MB5).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.contracts.awards import is_considerable_change
from joinedup.money.contracts.contract import Contract, ContractError, Fault, differences
from joinedup.money.contracts.contracting import (
    CONTRACT,
    check_kept,
    enter,
    keep_version,
    lock_provider,
    theirs,
)
from joinedup.money.contracts.reading import Kept, bindings_of, entries_of, signed_on, versions_of
from joinedup.money.contracts.specification import must_meet_specification
from joinedup.money.contracts.terms import ended_early, extended
from joinedup.money.ledger.posting import check_gate, must_say_why
from joinedup.money.ledger.reading import authority_of
from joinedup.money.pot.authority import Asked, NoAuthority

if TYPE_CHECKING:
    from joinedup.access import Grant


def change_contract(
    grant: Grant, contract: Contract, *, effective_from: date, reason: str, authority_id: str = ""
) -> models.ContractVersion:
    """Keep what a contract says from a day on as its next version; what it said before stays.

    Whose contract it is does not change. A signed contract needs an authority (NoAuthority, OverAuthority), and one
    whose value has changed considerably since it was signed, in one step or several, is awarded anew instead.
    """
    grant.must_be_for(CONTRACT)
    said = must_say_why(reason)
    before = theirs(grant, contract.code)
    with transaction.atomic():
        lock_provider(contract.provider)
        for name in ("commissioner", "provider"):
            if getattr(contract, name) != getattr(before.contract, name):
                raise ContractError(
                    (Fault(name, f"it stays {getattr(before.contract, name)}; make another contract."),)
                )
        _must_be_new(before, contract, effective_from)
        check_kept(contract)
        if signed_on(contract.code) is not None:
            must_meet_specification(contract)
            _must_not_be_considerable(before, contract, effective_from)
        return _changed(grant, "changed", before, contract, effective_from, said, authority_id)


def extend_contract(
    grant: Grant, code: str, to: date, annual_p: int, *, reason: str, authority_id: str
) -> models.ContractVersion:
    """Let a signed contract last up to a later day, as far as it provides for it, at so many pence a whole year.

    What a contract provides for is no considerable change. Raises ContractError for a day beyond, NoAuthority and
    OverAuthority for pence that the authority does not cover.
    """
    grant.must_be_for(CONTRACT)
    said = must_say_why(reason)
    before = theirs(grant, code)
    with transaction.atomic():
        lock_provider(before.contract.provider)
        _must_be_signed(code)
        longer = extended(before.contract, to, annual_p)
        check_kept(longer)
        return _changed(grant, "extended", before, longer, before.row.effective_from, said, authority_id)


def end_contract(grant: Grant, code: str, on: date, *, reason: str, authority_id: str) -> models.ContractVersion:
    """End a signed contract early: `on` is the first day on which it no longer holds.

    Nothing is left of the value of the days after. What is bound for them stays bound until it is released. Raises
    ContractError for a day outside its term, or in or before a month that is settled already.
    """
    grant.must_be_for(CONTRACT)
    said = must_say_why(reason)
    before = theirs(grant, code)
    with transaction.atomic():
        lock_provider(before.contract.provider)
        _must_be_signed(code)
        shorter = ended_early(before.contract, on)
        if (last := models.Statement.objects.filter(contract=code).order_by("-month").first()) and not shorter.holds_in(
            last.month
        ):
            raise ContractError(
                (Fault("ends", f"{last.month:%B %Y} is settled already; expected an end after that month began."),)
            )
        check_kept(shorter)
        return _changed(grant, "ended", before, shorter, before.row.effective_from, said, authority_id)


def _changed(
    grant: Grant, what: str, before: Kept, contract: Contract, effective_from: date, said: str, authority_id: str
) -> models.ContractVersion:
    if signed_on(contract.code) is not None or authority_id:
        _must_be_allowed(contract, contract.total_p - before.contract.total_p, authority_id)
    row = keep_version(grant, contract, before.number + 1, effective_from, said)
    enter(grant, contract.code, what, authority_id, effective_from, value=str(row.number), text=said)
    return row


def _must_be_new(before: Kept, contract: Contract, effective_from: date) -> None:
    if not differences(before.contract, contract):
        raise RuleError(f"Contract {contract.code} says all of this already; no version was made.")
    if effective_from < before.row.effective_from:
        raise ContractError((Fault("effective_from", f"expected {before.row.effective_from} or later."),))


def _must_be_signed(code: str) -> None:
    if signed_on(code) is None:
        raise RuleError(f"Contract {code} is not signed; change it instead.")


def _must_not_be_considerable(before: Kept, contract: Contract, on: date) -> None:
    """Raise ContractError where this change, with those since the signature, changes the value considerably.

    Extensions and ends that the contract provides for are not counted.
    """
    versions = {one.number: one.contract.total_p for one in versions_of(contract.code)}
    changes = [int(one.value) for one in entries_of([contract.code], "changed") if one.key]
    earlier = sum(versions[number] - versions[number - 1] for number in changes)
    signed = versions[min(changes) - 1] if changes else before.contract.total_p
    after = signed + earlier + contract.total_p - before.contract.total_p
    if is_considerable_change(signed, after, on):
        raise ContractError(
            (Fault("values", "the whole value would change considerably. Award another contract instead."),)
        )


def _must_be_allowed(contract: Contract, more: int, authority_id: str) -> None:
    """Raise NoAuthority or OverAuthority unless the authority allows a contract to be worth so many pence more."""
    today = now().valid_on
    if more > 0:
        fund = next((one.fund for one in bindings_of(contract.code)), "")
        check_gate(Asked("commitment", more, today, fund, contract.provider, contract.title), authority_id)
        return
    if not authority_id:
        raise NoAuthority(
            f"MB5: contract {contract.code} is signed; a change of it needs an authority and none was named. Ask a "
            "board, or until then the finance lead, to give one."
        )
    given = authority_of(authority_id)
    is_ended = given.revoked_on is not None and given.revoked_on <= today
    if is_ended or not given.valid_from <= today < given.valid_to:
        raise NoAuthority(
            f"MB5: authority {given.id} ({given.reference}) does not hold on {today}. Name one that does."
        )
