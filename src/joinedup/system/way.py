"""The way of a system: who led it, in which legal form, and who bought its care, from one change to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q

from joinedup.system.models import Body, Link, Name, Part, Serving, Standing, Within
from joinedup.system.picture import Picture

Answer = dict[str, Any]
# Deeper than any area lies in another: system, place, neighbourhood.
PRECISIONS: Final = ("year", "month", "day")
DEEPEST = 4


def way(picture: Picture, system: UUID) -> list[Answer]:
    """Answer the stretches of days of a system, oldest first, by what is known at the picture's moment.

    A stretch begins when its leader, the leader's name, kind or legal form, who commissions care or the number of small
    areas changes; the first begins with the first leader. `commissioned_by` are the bodies that commission for the
    system or an area within it. Where no area of theirs is told, they are the groups among the leader's members, and
    `areas_told` is False. Dates are ISO text, as exact as they are known. Empty when nobody ever led it.
    """
    known = Q(known__contains=picture.moment.known_at)
    within = _within(known, system)
    serving = list(
        Serving.objects.filter(known, Q(area=system, role="leads") | Q(role="commissions_for", area__in=[*within]))
    )
    leading = {s.body_id for s in serving if s.role == "leads"}
    members = list(Link.objects.filter(known, to__in=leading, kind="member_of"))
    bodies = leading | {s.body_id for s in serving} | {m.body_id for m in members}
    standing = list(Standing.objects.filter(known, body__in=bodies))
    called = list(Name.objects.filter(known, body__in=bodies, role="official"))
    parts = Part.objects.filter(known, area=system, small_area__retired_at__isnull=True)
    sizes = list(parts.values("valid").annotate(many=Count("pk")).order_by())
    keys = dict(Body.objects.filter(pk__in=bodies).values_list("pk", "key"))
    first = min((s.valid.lower for s in serving if s.role == "leads"), default=None)
    if first is None:
        return []

    def named(found: Iterable[UUID], on: date) -> list[Answer]:
        asked = set(found)
        held = {s.body_id: s for s in standing if on in s.valid and s.body_id in asked}
        names = {n.body_id: n.name for n in called if on in n.valid}
        told = [
            {"key": keys[b], "name": names.get(b, keys[b]), "kind": s.kind, "legal_form": s.legal_form}
            for b, s in held.items()
        ]
        return sorted(told, key=lambda body: (body["name"], body["key"]))

    def stretch(on: date) -> Answer:
        here = {area for area, depth in _reached(within, system, on).items() if depth is not None}
        leaders = named((s.body_id for s in serving if s.role == "leads" and on in s.valid), on)
        buying = {s.body_id for s in serving if s.role == "commissions_for" and s.area_id in here and on in s.valid}
        groups = [b for b in named((m.body_id for m in members if on in m.valid), on) if b["kind"] == "ccg"]
        commissioners = named(buying, on)
        return {
            "led_by": leaders[0] if leaders else None,
            "commissioned_by": commissioners or groups,
            "areas_told": bool(commissioners or not groups),
            "small_areas": sum(s["many"] for s in sizes if on in s["valid"]),
        }

    told = [(s.valid.lower, s.from_precision) for s in (*called, *standing, *serving) if s.valid.lower]
    # Of two facts that begin on one day the more exact one says how exact the day is, in whatever order they come.
    exact = dict(sorted(told, key=lambda one: PRECISIONS.index(one[1])))
    days = {day for fact in (*serving, *standing, *called, *members) for day in (fact.valid.lower, fact.valid.upper)}
    days |= {day for size in sizes for day in (size["valid"].lower, size["valid"].upper)}
    days |= {day for places in within.values() for valid, _ in places for day in (valid.lower, valid.upper)}
    found: list[Answer] = []
    for day in sorted(day for day in days if day is not None and day >= first):
        row = stretch(day)
        if not found or any(found[-1][name] != said for name, said in row.items()):
            found.append({"from": _said(day, exact.get(day, "day")), "day": day.isoformat(), **row})
    return found


def _within(known: Q, system: UUID) -> dict[UUID, list[tuple[Any, UUID | None]]]:
    """Answer the areas that ever lay within a system, each with the days on which it did and what it lay in."""
    found: dict[UUID, list[tuple[Any, UUID | None]]] = defaultdict(list)
    found[system] = []
    ahead = {system}
    for _ in range(DEEPEST):
        rows = Within.objects.filter(known, parent__in=ahead)
        ahead = set()
        for row in rows:
            if row.area_id not in found:
                ahead.add(row.area_id)
            found[row.area_id].append((row.valid, row.parent_id))
        if not ahead:
            break
    return dict(found)


def _reached(within: dict[UUID, list[tuple[Any, UUID | None]]], system: UUID, on: date) -> dict[UUID, int | None]:
    """Answer how deep each area lies within the system on a day, None where it does not."""
    depth: dict[UUID, int | None] = dict.fromkeys(within)
    depth[system] = 0
    for step in range(1, DEEPEST + 1):
        for area, places in within.items():
            if depth[area] is None and any(
                on in valid and parent is not None and depth.get(parent) == step - 1 for valid, parent in places
            ):
                depth[area] = step
    return depth


def _said(day: date, precision: str) -> str:
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[precision]]
