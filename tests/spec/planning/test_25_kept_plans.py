"""Plans as they are kept: handed in, compared, settled by both sides, signed; nothing is overwritten (MD3 to MD7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from tests.spec.planning.kept import LATER, OURS, RESOLVE, SIGN, SUBMIT, THEIRS, grant, handed_in
from tests.spec.planning.plans import activity, price

from joinedup.access import seal, verify
from joinedup.errors import NotFound, Refused, RuleError, Unavailable
from joinedup.moment import now
from joinedup.planning import (
    DatedCode,
    DatedCodes,
    IllegalTransition,
    Parameter,
    ParameterSet,
    PlanLine,
    PlanVersion,
    SignOffBlocked,
    TemplateError,
    own_codes,
    plan_workbook,
    planning_parameters,
    services,
)
from joinedup.planning.models import Comparison, Gap, GapStep, Line, Plan, Version, VersionStep
from joinedup.planning.plans import kept_plans, signing
from joinedup.planning.system_parameters import FILE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _heads(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"


def compared(ours: PlanVersion = OURS, theirs: PlanVersion = THEIRS) -> Comparison:
    comparison, _ = services.triangulate(grant(RESOLVE), handed_in(ours).pk, handed_in(theirs).pk)
    return comparison


def acts() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body::json->>'action' FROM access_auditentry ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_a_plan_is_kept_as_it_was_handed_in_and_versions_follow_each_other() -> None:
    first = handed_in(THEIRS)
    assert kept_plans.plan_version(first).content_hash == THEIRS.content_hash
    assert sorted(kept_plans.plan_version(first).lines, key=str) == sorted(THEIRS.lines, key=str)
    second = services.store_plan(grant(SUBMIT), replace(THEIRS, lines=THEIRS.lines[:1]))
    assert (second.number, kept_plans.state_of(second), kept_plans.state_of(first)) == (2, "draft", "submitted")
    services.submit(grant(SUBMIT), second.pk)
    assert (kept_plans.state_of(second), kept_plans.state_of(first)) == ("submitted", "superseded")
    assert kept_plans.latest("RWG", "provider", "2026/27").pk == second.pk
    assert kept_plans.state_of(first, known_at=first.at) == "draft"
    with pytest.raises(IllegalTransition):
        services.submit(grant(SUBMIT), second.pk)
    with pytest.raises(NotFound, match="no plan of RWX"):
        kept_plans.latest("RWX", "provider", "2026/27")
    with pytest.raises(NotFound, match="no version 0"):
        kept_plans.version_of(0)
    assert acts() == ["planning.import", "planning.submit", "planning.import", "planning.submit"]


def test_a_template_that_is_not_right_leaves_nothing_behind(tmp_path: Path) -> None:
    codes = DatedCodes([*own_codes(), DatedCode("provider", "RWG", "West", date(2019, 4, 1))])
    path = tmp_path / "plan.xlsx"
    path.write_bytes(plan_workbook("RWG", "provider", "2026/27", codes, THEIRS.lines))
    given = {"template": "plan", "owner": "RWG", "codes": codes}
    with pytest.raises(TemplateError):
        services.import_plan(grant(SUBMIT), path, **given)
    assert not Plan.objects.exists()
    assert not acts()
    known = DatedCodes([*codes, DatedCode("commissioner", "QM7", "HWE", date(2019, 4, 1))])
    version = services.import_plan(grant(SUBMIT), path, **given | {"codes": known, "blank": "zero"})
    assert version.file == "plan.xlsx"
    assert version.lines_count == 2 * 12 + 1
    assert kept_plans.state_of(version) == "draft"


def test_nothing_kept_can_be_changed_and_no_line_comes_late() -> None:
    version = handed_in(THEIRS)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("line", "version", "versionstep", "plan"):
        for sql in (
            f"UPDATE planning_{table} SET id = id",
            f"DELETE FROM planning_{table}",
            f"TRUNCATE planning_{table} CASCADE",
        ):
            with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
    with pytest.raises(psycopg.Error, match="a submitted version does not change"), transaction.atomic():
        kept_plans.write_lines(version, [activity("300", "NEL", "2026-04", 1)])
    assert Line.objects.count() == 3
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE planning_line DISABLE TRIGGER USER")
        cursor.execute("UPDATE planning_line SET value = value + 1 WHERE pod = 'EL'")
        cursor.execute("ALTER TABLE planning_line ENABLE TRIGGER USER")
    with pytest.raises(Unavailable, match="are not those that were handed in"):
        kept_plans.plan_version(version)


def test_each_act_needs_its_leave_and_the_role_of_its_body() -> None:
    with pytest.raises(Refused, match=r"planning\.submit"):
        services.store_plan(grant(RESOLVE), OURS)
    elsewhere = grant(SUBMIT, body_id=uuid4())
    with pytest.raises(Refused, match="another body than QM7"):
        services.store_plan(elsewhere, OURS)
    comparison = compared()
    (gap,) = Gap.objects.filter(reason="outside")
    for act in (
        lambda: services.triangulate(grant(SUBMIT), 1, 1),
        lambda: services.assign(grant(SIGN), gap.pk, acting_for="QM7"),
        lambda: services.arbitrate(grant(RESOLVE), gap.pk, acting_for="QM7", decision_id="D", reason="x" * 10),
        lambda: signing.waive(grant(RESOLVE), comparison.provider_version_id, "x", "y" * 10),
        lambda: signing.sign(grant(RESOLVE), comparison.pk, body="QM7"),
        lambda: services.accept(grant(RESOLVE, body_id=uuid4()), gap.pk, acting_for="RWG"),
        lambda: signing.write_document(grant(SIGN), "development", "QM7", "section", "leadership"),
    ):
        with pytest.raises(Refused):
            act()


def test_a_comparison_keeps_its_hash_and_what_both_must_settle() -> None:
    comparison = compared()
    assert comparison.counts == {"within": 2, "outside": 1, "material": 1, "one_sided": 0, "year": 1, "to_settle": 2}
    assert comparison.tolerances["rel_tol"] == "0.02"
    ((row, gap), (_, year)) = kept_plans.gaps_of(comparison)
    assert (row.reason, row.gap, row.money_pence, row.is_material, row.owner) == ("outside", 61, 6_710_000, True, "QM7")
    assert (gap.disagreement.gap, gap.state, gap.sides) == (61, "open", ("QM7", "RWG"))
    assert gap.disagreement.pair.provider_value == 1001
    assert year.disagreement.reason == "year"
    assert kept_plans.state_of(comparison.provider_version) == "reconciling"
    assert kept_plans.latest_comparisons("2026/27") == [comparison]
    assert kept_plans.latest_comparisons("2025/26") == []
    draft = services.store_plan(grant(SUBMIT), THEIRS)
    with pytest.raises(RuleError, match="is draft; only what was submitted is compared"):
        services.triangulate(grant(RESOLVE), comparison.commissioner_version_id, draft.pk)


def test_the_same_figures_stay_the_same_gap_and_other_figures_win_no_time() -> None:
    comparison = compared()
    outside = Gap.objects.get(reason="outside")
    services.propose(grant(RESOLVE), outside.pk, "adjust_provider", acting_for="QM7", values={"value": 940})
    again, _ = services.triangulate(grant(RESOLVE), comparison.commissioner_version_id, comparison.provider_version_id)
    assert [row.pk for row, _ in kept_plans.gaps_of(again)] == [row.pk for row, _ in kept_plans.gaps_of(comparison)]
    assert again.inputs_hash == comparison.inputs_hash
    with connection.cursor() as cursor:  # As if it had been opened three weeks ago.
        cursor.execute("ALTER TABLE planning_gap DISABLE TRIGGER USER")
        cursor.execute("UPDATE planning_gap SET due = due - 21, opened = opened - 21")
        cursor.execute("ALTER TABLE planning_gap ENABLE TRIGGER USER")
    lines = (THEIRS.lines[0]._replace(value=1002), *THEIRS.lines[1:])
    newer, _ = services.triangulate(
        grant(RESOLVE), comparison.commissioner_version_id, handed_in(replace(THEIRS, lines=lines)).pk
    )
    changed = next(row for row, _ in kept_plans.gaps_of(newer) if row.reason == "outside")
    assert changed.pk != outside.pk
    assert changed.due == Gap.objects.get(pk=outside.pk).due
    assert not changed.steps.exists()


def test_both_sides_settle_a_gap_and_its_past_can_be_read() -> None:
    comparison = compared()
    row = Gap.objects.get(reason="outside")
    services.assign(grant(RESOLVE), row.pk, acting_for="QM7", owner="RWG", due=LATER)
    services.propose(grant(RESOLVE), row.pk, "both", acting_for="RWG", values={"commissioner": 970, "provider": 970})
    proposed = now().known_at
    with pytest.raises(IllegalTransition, match="RWG has accepted"):
        services.accept(grant(RESOLVE), row.pk, acting_for="RWG")
    services.reject(grant(RESOLVE), row.pk, acting_for="QM7", reason="Only 960 are paid for")
    services.escalate(grant(RESOLVE), row.pk, acting_for="QM7", reason="No agreement so far")
    services.arbitrate(grant(SIGN), row.pk, acting_for="QM7", decision_id="D-7", reason="The board decided 960")
    services.close(grant(RESOLVE), row.pk, acting_for="QM7")
    gap = kept_plans.gaps_of(comparison)[0][1]
    assert (gap.state, gap.owner, gap.due) == ("closed", "RWG", LATER)
    assert gap.steps[1].values == (("commissioner", 970), ("provider", 970))
    before = kept_plans.gaps_of(comparison, known_at=proposed)[0][1]
    assert (before.state, before.accepted_by) == ("proposed", {"RWG"})
    assert GapStep.objects.count() == 6
    assert acts()[-6:] == [f"planning.{one}" for one in ("assign", "both", "reject", "escalate", "arbitrate", "close")]
    with pytest.raises(NotFound, match="no gap 0"):
        services.close(grant(RESOLVE), 0, acting_for="QM7")
    with pytest.raises(RuleError, match="'yes' is no proposal"):
        services.propose(grant(RESOLVE), row.pk, "yes", acting_for="QM7")
    year = Gap.objects.get(reason="year").pk
    with pytest.raises(RuleError, match="expected an int"):
        services.propose(grant(RESOLVE), year, "adjust_provider", acting_for="QM7", values={"value": 1.5})


def settle(comparison: Comparison) -> None:
    for row, _ in kept_plans.gaps_of(comparison):
        services.propose(
            grant(RESOLVE), row.pk, "explain", acting_for="RWG", reason="A new ward opens in June", expires=LATER
        )
        services.accept(grant(RESOLVE), row.pk, acting_for="QM7")
        services.close(grant(RESOLVE), row.pk, acting_for="QM7")


def test_both_sides_and_then_the_system_sign_when_nothing_is_left() -> None:
    comparison = compared()
    with pytest.raises(SignOffBlocked, match="is open"):
        signing.sign(grant(SIGN), comparison.pk, body="QM7")
    settle(comparison)
    with pytest.raises(SignOffBlocked) as blocked:
        signing.sign(grant(SIGN), comparison.pk, body="QM7")
    *checks, state = blocked.value.reasons
    assert all(reason.startswith("the check '") for reason in checks)
    assert "is reconciling; it is agreed first" in state
    for reason in checks:
        check = reason.split("'")[1]
        signing.waive(grant(SIGN), comparison.provider_version_id, check, "Agreed with the regulator")
    with pytest.raises(SignOffBlocked, match="the system signs last"):
        signing.sign(grant(SIGN), comparison.pk, body="QM7", as_system=True)
    ours = signing.sign(grant(SIGN), comparison.pk, body="QM7")
    assert kept_plans.state_of(comparison.provider_version) == "agreed"
    theirs = signing.sign(grant(SIGN, "Ann Sample"), comparison.pk, body="RWG")
    with pytest.raises(SignOffBlocked, match="RWG has signed"):
        signing.sign(grant(SIGN), comparison.pk, body="RWG")
    last = signing.sign(grant(SIGN), comparison.pk, body="QM7", as_system=True)
    assert ours.reconciliation == theirs.reconciliation == last.reconciliation
    assert kept_plans.state_of(comparison.provider_version) == "signed"
    assert kept_plans.state_of(comparison.commissioner_version) == "signed"
    assert [one.role for one in kept_plans.signatures_of(comparison)] == ["planner", "planner", "system"]
    with pytest.raises(RuleError, match="10 characters"):
        signing.waive(grant(SIGN), comparison.provider_version_id, "x", "short")


def test_an_older_comparison_is_not_signed() -> None:
    comparison = compared()
    services.triangulate(grant(RESOLVE), comparison.commissioner_version_id, comparison.provider_version_id)
    with pytest.raises(RuleError, match="compared again since"):
        signing.sign(grant(SIGN), comparison.pk, body="QM7")
    with pytest.raises(NotFound, match="no comparison 0"):
        kept_plans.comparison_of(0)


def test_parameters_and_dates_of_a_system_are_taken() -> None:
    own = [one for one in planning_parameters() if not one.id.startswith("triangulation.abs")]
    wide = Parameter("triangulation.abs", 100, "units", date(2019, 4, 1), None, "adopted", "letter", "the board")
    ours, theirs = handed_in(OURS), handed_in(THEIRS)
    comparison, report = services.triangulate(grant(RESOLVE), ours.pk, theirs.pk, parameters=ParameterSet([*own, wide]))
    assert not report.outside
    assert [row.reason for row, _ in kept_plans.gaps_of(comparison)] == ["material"]


def test_signing_checks_by_what_the_system_decided_to_reckon_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / FILE.name
    monkeypatch.setattr("joinedup.planning.system_parameters.FILE", own)
    income = PlanLine("finance", "QM7", "RWG", "", "", "2026/27", "income", "pence", 1)
    priced = (*THEIRS.lines, price("110", "EL", 4200), income)
    comparison = compared(theirs=replace(THEIRS, lines=priced))

    def said_of_income() -> str:
        (found,) = (one for one in signing.reconciliation(comparison).blocks if "activity to income: RWG" in one)
        return found

    assert "cannot be made" in said_of_income()
    own.write_text(
        '[[parameter]]\nid = "consistency.mff:RWG"\nvalue = 1.0375\nunit = "factor"\nvalid_from = 2026-04-01\n'
        'status = "adopted"\nsource = "test"\ndecided_by = "test"\n'
    )
    assert "fails" in said_of_income()
    with pytest.raises(SignOffBlocked, match="activity to income"):
        signing.sign(grant(SIGN), comparison.pk, body="QM7")


def test_a_document_is_written_piece_by_piece_and_its_past_can_be_read() -> None:
    write = signing.write_document
    leave = grant(SUBMIT)
    write(leave, "development", "QM7", "section", "leadership", text="One leader, one chair.")
    then = now().known_at
    write(leave, "development", "QM7", "section", "leadership", owner="A. Person")
    write(leave, "development", "QM7", "approval", "partnership board", text="2020-09-18")
    write(leave, "development", "QM7", "adoption", "RWG")
    write(leave, "development", "QM7", "sent", "draft")
    now_ = kept_plans.document_of("development", "QM7")
    assert (now_.sections["leadership"].text, now_.sections["leadership"].owner) == (
        "One leader, one chair.",
        "A. Person",
    )
    assert now_.approvals == {"partnership board": date(2020, 9, 18)}
    assert now_.adopted_by == {"RWG"}
    assert set(now_.sent) == {"draft"}
    assert kept_plans.document_of("development", "QM7", known_at=then).sections["leadership"].owner == ""
    assert kept_plans.document_of("transition", "QM7").sections == {}
    for what, key in (("section", "gold"), ("approval", "the king"), ("sent", "later"), ("colour", "red")):
        with pytest.raises(RuleError, match=f"no {what} '{key}'"):
            write(leave, "development", "QM7", what, key)


def test_the_audit_of_planning_is_whole() -> None:
    compared()
    seal()
    assert verify().holds
    assert VersionStep.objects.count() == 6
    assert Version.objects.count() == 2
