"""What a feed writes into: texts for files, and rows of truth, gathered for one block and put on disk in block order.

A feed is a module of this room with

    declare(world: World) -> list[Declared]
    headers(world: World) -> Mapping[str, str]       # first lines of its files, by name; {} where none has any
    write(world: World, block: Block, out: Out) -> None

and its name stands in `FEEDS`. A file exists when something was added to it; its header is put first then. Files whose
name ends in .gz or .zst are compressed when they are complete.
"""

from __future__ import annotations

from typing import Final

FEEDS: Final = (
    "gp", "hl7v2", "letters", "sus", "waiting_list", "care_services", "social_care", "voluntary_sector", "register",
)  # fmt: skip
"""Modules of this room that write feeds, in the order in which they write."""


class Out:
    """What all feeds say about one block."""

    __slots__ = ("counts", "events", "files", "subjects")

    def __init__(self) -> None:
        self.files: dict[str, list[str]] = {}
        self.subjects: dict[tuple[str, str], tuple[str, str]] = {}
        self.events: list[tuple[str, str, str, str]] = []
        self.counts: dict[tuple[str, str], int] = {}

    def file(self, name: str) -> list[str]:
        """Answer the list of texts of a file (path relative to the folder); append to it, line ends included."""
        texts = self.files.get(name)
        if texts is None:
            texts = self.files[name] = []
        return texts

    def subject(self, source: str, source_id: str, person_id: str, faults: str = "") -> None:
        """Say for the truth that a source holds a person under that id, with the faults of what it holds."""
        self.subjects[source, source_id] = (person_id, faults)

    def same_event(self, event_id: str, source: str, what: str, source_event_id: str) -> None:
        """Say for the truth that a source told of an event of the world, as `what` (Encounter, Condition, ...)."""
        self.events.append((event_id, source, what, source_event_id))

    def count(self, source: str, what: str, many: int = 1) -> None:
        """Say for the truth how many items of a kind a source sent: messages, rows, resources or deliberate faults."""
        key = source, what
        self.counts[key] = self.counts.get(key, 0) + many
