"""Cohorts: those that come with joinedup, and building one line by line with counts that may be seen."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from joinedup.access import actor_of, decide, requires
from joinedup.errors import NotFound
from joinedup.measures.cohorts import counting
from joinedup.measures.cohorts.lines import KINDS, Typed, Wrong, short, typed
from joinedup.measures.views.parts import crumbs
from joinedup.moment import now
from joinedup.population import cohort, cohort_names
from joinedup.population.statements import FORMS
from joinedup.ui import Column, Crumb, Page, Table

keeps_no_copy = cache_control(no_store=True, private=True)
SPARE_LINES = 2
HIDES = "* hides 1 to 7 people, or a number from which such a number could be worked out."
NEAR = "Where a line removes 1 to 7 people, its count stays that of the line before."


@requires(counting.COUNT)
@require_safe
@keeps_no_copy
def cohorts(request: Any) -> HttpResponseBase:
    """The cohorts that have names: what each means, and how many people it holds."""
    counts: dict[str, int | None] = {}
    missing, snapshot = "", ""
    try:
        counts = counting.count_named(request.grant)
        snapshot = counting.latest_snapshot().id
    except NotFound as error:
        missing = str(error)
    rows = []
    for name in cohort_names():
        one = cohort(name)
        rows.append(
            {
                "title": one.title, "href": _build_href(name), "meaning": one.meaning, "people": counts.get(name),
                "mark": "*" if name in counts else "–",
            }
        )  # fmt: skip
    return Page(
        request,
        "measures/cohorts.jinja",
        title=_("Cohorts"),
        breadcrumbs=crumbs(),
        missing=missing,
        cohorts=Table(
            [
                Column("title", _("Cohort"), "link", href_key="href"),
                Column("meaning", _("Who they are")),
                Column("people", _("People"), "number", mark_key="mark"),
            ],
            rows,
            caption=_("Cohorts that have names"),
            name="cohorts",
            per_page=0,
            source=_("snapshot %(id)s") % {"id": snapshot} if snapshot else "",
            notes=[_(HIDES)],
        ),
    ).response()


@requires(counting.COUNT)
@require_safe
@keeps_no_copy
def build(request: Any) -> HttpResponseBase:
    """A cohort, line by line: its lines stand in the address, so that it can be kept and sent to others."""
    named = request.GET.get("cohort", "").strip()
    said = typed(request.GET)
    about = None
    if named and said.is_empty:
        about = cohort(named)
        said = Typed(about.include, about.exclude)
    wrong = list(said.wrong)
    answer, missing = None, ""
    if not said.is_empty and not wrong:
        try:
            answer = counting.count_cohort(request.grant, said)
        except counting.WrongLines as error:
            wrong = list(error.wrong)
        except NotFound as error:
            missing = short(error)
    context = {
        "boxes": {kind: _boxes(kind, said, wrong) for kind in KINDS},
        "errors": [{"text": f"{_where(one)}: {one.says}", "href": f"#{one.field}"} for one in wrong],
        "forms": FORMS,
        "about": about,
        "missing": missing,
        "answer": answer,
        "lines": _lines(answer) if answer else None,
        "groups": _groups(answer) if answer else [],
        "mark": "*",
        "links": _links(request, said) if answer else [],
    }
    return Page(
        request,
        "measures/cohort.jinja",
        title=about.title if about else _("Build a cohort"),
        breadcrumbs=crumbs(Crumb(_("Cohorts"), reverse("measures:cohorts"))),
        **context,
    ).response(400 if wrong else 200)


def _build_href(name: str) -> str:
    return f"{reverse('measures:build-cohort')}?{urlencode({'cohort': name})}"


def _where(one: Wrong) -> str:
    word = _("Include, line %(number)s") if one.kind == "include" else _("Leave out, line %(number)s")
    return word % {"number": one.number}


def _boxes(kind: str, said: Typed, wrong: list[Wrong]) -> list[dict[str, Any]]:
    lines = [*said.lines(kind), *[""] * SPARE_LINES]
    why = {one.number: one.says for one in wrong if one.kind == kind}
    return [
        {"id": f"{kind}-{number}", "number": number, "value": line, "error": why.get(number, "")}
        for number, line in enumerate(lines, start=1)
    ]


def _lines(answer: counting.CohortAnswered) -> Table:
    rows = [
        {
            "sentence": _("Everybody in the snapshot")
            if not number
            else (_("Leave out: %(line)s") if line.is_exclusion else _("Include: %(line)s")) % {"line": line.sentence},
            "left": line.left, "removed": line.removed, "unknown": line.unknown, "mark": "*",
        }
        for number, line in enumerate(answer.lines)
    ]  # fmt: skip
    return Table(
        [
            Column("sentence", _("Line")),
            Column("left", _("People left"), "number", mark_key="mark"),
            Column("removed", _("Removed"), "number", mark_key="mark"),
            Column("unknown", _("Not known"), "number", mark_key="mark",
                   note=_("Of how many it is not recorded. A line to include removes them, a line to leave out keeps "
                          "them.")),
        ],
        rows,
        caption=_("Line by line"),
        name="lines",
        per_page=0,
        can_sort=False,
        can_filter=False,
        can_download=False,
        notes=[_(HIDES), _(NEAR)],
    )  # fmt: skip


TITLES = {
    "sex": "Sex", "age_band": "Age", "ethnic_group": "Ethnic group",
    "deprivation_national": "Deprivation, national fifths (1 is most deprived)",
    "deprivation_local": "Deprivation, local fifths (1 is most deprived)", "place": "Place",
}  # fmt: skip


def _groups(answer: counting.CohortAnswered) -> list[Table]:
    names = _place_names() if any(one.trait == "place" for one in answer.groups) else {}
    tables = []
    for trait in counting.TRAITS:
        rows = [
            {"name": names.get(one.name, one.name) if trait == "place" else one.name.capitalize(), "people": one.people,
             "mark": "*"}
            for one in answer.groups
            if one.trait == trait
        ]  # fmt: skip
        if rows:
            tables.append(
                Table(
                    [Column("name", _("Group")), Column("people", _("People"), "number", mark_key="mark")],
                    rows,
                    caption=_(TITLES[trait]),
                    name=f"by_{trait}",
                    per_page=0,
                    can_sort=False,
                    can_filter=False,
                    can_download=False,
                )
            )
    return tables


def _place_names() -> dict[str, str]:
    snapshot = counting.latest_snapshot()

    def make() -> dict[str, str]:
        areas = snapshot.table("area").select("code", "name")
        return {row["code"]: row["name"] for row in areas.to_pyarrow().to_pylist()}

    return counting.kept_for(snapshot, "names of areas", make)  # type: ignore[no-any-return]


def _links(request: Any, said: Typed) -> list[dict[str, str]]:
    """Answer what can be done with this cohort by whoever looks."""
    actor, day = actor_of(request.user), now().valid_on
    links = []
    if decide(actor, "measures.release", day).allowed and not said.exclude:
        query = urlencode([("sentence", line) for line in said.include])
        links.append(
            {"text": _("Ask for a release of these counts"), "href": f"{reverse('measures:ask-release')}?{query}"}
        )
    return links
