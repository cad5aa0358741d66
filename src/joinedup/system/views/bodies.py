"""The pages of a body, of what we knew of it and when, of bodies of a kind, and of people in post."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.moment import now
from joinedup.system import answers, names, services
from joinedup.system.kinds import BODY_KINDS, FACTS
from joinedup.system.picture import Picture
from joinedup.system.views.parts import (
    NOTICE,
    Answer,
    belief_rows,
    body_of,
    crumbs,
    elsewhere,
    followed_by,
    may_correct,
    old_code,
    percentage,
    sees_people,
)
from joinedup.ui import Arrow, Box, Column, Crumb, Diagram, Page, Table


@requires("system.read")
@require_safe
def body(request: Any, text: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    try:
        found = body_of(picture, text)
    except NotFound:
        after = followed_by(picture, text)
        if after is None:
            raise
        return HttpResponseRedirect(after)
    with_people = sees_people(request)
    answer = answers.body(picture, found, with_people=with_people)
    is_correctable = may_correct(request)
    standing = [f for f in answer["facts"] if f["fact"] == "Standing"]
    notice = request.session.pop(NOTICE, None) if request.session.get(NOTICE, {}).get("key") == answer["key"] else None
    facts = _fact_groups(answer, is_correctable)
    roles = list(names.SERVING_ROLES)
    return Page(
        request,
        "system/body.jinja",
        title=answer["name"],
        breadcrumbs=crumbs(*_led_systems(answer)),
        answer=answer,
        kind=names.body_kind(answer["kind"] or (standing[-1]["says"]["kind"] if standing else "")),
        followed_by=_followed_by(answer),
        was=old_code(picture, request.GET.get("was", ""), answer),
        website=_address(answer["contacts"].get("web", "")),
        existed=[{"days": _existed(f, standing), "href": _on_day(request, f)} for f in standing],
        facts=facts,
        codes=[(names.said_scheme(scheme), codes) for scheme, codes in answer["codes"].items()],
        serves=[
            {**s, "href": names.area_href(s["area"]), "words": names.SERVING_ROLES.get(s["role"], s["role"])}
            for s in sorted(answer["serves"], key=lambda s: (roles.index(s["role"]), s["area"]["name"]))
        ],
        links=[
            {**link, "href": names.body_href(link["to"]), "words": names.LINK_KINDS.get(link["kind"], link["kind"])}
            for link in answer["links"]
        ],
        linked=_linked_table(answer),
        functions=_functions(answer["functions"]),
        sees_people=with_people,
        may_correct=is_correctable,
        lineage=_lineage(answer),
        events=names.event_rows(answer["events"]),
        notice=notice,
        yesterday=_yesterday(request),
        elsewhere=elsewhere(request, answer["key"], f"show {answer['key']}"),
    ).response()


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
    return [{"title": FACTS.get(kind, kind), "facts": found} for kind, found in groups.items()]


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
            "share": percentage(row["share"]),
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
    answer = answers.beliefs(picture, body_of(picture, text).key)
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
        breadcrumbs=crumbs(Crumb(answer["name"], names.body_href(answer))),
        answer=answer,
        beliefs=table,
        events=belief_rows(answer["events"]),
        elsewhere=elsewhere(request, f"{answer['key']}/known", f"known {answer['key']}"),
    ).response()


def _day_of(instant: str | None) -> Any:
    return names.sort_day(instant[:10]) if instant else None


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
        breadcrumbs=crumbs(*([Crumb(_("Bodies"), reverse("system:bodies"))] if kind else [])),
        kind=kind,
        kinds=[
            (names.body_kind(k), f"?kind={k}", many)
            for k, many in sorted(counts.items(), key=lambda item: names.body_kind(item[0]))
        ],
        bodies=table if kind else None,
        many=len(rows),
        elsewhere=elsewhere(request, "bodies", f"bodies {kind}", kind=kind)
        if kind
        else elsewhere(request, "england", "show england"),
    ).response()


@requires("system.people")
@require_safe
def people(request: Any) -> HttpResponseBase:
    answer = answers.people(Picture(request.moment))
    rows = [
        {
            "person": held["person"],
            "post": held["post"],
            "body": held["body"]["name"],
            "href": names.body_href(held["body"]),
            "status": held["status"],
            "fte": held["fte"],
            "employer": held["employer"]["name"] if held["employer"] else "",
            "since": names.span(held["since"]),
        }
        for held in answer["holders"]
    ]
    gap = {"person": _("Nobody"), "status": _("vacant"), "fte": None, "employer": "", "since": ""}
    rows += [
        {**gap, "post": v["post"], "body": v["body"]["name"], "href": names.body_href(v["body"])}
        for v in answer["vacancies"]
    ]
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
        [c for c in columns if c.key not in {"fte", "employer"} or any(row[c.key] for row in rows)],
        rows,
        caption=_("Posts and who holds them"),
        name="people",
        per_page=50,
        empty=_("No post is known on this day."),
    )
    return Page(
        request,
        "system/people.jinja",
        title=_("People in post"),
        breadcrumbs=crumbs(),
        answer=answer,
        people=table,
        elsewhere=elsewhere(request, "people", "people"),
    ).response()
