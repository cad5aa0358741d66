"""What a body has open in the system itself, for the check before it closes (rules: governance C3, C4).

Its children: the bodies that are part of it, its posts and its sites, and the areas that it serves. And its codes, when
no planned change and no published row says what follows on them: an address with such a code would lead nowhere.
Functions are left out: the map of functions of a transition answers for them (C6).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from joinedup.moment import Moment, now
from joinedup.system.change import CLOSING
from joinedup.system.lookup import id_of
from joinedup.system.models import CodeSuccession, Identifier, Link, PostStanding, Serving, Site
from joinedup.system.picture import Picture

Work = dict[str, str]


def open_work(body: str, on: date) -> list[Work]:
    """Answer what a body, by its code, key or uuid, has open on the day before `on`, by all that is known now.

    Dicts of kind, id, title, owner and link. On the day itself a change may have ended it already.
    """
    found = id_of(body)
    if found is None:
        return []
    before = Picture(Moment(on - timedelta(days=1), now().known_at))
    own = before.bodies_by_id([found])[found]
    link = f"/system/body/{own.key}/"
    return [
        {"kind": kind, "id": id_, "title": title, "owner": own.code, "link": to or link}
        for kind, id_, title, to in (
            *_children(before, found),
            *_posts_and_sites(before, found),
            *_areas(before, found),
            *_codes(before, found, on),
        )
    ]


def _at(picture: Picture) -> dict[str, object]:
    return {"valid__contains": picture.moment.valid_on, "known__contains": picture.moment.known_at}


def _children(picture: Picture, body: UUID) -> Iterator[tuple[str, str, str, str]]:
    rows = Link.objects.filter(to=body, kind="part_of", **_at(picture)).values_list("body", flat=True)
    for one in sorted(picture.bodies_by_id(set(rows)).values(), key=lambda one: one.key):
        yield "sub-body", one.key, one.name, f"/system/body/{one.key}/"


def _posts_and_sites(picture: Picture, body: UUID) -> Iterator[tuple[str, str, str, str]]:
    for post in PostStanding.objects.filter(body=body, **_at(picture)).select_related("post").order_by("post__key"):
        yield "post", post.post.key, post.title, ""
    for site in Site.objects.filter(body=body, **_at(picture)).order_by("pk"):
        yield "site", str(site.pk), site.postcode, ""


def _areas(picture: Picture, body: UUID) -> Iterator[tuple[str, str, str, str]]:
    rows = set(Serving.objects.filter(body=body, **_at(picture)).values_list("area", "role"))
    areas = picture.areas_by_id({area for area, _role in rows}, counted=False)
    for area, role in sorted(rows, key=lambda row: (areas[row[0]].key, row[1])):
        yield "area served", f"{areas[area].key}/{role}", areas[area].name, f"/system/area/{areas[area].key}/"


def _codes(picture: Picture, body: UUID, on: date) -> Iterator[tuple[str, str, str, str]]:
    codes = set(Identifier.objects.filter(body=body, **_at(picture)).values_list("code", flat=True))
    followed = any(
        one.kind in CLOSING and one.results and body in one.originals and one.effective.earliest <= on
        for one in picture.events([body])
        if one.certainty != "withdrawn"
    )
    if followed:
        return
    told = set(CodeSuccession.objects.filter(old_code__in=codes, on__lte=on).values_list("old_code", flat=True))
    for code in sorted(codes - told):
        yield "old code", code, code, f"/system/code/{code}/"
