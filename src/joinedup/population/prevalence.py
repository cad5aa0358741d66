"""How many people of a list are on each register, beside how many a model expects (rules: population PC6)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from joinedup.population import spells
from joinedup.population.evaluation import all_of
from joinedup.population.grid import MonthEnds
from joinedup.population.register_rules import counted_registers, register_masks
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse


@dataclass(frozen=True)
class Prevalence:
    """A register's recorded prevalence beside the expected. Raw counts: controlled, not for showing."""

    register: str
    on: int
    list_size: int
    expected: float | None

    @property
    def recorded(self) -> float | None:
        return self.on / self.list_size if self.list_size else None

    @property
    def share_found(self) -> float | None:
        """Answer recorded over expected: below 1, some people are not found yet."""
        return self.recorded / self.expected if self.recorded is not None and self.expected else None


def register_prevalence(
    snapshot: Snapshot, expected: Mapping[str, float] | None = None, *, month: int | None = None
) -> list[Prevalence]:
    """Answer each register's people over the list of its stated age, at the end of a month (the last, if none is said).

    `expected` gives the modelled prevalence by short name (see read_expected_prevalence).
    """
    import ibis

    at = snapshot.months[-1] if month is None else month
    grid = MonthEnds(range(at, at + 1))
    counts = []
    for one in counted_registers():
        on_list = all_of(snapshot, [parse(sentence) for sentence in one.list_sentences], grid)
        on = spells.both(on_list, register_masks(snapshot, one, grid))
        for part, people in (("list", on_list), ("on", on)):
            counts.append(
                people.aggregate(n=people.count()).mutate(register=ibis.literal(one.short), part=ibis.literal(part))
            )
    rows = snapshot.connection.to_pyarrow(ibis.union(*counts)).to_pylist()
    found = {(row["register"], row["part"]): int(row["n"]) for row in rows}
    return [
        Prevalence(one.short, found[one.short, "on"], found[one.short, "list"], (expected or {}).get(one.short))
        for one in counted_registers()
    ]


def read_expected_prevalence(text: str, *, areas: frozenset[str] | None = None) -> dict[str, float]:
    """Answer the expected prevalence of each register from CSV text with the columns group_code, register and list.

    `register` and `list` are people of one area (`lad_code`); the areas named, or all, are added up.
    """
    on: dict[str, float] = {}
    of: dict[str, float] = {}
    for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))):
        if areas is None or row.get("lad_code") in areas:
            on[row["group_code"]] = on.get(row["group_code"], 0.0) + float(row["register"])
            of[row["group_code"]] = of.get(row["group_code"], 0.0) + float(row["list"])
    return {name: on[name] / of[name] for name in on if of[name]}
