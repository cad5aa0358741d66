"""The scheme of reservation and delegation: each function, whose it is, what is handed on and up to which limit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.governance import models
from joinedup.governance.delegation.deciding_alone import RESERVED
from joinedup.governance.delegation.scheme import scheme_report
from joinedup.governance.kept.delegations import as_delegation, delegations_of
from joinedup.governance.reading import delegations_on
from joinedup.governance.views.parts import board_names, crumbs
from joinedup.moment import Moment
from joinedup.system import Period
from joinedup.ui import Column, Page, Table
from joinedup.ui.tables import pounds

AHEAD = timedelta(days=366)
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
        lines=delegations_table(delegations_on(moment), moment),
        gaps=gaps_table(moment),
    ).response()


def delegations_table(lines: Iterable[models.Delegation], moment: Moment) -> Table:
    """Answer lines of the scheme with their limits."""
    names = board_names(moment)
    return Table(
        [
            Column("function", _("Function")),
            Column("what", _("Held as")),
            Column("owner", _("From"), "link", "owner_href"),
            Column("to", _("To"), "link", "to_href"),
            Column("limit", _("Limit"), where="page"),
            Column("pence", _("Limit in pounds"), "pence", where="file"),
            Column("conditions", _("Conditions")),
            Column("until", _("Ends"), "date"),
        ],
        [
            {
                "function": _function(one.function),
                "what": _what(one),
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


def gaps_table(moment: Moment) -> Table:
    """Answer on which days of the coming year a function has no line, or is both reserved and delegated (D1)."""
    rows = []
    within = Period(moment.valid_on, moment.valid_on + AHEAD)
    systems = models.Board.objects.order_by("system").values_list("system", flat=True).distinct()
    for system in systems:
        lines = [as_delegation(one) for one in delegations_of(system, moment.known_at)]
        # A function may be delegated to several places at once; the rule looks at reserved against delegated.
        report = scheme_report({one.function for one in lines}, (), lines, within)
        for found, words in (
            (report.without_line, _("Neither reserved nor delegated")),
            (report.reserved_and_delegated, _("Both reserved and delegated")),
        ):
            rows += [
                {"function": _function(one.function), "what": words, "since": one.days.start, "until": one.days.end}
                for one in found
            ]
    return Table(
        [
            Column("function", _("Function")),
            Column("what", _("What is wrong")),
            Column("since", _("From"), "date"),
            Column("until", _("Up to"), "date"),
        ],
        rows,
        caption=_("Gaps and overlaps in the next year"),
        name="gaps",
        empty=_("No gap and no overlap: each function is either reserved or delegated on every day of the next year."),
    )


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


def _function(code: str) -> str:
    return code.replace("-", " ").capitalize()
