"""Whether a resource may be taken in, and what is to be said about it (rules: record R29, trust T51).

At intake, in this order, about 60 microseconds for a resource of 700 bytes:

1. limits: bytes, depth, nodes, digits of a number, characters of a string; control characters and blank strings
2. structure: the elements of FHIR R4, their types, how many, each key once (`structure`)
3. codes of required bindings, days that exist, periods in order, types that references lead to (`elements`)
4. the UK's rules (`uk_rules`)

The first fault refuses. What costs more, the invariants and narratives of R4, is checked by `validation` when a
resource is validated or written by hand.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from joinedup.feeds import elements, limits, uk_rules
from joinedup.feeds.structure import Refusal, first_fault
from joinedup.feeds.uk_rules import IsKnownOrganisation
from joinedup.feeds.values import Source

__all__ = ["IsKnownOrganisation", "Refusal", "check", "check_text", "latest_day"]

AHEAD = timedelta(hours=24)  # an event may be this far ahead of its receipt: clocks differ, zones too (R5)
ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")

# Suspicions, read from the bytes. Each is cheap, sometimes wrong, and then looked at properly.
_ESCAPED_CONTROL = re.compile(rb"\\(?:u00[01][0-9a-fA-F]|[bf])")
_BLANK = re.compile(rb'"(?: |\\[tnr]|\\u00(?:09|0[aA]|0[dD]|20))+"')
# A run of 41 digits meets at least six neighbours of every 6th byte; a few bodies in a hundred do so by chance.
_STRIDE = 6
_NEIGHBOURS = re.compile(rb"[0-9.]{6}")
_LONG_RUN = re.compile(rb"[0-9.]{%d}" % (limits.NUMBER_DIGITS + 1))
_LONG_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|[0-9.]{%d,}' % (limits.NUMBER_DIGITS + 1), re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b'{}[]"'))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BASE64 = ("data", "div")


def check(
    body: bytes,
    content: dict[str, Any],
    source: Source,
    is_known_organisation: IsKnownOrganisation,
    *,
    received_at: datetime | None = None,
) -> tuple[Refusal | None, tuple[str, ...]]:
    """Answer why a resource is refused (None: it is taken), and its warnings as short words, each once.

    `content` is what `body` parses to. `received_at` is when the delivery came, now if not given: what happened more
    than 24 hours after it is refused. Never raises because of the content.
    """
    fault = check_text(body, content) or first_fault(body)
    if fault is not None:
        return fault, ()
    return check_content(content, source, is_known_organisation, latest_day(received_at or datetime.now(UTC)))


def check_content(
    content: dict[str, Any], source: Source, is_known_organisation: IsKnownOrganisation, latest: str
) -> tuple[Refusal | None, tuple[str, ...]]:
    """Answer the same as `check` of a resource whose text and structure are known to be sound.

    `latest` is the last day that an event may have, by `latest_day`.
    """
    found = elements.Found(latest)
    fault = elements.walk(content, found)
    if fault is not None:
        return fault, ()
    fault, warnings = uk_rules.check(content, found, source, date.fromisoformat(latest), is_known_organisation)
    return fault, tuple(dict.fromkeys(warnings)) if warnings else ()


def latest_day(received_at: datetime) -> str:
    """Answer the last day, YYYY-MM-DD, on which something may have happened that was received at an instant."""
    return (received_at + AHEAD).date().isoformat()


def check_text(body: bytes, content: Any) -> Refusal | None:
    """Answer what is wrong with the JSON text of a resource by the limits, its strings or its numbers, or None."""
    if len(body) > limits.RESOURCE_BYTES:
        return Refusal("too-large", "", f"expected at most {limits.RESOURCE_BYTES // limits.MB} MB")
    return check_nodes(body, content)


def check_nodes(body: bytes, content: Any, most: int = limits.NODES) -> Refusal | None:
    """Answer what is wrong with depth, nodes (`most`), strings and numbers of a JSON text, or None.

    Most texts are passed by a few looks at the bytes; those that are not are walked.
    """
    if (
        _may_be_deep(body)
        or len(body) > limits.STRING_CHARACTERS
        or (len(body) > most and body.count(b",") >= most)
        or (b"\\" in body and _ESCAPED_CONTROL.search(body) is not None)
        or ((b'" ' in body or b'"\\' in body) and _BLANK.search(body) is not None)
    ) and (fault := _walk(content, "", 1, [most])) is not None:
        return fault
    if (
        _NEIGHBOURS.search(body[::_STRIDE]) is not None
        and _LONG_RUN.search(body) is not None
        and any(match[0][:1] != b'"' for match in _LONG_NUMBER.finditer(body))
    ):
        return Refusal("too-large", "", f"expected numbers of at most {limits.NUMBER_DIGITS} digits")
    return None


def _may_be_deep(body: bytes) -> bool:
    """Answer whether a text may nest deeper than the limit; False is certain.

    Of the text only brackets and quotes are kept; each round then takes away the innermost level, or the two of a
    list of objects, and what is gone after half as many rounds was within the limit.
    """
    if body.count(b"{") + body.count(b"[") <= limits.DEPTH:
        return False
    left = body.translate(None, _NOT_BRACKETS).replace(b'""', b"")
    if b'"' in left:  # brackets or quotes inside a string
        return True
    for _ in range(limits.DEPTH // 2):
        left = left.replace(b"{}", b"").replace(b"[]", b"")
        if not left:
            return False
    return True


def _walk(value: Any, key: str, depth: int, left: list[int]) -> Refusal | None:
    left[0] -= 1
    if left[0] < 0:
        return Refusal("too-large", "", "expected fewer values in one resource")
    if isinstance(value, str):
        return _string(value, key)
    if not isinstance(value, dict | list):
        return None
    if depth > limits.DEPTH:
        return Refusal("too-large", "", f"expected at most {limits.DEPTH} levels of nesting")
    for name, item in value.items() if isinstance(value, dict) else ((key, item) for item in value):
        fault = _walk(item, name, depth + 1, left)
        if fault is not None:
            return fault
    return None


def _string(value: str, key: str) -> Refusal | None:
    if len(value) > limits.STRING_CHARACTERS and key not in _BASE64:
        return Refusal("too-large", "", f"expected texts of at most {limits.STRING_CHARACTERS:,} characters")
    if _CONTROL.search(value) is not None:
        return Refusal("bad-structure", "", "expected texts without control characters")
    if not value.strip(" \t\r\n"):
        return Refusal("bad-structure", "", "expected texts that are not blank")
    return None
