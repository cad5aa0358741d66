"""Whatever a CSV holds, no process dies of it, and every row is taken or set aside exactly once."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st

from joinedup.errors import FileError
from joinedup.feeds import csv_files
from joinedup.feeds.mapping import read_mapping
from joinedup.feeds.values import REASONS, Batch, Source

VOLUNTARY = Source("charity", "A charity", "A0001", "voluntary", "csv", "*.csv", "voluntary", is_simulated=True)
HEADINGS = read_mapping("voluntary").headings
GOOD = {
    "record_id": "V1", "client_id": "K1", "consent_to_share": "Y", "service": "Befriending",
    "contact_date": "03/04/2026", "note": "",
}  # fmt: skip


def read(content: bytes, **options: int) -> list[Batch]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        return list(csv_files.read(path, VOLUNTARY, is_known_organisation=lambda code, on: True, **options))


def accounted_for(batches: list[Batch]) -> tuple[set[int], set[int], int]:
    taken = {one.position for batch in batches for one in batch.resources}
    aside = {one.position for batch in batches for one in batch.set_aside}
    return taken, aside, sum(batch.read for batch in batches)


def csv_file(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADINGS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 3))
def test_no_bytes_below_a_header_raise_anything_but_a_refusal_of_the_file(junk: bytes, shards: int) -> None:
    content = csv_file([GOOD]) + junk
    try:
        batches = [batch for shard in range(shards) for batch in read(content, shard=shard, shards=shards)]
    except FileError:
        return
    taken, aside, rows = accounted_for(batches)
    assert not taken & aside
    assert len(taken | aside) == rows
    assert all(one.reason in REASONS for batch in batches for one in batch.set_aside)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_at_all_raise_anything_but_a_refusal_of_the_file(junk: bytes) -> None:
    try:
        read(junk)
    except FileError as refused:
        assert junk.decode("latin-1").strip() == "" or len(junk) < 6 or junk.decode("latin-1") not in str(refused)  # noqa: PT017


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=12))
def test_what_writers_of_csv_write_comes_back_or_is_set_aside_with_a_reason(notes: list[str]) -> None:
    rows = [GOOD | {"record_id": f"V{number}", "note": note} for number, note in enumerate(notes)]
    try:
        batches = read(csv_file(rows))
    except FileError as refused:
        assert "held" in str(refused)  # noqa: PT017
        return
    taken, aside, count = accounted_for(batches)
    assert count == len(rows)
    assert not taken & aside
    visits = {one.source_id: one for batch in batches for one in batch.resources if one.type == "Encounter"}
    for number, note in enumerate(notes):
        if number + 1 in aside:
            continue
        body = json.loads(visits[f"V{number}"].body)
        said = [one["valueString"] for one in body.get("extension", []) if one["url"].endswith("/note")]
        # Line ends are ours; blanks around a text say nothing.
        expected = note.replace("\r\n", "\n").strip()
        assert [one.replace("\r\n", "\n") for one in said] == ([expected] if expected else [])


def test_naughty_strings_are_texts_like_others(reference: Path) -> None:
    strings: list[Any] = json.loads((reference / "big-list-of-naughty-strings" / "blns.json").read_text("utf-8"))
    rows = [GOOD | {"record_id": f"V{number}", "note": str(text)} for number, text in enumerate(strings)]
    batches = read(csv_file(rows))
    taken, aside, count = accounted_for(batches)
    assert count == len(rows) > 400
    assert len(taken | aside) == count
    # Only what is no text by FHIR is set aside: control characters.
    assert len(aside) < 10
    # The same strings where they are patients' ids, keys, dates and numbers: nothing but reasons.
    for column in ("client_id", "record_id", "born", "nhs_number", "minutes", "postcode", "gender"):
        if column not in HEADINGS:
            continue
        for start in range(0, len(strings), 8):
            some = [
                GOOD | {"record_id": f"V{n}", column: str(text)} for n, text in enumerate(strings[start : start + 8])
            ]
            taken, aside, count = accounted_for(read(csv_file(some)))
            assert len(taken | aside) == count == len(some)
