"""What activity is counted: each point of delivery of `activity.toml`, and from which feed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from joinedup.errors import NotFound, RuleError, did_you_mean

_SAYS: Final = {"table", "feed", "day", "provider", "service", "where", "begins", "never", "nights", "stays", "weeks",
                "settles", "hrg_begins"}  # fmt: skip
_TELLS: Final = {"title", "unit", "meaning", "bed_days", "source", "not_collected"}
Conditions = tuple[tuple[str, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class Source:
    """Rows of one table that came by one feed and are of this point of delivery (see the file for each word)."""

    table: str
    feed: str
    day: str = "on"
    provider: str = "provider"
    service: str = "service"
    where: Conditions = ()
    begins: Conditions = ()
    never: Conditions = ()
    hrg_begins: tuple[str, ...] = ()
    nights: tuple[int, int] | None = None
    stays: bool = False
    weeks: bool = False
    settles: int = 0


@dataclass(frozen=True)
class PointOfDelivery:
    """A way in which care is given, what it is counted in, and where it is counted from; else `why_not`."""

    code: str
    title: str
    unit: str
    meaning: str
    sources: tuple[Source, ...]
    bed_days: bool = False
    why_not: str = ""

    def source_among(self, feeds: Mapping[str, Any]) -> Source | None:
        """Answer the one source that it is counted from where these feeds have come: the first of its own."""
        return next((one for one in self.sources if one.feed in feeds), None)


@cache
def points_of_delivery() -> Mapping[str, PointOfDelivery]:
    """Answer every point of delivery by its code, in the order of the file."""
    said = tomllib.loads((Path(__file__).parent / "activity.toml").read_text(encoding="utf-8"))
    return {code: read_point(code, one) for code, one in said.items()}


def point_of_delivery(code: str) -> PointOfDelivery:
    """Answer one point of delivery; raises NotFound, with the nearest, for a code that there is none of."""
    known = points_of_delivery()
    if code not in known:
        raise NotFound(
            f"There is no point of delivery '{code}'.{did_you_mean(code, known)} There are: {', '.join(known)}."
        )
    return known[code]


def read_point(code: str, said: Mapping[str, Any]) -> PointOfDelivery:
    """Answer what the file says of one; raises RuleError for a word that means nothing, or for no source at all."""
    unknown = sorted(said.keys() - _TELLS)
    unknown += [word for one in said.get("source", ()) for word in sorted(one.keys() - _SAYS)]
    if unknown:
        raise RuleError(
            f"activity.toml, {code}: '{unknown[0]}' means nothing.{did_you_mean(unknown[0], _TELLS | _SAYS)}"
        )
    sources = tuple(_source(one) for one in said.get("source", ()))
    if bool(sources) == bool(said.get("not_collected")):
        raise RuleError(f"activity.toml, {code}: expected either a source or why it is not collected.")
    return PointOfDelivery(
        code,
        said["title"],
        said["unit"],
        said.get("meaning", ""),
        sources,
        bool(said.get("bed_days", False)),
        said.get("not_collected", ""),
    )


def _source(said: Mapping[str, Any]) -> Source:
    def conditions(word: str) -> Conditions:
        return tuple((column, tuple(values)) for column, values in said.get(word, {}).items())

    nights = said.get("nights")
    return Source(
        said["table"],
        said["feed"],
        said.get("day", "on"),
        said.get("provider", "provider"),
        said.get("service", "service"),
        conditions("where"),
        conditions("begins"),
        conditions("never"),
        tuple(said.get("hrg_begins", ())),
        (int(nights[0]), int(nights[1])) if nights else None,
        bool(said.get("stays", False)),
        bool(said.get("weeks", False)),
        int(said.get("settles", 0)),
    )
