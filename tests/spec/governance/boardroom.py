"""What the tests of boards share: a boardroom on one Friday, and who sits where."""

from __future__ import annotations

from datetime import date, datetime

from joinedup.governance.boards.seats import Attendance, Board, Holding, Seat
from joinedup.moment import LONDON

DAY = date(2022, 9, 23)


def at(clock: str, day: date = DAY) -> datetime:
    """Answer an instant of the day in London, such as at("10:30")."""
    hour, minute = clock.split(":")
    return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=LONDON)


def board_of(seats: int, filled: int | None = None, **kinds: str) -> Board:
    """Answer a board with seats s1, s2 … held by p1, p2 …; the last ones are vacant. `kinds`: p3="clinical"."""
    held = seats if filled is None else filled
    return Board(
        tuple(Seat(f"s{n}", f"Seat {n}", kinds.get(f"p{n}", "non_exec")) for n in range(1, seats + 1)),
        tuple(Holding(f"s{n}", f"p{n}") for n in range(1, held + 1)),
    )


def present(*people: str, since: str = "10:00") -> list[Attendance]:
    """Answer that these people came and stayed."""
    return [Attendance(one, at(since)) for one in people]


def first(number: int) -> list[str]:
    """Answer p1, p2 … up to a number."""
    return [f"p{n}" for n in range(1, number + 1)]
