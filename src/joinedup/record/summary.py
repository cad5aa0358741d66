"""The summary of a resident: the headings of the PRSB Core Information Standard over what all sources say (rules: R65).

Each section has the code of its heading in `UKCore-RecordStandardHeadings`. Allergies, alerts and reasonable
adjustments come first and are never folded away. Every line says its date, who said it and how old their data are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from joinedup.moment import LONDON
from joinedup.record.conflicts import SubstanceGroup, Version, allergy_groups, medicine_groups
from joinedup.record.folding import fold
from joinedup.record.lines import line_of, name_of, title_of
from joinedup.record.relations import ods_code
from joinedup.record.statement import (
    OWN,
    Content,
    Sender,
    Statement,
    Words,
    codes,
    dated_by,
    freshness,
    listed,
    said_date,
    words,
)

HEADINGS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RecordStandardHeadings"
# The code of the heading and its title here, in the order of the rule book. The first three are always open.
SECTIONS: dict[str, str] = {
    "allergies-and-adverse-reaction": "Allergies and adverse reactions",
    "alerts": "Alerts",
    "reasonable-adjustments-for-health-and-care-access": "Reasonable adjustments",
    "person-demographics": "Person",
    "gp-practice": "GP practice",
    "professional-contacts": "Professional contacts",
    "safeguarding": "Safeguarding",
    "risk-information": "Risks",
    "ended-allergies": "Ended allergies",
    "medications-and-medical-devices": "Medicines",
    "problems-and-issues": "Problems",
    "diagnoses": "Diagnoses",
    "procedures-and-therapies": "Procedures and therapies",
    "investigation-results": "Test results",
    "observations": "Measurements",
    "assessments": "Assessments",
    "vaccinations": "Vaccinations",
    "pregnancy-status": "Pregnancy",
    "family-history": "Family history",
    "services-and-care": "Services and care",
    "contact-with-professionals": "Contacts with professionals",
    "future-appointments": "Future appointments",
    "admission-details": "In hospital now",
    "discharge-details": "Hospital stays",
    "referral-details": "Referrals",
    "plan-and-requested-actions": "Plans and requested actions",
    "professional-narrative": "Notes",
    "patient-and-carer-concerns-expectations-and-wishes": "Concerns, expectations and wishes",
    "social-context": "Social context",
    "individual-requirements": "Individual requirements",
    "legal-information": "Legal information",
    "mental-health-act-or-equivalent-status": "Mental Health Act",
    "consent-for-information-sharing": "Consent to share information",
    "documents-including-correspondence-audio-and-images": "Documents",
}
ALWAYS_OPEN = ("allergies-and-adverse-reaction", "alerts", "reasonable-adjustments-for-health-and-care-access")
# Sections that role by role need more than the summary (rules: R80); pages ask for them by name.
SENSITIVE = frozenset({"safeguarding"})
# What is nothing to a resident's page by itself: places, people and things that others refer to.
_SUPPORTING = frozenset(
    {"Organization", "Practitioner", "PractitionerRole", "Location", "Medication", "Provenance", "Device", "Specimen"}
)
_PREGNANCY = frozenset({"77386006", "289908002", "60001007", "11778-8", "82810-3"})
_ADJUSTMENT = frozenset({"1108111000000107"})

_NONE: Mapping[str, int] = {}
_NEVER = datetime.min.replace(tzinfo=LONDON)
Absence = Literal["none-recorded", "nothing-recorded", "withheld", "not-received"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section. `statements` report it, the first most exactly; `earlier` counts older ones like it."""

    title: Words
    details: tuple[str, ...]
    when: str
    statements: tuple[Statement, ...]
    earlier: int = 0
    is_past: bool = False
    review_due: date | None = None
    is_corrected: bool = False

    @property
    def senders(self) -> list[Sender]:
        """Answer who says it, each organisation once, with the oldest of its sources."""
        found: dict[str, Sender] = {}
        for one in self.statements:
            held = found.get(one.sender.organisation_name)
            if held is None or (one.sender.last_received or _NEVER) < (held.last_received or _NEVER):
                found[one.sender.organisation_name] = one.sender
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with its lines, or with the groups by substance of allergies and medicines, or why it is empty.

    `absence` is None when there is something, else (which of the four kinds, the words for it).
    """

    code: str
    title: str
    lines: tuple[Line, ...] = ()
    groups: tuple[SubstanceGroup, ...] = ()
    none_known: tuple[Version, ...] = ()
    absence: tuple[Absence, str] | None = None
    left_out: int = 0  # lines that were not asked for

    @property
    def is_always_open(self) -> bool:
        return self.code in ALWAYS_OPEN

    @property
    def many(self) -> int:
        return len(self.lines) + len(self.groups) + self.left_out


@dataclass(frozen=True, slots=True)
class Identity:
    """The strip on top of every page of a resident: what sources agree on, with the age on the day.

    `differs` names what they do not agree on; the section "Person" shows who says what.
    """

    name: str
    born: date | None
    age_years: int | None
    died: str
    nhs_number: str
    nhs_number_is_verified: bool
    gender: str
    differs: tuple[str, ...] = ()

    @property
    def nhs_number_said(self) -> str:
        """Answer the number grouped 3-3-4, as people read it out."""
        return grouped(self.nhs_number)


def grouped(number: str) -> str:
    """Answer an NHS number grouped 3-3-4; what has not ten digits as it is."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == 10 else number


@dataclass(frozen=True, slots=True)
class Summary:
    """What all sources say of a resident, under the headings of the standard. `stale` are sources that are silent."""

    identity: Identity
    sections: tuple[Section, ...]
    senders: tuple[Sender, ...]
    stale: tuple[tuple[Sender, str], ...]

    def section(self, code: str) -> Section:
        """Answer the section of a heading."""
        return next(section for section in self.sections if section.code == code)


def summarise(
    statements: Iterable[Statement],
    at: datetime,
    *,
    withheld: Collection[str] = (),
    not_connected: Sequence[str] = (),
    anchor: UUID | None = None,
    most_lines: int | None = None,
) -> Summary:
    """Answer the summary at a time, from the current statements of all subjects who are one resident.

    `withheld` are the headings of which this reader may see nothing; `not_connected` names organisations known to
    hold data that do not reach this record. `anchor` is the subject by whose id the resident goes: where sources
    differ on the name, a GP's registration counts first, then the anchor's. `most_lines` leaves out what a page does
    not show of a long section, which then says how many; what is always open is whole.
    """
    held = [one for one in statements if not one.is_in_error and one.type not in _SUPPORTING]
    senders = _senders(held)
    stale = tuple((s, state) for s in senders if (state := freshness(s, at)) != "green")
    by_section: dict[str, list[Statement]] = defaultdict(list)
    for one in held:
        by_section[section_of(one, at)].append(one)
    allergies, none_known = allergy_groups(held)
    empties = _empty_lists(held)
    sections = []
    for code, title in SECTIONS.items():
        if code in withheld:
            sections.append(Section(code, title, absence=("withheld", ABSENT["withheld"])))
            continue
        found = by_section.get(code, [])
        most = None if code in ALWAYS_OPEN else most_lines
        made = _section(code, title, found, at, allergies, none_known, most)
        if not made.many and made.absence is None:
            made = Section(code, title, absence=absence_of(empties.get(code), stale, not_connected))
        sections.append(made)
    patients = [one for one in held if one.type == "Patient"]
    return Summary(identity_of(patients, at, anchor), tuple(sections), senders, stale)


# --- which section -------------------------------------------------------------------------------------------------


def section_of(one: Statement, at: datetime) -> str:
    """Answer the heading under which a statement stands; "" for what no section shows."""
    place = _PLACES.get(one.type)
    return place(one, at) if callable(place) else place or ""


def _flag_place(one: Statement, _at: datetime) -> str:
    content = one.content
    said = f"{listed(content.get('category') or ())} {words(content.get('code')).text}".lower()
    found = codes(content.get("code")).union(*(codes(c) for c in content.get("category") or ()))
    if found & _ADJUSTMENT or "adjustment" in said:
        return "reasonable-adjustments-for-health-and-care-access"
    for word, code in (
        ("safeguard", "safeguarding"),
        ("mental health act", "mental-health-act-or-equivalent-status"),
        ("legal", "legal-information"),
        ("power of attorney", "legal-information"),
        ("deprivation of liberty", "legal-information"),
        ("advance decision", "legal-information"),
        ("individual requirement", "individual-requirements"),
        ("risk", "risk-information"),
    ):
        if word in said:
            return code
    return "alerts"


def _allergy_place(_one: Statement, _at: datetime) -> str:
    return "allergies-and-adverse-reaction"


def _condition_place(one: Statement, _at: datetime) -> str:
    found = set().union(*(codes(category) for category in one.content.get("category") or ()))
    if "encounter-diagnosis" in found:
        return "diagnoses"
    if "problem-list-item" in found or one.sender.setting in {"gp", "community", "social_care", "voluntary"}:
        return "problems-and-issues"
    return "diagnoses"


def _observation_place(one: Statement, _at: datetime) -> str:
    if codes(one.content.get("code")) & _PREGNANCY:
        return "pregnancy-status"
    found = set().union(*(codes(category) for category in one.content.get("category") or ()))
    for category, code in (
        ("laboratory", "investigation-results"),
        ("imaging", "investigation-results"),
        ("procedure", "investigation-results"),
        ("survey", "assessments"),
        ("social-history", "social-context"),
    ):
        if category in found:
            return code
    return "observations"


_INPATIENT = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "SS"})


def _encounter_place(one: Statement, _at: datetime) -> str:
    if ((one.content.get("class") or {}).get("code") or "") not in _INPATIENT:
        return "contact-with-professionals"
    if one.content.get("partOf"):
        return ""  # A consultant's part of a stay: the stay has its line, the part stands in the timeline.
    is_going_on = one.content.get("status") in {"in-progress", "arrived", "onleave"}
    return "admission-details" if is_going_on else "discharge-details"


def _appointment_place(one: Statement, at: datetime) -> str:
    is_ahead = one.starts is not None and one.starts.astimezone(LONDON).date() >= at.astimezone(LONDON).date()
    is_on = one.content.get("status") in {"proposed", "pending", "booked", "arrived", "checked-in", "waitlist"}
    return "future-appointments" if is_ahead and is_on else "contact-with-professionals"


def _episode_place(one: Statement, _at: datetime) -> str:
    return "gp-practice" if one.sender.setting == "gp" else "services-and-care"


def _request_place(one: Statement, _at: datetime) -> str:
    found = set().union(*(codes(category) for category in one.content.get("category") or ()))
    is_of_a_test = bool(found & {"108252007", "363679005", "laboratory", "imaging"})
    return "plan-and-requested-actions" if is_of_a_test else "referral-details"


def _task_place(one: Statement, _at: datetime) -> str:
    focus = str((one.content.get("focus") or {}).get("reference") or "")
    # The state of a referral stands in the line of the referral.
    return "" if focus.startswith("ServiceRequest/") else "plan-and-requested-actions"


def _answers_place(one: Statement, _at: datetime) -> str:
    return "" if one.is_own else "assessments"  # What is ours is "About me", which stands above the summary.


_PLACES: dict[str, str | Callable[[Statement, datetime], str]] = {
    "AllergyIntolerance": _allergy_place,
    "Appointment": _appointment_place,
    "CarePlan": "plan-and-requested-actions",
    "CareTeam": "professional-contacts",
    "Communication": "professional-narrative",
    "Composition": "documents-including-correspondence-audio-and-images",
    "Condition": _condition_place,
    "Consent": "consent-for-information-sharing",
    "DiagnosticReport": "investigation-results",
    "DocumentReference": "documents-including-correspondence-audio-and-images",
    "Encounter": _encounter_place,
    "EpisodeOfCare": _episode_place,
    "FamilyMemberHistory": "family-history",
    "Flag": _flag_place,
    "Goal": "patient-and-carer-concerns-expectations-and-wishes",
    "Immunization": "vaccinations",
    "MedicationDispense": "medications-and-medical-devices",
    "MedicationRequest": "medications-and-medical-devices",
    "MedicationStatement": "medications-and-medical-devices",
    "Observation": _observation_place,
    "Patient": "person-demographics",
    "Procedure": "procedures-and-therapies",
    "QuestionnaireResponse": _answers_place,
    "RelatedPerson": "person-demographics",
    "ServiceRequest": _request_place,
    "Task": _task_place,
}
# A measurement is shown with its newest value; the rest is counted and stands in the timeline.
_NEWEST_ONLY = frozenset(
    {"diagnoses", "observations", "investigation-results", "social-context", "pregnancy-status", "assessments"}
)


# --- the lines -----------------------------------------------------------------------------------------------------


def _section(
    code: str,
    title: str,
    found: Sequence[Statement],
    at: datetime,
    allergies: Sequence[SubstanceGroup],
    none_known: Sequence[Version],
    most: int | None,
) -> Section:
    if code == "allergies-and-adverse-reaction":
        active = tuple(group for group in allergies if group.is_active)
        absence: tuple[Absence, str] | None = None
        if not active and none_known:
            absence = ("none-recorded", ABSENT["none-recorded"])
        return Section(code, title, groups=active, none_known=tuple(none_known), absence=absence)
    if code == "ended-allergies":
        return Section(code, title, groups=tuple(group for group in allergies if not group.is_active))
    if code == "medications-and-medical-devices":
        return Section(code, title, groups=tuple(medicine_groups(found, at)))
    if code == "person-demographics":
        return Section(code, title, lines=tuple(_person_lines(found)))
    if code == "gp-practice":
        return Section(code, title, lines=tuple(_practice_lines(found, at)))
    events = sorted(fold(found), key=lambda event: _time_of(event[0]), reverse=True)
    earlier: dict[str, int] = {}
    if code in _NEWEST_ONLY:
        events, earlier = _newest_of_each(events)
    # What is over comes after what is not; within both, the newest first.
    events.sort(key=lambda event: _is_over(event[0], at))
    lines = [_line(event, at, earlier) for event in events[:most]]
    return Section(code, title, lines=tuple(lines), left_out=len(events) - len(lines))


def _line(event: tuple[Statement, ...], at: datetime, earlier: Mapping[str, int] = _NONE) -> Line:
    one = event[0]
    title, details = line_of(one.type, one.content)
    review = review_date(one.content) if one.type == "Flag" else None
    today = at.astimezone(LONDON).date()
    return Line(
        title,
        tuple(details),
        said_date(dated_by(one)),
        event,
        earlier.get(title.text.casefold(), 0),
        is_past=_is_over(one, at),
        review_due=review if review and review < today else None,
        is_corrected=any(said.is_corrected for said in event),
    )


def _is_over(one: Statement, at: datetime) -> bool:
    content = one.content
    if one.type == "Condition":
        return bool(codes(content.get("clinicalStatus")) & {"inactive", "resolved", "remission"})
    if one.type in {"Flag", "CarePlan", "EpisodeOfCare", "ServiceRequest", "Goal"}:
        status = content.get("status") or content.get("lifecycleStatus")
        ended = one.ends is not None and one.ends <= at and one.type in {"Flag", "CarePlan", "EpisodeOfCare"}
        return ended or status in {"inactive", "completed", "revoked", "finished", "cancelled"}
    return False


def _newest_of_each(
    events: Sequence[tuple[Statement, ...]],
) -> tuple[list[tuple[Statement, ...]], dict[str, int]]:
    """Keep the newest event about each thing, and count the earlier ones by what they are about."""
    kept: dict[str, tuple[Statement, ...]] = {}
    earlier: dict[str, int] = defaultdict(int)
    for event in events:
        about = title_of(event[0].type, event[0].content).text.casefold()
        if about in kept:
            earlier[about] += 1
        else:
            kept[about] = event
    return list(kept.values()), earlier


def _time_of(one: Statement) -> tuple[bool, datetime]:
    return one.starts is not None, one.starts or one.recorded_at


def _person_lines(found: Sequence[Statement]) -> list[Line]:
    """What each source calls the resident and where it says that they live: one line for those that say the same."""
    alike: dict[tuple[str, ...], tuple[Words, tuple[str, ...], list[Statement]]] = {}
    others: list[Line] = []
    for one in sorted(found, key=lambda one: (one.type != "Patient", one.sender.setting != "gp", one.sender.key)):
        content = one.content
        if one.type == "Patient":
            phones = [telecom.get("value") or "" for telecom in content.get("telecom") or ()]
            title = Words(name_of(content) or "No name given")
            details = [
                f"born {said_date(content['birthDate'])}" if content.get("birthDate") else "",
                content.get("gender") or "",
                address_of(content),
                ", ".join(phone for phone in phones if phone),
            ]
            key = (_folded(title.text), *details)
            alike.setdefault(key, (title, tuple(d for d in details if d), []))[2].append(one)
        else:
            others.append(_line((one,), one.recorded_at))
    lines = []
    for title, told, said in alike.values():
        newest = max(one.recorded_at for one in said)
        when = f"as of {said_date(newest.astimezone(LONDON).date().isoformat())}"
        lines.append(Line(title, told, when, tuple(said)))
    return [*lines, *others]


def _practice_lines(found: Sequence[Statement], at: datetime) -> list[Line]:
    lines = []
    for one in sorted(found, key=_time_of, reverse=True):
        code = ods_code(one.content.get("managingOrganization")) or one.sender.organisation
        name = (one.content.get("managingOrganization") or {}).get("display")
        said = name or (one.sender.organisation_name if code == one.sender.organisation else code)
        until = (one.content.get("period") or {}).get("end")
        over = _is_over(one, at)
        detail = f"registration ended {said_date(until)}" if until else "registration ended" if over else "registered"
        lines.append(Line(Words(said), (detail, f"ODS code {code}"), said_date(dated_by(one)), (one,), is_past=over))
    return sorted(lines, key=lambda line: line.is_past)


def address_of(content: Content) -> str:
    """Answer the home address of a Patient in one line, the current one."""
    for one in content.get("address") or ():
        if one.get("use") not in {"old", "temp"}:
            parts = [*(one.get("line") or ()), one.get("city") or "", one.get("postalCode") or ""]
            return one.get("text") or ", ".join(part for part in parts if part)
    return ""


def review_date(content: Content) -> date | None:
    """Answer the day by which an alert is to be looked at again, None when none is named (rules: R70)."""
    for extension in content.get("extension") or ():
        if extension.get("url") == REVIEW_DATE and extension.get("valueDate"):
            return date.fromisoformat(extension["valueDate"])
    return None


REVIEW_DATE = "https://joinedup.example/StructureDefinition/review-date"


# --- absence -------------------------------------------------------------------------------------------------------

# Four kinds of nothing, which no reader may mistake for each other (rules: R30). No two share their first words.
ABSENT: dict[Absence, str] = {
    "none-recorded": "Recorded as none: somebody asked, and there is none known.",
    "nothing-recorded": "Nothing recorded. No source has said anything about this, so it may not have been asked.",
    "withheld": "Not shown to you. There may be information here that your role does not open.",
    "not-received": "Not known here, because data are missing: {names}.",
}


def absence_of(
    said: Absence | None, stale: Sequence[tuple[Sender, str]], not_connected: Sequence[str] = ()
) -> tuple[Absence, str]:
    """Answer which kind of nothing it is, and the words for it.

    Where a source is silent or not connected, nothing may be concluded: that comes before "nothing recorded".
    """
    if said is not None and said != "nothing-recorded":
        return said, ABSENT[said].format(names="a source says that it cannot give it")
    missing = [f"{sender.organisation_name} has sent nothing for too long" for sender, state in stale if state == "red"]
    missing += [f"{name} is not connected" for name in not_connected]
    if missing:
        return "not-received", ABSENT["not-received"].format(names="; ".join(dict.fromkeys(missing)))
    return "nothing-recorded", ABSENT["nothing-recorded"]


_EMPTY_REASONS: dict[str, Absence] = {
    "nilknown": "none-recorded",
    "notasked": "nothing-recorded",
    "notstarted": "nothing-recorded",
    "withheld": "withheld",
    "unavailable": "not-received",
}
_LISTS = {"allerg": "allergies-and-adverse-reaction", "medic": "medications-and-medical-devices", "problem":
          "problems-and-issues"}  # fmt: skip


def _empty_lists(held: Iterable[Statement]) -> dict[str, Absence]:
    """What empty Lists say of why they are empty, by section."""
    found: dict[str, Absence] = {}
    for one in held:
        if one.type != "List" or not one.content.get("emptyReason"):
            continue
        about = f"{words(one.content.get('code')).text} {one.content.get('title') or ''}".lower()
        reason = next((_EMPTY_REASONS[c] for c in codes(one.content["emptyReason"]) if c in _EMPTY_REASONS), None)
        for word, section in _LISTS.items():
            if word in about and reason:
                found[section] = reason
    return found


# --- identity ------------------------------------------------------------------------------------------------------

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_VERIFICATION = "NHSNumberVerificationStatus"


def identity_of(patients: Sequence[Statement], at: datetime, anchor: UUID | None = None) -> Identity:
    """Answer the identity strip from what each source's Patient says; verified numbers count before others."""
    ordered = sorted(
        patients,
        key=lambda one: (one.sender.setting != "gp", one.subject_id != anchor, -one.recorded_at.timestamp()),
    )
    contents = [one.content for one in ordered]
    names = [name for content in contents if (name := name_of(content))]
    births = [str(content["birthDate"]) for content in contents if content.get("birthDate")]
    numbers = sorted((number for content in contents for number in nhs_numbers(content)), key=lambda n: not n[1])
    genders = [str(content["gender"]) for content in contents if content.get("gender")]
    deaths = [_said_death(content) for content in contents]
    born = next((date.fromisoformat(text) for text in births if len(text) == 10), None)
    differs = [
        said
        for said, values in (
            ("name", {_folded(name) for name in names}),
            ("birth date", set(births)),
            ("NHS number", {number for number, _ in numbers}),
            ("sex", set(genders) - {"unknown"}),
            ("whether they are alive", {bool(death) for death in deaths}),
        )
        if len(values) > 1
    ]
    died = next((death for death in deaths if death), "")
    return Identity(
        name=names[0] if names else "Name not known",
        born=born,
        age_years=age_on(born, at.astimezone(LONDON).date()) if born and not died else None,
        died=died,
        nhs_number=numbers[0][0] if numbers else "",
        nhs_number_is_verified=bool(numbers and numbers[0][1]),
        gender=genders[0] if genders else "",
        differs=tuple(differs),
    )


def nhs_numbers(content: Mapping[str, object]) -> list[tuple[str, bool]]:
    """Answer the NHS numbers of a Patient, each with whether it is marked present and verified (01)."""
    found = []
    identifiers = content.get("identifier")
    for identifier in identifiers if isinstance(identifiers, list) else ():
        if identifier.get("system") == NHS_NUMBER and identifier.get("value"):
            status = set().union(
                *(
                    codes(extension.get("valueCodeableConcept"))
                    for extension in identifier.get("extension") or ()
                    if _VERIFICATION in (extension.get("url") or "")
                )
            )
            found.append((str(identifier["value"]).replace(" ", ""), "01" in status))
    return found


def _said_death(content: Content) -> str:
    if content.get("deceasedDateTime"):
        return said_date(content["deceasedDateTime"])
    return "date not known" if content.get("deceasedBoolean") else ""


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").split())


def age_on(born: date, day: date) -> int:
    """Answer the age in whole years; somebody born on 29 February is a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _senders(held: Iterable[Statement]) -> tuple[Sender, ...]:
    found = {one.sender.key: one.sender for one in held if one.sender.key != OWN}
    return tuple(sorted(found.values(), key=lambda sender: (sender.setting != "gp", sender.organisation_name)))
