"""The register of interests: in time, public until, of employment, and what an interest does (I1, I2, I4 to I7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from joinedup.governance import (
    Interest,
    InterestError,
    Work,
    confirmation_coverage,
    conflict_loads,
    interests_of_employment,
    rights_in,
    shown_on,
)
from joinedup.governance.calendar_months import months_after, percent
from joinedup.governance.interests.register import (
    ACTIONS,
    conflict_load,
    is_declared_in_time,
    kept_until,
    public_until,
)

D = date.fromisoformat
NOON = datetime(2021, 3, 5, 12, tzinfo=UTC)


def interest(**changes: object) -> Interest:
    values = {
        "key": "i1", "person": "p1", "type": "financial", "about_org": "08V", "arose_on": D("2021-03-05"),
        "declared_on": D("2021-03-10"),
    }  # fmt: skip
    return Interest(**(values | changes))  # type: ignore[arg-type]


def test_the_leader_of_a_system_and_three_groups_has_four_interests_of_employment() -> None:
    works = [Work("leader", body, D("2020-06-08")) for body in ("QM7", "06K", "06N", "07H")]
    found = interests_of_employment(works)
    assert [(one.about_org, one.type, one.is_derived) for one in found] == [
        ("06K", "financial", True), ("06N", "financial", True), ("07H", "financial", True), ("QM7", "financial", True),
    ]  # fmt: skip
    assert not any(one.is_late for one in found)


def test_work_that_goes_on_is_one_interest_and_after_a_break_another() -> None:
    works = [
        Work("a", "RWG", D("2020-01-01"), D("2020-07-01")),
        Work("a", "RWG", D("2020-07-01"), D("2021-01-01")),
        Work("a", "RWG", D("2020-03-01"), D("2020-04-01")),
        Work("a", "RWG", D("2021-02-01")),
        Work("a", "hospice", D("2020-01-01"), is_paid=False),
    ]
    assert [(one.about_org, one.type, one.arose_on, one.ended_on) for one in interests_of_employment(works)] == [
        ("RWG", "financial", D("2020-01-01"), D("2021-01-01")),
        ("RWG", "financial", D("2021-02-01"), None),
        ("hospice", "professional", D("2020-01-01"), None),
    ]


# arose         declared       in time
DECLARED = [
    ("2021-03-05", "2021-04-02", True),  # 28 days
    ("2021-03-05", "2021-04-03", False),  # 29
    ("2021-03-05", "2021-03-05", True),
    ("2021-03-05", "2021-03-01", True),  # before it arises
]


@pytest.mark.parametrize(("arose", "declared", "in_time"), DECLARED)
def test_an_interest_is_declared_within_28_days(arose: str, declared: str, in_time: bool) -> None:
    assert is_declared_in_time(D(arose), D(declared)) is in_time
    assert interest(arose_on=D(arose), declared_on=D(declared)).is_late is not in_time


# ended          public until   kept until
ENDED = [("2022-03-10", "2022-09-10", "2028-03-10"), ("2022-08-31", "2023-02-28", "2028-08-31")]


@pytest.mark.parametrize(("ended", "public", "kept"), ENDED)
def test_an_ended_interest_stays_public_six_months_and_on_file_six_years(ended: str, public: str, kept: str) -> None:
    assert public_until(D(ended)) == D(public)
    assert kept_until(D(ended)) == D(kept)
    one = interest(ended_on=D(ended))
    assert shown_on(one, D(public) - timedelta(days=1)) == "yes"
    assert shown_on(one, D(public)) == "no"


def test_only_an_interest_open_on_the_day_can_exclude() -> None:
    one = interest(ended_on=D("2022-03-10"))
    assert [one.is_open_on(D(day)) for day in ("2021-03-04", "2021-03-05", "2022-03-09", "2022-03-10")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_what_is_not_published_in_full_says_why() -> None:
    assert shown_on(interest(publish="redacted", publish_reason="at risk"), D("2021-06-01")) == "redacted"
    assert shown_on(interest(), D("2021-03-04")) == "no"
    with pytest.raises(InterestError, match="i1 is not published in full; say why"):
        interest(publish="no")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"type": "finacial"}, "'finacial' is no type of interest.* Did you mean 'financial'"),
        ({"publish": "redact"}, "not 'redact'. Did you mean 'redacted'"),
        ({"ended_on": D("2021-03-05")}, "would end on 2021-03-05, not after it arose"),
    ],
    ids=["type", "publish", "end"],
)
def test_a_line_that_cannot_be_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(InterestError, match=says):
        interest(**changes)


# action               vote   present papers counts
EFFECTS = [
    ("note", True, True, True, True),
    ("discuss_no_vote", False, True, True, False),
    ("leave", False, False, True, False),
    ("no_papers", False, False, False, False),
]


@pytest.mark.parametrize(("action", "vote", "present", "papers", "counts"), EFFECTS)
def test_what_an_action_leaves_a_person(action: str, vote: bool, present: bool, papers: bool, counts: bool) -> None:
    rights = rights_in(action, recorded_at=NOON, at=NOON)
    assert (rights.may_vote, rights.may_be_present, rights.may_read_papers, rights.counts) == (
        vote, present, papers, counts,
    )  # fmt: skip
    assert rights.is_excluded is not counts
    before = rights_in(action, recorded_at=NOON, at=NOON - timedelta(microseconds=1))
    assert before == ACTIONS["note"]


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(InterestError, match=r"'leaves' is nothing to do .* Did you mean 'leave'"):
        rights_in("leaves", recorded_at=NOON, at=NOON)


def test_the_register_is_confirmed_by_eighteen_of_twenty() -> None:
    people = [f"p{number}" for number in range(20)]
    confirmed = dict.fromkeys(people[:17], D("2022-01-10")) | {
        "p17": D("2021-04-02"),  # just within the 12 months
        "p18": D("2021-04-01"),  # a year ago to the day
        "p19": D("2022-04-02"),  # still to come
        "somebody else": D("2022-01-10"),
    }
    found = confirmation_coverage(people, confirmed, D("2022-04-01"))
    assert (found.confirmed, found.people, found.missing, found.percent) == (18, 20, ("p18", "p19"), Decimal("90.0"))
    assert confirmation_coverage([], {}, D("2022-04-01")).percent == 100


def test_the_load_of_conflicts_is_counted_for_each_model() -> None:
    items = [("option1", 2)] * 2 + [("option1", 1)] * 8 + [("option2", 1)] * 5 + [("option2", 0)] * 5
    assert conflict_loads(items) == {"option1": Fraction(12, 10), "option2": Fraction(5, 10)}
    with pytest.raises(InterestError, match="no items"):
        conflict_load(0, 0)


def test_months_clamp_and_shares_round_half_up() -> None:
    assert months_after(D("2022-01-31"), 1) == D("2022-02-28")
    assert months_after(D("2024-02-29"), 12) == D("2025-02-28")
    assert months_after(D("2022-01-15"), -1) == D("2021-12-15")
    assert (percent(1, 16), percent(1, 3, 2), percent(5, 6)) == (Decimal("6.3"), Decimal("33.33"), Decimal("83.3"))
    with pytest.raises(ValueError, match="share of nothing"):
        percent(0, 0)
