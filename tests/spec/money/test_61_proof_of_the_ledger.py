"""A line of the ledger that is edited behind joinedup's back is named by the audit's proof, by day and by night."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import connection, transaction
from typer.testing import CliRunner

from joinedup.access import commands, seal, tasks, verify
from joinedup.money import models, verify_ledger
from joinedup.money.ledger.proof import prove_ledger
from joinedup.money.pot import spending

from .pot import APRIL, MAY, grant, open_pot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ledger(settings: Any, tmp_path: Any) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    open_pot()
    spending.commit(
        grant("money.post"), 120_000_000, key="C1", budget_line="home", supplier="Care Ltd", purpose="home care",
        authority_id="A1", on=APRIL,
    )  # fmt: skip
    spending.invoice(grant("money.post"), "C1", 70_000_000, key="T6", on=MAY)
    tasks.seal_audit(0)


def edit(sql: str, *values: Any) -> None:
    """Change rows as somebody with all rights on the database could: with the triggers off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        assert cursor.rowcount > 0


def number(key: str) -> int:
    return int(models.Transaction.objects.get(key=key).pk)


def test_a_whole_ledger_is_proved_with_its_tables() -> None:
    assert (prove_ledger(), verify_ledger()) == ([], [])
    assert verify("ledger").holds


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE money_line SET amount_pence = amount_pence * 2 WHERE transaction_id = %s AND number = 1",
         "line 1 is not what was sealed"),
        ("UPDATE money_line SET budget_line_id = 'beds' WHERE transaction_id = %s AND number = 1",
         "line 1 is not what was sealed"),
        ("UPDATE money_line SET effective_on = '2026-06-01' WHERE transaction_id = %s AND number = 2",
         "line 2 bears other times than its transaction"),
        ("DELETE FROM money_line WHERE transaction_id = %s AND number = 2", "line 2 is gone"),
        ("UPDATE money_transaction SET plan_line = '' WHERE id = %s", "its plan_line is not what was sealed"),
        ("UPDATE money_transaction SET party = 'Another Ltd' WHERE id = %s", "its party is not what was sealed"),
        ("UPDATE money_transaction SET authority_id = 'A1' WHERE id = %s", "its authority is not what was sealed"),
        ("UPDATE money_transaction SET recorded_at = recorded_at + interval '1 second' WHERE id = %s",
         "its recorded_at is not what was sealed"),
    ],
)  # fmt: skip
def test_whatever_is_edited_is_named(sql: str, says: str) -> None:
    edit(sql, number("T6"))
    assert verify_ledger() == ["T6"]
    assert (number("T6"), f"transaction {number('T6')} (T6): {says}") in prove_ledger()


def test_a_line_that_was_put_in_is_named() -> None:
    edit(
        "INSERT INTO money_line (transaction_id, number, account, body, fund_id, amount_pence, effective_on,"
        " recorded_at) SELECT id, 9, '5000', 'QM7', 'POT', 5, effective_on, recorded_at FROM money_transaction"
        " WHERE key = 'T6'"
    )
    assert [says for _, says in prove_ledger()] == [f"transaction {number('T6')} (T6): line 9 was put in"]


def test_the_command_names_it_and_ends_with_1() -> None:
    edit("UPDATE money_line SET amount_pence = amount_pence + 1 WHERE transaction_id = %s AND number = 1", number("T6"))
    told = CliRunner().invoke(commands.audit, ["verify", "--log", "ledger"])
    assert told.exit_code == 1
    assert f"transaction {number('T6')} (T6): line 1 is not what was sealed" in told.output
    assert "70000000" not in told.output.replace(",", "")  # no sums
    assert CliRunner().invoke(commands.audit, ["verify"]).exit_code == 0  # the audit is another log


def test_each_night_says_what_it_found(caplog: pytest.LogCaptureFixture) -> None:
    tasks.verify_logs(0)
    assert seal("audit").entries == 2
    edit("UPDATE money_line SET amount_pence = amount_pence + 1 WHERE transaction_id = %s AND number = 1", number("T6"))
    with caplog.at_level(logging.INFO, logger="joinedup.access"):
        tasks.verify_logs(0)
    told = {one.getMessage(): one.levelname for one in caplog.records}
    assert (told["audit.verified"], told["ledger.broken"]) == ("INFO", "ERROR")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry -> 'details' ->> 'holds', entry -> 'details' -> 'says' ->> 0 FROM access_auditentry"
            " WHERE entry ->> 'action' = 'ledger.verify' ORDER BY id"
        )
        assert cursor.fetchall() == [
            ("true", None), ("false", f"transaction {number('T6')} (T6): line 1 is not what was sealed"),
        ]  # fmt: skip


def test_the_night_job_is_on_the_timetable() -> None:
    from procrastinate.contrib.django import app

    crons = {one.task.name: one.cron for one in app.periodic_registry.periodic_tasks.values()}
    assert crons["joinedup.access.tasks.verify_logs"] == "41 2 * * *"
