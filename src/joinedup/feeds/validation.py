"""All that FHIR R4 itself finds wrong with a resource: what intake checks, and what costs too much there.

Intake stops at the first fault and takes 60 microseconds; this tells every fault and takes some milliseconds. Beyond
intake's checks: the form of ids and URIs, empty elements, invariants (`invariants`), narratives (`narrative`), codes
whose form shows that they cannot exist (`codes`), contained resources and what in a Bundle leads nowhere. Not here, for
want of their sources: profiles other than R4's own, the licensed code systems, the questionnaires that answers are to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from joinedup.feeds import codes, elements, invariants, narrative
from joinedup.feeds.checks import check_nodes
from joinedup.feeds.invariants import is_absolute
from joinedup.feeds.limits import BUNDLE_NODES
from joinedup.feeds.r4 import Element, definitions
from joinedup.feeds.structure import Refusal, faults
from joinedup.feeds.subjects import local

_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_LABEL = re.compile(r"[A-Za-z0-9.\-]+")
_RESTFUL = re.compile(
    r"(?:https?://[^\s?#]+/)?([A-Z][A-Za-z]+)/[A-Za-z0-9.\-]{1,64}(?:/_history/[A-Za-z0-9.\-]{1,64})?(?:#.*)?"
)
_URIS = ("uri", "url", "canonical", "oid", "uuid")
_CODED = ("Coding", "Quantity", "Age", "Duration", "Count", "Distance")
Content = dict[str, Any]


def validate(body: bytes) -> list[Refusal]:
    """Answer everything that FHIR R4 finds wrong with a resource, empty when nothing is. Never raises.

    The rules of the UK are not among them: `checks.check` answers those.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [Refusal("bad-syntax", "", "expected JSON as RFC 8259 defines it")]
    found = [one for one in (check_nodes(body, content, BUNDLE_NODES),) if one is not None] or faults(body)
    if found:
        return found
    first = elements.walk(content, elements.Found())
    found = [first] if first is not None else []
    type_ = content["resourceType"]
    for place, says in _resource(content):
        found.append(Refusal("bad-structure", type_ + place, says))
    return found


def _resource(content: Content, is_contained: bool = False) -> Iterator[tuple[str, str]]:
    type_ = content["resourceType"]
    id_ = content.get("id")
    # A contained id is a label inside its resource: its length does no harm.
    if id_ is not None and (_LABEL if is_contained else _ID).fullmatch(id_) is None:
        yield ".id", "expected letters, digits, - and ., at most 64"
    yield from _value(content, type_, "")
    if type_ in invariants.RESOURCES:
        yield from invariants.RESOURCES[type_](content)
    if not is_contained:
        yield from _contained(content)
    if type_ == "Bundle":
        yield from _bundle(content)
    div = content.get("text", {}).get("div")
    if isinstance(div, str) and (says := narrative.fault(div)) is not None:
        yield ".text.div", says


def _value(value: Content, type_: str, place: str) -> Iterator[tuple[str, str]]:
    """Walk an object of a type; yields what is wrong in it, and below."""
    known = definitions().types.get(type_, {})
    if not value or (len(value) == 1 and "id" in value and place):
        yield place, "expected a value or elements, found none (ele-1)"
    if type_ in invariants.TYPES:
        for below, says in invariants.TYPES[type_](value):
            yield place + below, says
    if type_ in _CODED and "code" in value and "system" in value and isinstance(value["code"], str):
        wrong = codes.fault(value["system"], value["code"])
        if wrong is not None:
            yield f"{place}.code", wrong
    for key, item in value.items():
        if key.startswith("_"):
            yield from _extensions(item, f"{place}.{key}")
            continue
        element = known.get(key)
        if element is None:
            continue
        for index, one in enumerate(item) if isinstance(item, list) else ((None, item),):
            here = f"{place}.{key}" + ("" if index is None else f"[{index}]")
            yield from _one(one, element, here)


def _one(one: Any, element: Element, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(one, dict):
        if element.type == "Resource":
            for below, says in _resource(one, is_contained=".contained" in place):
                yield place + below, says
            return
        yield from _value(one, element.type, place)
        if element.type == "Reference":
            yield from _reference(one, place)
    elif isinstance(one, str):
        if element.type in _URIS and re.search(r"\s", one.strip()) is not None:
            yield place, "expected a URI without spaces"
        elif element.type == "oid" and not is_absolute(one):
            yield place, "expected a urn:oid"
        elif element.type == "uuid" and not is_absolute(one):
            yield place, "expected a urn:uuid"
        elif (
            element.type in ("uri", "canonical") and one.startswith(("urn:uuid:", "urn:oid:")) and not is_absolute(one)
        ):
            yield place, "expected a well-formed urn"


def _extensions(item: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong in the extensions of a primitive."""
    for index, one in enumerate(item) if isinstance(item, list) else ((None, item),):
        if isinstance(one, dict):
            yield from _value(one, "Element", place + ("" if index is None else f"[{index}]"))


def _reference(value: Content, place: str) -> Iterator[tuple[str, str]]:
    text = value.get("reference")
    kind = value.get("type")
    if text is None:
        return
    if re.search(r"\s", text):
        yield f"{place}.reference", "expected a reference without spaces"
        return
    match = _RESTFUL.fullmatch(text)
    if match is not None and match[1] not in definitions().resources and not match[1].isupper():
        yield f"{place}.reference", "expected a reference to a type of FHIR R4"
    if match is not None and kind is not None and kind in definitions().resources and match[1] != kind:
        yield f"{place}.type", "expected the type that the reference leads to"
    if match is None and ":" not in text and not text.startswith("#") and "?" not in text:
        yield f"{place}.reference", "expected Type/id, an absolute URI or a contained id"


def _strings(value: Any, key: str) -> Iterator[str]:
    """Yield every text that stands under a key, at any depth."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key and isinstance(item, str):
                yield item
            else:
                yield from _strings(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, key)


def _contained(content: Content) -> Iterator[tuple[str, str]]:
    contained = content.get("contained", [])
    leads = set(_strings(content, "reference"))
    ids = [one.get("id") for one in contained]
    for index, one in enumerate(contained):
        place = f".contained[{index}]"
        if "contained" in one:
            yield f"{place}.contained", "expected no resource contained in a contained one (dom-2)"
        if _has_meta(one, "versionId", "lastUpdated"):
            yield f"{place}.meta", "expected no version of a contained resource (dom-4)"
        if _has_meta(one, "security"):
            yield f"{place}.meta.security", "expected no security label of a contained resource (dom-5)"
        id_ = one.get("id")
        if id_ is None:
            yield f"{place}.id", "expected an id to refer to"
        elif ids.count(id_) > 1:
            yield f"{place}.id", "expected each contained id once"
    if content["resourceType"] not in ("Bundle", "Parameters"):
        for text in leads:
            if len(text) > 1 and text.startswith("#") and text[1:] not in ids:
                yield "", "expected each #reference to lead to a contained resource (ref-1)"


def _has_meta(content: Content, *names: str) -> bool:
    return any(name in content.get("meta", {}) for name in names)


_REQUESTS = ("batch", "transaction", "history")
_RESPONSES = ("batch-response", "transaction-response", "history")
_FIRST = {"document": "Composition", "message": "MessageHeader"}


def _bundle(bundle: Content) -> Iterator[tuple[str, str]]:
    kind, entries = bundle.get("type", ""), bundle.get("entry", [])
    if "total" in bundle and kind not in ("searchset", "history"):
        yield ".total", "expected a total only of searches and histories (bdl-1)"
    if kind in _FIRST and (not entries or entries[0].get("resource", {}).get("resourceType") != _FIRST[kind]):
        yield ".entry", f"expected a {kind} to begin with its {_FIRST[kind]} (bdl-11, bdl-12)"
    if kind == "document":
        identifier = bundle.get("identifier", {})
        if not ("system" in identifier and "value" in identifier):
            yield ".identifier", "expected an identifier with system and value of a document (bdl-9)"
        if "timestamp" not in bundle:
            yield ".timestamp", "expected when the document was made (bdl-10)"
    relations = [link.get("relation") for link in bundle.get("link", ())]
    if any(relations.count(one) > 1 for one in relations):
        yield ".link", "expected each relation once"
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries):
        place = f".entry[{index}]"
        yield from ((place + below, says) for below, says in _entry(entry, kind))
        full, version = entry.get("fullUrl"), entry.get("resource", {}).get("meta", {}).get("versionId", "")
        if full is not None:
            if (full, version) in seen:
                yield f"{place}.fullUrl", "expected each fullUrl once (bdl-7)"
            seen.add((full, version))
    yield from _leads(entries, kind)


def _entry(entry: Content, kind: str) -> Iterator[tuple[str, str]]:
    if not any(name in entry for name in ("resource", "request", "response")):
        yield "", "expected a resource, request or response (bdl-5)"
    if "search" in entry and kind != "searchset":
        yield ".search", "expected search only in what was searched (bdl-2)"
    if ("request" in entry) != (kind in _REQUESTS):
        yield ".request", "expected a request in batch, transaction and history, and only there (bdl-3)"
    if ("response" in entry) != (kind in _RESPONSES):
        yield ".response", "expected a response in responses and history, and only there (bdl-4)"
    full, resource = entry.get("fullUrl"), entry.get("resource", {})
    if full is None:
        if kind in ("document", "message", "searchset") and resource:
            yield ".fullUrl", "expected a fullUrl, or nothing can refer to it"
        return
    if not is_absolute(full):
        yield ".fullUrl", "expected an absolute URI"
    if "/_history/" in full:
        yield ".fullUrl", "expected no version in a fullUrl (bdl-8)"
    match = _RESTFUL.fullmatch(full)
    type_ = resource.get("resourceType", "")
    if match is not None and full.startswith("http") and resource:
        told = full.rstrip("/").rsplit("/", 2)[-2:]
        if match[1] in definitions().resources and match[1] != type_:
            yield ".fullUrl", "expected the type of the resource in its fullUrl"
        elif match[1] == type_ and told[1] != resource.get("id"):
            yield ".fullUrl", "expected the id of the resource in its fullUrl"


def _leads(entries: list[Content], kind: str) -> Iterator[tuple[str, str]]:
    """Yield the references of a Bundle that lead nowhere.

    A urn leads only inside the Bundle, whatever its kind. A document holds all that its Composition speaks of. A
    relative reference of a resource whose fullUrl is a urn leads nowhere at all (R4, bundle, resolving references).
    """
    urls = {entry.get("fullUrl", "") for entry in entries}
    locals_ = {local(url) for url in urls}
    versions: dict[str, set[str]] = {}
    for entry in entries:
        if (told := entry.get("resource", {}).get("meta", {}).get("versionId")) is not None:
            versions.setdefault(entry.get("fullUrl", ""), set()).add(told)
    for index, entry in enumerate(entries):
        resource = entry.get("resource", {})
        place = f".entry[{index}].resource"
        own = entry.get("fullUrl", "")
        base = own[: -len(local(own))] if own.startswith("http") and local(own) else ""
        for text in _strings(resource, "reference"):
            plain, _, version = text.partition("#")[0].partition("/_history/")
            if not plain:
                continue
            held = versions.get(plain) or versions.get(base + plain)
            if version and held and version not in held and kind == "document":
                yield place, "expected the version that the document holds"
            if plain.startswith("urn:") and plain not in urls:
                if plain.startswith(("urn:uuid:", "urn:oid:")) and kind in ("document", "message", "transaction"):
                    yield place, "expected a urn of this Bundle"
            elif kind == "document" and resource.get("resourceType") == "Composition":
                if plain not in urls and (not base or base + plain not in urls) and "://" not in plain:
                    yield place, "expected what the Composition refers to in the document"
            elif kind in ("document", "message") and "://" not in plain and own.startswith("urn:") and plain in locals_:
                yield place, "expected the fullUrl: a relative reference of a urn leads nowhere"
    if kind in ("document", "message") and entries:
        yield from _unreachable(entries)


def _unreachable(entries: list[Content]) -> Iterator[tuple[str, str]]:
    """Yield the entries that the first one does not lead to, forwards or backwards."""
    named: dict[str, int] = {}
    for index, entry in enumerate(entries):
        full = entry.get("fullUrl", "")
        resource = entry.get("resource", {})
        named[full] = index
        named.setdefault(f"{resource.get('resourceType')}/{resource.get('id')}", index)
    joined: dict[int, set[int]] = {index: set() for index in range(len(entries))}
    for index, entry in enumerate(entries):
        for key in ("reference", "url"):
            for text in _strings(entry.get("resource", {}), key):
                other = named.get(text.partition("/_history/")[0], named.get(local(text)))
                if other is not None:
                    joined[index].add(other)
                    joined[other].add(index)
    reached, waiting = {0}, [0]
    while waiting:
        for other in joined[waiting.pop()] - reached:
            reached.add(other)
            waiting.append(other)
    for index in range(len(entries)):
        if index not in reached:
            yield f".entry[{index}]", "expected every entry to be led to from the first"
