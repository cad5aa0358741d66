"""A stored resource as it is answered: the sender's bytes with our ids, our references and our meta spliced in.

Nothing else of the body is touched, so that decimals keep their digits, and unknown extensions and the order of arrays
stay (rules: record R31). Splicing bytes costs some 10 microseconds; parsing and writing JSON anew costs that and loses
digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import orjson

from joinedup.feeds import resource_id
from joinedup.record.store import Stored

# Where a resource comes from: a source of feeds, and after the # what the source itself calls it.
SOURCE_URI = "https://joinedup.example/Id/"
SIMULATED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
# Within a JSON string the quotes would be escaped, so this finds members only.
_REFERENCE = re.compile(
    rb'"reference"\s*:\s*"([A-Z][A-Za-z]{2,40})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]+)?"'
)
_HEAD = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"\s*,\s*"id"\s*:\s*"([A-Za-z0-9\-.]{1,64})"\s*')
_META = re.compile(rb',\s*"meta"\s*:\s*(\{[^{}]*\})')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],]')


def served(stored: Stored, *, is_simulated: bool) -> bytes:
    """Answer the resource as JSON bytes, with our id, references to our ids, and meta with version, time and source."""
    body = with_our_references(stored.body, stored.source)
    head = _HEAD.match(body)
    if head and (meta := _META.match(body, head.end())):
        source_id, given, rest = head[2], meta[1], body[meta.end() :]
    elif head and b'"meta"' not in body:
        source_id, given, rest = head[2], b"{}", body[head.end() :]
    else:
        source_id, given, rest = _taken_apart(body)
    start = orjson.dumps({
        "resourceType": stored.type,
        "id": str(stored.id),
        "meta": _meta(orjson.loads(given), stored, source_id.decode(), is_simulated=is_simulated),
    })  # fmt: skip
    return start[:-1] + rest


def with_our_references(body: bytes, source: str) -> bytes:
    """Answer the body with the source's references, `Type/its id`, as `Type/our id`; others stay as they are."""

    def ours(found: re.Match[bytes]) -> bytes:
        type_ = found[1].decode()
        return b'"reference":"%b/%b"' % (found[1], str(resource_id(source, type_, found[2].decode())).encode())

    return _REFERENCE.sub(ours, body)


def references(stored: Stored) -> Iterator[tuple[str, str]]:
    """Answer the (type, id of the source) pairs that a resource refers to."""
    for found in _REFERENCE.finditer(stored.body):
        yield found[1].decode(), found[2].decode()


def _meta(given: dict[str, Any], stored: Stored, source_id: str, *, is_simulated: bool) -> dict[str, Any]:
    meta = {
        "versionId": str(stored.version),
        "lastUpdated": stored.stored_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "source": f"{SOURCE_URI}{stored.source}#{stored.type}/{source_id}",
    }
    meta |= {key: value for key, value in given.items() if key not in meta}
    if is_simulated:
        meta["tag"] = [*given.get("tag", []), SIMULATED]
    return meta


def _taken_apart(body: bytes) -> tuple[bytes, bytes, bytes]:
    """Answer the source's id, its meta, and the other members (with a leading comma) of a body in any order."""
    start = body.index(b"{") + 1
    members, depth, begins = [], 0, start
    for token in _TOKEN.finditer(body, start):
        sign = token[0]
        if sign in b"{[":
            depth += 1
        elif sign in b"}]" and depth:
            depth -= 1
        elif depth == 0 and sign in b",}":
            members.append(body[begins : token.start()].strip())
            begins = token.end()
    source_id, meta, others = b"", b"{}", []
    for member in members:
        name, _, value = member.partition(b":")
        name = name.strip()
        if name == b'"id"':
            source_id = value.strip()[1:-1]
        elif name == b'"meta"':
            meta = value.strip()
        elif name != b'"resourceType"' and member:
            others.append(member)
    return source_id, meta, b"".join(b"," + member for member in others) + b"}"
