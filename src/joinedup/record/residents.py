"""Opening one resident's record for a page: by which leave, what all sources say, and how we know who it is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import transaction

from joinedup.access import Grant, disclose, grant_for_resident
from joinedup.feeds import ledger, resource_id
from joinedup.identity import (
    METHOD_TITLES,
    IdentityEvent,
    identity_events,
    pending_reviews_for,
    resident_of,
    subjects_of,
)
from joinedup.moment import end_of_day
from joinedup.record import store
from joinedup.record.relations import ods_code
from joinedup.record.sources import every_source
from joinedup.record.statement import OWN, Sender, Statement
from joinedup.record.timeline import IdentityTold, Joined

# What pages read of a person; the rest of a patient's resources is for programs.
_KEPT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """One resident's record, opened by somebody: the id it goes by now, its subjects, and the leave to see it."""

    resident_id: UUID
    subject_ids: tuple[UUID, ...]
    grant: Grant
    at: datetime
    known_at: datetime | None = None


def open_record(request: Any, resident_id: UUID, permission: str, *, purpose: str | None = None) -> OpenRecord:
    """Answer the record of a resident, opened for whoever asks at the moment of the site.

    An id that was joined to another resident leads there. Raises NotSignedIn, Refused and NotFound as
    `grant_for_resident` does: a hidden resident and one that there never was answer alike.
    """
    subjects = subjects_of(resident_id)
    lead = resident_of(resident_id)
    grant = grant_for_resident(request, permission, subjects, resident_id=lead, purpose=purpose)
    is_now = getattr(request, "is_now", True)
    at = datetime.now(UTC) if is_now else end_of_day(request.moment.valid_on)
    return OpenRecord(lead, subjects, grant, at, getattr(request, "known_on", None))


def audit_reading(opened: OpenRecord, *parts: str) -> None:
    """Record that these parts of a record were shown."""
    with transaction.atomic():
        disclose(opened.grant, [opened.resident_id], parts=parts)


def statements_of(opened: OpenRecord, types: Iterable[str] | None = None) -> list[Statement]:
    """Answer what all sources say of the resident, current versions, as pages read it (of these types, when named).

    What a statement refers to by id only (the medicine of a prescription, the place of a stay) is put into it.
    """
    rows = store.everything(opened.grant, opened.subject_ids, types, known_at=opened.known_at)
    contents = [row.content for row in rows]
    _name_what_is_referred_to(opened.grant, rows, contents)
    known = senders()
    return [
        Statement(
            row.id,
            row.subject_id,
            row.type,
            row.version,
            content,
            known.get(row.source) or Sender(row.source, "", row.source, ""),
            row.starts,
            row.ends,
            row.event_at,
            row.stored_at,
            row.author,
        )
        for row, content in zip(rows, contents, strict=True)
    ]


_REFERRED = ("medicationReference",)


def _name_what_is_referred_to(grant: Grant, rows: Sequence[store.Stored], contents: list[dict[str, Any]]) -> None:
    """Put the name of a medicine, place or organisation beside references that bear only an id or an ODS code."""
    wanted: dict[UUID, tuple[str, list[dict[str, Any]]]] = {}
    for row, content in zip(rows, contents, strict=True):
        for reference in _bare_references(content):
            if code := ods_code(reference):
                reference["display"] = organisation_name(code) or code
                continue
            type_, _, source_id = reference["reference"].partition("/")
            id_ = resource_id(row.source, type_, source_id)
            wanted.setdefault(id_, (row.source, []))[1].append(reference)
    if not wanted:
        return
    for found in store.directory(grant, {id_: source for id_, (source, _) in wanted.items()}):
        content = found.content
        concept = content.get("code") if found.type == "Medication" else None
        name = content.get("name") or (concept or {}).get("text")
        if not name and concept:
            name = next((c.get("display") or c.get("code") for c in concept.get("coding") or ()), None)
        if isinstance(name, str):
            for reference in wanted[found.id][1]:
                reference["display"] = name


def _bare_references(content: dict[str, Any]) -> Iterable[dict[str, Any]]:
    found = [content.get("medicationReference"), content.get("serviceProvider"), content.get("managingOrganization")]
    found += [one.get("location") for one in content.get("location") or () if isinstance(one, dict)]
    found += [one.get("actor") for one in content.get("participant") or () if isinstance(one, dict)]
    found += [one for one in content.get("performer") or () if isinstance(one, dict)]
    for reference in found:
        if not reference or reference.get("display"):
            continue
        text = reference.get("reference") or ""
        if text.startswith(("Medication/", "Location/", "Organization/")) or ods_code(reference):
            yield reference


# --- who sends -----------------------------------------------------------------------------------------------------


def senders() -> dict[str, Sender]:
    """Answer every source as the record shows it, with when its last good delivery came."""
    last = _last_good(int(time.monotonic() // 5))
    found = {
        key: Sender(
            key,
            source.organisation,
            organisation_name(source.organisation) or source.name,
            source.setting,
            source.interval_hours,
            last.get(key),
            source.is_simulated,
            source.name,
        )
        for key, source in every_source().items()
    }
    found[OWN] = Sender(OWN, "", "This record", "joinedup")
    return found


@lru_cache(maxsize=2)
def _last_good(_five_seconds: int) -> dict[str, datetime]:
    return ledger.last_good_deliveries()


def organisation_name(code: str) -> str:
    """Answer what the body with this ODS code is called today, "" when none is known."""
    return _named(code, int(time.monotonic() // _KEPT_SECONDS)) if code else ""


@lru_cache(maxsize=10_000)
def _named(code: str, _ten_minutes: int) -> str:
    from joinedup.system.lookup import id_of, names_of

    body = id_of(code)
    return names_of([body]).get(body, "") if body else ""


# --- who is whom ---------------------------------------------------------------------------------------------------


def joins_of(opened: OpenRecord) -> tuple[dict[UUID, Joined], list[IdentityEvent]]:
    """Answer how each subject came to be this resident, and everything that happened to who is whom."""
    events = identity_events(opened.subject_ids)
    joins = {}
    for event in events:
        if event.subject_id == event.resident_id or event.kind in {"parted", "undone"}:
            joins.pop(event.subject_id, None)
        if event.kind in {"joined", "merged"} and event.subject_id != opened.resident_id:
            joins[event.subject_id] = Joined(said_method(event), event.at)
    return joins, events


def said_method(event: IdentityEvent) -> str:
    """Answer how two records are known to be one person, in words, with the weight where a score decided."""
    title = METHOD_TITLES.get(event.method, event.method)
    return f"{title} (weight {event.weight:.1f})" if event.weight is not None else title


def told(events: Iterable[IdentityEvent], senders_by_subject: dict[UUID, Sender]) -> list[IdentityTold]:
    """Answer the moves of subjects as entries of the timeline: joined, merged by the source, parted, undone.

    What one run or decision did in one moment is one entry that names the sources.
    """
    words = {
        "joined": "Records of this person were joined: {names}",
        "merged": "{names} merged two of its records of this person",
        "parted": "A record was parted from others: {names}",
        "undone": "A joining of records of {names} was undone",
    }
    together: dict[tuple[Any, ...], list[IdentityEvent]] = {}
    for event in events:
        key = (event.at, event.kind, event.actor, event.reason)
        together.setdefault(key, []).append(event)
    found = []
    for (at, kind, actor, reason), moved in together.items():
        names = [senders_by_subject[e.subject_id].called if e.subject_id in senders_by_subject else "another record"
                 for e in moved]  # fmt: skip
        methods = dict.fromkeys(said_method(event) for event in moved)
        spoken = {method.casefold() for method in methods}
        details = (*methods, reason) if reason and reason.casefold() not in spoken else tuple(methods)
        title = words[kind].format(names=", ".join(dict.fromkeys(names)))
        found.append(IdentityTold(at, title, details, said_actor(actor)))
    return found


def said_actor(actor: str) -> str:
    """Answer who moved records, for people: a job by its name, a person as one."""
    kind, _, name = actor.partition(":")
    return {"service": f"joinedup ({name})", "user": "a person, on the review page"}.get(kind, "")


def may_also_be_at(opened: OpenRecord) -> list[str]:
    """Answer at which organisations there may be more records of this person, waiting for somebody to decide."""
    known = senders()
    names = []
    for review in pending_reviews_for(opened.subject_ids):
        sender = known.get(review.other_source)
        names.append(sender.organisation_name if sender else organisation_name(review.other_organisation))
    return sorted({name for name in names if name})
