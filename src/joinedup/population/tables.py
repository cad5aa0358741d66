"""What the tables of a snapshot hold: each table's columns, their types, and what one row is.

A table named `pop_…` is what ViewDefinitions of that name give, person by person; the other tables are derived from
them and from `system`. Every row about a person bears the pseudonym `person` and the `feed` it came by. No column
holds a name, an NHS number, a full date of birth, a postcode, an address or free text (rules: population PB7).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

TEXT: Final = pa.string()
DAY: Final = pa.date32()
INSTANT: Final = pa.timestamp("us", tz="UTC")
WHOLE: Final = pa.int32()
NUMBER: Final = pa.float64()
YES_NO: Final = pa.bool_()

FEEDS: Final = (
    "gp", "hl7v2", "letters", "sus-apc", "sus-op", "ecds", "wlmds", "mhsds", "csds", "asc-cld", "voluntary",
    "register", "bulk",
)  # fmt: skip
"""How a row came: the mapping of an extract, `gp` for a practice's FHIR, `bulk` for another server's export."""


def _table(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in columns.items()])


def _facts(**columns: pa.DataType) -> pa.Schema:
    # `key` is a keyed digest of the resource: rows of one resource share it, and references hold it.
    return _table(person=TEXT, feed=TEXT, key=TEXT, **columns)


TABLES: Final[dict[str, pa.Schema]] = {
    # One row a person. birth_month is YYYY-MM; age in completed years on the snapshot's day, 90 for 90 and over;
    # practice, home and deprivation as on that day. deprivation_national and _local are quintiles, 1 most deprived.
    "person": _table(
        person=TEXT,
        birth_month=TEXT,
        age=WHOLE,
        sex=TEXT,
        ethnic_category=TEXT,
        ethnic_group=TEXT,
        lsoa11=TEXT,
        imd_decile=WHOLE,
        deprivation_national=WHOLE,
        deprivation_local=WHOLE,
        practice=TEXT,
        household=TEXT,
        household_size=WHOLE,
        death_month=TEXT,
        is_simulated=YES_NO,
    ),
    # One row a spell with one practice; spells of a person do not overlap. [starts, ends), ends null while it lasts.
    "registration": _table(person=TEXT, practice=TEXT, starts=DAY, ends=DAY),
    # One row a spell at one home, in the same way.
    "residence": _table(person=TEXT, lsoa11=TEXT, starts=DAY, ends=DAY),
    # Where a practice belongs and where a small area lies, as dated in `system`. Areas by their codes.
    "practice_area": _table(practice=TEXT, neighbourhood=TEXT, place=TEXT, system=TEXT, starts=DAY, ends=DAY),
    "small_area": _table(
        lsoa11=TEXT,
        neighbourhood=TEXT,
        place=TEXT,
        system=TEXT,
        imd_rank=WHOLE,
        imd_decile=WHOLE,
        deprivation_national=WHOLE,
        deprivation_local=WHOLE,
        population=WHOLE,
        starts=DAY,
        ends=DAY,
    ),
    # One row an area and spell of its life: kind is practice, neighbourhood, place or system; `part_of` its parent.
    # `became` is the code of the area that it went into whole when it ended, so that figures can be carried back.
    "area": _table(code=TEXT, kind=TEXT, name=TEXT, part_of=TEXT, starts=DAY, ends=DAY, became=TEXT),
    # One row a source patient.
    "pop_patient": _facts(
        sex=TEXT,
        birth_month=TEXT,
        age=WHOLE,
        ethnic_category=TEXT,
        lsoa11=TEXT,
        practice=TEXT,
        death_month=TEXT,
        is_active=YES_NO,
    ),
    "pop_address": _facts(use=TEXT, lsoa11=TEXT, household=TEXT, starts=DAY, ends=DAY),
    # Episodes of care: with a practice (`kind` registration), with a team, with a council or voluntary service.
    "pop_registration": _facts(kind=TEXT, kind_text=TEXT, status=TEXT, organisation=TEXT, starts=DAY, ends=DAY),
    # `on` is onset, else recorded. `system` is snomed, icd10, opcs4, loinc, else the URI. `position` 0 is the first
    # coding of the resource; `category` problem-list-item or encounter-diagnosis; `encounter` the key of one.
    "pop_condition": _facts(
        system=TEXT,
        code=TEXT,
        position=WHOLE,
        on=DAY,
        on_precision=TEXT,
        recorded=DAY,
        abated=DAY,
        status=TEXT,
        category=TEXT,
        encounter=TEXT,
    ),
    # A panel (blood pressure) has a row for each component: `code` is the component's and `panel` the whole's.
    "pop_observation": _facts(
        system=TEXT,
        code=TEXT,
        panel=TEXT,
        on=DAY,
        on_precision=TEXT,
        value=NUMBER,
        unit=TEXT,
        value_system=TEXT,
        value_code=TEXT,
        status=TEXT,
        encounter=TEXT,
    ),
    # Requests (an issue) and statements (what is taken, from `on` to `ends`).
    "pop_medication": _facts(
        kind=TEXT,
        system=TEXT,
        code=TEXT,
        on=DAY,
        on_precision=TEXT,
        ends=DAY,
        status=TEXT,
    ),
    "pop_immunisation": _facts(
        system=TEXT, code=TEXT, procedure=TEXT, on=DAY, on_precision=TEXT, dose=WHOLE, status=TEXT
    ),
    # `activity` is episode, spell, emergency, community-contact, …, else null; `service` the code of the service or
    # treatment function; `diagnosis` the key of the Condition that is the main one. tariff_pence as the extract
    # prices it.
    "pop_encounter": _facts(
        class_code=TEXT,
        activity=TEXT,
        kind_text=TEXT,
        status=TEXT,
        on=DAY,
        ends=DAY,
        starts_at=INSTANT,
        ends_at=INSTANT,
        service=TEXT,
        provider=TEXT,
        part_of=TEXT,
        admission_method=TEXT,
        admission_source=TEXT,
        discharge_method=TEXT,
        discharge_destination=TEXT,
        classification=TEXT,
        is_last_episode=YES_NO,
        attended=TEXT,
        reason=TEXT,
        diagnosis=TEXT,
        hrg=TEXT,
        tariff_pence=WHOLE,
        commissioner=TEXT,
        minutes=WHOLE,
    ),
    "pop_procedure": _facts(system=TEXT, code=TEXT, on=DAY, on_precision=TEXT, status=TEXT, encounter=TEXT),
    # A referral or wait. The clock of referral to treatment runs from clock_starts up to clock_ends (null: running).
    "pop_referral": _facts(
        kind=TEXT,
        system=TEXT,
        code=TEXT,
        status=TEXT,
        priority=TEXT,
        on=DAY,
        provider=TEXT,
        service=TEXT,
        waiting_list=TEXT,
        clock_starts=DAY,
        clock_ends=DAY,
        removed=DAY,
        removal_reason=TEXT,
        decided_to_admit=DAY,
        is_cancer=YES_NO,
        reason=TEXT,
    ),
    "pop_appointment": _facts(
        status=TEXT,
        attended=TEXT,
        on=DAY,
        starts_at=INSTANT,
        service=TEXT,
        provider=TEXT,
        is_first=YES_NO,
        hrg=TEXT,
        tariff_pence=WHOLE,
        clock_starts=DAY,
        clock_ends=DAY,
    ),
    "pop_death": _facts(death_month=TEXT, cause=TEXT, place=TEXT),
    "pop_questionnaire_item": _facts(questionnaire=TEXT, item=TEXT, on=DAY, value=NUMBER, value_code=TEXT),
}
"""Each table of a snapshot, as an Arrow schema."""
