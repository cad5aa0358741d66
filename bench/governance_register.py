"""How fast a register of interests answers as at any past moment: python bench/governance_register.py

In a database of its own, twenty years of 5,000 people: six interests each, every third corrected once, and a seat each;
made up by COPY, which is how no room writes them. Then the whole register as at moments of the past, one person's, and
who held which seat. The seconds are those a person waits, the database's included; each is the median of five after one
that is not counted.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from own_database import own_database
from timing import median

PEOPLE, YEARS, EACH = 5_000, 20, 6
BEGINS = date(2006, 4, 1)
LIMIT = 0.050  # seconds


def main() -> int:
    with own_database():
        return show(measure())


def measure() -> dict[str, float]:
    """Answer the seconds of each question."""
    from joinedup.governance.reading import register_of_holdings, register_of_interests
    from joinedup.moment import Moment

    began = time.perf_counter()
    rows = fill()
    print(f"register, {rows:,} made-up lines copied and checked: {time.perf_counter() - began:.0f} s")
    early, middle, late = (
        Moment(BEGINS + timedelta(days=365 * years), datetime(2006 + years, 6, 1, tzinfo=UTC)) for years in (5, 11, 19)
    )
    for moment in (early, middle, late):
        print(f"  open on {moment.valid_on}: {len(register_of_interests(moment)):,}")
    return {
        "the register of interests after 5 years": median(lambda: register_of_interests(early)),
        "the register of interests after 11 years": median(lambda: register_of_interests(middle)),
        "the register of interests after 19 years": median(lambda: register_of_interests(late)),
        "of one person, after 11 years": median(lambda: register_of_interests(middle, person="p0042")),
        "who holds which seat, after 11 years": median(lambda: register_of_holdings(middle)),
    }


def fill() -> int:
    """Make up the registers; answers how many lines there are."""
    from django.db import connection, transaction

    chance = random.Random(20220701)
    interests, holdings = [], []
    for number in range(PEOPLE):
        person = f"p{number:04}"
        for which in range(EACH):
            start = BEGINS + timedelta(days=chance.randrange(365 * YEARS))
            end = start + timedelta(days=chance.randrange(200, 2_500))
            known = datetime(start.year, start.month, start.day, 9, tzinfo=UTC) + timedelta(days=chance.randrange(40))
            interests.append(_interest(f"{person}-{which}", person, start, None, known, known + timedelta(days=150)))
            if which % 3:
                interests.append(_interest(f"{person}-{which}", person, start, end, known + timedelta(days=150), None))
            else:  # Ended, and then corrected once.
                again = known + timedelta(days=300)
                interests.append(_interest(f"{person}-{which}", person, start, end, known + timedelta(days=150), again))
                interests.append(_interest(f"{person}-{which}", person, start, end, again, None))
        start = BEGINS + timedelta(days=chance.randrange(365 * YEARS))
        until = start + timedelta(days=1_460)
        holdings.append(("b", f"s{number}", person, f"[{start},{until})", f"[{start} 09:00+00,)"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO governance_board (key, system, tier, joint_of, is_partnership_board, care_group, by, at) "
            "VALUES ('b', 's', 'system', '{}', false, '', 'bench', now())"
        )
        with cursor.copy(
            "COPY governance_interest (key, person, type, about_org, description, declared_on, publish, publish_reason,"
            " valid, known, by, reason) FROM STDIN"
        ) as copy:
            for row in interests:
                copy.write_row((*row, "bench", "made up"))
        with cursor.copy(
            "COPY governance_seatholding (board_id, seat, person, status, on_behalf_of, valid, known, by, reason)"
            " FROM STDIN"
        ) as copy:
            for board, seat, person, valid, known_range in holdings:
                copy.write_row((board, seat, person, "substantive", "", valid, known_range, "bench", "made up"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE governance_interest, governance_seatholding")
    return len(interests) + len(holdings)


def _interest(key: str, person: str, start: date, end: date | None, known: datetime, until: datetime | None) -> Any:
    return (
        key, person, "financial", f"X{hash_of(key)}", "made up", start, "yes", "", f"[{start},{end or ''})",
        f"[{known.isoformat()},{until.isoformat() if until else ''})",
    )  # fmt: skip


def hash_of(key: str) -> int:
    """Answer one of 300 bodies for a key, the same in every run."""
    return sum(key.encode()) % 300


def show(found: dict[str, float]) -> int:
    late = 0
    for what, seconds in found.items():
        over = seconds > LIMIT
        late += over
        print(f"{what}: {seconds * 1000:.1f} ms (limit {LIMIT * 1000:.0f} ms; no peer is known){' TOO SLOW' * over}")
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
