"""Who works in the whole system: posts and people by partner, place, profession and grade, at the end of a month.

Unlike plans, which are at the scale of the simulated residents, this is of the whole system: its headcounts sum to
56,000. The newest month has a row for every person in post, every vacant post and everybody who left in the twelve
months before; earlier months have a row for each group. It names nobody, and no row stands for a person who exists.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from joinedup.simulation.plan_rows import terms as plan_terms
from joinedup.system import largest_remainder

COLUMNS = ("month", "partner", "place", "site", "profession", "staff_group", "grade", "establishment_wte",
           "in_post_wte", "bank_wte", "agency_wte", "headcount", "joined", "left", "skills")  # fmt: skip
_NONE = Decimal(0)
_ACUTE = ("EL", "DC", "NEL", "NELS", "MAT", "AE1", "OPFA", "OPFU", "OPPROC", "DIAG")


class _Group(NamedTuple):
    """The people of one partner, place, profession and grade."""

    partner: str
    place: str
    profession: str
    grade: str
    people: int


@cache
def terms() -> dict[str, Any]:
    """Answer partners, mixes and grades as roster.toml has them."""
    return tomllib.loads((files("joinedup.simulation") / "roster.toml").read_text(encoding="utf-8"))


def rosters() -> dict[str, str]:
    """Answer the roster of each month as CSV: the newest by person, the earlier ones by group."""
    earlier = {
        month: _csv(row for group in _groups(share) for row in _as_group(group, month))
        for month, share in zip(terms()["earlier"], terms()["earlier_people"], strict=True)
    }
    return earlier | {terms()["month"]: roster_csv()}


def roster_csv() -> str:
    """Answer the roster of the newest month, with a row for each person and each vacant post."""
    month = terms()["month"]
    return _csv(row for group in _groups(1000) for row in _by_person(group, month))


def minutes_by_profession() -> Iterator[tuple[str, str, Fraction]]:
    """Answer (point of delivery, profession or profession/skill, minutes for a unit), by the mix of staff in plans.

    Those of the professions of a point of delivery come to what the plans' assumptions say of all staff.
    """
    for setting in ("acute", "community", "mental_health"):
        for pod in plan_terms()[setting] if setting != "acute" else _ACUTE:
            for profession, part in plan_terms()["mix"][setting].items():
                yield pod, profession, Fraction(plan_terms()["minutes"][pod] * part, 1000)
    for pod, by_profession in terms()["skilled"].items():
        for who, hundredths in by_profession.items():
            part = plan_terms()["mix"][terms()["setting"].get(pod, "acute")][who.split("/")[0]]
            yield pod, who, Fraction(plan_terms()["minutes"][pod] * part * hundredths, 100_000)


def _csv(rows: Iterator[tuple[object, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue()


def _groups(share: int) -> list[_Group]:
    found: list[tuple[str, str, str, str]] = []
    weights: list[int] = []
    for partner, said in terms()["partners"].items():
        mix = terms()["mix"].get(said["mix"]) or plan_terms()["mix"][said["mix"]]
        for place, part in said["places"].items():
            for profession, of_mix in mix.items():
                for grade, of in terms()["grades"][profession].items():
                    found.append((partner, place, profession, grade))
                    weights.append(said["people"] * part * of_mix * of)
    counts = largest_remainder(terms()["people"] * share // 1000, weights)
    return [_Group(*group, many) for group, many in zip(found, counts, strict=True) if many]


def _by_person(group: _Group, month: str) -> Iterator[tuple[object, ...]]:
    """Answer a row for each person in post, each vacant post (bank and agency cover part of it), and each leaver."""
    months, times = _year_to(month), terms()["time"]["wte"]
    start = _start(group, month)
    left, joined = _moves(group)
    skills = list(terms()["skills"].get(group.profession, {}).items())
    # Where in the turn of hours a group begins; else all small groups would have the same.
    first = sum(map(ord, "".join(group[:4])))
    in_post = _NONE
    for n in range(group.people):
        wte = times[(first + n) % len(times)]
        in_post += Decimal(wte)
        came = months[(n * 5 + first) % 12] if n < joined else ""
        has = ";".join(code for place, (code, of) in enumerate(skills) if ((n + place * 7) * 37 + first) % 100 < of)
        yield (*start, wte, wte, 0, 0, 1, came, "", has)
    vacant = _vacant(group, in_post)
    while vacant > 0:
        post = min(vacant, Decimal(1))
        vacant -= post
        yield (*start, post, 0, _two(post * Decimal("0.55")), _two(post / 6), 0, "", "", "")
    for n in range(left):
        yield (*start, 0, times[(first + n * 3) % len(times)], 0, 0, 1, "", months[(n * 7 + first) % 12], "")


def _as_group(group: _Group, month: str) -> Iterator[tuple[object, ...]]:
    """Answer the rows of a group together: who stayed, who came within a year, who left, and the vacant posts."""
    months = _year_to(month)
    start = _start(group, month)
    left, joined = _moves(group)
    joined = min(joined, group.people)
    mean = Decimal("0.87")
    for many, came, went in ((group.people - joined, "", ""), (joined, months[5], ""), (left, "", months[6])):
        if many:
            wte = _two(many * mean)
            yield (*start, 0 if went else wte, wte, 0, 0, many, came, went, "")
    vacant = _vacant(group, _two(group.people * mean))
    if vacant:
        yield (*start, vacant, 0, _two(vacant * Decimal("0.55")), _two(vacant / 6), 0, "", "", "")


def _start(group: _Group, month: str) -> tuple[str, ...]:
    group_name = terms()["staff_groups"][group.profession]
    return month, group.partner, group.place, "", group.profession, group_name, group.grade


def _moves(group: _Group) -> tuple[int, int]:
    """Answer how many of a group left and joined within the year: a few posts more are filled than fall vacant."""
    leaving = terms()["leaving"].get(group.profession, terms()["leaving"]["default"])
    left = (group.people * leaving + 50) // 100
    return left, min(group.people, left + (group.people * 15 + 500) // 1000)


def _vacant(group: _Group, in_post: Decimal) -> Decimal:
    share = Decimal(plan_terms()["vacant"][group.profession]) / 1000
    return _two(in_post / (1 - share) - in_post)


def _year_to(month: str) -> tuple[str, ...]:
    """Answer the twelve months that end with one, the earliest first."""
    last = int(month[:4]) * 12 + int(month[5:]) - 1
    return tuple(f"{n // 12}-{n % 12 + 1:02d}" for n in range(last - 11, last + 1))


def _two(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
