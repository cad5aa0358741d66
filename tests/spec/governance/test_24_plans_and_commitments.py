"""Plans that are late, incomplete or not agreed; commitments and what is owed to staff (P1 to P9, C8, C9)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    BelowNationalStandard,
    Commitment,
    CommitmentError,
    Evidence,
    EvidenceTooLate,
    Incomplete,
    Instruction,
    InstructionOmitted,
    NationalStandard,
    NoOneOwner,
    NotAgreed,
    NotEditorial,
    Offer,
    Signed,
    StepReasonMissing,
    TextVersion,
    TransitionStep,
    agreed_by_value,
    agreement,
    breaches,
    completeness,
    corrections,
    light,
    national_promises,
    omitted,
    owner_on,
    status_on,
    without_reason,
)
from joinedup.governance.assurance.commitments import check_evidence, overdue
from joinedup.governance.transition.instructions import must_name_all
from joinedup.governance.transition.national_standards import must_meet_standards
from joinedup.governance.transition.partner_agreement import Correction, must_be_agreed
from joinedup.governance.transition.plan_standing import days_late, must_be_complete
from joinedup.governance.transition.steps import check_steps
from joinedup.moment import LONDON
from joinedup.planning import (
    NaiveDatetime,
    Pair,
    PlanDocument,
    Section,
    ToleranceSet,
    document_kind,
    empty_sections,
    triangulate,
)
from joinedup.system import PartialDate, index

D = date.fromisoformat
PARTNERS = [f"partner {number}" for number in range(1, 10)]

# --- P1, P2: deadlines and completeness -----------------------------------------------------------------------------

# due          submitted in London      days late
SUBMITTED = [
    ("2020-09-01", (2020, 9, 1, 23, 59, 59), 0),
    ("2020-09-01", (2020, 9, 2, 0, 0, 0), 1),
    ("2020-09-01", (2020, 8, 3, 9, 0, 0), 0),
    ("2021-04", (2021, 4, 30, 23, 59, 59), 0),
    ("2021-04", (2021, 5, 3, 8, 0, 0), 3),
]


@pytest.mark.parametrize(("due", "submitted", "late"), SUBMITTED, ids=[f"{d}-{n}" for d, _, n in SUBMITTED])
def test_a_deadline_includes_its_last_second_in_london(due: str, submitted: tuple[int, ...], late: int) -> None:
    instant = datetime(*submitted, tzinfo=LONDON)  # type: ignore[arg-type, misc]
    assert days_late(PartialDate.parse(due), instant) == late
    assert days_late(PartialDate.parse(due), instant.astimezone(UTC)) == late


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveDatetime, match=r"P1: .* has no time zone"):
        days_late(PartialDate.parse("2020-09-01"), datetime(2020, 9, 1))  # noqa: DTZ001


# due        on            light
LIGHTS = [
    ("2021-04", "2021-04-01", "green"),
    ("2021-04", "2021-04-02", "amber"),
    ("2021-04", "2021-04-30", "amber"),
    ("2021-04", "2021-05-01", "red"),
    ("2020-09-01", "2020-09-01", "green"),
    ("2020-09-01", "2020-09-02", "red"),
]


@pytest.mark.parametrize(("due", "on", "expected"), LIGHTS)
def test_by_a_month_has_a_target_and_a_breach(due: str, on: str, expected: str) -> None:
    assert light(PartialDate.parse(due), D(on)) == expected


def test_twelve_of_fourteen_sections_are_not_enough_for_approval() -> None:
    sections = [f"section {number}" for number in range(1, 15)]
    found = completeness(sections, sections[:12])
    assert found.percent == Decimal("85.7")
    with pytest.raises(Incomplete, match=r"85.7% complete and is approved at 100%; missing: section 13, section 14"):
        must_be_complete(found)
    must_be_complete(completeness(sections, sections))
    with pytest.raises(RuleError, match="without required sections"):
        completeness([], [])


def test_the_sections_of_a_document_of_the_planning_room_are_counted() -> None:
    empty = empty_sections(PlanDocument("development", "QM7"))
    one_less = empty_sections(PlanDocument("development", "QM7", {"leadership": Section("Agreed by all.", "lead")}))
    found = completeness(empty, set(empty) - set(one_less))
    assert (len(found.filled), len(found.missing)) == (1, len(document_kind("development").sections) - 1)


# --- P3, P4: agreement ----------------------------------------------------------------------------------------------

V1 = TextVersion(1, "The partners will comission care.")
V2 = TextVersion(2, "The partners will commission care and support.")
SPELT = TextVersion(2, "The partners will commission care.", is_editorial=True)


def signed(version: int, *by: str) -> list[Signed]:
    return [Signed(one, version) for one in by]


def test_a_new_version_is_signed_anew() -> None:
    first = signed(1, *PARTNERS)
    assert agreement([V1], first, PARTNERS).is_agreed
    reset = agreement([V1, V2], first, PARTNERS)
    assert (reset.version, reset.signed, reset.percent) == (2, (), 0)
    seven = agreement([V1, V2], first + signed(2, *PARTNERS[:7]), PARTNERS)
    assert (len(seven.signed), seven.percent, seven.is_agreed) == (7, Decimal("77.8"), False)
    with pytest.raises(NotAgreed, match=r"signed by 77.8% of partners; missing: partner 8, partner 9"):
        must_be_agreed(seven)


def test_an_editorial_version_keeps_the_signatures_and_shows_what_it_changed() -> None:
    assert corrections(V1.text, SPELT.text) == (Correction("comission", "commission"),)
    assert agreement([V1, SPELT], signed(1, *PARTNERS), PARTNERS).is_agreed
    third = TextVersion(3, "The partners will commission care, jointly.")
    assert not agreement([V1, SPELT, third], signed(1, *PARTNERS), PARTNERS).signed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("The partners may comission care.", "'will' became 'may', another word"),
        ("The partners will comission care well.", "as many words as the one before; this has 6 for 5"),
    ],
    ids=["another word", "one more"],
)
def test_more_than_spelling_is_no_editorial_version(text: str, says: str) -> None:
    with pytest.raises(NotEditorial, match=says):
        agreement([V1, TextVersion(2, text, is_editorial=True)], [], PARTNERS)


def test_a_figure_is_no_spelling_and_the_first_version_corrects_nothing() -> None:
    with pytest.raises(NotEditorial, match="a figure is no spelling"):
        corrections("It costs £1,000,000.", "It costs £1,000,001.")
    with pytest.raises(NotEditorial, match="corrects nothing"):
        agreement([TextVersion(1, "A", is_editorial=True)], [], PARTNERS)
    with pytest.raises(RuleError, match="numbered 1, 2, 3"):
        agreement([V2], [], PARTNERS)
    with pytest.raises(RuleError, match="at least one partner"):
        agreement([V1], [], [])


def test_only_partners_of_the_day_count() -> None:
    found = agreement([V1], signed(1, *PARTNERS), [*PARTNERS[:8], "newcomer"])
    assert (len(found.signed), found.missing) == (8, ("newcomer",))


def test_the_regional_director_approves_the_very_version() -> None:
    signatures = signed(1, "director") + signed(2, *PARTNERS)
    found = agreement([V1, V2], signatures, PARTNERS, director="director")
    assert (found.is_agreed, found.is_approved) == (True, False)
    with pytest.raises(NotAgreed, match="P4: the regional director has not approved version 2"):
        must_be_agreed(found)
    must_be_agreed(agreement([V1, V2], signatures + signed(2, "director"), PARTNERS, director="director"))


# --- P5: commitments ------------------------------------------------------------------------------------------------

PROMISE = Commitment("c1", "S2:146", "Roles below senior stay as they are.", "QM7", D("2022-03-31"), "versions equal")


def shown(dated: str, status: str = "met", told: str | None = None, text: str = "minute 7") -> Evidence:
    return Evidence(text, D(dated), status, D(told or dated))


def test_a_commitment_is_met_by_evidence_dated_on_or_before_its_day() -> None:
    check_evidence(PROMISE, shown("2022-03-31", told="2022-04-20"))
    assert status_on(PROMISE, [shown("2022-03-31", told="2022-04-20")], D("2022-04-19")) == "open"
    assert status_on(PROMISE, [shown("2022-03-31", told="2022-04-20")], D("2022-04-20")) == "met"
    assert status_on(PROMISE, [shown("2022-04-01")], D("2022-05-01")) == "open"
    assert status_on(PROMISE, [shown("2022-03-01"), shown("2022-03-09", "broken")], D("2022-05-01")) == "broken"


def test_evidence_that_proves_nothing_is_refused() -> None:
    with pytest.raises(EvidenceTooLate, match="due on 2022-03-31; evidence dated 2022-04-01 comes too late"):
        check_evidence(PROMISE, shown("2022-04-01"))
    with pytest.raises(CommitmentError, match="not met without evidence"):
        check_evidence(PROMISE, shown("2022-03-01", text=" "))
    with pytest.raises(CommitmentError, match="still to come"):
        check_evidence(PROMISE, shown("2022-03-02", told="2022-03-01"))
    with pytest.raises(CommitmentError, match=r"'mets' is no status.* Did you mean 'met'"):
        shown("2022-03-01", "mets")
    with pytest.raises(CommitmentError, match="c2 needs its test"):
        Commitment("c2", "S2:146", "Text", "QM7", D("2022-03-31"), " ")


def test_what_is_overdue_reaches_the_next_agenda_the_oldest_first() -> None:
    later = Commitment("c2", "S2:150", "Offers", "QM7", D("2022-04-10"), "lists")
    both = [(later, []), (PROMISE, [])]
    assert [one.key for one in overdue(both, D("2022-03-31"))] == []
    assert [one.key for one in overdue(both, D("2022-04-11"))] == ["c1", "c2"]
    assert [one.key for one in overdue([(PROMISE, [shown("2022-03-01")])], D("2022-04-11"))] == []


def test_a_commitment_passes_to_the_one_successor_of_its_owner() -> None:
    rows = index([("06N", "QM7", D("2022-07-01")), ("RW6", "R0A", D("2021-10-01")), ("RW6", "RM3", D("2021-10-01"))])
    assert owner_on("06N", D("2022-06-30"), rows) == "06N"
    assert owner_on("06N", D("2022-07-01"), rows) == "QM7"
    with pytest.raises(NoOneOwner, match="RW6 is R0A, RM3 on 2022-01-01; say which"):
        owner_on("RW6", D("2022-01-01"), rows)


def test_one_of_291_job_descriptions_changed_breaks_the_promise_and_names_the_post() -> None:
    descriptions = {f"post {number}": ("v1", "v1") for number in range(1, 292)}
    terms = dict.fromkeys(descriptions, ("hash", "hash"))
    offers = [Offer("stay", D("2022-03-31"))] * 290 + [Offer("leave")]
    kept = national_promises(descriptions, terms, offers)
    assert (kept.status, kept.posts) == ("met", 291)
    broken = national_promises(descriptions | {"post 7": ("v1", "v2")}, terms, offers)
    assert (broken.status, broken.changed_descriptions) == ("broken", ("post 7",))
    assert national_promises(descriptions, terms | {"post 8": ("a", "b")}, offers).changed_terms == ("post 8",)
    assert national_promises(descriptions, terms, [*offers, Offer()]).status == "broken"


# --- P6 to P9 -------------------------------------------------------------------------------------------------------


def test_plans_agree_by_value_as_planning_finds_their_lines() -> None:
    figures = [(10_250, 9_900, 210), (5_000, 5_050, 75), (1_200, 1_200, 30), (300, 330, 9)]  # ours, theirs, £100,000
    pairs = [
        Pair("activity", "QM7", "RWG", f"{number}", "EL", "2026-04", "activity", "spells", ours, theirs, None, None, 0)
        for number, (ours, theirs, _) in enumerate(figures)
    ]
    report = triangulate(pairs, ToleranceSet(abs_tol=0, rel_tol=Decimal("0.02"), money_p=10**15))
    within = {pair.service for pair in report.within}
    assert within == {"1", "2"}
    assert agreed_by_value((money * 10_000_000, f"{at}" in within) for at, (_, _, money) in enumerate(figures)) == (
        Decimal("32.4")
    )
    assert [(one.gap, one.pair.service) for one in report.outside] == [(350, "0"), (30, "3")]


LETTER = Instruction("phase-3", "NHS England", "Third phase letter", D("2020-07-31"))


def test_an_instruction_that_is_live_is_named_or_left_out_for_a_reason() -> None:
    closed = Instruction("old", "NHS England", "An old letter", D("2020-01-01"), closed_on=D("2020-08-04"))
    later = Instruction("new", "NHS England", "A new letter", D("2020-08-05"))
    many = [later, LETTER, closed]
    assert omitted(many, on=D("2020-08-04"), named=[]) == [LETTER]
    assert omitted(many, on=D("2020-08-03"), named=["old"]) == [LETTER]
    with pytest.raises(InstructionOmitted, match=r"leaves out 1 live instruction: Third phase letter of 2020-07-31"):
        must_name_all(many, on=D("2020-08-04"), named=[])
    must_name_all(many, on=D("2020-08-04"), named=["phase-3"])
    must_name_all(many, on=D("2020-08-04"), named=[], reasons={"phase-3": "Not about this council's area."})
    assert omitted(many, on=D("2020-08-04"), named=[], reasons={"phase-3": " "}) == [LETTER]


def test_a_plan_may_not_fall_below_the_national_specification() -> None:
    standards = [
        NationalStandard("wait", "weeks", Decimal(18), "lower"),
        NationalStandard("checks", "%", Decimal(60), "higher"),
    ]
    found = breaches(standards, {"wait": Decimal(20), "checks": Decimal(60)})
    assert [(one.key, one.by, one.unit) for one in found] == [("wait", 2, "weeks")]
    with pytest.raises(BelowNationalStandard, match="wait: 20 for 18, 2 weeks off; checks: 59 for 60, 1 % off"):
        must_meet_standards(standards, {"wait": Decimal(20), "checks": Decimal(59)})
    must_meet_standards(standards, {"wait": Decimal(18)})
    with pytest.raises(RuleError, match="'less' is better; expected lower or higher"):
        NationalStandard("wait", "weeks", Decimal(18), "less")


def test_a_step_that_disturbs_more_than_it_is_worth_needs_a_reason() -> None:
    step = TransitionStep("s1", "Move the payroll", 4, 2)
    worse = TransitionStep("s2", "New e-mail names", 5, 1)
    fine = [TransitionStep("s3", "One board", 3, 3), TransitionStep("s4", "New name", 5, 1, reason="The Act says so.")]
    assert without_reason([step, worse, *fine]) == [worse, step]
    with pytest.raises(StepReasonMissing, match=r"Move the payroll \(4 against 2\)"):
        check_steps([step])
    check_steps(fine)
    with pytest.raises(RuleError, match="the value of step s5 is 6; expected a whole number from 1 to 5"):
        TransitionStep("s5", "x", 1, 6)
