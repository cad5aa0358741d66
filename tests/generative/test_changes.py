"""Bodies merge, split, take other names and exchange land at random; what must add up adds up on every day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from joinedup.access import Grant, service_grant
from joinedup.errors import RuleError
from joinedup.system import Picture, as_of
from joinedup.system.change import Share, check_event
from joinedup.system.periods import PartialDate
from joinedup.system.shares import largest_remainder

FIRST, KNOWN = date(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 10
DRAWN = settings(
    max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PEOPLE = (1500, 1501, 1499, 2000, 1, 777)  # of six small areas


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def instant(number: int) -> datetime:
    return KNOWN + timedelta(hours=number)


def at(number: int) -> Picture:
    return as_of(day(number), instant(10**5))


@pytest.fixture
def world(db: None) -> World:
    return World()


class World:
    """Three systems and, in the first of them, four groups that each commission for one place of one small area."""

    def __init__(self) -> None:
        from joinedup.system import models
        from joinedup.system.facts import Basis, Days, state
        from joinedup.system.models import PARTITIONS

        self.models, self.known = models, 0
        self.source = models.Source.objects.create(key="drawn", title="Drawn")
        self.small_areas = [
            models.SmallArea.objects.create(
                code=f"S{n}", name=f"S{n}", council=f"C{n}", sub_icb="01X", ccg_2021="", population_mid2020=people
            )
            for n, people in enumerate(PEOPLE)
        ]
        self.systems = [models.Area.objects.create(key=f"system-{n}", kind="system") for n in range(3)]
        self.places = [models.Area.objects.create(key=f"place-{n}", kind="place") for n in range(4)]
        self.groups = [self.body(f"group-{n}") for n in range(4)]
        self.function = models.Function.objects.create(key="commission", title="Commission")
        basis, since = Basis(KNOWN, self.source), Days(PartialDate(FIRST))
        for number, small in enumerate(self.small_areas):
            says = {"weight": 1, "partition": PARTITIONS["system"]}
            state(models.Part, {"area": self.systems[number % 3], "small_area": small}, says, since, basis)
        for place, group, small in zip(self.places, self.groups, self.small_areas, strict=False):
            whole = {"weight": 1, "partition": None}
            state(models.Part, {"area": place, "small_area": small}, whole, since, basis)
            form = {"kind": "ccg", "legal_form": "statutory_corporate", "sector": "nhs"}
            state(models.Standing, {"body": group}, form, since, basis)
            about = {"body": group, "area": place, "role": "commissions_for"}
            state(models.Serving, about, {"share": None}, since, basis)
            state(models.FunctionOwner, {"function": self.function, "area": place}, {"body": group}, since, basis)

    def body(self, key: str) -> Any:
        return self.models.Body.objects.create(key=key)

    def happens(self, kind: str, on: int, before: list[Any], after: list[Any], **detail: Any) -> None:
        from joinedup.system.events import believe
        from joinedup.system.facts import Basis

        self.known += 1
        event = self.models.ChangeEvent.objects.create(key=f"{kind}-{self.known}", kind=kind)
        basis = Basis(instant(self.known), self.source)
        believe(event, "in_force", PartialDate(day(on)), before, after, basis, detail=detail)

    def merge(self, on: int, originals: list[Any]) -> Any:
        merged = self.body(f"merged-{self.known}")
        form = {"kind": "ccg", "legal_form": "statutory_corporate", "sector": "nhs"}
        self.happens("merge", on, originals, [merged], results={merged.key: form})
        return merged

    def commissioned(self, number: int) -> dict[str, list[str]]:
        """Answer by place the living bodies that commission for it on a day."""
        picture = at(number)
        found: dict[str, list[str]] = {place.key: [] for place in self.places}
        servings = picture.servings([place.id for place in self.places])
        bodies = picture.bodies_by_id([body for body, *_ in servings])
        for body, area, _, _ in servings:
            assert bodies[body].exists
            found[next(place.key for place in self.places if place.id == area)].append(bodies[body].key)
        return found

    def owners(self, number: int) -> list[tuple[str, str]]:
        picture = at(number)
        facts = self.models.FunctionOwner.objects.filter(
            valid__contains=picture.moment.valid_on, known__contains=picture.moment.known_at
        )
        return sorted(facts.values_list("area__key", "body__key"))


MOVES = st.lists(st.tuples(st.integers(1, DAYS - 1), st.integers(0, 5), st.integers(0, 2)), max_size=6)


@given(moves=MOVES)
@DRAWN
def test_each_small_area_in_one_system_on_each_day(world: World, moves: list[tuple[int, int, int]]) -> None:
    """Rules: T4, V4, V5. Boundaries change at random, also for days before those of earlier changes."""
    expected = {n: [small % 3 for small in range(6)] for n in range(DAYS)}
    with transaction.atomic():
        for on, small, to in moves:
            cell = {"council": f"C{small}", "sub_icb": "01X", "ccg_2021": ""}
            world.happens("boundary_change", on, [], [], cells=[cell], to_area=world.systems[to].key)
            for number in range(on, DAYS):
                expected[number][small] = to
        for number in range(DAYS):
            found = [at(number).small_areas(system.id) for system in world.systems]
            assert Counter(code for codes in found for code in codes) == Counter(f"S{n}" for n in range(6))
            assert [next(n for n in range(3) if f"S{small}" in found[n]) for small in range(6)] == expected[number]
            areas = at(number).areas_by_id(system.id for system in world.systems)
            assert sum(area.population or 0 for area in areas.values()) == sum(PEOPLE)
        transaction.set_rollback(True)


@given(data=st.data())
@DRAWN
def test_merge_keeps_totals(world: World, data: st.DataObject) -> None:
    """Rules: C1, C6, V4, V5, V7. Groups merge at random until one is left; each place is commissioned for once."""
    with transaction.atomic():
        living, on = list(world.groups), 0
        area_of = {group.key: {place.key} for group, place in zip(world.groups, world.places, strict=True)}
        expected = {0: dict(area_of)}
        while len(living) > 1 and on < DAYS - 2:
            on += data.draw(st.integers(1, 3))
            merging = data.draw(st.lists(st.sampled_from(living), min_size=2, unique=True))
            merged = world.merge(on, merging)
            living = [*(group for group in living if group not in merging), merged]
            area_of[merged.key] = set().union(*(area_of.pop(group.key) for group in merging))
            expected[on] = dict(area_of)
        for number in range(DAYS):
            found = world.commissioned(number)
            believed = expected[max(when for when in expected if when <= number)]
            assert all(len(bodies) == 1 for bodies in found.values()), found
            assert {key: {p for p, bodies in found.items() if key in bodies} for key in believed} == believed
            assert world.owners(number) == sorted((place, bodies[0]) for place, bodies in found.items())
        transaction.set_rollback(True)


NAMES = st.lists(
    st.tuples(st.integers(0, DAYS - 1), st.integers(0, 3), st.text("abc é", min_size=1, max_size=8)), max_size=5
)


@given(names=NAMES)
@DRAWN
def test_a_rename_moves_no_function(world: World, names: list[tuple[int, int, str]]) -> None:
    """Rules: C5."""
    with transaction.atomic():
        before = [(world.owners(n), world.commissioned(n)) for n in range(DAYS)]
        for on, group, name in names:
            world.happens("rename", on, [world.groups[group]], [world.groups[group]], name=name)
        assert [(world.owners(n), world.commissioned(n)) for n in range(DAYS)] == before
        for number in range(DAYS):
            told = [(group, name) for on, group, name in names if on <= number]
            for group in {group for group, _ in told}:
                last = [name for named, name in told if named == group][-1]
                assert at(number).body(f"group-{group}").name == last
        transaction.set_rollback(True)


@given(
    st.lists(st.integers(1, 400), min_size=2, max_size=8),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    st.integers(0, 3),
)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_a_split_keeps_totals(small_areas: list[int], counts: list[int], nudge: int) -> None:
    """Rules: T5, C1, V2, V5. Shares by small areas sum to 1 and every count divided by them is whole again."""
    weights = largest_remainder(10**8, small_areas)
    results = [f"r{n}" for n in range(len(weights))]
    shares = [Share("a", r, "lsoa", Decimal(w) / 10**8) for r, w in zip(results, weights, strict=True) if w]
    check_event("split", ["a"], results, shares)
    for count in counts:
        assert sum(largest_remainder(count, [share.weight for share in shares])) == count
    last = shares[-1]
    wrong = [*shares[:-1], Share("a", last.result, "lsoa", last.weight + Decimal("0.001") * (nudge + 1))]
    with pytest.raises(RuleError, match="sum to"):
        check_event("split", ["a"], results, wrong)


# --- whole files

PLACE = """
[[cell]]
key = "cell-{n}"
council = "E0700{n:04d}"
council_name = "Place {n}"
sub_icb = "01X"
ccg_2021 = "E38000901"
small_areas = {small_areas}
population_mid2020 = {people}
imd2019_deciles = {deciles}

[[area]]
key = "place-{n}"
kind = "place"
source = "plan"
names = [{{ name = "Place {n}", from = "{since}" }}]
within = [{{ area = "drawn", from = "{since}" }}]
cells = [{{ cells = ["cell-{n}"], from = "{since}" }}]

[[body]]
key = "group-{n}"
kind = "ccg"
legal_form = "statutory_corporate"
sector = "nhs"
source = "plan"
from = "{since}"
names = [{{ name = "Group {n}" }}]
codes = [{{ scheme = "ods", code = "0{n}A" }}]
serves = [{{ area = "place-{n}", role = "commissions_for" }}]
"""
SYSTEM = """[system]
key = "drawn"
name = "Drawn"
area = "drawn"

[[source]]
key = "plan"
title = "Plan"
published = "2012"

[[area]]
key = "drawn"
kind = "system"
source = "plan"
names = [{ name = "Drawn", from = "2012" }]
cells = [{ cells = ["cell-*"], from = "2012" }]
"""
MERGER = """
[[body]]
key = "group-merged"
kind = "ccg"
legal_form = "statutory_corporate"
source = "plan"
names = [{{ name = "Merged group" }}]

[[event]]
key = "merger"
kind = "merge"
originals = {originals}
results = ["group-merged"]
source = "plan"
beliefs = [{{ certainty = "in_force", effective = "{on}", known = "{on}" }}]
"""
SINCE = st.sampled_from(["2012", "2013-04", "2013-04-01", "2016"])


@given(data=st.data())
@DRAWN
def test_loading_again_changes_nothing(db: None, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A drawn system of one to four places; what it says is what was drawn, and the second load adds no row."""
    from joinedup.system import models, services

    grant: Grant = service_grant("test", "Load drawn systems", "the test")
    spread = data.draw(
        st.lists(st.lists(st.integers(0, 3), min_size=10, max_size=10).filter(any), min_size=1, max_size=4)
    )
    people = [data.draw(st.integers(0, 10**5)) for _ in spread]
    text = SYSTEM
    for n, (deciles, many) in enumerate(zip(spread, people, strict=True)):
        text += PLACE.format(n=n, small_areas=sum(deciles), people=many, deciles=deciles, since=data.draw(SINCE))
    merging = data.draw(st.lists(st.sampled_from(range(len(spread))), unique=True))
    if len(merging) > 1:
        originals = [f"group-{n}" for n in merging]
        text += MERGER.format(
            originals=str(originals).replace("'", '"'), on=data.draw(st.sampled_from(["2018-04-01", "2020"]))
        )
    path: Path = tmp_path_factory.mktemp("drawn") / "drawn.toml"
    path.write_text(text + "\n# End of file\n")
    with transaction.atomic():
        services.load_system(path, grant)
        before = counts(models)
        assert services.load_system(path, grant).is_unchanged
        assert counts(models) == before
        picture = as_of(date(2020, 4, 1), datetime(2030, 1, 1, tzinfo=UTC))
        system = picture.area("drawn")
        assert (system.small_areas, system.population) == (sum(map(sum, spread)), sum(people))
        places = [picture.area(f"place-{n}") for n in range(len(spread))]
        assert [(p.small_areas, p.population) for p in places] == [
            (sum(d), m) for d, m in zip(spread, people, strict=True)
        ]
        gone = set(merging) if len(merging) > 1 else set()
        living = {body.key for body in picture.bodies_of_kind("ccg")}
        assert living == {f"group-{n}" for n in range(len(spread)) if n not in gone} | (
            {"group-merged"} if gone else set()
        )
        transaction.set_rollback(True)


def counts(models: Any) -> dict[str, int]:
    from django.apps import apps

    return {model.__name__: model.objects.count() for model in apps.get_app_config("system").get_models()}
