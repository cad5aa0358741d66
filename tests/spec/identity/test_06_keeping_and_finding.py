"""Subjects are kept as intake meets them, and found again by number, name, birth date or postcode."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from joinedup.access import Grant
from joinedup.identity import decide, find_candidates, resident_of, residents_of, subjects_of

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)
BORN = date(1971, 6, 24)
Keep = Callable[..., UUID]


def column(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall()]


def test_a_new_subject_waits_once_and_what_is_unchanged_does_not_wait_again(keep: Keep) -> None:
    one = keep("acute:1")
    keep("acute:1")
    keep("acute:1", seen_at=NINE + timedelta(days=1))
    assert column("SELECT subject_id FROM identity_unlinked") == [one]
    keep("acute:1", seen_at=NINE + timedelta(days=2), family="HILL")
    assert column("SELECT subject_id FROM identity_unlinked") == [one, one]


def test_what_comes_late_does_not_replace_what_is_newer(keep: Keep) -> None:
    keep("acute:1", family="HILL")
    keep("acute:1", seen_at=NINE - timedelta(days=1), family="BELL")
    assert column("SELECT family FROM identity_subject") == ["HILL"]


def test_a_birth_after_the_message_is_not_kept(keep: Keep) -> None:
    keep("acute:1", birth_date=date(2027, 1, 1))
    assert column("SELECT birth_date FROM identity_subject") == [None]


def test_a_subject_that_nothing_joined_is_its_own_resident(db: Any) -> None:
    one = uuid4()
    assert (resident_of(one), subjects_of(one), residents_of([one])) == (one, (one,), {one: one})


def found(**asked: Any) -> list[UUID]:
    return [candidate.resident_id for candidate in find_candidates(**asked)]


def test_a_resident_is_found_by_what_is_nearly_right(keep: Keep) -> None:
    ana = keep("gp:1", nhs_number="9990000018", family="HILL", given="ELIZABETH", postcode="ZH1 1AA")
    keep("gp:2", family="WOOD", given="GEORGE", birth_date=date(1950, 1, 2), postcode="ZH9 9ZZ")
    for asked in (
        {"nhs_number": "999 000 0018"},
        {"family": "Hill", "given": "Elizabeth"},
        {"family": "Hill", "birth_date": BORN},
        {"family": "Hil", "given": "Elizabeth", "birth_date": BORN},  # misspelt
        {"family": "Hill", "given": "Liz", "birth_date": BORN},  # a nickname
        {"family": "Elizabeth", "given": "Hill", "birth_date": BORN},  # in each other's place
        {"given": "Elizabeth", "postcode": "zh11aa"},
    ):
        assert found(**asked)[:1] == [ana], asked


def test_day_and_month_may_be_swapped(keep: Keep) -> None:
    one = keep("gp:1", family="HILL", birth_date=date(1971, 6, 12))
    assert found(family="Hill", birth_date=date(1971, 12, 6)) == [one]


def test_nothing_asked_finds_nothing_and_others_do_not_fit(keep: Keep) -> None:
    keep("gp:1", family="HILL", given="ELIZABETH")
    assert found() == found(nhs_number="nonsense") == found(family="山田") == []
    assert found(family="Wood", given="George", birth_date=BORN) == []


def test_records_that_are_joined_are_found_as_one(keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", family="HILL"), keep("acute:1", family="HILL")
    decide(grant, one, two, "match", "the same person")
    (candidate,) = find_candidates(family="Hill", birth_date=BORN)
    assert set(candidate.subject_ids) == {one, two}
    assert candidate.resident_id == resident_of(one)
