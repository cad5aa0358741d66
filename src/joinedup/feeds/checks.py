"""Whether a resource may be taken in, and what is to be said about it (rules: record R29).

Base structure, identity and required bindings of FHIR R4 refuse; every other fault of a UK rule is a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from joinedup.feeds.values import Source

IsKnownOrganisation = Callable[[str, date], bool]


class Refusal(NamedTuple):
    """Why a resource is set aside: a key of values.REASONS, the JSON path, and what was expected, without any value."""

    reason: str
    place: str
    message: str


def check(
    body: bytes, content: dict[str, Any], source: Source, is_known_organisation: IsKnownOrganisation
) -> tuple[Refusal | None, tuple[str, ...]]:
    """Answer why a resource is refused (None: it is taken), and its warnings as short codes.

    `content` is what `body` parses to. Never raises because of the content.
    """
    return None, ()
