"""Finding bodies, areas, codes and, for those who may see them, people in post."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import Grant
from joinedup.moment import Moment
from joinedup.system import answers
from joinedup.system.models import CodeSuccession
from joinedup.system.names import SHORT_KINDS, area_kind, body_href, body_kind, listed, said_scheme, span
from joinedup.system.periods import PartialDate
from joinedup.system.picture import Picture
from joinedup.ui import SearchResult

MOST = 40
# What people look for first: systems and places before the thousands of practices.
_FIRST = (
    "system", "place", "council", "neighbourhood", "sub_icb_location", "county", "care_group", "icb", "ics", "stp",
    "ccg", "foundation_trust", "nhs_trust", "local_authority",
)  # fmt: skip
_NAMED = """
SELECT coalesce(n.body_id, n.area_id), n.body_id IS NOT NULL, min(n.name), bool_or(n.valid @> %(on)s)
  FROM system_name n
 WHERE n.person_id IS NULL AND n.known @> %(known)s AND {words}
 GROUP BY 1, 2 ORDER BY bool_or(lower(n.name) = lower(%(text)s)) DESC, min(length(n.name)) LIMIT 200
"""
_CODED = """
SELECT coalesce(i.body_id, i.area_id), i.body_id IS NOT NULL, i.scheme, i.code, i.valid @> %(on)s
  FROM system_identifier i WHERE i.code = upper(%(text)s) AND i.known @> %(known)s ORDER BY i.valid @> %(on)s DESC
"""
_PEOPLE = """
SELECT DISTINCT n.name FROM system_name n WHERE n.person_id IS NOT NULL AND n.known @> %(known)s AND {words}
 ORDER BY n.name LIMIT 20
"""


def find(text: str, moment: Moment, grant: Grant) -> list[SearchResult]:
    """Answer what has this code, or a name with all of these words on any day, the likeliest first.

    People are found with a grant for `system.people` only. When nothing is found, the answer is the nearest words
    that would find something, each a link to that search.
    """
    text = " ".join(text.split())[:100]
    if len(text) < 2:
        return []
    picture = Picture(moment)
    found = [*_by_code(picture, text), *_by_name(picture, text)]
    if grant.permission == "system.people":
        found += _people(picture, text)
    unique = list({result.href: result for result in reversed(found)}.values())[::-1]
    return unique[:MOST] or _did_you_mean(picture, text)


def _rows(picture: Picture, sql: str, **parameters: Any) -> list[Any]:
    times = {"on": picture.moment.valid_on, "known": picture.moment.known_at}
    with connection.cursor() as cursor:
        cursor.execute(sql, times | parameters)
        return list(cursor.fetchall())


def _by_code(picture: Picture, text: str) -> list[SearchResult]:
    if " " in text:
        return []
    code = text.upper()
    rows = _rows(picture, _CODED, text=code)
    found = _results(picture, [(thing, is_body) for thing, is_body, *_ in rows])
    if rows or CodeSuccession.objects.filter(old_code=code).exists():
        became = sorted(picture.resolve(code) - {code})
        detail = _("It has become %(codes)s.") % {"codes": listed(became)} if became else _("What it denotes, and when")
        scheme = said_scheme(rows[0][2]) if rows else _("Code")
        found.append(SearchResult(code, reverse("system:code", args=[code]), scheme, detail))
    return found


def _by_name(picture: Picture, text: str) -> list[SearchResult]:
    rows = _rows(picture, _NAMED.format(words=_words(text)), text=text, **_patterns(text))
    return _results(picture, [(thing, is_body) for thing, is_body, *_ in rows], {row[0]: row[2] for row in rows}, text)


def _words(text: str) -> str:
    return " AND ".join(f"n.name ILIKE %(word{number})s" for number, _ in enumerate(text.split()))


def _patterns(text: str) -> dict[str, str]:
    escaped = (re.sub(r"([\\%_])", r"\\\1", word) for word in text.split())
    return {f"word{number}": f"%{word}%" for number, word in enumerate(escaped)}


def _results(
    picture: Picture, things: Iterable[tuple[UUID, bool]], found_as: dict[UUID, str] | None = None, text: str = ""
) -> list[SearchResult]:
    things = list(dict.fromkeys(things))
    bodies = picture.bodies_by_id(thing for thing, is_body in things if is_body)
    areas = picture.areas_by_id(thing for thing, is_body in things if not is_body)

    def rank(item: tuple[UUID, bool]) -> tuple[Any, ...]:
        thing, is_body = item
        kind = (bodies[thing].kind or "") if is_body else areas[thing].kind
        name = (bodies if is_body else areas)[thing].name
        place = _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
        return (name.casefold() != text.casefold(), not name.casefold().startswith(text.casefold()), place, name)

    ordered = sorted(things, key=rank)[:MOST] if text else things
    around = answers.lies_in(picture, [thing for thing, is_body in ordered if not is_body][:8])
    standings = _nearest_standings(picture, [t for t, is_body in ordered if is_body and not bodies[t].exists])
    results = []
    for thing, is_body in ordered:
        if is_body:
            body = bodies[thing]
            former = (found_as or {}).get(thing, body.name)
            called = _("Also called %(name)s. ") % {"name": former} if former != body.name else ""
            if body.exists and body.since:
                period = span({"from": str(body.since.start), "to": str(body.since.end) if body.since.end else None})
                kind, detail = body.kind or "", called + (f"{body.code}, {period}" if body.codes else period)
            else:
                kind, days = standings.get(thing, ("", ""))
                detail = called + _("Does not exist on this day (%(days)s)") % {"days": days} if days else called
            results.append(SearchResult(body.name, body_href({"key": body.key}), body_kind(kind), detail))
        else:
            area = areas[thing]
            page = "system:system" if area.kind == "system" else "system:area"
            detail = responsible_words(around.get(thing, ()))
            results.append(SearchResult(area.name, reverse(page, args=[area.key]), area_kind(area.kind), detail))
    return results


def _nearest_standings(picture: Picture, bodies: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Answer what bodies that do not exist on the day are on the nearest day that they do, and which days those are."""
    sql = """SELECT DISTINCT ON (body_id) body_id, kind, lower(valid), from_precision, upper(valid), to_precision
               FROM system_standing WHERE body_id = ANY(%(bodies)s) AND known @> %(known)s
              ORDER BY body_id, abs(lower(valid) - %(on)s)"""
    found = {}
    for body, kind, start, from_precision, end, to_precision in _rows(picture, sql, bodies=list(bodies)):
        to = str(PartialDate(end, to_precision)) if end else None
        found[body] = (kind, span({"from": str(PartialDate(start, from_precision)), "to": to}))
    return found


def responsible_words(around: Iterable[Mapping[str, Any]]) -> str:
    """Answer in a sentence who commissions for and who leads what an area lies in."""
    whole = [area for area in around if area["is_whole"]]
    commissioners = list(dict.fromkeys(body["name"] for area in whole for body in area["commissioned_by"]))
    leaders = list(
        dict.fromkeys(
            led["name"] + (f" ({SHORT_KINDS[led['kind']]})" if led["kind"] in {"stp", "ics"} else "")
            for area in whole
            if (led := area["led_by"]) and area["kind"] == "system"
        )
    )
    parts = []
    if commissioners:
        parts.append(_("Care is commissioned by %(names)s.") % {"names": listed(commissioners)})
    if leaders and leaders != commissioners:
        parts.append(_("The system is led by %(names)s.") % {"names": listed(leaders)})
    return " ".join(parts)


def _people(picture: Picture, text: str) -> list[SearchResult]:
    names = [row[0] for row in _rows(picture, _PEOPLE.format(words=_words(text)), text=text, **_patterns(text))]
    page = reverse("system:people")
    return [SearchResult(name, f"{page}?{urlencode({'people-q': name})}", _("Person in post")) for name in names]


def _did_you_mean(picture: Picture, text: str) -> list[SearchResult]:
    names = [row[0] for row in _rows(picture, "SELECT DISTINCT name FROM system_name WHERE person_id IS NULL")]
    words = {word for name in names for word in re.findall(r"[a-z][a-z'’-]{2,}", name.casefold())}
    corrected, is_changed = [], False
    for word in text.casefold().split():
        near = [word] if word in words else difflib.get_close_matches(word, words, n=1, cutoff=0.7)
        if not near:
            codes = [
                row[0] for row in _rows(picture, "SELECT DISTINCT code FROM system_identifier WHERE length(code)<8")
            ]
            near = difflib.get_close_matches(word.upper(), codes, n=1, cutoff=0.6)
        if not near:
            return []
        is_changed = is_changed or near[0] != word
        corrected.append(near[0])
    if not is_changed:
        return []
    wanted = " ".join(corrected)
    return [SearchResult(wanted, f"/search/?{urlencode({'q': wanted})}", _("Did you mean"))]
