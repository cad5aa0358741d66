"""How fast deliveries are taken in, everything included: python bench/intake.py [residents]

Writes one GP practice's NDJSON and one hospital's HL7 v2 messages, and loads each into a database of its own with the
real intake (read, check, store, index, subjects, relationships, audit, ledger) on every processor. The peers' figures
are published ones, on other machines: HAPI 2,214, Aidbox 2,678 resources a second on 8 vCPU, Blaze 10,108 on 16 cores.
"""

# ruff: noqa: E501 -- resources and messages stand as they are sent
from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from own_database import own_database
from peak_memory import PeakMemory

RESIDENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
MESSAGES = 60_000
# resources or messages a second: our limit, our aim
LIMITS = {"NDJSON": (12_000, 20_000), "HL7 v2": (3_000, 6_000)}
MOST_MEMORY = 1_000_000_000
PRACTICE, TRUST = "RWG", "RWH"  # codes of bodies that are loaded: a source must be known
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
CONDITIONS = (("38341003", "Hypertensive disorder"), ("44054006", "Type 2 diabetes mellitus"), ("195967001", "Asthma"))
MEDICINES = (("Amlodipine 5mg tablets", "319283006"), ("Metformin 500mg tablets", "325278007"))


def main() -> int:
    with own_database() as folder:
        from joinedup.access import service_grant
        from joinedup.system import services

        grant = service_grant("bench", "measure the intake", "whoever runs this")
        services.load_system(services.system_file("hwe"), grant)
        met = [
            measure("NDJSON", write_ndjson(folder / "gp.ndjson"), practice()),
            measure("HL7 v2", write_messages(folder / "adt.hl7"), trust()),
        ]
        return 0 if all(met) else 1


def measure(what: str, path: Path, source: Any) -> bool:
    """Load a file, print the rate and the memory of the largest process; answers whether both were met."""
    from joinedup.access import service_grant
    from joinedup.feeds import ledger
    from joinedup.record import loading

    ledger.declare([source])
    grant = service_grant("record.intake", "measure the intake", "whoever runs this")
    began = time.perf_counter()
    with PeakMemory() as memory:
        loaded = loading.load(grant, [(path, source)], processes=os.cpu_count())
    seconds = time.perf_counter() - began
    assert not loaded.set_aside, loaded
    assert not loaded.refused, loaded
    count = loaded.added if what == "NDJSON" else loaded.read
    limit, aim = LIMITS[what]
    rate = count / seconds
    print(
        f"  {what}: {count:,} {'resources' if what == 'NDJSON' else 'messages'} ({path.stat().st_size / 1e6:,.0f} MB, "
        f"{loaded.added:,} versions) in {seconds:.1f} s: {rate:,.0f} a second (limit {limit:,}, aim {aim:,}, "
        f"ratio {rate / limit:.2f}); largest process {memory.peak / 1e6:,.0f} MB (limit {MOST_MEMORY / 1e6:,.0f})"
    )
    return rate >= limit and memory.peak < MOST_MEMORY


def practice() -> Any:
    from joinedup.feeds import Source

    return Source("gp-bench", "Bench practice", PRACTICE, "gp", "fhir", is_simulated=True)


def trust() -> Any:
    from joinedup.feeds import Source

    return Source("acute-bench", "Bench trust", TRUST, "acute", "hl7v2", is_simulated=True)


def nhs_number(stem: int) -> str:
    """Answer the NHS number of the test range with this stem, or of the next stem that has a check digit."""
    while True:
        digits = f"999{stem:06d}"
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            return digits + str(check % 11)
        stem += 1


def write_ndjson(path: Path) -> Path:
    """Write residents of 40 resources each, of the types and sizes that a practice sends."""
    draw = random.Random(3)
    with path.open("w") as file:
        for number in range(RESIDENTS):
            file.write("\n".join(resources_of(number, draw)) + "\n")
    return path


def resources_of(number: int, draw: random.Random) -> list[str]:
    patient, year = f"p{number}", 1930 + number % 90
    about = f'"subject":{{"reference":"Patient/{patient}"}}'
    meta = '"meta":{"lastUpdated":"2026-10-01T09:00:00+01:00"}'
    lines = [
        f'{{"resourceType":"Patient","id":"{patient}",{meta},"identifier":[{{"extension":[{{"url":"https://fhir.hl7.org.uk/'
        'StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"system":'
        '"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland","code":"01"}]}}],"system":'
        f'"https://fhir.nhs.uk/Id/nhs-number","value":"{nhs_number(number * 7 % 900_000)}"}}],"active":true,"name":[{{'
        f'"use":"official","family":"Bench{number % 977}","given":["Resident{number % 91}"]}}],"gender":"female",'
        f'"birthDate":"{year}-0{1 + number % 9}-1{number % 10}","address":[{{"line":["{number % 99} Test Lane"],'
        f'"postalCode":"ZH{1 + number % 9} {number % 10}CV"}}],"generalPractitioner":[{{"identifier":{{"system":'
        f'"https://fhir.nhs.uk/Id/ods-organization-code","value":"{PRACTICE}"}}}}]}}',
        f'{{"resourceType":"EpisodeOfCare","id":"r{number}",{meta},"status":"active","patient":{{"reference":'
        f'"Patient/{patient}"}},"managingOrganization":{{"identifier":{{"system":"https://fhir.nhs.uk/Id/'
        f'ods-organization-code","value":"{PRACTICE}"}}}},"period":{{"start":"2015-04-01"}}}}',
        f'{{"resourceType":"AllergyIntolerance","id":"a{number}",{meta},"clinicalStatus":{{"coding":[{{"system":"http://'
        'terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"coding":[{"system":'
        f'"{SNOMED}","code":"91936005","display":"Allergy to penicillin"}}]}},"patient":{{"reference":"Patient/{patient}"'
        '},"recordedDate":"2019-05-02"}',
    ]
    for nth in range(4):
        code, display = CONDITIONS[nth % 3]
        lines.append(
            f'{{"resourceType":"Condition","id":"c{number}-{nth}",{meta},"clinicalStatus":{{"coding":[{{"system":"http://'
            'terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"category":[{"coding":[{"system":'
            '"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]}],"code":{"coding":'
            f'[{{"system":"{SNOMED}","code":"{code}","display":"{display}"}}]}},{about},"onsetDateTime":"201{nth}-03-04",'
            f'"recordedDate":"201{nth}-03-05"}}'
        )
    for nth in range(8):
        name, code = MEDICINES[nth % 2]
        lines.append(
            f'{{"resourceType":"MedicationRequest","id":"m{number}-{nth}",{meta},"status":"active","intent":"order",'
            f'"medicationCodeableConcept":{{"coding":[{{"system":"{SNOMED}","code":"{code}","display":"{name}"}}]}},{about},'
            f'"authoredOn":"2026-0{1 + nth}-11","dosageInstruction":[{{"text":"One tablet daily"}}],"dispenseRequest":'
            '{"quantity":{"value":28,"unit":"tablet"}}}'
        )
    for nth in range(7):
        lines.append(
            f'{{"resourceType":"Encounter","id":"e{number}-{nth}",{meta},"status":"finished","class":{{"system":"http://'
            f'terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}},{about},"period":{{"start":"2026-0{1 + nth}-11T09:'
            f'30:00+00:00","end":"2026-0{1 + nth}-11T09:40:00+00:00"}},"serviceProvider":{{"identifier":{{"system":'
            f'"https://fhir.nhs.uk/Id/ods-organization-code","value":"{PRACTICE}"}}}}}}'
        )
    for nth in range(18):
        value, low = draw.randint(100, 180), draw.randint(60, 100)
        lines.append(
            f'{{"resourceType":"Observation","id":"o{number}-{nth}",{meta},"status":"final","category":[{{"coding":[{{'
            '"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{'
            f'"coding":[{{"system":"{SNOMED}","code":"75367002","display":"Blood pressure"}}]}},{about},"effectiveDateTime":'
            f'"2025-{1 + nth % 12:02d}-11T09:35:00+00:00","component":[{{"code":{{"coding":[{{"system":"{SNOMED}","code":'
            f'"271649006"}}]}},"valueQuantity":{{"value":{value},"unit":"mmHg","system":"{UCUM}","code":"mm[Hg]"}}}},'
            f'{{"code":{{"coding":[{{"system":"{SNOMED}","code":"271650006"}}]}},"valueQuantity":{{"value":{low},"unit":'
            f'"mmHg","system":"{UCUM}","code":"mm[Hg]"}}}}]}}'
        )
    return lines


def write_messages(path: Path) -> Path:
    """Write stays of four messages each (A01, A02, a blood result, A03), as a hospital sends them."""
    draw = random.Random(4)
    with path.open("w") as file:
        for number in range(MESSAGES // 4):
            for nth, message in enumerate(messages_of(number, draw)):
                file.write("\r".join(message).replace("@ID", f"M{number}-{nth}") + "\r")
    return path


def messages_of(number: int, draw: random.Random) -> list[list[str]]:
    at = f"202609{1 + number % 28:02d}"
    pid = (
        f"PID|1||H{number}^^^RWH^MR~{nhs_number(number * 11 % 900_000)}^^^NHS^NH||BENCH{number % 977}^RESIDENT^^^MRS||"
        f"19{30 + number % 69}0{1 + number % 9}12|F|||{number % 99} TEST LANE^^TOWN^^ZH{1 + number % 9} {number % 10}CV"
    )

    def head(trigger: str, time_: str) -> list[str]:
        return [
            f"MSH|^~\\&|PAS|RWH|JOINEDUP|QM7|{at}{time_}||{trigger}|@ID|P|2.4",
            f"EVN|{trigger[4:]}|{at}{time_}",
            pid,
        ]

    def visit(ward: str, extra: str = "") -> str:
        return f"PV1|1|I|{ward}^1^2^RWH||||C123^SMITH^J|||300|||||||||V{number}|||||||||||||||||||||||||{at}0900{extra}"

    value = draw.randint(60, 180)
    return [
        [*head("ADT^A01", "0900"), visit("WARD A")],
        [*head("ADT^A02", "1030"), visit("WARD B")],
        [
            *head("ORU^R01", "1100"),
            f"OBR|1|F{number}|F{number}|U&E^Urea and electrolytes^L|||{at}1045",
            f"OBX|1|NM|CREA^Creatinine^L||{value}|umol/L|45-84|N|||F|||{at}1045",
            f"OBX|2|NM|K^Potassium^L||4.{value % 10}|mmol/L|3.5-5.3|N|||F|||{at}1045",
        ],
        [*head("ADT^A03", "1400"), visit("WARD B", f"|{at}1400")],
    ]


if __name__ == "__main__":
    raise SystemExit(main())
