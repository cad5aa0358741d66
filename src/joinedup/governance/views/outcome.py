"""What a decision changed, and what became of what was expected of it: charts with the decision marked, and verdicts.

Nothing here says that a decision did it: a verdict says whether the measure moved (rule: `assurance.outcome`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.assurance.outcome import (
    FEWEST_AFTER,
    FEWEST_BEFORE,
    MOVED,
    MOVED_AS_EXPECTED,
    NOT_SHOWN,
    Movement,
)
from joinedup.governance.kept.assurance import status_of
from joinedup.governance.kept.decisions import day_decided, decision_of
from joinedup.governance.kept.outcomes import JudgedEffect, judged
from joinedup.governance.views.parts import board_crumb, board_name, crumbs, item_crumbs, may, must_see, outcome_said
from joinedup.measures import Point, month_shown, scale_of, spc_spec
from joinedup.moment import Moment
from joinedup.money import DecidedMoney, money_of_decision
from joinedup.ui import Chart, Column, Crumb, Page, Table
from joinedup.ui.tables import pounds

VERDICTS = {
    MOVED_AS_EXPECTED: ("Moved as expected", "blue"),
    MOVED: ("Moved", "purple"),
    NOT_SHOWN: ("Not shown", "grey"),
}
MARK = "#005eb8"


@requires("governance.read")
@require_safe
def outcome(request: Any, key: str) -> HttpResponseBase:
    kept = decision_of(key)
    must_see(request, kept.item)
    if kept.at > request.moment.known_at:
        raise NotFound(_("This decision was not known at that time."))
    day = day_decided(kept)
    then = Moment(day, request.moment.known_at)
    moment = Moment(max(request.moment.valid_on, day), request.moment.known_at)
    here = Crumb(_("Decision"), reverse("governance:decision", args=[key]))
    money = money_of_decision(key) if may(request, "money.read") else None
    return Page(
        request,
        "governance/outcome.jinja",
        title=_("What became of it: %(title)s") % {"title": kept.item.title if kept.item else kept.text},
        breadcrumbs=[*(item_crumbs(kept.item) if kept.item else crumbs(board_crumb(kept.board_id, then))), here],
        decision=kept,
        decided_on=day,
        board=board_name(kept.board_id, then),
        outcome=outcome_said(kept, moment),
        money=_money(money) if money and money.authorities else None,
        commitments=_commitments(money) if money and money.commitments else None,
        lines=_lines(money) if money and money.lines else None,
        plan_lines=_plan_lines(kept, money),
        gaps=_settled(kept),
        promised=[
            {"text": one.text, "owner": one.owner, "due": one.due_on, "status": status_of(one.key, moment)}
            for one in kept.commitments.order_by("due_on", "key")
        ],
        effects=[_effect(one, day) for one in judged(kept, request.moment.known_at)]
        if may(request, "measures.read")
        else None,
        fewest_before=FEWEST_BEFORE,
        fewest_after=FEWEST_AFTER,
    ).response()


def _effect(one: JudgedEffect, decided_on: date) -> dict[str, Any]:
    """Answer an expected effect with its verdict, in words, and its chart."""
    found, scale = one.outcome, scale_of(one.definition)
    text, colour = VERDICTS[found.verdict] if found else (_("Nothing can be said"), "grey")
    row = one.effect
    return {
        "title": one.definition.title,
        "verdict": _(text),
        "colour": colour,
        "is_final": bool(found and found.is_final),
        "why": [*(found.why if found else (one.why_not,))],
        "regression": found.regression if found else "",
        "expected": _("%(size)s by %(day)s, for %(whom)s") % {
            "size": row.size, "day": _day(row.by_day), "whom": row.whom,
        },
        "place": one.place,
        "why_chosen": row.why_chosen,
        "was_extreme": row.chosen_as_extreme,
        "sizes": _sizes(one),
        "compared_with": one.compared_with,
        "is_redefined": one.is_redefined,
        "chart": _chart(one, decided_on) if found and any(f.value is not None for f in one.figures) else None,
        "href": f"{reverse('measures:measure', args=[row.measure])}?area={row.area}"
        if row.area
        else reverse("measures:measure", args=[row.measure]),
        "unit": "%" if scale.kind == "proportion" else one.definition.unit,
    }  # fmt: skip


def _sizes(one: JudgedEffect) -> list[list[Any]]:
    """Answer the sizes in rows of two: what it is, and the number with its sign."""
    found, scale = one.outcome, scale_of(one.definition)
    if found is None or found.measured.mean is None:
        return []
    moved, beside = found.measured, found.comparator

    def signed(value: float | None) -> str:
        return "–" if value is None else ("+" if value > 0 else "") + scale.shown(value)

    held = _("%(value)s (limits %(lower)s to %(upper)s, %(many)s months)") % {
        "value": scale.shown(moved.mean), "lower": scale.number(moved.lower), "upper": scale.number(moved.upper),
        "many": moved.before,
    }  # fmt: skip
    rows = [
        [_("Mean before the decision"), held],
        [_("Mean of the last months up to the day named"), scale.shown(moved.mean_after) or "–"],
        [_("Change"), signed(moved.change)],
        [_("Change that was expected"), signed(found.expected_change)],
    ]
    if beside is not None:
        rows.append([_("Change of %(others)s") % {"others": one.compared_with}, _beside(beside, signed)])
        rows.append([_("Change less what moved elsewhere"), signed(found.net_change)])
    return rows


def _beside(beside: Movement, signed: Any) -> str:
    if beside.mean is None:
        return _("too few months")
    return f"{signed(beside.change)} ({_('it signals') if beside.side else _('no signal')})"


def _chart(one: JudgedEffect, decided_on: date) -> Chart:
    found, scale = one.outcome, scale_of(one.definition)
    assert found is not None
    limits = (found.measured.mean, found.measured.lower, found.measured.upper)
    # A signal is drawn without a judgement: that something changed says nothing of why.
    flags = {month: ("neutral", way, signal) for month, signal, way in found.measured.flags}
    points = [
        Point(f.month, f.value, f.value_shown(scale), *limits, *flags.get(f.month, ("common cause", "", "")), f.status)
        for f in one.figures
    ]
    spec = spc_spec(points, title=scale.title)
    beside = [{"month": month.isoformat(), "beside": value} for month, value in one.comparator if value is not None]
    named = one.compared_with[:1].upper() + one.compared_with[1:]
    spec["layer"] = [*spec["layer"], *_marks(decided_on, one.effect.by_day, points), *_beside_line(beside, scale.title)]
    others = dict(one.comparator)
    rows = [
        {
            "when": month_shown(f.month), "month": f.month, "value": f.value,
            "mark": f.mark if f.mark == "*" else ("–" if f.mark else ""), "status": f.status,
            "side": _side(f.month, decided_on), "beside": others.get(f.month),
        }
        for f in one.figures
    ]  # fmt: skip
    columns = [
        Column("when", _("Month"), where="page"), Column("month", _("Month"), "date", where="file"),
        Column("side", _("Against the decision")),
        Column("value", scale.title, "number", decimals=scale.decimals, mark_key="mark"),
        *([Column("beside", named, "number", decimals=scale.decimals)] if beside else []),
        Column("status", _("Status"), where="file"),
    ]  # fmt: skip
    summary = _("%(verdict)s. The upright line marks the decision of %(day)s; mean and limits are those before it.") % {
        "verdict": _(VERDICTS[found.verdict][0]), "day": _day(decided_on),
    }  # fmt: skip
    if beside:
        summary += " " + _("The dotted line is %(others)s.") % {"others": one.compared_with}
    return Chart(
        spec,
        title=_("%(measure)s: %(area)s") % {"measure": one.definition.title, "area": one.place},
        summary=summary,
        table=Table(
            columns, rows, caption=_("%(measure)s, %(area)s, month by month") % {
                "measure": one.definition.title, "area": one.place},
            name=f"effect{one.effect.number}", per_page=12, can_filter=False, can_sort=False,
            source=_("snapshot %(snapshot)s") % {"snapshot": one.snapshot},
        ),
    )  # fmt: skip


def _marks(decided_on: date, by: date, points: list[Point]) -> list[dict[str, Any]]:
    """Answer the upright lines of the decision, and of the day named for the effect where that is in sight."""
    last = max(point.month for point in points)
    rows = [{"on": decided_on.replace(day=1).isoformat(), "says": _("decided")}]
    if by.replace(day=1) <= last:
        rows.append({"on": by.replace(day=1).isoformat(), "says": _("expected by")})
    x = {"field": "on", "type": "temporal", "title": None}
    return [
        {"data": {"values": rows}, "mark": {"type": "rule", "color": MARK, "strokeWidth": 2}, "encoding": {"x": x}},
        {
            "data": {"values": rows},
            "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 13, "fontWeight": "bold", "color": MARK},
            "encoding": {"x": x, "y": {"value": 8}, "text": {"field": "says", "type": "nominal"}},
        },
    ]


def _beside_line(rows: list[dict[str, Any]], title: str) -> list[dict[str, Any]]:
    if not rows:
        return []
    return [{
        "data": {"values": rows},
        "mark": {"type": "line", "color": "#7c2855", "strokeWidth": 2, "strokeDash": [2, 3]},
        "encoding": {
            "x": {"field": "month", "type": "temporal", "title": None},
            "y": {"field": "beside", "type": "quantitative", "title": title},
        },
    }]  # fmt: skip


def _side(month: date, decided_on: date) -> str:
    decided = decided_on.replace(day=1)
    return _("before") if month < decided else _("after") if month > decided else _("the month of the decision")


def _money(found: DecidedMoney) -> list[list[Any]]:
    return [
        [_("Authority"), ", ".join(found.authorities), reverse("money:authority", args=[found.authorities[0]])],
        [_("Allowed"), pounds(found.limit)],
        [_("Committed and still open"), pounds(found.committed)],
        [_("Spent"), pounds(found.spent)],
        [_("Contributed"), pounds(found.contributed)],
        [_("Postings in the ledger"), str(found.postings)],
    ]


def _commitments(found: DecidedMoney) -> Table:
    return Table(
        [
            Column("code", _("Commitment"), "link", "href"), Column("supplier", _("With")), Column("purpose", _("For")),
            Column("contract", _("Contract"), "link", "contract_href"), Column("open", _("Open"), "pence"),
            Column("invoiced", _("Invoiced"), "pence"),
        ],
        [
            {
                "code": one.code, "href": reverse("money:commitment", args=[one.code]), "supplier": one.supplier,
                "purpose": one.purpose, "contract": one.contract,
                "contract_href": reverse("money:contract", args=[one.contract]) if one.contract else None,
                "open": one.open, "invoiced": one.invoiced,
            }
            for one in found.commitments
        ],
        caption=_("Commitments under this decision"), name="commitments",
    )  # fmt: skip


def _lines(found: DecidedMoney) -> Table:
    return Table(
        [
            Column("name", _("Budget line"), "link", "href"), Column("pence", _("Now"), "pence"),
            Column("how", _("How it hangs on the decision")),
        ],
        [
            {
                "name": one.name, "href": reverse("money:line", args=[one.code]), "pence": one.pence,
                "how": _("Set by it") if one.is_set_by_it else _("Money of it was committed under the decision"),
            }
            for one in found.lines
        ],
        caption=_("Budget lines"), name="lines",
    )  # fmt: skip


def _plan_lines(kept: models.Decision, found: DecidedMoney | None) -> list[dict[str, str]]:
    keys = {str((kept.asks or {}).get("plan_line", ""))} | {one.plan_line for one in (found.lines if found else ())}
    return [
        {"text": key.replace("_", " ").replace("|", " "), "href": _href("money:plan-line", key)}
        for key in sorted(keys - {""})
    ]


def _settled(kept: models.Decision) -> list[dict[str, str]]:
    """Answer the disagreements between plans that were settled by a decision."""
    from joinedup.planning import gaps_settled_by

    return [
        {"text": _("Disagreement %(number)s") % {"number": number}, "href": _href("planning:disagreement", number)}
        for number in gaps_settled_by(kept.reference)
    ]


def _href(name: str, key: Any) -> str:
    try:
        return reverse(name, args=[key])
    except NoReverseMatch:
        return ""


def _day(on: date) -> str:
    return f"{on:%-d %B %Y}"
