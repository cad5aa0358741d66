"""Why a number is so: its definition, the code lists, the snapshot, what was delivered, and how good the data are.

Nothing of it is about a person, so that whoever may see a figure may see this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from joinedup.measures.definition import MeasureDefinition, definition_of
from joinedup.measures.figure import Figure, figures
from joinedup.measures.origin import counts_shown
from joinedup.measures.results import AreaName, Results
from joinedup.population import codelists_behind, counted_event


@dataclass(frozen=True)
class ListBehind:
    """A code list that a figure rests on, so that another can be told from it."""

    name: str
    title: str
    system: str
    version: str
    source: str
    codes: int
    sha256: str


@dataclass(frozen=True)
class EventBehind:
    """An event that a figure counts, what it means and which feeds it is counted from."""

    name: str
    meaning: str
    feeds: tuple[str, ...]


@dataclass(frozen=True)
class FeedBehind:
    """What a feed sent: from which sources, how many deliveries, and for which months."""

    feed: str
    sources: int
    deliveries: int
    first_month: str | None
    last_month: str | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Why:
    """All that a figure was made from. `is_same_definition` is False where it has been changed since."""

    definition: MeasureDefinition
    is_same_definition: bool
    area: AreaName
    figure: Figure | None
    snapshot: str
    snapshot_day: str
    snapshot_content: str
    made_at: str
    code_version: str
    engine: str
    mode: str
    is_simulated: bool
    lists: tuple[ListBehind, ...]
    events: tuple[EventBehind, ...]
    feeds: tuple[FeedBehind, ...]
    quality: Mapping[str, Any]
    linkage: Mapping[str, Any]
    opt_outs: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return asdict(
            replace(self, quality=dict(self.quality), linkage=dict(self.linkage), opt_outs=dict(self.opt_outs))
        )


def why(results: Results, measure: str, area: str, month: date | None = None) -> Why:
    """Answer what a measure's figure of an area rests on, in a month, or the latest that has data."""
    one, said = definition_of(measure), results.manifest
    found = results.series(measure, area)
    rows = figures(found.frame.to_dict("records"))
    wanted = month or results.latest_month(measure)
    sources = [source for source in said["sources"] if source.get("feed") in one.feeds]
    return Why(
        definition=one,
        is_same_definition=said["measures"][measure] == one.digest,
        area=results.area(area),
        figure=next((figure for figure in rows if figure.month == wanted), None),
        snapshot=results.snapshot_id,
        snapshot_day=str(said["day"]),
        snapshot_content=str(said["snapshot_content"]),
        made_at=results.made_at,
        code_version=str(said["code_version"]),
        engine=str(said["engine"]),
        mode=str(said["mode"]),
        is_simulated=results.is_simulated,
        lists=tuple(
            ListBehind(each.name, each.title, each.system, each.version, each.source, len(each), each.sha256)
            for each in codelists_behind(one.sentences)
        ),
        events=tuple(
            EventBehind(event.name, event.meaning, event.feeds)
            for event in (counted_event(name) for name in (one.counts, one.of, one.average) if name)
        ),
        feeds=tuple(_feed(feed, sources, said["coverage"].get(feed)) for feed in one.feeds),
        quality=counts_shown(said["quality"]),
        linkage=counts_shown(said["linkage"]),
        opt_outs=counts_shown(said["opt_outs"]),
    )


def _feed(feed: str, sources: list[Mapping[str, Any]], covered: Mapping[str, Any] | None) -> FeedBehind:
    own = [source for source in sources if source["feed"] == feed]
    return FeedBehind(
        feed=feed,
        sources=len(own),
        deliveries=sum(_many(source.get("deliveries")) for source in own),
        first_month=covered["from"] if covered else None,
        last_month=covered["to"] if covered else None,
        missing=tuple(covered.get("missing", ())) if covered else (),
    )


def _many(deliveries: Any) -> int:
    return len(deliveries) if isinstance(deliveries, list | tuple) else int(deliveries or 0)
