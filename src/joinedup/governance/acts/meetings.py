"""The acts about meetings: calling one, its agenda, who presides, and who was there by the minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.boards import must_be_known, one_of
from joinedup.governance.acts.expecting import write_effects
from joinedup.governance.boards.seats import MODES
from joinedup.governance.kept.boards import board_at, board_of, chairs_on, terms_on
from joinedup.governance.kept.delegations import must_be_in_scheme
from joinedup.governance.kept.meetings import late_of, meeting_of, must_take_place, within_day
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.meetings.asking_money import checked_asks
from joinedup.governance.meetings.decisions import MEETING_KINDS, check_may_decide_in
from joinedup.governance.meetings.expected_effect import effects, summary
from joinedup.governance.meetings.notice import meeting_dates
from joinedup.governance.meetings.papers import PURPOSES, TYPES
from joinedup.moment import LONDON, Moment
from joinedup.system import checked_name

if TYPE_CHECKING:
    from joinedup.access import Grant

PREPARE, PRESIDE = "governance.prepare", "governance.preside"
LONGEST = 480  # minutes of an item


class NoChair(RuleError):
    """A meeting would have nobody to preside."""


def call_meeting(
    grant: Grant,
    board: str,
    *,
    kind: str,
    starts_at: datetime,
    key: str = "",
    presiding: str = "",
    deputy: str = "",
    place: str = "",
    is_public: bool | None = None,
    exclusion_resolution: str = "",
    exclusion_reason: str = "",
    short_notice_reason: str = "",
    known_at: datetime | None = None,
) -> str:
    """Call a meeting of a board; answers its key. Papers and notice are due by rule B5.

    The chair presides where nobody else is named. Raises NoChair where there is none on that day, RuleError for a
    notice that comes too late without a reason, or a private meeting without a resolution and its reason.
    """
    grant.must_be_for(PREPARE)
    one_of(kind, MEETING_KINDS, "kind of meeting")
    if starts_at.tzinfo is None:
        raise RuleError("B5: the start of a meeting needs a time zone.")
    on = starts_at.astimezone(LONDON).date()
    key = key or f"{board}-{on}"
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        moment = Moment(on, at)
        kept = board_of(board)
        public = terms_on(board, moment).is_public if is_public is None else is_public
        if models.Meeting.objects.filter(pk=key).exists():
            raise RuleError(f"There is a meeting '{key}' already; give a second one of a day a key of its own.")
        if not public and not (exclusion_resolution.strip() and exclusion_reason.strip()):
            raise RuleError("B5: a private meeting needs the resolution that excludes the public, and its reason.")
        person = _who_presides(board, presiding, deputy, moment)
        dates = meeting_dates(on)
        called_on = at.astimezone(LONDON).date()
        if called_on > dates.notice_by and not short_notice_reason.strip():
            raise RuleError(
                f"B5: notice of a meeting on {on} is due by {dates.notice_by}; it is {called_on}. Give the reason for "
                "the short notice, or a later day."
            )
        meeting = models.Meeting.objects.create(
            key=key, board=kept, kind=kind, starts_at=starts_at, place=place, papers_due=dates.papers_due,
            notice_by=dates.notice_by, short_notice_reason=short_notice_reason.strip(), is_public=public,
            exclusion_resolution=exclusion_resolution.strip(), exclusion_reason=exclusion_reason.strip(),
            **grown(grant, at),
        )  # fmt: skip
        models.Presiding.objects.create(
            meeting=meeting, since=starts_at, person=person, deputy=deputy, reason="as called", **grown(grant, at)
        )
        details = {"kind": kind, "on": str(on), "presiding": person, "is_public": public}
        if kind == "decision" and (late := [by for by, held in late_of(board, moment) if held == on]):
            details["later_than"] = str(late[0])  # A board meets at least every two months.
        record(grant, "governance.call-meeting", f"meeting:{key}", details=details)
    return key


def pass_the_chair(
    grant: Grant,
    meeting: str,
    person: str,
    *,
    since: datetime,
    deputy: str = "",
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Say who presides from an instant on, such as the vice-chair for an item that concerns the chair."""
    grant.must_be_for(PRESIDE)
    why = said(reason, "Q3: passing the chair")
    with transaction.atomic():
        kept = meeting_of(meeting)
        at = known_from(grant, known_at)
        within_day(kept, since, "Passing the chair")
        _who_presides(kept.board_id, person, deputy, Moment(since.astimezone(LONDON).date(), at))
        models.Presiding.objects.create(
            meeting=kept, since=since, person=person, deputy=deputy, reason=why, **grown(grant, at)
        )
        record(grant, "governance.pass-the-chair", f"meeting:{meeting}", details={"person": person})


def _who_presides(board: str, presiding: str, deputy: str, moment: Moment) -> str:
    seated = board_at(board, moment)
    members = {person for people in seated.holders_on(moment.valid_on).values() for person in people}
    for one in (presiding, deputy):
        if one and one not in members:
            raise NoChair(f"{one} is no member of {board} on {moment.valid_on} and cannot preside. Name a member.")
    if presiding:
        return presiding
    chairs = chairs_on(seated, moment)
    if len(chairs) != 1:
        what = "no chair" if not chairs else f"{len(chairs)} chairs"
        raise NoChair(f"{board} has {what} on {moment.valid_on}. Name who presides, or appoint a chair first.")
    return chairs[0]


def add_item(
    grant: Grant,
    meeting: str,
    number: int,
    title: str,
    *,
    type: str,
    is_private: bool = False,
    function: str = "",
    orgs_named: Sequence[str] = (),
    amount_pence: int | None = None,
    supplier: str = "",
    needs: str = "",
    asks: Mapping[str, Any] | None = None,
    expects: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    supersedes: str = "",
    presenter: str = "",
    minutes: int | None = None,
    purposes: Sequence[str] = (),
    known_at: datetime | None = None,
) -> str:
    """Put an item on an agenda; answers its key.

    `asks` is the authority that money is asked for (`asking_money`), and `expects` what it is expected to do
    (`expected_effect`), which the paper may state instead: without it nobody votes on an item that asks for money.
    RuleError for a decision in a meeting that cannot decide (B6).
    """
    grant.must_be_for(PREPARE)
    one_of(type, TYPES, "type of item")
    if minutes is not None and not 0 < minutes <= LONGEST:
        raise RuleError(f"B7: an item takes from 1 to {LONGEST} minutes; given {minutes}.")
    for purpose in purposes:
        one_of(purpose, PURPOSES, "purpose")
    with transaction.atomic():
        lock(f"meeting {meeting}")
        at = known_from(grant, known_at)
        kept = must_take_place(meeting_of(meeting))
        if type == "approve":
            check_may_decide_in(kept.kind)
        if amount_pence is not None and (isinstance(amount_pence, bool) or amount_pence < 0):
            raise RuleError(f"B8: the amount is {amount_pence!r}; expected whole pence, 0 or more.")
        if amount_pence and not function:
            raise RuleError("D6: an item about money says of which function, as the scheme of delegation calls it.")
        if function:
            day = kept.starts_at.astimezone(LONDON).date()
            must_be_in_scheme(kept.board.system, function, Moment(day, at))
        if supersedes and not models.Decision.objects.filter(pk=supersedes).exists():
            raise NotFound(f"There is no decision '{supersedes}' that could be superseded.")
        moved = models.ItemChange.objects.filter(item__meeting=kept, number=number, kind="place")
        if kept.items.filter(number=number).exists() or moved.exists():
            raise RuleError(f"The meeting {meeting} has an item {number} already.")
        key = f"{meeting}-{number}"
        expected = effects(expects)
        made = models.AgendaItem.objects.create(
            key=key, meeting=kept, number=number, title=checked_name(title), type=type,
            presenter=" ".join(presenter.split()), minutes=minutes, purposes=list(purposes),
            is_private=is_private or not kept.is_public, function=function, orgs_named=list(orgs_named),
            amount_pence=amount_pence, supplier=" ".join(supplier.split()), needs=needs,
            asks=checked_asks(asks, amount_pence) if asks is not None else None,
            expects=summary(expected), supersedes=supersedes, **grown(grant, at),
        )  # fmt: skip
        write_effects(grant, expected, at, item=made)
        details = {"type": type, "function": function, "pence": amount_pence}
        record(grant, "governance.add-item", f"item:{key}", details=details)
    return key


def record_attendance(
    grant: Grant,
    meeting: str,
    person: str,
    *,
    arrived: datetime,
    left: datetime | None = None,
    mode: str = "in_person",
    deputy_for: str = "",
    known_at: datetime | None = None,
) -> UUID:
    """Write down that a person came, and when the person left where that is known; answers the visit's id.

    `deputy_for` names the member stood in for. RuleError where the person is there already.
    """
    grant.must_be_for(PRESIDE)
    one_of(mode, MODES, "way to attend")
    visit = uuid4()
    with transaction.atomic():
        kept = must_take_place(meeting_of(meeting))
        lock(f"meeting {meeting}")
        at = known_from(grant, known_at)
        day = kept.starts_at.astimezone(LONDON).date()
        must_be_known(person, day, at)
        if deputy_for:
            _must_be_member(kept.board_id, deputy_for, Moment(day, at))
        _write_visit(kept, visit, person, arrived, left, mode, deputy_for, grant, at, "")
        details = {"person": person, "arrived": arrived.isoformat(), "left": left.isoformat() if left else ""}
        record(grant, "governance.record-attendance", f"meeting:{meeting}", details=details)
    return visit


def record_leaving(grant: Grant, visit: UUID, left: datetime, *, known_at: datetime | None = None) -> None:
    """Write down that a person who is there leaves."""
    grant.must_be_for(PRESIDE)
    _change_visit(grant, visit, None, left, "left", known_at)


def correct_attendance(
    grant: Grant,
    visit: UUID,
    *,
    arrived: datetime,
    left: datetime | None,
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Say from now on that a person was there at other minutes. What was known until now stays readable at its time."""
    grant.must_be_for(PRESIDE)
    _change_visit(grant, visit, arrived, left, said(reason, "Q1: a correction of attendance"), known_at)


def _change_visit(
    grant: Grant, visit: UUID, arrived: datetime | None, left: datetime | None, reason: str,
    known_at: datetime | None,
) -> None:  # fmt: skip
    with transaction.atomic():
        held = models.Attendance.objects.filter(visit=visit, known__endswith__isnull=True).first()
        if held is None:
            raise NotFound("There is no such visit of a meeting.")
        lock(f"meeting {held.meeting_id}")
        at = known_from(grant, known_at)
        held = models.Attendance.objects.select_related("meeting").get(visit=visit, known__endswith__isnull=True)
        if arrived is None and held.present.upper is not None:
            raise RuleError("Q1: this visit has ended. Correct it with a reason.")
        if at <= held.known.lower:
            raise RuleError("T1: something about this visit became known later. Knowledge is added at the end.")
        before = held.present
        held.known = DateTimeTZRange(held.known.lower, at)
        held.save(update_fields=["known"])
        _write_visit(
            held.meeting, visit, held.person, arrived or before.lower, left, held.mode, held.deputy_for, grant, at,
            reason,
        )  # fmt: skip
        action = "governance.record-leaving" if arrived is None else "governance.correct-attendance"
        details = {
            "person": held.person, "arrived": (arrived or before.lower).isoformat(),
            "left": left.isoformat() if left else "", "was_left": before.upper.isoformat() if before.upper else "",
        }  # fmt: skip
        record(grant, action, f"meeting:{held.meeting_id}", details=details)


def _write_visit(
    meeting: models.Meeting, visit: UUID, person: str, arrived: datetime, left: datetime | None, mode: str,
    deputy_for: str, grant: Grant, at: datetime, reason: str,
) -> None:  # fmt: skip
    within_day(meeting, arrived, "Q1: an arrival")
    if left is not None:
        within_day(meeting, left, "Q1: a leaving")
        if left <= arrived:
            raise RuleError("Q1: an attendance ends before it begins; check its minutes.")
    try:
        with transaction.atomic():
            models.Attendance.objects.create(
                meeting=meeting, visit=visit, person=person, present=DateTimeTZRange(arrived, left), mode=mode,
                deputy_for=deputy_for, known=DateTimeTZRange(at, None), by=grant.actor_id, reason=reason,
            )  # fmt: skip
    except IntegrityError:
        raise RuleError(f"Q1: {person} is there already at that time. Correct the earlier visit.") from None


def _must_be_member(board: str, person: str, moment: Moment) -> None:
    held = board_at(board, moment).holders_on(moment.valid_on)
    if not any(person in people for people in held.values()):
        raise RuleError(f"Q1: {person} is no member of {board} on {moment.valid_on}; a deputy stands in for a member.")
