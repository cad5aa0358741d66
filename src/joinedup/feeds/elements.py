"""What stands in a resource, element by element: required codes, dates that exist, periods in order, references.

It walks the parsed resource once, by a plan made of the R4 definitions for the types it meets. A plan holds only the
elements that there is something to look at: of a resource of 700 bytes about 40, in about 10 microseconds. On the way
it gathers the identifiers and code systems that the UK rules ask for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any

from joinedup.feeds.r4 import Element, definitions
from joinedup.feeds.structure import Refusal

# When something happened or was written down; of each, more than a day ahead of receipt is refused (rules: record R5).
# What is planned is not here: appointments, care plans, validity, and the start of an encounter that has not begun.
EVENT_DATES = {
    "AllergyIntolerance": ("recordedDate", "onsetDateTime", "lastOccurrence"),
    "Communication": ("sent", "received"),
    "Composition": ("date",),
    "Condition": ("recordedDate", "onsetDateTime"),
    "DiagnosticReport": ("effectiveDateTime", "issued"),
    "DocumentReference": ("date",),
    "Immunization": ("occurrenceDateTime", "recorded"),
    "MedicationAdministration": ("effectiveDateTime",),
    "MedicationDispense": ("whenHandedOver",),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("dateAsserted",),
    "Meta": ("lastUpdated",),
    "Observation": ("effectiveDateTime", "effectiveInstant", "issued"),
    "Patient": ("birthDate", "deceasedDateTime"),
    "Procedure": ("performedDateTime",),
    "Provenance": ("recorded",),
    "QuestionnaireResponse": ("authored",),
    "ServiceRequest": ("authoredOn",),
    "Task": ("authoredOn", "lastModified"),
}
_LAST_SURE_DAY = "28"  # every month has it


class Found:
    """What a walk gathers. `latest` is the last day that an event may have, as text YYYY-MM-DD, or "" for any."""

    __slots__ = ("identifiers", "latest", "systems", "urls")

    def __init__(self, latest: str = "") -> None:
        self.latest = latest
        self.identifiers: list[dict[str, Any]] = []
        self.systems: set[str] = set()  # of codings
        self.urls: set[str] = set()  # of extensions and profiles


Rule = Callable[[Any, Found], Refusal | None]
Plan = dict[str, Rule]


def walk(content: dict[str, Any], found: Found) -> Refusal | None:
    """Answer the first fault of a resource, or None; `found` then holds what was met.

    Expects a resource whose structure is sound (`structure.faults`): types of values are not looked at again.
    """
    fault = _visit(_plan(content["resourceType"]), content, found)
    return None if fault is None else fault._replace(place=content["resourceType"] + fault.place)


def _visit(plan: Plan, value: dict[str, Any], found: Found) -> Refusal | None:
    for key in value:
        rule = plan.get(key)
        if rule is not None:
            fault = rule(value[key], found)
            if fault is not None:
                return fault._replace(place=f".{key}{fault.place}")
    return None


@cache
def _plan(type_: str) -> Plan:
    """Answer the plan of a type. Types hold each other, so a plan is put in the cache before its elements are made."""
    plan: Plan = {}
    events = EVENT_DATES.get(type_, ())
    for key, element in definitions().types[type_].items():
        rule = _event if key in events else _rule(element)
        if rule is not None:
            plan[key] = rule if element.max == 1 else _many(rule)
    if type_ == "Meta":
        plan["profile"] = _profiles
    return plan


def _rule(element: Element) -> Rule | None:
    if element.set:
        codes = definitions().sets[element.set]
        return _concept_of(codes, element.set) if element.type == "CodeableConcept" else _code_of(codes, element.set)
    if element.type in _RULES:
        return _RULES[element.type]
    if element.type == "Reference":
        return _reference_to(frozenset(element.targets))
    if element.type in definitions().types:
        return _object(element.type)
    return None


def _object(type_: str) -> Rule:
    plans: list[Plan] = []

    def rule(value: dict[str, Any], found: Found) -> Refusal | None:
        if not plans:
            plans.append(_plan(type_))
        return _visit(plans[0], value, found)

    return rule


def _many(rule: Rule) -> Rule:
    def rule_of_each(values: list[Any], found: Found) -> Refusal | None:
        for index, value in enumerate(values):
            if value is not None:  # a primitive that is only its extensions
                fault = rule(value, found)
                if fault is not None:
                    return fault._replace(place=f"[{index}]{fault.place}")
        return None

    return rule_of_each


def _code_of(codes: frozenset[str], name: str) -> Rule:
    fault = Refusal("bad-code", "", f"expected a code of the required list {name}")

    def rule(value: str, found: Found) -> Refusal | None:
        return None if value in codes else fault

    return rule


def _concept_of(codes: frozenset[str], name: str) -> Rule:
    fault = Refusal("bad-code", "", f"expected a coding of the required list {name}")

    def rule(value: dict[str, Any], found: Found) -> Refusal | None:
        for coding in value.get("coding", ()):
            if f"{coding.get('system')}|{coding.get('code')}" in codes:
                return None
        return fault

    return rule


def _coding(value: dict[str, Any], found: Found) -> Refusal | None:
    system = value.get("system")
    if system is not None:
        found.systems.add(system)
    return None


def _concept(value: dict[str, Any], found: Found) -> Refusal | None:
    for coding in value.get("coding", ()):
        system = coding.get("system")
        if system is not None:
            found.systems.add(system)
    return None


def _identifier(value: dict[str, Any], found: Found) -> Refusal | None:
    found.identifiers.append(value)
    return _visit(_plan("Identifier"), value, found)


def _extension(value: dict[str, Any], found: Found) -> Refusal | None:
    found.urls.add(value.get("url", ""))
    return _visit(_plan("Extension"), value, found)


def _profiles(values: list[str], found: Found) -> Refusal | None:
    found.urls.update(value.partition("|")[0] for value in values if value)
    return None


def _resource(value: dict[str, Any], found: Found) -> Refusal | None:
    return _visit(_plan(value["resourceType"]), value, found)


def _reference_to(targets: frozenset[str]) -> Rule:
    resources = definitions().resources

    def rule(value: dict[str, Any], found: Found) -> Refusal | None:
        reference = value.get("reference")
        if reference is not None:
            type_, slash, _ = reference.partition("/")
            if slash and targets and type_ in resources and type_ not in targets:
                return Refusal("bad-structure", ".reference", f"expected a reference to {_either(targets)}")
            if " " in reference:
                return Refusal("bad-structure", ".reference", "expected a reference without spaces")
        identifier = value.get("identifier")
        if identifier is not None:
            fault = _identifier(identifier, found)
            if fault is not None:
                return fault._replace(place=f".identifier{fault.place}")
        return None

    return rule


def _either(words: frozenset[str]) -> str:
    return " or ".join(sorted(words))


def _date(value: str, found: Found) -> Refusal | None:
    if (value[8:10] > _LAST_SURE_DAY or value < "0001") and not _exists(value):
        return Refusal("bad-date", "", "expected a day that exists")
    return None


def _event(value: str, found: Found) -> Refusal | None:
    fault = _date(value, found)
    if fault is not None:
        return fault
    if value[:10] > found.latest != "":
        return Refusal("future-date", "", "expected a day that is not ahead of its receipt")
    return None


def _exists(value: str) -> bool:
    try:
        date(int(value[:4]), int(value[5:7] or 1), int(value[8:10] or 1))
    except ValueError:
        return False
    return True


def _period(value: dict[str, Any], found: Found) -> Refusal | None:
    start, end = value.get("start"), value.get("end")
    for key, day in (("start", start), ("end", end)):
        if day is not None and (fault := _date(day, found)) is not None:
            return fault._replace(place=f".{key}")
    if start is not None and end is not None and (start > end or start[19:] != end[19:]) and is_after(start, end):
        return Refusal("bad-date", ".end", "expected an end that is not before the start")
    return None


def is_after(one: str, other: str) -> bool:
    """Answer whether one FHIR date or time is certainly after another; of unequal precision the coarser decides.

    2026-03 is not after 2026-03-05, nor before it. Times without a zone do not exist in FHIR; those that bear one are
    compared as instants, whatever their zones.
    """
    if len(one) > 10 and len(other) > 10:
        try:
            return datetime.fromisoformat(one) > datetime.fromisoformat(other)
        except ValueError:  # fractions of more digits than a microsecond has, a leap second
            return one[:19] > other[:19] and one[19:] == other[19:]
    shared = min(len(one), len(other), 10)
    return one[:shared] > other[:shared]


_RULES: dict[str, Rule] = {
    "CodeableConcept": _concept,
    "Coding": _coding,
    "Extension": _extension,
    "Identifier": _identifier,
    "Period": _period,
    "Resource": _resource,
    "date": _date,
    "dateTime": _date,
    "instant": _date,
}
