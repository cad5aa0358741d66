"""How plans and their disagreements are said on pages: names of codes, figures with their units, states, acts."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from joinedup.planning.plans.dated_codes import own_codes
from joinedup.planning.plans.plan_lines import PENCE, PENCE_A_UNIT, PERCENT, Code, Number, first_day
from joinedup.planning.triangulation.pairing import Pair

KINDS = {
    "activity": _("Activity"),
    "workforce": _("Workforce"),
    "finance": _("Money"),
    "performance": _("Performance"),
}
SIDES = {"commissioner": _("Commissioner"), "provider": _("Provider")}
# state -> (words, colour of the tag)
VERSION_STATES: dict[str, tuple[Any, str]] = {
    "draft": (_("Draft"), "grey"),
    "submitted": (_("Submitted"), "blue"),
    "reconciling": (_("Being compared"), "yellow"),
    "agreed": (_("Agreed"), "green"),
    "signed": (_("Signed"), "green"),
    "superseded": (_("Replaced by a later version"), "grey"),
}
GAP_STATES: dict[str, tuple[Any, str]] = {
    "open": (_("Open"), "red"),
    "assigned": (_("Assigned"), "orange"),
    "proposed": (_("Proposed"), "blue"),
    "accepted": (_("Accepted by both"), "aqua-green"),
    "escalated": (_("Escalated"), "pink"),
    "arbitrated": (_("Decided"), "aqua-green"),
    "closed": (_("Closed"), "green"),
}
REASONS = {
    "outside": _("Apart by more than is allowed"),
    "material": _("Close in numbers, but worth more than is allowed"),
    "commissioner only": _("Only the commissioner plans it"),
    "provider only": _("Only the provider plans it"),
    "year": _("Small in each month, too much over the year"),
}
ACTS = {
    "assign": _("Assigned"),
    "adjust_commissioner": _("Proposed: the commissioner changes its figure"),
    "adjust_provider": _("Proposed: the provider changes its figure"),
    "both": _("Proposed: both change their figures"),
    "explain": _("Proposed: both figures stand, with an explanation"),
    "accept_gap": _("Proposed: the gap is accepted"),
    "accept": _("Accepted"),
    "reject": _("Rejected"),
    "escalate": _("Escalated to the system"),
    "arbitrate": _("Decided by the system"),
    "close": _("Closed: done as agreed"),
}
MEASURES = {
    "activity": _("activity"),
    "establishment": _("posts"),
    "in_post": _("staff in post"),
    "bank": _("bank"),
    "agency": _("agency"),
    "needed": _("staff needed"),
    "joiners": _("joiners"),
    "leavers": _("leavers"),
    "headcount": _("people employed"),
    "contract_value": _("contract value"),
    "income": _("income"),
    "spend": _("spend"),
    "pay": _("pay"),
    "unit_price": _("price of one unit"),
    "rtt-18": _("treated within 18 weeks"),
    "ae-4h": _("emergency department within 4 hours"),
    "cancer-62": _("cancer within 62 days"),
    "diagnostics-6": _("diagnostics within 6 weeks"),
    "bed-occupancy": _("bed occupancy"),
    "waiting-list": _("waiting list"),
    "over-52-weeks": _("waiting over 52 weeks"),
    "beds": _("beds"),
}
CHECKS = {
    "activity to income": _("Activity against money: income"),
    "activity to WTE": _("Activity against workforce: staff needed"),
    "WTE to pay": _("Workforce against money: pay"),
    "activity to beds": _("Activity against beds"),
    "productivity": _("Productivity against the year before"),
    "agency": _("Agency spend against its limit"),
    "bank": _("Bank spend against its limit"),
    "cost base": _("Spend against its limit"),
    "both sides": _("Money of both sides: contract value"),
}
# A month is April 2026 and a year is the year 2026/27.
_NO_SERVICE = ""


@lru_cache(maxsize=1)
def code_names() -> dict[tuple[str, Code], str]:
    """Answer the names of services, professions and points of delivery by (kind, code)."""
    return {(one.kind, one.code): one.name for one in own_codes()}


def code_name(kind: str, code: Code) -> str:
    """Answer the name of a service, profession or point of delivery; the code itself where it has none."""
    return code_names().get((kind, code), code)


def pod_name(kind: str, pod: Code) -> str:
    """Answer what the `pod` of a line of a kind is called: a profession for staff, else a point of delivery."""
    return code_name("profession" if kind == "workforce" else "pod", pod)


def period_name(period: str) -> str:
    """Answer "April 2026" for a month and "2026/27" for a year."""
    return period if "/" in period else f"{first_day(period):%B %Y}"


def subject_of(pair: Pair) -> str:
    """Answer what two plans speak of, in words: point of delivery, specialty, measure, period."""
    parts = [
        pod_name(pair.kind, pair.pod) if pair.pod else "",
        code_name("service", pair.service) if pair.service else _NO_SERVICE,
        "" if pair.kind == "activity" else str(MEASURES.get(pair.measure, pair.measure)),
        period_name(pair.period),
    ]
    said = ", ".join(part for part in parts if part)
    return said[:1].upper() + said[1:]


def figure(value: Number | None, unit: str, of: Number | None = None) -> str:
    """Answer a figure of a plan with its unit; "not planned" where there is none."""
    if value is None:
        return str(_("not planned"))
    if of is not None:
        return f"{Decimal(value) / Decimal(of) * 100:.1f}%"
    if unit == PERCENT:
        return f"{number(value)}%"
    if unit in (PENCE, PENCE_A_UNIT):
        sign = "−" if value < 0 else ""
        return f"{sign}£{abs(Decimal(value)) / 100:,.2f}" + ("" if unit == PENCE else f" {_('a unit')}")
    return f"{number(value)} {unit}"


def apart(gap: Number, unit: str) -> str:
    """Answer by how much two figures differ, or may: rates in percentage points."""
    if unit == PERCENT:
        return f"{Decimal(gap):.1f} " + str(_("percentage points"))
    return figure(gap, unit)


def number(value: Number) -> str:
    """Answer a number with thousands separators and at most two decimals."""
    if isinstance(value, int) or value == value.to_integral_value():
        return f"{int(value):,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def check_name(check: str) -> str:
    """Answer the name of a check; its key is "activity to WTE: RWG"."""
    return str(CHECKS.get(check.split(":")[0], check))


def tag(states: dict[str, tuple[Any, str]], state: str) -> dict[str, str]:
    """Answer a state as the NHS.UK tag takes it."""
    words, colour = states.get(state, (state, "grey"))
    return {"text": str(words), "classes": f"nhsuk-tag--{colour}"}
