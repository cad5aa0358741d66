"""The scheme of reservation and delegation: each function, whose it is, what is handed on and up to which limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.governance import models
from joinedup.governance.delegation.deciding_alone import RESERVED
from joinedup.governance.delegation.scheme import Delegation, Owned, owned_by_lines, owners_by_day, scheme_report
from joinedup.governance.kept.delegations import (
    AHEAD,
    as_delegation,
    delegations_of,
    powers_of,
    vacant_posts,
)
from joinedup.governance.kept.officers import officer_faults_of
from joinedup.governance.kept.registers import days_of
from joinedup.governance.reading import delegations_on
from joinedup.governance.views.parts import board_names, crumbs, may
from joinedup.moment import Moment
from joinedup.system import Period, owned_functions
from joinedup.ui import Column, Page, Table
from joinedup.ui.dates import day
from joinedup.ui.sent import NOTICE
from joinedup.ui.tables import pounds

PER = {"decision": "in one decision", "fy": "for one purchase in a financial year", "contract": "in one contract"}


@requires("governance.read")
@require_safe
def delegations(request: Any) -> HttpResponseBase:
    moment = request.moment
    return Page(
        request,
        "governance/delegations.jinja",
        title=_("Who may decide what"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        may_keep=may(request, "governance.keep"),
        lines=delegations_table(delegations_on(moment), moment, may_change=may(request, "governance.keep")),
        owners=owners_table(moment),
        gaps=gaps_table(moment),
        powers=powers_table(moment),
        officer=officer_said(moment),
    ).response()


def delegations_table(lines: Iterable[models.Delegation], moment: Moment, *, may_change: bool = False) -> Table:
    """Answer lines of the scheme with their limits, and which of them rest because nobody holds the post (C11)."""
    lines = list(lines)
    names = board_names(moment)
    vacant = vacant_posts(lines, moment)
    rests = {one.pk: _rests(vacant.get(one.to, ()), moment) if one.to_kind == "post" else "" for one in lines}
    changes = [
        Column("change", _("Change"), "link", "change_href", where="page"),
        Column("end", _("End"), "link", "end_href", where="page"),
    ]
    return Table(
        [
            Column("function", _("Function")),
            *(changes if may_change else ()),
            Column("what", _("Held as")),
            Column("owner", _("From"), "link", "owner_href"),
            Column("to", _("To"), "link", "to_href"),
            Column("limit", _("Limit"), where="page"),
            Column("pence", _("Limit in pounds"), "pence", where="file"),
            Column("conditions", _("Conditions")),
            *([Column("rests", _("Rests"))] if any(rests.values()) else ()),
            Column("until", _("Ends"), "date"),
        ],
        [
            {
                "function": function_said(one.function),
                "what": _what(one),
                "rests": rests[one.pk],
                "change": _("Change it"),
                "change_href": reverse("governance:change-delegation", args=[one.key]),
                "end": _("End it"),
                "end_href": reverse("governance:end-delegation", args=[one.key]),
                "owner": names.get(one.from_board_id, one.from_board_id),
                "owner_href": reverse("governance:board", args=[one.from_board_id]),
                "to": "" if one.reserved else names.get(one.to, one.to),
                "to_href": reverse("governance:board", args=[one.to]) if one.to in names and not one.reserved else "",
                "limit": limit_said(one),
                "pence": one.limit_pence,
                "conditions": one.conditions,
                "until": one.valid.upper,
            }
            for one in lines
        ],
        caption=_("Reserved and delegated"),
        name="delegations",
        empty=_("Nothing is reserved or delegated on this day: no item about a function can be put to a board."),
    )


def owners_table(moment: Moment) -> Table:
    """Answer who owns each function on each day of the coming year: gaps name nobody, overlaps name all (D1, V7)."""
    rows = [
        {
            "function": found.function, "since": found.days.start, "until": found.days.end,
            "owner": ", ".join(found.who) or _("Nobody"),
            "stands": _("One owner") if len(found.who) == 1 else _("Overlap") if found.who else _("Gap"),
        }
        for functions, owned, _lines in _owned(moment)
        for found in owners_by_day(functions, owned, _year(moment))
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["stands"] == _("One owner"), row["function"], row["since"]))
    return Table(
        [
            Column("function", _("Function")), Column("owner", _("Owned by")), Column("stands", _("Stands")),
            Column("since", _("From"), "date"), Column("until", _("Up to"), "date"),
        ],
        rows,
        caption=_("Who owns each function on each day of the next year"), name="owners",
        notes=[
            _("Whoever gives a function away stays accountable for it, and owns it."),
            _("A function without a line in the scheme is owned by the body that has it for its area."),
        ],
        empty=_("No function is in the scheme yet. A board secretary reserves or delegates the first."),
    )  # fmt: skip


def gaps_table(moment: Moment) -> Table:
    """Answer on which days of the coming year a function has no one owner, or is both reserved and delegated."""
    rows = []
    for functions, owned, lines in _owned(moment):
        report = scheme_report(functions, owned, lines, _year(moment))
        for many, words in (
            (report.gaps, _("Nobody owns it")),
            (report.overlaps, _("Several own it")),
            (report.reserved_and_delegated, _("Both reserved and delegated")),
        ):
            rows += [
                {
                    "function": one.function, "what": words, "since": one.days.start, "until": one.days.end,
                    "who": ", ".join(one.who),
                }
                for one in many
            ]  # fmt: skip
    return Table(
        [
            Column("function", _("Function")), Column("what", _("What is wrong")), Column("who", _("Who")),
            Column("since", _("From"), "date"), Column("until", _("Up to"), "date"),
        ],
        rows,
        caption=_("Gaps and overlaps in the next year"),
        name="gaps",
        empty=_("No gap and no overlap: each function has one owner on every day of the next year."),
    )  # fmt: skip


def powers_table(moment: Moment) -> Table:
    """Answer which law allows a function or a committee on which days (G6)."""
    rows = [
        {
            "power": function_said(one.power), "law": one.law, "since": one.valid.lower, "until": one.valid.upper,
            "stands": _("In force") if moment.valid_on in days_of(one) else _("Not in force"),
        }
        for lines in powers_of(moment.known_at).values()
        for one in lines
    ]  # fmt: skip
    return Table(
        [
            Column("power", _("Function or committee")), Column("law", _("Law")), Column("stands", _("On this day")),
            Column("since", _("From"), "date"), Column("until", _("Up to"), "date"),
        ],
        sorted(rows, key=lambda row: (row["power"], row["since"])),
        caption=_("Powers and the law behind them"), name="powers",
        notes=[_("A power is delegated, and decided under, only while its law is in force.")],
        empty=_("No law is written down, so that no power is held to its days."),
    )  # fmt: skip


def officer_said(moment: Moment) -> list[str]:
    """Answer in sentences what is wrong with the posts of each system's accountable officer on a day (G4)."""
    found = []
    for system in _systems():
        faults = officer_faults_of(system, moment)
        found += [f"{system}: {one}" for one in faults]
    return found


def _systems() -> list[str]:
    return list(models.Board.objects.order_by("system").values_list("system", flat=True).distinct())


def _owned(moment: Moment) -> list[tuple[set[str], list[Owned], list[Delegation]]]:
    """Answer of each system its functions, who owns them and the lines of its scheme, in the words of people.

    By the lines of the scheme their boards own them; of the functions that are in no line, the bodies that have them.
    """
    names = board_names(moment)
    found = []
    for system in _systems():
        lines = [as_delegation(one) for one in delegations_of(system, moment.known_at)]
        said = [replace(one, function=function_said(one.function)) for one in lines]
        owned = [replace(one, owner=names.get(one.owner, one.owner)) for one in owned_by_lines(said)]
        inside = [one for one in owned_functions(system, moment) if one.function not in {row.function for row in lines}]
        areas: dict[str, set[str]] = {}
        for row in inside:
            areas.setdefault(row.title, set()).add(row.area)
        owned += [
            Owned(
                f"{one.title} ({one.area})" if len(areas[one.title]) > 1 else one.title, one.owner, one.start, one.end
            )
            for one in inside
        ]
        found.append(({one.function for one in owned} | {one.function for one in said}, owned, said))
    return found


def _year(moment: Moment) -> Period:
    return Period(moment.valid_on, moment.valid_on + AHEAD)


def _rests(vacant: Iterable[Period], moment: Moment) -> str:
    """Answer since when, or from when on, the post is vacant, so that its delegations rest; "" while it is held."""
    for days in sorted(vacant, key=lambda one: one.start):
        if moment.valid_on in days:
            return _("Yes: nobody holds the post since %(day)s") % {"day": day(days.start)}
        if days.start > moment.valid_on:
            return _("From %(day)s, when nobody holds the post") % {"day": day(days.start)}
    return ""


def limit_said(line: models.Delegation) -> str:
    """Answer the limit of a line in words."""
    if line.limit_pence is None:
        return "" if line.reserved else _("No limit")
    heads = _(" for each %(people)s people") % {"people": f"{line.per_population:,}"} if line.per_population else ""
    return f"{pounds(line.limit_pence)}{heads} {_(PER.get(line.per or 'decision', ''))}".strip()


def _what(line: models.Delegation) -> str:
    if not line.reserved:
        return _("Delegated")
    return _("Reserved: %(type)s") % {"type": _(RESERVED[line.reserved_type])} if line.reserved_type else _("Reserved")


def function_said(code: str) -> str:
    """Answer what people call a function."""
    return code.replace("-", " ").capitalize()
