"""Drawn results for the tests of pages: a small system whose protected figures are written as `measure --all` does.

Four measures for one system, two places, four neighbourhoods and eight practices, over 24 months. What is put in:

- practice Y00001 has counts of 7, 8, 12 and 13 in its last four months (`PLANTED`), which read `*`, 10, 10 and 15;
- neighbourhood NA1 is suppressed in the last month; NB2 has no data in the fifth month from the end;
- emergency admissions of place PA rise at the end, a concern;
- by deprivation the share of people with high blood pressure falls evenly from the most deprived fifth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.disclosure.rounding import round_count
from joinedup.measures.result_files import FIGURE_COLUMNS, write_manifest, write_protected

MONTHS = [date(2024 + n // 12, n % 12 + 1, 1) for n in range(10, 34)]
LAST = MONTHS[-1]
PLANTED = (7, 8, 12, 13)
SYSTEM = "QM7"
# code, name, kind, part of, its size as a share of 100,000 people
AREAS = [
    (SYSTEM, "Made-up system", "system", None, 1.0),
    ("PA", "Alder", "place", SYSTEM, 0.5),
    ("PB", "Birch", "place", SYSTEM, 0.5),
    *[
        (f"N{place}{n}", f"{'Alder' if place == 'A' else 'Birch'} {n}", "neighbourhood", f"P{place}", 0.25)
        for place in "AB"
        for n in (1, 2)
    ],
    *[(f"Y0000{n}", f"Practice {n}", "practice", f"N{'AABB'[(n - 1) // 2]}{(n - 1) // 2 % 2 + 1}", 0.06 + n / 100)
      for n in range(1, 9)],
]  # fmt: skip
GROUPS = {
    "deprivation_national": ["1", "2", "3", "4", "5"],
    "deprivation_local": ["1", "2", "3", "4", "5"],
    "sex": ["female", "male"],
    "age_band": ["0-17", "18-39", "40-64", "65+"],
    "ethnic_group": ["White", "Asian", "Black", "Mixed", "Other", "Unknown"],
}


def _measure(**given: Any) -> MeasureDefinition:
    usual: dict[str, Any] = {
        "meaning": "How many it is, in plain words.", "theme": "Long-term conditions", "standard": "drawn for tests",
        "purposes": (1, 2), "feeds": ("gp",), "polarity": "decrease",
    }  # fmt: skip
    return MeasureDefinition(**(usual | given))


DEFINITIONS = {
    one.id: one
    for one in [
        _measure(
            id="high-blood-pressure", title="People with high blood pressure", kind="proportion", unit="% of adults",
            multiplier=100.0, denominator=("is aged 18 or over",), numerator=("is on the register hypertension",),
        ),
        _measure(
            id="emergency-admissions", title="Emergency admissions", theme="Urgent care", kind="rate",
            unit="for 1,000 people", multiplier=1000.0, counts="emergency admissions", target=8.0,
            target_source="drawn for tests",
        ),
        _measure(
            id="blood-pressure-treated", title="Blood pressure treated to target", kind="proportion",
            unit="% of people with high blood pressure", multiplier=100.0, polarity="increase", target=77.0,
            target_source="drawn for tests", numerator=("is aged 18 or over",),
        ),
        _measure(
            id="wellbeing", title="Wellbeing score", theme="Wellness", kind="mean", unit="points, 7 to 35",
            polarity="increase", average="wellbeing",
        ),
        _measure(
            id="early-cancer", title="Cancers found early", theme="Cancer", kind="proportion", unit="%",
            is_collected=False, why_not="No feed carries the stage of a cancer.",
        ),
    ]
}  # fmt: skip


def draw(folder: Path) -> Path:
    """Write the drawn results into `results` of a data folder, and answer their folder."""
    place = folder / "results" / "2026-10-31-drawn0000000"
    place.mkdir(parents=True)
    figures = pd.DataFrame(list(_figures()), columns=list(FIGURE_COLUMNS))
    figures = figures.astype({"numerator": "Int64", "denominator": "Int64"})
    write_protected(place, figures)
    write_manifest(
        place,
        {
            "snapshot": place.name,
            "day": "2026-10-31",
            "made_at": "2026-11-01T08:00:00+00:00",
            "code_version": "0.1.0",
            "simulated": True,
            "system": SYSTEM,
            "measures": {one.id: one.digest for one in DEFINITIONS.values() if one.is_collected},
            "not_collected": {one.id: one.why_not for one in DEFINITIONS.values() if not one.is_collected},
            "months": [month.isoformat() for month in MONTHS],
            "areas": [
                {"code": code, "name": name, "kind": kind, "part_of": part_of, "began": "2010-04-01", "ended": None,
                 "became": None}
                for code, name, kind, part_of, _ in AREAS
            ],
        },
    )  # fmt: skip
    return place


def _figures() -> Iterator[dict[str, Any]]:
    for one in DEFINITIONS.values():
        if not one.is_collected:
            continue
        for code, _, kind, _, share in AREAS:
            for number, month in enumerate(MONTHS):
                yield _figure(one, month, kind, code, "all", "", *_counts(one, code, share, number))
        for code, kind, share, months in ((SYSTEM, "system", 1.0, MONTHS), ("PA", "place", 0.5, [LAST])):
            for breakdown, bands in GROUPS.items():
                for month in months:
                    for place, band in enumerate(bands):
                        size = share / len(bands)
                        number = MONTHS.index(month)
                        seen, people = _counts(one, f"{code}{band}", size, number)
                        if breakdown.startswith("deprivation") and one.kind == "proportion":
                            seen = round(people * (0.24 - 0.02 * place))
                        if breakdown == "ethnic_group" and band == "Mixed" and code == "PA":
                            seen = 3
                        yield _figure(one, month, kind, code, breakdown, band, seen, people)


def _counts(one: MeasureDefinition, code: str, share: float, number: int) -> tuple[int, int]:
    people = round(20_000 * share)
    wobble = int(hashlib.sha256(f"{one.id}{code}{number}".encode()).hexdigest(), 16) % 100 / 100 - 0.5
    usual = {"high-blood-pressure": 0.18, "emergency-admissions": 0.008, "blood-pressure-treated": 0.7}.get(one.id, 0)
    usual *= 1.25 if code == "Y00005" else 1.0
    if one.id == "emergency-admissions" and code == "PA" and number >= 22:
        usual *= 1.8
    seen = round(people * usual * (1 + wobble / 10))
    if code == "Y00001" and one.id == "high-blood-pressure" and number >= len(MONTHS) - 4:
        seen = PLANTED[number - (len(MONTHS) - 4)]
    return seen, people


def _figure(
    one: MeasureDefinition, month: date, kind: str, area: str, breakdown: str, band: str, seen: int, people: int
) -> dict[str, Any]:
    """A protected figure: counts by the rule for counts, everything else from protected counts only."""
    row: dict[str, Any] = dict.fromkeys(FIGURE_COLUMNS) | {
        "measure": one.id, "month": month, "area_kind": kind, "area": area, "breakdown": breakdown, "band": band,
        "status": "",
    }  # fmt: skip
    if area == "NB2" and month == MONTHS[-5] and breakdown == "all":
        return row | {"status": "no data for the month"}
    row["denominator"] = round_count(people)
    if one.kind == "mean":
        value = 23 + int(hashlib.sha256(f"{area}{band}{month}".encode()).hexdigest(), 16) % 100 / 60
        return row | {"value": value, "lower": value - 0.6, "upper": value + 0.6}
    if area == "NA1" and month == LAST and breakdown == "all" and one.id == "high-blood-pressure":
        seen = 5
    row["numerator"] = round_count(seen)
    if row["numerator"] is None:
        return row | {"status": "suppressed"}
    share = row["numerator"] / row["denominator"]
    half = 1.96 * (max(share * (1 - share), 0.0001) / row["denominator"]) ** 0.5
    scale = one.multiplier
    return row | {"value": share * scale, "lower": max(share - half, 0) * scale, "upper": (share + half) * scale}
