"""Storing GP practices and others from the Organisation Data Service's lists: only what is not known is added."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from joinedup.system import published
from joinedup.system.facts import Basis, Days, copy_rows, state_all
from joinedup.system.load import thing_id
from joinedup.system.models import Body, Identifier, Link, Name, Serving, Site, Source, Standing
from joinedup.system.periods import PartialDate
from joinedup.system.practice_file import GP_PRACTICE, Practice, read_practices
from joinedup.system.published_import import title_case


@dataclass(frozen=True, slots=True)
class _List:
    title: str
    kind: str
    legal_form: str
    sector: str
    setting: str


LISTS = {
    "epraccur": _List("GP practices", "gp_practice", "none", "primary_care", GP_PRACTICE),
    "enonnhs": _List("Organisations outside the NHS", "vcse", "charity", "voluntary", ""),
}


@dataclass(slots=True)
class PracticesLoaded:
    """What a list of practices added: counts by fact, how many practices it has, and how many were known already.

    `left_out` are rows of other prescribing settings or only proposed; `unknown_commissioners` the codes of
    commissioners that denote nothing here, so that it stays open where those practices are.
    """

    added: Counter[str] = field(default_factory=Counter)
    listed: int = 0
    known: int = 0
    left_out: int = 0
    unknown_commissioners: Counter[str] = field(default_factory=Counter)
    is_unchanged: bool = False


def store_practices(path: Path, recorded_by: str, *, is_simulated: bool, of: str = "epraccur") -> PracticesLoaded:
    """Store the organisations of a list (`of` is a key of LISTS) inside the caller's transaction.

    A list that was stored before changes nothing.
    """
    done = PracticesLoaded()
    practices = []
    for practice in read_practices(path, LISTS[of].setting):
        if practice is None:
            done.left_out += 1
        else:
            practices.append(practice)
    done.listed = len(practices)
    digest = published.digest(path)
    key = f"{of}:{digest[:16]}"
    if Source.objects.filter(key=key).exists():
        done.is_unchanged, done.known = True, len(practices)
        return done
    denotes = {
        code: (body, area)
        for code, body, area in Identifier.objects.filter(scheme="ods", known__endswith__isnull=True)
        .order_by("valid")
        .values_list("code", "body_id", "area_id")
    }
    fresh = [practice for practice in practices if practice.code not in denotes]
    done.known = len(practices) - len(fresh)
    source = Source.objects.create(
        key=key,
        title=f"{LISTS[of].title} that a simulation made up" if is_simulated else f"{LISTS[of].title} ({of})",
        publisher="joinedup simulation" if is_simulated else "NHS England, Organisation Data Service",
        licence="" if is_simulated else "Open Government Licence v3.0",
        digest=digest,
    )
    basis = Basis(datetime.now(UTC), source, recorded_by)
    bodies = {one.code: Body(id=thing_id("body", f"ods:{one.code}"), key=f"ods:{one.code.lower()}") for one in fresh}
    copy_rows(Body, ["id", "key"], [(body.id, body.key) for body in bodies.values()])
    done.added["Body"] = len(bodies)
    kinds: Any = {"kind": LISTS[of].kind, "legal_form": LISTS[of].legal_form, "sector": LISTS[of].sector}
    located: list[Any] = []
    linked: list[Any] = []
    for one in fresh:
        body, area = denotes.get(one.commissioner, (None, None))
        days = _days(one.commissioned_from, one.commissioned_to)
        if days is None:
            continue
        if area:
            about = {"body": bodies[one.code], "area_id": area, "role": "located_in"}
            located.append((about, {"share": None}, days))
        elif body:
            about = {"body": bodies[one.code], "to_id": body, "kind": "part_of"}
            linked.append((about, {"share": None}, days))
        else:
            done.unknown_commissioners[one.commissioner] += 1
    facts: list[tuple[Any, list[Any]]] = [
        (Standing, [({"body": bodies[one.code]}, kinds, _whole(one)) for one in fresh]),
        (
            Name,
            [({"body": bodies[one.code], "role": "official"}, {"name": _name(one)}, _whole(one)) for one in fresh],
        ),
        (
            Identifier,
            [({"scheme": "ods", "code": one.code}, {"body": bodies[one.code]}, _whole(one)) for one in fresh],
        ),
        (
            Site,
            [({"body": bodies[one.code]}, {"postcode": one.postcode}, _whole(one)) for one in fresh if one.postcode],
        ),
        (Serving, located),
        (Link, linked),
    ]
    for model, wanted in facts:
        done.added[model.__name__] += state_all(model, wanted, basis)
    return done


def _whole(practice: Practice) -> Days:
    return Days(PartialDate(practice.start), PartialDate(practice.to) if practice.to else None)


def _days(start: Any, to: Any) -> Days | None:
    """The days from one to the other; None where the file says that it left before it joined."""
    if to is not None and to <= start:
        return None
    return Days(PartialDate(start), PartialDate(to) if to else None)


def _name(practice: Practice) -> str:
    return title_case(practice.name) if practice.name.isupper() else practice.name
