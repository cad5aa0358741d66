"""The pages of this room. Each shows an answer of `answers.py`, and says how to get the same one elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import actor_of, decide, requires
from joinedup.errors import JoinedupError, NotFound
from joinedup.moment import Moment, end_of_day, now
from joinedup.system import answers, maps, names, services
from joinedup.system.forms import Comparison, CorrectionForm
from joinedup.system.kept import kept
from joinedup.system.kinds import BODY_KINDS
from joinedup.system.models import Body as BodyRow
from joinedup.system.models import ChangeEvent, Identifier
from joinedup.system.picture import Picture
from joinedup.system.search import responsible_words
from joinedup.system.staff import staff
from joinedup.system.surroundings import Surrounding, surroundings
from joinedup.ui import Arrow, Box, Column, Crumb, Diagram, Page, Table

Answer = dict[str, Any]
# Kinds of which one system can have hundreds: each has a table of its own.
MANY = ("pcn", "gp_practice")
NOTICE = "system.corrected"


# --- what pages share ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How to get a page's answer as JSON and at the command line."""

    api: str
    command: str


def _elsewhere(request: Any, path: str, command: str, **more: str) -> Elsewhere:
    query = {**more}
    if not request.is_now:
        query["as_of"] = request.moment.valid_on.isoformat()
        command += f" --as-of {query['as_of']}"
        if request.known_on:
            query["known_at"] = request.GET["known_at"]
            command += f" --known-at {query['known_at']}"
    return Elsewhere(
        f"/api/system/{path}" + (f"?{urlencode(query)}" if query else ""), f"joinedup system {command} --json"
    )


def _sees_people(request: Any) -> bool:
    return decide(actor_of(request.user), "system.people", now().valid_on).allowed


def _may_correct(request: Any) -> bool:
    # What was believed at a past time cannot be changed; the correction is made to what is believed now.
    return request.known_on is None and decide(actor_of(request.user), "system.correct", now().valid_on).allowed


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb("joinedup", "/"), Crumb(_("Systems"), reverse("system:england")), *more]


def _systems_table(systems: Sequence[Answer], name: str = "systems") -> Table:
    rows = [
        {
            "name": s["name"],
            "href": names.area_href(s),
            "led_by": s["led_by"]["name"] if s["led_by"] else "",
            "led_href": names.body_href(s["led_by"]) if s["led_by"] else None,
            "status": names.SHORT_KINDS.get(s["led_by"]["kind"], "") if s["led_by"] else "",
            "small_areas": s["small_areas"],
            "population": s["population"],
            "deprived": _percentage(s["deprived_share"]),
        }
        for s in systems
    ]
    return Table(
        [
            Column("name", _("System"), "link", "href"),
            Column("led_by", _("Led by"), "link", "led_href"),
            Column("status", _("Status")),
            Column("small_areas", _("Small areas"), "number"),
            Column("population", _("People"), "number"),
            Column("deprived", _("In the most deprived fifth (%)"), "number", decimals=1),
        ],
        rows,
        caption=_("Systems"),
        name=name,
        per_page=50,
        source=SMALL_AREA_SOURCE,
        empty=_("No system is known on this day."),
    )


SMALL_AREA_SOURCE = "small areas are LSOA 2011; people of mid-2020 (ONS); deprivation by IMD 2019."


def _percentage(share: float | None) -> float | None:
    return None if share is None else share * 100


# --- England -------------------------------------------------------------------------------------------------------


@requires("system.read")
@require_safe
def england(request: Any) -> HttpResponseBase:
    picture = Picture(request.moment)
    answer = kept(picture, "england", lambda: answers.england(picture))
    kinds = Table(
        [Column("kind", _("Kind of body"), "link", "href"), Column("many", _("Bodies"), "number")],
        [
            {"kind": names.body_kind(kind), "many": many, "href": f"{reverse('system:bodies')}?kind={kind}"}
            for kind, many in answer["counts"].items()
        ],
        caption=_("Bodies by kind"),
        name="kinds",
        per_page=0,
        can_filter=False,
        empty=_("No body is known on this day."),
    )
    return Page(
        request,
        "system/england.jinja",
        title=_("England"),
        breadcrumbs=[Crumb("joinedup", "/")],
        answer=answer,
        systems=_systems_table(answer["systems"]),
        kinds=kinds,
        elsewhere=_elsewhere(request, "england", "show england"),
    ).response()


@requires("system.read")
@require_safe
def coverage(request: Any) -> HttpResponseBase:
    picture = Picture(request.moment)
    answer = kept(picture, "coverage", lambda: answers.coverage(picture))
    odd = [{**row, "how": _("In no system")} for row in answer["in_none"]]
    odd += [{**row, "how": _("In %(many)s systems") % {"many": row["systems"]}} for row in answer["in_several"]]
    table = Table(
        [Column("code", _("Small area")), Column("name", _("Name")), Column("how", _("Where it lies"))],
        odd,
        caption=_("Small areas that do not lie in exactly one system"),
        name="odd",
        empty=_("Every small area lies in exactly one system on this day."),
    )
    return Page(
        request,
        "system/coverage.jinja",
        title=_("Does every small area lie in one system?"),
        breadcrumbs=_crumbs(),
        answer=answer,
        odd=table,
        systems=_systems_table(answer["systems"]),
        elsewhere=_elsewhere(request, "coverage", "coverage"),
    ).response()


# --- a system and any other area -----------------------------------------------------------------------------------


@requires("system.read")
@require_safe
def system(request: Any, text: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    answer, map_of_places, deprivation = kept(picture, f"system:{text.lower()}", lambda: _system(picture, text))
    if answer["what"] == "england":
        return HttpResponseRedirect(_keeping(request, reverse("system:england")))
    if answer["what"] != "system":
        page = names.body_href(answer) if answer["what"] == "body" else names.area_href(answer)
        return HttpResponseRedirect(_keeping(request, page))
    return Page(
        request,
        "system/system.jinja",
        title=answer["name"],
        breadcrumbs=_crumbs(),
        answer=answer,
        status=names.body_kind(answer["led_by"]["kind"]) if answer["led_by"] else "",
        tree=_tree(answer),
        map_of_places=map_of_places,
        areas=_areas_table(answer) if answer["areas"] and not map_of_places else None,
        source=SMALL_AREA_SOURCE,
        deprivation=deprivation,
        bodies=_bodies_tables(answer),
        **_ahead_and_behind(answer["events"], request),
        elsewhere=_elsewhere(request, text, f"show {text}"),
        changes_href=f"{reverse('system:changes')}?{urlencode({'of': answer['key']})}",
    ).response()


def _system(picture: Picture, text: str) -> tuple[Answer, maps.Kept | None, maps.Kept | None]:
    answer = answers.show(picture, text)
    if answer["what"] != "system":
        return answer, None, None
    chart = maps.deprivation_chart(picture, answer)
    return answer, maps.map_of_places(picture, answer, _areas_table(answer)), chart


@requires("system.read")
@require_safe
def area(request: Any, text: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    found = picture.area(text)
    if found.kind == "system":
        return HttpResponseRedirect(_keeping(request, reverse("system:system", args=[found.key])))
    answer = answers.area(picture, found)
    rows = answers.small_areas(picture, found.id)
    table = _small_areas_table(answer, rows)
    around = surroundings(picture, [found.id]).get(found.id, [])
    return Page(
        request,
        "system/area.jinja",
        title=answer["name"],
        breadcrumbs=_crumbs(*(Crumb(a["name"], names.area_href(a)) for a in _parents(answer, around)[:1])),
        answer=answer,
        kind=names.area_kind(answer["kind"]),
        around=[row for row in _responsible(around) if row["leader"] or row["commissioners"]],
        also_in=[
            row
            for row in _responsible(around)
            if not (row["leader"] or row["commissioners"]) and row["key"] != answer["key"]
        ],
        responsible=responsible_words(around),
        tree=_tree(answer),
        map_of_small_areas=maps.map_of_small_areas(picture, answer, rows, table),
        small_areas=table,
        source=SMALL_AREA_SOURCE,
        bodies=_bodies_tables(answer),
        **_ahead_and_behind(answer["events"], request),
        elsewhere=_elsewhere(request, answer["key"], f"show {answer['key']}"),
    ).response()


def _ahead_and_behind(events: Iterable[Answer], request: Any) -> Answer:
    """Answer what is planned, the latest that happened, and what happened before that, each newest first."""
    rows = sorted(names.event_rows(events), key=lambda row: row["sort"], reverse=True)
    ahead = [r for r in rows if r["is_planned"] or r["sort"] > request.moment.valid_on]
    behind = [r for r in rows if r not in ahead]
    return {"ahead": ahead, "latest": behind[:4], "earlier": behind[4:]}


def _keeping(request: Any, page: str) -> str:
    kept = {key: request.GET[key] for key in ("as_of", "known_at") if request.GET.get(key)}
    return f"{page}?{urlencode(kept)}" if kept else page


def _parents(answer: Answer, around: Sequence[Surrounding]) -> list[Answer]:
    systems = [s.area for s in around if s.area.kind == "system" and s.is_whole]
    return [{"key": a.key, "kind": a.kind, "name": a.name} for a in systems] or list(answer["within"])


def _responsible(around: Sequence[Surrounding]) -> list[Answer]:
    """Answer who answers for what an area lies in, ready for a table in the page."""
    return [
        {
            "key": s.area.key,
            "kind": names.area_kind(s.area.kind),
            "name": s.area.name,
            "href": names.area_href({"key": s.area.key, "kind": s.area.kind}),
            "is_whole": s.is_whole,
            "leader": _link(s.leader),
            "commissioners": [_link(b) for b in s.commissioners],
        }
        for s in around
    ]


def _link(body: Any) -> Answer | None:
    return (
        {"name": body.name, "href": names.body_href({"key": body.key}), "kind": names.body_kind(body.kind)}
        if body
        else None
    )


_TREE_ORDER = ("place", "care_group", "neighbourhood", "sub_icb_location", "county", "council")


def _tree(answer: Answer) -> list[Answer]:
    """Answer the areas within as nested nodes grouped by kind; one within two parents stands under both."""
    children: dict[str, list[Answer]] = {}
    for found in answer["areas"]:
        for parent in found["parents"]:
            children.setdefault(parent, []).append(found)

    def nodes(parent: str, seen: frozenset[str]) -> list[Answer]:
        below = sorted(
            (a for a in children.get(parent, ()) if a["id"] not in seen),
            key=lambda a: (_TREE_ORDER.index(a["kind"]) if a["kind"] in _TREE_ORDER else 9, a["name"]),
        )
        groups: dict[str, list[Answer]] = {}
        for found in below:
            node = {**found, "href": names.area_href(found), "groups": nodes(found["id"], seen | {found["id"]})}
            groups.setdefault(found["kind"], []).append(node)
        return [
            {"kind": kind, "title": PLURALS.get(kind, names.area_kind(kind)), "nodes": found}
            for kind, found in groups.items()
        ]

    return nodes(answer["id"], frozenset({answer["id"]}))


PLURALS = {
    "place": "Places",
    "care_group": "Care groups",
    "neighbourhood": "Neighbourhoods",
    "sub_icb_location": "Sub-ICB locations",
    "county": "Counties",
    "council": "Council areas",
}


def _areas_table(answer: Answer) -> Table:
    rows = [
        {
            "name": a["name"],
            "href": names.area_href(a),
            "kind": names.area_kind(a["kind"]),
            "led_by": a["led_by"]["name"] if a["led_by"] else "",
            "commissioned_by": names.listed(b["name"] for b in a["commissioned_by"]),
            "small_areas": a["small_areas"],
            "population": a["population"],
            "deprived": _percentage(a["deprived_share"]),
        }
        for a in sorted(
            answer["areas"], key=lambda a: (_TREE_ORDER.index(a["kind"]) if a["kind"] in _TREE_ORDER else 9, a["name"])
        )
    ]
    columns = [
        Column("name", _("Area"), "link", "href"),
        Column("kind", _("Kind")),
        Column("led_by", _("Led by")),
        Column("commissioned_by", _("Commissioned by")),
        Column("small_areas", _("Small areas"), "number"),
        Column("population", _("People"), "number"),
        Column("deprived", _("In the most deprived fifth (%)"), "number", decimals=1),
    ]
    shown = [c for c in columns if c.key not in {"led_by", "commissioned_by"} or any(row[c.key] for row in rows)]
    return Table(
        shown,
        rows,
        caption=_("Areas of %(name)s") % {"name": answer["name"]},
        name="areas",
        source=SMALL_AREA_SOURCE,
        empty=_("No area within it is known on this day."),
    )


def _small_areas_table(answer: Answer, rows: Sequence[Answer]) -> Table:
    return Table(
        [
            Column("code", _("Small area")),
            Column("name", _("Name")),
            Column("council", _("Council")),
            Column("population", _("People"), "number"),
            Column("deprivation_decile", _("Tenth of deprivation"), "number", note="1 is the most deprived tenth."),
        ],
        rows,
        caption=_("Small areas of %(name)s") % {"name": answer["name"]},
        name="small_areas",
        source=SMALL_AREA_SOURCE,
        notes=[_("Simulated: they stand in for the published ones until those are imported.")]
        if answer["is_simulated"]
        else [],
        empty=_("No small area is known to belong to it on this day."),
    )


def _bodies_tables(answer: Answer) -> list[Table]:
    """Answer the bodies of an area: one table, and one for each kind of which there are many."""
    rest = [b for kind, found in answer["bodies"].items() if kind not in MANY for b in found]
    kinds = list(BODY_KINDS)
    # Who leads or commissions comes first, then the order in which the kinds are told.
    rest.sort(key=lambda b: ("leads" not in b["roles"], "commissions_for" not in b["roles"], kinds.index(b["kind"])))
    tables = [_bodies_table(rest, _("Bodies"), "bodies", with_kind=True)] if rest else []
    for kind in MANY:
        if answer["bodies"].get(kind):
            title = {"pcn": _("Primary care networks"), "gp_practice": _("GP practices")}[kind]
            tables.append(_bodies_table(answer["bodies"][kind], title, kind))
    return tables


def _bodies_table(found: Sequence[Answer], caption: str, name: str, *, with_kind: bool = False) -> Table:
    rows = [
        {
            "name": b["name"],
            "href": names.body_href(b),
            "code": b["code"] if b["code"] != b["key"] else "",
            "kind": names.body_kind(b["kind"]),
            "roles": names.listed(names.SERVING_ROLES.get(role, role) for role in b.get("roles", ())),
            "since": names.span(b["since"]),
        }
        for b in found
    ]
    columns = [Column("name", _("Name"), "link", "href"), Column("code", _("Code"))]
    if with_kind:
        columns += [Column("kind", _("Kind")), Column("roles", _("Role here"))]
    columns.append(Column("since", _("Exists")))
    if not any(row["roles"] for row in rows):
        columns = [c for c in columns if c.key != "roles"]
    return Table(columns, rows, caption=caption, name=name, per_page=20 if with_kind else 10)


_ROLE_ORDER = tuple(names.SERVING_ROLES)


# --- a body --------------------------------------------------------------------------------------------------------


@requires("system.read")
@require_safe
def body(request: Any, text: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    found = _body_of(picture, text)
    sees_people = _sees_people(request)
    answer = answers.body(picture, found, with_people=sees_people)
    may_correct = _may_correct(request)
    standing = [f for f in answer["facts"] if f["fact"] == "Standing"]
    notice = request.session.pop(NOTICE, None) if request.session.get(NOTICE, {}).get("key") == answer["key"] else None
    facts = _fact_groups(answer, may_correct)
    return Page(
        request,
        "system/body.jinja",
        title=answer["name"],
        breadcrumbs=_crumbs(*_led_systems(answer)),
        answer=answer,
        kind=names.body_kind(answer["kind"] or (standing[-1]["says"]["kind"] if standing else "")),
        followed_by=_followed_by(answer),
        website=_address(answer["contacts"].get("web", "")),
        existed=[{"days": _existed(f, standing), "href": _on_day(request, f)} for f in standing],
        facts=facts,
        codes=[(names.said_scheme(scheme), codes) for scheme, codes in answer["codes"].items()],
        serves=[
            {**s, "href": names.area_href(s["area"]), "words": names.SERVING_ROLES.get(s["role"], s["role"])}
            for s in sorted(answer["serves"], key=lambda s: (_ROLE_ORDER.index(s["role"]), s["area"]["name"]))
        ],
        links=[
            {**link, "href": names.body_href(link["to"]), "words": names.LINK_KINDS.get(link["kind"], link["kind"])}
            for link in answer["links"]
        ],
        linked=_linked_table(answer),
        functions=_functions(answer["functions"]),
        sees_people=sees_people,
        may_correct=may_correct,
        lineage=_lineage(answer),
        events=names.event_rows(answer["events"]),
        notice=notice,
        yesterday=_yesterday(request),
        elsewhere=_elsewhere(request, answer["key"], f"show {answer['key']}"),
    ).response()


def _body_of(picture: Picture, text: str) -> Any:
    """Answer the body of a key, code or uuid.

    A key comes first. A code that stands for an area by that day still finds the body that had it, since a page of
    bodies was asked for.
    """
    row = BodyRow.objects.filter(key=text.lower()).values_list("id", flat=True).first()
    if row is None:
        uses = Identifier.objects.filter(
            code=text.upper(), body__isnull=False, known__contains=picture.moment.known_at
        ).order_by("-valid")
        held = [use for use in uses if picture.moment.valid_on in use.valid] or list(uses)
        row = held[0].body_id if held else None
    return picture.bodies_by_id([row])[row] if row else picture.body(text)


def _existed(fact: Answer, standing: Sequence[Answer]) -> str:
    """Answer the days of a standing, and as what when a body was one thing after another (STP, then ICS)."""
    kinds = {f["says"]["kind"] for f in standing}
    kind = fact["says"]["kind"]
    return names.span(fact) + (f" ({names.SHORT_KINDS.get(kind, names.body_kind(kind))})" if len(kinds) > 1 else "")


def _led_systems(answer: Answer) -> list[Crumb]:
    systems = [s["area"] for s in answer["serves"] if s["area"]["kind"] == "system"]
    return [Crumb(systems[0]["name"], names.area_href(systems[0]))] if len(systems) == 1 else []


def _on_day(request: Any, fact: Answer) -> str:
    """Answer this page on the last day that a body existed, or on its first when it still does."""
    start, end = names.sort_day(fact["from"]), names.sort_day(fact["to"])
    shown = end - timedelta(days=1) if end and request.moment.valid_on >= end else start
    query = {"as_of": shown.isoformat() if shown else "today"}
    if request.known_on:
        query["known_at"] = request.GET["known_at"]
    return "?" + urlencode(query)


def _yesterday(request: Any) -> str:
    before = now().valid_on - timedelta(days=1)
    return "?" + urlencode({"as_of": request.moment.valid_on.isoformat(), "known_at": before.isoformat()})


def _fact_groups(answer: Answer, may_correct: bool) -> list[Answer]:
    groups: dict[str, list[Answer]] = {}
    on = answer["as_of"]
    for fact in answer["facts"]:
        what, words = names.fact_words(fact)
        start, end = names.sort_day(fact["from"]), names.sort_day(fact["to"])
        holds = start is not None and start.isoformat() <= on and (end is None or on < end.isoformat())
        correct = may_correct and fact["known_to"] is None and fact["fact"] in services.CORRECTABLE
        groups.setdefault(fact["fact"], []).append(
            {
                "what": what,
                "words": words,
                "days": names.span(fact),
                "holds": holds,
                "source": fact["source"],
                "to_confirm": fact["to_confirm"],
                "note": fact["note"],
                "known_from": fact["known_from"][:10],
                "correct": reverse("system:correct", args=[answer["key"], fact["fact"], fact["id"]]) if correct else "",
            }
        )
    return [{"title": names.FACTS.get(kind, kind), "facts": found} for kind, found in groups.items()]


def _functions(titles: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Answer functions once each, with the areas for which the body has them ("Commission acute care: West Essex")."""
    found: dict[str, list[str]] = {}
    for title in titles:
        what, _colon, where = title.partition(": ")
        found.setdefault(what, []).extend([where] if where else [])
    return list(found.items())


def _address(website: str) -> str:
    """Answer a website as a link that leaves this site; sources write some of them without their scheme."""
    return website if website.startswith(("https://", "http://")) else f"https://{website}"


def _followed_by(answer: Answer) -> list[Answer]:
    """Answer the bodies that came directly after this one, with the day."""
    by_id = {found["id"]: found for found in answer["lineage"]["bodies"]}
    return [
        {"name": by_id[c["to"]]["name"], "href": names.body_href(by_id[c["to"]]), "on": names.said(c["on"])}
        for c in answer["lineage"]["changes"]
        if c["from"] == answer["id"]
    ]


def _linked_table(answer: Answer) -> Table | None:
    if not answer["linked"]:
        return None
    rows = [
        {
            "name": row["body"]["name"],
            "href": names.body_href(row["body"]),
            "kind": names.body_kind(row["body"]["kind"]),
            "how": names.LINK_KINDS.get(row["kind"], row["kind"]),
            "share": _percentage(row["share"]),
        }
        for row in sorted(answer["linked"], key=lambda row: row["body"]["name"])
    ]
    columns = [Column("name", _("Body"), "link", "href"), Column("kind", _("Kind")), Column("how", _("It is"))]
    if any(row["share"] is not None for row in rows):
        columns.append(Column("share", _("Share (%)"), "number", decimals=1))
    return Table(columns, rows, caption=_("Bodies that belong to it"), name="linked")


def _lineage(answer: Answer) -> Diagram | None:
    lineage = answer["lineage"]
    if not lineage["changes"]:
        return None
    ended = {c["from"]: c["on"] for c in lineage["changes"]}
    boxes = [
        Box(
            found["id"],
            found["name"],
            detail=names.span(found["since"])
            or (f"until {names.last_day(ended[found['id']])}" if found["id"] in ended else ""),
            href=names.body_href(found),
            is_current=found["id"] == answer["id"],
        )
        for found in lineage["bodies"]
    ]
    arrows = [
        Arrow(c["from"], c["to"], f"{names.CHANGES.get(c['kind'], c['kind']).lower()} on {names.said(c['on'])}")
        for c in lineage["changes"]
    ]
    return Diagram(
        boxes,
        arrows,
        title=_("What it came from, and what it became"),
        summary=_("From left to right: bodies before and after this one, through changes in force."),
    )


@requires("system.read")
@require_safe
def known(request: Any, text: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    answer = answers.beliefs(picture, _body_of(picture, text).key)
    rows = []
    for fact in answer["facts"]:
        what, words = names.fact_words(fact)
        rows.append(
            {
                "known_from": _day_of(fact["known_from"]),
                "known_to": _day_of(fact["known_to"]),
                "words": f"{what}: {words}",
                "days": names.span(fact),
                "source": fact["source"],
            }
        )
    columns = [
        Column("known_from", _("Known since"), "date"),
        Column("known_to", _("Replaced on"), "date"),
        Column("words", _("What we believed")),
        Column("days", _("For the days")),
        Column("source", _("Source")),
    ]
    table = Table(
        columns if answer["superseded"] else [c for c in columns if c.key != "known_to"],
        rows,
        caption=_("Everything that was ever believed of it, newest first"),
        name="beliefs",
        per_page=50,
    )
    return Page(
        request,
        "system/known.jinja",
        title=_("What we knew of %(name)s, and when") % {"name": answer["name"]},
        breadcrumbs=_crumbs(Crumb(answer["name"], names.body_href(answer))),
        answer=answer,
        beliefs=table,
        events=_belief_rows(answer["events"]),
        elsewhere=_elsewhere(request, f"{answer['key']}/known", f"known {answer['key']}"),
    ).response()


def _day_of(instant: str | None) -> Any:
    return names.sort_day(instant[:10]) if instant else None


def _belief_rows(events: Iterable[Answer]) -> list[Answer]:
    rows = names.event_rows(events)
    for row in rows:
        row["known_day"] = names.said(row["known_from"][:10])
        row["until_day"] = names.said(row["known_to"][:10]) if row["known_to"] else ""
    return sorted(rows, key=lambda row: row["known_from"], reverse=True)


# --- changes -------------------------------------------------------------------------------------------------------


@requires("system.read")
@require_safe
def changes(request: Any) -> HttpResponseBase:
    asked = Comparison.asked(request.GET, now().valid_on)
    answer, table, moved = None, None, None
    elsewhere = None
    error = ""
    if asked.before.value and not asked.errors:
        after_day = asked.after.value or request.moment.valid_on
        known_after = end_of_day(asked.after_known.value) if asked.after_known.value else request.moment.known_at
        known_before = end_of_day(asked.before_known.value) if asked.before_known.value else known_after
        before = Picture(Moment(asked.before.value, known_before))
        after = Picture(Moment(after_day, known_after))
        try:
            answer = answers.diff(before, after, asked.of or None, with_people=_sees_people(request))
        except NotFound as not_found:
            error = str(not_found)
        else:
            table, moved = _changes_table(answer), _moved_table(answer)
            elsewhere = _elsewhere_changes(asked, after_day)
    errors = [*asked.errors, *([(error, "of")] if error else [])]
    rows = names.event_rows(answer["events"]) if answer else []
    return Page(
        request,
        "system/changes.jinja",
        title=_("What changed between two days"),
        breadcrumbs=_crumbs(),
        asked=asked,
        errors=errors,
        answer=answer,
        of_name=_named(request, asked.of) if answer else "",
        counts=_counts_table(answer) if answer and answer["counts"] else None,
        changes=table,
        moved=moved,
        events=rows if len(rows) <= 6 else [],
        events_table=_events_table(rows, _("Changes between these days")) if len(rows) > 6 else None,
        examples=_examples(),
        elsewhere=elsewhere,
    ).response(400 if errors else 200)


def _named(request: Any, of: str) -> str:
    if not of or of.lower() in answers.ENGLAND:
        return _("England")
    picture = Picture(request.moment)
    # The code of a board stands for its system here too, as in the answer itself.
    return kept(picture, f"name:{of.lower()}", lambda: str(answers.show(picture, of)["name"]))


def _examples() -> list[tuple[str, str]]:
    """Answer comparisons that people ask for, for the systems that are loaded."""
    return [
        (_("England, before and after integrated care boards began"), "?from=2022-06-30&to=2022-07-01"),
        (_("England, before and after CCGs merged in 2021"), "?from=2021-03-31&to=2021-04-01"),
    ]


def _elsewhere_changes(asked: Comparison, after_day: Any) -> Elsewhere:
    first = asked.before.value.isoformat() if asked.before.value else ""
    query = {"from": first, "as_of": after_day.isoformat()}
    of = asked.of or "england"
    command = f"joinedup system diff {of} --from {query['from']} --as-of {query['as_of']}"
    if asked.of:
        query["of"] = asked.of
    if asked.after_known.value:
        query["known_at"] = asked.after_known.value.isoformat()
        command += f" --known-at {query['known_at']}"
    if asked.before_known.value:
        query["from_known_at"] = asked.before_known.value.isoformat()
        command += f" --from-known-at {query['from_known_at']}"
    return Elsewhere(f"/api/system/diff?{urlencode(query)}", f"{command} --json")


def _changes_table(answer: Answer) -> Table:
    rows = []
    for change in answer["changes"]:
        of = change["of"]
        told = {"fact": change["fact"], "of": of["name"] if isinstance(of, dict) else of}
        before = names.fact_words({**told, "says": change["before"]})[1] if change["before"] is not None else ""
        after = names.fact_words({**told, "says": change["after"]})[1] if change["after"] is not None else ""
        what = names.fact_words({**told, "says": change["after"] or change["before"] or {}})[0]
        href = None
        if isinstance(of, dict):
            href = names.area_href(of) if of["kind"] in names.AREA_KINDS else names.body_href(of)
        rows.append(
            {
                "on": names.sort_day(change["on"]),
                "of": of["name"] if isinstance(of, dict) else str(of or ""),
                "href": href,
                "how": _("began") if not before else _("ended") if not after else _("changed"),
                "what": what,
                "before": before,
                "after": after,
                "source": change["source"],
            }
        )
    return Table(
        [
            Column("on", _("On"), "date"),
            Column("of", _("Of"), "link", "href"),
            Column("what", _("What")),
            Column("how", _("How")),
            Column("before", _("Before")),
            Column("after", _("After")),
            Column("source", _("Source")),
        ],
        rows,
        caption=_("What changed"),
        name="changes",
        per_page=50,
        empty=_("Nothing that we know of changed between these days."),
    )


def _moved_table(answer: Answer) -> Table | None:
    if not answer["small_areas"]:
        return None
    return Table(
        [
            Column("area", _("Area")),
            Column("kind_said", _("Kind")),
            Column("gained", _("Small areas gained"), "number"),
            Column("lost", _("Small areas lost"), "number"),
        ],
        [{**row, "kind_said": names.area_kind(row["kind"])} for row in answer["small_areas"]],
        caption=_("Small areas that moved"),
        name="moved",
    )


def _counts_table(answer: Answer) -> Table:
    before, after = answer["counts"]["before"], answer["counts"]["after"]
    rows = [
        {
            "kind": names.body_kind(kind),
            "before": before.get(kind, 0),
            "after": after.get(kind, 0),
            "more": after.get(kind, 0) - before.get(kind, 0),
        }
        for kind in sorted({*before, *after}, key=lambda kind: names.body_kind(kind))
        if before.get(kind, 0) != after.get(kind, 0)
    ]
    return Table(
        [
            Column("kind", _("Kind of body")),
            Column("before", names.said(answer["before"]["as_of"]), "number"),
            Column("after", names.said(answer["after"]["as_of"]), "number"),
            Column("more", _("Difference"), "number"),
        ],
        rows,
        caption=_("How many bodies of each kind"),
        name="counts",
        per_page=0,
        can_filter=False,
        empty=_("As many bodies of each kind on both days."),
    )


def _events_table(rows: Sequence[Answer], caption: str) -> Table:
    return Table(
        [
            Column("when", _("Date")),
            Column("what", _("Change"), "link", "href"),
            Column("certainty_said", _("Certainty")),
            Column("source", _("Source")),
        ],
        rows,
        caption=caption,
        name="events",
        empty=_("No change is known."),
    )


@requires("system.read")
@require_safe
def events(request: Any) -> HttpResponseBase:
    picture = Picture(request.moment)
    rows = names.event_rows(answers.event(picture, found) for found in picture.events())
    overdue = [row for row in rows if row["is_overdue"]]
    return Page(
        request,
        "system/events.jinja",
        title=_("Plans and events"),
        breadcrumbs=_crumbs(),
        overdue=overdue,
        planned=[row for row in rows if row["is_planned"] and not row["is_overdue"]],
        events=_events_table(sorted(rows, key=lambda row: row["sort"], reverse=True), _("All changes")),
        elsewhere=_elsewhere(request, "events", "events"),
    ).response()


@requires("system.read")
@require_safe
def event(request: Any, key: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    found = ChangeEvent.objects.filter(key=key).first()
    beliefs = [answers.event(picture, b) for b in picture.beliefs([found.id])] if found else []
    if not beliefs:
        raise NotFound(_("No change '%(key)s' is known at this time.") % {"key": key})
    rows = _belief_rows(beliefs)
    return Page(
        request,
        "system/event.jinja",
        title=rows[0]["what"],
        breadcrumbs=_crumbs(Crumb(_("Plans and events"), reverse("system:events"))),
        newest=rows[0],
        beliefs=rows,
        bodies=[
            (_("Before"), [{"name": b["name"], "href": names.body_href(b)} for b in rows[0]["originals"]]),
            (_("After"), [{"name": b["name"], "href": names.body_href(b)} for b in rows[0]["results"]]),
        ],
        elsewhere=_elsewhere(request, "events", "events"),
    ).response()


# --- codes, bodies of a kind, people -------------------------------------------------------------------------------


@requires("system.read")
@require_safe
def code(request: Any, text: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    answer = answers.code(picture, text)
    uses = [
        {
            "name": use["of"]["name"] if use["of"] else "",
            "href": (
                names.area_href(use["of"]) if use["of"]["kind"] in names.AREA_KINDS else names.body_href(use["of"])
            )
            if use["of"]
            else None,
            "scheme": names.said_scheme(use["scheme"]),
            "days": names.span(use),
        }
        for use in answer["uses"]
    ]
    succession = Table(
        [
            Column("date", _("On"), "date"),
            Column("old", _("Old code"), "link", "old_href"),
            Column("new", _("New code"), "link", "new_href"),
            Column("words", _("What it says")),
        ],
        [
            {
                "date": names.sort_day(row["on"]),
                "old": row["old"],
                "new": row["new"],
                "old_href": reverse("system:code", args=[row["old"]]),
                "new_href": reverse("system:code", args=[row["new"]]),
                "words": _("The old code lives on")
                if row["old"] == row["new"]
                else _("%(old)s was followed by %(new)s") % row,
            }
            for row in answer["succession"]
        ],
        caption=_("Published succession"),
        name="succession",
        source="NHS organisation codes (ODS), succession file.",
    )
    return Page(
        request,
        "system/code.jinja",
        title=_("Code %(code)s") % {"code": answer["code"]},
        breadcrumbs=_crumbs(),
        answer=answer,
        uses=uses,
        became=_became(picture, answer["became"]),
        succession=succession if answer["succession"] else None,
        elsewhere=_elsewhere(request, f"codes/{answer['code']}", f"code {answer['code']}"),
    ).response()


def _became(picture: Picture, codes: Sequence[str]) -> list[Answer]:
    found = []
    for text in codes:
        held = picture.find(text)
        name, href = "", reverse("system:code", args=[text])
        if held:
            kind, thing = held
            if kind == "body":
                one: Any = picture.bodies_by_id([thing])[thing]
                href = names.body_href({"key": one.key})
            else:
                one = picture.areas_by_id([thing])[thing]
                href = names.area_href({"key": one.key, "kind": one.kind})
            name = one.name
        found.append({"code": text, "name": name, "href": href})
    return found


@requires("system.read")
@require_safe
def bodies(request: Any) -> HttpResponseBase:
    picture = Picture(request.moment)
    counts = picture.counts_by_kind()
    kind = request.GET.get("kind", "")
    if kind and kind not in BODY_KINDS:
        raise NotFound(
            _("There is no kind of body called '%(kind)s'. Choose one from the list of bodies.") % {"kind": kind}
        )
    found = picture.bodies_of_kind(kind) if kind else []
    rows = [
        {
            "name": b.name,
            "href": names.body_href({"key": b.key}),
            "code": b.code if b.code != b.key else "",
            "since": names.span({"from": str(b.since.start), "to": str(b.since.end) if b.since.end else None})
            if b.since
            else "",
        }
        for b in found
    ]
    title = names.body_kind(kind) if kind else _("Bodies")
    table = Table(
        [Column("name", _("Name"), "link", "href"), Column("code", _("Code")), Column("since", _("Exists"))],
        rows,
        caption=title,
        name="bodies",
        per_page=50,
        empty=_("No body of this kind exists on this day."),
    )
    return Page(
        request,
        "system/bodies.jinja",
        title=title,
        breadcrumbs=_crumbs(*([Crumb(_("Bodies"), reverse("system:bodies"))] if kind else [])),
        kind=kind,
        kinds=[
            (names.body_kind(k), f"?kind={k}", many)
            for k, many in sorted(counts.items(), key=lambda item: names.body_kind(item[0]))
        ],
        bodies=table if kind else None,
        many=len(rows),
        elsewhere=_elsewhere(request, "england", "show england") if not kind else None,
    ).response()


@requires("system.people")
@require_safe
def people(request: Any) -> HttpResponseBase:
    found = staff(Picture(request.moment))
    columns = [
        Column("person", _("Person")),
        Column("post", _("Post")),
        Column("body", _("Body"), "link", "href"),
        Column("status", _("Held as")),
        Column("fte", _("Full-time equivalent"), "number"),
        Column("employer", _("Employed by")),
        Column("since", _("Holds it")),
    ]
    table = Table(
        [c for c in columns if c.key not in {"fte", "employer"} or any(row[c.key] for row in found.rows)],
        [{**row, "href": names.body_href({"key": row["body_key"]})} for row in found.rows],
        caption=_("Posts and who holds them"),
        name="people",
        per_page=50,
        empty=_("No post is known on this day."),
    )
    return Page(
        request,
        "system/people.jinja",
        title=_("People in post"),
        breadcrumbs=_crumbs(),
        staff=found,
        people=table,
    ).response()


# --- correcting a fact ---------------------------------------------------------------------------------------------


@requires("system.correct")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest | Any, text: str, fact: str, fact_id: int) -> HttpResponseBase:
    picture = Picture(Moment(request.moment.valid_on, now().known_at))
    answer = answers.body(picture, _body_of(picture, text))
    told = next((f for f in answer["facts"] if f["fact"] == fact and f["id"] == fact_id), None)
    if told is None or fact not in services.CORRECTABLE:
        raise NotFound(_("This fact is no longer believed, or cannot be corrected one by one. Open the body again."))
    what, words = names.fact_words(told)
    form = CorrectionForm.of_fact(told)
    is_checked = False
    if request.method == "POST":
        form = CorrectionForm.sent(fact, request.POST)
        is_checked = not form.errors and request.POST.get("step") != "change"
        if not form.errors and request.POST.get("step") == "save":
            try:
                _save(request, form, fact_id)
            except JoinedupError as error:
                form.errors.append((str(error), "reason" if "reason" in str(error) else form.boxes[0].name))
                is_checked = False
            else:
                request.session[NOTICE] = {"key": answer["key"], "what": what, "was": words}
                return HttpResponseRedirect(_keeping(request, names.body_href(answer)))
    after = "" if form.never else names.fact_words({**told, "says": {**told["says"], **_typed(form)}})[1]
    return Page(
        request,
        "system/check.jinja" if is_checked else "system/correct.jinja",
        title=_("Check the correction")
        if is_checked
        else _("Correct: %(what)s of %(name)s") % {"what": what.lower(), "name": answer["name"]},
        breadcrumbs=_crumbs(Crumb(answer["name"], names.body_href(answer))),
        answer=answer,
        told=told,
        heading=_("Check the correction") if is_checked else _("Correct: %(what)s") % {"what": what.lower()},
        what=what,
        words=words,
        days=names.span(told),
        form=form,
        after=after,
        after_days=names.span({"from": str(form.from_day), "to": str(form.to_day) if form.to_day else None})
        if form.from_day
        else "",
    ).response(422 if form.errors else 200)


def _typed(form: CorrectionForm) -> Answer:
    typed: Answer = {}
    for name, text in form.values.items():
        if name == "share":
            try:
                typed[name] = float(text) if text else None
            except ValueError:
                typed[name] = None
        elif name == "registered_patients":
            typed[name] = int(text) if text.isdigit() else None
        else:
            typed[name] = text
    return typed


def _save(request: Any, form: CorrectionForm, fact_id: int) -> None:
    if form.never:
        services.withdraw(request.grant, form.fact, fact_id, form.reason)
    elif form.from_day is not None:
        services.correct(request.grant, form.fact, fact_id, form.values, form.from_day, form.to_day, form.reason)
