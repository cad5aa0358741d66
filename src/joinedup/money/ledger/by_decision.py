"""From a decision to its pounds: the authorities that were given by it, and all that was done under them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from joinedup.money import models
from joinedup.money.ledger.reading import availabilities, commitment_standing, pounds_of_authority


@dataclass(frozen=True, slots=True)
class DecidedCommitment:
    """A commitment under a decision, in pence: what is still open and what was invoiced; its contract, "" for none."""

    code: str
    supplier: str
    purpose: str
    contract: str
    budget_line: str
    open: int
    invoiced: int


@dataclass(frozen=True, slots=True)
class DecidedLine:
    """A budget line that a decision set, or of which money was committed under it: its current pence, its plan line."""

    code: str
    name: str
    pence: int
    plan_line: str
    is_set_by_it: bool


@dataclass(frozen=True, slots=True)
class DecidedMoney:
    """What a decision let money do: sums in pence over its authorities, and the rows behind them."""

    authorities: tuple[str, ...]
    limit: int
    committed: int
    spent: int
    contributed: int
    postings: int
    commitments: tuple[DecidedCommitment, ...]
    lines: tuple[DecidedLine, ...]
    contracts: tuple[str, ...]


def money_of_decision(reference: str) -> DecidedMoney:
    """Answer what was done under a decision, by its reference: nothing but noughts where money knows none of it."""
    given = list(models.Authority.objects.filter(reference=reference).order_by("pk"))
    keys = tuple(one.pk for one in given)
    done = [pounds_of_authority(key) for key in keys]
    commitments = tuple(
        DecidedCommitment(row.code, row.supplier, row.purpose, row.contract, row.budget_line_id, stands.open,
                          stands.invoiced)
        for row in models.Commitment.objects.filter(authority__in=keys).order_by("code")
        for stands in (commitment_standing(row.code),)
    )  # fmt: skip
    named = {one.budget_line for one in commitments}
    rows = models.BudgetLine.objects.filter(Q(decision=reference) | Q(code__in=named)).order_by("code")
    left = availabilities(row.code for row in rows)
    return DecidedMoney(
        keys, sum(one.limit_pence for one in given), sum(one.committed for one in done),
        sum(one.spent for one in done), sum(one.contributed for one in done), sum(len(one.postings) for one in done),
        commitments,
        tuple(
            DecidedLine(row.code, row.name, left[row.code].current, row.plan_line, row.decision == reference)
            for row in rows
        ),
        tuple(sorted({one.contract for one in commitments if one.contract})),
    )  # fmt: skip


def decisions_of_plan_line(keys: list[str]) -> list[str]:
    """Answer the references of the decisions by which pounds serve plan lines, by their keys."""
    found = set(models.Authority.objects.filter(plan_line__in=keys).values_list("reference", flat=True))
    found |= set(models.BudgetLine.objects.filter(plan_line__in=keys).values_list("decision", flat=True))
    used = models.Transaction.objects.filter(plan_line__in=keys)
    found |= set(used.exclude(authority=None).values_list("authority__reference", flat=True).distinct())
    found |= set(used.exclude(commitment=None).values_list("commitment__authority__reference", flat=True).distinct())
    return sorted(found)
