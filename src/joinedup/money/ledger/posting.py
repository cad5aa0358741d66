"""Posting: the one way into the ledger. Every check, the rows, the seal and the audit are in one transaction.

Whoever posts takes the locks first, in one order (funds, then authorities, then purchases, each sorted), so that of two
postings that together go over an authority or a budget line the second sees the first and is refused, and none waits
for the other for ever. The instant of recording is taken under the locks: in one fund the ledger's rows become known in
the order of their numbers, and what was known at an instant never grows later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Max

from joinedup.access import await_sealing, canonical, record
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.ledger.double_entry import (
    CASH,
    COMMITTED,
    LedgerRow,
    Transaction,
    account,
    budget_use,
    check_period,
    check_transaction,
    needs_authority,
    reversal,
    said_for_sealing,
)
from joinedup.money.ledger.reading import (
    authority_of,
    availabilities,
    budget_lines_of,
    commitment_standing,
    fund_of,
    row_of,
    transaction_of,
    uses_for,
)
from joinedup.money.pot import authority, budget_lines, funds
from joinedup.money.pot.plan_links import checked_plan_line
from joinedup.money.pot.separation_of_duties import is_to_be_said, separation_parameters

if TYPE_CHECKING:
    from joinedup.access import Grant

LOG = "ledger"
LEAST_REASON = 3


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction to post, and the authority under which: by its id, "" for none."""

    transaction: Transaction
    authority: str = ""


def post(grant: Grant, transaction_: Transaction, *, authority: str = "") -> LedgerRow:
    """Post a transaction; answers the row. The same key with the same content again answers the row there is.

    Paying cash out needs leave for money.pay, contributions and calls money.allocate, all else money.post; it is read
    from the lines. Raises LedgerImbalance, PeriodClosed, NoAgreement, NoAuthority, OverAuthority, OverBudget,
    OverCommitted; nothing is then written.
    """
    grant.must_be_for(permission_for(transaction_))
    if needs_authority(transaction_).get("contribution", 0) > 0:
        raise RuleError("MB1: a contribution is posted by `contribute`, which asks whose money may lie together.")
    return post_all(grant, [Posting(transaction_, authority)])[0]


def permission_for(posted: Transaction) -> str:
    """Answer the permission that somebody needs to post this."""
    if any(line.account == CASH and line.amount_pence < 0 for line in posted.lines):
        return "money.pay"
    gates = {account(line.account).gate for line in posted.lines}
    return "money.allocate" if gates & {"contribution", "risk_share"} else "money.post"


def reverse(grant: Grant, key: str, on: date, reason: str) -> LedgerRow:
    """Undo a posting by one that reverses it on a day; both stay. RuleError when it was undone already."""
    undone = undoing(key, on, reason)
    grant.must_be_for(permission_for(undone.transaction))
    return post_all(grant, [undone])[0]


def correct(grant: Grant, key: str, instead: Transaction, reason: str, *, authority: str = "") -> list[LedgerRow]:
    """Reverse a posting and post what should have been, in one act: both or neither. Answers the two rows."""
    undone = undoing(key, instead.effective_on, reason)
    for one in (undone.transaction, instead):
        grant.must_be_for(permission_for(one))
    return post_all(grant, [undone, Posting(instead, authority or undone.authority)])


def undoing(key: str, on: date, reason: str) -> Posting:
    """Answer the posting that undoes another, under the authority of that one."""
    said = must_say_why(reason)
    kept = transaction_of(key)
    if kept.kind == "reversal":
        raise RuleError(f"MB3: {key} is a reversal itself. Post again what should stand.")
    under = kept.authority_id or (kept.commitment.authority_id if kept.commitment else "")
    return Posting(reversal(row_of(kept).transaction, f"{key}-reversed", on, said), under)


def post_all(grant: Grant, postings: Sequence[Posting]) -> list[LedgerRow]:
    """Post transactions in order, all or none; for the acts of this room, which have checked what they need."""
    for one in postings:
        check_transaction(one.transaction)
        must_be_theirs(grant, one.transaction.bodies)
    postings = [replace(one, transaction=_completed(one.transaction)) for one in postings]
    with transaction.atomic():
        lock(
            (fund for one in postings for fund in one.transaction.funds),
            (one.authority for one in postings if one.authority),
            ((one.transaction.party, one.transaction.purpose) for one in postings),
        )
        return [_post(grant, one) for one in postings]


def lock(funds_: Iterable[str], authorities: Iterable[str], purchases: Iterable[tuple[str, str]]) -> None:
    """Wait until nobody else binds money of these, to the end of the transaction. NotFound for what is not there."""
    for code in sorted(set(funds_)):
        if not models.Fund.objects.select_for_update(no_key=True).filter(pk=code).exists():
            fund_of(code)
        list(models.Fund.objects.select_for_update(no_key=True).filter(pk=code))
    for id_ in sorted(set(authorities)):
        if not list(models.Authority.objects.select_for_update(no_key=True).filter(pk=id_)):
            authority_of(id_)
    named = {f"money {authority.plain(party)}\n{authority.plain(purpose)}" for party, purpose in purchases}
    with connection.cursor() as cursor:
        for name in sorted(named):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def closed_until(codes: Iterable[str]) -> dict[str, date]:
    """Answer the first open day of each of these funds of which a period was closed."""
    rows = models.PeriodClose.objects.filter(fund__in=list(codes)).values_list("fund").annotate(Max("closed_until"))
    return dict(rows.order_by())


def must_be_theirs(grant: Grant, bodies: Iterable[str]) -> None:
    """Raise Refused when a role that is held in one body would write into another's books."""
    if grant.body_id is None:
        return
    from joinedup.system import as_of

    picture = as_of(now().valid_on, now().known_at)
    for code in bodies:
        if picture.find(code) != ("body", grant.body_id):
            raise Refused("Your role is held in another body; it does not let you write into these books.")


def must_say_why(reason: str) -> str:
    """Answer a reason without blanks around it; RuleError when there is none."""
    said = reason.strip()
    if len(said) < LEAST_REASON:
        raise RuleError("Say why, in a few words: the reason stays beside the act.")
    return said


def instant() -> datetime:
    """Answer the database's clock, which goes on within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def check_gate(asked: authority.Asked, authority_id: str, *, today: date | None = None) -> authority.Authority | None:
    """Raise NoAuthority or OverAuthority unless this may be done; answers the authority."""
    given = authority_of(authority_id) if authority_id else None
    uses = uses_for(authority_id, asked.party, asked.purpose, authority.financial_year(asked.on))
    authority.check_authority(asked, given, uses, today=today or now().valid_on)
    return given


def _post(grant: Grant, posting: Posting) -> LedgerRow:
    posted = posting.transaction
    if (kept := models.Transaction.objects.filter(key=posted.key).first()) is not None:
        return _same(kept, posted, posting.authority)
    check_period(posted, closed_until(posted.funds))
    for code in posted.funds:
        funds.check_posting(fund_of(code), posted)
    _check_lines(posted)
    _check_commitment(posted)
    is_same_person = _same_person(grant, posting)
    uses = _uses(posted, posting.authority)
    at = instant()
    text = canonical(said_for_sealing(posted, authority=posting.authority, recorded_at=at))
    kept = models.Transaction.objects.create(
        key=posted.key, kind=posted.kind, effective_on=posted.effective_on, recorded_at=at, by=grant.actor_id,
        description=posted.description, party=posted.party, purpose=posted.purpose,
        commitment_id=posted.commitment or None, authority_id=posting.authority or None, plan_line=posted.plan_line,
        reverses=transaction_of(posted.reverses) if posted.reverses else None, line_count=len(posted.lines), body=text,
    )  # fmt: skip
    models.Line.objects.bulk_create(
        models.Line(
            transaction=kept, number=number, account=line.account, body=line.body, fund_id=line.fund,
            budget_line_id=line.budget_line or None, amount_pence=line.amount_pence, effective_on=posted.effective_on,
            recorded_at=at,
        )
        for number, line in enumerate(posted.lines, start=1)
    )  # fmt: skip
    for use in uses:
        use.transaction = kept
    models.AuthorityUse.objects.bulk_create(uses)
    await_sealing(LOG, kept.pk, text)
    details: dict[str, object] = {"kind": posted.kind, "funds": list(posted.funds), "authority": posting.authority}
    if is_same_person:
        details["same_person"] = True
    record(grant, f"money.{posted.kind}", f"transaction:{posted.key}", details=details)
    return LedgerRow(kept.pk, posted, at, posting.authority)


def _same_person(grant: Grant, posting: Posting) -> bool:
    """Answer whether whoever posts gave the authority too; SamePerson where the system's rule refuses that."""
    posted = posting.transaction
    if posted.reverses:  # Whoever sees a mistake may undo it.
        return False
    under = models.Authority.objects.filter(pk=posting.authority).first() if posting.authority else None
    if under is None and posted.commitment:
        under = models.Authority.objects.filter(commitment=posted.commitment).first()
    if under is None:
        return False
    return is_to_be_said(under.given_by, grant.actor_id, posted.effective_on, separation_parameters())


def _same(kept: models.Transaction, posted: Transaction, authority_id: str) -> LedgerRow:
    row = row_of(kept)
    if (row.transaction, row.authority) != (posted, authority_id):
        raise RuleError(
            f"MB3: a transaction with the key {posted.key} is there already and says something else. Nothing was "
            "posted; give this one a key of its own, or correct the other."
        )
    return row


def _completed(posted: Transaction) -> Transaction:
    """Fill in what its commitment or budget line says: supplier, purpose, plan line."""
    if posted.commitment:
        bound = models.Commitment.objects.select_related("budget_line").filter(pk=posted.commitment).first()
        if bound is None:
            raise NotFound(f"MB6: there is no commitment '{posted.commitment}'; make it first.")
        for name, given, expected in (
            ("supplier", posted.party, bound.supplier), ("purpose", posted.purpose, bound.purpose),
        ):  # fmt: skip
            if given and given != expected:
                raise RuleError(f"MB6: commitment {bound.code} is for the {name} '{expected}', not for '{given}'.")
        plan_line = _plan_line(posted, {bound.budget_line.plan_line})
        return replace(posted, party=bound.supplier, purpose=bound.purpose, plan_line=plan_line)
    lines = budget_lines_of({line.budget_line for line in posted.lines if line.budget_line})
    return replace(posted, plan_line=_plan_line(posted, {one.plan_line for one in lines.values()}))


def _plan_line(posted: Transaction, served: set[str]) -> str:
    """Answer the plan line of a posting: that of its budget line where it names none; NoPlanLine for one there is not.

    What is undone, or was posted before, keeps the line that it had: a plan may have dropped it since.
    """
    if not posted.plan_line:
        return served.pop() if len(served) == 1 else ""
    if posted.plan_line in served or posted.reverses or models.Transaction.objects.filter(key=posted.key).exists():
        return posted.plan_line
    return checked_plan_line(posted.plan_line)


def _check_lines(posted: Transaction) -> None:
    named = {line.budget_line for line in posted.lines if line.budget_line}
    known = budget_lines_of(named)
    for line in posted.lines:
        if not line.budget_line:
            continue
        if (kept := known.get(line.budget_line)) is None:
            raise NotFound(f"MB4: there is no budget line '{line.budget_line}'; set it first.")
        if (kept.fund, kept.body) != (line.fund, line.body):
            raise RuleError(f"MB4: budget line {kept.code} is of {kept.fund} in the books of {kept.body}.")
        if account(line.account).gate == "use" and authority.financial_year(posted.effective_on) != kept.year:
            raise RuleError(f"MB4: budget line {kept.code} is of {kept.year}; the posting is of {posted.effective_on}.")
    used = {code: pence for code, pence in budget_use(posted).items() if pence > 0}
    for code, left in availabilities(used).items():
        budget_lines.check_left(code, left, used[code])


def _check_commitment(posted: Transaction) -> None:
    """A posting to the commitments' account names its commitment, stays on its line, and leaves none below 0."""
    lines = [line for line in posted.lines if line.account == COMMITTED]
    if not lines:
        return
    if not posted.commitment:
        raise RuleError(f"MB6: transaction {posted.key} posts to account {COMMITTED} and names no commitment.")
    bound = models.Commitment.objects.get(pk=posted.commitment)
    if {line.budget_line for line in posted.lines if line.budget_line} != {bound.budget_line_id}:
        raise RuleError(f"MB6: commitment {bound.code} is on budget line {bound.budget_line_id}, and on no other.")
    taken = -sum(line.amount_pence for line in lines)
    if taken > 0:
        budget_lines.check_invoice(bound.code, commitment_standing(bound.code).open, taken)


def _uses(posted: Transaction, authority_id: str) -> list[models.AuthorityUse]:
    """Check the gate for each act that the lines show; answer what is used of the authority or given back to it."""
    uses: list[models.AuthorityUse] = []
    needed = needs_authority(posted)
    if needed and len(posted.funds) > 1:
        raise RuleError(f"MB5: transaction {posted.key} binds money and is in several funds; post it fund by fund.")
    for act, pence in needed.items():
        if pence > 0:
            asked = authority.Asked(
                act, pence, posted.effective_on, posted.funds[0], posted.party, posted.purpose, posted.plan_line
            )
            check_gate(asked, authority_id)
            uses.append(_use(authority_id, act, pence, posted, posted.effective_on))
            continue
        back_to, since = authority_id, posted.effective_on
        origin = models.Transaction.objects.filter(key=posted.reverses).first() if posted.reverses else None
        if posted.commitment:
            origin = origin or models.Transaction.objects.filter(commitment=posted.commitment).order_by("pk").first()
            back_to = (origin.authority_id if origin else "") or models.Commitment.objects.get(
                pk=posted.commitment
            ).authority_id
        if back_to:
            uses.append(_use(back_to, act, pence, posted, origin.effective_on if origin else since))
    return uses


def _use(authority_id: str, act: str, pence: int, posted: Transaction, since: date) -> models.AuthorityUse:
    return models.AuthorityUse(
        authority_id=authority_id,
        act=act,
        pence=pence,
        party=authority.plain(posted.party),
        purpose=authority.plain(posted.purpose),
        year=authority.financial_year(since),
    )
