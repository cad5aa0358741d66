"""The resources of a Bundle as the source's own, each with the sender's bytes and with references that still lead.

Inside a Bundle, resources name each other by `fullUrl` (often `urn:uuid:`) or by a search (`Patient?identifier=...`);
outside it these lead nowhere. So each resource gets the id that its source knows it by, and exactly those references
are written anew, as `Type/id`. All other bytes stay as they came (rules: record R31): the resource is cut out of the
Bundle's text, not written again from what was parsed, which would turn 1.50 into 1.5.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson

from joinedup.feeds import limits, subjects
from joinedup.feeds.structure import Refusal
from joinedup.feeds.values import NAMESPACE

KINDS = ("transaction", "batch", "message", "document", "collection")
_FIRST = {"message": "MessageHeader", "document": "Composition"}
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_FEW = 40
_SPACE = re.compile(r"[ \t\n\r]*")
# Numbers stay text: they are skipped here, and a number of a million digits costs nothing.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)
# `url` too: an attachment in a Bundle leads to its Binary by the same urn.
_REFERENCE = re.compile(rb'("(?:reference|url)"\s*:\s*)("(?:[^"\\]|\\.)*")')


@dataclass(slots=True)
class Entry:
    """One resource of a Bundle: its place in it, the source's id, its bytes and what they parse to."""

    index: int
    source_id: str
    body: bytes
    content: dict[str, Any]


def entries_of(raw: bytes, bundle: dict[str, Any]) -> list[Entry] | Refusal:
    """Answer the resources of a Bundle, or why it is refused.

    Expects a Bundle whose structure is sound (`structure.faults`), and `bundle` what `raw` parses to.
    """
    kind = bundle.get("type")
    if kind not in KINDS:
        return Refusal("unknown-type", "Bundle.type", f"expected {', '.join(KINDS)}")
    listed = bundle.get("entry", [])
    if len(listed) > limits.BUNDLE_ENTRIES:
        return Refusal("too-large", "Bundle.entry", f"expected at most {limits.BUNDLE_ENTRIES:,} entries")
    if kind in _FIRST and (not listed or listed[0].get("resource", {}).get("resourceType") != _FIRST[kind]):
        return Refusal("bad-structure", "Bundle.entry[0]", f"expected a {kind} to begin with its {_FIRST[kind]}")
    fault = _bad_request(listed) or _repeated(listed)
    if fault is not None:
        return fault
    ids = [_source_id(bundle, entry, index) for index, entry in enumerate(listed)]
    for index, (entry, id_) in enumerate(zip(listed, ids, strict=True)):
        if "resource" in entry and id_ is None:
            return Refusal("missing-required", f"Bundle.entry[{index}].resource.id", "expected an id or a fullUrl")
    leads = _leads(listed, ids)
    # A handful of keys is looked for faster than every reference is read; in a large Bundle it is the other way round.
    sought = [key.encode() for key in leads] if len(leads) <= _FEW and "?" not in "".join(leads) else None
    slices = dict(_slices(raw))
    found = []
    for index, (entry, id_) in enumerate(zip(listed, ids, strict=True)):
        if id_ is None:
            continue
        content, body = entry["resource"], raw[slices[index][0] : slices[index][1]]
        changed = _with_id(body, content.get("id"), id_)
        if sought is None or any(key in changed for key in sought):
            changed = _led(changed, leads)
        if changed is not body:
            content = orjson.loads(changed)
        found.append(Entry(index, id_, changed, content))
    return found


def patient_of(bundle: dict[str, Any]) -> str | None:
    """Answer the first patient that a Bundle speaks of, by the source's id, or None. Expects nothing of its content."""
    listed = bundle.get("entry")
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    resources = [one["resource"] for one in entries if isinstance(one.get("resource"), dict)]
    for entry in entries:
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            return _source_id(bundle, entry, 1)
    for resource in resources:
        for value in resource.values():
            reference = value.get("reference") if isinstance(value, dict) else None
            if isinstance(reference, str) and (told := subjects.local(reference)).startswith("Patient/"):
                return told.partition("/")[2]
    return None


def _bad_request(listed: list[dict[str, Any]]) -> Refusal | None:
    for index, entry in enumerate(listed):
        method = entry.get("request", {}).get("method", "PUT")
        if method not in ("POST", "PUT"):
            # A deletion in a feed would take away what others have read. `entered-in-error` says the same and stays.
            says = "expected POST or PUT; what was wrong is sent as entered-in-error"
            return Refusal("unknown-type", f"Bundle.entry[{index}].request.method", says)
    return None


def _repeated(listed: list[dict[str, Any]]) -> Refusal | None:
    seen: set[tuple[Any, Any]] = set()
    for index, entry in enumerate(listed):
        url = entry.get("fullUrl")
        key = (url, entry.get("resource", {}).get("meta", {}).get("versionId", ""))
        if url is not None and key in seen:
            return Refusal("bad-structure", f"Bundle.entry[{index}].fullUrl", "expected each fullUrl once (bdl-7)")
        seen.add(key)
    return None


def _source_id(bundle: dict[str, Any], entry: dict[str, Any], index: int) -> str | None:
    """Answer by which id the source knows an entry's resource: its own, that of its request, or of its fullUrl.

    A document's Composition has the document's identifier: its next version comes as another Bundle with the same one.
    """
    resource = entry.get("resource")
    if not isinstance(resource, dict):
        return None
    if bundle.get("type") == "document" and index == 0:
        value = _dict(bundle.get("identifier")).get("value")
        if isinstance(value, str) and value:
            return _as_id(value)
    if isinstance(resource.get("id"), str):
        return str(resource["id"])
    request = _dict(entry.get("request"))
    for search in (request.get("url"), request.get("ifNoneExist")):
        if isinstance(search, str) and (identifier := _searched(search)) is not None:
            return _as_id(identifier.rpartition("|")[2])
    url = request.get("url")
    if request.get("method") == "PUT" and isinstance(url, str) and (told := subjects.local(url)):
        return told.partition("/")[2]
    full = entry.get("fullUrl")
    if isinstance(full, str) and full:
        return _as_id(full.rpartition("/")[2].rpartition(":")[2])
    return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _as_id(text: str) -> str:
    """Answer a text as a FHIR id: itself where it can be one, else an id made of it, always the same."""
    return text if _ID.fullmatch(text) else str(uuid.uuid5(NAMESPACE, text))


def _searched(search: str) -> str | None:
    """Answer the identifier, `system|value`, that a search names alone, or None for any other."""
    query = search.rpartition("?")[2]
    return unquote(query.removeprefix("identifier=")) if query.startswith("identifier=") and "&" not in query else None


def _leads(listed: list[dict[str, Any]], ids: list[str | None]) -> dict[str, str]:
    """Answer where references inside the Bundle lead: fullUrls and searches to `Type/id` of the source."""
    leads: dict[str, str] = {}
    for entry, id_ in zip(listed, ids, strict=True):
        if id_ is None:
            continue
        resource = entry["resource"]
        type_ = resource["resourceType"]
        told = f"{type_}/{id_}"
        if "fullUrl" in entry:
            leads[entry["fullUrl"]] = told
            if relative := subjects.local(entry["fullUrl"]):
                leads[relative] = told
        if "id" in resource:
            leads[f"{type_}/{resource['id']}"] = told
        identifiers = resource.get("identifier", [])
        for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
            if "value" in identifier:
                leads[f"{type_}?identifier={identifier.get('system', '')}|{identifier['value']}"] = told
    return {key: told for key, told in leads.items() if key != told}


def _led(body: bytes, leads: dict[str, str]) -> bytes:
    def written(match: re.Match[bytes]) -> bytes:
        text: str = orjson.loads(match[2])
        told = leads.get(text) or (leads.get(unquote(text)) if "?" in text else None)
        if told is None or told == text:
            return match[0]
        return match[1] + orjson.dumps(told)

    led = _REFERENCE.sub(written, body)
    return body if led == body else led


def _with_id(body: bytes, known: str | None, id_: str) -> bytes:
    if known == id_:
        return body
    written = orjson.dumps(id_)
    if known is None:
        inside = body.index(b"{") + 1
        return body[:inside] + b'"id":' + written + b"," + body[inside:]
    for key, start, end in _members(body.decode("latin-1"), 0):
        if key == "id":
            return body[:start] + written + body[end:]
    raise AssertionError("the id that was parsed stands in the text")


def _slices(raw: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield each entry's index and where its resource stands in the Bundle's bytes."""
    # In Latin-1 each byte is one character, so that places in the text are places in the bytes.
    text = raw.decode("latin-1")
    place = _value_of("entry", text, _after_space(text, 0))
    if place is None:
        return
    at, index = _after_space(text, place + 1), 0
    while text[at] != "]":
        end = at + 1
        for name, begin, end in _members(text, at):
            if name == "resource":
                yield index, (begin, end)
        at = _after_space(text, _after_space(text, end) + 1)
        if text[at] == ",":
            at = _after_space(text, at + 1)
        index += 1


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Yield key, begin and end of the value of each member of the object that begins at `at`."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _after_space(text, _after_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        yield key, at, end
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _value_of(key: str, text: str, at: int) -> int | None:
    """Answer where the value of a key begins in the object that begins at `at`, without reading that value."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        found, at = _DECODER.raw_decode(text, at)
        at = _after_space(text, _after_space(text, at) + 1)
        if found == key:
            return at
        at = _after_space(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return None


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
