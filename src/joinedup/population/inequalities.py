"""Core20PLUS5: the most deprived fifth, the groups that a system adds, and five clinical areas (rules: PC10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from joinedup.population.cohorts import grid_at
from joinedup.population.definitions import both
from joinedup.population.evaluation import all_of
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse


@dataclass(frozen=True)
class ClinicalArea:
    """One of the five areas of adults or children. `cohort` and `done` are empty where no feed can fill it: `why`."""

    group: str
    name: str
    aim: str
    cohort: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    why: str = ""


@lru_cache(maxsize=1)
def clinical_areas() -> tuple[ClinicalArea, ...]:
    """Answer the clinical areas, adults first. Source: NHS England, Core20PLUS5 2021 and 2022."""
    return tuple(
        ClinicalArea(
            said["group"],
            said["name"],
            said["aim"],
            tuple(said.get("cohort", ())),
            tuple(said.get("done", ())),
            said.get("why", ""),
        )
        for said in both("core20plus5.toml")["area"]
    )


def core20plus5(snapshot: Snapshot, day: date | None = None) -> list[dict[str, Any]]:
    """Answer the groups and areas on a day with raw counts, for the caller to protect.

    Rows of kind "core20", "plus" and "area": name, aim, people (registered, in the cohort), done (of an area), people
    and done in the most deprived fifth of England, and why, where something is not collected. Counts are None then.
    """
    said = both("core20plus5.toml")
    grid = grid_at(snapshot, day)

    def people(*sentences: str) -> int:
        return int(all_of(snapshot, [parse(one) for one in sentences], grid).count().execute())

    core20 = str(said["core20"])
    rows: list[dict[str, Any]] = [
        {
            "kind": "core20",
            "name": "Core20",
            "aim": core20,
            "people": people("is registered"),
            "core20": people("is registered", core20),
        }
    ]
    for name in said["plus"]:
        cohort = f"is in the cohort {name}"
        rows.append(
            {
                "kind": "plus",
                "name": name,
                "aim": cohort,
                "people": people("is registered", cohort),
                "core20": people("is registered", cohort, core20),
            }
        )
    for area in clinical_areas():
        row: dict[str, Any] = {
            "kind": "area",
            "group": area.group,
            "name": area.name,
            "aim": area.aim,
            "people": None,
            "core20": None,
            "done": None,
            "done_core20": None,
            "why": area.why,
        }
        if area.cohort:
            within = ("is registered", *area.cohort)
            row |= {
                "people": people(*within),
                "core20": people(*within, core20),
                "done": people(*within, *area.done),
                "done_core20": people(*within, *area.done, core20),
            }
        rows.append(row)
    return rows
