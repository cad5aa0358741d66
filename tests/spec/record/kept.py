"""A few residents kept through the real intake, and people who may or may not open them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.test import Client

from joinedup.access import own_demo_record, place_demo_users, service_grant
from joinedup.access.demo import demo_users
from joinedup.feeds import Batch, Resource, Source, ledger, resource_id, subject_id
from joinedup.record.intake import store_batch
from joinedup.system import services as system_services
from joinedup.system.lookup import id_of

GRANT = service_grant("record.intake", "Show how it works", "the reader")
GP = Source("gp-1", "Riverside Surgery", "QM7", "gp", "fhir", is_simulated=True)
ACUTE = Source("acute-1", "Lister Hospital", "RWH", "acute", "fhir", is_simulated=True)
COUNCIL = Source("council-1", "Essex County Council", "E10000012", "social_care", "fhir", is_simulated=True)
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
VERIFIED = {
    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
    "valueCodeableConcept": {
        "coding": [
            {
                "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",
                "code": "01",
            }
        ]
    },
}


def resource(source: Source, type_: str, source_id: str, whose: str = "p1", /, **content: Any) -> Resource:
    """A resource of a source's patient, as a reader hands it on."""
    at = content.pop("event_at", datetime(2026, 6, 1, 12, tzinfo=UTC))
    whole: dict[str, Any] = {"resourceType": type_, "id": source_id, **content}
    if type_ != "Patient":
        whole.setdefault("beneficiary" if type_ == "Coverage" else "subject", {"reference": f"Patient/{whose}"})
    subject = subject_id(source.key, source_id if type_ == "Patient" else whose)
    return Resource(
        type_, source_id, resource_id(source.key, type_, source_id), subject, orjson.dumps(whole), whole, at, 1
    )


def patient(
    source: Source, source_id: str = "p1", *, number: str = "9990000018", family: str = "Okafor", given: str = "Grace",
    born: str = "1958-03-14", postcode: str = "ZH1 2AB",
) -> Resource:  # fmt: skip
    identifier = [{"system": NHS_NUMBER, "value": number, "extension": [VERIFIED]}] if number else []
    return resource(
        source, "Patient", source_id, identifier=identifier, birthDate=born, gender="female",
        name=[{"use": "official", "family": family, "given": [given]}],
        address=[{"use": "home", "line": ["1 Mill Lane"], "city": "Harlow", "postalCode": postcode}],
    )  # fmt: skip


def registration(source: Source = GP, patient: str = "p1") -> Resource:
    """The tie that opens the record for the practice."""
    return resource(
        source, "EpisodeOfCare", f"reg-{patient}", patient, status="active", period={"start": "2019-01-01"},
        managingOrganization={"identifier": {"system": ODS, "value": source.organisation}},
        patient={"reference": f"Patient/{patient}"},
    )  # fmt: skip


def keep(source: Source, *resources: Resource) -> None:
    """Take these in as one delivery of the source."""
    digest = uuid.uuid4().bytes * 2
    delivery = ledger.begin(source.key, name="drawn.ndjson", sha256=digest, size=1)
    for number, one in enumerate(resources, start=1):
        one.position = number
    batch = Batch(position=len(resources), read=len(resources), resources=list(resources))
    store_batch(GRANT, delivery, source, 0, batch)
    ledger.finish(delivery.id)


def keep_grace() -> UUID:
    """Grace Okafor at her practice, with an allergy, a medicine and a problem; answers her id."""
    keep(
        GP,
        patient(GP),
        registration(),
        resource(GP, "AllergyIntolerance", "a1", code={"text": "Penicillin"}, recordedDate="2001-05-04",
                 clinicalStatus={"coding": [{"code": "active"}]}, patient={"reference": "Patient/p1"}),
        resource(GP, "Condition", "c1", code={"text": "Type 2 diabetes"}, recordedDate="2015-02-01",
                 clinicalStatus={"coding": [{"code": "active"}]}),
        resource(GP, "MedicationRequest", "m1", status="active", intent="order", authoredOn="2026-05-01",
                 medicationCodeableConcept={"text": "Metformin 500mg tablets"},
                 dosageInstruction=[{"text": "one twice a day"}]),
        resource(GP, "Observation", "o1", status="final", code={"text": "HbA1c"}, effectiveDateTime="2026-05-01",
                 valueQuantity={"value": 58, "unit": "mmol/mol"}, category=[{"coding": [{"code": "laboratory"}]}]),
    )  # fmt: skip
    return subject_id(GP.key, "p1")


@pytest.fixture(scope="module")
def people(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A system of bodies with the demo users placed in them, and Grace; gone after the module."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        system_services.load_system(system_services.system_file("hwe"), GRANT)
        ledger.declare([GP, ACUTE, COUNCIL])
        demo_users()
        bodies = {"clinician": "QM7", "nurse": "QM7", "reception": "QM7", "care_home_worker": "QM7",
                  "social_prescribing_link_worker": "QM7", "emergency_clinician": "RWH"}  # fmt: skip
        placed = {role: id_of(code) for role, code in bodies.items()}
        assert None not in placed.values(), placed
        place_demo_users({role: [body] for role, body in placed.items() if body})
        grace = keep_grace()
        own_demo_record(grace)
        yield
        transaction.set_rollback(True)


def signed_in_as(role: str) -> Client:
    """Sign in as the demo user of a role."""
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


GRACE = subject_id(GP.key, "p1")


def join(*subjects: UUID) -> None:
    """Let these subjects be one person with Grace, as linking by NHS number and birth date does."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_run (kind, began_at, actor, counts) "
            "VALUES ('batch', now(), 'service:identity.link', '{}') RETURNING id"
        )
        (run,) = cursor.fetchone()
        for subject in (GRACE, *subjects):
            cursor.execute(
                "INSERT INTO identity_membership (subject_id, resident_id, since, method, weight, run_id) "
                "VALUES (%s, %s, now(), 1, 1000, %s)",
                [subject, GRACE, run],
            )
