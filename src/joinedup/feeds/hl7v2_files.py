"""A file of HL7 v2 messages as batches: found by their MSH, one after the other, however large the file is.

Messages may stand bare, in the batch and file wrappers of the standard (FHS, BHS ... BTS, FTS), or in the frames of
MLLP. One that cannot be taken in is set aside whole; what belongs to another shard is passed by a search for bytes.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import orjson

from joinedup.feeds import limits
from joinedup.feeds.checks import check
from joinedup.feeds.hl7v2 import BOM, MESSAGE_BYTES, Delimiters, Hl7Error, Message, Value, split
from joinedup.feeds.hl7v2_map import take
from joinedup.feeds.hl7v2_taken import Taken
from joinedup.feeds.hl7v2_types import Digits, Json, patient_number
from joinedup.feeds.opening import open_stream
from joinedup.feeds.values import Batch, EncounterEvent, Merge, Resource, SetAside, Source, resource_id, subject_id

IsKnownOrganisation = Callable[[str, date], bool]

log = logging.getLogger(__name__)

BATCH_ITEMS = 2_500
# A batch also ends when its resources grow large, so that memory stays flat with messages of any size.
BATCH_BYTES = 16 * limits.MB
# Where a message begins: at the start of the file or of a line, after a byte order mark, or after MLLP's first byte.
_BEGINS = re.compile(rb"(?:^|(?<=[\r\n\x0b\x1c]))(?:\xef\xbb\xbf)?(?=MSH)")
_WRAPPERS = (b"FHS", b"BHS", b"BTS", b"FTS")
_NEVER_THE_SAME = ("Observation", "DiagnosticReport", "ServiceRequest", "Appointment")
_PID = re.compile(rb"[\r\n]PID")


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


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
    """Yield what a file of messages holds, in its order, in batches of about 1,000 messages.

    `position` counts messages from 1, over all shards; those up to `after` are passed over. `received_at` is now
    unless said otherwise: an event more than 24 hours later is set aside. Raises FileError when the file cannot be
    read; what is wrong with a message comes as a SetAside.
    """
    reader = Reader(source, is_known_organisation, received_at or datetime.now(UTC))
    with open_stream(path) as stream:
        batch = Batch(after)
        size = 0
        for position, (raw, is_whole) in enumerate(messages(stream), start=1):
            if position <= after or not _is_ours(raw, shard, shards):
                continue
            batch.position = position
            batch.read += 1
            size += len(raw)
            if is_whole:
                reader.take_in(raw, position, batch)
            else:
                says = f"expected at most {MESSAGE_BYTES:,} bytes"
                batch.set_aside.append(SetAside(position, "too-large", "message", says, raw))
            if batch.read >= BATCH_ITEMS or size >= BATCH_BYTES:
                batch.bytes_read = stream.compressed_position
                yield batch
                batch, size = Batch(position), 0
        if batch.read:
            batch.bytes_read = stream.compressed_position
            yield batch


def raw_items(path: Path, _source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield every message of a file, unread, with its position."""
    with open_stream(path) as stream:
        yield from enumerate((raw for raw, _ in messages(stream)), start=1)


def messages(stream: _Readable) -> Iterator[tuple[bytes, bool]]:
    """Yield each message of a stream without its wrapping, and whether it is whole.

    Of one over the limit only its beginning comes, marked as not whole; what stands before the first message comes as
    a message of its own unless it is a wrapper, so that nothing of a file is passed over in silence. Memory is bounded
    by the limit of one message.
    """
    kept = b""
    is_over = False
    while chunk := stream.read(limits.CHUNK_BYTES):
        # The beginning of a message may lie across two chunks: look again at the last bytes of the one before.
        looked_at = max(len(kept) - 8, 1)
        kept += chunk
        at = 0
        for found in _BEGINS.finditer(kept, looked_at):
            if found.start() <= at:
                continue
            yield from _unwrapped(kept[at : found.start()], is_over)
            at, is_over = found.start(), False
        kept = kept[at:]
        if len(kept) > MESSAGE_BYTES + limits.CHUNK_BYTES:
            is_over = True
        if is_over:
            kept = kept[: limits.KEPT_OF_TOO_LARGE] + kept[-8:] if len(kept) > limits.KEPT_OF_TOO_LARGE + 8 else kept
    yield from _unwrapped(kept, is_over)


def _unwrapped(raw: bytes, is_over: bool) -> Iterator[tuple[bytes, bool]]:
    """Answer a message without frames, blank lines, and the wrapper segments before and after it."""
    raw = raw.strip(b"\r\n\t \x0b\x1c")
    if is_over:
        yield raw[: limits.KEPT_OF_TOO_LARGE], False
        return
    while raw.removeprefix(BOM).startswith(_WRAPPERS):
        ends = [at for at in (raw.find(b"\r"), raw.find(b"\n")) if at >= 0]
        raw = raw[min(ends) :].lstrip(b"\r\n") if ends else b""
    while True:
        last = max(raw.rfind(b"\r"), raw.rfind(b"\n"))
        if last < 0 or not raw.startswith(_WRAPPERS, last + 1):
            break
        raw = raw[:last].rstrip(b"\r\n\x1c\x0b")
    if raw and raw != BOM:
        yield raw, True


def _is_ours(raw: bytes, shard: int, shards: int) -> bool:
    return shards == 1 or crc32(shard_key(raw)) % shards == shard


def shard_key(raw: bytes) -> bytes:
    """Answer the bytes by which a message is given to a shard: the source's number of its patient, else its own bytes.

    The number is found without splitting the message, and is the one that `hl7v2_types.patient_number` chooses, so
    that all messages of a patient meet in one shard however their identifiers are ordered.
    """
    found = _PID.search(raw)
    if found is None:
        return raw
    start = found.start() + 1
    end = raw.find(b"\r", start)
    newline = raw.find(b"\n", start, end if end >= 0 else len(raw))
    end = newline if newline >= 0 else end if end >= 0 else len(raw)
    separator = raw[start + 3 : start + 4]
    fields = raw[start:end].split(separator, 4) if separator else []
    fields += [b""] * (4 - len(fields))
    head = raw.removeprefix(BOM)
    component, repetition = head[4:5], head[5:6]
    if repetition and repetition in fields[3]:
        text = head[3:9].decode("latin-1")
        delimiters = Delimiters(text[0], text[1:5].split(text[0])[0], "latin-1")
        values = [Value(part, delimiters) for part in fields[3].decode("latin-1").split(delimiters.repetition)]
        chosen = patient_number(values)
        return chosen[1].encode("latin-1") if chosen is not None else raw
    numbers = (field.split(component, 1)[0] if component else field for field in (fields[3], fields[2]))
    return next((number.strip() for number in numbers if number.strip()), raw)


class Reader:
    """Takes the messages of one source in, one by one, and remembers what was checked and comes again."""

    def __init__(self, source: Source, is_known_organisation: IsKnownOrganisation, received_at: datetime) -> None:
        self.source, self.received_at = source, received_at
        self._is_known_organisation = is_known_organisation
        self._logged: set[str] = set()
        # A person, an allergy, a diagnosis come with each message of a stay: body -> what checking it said.
        self._checked: dict[bytes, tuple[Any, tuple[str, ...]]] = {}

    def take_in(self, raw: bytes, position: int, batch: Batch) -> None:
        """Put what a message says into the batch, or set it aside whole. Never raises because of the message."""
        try:
            message = split(raw, self.source.charset)
            taken = take(message, self.source, self.received_at)
            resources = self._resources(taken, position) if taken.is_mapped else []
        except Hl7Error as error:
            batch.set_aside.append(SetAside(position, error.reason, error.place, error.message, raw))
            return
        except Exception as error:
            # A fault of ours, not of the sender: the message is kept, the feed goes on, and the log names the fault
            # by its kind alone, since its text may hold what the message says.
            # Once for each kind: a fault of ours may meet every message of a file.
            if (kind := type(error).__name__) not in self._logged:
                self._logged.add(kind)
                log.error("messages of source %s could not be mapped: %s", self.source.key, kind)
            batch.set_aside.append(SetAside(position, "gave-up", "message", "expected to be understood", raw))
            return
        batch.messages.append((message.id, hashlib.sha256(raw).digest(), position, raw))
        if not taken.is_mapped:
            batch.not_mapped += 1
            return
        batch.resources += resources
        batch.events += [
            EncounterEvent(
                stay.patient, stay.encounter, stay.trigger, taken.event_at, _sequence(message), message.id,
                stay.content, position,
            )
            for stay in taken.stays
        ]  # fmt: skip
        batch.merges += [Merge(survivor, gone, taken.event_at, message.id, position) for survivor, gone in taken.merges]
        for flag in taken.flags:
            batch.flags[flag] = batch.flags.get(flag, 0) + 1
        for warning in taken.warnings:
            batch.warnings[warning] = batch.warnings.get(warning, 0) + 1
        for resource in resources:
            for warning in resource.warnings:
                batch.warnings[warning] = batch.warnings.get(warning, 0) + 1

    def _resources(self, taken: Taken, position: int) -> list[Resource]:
        """Answer the checked resources of a message; Hl7Error when one of them is refused."""
        key = self.source.key
        found = []
        for (type_, id_), (content, removes) in taken.resources.items():
            body = orjson.dumps(content, default=_as_written)
            refusal, warnings = self._check(type_, body, content)
            if refusal is not None:
                raise Hl7Error(refusal.reason, refusal.place, refusal.message)
            about = content.get("subject") or content.get("patient")
            patient = about["reference"].removeprefix("Patient/") if about else taken.patient
            subject = resource_id(key, type_, id_) if type_ == "Patient" else subject_id(key, patient)
            found.append(
                Resource(
                    type_, id_, resource_id(key, type_, id_), subject, body, content, taken.event_at, position,
                    warnings, removes,
                )
            )  # fmt: skip
        return found

    def _check(self, type_: str, body: bytes, content: Json) -> tuple[Any, tuple[str, ...]]:
        if type_ in _NEVER_THE_SAME:
            return check(body, content, self.source, self._is_known_organisation, received_at=self.received_at)
        known = self._checked.get(body)
        if known is None:
            if len(self._checked) >= 5_000:
                self._checked.clear()
            known = self._checked[body] = check(
                body, content, self.source, self._is_known_organisation, received_at=self.received_at
            )
        return known


def _sequence(message: Message) -> int:
    text = message.msh.text(13)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _as_written(value: object) -> orjson.Fragment:
    if isinstance(value, Digits):
        return orjson.Fragment(value.written)
    raise TypeError(type(value).__name__)
