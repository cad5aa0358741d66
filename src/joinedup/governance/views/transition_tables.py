"""The tables of the pages of a transition. Staff appear in sums only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from joinedup.governance import models
from joinedup.governance.acts.transition_staff import StaffSums
from joinedup.governance.kept.day_one import Readiness
from joinedup.governance.kept.transitions import Deadline, FunctionReport
from joinedup.governance.transition.day_one import OpenWork
from joinedup.moment import LONDON, Moment
from joinedup.ui import Column, Table

OUTCOMES = {
    "approved": "Approved on %(day)s", "approved_with_conditions": "Approved with conditions on %(day)s",
    "refused": "Refused on %(day)s",
}  # fmt: skip


def deadlines_table(deadlines: Iterable[Deadline], *, leads: bool = False) -> Table:
    """Applications; whoever leads follows each to what is to be recorded next of it."""
    return Table(
        [
            Column("title", _("Application"), *(("link", "href") if leads else ())),
            Column("due", _("To be sent by")),
            Column("stands", _("How it stands")),
            Column("decided", _("What was decided")),
            Column("effective", _("To take effect"), "date"),
            Column("adopting", _("Adopted by")),
        ],
        [
            {
                "title": one.row.title,
                "href": reverse(
                    "transition:decide-application" if one.submitted_at else "transition:send-application",
                    args=[one.row.transition_id, one.row.pk],
                ),
                "decided": decided(one),
                "due": f"{one.due.earliest.day} {one.due.earliest:%B %Y}"
                if one.due.precision == "day"
                else f"{one.due.earliest:%B %Y}",
                "stands": stands(one),
                "effective": one.row.effective_from,
                "adopting": ", ".join(one.row.adopting),
            }
            for one in deadlines
        ],
        caption=_("Applications and their deadlines"),
        name="deadlines",
        can_filter=False,
        empty=_("No application belongs to this transition."),
    )


def decided(one: Deadline) -> str:
    """Answer in words what was decided of an application, and on which conditions."""
    if one.decided is None:
        return ""
    on = one.decided.decided_on
    said = _(OUTCOMES[one.decided.outcome]) % {"day": f"{on.day} {on:%B %Y}"}
    return f"{said}: {one.decided.conditions}" if one.decided.conditions else said


def stands(one: Deadline) -> str:
    """Answer in words how an application stands: sent, in time or late, or how many days are left."""
    late = ngettext("%(number)s day late", "%(number)s days late", one.days_late) % {"number": one.days_late}
    if one.submitted_at is not None:
        sent = one.submitted_at.astimezone(LONDON)
        said = f"{sent.day} {sent:%B %Y}"
        return _("Sent on %(day)s, %(how)s") % {"day": said, "how": late if one.days_late else _("in time")}
    if one.days_late:
        return _("Not sent, %(late)s") % {"late": late}
    if one.days_left == 0:
        return _("Due today")
    return ngettext("%(number)s day left", "%(number)s days left", one.days_left) % {"number": one.days_left}


def steps_table(steps: Iterable[models.TransitionStep], moment: Moment, *, leads: bool = False) -> Table:
    def state(one: models.TransitionStep) -> str:
        is_done = one.done_on is not None and one.done_on <= moment.valid_on
        late = ((one.done_on if is_done and one.done_on else moment.valid_on) - one.due_on).days
        said = _("Done") if is_done else _("Open")
        if late <= 0:
            return said
        return f"{said}, " + ngettext("%(number)s day late", "%(number)s days late", late) % {"number": late}

    return Table(
        [
            Column("title", _("Step"), *(("link", "href") if leads else ())),
            Column("owner", _("Who does it")),
            Column("due", _("Due"), "date"),
            Column("state", _("State")),
            Column("disruption", _("Disruption, 1 to 5"), "number"),
            Column("value", _("Value, 1 to 5"), "number"),
            Column("reason", _("Why it is taken")),
            Column("evidence", _("What shows it")),
        ],
        [
            {
                "title": one.title, "owner": one.owner, "due": one.due_on, "state": state(one),
                "disruption": one.disruption, "value": one.value, "reason": one.reason,
                "evidence": one.evidence, "href": reverse("transition:step", args=[one.transition_id, one.key]),
            }
            for one in steps
        ],
        caption=_("Steps: how much each disturbs, and what it is worth"),
        name="steps",
        can_filter=False,
        empty=_("No step was written down yet."),
    )  # fmt: skip


def functions_table(report: FunctionReport) -> Table:
    rows = [{"function": one, "fault": _("Nobody has it after the change")} for one in report.gaps]
    rows += [{"function": one, "fault": _("Several bodies have it after the change")} for one in report.overlaps]
    return Table(
        [Column("function", _("Function")), Column("fault", _("What is wrong"))],
        rows,
        caption=_("Functions with a gap or an overlap"),
        name="functions",
        can_filter=False,
    )


def people_table(sums: StaffSums) -> Table:
    return Table(
        [
            Column("body", _("Body that closes")),
            Column("people", _("People"), "number"),
            Column("placed", _("Placed"), "number"),
            Column("unplaced", _("Unplaced"), "number"),
        ],
        [
            {"body": body, "people": people, "placed": placed, "unplaced": unplaced}
            for body, (people, placed, unplaced) in sums.by_body.items()
        ],
        caption=_("People by the body that closes"),
        name="people",
        can_filter=False,
        notes=[_("People include senior leaders, who are outside the promise; placed and unplaced do not.")],
    )


def receiving_table(sums: StaffSums) -> Table:
    return Table(
        [Column("body", _("Receiving body")), Column("people", _("People"), "number")],
        [{"body": body, "people": number} for body, number in sums.receiving.items()],
        caption=_("People by the body that receives them"),
        name="receiving",
        can_filter=False,
        empty=_("Nobody is placed yet."),
    )


def work_table(found: Readiness) -> Table:
    orphans: dict[str, int] = {}
    for one in found.day_one.orphans:
        orphans[one.work.kind] = orphans.get(one.work.kind, 0) + one.work.count
    return Table(
        [
            Column("kind", _("Open work")),
            Column("found", _("Found"), "number"),
            Column("orphans", _("Without a new owner"), "number"),
        ],
        [
            {"kind": kind.capitalize(), "found": number, "orphans": orphans.get(kind, 0)}
            for kind, number in sorted(found.day_one.found.items())
        ],
        caption=_("Open work of the bodies that close"),
        name="work",
        can_filter=False,
        empty=_("The rooms that were asked have nothing open of these bodies."),
    )


def _titled(work: OpenWork) -> str:
    title = work.title or work.key
    return f"{title} ({work.count:,})" if work.count > 1 else title


def orphans_table(found: Readiness) -> Table:
    rows: list[dict[str, Any]] = [
        {
            "work": _titled(one.work), "href": one.work.link or None, "kind": one.work.kind.capitalize(),
            "body": one.body, "room": one.room,
        }
        for one in found.day_one.orphans
    ]  # fmt: skip
    return Table(
        [
            Column("work", _("Open work"), "link", "href"),
            Column("kind", _("Kind")),
            Column("body", _("Body that closes")),
            Column("room", _("Where it is kept")),
        ],
        rows,
        caption=_("Open work that nobody has after the change"),
        name="orphans",
        per_page=50,
    )


def owners_table(owners: Iterable[models.NewOwner]) -> Table:
    return Table(
        [
            Column("body", _("Body that closes")),
            Column("work", _("Open work")),
            Column("to", _("Who has it from the day")),
            Column("reason", _("Why")),
        ],
        [
            {
                "body": one.body,
                "work": ", ".join(part for part in (one.room.capitalize(), one.kind, one.work) if part) or _("All"),
                "to": one.to,
                "reason": one.reason,
            }
            for one in owners
        ],
        caption=_("New owners of open work"),
        name="owners",
        can_filter=False,
        empty=_("Nobody has named a new owner yet. The check before day one lists what needs one."),
    )
