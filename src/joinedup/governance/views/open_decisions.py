"""Decisions as everybody reads them, without a sign-in: who decided what, why, and what became of it."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.governance import models
from joinedup.governance.kept.open_record import open_decision, open_decisions
from joinedup.governance.views.open_boards import decisions_table
from joinedup.governance.views.open_stamp import OPEN, stamp
from joinedup.moment import now
from joinedup.money import pounds_of_authority
from joinedup.ui import Crumb, Page
from joinedup.ui.tables import pounds


@requires(OPEN)
@require_safe
def decisions(request: Any) -> HttpResponseBase:
    """Every decision that was taken in public, to be searched by words of it."""
    found = open_decisions(request.moment)
    return Page(
        request,
        "governance/open_decisions.jinja",
        title=_("Find a decision"),
        breadcrumbs=[Crumb(_("Who decides"), reverse("open_boards:boards"))],
        decisions=decisions_table(found.decisions, with_board=True),
        stamp=stamp(request, found, open_decisions),
    ).response()


@requires(OPEN)
@require_safe
def decision(request: Any, key: str) -> HttpResponseBase:
    """One decision: who, why, votes, quorum, interests, dissent, the papers it rests on and what it changed."""
    at = now().known_at
    found = open_decision(key, request.moment, at)
    return Page(
        request,
        "governance/open_decision.jinja",
        title=found.title,
        breadcrumbs=[
            Crumb(_("Who decides"), reverse("open_boards:boards")),
            Crumb(_("Find a decision"), reverse("open_boards:decisions")),
        ],
        decision=found,
        money=_money_by_now(key) if request.is_now else [],
        stamp=stamp(request, found, lambda moment: open_decision(key, moment, at)),
    ).response()


def _money_by_now(reference: str) -> list[tuple[str, str]]:
    """Answer what was done with a decision's money by now: ledgers go on, so this is no part of the fingerprint."""
    given = models.GivenAuthority.objects.filter(decision=reference).first()
    if given is None:
        return []
    done = pounds_of_authority(given.authority)
    return [(_("Committed by now"), pounds(done.committed)), (_("Spent by now"), pounds(done.spent))]
