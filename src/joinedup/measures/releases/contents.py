"""Making what is to be released: a table of measures from the protected results, or counts of a cohort from a snapshot.

What is asked for stands in an address, so that a page of a measure or of a cohort can lead here:
`?measure=smoking&area=QM7&breakdown=sex&months=latest` or `?sentence=is on the register diabetes&by=sex`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from joinedup.access import record
from joinedup.errors import RuleError, did_you_mean
from joinedup.measures.cohorts.counting import COUNT
from joinedup.measures.cohorts.counts import check_traits
from joinedup.measures.disclosure.rounding import AT_LEAST_95, AT_MOST_5, SUPPRESSED
from joinedup.measures.disclosure.shown_tables import ALL, Cell, ShownTable
from joinedup.measures.releases.files import read_file
from joinedup.measures.releases.services import ASK, Content
from joinedup.measures.result_files import BREAKDOWNS
from joinedup.population import parse_statement
from joinedup.ui.exports import csv_text

if TYPE_CHECKING:
    from joinedup.access import Grant
    from joinedup.measures.disclosure.protected import Protected

MONTHS = ("latest", "all")
MOST_MEASURES, MOST_AREAS, MOST_SENTENCES = 50, 200, 20
_SHOWN = ("numerator", "denominator", "value", "lower", "upper", "standardised", "standardised_lower",
          "standardised_upper")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table that joinedup is to make: measures of areas by a breakdown, or counts of a cohort by some traits."""

    measures: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    breakdown: str = "all"
    months: str = "latest"
    sentences: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return "measures" if self.measures else "cohort"

    @property
    def said(self) -> str:
        """Answer what will be made, in a sentence."""
        if self.kind == "cohort":
            return _("People of whom it is true: %(sentences)s; counted by %(by)s.") % {
                "sentences": "; ".join(self.sentences), "by": ", ".join(self.by) or _("nothing, as one count"),
            }  # fmt: skip
        return _("%(measures)s of %(areas)s, %(months)s.") % {
            "measures": ", ".join(self.measures), "areas": ", ".join(self.areas),
            "months": _("every month") if self.months == "all" else _("the latest month"),
        }  # fmt: skip


def asked_in(query: Any) -> Wanted | None:
    """Answer what an address asks to be made, or None for a file; RuleError for a word that is not known."""
    measures, areas = tuple(query.getlist("measure")), tuple(query.getlist("area"))
    sentences, by = tuple(query.getlist("sentence")), tuple(query.getlist("by"))
    if sentences:
        if len(sentences) > MOST_SENTENCES:
            raise RuleError(f"Expected at most {MOST_SENTENCES} sentences.")
        for sentence in sentences:
            parse_statement(sentence)
        check_traits(by)
        return Wanted(sentences=sentences, by=by)
    if not measures:
        return None
    breakdown, months = query.get("breakdown", "all") or "all", query.get("months", "latest") or "latest"
    for given, known, what in ((breakdown, BREAKDOWNS, "breakdown"), (months, MONTHS, "choice of months")):
        if given not in known:
            raise RuleError(f"There is no {what} '{given}': expected {', '.join(known)}.{did_you_mean(given, known)}")
    if not areas or len(measures) > MOST_MEASURES or len(areas) > MOST_AREAS:
        raise RuleError(f"Expected 1 to {MOST_MEASURES} measures and 1 to {MOST_AREAS} areas.")
    return Wanted(measures, areas, breakdown, months)


def made_for(grant: Grant, wanted: Wanted) -> Content:
    """Make the table that is asked for under a grant, audited; counting a cohort needs leave for that."""
    grant.must_be_for(COUNT if wanted.kind == "cohort" else ASK)
    said = {"sentences": list(wanted.sentences), "by": list(wanted.by)}
    if wanted.kind == "measures":
        said = {"measures": list(wanted.measures), "areas": list(wanted.areas), "by": [wanted.breakdown]}
    with transaction.atomic():
        content = made(wanted)
        record(grant, "release.make", f"snapshot:{content.snapshot}", details={"kind": wanted.kind, **said})
    return content


def made(wanted: Wanted) -> Content:
    """Make the table that is asked for, protected, with what it was made from."""
    return _of_measures(wanted) if wanted.kind == "measures" else _of_cohort(wanted)


def _of_measures(wanted: Wanted) -> Content:
    from joinedup.measures.definition import definition_of
    from joinedup.measures.results import open_results

    results = open_results()
    rows: list[dict[str, Any]] = []
    cells: dict[Cell, int | None] = {}
    for measure in wanted.measures:
        definition = definition_of(measure)
        for area in wanted.areas:
            name = results.area(area).name
            for row in _figures(results, measure, area, wanted):
                month = row["month"]
                cells |= _cells(row)
                rows.append(
                    {"measure": definition.title, "area": name, "area_code": area,
                     "month": f"{month:%Y-%m}" if isinstance(month, date) else str(month)[:7],
                     "group": row["band"] or "", **{key: row[key] for key in _SHOWN}, "status": row["status"]}
                )  # fmt: skip
    months = sorted({row["month"] for row in rows})
    period = "" if not months else months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    notes = [
        f"results of snapshot: {results.snapshot_id}",
        f"made at: {results.made_at}",
        *(f"{definition_of(one).title}: {definition_of(one).meaning}" for one in wanted.measures),
        "counts of 1 to 7 are suppressed, others are rounded to the nearest 5; figures follow from rounded counts",
    ]
    if results.is_simulated:
        notes.append("simulated residents: nobody in these figures is real")
    said = {"measures": list(wanted.measures), "areas": list(wanted.areas), "period": period,
            "by": [] if wanted.breakdown == "all" else [wanted.breakdown]}  # fmt: skip
    content = _as_csv(rows, notes)
    return Content(
        read_file(content, f"{'-'.join(wanted.measures)[:60]}.csv"), said, results.snapshot_id,
        _revision(results.snapshot_id), (ShownTable("nhs", cells, results.parts),), is_made_here=True,
    )  # fmt: skip


def _cells(row: Mapping[str, Any]) -> dict[Cell, int | None]:
    """Answer the counts of a protected figure, None for a star; none of a count that there is not."""
    month = row["month"]
    found: dict[Cell, int | None] = {}
    for column in ("numerator", "denominator"):
        count = row[column]
        is_there = count is not None and count == count and str(count) != "<NA>"
        if is_there or row["status"] in (SUPPRESSED, AT_LEAST_95, AT_MOST_5):
            cell = Cell(
                row["measure"], f"{month:%Y-%m}" if isinstance(month, date) else str(month)[:7], column, row["area"],
                row["breakdown"] or ALL, row["band"] or "",
            )  # fmt: skip
            found[cell] = int(count) if is_there else None
    return found


def _figures(results: Any, measure: str, area: str, wanted: Wanted) -> list[dict[str, Any]]:
    if wanted.breakdown == "all":
        protected = results.series(measure, area)
        rows = rows_of(protected)
        if wanted.months == "latest":
            latest = results.latest_month(measure)
            rows = [row for row in rows if row["month"] == latest]
        return rows
    months = results.months if wanted.months == "all" else [None]
    found: list[dict[str, Any]] = []
    for month in months:
        found += rows_of(results.groups(measure, area, wanted.breakdown, month))
    if not found:
        raise RuleError(f"There are no figures of {measure} in {area} by {wanted.breakdown}.")
    return found


def _of_cohort(wanted: Wanted) -> Content:
    from joinedup.measures.cohorts.counts import cohort_counts
    from joinedup.population import open_snapshot

    snapshot = open_snapshot()
    counts = cohort_counts(snapshot, wanted.sentences, wanted.by)
    rows = rows_of(counts.protected)
    notes = [f"snapshot: {snapshot.id}", f"people of whom it is true on the last day of {counts.period}:"]
    notes += [f"- {sentence}" for sentence in wanted.sentences]
    notes.append("counts of 1 to 7 are suppressed, others are rounded to the nearest 5; * is never 0")
    if snapshot.manifest.get("simulated"):
        notes.append("simulated residents: nobody in these figures is real")
    said = {"sentences": list(wanted.sentences), "by": list(wanted.by), "period": counts.period}
    return Content(
        read_file(_as_csv(rows, notes), "cohort.csv"), said, snapshot.id, int(snapshot.manifest.get("revision", 0)),
        (counts.compared,), is_made_here=True,
    )  # fmt: skip


def rows_of(protected: Protected) -> list[dict[str, Any]]:
    """Answer the rows of what is to leave; RuleError where it is protected in name only (mode `internal`)."""
    if not protected.may_leave:
        raise RuleError(f"Protected as '{protected.mode}', this is for inside only. Protect it again in another mode.")
    found: list[dict[str, Any]] = protected.frame.to_dict("records")
    return found


def _as_csv(rows: Sequence[Mapping[str, Any]], notes: Iterable[str]) -> bytes:
    """Answer rows as a CSV: what is not given is empty, texts cannot be run, notes follow as lines with #."""
    if not rows:
        raise RuleError("There is nothing to release: no figure fits what was asked.")
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(list(rows[0]))
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    lines = "".join(f"# {' '.join(note.split())}\r\n" for note in notes)
    return (out.getvalue() + lines).encode()


def _cell(value: Any) -> Any:
    if value is None or value != value or str(value) == "<NA>":  # NaN is not itself
        return ""
    if isinstance(value, float):
        return float(f"{value:.4f}")
    return value if isinstance(value, int) else csv_text(str(value))


def _revision(snapshot: str) -> int:
    from joinedup.population.snapshot import snapshots_folder

    manifest = snapshots_folder() / snapshot / "manifest.json"
    return int(json.loads(manifest.read_bytes()).get("revision", 0)) if manifest.is_file() else 0
