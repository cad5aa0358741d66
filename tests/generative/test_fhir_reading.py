"""Invented deliveries: whatever the bytes, only batches come; shards and resuming share the work, and lose nothing."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from joinedup.errors import FileError
from joinedup.feeds.fhir_files import read
from joinedup.feeds.values import REASONS, Batch, Source, nobody

SOURCE = Source("gp-1", "Demo practice", "E82001", "gp", "fhir", is_simulated=True)
AT = datetime(2026, 3, 10, tzinfo=UTC)
PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
DRAWN = settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
people = st.sampled_from([f"p{n}" for n in range(6)])
references = st.builds(
    lambda id_, form: {"reference": form.format(id_)},
    people,
    st.sampled_from(["Patient/{}", "https://pas.example/Patient/{}", "Patient/{}/_history/1", "Group/{}", "{}"]),
)
keys = st.sampled_from(
    ["subject", "patient", "status", "code", "meta", "identifier", "contained", "extension", "period", "birthDate",
     "name", "gender", "text", "id", "type", "entry", "participant", "valueQuantity", "_birthDate"]
)  # fmt: skip


def half_sound(draw: Any) -> dict[str, Any]:
    """A resource that is sound, or was until something was put in its place."""
    kind = draw(
        st.sampled_from(["Patient", "Observation", "Encounter", "Organization", "Bundle", "Provenance", "Wizard"])
    )
    resource: dict[str, Any] = {"resourceType": kind, "id": draw(st.sampled_from(["a", "b", "c-1"]))}
    if kind in ("Observation", "Encounter"):
        resource |= {"status": "final", "code": {"text": "x"}, "subject": draw(references)}
    if kind == "Encounter":
        del resource["code"]
        resource |= {"status": "finished", "class": {"code": "AMB"}}
    if kind == "Patient":
        resource["id"] = draw(people)
    if kind == "Bundle":
        inner = [half_sound(draw) for _ in range(draw(st.integers(0, 2)))]
        resource |= {"type": draw(st.sampled_from(["collection", "transaction", "message", "document", "x"]))}
        if inner:
            resource["entry"] = [
                {"fullUrl": draw(st.sampled_from(["urn:uuid:1", "http://x/Patient/p1", "p"])), "resource": one}
                for one in inner
            ]
    if draw(st.integers(0, 3)) == 0:
        resource[draw(keys)] = draw(json_values)
    return resource


resources = st.composite(half_sound)()
lines = (resources | resources | json_values).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


def batches(path: Path, **how: Any) -> list[Batch]:
    return list(read(path, SOURCE, is_known_organisation=lambda code, day: code != "X", received_at=AT, **how))


def told(found: list[Batch]) -> set[tuple[Any, ...]]:
    taken = {(one.position, one.type, one.source_id, one.body) for batch in found for one in batch.resources}
    return taken | {(one.position, one.reason, one.place, one.raw) for batch in found for one in batch.set_aside}


@DRAWN
@given(
    content=st.binary(max_size=400) | st.lists(lines, max_size=12).map(b"\n".join),
    pack=st.sampled_from([bytes, gzip.compress, zstandard.compress]),
)
def test_only_batches_come_and_their_counts_add_up(tmp_path: Path, content: bytes, pack: Any) -> None:
    file = tmp_path / "drawn.ndjson"
    file.write_bytes(pack(content))
    try:
        found = batches(file)
    except FileError:
        assert content.startswith(PACKED)  # drawn bytes that begin as a packed file does
        return
    assert sum(batch.read for batch in found) == sum(1 for line in content.split(b"\n") if line.strip())
    for batch in found:
        taken, aside = {one.position for one in batch.resources}, {one.position for one in batch.set_aside}
        assert not taken & aside
        assert len(aside) == len(batch.set_aside)
        assert {one.reason for one in batch.set_aside} <= set(REASONS)
        for one in batch.resources:
            assert orjson.loads(one.body) == one.content
            assert one.content["id"] == one.source_id
            assert one.subject_id == one.id or one.type != "Patient"


@DRAWN
@given(content=st.lists(lines, min_size=1, max_size=20).map(b"\n".join), shards=st.integers(2, 4))
def test_shards_share_the_items_and_all_of_a_patient_are_in_one(tmp_path: Path, content: bytes, shards: int) -> None:
    file = tmp_path / "drawn.ndjson"
    file.write_bytes(content)
    assume(not content.startswith(PACKED))
    parts = [batches(file, shard=shard, shards=shards) for shard in range(shards)]
    together = set().union(*map(told, parts))
    assert together == told(batches(file))
    assert sum(len(told(part)) for part in parts) == len(together)
    # A Bundle may speak of several patients; it goes with the first.
    several = {n for n, line in enumerate(filter(bytes.strip, content.split(b"\n")), start=1) if b"Bundle" in line}
    shards_of: dict[Any, set[int]] = {}
    for shard, part in enumerate(parts):
        for one in (one for batch in part for one in batch.resources if one.position not in several):
            shards_of.setdefault(one.subject_id, set()).add(shard)
    assert all(len(found) == 1 for subject, found in shards_of.items() if subject != nobody("gp-1"))


@DRAWN
@given(content=st.lists(lines, min_size=1, max_size=20).map(b"\n".join), data=st.data())
def test_resuming_anywhere_gives_the_rest(tmp_path: Path, content: bytes, data: st.DataObject) -> None:
    file = tmp_path / "drawn.ndjson"
    file.write_bytes(content)
    assume(not content.startswith(PACKED))
    after = data.draw(st.integers(0, 22))
    assert told(batches(file, after=after)) == {one for one in told(batches(file)) if one[0] > after}
