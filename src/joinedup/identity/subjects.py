"""Keeping subjects as intake meets them: one COPY and one INSERT a batch, in intake's own transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from joinedup.identity.standardise import plausible_birth
from joinedup.identity.values import SubjectSeen

# The columns of a subject in the order of the temporary table; the first is the key.
_COLUMNS = (
    "subject_id", "source", "source_id", "organisation", "setting", "is_duplicate_free", "is_withheld", "nhs_number",
    "is_verified", "former_numbers", "family", "given", "middle", "other_families", "other_givens", "birth_date",
    "death_date", "sex", "postcode", "house", "phone", "email", "seen_at", "changed_at",
)  # fmt: skip
_TYPES = (
    "uuid", "text", "text", "text", "text", "bool", "bool", "text", "bool", "text[]", "text", "text", "text", "text[]",
    "text[]", "date", "date", "text", "text", "text", "text", "text", "timestamptz", "timestamptz",
)  # fmt: skip
_SAID = [column for column in _COLUMNS[1:] if column not in ("seen_at", "changed_at")]
_TEMPORARY = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS identity_seen (LIKE identity_subject) ON COMMIT DELETE ROWS;"
    "TRUNCATE identity_seen"  # a second batch in one transaction
)
# What an older message says does not replace what a newer one said; what is the same changes nothing and costs no link.
_KEEP = f"""
WITH kept AS (
    INSERT INTO identity_subject ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM identity_seen
    ON CONFLICT (subject_id) DO UPDATE SET {", ".join(f"{column} = EXCLUDED.{column}" for column in _COLUMNS[1:])}
    WHERE EXCLUDED.seen_at >= identity_subject.seen_at
      AND ({", ".join(f"identity_subject.{column}" for column in _SAID)})
          IS DISTINCT FROM ({", ".join(f"EXCLUDED.{column}" for column in _SAID)})
    RETURNING subject_id
)
INSERT INTO identity_unlinked (subject_id) SELECT subject_id FROM kept
"""  # noqa: S608  # nosec B608 (own words only)


def keep_subjects(rows: Iterable[SubjectSeen]) -> None:
    """Keep what was seen of these subjects, in the open transaction; what is new or changed waits to be linked.

    Of one subject seen twice in a batch the newer counts. What is unchanged is skipped.
    """
    from django.db import connection

    newest: dict[UUID, SubjectSeen] = {}
    for row in rows:
        before = newest.get(row.subject_id)
        if before is None or row.seen_at >= before.seen_at:
            newest[row.subject_id] = row
    if not newest:
        return
    at = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute(_TEMPORARY)
        statement = f"COPY identity_seen ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
        with connection.wrap_database_errors, cursor.copy(statement) as copy:
            copy.set_types(_TYPES)
            # In the order of the key, so that two processes never wait for each other crosswise.
            for _, row in sorted(newest.items()):
                copy.write_row(_row(row, at))
        cursor.execute(_KEEP)


def _row(seen: SubjectSeen, at: datetime) -> tuple[Any, ...]:
    said, source = seen.fields, seen.source
    return (
        seen.subject_id, source.key, seen.source_id, source.organisation, source.setting, source.duplicate_free,
        said.is_withheld, said.nhs_number, said.is_verified, list(said.former_numbers), said.family, said.given,
        said.middle, list(said.other_families), list(said.other_givens),
        plausible_birth(said.birth_date, seen.seen_at.date()), said.death_date, said.sex, said.postcode, said.house,
        said.phone, said.email, seen.seen_at, at,
    )  # fmt: skip
