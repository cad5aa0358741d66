"""Who lives there: as many of each age in each kind of area as the published files count, in families that can be.

| what | as published | tolerance |
|---|---|---|
| people by ten years of age | hwe_lsoa11_pop_single_year_mid2020.csv | 1.5 of 100 |
| people by deprivation decile | hwe_lsoa11_master.csv | 0.5 of 100 |
| women | 51 of 100 | 1.5 of 100 |
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from joinedup.simulation.days import EPOCH, FIRST_DAY, LAST_DAY, day_of
from joinedup.simulation.making import make_block
from joinedup.simulation.people import YEAR_DAYS, Draft, blocks_of, draw_people
from joinedup.simulation.place import make_world
from joinedup.simulation.world import Block, World

RESIDENTS = 8_000
DECADES = [0, 10, 20, 30, 40, 50, 60, 70, 80, 200]


def drafts_of(world: World) -> list[Draft]:
    return [draw_people(world, number, np.random.default_rng([1, number])) for number in range(blocks_of(world))]


@pytest.fixture(scope="module")
def hertfordshire(reference: Path) -> tuple[World, list[Draft]]:
    world = make_world("hwe", RESIDENTS, 1, reference / "hwe_derived")
    return world, drafts_of(world)


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    world = make_world("nel", 1_500, 2)
    return [make_block(world, number) for number in range(blocks_of(world))]


def test_ages_are_as_published(hertfordshire: tuple[World, list[Draft]], reference: Path) -> None:
    published = np.zeros(91)
    with (reference / "hwe_derived" / "hwe_lsoa11_pop_single_year_mid2020.csv").open() as lines:
        for row in csv.DictReader(lines):
            published += [int(row[str(age)]) for age in range(90)] + [int(row["90+"])]
    ages = np.concatenate([draft.age for draft in hertfordshire[1]])
    ours = np.histogram(ages, DECADES)[0] / len(ages)
    theirs = np.histogram(np.arange(91), DECADES, weights=published)[0] / published.sum()
    assert np.abs(ours - theirs).max() < 0.015, (ours, theirs)


def test_deprivation_is_as_published(hertfordshire: tuple[World, list[Draft]]) -> None:
    world, drafts = hertfordshire
    # What was drawn, before families moved together: exactly by population.
    people = Counter(
        world.areas[at].decile for at, many in enumerate(world.residents_by_area) for _ in range(many)
    )  # fmt: skip
    everyone = sum(area.population for area in world.areas)
    for decile in range(1, 11):
        published = sum(area.population for area in world.areas if area.decile == decile) / everyone
        assert people[decile] / RESIDENTS == pytest.approx(published, abs=0.005)
    lived_in = Counter(world.areas[at].decile for draft in drafts for at in draft.area)
    assert lived_in[10] / RESIDENTS == pytest.approx(people[10] / RESIDENTS, abs=0.02)


def test_women_are_half_and_the_oldest_mostly_women(hertfordshire: tuple[World, list[Draft]]) -> None:
    sexes = [(sex, age) for draft in hertfordshire[1] for sex, age in zip(draft.sex, draft.age, strict=True)]
    assert np.mean([sex == "female" for sex, _ in sexes]) == pytest.approx(0.51, abs=0.015)
    assert np.mean([sex == "female" for sex, age in sexes if age >= 85]) > 0.55


def test_without_published_files_the_deprivation_of_the_systems_file_holds() -> None:
    world = make_world("derbyshire", 100, 1)
    derby = [area for area in world.areas if area.council == "E06000015"]
    assert Counter(area.decile for area in derby) == dict(
        zip(range(1, 11), [24, 27, 16, 12, 12, 13, 3, 9, 14, 21], strict=True)
    )
    assert sum(area.population for area in derby) == 256_814


def test_every_nhs_number_is_valid_of_the_test_range_and_given_once(blocks: list[Block]) -> None:
    numbers = [person.nhs_number for block in blocks for person in block.people]
    assert len(set(numbers)) == len(numbers) == 1_500
    for number in numbers:
        assert number.startswith("999")
        assert len(number) == 10
        total = sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False))
        assert (11 - total % 11) % 11 == int(number[9])


def test_families_are_possible(blocks: list[Block]) -> None:
    seen: Counter[str] = Counter()
    for block in blocks:
        by_index = {person.index: person for person in block.people}
        for person in block.people:
            assert person.birth < LAST_DAY
            if person.mother >= 0:
                years = (person.birth - by_index[person.mother].birth) / YEAR_DAYS
                assert 15 <= years <= 50
                assert by_index[person.mother].sex == "female"
                seen["child"] += 1
            if person.partner >= 0:
                assert by_index[person.partner].partner == person.index
                seen["partner"] += 1
            seen.update(person.tags)
            if "twin" in person.tags:
                twins = [one for one in block.people if one.mother == person.mother and one.birth == person.birth]
                assert len(twins) == 2
                assert twins[0].given != twins[1].given
    assert seen["child"] > 250
    assert seen["partner"] > 300
    assert seen["twin"] > 0
    assert seen["same_name"] > 0


def test_everybody_lives_in_a_household_of_one_address(blocks: list[Block]) -> None:
    for block in blocks:
        counted = Counter(one for house in block.households for one in house.members)
        assert set(counted.values()) == {1}
        assert set(counted) == {person.index for person in block.people}
        for house in block.households:
            assert {block.person(one).postcode for one in house.members} == {house.postcode}


def test_no_address_is_anybodys(blocks: list[Block]) -> None:
    postcodes = {person.postcode for block in blocks for person in block.people}
    assert all(code.startswith("ZN") for code in postcodes)
    phones = {person.phone for block in blocks for person in block.people} - {""}
    assert all(phone.startswith("07700 900") for phone in phones)  # kept free for drama by the regulator


def test_nothing_happens_before_birth_or_after_death(blocks: list[Block]) -> None:
    dead = 0
    for block in blocks:
        for events in (block.consultations, block.measurements, block.jabs, block.attendances, block.admissions,
                       block.reports, block.referrals):  # fmt: skip
            for event in events:
                person = block.person(event.person)
                assert person.birth <= event.day <= LAST_DAY
                assert not person.death or event.day <= person.death
        dead += sum(bool(person.death) for person in block.people)
    assert 10 <= dead <= 60  # about 9 of 1,000 a year


def test_events_hang_together(blocks: list[Block]) -> None:
    joined = 0
    for block in blocks:
        attendances = {one.id: one for one in block.attendances}
        waits = {one.id: one for one in block.waiting}
        last: dict[int, int] = {}
        for admission in block.admissions:
            if admission.attendance:
                came = attendances[admission.attendance]
                assert (came.person, came.admission) == (admission.person, admission.id)
                assert (came.day, came.minute) < (admission.day, admission.minute + 1)
                joined += 1
            if admission.waiting:
                assert waits[admission.waiting].admission == admission.id
                assert waits[admission.waiting].end == admission.day
                joined += 1
            start = admission.day * 1440 + admission.minute
            if admission.end_day:
                assert start < admission.end_day * 1440 + admission.end_minute
            assert admission.stays[0].day == admission.day
            last[admission.person] = start
    assert joined > 200


def test_the_calendar_is_fixed() -> None:
    assert (
        day_of(EPOCH.replace(year=2026, month=11)) - day_of(EPOCH.replace(year=2023, month=11)) == LAST_DAY - FIRST_DAY
    )
