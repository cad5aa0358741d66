"""What the pages of this room share: their crumbs, the same answer elsewhere, who may see and do what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.moment import now
from joinedup.system import names
from joinedup.system.models import Body as BodyRow, Identifier
from joinedup.system.picture import Picture
from joinedup.ui import Column, Crumb, Table

Answer = dict[str, Any]
# Kinds of which one system can have hundreds: each has a table of its own.
MANY = ("pcn", "gp_practice")
NOTICE = "system.corrected"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How to get a page's answer as JSON and at the command line."""

    api: str
    command: str


def elsewhere(request: Any, path: str, command: str, **more: str) -> Elsewhere:
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


def sees_people(request: Any) -> bool:
    return decide(actor_of(request.user), "system.people", now().valid_on).allowed


def may_correct(request: Any) -> bool:
    # What was believed at a past time cannot be changed; the correction is made to what is believed now.
    return request.known_on is None and decide(actor_of(request.user), "system.correct", now().valid_on).allowed


def crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb("joinedup", "/"), Crumb(_("Systems"), reverse("system:england")), *more]


def systems_table(systems: Sequence[Answer], name: str = "systems") -> Table:
    rows = [
        {
            "name": s["name"],
            "href": names.area_href(s),
            "led_by": s["led_by"]["name"] if s["led_by"] else "",
            "led_href": names.body_href(s["led_by"]) if s["led_by"] else None,
            "status": names.SHORT_KINDS.get(s["led_by"]["kind"], "") if s["led_by"] else "",
            "small_areas": s["small_areas"],
            "population": s["population"],
            "deprived": percentage(s["deprived_share"]),
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


def percentage(share: float | None) -> float | None:
    return None if share is None else share * 100


def keeping(request: Any, page: str) -> str:
    kept = {key: request.GET[key] for key in ("as_of", "known_at") if request.GET.get(key)}
    return f"{page}?{urlencode(kept)}" if kept else page


def body_of(picture: Picture, text: str) -> Any:
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


def followed_by(picture: Picture, text: str) -> str | None:
    """Answer where an address with an old code leads that no body is kept for: its one successor, or what became of it.

    By the published rows of old and new code; None for a text that is no old code.
    """
    became = picture.resolve(text)
    if became == {text.upper()}:
        return None
    held = [found for one in became if (found := picture.find(one)) is not None and found[0] == "body"]
    if len(became) == 1 and held:
        key = picture.bodies_by_id([held[0][1]])[held[0][1]].key
        return f"{reverse('system:body', args=[key])}?{urlencode({'was': text.upper()})}"
    return reverse("system:code", args=[text.upper()])


def old_code(picture: Picture, was: str, answer: Answer) -> str:
    """Answer the old code from which an address led to a body, "" where the body did not follow on it."""
    codes = {code for held in answer["codes"].values() for code in held}
    return was.upper() if was and picture.resolve(was) & codes else ""


def belief_rows(events: Iterable[Answer]) -> list[Answer]:
    rows = names.event_rows(events)
    for row in rows:
        row["known_day"] = names.said(row["known_from"][:10])
        row["until_day"] = names.said(row["known_to"][:10]) if row["known_to"] else ""
    return sorted(rows, key=lambda row: row["known_from"], reverse=True)
