"""Staff in a transition, as kept: lists that lose nobody, terms that stay, and who may read what (rules: C7 to C10)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from joinedup.access.models import AuditEntry
from joinedup.errors import FileError, NotFound, Refused, RuleError
from joinedup.governance import models
from joinedup.governance.acts import boards, transition_staff, transitions
from joinedup.governance.kept.transitions import report_of, staff_of
from joinedup.governance.transition.staff_file import read_staff
from joinedup.moment import now

from .sitting import grant
from .three_groups import GROUPS, POSTS, TRANSITION, as_csv, count_everybody, staff_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_groups")]
TERMS = (
    '{"annual_leave_days":27,"band":"6","continuous_from":"2011-09-05","hours_per_week":%s,"notice_weeks":8,'
    '"pension":"NHSPS-2015","spine_point":"6.3","work_base":"Hertford"}'
)
TERMS_HASH = "b625fb2f9df63ff7ca7d15ead9e2d2e025779c978009b1be046a72e5682a7695"


def taken_in(rows: list[dict[str, str]], why: str = "the list of May") -> int:
    return transition_staff.import_staff(
        grant("governance.transit"), TRANSITION, "staff.csv", as_csv(rows), reason=why
    )  # fmt: skip


def report() -> Any:
    known_at = now().known_at
    return report_of(TRANSITION, staff_of(TRANSITION, known_at), known_at)


def test_291_of_300_go_to_291_posts() -> None:
    count_everybody()
    assert taken_in(staff_rows()) == 300
    found = report()
    assert (found.before.heads, found.after.heads, found.senior) == (291, 291, 9)
    assert found.before.fte == found.after.fte == sum(Decimal(row["fte"]) for row in staff_rows() if row.get("to_fte"))
    assert found.blocks == ()


def test_a_post_too_few_leaves_one_unplaced() -> None:
    taken_in(staff_rows(POSTS | {"20A": 175}))
    found = report()
    assert len(found.unplaced) == 1
    assert found.blocks == ("1 unplaced",)


def test_the_same_list_again_changes_nothing_and_one_cell_adds_one_row() -> None:
    rows = staff_rows()
    taken_in(rows)
    assert taken_in(rows) == 0
    assert taken_in([*rows[:-1], rows[-1] | {"wish": "leave"}]) == 1
    assert [one.wish for one in models.StaffTransfer.objects.filter(employment="e299").order_by("pk")] == [
        "stay", "leave",
    ]  # fmt: skip


def test_a_list_that_loses_a_member_of_staff_is_refused_whole() -> None:
    rows = staff_rows()
    taken_in(rows)
    with pytest.raises(FileError, match=r"C7: 1 of the employments that are known are not in this list"):
        taken_in(rows[:-1])
    assert models.StaffTransfer.objects.count() == 300
    transition_staff.record_leaver(grant("governance.transit"), TRANSITION, "e299", reason="retired on 1 May 2022")
    assert taken_in(rows[:-1]) == 0
    assert report().before.heads == 290


def test_a_list_that_lacks_somebody_whom_the_body_counted_is_refused() -> None:
    count_everybody()
    with pytest.raises(FileError, match=r"C7: 10C said that it employs 85 people; the list has 84"):
        taken_in(staff_rows()[:-1])
    assert not models.StaffTransfer.objects.exists()


@pytest.mark.parametrize(
    ("field", "cell", "says"),
    [
        ("fte", "1.2", "C10: expected a full-time equivalent above 0 and up to 1"),
        ("fte", "NaN", "C10: expected a full-time equivalent"),
        ("class", "boss", "expected one of below_senior, senior_leader"),
        ("basis", "goodwill", "expected one of tupe, order, promise"),
        ("wish", "perhaps", "expected one of stay, leave, unknown"),
        ("continuous_from", "2011-02-30", "expected a day that exists"),
        ("terms_before", "37.5 hours", "C8: expected a hash of 64 hexadecimal figures"),
        ("terms_after", "", "expected a value, since a receiving body or post is named"),
        ("employment", "", "expected a value; it is empty"),
        ("employment", "e000", "C7: an employment stands in one row; this one is in row 2 too"),
        ("to_post", "20D-28", "C7: a post is for one person; row 300 has this one too"),
        ("person", "nobody", "expected somebody whom the room system knows"),
        ("from_body", "20A", "expected a body that a change of this transition closes"),
        ("to_body", "10A", "expected a body that is there after the change"),
    ],
)
def test_a_cell_that_is_wrong_is_named_and_nothing_is_kept(field: str, cell: str, says: str) -> None:
    rows = staff_rows()
    wrong = rows[-1]["person"]
    rows[-1] |= {field: cell}
    with pytest.raises(FileError, match=rf"staff\.csv, line 301, field {field}: ") as raised:
        taken_in(rows)
    assert says in str(raised.value)
    assert wrong not in str(raised.value)
    assert not models.StaffTransfer.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "the file cannot be read"),
        (b"employment,person\r\ne1,p1\r\n", "line 1, field from_body: expected the columns"),
        (as_csv([]), "expected at least one member of staff"),
        (as_csv(staff_rows()[:1]).rstrip() + b",more", "there are more"),
    ],
    ids=["no text", "columns", "empty", "too many fields"],
)
def test_a_file_that_is_no_list_says_what_is_expected(content: bytes, says: str) -> None:
    with pytest.raises(FileError, match=says):
        read_staff("staff.csv", content)


def test_terms_are_kept_as_their_hash_only_whatever_way_they_were_written() -> None:
    rows = staff_rows()
    rows[5] |= {"terms_before": TERMS % '"37.50"', "terms_after": TERMS % "37.5"}
    taken_in(rows)
    kept = models.StaffTransfer.objects.get(employment="e005")
    assert (kept.terms_hash_before, kept.terms_hash_after) == (TERMS_HASH, TERMS_HASH)
    assert report().changed_terms == ()


@pytest.mark.parametrize(
    ("change", "block"),
    [
        ({"terms_after": "b" * 64}, "1 with changed terms"),
        ({"to_continuous_from": "2022-07-01"}, "1 with broken service"),
        ({"to_fte": "0.5"}, "1 with other hours"),
        ({"offer_valid_to": "2022-03-30"}, "1 without an offer that runs long enough"),
        ({"offer_valid_to": "", "wish": "unknown"}, "1 without an offer that runs long enough"),
        ({"consulted_on": ""}, "1 not consulted"),
    ],
    ids=["terms", "service", "hours", "short offer", "no offer", "not consulted"],
)
def test_what_is_taken_from_one_person_blocks_the_transfer(change: dict[str, str], block: str) -> None:
    rows = staff_rows()
    rows[10] |= change
    taken_in(rows)
    assert block in report().blocks


@pytest.mark.parametrize(
    "offer", [{"offer_valid_to": "2022-03-31"}, {"offer_valid_to": "", "wish": "leave"}], ids=["offer", "leaves"]
)
def test_an_offer_to_the_end_of_march_or_the_wish_to_leave_is_enough(offer: dict[str, str]) -> None:
    rows = staff_rows()
    rows[10] |= offer
    taken_in(rows)
    assert report().blocks == ()


def member(key: str = "p010", actor: str = "user:ten") -> None:
    boards.name_account(grant("governance.keep"), actor, key, since=date(2022, 1, 1), reason="a member of staff")


def test_a_member_of_staff_reads_the_own_transfer_and_nobody_elses() -> None:
    taken_in(staff_rows())
    member()
    (found,) = transition_staff.read_own(grant("governance.own_transfer", "user:ten"))
    assert (found.row.employment, found.is_placed, found.keeps_terms) == ("e010", True, True)
    with pytest.raises(NotFound, match="no transfer of yours"):
        transition_staff.read_own(grant("governance.own_transfer", "user:eleven"))
    with pytest.raises(NotFound):
        transition_staff.say_own_wish(grant("governance.own_transfer", "user:ten"), "e011", "leave")
    entries = [one.body for one in AuditEntry.objects.order_by("pk")]
    assert sum("governance.read-own-transfer" in one for one in entries) == 2


def test_a_wish_is_said_by_the_person_and_a_new_list_may_not_be_needed_for_it() -> None:
    taken_in(staff_rows())
    member()
    transition_staff.say_own_wish(grant("governance.own_transfer", "user:ten"), "e010", "leave")
    newest = next(one for one in staff_of(TRANSITION, now().known_at) if one.employment == "e010")
    assert (newest.wish, newest.by, newest.reason) == ("leave", "user:ten", "said by the person")
    assert report().before.heads == 291


def test_whoever_leads_a_transition_reads_sums_that_name_nobody_and_it_is_audited() -> None:
    count_everybody()
    taken_in(staff_rows())
    found = transition_staff.read_sums(grant("governance.transit"), TRANSITION, now().known_at)
    assert found is not None
    assert found.by_body == {"10A": (120, 117, 0), "10B": (95, 92, 0), "10C": (85, 82, 0)}
    assert {body: people for body, (people, _placed, _unplaced) in found.by_body.items()} == GROUPS
    assert found.receiving == POSTS
    assert (found.offered, found.consulted, found.left) == (291, 291, 0)
    assert "governance.read-staff" in AuditEntry.objects.latest("pk").body


@pytest.mark.parametrize("permission", ["governance.read", "governance.own_transfer"])
def test_leave_for_something_else_is_refused(permission: str) -> None:
    with pytest.raises(Refused):
        transition_staff.read_sums(grant(permission), TRANSITION, now().known_at)
    with pytest.raises(Refused):
        transition_staff.import_staff(grant(permission), TRANSITION, "s.csv", b"", reason="a list")
    with pytest.raises(Refused):
        transitions.count(grant(permission), TRANSITION, "staff", "10A", 1, source="a guess")


def test_a_person_cannot_say_when_it_was_known() -> None:
    with pytest.raises(RuleError, match=r"T1"):
        transition_staff.import_staff(
            grant("governance.transit"), TRANSITION, "s.csv", as_csv(staff_rows()), reason="a list",
            known_at=datetime(2022, 5, 1, tzinfo=UTC),
        )  # fmt: skip
