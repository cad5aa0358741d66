"""What an HL7 v2 message means: its segments as FHIR R4 resources, stay events and merges (rules: record R13, R14).

What we do not map (accounts and charges, BAR and DFT; triggers that are in no list here) is said to be not mapped; a
type of message that we do not know is refused. Segments that nothing here reads stay in the message, which is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from joinedup.feeds import encounters
from joinedup.feeds.hl7v2 import Hl7Error, Message, Segment
from joinedup.feeds.hl7v2_appointments import TRIGGERS as APPOINTMENT_TRIGGERS, take_appointment
from joinedup.feeds.hl7v2_clinical import take_allergies, take_diagnoses, take_problems, take_procedures
from joinedup.feeds.hl7v2_documents import MDM_TRIGGERS, take_document, take_vaccinations
from joinedup.feeds.hl7v2_encounter import stay_id, take_moved_visits, take_stay, visit_number
from joinedup.feeds.hl7v2_orders import take_medicines, take_orders, take_referral
from joinedup.feeds.hl7v2_patient import patient_id, take_merges, take_next_of_kin, take_patient
from joinedup.feeds.hl7v2_results import take_results
from joinedup.feeds.hl7v2_taken import Taken
from joinedup.feeds.hl7v2_time import When, required
from joinedup.feeds.values import Source

FUTURE = timedelta(hours=24)
# Types that carry nothing of the record: accounts and charges.
NOT_MAPPED = {"BAR", "DFT"}
MERGES = {"A40", "A47"}
# A28 is a new person, A29 one that was deleted, A31 and A08 say what changed, A60 an allergy, A41 merges two accounts.
ADT_TRIGGERS = encounters.TRIGGERS | MERGES | {"A28", "A29", "A41", "A60"}


def event_time(message: Message) -> When:
    """Answer when the thing happened that a message tells: EVN-6, else EVN-2, else MSH-7 (rules: record R8)."""
    evn = message.first("EVN")
    for segment, field in ((evn, 6), (evn, 2), (message.msh, 7)):
        if segment is not None and (text := segment.text(field)):
            return required(text, f"{segment.name}-{field}")
    raise Hl7Error("missing-required", "MSH-7", "expected when the message was made")


def take(message: Message, source: Source, received_at: datetime) -> Taken:
    """Answer what a message says; raises Hl7Error, and nothing else, when it cannot be taken in as a whole."""
    kind = message.type
    if not kind:
        raise Hl7Error("missing-required", "MSH-9", "expected the type of the message")
    if not message.id:
        raise Hl7Error("missing-required", "MSH-10", "expected the id of the message")
    if kind not in _TAKERS and kind not in NOT_MAPPED:
        raise Hl7Error("unknown-type", "MSH-9", f"expected one of {', '.join(sorted({*_TAKERS, *NOT_MAPPED}))}")
    if not is_mapped(message):
        return Taken(message, source, When("", datetime.min.replace(tzinfo=UTC)), is_mapped=False)
    when = event_time(message)
    if when.instant > received_at + FUTURE:
        raise Hl7Error("future-date", "EVN", "expected an event at most 24 hours ahead of its receipt")
    pid = message.first("PID")
    if pid is None:
        raise Hl7Error("missing-required", "PID", "expected whom the message is about")
    pv1 = message.first("PV1")
    patient = patient_id(pid, 3, "PID-3")
    taken = Taken(message, source, when, patient, stay_id(patient, visit_number(pv1, pid)))
    taken.flags.extend(when.flags)
    take_patient(taken, pid, message.first("PD1"))
    _TAKERS[kind](taken, pid, pv1)
    return taken


def is_mapped(message: Message) -> bool:
    """Whether a message of its type and trigger becomes resources."""
    triggers = _TRIGGERS.get(message.type)
    return message.type in _TAKERS and (triggers is None or message.trigger in triggers)


def _take_adt(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    message, trigger = taken.message, taken.message.trigger
    if trigger in MERGES:
        take_merges(taken)
        _take_other_survivors(taken, pid)
    elif trigger == "A45":
        take_moved_visits(taken)
    elif trigger in encounters.TRIGGERS and pv1 is not None:
        take_stay(taken, trigger, pv1, message.first("PV2"))
    if trigger == "A29":
        content, removes = taken.resources["Patient", taken.patient]
        taken.resources["Patient", taken.patient] = (content | {"active": False}, removes)
    _take_clinical(taken)
    take_results(taken, is_report=False)


def _take_other_survivors(taken: Taken, pid: Segment) -> None:
    """Take the patients of the second and later pairs of a message with several merges."""
    first = taken.patient
    for segment in taken.message.all("PID"):
        if segment is not pid:
            taken.patient = patient_id(segment, 3, "PID-3")
            take_patient(taken, segment, None)
    taken.patient = first


def _take_clinical(taken: Taken) -> None:
    names = taken.message.names
    if "NK1" in names:
        take_next_of_kin(taken)
    if "AL1" in names or "IAM" in names:
        take_allergies(taken)
    if "DG1" in names:
        take_diagnoses(taken)
    if "PR1" in names:
        take_procedures(taken)


def _take_report(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    take_results(taken)
    take_orders(taken)


def _take_order(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    _take_clinical(taken)
    take_orders(taken)
    take_results(taken, is_report=False)
    if "RXO" in taken.message.names or "RXE" in taken.message.names:
        take_medicines(taken)


def _take_medicine_order(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    _take_clinical(taken)
    take_medicines(taken)
    take_results(taken, is_report=False)


def _take_schedule(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    take_appointment(taken)
    _take_clinical(taken)
    take_results(taken, is_report=False)


def _take_vaccination(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    _take_clinical(taken)
    take_vaccinations(taken)
    take_results(taken, is_report=False)


def _take_letter(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    take_document(taken)


def _take_referral(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    take_referral(taken)
    _take_clinical(taken)
    take_results(taken)


def _take_problem(taken: Taken, pid: Segment, pv1: Segment | None) -> None:
    take_problems(taken)
    _take_clinical(taken)


_TAKERS: dict[str, Callable[[Taken, Segment, Segment | None], None]] = {
    "ADT": _take_adt,
    "ORU": _take_report,
    "OUL": _take_report,
    "ORM": _take_order,
    "OML": _take_order,
    "OMG": _take_order,
    "REF": _take_referral,
    "RDE": _take_medicine_order,
    "RDS": _take_medicine_order,
    "SIU": _take_schedule,
    "VXU": _take_vaccination,
    "MDM": _take_letter,
    "PPR": _take_problem,
}
_TRIGGERS = {"ADT": ADT_TRIGGERS, "SIU": APPOINTMENT_TRIGGERS, "MDM": MDM_TRIGGERS}
