"""The acts while an item is open: opening it, proxies, and votes, which are taken or refused with the reason."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts.interests import must_speak_for
from joinedup.governance.acts.meetings import NoChair
from joinedup.governance.acts.papers import parts_of
from joinedup.governance.kept.boards import board_at, left_board_on, terms_on
from joinedup.governance.kept.conflicts import excluded_of
from joinedup.governance.kept.expecting import is_stated
from joinedup.governance.kept.meetings import (
    as_attendance,
    attendances_of,
    day_of,
    item_of,
    meeting_of,
    must_be_on_agenda,
    presiding_at,
    within_day,
)
from joinedup.governance.kept.registers import grown, known_from, lock
from joinedup.governance.meetings.asking_planning import of_money
from joinedup.governance.meetings.papers import type_of_item
from joinedup.governance.meetings.proxies import Proxy, check_proxy_vote
from joinedup.governance.meetings.voting import Vote, VoteRefused, check_vote
from joinedup.moment import LONDON, Moment

if TYPE_CHECKING:
    from joinedup.access import Grant

PRESIDE, VOTE = "governance.preside", "governance.vote"


def open_item(
    grant: Grant, item: str, *, at: datetime, known_at: datetime | None = None
) -> tuple[str, tuple[str, ...]]:
    """Open an item at an instant of its meeting; answers as what it is taken, and what its paper lacks.

    An item to approve whose paper lacks a part (B8), or that asks for money and states no expected effect, is opened
    for discussion. Raises NoChair where neither who presides nor the deputy is there.
    """
    grant.must_be_for(PRESIDE)
    with transaction.atomic():
        kept = item_of(item, locked=True)
        known = known_from(grant, known_at)
        must_be_on_agenda(kept)
        within_day(kept.meeting, at, "Opening an item")
        if at < kept.meeting.starts_at:
            raise RuleError(f"The meeting begins at {kept.meeting.starts_at:%H:%M}; an item is opened after that.")
        if models.ItemOpened.objects.filter(item=kept).exists():
            raise RuleError("Q5: this item is open already.")
        presiding = presiding_at(kept.meeting, at)
        there = {row.person for row in attendances_of(kept.meeting, known) if as_attendance(row).covers(at)}
        if not there & {presiding.person, presiding.deputy}:
            raise NoChair(
                "Q3: neither who presides nor the deputy is there. Record the attendance, or say who presides now."
            )
        version = kept.paper_versions.order_by("-number").first()
        type_, missing = type_of_item(kept.type, parts_of(version) if version else None)
        if type_ == "approve" and of_money(kept.asks or {}) and kept.amount_pence and not is_stated(kept, known):
            type_, missing = "discuss", ("expected_effect",)
        models.ItemOpened.objects.create(item=kept, since=at, type=type_, missing=list(missing), **grown(grant, known))
        details = {"type": type_, "missing": list(missing)}
        record(grant, "governance.open-item", f"item:{item}", details=details)
    return type_, missing


def name_proxy(grant: Grant, meeting: str, *, giver: str, holder: str, known_at: datetime | None = None) -> None:
    """Write down that a member lets another vote for him in one meeting while he is away (Q8)."""
    grant.must_be_for(PRESIDE)
    with transaction.atomic():
        kept = meeting_of(meeting)
        lock(f"meeting {meeting}")
        at = known_from(grant, known_at)
        day = kept.starts_at.astimezone(LONDON).date()
        if not terms_on(kept.board_id, Moment(day, at)).proxies:
            raise VoteRefused("Q8: the terms of this board know no votes by proxy.")
        if kept.proxies.filter(giver=giver).exists():
            raise RuleError("Q8: this member has given a proxy for this meeting already.")
        if giver == holder:
            raise RuleError("Q8: nobody is a proxy for himself or herself.")
        models.ProxyGiven.objects.create(meeting=kept, giver=giver, holder=holder, **grown(grant, at))
        details = {"giver": giver, "holder": holder}
        record(grant, "governance.name-proxy", f"meeting:{meeting}", details=details)


def cast_vote(
    grant: Grant,
    item: str,
    person: str,
    value: str,
    *,
    cast_at: datetime,
    proxy_for: str = "",
    known_at: datetime | None = None,
) -> None:
    """Take a person's vote on an open item; the last before it is closed counts, all are kept (Q5).

    Raises VoteRefused, with the reason, for who is not there, has a conflict, holds no seat any longer, or is too late;
    the refusal is kept in the audit.
    """
    try:
        with transaction.atomic():
            kept = item_of(item, locked=True)
            at = known_from(grant, known_at)
            must_speak_for(grant, person, VOTE, PRESIDE, at)
            vote = Vote(person, value, cast_at, item, proxy_for)
            _check(kept, vote, at)
            models.Vote.objects.create(
                item=kept, person=person, value=value, cast_at=cast_at, proxy_for=proxy_for, **grown(grant, at)
            )
            details = {"person": person, "proxy_for": proxy_for, "cast_at": cast_at.isoformat()}
            record(grant, "governance.cast-vote", f"item:{item}", details=details)
    except VoteRefused as refusal:
        with transaction.atomic():
            details = {"person": person, "proxy_for": proxy_for, "why": str(refusal)}
            record(grant, "governance.cast-vote", f"item:{item}", outcome="denied", details=details)
        raise


def _check(item: models.AgendaItem, vote: Vote, known_at: datetime) -> None:
    opened = models.ItemOpened.objects.filter(item=item).first()
    decision = models.Decision.objects.filter(item=item).first()
    closes_at = decision.decided_at if decision else None
    if decision is not None:
        raise VoteRefused("Q5: voting on this item is closed; a change needs a new decision.")
    if opened is not None and "expected_effect" in opened.missing:
        raise VoteRefused(
            "B8: this item asks for money and states no expected effect: measure, size, by when, for whom. No vote is "
            "taken on it. Submit a version of the paper that states it, to the next meeting."
        )
    if opened is not None and opened.type != "approve":
        raise VoteRefused(f"B8: this item is for {opened.type}; no vote is taken on it.")
    moment = Moment(vote.cast_at.astimezone(LONDON).date(), known_at)
    # Whoever nobody saw leave is there until the end of the day, and not a day longer.
    if moment.valid_on != (day := day_of(item.meeting)):
        raise VoteRefused(f"Q5: the meeting is on {day}; a vote is cast on its day.")
    board = board_at(item.meeting.board_id, moment)
    there = [as_attendance(row) for row in attendances_of(item.meeting, known_at)]
    excluded = excluded_of(item, vote.cast_at)
    opens_at = opened.since if opened else None
    if vote.proxy_for:
        if opens_at is None or vote.cast_at < opens_at:
            raise VoteRefused("Q5: voting on this item is not open; wait until it is opened.")
        given = [Proxy(one.giver, one.holder) for one in item.meeting.proxies.order_by("pk")]
        allowed = terms_on(item.meeting.board_id, moment).proxies
        check_proxy_vote(vote, given, board, there, terms_allow=allowed, excluded=excluded)
        return
    seats_of = board.vote_seats_at(there, vote.cast_at)
    held = {one for people in board.holders_on(moment.valid_on).values() for one in people}
    if vote.person not in held and vote.person not in seats_of:
        until = left_board_on(item.meeting.board_id, vote.person, moment)
        if until:
            raise VoteRefused(f"Q5: this person left the board on {until} and has no vote any more.")
    check_vote(vote, seats_of=seats_of, excluded=excluded, opens_at=opens_at, closes_at=closes_at)
