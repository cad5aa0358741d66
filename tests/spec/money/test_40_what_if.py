"""What a slider asks: the pot, the limits to change and the weights of need, tried without storing anything."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.money import Infeasible, WeightError, allocate_by_need
from joinedup.money.allocation import (
    explained as allocation,
    places_map as allocation_map,
    what_if,
    what_if_form,
)
from joinedup.money.allocation.weighted_populations import COLUMNS
from joinedup.money.allocation.what_if import Tried, shares_of_weights, try_out

from . import kept_need

BILLION = 10**11  # pence
PLACES = ["06K", "06N", "07H"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return kept_need.table(tmp_path_factory.mktemp("need"))


def pence(table: Any, **tried: Any) -> list[int]:
    return [unit.pence for unit in try_out(table, Tried("QM7", BILLION, **tried)).allocation.units]


# pot £1,000m before, 4 per cent more; baselines 380, 420, 200 by list size, need 400, 390, 210 (rules: MA9)
RULE_BOOK = [
    ({"kappa": 0, "floor": 0, "cap": ".10"}, [39_520_000_000, 43_680_000_000, 20_800_000_000]),
    ({"kappa": ".5", "floor": ".02", "cap": ".06"}, [40_088_067_227, 42_840_000_000, 21_071_932_773]),
    ({"kappa": 1, "floor": ".01", "cap": ".07"}, [40_380_327_869, 42_420_000_000, 21_199_672_131]),
    ({"kappa": ".25", "floor": ".02", "cap": ".06", "max_under": ".037"},
     [40_060_800_000, 42_886_048_780, 21_053_151_220]),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "expected"), RULE_BOOK)
def test_limits_give_what_the_rule_book_reckons(table: Any, limits: dict[str, Any], expected: list[int]) -> None:
    assert pence(table, change=".04", **limits) == expected
    assert sum(expected) == 104_000_000_000


def test_limits_that_leave_no_way_name_both_bounds(table: Any) -> None:
    with pytest.raises(Infeasible) as error:
        pence(table, change=".04", kappa=".5", floor=".05", cap=".06")
    assert (error.value.lower, error.value.upper) == (105_000_000_000, 106_000_000_000)


def test_without_limits_each_place_has_its_share_by_need_as_on_the_command_line(table: Any) -> None:
    made = allocate_by_need(table, BILLION, by="place", system="QM7")
    assert pence(table) == [unit.pence for unit in made.units] == [40_000_000_000, 39_000_000_000, 21_000_000_000]


def test_only_a_floor_or_only_a_cap_may_be_set(table: Any) -> None:
    floor = pence(table, floor="0")
    assert floor[1] == 42_000_000_000  # has more than its target, and loses nothing
    assert sum(floor) == BILLION
    # The pot stands still, so what nobody may gain nobody loses.
    assert pence(table, cap="0") == [38_000_000_000, 42_000_000_000, 20_000_000_000]


@pytest.mark.parametrize("neighbourhood", ["", "U1", "U"])
def test_below_a_place_everything_adds_up_to_it(table: Any, neighbourhood: str) -> None:
    tried = Tried("QM7", BILLION + 1, change="-.031", kappa=".4", cap=".01")
    whole = try_out(table, tried, place="06K")
    answer = try_out(table, tried, place="06K", neighbourhood=neighbourhood)
    given = {unit.code: unit.pence for unit in answer.allocation.units}
    assert sum(given.values()) == tried.pot
    assert sum(unit.pence for unit in whole.below) == given["06K"]
    if neighbourhood:
        one = next(unit for unit in whole.below if unit.code == neighbourhood)
        assert sum(unit.pence for unit in answer.below) == one.pence
        assert {unit.level for unit in answer.below} == {"practice"}


def test_the_slider_asks_the_tree_that_the_command_asks(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from joinedup.money.allocation import capitation

    asked = []

    def counted(*given: Any, **more: Any) -> Any:
        asked.append(given[0])
        return capitation.allocate_tree(*given, **more)

    monkeypatch.setattr(allocation, "allocate_tree", counted)
    monkeypatch.setattr(what_if, "allocate_tree", counted)
    answer = try_out(table, Tried("QM7", BILLION, kappa=".5"), place="07H")
    assert asked[0] == BILLION
    assert answer.allocation.units[2].pence in asked


def test_what_places_had_may_be_said_and_must_be_said_of_all(table: Any) -> None:
    had = {"06K": 1_000, "06N": 1_000, "07H": 1_000}
    answer = try_out(table, Tried("QM7", BILLION, kappa=0, baseline=had))
    assert [unit.pence for unit in answer.allocation.units] == [33_333_333_334, 33_333_333_333, 33_333_333_333]
    assert not answer.is_assumed
    with pytest.raises(RuleError, match="07H"):
        try_out(table, Tried("QM7", BILLION, kappa=0, baseline={"06K": 1, "06N": 1}))


def test_weights_of_components_become_shares_of_exactly_one(table: Any) -> None:
    shares = shares_of_weights({"core": 1, "community": 1, "maternity": 1, "prescribing": 0})
    assert sum(shares.values()) == 1
    assert set(shares) == {"core", "community", "maternity"}
    with pytest.raises(WeightError):
        shares_of_weights({"core": 0})
    # maternity alone: 390,000, 400,000 and 210,000
    assert pence(table, shares=shares_of_weights({"maternity": 7})) == [39_000_000_000, 40_000_000_000, 21_000_000_000]


@pytest.mark.parametrize(("place", "neighbourhood", "near"), [("7H", "", "07H"), ("07H", "U33", "U3")])
def test_what_is_none_is_said_with_what_is_near(table: Any, place: str, neighbourhood: str, near: str) -> None:
    with pytest.raises(NotFound, match=f"Did you mean '{near}'"):
        try_out(table, Tried("QM7", BILLION), place=place, neighbourhood=neighbourhood)


# --- what stands in the address


def typed(**sent: str) -> Any:
    return what_if_form.read(sent, system="QM7", places=PLACES, components=tuple(COLUMNS))


def test_an_address_that_says_nothing_asks_for_the_share_by_need() -> None:
    tried = typed().tried
    assert tried.pot == BILLION
    assert not tried.is_paced


def test_per_cent_are_read_exactly() -> None:
    tried = typed(change="4", kappa="50", floor="2", cap="6", max_under="3.7").tried
    assert (tried.change, tried.kappa, tried.floor, tried.cap, tried.max_under) == (
        Decimal("0.04"), Decimal("0.5"), Decimal("0.02"), Decimal("0.06"), Decimal("0.037"),
    )  # fmt: skip
    assert tried.pot == 104_000_000_000


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kappa": "101"}, "kappa"), ({"kappa": "half"}, "kappa"), ({"change": "NaN"}, "change"),
        ({"pot": "1.234"}, "pot"), ({"pot": "0"}, "pot"), ({"pot": "a lot"}, "pot"),
        ({"component": "dental"}, "component"),
        ({"floor": "5", "cap": "4"}, "floor"), ({"before-06K": "100"}, "before-06N"),
        ({"before-06K": "1", "before-06N": "1", "before-07H": "0"}, "before-07H"),
        ({"component": "blend"} | {f"weight-{name}": "0" for name in what_if_form.BLENDED}, "weight-general-and-acute"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(sent: dict[str, str], field: str) -> None:
    found = typed(**sent)
    assert found.tried is None
    assert field in found.errors


def test_a_slider_says_where_it_stands() -> None:
    assert what_if_form.shown(what_if_form.CAP, "20.0") == "no cap"
    assert what_if_form.shown(what_if_form.CAP, "6.50") == "6.5%"
    assert what_if_form.shown(what_if_form.KAPPA, "100") == "100%"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NHS Hertfordshire and West Essex ICB - 07H West Essex", "West Essex"),
        ("NHS Kent and Medway ICB - 91Q", "91Q"),
        ("NHS Kent and Medway ICB", "Kent and Medway"),
    ],
)
def test_a_place_is_called_as_people_call_it(name: str, said: str) -> None:
    assert allocation_map.plain_name(name) == said


def test_the_published_places_of_hertfordshire(reference: Path) -> None:
    from joinedup.money import read_weighted_population

    path = reference / "nhsengland_AIF_Allocation_Tool" / "wp_2022_2023.csv"
    table = read_weighted_population(path, year="2022/23", components=("core",))
    made = try_out(table, Tried("QM7", BILLION)).allocation
    assert [unit.pence for unit in made.units] == [37_973_385_628, 41_271_964_632, 20_754_649_740]
