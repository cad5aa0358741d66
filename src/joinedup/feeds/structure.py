"""Whether bytes are a FHIR R4 resource: its elements, their types, how many, and each key once.

fhirkit does it (35 microseconds for a resource of 700 bytes); this is the only file that knows it, so that it can be
replaced. Its messages quote what was found. Ours never do: they name the place and what was expected there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import fhirkit

from joinedup.feeds.r4 import Element, definitions

_STEP = re.compile(r"([^.\[]+)(\[\d+\])?")
_NOT_VALID = re.compile(r" is not (?:a|an)(?: valid| FHIR)? (\w+)$")
_DATES = ("date", "dateTime", "instant", "time")
# Said in fhirkit's own words: none of these quotes a value.
_SAFE = re.compile(
    r"^(?:expected (?:an array|an object|a string|a single value|true or false|a number|a whole number), "
    r"found (?:an? (?:array|object|string|number|boolean)|null|true|false|boolean)"
    r"|an empty (?:array|string|object) is not allowed(?:; leave the element out)?"
    r"|null .*)$"
)


class Refusal(NamedTuple):
    """Why a resource is set aside: a key of values.REASONS, the JSON path, and what was expected, without any value."""

    reason: str
    place: str
    message: str


def faults(body: bytes) -> list[Refusal]:
    """Answer what is wrong with the structure of a resource, empty when nothing is.

    `body` must be JSON already. A key that stands twice in an object is a fault (rules: record R31): readers would
    differ in which of the two they believe.
    """
    try:
        issues = fhirkit.validate(body)
    except (fhirkit.ParseError, fhirkit.ValidationError) as error:
        deep = "nested too deeply" in str(error)
        return [Refusal("too-large" if deep else "bad-syntax", "", "expected JSON as RFC 8259 defines it")]
    found = [_told(issue.path, issue.message) for issue in issues if issue.severity == "error"] if issues else []
    if b'"fhir_comments"' in body:  # an element of FHIR's first drafts that fhirkit lets through
        found.append(Refusal("bad-structure", "", "expected no fhir_comments: R4 has none"))
    return found


def first_fault(body: bytes) -> Refusal | None:
    """Answer the first fault of the structure, or None."""
    found = faults(body)
    return found[0] if found else None


def _told(path: str, message: str) -> Refusal:
    place = known_path(path)
    if message == "required element missing":
        return Refusal("missing-required", place, "expected this element")
    if message.startswith("the key appears more than once"):
        return Refusal("bad-syntax", place, "expected each key once in an object")
    if message == "unknown element":
        return Refusal("bad-structure", place, "expected only elements that FHIR R4 has here")
    if "this build knows" in message:
        return Refusal("unknown-type", place, "expected a resource type of FHIR R4")
    if message.startswith("a resource needs a resourceType"):
        return Refusal("bad-structure", place, "expected a FHIR resource, with its resourceType")
    if message.startswith("only one type may be given"):
        return Refusal("bad-structure", place, "expected one of the types that this element may have")
    if wrong := _NOT_VALID.search(message):
        kind = wrong[1]
        return Refusal("bad-date" if kind in _DATES else "bad-structure", place, f"expected a FHIR {kind}")
    return Refusal("bad-structure", place, message if _SAFE.match(message) else "expected what FHIR R4 defines here")


def known_path(path: str) -> str:
    """Answer a path up to its last element that FHIR R4 has: what stands after it was invented by the sender.

    A key may be anything, a person's name too; so keys that FHIR does not know are never told.
    """
    types = definitions().types
    steps = _STEP.findall(path)
    if not steps or steps[0][0] not in types:
        return "Resource"
    told, here = [steps[0][0] + steps[0][1]], types[steps[0][0]]
    for name, index in steps[1:]:
        element = here.get(name) or here.get(name[1:]) or _choice(here, name)
        if element is None:
            if name in types:  # contained and entry.resource carry the name of the type
                here = types[name]
                continue
            break
        told.append(name + index)
        here = types.get(element.type, {})
        if element.type == "Resource":  # whose elements are not told by the path
            here = _any_resource()
    return ".".join(told)


def _choice(here: dict[str, Element], name: str) -> Element | None:
    """Answer the element of a choice, which fhirkit calls `value[x]`: its step arrives here as `value`."""
    return next((one for one in here.values() if one.choice == name), None)


def _any_resource() -> dict[str, Element]:
    found: dict[str, Element] = {}
    for name in definitions().resources:
        found |= definitions().types[name]
    return found
