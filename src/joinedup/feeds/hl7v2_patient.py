"""The patient of a message: PID and PD1 as a UK Core Patient, NK1 as RelatedPerson, MRG as merges.

A message says only what it says. An empty field changes nothing and `""` removes a value (rules: record R11), so the
Patient built here is a statement, and `amended` lays it over what was known before.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from joinedup.feeds import nhs_number
from joinedup.feeds.hl7v2 import Delimiters, Hl7Error, Segment, Value
from joinedup.feeds.hl7v2_taken import Taken, meta_of, organisation_of, set_all
from joinedup.feeds.hl7v2_time import required
from joinedup.feeds.hl7v2_types import (
    GMC,
    GMP,
    LOCAL,
    ODS,
    Json,
    address,
    coded,
    concept,
    fhir_id,
    identifier,
    is_nhs_number,
    is_practice,
    made_id,
    name,
    organisation,
    patient_number,
    practitioner,
    telephone,
    time_text,
)

PROFILE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"
ETHNIC_EXTENSION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
ETHNIC_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
MARITAL_CODES = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

ETHNIC = {*"ABCDEFGHJKLMNPRSZ", "99"}
# HL7 table 0001, and the person gender codes of the NHS data dictionary that British systems send in its place.
GENDERS = {
    "M": "male",
    "F": "female",
    "O": "other",
    "A": "other",
    "U": "unknown",
    "N": "other",
    "I": "other",
    "X": "other",
    "1": "male",
    "2": "female",
    "9": "other",
    "0": "unknown",
}
_STATUS = re.compile(r"(?:NSTS)?(0[1-8])")

# Which parts of a Patient a field gives: what `""` in it removes.
_REMOVES = (
    (5, "name"), (7, "birthDate"), (8, "gender"), (11, "address"), (13, "telecom:home"), (14, "telecom:work"),
    (15, "communication"), (16, "maritalStatus"), (22, "ethnic"), (24, "multipleBirth"), (29, "deceased"),
    (30, "deceased"),
)  # fmt: skip


def patient_id(segment: Segment, field: int, place: str) -> str:
    """Answer the source's id of the patient named in PID-3 (or MRG-1); Hl7Error `missing-required` without one."""
    value = patient_number(segment.values(field))
    if value is None and segment.name == "PID":
        # Before version 2.3.1 the hospital number stood in PID-2, the external one.
        value = patient_number(segment.values(2))
    if value is None:
        raise Hl7Error("missing-required", place, "expected a number of the patient")
    return fhir_id(value[1])


def take_patient(taken: Taken, pid: Segment, pd1: Segment | None) -> Json:
    """Take the Patient that PID and PD1 state, and answer it. Nothing may change it: other messages share it."""
    source = taken.source
    stated = _stated(
        pid.line, "" if pd1 is None else pd1.line, pid.delimiters, taken.patient, source.key, source.organisation
    )
    taken.warnings.extend(stated.warnings)
    taken.add(stated.content, stated.removes)
    return stated.content


class _Statement(NamedTuple):
    content: Json
    removes: tuple[str, ...]
    warnings: tuple[str, ...]


# The same PID comes with every message of a patient, and a stay has many.
@lru_cache(maxsize=5_000)
def _stated(
    pid_line: str, pd1_line: str, delimiters: Delimiters, patient: str, source: str, organisation_: str
) -> _Statement:
    pid = Segment(pid_line, delimiters)
    pd1 = Segment(pd1_line, delimiters) if pd1_line else None
    warnings: list[str] = []
    content: Json = {
        "resourceType": "Patient",
        "id": patient,
        "meta": {**meta_of(source), "profile": [PROFILE]},
    }
    if pd1 is not None and pd1.text(12).upper() == "Y":
        content["meta"]["security"] = [{"system": CONFIDENTIALITY, "code": "R"}]
    ethnic = _ethnic(pid)
    set_all(
        content,
        extension=[ethnic] if ethnic else None,
        identifier=_identifiers(source, pid),
        name=_names(pid),
        telecom=_telephones(pid),
        gender=_gender(warnings, pid),
        address=[found for value in pid.values(11) if (found := address(value))],
        maritalStatus=_marital_status(source, pid),
        communication=_languages(source, pid),
        generalPractitioner=_practice(source, pd1),
    )
    _birth(content, pid)
    _death(content, pid)
    content["managingOrganization"] = organisation_of(organisation_)
    removes = dict.fromkeys(part for field, part in _REMOVES if pid.removes(field))
    return _Statement(content, tuple(removes), tuple(warnings))


def _identifiers(source: str, pid: Segment) -> list[Json]:
    found: dict[tuple[str, str], Json] = {}
    status = _STATUS.fullmatch(pid.text(32).upper())
    for value in pid.values(3) or pid.values(2):
        one = identifier(value, source)
        if one is None:
            continue
        if one["system"] == nhs_number.SYSTEM:
            checked = nhs_number.check(one["value"])
            if isinstance(checked, nhs_number.NhsNumber):
                one["value"] = checked.value  # without the blanks that people type
            if status:
                verified = coded(nhs_number.VERIFICATION_CODES, status[1])
                one["extension"] = [{"url": nhs_number.VERIFICATION_EXTENSION, "valueCodeableConcept": verified}]
        found[one["system"], one["value"]] = one
    return list(found.values())


def _names(pid: Segment) -> list[Json]:
    names = [found for value in pid.values(5) if (found := name(value))]
    for value in pid.values(9):
        if found := name(value):
            names.append(found | {"use": found["use"] if value[7] else "old"})
    return names


def _telephones(pid: Segment) -> list[Json]:
    found = [one for value in pid.values(13) if (one := telephone(value, "home"))]
    found += [one for value in pid.values(14) if (one := telephone(value, "work"))]
    found += [one for value in pid.values(40) if (one := telephone(value))]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def _gender(warnings: list[str], pid: Segment) -> str:
    code = pid.text(8).upper()
    if code and code not in GENDERS:
        warnings.append("unmapped-code:PID-8")
    return GENDERS.get(code, "")


def _birth(content: Json, pid: Segment) -> None:
    if text := pid.text(7):
        born = required(text, "PID-7")
        # The day is the one that was written, in whatever zone: a birthday does not move with the clock.
        content["birthDate"] = born.day
        if born.has_time and born.text[11:19] != "00:00:00":
            content["_birthDate"] = {"extension": [{"url": BIRTH_TIME, "valueDateTime": born.text}]}
    order = pid.text(25)
    is_multiple = pid.text(24).upper()
    if order.isdecimal() and is_multiple != "N" and (is_multiple == "Y" or int(order[:3]) > 1):
        content["multipleBirthInteger"] = int(order[:3])
    elif is_multiple in ("Y", "N"):
        content["multipleBirthBoolean"] = is_multiple == "Y"


def _death(content: Json, pid: Segment) -> None:
    if text := pid.text(29):
        content["deceasedDateTime"] = required(text, "PID-29").text
    elif (dead := pid.text(30).upper()) in ("Y", "N"):
        content["deceasedBoolean"] = dead == "Y"


def _marital_status(source: str, pid: Segment) -> Json | None:
    value = pid.value(16)
    if value is None:
        return None
    if value[1].upper() in {*"ADILMPSTUW"} and not value[3].startswith("99"):
        return coded(MARITAL_CODES, value[1].upper(), value[2])
    return concept(value, source)


def _ethnic(pid: Segment) -> Json | None:
    for field in (22, 10):
        for value in pid.values(field):
            code = value[1].upper()
            # PID-10 holds American race codes, too; those have another form or name their system.
            if code in ETHNIC and (field == 22 or not value[3].upper().startswith(("HL7", "CDC"))):
                return {"url": ETHNIC_EXTENSION, "valueCodeableConcept": coded(ETHNIC_CODES, code, value[2])}
    return None


def _languages(source: str, pid: Segment) -> list[Json]:
    value = pid.value(15)
    if value is None:
        return []
    code = value[1]
    if len(code) == 2 and code.isascii() and code.isalpha():
        language: Json | None = coded("urn:ietf:bcp:47", code.lower(), value[2])
    else:
        language = concept(value, source)
    return [{"language": language}] if language else []


def _practice(source: str, pd1: Segment | None) -> list[Json]:
    """Answer the practice where the patient is registered (PD1-3) and the GP (PD1-4)."""
    if pd1 is None:
        return []
    found = [one for value in pd1.values(3) if (one := organisation(value, source))]
    for value in pd1.values(4):
        practice = next((value[number] for number in (14, 9) if is_practice(value[number])), "")
        if practice and not any(one.get("identifier", {}).get("value") == practice for one in found):
            found.append({"identifier": {"system": ODS, "value": practice}})
        if one := practitioner(value, source):
            if one.get("identifier", {}).get("system") not in (None, GMC) and re.fullmatch(r"G[0-9]{7}", value[1]):
                one = one | {"identifier": {"system": GMP, "value": value[1]}}
            found.append(one)
    return found


def take_next_of_kin(taken: Taken) -> None:
    """Take a RelatedPerson for each NK1 that names somebody, known by its set number."""
    for place, segment in enumerate(taken.message.all("NK1"), start=1):
        content = _relative(segment.line, segment.delimiters, taken.patient, taken.key, place)
        if content is not None:
            taken.add(content)


@lru_cache(maxsize=5_000)
def _relative(line: str, delimiters: Delimiters, patient: str, source: str, place: int) -> Json | None:
    segment = Segment(line, delimiters)
    names = [found for value in segment.values(2) if (found := name(value))]
    telephones = [one for value in segment.values(5) if (one := telephone(value, "home"))]
    telephones += [one for value in segment.values(6) if (one := telephone(value, "work"))]
    if not names and not telephones:
        return None
    since, until = time_text(segment, 8), time_text(segment, 9)
    content: Json = {
        "resourceType": "RelatedPerson",
        "id": made_id("NK1", patient, segment.text(1) or str(place)),
        "meta": meta_of(source),
    }
    return set_all(
        content,
        identifier=[one for value in segment.values(33) if (one := _of_relative(value, source))],
        patient={"reference": f"Patient/{patient}"},
        relationship=[
            found
            for field, table in ((3, "HL70063"), (7, "HL70131"))
            if (found := concept(segment.value(field), source, system=table))
        ],
        name=names,
        telecom=telephones,
        gender=GENDERS.get(segment.text(15).upper()),
        birthDate=_day(segment, 16),
        address=[found for value in segment.values(4) if (found := address(value))],
        period={key: value for key, value in (("start", since), ("end", until)) if value},
    )


def _of_relative(value: Value, source: str) -> Json | None:
    if not value[1]:
        return None
    if is_nhs_number(value):
        return {"system": nhs_number.SYSTEM, "value": value[1]}
    return {"system": f"{LOCAL}/{source}/related", "value": value[1]}


def _day(segment: Segment, field: int) -> str:
    text = segment.text(field)
    return required(text, f"{segment.name}-{field}").day if text else ""


def take_merges(taken: Taken) -> None:
    """Take a merge of each PID with the MRG after it (A40, A47): MRG-1 goes, PID-3 stays (rules: record R22).

    A41 merges accounts and A45 moves a visit: neither says that two people are one, so neither is a merge of people.
    """
    survivor: Segment | None = None
    for segment in taken.message:
        if segment.name == "PID":
            survivor = segment
        elif segment.name == "MRG" and survivor is not None:
            gone = patient_number(segment.values(1))
            stays = patient_number(survivor.values(3))
            if gone is None or stays is None:
                raise Hl7Error(
                    "missing-required", "MRG-1", "expected the number that goes and, in PID-3, the one that stays"
                )
            going = fhir_id(gone[1])
            if gone[4] and stays[4] and gone[4] != stays[4]:
                # Another hospital's number may be the same digits of somebody else: a name that no patient here has,
                # so that the pair waits for a person to look at it.
                going = fhir_id(f"{gone[4]}.{gone[1]}")
            if going != fhir_id(stays[1]):
                taken.merges.append((fhir_id(stays[1]), going))


def amended(current: Json | None, said: Json, removes: tuple[str, ...] = ()) -> Json:
    """Answer the Patient that results when a message (`said`, with what it `removes`) comes after `current`.

    What the message does not mention stays. Identifiers stand one for each system, telephones are replaced by use,
    every other part as a whole. Neither argument is changed.
    """
    if current is None:
        return dict(said)
    result: dict[str, Any] = {key: value for key, value in current.items() if not _is_removed(key, removes)}
    for key, value in said.items():
        if key == "identifier":
            systems = {one.get("system") for one in value}
            result[key] = [*value, *(one for one in current.get(key, ()) if one.get("system") not in systems)]
        elif key == "extension":
            urls = {one["url"] for one in value}
            result[key] = [*value, *(one for one in current.get(key, ()) if one["url"] not in urls)]
        elif key == "telecom":
            uses = {one.get("use") for one in value}
            result[key] = [*(one for one in current.get(key, ()) if one.get("use") not in uses), *value]
        elif key.startswith(("deceased", "multipleBirth")):
            stem = "deceased" if key.startswith("deceased") else "multipleBirth"
            result = {other: kept for other, kept in result.items() if not other.startswith(stem)}
            result[key] = value
        else:
            if key == "birthDate":
                result.pop("_birthDate", None)
            result[key] = value
    gone = {part.removeprefix("telecom:") for part in removes if part.startswith("telecom:")}
    if gone and "telecom" in result:
        said_telecom = said.get("telecom", [])
        result["telecom"] = [one for one in result["telecom"] if one.get("use") not in gone or one in said_telecom]
    if "ethnic" in removes and "extension" in result:
        result["extension"] = [one for one in result["extension"] if one["url"] != ETHNIC_EXTENSION]
    return {key: value for key, value in result.items() if value != []}


def _is_removed(key: str, removes: tuple[str, ...]) -> bool:
    return any(
        key.lstrip("_") == part or (part in ("deceased", "multipleBirth") and key.startswith(part)) for part in removes
    )
