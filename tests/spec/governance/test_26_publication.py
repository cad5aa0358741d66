"""What is public, how far boards keep to it, and pages that stay what they were (X1, X2, X3, X7)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.governance import PageChanged, PublishedPage, Resolution, ResolutionIncomplete, compliance, openness
from joinedup.governance.publication.register import (
    NAME_WITHHELD,
    SPEND_OVER_PENCE,
    BoardYear,
    Payment,
    must_be_same,
    notice_on,
    page_hash,
    published,
    spend_to_publish,
)
from joinedup.money.contracts.open_spend import LIMIT_PENCE

D = date.fromisoformat
ON = D("2022-09-23")


def test_everything_is_public_without_a_resolution() -> None:
    assert openness(None, ON).is_public
    private = Resolution("Item 7 is held in private.", "commercial in confidence", D("2023-03-01"))
    assert (openness(private, ON).is_public, openness(private, ON).reason) == (False, "commercial in confidence")
    assert not openness(private, D("2023-02-28")).review_is_due
    assert openness(private, D("2023-03-01")).review_is_due


@pytest.mark.parametrize(
    ("resolution", "says"),
    [
        (Resolution(" ", "reason", ON), "needs its text; until then it is public"),
        (Resolution("text", "", ON), "needs its reason"),
        (Resolution("text", "reason", None), "the day on which it is looked at again"),
    ],
    ids=["text", "reason", "review"],
)
def test_an_incomplete_resolution_makes_nothing_private(resolution: Resolution, says: str) -> None:
    with pytest.raises(ResolutionIncomplete, match=says):
        openness(resolution, ON)


def test_how_far_boards_published_what_they_must() -> None:
    report = compliance(
        [
            BoardYear("system", 5, 6, 6, 6, 4, 5, 18, 20),
            BoardYear("place", 0, 6, 0, 6, 5, 5, 20, 20),
            BoardYear("new", 0, 0, 0, 0, 0, 0, 0, 4),
        ]
    )
    assert report.boards[0].percents == (Decimal("83.3"), Decimal("100.0"), Decimal("80.0"), Decimal("90.0"))
    assert report.boards[2].percents == (None, None, None, 0)
    assert report.at_zero == (1, 1, 0, 1)
    with pytest.raises(RuleError, match="system: 7 of 6 for 'papers on time'"):
        compliance([BoardYear("system", 7, 6, 6, 6, 4, 5, 18, 20)])


def test_spend_over_25000_pounds_is_listed_by_month_without_names_of_individuals() -> None:
    rows = [
        Payment(D("2022-08-03"), "Acme", "beds", 2_500_000),
        Payment(D("2022-08-03"), "Acme", "beds", 2_500_001),
        Payment(D("2022-08-01"), "Somebody", "backdated care", 3_000_000, is_individual=True),
        Payment(D("2022-09-01"), "Acme", "beds", 9_000_000),
        Payment(D("2021-08-03"), "Acme", "beds", 9_000_000),
    ]
    found = spend_to_publish(rows, D("2022-08-31"))
    assert [(one.supplier, one.pence) for one in found] == [(NAME_WITHHELD, 3_000_000), ("Acme", 2_500_001)]


def test_the_limit_is_that_of_the_ledgers_own_list() -> None:
    assert SPEND_OVER_PENCE == LIMIT_PENCE


FIRST = datetime(2022, 9, 30, 12, tzinfo=UTC)


def test_a_published_page_is_rebuilt_to_the_same_bytes() -> None:
    page = published("/open/meetings/7/", ON, FIRST, b"<p>carried</p>")
    assert page.content_hash == page_hash(b"<p>carried</p>")
    must_be_same(page, b"<p>carried</p>")
    with pytest.raises(PageChanged, match=r"/open/meetings/7/ for 2022-09-23, known 2022-09-30T12:00:00\+00:00"):
        must_be_same(page, b"<p>referred</p>")
    with pytest.raises(RuleError, match="time zone"):
        PublishedPage("/open/", ON, datetime(2022, 9, 30), "x")  # noqa: DTZ001


def test_a_correction_leaves_the_old_page_readable_with_a_notice() -> None:
    old = published("/open/meetings/7/", ON, FIRST, b"old")
    same = published("/open/meetings/7/", ON, datetime(2022, 10, 1, tzinfo=UTC), b"old")
    new = published("/open/meetings/7/", ON, datetime(2022, 10, 2, tzinfo=UTC), b"new")
    other = published("/open/meetings/8/", ON, datetime(2022, 10, 1, tzinfo=UTC), b"new")
    assert notice_on(old, [old, same, other]) == ""
    assert notice_on(old, [new, same]) == (
        "This page was corrected on 2 October 2022. You see it as it was known before."
    )
    assert notice_on(new, [old, same, new]) == ""
