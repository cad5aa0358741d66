"""A small made-up snapshot whose measures are counted once for every chapter that looks at them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.made_population import make

from joinedup.measures.computing import Computed, compute
from joinedup.measures.definition import definition_of
from joinedup.measures.disclosure.protecting import protect_computed
from joinedup.population import open_snapshot

SAMPLE = (
    "flu-vaccination-65",
    "blood-pressure-checked",
    "hypertension-prevalence",
    "hypertension-controlled",
    "without-long-term-condition",
    "emergency-attendances",
    "four-hours",
    "emergency-admissions",
    "readmissions-30-days",
    "seen-after-emergency-stay",
    "emergency-length-of-stay",
    "waits-over-18-weeks",
    "deaths-all-causes",
    "core20",
    "social-care-assessments",
    "mental-health-contacts",
)
"""One measure of each kind of counting."""


@cache
def folder(residents: int = 1500) -> Path:
    return make(Path(tempfile.mkdtemp(prefix="joinedup-made-")), residents=residents, seed=7, merger=True)


@cache
def snapshot() -> Any:
    return open_snapshot(folder())


@cache
def computed() -> Computed:
    return compute(snapshot(), [definition_of(one) for one in SAMPLE])


PROTECTED = (
    "emergency-admissions",
    "emergency-length-of-stay",
    "waits-over-18-weeks",
    "core20",
    "social-care-assessments",
)


@cache
def figures() -> Any:
    """The protected figures of some of them: protecting takes longer than counting."""
    whole = computed()
    few = replace(
        whole,
        counts=whole.counts[whole.counts["measure"].isin(PROTECTED)],
        strata=whole.strata[whole.strata["measure"].isin(PROTECTED)],
        measures=tuple(one for one in whole.measures if one.id in PROTECTED),
    )
    return protect_computed(few).frame


KEYS = ["measure", "area", "month", "breakdown", "band"]


@cache
def _raw() -> dict[tuple[Any, ...], dict[str, Any]]:
    counts = computed().counts
    keys = list(counts[KEYS].itertuples(index=False, name=None))
    assert len(keys) == len(set(keys))
    return dict(zip(keys, counts.to_dict("records"), strict=True))


def raw(measure: str, area: str, month: int, breakdown: str = "all", band: str = "") -> dict[str, Any]:
    """The one raw row of a measure, area, month and group."""
    return _raw()[measure, area, month, breakdown, band]
