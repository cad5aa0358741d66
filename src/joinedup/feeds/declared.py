"""Which sources are declared, and what has come from each, for those who say where their figures come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joinedup.feeds.values import Source


@dataclass(frozen=True, slots=True)
class DeclaredSource:
    """A source with its deliveries applied by an instant: how many, the newest, how many versions they added."""

    source: Source
    deliveries: int
    newest: datetime | None
    versions: int

    @property
    def feed(self) -> str:
        """Answer how its rows came: the mapping of an extract, `gp` for a practice's FHIR, `letters`, `hl7v2`."""
        if self.source.format == "csv":
            return self.source.mapping
        if self.source.format == "hl7v2":
            return "hl7v2"
        return "gp" if self.source.setting == "gp" else "letters"


def declared_sources(by: datetime) -> list[DeclaredSource]:
    """Answer every declared source, by key, with what had come from it at an instant."""
    from django.db import connection

    from joinedup.feeds import ledger

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT source, count(*), max(received_at), sum(resources_added) FROM feeds_delivery
                WHERE state IN ('applied', 'receiving') AND received_at <= %s GROUP BY source""",
            [by],
        )
        came: dict[str, Any] = {row[0]: row[1:] for row in cursor.fetchall()}
    return [
        DeclaredSource(source, *(came.get(key) or (0, None, 0))) for key, source in sorted(ledger.declared().items())
    ]
