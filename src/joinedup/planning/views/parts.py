"""What the pages of this room share: the year that is looked at, for whom somebody acts, names of bodies, notices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.errors import Refused
from joinedup.moment import now
from joinedup.planning import LineError, ParameterSet, services, year_of
from joinedup.planning.models import Plan
from joinedup.planning.plans.plan_lines import Code, months_of
from joinedup.planning.system_parameters import system_parameters
from joinedup.system import as_of
from joinedup.ui import Crumb

_NOTICE = "planning.said"
Row = dict[str, Any]


def parameters() -> ParameterSet:
    """Answer what planning assumes here."""
    return system_parameters()


def years() -> list[str]:
    """Answer the years of which a plan was handed in, the latest first."""
    return list(Plan.objects.order_by("-year").values_list("year", flat=True).distinct())


def year_asked(request: Any) -> str:
    """Answer the year that the address names, else the latest with a plan, else the one that comes next."""
    asked = str(request.GET.get("year", "")).strip()
    if asked:
        months_of(asked)  # LineError says what a year looks like
        return asked
    known = years()
    return known[0] if known else next_year()


def next_year() -> str:
    """Answer the financial year after today's."""
    today = now().valid_on
    return year_of(f"{today.year + 1}-{today.month:02d}")


def years_to_choose(chosen: str) -> list[dict[str, Any]]:
    """Answer the items of a select: every year with a plan, the next one, and the one chosen."""
    every = sorted({*years(), next_year(), chosen}, reverse=True)
    return [{"value": one, "text": one, "selected": one == chosen} for one in every]


def is_year(text: str) -> bool:
    """Answer whether a text names a financial year."""
    try:
        months_of(text)
    except LineError:
        return False
    return True


def names_of(codes: Iterable[Code]) -> dict[Code, str]:
    """Answer the names that bodies have today, by code; a code that denotes none is its own name."""
    moment = now()
    picture = as_of(moment.valid_on, moment.known_at)
    asked = [code for code in dict.fromkeys(codes) if code]
    ids = {code: one for code, (kind, one) in picture.find_each(asked).items() if kind == "body"}
    bodies = picture.bodies_by_id(ids.values())
    return {code: bodies[ids[code]].name if code in ids and ids[code] in bodies else code for code in asked}


def bodies_of(grant: Any, codes: Iterable[Code]) -> list[Code]:
    """Answer the bodies, of these, for which the person behind a grant may act."""
    found = []
    for code in dict.fromkeys(codes):
        try:
            services.must_act_for(grant, code)
        except Refused:
            continue
        found.append(code)
    return found


def own_codes_of(grant: Any, codes: Iterable[Code]) -> set[Code]:
    """Answer those of many codes that the body of a grant bears today; all of them for a role in the whole system."""
    if grant.is_service or grant.body_id is None:
        return set(codes)
    moment = now()
    body = as_of(moment.valid_on, moment.known_at).bodies_by_id([grant.body_id]).get(grant.body_id)
    return {body.code, body.key} & set(codes) if body else set()


def may(request: Any, permission: str) -> bool:
    """Answer whether whoever asks may do that."""
    return decide(actor_of(request.user), permission, now().valid_on).allowed


def crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb("joinedup", "/"), Crumb(_("Plans"), reverse("planning:start")), *more]


def href(name: str, *args: Any, **query: str) -> str:
    """Answer the address of a page of this room, with what it is asked for."""
    address = reverse(f"planning:{name}", args=args)
    given = {key: value for key, value in query.items() if value}
    return f"{address}?{urlencode(given)}" if given else address


def say(request: Any, text: str) -> None:
    """Keep a sentence for the next page."""
    request.session[_NOTICE] = text


def said(request: Any) -> str:
    """Answer the sentence that was kept, once."""
    return str(request.session.pop(_NOTICE, ""))


def error(text: str, box: str) -> dict[str, str]:
    """Answer one line of an error summary."""
    return {"text": plain(text), "href": f"#{box}"}


def plain(text: str) -> str:
    """Answer a rule's message without its number, which helps nobody at a form."""
    head, colon, rest = text.partition(": ")
    if colon and len(head) <= 6 and head[:1] == "M" and any(one.isdigit() for one in head):
        return rest[:1].upper() + rest[1:]
    return text


def sentence(text: str) -> str:
    """Answer a rule's reason as a sentence."""
    text = plain(text)
    return text[:1].upper() + text[1:]


def items(choices: Iterable[tuple[str, str]], chosen: str, first: str = "") -> list[dict[str, Any]]:
    """Answer the items of a select; `first` is the text of the one that stands for all."""
    found = [{"value": value, "text": text, "selected": value == chosen} for value, text in choices]
    return [{"value": "", "text": first, "selected": not chosen}, *found] if first else found
