"""A folder of deliveries as two partners of a drawn system send them: a practice's NDJSON and a hospital's messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PRACTICE, TRUST = "Z90001", "RWH"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
SNOMED = "http://snomed.info/sct"
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
SOURCES = f"""
[[source]]
key = "gp-drawn"
name = "Drawn practice"
organisation = "{PRACTICE}"
setting = "gp"
format = "fhir"
files = "gp-*.ndjson"
interval_hours = 24
simulated = true

[[source]]
key = "acute-drawn"
name = "Drawn hospital"
organisation = "{TRUST}"
setting = "acute"
format = "hl7v2"
files = "*.hl7"
interval_hours = 1
simulated = true
"""


def nhs_number(number: int) -> str:
    """Answer the number-th NHS number of the test range that has a check digit."""
    stem = number * 3
    while True:
        digits = f"999{stem:06d}"
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            return digits + str(check % 11)
        stem += 1


def patient(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"lastUpdated": "2026-10-01T09:00:00Z"},
        "identifier": [
            {"extension": [VERIFIED], "system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs_number(number)}
        ],
        "active": True,
        "name": [{"use": "official", "family": f"Drawn{number}", "given": ["Resident"]}],
        "gender": "female",
        "birthDate": f"19{30 + number % 60}-0{1 + number % 9}-12",
        "address": [{"line": [f"{number} Test Lane"], "postalCode": "ZH1 1CV"}],
        **changes,
    }


def resources(number: int) -> list[dict[str, Any]]:
    """Answer what the practice holds of one resident: eight resources, the same each time."""
    about = {"reference": f"Patient/p{number}"}
    meta = {"lastUpdated": "2026-10-01T09:00:00Z"}
    return [
        patient(number),
        {"resourceType": "EpisodeOfCare", "id": f"r{number}", "meta": meta, "status": "active", "patient": about,
         "managingOrganization": {"identifier": {"system": ODS, "value": PRACTICE}}, "period": {"start": "2015-04-01"}},
        {"resourceType": "AllergyIntolerance", "id": f"a{number}", "meta": meta, "patient": about,
         "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                                        "code": "active"}]},
         "code": {"coding": [{"system": SNOMED, "code": "91936005", "display": "Allergy to penicillin"}]}},
        *(
            {"resourceType": "Observation", "id": f"o{number}-{nth}", "meta": meta, "status": "final", "subject": about,
             "code": {"coding": [{"system": SNOMED, "code": "75367002", "display": "Blood pressure"}]},
             "effectiveDateTime": f"2025-0{1 + nth}-11T09:35:00Z",
             "valueQuantity": {"value": 120 + nth, "unit": "mmHg"}}
            for nth in range(5)
        ),
    ]  # fmt: skip


def messages(number: int) -> list[str]:
    """Answer four messages of one stay (A01, A02, a result, A03), as the hospital sends them."""
    at = f"202609{1 + number % 28:02d}"
    who = (
        f"PID|1||H{number}^^^{TRUST}^MR~{nhs_number(number)}^^^NHS^NH||DRAWN{number}^RESIDENT^^^MRS||"
        f"19{30 + number % 60}0{1 + number % 9}12|F|||{number} TEST LANE^^TOWN^^ZH1 1CV"
    )

    def told(nth: int, trigger: str, time: str, *segments: str) -> str:
        head = f"MSH|^~\\&|PAS|{TRUST}|JOINEDUP|QM7|{at}{time}||{trigger}|M{number}-{nth}|P|2.4"
        return "\r".join((head, f"EVN|{trigger[4:]}|{at}{time}", who, *segments)) + "\r"

    def visit(ward: str, ends: str = "") -> str:
        return f"PV1|1|I|{ward}^1^2^{TRUST}" + "|" * 16 + f"V{number}" + "|" * 25 + f"{at}0900{ends}"

    return [
        told(1, "ADT^A01", "0900", visit("WARD A")),
        told(2, "ADT^A02", "1030", visit("WARD B")),
        told(3, "ORU^R01", "1100", f"OBR|1|F{number}|F{number}|CREA^Creatinine^L|||{at}1045",
             f"OBX|1|NM|CREA^Creatinine^L||{60 + number % 90}|umol/L|45-84|N|||F|||{at}1045"),
        told(4, "ADT^A03", "1400", visit("WARD B", f"|{at}1400")),
    ]  # fmt: skip


def practice_row(code: str = PRACTICE) -> str:
    """Answer a row of the published list of practices (epraccur: 27 columns, no header).

    The drawn hospital comes this way, too: a source's organisation must be known, and this is the shortest way.
    """
    cells = [code, "DRAWN SURGERY", "Y61", "QM7", "1 TEST LANE", "", "", "", "", "ZH1 1CV", "20100401", "", "A", "B",
             "06K", "20130401", *[""] * 9, "4", ""]  # fmt: skip
    return ",".join(f'"{cell}"' for cell in cells) + "\r\n"


def write(folder: Path, residents: int = 40, *, malformed_each: int = 0) -> Path:
    """Write the folder; every `malformed_each`-th resident of the practice is followed by a line that is no JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sources.toml").write_text(SOURCES)
    (folder / "epraccur.csv").write_text(practice_row() + practice_row(TRUST))
    lines = []
    for number in range(residents):
        lines += [json.dumps(one, separators=(",", ":")) for one in resources(number)]
        if malformed_each and number % malformed_each == 0:
            lines.append('{"resourceType":"Observation","id":"broken')
    (folder / "gp-1.ndjson").write_text("\n".join(lines) + "\n")
    (folder / "adt-1.hl7").write_text("".join(one for number in range(residents) for one in messages(number)))
    return folder
