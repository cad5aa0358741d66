"""MA3 to MA7: need indices, and a pot shared down from a system to its practices."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from joinedup.errors import RuleError
from joinedup.money import (
    BoundaryGap,
    BoundaryOverlap,
    Leaf,
    WeightedPopulation,
    WeightError,
    allocate_tree,
    need_index,
    read_weighted_population,
    split_pence,
)
from joinedup.money.allocation.splitting import total
from joinedup.money.allocation.weighted_populations import LEVELS, Practice

APRIL = date(2022, 4, 1)


@cache
def table(folder: Path) -> WeightedPopulation:
    path = folder / "nhsengland_AIF_Allocation_Tool" / "wp_2022_2023.csv"
    return read_weighted_population(path, year="2022/23", blank="zero")


def sums(practices: list[Practice], component: str = "core") -> tuple[Decimal, Decimal]:
    return total(one.weighted[component] for one in practices), total(one.population for one in practices)


@pytest.mark.parametrize(
    ("place", "practices", "population", "weighted", "england", "system"),
    [
        ("", 137, "1612063.79", "1504140.288326765", "0.933053", "1"),
        ("06K", 52, "617749.16", "571172.992068025", "0.924603", "0.990945"),
        ("06N", 54, "668482.19", "620788.247822", "0.928653", "0.995285"),
        ("07H", 31, "325832.44", "312179.04843674", "0.958097", "1.026841"),
    ],
)
def test_hertfordshire_and_west_essex(
    reference: Path, place: str, practices: int, population: str, weighted: str, england: str, system: str
) -> None:
    everyone = list(table(reference).practices)
    whole = [one for one in everyone if one.system == "QM7"]
    held = [one for one in whole if place in ("", one.place)]
    wp, pop = sums(held)
    assert (len(held), round(pop, 2), wp) == (practices, Decimal(population), Decimal(weighted))
    of_england, of_system = need_index(wp, pop, *sums(everyone)), need_index(wp, pop, *sums(whole))
    assert of_england is not None
    assert of_system is not None
    assert (round(of_england, 6), round(of_system, 6)) == (Decimal(england), Decimal(system))


@pytest.mark.parametrize(
    ("component", "expected"),
    [("maternity", ["0.9385", "1.0616", "0.9902"]), ("community", ["1.0216", "0.9452", "1.0715"])],
)
def test_components_differ_so_a_budget_names_its_own(reference: Path, component: str, expected: list[str]) -> None:
    whole = [one for one in table(reference).practices if one.system == "QM7"]
    found = []
    for place in ("06K", "06N", "07H"):
        held = [one for one in whole if one.place == place]
        index = need_index(*sums(held, component), *sums(whole, component))
        assert index is not None
        found.append(str(round(index, 4)))
    assert found == expected


def test_nobody_has_no_index() -> None:
    one = Decimal(1)
    assert need_index(one, Decimal(0), one, one) is None
    assert need_index(one, one, one, one) == 1
    with pytest.raises(WeightError, match="expected 0 or more"):
        need_index(-one, one, one, one)


def test_a_pot_goes_down_to_practices_and_every_level_adds_up(reference: Path) -> None:
    pot = 250_000_000_001
    practices = table(reference).of("QM7")
    leaves = [Leaf(one.path()[1:], one.weighted["core"]) for one in practices]
    tree = allocate_tree(pot, leaves, LEVELS[1:], as_of=APRIL)
    assert {path[0]: amount for path, amount in tree.items() if len(path) == 1} == {
        "06K": 94_933_464_070, "06N": 103_179_911_582, "07H": 51_886_624_349
    }  # fmt: skip
    assert len(tree) == 177
    below: dict[tuple[str, ...], int] = defaultdict(int)
    for path, amount in tree.items():
        below[path[:-1]] += amount
    assert below.pop(()) == pot
    assert below == {path: tree[path] for path in below}
    flat = split_pence(pot, {one.code: one.weighted["core"] for one in practices})
    differences = [abs(flat[path[2]] - amount) for path, amount in tree.items() if len(path) == 3]
    assert Counter(differences) == {0: 123, 1: 14}
    shares = [one.weighted["core"] for one in practices]
    by_place = [
        100 * sum(one.weighted["core"] for one in practices if one.place == place) / sum(shares)
        for place in ("06K", "06N", "07H")
    ]
    assert [str(round(share, 6)) for share in by_place] == ["37.973386", "41.271965", "20.754650"]


def test_england_has_8007_units_in_four_levels(reference: Path) -> None:
    leaves = [Leaf(one.path(), one.weighted["core"]) for one in table(reference).practices]
    tree = allocate_tree(10_000_000_000_001, leaves, LEVELS, as_of=APRIL)
    assert len(tree) == 8007
    assert sum(amount for path, amount in tree.items() if len(path) == 4) == 10_000_000_000_001


def test_a_network_is_known_by_its_place_and_its_code(reference: Path) -> None:
    everyone = table(reference).practices
    here = [one for one in everyone if one.system == "QM7"]
    codes = {one.neighbourhood for one in here}
    assert (len(codes), len(codes - {"U"}), len({(one.place, one.neighbourhood) for one in here})) == (36, 35, 37)
    assert {one.place for one in here if one.neighbourhood == "U"} == {"06K", "07H"}
    places, systems = defaultdict(set), defaultdict(set)
    for one in everyone:
        if one.neighbourhood != "U":
            places[one.neighbourhood].add(one.place)
            systems[one.neighbourhood].add(one.system)
    assert sum(len(found) > 1 for found in places.values()) == 11
    assert sorted(code for code, found in systems.items() if len(found) > 1) == ["U41591", "U44537", "U57294", "U75549"]
    assert {"F81062", "Y07016"} <= {one.code for one in here}
    assert {11, 15, 95} <= {one.patients for one in here}


def test_a_practice_that_moves_is_where_it_is_on_the_day() -> None:
    october = date(2022, 10, 1)
    leaves = [
        Leaf(("A", "p1"), 1, APRIL, october),
        Leaf(("B", "p1"), 1, october, None),
        Leaf(("A", "p2"), 1),
    ]
    levels = ("place", "practice")
    before = allocate_tree(100, leaves, levels, as_of=date(2022, 9, 30))
    assert before == {("A",): 100, ("A", "p1"): 50, ("A", "p2"): 50}
    assert allocate_tree(100, leaves, levels, as_of=october)[("B",)] == 50
    with pytest.raises(BoundaryGap, match="p1 belongs to nobody on 2022-03-31"):
        allocate_tree(100, leaves, levels, as_of=date(2022, 3, 31))
    with pytest.raises(BoundaryOverlap, match="p2 belongs to A and to B"):
        allocate_tree(100, [*leaves, Leaf(("B", "p2"), 1)], levels, as_of=APRIL)


def test_a_place_without_weight_gets_nothing_down_to_its_practices() -> None:
    leaves = [Leaf(("A", "p1"), 0), Leaf(("A", "p2"), 0), Leaf(("B", "p3"), "2.5")]
    tree = allocate_tree(7, leaves, ("place", "practice"), as_of=APRIL)
    assert tree == {("A",): 0, ("A", "p1"): 0, ("A", "p2"): 0, ("B",): 7, ("B", "p3"): 7}


def test_units_known_by_more_than_their_code_may_share_it() -> None:
    leaves = [Leaf(("A", "U"), 1, known_as="A/U"), Leaf(("B", "U"), 3, known_as="B/U")]
    assert allocate_tree(8, leaves, ("place", "network"), as_of=APRIL)[("B", "U")] == 6


@pytest.mark.parametrize(
    ("leaves", "levels", "error", "said"),
    [
        ([Leaf(("A", "p"), 1)], ("practice",), RuleError, "has 2 codes; expected 1"),
        ([Leaf(("p",), 0)], ("practice",), WeightError, "weight above 0"),
        ([], ("practice",), WeightError, "no leaves"),
        ([Leaf((), 1)], (), RuleError, "no levels"),
    ],
)
def test_trees_that_cannot_be(leaves: list[Leaf], levels: tuple[str, ...], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        allocate_tree(1, leaves, levels, as_of=APRIL)
