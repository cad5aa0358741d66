"""Tables of measures that leave, as anybody reads them, and what several of them give away together (rules: PE5).

Of a table of measures the register keeps what was shown, not the counts behind it: a recipient has no more. A count is
one of a measure, an area, a group, a month; rounding leaves an interval of it, a star next to nothing. Areas add up to
the area of which they are a part, groups to everybody. Every star, and every count that nobody publishes, is put to a
linear programme under all tables that are out and the new one: it must stay as open as 1 to 7 is.

Whether parts are the whole of a total is taken for sure first; where no counts would fit, that there may be more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from joinedup.errors import RuleError
from joinedup.measures.disclosure.bounds import Sum, cell_bounds
from joinedup.measures.disclosure.rounding import SMALL, UNBOUNDED, checked_mode

ALL: Final = "all"
MOST_ASKED: Final = 2_000
"""Each asks for two linear programmes, of some milliseconds: more are asked for in parts."""
SPREAD: Final = 4
_BETWEEN: Final = " | "


class Cell(NamedTuple):
    """What is counted: `column` is numerator or denominator, `band` is "" for everybody (breakdown "all")."""

    measure: str
    month: str  # 2026-03
    column: str
    area: str
    breakdown: str = ALL
    band: str = ""


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table of measures as it is read: each count as shown, None for a star; how counts are protected; `parts`.

    `is_ours`: joinedup made and protected it, so that nothing follows from it alone, and a star may hide a larger
    count, so that a small one beside it can't be worked out.
    """

    mode: str
    cells: Mapping[Cell, int | None]
    parts: Mapping[str, str] = field(default_factory=dict)
    is_ours: bool = True

    def __post_init__(self) -> None:
        checked_mode(self.mode)

    def as_json(self) -> dict[str, object]:
        """Answer it as the register keeps it."""
        return {
            "shown": {_BETWEEN.join(cell): count for cell, count in self.cells.items()},
            "parts": dict(self.parts),
            "is_ours": self.is_ours,
        }

    @classmethod
    def from_json(cls, mode: str, said: Mapping[str, Mapping[str, str]]) -> ShownTable:
        """Answer what the register keeps as a table again."""
        shown: Mapping[str, object] = said["shown"]
        cells = {Cell(*key.split(_BETWEEN)): None if one is None else int(str(one)) for key, one in shown.items()}
        return cls(mode, cells, dict(said["parts"]), bool(said["is_ours"]))

    def between(self, cell: Cell) -> tuple[int, int]:
        """Answer the least and the most that a count can be, known only as it is shown."""
        count = self.cells[cell]
        if count is None:
            if self.is_ours or self.mode == "suppress":
                return 0, UNBOUNDED
            return (0 if self.mode == "opensafely" else 1), SMALL
        if count == 0 or self.mode == "suppress":
            return count, count
        low, high = (2, 3) if self.mode == "midpoint6" else (2, 2)
        return (count - low, count + high) if self.mode == "midpoint6" else (max(SMALL + 1, count - low), count + high)


@dataclass(frozen=True, slots=True)
class Told:
    """What tables give away together: the kind (a key of SAYS), and of how many counts. No count, no group.

    `is_sure`: it is 1 to 7 people; else it may be more, and whoever asks can say why it is.
    """

    kind: str
    says: str
    places: int

    @property
    def is_sure(self) -> bool:
        return self.kind not in ("near", "unclear")


SAYS: Final = {
    "star": "A hidden count can be worked out from what is published around it.",
    "near": "A hidden count, if it is one of 1 to 7 people, is narrowed by what is published around it.",
    "rest": "A total minus its parts leaves 1 to 7 people.",
    "period": "The same group, counted at two times, differs by 1 to 7 people.",
    "unclear": "What is out and this table contradict each other, so they could not be compared.",
}


def given_away(new: Sequence[ShownTable], register: Sequence[ShownTable]) -> list[Told]:
    """Answer what the new tables give away together with those that are out, and with each other.

    Raises RuleError where more counts would have to be asked of than can be.
    """
    parts = {area: of for table in (*register, *new) for area, of in table.parts.items()}
    known: dict[Cell, tuple[int, int]] = {}
    shown = set[Cell]()
    for table in register:
        _learn(table, known, shown)
    told: dict[str, int] = defaultdict(int)
    changed = set[tuple[str, str, str]]()
    out = {cell[:3] for cell in known}
    for table in new:
        before = dict(known)
        told["period"] += _learn(table, known, shown)
        news = {cell[:3] for cell in table.cells if before.get(cell) != known[cell]}
        changed |= news & out if table.is_ours else news
        out |= {cell[:3] for cell in table.cells}
    by_subject: dict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    for cell in known:
        if cell[:3] in changed:
            by_subject[cell[:3]].append(cell)
    asked = 0
    for subject, cells in sorted(by_subject.items()):
        asked += sum(cell not in shown for cell in cells)
        if asked > MOST_ASKED:
            raise RuleError(
                f"This table has more than {MOST_ASKED:,} hidden counts to compare with what is out. Release fewer "
                "measures, areas or months at once."
            )
        for kind, many in _audit(subject, cells, known, shown, parts).items():
            told[kind] += many
    return [Told(kind, SAYS[kind], told[kind]) for kind in SAYS if told[kind]]


def _learn(table: ShownTable, known: dict[Cell, tuple[int, int]], shown: set[Cell]) -> int:
    """Add what a table says to what is known; answers how many counts it shows to differ by 1 to 7 from before."""
    few = 0
    for cell, count in table.cells.items():
        low, high = table.between(cell)
        if cell in known:
            old_low, old_high = known[cell]
            if max(low, old_low) <= min(high, old_high):
                low, high = max(low, old_low), min(high, old_high)
            else:  # it was counted anew: another count, of nearly the same people
                apart = (low - old_high, high - old_low) if low > old_high else (old_low - high, old_high - low)
                few += apart[0] >= 1 and apart[1] <= SMALL and apart[1] - apart[0] < SPREAD
        known[cell] = low, high
        if count is not None:
            shown.add(cell)
    return few


def _audit(
    subject: tuple[str, str, str], cells: Iterable[Cell], known: Mapping[Cell, tuple[int, int]], shown: set[Cell],
    parts: Mapping[str, str],
) -> dict[str, int]:  # fmt: skip
    """Answer of how many stars, and of how many counts that nobody publishes, too little stays open."""
    number = {cell: at for at, cell in enumerate(cells)}
    sums = [*_sums(subject, number, parts)]
    least = np.zeros(len(number), dtype=np.int64)
    most = np.full(len(number), UNBOUNDED, dtype=np.int64)
    for cell, at in number.items():
        least[at], most[at] = known.get(cell, (0, UNBOUNDED))
    tied = {at for total, members in sums for at in (total, *members)}
    wanted = [at for cell, at in number.items() if at in tied and cell not in shown]
    if not wanted:
        return {}
    try:
        low, high = cell_bounds(least, most, sums, wanted)
    except ValueError:
        rests = np.arange(len(number), len(number) + len(sums))
        least, most = np.append(least, 0 * rests), np.append(most, 0 * rests + UNBOUNDED)
        sums = [(total, (*members, int(rest))) for (total, members), rest in zip(sums, rests, strict=True)]
        wanted += rests.tolist()
        try:
            low, high = cell_bounds(least, most, sums, wanted)
        except ValueError:
            return {"unclear": 1}
    found: dict[str, int] = defaultdict(int)
    names = list(number)
    for at, below, above in zip(wanted, np.ceil(low - 1e-6), np.floor(high + 1e-6), strict=True):
        if at < len(names) and names[at] in known:
            if above >= 1 and below <= SMALL and (below > 1 or above < SMALL):
                found["star" if above <= SMALL else "near"] += 1
        elif below >= 1 and above <= SMALL and above - below < SPREAD:
            found["rest"] += 1
    return found


def _sums(subject: tuple[str, str, str], number: dict[Cell, int], parts: Mapping[str, str]) -> Iterator[Sum]:
    """Yield the sums over the counts of one measure, month and column; a part that nobody publishes is added."""
    children: dict[str, list[str]] = defaultdict(list)
    for area, of in parts.items():
        if of:
            children[of].append(area)
    groups = {cell[4:] for cell in number}
    for whole, ones in sorted(children.items()):
        for group in sorted(groups):
            total = number.get(Cell(*subject, whole, *group))
            there = [one for one in ones if Cell(*subject, one, *group) in number]
            if total is None or not there:
                continue
            members = [number[Cell(*subject, one, *group)] for one in there]
            if len(there) < len(ones):
                # Of one that is missing nothing is known but what the others leave; several are one rest together.
                rest = [one for one in ones if one not in there]
                members.append(number.setdefault(Cell(*subject, " and ".join(rest), *group), len(number)))
            yield total, members
    bands: dict[tuple[str, str], list[int]] = defaultdict(list)
    for cell, at in [*number.items()]:
        if cell.breakdown != ALL:
            bands[cell.area, cell.breakdown].append(at)
    for (area, _), members in sorted(bands.items()):
        total = number.get(Cell(*subject, area))
        if total is not None:
            yield total, members
