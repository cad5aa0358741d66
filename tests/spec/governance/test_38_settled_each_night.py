"""What members may no longer adopt is settled each night, once, by the job and by the command alike (rule G2)."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from joinedup.access.models import AuditEntry
from joinedup.errors import Refused, RuleError
from joinedup.governance import models, tasks
from joinedup.governance.acts.adopting import settle_adoption, settle_adoptions
from joinedup.governance.commands import board

from .sitting import grant
from .test_34_adoption_as_kept import MEMBERS, adopt, agreed, joint_committee  # noqa: F401

LAST, AFTER = (
    date(2022, 7, 22),
    date(2022, 7, 23),
)  # The 42nd day after 10 June 2022, and the one after.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board", "joint_committee")]


def settled() -> list[tuple[str, str, date]]:
    return list(models.AdoptionSettled.objects.order_by("pk").values_list("decision", "outcome", "settled_on"))


def acts() -> int:
    return AuditEntry.objects.filter(entry__action="governance.settle-adoption").count()


def test_the_last_day_to_adopt_settles_nothing_and_the_day_after_settles_once() -> None:
    decision = agreed()
    adopt(decision, "01X")
    prepare = grant("governance.prepare")
    assert settle_adoptions(prepare, on=LAST) == []
    assert (settled(), acts()) == ([], 0)
    assert settle_adoptions(prepare, on=AFTER) == [decision.reference]
    assert settle_adoptions(prepare, on=AFTER) == []
    assert settled() == [(decision.reference, "carried_for_adopters", AFTER)]
    assert acts() == 1


def test_the_job_and_the_command_settle_the_same_and_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joinedup.database.ready", lambda: None)
    decision = agreed()
    adopt(decision, "01X")
    told = CliRunner().invoke(board, ["settle", "--json"])
    assert json.loads(told.output) == {"settled": [decision.reference]}
    once = settled()
    tasks.settle(0)
    assert CliRunner().invoke(board, ["settle"]).output == "No decision waits to be settled.\n"
    assert settled() == once
    assert acts() == 1


def test_the_job_acts_in_its_own_name() -> None:
    decision = agreed()
    tasks.settle(0)
    assert [one for one, _outcome, _on in settled()] == [decision.reference]
    assert (
        AuditEntry.objects.get(entry__action="governance.settle-adoption").entry["actor"] == "service:governance.settle"
    )


def test_what_nobody_has_to_adopt_is_left_alone() -> None:
    agreed(consensus=False)
    assert settle_adoptions(grant("governance.prepare"), on=AFTER) == []
    assert settled() == []


def test_what_all_have_adopted_stands_as_carried() -> None:
    decision = agreed()
    for body in MEMBERS:
        adopt(decision, body)
    settle_adoptions(grant("governance.prepare"), on=AFTER)
    assert settled() == [(decision.reference, "carried", AFTER)]


def test_without_leave_nothing_is_settled_and_no_day_to_come_is() -> None:
    decision = agreed()
    with pytest.raises(Refused):
        settle_adoptions(grant("governance.read"), on=AFTER)
    with pytest.raises(RuleError, match="still to come"):
        settle_adoption(grant("governance.prepare"), decision.reference, on=date(2999, 1, 1))
    assert (settled(), acts()) == ([], 0)
