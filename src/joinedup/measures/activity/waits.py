"""The waiting list month by month: pathways open at the end, clocks that started, and how clocks stopped.

Counted in pathways, not in people, from the waiting list that providers send each week (rules: money-and-planning ME3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from joinedup.population.facts import Facts, facts
from joinedup.population.grid import month_of
from joinedup.population.months import first_day, last_day

if TYPE_CHECKING:
    import pandas as pd

WHAT: Final = ("open", "starts", "treated", "removed")
FEEDS: Final = ("wlmds", "bulk")
TREATED: Final = "TREATED"
COLUMNS: Final = ["what", "month", "provider", "service", "weeks", "pathways"]
NO_WEEKS: Final = -1


def waits_of(snapshot: Any) -> pd.DataFrame:
    """Answer (what, month, provider, service, weeks, pathways), raw, of the snapshot's months.

    `open` is what waits at the end of a month, by whole weeks waited (band k: more than k weeks, up to k + 1, rule
    ME3), `starts` clocks that started in it, `treated` those that stopped with treatment (or with no reason given),
    `removed` those that stopped otherwise. `weeks` is -1 for all but `open`.
    """
    import ibis
    import pandas as pd

    if _feed(snapshot) is None:
        return pd.DataFrame(columns=COLUMNS)
    kept, months = facts(snapshot), snapshot.months
    rows = kept.kept(("pathways",), lambda: _pathways(kept))
    ends = [{"month_at": month, "end": last_day(month)} for month in months]
    grid = kept.kept(("ends of months", months), lambda: kept.from_memory(ends, {"month_at": "int32", "end": "date"}))
    at_end = rows.inner_join(
        grid,
        [
            rows.clock_starts <= grid.end,
            rows.stops.isnull() | (grid.end < rows.stops),
            rows.died.isnull() | (grid.month_at < rows.died),
        ],
    )
    days = at_end.end.delta(at_end.clock_starts, unit="day")
    waiting = at_end.select(
        what=ibis.literal("open"),
        month="month_at",
        provider="provider",
        service="service",
        weeks=ibis.greatest(((days + 6) / 7).floor() - 1, 0).cast("int32"),
    )

    def moved(what: Any, column: str, chosen: Any) -> Any:
        return chosen.select(
            what=what,
            month=month_of(chosen[column]),
            provider="provider",
            service="service",
            weeks=ibis.literal(NO_WEEKS).cast("int32"),
        )

    within = (first_day(months[0]), last_day(months[-1]))
    started = rows.filter(rows.clock_starts.between(*within))
    stopped = rows.filter(rows.stops.between(*within))
    how = ibis.ifelse(ibis.coalesce(stopped.removal_reason, ibis.literal(TREATED)) == TREATED, "treated", "removed")
    every = ibis.union(waiting, moved(ibis.literal("starts"), "clock_starts", started), moved(how, "stops", stopped))
    keys = COLUMNS[:-1]
    found = every.group_by(*keys).aggregate(pathways=every.count().cast("int64")).to_pandas()
    return found[COLUMNS].sort_values(keys, kind="stable").reset_index(drop=True)


def known_of_waits(snapshot: Any) -> Mapping[str, frozenset[int]]:
    """Answer for which months each of `WHAT` is known: no earlier than the providers' lists tell of clocks that stop.

    A list names who waits, and who has stopped waiting since the last one. Before the first stop that any list tells of
    there are only those who still waited later: to count them would make a list that grows out of nothing. So what is
    open is known from the end of the month of the first stop, and what starts and stops from the month after.
    """
    feed = _feed(snapshot)
    nothing: frozenset[int] = frozenset()
    if feed is None:
        return dict.fromkeys(WHAT, nothing)
    rows = facts(snapshot).kept(("pathways",), lambda: _pathways(facts(snapshot)))
    first = rows.aggregate(first=month_of(rows.stops.min())).to_pyarrow()["first"][0].as_py()
    if first is None:
        return dict.fromkeys(WHAT, nothing)
    said = snapshot.manifest["coverage"][feed]
    last = int(said["to"][:4]) * 12 + int(said["to"][5:7]) - 1
    still = frozenset(one for one in snapshot.months if first <= one <= last)
    return {what: still if what == "open" else still - {first} for what in WHAT}


def _feed(snapshot: Any) -> str | None:
    """Answer the one feed that the list is counted from: the providers' own, else another server's export."""
    coverage = snapshot.manifest["coverage"]
    return next((one for one in FEEDS if coverage.get(one, {}).get("to")), None)


def _pathways(kept: Facts) -> Any:
    """Answer (provider, service, clock_starts, stops, removal_reason, died): one row a pathway with a clock."""
    import ibis

    rows = kept.table("pop_referral")
    rows = rows.filter((rows.feed == _feed(kept.snapshot)) & rows.clock_starts.notnull())
    # Stopped and removed are the same for the list: the earlier of the two.
    stops = ibis.least(ibis.coalesce(rows.clock_ends, rows.removed), ibis.coalesce(rows.removed, rows.clock_ends))
    rows = rows.select(
        "person",
        "clock_starts",
        "removal_reason",
        provider=rows.provider.fill_null(""),
        service=rows.service.fill_null(""),
        stops=stops,
    )
    return kept.of_people(rows).inner_join(kept.people.select("who", "died"), "who").drop("who")
