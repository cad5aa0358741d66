"""Segments: everybody registered is in exactly one of eight groups of need on each day (rules: population PC8).

The segments, in their order, and the tests for each stand in `segments.toml`, in the sentences of `statements`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from joinedup.errors import FileError, NotFound, did_you_mean
from joinedup.population import spells
from joinedup.population.definitions import as_said, both
from joinedup.population.evaluation import all_of
from joinedup.population.facts import facts
from joinedup.population.grid import Grid, MonthEnds
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse

LIFE_STAGES: Final = (("0 to 17", "is under 18"), ("18 to 64", "is aged 18 to 64"), ("65 and over", "is 65 or over"))
"""What segments are crossed with: the name of each stage of life, and its sentence."""


@dataclass(frozen=True)
class Segment:
    """One segment. `tests` are alternatives, each a list of sentences that hold together."""

    name: str
    title: str
    tests: tuple[tuple[str, ...], ...] = ()
    registers_except: tuple[str, ...] | None = None
    is_rest: bool = False


@lru_cache(maxsize=1)
def segment_list() -> tuple[Segment, ...]:
    """Answer the segments in the order in which they are tried; raises FileError where the file is not in order."""
    found = []
    for said in both("segments.toml").get("segment", []):
        unknown = sorted(set(said) - {"name", "title", "tests", "registers_except", "is_rest"})
        if unknown or not {"name", "title"} <= set(said):
            raise FileError(
                "segments.toml",
                f"a segment needs name and title, and may have tests, registers_except and is_rest; found {unknown}",
                "Correct the file and try again.",
            )
        tests = tuple(tuple(str(sentence) for sentence in test) for test in said.get("tests", ()))
        for test in tests:
            for sentence in test:
                parse(sentence)
        found.append(
            Segment(
                as_said(said["name"]),
                said["title"],
                tests,
                tuple(as_said(name) for name in said["registers_except"]) if "registers_except" in said else None,
                bool(said.get("is_rest", False)),
            )
        )
    if not found or not found[-1].is_rest or any(segment.is_rest for segment in found[:-1]):
        raise FileError(
            "segments.toml", "the last segment, and no other, must be the rest (is_rest = true)", "Put it last."
        )
    return tuple(found)


def segment(name: str) -> Segment:
    """Answer a segment by name; raises NotFound with the nearest one."""
    known = {one.name: one for one in segment_list()}
    if as_said(name) not in known:
        raise NotFound(f"There is no segment called '{name}'.{did_you_mean(name, list(known))}")
    return known[as_said(name)]


def segment_masks(snapshot: Snapshot, name: str, grid: Grid) -> Any:
    """Answer who is in a segment, and when: a mask table (who, mask) over the grid."""
    wanted = segment(name)
    rest = all_of(snapshot, [parse("is registered")], grid)
    for one in segment_list():
        here, rest = _parted(snapshot, one, rest, grid)
        if one == wanted:
            return here
    raise AssertionError("a segment of the list is reached by walking the list")


def segments(snapshot: Snapshot, *, months: range | None = None) -> Any:
    """Answer everybody's segments: an Ibis table (person, segment, first_month, last_month) of maximal spells.

    Whoever is registered at the end of a month is in exactly one segment then.
    """
    import ibis

    grid = MonthEnds(months or snapshot.months)
    kept = facts(snapshot)
    rest = all_of(snapshot, [parse("is registered")], grid)
    parts = []
    for one in segment_list():
        here, rest = _parted(snapshot, one, rest, grid)
        parts.append(spells.spells_of(here, kept.places, len(grid)).mutate(segment=ibis.literal(one.name)))
    found = ibis.union(*parts).inner_join(kept.people.select("who", "person"), "who")
    start = grid.months.start
    return found.select(
        "person",
        "segment",
        first_month=(found.first + start).cast("int32"),
        last_month=(found.last + start).cast("int32"),
    )


def transitions(snapshot: Snapshot, month: int) -> Any:
    """Answer who moved between segments from one month's end to the next: (before, after, people), an Ibis table.

    `after` is "left" for those who are no longer registered, `before` "joined" for those who were not yet; the people
    of a `before` add up to the segment at the start. Counts are raw: protect them before they are shown.
    """
    both_ends = segments(snapshot, months=range(month, month + 2))
    before = both_ends.filter(both_ends.first_month == month).select("person", before="segment")
    after = both_ends.filter(both_ends.last_month == month + 1).select(person_after="person", after="segment")
    met = before.outer_join(after, before.person == after.person_after)
    named = met.select(before=met.before.fill_null("joined"), after=met.after.fill_null("left"))
    return named.group_by("before", "after").aggregate(people=named.count())


def _parted(snapshot: Snapshot, one: Segment, rest: Any, grid: Grid) -> tuple[Any, Any]:
    """Answer who of the rest is in this segment, and the rest after it; both kept in the engine."""
    if one.is_rest:
        return rest, None
    kept = facts(snapshot)
    here = kept.kept(("segment", one.name, grid), lambda: spells.both(rest, _tested(snapshot, one, grid)))
    return here, kept.kept(("after segment", one.name, grid), lambda: spells.without(rest, here))


def _tested(snapshot: Snapshot, one: Segment, grid: Grid) -> Any:
    tests = [all_of(snapshot, [parse(sentence) for sentence in test], grid) for test in one.tests]
    if one.registers_except is not None:
        from joinedup.population.register_rules import counted_registers, register, register_masks

        left_out = {register(name).name for name in one.registers_except}
        tests += [register_masks(snapshot, each, grid) for each in counted_registers() if each.name not in left_out]
    return spells.united(tests)
