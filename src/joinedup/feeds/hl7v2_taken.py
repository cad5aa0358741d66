"""What is taken from one HL7 v2 message, while its segments are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from joinedup.feeds.hl7v2 import Message
from joinedup.feeds.hl7v2_time import When
from joinedup.feeds.hl7v2_types import LOCAL, ODS, Json
from joinedup.feeds.values import Source


@dataclass(slots=True)
class Stay:
    """What a message says of a hospital stay: one event of it, without its place in the file."""

    patient: str
    encounter: str
    trigger: str
    content: Json


@dataclass(slots=True)
class Taken:
    """The resources, stay events and merges of one message; `patient` is the source's id of whom it is about.

    `resources` holds (type, source id, FHIR content, parts that the message removes). An id that comes twice is one
    resource: the later content stands.
    """

    message: Message
    source: Source
    when: When
    patient: str = ""
    encounter: str = ""
    resources: dict[tuple[str, str], tuple[Json, tuple[str, ...]]] = field(default_factory=dict)
    stays: list[Stay] = field(default_factory=list)
    merges: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    is_mapped: bool = True

    @property
    def event_at(self) -> datetime:
        return self.when.instant

    @property
    def key(self) -> str:
        return self.source.key

    def add(self, content: Json, removes: tuple[str, ...] = ()) -> None:
        """Take a resource; its type and id are in its content."""
        self.resources[content["resourceType"], content["id"]] = (content, removes)

    def begin(self, type_: str, id_: str) -> Json:
        """Answer the first lines of a resource: type, id, and where it comes from (rules: record R14, R16)."""
        return {"resourceType": type_, "id": id_, "meta": meta_of(self.source.key)}

    def subject(self) -> Json:
        return {"reference": f"Patient/{self.patient}"}

    def in_encounter(self) -> Json | None:
        return {"reference": f"Encounter/{self.encounter}"} if self.encounter else None

    def organisation(self) -> Json:
        """Answer the sending organisation as a logical reference."""
        return organisation_of(self.source.organisation)


# Shared between resources: nothing may change what these answer.
@lru_cache(maxsize=1_000)
def meta_of(source: str) -> Json:
    """Answer where resources of a source come from (rules: record R16)."""
    return {"source": f"{LOCAL}/{source}"}


@lru_cache(maxsize=1_000)
def organisation_of(code: str) -> Json:
    """Answer an organisation as a logical reference by its ODS code."""
    return {"identifier": {"system": ODS, "value": code}}


def set_all(content: Json, /, **parts: object) -> Json:
    """Put the parts that say something into a resource: not None, and neither an empty text nor an empty list."""
    for key, value in parts.items():
        if value or value is False:
            content[key] = value
    return content
