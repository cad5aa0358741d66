"""People who hold posts and seats: written down once, and what they are called on a day."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.system.facts import Basis, on_day, state
from joinedup.system.load import thing_id
from joinedup.system.models import Name, Person, Source

if TYPE_CHECKING:
    from joinedup.access import Grant

LONGEST_NAME = 120
_NAMES = """
SELECT p.key, (SELECT n.name FROM system_name n
                WHERE n.person_id = p.id AND n.role = 'official' AND n.known @> %(known)s
                ORDER BY n.valid @> %(on)s DESC, lower(n.valid) > %(on)s, abs(lower(n.valid) - %(on)s) LIMIT 1)
  FROM system_person p WHERE p.key = ANY(%(keys)s)
"""


def checked_name(name: str) -> str:
    """Answer a name in Unicode NFC without spaces around it; RuleError for what no name holds.

    Angle brackets, control and invisible characters are refused: they are markup or a script, or turn the reading
    order of what follows.
    """
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    if not plain:
        raise RuleError("The name is empty.")
    if len(plain) > LONGEST_NAME:
        raise RuleError(f"The name has {len(plain)} characters; expected at most {LONGEST_NAME}.")
    if any(one in "<>{}`\\" or unicodedata.category(one) in {"Cc", "Cf", "Co", "Cs"} for one in plain):
        raise RuleError("The name holds signs that no name has, such as < or >. Write it in letters.")
    if not any(one.isalpha() for one in plain):
        raise RuleError("The name has no letter. Write it in letters.")
    return plain


def keep_person(
    grant: Grant, key: str, name: str, *, since: date, source: str, reason: str, known_at: datetime | None = None
) -> str:
    """Write down that somebody is called so from a day on, as known from now on; answers the key.

    The same again changes nothing. `source` is the key of a source there is, or of one made of `reason`. A job may
    name an earlier instant. Raises RuleError for a name that is none, and where later knowledge is stored.
    """
    grant.must_be_for("system.correct")
    if known_at is not None and not grant.is_service:
        raise RuleError("T1: what a person records is known from now on. Leave the known time out.")
    plain = checked_name(name)
    if not key or key != key.strip().lower():
        raise RuleError(f"'{key}' is no key of a person; expected small letters, such as a-chair.")
    with transaction.atomic():
        person, _ = Person.objects.get_or_create(key=key, defaults={"id": thing_id("person", key)})
        kept, _ = Source.objects.get_or_create(key=source, defaults={"title": reason})
        about = {"body": None, "area": None, "person": person, "role": "official"}
        basis = Basis(known_at or datetime.now(UTC), kept, grant.actor_id)
        if state(Name, about, {"name": plain}, on_day(since), basis):
            record(grant, "system.keep-person", f"person:{person.pk}", details={"key": key})
    return key


def names_of_people(keys: Iterable[str], valid_on: date, known_at: datetime) -> dict[str, str]:
    """Answer what people are called on a day, by their keys; who is not known is not among them."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, {"keys": list(keys), "on": valid_on, "known": known_at})
        return {key: name or key for key, name in cursor.fetchall()}
