"""Plans of one commissioner and one provider, drawn line by line."""

from __future__ import annotations

from decimal import Decimal

from joinedup.planning import PlanLine, PlanVersion, points_of_delivery

UNITS = {one.code: one.unit for one in points_of_delivery()}
Figure = int | Decimal


def activity(service: str, pod: str, month: str, value: Figure, provider: str = "RWG") -> PlanLine:
    return PlanLine("activity", "QM7", provider, service, pod, month, "activity", UNITS[pod], value)


def price(service: str, pod: str, pounds: int) -> PlanLine:
    return PlanLine("finance", "QM7", "RWG", service, pod, "2026/27", "unit_price", "pence a unit", pounds * 100)


def commissioner(*lines: PlanLine, number: int = 1, state: str = "draft") -> PlanVersion:
    return PlanVersion("QM7", "commissioner", "2026/27", number, lines, state=state)


def provider(*lines: PlanLine, number: int = 1, state: str = "draft", owner: str = "RWG") -> PlanVersion:
    return PlanVersion(owner, "provider", "2026/27", number, lines, state=state)
