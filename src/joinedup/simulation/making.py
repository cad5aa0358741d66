"""Makes a block: its people, where they live and lived, who looks after them, what happened, what each source holds."""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np

from joinedup.simulation.days import FIRST_DAY, LAST_DAY
from joinedup.simulation.events import happen
from joinedup.simulation.health import Health, draw_health
from joinedup.simulation.identities import show
from joinedup.simulation.naming import street
from joinedup.simulation.people import YEAR_DAYS, Draft, blocks_of as blocks_of, draw_people, email_of
from joinedup.simulation.place import postcodes_of, providers_of
from joinedup.simulation.world import Block, Person, World

# Share of households that moved in within three years, by the age of their first member (English Housing Survey 2022).
MOVED: Final = ((16, 0.55), (30, 0.42), (40, 0.22), (55, 0.11), (70, 0.07), (90, 0.07))
FROM_ELSEWHERE: Final = 0.3  # of those who moved: from outside the area
NOTICED: Final = 0.8  # of those who changed practice: the old one has taken them off its list


def make_block(world: World, number: int) -> Block:
    """Answer a block whole: the same for the same world and number, whatever was made before."""
    seed = world.seed
    draft = draw_people(world, number, _rng(seed, number, "people"))
    health = draw_health(world, draft, _rng(seed, number, "health"))
    people = _people(world, draft, health, _rng(seed, number, "lives"))
    block = Block(
        number, seed, draft.first, people, draft.households, health.conditions, health.allergies, health.medicines
    )
    happen(world, block, health)
    show(world, block)
    return block


def _rng(seed: int, number: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, number, zlib.crc32(name.encode())]))


def _practice(world: World, area: int, uniform: float) -> str:
    odds = world.practice_odds[area]
    return world.practices[min(int(np.searchsorted(odds, uniform)), len(odds) - 1)].ods


def _people(world: World, draft: Draft, health: Health, rng: np.random.Generator) -> list[Person]:
    many = len(draft)
    uniform = rng.random((12, many))
    house_draws = rng.random((8, len(draft.households))).tolist()
    moved: dict[int, tuple[int, str, str, str, str, int]] = {}
    practice_of: dict[int, str] = {}
    for at, house in enumerate(draft.households):
        draws = [one[at] for one in house_draws]
        head = house.members[0] - draft.first
        practice_of[house.index] = _practice(world, house.area, draws[0])
        share = float(np.interp(draft.age[head], [age for age, _ in MOVED], [share for _, share in MOVED]))
        if house.kind != "care_home" and draws[1] >= share:
            continue
        day = FIRST_DAY + 1 + int(draws[2] * (LAST_DAY - FIRST_DAY - 30))
        if draws[3] < FROM_ELSEWHERE and house.kind != "care_home":
            # ZX is no postcode area either.
            line, town = f"{1 + int(draws[5] * 90)} {street(int(draws[5] * 900), 3)}", "Elsewhere"
            moved[house.index] = day, line, town, f"ZX{1 + int(draws[4] * 9)} {int(draws[5] * 9)}AA", "", day + 6
            continue
        far = int((draws[4] - 0.5) * 40)
        old = min(max(house.area + far, 0), len(world.areas) - 1)
        codes = postcodes_of(old, world.areas[old])
        unit = int(draws[5] * len(codes))
        line = f"{1 + int(draws[6] * 139)} {street(old, unit)}"
        before = _practice(world, old, draws[6]) if draws[7] < 0.5 or abs(far) > 6 else practice_of[house.index]
        if before == practice_of[house.index]:
            before = ""
        moved[house.index] = (
            day, line, world.areas[old].council_name, codes[unit], before, day + 5 + int(draws[7] * 60)
        )  # fmt: skip
    houses = {house.index: house for house in draft.households}
    numbers = world.nhs_numbers[draft.first : draft.first + many].tolist()
    rows = uniform.tolist()
    people = []
    for n in range(many):
        house = houses[draft.household[n]]
        area = world.areas[house.area]
        birth, death = draft.birth[n], int(health.death[n])
        last = death or LAST_DAY
        move = moved.get(house.index)
        moved_on, old_line, old_town, old_postcode, before, registered = 0, "", "", "", "", 0
        if move and birth + 30 < move[0] < last - 20:
            moved_on, old_line, old_town, old_postcode, before, registered = move
            registered = min(registered, last - 5)
        if before and birth > registered - 60:
            before = ""
        if not registered or not (before or old_postcode.startswith("ZX")):
            before = ""
            long_ago = int((last - birth) * min(0.98, 0.15 + 0.85 * rows[0][n]))
            registered = last - long_ago if draft.age[n] >= 1 else birth + 8
            registered = min(max(registered, birth + 8), last - 2) if rows[1][n] < 0.75 else min(birth + 10, last - 2)
        council = providers_of(world.system, area.council)
        is_alone = house.kind == "alone"
        age = draft.age[n]
        cares = age >= 16 and rows[2][n] < (0.05 + 0.03 * (45 <= age < 75)) and not is_alone
        email = email_of(draft.given[n], draft.family[n], birth) if age >= 14 and rows[3][n] < 0.72 else ""
        phone = f"07700 900{int(rows[4][n] * 1000):03d}" if age >= 12 else ""
        people.append(
            Person(
                draft.first + n, f"P{draft.first + n:07d}", house.index, str(numbers[n]), draft.prefix[n],
                draft.given[n], draft.middle[n], draft.family[n], draft.former[n], draft.renamed_on[n],
                draft.nickname[n], draft.sex[n], birth, int(rows[5][n] * 1440), death, health.death_place[n],
                health.death_cause[n], draft.ethnicity[n], draft.language[n], phone, email, house.area, area.decile,
                house.line, house.town, house.postcode, old_line, old_town, old_postcode, moved_on,
                practice_of[house.index], registered, before, bool(before) and rows[6][n] < NOTICED,
                council["acute"], council["community"], council["mental_health"], council["council"],
                round(float(health.frailty[n]), 3), health.smoking[n], float(health.bmi[n]),
                round(float(health.need[n]), 3), is_alone, cares, _index(draft, draft.mother[n]),
                _index(draft, draft.father[n]), _index(draft, draft.partner[n]), tuple(sorted(draft.tags[n])),
            )
        )  # fmt: skip
    return people


def _index(draft: Draft, n: int) -> int:
    return draft.first + n if n >= 0 else -1


def age_on(one: Person, day: int) -> int:
    """Answer somebody's age in whole years on a day."""
    return int((day - one.birth) / YEAR_DAYS)
