"""Which legitimate relationships a resource shows: an organisation's tie to a subject, from when to when (rules: R79).

An organisation is its ODS code. A hospital's or council's note of who the GP is gives no relationship: only the
practice's own feed does, by its registration (EpisodeOfCare), so that a stale entry elsewhere opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joinedup.record.extract import span

ODS = frozenset({"https://fhir.nhs.uk/Id/ods-organization-code", "https://fhir.nhs.uk/Id/ods-organisation-code"})
_NOT_HAPPENED = frozenset({"entered-in-error", "cancelled", "planned"})


@dataclass(frozen=True, slots=True)
class Tie:
    """An organisation's tie to the subject of a resource; `ends` of None: it goes on."""

    organisation: str
    kind: str  # registered_practice, open_encounter, appointment, caseload; none
    starts: datetime | None
    ends: datetime | None


def ties_in(type_: str, content: Mapping[str, Any], setting: str, organisation: str) -> Iterator[Tie]:
    """Answer the ties that a resource shows; `organisation` is that of the source, for what names no other.

    What was cancelled, planned only or entered in error answers a tie of the kind "none": the earlier one is over.
    """
    if type_ == "EpisodeOfCare":
        kind = "registered_practice" if setting == "gp" else "caseload"
        yield _of_period(kind, content, ods_code(content.get("managingOrganization")) or organisation)
    elif type_ == "Encounter":
        yield _of_period("open_encounter", content, ods_code(content.get("serviceProvider")) or organisation)
    elif type_ == "Appointment":
        start = span(content.get("start") or "")[0]
        named = {ods_code(one.get("actor")) for one in content.get("participant") or ()} - {""}
        is_off = content.get("status") in {"cancelled", "entered-in-error"}
        for code in sorted(named) or [organisation]:
            yield Tie(code, "none" if is_off else "appointment", start, start)


def _of_period(kind: str, content: Mapping[str, Any], organisation: str) -> Tie:
    period = content.get("period") or {}
    starts, ends = span(period.get("start") or "")[0], span(period.get("end") or "")[1]
    status = content.get("status")
    if status in _NOT_HAPPENED or (status == "finished" and starts is None and ends is None):
        return Tie(organisation, "none", starts, ends)
    if status == "finished" and ends is None:
        ends = starts  # It is over, and nobody says since when: it lasted as short as it can have.
    return Tie(organisation, kind, starts, ends)


def ods_code(reference: Mapping[str, Any] | None) -> str:
    """Answer the ODS code that a logical reference to an organisation bears, or ""."""
    identifier = (reference or {}).get("identifier") or {}
    return str(identifier.get("value") or "") if identifier.get("system") in ODS else ""
