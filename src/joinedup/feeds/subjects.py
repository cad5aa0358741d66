"""About whom a resource is: the patient of its source, nobody, or nobody whom it names well enough (rules: record R16).

A resource about a patient is kept with that patient. What is about no patient (organisations, practitioners, places,
medicines) goes on the source's own shelf, and only what is on the list ABOUT_NOBODY does: a resource of another kind
that names no patient is refused, so that nothing about a person ever lands where no relationship guards it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

ABOUT_NOBODY = frozenset(
    (
        "ActivityDefinition", "CatalogEntry", "Device", "DeviceDefinition", "DeviceMetric", "Endpoint",
        "HealthcareService", "InsurancePlan", "Location", "Medication", "MedicationKnowledge", "MessageHeader",
        "Organization", "OrganizationAffiliation", "PlanDefinition", "Practitioner", "PractitionerRole", "Provenance",
        "Questionnaire", "Schedule", "Slot", "Substance",
    )
)  # fmt: skip
# Definitions and tools of FHIR itself, and what only a server says: no part of anybody's record.
NOT_KEPT = frozenset(
    (
        "AuditEvent", "Bundle", "CapabilityStatement", "CodeSystem", "CompartmentDefinition", "ConceptMap",
        "EffectEvidenceSynthesis", "EventDefinition", "Evidence", "EvidenceVariable", "ExampleScenario",
        "GraphDefinition", "ImplementationGuide", "Library", "Measure", "MessageDefinition", "NamingSystem",
        "OperationDefinition", "OperationOutcome", "Parameters", "ResearchDefinition", "ResearchElementDefinition",
        "RiskEvidenceSynthesis", "SearchParameter", "StructureDefinition", "StructureMap", "Subscription",
        "TerminologyCapabilities", "TestReport", "TestScript", "ValueSet",
    )
)  # fmt: skip
# The elements by which R4 says whose a resource is, in the order in which they are believed.
_OWNERS = ("subject", "patient", "for", "beneficiary", "individual", "candidate", "securityContext")


class No(Enum):
    """Why a resource has no patient of its source."""

    NEEDED = "needed"  # it says nothing of a patient
    UNRESOLVED = "unresolved"  # it names one in a way that does not lead to a Patient of this source
    OTHER = "other"  # it is about a place, a group, a device


def patient_of(content: dict[str, Any]) -> str | No:
    """Answer the source's id of the patient that a resource is about, or why there is none.

    A Patient is about itself. References may be relative, absolute or versioned; one to a contained resource is
    followed to whom that is about. Expects a sound structure.
    """
    if content["resourceType"] == "Patient":
        id_ = content.get("id")
        return id_ if isinstance(id_, str) else No.NEEDED
    owner = content.get("subject") or content.get("patient")
    if isinstance(owner, dict):  # as nearly all say it; the long way gives the same answer
        text = owner.get("reference")
        if isinstance(text, str) and text.startswith("Patient/") and text.count("/") == 1:
            return text[8:]
    answer: No = No.NEEDED
    for reference in _owners(content):
        found = _led_to(reference, content)
        if isinstance(found, str):
            return found
        if answer is not No.UNRESOLVED:
            answer = found
    return answer


def _owners(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in _OWNERS:
        value = content.get(key)
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, dict))
    type_ = content["resourceType"]
    if type_ in ("Appointment", "AppointmentResponse"):
        actors = [one.get("actor") for one in (content, *content.get("participant", ()))]
        yield from (one for one in actors if one is not None and _may_be_patient(one))
    elif type_ == "Provenance":
        yield from (one for one in content.get("target", ()) if _may_be_patient(one))


def _may_be_patient(reference: dict[str, Any]) -> bool:
    leads_to = reference.get("type") or local(reference.get("reference", "")).partition("/")[0]
    return leads_to in ("", "Patient")


def _led_to(reference: dict[str, Any], content: dict[str, Any]) -> str | No:
    text = reference.get("reference")
    if not isinstance(text, str):
        return No.UNRESOLVED if "identifier" in reference else No.NEEDED
    if text.startswith("#"):
        for one in content.get("contained", ()):
            if one.get("id") == text[1:] and one["resourceType"] != "Patient":
                return patient_of({**one, "contained": content["contained"]} if one is not content else one)
        return No.UNRESOLVED  # A contained Patient has no id that the source knows it by.
    type_, _, id_ = local(text).partition("/")
    if type_ == "Patient":
        return id_
    return No.OTHER if id_ else No.UNRESOLVED


def local(reference: str) -> str:
    """Answer a reference as `Type/id`, without server and version; "" for one that does not end so (urn:, search)."""
    steps = reference.split("/")
    if len(steps) >= 4 and steps[-2] == "_history":
        steps = steps[:-2]
    if len(steps) < 2 or not steps[-2].isalpha() or "?" in steps[-1]:
        return ""
    return f"{steps[-2]}/{steps[-1]}"
