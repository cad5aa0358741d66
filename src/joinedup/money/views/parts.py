"""What the pages of this room share: the way to them, how big sums are said, who may do what, forms sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.errors import NotFound, RuleError
from joinedup.moment import now
from joinedup.money import pot_of_pounds
from joinedup.system import as_of
from joinedup.ui import Crumb, read_date

MILLION = 100_000_000  # pence
NOTICE = "money-notice"
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


def new_key(prefix: str) -> str:
    """Answer a key for an act that a form carries, so that the form sent twice is one act."""
    return f"{prefix}-{uuid4()}"


def key_sent(sent: Mapping[str, str], prefix: str) -> str:
    """Answer the key that the form carried, or a new one where it carried none of ours."""
    key = sent.get("key", "").strip()
    return key if key.startswith(f"{prefix}-") and len(key) <= len(prefix) + 37 else new_key(prefix)


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


def text_sent(sent: Mapping[str, str], name: str, says: str, errors: dict[str, str]) -> str:
    """Answer a text that must be given."""
    text = sent.get(name, "").strip()
    if not text:
        errors[name] = says
    return text


def day_sent(
    sent: Mapping[str, str], name: str, what: str, errors: dict[str, str], *, start: date | None = None
) -> Any:
    """Answer a typed date with its boxes; one that is empty, or wrong, is said in `errors`."""
    written = read_date(sent, name, what)
    if written.problem:
        errors[f"{name}-{written.first_wrong}"] = written.problem
    elif written.value is None and start is None:
        errors[f"{name}-day"] = _("%(what)s: give the day, for example 1 4 2026") % {"what": what}
    return written


def summary(errors: Mapping[str, str]) -> list[dict[str, str]]:
    """Answer the error summary's lines, each leading to its field."""
    return [{"text": text, "href": f"#{field}"} for field, text in errors.items()]


def without_rule(error: Exception) -> str:
    """Answer an error's sentence without the rule's number, which is for those who write rules."""
    text = str(error)
    head, _colon, rest = text.partition(": ")
    return rest[:1].upper() + rest[1:] if len(head) <= 6 and head[:2].isupper() and rest else text


def bodies_named(codes: Iterable[str]) -> dict[str, str]:
    """Answer names by the codes that the books use; a code that nothing bears keeps itself.

    Books know a council by its own code or by that of the county that it governs: both lead to a name.
    """
    moment = now()
    picture = as_of(moment.valid_on, moment.known_at)
    found = {code: picture.find(code) for code in sorted(set(codes)) if code}
    bodies = picture.bodies_by_id(where[1] for where in found.values() if where and where[0] == "body")
    areas = picture.areas_by_id([where[1] for where in found.values() if where and where[0] == "area"], counted=False)
    names = {}
    for code, where in found.items():
        names[code] = code
        if where and where[0] == "area" and where[1] in areas:
            names[code] = areas[where[1]].name or code
        elif where and where[1] in bodies and bodies[where[1]].exists:
            names[code] = bodies[where[1]].name
    return names


def year_asked(request: Any, years: Iterable[str], newest: str) -> str:
    """Answer the financial year that the address asks for, else the newest; NotFound for one of which nothing is."""
    known = sorted(set(years))
    asked = request.GET.get("year", "").strip() or newest
    if asked and asked not in known:
        raise NotFound(_("Nothing is kept of %(year)s here. Choose a year on the page.") % {"year": asked})
    return asked
