"""The pages of England, its coverage, a system and any other area."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.system import answers, maps, names
from joinedup.system.deciding import who_decides
from joinedup.system.kept import kept
from joinedup.system.kinds import BODY_KINDS
from joinedup.system.picture import Picture
from joinedup.system.search import responsible_words
from joinedup.system.views.parts import (
    MANY,
    SMALL_AREA_SOURCE,
    Answer,
    crumbs,
    elsewhere,
    keeping,
    percentage,
    systems_table,
)
from joinedup.ui import Column, Crumb, Page, Table


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
        systems=systems_table(answer["systems"]),
        kinds=kinds,
        elsewhere=elsewhere(request, "england", "show england"),
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
        breadcrumbs=crumbs(),
        answer=answer,
        odd=table,
        systems=systems_table(answer["systems"]),
        elsewhere=elsewhere(request, "coverage", "coverage"),
    ).response()


@requires("system.read")
@require_safe
def system(request: Any, text: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    answer, map_of_places, deprivation = kept(picture, f"system:{text.lower()}", lambda: _system(picture, text))
    if answer["what"] == "england":
        return HttpResponseRedirect(keeping(request, reverse("system:england")))
    if answer["what"] != "system":
        page = names.body_href(answer) if answer["what"] == "body" else names.area_href(answer)
        return HttpResponseRedirect(keeping(request, page))
    return Page(
        request,
        "system/system.jinja",
        title=answer["name"],
        breadcrumbs=crumbs(),
        answer=answer,
        status=names.body_kind(answer["led_by"]["kind"]) if answer["led_by"] else "",
        **_present(answer, request),
        way=_way_table(answer, request) if len(answer["way"]) > 1 else None,
        tree=_tree(answer),
        map_of_places=map_of_places,
        areas=_areas_table(answer) if answer["areas"] and not map_of_places else None,
        source=SMALL_AREA_SOURCE,
        deprivation=deprivation,
        bodies=_bodies_tables(answer),
        **_ahead_and_behind(answer["events"], request),
        elsewhere=elsewhere(request, text, f"show {text}"),
        changes_href=f"{reverse('system:changes')}?{urlencode({'of': answer['key']})}",
    ).response()


def _present(answer: Answer, request: Any) -> Answer:
    """Answer the stretch of a system's way in which the day shown lies: legal form, who decides, who commissions."""
    on = request.moment.valid_on.isoformat()
    stretch = next((s for s in reversed(answer["way"]) if s["day"] <= on), None)
    leader = stretch and stretch["led_by"]
    return {
        "legal_form": names.LEGAL_FORMS.get(leader["legal_form"], "") if leader else "",
        "deciding": who_decides(leader["legal_form"]) if leader else None,
        "commissioners": [
            {"name": b["name"], "href": keeping(request, names.body_href(b))}
            for b in (stretch["commissioned_by"] if stretch else ())
        ],
        "areas_told": stretch["areas_told"] if stretch else True,
    }


def _way_table(answer: Answer, request: Any) -> Table:
    """Answer a system's way as a table: each stretch with a link to its first day, the latest last."""
    on = request.moment.valid_on.isoformat()
    present = max((s["day"] for s in answer["way"] if s["day"] <= on), default="")
    rows = []
    for stretch in answer["way"]:
        leader = stretch["led_by"]
        deciding = who_decides(leader["legal_form"]) if leader else None
        query = {"as_of": stretch["day"]} | ({"known_at": request.GET["known_at"]} if request.known_on else {})
        kinds = {b["kind"] for b in stretch["commissioned_by"]}
        many = len(stretch["commissioned_by"])
        rows.append(
            {
                "since": names.said(stretch["from"]) + (f" ({_('shown')})" if stretch["day"] == present else ""),
                "href": f"?{urlencode(query)}",
                "led_by": leader["name"] if leader else "",
                "status": names.SHORT_KINDS.get(leader["kind"], names.body_kind(leader["kind"])) if leader else "",
                "legal_form": names.LEGAL_FORMS.get(leader["legal_form"], "") if leader else "",
                "deciding": deciding.short if deciding else "",
                "commissioned_by": f"{many} {names.SHORT_KINDS.get(kinds.pop(), _('bodies'))}s"
                if many > 1 and len(kinds) == 1
                else names.listed(b["name"] for b in stretch["commissioned_by"]),
                "small_areas": stretch["small_areas"],
            }
        )
    return Table(
        [
            Column("since", _("Since"), "link", "href"),
            Column("led_by", _("Led by")),
            Column("status", _("Status")),
            Column("legal_form", _("Legal form"), where="file"),
            Column("deciding", _("Who decides")),
            Column("commissioned_by", _("Care is commissioned by")),
            Column("small_areas", _("Small areas"), "number"),
        ],
        rows,
        caption=_("Who led it, and since when"),
        name="way",
        per_page=0,
        can_filter=False,
        can_sort=False,
    )


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
        return HttpResponseRedirect(keeping(request, reverse("system:system", args=[found.key])))
    answer = answers.area(picture, found)
    rows = answers.small_areas(picture, found.id)
    table = _small_areas_table(answer, rows)
    around = answer["lies_in"]
    return Page(
        request,
        "system/area.jinja",
        title=answer["name"],
        breadcrumbs=crumbs(*(Crumb(a["name"], names.area_href(a)) for a in _parents(answer)[:1])),
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
        elsewhere=elsewhere(request, answer["key"], f"show {answer['key']}"),
    ).response()


def _ahead_and_behind(events: Iterable[Answer], request: Any) -> Answer:
    """Answer what is planned, the latest that happened, and what happened before that, each newest first."""
    rows = sorted(names.event_rows(events), key=lambda row: row["sort"], reverse=True)
    ahead = [r for r in rows if r["is_planned"] or r["sort"] > request.moment.valid_on]
    behind = [r for r in rows if r not in ahead]
    return {"ahead": ahead, "latest": behind[:4], "earlier": behind[4:]}


def _parents(answer: Answer) -> list[Answer]:
    return [a for a in answer["lies_in"] if a["kind"] == "system" and a["is_whole"]] or list(answer["within"])


def _responsible(around: Sequence[Answer]) -> list[Answer]:
    """Answer who answers for what an area lies in, ready for a table in the page."""
    return [
        {
            "key": a["key"],
            "kind": names.area_kind(a["kind"]),
            "name": a["name"],
            "href": names.area_href(a),
            "is_whole": a["is_whole"],
            "leader": _link(a["led_by"]),
            "commissioners": [_link(b) for b in a["commissioned_by"]],
        }
        for a in around
    ]


def _link(body: Answer | None) -> Answer | None:
    return body and {"name": body["name"], "href": names.body_href(body), "kind": names.body_kind(body["kind"])}


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
            "deprived": percentage(a["deprived_share"]),
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
