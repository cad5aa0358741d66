"""Staff transfer: nobody unplaced or doubled, terms equal, offers, heads and FTE, posts handed over (C7 to C11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    Employed,
    FteExceeded,
    Offer,
    OverlapNotMarked,
    Placing,
    Tenure,
    TermsError,
    TransferBlocked,
    heads_and_fte,
    offer_stands,
    own_placings,
    post_handover,
    terms_hash,
    transfer_report,
)
from joinedup.governance.delegation.handover import must_hand_over
from joinedup.governance.transition.staff_transfer import Assigned, Headcount, must_be_complete_transfer
from joinedup.system import Period

D = date.fromisoformat
SINCE = D("2011-09-05")
OFFER = Offer("stay", D("2022-03-31"))


def three_bodies() -> list[Employed]:
    """120, 95 and 85 people, of whom nine are senior leaders."""
    found = []
    for body, people in (("06K", 120), ("06N", 95), ("07H", 85)):
        for number in range(people):
            key = f"{body}-{number:03}"
            kind = "senior_leader" if number < 3 else "below_senior"
            fte = Decimal("0.60") if number % 5 == 0 else Decimal("1.00")
            found.append(Employed(key, f"person {key}", body, f"post {key}", fte, f"terms {key}", SINCE, kind))
    return found


def placed(staff: list[Employed], posts: dict[str, int]) -> list[Placing]:
    """Fill the receivers' posts in order, as far as there are posts, everybody on the same terms."""
    receivers = [(body, f"new {number}") for body, many in posts.items() for number in range(many)]
    mine = [one for one in staff if one.staff_class == "below_senior"]
    return [
        Placing(
            one.employment, body, post, one.fte, one.terms_hash, one.continuous_from, offer=OFFER,
            consulted_on=D("2022-02-01"),
        )
        for one, (body, post) in zip(mine, receivers, strict=False)
    ]  # fmt: skip


STAFF = three_bodies()
POSTS = {"QM7": 176, "QMF": 45, "QJ2": 40, "CSU": 30}
PLACED = placed(STAFF, POSTS)


def test_three_hundred_people_of_whom_nine_are_senior_leave_291_for_291_posts() -> None:
    report = transfer_report(STAFF, PLACED, posts=POSTS)
    assert (len(STAFF), report.senior, report.before.heads) == (300, 9, 291)
    assert report.before == report.after == Headcount(291, report.before.fte)
    assert (report.is_complete, report.blocks) == (True, ())
    must_be_complete_transfer(report)


def test_with_one_post_less_one_person_is_unplaced_and_the_transfer_blocked() -> None:
    fewer = POSTS | {"QM7": 175}
    report = transfer_report(STAFF, placed(STAFF, fewer), posts=fewer)
    assert report.unplaced == ("07H-084",)
    with pytest.raises(TransferBlocked, match=r"C7: the transfer is blocked: 1 unplaced. See the list") as refused:
        must_be_complete_transfer(report)
    assert "07H" not in str(refused.value)


def test_more_people_than_posts_are_found_though_all_are_placed() -> None:
    report = transfer_report(STAFF, PLACED, posts=POSTS | {"QM7": 175})
    assert (report.over_posts, report.blocks) == ({"QM7": 1}, ("1 more than there are posts",))
    assert transfer_report(STAFF, PLACED).is_complete  # where posts are not known, they are not judged


def changed(**changes: object) -> list[Placing]:
    return [replace(PLACED[0], **changes), *PLACED[1:]]  # type: ignore[arg-type]


# what is wrong with one of 291                                            is said
WRONG = {
    "twice": ([*PLACED, replace(PLACED[0], to_post="another")], "1 placed twice"),
    "shared post": (changed(to_post=PLACED[1].to_post), "1 in a post that somebody else was given"),
    "terms": (changed(terms_hash="worse"), "1 with changed terms"),
    "service": (changed(continuous_from=D("2022-07-01")), "1 with broken service"),
    "hours": (changed(fte=Decimal("0.50")), "1 with other hours"),
    "short offer": (changed(offer=Offer("stay", D("2022-03-30"))), "1 without an offer that runs long enough"),
    "not consulted": (changed(consulted_on=None), "1 not consulted"),
    "stranger": ([*PLACED, replace(PLACED[0], employment="x", to_post="y")], "1 placed without an employment"),
    "senior leader": (
        [*PLACED, replace(PLACED[0], employment="06K-000", to_post="y")], "1 placed without an employment",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_blocks_a_transfer(name: str) -> None:
    placings, says = WRONG[name]
    assert transfer_report(STAFF, placings).blocks == (says,)


def test_who_wishes_to_leave_needs_no_offer() -> None:
    assert transfer_report(STAFF, changed(offer=Offer("leave"))).is_complete
    assert transfer_report(STAFF, changed(offer=Offer()), offers_until=None).is_complete


def test_a_person_reads_the_own_row_alone() -> None:
    assert own_placings(STAFF, PLACED, "person 06N-050") == [one for one in PLACED if one.employment == "06N-050"]
    assert own_placings(STAFF, PLACED, "nobody") == []


def test_one_employment_stands_once_in_the_list_of_staff() -> None:
    with pytest.raises(RuleError, match="two lines of staff have one employment"):
        transfer_report([*STAFF, STAFF[0]], PLACED)
    with pytest.raises(RuleError, match=r"'senior_leaders' is no class of staff.* Did you mean 'senior_leader'"):
        replace(STAFF[0], staff_class="senior_leaders")
    with pytest.raises(RuleError, match=r"'tube' is no basis of a transfer.* Did you mean 'tupe'"):
        replace(PLACED[0], basis="tube")


# --- C8, C9 ---------------------------------------------------------------------------------------------------------

TERMS = {
    "annual_leave_days": 27, "band": "6", "continuous_from": "2011-09-05", "hours_per_week": "37.50",
    "notice_weeks": 8, "pension": "NHSPS-2015", "spine_point": "6.3", "work_base": "Hertford",
}  # fmt: skip
HASH = "b625fb2f9df63ff7ca7d15ead9e2d2e025779c978009b1be046a72e5682a7695"


@pytest.mark.parametrize(
    "same",
    [{}, {"hours_per_week": "37.5"}, {"hours_per_week": Decimal("37.500")}, {"continuous_from": SINCE}],
    ids=["as given", "37.5", "a decimal", "a day"],
)
def test_equal_terms_have_one_hash_however_they_are_written(same: dict[str, object]) -> None:
    assert terms_hash(dict(reversed(list((TERMS | same).items())))) == HASH


@pytest.mark.parametrize("other", [{"spine_point": "6.30"}, {"notice_weeks": 4}, {"band": 6}], ids=str)
def test_other_terms_have_another_hash(other: dict[str, object]) -> None:
    assert terms_hash(TERMS | other) != HASH


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"hours_per_week": 37.5}, "hours_per_week is the float 37.5; write it as a text"),
        ({"hours_per_week": "37.505"}, "at most two places"),
        ({"hours_per_week": "full time"}, "expected a decimal such as 37.50"),
        ({"allowances": ["car"]}, "allowances is a list; expected a text"),
    ],
    ids=["float", "three places", "words", "list"],
)
def test_terms_that_cannot_be_compared_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(TermsError, match=says):
        terms_hash(TERMS | wrong)


# wish       offer until    stands
OFFERS = [
    ("stay", "2022-03-31", True),
    ("stay", "2022-03-30", False),
    ("leave", None, True),
    ("unknown", None, False),
    ("stay", None, False),
]


@pytest.mark.parametrize(("wish", "until", "stands"), OFFERS)
def test_an_offer_runs_to_31_march_2022_for_all_who_wish(wish: str, until: str | None, stands: bool) -> None:
    assert offer_stands(Offer(wish, D(until) if until else None)) is stands


def test_a_wish_is_one_of_three() -> None:
    with pytest.raises(RuleError, match=r"'leaves' is no wish.* Did you mean 'leave'"):
        Offer("leaves")


# --- C10, C11 -------------------------------------------------------------------------------------------------------


def test_one_leader_of_three_groups_and_the_system_is_one_head_and_one_fte() -> None:
    shares = [("QM7", "0.4"), ("06K", "0.2"), ("06N", "0.2"), ("07H", "0.2")]
    assigned = [Assigned("e1", body, Decimal(fte)) for body, fte in shares]
    employments = {"e1": ("leader", Decimal("1.0"))}
    assert heads_and_fte(employments, assigned) == Headcount(1, Decimal("1.0"))
    two = employments | {"e2": ("leader", Decimal("0.2"))}
    assert heads_and_fte(two, assigned).heads == 1
    with pytest.raises(FteExceeded, match=r"sum to 1.1 FTE; it is for 1.0"):
        heads_and_fte(employments, [*assigned, Assigned("e1", "RWG", Decimal("0.1"))])
    with pytest.raises(RuleError, match="has no employment"):
        heads_and_fte({}, assigned)


YEAR = Period(D("2020-04-01"), D("2021-04-01"))


def held(person: str, start: str, end: str | None = None, *, is_handover: bool = False) -> Tenure:
    return Tenure(person, Period(D(start), D(end) if end else None), is_handover)


def test_a_post_is_handed_over_without_a_gap_or_the_gap_is_seven_days() -> None:
    gap = post_handover([held("b", "2020-06-08"), held("a", "2019-01-01", "2020-06-01")], YEAR)
    assert (gap.vacant, gap.vacant_days) == ((Period(D("2020-06-01"), D("2020-06-08")),), 7)
    clean = must_hand_over([held("a", "2019-01-01", "2020-06-01"), held("b", "2020-06-01")], YEAR)
    assert (clean.vacant_days, clean.unmarked_overlaps) == (0, ())


def test_an_overlap_is_marked_as_handover_or_refused() -> None:
    first = held("a", "2019-01-01", "2020-06-15")
    assert must_hand_over([first, held("b", "2020-06-01", is_handover=True)], YEAR).vacant_days == 0
    with pytest.raises(OverlapNotMarked, match="two people hold the post from 2020-06-01"):
        must_hand_over([first, held("b", "2020-06-01")], YEAR)
    overlap = post_handover([first, held("b", "2020-06-01")], YEAR).unmarked_overlaps
    assert overlap == (Period(D("2020-06-01"), D("2020-06-15")),)
