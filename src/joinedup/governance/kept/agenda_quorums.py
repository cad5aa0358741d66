"""The quorum of every item of a meeting at one instant: the board, its terms and who is there are read once (Q1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.interests.register import rights_in
from joinedup.governance.kept.boards import board_at, terms_on
from joinedup.governance.kept.meetings import as_attendance, attendances_of
from joinedup.governance.kept.standing import clock_of
from joinedup.governance.meetings.lost_quorum import standing_of_item
from joinedup.governance.meetings.quorum import read_quorum_rule
from joinedup.moment import LONDON, Moment


def quorums_now(meeting: models.Meeting, items: Iterable[models.AgendaItem], known_at: datetime) -> dict[str, str]:
    """Answer the quorum in words by items that are to be approved, at the minute up to which the meeting is recorded.

    Nothing while nobody's attendance is recorded; where the board has no terms on that day, the reason.
    """
    asked = [item for item in items if item.type == "approve"]
    rows = attendances_of(meeting, known_at)
    if not asked or not rows:
        return {}
    at = clock_of(meeting, known_at)
    moment = Moment(at.astimezone(LONDON).date(), known_at)
    try:
        rule = read_quorum_rule(terms_on(meeting.board_id, moment).quorum)
        board = board_at(meeting.board_id, moment)
    except RuleError as error:
        return {item.key: str(error) for item in asked}
    there = [as_attendance(row) for row in rows]
    excluded = _excluded(asked, at)
    found: dict[str, str] = {}
    said: dict[frozenset[str], str] = {}
    for item in asked:
        away = excluded.get(item.key, frozenset())
        if away not in said:
            try:
                said[away] = standing_of_item(rule, board, there, at=at, excluded=away).quorum.says
            except RuleError as error:
                said[away] = str(error)
        found[item.key] = said[away]
    return found


def _excluded(items: Iterable[models.AgendaItem], at: datetime) -> dict[str, frozenset[str]]:
    last: dict[tuple[str, str], models.ConflictAction] = {}
    rows = models.ConflictAction.objects.filter(item__in=list(items), since__lte=at).order_by("since", "pk")
    for row in rows:
        last[row.item_id, row.person] = row
    found: dict[str, set[str]] = {}
    for (item, person), row in last.items():
        if rights_in(row.action, recorded_at=row.since, at=at).is_excluded:
            found.setdefault(item, set()).add(person)
    return {item: frozenset(people) for item, people in found.items()}
