"""Leave for the acts of planning, and two small plans that disagree, as they are kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from tests.spec.planning.plans import activity, commissioner, price, provider

from joinedup.access import Grant
from joinedup.planning import PlanVersion, services
from joinedup.planning.models import Version

SUBMIT, RESOLVE, SIGN = services.SUBMIT, services.RESOLVE, services.SIGN
OURS = commissioner(
    activity("110", "DC", "2026-04", 940), activity("110", "EL", "2026-04", 180), price("110", "DC", 1100)
)  # fmt: skip
THEIRS = provider(
    activity("110", "DC", "2026-04", 1001), activity("110", "EL", "2026-04", 176), price("110", "DC", 1100)
)  # fmt: skip
LATER = date(2099, 1, 1)


def grant(permission: str, name: str = "Mei Sample", body_id: UUID | None = None) -> Grant:
    return Grant(
        f"user:{name.split()[0].lower()}", name, "planner", body_id, "planning", permission, datetime.now(UTC), "test"
    )  # fmt: skip


def handed_in(plan: PlanVersion) -> Version:
    version = services.store_plan(grant(SUBMIT), plan)
    return services.submit(grant(SUBMIT), version.pk)
