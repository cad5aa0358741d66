"""Three years of activity and waiting lists of two hospitals, drawn cell by cell and protected as the real ones are.

Outpatients and stays are a thousand a month with a season; one hospital has a specialty too small to forecast; its
March 2025 of outpatients can be made a copy of March 2024. A list of 1,040 loses as many a month as come.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import Any

import pandas as pd

from joinedup.measures.activity.counted import Activity
from joinedup.measures.activity.files import CountedActivity
from joinedup.measures.activity.protecting import protect_activity, protect_people, protect_waits
from joinedup.measures.result_files import write_manifest

FIRST = 2023 * 12 + 10  # November 2023
MONTHS = range(FIRST, FIRST + 36)
PLACES = {"pa": "Place A", "pb": "Place B"}
SNAPSHOT = "2026-10-31-drawn0000000"
MARCHES = (2024 * 12 + 2, 2025 * 12 + 2)
PAIRS = [("RWG", "110"), ("RWG", "130"), ("RWH", "110"), ("RWH", "301")]


def units_of(pod: str, nth: int, month: int, *, copied: bool = False) -> int:
    if copied and month == MARCHES[1]:
        month = MARCHES[0]
    season = 60 * math.sin(2 * math.pi * (month % 12) / 12)
    wobble = zlib.crc32(f"{pod} {nth} {month}".encode()) % 23 - 11
    return round(400 + 70 * nth + season + 3 * wobble)


def counts(*, copied: bool) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for pod in ("OPFA", "NEL", "COM"):
        for nth, (provider, service) in enumerate(PAIRS):
            for month in MONTHS:
                many = units_of(pod, nth, month, copied=copied)
                for place, share in (("pa", many // 2), ("pb", many - many // 2)):
                    rows.append({"pod": pod, "month": month, "provider": provider, "service": service, "place": place,
                                 "units": share, "cases": share,
                                 "nights": 5 * share if pod == "NEL" else 0})  # fmt: skip
    for month in MONTHS:
        few = 3 if month % 2 else 12
        rows.append({"pod": "EL", "month": month, "provider": "RWG", "service": "110", "place": "pa", "units": few,
                     "cases": few, "nights": 10})  # fmt: skip
    return pd.DataFrame(rows)


def waits(months: range) -> pd.DataFrame:
    """By weeks waited 0 to 5 40 each, 6 to 25 20 each, 26 to 51 10 each and 60 to 63 30 each: 1,020 at each service."""
    by_week = {**dict.fromkeys(range(6), 40), **dict.fromkeys(range(6, 26), 20), **dict.fromkeys(range(26, 52), 10),
               **dict.fromkeys(range(60, 64), 30)}  # fmt: skip
    rows: list[dict[str, Any]] = []
    for provider, service in PAIRS[:3]:
        for month in months:
            said = {"month": month, "provider": provider, "service": service}
            rows += [{"what": "open", "weeks": week, "pathways": many, **said} for week, many in by_week.items()]
            if month > months[0]:
                flows = (("starts", 200), ("treated", 180), ("removed", 20))
                rows += [{"what": what, "weeks": -1, "pathways": many, **said} for what, many in flows]
    return pd.DataFrame(rows)


def people() -> pd.DataFrame:
    rows = [
        {"month": month, "place": place, "sex": sex, "age_band": "0-17", "people": 50_000 + 50 * (month - FIRST)}
        for month in MONTHS
        for place in PLACES
        for sex in ("female", "male")
    ]
    return pd.DataFrame(rows)


def draw(folder: Path, *, copied: bool = False, months_of_waits: int = 36) -> None:
    """Write the protected activity of a snapshot into a data folder, as `joinedup measure` does."""
    known = frozenset(MONTHS)
    last = MONTHS[-months_of_waits:]
    raw = Activity(
        SNAPSHOT, MONTHS, "QM7", PLACES, counts(copied=copied),
        pd.DataFrame(columns=["provider", "pod", "hrg", "month", "units", "unpriced", "pence"]), waits(last), people(),
        dict.fromkeys(("OPFA", "NEL", "COM", "EL"), known),
        {what: frozenset(last) if what == "open" else frozenset(last[1:])
         for what in ("open", "starts", "treated", "removed")},
        {"DIAG": "No feed lists tests."},
    )  # fmt: skip
    root = folder / "results" / SNAPSHOT
    root.mkdir(parents=True)
    write_manifest(
        root,
        {"snapshot": SNAPSHOT, "day": "2026-10-31", "made_at": "2026-11-01T08:00:00+00:00", "measures": {},
         "months": [], "areas": []},
    )  # fmt: skip
    protected = {"activity": protect_activity(raw), "waits": protect_waits(raw), "people": protect_people(raw)}
    CountedActivity(raw, protected).write(root)
