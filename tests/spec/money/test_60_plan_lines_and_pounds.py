"""From any pound to its authority and plan line, and from a plan line to its pounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from joinedup.errors import NotFound, RuleError
from joinedup.money import (
    BudgetLine,
    Line,
    NoPlanLine,
    Transaction,
    models,
    post,
    pounds_of_plan_line,
    reverse,
    services,
    trace,
)
from joinedup.money.pot import spending
from joinedup.planning import (
    LineError,
    PlanLine,
    line_key,
    must_be_planned,
    parse_line_key,
    plan_line,
    services as planning,
)

from .pot import APRIL, DECISION, HOME, HOME_CARE, MAY, MILLION, authority, grant, hand_in, open_pot

YEAR = "2026/27"


def monthly(pence: int, provider: str = "RWG", measure: str = "contract_value", **more: Any) -> list[PlanLine]:
    months = [f"2026-{number:02}" for number in range(4, 13)] + [f"2027-{number:02}" for number in range(1, 4)]
    given = {"commissioner": "QM7", "service": "", "pod": "", "unit": "pence"} | more
    return [
        PlanLine("finance", given["commissioner"], provider, given["service"], given["pod"], month, measure,
                 given["unit"], pence)
        for month in months
    ]  # fmt: skip


def budget(plan_line: str, code: str = "acute") -> None:
    line = BudgetLine(code, "POT", "QM7", YEAR, "Acute care", MILLION, plan_line=plan_line)
    services.set_budget_line(grant("money.allocate"), line, decision=DECISION)


# --- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_says_what_is_planned_and_never_how_much() -> None:
    (line, *_) = monthly(5)
    assert line_key(line) == "finance|QM7|RWG|||2026-04|contract_value"
    assert line_key(line, of_year=True) == "finance|QM7|RWG|||2026/27|contract_value"
    assert line_key(line._replace(value=6, place="06K")) == line_key(line)
    assert parse_line_key(line_key(line))[:3] == ("finance", "QM7", "RWG")
    assert parse_line_key(line_key(line)).year == YEAR


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("plan-home", "expected kind|commissioner|provider"),
        ("finances|QM7|RWG|||2026/27|contract_value", "Did you mean 'finance'"),
        ("finance|QM7|RWG|||2026/28|contract_value", "is no period"),
        ("finance|QM7||||2026/27|contract_value", "names no provider"),
        ("finance|QM7|RWG|||2026/27|", "names no measure"),
    ],
)
def test_a_text_that_is_no_key(text: str, says: str) -> None:
    with pytest.raises(LineError) as told:
        parse_line_key(text)
    assert says in str(told.value)


# --- the plan ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_key_of_a_year_is_its_twelve_months_together_in_the_newest_plan_that_was_submitted() -> None:
    key = "finance|QM7|RWG|||2026/27|contract_value"
    draft = planning.store_plan(
        grant("planning.submit"), planning.PlanVersion("QM7", "commissioner", YEAR, 1, tuple(monthly(7)))
    )
    assert plan_line(key) is None  # a draft is nobody's business
    planning.submit(grant("planning.submit"), draft.pk)
    found = must_be_planned(key)
    assert (found.line.value, found.line.period, found.owner, found.side) == (84, YEAR, "QM7", "commissioner")
    assert (found.version, found.number, found.state, found.is_settled) == (draft.pk, 1, "submitted", False)
    known_then = _now()
    hand_in("QM7", "commissioner", *monthly(8))
    assert must_be_planned(key).line.value == 96
    assert must_be_planned("finance|QM7|RWG|||2026-05|contract_value").line.value == 8
    then = plan_line(key, known_at=known_then)
    assert then is not None
    assert then.line.value == 84


def _now() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_the_commissioners_plan_is_asked_first_and_the_providers_for_its_own_affairs() -> None:
    hand_in("RWG", "provider", *monthly(9), *monthly(3, measure="pay", commissioner=""))
    key = "finance|QM7|RWG|||2026/27|contract_value"
    assert (must_be_planned(key).owner, must_be_planned(key).line.value) == ("RWG", 108)
    hand_in("QM7", "commissioner", *monthly(8))
    assert (must_be_planned(key).owner, must_be_planned(key).line.value) == ("QM7", 96)
    assert must_be_planned("finance||RWG|||2026/27|pay").line.value == 36
    with pytest.raises(NotFound) as told:
        must_be_planned("finance||RWG|||2026/27|pya")
    assert "Did you mean 'finance||RWG|||2026/27|pay'" in str(told.value)
    with pytest.raises(NotFound):
        must_be_planned("finance|QM7|RWG|||2027/28|contract_value")


@pytest.mark.django_db
def test_places_are_summed_and_rates_keep_their_denominator() -> None:
    rate = PlanLine("performance", "QM7", "RWG", "", "", "2026-04", "rtt-18", "percent", 60, "06K", 100)
    hand_in("QM7", "commissioner", rate, rate._replace(place="06N", value=Decimal("30.5"), of=50))
    found = must_be_planned(line_key(rate)).line
    assert (found.value, found.of, found.place) == (Decimal("90.5"), 150, "")


# --- the pot -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_walk_from_a_posting_to_its_authority_and_plan_line_and_back_to_the_same_posting() -> None:
    open_pot()
    spending.commit(
        grant("money.post"), 120_000_000, key="C1", budget_line="home", supplier="Care Ltd", purpose="home care",
        authority_id="A1", on=APRIL, contract="K-7",
    )  # fmt: skip
    spending.invoice(grant("money.post"), "C1", 70_000_000, key="T6", on=MAY)
    found = trace("T6")
    assert found.authority is not None
    assert (found.authority.id, found.authority.reference, found.authority.given_by) == ("A1", DECISION, "user:tom")
    assert found.planned is not None
    assert found.planned.line == HOME_CARE
    assert (found.planned.owner, found.planned.side, found.planned.state) == ("QM7", "commissioner", "submitted")
    back = pounds_of_plan_line(line_key(found.planned.line))
    assert "T6" in back.postings
    assert (back.budgeted, back.committed, back.spent) == (HOME.original_pence, 50_000_000, 70_000_000)
    assert trace(back.postings[-1]) == found


@pytest.mark.django_db
def test_the_pounds_of_a_year_take_in_those_of_its_months() -> None:
    open_pot()
    hand_in("QM7", "commissioner", HOME_CARE, *monthly(8))
    budget("finance|QM7|RWG|||2026-05|contract_value", "may")
    budget("finance|QM7|RWG|||2026/27|contract_value", "year")
    assert pounds_of_plan_line("finance|QM7|RWG|||2026/27|contract_value").budgeted == 2 * MILLION
    assert pounds_of_plan_line("finance|QM7|RWG|||2026-05|contract_value").budgeted == MILLION
    assert pounds_of_plan_line("finance|QM7|RWG|||2026-06|contract_value").budgeted == 0


@pytest.mark.django_db
def test_a_plan_line_that_no_plan_has_is_refused_wherever_it_is_written() -> None:
    open_pot()
    wrong = HOME.plan_line.replace("contract", "contracts")
    with pytest.raises(NoPlanLine) as told:
        budget(wrong)
    assert f"Did you mean '{HOME.plan_line}'" in str(told.value)
    assert "Leave it blank" in str(told.value)
    with pytest.raises(NoPlanLine, match="is no key of a plan line"):
        budget("home care")
    with pytest.raises(NoPlanLine):
        services.give_authority(grant("money.authorise"), authority("A9", plan_line=wrong))
    lines = (Line("5000", "QM7", "POT", 5, "beds"), Line("2000", "QM7", "POT", -5))
    with pytest.raises(NoPlanLine):
        post(grant("money.post"), Transaction("S1", "invoice", MAY, lines, party="Care Ltd", plan_line=wrong))
    assert issubclass(NoPlanLine, RuleError)
    assert not models.BudgetLine.objects.filter(code="acute").exists()
    assert not models.Transaction.objects.filter(key="S1").exists()


@pytest.mark.django_db
def test_what_serves_no_plan_line_says_so() -> None:
    open_pot()
    budget("")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry ->> 'subject', entry -> 'details' ->> 'plan_line' FROM access_auditentry"
            " WHERE entry ->> 'action' = 'money.set-budget-line' ORDER BY id"
        )
        assert cursor.fetchall() == [
            ("budget-line:home", HOME.plan_line), ("budget-line:beds", "none"), ("budget-line:acute", "none"),
        ]  # fmt: skip
    assert (trace("T1").plan_line, trace("T1").planned) == ("", None)


@pytest.mark.django_db
def test_a_plan_that_drops_a_line_leaves_the_pounds_and_lets_them_be_undone() -> None:
    open_pot()
    lines = (Line("5000", "QM7", "POT", 5, "beds"), Line("2000", "QM7", "POT", -5))
    spent = Transaction("S1", "invoice", MAY, lines, party="Care Ltd", plan_line=HOME.plan_line)
    first = post(grant("money.post"), spent, authority="A1")
    hand_in("QM7", "commissioner", replace_line(HOME_CARE, "RWG"))
    assert post(grant("money.post"), spent, authority="A1") == first  # the same again is the same
    assert trace("S1").planned is None
    assert trace("S1").plan_line == HOME.plan_line
    reverse(grant("money.post"), "S1", date(2026, 6, 1), "not ours")
    assert pounds_of_plan_line(HOME.plan_line).postings == ("S1", "S1-reversed")
    with pytest.raises(NoPlanLine):
        post(grant("money.post"), replace(spent, key="S2"), authority="A1")


def replace_line(line: PlanLine, provider: str) -> PlanLine:
    return line._replace(provider=provider)
