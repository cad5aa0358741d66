"""How an item stands at an instant: who is in the room, who is excluded, and whether a vote may be taken (Q1, Q2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from joinedup.governance import models
from joinedup.governance.boards import seats
from joinedup.governance.interests.conflicts import Proposal, Relations, proposals
from joinedup.governance.interests.register import Interest
from joinedup.governance.kept.boards import board_at, terms_on
from joinedup.governance.kept.conflicts import as_interest, excluded_of
from joinedup.governance.kept.employment import employed_interests
from joinedup.governance.kept.meetings import as_attendance, attendances_of, day_of
from joinedup.governance.kept.registers import visible
from joinedup.governance.meetings.lost_quorum import ItemStanding, standing_of_item
from joinedup.governance.meetings.quorum import read_quorum_rule
from joinedup.moment import LONDON, Moment
from joinedup.system import as_of


@dataclass(frozen=True)
class Room:
    """What is known in the room about one item at an instant."""

    item: models.AgendaItem
    terms: models.BoardTerms
    board: seats.Board
    there: list[seats.Attendance]
    excluded: frozenset[str]
    standing: ItemStanding
    at: datetime
    known_at: datetime


def room_at(item: models.AgendaItem, at: datetime, known_at: datetime) -> Room:
    """Answer the room of an item at an instant, by what was known at another; RuleError for a board that has ended."""
    moment = Moment(at.astimezone(LONDON).date(), known_at)
    board = board_at(item.meeting.board_id, moment)
    terms = terms_on(item.meeting.board_id, moment)
    there = [as_attendance(row) for row in attendances_of(item.meeting, known_at)]
    excluded = excluded_of(item, at, known_at)
    standing = standing_of_item(read_quorum_rule(terms.quorum), board, there, at=at, excluded=excluded)
    return Room(item, terms, board, there, excluded, standing, at, known_at)


def clock_of(meeting: models.Meeting, now_: datetime) -> datetime:
    """Answer the minute up to which a meeting was recorded: now on its day, else the last that was written down.

    Seconds are left out, since minutes are what is recorded; a minute before the meeting begins is its beginning.
    """
    this_minute = now_.astimezone(LONDON).replace(second=0, microsecond=0)
    if this_minute.date() == day_of(meeting):
        return max(this_minute, meeting.starts_at.astimezone(LONDON))
    told = [meeting.starts_at]
    for row in attendances_of(meeting, now_):
        told += [one for one in (row.present.lower, row.present.upper) if one is not None]
    told += models.ItemOpened.objects.filter(item__meeting=meeting).values_list("since", flat=True)
    told += models.Vote.objects.filter(item__meeting=meeting).values_list("cast_at", flat=True)
    told += models.ConflictAction.objects.filter(item__meeting=meeting).values_list("since", flat=True)
    return max(one.astimezone(LONDON) for one in told if one.astimezone(LONDON).date() == day_of(meeting))


def proposed_conflicts(items: Iterable[models.AgendaItem], moment: Moment) -> list[Proposal]:
    """Answer which interests of the members of these items' boards the items touch on the day of each meeting (I3).

    What bodies were made of, and what they became, counts as well; so does where members work, undeclared (I1).
    """
    rows = list(items)
    found: list[Proposal] = []
    for item in rows:
        if not item.orgs_named:
            continue
        day = day_of(item.meeting)
        at = Moment(day, moment.known_at)
        seated = board_at(item.meeting.board_id, at)
        members = {one for people in seated.holders_on(day).values() for one in people}
        interests: list[Interest] = [
            as_interest(line) for line in visible(models.Interest, at, person__in=sorted(members))
        ]
        declared = {(one.person, one.about_org) for one in interests}
        # What was declared says it already: its own words are asked about, once.
        interests += [one for one in employed_interests(members, at) if (one.person, one.about_org) not in declared]
        codes = sorted({*item.orgs_named, *(one.about_org for one in interests)})
        found += proposals({item.key: item.orgs_named}, interests, _relations(codes, at), on=day)
    return found


def _relations(codes: Iterable[str], moment: Moment) -> Relations:
    """Answer what the bodies of these codes became, and so what each came from, as the room `system` knows it."""
    picture = as_of(moment.valid_on, moment.known_at)
    became = {code: picture.resolve(code) - {code} for code in codes}
    return Relations.of({code: {moment.valid_on: new} for code, new in became.items() if new})
