"""What search and order need of a resource, taken out when it is stored: its clinical time and its tokens.

The names of the parameters are those of FHIR R4 (rules: record R32). A token is written `parameter=system|code`, or
`parameter=code` where the element has no system.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from joinedup.moment import LONDON

# type -> (parameter, element, how it is read)
_TOKENS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "AllergyIntolerance": (
        ("clinical-status", "clinicalStatus", "concept"),
        ("verification-status", "verificationStatus", "concept"),
        ("code", "code", "concept"),
        ("criticality", "criticality", "code"),
    ),
    "Appointment": (("status", "status", "code"),),
    "CarePlan": (("status", "status", "code"), ("category", "category", "concept")),
    "CareTeam": (("status", "status", "code"),),
    "Composition": (("type", "type", "concept"), ("status", "status", "code")),
    "Condition": (
        ("clinical-status", "clinicalStatus", "concept"),
        ("category", "category", "concept"),
        ("code", "code", "concept"),
        ("encounter", "encounter", "reference"),
    ),
    "Consent": (("status", "status", "code"), ("scope", "scope", "concept"), ("category", "category", "concept")),
    "DiagnosticReport": (
        ("code", "code", "concept"),
        ("category", "category", "concept"),
        ("status", "status", "code"),
    ),
    "DocumentReference": (
        ("type", "type", "concept"),
        ("category", "category", "concept"),
        ("status", "status", "code"),
    ),
    "Encounter": (
        ("class", "class", "coding"),
        ("status", "status", "code"),
        ("type", "type", "concept"),
        ("identifier", "identifier", "identifier"),
    ),
    "EpisodeOfCare": (("status", "status", "code"), ("type", "type", "concept")),
    "Flag": (("status", "status", "code"), ("category", "category", "concept"), ("code", "code", "concept")),
    "Immunization": (("vaccine-code", "vaccineCode", "concept"), ("status", "status", "code")),
    "Location": (("identifier", "identifier", "identifier"),),
    "Medication": (("code", "code", "concept"), ("identifier", "identifier", "identifier")),
    "MedicationDispense": (("status", "status", "code"), ("code", "medicationCodeableConcept", "concept")),
    "MedicationRequest": (
        ("status", "status", "code"),
        ("intent", "intent", "code"),
        ("code", "medicationCodeableConcept", "concept"),
        ("encounter", "encounter", "reference"),
    ),
    "MedicationStatement": (("status", "status", "code"), ("code", "medicationCodeableConcept", "concept")),
    "Observation": (
        ("code", "code", "concept"),
        ("category", "category", "concept"),
        ("status", "status", "code"),
        ("encounter", "encounter", "reference"),
    ),
    "Organization": (("identifier", "identifier", "identifier"), ("type", "type", "concept")),
    "Patient": (
        ("identifier", "identifier", "identifier"),
        ("gender", "gender", "code"),
    ),
    "Practitioner": (("identifier", "identifier", "identifier"),),
    "PractitionerRole": (("role", "code", "concept"),),
    "Procedure": (("code", "code", "concept"), ("status", "status", "code")),
    "RelatedPerson": (("relationship", "relationship", "concept"),),
    "ServiceRequest": (("status", "status", "code"), ("code", "code", "concept")),
    "Task": (("status", "status", "code"), ("code", "code", "concept")),
}
# type -> elements that may hold its clinical time; the first that is there counts.
CLINICAL_TIME: dict[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("onsetDateTime", "recordedDate", "lastOccurrence"),
    "Appointment": ("start", "created"),
    "CarePlan": ("period", "created"),
    "CareTeam": ("period",),
    "Communication": ("sent", "received"),
    "Composition": ("date",),
    "Condition": ("onsetDateTime", "onsetPeriod", "recordedDate"),
    "Consent": ("dateTime",),
    "Coverage": ("period",),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod", "issued"),
    "DocumentReference": ("date",),
    "Encounter": ("period",),
    "EpisodeOfCare": ("period",),
    "Flag": ("period",),
    "Goal": ("startDate",),
    "Immunization": ("occurrenceDateTime", "recorded"),
    "List": ("date",),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("effectivePeriod", "effectiveDateTime", "dateAsserted"),
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "QuestionnaireResponse": ("authored",),
    "RelatedPerson": ("period",),
    "ServiceRequest": ("authoredOn", "occurrenceDateTime"),
    "Task": ("authoredOn",),
}
_LONGEST_TOKEN = 400  # A code is short; what is longer is somebody's text, and stays in the resource.


def tokens(type_: str, content: Mapping[str, Any]) -> list[str]:
    """Answer the tokens by which a resource is found, each once, in the order of its parameters."""
    found: list[str] = []
    for parameter, element, how in _TOKENS.get(type_, ()):
        value = content.get(element)
        if value is None:
            continue
        for one in value if isinstance(value, list) else (value,):
            if how == "code":
                found.append(f"{parameter}={one}")
            elif how == "concept":
                for coding in one.get("coding") or ():
                    _add(found, parameter, coding.get("system"), coding.get("code"))
            elif how == "coding":
                _add(found, parameter, one.get("system"), one.get("code"))
            elif how == "identifier":
                _add(found, parameter, one.get("system"), one.get("value"))
            elif reference := one.get("reference"):
                found.append(f"{parameter}={reference}")
    return [one for one in dict.fromkeys(found) if len(one) <= _LONGEST_TOKEN]


def _add(found: list[str], parameter: str, system: str | None, code: str | None) -> None:
    if code:
        found.append(f"{parameter}={system}|{code}" if system else f"{parameter}={code}")


def clinical_time(type_: str, content: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Answer when it happened as a half-open range: [start, None) is still going on, (None, None) is not known."""
    for element in CLINICAL_TIME.get(type_, ()):
        value = content.get(element)
        if value is None:
            continue
        if isinstance(value, str):
            return span(value)
        if isinstance(value, dict):
            start, end = value.get("start"), value.get("end")
            return span(start)[0] if start else None, span(end)[1] if end else None
    return None, None


@lru_cache(maxsize=200_000)
def span(text: str) -> tuple[datetime | None, datetime | None]:
    """Answer the range [start, end) that a FHIR date, dateTime or instant covers; (None, None) when it is none.

    `2026` covers the year, `2026-03` the month, `2026-03-14` the day, all in London; what has no zone is London time
    (rules: record R51).
    """
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return _midnight(day), _midnight(day + timedelta(days=1))
        if len(text) == 7:
            first = date.fromisoformat(f"{text}-01")
            return _midnight(first), _midnight((first + timedelta(days=32)).replace(day=1))
        if len(text) == 4:
            return _midnight(date(int(text), 1, 1)), _midnight(date(int(text) + 1, 1, 1))
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=LONDON)).astimezone(UTC)
        step = timedelta(minutes=1) if len(text) == 16 else timedelta(seconds=1) if "." not in text else timedelta(0)
        return at, at + step
    except (ValueError, OverflowError):
        return None, None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)
