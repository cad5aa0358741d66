"""What the pages of this room share: the way to them, how big sums are said, who may do what, forms sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.errors import NotFound, RuleError
from joinedup.moment import now
from joinedup.money import pot_of_pounds
from joinedup.system import as_of
from joinedup.ui import Crumb
from joinedup.ui.sent import NOTICE, day_sent, key_sent, new_key, summary, text_sent, without_rule

__all__ = [
    "NOTICE", "bodies_named", "crumbs", "day_sent", "fund_crumb", "in_millions", "key_sent", "line_crumbs", "may",
    "new_key", "pence_sent", "said_plainly", "summary", "text_sent", "without_rule", "year_asked",
]  # fmt: skip
MILLION = 100_000_000  # pence
ACTS = {
    "commitment": "Commitments", "virement": "Virements", "contribution": "Contributions",
    "risk_share": "Calls under the risk share",
}  # fmt: skip


def crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb("joinedup", "/"), Crumb(_("Money"), reverse("money:start")), *more]


def fund_crumb(fund: Any) -> Crumb:
    return Crumb(fund.name, reverse("money:fund", args=[fund.code]))


def line_crumbs(line: Any, fund: Any) -> list[Crumb]:
    return crumbs(fund_crumb(fund), Crumb(line.name, reverse("money:line", args=[line.code])))


def may(request: Any, permission: str) -> bool:
    """Answer whether whoever asks may do this today; the act asks again."""
    return decide(actor_of(request.user), permission, now().valid_on).allowed


def in_millions(pence: int) -> str:
    """Answer a big sum as "£1.23m", half away from nothing at the last place; below a million as it is."""
    if abs(pence) < MILLION:
        return ""
    tenths = (abs(pence) * 2 + MILLION // 100) // (MILLION // 50)
    return f"{'−' if pence < 0 else ''}£{tenths // 100:,}.{tenths % 100:02d}m"


def pence_sent(sent: Mapping[str, str], name: str, what: str, errors: dict[str, str], *, signed: bool = False) -> int:
    """Answer the pence that were typed as pounds; what is wrong goes to `errors` under the field's name."""
    text = sent.get(name, "").strip()
    if not text:
        errors[name] = _("%(what)s: give pounds and pence, such as 1234.56") % {"what": what}
        return 0
    try:
        pence = pot_of_pounds(text.replace("−", "-"))
    except RuleError:
        pence = None
    if pence is None or (pence <= 0 and not signed) or abs(pence) > 10**15:
        says = (
            _("%(what)s must be pounds and pence, such as 1234.56 or −1234.56")
            if signed
            else _("%(what)s must be pounds and pence above 0, such as 1234.56")
        )
        errors[name] = says % {"what": what}
        return 0
    return pence


def bodies_named(codes: Iterable[str]) -> dict[str, str]:
    """Answer names by the codes that the books use; a code that nothing bears keeps itself.

    Books know a council by its own code or by that of the county that it governs: both lead to a name.
    """
    moment = now()
    picture = as_of(moment.valid_on, moment.known_at)
    asked = sorted(code for code in set(codes) if code)
    found = picture.find_each(asked)
    bodies = picture.bodies_by_id(where[1] for where in found.values() if where[0] == "body")
    areas = picture.areas_by_id([where[1] for where in found.values() if where[0] == "area"], counted=False)
    names = {code: code for code in asked}
    for code, where in found.items():
        if where[0] == "area" and where[1] in areas:
            names[code] = areas[where[1]].name or code
        elif where[1] in bodies and bodies[where[1]].exists:
            names[code] = bodies[where[1]].name
    return names


def said_plainly(plan_line: str) -> str:
    """Answer the key of a plan line as words: what kind, whose, which period and measure."""
    return " ".join(part for part in plan_line.replace("_", " ").split("|") if part)


def year_asked(request: Any, years: Iterable[str], newest: str) -> str:
    """Answer the financial year that the address asks for, else the newest; NotFound for one of which nothing is."""
    known = sorted(set(years))
    asked = request.GET.get("year", "").strip() or newest
    if asked and asked not in known:
        raise NotFound(_("Nothing is kept of %(year)s here. Choose a year on the page.") % {"year": asked})
    return asked
