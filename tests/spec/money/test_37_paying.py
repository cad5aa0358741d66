"""Paying by rule: settled for the year to date, posted under an authority, corrected by another statement."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, transaction
from tests.spec.planning import kept
from tests.spec.planning.plans import activity, price
from typer.testing import CliRunner

from joinedup.errors import NotFound, Refused, RuleError
from joinedup.measures.activity.prices import PricedLine
from joinedup.money import (
    ContractError,
    NoAuthority,
    OverAuthority,
    OverCommitted,
    PaidPart,
    PaymentScheme,
    PeriodClosed,
    bands,
    models,
    services as money,
    trace,
    trial_balance,
)
from joinedup.money.contracts.reading import bindings_of, settled_in_year
from joinedup.money.ledger.reading import left_of, owed_to
from joinedup.money.payment import paying
from joinedup.money.payment.planned_months import SPREAD
from joinedup.planning import ParameterMissing, PlanLine, PlanVersion
from joinedup.planning.services import put_step

from .contracted import ACUTE, LINE, STARTS, YEAR, Counted, contract, month, priced, signed
from .pot import grant

pytestmark = [pytest.mark.usefixtures("littleshire_with_a_pot"), pytest.mark.django_db]
PAY = grant("money.pay")
APRIL, MAY = month(4), month(5)
FIXED_MONTH = 200_000_000  # £24.0m / 12


@pytest.fixture(autouse=True)
def _priced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paying, "priced_activity", priced)


def history(*units: tuple[int, int, date], known_to: date = MAY) -> Counted:
    return Counted([PricedLine("DC", "AA01", day, count, pence) for count, pence, day in units], known_to)


def settle(day: date = APRIL, counted: Counted | None = None, **more: Any) -> paying.Settled:
    counted = counted or history((100, 9_000_000, APRIL), (50, 4_000_000, MAY))
    with transaction.atomic():
        return paying.settle_month(PAY, ACUTE.code, day, history=counted, **more)


def spend() -> tuple[int, int]:
    """Spend and cash of the pot."""
    from joinedup.moment import now

    balance = trial_balance("POT", effective_to=date(2026, 3, 31), known_at=now().known_at)
    return balance.get("5000", 0), balance.get("1000", 0)


def test_a_month_is_settled_and_each_pound_leads_to_its_authority_and_plan_line() -> None:
    signed(bound=1_000_000_000)
    done = settle()
    assert (done.is_new, done.row.number, done.row.due_pence) == (True, 1, FIXED_MONTH + 9_000_000)
    assert spend() == (209_000_000, -209_000_000)
    assert owed_to("RZ1", fund="POT", body="QZ9") == 0
    keys = list(done.row.postings.order_by("pk").values_list("transaction__key", flat=True))
    assert keys == ["RZ1-2526 2025-04 1 invoice 1", "RZ1-2526 2025-04 1 payment 1"]
    for key in keys:
        found = trace(key)
        assert found.authority is not None
        assert (found.authority.id, found.contract, found.plan_line) == ("A1", "RZ1-2526", LINE.plan_line)
        assert found.row.transaction.effective_on == date(2025, 4, 30)
    assert bindings_of(ACUTE.code, YEAR)[0].standing.invoiced == 209_000_000


def test_the_same_month_again_settles_nothing_and_later_activity_corrects_it() -> None:
    signed(bound=1_000_000_000)
    first = settle()
    again = settle(counted=replace(history((100, 9_000_000, APRIL), (50, 4_000_000, MAY)), snapshot_id="s2"))
    assert (again.is_new, again.row.pk) == (False, first.row.pk)
    late = settle(counted=history((103, 9_300_000, APRIL), (50, 4_000_000, MAY)))
    assert (late.is_new, late.row.number, late.row.due_pence, late.row.paid_before_pence) == (
        True, 2, 300_000, 209_000_000,
    )  # fmt: skip
    assert models.Statement.objects.get(pk=first.row.pk).due_pence == 209_000_000
    # Less than was said: what was paid too much is kept back from the next payment.
    less = settle(counted=history((90, 8_300_000, APRIL), (50, 4_000_000, MAY)))
    assert (less.row.number, less.row.due_pence) == (3, -1_000_000)
    assert spend() == (208_300_000, -209_300_000)
    assert owed_to("RZ1", fund="POT", body="QZ9") == -1_000_000
    may = settle(MAY, history((90, 8_300_000, APRIL), (50, 4_000_000, MAY)))
    assert may.row.due_pence == FIXED_MONTH + 4_000_000
    assert spend() == (412_300_000, -412_300_000)
    assert sum(one.due_pence for one in settled_in_year(ACUTE.code, MAY)) == may.row.entitled_pence == 412_300_000
    with pytest.raises(RuleError, match="Settle 2025-05 again"):
        settle(APRIL)
    with pytest.raises((ProgrammingError, InternalError), match="only grows"), transaction.atomic():
        models.Statement.objects.update(due_pence=0)


def test_no_money_without_a_commitment_and_none_above_it_without_an_authority() -> None:
    signed()
    with pytest.raises(NoAuthority, match="no money is bound for contract RZ1-2526 in 2025/26"):
        settle()
    assert not models.Statement.objects.exists()
    from joinedup.money import bind_money

    bind_money(grant("money.post"), ACUTE.code, 209_000_000, budget_line="acute", authority_id="A1", on=STARTS)
    settle()
    with pytest.raises(OverCommitted, match="204000000 p more are due"):
        settle(MAY)
    money.give_authority(
        grant("money.authorise"), replace(_authority(), id="A2", limit_pence=203_999_999, year_limit_pence=10**12)
    )
    with pytest.raises(OverAuthority):
        settle(MAY, authority_id="A2")
    assert models.Statement.objects.count() == 1
    settle(MAY, authority_id="A1")
    assert left_of("A1") == 5_000_000_000 - 413_000_000


def _authority() -> Any:
    from .contracted import AUTHORITY

    return AUTHORITY


def test_who_may_settle_what() -> None:
    signed(bound=1_000_000_000)
    with pytest.raises(Refused):
        paying.settle_month(grant("money.post"), ACUTE.code, APRIL)
    with pytest.raises(NotFound, match="Did you mean 'RZ1-2526'"):
        paying.settle_month(PAY, "RZ1-2527", APRIL)
    with pytest.raises(RuleError, match="is not over"):
        settle(date(2099, 1, 1))
    with pytest.raises(RuleError, match="not a month of it"):
        settle(month(3, 2025))


def test_an_unsigned_contract_and_a_closed_provider_are_not_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    from joinedup.money.contracts import contracting

    contracting.make_contract(grant("money.contract"), ACUTE, reason="the year's agreement")
    with pytest.raises(RuleError, match="is not signed"):
        settle()
    contracting.sign_contract(grant("money.contract"), ACUTE.code, STARTS)

    def closed(field: str, code: str, on: date) -> None:
        from joinedup.money.contracts.contracting import must_exist

        must_exist(field, "01A", on)

    monkeypatch.setattr(paying, "must_exist", closed)
    with pytest.raises(ContractError, match="it has closed"):
        settle()


def test_a_closed_period_is_posted_on_its_first_open_day() -> None:
    signed(bound=1_000_000_000)
    money.close_period(grant("money.post"), "POT", date(2025, 6, 1), "May is closed")
    done = settle()
    assert done.row.postings.first().transaction.effective_on == date(2025, 6, 1)  # type: ignore[union-attr]
    money.close_period(grant("money.post"), "POT", date(2026, 4, 1), "the year is closed")
    with pytest.raises((PeriodClosed, RuleError), match="2025/26"):
        settle(MAY)


def emergency() -> Any:
    return contract(parts=(PaidPart("Emergency care", "emergency", ("NEL",)),))


def scheme(**more: Any) -> PaymentScheme:
    made = PaymentScheme(
        "OURS-2526", "emergency", "Our blended payment", STARTS, date(2026, 4, 1), "adopted",
        bands([(".10", ".20"), (None, ".50", True)]), bands([(".10", ".20"), (None, ".50", True)]), "the board", "QZ9",
    )  # fmt: skip
    return replace(made, **more)


def agreed_plan(state: str = "agreed", more: list[PlanLine] | None = None) -> None:
    lines = [activity("300", "NEL", "2025-04", 100, provider="RZ1")._replace(commissioner="QZ9"),
             price("300", "NEL", 1000)._replace(commissioner="QZ9", provider="RZ1", period=YEAR)]  # fmt: skip
    lines += [one._replace(commissioner="QZ9", provider="RZ1", period=YEAR) for one in more or ()]
    version = kept.handed_in(PlanVersion("RZ1", "provider", YEAR, 1, tuple(lines)))
    put_step(kept.grant(kept.SUBMIT), version, "reconciling")
    put_step(kept.grant(kept.SUBMIT), version, state)


def test_a_line_of_the_plan_that_is_stated_for_the_year_is_spread_over_its_months(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed(emergency(), bound=1_000_000_000)
    agreed_plan(more=[activity("100", "NEL", YEAR, 14, provider="RZ1"), price("100", "NEL", 500)])
    monkeypatch.setattr(paying, "payment_rules", lambda: ((scheme(),), paying.money_parameters()))
    done = settle(counted=emergencies(102))
    # 14 units: two in April and May each, one in every later month; planned 100 x £1,000 + 2 x £500.
    assert done.statement is not None
    assert done.statement.plan_p == 10_100_000
    (line,) = (one for one in done.statement.lines if one.section == "plan")
    assert (line.units, line.rule, line.says) == (
        "102", "MC1, MB7", f"2 × £500.00 + 100 × £1,000.00. {SPREAD}",
    )  # fmt: skip
    assert settle(counted=emergencies(102)).is_new is False


def emergencies(count: int) -> Counted:
    return Counted([PricedLine("NEL", "AA01", APRIL, count, count * 100_000)], APRIL)


def test_plan_and_activity_by_a_system_s_own_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    signed(emergency(), bound=1_000_000_000)
    with pytest.raises(ParameterMissing, match="no adopted payment scheme holds for emergency care"):
        settle(counted=emergencies(120))
    monkeypatch.setattr(paying, "payment_rules", lambda: ((scheme(status="proposed"),), paying.money_parameters()))
    with pytest.raises(ParameterMissing, match="only proposed"):
        settle(counted=emergencies(120))
    agreed_plan("reconciling")
    with pytest.raises(ParameterMissing, match="no agreed plan"):
        paying.try_month(PAY, ACUTE.code, APRIL, history=emergencies(120))
    agreed_plan()
    tried = paying.try_month(PAY, ACUTE.code, APRIL, history=emergencies(120))
    assert (tried.is_trial, tried.entitled_p) == (True, 10_000_000 + 200_000 + 500_000)
    assert not models.Statement.objects.exists()
    monkeypatch.setattr(paying, "payment_rules", lambda: ((scheme(),), paying.money_parameters()))
    done = settle(counted=emergencies(120))
    assert (done.row.due_pence, done.row.break_glass) == (10_700_000, True)
    said = json.loads(done.row.body)
    assert [one["what"] for one in said["lines"] if one["section"] == "plan"] == ["NEL"]
    assert said["lines"][0]["price_source"].startswith("plan prices: RZ1 provider 2025/26 version 2")
    # A review is open until it is decided, once.
    assert models.PaymentReview.objects.get().statement_id == done.row.pk
    with pytest.raises(RuleError, match="expected one of stands"):
        paying.decide_review(PAY, done.row.pk, "perhaps", "we do not know")
    paying.decide_review(PAY, done.row.pk, "stands", "a hard winter")
    with pytest.raises(RuleError, match="already"):
        paying.decide_review(PAY, done.row.pk, "stands", "a hard winter")


def test_the_plan_stands_in_where_there_is_no_activity_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    signed(emergency(), bound=1_000_000_000)
    agreed_plan()
    monkeypatch.setattr(paying, "payment_rules", lambda: ((scheme(),), paying.money_parameters()))

    def none(*_: Any) -> Any:
        raise NotFound("no activity")

    monkeypatch.setattr(paying, "priced_activity", none)
    done = settle(counted=emergencies(1))
    assert done.row.due_pence == 10_000_000
    assert "as planned" in done.row.body


def test_a_system_s_own_schemes_and_limits_are_read_beside_the_national_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "decisions"
    folder.mkdir()
    monkeypatch.setattr(paying.database, "data_dir", lambda: tmp_path)
    before = paying.payment_rules()
    (folder / "payment_schemes.toml").write_text(
        '[[scheme]]\nid = "OURS"\nkind = "emergency"\ntitle = "Ours"\nvalid_from = 2025-04-01\nstatus = "adopted"\n'
        'over = [{ rate = "0.20" }]\nunder = [{ rate = "0.20" }]\nsource = "the board"\ndecided_by = "QZ9"\n'
    )
    (folder / "payment_parameters.toml").write_text(
        '[[parameter]]\nid = "low_volume.limit"\nvalue = 5\nunit = "pence"\nvalid_from = 2026-04-01\n'
        'status = "adopted"\nsource = "the board"\ndecided_by = "QZ9"\n'
    )
    schemes, parameters = paying.payment_rules()
    assert (len(schemes), len(parameters)) == (len(before[0]) + 1, len(before[1]) + 1)
    assert parameters.number("low_volume.limit", date(2026, 4, 1)) == 5


# --- joinedup pay ----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    from joinedup import database
    from joinedup.money.payment.commands import pay

    monkeypatch.setattr(database, "ready", lambda: None)
    counted = history((100, 9_000_000, APRIL))
    monkeypatch.setattr(paying, "activity_history", lambda: counted)
    return lambda *words: CliRunner().invoke(pay, list(words), catch_exceptions=True)


def test_the_command(run: Any) -> None:
    signed(bound=1_000_000_000)
    tried = json.loads(run("--contract", ACUTE.code, "--month", "2025-04", "--try", "--json").output)
    assert (tried[0]["settled"], tried[0]["statement"]["due_p"]) == (False, 209_000_000)
    assert not models.Statement.objects.exists()
    answer = json.loads(run("--provider", "RZ1", "--month", "2025-04", "--json").output)
    assert (answer[0]["is_new"], answer[0]["statement"]["due_p"], len(answer[0]["postings"])) == (True, 209_000_000, 2)
    again = run("--all", "--month", "2025-04")
    assert "settled already; nothing has changed" in again.output
    assert "£2,090,000.00" in again.output


def test_the_command_says_what_it_needs(run: Any) -> None:
    for words, says in (
        ((), "which month"),
        (("--month", "2025-04"), "what is settled"),
        (("--month", "2025-04", "--all", "--provider", "RZ1"), "what is settled"),
        (("--month", "2025-04", "--provider", "RZ1"), "No signed contract of RZ1"),
        (("--month", "April", "--all"), "is no month"),
    ):
        assert says in str(run(*words).exception)


def test_one_contract_that_cannot_be_settled_does_not_stop_the_others(run: Any) -> None:
    signed(bound=1_000_000_000)
    signed(contract(code="POOR", parts=(PaidPart("Other", "fixed", (), ((YEAR, 5),)),)))
    result = run("--all", "--month", "2025-04", "--json")
    assert result.exit_code == RuleError.exit_code
    by_code = {one.get("contract") or one["statement"]["contract"]: one for one in json.loads(result.output)}
    assert "no money is bound" in by_code["POOR"]["error"]
    assert by_code[ACUTE.code]["is_new"] is True
