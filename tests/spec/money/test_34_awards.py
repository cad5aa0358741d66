"""The Provider Selection Regime: which notices each process needs, in which order, and how long standstill lasts."""

from __future__ import annotations

from datetime import date

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.money import NoticeMissing, award_process
from joinedup.money.contracts.awards import (
    award_processes,
    check_award,
    check_notice,
    findings,
    first_day_to_award,
    is_considerable_change,
    standstill,
)
from joinedup.planning import bank_holidays

DAY = date(2026, 3, 2)  # a Monday
HOLIDAYS = bank_holidays()
MOST_SUITABLE = award_process("most_suitable_provider", DAY)


def test_the_regime_holds_from_january_2024() -> None:
    keys = {one.key for one in award_processes()}
    assert keys >= {"direct_award_a", "direct_award_b", "direct_award_c", "most_suitable_provider", "competitive"}
    with pytest.raises(NotFound, match="Did you mean 'direct_award_c'"):
        award_process("direct_award_d", DAY)
    with pytest.raises(NotFound):
        award_process("direct_award_a", date(2023, 12, 31))
    assert award_process("direct_award_a", date(2024, 1, 1)).title == "Direct award process A"
    assert award_process("before_2024", date(2023, 12, 31)).notices == ()
    with pytest.raises(NotFound):
        award_process("before_2024", date(2024, 1, 1))
    # What was not checked at its source says so.
    assert all(one.source for one in award_processes())
    assert "within_days" in MOST_SUITABLE.to_confirm


def test_the_notices_of_each_process() -> None:
    kinds = {one.key: [notice.kind for notice in one.notices] for one in award_processes()}
    assert kinds["direct_award_a"] == kinds["direct_award_b"] == kinds["urgent"] == ["award"]
    assert kinds["direct_award_c"] == ["intention", "award"]
    assert kinds["most_suitable_provider"] == ["approach", "intention", "award"]
    assert kinds["competitive"] == ["invitation", "intention", "award"]


def test_standstill_is_eight_working_days_from_the_day_after_the_notice() -> None:
    assert standstill().working_days == 8
    # Monday 2 March: Tuesday is the first working day, Thursday 12 March the eighth; Friday the 13th is free.
    assert first_day_to_award(DAY, HOLIDAYS) == date(2026, 3, 13)
    # Good Friday and Easter Monday (3 and 6 April 2026) do not count: the eighth working day is 15 April.
    assert first_day_to_award(date(2026, 4, 1), HOLIDAYS) == date(2026, 4, 16)
    # A representation answered on the last day adds five working days from then.
    assert first_day_to_award(DAY, HOLIDAYS, answered_on=date(2026, 3, 12)) == date(2026, 3, 20)
    assert first_day_to_award(DAY, HOLIDAYS, answered_on=date(2026, 3, 3)) == date(2026, 3, 13)


def test_notices_come_in_order() -> None:
    with pytest.raises(NoticeMissing, match="publish 'Intended approach' before"):
        check_notice(MOST_SUITABLE, "intention", DAY, {}, awarded_on=None)
    out = {"approach": DAY}
    with pytest.raises(NoticeMissing, match="from 2026-03-16, 14 days after"):
        check_notice(MOST_SUITABLE, "intention", date(2026, 3, 15), out, awarded_on=None)
    check_notice(MOST_SUITABLE, "intention", date(2026, 3, 16), out, awarded_on=None)
    with pytest.raises(RuleError, match="already"):
        check_notice(MOST_SUITABLE, "approach", DAY, out, awarded_on=None)
    with pytest.raises(NotFound, match="publishes no notice 'invitation'"):
        check_notice(MOST_SUITABLE, "invitation", DAY, out, awarded_on=None)
    both = out | {"intention": date(2026, 3, 16)}
    with pytest.raises(NoticeMissing, match="follows the award"):
        check_notice(MOST_SUITABLE, "award", date(2026, 4, 1), both, awarded_on=None)
    check_notice(MOST_SUITABLE, "award", date(2026, 4, 1), both, awarded_on=date(2026, 3, 31))


def test_no_contract_is_signed_before_its_notices_are_out_and_standstill_is_over() -> None:
    with pytest.raises(NoticeMissing, match="publish 'Intended approach'"):
        check_award(MOST_SUITABLE, DAY, {}, HOLIDAYS)
    out = {"approach": date(2026, 2, 1), "intention": DAY}
    with pytest.raises(NoticeMissing, match="may be signed from 2026-03-13"):
        check_award(MOST_SUITABLE, date(2026, 3, 12), out, HOLIDAYS)
    check_award(MOST_SUITABLE, date(2026, 3, 13), out, HOLIDAYS)
    check_award(award_process("direct_award_a", DAY), DAY, {}, HOLIDAYS)


def test_where_each_notice_stands() -> None:
    process = award_process("direct_award_c", DAY)

    def states(today: date, **more: date | None) -> list[tuple[str, date | None]]:
        published = {key: day for key, day in more.items() if key != "awarded_on" and day}
        found = findings(process, published, awarded_on=more.get("awarded_on"), today=today, holidays=HOLIDAYS)
        return [(one.state, one.by) for one in found]

    assert states(DAY) == [("due", None), ("due", None)]
    assert states(DAY, intention=DAY)[0] == ("waiting", date(2026, 3, 13))
    assert states(date(2026, 3, 13), intention=DAY)[0][0] == "published"
    awarded = date(2026, 3, 13)
    assert states(awarded, intention=DAY, awarded_on=awarded)[1] == ("due", date(2026, 4, 12))
    assert states(date(2026, 4, 13), intention=DAY, awarded_on=awarded)[1] == ("late", date(2026, 4, 12))
    assert states(date(2026, 4, 13), intention=DAY, award=date(2026, 4, 12), awarded_on=awarded)[1][0] == "published"


def test_a_considerable_change_is_awarded_anew() -> None:
    assert is_considerable_change(100_000_000, 150_000_000, DAY)
    assert not is_considerable_change(100_000_000, 149_999_999, DAY)
    assert not is_considerable_change(400_000_000, 499_999_999, DAY)
    assert is_considerable_change(400_000_000, 500_000_000, DAY)
    assert is_considerable_change(200_000_000, 150_000_000, DAY)
