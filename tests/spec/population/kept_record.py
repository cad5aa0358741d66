"""A small record in a database of its own, taken in as partners sent it and linked, for snapshots to be made of.

Its people bear planted names, numbers, postcodes and days of birth, which no file of any snapshot may hold.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.core.management import call_command
from django.db import connection

from joinedup.access import service_grant
from joinedup.feeds import Batch, Resource, Source, ledger, resource_id, subject_id
from joinedup.identity import link
from joinedup.record.intake import store_batch

GRANT = service_grant("population.snapshot", "show how it works", "the reader")
GP = Source("gp-drawn", "Drawn Surgery", "Z90001", "gp", "fhir", is_simulated=True)
HOSPITAL = Source("acute-drawn", "Drawn Hospital", "RWH", "acute", "csv", mapping="sus-apc", is_simulated=True)
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
SNOMED = "http://snomed.info/sct"
PEOPLE = 24
NAMES = ("Zquillfeather", "Quartzelwood", "Xylomancer")  # nobody's name, so that a search finds nothing but a leak
VERIFIED = {
    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
    "valueCodeableConcept": {
        "coding": [
            {"system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", "code": "01"}
        ]
    },
}


def nhs_number(nth: int) -> str:
    stem = 100 + nth * 3
    while True:
        digits = f"999{stem:06d}"
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            return digits + str(check % 11)
        stem += 1


def family(nth: int) -> str:
    return f"{NAMES[nth % 3]}{chr(97 + nth)}"


def born(nth: int) -> str:
    return f"{1931 + nth * 3}-{1 + nth % 12:02d}-{11 + nth % 17:02d}"


def postcode(nth: int) -> str:
    return f"ZQ{1 + nth % 2} {nth % 9}XZ"


def small_area(nth: int) -> str:
    return f"E010{30000 + nth % 2 * 100 + nth % 9}"


def patient(nth: int, source: Source = GP, **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{nth}",
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs_number(nth), "extension": [VERIFIED]},
            {"system": "https://gp.example/Id/patient-number", "value": f"LOCAL-{nth}"},
        ],
        "active": True,
        "text": {"status": "generated", "div": f"<div>{family(nth)} {nhs_number(nth)}</div>"},
        "name": [{"use": "official", "family": family(nth), "given": ["Wrenhilde"]}],
        "telecom": [{"system": "phone", "value": f"07700 9{nth:05d}"}],
        "gender": "female" if nth % 2 else "male",
        "birthDate": born(nth),
        "address": [{"use": "home", "line": [f"{nth + 1} Hollowmere Lane"], "postalCode": postcode(nth)}],
        "extension": [
            {
                "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland",
                            "code": "AHMZ"[nth % 4],
                        }
                    ]
                },
            }
        ],
        "generalPractitioner": [{"identifier": {"system": ODS, "value": GP.organisation}}],
        "managingOrganization": {"identifier": {"system": ODS, "value": source.organisation}},
        **changes,
    }


def resources(nth: int) -> list[dict[str, Any]]:
    """Answer what the practice holds of one person, with identifiers where they should never stand."""
    about = {"reference": f"Patient/p{nth}"}
    leak = f"{family(nth)} {nhs_number(nth)}"
    return [
        patient(nth),
        {
            "resourceType": "EpisodeOfCare", "id": f"r{nth}", "status": "active", "patient": about,
            "type": [{"coding": [{"system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-RegistrationType", "code": "R"}],
                      "text": f"Registered {leak}"}],
            "managingOrganization": {"identifier": {"system": ODS, "value": GP.organisation}},
            "period": {"start": "2019-04-01"},
        },
        {
            "resourceType": "Condition", "id": f"c{nth}", "subject": about, "recordedDate": "2024-05-06",
            "code": {"coding": [{"system": SNOMED, "code": "38341003", "display": leak}], "text": leak},
            "note": [{"text": leak}],
        },
        {
            "resourceType": "Condition", "id": f"n{nth}", "subject": about, "recordedDate": "2024-05-07",
            "code": {"coding": [{"system": "https://gp.example/codes", "code": f"ref {nhs_number(nth)}"}]},
        },
        {
            "resourceType": "Observation", "id": f"o{nth}", "status": "final", "subject": about,
            "code": {"coding": [{"system": SNOMED, "code": "60621009", "display": "Body mass index"}]},
            "effectiveDateTime": f"2026-0{1 + nth % 9}-03T10:00:00Z",
            "valueQuantity": {"value": 20 + nth, "unit": family(nth)},
        },
        {
            "resourceType": "Encounter", "id": f"e{nth}", "status": "finished", "subject": about,
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "type": [{"text": "Surgery consultation" if nth % 2 else leak}],
            "period": {"start": "2026-02-03T10:00:00Z", "end": "2026-02-03T10:10:00Z"},
        },
    ]  # fmt: skip


def as_resource(source: Source, content: dict[str, Any], position: int) -> Resource:
    type_, id_ = content["resourceType"], content["id"]
    about = content.get("subject") or content.get("patient") or {}
    whose = id_ if type_ == "Patient" else about["reference"].rpartition("/")[2]
    found = Resource(
        type_, id_, resource_id(source.key, type_, id_), subject_id(source.key, whose), orjson.dumps(content), content,
        datetime(2026, 6, 1, 12, tzinfo=UTC), 1,
    )  # fmt: skip
    found.position = position
    return found


def keep(source: Source, contents: list[dict[str, Any]]) -> None:
    """Take these in as one delivery of the source."""
    delivery = ledger.begin(source.key, name="drawn.ndjson", sha256=uuid.uuid4().bytes * 2, size=1)
    found = [as_resource(source, content, position) for position, content in enumerate(contents, start=1)]
    batch = Batch(position=len(found), read=len(found), resources=found)
    store_batch(GRANT, delivery, source, 0, batch)
    ledger.finish(delivery.id)


@contextmanager
def at(name: str) -> Iterator[None]:
    """Let everything go to another database for as long as this lasts."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def fill(name: str) -> None:
    """Make the tables of a database, and take the drawn people in."""
    with at(name):
        call_command("migrate", verbosity=0, interactive=False)
        ledger.declare([GP, HOSPITAL])
        keep(GP, [one for nth in range(PEOPLE) for one in resources(nth)])
        keep(HOSPITAL, [patient(nth, HOSPITAL) for nth in range(0, PEOPLE, 3)])
        link(service_grant("link", "show how it works", "the reader"))


def postcodes_file(folder: Path) -> Path:
    path = folder / "postcodes.csv"
    rows = {f"{postcode(nth)},{small_area(nth)}" for nth in range(PEOPLE)}
    path.write_text("pcds,lsoa11\n" + "\n".join(sorted(rows)) + "\n")
    return path


def every_value(folder: Path) -> Iterator[str]:
    """Yield every value of every Parquet file below a folder, and the text of every other file."""
    import pyarrow.parquet as pq

    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            for column in pq.read_table(path).columns:
                yield from (str(value) for value in set(column.to_pylist()) if value is not None)
        elif path.is_file():
            yield path.read_text(errors="replace")


def files_of(folder: Path) -> dict[str, str]:
    """Answer the digest of every table's file of a snapshot, by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "tables").rglob("*.parquet"))
    }


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found
