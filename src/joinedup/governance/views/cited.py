"""What a paper cites, in words: as it was known when it was submitted, where to, and what it says today if it differs.

A page shows `cited_shown(version.cites, known_at)` with the macro `citations` of `governance/cited.jinja`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from joinedup.governance import models
from joinedup.governance.kept.citations import today_differs
from joinedup.governance.meetings.decisions import OUTCOMES
from joinedup.governance.views.parts import sees_private
from joinedup.measures import month_shown
from joinedup.ui.tables import pounds

KINDS = {
    "decision": "Decision", "plan_line": "Plan line", "measure": "Measure", "allocation": "Allocation by need",
    "budget_line": "Budget line",
}  # fmt: skip
PLACES = {
    "decision": "governance:decision", "plan_line": "money:plan-line", "measure": "measures:measure",
    "budget_line": "money:line",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CitedThing:
    """A cited thing in words: what kind it is, what it said then, where it is, and what it says today where it differs.

    `today` "" where it says the same; `is_gone` where it cannot be found any more.
    """

    kind: str
    name: str
    then: str
    href: str
    today: str
    is_gone: bool


def cited_shown(cites: Iterable[Mapping[str, Any]], known_at: datetime, request: Any = None) -> list[CitedThing]:
    """Answer what a version of a paper cites, in words, beside what that says as known at an instant.

    A decision that was taken in private says nothing, but to whoever asks (`request`) and belongs to that private part.
    """
    return [_private() if _is_hidden(one, request) else _shown(one, known_at) for one in cites]


def said_of(one: Mapping[str, Any]) -> str:
    """Answer what a kept citation says: its value with unit, interval or state."""
    return _WORDS[one["kind"]](one)


def _shown(one: Mapping[str, Any], known_at: datetime) -> CitedThing:
    now = today_differs(one, known_at)
    gone = now is not None and "gone" in now
    today = "" if now is None else _("no longer there") if gone else said_of(now)
    return CitedThing(_(KINDS[one["kind"]]), _name(one), said_of(one), _href(one), today, gone)


def _is_hidden(one: Mapping[str, Any], request: Any) -> bool:
    if one["kind"] != "decision":
        return False
    found = models.Decision.objects.select_related("item__meeting").filter(pk=one["id"]).first()
    item = found.item if found else None
    if item is None or not item.is_private:
        return False
    return request is None or not sees_private(request, item.meeting.board_id)


def _private() -> CitedThing:
    return CitedThing(_(KINDS["decision"]), _("taken in private"), _("nothing of it is shown"), "", "", False)


def _name(one: Mapping[str, Any]) -> str:
    if one["kind"] == "measure":
        return str(one.get("title") or one["id"])
    if one["kind"] == "allocation":
        return f"{one.get('place') or one['id']}, {one.get('year', '')}"
    return str(one["id"]).replace("_", " ").replace("|", " ") if one["kind"] == "plan_line" else str(one["id"])


def _href(one: Mapping[str, Any]) -> str:
    if one["kind"] == "allocation":
        return reverse("money:allocation")
    key = str(one["id"]).partition("|")[0] if one["kind"] == "measure" else one["id"]
    try:
        found = reverse(PLACES[one["kind"]], args=[key])
    except NoReverseMatch:
        return ""
    return f"{found}?area={one['area']}" if one["kind"] == "measure" and one.get("area") else found


def _decision(one: Mapping[str, Any]) -> str:
    outcome = OUTCOMES.get(one.get("outcome") or "")
    said = _(outcome) if outcome else _("waits for its members")
    return f"{said}, {pounds(one['pence'])}" if one.get("pence") else said


def _plan_line(one: Mapping[str, Any]) -> str:
    unit = str(one.get("unit", ""))
    value = pounds(int(one["value"])) if unit == "pence" and str(one["value"]).lstrip("-").isdigit() else one["value"]
    unit = "" if unit == "pence" else f" {unit.replace('_', ' ')}"
    return _("%(value)s%(unit)s (version %(number)s, %(state)s)") % {
        "value": value, "unit": unit, "number": one.get("version", "–"), "state": one.get("state", "–"),
    }  # fmt: skip


def _measure(one: Mapping[str, Any]) -> str:
    if not one.get("month"):
        return one.get("status") or str(one.get("unit", ""))
    value = one["shown"] if one.get("value") is not None else one.get("status") or "*"
    unit = "" if "%" in str(value) or one.get("value") is None else f" {one.get('unit', '')}"
    interval = f" ({one['interval']})" if one.get("interval") else ""
    month = date.fromisoformat(f"{one['month']}-01")
    said = f"{value}{unit}{interval}, {one.get('place', '')}, {month_shown(month)}"
    return said + (", " + _("from figures made later") if one.get("made_later") else "")


def _money(one: Mapping[str, Any]) -> str:
    if one["kind"] == "allocation":
        return _("%(pence)s of a pot of %(pot)s") % {"pence": pounds(one["pence"]), "pot": pounds(one["pot"])}
    return _("%(pence)s, of which %(spent)s were spent") % {
        "pence": pounds(one["pence"]), "spent": pounds(one["spent"])
    }  # fmt: skip


_WORDS = {
    "decision": _decision, "plan_line": _plan_line, "measure": _measure, "allocation": _money, "budget_line": _money,
}  # fmt: skip
