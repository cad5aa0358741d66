"""Who has to confirm the register of interests, and reminding them: a task on their own page, nothing is sent."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.governance.acts.reminders import remind
from joinedup.governance.interests.reminders import DueConfirmation, to_remind
from joinedup.governance.kept.reminders import confirmations_due_on
from joinedup.governance.views.parts import names_of
from joinedup.governance.views.registers import interests_crumbs
from joinedup.moment import Moment, now
from joinedup.ui import Column, Page, Table
from joinedup.ui.sent import NOTICE


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request: Any) -> HttpResponseBase:
    """Show who has to confirm, and remind all whom nobody reminded in the last 28 days."""
    if request.method == "POST":
        found = remind(request.grant)
        request.session[NOTICE] = (
            ngettext("%(count)s person was reminded.", "%(count)s people were reminded.", len(found))
            % {"count": len(found)}
            if found
            else _("Nobody was reminded: all who have to confirm were reminded in the last 28 days.")
        )
        return HttpResponseRedirect(reverse("governance:reminders"))
    moment = request.moment
    due = confirmations_due_on(moment)
    return Page(
        request,
        "governance/reminders.jinja",
        title=_("Who has to confirm the register"),
        breadcrumbs=interests_crumbs(),
        notice=request.session.pop(NOTICE, ""),
        asked=len(to_remind(due, now().valid_on)) if moment.valid_on == now().valid_on else 0,
        due=due_table(due, moment),
    ).response()


def due_table(due: list[DueConfirmation], moment: Moment, *, caption: str = "") -> Table:
    """Answer who has to confirm by when, and when each was reminded."""
    names = names_of({one.person for one in due}, moment)
    return Table(
        [
            Column("person", _("Person")), Column("due", _("Due"), "date"), Column("late", _("Stands")),
            Column("last", _("Confirmed last"), "date", mark_key="never"),
            Column("reminded", _("Reminded"), "date", mark_key="not_yet"),
        ],
        [
            {
                "person": names[one.person], "due": one.due_on,
                "late": _("Overdue") if one.is_overdue(moment.valid_on) else _("Due soon"), "last": one.last_on,
                "never": "" if one.last_on else _("Never"), "reminded": one.reminded_on,
                "not_yet": "" if one.reminded_on else _("Not yet"),
            }
            for one in due
        ],
        caption=caption or _("Who has to confirm, the longest overdue first"), name="due",
        notes=[_("Due 28 days after taking a seat, then 12 months after each time. It is asked for 28 days before.")],
        empty=_("Nobody has to confirm by this day: every member did so in the last 12 months."),
    )  # fmt: skip
