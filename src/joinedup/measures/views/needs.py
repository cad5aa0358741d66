"""What the people of a place need, on one page; and how well the model of the risk of admission does, in each group."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from joinedup.access import record, requires
from joinedup.errors import NotFound
from joinedup.measures import needs as found_needs
from joinedup.measures.cohorts import counting
from joinedup.measures.disclosure.protected import with_share
from joinedup.measures.disclosure.rounding import round_count
from joinedup.measures.views.parts import area_href, crumbs
from joinedup.ui import Column, Crumb, Page, Table

keeps_no_copy = cache_control(no_store=True, private=True)
HIDES = "* hides 1 to 7 people, or a number from which such a number could be worked out."


@requires(counting.COUNT)
@require_safe
@keeps_no_copy
def needs(request: Any) -> HttpResponseBase:
    """The needs of a place, or of the system: protected counts of the last month."""
    trail = crumbs(Crumb(_("Cohorts"), reverse("measures:cohorts")))
    try:
        snapshot = counting.latest_snapshot()
    except NotFound as error:
        return Page(request, "measures/needs.jinja", title=_("Needs"), breadcrumbs=trail, missing=str(error)).response()
    told = counting.kept_for(snapshot, "needs", lambda: found_needs.needs_of(counting.held_people(snapshot)))
    code, name, kind = told.area(request.GET.get("area", "").strip())
    with transaction.atomic():
        record(request.grant, counting.COUNT, f"snapshot:{told.snapshot_id}", details={"needs": code})
    counts = told.of(code)
    return Page(
        request,
        "measures/needs.jinja",
        title=_("Needs of %(name)s") % {"name": name},
        breadcrumbs=trail,
        missing="",
        kind=kind,
        area_href=area_href(code),
        choices=[{"title": "", "areas": [
            {"code": one[0], "name": one[1], "is_chosen": one[0] == code} for one in told.areas
        ]}],
        registered=_said(counts[found_needs.REGISTERED, "", ""]),
        core20=_core20(counts),
        areas=_clinical(counts),
        segments=_segments(counts),
        conditions=_conditions(counts),
        snapshot_id=told.snapshot_id,
    ).response()  # fmt: skip


def _said(people: int | None) -> str:
    return "*" if people is None else f"{people:,}"


def _core20(counts: dict[found_needs.Key, int | None]) -> Table:
    rows = [
        {"name": _("Everybody registered"), "people": counts[found_needs.REGISTERED, "", ""],
         "core20": counts[found_needs.CORE20, "yes", ""], "mark": "*"}
    ]  # fmt: skip
    rows += [
        {"name": name.capitalize(), "people": many, "core20": counts["plus", name, found_needs.CORE20], "mark": "*"}
        for (part, name, stage), many in counts.items()
        if part == "plus" and not stage
    ]
    return _table(
        "core20",
        _("Core20PLUS: the most deprived fifth of England, and groups that this system adds"),
        [
            Column("name", _("Group")),
            Column("people", _("People"), "number", mark_key="mark"),
            Column("core20", _("In the most deprived fifth of England"), "number", mark_key="mark"),
        ],
        rows,
    )


def _clinical(counts: dict[found_needs.Key, int | None]) -> Table:
    from joinedup.population.inequalities import clinical_areas

    rows = []
    for area in clinical_areas():
        people, done = counts.get(("area", area.name, "")), counts.get(("area", area.name, "done"))
        is_counted = ("area", area.name, "") in counts
        share, said = _share(done, people) if is_counted else (None, "–")
        rows.append(
            {
                "group": area.group.capitalize(), "name": area.name.capitalize(), "aim": area.aim, "people": people,
                "done": done, "share": share, "mark": "*" if is_counted else "–", "share_mark": said,
                "why": area.why or "",
            }
        )  # fmt: skip
    return _table(
        "five",
        _("The five clinical areas, for adults and for children"),
        [
            Column("group", _("For")),
            Column("name", _("Area")),
            Column("aim", _("Aim")),
            Column("people", _("People"), "number", mark_key="mark"),
            Column("done", _("Done"), "number", mark_key="mark"),
            Column("share", _("Share (%)"), "number", decimals=0, mark_key="share_mark"),
            Column("why", _("What is not collected")),
        ],
        rows,
    )


def _share(done: int | None, people: int | None) -> tuple[float | None, str]:
    """Answer a share of protected counts, as disclosure control gives it."""
    import pandas as pd

    from joinedup.measures.disclosure.protected import Protected

    frame = pd.DataFrame({"done": pd.array([done], "Int64"), "people": pd.array([people], "Int64")})
    for name in ("done", "people"):
        frame[f"{name}_status"] = ["suppressed" if frame[name].isna()[0] else ""]
    row = with_share(Protected(frame), "done", "people").frame.iloc[0]
    status = str(row["value_status"])
    return (None if status else float(row["value"])), {"suppressed": "*"}.get(status, status)


def _segments(counts: dict[found_needs.Key, int | None]) -> Table:
    from joinedup.population import segment_list
    from joinedup.population.segment_rules import LIFE_STAGES

    rows = []
    for segment in segment_list():
        row: dict[str, Any] = {"title": segment.title, "people": counts["segment", segment.name, ""], "mark": "*"}
        for number, (stage, _sentence) in enumerate(LIFE_STAGES):
            row[f"stage{number}"] = counts["segment", segment.name, stage]
        rows.append(row)
    return _table(
        "segments",
        _("Segments: everybody registered is in exactly one"),
        [
            Column("title", _("Segment")),
            Column("people", _("All ages"), "number", mark_key="mark"),
            *(
                Column(f"stage{number}", stage, "number", mark_key="mark")
                for number, (stage, _sentence) in enumerate(LIFE_STAGES)
            ),
        ],
        rows,
    )


def _conditions(counts: dict[found_needs.Key, int | None]) -> Table:
    rows = [
        {"name": name, "people": counts["conditions", name, ""], "mark": "*"}
        for name, _least, _most in found_needs.CONDITIONS
    ]
    return _table(
        "conditions",
        _("Long-term conditions at once: on how many registers people are"),
        [Column("name", _("Registers")), Column("people", _("People"), "number", mark_key="mark")],
        rows,
    )


def _table(name: str, caption: str, columns: list[Column], rows: list[dict[str, Any]]) -> Table:
    return Table(columns, rows, caption=caption, name=name, per_page=0, can_sort=False, can_filter=False,
                 can_download=False, notes=[_(HIDES)])  # fmt: skip


@requires(counting.COUNT)
@require_safe
@keeps_no_copy
def risk(request: Any) -> HttpResponseBase:
    """The card of the model of the risk of an emergency admission. It is trained by a command, never here."""
    from joinedup.population.risk import LEAST_EVENTS
    from joinedup.population.risk_files import kept_model

    missing, model = "", None
    try:
        model = kept_model(counting.latest_snapshot().id)
        with transaction.atomic():
            record(request.grant, counting.COUNT, f"snapshot:{model.snapshot_id}", details={"model": model.digest})
    except NotFound as error:
        missing = str(error)
    return Page(
        request,
        "measures/risk.jinja",
        title=model.title if model else _("The risk of an emergency admission"),
        breadcrumbs=crumbs(Crumb(_("Cohorts"), reverse("measures:cohorts"))),
        missing=missing,
        model=model,
        trained_on=round_count(model.trained_on) if model else None,
        tested_on=round_count(model.tested_on) if model else None,
        least_events=LEAST_EVENTS,
        fits=_fits(model) if model else [],
        counts=_odds(model) if model else None,
    ).response()


def _fits(model: Any) -> list[Table]:
    tables = []
    for number, group in enumerate(dict.fromkeys(fit.group for fit in model.fits)):
        rows = [
            {"name": fit.name, "people": round_count(fit.people), "mark": "*", "ratio": fit.ratio,
             "why": _("too few events")}
            for fit in model.fits
            if fit.group == group
        ]  # fmt: skip
        tables.append(
            Table(
                [
                    Column("name", group.capitalize()),
                    Column("people", _("People"), "number", mark_key="mark"),
                    Column("ratio", _("Observed to expected"), "number", decimals=2, mark_key="why"),
                ],
                rows,
                caption=_("By %(group)s") % {"group": group},
                name=f"fits{number}",
                per_page=0,
                can_sort=False,
                can_filter=False,
                can_download=False,
            )
        )
    return tables


def _odds(model: Any) -> Table:
    from math import exp

    rows = [
        {"name": name, "odds": exp(log_odds)}
        for name, log_odds in sorted(model.log_odds.items(), key=lambda each: -abs(each[1]))
    ]
    return Table(
        [Column("name", _("What counts")), Column("odds", _("Odds ratio"), "number", decimals=2)],
        rows,
        caption=_("What counts in the model"),
        name="odds",
        per_page=0,
        can_download=False,
        can_filter=False,
    )
