"""Every line of a statement says its formula in words and pounds, and what is due adds up from what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.money import PaidPart, PaymentScheme, StatementInputs, bands, make_statement, mechanism
from joinedup.money.payment.schemes import national_schemes, scheme_for
from joinedup.money.payment.statement_values import Achieved, DoneLine, PlannedLine, Statement
from joinedup.money.payment.statement_words import equal_months
from joinedup.planning import ParameterMissing

from .contracted import METRICS, YEAR, contract, month

APRIL = month(4)
MILLION = 100_000_000
EMERGENCY = (PaidPart("Emergency care", "emergency", ("NEL",)),)


def made(plan_p: int, done_p: int, over: object, under: object, **more: object) -> Statement:
    """A statement of April where so many pence were planned and done, each as one unit, by rates of our own."""
    scheme = PaymentScheme(
        "OWN",
        "emergency",
        "Made up",
        date(2025, 4, 1),
        None,
        "adopted",
        bands(over),
        bands(under),
        "s",
        "d",  # type: ignore[arg-type]
    )
    inputs = StatementInputs(
        contract(parts=EMERGENCY), 1, APRIL, (PlannedLine("NEL", "", APRIL, 1, plan_p),), "plan",
        (DoneLine("NEL", "AA01", APRIL, 100, done_p),), "snapshot s1", **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return make_statement(inputs, code_version="1", schemes=(scheme,))


def said_of(statement: Statement, section: str) -> list[str]:
    return [one.says for one in statement.lines if one.section == section]


@pytest.mark.parametrize(
    ("plan", "done", "over", "under", "paid", "says"),
    [
        ("24.0", "25.5", "0.20", "0.20", "24.3",
         "£1,500,000.00 more than planned. Paid: £24,000,000.00 + 0.20 × £1,500,000.00 = £24,300,000.00."),
        ("24.0", "22.8", "0.20", "0.20", "23.76",
         "£1,200,000.00 less than planned. Paid: £24,000,000.00 − 0.20 × £1,200,000.00 = £23,760,000.00."),
        ("31.2", "32.0", "0.75", "0.75", "31.8",
         "£800,000.00 more than planned. Paid: £31,200,000.00 + 0.75 × £800,000.00 = £31,800,000.00."),
        ("15.0", "16.5", "0.20", "0.20", "15.3",
         "£1,500,000.00 more than planned. Paid: £15,000,000.00 + 0.20 × £1,500,000.00 = £15,300,000.00."),
        ("15.0", "15.0", "0.20", "0.20", "15.0", "as planned. Paid: £15,000,000.00."),
    ],
    ids=["BP-1920 over", "BP-1920 under", "API-2223 over", "UEC-2627", "as planned"],
)  # fmt: skip
def test_plan_actual_rate_and_pounds_stand_in_the_line(
    plan: str, done: str, over: str, under: str, paid: str, says: str
) -> None:
    statement = made(int(Decimal(plan) * MILLION), int(Decimal(done) * MILLION), [(None, over)], [(None, under)])
    assert statement.entitled_p == int(Decimal(paid) * MILLION)
    (said,) = said_of(statement, "payment")
    assert said == f"Plan £{Decimal(plan) * 1_000_000:,.2f}, done £{Decimal(done) * 1_000_000:,.2f}: {says}"
    assert said_of(statement, "plan") == [f"1 × £{Decimal(plan) * 1_000_000:,.2f}."]


def test_each_band_is_said_with_its_part_and_its_review() -> None:
    steps = [(".10", ".20"), (None, ".50", True)]
    statement = made(1_000 * 1_000_000, 1_200 * 1_000_000, steps, steps)
    assert said_of(statement, "payment")[0].endswith(
        "Paid: £10,000,000.00 + 0.20 × £1,000,000.00 (up to 10% of the plan) + 0.50 × £1,000,000.00 (which opens a "
        "review) = £10,700,000.00."
    )


def test_equal_months_are_said_with_their_number() -> None:
    assert equal_months(contract(), 2_400_000_000, 600_000_000, month(6)) == (
        "£24,000,000.00 in the year, in 12 equal months; 3 of them to the end of June 2025 make £6,000,000.00."
    )
    late = contract(starts=date(2025, 10, 15))
    assert equal_months(late, 600, 200, month(11)).startswith("£6.00 in the year, in 6 equal months; 2 of them")


def test_quality_is_said_measure_by_measure_and_earns_what_is_said() -> None:
    inputs = StatementInputs(
        contract(parts=(PaidPart("Block", "fixed", (), ((YEAR, 4_000_000_000),)),), metrics=METRICS,
                 quality_share=Decimal("0.0125")),
        1, month(3, 2026),
        achieved=(Achieved("seen in time", Decimal(75)), Achieved("assessed for clots", Decimal(96)),
                  Achieved("came back", Decimal(11))),
        deductions=(("late letters", 500),),
    )  # fmt: skip
    statement = make_statement(inputs, code_version="1")
    pool, earned = said_of(statement, "quality")
    assert pool == "1.25% of the contract's value to date, £40,000,000.00: £500,000.00 is held back."
    assert earned == (
        "Score 0.725 × £500,000.00 = £362,500.00. seen in time: 75 between 60 and 80 earns 0.75 of its weight 0.5; "
        "assessed for clots: 96 between 90 and 95 earns 1 of its weight 0.3; came back: 11 between 12 and 8 earns 0.25 "
        "of its weight 0.2."
    )
    assert said_of(statement, "deduction") == ["£5.00 is taken off, once in the year."]
    due = [one for one in statement.lines if one.section in ("payment", "quality", "deduction")]
    assert sum(one.pence for one in due) == statement.entitled_p == 4_000_000_000 - 50_000_000 + 36_250_000 - 500
    excused = replace(inputs, achieved=(Achieved("came back", None, is_excused=True),))
    said = said_of(make_statement(excused, code_version="1"), "quality")[1]
    assert "seen in time: no data, which earns nothing" in said
    assert said.endswith("came back: excused. The weight of an excused measure goes to the others.")


def test_what_is_never_collected_is_told_from_what_is_not_there_yet() -> None:
    planned = tuple(PlannedLine(pod, "", APRIL, 10, 1_000) for pod in ("NEL", "AE1"))
    inputs = StatementInputs(
        contract(parts=(PaidPart("Emergency care", "emergency", ("NEL", "AE1")),)), 1, APRIL, planned, "plan",
        missing=frozenset({("NEL", APRIL), ("AE1", APRIL)}), not_collected=(("AE1", "No feed tells of it."),),
    )  # fmt: skip
    scheme = PaymentScheme(
        "OWN", "emergency", "Made up", date(2025, 4, 1), None, "adopted", bands([(None, ".2")]), bands([(None, ".2")]),
        "s", "d",
    )  # fmt: skip
    statement = make_statement(inputs, code_version="1", schemes=(scheme,))
    said = {one.what: one.says for one in statement.lines if one.section == "activity"}
    assert said == {
        "AE1, not collected": "No feed tells of it. What was planned is paid for it. 10 × £10.00.",
        "NEL, as planned": "No activity data yet of April 2025: what was planned stands in. 10 × £10.00.",
    }
    later, never = statement.notes
    assert "A later statement corrects them" in later
    assert "no activity of AE1 is collected" in never
    # Why there is none is told, and is nothing that a settlement is made of.
    other = replace(inputs, not_collected=())
    assert make_statement(other, code_version="1", schemes=(scheme,)).inputs_hash == statement.inputs_hash


def test_a_year_without_a_row_says_which_one_is_missing_and_what_to_do() -> None:
    june = date(2026, 6, 1)
    with pytest.raises(ParameterMissing) as none:
        scheme_for("elective", june)
    for said in ('kind = "elective"', 'status = "adopted"', "2026-06-01", "decisions/payment_schemes.toml",
                 "decided_by", "API-2526 from 2025-04-01 to 2026-04-01"):  # fmt: skip
        assert said in str(none.value)
    with pytest.raises(ParameterMissing, match=r"UEC-2627 is only proposed.*copy its \[\[scheme\]\] into decisions/"):
        scheme_for("emergency", june)
    with pytest.raises(ParameterMissing, match="the rates that were agreed in over and under"):
        scheme_for("emergency", date(2020, 6, 1))
    with pytest.raises(ParameterMissing, match=r'id = "low_volume.limit".*2026-06-01.*payment_parameters.toml'):
        mechanism(500_000_000, "nhs", june)
    # The step that is told is the step that helps.
    (proposed,) = (one for one in national_schemes() if one.id == "UEC-2627")
    decided = (*national_schemes(), replace(proposed, status="adopted", decided_by="Finance group"))
    assert scheme_for("emergency", june, schemes=decided).decided_by == "Finance group"
    with pytest.raises(RuleError):
        mechanism(500_000_000, "nobody", june)


def test_every_pound_that_a_line_says_it_comes_to_is_its_own() -> None:
    """What stands after the last "=" or "make" of a line that is paid is the amount of the line."""
    statement = made(2_400_000_000, 2_550_000_000, [(None, "0.20")], [(None, "0.20")])
    fixed = StatementInputs(contract(parts=contract().parts[:1]), 1, month(7))
    for one in (*statement.lines, *make_statement(fixed, code_version="1").lines):
        if one.section == "payment":
            last = re.findall(r"(?:=|make) £([\d,.]+?)\.?$", one.says)
            assert Decimal(last[0].replace(",", "")) * 100 == one.pence
