"""The people of a snapshot on its last whole month's end, held in memory as flags: one sentence, one array.

A sentence is asked of the engine once; lines, groups and comparisons of cohorts are then counted here, in milliseconds.
A flag is a byte: a million and a half people and a hundred sentences are 300 MB. Raw and controlled: only counts go on,
and those protected.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from joinedup.population import Snapshot

Flags = NDArray[np.bool_]
MOST_SENTENCES: Final = 200
UNKNOWN: Final = "Unknown"


class Told(NamedTuple):
    """Of whom a sentence is true, and of whom it is not known whether it is."""

    true: Flags
    unknown: Flags


class HeldPeople:
    """Everybody in a snapshot, each at a place of the arrays."""

    def __init__(self, snapshot: Snapshot) -> None:
        from joinedup.population.facts import facts
        from joinedup.population.grid import MonthEnds

        self.snapshot = snapshot
        self.month = snapshot.months[-1]
        self._facts = facts(snapshot)
        self._grid = MonthEnds(range(self.month, self.month + 1))
        self._told: OrderedDict[str, Told] = OrderedDict()

    def __len__(self) -> int:
        return len(self._people)

    @cached_property
    def _people(self) -> Any:
        """Answer a data frame of those with `who`, in its order, and the columns that traits are made of."""
        from joinedup.population.months import last_day

        kept, snapshot, on = self._facts, self.snapshot, last_day(self.month)
        areas = snapshot.table("practice_area")
        areas = areas.filter((areas.starts.isnull() | (areas.starts <= on)) & (areas.ends.isnull() | (areas.ends > on)))
        person = snapshot.table("person").select(
            "person", "sex", "ethnic_group", "deprivation_national", "deprivation_local", "practice"
        )
        found = kept.people.select("who", "person", "born").inner_join(person, "person")
        found = found.left_join(areas.select("practice", "place"), "practice").drop("practice_right")
        return found.execute().sort_values("who").reset_index(drop=True)

    def trait(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        """Answer the groups of a trait, in the order in which they are shown, and in which of them each person is."""
        if name not in self._traits:
            self._traits[name] = self._made(name)
        return self._traits[name]

    @cached_property
    def _traits(self) -> dict[str, tuple[list[str], NDArray[np.int64]]]:
        return {}

    def _made(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        import pandas as pd

        if name == "age_band":
            band = (self.month - self._people["born"]) // 12 // 10 * 10
            values = band.clip(upper=90).map(
                lambda low: "90 and over" if low >= 90 else f"{int(low)}-{int(low) + 9}", na_action="ignore"
            )
        else:
            values = self._people[name]
            if values.dtype.kind == "f":
                values = values.astype("Int64")
            values = values.astype("string")
        values = values.fillna(UNKNOWN).replace("unknown", UNKNOWN)
        groups = sorted(values.unique(), key=_in_order)
        return groups, np.asarray(pd.Categorical(values, categories=groups).codes, dtype=np.int64)

    def told(self, sentence: str) -> Told:
        """Answer of whom a sentence is true; raises what `statements` raises for one that says nothing known."""
        from joinedup.population import parse_statement
        from joinedup.population.evaluation import answer

        key = " ".join(sentence.split()).rstrip(".").casefold()
        if key not in self._told:
            with self._facts.lock:
                found = answer(self.snapshot, parse_statement(sentence), self._grid)
                true = self._flags(found.true)
                unknown = np.zeros(len(self), dtype=bool) if found.known is None else ~self._flags(found.known)
            self._told[key] = Told(true, unknown)
            while len(self._told) > MOST_SENTENCES:
                self._told.popitem(last=False)
        self._told.move_to_end(key)
        return self._told[key]

    def cohort(self, include: Iterable[str], exclude: Iterable[str] = ()) -> Flags:
        """Answer who is in a cohort."""
        held = np.ones(len(self), dtype=bool)
        for sentence in include:
            held &= self.told(sentence).true
        for sentence in exclude:
            held &= ~self.told(sentence).true
        return held

    def flags_of_persons(self, persons: Iterable[str]) -> Flags:
        """Answer the flags of these pseudonyms."""
        import pandas as pd

        return np.asarray(self._people["person"].isin(pd.Index(persons)), dtype=bool)

    def by_trait(self, held: Flags, name: str) -> dict[str, int]:
        """Answer how many of these people are in each group of a trait; groups of nobody are left out."""
        groups, at = self.trait(name)
        counts = np.bincount(at[held], minlength=len(groups))
        return {group: int(many) for group, many in zip(groups, counts, strict=True) if many}

    def _flags(self, table: Any) -> Flags:
        who = table.select("who").execute()["who"].to_numpy()
        flags = np.zeros(len(self), dtype=bool)
        flags[np.searchsorted(self._people["who"].to_numpy(), who)] = True
        return flags


def _in_order(name: str) -> tuple[bool, int, str]:
    """Ages and fifths by number, then by the alphabet, the unknown last."""
    digits = name.replace("-", " ").split()[0]
    return name == UNKNOWN, int(digits) if digits.isdigit() else 0, name
