"""The acts on contracts: make, change, publish a notice, sign, bind money, write down quality and deductions.

Each checks its grant, writes and audits in one transaction. Nothing is overwritten.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.moment import now
from joinedup.money import models, spending
from joinedup.money.awards import check_award, check_notice, is_considerable_change
from joinedup.money.contract_reading import (
    Kept,
    answered_on,
    bindings_of,
    contract_row,
    contracts_on,
    process_of,
    published_of,
    signed_on,
    version_on,
    versions_of,
)
from joinedup.money.contracts import (
    Contract,
    ContractError,
    Fault,
    check_contract,
    contract_hash,
    contract_text,
    differences,
    overlapping,
)
from joinedup.money.ledger import LedgerRow
from joinedup.money.posting import must_be_theirs, must_say_why
from joinedup.money.specification import must_meet_specification
from joinedup.planning import bank_holidays

if TYPE_CHECKING:
    from joinedup.access import Grant

CONTRACT = "money.contract"


def make_contract(grant: Grant, contract: Contract, *, reason: str) -> models.ContractVersion:
    """Keep a contract as its first version, not signed yet. ContractError names each field that is wrong.

    Among them: a body that is unknown or closed on the day on which the contract starts, and activity that another
    contract pays this provider for at the same time.
    """
    grant.must_be_for(CONTRACT)
    must_be_theirs(grant, [contract.commissioner])
    said = must_say_why(reason)
    with transaction.atomic():
        _lock(contract.provider)
        if models.Contract.objects.filter(pk=contract.code).exists():
            raise ContractError((Fault("code", f"there is a {contract.code} already; give this one its own."),))
        _check(contract)
        models.Contract.objects.create(
            code=contract.code, commissioner=contract.commissioner, provider=contract.provider, **_grown(grant)
        )
        return _keep(grant, contract, 1, contract.starts, said)


def change_contract(grant: Grant, contract: Contract, *, effective_from: date, reason: str) -> models.ContractVersion:
    """Keep what a contract says from a day on as its next version; what it said before stays.

    Whose contract it is does not change. A signed contract that would change considerably is awarded anew instead.
    """
    grant.must_be_for(CONTRACT)
    said = must_say_why(reason)
    before = versions_of(contract.code)[-1]
    must_be_theirs(grant, [before.contract.commissioner])
    with transaction.atomic():
        _lock(contract.provider)
        for name in ("commissioner", "provider"):
            if getattr(contract, name) != getattr(before.contract, name):
                raise ContractError(
                    (Fault(name, f"it stays {getattr(before.contract, name)}; make another contract."),)
                )
        if not differences(before.contract, contract):
            raise RuleError(f"Contract {contract.code} says all of this already; no version was made.")
        if effective_from < before.row.effective_from:
            raise ContractError((Fault("effective_from", f"expected {before.row.effective_from} or later."),))
        _check(contract)
        if signed_on(contract.code) is not None:
            must_meet_specification(contract)
            if is_considerable_change(before.contract.total_p, contract.total_p, effective_from):
                raise ContractError(
                    (Fault("values", "the whole value would change considerably. Award another contract instead."),)
                )
        return _keep(grant, contract, before.number + 1, effective_from, said)


def publish_notice(grant: Grant, code: str, kind: str, on: date, text: str) -> models.ContractEntry:
    """Publish a notice of a contract's award; everybody reads it from then on. NoticeMissing out of order."""
    grant.must_be_for(CONTRACT)
    said = must_say_why(text)
    kept = _theirs(grant, code)
    _must_be_over(on, "A notice is published")
    with transaction.atomic():
        _lock(kept.contract.provider)
        check_notice(process_of(kept.contract), kind, on, published_of(code), awarded_on=signed_on(code))
        return _enter(grant, code, "notice", kind, on, text=said)


def answer_representation(grant: Grant, code: str, on: date, text: str) -> models.ContractEntry:
    """Write down that a provider's representation in standstill was answered; standstill then lasts longer."""
    grant.must_be_for(CONTRACT)
    said = must_say_why(text)
    _theirs(grant, code)
    _must_be_over(on, "A representation is answered")
    if signed_on(code) is not None:
        raise RuleError(f"Contract {code} is signed; representations are made before.")
    if "intention" not in published_of(code):
        raise RuleError(f"Contract {code} is not in standstill: no intention to award was published.")
    with transaction.atomic():
        return _enter(grant, code, "answer", "", on, text=said)


def sign_contract(grant: Grant, code: str, on: date) -> models.ContractEntry:
    """Sign a contract: it is awarded, and may be paid.

    Raises NoticeMissing while a notice is missing or standstill lasts, BelowSpecification where it says less than the
    national specification, ContractError for a provider that has closed by then.
    """
    grant.must_be_for(CONTRACT)
    kept = _theirs(grant, code)
    _must_be_over(on, "A contract is signed")
    with transaction.atomic():
        _lock(kept.contract.provider)
        if (day := signed_on(code)) is not None:
            raise RuleError(f"Contract {code} was signed on {day} already.")
        check_award(process_of(kept.contract), on, published_of(code), bank_holidays(), answered_on=answered_on(code))
        must_meet_specification(kept.contract)
        _check(kept.contract)
        must_exist("provider", kept.contract.provider, max(on, kept.contract.starts))
        return _enter(grant, code, "signed", "", on)


def bind_money(
    grant: Grant, code: str, pence: int, *, budget_line: str, authority_id: str, on: date, key: str = ""
) -> LedgerRow:
    """Promise money of a budget line to a contract's provider, under an authority (rule MB5)."""
    grant.must_be_for(spending.POST)
    kept = version_on(code, on)
    if signed_on(code) is None:
        raise RuleError(f"Contract {code} is not signed; nothing is bound for it yet.")
    line = models.BudgetLine.objects.filter(pk=budget_line).first()
    if line is not None:
        bound = sum(
            one.standing.made - one.standing.released for one in bindings_of(code, line.year) if one.commitment != key
        )
        if bound + pence > kept.contract.value_of(line.year):
            raise RuleError(
                f"Contract {code} is worth {kept.contract.value_of(line.year)} p in {line.year}, of which {bound} p "
                f"are bound; {pence} p more are too much. Change the contract first."
            )
    return spending.commit(
        grant, pence, key=key or f"{code} {budget_line}", budget_line=budget_line, supplier=kept.contract.provider,
        purpose=kept.contract.title, authority_id=authority_id, on=on, contract=code,
    )  # fmt: skip


def write_achieved(
    grant: Grant, code: str, metric: str, month: date, value: Decimal | None, *, reason: str = ""
) -> models.ContractEntry:
    """Write down what was achieved of a measure of the quality schedule; None excuses it, with a reason."""
    grant.must_be_for(CONTRACT)
    kept = _theirs(grant, code, month)
    names = [one.name for one in kept.contract.metrics]
    if metric not in names:
        raise NotFound(f"MC4: contract {code} has no measure '{metric}'.{did_you_mean(metric, names)}")
    said = must_say_why(reason) if value is None else reason.strip()
    if value is not None and not value.is_finite():
        raise RuleError(f"MC4: what '{metric}' achieved is {value}; expected a number.")
    with transaction.atomic():
        what = "excused" if value is None else "achieved"
        return _enter(grant, code, what, metric, month, value="" if value is None else f"{value:f}", text=said)


def deduct(grant: Grant, code: str, month: date, pence: int, reason: str) -> models.ContractEntry:
    """Write down that pence are taken off a contract's payment, from a month on, and why (rule MC5)."""
    grant.must_be_for(CONTRACT)
    said = must_say_why(reason)
    _theirs(grant, code, month)
    if isinstance(pence, bool) or not isinstance(pence, int) or pence <= 0:
        raise RuleError(f"MC5: the deduction is {pence!r} p; expected whole pence above 0, which are taken off.")
    with transaction.atomic():
        return _enter(grant, code, "deduction", said, month, value=str(pence))


def must_exist(field: str, code: str, on: date) -> None:
    """Raise ContractError unless a body is known and not closed on a day."""
    from joinedup.system import as_of

    try:
        body = as_of(on, now().known_at).body(code)
    except NotFound as error:
        raise ContractError((Fault(field, str(error)),)) from None
    if not body.exists:
        raise ContractError(
            (Fault(field, f"{body.name} ({code}) does not exist on {on}: it has closed, or not begun. Name its "
                          "successor, or another day."),)
        )  # fmt: skip


def _check(contract: Contract) -> None:
    check_contract(contract)
    try:
        process_of(contract)
    except NotFound as error:
        raise ContractError((Fault("award", str(error)),)) from None
    for name in ("commissioner", "provider"):
        must_exist(name, getattr(contract, name), contract.starts)
    others = [one.contract for one in contracts_on(contract.starts, provider=contract.provider)]
    if twice := overlapping(contract, others):
        said = ", ".join(f"{pod} by {code}" for code, pod in twice)
        raise ContractError((Fault("parts", f"{contract.provider} is paid at that time for {said} already."),))


def _theirs(grant: Grant, code: str, on: date | None = None) -> Kept:
    contract_row(code)
    kept = versions_of(code)[-1] if on is None else version_on(code, on)
    must_be_theirs(grant, [kept.contract.commissioner])
    return kept


def _must_be_over(on: date, what: str) -> None:
    if on > now().valid_on:
        raise RuleError(f"{what} on a day that has come; {on} has not.")


def _keep(grant: Grant, contract: Contract, number: int, effective_from: date, reason: str) -> models.ContractVersion:
    row = models.ContractVersion.objects.create(
        contract_id=contract.code, number=number, effective_from=effective_from, body=contract_text(contract),
        content_hash=contract_hash(contract), reason=reason, **_grown(grant),
    )  # fmt: skip
    details = {"version": number, "hash": row.content_hash, "from": str(effective_from)}
    record(grant, "money.contract", f"contract:{contract.code}", details=details)
    return row


def _enter(
    grant: Grant, code: str, what: str, key: str, on: date, *, value: str = "", text: str = ""
) -> models.ContractEntry:
    row = models.ContractEntry.objects.create(
        contract_id=code, what=what, key=key, on=on, value=value, text=text, **_grown(grant)
    )
    record(grant, f"money.contract-{what}", f"contract:{code}", details={"key": key, "on": str(on)})
    return row


def _lock(provider: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"money contracts of {provider}"])


def _grown(grant: Grant) -> dict[str, object]:
    return {"by": grant.actor_id, "at": datetime.now(UTC)}
