"""The composite data types of HL7 v2 as FHIR R4 data types: codes, names, addresses, telephones, identifiers, people.

Every original code stays, under the code system that the sender named; a name that we do not know becomes a system of
the source's own, never a guess. What cannot be expressed comes back as None or as an empty list.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from joinedup.feeds import nhs_number
from joinedup.feeds.hl7v2 import Delimiters, Segment, Value
from joinedup.feeds.hl7v2_time import required

Json = dict[str, Any]

LOCAL = "https://joinedup.example/Id"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
GMC = "https://fhir.hl7.org.uk/Id/gmc-number"
GMP = "https://fhir.hl7.org.uk/Id/gmp-number"
UCUM = "http://unitsofmeasure.org"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

_SYSTEMS = {
    **dict.fromkeys(("SCT", "SNOMED", "SNOMEDCT", "SNOMED-CT", "SNOMED CT"), "http://snomed.info/sct"),
    **dict.fromkeys(("LN", "LOINC"), "http://loinc.org"),
    **dict.fromkeys(("I10", "ICD10", "ICD-10", "I10P"), "http://hl7.org/fhir/sid/icd-10"),
    **dict.fromkeys(("I9", "I9C", "I9M", "ICD9"), "http://hl7.org/fhir/sid/icd-9-cm"),
    **dict.fromkeys(("O4", "OPCS", "OPCS4", "OPCS-4"), "https://fhir.hl7.org.uk/Id/opcs-4"),
    **dict.fromkeys(("DMD", "DM+D", "DM&D"), "https://dmd.nhs.uk"),
    "UCUM": UCUM,
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "NDC": "http://hl7.org/fhir/sid/ndc",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "MVX": "http://hl7.org/fhir/sid/mvx",
    "C4": "http://www.ama-assn.org/go/cpt",
}
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*)){2,}")
_TABLE = re.compile(r"(?:HL7|Hl7|HL)([0-9]{4,5})")
_LEGAL_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_BLANKS = re.compile(r"\s+")
_PRACTICE = re.compile(r"[A-HJ-NP-Z][0-9]{5}")
_ORGANISATION = re.compile(r"[A-Z0-9]{3,6}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "https://joinedup.example/feeds/hl7v2")

NAME_USES = {
    "L": "official",
    "D": "usual",
    "M": "maiden",
    "N": "nickname",
    "S": "anonymous",
    "TEMP": "temp",
    "B": "old",
}
ADDRESS_USES = {
    "H": "home",
    "HOME": "home",
    "L": "home",
    "P": "home",
    "O": "work",
    "B": "work",
    "C": "temp",
    "BA": "old",
}
PHONE_USES = {"PRN": "home", "ORN": "home", "VHN": "home", "WPN": "work", "PRS": "mobile"}
PHONE_SYSTEMS = {"FX": "fax", "BP": "pager", "INTERNET": "email", "X.400": "email"}


class Digits(float):
    """A number with the digits that the sender wrote: 1.50 is stored as 1.50, not as 1.5 (rules: record R31)."""

    __slots__ = ("written",)
    written: str


def number(text: str) -> int | float | None:
    """Answer the number that a text is, as JSON would write it; None for anything else, such as `<5` or `1,5`."""
    text = text.removeprefix("+")
    if text.startswith("."):
        text = "0" + text
    if not _NUMBER.fullmatch(text) or len(text) > 40:
        return None
    if "." not in text:
        return int(text) if len(text) < 16 else _digits(text)
    found = float(text)
    return found if repr(found) == text else _digits(text)


def _digits(text: str) -> Digits:
    found = Digits(text)
    found.written = text
    return found


def fhir_id(text: str) -> str:
    """Answer a source's id as FHIR allows ids to be: itself where it is one, else one made from it."""
    return text if _LEGAL_ID.fullmatch(text) else made_id(text)


@lru_cache(maxsize=50_000)
def made_id(*parts: str) -> str:
    """Answer an id made from a business key; the same key always gives the same id."""
    # The first 128 bits of what a UUID of version 5 is made of; only the id's form is FHIR's, so no UUID is needed.
    return hashlib.sha1(_IDS.bytes + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()[:32]


@lru_cache(maxsize=2_000)
def code_system(name: str, source: str) -> str:
    """Answer the URI of a code system that a message names; one that we do not know is the source's own."""
    known = _SYSTEMS.get(name.upper())
    if known:
        return known
    table = _TABLE.fullmatch(name)
    if table:
        return f"http://terminology.hl7.org/CodeSystem/v2-{table[1][-4:]}"
    if _OID.fullmatch(name):
        return f"urn:oid:{name}"
    return f"{LOCAL}/{source}/codes/{quote(name, safe='')}" if name else f"{LOCAL}/{source}/codes"


def concept(value: Value | None, source: str, text: str = "", system: str = "") -> Json | None:
    """Answer a coded value (CWE, CE, CNE) as a CodeableConcept with both of its codings and its text.

    `system` names the code system where the message does not; `text` stands where the message has no words.
    """
    if value is None:
        return {"text": text} if text else None
    return _concept(value.raw, value.delimiters, source, text, system)


# The caches below are why a message costs microseconds: the same codes, people and places come with most messages.
# What they answer is shared between resources, so nothing may change it.
@lru_cache(maxsize=20_000)
def _concept(raw: str, delimiters: Delimiters, source: str, text: str, system: str) -> Json | None:
    value = Value(raw, delimiters)
    codings: list[Json] = []
    words = text
    for first in (1, 4):
        code, display, name = value[first], value[first + 1], value[first + 2]
        if code and " " in code and not (display or name or system) and not words:
            words = code  # words where a code should be
        elif code:
            coding = {"system": code_system(name or system, source), "code": _BLANKS.sub(" ", code)}
            if display:
                coding["display"] = display
            codings.append(coding)
        elif display and not words:
            words = display
    words = value[9] or words or next((one["display"] for one in codings if "display" in one), "")
    found: Json = {}
    if codings:
        found["coding"] = codings
    if words:
        found["text"] = words
    return found or None


def coded(system: str, code: str, display: str = "") -> Json:
    """Answer a CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def name(value: Value) -> Json | None:
    """Answer a person's name (XPN)."""
    found: Json = {}
    use = NAME_USES.get(value[7].upper())
    found["use"] = use or "usual"
    if family := value[1]:
        found["family"] = family
    if given := [*value.subs(2)[:1], *value[3].split()]:
        found["given"] = given
    if prefix := value[5]:
        found["prefix"] = [prefix]
    if suffix := [text for text in (value[4], value[6]) if text]:
        found["suffix"] = suffix
    return found if "family" in found or "given" in found else None


def address(value: Value) -> Json | None:
    """Answer an address (XAD); in the United Kingdom the fifth component is the postcode, the fourth the county."""
    found: Json = {}
    if use := ADDRESS_USES.get(value[7].upper()):
        found["use"] = use
    street = value.subs(1)
    # The dwelling number may stand apart from the street's name (SAD.3 and SAD.2).
    line = [*street[:1], *[text for text in street[1:] if text not in street[:1]], value[2]]
    if line := [text for text in line if text]:
        found["line"] = line
    for key, component in (("city", 3), ("district", 4), ("postalCode", 5), ("country", 6)):
        if text := value[component]:
            found[key] = text
    return found if len(found) > ("use" in found) else None


def telephone(value: Value, use: str = "") -> Json | None:
    """Answer a telephone number or email address (XTN); `use` stands where the message names none."""
    kind = value[3].upper()
    system = "email" if value[2].upper() == "NET" else PHONE_SYSTEMS.get(kind, "phone")
    if system == "email":
        number_ = value[4] or value[1]
    else:
        number_ = value[1] or value[12] or " ".join(text for text in (value[5], value[6], value[7]) if text)
        if number_ and value[8] and not value[1]:
            number_ += f" ext. {value[8]}"
    if not number_:
        return None
    found = {"system": system, "value": number_}
    if use := ("mobile" if kind == "CP" else PHONE_USES.get(value[2].upper(), use)):
        found["use"] = use
    return found


def practitioner(value: Value | None, source: str) -> Json | None:
    """Answer who somebody is (XCN, XPN with an id) as a logical reference: a number where there is one, and a name."""
    return None if value is None else _practitioner(value.raw, value.delimiters, source)


@lru_cache(maxsize=10_000)
def _practitioner(raw: str, delimiters: Delimiters, source: str) -> Json | None:
    value = Value(raw, delimiters)
    found: Json = {}
    if (code := value[1]) and code == value[9] and not value[2] and _ORGANISATION.fullmatch(code):
        # Laboratories name the practice or ward that asked where the standard has the person.
        found["identifier"] = {"system": ODS, "value": code}
    elif code:
        kinds = {value[9].upper(), value[13].upper(), value[8].upper()}
        system = GMC if "GMC" in kinds else GMP if "GMP" in kinds else f"{LOCAL}/{source}/staff"
        found["identifier"] = {"system": system, "value": code}
    if words := " ".join(text for text in (value[6], value[3], value[4], value[2]) if text):
        found["display"] = words
    return found or None


def person(value: Value | None) -> Json | None:
    """Answer a name without a number (XPN) as a reference of words alone."""
    if value is None:
        return None
    words = " ".join(text for text in (value[5], value[2], value[3], value[1]) if text)
    return {"display": words} if words else None


def organisation(value: Value | None, source: str) -> Json | None:
    """Answer an organisation (XON) as a logical reference: its ODS code where it is one, and its name."""
    return None if value is None else _organisation(value.raw, value.delimiters, source)


@lru_cache(maxsize=10_000)
def _organisation(raw: str, delimiters: Delimiters, source: str) -> Json | None:
    value = Value(raw, delimiters)
    found: Json = {}
    code = value[10] or value[3]
    kinds = {value[6].upper(), value[7].upper()}
    if code and (_PRACTICE.fullmatch(code) or (kinds & {"ODS", "NACS"} and _ORGANISATION.fullmatch(code))):
        found["identifier"] = {"system": ODS, "value": code}
    elif code:
        found["identifier"] = {"system": f"{LOCAL}/{source}/organisations", "value": code}
    elif _PRACTICE.fullmatch(value[1]):
        return {"identifier": {"system": ODS, "value": value[1]}}
    if value[1]:
        found["display"] = value[1]
    return found or None


def is_practice(code: str) -> bool:
    """Whether a text has the form of a GP practice's ODS code."""
    return _PRACTICE.fullmatch(code) is not None


def is_organisation(code: str) -> bool:
    """Whether a text has the form of an organisation's ODS code."""
    return _ORGANISATION.fullmatch(code) is not None


def location(value: Value | None, source: str) -> Json | None:
    """Answer a place (PL) as a logical reference: ward, room and bed in words, and the sender's code of the ward."""
    return None if value is None else _location(value.raw, value.delimiters, source)


@lru_cache(maxsize=10_000)
def _location(raw: str, delimiters: Delimiters, source: str) -> Json | None:
    value = Value(raw, delimiters)
    ward, room, bed, site = value[1], value[2], value[3], value[4]
    words = [value[9]] if value[9] else [text for text in (ward, room and f"room {room}", bed and f"bed {bed}") if text]
    if site:
        words.append(site)
    code = ".".join(text for text in (site, ward) if text)
    if not words:
        return None
    found: Json = {"display": ", ".join(words)}
    if code:
        found["identifier"] = {"system": f"{LOCAL}/{source}/locations", "value": code}
    return found


def is_nhs_number(value: Value) -> bool:
    """Whether an identifier (CX) is said to be an NHS number."""
    return bool({value[4].upper(), value[5].upper()} & {"NHS", "NH", "NHSNBR", "NHSNMBR", "NHSNO"})


def identifier(value: Value, source: str) -> Json | None:
    """Answer an identifier (CX); one of the sender's own line has the source's system, others one of their own."""
    text = value[1]
    if not text:
        return None
    kind, authority = value[5], value[4]
    if is_nhs_number(value):
        return {"system": nhs_number.SYSTEM, "value": text}
    if kind.upper() in LOCAL_KINDS:
        found: Json = {"system": f"{LOCAL}/{source}", "value": text}
    else:
        found = {"system": f"{LOCAL}/{source}/{quote(kind or authority or 'other', safe='')}", "value": text}
    if authority:
        found["assigner"] = {"display": authority}
    return found


# Types of the number by which the sender itself knows the patient (HL7 table 0203, and what systems write there).
LOCAL_KINDS = {"MR", "PI", "MRN", "PT", "PAS", "HOSP", "LR", "EN", "DN", "U", ""}


def patient_number(values: list[Value]) -> Value | None:
    """Answer which of a patient's identifiers is the sender's own number of the patient (PID-3, MRG-1).

    A medical record number before anything else, then the first that is neither an NHS number nor a number of the
    social insurance, then the NHS number. One source has one line of numbers: a partner whose hospitals number their
    patients each for itself declares a source for each.
    """
    others = None
    for value in values:
        kind = value[5].upper()
        if kind in ("MR", "MRN", "PI") and value[1]:
            return value
        if others is None and value[1] and kind not in ("SS", "DL") and not is_nhs_number(value):
            others = value
    return others or next((value for value in values if is_nhs_number(value) and value[1]), None) or _any(values)


def _any(values: list[Value]) -> Value | None:
    return next((value for value in values if value[1]), None)


def time_text(segment: Segment, field: int, component: int = 1) -> str:
    """Answer a field's time as FHIR writes it, "" when the field is empty; Hl7Error `bad-date` for what is no time."""
    text = segment.text(field, component)
    return required(text, f"{segment.name}-{field}").text if text else ""


def notes(segments: list[Segment]) -> list[Json]:
    """Answer the comments of NTE segments as annotations, one each segment that says something."""
    found = []
    for segment in segments:
        text = "\n".join(value.whole() for value in segment.values(3))
        if text:
            found.append({"text": text})
    return found
