"""What this server says it can do, built from the same tables that answer, so that it cannot say more (rules: R47)."""

from __future__ import annotations

from typing import Any

from joinedup import __version__
from joinedup.record.fhir.searching import PARAMETERS

PATIENT = {
    "identifier": "token",
    "family": "string",
    "given": "string",
    "name": "string",
    "birthdate": "date",
    "address-postalcode": "string",
    "_id": "token",
}
READ_ONLY = ("Location", "Medication", "Organization", "Practitioner", "PractitionerRole")
READS = ("read", "vread", "history-instance")


def statement(base: str) -> dict[str, Any]:
    """Answer the CapabilityStatement of the server at this address."""
    resources = [_resource("Patient", PATIENT) | {"operation": [_everything()]}]
    for type_, parameters in sorted(PARAMETERS.items()):
        names = {"patient": "reference", "_id": "token", "_lastUpdated": "date"}
        resources.append(_resource(type_, names | {name: kind for name, (kind, _) in parameters.items()}))
    resources += [_resource(type_, {}) for type_ in READ_ONLY]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-22",
        "kind": "instance",
        "software": {"name": "joinedup", "version": __version__},
        "implementation": {"description": "The shared care record of joinedup", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "description": "A bearer token. Role, purpose and legitimate relationship decide on each resident; "
                    "who may not be seen is as if unknown."
                },
                "resource": resources,
            }
        ],
    }


def _resource(type_: str, parameters: dict[str, str]) -> dict[str, Any]:
    interactions = [*READS, *(["search-type"] if parameters else [])]
    return {
        "type": type_,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned",
        "readHistory": True,
        **({"searchParam": [{"name": name, "type": kind} for name, kind in parameters.items()]} if parameters else {}),
    }


def _everything() -> dict[str, str]:
    return {"name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything"}
