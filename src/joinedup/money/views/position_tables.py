"""The tables of the system's position, of what bodies say of each other, and of the Better Care Fund's checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy

from joinedup.money.models import Fund
from joinedup.money.pot.better_care_fund_as_kept import BoardChecks
from joinedup.money.pot.funds import FUND_KINDS
from joinedup.money.pot.mismatches_as_kept import OneSided
from joinedup.money.pot.positions import Mismatch, SystemPosition
from joinedup.money.pot.positions_as_kept import BodyStanding, FundStanding
from joinedup.ui import Column, Table

Names = Mapping[str, str]
SINCE = gettext_lazy("Spent since: posted after the month, and in no other column; a later month holds it.")


def bodies_table(found: Sequence[BodyStanding], names: Names, name: str) -> Table:
    captions = {
        "inside": _("Bodies inside the control total"),
        "beside": _("Beside it: councils, and bodies of another kind"),
    }
    rows = [
        {
            "body": names.get(one.body, one.body),
            "href": reverse("system:body", args=[one.body]) if names.get(one.body, one.body) != one.body else None,
            "code": one.body,
            "plan": one.plan,
            "state": one.plan_state,
            "actual": one.actual,
            "forecast": one.forecast,
            "variance": one.variance,
            "unknown": _("not known"),
            "missing": "; ".join(one.missing),
        }
        for one in found
    ]
    columns = [
        Column("body", _("Body"), "link", "href"),
        Column("code", _("Code"), where="file"),
        Column(
            "plan", _("Plan"), "pence", mark_key="unknown", note="Income less spend for the year: plus is a surplus."
        ),
        Column("state", _("State of the plan"), where="file"),
        Column("actual", _("So far"), "pence", mark_key="unknown", where="file"),
        Column("forecast", _("Forecast"), "pence", mark_key="unknown"),
        Column(
            "variance", _("Variance"), "pence", mark_key="unknown", note="Forecast less plan: plus is better (MB11)."
        ),
    ]
    if any(one.missing for one in found):
        columns.append(Column("missing", _("What is missing")))
    return Table(
        columns,
        rows,
        caption=captions[name],
        name=name,
        per_page=0,
        notes=[_("Plus is a surplus; a variance above £0 is better than planned.")],
        empty=_("None is known here."),
    )


def offsets_table(found: SystemPosition, names: Names) -> Table:
    return Table(
        [
            Column("body", _("Worse than planned")),
            Column("short", _("By"), "pence"),
            Column("giver", _("Made good by")),
            Column("pence", _("With"), "pence"),
        ],
        [
            {
                "body": names.get(body, body),
                "short": next(-one.variance for one in found.bodies if one.body == body),
                "giver": names.get(giver, giver),
                "pence": pence,
            }
            for body, given in found.offsets.items()
            for giver, pence in given.items()
        ],
        caption=_("Who makes good for whom"),
        name="offsets",
        per_page=0,
        can_filter=False,
        notes=[_("What better bodies have over is shared over the worse ones in proportion, to the penny.")],
        empty=_("No body is worse than planned while another is better."),
    )


def funds_table(found: Sequence[FundStanding]) -> Table:
    names = dict(Fund.objects.filter(pk__in=[one.fund for one in found]).values_list("code", "name"))
    return Table(
        [
            Column("fund", _("Fund"), "link", "href"),
            Column("kind", _("Kind"), where="file"),
            Column("budget", _("Budget"), "pence"),
            Column("actual", _("Spent"), "pence"),
            Column("committed", _("Committed"), "pence"),
            Column("forecast", _("Forecast"), "pence", note="By run rate (MB8)."),
            Column("variance", _("Variance"), "pence", note="Budget less forecast: plus is an underspend (MB8)."),
            *([Column("since", _("Spent since"), "pence", note=str(SINCE))] if any(one.since for one in found) else []),
        ],
        [
            {
                "fund": names.get(one.fund, one.fund),
                "href": reverse("money:fund", args=[one.fund]),
                "kind": FUND_KINDS.get(one.kind, one.kind),
                "budget": one.budget,
                "actual": one.actual,
                "committed": one.committed,
                "forecast": one.forecast,
                "variance": one.variance,
                "since": one.since,
            }
            for one in found
        ],
        caption=_("Funds, whose money stands in the books of bodies already"),
        name="funds",
        per_page=0,
        can_filter=False,
        notes=[_("A variance above £0 is an underspend."), *([str(SINCE)] if any(one.since for one in found) else [])],
        empty=_("There is no fund in this year."),
    )


def apart_table(found: Sequence[Mismatch], names: Names) -> Table:
    return Table(
        [
            Column("payer", _("Payer")),
            Column("payee", _("Payee")),
            Column("pays", _("The payer says"), "pence"),
            Column("earns", _("The payee says"), "pence"),
            Column("apart", _("Apart"), "pence", note="What the payer says less what the payee says (MB12)."),
        ],
        [
            _pair(one.payer, one.payee, names)
            | {"pays": one.payer_says, "earns": one.payee_says, "apart": one.difference}
            for one in found
        ],
        caption=_("Further apart than the limit"),
        name="apart",
        per_page=0,
        notes=[_("Until they agree, the payer's figure counts.")],
        empty=_("No pair is further apart than the limit."),
    )


def silent_table(found: Sequence[OneSided], names: Names) -> Table:
    return Table(
        [
            Column("payer", _("Payer")),
            Column("payee", _("Payee")),
            Column("pence", _("The one says"), "pence"),
            Column("silent", _("The other")),
            Column("why", _("Why")),
        ],
        [
            _pair(one.payer, one.payee, names)
            | {"pence": one.said_pence, "silent": names.get(one.silent, one.silent), "why": one.why}
            for one in found
        ],
        caption=_("Pairs of which one is silent"),
        name="silent",
        per_page=0,
        notes=[_("Silence is not £0: nothing is compared.")],
        empty=_("Wherever one says something, the other does."),
    )


def checks_table(found: BoardChecks, board: str) -> Table:
    return Table(
        [
            Column("check", _("Check")),
            Column("required", _("Required"), "pence"),
            Column("actual", _("There is"), "pence"),
            Column("short", _("Too little"), "pence"),
            Column("passes", _("Passes")),
        ],
        [
            {
                "check": one.check,
                "required": one.required,
                "actual": one.actual,
                "short": max(0, one.required - one.actual),
                "passes": _("Yes") if one.passes else _("No"),
            }
            for one in found.results
        ],
        caption=_("Checks of %(board)s") % {"board": board},
        name=f"checks_{''.join(c for c in found.board.lower() if c.isalnum())}",
        per_page=0,
        can_filter=False,
        can_sort=False,
        empty=_("No check could be made."),
    )


def _pair(payer: str, payee: str, names: Names) -> dict[str, Any]:
    return {"payer": names.get(payer, payer), "payee": names.get(payee, payee)}
