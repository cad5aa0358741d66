"""Contracts to pay by: one with fixed and elective care, and how it comes to be signed and have money."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from joinedup.measures.activity.prices import PricedActivity, PricedLine
from joinedup.money import Authority, BudgetLine, Contract, Fund, PaidPart, ScheduledMetric, services
from joinedup.money.contracts import contracting
from joinedup.money.contracts.specification import headings, standards
from joinedup.planning import PlanLine, line_key

from .pot import grant, hand_in

STARTS, ENDS = date(2025, 4, 1), date(2026, 4, 1)
YEAR = "2025/26"
HEADINGS = tuple((one.key, "As in the national specification") for one in headings(STARTS))
STANDARDS = tuple((one.key, f"{one.at_least:f}") for one in standards(STARTS))
# £24.0m fixed, elective care up to £3.0m, and a schedule of quality: the example of rule MC4.
ACUTE = Contract(
    code="RZ1-2526", title="Acute care of Littleshire", commissioner="QZ9", provider="RZ1", provider_kind="nhs",
    starts=STARTS, ends=ENDS, services=("Emergency care", "Planned surgery"), values=((YEAR, 4_000_000_000),),
    parts=(
        PaidPart("Emergency care", "fixed", ("NEL", "AE1"), ((YEAR, 2_400_000_000),)),
        PaidPart("Planned surgery", "elective", ("DC", "EL"), ((YEAR, 300_000_000),)),
    ),
    award="direct_award_a", award_reason="No other hospital can give emergency care here",
    specification=HEADINGS, standards=STANDARDS,
)  # fmt: skip
METRICS = (
    ScheduledMetric("seen in time", Decimal(".5"), Decimal(60), Decimal(80)),
    ScheduledMetric("assessed for clots", Decimal(".3"), Decimal(90), Decimal(95)),
    ScheduledMetric("came back", Decimal(".2"), Decimal(12), Decimal(8)),
)


def contract(**more: Any) -> Contract:
    return replace(ACUTE, **more)


def month(number: int, year: int = 2025) -> date:
    return date(year, number, 1)


# --- kept -----------------------------------------------------------------------------------------------------------

POT = Fund("POT", "The single pot", "section_75", "QZ9", STARTS, date(2027, 4, 1), "S75/2025/1")
PLANNED = PlanLine("finance", "QZ9", "RZ1", "", "", YEAR, "contract_value", "pence", 4_000_000_000)
LINE = BudgetLine("acute", "POT", "QZ9", YEAR, "Acute care", 5_000_000_000, plan_line=line_key(PLANNED))
AUTHORITY = Authority(
    "A1", "Board, 3 April 2025, item 4", "nobody yet", "Until governance stands", frozenset({"commitment"}),
    5_000_000_000, STARTS, date(2026, 4, 1),
)  # fmt: skip


def load(folder: Path) -> None:
    """Littleshire: a board QZ9, a hospital RZ1, and 01A, which closed in 2020."""
    from tests.spec.system import littleshire

    from joinedup.access import service_grant
    from joinedup.system import services as system

    system.load_system(littleshire.write(folder), service_grant("test", "Load a system", "the reader"))


def open_pot(limit: int = AUTHORITY.limit_pence) -> None:
    hand_in("QZ9", "commissioner", PLANNED, year=YEAR)
    services.make_fund(grant("money.allocate"), POT)
    services.set_budget_line(grant("money.allocate"), LINE, decision="Board, 3 April 2025, item 3")
    services.give_authority(grant("money.authorise"), replace(AUTHORITY, limit_pence=limit))


def signed(agreed: Contract = ACUTE, *, bound: int = 0) -> Contract:
    """Make and sign a contract, and bind money for it."""
    contracting.make_contract(grant("money.contract"), agreed, reason="the year's agreement")
    contracting.sign_contract(grant("money.contract"), agreed.code, STARTS)
    if bound:
        contracting.bind_money(
            grant("money.post"), agreed.code, bound, budget_line="acute", authority_id="A1", on=STARTS
        )
    return agreed


@dataclass
class Counted:
    """A history of activity: the months of which each point of delivery is known, and the lines there are."""

    lines: list[PricedLine]
    known_to: date
    snapshot_id: str = "s1"
    not_collected: dict[str, str] = field(default_factory=dict)

    @property
    def months(self) -> list[date]:
        return [month(number) for number in range(4, 13)]

    @property
    def pods(self) -> list[str]:
        return ["DC", "EL", "NEL"]

    def known(self, pod: str) -> list[date]:
        return [day for day in self.months if day <= self.known_to]


def priced(history: Counted, grant: Any, provider: str, months: list[date]) -> PricedActivity:
    """What `priced_activity` answers of it."""
    grant.must_be_for("money.pay")
    lines = tuple(one for one in history.lines if one.month in months and one.month <= history.known_to)
    return PricedActivity(history.snapshot_id, provider, lines, ())
