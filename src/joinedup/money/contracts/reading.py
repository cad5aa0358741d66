"""Contracts as they are kept: what a contract says on a day, where it stands, what was published and spent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.money import models
from joinedup.money.contracts.awards import AwardProcess, Finding, award_process, findings
from joinedup.money.contracts.contract import Contract, read_contract
from joinedup.money.ledger.double_entry import SPEND
from joinedup.money.ledger.reading import CommitmentStanding, commitment_standing
from joinedup.money.payment.statement_values import Achieved
from joinedup.planning import bank_holidays, financial_year, year_days

STATES = {"draft": "Not signed", "signed": "Signed", "in force": "In force", "ended": "Ended"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A contract as a version of it says, with the number of the version and the row in which it is kept."""

    contract: Contract
    number: int
    row: models.ContractVersion


@dataclass(frozen=True, slots=True)
class Binding:
    """Money that was promised for a contract in a year: its commitment, budget line, authority and where it stands."""

    commitment: str
    budget_line: str
    fund: str
    year: str
    authority: str
    plan_line: str
    standing: CommitmentStanding


def contract_row(code: str) -> models.Contract:
    """Answer a contract's row; NotFound with the nearest one there is."""
    found = models.Contract.objects.filter(pk=code).first()
    if found is None:
        known = models.Contract.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no contract '{code}'.{did_you_mean(code, known)}")
    return found


def versions_of(code: str) -> list[Kept]:
    """Answer every version of a contract, the first first."""
    contract_row(code)
    rows = models.ContractVersion.objects.filter(contract=code).order_by("number")
    return [Kept(read_contract(row.body), row.number, row) for row in rows]


def version_on(code: str, on: date) -> Kept:
    """Answer what a contract says on a day: the newest version that is effective then, else the first of all."""
    versions = versions_of(code)
    return next((one for one in reversed(versions) if one.row.effective_from <= on), versions[0])


def contracts_on(on: date, *, provider: str = "") -> list[Kept]:
    """Answer what every contract, or every one of a provider, says on a day, by code."""
    rows = models.ContractVersion.objects.select_related("contract").order_by("contract", "number")
    if provider:
        rows = rows.filter(contract__provider=provider)
    found: dict[str, models.ContractVersion] = {}
    for row in rows:
        if row.contract_id not in found or row.effective_from <= on:
            found[row.contract_id] = row
    return [Kept(read_contract(row.body), row.number, row) for row in found.values()]


def entries_of(codes: Iterable[str], *what: str) -> list[models.ContractEntry]:
    """Answer what happened to contracts, of some kinds or of all, in the order in which it was written."""
    rows = models.ContractEntry.objects.filter(contract__in=list(codes)).order_by("pk")
    return list(rows.filter(what__in=what) if what else rows)


def signed_on(code: str) -> date | None:
    """Answer the day on which a contract was signed, None before."""
    found = entries_of([code], "signed")
    return found[0].on if found else None


def state_of(contract: Contract, signed: date | None, on: date) -> str:
    """Answer where a contract stands on a day: a key of STATES."""
    if signed is None:
        return "draft"
    if on < contract.starts:
        return "signed"
    return "in force" if on < contract.ends else "ended"


def published_of(code: str) -> dict[str, date]:
    """Answer the day on which each notice of a contract's award was published."""
    return {one.key: one.on for one in entries_of([code], "notice")}


def answered_on(code: str) -> date | None:
    """Answer the day on which the last representation was answered, None where there was none."""
    found = entries_of([code], "answer")
    return found[-1].on if found else None


def open_representations(code: str) -> list[models.ContractEntry]:
    """Answer the representations that came since the last was answered, the first first."""
    waiting: list[models.ContractEntry] = []
    for one in entries_of([code], "representation", "answer"):
        waiting = [*waiting, one] if one.what == "representation" else []
    return waiting


def abandoned_on(code: str) -> date | None:
    """Answer the day on which an award was abandoned, None where it was not."""
    found = [one for one in entries_of([code], "answer") if one.key == "abandoned"]
    return found[-1].on if found else None


def process_of(contract: Contract) -> AwardProcess:
    """Answer the process by which a contract is awarded, as it held when it began."""
    return award_process(contract.award, contract.award_began or contract.starts)


def award_standing(contract: Contract, today: date) -> tuple[Finding, ...]:
    """Answer where each notice of a contract's award stands today."""
    return findings(
        process_of(contract), published_of(contract.code), awarded_on=signed_on(contract.code), today=today,
        holidays=bank_holidays(), answered_on=answered_on(contract.code),
    )  # fmt: skip


def achieved_of(contract: Contract, month: date) -> tuple[Achieved, ...]:
    """Answer what was last written of each measure in the financial year up to a month."""
    first, after = year_days(financial_year(month))
    found: dict[str, Achieved] = {}
    for one in entries_of([contract.code], "achieved", "excused"):
        if first <= one.on < after and one.on <= month:
            is_excused = one.what == "excused"
            found[one.key] = Achieved(one.key, None if is_excused else Decimal(one.value), is_excused)
    return tuple(found[name] for name in sorted(found))


def standing_deductions(code: str) -> list[models.ContractEntry]:
    """Answer what is taken off a contract's payment and was not taken back, in the order in which it was written."""
    entries = entries_of([code], "deduction", "deduction-back")
    back = {one.key for one in entries if one.what == "deduction-back"}
    return [one for one in entries if one.what == "deduction" and str(one.pk) not in back]


def deductions_of(code: str, month: date) -> tuple[tuple[str, int], ...]:
    """Answer what is taken off in the financial year up to a month, each reason with its pence."""
    first = year_days(financial_year(month))[0]
    return tuple((one.key, int(one.value)) for one in standing_deductions(code) if first <= one.on <= month)


def bindings_of(code: str, year: str = "") -> list[Binding]:
    """Answer the commitments of a contract, of one financial year or of all, by code."""
    rows = models.Commitment.objects.filter(contract=code).select_related("budget_line").order_by("pk")
    if year:
        rows = rows.filter(budget_line__year=year)
    return [
        Binding(
            one.pk, one.budget_line_id, one.budget_line.fund_id, one.budget_line.year, one.authority_id,
            one.budget_line.plan_line, commitment_standing(one.pk),
        )
        for one in rows
    ]  # fmt: skip


def spent_by_contract() -> Mapping[tuple[str, str], int]:
    """Answer the pence spent by (contract, financial year), as the ledger says."""
    rows = (
        models.Line.objects.filter(account=SPEND, transaction__commitment__contract__gt="")
        .values_list("transaction__commitment__contract", "budget_line__year").annotate(Sum("amount_pence")).order_by()
    )  # fmt: skip
    return {(code, year): int(pence) for code, year, pence in rows}


def statements_of(*, code: str = "", month: date | None = None) -> list[models.Statement]:
    """Answer statements, of a contract or a month or all, the newest first."""
    rows = models.Statement.objects.select_related("contract", "version", "review").order_by(
        "-month", "contract", "-pk"
    )
    if code:
        rows = rows.filter(contract=code)
    if month is not None:
        rows = rows.filter(month=month)
    return list(rows)


def statement_of(number: int) -> models.Statement:
    """Answer a statement by its number; NotFound for none."""
    found = models.Statement.objects.select_related("contract", "version", "review").filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no statement {number}. The list of payments shows those there are.")
    return found


def settled_in_year(code: str, month: date) -> list[models.Statement]:
    """Answer the statements of a contract in the financial year that holds a month, in the order they were made."""
    first, after = year_days(financial_year(month))
    return list(models.Statement.objects.filter(contract=code, month__gte=first, month__lt=after).order_by("pk"))


def month_of(text: str) -> date:
    """Read a month such as 2026-03 as its first day; RuleError for anything else."""
    try:
        if len(text) == 7:
            return date.fromisoformat(f"{text}-01")
    except ValueError:
        pass
    raise RuleError(f"'{text}' is no month; expected year-month such as 2026-03.")
