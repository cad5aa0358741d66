"""The quorum of each item at its minute: lost by conflicts, and corrected afterwards without being rewritten."""

from __future__ import annotations

import pytest

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import interests as services_interests, meetings as services_meetings
from joinedup.governance.acts.meetings import NoChair
from joinedup.governance.reading import quorum_views

from .sitting import arrive, call, close, exclude, grant, item, minute, open_, paper, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]


def three_items() -> tuple[str, list[str]]:
    """A meeting with three items to approve, which begins at 10:00."""
    meeting = call()
    items = [item(meeting, number, function="resources") for number in (1, 2, 3)]
    for key in items:
        paper(key)
    return meeting, items


def test_a_conflict_breaks_the_quorum_of_one_item_and_of_no_other() -> None:
    # Five are needed; six come, one of them leaves at 10:30, and two have a conflict in the third item.
    meeting, (first, second, third) = three_items()
    visits = arrive(meeting, "ada", "ben", "cat", "dan", "eve", "fay")
    open_(first, "10:00")
    vote(first, "10:05", ada="for", ben="for", cat="for", dan="for", eve="for", fay="for")
    assert close(first, "10:10").quorum_snapshot["count"] == 6
    services_meetings.record_leaving(grant("governance.preside"), visits["fay"], minute("10:30"))
    open_(third, "10:40")
    services_interests.declare_for_item(
        grant("governance.preside"), third, "eve", nature="actual", declared_at=minute("10:41"), words="employed there"
    )
    exclude(third, "eve", "10:42", "leave")
    exclude(third, "dan", "10:42")
    deferred = close(third, "10:45")
    assert deferred.outcome == "deferred"
    assert deferred.quorum_snapshot["says"] == "Not quorate: 3 of 5 needed, 2 with a conflict not counted."
    assert deferred.conflicts_snapshot[1] == {
        "person": "eve", "nature": "actual", "interest": "", "action": "leave", "decided_by": "ada",
    }  # fmt: skip
    # What was taken away for one item is there for the next.
    open_(second, "10:50")
    vote(second, "10:52", ada="for", ben="for", cat="for", dan="for", eve="against")
    assert close(second, "10:55").quorum_snapshot["count"] == 5


def test_whoever_presides_may_refer_up_what_conflicts_took_the_quorum_of_and_nothing_else() -> None:
    meeting, (first, second, third) = three_items()
    arrive(meeting, "ada", "ben", "cat", "dan", "eve")
    open_(first, "10:00")
    with pytest.raises(RuleError, match="this item is quorate"):
        close(first, "10:05", way_on="refer_up")
    open_(second, "10:10")
    exclude(second, "eve", "10:11")
    with pytest.raises(RuleError, match="'refer_upp' is no way on"):
        close(second, "10:15", way_on="refer_upp")
    referred = close(second, "10:15", way_on="refer_up")
    assert (referred.outcome, referred.reasons[-1]) == ("referred", "refer_up")
    assert models.Decision.objects.filter(item=third).count() == 0


def test_too_few_are_there_at_all() -> None:
    meeting, (first, *_) = three_items()
    arrive(meeting, "ada", "ben", "cat", "dan")
    open_(first, "10:00")
    decision = close(first, "10:05")
    assert (decision.outcome, decision.votes_snapshot) == ("not_quorate", {})


def test_nobody_decides_about_a_conflict_of_ones_own_and_only_who_presides_does() -> None:
    meeting, (first, *_) = three_items()
    with pytest.raises(RuleError, match="nobody decides about a conflict of one's own"):
        exclude(first, "ada", "10:05")
    with pytest.raises(RuleError, match="whoever presides decides"):
        exclude(first, "eve", "10:05", decided_by="ben")
    services_meetings.pass_the_chair(
        grant("governance.preside"), meeting, "cat", since=minute("10:00"), reason="the chair works there"
    )
    exclude(first, "ada", "10:05", decided_by="cat")


def test_one_attendance_is_corrected_and_both_views_are_told() -> None:
    meeting, (first, *_) = three_items()
    visits = arrive(meeting, "ada", "ben", "cat", "dan", "eve")
    open_(first, "10:00")
    vote(first, "10:05", ada="for", ben="for", cat="for", dan="for", eve="for")
    decision = close(first, "10:10")
    views = quorum_views(decision.reference)
    assert not views.differs
    assert views.says == (
        "As known when it was decided: Quorate: 5 of 5 needed. Nothing about attendance was corrected since."
    )
    services_meetings.correct_attendance(
        grant("governance.preside"), visits["eve"], arrived=minute("10:11"), left=None,
        reason="the train was late, as the register of the door says",
    )  # fmt: skip
    views = quorum_views(decision.reference)
    assert views.differs
    assert (views.as_known.count, views.as_known.is_quorate) == (5, True)
    assert (views.corrected.count, views.corrected.is_quorate) == (4, False)
    assert [one.person for one in views.corrections] == ["eve"]
    assert "Quorate: 5 of 5 needed." in views.says
    assert "Not quorate: 4 of 5 needed. The decision stands as it was taken." in views.says
    # What was known before the correction is still known at its time, and the decision kept what it was taken on.
    before = models.Attendance.objects.get(visit=visits["eve"], known__endswith__isnull=False)
    assert before.present.lower == minute("09:55")
    assert quorum_views(decision.reference, before.known.lower).corrected.count == 5
    decision.refresh_from_db()
    assert (decision.outcome, decision.quorum_snapshot["count"]) == ("carried", 5)


def test_attendance_is_corrected_with_a_reason_within_the_day_and_nobody_is_there_twice() -> None:
    meeting, _ = three_items()
    visit = arrive(meeting, "ada")["ada"]
    with pytest.raises(RuleError, match="needs a reason"):
        services_meetings.correct_attendance(
            grant("governance.preside"), visit, arrived=minute("10:00"), left=None, reason=" "
        )
    with pytest.raises(RuleError, match="the meeting icb-2022-09-23 is on 2022-09-23"):
        services_meetings.correct_attendance(
            grant("governance.preside"), visit, arrived=minute("10:00", minute("00:00").date().replace(day=24)),
            left=None, reason="another day",
        )  # fmt: skip
    with pytest.raises(RuleError, match="is there already"):
        arrive(meeting, "ada", at="10:20")
    services_meetings.record_leaving(grant("governance.preside"), visit, minute("10:10"))
    arrive(meeting, "ada", at="10:20")
    with pytest.raises(RuleError, match="this visit has ended"):
        services_meetings.record_leaving(grant("governance.preside"), visit, minute("10:15"))


def test_an_item_is_opened_only_where_somebody_presides() -> None:
    meeting, (first, *_) = three_items()
    arrive(meeting, "ben", "cat", "dan", "eve", "fay")
    with pytest.raises(NoChair, match="neither who presides nor the deputy is there"):
        open_(first, "10:00")
    services_meetings.pass_the_chair(
        grant("governance.preside"), meeting, "cat", since=minute("10:00"), reason="the chair is ill"
    )
    assert open_(first, "10:00")[0] == "approve"
