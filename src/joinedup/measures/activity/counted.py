"""What activity there was, as it was counted: by point of delivery, service, provider and place, month by month.

    activity_of(open_snapshot()).counts

Beside it the waiting list at each month's end, what each provider's activity is priced at, and the people registered.
All of it is raw: `activity_protecting` makes of it what may be seen, and `priced_activity` hands out the prices for a
payment. Points of delivery follow the rule book (MD1); each is counted from one feed (`activity.toml`).

Whoever has opted out of secondary uses is in no snapshot, and so in none of these counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from joinedup.measures.activity.definitions import PointOfDelivery, Source, points_of_delivery
from joinedup.measures.activity.events import events_of
from joinedup.measures.activity.people import people_of
from joinedup.measures.activity.waits import known_of_waits, waits_of
from joinedup.measures.dated_areas import read_areas
from joinedup.population.months import last_day

if TYPE_CHECKING:
    import pandas as pd

NO_FEED: Final = "No feed of this snapshot tells of it."
COUNT_KEYS: Final = ["pod", "month", "provider", "service", "place"]
PRICE_KEYS: Final = ["provider", "pod", "hrg", "month"]


@dataclass(frozen=True)
class Activity:
    """The raw counts of one snapshot. Months are numbers (see `population.months`).

    `counts`: pod, month, provider, service, place, units, cases, nights. `prices`: provider, pod, hrg, month, units,
    unpriced (units without a price), pence. `waits`: what (open, starts, treated, removed), month, provider, service,
    weeks (whole weeks waited, rule ME3; -1 but for open), pathways. `people`: month, place, sex, age_band, people.

    `known` says for which months each point of delivery has data, `known_waits` the same of each `what`; a month that
    is not in it is not 0. `not_collected` says why there is nothing of the others.
    """

    snapshot: str
    months: range
    system: str
    places: Mapping[str, str]
    counts: pd.DataFrame
    prices: pd.DataFrame
    waits: pd.DataFrame
    people: pd.DataFrame
    known: Mapping[str, frozenset[int]]
    known_waits: Mapping[str, frozenset[int]]
    not_collected: Mapping[str, str] = field(default_factory=dict)


def activity_of(snapshot: Any, points: Mapping[str, PointOfDelivery] | None = None) -> Activity:
    """Answer the raw activity of an open snapshot: of every point of delivery, or of those given."""
    points = points_of_delivery() if points is None else points
    coverage = snapshot.manifest["coverage"]
    chosen: dict[str, tuple[PointOfDelivery, Source]] = {}
    not_collected = {}
    for code, one in points.items():
        source = one.source_among(coverage)
        if source is None:
            not_collected[code] = one.why_not or NO_FEED
        else:
            chosen[code] = one, source
    known = {code: months_known(coverage, source, snapshot.months) for code, (_, source) in chosen.items()}
    places, successor = _places(snapshot)
    counts, prices = _counted(snapshot, chosen, successor, known)
    known_waits = known_of_waits(snapshot)
    waits = waits_of(snapshot)
    return Activity(
        snapshot.id,
        snapshot.months,
        str(snapshot.manifest["system"]),
        places,
        counts,
        prices,
        waits[_is_known(waits, "what", known_waits)].reset_index(drop=True),
        people_of(snapshot, successor),
        known,
        known_waits,
        not_collected,
    )


def months_known(coverage: Mapping[str, Any], source: Source, months: range) -> frozenset[int]:
    """Answer for which months the feed of a source has sent anything, without those in which it only settles."""
    said = coverage.get(source.feed) or {}
    if not said.get("from") or not said.get("to"):
        return frozenset()
    missing = {_number(one) for one in said.get("missing", ())}
    first = _number(said["from"]) + source.settles
    return frozenset(one for one in months if first <= one <= _number(said["to"]) and one not in missing)


def _is_known(frame: pd.DataFrame, name: str, known: Mapping[str, frozenset[int]]) -> Any:
    """Answer for each row whether there is data for its month of what its column `name` says."""
    has = [month in known[one] for one, month in zip(frame[name], frame["month"], strict=True)]
    return np.array(has, dtype=bool)


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def _places(snapshot: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Answer the places there are today by code, and for each place that was what it has become since.

    A series of a place goes on behind its merger: what was of either is counted in what they became.
    """
    areas = read_areas(snapshot, [last_day(snapshot.months[-1])])
    successor = {}
    for life in areas.lives:
        if life.kind == "place":
            successor[life.code] = areas.lives[areas.chain("place", life.code)[-1]].code
    names = {life.code: life.name for life in areas.lives if life.kind == "place"}
    return {code: names[code] for code in sorted(set(successor.values()))}, successor


def _counted(
    snapshot: Any,
    chosen: Mapping[str, tuple[PointOfDelivery, Source]],
    successor: Mapping[str, str],
    known: Mapping[str, frozenset[int]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answer counts and prices, from one reading of the tables; months without data are left out of both."""
    import pandas as pd

    if not chosen:
        empty = pd.DataFrame(columns=[*COUNT_KEYS, "units", "cases", "nights"])
        return empty, pd.DataFrame(columns=[*PRICE_KEYS, "units", "unpriced", "pence"])
    rows = events_of(snapshot, chosen)
    # Few cells beside many events: both tables are made of these.
    cells = rows.group_by(*COUNT_KEYS, "hrg").aggregate(
        **{name: rows[name].sum().cast("int64") for name in ("units", "cases", "nights", "unpriced")},
        pence=rows.pence.sum().cast("int64"),
    )
    frame = cells.to_pandas()
    frame["pence"] = frame["pence"].astype("Int64").fillna(0).astype("int64")
    frame["place"] = frame["place"].map(lambda code: successor.get(code, code))
    frame = frame[_is_known(frame, "pod", known)]
    counts = frame.groupby(COUNT_KEYS, sort=True)[["units", "cases", "nights"]].sum().reset_index()
    is_bed = counts["pod"].map({code: one.bed_days for code, (one, _) in chosen.items()}).astype(bool)
    counts["nights"] = counts["nights"].where(is_bed, 0).astype("int64")
    priced = frame[frame["pod"].isin([code for code, (_, source) in chosen.items() if not source.weeks])]
    prices = priced.groupby(PRICE_KEYS, sort=True)[["units", "unpriced", "pence"]].sum().reset_index()
    return counts, prices
