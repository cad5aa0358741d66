"""The ledger of a fund, what its accounts stand at, and one posting traced to its authority and its plan line.

A correction is a reversal beside what it undoes: the two are shown as a pair and neither is hidden. The day of the site
and "as known on" say what counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.money import models
from joinedup.money.ledger.double_entry import ACCOUNT_KINDS, KINDS, account
from joinedup.money.ledger.reading import fund_of, left_of, trace, trial_balance
from joinedup.money.views.parts import NOTICE, bodies_named, crumbs, fund_crumb, may, said_plainly
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.decided import decision_page
from joinedup.ui.tables import pounds

ROWS = 50
MEMORANDUM = "memorandum"


@requires("money.read")
@require_safe
def ledger(request: Any, code: str) -> HttpResponseBase:
    found = fund_of(code)
    until, known_at = request.moment.valid_on, request.known_on
    numbers = models.Line.objects.filter(fund=code, effective_on__lte=until)
    if known_at is not None:
        numbers = numbers.filter(recorded_at__lte=known_at)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 18:
        numbers = numbers.filter(transaction__lt=int(before))
    # Numbers first, out of one index, as `ledger_rows` does.
    page = list(numbers.order_by("-transaction_id").values_list("transaction_id", flat=True).distinct()[: ROWS + 1])
    kept = models.Transaction.objects.filter(pk__in=page[:ROWS]).order_by("-pk")
    return Page(
        request,
        "money/ledger.jinja",
        title=_("Ledger: %(fund)s") % {"fund": found.name},
        breadcrumbs=crumbs(fund_crumb(found)),
        fund=found,
        postings=postings_table(kept, caption=_("Postings"), fund=code, known_at=known_at, until=until),
        older=page[ROWS - 1] if len(page) > ROWS else None,
        is_first=not before,
    ).response()


@requires("money.read")
@require_safe
def balance(request: Any, code: str) -> HttpResponseBase:
    found = fund_of(code)
    stands = trial_balance(code, effective_to=request.moment.valid_on, known_at=request.moment.known_at)
    ordered = sorted(stands.items(), key=lambda one: (ACCOUNT_KINDS.index(account(one[0]).kind), one[0]))
    rows = [
        {
            "code": number,
            "name": account(number).name,
            "kind": account(number).kind,
            "debit": pence if pence > 0 else None,
            "credit": -pence if pence < 0 else None,
        }
        for number, pence in ordered
    ]
    debit = sum(pence for pence in stands.values() if pence > 0)
    credit = -sum(pence for pence in stands.values() if pence < 0)
    return Page(
        request,
        "money/balance.jinja",
        title=_("Trial balance: %(fund)s") % {"fund": found.name},
        breadcrumbs=crumbs(fund_crumb(found)),
        fund=found,
        debit=pounds(debit),
        credit=pounds(credit),
        differs=pounds(debit - credit),
        accounts=Table(
            [
                Column("code", _("Account")),
                Column("name", _("Name")),
                Column("kind", _("Kind")),
                Column("debit", _("Debit"), "pence"),
                Column("credit", _("Credit"), "pence"),
            ],
            rows,
            caption=_("Trial balance"),
            name="accounts",
            per_page=0,
            can_filter=False,
            source=_("the ledger of %(fund)s") % {"fund": found.name},
            empty=_("Nothing had been posted by this day."),
        ),
    ).response()


@requires("money.read")
@require_safe
def posting(request: Any, key: str) -> HttpResponseBase:
    """From a pound to its authority and plan line."""
    found = trace(key)
    posted = found.row.transaction
    fund = fund_of(posted.funds[0])
    other = posted.reverses or found.reversed_by
    return Page(
        request,
        "money/posting.jinja",
        said_plainly=said_plainly,
        title=_("%(kind)s of %(day)s")
        % {"kind": KINDS.get(posted.kind, posted.kind), "day": f"{posted.effective_on:%-d %B %Y}"},
        breadcrumbs=crumbs(fund_crumb(fund), Crumb(_("Ledger"), reverse("money:ledger", args=[fund.code]))),
        found=found,
        posted=posted,
        kind=KINDS.get(posted.kind, posted.kind),
        fund=fund,
        other=other,
        other_href=posting_href(other) if other else "",
        notice=request.session.pop(NOTICE, ""),
        reverse_href=reverse("money:reverse", args=[key]) if not other and may(request, "money.post") else "",
        is_reversal=bool(posted.reverses),
        decision_href=decision_page(found.authority.reference) if found.authority else "",
        authority_left=pounds(left_of(found.authority.id)) if found.authority else "",
        pounds_text=pounds,
        commitment_href=reverse("money:commitment", args=[found.commitment]) if found.commitment else "",
        budget_lines=[
            {"code": line, "name": name, "href": reverse("money:line", args=[line])}
            for line, name in models.BudgetLine.objects.filter(
                code__in={line.budget_line for line in posted.lines if line.budget_line}
            ).values_list("code", "name")
        ],
        lines=Table(
            [
                Column("account", _("Account")),
                Column("body", _("Books of")),
                Column("line", _("Budget line")),
                Column("debit", _("Debit"), "pence"),
                Column("credit", _("Credit"), "pence"),
            ],
            [
                {
                    "account": f"{line.account} {account(line.account).name}",
                    "body": line.body,
                    "line": line.budget_line,
                    "debit": line.amount_pence if line.amount_pence > 0 else None,
                    "credit": -line.amount_pence if line.amount_pence < 0 else None,
                }
                for line in posted.lines
            ],
            caption=_("Its lines, which balance"),
            name="lines",
            per_page=0,
            can_filter=False,
            can_sort=False,
        ),
    ).response()


def posting_href(key: str) -> str:
    return reverse("money:posting", args=[key])


def in_pairs(found: Sequence[models.Transaction]) -> list[models.Transaction]:
    """Answer postings in their order, but what was undone straight after what undid it, where both are among them."""
    by_number = {one.pk: one for one in found}
    moved = {one.reverses_id for one in found if one.reverses_id in by_number}
    ordered = []
    for one in found:
        if one.pk in moved:
            continue
        ordered.append(one)
        if one.reverses_id in moved:
            ordered.append(by_number[one.reverses_id])
    return ordered


def postings_table(
    found: Iterable[models.Transaction],
    *,
    caption: str,
    fund: str = "",
    known_at: datetime | None = None,
    until: date | None = None,
) -> Table:
    """Answer postings with what undid them; `known_at` and `until` leave out what came later."""
    kept = [
        one
        for one in found
        if (known_at is None or one.recorded_at <= known_at) and (until is None or one.effective_on <= until)
    ]
    asked = models.Line.objects.filter(transaction__in=[one.pk for one in kept], amount_pence__gt=0)
    if fund:
        asked = asked.filter(fund=fund)
    # An invoice gives back in the memorandum accounts what it spends: it is told once.
    moved: dict[tuple[int, bool], int] = defaultdict(int)
    for number, code, pence in asked.values_list("transaction_id", "account", "amount_pence"):
        moved[(number, account(code).kind == MEMORANDUM)] += pence
    undone = {
        origin: (key, at)
        for origin, key, at in models.Transaction.objects.filter(reverses__in=[one.pk for one in kept]).values_list(
            "reverses_id", "key", "recorded_at"
        )
        if known_at is None or at <= known_at
    }
    undoes = dict(
        models.Transaction.objects.filter(pk__in=[one.reverses_id for one in kept if one.reverses_id]).values_list(
            "pk", "key"
        )
    )
    names = bodies_named(one.party for one in kept)
    rows = []
    for one in in_pairs(kept):
        if one.reverses_id:
            pair, other = _("undoes %(key)s"), undoes[one.reverses_id]
        elif one.pk in undone:
            pair, other = _("undone by %(key)s"), undone[one.pk][0]
        else:
            pair, other = "", ""
        rows.append(
            {
                "key": one.key,
                "href": posting_href(one.key),
                "on": one.effective_on,
                "recorded": one.recorded_at,
                "kind": KINDS.get(one.kind, one.kind),
                "what": one.description or one.purpose,
                "party": names.get(one.party, one.party),
                "party_code": one.party,
                "pence": moved.get((one.pk, False)) or moved.get((one.pk, True), 0),
                "pair": pair % {"key": other} if pair else "",
                "pair_href": posting_href(other) if other else None,
                "authority": one.authority_id or "",
                "authority_href": reverse("money:authority", args=[one.authority_id]) if one.authority_id else None,
            }
        )
    # A column in which nothing stands leaves its room to the others.
    where = {key: "everywhere" if any(row[key] for row in rows) else "file" for key in ("pair", "authority")}
    return Table(
        [
            Column("on", _("Day"), "date"),
            Column("kind", _("What"), "link", "href"),
            Column("key", _("Key"), where="file"),
            Column("party", _("Party")),
            Column("party_code", _("Party as posted"), where="file"),
            Column("what", _("For")),
            Column("pence", _("Amount"), "pence"),
            Column("pair", _("Correction"), "link", "pair_href", where=where["pair"]),
            Column("authority", _("Authority"), "link", "authority_href", where=where["authority"]),
            Column("recorded", _("Recorded"), "date", where="file"),
        ],
        rows,
        caption=caption,
        name="postings",
        per_page=0,
        can_filter=False,
        notes=[_("Nothing is edited: a correction is a second posting that undoes the first, and both stay.")],
        empty=_("Nothing had been posted by this day, as far as was known."),
    )
