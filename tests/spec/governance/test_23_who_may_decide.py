"""Whether somebody may decide, with all reasons if not, and to whom it goes (D6, B12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from joinedup.errors import RuleError
from joinedup.governance import DecidedFunction, Delegation, Question, ReferredUp, Scheme, Spending, may_decide
from joinedup.governance.delegation.deciding_alone import RESERVED, must_be_allowed
from joinedup.system import Period

D = date.fromisoformat
ON = D("2022-09-01")
BOARD = "partnership board"


def line(key: str, function: str, to: str, **changes: object) -> Delegation:
    values = {
        "key": key, "function": function, "from_board": BOARD, "to_kind": "committee", "to": to,
        "start": D("2022-07-01"), "limit_pence": 1_000_000, "per_population": 100_000,
    }  # fmt: skip
    return Delegation(**(values | changes))  # type: ignore[arg-type]


SCHEME = Scheme(
    model="option2",
    partnership_board=BOARD,
    boards=frozenset({BOARD, "place"}),
    functions={
        "community": DecidedFunction("community"),
        "allocation": DecidedFunction("allocation", "distribution"),
        "joint": DecidedFunction("joint", law=Period(D("2022-07-01"))),
        "travel": DecidedFunction("travel"),
    },
    delegations=(
        line("community to place", "community", "place", sub_delegation="written"),
        line(
            "community to director", "community", "director", to_kind="post", from_board="place", limit_pence=500_000,
            parent="community to place", written_approval="AO letter 7",
        ),
        line("community to deputy", "community", "deputy", to_kind="post", parent="community to director"),
        line("allocation to place", "allocation", "place"),
        line("travel reserved", "travel", "place", reserved=True, from_board="place", limit_pence=None),
    ),
    population_by_year={"2022/23": 425_000},
    vacant={"director": (Period(D("2022-10-01"), D("2022-10-08")),)},
)  # fmt: skip


def ask(who: str = "place", function: str = "community", pence: int | None = 4_250_000, **changes: object) -> Question:
    values = {"who": who, "function": function, "on": ON, "amount_pence": pence, "supplier": "Acme"}
    return Question(**(values | changes))  # type: ignore[arg-type]


def checks(question: Question, scheme: Scheme = SCHEME) -> tuple[list[str], str]:
    verdict = may_decide(question, scheme)
    assert verdict.is_allowed == (not verdict.reasons)
    return [one.check for one in verdict.reasons], verdict.refer_to


def test_exactly_the_limit_may_be_decided_and_one_penny_more_is_referred() -> None:
    allowed = may_decide(ask(), SCHEME)
    assert allowed.is_allowed
    assert (allowed.reasons, allowed.refer_to, allowed.limit_pence) == ((), "", 4_250_000)
    refused = may_decide(ask(pence=4_250_001), SCHEME)
    assert [(one.check, one.rule) for one in refused.reasons] == [("limit", "D3")]
    assert refused.reasons[0].says == "£42,500.01 is £0.01 over the limit of £42,500.00"
    assert refused.refer_to == BOARD


def test_reserved_and_over_the_limit_are_both_said_and_it_goes_to_the_partnership_board() -> None:
    assert checks(ask(function="allocation", pence=4_250_001)) == (["reserved", "limit"], BOARD)
    assert "Distribution of financial resources" in may_decide(ask(function="allocation"), SCHEME).reasons[0].says


@pytest.mark.parametrize("kind", RESERVED)
def test_a_delegated_post_that_decides_a_reserved_type_is_referred(kind: str) -> None:
    scheme = replace(SCHEME, functions={"community": DecidedFunction("community", kind)})
    assert checks(ask(), scheme) == (["reserved"], BOARD)
    assert may_decide(ask(who=BOARD), scheme).is_allowed


def test_a_purchase_in_pieces_is_found_over_the_year() -> None:
    scheme = replace(SCHEME, earlier=(Spending("ACME", "community", D("2022-07-05"), 2_000_000),))
    assert may_decide(ask(pence=2_250_000), scheme).is_allowed
    assert checks(ask(pence=2_250_001), scheme) == (["limit"], BOARD)
    assert may_decide(ask(pence=4_250_000, supplier="Other"), scheme).is_allowed


def test_over_the_limit_goes_to_the_nearest_whose_limit_is_enough() -> None:
    assert checks(ask("director", pence=2_125_001)) == (["limit"], "place")
    assert checks(ask("director", pence=4_250_001)) == (["limit"], BOARD)


# question                                             checks                       goes to
NOT_ALLOWED = {
    "no function": (ask(function="comunity"), ["function"], BOARD),
    "no law yet": (ask(function="joint", on=D("2022-06-30"), who=BOARD), ["function"], BOARD),
    "no delegation": (ask("pharmacy group"), ["delegate"], BOARD),
    "not begun": (ask(on=D("2022-06-30")), ["delegate"], BOARD),
    "post vacant": (ask("director", pence=1, on=D("2022-10-07")), ["delegate"], "place"),
    "handed on unwritten": (ask("deputy", pence=1), ["handing_on"], "place"),
    "people unknown": (ask(on=D("2023-04-01")), ["limit"], BOARD),
    "conflict": (ask("director", pence=1, is_excluded=True), ["interests"], "place"),
    "no quorum": (ask(is_quorate=False), ["quorum"], BOARD),
    "reserved to another": (ask("director", "travel", 1), ["reserved"], "place"),
    "everything": (
        ask("place", "allocation", 9_999_999, is_excluded=True, is_quorate=False),
        ["reserved", "limit", "interests", "quorum"], BOARD,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_what_may_not_be_decided_says_why_and_where_it_goes(name: str) -> None:
    question, expected, to = NOT_ALLOWED[name]
    assert checks(question) == (expected, to)


def test_a_function_reserved_to_a_board_may_be_decided_by_it() -> None:
    assert may_decide(ask("place", "travel", 99_999_999), SCHEME).is_allowed
    assert may_decide(ask("director", pence=1, on=D("2022-10-08")), SCHEME).is_allowed  # the post is held again
    assert may_decide(ask(function="joint", on=D("2022-07-01"), who=BOARD), SCHEME).is_allowed


def test_without_a_model_or_a_board_nobody_decides() -> None:
    assert checks(ask(), replace(SCHEME, model="")) == (["model"], BOARD)
    assert checks(ask(who=BOARD), replace(SCHEME, boards=frozenset())) == (["model"], BOARD)


def test_a_line_that_leads_nowhere_is_a_reason_not_a_crash() -> None:
    lines = (line("low", "community", "place", parent="gone"),)
    assert checks(ask(), replace(SCHEME, delegations=lines)) == (["handing_on"], BOARD)


def test_the_refusal_says_all_reasons_at_once() -> None:
    assert must_be_allowed(ask(), SCHEME).is_allowed
    with pytest.raises(ReferredUp, match=r"reserved to the partnership board \(B12\); .* over .* \(D3\). Refer it to"):
        must_be_allowed(ask(function="allocation", pence=4_250_001), SCHEME)
    with pytest.raises(ReferredUp, match="Did you mean 'community'"):
        must_be_allowed(ask(function="comunity"), SCHEME)


def test_an_unknown_reserved_type_is_refused() -> None:
    with pytest.raises(RuleError, match=r"'distributed' is no reserved type.* Did you mean 'distribution'"):
        DecidedFunction("F", "distributed")
