"""Activity: events of care that are counted (`activities.toml`), each from the feed that counts it.

One stay in hospital may come three times: as messages, as a discharge letter and in the national extract. Each
activity names the feeds that it is counted from, so that it is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joinedup.errors import NotFound, did_you_mean
from joinedup.population.codelists import codelist
from joinedup.population.definitions import Definitions, as_said, both
from joinedup.population.facts import Facts, facts, recorded_codes
from joinedup.population.grid import month_of
from joinedup.population.snapshot import Snapshot


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
    """Answer (who, on, month): one row an event, dated. Kept, since several statements speak of one activity."""
    kept = facts(snapshot)
    return kept.kept(("activity", wanted.name), lambda: _rows(kept, wanted))


def _rows(kept: Facts, wanted: Activity) -> Any:
    import ibis

    tables = []
    for part in wanted.parts:
        rows = kept.snapshot.table(part.table)
        if "feed" in rows.columns:
            rows = rows.filter(rows.feed.isin(part.feeds))
        for column, values in part.equal:
            none = rows[column].isnull() if "" in values else ibis.literal(False)
            rows = rows.filter(none | rows[column].isin([value for value in values if value != ""]))
        for column, beginnings in part.begins:
            tests = [rows[column].startswith(beginning) for beginning in beginnings]
            rows = rows.filter(ibis.or_(*tests))
        if part.reason:
            short = rows.reason.replace(".", "").upper().substr(0, 4)
            rows = rows.filter(short.isin(sorted({code for _, code in recorded_codes(codelist(part.reason))})))
        on = rows[part.on]
        # A month of death stands for its first day: only the month is known here.
        on = (on + "-01").cast("date") if part.on.endswith("_month") else on.cast("date")
        dated = rows.filter(on.notnull()).select("person", on=on)
        tables.append(dated.distinct() if part.once else dated)
    rows = kept.of_people(ibis.union(*tables) if len(tables) > 1 else tables[0])
    return rows.mutate(month=month_of(rows.on))


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
