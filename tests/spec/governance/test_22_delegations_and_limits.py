"""The scheme of reservation and delegation and its limits in money (D1 to D5, D7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    ChainBroken,
    Delegation,
    DelegationError,
    HandingOnRefused,
    OverLimit,
    Owned,
    Spending,
    chain_of,
    effective_limit,
    limit_by_population,
    scheme_report,
    year_limit,
)
from joinedup.governance.delegation.money_limits import (
    capital_form,
    delegated_share,
    must_be_within,
    population_day,
    pounds,
)
from joinedup.governance.delegation.scheme import Stretch, check_handing_on, suspended_days
from joinedup.system import Period

D = date.fromisoformat
JULY = D("2022-07-01")
YEAR = Period(D("2022-04-01"), D("2023-04-01"))


def line(key: str = "d1", **changes: object) -> Delegation:
    values = {
        "key": key, "function": "F1", "from_board": "board", "to_kind": "committee", "to": "committee",
        "start": D("2020-04-01"),
    }  # fmt: skip
    return Delegation(**(values | changes))  # type: ignore[arg-type]


# --- the scheme -----------------------------------------------------------------------------------------------------


def test_every_function_has_one_owner_on_every_day_or_the_day_is_reported() -> None:
    owned = [
        Owned("F1", "CCG", D("2020-04-01"), JULY), Owned("F1", "ICB", JULY),
        Owned("F2", "CCG", D("2020-04-01"), JULY), Owned("F2", "ICB", D("2022-07-08")),
        Owned("F3", "CCG", D("2020-04-01"), D("2022-07-04")), Owned("F3", "ICB", JULY),
        Owned("F9", "ICB", JULY),  # nobody asked about it
    ]  # fmt: skip
    lines = [line("a"), line("b", function="F2", reserved=True), line("c", function="F3", end=JULY)]
    lines.append(line("d", function="F3", reserved=True, start=D("2022-06-01"), end=D("2022-08-01")))
    found = scheme_report(["F1", "F2", "F3", "F4"], owned, lines, YEAR)
    assert found.gaps == (Stretch("F2", Period(JULY, D("2022-07-08"))), Stretch("F4", YEAR))
    assert found.overlaps == (Stretch("F3", Period(JULY, D("2022-07-04")), ("CCG", "ICB")),)
    assert found.reserved_and_delegated == (Stretch("F3", Period(D("2022-06-01"), JULY)),)
    assert found.without_line == (Stretch("F3", Period(D("2022-08-01"), D("2023-04-01"))), Stretch("F4", YEAR))
    assert not found.is_complete
    assert scheme_report(["F1"], owned, lines, YEAR).is_complete


def test_a_scheme_is_looked_at_for_days_that_end() -> None:
    with pytest.raises(RuleError, match="only within a period that ends"):
        scheme_report(["F1"], [], [], Period(JULY))


def test_a_post_vacant_for_seven_days_has_its_delegations_suspended_for_seven_days() -> None:
    held = [Period(D("2019-01-01"), D("2020-06-01")), Period(D("2020-06-08"))]
    assert suspended_days(held, Period(D("2020-04-01"), D("2021-04-01"))) == [Period(D("2020-06-01"), D("2020-06-08"))]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"to_kind": "person"}, "to_kind is 'person'; expected board, committee, post, body"),
        ({"per": "year"}, "per is 'year'"),
        ({"sub_delegation": "oral"}, "sub_delegation is 'oral'"),
        ({"end": D("2020-04-01")}, "would end on 2020-04-01, not after"),
        ({"limit_pence": 10.5}, "limit_pence is 10.5; expected a whole number"),
        ({"limit_pence": -1}, "limit_pence is -1"),
        ({"per_population": 0}, "for each 0 people"),
    ],
    ids=["person", "per", "sub-delegation", "end", "float", "negative", "nobody"],
)
def test_a_line_that_cannot_be_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(DelegationError, match=says):
        line(**changes)


# --- chains ---------------------------------------------------------------------------------------------------------

CHAIN = [
    line("top", limit_pence=500_000_000, sub_delegation="written"),
    line("middle", to="committee 2", parent="top", limit_pence=100_000_000, end=JULY),
    line("middle", to="committee 2", parent="top", limit_pence=20_000_000, start=JULY),
    line("low", to_kind="post", to="director", parent="middle", limit_pence=25_000_000),
]


# day            limit
LIMITS = [("2022-06-30", 25_000_000), ("2022-07-01", 20_000_000)]  # from then the committee has £200,000


@pytest.mark.parametrize(("on", "pence"), LIMITS)
def test_the_effective_limit_is_the_least_along_the_chain_on_the_day(on: str, pence: int) -> None:
    chain = chain_of("low", CHAIN, D(on))
    assert [one.key for one in chain] == ["top", "middle", "low"]
    assert effective_limit(chain) == pence


def test_a_chain_without_limits_has_none_and_one_by_population_needs_the_people() -> None:
    assert effective_limit([line(), line(limit_pence=5)]) == 5
    assert effective_limit([line()]) is None
    by_heads = line(limit_pence=1_000_000, per_population=100_000)
    assert effective_limit([by_heads], 425_000) == 4_250_000
    with pytest.raises(DelegationError, match="give the people on 1 April"):
        effective_limit([by_heads])


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([line("low", parent="mid"), line("mid", end=D("2021-01-01"))], "no delegation mid on 2022-07-01. It holds on"),
        ([line("low", parent="mid"), line("middle")], "no delegation mid on .* Did you mean 'middle'"),
        ([line("low", parent="mid"), line("mid", parent="low")], "leads back to low"),
        ([line("low"), line("low", start=D("2021-01-01"))], "low has 2 lines on 2022-07-01"),
    ],
    ids=["ended", "unknown", "circle", "twice"],
)
def test_a_chain_that_does_not_reach_up_is_broken(lines: list[Delegation], says: str) -> None:
    with pytest.raises(ChainBroken, match=says):
        chain_of("low", lines, JULY)


def test_handing_on_needs_written_approval_and_interim_staff_two_signatures() -> None:
    given, kept = line(sub_delegation="written"), line()
    child = line("d2", to="director", written_approval="AO letter 7")
    check_handing_on(given, child)
    check_handing_on(kept, line("d3", to="board"))  # back to whoever gave it: free
    check_handing_on(given, child, signatures=["AO", "chair"], is_interim=True)
    with pytest.raises(HandingOnRefused, match="d1 may not be handed on; ask board"):
        check_handing_on(kept, child)
    with pytest.raises(HandingOnRefused, match="needs the written approval of the accountable officer"):
        check_handing_on(given, line("d2", to="director"))
    with pytest.raises(HandingOnRefused, match="interim staff and has 1 of 2 signatures"):
        check_handing_on(given, child, signatures=["AO", " AO"], is_interim=True)
    with pytest.raises(HandingOnRefused, match="is for F2; only F1"):
        check_handing_on(given, line("d2", function="F2"))


# --- money ----------------------------------------------------------------------------------------------------------

# £10,000 a decision for each 100,000 people
HEADS = [(425_000, 4_250_000), (857_432, 8_574_320), (0, 0), (99_999, 999_990)]


@pytest.mark.parametrize(("heads", "pence"), HEADS)
def test_a_limit_grows_with_the_population_in_whole_pence(heads: int, pence: int) -> None:
    assert limit_by_population(1_000_000, heads, 100_000) == pence


def test_a_limit_by_population_is_rounded_down_and_refuses_nonsense() -> None:
    assert limit_by_population(100, 199, 100) == 199
    assert limit_by_population(1, 199, 100) == 1
    with pytest.raises(RuleError, match="a unit of 1 or more"):
        limit_by_population(100, 100, 0)
    assert population_day(D("2022-03-31")) == D("2021-04-01")
    assert population_day(D("2022-04-01")) == D("2022-04-01")


def spend(pence: int, on: str = "2022-06-01", supplier: str = "Acme", function: str = "F1") -> Spending:
    return Spending(supplier, function, D(on), pence)


def test_one_penny_over_the_limit_is_referred() -> None:
    assert must_be_within(spend(4_250_000), [], 4_250_000).is_within
    with pytest.raises(OverLimit, match=r"£42,500.01 is £0.01 over the limit of £42,500.00. Refer it"):
        must_be_within(spend(4_250_001), [], 4_250_000)


def test_a_purchase_in_pieces_counts_as_one_over_the_financial_year() -> None:
    first = spend(2_000_000)
    assert year_limit(spend(2_250_000, "2022-09-01"), [first], 4_250_000).is_within
    both = [first, spend(2_250_000, "2022-09-01", supplier="  ACME ")]
    found = year_limit(spend(1, "2023-03-31"), both, 4_250_000)
    assert (found.year, found.before_pence, found.over_pence, found.is_split) == ("2022/23", 4_250_000, 1, True)
    with pytest.raises(OverLimit, match="A purchase in pieces counts as one"):
        must_be_within(spend(1, "2023-03-31"), both, 4_250_000)


def test_the_sum_begins_anew_on_1_april_and_for_another_supplier_or_function() -> None:
    before = [spend(4_250_000, "2023-03-31")]
    assert not year_limit(spend(1, "2023-03-31"), before, 4_250_000).is_within
    assert year_limit(spend(4_250_000, "2023-04-01"), before, 4_250_000).is_within
    assert year_limit(spend(4_250_000, "2023-03-31", supplier="Other"), before, 4_250_000).is_within
    assert year_limit(spend(4_250_000, "2023-03-31", function="F2"), before, 4_250_000).is_within


@pytest.mark.parametrize("pence", [-1, 10.5, True])
def test_an_amount_is_whole_pence(pence: int) -> None:
    with pytest.raises(RuleError, match="expected whole pence of 0 or more"):
        year_limit(spend(pence), [], 100)


# pence          form
FORMS = [
    (99_999_999, "short_form"),
    (100_000_000, "business_case"),
    (300_000_000, "business_case"),
    (300_000_001, "next_tier"),
]


@pytest.mark.parametrize(("pence", "form"), FORMS)
def test_the_form_of_a_capital_case(pence: int, form: str) -> None:
    assert capital_form(pence) == form


def test_the_share_of_the_budget_that_follows_decisions_down() -> None:
    assert delegated_share(124_000_000_000, 320_000_000_000) == Decimal("38.75")
    assert pounds(-4_250_001) == "-£42,500.01"
