"""A commitment and what is done about it by forms: made, topped up, invoiced, paid, released, rolled over."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import grant_for, requires
from joinedup.money import models
from joinedup.money.ledger.posting import permission_for, reverse as reverse_posting, undoing
from joinedup.money.ledger.reading import (
    CommitmentStanding,
    availabilities,
    budget_line_of,
    commitment_standing,
    fund_of,
    owed_to,
    transaction_of,
)
from joinedup.money.pot import spending
from joinedup.money.pot.budget_lines import BudgetLine
from joinedup.money.views.act_form import (
    Act,
    Answers,
    Question,
    answer,
    authority_question,
    day_question,
    pounds_question,
    reason_question,
)
from joinedup.money.views.ledger import postings_table
from joinedup.money.views.parts import NOTICE, bodies_named, crumbs, fund_crumb, line_crumbs, may
from joinedup.ui import Crumb, Page
from joinedup.ui.tables import pounds

METHODS = ["GET", "HEAD", "POST"]


@requires("money.post")
@require_http_methods(METHODS)
def commit(request: Any, code: str) -> HttpResponseBase:
    line = budget_line_of(code)
    left = availabilities([code])[code]
    return answer(
        request,
        Act(
            _("Commit money of a budget line"),
            _("Commit this money"),
            "commit",
            line_crumbs(line, fund_of(line.fund)),
            [
                pounds_question(),
                Question(
                    "supplier",
                    "text",
                    _("Promised to"),
                    _("Say who it is promised to"),
                    _("The supplier's code or name, always the same: limits are held against it."),
                ),
                Question("purpose", "text", _("What for"), _("Say what it is for")),
                authority_question("commitment"),
                day_question(),
                Question("description", "text", _("Note"), is_optional=True),
            ],
            lambda got: spending.commit(
                request.grant,
                got.pence("pence"),
                key=got.key,
                budget_line=code,
                supplier=got.text("supplier"),
                purpose=got.text("purpose"),
                authority_id=got.text("authority"),
                on=got.day("on"),
                description=got.text("description"),
            ),
            lambda got: (
                _("%(sum)s are committed.") % {"sum": pounds(got.pence("pence"))},
                reverse("money:line", args=[code]),
            ),
            caption=f"{line.name}, {line.year}",
            intro=[_("Available: %(sum)s.") % {"sum": pounds(left.available)}],
        ),
    )


@requires("money.read")
@require_safe
def commitment(request: Any, code: str) -> HttpResponseBase:
    stands = commitment_standing(code)
    bound, line = bound_of(code)
    names = bodies_named([bound.supplier])
    may_post, may_pay = may(request, "money.post"), may(request, "money.pay")
    owed = owed_to(bound.supplier, fund=line.fund, body=line.body)
    acts = [
        (may_post and stands.open > 0, "invoice", _("Post an invoice")),
        (may_pay and owed > 0, "pay", _("Pay the supplier")),
        (may_post, "top-up", _("Top it up")),
        (may_post and stands.open > 0, "release", _("Release what is open")),
        (may_post and stands.open > 0, "year-end-commitment", _("Roll or let lapse at the end of the year")),
    ]
    return Page(
        request,
        "money/commitment.jinja",
        title=_("Commitment to %(supplier)s") % {"supplier": names.get(bound.supplier, bound.supplier)},
        breadcrumbs=line_crumbs(line, fund_of(line.fund)),
        notice=request.session.pop(NOTICE, ""),
        bound=bound,
        line=line,
        stands=stands,
        owed=pounds(owed),
        pounds_text=pounds,
        acts=[{"text": text, "href": reverse(f"money:{name}", args=[code])} for can, name, text in acts if can],
        postings=postings_table(
            models.Transaction.objects.filter(commitment=code).order_by("-pk")[:100],
            caption=_("Postings of this commitment"),
            fund=line.fund,
        ),
    ).response()


@requires("money.post")
@require_http_methods(METHODS)
def invoice(request: Any, code: str) -> HttpResponseBase:
    stands = commitment_standing(code)
    return answer(
        request,
        act_about(
            code,
            stands,
            _("Post an invoice"),
            _("Post this invoice"),
            "invoice",
            [
                pounds_question(),
                day_question("on", _("Of which day")),
                Question("description", "text", _("Number of the invoice, or a note"), is_optional=True),
            ],
            lambda got: spending.invoice(
                request.grant,
                code,
                got.pence("pence"),
                key=got.key,
                on=got.day("on"),
                description=got.text("description"),
            ),
            _("%(sum)s are invoiced."),
            [_("An invoice above what is open needs a top-up first.")],
        ),
    )


@requires("money.pay")
@require_http_methods(METHODS)
def pay(request: Any, code: str) -> HttpResponseBase:
    stands = commitment_standing(code)
    bound, line = bound_of(code)
    owed = owed_to(bound.supplier, fund=line.fund, body=line.body)
    return answer(
        request,
        act_about(
            code,
            stands,
            _("Pay the supplier"),
            _("Pay this"),
            "pay",
            [
                pounds_question(start=f"{owed // 100}.{owed % 100:02}" if owed > 0 else ""),
                day_question("on", _("Paid on")),
            ],
            lambda got: spending.pay(request.grant, code, got.pence("pence"), key=got.key, on=got.day("on")),
            _("%(sum)s are paid."),
            [_("Owed to this supplier in this fund: %(sum)s.") % {"sum": pounds(owed)}],
        ),
    )


@requires("money.post")
@require_http_methods(METHODS)
def top_up(request: Any, code: str) -> HttpResponseBase:
    stands = commitment_standing(code)
    _bound_row, line = bound_of(code)
    available = availabilities([line.code])[line.code].available
    return answer(
        request,
        act_about(
            code,
            stands,
            _("Top up a commitment"),
            _("Commit this as well"),
            "topup",
            [pounds_question(), authority_question("commitment"), day_question()],
            lambda got: spending.top_up(
                request.grant,
                code,
                got.pence("pence"),
                key=got.key,
                authority_id=got.text("authority"),
                on=got.day("on"),
            ),
            _("%(sum)s more are committed."),
            [_("Available on its budget line: %(sum)s.") % {"sum": pounds(available)}],
        ),
    )


@requires("money.post")
@require_http_methods(METHODS)
def release(request: Any, code: str) -> HttpResponseBase:
    stands = commitment_standing(code)
    return answer(
        request,
        act_about(
            code,
            stands,
            _("Release what is open"),
            _("Release it"),
            "release",
            [day_question(), reason_question(_("Why is it let go of?"))],
            lambda got: spending.release(request.grant, code, key=got.key, on=got.day("on"), reason=got.text("reason")),
            _("What was open went back to its budget line."),
            [_("All that is open goes back to its budget line and its authority.")],
        ),
    )


@requires("money.post")
@require_http_methods(METHODS)
def reverse_act(request: Any, key: str) -> HttpResponseBase:
    kept = transaction_of(key)
    fund = fund_of(kept.lines.order_by("number").values_list("fund", flat=True)[0])
    href = reverse("money:posting", args=[key])

    def do(got: Answers) -> None:
        undone = undoing(key, got.day("on"), got.text("reason"))
        grant = grant_for(request, permission_for(undone.transaction))
        reverse_posting(grant, key, got.day("on"), got.text("reason"))

    return answer(
        request,
        Act(
            _("Reverse a posting"),
            _("Reverse it"),
            "reverse",
            crumbs(fund_crumb(fund), Crumb(_("Ledger"), reverse("money:ledger", args=[fund.code])), Crumb(key, href)),
            [day_question("on", _("On which day")), reason_question(_("Why is it undone?"))],
            do,
            lambda got: (_("It is undone by a second posting; both stay."), href),
            caption=key,
            intro=[_("Nothing is edited: a second posting undoes the first. Post again what should stand.")],
        ),
    )


def bound_of(code: str) -> tuple[models.Commitment, BudgetLine]:
    """Answer a commitment and the budget line that it is on."""
    bound = models.Commitment.objects.get(pk=code)
    return bound, budget_line_of(bound.budget_line_id)


def act_about(
    code: str,
    stands: CommitmentStanding,
    title: str,
    button: str,
    prefix: str,
    questions: list[Question],
    do: Any,
    notice: str,
    intro: list[str],
    *,
    check: Any = None,
    after: Any = None,
) -> Act:
    """Answer an act about a commitment, which says what is open of it and leads back to its page."""
    bound, line = bound_of(code)
    href = reverse("money:commitment", args=[code])

    def done(got: Answers) -> tuple[str, str]:
        return (notice % {"sum": pounds(got.pence("pence"))} if "pence" in got.values else notice), href

    open_ = _("Open of this commitment: %(sum)s.") % {"sum": pounds(stands.open)}
    return Act(
        title,
        button,
        prefix,
        [*line_crumbs(line, fund_of(line.fund)), Crumb(_("Commitment"), href)],
        questions,
        do,
        after or done,
        caption=f"{bound.supplier}, {bound.purpose}",
        intro=[open_, *intro],
        check=check,
    )
