"""The way into money: what there is, and what whoever looks may do."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.money.allocation.kept_tables import editions
from joinedup.money.models import Contribution, Fund
from joinedup.money.pot.funds import FUND_KINDS
from joinedup.money.views.parts import bodies_named, crumbs, may
from joinedup.ui import Column, Page, Table


@requires("money.read")
@require_safe
def start(request: Any) -> HttpResponseBase:
    funds = list(Fund.objects.order_by("name"))
    names = bodies_named(fund.host for fund in funds)
    put_in: dict[str, int] = {}
    for fund, pence in Contribution.objects.filter(transaction__reversal=None).values_list("fund", "amount_pence"):
        put_in[fund] = put_in.get(fund, 0) + pence
    rows = [
        {
            "name": fund.name,
            "href": reverse("money:fund", args=[fund.code]),
            "kind": FUND_KINDS.get(fund.kind, fund.kind),
            "host": names.get(fund.host, fund.host),
            "until": fund.valid_to,
            "pence": put_in.get(fund.code, 0),
        }
        for fund in funds
    ]
    return Page(
        request,
        "money/start.jinja",
        title=_("Money"),
        breadcrumbs=crumbs()[:1],
        has_table=bool(editions()),
        may_authorise=may(request, "money.authorise"),
        may_post=may(request, "money.post"),
        may_open=may(request, "money.allocate"),
        funds=Table(
            [
                Column("name", _("Fund"), "link", "href"),
                Column("kind", _("Kind")),
                Column("host", _("Whose books")),
                Column("until", _("Ends"), "date", note="The first day on which it is no more."),
                Column("pence", _("Contributions"), "pence"),
            ],
            rows,
            caption=_("Funds"),
            name="funds",
            empty=_(
                "There is no fund yet. A finance lead opens one, by an agreement where NHS and council money is pooled."
            ),
        ),
    ).response()
