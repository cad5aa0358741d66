"""One who gives an authority and posts or pays under it: said in the audit, or refused where that is so ruled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.db import connection

from joinedup.errors import RuleError
from joinedup.money import SamePerson, models, reverse, trace
from joinedup.money.ledger import posting
from joinedup.money.pot import spending
from joinedup.money.pot.separation_of_duties import is_to_be_said, separation_parameters
from joinedup.planning import ParameterSet

from .pot import APRIL, MAY, grant, open_pot

DAY = date(2026, 4, 1)


def parameters(choice: str) -> ParameterSet:
    return ParameterSet(replace(one, value=choice) for one in separation_parameters())


def test_the_parameter_decides() -> None:
    assert [is_to_be_said("user:a", "user:a", DAY, parameters(one)) for one in ("allow", "warn")] == [False, True]
    assert not any(is_to_be_said("user:a", "user:b", DAY, parameters(one)) for one in ("allow", "warn", "refuse"))
    with pytest.raises(SamePerson, match="somebody else"):
        is_to_be_said("user:a", "user:a", DAY, parameters("refuse"))
    with pytest.raises(RuleError, match="Did you mean 'refuse'"):
        is_to_be_said("user:a", "user:b", DAY, parameters("refused"))


def commit(by: str = "user:tom") -> None:
    spending.commit(
        replace(grant("money.post"), actor_id=by), 120_000_000, key="C1", budget_line="home", supplier="Care Ltd",
        purpose="home care", authority_id="A1", on=APRIL,
    )  # fmt: skip


@pytest.mark.django_db
def test_the_audit_says_where_one_person_did_both() -> None:
    open_pot()
    commit("user:ann")
    spending.invoice(grant("money.post"), "C1", 70_000_000, key="T6", on=MAY)
    spending.pay(replace(grant("money.pay"), actor_id="user:ann"), "C1", 50_000_000, key="T7", on=MAY)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry ->> 'subject' FROM access_auditentry WHERE entry -> 'details' ->> 'same_person' = 'true'"
            " ORDER BY id"
        )
        assert [subject for (subject,) in cursor.fetchall()] == [
            "transaction:T1", "transaction:T2", "transaction:T6",
        ]  # fmt: skip
    assert [trace(key).is_by_two for key in ("C1", "T6", "T7", "T3")] == [True, False, True, None]


@pytest.mark.django_db
def test_a_system_that_wants_two_people_gets_two(monkeypatch: pytest.MonkeyPatch) -> None:
    open_pot()
    strict: Any = lambda: parameters("refuse")  # noqa: E731
    monkeypatch.setattr(posting, "separation_parameters", strict)
    with pytest.raises(SamePerson):
        commit()
    assert not models.Transaction.objects.filter(key="C1").exists()
    commit("user:ann")
    with pytest.raises(SamePerson):
        spending.invoice(grant("money.post"), "C1", 1, key="T6", on=MAY)
    reverse(grant("money.post"), "C1", MAY, "made for another year")  # undoing needs no second person
