"""A board of Littleshire that sits: eight seats, ten people, a scheme of delegation, a meeting with its agenda."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from joinedup.access import Grant, service_grant
from joinedup.governance.acts import (
    boards as services_boards,
    delegations as services_delegations,
    interests as services_interests,
    meetings as services_meetings,
    papers as services_papers,
    voting as services_voting,
)
from joinedup.governance.delegation.scheme import Delegation
from joinedup.governance.meetings.papers import PaperParts
from joinedup.moment import LONDON
from joinedup.system import keep_person

SYSTEM, BOARD, COMMITTEE = "littleshire", "icb", "finance"
OPENED, MEETS = date(2022, 7, 1), date(2022, 9, 23)
QUORUM = {"need": {"fixed": 5}, "base": "all", "conflicted": "not_counted"}
SEATS = {
    "chair": ("chair", "ada"), "chief": ("leader", "ben"), "ned-1": ("non_exec", "cat"), "ned-2": ("non_exec", "dan"),
    "trust": ("partner_trust", "eve"), "gp": ("partner_primary_care", "fay"), "council": ("partner_la", "gus"),
    "vcse": ("vcse", "hal"),
}  # fmt: skip
PEOPLE = ("ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal", "ivy", "joe")
WHOLE = PaperParts(
    purposes=("outcomes",), triple_aim={"health": "more years", "quality": "safer", "sustainability": "within budget"},
    evidence=("a trial",), no_engagement_reason="a routine renewal", equality_impact="none found",
    conflicts_considered="one", cost_pence=None, lowest_tier="system",
)  # fmt: skip
EFFECT = {"measure": "emergency-admissions", "size": "5% fewer", "by": "2023-09-30", "for": "people over 75"}
ASKS = {
    "acts": ["commitment"], "valid_from": "2022-10-01", "valid_to": "2023-04-01", "party": "Care Ltd",
    "purpose": "home care",
}  # fmt: skip


def grant(permission: str, actor: str = "user:secretary", body_id: UUID | None = None) -> Grant:
    """Leave for one act."""
    return Grant(actor, "Fiona Sample", "board_secretary", body_id, "governance", permission, datetime.now(UTC), "test")


def job() -> Grant:
    """Leave of a job, which may say since when something was known."""
    return service_grant("replay", "Replay what was recorded elsewhere", "the reader")


def minute(text: str, on: date = MEETS) -> datetime:
    """Answer a minute of a day in London, such as 10:30."""
    hour, minutes = text.split(":")
    return datetime(on.year, on.month, on.day, int(hour), int(minutes), tzinfo=LONDON)


def load(folder: Path) -> None:
    """Load Littleshire, and write its people down."""
    from tests.spec.system import littleshire

    from joinedup.system import services as system

    system.load_system(littleshire.write(folder), job())
    for key in PEOPLE:
        keep_person(
            job(), key, f"{key.title()} Sample", since=date(2016, 4, 1), source="people", reason="The boards' people",
            known_at=datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip


def set_up_board(**more: Any) -> None:
    """Set the board up under option 2, with its eight seats held, and all of its functions reserved to it."""
    keep = grant("governance.keep")
    services_boards.create_board(
        keep, BOARD, system=SYSTEM, tier="system", name="Littleshire board", since=OPENED, quorum=QUORUM,
        is_partnership_board=True, **more,
    )  # fmt: skip
    for key, (category, person) in SEATS.items():
        services_boards.add_seat(keep, BOARD, key, title=f"Seat {key}", category=category, since=OPENED)
        services_boards.appoint(keep, BOARD, key, person, since=OPENED, reason="by election")
    services_boards.put_under_model(keep, SYSTEM, "option2", since=OPENED, reason="the Act of 2022")
    services_delegations.reserve(keep, "L1", "resources", BOARD, since=OPENED, reserved_type="distribution",
                                 reason="the scheme of July 2022")  # fmt: skip


def set_up_committee(limit_pence: int = 4_250_000) -> None:
    """Set up a committee of three with a delegation for home care up to a limit, £42,500.00 unless said otherwise."""
    keep = grant("governance.keep")
    services_boards.create_board(
        keep, COMMITTEE, system=SYSTEM, tier="place", name="Finance committee", since=OPENED,
        quorum={"need": {"fixed": 2}},
    )  # fmt: skip
    for key, category, person in (("c", "chair", "cat"), ("m1", "exec", "ivy"), ("m2", "vcse", "joe")):
        services_boards.add_seat(keep, COMMITTEE, key, title=key, category=category, since=OPENED)
        services_boards.appoint(keep, COMMITTEE, key, person, since=OPENED, reason="by the board")
    line = Delegation("L2", "home-care", BOARD, "committee", COMMITTEE, OPENED, limit_pence=limit_pence)
    services_delegations.delegate(keep, line, reason="the scheme of July 2022")


def call(board: str = BOARD, on: date = MEETS, **more: Any) -> str:
    """Call a meeting at 10:00 by a job, which knew of it a month before."""
    given = {"kind": "decision", "starts_at": minute("10:00", on), "short_notice_reason": "called in a test"}
    return services_meetings.call_meeting(grant("governance.prepare"), board, **given | more)


def item(meeting: str, number: int, type_: str = "approve", **more: Any) -> str:
    return services_meetings.add_item(
        grant("governance.prepare"), meeting, number, more.pop("title", f"Item {number}"), type=type_, **more
    )


def paper(item_key: str, **more: Any) -> int:
    """Submit a whole paper for an item, in time."""
    cost = more.pop("cost_pence", 0)
    tier = more.pop("lowest_tier", "system")
    from dataclasses import replace

    given = {
        "title": "A paper", "text": "What is proposed.", "parts": replace(WHOLE, cost_pence=cost, lowest_tier=tier),
        "submitted_at": minute("09:00", date(2022, 9, 10)),
    }  # fmt: skip
    return services_papers.submit_paper(grant("governance.submit"), item_key, f"paper-{item_key}", **given | more)


def arrive(meeting: str, *people: str, at: str = "09:55", on: date = MEETS) -> dict[str, UUID]:
    """Let people come at a minute; answers the visits."""
    return {
        person: services_meetings.record_attendance(
            grant("governance.preside"), meeting, person, arrived=minute(at, on)
        )
        for person in people
    }  # fmt: skip


def open_(item_key: str, at: str, on: date = MEETS) -> tuple[str, tuple[str, ...]]:
    return services_voting.open_item(grant("governance.preside"), item_key, at=minute(at, on))


def vote(item_key: str, at: str, on: date = MEETS, **values: str) -> None:
    """Let people vote: vote(item, "10:20", ada="for")."""
    for person, value in values.items():
        services_voting.cast_vote(grant("governance.preside"), item_key, person, value, cast_at=minute(at, on))


def close(item_key: str, at: str, on: date = MEETS, **more: Any) -> Any:
    from joinedup.governance.acts import deciding as services_deciding

    return services_deciding.close_item(
        grant("governance.preside"), item_key, at=minute(at, on), **{"text": "That it be done"} | more
    )


def exclude(item_key: str, person: str, at: str, action: str = "discuss_no_vote", **more: Any) -> None:
    services_interests.decide_conflict_action(
        grant("governance.preside"), item_key, person, action=action, decided_by=more.pop("decided_by", "ada"),
        since=minute(at), reason="works for the supplier",
    )  # fmt: skip
