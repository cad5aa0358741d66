"""Areas for counting by: which practice and small area lay in which neighbourhood, place and system, and when.

A practice's neighbourhood is what `system` links it to (itself, or the network it is a member of), else where its own
postcode lies (of an unknown postcode its whole sector or district, where that lies in one), else nothing; its place and
system are then those in which all of its sub-ICB location lies.

Deprivation: national quintiles come from the ranks of the Index of Multiple Deprivation; local quintiles rank the small
areas of one system anew (rules: population PD9). Where only national deciles are known (small areas that are made up),
areas of one decile are ranked by their codes, so that local fifths are of equal size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Protocol

SMALL_AREAS_OF_ENGLAND = 32_844
KINDS = ("neighbourhood", "place", "system")
LONG_AGO = date(1900, 1, 1)
FAR_AHEAD = date(9999, 1, 1)
Rows = list[dict[str, Any]]


class Spell(Protocol):
    """Something that holds of `of` from `starts` up to `ends`."""

    @property
    def of(self) -> str: ...
    @property
    def says(self) -> str: ...
    @property
    def starts(self) -> date | None: ...
    @property
    def ends(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Areas:
    """The three tables of areas, as rows, and what must be said of them."""

    practice_area: Rows
    small_area: Rows
    area: Rows
    notes: tuple[str, ...]


def areas(
    facts: Any,
    lsoa_of: Callable[[str], str | None],
    near: Callable[[str], list[set[str]]],
    systems: frozenset[str] | None = None,
) -> Areas:
    """Answer the tables from what `system` answers (`dated_areas`), for these systems (by code) or all.

    `lsoa_of` answers the small area of a postcode, or None, `near` those of its sector and of its district.
    """
    small, notes = _small_areas(facts)
    practices = _practices(facts, small, lsoa_of, near)
    whole = _whole_areas(facts) + _practice_lives(facts, practices)
    if systems is not None:
        kept_small = [row for row in small if row["system"] in systems]
        kept_practices = [row for row in practices if row["system"] in systems]
        codes = set(systems) | {row[kind] for row in kept_small + kept_practices for kind in KINDS if row[kind]}
        codes |= {row["practice"] for row in kept_practices}
        small, practices = kept_small, kept_practices
        whole = [row for row in whole if row["code"] in codes]
    _local_quintiles(small)
    return Areas(practices, small, sorted(whole, key=_order), tuple(notes))


def national_quintile(rank: int | None, decile: int | None) -> int | None:
    """Answer the fifth of England that a rank or a decile lies in, 1 the most deprived; None when neither is known.

    >>> national_quintile(1, None), national_quintile(32_844, None), national_quintile(None, 4)
    (1, 5, 2)
    """
    if rank is not None:
        return min(5, 1 + (rank - 1) * 5 // SMALL_AREAS_OF_ENGLAND)
    return None if decile is None else (decile + 1) // 2


def national_decile(rank: int | None, decile: int | None) -> int | None:
    """Answer the tenth of England: as it is published, else from the rank."""
    if decile is not None or rank is None:
        return decile
    return min(10, 1 + (rank - 1) * 10 // SMALL_AREAS_OF_ENGLAND)


def quantiles(values: Sequence[Any], k: int) -> list[int | None]:
    """Answer the quantile of each value, 1 for the lowest; ties share theirs (rules: population PD9).

    None stays None and does not count; all are None when fewer than `k` values are known. Whole numbers throughout.
    """
    known = sorted(value for value in values if value is not None)
    n = len(known)
    if n < k:
        return [None] * len(values)
    lower: dict[Any, int] = {}
    for place, value in enumerate(known):
        lower.setdefault(value, place)
    answer: list[int | None] = []
    for value in values:
        if value is None:
            answer.append(None)
            continue
        better = lower[value]
        # floor((k + 1) - ceil((n + 1 - r) / (n / k))) with r = better + 1, kept in whole numbers.
        answer.append(max(1, k + 1 - -(-((n - better) * k) // n)))
    return answer


def spells(layers: Mapping[str, Iterable[Spell]]) -> dict[str, list[tuple[date, date, dict[str, str]]]]:
    """Answer, for each thing, its periods of one and the same answer of each layer; a gap in one layer is no answer."""
    by_thing: dict[str, list[tuple[str, str, date, date]]] = defaultdict(list)
    for layer, told in layers.items():
        for one in told:
            by_thing[one.of].append((layer, one.says, one.starts or LONG_AGO, one.ends or FAR_AHEAD))
    answer = {}
    for thing, told_of in by_thing.items():
        cuts = sorted({day for _, _, starts, ends in told_of for day in (starts, ends)})
        found: list[tuple[date, date, dict[str, str]]] = []
        for begin, end in pairwise(cuts):
            says: dict[str, str] = {}
            for layer, what, starts, ends in told_of:
                if starts <= begin and end <= ends:
                    says.setdefault(layer, what)
            if not says:
                continue
            if found and found[-1][1] == begin and found[-1][2] == says:
                found[-1] = (found[-1][0], end, says)
            else:
                found.append((begin, end, says))
        answer[thing] = found
    return answer


def _small_areas(facts: Any) -> tuple[Rows, list[str]]:
    told = spells(facts.parts)
    rows: Rows = []
    is_ranked = True
    for one in facts.small_areas:
        is_ranked = is_ranked and one.imd_rank is not None
        for starts, ends, says in told.get(one.code, [(LONG_AGO, FAR_AHEAD, {})]):
            rows.append({
                "lsoa11": one.code,
                **{kind: says.get(kind) for kind in KINDS},
                "imd_rank": one.imd_rank,
                "imd_decile": national_decile(one.imd_rank, one.imd_decile),
                "deprivation_national": national_quintile(one.imd_rank, one.imd_decile),
                "deprivation_local": None,
                "population": one.population,
                **_period(starts, ends),
            })  # fmt: skip
    notes = [] if is_ranked or not rows else [
        "Small areas without a national rank are ranked locally by decile, and within a decile by code."
    ]  # fmt: skip
    return rows, notes


def _local_quintiles(rows: Rows) -> None:
    """Rank the small areas of each system, as its area is today, or was when it ended."""
    by_system: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        if row["system"]:
            # A rank of England orders first; where there is none, the decile and then the code stand for it.
            value = None
            if row["imd_rank"] is not None:
                value = (0, row["imd_rank"], "")
            elif row["imd_decile"] is not None:
                value = (1, row["imd_decile"], row["lsoa11"])
            by_system[row["system"]][row["lsoa11"]] = value
    local = {
        (system, code): quantile
        for system, values in by_system.items()
        for code, quantile in zip(values, quantiles(list(values.values()), 5), strict=True)
    }
    for row in rows:
        row["deprivation_local"] = local.get((row["system"], row["lsoa11"]))


def _practices(
    facts: Any, small: Rows, lsoa_of: Callable[[str], str | None], near: Callable[[str], list[set[str]]]
) -> Rows:
    of_small: dict[str, Rows] = defaultdict(list)
    for row in small:
        of_small[row["lsoa11"]].append(row)
    parent = _parents(facts)
    linked: dict[str, list[Any]] = defaultdict(list)
    for one in facts.linked:
        linked[one.of].append(one)
    postcodes = {one.of: one.says for one in facts.postcodes}  # the newest counts
    lives: dict[str, tuple[date, date]] = {}
    for one in facts.practices:
        starts, ends = lives.get(one.of, (FAR_AHEAD, LONG_AGO))
        lives[one.of] = min(starts, one.starts or LONG_AGO), max(ends, one.ends or FAR_AHEAD)
    rows: Rows = []
    for practice, (opened, closed) in sorted(lives.items()):
        layers: dict[str, list[_Spell]] = {kind: [] for kind in KINDS}
        if linked[practice]:
            for one in linked[practice]:
                layers["neighbourhood"].append(_Spell(practice, one.says, one.starts, one.ends))
                for kind, code in parent(one.says).items():
                    layers[kind].append(_Spell(practice, code, one.starts, one.ends))
        else:
            lsoa = lsoa_of(postcodes[practice]) if practice in postcodes else None
            around = [] if lsoa else near(postcodes.get(practice, ""))
            around = [*around, set(facts.small_areas_of_sub_icb.get(facts.sub_icb_of.get(practice, ""), ()))]
            where = of_small[lsoa] if lsoa else _agreed(around, of_small)
            for row in where:
                for kind in KINDS:
                    if row[kind]:
                        layers[kind].append(_Spell(practice, row[kind], row["starts"], row["ends"]))
        found = [
            (max(starts, opened), min(ends, closed), says)
            for starts, ends, says in spells(layers).get(practice, [])
            if max(starts, opened) < min(ends, closed)
        ] or [(opened, closed, {})]
        rows += [
            {"practice": practice, **{kind: says.get(kind) for kind in KINDS}, **_period(starts, ends)}
            for starts, ends, says in found
        ]
    return rows


def _agreed(around: Iterable[Iterable[str]], of_small: Mapping[str, Rows]) -> Rows:
    """Answer, for each kind of area, the first one that a whole surrounding of small areas lies in today."""
    agreed: dict[str, Any] = {}
    for codes in around:
        now = [row for code in codes for row in of_small.get(code, ()) if row["ends"] is None]
        for kind in KINDS:
            values = {row[kind] for row in now}
            if kind not in agreed and len(values) == 1 and None not in values:
                agreed[kind] = values.pop()
    return [{**dict.fromkeys(KINDS), **agreed, "starts": None, "ends": None}] if agreed else []


@dataclass(frozen=True, slots=True)
class _Spell:
    of: str
    says: str
    starts: date | None
    ends: date | None


def _parents(facts: Any) -> Callable[[str], dict[str, str]]:
    up = {one.of: one.says for one in facts.within}  # the newest counts

    def parents(code: str) -> dict[str, str]:
        found: dict[str, str] = {}
        while (code := up.get(code, "")) and facts.kind_of[code] not in found:
            found[facts.kind_of[code]] = code
        return found

    return parents


def _whole_areas(facts: Any) -> Rows:
    """Answer neighbourhoods, places and systems: a row for each period of one name and one parent."""
    lives: dict[str, list[tuple[date, date]]] = defaultdict(list)
    members: dict[str, list[tuple[str, date, date]]] = defaultdict(list)
    for kind in KINDS:
        for one in facts.parts[kind]:
            starts, ends = one.starts or LONG_AGO, one.ends or FAR_AHEAD
            lives[one.says].append((starts, ends))
            members[one.says].append((one.of, starts, ends))
    told = spells({"name": facts.names, "part_of": facts.within})
    rows: Rows = []
    for code, kind in sorted(facts.kind_of.items()):
        if code not in lives:
            continue
        born, died = min(starts for starts, _ in lives[code]), max(ends for _, ends in lives[code])
        became = _went_into(code, kind, died, members, facts) if died < FAR_AHEAD else None
        periods = [
            (max(starts, born), min(ends, died), says)
            for starts, ends, says in told.get(code, [])
            if max(starts, born) < min(ends, died)
        ] or [(born, died, {})]
        rows += [
            {
                "code": code, "kind": kind, "name": says.get("name", code), "part_of": says.get("part_of"),
                **_period(starts, ends), "became": became,
            }
            for starts, ends, says in periods
        ]  # fmt: skip
    return rows


def _went_into(
    code: str, kind: str, died: date, members: Mapping[str, Sequence[tuple[str, date, date]]], facts: Any
) -> str | None:
    """Answer the one area that holds, from the day on which this one ended, everything that this one held last."""
    last = {small for small, _, ends in members[code] if ends == died}
    into = {
        one.says
        for one in facts.parts[kind]
        if one.of in last and (one.starts or LONG_AGO) <= died < (one.ends or FAR_AHEAD)
    }
    return into.pop() if len(into) == 1 else None


def _practice_lives(facts: Any, placed: Rows) -> Rows:
    names = {one.of: one.says for one in facts.practice_names}
    became: dict[str, set[str]] = defaultdict(set)
    for old, new, _ in facts.successions:
        became[old].add(new)
    return [
        {
            "code": row["practice"], "kind": "practice", "name": names.get(row["practice"], row["practice"]),
            "part_of": row["neighbourhood"] or row["place"] or row["system"], "starts": row["starts"],
            "ends": row["ends"],
            "became": next(iter(became[row["practice"]]))
            if row["ends"] and len(became.get(row["practice"], ())) == 1 else None,
        }
        for row in placed
    ]  # fmt: skip


def _period(starts: date, ends: date) -> dict[str, date | None]:
    return {"starts": starts, "ends": None if ends == FAR_AHEAD else ends}


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["kind"], row["code"], row["starts"] or LONG_AGO


def since(day: date) -> date:
    """Answer from which day on areas are needed: five years before a snapshot's day, for three years and a margin."""
    return day - timedelta(days=5 * 366)
