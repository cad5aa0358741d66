"""What is kept of a table that leaves, and what a new one gives away beside those that are out, as findings.

The rule is `differencing`: it knows from the definitions which counts can be taken from which, and how exactly rounding
lets anybody read what is left. Here its answer becomes a finding, which names no group and no count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from joinedup.errors import RuleError
from joinedup.measures.cohorts.answers import said_alike
from joinedup.measures.releases.checks import Finding

if TYPE_CHECKING:
    from joinedup.measures.disclosure.differencing import Released
    from joinedup.measures.disclosure.shown_tables import ShownTable

BETWEEN: Final = " | "
UNKNOWN: Final = "Unknown"
AREAS: Final = ("practice", "neighbourhood", "place")
"""Dimensions that are areas, the smallest first: each lies in one of the next."""
MOST_CELLS: Final = 400
"""Every pair of cells is looked at: a table of more is asked for in parts."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is kept of a table for comparing: whom it counts, by what, when, how protected, and its raw counts.

    `cells` maps the values of a cell, in the order of `dimensions` and joined by " | ", to the count of people; of a
    table without dimensions, "" to the one count. `hidden` are cells that bear a star though they are not small.
    `parts` says of every area of its time which area it is a part of ("" for the whole).
    """

    sentences: tuple[str, ...]
    dimensions: tuple[str, ...]
    period: str
    mode: str
    cells: Mapping[str, int] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)


def against(tables: Sequence[Compared], register: Sequence[Compared]) -> list[Finding]:
    """Answer a finding for each way in which these tables give somebody away together with those that are out."""
    from joinedup.measures.disclosure.differencing import leaks

    for table in tables:
        if len(table.cells) > MOST_CELLS:
            raise RuleError(
                f"This table has {len(table.cells):,} cells; at most {MOST_CELLS} can be compared with what is out. "
                "Count by fewer or broader groups."
            )
    parts = {area: of for one in (*register, *tables) for area, of in one.parts.items()}
    for one in (*register, *tables) if parts else ():
        parts |= _unlisted(one, parts)
    found = leaks([_released(one) for one in tables], [_released(one) for one in register], parts=parts)
    places = Counter((one.says, one.advice) for one in found)
    return [
        Finding("difference", "refuse", f"Together with what is out already: {says} {advice}", places=count)
        for (says, advice), count in places.items()
    ]


def together(tables: Sequence[ShownTable], register: Sequence[ShownTable]) -> list[Finding]:
    """Answer a finding for each way in which tables of measures give somebody away together with those that are out."""
    from joinedup.measures.disclosure.shown_tables import given_away

    return [
        Finding(
            "difference",
            "refuse" if one.is_sure else "explain",
            f"Together with what is out already: {one.says}",
            places=one.places,
        )
        for one in given_away(tables, register)
    ]


def said(sentences: Iterable[str]) -> frozenset[str]:
    """Answer what sentences say, however they are spelt: "Is registered." is "is registered"."""
    return frozenset(map(_meaning, sentences))


def _meaning(sentence: str) -> str:
    from joinedup.population import parse_statement

    (plain,) = said_alike([sentence])
    try:
        return repr(replace(parse_statement(plain), sentence="")).casefold()
    except RuleError:
        return plain


def _released(table: Compared) -> Released:
    from joinedup.measures.disclosure.differencing import AREA, Released

    others = tuple(name for name in table.dimensions if name not in AREAS)
    is_by_area = len(others) < len(table.dimensions)
    return Released(
        said(table.sentences),
        (*others, AREA) if is_by_area else others,
        table.period,
        table.mode,
        {_values(table, cell): count for cell, count in table.cells.items()},
        frozenset(_values(table, cell) for cell in table.hidden),
    )


def _values(table: Compared, cell: str) -> tuple[str, ...]:
    """Answer the values of a cell, with the smallest of its areas as the last."""
    values = dict(zip(table.dimensions, cell.split(BETWEEN), strict=True)) if cell else {}
    areas = _areas(values)
    return (*(value for name, value in values.items() if name not in AREAS), *areas[:1])


def _areas(values: Mapping[str, str]) -> list[str]:
    """Answer the areas of a cell, the smallest first. Where one is not known, it is the rest of the next."""
    found: list[str] = []
    for kind in reversed([kind for kind in AREAS if kind in values]):
        rest = f"{UNKNOWN} {kind}" + (f" of {found[0]}" if found else "")
        found.insert(0, rest if values[kind] == UNKNOWN else values[kind])
    return found


def _unlisted(table: Compared, parts: Mapping[str, str]) -> dict[str, str]:
    """Answer the areas of a table that are on no list: who is of no known area, and practices of none."""
    found: dict[str, str] = {}
    for cell in table.cells if set(AREAS).intersection(table.dimensions) else ():
        areas = _areas(dict(zip(table.dimensions, cell.split(BETWEEN), strict=True)))
        found |= {one: of for one, of in zip(areas, [*areas[1:], ""], strict=True) if one not in parts}
    return found
