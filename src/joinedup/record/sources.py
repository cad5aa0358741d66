"""What pages and interface need to know of a source: its name, organisation, setting, and whether it is simulated."""

from __future__ import annotations

import time

from joinedup.feeds import Source, ledger

_KEPT_SECONDS = 5.0  # A source that is declared is known to every process within this time.
_kept: tuple[float, dict[str, Source]] = (0.0, {})


def every_source() -> dict[str, Source]:
    """Answer the declared sources by key."""
    global _kept
    read_at, known = _kept
    if time.monotonic() - read_at > _KEPT_SECONDS:
        known = ledger.declared()
        _kept = (time.monotonic(), known)
    return known


def is_simulated(key: str) -> bool:
    """Answer whether the patients of this source are made up; also when any source is, for what is written here."""
    known = every_source()
    return known[key].is_simulated if key in known else any(one.is_simulated for one in known.values())


def is_loaded() -> bool:
    """Answer whether simulated residents are here: then every page says so."""
    return any(one.is_simulated for one in every_source().values())
