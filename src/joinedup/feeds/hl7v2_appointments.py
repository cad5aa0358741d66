"""Appointments: SCH with TQ1 and the AI segments (SIU) as a FHIR Appointment."""

from __future__ import annotations

from datetime import datetime, timedelta

from joinedup.feeds.hl7v2 import Hl7Error, Segment
from joinedup.feeds.hl7v2_taken import Taken, set_all
from joinedup.feeds.hl7v2_types import LOCAL, Json, concept, location, made_id, practitioner, time_text

_BY_TRIGGER = {"S15": "cancelled", "S16": "cancelled", "S17": "entered-in-error", "S26": "noshow"}
# SCH-25, HL7 table 0278, which says the state when the trigger is of a new, moved or changed appointment.
_BY_STATUS = {
    "BOOKED": "booked", "PENDING": "pending", "CANCELLED": "cancelled", "DC": "cancelled",
    "DELETED": "entered-in-error",
    "NOSHOW": "noshow", "COMPLETE": "fulfilled", "STARTED": "arrived", "WAITLIST": "waitlist", "OVERBOOK": "booked",
}  # fmt: skip
_MINUTES = {"MIN": 1.0, "M": 1.0, "MINUTES": 1.0, "MINUTE": 1.0, "S": 1 / 60, "SEC": 1 / 60, "H": 60.0, "HR": 60.0}
# What FHIR allows to have no time yet.
_TIMELESS = ("proposed", "cancelled", "waitlist")
TRIGGERS = {"S12", "S13", "S14", "S15", "S16", "S17", "S26"}


def take_appointment(taken: Taken) -> None:
    """Take the Appointment of a message, known by the clinic's number (SCH-2), else the asker's (SCH-1)."""
    message = taken.message
    sch = message.first("SCH")
    if sch is None:
        raise Hl7Error("missing-required", "SCH", "expected what is said of the appointment")
    filler, placer = sch.text(2), sch.text(1)
    content = taken.begin("Appointment", made_id("appointment", filler or placer or message.id))
    status = _BY_TRIGGER.get(message.trigger) or _BY_STATUS.get(sch.text(25).upper()) or "booked"
    start, end, minutes = _times(message.all("TQ1"), message.all("AIS"), sch)
    if not start and status in ("booked", "pending"):
        status = "proposed"
    numbers = [("appointments", filler), ("placer-appointments", placer)]
    comments = [words for nte in message.all("NTE") if (words := "\n".join(value.whole() for value in nte.values(3)))]
    set_all(
        content,
        identifier=[{"system": f"{LOCAL}/{taken.key}/{line}", "value": text} for line, text in numbers if text],
        status=status,
        serviceType=[found for ais in message.all("AIS") if (found := concept(ais.value(3), taken.key))],
        appointmentType=concept(sch.value(8), taken.key),
        reasonCode=[found for value in sch.values(7) if (found := concept(value, taken.key))],
        start=start,
        end=end,
        minutesDuration=minutes,
        comment="\n".join(comments),
        participant=_participants(taken),
    )
    taken.add(content)


def _times(tq1s: list[Segment], services: list[Segment], sch: Segment) -> tuple[str, str, int | None]:
    """Answer when an appointment starts and ends, and its minutes; both times or none, as FHIR has it."""
    minutes = _minutes(sch.text(9), sch.text(10))
    start = end = ""
    for tq1 in tq1s:
        start, end = start or time_text(tq1, 7), end or time_text(tq1, 8)
    for ais in services:
        start = start or time_text(ais, 4)
        minutes = minutes or _minutes(ais.text(7), ais.text(8))
    start, end = start or time_text(sch, 11, 4), end or time_text(sch, 11, 5)
    if len(start) < 11:
        return "", "", minutes
    if len(end) < 11:
        end = (datetime.fromisoformat(start) + timedelta(minutes=minutes or 0)).isoformat()
    return start, end, minutes


def _minutes(amount: str, unit: str) -> int | None:
    if not amount.isdecimal() or len(amount) > 6:
        return None
    return round(int(amount) * _MINUTES.get(unit.upper(), 1.0)) or None


def _participants(taken: Taken) -> list[Json]:
    message = taken.message
    actors: list[Json] = [taken.subject(), taken.organisation()]
    for aip in message.all("AIP"):
        if one := practitioner(aip.value(3), taken.key):
            actors.append(one)
    for ail in message.all("AIL"):
        if one := location(ail.value(3), taken.key):
            actors.append(one)
    for aig in message.all("AIG"):
        if words := aig.text(3, 2) or aig.text(3):
            actors.append({"display": words})
    return [{"actor": one, "status": "accepted"} for number, one in enumerate(actors) if one not in actors[:number]]
