"""Activity: events of care that are counted (`activities.toml`), each from the feed that counts it.

One stay in hospital may come three times: as messages, as a discharge letter and in the national extract. Each
activity names the feeds that it is counted from, so that it is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from joinedup.errors import NotFound, did_you_mean
from joinedup.population.codelists import codelist
from joinedup.population.definitions import Definitions, as_said, both
from joinedup.population.facts import Facts, facts, recorded_codes
from joinedup.population.grid import month_of
from joinedup.population.snapshot import Snapshot

ONE_PASS: Final = frozenset({("pop_encounter", "on"), ("pop_appointment", "on")})
"""Tables that are read once for all activities, and the column that dates their events."""


@dataclass(frozen=True)
class Part:
    """Rows of one table that are such events: of these feeds, and each column one of its values (or beginning so).

    `reason` names a codelist that the reason belongs to; with `once`, rows of one person and day are one event (the
    extract gives the reason with the stay or with its episodes).
    """

    table: str
    feeds: tuple[str, ...]
    on: str
    equal: tuple[tuple[str, tuple[Any, ...]], ...]
    begins: tuple[tuple[str, tuple[str, ...]], ...]
    reason: str = ""
    once: bool = False


@dataclass(frozen=True)
class Activity:
    """Events that are counted. `one` is its name for a single one."""

    name: str
    one: str
    title: str
    meaning: str
    parts: tuple[Part, ...]

    @property
    def feeds(self) -> tuple[str, ...]:
        return tuple(sorted({feed for part in self.parts for feed in part.feeds}))


def activities() -> Mapping[str, Activity]:
    """Answer every activity by each of its names, in the plural and in the singular."""
    return _activities(both("activities.toml"))


@lru_cache(maxsize=2)
def _activities(definitions: Definitions) -> Mapping[str, Activity]:
    found: dict[str, Activity] = {}
    for name, said in definitions.items():
        one = Activity(name, said["one"], said["title"], said["meaning"], tuple(_part(part) for part in said["part"]))
        found[as_said(name)] = found[as_said(one.one)] = one
    return found


def activity(name: str) -> Activity:
    known = activities()
    if as_said(name) not in known:
        raise NotFound(
            f"There is no activity called '{name}'.{did_you_mean(name, known)} "
            f"There are: {', '.join(sorted({one.name for one in known.values()}))}."
        )
    return known[as_said(name)]


def activity_rows(snapshot: Snapshot, wanted: Activity) -> Any:
    """Answer (who, on, month): one row an event, dated."""
    import ibis

    kept = facts(snapshot)
    at_once = [part for part in wanted.parts if (part.table, part.on) in ONE_PASS]
    others = tuple(part for part in wanted.parts if part not in at_once)
    tables = []
    for table in sorted({part.table for part in at_once}):
        rows = _flagged(kept, table)
        rows = rows.filter((rows.flags & _flag(table, wanted)) != 0).select("who", "on", "month")
        tables.append(rows.distinct() if any(part.once for part in at_once) else rows)
    if others:
        tables.append(kept.kept(("activity", others), lambda: _rows(kept, others)))
    return ibis.union(*tables) if len(tables) > 1 else tables[0]


def _flagged(kept: Facts, table: str) -> Any:
    """Answer (who, on, month, flags): rows of a table that are events of any activity, a bit of `flags` for each.

    The large tables are read once for every activity, not once for each of them.
    """
    import ibis

    def make() -> Any:
        rows = kept.table(table)
        feeds = sorted({part.feeds for one in _of_table(table) for part in one.parts if part.table == table})
        # Feed by feed: a row is asked only what its feed counts for.
        found = ibis.union(*[flagged(rows, feed) for feed in sorted({feed for some in feeds for feed in some})])
        dated = kept.of_people(found)
        return dated.select("who", "on", "flags", month=month_of(dated.on))

    def flagged(rows: Any, feed: str) -> Any:
        rows = rows.filter(rows.feed == feed)
        flags: Any = ibis.literal(0).cast("int64")
        for one in _of_table(table):
            tests = [_is_event(rows, part) for part in one.parts if part.table == table and feed in part.feeds]
            if tests:
                flags = flags + ibis.ifelse(ibis.or_(*tests), _flag(table, one), 0).cast("int64")
        dated = rows.filter(rows.on.notnull()).select("person", "on", flags=flags)
        return dated.filter(dated.flags != 0)

    return kept.kept(("flagged", table), make)


def _of_table(table: str) -> list[Activity]:
    found = {one.name: one for one in activities().values() if (table, "on") in {(p.table, p.on) for p in one.parts}}
    return [found[name] for name in sorted(found)]


def _flag(table: str, wanted: Activity) -> int:
    return 1 << [one.name for one in _of_table(table)].index(wanted.name)


def _rows(kept: Facts, parts: tuple[Part, ...]) -> Any:
    import ibis

    tables = []
    for part in parts:
        rows = kept.table(part.table)
        if "feed" in rows.columns:
            rows = rows.filter(rows.feed.isin(part.feeds))
        rows = rows.filter(_is_event(rows, part))
        on = rows[part.on]
        # A month of death stands for its first day: only the month is known here.
        on = (on + "-01").cast("date") if part.on.endswith("_month") else on.cast("date")
        dated = rows.filter(on.notnull()).select("person", on=on)
        tables.append(dated.distinct() if part.once else dated)
    rows = kept.of_people(ibis.union(*tables) if len(tables) > 1 else tables[0])
    return rows.mutate(month=month_of(rows.on))


def _is_event(rows: Any, part: Part) -> Any:
    """Answer the test that a row of the part's table is such an event."""
    import ibis

    tests = [ibis.literal(True)]
    for column, values in part.equal:
        equal = rows[column].isin([value for value in values if value != ""])
        tests.append(rows[column].isnull() | equal if "" in values else equal)
    for column, beginnings in part.begins:
        tests.append(ibis.or_(*[rows[column].startswith(beginning) for beginning in beginnings]))
    if part.reason:
        short = rows.reason.replace(".", "").upper().substr(0, 4)
        tests.append(short.isin(sorted({code for _, code in recorded_codes(codelist(part.reason))})))
    return ibis.and_(*tests)


def _part(said: Mapping[str, Any]) -> Part:
    where: Mapping[str, Any] = said.get("where", {})
    begins: Mapping[str, Any] = said.get("begins", {})
    return Part(
        said["table"],
        tuple(said["feeds"]),
        said.get("on", "on"),
        tuple((column, tuple(values)) for column, values in where.items()),
        tuple((column, tuple(values)) for column, values in begins.items()),
        said.get("reason", ""),
        bool(said.get("once", False)),
    )
