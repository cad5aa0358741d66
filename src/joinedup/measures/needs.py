"""The needs of a system and its places: Core20PLUS5, segments by stage of life, several conditions at once.

All counts of all places are protected together, once for a snapshot: whoever reads every page and takes places from the
system, parts from wholes, finds none of 1 to 7 people (rules: PC7, PC8, PC10, PE3, PE5). Practices and neighbourhoods
are not among the areas: their groups are too small.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from joinedup import database
from joinedup.errors import NotFound, did_you_mean
from joinedup.measures.cohorts.held_people import UNKNOWN, Flags, HeldPeople
from joinedup.measures.disclosure.rounding import SMALL, nearest_five
from joinedup.measures.disclosure.suppression import Tables, suppress
from joinedup.population.kept_files import definitions_digest, read_kept, write_whole

if TYPE_CHECKING:
    from joinedup.measures.disclosure.bounds import Sum
    from joinedup.population import Snapshot

REGISTERED: Final = "registered"
CONDITIONS: Final = (("0", 0, 0), ("1", 1, 1), ("2 or 3", 2, 3), ("4 or more", 4, 99))
"""On how many registers somebody is: 2 or more is multimorbid, 4 or more complex (rules: PC7)."""
CORE20: Final = "core20"
NOT_CORE20: Final = "not core20"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Need:
    """One count of one area: of which part of the page, of what, how many; None is hidden."""

    area: str
    part: str
    name: str
    stage: str
    people: int | None


@dataclass(frozen=True, slots=True)
class Needs:
    """The protected counts of every area of a snapshot; `areas` are (code, name, kind), the system first."""

    snapshot_id: str
    areas: tuple[tuple[str, str, str], ...]
    counts: tuple[Need, ...]
    is_simulated: bool = False

    def of(self, area: str) -> dict[tuple[str, str, str], int | None]:
        """Answer the counts of an area by part, name and stage of life."""
        return {(one.part, one.name, one.stage): one.people for one in self.counts if one.area == area}

    def area(self, asked: str) -> tuple[str, str, str]:
        """Answer the area of this code or name, the system for nothing; NotFound with the nearest one."""
        if not asked:
            return self.areas[0]
        for area in self.areas:
            if asked.casefold() in (area[0].casefold(), area[1].casefold()):
                return area
        names = [name for _, name, _ in self.areas]
        raise NotFound(f"There is no place '{asked}' with needs of its own.{did_you_mean(asked, names)}")


def needs_of(people: HeldPeople) -> Needs:
    """Answer the needs of the areas of a snapshot, worked out once and kept in the data folder for its owner alone.

    They are worked out anew where the file is damaged, or the definitions have changed since.
    """
    snapshot = people.snapshot
    path = kept_file(snapshot, "needs")
    if (kept := _kept(path)) is not None:
        return kept
    definitions = definitions_digest()  # before the counts: a definition that changes meanwhile is seen the next time
    found = protected(snapshot, raw_needs(people))
    keep_file(path, {"format": FORMAT, "definitions": definitions, **asdict(found)})
    return found


def _kept(path: Path) -> Needs | None:
    told = read_kept(path)
    if told.get("format") != FORMAT or told.get("definitions") != definitions_digest():
        return None
    try:
        return Needs(
            told["snapshot_id"], tuple((code, name, kind) for code, name, kind in told["areas"]),
            tuple(Need(**one) for one in told["counts"]), told["is_simulated"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None


def kept_file(snapshot: Snapshot, name: str) -> Path:
    """Answer the file in which protected counts of a revision of a snapshot are kept."""
    revision = int(snapshot.manifest.get("revision", 1))
    return database.data_dir() / "needs" / f"{snapshot.id}-r{revision}-{name}.json"


def keep_file(path: Path, told: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(told))


Key = tuple[str, str, str]


def raw_needs(people: HeldPeople) -> dict[Key, dict[str, int]]:
    """Answer raw counts by (part, name, stage of life) and place ("Unknown" where none), on the month's last day."""
    from joinedup.population import clinical_areas, multimorbidity, segment_list
    from joinedup.population.months import last_day
    from joinedup.population.segment_rules import LIFE_STAGES

    counts: dict[Key, dict[str, int]] = {}

    def add(part: str, name: str, stage: str, held: Flags) -> None:
        counts[part, name, stage] = people.by_trait(held, "place")

    def of(*sentences: str) -> Flags:
        return people.cohort(("is registered", *sentences))

    core20, plus = _core20plus()
    everybody = of()
    deprived = of(core20)
    add(REGISTERED, "", "", everybody)
    add(CORE20, "yes", "", deprived)
    add(NOT_CORE20, "", "", everybody & ~deprived)
    for name in plus:
        held = of(f"is in the cohort {name}")
        add("plus", name, "", held)
        add("plus", name, CORE20, held & deprived)
        add("plus", name, NOT_CORE20, held & ~deprived)
    for area in clinical_areas():
        if area.cohort:
            held, done = of(*area.cohort), of(*area.cohort, *area.done)
            add("area", area.name, "", held)
            add("area", area.name, "done", done)
            add("area", area.name, "not done", held & ~done)
    stages = {stage: of(sentence) for stage, sentence in LIFE_STAGES}
    for segment in segment_list():
        held = of(f"is in the segment {segment.name}")
        add("segment", segment.name, "", held)
        for stage, aged in stages.items():
            add("segment", segment.name, stage, held & aged)
    on = last_day(people.month)
    registers = multimorbidity(people.snapshot, on).select("person", "registers").execute()
    for name, least, most in CONDITIONS:
        persons = registers["person"][registers["registers"].between(least, most)]
        add("conditions", name, "", people.flags_of_persons(persons))
    return counts


def protected(snapshot: Snapshot, raw: Mapping[Key, Mapping[str, int]]) -> Needs:
    """Answer raw counts as they may be seen, audited together over parts of wholes and places of the system."""
    named = {row["code"]: row for row in snapshot.table("area").to_pyarrow().to_pylist()}
    places = sorted({place for counts in raw.values() for place in counts if place != UNKNOWN})
    system = str(snapshot.manifest.get("system") or "")
    whole = (system, str(named.get(system, {}).get("name") or "The system"), "system")
    areas = [whole, *((code, str(named.get(code, {}).get("name") or code), "place") for code in places)]
    keys = list(raw)
    shown: dict[tuple[str, Key], int | None] = {}
    for family in _families(keys):
        shown |= _protected(raw, family, places, system)
    counts = [Need(area, *key, shown[area, key]) for area, _, _ in areas for key in keys]
    return Needs(snapshot.id, tuple(areas), tuple(counts), bool(snapshot.manifest.get("simulated")))


def _core20plus() -> tuple[str, list[str]]:
    from joinedup.population.definitions import both

    said = both("core20plus5.toml")
    return str(said["core20"]), [str(name) for name in said["plus"]]


def _families(keys: Sequence[Key]) -> list[list[Key]]:
    """Answer which counts are tied by sums: segments, conditions and Core20 by all who are registered; the others own.

    Those who are registered stand in each, and are shown alike in all: nobody hides a whole place.
    """
    whole = [key for key in keys if key[0] == REGISTERED]
    tied = [[key for key in keys if key[0] == part] for part in ("segment", "conditions")]
    tied.append([key for key in keys if key[0] in (CORE20, NOT_CORE20)])
    alone = {key[:2] for key in keys if key[0] in ("plus", "area")}
    return [[*whole, *family] for family in tied if family] + [
        [key for key in keys if key[:2] == name] for name in sorted(alone)
    ]


def _protected(
    raw: Mapping[Key, Mapping[str, int]], family: Sequence[Key], places: Sequence[str], system: str
) -> dict[tuple[str, Key], int | None]:
    cells: list[tuple[str, Key]] = [(area, key) for key in family for area in (system, *places)]
    at = {cell: number for number, cell in enumerate(cells)}
    counts = [sum(raw[key].values()) if area == system else raw[key].get(area, 0) for area, key in cells]
    sums: list[Sum] = [(at[system, key], tuple(at[place, key] for place in places)) for key in family if places]
    for area in (system, *places):
        for total, parts in _parts(family):
            sums.append((at[area, total], tuple(at[area, part] for part in parts)))
    table = np.array([counts], dtype=np.int64)
    one = np.ones(1, dtype=bool)
    known = np.array([[key[0] == REGISTERED and count > SMALL for (_, key), count in zip(cells, counts, strict=True)]])
    given = Tables(table, np.zeros_like(table), np.ones(table.shape, dtype=bool), ~one, ~one, ~one, knows_n=known)
    hidden = suppress(given, sums).n[0]
    shown = nearest_five(table)[0]
    return {cell: None if hidden[number] else int(shown[number]) for cell, number in at.items()}


def _parts(family: Sequence[Key]) -> list[tuple[Key, list[Key]]]:
    """Answer which counts of one area are the sums of which others."""
    found = []
    whole = next((key for key in family if key[0] == REGISTERED), None)
    if whole is not None:
        found.append((whole, [key for key in family if key != whole and key[2] == ""]))
    for key in family:
        parts = [one for one in family if one[:2] == key[:2] and one[2]] if not key[2] and key != whole else []
        if parts:
            found.append((key, parts))
    return found
