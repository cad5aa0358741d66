"""Who lives in a block: ages and sexes as the small areas have them, households, families, names and addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from joinedup.simulation.days import FIRST_DAY, ISO, LAST_DAY, YEAR
from joinedup.simulation.naming import (
    HOUSES,
    LANGUAGES,
    NICKNAMES,
    community_of,
    family_name,
    given_name,
    street,
)
from joinedup.simulation.place import postcodes_of
from joinedup.simulation.world import Household, World

BLOCK: Final = 500
"""Residents of a block."""
YEAR_DAYS: Final = 365.25
# Women's children by the mother's age at birth: mean and spread of England and Wales 2021 (ONS, births by parents).
MOTHERS_AGE, MOTHERS_SPREAD = 30.4, 5.8
TWIN_SIBLINGS: Final = 0.065  # of siblings near in age, so that about 1.5 % of births are twins (ONS)
WITHOUT_FATHER: Final = 0.22  # children with one parent at home (ONS, families and households 2022)
TWO_HOMES: Final = 0.4  # of those, who live with the other parent as well
SAME_NAME: Final = 0.025  # sons called as their fathers
# Share of people who live in a care home from 65, 75 and 85 (census 2021, rounded).
IN_CARE_HOME: Final = ((65, 0.006), (75, 0.028), (85, 0.11))


@dataclass(slots=True)
class Draft:
    """The people of a block while they are being made: columns by person."""

    first: int
    area: list[int]
    age: list[int]
    birth: list[int]
    sex: list[str]
    mother: list[int]
    father: list[int]
    partner: list[int]
    household: list[int] = field(default_factory=list)
    ethnicity: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    middle: list[str] = field(default_factory=list)
    family: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    renamed_on: list[int] = field(default_factory=list)
    nickname: list[str] = field(default_factory=list)
    prefix: list[str] = field(default_factory=list)
    language: list[str] = field(default_factory=list)
    tags: list[set[str]] = field(default_factory=list)
    households: list[Household] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.age)


def blocks_of(world: World) -> int:
    """Answer how many blocks a simulation has."""
    return -(-world.residents // BLOCK)


def draw_people(world: World, number: int, rng: np.random.Generator) -> Draft:
    """Answer the people of a block without their health and moves."""
    first = number * BLOCK
    ends = np.cumsum(world.residents_by_area)
    last = min(world.residents, first + BLOCK)
    area = np.searchsorted(ends, np.arange(first, last), side="right")
    age, sex, birth = _ages(world, area, rng)
    draft = Draft(
        first, area.tolist(), age.tolist(), birth.tolist(), ["female" if one else "male" for one in sex.tolist()],
        [-1] * len(age), [-1] * len(age), [-1] * len(age), tags=[set() for _ in age],
    )  # fmt: skip
    _marry(draft, rng)
    _give_mothers(draft, rng)
    _settle(draft, world, rng)
    _name(draft, world, rng)
    return draft


def _ages(world: World, area: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weights = world.age_weights[area]
    # Some of those simulated die within the three years: the old are drawn more often, so that the living are right.
    years = np.arange(91)
    weights = weights * (1 + 2.6 * np.minimum(0.3, 1.8e-5 * np.exp(0.1 * years)))
    cumulated = np.cumsum(weights, axis=1)
    # One draw for the people of an area together, spread evenly over it: its ages come out as published.
    spread = np.empty(len(area))
    starts = np.flatnonzero(np.append(True, area[1:] != area[:-1]))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(area)], strict=True):
        many = end - start
        spread[start:end] = rng.permutation((np.arange(many) + rng.random()) / many)
    age = (cumulated < (spread * cumulated[:, -1])[:, None]).sum(axis=1)
    oldest = age == 90
    age[oldest] += np.minimum(18, rng.exponential(2.4, int(oldest.sum()))).astype(int)
    # Women outlive men: 51 % of all, 62 % from 85 (mid-2020, England).
    women = np.interp(age, [0, 20, 50, 70, 80, 90, 100], [0.487, 0.49, 0.507, 0.519, 0.55, 0.64, 0.8])
    sex = rng.random(len(age)) < women
    birth = LAST_DAY - ((age + rng.random(len(age))) * YEAR_DAYS).astype(int) - 1
    return age, sex, birth


def _marry(draft: Draft, rng: np.random.Generator) -> None:
    age = np.array(draft.age)
    women = np.array([sex == "female" for sex in draft.sex], dtype=bool)
    # Share of women who live with a partner, by age (ONS, population estimates by living arrangements 2022).
    living = np.interp(age, [17, 20, 25, 30, 40, 60, 70, 80, 90], [0, 0.1, 0.42, 0.64, 0.7, 0.7, 0.64, 0.42, 0.14])
    wives = np.flatnonzero(women & (rng.random(len(age)) < living))
    wanted = np.interp(age, [18, 22, 27, 32, 42, 62, 72, 82, 92], [0.01, 0.1, 0.42, 0.64, 0.7, 0.74, 0.74, 0.66, 0.45])
    men = np.flatnonzero(~women & (age >= 18))
    order = men[np.argsort(-(wanted[men] - rng.random(len(men))), kind="stable")]
    husbands = order[: len(wives)]
    # By age, the man two years older on average, and not always.
    wives = wives[np.argsort(age[wives] + rng.normal(0, 2.5, len(wives)), kind="stable")][: len(husbands)]
    husbands = husbands[np.argsort(age[husbands] + rng.normal(0, 2.5, len(husbands)), kind="stable")]
    for wife, husband in zip(wives.tolist(), husbands.tolist(), strict=True):
        if abs(draft.age[wife] - draft.age[husband]) <= 20:
            draft.partner[wife], draft.partner[husband] = husband, wife
    # Couples of the same sex: about 1.5 % of couples.
    single = [n for n in men.tolist() if draft.partner[n] < 0 and 22 <= draft.age[n] <= 70]
    for one, other in zip(single[0::40], single[1::40], strict=False):
        draft.partner[one], draft.partner[other] = other, one


def _give_mothers(draft: Draft, rng: np.random.Generator) -> None:
    age = np.array(draft.age)
    children = np.flatnonzero(age < 18)
    women = np.flatnonzero(np.array([sex == "female" for sex in draft.sex]) & (age >= 18) & (age <= 60))
    if not len(children) or not len(women):
        return
    at_birth = age[women][:, None] - np.arange(18)[None, :]
    likely = np.exp(-(((at_birth - MOTHERS_AGE) / MOTHERS_SPREAD) ** 2) / 2)
    likely[(at_birth < 16) | (at_birth > 46)] = 0
    with_partner = np.array([2.2 if draft.partner[n] >= 0 else 1.0 for n in women.tolist()])
    # Some women have no children and some several: a spread of wish on top.
    wish = rng.gamma(1.3, 1.0, len(women)) * with_partner
    weight = likely * wish[:, None]
    draws = rng.random(len(children))
    for child, draw in zip(children.tolist(), draws.tolist(), strict=True):
        column = np.cumsum(weight[:, draft.age[child]])
        if column[-1] <= 0:
            continue
        which = int(np.searchsorted(column, draw * column[-1]))
        draft.mother[child] = int(women[which])
        weight[which] *= 1.25  # A brother or sister is likelier than the first child, until there are three.
        if draft.mother.count(int(women[which])) >= 3:
            weight[which] *= 0.08
    _space_siblings(draft, rng)
    for child in children.tolist():
        mother = draft.mother[child]
        if mother >= 0:
            draft.father[child] = draft.partner[mother]


def _space_siblings(draft: Draft, rng: np.random.Generator) -> None:
    by_mother: dict[int, list[int]] = {}
    for child, mother in enumerate(draft.mother):
        if mother >= 0:
            by_mother.setdefault(mother, []).append(child)
    for mother, siblings in sorted(by_mother.items()):
        siblings.sort(key=lambda child: draft.birth[child])
        for elder, younger in pairwise(siblings):
            gap = draft.birth[younger] - draft.birth[elder]
            if gap < 900 and rng.random() < TWIN_SIBLINGS and "twin" not in draft.tags[elder]:
                draft.birth[younger] = draft.birth[elder]
                draft.tags[elder].add("twin")
                draft.tags[younger].add("twin")
            elif gap < 330:
                later = draft.birth[elder] + 330 + int(rng.integers(0, 500))
                earlier = draft.birth[elder] - 330 - int(rng.integers(0, 500))
                draft.birth[younger] = later if later < LAST_DAY else earlier
        for child in siblings:
            # A child is never born before its mother was 15.
            draft.birth[child] = max(draft.birth[child], draft.birth[mother] + int(15.2 * YEAR_DAYS))
            draft.age[child] = int((LAST_DAY - draft.birth[child]) / YEAR_DAYS)


def _settle(draft: Draft, world: World, rng: np.random.Generator) -> None:
    """Put people into households and households at addresses."""
    many = len(draft)
    home = [-1] * many
    kinds: list[str] = []
    members: list[list[int]] = []

    def house(kind: str, *people: int) -> int:
        kinds.append(kind)
        members.append(list(people))
        for one in people:
            home[one] = len(kinds) - 1
        return len(kinds) - 1

    uniform = rng.random(many).tolist()
    frail = [
        n for n, age in enumerate(draft.age)
        if age >= 65 and uniform[n] < max(share for since, share in IN_CARE_HOME if age >= since)
    ]  # fmt: skip
    for start in range(0, len(frail), 25):
        house("care_home", *frail[start : start + 25])
    # A partner stays at home: they remain partners at two addresses.
    for one in range(many):
        other = draft.partner[one]
        if home[one] < 0 and other > one and home[other] < 0:
            house("couple", one, other)
    for child in range(many):
        mother = draft.mother[child]
        if mother >= 0:
            if home[mother] < 0:
                house("family", mother)
            at = home[mother]
            kinds[at] = "family"
            home[child] = at
            members[at].append(child)
    _two_homes(draft, home, rng)
    parents = [n for n in range(many) if 40 <= draft.age[n] <= 64 and home[n] >= 0 and kinds[home[n]] != "care_home"]
    shared: list[int] = []
    for one in range(many):
        if home[one] >= 0:
            continue
        age, draw = draft.age[one], uniform[one]
        if age < 30 and parents and (age < 18 or draw < (0.62 if age < 24 else 0.34)):
            parent = parents[int(draw * 7919) % len(parents)]
            home[one] = home[parent]
            members[home[one]].append(one)
            if kinds[home[one]] == "couple":
                kinds[home[one]] = "family"
            if age >= 18 and 17 <= draft.age[parent] - age <= 45:
                side = draft.mother if draft.sex[parent] == "female" else draft.father
                side[one] = parent
        elif age < 38 and draw < 0.75:
            shared.append(one)
            if len(shared) == 3:
                house("shared", *shared)
                shared = []
        else:
            house("alone", one)
    for one in shared:
        house("alone", one)
    _address(draft, world, kinds, members, rng)


def _two_homes(draft: Draft, home: list[int], rng: np.random.Generator) -> None:
    """Some mothers live apart from the father, and some children with both of them by turns."""
    fathers = [
        n for n in range(len(draft))
        if draft.sex[n] == "male" and draft.partner[n] < 0 and home[n] < 0 and 24 <= draft.age[n] <= 58
    ]  # fmt: skip
    for child in range(len(draft)):
        mother = draft.mother[child]
        if mother < 0 or draft.partner[mother] >= 0 or not fathers or rng.random() > 0.6:
            continue
        siblings = [n for n in range(len(draft)) if draft.mother[n] == mother]
        known = next((draft.father[n] for n in siblings if draft.father[n] >= 0), -1)
        if known < 0:
            near = [n for n in fathers if -6 <= draft.age[n] - draft.age[mother] <= 14]
            if not near:
                continue
            known = near[int(rng.integers(len(near)))]
            fathers.remove(known)
        draft.father[child] = known
        if rng.random() < TWO_HOMES:
            draft.tags[child].add("two_homes")


def _address(draft: Draft, world: World, kinds: list[str], members: list[list[int]], rng: np.random.Generator) -> None:
    draft.household = [-1] * len(draft)
    for at, (kind, people) in enumerate(zip(kinds, members, strict=True)):
        area_at = draft.area[people[0]]
        line, town, postcode = _one_address(world, area_at, rng, is_care_home=kind == "care_home")
        for one in people:
            draft.household[one] = draft.first + at
            draft.area[one] = area_at
        # A household's index is that of the block's first person plus its place: no two blocks share one, since a
        # block has at most as many households as people.
        draft.households.append(
            Household(draft.first + at, kind, area_at, line, town, postcode, tuple(draft.first + one for one in people))
        )


def _one_address(
    world: World, area_at: int, rng: np.random.Generator, *, is_care_home: bool = False
) -> tuple[str, str, str]:
    area = world.areas[area_at]
    codes = postcodes_of(area_at, area)
    unit, house, flat = int(rng.integers(len(codes))), int(rng.integers(1, 140)), rng.random()
    road = street(area_at, unit)
    if is_care_home:
        line = f"{HOUSES[unit % len(HOUSES)]} Care Home, {1 + unit} {road}"
    elif flat < (0.3 if area.decile <= 4 else 0.12):
        line = f"Flat {1 + int(flat * 200)}, {house} {road}"
    else:
        line = f"{house} {road}"
    return line, area.council_name, codes[unit]


def _name(draft: Draft, world: World, rng: np.random.Generator) -> None:
    many = len(draft)
    uniform = rng.random((9, many)).tolist()
    draft.ethnicity = [""] * many
    community = [""] * many
    draft.family = [""] * many
    draft.former = [""] * many
    draft.renamed_on = [0] * many
    for house in draft.households:
        people = [one - draft.first for one in house.members]
        first = people[0]
        shared = _ethnicity(world, draft, first, uniform[0][first])
        for one in people:
            is_kin = one == first or draft.partner[one] >= 0 or draft.mother[one] >= 0 or draft.father[one] >= 0
            is_other = draft.partner[one] == first and uniform[1][one] < 0.09
            own = shared if is_kin and not is_other else _ethnicity(world, draft, one, uniform[0][one])
            draft.ethnicity[one] = own
            community[one] = community_of(own, uniform[2][first] if own == shared else uniform[2][one])
    for one in range(many):
        draft.family[one] = family_name(community[one], uniform[3][one])
    _hand_on_names(draft, community, uniform)
    for one in range(many):
        year = YEAR[draft.birth[one]]
        draft.given.append(given_name(community[one], draft.sex[one], year, uniform[4][one]))
        has_middle = uniform[5][one] < (0.7 if community[one] == "british" else 0.3)
        middle = given_name(community[one], draft.sex[one], year, (uniform[5][one] * 17) % 1) if has_middle else ""
        if community[one] == "south_asian_indian" and draft.family[one] in ("Gill", "Sandhu", "Dhillon", "Sidhu"):
            middle = "Kaur" if draft.sex[one] == "female" else "Singh"
        draft.middle.append(middle if middle != draft.given[one] else "")
    _name_as_parents(draft, uniform[6])
    for one in range(many):
        draft.nickname.append(NICKNAMES.get(draft.given[one], draft.given[one]))
        draft.prefix.append(_prefix(draft, one, uniform[7][one]))
        language, share = LANGUAGES.get(draft.ethnicity[one], ("en", 0.0))
        draft.language.append(language if uniform[8][one] < share else "en")


def _ethnicity(world: World, draft: Draft, one: int, uniform: float) -> str:
    area = world.areas[draft.area[one]]
    # People of other than white groups are younger and live more often in deprived areas (census 2021, RM032).
    tilt = float(np.interp(draft.age[one], [0, 20, 45, 70, 90], [1.45, 1.35, 1.1, 0.45, 0.3]))
    tilt *= 1 + (5.5 - area.decile) * 0.055
    shares = world.ethnicities[area.council]
    weights = [share if category in "ABC" else share * tilt for category, share in shares]
    left = uniform * sum(weights)
    for (category, _), weight in zip(shares, weights, strict=True):
        left -= weight
        if left < 0:
            return category
    return shares[0][0]


def _hand_on_names(draft: Draft, community: list[str], uniform: list[list[float]]) -> None:
    """Partners may take a name, children bear that of father or mother, or both with a hyphen."""
    for one in range(len(draft)):
        other = draft.partner[one]
        if draft.sex[one] != "female" or other < 0 or draft.sex[other] != "male":
            continue
        takes = 0.83 if draft.age[one] > 55 else 0.55
        if community[one] in ("south_asian_muslim", "east_european", "chinese", "african"):
            takes = 0.3
        draw = uniform[6][one]
        own = draft.family[one]
        if draw < takes:
            draft.family[one], draft.former[one] = draft.family[other], own
        elif draw < takes + 0.06 and "-" not in own + draft.family[other]:
            draft.family[one], draft.former[one] = f"{own}-{draft.family[other]}", own
        if draft.former[one]:
            married_at = draft.birth[one] + int((22 + 14 * uniform[7][one]) * YEAR_DAYS)
            last = LAST_DAY - 40
            draft.renamed_on[one] = married_at if married_at < last else FIRST_DAY + int(uniform[8][one] * 1000)
    for one in range(len(draft)):
        mother, father = draft.mother[one], draft.father[one]
        if draft.age[one] >= 18 and draft.former[one]:
            continue
        parent = father if father >= 0 else mother
        if parent < 0:
            continue
        if father >= 0 and mother >= 0 and draft.family[father] != draft.family[mother]:
            mixed = f"{draft.family[mother]}-{draft.family[father]}"
            both = mixed if mixed.count("-") == 1 else draft.family[father]
            draw = uniform[7][one]
            draft.family[one] = both if draw < 0.16 else draft.family[mother if draw < 0.4 else father]
        else:
            draft.family[one] = draft.family[parent]


def _name_as_parents(draft: Draft, uniform: list[float]) -> None:
    for one in range(len(draft)):
        parent = draft.father[one] if draft.sex[one] == "male" else draft.mother[one]
        share = SAME_NAME if draft.sex[one] == "male" else SAME_NAME / 5
        if parent >= 0 and (uniform[one] * 31) % 1 < share and draft.family[one] == draft.family[parent]:
            draft.given[one] = draft.given[parent]
            draft.tags[one].add("same_name")
            draft.tags[parent].add("same_name")
    by_birth: dict[tuple[int, int], str] = {}
    for one in range(len(draft)):  # Twins are two people with two names.
        if "twin" in draft.tags[one]:
            key = draft.mother[one], draft.birth[one]
            if by_birth.get(key) == draft.given[one]:
                draft.given[one], draft.middle[one] = draft.middle[one] or "Alex", draft.given[one]
            by_birth.setdefault(key, draft.given[one])


def _prefix(draft: Draft, one: int, uniform: float) -> str:
    if uniform < 0.012 and draft.age[one] > 28:
        return "Dr"
    if draft.sex[one] == "male":
        return "Master" if draft.age[one] < 12 else "Mr"
    if draft.age[one] < 18:
        return "Miss"
    if draft.former[one] or (draft.partner[one] >= 0 and uniform < 0.5):
        return "Mrs"
    return "Ms" if uniform < 0.6 else "Miss"


def email_of(given: str, family: str, birth: int) -> str:
    """Answer an address at a domain that can never be anybody's."""
    plain = "".join(letter for letter in f"{given}.{family}".lower() if letter.isalnum() or letter == ".")
    return f"{plain}{ISO[birth][2:4]}@example.com"
