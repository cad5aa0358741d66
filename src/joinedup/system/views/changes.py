"""The pages of what changed between two days, of change events, and of codes and what they became."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.moment import Moment, end_of_day, now
from joinedup.system import answers, names
from joinedup.system.forms import Comparison
from joinedup.system.kept import kept
from joinedup.system.models import ChangeEvent
from joinedup.system.picture import Picture
from joinedup.system.views.parts import (
    Answer,
    Elsewhere,
    belief_rows,
    crumbs,
    elsewhere,
    keeping,
    may_correct,
    sees_people,
)
from joinedup.ui import Column, Crumb, Page, Table


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
            answer = answers.diff(before, after, asked.of or None, with_people=sees_people(request))
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
        breadcrumbs=crumbs(),
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
        breadcrumbs=crumbs(),
        overdue=overdue,
        may_correct=may_correct(request),
        planned=[row for row in rows if row["is_planned"] and not row["is_overdue"]],
        events=_events_table(sorted(rows, key=lambda row: row["sort"], reverse=True), _("All changes")),
        elsewhere=elsewhere(request, "events", "events"),
    ).response()


@requires("system.read")
@require_safe
def event(request: Any, key: str) -> HttpResponseBase:
    picture = Picture(request.moment)
    found = ChangeEvent.objects.filter(key=key).first()
    beliefs = [answers.event(picture, b) for b in picture.beliefs([found.id])] if found else []
    if not beliefs:
        raise NotFound(_("No change '%(key)s' is known at this time.") % {"key": key})
    rows = belief_rows(beliefs)
    return Page(
        request,
        "system/event.jinja",
        title=rows[0]["what"],
        breadcrumbs=crumbs(Crumb(_("Plans and events"), reverse("system:events"))),
        key=key,
        newest=rows[0],
        beliefs=rows,
        may_correct=may_correct(request),
        bodies=[
            (_("Before"), [{"name": b["name"], "href": names.body_href(b)} for b in rows[0]["originals"]]),
            (_("After"), [{"name": b["name"], "href": names.body_href(b)} for b in rows[0]["results"]]),
        ],
        elsewhere=elsewhere(request, "events", "events"),
    ).response()


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
        breadcrumbs=crumbs(),
        answer=answer,
        uses=uses,
        became=_became(picture, answer["became"]),
        followed_by=[{"name": b["name"], "href": keeping(request, names.body_href(b))} for b in answer["followed_by"]],
        succession=succession if answer["succession"] else None,
        elsewhere=elsewhere(request, f"codes/{answer['code']}", f"code {answer['code']}"),
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
