"""The tables of a contract's page: value and spend, how it is paid, money bound, quality, versions, statements."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.money.contracts import reading
from joinedup.money.contracts.contract import FIXED, Contract
from joinedup.money.contracts.contracting import OUTCOMES
from joinedup.money.views.parts import said_plainly
from joinedup.ui import Column, Table


def by_year_table(one: Contract, bound: list[reading.Binding]) -> Table:
    rows = []
    for year, pence in one.values:
        of_year = [binding.standing for binding in bound if binding.year == year]
        spent = sum(standing.invoiced for standing in of_year)
        rows.append(
            {"year": year, "value": pence, "bound": sum(s.made - s.released for s in of_year), "spent": spent,
             "left": pence - spent}
        )  # fmt: skip
    return Table(
        [
            Column("year", _("Year")),
            Column("value", _("Value"), "pence"),
            Column("bound", _("Bound"), "pence", note="Committed on budget lines, under an authority (MB5)."),
            Column("spent", _("Spent"), "pence"),
            Column("left", _("Left of the value"), "pence"),
        ],
        rows,
        caption=_("Value and spend"),
        name="years",
        can_sort=False,
    )


def parts_table(one: Contract) -> Table:
    rows = [
        {
            "name": part.name,
            "kind": _("Fixed") if part.kind == FIXED else _("By activity: %(kind)s") % {"kind": part.kind},
            "pods": ", ".join(part.pods), "year": year, "pence": pence,
        }
        for part in one.parts
        for year, pence in (part.pence or ((_("every year"), None),))
    ]  # fmt: skip
    return Table(
        [
            Column("name", _("Part")),
            Column("kind", _("How it is paid")),
            Column("pods", _("Points of delivery")),
            Column("year", _("Year")),
            Column("pence", _("Fixed amount, or funded level"), "pence"),
        ],
        rows,
        caption=_("How it is paid"),
        name="parts",
        can_sort=False,
        can_download=False,
    )


def bindings_table(bound: list[reading.Binding]) -> Table:
    return Table(
        [
            Column("commitment", _("Commitment"), "link", "commitment_href"),
            Column("line", _("Budget line"), "link", "line_href"),
            Column("authority", _("Authority"), "link", "authority_href"),
            Column("plan", _("Plan line"), "link", "plan_href"),
            Column("made", _("Bound"), "pence"),
            Column("invoiced", _("Spent"), "pence"),
            Column("open", _("Open"), "pence"),
        ],
        [
            {
                "commitment": one.commitment,
                "commitment_href": reverse("money:commitment", args=[one.commitment]),
                "line": one.budget_line,
                "line_href": reverse("money:line", args=[one.budget_line]),
                "authority": one.authority,
                "authority_href": reverse("money:authority", args=[one.authority]),
                "plan": said_plainly(one.plan_line),
                "plan_href": reverse("money:plan-line", args=[one.plan_line]) if one.plan_line else "",
                "made": one.standing.made - one.standing.released,
                "invoiced": one.standing.invoiced,
                "open": one.standing.open,
            }
            for one in bound
        ],
        caption=_("Money bound for it"),
        name="bindings",
        can_sort=False,
        empty=_("No money is bound for it yet. Nothing can be paid before."),
    )


def metrics_table(one: Contract, on: date) -> Table | None:
    if not one.metrics:
        return None
    got = {
        found.name: found for found in reading.achieved_of(one, min(on, one.ends - timedelta(days=1)).replace(day=1))
    }
    rows = []
    for metric in one.metrics:
        found = got.get(metric.name)
        said = (
            _("excused")
            if found and found.is_excused
            else f"{found.value:f}"
            if found and found.value is not None
            else _("no data")
        )
        rows.append(
            {
                "name": metric.name,
                "weight": metric.weight,
                "floor": metric.floor,
                "ceiling": metric.ceiling,
                "got": said,
            }
        )
    return Table(
        [
            Column("name", _("Measure")),
            Column("weight", _("Weight"), "number"),
            Column("floor", _("Earns from"), "number"),
            Column("ceiling", _("Earns all at"), "number"),
            Column("got", _("Achieved, last written")),
        ],
        rows,
        caption=_("Quality schedule"),
        name="quality",
        can_sort=False,
        notes=[
            _("%(share)s of the contract's value is earned by it.")
            % {"share": f"{((one.quality_share or Decimal(0)) * 100).normalize():f}%"}
        ],
    )


def versions_table(versions: list[reading.Kept]) -> Table:
    code = versions[0].contract.code
    under = {int(one.value): one.key for one in reading.entries_of([code], "changed", "extended", "ended")}
    return Table(
        [
            Column("number", _("Version"), "number"),
            Column("start", _("From"), "date"),
            Column("total", _("Whole value"), "pence"),
            Column("reason", _("Why")),
            Column("authority", _("Authority"), "link", "authority_href"),
            Column("at", _("Written"), "date"),
        ],
        [
            {"number": one.number, "start": one.row.effective_from, "total": one.contract.total_p,
             "reason": one.row.reason, "at": one.row.at, "authority": under.get(one.number, ""),
             "authority_href": reverse("money:authority", args=[under[one.number]]) if under.get(one.number) else ""}
            for one in reversed(versions)
        ],
        caption=_("Versions"),
        name="versions",
        can_sort=False,
    )  # fmt: skip


def deductions_table(code: str, may_take_back: bool) -> Table | None:
    """Answer what is taken off a contract's payment; None where nothing ever was."""
    standing = {one.pk for one in reading.standing_deductions(code)}
    back = {one.key: one.text for one in reading.entries_of([code], "deduction-back")}
    rows = [
        {
            "month": f"{one.on:%B %Y}", "pence": int(one.value), "why": one.key,
            "state": _("Taken off") if one.pk in standing else _("Taken back: %(why)s") % {"why": back[str(one.pk)]},
            "act": _("Take it back") if one.pk in standing and may_take_back else "",
            "href": reverse("money:take-back", args=[code, one.pk]),
        }
        for one in reading.entries_of([code], "deduction")
    ]  # fmt: skip
    columns = [
        Column("month", _("From")),
        Column("pence", _("Amount"), "pence"),
        Column("why", _("Why")),
        Column("state", _("State")),
    ]
    if may_take_back:
        columns.append(Column("act", _("What you can do"), "link", "href"))
    if not rows:
        return None
    return Table(columns, rows, caption=_("Deductions"), name="deductions", can_sort=False)


def representations_table(code: str) -> Table | None:
    """Answer the representations against the award and what was answered; None where there was none."""
    rows = [
        {
            "on": one.on,
            "what": _("Representation")
            if one.what == "representation"
            else _("Answer: %(outcome)s") % {"outcome": _(OUTCOMES.get(one.key, "answered"))},
            "text": one.text,
        }
        for one in reading.entries_of([code], "representation", "answer")
    ]
    if not rows:
        return None
    return Table(
        [Column("on", _("Day"), "date"), Column("what", _("What happened")), Column("text", _("What it says"))],
        rows,
        caption=_("Representations against the award"),
        name="representations",
        can_sort=False,
    )


def statements_table(code: str) -> Table:
    return Table(
        [
            Column("month", _("Statement"), "link", "href"),
            Column("entitled", _("Entitled for the year to date"), "pence"),
            Column("due", _("Due"), "pence"),
        ],
        [
            {
                "month": f"{one.month:%B %Y}{_(', corrected') if one.number > 1 else ''}",
                "href": reverse("money:payment", args=[one.pk]), "entitled": one.entitled_pence, "due": one.due_pence,
            }
            for one in reading.statements_of(code=code)
        ],
        caption=_("Settled months"),
        name="statements",
        can_sort=False,
        empty=_("No month of it is settled yet."),
    )  # fmt: skip
