"""Discharge summaries that hospitals send to practices: FHIR R4 documents, one Bundle a line.

Composition first, its sections under the headings of the PRSB eDischarge standard (codes of UK Core's record standard
headings), then all that they name. It goes to the practice that the hospital believes in, by its ODS code, in the
extension for recipients that NHS transfer of care documents use. Some letters are late, some are sent again amended,
and a few arrive cut off. What the hospital knows of allergies is not always what the practice knows.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from joinedup.simulation.catalogue import allergen, condition, diagnosis_words, reaction, specialty_name
from joinedup.simulation.days import ISO, LAST_DAY, instant
from joinedup.simulation.hl7v2 import consultant_of
from joinedup.simulation.medicines import MEDICINES, NO_KNOWN_ALLERGIES
from joinedup.simulation.periods import draw, period_of
from joinedup.simulation.world import Admission, Block, Declared, Organisation, Person, Shown, World
from joinedup.simulation.writing import Out

# Puts a resource (type, id, the rest of its JSON) into a document, and answers a reference to it.
_Add = Callable[[str, str, str], str]
# Faults, one in so many letters.
LATE: Final = 30
AMENDED: Final = 100
CUT_OFF: Final = 2000
RECIPIENT: Final = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-ITK-InformationRecipient-1"
HEADINGS: Final = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RecordStandardHeadings"
_ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
_SNOMED: Final = "http://snomed.info/sct"
_ICD10: Final = "http://hl7.org/fhir/sid/icd-10"
_NAMESPACE: Final = uuid.UUID("6f1c1c7e-6c0f-5d7b-9a3a-3d5a54a0b9f1")
_GENDERS: Final = {"female": "female", "male": "male", "unknown": "unknown"}
_STATUSES: Final = {
    "01": "Number present and verified",
    "02": "Number present but not traced",
    "03": "Trace required",
    "04": "Trace attempted - No match or multiple match found",
    "05": "Trace needs to be resolved - (NHS Number or patient detail conflict)",
    "06": "Trace in progress",
    "07": "Number not present and trace not required",
    "08": "Trace postponed (baby under six weeks old)",
}
_SEVERITY: Final = {"mild": "mild", "moderate": "moderate", "severe": "severe"}


def declare(world: World) -> list[Declared]:
    """Answer the letters of each acute trust as a source of its own."""
    return [
        Declared(
            key=f"{trust.source}-letters",
            name=f"{trust.name}: discharge summaries",
            organisation=trust.ods,
            setting="acute",
            format="fhir",
            files=f"{trust.source}-letters/{trust.ods}_letters_*.ndjson",
            interval_hours=24,
        )
        for trust in world.of_kind("acute")
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer no header: each line is a document."""
    return {}


def write(world: World, block: Block, out: Out) -> None:
    """Add a discharge summary for each finished stay of a block's residents that was no day case."""
    trusts = {trust.ods: trust for trust in world.of_kind("acute")}
    for admission in block.admissions:
        if not admission.end_day or admission.is_day_case or admission.end_day > LAST_DAY:
            continue
        trust = trusts[admission.trust]
        feed = f"{trust.source}-letters"
        shown = block.subject(admission.person, trust.source, admission.id)
        day = admission.end_day + (2 + draw(admission.id, 12) if draw(admission.id + "late", LATE) == 0 else 0)
        if day > LAST_DAY:
            continue
        line = _document(world, block, trust, admission, shown, day, "final")
        if draw(admission.id + "cut", CUT_OFF) == 0:
            line = line[: len(line) * 2 // 3]
            out.count(feed, "malformed documents")
        path = f"{feed}/{trust.ods}_letters_{{}}.ndjson"
        out.file(path.format(period_of(day))).append(line + "\n")
        out.count(feed, "documents")
        if draw(admission.id + "amended", AMENDED) == 0 and day + 3 <= LAST_DAY:
            again = _document(world, block, trust, admission, shown, day + 3, "amended")
            out.file(path.format(period_of(day + 3))).append(again + "\n")
            out.count(feed, "documents")
            out.count(feed, "amended documents")
        out.subject(feed, shown.source_id, block.person(shown.person).id, " ".join(shown.faults))
        out.same_event(admission.id, feed, "Encounter", admission.id)


@lru_cache(maxsize=20_000)
def _text(value: str) -> str:
    """Answer a text as JSON holds it, with its quotes."""
    return json.dumps(value, ensure_ascii=False)


def _xhtml(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _document(
    world: World, block: Block, trust: Organisation, event: Admission, shown: Shown, day: int, status: str
) -> str:
    """Answer one discharge summary as a line of JSON, without the line's end."""
    base = f"https://letters.{trust.ods.lower()}.example/fhir"
    person = block.person(event.person)
    place = event.person - block.first
    patient = f'{{"reference":"Patient/{shown.source_id}"}}'
    encounter = f'{{"reference":"Encounter/{event.id}"}}'
    made = instant(day, min(event.end_minute + 55, 1439))
    consultant, name, initial, *_ = consultant_of(trust.ods, event.specialty).split("^")
    practice = world.organisations.get(f"gp {shown.practice}")
    resources: list[tuple[str, str, str]] = []

    def add(kind: str, id_: str, rest: str) -> str:
        resources.append((kind, id_, rest))
        return f'{{"reference":"{kind}/{id_}"}}'

    patient_body = _patient(shown, person, trust, block)
    add("Patient", shown.source_id, patient_body)
    author = add(
        "Practitioner", consultant,
        f'"identifier":[{{"system":"https://fhir.hl7.org.uk/Id/gmc-number","value":"{consultant}"}}],'
        f'"name":[{{"family":"{name}","given":["{initial}"],"prefix":["Dr"]}}]',
    )  # fmt: skip
    custodian = add("Organization", trust.ods, _organisation(trust.ods, trust.name))
    recipient = f'{{"identifier":{{"system":"{_ODS}","value":"{shown.practice}"}}'
    if practice and shown.practice:
        add("Organization", shown.practice, _organisation(shown.practice, practice.name))
        recipient += f',"reference":"Organization/{shown.practice}","display":{_text(practice.name)}'
    recipient += "}"
    add("Encounter", event.id, _encounter(event, trust, patient))
    diagnoses, codes = _diagnoses(event, patient, encounter, add)
    procedures = _procedures(event, patient, encounter, add)
    medicines, drug_words = _medicines(block, place, event, patient, encounter, add)
    allergies, allergy_words = _allergies(block, place, patient, add)
    died = event.died
    summary = (
        f"Admitted {'as an emergency' if event.method[0] == '2' else 'for planned care'} under "
        f"{specialty_name(event.specialty).lower()} with {codes[0][1][0].lower() + codes[0][1][1:]}. "
        + ("Died in hospital." if died else "Treated and discharged.")
    )
    sections = [
        ("admission-details", "Admission details", f"Admitted on {ISO[event.day]}, method {event.method}", [encounter]),
        (
            "discharge-details", "Discharge details",
            f"{'Died' if died else 'Discharged'} on {ISO[event.end_day]}, destination {event.destination or '19'}", [],
        ),
        ("diagnoses", "Diagnoses", "; ".join(words for _, words in codes), diagnoses),
        ("procedures", "Procedures", event.procedure or "None", procedures),
        ("clinical-summary", "Clinical summary", summary, []),
        ("allergies-and-adverse-reaction", "Allergies and adverse reactions", allergy_words, allergies),
        ("medications-and-medical-devices", "Medications and medical devices", drug_words or "None", medicines),
        ("plan-and-requested-actions", "Plan and requested actions", _plan(event, codes), []),
        ("information-and-advice-given", "Information and advice given", "Given to patient in writing", []),
        ("person-completing-record", "Person completing record", f"Dr {initial} {name}", []),
        ("distribution-list", "Distribution list", practice.name if practice else shown.practice or "None", []),
    ]  # fmt: skip
    composition = (
        f'{{"resourceType":"Composition","id":"{event.id}-letter",'
        f'"extension":[{{"url":"{RECIPIENT}","valueReference":{recipient}}}],'
        f'"identifier":{{"system":"https://joinedup.example/Id/{trust.source}/letter","value":"{event.id}"}},'
        f'"status":"{status}","type":{{"coding":[{{"system":"{_SNOMED}","code":"373942005",'
        f'"display":"Discharge summary"}}]}},"subject":{patient},"encounter":{encounter},"date":"{made}",'
        f'"author":[{author}],"title":"Discharge summary","custodian":{custodian},"section":['
        + ",".join(_section(*section) for section in sections)
        + "]}"
    )
    number = uuid.uuid5(_NAMESPACE, f"{trust.ods}/{event.id}/{status}")
    entries = [f'{{"fullUrl":"{base}/Composition/{event.id}-letter","resource":{composition}}}']
    entries += [
        f'{{"fullUrl":"{base}/{kind}/{id_}","resource":{{"resourceType":"{kind}","id":"{id_}",{rest}}}}}'
        for kind, id_, rest in resources
    ]
    return (
        f'{{"resourceType":"Bundle","id":"{number}","identifier":{{"system":"https://tools.ietf.org/html/rfc4122",'
        f'"value":"{number}"}},"type":"document","timestamp":"{made}","entry":[{",".join(entries)}]}}'
    )


def _section(code: str, title: str, words: str, entries: list[str]) -> str:
    """Answer one section with its heading's code, its words and what it names."""
    div = _text(f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{_xhtml(words)}</p></div>')
    listed = f',"entry":[{",".join(entries)}]' if entries else ""
    return (
        f'{{"title":"{title}","code":{{"coding":[{{"system":"{HEADINGS}","code":"{code}","display":"{title}"}}]}},'
        f'"text":{{"status":"generated","div":{div}}}{listed}}}'
    )


def _organisation(code: str, name: str) -> str:
    return f'"identifier":[{{"system":"{_ODS}","value":"{code}"}}],"name":{_text(name)}'


def _patient(shown: Shown, person: Person, trust: Organisation, block: Block) -> str:
    """Answer the patient as the hospital holds it."""
    number = ""
    if shown.nhs_number:
        status = shown.nhs_status
        number = (
            '{"extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-'
            'NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"system":"https://fhir.hl7.org.uk/'
            f'CodeSystem/UKCore-NHSNumberVerificationStatusEngland","code":"{status}",'
            f'"display":{_text(_STATUSES.get(status, status))}}}]}}}}],"system":"https://fhir.nhs.uk/Id/nhs-number",'
            f'"value":"{shown.nhs_number}"}},'
        )
    given = f"{_text(shown.given)},{_text(shown.middle)}" if shown.middle else _text(shown.given)
    prefix = f',"prefix":[{_text(shown.prefix)}]' if shown.prefix else ""
    phone = f'"telecom":[{{"system":"phone","value":"{shown.phone}","use":"home"}}],' if shown.phone else ""
    birth = f'"birthDate":"{ISO[shown.birth]}",' if shown.birth else ""
    death = f'"deceasedDateTime":"{ISO[person.death]}",' if 0 < person.death <= LAST_DAY else ""
    practice = (
        f',"generalPractitioner":[{{"identifier":{{"system":"{_ODS}","value":"{shown.practice}"}}}}]'
        if shown.practice
        else ""
    )
    return (
        f'"identifier":[{number}{{"system":"https://joinedup.example/Id/{trust.source}","value":"{shown.source_id}"}}],'
        f'"name":[{{"use":"official","family":{_text(shown.family)},"given":[{given}]{prefix}}}],{phone}'
        f'"gender":"{_GENDERS[shown.sex]}",{birth}{death}'
        f'"address":[{{"use":"home","line":[{_text(shown.line)}],"city":{_text(shown.town)},'
        f'"postalCode":"{shown.postcode}"}}],'
        f'"managingOrganization":{{"identifier":{{"system":"{_ODS}","value":"{trust.ods}"}}}}{practice}'
    )


def _encounter(event: Admission, trust: Organisation, patient: str) -> str:
    return (
        f'"identifier":[{{"system":"https://joinedup.example/Id/{trust.source}/spell","value":"{event.id}"}}],'
        '"status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP",'
        f'"display":"inpatient encounter"}},"subject":{patient},'
        f'"period":{{"start":"{instant(event.day, event.minute)}","end":"{instant(event.end_day, event.end_minute)}"}},'
        f'"serviceProvider":{{"identifier":{{"system":"{_ODS}","value":"{trust.ods}"}}}}'
    )


def _diagnoses(event: Admission, patient: str, encounter: str, add: _Add) -> tuple[list[str], list[tuple[str, str]]]:
    """Add the diagnoses, coded in ICD-10 with SNOMED CT beside it where known, and answer them with their words."""
    references, codes = [], []
    for number, code in enumerate(event.diagnoses, 1):
        key = event.reason if number == 1 else code
        bare, words = diagnosis_words(key) if number == 1 and condition(event.reason) else diagnosis_words(code)
        codes.append((bare, words))
        dotted = f"{bare[:3]}.{bare[3:]}" if bare[3:] and bare[3:] != "X" else bare[:3]
        coding = f'{{"system":"{_ICD10}","code":"{dotted}","display":{_text(words)}}}'
        known = condition(event.reason) if number == 1 else None
        if known and known.snomed:
            coding = f'{{"system":"{_SNOMED}","code":"{known.snomed}","display":{_text(known.display)}}},{coding}'
        references.append(
            add(
                "Condition",
                f"{event.id}-d{number}",
                '"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical",'
                '"code":"active"}]},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/'
                f'condition-category","code":"encounter-diagnosis"}}]}}],"code":{{"coding":[{coding}],'
                f'"text":{_text(words)}}},"subject":{patient},"encounter":{encounter},'
                f'"recordedDate":"{ISO[event.end_day]}"',
            )
        )
    return references, codes or [("R69X", "Unknown and unspecified causes of morbidity")]


def _procedures(event: Admission, patient: str, encounter: str, add: _Add) -> list[str]:
    if not event.procedure:
        return []
    return [
        add(
            "Procedure",
            f"{event.id}-p1",
            f'"status":"completed","code":{{"coding":[{{"system":"https://fhir.hl7.org.uk/Id/opcs-4",'
            f'"code":"{event.procedure}"}}],"text":"{event.procedure}"}},"subject":{patient},"encounter":{encounter},'
            f'"performedDateTime":"{ISO[min(event.day + 1, event.end_day)]}"',
        )
    ]


def _medicines(
    block: Block, place: int, event: Admission, patient: str, encounter: str, add: _Add
) -> tuple[list[str], str]:
    """Add what the patient takes at discharge."""
    references, words = [], []
    for medicine in block.medicines[place]:
        if medicine.start > event.end_day or (medicine.end and medicine.end < event.end_day):
            continue
        product = MEDICINES[medicine.key]
        words.append(product.text)
        references.append(
            add(
                "MedicationStatement",
                f"{event.id}-m{len(words)}",
                f'"status":"active","medicationCodeableConcept":{{"coding":[{{"system":"{_SNOMED}",'
                f'"code":"{product.substance}","display":{_text(product.substance_display)}}}],'
                f'"text":{_text(product.text)}}},"subject":{patient},"context":{encounter},'
                f'"dateAsserted":"{ISO[event.end_day]}","dosage":[{{"text":{_text(product.dose)}}}]',
            )
        )
    return references, "; ".join(words)


def _allergies(block: Block, place: int, patient: str, add: _Add) -> tuple[list[str], str]:
    """Add what the hospital knows of allergies: that there are none, where only the practice knows of one."""
    references, words = [], []
    known = [one for one in block.allergies[place] if one.known_to != "gp"]
    verified = '"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-'
    active = '"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"'
    for number, one in enumerate(known, 1):
        _, code, name = allergen(one.key)
        words.append(name)
        references.append(
            add(
                "AllergyIntolerance",
                f"{one.id}-a{number}",
                f'{active},"code":"active"}}]}},{verified}verification","code":"confirmed"}}]}},'
                f'"code":{{"coding":[{{"system":"{_SNOMED}","code":"{code}","display":{_text(name)}}}]}},'
                f'"patient":{patient},"onsetDateTime":"{ISO[one.since]}",'
                f'"reaction":[{{"manifestation":[{{"text":{_text(reaction(one.reaction))}}}],'
                f'"severity":"{_SEVERITY[one.severity]}"}}]',
            )
        )
    if block.allergies[place] and not known:
        words.append(NO_KNOWN_ALLERGIES.display)
        references.append(
            add(
                "AllergyIntolerance",
                f"nka-{block.people[place].id}",
                f'{active},"code":"active"}}]}},{verified}verification","code":"confirmed"}}]}},'
                f'"code":{{"coding":[{{"system":"{_SNOMED}","code":"{NO_KNOWN_ALLERGIES.snomed}",'
                f'"display":"{NO_KNOWN_ALLERGIES.display}"}}]}},"patient":{patient}',
            )
        )
    return references, "; ".join(words) or "None recorded"


def _plan(event: Admission, codes: list[tuple[str, str]]) -> str:
    """Answer what the hospital asks the practice to do."""
    if event.died:
        return "Please note the death; the medical examiner has been told."
    asks = (
        "GP to review medicines in two weeks.",
        "GP to repeat blood tests (U&E, FBC) in one week.",
        "Outpatient review in six weeks, booked by the hospital.",
        "District nurse to check wound.",
        "No action needed by the GP.",
    )
    return asks[draw(event.id + "plan", len(asks))]
