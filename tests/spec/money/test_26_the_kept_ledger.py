"""The ledger as it is kept: the rule book's example, posted by acts; reversed, never edited; read at any time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from joinedup.access import Grant, seal, verify
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.moment import now
from joinedup.money import (
    LedgerImbalance,
    Line,
    NoAgreement,
    NoAuthority,
    PeriodClosed,
    Transaction,
    availability,
    forecast_outturn,
    models,
    post,
    reverse,
    services,
    trace,
    trial_balance,
    verify_ledger,
)
from joinedup.money.ledger.posting import correct
from joinedup.money.ledger.reading import (
    commitment_standing,
    ledger_rows,
    line_to_date,
    pounds_of_authority,
    pounds_of_contract,
    pounds_of_plan_line,
)
from joinedup.money.pot import spending

from .pot import APRIL, BEDS, ENDS, HOME, MAY, MILLION, POT, contribute, give, grant, open_pot

pytestmark = pytest.mark.django_db
JUNE = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def _pot(settings: Any, tmp_path: Any) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    open_pot()


def balance(on: date = ENDS) -> dict[str, int]:
    return trial_balance("POT", effective_to=on, known_at=now().known_at)


def commit(pence: int = 120_000_000, key: str = "C1", **more: Any) -> Any:
    given = {"budget_line": "home", "supplier": "Care Ltd", "purpose": "home care", "authority_id": "A1", "on": APRIL}
    return spending.commit(grant("money.post"), pence, key=key, **given | more)


def spend_as_in_the_rule_book() -> None:
    commit()
    spending.invoice(grant("money.post"), "C1", 70_000_000, key="T6", on=MAY)
    spending.pay(grant("money.pay"), "C1", 50_000_000, key="T7", on=MAY)


def audited() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry ->> 'action' FROM access_auditentry ORDER BY id")
        return [action for (action,) in cursor.fetchall() if action.startswith("money.")]


# --- the example ---------------------------------------------------------------------------------------------------


def test_the_example_of_the_rule_book() -> None:
    spend_as_in_the_rule_book()
    assert balance() == {
        "1000": 850_000_000, "1100": 100_000_000, "2000": -20_000_000, "4000": -1_000_000_000, "5000": 70_000_000,
        "9000": 50_000_000, "9100": -50_000_000,
    }  # fmt: skip
    lines = [availability(code) for code in ("home", "beds")]
    assert sum(one.available for one in lines) == 880_000_000
    assert (lines[0].committed, lines[0].actual, lines[0].available) == (50_000_000, 70_000_000, 380_000_000)
    standing = commitment_standing("C1")
    assert (standing.state, standing.open, standing.made) == ("part-invoiced", 50_000_000, 120_000_000)
    # On the first day nothing was invoiced.
    assert (availability("home", APRIL).committed, balance(APRIL)["9000"]) == (120_000_000, 120_000_000)


def test_a_forecast_is_of_the_line_as_it_is_kept() -> None:
    spend_as_in_the_rule_book()
    found = forecast_outturn(line_to_date("home", MAY, uncommitted_plan=5), 2, "commitment")
    assert (found.budget, found.outturn) == (HOME.original_pence, 120_000_005)


def test_what_was_known_at_an_instant_stays() -> None:
    before = now().known_at
    known = balance()
    spend_as_in_the_rule_book()
    assert trial_balance("POT", effective_to=ENDS, known_at=before) == known
    assert availability("home", known_at=before).available == HOME.original_pence
    assert trial_balance("POT", effective_to=ENDS, known_at=before - timedelta(days=1)) == {}
    with pytest.raises(RuleError, match="time zone"):
        trial_balance("POT", effective_to=ENDS, known_at=before.replace(tzinfo=None))


def test_each_act_is_audited_with_it_and_sealed() -> None:
    spend_as_in_the_rule_book()
    assert audited() == [
        "money.make-fund", "money.set-budget-line", "money.set-budget-line", "money.give-authority",
        "money.contribution", "money.contribution", "money.receipt", "money.receipt", "money.commit",
        "money.commitment", "money.invoice", "money.payment",
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_unsealed WHERE log = 'ledger'")
        assert cursor.fetchone() == (7,)


# --- never edited --------------------------------------------------------------------------------------------------


TABLES = sorted(
    one._meta.db_table
    for one in vars(models).values()
    if isinstance(one, type) and issubclass(one, Model) and not one._meta.abstract
)


@pytest.mark.parametrize("what", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nothing_edits_the_ledger(what: str) -> None:
    assert len(TABLES) >= 22
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or it would refuse because of what the test has just written
        for table in TABLES:
            cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s LIMIT 1", [table])
            (column,) = cursor.fetchone()
            with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
                cursor.execute(what.format(table, column, column))


def raw(lines: list[tuple[int, str, str, int]], day: date = APRIL) -> None:
    """Write lines past every rule of ours, straight into the table."""
    held = models.Transaction.objects.get(key="T1")
    with transaction.atomic():
        key = f"raw {models.Transaction.objects.count()}"
        made = models.Transaction.objects.create(
            key=key, kind="journal", effective_on=APRIL, recorded_at=held.recorded_at, by="x", line_count=2, body="{}"
        )
        models.Line.objects.bulk_create(
            models.Line(transaction=made, number=number, account="1000", body=body, fund_id=fund, amount_pence=pence,
                        effective_on=day, recorded_at=held.recorded_at)
            for number, body, fund, pence in lines
        )  # fmt: skip


def test_the_database_itself_refuses_what_does_not_balance() -> None:
    raw([(1, "QM7", "POT", 5), (2, "QM7", "POT", -5)])
    good = (1, "QM7", "POT", 5)
    for wrong in ([good, (2, "QM7", "POT", -4)], [good, (2, "RQW", "POT", -5)], [good]):
        with pytest.raises(DatabaseError, match="does not balance"):
            raw(wrong)
    for unlike in ([good, (3, "QM7", "POT", -5)], [good, (2, "QM7", "POT", -6), (3, "QM7", "POT", 1)]):
        with pytest.raises(DatabaseError, match=r"not those that their transaction names|duplicate"):
            raw(unlike)
    with pytest.raises(DatabaseError, match="not those"):
        raw([good, (2, "QM7", "POT", -5)], MAY)


def test_reversing_leaves_nothing_and_both_stand() -> None:
    before, left = balance(), availability("home")
    spend_as_in_the_rule_book()
    for key in ("T7", "T6", "C1"):
        permission = "money.post"
        row = reverse(grant(permission), key, JUNE, "all of it was a mistake")
        assert row.transaction.reverses == key
    assert balance() == before
    assert availability("home") == left
    assert balance(MAY)["5000"] == 70_000_000
    assert len(ledger_rows("POT")) == 10
    assert trace("T6").reversed_by == "T6-reversed"
    with pytest.raises(RuleError, match="is there already"):
        reverse(grant("money.post"), "T6", MAY, "again, otherwise")
    with pytest.raises(RuleError, match="a reversal itself"):
        reverse(grant("money.post"), "T6-reversed", JUNE, "undo the undoing")
    with pytest.raises(RuleError, match="Say why"):
        reverse(grant("money.post"), "T1", JUNE, " ")


def test_a_correction_is_both_or_neither() -> None:
    commit()
    spending.invoice(grant("money.post"), "C1", 70_000_000, key="T6", on=MAY)
    row = trace("T6").row.transaction
    lines = tuple(Line(one.account, one.body, one.fund, one.amount_pence // 7, one.budget_line) for one in row.lines)
    instead = Transaction("T6b", "correction", JUNE, lines, "misread", commitment="C1")
    services.close_period(grant("money.post"), "POT", JUNE, "May is done")
    with pytest.raises(PeriodClosed):
        correct(grant("money.post"), "T6", Transaction("T6b", "correction", MAY, lines, commitment="C1"), "misread")
    assert not models.Transaction.objects.filter(reverses__key="T6").exists()
    undone, made = correct(grant("money.post"), "T6", instead, "misread by a digit")
    assert (undone.transaction.reverses, made.transaction.key) == ("T6", "T6b")
    assert (availability("home").actual, availability("home").committed) == (10_000_000, 110_000_000)


def test_the_same_key_twice_is_one() -> None:
    assert commit() == commit()
    assert spending.invoice(grant("money.post"), "C1", 5, key="I", on=MAY) == spending.invoice(
        grant("money.post"), "C1", 5, key="I", on=MAY
    )
    with pytest.raises(RuleError, match="says something else"):
        spending.invoice(grant("money.post"), "C1", 6, key="I", on=MAY)
    with pytest.raises(RuleError, match="says something else"):
        commit(budget_line="beds")
    assert availability("home").actual == 5


# --- what is refused, and that nothing is then written -------------------------------------------------------------


def journal(*lines: Line, key: str = "J", on: date = APRIL) -> Transaction:
    return Transaction(key, "journal", on, lines)


def pair(debit: str, credit: str, pence: int = 5, body: str = "QM7", line: str = "") -> tuple[Line, Line]:
    return Line(debit, body, "POT", pence, line), Line(credit, body, "POT", -pence, line)


REFUSED = [
    (journal(Line("1000", "QM7", "POT", 5), Line("3000", "QM7", "POT", -4)), LedgerImbalance, "does not balance"),
    (journal(*pair("1000", "3000"), on=ENDS), NoAgreement, "S75/2026/1"),
    (journal(*pair("1000", "3000", body="RQW")), NoAgreement, "kept by its host"),
    (journal(*pair("5000", "2000", line="home")), NoAuthority, "none was named"),
    (journal(*pair("9000", "9100", line="home")), RuleError, "names no commitment"),
    (journal(*pair("5000", "2000", line="homes")), NotFound, "no budget line 'homes'"),
    (journal(Line("1000", "QM7", "POTT", 5), Line("3000", "QM7", "POTT", -5)), NotFound, "Did you mean 'POT'"),
]


@pytest.mark.parametrize(("posted", "error", "says"), REFUSED)
def test_what_is_refused_leaves_nothing(posted: Transaction, error: type[Exception], says: str) -> None:
    before = models.Transaction.objects.count(), len(audited())
    with pytest.raises(error, match=says), transaction.atomic():
        post(grant("money.post"), posted)
    assert (models.Transaction.objects.count(), len(audited())) == before


def test_a_closed_period_takes_nothing_more() -> None:
    services.close_period(grant("money.post"), "POT", MAY, "April is done")
    with pytest.raises(PeriodClosed), transaction.atomic():
        commit()
    with pytest.raises(RuleError, match="is not opened again"), transaction.atomic():
        services.close_period(grant("money.post"), "POT", MAY, "again")
    commit(on=MAY)


def test_what_an_act_needs_is_read_from_its_lines() -> None:
    cash_out = journal(*pair("2000", "1000"))
    with pytest.raises(Refused, match=r"money\.pay"):
        post(grant("money.post"), cash_out)
    post(grant("money.pay"), cash_out)
    with pytest.raises(Refused, match=r"money\.allocate"):
        post(grant("money.post"), journal(*pair("1100", "4100")), authority="A1")
    with pytest.raises(RuleError, match="posted by `contribute`"):
        post(grant("money.allocate"), journal(*pair("1100", "4000")), authority="A1")


ACTS: list[tuple[str, Any]] = [
    ("money.authorise", lambda leave: services.revoke_authority(leave, "A1", ENDS, "why not")),
    ("money.allocate", lambda leave: services.set_budget_line(leave, BEDS, decision="x")),
    ("money.post", lambda leave: services.close_period(leave, "POT", MAY, "done with it")),
    ("money.post", lambda leave: spending.reverse_accruals(leave, "POT", MAY)),
    ("money.pay", lambda leave: spending.pay(leave, "C1", 1, key="x", on=MAY)),
]


@pytest.mark.parametrize(("permission", "act"), ACTS)
def test_each_act_needs_its_own_leave(permission: str, act: Any) -> None:
    for other in ("money.read", "money.authorise", "money.allocate", "money.post", "money.pay"):
        if other != permission:
            with pytest.raises(Refused):
                act(grant(other))


def test_a_role_in_one_body_does_not_write_into_anothers_books() -> None:
    elsewhere: Grant = grant("money.post", UUID(int=7))
    with pytest.raises(Refused, match="another body"):
        post(elsewhere, journal(*pair("1000", "3000")))


# --- from any pound to its decision, and back ----------------------------------------------------------------------


def test_from_any_pound_to_its_authority_and_plan_line_and_back() -> None:
    give("A2", "commitment")
    commit(authority_id="A2", contract="K-7")
    spending.invoice(grant("money.post"), "C1", 70_000_000, key="T6", on=MAY)
    spending.pay(grant("money.pay"), "C1", 50_000_000, key="T7", on=MAY)
    for key in ("C1", "T6", "T7"):
        found = trace(key)
        assert found.authority is not None
        assert (found.authority.id, found.authority.reference[:17]) == ("A2", "Partnership board")
        assert (found.plan_line, found.commitment) == (HOME.plan_line, "C1")
        assert (found.contract, found.by) == ("K-7", "user:tom")
    back = pounds_of_plan_line(HOME.plan_line)
    assert (back.budgeted, back.committed, back.spent) == (HOME.original_pence, 50_000_000, 70_000_000)
    assert back.postings == ("C1", "T6", "T7") == pounds_of_authority("A2").postings
    assert pounds_of_contract("K-7") == replace(back, budgeted=0)
    assert pounds_of_contract("K-8").postings == ()
    assert pounds_of_authority("A1").contributed == 10 * MILLION
    with pytest.raises(NotFound):
        trace("T99")


def test_the_ledger_by_pages_newest_first() -> None:
    rows = ledger_rows("POT", limit=2)
    assert [one.transaction.key for one in rows] == ["T4", "T3"]
    assert [one.transaction.key for one in ledger_rows("POT", before=rows[-1].seq)] == ["T2", "T1"]


def test_nhs_and_council_money_without_an_agreement() -> None:
    services.make_fund(grant("money.allocate"), replace(POT, code="SIDE", kind="single_pot", agreement=""))
    contribute("QM7", "nhs", 5, "S1", fund="SIDE")
    with pytest.raises(NoAgreement, match="section 75"):
        contribute("E10000015", "la", 5, "S2", fund="SIDE")
    reverse(grant("money.allocate"), "S1", MAY, "the council comes first")
    contribute("E10000015", "la", 5, "S2", fund="SIDE")


# --- the chain -----------------------------------------------------------------------------------------------------


def test_an_edited_row_breaks_the_chain() -> None:
    spend_as_in_the_rule_book()
    assert seal("ledger").entries == 7
    assert verify("ledger").holds
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # the triggers are off
        cursor.execute("UPDATE money_transaction SET body = replace(body, '70000000', '70000001') WHERE key = 'T6'")
    told = verify("ledger")
    assert not told.holds
    assert models.Transaction.objects.get(key="T6").pk in {one.entry_id for one in told.findings}


def test_the_ledger_is_sealed_each_minute_and_proved_by_the_command() -> None:
    from typer.testing import CliRunner

    from joinedup.access import commands, tasks

    tasks.seal_audit(0)
    assert verify("ledger").entries == 4
    told = CliRunner().invoke(commands.audit, ["verify", "--log", "ledger"])
    assert (told.exit_code, told.output.splitlines()[0]) == (
        0, "The ledger holds: 4 entries in 1 segments are as they were sealed.",
    )  # fmt: skip


def test_lines_that_are_not_what_was_sealed_are_named() -> None:
    spend_as_in_the_rule_book()
    seal("ledger")
    assert verify_ledger() == []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE money_line SET amount_pence = amount_pence * 2 FROM money_transaction t"
            " WHERE t.id = transaction_id AND t.key = 'T6'"
        )
    # The sealed text is whole, and the lines are not what it says.
    assert {(one.kind, one.entry_id) for one in verify("ledger").findings} == {
        ("table", models.Transaction.objects.get(key="T6").pk)
    }
    assert verify_ledger() == ["T6"]
    assert json.loads(models.Transaction.objects.get(key="T6").body)["txn"] == "T6"
