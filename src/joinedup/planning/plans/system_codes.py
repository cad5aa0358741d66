"""The codes that a plan may name, from what is known of the system: bodies and places, month by month."""

from __future__ import annotations

from datetime import date

from joinedup.moment import now
from joinedup.planning.plans.dated_codes import DatedCode, DatedCodes, own_codes
from joinedup.planning.plans.plan_lines import first_day, months_of
from joinedup.planning.plans.template_layout import year_span

COMMISSIONERS = ("icb", "ccg", "local_authority", "nhs_england", "nhse_region")
PROVIDERS = ("nhs_trust", "foundation_trust", "ics_trust", "local_authority", "care_provider", "vcse", "pcn",
             "provider_collaborative", "icb")  # fmt: skip


def codes_for(year: str) -> DatedCodes:
    """Answer the codes of a financial year, as they are known now: who buys, who provides, and the places.

    A body that begins or ends within the year has its code in the months that begin while it exists.
    """
    from joinedup.system import as_of

    known = now().known_at
    end = year_span(year)[1]
    rows: dict[tuple[str, str], DatedCode] = {}
    starts = [first_day(month) for month in months_of(year)]
    for start, after in zip(starts, [*starts[1:], end], strict=True):
        picture = as_of(start, known)
        found = [("place", area.code, area.name) for area in picture.areas_of_kind("place")]
        for kind in sorted({*COMMISSIONERS, *PROVIDERS}):
            for body in picture.bodies_of_kind(kind):
                found += [("commissioner", body.code, body.name)] * (kind in COMMISSIONERS)
                found += [("provider", body.code, body.name)] * (kind in PROVIDERS)
        for kind, code, name in found:
            held = rows.get((kind, code))
            first = held.valid_from if held else start
            rows[kind, code] = DatedCode(kind, code, name, first, after)
    return DatedCodes([*own_codes(), *(_open(row, starts[0], end) for row in rows.values())])


def _open(row: DatedCode, start: date, end: date) -> DatedCode:
    """Answer a row that holds on the year's first and last month without those ends: it is not known to end there."""
    return row._replace(
        valid_from=date(2013, 4, 1) if row.valid_from == start else row.valid_from,
        valid_to=None if row.valid_to == end else row.valid_to,
    )
