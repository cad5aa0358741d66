"""The acts on contracts: make, publish a notice, answer a representation, sign, bind money, quality and deductions.

Each checks its grant, writes and audits in one transaction. Nothing is overwritten. What changes what a contract says
is in `changing_contracts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.contracts.awards import check_award, check_notice, first_day_to_award
from joinedup.money.contracts.contract import (
    Contract,
    ContractError,
    Fault,
    check_contract,
    contract_hash,
    contract_text,
    overlapping,
)
from joinedup.money.contracts.reading import (
    Kept,
    abandoned_on,
    answered_on,
    bindings_of,
    contract_row,
    contracts_on,
    open_representations,
    process_of,
    published_of,
    signed_on,
    standing_deductions,
    version_on,
    versions_of,
)
from joinedup.money.contracts.specification import must_meet_specification
from joinedup.money.ledger.double_entry import LedgerRow
from joinedup.money.ledger.posting import must_be_theirs, must_say_why
from joinedup.money.pot import spending
from joinedup.planning import bank_holidays

if TYPE_CHECKING:
    from joinedup.access import Grant

CONTRACT = "money.contract"
# What the answer to a representation may be.
OUTCOMES = {"stands": "The award stands", "abandoned": "The award is abandoned"}


class RepresentationOpen(RuleError):
    """A representation against an award waits for its answer, or has ended the award."""


def make_contract(grant: Grant, contract: Contract, *, reason: str) -> models.ContractVersion:
    """Keep a contract as its first version, not signed yet. ContractError names each field that is wrong.

    Among them: a body that is unknown or closed on the day on which the contract starts, and activity that another
    contract pays this provider for at the same time.
    """
    grant.must_be_for(CONTRACT)
    must_be_theirs(grant, [contract.commissioner])
    said = must_say_why(reason)
    with transaction.atomic():
        lock_provider(contract.provider)
        if models.Contract.objects.filter(pk=contract.code).exists():
            raise ContractError((Fault("code", f"there is a {contract.code} already; give this one its own."),))
        check_kept(contract)
        models.Contract.objects.create(
            code=contract.code, commissioner=contract.commissioner, provider=contract.provider, **_grown(grant)
        )
        return keep_version(grant, contract, 1, contract.starts, said)


def publish_notice(grant: Grant, code: str, kind: str, on: date, text: str) -> models.ContractEntry:
    """Publish a notice of a contract's award; everybody reads it from then on. NoticeMissing out of order."""
    grant.must_be_for(CONTRACT)
    said = must_say_why(text)
    kept = theirs(grant, code)
    _must_be_over(on, "A notice is published")
    with transaction.atomic():
        lock_provider(kept.contract.provider)
        check_notice(process_of(kept.contract), kind, on, published_of(code), awarded_on=signed_on(code))
        return enter(grant, code, "notice", kind, on, text=said)


def record_representation(grant: Grant, code: str, on: date, text: str) -> models.ContractEntry:
    """Write down that a provider made a representation in standstill; nothing is signed before it is answered.

    RuleError for a contract that is signed or not in standstill, or for a day after the last on which one may come.
    """
    grant.must_be_for(CONTRACT)
    said = must_say_why(text)
    kept = theirs(grant, code)
    _must_be_over(on, "A representation is recorded")
    intention = _in_standstill(code)
    last = first_day_to_award(intention, bank_holidays()) - timedelta(days=1)
    if not intention <= on <= last:
        raise RuleError(
            f"A representation on contract {code} may come from {intention} to {last}; {on} is not in that."
        )
    with transaction.atomic():
        lock_provider(kept.contract.provider)
        return enter(grant, code, "representation", "", on, text=said)


def answer_representation(
    grant: Grant, code: str, on: date, text: str, *, outcome: str = "stands"
) -> models.ContractEntry:
    """Answer the representations that came: the award stands, or is abandoned (OUTCOMES); standstill then lasts longer.

    RuleError where none waits for an answer.
    """
    grant.must_be_for(CONTRACT)
    said = must_say_why(text)
    if outcome not in OUTCOMES:
        raise RuleError(f"'{outcome}' is no outcome of a representation; expected {', '.join(OUTCOMES)}.")
    kept = theirs(grant, code)
    _must_be_over(on, "A representation is answered")
    _in_standstill(code)
    with transaction.atomic():
        lock_provider(kept.contract.provider)
        waiting = open_representations(code)
        if not waiting:
            raise RuleError(
                f"No representation on contract {code} waits for an answer. Record the one that came first."
            )
        if on < waiting[-1].on:
            raise RuleError(f"The representation came on {waiting[-1].on}; it cannot be answered on {on}.")
        return enter(grant, code, "answer", outcome, on, text=said)


def sign_contract(grant: Grant, code: str, on: date) -> models.ContractEntry:
    """Sign a contract: it is awarded, and may be paid.

    Raises NoticeMissing while a notice is missing or standstill lasts, RepresentationOpen while a representation is not
    answered or after the award was abandoned, BelowSpecification where it says less than the
    national specification, ContractError for a provider that has closed by then.
    """
    grant.must_be_for(CONTRACT)
    kept = theirs(grant, code)
    _must_be_over(on, "A contract is signed")
    with transaction.atomic():
        lock_provider(kept.contract.provider)
        if (day := signed_on(code)) is not None:
            raise RuleError(f"Contract {code} was signed on {day} already.")
        if waiting := open_representations(code):
            raise RepresentationOpen(
                f"A representation on contract {code} came on {waiting[0].on} and is not answered. Answer it, and wait "
                "for the end of standstill, before the contract is signed."
            )
        if (given_up := abandoned_on(code)) is not None:
            raise RepresentationOpen(
                f"The award of contract {code} was abandoned on {given_up}. Make another contract."
            )
        check_award(process_of(kept.contract), on, published_of(code), bank_holidays(), answered_on=answered_on(code))
        must_meet_specification(kept.contract)
        check_kept(kept.contract)
        must_exist("provider", kept.contract.provider, max(on, kept.contract.starts))
        return enter(grant, code, "signed", "", on)


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
    kept = _in_month(grant, code, month)
    names = [one.name for one in kept.contract.metrics]
    if metric not in names:
        raise NotFound(f"MC4: contract {code} has no measure '{metric}'.{did_you_mean(metric, names)}")
    said = must_say_why(reason) if value is None else reason.strip()
    if value is not None and not value.is_finite():
        raise RuleError(f"MC4: what '{metric}' achieved is {value}; expected a number.")
    with transaction.atomic():
        what = "excused" if value is None else "achieved"
        return enter(grant, code, what, metric, month, value="" if value is None else f"{value:f}", text=said)


def write_quality(
    grant: Grant, code: str, month: date, scores: Mapping[str, tuple[Decimal | None, str]]
) -> list[models.ContractEntry]:
    """Write down a month's figures, each measure with its figure (None: excused) and reason: all of them, or none."""
    with transaction.atomic():
        return [
            write_achieved(grant, code, metric, month, value, reason=reason)
            for metric, (value, reason) in scores.items()
        ]


def deduct(grant: Grant, code: str, month: date, pence: int, reason: str) -> models.ContractEntry:
    """Write down that pence are taken off a contract's payment, from a month on, and why (rule MC5)."""
    grant.must_be_for(CONTRACT)
    said = must_say_why(reason)
    _in_month(grant, code, month)
    if isinstance(pence, bool) or not isinstance(pence, int) or pence <= 0:
        raise RuleError(f"MC5: the deduction is {pence!r} p; expected whole pence above 0, which are taken off.")
    with transaction.atomic():
        return enter(grant, code, "deduction", said, month, value=str(pence))


def take_back_deduction(grant: Grant, code: str, number: int, reason: str) -> models.ContractEntry:
    """Write down that a deduction no longer holds, and why; the next settlement of its year pays it."""
    grant.must_be_for(CONTRACT)
    said = must_say_why(reason)
    kept = theirs(grant, code)
    with transaction.atomic():
        lock_provider(kept.contract.provider)
        found = {one.pk: one for one in standing_deductions(code)}
        if number not in found:
            raise NotFound(f"MC5: contract {code} has no deduction {number} that stands.")
        return enter(grant, code, "deduction-back", str(number), found[number].on, text=said)


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


def check_kept(contract: Contract) -> None:
    """Raise ContractError unless a contract can be: its fields, its bodies, and nothing that another pays already."""
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


def theirs(grant: Grant, code: str, on: date | None = None) -> Kept:
    """Answer what a contract says (last of all unless a day is given); Refused where the role is another body's."""
    contract_row(code)
    kept = versions_of(code)[-1] if on is None else version_on(code, on)
    must_be_theirs(grant, [kept.contract.commissioner])
    return kept


def _in_standstill(code: str) -> date:
    """Answer the day on which the intention to award was published; RuleError unless standstill began and lasts."""
    if signed_on(code) is not None:
        raise RuleError(f"Contract {code} is signed; representations are made before.")
    published = published_of(code)
    if "intention" not in published:
        raise RuleError(f"Contract {code} is not in standstill: no intention to award was published.")
    return published["intention"]


def _in_month(grant: Grant, code: str, month: date) -> Kept:
    """Answer what a contract says in a month of it that has begun; RuleError for another month."""
    kept = theirs(grant, code, month)
    if month.day != 1 or not kept.contract.holds_in(month) or month > now().valid_on:
        raise RuleError(
            f"MC3: contract {code} holds from {kept.contract.starts} up to {kept.contract.ends}; expected a month of "
            f"it that has begun, not {month:%Y-%m}."
        )
    return kept


def _must_be_over(on: date, what: str) -> None:
    if on > now().valid_on:
        raise RuleError(f"{what} on a day that has come; {on} has not.")


def keep_version(
    grant: Grant, contract: Contract, number: int, effective_from: date, reason: str
) -> models.ContractVersion:
    """Write what a contract says as a version of it, in the audit too; the caller has checked it."""
    row = models.ContractVersion.objects.create(
        contract_id=contract.code, number=number, effective_from=effective_from, body=contract_text(contract),
        content_hash=contract_hash(contract), reason=reason, **_grown(grant),
    )  # fmt: skip
    details = {"version": number, "hash": row.content_hash, "from": str(effective_from)}
    record(grant, "money.contract", f"contract:{contract.code}", details=details)
    return row


def enter(
    grant: Grant, code: str, what: str, key: str, on: date, *, value: str = "", text: str = ""
) -> models.ContractEntry:
    """Write something that happened to a contract, in the audit too; the caller has checked it."""
    row = models.ContractEntry.objects.create(
        contract_id=code, what=what, key=key, on=on, value=value, text=text, **_grown(grant)
    )
    record(grant, f"money.contract-{what}", f"contract:{code}", details={"key": key, "on": str(on)})
    return row


def lock_provider(provider: str) -> None:
    """Wait until nobody else changes contracts of a provider, to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"money contracts of {provider}"])


def _grown(grant: Grant) -> dict[str, object]:
    return {"by": grant.actor_id, "at": datetime.now(UTC)}
