"""Who works in the whole system: people and posts by partner, place, profession and grade, in one month.

Unlike plans, which are at the scale of the simulated residents, this is of the whole system: its headcounts sum to
56,000. It names nobody, and no group stands for a person.
"""

from __future__ import annotations

import csv
import io
import tomllib
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from joinedup.simulation.plan_rows import terms as plan_terms
from joinedup.system import largest_remainder

COLUMNS = ("month", "partner", "partner_name", "place", "profession", "grade", "establishment_wte", "in_post_wte",
           "headcount", "vacancies_wte", "joiners_wte", "leavers_wte", "bank_wte", "agency_wte")  # fmt: skip


@cache
def terms() -> dict[str, Any]:
    """Answer partners, mixes and grades as roster.toml has them."""
    return tomllib.loads((files("joinedup.simulation") / "roster.toml").read_text(encoding="utf-8"))


def roster_csv() -> str:
    """Answer the roster; WTE with one decimal, joiners and leavers of the twelve months up to it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in _rows():
        writer.writerow(row)
    return out.getvalue()


def _rows() -> list[tuple[object, ...]]:
    groups: list[tuple[str, str, str, str, str]] = []
    weights: list[int] = []
    for partner, said in terms()["partners"].items():
        mix = terms()["mix"].get(said["mix"]) or plan_terms()["mix"][said["mix"]]
        for place, share in said["places"].items():
            for profession, part in mix.items():
                for grade, of in terms()["grades"][profession].items():
                    groups.append((partner, said["name"], place, profession, grade))
                    weights.append(said["people"] * share * part * of)
    counts = largest_remainder(terms()["people"], weights)
    return [_row(group, many) for group, many in zip(groups, counts, strict=True) if many]


def _row(group: tuple[str, str, str, str, str], people: int) -> tuple[object, ...]:
    profession = group[3]
    in_post = _one(people / Decimal("1.15"))
    vacancy = Decimal(plan_terms()["vacant"][profession]) / 1000
    establishment = _one(in_post / (1 - vacancy))
    vacant = establishment - in_post
    leavers = _one(in_post * (Decimal("0.28") if profession == "CARE" else Decimal("0.11")))
    joiners = leavers + _one(vacant / 5)
    agency = _one(vacant / 6)
    bank = _one(vacant * Decimal("0.55"))
    return (terms()["month"], *group, establishment, in_post, people, vacant, joiners, leavers, bank, agency)


def _one(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
