"""Drawn statements: a few sources, and one call that says what one of them says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from joinedup.record.extract import clinical_time
from joinedup.record.statement import Sender, Statement

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SNOMED = "http://snomed.info/sct"
GP = Sender("gp-7", "Z00007", "Riverside Surgery", "gp", 24, NOON - timedelta(hours=2), True)
ACUTE = Sender("acute-1", "RWH", "East and North Hospital", "acute", 1, NOON - timedelta(minutes=20), True)
SUS = Sender("acute-1-sus", "RWH", "East and North Hospital", "acute", 720, NOON - timedelta(days=9), True)
MIND = Sender("mind-1", "RWR", "Partnership Trust", "mental_health", 24, NOON - timedelta(days=5), True)
OURS = Sender("joinedup", "", "This record", "joinedup")
NAMESPACE = UUID(int=7)


def concept(text: str = "", code: str = "", system: str = SNOMED, display: str = "") -> dict[str, Any]:
    """A CodeableConcept of words, a code, or both."""
    made: dict[str, Any] = {"text": text} if text else {}
    if code:
        made["coding"] = [{"system": system, "code": code} | ({"display": display} if display else {})]
    return made


def said(sender: Sender, type_: str, /, label: str = "", version: int = 1, **content: Any) -> Statement:
    """What a sender says of its patient; `recorded_at` and `stored_at` may be among the content."""
    recorded = content.pop("recorded_at", NOON - timedelta(days=1))
    stored = content.pop("stored_at", recorded)
    whole = {"resourceType": type_, **content}
    starts, ends = clinical_time(type_, whole)
    key = f"{sender.key}/{type_}/{label or sorted(content.items(), key=str)}"
    subject = uuid5(NAMESPACE, sender.key)
    return Statement(
        uuid5(NAMESPACE, key), subject, type_, version, whole, sender, starts, ends, recorded, stored
    )  # fmt: skip


def patient(sender: Sender, number: str = "9990000018", verified: bool = True, **content: Any) -> Statement:
    """A Patient with an NHS number of the test range."""
    extension = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [{"code": "01" if verified else "02"}]},
    }
    identifier = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number, "extension": [extension]}
    made: dict[str, Any] = {
        "identifier": [identifier] if number else [],
        "name": [{"use": "official", "family": "Okafor", "given": ["Grace"]}],
        "birthDate": "1958-03-14",
        "gender": "female",
    }
    return said(sender, "Patient", **(made | content))
