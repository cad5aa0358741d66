"""A partner's trial balance: taken in as its finance system exported it, or not at all; then compared with the pot."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import FileError, JoinedupError, NotFound, Refused
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.ledger.double_entry import account
from joinedup.money.ledger.importing_trial_balances import accounts_of, import_trial_balance, reconciliation
from joinedup.money.ledger.trial_balances import MOST_BYTES, TrialBalanceError, Unbalanced
from joinedup.money.views.parts import NOTICE, bodies_named, crumbs, may, without_rule
from joinedup.ui import Column, Crumb, Page, Table

MONTHS = 18


@requires("money.read")
@require_safe
def balances(request: Any) -> HttpResponseBase:
    newest: dict[tuple[str, date], models.TrialBalance] = {}
    for one in models.TrialBalance.objects.order_by("pk"):
        newest[(one.body, one.month)] = one
    names = bodies_named(body for body, _month in newest)
    return Page(
        request,
        "money/partner_balances.jinja",
        title=_("Partners' trial balances"),
        breadcrumbs=crumbs(),
        may_import=may(request, "money.post"),
        balances=Table(
            [
                Column("partner", _("Partner"), "link", "href"),
                Column("month", _("Month")),
                Column("file", _("File")),
                Column("at", _("Taken in"), "date"),
                Column("replaced", _("Replaced another because")),
            ],
            [
                {
                    "partner": names.get(body, body),
                    "href": _href(body, month),
                    "month": f"{month:%B %Y}",
                    "file": one.file,
                    "at": one.at,
                    "replaced": one.reason,
                }
                for (body, month), one in sorted(newest.items(), key=lambda item: item[0][1], reverse=True)
            ],
            caption=_("Trial balances that were taken in"),
            name="balances",
            empty=_("No partner's trial balance was taken in yet. Ask each partner for a month's export as CSV."),
        ),
    ).response()


@requires("money.post")
@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: Any) -> HttpResponseBase:
    errors: dict[str, str] = {}
    faults: Table | None = None
    partners = _partners()
    months = _months(now().valid_on)
    if request.method == "POST":
        body, month_text = request.POST.get("partner", ""), request.POST.get("month", "")
        file = request.FILES.get("file")
        if body not in partners:
            errors["partner"] = _("Choose whose trial balance it is")
        if month_text not in months:
            errors["month"] = _("Choose the month")
        if file is None:
            errors["file"] = _("Choose the file")
        elif file.size > MOST_BYTES:
            errors["file"] = _("The file is bigger than one month's trial balance can be: up to 20 MB")
        if not errors and file is not None:
            month = date.fromisoformat(f"{month_text}-01")
            try:
                done = import_trial_balance(
                    request.grant, body, month, file.name, file.read(),
                    replace_because=request.POST.get("replace_because", ""),
                )  # fmt: skip
            except Refused:
                raise
            except TrialBalanceError as error:
                faults = _faults(error)
                errors["file"] = (
                    _("Nothing was taken in. %(said)s") % {"said": error.faults[0].expected}
                    if isinstance(error, Unbalanced)
                    else _("Nothing was taken in: %(count)s cells cannot be; they are listed below")
                    % {"count": len(error.faults)}
                )
            except FileError as error:
                errors["file"] = _("Nothing was taken in. %(said)s %(next)s") % {
                    "said": error.expected, "next": error.next_step,
                }  # fmt: skip
            except JoinedupError as error:
                errors["replace_because"] = without_rule(error)
            else:
                request.session[NOTICE] = _("%(count)s accounts were taken in.") % {"count": done.accounts}
                return HttpResponseRedirect(_href(body, month))
    return Page(
        request,
        "money/take_in_balance.jinja",
        title=_("Take in a partner's trial balance"),
        breadcrumbs=crumbs(Crumb(_("Partners' trial balances"), reverse("money:balances"))),
        errors=errors,
        faults=faults,
        values=dict(request.POST.items()),
        partners=[{"value": "", "text": _("Choose a partner")}]
        + [
            {"value": code, "text": name, "selected": code == request.POST.get("partner")}
            for code, name in sorted(partners.items(), key=lambda item: item[1])
        ],
        months=[{"value": "", "text": _("Choose a month")}]
        + [{"value": key, "text": text, "selected": key == request.POST.get("month")} for key, text in months.items()],
    ).response(422 if errors else 200)


@requires("money.read")
@require_safe
def compared(request: Any, code: str, month: str) -> HttpResponseBase:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise NotFound(_("“%(month)s” is no month; expected one such as 2026-10.") % {"month": month}) from None
    found = reconciliation(code, first)
    names = bodies_named([code])
    held = models.TrialBalance.objects.filter(body=code, month=first).order_by("-pk").first()
    mapped = accounts_of(code)
    return Page(
        request,
        "money/compared.jinja",
        title=_("%(partner)s and the pot, %(month)s") % {"partner": names.get(code, code), "month": f"{first:%B %Y}"},
        breadcrumbs=crumbs(Crumb(_("Partners' trial balances"), reverse("money:balances"))),
        found=found,
        held=held,
        notice=request.session.pop(NOTICE, ""),
        has_names=bool(mapped),
        outside=len(found.outside),
        differences=Table(
            [
                Column("account", _("Account")),
                Column("fund", _("Fund")),
                Column("line", _("Budget line"), "link", "href"),
                Column("partner", _("Partner says"), "pence"),
                Column("pot", _("Pot says"), "pence"),
                Column("difference", _("Difference"), "pence"),
                Column("behind", _("Partner's accounts")),
            ],
            [
                {
                    "account": f"{one.account} {account(one.account).name}",
                    "fund": one.fund,
                    "line": one.budget_line,
                    "href": reverse("money:line", args=[one.budget_line]) if one.budget_line else None,
                    "partner": one.partner_says,
                    "pot": one.pot_says,
                    "difference": one.difference,
                    "behind": ", ".join(one.partner_accounts) or _("none"),
                }
                for one in found.differences
            ],
            caption=_("Lines that differ"),
            name="differences",
            per_page=0,
            notes=[_("Debit is above £0, credit below.")],
            empty=_("No line differs: the two agree to the penny."),
        ),
    ).response()


def _href(body: str, month: date) -> str:
    return reverse("money:compared", args=[body, f"{month:%Y-%m}"])


def _partners() -> dict[str, str]:
    """Answer the bodies that have to do with the pot, by code: hosts, those in whose books lines are, contributors."""
    codes = {
        *models.Fund.objects.values_list("host", flat=True),
        *models.BudgetLine.objects.values_list("body", flat=True),
        *models.Contribution.objects.values_list("partner", flat=True),
        *models.TrialBalance.objects.values_list("body", flat=True),
        *models.PartnerAccount.objects.values_list("body", flat=True),
    }
    return bodies_named(codes)


def _months(today: date) -> dict[str, str]:
    """Answer the last months by their key, the newest first."""
    found = {}
    for back in range(MONTHS):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        found[f"{year}-{month + 1:02}"] = f"{date(year, month + 1, 1):%B %Y}"
    return found


def _faults(error: TrialBalanceError) -> Table:
    return Table(
        [Column("row", _("Row"), "number"), Column("column", _("Column")), Column("expected", _("What is wrong"))],
        [{"row": one.row, "column": one.column, "expected": one.expected} for one in error.faults],
        caption=_("Cells that cannot be"),
        name="faults",
        per_page=0,
        can_sort=False,
        can_filter=False,
        can_download=False,
    )
