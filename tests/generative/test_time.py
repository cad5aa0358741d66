"""Whatever becomes known, in whatever order of days: what was answered before is answered still, and once only."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import given, settings, strategies as st

from joinedup.system import as_of, published
from joinedup.system.bitemporal import Row, one_value_on, revise
from joinedup.system.periods import PartialDate, Period, gaps
from joinedup.system.shares import largest_remainder
from joinedup.system.succession import index, resolve

FIRST, KNOWN = date(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)
LENGTH = 12
OFTEN = settings(max_examples=150, derandomize=True, deadline=None)
SELDOM = settings(max_examples=15, derandomize=True, deadline=None)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def instant(number: int) -> datetime:
    return KNOWN + timedelta(hours=number)


# What becomes known one after another: from a day, up to a day or open, this value or that nothing holds.
STARTS = st.integers(0, LENGTH - 1)
LENGTHS = st.none() | st.integers(1, LENGTH)
NEWS = st.lists(st.tuples(STARTS, LENGTHS, st.sampled_from(["stp", "ics", "icb", None])), max_size=8)


def naive(news: list[tuple[int, int | None, str | None]]) -> list[dict[int, str | None]]:
    """Answer what holds on each day after each piece of news, kept in the plainest way: a list of dictionaries."""
    states: list[dict[int, str | None]] = [dict.fromkeys(range(LENGTH))]
    for start, length, value in news:
        end = LENGTH if length is None else start + length
        states.append(states[-1] | dict.fromkeys(range(start, min(end, LENGTH)), value))
    return states


def period(start: int, length: int | None) -> Period:
    return Period(day(start), None if length is None else day(start + length))


@given(NEWS)
@OFTEN
def test_as_of_of_the_past_never_changes(news: list[tuple[int, int | None, str | None]]) -> None:
    """Rules: T1, V1; on rows. `one_value_on` refuses two visible rows."""
    rows: dict[int, Row[str]] = {}
    expected = naive(news)
    for number, (start, length, value) in enumerate(news, 1):
        found = revise(list(rows.values()), value, period(start, length), instant(number))
        for row in found.ended:
            rows[row.id] = Row(row.id, row.value, row.valid, row.known_from, instant(number))
        said = [(kept.row.value, kept.valid) for kept in found.kept]
        if found.added is not None:
            assert value is not None
            said.append((value, found.added))
        for what, valid in said:
            rows[len(rows)] = Row(len(rows), what, valid, instant(number))
        for before in range(number + 1):
            answers = {n: one_value_on(rows.values(), day(n), instant(before)) for n in range(LENGTH)}
            assert answers == expected[before], f"as known at {before}, after {number}"


@pytest.mark.django_db
def test_as_of_of_the_past_never_changes_in_the_database() -> None:
    """Rules: T1, V1; through `state` and `as_of`, where the database itself refuses two visible rows."""
    from joinedup.system.facts import Basis, Days, state
    from joinedup.system.models import Body, Source, Standing

    source = Source.objects.create(key="drawn", title="Drawn")

    @given(NEWS)
    @SELDOM
    def check(news: list[tuple[int, int | None, str | None]]) -> None:
        expected = naive(news)
        with transaction.atomic():
            body = Body.objects.create(key="drawn")
            for number, (start, length, value) in enumerate(news, 1):
                says = None if value is None else {"kind": value, "legal_form": "none", "sector": "nhs"}
                end = None if length is None else PartialDate(day(start + length))
                basis = Basis(instant(number), source)
                state(Standing, {"body": body}, says, Days(PartialDate(day(start)), end), basis)
                for before in range(number + 1):
                    pictures = {n: as_of(day(n), instant(before)) for n in range(0, LENGTH, 3)}
                    answers = {n: p.bodies_by_id([body.id])[body.id].kind for n, p in pictures.items()}
                    assert answers == {n: expected[before][n] for n in pictures}
            transaction.set_rollback(True)

    check()


@given(st.integers(0, 10**9), st.lists(st.fractions(0, 100), min_size=1, max_size=30).filter(any))
@OFTEN
def test_shares_add_up_to_the_whole(whole: int, weights: list[Fraction]) -> None:
    """Rules: T5, V2. No part is a whole unit away from its exact share, and who has no weight gets nothing."""
    parts = largest_remainder(whole, weights)
    assert sum(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - whole * weight / sum(weights)) < 1
        assert weight or part == 0


@given(st.lists(st.tuples(STARTS, LENGTHS), max_size=6), st.integers(1, LENGTH))
@OFTEN
def test_gaps_and_periods_cover_every_day_once(found: list[tuple[int, int | None]], end: int) -> None:
    """Rules: C6, C11. A day lies in a gap just when no period holds it; gaps are apart and in order."""
    periods = [period(*one) for one in found]
    missing = gaps(periods, Period(FIRST, day(end)))
    for number in range(end):
        held = any(day(number) in one for one in periods)
        assert sum(day(number) in gap for gap in missing) == (0 if held else 1)
    assert all(one.end is not None and one.end < other.start for one, other in itertools.pairwise(missing))
    assert all(gap.start >= FIRST and gap.end is not None and gap.end <= day(end) for gap in missing)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d"]))
@OFTEN
def test_a_partial_date_comes_back_as_it_was_given(some: date, form: str) -> None:
    """Rules: T2."""
    given_text = some.strftime(form)
    found = PartialDate.parse(given_text)
    assert str(found) == given_text
    assert found.earliest <= some < found.breach
    assert found.is_uncertain_on(some) is (form != "%Y-%m-%d")


# --- succession

# Codes are numbers, and an old one is lower than its new ones, so no circle can be; a code may live on beside them.
EDGES = st.tuples(st.integers(0, 11), st.integers(0, 11), STARTS).map(lambda e: (min(e[:2]), max(e[:2]), e[2]))
SUCCESSIONS = st.lists(EDGES, max_size=25)


@given(SUCCESSIONS, STARTS)
@OFTEN
def test_resolve_is_idempotent_and_ends(edges: list[tuple[int, int, int]], on: int) -> None:
    """Rules: T6, V3. Its answer is never empty, holds a code with no later row, and means itself on the same day."""
    rows = [(str(old), str(new), day(when)) for old, new, when in edges]
    by_old = index(rows)
    for code in map(str, range(12)):
        found = resolve(code, day(on), by_old)
        assert found
        assert {later for one in found for later in resolve(one, day(on), by_old)} == found
    untouched = {code for code in map(str, range(12)) if not any(d <= day(on) for d in by_old.get(code, {}))}
    assert all(resolve(code, day(on), by_old) == {code} for code in untouched)


@pytest.mark.parametrize("on", ["1992-03-31", "2000-10-01", "2013-04-01", "2022-04-01"])
def test_resolve_is_idempotent_and_ends_for_every_published_code(reference: Path, on: str) -> None:
    """Rules: T6. For all 24,805 old codes."""
    path = published.find_files(reference)["ods_succession_all.csv"]
    rows = published.rows(path, "old_code", "new_code", "date")
    by_old = index((row["old_code"], row["new_code"], date.fromisoformat(row["date"])) for _, row in rows)
    assert len(by_old) == 24_805
    when = date.fromisoformat(on)
    answers: dict[str, frozenset[str]] = defaultdict(frozenset)
    for code in by_old:
        answers[code] = resolve(code, when, by_old)
    for code, found in answers.items():
        assert found, code
        assert {later for one in found for later in resolve(one, when, by_old)} == found, code
    if on == "1992-03-31":
        assert all(found == {code} for code, found in answers.items())
