"""Segments of HL7 v2.4 messages as UK hospitals send them; docs/reference/extracts.md lists what each field holds.

Each function answers one segment without its ending CR. Fields that a segment does not name are empty, which means
"nothing said"; `NULL` (two quotation marks) means "no longer true".
"""

from __future__ import annotations

from typing import Final

from joinedup.simulation.days import COMPACT
from joinedup.simulation.world import Admission, Organisation, Person, Shown

CR: Final = "\r"
NULL: Final = '""'
_SEX: Final = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
_DELIMITERS: Final = frozenset("\\|^~&")
_SPECIAL: Final = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"})


def escaped(text: str) -> str:
    """Answer a text with the delimiters of HL7 escaped."""
    return text if _DELIMITERS.isdisjoint(text) else text.translate(_SPECIAL)


def msh(application: str, sender: str, receiver: str, sent: str, trigger: str, control_id: str) -> str:
    """Answer the header of a message; `trigger` as `ADT^A01`."""
    return (
        f"MSH|^~\\&|{application}|{sender}|JOINEDUP|{receiver}|{sent}||{trigger}|{control_id}|P|2.4|||AL|NE|GBR|"
        "UNICODE UTF-8"
    )


def pid(
    shown: Shown,
    organisation: str,
    *,
    line: str,
    town: str,
    postcode: str,
    phone: str,
    family: str,
    language: str,
    death: str,
) -> str:
    """Answer who the patient is, as the hospital holds it; `death` is a time, or "" for the living."""
    number = f"~{shown.nhs_number}^^^NHS^NH" if shown.nhs_number else ""
    name = f"{escaped(family).upper()}^{escaped(shown.given)}^{escaped(shown.middle)}^^{shown.prefix}"
    return (
        f"PID|1||{shown.source_id}^^^{organisation}^PI{number}||{name}||"
        f"{COMPACT[shown.birth] if shown.birth else ''}|{_SEX[shown.sex]}|||"
        f"{escaped(line)}^^{escaped(town)}^^{postcode}^GBR^H||{phone}||{language}|||||||{shown.ethnicity}|||||||"
        f"{death}|{'Y' if death else 'N'}||{shown.nhs_status}"
    )


def pd1(practice: Organisation | None, code: str) -> str:
    """Answer which practice the hospital believes the patient to be registered with."""
    name = escaped(practice.name) if practice else ""
    return f"PD1|||{name}^^{code}|"


def nk1(number: int, relative: Person, relationship: str) -> str:
    """Answer a next of kin; `relationship` is SPO, MTH, FTH, CHD or OTH."""
    return (
        f"NK1|{number}|{escaped(relative.family).upper()}^{escaped(relative.given)}^^^{relative.prefix}|{relationship}|"
        f"{escaped(relative.line)}^^{escaped(relative.town)}^^{relative.postcode}^GBR^H|{relative.phone}"
    )


def al1(number: int, kind: str, code: str, words: str, severity: str, reaction: str, since: str) -> str:
    """Answer an allergy; `kind` is DA, FA or MA, `severity` MI, MO, SV or "" where none is said."""
    return f"AL1|{number}|{kind}|{code}^{escaped(words)}^SCT|{severity}|{escaped(reaction)}|{since}"


def dg1(number: int, icd10: str, words: str, when: str, kind: str) -> str:
    """Answer a diagnosis; `kind` is A admitting, W working, F final."""
    return f"DG1|{number}||{icd10}^{escaped(words)}^I10||{when}|{kind}"


def pv1(
    setting: str,
    location: str,
    visit: str,
    *,
    specialty: str = "",
    method: str = "",
    source: str = "",
    prior: str = "",
    consultant: str = "",
    disposition: str = "",
    destination: str = "",
    begins: str = "",
    ends: str = "",
) -> str:
    """Answer the visit: `setting` is E, I or O, `location` `ward^bay^bed^site`, `visit` the number of PV1-19."""
    return (
        f"PV1|1|{setting}|{location}|{method}||{prior}|{consultant}|||{specialty}||||{source}|||||{visit}"
        f"|||||||||||||||||{disposition}|{destination}|||||||{begins}|{ends}"
    )


def orc(placer: str, filler: str) -> str:
    """Answer the order that results belong to."""
    return f"ORC|RE|{placer}|{filler}"


def obr(
    placer: str,
    filler: str,
    code: str,
    words: str,
    taken: str,
    received: str,
    asked_by: str,
    reported: str,
    status: str,
) -> str:
    """Answer the head of a report; `asked_by` is the ODS code of who asked, `status` F or C."""
    return (
        f"OBR|1|{placer}|{filler}|{code}^{escaped(words)}^L|||{taken}|||||||{received}|BLD^Blood|"
        f"{asked_by}^^^^^^^^{asked_by}||||||{reported}||LAB|{status}"
    )


def obx(
    number: int,
    loinc: str,
    local: str,
    words: str,
    value: str,
    unit: str,
    limits: str,
    flag: str,
    status: str,
    taken: str,
) -> str:
    """Answer one value of a report; `limits` as `130-170`, `flag` H, L, HH, LL or N, `status` F, C, W or P."""
    return f"OBX|{number}|NM|{loinc}^{words}^LN^{local}^{words}^L|1|{value}|{unit}|{limits}|{flag}|||{status}|||{taken}"


def sch(number: str, reason: str, kind: str, minutes: int, begins: str, ends: str, status: str) -> str:
    """Answer an appointment; `status` is BOOKED or CANCELLED."""
    return (
        f"SCH|{number}|{number}^PAS||||{escaped(reason)}|{escaped(reason)}|{kind}|{minutes}|min|"
        f"^^{minutes}^{begins}^{ends}||||||||||||||{status}"
    )


def ail(clinic: str, site: str) -> str:
    """Answer where an appointment is."""
    return f"RGS|1{CR}AIL|1||{clinic}^^^{site}|CLINIC"


def location(stay_ward: str, admission_id: int, site: str) -> str:
    """Answer a place on a ward with a bay and a bed that depend on a number: `Willow^B2^B2-3^RWH01`."""
    bay = admission_id % 4 + 1
    return f"{escaped(stay_ward)}^B{bay}^B{bay}-{admission_id % 6 + 1}^{site}"


def source_of(admission: Admission, lives_in_care_home: bool) -> str:
    """Answer the admission source of the NHS Data Dictionary."""
    return "54" if lives_in_care_home else "19" if not admission.method.startswith("82") else "79"
