"""A hospital stay from the events that were told of it, in the order in which they happened.

The events of a stay may come in any order and any number of deliveries; folding all of them, sorted by when they
happened, always ends in the same Encounter. A cancel takes back the latest event of its kind that stands (rules:
record R8, R10, R13).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from joinedup.feeds.values import EncounterEvent

ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
NULL_FLAVOURS = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
CLASSES = {
    "IMP": {"system": ACT_CODES, "code": "IMP", "display": "inpatient encounter"},
    "AMB": {"system": ACT_CODES, "code": "AMB", "display": "ambulatory"},
    "EMER": {"system": ACT_CODES, "code": "EMER", "display": "emergency"},
    "PRENC": {"system": ACT_CODES, "code": "PRENC", "display": "pre-admission"},
    "UNK": {"system": NULL_FLAVOURS, "code": "UNK", "display": "unknown"},
}

PLANS, STARTS, MOVES, ENDS = {"A05", "A14"}, {"A01", "A04"}, {"A02", "A09", "A10"}, {"A03"}
CLASS_CHANGES = {"A06": "IMP", "A07": "AMB"}
# What each cancel takes back (HL7 v2, chapter 3).
CANCELS = {
    "A11": {"A01", "A04"},
    "A12": {"A02"},
    "A13": {"A03"},
    "A25": {"A16"},
    "A26": {"A15"},
    "A27": {"A14"},
    "A38": {"A05"},
}
# Triggers that tell of a stay without starting, moving or ending it.
TELLS = {"A08", "A15", "A16", "A31", "A45"}
TRIGGERS = PLANS | STARTS | MOVES | ENDS | set(CLASS_CHANGES) | set(CANCELS) | TELLS
NOTHING_TO_CANCEL = "nothing-to-cancel"
# What a message may say of a stay that the Encounter shows as it is; the latest word stands.
_SHOWN = ("type", "serviceType", "priority", "participant", "reasonCode", "serviceProvider", "identifier")


def fold(events: Sequence[EncounterEvent]) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Answer the Encounter (FHIR R4) that all events of one stay amount to, or None when there are none, and flags.

    When everything that was told of the stay was cancelled, it has the status `entered-in-error`, or `cancelled` if it
    had only been planned. A flag `nothing-to-cancel` stands for each cancel whose event is not among the events.
    """
    if not events:
        return None, ()
    standing, cancels, unmatched = _standing(events)
    stay = _Stay()
    for event in standing:
        stay.take(event)
    for event in unmatched:
        stay.take_unmatched_cancel(event)
    if not standing:
        last = cancels[-1]
        stay.told = dict(last.content)
        if last.trigger in ("A11", "A27", "A38"):
            stay.status = "entered-in-error" if any(one.trigger == "A11" for one in cancels) else "cancelled"
    elif not stay.status_is_told and any(one.trigger == "A11" for one in cancels):
        stay.status = "entered-in-error"
    elif not stay.status_is_told and any(one.trigger in ("A27", "A38") for one in cancels):
        stay.status = "cancelled"
    return stay.encounter(events[0].patient, events[0].encounter), (NOTHING_TO_CANCEL,) * len(unmatched)


def _standing(
    events: Sequence[EncounterEvent],
) -> tuple[list[EncounterEvent], list[EncounterEvent], list[EncounterEvent]]:
    """Answer the events that no cancel took back, the cancels, and the cancels that found nothing, in event time."""
    # A cancel may bear the very time of what it takes back, so at equal times it comes after it.
    ordered = sorted(events, key=lambda event: (event.event_at, event.sequence, event.trigger in CANCELS))
    standing: list[EncounterEvent] = []
    cancels: list[EncounterEvent] = []
    unmatched: list[EncounterEvent] = []
    for event in ordered:
        cancelled = CANCELS.get(event.trigger)
        if cancelled is None:
            standing.append(event)
            continue
        cancels.append(event)
        for number in range(len(standing) - 1, -1, -1):
            if standing[number].trigger in cancelled:
                del standing[number]
                break
        else:
            unmatched.append(event)
    return standing, cancels, unmatched


class _Stay:
    """The state of one stay while its events are read."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.status = "unknown"
        self.status_is_told = False
        self.start: str | None = None
        self.end: str | None = None
        self.locations: list[tuple[dict[str, Any], str]] = []
        self.classes: list[tuple[dict[str, Any], str]] = []

    def take(self, event: EncounterEvent) -> None:
        content, at = event.content, str(event.content.get("at") or event.event_at.isoformat())
        for name, value in content.items():
            if value is None:  # `""` in the message: what was said before is taken back
                self.told.pop(name, None)
            else:
                self.told[name] = value
        trigger = event.trigger
        if trigger in PLANS:
            self._now("planned")
        elif trigger in STARTS:
            if self.status != "in-progress":
                self.locations = []
            self._now("in-progress")
            self.start, self.end = str(content.get("start") or at), None
        elif trigger in ENDS:
            self._now("finished")
            self.end = str(content.get("end") or at)
        elif trigger in CLASS_CHANGES and not self.status_is_told:
            self._now("in-progress")
        elif trigger in TELLS and self.status == "finished" and content.get("end"):
            self.end = str(content["end"])  # a correction of the discharge time
        self._place(event, at)
        kind = content.get("class") or (CLASSES[CLASS_CHANGES[trigger]] if trigger in CLASS_CHANGES else None)
        if kind and (not self.classes or self.classes[-1][0] != kind):
            if self.classes and trigger not in CLASS_CHANGES and trigger not in STARTS:
                self.classes[-1] = (kind, self.classes[-1][1])  # told later, not changed
            else:
                self.classes.append((kind, self.start or at if not self.classes else at))

    def take_unmatched_cancel(self, event: EncounterEvent) -> None:
        """A discharge that is taken back was told of a person who is here, also when the admission never came."""
        if event.trigger == "A13" and not self.status_is_told:
            self._now("in-progress")
            self.told = {**event.content, **self.told}

    def _now(self, status: str) -> None:
        self.status, self.status_is_told = status, True

    def _place(self, event: EncounterEvent, at: str) -> None:
        location = event.content.get("location")
        if not location or (self.locations and self.locations[-1][0] == location):
            return
        if event.trigger in MOVES | STARTS | set(CLASS_CHANGES) or not self.locations:
            self.locations.append((location, at))
        elif event.trigger in TELLS:
            self.locations[-1] = (location, self.locations[-1][1])  # said better, not moved

    def encounter(self, patient: str, number: str) -> dict[str, Any]:
        told = self.told
        start, end = self.start or told.get("start"), self.end
        if not self.status_is_told and self.status == "unknown":
            # Only updates came. Their own admission and discharge times say where the stay stands.
            end = told.get("end")
            self.status = "finished" if end else "in-progress" if start else "unknown"
        if self.status == "planned":
            start, end = told.get("expected_start"), told.get("expected_end")
        content: dict[str, Any] = {"resourceType": "Encounter", "id": number}
        if told.get("meta"):
            content["meta"] = told["meta"]
        if told.get("discharge_method"):
            content["extension"] = [told["discharge_method"]]
        content["status"] = self.status
        content["class"] = self.classes[-1][0] if self.classes else told.get("class") or CLASSES["UNK"]
        content["subject"] = {"reference": f"Patient/{patient}"}
        for name in _SHOWN:
            if told.get(name):
                content[name] = told[name]
        period = {name: value for name, value in (("start", start), ("end", end)) if value}
        if period:
            content["period"] = period
        if len(self.classes) > 1:
            content["classHistory"] = [
                {"class": kind, "period": _period(since, until)}
                for (kind, since), until in zip(self.classes, _untils(self.classes, end), strict=True)
            ]
        if told.get("hospitalization"):
            content["hospitalization"] = told["hospitalization"]
        if self.locations:
            content["location"] = self._stations(end)
        return content

    def _stations(self, end: str | None) -> list[dict[str, Any]]:
        if self.status == "planned":
            return [{"location": self.locations[-1][0], "status": "planned"}]
        stations = []
        for (location, since), until in zip(self.locations, _untils(self.locations, end), strict=True):
            status = "completed" if until else "active"
            stations.append({"location": location, "status": status, "period": _period(since, until)})
        return stations


def _untils(dated: Sequence[tuple[Any, str]], end: str | None) -> list[str | None]:
    return [*(since for _, since in dated[1:]), end]


def _period(since: str, until: str | None) -> dict[str, str]:
    return {"start": since, "end": until} if until else {"start": since}
