"""When papers and notice are due, what a paper must hold, what is pinned, what is under embargo (rules: B5, B8, B9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from joinedup.errors import Refused, RuleError
from joinedup.governance import (
    MeetingDates,
    NoticeTerms,
    PaperIncomplete,
    PaperParts,
    Pin,
    PinBroken,
    UnderEmbargo,
    meeting_dates,
    missing_parts,
)
from joinedup.governance.meetings.notice import days_late, late_meetings, next_meeting_by
from joinedup.governance.meetings.papers import (
    check_embargo,
    check_pin,
    content_hash_of,
    is_open_to,
    must_be_complete,
    type_of_item,
)
from joinedup.moment import LONDON

MEETING = date(2022, 9, 23)


def test_papers_seven_days_before_and_three_clear_days_of_notice() -> None:
    assert meeting_dates(MEETING) == MeetingDates(papers_due=date(2022, 9, 16), notice_by=date(2022, 9, 19))
    assert days_late(date(2022, 9, 17), date(2022, 9, 16)) == 1
    assert days_late(date(2022, 9, 16), date(2022, 9, 16)) == 0
    assert days_late(date(2022, 9, 1), date(2022, 9, 16)) == 0
    other = NoticeTerms(paper_days=5, clear_days=0)
    assert meeting_dates(MEETING, other) == MeetingDates(date(2022, 9, 18), date(2022, 9, 22))


def test_a_day_ends_at_midnight_in_london() -> None:
    due = date(2022, 9, 16)
    assert days_late(datetime(2022, 9, 16, 23, 59, 59, tzinfo=LONDON), due) == 0
    assert days_late(datetime.fromisoformat("2022-09-16T23:00:00+00:00"), due) == 1  # midnight in summer time
    with pytest.raises(RuleError, match="time zone"):
        days_late(datetime(2022, 9, 16), due)  # noqa: DTZ001


def test_a_meeting_at_least_every_two_months() -> None:
    assert next_meeting_by(date(2022, 7, 22)) == date(2022, 9, 22)
    assert next_meeting_by(date(2022, 12, 31)) == date(2023, 2, 28)
    assert next_meeting_by(date(2022, 11, 1), NoticeTerms(months_between=3)) == date(2023, 2, 1)
    held = [date(2022, 7, 22), MEETING, date(2022, 11, 23)]
    assert late_meetings(held, today=date(2022, 12, 1)) == [(date(2022, 9, 22), MEETING)]
    assert late_meetings(held, today=date(2023, 1, 23)) == [(date(2022, 9, 22), MEETING)]
    assert late_meetings(held, today=date(2023, 1, 24))[-1] == (date(2023, 1, 23), None)
    # Before the late one was held it was overdue; what lies ahead is not late yet.
    assert late_meetings(held[:1], today=date(2022, 9, 23)) == [(date(2022, 9, 22), None)]
    assert late_meetings(held, today=date(2022, 7, 21)) == []
    with pytest.raises(RuleError, match="1 month or more"):
        NoticeTerms(months_between=0)


# --- B8 ------------------------------------------------------------------------------------------------------------

WHOLE = PaperParts(
    purposes=("inequalities",),
    triple_aim={"health": "Fewer admissions", "quality": "Seen at home", "sustainability": "Saves beds"},
    evidence=("measure:emergency-admissions",),
    engagement=("consultation:12",),
    co_production=("panel:3",),
    equality_impact="No group is worse off",
    conflicts_considered="None named",
    cost_pence=0,
    lowest_tier="place",
)


def test_a_whole_paper_may_be_approved_also_when_it_costs_nothing() -> None:
    assert missing_parts(WHOLE) == ()
    assert type_of_item("approve", WHOLE) == ("approve", ())
    must_be_complete(WHOLE)


def test_one_empty_part_makes_an_item_one_to_discuss() -> None:
    lacking = replace(WHOLE, triple_aim={**WHOLE.triple_aim, "sustainability": "  "})
    assert type_of_item("approve", lacking) == ("discuss", ("triple_aim.sustainability",))
    with pytest.raises(PaperIncomplete, match=r"lacks triple_aim\.sustainability"):
        must_be_complete(lacking)


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ({"purposes": ()}, "purposes"),
        ({"evidence": ()}, "evidence"),
        ({"engagement": ()}, "engagement"),
        ({"co_production": (" ",)}, "co_production"),
        ({"equality_impact": ""}, "equality_impact"),
        ({"conflicts_considered": ""}, "conflicts_considered"),
        ({"cost_pence": None}, "cost_pence"),
        ({"lowest_tier": ""}, "lowest_tier"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_part_counts(without: dict[str, Any], missing: str) -> None:
    assert missing_parts(replace(WHOLE, **without)) == (missing,)


def test_a_reason_stands_in_for_engagement() -> None:
    told = replace(WHOLE, engagement=(), co_production=(), no_engagement_reason="A technical renewal")
    assert missing_parts(told) == ()


def test_an_item_without_a_paper_lacks_all_and_one_to_note_needs_none() -> None:
    kind, missing = type_of_item("approve", None)
    assert (kind, len(missing)) == ("discuss", 11)
    assert type_of_item("note", None) == ("note", ())
    with pytest.raises(RuleError, match="Did you mean 'approve'"):
        type_of_item("aprove", WHOLE)


def test_words_that_are_no_purpose_and_no_aim_are_refused() -> None:
    with pytest.raises(RuleError, match="Did you mean 'outcomes'"):
        PaperParts(purposes=("outcome",))
    with pytest.raises(RuleError, match="triple aim"):
        PaperParts(triple_aim={"wealth": "x"})
    with pytest.raises(RuleError, match="-1 p"):
        PaperParts(cost_pence=-1)


# --- B9 ------------------------------------------------------------------------------------------------------------


def test_a_decision_pins_the_very_version() -> None:
    first = {"title": "Beds at home", "cost_pence": 425_000_000, "aims": ["a", "b"]}
    pin = Pin("P-12", 1, content_hash_of(first))
    check_pin(pin, dict(reversed(first.items())))
    with pytest.raises(PinBroken, match="version 1 of paper P-12"):
        check_pin(pin, {**first, "cost_pence": 425_000_001})
    assert content_hash_of({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    with pytest.raises(RuleError, match=r"the paper\.cost holds the float"):
        content_hash_of({"cost": 4.2})
    with pytest.raises(RuleError, match="float"):
        content_hash_of({"costs": [{"one": 4.2}]})


def test_nobody_else_reads_before_the_embargo_ends() -> None:
    until = datetime(2020, 11, 26, 12, tzinfo=LONDON)
    before = until - timedelta(seconds=1)
    asked: dict[str, Any] = {"embargo_until": until, "listed": {"board-secretary"}}
    with pytest.raises(UnderEmbargo, match="until 2020-11-26 12:00"):
        check_embargo("reader", before, **asked)
    assert issubclass(UnderEmbargo, Refused)
    check_embargo("reader", until, **asked)
    check_embargo("board-secretary", before, **asked)
    assert is_open_to("reader", before, embargo_until=None, listed=())
    with pytest.raises(RuleError, match="time zone"):
        is_open_to("reader", datetime(2020, 11, 26), embargo_until=until, listed=())  # noqa: DTZ001
