"""Rosters as they are kept: taken in as versions of a partner's month, all of a call or nothing, and read as sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import NotFound, Refused, RuleError, Unavailable
from joinedup.moment import now
from joinedup.planning.models import Roster
from joinedup.planning.plans.plan_lines import Code, first_day, year_of
from joinedup.planning.plans.system_codes import codes_for
from joinedup.planning.services import SUBMIT, must_act_for
from joinedup.planning.workforce.roster_codes import sectors, skills
from joinedup.planning.workforce.rosters import StaffSum
from joinedup.planning.workforce.rows import RosterReturn, first_of_window, joined_up, read_roster

if TYPE_CHECKING:
    from joinedup.access import Grant

_COLUMNS = ("place, site, profession, staff_group, grade, establishment, in_post, bank, agency, headcount, "
            "joined_month, left_month, skills")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportedRoster:
    """A roster that was taken in: its version, how much is in it, and whether it differs from the one before."""

    partner: Code
    month: str
    number: int
    rows: int
    headcount: int
    is_new: bool


def import_rosters(grant: Grant, files: Iterable[tuple[str, bytes]]) -> list[ImportedRoster]:
    """Take in the rosters of CSV files (name, content): each partner's month as its next version; all or nothing.

    The same rows again make no version. RosterError names every line and field; RuleError a month that has not begun;
    Refused a partner for whom whoever acts may not act: a sector, such as general practice, is the system's.
    """
    grant.must_be_for(SUBMIT)
    codes = lru_cache(maxsize=None)(lambda month: codes_for(year_of(month)))
    read = [
        (name, read_roster(name, content, codes_of=codes, sectors=sectors(), skills=skills()))
        for name, content in files
    ]
    returns = joined_up(read)
    files_by = {(one.partner, one.month): name for name, found in read for one in found}
    for partner in dict.fromkeys(one.partner for one in returns):
        must_act_for_staff(grant, partner)
    today = now().valid_on
    for one in returns:
        if first_day(one.month) > today:
            raise RuleError(f"MD2: a roster of {one.month} cannot be: the month has not begun. Correct the month.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('planning rosters', 0))")
        return [_keep(grant, one, files_by[one.partner, one.month]) for one in returns]


def _keep(grant: Grant, one: RosterReturn, file: str) -> ImportedRoster:
    month = first_day(one.month)
    last = Roster.objects.filter(partner=one.partner, month=month).order_by("-number").first()
    digest = one.content_hash
    if last is not None and last.content_hash == digest:
        return ImportedRoster(one.partner, one.month, last.number, last.rows_count, last.headcount, False)
    kept = Roster.objects.create(
        partner=one.partner, month=month, number=last.number + 1 if last else 1, content_hash=digest,
        rows_count=len(one.rows), headcount=one.headcount, file=file, by=grant.actor_id, at=datetime.now(UTC),
    )  # fmt: skip
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY planning_rosterline (roster_id, {_COLUMNS}) FROM STDIN") as copy,
    ):
        for row in one.rows:
            copy.write_row((kept.pk, *row))
    details = {"month": one.month, "number": kept.number, "rows": kept.rows_count, "people": kept.headcount}
    record(grant, "planning.import-roster", f"roster:{one.partner}", details=details)
    return ImportedRoster(one.partner, one.month, kept.number, kept.rows_count, kept.headcount, True)


def must_act_for_staff(grant: Grant, partner: Code) -> None:
    """Raise Refused when whoever acts may not hand in a partner's return. A sector's is a board's or the system's."""
    if partner not in sectors():
        must_act_for(grant, partner)
        return
    if grant.is_service or grant.body_id is None:
        return
    from joinedup.system import as_of

    moment = now()
    body = as_of(moment.valid_on, moment.known_at).bodies_by_id([grant.body_id]).get(grant.body_id)
    if body is None or body.kind != "icb":
        raise Refused(
            f"The roster of {sectors()[partner]} is handed in by the integrated care board. Ask somebody there."
        )


def months() -> list[str]:
    """Answer the months of which any roster is kept, the latest first."""
    found = Roster.objects.order_by("-month").values_list("month", flat=True).distinct()
    return [f"{month:%Y-%m}" for month in found]


def newest(month: str, *, known_at: datetime | None = None) -> list[Roster]:
    """Answer the newest roster of each partner for a month, now or as it was known at an instant; by partner."""
    every = Roster.objects.filter(month=first_day(month))
    if known_at is not None:
        every = every.filter(at__lte=known_at)
    return list(every.order_by("partner", "-number").distinct("partner"))


def version_of(partner: Code, month: str, number: int) -> Roster:
    """Answer one version of a partner's month; NotFound where there is none."""
    found: Roster | None = Roster.objects.filter(partner=partner, month=first_day(month), number=number).first()
    if found is None:
        raise NotFound(
            f"There is no version {number} of the roster of {partner} for {month}. joinedup plan roster show"
        )
    return found


def staff_of(rosters: Sequence[Roster]) -> list[StaffSum]:
    """Answer the staff of some rosters, added up by place, profession, staff group and grade.

    Unavailable when a roster does not have the rows that were handed in.
    """
    return list(_sums(tuple((one.pk, one.partner, one.month, one.rows_count) for one in rosters)))


def skilled(rosters: Sequence[Roster]) -> dict[tuple[Code, Code, Code, Code], tuple[Decimal, int]]:
    """Answer WTE and people in post who have a skill, by partner, place, profession and skill."""
    return dict(_skilled(tuple((one.pk, one.partner) for one in rosters)))


# What is kept of a roster never changes, so what was added up once holds for good.
@lru_cache(maxsize=16)
def _sums(rosters: tuple[tuple[int, Code, date, int], ...]) -> tuple[StaffSum, ...]:
    said = {pk: (partner, f"{month:%Y-%m}") for pk, partner, month, _ in rosters}
    starts = {pk: first_of_window(f"{month:%Y-%m}") for pk, _, month, _ in rosters}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT line.roster_id, place, profession, staff_group, grade,
                   sum(establishment) FILTER (WHERE left_month IS NULL), sum(in_post) FILTER (WHERE left_month IS NULL),
                   sum(bank), sum(agency), sum(headcount) FILTER (WHERE left_month IS NULL),
                   sum(headcount) FILTER (WHERE joined_month >= start),
                   sum(headcount) FILTER (WHERE left_month >= start),
                   sum(in_post) FILTER (WHERE joined_month >= start), sum(in_post) FILTER (WHERE left_month >= start),
                   count(*)
              FROM planning_rosterline AS line
              JOIN unnest(%s::bigint[], %s::date[]) AS asked (roster_id, start) USING (roster_id)
             GROUP BY line.roster_id, place, profession, staff_group, grade
             ORDER BY line.roster_id, place, profession, grade
            """,
            [list(starts), list(starts.values())],
        )
        rows = cursor.fetchall()
    counted: dict[int, int] = {}
    for row in rows:
        counted[row[0]] = counted.get(row[0], 0) + row[-1]
    for pk, partner, month, many in rosters:
        if counted.get(pk, 0) != many:
            raise Unavailable(f"The roster of {partner} for {month:%Y-%m} has lost rows. Restore a backup.")
    return tuple(
        StaffSum._make(
            (
                *said[row[0]],
                *row[1:5],
                *(value or Decimal(0) for value in row[5:9]),
                *(int(value or 0) for value in row[9:12]),
                *(value or Decimal(0) for value in row[12:14]),
            )
        )
        for row in rows
    )


@lru_cache(maxsize=16)
def _skilled(
    rosters: tuple[tuple[int, Code], ...],
) -> tuple[tuple[tuple[Code, Code, Code, Code], tuple[Decimal, int]], ...]:
    partners = dict(rosters)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT roster_id, place, profession, skill, sum(in_post), sum(headcount)
              FROM planning_rosterline, unnest(string_to_array(skills, ';')) AS skill
             WHERE roster_id = ANY (%s) AND left_month IS NULL AND skills <> ''
             GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
            """,
            [list(partners)],
        )
        return tuple(((partners[row[0]], row[1], row[2], row[3]), (row[4], int(row[5]))) for row in cursor.fetchall())
