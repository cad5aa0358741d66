"""How fast the pot's ledger answers at 1,000,000 entries: python bench/ledger.py

In a database of its own, a fund of 1,000,000 transactions of two lines each, made up by COPY, which is how no room
writes them. Then what people do: the trial balance with both times, a budget line, a page, a trace, a commitment. The
seconds are those a person waits, the database's included; each is the median of five after one that is not counted.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from own_database import own_database
from timing import median

ENTRIES, LINES, DAYS = 1_000_000, 200, 365
BEGINS = date(2026, 4, 1)
NINE = datetime(2026, 4, 1, 9, tzinfo=UTC)
# seconds
LIMITS = {"trial balance": 1.0, "trial balance of half a year, as known then": 1.0}


def main() -> int:
    with own_database():
        return show(measure())


def measure() -> dict[str, float]:
    """Answer the seconds of each question."""
    from joinedup.access import service_grant
    from joinedup.money import Authority, Fund, availability, services, trace, trial_balance
    from joinedup.money.ledger.reading import ledger_rows
    from joinedup.money.pot import spending

    grant = service_grant("bench", "Measure the ledger", "whoever runs this")
    ends = date(2027, 4, 1)
    services.make_fund(grant, Fund("POT", "The pot", "section_75", "QM7", BEGINS, ends, "S75/2026/1"))
    given = Authority("A1", "made up", "bench", "to measure", frozenset({"commitment"}), 10**15, BEGINS, ends)
    services.give_authority(grant, given)
    began = time.perf_counter()
    fill()
    print(
        f"ledger, {ENTRIES:,} made-up transactions copied and checked for balance: {time.perf_counter() - began:.0f} s"
    )
    known = datetime.now(UTC)
    half, then = BEGINS + timedelta(days=DAYS // 2), NINE + timedelta(days=DAYS // 3)
    number = iter(range(100))

    def commit() -> Any:
        return spending.commit(
            grant, 100, key=f"bench-{next(number)}", budget_line="line-7", supplier="Care Ltd",
            purpose="home care", authority_id="A1", on=BEGINS,
        )  # fmt: skip

    whole = trial_balance("POT", effective_to=date(2027, 3, 31), known_at=known)
    assert sum(whole.values()) == 0
    assert len(whole) > 3
    return {
        "trial balance": median(lambda: trial_balance("POT", effective_to=date(2027, 3, 31), known_at=known)),
        "trial balance of half a year, as known then": median(
            lambda: trial_balance("POT", effective_to=half, known_at=then)
        ),
        "what is left of a budget line": median(lambda: availability("line-7")),
        "a page of the ledger": median(lambda: ledger_rows("POT", before=ENTRIES // 2)),
        "from a pound to its authority": median(lambda: trace("made-up 500000")),
        "a commitment with every check": median(commit),
    }


def fill() -> None:
    """Copy made-up transactions in, without the triggers that look at each row, and look at their balance after."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            """INSERT INTO money_budgetline (code, fund_id, body, year, name, original_pence, ring_fence, envelope,
                                             plan_line, decision, by, at)
               SELECT 'line-' || n, 'POT', 'QM7', '2026/27', 'made up', 10^14::bigint, '', 'revenue', 'plan-' || n,
                      'made up', 'bench', now() FROM generate_series(0, %s) n""",
            [LINES - 1],
        )
        with cursor.copy(
            "COPY money_transaction (key, kind, effective_on, recorded_at, by, description, party, purpose, plan_line,"
            " line_count, body, authority_id) FROM STDIN"
        ) as copy:
            for number in range(ENTRIES):
                day, at = when(number)
                # The text only has to be one: nothing here is sealed.
                text = f'{{"txn":"made-up {number}","kind":"journal","effective":"{day}","lines":[]}}'
                copy.write_row((f"made-up {number}", "journal", day, at, "bench", "", "", "", "", 2, text, "A1"))
        cursor.execute("SELECT min(id) FROM money_transaction WHERE by = 'bench'")
        first = cursor.fetchone()[0]
        with cursor.copy(
            "COPY money_line (transaction_id, number, account, body, fund_id, budget_line_id, amount_pence,"
            " effective_on, recorded_at) FROM STDIN"
        ) as copy:
            for number in range(ENTRIES):
                day, at = when(number)
                debit, credit = (("5000", "2000"), ("2000", "1000"), ("1000", "1100"))[number % 3]
                line, pence = f"line-{number % LINES}", 1 + number * 7919 % 1_000_000
                for place, (account, amount) in enumerate(((debit, pence), (credit, -pence)), start=1):
                    copy.write_row((first + number, place, account, "QM7", "POT", line, amount, day, at))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT EXISTS (SELECT FROM money_line GROUP BY transaction_id"
            " HAVING sum(amount_pence) <> 0 OR count(*) <> 2)"
        )
        assert cursor.fetchone() == (False,)


def when(number: int) -> tuple[date, datetime]:
    """The day of a made-up transaction, and when it was recorded: up to a month later."""
    day = number * DAYS // ENTRIES
    return BEGINS + timedelta(days=day), NINE + timedelta(days=day + number % 30)


def show(figures: dict[str, float]) -> int:
    missed = 0
    for what, figure in figures.items():
        limit = LIMITS.get(what)
        told = f"; limit {limit:.1f} s, ratio {limit / figure:.1f}" if limit else ""
        print(f"ledger of {ENTRIES:,}, {what}: {figure * 1000:,.1f} ms{told}")
        missed += limit is not None and figure > limit
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
