"""What people of a block live with: conditions, frailty, allergies, medicines, how they smoke, and who dies.

All of it is drawn for the whole block at once, by age, sex, deprivation and ethnicity; `conditions.csv` has figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from joinedup.simulation.conditions import BANDS, KINDS, SHORT, in_order
from joinedup.simulation.days import FIRST_DAY, LAST_DAY
from joinedup.simulation.medicines import (
    ALLERGEN_SHARES,
    FOOD_ALLERGENS,
    MEDICINES,
    REACTIONS,
    SHORT_COURSES,
)
from joinedup.simulation.people import YEAR_DAYS, Draft
from joinedup.simulation.world import Allergy, Condition, Medicine, World

Floats = NDArray[np.float64]
SOUTH_ASIAN: Final = frozenset("FHJKL")
BLACK: Final = frozenset("DEMNP")
# Multimorbidity comes 10 to 15 years earlier in the most deprived tenth (Barnett 2012): the ratio is steepest in middle
# age and fades in the very old.
STEEPNESS: Final = ((0, 0.6), (25, 0.9), (45, 1.25), (65, 1.05), (80, 0.55), (100, 0.3))
CLUSTERING: Final = 0.42  # spread of a personal liability to illness, on the logarithm
# Smokers among adults by decile of deprivation (annual population survey 2022: 21 % and 7 %).
SMOKERS: Final = (0.21, 0.185, 0.165, 0.15, 0.135, 0.12, 0.11, 0.095, 0.085, 0.07)
YEARS: Final = (LAST_DAY - FIRST_DAY) / YEAR_DAYS
DEATH_CAUSES: Final = (
    "coronary_heart_disease", "dementia", "copd", "stroke", "lung_cancer", "heart_failure", "bowel_cancer",
    "breast_cancer", "prostate_cancer", "chest_infection", "liver_disease", "chronic_kidney_disease", "diabetes_type_2",
)  # fmt: skip


@dataclass(slots=True)
class Health:
    """What is drawn for a block, by person."""

    conditions: list[list[Condition]]
    has: dict[str, NDArray[np.bool_]]  # lasting conditions, by key
    short: dict[str, NDArray[np.int64]]  # short illnesses within the three years, how many
    frailty: Floats
    need: Floats
    smoking: list[str]
    bmi: Floats
    death: NDArray[np.int64]  # 0 while alive
    death_place: list[str]
    death_cause: list[str]
    allergies: list[list[Allergy]]
    medicines: list[list[Medicine]]


def draw_health(world: World, draft: Draft, rng: np.random.Generator) -> Health:
    """Answer the health of everybody of a block."""
    many = len(draft)
    age = np.array(draft.age, dtype=float)
    decile = np.array([world.areas[area].decile for area in draft.area], dtype=float)
    men = np.array([sex == "male" for sex in draft.sex], dtype=bool)
    south_asian = np.array([one in SOUTH_ASIAN for one in draft.ethnicity], dtype=bool)
    black = np.array([one in BLACK for one in draft.ethnicity], dtype=bool)
    band = np.searchsorted(np.array(BANDS), age, side="right") - 1
    steep = np.interp(age, [one for one, _ in STEEPNESS], [many for _, many in STEEPNESS])
    gradient = (5.5 - decile) / 9 * steep
    liability = np.exp(rng.normal(0, CLUSTERING, many) - CLUSTERING**2 / 2)
    in_home = np.zeros(many, dtype=bool)
    for house in draft.households:
        if house.kind == "care_home":
            in_home[[one - draft.first for one in house.members]] = True

    def chance(key: str) -> Floats:
        kind = KINDS[key]
        p = np.array(kind.percents)[band] / 100
        p = p * np.where(men, 2 * kind.men, 2.0) / (1 + kind.men)
        p = p * kind.deprived**gradient
        p = p * np.where(south_asian, kind.south_asian, np.where(black, kind.black, 1.0))
        return np.asarray(p)

    has: dict[str, NDArray[np.bool_]] = {}
    uniform = rng.random((len(in_order()), many))
    for row, key in enumerate(in_order()):
        p = chance(key) * liability
        for before, times in KINDS[key].follows:
            share = np.array(KINDS[before].percents)[band] / 100
            p = p * np.where(has[before], times, 1.0) / (1 + (times - 1) * share)
        if key == "dementia":
            p = np.where(in_home, np.maximum(p * 3, 0.45), p)
        has[key] = uniform[row] < np.minimum(p, 0.95)
    has["diabetes_type_2"] &= ~has["diabetes_type_1"]
    has["prediabetes"] &= ~(has["diabetes_type_1"] | has["diabetes_type_2"])
    count: Floats = np.sum([has[key] for key in has], axis=0, dtype=float)
    deficits: Floats = np.sum([has[key] for key in has if KINDS[key].is_deficit], axis=0, dtype=float)
    frailty = np.clip((deficits * 1.25 + np.maximum(0, age - 70) / 12 + rng.gamma(1.2, 0.5, many)) / 36, 0, 0.85)
    frailty = np.where(age < 40, frailty / 3, frailty)
    need = np.exp(rng.normal(-0.15, 0.55, many)) * (1 + 0.02 * (5.5 - decile)) * (1 + 0.22 * count)
    short = {key: rng.poisson(chance(key) * YEARS * np.sqrt(need)) for key in SHORT}
    smoking, bmi = _habits(age, decile, men, has, rng)
    death, place, cause = _deaths(draft, age, gradient, has, liability, in_home, rng)
    conditions = _episodes(draft, age, has, short, death, rng)
    _need_more(draft, count, need)
    allergies = _allergies(draft, age, men, death, rng)
    medicines = _medicines(draft, conditions, death, rng)
    return Health(conditions, has, short, frailty, need, smoking, bmi, death, place, cause, allergies, medicines)


def _habits(
    age: Floats, decile: Floats, men: NDArray[np.bool_], has: dict[str, NDArray[np.bool_]], rng: np.random.Generator
) -> tuple[list[str], Floats]:
    many = len(age)
    smokes = np.array(SMOKERS)[decile.astype(int) - 1] * np.interp(
        age, [15, 18, 30, 55, 70, 90], [0, 1, 1.3, 1, 0.6, 0.3]
    )
    smokes = smokes * np.where(men, 1.12, 0.88) * np.where(has["copd"], 2.4, 1) * np.where(has["schizophrenia"], 3, 1)
    stopped = np.interp(age, [17, 20, 40, 60, 75, 90], [0, 0.08, 0.2, 0.32, 0.42, 0.42]) * np.where(has["copd"], 1.8, 1)
    draw = rng.random(many)
    smoking = np.where(draw < smokes, 2, np.where(draw < smokes + stopped, 1, 0))
    mean = np.interp(age, [2, 6, 12, 18, 30, 50, 65, 80, 95], [16.5, 16, 19, 23.2, 26, 27.8, 28, 26.6, 24.5])
    bmi = mean + (5.5 - decile) * 0.13 + rng.normal(0, 1, many) * np.interp(age, [2, 12, 20, 60], [1.3, 2.6, 3.8, 4.2])
    bmi = np.where(has["obesity"], np.maximum(bmi, 30.2 + rng.gamma(1.6, 2.1, many)), np.minimum(bmi, 31.4))
    return [("never", "ex", "current")[one] for one in smoking.tolist()], np.round(np.clip(bmi, 13, 62), 1).astype(
        np.float64
    )


def _deaths(
    draft: Draft, age: Floats, gradient: Floats, has: dict[str, NDArray[np.bool_]], liability: Floats,
    in_home: NDArray[np.bool_], rng: np.random.Generator,
) -> tuple[NDArray[np.int64], list[str], list[str]]:  # fmt: skip
    many = len(age)
    yearly = np.minimum(0.45, 1.05e-5 * np.exp(0.1 * age) + 1.2e-4) * 2.1**gradient * np.where(in_home, 2.2, 1.0)
    for key, lived_with in has.items():
        yearly = yearly * np.where(lived_with, KINDS[key].deadly, 1.0) ** 0.8
    dies = rng.random(many) < 1 - (1 - np.minimum(yearly, 0.6)) ** YEARS
    day = FIRST_DAY + (rng.random(many) * (LAST_DAY - FIRST_DAY - 1)).astype(np.int64) + 1
    # Winter takes more: a fifth of those who die in summer are moved by half a year.
    summer = ((day - FIRST_DAY) % 365 > 182) & (rng.random(many) < 0.2) & (day - 182 > FIRST_DAY)
    day = np.where(summer, day - 182, day)
    day = np.maximum(day, np.array(draft.birth) + 1)
    death = np.where(dies & (day < LAST_DAY), day, 0).astype(np.int64)
    place, cause = [""] * many, [""] * many
    draw = rng.random((2, many)).tolist()
    for one in np.flatnonzero(death).tolist():
        # Places of death in England 2022: hospital 44 %, home 28 %, care home 21 %, hospice 5 %.
        if in_home[one]:
            place[one] = "care_home" if draw[0][one] < 0.68 else "hospital"
        else:
            place[one] = "hospital" if draw[0][one] < 0.52 else "home" if draw[0][one] < 0.92 else "hospice"
        causes = [key for key in DEATH_CAUSES if key in has and has[key][one]]
        cause[one] = causes[int(draw[1][one] * len(causes))] if causes else "chest_infection"
    return death, place, cause


def _episodes(
    draft: Draft, age: Floats, has: dict[str, NDArray[np.bool_]], short: dict[str, NDArray[np.int64]],
    death: NDArray[np.int64], rng: np.random.Generator,
) -> list[list[Condition]]:  # fmt: skip
    found: list[list[tuple[int, str, int]]] = [[] for _ in draft.age]
    for key, one in has.items():
        people = np.flatnonzero(one)
        if not len(people):
            continue
        percents = KINDS[key].percents
        youngest = next(since for since, percent in zip(BANDS, percents, strict=True) if percent > 0)
        # Long ago for most: what people live with was found over a life, more of it lately.
        years = np.minimum(rng.exponential(9, len(people)), np.maximum(0.1, age[people] - youngest) * 0.95)
        end = np.where(death[people] > 0, death[people], LAST_DAY)
        onset = np.maximum(end - (years * YEAR_DAYS).astype(int) - 3, np.array(draft.birth)[people] + 1)
        for person, day in zip(people.tolist(), onset.tolist(), strict=True):
            found[person].append((day, key, 0))
    for key, many in short.items():
        people = np.repeat(np.arange(len(age)), many)
        start = np.maximum(FIRST_DAY, np.array(draft.birth) + 1)[people]
        end = np.where(death[people] > 0, death[people], LAST_DAY)
        days = start + (rng.random(len(people)) * np.maximum(1, end - start)).astype(int)
        lasts = rng.integers(4, 22, len(people))
        for person, day, long in zip(people.tolist(), days.tolist(), lasts.tolist(), strict=True):
            found[person].append((day, key, min(day + long, LAST_DAY)))
    first = draft.first
    return [
        [Condition(key, day, end, f"C{first + n:07d}{at:03d}") for at, (day, key, end) in enumerate(sorted(episodes))]
        for n, episodes in enumerate(found)
    ]


def _need_more(draft: Draft, count: Floats, need: Floats) -> None:
    """Say who has many conditions, and let one person in three blocks need very much."""
    for one in np.flatnonzero(count >= 8).tolist():
        draft.tags[one].add("many_conditions")
    if draft.first // 500 % 3 == 0 and len(draft) >= 20:
        richest = int(np.argmax(count + np.minimum(need, 5) / 100))
        draft.tags[richest].update(("rich", "many_conditions"))
        need[richest] = max(6.0, float(need[richest]))


def _allergies(
    draft: Draft, age: Floats, men: NDArray[np.bool_], death: NDArray[np.int64], rng: np.random.Generator
) -> list[list[Allergy]]:
    many = len(age)
    # A tenth and more of patients have a recorded drug allergy, women and the old more often.
    rate = np.interp(age, [0, 5, 20, 50, 80], [0.02, 0.06, 0.1, 0.17, 0.26]) * np.where(men, 0.72, 1.28)
    number = np.minimum(3, rng.poisson(rate))
    keys, shares = list(ALLERGEN_SHARES), np.cumsum(list(ALLERGEN_SHARES.values()))
    reactions = list(REACTIONS)
    found: list[list[Allergy]] = [[] for _ in range(many)]
    for one in np.flatnonzero(number).tolist():
        chosen: list[str] = []
        for draw in rng.random((int(number[one]), 5)).tolist():
            key = keys[int(np.searchsorted(shares, draw[0] * shares[-1]))]
            if key in chosen:
                continue
            chosen.append(key)
            reaction = reactions[int(draw[1] ** 1.7 * len(reactions))]
            if key == "ramipril":
                reaction = "cough" if draw[1] < 0.8 else "angioedema"
            severity = (
                "severe" if reaction in ("anaphylaxis", "angioedema") else "moderate" if draw[1] > 0.4 else "mild"
            )
            last = int(death[one]) or LAST_DAY
            since = draft.birth[one] + int((last - draft.birth[one]) * (0.05 if key in FOOD_ALLERGENS else draw[2]))
            known_to = "gp" if draw[3] < 0.3 else "acute" if draw[3] < 0.42 else "both"
            found[one].append(
                Allergy(key, reaction, severity, max(since, draft.birth[one] + 30), known_to,
                        f"A{draft.first + one:07d}{len(chosen):02d}")
            )  # fmt: skip
    return found


def _medicines(
    draft: Draft, conditions: list[list[Condition]], death: NDArray[np.int64], rng: np.random.Generator
) -> list[list[Medicine]]:
    by_condition: dict[str, list[tuple[str, float]]] = {}
    for product in MEDICINES.values():
        if product.for_condition:
            by_condition.setdefault(product.for_condition, []).append((product.key, product.share))
    found: list[list[Medicine]] = []
    draws = iter(rng.random(sum(4 * len(one) for one in conditions) * 2 + 16).tolist())
    for one, episodes in enumerate(conditions):
        taken: dict[str, tuple[int, int, int, bool, str]] = {}
        last = int(death[one]) or LAST_DAY
        for episode in episodes:
            if not episode.end:
                for key, share in by_condition.get(episode.key, ()):
                    if next(draws) < share and key not in taken:
                        start = min(episode.onset + 10, last - 1)
                        stops = next(draws) < 0.07 and start < last - 400
                        end = start + 200 if stops else int(death[one])
                        seen = (end or last) - max(start, FIRST_DAY)
                        taken[key] = (start, end, max(1, seen // 28), True, episode.key)
            elif next(draws) < 0.45:
                choices = SHORT_COURSES[episode.key]
                key = choices[int(next(draws) * len(choices))]
                taken[f"{key} {episode.id}"] = (episode.onset, min(episode.onset + 7, last), 1, False, episode.key)
        found.append(
            [
                Medicine(key.partition(" ")[0], start, end, issues, repeats, reason,
                         f"M{draft.first + one:07d}{number:03d}")
                for number, (key, (start, end, issues, repeats, reason)) in enumerate(taken.items())
            ]
        )  # fmt: skip
    return found
