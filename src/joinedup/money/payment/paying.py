"""Paying by rule: what is due for a month of a contract, settled for the year to date and posted to the ledger.

A settled month is never edited. When more activity came in, settling the month again makes a statement that corrects
the first; when nothing changed, it makes none. Every pound stands on a commitment of the contract, and so on an
authority (rule MB5). Payment schemes and limits are those that joinedup brings along, and a system's own beside them
(`payment_schemes.toml` and `payment_parameters.toml` in the folder `decisions` of its data).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Sum

from joinedup import __version__, database
from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.measures import activity_history, priced_activity
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.contracts.contract import Contract, months_to_date, next_month
from joinedup.money.contracts.contracting import must_exist
from joinedup.money.contracts.reading import (
    Binding,
    Kept,
    achieved_of,
    bindings_of,
    contract_row,
    deductions_of,
    settled_in_year,
    signed_on,
    statement_of,
    version_on,
)
from joinedup.money.ledger import entries
from joinedup.money.ledger.double_entry import COMMITTED, COMMITTED_CONTRA, CREDITOR, SPEND, Transaction
from joinedup.money.ledger.entries import Books
from joinedup.money.ledger.posting import Posting, closed_until, must_be_theirs, must_say_why, post_all
from joinedup.money.payment import mechanisms, schemes as payment_schemes
from joinedup.money.payment.activity_prices import PriceMissing
from joinedup.money.payment.mechanisms import money_parameters
from joinedup.money.payment.planned_months import by_month
from joinedup.money.payment.schemes import PaymentScheme, national_schemes, read_payment_schemes
from joinedup.money.payment.statement_values import DoneLine, PlannedLine, Statement, StatementInputs
from joinedup.money.payment.statements import make_statement
from joinedup.money.pot.authority import NoAuthority
from joinedup.money.pot.budget_lines import OverCommitted
from joinedup.planning import ParameterSet, financial_year, prices_of, read_parameters
from joinedup.planning.plans.kept_plans import latest, plan_version

if TYPE_CHECKING:
    from joinedup.access import Grant

PAY = "money.pay"
REVIEW_DECISIONS = {
    "stands": "The settlement stands",
    "change": "The contract is to be changed",
    "deduct": "A part is to be taken off",
}


@dataclass(frozen=True, slots=True)
class Settled:
    """A month as it was settled; `is_new` is false where nothing had changed since it was settled before."""

    row: models.Statement
    statement: Statement | None
    is_new: bool


def settle_month(grant: Grant, code: str, month: date, *, authority_id: str = "", history: Any = None) -> Settled:
    """Settle a month of a contract, posting what is due, and answer its statement.

    `authority_id` lets the contract's commitment be topped up where less is open than is due; without it that raises
    OverCommitted. `history` is an open activity history, the latest unless given. Raises ParameterMissing where no
    adopted scheme or agreed plan holds, NoAuthority for a contract for which no money is bound, ContractError for a
    provider that has closed, and RuleError for a month that is not over, or after which another is settled already.
    """
    grant.must_be_for(PAY)
    kept = _to_settle(grant, code, month)
    inputs = inputs_of(grant, kept, month, history=history)
    with transaction.atomic():
        _lock(code)
        before = settled_in_year(code, month)
        if later := [one for one in before if one.month > month]:
            raise RuleError(
                f"MC3: {later[-1].month:%B %Y} of contract {code} is settled already, and months are settled for the "
                f"year to date. Settle {later[-1].month:%Y-%m} again: what came late of {month:%B %Y} is in it."
            )
        schemes, parameters = payment_rules()
        same = [one for one in before if one.month == month]
        if same:
            again = make_statement(
                replace(inputs, paid_before_p=same[-1].paid_before_pence), code_version=__version__, schemes=schemes,
                parameters=parameters,
            )  # fmt: skip
            if (again.inputs_hash, again.entitled_p) == (same[-1].inputs_hash, same[-1].entitled_pence):
                return Settled(same[-1], None, False)
        paid = sum(one.due_pence for one in before)
        made = make_statement(
            replace(inputs, paid_before_p=paid), code_version=__version__, schemes=schemes, parameters=parameters
        )
        row = models.Statement.objects.create(
            version=kept.row, contract_id=code, month=month, number=len(same) + 1, body=made.text,
            inputs_hash=made.inputs_hash, entitled_pence=made.entitled_p, paid_before_pence=paid, due_pence=made.due_p,
            break_glass=made.break_glass, by=grant.actor_id, at=datetime.now(UTC),
        )  # fmt: skip
        for posted in post_all(grant, _postings(kept.contract, row, authority_id)):
            models.StatementPosting.objects.create(statement=row, transaction_id=posted.seq)
        if made.break_glass and not any(one.break_glass for one in before):
            models.PaymentReview.objects.create(statement=row, by=grant.actor_id, at=datetime.now(UTC))
        details = {"statement": row.pk, "month": f"{month:%Y-%m}", "pence": made.due_p, "hash": made.inputs_hash}
        record(grant, "money.settle", f"contract:{code}", details=details)
    return Settled(row, made, True)


def try_month(grant: Grant, code: str, month: date, *, history: Any = None) -> Statement:
    """Answer the statement of a month as it would be, by schemes that are only proposed as well; nothing is settled."""
    grant.must_be_for(PAY)
    contract_row(code)
    kept = version_on(code, month)
    must_be_theirs(grant, [kept.contract.commissioner])
    schemes, parameters = payment_rules()
    paid = sum(one.due_pence for one in settled_in_year(code, month) if one.month <= month)
    inputs = replace(inputs_of(grant, kept, month, history=history), paid_before_p=paid)
    return make_statement(
        inputs, code_version=__version__, schemes=schemes, parameters=parameters, include_proposed=True
    )


def decide_review(grant: Grant, number: int, decision: str, reason: str) -> models.PaymentReviewEnd:
    """Close the review that a statement opened, with a decision of REVIEW_DECISIONS and its reason (rule MC2)."""
    grant.must_be_for(PAY)
    said = must_say_why(reason)
    if decision not in REVIEW_DECISIONS:
        raise RuleError(f"MC2: '{decision}' is no decision; expected one of {', '.join(REVIEW_DECISIONS)}.")
    statement = statement_of(number)
    must_be_theirs(grant, [statement.contract.commissioner])
    with transaction.atomic():
        _lock(statement.contract_id)
        review = models.PaymentReview.objects.filter(statement=statement).first()
        if review is None:
            raise NotFound(f"Statement {number} opened no review.")
        if models.PaymentReviewEnd.objects.filter(pk=review.pk).exists():
            raise RuleError(f"MC2: the review of statement {number} was decided already.")
        end = models.PaymentReviewEnd.objects.create(
            review=review, decision=decision, reason=said, by=grant.actor_id, at=datetime.now(UTC)
        )
        record(grant, "money.decide-review", f"statement:{number}", details={"decision": decision})
    return end


def payment_rules() -> tuple[tuple[PaymentScheme, ...], ParameterSet]:
    """Answer the payment schemes and the parameters that hold here: those of joinedup, and the system's own."""
    folder = database.data_dir()
    schemes, parameters = national_schemes(), list(money_parameters())
    if (own := folder / payment_schemes.OWN_FILE).is_file():
        schemes += read_payment_schemes(own)
    if (own := folder / mechanisms.OWN_FILE).is_file():
        parameters += read_parameters(own)
    return schemes, ParameterSet(parameters)


def inputs_of(grant: Grant, kept: Kept, month: date, *, history: Any = None) -> StatementInputs:
    """Answer what a month's statement is made of: the agreed plan, the priced activity, quality and deductions."""
    contract = kept.contract
    months = months_to_date(contract, month)
    inputs = StatementInputs(
        contract, kept.number, month, achieved=achieved_of(contract, month),
        deductions=deductions_of(contract.code, month),
    )  # fmt: skip
    if not contract.paid_pods or not months:
        return inputs
    planned, plan_source = _planned(contract, months)
    done, missing, source, why_not = _done(grant, contract, months, history)
    return replace(
        inputs, planned=planned, plan_source=plan_source, done=done, missing=missing, activity_source=source,
        not_collected=tuple(sorted(why_not.items())),
    )  # fmt: skip


def _to_settle(grant: Grant, code: str, month: date) -> Kept:
    contract_row(code)
    kept = version_on(code, month)
    must_be_theirs(grant, [kept.contract.commissioner])
    if signed_on(code) is None:
        raise RuleError(f"Contract {code} is not signed; sign it before anything is paid.")
    if next_month(month) > now().valid_on:
        raise RuleError(f"MC3: {month:%B %Y} is not over. It can be settled from {next_month(month)}.")
    must_exist("provider", kept.contract.provider, max(month, kept.contract.starts))
    return kept


def _planned(contract: Contract, months: list[date]) -> tuple[tuple[PlannedLine, ...], str]:
    """Answer the lines of the agreed plan that the contract pays for, with their prices, and what plan it is.

    A line stated for the year is spread over its twelve months (rule MB7).
    """
    year = financial_year(months[-1])
    for owner, side in ((contract.provider, "provider"), (contract.commissioner, "commissioner")):
        try:
            version = plan_version(latest(owner, side, year, states=("agreed", "signed")))
        except NotFound:
            continue
        break
    else:
        return (), ""
    prices = prices_of(line for line in version.lines if line.provider == contract.provider)
    named = {f"{day:%Y-%m}": day for day in months}
    found = []
    for line in version.lines:
        if (line.kind, line.provider, line.commissioner) != ("activity", contract.provider, contract.commissioner):
            continue
        is_of_year = "/" in line.period
        if line.pod not in contract.paid_pods or (not is_of_year and line.period not in named):
            continue
        price = prices.get((line.service, line.pod))
        if price is None:
            raise PriceMissing(
                f"MC1: {version.name} has no price of {line.pod} in {line.service or 'any service'}. Add it to it."
            )
        parts = by_month(line.value, line.period) if is_of_year else {line.period: line.value}
        found += [
            PlannedLine(line.pod, line.service, named[one], units, price, is_of_year)
            for one, units in parts.items()
            if one in named
        ]
    return tuple(found), f"plan prices: {version.name} ({version.content_hash[:12]})"


def _done(
    grant: Grant, contract: Contract, months: list[date], history: Any
) -> tuple[tuple[DoneLine, ...], frozenset[tuple[str, date]], str, dict[str, str]]:
    """Answer what the extract says was done, of which point of delivery and month it says nothing, and its source.

    And of which points of delivery nothing is collected at all, with the reason.
    """
    every = frozenset((pod, day) for pod in contract.paid_pods for day in months)
    why_not: dict[str, str] = {}
    try:
        history = activity_history() if history is None else history
        told = [day for day in months if day in history.months]
        why_not = {pod: why for pod, why in history.not_collected.items() if pod in contract.paid_pods}
        if not told:
            return (), every, f"snapshot {history.snapshot_id}", why_not
        priced = priced_activity(history, grant, contract.provider, told)
    except NotFound:  # Nothing tells what this provider does: the plan stands in.
        return (), every, "no activity feed", why_not
    known = {pod: set(history.known(pod)) if pod in history.pods else set() for pod in contract.paid_pods}
    missing = frozenset((pod, day) for pod, day in every if day not in known[pod])
    lines = tuple(
        DoneLine(one.pod, one.hrg, one.month, one.units, one.pence, one.unpriced)
        for one in priced.lines
        if one.pod in contract.paid_pods
    )
    return lines, missing, f"snapshot {priced.snapshot}", why_not


# --- posting ---------------------------------------------------------------------------------------------------------


def _postings(contract: Contract, row: models.Statement, authority_id: str) -> list[Posting]:
    """Answer what a statement posts: an invoice (or a correction, where too much was paid), and the cash for it."""
    year = financial_year(row.month)
    bound = bindings_of(contract.code, year)
    if row.due_pence and not bound:
        raise NoAuthority(
            f"MB5: no money is bound for contract {contract.code} in {year}. Commit it on a budget line, under an "
            "authority, on the contract's page."
        )
    name = f"{contract.code} {row.month:%Y-%m} {row.number}"
    shares = _invoiced(contract, bound, row.due_pence, authority_id, name)
    made: list[Posting] = []
    owed = {}
    for number, one in enumerate(bound, start=1):
        books, on = _books(one), _day(one.fund, row.month)
        owed[one.commitment] = _owed(one.commitment)
        more, share = shares.get(one.commitment, (0, 0))
        told = {"commitment": one.commitment, "description": f"Statement {row.pk}, {row.month:%B %Y}"}
        if more:
            made.append(
                Posting(
                    entries.commit(f"{name} top-up {number}", on, books, more, supplier=contract.provider,
                                   purpose=_purpose(one), **told),
                    authority_id,
                )
            )  # fmt: skip
        if share > 0:
            made.append(Posting(entries.invoice(f"{name} invoice {number}", on, books, share,
                                                supplier=contract.provider, **told)))  # fmt: skip
        elif share < 0:
            lines = books.pair(CREDITOR, SPEND, -share) + books.pair(COMMITTED, COMMITTED_CONTRA, -share)
            made.append(Posting(Transaction(f"{name} credit {number}", "correction", on, lines,
                                            party=contract.provider, **told)))  # fmt: skip
        owed[one.commitment] += share
    # What a provider was paid too much is kept back from what it is owed next.
    left = sum(owed.values())
    for number, one in enumerate(bound, start=1):
        cash = min(owed[one.commitment], left)
        if cash > 0:
            left -= cash
            made.append(
                Posting(
                    entries.pay(f"{name} payment {number}", _day(one.fund, row.month), _books(one), cash,
                                supplier=contract.provider, commitment=one.commitment,
                                description=f"Statement {row.pk}, {row.month:%B %Y}")
                )
            )  # fmt: skip
    return made


def _invoiced(
    contract: Contract, bound: Iterable[Binding], due: int, authority_id: str, name: str
) -> dict[str, tuple[int, int]]:
    """Answer by commitment (pence topped up, pence invoiced): the first first; a credit goes back to the last first."""
    found: dict[str, tuple[int, int]] = {}
    every = list(bound)
    if due < 0:
        for one in reversed(every):
            back = min(-due, one.standing.invoiced)
            if back > 0:
                found[one.commitment] = (0, -back)
                due += back
        if due:
            raise RuleError(
                f"MC3: {name} would pay back {-due} p more than was ever invoiced. Look at its commitments."
            )
        return found
    for one in every:
        share = min(due, one.standing.open)
        if share > 0:
            found[one.commitment] = (0, share)
            due -= share
    if due:
        if not authority_id:
            raise OverCommitted(
                f"MB6: {due} p more are due on contract {contract.code} than is open of its commitments. Top them up "
                f"under an authority: joinedup pay --contract {contract.code} --authority …"
            )
        last = every[-1].commitment
        found[last] = (due, found.get(last, (0, 0))[1] + due)
    return found


def _books(one: Binding) -> Books:
    body = models.BudgetLine.objects.values_list("body", flat=True).get(pk=one.budget_line)
    return Books(body, one.fund, one.budget_line)


def _purpose(one: Binding) -> str:
    return models.Commitment.objects.values_list("purpose", flat=True).get(pk=one.commitment)


def _day(fund: str, month: date) -> date:
    """Answer the day on which a month is posted: its last, or the first open day where that is in a closed period."""
    last = next_month(month) - timedelta(days=1)
    return max(last, closed_until([fund]).get(fund, last))


def _owed(commitment: str) -> int:
    """Answer the pence that the provider is owed under a commitment; below 0: was paid too much."""
    rows = models.Line.objects.filter(account=CREDITOR, transaction__commitment=commitment)
    return -int(rows.aggregate(pence=Sum("amount_pence"))["pence"] or 0)


def _lock(code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"money payment of {code}"])
