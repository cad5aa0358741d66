"""Results: OBR as DiagnosticReport, OBX as Observation (rules: record R9, R14).

An Observation is known by the filler's order number, what was measured (OBX-3) and the sub-id (OBX-4), so that a
correction becomes a new version of the same Observation. It states in its status what became of it; `entered-in-error`
is for values that were withdrawn or belonged to another person.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from functools import lru_cache

from joinedup.feeds.hl7v2 import Delimiters, Segment, Value, values_of
from joinedup.feeds.hl7v2_taken import Taken, set_all
from joinedup.feeds.hl7v2_time import required
from joinedup.feeds.hl7v2_types import (
    ABSENT,
    LOCAL,
    UCUM,
    Json,
    concept,
    made_id,
    notes,
    number,
    organisation,
    practitioner,
    time_text,
)

OBSERVATION_STATUS = {
    **dict.fromkeys("FU", "final"),
    **dict.fromkeys("PRS", "preliminary"),
    "C": "corrected",
    "X": "cancelled",
    **dict.fromkeys("ION", "registered"),
    **dict.fromkeys("DW", "entered-in-error"),
}
# HL7 table 0123 (OBR-25).
REPORT_STATUS = {
    "F": "final", "P": "preliminary", "R": "preliminary", "A": "partial", "C": "corrected", "X": "cancelled",
    "I": "registered", "O": "registered", "S": "registered", "M": "corrected", "D": "entered-in-error",
}  # fmt: skip
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"
_FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_KNOWN_FLAGS = {
    "H", "HH", "L", "LL", "N", "A", "AA", "HU", "LU", "S", "R", "I", "POS", "NEG", "IND", "DET", "ND", "B", "D", "U",
    "W",
}  # fmt: skip
_IMAGING = {"RAD", "RUS", "CT", "NMR", "NMS", "OUS", "VUS", "XRC", "CUS", "RX", "IMG"}
# Units as laboratories and wards write them, where one unit of UCUM and no other is meant.
_UCUM = {
    **{unit: unit for unit in (
        "mmol/L", "umol/L", "nmol/L", "pmol/L", "mol/L", "g/L", "g/dL", "mg/L", "mg/dL", "ug/L", "ng/mL", "ng/L",
        "pg/mL", "U/L", "kU/L", "mL/min", "mmol/mol", "mosm/kg", "kPa", "kg", "g", "cm", "m", "kg/m2", "%", "fL", "pg",
        "L", "mL", "s", "min", "h", "mmol", "mg", "ug", "mg/mmol", "mg/g", "L/L", "10*9/L", "10*12/L", "L/min", "mm/h",
        "deg",
    )},
    "mmHg": "mm[Hg]", "mm[Hg]": "mm[Hg]", "mm Hg": "mm[Hg]", "bpm": "/min", "beats/min": "/min", "/min": "/min",
    "breaths/min": "/min", "10^9/L": "10*9/L", "x10^9/L": "10*9/L", "10^12/L": "10*12/L", "x10^12/L": "10*12/L",
    "IU/L": "[iU]/L", "iu/L": "[iU]/L", "mIU/L": "m[iU]/L", "mU/L": "mU/L", "Cel": "Cel", "degC": "Cel", "°C": "Cel",
    "mL/min/1.73m2": "mL/min/{1.73_m2}", "mL/min/1.73m^2": "mL/min/{1.73_m2}", "mm/hr": "mm/h", "kg/m^2": "kg/m2",
    "cmH2O": "cm[H2O]",
}  # fmt: skip
_UCUM |= {unit: unit for unit in _UCUM.values()}
_COMPARED = re.compile(r"\s*([<>]=?)\s*(\S+)\s*")
_RANGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(-?\d+(?:\.\d+)?)\s*", re.ASCII)


@dataclass(slots=True)
class _Group:
    """One OBR with what belongs to it."""

    obr: Segment | None = None
    orc: Segment | None = None
    observations: list[tuple[Segment, list[Segment]]] = field(default_factory=list)
    comments: list[Segment] = field(default_factory=list)
    specimen: Segment | None = None


def groups(taken: Taken, leading: set[str]) -> list[_Group]:
    """Answer the orders of a message with their results. `leading` names the segments that begin one (OBR, RXA ...)."""
    found = [_Group()]
    orc: Segment | None = None
    notes_to: list[Segment] | None = None
    orc_follows = taken.message.type == "OUL"  # the one type in which ORC stands after its OBR
    for segment in taken.message:
        name = segment.name
        if name == "ORC":
            if orc_follows and found[-1].obr is not None and found[-1].orc is None:
                found[-1].orc = segment
            else:
                orc = segment
            notes_to = None
        elif name in leading:
            found.append(_Group(segment, orc))
            orc, notes_to = None, found[-1].comments
        elif name == "OBX":
            comments: list[Segment] = []
            found[-1].observations.append((segment, comments))
            notes_to = comments
        elif name == "NTE":
            if notes_to is not None:
                notes_to.append(segment)
        elif name == "SPM":
            found[-1].specimen = segment
            notes_to = None
        elif name != "PRT":
            notes_to = None
    return [group for group in found if group.obr is not None or group.observations]


def filler_number(obr: Segment | None, orc: Segment | None) -> str:
    """Answer the number by which the one who does the work knows the order, else the one who asked for it, else ""."""
    for segment, number_ in ((obr, 3), (orc, 3), (obr, 2), (orc, 2)):
        if segment is not None and (text := segment.text(number_)):
            return text
    return ""


def take_results(taken: Taken, *, is_report: bool = True) -> None:
    """Take an Observation for each OBX and, if the message is a report, a DiagnosticReport for each OBR."""
    for place, group in enumerate(groups(taken, {"OBR"})):
        filler = filler_number(group.obr, group.orc) if group.obr is not None else ""
        if group.obr is not None and not filler:
            filler = f"{taken.message.id}#{place}"
        ids, forms = _take_observations(taken, group, filler)
        if group.obr is not None and is_report:
            _take_report(taken, group, filler, ids, forms)


def _take_report(taken: Taken, group: _Group, filler: str, ids: list[str], forms: list[Json]) -> None:
    obr = group.obr
    assert obr is not None
    code = concept(obr.value(4), taken.key)
    content = taken.begin("DiagnosticReport", made_id("OBR", filler, obr.text(4) or obr.text(4, 2)))
    identifiers = []
    if number_ := obr.text(3):
        identifiers.append({"system": f"{LOCAL}/{taken.key}/filler-orders", "value": number_})
    status = obr.text(25).upper()
    if not status:
        taken.warnings.append("report-without-status")
    section = obr.text(24).upper()
    performed = practitioner(obr.value(32), taken.key)
    placer = obr.text(2) or (group.orc.text(2) if group.orc is not None else "")
    set_all(
        content,
        identifier=identifiers,
        basedOn=[{"reference": f"ServiceRequest/{made_id('order', placer)}"}] if placer else None,
        status=REPORT_STATUS.get(status, "unknown"),
        category=[{"coding": [{"system": _SECTIONS, "code": section}]}] if section else None,
        code=code or _no_code(),
        subject=taken.subject(),
        encounter=taken.in_encounter(),
        effectiveDateTime=time_text(obr, 7),
        issued=_instant(obr, 22),
        performer=[taken.organisation()],
        resultsInterpreter=[performed] if performed and ("identifier" in performed) else None,
        result=[{"reference": f"Observation/{id_}"} for id_ in ids],
        conclusion="\n".join(note["text"] for note in notes(group.comments)),
        presentedForm=forms,
    )
    taken.add(content)


def _take_observations(taken: Taken, group: _Group, filler: str) -> tuple[list[str], list[Json]]:
    """Answer the ids of the Observations that were taken, and the documents among the results."""
    ids: list[str] = []
    forms: list[Json] = []
    occurrences: dict[tuple[str, str], int] = {}
    shared = _of_order(taken, group)
    for obx, comments in group.observations:
        kind = obx.text(2).upper()
        key = (obx.text(3) or obx.text(3, 2) or obx.text(3, 4), obx.text(4))
        parts = (filler,) if filler else (taken.patient, taken.encounter, obx.text(14) or taken.when.text)
        seen = occurrences[key] = occurrences.get(key, 0) + 1
        id_ = made_id("OBX", *parts, *key)
        if seen > 1 and kind in ("TX", "FT", "ST") and id_ in ids:
            _continue_text(taken, id_, obx)  # a long text, a line a segment
            continue
        if seen > 1:
            id_ = made_id("OBX", *parts, *key, str(seen))
        ids.append(id_)
        if kind in ("ED", "RP"):
            forms += [form for value in obx.values(5) if (form := attachment(value, kind))]
        taken.add(_observation(taken, shared, obx, comments, id_, kind))
    return ids, forms


def _continue_text(taken: Taken, id_: str, obx: Segment) -> None:
    content, removes = taken.resources["Observation", id_]
    text = _text(obx)
    if text:
        content["valueString"] = f"{content['valueString']}\n{text}" if content.get("valueString") else text
    taken.resources["Observation", id_] = (content, removes)


def _of_order(taken: Taken, group: _Group) -> Json:
    """Answer what all Observations of an order share. Nothing may change it."""
    obr = group.obr
    shared: Json = {"subject": taken.subject()}
    if taken.encounter:
        shared["encounter"] = taken.in_encounter()
    if specimen := _specimen(group):
        shared["specimen"] = specimen
    if obr is None:
        return shared
    if placer := obr.text(2):
        shared["basedOn"] = [{"reference": f"ServiceRequest/{made_id('order', placer)}"}]
    category = "imaging" if obr.text(24).upper() in _IMAGING else "laboratory"
    shared["category"] = [{"coding": [{"system": _CATEGORIES, "code": category}]}]
    if taken_at := time_text(obr, 7):
        shared["effectiveDateTime"] = taken_at
    if issued := _instant(obr, 22):
        shared["issued"] = issued
    return shared


def _observation(taken: Taken, shared: Json, obx: Segment, comments: list[Segment], id_: str, kind: str) -> Json:
    content = taken.begin("Observation", id_)
    content.update(shared)
    status = obx.text(11).upper()
    content["status"] = OBSERVATION_STATUS.get(status, "unknown")
    if status not in OBSERVATION_STATUS:
        taken.warnings.append("observation-without-status" if not status else "unmapped-code:OBX-11")
    code = concept(obx.value(3), taken.key)
    if code is None:
        taken.warnings.append("observation-without-code")
    content["code"] = code or _no_code()
    if when := time_text(obx, 14):
        content["effectiveDateTime"] = when
    if len(obx) > 16:  # most results end before these
        if issued := _instant(obx, 19):
            content["issued"] = issued
        people = (practitioner(obx.value(16), taken.key), organisation(obx.value(23), taken.key))
        set_all(
            content,
            performer=[one for one in people if one],
            method=concept(obx.value(17), taken.key),
            bodySite=concept(obx.value(20), taken.key),
        )
    if comments:
        set_all(content, note=notes(comments))
    _set_value(taken, content, obx, kind)
    if flags := [found for value in obx.values(8) if (found := _flag(value.raw, obx.delimiters, taken.key))]:
        content["interpretation"] = flags
    if limits := _reference_range(obx.raw(7), obx.raw(6), obx.delimiters):
        content["referenceRange"] = limits
    return content


def _set_value(taken: Taken, content: Json, obx: Segment, kind: str) -> None:
    """Put OBX-5 into the Observation. What is no value of its type is kept as the words that were sent."""
    values = obx.values(5)
    if not values or kind in ("ED", "RP"):
        return
    if kind in ("NM", "SN") and len(values) > 1:
        quantities = [quantity(value, obx, kind) for value in values]
        if all(quantities):
            # Two numbers of one thing: components, since an Observation has one value.
            content["component"] = [{"code": content["code"], "valueQuantity": one} for one in quantities]
            return
    elif kind in ("NM", "SN") and (one := quantity(values[0], obx, kind)):
        content["valueQuantity"] = one
        if "code" not in one and "unit" in one:
            taken.warnings.append("unit-not-ucum")
        return
    elif kind in ("CE", "CWE", "CNE", "CF", "IS", "ID") and len(values) == 1:
        if found := concept(values[0], taken.key):
            content["valueCodeableConcept"] = found
        return
    elif kind in ("DT", "TS", "DTM") and len(values) == 1 and (text := values[0][1]):
        content["valueDateTime"] = required(text, "OBX-5").text
        return
    if text := _text(obx):
        content["valueString"] = text
        if kind in ("NM", "SN"):
            taken.warnings.append("not-a-number:OBX-5")


def quantity(value: Value, obx: Segment, kind: str) -> Json | None:
    """Answer a number with its comparator and unit (OBX-5, OBX-6); None for what is no single number."""
    comparator, text = "", value[1]
    if kind == "SN":
        comparator, text = value[1], value[2]
        if value[3] or value[4]:
            return None
    elif found := _COMPARED.fullmatch(text):
        comparator, text = found[1], found[2]
    if comparator == "=":
        comparator = ""
    amount = number(text)
    if amount is None or comparator not in ("", "<", ">", "<=", ">="):
        return None
    said: Json = {"value": amount}
    if comparator:
        said["comparator"] = comparator
    said.update(_unit(obx.raw(6), obx.delimiters))
    return said


@lru_cache(maxsize=5_000)
def _unit(raw: str, delimiters: Delimiters) -> Json:
    """Answer the unit of OBX-6: as it was written, and its code of UCUM where one is meant."""
    values = values_of(raw, delimiters)
    if not values or not (words := values[0][2] or values[0][1] or values[0][9]):
        return {}
    unit = values[0]
    said = {"unit": words}
    code = unit[1] if unit[3].upper() == "UCUM" else _UCUM.get(unit[1]) or _UCUM.get(words)
    if code:
        said["system"], said["code"] = UCUM, code
    return said


@lru_cache(maxsize=5_000)
def _reference_range(raw: str, unit_raw: str, delimiters: Delimiters) -> list[Json]:
    """Answer what is usual (OBX-7), in words and, where they are numbers, in the unit of OBX-6."""
    text = " ".join(value.whole() for value in values_of(raw, delimiters)) if raw else ""
    if not text:
        return []
    found: Json = {}
    unit = _unit(unit_raw, delimiters)
    if limits := _RANGE.fullmatch(text):
        low, high = number(limits[1]), number(limits[2])
        if low is not None and high is not None:
            found["low"], found["high"] = {"value": low} | unit, {"value": high} | unit
    elif limits := _COMPARED.fullmatch(text):
        bound = number(limits[2])
        if bound is not None:
            found["high" if limits[1].startswith("<") else "low"] = {"value": bound} | unit
    found["text"] = text
    return [found]


@lru_cache(maxsize=1_000)
def _flag(raw: str, delimiters: Delimiters, source: str) -> Json | None:
    value = Value(raw, delimiters)
    code = value[1].upper()
    if code in _KNOWN_FLAGS:
        coding = {"system": _FLAGS, "code": code}
        return {"coding": [coding | ({"display": value[2]} if value[2] else {})]}
    return concept(value, source)


def attachment(value: Value, kind: str) -> Json | None:
    """Answer a document in a result: encapsulated data (ED) as its bytes, a pointer (RP) as its address."""
    if kind == "RP":
        return {"url": value[1]} if value[1] else None
    data, encoding = value[5], value[4].upper()
    if not data:
        return None
    if encoding == "BASE64":
        data = "".join(data.split())
        try:
            base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return None
    elif encoding in ("A", "ASCII", ""):
        data = base64.b64encode(data.encode()).decode()
    else:
        return None
    return {"contentType": content_type(value[2], value[3]), "data": data}


def content_type(kind: str, subtype: str) -> str:
    """Answer the media type that two components of encapsulated data name."""
    known = {
        "PDF": "application/pdf", "JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "RTF": "text/rtf",
        "HTML": "text/html", "XML": "text/xml", "PLAIN": "text/plain", "DICOM": "application/dicom",
    }  # fmt: skip
    found = known.get(subtype.upper()) or known.get(kind.upper())
    return found or ("text/plain" if kind.upper() in ("TX", "TEXT", "FT") else "application/octet-stream")


def _specimen(group: _Group) -> Json | None:
    if group.specimen is not None:
        words = group.specimen.text(4, 2) or group.specimen.text(4) or group.specimen.text(4, 9)
    else:
        words = (group.obr.text(15, 2) or group.obr.text(15)) if group.obr is not None else ""
    return {"display": words} if words else None


def _text(obx: Segment) -> str:
    return "\n".join(value.whole() for value in obx.values(5))


def _no_code() -> Json:
    return {"extension": [{"url": ABSENT, "valueCode": "unknown"}], "text": "not stated by the sender"}


def _instant(segment: Segment, field_: int) -> str:
    """Answer a time that is known to the second at least in form; FHIR has no instant of a day alone."""
    text = time_text(segment, field_)
    return text if len(text) > 10 else ""
