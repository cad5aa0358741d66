"""A stored resource as it is answered: the sender's bytes with our ids, our references and our meta spliced in.

Nothing else of the body is touched, so that decimals keep their digits, and unknown extensions and the order of arrays
stay (rules: record R31). Splicing bytes costs some 10 microseconds; parsing and writing JSON anew costs that and loses
digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

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
    said = _meta(given, stored, source_id.decode(), is_simulated=is_simulated)
    return b'{"resourceType":"%b","id":"%b","meta":%b%b' % (stored.type.encode(), str(stored.id).encode(), said, rest)


def with_our_references(body: bytes, source: str) -> bytes:
    """Answer the body with the source's references, `Type/its id`, as `Type/our id`; others stay as they are."""

    def ours(found: re.Match[bytes]) -> bytes:
        return _our_reference(source, found[1], found[2])

    return _REFERENCE.sub(ours, body)


@lru_cache(maxsize=20_000)
def _our_reference(source: str, type_: bytes, source_id: bytes) -> bytes:
    """Answer the reference member; most resources of a resident refer to the same patient and the same few others."""
    return b'"reference":"%b/%b"' % (type_, str(resource_id(source, type_.decode(), source_id.decode())).encode())


def references(stored: Stored) -> Iterator[tuple[str, str]]:
    """Answer the (type, id of the source) pairs that a resource refers to."""
    for found in _REFERENCE.finditer(stored.body):
        yield found[1].decode(), found[2].decode()


def _meta(given: bytes, stored: Stored, source_id: str, *, is_simulated: bool) -> bytes:
    own = {
        "versionId": str(stored.version),
        "lastUpdated": _instant(stored.stored_at),
        "source": f"{SOURCE_URI}{stored.source}#{stored.type}/{source_id}",
    }
    if given != b"{}":
        said = orjson.loads(given)
        own |= {key: value for key, value in said.items() if key not in own}
    if is_simulated:
        own["tag"] = [*own.get("tag", []), SIMULATED]  # type: ignore[misc]
    return orjson.dumps(own)


@lru_cache(maxsize=1_000)
def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
