"""The acts about boards: their terms, their seats, who holds them, and the governance model of a system.

Each checks its grant, takes its lock, writes and audits in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.boards.composition import read_composition
from joinedup.governance.boards.governance_models import model_named
from joinedup.governance.boards.seats import CATEGORIES, STATUSES
from joinedup.governance.kept.boards import board_of, checked_quorum, seat_on
from joinedup.governance.kept.registers import (
    believed,
    days_of,
    grown,
    known_from,
    lock,
    open_days,
    said,
    state,
    visible,
)
from joinedup.governance.meetings.chain import TIERS
from joinedup.moment import Moment
from joinedup.system import Period, as_of, checked_name, names_of_people

if TYPE_CHECKING:
    from joinedup.access import Grant

KEEP = "governance.keep"


def one_of(given: str, known: Iterable[str], what: str) -> str:
    """Answer what was given; RuleError, with the nearest, for what is none of these."""
    if given not in known:
        raise RuleError(f"'{given}' is no {what}; expected one of {', '.join(known)}.{did_you_mean(given, known)}")
    return given


def must_exist(code: str, on: date, known_at: datetime) -> str:
    """Answer the code of a body that exists on a day; NotFound or RuleError otherwise."""
    if not as_of(on, known_at).body(code).exists:
        raise RuleError(f"The body {code} does not exist on {on}. Name the one that took its place.")
    return code


def must_be_known(person: str, on: date, known_at: datetime) -> str:
    """Answer the key of a person that the room `system` knows; NotFound otherwise."""
    if person not in names_of_people([person], on, known_at):
        raise NotFound(f"There is no person '{person}'. Write the person down first (system: keep_person).")
    return person


def create_board(
    grant: Grant,
    key: str,
    *,
    system: str,
    tier: str,
    name: str,
    since: date,
    until: date | None = None,
    quorum: Mapping[str, Any],
    joint_of: Sequence[str] = (),
    composition: Sequence[Mapping[str, Any]] = (),
    care_group: str = "",
    is_partnership_board: bool = False,
    terms_version: str = "1",
    proxies: bool = False,
    has_casting_vote: bool = True,
    is_public: bool = True,
    scrutinised_by: str = "",
    known_at: datetime | None = None,
) -> str:
    """Set up a board for the days [since, until) with its first terms; answers its key.

    A committee of several bodies names them in `joint_of`; `quorum` as `quorum.read_quorum_rule` reads it. RuleError
    for a key that is taken, or a second partnership board.
    """
    grant.must_be_for(KEEP)
    one_of(tier, TIERS, "tier")
    if not key or key != key.strip().lower() or " " in key:
        raise RuleError(f"'{key}' is no key of a board; expected small letters and hyphens, such as hwe-board.")
    with transaction.atomic():
        lock(f"board {key}", f"boards of {system}")
        at = known_from(grant, known_at)
        if models.Board.objects.filter(pk=key).exists():
            raise RuleError(f"B2: there is a board '{key}' already; change its terms instead.")
        if is_partnership_board:
            _must_be_the_only_one(system, open_days(since, until), at)
        for code in joint_of:
            must_exist(code, since, at)
        board = models.Board.objects.create(
            key=key, system=system, tier=tier, joint_of=list(joint_of), care_group=care_group,
            is_partnership_board=is_partnership_board, **grown(grant, at),
        )  # fmt: skip
        read_composition(composition)
        says = {
            "version": terms_version, "name": checked_name(name), "composition": [dict(one) for one in composition],
            "quorum": checked_quorum(quorum), "proxies": proxies, "has_casting_vote": has_casting_vote,
            "is_public": is_public, "scrutinised_by": scrutinised_by,
        }  # fmt: skip
        state(models.BoardTerms, {"board": board}, says, open_days(since, until), grant, at, "the first terms")
        record(grant, "governance.create-board", f"board:{key}", details={"tier": tier, "joint_of": list(joint_of)})
    return key


def _must_be_the_only_one(system: str, days: Period, known_at: datetime) -> None:
    lines = believed(models.BoardTerms, known_at, board__system=system, board__is_partnership_board=True)
    for line in lines:
        if days_of(line).overlaps(days):
            raise RuleError(
                f"B12: {line.board_id} is the partnership board of {system} on days of {days.start} to "
                f"{days.end or 'further notice'}. End it first, or give this one other days."
            )


def change_terms(
    grant: Grant, board: str, *, version: str, since: date, reason: str, known_at: datetime | None = None, **says: Any
) -> None:
    """Change terms of a board from a day on; what is not named stays. Older decisions keep the terms of their day."""
    grant.must_be_for(KEEP)
    why = said(reason, "B2: a change of terms")
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        board_of(board)
        for name in set(says) - set(models.BoardTerms.says):
            raise RuleError(f"Terms have no '{name}'.{did_you_mean(name, models.BoardTerms.says)}")
        held = visible(models.BoardTerms, Moment(since, at), board=board)
        if not held:
            raise RuleError(f"B2: {board} has no terms on {since} that could be changed.")
        kept = {name: getattr(held[0], name) for name in models.BoardTerms.says}
        if "quorum" in says:
            says["quorum"] = checked_quorum(says["quorum"])
        if "name" in says:
            says["name"] = checked_name(says["name"])
        days = open_days(since, days_of(held[0]).end)
        state(models.BoardTerms, {"board": board_of(board)}, kept | says | {"version": version}, days, grant, at, why)
        record(grant, "governance.change-terms", f"board:{board}", details={"version": version, "since": str(since)})


def end_board(grant: Grant, board: str, *, on: date, reason: str, known_at: datetime | None = None) -> None:
    """Say that a board sits no longer from a day on: its terms end, and its holdings with them."""
    grant.must_be_for(KEEP)
    why = said(reason, "B2: the end of a board")
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        if not state(models.BoardTerms, {"board": board_of(board)}, None, open_days(on), grant, at, why):
            raise RuleError(f"B2: {board} has ended before {on} already.")
        for line in believed(models.SeatHolding, at, board=board):
            about = {"board": board_of(board), "seat": line.seat, "person": line.person}
            state(models.SeatHolding, about, None, open_days(on), grant, at, why)
        record(grant, "governance.end-board", f"board:{board}", details={"on": str(on)})


def add_seat(
    grant: Grant,
    board: str,
    key: str,
    *,
    title: str,
    category: str,
    since: date,
    until: date | None = None,
    voting: bool = True,
    required: bool = False,
    max_holders: int = 1,
    also: Sequence[str] = (),
    nominating: Sequence[str] = (),
    reason: str = "by the terms",
    known_at: datetime | None = None,
) -> None:
    """Set up a seat of a board, or say from a day on otherwise of it."""
    grant.must_be_for(KEEP)
    one_of(category, CATEGORIES, "category of seats")
    if max_holders < 1:
        raise RuleError(f"B1: seat {key} would have {max_holders} holders; expected 1 or more.")
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        says = {
            "title": checked_name(title), "category": category, "voting": voting, "required": required,
            "max_holders": max_holders, "also": list(also),
            "nominating": [must_exist(code, since, at) for code in nominating],
        }  # fmt: skip
        about = {"board": board_of(board), "key": key}
        if state(models.Seat, about, says, open_days(since, until), grant, at, said(reason, "B1: a seat")):
            record(grant, "governance.add-seat", f"seat:{board}/{key}", details={"category": category})


def appoint(
    grant: Grant,
    board: str,
    seat: str,
    person: str,
    *,
    since: date,
    until: date | None = None,
    status: str = "substantive",
    on_behalf_of: str = "",
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Put a person on a seat for the days [since, until); the same again changes nothing.

    RuleError where the seat does not exist on those days, is full, or another body nominates for it.
    """
    grant.must_be_for(KEEP)
    one_of(status, STATUSES, "status")
    why = said(reason, "B1: an appointment")
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        board_of(board)
        days = open_days(since, until)
        held = seat_on(board, seat, Moment(since, at))
        must_be_known(person, since, at)
        if held.nominating and on_behalf_of not in held.nominating:
            raise RuleError(
                f"B1: for seat {seat} of {board} {', '.join(held.nominating)} nominate; given "
                f"'{on_behalf_of or 'nobody'}'."
            )
        if on_behalf_of:
            must_exist(on_behalf_of, since, at)
        others = [
            line for line in believed(models.SeatHolding, at, board=board, seat=seat)
            if line.person != person and days_of(line).overlaps(days)
        ]  # fmt: skip
        # The day on which most others hold the seat begins one of their holdings, or this one.
        starts = {max(since, line.valid.lower) for line in others} | {since}
        if max(sum(day in days_of(line) for line in others) for day in starts) >= held.max_holders:
            raise RuleError(
                f"B1: seat {seat} of {board} is held on these days by as many as may ({held.max_holders}). End a "
                "holding first."
            )
        about = {"board": board_of(board), "seat": seat, "person": person}
        says = {"status": status, "on_behalf_of": on_behalf_of}
        if state(models.SeatHolding, about, says, days, grant, at, why):
            details = {"person": person, "since": str(since), "until": str(until or ""), "status": status}
            record(grant, "governance.appoint", f"seat:{board}/{seat}", details=details)


def end_holding(
    grant: Grant, board: str, seat: str, person: str, *, on: date, reason: str, known_at: datetime | None = None
) -> None:
    """Say that a person holds a seat no longer from a day on; NotFound where nobody believes that the person does."""
    grant.must_be_for(KEEP)
    why = said(reason, "B1: the end of a holding")
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        about = {"board": board_of(board), "seat": seat, "person": person}
        if not state(models.SeatHolding, about, None, open_days(on), grant, at, why):
            raise NotFound(f"{person} holds the seat {seat} of {board} on no day from {on} on.")
        record(grant, "governance.end-holding", f"seat:{board}/{seat}", details={"person": person, "on": str(on)})


def name_account(
    grant: Grant, actor: str, person: str, *, since: date, reason: str, known_at: datetime | None = None
) -> None:
    """Say from a day on that a user (`user:<uuid>`) is this person; a member then votes and declares for himself."""
    grant.must_be_for(KEEP)
    with transaction.atomic():
        lock(f"account {actor}")
        at = known_from(grant, known_at)
        must_be_known(person, since, at)
        why = said(reason, "An account")
        if state(models.MemberAccount, {"actor": actor}, {"person": person}, open_days(since), grant, at, why):
            record(grant, "governance.name-account", f"person:{person}", details={"actor": actor})


def put_under_model(
    grant: Grant, system: str, model: str, *, since: date, reason: str, known_at: datetime | None = None
) -> None:
    """Put a system under a governance model from a day on. Decisions of before stay under theirs for ever (rule G1)."""
    grant.must_be_for(KEEP)
    why = said(reason, "G1: a governance model")
    with transaction.atomic():
        lock(f"model {system}")
        at = known_from(grant, known_at)
        model_named(model)
        if state(models.ModelInForce, {"system": system}, {"model": model}, open_days(since), grant, at, why):
            record(grant, "governance.put-under-model", f"system:{system}", details={"model": model, "on": str(since)})
