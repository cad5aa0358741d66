"""Contracts: who provides what for whom, how long, for how much, how well, and how it is paid.

A contract is a value; a change of it is another version, kept beside the first (`contracting`). What a contract must
say is checked here, field by field, so that a page can show each fault where it was made.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.allocation.splitting import profile, split_pence
from joinedup.money.payment.mechanisms import KINDS as PROVIDER_KINDS
from joinedup.money.payment.quality import QualityMetric, quality_score
from joinedup.money.payment.schemes import national_schemes
from joinedup.planning import financial_year, points_of_delivery, year_days

FIXED = "fixed"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")


class ContractError(RuleError):
    """A contract that cannot be; `faults` says of each field what is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("The contract cannot be made. " + " ".join(f"{one.field}: {one.says}" for one in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, in a sentence that says what was expected."""

    field: str
    says: str


@dataclass(frozen=True, slots=True)
class PaidPart:
    """A part of a contract that is paid in one way.

    `kind` is "fixed" or a kind of care in payment_schemes.toml. `pence` are those of each financial year: of a fixed
    part what is paid, of another its funded level, above which nothing is paid (none: no level was agreed). `pods` are
    the points of delivery whose activity counts; a fixed part may name them to say what it covers.
    """

    name: str
    kind: str
    pods: tuple[str, ...] = ()
    pence: tuple[tuple[str, int], ...] = ()

    def of_year(self, year: str) -> int | None:
        return dict(self.pence).get(year)


@dataclass(frozen=True, slots=True)
class ScheduledMetric:
    """A measure of the quality schedule: weight, where earning begins (floor) and where all is earned (ceiling)."""

    name: str
    weight: Decimal
    floor: Decimal
    ceiling: Decimal


@dataclass(frozen=True, slots=True)
class Contract:
    """What commissioner and provider agreed. Days are [starts, ends); `values` are pence by financial year.

    `mff` is the provider's market forces factor, by which prices are multiplied; `has_mff_in_extract` says that prices
    in the activity extract hold it already. `quality_share` is the part of the value that quality earns (None: none).
    `award_began` is the day on which the process of its award began (None: on the day on which it starts).
    `specification` is what is provided, by heading; `standards` the figures it promises, by requirement.
    """

    code: str
    title: str
    commissioner: str
    provider: str
    provider_kind: str
    starts: date
    ends: date
    services: tuple[str, ...]
    values: tuple[tuple[str, int], ...]
    parts: tuple[PaidPart, ...]
    award: str
    award_reason: str
    extends_to: date | None = None
    mff: Decimal = Decimal(1)
    has_mff_in_extract: bool = False
    quality_share: Decimal | None = None
    metrics: tuple[ScheduledMetric, ...] = ()
    specification: tuple[tuple[str, str], ...] = ()
    standards: tuple[tuple[str, str], ...] = ()
    award_began: date | None = None

    @property
    def pods(self) -> tuple[str, ...]:
        """The points of delivery that it covers, sorted."""
        return tuple(sorted({pod for part in self.parts for pod in part.pods}))

    @property
    def paid_pods(self) -> tuple[str, ...]:
        """The points of delivery whose activity it pays for, sorted."""
        return tuple(sorted({pod for part in self.parts if part.kind != FIXED for pod in part.pods}))

    @property
    def years(self) -> tuple[str, ...]:
        """The financial years in which it has a day."""
        return years_between(self.starts, self.ends)

    @property
    def total_p(self) -> int:
        return sum(pence for _, pence in self.values)

    def value_of(self, year: str) -> int:
        """Answer the pence of a financial year; RuleError for one that the contract has no value for."""
        values = dict(self.values)
        if year not in values:
            raise RuleError(
                f"Contract {self.code} has no value for {year}; it has {', '.join(values) or 'none'}. Make a version "
                "that says it."
            )
        return values[year]

    def holds_in(self, month: date) -> bool:
        """Answer whether it has a day in the month that begins on this day."""
        return self.starts < next_month(month) and month < self.ends


def next_month(month: date) -> date:
    """Answer the first day of the month after the one that holds a day."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def years_between(starts: date, ends: date) -> tuple[str, ...]:
    """Answer the financial years that have a day in [starts, ends)."""
    found = []
    day = starts
    while day < ends:
        found.append(financial_year(day))
        day = year_days(found[-1])[1]
    return tuple(found)


def months_to_date(contract: Contract, month: date) -> list[date]:
    """Answer the months of the financial year up to this one in which the contract has a day, each as its first day."""
    return [day for day in term_months(contract, month) if day <= month]


def year_months(month: date) -> list[date]:
    """Answer the twelve months of the financial year that holds a day, each as its first day."""
    every = [year_days(financial_year(month))[0]]
    while len(every) < 12:
        every.append(next_month(every[-1]))
    return every


def term_months(contract: Contract, month: date) -> list[date]:
    """Answer the months of a financial year in which the contract has a day."""
    return [day for day in year_months(month) if contract.holds_in(day)]


def to_date(contract: Contract, annual_p: int, month: date) -> int:
    """Answer how much of a year's pence is due up to the end of a month: equal months of the term (MB7)."""
    every = year_months(month)
    shares = profile(annual_p, [1 if contract.holds_in(one) else 0 for one in every])
    return sum(pence for day, pence in zip(every, shares, strict=True) if day <= month)


def check_contract(contract: Contract) -> None:
    """Raise ContractError, naming every field that is wrong, unless the contract can be."""
    faults = tuple(_faults(contract))
    if faults:
        raise ContractError(faults)


def overlapping(contract: Contract, others: Iterable[Contract]) -> tuple[tuple[str, str], ...]:
    """Answer (code, point of delivery) where another contract pays this provider for the same activity at a time.

    The extract tells what a provider did, not under which contract: two contracts would pay for it twice.
    """
    return tuple(
        (other.code, pod)
        for other in others
        if other.code != contract.code
        and other.provider == contract.provider
        and other.starts < contract.ends
        and contract.starts < other.ends
        for pod in contract.paid_pods
        if pod in other.paid_pods
    )


def contract_text(contract: Contract) -> str:
    """Answer the contract in its one canonical text: JSON with sorted keys, figures exact."""
    return json.dumps(_plain(contract), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def contract_hash(contract: Contract) -> str:
    """Answer the SHA-256 of the contract's canonical text."""
    return hashlib.sha256(contract_text(contract).encode()).hexdigest()


def read_contract(text: str) -> Contract:
    """Answer the contract of a canonical text."""
    said: dict[str, Any] = json.loads(text)
    made: dict[str, Any] = dict(said)
    for name in ("starts", "ends", "extends_to", "award_began"):
        made[name] = date.fromisoformat(said[name]) if said[name] else None
    for name in ("mff", "quality_share"):
        made[name] = Decimal(said[name]) if said[name] is not None else None
    for name in ("services",):
        made[name] = tuple(said[name])
    for name in ("values", "specification", "standards"):
        made[name] = tuple((key, value) for key, value in said[name])
    made["parts"] = tuple(
        PaidPart(one["name"], one["kind"], tuple(one["pods"]), tuple((key, value) for key, value in one["pence"]))
        for one in said["parts"]
    )
    made["metrics"] = tuple(
        ScheduledMetric(one["name"], *(Decimal(one[name]) for name in ("weight", "floor", "ceiling")))
        for one in said["metrics"]
    )
    return Contract(**made)


def differences(before: Contract, after: Contract) -> tuple[str, ...]:
    """Answer the names of the fields in which two versions differ."""
    return tuple(one.name for one in fields(Contract) if getattr(before, one.name) != getattr(after, one.name))


def _plain(value: Any) -> Any:
    if isinstance(value, Contract | PaidPart | ScheduledMetric):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return value


def _faults(one: Contract) -> Iterable[Fault]:
    if not _CODE.fullmatch(one.code):
        yield Fault("code", "expected 2 to 40 letters, digits and hyphens, such as RWG-2526.")
    for name, what in (("title", "a title"), ("commissioner", "the commissioner's code"),
                       ("provider", "the provider's code"), ("award_reason", "why it was awarded so")):  # fmt: skip
        if not getattr(one, name).strip():
            yield Fault(name, f"expected {what}.")
    if one.provider and one.provider == one.commissioner:
        yield Fault("provider", "expected another body than the commissioner.")
    if one.provider_kind not in PROVIDER_KINDS:
        known = ", ".join(PROVIDER_KINDS)
        yield Fault("provider_kind", f"expected one of {known}.{did_you_mean(one.provider_kind, PROVIDER_KINDS)}")
    if one.ends <= one.starts:
        yield Fault("ends", f"it would end on {one.ends}, not after it begins on {one.starts}.")
        return
    if one.extends_to is not None and one.extends_to <= one.ends:
        yield Fault("extends_to", f"an extension ends after the contract does on {one.ends}; or leave it empty.")
    if not [service for service in one.services if service.strip()]:
        yield Fault("services", "expected one service at least.")
    yield from _faults_of_money(one)
    yield from _faults_of_parts(one)
    yield from _faults_of_quality(one)


def _faults_of_money(one: Contract) -> Iterable[Fault]:
    given = dict(one.values)
    if len(given) != len(one.values):
        yield Fault("values", "a financial year is there twice; expected each once.")
    if missing := [year for year in one.years if year not in given]:
        yield Fault("values", f"expected the value of {', '.join(missing)} as well.")
    if extra := [year for year in given if year not in one.years]:
        yield Fault("values", f"the contract has no day in {', '.join(extra)}.")
    for year, pence in one.values:
        if isinstance(pence, bool) or not isinstance(pence, int) or pence <= 0:
            yield Fault("values", f"the value of {year} is {pence!r}; expected whole pence above 0.")
    if one.mff <= 0:
        yield Fault("mff", f"the market forces factor is {one.mff}; expected a number above 0, such as 1.0123.")


def _faults_of_parts(one: Contract) -> Iterable[Fault]:
    kinds = {FIXED, *(scheme.kind for scheme in national_schemes())}
    pods = {point.code for point in points_of_delivery()}
    if not one.parts:
        yield Fault("parts", "expected one part at least that says how it is paid.")
    paid: set[str] = set()
    for part in one.parts:
        if part.kind not in kinds:
            yield Fault(
                "parts", f"'{part.kind}' is no way to pay; expected {', '.join(sorted(kinds))}."
                f"{did_you_mean(part.kind, kinds)}"
            )  # fmt: skip
        if unknown := [pod for pod in part.pods if pod not in pods]:
            yield Fault("parts", f"there is no point of delivery '{unknown[0]}'.{did_you_mean(unknown[0], pods)}")
        if twice := sorted(paid & set(part.pods)):
            yield Fault("parts", f"{', '.join(twice)} would be paid in two parts; expected each in one.")
        paid |= set(part.pods)
        years = dict(part.pence)
        if any(isinstance(pence, bool) or not isinstance(pence, int) or pence < 0 for pence in years.values()):
            yield Fault("parts", f"the pence of {part.name} are expected to be whole and 0 or more.")
        if part.kind == FIXED:
            if missing := [year for year in one.years if year not in years]:
                yield Fault("parts", f"{part.name} is fixed and has no pence for {', '.join(missing)}.")
        elif not part.pods:
            yield Fault("parts", f"{part.name} is paid by activity; expected the points of delivery that count.")
        elif one.provider_kind == "unpriced":
            yield Fault("parts", f"{part.name}: services without a national price are paid fixed, as agreed (MC7).")


def _faults_of_quality(one: Contract) -> Iterable[Fault]:
    if one.quality_share is not None and not 0 < one.quality_share <= 1:
        yield Fault("quality_share", f"{one.quality_share} of the value; expected a share above 0, at most 1.")
    if (one.quality_share is None) != (not one.metrics):
        yield Fault("metrics", "a quality schedule has measures and a share of the value, or neither.")
    elif one.metrics:
        if len({metric.name for metric in one.metrics}) < len(one.metrics):
            yield Fault("metrics", "a measure is there twice; expected each once.")
        try:
            quality_score([QualityMetric(m.name, m.weight, m.floor, m.ceiling, None) for m in one.metrics])
        except RuleError as error:
            yield Fault("metrics", str(error))


def spread(total_p: int, years: Iterable[str], starts: date, ends: date) -> tuple[tuple[str, int], ...]:
    """Answer a whole value by financial year, in proportion to the days of each in [starts, ends) (MA5)."""
    days: Mapping[str, int] = {
        year: (min(year_days(year)[1], ends) - max(year_days(year)[0], starts)).days for year in years
    }
    return tuple(split_pence(total_p, days).items())
