"""What commissioners, councils and others hold as CSV: documented headers, one event a row, faults at their rates."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import ModuleType

import pytest

from joinedup.simulation import (
    care_services,
    columns,
    hl7v2,
    register,
    social_care,
    sus,
    voluntary_sector,
    waiting_list,
)
from joinedup.simulation.world import Admission, Outpatient, Stay
from joinedup.simulation.writing import Out

from .drawn_hospital import little_block, little_world, written

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "extracts.md"
# feed, folder -> mapping as documented, its columns, delimiter, line end
FEEDS: dict[str, tuple[ModuleType, tuple[str, ...], str, str]] = {
    "acute-rwh-sus-apc": (sus, columns.SUS_APC, ",", "\r\n"),
    "acute-rwh-sus-op": (sus, columns.SUS_OP, ",", "\r\n"),
    "acute-rwh-ecds": (sus, columns.ECDS, ",", "\r\n"),
    "acute-rwh-wlmds": (waiting_list, columns.WLMDS, ",", "\r\n"),
    "mental-health-rwr": (care_services, columns.MHSDS, ",", "\n"),
    "community-ry4": (care_services, columns.CSDS, ",", "\n"),
    "social-606": (social_care, columns.ASC_CLD, ",", "\r\n"),
    "voluntary-vzh01": (voluntary_sector, columns.VOLUNTARY, ",", "\r\n"),
    "register": (register, columns.REGISTER, "|", "\n"),
}


def rows(out: Out, source: str) -> list[dict[str, str]]:
    """The rows of a source's files, in the order of the periods, by column."""
    feed, names, delimiter, _ = FEEDS[source]
    headers = feed.headers(little_world())
    told: list[dict[str, str]] = []
    for name, parts in sorted(out.files.items()):
        if name.startswith(f"{source}/"):
            text = (headers[name] + "".join(parts)).removeprefix("\ufeff")
            quoting = csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL
            header, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
            assert tuple(header) == names
            assert {len(line) for line in lines} == {len(names)}, name
            told += [dict(zip(header, line, strict=True)) for line in lines]
    return told


@pytest.mark.parametrize("source", FEEDS)
def test_every_file_has_the_documented_header_and_rows_of_its_width(source: str) -> None:
    feed, names, _, end = FEEDS[source]
    assert len(set(names)) == len(names)
    out = written(feed)
    assert rows(out, source)
    for name, parts in out.files.items():
        if name.startswith(f"{source}/"):
            assert all(part.endswith(end) and part.count("\n") == 1 for part in parts)


@pytest.mark.parametrize("source", FEEDS)
def test_every_source_is_declared_with_a_pattern_that_finds_its_files(source: str) -> None:
    feed = FEEDS[source][0]
    (declared,) = [one for one in feed.declare(little_world()) if one.key == source]
    names = [name for name in written(feed).files if name.startswith(f"{source}/")]
    assert names
    assert all(Path(name).match(declared.files) for name in names)
    assert f"`{declared.mapping}`" in DOCUMENT.read_text(encoding="utf-8")
    assert declared.format == "csv"


def test_a_spell_is_told_by_its_episodes_with_the_price_at_the_last() -> None:
    first, last = rows(written(sus), "acute-rwh-sus-apc")
    told = [
        "EPISODE NUMBER",
        "LAST EPISODE IN SPELL INDICATOR CODE",
        "ACTIVITY TREATMENT FUNCTION CODE",
        "EPISODE START DATE",
        "EPISODE END DATE",
        "FINAL PRICE",
    ]
    assert [first[name] for name in told] == ["1", "2", "300", "2026-06-10", "2026-06-11", "0.00"]
    assert [last[name] for name in told] == ["2", "1", "110", "2026-06-11", "2026-06-24", "9850.00"]
    for one in (first, last):
        assert one["HOSPITAL PROVIDER SPELL IDENTIFIER"] == "AD1"
        assert (one["PRIMARY DIAGNOSIS (ICD)"], one["SECONDARY DIAGNOSIS (ICD) 1"]) == ("S720", "F03X")
        assert one["HEALTHCARE RESOURCE GROUP CODE (SPELL)"] == "HT12B"
        assert one["GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)"] == "Z00001"
    assert last["PRIMARY PROCEDURE (OPCS)"] == "W371"


def test_a_resident_has_the_same_story_in_messages_and_in_extracts() -> None:
    messages, extracts = written(hl7v2), written(sus)
    told = {(event, source_event) for event, source, what, source_event in messages.events if what == "Encounter"}
    held = {(event, source_event) for event, source, what, source_event in extracts.events if what == "Encounter"}
    assert held <= told
    assert told - held == {("AD2", "AD2")}  # a stay that has not ended is in no extract
    text = "".join(text for parts in messages.files.values() for text in parts)
    (spell, _) = rows(extracts, "acute-rwh-sus-apc")
    (attendance,) = rows(extracts, "acute-rwh-ecds")
    number = spell["LOCAL PATIENT IDENTIFIER (EXTENDED)"]
    assert attendance["LOCAL PATIENT IDENTIFIER (EXTENDED)"] == number
    assert f"PID|1||{number}^^^RWH^PI" in text
    for visit in (spell["HOSPITAL PROVIDER SPELL IDENTIFIER"], attendance["EMERGENCY CARE ATTENDANCE IDENTIFIER"]):
        assert f"|||||{visit}|||" in text


def test_names_stand_only_where_the_number_is_not_verified() -> None:
    for one in rows(written(sus), "acute-rwh-sus-op"):
        is_named = bool(one["PERSON GIVEN NAME"] and one["PERSON FAMILY NAME"])
        assert is_named == (one["NHS NUMBER STATUS INDICATOR CODE"] != "01")


def test_an_appointment_says_whether_it_was_kept() -> None:
    kept = {
        one["OUT-PATIENT ATTENDANCE IDENTIFIER"]: (
            one["ATTENDED OR DID NOT ATTEND CODE"],
            one["FINAL PRICE"],
        )
        for one in rows(written(sus), "acute-rwh-sus-op")
    }
    assert kept == {"OP1": ("5", "150.00"), "OP2": ("2", "0.00")}  # OP3 is still to come


def test_a_wait_stands_in_each_week_until_it_ends_and_once_more_with_why() -> None:
    waits = rows(written(waiting_list), "acute-rwh-wlmds")
    told = [(w["REFERRAL_IDENTIFIER"], w["WEEK_ENDING_DATE"], w["WAITING_LIST_REMOVAL_REASON"]) for w in waits]
    assert told == [
        ("WRF1", "2026-06-28", "TREATED"),  # ended in a closed period: told once, in the file of that period
        ("WL1", "2026-08-30", ""),
        ("WL2", "2026-08-30", ""),
        ("WL1", "2026-09-27", ""),
        ("WL2", "2026-09-27", "DIED"),
        ("WL1", "2026-10-25", ""),
    ]
    assert [w["WAITING_LIST_TYPE"] for w in waits] == ["ORTT", *["IRTT"] * 5]
    assert waits[1]["PATIENT_PATHWAY_IDENTIFIER"] == "RWHRF1"


def test_contacts_repeat_their_referral_and_a_referral_without_contacts_stands_alone() -> None:
    out = written(care_services)
    seen = rows(out, "mental-health-rwr")
    assert [(one["CareContactId"], one["AttendStatus"], one["ConsMechanismMH"]) for one in seen] == [
        ("CC1", "5", "01"),
        ("CC2", "3", "11"),
    ]
    assert {(one["ServiceRequestId"], one["PrimDiag"], one["ServTeamTypeRefToMH"]) for one in seen} == {
        ("EP1", "F03X", "A17")
    }
    (alone,) = rows(out, "community-ry4")
    assert (alone["ServiceRequestID"], alone["CareContactID"], alone["Contact_Date"]) == ("EP2", "", "")


def test_social_care_fills_only_the_columns_of_its_kind_of_event() -> None:
    request, service = rows(written(social_care), "social-606")
    assert (request["Event Type"], request["Service Type"], request["Unit Cost"]) == ("Request", "", "")
    assert request["Request: Route of Access"]
    assert (service["Service Type"], service["Service Component"], service["Unit Cost"]) == (
        "Long Term Support: Community",
        "Home Support",
        "23.65",
    )
    assert service["Dementia"] == "Yes"
    assert service["Date of Birth"] == "09/03/1942"


def test_voluntary_rows_are_as_people_type_them() -> None:
    header = voluntary_sector.headers(little_world())
    assert all(text.startswith("\ufeff") for text in header.values())
    first, second = rows(written(voluntary_sector), "voluntary-vzh01")
    assert first["nhs_number"] == "999 000 0018"
    assert (first["known_as"], first["wellbeing_score"]) == ("Zosia", "15")
    assert second["wellbeing_score"] == ""


def test_the_register_tells_moves_registrations_and_deaths() -> None:
    notices = rows(written(register), "register")
    assert [(one["NOTICE_TYPE"], one["EFFECTIVE_DATE"]) for one in notices] == [
        ("M", "20250203"),
        ("R", "20250220"),
        ("D", "20260920"),
    ]
    assert notices[0]["PREVIOUS_POSTCODE"] == "ZH2 1AA"
    assert (notices[2]["ICD10_UNDERLYING_CAUSE"], notices[2]["PLACE_OF_DEATH_TYPE"]) == ("J449", "H")


# --- many rows: faults and their rates -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> Out:
    """Twenty thousand appointments and as many day cases of one resident."""
    block = little_block()
    block.attendances, block.outpatients, block.admissions = [], [], []
    for n in range(20_000):
        day = 45_300 + n // 25
        block.outpatients.append(
            Outpatient(
                f"OP{n}", 0, "RWH", "RWH01", day, 600, day - 30, "110", True, "attended", "", "", "WF01B", 15_000
            )
        )
        block.admissions.append(
            Admission(
                f"AD{n}", 0, "RWH", "RWH01", day, 600, day, 900, "12", True, "130", ("H26.9",), "cataract", "C75.1",
                (Stay("Elm", day, 600),), "19", False, "", "", "BZ34B", 102_000,
            )
        )  # fmt: skip
    return written(sus, block)


def test_row_faults_come_at_their_rates(many: Out) -> None:
    for feed, rate in (("sus-op", 20_000), ("sus-apc", 20_000)):
        source = f"acute-rwh-{feed}"
        told = rows(many, source)
        assert many.counts[source, "rows"] == len(told)
        assert 0.7 < many.counts[source, "rows sent again"] * sus.SENT_AGAIN / rate < 1.3
        assert 0.4 < many.counts[source, "impossible dates"] * sus.BAD_DATE / rate < 2
        wrong = sum(one["NHS NUMBER"] != "9990000018" for one in told)
        assert 0.5 < wrong * sus.WRONG_NUMBER / rate < 1.6
    assert 10 <= many.counts["acute-rwh-sus-op", "deleted rows"] <= 80


def test_a_row_sent_again_comes_coded_in_the_next_period(many: Out) -> None:
    by_id: dict[str, list[dict[str, str]]] = {}
    for one in rows(many, "acute-rwh-sus-apc"):
        by_id.setdefault(one["CDS UNIQUE IDENTIFIER"], []).append(one)
    again = [told for told in by_id.values() if len(told) > 1]
    assert len(again) > 100
    for first, second in again:
        assert (first["HEALTHCARE RESOURCE GROUP CODE (SPELL)"], first["FINAL PRICE"]) == ("UZ01Z", "0.00")
        assert (second["HEALTHCARE RESOURCE GROUP CODE (SPELL)"], second["FINAL PRICE"]) == ("BZ34B", "1020.00")
        assert first["CDS APPLICABLE DATE"] <= second["CDS APPLICABLE DATE"]


@pytest.mark.parametrize("number", ["9990000018", "9990000026", "9990000050"])
def test_a_wrong_check_digit_is_wrong(number: str) -> None:
    wrong = sus.wrong_check_digit(number)
    assert wrong[:9] == number[:9]
    assert wrong != number
    assert sus.wrong_check_digit("") == ""
