"""Where a system stands, read from the plans, trial balances and ledger that are kept; what is not there is said."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from tests.spec.system import littleshire
from typer.testing import CliRunner

from joinedup import database
from joinedup.access import service_grant
from joinedup.errors import FileError, NotFound, Refused, RuleError
from joinedup.moment import Moment
from joinedup.money import (
    Contribution,
    Fund,
    OwnAccount,
    PartnerAccount,
    bcf_checks,
    import_trial_balance,
    intra_system_mismatches,
    models,
    name_board_fund,
    name_own_accounts,
    services,
    system_position,
)
from joinedup.money.ledger.importing_trial_balances import name_accounts
from joinedup.money.ledger.own_accounts import own_accounts_of, read_own_accounts
from joinedup.money.pot import positions_as_kept
from joinedup.money.pot.better_care_fund_as_kept import BoardTerms, boards_of, funds_without_board
from joinedup.money.pot.position_commands import money
from joinedup.planning import PlanLine
from joinedup.system import services as system

from .pot import APRIL, DECISION, ENDS, give, grant, hand_in

pytestmark = pytest.mark.django_db
YEAR, MONTH = "2026/27", 6
M = 100_000_000  # a million pounds in pence
BODY = """
[[body]]
key = "{key}"
kind = "{kind}"
legal_form = "{form}"
sector = "{sector}"
source = "plan"
from = "2010-04-01"
names = [{{ name = "{key}" }}]
codes = [{{ scheme = "ods", code = "{code}" }}]
"""
KINDS = (OwnAccount("41", "income"), OwnAccount("51", "spend"), OwnAccount("10", "balance"))
# Plan and forecast for the year of rule MB11, in pence.
EXAMPLE = {"QZ9": (0, 240_000_000), "RZ1": (-3 * M, -610_000_000), "RZ2": (M, 150_000_000), "RZ3": (2 * M, 220_000_000)}


@pytest.fixture(autouse=True)
def _system(tmp_path: Path) -> None:
    trust = {"kind": "nhs_trust", "form": "nhs_trust", "sector": "nhs"}
    council = {"kind": "local_authority", "form": "council", "sector": "local_government"}
    more = "".join(BODY.format(key=f"body-{code.lower()}", code=code, **said)
                   for code, said in (("RZ2", trust), ("RZ3", trust), ("999", council)))  # fmt: skip
    start = '[[person]]\nkey = "a-leader"'
    path = littleshire.write(tmp_path, (start, f"{more}\n{start}"))
    system.load_system(path, service_grant("test", "Load a system", "the reader"))


def own(body: str, income: int, spend: int, period: str = YEAR) -> list[PlanLine]:
    return [
        PlanLine("finance", "", body, "", "", period, measure, "pence", pence)
        for measure, pence in (("income", income), ("spend", spend))
    ]


def contract(payer: str, payee: str, pence: int, measure: str = "contract_value") -> PlanLine:
    return PlanLine("finance", payer, payee, "", "", YEAR, measure, "pence", pence)


def plan(body: str, position: int, *more: PlanLine) -> int:
    side = "commissioner" if body == "QZ9" else "provider"
    return hand_in(body, side, *own(body, 100 * M + position, 100 * M), *more)


def trial_balance(body: str, rows: dict[str, int], month: int = MONTH) -> None:
    """Import a trial balance of accounts and pence, debit plus; account 10 takes the rest."""
    rows = rows | {"10": -sum(rows.values())}
    text = "account,name,debit,credit\n"
    for code, pence in rows.items():
        if pence:
            said = f"{abs(pence) // 100}.{abs(pence) % 100:02}"
            text += f"{code},Account {code},{said if pence > 0 else ''},{said if pence < 0 else ''}\n"
    day = date(2026, 3 + month, 1)
    import_trial_balance(grant("money.post"), body, day, f"{body}.csv", text.encode())


def actual(body: str, position: int) -> None:
    name_own_accounts(grant("money.post"), body, KINDS)
    trial_balance(body, {"41": -(50 * M + position), "51": 50 * M})


def the_example() -> None:
    for body, (planned, forecast) in EXAMPLE.items():
        plan(body, planned)
        actual(body, forecast // 2)


def by_body(found: Any) -> dict[str, Any]:
    return {one.body: one for one in found.bodies}


# --- position ------------------------------------------------------------------------------------------------------


def test_the_example_of_the_rule_book_out_of_plans_and_trial_balances() -> None:
    the_example()
    found = system_position(YEAR, MONTH, control_total=0)
    assert {one.body: (one.plan, one.forecast, one.variance) for one in found.bodies} == {
        body: (planned, forecast, forecast - planned) for body, (planned, forecast) in EXAMPLE.items()
    }
    assert (found.position.plan, found.position.forecast, found.met) == (0, 0, True)
    assert found.position.offsets == {"RZ1": {"QZ9": 240_000_000, "RZ2": 50_000_000, "RZ3": 20_000_000}}
    assert not system_position(YEAR, MONTH, control_total=1).met
    assert found.unsaid == ()
    assert {(one.kind, one.plan_state) for one in found.bodies} == {("icb", "submitted"), ("nhs_trust", "submitted")}


def test_what_nobody_sent_is_said_and_never_0() -> None:
    the_example()
    plan("QZ9", 0, contract("QZ9", "RZ2", 5), contract("QZ9", "999", 5))
    before = system_position(YEAR, MONTH, control_total=0)
    assert before.met is True  # a council that is only planned with does not stand in the way
    assert "999" not in by_body(before)
    late = system_position(YEAR, MONTH + 1, control_total=0)
    assert late.met is None
    assert {one.body: one.forecast for one in late.bodies} == dict.fromkeys(EXAMPLE)
    assert {why for one in late.bodies for why in one.missing} == {"no trial balance of October 2026"}
    assert late.position.bodies == ()
    trial_balance("999", {"41": -M})
    council = by_body(system_position(YEAR, MONTH, control_total=0))["999"]
    assert (council.plan, council.actual, council.forecast, council.in_control_total) == (None, None, None, False)
    assert council.missing == (
        "no plan for 2026/27 was submitted", "nobody has said what its accounts 41, 10 are",
    )  # fmt: skip


def test_a_body_that_is_planned_with_and_returned_nothing_keeps_the_verdict_open() -> None:
    plan("QZ9", 0, contract("QZ9", "RZ2", 5))
    actual("QZ9", 0)
    found = system_position(YEAR, MONTH, control_total=0)
    assert [one.body for one in found.unsaid] == ["RZ2"]
    assert found.met is None
    assert by_body(found)["RZ2"].missing == ("no plan for 2026/27 was submitted", "no trial balance of September 2026")


def test_a_plan_that_does_not_say_its_own_income() -> None:
    number = hand_in("QZ9", "commissioner", contract("QZ9", "RZ1", 5))
    found = by_body(system_position(YEAR, MONTH))["QZ9"]
    assert (found.plan, found.plan_version) == (None, number)
    assert found.missing[0] == f"its plan (version {number}) has no line of its own income"


def test_councils_and_unknown_bodies_stand_beside_the_control_total() -> None:
    plan("RZ1", 5)
    actual("RZ1", 5)
    for body in ("999", "XX9"):
        plan(body, -M)
        actual(body, -M)
    found = system_position(YEAR, MONTH, control_total=10)
    assert [one.body for one in found.position.beside] == ["999", "XX9"]
    assert (found.position.forecast, found.met) == (10, True)
    assert "does not know what kind of body" in by_body(found)["XX9"].missing[0]


def test_forecast_by_the_rest_of_the_plan_and_adjustments_left_out() -> None:
    months = [f"2026-{number:02}" for number in range(4, 13)] + ["2027-01", "2027-02", "2027-03"]
    hand_in("RZ1", "provider", *(line for n, month in enumerate(months) for line in own("RZ1", 100 + n, 100, month)))
    name_own_accounts(grant("money.post"), "RZ1", [*KINDS, OwnAccount("59", "adjustment")])
    trial_balance("RZ1", {"41": -1_000, "51": 990, "59": 700})
    found = by_body(system_position(YEAR, MONTH, method="plan"))["RZ1"]
    assert (found.plan, found.actual) == (66, 10)
    assert found.forecast == 10 + sum(range(6, 12))
    assert by_body(system_position(YEAR, MONTH))["RZ1"].forecast == 20
    with pytest.raises(RuleError, match="Did you mean 'plan'"):
        system_position(YEAR, MONTH, method="plans")
    for month in (0, 13):
        with pytest.raises(RuleError, match="none of the financial year"):
            system_position(YEAR, month)


def test_the_control_total_of_the_parameters_and_the_funds_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    services.make_fund(grant("money.allocate"), Fund("POT", "Pot", "single_pot", "QZ9", APRIL, ENDS))
    from joinedup.money import BudgetLine
    from joinedup.money.pot import spending

    services.set_budget_line(
        grant("money.allocate"), BudgetLine("care", "POT", "QZ9", YEAR, "Care", 12 * M), decision=DECISION
    )
    give("A1", "commitment")
    spending.commit(
        grant("money.post"), 10 * M, key="C1", budget_line="care", supplier="Care Ltd", purpose="care",
        authority_id="A1", on=APRIL,
    )  # fmt: skip
    spending.invoice(grant("money.post"), "C1", 7 * M, key="T1", on=date(2026, 9, 30))
    spending.invoice(grant("money.post"), "C1", 1 * M, key="T2", on=date(2026, 10, 1))
    found = system_position(YEAR, MONTH)
    (fund,) = found.funds
    assert (fund.budget, fund.actual, fund.committed, fund.forecast, fund.variance) == (
        12 * M, 7 * M, 3 * M, 14 * M, -2 * M,
    )  # fmt: skip
    # What was posted after the month is said beside it, up to today.
    for today, since in ((date(2026, 9, 30), 0), (date(2026, 10, 1), 1 * M), (date(2028, 1, 1), 1 * M)):
        monkeypatch.setattr(positions_as_kept, "now", lambda day=today: Moment(day, datetime(2030, 1, 1, tzinfo=UTC)))
        assert system_position(YEAR, MONTH).funds[0].since == since
    monkeypatch.undo()
    assert (found.control_total, found.parameter_ids) == (0, ("position.in_control_total", "position.control_total"))
    assert [one.body for one in found.unsaid] == ["QZ9"]  # it holds a fund, and returned nothing
    # The pot's accounts in a partner's books are income and spend without being named again.
    name_accounts(grant("money.post"), "QZ9", [PartnerAccount("52", "5000", "POT", "care")])
    name_own_accounts(grant("money.post"), "QZ9", KINDS)
    trial_balance("QZ9", {"41": -8 * M, "52": 7 * M})
    assert by_body(system_position(YEAR, MONTH))["QZ9"].actual == M


# --- accounts ------------------------------------------------------------------------------------------------------


def test_own_accounts_are_read_named_audited_and_only_grow(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("partner_account,kind,counterparty\n41,income,QZ9\n51,spend,\n")
    assert name_own_accounts(grant("money.post"), "RZ1", read_own_accounts(path)) == 2
    assert name_own_accounts(grant("money.post"), "RZ1", read_own_accounts(path)) == 0
    name_own_accounts(grant("money.post"), "RZ1", [OwnAccount("41", "adjustment")])
    assert own_accounts_of("RZ1")["41"].kind == "adjustment"
    with pytest.raises(Refused):
        name_own_accounts(grant("money.read"), "RZ1", [])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_auditentry WHERE entry ->> 'action' = 'money.name-own-accounts'")
        assert cursor.fetchone() == (2,)
    for statement in (models.StatementAccount.objects.all().delete,
                      lambda: models.StatementAccount.objects.update(kind="income")):  # fmt: skip
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            statement()
    for text, line, field in (
        ("41,incomes,\n", 2, "kind"), ("41,income,\n41,spend,\n", 3, "partner_account"), (",income,\n", 2, None),
    ):  # fmt: skip
        path.write_text("partner_account,kind,counterparty\n" + text)
        with pytest.raises(FileError) as told:
            read_own_accounts(path)
        assert (told.value.line, told.value.field) == (line, field or "partner_account")


# --- what bodies say of each other -----------------------------------------------------------------------------------


def test_mismatches_of_plans_by_the_example_of_the_rule_book() -> None:
    plan("QZ9", 0, contract("QZ9", "RZ1", 300 * M), contract("QZ9", "RZ2", 5 * M), contract("QZ9", "RZ3", 7 * M))
    plan("RZ1", 0, contract("QZ9", "RZ1", 29_920_000_000))
    plan("RZ2", 0, contract("QZ9", "RZ2", 5 * M, "income"), contract("QH8", "RZ2", 9 * M))
    found = intra_system_mismatches(YEAR)
    (one,) = found.apart
    assert (one.payer, one.payee, one.difference) == ("QZ9", "RZ1", 80_000_000)
    assert (found.agreed, found.total_difference) == (1, 80_000_000)
    assert [(one.payer, one.payee, one.said_pence, one.silent, one.why) for one in found.one_sided] == [
        ("QH8", "RZ2", 9 * M, "QH8", "submitted no plan for 2026/27"),
        ("QZ9", "RZ3", 7 * M, "RZ3", "submitted no plan for 2026/27"),
    ]
    assert found.parameter_ids == ("intra_system.abs_limit", "intra_system.rel_limit")
    assert intra_system_mismatches(YEAR, abs_limit=80_000_000, rel_limit=Decimal(0)).apart == ()
    plan("RZ1", 0)
    assert ("RZ1", "says nothing of the other") in {
        (one.silent, one.why) for one in intra_system_mismatches(YEAR).one_sided
    }
    with pytest.raises(RuleError, match="Did you mean 'plan'"):
        intra_system_mismatches(YEAR, basis="plans")


def test_mismatches_of_trial_balances() -> None:
    name_own_accounts(grant("money.post"), "QZ9", [OwnAccount("51", "spend", "RZ1"), OwnAccount("52", "spend", "RZ2")])
    name_own_accounts(grant("money.post"), "RZ1", [OwnAccount("41", "income", "QZ9"), OwnAccount("51", "spend")])
    trial_balance("QZ9", {"51": 300 * M, "52": 5 * M})
    trial_balance("RZ1", {"41": -29_920_000_000, "51": 4})
    found = intra_system_mismatches(YEAR, basis="actual", month=MONTH)
    assert [one.difference for one in found.apart] == [80_000_000]
    assert [(one.silent, one.why) for one in found.one_sided] == [("RZ2", "sent no trial balance of September 2026")]
    assert intra_system_mismatches(YEAR, basis="actual", month=MONTH + 1).one_sided == ()
    with pytest.raises(RuleError, match="by month"):
        intra_system_mismatches(YEAR, basis="actual")


# --- the Better Care Fund --------------------------------------------------------------------------------------------


def board_fund() -> None:
    fund = Fund("BCF", "Better Care Fund", "section_75", "999", date(2023, 4, 1), date(2027, 4, 1), "S75/1")
    services.make_fund(grant("money.allocate"), fund)
    give("A1", "contribution", valid_from=date(2023, 4, 1))
    rows = (("QZ9", "nhs", 10_566_000_000, ""), ("QZ9", "nhs", 45_000_001, "discharge"),
            ("999", "la", 29_999_999, "discharge"))  # fmt: skip
    for number, (partner, sector, pence, fence) in enumerate(rows):
        put = Contribution("BCF", partner, sector, pence, date(2023, 4, 1), date(2024, 4, 1), fence)
        services.contribute(grant("money.allocate"), put, authority_id="A1", on=date(2023, 4, 1), key=f"B{number}")


def test_the_checks_of_a_board_by_what_its_fund_holds() -> None:
    board_fund()
    assert funds_without_board("2023/24") == ["BCF"]
    terms = BoardTerms("E1", "2023/24", "BCF", None, 10_000_000_000, 75_000_001, "BCF planning, annex A")
    name_board_fund(grant("money.allocate"), terms)
    name_board_fund(grant("money.allocate"), terms)
    assert (models.BoardFund.objects.count(), funds_without_board("2023/24"), boards_of("2023/24")) == (1, [], ["E1"])
    found = bcf_checks("E1", "2023/24")
    assert [(one.check, one.required, one.actual, one.passes) for one in found.results] == [
        ("ICB minimum contribution", 10_566_000_000, 10_566_000_000, True),
        ("Discharge fund, local authority", 30_000_000, 29_999_999, False),
        ("Discharge fund, ICB", 45_000_001, 45_000_001, True),
        ("In a section 75 agreement", 10_641_000_000, 10_641_000_000, True),
    ]
    assert (found.passes, found.unsaid) == (False, ())
    with pytest.raises(NotFound, match="Did you mean 'E1'"):
        bcf_checks("E11", "2023/24")
    with pytest.raises(NotFound, match="there is no fund"):
        name_board_fund(grant("money.allocate"), BoardTerms("E2", "2023/24", "BC", source="Annex A"))
    with pytest.raises(RuleError, match="Say why"):
        name_board_fund(grant("money.allocate"), BoardTerms("E2", "2023/24", "BCF"))
    with pytest.raises(RuleError, match="whole pence"):
        BoardTerms("E2", "2023/24", "BCF", -1)


def test_a_check_without_amount_or_adopted_rate_is_said_and_not_passed() -> None:
    board_fund()
    for year, last, pence in (("2026/27", 5, 5), ("2025/26", None, None)):
        name_board_fund(grant("money.allocate"), BoardTerms("E1", year, "BCF", None, last, pence, "Annex A"))
    no_rate = bcf_checks("E1", "2026/27")
    assert [one.check for one in no_rate.results] == ["In a section 75 agreement"]
    assert len(no_rate.unsaid) == 2
    assert all("no adopted row" in why for why in no_rate.unsaid)
    assert no_rate.passes is None
    assert bcf_checks("E1", "2025/26").unsaid == (
        "ICB minimum contribution: neither this year's nor last year's was said",
        "Discharge fund: its amount was not said",
    )
    name_board_fund(grant("money.allocate"), BoardTerms("E1", "2026/27", "BCF", 1, None, 0, "Annex A"))
    said = bcf_checks("E1", "2026/27")
    assert [(one.check, one.passes) for one in said.results] == [
        ("ICB minimum contribution", False), ("In a section 75 agreement", True),
    ]  # fmt: skip
    assert (said.passes, said.unsaid) == (False, ())


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(database, "ready", lambda: None)

    def call(*words: str) -> Any:
        told = CliRunner().invoke(money, words, catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return json.loads(told.output) if "--json" in words else told.output

    return call


def test_the_command_says_the_same(run: Any, tmp_path: Path) -> None:
    the_example()
    asked = ("position", "--year", YEAR, "--month", "6", "--control-total-pounds", "0.01")
    told = run(*asked, "--json")
    assert (told["met"], told["forecast_pence"], told["control_total_pence"]) == (False, 0, 1)
    assert told["bodies"][1]["variance"] == -310_000_000
    said = run(*asked)
    assert "-£3,100,000.00" in said
    assert "RZ1 is offset by QZ9 £2,400,000.00, RZ2 £500,000.00, RZ3 £200,000.00" in said
    assert "£0.01 is NOT met" in said
    late = run("position", "--year", YEAR, "--month", "7")
    assert "no trial balance of October 2026" in late
    assert "cannot be said yet" in late
    plan("QZ9", 0, contract("QZ9", "RZ1", 300 * M))
    plan("RZ1", 0, contract("QZ9", "RZ1", 29_920_000_000))
    assert run("mismatches", "--year", YEAR, "--json")["apart"][0]["difference"] == 80_000_000
    agreed = run("mismatches", "--year", YEAR, "--abs-limit-pounds", "800000", "--rel-limit", "0")
    assert "0 apart, 1 agree" in agreed
    board_fund()
    assert run("bcf", "--year", "2023/24", "--json")["funds_without_board"] == ["BCF"]
    run("board-fund", "BCF", "--board", "E1", "--year", "2023/24", "--source", "Annex A",
        "--last-year-minimum-pounds", "100000000", "--discharge-fund-pounds", "750000.01")  # fmt: skip
    (board,) = run("bcf", "--year", "2023/24", "--json")["boards"]
    assert (board["passes"], board["checks"][0]["required_pence"]) == (False, 10_566_000_000)
    assert "FAILS   Discharge fund, local authority: required £300,000.00" in run("bcf", "--year", "2023/24")
    path = tmp_path / "accounts.csv"
    path.write_text("partner_account,kind\n77,spend\n")
    assert run("accounts", str(path), "--body", "RZ1", "--json") == {"body": "RZ1", "new": 1}
    told = CliRunner().invoke(money, ["position", "--year", YEAR, "--month", "6", "--control-total-pounds", "much"])
    assert "expected pounds" in str(told.exception)
