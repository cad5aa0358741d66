"""The acts around the pot's frame: funds, authorities, budget lines, contributions, virements, calls, period ends.

Each checks its grant, takes the locks, writes and audits in one transaction. Spending is in `spending`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.ledger import entries
from joinedup.money.ledger.double_entry import LedgerRow, PeriodClosed
from joinedup.money.ledger.entries import Books
from joinedup.money.ledger.posting import (
    Posting,
    check_gate,
    closed_until,
    lock,
    must_be_theirs,
    must_say_why,
    post_all,
)
from joinedup.money.ledger.reading import (
    authority_of,
    availabilities,
    budget_line_of,
    budget_lines_of,
    contributions_of,
    fund_of,
)
from joinedup.money.pot import authority, budget_lines, funds
from joinedup.money.pot.plan_links import checked_plan_line, said_plan_line

if TYPE_CHECKING:
    from joinedup.access import Grant

AUTHORISE, ALLOCATE, POST = "money.authorise", "money.allocate", "money.post"


# --- authorities -----------------------------------------------------------------------------------------------------


def give_authority(grant: Grant, given: authority.Authority, *, supersedes: str = "") -> authority.Authority:
    """Give leave to bind money, with its reference and reason; answers it. Whoever gives it is the grant's actor.

    With `supersedes`, the other ends on the day on which this one begins. RuleError for an id that is taken.
    """
    grant.must_be_for(AUTHORISE)
    must_say_why(given.reason)
    if given.revoked_on or given.superseded_by:
        raise RuleError("MB5: an authority is given first and ended by an act of its own.")
    if given.fund:
        must_be_theirs(grant, [fund_of(given.fund).host])
    kept = replace(given, given_by=grant.actor_id)
    with transaction.atomic():
        if models.Authority.objects.filter(pk=given.id).exists():
            raise RuleError(f"MB5: there is an authority '{given.id}' already; it stays as it was given.")
        checked_plan_line(kept.plan_line)
        models.Authority.objects.create(
            id=kept.id, reference=kept.reference, given_by=kept.given_by, reason=kept.reason.strip(),
            acts=sorted(kept.acts), limit_pence=kept.limit_pence, year_limit_pence=kept.year_limit_pence,
            valid_from=kept.valid_from, valid_to=kept.valid_to, fund=kept.fund, party=kept.party, purpose=kept.purpose,
            plan_line=kept.plan_line, **_grown(grant),
        )  # fmt: skip
        details = {"reference": kept.reference, "acts": sorted(kept.acts), "limit_pence": kept.limit_pence}
        record(grant, "money.give-authority", f"authority:{kept.id}", details=details)
        if supersedes:
            _end(grant, supersedes, kept.valid_from, kept.reason, superseded_by=kept.id)
    return kept


def revoke_authority(grant: Grant, id_: str, on: date, reason: str) -> None:
    """Let an authority allow nothing more from a day on, today or later; what was done under it stays."""
    grant.must_be_for(AUTHORISE)
    with transaction.atomic():
        if on < now().valid_on:
            raise RuleError(f"MB5: {on} is over; an authority is revoked from today or a later day on.")
        _end(grant, id_, on, must_say_why(reason))


def _end(grant: Grant, id_: str, on: date, reason: str, *, superseded_by: str = "") -> None:
    lock([], [id_], [])
    ended = authority_of(id_)
    if ended.fund:
        must_be_theirs(grant, [fund_of(ended.fund).host])
    if ended.revoked_on is not None and ended.revoked_on <= on:
        raise RuleError(f"MB5: authority {id_} ended on {ended.revoked_on} already.")
    models.AuthorityEnd.objects.create(
        authority_id=id_, ends_on=on, superseded_by_id=superseded_by or None, reason=reason, **_grown(grant)
    )
    record(grant, "money.end-authority", f"authority:{id_}", details={"on": str(on), "superseded_by": superseded_by})


# --- funds and budget lines ------------------------------------------------------------------------------------------


def make_fund(grant: Grant, fund: funds.Fund) -> None:
    """Open a fund; the same again changes nothing. RuleError for a code that is taken by another."""
    grant.must_be_for(ALLOCATE)
    must_be_theirs(grant, [fund.host])
    with transaction.atomic():
        if models.Fund.objects.filter(pk=fund.code).exists():
            if fund_of(fund.code) != fund:
                raise RuleError(f"MB1: there is a fund '{fund.code}' already, and it is another.")
            return
        models.Fund.objects.create(
            code=fund.code, name=fund.name, kind=fund.kind, host=fund.host, agreement=fund.agreement,
            valid_from=fund.valid_from, valid_to=fund.valid_to, **_grown(grant),
        )  # fmt: skip
        record(grant, "money.make-fund", f"fund:{fund.code}", details={"kind": fund.kind, "agreement": fund.agreement})


def set_budget_line(grant: Grant, line: budget_lines.BudgetLine, *, decision: str) -> None:
    """Set up a budget line by a decision, named by its reference; the same again changes nothing.

    What a line has is changed by a virement and by nothing else. RuleError for a code that is taken by another line,
    NoPlanLine for a plan line that no submitted plan has; a line that serves none leaves it blank.
    """
    grant.must_be_for(ALLOCATE)
    must_be_theirs(grant, [line.body])
    if not decision.strip():
        raise RuleError(f"MB4: budget line {line.code} needs the reference of the decision that sets it.")
    with transaction.atomic():
        lock([line.fund], [], [])
        fund = fund_of(line.fund)
        if fund.kind != "aligned" and line.body != fund.host:
            raise RuleError(f"MB1: lines of {fund.code} are in the books of its host {fund.host}, not {line.body}.")
        if models.BudgetLine.objects.filter(pk=line.code).exists():
            if budget_line_of(line.code) != line:
                raise RuleError(f"MB4: there is a budget line '{line.code}' already; a virement changes what it has.")
            return
        checked_plan_line(line.plan_line)
        models.BudgetLine.objects.create(
            code=line.code, fund_id=line.fund, body=line.body, year=line.year, name=line.name,
            original_pence=line.original_pence, ring_fence=line.ring_fence, envelope=line.envelope,
            plan_line=line.plan_line, decision=decision.strip(), **_grown(grant),
        )  # fmt: skip
        details = {"fund": line.fund, "pence": line.original_pence, "decision": decision.strip(),
                   "plan_line": said_plan_line(line.plan_line)}  # fmt: skip
        record(grant, "money.set-budget-line", f"budget-line:{line.code}", details=details)


def virement(grant: Grant, moves: Mapping[str, int], *, authority_id: str, on: date, reason: str, key: str) -> None:
    """Move money between budget lines, plus for what a line gains, under an authority; the same key twice is one.

    Raises VirementImbalance, RingFence, NoAuthority, OverAuthority, and OverBudget when a line has less available.
    """
    grant.must_be_for(ALLOCATE)
    said = must_say_why(reason)
    lines = budget_lines_of(moves)
    pence = budget_lines.check_virement(moves, lines)
    must_be_theirs(grant, {line.body for line in lines.values()})
    one = next(iter(lines.values()))
    purpose = f"virement {', '.join(sorted(moves))}"
    with transaction.atomic():
        lock([one.fund], [authority_id] if authority_id else [], [("", purpose)])
        if (kept := models.Virement.objects.filter(key=key).first()) is not None:
            before = dict(kept.moves.values_list("budget_line", "pence"))
            if (before, kept.authority_id, kept.effective_on) != (dict(moves), authority_id, on):
                raise RuleError(f"MB4: a virement with the key {key} is there already and says something else.")
            return
        if authority.financial_year(on) != one.year:
            raise RuleError(f"MB4: the lines are of {one.year}; the virement is of {on}.")
        if (until := closed_until([one.fund]).get(one.fund)) and on < until:
            raise PeriodClosed(f"MB3: {one.fund} is closed up to {until}; the virement is of {on}.")
        if len({line.body for line in lines.values()}) > 1 and fund_of(one.fund).kind == "aligned":
            raise funds.AlignedMoney(f"MB1: {one.fund} is aligned money; a virement stays with one partner.")
        for code, left in availabilities(moves).items():
            budget_lines.check_left(code, left, -moves[code])
        asked = authority.Asked("virement", pence, on, one.fund, "", purpose)
        check_gate(asked, authority_id)
        made = models.Virement.objects.create(
            key=key, authority_id=authority_id, effective_on=on, reason=said, **_grown(grant)
        )
        models.VirementMove.objects.bulk_create(
            models.VirementMove(virement=made, budget_line_id=code, pence=given) for code, given in moves.items()
        )
        models.AuthorityUse.objects.create(
            authority_id=authority_id, act="virement", pence=pence, party="", purpose=authority.plain(purpose),
            year=one.year, virement=made,
        )  # fmt: skip
        details = {"moves": dict(moves), "authority": authority_id, "on": str(on)}
        record(grant, "money.virement", f"virement:{key}", details=details)


# --- contributions and calls -----------------------------------------------------------------------------------------


def contribute(
    grant: Grant, contribution: funds.Contribution, *, authority_id: str, on: date, key: str, description: str = ""
) -> LedgerRow:
    """Post what a partner owes a fund from a day on, under an authority; the same key twice is one.

    Raises NoAgreement where NHS and local authority money would lie together without one.
    """
    grant.must_be_for(ALLOCATE)
    fund = fund_of(contribution.fund)
    purpose = f"contribution to {fund.code}"
    # Aligned money stays in its partner's own books.
    books = Books(contribution.partner if fund.kind == "aligned" else fund.host, fund.code)
    due = entries.contribution_due(
        key, on, books, contribution.partner, contribution.amount_pence, purpose=purpose, description=description
    )
    with transaction.atomic():
        lock([fund.code], [authority_id] if authority_id else [], [(contribution.partner, purpose)])
        funds.check_contribution(fund, contribution, contributions_of(fund.code))
        (row,) = post_all(grant, [Posting(due, authority_id)])
        if not models.Contribution.objects.filter(transaction=row.seq).exists():
            models.Contribution.objects.create(
                fund_id=fund.code, partner=contribution.partner, sector=contribution.sector,
                amount_pence=contribution.amount_pence, valid_from=contribution.valid_from,
                valid_to=contribution.valid_to, ring_fence=contribution.ring_fence, transaction_id=row.seq,
                **_grown(grant),
            )  # fmt: skip
    return row


def receive(grant: Grant, fund: str, partner: str, pence: int, *, on: date, key: str) -> LedgerRow:
    """Post that cash of a partner's contribution came in."""
    grant.must_be_for(POST)
    found = fund_of(fund)
    books = Books(partner if found.kind == "aligned" else found.host, fund)
    return post_all(grant, [Posting(entries.contribution_received(key, on, books, partner, pence))])[0]


def call_risk_share(
    grant: Grant, fund: str, calls: Mapping[str, int], *, authority_id: str, on: date, key: str, reason: str
) -> list[LedgerRow]:
    """Call on partners to share an overspend (`risk_share`, `overspend_ladder`), all or none, under one authority."""
    grant.must_be_for(ALLOCATE)
    said = must_say_why(reason)
    books = Books(fund_of(fund).host, fund)
    return post_all(
        grant,
        [
            Posting(
                entries.risk_share_call(
                    f"{key}-{partner}", on, books, partner, pence, purpose=f"risk share of {fund}", description=said
                ),
                authority_id,
            )
            for partner, pence in sorted(calls.items())
            if pence
        ],
    )


# --- the end of a period ---------------------------------------------------------------------------------------------


def close_period(grant: Grant, fund: str, until: date, reason: str) -> None:
    """Close a fund for every day before `until`: what is of such a day is posted later, and says so."""
    grant.must_be_for(POST)
    said = must_say_why(reason)
    with transaction.atomic():
        lock([fund], [], [])
        must_be_theirs(grant, [fund_of(fund).host])
        before = closed_until([fund]).get(fund)
        if before is not None and until <= before:
            raise RuleError(f"MB3: {fund} is closed up to {before} already; a closed period is not opened again.")
        models.PeriodClose.objects.create(fund_id=fund, closed_until=until, reason=said, **_grown(grant))
        record(grant, "money.close-period", f"fund:{fund}", details={"until": str(until)})


def _grown(grant: Grant) -> dict[str, object]:
    return {"by": grant.actor_id, "at": datetime.now(UTC)}
