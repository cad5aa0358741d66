"""Allergies (AL1, IAM), diagnoses and problems (DG1, PRB) and procedures (PR1) of a message as FHIR resources."""

from __future__ import annotations

from joinedup.feeds.hl7v2 import Hl7Error, Segment, Value
from joinedup.feeds.hl7v2_taken import Taken, set_all
from joinedup.feeds.hl7v2_types import LOCAL, Json, coded, concept, made_id, notes, practitioner, time_text

_ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_ALLERGY_VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"

_ALLERGY_CATEGORIES = {"DA": "medication", "FA": "food", "EA": "environment", "LA": "environment", "PA": "environment"}
# HL7 table 0128; moderate is neither low nor high, and is kept as the severity of the reaction alone.
_CRITICALITIES = {"SV": "high", "MI": "low", "U": "unable-to-assess"}
_SEVERITIES = {"SV": "severe", "MO": "moderate", "MI": "mild"}
_IAM_STATES = {  # HL7 table 0438
    "U": ("active", "unconfirmed"), "P": ("active", "unconfirmed"), "S": ("active", "unconfirmed"),
    "C": ("active", "confirmed"), "I": ("inactive", "confirmed"), "E": ("", "entered-in-error"),
    "D": ("active", "unconfirmed"),
}  # fmt: skip


def take_allergies(taken: Taken) -> None:
    """Take an AllergyIntolerance for each AL1 and IAM.

    An allergy without code and words is refused, not skipped: a missing allergy harms. Raises Hl7Error.
    """
    for segment in taken.message.all("AL1"):
        content = _allergy(taken, segment, made_id("AL1", taken.patient, _key(_substance(segment))))
        onset = time_text(segment, 6)
        states = {"clinicalStatus": coded(_ALLERGY_CLINICAL, "active")}
        set_all(content, **states, onsetDateTime=onset)
        taken.add(content)
    for segment in taken.message.all("IAM"):
        number = segment.text(7) or _key(_substance(segment))
        content = _allergy(taken, segment, made_id("IAM", taken.patient, number))
        deleted = segment.text(6).upper() == "D"
        clinical, verification = _IAM_STATES.get(segment.text(17).upper(), ("active", ""))
        if deleted:
            clinical, verification = "", "entered-in-error"
        set_all(
            content,
            clinicalStatus=coded(_ALLERGY_CLINICAL, clinical) if clinical else None,
            verificationStatus=coded(_ALLERGY_VERIFICATION, verification) if verification else None,
            onsetDateTime=time_text(segment, 11),
            recordedDate=time_text(segment, 13) or time_text(segment, 20),
            recorder=practitioner(segment.value(18), taken.key),
        )
        taken.add(content)


def _substance(segment: Segment) -> Value:
    value = segment.value(3)
    if value is None or not (value[1] or value[2] or value[4] or value[5] or value[9]):
        raise Hl7Error("missing-required", f"{segment.name}-3", "expected the substance, as a code or in words")
    return value


def _allergy(taken: Taken, segment: Segment, id_: str) -> Json:
    content = taken.begin("AllergyIntolerance", id_)
    severity = segment.text(4).upper()
    reactions = [{"text": words} for value in segment.values(5) if (words := value[2] or value[1])]
    category = _ALLERGY_CATEGORIES.get(segment.text(2).upper())
    reaction: Json = {}
    if reactions:
        reaction["manifestation"] = reactions
        set_all(reaction, severity=_SEVERITIES.get(severity))
    return set_all(
        content,
        category=[category] if category else None,
        criticality=_CRITICALITIES.get(severity),
        code=concept(_substance(segment), taken.key),
        patient=taken.subject(),
        encounter=taken.in_encounter(),
        reaction=[reaction] if reaction else None,
    )


def take_diagnoses(taken: Taken) -> None:
    """Take a Condition for each DG1, of the stay that the message is about."""
    for segment in taken.message.all("DG1"):
        value = segment.value(3)
        code = concept(value, taken.key, segment.text(4))
        if code is None:
            taken.warnings.append("diagnosis-without-words")
            continue
        number = segment.text(20)
        id_ = (
            made_id("DG1", taken.patient, number)
            if number
            else made_id("DG1", taken.patient, taken.encounter, _key(value))
        )
        content = taken.begin("Condition", id_)
        kind = segment.text(6).upper()
        verification = "entered-in-error" if segment.text(21).upper() == "D" else _VERIFICATION.get(kind, "")
        set_all(
            content,
            verificationStatus=coded(_CONDITION_VERIFICATION, verification) if verification else None,
            category=[coded(_CONDITION_CATEGORY, "encounter-diagnosis", "Encounter Diagnosis")],
            code=code,
            subject=taken.subject(),
            encounter=taken.in_encounter(),
            onsetDateTime=time_text(segment, 5),
            recordedDate=time_text(segment, 19),
            asserter=practitioner(segment.value(16), taken.key),
        )
        taken.add(content)


_VERIFICATION = {"A": "provisional", "W": "provisional", "F": "confirmed"}


def take_problems(taken: Taken) -> None:
    """Take a Condition for each PRB; a problem that is deleted is `entered-in-error`, its history stays."""
    message = taken.message
    for place, segment in enumerate(message):
        if segment.name != "PRB":
            continue
        value = segment.value(3)
        code = concept(value, taken.key)
        if code is None:
            raise Hl7Error("missing-required", "PRB-3", "expected the problem, as a code or in words")
        number = segment.text(4)
        content = taken.begin("Condition", made_id("PRB", taken.patient, number or _key(value)))
        deleted = segment.text(1).upper() == "DE" or segment.text(13).upper() in ("DELETED", "D")
        state = segment.text(13).upper()
        resolved = time_text(segment, 9)
        clinical = "resolved" if resolved or state == "RESOLVED" else "inactive" if state == "INACTIVE" else "active"
        comments = []
        for number_ in range(place + 1, len(message.lines)):
            if message.names[number_] != "NTE":
                break
            comments.append(message.segment(number_))
        set_all(
            content,
            identifier=[{"system": f"{LOCAL}/{taken.key}/problems", "value": number}] if number else None,
            clinicalStatus=None if deleted else coded(_CONDITION_CLINICAL, clinical),
            verificationStatus=coded(_CONDITION_VERIFICATION, "entered-in-error" if deleted else "confirmed"),
            category=[coded(_CONDITION_CATEGORY, "problem-list-item", "Problem List Item")],
            code=code,
            subject=taken.subject(),
            encounter=taken.in_encounter(),
            onsetDateTime=time_text(segment, 16),
            abatementDateTime=None if deleted else resolved,
            recordedDate=time_text(segment, 7),
            note=notes(comments),
        )
        taken.add(content)


def take_procedures(taken: Taken) -> None:
    """Take a Procedure for each PR1."""
    for segment in taken.message.all("PR1"):
        value = segment.value(3)
        code = concept(value, taken.key, segment.text(4))
        if code is None:
            taken.warnings.append("procedure-without-words")
            continue
        when = time_text(segment, 5)
        number = segment.text(19)
        parts = (number,) if number else (taken.encounter, _key(value), when)
        content = taken.begin("Procedure", made_id("PR1", taken.patient, *parts))
        performers = [
            {"actor": one} for v in (*segment.values(11), *segment.values(12)) if (one := practitioner(v, taken.key))
        ]
        set_all(
            content,
            status="entered-in-error" if segment.text(20).upper() == "D" else "completed",
            category=concept(segment.value(6), taken.key),
            code=code,
            subject=taken.subject(),
            encounter=taken.in_encounter(),
            performedDateTime=when,
            performer=performers,
            reasonCode=[found for v in segment.values(15) if (found := concept(v, taken.key))],
        )
        taken.add(content)


def _key(value: Value | None) -> str:
    """Answer what a coded value is known by: its code, else its words."""
    return "" if value is None else value[1] or value[2] or value[4] or value[5] or value[9]
