"""The practices' feeds: FHIR R4, UK Core, each practice a source of its own.

Three of four practices send NDJSON, patient by patient; every fourth sends transaction Bundles, one a line. What was
corrected comes in a second file, or in one Bundle for each night. A practice goes on sending patients who have moved
away until it notices (then their EpisodeOfCare is finished), so that some people are sent by two.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

from joinedup.simulation.conditions import CONDITIONS
from joinedup.simulation.consultations import REASONS
from joinedup.simulation.days import ISO, LAST_DAY, instant
from joinedup.simulation.emergency import SPECIALTIES
from joinedup.simulation.measurements import MEASURES, SMOKING
from joinedup.simulation.medicines import (
    ALLERGENS,
    FOOD_ALLERGENS,
    MEDICINE_ALLERGENS,
    MEDICINES,
    NO_KNOWN_ALLERGIES,
    NO_KNOWN_DRUG_ALLERGIES,
    REACTIONS,
    VACCINES,
)
from joinedup.simulation.world import (
    Allergy,
    Block,
    Condition,
    Consultation,
    Declared,
    Jab,
    Measurement,
    Medicine,
    Organisation,
    Person,
    Referral,
    Report,
    Shown,
    World,
)
from joinedup.simulation.writing import Out

SNOMED: Final = "http://snomed.info/sct"
CORE: Final = "https://fhir.hl7.org.uk/StructureDefinition/"
ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
LOCAL: Final = "https://gp.example.nhs.uk/Id/patient-number"
# What the practice files of a laboratory report; the laboratory has more.
FILED: Final = frozenset(("hba1c", "cholesterol", "egfr", "creatinine", "haemoglobin", "tsh"))
MALFORMED: Final = 2_500
"""One line in so many is spoilt on the way."""
CORRECTED: Final = 120
"""One measurement or condition in so many is corrected later."""
ETHNICITIES: Final = {
    "A": "White - British", "B": "White - Irish", "C": "White - Any other White background",
    "D": "Mixed - White and Black Caribbean", "E": "Mixed - White and Black African", "F": "Mixed - White and Asian",
    "G": "Mixed - Any other mixed background", "H": "Asian or Asian British - Indian",
    "J": "Asian or Asian British - Pakistani", "K": "Asian or Asian British - Bangladeshi",
    "L": "Asian or Asian British - Any other Asian background", "M": "Black or Black British - Caribbean",
    "N": "Black or Black British - African", "P": "Black or Black British - Any other Black background",
    "R": "Other Ethnic Groups - Chinese", "S": "Other Ethnic Groups - Any other ethnic group", "Z": "Not stated",
    "99": "Not known",
}  # fmt: skip
NUMBER_STATUSES: Final = {
    "01": "Number present and verified", "02": "Number present but not traced", "03": "Trace required",
    "04": "Trace attempted - No match or multiple match found",
    "05": "Trace needs to be resolved - (NHS number or patient detail conflict)", "06": "Trace in progress",
    "07": "Number not present and trace not required", "08": "Trace postponed (baby under six weeks old)",
}  # fmt: skip
LANGUAGES: Final = {"pl": "Polish", "pa": "Panjabi", "ur": "Urdu", "bn": "Bengali", "ta": "Tamil", "so": "Somali",
                    "zh": "Chinese", "tr": "Turkish"}  # fmt: skip
_CLINICIANS: Final = (
    ("Dr", "Alison", "Hartwell"), ("Dr", "Rakesh", "Menon"), ("Dr", "Fiona", "Carrick"), ("Sister", "Dawn", "Pryor"),
    ("Dr", "Samuel", "Oduya"), ("Mr", "Liam", "Tranter"),
)  # fmt: skip


def _coded(code: str, display: str, text: str = "", more: str = "") -> str:
    return (
        f'{{"coding":[{{"system":"{SNOMED}","code":"{code}","display":"{display}"}}{more}],"text":"{text or display}"}}'
    )


_REASONS: Final = {key: _coded(one.snomed, one.display) for key, one in REASONS.items()}
_CONDITIONS: Final = {key: _coded(one.snomed, one.display) for key, one in CONDITIONS.items()}
_ALLERGENS: Final = {key: _coded(one.snomed, one.display) for key, one in ALLERGENS.items()}
_REACTIONS: Final = {key: _coded(one.snomed, one.display) for key, one in REACTIONS.items()}
_MEDICINES: Final = {
    key: _coded(
        one.substance, one.substance_display, one.text,
        f',{{"system":"https://dmd.nhs.uk","code":"{one.vmp}","display":"{one.text}"}}' if one.vmp else "",
    )
    for key, one in MEDICINES.items()
}  # fmt: skip
_VACCINES: Final = {
    key: _coded(one.snomed, one.text) if one.snomed else f'{{"text":"{one.text}"}}' for key, one in VACCINES.items()
}
_GIVEN: Final = {
    key: f'"extension":[{{"url":"{CORE}Extension-UKCore-VaccinationProcedure","valueCodeableConcept":'
         f"{_coded(one.procedure, one.procedure_display)}}}],"
    if one.procedure else ""
    for key, one in VACCINES.items()
}  # fmt: skip
_MEASURES: Final = {key: _coded(one.snomed, one.display) for key, one in MEASURES.items()}
_QUANTITIES: Final = {
    key: f'"unit":"{one.unit}","system":"http://unitsofmeasure.org","code":"{one.ucum}"}}'
    for key, one in MEASURES.items()
}
_SMOKING: Final = tuple(_coded(*SMOKING[key]) for key in ("never", "ex", "current"))


def _category(system: str, code: str) -> str:
    return f'"category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/{system}","code":"{code}"}}]}}],'


_VITAL, _LAB, _SURVEY, _SOCIAL = (
    _category("observation-category", code) for code in ("vital-signs", "laboratory", "survey", "social-history")
)
_CATEGORIES: Final = {
    "blood_pressure": _VITAL, "bmi": _VITAL, "weight": _VITAL, "pulse": _VITAL, "peak_flow": _VITAL,
    "smoking": _SOCIAL, "alcohol": _SOCIAL, "frailty": _SURVEY, "phq9": _SURVEY, "gad7": _SURVEY,
}  # fmt: skip
_PROFILES: Final = {
    "blood_pressure": "UKCore-Observation-VitalSigns-BloodPressure", "bmi": "UKCore-Observation-VitalSigns-BMI",
    "weight": "UKCore-Observation-VitalSigns-BodyWeight", "pulse": "UKCore-Observation-VitalSigns-HeartRate",
    "smoking": "UKCore-Observation-TobaccoConsumption", "alcohol": "UKCore-Observation-AlcoholConsumption",
}  # fmt: skip
_ACTIVE: Final = (
    '"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"'
)
_CONFIRMED: Final = (
    '"}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status",'
    '"code":"confirmed"}]},'
)
_ALLERGY_ACTIVE: Final = (
    '"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",'
    '"code":"active"}]},"verificationStatus":{"coding":[{"system":'
    '"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":"confirmed"}]},'
)
_MODES: Final = {
    "face_to_face": ("AMB", "ambulatory", "Surgery consultation"), "telephone": ("VR", "virtual", "Telephone call"),
    "online": ("VR", "virtual", "Online consultation"), "home": ("HH", "home health", "Home visit"),
}  # fmt: skip
_CLASSES: Final = {
    key: f'"class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{code}","display":"{display}"}},'
         f'"type":[{{"text":"{text}"}}],'
    for key, (code, display, text) in _MODES.items()
}  # fmt: skip


def sends_bundles(at: int) -> bool:
    """Answer whether the practice of that place in World.practices sends Bundles: every fourth does."""
    return at % 4 == 3


def file_of(practice: Organisation, at: int, part: int) -> str:
    """Answer the name of a practice's file; some are compressed."""
    ending = ".gz" if at % 8 == 1 else ".zst" if at % 8 in (4, 7) else ""
    return f"gp/{practice.source}-{part}.ndjson{ending}"


def declare(world: World) -> list[Declared]:
    """Answer a source for each practice."""
    return [
        Declared(one.source, one.name, one.ods, "gp", "fhir", f"gp/{one.source}-*", duplicate_free=False)
        for one in world.practices
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer what stands first in each practice's file: the practice and those who work there."""
    found = {}
    for at, practice in enumerate(world.practices):
        lines = _staff(practice, at)
        text = _bundle(f"staff-{practice.ods}", lines) if sends_bundles(at) else "".join(lines)
        found[file_of(practice, at, 1)] = text
    return found


def _staff(practice: Organisation, at: int) -> list[str]:
    code = practice.ods
    updated = '"lastUpdated":"2025-04-01T03:00:00+01:00"'
    lines = [
        f'{{"resourceType":"Organization","id":"{code}","meta":{{{updated},"profile":["{CORE}UKCore-Organization"]}},'
        f'"identifier":[{{"system":"{ODS}","value":"{code}"}}],"active":true,"name":"{_text(practice.name)}",'
        f'"telecom":[{{"system":"phone","value":"{practice.phone}","use":"work"}}],'
        f'"address":[{{"postalCode":"{practice.postcode}"}}]}}\n'
    ]
    for number, (prefix, given, family) in enumerate(_CLINICIANS):
        # Families of staff differ by practice: the same six people do not work everywhere.
        family = f"{family[:-1]}{'aeioy'[(at + number) % 5]}{family[-1]}" if at else family
        lines.append(
            f'{{"resourceType":"Practitioner","id":"{code}-{number}","meta":{{{updated},"profile":'
            f'["{CORE}UKCore-Practitioner"]}},"identifier":[{{"system":"https://gp.example.nhs.uk/Id/staff-number",'
            f'"value":"{code}-{number}"}}],'
            f'"name":[{{"use":"official","family":"{family}","given":["{given}"],"prefix":["{prefix}"]}}]}}\n'
        )
    return lines


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


class Sheet:
    """The lines about one patient of one practice, and those that are corrected later."""

    __slots__ = ("first", "late", "ref", "shown")

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.ref = f'"subject":{{"reference":"Patient/{shown.source_id}"}},'
        self.first: list[str] = []
        self.late: list[str] = []


def write(world: World, block: Block, out: Out) -> None:
    """Add what the practices send about the people of a block."""
    at_of = {one.ods: at for at, one in enumerate(world.practices)}
    sheets: dict[tuple[int, str], list[Sheet]] = {}
    for one in block.people:
        for code in (one.previous_practice, one.practice):
            if code:
                held = block.shown[one.index, world.practices[at_of[code]].source]
                sheets[one.index, code] = [Sheet(shown) for shown in held]
                for sheet in sheets[one.index, code]:
                    sheet.first.append(_patient(one, sheet.shown, code))
                    sheet.first.append(_registration(one, sheet.shown, code))
                _history(block, one, code, sheets[one.index, code])
    _events(block, sheets, out)
    rng = block.rng("gp")
    for (index, code), pair in sheets.items():
        at = at_of[code]
        practice = world.practices[at]
        is_bundle = sends_bundles(at)
        name = file_of(practice, at, 1)
        for sheet in pair:
            shown = sheet.shown
            out.subject(shown.source, shown.source_id, block.person(index).id, " ".join(shown.faults))
            out.count(shown.source, "resources", len(sheet.first) + len(sheet.late))
            if is_bundle:
                out.file(name).append(_bundle(f"b-{shown.source_id}", sheet.first))
            else:
                lines = sheet.first
                if rng.random() < len(lines) / MALFORMED:
                    lines = _spoil(lines, int(rng.integers(1, len(lines))), int(rng.integers(1 << 16)))
                    out.count(shown.source, "malformed")
                out.file(name).extend(lines)
            if sheet.late and not is_bundle:
                out.file(file_of(practice, at, 2)).extend(sheet.late)
            elif sheet.late:
                # Not one patient by one: the corrections of a night come together.
                night = out.file(f"gp/{practice.source}-2-{block.number + 1:05d}.json")
                if night:
                    night[-1] = night[-1][: -len("]}\n")] + ","
                    night.append(_entries(sheet.late) + "]}\n")
                else:
                    night.append(_bundle(f"late-{practice.ods.lower()}-{block.number}", sheet.late))


def _entries(lines: list[str]) -> str:
    entries = []
    for line in lines:
        parts = line.split('"', 8)
        what = f"{parts[3]}/{parts[7]}"
        entries.append(
            f'{{"fullUrl":"https://gp.example.nhs.uk/fhir/{what}","resource":{line[:-1]},'
            f'"request":{{"method":"PUT","url":"{what}"}}}}'
        )
    return ",".join(entries)


def _bundle(id_: str, lines: list[str]) -> str:
    return f'{{"resourceType":"Bundle","id":"{id_}","type":"transaction","entry":[{_entries(lines)}]}}\n'


def _spoil(lines: list[str], at: int, draw: int) -> list[str]:
    """Answer the lines with one of them broken, in one of the ways in which lines break."""
    line = lines[at]
    month = line.index('"lastUpdated":"') + len('"lastUpdated":"2026-')
    broken = (
        line[: len(line) * 2 // 3] + "\n",  # the disk was full
        line.replace('"resourceType"', "'resourceType'", 1),
        line.replace('"reference":"Patient/', '"reference":"Patient', 1),
        f"{line[:month]}13{line[month + 2 :]}",
        line.replace('"status":"', '"status":"bogus-', 1).replace('"code":"active"', '"code":"actve"', 1),
        "\x00" + line,
    )[draw % 6]
    return [*lines[:at], broken if broken != line else line[: len(line) // 2] + "\n", *lines[at + 1 :]]


def _id(event: str) -> str:
    """Answer what a practice calls an event: its own number, not one that others know."""
    return f"{event[0].lower()}{int(event[1:]) * 7_919_003_957 % 10_000_000_000_000:013d}"


# --- who somebody is


def _patient(one: Person, shown: Shown, code: str) -> str:
    updated = instant(min(LAST_DAY, max(shown.since, 45_000) + shown.person % 500), 180)
    number = (
        f'{{"extension":[{{"url":"{CORE}Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{{"coding":'
        f'[{{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",'
        f'"code":"{shown.nhs_status}","display":"{NUMBER_STATUSES[shown.nhs_status]}"}}]}}}}],'
        f'"system":"{NHS_NUMBER}","value":"{shown.nhs_number}"}},'
        if shown.nhs_number
        else ""
    )
    given = f'"{shown.given}"' + (f',"{shown.middle}"' if shown.middle else "")
    prefix = f',"prefix":["{shown.prefix}"]' if shown.prefix else ""
    names = f'{{"use":"official","family":"{shown.family}","given":[{given}]{prefix}}}'
    if one.former_family and shown.person % 3 == 0 and one.former_family != shown.family:
        names += f',{{"use":"old","family":"{one.former_family}","given":["{shown.given}"]}}'
    if one.nickname != one.given and shown.person % 5 == 0:
        names += f',{{"use":"nickname","given":["{one.nickname}"]}}'
    telecom = f'{{"system":"phone","value":"{shown.phone}","use":"mobile"}}' if shown.phone else ""
    if one.email:
        telecom += f'{"," if telecom else ""}{{"system":"email","value":"{one.email}"}}'
    telecom = f'"telecom":[{telecom}],' if telecom else ""
    address = (
        f'"address":[{{"use":"home","line":["{shown.line}"],"city":"{shown.town}","postalCode":"{shown.postcode}"}}],'
        if shown.postcode
        else ""
    )
    language = (
        f'"communication":[{{"language":{{"coding":[{{"system":"urn:ietf:bcp:47",'
        f'"code":"{one.language}","display":"{LANGUAGES[one.language]}"}}]}},"preferred":true}}],'
        if one.language != "en"
        else ""
    )
    died = f'"deceasedDateTime":"{ISO[one.death]}",' if one.death and code == one.practice else ""
    birth = f'"birthDate":"{ISO[shown.birth]}",' if shown.birth else ""
    return (
        f'{{"resourceType":"Patient","id":"{shown.source_id}","meta":{{"versionId":"1","lastUpdated":"{updated}",'
        f'"profile":["{CORE}UKCore-Patient"]}},"extension":[{{"url":"{CORE}Extension-UKCore-EthnicCategory",'
        f'"valueCodeableConcept":{{"coding":[{{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland",'
        f'"code":"{shown.ethnicity}","display":"{ETHNICITIES[shown.ethnicity]}"}}]}}}}],'
        f'"identifier":[{number}{{"system":"{LOCAL}","value":"{zlib.crc32(shown.source_id.encode()) % 1_000_000}"}}],'
        f'"active":true,"name":[{names}],{telecom}"gender":"{shown.sex}",'
        f"{birth}{died}{address}{language}"
        f'"generalPractitioner":[{{"reference":"Organization/{code}","identifier":{{"system":"{ODS}","value":"{code}"}}}}],'
        f'"managingOrganization":{{"reference":"Organization/{code}","identifier":{{"system":"{ODS}","value":"{code}"}}}}}}\n'
    )


def _registration(one: Person, shown: Shown, code: str) -> str:
    is_old = code == one.previous_practice
    start = shown.since
    end = one.registered_on if is_old and one.is_deducted else one.death if one.death and not is_old else 0
    status = "finished" if end else "active"
    until = f',"end":"{ISO[end]}"' if end else ""
    updated = instant(min(LAST_DAY, (end or start) + 3), 200)
    return (
        f'{{"resourceType":"EpisodeOfCare","id":"reg-{shown.source_id}","meta":{{"versionId":"1","lastUpdated":"{updated}",'
        f'"profile":["{CORE}UKCore-EpisodeOfCare"]}},"status":"{status}",'
        f'"type":[{{"text":"Registration with a practice"}}],'
        f'"patient":{{"reference":"Patient/{shown.source_id}"}},"managingOrganization":{{"reference":"Organization/{code}",'
        f'"identifier":{{"system":"{ODS}","value":"{code}"}}}},"period":{{"start":"{ISO[start]}"{until}}}}}\n'
    )


# --- what somebody has: goes with them when they change practice


def _history(block: Block, one: Person, code: str, sheets: list[Sheet]) -> None:
    at = one.index - block.first
    until = one.registered_on if code == one.previous_practice else LAST_DAY + 1
    mark = "o" if code == one.previous_practice else ""
    for number, condition in enumerate(block.conditions[at]):
        if condition.onset < until:
            sheet = sheets[number % len(sheets)]
            sheet.first.append(_condition(condition, sheet, mark, 1))
            if zlib.crc32(condition.id.encode()) % CORRECTED == 0:
                # It was found to have begun a year later than was first written.
                later = condition._replace(onset=min(condition.onset + 365, LAST_DAY))
                sheet.late.append(_condition(later, sheet, mark, 2))
    known = [allergy for allergy in block.allergies[at] if allergy.known_to != "acute" and allergy.since < until]
    for number, allergy in enumerate(known):
        sheet = sheets[number % len(sheets)]
        sheet.first.append(_allergy(allergy, sheet, mark, code))
    if not known and (block.allergies[at] or one.index * 7919 % 100 < 46):
        sheets[0].first.append(_no_allergies(one, sheets[0], mark))
    is_rich = "rich" in one.tags
    for number, medicine in enumerate(block.medicines[at]):
        if medicine.start < until:
            _medicine(medicine, sheets[number % len(sheets)], mark, code, is_rich=is_rich)


def _condition(condition: Condition, sheet: Sheet, mark: str, version: int) -> str:
    key, onset, end, id_ = condition
    updated = instant(min(LAST_DAY, LAST_DAY if version > 1 else max(onset, end) + 1), 190)
    status = "resolved" if end else "active"
    ends = f'"abatementDateTime":"{ISO[end]}",' if end else ""
    return (
        f'{{"resourceType":"Condition","id":"{mark}{_id(id_)}","meta":{{"versionId":"{version}","lastUpdated":"{updated}",'
        f'"profile":["{CORE}UKCore-Condition"]}},{_ACTIVE}{status}{_CONFIRMED}"category":[{{"coding":[{{"system":'
        f'"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}}]}}],'
        f'"code":{_CONDITIONS[key]},{sheet.ref}"onsetDateTime":"{ISO[onset]}",{ends}"recordedDate":"{ISO[onset]}"}}\n'
    )


def _allergy(allergy: Allergy, sheet: Sheet, mark: str, code: str) -> str:
    category = "medication" if allergy.key in MEDICINE_ALLERGENS else "food" if allergy.key in FOOD_ALLERGENS else (
        "environment")  # fmt: skip
    criticality = "high" if allergy.severity == "severe" else "low"
    return (
        f'{{"resourceType":"AllergyIntolerance","id":"{mark}{_id(allergy.id)}","meta":{{"versionId":"1","lastUpdated":'
        f'"{instant(min(LAST_DAY, allergy.since + 1), 191)}","profile":["{CORE}UKCore-AllergyIntolerance"]}},'
        f'{_ALLERGY_ACTIVE}"type":"allergy","category":["{category}"],"criticality":"{criticality}",'
        f'"code":{_ALLERGENS[allergy.key]},"patient":{{"reference":"Patient/{sheet.shown.source_id}"}},'
        f'"recordedDate":"{ISO[allergy.since]}","recorder":{{"reference":"Practitioner/{code}-0"}},'
        f'"reaction":[{{"manifestation":[{_REACTIONS[allergy.reaction]}],"severity":"{allergy.severity}"}}]}}\n'
    )


def _no_allergies(one: Person, sheet: Sheet, mark: str) -> str:
    known = NO_KNOWN_ALLERGIES if one.index % 2 else NO_KNOWN_DRUG_ALLERGIES
    day = min(LAST_DAY, max(sheet.shown.since, one.birth + 50))
    return (
        f'{{"resourceType":"AllergyIntolerance","id":"{mark}nka-{sheet.shown.source_id[:18]}","meta":{{"versionId":"1",'
        f'"lastUpdated":"{instant(day, 191)}","profile":["{CORE}UKCore-AllergyIntolerance"]}},{_ALLERGY_ACTIVE}'
        f'"code":{_coded(known.snomed, known.display)},"patient":{{"reference":"Patient/{sheet.shown.source_id}"}},'
        f'"recordedDate":"{ISO[day]}"}}\n'
    )


def _medicine(medicine: Medicine, sheet: Sheet, mark: str, code: str, *, is_rich: bool) -> None:
    product = MEDICINES[medicine.key]
    what = f'"medicationCodeableConcept":{_MEDICINES[medicine.key]},{sheet.ref}'
    how = f'"dosageInstruction":[{{"text":"{product.dose}"}}]'
    supply = f'"dispenseRequest":{{"quantity":{{"value":{product.quantity},"unit":"{product.unit}"}}}}'
    last = medicine.end or LAST_DAY
    id_ = _id(medicine.id)
    if medicine.is_repeat:
        state = "completed" if medicine.end else "active"
        until = f',"end":"{ISO[medicine.end]}"' if medicine.end else ""
        sheet.first.append(
            f'{{"resourceType":"MedicationStatement","id":"{mark}{id_}","meta":{{"versionId":"1","lastUpdated":'
            f'"{instant(min(LAST_DAY, medicine.end or medicine.start + 1), 192)}",'
            f'"profile":["{CORE}UKCore-MedicationStatement"]}},'
            f'"status":"{state}",{what}"effectivePeriod":{{"start":"{ISO[medicine.start]}"{until}}},'
            f'"dosage":[{{"text":"{product.dose}"}}]}}\n'
        )
    issues = min(medicine.issues, 36) if is_rich else 1
    for number in range(issues):
        day = max(medicine.start, last - 28 * number - (medicine.issues * 7 + number) % 20)
        status = "active" if number == 0 and not medicine.end else "completed"
        sheet.first.append(
            f'{{"resourceType":"MedicationRequest","id":"{mark}{id_}-{number}","meta":{{"versionId":"1","lastUpdated":'
            f'"{instant(day, 640)}","profile":["{CORE}UKCore-MedicationRequest"]}},"status":"{status}",'
            f'"intent":"order",{what}"authoredOn":"{ISO[day]}",'
            f'"requester":{{"reference":"Practitioner/{code}-{number % 3}"}},{how},{supply}}}\n'
        )


# --- what happened


def _events(block: Block, sheets: dict[tuple[int, str], list[Sheet]], out: Out) -> None:
    for consultation in block.consultations:
        sheet = _sheet(sheets, consultation.person, consultation.practice, consultation.id)
        sheet.first.append(_encounter(consultation, sheet.ref))
    for measurement in block.measurements:
        sheet = _sheet(sheets, measurement.person, measurement.practice, measurement.id)
        sheet.first.append(_observation(measurement, sheet.ref, 1))
        if int(measurement.id[1:]) % CORRECTED == 0:
            other = measurement._replace(value=round(measurement.value * 1.1, 1))
            sheet.late.append(_observation(other, sheet.ref, 2))
    for jab in block.jabs:
        sheet = _sheet(sheets, jab.person, jab.practice, jab.id)
        sheet.first.append(_immunisation(jab, sheet))
    for referral in block.referrals:
        sheet = _sheet(sheets, referral.person, referral.practice, referral.id)
        sheet.first.append(_request(referral, sheet.ref))
        out.same_event(referral.id, sheet.shown.source, "ServiceRequest", _id(referral.id))
    for report in block.reports:
        if (report.person, report.asked_by) in sheets:
            sheet = _sheet(sheets, report.person, report.asked_by, report.id)
            _filed(report, sheet, out)


def _sheet(sheets: dict[tuple[int, str], list[Sheet]], person: int, practice: str, event: str) -> Sheet:
    pair = sheets[person, practice]
    return pair[0] if len(pair) == 1 else pair[zlib.crc32(event.encode()) % len(pair)]


def _encounter(one: Consultation, ref: str) -> str:
    id_, _, code, day, minute, minutes, mode, reason, clinician = one
    end = min(1439, minute + minutes)
    start = instant(day, minute)
    return (
        f'{{"resourceType":"Encounter","id":"{_id(id_)}","meta":{{"versionId":"1",'
        f'"lastUpdated":"{instant(day, end, 40)}","profile":["{CORE}UKCore-Encounter"]}},"status":"finished",'
        f"{_CLASSES[mode]}{ref}"
        f'"participant":[{{"individual":{{"reference":"Practitioner/{code}-{clinician}"}}}}],'
        f'"period":{{"start":"{start}","end":"{instant(day, end)}"}},"reasonCode":[{_REASONS[reason]}],'
        f'"serviceProvider":{{"reference":"Organization/{code}","identifier":{{"system":"{ODS}","value":"{code}"}}}}}}\n'
    )


def _observation(one: Measurement, ref: str, version: int) -> str:
    id_, _, _, day, key, value, second = one
    number = int(id_[-4:])
    minute = 540 + number % 480
    profile = _PROFILES.get(key, "UKCore-Observation")
    if key == "blood_pressure":
        says = (
            f'"component":[{{"code":{_MEASURES["systolic"]},"valueQuantity":{{"value":{value:.0f},{_QUANTITIES["systolic"]}}},'
            f'{{"code":{_MEASURES["diastolic"]},"valueQuantity":{{"value":{second:.0f},{_QUANTITIES["diastolic"]}}}]'
        )
    elif key == "smoking":
        says = f'"valueCodeableConcept":{_SMOKING[min(2, int(value))]}'
    else:
        says = f'"valueQuantity":{{"value":{value:g},{_QUANTITIES[key]}'
    updated = instant(day, minute, 30) if version == 1 else instant(min(LAST_DAY, day + 9), minute, 31)
    status = "final" if version == 1 else "corrected"
    return (
        f'{{"resourceType":"Observation","id":"{_id(id_)}","meta":{{"versionId":"{version}","lastUpdated":"{updated}",'
        f'"profile":["{CORE}{profile}"]}},"status":"{status}",{_CATEGORIES[key]}"code":{_MEASURES[key]},{ref}'
        f'"effectiveDateTime":"{instant(day, minute)}",{says}}}\n'
    )


def _immunisation(one: Jab, sheet: Sheet) -> str:
    return (
        f'{{"resourceType":"Immunization","id":"{_id(one.id)}","meta":{{"versionId":"1","lastUpdated":'
        f'"{instant(one.day, 1000)}","profile":["{CORE}UKCore-Immunization"]}},{_GIVEN[one.key]}"status":"completed",'
        f'"vaccineCode":{_VACCINES[one.key]},"patient":{{"reference":"Patient/{sheet.shown.source_id}"}},'
        f'"occurrenceDateTime":"{ISO[one.day]}","primarySource":true,"protocolApplied":[{{"doseNumberPositiveInt":{one.dose}}}]}}\n'
    )


def _request(one: Referral, ref: str) -> str:
    priority = "urgent" if one.priority != "routine" else "routine"
    specialty = SPECIALTIES[one.specialty]
    reason = f'"reasonCode":[{_CONDITIONS[one.reason]}],' if one.reason in _CONDITIONS else ""
    text = (
        f"Suspected cancer referral to {specialty}" if one.priority == "two_week_wait" else f"Referral to {specialty}"
    )
    return (
        f'{{"resourceType":"ServiceRequest","id":"{_id(one.id)}","meta":{{"versionId":"1","lastUpdated":'
        f'"{instant(one.day, 1080)}","profile":["{CORE}UKCore-ServiceRequest"]}},"status":"{one.state}",'
        f'"intent":"order",'
        f'"category":[{{"coding":[{{"system":"{SNOMED}","code":"3457005","display":"Patient referral"}}]}}],'
        f'"priority":"{priority}","code":{{"text":"{text}"}},{ref}"authoredOn":"{instant(one.day, 1079)}",'
        f'"requester":{{"reference":"Practitioner/{one.practice}-0","display":"{one.practice}"}},'
        f'"performer":[{{"identifier":{{"system":"{ODS}","value":"{one.to}"}},"display":"{specialty}"}}],{reason}'
        f'"occurrenceDateTime":"{ISO[one.day]}"}}\n'
    )


def _filed(report: Report, sheet: Sheet, out: Out) -> None:
    """Add the results that the practice has filed from what the laboratory sent: the same event as in its messages."""
    for number, result in enumerate(report.results):
        if result.key not in FILED:
            continue
        measure = MEASURES[result.key]
        id_ = f"{_id(report.id)}-{number}"
        value = report.corrected if number == 0 and report.corrected else result.value
        unit = _QUANTITIES[result.key]
        limits = (
            f'"referenceRange":[{{"low":{{"value":{measure.low:g},{unit},"high":{{"value":{measure.high:g},{unit}}}],'
        )
        sheet.first.append(
            f'{{"resourceType":"Observation","id":"{id_}","meta":{{"versionId":"1","lastUpdated":'
            f'"{instant(min(LAST_DAY, report.day + 1), 1100)}","profile":["{CORE}UKCore-Observation-Lab"]}},'
            f'"status":"final",{_LAB}"code":{_MEASURES[result.key]},{sheet.ref}'
            f'"effectiveDateTime":"{instant(report.day, report.minute)}",'
            f'{limits}"valueQuantity":{{"value":{value:g},{_QUANTITIES[result.key]}}}\n'
        )
        out.same_event(f"{report.id}.{result.key}", sheet.shown.source, "Observation", id_)
