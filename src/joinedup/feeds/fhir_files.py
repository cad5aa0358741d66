"""FHIR R4 files: NDJSON, or one Bundle or resource in a file, as batches of checked resources.

An item is a line of NDJSON, which is a resource or a whole Bundle, or the one document of a file that holds nothing
else. A Bundle is taken or set aside as a whole. What is kept of a resource are the sender's own bytes; of a Bundle's
entries as `bundles` says.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from joinedup.feeds import bundles, limits
from joinedup.feeds.checks import ID, IsKnownOrganisation, Refusal, check_content, check_text, latest_day
from joinedup.feeds.opening import open_stream
from joinedup.feeds.r4 import definitions
from joinedup.feeds.structure import first_fault
from joinedup.feeds.subjects import ABOUT_NOBODY, NOT_KEPT, No, patient_of
from joinedup.feeds.values import Batch, Resource, SetAside, Source, nobody, resource_id, subject_id

ITEMS_A_BATCH = 2_500
# A batch is also full at this size, so that a thousand letters of 10 MB each are not in memory together.
BYTES_A_BATCH = 20 * limits.MB
_LINE_NAMES = (".ndjson", ".jsonl")
_BOM = b"\xef\xbb\xbf"
# The patient, seen in the bytes: as most systems write a resource, its type and id come first.
_HEAD = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"(\w+)"\s*,\s*"id"\s*:\s*"([A-Za-z0-9.\-]+)"')
_PATIENT = re.compile(
    rb'"(?:subject|patient|for|beneficiary)"\s*:\s*\{\s*"reference"\s*:\s*"Patient/([A-Za-z0-9.\-]+)"'
)
_SUBJECTS_KEPT = 50_000


def read(
    path: Path,
    source: Source,
    *,
    shard: int = 0,
    shards: int = 1,
    after: int = 0,
    is_known_organisation: IsKnownOrganisation,
    received_at: datetime | None = None,
) -> Iterator[Batch]:
    """Yield what a FHIR file holds, in its order; see `reading.read_delivery`.

    `received_at` is when the delivery came, now if not given: what happened more than a day later is set aside.
    """
    intake = _Intake(source, is_known_organisation, received_at or datetime.now(UTC))
    longest = limits.BUNDLE_BYTES
    with open_stream(path) as stream:
        items = [stream.whole(longest)] if _is_one_document(path) else stream.lines(longest)
        batch, held = Batch(after), 0
        position = 0
        for raw, is_whole in items:
            if not raw or raw.isspace():
                continue
            position += 1
            if position <= after or (shards > 1 and shard_of(raw, shards) != shard):
                continue
            intake.take(raw, is_whole, position, batch)
            batch.position, held = position, held + len(raw)
            batch.read += 1
            if batch.read >= ITEMS_A_BATCH or held > BYTES_A_BATCH:
                batch.bytes_read = stream.compressed_position
                yield batch
                batch, held = Batch(position), 0
        if batch.read:
            batch.bytes_read = stream.compressed_position
            yield batch


def raw_items(path: Path, _source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield every item of a file, unread, with its position."""
    longest = limits.BUNDLE_BYTES
    with open_stream(path) as stream:
        lines = [stream.whole(longest)] if _is_one_document(path) else stream.lines(longest)
        yield from enumerate((raw for raw, _ in lines if raw and not raw.isspace()), start=1)


def shard_of(raw: bytes, shards: int) -> int:
    """Answer which of the shards handles an item: that of its patient, else that of its own id, else of its bytes."""
    return crc32(_whose(raw)) % shards


def _whose(raw: bytes) -> bytes:
    head = _HEAD.match(raw)
    if head is not None and head[1] != b"Bundle":
        if head[1] == b"Patient":
            return head[2]
        # The first reference is the resource's own, unless contained resources stand before it.
        if b'"contained"' not in raw:
            patient = _PATIENT.search(raw)
            if patient is not None:
                return patient[1]
            if b"Patient/" not in raw:
                return head[2]
    content = _parsed(raw)
    if not isinstance(content, dict):
        return raw
    if content.get("resourceType") == "Bundle":
        found: Any = bundles.patient_of(content)
        identifier = content.get("identifier")
        found = found or (identifier.get("value") if isinstance(identifier, dict) else None)
    else:
        found = _patient_of_any(content)
    own = found if isinstance(found, str) else content.get("id")
    return own.encode("utf-8", "replace") if isinstance(own, str) else raw


def _patient_of_any(content: dict[str, Any]) -> str | No:
    """Answer the patient of what may be no FHIR at all."""
    try:
        return patient_of(content)
    except (AttributeError, KeyError, TypeError, RecursionError):
        return No.NEEDED


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        return None


def _is_one_document(path: Path) -> bool:
    """Answer whether a file is one JSON document, perhaps over many lines, and not one document a line.

    Its name says so, or its first lines: where neither the first nor the second is JSON by itself, nothing says that
    the file is NDJSON.
    """
    if any(suffix in _LINE_NAMES for suffix in path.suffixes):
        return False
    with open_stream(path) as stream:
        head = stream.read(limits.MB)
    lines = [line for line in head.split(b"\n") if line.strip()]
    if len(lines) < 2 or _parsed(lines[0]) is not None:
        return False
    return not (lines[1].startswith(b"{") and _parsed(lines[1]) is not None)


class _Intake:
    """Takes items of one delivery into batches. Holds nothing of one item that another would change."""

    def __init__(self, source: Source, is_known_organisation: IsKnownOrganisation, received_at: datetime) -> None:
        self.source, self.is_known_organisation = source, is_known_organisation
        self.latest = latest_day(received_at)
        self.nobody = nobody(source.key)
        self.subjects: dict[str, uuid.UUID] = {}  # of the patients met lately: a subject's id costs 5 microseconds

    def take(self, raw: bytes, is_whole: bool, position: int, batch: Batch) -> None:
        """Put an item's resources into a batch, or set it aside."""
        resources: list[Resource] = []
        fault = self._read(raw, is_whole, position, resources)
        if fault is not None:
            batch.set_aside.append(SetAside(position, fault.reason, fault.place, fault.message, raw))
            return
        batch.resources += resources
        for one in resources:
            for warning in one.warnings:
                batch.warnings[warning] = batch.warnings.get(warning, 0) + 1

    def _read(self, raw: bytes, is_whole: bool, position: int, resources: list[Resource]) -> Refusal | None:
        if not is_whole:
            return Refusal("too-large", "", f"expected at most {limits.BUNDLE_BYTES // limits.MB} MB")
        body = raw.strip().removeprefix(_BOM)
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return _not_json(body, error)
        if not isinstance(content, dict) or not isinstance(content.get("resourceType"), str):
            return Refusal("bad-structure", "", "expected a FHIR resource, with its resourceType")
        if content["resourceType"] == "Bundle":
            return self._bundle(body, content, position, resources)
        fault = _wrong_type(content["resourceType"]) or check_text(body, content) or first_fault(body)
        if fault is not None:
            return fault
        source_id = content.get("id")
        if source_id is None:
            return Refusal(
                "missing-required", f"{content['resourceType']}.id", "expected the id its sender knows it by"
            )
        taken = self._resource(source_id, body, content, position)
        if isinstance(taken, Refusal):
            return taken
        resources.append(taken)
        return None

    def _bundle(self, body: bytes, content: dict[str, Any], position: int, resources: list[Resource]) -> Refusal | None:
        fault = first_fault(body)
        if fault is not None:
            return fault
        entries = bundles.entries_of(body, content)
        if isinstance(entries, Refusal):
            return entries
        patients = _patients_in(entries)
        for entry in entries:
            fault = _wrong_type(entry.content["resourceType"]) or check_text(entry.body, entry.content)
            taken = fault or self._resource(entry.source_id, entry.body, entry.content, position, patients)
            if isinstance(taken, Refusal):
                path = taken.place.partition(".")[2]
                place = f"Bundle.entry[{entry.index}].resource{'.' + path if path else ''}"
                return taken._replace(place=place)
            resources.append(taken)
        return None

    def _resource(
        self,
        source_id: str,
        body: bytes,
        content: dict[str, Any],
        position: int,
        patients: dict[str, str] | None = None,
    ) -> Resource | Refusal:
        """Answer the checked resource. `patients`: whose the resources are that stand in the same Bundle."""
        type_: str = content["resourceType"]
        if ID.fullmatch(source_id) is None:
            return Refusal("bad-structure", f"{type_}.id", "expected a FHIR id: letters, digits, - and ., at most 64")
        patient = patient_of(content)
        if isinstance(patient, No) and patients:
            patient = patients.get(f"{type_}/{source_id}", patient)
        if isinstance(patient, No):
            fault = _nobody_will_do(type_, patient)
            if fault is not None:
                return fault
            subject = self.nobody
        else:
            known = self.subjects.get(patient) or self._subject(patient)
            if known is None:
                return Refusal("unknown-subject", type_, "expected a reference to a Patient by its id")
            subject = known
        fault, warnings = check_content(content, self.source, self.is_known_organisation, self.latest)
        if fault is not None:
            return fault
        id_ = subject if type_ == "Patient" else resource_id(self.source.key, type_, source_id)
        return Resource(type_, source_id, id_, subject, body, content, _event_at(content), position, warnings)

    def _subject(self, patient: str) -> uuid.UUID | None:
        if ID.fullmatch(patient) is None:
            return None
        if len(self.subjects) >= _SUBJECTS_KEPT:
            self.subjects.clear()
        found = self.subjects[patient] = subject_id(self.source.key, patient)
        return found


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> Refusal:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return Refusal("bad-encoding", "", "expected UTF-8")
    if "depth limit" in error.msg:
        return Refusal("too-large", "", f"expected at most {limits.DEPTH} levels of nesting")
    return Refusal("bad-syntax", f"character {error.pos + 1}", "expected JSON as RFC 8259 defines it")


def _wrong_type(type_: str) -> Refusal | None:
    if type_ not in definitions().resources:
        return Refusal("unknown-type", "", "expected a resource type of FHIR R4")
    if type_ in NOT_KEPT:
        return Refusal("unknown-type", type_, "expected a type that a record is made of")
    return None


def _nobody_will_do(type_: str, why: No) -> Refusal | None:
    """Answer the fault of a resource that must be about a patient and is not, or None where that is in order."""
    if why is No.UNRESOLVED:
        return Refusal("unknown-subject", type_, "expected a reference to a Patient of this sender")
    if type_ in ABOUT_NOBODY or why is No.OTHER:
        return None
    return Refusal("missing-required", type_, "expected a reference to the patient it is about")


def _patients_in(entries: list[bundles.Entry]) -> dict[str, str]:
    """Answer whose those are of a Bundle that say it only through others: a Binary through the letter it belongs to."""
    whose: dict[str, str] = {}
    for entry in entries:
        patient = patient_of(entry.content)
        if isinstance(patient, str):
            whose[f"{entry.content['resourceType']}/{entry.source_id}"] = patient
            for attachment in entry.content.get("content", ()) if _is_letter(entry.content) else ():
                whose.setdefault(attachment.get("attachment", {}).get("url", ""), patient)
    for entry in entries:
        if entry.content["resourceType"] == "Provenance":
            targets = [whose.get(one.get("reference", "")) for one in entry.content.get("target", ())]
            if (found := next((one for one in targets if one is not None), None)) is not None:
                whose.setdefault(f"Provenance/{entry.source_id}", found)
    return whose


def _is_letter(content: dict[str, Any]) -> bool:
    return bool(content["resourceType"] == "DocumentReference")


def _event_at(content: dict[str, Any]) -> datetime | None:
    """Answer when the source last changed a resource, by its own clock: what orders its versions (rules: record R8)."""
    told = content.get("meta", {}).get("lastUpdated")
    if told is None:
        return None
    try:
        at = datetime.fromisoformat(told)
        # What lies before the year 1 in UTC can be stored, and then no program reads it back.
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None
