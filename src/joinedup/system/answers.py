"""The answers that page, API and command line give alike: plain dictionaries, ready for JSON.

Each function takes a picture (and what was asked) and reads; nothing here writes. Dates are ISO text, as exact as they
are known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from joinedup.errors import NotFound, did_you_mean
from joinedup.moment import LONDON
from joinedup.system.bodies import Area, Body, Event, Post, Since
from joinedup.system.kinds import BODY_KINDS
from joinedup.system.models import (
    FACTS,
    Area as AreaRow,
    Assignment,
    CodeSuccession,
    ContactPoint,
    Employment,
    Fact,
    FunctionOwner,
    Identifier,
    Link,
    Name,
    Part,
    PostStanding,
    Serving,
    Site,
    SmallArea,
    Standing,
)
from joinedup.system.periods import PartialDate
from joinedup.system.picture import Picture
from joinedup.system.surroundings import Surrounding, surroundings
from joinedup.system.way import way

Answer = dict[str, Any]
ENGLAND = frozenset({"england", "eng", "e92000001"})


# --- what is asked for


def show(picture: Picture, text: str, *, with_people: bool = False) -> Answer:
    """Answer what is known of a code, key or uuid: England, a system, another area, or a body.

    `with_people` adds who holds its posts, for those who may see that (`system.people`).

    The code of a board that leads a system stands for the system, also on days before the board: "QM7 on 1 April 2019"
    is the partnership of that day. Raises NotFound with the nearest name.
    """
    if text.lower() in ENGLAND:
        return england(picture)
    found = picture.find(text)
    if found is None:
        picture.body(text)  # raises NotFound with a suggestion
        raise AssertionError
    kind, thing = found
    if kind == "body" and text.lower() != _key_of(picture, thing):
        system = _system_led_by(picture, thing)
        if system is not None:
            return area(picture, picture.areas_by_id([system])[system], asked=text.upper())
    if kind == "area":
        return area(picture, picture.areas_by_id([thing])[thing])
    return body(picture, picture.bodies_by_id([thing])[thing], with_people=with_people)


def england(picture: Picture) -> Answer:
    """Answer how many bodies of each kind exist on the day, and the systems of that day with their leaders."""
    systems = [a for a in picture.areas_of_kind("system") if a.small_areas]
    leaders = picture.leaders([a.id for a in systems])
    return {
        "what": "england",
        **_moment(picture),
        "name": "England",
        "counts": picture.counts_by_kind(),
        "systems": [{**_area(a), "led_by": _ref(leaders.get(a.id))} for a in systems],
        "small_areas": sum(a.small_areas for a in systems),
        "population": sum(a.population or 0 for a in systems),
        "is_simulated": any(a.is_simulated for a in systems),
    }


def area(picture: Picture, asked_area: Area, asked: str = "") -> Answer:
    """Answer an area: its leader, the areas within it, the bodies that serve it by kind, and the changes ahead.

    A system also tells its way from leader to leader (`way`, oldest first, the present stretch among them). Any other
    area also tells what it lies in and who is responsible there (`lies_in`, widest first).
    """
    tree = picture.areas_within(asked_area.id)
    ids = [a.id for a in tree]
    leaders = picture.leaders(ids)
    servings = picture.servings(ids)
    member_ids = {body for body, _, _, _ in servings}
    member_ids |= set(picture.linked_to([leader.id for leader in leaders.values()]))
    bodies = {key: found for key, found in picture.bodies_by_id(member_ids).items() if found.exists}
    roles: dict[UUID, set[str]] = defaultdict(set)
    for serving_body, _, role, _ in servings:
        roles[serving_body].add(role)
    by_kind: dict[str, list[Answer]] = defaultdict(list)
    for found in sorted(bodies.values(), key=lambda b: (b.name, b.key)):
        by_kind[found.kind or ""].append({**_ref_of(found), "roles": sorted(roles[found.id])})
    commissioners: dict[UUID, list[Body]] = defaultdict(list)
    for serving_body, area_id, role, _ in servings:
        if role == "commissions_for" and serving_body in bodies:
            commissioners[area_id].append(bodies[serving_body])
    takers = set(bodies) | {leader.id for leader in leaders.values()} | _once_leading(asked_area.id)
    answer: Answer = {
        "what": "system" if asked_area.kind == "system" else "area",
        **_moment(picture),
        **_area(asked_area),
        "led_by": _ref(leaders.get(asked_area.id)),
        "within": [_area(a) for a in picture.areas_by_id(asked_area.parents).values()],
        "areas": [
            {
                **_area(a),
                "led_by": _ref(leaders.get(a.id)),
                "commissioned_by": [_ref_of(b) for b in commissioners[a.id]],
                "parents": [str(parent) for parent in a.parents],
            }
            for a in tree[1:]
        ],
        "counts": {kind: len(found) for kind, found in sorted(by_kind.items())},
        "bodies": dict(sorted(by_kind.items())),
        "events": [event(picture, e) for e in picture.events(takers)],
    }
    if asked_area.kind != "system":
        answer["lies_in"] = lies_in(picture, [asked_area.id]).get(asked_area.id, [])
    else:
        answer["way"] = way(picture, asked_area.id)
    if asked:
        answer["asked"] = asked
        answer["asked_code_since"] = _code_since(picture, asked)
    return answer


def lies_in(picture: Picture, areas: Iterable[UUID]) -> dict[UUID, list[Answer]]:
    """Answer for each area what it lies in on the day, itself among them, widest first, and who is responsible."""
    found = surroundings(picture, areas)
    return {area_id: [_surrounding(s) for s in around] for area_id, around in found.items()}


def body(picture: Picture, asked: Body, *, with_people: bool = False) -> Answer:
    """Answer a body: what it is that day, its history by fact, its areas, links, posts, functions and lineage."""
    facts = _facts_about(asked.id, Q(known__contains=picture.moment.known_at))
    names = _Names(picture, facts)
    posts = picture.posts([asked.id])
    functions = FunctionOwner.objects.filter(_visible(picture), body=asked.id).select_related("function")
    lineage = _lineage(picture, asked.id)
    return {
        "what": "body",
        **_moment(picture),
        **_ref_of(asked),
        "exists": asked.exists,
        "legal_form": asked.legal_form,
        "sector": asked.sector,
        "since": _since(asked.since),
        "is_uncertain": asked.is_uncertain,
        "to_confirm": asked.to_confirm,
        "codes": {scheme: list(codes) for scheme, codes in asked.codes.items()},
        "contacts": {f.kind: f.value for f in facts if isinstance(f, ContactPoint) and _holds(picture, f)},
        "serves": [
            {"area": names.area(f.area_id), "role": f.role, "share": _number(f.share)}
            for f in facts
            if isinstance(f, Serving) and _holds(picture, f)
        ],
        "links": [
            {"kind": f.kind, "share": _number(f.share), "to": names.body(f.to_id)}
            for f in facts
            if isinstance(f, Link) and f.body_id == asked.id and _holds(picture, f)
        ],
        "linked": [
            {"kind": f.kind, "share": _number(f.share), "body": names.body(f.body_id)}
            for f in facts
            if isinstance(f, Link) and f.to_id == asked.id and _holds(picture, f)
        ],
        "site": next((_site(f) for f in facts if isinstance(f, Site) and _holds(picture, f)), None),
        "posts": [_post(p, with_people) for p in posts],
        "functions": sorted(f.function.title for f in functions),
        "lineage": lineage,
        "events": [event(picture, e) for e in picture.events([asked.id])],
        "facts": [names.fact(f) for f in facts if not isinstance(f, Link) or f.body_id == asked.id],
    }


def beliefs(picture: Picture, text: str) -> Answer:
    """Answer everything that was ever believed of a body up to the moment, with what replaced what, newest first."""
    asked = picture.body(text)
    facts = _facts_about(asked.id, Q(known__startswith__lte=picture.moment.known_at))
    facts = [f for f in facts if not isinstance(f, Link) or f.body_id == asked.id]
    names = _Names(picture, facts)
    told = sorted((names.fact(f) for f in facts), key=lambda f: (f["known_from"], f["fact"]), reverse=True)
    events = picture.beliefs({e.id for e in picture.events([asked.id])})
    return {
        "what": "beliefs",
        **_moment(picture),
        **_ref_of(asked),
        "facts": told,
        "superseded": sum(1 for fact in told if fact["known_to"]),
        "events": [event(picture, e) for e in events],
    }


def diff(before: Picture, after: Picture, text: str | None = None, *, with_people: bool = False) -> Answer:
    """Answer what differs between two pictures: facts that hold in one only, small areas moved, events in between.

    With `text`, only about that system, area or body; without it, which bodies and areas exist and what they are
    called. The pictures may differ in their day, in what was known, or in both.
    """
    scope = _scope(before, after, text)
    models = [m for m in FACTS if m is not Part] if scope else [Standing, Name, Serving]
    if not with_people:
        models = [m for m in models if m not in (Employment, Assignment)]
    changes: list[Answer] = []
    for model in models:
        rows = [*_only_in(model, before, after, scope), *_only_in(model, after, before, scope)]
        names = _Names(after, rows)
        by_about: dict[tuple[Any, ...], dict[str, Fact]] = defaultdict(dict)
        for row in rows:
            about = tuple(getattr(row, _attname(model, name)) for name in model.about)
            by_about[about]["before" if _holds(before, row) else "after"] = row
        for pair in by_about.values():
            old, new = pair.get("before"), pair.get("after")
            if old is not None and new is not None and _says(old) == _says(new):
                continue  # Known through another source, or again after a correction: the same answer.
            told_old, told_new = (names.fact(f) if f is not None else None for f in (old, new))
            told = told_new or told_old or {}
            changes.append(
                {
                    "fact": told["fact"],
                    "of": told["of"],
                    "before": told_old["says"] if told_old else None,
                    "after": told_new["says"] if told_new else None,
                    "on": told_new["from"] if told_new else told_old["to"] if told_old else None,
                    "known_from": told["known_from"],
                    "source": told["source"],
                }
            )
    changes.sort(key=lambda c: (str(c["on"]), c["fact"], str(c["of"])))
    spans = (before.moment.valid_on, after.moment.valid_on)
    events = [
        e
        for e in after.events(scope[0] if scope else None)
        if min(spans) < e.effective.earliest <= max(spans) or e.known_from > before.moment.known_at
    ]
    return {
        "what": "diff",
        "asked": text or "england",
        "before": _moment(before),
        "after": _moment(after),
        "counts": {"before": before.counts_by_kind(), "after": after.counts_by_kind()} if not scope else None,
        "changes": changes,
        "small_areas": _moved_small_areas(before, after, scope),
        "events": [event(after, e) for e in events],
    }


def coverage(picture: Picture) -> Answer:
    """Answer whether each small area lies in exactly one system on the day (rules: T4), and where it does not."""
    sql = """SELECT s.code, s.name, count(p.id) FROM system_smallarea s
               LEFT JOIN system_part p ON p.small_area_id = s.id AND p.partition = 1
                AND p.known @> %(known)s AND p.valid @> %(on)s
              WHERE s.retired_at IS NULL GROUP BY s.id HAVING count(p.id) <> 1 ORDER BY s.code"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"on": picture.moment.valid_on, "known": picture.moment.known_at})
        odd = cursor.fetchall()
    total = SmallArea.objects.filter(retired_at__isnull=True).count()
    systems = [a for a in picture.areas_of_kind("system") if a.small_areas]
    leaders = picture.leaders([a.id for a in systems])
    return {
        "what": "coverage",
        **_moment(picture),
        "small_areas": total,
        "in_one_system": total - len(odd),
        "in_none": [{"code": code, "name": name} for code, name, many in odd if many == 0],
        "in_several": [{"code": code, "name": name, "systems": many} for code, name, many in odd if many > 1],
        "systems": [{**_area(a), "led_by": _ref(leaders.get(a.id))} for a in systems],
    }


def code(picture: Picture, text: str) -> Answer:
    """Answer what a code denotes on the day, what it has become by then, and every period it was in use."""
    text = text.upper()
    uses = list(Identifier.objects.filter(code=text, known__contains=picture.moment.known_at).order_by("valid"))
    rows = CodeSuccession.objects.filter(Q(old_code=text) | Q(new_code=text)).order_by("on", "old_code", "new_code")
    names = _Names(picture, uses)
    became = picture.resolve(text)
    if not uses and not rows:
        picture.body(text)  # raises NotFound with a suggestion
    return {
        "what": "code",
        **_moment(picture),
        "code": text,
        "denotes": next((names.of(f) for f in uses if _holds(picture, f)), None),
        "uses": [{"of": names.of(f), "scheme": f.scheme, **_days(f)} for f in uses],
        "became": sorted(became - {text}),
        "followed_by": _followed_by(picture, [f.body_id for f in uses if f.body_id]),
        "lives_on": text in became,
        "succession": [{"old": r.old_code, "new": r.new_code, "on": r.on.isoformat()} for r in rows],
    }


def bodies(picture: Picture, kind: str) -> Answer:
    """Answer the bodies of a kind that exist on the day, by name; raises NotFound for an unknown kind."""
    if kind not in BODY_KINDS:
        raise NotFound(
            f"'{kind}' is no kind of body; expected one of {', '.join(BODY_KINDS)}.{did_you_mean(kind, BODY_KINDS)}"
        )
    found = [_ref_of(b) for b in picture.bodies_of_kind(kind)]
    return {"what": "bodies", **_moment(picture), "kind": kind, "count": len(found), "bodies": found}


def people(picture: Picture) -> Answer:
    """Answer who holds which post on the day: one head for each person, full-time equivalents as far as stated (C10).

    Posts that nobody holds stand last. Only for those who may see people (`system.people`).
    """
    sql = "SELECT DISTINCT body_id FROM system_poststanding WHERE valid @> %s AND known @> %s"
    employers = Employment.objects.filter(_visible(picture)).values_list("person_id", "employer_id")
    with connection.cursor() as cursor:
        cursor.execute(sql, [picture.moment.valid_on, picture.moment.known_at])
        posts = picture.posts([row[0] for row in cursor.fetchall()])
    employed = dict(employers)
    named = picture.bodies_by_id({*(p.body for p in posts), *employed.values()})
    held = [(p, h) for p in posts for h in p.holders]
    vacant = [p for p in posts if not p.holders]
    fte = sum((Decimal(h.fte) for _, h in held if h.fte), Decimal(0))
    return {
        "what": "people",
        **_moment(picture),
        "posts": len(posts),
        "vacant": len(vacant),
        "heads": len({h.person.id for _, h in held}),
        "fte": float(fte),
        "holders": [
            {
                "post": p.title,
                "body": _ref_of(named[p.body]),
                "person": h.person.name,
                "status": h.status,
                "fte": _number(h.fte),
                "employer": _ref(named.get(employed.get(h.person.id))),
                "since": _since(h.since),
                "to_confirm": h.to_confirm,
            }
            for p, h in held
        ],
        "vacancies": [{"post": p.title, "body": _ref_of(named[p.body]), "since": _since(p.since)} for p in vacant],
    }


def small_areas(picture: Picture, area_id: UUID) -> list[Answer]:
    """Answer the small areas of an area on the day, by code."""
    parts = Part.objects.filter(_visible(picture), area=area_id, small_area__retired_at__isnull=True)
    return [
        {
            "code": p.small_area.code,
            "name": p.small_area.name,
            "council": p.small_area.council,
            "population": p.small_area.population_mid2020,
            "deprivation_decile": p.small_area.imd2019_decile,
            "weight": float(p.weight),
            "outline": p.small_area.outline,
            "is_simulated": p.small_area.is_simulated,
        }
        for p in parts.select_related("small_area").order_by("small_area__code")
    ]


def event(picture: Picture, told: Event) -> Answer:
    """Answer one event as plain values, its bodies named."""
    bodies = picture.bodies_by_id([*told.originals, *told.results])
    return {
        "id": str(told.id),
        "key": told.key,
        "kind": told.kind,
        "certainty": told.certainty,
        "effective": str(told.effective),
        "days_overdue": told.days_overdue,
        "originals": [_ref_of(bodies[b]) for b in told.originals],
        "results": [_ref_of(bodies[b]) for b in told.results],
        "instrument": told.instrument,
        "note": told.note,
        "source": told.source,
        "to_confirm": told.to_confirm,
        "known_from": _instant(told.known_from),
        "known_to": _instant(told.known_to),
    }


# --- pieces


def _moment(picture: Picture) -> Answer:
    return {"as_of": picture.moment.valid_on.isoformat(), "known_at": _instant(picture.moment.known_at)}


def _instant(at: Any) -> str | None:
    return at.astimezone(LONDON).isoformat(timespec="seconds") if at else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _since(since: Since | None) -> Answer | None:
    return {"from": str(since.start), "to": str(since.end) if since.end else None} if since else None


def _ref_of(found: Body) -> Answer:
    return {
        "id": str(found.id), "key": found.key, "name": found.name, "kind": found.kind, "code": found.code,
        "since": _since(found.since),
    }  # fmt: skip


def _ref(found: Body | None) -> Answer | None:
    return _ref_of(found) if found else None


def _area(found: Area) -> Answer:
    return {
        "id": str(found.id),
        "key": found.key,
        "kind": found.kind,
        "name": found.name,
        "code": found.code,
        "codes": {scheme: list(codes) for scheme, codes in found.codes.items()},
        "small_areas": found.small_areas,
        "population": found.population,
        "deprived_share": None if found.deprived_share is None else round(found.deprived_share, 4),
        "is_simulated": found.is_simulated,
    }


def _surrounding(found: Surrounding) -> Answer:
    """Answer an area that holds another one, wholly or in part, and who leads and who commissions for it."""
    return {
        "id": str(found.area.id),
        "key": found.area.key,
        "kind": found.area.kind,
        "name": found.area.name,
        "is_whole": found.is_whole,
        "led_by": _ref(found.leader),
        "commissioned_by": [_ref_of(b) for b in found.commissioners],
    }


def _post(post: Post, with_people: bool) -> Answer:
    answer = {"title": post.title, "category": post.category, "since": _since(post.since)}
    if not with_people:
        return answer
    return answer | {
        "holders": [
            {
                "name": h.person.name, "status": h.status, "fte": h.fte, "since": _since(h.since),
                "to_confirm": h.to_confirm,
            }
            for h in post.holders
        ],
    }  # fmt: skip


def _site(site: Site) -> Answer:
    return {
        "postcode": site.postcode, "longitude": site.longitude, "latitude": site.latitude,
        "registered_patients": site.registered_patients,
    }  # fmt: skip


def _visible(picture: Picture) -> Q:
    return Q(valid__contains=picture.moment.valid_on, known__contains=picture.moment.known_at)


def _holds(picture: Picture, fact: Fact) -> bool:
    on, at = picture.moment.valid_on, picture.moment.known_at
    return on in fact.valid and fact.known.lower <= at and (fact.known.upper is None or at < fact.known.upper)


def _attname(model: type[Fact], name: str) -> str:
    return str(model._meta.get_field(name).attname)


def _says(fact: Fact) -> tuple[Any, ...]:
    return tuple(getattr(fact, _attname(type(fact), name)) for name in fact.says)


def _days(fact: Fact) -> Answer:
    start = PartialDate(fact.valid.lower, fact.from_precision)
    end = PartialDate(fact.valid.upper, fact.to_precision) if fact.valid.upper else None
    return {"from": str(start), "to": str(end) if end else None}


def _told_with(model: type[Fact]) -> list[str]:
    """Answer what is read together with facts of a model because their words name it."""
    fields = {field.name for field in model._meta.get_fields()}
    return ["source", *(name for name in ("function", "post") if name in fields)]


def _facts_about(asked: UUID, known: Q) -> list[Any]:
    facts: list[Any] = []
    for model, about in (
        (Standing, Q(body=asked)), (Name, Q(body=asked)), (Identifier, Q(body=asked)), (ContactPoint, Q(body=asked)),
        (Site, Q(body=asked)), (Serving, Q(body=asked)), (Link, Q(body=asked) | Q(to=asked)),
        (PostStanding, Q(body=asked)), (FunctionOwner, Q(body=asked)),
    ):  # fmt: skip
        facts.extend(model.objects.filter(about, known).select_related(*_told_with(model)).order_by("valid", "known"))
    return facts


class _Names:
    """The names of everything that a list of facts mentions, read in two queries."""

    def __init__(self, picture: Picture, facts: Iterable[Any]) -> None:
        ids: dict[str, set[UUID]] = {"body": set(), "area": set(), "person": set()}
        for fact in facts:
            for name in (*fact.about, *fact.says):
                field = type(fact)._meta.get_field(name)
                if field.is_relation and field.related_model._meta.model_name in ids:
                    value = getattr(fact, field.attname)
                    if value is not None:
                        ids[field.related_model._meta.model_name].add(value)
        self.bodies = picture.bodies_by_id(ids["body"])
        self.areas = picture.areas_by_id(ids["area"], counted=False)
        self.people = (
            {
                name.person_id: name.name
                for name in Name.objects.filter(person__in=ids["person"], known__contains=picture.moment.known_at)
            }
            if ids["person"]
            else {}
        )

    def body(self, key: UUID) -> Answer:
        return _ref_of(self.bodies[key])

    def area(self, key: UUID) -> Answer:
        found = self.areas[key]
        return {"id": str(found.id), "key": found.key, "kind": found.kind, "name": found.name, "code": found.code}

    def of(self, fact: Any) -> Answer | None:
        if getattr(fact, "body_id", None):
            return self.body(fact.body_id)
        return self.area(fact.area_id) if getattr(fact, "area_id", None) else None

    def fact(self, fact: Any) -> Answer:
        """Answer a fact as plain values: which, of what, what it says, for when, known since when, by what source."""
        subject = next(
            (n for n in ("function", "post", "body", "area", "person") if _attname_or_none(fact, n)), fact.about[0]
        )
        rest = [name for name in (*fact.about, *fact.says) if name != subject]
        said = {name: self._word(fact, name) for name in rest}
        return {
            "id": fact.pk,
            "fact": type(fact).__name__,
            "of": self._word(fact, subject),
            "says": {name: value for name, value in said.items() if value not in (None, "")},
            **_days(fact),
            "known_from": _instant(fact.known.lower),
            "known_to": _instant(fact.known.upper),
            "source": fact.source.title,
            "to_confirm": fact.to_confirm,
            "note": fact.note,
        }

    def _word(self, fact: Any, name: str) -> Any:
        field = type(fact)._meta.get_field(name)
        value = getattr(fact, field.attname)
        if value is None or not field.is_relation:
            return _number(value) if name in {"share", "fte", "weight"} else value
        model = field.related_model._meta.model_name
        if model == "body":
            return self.bodies[value].name
        if model == "area":
            return self.areas[value].name
        if model == "person":
            return self.people.get(value, "")
        thing = getattr(fact, name)
        return getattr(thing, "title", None) or thing.key


def _attname_or_none(fact: Any, name: str) -> bool:
    return name in fact.about and getattr(fact, f"{name}_id", None) is not None


def _key_of(picture: Picture, thing: UUID) -> str:
    return picture.bodies_by_id([thing])[thing].key


def _system_led_by(picture: Picture, thing: UUID) -> UUID | None:
    leading = Serving.objects.filter(
        body=thing, role="leads", area__kind="system", known__contains=picture.moment.known_at
    ).first()
    return leading.area_id if leading else None


def _once_leading(area_id: UUID) -> set[UUID]:
    return set(Serving.objects.filter(area=area_id, role="leads").values_list("body_id", flat=True))


def _code_since(picture: Picture, text: str) -> Answer | None:
    """Answer since when a code denotes what it denotes, when it was not in use on the day."""
    uses = Identifier.objects.filter(code=text, known__contains=picture.moment.known_at).order_by("valid")
    if not uses or any(_holds(picture, use) for use in uses):
        return None
    return _days(uses[0])


def _lineage(picture: Picture, asked: UUID) -> Answer:
    """Answer the bodies before and after this one through changes in force, and the arrows between them."""
    arrows: set[tuple[UUID, UUID, str, str]] = set()
    for step_back in (True, False):
        open_ids, seen = {asked}, {asked}
        while open_ids:
            reached: set[UUID] = set()
            for told in picture.events(open_ids):
                if told.certainty != "in_force" or not set(told.originals) ^ set(told.results):
                    continue
                here, there = (told.results, told.originals) if step_back else (told.originals, told.results)
                if not open_ids & set(here):
                    continue
                reached |= set(there)
                arrows |= {(o, r, told.kind, str(told.effective)) for o in told.originals for r in told.results}
            open_ids = reached - seen
            seen |= reached
    ids = {asked} | {end for arrow in arrows for end in arrow[:2]}
    bodies = picture.bodies_by_id(ids)
    return {
        "bodies": [_ref_of(bodies[key]) for key in sorted(ids, key=lambda k: (bodies[k].name, str(k)))],
        "changes": [
            {"from": str(old), "to": str(new), "kind": kind, "on": on}
            for old, new, kind, on in sorted(arrows, key=lambda a: (a[3], str(a[0]), str(a[1])))
        ],
    }


def _followed_by(picture: Picture, asked: Iterable[UUID]) -> list[Answer]:
    """Answer the bodies of the day that came after bodies that are no more, through changes in force by that day."""
    on = picture.moment.valid_on.isoformat()
    found: dict[str, Answer] = {}
    for body_id in asked:
        lineage = _lineage(picture, body_id)
        after, ahead = {str(body_id)}, [str(body_id)]
        while ahead:
            here = ahead.pop()
            nexts = {c["to"] for c in lineage["changes"] if c["from"] == here and c["on"] <= on} - after
            after |= nexts
            ahead.extend(nexts)
        after.remove(str(body_id))
        gone = {c["from"] for c in lineage["changes"] if c["on"] <= on}
        found |= {one["id"]: one for one in lineage["bodies"] if one["id"] in after - gone}
    return sorted(found.values(), key=lambda one: (one["name"], one["key"]))


Scope = tuple[set[UUID], set[UUID]]  # bodies, areas


def _scope(before: Picture, after: Picture, text: str | None) -> Scope | None:
    if text is None or text.lower() in ENGLAND:
        return None
    bodies: set[UUID] = set()
    areas: set[UUID] = set()
    for picture in (before, after):
        answer = show(picture, text)
        if answer["what"] == "body":
            bodies.add(UUID(answer["id"]))
            continue
        areas |= {UUID(answer["id"]), *(UUID(a["id"]) for a in answer["areas"])}
        bodies |= {UUID(b["id"]) for found in answer["bodies"].values() for b in found}
        if answer["led_by"]:
            bodies.add(UUID(answer["led_by"]["id"]))
    return bodies, areas


def _only_in(model: type[Fact], here: Picture, there: Picture, scope: Scope | None) -> list[Any]:
    where = _visible(here) & ~_visible(there)
    if scope:
        bodies, areas = scope
        about = Q(pk__in=[])
        names = {field.name for field in model._meta.get_fields() if hasattr(field, "attname")}
        for name in ("body", "employer", "works_for"):
            if name in names:
                about |= Q(**{f"{name}__in": bodies})
        if "area" in names and model is not FunctionOwner:
            about |= Q(area__in=areas)
        where &= about
    elif model is Serving:
        where &= Q(role="leads")
    elif model is Name:
        where &= Q(person__isnull=True) & ~Q(body__standings__kind__in=["gp_practice", "pcn"])
    else:
        where &= ~Q(kind__in=["gp_practice", "pcn"])
    return list(model.objects.filter(where).select_related(*_told_with(model)).distinct())


def _moved_small_areas(before: Picture, after: Picture, scope: Scope | None) -> list[Answer]:
    found = []
    areas = scope[1] if scope else AreaRow.objects.filter(kind="system").values_list("id", flat=True)
    for here, there, change in ((after, before, "gained"), (before, after, "lost")):
        moved = Part.objects.filter(_visible(here), area__in=areas, small_area__retired_at__isnull=True)
        stayed = set(Part.objects.filter(_visible(there), area__in=areas).values_list("area_id", "small_area_id"))
        gone = [pair for pair in moved.values_list("area_id", "small_area_id") if pair not in stayed]
        counts = Counter(area_id for area_id, _ in gone)
        named = here.areas_by_id(counts)
        found += [
            {"area": named[key].name, "kind": named[key].kind, change: many} for key, many in counts.items() if many
        ]
    return sorted(found, key=lambda f: (f["kind"], f["area"]))
