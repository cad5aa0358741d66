"""The rules of the United Kingdom for what FHIR R4 allows: NHS numbers, ODS codes, code systems, dates in order.

What touches identity refuses; the rest warns (rules: record R20, R25-R29, population PA1, PA2).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from joinedup.feeds import nhs_number
from joinedup.feeds.elements import Found, is_after
from joinedup.feeds.nhs_number import Range
from joinedup.feeds.r4 import retired_urls
from joinedup.feeds.structure import Refusal
from joinedup.feeds.values import Source

ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
ODS_ORGANISATION_WITH_S = "https://fhir.nhs.uk/Id/ods-organisation-code"
VERIFICATION = frozenset(f"{number:02}" for number in range(1, 9))  # UKCore-NHSNumberVerificationStatusEngland
# The code systems that are used in England, by how their addresses begin. Any other is kept and gives a warning.
KNOWN_SYSTEMS = (
    "http://snomed.info/sct",
    "https://dmd.nhs.uk",
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "http://terminology.hl7.org/",
    "http://hl7.org/fhir",
    "https://fhir.hl7.org.uk/",
    "https://fhir.nhs.uk/",
    "https://fhir.hl7.org/",
    "http://read.info/",
    "http://dicom.nema.org/",
    "https://www.datadictionary.nhs.uk/",
    "https://joinedup.example/",
    "urn:ietf:",
    "urn:iso:",
    "urn:oid:",
)

# What each warning says of a resource that was taken all the same.
WARNINGS = {
    "deceased-before-birth": "the patient died, it says, before being born",
    "nhs-number-of-another-nation": "the number is of the range of Scotland or Northern Ireland: no NHS number",
    "nhs-number-unallocated": "the NHS number is of a range that was never given out: it joins nothing by itself",
    "no-nhs-number": "the patient has no NHS number",
    "no-verification-status": "it is not said whether the NHS number was verified: it counts as not verified",
    "ods-system-spelling": "the system of an ODS code is spelt with s; it is read as the one with z",
    "retired-definition": "a definition of UK Core is used that has been retired",
    "several-nhs-numbers": "the patient has several NHS numbers at once",
    "unknown-code-system": "a code is of a system that is not known here; it is kept as it came",
    "unknown-organisation": "an ODS code was not known on that day",
}

IsKnownOrganisation = Callable[[str, date], bool]


def check(
    content: dict[str, Any], found: Found, source: Source, day: date, is_known_organisation: IsKnownOrganisation
) -> tuple[Refusal | None, list[str]]:
    """Answer the fault of identity that refuses a resource, and its warnings.

    `found` is what the walk over the resource gathered; `day` the day for which organisations must be known. The code
    `ods-organisation-code`, spelt with s, is put right in `content`; what is kept of the sender's bytes is not touched.
    """
    warnings: list[str] = []
    for identifier in found.identifiers:
        system = identifier.get("system")
        if system == nhs_number.SYSTEM:
            fault = _nhs_number(identifier, source, warnings)
            if fault is not None:
                return fault, warnings
        elif system in (ODS_ORGANISATION, ODS_ORGANISATION_WITH_S):
            if system == ODS_ORGANISATION_WITH_S:
                identifier["system"] = ODS_ORGANISATION
                warnings.append("ods-system-spelling")
            code = identifier.get("value")
            if code is not None and not is_known_organisation(code, day):
                if code == source.organisation:
                    return Refusal(
                        "unknown-source", "identifier", "expected a sender whose ODS code is known"
                    ), warnings
                warnings.append("unknown-organisation")
    for system in found.systems:
        if not system.startswith(KNOWN_SYSTEMS):
            warnings.append("unknown-code-system")
            break
    retired = retired_urls()
    if not (retired.isdisjoint(found.urls) and retired.isdisjoint(found.systems)):
        warnings.append("retired-definition")
    type_ = content["resourceType"]
    if type_ == "Patient":
        _patient(content, warnings)
    elif type_ == "Encounter" and found.latest:
        fault = _begun(content, found.latest)
        if fault is not None:
            return fault, warnings
    return None, warnings


def _nhs_number(identifier: dict[str, Any], source: Source, warnings: list[str]) -> Refusal | None:
    value = identifier.get("value")
    if value is None:
        return None
    number = nhs_number.check(value)
    if isinstance(number, str):
        return Refusal("bad-identifier", "identifier.value", f"NHS number: {number}")
    if number.is_synthetic != source.is_simulated:
        expected = "of the test range 999" if source.is_simulated else "that is not of the test range 999"
        return Refusal("synthetic", "identifier.value", f"NHS number: expected one {expected}")
    if number.range is Range.UNALLOCATED:
        warnings.append("nhs-number-unallocated")
    elif number.range in (Range.SCOTLAND, Range.NORTHERN_IRELAND):
        warnings.append("nhs-number-of-another-nation")
    return None


def verification_status(identifier: dict[str, Any]) -> str | None:
    """Answer the code of an NHS number's verification status, as its extension says, or None without one."""
    for extension in identifier.get("extension", ()):
        if extension.get("url") == nhs_number.VERIFICATION_EXTENSION:
            for coding in extension.get("valueCodeableConcept", {}).get("coding", ()):
                if coding.get("system") == nhs_number.VERIFICATION_CODES:
                    code = coding.get("code")
                    return code if isinstance(code, str) else None
    return None


def _patient(content: dict[str, Any], warnings: list[str]) -> None:
    numbers = [
        one
        for one in content.get("identifier", ())
        if one.get("system") == nhs_number.SYSTEM and "value" in one and one.get("use") != "old"
    ]
    if not numbers:
        warnings.append("no-nhs-number")
    elif len({one["value"] for one in numbers}) > 1:
        warnings.append("several-nhs-numbers")
    for one in numbers:
        if verification_status(one) not in VERIFICATION:
            warnings.append("no-verification-status")
    born, died = content.get("birthDate"), content.get("deceasedDateTime")
    if born is not None and died is not None and is_after(born, died):
        warnings.append("deceased-before-birth")


_BEGUN = frozenset(("arrived", "triaged", "in-progress", "onleave", "finished"))


def _begun(content: dict[str, Any], latest: str) -> Refusal | None:
    """Answer the fault of an encounter that has begun, says its status, on a day that has not come."""
    start = content.get("period", {}).get("start")
    if start is not None and start[:10] > latest and content.get("status") in _BEGUN:
        return Refusal("future-date", "Encounter.period.start", "expected a day that is not ahead of its receipt")
    return None
