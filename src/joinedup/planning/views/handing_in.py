"""Taking a template, handing it in filled, and one version of a plan with its lines."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import requires
from joinedup.errors import FileError, JoinedupError, NotFound
from joinedup.planning import (
    DatedCodes,
    LineError,
    PlanLine,
    PlanVersion,
    TemplateError,
    own_codes,
    plan_csv,
    plan_workbook,
    services,
    words,
)
from joinedup.planning.models import Version
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.plan_lines import PENCE, PENCE_A_UNIT, PERCENT
from joinedup.planning.plans.system_codes import codes_for
from joinedup.planning.plans.template_layout import TEMPLATE, period_title, periods, year_span
from joinedup.planning.plans.templates_in import LARGEST_FILE, year_in
from joinedup.planning.plans.versions import SIDES
from joinedup.planning.triangulation.adjusting import gap_of_version
from joinedup.planning.views import parts
from joinedup.ui import Column, Crumb, Page, Table, instant

READ = "planning.read"
FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
MOST_NAMED = 20  # cells that the error summary names; the table below it names all
_FLOWS = ("activity", "finance")


@requires(READ)
@require_safe
def template(request: Any) -> HttpResponseBase:
    """Choose a body, a side and a year, and take the template to fill; with `form` the file itself."""
    year = parts.year_asked(request)
    asked = {name: str(request.GET.get(name, "")).strip() for name in ("owner", "side", "form", "filled")}
    codes = codes_for(year)
    bodies = {side: codes.between(side, *year_span(year)) for side in SIDES}
    errors = []
    if asked["form"]:
        if asked["form"] not in FORMS:
            errors.append(parts.error(_("Choose Excel or CSV"), "form"))
        if asked["side"] not in SIDES:
            errors.append(parts.error(_("Choose as what the body plans"), "side"))
        elif not asked["owner"]:
            errors.append(parts.error(_("Choose the body whose plan it is"), "owner"))
        elif asked["owner"] not in bodies[asked["side"]]:
            text = _("%(body)s is no %(side)s in %(year)s: choose another body or side")
            said = {"body": asked["owner"], "side": str(words.SIDES[asked["side"]]).lower(), "year": year}
            errors.append(parts.error(text % said, "owner"))
        if not errors:
            return _file(asked, year, codes)
    every = bodies["commissioner"] | bodies["provider"]
    return Page(
        request,
        "planning/template.jinja",
        title=_("Take a plan template"),
        breadcrumbs=parts.crumbs(),
        year=year,
        years=parts.years_to_choose(year),
        asked=asked,
        bodies=parts.items(sorted(every.items(), key=lambda one: one[1]), asked["owner"], _("Choose a body")),
        errors=errors,
    ).response(400 if errors else 200)


def _file(asked: dict[str, str], year: str, codes: DatedCodes) -> HttpResponse:
    owner, side, form = asked["owner"], asked["side"], asked["form"]
    lines: tuple[PlanLine, ...] = ()
    if asked["filled"]:
        lines = kept_plans.plan_version(kept_plans.latest(owner, side, year)).lines
    if form == "csv":
        content = plan_csv(owner, side, year, lines).encode("utf-8-sig")
    else:
        content = plan_workbook(owner, side, year, codes, lines)
    response = HttpResponse(content, content_type=FORMS[form])
    name = f"plan-{owner}-{side}-{year.replace('/', '-')}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@requires(services.SUBMIT)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in(request: Any) -> HttpResponseBase:
    """Hand a filled template in: all of it becomes the next version, or nothing and every bad cell is named."""
    year = parts.year_asked(request)
    codes = codes_for(year)
    bodies = {code: name for side in SIDES for code, name in codes.between(side, *year_span(year)).items()}
    bodies = {code: name for code, name in bodies.items() if code in parts.own_codes_of(request.grant, bodies)}
    owner = str(request.POST.get("owner", "")).strip() or (next(iter(bodies)) if len(bodies) == 1 else "")
    errors: list[dict[str, str]] = []
    cells: list[parts.Row] = []
    if request.method == "POST":
        try:
            version = _take(request, owner, bodies)
            return HttpResponseRedirect(parts.href("version", version.pk))
        except TemplateError as wrong:
            cells = [
                {"sheet": one.sheet, "cell": one.cell, "found": one.found, "expected": one.expected,
                 "next": one.next_step}
                for one in wrong.cells
            ]  # fmt: skip
            errors = [
                parts.error(
                    _("Sheet %(sheet)s, cell %(cell)s: found %(found)s, expected %(expected)s") % one, "cells"
                )
                for one in cells[:MOST_NAMED]
            ]  # fmt: skip
            if len(cells) > MOST_NAMED:
                text = _("%(many)s more cells are named in the table below")
                errors.append(parts.error(text % {"many": f"{len(cells) - MOST_NAMED:,}"}, "cells"))
        except FileError as wrong:
            errors = [parts.error(str(wrong).replace("\n", " "), wrong.field or "file")]
        except JoinedupError as wrong:
            errors = [parts.error(str(wrong), "file")]
    return Page(
        request,
        "planning/hand_in.jinja",
        title=_("Hand in a plan"),
        breadcrumbs=parts.crumbs(Crumb(_("Who has sent a plan"), parts.href("plans"))),
        bodies=parts.items(sorted(bodies.items(), key=lambda one: one[1]), owner,
                           _("Choose a body") if len(bodies) != 1 else ""),
        blank=request.POST.get("blank", "error"),
        errors=errors,
        cells=Table(
            [
                Column("sheet", _("Sheet")),
                Column("cell", _("Cell")),
                Column("found", _("Found")),
                Column("expected", _("Expected")),
                Column("next", _("What to do")),
            ],
            cells,
            caption=_("Cells that cannot be read"),
            name="cells",
            per_page=0,
            can_filter=False,
            can_sort=False,
            can_download=False,
        )
        if cells
        else None,
    ).response(422 if errors else 200)  # fmt: skip


def _take(request: Any, owner: str, bodies: dict[str, str]) -> Any:
    given = request.FILES.get("file")
    if owner not in bodies:
        raise FileError("file", _("the body whose plan it is was not chosen"), _("Choose the body."), field="owner")
    if given is None:
        raise FileError("file", _("no file was chosen"), _("Choose the filled template."), field="file")
    if given.size > LARGEST_FILE:
        most = LARGEST_FILE // 2**20
        raise FileError(given.name, f"expected at most {most} MB", "Hand in a template of joinedup.")
    name = Path(given.name).name
    with tempfile.TemporaryDirectory() as folder:
        # The ending says which kind of file it is; the rest of the name is the sender's and stays out of the path.
        path = Path(folder) / f"plan{Path(name).suffix.lower()}"
        path.write_bytes(given.read())
        try:
            codes = codes_for(year_in(path))
        except LineError:  # The file says no year that there is: that is for the import to tell, by its cell.
            codes = DatedCodes(own_codes())
        blank = "zero" if request.POST.get("blank") == "zero" else "error"
        version = services.import_plan(
            request.grant, path, template=TEMPLATE, owner=owner, codes=codes, blank=blank
        )  # fmt: skip
    parts.say(request, _("It is taken in as a draft. Look at it, then submit it to all partners."))
    return version


@requires(READ)
@require_safe
def version(request: Any, number: int) -> HttpResponseBase:
    """One version of a plan: its state and story, and its lines by kind, as the template has them."""
    kept = kept_plans.version_of(number)
    plan = kept_plans.plan_version(kept)
    kinds = [kind for kind in words.KINDS if any(line.kind == kind for line in plan.lines)]
    kind = str(request.GET.get("kind", "")) or (kinds[0] if kinds else "activity")
    if kind not in words.KINDS:
        raise NotFound(_("There is no kind of line “%(kind)s”.") % {"kind": kind})
    names = parts.names_of([plan.owner, *(line.commissioner for line in plan.lines)])
    owner = names.get(plan.owner, plan.owner)
    may_submit = plan.state == "draft" and parts.may(request, services.SUBMIT)
    return Page(
        request,
        "planning/version.jinja",
        title=_("Plan of %(body)s for %(year)s, version %(number)s")
        % {"body": owner, "year": plan.year, "number": plan.number},
        breadcrumbs=parts.crumbs(Crumb(_("Who has sent a plan"), parts.href("plans", year=plan.year))),
        version=kept,
        tag=words.tag(words.VERSION_STATES, plan.state),
        about=[
            _row(_("Body"), owner),
            _row(_("As"), str(words.SIDES[plan.side])),
            _row(_("Lines"), f"{kept.lines_count:,}"),
            _made_by(kept),
            *(
                _row(words.tag(words.VERSION_STATES, step.state)["text"], instant(step.at))
                for step in kept.steps.order_by("pk")
            ),
            _row(_("Fingerprint"), kept.content_hash, "nhsuk-u-text-break-word"),
        ],
        kinds=[
            {"text": str(words.KINDS[one]), "href": parts.href("version", number, kind=one), "is_here": one == kind}
            for one in kinds
        ],
        lines=_lines_table(plan, kind, names),
        template_href=parts.href("template", owner=plan.owner, side=plan.side, year=plan.year, filled="yes",
                                 form="xlsx"),
        notice=parts.said(request),
        may_submit=may_submit and bool(_acting(request, plan.owner)),
        is_of_another=may_submit and not _acting(request, plan.owner),
        owner=owner,
    ).response()  # fmt: skip


@requires(services.SUBMIT)
@require_POST
def submit(request: Any, number: int) -> HttpResponseBase:
    """Say a draft to all partners."""
    version = services.submit(request.grant, number)
    parts.say(request, _("It is submitted. All partners see it, and it does not change any more."))
    return HttpResponseRedirect(parts.href("version", version.pk))


def _acting(request: Any, owner: str) -> list[str]:
    from joinedup.access import grant_for

    return parts.bodies_of(grant_for(request, services.SUBMIT), [owner])


def _made_by(kept: Version) -> dict[str, Any]:
    """The file that was handed in, or the disagreement whose settlement made this version."""
    gap = gap_of_version(kept)
    if gap is None:
        return _row(_("File"), kept.file or _("none"))
    text = _("the settlement of disagreement %(number)s, which both sides accepted") % {"number": gap}
    return {
        "key": {"text": _("Made by")},
        "value": {"html": format_html('<a href="{}">{}</a>', parts.href("disagreement", gap), text)},
    }


def _row(key: str, value: str, classes: str = "") -> dict[str, Any]:
    return {"key": {"text": key}, "value": {"text": value, "classes": classes}}


def _lines_table(plan: PlanVersion, kind: str, names: dict[str, str]) -> Table:
    """A row for each thing that is planned, with its months and, where they add up, the year."""
    order = periods(plan.year)
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for line in plan.lines:
        if line.kind != kind:
            continue
        key = (line.commissioner, line.provider, line.service, line.pod, line.place, line.measure, line.unit)
        row = found.setdefault(key, {})
        row[line.period] = _shown(line)
    rows = []
    for key, months in sorted(found.items()):
        commissioner, provider, service, pod, place, measure, unit = key
        if kind in _FLOWS and unit != PENCE_A_UNIT and plan.year not in months and len(months) == len(order) - 1:
            months[plan.year] = sum(months.values(), start=Decimal(0))
        rows.append(
            {
                "commissioner": names.get(commissioner, commissioner),
                "provider": provider,
                "service": words.code_name("service", service) if service else "",
                "pod": words.pod_name(kind, pod) if pod else "",
                "place": place,
                "measure": str(words.MEASURES.get(measure, measure)),
                "unit": {PENCE: "pounds", PENCE_A_UNIT: "pounds a unit", PERCENT: "%"}.get(unit, unit),
                **months,
            }
        )
    used = {name for row in rows for name, value in row.items() if value not in ("", None)}
    keys = [
        Column("commissioner", _("Commissioner"), where="file"),
        Column("provider", _("Provider"), where="file"),
        Column("pod", _("Profession") if kind == "workforce" else _("Point of delivery")),
        Column("service", _("Specialty")),
        Column("place", _("Place")),
        Column("measure", _("Measure")),
        Column("unit", _("Unit")),
    ]
    # One line says what all rows share better than a column does.
    same = {name for name in ("measure", "unit") if len({row[name] for row in rows}) == 1}
    decimals = 2 if kind == "finance" else 1 if kind in ("workforce", "performance") else None
    money_or_count = [Column(one, period_title(one), "number", decimals=decimals) for one in order if one in used]
    return Table(
        [one for one in keys if one.key in used and one.key not in same] + money_or_count,
        rows,
        caption=str(words.KINDS[kind])
        + (f", {rows[0]['unit']}" if rows and "unit" in same else ""),
        name="lines",
        empty=_("This plan has no lines of this kind."),
    )  # fmt: skip


def _shown(line: PlanLine) -> Decimal:
    value = Decimal(line.value)
    if line.of is not None:
        return value / Decimal(line.of) * 100
    return value / 100 if line.unit in (PENCE, PENCE_A_UNIT) else value
