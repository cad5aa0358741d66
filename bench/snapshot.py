"""How fast a snapshot is made of another server's bulk export, and in how much memory: python bench/snapshot.py

Writes NDJSON directly (300 resources a resident: what a life leaves), and makes a whole snapshot of it, everything
included: pseudonyms, opt-outs, tables, people, digests, register, audit. Two sizes, one four times the other, show
whether memory stays flat. SNAPSHOT_RESIDENTS sets the larger one; the promise is of 100,000 residents (30 million
resources, some 17 GB of NDJSON) under 4 GB.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from own_database import own_database

RESIDENTS = int(os.environ.get("SNAPSHOT_RESIDENTS", "4000"))
EACH = 300
MOST_MEMORY = 4_000_000_000  # of all its processes together
FLAT = 1.5  # by so much at most may memory grow when the input is four times as large
SNOMED = "http://snomed.info/sct"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
CODES = ("38341003", "44054006", "195967001", "13645005", "49436004", "73211009", "22298006", "84114007")


def main() -> int:
    with own_database() as folder:
        small = measure(write(folder / "small", max(1, RESIDENTS // 4)), max(1, RESIDENTS // 4))
        shutil.rmtree(folder / "small")
        large = measure(write(folder / "large", RESIDENTS), RESIDENTS)
        ratio = large / small
        print(f"memory at four times the size: {ratio:.2f} times as much (limit {FLAT})")
        return 0 if large <= MOST_MEMORY and ratio <= FLAT else 1


def measure(export: Path, residents: int) -> float:
    """Make a snapshot, print its rate and the most memory of all its processes together; answers the memory."""
    size = sum(path.stat().st_size for path in export.iterdir())
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "joinedup.cli", "snapshot", "--from", str(export), "--keep-without-number",
         "--recipient", f"b{residents}", "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with Memory(process.pid) as memory:
        out, _ = process.communicate()
    seconds = time.monotonic() - began
    made: dict[str, Any] = json.loads(out)
    shutil.rmtree(made["folder"])
    assert made["rows"] > residents
    print(
        f"{residents:,} residents, {made['resources']:,} resources ({size / 1e9:.1f} GB): {made['rows']:,} rows in "
        f"{seconds:.0f} s, {made['resources'] / seconds:,.0f} resources/s; {memory.most / 1e6:,.0f} MB at most in all "
        f"processes together (limit {MOST_MEMORY / 1e6:,.0f})"
    )
    return memory.most


def write(folder: Path, residents: int) -> Path:
    """Write an export: a file a type, without holding more than one resident."""
    folder.mkdir()
    random.seed(1)
    types = ("Patient", "EpisodeOfCare", "Condition", "Observation", "Encounter", "MedicationRequest")
    files = {type_: (folder / f"{type_}.ndjson").open("w") for type_ in types}
    try:
        for nth in range(residents):
            for one in life(nth):
                files[one["resourceType"]].write(json.dumps(one, separators=(",", ":")) + "\n")
    finally:
        for file in files.values():
            file.close()
    return folder


def life(nth: int) -> list[dict[str, Any]]:
    about = {"reference": f"Patient/p{nth}"}

    def day() -> str:
        return f"{random.randint(2005, 2026)}-{random.randint(1, 9):02d}-{random.randint(1, 28):02d}"

    def coded(code: str) -> dict[str, Any]:
        return {"coding": [{"system": SNOMED, "code": code, "display": "As it is called"}], "text": "As it is called"}

    found: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": f"p{nth}", "active": True, "gender": ("female", "male")[nth % 2],
         "name": [{"family": f"Family{nth}", "given": ["Given"]}],
         "birthDate": f"{1930 + nth % 95}-0{1 + nth % 9}-11",
         "address": [{"use": "home", "line": [f"{nth // 2} Long Lane"], "postalCode": "ZQ1 1AA"}],
         "generalPractitioner": [{"identifier": {"system": ODS, "value": f"Z9{nth % 200:04d}"}}]},
        {"resourceType": "EpisodeOfCare", "id": f"r{nth}", "status": "active", "patient": about,
         "managingOrganization": {"identifier": {"system": ODS, "value": f"Z9{nth % 200:04d}"}},
         "period": {"start": day()}},
    ]  # fmt: skip
    for place in range(EACH - 2):
        kind, id_ = place % 10, f"{nth}-{place}"
        if kind < 5:
            found.append({
                "resourceType": "Observation", "id": f"o{id_}", "status": "final", "subject": about,
                "code": coded(random.choice(CODES)), "effectiveDateTime": f"{day()}T09:35:00Z",
                "valueQuantity": {"value": round(random.uniform(1, 200), 1), "unit": "mmol/L",
                                  "system": "http://unitsofmeasure.org", "code": "mmol/L"},
            })  # fmt: skip
        elif kind < 8:
            found.append({
                "resourceType": "Encounter", "id": f"e{id_}", "status": "finished", "subject": about,
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "type": [{"text": "Surgery consultation"}],
                "period": {"start": f"{day()}T09:30:00Z", "end": f"{day()}T09:40:00Z"},
            })  # fmt: skip
        elif kind == 8:
            found.append({"resourceType": "Condition", "id": f"c{id_}", "subject": about, "recordedDate": day(),
                          "code": coded(random.choice(CODES))})  # fmt: skip
        else:
            found.append({"resourceType": "MedicationRequest", "id": f"m{id_}", "status": "completed",
                          "intent": "order", "subject": about, "authoredOn": day(),
                          "medicationCodeableConcept": coded("319283006")})  # fmt: skip
    return found


class Memory:
    """The most memory that a process and its children held together; what they share is counted once."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most, self._ends = pid, 0.0, threading.Event()

    def __enter__(self) -> Memory:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.wait(0.2):
            self.most = max(self.most, sum(map(_proportional, _tree(self.pid))))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [one for child in path.read_text().split() for one in _tree(int(child))]
        except OSError:
            continue
    return found


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.split()[1]) * 1000 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    sys.exit(main())
