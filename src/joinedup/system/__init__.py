"""Bodies, places, neighbourhoods, posts and the people who hold them, as they were, are and will be."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joinedup.system.bitemporal import Row, revise
    from joinedup.system.bodies import Area, Body, Event, Person, Post
    from joinedup.system.change import CLOSING, check_rename, gaps_and_overlaps
    from joinedup.system.dated import DatedAreas, dated_areas
    from joinedup.system.lookup import codes_answered_for, id_of, is_code_in_use
    from joinedup.system.overview import Overview, overview_of
    from joinedup.system.owners import OwnedFunction, owned_functions
    from joinedup.system.people import checked_name, keep_person, names_of_people
    from joinedup.system.periods import PartialDate, Period, gaps, handover_gap
    from joinedup.system.picture import Picture, as_of
    from joinedup.system.services import load_practices, load_systems_of, renew_belief
    from joinedup.system.shapes import Shapes, shapes_of
    from joinedup.system.succession import index, resolve
    from joinedup.system.works import WorksFor, works_of

__all__ = [
    "CLOSING",
    "Area",
    "Body",
    "DatedAreas",
    "Event",
    "Overview",
    "OwnedFunction",
    "PartialDate",
    "Period",
    "Person",
    "Picture",
    "Post",
    "Row",
    "Shapes",
    "WorksFor",
    "as_of",
    "check_rename",
    "checked_name",
    "codes_answered_for",
    "dated_areas",
    "gaps",
    "gaps_and_overlaps",
    "handover_gap",
    "id_of",
    "index",
    "is_code_in_use",
    "keep_person",
    "load_practices",
    "load_systems_of",
    "names_of_people",
    "overview_of",
    "owned_functions",
    "renew_belief",
    "resolve",
    "revise",
    "shapes_of",
    "works_of",
]

_HOMES = {
    "bitemporal": ("Row", "revise"),
    "bodies": ("Area", "Body", "Event", "Person", "Post"),
    "change": ("CLOSING", "check_rename", "gaps_and_overlaps"),
    "dated": ("DatedAreas", "dated_areas"),
    "lookup": ("codes_answered_for", "id_of", "is_code_in_use"),
    "overview": ("Overview", "overview_of"),
    "owners": ("OwnedFunction", "owned_functions"),
    "people": ("checked_name", "keep_person", "names_of_people"),
    "periods": ("PartialDate", "Period", "gaps", "handover_gap"),
    "picture": ("Picture", "as_of"),
    "services": ("load_practices", "load_systems_of", "renew_belief"),
    "shapes": ("Shapes", "shapes_of"),
    "shares": ("largest_remainder",),
    "succession": ("index", "resolve"),
    "system_file": ("SystemFile", "read_system_file"),
    "works": ("WorksFor", "works_of"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"joinedup.system.{module}"), name)
    raise AttributeError(f"module 'joinedup.system' has no attribute '{name}'")
