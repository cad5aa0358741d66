"""What is handed over from one team to another, the states it goes through, and the clocks on it (rules: R71, R72).

A referral is a ServiceRequest with a Task; a discharge summary or a clinic letter is a Composition or a
DocumentReference. The resources are the truth; a row of `record_handover` only says to whom, since when and how far,
so that an inbox is one query. `handovers_in` reads both from what a feed brings; `handing_over.keep` stores them.

    requested --> accepted --> in-progress --> completed
        |------> rejected (with a reason: the request stays active, the sender is told)
        |------> withdrawn (by the sender)
    accepted and in-progress may be withdrawn, too. No state is skipped.

A discharge summary or a letter is sent, and then filed by whoever read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from joinedup.errors import RuleError, did_you_mean
from joinedup.feeds import Resource, Source, resource_id
from joinedup.record.extract import span
from joinedup.record.relations import ods_code
from joinedup.record.working_days import after_working_days

Kind = Literal["referral", "discharge_summary", "letter"]
KINDS: tuple[Kind, ...] = ("referral", "discharge_summary", "letter")
# From each state, the ones that may follow, and which side takes the step.
STEPS: dict[str, dict[str, str]] = {
    "requested": {"accepted": "receiver", "rejected": "receiver", "withdrawn": "sender"},
    "accepted": {"in-progress": "receiver", "withdrawn": "sender"},
    "in-progress": {"completed": "receiver", "withdrawn": "sender"},
    "completed": {},
    "rejected": {},
    "withdrawn": {},
    "sent": {"filed": "receiver", "withdrawn": "sender"},
    "filed": {},
}
NEEDS_REASON = frozenset({"rejected", "withdrawn"})
OPEN_STATES = frozenset({"requested", "accepted", "in-progress", "sent"})
# The status of the FHIR Task and of the ServiceRequest in each state of a referral.
TASK_STATUS = {
    "requested": "requested",
    "accepted": "accepted",
    "in-progress": "in-progress",
    "completed": "completed",
    "rejected": "rejected",
    "withdrawn": "cancelled",
}
REQUEST_STATUS = {
    "requested": "active",
    "accepted": "active",
    "in-progress": "active",
    "completed": "completed",
    "rejected": "active",  # The need is still there: somebody else may take it.
    "withdrawn": "revoked",
}
_STATE_OF_TASK = {
    "requested": "requested",
    "received": "requested",
    "ready": "accepted",
    "accepted": "accepted",
    "in-progress": "in-progress",
    "on-hold": "in-progress",
    "completed": "completed",
    "rejected": "rejected",
    "cancelled": "withdrawn",
    "failed": "withdrawn",
    "entered-in-error": "withdrawn",
}
_STATE_OF_REQUEST = {"completed": "completed", "revoked": "withdrawn", "entered-in-error": "withdrawn"}
# A summary of an inpatient stay, and a letter about an outpatient visit (SNOMED CT, LOINC).
_DISCHARGE = frozenset({"373942005", "824331000000106", "18842-5"})
_LETTER = frozenset({"823681000000100"})
# What is older than this when it reaches us is history: it stands in the record, and no inbox waits for it.
HISTORY_AFTER = timedelta(days=14)
SUMMARY_DUE_AFTER = timedelta(hours=24)
LETTER_DUE_AFTER = timedelta(days=7)
REFERRAL_WORKING_DAYS = 2
URGENCIES = ("routine", "urgent", "asap", "stat")


class SkippedState(RuleError):
    """A hand-over goes through its states one by one, each taken by the side whose turn it is."""

    status = 409


@dataclass(frozen=True, slots=True)
class Sent:
    """Something handed over. `id` is that of the ServiceRequest, Composition or DocumentReference.

    `sender` and `receiver` are ODS codes; an empty receiver is the practice where the resident is registered.
    `began_at` starts the clock: when a referral was written, when the stay ended; None when nobody says.
    """

    id: UUID
    subject_id: UUID
    type: str
    kind: Kind
    sender: str
    receiver: str
    urgency: str
    began_at: datetime | None
    sent_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """A state that a hand-over reached, by what a source says; `organisation` took it ("" when it does not say)."""

    handover_id: UUID
    subject_id: UUID
    state: str
    at: datetime | None
    organisation: str
    reason: str = ""


@dataclass(slots=True)
class Handovers:
    """What a batch says of hand-overs: those sent and the steps on them, in the order of the batch."""

    sent: list[Sent] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def handovers_in(resources: Iterable[Resource], source: Source) -> Handovers:
    """Answer the hand-overs among a source's resources. A step may come before, or without, what it is a step of.

    Only what names an organisation as its receiver is a referral to be awaited: an order for a blood test within one
    hospital is none. The clock of a summary starts when the stay ended: by the summary itself, or by the Encounter that
    it names when that comes with it. Other types cost one look-up.
    """
    found = Handovers()
    documents = []
    ends: dict[UUID, datetime] = {}
    for resource in resources:
        reader = _READERS.get(resource.type)
        if reader is not None:
            reader(found, resource, source)
        elif resource.type in {"Composition", "DocumentReference"}:
            documents.append(resource)
        elif resource.type == "Encounter":
            end = _instant((resource.content.get("period") or {}).get("end"))
            if end is not None:
                ends[resource.id] = end
    for resource in documents:
        _read_document(found, resource, source, ends)
    return found


def _read_request(found: Handovers, resource: Resource, source: Source) -> None:
    content = resource.content
    receiver = next((code for one in content.get("performer") or () if (code := ods_code(one))), "")
    sender = ods_code(content.get("requester")) or source.organisation
    if content.get("status") == "draft" or content.get("intent") == "filler-order" or receiver in {"", sender}:
        return
    at = _instant(content.get("authoredOn")) or resource.event_at
    found.sent.append(
        Sent(
            resource.id,
            resource.subject_id,
            resource.type,
            "referral",
            sender,
            receiver,
            content.get("priority") or "routine",
            at,
            resource.event_at or at,
            source.key,
        )
    )
    found.steps.append(Step(resource.id, resource.subject_id, "requested", at, sender))
    ended = _STATE_OF_REQUEST.get(content.get("status") or "")
    if ended:
        found.steps.append(Step(resource.id, resource.subject_id, ended, resource.event_at or at, source.organisation))


def _read_task(found: Handovers, resource: Resource, source: Source) -> None:
    content = resource.content
    named = [content.get("focus"), *(content.get("basedOn") or ())]
    for reference in named:
        text = (reference or {}).get("reference") or ""
        state = _STATE_OF_TASK.get(content.get("status") or "")
        if text.startswith("ServiceRequest/") and state:
            at = _instant(content.get("lastModified") or content.get("authoredOn")) or resource.event_at
            reason = str((content.get("statusReason") or {}).get("text") or "")
            by = ods_code(content.get("owner")) or source.organisation
            request = resource_id(source.key, "ServiceRequest", text.removeprefix("ServiceRequest/"))
            found.steps.append(Step(request, resource.subject_id, state, at, by, reason))
            return


def _read_document(found: Handovers, resource: Resource, source: Source, ends: Mapping[UUID, datetime]) -> None:
    content = resource.content
    kind = kind_of_document(content)
    if kind is None or content.get("status") == "entered-in-error":
        return
    receiver = _receiver_of(content)
    sender = ods_code(content.get("custodian")) or source.organisation
    if receiver == sender:
        return
    written = _instant(content.get("date"))
    ended = _end_of_stay(content) or _end_of_named_stay(content, source, ends)
    found.sent.append(
        Sent(
            resource.id,
            resource.subject_id,
            resource.type,
            kind,
            sender,
            receiver,
            "routine",
            ended or written,
            resource.event_at or written,
            source.key,
        )
    )
    found.steps.append(Step(resource.id, resource.subject_id, "sent", resource.event_at or written, sender))


_READERS = {
    "ServiceRequest": _read_request,
    "Task": _read_task,
}


def kind_of_document(content: Mapping[str, Any]) -> Kind | None:
    """Answer whether a document is a discharge summary or a clinic letter; None for any other."""
    type_ = content.get("type") or {}
    codes = {coding.get("code") for coding in type_.get("coding") or ()}
    if codes & _DISCHARGE:
        return "discharge_summary"
    if codes & _LETTER:
        return "letter"
    words = " ".join([type_.get("text") or "", *(c.get("display") or "" for c in type_.get("coding") or ())]).lower()
    if "discharge" in words and ("summary" in words or "letter" in words):
        return "discharge_summary"
    return "letter" if "clinic letter" in words or "outpatient letter" in words else None


def _receiver_of(content: Mapping[str, Any]) -> str:
    """Answer the organisation to which a document is addressed, by the extensions in use for it; "" when none is."""
    for extension in content.get("extension") or ():
        if "recipient" in (extension.get("url") or "").lower():
            code = ods_code(extension.get("valueReference"))
            if code:
                return code
    return ""


def _end_of_stay(content: Mapping[str, Any]) -> datetime | None:
    periods = [event.get("period") for event in content.get("event") or ()]
    periods.append((content.get("context") or {}).get("period") if isinstance(content.get("context"), dict) else None)
    for period in periods:
        if period and period.get("end"):
            return _instant(period["end"])
    return None


def _end_of_named_stay(content: Mapping[str, Any], source: Source, ends: Mapping[UUID, datetime]) -> datetime | None:
    named = [content.get("encounter")]
    if isinstance(content.get("context"), dict):
        named += content["context"].get("encounter") or ()
    for reference in named:
        text = str((reference or {}).get("reference") or "")
        if text.startswith("Encounter/"):
            end = ends.get(resource_id(source.key, "Encounter", text.removeprefix("Encounter/")))
            if end is not None:
                return end
    return None


def _instant(text: str | None) -> datetime | None:
    return span(text)[0] if text else None


# --- the states ----------------------------------------------------------------------------------------------------


def next_state(state: str, wanted: str, side: str, reason: str = "") -> str:
    """Answer the state after a step; `side` is "sender" or "receiver".

    Raises SkippedState (409) when the step does not follow on the state or is the other side's to take, and RuleError
    when a reason is missing.
    """
    if wanted not in STEPS:
        raise RuleError(f"There is no state '{wanted}'.{did_you_mean(wanted, STEPS)}")
    allowed = STEPS[state]
    if wanted not in allowed:
        after = ", ".join(allowed) or "nothing"
        raise SkippedState(f"This is {state}; after that comes {after}, not {wanted}. Load the page again.")
    if allowed[wanted] != side:
        raise SkippedState(f"Only the {allowed[wanted]} can make this {wanted}.")
    if wanted in NEEDS_REASON and len(reason.strip()) < 5:
        raise RuleError("Give the reason, so that the other side knows what to do now.")
    return wanted


def first_state(kind: Kind) -> str:
    """Answer the state in which something of this kind arrives."""
    return "requested" if kind == "referral" else "sent"


# --- the clocks ----------------------------------------------------------------------------------------------------


def is_awaited(sent: Sent, arrived_at: datetime) -> bool:
    """Answer whether somebody must open it: not when it was already history as it reached us."""
    return sent.began_at is None or arrived_at - sent.began_at <= HISTORY_AFTER


def shifted(row_sent_at: datetime, present: datetime, at: datetime) -> datetime:
    """Answer when something of a simulated source arrived, as if the source's last day were today.

    A simulated source has sent everything at once, up to a day that is fixed so that one seed gives the same files.
    """
    return at - (present - row_sent_at)


def open_by(kind: Kind, arrived_at: datetime) -> datetime:
    """Answer by when somebody of the receiving team must have opened it: after that it stands among the unopened.

    A referral within two working days (R71), a discharge summary within 24 hours, a clinic letter within 7 days.
    """
    if kind == "referral":
        return after_working_days(arrived_at, REFERRAL_WORKING_DAYS)
    return arrived_at + (SUMMARY_DUE_AFTER if kind == "discharge_summary" else LETTER_DUE_AFTER)


def is_sent_in_time(kind: Kind, began_at: datetime, arrived_at: datetime) -> bool:
    """Answer whether it reached the receiver in time: a summary 24 hours after the stay, a letter 7 days (R72)."""
    if kind == "referral":
        return True
    return arrived_at - began_at <= (SUMMARY_DUE_AFTER if kind == "discharge_summary" else LETTER_DUE_AFTER)
