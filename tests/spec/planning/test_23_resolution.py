"""Settling disagreements, checking a plan against itself, signing, and documents (MD6, MD7, MD8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.spec.planning.plans import activity, commissioner, price, provider

from joinedup.errors import NotFound, Refused, RuleError
from joinedup.planning import (
    CheckResult,
    Gap,
    HashMismatch,
    IllegalTransition,
    NaiveDatetime,
    Parameter,
    ParameterSet,
    Person,
    PlanDocument,
    PlanLine,
    PlanVersion,
    ReasonRequired,
    Reconciliation,
    Section,
    Signature,
    SignOffBlocked,
    StaleSignature,
    ToleranceSet,
    Waiver,
    bank_holidays,
    check_signature,
    consistency,
    document_kind,
    document_kinds,
    empty_sections,
    income_of,
    is_settled,
    limit_after_cut,
    missing_today,
    next_version,
    open_gap,
    pair_lines,
    pay_of,
    planning_crosswalks,
    planning_parameters,
    productivity,
    reconcile,
    resolve,
    sign,
    triangulate,
    who_must_resolve,
)
from joinedup.planning.triangulation.resolution import gap_id, is_late, must_escalate, resolutions_hash

MONDAY = date(2026, 4, 13)
PLANNER, TRUST, OTHER = Person("p1", "QM7", "planner"), Person("p2", "RWG", "planner"), Person("p3", "RWH", "planner")
OURS = commissioner(activity("110", "DC", "2026-04", 940), price("110", "DC", 1100), state="agreed")
THEIRS = provider(activity("110", "DC", "2026-04", 1001), price("110", "DC", 1100), state="agreed")


def report(ours: PlanVersion = OURS, theirs: PlanVersion = THEIRS):
    return triangulate(pair_lines(ours, theirs, planning_crosswalks(), as_of=MONDAY), ToleranceSet())


def gap() -> Gap:
    return open_gap(report().outside[0], on=MONDAY, holidays=bank_holidays())


# --- resolution -----------------------------------------------------------------------------------------------------


def test_a_gap_is_due_in_5_working_days_and_escalated_after_10() -> None:
    found = gap()
    assert (found.due, found.escalate_on) == (date(2026, 4, 20), date(2026, 4, 27))
    over_easter = open_gap(report().outside[0], on=date(2026, 4, 1), holidays=bank_holidays())
    assert over_easter.due == date(2026, 4, 10)  # Good Friday on the 3rd, Easter Monday on the 6th
    assert not is_late(found, date(2026, 4, 20))
    assert is_late(found, date(2026, 4, 21))
    assert not must_escalate(found, date(2026, 4, 27))
    assert must_escalate(found, date(2026, 4, 28))
    with pytest.raises(RuleError, match="due comes first"):
        open_gap(report().outside[0], on=MONDAY, holidays=(), due_days=11)


def test_the_side_without_a_figure_must_resolve_and_else_the_commissioner() -> None:
    one_sided = report(commissioner(activity("300", "NEL", "2026-04", 9)), provider(activity("1", "EL", "2026-04", 9)))
    assert [who_must_resolve(one) for one in one_sided.one_sided] == ["QM7", "RWG"]
    assert who_must_resolve(report().outside[0]) == "QM7"
    staff = PlanLine("workforce", "", "RWG", "", "NURSE", "2026-04", "in_post", "WTE", 9)
    other = staff._replace(pod="DOCTOR")
    alone = report(commissioner(other), provider(staff, other)).one_sided[0]
    assert who_must_resolve(alone) == "RWG"
    assert open_gap(alone, on=MONDAY, holidays=()).sides == ("RWG", "RWG")


def test_both_sides_accept_a_proposal_and_then_it_is_closed() -> None:
    at = gap()
    at = resolve(at, "assign", by=PLANNER, on=MONDAY, values={"owner": "RWG", "due": date(2026, 4, 17)})
    assert (at.state, at.owner, at.due) == ("assigned", "RWG", date(2026, 4, 17))
    at = resolve(at, "adjust_commissioner", by=TRUST, on=MONDAY, values={"value": 1000})
    assert (at.state, at.accepted_by) == ("proposed", {"RWG"})
    with pytest.raises(IllegalTransition, match="RWG has accepted"):
        resolve(at, "accept", by=TRUST, on=MONDAY)
    at = resolve(at, "accept", by=PLANNER, on=MONDAY)
    assert at.state == "accepted"
    assert not is_settled(at, MONDAY)
    at = resolve(at, "close", by=PLANNER, on=MONDAY)
    assert is_settled(at, MONDAY)
    assert [step.action for step in at.steps] == ["assign", "adjust_commissioner", "accept", "close"]
    with pytest.raises(IllegalTransition, match="is closed; 'assign' is not possible, only nothing"):
        resolve(at, "assign", by=PLANNER, on=MONDAY)


def test_a_counter_proposal_needs_the_other_side_again_and_a_rejection_goes_back() -> None:
    at = resolve(gap(), "adjust_provider", by=PLANNER, on=MONDAY, values={"value": 940})
    at = resolve(at, "both", by=TRUST, on=MONDAY, values={"commissioner": 970, "provider": 970})
    assert (at.state, at.accepted_by) == ("proposed", {"RWG"})
    at = resolve(at, "reject", by=PLANNER, on=MONDAY, reason="No theatre for 30 more")
    assert (at.state, at.accepted_by) == ("assigned", frozenset())


def test_an_explained_gap_needs_text_and_expiry_and_stands_open_again_when_it_expires() -> None:
    for action in ("explain", "accept_gap"):
        with pytest.raises(ReasonRequired, match="10 characters"):
            resolve(gap(), action, by=TRUST, on=MONDAY, reason="yes", expires=date(2026, 7, 1))
        with pytest.raises(ReasonRequired, match="expires, after 2026-04-13"):
            resolve(gap(), action, by=TRUST, on=MONDAY, reason="A new ward opens in June", expires=MONDAY)
    at = resolve(gap(), "explain", by=TRUST, on=MONDAY, reason="A new ward opens in June", expires=date(2026, 7, 1))
    at = resolve(at, "accept", by=PLANNER, on=MONDAY)
    at = resolve(at, "close", by=PLANNER, on=MONDAY)
    assert is_settled(at, date(2026, 6, 30))
    assert not is_settled(at, date(2026, 7, 1))


def test_what_is_escalated_is_arbitrated_by_a_decision() -> None:
    with pytest.raises(ReasonRequired):
        resolve(gap(), "escalate", by=PLANNER, on=MONDAY)
    at = resolve(gap(), "escalate", by=PLANNER, on=MONDAY, reason="No agreement in ten days")
    with pytest.raises(IllegalTransition, match="only arbitrate"):
        resolve(at, "accept", by=TRUST, on=MONDAY)
    with pytest.raises(ReasonRequired, match="decision_id"):
        resolve(at, "arbitrate", by=OTHER, on=MONDAY, reason="The board has decided")
    at = resolve(at, "arbitrate", by=OTHER, on=MONDAY, reason="The board has decided", values={"decision_id": "D-7"})
    assert at.state == "arbitrated"
    assert is_settled(resolve(at, "close", by=PLANNER, on=MONDAY), date(2030, 1, 1))


def test_what_an_act_does_not_take_is_refused() -> None:
    with pytest.raises(RuleError, match="Did you mean 'accept'"):
        resolve(gap(), "acept", by=TRUST, on=MONDAY)
    with pytest.raises(RuleError, match="'adjust_provider' takes value; given: none"):
        resolve(gap(), "adjust_provider", by=TRUST, on=MONDAY)
    with pytest.raises(RuleError, match="takes no values; given: value"):
        resolve(gap(), "explain", by=TRUST, on=MONDAY, values={"value": 1}, reason="x" * 10, expires=date(2027, 1, 1))
    with pytest.raises(RuleError, match="before today"):
        resolve(gap(), "assign", by=TRUST, on=MONDAY, values={"due": date(2026, 4, 1)})
    with pytest.raises(Refused, match="only QM7 and RWG can settle"):
        resolve(gap(), "adjust_provider", by=OTHER, on=MONDAY, values={"value": 1})


def test_a_gap_keeps_its_name_when_only_its_figures_change() -> None:
    before = report().outside[0]
    after = report(theirs=provider(activity("110", "DC", "2026-04", 1200))).outside[0]
    assert gap_id(before) == gap_id(after)
    assert gap_id(before) != gap_id(before._replace(reason="year"))


# --- signing --------------------------------------------------------------------------------------------------------


def settled() -> Gap:
    at = resolve(gap(), "adjust_provider", by=PLANNER, on=MONDAY, values={"value": 940})
    return resolve(resolve(at, "accept", by=TRUST, on=MONDAY), "close", by=PLANNER, on=MONDAY)


def reconciled(*gaps: Gap, **others: object) -> Reconciliation:
    return reconcile(OURS, THEIRS, report().hash, gaps or (settled(),), on=MONDAY, **others)  # type: ignore[arg-type]


AT = datetime(2026, 4, 13, 9, tzinfo=UTC)


def signed(version: PlanVersion, by: Person, *before: Signature, **others: object) -> Signature:
    what: dict[str, object] = {"reconciliation": reconciled(), "at": AT, "signatures": before, "system": "QM7"} | others
    return sign(version, by.body, str(what.pop("role", by.role)), by, **what)  # type: ignore[arg-type]


def test_both_sides_sign_the_same_reconciliation_and_the_system_signs_last() -> None:
    with pytest.raises(SignOffBlocked) as blocked:
        signed(OURS, PLANNER, role="system")
    assert blocked.value.reasons == (
        "QM7 has not signed, and the system signs last",
        "RWG has not signed, and the system signs last",
    )
    ours = signed(OURS, PLANNER)
    theirs = signed(THEIRS, TRUST, ours, versions={OURS.name: OURS})
    last = signed(OURS, PLANNER, ours, theirs, role="system")
    assert {one.reconciliation for one in (ours, theirs, last)} == {reconciled().hash}
    assert (ours.body, ours.role, ours.person, ours.hash, ours.at) == ("QM7", "planner", "p1", OURS.content_hash, AT)
    with pytest.raises(SignOffBlocked, match="the system has signed"):
        signed(OURS, PLANNER, ours, theirs, last, role="system")
    with pytest.raises(SignOffBlocked, match="RWH is not the system, QM7"):
        signed(OURS, OTHER, ours, theirs, role="system")
    with pytest.raises(SignOffBlocked, match="QM7 has signed"):
        signed(OURS, PLANNER, ours)
    with pytest.raises(SignOffBlocked, match="RWG does not own QM7 commissioner"):
        signed(OURS, TRUST)


def test_everything_that_stands_in_the_way_is_named() -> None:
    what = reconciled(
        gap(),
        checks=[
            CheckResult("bank: RWG", "fails", "too much"),
            CheckResult("agency: RWG", "fails", "too much"),
            CheckResult("productivity: RWG", "cannot be made", "no plan of last year"),
            CheckResult("activity to beds: RWG", "not applicable", ""),
            CheckResult("WTE to pay: RWG", "passes", ""),
        ],
        waivers=[Waiver("bank: RWG", "p1", "Winter ward agreed in June")],
        missing_sections=["Governance"],
        missed_deadlines=["external final"],
    )
    with pytest.raises(SignOffBlocked) as blocked:
        signed(replace(OURS, state="reconciling"), PLANNER, reconciliation=what)
    said = "\n".join(blocked.value.reasons)
    assert len(blocked.value.reasons) == 6
    for part in (
        "(activity QM7 RWG 110 DC 2026-04 activity) is open",
        "'agency: RWG' fails",
        "cannot be made",
        "'Governance' is empty",
        "external final was missed",
        "is reconciling; it is agreed first",
    ):
        assert part in said
    with pytest.raises(RuleError, match="by name and with a reason"):
        reconciled(waivers=[Waiver("bank: RWG", "p1", "ok")])


def test_signatures_for_another_reconciliation_or_other_lines_do_not_count() -> None:
    ours = signed(OURS, PLANNER)
    other = reconciled(gap())
    assert other.hash != reconciled().hash
    assert resolutions_hash([gap(), settled()]) == resolutions_hash([settled(), gap()])
    with pytest.raises(HashMismatch, match="QM7 signed the reconciliation"):
        signed(THEIRS, TRUST, ours, reconciliation=other)
    following = next_version(OURS, OURS.lines)  # the same lines, and yet nobody has signed it
    with pytest.raises(StaleSignature, match="not for QM7 commissioner 2026/27 version 2"):
        check_signature(ours, following)
    check_signature(ours, OURS)
    with pytest.raises(StaleSignature, match="is not what was reconciled"):
        signed(following, PLANNER)
    with pytest.raises(StaleSignature):
        signed(THEIRS, TRUST, ours, versions={OURS.name: replace(OURS, lines=OURS.lines[:1])})
    with pytest.raises(NaiveDatetime):
        signed(OURS, PLANNER, at=datetime(2026, 4, 13, 9))  # noqa: DTZ001


# --- consistency ----------------------------------------------------------------------------------------------------


def test_the_worked_examples_of_consistency() -> None:
    assert income_of({("110", "DC"): Decimal(1200)}, {("110", "DC"): 145_000}, Decimal("1.0375")) == 180_525_000
    assert pay_of({"NURSE": Decimal(14_000) / Decimal("1540.5")}, {"NURSE": 4_820_000}) == 43_803_960
    assert round(productivity(Decimal("0.032"), Decimal("0.011")) * 100, 3) == Decimal("2.077")
    assert round(productivity(Decimal("0.030"), Decimal("0.011")) * 100, 3) == Decimal("1.879")
    assert limit_after_cut(840_000_000, Decimal("0.30")) == 588_000_000
    assert limit_after_cut(1_260_000_000, Decimal("0.10")) == 1_134_000_000
    with pytest.raises(RuleError, match="no price is known for 110 EL"):
        income_of({("110", "EL"): Decimal(1)}, {}, Decimal(1))
    with pytest.raises(RuleError, match="no cost of a WTE is known for NURSE"):
        pay_of({"NURSE": Decimal(1)}, {})
    with pytest.raises(RuleError, match="more than -1"):
        productivity(Decimal(0), Decimal(-1))


def number(key: str, value: str, year: int = 2025) -> Parameter:
    return Parameter(key, Decimal(value), "", date(year, 4, 1), None, "adopted", "drawn", "the system")


def finance(measure: str, pounds: str) -> PlanLine:
    return PlanLine("finance", "QM7", "RWG", "", "", "2025/26", measure, "pence", int(Decimal(pounds) * 100))


def staff(measure: str, value: str) -> PlanLine:
    return PlanLine("workforce", "", "RWG", "", "NURSE", "2025-04", measure, "WTE", Decimal(value))


PARAMETERS = ParameterSet([
    *planning_parameters(), number("consistency.mff:RWG", "1.0375"), number("consistency.minutes:OPFA", "35"),
    number("consistency.minutes:NEL", "0"), number("consistency.cost:NURSE", "4820000"),
    number("consistency.los:NEL", "5.6"), number("consistency.occupancy", "0.92"),
    number("consistency.inflation", "0.03"),
])  # fmt: skip
THIS_YEAR = (
    activity("110", "OPFA", "2025-04", 24_000), activity("300", "NEL", "2025-04", 42 * 365),
    price("110", "OPFA", 190)._replace(period="2025/26"), price("300", "NEL", 2000)._replace(period="2025/26"),
    staff("needed", "9.05"), staff("in_post", "8"), staff("bank", "1.0"), staff("agency", "0.1"),
    finance("income", "36540750"), finance("pay", "438620"), finance("agency", "5880000"), finance("bank", "11340001"),
    finance("spend", "32960000"), finance("contract_value", "300000000"),
    PlanLine("performance", "", "RWG", "", "", "2025-04", "beds", "beds", 256),
)  # fmt: skip
LAST_YEAR = (
    activity("110", "OPFA", "2024-04", 23_000), activity("300", "NEL", "2024-04", 41 * 365),
    finance("agency", "8400000"), finance("bank", "12600000"), finance("spend", "32320000"),
)  # fmt: skip


def checked(lines: tuple[PlanLine, ...] = THIS_YEAR, **others: object) -> dict[str, CheckResult]:
    plan = PlanVersion("RWG", "provider", "2025/26", 1, lines)
    given: dict[str, object] = {"previous": PlanVersion("RWG", "provider", "2024/25", 1, LAST_YEAR)} | others
    found = consistency(plan, given.pop("params", PARAMETERS), **given)  # type: ignore[arg-type]
    return {one.check.split(":")[0]: one for one in found}


def test_every_check_of_a_plan_answers_with_its_figures() -> None:
    found = checked()
    assert list(found) == ["activity to income", "activity to WTE", "WTE to pay", "activity to beds", "productivity",
                           "agency", "bank", "cost base"]  # fmt: skip
    income = found["activity to income"]
    assert income.expected == (24_000 * 19_000 + 42 * 365 * 200_000) * Decimal("1.0375")
    assert income.passed
    assert round(found["activity to WTE"].expected or 0, 3) == Decimal("9.088")
    assert found["activity to WTE"].passed
    assert found["WTE to pay"].expected == Decimal("9.1") * 4_820_000
    assert found["WTE to pay"].passed
    assert found["activity to beds"].expected == 256
    assert found["activity to beds"].passed
    assert found["agency"].passed
    assert (found["bank"].status, found["bank"].expected, found["bank"].actual) == (
        "fails",
        1_134_000_000,
        1_134_000_100,
    )
    assert found["cost base"].status == "fails"
    assert found["productivity"].expected == Decimal("0.04")


@pytest.mark.parametrize(
    ("name", "replaced"),
    [
        ("activity to income", finance("income", "36000000")),
        ("activity to WTE", staff("needed", "9.2")),
        ("WTE to pay", finance("pay", "444000")),
        ("activity to beds", PlanLine("performance", "", "RWG", "", "", "2025-04", "beds", "beds", 255)),
        ("agency", finance("agency", "5880000.01")),
    ],
)
def test_a_figure_beyond_its_tolerance_fails(name: str, replaced: PlanLine) -> None:
    assert checked()[name].status == "passes"
    lines = tuple(replaced if line.measure == replaced.measure else line for line in THIS_YEAR)
    assert checked(lines)[name].status == "fails"


def test_what_is_not_known_never_passes() -> None:
    without = {one.status for one in checked(params=planning_parameters()).values()}
    assert "cannot be made" in without
    assert checked(params=planning_parameters())["activity to income"].says.startswith("there is no parameter")
    assert checked(previous=None)["agency"].says == "the plan of the year before is not there."
    unpriced = tuple(line for line in THIS_YEAR if line.measure != "unit_price")
    assert "no price is known" in checked(unpriced)["activity to income"].says
    without_income = tuple(line for line in THIS_YEAR if line.measure != "income")
    assert checked(without_income)["activity to income"].status == "cannot be made"
    assert checked((finance("income", "1"),))["agency"].status == "not applicable"


def test_both_sides_say_what_the_contract_is_worth() -> None:
    other = PlanVersion("QM7", "commissioner", "2025/26", 1, (finance("contract_value", "300000000"),))
    assert checked(other=other)["both sides"].passed
    less = replace(other, lines=(finance("contract_value", "299200000"),))
    assert checked(other=less)["both sides"].status == "fails"
    assert checked(other=replace(other, lines=()))["both sides"].status == "cannot be made"


# --- documents ------------------------------------------------------------------------------------------------------


def test_each_kind_of_document_has_sections_owners_approvals_and_deadlines() -> None:
    assert list(document_kinds()) == ["development", "transition", "implementation"]
    development = document_kind("development")
    assert [(one.due, one.stage) for one in development.deadlines] == [
        (date(2020, 9, 1), "draft"),
        (date(2020, 9, 21), "final"),
    ]
    assert "NHS England regional director" in development.approvals
    assert {one.key for one in development.sections} >= {"leadership", "governance", "shared-care-record"}
    assert all(one.sections and one.approvals and one.deadlines for one in document_kinds().values())
    with pytest.raises(NotFound, match="Did you mean 'transition'"):
        document_kind("transitions")


def test_what_is_missing_today_is_said_with_its_owner() -> None:
    kind = document_kind("development")
    nothing = missing_today(PlanDocument("development", "QM7"), date(2020, 9, 1), partners=["RWG", "06K"])
    assert {one.what for one in nothing} == {"section", "owner", "approval", "partner", "deadline"}
    assert sum(one.what == "section" for one in nothing) == len(kind.sections)
    assert not any(one.is_late for one in nothing)
    assert len(empty_sections(PlanDocument("development", "QM7"))) == len(kind.sections)
    whole = PlanDocument(
        "development", "QM7",
        sections={one.key: Section("As agreed.", "A. Person") for one in kind.sections},
        approvals=dict.fromkeys(kind.approvals, date(2020, 9, 20)),
        adopted_by=frozenset({"RWG", "06K"}),
        sent={"draft": datetime(2020, 9, 1, 22, 59, tzinfo=UTC), "final": datetime(2020, 9, 21, 23, 30, tzinfo=UTC)},
    )  # fmt: skip
    late = missing_today(whole, date(2020, 9, 30), partners=["RWG", "06K"])
    assert [(one.what, one.key, one.is_late) for one in late] == [("deadline", "final", True)]
    assert empty_sections(whole) == []
    before = missing_today(whole, date(2020, 9, 10), partners=["RWG", "06K"])
    assert [(one.what, one.is_late) for one in before] == [
        ("approval", False),
        ("approval", False),
        ("deadline", False),
    ]
    unsent = missing_today(replace(whole, sent={}), date(2020, 9, 2), partners=["RWG", "06K"])
    assert [one.is_late for one in unsent if one.what == "deadline"] == [True, False]
