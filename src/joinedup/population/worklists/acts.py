"""Sending a cohort back to the record side: asked for direct care, approved by the Caldicott guardian, opened by teams.

A cohort is a set of pseudonyms. Only here are they turned back, in the act of approval, by the record that made them;
what is kept is a subject of the record for each. Whoever opens a worklist sees those residents whose record they may
open anyway, and not how many others there are. Whoever asked is told no number: counting is another permission, with a
register against differencing. Only who decides sees the protected count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from joinedup.access import (
    Grant,
    disclose,
    grant_for_resident,
    grants_for_residents,
    purpose_of,
    record,
    relationship_in_words,
    service_grant,
)
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.identity import resident_of, residents_of, subjects_by_number, subjects_of, subjects_of_many
from joinedup.population.models import Worklist, WorklistEntry, WorklistMark, WorklistStep
from joinedup.population.pseudonym import keys_for
from joinedup.population.worklists import rules

ASK: Final = "population.ask_worklist"
APPROVE: Final = "population.approve_worklist"
WORK: Final = "population.worklist"
PURPOSE: Final = "direct-care"
PER_PAGE: Final = 50
MOST_LISTS: Final = 100
_LOCK: Final = 0x574F524B


@dataclass(frozen=True, slots=True)
class WantedWorklist:
    """What somebody asks for: a cohort's sentences, a title, for which purpose and why."""

    title: str
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    purpose: str = PURPOSE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A resident on an opened worklist, as whoever opened it may see them."""

    entry_id: UUID
    resident_id: UUID
    name: str
    born: date | None
    nhs_number: str
    relationship: str
    state: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened worklist: one page of the residents whom the reader may see. Others are as if they were not on it."""

    number: int
    title: str
    rows: tuple[Row, ...]
    page: int
    pages: int
    people: int
    to_do: int


# --- asking and deciding ----------------------------------------------------------------------------------------------


def ask_worklist(asker: Any, grant: Grant, wanted: WantedWorklist, *, request_id: UUID | None = None) -> int:
    """Put a worklist before the Caldicott guardian; answers its number. The same `request_id` twice is one.

    `asker` is who acts (a request or a user), by whom it is known whether their role has the purpose. Raises Refused
    where it has not, RuleError for a cohort that says nothing or a reason that is none, NotFound without a snapshot.
    """
    from joinedup.population.cohorts import cohort
    from joinedup.population.snapshot import open_snapshot

    grant.must_be_for(ASK)
    if wanted.purpose != PURPOSE:
        raise Refused("A cohort is sent back for direct care only.")
    purpose_of(asker, ASK, wanted.purpose, datetime.now(UTC))
    if len(wanted.title.strip()) < 5 or len(wanted.reason.strip()) < rules.LEAST_REASON:
        raise RuleError("Give a title of a few words, and say in a sentence why these people are to be seen.")
    chosen = cohort(include=wanted.include, exclude=wanted.exclude)
    if request_id is not None and (known := Worklist.objects.filter(request_id=request_id).first()):
        return int(known.number)
    snapshot = open_snapshot()
    _must_be_from_the_record(snapshot)
    persons = _persons(snapshot, chosen.include, chosen.exclude)
    at = datetime.now(UTC)
    with transaction.atomic():
        made = Worklist.objects.create(
            title=wanted.title.strip(), include=list(chosen.include), exclude=list(chosen.exclude),
            snapshot=snapshot.id, revision=int(snapshot.manifest.get("revision", 1)),
            people=rules.people_said(len(persons)),
            purpose=wanted.purpose,
            reason=wanted.reason.strip(), asked_by=grant.actor_id, asked_name=grant.actor_name,
            asked_role=grant.role or "", asked_body=grant.body_id, asked_at=at, request_id=request_id,
        )  # fmt: skip
        _add(grant, made, "asked", wanted.reason)
        record(grant, ASK, f"worklist:{made.number}", details=_said(made))
    return int(made.number)


def approve_worklist(grant: Grant, number: int, reason: str) -> rules.TurnedBack:
    """Approve a worklist and turn its pseudonyms back at the source.

    Raises Refused, audited, for whoever asked for it; RuleError when it waits no more, or its snapshot is gone.
    """
    from joinedup.population.snapshot import open_snapshot

    grant.must_be_for(APPROVE)
    _refuse_asker(grant, number, APPROVE)
    _must_give_reason(reason)
    with transaction.atomic():
        made = _locked(number)
        rules.must_follow(_steps(made), "approved")
        try:
            snapshot = open_snapshot(made.snapshot)
        except NotFound:
            raise RuleError("The snapshot of this worklist is gone. Whoever asked has to ask again.") from None
        found = _turn_back(snapshot, made)
        WorklistEntry.objects.bulk_create(
            [WorklistEntry(id=uuid4(), worklist=made, subject_id=one) for one in sorted(found.subjects)]
        )
        _add(grant, made, "approved", reason)
        counts = {"people": len(found.subjects), "unsure": found.unsure, "not_found": found.not_found}
        record(grant, APPROVE, f"worklist:{number}", details={**_said(made), **counts})
        custodian = service_grant(
            "population.custodian", f"{made.purpose}: turn the pseudonyms of a cohort back", grant.actor_id
        )
        record(custodian, "population.turn_back", f"worklist:{number}", details={**_said(made), **counts})
    return found


def refuse_worklist(grant: Grant, number: int, reason: str) -> None:
    """Refuse a worklist, with the reason that whoever asked will read."""
    grant.must_be_for(APPROVE)
    _refuse_asker(grant, number, APPROVE)
    _must_give_reason(reason)
    _step(grant, number, "refused", "population.refuse_worklist", reason)


def close_worklist(grant: Grant, number: int, reason: str) -> None:
    """Close a worklist: nobody opens it any more. Whoever asked closes theirs, the Caldicott guardian any."""
    if grant.permission != APPROVE:
        grant.must_be_for(ASK)
        if worklist(number).asked_by != grant.actor_id:
            raise NotFound("There is no such worklist.")
    _step(grant, number, "closed", "population.close_worklist", reason)


# --- working it -------------------------------------------------------------------------------------------------------


def lists_for(asker: Any) -> list[tuple[Worklist, int]]:
    """Answer the open worklists on which there are residents whom the asker may see, the newest first, and how many."""
    at = datetime.now(UTC)
    found = []
    for one in in_state("approved").order_by("-number")[:MOST_LISTS]:
        mine = grants_for_residents(asker, WORK, _residents(one), purpose=PURPOSE, at=at)
        if mine:
            found.append((one, len(mine)))
    return found


def open_worklist(asker: Any, grant: Grant, number: int, page: int = 1) -> Opened:
    """Open a worklist: residents whose record the asker may open for direct care. Each is disclosed to them, audited.

    Raises NotFound where there is none that is open, or nobody on it whom the asker may see.
    """
    grant.must_be_for(WORK)
    at = datetime.now(UTC)
    made = _worked(number)
    residents = _residents(made)
    grants = grants_for_residents(asker, WORK, residents, purpose=PURPOSE, at=at)
    if not grants:
        _denied(grant, number)
        raise NotFound("There is no such worklist, or nobody on it whose record you may open.")
    entry_of = _entry_of(made, grants)
    marks = _marks(entry_of.values())
    pages = -(-len(grants) // PER_PAGE)
    page = min(max(page, 1), pages)
    ordered = sorted(grants, key=lambda resident: (_state(marks, entry_of[resident]) != "to do", resident))
    shown = ordered[(page - 1) * PER_PAGE : page * PER_PAGE]
    with transaction.atomic():
        rows = tuple(_row(one, residents[one], grants[one], entry_of[one], marks, at) for one in shown)
        by_grant: dict[tuple[Any, ...], list[UUID]] = defaultdict(list)
        for one in shown:
            by_grant[grants[one].relationship, grants[one].role, grants[one].body_id].append(one)
        for same in by_grant.values():
            disclose(grants[same[0]], same, WORK, parts=["demographics", "worklist"], details={"worklist": number})
        if not made.steps.filter(step="opened", who=grant.actor_id).exists():
            _add(grant, made, "opened", "")
    to_do = sum(_state(marks, entry) == "to do" for entry in entry_of.values())
    return Opened(number, made.title, rows, page, pages, len(grants), to_do)


def mark_entry(asker: Any, grant: Grant, number: int, entry_id: UUID, state: str) -> None:
    """Mark a resident of a worklist as done, not needed, or to do again: a new mark, beside those before.

    Raises NotFound alike for somebody who is not on it and for one whose record the asker may not open.
    """
    grant.must_be_for(WORK)
    if state not in rules.STATES:
        raise RuleError(f"Choose one of: {', '.join(rules.STATES.values())}.")
    made = _worked(number)
    entry = WorklistEntry.objects.filter(worklist=made, id=entry_id).first()
    resident = resident_of(entry.subject_id) if entry else None
    subjects = subjects_of(entry.subject_id) if entry else ()
    theirs = grant_for_resident(asker, WORK, subjects, purpose=PURPOSE, resident_id=resident)
    assert entry is not None
    with transaction.atomic():
        WorklistMark.objects.create(
            entry=entry, state=state, who=theirs.actor_id, name=theirs.actor_name, role=theirs.role or "",
            at=datetime.now(UTC),
        )  # fmt: skip
        record(theirs, "population.mark", f"resident:{resident}", details={"worklist": number, "state": state})


# --- reading ----------------------------------------------------------------------------------------------------------


def worklist(number: int) -> Worklist:
    found = Worklist.objects.prefetch_related("steps").filter(number=number).first()
    if found is None:
        raise NotFound("There is no such worklist.")
    return found


def state_of(made: Worklist) -> str:
    return rules.state_of(_steps(made))


def steps_of(made: Worklist) -> list[WorklistStep]:
    return sorted(made.steps.all(), key=lambda step: step.pk)


def in_state(state: str) -> QuerySet[Worklist]:
    """Answer the worklists that are "waiting", "approved" (open), or "decided": approved, refused or closed."""

    def has(*steps: str) -> Exists:
        return Exists(WorklistStep.objects.filter(worklist=OuterRef("pk"), step__in=steps))

    chosen = {
        "waiting": ~has("approved", "refused", "closed"),
        "approved": has("approved") & ~has("refused", "closed"),
        "decided": has("approved", "refused", "closed"),
    }[state]
    return Worklist.objects.filter(chosen).prefetch_related("steps")


# --- inside -----------------------------------------------------------------------------------------------------------


def _persons(snapshot: Any, include: Sequence[str], exclude: Sequence[str]) -> frozenset[str]:
    """Answer the pseudonyms in a cohort on the day on which pages count it."""
    from joinedup.population.cohorts import Cohort

    found = Cohort(tuple(include), tuple(exclude)).people(snapshot, at=snapshot.months[-1])
    return frozenset(found.execute()["person"])


def _turn_back(snapshot: Any, made: Worklist) -> rules.TurnedBack:
    _must_be_from_the_record(snapshot)
    keys = keys_for(snapshot.manifest["recipient"], snapshot.manifest["key_version"])
    by_number, others = subjects_by_number()
    return rules.turned_back(
        _persons(snapshot, made.include, made.exclude), by_number, others,
        of_number=keys.of_number, of_person=keys.of_person, resident_of=residents_of,
    )  # fmt: skip


def _must_be_from_the_record(snapshot: Any) -> None:
    if snapshot.manifest.get("origin") != "record":
        raise RuleError("This snapshot was made of another server's export: its pseudonyms lead to nobody here.")


def _residents(made: Worklist) -> dict[UUID, tuple[UUID, ...]]:
    """Answer the residents of a worklist as they are now, each with all their subjects."""
    subjects = made.entries.values_list("subject_id", flat=True)
    return subjects_of_many(set(residents_of(subjects).values()))


def _entry_of(made: Worklist, residents: Any) -> dict[UUID, WorklistEntry]:
    """Answer the entry of each of these residents; where two were joined since, the first."""
    entries = {entry.subject_id: entry for entry in made.entries.order_by("-id")}
    lead = residents_of(entries)
    return {lead[subject]: entry for subject, entry in entries.items() if lead[subject] in residents}


def _marks(entries: Any) -> dict[UUID, WorklistMark]:
    newest = WorklistMark.objects.filter(entry__in=list(entries)).order_by("entry_id", "-id").distinct("entry_id")
    return {mark.entry_id: mark for mark in newest}


def _state(marks: dict[UUID, WorklistMark], entry: WorklistEntry) -> str:
    return marks[entry.id].state if entry.id in marks else "to do"


def _row(
    resident: UUID, subjects: tuple[UUID, ...], grant: Grant, entry: WorklistEntry, marks: dict[UUID, WorklistMark],
    at: datetime,
) -> Row:  # fmt: skip
    from joinedup.record.residents import OpenRecord, statements_of
    from joinedup.record.summary import identity_of

    who = identity_of(statements_of(OpenRecord(resident, subjects, grant, at), ["Patient"]), at, resident)
    mark = marks.get(entry.id)
    return Row(
        entry.id, resident, who.name, who.born, who.nhs_number_said, relationship_in_words(grant.relationship),
        mark.state if mark else "to do", mark.name if mark else "", mark.at if mark else None,
    )  # fmt: skip


def _worked(number: int) -> Worklist:
    made = Worklist.objects.prefetch_related("steps").filter(number=number).first()
    if made is None or rules.state_of(_steps(made)) != "approved":
        raise NotFound("There is no such worklist, or nobody on it whose record you may open.")
    return made


def _denied(grant: Grant, number: int) -> None:
    with transaction.atomic():
        record(grant, WORK, f"worklist:{number}", outcome="denied", details={"because": "no relationship"})


def _steps(made: Worklist) -> list[str]:
    return [step.step for step in steps_of(made)]


def _said(made: Worklist) -> dict[str, Any]:
    return {
        "purpose": made.purpose, "snapshot": made.snapshot, "include": list(made.include),
        "exclude": list(made.exclude),
    }  # fmt: skip


def _add(grant: Grant, made: Worklist, step: str, reason: str) -> None:
    WorklistStep.objects.create(
        worklist=made, step=step, who=grant.actor_id, name=grant.actor_name, role=grant.role or "",
        at=datetime.now(UTC), reason=reason.strip(),
    )  # fmt: skip


def _step(grant: Grant, number: int, step: str, action: str, reason: str) -> None:
    with transaction.atomic():
        made = _locked(number)
        rules.must_follow(_steps(made), step)
        _add(grant, made, step, reason)
        record(grant, action, f"worklist:{number}", details=_said(made))


def _locked(number: int) -> Worklist:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    return worklist(number)


def _refuse_asker(grant: Grant, number: int, action: str) -> None:
    if worklist(number).asked_by != grant.actor_id:
        return
    with transaction.atomic():
        record(grant, action, f"worklist:{number}", outcome="denied", details={"because": "asked by the same person"})
    raise Refused("You asked for this worklist yourself. Another Caldicott guardian decides on it.")


def _must_give_reason(reason: str) -> None:
    if len(reason.strip()) < rules.LEAST_REASON:
        raise RuleError("Say why, in a sentence.")
