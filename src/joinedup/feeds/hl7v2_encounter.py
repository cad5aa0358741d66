"""What a message says of a hospital stay: PV1 and PV2 as the content of an EncounterEvent."""

from __future__ import annotations

from functools import lru_cache

from joinedup.feeds.encounters import CLASSES
from joinedup.feeds.hl7v2 import Delimiters, Segment
from joinedup.feeds.hl7v2_taken import Stay, Taken, meta_of
from joinedup.feeds.hl7v2_types import (
    LOCAL,
    Json,
    coded,
    concept,
    fhir_id,
    location,
    made_id,
    patient_number,
    practitioner,
    time_text,
)

# PV1-2, HL7 table 0004, and what British systems add to it.
_CLASSES = {
    "I": "IMP",
    "O": "AMB",
    "E": "EMER",
    "P": "PRENC",
    "R": "AMB",
    "B": "IMP",
    "D": "IMP",
    "U": "UNK",
    "N": "UNK",
}
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_UK_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-"
_UK_EXTENSIONS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
# Codes of the NHS data dictionary, as in UKCore-AdmissionMethodEngland and so on.
_ADMISSION_METHODS = {
    "11", "12", "13", "21", "22", "23", "24", "25", "2A", "2B", "2C", "2D", "28", "31", "32", "81", "82", "83", "98",
    "99",
}  # fmt: skip
_DISCHARGE_METHODS = {"1", "3", "4", "5", "6", "7", "8", "9"}
_DESTINATIONS = {
    "19", "29", "30", "37", "38", "48", "49", "50", "51", "52", "53", "54", "65", "66", "79", "84", "85", "87", "88",
    "98", "99",
}  # fmt: skip
_SOURCES = _DESTINATIONS - {"30", "38"} | {"39", "40", "42", "55", "56", "69", "86", "89"}


def visit_number(pv1: Segment | None, pid: Segment | None) -> str:
    """Answer the number of the stay: PV1-19, else PV1-50, else the account (PID-18); "" when there is none."""
    if pv1 is not None:
        for field in (19, 50):
            value = pv1.value(field)
            if value is not None and value[1]:
                return value[1]
    value = pid.value(18) if pid is not None and pv1 is not None else None
    return value[1] if value is not None else ""


def stay_id(patient: str, visit: str) -> str:
    """Answer the id of a stay: of the patient and the visit number, "" without a number.

    Some systems number visits for the whole hospital, others from 1 for each patient. With the patient in the id, two
    patients never share a stay.
    """
    if not visit:
        return ""
    readable = f"{patient}.{visit}"
    return readable if "." not in patient + visit and fhir_id(readable) == readable else made_id("stay", patient, visit)


def take_stay(taken: Taken, trigger: str, pv1: Segment, pv2: Segment | None) -> None:
    """Take the event that the message is of the stay in PV1; without a number of the stay, say so and take none."""
    if not taken.encounter:
        if pv1.text(2).upper() == "N":  # the message is about no stay, and says so
            return
        taken.warnings.append("no-visit-number")
        return
    taken.stays.append(Stay(taken.patient, taken.encounter, trigger, stay_content(taken, pv1, pv2)))


def take_moved_visits(taken: Taken) -> None:
    """Take the visits that A45 moves from the patient in MRG-1 to the one in PID: an event of the stay for each."""
    message = taken.message
    mrg: Segment | None = None
    for segment in message:
        if segment.name == "MRG":
            mrg = segment
        elif segment.name == "PV1" and mrg is not None:
            number = visit_number(segment, None)
            if not number:
                continue
            taken.encounter = stay_id(taken.patient, number)
            taken.stays.append(Stay(taken.patient, taken.encounter, "A45", stay_content(taken, segment, None)))
            was = patient_number(mrg.values(1))
            if was is not None and fhir_id(was[1]) != taken.patient:
                # The visit was never the other patient's: there it is taken back.
                left = fhir_id(was[1])
                taken.stays.append(Stay(left, stay_id(left, number), "A11", {"at": taken.when.text}))


def stay_content(taken: Taken, pv1: Segment, pv2: Segment | None) -> Json:
    """Answer what PV1 and PV2 say, as parts of an Encounter; None for a part that the message removes."""
    source = taken.source
    said = _said(pv1.line, "" if pv2 is None else pv2.line, pv1.delimiters, taken.encounter, source.key)
    return {"at": taken.when.text, "serviceProvider": taken.organisation(), **said}


# A stay's PV1 comes with each of its messages, orders and results as well.
@lru_cache(maxsize=5_000)
def _said(pv1_line: str, pv2_line: str, delimiters: Delimiters, encounter: str, key: str) -> Json:
    pv1 = Segment(pv1_line, delimiters)
    content: Json = {"meta": meta_of(key)}
    if encounter:
        content["identifier"] = [{"system": f"{LOCAL}/{key}/visits", "value": visit_number(pv1, None) or encounter}]
    if kind := class_of(pv1, key):
        content["class"] = kind
    parts: Json = {
        "location": location(pv1.value(3), key),
        "serviceType": concept(pv1.value(10), key),
        "type": _listed(concept(pv1.value(18), key)),
        "start": time_text(pv1, 44),
        "end": time_text(pv1, 45),
        "discharge_method": _extension("DischargeMethod", pv1, 36, _DISCHARGE_METHODS),
        "participant": _participants(pv1, key),
        "hospitalization": _hospitalization(pv1, key),
    }
    if pv2_line:
        pv2 = Segment(pv2_line, delimiters)
        parts["reasonCode"] = _listed(concept(pv2.value(3), key))
        parts["expected_start"] = time_text(pv2, 8)
        parts["expected_end"] = time_text(pv2, 9)
    content.update({name: value for name, value in parts.items() if value})
    for field, name in ((3, "location"), (10, "serviceType"), (44, "start"), (45, "end"), (36, "discharge_method")):
        if pv1.removes(field):
            content[name] = None
    return content


def class_of(pv1: Segment, source: str) -> Json | None:
    """Answer the class of a stay (PV1-2) as a Coding; what is in no list is the source's own code."""
    code = pv1.text(2).upper()
    if not code:
        return None
    known = _CLASSES.get(code)
    return dict(CLASSES[known]) if known else {"system": f"{LOCAL}/{source}/patient-class", "code": code}


def _participants(pv1: Segment, source: str) -> list[Json]:
    found = []
    for field, role, words in (
        (7, "ATND", "attender"),
        (8, "REF", "referrer"),
        (9, "CON", "consultant"),
        (17, "ADM", "admitter"),
    ):
        for value in pv1.values(field):
            if one := practitioner(value, source):
                found.append({"type": [coded(_PARTICIPATION, role, words)], "individual": one})
    return found


def _hospitalization(pv1: Segment, source: str) -> Json:
    found: Json = {}
    if method := _extension("AdmissionMethod", pv1, 4, _ADMISSION_METHODS):
        found["extension"] = [method]
    for part, field, codes, system in (
        ("admitSource", 14, _SOURCES, "SourceOfAdmissionEngland"),
        ("dischargeDisposition", 37, _DESTINATIONS, "DischargeDestinationEngland"),
    ):
        value = pv1.value(field)
        if value is None:
            continue
        said = coded(_UK_CODES + system, value[1], value[2]) if value[1] in codes else concept(value, source)
        if said:
            found[part] = said
    return found


def _extension(name: str, pv1: Segment, field: int, codes: set[str]) -> Json | None:
    value = pv1.value(field)
    if value is None or value[1].upper() not in codes:
        return None
    said = coded(f"{_UK_CODES}{name}England", value[1].upper(), value[2])
    return {"url": _UK_EXTENSIONS + name, "valueCodeableConcept": said}


def _listed(value: Json | None) -> list[Json]:
    return [value] if value else []
