"""The simulated world: what truly is and truly happened, from which every partner writes what it holds.

Everything here is a plain value: a tuple with names, texts and whole numbers. Days are numbers of `days.py`
(`ISO[day]`, `COMPACT[day]`, `UK[day]` write them), times of day are minutes from midnight, money is whole pence.
A person is named by `index`, the same in all of a simulation; so are households. Organisations are named by ODS code.

    World   what is the same for all residents: areas, organisations, seed
    Block   about 500 residents who live near each other, with all that happened to them

A feed is a module with two functions: `declare(world) -> list[Declared]`, the sources that it writes for sources.toml,
and `write(world, block, out) -> None`, which adds texts to files. See `writing.py`. Blocks are written by several
processes, each block with its own seed: a feed draws only from `block.rng(name)`, never from a generator of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Area(NamedTuple):
    """A small area (LSOA 2011), real with the reference files, else one of as many made-up ones."""

    code: str
    name: str
    council: str  # its ONS code
    council_name: str
    sub_icb: str
    decile: int  # index of multiple deprivation 2019, 1 the most deprived
    population: int
    sector: str  # its made-up postcodes begin so: ZH1 4
    east_km: float
    north_km: float
    is_rural: bool


class Site(NamedTuple):
    """A place where an organisation works: a hospital site with its wards, or a surgery."""

    ods: str
    name: str
    wards: tuple[str, ...] = ()


class Organisation(NamedTuple):
    """A partner. `kind` is gp, acute, community, mental_health, council or voluntary."""

    ods: str
    name: str
    kind: str
    source: str  # key of the source that it holds its own patients under: gp-y01234, acute-rwh, social-606
    postcode: str
    sites: tuple[Site, ...]
    sub_icb: str = ""
    east_km: float = 0.0
    north_km: float = 0.0
    list_size: int = 0
    pcn: str = ""
    pcn_name: str = ""
    phone: str = ""


class Household(NamedTuple):
    """People of one address. `kind` is family, couple, alone, shared or care_home."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a household
    kind: str
    area: int  # index into World.areas
    line: str  # 12 Orchard Close
    town: str
    postcode: str
    members: tuple[int, ...]


class Concept(NamedTuple):
    """A thing that can be said of a person, with its codes; a code that is not known to us is ""."""

    key: str
    snomed: str
    display: str
    icd10: str = ""
    icd10_display: str = ""


class Condition(NamedTuple):
    """One condition of one person. `key` names its Concept in `conditions.CONDITIONS`; `end` is 0 while it lasts."""

    key: str
    onset: int
    end: int
    id: str


class Allergy(NamedTuple):
    """One allergy or intolerance. `key` names its Concept in `medicines.ALLERGENS`; known to `gp`, `acute` or `both`.

    Where one side does not know it, that side may say "no known allergies": the conflict that a reader must show.
    """

    key: str
    reaction: str  # a key of medicines.REACTIONS
    severity: str  # mild, moderate, severe
    since: int
    known_to: str
    id: str


class Medicine(NamedTuple):
    """One medicine of one person from `start` to `end` (0: still); `key` names it in medicines.MEDICINES."""

    key: str
    start: int
    end: int
    issues: int
    is_repeat: bool
    for_condition: str
    id: str


class Person(NamedTuple):
    """Who somebody truly is. What a source believes is in its `Shown`."""

    index: int  # type: ignore[assignment]  # as above
    id: str  # P0000123, as in truth/people.csv
    household: int
    nhs_number: str  # 10 digits, from the test range; everybody has one, not every source knows it
    prefix: str
    given: str
    middle: str  # "" for none
    family: str
    former_family: str  # the name before marriage, or ""
    renamed_on: int  # day on which the family name changed, or 0
    nickname: str  # what friends say, or the given name
    sex: str  # female, male
    birth: int
    birth_minute: int
    death: int  # 0 while alive
    death_place: str  # hospital, home, care_home, hospice, ""
    death_cause: str  # key of a condition, ""
    ethnicity: str  # category of the 2001 census as in the NHS Data Dictionary, A to S
    language: str  # ISO 639 code of the main language
    phone: str
    email: str
    area: int
    decile: int
    line: str
    town: str
    postcode: str
    previous_line: str  # where they lived until `moved_on`, "" when they have not moved
    previous_town: str
    previous_postcode: str
    moved_on: int
    practice: str  # ODS code
    registered_on: int
    previous_practice: str  # until `registered_on`, or ""
    is_deducted: bool  # the previous practice has noticed that they left
    trust: str  # ODS codes of those who look after their area
    community: str
    mental_health: str
    council: str  # ODS code of the council with social care, "" where the system's file gives none
    frailty: float  # deficits as a share of those looked for (electronic frailty index), 0 to 1
    smoking: str  # never, ex, current
    bmi: float
    need: float  # how often they use services beside others of their age, about 1
    lives_alone: bool
    is_carer: bool
    mother: int  # index, -1 when not of this household
    father: int
    partner: int
    tags: tuple[str, ...]  # twin, same_name, two_homes, many_conditions, rich, review


class Consultation(NamedTuple):
    """A consultation at the practice. `mode` is face_to_face, telephone, online or home; `reason` a key of REASONS."""

    id: str
    person: int
    practice: str
    day: int
    minute: int
    minutes: int
    mode: str
    reason: str
    clinician: int  # number of the practitioner at the practice, from 0


class Measurement(NamedTuple):
    """One value measured at the practice; `key` names it in measurements.MEASURES, `second` is a diastolic pressure."""

    id: str
    person: int
    practice: str
    day: int
    key: str
    value: float
    second: float


class Jab(NamedTuple):
    """One immunisation. `key` names it in medicines.VACCINES."""

    id: str
    person: int
    practice: str
    day: int
    key: str
    dose: int


class Referral(NamedTuple):
    """A practice asks another organisation to see somebody; `specialty` is a treatment function code."""

    id: str
    person: int
    practice: str
    day: int
    to: str  # ODS code
    specialty: str
    priority: str  # routine, urgent, two_week_wait
    reason: str  # key of a condition, or ""
    state: str  # active, completed, revoked


class Attendance(NamedTuple):
    """An attendance at an emergency department; `admission` is the id of the admission that followed, or ""."""

    id: str
    person: int
    trust: str
    site: str
    day: int
    minute: int
    minutes: int
    by_ambulance: bool
    complaint: str  # key of emergency.COMPLAINTS
    diagnosis: str  # key of a condition or of emergency.DIAGNOSES, "" when none was found
    acuity: int  # 1 the most urgent, to 5
    admission: str
    left_before: bool
    hrg: str
    cost_pence: int


class Stay(NamedTuple):
    """One stretch of an admission on one ward."""

    ward: str
    day: int
    minute: int


class Admission(NamedTuple):
    """A stay in hospital. `end_day` is 0 while the person is still there."""

    id: str
    person: int
    trust: str
    site: str
    day: int
    minute: int
    end_day: int
    end_minute: int
    method: (
        str  # admission method of the NHS Data Dictionary: 11 waiting list, 12 booked, 13 planned, 21 A&E, 31 maternity
    )
    is_day_case: bool
    specialty: str  # treatment function code
    diagnoses: tuple[str, ...]  # ICD-10, the main one first
    reason: str  # key of the condition or diagnosis that led to it
    procedure: str  # OPCS-4, or ""
    stays: tuple[Stay, ...]
    destination: str  # discharge destination of the NHS Data Dictionary, "" while still there
    died: bool
    attendance: str  # id of the attendance it came from, or ""
    waiting: str  # id of the waiting list entry it came from, or ""
    hrg: str
    cost_pence: int


class Outpatient(NamedTuple):
    """An outpatient appointment. `outcome` is attended, did_not_attend, cancelled_by_patient, cancelled_by_hospital or
    booked (it is still to come)."""

    id: str
    person: int
    trust: str
    site: str
    day: int
    minute: int
    booked_on: int
    specialty: str
    is_first: bool
    outcome: str
    referral: str  # id of the referral, or ""
    procedure: str
    hrg: str
    cost_pence: int


class Waiting(NamedTuple):
    """An entry on a waiting list for treatment. `end` is 0 while the person waits."""

    id: str
    person: int
    trust: str
    site: str
    specialty: str
    procedure: str
    referred: int
    listed: int
    end: int
    reason_ended: str  # treated, removed, died, ""
    priority: int  # 1 to 4, as in the national clinical prioritisation
    admission: str  # id of the admission that ended it, or ""
    referral: str


class Result(NamedTuple):
    """One test of a report. `key` names it in measurements.MEASURES; `flag` is H, L or ""."""

    key: str
    value: float
    flag: str


class Report(NamedTuple):
    """A laboratory report. `corrected` is a value that replaced that of the first result a day later, or 0.0."""

    id: str
    person: int
    trust: str  # whose laboratory
    asked_by: str  # ODS code of the practice or trust
    day: int
    minute: int
    panel: str  # key of measurements.PANELS
    results: tuple[Result, ...]
    corrected: float


class Contact(NamedTuple):
    """One contact within a care episode. `mode` is face_to_face, telephone, video or group."""

    id: str
    day: int
    minute: int
    minutes: int
    mode: str
    attended: bool


class Episode(NamedTuple):
    """A referral to a community or mental health service with its contacts. `end` is 0 while it lasts."""

    id: str
    person: int
    provider: str  # ODS code
    setting: str  # community, mental_health
    team: str  # key of services.TEAMS
    referred: int
    referred_by: str  # gp, acute, self, social_care, other
    end: int
    reason: str  # key of a condition, or ""
    contacts: tuple[Contact, ...]
    cost_pence: int


class SocialCare(NamedTuple):
    """One event of adult social care. `event` is request, assessment, service or review; `end` is 0 while it lasts."""

    id: str
    person: int
    council: str  # ODS code
    event: str
    service: str  # key of services.SOCIAL_CARE, "" for requests and assessments
    start: int
    end: int
    outcome: str
    weekly_pence: int
    reason: str  # physical, memory, learning_disability, mental_health, carer, social


class Activity(NamedTuple):
    """Support by a voluntary organisation, with the days of its sessions."""

    id: str
    person: int
    organisation: str  # its code
    service: str  # key of services.VOLUNTARY
    referred_by: str  # self, link_worker, gp, social_care
    start: int
    end: int
    sessions: tuple[int, ...]
    wellbeing_before: int  # 0 to 10
    wellbeing_after: int


class Shown(NamedTuple):
    """What one source holds about who somebody is, with its mistakes; one person may have two in one source."""

    source: str  # key of the source
    source_id: str  # the source's own number of the patient
    person: int
    nhs_number: str  # "" when it holds none; may be another's, or have a wrong check digit
    nhs_status: str  # 01 present and verified, 02 present, 03 trace required, 07 not present ... (NHS Data Dictionary)
    prefix: str
    given: str
    middle: str
    family: str
    birth: int  # 0 when it holds none
    sex: str  # female, male, unknown
    ethnicity: str  # category, Z not stated, 99 not known
    line: str
    town: str
    postcode: str
    phone: str
    practice: str  # ODS code of the practice that it believes in
    since: int
    faults: tuple[str, ...]  # names of what is wrong, for the truth


class Merge(NamedTuple):
    """A source finds that two of its patients are one: `retired` goes into `surviving` (both source ids)."""

    source: str
    surviving: str
    retired: str
    person: int
    day: int
    minute: int


class Declared(NamedTuple):
    """One source as sources.toml declares it."""

    key: str
    name: str
    organisation: str
    setting: str  # gp, acute, community, mental_health, social_care, voluntary, registry
    format: str  # fhir, hl7v2, csv
    files: str  # pattern, relative to the folder
    mapping: str = ""
    interval_hours: int = 24
    id_unique: bool = True
    charset: str = "utf-8"
    duplicate_free: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """What is the same for all residents of one simulation."""

    system: str
    name: str
    icb: str  # ODS code
    seed: int
    residents: int
    areas: tuple[Area, ...]
    organisations: Mapping[str, Organisation]  # by "kind ods", since a trust may be both acute and community
    practices: tuple[Organisation, ...]
    voluntary: tuple[Organisation, ...]
    has_reference: bool
    age_weights: np.ndarray  # areas x 91 ages: how many live there, the last 90 and over
    residents_by_area: tuple[int, ...]
    nhs_numbers: np.ndarray  # as whole numbers, one for each person by index, and spare ones
    ethnicities: Mapping[str, tuple[tuple[str, float], ...]]  # by council: category and share
    practice_odds: np.ndarray  # areas x practices: cumulated odds that somebody of the area is registered there

    def organisation(self, kind: str, ods: str) -> Organisation:
        """Answer the organisation of that kind and code; KeyError when there is none."""
        return self.organisations[f"{kind} {ods}"]

    def of_kind(self, kind: str) -> list[Organisation]:
        """Answer all organisations of a kind, in the order of their codes."""
        return [one for key, one in sorted(self.organisations.items()) if one.kind == kind]


@dataclass(slots=True)
class Block:
    """About 500 residents who live near each other, with all that happened to them, each list in the order of days
    within a person. `first` is the index of its first person; `people[i].index == first + i`."""

    number: int
    seed: int
    first: int
    people: Sequence[Person]
    households: Sequence[Household]
    conditions: Sequence[Sequence[Condition]]  # by person, in the order of `people`
    allergies: Sequence[Sequence[Allergy]]
    medicines: Sequence[Sequence[Medicine]]
    consultations: list[Consultation] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    jabs: list[Jab] = field(default_factory=list)
    referrals: list[Referral] = field(default_factory=list)
    attendances: list[Attendance] = field(default_factory=list)
    admissions: list[Admission] = field(default_factory=list)
    outpatients: list[Outpatient] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    social_care: list[SocialCare] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    shown: dict[tuple[int, str], tuple[Shown, ...]] = field(default_factory=dict)

    def person(self, index: int) -> Person:
        """Answer the person of that index."""
        return self.people[index - self.first]

    def subject(self, index: int, source: str, event: str) -> Shown:
        """Answer under which of the person's patients of a source an event was written.

        Nearly always there is one; where a source holds somebody twice, half of the events are under each.
        """
        held = self.shown[index, source]
        return held[0] if len(held) == 1 else held[zlib.crc32(event.encode()) % len(held)]

    def rng(self, name: str) -> np.random.Generator:
        """Answer the generator of one purpose in this block: the same numbers whoever else draws."""
        return np.random.Generator(np.random.PCG64([self.seed, self.number, zlib.crc32(name.encode())]))
