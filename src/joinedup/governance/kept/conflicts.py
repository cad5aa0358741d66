"""Interests and conflicts as kept, by what was known at an instant, as the rules take them."""

from __future__ import annotations

from datetime import datetime

from joinedup.governance import models
from joinedup.governance.interests.register import ACTIONS, Interest, Rights, rights_in


def as_interest(row: models.Interest) -> Interest:
    """Answer a line of the register as the rules take it."""
    return Interest(
        row.key, row.person, row.type, row.about_org, row.valid.lower, row.declared_on, row.valid.upper, row.publish,
        row.publish_reason,
    )  # fmt: skip


def actions_of(
    item: models.AgendaItem, instant: datetime, known_at: datetime | None = None
) -> dict[str, models.ConflictAction]:
    """Answer what holds about each person's conflict in an item at an instant: {person: the last action}."""
    rows = item.conflict_actions.filter(since__lte=instant)
    if known_at is not None:
        rows = rows.filter(at__lte=known_at)
    return {row.person: row for row in rows.order_by("since", "pk")}


def rights_of(item: models.AgendaItem, person: str, instant: datetime, known_at: datetime | None = None) -> Rights:
    """Answer what a person may do in an item at an instant; conflicts in other items change nothing (V25)."""
    action = actions_of(item, instant, known_at).get(person)
    return rights_in(action.action, recorded_at=action.since, at=instant) if action else ACTIONS["note"]


def may_open_papers(item: models.AgendaItem, person: str, at: datetime) -> bool:
    return rights_of(item, person, at).may_read_papers


def excluded_of(item: models.AgendaItem, instant: datetime, known_at: datetime | None = None) -> frozenset[str]:
    """Answer who has no vote in an item at an instant because of a conflict."""
    return frozenset(
        person
        for person, row in actions_of(item, instant, known_at).items()
        if rights_in(row.action, recorded_at=row.since, at=instant).is_excluded
    )


def conflicts_snapshot(item: models.AgendaItem, instant: datetime, known_at: datetime) -> list[dict[str, str]]:
    """Answer what was declared in an item and what was done about it, as a decision keeps it."""
    actions = actions_of(item, instant, known_at)
    declared = item.declarations.filter(declared_at__lte=instant, at__lte=known_at).order_by("declared_at", "pk")
    natures = {row.person: (row.nature, row.interest) for row in declared}
    return [
        {
            "person": person, "nature": natures.get(person, ("", ""))[0],
            "interest": natures.get(person, ("", ""))[1],
            "action": actions[person].action if person in actions else "",
            "decided_by": actions[person].decided_by if person in actions else "",
        }
        for person in sorted(natures.keys() | actions.keys())
    ]  # fmt: skip
