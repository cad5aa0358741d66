"""Rates of areas whose people are of different ages: directly and indirectly standardised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from joinedup.measures.statistics import counts
from joinedup.measures.statistics.frames import (
    Confidence,
    Flags,
    Floats,
    Groups,
    StatError,
    Whole,
    answer,
    column,
    counts_of,
    denominators,
    group,
    labels_of,
    levels,
    names_of,
    numbers,
    one_of,
    positive,
    refuse,
    refuse_repeats,
    said,
    scaled,
)
from joinedup.measures.statistics.standard_population import STANDARDS, band_of

FEWEST_EVENTS = 10
TOO_FEW = f"suppressed: fewer than {FEWEST_EVENTS} events"
COUNTED_AS_NONE = "missing numerators counted as 0"
NOT_BETWEEN_AREAS = "Compare each area with the standard, never two areas with each other."


def dsr(
    df: pd.DataFrame,
    x: str,
    n: str,
    weight: str | Mapping[str, float] = "esp2013",
    age: str = "band",
    *,
    independent: bool = True,
    event_frequency: str | None = None,
    by: Sequence[str] = (),
    confidence: Confidence = 0.95,
    multiplier: float = 100_000,
) -> pd.DataFrame:
    """Answer the rate that each group would have if its people were of the ages of the standard.

    Shape: one row for each combination of `by` and age band; `x` events, `n` people or person-years. `weight` is
    "esp2013" (bands 0-4, 5-9, … 90+), a mapping from band to weight, or a column of weights. Every group must have
    every band. With `independent=False` a person may count several times: one row for each combination of `by`, band
    and `event_frequency`, where `x` counts the people with exactly that many events (frequencies that nobody has may be
    left out, `n` is that of the band in each row).

    `numerator` is all events, `denominator` all people, `value` per `multiplier`; limits by Dobson (1991, Stat Med
    10:457) with Byar's limits of the total, wider by the frequencies when events are not independent. Null below 10
    events, which `status` says; a missing numerator counts as 0, and `status` says it.
    StatError: a band that is missing, unknown or twice there, a denominator of 0, a negative or unequal weight.
    """
    positive("multiplier", multiplier)
    if independent != (event_frequency is None):
        raise StatError("option", [], "event_frequency names the column of frequencies when independent=False.")
    groups = group(df, by)
    people, missing = _filled(counts_of(df, x))
    population = denominators(df, n)
    bands, labels = labels_of(df, age)
    if event_frequency is None:
        refuse_repeats(df, groups, bands, what="group and age band")
        frequency, is_first = None, None
        has = groups.rows()
    else:
        frequency, is_first = _frequencies(df, groups, bands, event_frequency, population)
        has = groups.rows(is_first)
    weights = _weights(df, weight, age, bands, labels)
    _refuse_lacking(groups, has, len(labels), age)

    def of_each_band(values: Floats) -> Floats:
        """Answer sums over bands, each once, however many rows of frequencies it has."""
        return groups.total(values) if is_first is None else groups.total(np.where(is_first, values, 0.0))

    whole = of_each_band(weights)
    groups.refuse(whole <= 0, "not_positive", "The weights of a group must add up to more than 0.")
    share = weights / population
    counted = people if frequency is None else people * frequency
    weighed = share if frequency is None else share * frequency
    events = groups.total(counted)
    value = groups.total(counted * share) / whole
    variance = groups.total(people * weighed**2) / whole**2
    few = events < FEWEST_EVENTS
    value[few] = np.nan
    found = []
    for level in levels(confidence):
        lower, upper = counts.byar(events, level)
        with np.errstate(divide="ignore", invalid="ignore"):
            width = np.sqrt(variance / events)
        found.append((level, (value + width * (lower - events)) * multiplier,
                      (value + width * (upper - events)) * multiplier))  # fmt: skip
    return answer(
        groups.names(),
        numerator=events,
        denominator=of_each_band(population),
        value=value * multiplier,
        limits=found,
        method="directly standardised, Dobson" + ("" if independent else ", events not independent"),
        status=said((few, TOO_FEW), (_any(groups, missing), COUNTED_AS_NONE)),
    )


def isr(
    df: pd.DataFrame,
    x: str,
    n: str,
    ref_x: str,
    ref_n: str,
    kind: str = "ratio",
    refvalue: float = 1,
    *,
    observed: pd.DataFrame | None = None,
    age: str | None = None,
    by: Sequence[str] = (),
    confidence: Confidence = 0.95,
    multiplier: float = 100_000,
) -> pd.DataFrame:
    """Answer how many events each group had for each that its people would have had at the reference's rates.

    Shape: one row for each combination of `by` and age band; `n` people, `ref_x` and `ref_n` events and people of the
    reference in that band. `x` is a column of it, or of `observed`: totals without ages, one row for each combination
    of `by`. With `age` named, a band that is missing or twice there is refused.

    `kind` "ratio" answers observed over expected × `refvalue` (1 or 100); "rate" that times the reference's crude rate
    per `multiplier`. `numerator` is the observed, `denominator` the expected events. Limits: exact below 10 events,
    else Byar. A missing numerator of a band counts as 0, which `status` says; a total that is missing answers null.
    `note` says what such ratios must not be used for. StatError: expected events of 0, a denominator of 0.
    Source: Breslow and Day 1987, section 2.3.
    """
    one_of("kind", kind, ("ratio", "rate"))
    positive("multiplier", multiplier)
    positive("refvalue", refvalue)
    groups = group(df, by)
    population, ref_population = denominators(df, n), denominators(df, ref_n)
    ref_events = numbers(df, ref_x)
    refuse(df, ref_events < 0, "negative", f"Events of the reference ('{ref_x}') are 0 or more.")
    if age is not None:
        bands, labels = labels_of(df, age)
        refuse_repeats(df, groups, bands, what="group and age band")
        _refuse_lacking(groups, groups.rows(), len(labels), age)
    if observed is None:
        found, missing = _filled(counts_of(df, x))
        events, is_filled = groups.total(found), _any(groups, missing)
    else:
        events, is_filled = _totals(groups, observed, x), np.zeros(groups.count, dtype=np.bool_)
    expected = groups.total(population * ref_events / ref_population)
    groups.refuse(expected <= 0, "not_positive", "No events are expected of a group at these rates.")
    scale = np.full(groups.count, float(refvalue))
    if kind == "rate":
        scale = groups.total(ref_events) / groups.total(ref_population) * multiplier
    return answer(
        groups.names(),
        numerator=events,
        denominator=expected,
        value=events / expected * scale,
        limits=[scaled(level, counts.limits(events, level), scale / expected) for level in levels(confidence)],
        method="indirectly standardised, " + counts.method_of(events),
        status=said((np.isnan(events), "missing numerator"), (is_filled, COUNTED_AS_NONE)),
        more={"note": NOT_BETWEEN_AREAS},
    )


def _filled(values: Floats) -> tuple[Floats, Flags]:
    missing = np.isnan(values)
    return (np.where(missing, 0.0, values), missing) if missing.any() else (values, missing)


def _any(groups: Groups, flags: Flags) -> Flags:
    found: Flags = groups.rows(flags) > 0
    return found


def _weights(df: pd.DataFrame, weight: str | Mapping[str, float], age: str, bands: Whole, labels: list[Any]) -> Floats:
    """Answer the weight of each row; those of one band are equal, or rates of two groups would not compare."""
    standard = STANDARDS.get(weight) if isinstance(weight, str) and weight not in df.columns else weight
    if standard is None:
        raise StatError(
            "no_such_column", [], f"weight is {', '.join(STANDARDS)}, a column or a mapping, not '{weight}'."
        )
    if isinstance(standard, str):
        values = numbers(df, standard)
        refuse(df, values < 0, "negative", f"A weight ('{standard}') is 0 or more.")
        of_band = np.zeros(len(labels))
        of_band[bands] = values
        refuse(df, values != of_band[bands], "unequal", f"'{standard}' must be equal in all rows of an age band.")
        return values
    known = {band_of(label): float(one) for label, one in standard.items()}
    if any(not one >= 0 for one in known.values()):
        raise StatError("negative", [], "A weight of a standard population is 0 or more.")
    read = [band_of(label) for label in labels]
    unknown = np.array([label not in known for label in read], dtype=np.bool_)
    refuse(df, unknown[bands], "unknown_band", f"Column '{age}' must hold bands of the standard: {', '.join(known)}.")
    lacking = [label for label in known if label not in read]
    if lacking and len(df):
        raise StatError("missing_band", [], f"No row has the age band {', '.join(lacking)} of the standard population.")
    weights: Floats = np.array([known[label] for label in read], dtype=np.float64)[bands]
    return weights


def _refuse_lacking(groups: Groups, has: Whole, wanted: int, age: str) -> None:
    groups.refuse(has < wanted, "missing_band",
           f"Every group must have every age band of column '{age}' ({wanted}); join bands for all groups "
           "when one has nobody.")  # fmt: skip


def _frequencies(df: pd.DataFrame, groups: Groups, bands: Whole, name: str, population: Floats) -> tuple[Floats, Flags]:
    """Answer each row's frequency, and which rows are the first of their group and band."""
    frequency = numbers(df, name)
    refuse(df, (frequency < 0) | (frequency % 1 != 0), "out_of_range", f"'{name}' is a whole number of events.")
    refuse_repeats(df, groups, bands, frequency.astype(np.intp), what="group, age band and frequency")
    stratum, _ = pd.factorize(groups.codes * (int(bands.max(initial=0)) + 1) + bands)
    first = np.zeros(int(stratum.max(initial=-1)) + 1, dtype=np.intp)
    first[stratum[::-1]] = np.arange(len(df) - 1, -1, -1)
    unequal = population != population[first[stratum]]
    refuse(df, unequal, "unequal", "The denominator must be equal in all rows of a group and age band.")
    is_first = np.zeros(len(df), dtype=np.bool_)
    is_first[first] = True
    return frequency, is_first


def _totals(groups: Groups, observed: pd.DataFrame, x: str) -> Floats:
    """Answer the observed total of each group from a table without ages; NaN where it has none."""
    values = counts_of(observed, x)
    by = list(names_of(groups.by))
    if not by:
        if len(observed) != 1:
            raise StatError("duplicate", observed.index.tolist(), "Without `by` there is one observed total.")
        return values
    for name in by:
        column(observed, name)
    refuse_repeats(observed, group(observed, by), what="observed total")
    names = groups.names().assign(_group=np.arange(groups.count))
    at = observed[by].merge(names, on=by, how="left")["_group"].to_numpy(np.float64, na_value=np.nan)
    refuse(observed, np.isnan(at), "missing_group", "An observed total is of a group that the table of people lacks.")
    totals = np.full(groups.count, np.nan)
    totals[at.astype(np.intp)] = values
    return totals
