"""Whether a snapshot is fit to stand, compared with the one before of its recipient and source (rules: population PB8).

A table that shrinks, a key column that empties or codes that are missing mean that a feed has broken more often than
that the world has changed. Then nothing is made unless somebody signs it off with a reason, which is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joinedup.population.manifest import KEY_COLUMNS

SHRINKS = 0.05
EMPTIES = 0.02
UNMAPPED = 0.01
FEWEST = 100  # rows; of fewer a share says nothing
CODED = ("pop_condition", "pop_observation", "pop_medication", "pop_immunisation", "pop_procedure")


def complaints(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """Answer what is wrong with the tables of a manifest, a sentence each; `before` are those of the one before.

    Codes count together: a table of few rows may rightly hold many that were only ever written down in words.
    """
    found = []
    coded = sum(int(now[name]["rows"]) for name in CODED if name in now)
    unmapped = {name: int(now[name].get("unmapped", 0)) for name in CODED if name in now}
    if coded >= FEWEST and (lost := sum(unmapped.values())) > UNMAPPED * coded:
        worst = max(unmapped, key=lambda name: (unmapped[name], name))
        found.append(
            f"{lost:,} of {coded:,} coded rows have no code ({lost / coded:.1%}, most of them in {worst}); expected 1% "
            "at most."
        )
    for name, table in now.items():
        rows = int(table["rows"])
        was = (before or {}).get(name)
        if was is None or int(was["rows"]) < FEWEST:
            continue
        old = int(was["rows"])
        if rows < old * (1 - SHRINKS):
            found.append(f"{name}: {rows:,} rows, {old:,} in the snapshot before; it shrinks by more than 5%.")
        for column in KEY_COLUMNS.get(name, ()):
            if not rows:
                continue
            share, before_share = table["nulls"].get(column, 0) / rows, was.get("nulls", {}).get(column, 0) / old
            if share - before_share > EMPTIES:
                found.append(
                    f"{name}.{column}: {share:.1%} are empty, {before_share:.1%} in the snapshot before; it empties by "
                    "more than 2 points."
                )
    found += [
        f"{name}: it is missing, the snapshot before had {int(was['rows']):,} rows."
        for name, was in (before or {}).items()
        if name not in now and int(was["rows"]) >= FEWEST
    ]
    return found
