"""A small pot for the chapters about the kept ledger: its fund, lines and authority, and leave to do each act."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from joinedup.access import Grant
from joinedup.money import Authority, BudgetLine, Contribution, Fund, services
from joinedup.planning import PlanLine, PlanVersion, line_key, services as planning

APRIL, MAY, ENDS = date(2026, 4, 1), date(2026, 5, 1), date(2027, 4, 1)
MILLION = 100_000_000  # pence
DECISION = "Partnership board, 14 April 2026, item 6"
POT = Fund("POT", "The single pot", "section_75", "QM7", APRIL, ENDS, "S75/2026/1")
HOME_CARE = PlanLine("finance", "QM7", "E10000015", "SOC", "", "2026/27", "contract_value", "pence", 5 * MILLION)
HOME = BudgetLine("home", "POT", "QM7", "2026/27", "Home care", 5 * MILLION, plan_line=line_key(HOME_CARE))
BEDS = BudgetLine("beds", "POT", "QM7", "2026/27", "Beds", 5 * MILLION)


def grant(permission: str, body_id: UUID | None = None) -> Grant:
    """Leave of the finance lead, for one permission."""
    return Grant("user:tom", "Tom Sample", "finance_lead", body_id, "money", permission, datetime.now(UTC), "test")


def authority(id_: str = "A1", *acts: str, **more: Any) -> Authority:
    allowed = frozenset(acts or ("commitment", "virement", "contribution", "risk_share"))
    made = Authority(id_, DECISION, "nobody yet", "Until governance stands", allowed, 2_000 * MILLION, APRIL, ENDS)
    return replace(made, **more)


def give(id_: str = "A1", *acts: str, **more: Any) -> None:
    services.give_authority(grant("money.authorise"), authority(id_, *acts, **more))


def contribute(partner: str, sector: str, pence: int, key: str, **more: Any) -> None:
    put = Contribution(more.pop("fund", "POT"), partner, sector, pence, APRIL, ENDS)
    services.contribute(
        grant("money.allocate"), put, **{"authority_id": "A1", "on": APRIL, "key": key} | more
    )  # fmt: skip


def hand_in(owner: str, side: str, *lines: PlanLine, year: str = "2026/27") -> int:
    """Submit a plan of a body; answers the number of its version."""
    kept = planning.store_plan(grant("planning.submit"), PlanVersion(owner, side, year, 1, lines))
    return int(planning.submit(grant("planning.submit"), kept.pk).pk)


def open_pot() -> None:
    """£6.0m of the NHS and £4.0m of the council, £9.0m of it received, on two lines; one of them is planned."""
    hand_in("QM7", "commissioner", HOME_CARE)
    services.make_fund(grant("money.allocate"), POT)
    for line in (HOME, BEDS):
        services.set_budget_line(grant("money.allocate"), line, decision=DECISION)
    give()
    contribute("QM7", "nhs", 6 * MILLION, "T1")
    contribute("E10000015", "la", 4 * MILLION, "T2")
    services.receive(grant("money.post"), "POT", "QM7", 6 * MILLION, on=APRIL, key="T3")
    services.receive(grant("money.post"), "POT", "E10000015", 3 * MILLION, on=APRIL, key="T4")
