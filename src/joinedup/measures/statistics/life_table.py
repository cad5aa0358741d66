"""How long people live where deaths are as they are now: abridged life tables.

Method: Chiang 1968 (Introduction to stochastic processes in biostatistics), 20 bands from 0, 1, 5, … to 90 and over;
variance with the last band's share by Silcocks, Jenner and Reza 2001 (J Epidemiol Community Health 55:38).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from joinedup.measures.statistics.frames import (
    Confidence,
    Flags,
    Floats,
    Groups,
    StatError,
    Whole,
    answer,
    group,
    levels,
    numbers,
    refuse_repeats,
    said,
)

AGES = (0, 1, *range(5, 95, 5))  # the first age of each of the 20 bands
WIDTHS = np.diff(np.array([*AGES, np.nan]))  # years; the last band has no end
LIVED = np.array([0.1] + [0.5] * 19)  # the share of the band that those who die in it live, on average
START = 100_000
FEWEST_PEOPLE = 5_000
WIDEST_YEARS = 20


def life_expectancy(
    df: pd.DataFrame,
    start_age: str,
    population: str,
    deaths: str,
    *,
    by: Sequence[str] = (),
    ages: str | Sequence[int] = "all",
    confidence: Confidence = 0.95,
) -> pd.DataFrame:
    """Answer the years that someone of each age may expect to live, in `value`, one row for each group and age.

    Shape: one row for each combination of `by` and band; `start_age` is the band's first age: 0, 1, 5, … 90. Several
    years of data are added up before: deaths and person-years. `ages` are the ages answered. `numerator` is the deaths
    and `denominator` the people of the band; `probability_of_dying` in it, and `survivors` to it of 100,000 born.

    Null with the reason in `status`, for the whole group: not the 20 bands, a number missing, a band without people,
    negative deaths, more deaths than people, 5,000 people or fewer, no deaths in the last band; for one age: a 95%
    interval wider than 20 years. StatError: text for a number, two rows of one band, an age asked for that no band has.
    """
    asked = list(AGES) if isinstance(ages, str) else list(ages)
    unknown = [age for age in asked if age not in AGES]
    if unknown or (isinstance(ages, str) and ages != "all"):
        raise StatError(
            "option", [], f"ages is 'all' or first ages of bands ({', '.join(map(str, AGES))}), not {ages}."
        )
    groups = group(df, by)
    starts = numbers(df, start_age)
    band = np.searchsorted(np.array(AGES, dtype=np.float64), starts).clip(max=len(AGES) - 1)
    is_band = np.array(AGES)[band] == starts
    _, distinct = np.unique(starts, return_inverse=True)
    refuse_repeats(df, groups, distinct, what="group and age")
    died, people = (_table(groups, band, is_band, numbers(df, name, missing=True)) for name in (deaths, population))
    complete = (groups.rows(is_band) == len(AGES)) & (groups.rows() == len(AGES))
    reasons = _reasons(died, people, complete)
    is_null = reasons != ""
    # Numbers that can be computed with stand in where there are none; their results are taken out again.
    standing_in = is_null[:, None]
    expected, variance, dying, living = _chiang(np.where(standing_in, 1.0, died), np.where(standing_in, 1e3, people))
    with np.errstate(invalid="ignore"):
        error = np.sqrt(variance)
        is_wide = 2 * float(ndtri(0.975)) * error > WIDEST_YEARS
    expected[is_null], dying[is_null], living[is_null] = np.nan, np.nan, np.nan
    status = said(
        *[(np.repeat(reasons == reason, len(AGES)), str(reason)) for reason in dict.fromkeys(reasons[is_null])],
        ((np.isnan(expected) & ~standing_in).ravel(), "nobody lives to this age"),
        ((is_wide & ~standing_in).ravel(), f"the 95% interval is wider than {WIDEST_YEARS} years"),
    )
    expected[is_wide] = np.nan
    at = [AGES.index(age) for age in asked]
    rows = np.repeat(np.arange(groups.count), len(at))

    def flat(table: Floats) -> Floats:
        return table[:, at].ravel()

    names = groups.names().iloc[rows].reset_index(drop=True)
    names[start_age] = np.tile(np.array(asked), groups.count)
    return answer(
        names,
        numerator=flat(died),
        denominator=flat(people),
        value=flat(expected),
        limits=[
            (level, flat(expected - level.z * error), flat(expected + level.z * error)) for level in levels(confidence)
        ],
        method="Chiang, abridged",
        status=flat(status.reshape(-1, len(AGES))),
        more={"probability_of_dying": flat(dying), "survivors": flat(living)},
    )


def _chiang(died: Floats, people: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Answer expectation, its variance, the probability of dying in each band, and survivors: one row a group."""
    mortality = died / people
    width = np.broadcast_to(WIDTHS, died.shape).copy()
    width[:, -1] = 2 / mortality[:, -1]
    dying = mortality * width / (1 + mortality * width * (1 - LIVED))
    dying[died > people / width / LIVED] = 1.0
    dying[:, -1] = 1.0
    living = np.full(died.shape, float(START))
    living[:, 1:] = START * np.cumprod(1 - dying[:, :-1], axis=1)
    after = np.concatenate([living[:, 1:], np.zeros((len(living), 1))], axis=1)
    lived = width * (after + LIVED * (living - after))
    lived[:, -1] = living[:, -1] / mortality[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = _from_here_on(lived) / living
        of_dying = np.where(died > 0, dying**2 * (1 - dying) / died, 0.0)
        # What comes after a band that nobody survives weighs nothing.
        next_expected = np.where(after > 0, np.roll(expected, -1, axis=1), 0.0)
        parts = living**2 * ((1 - LIVED) * width + next_expected) ** 2 * of_dying
        parts[:, -1] = (living[:, -1] / 2) ** 2 * 4 / (died[:, -1] * mortality[:, -1] ** 2)
        variance = _from_here_on(parts) / living**2
    expected[living <= 0] = np.nan
    return expected, variance, dying, living


def _from_here_on(values: Floats) -> Floats:
    found: Floats = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    return found


def _table(groups: Groups, band: Whole, is_band: Flags, values: Floats) -> Floats:
    """Answer one row for each group and one column for each band, NaN where there is none."""
    table = np.full((groups.count, len(AGES)), np.nan)
    table[groups.codes[is_band], band[is_band]] = values[is_band]
    return table


def _reasons(died: Floats, people: Floats, complete: Flags) -> Any:
    """Answer why a group has no life table, or "": the first reason that holds."""
    with np.errstate(invalid="ignore"):
        checks = [
            (~complete, "not the 20 age bands"),
            (np.isnan(died).any(axis=1) | np.isnan(people).any(axis=1), "a number is missing"),
            ((people <= 0).any(axis=1), "an age band has no people"),
            ((died < 0).any(axis=1), "an age band has negative deaths"),
            ((died > people).any(axis=1), "an age band has more deaths than people"),
            (people.sum(axis=1) <= FEWEST_PEOPLE, f"{FEWEST_PEOPLE:,} people or fewer"),
            (died[:, -1] == 0, "no deaths in the last age band"),
        ]
    reasons = np.full(len(died), "", dtype=object)
    for holds, reason in reversed(checks):
        reasons[holds] = reason
    return reasons
