"""How fast ViewDefinitions run: python bench/views.py [resources]

Writes one NDJSON file of what feeds give (the shapes and shares of the demo), and makes the Parquet tables of all the
product's views of it, end to end, on every processor. Then one simple view of the same file, ours and fhir4ds-v2's
(PyPI; SQL on FHIR on DuckDB), which is put into an environment of its own in the data folder: it is no part of this
product. Where it can't be installed, that is said and it is left out.
"""

# ruff: noqa: E501 -- resources stand as they are sent
from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from peak_memory import PeakMemory

RESOURCES = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
LIMIT, AIM = 40_000, 60_000  # resources a second
MOST_MEMORY = 1_000_000_000  # bytes, of any one process
PEER = "fhir4ds-v2==0.0.17"
PEER_SECONDS = 300
J = "https://joinedup.example"
SCT, ICD, UCUM = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10", "http://unitsofmeasure.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
# Of a hundred resources, as the demo has them.
SHARES = {
    "blood_pressure": 15, "result": 10, "consultation": 12, "stay": 8, "contact": 3, "condition": 14, "patient": 8,
    "wait": 6, "appointment": 5, "immunisation": 4, "registration": 3, "request": 3, "statement": 3, "report": 4,
    "procedure": 1, "allergy": 1,
}  # fmt: skip
SIMPLE = {
    "name": "findings",
    "status": "active",
    "resource": "Observation",
    "select": [
        {
            "column": [
                {"name": "id", "path": "id", "type": "id"},
                {"name": "patient", "path": "subject.getReferenceKey(Patient)", "type": "string"},
                {"name": "status", "path": "status", "type": "code"},
                {"name": "on", "path": "effective.ofType(dateTime)", "type": "dateTime"},
                {"name": "code", "path": "code.coding.first().code", "type": "code"},
                {"name": "value", "path": "value.ofType(Quantity).value", "type": "decimal"},
            ]
        }
    ],
}


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="joinedup-bench-"))
    try:
        path = write(folder / "all.ndjson", RESOURCES)
        is_met = all_views(path, folder)
        beside_the_peer(path, folder)
        return 0 if is_met else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def all_views(path: Path, folder: Path) -> bool:
    """Make the tables of all product views, print the rate and the memory; answers whether both limits were met."""
    import pyarrow.parquet  # noqa: F401 -- not what is measured

    from joinedup.population import compile_view, product_views

    views = [compile_view(view) for view in product_views()]
    with PeakMemory() as memory:
        began = os.times()
        tally, rows = to_parquet(views, path, folder)
        ended = os.times()
    seconds = ended.elapsed - began.elapsed
    used = sum(ended[:4]) - sum(began[:4])
    count = tally.resources.total()
    assert count == RESOURCES, count
    assert not tally.bad, tally.bad
    rate = count / seconds
    print(
        f"  {len(views)} views, NDJSON to Parquet: {count:,} resources ({path.stat().st_size / 1e6:,.0f} MB, "
        f"{sum(rows.values()):,} rows) in {seconds:.1f} s ({used:.1f} s of processors): {rate:,.0f} a second (limit {LIMIT:,}, aim {AIM:,}, ratio "
        f"{rate / LIMIT:.2f}); largest process {memory.peak / 1e6:,.0f} MB (limit {MOST_MEMORY / 1e6:,.0f})"
    )
    return rate >= LIMIT and memory.peak < MOST_MEMORY


def to_parquet(views: list[Any], path: Path, folder: Path) -> tuple[Any, Counter[str]]:
    """Write the rows of views to a file each; answers what was read, and the rows by view."""
    import pyarrow.parquet as pq

    from joinedup.population import run_views
    from joinedup.population.sql_on_fhir.view_runner import Tally

    tally, rows, writers = Tally(), Counter[str](), dict[str, Any]()
    for name, batch in run_views(views, [path], tally=tally):
        if name not in writers:
            writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", batch.schema, compression="zstd")
        writers[name].write_batch(batch)
        rows[name] += batch.num_rows
    for writer in writers.values():
        writer.close()
    return tally, rows


# --- The peer -------------------------------------------------------------------------------------------------------

# Run by the peer's own Python: reads the file, makes one view of it, writes Parquet, prints seconds and rows.
PEER_SCRIPT = """
import json, sys, time
import fhir4ds
from fhir4ds.viewdef import SQLGenerator, parse_view_definition
ndjson, view, parquet = sys.argv[1:]
connection = fhir4ds.create_connection()
native = fhir4ds.register_fhirpath(connection)
began = time.perf_counter()
connection.execute(
    "CREATE TABLE resources AS SELECT json AS resource, json->>'resourceType' AS \\"resourceType\\", json->>'id' AS id "
    "FROM read_ndjson_objects(?)", [ndjson])
sql = SQLGenerator(source_table="resources").generate(parse_view_definition(open(view).read()))
connection.execute(f"COPY ({sql}) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)")
seconds = time.perf_counter() - began
rows = connection.execute(f"SELECT count(*) FROM '{parquet}'").fetchone()[0]
print(json.dumps({"seconds": seconds, "rows": rows, "native": bool(native)}))
"""


def beside_the_peer(path: Path, folder: Path) -> None:
    """Print how long both take for one simple view of the same file."""
    from joinedup.population import compile_view, read_view

    began = time.perf_counter()
    _, rows = to_parquet([compile_view(read_view(SIMPLE))], path, folder)
    ours = time.perf_counter() - began
    print(f"  one view of the same file, processes started for it: {ours:.2f} s ({rows['findings']:,} rows)")
    theirs = peer(path, folder)
    if isinstance(theirs, str):
        print(f"  {PEER}: left out: {theirs}")
        return
    same = "the same rows" if theirs["rows"] == rows["findings"] else f"{theirs['rows']:,} rows, not ours"
    how = "its native extension" if theirs["native"] else "its functions in Python"
    print(
        f"  {PEER} ({how}), the same file and view, its start left out: {theirs['seconds']:.2f} s, {same}; ours is "
        f"{theirs['seconds'] / ours:.1f} times as fast"
    )


def peer(path: Path, folder: Path) -> dict[str, Any] | str:
    """Answer what the peer measured of itself, or why there is nothing."""
    from joinedup import database

    home = database.data_dir() / "peers" / PEER.partition("==")[0]
    python = home / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True, capture_output=True)
            install = [python, "-m", "pip", "install", "-q", PEER]
            subprocess.run(install, check=True, capture_output=True, timeout=PEER_SECONDS)
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(home, ignore_errors=True)
        return "it could not be installed here"
    (folder / "view.json").write_text(json.dumps(SIMPLE))
    command = [python, "-c", PEER_SCRIPT, path, folder / "view.json", folder / "peer.parquet"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PEER_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it was not done after {PEER_SECONDS} s"
    if done.returncode:
        return f"it ended with an error: {(done.stderr.strip().splitlines() or ['none said'])[-1]}"
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


# --- The file -------------------------------------------------------------------------------------------------------


def write(path: Path, number: int) -> Path:
    """Write so many resources, of the kinds of SHARES, in an order drawn from a fixed seed."""
    draw = random.Random(4)
    kinds = draw.choices(list(SHARES), weights=list(SHARES.values()), k=number)
    with path.open("w") as file:
        for nth, kind in enumerate(kinds):
            file.write(json.dumps(resource(kind, nth, draw), separators=(",", ":")) + "\n")
    return path


def coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def body(code: str) -> dict[str, Any]:
    return {"identifier": {"system": ODS, "value": code}}


def extension(name: str, **value: Any) -> dict[str, Any]:
    return {"url": name if "://" in name else f"{J}/Extension/{name}", **value}


def resource(kind: str, nth: int, draw: random.Random) -> dict[str, Any]:
    patient, day = f"Patient/p{draw.randrange(20_000)}", f"202{nth % 6}-{1 + nth % 12:02d}-{1 + nth % 28:02d}"
    subject = {"subject": {"reference": patient}}
    id_ = {"id": f"{kind[:1]}{nth:012d}"}
    meta = {"meta": {"versionId": "1", "lastUpdated": f"{day}T03:10:00+00:00", "profile": [f"{J}/Profile/{kind}"]}}
    return {"resourceType": TYPES[kind], **id_, **meta, **CONTENT[kind](nth, draw, day, patient, subject)}


def hospital(nth: int, day: str) -> list[dict[str, Any]]:
    """The extensions of an extract of hospital activity."""
    function = coded(f"{J}/CodeSystem/treatment-function", "301", "Gastroenterology")
    return [
        extension("treatment-function", valueCodeableConcept=function),
        extension("main-specialty", valueCodeableConcept=function),
        extension("patient-classification", valueCodeableConcept=coded(f"{J}/CodeSystem/patient-classification", "2", "Day case")),
        extension("is-last-episode", valueBoolean=True),
        extension("admission-method", valueCode="11"),
        extension("attended", valueCodeableConcept=coded(f"{J}/CodeSystem/attended", "5", "Attended on time")),
        extension("first-attendance", valueCodeableConcept=coded(f"{J}/CodeSystem/first-attendance", "2", "Follow-up")),
        extension("hrg", valueCoding={"system": f"{J}/CodeSystem/hrg4", "code": "FE22Z"}),
        extension("tariff", valueMoney={"value": 100 + nth % 900 + 0.25, "currency": "GBP"}),
        extension("rtt-start", valueDate=day),
        extension("commissioner", valueIdentifier={"system": ODS, "value": "07H"}),
    ]  # fmt: skip


def blood_pressure(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    def part(code: str, value: int) -> dict[str, Any]:
        return {
            "code": coded(SCT, code, "Pressure"),
            "valueQuantity": {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
        }

    return {"status": "final", "code": coded(SCT, "75367002", "Blood pressure"), **subject,
            "category": [coded("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "")],
            "effectiveDateTime": f"{day}T12:20:00+00:00",
            "component": [part("271649006", draw.randint(100, 180)), part("271650006", draw.randint(60, 100))]}  # fmt: skip


def result(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    codes = [
        {"system": "http://loinc.org", "code": "718-7", "display": "Haemoglobin"},
        {"system": f"{J}/codes/L", "code": "HB"},
    ]
    value = {"value": draw.randint(90, 170), "unit": "g/L", "system": UCUM, "code": "g/L"}
    return {"status": "final", "code": {"coding": codes, "text": "Haemoglobin"}, **subject,
            "effectiveDateTime": f"{day}T16:56:00+01:00", "issued": f"{day}T18:00:00+01:00", "valueQuantity": value,
            "referenceRange": [{"low": {"value": 115, "unit": "g/L"}, "high": {"value": 165, "unit": "g/L"}}]}  # fmt: skip


def consultation(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "finished", "class": {"system": ACT, "code": "AMB"}, "type": [{"text": "Surgery consultation"}], **subject,
            "participant": [{"individual": {"reference": "Practitioner/Z10012-1"}}],
            "period": {"start": f"{day}T11:20:00+00:00", "end": f"{day}T11:37:00+00:00"},
            "reasonCode": [coded(SCT, "182836005", "Review of medication")],
            "serviceProvider": {"reference": "Organization/Z10012", **body("Z10012")}}  # fmt: skip


def stay(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "finished", "class": {"system": ACT, "code": "IMP"}, **subject,
            "type": [coded(f"{J}/CodeSystem/activity", "episode", "Consultant episode")],
            "serviceType": coded(f"{J}/CodeSystem/treatment-function", "301", "Gastroenterology"),
            "period": {"start": f"{day}T07:55:00+00:00", "end": f"{day}T16:23:00+00:00"},
            "partOf": {"reference": f"Encounter/spell{nth}"}, "serviceProvider": body("RQW"),
            "diagnosis": [{"rank": 1, "condition": {"reference": f"Condition/d{nth}"}}],
            "extension": hospital(nth, day)}  # fmt: skip


def contact(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "finished", "class": {"system": ACT, "code": "AMB"}, **subject,
            "type": [coded(f"{J}/CodeSystem/activity", "community-contact", "Community contact")],
            "serviceType": coded(f"{J}/CodeSystem/csds-team-type", "51", "Crisis response"),
            "period": {"start": f"{day}T14:20:00+00:00", "end": f"{day}T14:20:00+00:00"},
            "length": {"value": 45.0, "unit": "min", "system": UCUM, "code": "min"}, "serviceProvider": body("R1L"),
            "extension": hospital(nth, day)[5:6]}  # fmt: skip


def condition(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-"
    return {"clinicalStatus": coded(f"{clinical}clinical", "active", "Active"), "code": coded(SCT, "38341003", "Hypertension"),
            "verificationStatus": coded(f"{clinical}ver-status", "confirmed", "Confirmed"), **subject,
            "category": [coded(f"{clinical}category", "problem-list-item", "Problem")],
            "onsetDateTime": day, "recordedDate": day}  # fmt: skip


def patient(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    ethnic = extension("https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory",
                       valueCodeableConcept=coded(f"{J}/CodeSystem/ethnic-category", "A", "White - British"))  # fmt: skip
    numbers = [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": f"999{nth:07d}"},
        {"system": f"{J}/Id/x", "value": str(nth)},
    ]
    return {"active": True, "extension": [ethnic], "identifier": numbers, "gender": "female", "birthDate": day,
            "name": [{"use": "official", "family": f"Bench{nth % 977}", "given": ["Resident"]}],
            "address": [{"use": "home", "line": [f"{nth % 99} Test Lane"], "city": "Hatfield", "postalCode": "ZH9 6PQ",
                         "extension": [extension("lsoa", valueString="E01000001")]}],
            "generalPractitioner": [{"reference": "Organization/Z10026", **body("Z10026")}]}  # fmt: skip


def wait(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "active", "intent": "order", "priority": "routine", "authoredOn": day, **subject,
            "code": coded(f"{J}/CodeSystem/treatment-function", "130", "Ophthalmology"), "performer": [body("RQW")],
            "extension": [extension("waiting-list-type", valueCode="IRTT"), *hospital(nth, day)[:2], *hospital(nth, day)[9:],
                          extension("cancer-list", valueCode="0"), extension("decision-to-admit", valueDateTime=day)]}  # fmt: skip


def appointment(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "fulfilled", "start": f"{day}T16:15:00+01:00", "end": f"{day}T16:15:00+01:00",
            "serviceType": [coded(f"{J}/CodeSystem/treatment-function", "340", "Respiratory medicine")],
            "participant": [{"status": "accepted", "actor": {"reference": patient}}, {"status": "accepted", "actor": body("RQW")}],
            "extension": hospital(nth, day)}  # fmt: skip


def immunisation(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    procedure = extension("https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-VaccinationProcedure",
                          valueCodeableConcept=coded(SCT, "822851000000102", "Seasonal influenza vaccination"))  # fmt: skip
    return {"status": "completed", "vaccineCode": coded(SCT, "46233009", "Influenza vaccine"), "patient": {"reference": patient},
            "occurrenceDateTime": day, "extension": [procedure], "protocolApplied": [{"doseNumberPositiveInt": 1}]}  # fmt: skip


def registration(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "active", "type": [{"text": "Registration with a practice"}], "patient": {"reference": patient},
            "managingOrganization": {"reference": "Organization/Z10015", **body("Z10015")}, "period": {"start": day}}  # fmt: skip


def request(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "active", "intent": "order", "medicationCodeableConcept": coded(SCT, "372594008", "Sertraline"), **subject,
            "authoredOn": day, "dosageInstruction": [{"text": "One to be taken each day"}],
            "dispenseRequest": {"quantity": {"value": 28, "unit": "tablet"}}}  # fmt: skip


def statement(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "active", "medicationCodeableConcept": coded(SCT, "710809001", "Levothyroxine"), **subject,
            "effectivePeriod": {"start": day}, "dosage": [{"text": "One to be taken each morning"}]}  # fmt: skip


def report(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "final", "code": coded(f"{J}/codes/L", "FBC", "Complete blood count"), **subject,
            "effectiveDateTime": day, "result": [{"reference": f"Observation/r{nth}"}]}  # fmt: skip


def procedure(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"status": "completed", "code": coded("https://fhir.hl7.org.uk/Id/opcs-4", "H22.9", "H229"), **subject,
            "encounter": {"reference": f"Encounter/e{nth}"}, "performedDateTime": day}  # fmt: skip


def allergy(nth: int, draw: random.Random, day: str, patient: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": coded(SCT, "91936005", "Allergy to penicillin"),
        "patient": {"reference": patient},
        "recordedDate": day,
    }


TYPES = {
    "blood_pressure": "Observation", "result": "Observation", "consultation": "Encounter", "stay": "Encounter",
    "contact": "Encounter", "condition": "Condition", "patient": "Patient", "wait": "ServiceRequest",
    "appointment": "Appointment", "immunisation": "Immunization", "registration": "EpisodeOfCare",
    "request": "MedicationRequest", "statement": "MedicationStatement", "report": "DiagnosticReport",
    "procedure": "Procedure", "allergy": "AllergyIntolerance",
}  # fmt: skip
CONTENT = {kind: globals()[kind] for kind in SHARES}


if __name__ == "__main__":
    print(f"  {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    raise SystemExit(main())
