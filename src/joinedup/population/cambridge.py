"""Multimorbidity: how many registers hold a person, and the Cambridge Multimorbidity Score (rules: population PC7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from joinedup.errors import NotFound, did_you_mean
from joinedup.population import spells
from joinedup.population.cohorts import grid_at
from joinedup.population.definitions import both
from joinedup.population.evaluation import all_of
from joinedup.population.facts import facts
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse


@lru_cache(maxsize=1)
def weights() -> Mapping[str, int]:
    """Answer the weight of each of the 20 conditions, in hundredths. Source: Payne and others, CMAJ 2020."""
    return {name: int(said["weight"]) for name, said in both("cambridge.toml")["condition"].items()}


def cambridge_score(conditions: Iterable[str]) -> float:
    """Answer the score of somebody with these conditions, each counted once; nobody's is 0.

    Raises NotFound for a condition that the score does not know.
    """
    known = weights()
    held = set(conditions)
    for name in sorted(held - set(known)):
        raise NotFound(f"The Cambridge score has no condition '{name}'.{did_you_mean(name, list(known))}")
    return sum(known[name] for name in held) / 100


def multimorbidity(snapshot: Snapshot, day: date | None = None) -> Any:
    """Answer everybody registered on a day with their conditions: (person, conditions, registers, score), Ibis.

    `conditions` are those of the score, of 20; `registers` those of `registers.toml` that hold the person (2 and more
    is multimorbid, 4 and more complex); `score` is the Cambridge score. The day is the snapshot's when none is given.
    """
    import ibis

    from joinedup.population.register_rules import counted_registers, register_masks

    grid = grid_at(snapshot, day)
    kept = facts(snapshot)
    scored = [
        spells.united([all_of(snapshot, [parse(one) for one in test], grid) for test in said["tests"]]).select(
            "who", weight=_whole(int(said["weight"])), condition=_whole(1), register=_whole(0)
        )
        for said in both("cambridge.toml")["condition"].values()
    ]
    held = [
        register_masks(snapshot, one, grid).select("who", weight=_whole(0), condition=_whole(0), register=_whole(1))
        for one in counted_registers()
    ]
    rows = ibis.union(*scored, *held)
    added = rows.group_by("who").aggregate(
        weight=rows.weight.sum(), conditions=rows.condition.sum(), registers=rows.register.sum()
    )
    registered = all_of(snapshot, [parse("is registered")], grid).select("who")
    everybody = registered.left_join(added, "who").select(
        "who",
        weight=lambda t: t.weight.fill_null(0),
        conditions=lambda t: t.conditions.fill_null(0).cast("int32"),
        registers=lambda t: t.registers.fill_null(0).cast("int32"),
    )
    named = everybody.inner_join(kept.people.select("who", "person"), "who")
    return named.select("person", "conditions", "registers", score=named.weight / 100)


def _whole(number: int) -> Any:
    import ibis

    return ibis.literal(number, type="int32")
