"""What the newest submitted plan of each provider says: activity by point of delivery, and staff by profession."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from django.db import connection

from joinedup.errors import NotFound
from joinedup.planning.models import Plan, Version
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.plan_lines import Code
from joinedup.planning.workforce.beside_plans import PlannedStaff


def submitted_plans(year: str) -> dict[Code, Version]:
    """Answer the newest submitted plan of each provider for a year, by provider."""
    found = {}
    for plan in Plan.objects.filter(year=year, side="provider").order_by("owner"):
        try:
            found[plan.owner] = kept_plans.latest(plan.owner, plan.side, year, states=kept_plans.HANDED_IN)
        except NotFound:
            continue
    return found


def planned_activity(versions: dict[Code, Version]) -> dict[tuple[Code, Code, str], Decimal]:
    """Answer the units that plans hold, by provider, point of delivery and period: a month, or a year in one line."""
    return dict(_activity(tuple(sorted(one.pk for one in versions.values()))))


def planned_staff(versions: dict[Code, Version]) -> list[PlannedStaff]:
    """Answer the workforce lines of plans, added up over services."""
    return list(_staff(tuple(sorted(one.pk for one in versions.values()))))


# A submitted version takes no more lines (trigger of migration 0001), so its sums hold for good.
@lru_cache(maxsize=8)
def _activity(versions: tuple[int, ...]) -> tuple[tuple[tuple[Code, Code, str], Decimal], ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT provider, pod, period, sum(value) FROM planning_line "
            "WHERE version_id = ANY (%s) AND kind = 'activity' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            [list(versions)],
        )
        return tuple(((row[0], row[1], row[2]), row[3]) for row in cursor.fetchall())


@lru_cache(maxsize=8)
def _staff(versions: tuple[int, ...]) -> tuple[PlannedStaff, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT provider, pod, place, period, measure, sum(value) FROM planning_line "
            "WHERE version_id = ANY (%s) AND kind = 'workforce' GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
            [list(versions)],
        )
        return tuple(PlannedStaff(*row) for row in cursor.fetchall())
