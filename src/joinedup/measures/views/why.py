"""Why a number is so: definition, sentences, code lists, snapshot, deliveries, coverage and quality. Never people."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound, did_you_mean
from joinedup.measures import answers, origin
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import month_shown
from joinedup.measures.results import Results
from joinedup.measures.views.parts import DISCLOSURE, FORMULAS, area_asked, area_href, crumbs, measure_href, opened
from joinedup.ui import Column, Crumb, Page, Table, csv_text

POPULATIONS = {
    "registered": "People registered with a practice of the area",
    "resident": "People whose home is in the area",
}


@requires("measures.read")
@require_safe
def why(request: Any, measure_id: str) -> HttpResponseBase:
    results, month = opened(request)
    one = answers.measure(results, measure_id)
    area = area_asked(results, request, month)
    headline = answers.headline(results, one.id, area.code, month)
    scale = answers.scale_of(one)
    # The results carry what the snapshot said of its feeds, so that they can be opened where it is not kept.
    manifest = {**results.manifest, **origin.snapshot_manifest(results.snapshot_id)}
    return Page(
        request,
        "measures/why.jinja",
        title=_("Why is this number so?"),
        breadcrumbs=crumbs(Crumb(area.name, area_href(area.code)), Crumb(one.title, measure_href(one.id, area.code))),
        one=one,
        area=area,
        month=month_shown(headline.month),
        figure=headline,
        value=headline.value_shown(scale) if headline.value is not None else "",
        interval=headline.interval_shown(scale),
        is_same_definition=answers.is_same_definition(results, one),
        formula=FORMULAS[one.kind].format(multiplier=one.multiplier),
        disclosure=DISCLOSURE,
        population=POPULATIONS[one.population],
        steps=_steps(one),
        lists=_lists(one),
        snapshot=_snapshot(results, manifest),
        coverage=_coverage(one, manifest),
        quality=_quality(manifest),
        results=results,
    ).response()


@requires("measures.read")
@require_safe
def codes(request: Any, measure_id: str, name: str) -> HttpResponseBase:
    """Answer a code list of a measure as CSV: system, code, term."""
    results, _month = opened(request)
    one = answers.measure(results, measure_id)
    known = origin.codelists_of(one)
    if name not in known:
        raise NotFound(f"“{one.title}” uses no code list '{name}'.{did_you_mean(name, known)}")
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["system", "code", "term"])
    for part in known[name].parts:
        for code in sorted(part.codes):
            writer.writerow([part.system, code, csv_text(part.terms.get(code, ""))])
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _steps(one: MeasureDefinition) -> list[dict[str, Any]]:
    """Answer what is counted, of whom, in the sentences of the definition."""
    found = [{"title": _("Of whom"), "sentences": list(one.sentences[:1]) + list(one.denominator)}]
    if one.exclude:
        found.append({"title": _("Left out"), "sentences": list(one.exclude)})
    if one.numerator:
        found.append({"title": _("Counted"), "sentences": list(one.numerator)})
    if one.counts:
        period = _("in the month") if one.months == 1 else _("in the twelve months to its end")
        found.append({"title": _("Events counted"), "sentences": [f"{one.counts}, {period}"]})
    if one.of:
        found.append({"title": _("Of the events"), "sentences": [one.of]})
    if one.average:
        found.append({"title": _("Averaged"), "sentences": [one.average]})
    return found


def _lists(one: MeasureDefinition) -> Table:
    rows = [
        {
            "name": found.title or found.name,
            "href": reverse("measures:codes", args=[one.id, name]),
            "codes": sum(len(part.codes) for part in found.parts),
            "system": ", ".join(part.system for part in found.parts),
            "source": found.source,
            "version": found.version,
            "digest": found.sha256[:16],
        }
        for name, found in origin.codelists_of(one).items()
    ]
    return Table(
        [
            Column("name", _("Code list (a CSV file)"), "link", "href"),
            Column("codes", _("Codes"), "number"),
            Column("system", _("System")),
            Column("source", _("Source")),
            Column("version", _("Version")),
            Column("digest", _("Digest")),
        ],
        rows,
        caption=_("Code lists"),
        name="lists",
        per_page=0,
        can_filter=False,
        empty=_("This measure's sentences name no code list."),
    )


def _snapshot(results: Results, manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Answer the facts of the snapshot as (name, text)."""
    rows = [(_("Snapshot"), results.snapshot_id), (_("Figures made at"), results.made_at)]
    if "tables" not in manifest and "coverage" not in manifest:
        return [*rows, (_("Its own account"), _("The snapshot itself is not kept on this server any more."))]
    tables = manifest.get("tables", {})
    rows += [
        (_("Stands for the day"), str(manifest.get("day", ""))),
        (_("Made at"), str(manifest.get("made_at", ""))),
        (_("Made with"), str(manifest.get("code_version", ""))),
        (_("Content"), str(manifest.get("content", ""))),
        (_("People"), origin.people_shown(tables.get("person", {}).get("rows", ""))),
    ]
    rows += [
        (_("Opted out: %(what)s") % {"what": str(what).replace("_", " ")}, origin.people_shown(many))
        for what, many in (manifest.get("opt_outs") or {}).items()
        if not isinstance(many, dict | list)
    ]
    return [(name, text) for name, text in rows if text]


def _coverage(one: MeasureDefinition, manifest: Mapping[str, Any]) -> Table:
    covered = manifest.get("coverage") or {}
    deliveries: dict[str, int] = {}
    sources: dict[str, int] = {}
    for found in manifest.get("sources") or []:
        feed = str(found.get("feed", ""))
        many = found.get("deliveries", 0)
        deliveries[feed] = deliveries.get(feed, 0) + (len(many) if isinstance(many, list) else int(many or 0))
        sources[feed] = sources.get(feed, 0) + 1
    feeds = [feed for feed in one.feeds if feed] or sorted(covered)
    rows = [
        {
            "feed": feed,
            "from": covered.get(feed, {}).get("from", ""),
            "to": covered.get(feed, {}).get("to", ""),
            "missing": ", ".join(covered.get(feed, {}).get("missing", [])) or (_("none") if feed in covered else ""),
            "sources": sources.get(feed),
            "deliveries": deliveries.get(feed),
            "state": _("Came") if feed in covered else _("Nothing came"),
        }
        for feed in feeds
    ]
    return Table(
        [
            Column("feed", _("Feed")),
            Column("state", _("State")),
            Column("from", _("First month")),
            Column("to", _("Last month")),
            Column("missing", _("Months without data")),
            Column("sources", _("Sources"), "number"),
            Column("deliveries", _("Deliveries"), "number"),
        ],
        rows,
        caption=_("Feeds that this measure is made from"),
        name="coverage",
        per_page=0,
        can_filter=False,
        empty=_("The definition names no feed."),
    )


def _quality(manifest: Mapping[str, Any]) -> Table | None:
    rows = [{"what": name, "said": text} for name, text in _told(manifest.get("quality") or {})]
    if not rows:
        return None
    return Table(
        [Column("what", _("What")), Column("said", _("Found"))],
        rows,
        caption=_("Data quality of the snapshot"),
        name="quality",
        can_filter=False,
    )


def _told(held: Any, before: str = "") -> list[tuple[str, str]]:
    """Answer a manifest's nested facts as lines; whole numbers are counts of rows or people and shown as such."""
    if isinstance(held, Mapping):
        return [
            line
            for name, value in held.items()
            for line in _told(value, f"{before}: {name}" if before else str(name).replace("_", " "))
        ]
    if isinstance(held, list):
        return [(before, ", ".join(str(one) for one in held))] if held else []
    if isinstance(held, float):
        return [(before, f"{held:.1%}" if 0 <= held <= 1 else f"{held:,.1f}")]
    return [(before, origin.people_shown(held))]
