"""The demo's planners and finance lead take in what the simulated partners returned, by the acts that all use.

Who does it is in the audit; a second time changes nothing; and what a partner books otherwise than the pot is found, to
the penny.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from joinedup import database
from joinedup.access import User, demo_users, service_grant
from joinedup.access.models import AuditEntry
from joinedup.demo_returns import YEAR, take_returns
from joinedup.moment import now
from joinedup.money import (
    bcf_checks,
    intra_system_mismatches,
    models,
    reconciliation,
    system_position,
    trial_balance,
)
from joinedup.money.allocation.kept_tables import kept_table
from joinedup.money.pot.better_care_fund_as_kept import boards_of
from joinedup.planning.plans import kept_plans
from joinedup.system import services as system

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, for files alone: the database stays that of the tests."""
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    return tmp_path


def test_everything_is_taken_in_once_and_each_difference_is_found(folder: Path) -> None:
    grant = service_grant("test", "set up", "test")
    for key in system.systems():
        system.load_system(system.system_file(key), grant)
    demo_users()
    told: list[str] = []
    done: dict[str, Any] = take_returns("hwe", 400, 1, told.append)

    # Plans of eight bodies, compared seven times.
    assert len(told) == len(done)
    assert (done["plans"]["plans"], done["plans"]["comparisons"]) == (8, 7)
    assert done["plans"]["to_settle"] > 80
    assert len(kept_plans.latest_comparisons(YEAR)) == 7
    # The table of the year, with the rest of England beside the system.
    table, _ = kept_table(YEAR, components=("core",))
    assert table.systems() == ["QM7", "QZZ"]
    # What bodies say of each other was agreed on, and the position can be said: the recovery programme was not planned.
    stands_at = system_position(YEAR, 7)
    assert (stands_at.met, stands_at.unsaid) == (False, ())
    assert {one.body for one in stands_at.bodies if not one.in_control_total} == {"606", "620"}
    apart = intra_system_mismatches(YEAR, basis="actual", month=7)
    assert [(one.payer, one.payee, one.difference) for one in apart.apart] == [
        ("RWG", "RY4", -1_260_000), ("RQW", "R1L", 1_015_000),
    ]  # fmt: skip
    assert (apart.agreed, apart.one_sided) == (2, ())
    assert {board: bcf_checks(board, YEAR).passes for board in boards_of(YEAR)} == {
        "E10000012": False, "E10000015": True,
    }  # fmt: skip
    # The pot: nobody but the finance lead posted, under authorities, and it balances.
    lead = User.objects.get(email="finance_lead@demo.invalid")
    assert set(models.Transaction.objects.values_list("by", flat=True)) == {f"user:{lead.pk}"}
    assert set(models.Authority.objects.values_list("given_by", flat=True)) == {f"user:{lead.pk}"}
    stands = trial_balance("HWE-POT", effective_to=date(2026, 10, 31), known_at=now().known_at)
    assert stands["4000"] < 0
    assert sum(stands.values()) == 0
    assert not models.Commitment.objects.filter(authority=None).exists()
    # Contracts are signed; where nothing was measured, what is paid by activity waits.
    assert done["contracts"]["contracts"] == models.Contract.objects.count() == 7
    assert (done["contracts"]["statements"], done["contracts"]["unsettled"]) == (4 * 7, 3)

    # Every difference between a partner's books and the pot, and no other: settling contracts changed none of them.
    with (folder / "demo-returns" / "truth" / "trial-balance-differences.csv").open(newline="") as file:
        booked = {
            (one["body"], one["month"], one["account"], one["fund"], one["line"]): int(one["pence"])
            for one in csv.DictReader(file)
        }
    found = {
        (one.body, f"{one.month:%Y-%m}", d.account, d.fund, d.budget_line): d.difference
        for one in models.TrialBalance.objects.all()
        for d in reconciliation(one.body, one.month).differences
    }
    assert found == booked
    assert len(booked) == done["trial_balances"]["differences"] == 18
    assert min(map(abs, booked.values())) == 1
    assert reconciliation("606", date(2026, 4, 1)).agrees

    # A second demo in the same folder does none of it again.
    entries, lines = AuditEntry.objects.count(), models.Line.objects.count()
    assert take_returns("hwe", 400, 1, told.append) == done
    assert len(told) == len(done)
    assert (AuditEntry.objects.count(), models.Line.objects.count()) == (entries, lines)
