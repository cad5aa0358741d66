"""What a delivery is read into: resources to keep, events to fold, merges to honour, and what is set aside with why."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

# Ids are the same on every machine and after every reload (rules: record R16).
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://joinedup.example/feeds")
_NAMESPACE_HASHED = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)  # what UUIDv5 is made of, no secret
SETTINGS = {
    "gp": "GP practice",
    "acute": "Hospital",
    "community": "Community service",
    "mental_health": "Mental health service",
    "social_care": "Adult social care",
    "voluntary": "Voluntary sector",
    "registry": "National register",
    "joinedup": "This record",
}
FORMATS = ("fhir", "hl7v2", "csv")
# Why something is set aside, with what mends it (rules: record R5).
REASONS = {
    "bad-encoding": "the sender sends it again in the declared character set",
    "bad-syntax": "the sender sends it again, well formed",
    "too-large": "the sender sends it again within the limits",
    "unknown-source": "declare the source, then retry",
    "unknown-type": "declare the type for this source, then retry",
    "missing-required": "the sender corrects it at source and sends it again",
    "bad-identifier": "the sender corrects the identifier at source and sends it again",
    "bad-structure": "the sender corrects it to FHIR R4 and sends it again",
    "bad-code": "the sender uses a code of the required list and sends it again",
    "bad-date": "the sender corrects the dates and sends it again",
    "future-date": "the sender corrects the date and sends it again",
    "bad-unit": "add the unit to the source's mapping, then retry",
    "unmapped-code": "add the code to the source's mapping, then retry",
    "unknown-subject": "the sender sends the patient as well, then retry",
    "id-reused": "decide whether it replaces the earlier message, then retry or discard",
    "synthetic": "the NHS number is from the test range; declare the source as simulated, or have it corrected",
    "gave-up": "look at the server's log, then retry",
}


def resource_id(source: str, type_: str, source_id: str) -> uuid.UUID:
    """Answer the id that joinedup gives to what a source calls `Type/source_id`; equal ids of two sources differ.

    It is uuid5(NAMESPACE, "source/Type/source_id"), without hashing the namespace each time (three times as fast).
    """
    digest = _NAMESPACE_HASHED.copy()
    digest.update(f"{source}/{type_}/{source_id}".encode())
    return uuid.UUID(bytes=digest.digest()[:16], version=5)


@lru_cache(maxsize=100_000)
def subject_id(source: str, patient: str) -> uuid.UUID:
    """Answer the subject that a source's patient is, whether or not the Patient itself has come yet."""
    return resource_id(source, "Patient", patient)


@lru_cache(maxsize=1000)
def nobody(source: str) -> uuid.UUID:
    """Answer the shelf of a source for what is about no patient: organisations, practitioners, places, medicines."""
    return uuid.uuid5(NAMESPACE, source)


@dataclass(frozen=True, slots=True)
class Source:
    """One sending system of one partner, as declared in `sources.toml` (docs/reference/sources.md).

    `organisation` is the ODS code of the partner; `files` is a glob below the folder of the declaration;
    `mapping` names the CSV mapping (`mappings/<name>.toml`) and is empty for the other formats. `is_simulated` says
    that its patients are made up: only then are NHS numbers of the test range 999 accepted, and only those.
    `workflow` and `sender` say which messages of a MESH mailbox are this source's; they are empty without MESH.
    """

    key: str
    name: str
    organisation: str
    setting: str
    format: str
    files: str = ""
    mapping: str = ""
    interval_hours: float = 24
    id_unique: bool = True
    charset: str = "utf-8"
    is_simulated: bool = False
    duplicate_free: bool = True
    workflow: str = ""
    sender: str = ""


@dataclass(slots=True)
class Resource:
    """One checked FHIR R4 resource of a source.

    `body` is what is kept: the sender's own bytes (FHIR), or the JSON built from a message or row. Ids and references
    in it are the source's; `id` and `subject_id` are ours. `event_at` orders the versions (rules: record R8).
    `position` is its line, message, row or entry in the delivery, from 1.
    """

    type: str
    source_id: str
    id: uuid.UUID
    subject_id: uuid.UUID
    body: bytes
    content: dict[str, Any]
    event_at: datetime | None
    position: int
    warnings: tuple[str, ...] = ()
    # HL7 v2, where a message says only what changed: the parts that it takes away (`hl7v2_patient.amended`).
    removes: tuple[str, ...] = ()


@dataclass(slots=True)
class EncounterEvent:
    """One ADT event of one stay. All events of a stay, folded in the order of `event_at`, are its Encounter (R8, R10).

    `trigger` is A01, A02 ...; `patient` the source's patient id; `encounter` the id of the stay, made of patient and
    visit number, so that a stay is of one patient; `content` what the message says of the stay, as plain JSON values
    that `encounters.fold` reads.
    """

    patient: str
    encounter: str
    trigger: str
    event_at: datetime
    sequence: int  # MSH-13, 0 without
    message_id: str
    content: dict[str, Any]
    position: int

    def to_json(self) -> dict[str, Any]:
        """Answer the event as plain JSON values, for keeping; `from_json` answers an equal event."""
        return {name: getattr(self, name) for name in self.__slots__} | {"event_at": self.event_at.isoformat()}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> EncounterEvent:
        return cls(**{**kept, "event_at": datetime.fromisoformat(kept["event_at"])})


@dataclass(slots=True)
class Merge:
    """A source says that two of its patients are one (A40): `gone` is now `survivor` (source ids, of this source)."""

    survivor: str
    gone: str
    event_at: datetime
    message_id: str
    position: int


@dataclass(slots=True)
class SetAside:
    """What could not be taken in: the raw bytes whole, the reason (a key of REASONS), where, and what to expect there.

    `message` holds no patient's data: it names the field and what was expected, never the value that was found.
    """

    position: int
    reason: str
    place: str  # segment/field, column, or JSON path
    message: str
    raw: bytes


@dataclass(slots=True)
class Batch:
    """A stretch of a delivery. The counts add up: read = applied items + set aside + not mapped + repeated.

    `position` is the last item that was read, of those of this shard. `read` counts items (lines, messages, rows,
    Bundles), not resources: a message or a Bundle may give many resources, and is taken or set aside as a whole.
    """

    position: int
    read: int = 0
    resources: list[Resource] = field(default_factory=list)
    events: list[EncounterEvent] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    # (message id, SHA-256, position, raw) of formats whose messages bear an id: HL7 v2. Whether one came before is
    # decided at intake (rules: record R3).
    messages: list[tuple[str, bytes, int, bytes]] = field(default_factory=list)
    not_mapped: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)  # late, ambiguous-time, nothing-to-cancel ...
    bytes_read: int = 0  # how far in the file (compressed bytes where it is compressed), for the progress bar
