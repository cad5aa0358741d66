"""What practices send: FHIR R4, patient by patient, with the faults that such feeds have and no others.

| practice | first file | second file |
|---|---|---|
| three of four | NDJSON, some .gz or .zst | NDJSON of corrected versions |
| every fourth | a transaction Bundle a line | one Bundle for a night's corrections |
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import zstandard

from joinedup.simulation.run import simulate

RESIDENTS = 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "practices"
    simulate("hwe", RESIDENTS, 12, path)
    return path


def lines_of(path: Path) -> list[bytes]:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return raw.splitlines()


def parsed(line: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except ValueError:
        return None
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def sent(folder: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Source, file and resource of everything that parses."""
    found = []
    for path in sorted((folder / "gp").iterdir()):
        source = re.split(r"-[12][.-]", path.name)[0]
        for content in filter(None, map(parsed, lines_of(path))):
            entries = content["entry"] if content["resourceType"] == "Bundle" else [{"resource": content}]
            found += [(source, path.name, entry["resource"]) for entry in entries]
    return found


def faults(folder: Path, what: str) -> int:
    rows = [line.split(",") for line in (folder / "truth" / "counts.csv").read_text().splitlines()]
    return sum(int(many) for source, counted, many in rows[1:] if source.startswith("gp-") and counted == what)


def test_a_line_is_json_unless_it_was_spoilt_on_purpose(folder: Path) -> None:
    broken = sum(parsed(line) is None for path in (folder / "gp").iterdir() for line in lines_of(path))
    assert 0 < broken <= faults(folder, "malformed")  # Some are JSON still, but not FHIR.


def test_as_many_are_sent_as_the_truth_says(folder: Path, sent: list[tuple[str, str, dict[str, Any]]]) -> None:
    staff = ("Organization", "Practitioner")
    clinical = sum(resource["resourceType"] not in staff for _, _, resource in sent if "resourceType" in resource)
    assert faults(folder, "resources") - faults(folder, "malformed") <= clinical <= faults(folder, "resources")


def test_every_type_is_there(sent: list[tuple[str, str, dict[str, Any]]]) -> None:
    types = Counter(resource.get("resourceType") for _, _, resource in sent)
    assert set(types) >= {
        "Organization", "Practitioner", "Patient", "EpisodeOfCare", "Condition", "AllergyIntolerance",
        "MedicationRequest", "MedicationStatement", "Immunization", "Observation", "Encounter", "ServiceRequest",
    }  # fmt: skip
    assert 12 < sum(types.values()) / RESIDENTS < 30


def test_bundles_and_lines_both_come_and_some_are_compressed(folder: Path) -> None:
    names = [path.name for path in (folder / "gp").iterdir()]
    assert any(name.endswith(".json") for name in names)
    assert any(name.endswith(".zst") for name in names)
    assert any(name.endswith(".gz") for name in names)
    kinds = {
        content["resourceType"] == "Bundle" for path in (folder / "gp").iterdir()
        for content in [parsed(lines_of(path)[0])] if content
    }  # fmt: skip
    assert kinds == {True, False}


def test_bundles_say_where_each_entry_goes(folder: Path) -> None:
    seen = 0
    for path in (folder / "gp").iterdir():
        for content in filter(None, map(parsed, lines_of(path)[:40])):
            if content["resourceType"] == "Bundle":
                assert content["type"] == "transaction"
                for entry in content["entry"]:
                    resource = entry["resource"]
                    assert entry["request"] == {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
                    seen += 1
    assert seen > 100


def test_every_reference_within_a_practice_resolves(sent: list[tuple[str, str, dict[str, Any]]]) -> None:
    held: dict[str, set[str]] = {}
    for source, _, resource in sent:
        held.setdefault(source, set()).add(f"{resource.get('resourceType')}/{resource['id']}")
    asked = 0
    for source, _, resource in sent:
        for reference in re.findall(r'"reference": "([^"]+)"', json.dumps(resource)):
            if "/" in reference:  # One kind of spoilt line lost its stroke.
                asked += 1
                assert reference in held[source] or not reference.startswith(("Patient/", "Organization/"))
    assert asked > 10_000


def test_who_moved_is_sent_by_two_practices_until_the_first_notices(
    sent: list[tuple[str, str, dict[str, Any]]],
) -> None:
    status: dict[str, list[str]] = {}
    for _, _, resource in sent:
        if resource.get("resourceType") == "EpisodeOfCare":
            number = resource["patient"]["reference"]
            status.setdefault(number, []).append(resource["status"])
    counted = Counter(one for both in status.values() for one in both)
    assert counted["finished"] > 20  # moved away or died
    numbers = Counter(
        identifier["value"]
        for _, _, resource in sent if resource.get("resourceType") == "Patient"
        for identifier in resource["identifier"] if identifier["system"].endswith("nhs-number")
    )  # fmt: skip
    assert sum(many == 2 for many in numbers.values()) > 20
    assert max(numbers.values()) <= 3


def test_corrections_come_later_under_the_same_id(sent: list[tuple[str, str, dict[str, Any]]]) -> None:
    first = {
        (source, resource["resourceType"], resource["id"]): resource
        for source, name, resource in sent if re.search(r"-1\.", name) and "resourceType" in resource
    }  # fmt: skip
    corrected = 0
    for source, name, resource in sent:
        if re.search(r"-2[.-]", name):
            before = first.get((source, resource["resourceType"], resource["id"]))
            if before:  # Its first version may be the line that was spoilt.
                corrected += 1
                assert resource["meta"]["versionId"] == "2"
                assert resource["meta"]["lastUpdated"] >= before["meta"]["lastUpdated"]
                assert resource != before
    assert corrected > 20


def test_a_practice_may_say_no_known_allergies_of_whom_the_hospital_knows_better(folder: Path) -> None:
    rows = (folder / "truth" / "worth_opening.csv").read_text()
    of_practice = re.search(r"conflicting_allergies,P\d+,(gp-[a-z0-9]+),([0-9a-f-]+),", rows)
    assert of_practice
    source, patient = of_practice.groups()
    codes = set()
    for path in (folder / "gp").glob(f"{source}-1*"):
        for line in lines_of(path):
            if f"Patient/{patient}".encode() in line and b"AllergyIntolerance" in line:
                codes |= set(re.findall(rb'"code":"(\d{6,18})"', line))
    assert codes & {b"716186003", b"409137002"}


def test_numbers_are_missing_or_wrong_for_a_few(folder: Path) -> None:
    rows = [line.split(",") for line in (folder / "truth" / "subjects.csv").read_text().splitlines()[1:]]
    of_kind: dict[str, Counter[str]] = {}
    for source, _, _, said in rows:
        of_kind.setdefault(source.split("-")[0], Counter()).update([*said.split(), "all"])
    gp, voluntary = of_kind["gp"], of_kind["voluntary"]
    assert gp["no_number"] / gp["all"] < 0.02
    assert voluntary["no_number"] / voluntary["all"] > 0.5
