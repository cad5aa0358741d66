"""Bodies as access sees them: ids. Their names and codes come from whoever is registered in settings.

settings.BODY_NAMES: dotted paths of callables `(set of ids) -> {id: name}`.
settings.BODY_BY_CODE: dotted paths of callables `(code) -> id or None`.
settings.BODY_CODES: dotted paths of callables `(set of ids) -> {id: ODS codes}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from joinedup.errors import NotFound

WHOLE_SYSTEM = "the whole system"


def names_of(body_ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Answer the name of each body today; the id itself where nobody knows it, "the whole system" for none."""
    ids = {body_id for body_id in body_ids if body_id is not None}
    names: dict[UUID | None, str] = {body_id: str(body_id) for body_id in ids}
    for path in getattr(settings, "BODY_NAMES", []) if ids else []:
        names |= import_string(path)(ids)
    return names | {None: WHOLE_SYSTEM}


def body_with_code(code: str) -> UUID | None:
    """Answer the body that has this code (an ODS code such as QM7), or None for an empty one, the whole system.

    Raises NotFound when no body has it.
    """
    code = code.strip().upper()
    if not code:
        return None
    for path in getattr(settings, "BODY_BY_CODE", []):
        found: UUID | None = import_string(path)(code)
        if found is not None:
            return found
    raise NotFound(f"There is no body with the code '{code}'. Expected an ODS code such as QM7.")


# What a body answers for changes when bodies merge: it is asked again after so many seconds.
_KEPT_SECONDS = 20
_kept: dict[tuple[str, UUID], tuple[float, frozenset[str]]] = {}


def codes_of(body_ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """Answer the ODS codes that each body answers for: its own, and those of the bodies that ended in it.

    Kept for 20 seconds, since every look at a record asks for it (measured: half of the decision's time).
    """
    ids = set(body_ids)
    codes: dict[UUID, frozenset[str]] = {}
    for path in getattr(settings, "BODY_CODES", []) if ids else []:
        key, now = f"{path} {connection.settings_dict['NAME']}", monotonic()
        fresh = {body: kept for body in ids if (kept := _kept.get((key, body))) and now - kept[0] < _KEPT_SECONDS}
        asked = ids - fresh.keys()
        found = import_string(path)(asked) if asked else {}
        _kept.update({(key, body): (now, here) for body, here in found.items()})
        for body, here in [*found.items(), *((body, kept[1]) for body, kept in fresh.items())]:
            codes[body] = codes.get(body, frozenset()) | here
    return codes
