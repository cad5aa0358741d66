"""What the segments of HL7 v2 messages become (rules: record R9, R11, R13, R14, R22)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import fhirkit
import orjson
import pytest
from tests.spec.feeds.hl7_messages import PID, REAL, RECEIVED, corpus, every, only, taken

from joinedup.feeds.hl7v2 import Hl7Error, split
from joinedup.feeds.hl7v2_map import take
from joinedup.feeds.hl7v2_patient import amended
from joinedup.feeds.hl7v2_results import OBSERVATION_STATUS
from joinedup.feeds.hl7v2_types import Digits, number

PV1 = "PV1|1|I|WARD 3^BAY 2^BED 4^RQW01|21|||C1234567^PATEL^RAJ^^^DR^^^GMC|||300^General medicine|||||||||V77"


# --- whom a message is about ---------------------------------------------------------------------------------------


def test_pid_is_a_uk_core_patient() -> None:
    patient = only(taken(PID, "PD1|||THE SURGERY^^Z12345|G1234567^JONES^ANN^^^DR"), "Patient")
    assert patient["id"] == "700001"
    local, nhs = patient["identifier"]
    assert (local["system"], local["value"]) == ("https://joinedup.example/Id/acute-1", "700001")
    assert (nhs["system"], nhs["value"]) == ("https://fhir.nhs.uk/Id/nhs-number", "9990000018")
    assert nhs["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "01"
    assert patient["name"] == [{"use": "official", "family": "TAYLOR", "given": ["ROSE", "MAY"], "prefix": ["MRS"]}]
    assert (patient["gender"], patient["birthDate"]) == ("female", "1951-02-14")
    assert patient["address"] == [
        {
            "use": "home", "line": ["1 HIGH STREET"], "city": "HARLOW", "district": "ESSEX", "postalCode": "ZH1 1AB",
            "country": "GBR",
        }
    ]  # fmt: skip
    assert patient["telecom"] == [{"system": "phone", "value": "01279555001", "use": "home"}]
    assert patient["managingOrganization"]["identifier"]["value"] == "RQW"
    practice, gp = patient["generalPractitioner"]
    assert practice["identifier"] == {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Z12345"}
    assert gp["display"] == "DR ANN JONES"


@pytest.mark.parametrize(
    ("pid_3", "id_"),
    [
        ("700001^^^RQW^MR", "700001"),
        ("9990000018^^^NHS^NH~700001^^^RQW^MR", "700001"),
        ("AB123^^^USSSA^SS~700001^^^RQW", "700001"),
        ("700001", "700001"),
        ("9990000018^^^NHS^NH", "9990000018"),
    ],
)
def test_the_local_number_is_the_patients_id_wherever_it_stands(pid_3: str, id_: str) -> None:
    assert only(taken(f"PID|1||{pid_3}||TAYLOR^ROSE"), "Patient")["id"] == id_


def test_a_number_that_fhir_allows_no_id_to_be_becomes_one_and_keeps_its_value() -> None:
    patient = only(taken("PID|1||MRN 12/A^^^^MR||TAYLOR^ROSE"), "Patient")
    assert patient["id"].isalnum()
    assert patient["identifier"][0]["value"] == "MRN 12/A"


@pytest.mark.parametrize(
    ("segments", "reason", "place"),
    [
        (("EVN|A31",), "missing-required", "PID"),
        (("PID|1||||TAYLOR",), "missing-required", "PID-3"),
        (('PID|1||""||TAYLOR',), "missing-required", "PID-3"),
        (("PID|1||1||TAYLOR||19510231",), "bad-date", "PID-7"),
        (("EVN|A31|20261124120001", PID), "future-date", "EVN"),
        ((PID, "AL1|1|DA"), "missing-required", "AL1-3"),
    ],
)
def test_a_message_that_cannot_be_taken_in_names_the_field(segments: tuple[str, ...], reason: str, place: str) -> None:
    with pytest.raises(Hl7Error) as refused:
        taken(*segments)
    assert (refused.value.reason, refused.value.place) == (reason, place)


def test_an_event_24_hours_ahead_is_still_taken() -> None:
    assert taken("EVN|A31|20261123120000", PID).resources


@pytest.mark.parametrize(
    ("evn", "at"),
    [
        ("EVN|A31|20260301080000||||20260301070000", "07:00"),
        ("EVN|A31|20260301080000", "08:00"),
        ("EVN|A31", "09:00"),
    ],
)
def test_the_event_time_is_evn_6_else_evn_2_else_msh_7(evn: str, at: str) -> None:
    assert f"{taken(evn, PID).event_at:%H:%M}" == at


# --- empty changes nothing, "" removes -----------------------------------------------------------------------------


def stated(pid: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    return taken(pid).resources["Patient", "1"]


FULL = "PID|1||1^^^RQW^MR~9990000018^^^NHS^NH||TAYLOR^ROSE||19510214|F|||1 HIGH STREET||01279555001^PRN|01279555002^WPN"


def test_an_update_that_leaves_fields_empty_changes_nothing() -> None:
    before, _ = stated(FULL)
    assert amended(before, *stated("PID|1||1^^^RQW^MR")) == before


def test_two_quotation_marks_remove_the_telephone() -> None:
    before, _ = stated(FULL)
    after = amended(before, *stated('PID|1||1^^^RQW^MR||||||||||""'))
    assert [one["value"] for one in after["telecom"]] == ["01279555002"]
    assert [one["value"] for one in before["telecom"]] == ["01279555001", "01279555002"]
    assert "telecom" not in amended(after, *stated('PID|1||1||||||||||""|""'))


@pytest.mark.parametrize(
    ("pid", "part", "value"),
    [
        ("PID|1||1||JONES^ROSE", "name", [{"use": "usual", "family": "JONES", "given": ["ROSE"]}]),
        ('PID|1||1||||""', "birthDate", None),
        ('PID|1||1|||||||""', "race", None),
        ("PID|1||1" + "|" * 26 + "20260228", "deceasedDateTime", "2026-02-28"),
    ],
)
def test_what_a_message_says_stands_in_place_of_what_was(pid: str, part: str, value: object) -> None:
    assert amended(stated(FULL)[0], *stated(pid)).get(part) == value


def test_somebody_who_was_said_to_be_dead_may_turn_out_alive() -> None:
    dead = amended(stated(FULL)[0], *stated("PID|1||1||||||||||||||||||||||||||20260228|Y"))
    assert dead["deceasedDateTime"] == "2026-02-28"
    alive = amended(dead, *stated('PID|1||1||||||||||||||||||||||||||""|N'))
    assert "deceasedDateTime" not in alive
    assert alive["deceasedBoolean"] is False


def test_the_other_number_of_a_patient_stays_when_a_message_names_only_one() -> None:
    after = amended(*[stated(FULL)[0]], *stated("PID|1||1^^^RQW^MR"))
    assert {one["value"] for one in after["identifier"]} == {"1", "9990000018"}


# --- stays, merges -------------------------------------------------------------------------------------------------


def test_pv1_is_an_event_of_the_stay_and_not_yet_an_encounter() -> None:
    found = taken("EVN|A01|20260301090500||||20260301090000", PID, PV1, kind="ADT^A01")
    (stay,) = found.stays
    assert (stay.patient, stay.encounter, stay.trigger) == ("700001", "700001.V77", "A01")
    assert stay.content["class"]["code"] == "IMP"
    assert stay.content["location"]["display"] == "WARD 3, room BAY 2, bed BED 4, RQW01"
    assert stay.content["serviceProvider"]["identifier"]["value"] == "RQW"
    assert stay.content["hospitalization"]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "21"
    assert stay.content["participant"][0]["individual"] == {
        "identifier": {"system": "https://fhir.hl7.org.uk/Id/gmc-number", "value": "C1234567"},
        "display": "DR RAJ PATEL",
    }
    assert every(found, "Encounter") == []


def test_two_patients_never_share_a_stay() -> None:
    """Some systems number visits from 1 for each patient."""
    stays = [
        taken(f"PID|1||{patient}^^^RQW^MR||A^B", f"PV1|1|I{'|' * 17}{visit}", kind="ADT^A01").stays[0].encounter
        for patient, visit in (("1", "1"), ("2", "1"), ("1.1", "2"), ("1", "1.2"))
    ]
    assert len(set(stays)) == 4


def test_a_stay_without_a_number_is_said_and_the_patient_is_taken() -> None:
    found = taken(PID, "PV1|1|I|WARD 3", kind="ADT^A01")
    assert (found.stays, found.warnings) == ([], ["no-visit-number"])
    assert only(found, "Patient")


@pytest.mark.parametrize(
    ("kind", "segments", "merges"),
    [
        ("ADT^A40", ("PID|1||12345^^^RQW^MR", "MRG|56789^^^RQW^MR"), [("12345", "56789")]),
        ("ADT^A47", ("PID|1||12345^^^RQW^MR", "MRG|56789^^^RQW^MR"), [("12345", "56789")]),
        (
            "ADT^A40",
            ("PID|1||12345^^^RQW^MR", "MRG|56789^^^RQW^MR", "PID|1||145^^^RQW^MR", "MRG|569^^^RQW^MR"),
            [("12345", "56789"), ("145", "569")],
        ),
        # The same digits of another authority may be somebody else's: an unknown pair waits for a person to look.
        ("ADT^A40", ("PID|1||12345^^^RQW^MR", "MRG|56789^^^RWH^MR"), [("12345", "RWH.56789")]),
        ("ADT^A40", ("PID|1||12345^^^RQW^MR", "MRG|12345^^^RQW^MR"), []),
        # Two accounts of one person, and a visit that was another's, do not make two people one.
        ("ADT^A41", ("PID|1||12345^^^RQW^MR", "MRG|56789^^^RQW^MR||A2"), []),
        ("ADT^A45", ("PID|1||12345^^^RQW^MR", "MRG|56789^^^RQW^MR", PV1), []),
    ],
)
def test_only_messages_that_say_that_two_are_one_merge(
    kind: str, segments: tuple[str, ...], merges: list[tuple[str, str]]
) -> None:
    assert taken(*segments, kind=kind).merges == merges


def test_several_merges_bring_each_survivor() -> None:
    found = taken("PID|1||1||A^B", "MRG|2", "PID|1||3||C^D", "MRG|4", kind="ADT^A40")
    assert [one["id"] for one in every(found, "Patient")] == ["1", "3"]


def test_a_moved_visit_leaves_one_patient_and_comes_to_the_other() -> None:
    found = taken("PID|1||12345^^^RQW^MR", "MRG|56789^^^RQW^MR", PV1, kind="ADT^A45")
    assert [(stay.patient, stay.encounter, stay.trigger) for stay in found.stays] == [
        ("12345", "12345.V77", "A45"),
        ("56789", "56789.V77", "A11"),
    ]


def test_a_merge_without_the_number_that_goes_is_refused() -> None:
    with pytest.raises(Hl7Error) as refused:
        taken("PID|1||12345", "MRG|", kind="ADT^A40")
    assert (refused.value.reason, refused.value.place) == ("missing-required", "MRG-1")


# --- results -------------------------------------------------------------------------------------------------------

MMOL = {"unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
SALMONELLA = {
    "coding": [{"system": "http://snomed.info/sct", "code": "27268008", "display": "Salmonella"}],
    "text": "Salmonella",
}
OBR = "OBR|1|P9|F9|UE^Urea and electrolytes^L|||20260301080000|||||||||||||||20260301085500||CH|F"


def report(*obx: str, obr: str = OBR, **said: str) -> Any:
    return taken(PID, obr, *obx, kind="ORU^R01", **said)


@pytest.mark.parametrize(
    ("obx_11", "status"),
    [
        ("F", "final"), ("U", "final"), ("P", "preliminary"), ("R", "preliminary"), ("S", "preliminary"),
        ("C", "corrected"), ("X", "cancelled"), ("I", "registered"), ("O", "registered"), ("N", "registered"),
        ("D", "entered-in-error"), ("W", "entered-in-error"), ("", "unknown"),
    ],
)  # fmt: skip
def test_the_state_of_a_result(obx_11: str, status: str) -> None:
    found = report(f"OBX|1|NM|2951-2^Sodium^LN||140|mmol/L|||||{obx_11}")
    assert only(found, "Observation")["status"] == status
    assert ("observation-without-status" in found.warnings) == (obx_11 == "")


def test_a_correction_is_the_same_observation() -> None:
    first = only(report("OBX|1|NM|2951-2^Sodium^LN|1|140|mmol/L|||||F"), "Observation")
    second = only(report("OBX|4|NM|2951-2^Sodium (corrected)^LN|1|104|mmol/L|||||C", id_="M2"), "Observation")
    assert first["id"] == second["id"]
    assert (second["status"], second["valueQuantity"]["value"]) == ("corrected", 104)


@pytest.mark.parametrize(
    ("obr", "obx"),
    [
        (OBR, "OBX|1|NM|2951-2^Sodium^LN|2|140"),
        (OBR, "OBX|1|NM|2823-3^Potassium^LN|1|140"),
        (OBR.replace("F9", "F10"), "OBX|1|NM|2951-2^Sodium^LN|1|140"),
    ],
    ids=["another sub-id", "another code", "another order"],
)
def test_another_key_is_another_observation(obr: str, obx: str) -> None:
    first = only(report("OBX|1|NM|2951-2^Sodium^LN|1|140"), "Observation")
    assert only(report(obx, obr=obr), "Observation")["id"] != first["id"]


@pytest.mark.parametrize(
    ("obx", "part", "value"),
    [
        ("NM|a||140|mmol/L", "valueQuantity", {"value": 140} | MMOL),
        ("NM|a||<0.5|mmol/L", "valueQuantity", {"value": 0.5, "comparator": "<"} | MMOL),
        ("NM|a||7|widgets", "valueQuantity", {"value": 7, "unit": "widgets"}),
        ("SN|a||>=^100", "valueQuantity", {"value": 100, "comparator": ">="}),
        ("SN|a||^1^:^8", "valueString", "1 : 8"),
        ("NM|a||haemolysed", "valueString", "haemolysed"),
        ("ST|a||clear", "valueString", "clear"),
        ("TX|a||one~two", "valueString", "one\ntwo"),
        ("CE|a||27268008^Salmonella^SCT", "valueCodeableConcept", SALMONELLA),
        ("DT|a||20260301", "valueDateTime", "2026-03-01"),
        ("NM|a||", "valueQuantity", None),
    ],
)  # fmt: skip
def test_the_value_of_a_result(obx: str, part: str, value: object) -> None:
    assert only(report(f"OBX|1|{obx}"), "Observation").get(part) == value


def test_a_value_that_is_no_number_is_kept_and_said() -> None:
    assert report("OBX|1|NM|a||haemolysed").warnings.count("not-a-number:OBX-5") == 1
    assert report("OBX|1|NM|a||7|widgets").warnings.count("unit-not-ucum") == 1


@pytest.mark.parametrize("written", ["1.50", "0.10", "5", "-3.0", "100000000000000000.5", "4.5"])
def test_a_number_keeps_the_digits_that_were_written(written: str) -> None:
    value = number(written)
    body = orjson.dumps({"value": value}, default=lambda kept: orjson.Fragment(kept.written))
    assert body.decode() == f'{{"value":{written}}}'


@pytest.mark.parametrize("written", ["", "1,5", "1e5", "٥", "5.", "- 5", "0x1", "NaN", "05", "1" * 41])
def test_what_is_no_number_is_none(written: str) -> None:
    assert number(written) is None


def test_a_number_is_compared_as_a_number() -> None:
    assert isinstance(number("1.50"), Digits)
    assert number("1.50") == 1.5


def test_ranges_and_flags_of_a_result() -> None:
    found = only(report("OBX|1|NM|a||140|mmol/L|133-146|H~weird|||F"), "Observation")
    (limits,) = found["referenceRange"]
    assert (limits["low"]["value"], limits["high"]["value"], limits["text"]) == (133, 146, "133-146")
    assert found["interpretation"][0]["coding"][0]["code"] == "H"
    assert found["interpretation"][1]["coding"][0]["system"].startswith("https://joinedup.example/")


def test_a_report_names_its_results_its_order_and_its_state() -> None:
    found = report("OBX|1|NM|2951-2^Sodium^LN||140", "NTE|1||slightly", "OBX|2|NM|2823-3^Potassium^LN||4.5")
    report_ = only(found, "DiagnosticReport")
    results = [f"Observation/{one['id']}" for one in every(found, "Observation")]
    assert [one["reference"] for one in report_["result"]] == results
    assert (report_["status"], report_["effectiveDateTime"]) == ("final", "2026-03-01T08:00:00+00:00")
    assert every(found, "Observation")[0]["note"] == [{"text": "slightly"}]
    order = only(found, "ServiceRequest")
    assert report_["basedOn"] == [{"reference": f"ServiceRequest/{order['id']}"}]
    assert order["status"] == "completed"


def test_an_order_and_its_result_are_of_the_same_order() -> None:
    order = only(taken(PID, "ORC|NW|P9", "OBR|1|P9||UE^Urea^L", kind="ORM^O01"), "ServiceRequest")
    assert order["status"] == "active"
    assert order["id"] == only(report("OBX|1|NM|a||1"), "ServiceRequest")["id"]


def test_a_report_that_nobody_ordered_stands_alone() -> None:
    found = report("OBX|1|NM|a||1", obr=OBR.replace("|P9|", "||"))
    assert every(found, "ServiceRequest") == []
    assert "basedOn" not in only(found, "DiagnosticReport")


def test_a_text_of_many_segments_is_one_observation() -> None:
    found = report("OBX|1|TX|a|1|first line", "OBX|2|TX|a|1|second line")
    assert only(found, "Observation")["valueString"] == "first line\nsecond line"


def test_two_numbers_under_one_key_are_two_observations() -> None:
    assert len(every(report("OBX|1|NM|a||1", "OBX|2|NM|a||2"), "Observation")) == 2


# --- the other types -----------------------------------------------------------------------------------------------


def test_an_allergy_keeps_its_code_and_is_the_same_from_any_message() -> None:
    al1 = "AL1|1|DA^Drug allergy^HL70127|91936005^Allergy to penicillin^SCT|SV|Anaphylaxis|20100504"
    first = only(taken(PID, al1, kind="ADT^A60"), "AllergyIntolerance")
    assert first["code"]["coding"][0]["code"] == "91936005"
    assert (first["category"], first["criticality"]) == (["medication"], "high")
    assert first["reaction"] == [{"manifestation": [{"text": "Anaphylaxis"}], "severity": "severe"}]
    assert first["id"] == only(taken(PID, al1, kind="ADT^A08", id_="M2"), "AllergyIntolerance")["id"]


def test_a_deleted_allergy_is_entered_in_error() -> None:
    found = only(taken(PID, "IAM|1|DA|P^Penicillin^L|||D^Delete|77", kind="ADT^A60"), "AllergyIntolerance")
    assert found["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert "clinicalStatus" not in found


@pytest.mark.parametrize(
    ("action", "state", "clinical", "verification"),
    [
        ("AD", "ACTIVE", "active", "confirmed"),
        ("UP", "Resolved", "resolved", "confirmed"),
        ("DE", "Deleted", None, "entered-in-error"),
    ],
)
def test_a_problem_has_its_state(action: str, state: str, clinical: str | None, verification: str) -> None:
    prb = f"PRB|{action}|20260301|J45^Asthma^I10|77|||20260101||||||{state}"
    found = only(taken(PID, prb, kind="PPR^PC1"), "Condition")
    assert found.get("clinicalStatus", {}).get("coding", [{}])[0].get("code") == clinical
    assert found["verificationStatus"]["coding"][0]["code"] == verification


@pytest.mark.parametrize(
    ("trigger", "sch_25", "status"),
    [
        ("S12", "Booked", "booked"), ("S12", "", "booked"), ("S13", "Booked", "booked"),
        ("S14", "Complete", "fulfilled"),
        ("S15", "Cancelled", "cancelled"), ("S16", "Dc", "cancelled"), ("S17", "Deleted", "entered-in-error"),
        ("S26", "Noshow", "noshow"), ("S15", "Booked", "cancelled"),
    ],
)  # fmt: skip
def test_an_appointment_has_its_state(trigger: str, sch_25: str, status: str) -> None:
    sch = f"SCH|A1|B1|||||CHECKUP|Normal|30|min|||||||||||||||{sch_25}"
    found = only(taken(sch, "TQ1|||||||20260310093000|20260310100000", PID, kind=f"SIU^{trigger}"), "Appointment")
    assert (found["status"], found["start"], found["end"]) == (
        status, "2026-03-10T09:30:00+00:00", "2026-03-10T10:00:00+00:00",
    )  # fmt: skip
    assert found["participant"][0]["actor"] == {"reference": "Patient/700001"}
    assert found["participant"][1]["actor"]["identifier"]["value"] == "RQW"


def test_an_appointment_ends_after_its_minutes_and_without_a_time_is_only_proposed() -> None:
    ais = "AIS|1||394609007^General surgery^SCT|20260310093000|||50|min"
    found = only(taken("SCH|A1|B1", PID, ais, kind="SIU^S12"), "Appointment")
    assert (found["end"][11:16], found["minutesDuration"]) == ("10:20", 50)
    assert only(taken("SCH|A1|B1", PID, kind="SIU^S12"), "Appointment")["status"] == "proposed"


def test_a_letter_keeps_its_words_and_what_it_replaces() -> None:
    txa = "TXA|1|DS|TX|20260301090000||20260301100000||||||D2|D1|||AU"
    found = only(
        taken(PID, txa, "OBX|1|TX|a||Dear Dr Jones,", "OBX|2|TX|a||thank you.", kind="MDM^T10"), "DocumentReference"
    )
    assert found["content"][0]["attachment"]["data"] == "RGVhciBEciBKb25lcywKdGhhbmsgeW91Lg=="
    original = only(taken(PID, txa.replace("|D2|D1|", "|D1||"), kind="MDM^T02"), "DocumentReference")
    assert found["relatesTo"][0] == {
        "code": "replaces", "target": {"reference": f"DocumentReference/{original['id']}"},
    }  # fmt: skip


def test_a_vaccination_that_was_refused_was_not_given() -> None:
    rxa = "RXA|0|1|20260301||88^Influenza^CVX|0.5|mL^mL^UCUM|||||||||||||{state}"
    given = only(taken(PID, "ORC|RE||V1", rxa.format(state="CP"), kind="VXU^V04"), "Immunization")
    refused = only(taken(PID, "ORC|RE||V1", rxa.format(state="RE"), kind="VXU^V04"), "Immunization")
    assert (given["status"], refused["status"]) == ("completed", "not-done")
    assert given["doseQuantity"]["value"] == 0.5


def test_a_referral_goes_from_one_to_another() -> None:
    rf1 = "RF1|P^Pending|U^Urgent|CAR^Cardiology^L|||UBRN1|20260301||20260301|R07^Chest pain^I10"
    people = ("PRD|RP|JONES^ANN^^^DR", "PRD|RT|HEART^CLINIC")
    found = only(taken(rf1, *people, PID, kind="REF^I12"), "ServiceRequest")
    assert (found["status"], found["priority"]) == ("active", "urgent")
    assert found["requester"]["display"] == "DR ANN JONES"
    # The message is addressed to QM7: who receives a referral is whom it is for.
    assert [one.get("identifier", {}).get("value") for one in found["performer"]] == [None, "QM7"]
    cancelled = only(taken(rf1, *people, PID, kind="REF^I14"), "ServiceRequest")
    assert (cancelled["id"], cancelled["status"]) == (found["id"], "revoked")


def test_a_medicine_is_ordered_and_dispensed() -> None:
    rxe = "RXE||39113311000001107^Doxycycline 100mg capsules^DMD|1||cap|||^one twice a day|||14|cap"
    rxd = "RXD|1|39113311000001107^Doxycycline 100mg capsules^DMD|20260301|14|cap||RX77"
    found = taken(PID, "ORC|RE|P3|F3", rxe, "RXR|PO^oral^HL70162", rxd, kind="RDS^O13")
    request, dispense = only(found, "MedicationRequest"), only(found, "MedicationDispense")
    assert request["medicationCodeableConcept"]["coding"][0]["system"] == "https://dmd.nhs.uk"
    assert request["dosageInstruction"][0]["route"]["text"] == "oral"
    assert dispense["authorizingPrescription"] == [{"reference": f"MedicationRequest/{request['id']}"}]
    assert dispense["quantity"] == {"value": 14, "unit": "cap"}


@pytest.mark.parametrize("kind", ["BAR^P01", "DFT^P03", "ADT^A17", "SIU^S01"])
def test_what_is_not_mapped_is_said_to_be(kind: str) -> None:
    found = taken(PID, kind=kind)
    assert (found.is_mapped, found.resources) == (False, {})


@pytest.mark.parametrize(("kind", "place"), [("XYZ^A01", "MSH-9"), ("", "MSH-9")])
def test_an_unknown_type_is_refused(kind: str, place: str) -> None:
    with pytest.raises(Hl7Error) as refused:
        taken(PID, kind=kind)
    assert refused.value.place == place


# --- the published messages ----------------------------------------------------------------------------------------


def test_129_of_the_139_published_messages_become_resources_that_fhir_accepts(reference: Path) -> None:
    mapped: Counter[str] = Counter()
    types: Counter[str] = Counter()
    faults = []
    for path in corpus(reference):
        found = take(split(path.read_bytes()), REAL, RECEIVED)
        if not found.is_mapped:
            mapped["not mapped"] += 1
            continue
        assert found.resources, path.name
        mapped[found.message.type] += 1
        for (type_, _), (content, _) in found.resources.items():
            types[type_] += 1
            body = orjson.dumps(content, default=lambda kept: orjson.Fragment(kept.written))
            faults += [(path.name, str(issue)) for issue in fhirkit.validate(body)]
    assert mapped.pop("not mapped") == 10
    assert (mapped["ADT"] + mapped["ORU"], mapped.total()) == (64, 129)
    assert faults == []
    assert {
        "Patient", "RelatedPerson", "AllergyIntolerance", "Condition", "Procedure", "Observation", "DiagnosticReport",
        "ServiceRequest", "Appointment", "Immunization", "DocumentReference", "MedicationRequest", "MedicationDispense",
    } == set(types)  # fmt: skip


def test_the_published_merges(reference: Path) -> None:
    merges = {
        path.name: take(split(path.read_bytes()), REAL, RECEIVED).merges
        for path in corpus(reference)
        if path.name.startswith("ADT-A40")
    }
    assert merges == {
        "ADT-A40-01.hl7": [("12345", "56789")],
        "ADT-A40-02.hl7": [("12345", "56789"), ("145", "569")],
    }


def test_every_state_of_the_standard_has_a_meaning() -> None:
    assert set(OBSERVATION_STATUS) == set("FUPRSCXIONDW")
