"""The explained statement, reproduced by hand: what was planned, what was done, what is due and why."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.money import (
    Achieved,
    BandError,
    DoneLine,
    PaidPart,
    PaymentScheme,
    PlannedLine,
    StatementInputs,
    bands,
    make_statement,
)
from joinedup.money.payment.folding import OTHER, fold
from joinedup.money.payment.planned_months import SPREAD, by_month
from joinedup.planning import Parameter, ParameterMissing, ParameterSet

from .contracted import METRICS, YEAR, contract, month

MARCH, APRIL, MAY = month(3, 2026), month(4), month(5)
VERSION = "0.1.0"


def scheme(kind: str = "emergency", over: Any = ((None, ".20"),), under: Any = ((None, ".20"),), **more: Any) -> Any:
    made = PaymentScheme(
        "TEST-2526", kind, "Made up", date(2025, 4, 1), date(2026, 4, 1), "adopted", bands(over), bands(under), "test",
        "test",
    )  # fmt: skip
    return replace(made, **more)


def statement(inputs: StatementInputs, *schemes: PaymentScheme, **more: Any) -> Any:
    return make_statement(inputs, code_version=VERSION, schemes=schemes or None, **more)


def lines(made: Any, section: str) -> dict[str, int]:
    return {one.what: one.pence for one in made.lines if one.section == section}


def emergency(**more: Any) -> Any:
    return contract(parts=(PaidPart("Emergency care", "emergency", ("NEL",)),), **more)


def planned(units: int | Decimal, pence: int, day: date = APRIL, pod: str = "NEL") -> PlannedLine:
    return PlannedLine(pod, "300", day, units, pence)


def done(units: int, pence: int, day: date = APRIL, pod: str = "NEL", unpriced: int = 0) -> DoneLine:
    return DoneLine(pod, "AA01", day, units, pence, unpriced)


def test_fixed_and_elective_up_to_the_funded_level() -> None:
    """£24.0m fixed; £3.2m of surgery where £3.0m are funded (MC1's API-2526, on a small scale); nothing settled yet."""
    inputs = StatementInputs(
        contract(), 1, MARCH, activity_source="snapshot s",
        done=(done(1000, 200_000_000, pod="DC"), done(40, 120_000_000, MARCH, "EL")),
    )  # fmt: skip
    made = statement(inputs)
    assert made.mechanism == "api"
    assert lines(made, "activity") == {"DC": 200_000_000, "EL": 120_000_000}
    payment = lines(made, "payment")
    assert list(payment.values()) == [2_400_000_000, 300_000_000]
    assert (made.entitled_p, made.due_p, made.break_glass, made.is_trial) == (
        2_700_000_000,
        2_700_000_000,
        False,
        False,
    )
    assert made.parameter_ids == ("low_volume.limit@2025-04-01", "API-2526")
    assert "over the funded level of £3,000,000.00 for the year: £3,000,000.00 is paid" in made.lines[-1].says
    less = statement(replace(inputs, done=inputs.done[:1]))
    assert lines(less, "payment")["Planned surgery: " + payment_title(made)] == 200_000_000


def payment_title(made: Any) -> str:
    return str(made.lines[-1].what).split(": ", 1)[1]


def test_blended_payment_for_the_year_to_date() -> None:
    """MC3's example in £m: over .20, under 0, plan 1.0 + 1.0, actual 1.3 + 0.7: 1.06 in April, and 2.00 by May."""
    paid_by = scheme(under=((None, "0"),))
    april = StatementInputs(
        emergency(), 1, APRIL, (planned(1000, 100_000),), "plan", (done(1300, 130_000_000),), "snapshot s"
    )
    first = statement(april, paid_by)
    assert (first.plan_p, first.actual_p, first.due_p) == (100_000_000, 130_000_000, 106_000_000)
    may = replace(
        april, month=MAY, planned=(*april.planned, planned(1000, 100_000, MAY)),
        done=(*april.done, done(700, 70_000_000, MAY)), paid_before_p=first.due_p,
    )  # fmt: skip
    second = statement(may, paid_by)
    assert (second.entitled_p, second.due_p) == (200_000_000, 94_000_000)
    assert first.due_p + second.due_p == 200_000_000
    assert lines(second, "plan") == {"NEL": 200_000_000}


def test_the_market_forces_factor_and_one_rounding() -> None:
    agreement = emergency(mff=Decimal("1.0123"))
    inputs = StatementInputs(
        agreement, 1, APRIL, (planned(Decimal("10.5"), 333),), "plan", (done(8, 3001), done(9, 3003, pod="NEL")), "s"
    )
    made = statement(inputs, scheme())
    assert made.plan_p == 3540  # 10.5 * 333 * 1.0123 = 3539.50695
    assert made.actual_p == 6078  # 6004 * 1.0123 = 6077.8492


def test_break_glass_opens_a_review() -> None:
    """MC2's example: up to 10% at .20, beyond at .50 with a flag; P £10.0m."""
    tight = scheme(over=((".10", ".20"), (None, ".50", True)), under=((".10", ".20"), (None, ".50", True)))
    for actual, paid, flag in ((1100, 1020, False), (1200, 1070, True), (850, 955, True)):
        inputs = StatementInputs(
            emergency(), 1, APRIL, (planned(1000, 1_000_000),), "plan", (done(actual, actual * 1_000_000),), "s"
        )
        made = statement(inputs, tight)
        assert (made.entitled_p, made.break_glass) == (paid * 1_000_000, flag)
    assert "− 0.50 × £500,000.00 (which opens a review) = £9,550,000.00" in made.lines[-1].says


def test_quality_is_held_back_and_earned() -> None:
    """MC4's example: pool 1.25% of £40m, score .725: £362,500 of £500,000."""
    agreement = contract(
        parts=(PaidPart("All", "fixed", (), ((YEAR, 4_000_000_000),)),), quality_share=Decimal("0.0125"),
        metrics=METRICS,
    )  # fmt: skip
    got = tuple(Achieved(one.name, Decimal(value)) for one, value in zip(METRICS, (75, 96, 11), strict=True))
    made = statement(StatementInputs(agreement, 1, MARCH, achieved=got))
    assert list(lines(made, "quality").values()) == [-50_000_000, 36_250_000]
    assert made.entitled_p == 4_000_000_000 - 13_750_000
    nothing = statement(StatementInputs(agreement, 1, MARCH))
    assert list(lines(nothing, "quality").values()) == [-50_000_000, 0]
    assert "no data, which earns nothing" in nothing.lines[-1].says
    excused = (*got[:2], Achieved("came back", None, is_excused=True))
    made = statement(StatementInputs(agreement, 1, MARCH, achieved=excused))
    assert list(lines(made, "quality").values())[1] == 42_187_500  # (.375 + .3) / .8 of the pool


def test_deductions_are_lines_of_their_own() -> None:
    made = statement(StatementInputs(contract(), 1, APRIL, deductions=(("late letters", 500),), activity_source="s"))
    assert lines(made, "deduction") == {"Deduction: late letters": -500}
    assert made.entitled_p == 200_000_000 - 500
    with pytest.raises(RuleError, match="MC5"):
        statement(StatementInputs(contract(), 1, APRIL, deductions=(("late letters", -500),)))


def test_a_low_volume_contract_is_paid_on_a_schedule() -> None:
    """MC7: £1,500,000.00 is low-volume, a penny more is not."""
    low = contract(values=((YEAR, 150_000_000),))
    made = statement(StatementInputs(low, 1, APRIL, done=(done(5000, 900_000_000, pod="DC"),)))
    assert (made.mechanism, made.entitled_p) == ("lva", 12_500_000)
    assert statement(StatementInputs(contract(values=((YEAR, 150_000_001),)), 1, APRIL)).mechanism == "api"


def test_an_independent_provider_is_paid_for_what_it_does() -> None:
    private = contract(provider_kind="independent", parts=(PaidPart("Hips", "elective", ("EL",)),))
    made = statement(StatementInputs(private, 1, APRIL, done=(done(10, 5_000_000, pod="EL"),), activity_source="s"))
    assert (made.mechanism, made.entitled_p, made.parameter_ids) == ("activity", 5_000_000, ())


def test_the_plan_stands_in_for_months_without_data_and_says_so() -> None:
    inputs = StatementInputs(
        emergency(), 1, MAY, (planned(1000, 100_000), planned(900, 100_000, MAY)), "plan of RZ1",
        (done(1000, 100_000_000),), "snapshot s", frozenset({("NEL", MAY)}),
    )  # fmt: skip
    made = statement(inputs, scheme())
    assert lines(made, "activity") == {"NEL": 100_000_000, "NEL, as planned": 90_000_000}
    assert made.entitled_p == 190_000_000
    assert "A later statement corrects them" in made.notes[0]
    with pytest.raises(ParameterMissing, match="no agreed plan"):
        statement(replace(inputs, planned=(), plan_source=""), scheme())
    # What has data is never counted twice.
    both = replace(inputs, done=(*inputs.done, done(50, 5_000_000, MAY)))
    assert statement(both, scheme()).entitled_p == 190_000_000


def test_units_of_a_year_are_spread_over_equal_months_and_add_up_exactly() -> None:
    whole = by_month(14, YEAR)
    assert list(whole) == [f"2025-{one:02}" for one in range(4, 13)] + ["2026-01", "2026-02", "2026-03"]
    assert list(whole.values()) == [2, 2, *[1] * 10]
    parts = by_month(Decimal("100.5"), YEAR)
    assert list(parts.values()) == [Decimal("8.4")] * 9 + [Decimal("8.3")] * 3
    assert sum(parts.values()) == Decimal("100.5")
    assert set(by_month(Decimal("0"), YEAR).values()) == {0}


def test_a_statement_names_the_rule_by_which_a_year_became_months() -> None:
    spread = replace(planned(1_000, 100_000), is_spread=True)
    inputs = StatementInputs(
        emergency(mff=Decimal("1.1")),
        1,
        APRIL,
        planned=(spread,),
        plan_source="plan",
        missing=frozenset({("NEL", APRIL)}),
    )
    made = statement(inputs, scheme())
    said = {one.what: (one.rule, one.says) for one in made.lines if one.section in ("plan", "activity")}
    assert said["NEL"] == ("MC1, MB7", f"1,000 × £1,000.00. Times the market forces factor 1.1. {SPREAD}")
    assert said["NEL, as planned"][0] == "MC1, MB7"
    assert said["NEL, as planned"][1].endswith(
        f"what was planned stands in. 1,000 × £1,000.00. Times the market forces factor 1.1. {SPREAD}"
    )
    by_months = statement(replace(inputs, planned=(planned(1_000, 100_000),)), scheme())
    assert (by_months.entitled_p, by_months.inputs_hash != made.inputs_hash) == (made.entitled_p, True)
    assert {one.rule for one in by_months.lines if one.section == "plan"} == {"MC1"}


def test_units_without_a_price_are_not_paid_and_are_told() -> None:
    made = statement(StatementInputs(contract(), 1, APRIL, done=(done(50, 100, pod="DC", unpriced=2),)))
    assert lines(made, "payment")[made.lines[-1].what] == 100
    assert "no price in the extract" in made.notes[0]


def test_what_cannot_be_settled_says_why() -> None:
    inputs = StatementInputs(emergency(), 1, APRIL, (planned(10, 100),), "plan")
    with pytest.raises(ParameterMissing, match="no adopted payment scheme holds for emergency care on 2025-04-01"):
        statement(inputs)
    with pytest.raises(ParameterMissing, match="no agreed plan of 2025/26"):
        statement(replace(inputs, planned=(), plan_source=""), scheme())
    with pytest.raises(ParameterMissing, match="funded level"):
        statement(StatementInputs(contract(parts=(PaidPart("Surgery", "elective", ("DC",)),)), 1, APRIL))
    with pytest.raises(BandError, match="shares of the plan"):
        statement(
            replace(inputs, planned=()), scheme(over=((".1", ".2"), (None, ".5")), under=((".1", ".2"), (None, ".5")))
        )
    with pytest.raises(RuleError, match="is not a month of it"):
        statement(replace(inputs, month=month(4, 2026)), scheme())
    later = contract(ends=date(2027, 4, 1), values=((YEAR, 5), ("2026/27", 500_000_000)),
                     parts=(PaidPart("All", "fixed", (), ((YEAR, 5), ("2026/27", 12))),))  # fmt: skip
    with pytest.raises(ParameterMissing, match=r"low_volume\.limit"):
        statement(StatementInputs(later, 1, month(4, 2026)))
    # A system that decides the limit can go on.
    own = Parameter("low_volume.limit", 1, "pence", date(2026, 4, 1), None, "adopted", "test", "the board")
    assert statement(StatementInputs(later, 1, month(4, 2026)), parameters=ParameterSet([own])).entitled_p == 1
    half = (scheme(valid_to=MAY), scheme(id="OTHER", valid_from=MAY))
    with pytest.raises(RuleError, match="within one financial year"):
        statement(replace(inputs, month=MAY), *half)


def test_a_proposed_scheme_is_tried_out_and_settles_nothing() -> None:
    only = scheme(status="proposed")
    inputs = StatementInputs(emergency(), 1, APRIL, (planned(1000, 100_000),), "plan", (done(1500, 150_000_000),), "s")
    with pytest.raises(ParameterMissing, match="only proposed"):
        statement(inputs, only)
    made = statement(inputs, only, include_proposed=True)
    assert (made.entitled_p, made.is_trial) == (110_000_000, True)


def test_the_same_inputs_give_the_same_bytes() -> None:
    inputs = StatementInputs(
        emergency(mff=Decimal("1.05")), 1, APRIL, (planned(1000, 100_001), planned(90, 77, pod="NELS")), "plan",
        (done(1300, 130_000_001), done(20, 77)), "snapshot s",
    )  # fmt: skip
    made = statement(inputs, scheme())
    turned = replace(inputs, planned=inputs.planned[::-1], done=inputs.done[::-1])
    assert statement(turned, scheme()).text == made.text
    assert json.loads(made.text)["inputs_hash"] == made.inputs_hash
    assert statement(replace(inputs, activity_source="snapshot t"), scheme()).inputs_hash == made.inputs_hash
    for other in (
        replace(inputs, done=inputs.done[:1]), replace(inputs, paid_before_p=1), replace(inputs, version=2),
        replace(inputs, planned=inputs.planned[:1]), replace(inputs, missing=frozenset({("NEL", APRIL)})),
        replace(inputs, achieved=(Achieved("x", None),)), replace(inputs, deductions=(("x", 1),)),
    ):  # fmt: skip
        assert statement(other, scheme()).inputs_hash != made.inputs_hash


# --- small numbers -----------------------------------------------------------------------------------------------


def test_one_to_seven_units_are_folded() -> None:
    assert fold([done(100, 5, pod="DC"), done(7, 3, pod="EL")]) == [(OTHER, 107, 8)]
    assert fold([done(100, 5, pod="DC"), done(60, 3, pod="EL"), done(3, 9, pod="RA"), done(6, 1, pod="MAT")]) == [
        ("DC", 100, 5), ("EL", 60, 3), (OTHER, 9, 10),
    ]  # fmt: skip
    assert fold([done(8, 3, pod="EL")]) == [("EL", 8, 3)]
    assert fold([]) == []


def test_a_small_month_would_show_between_two_statements() -> None:
    rows = [done(100, 5, APRIL, "DC"), done(100, 5, MAY, "DC"), done(50, 2, APRIL, "EL"), done(4, 1, MAY, "EL")]
    assert fold(rows) == [(OTHER, 254, 13)]
    assert fold(rows[:3]) == [("DC", 200, 10), ("EL", 50, 2)]


def test_where_nothing_is_left_to_fold_with_no_units_are_told() -> None:
    assert fold([done(4, 100, pod="EL")]) == [(OTHER, None, 100)]
    made = statement(StatementInputs(contract(), 1, APRIL, done=(done(4, 100, pod="EL"),), activity_source="s"))
    (line,) = [one for one in made.lines if one.section == "activity"]
    assert (line.units, line.is_small, line.pence) == (None, True, 100)
    assert '"units":"4"' not in made.text
