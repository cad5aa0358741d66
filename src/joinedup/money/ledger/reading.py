"""Reading the pot: balances, what is left of a line, pages of the ledger, and from any pound to its authority and back.

Every question about balances is asked with two times: by the day of the effect, and by what was recorded at an instant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Q, Sum

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.money import models
from joinedup.money.ledger.double_entry import (
    COMMITTED,
    CONTRIBUTIONS,
    CREDITOR,
    SPEND,
    LedgerRow,
    read_sealed,
)
from joinedup.money.pot import authority, budget_lines, funds, outturn
from joinedup.money.pot.plan_links import keys_within, planned_line

if TYPE_CHECKING:
    from joinedup.planning import KeptLine

MOST_ROWS = 500  # on one page of the ledger


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a posting comes from: its commitment, the authority and decision behind it, and the plan line it serves."""

    row: LedgerRow
    by: str
    commitment: str
    contract: str
    authority: authority.Authority | None
    plan_line: str
    reversed_by: str
    planned: KeptLine | None = None  # the plan line itself, where a plan that stands still has it

    @property
    def is_by_two(self) -> bool | None:
        """Whether somebody else gave the authority than posted under it; None where it needed none."""
        return None if self.authority is None else self.authority.given_by != self.by


@dataclass(frozen=True, slots=True)
class Pounds:
    """What was done for a plan line, or under an authority, in pence, and the keys of the postings."""

    budgeted: int
    committed: int
    spent: int
    contributed: int
    postings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitmentStanding:
    """Where a commitment stands, in pence: made and topped up, invoiced, released, still open, and its state."""

    code: str
    made: int
    invoiced: int
    released: int
    state: str

    @property
    def open(self) -> int:
        return self.made - self.invoiced - self.released


def trial_balance(fund: str, *, effective_to: date, known_at: datetime) -> dict[str, int]:
    """Answer the pence at which a fund's accounts stand at the end of a day, by what was recorded up to an instant.

    By account, debit plus; those at 0 are left out. The values sum to 0.
    """
    if known_at.tzinfo is None:
        raise RuleError("M0.3: known_at needs a time zone; give an aware datetime.")
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT account, sum(amount_pence)::bigint FROM money_line
                WHERE fund_id = %s AND effective_on <= %s AND recorded_at <= %s
                GROUP BY account HAVING sum(amount_pence) <> 0 ORDER BY account""",
            [fund, effective_to, known_at],
        )
        return dict(cursor.fetchall())


def availability(line: str, on: date | None = None, *, known_at: datetime | None = None) -> budget_lines.Availability:
    """Answer where a budget line stands at the end of a day (None: with everything posted, for later days too)."""
    found = availabilities([line], on, known_at=known_at)
    if line not in found:
        known = models.BudgetLine.objects.values_list("code", flat=True)
        raise NotFound(f"MB4: there is no budget line '{line}'.{did_you_mean(line, known)}")
    return found[line]


def availabilities(
    lines: Iterable[str], on: date | None = None, *, known_at: datetime | None = None
) -> dict[str, budget_lines.Availability]:
    """Answer where each of these budget lines stands; unknown ones are left out."""
    codes = list(lines)
    original = dict(models.BudgetLine.objects.filter(code__in=codes).values_list("code", "original_pence"))
    until = Q() if on is None else Q(effective_on__lte=on)
    moved_until = Q() if on is None else Q(virement__effective_on__lte=on)
    if known_at is not None:
        until &= Q(recorded_at__lte=known_at)
        moved_until &= Q(virement__at__lte=known_at)
    moves = dict(
        models.VirementMove.objects.filter(moved_until, budget_line__in=codes)
        .values_list("budget_line").annotate(Sum("pence")).order_by()
    )  # fmt: skip
    used: dict[tuple[str, str], int] = {
        (code, account): pence
        for code, account, pence in models.Line.objects.filter(
            until, budget_line__in=codes, account__in=(SPEND, COMMITTED)
        ).values_list("budget_line", "account").annotate(Sum("amount_pence")).order_by()
    }  # fmt: skip
    return {
        code: budget_lines.Availability(
            pence, int(moves.get(code, 0)), int(used.get((code, COMMITTED), 0)), int(used.get((code, SPEND), 0))
        )
        for code, pence in original.items()
    }


def commitment_standing(code: str) -> CommitmentStanding:
    """Answer where a commitment stands; NotFound for one that is none."""
    if not models.Commitment.objects.filter(code=code).exists():
        known = models.Commitment.objects.values_list("code", flat=True)
        raise NotFound(f"MB6: there is no commitment '{code}'.{did_you_mean(code, known)}")
    sums: dict[str, int] = defaultdict(int)
    rows = (
        models.Line.objects.filter(transaction__commitment=code, account__in=(COMMITTED, SPEND))
        .values_list("account", "transaction__kind", "transaction__reverses__kind")
        .annotate(Sum("amount_pence")).order_by()
    )  # fmt: skip
    for account, kind, undone, pence in rows:
        sums[account] += int(pence)
        if account == COMMITTED and "release" in (kind, undone):
            sums["released"] -= int(pence)
    invoiced = sums[SPEND]
    made = sums[COMMITTED] + invoiced + sums["released"]
    state = budget_lines.commitment_state(made, invoiced, sums["released"])
    return CommitmentStanding(code, made, invoiced, sums["released"], state)


def owed_to(supplier: str, *, fund: str, body: str) -> int:
    """Answer the pence that one body owes a supplier in a fund, above 0, by all that is posted."""
    owed = models.Line.objects.filter(
        account=CREDITOR, fund=fund, body=body, transaction__party=supplier
    ).aggregate(pence=Sum("amount_pence"))["pence"]  # fmt: skip
    return -int(owed or 0)


def authority_of(id_: str) -> authority.Authority:
    """Answer an authority as it stands now, with the first day from which it was ended; NotFound for none."""
    kept = models.Authority.objects.filter(pk=id_).first()
    if kept is None:
        known = models.Authority.objects.values_list("pk", flat=True)
        raise NotFound(f"MB5: there is no authority '{id_}'.{did_you_mean(id_, known)}")
    end = kept.ends.order_by("ends_on", "pk").first()
    return authority.Authority(
        kept.pk, kept.reference, kept.given_by, kept.reason, frozenset(kept.acts), kept.limit_pence, kept.valid_from,
        kept.valid_to, kept.year_limit_pence, kept.fund, kept.party, kept.purpose, kept.plan_line,
        end.ends_on if end else None, (end.superseded_by_id or "") if end else "",
    )  # fmt: skip


def uses_for(authority_id: str, party: str, purpose: str, year: str) -> list[authority.Use]:
    """Answer what was done under an authority, and under any for the same supplier and purpose in a year, as sums."""
    under = models.AuthorityUse.objects.filter(authority=authority_id).aggregate(pence=Sum("pence"))["pence"] or 0
    same = Q(party=authority.plain(party), purpose=authority.plain(purpose), year=year)
    bound = models.AuthorityUse.objects.filter(same)
    by_this = int(bound.filter(authority=authority_id).aggregate(pence=Sum("pence"))["pence"] or 0)
    by_others = int(bound.exclude(authority=authority_id).aggregate(pence=Sum("pence"))["pence"] or 0)
    return [
        authority.Use(authority_id, by_this, party, purpose, year),
        authority.Use(authority_id, int(under) - by_this, "", "all else", "every other"),
        authority.Use("others", by_others, party, purpose, year),
    ]


def left_of(authority_id: str) -> int:
    """Answer the pence that may still be done under an authority, were it to hold."""
    used = models.AuthorityUse.objects.filter(authority=authority_id).aggregate(pence=Sum("pence"))["pence"] or 0
    return authority_of(authority_id).limit_pence - int(used)


def fund_of(code: str) -> funds.Fund:
    """Answer a fund; NotFound with the nearest one there is."""
    kept = models.Fund.objects.filter(pk=code).first()
    if kept is None:
        known = models.Fund.objects.values_list("pk", flat=True)
        raise NotFound(f"MB1: there is no fund '{code}'.{did_you_mean(code, known)}")
    return funds.Fund(kept.code, kept.name, kept.kind, kept.host, kept.valid_from, kept.valid_to, kept.agreement)


def budget_line_of(code: str) -> budget_lines.BudgetLine:
    """Answer a budget line; NotFound with the nearest one there is."""
    found = budget_lines_of([code])
    if not found:
        known = models.BudgetLine.objects.values_list("pk", flat=True)
        raise NotFound(f"MB4: there is no budget line '{code}'.{did_you_mean(code, known)}")
    return found[code]


def budget_lines_of(codes: Iterable[str]) -> dict[str, budget_lines.BudgetLine]:
    """Answer budget lines by code; unknown ones are left out."""
    return {
        one.code: budget_lines.BudgetLine(
            one.code, one.fund_id, one.body, one.year, one.name, one.original_pence, one.ring_fence, one.envelope,
            one.plan_line,
        )
        for one in models.BudgetLine.objects.filter(code__in=list(codes))
    }  # fmt: skip


def contributions_of(fund: str) -> list[funds.Contribution]:
    """Answer what partners put into a fund, in the order in which it was agreed; one that was reversed is left out."""
    return [
        funds.Contribution(
            fund, one.partner, one.sector, one.amount_pence, one.valid_from, one.valid_to, one.ring_fence
        )
        for one in models.Contribution.objects.filter(fund=fund, transaction__reversal=None).order_by("pk")
    ]


def ledger_rows(
    fund: str, *, before: int | None = None, limit: int = 50, effective_to: date | None = None
) -> list[LedgerRow]:
    """Answer a page of a fund's ledger, the newest first; `before` is the number of the last row of the page before."""
    # Numbers first, out of one index: a join would look at every line of the fund before it shows one page.
    asked = models.Line.objects.filter(fund=fund)
    if before is not None:
        asked = asked.filter(transaction__lt=before)
    if effective_to is not None:
        asked = asked.filter(effective_on__lte=effective_to)
    numbers = asked.order_by("-transaction_id").values_list("transaction_id", flat=True).distinct()
    kept = models.Transaction.objects.in_bulk(list(numbers[: min(limit, MOST_ROWS)]))
    return [row_of(kept[number]) for number in sorted(kept, reverse=True)]


def row_of(kept: models.Transaction) -> LedgerRow:
    """Answer a kept transaction as it was recorded, read from its sealed text."""
    return LedgerRow(kept.pk, read_sealed(kept.body), kept.recorded_at, kept.authority_id or "")


def transaction_of(key: str) -> models.Transaction:
    """Answer a kept transaction by its key; NotFound for none."""
    kept = models.Transaction.objects.filter(key=key).first()
    if kept is None:
        raise NotFound(f"MB3: there is no transaction '{key}'. Look for it in the ledger of its fund.")
    return kept


def trace(key: str) -> Trace:
    """Answer where a posting comes from: from any pound to its authority and plan line."""
    kept = transaction_of(key)
    commitment = kept.commitment
    by = kept.authority_id or (commitment.authority_id if commitment else None)
    reversal = models.Transaction.objects.filter(reverses=kept).first()
    return Trace(
        row_of(kept),
        kept.by,
        kept.commitment_id or "",
        commitment.contract if commitment else "",
        authority_of(by) if by else None,
        kept.plan_line,
        reversal.key if reversal else "",
        planned_line(kept.plan_line),
    )


def pounds_of_plan_line(plan_line: str) -> Pounds:
    """Answer what was budgeted, committed and spent for a plan line, by its key: back from the plan to its pounds.

    The key of a financial year takes in those of its months.
    """
    served = Q(plan_line__in=keys_within(plan_line))
    budgeted = models.BudgetLine.objects.filter(served).values_list("code", flat=True)
    current = sum(one.current for one in availabilities(budgeted).values())
    return _pounds(served, current)


def pounds_of_authority(authority_id: str) -> Pounds:
    """Answer what was done under an authority, spending of its commitments included."""
    return _pounds(Q(authority=authority_id) | Q(commitment__authority=authority_id), 0)


def pounds_of_contract(contract: str) -> Pounds:
    """Answer what was committed and spent under a contract, by the reference that its commitments bear."""
    return _pounds(Q(commitment__contract=contract), 0)


def line_to_date(line: str, on: date, *, uncommitted_plan: int = 0) -> outturn.LineToDate:
    """Answer a budget line as `forecast_outturn` takes it: where it stands at the end of a day."""
    left = availability(line, on)
    return outturn.LineToDate(left.current, left.actual, left.committed, uncommitted_plan)


def _pounds(asked: Q, budgeted: int) -> Pounds:
    found = models.Transaction.objects.filter(asked)
    sums = dict(
        models.Line.objects.filter(transaction__in=found)
        .values_list("account").annotate(Sum("amount_pence")).order_by()
    )  # fmt: skip
    return Pounds(
        budgeted,
        int(sums.get(COMMITTED, 0)),
        int(sums.get(SPEND, 0)),
        -int(sums.get(CONTRIBUTIONS, 0)),
        tuple(found.order_by("pk").values_list("key", flat=True)),
    )
