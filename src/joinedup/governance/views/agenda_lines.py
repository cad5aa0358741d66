"""The items of an agenda as its pages show them: five questions to the database, whatever the number of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from joinedup.governance import models
from joinedup.governance.acts.papers import parts_of
from joinedup.governance.kept.agenda_quorums import quorums_now
from joinedup.governance.meetings.notice import days_late
from joinedup.governance.meetings.papers import type_of_item
from joinedup.governance.reading import Agenda
from joinedup.governance.views.parts import TYPES, missing_said, outcome_said, said_minute, title_of
from joinedup.moment import Moment, now
from joinedup.ui import Column, Table


def lines_of(
    meeting: models.Meeting, items: Sequence[models.AgendaItem], sees: bool, moment: Moment
) -> list[dict[str, Any]]:
    """Answer each item as the agenda shows it: its paper and what that lacks, how it stands, what was decided."""
    known = {"item__in": list(items), "at__lte": moment.known_at}
    newest = {row.item_id: row for row in models.PaperVersion.objects.filter(**known).order_by("number")}
    opened = {row.item_id: row for row in models.ItemOpened.objects.filter(**known)}
    decided = {
        row.item_id: row
        for row in models.Decision.objects.select_related("board").prefetch_related("adoptions").filter(**known)
    }
    declared: dict[str, set[str]] = {}
    for item, person in models.ItemDeclaration.objects.filter(**known).values_list("item", "person"):
        declared.setdefault(item, set()).add(person)
    quorums = quorums_now(meeting, [one for one in items if one.key not in decided], now().known_at)
    found = []
    for item in items:
        version, decision = newest.get(item.key), decided.get(item.key)
        _type, missing = type_of_item(item.type, parts_of(version) if version else None)
        hidden = item.is_private and not sees
        state = outcome_said(decision, moment)["text"] if decision else _state(item, opened, version, missing)
        found.append({
            "item": item,
            "number": item.number,
            "title": title_of(item, sees),
            "href": "" if hidden else reverse("governance:item", args=[item.key]),
            "type": _(TYPES[item.type]),
            "paper": "" if hidden or item.withdrawn else paper_said(item, version, missing),
            "conflicts": len(declared.get(item.key, ())),
            "state": state,
            "quorum": decision.quorum_snapshot["says"] if decision else quorums.get(item.key, ""),
            "decision": decision,
        })  # fmt: skip
    return found


def overdue_line(agenda: Agenda) -> list[dict[str, Any]]:
    """Answer the item by which overdue commitments reach an agenda by themselves; none where nothing is overdue."""
    if not agenda.overdue:
        return []
    count = len(agenda.overdue)
    return [{
        "item": None, "number": agenda.overdue_number, "title": _("Overdue commitments and actions"),
        "href": "#overdue",
        "type": _(TYPES["discuss"]), "paper": "", "conflicts": 0, "quorum": "", "decision": None,
        "state": ngettext("%(count)s is overdue", "%(count)s are overdue", count) % {"count": count},
    }]  # fmt: skip


def paper_said(item: models.AgendaItem, version: models.PaperVersion | None, missing: tuple[str, ...]) -> str:
    """Answer in words whether the paper is there, how late it is, and what it lacks (B5, B8)."""
    due = item.meeting.papers_due
    if version is None:
        late = days_late(now().known_at, due)
        if item.type != "approve":
            return ""
        return (
            _("Missing, %(days)s days late") % {"days": late}
            if late
            else _("Due by %(day)s") % {"day": f"{due.day} {due:%B}"}
        )
    late_words = _("%(days)s days late") % {"days": version.days_late} if version.days_late else _("In time")
    lacks = _("; lacks %(parts)s") % {"parts": missing_said(missing)} if missing else ""
    return f"{late_words}{lacks}"


def agenda_table(lines: list[dict[str, Any]]) -> Table:
    """Answer an agenda as a table in its order."""
    return Table(
        [
            Column("number", _("Item"), "number"),
            Column("title", _("Title"), "link", "href"),
            Column("type", _("For what")),
            Column("paper", _("Paper")),
            Column("conflicts", _("Conflicts declared"), "number"),
            Column("quorum", _("Quorum")),
            Column("state", _("Outcome")),
        ],
        lines,
        caption=_("Agenda"),
        name="agenda",
        per_page=0,
        can_sort=False,
        empty=_("Nothing is on the agenda yet. A board secretary puts items on it."),
    )


def _state(
    item: models.AgendaItem, opened: dict[str, models.ItemOpened], version: Any, missing: tuple[str, ...]
) -> str:
    if item.withdrawn:
        return _("Withdrawn: %(why)s") % {"why": item.withdrawn}
    if item.key in opened:
        return _("Open since %(minute)s") % {"minute": said_minute(opened[item.key].since)}
    if item.type == "approve" and missing and version is not None:
        return _("Can be discussed, not approved")
    return _("Not taken")
