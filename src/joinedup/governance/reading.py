"""What pages and other rooms ask of boards, each answer by what was known at an instant (rule T1).

register_of_interests(Moment(day, known_at))
quorum_views("icb-2022-09-23-3")          # as known when it was decided, and by what is known today
agenda_of("icb-2022-09-23", moment)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from joinedup.governance import models
from joinedup.governance.assurance.commitments import Commitment
from joinedup.governance.boards.seats import Holding
from joinedup.governance.interests.register import ACTIONS, Interest
from joinedup.governance.kept.assurance import overdue_of
from joinedup.governance.kept.boards import board_at
from joinedup.governance.kept.decisions import day_decided, decision_of, quorum_of_kept
from joinedup.governance.kept.meetings import (
    as_attendance,
    attendances_of,
    day_of,
    items_of,
    meeting_of,
    not_cancelled,
)
from joinedup.governance.kept.registers import visible
from joinedup.governance.meetings.quorum import Quorum, quorum_of_item, read_quorum_rule
from joinedup.governance.meetings.urgent import Ratifying, ratifying
from joinedup.moment import LONDON, Moment, now

# Keys are sorted by their code points whatever the database's own order is: the rules of a language take longer.
_INTERESTS = """
SELECT key, person, type, about_org, lower(valid), declared_on, upper(valid), publish, publish_reason
  FROM governance_interest WHERE valid @> %(on)s AND known @> %(known)s AND (%(person)s = '' OR person = %(person)s)
 ORDER BY person COLLATE "C", lower(valid), key COLLATE "C"
"""
_HOLDINGS = """
SELECT board_id, seat, person, lower(valid), upper(valid), status, on_behalf_of
  FROM governance_seatholding WHERE valid @> %(on)s AND known @> %(known)s
 ORDER BY board_id COLLATE "C", seat COLLATE "C", person COLLATE "C"
"""


class InterestLine(NamedTuple):
    """A line of the register as kept: five thousand of them are read at once. `as_interest` is what the rules take."""

    key: str
    person: str
    type: str
    about_org: str
    arose_on: date
    declared_on: date
    ended_on: date | None
    publish: str
    publish_reason: str

    @property
    def as_interest(self) -> Interest:
        return Interest(*self)


def register_of_interests(moment: Moment, *, person: str = "") -> list[InterestLine]:
    """Answer the interests that were open on a day, by what was known at an instant, by person."""
    with connection.cursor() as cursor:
        cursor.execute(_INTERESTS, {"on": moment.valid_on, "known": moment.known_at, "person": person})
        return list(map(InterestLine._make, cursor.fetchall()))


def register_of_holdings(moment: Moment) -> list[tuple[str, Holding]]:
    """Answer (board, holding) of every seat that was held on a day, by what was known at an instant."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDINGS, {"on": moment.valid_on, "known": moment.known_at})
        return [
            (board, Holding(seat, person, start, end, status, on_behalf_of))
            for board, seat, person, start, end, status, on_behalf_of in cursor.fetchall()
        ]


@dataclass(frozen=True, slots=True)
class Correction:
    """An attendance that became known otherwise after a decision: of whom, when, and why."""

    person: str
    known_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class QuorumViews:
    """The quorum of a decision as known when it was taken, and as it is seen by what became known since."""

    as_known: Quorum
    corrected: Quorum
    corrections: tuple[Correction, ...]
    known_at: datetime

    @property
    def differs(self) -> bool:
        """Answer whether what became known since changes who made up the quorum."""
        return (self.as_known.count, self.as_known.is_quorate, self.as_known.counted) != (
            self.corrected.count, self.corrected.is_quorate, self.corrected.counted,
        )  # fmt: skip

    @property
    def says(self) -> str:
        """Both views in words, without names; the decision stands as it was taken."""
        then = f"As known when it was decided: {self.as_known.says}"
        if not self.corrections:
            return f"{then} Nothing about attendance was corrected since."
        when = max(one.known_at for one in self.corrections).astimezone(LONDON)
        now_ = f"By the correction of {when.day} {when:%B %Y}: {self.corrected.says}"
        return f"{then} {now_} The decision stands as it was taken."


def quorum_views(reference: str, known_at: datetime | None = None) -> QuorumViews:
    """Answer the quorum of a decision both as known then and by what is known at an instant (now, unless named).

    Terms, seats and conflicts are those of the decision; only who was there is read anew.
    """
    known_at = known_at or now().known_at
    decision = decision_of(reference)
    kept = decision.quorum_snapshot
    then = quorum_of_kept(kept)
    if decision.item is None:  # Decided urgently, by two people.
        return QuorumViews(then, then, (), known_at)
    decided_known = datetime.fromisoformat(kept["known_at"])
    board = board_at(decision.board_id, Moment(day_decided(decision), decided_known))
    there = [as_attendance(row) for row in attendances_of(decision.item.meeting, known_at)]
    corrected = quorum_of_item(
        read_quorum_rule(kept["rule"]), board, there, at=then.at,
        excluded={
            row["person"] for row in decision.conflicts_snapshot if row["action"] and ACTIONS[row["action"]].is_excluded
        },
    )  # fmt: skip
    rows = models.Attendance.objects.filter(
        meeting=decision.item.meeting, known__startswith__gt=decided_known, known__startswith__lte=known_at
    ).order_by("known")
    found = tuple(Correction(row.person, row.known.lower, row.reason) for row in rows if row.reason != "left")
    return QuorumViews(then, corrected, found, known_at)


@dataclass(frozen=True, slots=True)
class Agenda:
    """An agenda with what reaches it by itself: overdue commitments, decisions to ratify, minutes to approve.

    What is overdue stands on it as one item, the last: nobody has to put it there, and nobody can leave it out.
    """

    meeting: models.Meeting
    items: tuple[models.AgendaItem, ...]
    overdue: tuple[Commitment, ...]
    to_ratify: tuple[tuple[str, Ratifying], ...]
    minutes_of: tuple[str, ...]

    @property
    def overdue_number(self) -> int:
        """The place of the item for what is overdue: after all others."""
        return max((one.number for one in self.items), default=0) + 1


def agenda_of(meeting: str, moment: Moment) -> Agenda:
    """Answer the agenda of a meeting as it stands by what was known; titles of private items are the caller's care."""
    kept = meeting_of(meeting)
    board, day = kept.board_id, day_of(kept)
    return Agenda(
        kept,
        tuple(items_of(kept, moment.known_at)),
        tuple(overdue_of(board, Moment(day, moment.known_at))),
        tuple(_to_ratify(board, day, moment)),
        tuple(
            not_cancelled(
                models.Meeting.objects.filter(board=board, starts_at__lt=kept.starts_at, at__lte=moment.known_at),
                moment.known_at,
            )
            .exclude(minutes__approved_at__isnull=False)
            .order_by("starts_at")
            .values_list("key", flat=True)
        ),
    )


def _to_ratify(board: str, day: date, moment: Moment) -> list[tuple[str, Ratifying]]:
    meetings = [
        day_of(one)
        for one in not_cancelled(
            models.Meeting.objects.filter(board=board, kind__in=["decision", "extraordinary"], at__lte=moment.known_at),
            moment.known_at,
        )
    ]
    rows = models.Decision.objects.filter(
        board=board, method="urgent", ratification__isnull=True, at__lte=moment.known_at
    ).order_by("decided_at")
    return [(row.reference, ratifying(day_decided(row), meetings, today=day)) for row in rows if day_decided(row) < day]


def gifts_on(moment: Moment) -> list[models.Gift]:
    """Answer the gifts that were declared by a day, by what was known, the newest first."""
    return list(
        models.Gift.objects.filter(declared_on__lte=moment.valid_on, at__lte=moment.known_at).order_by("-offered_on")
    )


def delegations_on(moment: Moment) -> list[models.Delegation]:
    """Answer the lines of the scheme of delegation that held on a day, by what was known at an instant."""
    return visible(models.Delegation, moment)
