"""What is meant to break a reader goes through it: taken, or set aside with a true reason; nothing escapes.

Rules: trust T46, T47, T49, T51.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from joinedup.feeds import limits
from joinedup.feeds.fhir_files import read
from joinedup.feeds.values import REASONS, Batch, Resource, SetAside, Source

PRACTICE = Source("gp-1", "Demo practice", "E82001", "gp", "fhir", is_simulated=True)


def read_all(path: Path) -> tuple[list[Resource], list[SetAside]]:
    """Read a file as a delivery of its own; every answer holds together."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    batches: list[Batch] = list(read(path, PRACTICE, is_known_organisation=lambda code, day: True, received_at=at))
    taken = [one for batch in batches for one in batch.resources]
    aside = [one for batch in batches for one in batch.set_aside]
    assert {one.reason for one in aside} <= set(REASONS)
    positions = {one.position for one in taken}, {one.position for one in aside}
    assert not positions[0] & positions[1]
    assert sum(batch.read for batch in batches) == len(positions[0] | positions[1])
    return taken, aside


def test_what_is_no_json_is_bad_syntax_and_what_is_json_is_not_yet_fhir(reference: Path) -> None:
    files = sorted((reference / "JSONTestSuite" / "test_parsing").iterdir())
    assert len(files) == 318
    found: dict[str, Counter[str]] = {"y": Counter(), "n": Counter(), "i": Counter()}
    for file in files:
        taken, aside = read_all(file)
        assert taken == [], file.name
        for reason in {one.reason for one in aside} or {"nothing"}:
            found[file.name[0]][reason] += 1
    assert found["y"] == {"bad-structure": 95}
    # 12 are no UTF-8 and 2 open 100,000 arrays: a truer reason than bad syntax. An empty file delivers nothing.
    assert found["n"] == {"bad-syntax": 172, "bad-encoding": 12, "too-large": 2, "nothing": 2}
    assert sum(found["i"].values()) == 35


def test_every_test_case_of_fhir_ends_taken_or_set_aside(reference: Path) -> None:
    cases = json.loads((reference / "fhir-test-cases" / "index.json").read_text())
    assert len(cases) == 664
    ends: Counter[str] = Counter()
    for file in {case["file"] for case in cases}:
        taken, aside = read_all(reference / "fhir-test-cases" / "files" / file)
        ends.update(["taken"] if taken else {one.reason for one in aside} or ["nothing"])
    assert ends["taken"] > 30  # whatever is about a patient, or about nobody, and whole
    assert ends["bad-structure"] > 20
    assert ends["nothing"] == 0


def naughty(reference: Path) -> list[str]:
    strings: list[str] = json.loads((reference / "big-list-of-naughty-strings" / "blns.json").read_text())
    assert len(strings) == 515
    return strings


def observation(**elements: Any) -> Mapping[str, Any]:
    told = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    return {**told, "subject": {"reference": "Patient/p"}, **elements}


@pytest.mark.parametrize("place", ["name", "text", "code"])
def test_naughty_strings_pass_byte_for_byte_but_for_blank_ones_and_control_characters(
    reference: Path, tmp_path: Path, place: str
) -> None:
    strings = naughty(reference)
    for escaped in (False, True):  # as UTF-8 and as \u escapes
        lines = []
        for text in strings:
            if place == "name":
                line: Mapping[str, Any] = {"resourceType": "Patient", "id": "p", "name": [{"family": text}]}
            elif place == "text":
                line = observation(valueString=text)
            else:
                line = observation(code={"coding": [{"system": "urn:oid:1.2.3", "code": "x", "display": text}]})
            lines.append(json.dumps(line, ensure_ascii=escaped).encode())
        file = tmp_path / "a.ndjson"
        file.write_bytes(b"\n".join(lines))
        taken, aside = read_all(file)
        assert [one.position - 1 for one in aside] == [0, 93, 95, 434, 506, 507, 508]
        assert {one.reason for one in aside} == {"bad-structure"}
        assert [one.body for one in taken] == [lines[one.position - 1] for one in taken]
        assert len(taken) == 508


def test_a_code_of_a_required_list_is_never_a_naughty_string(reference: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_bytes(b"\n".join(orjson.dumps(observation(status=text)) for text in naughty(reference)))
    taken, aside = read_all(file)
    assert taken == []
    assert {one.reason for one in aside} == {"bad-code", "bad-structure"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[" * 100_000, "too-large"),
        (b'{"a":' * 100_000, "too-large"),
        (b"[" * 100_000 + b"]" * 100_000, "too-large"),
        (b'{"resourceType":"Patient","id":"p","extension":' + b'[{"url":"x","extension":' * 40 + b"[]" + b"}]" * 40 + b"}", "too-large"),  # noqa: E501
        (b'{"resourceType":"Patient","id":"p","multipleBirthInteger":' + b"9" * 1_000_000 + b"}", "bad-syntax"),
        (b'{"resourceType":"Patient","id":"p","multipleBirthInteger":0.' + b"9" * 1_000_000 + b"}", "too-large"),
        (b'{"resourceType":"Patient","id":"p","multipleBirthInteger":1e999999999}', "bad-syntax"),
        (b'{"resourceType":"Patient","id":"\\ud800"}', "bad-syntax"),
        (b'{"resourceType":"Patient","id":"p","name":[{"family":"\\u0000"}]}', "bad-structure"),
        (b'{"resourceType":"Patient","id":"p","name":[{"family":"\x00"}]}', "bad-syntax"),
        (b'{"resourceType":"Patient","id":"p","multipleBirthInteger":NaN}', "bad-syntax"),
        (b'{"resourceType":"Patient","id":"p","active":true,"active":false}', "bad-syntax"),
        (b'{"resourceType":"Patient","id":"p","name":[{"family":"a","family":"b"}]}', "bad-syntax"),
        ('{"resourceType":"Patient","id":"é"}'.encode("latin-1"), "bad-encoding"),
        ('{"resourceType":"Patient","id":"p"}'.encode("utf-16"), "bad-encoding"),
        (b"\xff" * 1000, "bad-encoding"),
        (bytes(1000), "bad-syntax"),
        (b'{"resourceType":"Patient","id":"p","birthDate":"0000-00-00"}', "bad-date"),
        (b'{"resourceType":"Patient","id":"p","birthDate":"9999-12-31"}', "future-date"),
        (b'{"resourceType":"Bundle","type":"collection","entry":[' + b'{"resource":{"resourceType":"Patient","id":"p"}},' * 6000 + b"{}]}", "too-large"),  # noqa: E501
    ],
    ids=lambda value: value if isinstance(value, str) else value[:40].hex(),
)  # fmt: skip
def test_made_to_break(tmp_path: Path, line: bytes, reason: str) -> None:
    file = tmp_path / "a.ndjson"
    file.write_bytes(
        b'{"resourceType":"Patient","id":"before"}\n' + line + b'\n{"resourceType":"Patient","id":"after"}\n'
    )
    began = time.monotonic()
    taken, aside = read_all(file)
    assert time.monotonic() - began < 2
    assert [one.source_id for one in taken] == ["before", "after"]
    assert reason in {one.reason for one in aside}


def test_a_line_of_a_gigabyte_is_set_aside_and_the_rest_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    with file.open("wb") as hole:  # a hole: a gigabyte to read, nothing on the disk
        hole.write(b'{"resourceType":"Patient","id":"before"}\n{"resourceType":"Patient","id":"')
        hole.seek(10**9)
        hole.write(b'"}\n{"resourceType":"Patient","id":"after"}\n')
    tracemalloc.start()
    taken, aside = read_all(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(one.position, one.source_id) for one in taken] == [(1, "before"), (3, "after")]
    assert [(one.position, one.reason, len(one.raw)) for one in aside] == [(2, "too-large", limits.KEPT_OF_TOO_LARGE)]
    assert peak < limits.BUNDLE_BYTES + 10 * limits.MB
