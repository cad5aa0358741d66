"""What a statement says in a line: what it is about, and the details beside it.

The words are the sender's. Nothing is computed from values and nothing is left out of a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from joinedup.record.relations import ods_code
from joinedup.record.statement import (
    NO_WORDS,
    Content,
    Words,
    codes,
    first_words,
    listed,
    medicine,
    quantity,
    said_date,
    subject_matter,
    words,
)

Said = tuple[Words, list[str]]
# What laboratories mark a result with, by the codes of HL7 (table 0078, ObservationInterpretation).
INTERPRETATIONS = {
    "N": "normal",
    "H": "high",
    "HH": "critically high",
    "L": "low",
    "LL": "critically low",
    "A": "abnormal",
    "AA": "critically abnormal",
    "POS": "positive",
    "NEG": "negative",
    "R": "resistant",
    "S": "susceptible",
    "I": "intermediate",
}
# What a type is called on pages.
TYPE_NAMES = {
    "AllergyIntolerance": "Allergy",
    "Appointment": "Appointment",
    "CarePlan": "Care plan",
    "CareTeam": "Care team",
    "Communication": "Note",
    "Composition": "Document",
    "Condition": "Problem or diagnosis",
    "Consent": "Consent",
    "Coverage": "Funding",
    "DiagnosticReport": "Test report",
    "DocumentReference": "Document",
    "Encounter": "Contact or stay",
    "EpisodeOfCare": "Care by a service",
    "FamilyMemberHistory": "Family history",
    "Flag": "Alert",
    "Goal": "Goal",
    "Immunization": "Vaccination",
    "List": "List",
    "MedicationAdministration": "Medicine given",
    "MedicationDispense": "Medicine dispensed",
    "MedicationRequest": "Medicine prescribed",
    "MedicationStatement": "Medicine taken",
    "Observation": "Measurement or result",
    "Patient": "Registration",
    "Procedure": "Procedure",
    "QuestionnaireResponse": "Assessment",
    "RelatedPerson": "Contact person",
    "ServiceRequest": "Referral or request",
    "Task": "Task",
}
# Of an Encounter, what its class means, by the codes of HL7 v3 ActCode.
ENCOUNTER_CLASSES = {
    "AMB": "Outpatient or surgery visit",
    "EMER": "Emergency department visit",
    "FLD": "Visit in the field",
    "HH": "Home visit",
    "IMP": "Hospital stay",
    "ACUTE": "Hospital stay",
    "NONAC": "Stay, not acute",
    "OBSENC": "Observation stay",
    "PRENC": "Pre-admission",
    "SS": "Short stay",
    "VR": "Telephone or video contact",
}


def line_of(type_: str, content: Content) -> Said:
    """Answer what a resource is about and the details beside it, for a line of the summary or an entry."""
    title, details = _READERS.get(type_, _any)(content)
    if not title.text:
        title = Words(TYPE_NAMES.get(type_, type_))
    return title, [one for one in details if one]


def title_of(type_: str, content: Content) -> Words:
    """Answer what a resource is about, as `line_of` does, without the details where that is quicker."""
    if type_ in {"Condition", "DiagnosticReport", "Observation", "Procedure", "ServiceRequest"}:
        title = words(content.get("code"))
        return title if title.text else Words(TYPE_NAMES[type_])
    return line_of(type_, content)[0]


def _any(content: Content) -> Said:
    about = subject_matter(content.get("resourceType", ""), content)
    return first_words(about), [_status(content), _note(content)]


def _allergy(content: Content) -> Said:
    reactions = content.get("reaction") or ()
    manifested = listed(one for reaction in reactions for one in reaction.get("manifestation") or ())
    severity = next((r["severity"] for r in reactions if r.get("severity")), "")
    criticality = content.get("criticality")
    return words(content.get("code")), [
        f"reaction: {manifested}" if manifested else "",
        f"severity: {severity}" if severity else "",
        {"high": "high risk", "low": "low risk"}.get(criticality or "", ""),
        _concept_status(content, "clinicalStatus", {"active"}),
        _concept_status(content, "verificationStatus", {"confirmed"}),
        _note(content),
    ]


def _condition(content: Content) -> Said:
    return words(content.get("code")), [
        words(content.get("severity")).text,
        _concept_status(content, "clinicalStatus", {"active"}),
        _concept_status(content, "verificationStatus", {"confirmed"}),
        _until(content.get("abatementDateTime"), "ended"),
        _note(content),
    ]


def _medicine(content: Content) -> Said:
    doses = [*(content.get("dosageInstruction") or ()), *(content.get("dosage") or ())]
    period = content.get("effectivePeriod") or {}
    return words(medicine(content)), [
        "; ".join(_dose(dose) for dose in doses),
        quantity(content.get("quantity")),
        _status(content, usual={"active", "completed", "unknown"}),
        _until(period.get("end"), "until"),
        listed(content.get("reasonCode") or ()),
        _note(content),
    ]


def _dose(dose: Content) -> str:
    if text := dose.get("text"):
        return str(text)
    amounts = [quantity(rate.get("doseQuantity")) for rate in dose.get("doseAndRate") or ()]
    timing = words((dose.get("timing") or {}).get("code")).text
    return " ".join(part for part in [*amounts, timing, words(dose.get("route")).text] if part)


def _observation(content: Content) -> Said:
    parts = [value_of(content)]
    for component in content.get("component") or ():
        said = value_of(component)
        if said:
            parts.append(f"{words(component.get('code')).text}: {said}")
    ranges = [range_.get("text") or _range(range_) for range_ in content.get("referenceRange") or ()]
    return words(content.get("code")), [
        "; ".join(part for part in parts if part),
        ", ".join(_interpretation(one) for one in content.get("interpretation") or ()),
        f"usual: {ranges[0]}" if ranges and ranges[0] else "",
        words(content.get("dataAbsentReason")).text,
        _status(content, usual={"final", "corrected", "amended"}),
        _note(content),
    ]


def _interpretation(concept: Content) -> str:
    said = words(concept)
    if not said.is_code:
        return said.text
    return next((INTERPRETATIONS[code] for code in sorted(codes(concept)) if code in INTERPRETATIONS), said.text)


def value_of(content: Content) -> str:
    """Answer the value of an Observation, or of a part of one, in words."""
    if "valueQuantity" in content:
        return quantity(content["valueQuantity"])
    if "valueCodeableConcept" in content:
        return words(content["valueCodeableConcept"]).text
    for element in ("valueString", "valueDateTime", "valueTime"):
        if element in content:
            return said_date(content[element]) if element == "valueDateTime" else str(content[element])
    if "valueBoolean" in content:
        return "yes" if content["valueBoolean"] else "no"
    if "valueInteger" in content:
        return str(content["valueInteger"])
    if "valueRange" in content:
        return _range(content["valueRange"])
    if "valueRatio" in content:
        ratio = content["valueRatio"]
        return f"{quantity(ratio.get('numerator'))} : {quantity(ratio.get('denominator'))}"
    return ""


def _range(value: Content) -> str:
    low, high = quantity(value.get("low")), quantity(value.get("high"))
    return f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}" if high else ""


def _report(content: Content) -> Said:
    return words(content.get("code")), [
        content.get("conclusion") or listed(content.get("conclusionCode") or ()),
        _status(content, usual={"final"}),
    ]


def _immunization(content: Content) -> Said:
    protocol: Content = next(iter(content.get("protocolApplied") or ()), {})
    dose = protocol.get("doseNumberPositiveInt") or protocol.get("doseNumberString")
    reason = words(content.get("statusReason")).text
    return words(content.get("vaccineCode")), [
        f"dose {dose}" if dose else "",
        f"not given{f': {reason}' if reason else ''}" if content.get("status") == "not-done" else "",
        _note(content),
    ]


def _procedure(content: Content) -> Said:
    return words(content.get("code")), [
        listed(content.get("bodySite") or ()),
        words(content.get("outcome")).text,
        _status(content, usual={"completed"}),
        _note(content),
    ]


def _encounter(content: Content) -> Said:
    class_ = content.get("class") or {}
    kind = ENCOUNTER_CLASSES.get(class_.get("code") or "", class_.get("display") or "")
    types = listed(content.get("type") or ())
    place = next((_named(one.get("location")) for one in reversed(content.get("location") or ())), "")
    reasons = listed(content.get("reasonCode") or ())
    period = content.get("period") or {}
    return Words(kind or types) if kind or types else NO_WORDS, [
        types if kind and types != kind else "",
        words(content.get("serviceType")).text,
        place,
        f"because of {reasons}" if reasons else "",
        _until(period.get("end"), "until"),
        _status(content, usual={"finished", "unknown"}),
        words((content.get("hospitalization") or {}).get("dischargeDisposition")).text,
    ]


def _appointment(content: Content) -> Said:
    about = first_words(*(content.get("serviceType") or ()), content.get("appointmentType"))
    return about if about.text else Words(content.get("description") or ""), [
        content.get("description") or "" if about.text else "",
        listed(content.get("specialty") or ()),
        listed(content.get("reasonCode") or ()),
        ", ".join(name for one in content.get("participant") or () if (name := _named(one.get("actor")))),
        _status(content, usual={"fulfilled"}),
    ]


def _episode(content: Content) -> Said:
    period = content.get("period") or {}
    about = first_words(*(content.get("type") or ()))
    with_whom = _named(content.get("careManager"))
    return about, [
        f"with {with_whom}" if with_whom else "",
        _until(period.get("end"), "until"),
        _status(content, usual={"active", "finished"}),
    ]


def _request(content: Content) -> Said:
    to = ", ".join(name for one in content.get("performer") or () if (name := _named(one)))
    reasons = listed(content.get("reasonCode") or ())
    urgency = content.get("priority")
    return words(content.get("code")), [
        f"to {to}" if to else "",
        urgency if urgency and urgency != "routine" else "",
        f"because of {reasons}" if reasons else "",
        _status(content, usual=set()),
        _note(content),
    ]


def _task(content: Content) -> Said:
    return first_words(content.get("code"), {"text": content.get("description") or ""}), [
        words(content.get("statusReason")).text,
        _status(content, usual=set()),
        _note(content),
    ]


def _composition(content: Content) -> Said:
    title = content.get("title")
    about = words(content.get("type"))
    sections = ", ".join(one.get("title") or "" for one in content.get("section") or () if one.get("title"))
    return Words(title) if title else about, [about.text if title and about.text != title else "", sections]


def _document(content: Content) -> Said:
    about = words(content.get("type"))
    description = content.get("description") or ""
    return about if about.text else Words(description), [
        description if about.text else "",
        "superseded" if content.get("status") == "superseded" else "",
    ]


def _answers(content: Content) -> Said:
    said = []

    def walk(items: Any) -> None:
        for item in items or ():
            for answer in item.get("answer") or ():
                text = value_of(answer) or words(answer.get("valueCoding") and {"coding": [answer["valueCoding"]]}).text
                if text:
                    said.append(f"{item.get('text') or item.get('linkId')}: {text}")
            walk(item.get("item"))

    walk(content.get("item"))
    name = content.get("_questionnaire") or {}
    display = next((e.get("valueString") for e in name.get("extension") or () if e.get("valueString")), "")
    return Words(display or "Assessment"), ["; ".join(said), _status(content, usual={"completed"})]


def _flag(content: Content) -> Said:
    return words(content.get("code")), [listed(content.get("category") or ()), _status(content, usual={"active"})]


def _plan(content: Content) -> Said:
    activities = [
        (one.get("detail") or {}).get("description") or words((one.get("detail") or {}).get("code")).text
        for one in content.get("activity") or ()
    ]
    title = content.get("title") or listed(content.get("category") or ())
    return Words(title), [
        content.get("description") or "",
        "; ".join(one for one in activities if one),
        _until((content.get("period") or {}).get("end"), "until"),
        _status(content, usual={"active"}),
    ]


def _goal(content: Content) -> Said:
    status = content.get("lifecycleStatus")
    return words(content.get("description")), ["" if status == "active" else status or ""]


def _team(content: Content) -> Said:
    members = []
    for one in content.get("participant") or ():
        role = listed(one.get("role") or ())
        name = _named(one.get("member"))
        members.append(f"{name} ({role})" if name and role else name or role)
    return Words(content.get("name") or ""), [", ".join(one for one in members if one), _status(content, {"active"})]


def _consent(content: Content) -> Said:
    provision = (content.get("provision") or {}).get("type")
    return first_words(*(content.get("category") or ()), content.get("scope")), [
        {"deny": "refused", "permit": "agreed"}.get(provision or "", ""),
        _status(content, usual={"active"}),
    ]


def _related(content: Content) -> Said:
    phones = ", ".join(one.get("value") or "" for one in content.get("telecom") or ())
    return Words(name_of(content)), [listed(content.get("relationship") or ()), phones]


def _communication(content: Content) -> Said:
    said = " ".join(one.get("contentString") or "" for one in content.get("payload") or ()).strip()
    about = first_words(content.get("topic"), *(content.get("category") or ()))
    return about, [said]


def _family(content: Content) -> Said:
    found = listed(one.get("code") for one in content.get("condition") or ())
    return Words(found) if found else NO_WORDS, [words(content.get("relationship")).text, _note(content)]


_READERS: dict[str, Callable[[Content], Said]] = {
    "AllergyIntolerance": _allergy,
    "Appointment": _appointment,
    "CarePlan": _plan,
    "CareTeam": _team,
    "Communication": _communication,
    "Composition": _composition,
    "Condition": _condition,
    "Consent": _consent,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Encounter": _encounter,
    "EpisodeOfCare": _episode,
    "FamilyMemberHistory": _family,
    "Flag": _flag,
    "Goal": _goal,
    "Immunization": _immunization,
    "MedicationAdministration": _medicine,
    "MedicationDispense": _medicine,
    "MedicationRequest": _medicine,
    "MedicationStatement": _medicine,
    "Observation": _observation,
    "Procedure": _procedure,
    "QuestionnaireResponse": _answers,
    "RelatedPerson": _related,
    "ServiceRequest": _request,
    "Task": _task,
}


def name_of(content: Content) -> str:
    """Answer the name of a Patient, Practitioner or RelatedPerson: the official or usual one, else the first."""
    names = [one for one in content.get("name") or () if isinstance(one, Mapping)]
    rank = {"official": 0, "usual": 1}
    # An old name, or one that is only for matching, is never the one to call somebody by.
    current = [one for one in names if one.get("use") not in {"old", "maiden"}] or names
    for one in sorted(current, key=lambda name: rank.get(name.get("use") or "", 2)):
        given = " ".join(one.get("given") or ())
        said = " ".join(part for part in (given, one.get("family") or "") if part)
        if said or one.get("text"):
            return said or str(one["text"])
    return ""


def _status(content: Content, usual: set[str] | None = None) -> str:
    status = content.get("status") or ""
    return "" if status in (usual or ()) else status.replace("-", " ")


def _concept_status(content: Content, element: str, usual: set[str]) -> str:
    concept = content.get(element)
    said = words(concept)
    found = sorted(codes(concept))
    if set(found) & usual:
        return ""
    # The codes of these lists are words themselves.
    return found[0].replace("-", " ") if said.is_code else said.text.lower()


def _until(text: str | None, word: str) -> str:
    return f"{word} {said_date(text)}" if text else ""


def _note(content: Content) -> str:
    notes = content.get("note") or ()
    return " ".join(str(one.get("text") or "") for one in notes if isinstance(one, Mapping)).strip()


def _named(reference: Content | None) -> str:
    reference = reference or {}
    return str(reference.get("display") or ods_code(reference) or "")
