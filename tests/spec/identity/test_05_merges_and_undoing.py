"""What a person or a source says of a pair joins and parts at once, and is undone without a trace (R22, R23, PA9).

A source's patients 1 and 2 are subjects of their own. Its merge message (A40) makes them one resident; undoing it makes
them what they were. Who was parted by a person stays parted, whatever message comes later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from joinedup.access import Grant
from joinedup.errors import NotFound, RuleError
from joinedup.feeds import Merge, subject_id
from joinedup.identity import (
    apply_merges,
    decide,
    identity_events,
    merge_links,
    pending_reviews_for,
    resident_of,
    residents_of,
    subjects_of,
    undo_merge,
    unmerge,
)

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)
Keep = Callable[..., UUID]


def merge(grant: Grant, *pairs: tuple[str, str], message: str = "m1") -> list[Any]:
    with transaction.atomic():
        return apply_merges(grant, "acute", [Merge(into, gone, NINE, message, 1) for into, gone in pairs])


def memberships() -> list[tuple[Any, ...]]:
    """All open memberships, without the row numbers and times of the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id, resident_id, method, weight FROM identity_membership WHERE until IS NULL ORDER BY 1"
        )
        return cursor.fetchall()


def test_a_merge_message_makes_two_patients_one_resident(keep: Keep, grant: Grant) -> None:
    one, two = keep("acute:1"), keep("acute:2", given="OTHER")
    assert subjects_of(one) == (one,)
    assert [done.outcome for done in merge(grant, ("1", "2"))] == ["applied"]
    assert set(subjects_of(one)) == {one, two} == set(subjects_of(two))
    assert resident_of(one) == resident_of(two) in (one, two)
    assert merge_links([one, two]) == {one: [("replaces", "2")], two: [("replaced-by", "1")]}


def test_two_pairs_of_one_message_are_two_merges(keep: Keep, grant: Grant) -> None:
    """Data: ADT-A40-02 merges 56789 into 12345 and 569 into 145."""
    for name in ("12345", "56789", "145", "569"):
        keep(f"acute:{name}")
    assert [done.outcome for done in merge(grant, ("12345", "56789"), ("145", "569"))] == ["applied", "applied"]
    assert resident_of(subject_id("acute", "12345")) != resident_of(subject_id("acute", "145"))


def test_of_two_pairs_of_one_message_none_is_applied_when_one_cannot_be(keep: Keep, grant: Grant) -> None:
    one = keep("acute:1")
    keep("acute:2")
    keep("acute:3")
    done = merge(grant, ("1", "2"), ("3", "never-sent"))
    assert [(merged.outcome, merged.reason) for merged in done] == [("review", "merge_unknown")] * 2
    assert subjects_of(one) == (one,)
    assert [waits.reason for waits in pending_reviews_for([one])] == ["merge_unknown"]


def test_the_same_message_again_changes_nothing(keep: Keep, grant: Grant) -> None:
    keep("acute:1"), keep("acute:2")
    merge(grant, ("1", "2"))
    before = memberships()
    assert [done.outcome for done in merge(grant, ("1", "2"), message="m2")] == ["repeated"]
    assert memberships() == before


def test_a_reversed_pair_goes_to_review(keep: Keep, grant: Grant) -> None:
    one, _ = keep("acute:1"), keep("acute:2")
    merge(grant, ("1", "2"))
    assert [done.reason for done in merge(grant, ("2", "1"), message="m2")] == ["merge_reversed"]
    assert [waits.reason for waits in pending_reviews_for([one])] == ["merge_reversed"]


def test_undone_with_never_match_the_same_message_waits_for_a_person(keep: Keep, grant: Grant) -> None:
    """R23: merge, undo with never-match, same A40 again: one review, links unchanged."""
    one, two = keep("acute:1"), keep("acute:2")
    before = memberships()
    merge(grant, ("1", "2"))
    undo_merge(grant, one, two, "two brothers")
    assert memberships() == before
    assert (resident_of(one), resident_of(two)) == (one, two)
    assert merge_links([one, two]) == {one: [], two: []}
    assert [done.reason for done in merge(grant, ("1", "2"), message="m2")] == ["merge_against_decision"]
    assert memberships() == before
    assert len(pending_reviews_for([one, two])) == 1


def test_who_cannot_tell_takes_nothing_back(keep: Keep, grant: Grant) -> None:
    """The pair waits again after `never`; "I cannot tell" lets neither the next message nor a regrouping join it."""
    one, two = keep("acute:1"), keep("acute:2")
    merge(grant, ("1", "2"))
    decide(grant, one, two, "unsure", "nobody answers the telephone")
    assert merge_links([two]) == {two: [("replaced-by", "1")]}
    assert [done.outcome for done in merge(grant, ("1", "2"), message="m2")] == ["repeated"]
    undo_merge(grant, one, two, "two brothers")
    merge(grant, ("1", "2"), message="m3")
    decide(grant, one, two, "unsure", "nobody answers the telephone")
    assert [done.reason for done in merge(grant, ("1", "2"), message="m4")] == ["merge_against_decision"]
    three = keep("council:1")
    decide(grant, one, three, "match", "same person")
    with pytest.raises(RuleError, match="Take that back"):
        decide(grant, two, three, "match", "same person")


def test_undone_without_never_match_it_may_come_again(keep: Keep, grant: Grant) -> None:
    one, two = keep("acute:1"), keep("acute:2")
    merge(grant, ("1", "2"))
    undo_merge(grant, one, two, "sent too early", never_again=False)
    assert resident_of(two) == two
    assert [done.outcome for done in merge(grant, ("1", "2"), message="m2")] == ["applied"]
    assert resident_of(one) == resident_of(two)


def test_what_does_not_stand_cannot_be_undone(keep: Keep, grant: Grant) -> None:
    one, two = keep("acute:1"), keep("acute:2")
    with pytest.raises(NotFound, match="No merge"):
        undo_merge(grant, one, two, "by mistake")


def test_undoing_gives_both_groups_their_former_ids(keep: Keep, grant: Grant) -> None:
    """Two residents of two records each become one of four, and again what they were."""
    names = [keep(f"{source}:{code}") for source in ("acute", "council") for code in ("1", "2")]
    first, second = (names[0], names[2]), (names[1], names[3])
    decide(grant, *first, "match", "same address and sister")
    decide(grant, *second, "match", "same address and sister")
    before, residents = memberships(), residents_of(names)
    assert len(set(residents.values())) == 2
    merge(grant, ("1", "2"))
    assert len(subjects_of(names[0])) == 4
    undo_merge(grant, names[0], names[1], "two sisters")
    assert residents_of(names) == residents
    assert [row[:2] for row in memberships()] == [row[:2] for row in before]


def test_parting_one_record_leaves_the_rest_together(keep: Keep, grant: Grant) -> None:
    a, b, c = (keep(f"{source}:1") for source in ("acute", "council", "charity"))
    decide(grant, a, b, "match", "same person")
    decide(grant, b, c, "match", "same person")
    assert unmerge(grant, resident_of(a), [c], "another Ana Sample") == 2
    assert resident_of(a) == resident_of(b) != resident_of(c) == c
    with pytest.raises(RuleError, match="Take that back"):
        decide(grant, a, c, "match", "one after all")
    with pytest.raises(NotFound):
        unmerge(grant, resident_of(a), [c], "not of this resident any more")
    with pytest.raises(RuleError, match="leave at least one"):
        unmerge(grant, resident_of(a), [a, b], "all of it")


def test_the_state_of_any_past_time_can_be_asked(keep: Keep, grant: Grant) -> None:
    one, two = keep("acute:1"), keep("acute:2")
    merge(grant, ("1", "2"))
    joined = datetime.now(UTC)
    undo_merge(grant, one, two, "two brothers")
    assert set(subjects_of(one, joined)) == {one, two}
    assert subjects_of(one, joined - timedelta(days=1)) == (one,)
    assert subjects_of(one) == (one,)


def test_every_move_is_told_with_who_and_why(keep: Keep, grant: Grant) -> None:
    one, two = keep("acute:1"), keep("acute:2")
    merge(grant, ("1", "2"))
    undo_merge(grant, one, two, "two brothers")
    told = [(event.kind, event.method, event.actor, event.reason) for event in identity_events([two])]
    assert told == [
        ("merged", "merge_message", "source:acute", "merged by the source (A40)"),
        ("undone", "undo", "service:test", "two brothers"),
    ]


def test_the_same_request_twice_is_one_decision(keep: Keep, grant: Grant) -> None:
    one, two, request = keep("acute:1"), keep("council:1"), uuid4()
    first = decide(grant, one, two, "match", "same person", request_id=request)
    assert decide(grant, one, two, "match", "same person", request_id=request) == first
    assert identity_events([one])[1:] == []


def test_a_decision_needs_a_pair_a_verdict_and_a_reason(keep: Keep, grant: Grant) -> None:
    one, two = keep("acute:1"), keep("council:1")
    both = (one, two)
    for pair, verdict, reason in (((one, one), "match", "same"), (both, "yes", "same"), (both, "match", " ")):
        with pytest.raises(RuleError):
            decide(grant, *pair, verdict, reason)
    with pytest.raises(NotFound):
        decide(grant, one, uuid4(), "match", "same person")


def test_decisions_and_memberships_only_grow(keep: Keep, grant: Grant) -> None:
    one, two = keep("acute:1"), keep("acute:2")
    merge(grant, ("1", "2"))
    undo_merge(grant, one, two, "two brothers")
    refused = (
        "DELETE FROM identity_decision",
        "UPDATE identity_decision SET verdict = 'match'",
        "DELETE FROM identity_membership",
        "UPDATE identity_membership SET until = NULL",
        "UPDATE identity_membership SET resident_id = subject_id",
        "TRUNCATE identity_edge",
    )
    for statement in refused:
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    merge_row = "INSERT INTO identity_membership (subject_id, resident_id, since, method, weight, run_id) "
    merge_row += "VALUES (%s, %s, now(), 6, 0, 0)"
    with connection.cursor() as cursor:
        cursor.execute(merge_row, [one, one])
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(merge_row, [one, two])
