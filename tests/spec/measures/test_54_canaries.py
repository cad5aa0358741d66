"""A planted name and NHS number go in with the feeds and come out nowhere: load, snapshot, measure, release.

They stand in demographics and in free text: names, identifiers, addresses, e-mail, notes, texts and displays of codes,
values, HL7 v2 names, comments and results. Then every value of every Parquet file, every page, answer, export,
workbook, drawing, log line and error of the chain is searched for them, and the tables of releases in the database.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spec.record import drawn_feeds

from joinedup.measures.disclosure.identifiers import folded

from .planted import (
    FAMILY,
    GIVEN,
    LOCAL,
    MAIL,
    NUMBER,
    POSTCODE,
    STREET,
    canaries_below,
    canaries_in,
)

REPOSITORY = Path(__file__).resolve().parents[3]

RESIDENTS = 30


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """The net has no hole: a canary is found in a text, a name of a file, a Parquet value and with other marks."""
    for text in (FAMILY.upper(), f"<td>{NUMBER}</td>", f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}", "zz987qq"):
        assert canaries_in(text), text
    assert not canaries_in("Quill 999 000 1234")
    pq.write_table(pa.table({"code": ["a"] * 5000 + [NUMBER]}), tmp_path / "part.parquet", compression="zstd")
    (tmp_path / "log.txt").write_text(f"error of {GIVEN}")
    assert len(canaries_below(tmp_path)) == 2
    assert folded(FAMILY) == FAMILY.casefold()


# --- the chain -----------------------------------------------------------------------------------------------------


def planted_resources() -> list[dict[str, Any]]:
    """What a practice sends of the planted person, with canaries wherever a text can stand."""
    about = {"reference": "Patient/p900"}
    meta = {"lastUpdated": "2026-10-01T09:00:00Z"}
    said = f"{GIVEN} {FAMILY}, NHS {NUMBER}, of {STREET}"
    named = {"coding": [{"system": drawn_feeds.SNOMED, "code": "75367002", "display": said}], "text": said}
    patient = drawn_feeds.patient(
        900,
        name=[{"use": "official", "family": FAMILY, "given": [GIVEN], "text": said}],
        telecom=[{"system": "email", "value": MAIL}, {"system": "phone", "value": f"07700 900123 {FAMILY}"}],
        address=[{"line": [f"9 {STREET}"], "city": STREET, "postalCode": POSTCODE, "text": said}],
        contact=[{"name": {"family": FAMILY, "given": [GIVEN]}, "telecom": [{"system": "email", "value": MAIL}]}],
        text={"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{said}</div>'},
    )
    patient["identifier"].append({"system": "https://practice.example/local", "value": LOCAL})
    return [
        patient,
        drawn_feeds.resources(900)[1],
        {"resourceType": "Observation", "id": "o900-note", "meta": meta, "status": "final", "subject": about,
         "code": named, "effectiveDateTime": "2025-05-11T09:35:00Z", "note": [{"text": said}],
         "valueQuantity": {"value": 131, "unit": f"mmHg of {FAMILY}"}},
        {"resourceType": "Observation", "id": "o900-text", "meta": meta, "status": "final", "subject": about,
         "code": {"coding": [{"system": drawn_feeds.SNOMED, "code": "229819007", "display": said}], "text": said},
         "effectiveDateTime": "2025-06-11T09:35:00Z", "valueString": said, "note": [{"text": said}]},
        # Texts that say what kind of thing something is, where a snapshot keeps words of known kinds only.
        {"resourceType": "EpisodeOfCare", "id": "s900", "meta": meta, "status": "active", "patient": about,
         "type": [{"text": said}], "period": {"start": "2026-01-04"},
         "managingOrganization": {"identifier": {"system": drawn_feeds.ODS, "value": drawn_feeds.PRACTICE}}},
        {"resourceType": "Encounter", "id": "e900", "meta": meta, "status": "finished", "subject": about,
         "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": said},
         "type": [{"text": said}], "serviceType": {"text": said}, "reasonCode": [{"text": said}],
         "period": {"start": "2026-09-08T16:50:00Z", "end": "2026-09-08T17:00:00Z"}},
        {"resourceType": "Condition", "id": "c900", "meta": meta, "subject": about, "code": named | {
            "coding": [{"system": drawn_feeds.SNOMED, "code": "38341003", "display": said}]},
         "onsetDateTime": "2019-03-01", "note": [{"text": said}],
         "clinicalStatus": {"coding": [{
             "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}},
    ]  # fmt: skip


def planted_messages() -> list[str]:
    """What a hospital sends of the planted person: names, address, ward, a comment and a result in words."""
    changed = []
    for message in drawn_feeds.messages(900):
        message = message.replace("DRAWN900^RESIDENT", f"{FAMILY.upper()}^{GIVEN.upper()}")
        message = message.replace("900 TEST LANE", f"9 {STREET.upper()}").replace("ZH1 1CV", POSTCODE)
        message = message.replace("Creatinine^L", f"Creatinine of {FAMILY}^L")
        if "ORU^R01" in message:
            message += f"NTE|1||{GIVEN} {FAMILY} NHS {NUMBER}\r"
        changed.append(message)
    return changed


def drawn_with_planted(folder: Path) -> Path:
    """Write the drawn feeds, in which everybody is registered and every second has a condition, and the planted one."""
    feeds = drawn_feeds.write(folder, RESIDENTS)
    practice = feeds / "gp-1.ndjson"
    resources = [json.loads(line) for line in practice.read_text().splitlines()] + planted_resources()
    for number in range(0, RESIDENTS, 2):
        resources.append(
            {"resourceType": "Condition", "id": f"c{number}", "meta": {"lastUpdated": "2026-10-01T09:00:00Z"},
             "subject": {"reference": f"Patient/p{number}"}, "onsetDateTime": f"2020-0{1 + number % 9}-11",
             "code": {"coding": [{"system": drawn_feeds.SNOMED, "code": "44054006", "display": "Diabetes"}]},
             "clinicalStatus": {"coding": [{
                 "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}}
        )  # fmt: skip
    for one in resources:
        if one["resourceType"] == "EpisodeOfCare":
            one.setdefault("type", [{"text": "Registration with a practice"}])
    lines = [json.dumps(one, separators=(",", ":")) for one in resources]
    lines.append(f'{{"resourceType":"Observation","id":"{FAMILY}","status":"{NUMBER}"')
    practice.write_text("\n".join(lines) + "\n")
    with (feeds / "adt-1.hl7").open("a") as messages:
        messages.write("".join(planted_messages()))
    return feeds


@pytest.fixture(scope="module")
def chain() -> Iterator[Path]:
    """A data folder after the whole chain; what commands said lies in `said`, each answer of the site in `walked`."""
    # Not pytest's own folder: the database server of another account must pass through it.
    folder = Path(tempfile.mkdtemp(prefix="joinedup-tests-"))
    try:
        feeds = drawn_with_planted(folder / "feeds")
        data = folder / "data"
        (folder / "said").mkdir()
        run = Chain(folder, data)
        run("load", str(feeds), "--processes", "1")
        run("snapshot", "--accept", "drawn for a test")
        run("snapshot", "list")
        run("snapshot", "no-such-verb", fails=True)
        run("measure", "--all")
        run("measure", "list")
        run("measure", "show", "no-such-measure", fails=True)
        run.python("-m", "tests.spec.measures.walking", str(folder / "walked"))
        run.python("-m", "tests.spec.measures.releasing_all", str(folder / "released"))
        yield folder
    finally:
        Chain(folder, folder / "data")("stop")
        shutil.rmtree(folder, ignore_errors=True)


class Chain:
    """Runs the commands of the chain, one after another, and keeps what each said."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.number = folder, 0
        self.environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.environment |= {"JOINEDUP_DATA": str(data), "DJANGO_SETTINGS_MODULE": "joinedup.settings"}

    def __call__(self, *words: str, fails: bool = False) -> None:
        self.python("-m", "joinedup.cli", *words, fails=fails)

    def python(self, *words: str, fails: bool = False) -> None:
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=300, check=False, cwd=REPOSITORY,
            env=self.environment,
        )  # fmt: skip
        self.number += 1
        said = f"{' '.join(words[1:])}\n{done.stdout}\n{done.stderr}"
        (self.folder / "said" / f"{self.number:02d}.txt").write_text(said)
        assert (done.returncode != 0) == fails, f"{words}: {done.returncode}\n{done.stderr[-3000:]}"


def test_the_canaries_did_go_in(chain: Path) -> None:
    """What went in is in the record, so that what is not found below was kept out by the chain."""
    assert "added" in (chain / "said" / "01.txt").read_text()
    (manifest,) = (chain / "data" / "snapshots").glob("*/manifest.json")
    tables = manifest.parent / "tables"
    # Nobody else has these codes: the planted person did not opt out, and is in the snapshot without a word.
    assert pq.read_table(tables / "pop_condition").column("code").to_pylist().count("38341003") == 1
    assert pq.read_table(tables / "pop_observation").column("value").to_pylist().count(131) == 1
    feeds = set(pq.read_table(tables / "pop_encounter").column("feed").to_pylist())
    assert "hl7v2" in feeds, "the hospital's messages are in it, too"


def test_no_table_of_the_snapshot_and_no_result_holds_a_canary(chain: Path) -> None:
    for place in ("snapshots", "results"):
        folder = chain / "data" / place
        assert list(folder.rglob("*.parquet")), f"{place} is empty"
        assert canaries_below(folder) == []


def test_no_line_that_a_command_said_holds_a_canary(chain: Path) -> None:
    assert len(list((chain / "said").iterdir())) >= 8
    assert canaries_below(chain / "said") == []


def test_no_page_answer_export_chart_or_error_holds_a_canary(chain: Path) -> None:
    walked = list((chain / "walked").iterdir())
    said = [path.read_text().split("\n", 1)[0] for path in walked]
    assert len(walked) > 100
    assert any("GET /measures/" in line and line.endswith(" 200") for line in said)
    assert any("-download=xlsx" in line and line.endswith(" 200") for line in said)
    assert not [line for line in said if line.endswith(" 500")]
    assert canaries_below(chain / "walked") == []


def test_nothing_that_was_released_holds_a_canary(chain: Path) -> None:
    names = {path.name for path in (chain / "released").iterdir()}
    assert {"measures.csv", "cohort.csv", "refused.txt", "database.txt", "public.html"} <= names
    figures = (chain / "released" / "measures.csv").read_text()
    assert '"Hertfordshire and West Essex"' in figures
    assert (chain / "released" / "refused.txt").read_text().count("This cannot leave as it is.") == 3
    assert canaries_below(chain / "released") == []
