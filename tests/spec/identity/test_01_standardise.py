"""Names, dates, postcodes and numbers are brought into one form before they are compared (PA4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from joinedup.feeds import nhs_number
from joinedup.identity import MatchingFields, matching_fields, standardise as s

NUMBER = "9990123454"


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Smith-Jönes", "SMITH JONES"),
        ("O’Brien", "OBRIEN"),
        ("Łukasz", "LUKASZ"),
        ("Dr. Amina", "AMINA"),
        ("  anna   MARIA ", "ANNA MARIA"),
        ("Dr", "DR"),  # all there is
        ("BABY BOY", None),
        ("Twin 1", None),
        ("Not known", None),
        ("XXXX", None),
        ("山田", None),  # other scripts are not guessed at
        ("", None),
    ],
)
def test_names(written: str, compared: str | None) -> None:
    assert s.name(written) == compared


def test_a_single_letter_is_a_forename_and_no_surname() -> None:
    assert (s.name("J"), s.family_name("J")) == ("J", None)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("zh11aa", "ZH1 1AA"),
        ("AL1\u00a03ER", "AL1 3ER"),
        ("ZZ99 3VZ", None),
        ("ZZ993WZ", None),
        ("12345", None),
        ("", None),
    ],
)
def test_postcodes(written: str, compared: str | None) -> None:
    assert s.postcode(written) == compared


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("1971-06-24", date(1971, 6, 24)),
        ("1900-01-01", None),
        ("1800-01-01", None),
        ("1971-06", None),
        ("1971-02-30", None),
        ("", None),
    ],
)
def test_dates_of_birth(written: str, compared: date | None) -> None:
    assert s.birth_date(written) == compared


def test_a_birth_in_the_future_or_too_long_ago_is_none() -> None:
    on = date(2026, 7, 1)
    kept = {born: s.plausible_birth(born, on) for born in (date(2026, 7, 2), date(1905, 1, 2), date(1906, 1, 2), on)}
    assert kept == {date(2026, 7, 2): None, date(1905, 1, 2): None, date(1906, 1, 2): date(1906, 1, 2), on: on}


@pytest.mark.parametrize(
    ("written", "compared"),
    [("+44 (0)7700 900123", "07700900123"), ("07700 900123", "07700900123"), ("123", None), ("0000000000", None)],
)
def test_telephones(written: str, compared: str | None) -> None:
    assert s.phone(written) == compared


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "1", **more}


def identifier(value: str, status: str = "", **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"system": nhs_number.SYSTEM, "value": value, **more}
    if status:
        concept = {"coding": [{"system": nhs_number.VERIFICATION_CODES, "code": status}]}
        said["extension"] = [{"url": nhs_number.VERIFICATION_EXTENSION, "valueCodeableConcept": concept}]
    return said


@pytest.mark.parametrize(("status", "is_verified"), [("01", True), ("02", False), ("08", False), ("", False)])
def test_only_status_01_is_verified(status: str, is_verified: bool) -> None:
    fields = matching_fields(patient(identifier=[identifier(NUMBER, status)]))
    assert (fields.nhs_number, fields.is_verified) == (NUMBER, is_verified)


def test_a_number_that_was_replaced_is_a_former_one() -> None:
    fields = matching_fields(
        patient(identifier=[identifier("9990000018", use="old"), identifier("999 012 3454", "01")])
    )
    assert (fields.nhs_number, fields.former_numbers) == (NUMBER, ("9990000018",))


@pytest.mark.parametrize("value", ["9990123455", "1111111111", "0101010101", "123"])
def test_a_wrong_number_or_one_of_another_country_joins_nothing(value: str) -> None:
    assert matching_fields(patient(identifier=[identifier(value, "01")])).nhs_number is None


def test_the_official_name_leads_and_the_others_are_kept() -> None:
    fields = matching_fields(
        patient(
            name=[
                {"use": "maiden", "family": "Bell"},
                {"use": "nickname", "given": ["Liz"]},
                {"use": "official", "family": "Hill", "given": ["Elizabeth", "Mary Jane"]},
            ]
        )
    )
    assert (fields.family, fields.given, fields.middle) == ("HILL", "ELIZABETH", "MARY JANE")
    assert (fields.other_families, fields.other_givens) == (("BELL",), ("LIZ",))


def test_two_forenames_in_one_field_are_two() -> None:
    fields = matching_fields(patient(name=[{"family": "Hill", "given": ["Mary Ann"]}]))
    assert (fields.given, fields.middle) == ("MARY", "ANN")


def test_the_present_home_counts_and_an_ended_one_does_not() -> None:
    old = {"use": "home", "period": {"end": "2020-01-01"}, "postalCode": "ZH1 1AA"}
    work = {"use": "work", "line": ["Works"], "postalCode": "ZH9 9ZZ"}
    home = {"use": "home", "line": ["Flat 2, 1 St. John's Way"], "postalCode": "zh2 2bb"}
    fields = matching_fields(patient(address=[old, work, home]))
    assert (fields.postcode, fields.house) == ("ZH2 2BB", "FLAT 2 1 ST JOHNS WAY")


def test_a_restricted_address_is_not_matched_on_and_a_withheld_identity_on_nothing() -> None:
    said = {"name": [{"family": "Hill"}], "address": [{"postalCode": "ZH1 1AA"}]}
    restricted = matching_fields(patient(meta={"security": [{"code": "R"}]}, **said))
    assert (restricted.family, restricted.postcode) == ("HILL", None)
    assert matching_fields(patient(meta={"security": [{"code": "V"}]}, **said)) == MatchingFields(is_withheld=True)


def test_an_empty_patient_says_nothing() -> None:
    assert matching_fields(patient()) == MatchingFields()
