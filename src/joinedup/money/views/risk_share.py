"""Calling on partners to share an overspend of a fund: the ladder first, then layers of shares (rules MB9, MB10).

The split is worked out and shown before anybody confirms it: what each rung of the ladder takes, what each layer holds
and what each partner pays of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.money import services
from joinedup.money.ledger.reading import contributions_of, fund_of
from joinedup.money.pot.line_standings import standings
from joinedup.money.pot.sharing_risk import LadderResult, Layer, overspend_ladder, risk_share
from joinedup.money.views.act_form import (
    Act,
    Answers,
    Question,
    answer,
    authority_question,
    day_question,
    reason_question,
)
from joinedup.money.views.parts import bodies_named, crumbs, fund_crumb, without_rule
from joinedup.planning import financial_year
from joinedup.ui import Column, Table
from joinedup.ui.tables import pounds

LAYERS = 3
RUNGS = ("underspend", "risk_pool", "uncommitted")


@dataclass(frozen=True, slots=True)
class Split:
    """A split worked out: what the ladder took, the pence of each layer by partner, and what each partner is called."""

    ladder: LadderResult
    layers: tuple[dict[str, int], ...]
    calls: dict[str, int]


def split_of(overspend: int, rungs: dict[str, int], layers: list[Layer]) -> Split:
    """Answer the split of an overspend: the rungs take first, what they leave goes to the partners layer by layer.

    Raises UncoveredRisk and ShareError as `risk_share` does.
    """
    ladder = overspend_ladder(overspend, *(rungs[name] for name in RUNGS), layers[0].shares)
    calls = risk_share(ladder.left, layers)
    parts, left = [], ladder.left
    for layer in layers:
        part = left if layer.width is None else min(left, layer.width)
        parts.append(risk_share(part, [Layer(None, layer.shares)]))
        left -= part
    return Split(ladder, tuple(parts), calls)


@requires("money.allocate")
@require_http_methods(["GET", "HEAD", "POST"])
def call(request: Any, code: str) -> HttpResponseBase:
    fund = fund_of(code)
    partners = sorted({one.partner for one in contributions_of(code)})
    names = bodies_named(partners)
    on = request.moment.valid_on
    held = standings(code, on, year=financial_year(on))
    over = -sum(min(0, one.run_rate.variance) for one in held)
    under = sum(max(0, one.run_rate.variance) for one in held)

    def check(got: Answers, errors: dict[str, str]) -> None:
        if not partners:
            errors["overspend"] = _("Nobody has put money into this fund yet, so nobody can be called on")
            return
        try:
            split = _split(got, partners)
        except RuleError as error:
            errors[f"share-1-{partners[0]}"] = without_rule(error)
            return
        if not any(split.calls.values()):
            errors["overspend"] = _("The pool itself meets this overspend: nothing is left to call on partners")

    def do(got: Answers) -> None:
        services.call_risk_share(
            request.grant,
            code,
            _split(got, partners).calls,
            authority_id=got.text("authority"),
            on=got.day("on"),
            key=got.key,
            reason=got.text("reason"),
        )

    return answer(
        request,
        Act(
            _("Call the risk share"),
            _("Call on the partners"),
            "riskshare",
            crumbs(fund_crumb(fund)),
            [
                Question("overspend", "pounds", _("Overspend, in pounds"), _("The overspend"), start=_typed(over)),
                Question(
                    "underspend",
                    "pounds",
                    _("Met by underspends inside the pool"),
                    start=_typed(under),
                    is_optional=True,
                ),
                Question("risk_pool", "pounds", _("Met by the risk pool"), is_optional=True),
                Question("uncommitted", "pounds", _("Met by schemes that are cancelled"), is_optional=True),
                *_layer_questions(partners, names),
                authority_question("risk_share"),
                day_question(),
                reason_question(_("Why is it called?")),
            ],
            do,
            lambda got: (
                _("%(sum)s are called from partners.") % {"sum": pounds(sum(_split(got, partners).calls.values()))},
                reverse("money:fund", args=[code]),
            ),
            caption=fund.name,
            intro=[
                _("The pool's own means are used first. What they leave is shared by the partners, layer by layer."),
                _("By run rate, lines of this year will be %(over)s over and others %(under)s under their budgets.")
                % {"over": pounds(over), "under": pounds(under)},
                _("They pay by weights, such as 65 beside 35. Most agreements have one layer without a width."),
            ],
            check=check,
            worked=lambda got: _worked(_split(got, partners), got, partners, names),
        ),
    )


def _layer_questions(partners: list[str], names: dict[str, str]) -> list[Question]:
    asked = []
    for number in range(1, LAYERS + 1):
        layer = _("Layer %(number)s") % {"number": number}
        width = _("Width in pounds; empty for all the rest")
        asked.append(Question(f"width-{number}", "pounds", width, width, is_optional=True, group=layer))
        for partner in partners:
            label = _("Weight of %(name)s") % {"name": names.get(partner, partner)}
            asked.append(Question(f"share-{number}-{partner}", "number", label, is_optional=True, group=layer))
    return asked


def _split(got: Answers, partners: list[str]) -> Split:
    layers = []
    for number in range(1, LAYERS + 1):
        width = got.values[f"width-{number}"]
        shares = {one: got.values[f"share-{number}-{one}"] or Decimal(0) for one in partners}
        if width is not None or any(shares.values()):
            layers.append(Layer(width, shares))
    if not layers:
        raise RuleError(_("MB10: Say by which shares the partners pay what is left."))
    rungs = {name: got.values[name] or 0 for name in RUNGS}
    return split_of(got.pence("overspend"), rungs, layers)


def _worked(split: Split, got: Answers, partners: list[str], names: dict[str, str]) -> list[Table]:
    taken = split.ladder.taken
    rungs = [
        (_("Overspend"), got.pence("overspend")),
        (_("Underspends inside the pool take"), -taken["underspend"]),
        (_("The risk pool takes"), -taken["risk_pool"]),
        (_("Cancelled schemes take"), -taken["uncommitted"]),
        (_("Left for the partners"), split.ladder.left),
    ]
    columns = [Column("layer", _("Layer"))]
    columns += [Column(f"p{place}", names.get(one, one), "pence") for place, one in enumerate(partners)]
    columns.append(Column("sum", _("Together"), "pence"))
    rows = [{"layer": str(number)} | _by_partner(part, partners) for number, part in enumerate(split.layers, start=1)]
    rows.append({"layer": _("Called")} | _by_partner(split.calls, partners))
    return [
        Table(
            [Column("step", _("Step")), Column("pence", _("Pounds"), "pence")],
            [{"step": step, "pence": pence} for step, pence in rungs],
            caption=_("What the pool meets itself"),
            name="ladder",
            can_sort=False,
            can_download=False,
            can_filter=False,
        ),
        Table(
            columns,
            rows,
            caption=_("What each partner pays"),
            name="layers",
            can_sort=False,
            can_download=False,
            can_filter=False,
            notes=[_("Each layer is shared to the penny; the largest remainder gets the odd one.")],
        ),
    ]


def _by_partner(part: dict[str, int], partners: list[str]) -> dict[str, int]:
    return {f"p{place}": part.get(one, 0) for place, one in enumerate(partners)} | {"sum": sum(part.values())}


def _typed(pence: int) -> str:
    return f"{pence // 100}.{pence % 100:02}" if pence else ""
