"""What partners send, as checked FHIR resources, or set aside with a reason."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joinedup.feeds.declared import DeclaredSource, declared_sources
    from joinedup.feeds.encounters import fold
    from joinedup.feeds.hl7v2_patient import amended
    from joinedup.feeds.mllp import Outcome, serve_mllp
    from joinedup.feeds.opening import open_stream
    from joinedup.feeds.r4 import Definitions, Element, definitions
    from joinedup.feeds.reading import raw_items, read_again, read_delivery
    from joinedup.feeds.repeats import message_outcome
    from joinedup.feeds.sources import deliveries_in, read_sources
    from joinedup.feeds.values import (
        Batch,
        EncounterEvent,
        Merge,
        Resource,
        SetAside,
        Source,
        nobody,
        resource_id,
        subject_id,
    )

__all__ = [
    "Batch",
    "DeclaredSource",
    "Definitions",
    "Element",
    "EncounterEvent",
    "Merge",
    "Outcome",
    "Resource",
    "SetAside",
    "Source",
    "amended",
    "declared_sources",
    "definitions",
    "deliveries_in",
    "fold",
    "message_outcome",
    "nobody",
    "open_stream",
    "raw_items",
    "read_again",
    "read_delivery",
    "read_sources",
    "resource_id",
    "serve_mllp",
    "subject_id",
]

_HOMES = {
    "declared": ("DeclaredSource", "declared_sources"),
    "encounters": ("fold",),
    "hl7v2_patient": ("amended",),
    "mllp": ("Outcome", "serve_mllp"),
    "opening": ("open_stream",),
    "r4": ("Definitions", "Element", "definitions"),
    "reading": ("raw_items", "read_again", "read_delivery"),
    "repeats": ("message_outcome",),
    "sources": ("deliveries_in", "read_sources"),
    "values": (
        "Batch",
        "EncounterEvent",
        "Merge",
        "Resource",
        "SetAside",
        "Source",
        "nobody",
        "resource_id",
        "subject_id",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"joinedup.feeds.{module}"), name)
    raise AttributeError(f"module 'joinedup.feeds' has no attribute '{name}'")
