"""What people live with: as common as published, commoner among the deprived, and together in the same people.

| condition | of 100, Hertfordshire and West Essex 2019/20 | most to least deprived |
|---|---|---|
| hypertension | 13.3 | above 1 |
| diabetes, of all | 6.2 of those over 17 | above 1.4 |
| COPD | 1.6 | above 1.8 |
| depression | 10.4 of adults | above 1.4 |
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from joinedup.simulation.conditions import BANDS, KINDS, in_order
from joinedup.simulation.health import draw_health
from joinedup.simulation.making import make_block
from joinedup.simulation.people import blocks_of, draw_people
from joinedup.simulation.place import make_world


@dataclass
class Drawn:
    age: np.ndarray
    decile: np.ndarray
    alive: np.ndarray
    has: dict[str, np.ndarray]
    frailty: np.ndarray

    def standardised(self, key: str, deprived: bool) -> float:
        """Prevalence in the three most or least deprived tenths, were their ages those of all."""
        group = self.decile <= 3 if deprived else self.decile >= 8
        rate = 0.0
        for low, high in zip(BANDS, [*BANDS[1:], 200], strict=True):
            band = (self.age >= low) & (self.age < high)
            if (group & band).any():
                rate += self.has[key][group & band].mean() * band.mean()
        return rate


@pytest.fixture(scope="module")
def derbyshire() -> Drawn:
    world = make_world("derbyshire", 15_000, 4)
    drafts = [draw_people(world, number, np.random.default_rng([4, number])) for number in range(blocks_of(world))]
    healths = [draw_health(world, draft, np.random.default_rng([5, draft.first])) for draft in drafts]
    return Drawn(
        np.concatenate([draft.age for draft in drafts]),
        np.concatenate([[world.areas[at].decile for at in draft.area] for draft in drafts]),
        np.concatenate([health.death for health in healths]) == 0,
        {key: np.concatenate([health.has[key] for health in healths]) for key in in_order()},
        np.concatenate([health.frailty for health in healths]),
    )


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("copd", 1.8, 5.0), ("diabetes_type_2", 1.3, 3.0), ("depression", 1.3, 2.6), ("obesity", 1.2, 2.6),
        ("alcohol_dependence", 1.6, 6.0), ("hypertension", 1.02, 1.6), ("prostate_cancer", 0.4, 1.25),
    ],
)  # fmt: skip
def test_illness_follows_deprivation(derbyshire: Drawn, key: str, least: float, most: float) -> None:
    assert least < derbyshire.standardised(key, True) / derbyshire.standardised(key, False) < most


def test_conditions_come_earlier_where_people_are_deprived(derbyshire: Drawn) -> None:
    many = np.sum([derbyshire.has[key] for key in in_order()], axis=0) >= 2
    deprived = np.median(derbyshire.age[many & (derbyshire.decile <= 2)])
    others = np.median(derbyshire.age[many & (derbyshire.decile >= 9)])
    assert others - deprived >= 4


def test_conditions_come_together(derbyshire: Drawn) -> None:
    old = (derbyshire.age >= 60) & (derbyshire.age < 75)
    diabetic = derbyshire.has["diabetes_type_2"] & old
    kidneys = derbyshire.has["chronic_kidney_disease"]
    assert kidneys[diabetic].mean() > 1.3 * kidneys[old & ~diabetic].mean()


def test_frailty_rises_with_age(derbyshire: Drawn) -> None:
    means = [derbyshire.frailty[(derbyshire.age >= low) & (derbyshire.age < low + 10)].mean() for low in (50, 65, 80)]
    assert means[0] < means[1] < means[2]
    oldest = derbyshire.frailty[derbyshire.age >= 65]
    # Mild or more among people of 65 and over: about 35 to 50 of 100 (Clegg 2016).
    assert 0.3 < (oldest > 0.12).mean() < 0.55


def test_as_many_die_as_do(derbyshire: Drawn) -> None:
    a_year = (1 - derbyshire.alive.mean()) / 3
    assert 0.008 < a_year < 0.0135  # England 2022: 10.1 of 1,000


def test_prevalence_is_as_published(reference: Path) -> None:
    register: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    with (reference / "hwe_derived" / "hwe_lad_prevalence_2019_20.csv").open() as lines:
        for row in csv.DictReader(lines):
            register[row["group_code"]][0] += float(row["register"])
            register[row["group_code"]][1] += float(row["list"])
    world = make_world("hwe", 10_000, 1, reference / "hwe_derived")
    drafts = [draw_people(world, number, np.random.default_rng([1, number])) for number in range(blocks_of(world))]
    healths = [draw_health(world, draft, np.random.default_rng([2, draft.first])) for draft in drafts]
    alive = np.concatenate([health.death for health in healths]) == 0
    ages = np.concatenate([draft.age for draft in drafts])
    for code, keys, over in (
        ("HYP", ("hypertension",), 0), ("AST", ("asthma",), 0), ("DEP", ("depression",), 18),
        ("DM", ("diabetes_type_1", "diabetes_type_2"), 17), ("OB", ("obesity",), 18), ("CHD",
         ("coronary_heart_disease",), 0), ("COPD", ("copd",), 0),
    ):  # fmt: skip
        has = np.concatenate([np.any([health.has[key] for key in keys], axis=0) for health in healths])
        ours = has[alive & (ages >= over)].mean()
        published = register[code][0] / register[code][1]
        assert ours == pytest.approx(published, rel=0.25), code


def test_need_costs_and_follows_deprivation() -> None:
    world = make_world("derbyshire", 3_000, 9)
    blocks = [make_block(world, number) for number in range(blocks_of(world))]
    people = [person for block in blocks for person in block.people]
    emergencies, missed, booked = np.zeros(len(people)), np.zeros(len(people)), np.zeros(len(people))
    for block in blocks:
        for attendance in block.attendances:
            emergencies[attendance.person] += 1
        for appointment in block.outpatients:
            missed[appointment.person] += appointment.outcome == "did_not_attend"
            booked[appointment.person] += appointment.outcome in ("attended", "did_not_attend")
    deprived = np.array([person.decile <= 3 for person in people])
    least = np.array([person.decile >= 8 for person in people])
    assert emergencies[deprived].mean() > 1.2 * emergencies[least].mean()
    assert missed[deprived].sum() / booked[deprived].sum() > 1.3 * missed[least].sum() / booked[least].sum()
    assert 0.12 < emergencies.mean() / 3 < 0.45  # attendances a resident and year


def test_the_table_of_conditions_is_whole() -> None:
    assert {before for kind in KINDS.values() for before, _ in kind.follows} <= set(in_order())
    assert all(kind.like and kind.concept.snomed and kind.concept.icd10 for kind in KINDS.values())
