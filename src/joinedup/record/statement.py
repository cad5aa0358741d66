"""A statement: what one source says of one of its patients, as pages read it, and the words for it.

Nothing here judges what is said. Every code shows the text that its sender supplied; without text, the code itself,
marked as a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from joinedup.feeds import health
from joinedup.moment import LONDON
from joinedup.record.extract import CLINICAL_TIME, span
from joinedup.record.relations import ods_code
from joinedup.ui import day, instant
from joinedup.ui.dates import MONTHS

Content = Mapping[str, Any]
OWN = "joinedup"
SYSTEMS = {
    "http://snomed.info/sct": "SNOMED CT",
    "https://dmd.nhs.uk": "dm+d",
    "http://loinc.org": "LOINC",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "https://fhir.hl7.org.uk/Id/opcs-4": "OPCS-4",
    "http://read.info/ctv3": "Read CTV3",
}
_IN_ERROR = "entered-in-error"
_CORRECTED = frozenset({"corrected", "amended", "appended"})


@dataclass(frozen=True, slots=True)
class Sender:
    """A source as the record shows it: which organisation sends, in which setting, and how fresh its data are.

    `organisation` is its ODS code. `last_received` is when its last good delivery came, None when none came.
    """

    key: str
    organisation: str
    organisation_name: str
    setting: str
    interval_hours: float = 24
    last_received: datetime | None = None
    is_simulated: bool = False
    name: str = ""  # of the source, where an organisation has several

    @property
    def called(self) -> str:
        """Answer the name of the source, which says more than its organisation's where that has several."""
        return self.name or self.organisation_name


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """The current version of one resource. Its clinical time is [starts, ends); `recorded_at` is the source's time."""

    id: UUID
    subject_id: UUID
    type: str
    version: int
    content: Content
    sender: Sender
    starts: datetime | None
    ends: datetime | None
    recorded_at: datetime
    stored_at: datetime
    author: str | None = None

    @property
    def is_in_error(self) -> bool:
        """Answer whether its sender has withdrawn it as entered in error."""
        return self.content.get("status") == _IN_ERROR or _IN_ERROR in codes(self.content.get("verificationStatus"))

    @property
    def is_corrected(self) -> bool:
        """Answer whether it corrects what was said before: a corrected result, or a later version of what is ours."""
        return self.content.get("status") in _CORRECTED or (self.sender.key == OWN and self.version > 1)

    @property
    def is_own(self) -> bool:
        return self.sender.key == OWN


class Words(NamedTuple):
    """What a code is called; `is_code` says that its sender gave no words and this is the bare code."""

    text: str
    is_code: bool = False

    def __str__(self) -> str:
        return self.text


NO_WORDS = Words("")


def words(concept: Content | None) -> Words:
    """Answer what a CodeableConcept is called by its sender; without words its code, marked; nothing for nothing."""
    if not concept:
        return NO_WORDS
    codings = concept.get("coding") or ()
    # Some senders repeat the code where words should be.
    bare = {coding.get("code") for coding in codings}
    if (text := concept.get("text")) and text not in bare:
        return Words(text)
    for coding in codings:
        if (display := coding.get("display")) and display not in bare:
            return Words(display)
    for coding in codings:
        if code := coding.get("code"):
            return Words(f"{SYSTEMS.get(coding.get('system', ''), 'code')} {code}", True)
    return NO_WORDS


def first_words(*concepts: Content | None) -> Words:
    """Answer the words of the first of these that has any."""
    return next((said for one in concepts if (said := words(one)).text), NO_WORDS)


def codes(concept: Content | None) -> set[str]:
    """Answer the codes of a CodeableConcept, whatever their systems."""
    return {coding["code"] for coding in (concept or {}).get("coding") or () if coding.get("code")}


def coded(concept: Content | None) -> set[tuple[str, str]]:
    """Answer the (system, code) pairs of a CodeableConcept."""
    return {(c.get("system") or "", c["code"]) for c in (concept or {}).get("coding") or () if c.get("code")}


def listed(concepts: Iterable[Content | None]) -> str:
    """Answer the words of several concepts with commas between them."""
    return ", ".join(said.text for one in concepts if (said := words(one)).text)


def quantity(value: Content | None) -> str:
    """Answer a quantity with its comparator and unit, digits as they were sent: "<5.40 mmol/L"."""
    if not value or "value" not in value:
        return ""
    number = value["value"]
    text = f"{number:.10g}" if isinstance(number, float) else str(number)
    return f"{value.get('comparator', '')}{text} {value.get('unit') or value.get('code') or ''}".strip()


def medicine(content: Content) -> Content | None:
    """Answer the concept of a medicine: given directly, or by the Medication that the resource holds or names."""
    if concept := content.get("medicationCodeableConcept"):
        return concept  # type: ignore[no-any-return]
    reference = content.get("medicationReference") or {}
    for contained in content.get("contained") or ():
        if reference.get("reference") == f"#{contained.get('id')}":
            return contained.get("code")  # type: ignore[no-any-return]
    return {"text": reference["display"]} if reference.get("display") else None


def subject_matter(type_: str, content: Content) -> Content | None:
    """Answer the concept that says what a resource is about."""
    if type_.startswith("Medication") and type_ != "Medication":
        return medicine(content)
    element = {"Immunization": "vaccineCode", "Composition": "type", "DocumentReference": "type"}.get(type_, "code")
    value = content.get(element)
    if isinstance(value, Mapping):
        return value
    if type_ in {"Encounter", "EpisodeOfCare"}:
        return next(iter(content.get("type") or ()), None)
    if type_ == "Appointment":
        return next(iter(content.get("serviceType") or ()), None)
    return None


def organisation_of(statement: Statement) -> str:
    """Answer the ODS code of whoever did what is stated: the organisation named in it, else the sender's."""
    content = statement.content
    for element in ("serviceProvider", "managingOrganization", "custodian", "requester"):
        if code := ods_code(_mapping(content.get(element))):
            return code
    performers = content.get("performer")
    for one in performers if isinstance(performers, list) else ():
        if statement.type != "ServiceRequest" and (code := ods_code(one.get("actor") or one)):
            return code
    return statement.sender.organisation


def _mapping(value: Any) -> Content | None:
    return value if isinstance(value, Mapping) else None


# --- dates ---------------------------------------------------------------------------------------------------------


def dated_by(statement: Statement) -> str:
    """Answer the date as its sender wrote it, "" when there is none; of a period its start, else its end."""
    for element in CLINICAL_TIME.get(statement.type, ()):
        value = statement.content.get(element)
        if isinstance(value, str) and span(value)[0]:
            return value
        if isinstance(value, Mapping):
            text = value.get("start") or value.get("end") or ""
            if span(text)[0]:
                return str(text)
    return ""


def said_date(text: str) -> str:
    """Answer a FHIR date as people write it, as exact as it was sent: "2026", "March 2026", "14 March 2026 at 9am"."""
    if not text:
        return ""
    try:
        if len(text) == 4:
            return text
        if len(text) == 7:
            return f"{MONTHS[int(text[5:]) - 1]} {text[:4]}"
        if len(text) == 10:
            return day(date.fromisoformat(text))
    except (ValueError, IndexError):
        return text
    at = span(text)[0]
    return instant(at) if at else text


def said_age(then: datetime, at: datetime) -> str:
    """Answer how long ago something was, in the words of people: "14 minutes ago", "yesterday", "3 weeks ago"."""
    past = at - then
    if past < timedelta(minutes=2):
        return "just now"
    if past < timedelta(minutes=90):
        return f"{past // timedelta(minutes=1)} minutes ago"
    if past < timedelta(hours=24):
        return f"{round(past / timedelta(hours=1))} hours ago"
    days = (at.astimezone(LONDON).date() - then.astimezone(LONDON).date()).days
    if days <= 1:
        return "yesterday"
    if days < 14:
        return f"{days} days ago"
    if days < 70:
        return f"{days // 7} weeks ago"
    if days < 730:
        return f"{round(days / 30.4)} months ago"
    return f"{days // 365} years ago"


def freshness(sender: Sender, at: datetime) -> str:
    """Answer "green", "amber" or "red" by the age of the last good delivery against the interval (rules: R18).

    What is written here is always green.
    """
    if sender.key == OWN:
        return "green"
    return health.freshness(sender.last_received, sender.interval_hours, at).colour
