"""The scheme of delegation kept by forms: owners on each day, powers in law, vacant posts, limits in one contract."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import transaction

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import boards, delegations
from joinedup.governance.boards.governance_models import PowerNotInForce
from joinedup.governance.delegation.deciding_alone import DecidedFunction, Question, Scheme, may_decide
from joinedup.governance.delegation.money_limits import Spending, contract_limit
from joinedup.governance.delegation.scheme import Delegation, Owned, owned_by_lines, owners_by_day
from joinedup.governance.kept.delegations import scheme_of, vacant_posts
from joinedup.governance.kept.officers import officer_faults_of
from joinedup.moment import Moment, now
from joinedup.system import Period

from . import sitting
from .sitting import BOARD, COMMITTEE, OPENED, SYSTEM, grant
from .test_40_pages_of_a_board import act, page, send, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
SINCE = {"since_day": 1, "since_month": 9, "since_year": 2022}
LINE = {
    "function": "Home care", "from_board": BOARD, "how": "delegated", "to_kind": "post", "to": "chief",
    "limit": "42500.00", "per": "contract", "sub": "none", "reason": "the scheme of September", **SINCE,
}  # fmt: skip


@pytest.fixture(scope="module")
def boardroom(littleshire_with_a_board: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    from joinedup.access.demo import demo_users

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield {role: signed_in(role) for role in ("board_secretary", "member", "clinician")} | {
            "then": signed_in("member")
        }
        transaction.set_rollback(True)


def test_every_day_of_a_function_has_one_owner_or_stands_as_gap_or_overlap() -> None:
    within = Period(date(2022, 7, 1), date(2023, 7, 1))
    owned = [
        Owned("beds", "a", date(2022, 7, 1), date(2022, 10, 1)),
        Owned("beds", "b", date(2022, 9, 1), date(2023, 1, 1)),
    ]
    found = owners_by_day(["beds"], owned, within)
    assert [(one.days.start, one.days.end, one.who) for one in found] == [
        (date(2022, 7, 1), date(2022, 9, 1), ("a",)),
        (date(2022, 9, 1), date(2022, 10, 1), ("a", "b")),
        (date(2022, 10, 1), date(2023, 1, 1), ("b",)),
        (date(2023, 1, 1), date(2023, 7, 1), ()),
    ]
    with pytest.raises(RuleError, match="give the last day"):
        owners_by_day(["beds"], owned, Period(date(2022, 7, 1), None))


def test_whoever_gives_a_function_away_owns_it_still() -> None:
    given = Delegation("top", "beds", "board", "committee", "place", OPENED)
    on = Delegation("low", "beds", "place", "post", "head", OPENED, parent="top")
    assert owned_by_lines([given, on]) == [Owned("beds", "board", OPENED)]


def test_a_limit_in_one_contract_holds_over_the_years() -> None:
    earlier = [
        Spending("Care Ltd", "beds", date(2022, 9, 1), 2_000_000),
        Spending("Care Ltd", "beds", date(2021, 9, 1), 9),
    ]
    asked = Spending(" CARE  ltd", "beds", date(2023, 9, 1), 500_001)
    over = contract_limit(asked, earlier, 2_500_000, since=OPENED)
    assert (over.before_pence, over.over_pence, over.is_within) == (2_000_000, 1, False)
    line = Delegation("top", "beds", "board", "committee", "place", OPENED, limit_pence=2_500_000, per="contract")
    scheme = Scheme(
        "option2", "board", frozenset({"board"}), {"beds": DecidedFunction("beds")}, (line,), earlier=tuple(earlier)
    )
    verdict = may_decide(Question("place", "beds", asked.on, asked.pence, asked.supplier), scheme)
    assert [one.says for one in verdict.reasons] == [
        "£5,000.01 with £20,000.00 decided in the contract is £0.01 over the limit of £25,000.00"
    ]
    assert may_decide(Question("place", "beds", asked.on, asked.pence - 1, asked.supplier), scheme).is_allowed


def test_a_power_is_delegated_only_while_its_law_holds() -> None:
    sitting.set_up_committee()
    keep = grant("governance.keep")
    delegations.keep_power(
        keep, COMMITTEE, "the Act of 2022", law_from=OPENED, law_to=date(2024, 7, 1), reason="the Act"
    )
    line = Delegation("j1", "beds", BOARD, "committee", COMMITTEE, date(2022, 6, 30), date(2023, 7, 1))
    with pytest.raises(PowerNotInForce, match="from 2022-07-01 until 2024-07-01, not on 2022-06-30"):
        delegations.delegate(keep, line, reason="too early")
    for end in (None, date(2024, 7, 2)):
        late = Delegation("j1", "beds", BOARD, "committee", COMMITTEE, OPENED, end)
        with pytest.raises(PowerNotInForce, match="2024-07-01"):
            delegations.delegate(keep, late, reason="too long")
    delegations.delegate(
        keep, Delegation("j1", "beds", BOARD, "committee", COMMITTEE, OPENED, date(2024, 7, 1)), reason="in time"
    )
    scheme = scheme_of(SYSTEM, Moment(date(2024, 7, 1), now().known_at))
    reasons = may_decide(Question(COMMITTEE, "home-care", date(2024, 7, 1)), scheme).reasons
    assert ("G6", f"no law allows {COMMITTEE} on 2024-07-01") in [(one.rule, one.says) for one in reasons]
    with pytest.raises(RuleError, match="not after"):
        delegations.keep_power(keep, "x-ray", "an Act", law_from=OPENED, law_to=OPENED, reason="wrong")


def test_delegations_of_a_vacant_post_rest_until_somebody_holds_it() -> None:
    keep = grant("governance.keep")
    line = Delegation("chief-beds", "beds", BOARD, "post", "chief", OPENED, limit_pence=100)
    delegations.delegate(keep, line, reason="the scheme")
    boards.end_holding(keep, BOARD, "chief", "ben", on=date(2023, 6, 1), reason="left")
    boards.appoint(keep, BOARD, "chief", "ivy", since=date(2023, 6, 8), reason="by election")
    moment = Moment(date(2023, 6, 3), now().known_at)
    lines = list(models.Delegation.objects.filter(key="chief-beds"))
    assert vacant_posts(lines, moment) == {"chief": (Period(date(2023, 6, 1), date(2023, 6, 8)),)}

    def rules(day: date) -> list[str]:
        scheme = scheme_of(SYSTEM, Moment(day, now().known_at))
        return [one.rule for one in may_decide(Question("chief", "beds", day, 100, "Care Ltd"), scheme).reasons]

    assert rules(date(2023, 5, 31)) == rules(date(2023, 6, 8)) == []
    assert rules(date(2023, 6, 1)) == rules(date(2023, 6, 7)) == ["C11"]


def test_the_accountable_officer_holds_no_other_post_under_option_two() -> None:
    keep = grant("governance.keep")
    day = Moment(date(2022, 9, 1), now().known_at)
    assert officer_faults_of(SYSTEM, day) == []
    boards.create_board(keep, "other", system="elsewhere", tier="place", name="Other", since=OPENED,
                        quorum={"need": {"fixed": 1}})  # fmt: skip
    boards.add_seat(keep, "other", "lead", title="Lead", category="leader", since=OPENED)
    boards.appoint(keep, "other", "lead", "ben", since=OPENED, reason="by election")
    assert officer_faults_of(SYSTEM, Moment(day.valid_on, now().known_at)) == [
        "The accountable officer holds 1 other post"
    ]


def test_a_secretary_delegates_changes_and_ends_by_forms(boardroom: dict[str, Any]) -> None:
    secretary, member = boardroom["board_secretary"], boardroom["member"]
    assert member.get("/governance/delegations/add/").status_code == 403
    assert "Reserve or delegate a function" not in page(member, "/governance/delegations/")
    empty = send(secretary, "/governance/delegations/add/", 422)
    assert "Say which function it is" in empty
    half = send(secretary, "/governance/delegations/add/", 422, **LINE | {"to": "", "limit": "12.345"})
    assert "must be pounds and pence" in half
    assert "Say to which it is delegated" in send(secretary, "/governance/delegations/add/", 422, **LINE | {"to": ""})
    act(secretary, "/governance/delegations/add/", **LINE)
    kept = models.Delegation.objects.get(key="home-care-chief")
    assert (kept.limit_pence, kept.per, kept.to_kind) == (4_250_000, "contract", "post")
    text = page(boardroom["then"], "/governance/delegations/?as_of=2022-09-02")
    assert "£42,500.00" in text
    assert "in one contract" in text
    change = LINE | {"limit": "40000.00", "since_month": 10, "reason": "cut by the board"}
    act(secretary, "/governance/delegations/home-care-chief/change/", **change)
    assert "£40,000.00" in page(boardroom["then"], "/governance/delegations/?as_of=2022-10-01")
    assert "£42,500.00" in page(boardroom["then"], "/governance/delegations/?as_of=2022-09-30")
    ends = {"on_day": 1, "on_month": 12, "on_year": 2022, "reason": "taken back"}
    act(secretary, "/governance/delegations/home-care-chief/end/", **ends)
    gaps = page(boardroom["then"], "/governance/delegations/?as_of=2022-11-01")
    assert "Nobody owns it" in gaps
    assert boardroom["clinician"].get("/governance/delegations/").status_code == 403
    assert secretary.get("/governance/delegations/no-such/change/").status_code == 404


def test_a_law_is_written_down_and_refuses_beside_the_day(boardroom: dict[str, Any]) -> None:
    secretary = boardroom["board_secretary"]
    law = {"power": "Home care", "law": "The Act of 2022", "since_day": 1, "since_month": 7, "since_year": 2023,
           "reason": "section 71"}  # fmt: skip
    act(secretary, "/governance/delegations/power/", **law)
    refused = send(secretary, "/governance/delegations/add/", 422, **LINE)
    assert "is allowed by law from 2023-07-01" in refused
    assert 'href="#since-day"' in refused
    assert "Not in force" in page(boardroom["then"], "/governance/delegations/?as_of=2022-09-02")
