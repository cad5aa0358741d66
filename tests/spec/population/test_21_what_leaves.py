"""What of a resource leaves for a snapshot: the table of the rule book (population PB7), column by column."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from joinedup.population.deidentify import Batch, Counts, Surroundings, age_on, plan
from joinedup.population.postcodes import Lookup, write_lookup
from joinedup.population.pseudonym import Keys
from joinedup.population.sql_on_fhir.view_definition import read_view
from joinedup.population.sql_on_fhir.view_errors import ViewError
from joinedup.population.sql_on_fhir.view_files import product_views

KEYS = Keys("icb-analytics", 1, b"k" * 32)
PERSON = {"name": "person", "path": "getResourceKey()"}
NOT_ASKED = (
    "class_code", "activity", "kind_text", "status", "service", "provider", "admission_method", "admission_source",
    "classification", "attended", "reason", "diagnosis", "hrg", "tariff_pence", "commissioner", "minutes",
)  # fmt: skip
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"


def view(*columns: dict[str, Any], resource: str = "Patient", name: str = "mine") -> Any:
    return read_view({"name": name, "resource": resource, "status": "active", "select": [{"column": list(columns)}]})


def tagged(name: str, path: str, tag: str) -> dict[str, Any]:
    return {"name": name, "path": path, "tag": [{"name": "joinedup/leaves-as", "value": tag}]}


def leaves(
    definition: Any, tmp_path: Path, numbers: frozenset[str] = frozenset(), **columns: list[Any]
) -> dict[str, list[Any]]:
    """Answer the rows of a view as they leave, given its columns' values."""
    write_lookup([("ZQ11AA", "E01030001"), ("ZQ12AA", "E01030002")], tmp_path)
    count = len(next(iter(columns.values())))
    whole = {column.name: columns.get(column.name, ["p1"] * count) for column in definition.columns}
    around = Surroundings(KEYS, date(2026, 3, 10), Lookup(tmp_path), numbers, frozenset({"Telephone call"}), Counts())
    batch = Batch(whole, ["someone"] * count, ["gp"] * count, ["gp-1"] * count)
    answer: dict[str, list[Any]] = plan(definition).table(batch, around).to_pydict()
    answer["counts"] = [around.counts]
    return answer


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(1961, 3, 10), date(2026, 3, 10), 65),
        (date(1961, 3, 11), date(2026, 3, 10), 64),
        (date(1936, 3, 10), date(2026, 3, 10), 90),
        (date(1915, 1, 1), date(2026, 3, 10), 90),
        (date(2026, 3, 10), date(2026, 3, 10), 0),
    ],
)
def test_age_is_counted_before_the_day_of_birth_is_dropped(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


def test_a_date_of_birth_leaves_as_month_and_age(tmp_path: Path) -> None:
    found = leaves(
        view(PERSON, {"name": "birth_date", "path": "birthDate"}), tmp_path, birth_date=["1961-03-11", None, "1961"]
    )
    assert found["birth_month"] == ["1961-03", None, None]
    assert found["age"] == [64, None, None]
    assert "birth_date" not in found
    assert found["counts"][0].partial_births == 1


def test_a_postcode_leaves_as_small_area_and_an_unknown_one_as_nothing(tmp_path: Path) -> None:
    found = leaves(
        view(PERSON, tagged("postcode", "address.postalCode.first()", "postcode")), tmp_path,
        postcode=["zq1 1aa", "ZZ99 3VZ", "ZQ9 9ZZ", None],
    )  # fmt: skip
    assert found["lsoa11"] == ["E01030001", None, None, None]
    assert "postcode" not in found


def test_a_small_area_that_the_sender_gives_comes_before_the_postcode_s(tmp_path: Path) -> None:
    definition = view(
        PERSON, tagged("lsoa", "address.extension('x').value.ofType(string).first()", "lsoa"),
        tagged("postcode", "address.postalCode.first()", "postcode"),
    )  # fmt: skip
    found = leaves(definition, tmp_path, lsoa=["E01030009", "12 Mill Lane", None], postcode=["ZQ1 1AA"] * 3)
    assert found["lsoa11"] == ["E01030009", "E01030001", "E01030001"]


def test_a_home_leaves_as_the_same_digest_however_it_is_written_and_a_street_as_none(tmp_path: Path) -> None:
    definition = view(PERSON, tagged("home", "address.first().line.first()", "address"))
    found = leaves(
        definition, tmp_path, home=["1 Mill Lane, ZQ1 1AA", "1 MILL LANE ZQ11AA", "2 Mill Lane ZQ1 1AA", "ZQ1 1AA"]
    )
    one, same, other, street = found["household"]
    assert one == same != other
    assert street is None
    assert "MILL" not in one.upper()


def test_a_cause_of_death_leaves_with_three_characters_and_its_day_as_a_month(tmp_path: Path) -> None:
    definition = view(
        PERSON,
        tagged("death_date", "deceased.ofType(dateTime)", "death_date"),
        tagged("cause", "maritalStatus.coding.code.first()", "cause"),
    )
    found = leaves(definition, tmp_path, death_date=["2026-01-09T10:00:00Z", "2026"], cause=["i25.1", None])
    assert found["death_month"] == ["2026-01", None]
    assert found["cause"] == ["I25", None]


def test_a_stay_that_ended_in_death_leaves_with_the_month_of_its_end(tmp_path: Path) -> None:
    (encounters,) = [one for one in product_views() if one.name == "pop_encounter"]
    method = ["1", "4", "5", None, None, None, None, "4"]
    goes_to = ["19", "79", None, "79", "305398007", None, None, None]
    last = [None, None, None, None, None, True, False, None]
    ends = ["2026-02-11T09:30:00+00:00"] * 7 + [None]
    found = leaves(
        encounters, tmp_path, key=[f"e{n}" for n in range(8)], on=["2026-02-09"] * 8, starts_at=[None] * 8, ends=ends,
        ends_at=ends, discharge_method=method, discharge_destination=goes_to, is_last_episode=last,
        part_of=["stay"] * 8, **dict.fromkeys(NOT_ASKED, [None] * 8),
    )  # fmt: skip
    told, month = date(2026, 2, 11), date(2026, 2, 28)
    # The last episode ends when its stay does, whatever became of the person.
    assert found["ends"] == [told, month, month, month, month, month, told, None]
    assert [one is None for one in found["ends_at"]] == [False, True, True, True, True, True, False, True]
    assert found["on"] == [date(2026, 2, 9)] * 8


def test_a_known_number_in_a_code_is_taken_out_and_counted(tmp_path: Path) -> None:
    definition = view(
        {"name": "person", "path": "subject.getReferenceKey(Patient)"},
        {"name": "code", "path": "code.coding.code.first()"},
        resource="Condition",
    )  # fmt: skip
    found = leaves(
        definition, tmp_path, frozenset({"9990123454"}), code=["38341003", "see 999 012 3454", "1019990123454", None]
    )
    assert found["code"] == ["38341003", None, "1019990123454", None]
    assert found["counts"][0].identifiers_in_codes == 1


def test_a_text_leaves_only_when_it_is_a_word_of_a_list(tmp_path: Path) -> None:
    definition = view(
        {"name": "person", "path": "subject.getReferenceKey(Patient)"}, tagged("kind", "type.text.first()", "code"),
        resource="Encounter",
    )  # fmt: skip
    found = leaves(definition, tmp_path, kind=["Telephone call", "Telephone call with Mrs Okafor"])
    assert found["kind"] == ["Telephone call", None]
    assert found["counts"][0].texts_left_out == 1


def test_an_organisation_is_a_code_of_one_and_never_ten_digits(tmp_path: Path) -> None:
    definition = view(PERSON, tagged("practice", "generalPractitioner.identifier.value.first()", "organisation"))
    assert leaves(definition, tmp_path, practice=["E81001", "9990123454", "Dr Smith"])["practice"] == [
        "E81001",
        None,
        None,
    ]


REFUSED = {
    "a name": ("Patient", "name.family.first()"),
    "a given name of a contact": ("Patient", "contact.name.text.first()"),
    "a telephone": ("Patient", "telecom.value.first()"),
    "a line of an address": ("Patient", "address.line.first()"),
    "a town": ("Patient", "address.city.first()"),
    "a number": ("Patient", "identifier.value.first()"),
    "a narrative": ("Patient", "text.div"),
    "a note": ("Condition", "note.text.first()"),
    "the words of a code": ("Condition", "code.text"),
    "the display of a code": ("Condition", "code.coding.display.first()"),
    "who is referred to, in words": ("Condition", "recorder.display"),
    "a reference as it came": ("Condition", "subject.reference"),
    "whether somebody has this name": ("Patient", "name.where(family = 'Okafor').exists()"),
    "any text of an extension": ("Patient", "extension('x').value.ofType(string).first()"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_of_a_view_of_ones_own_what_tells_who_somebody_is_is_refused(what: str) -> None:
    resource, path = REFUSED[what]
    person = PERSON if resource == "Patient" else {"name": "person", "path": "subject.getReferenceKey(Patient)"}
    with pytest.raises(ViewError, match="column 'secret'"):
        plan(view(person, {"name": "secret", "path": path}, resource=resource))


@pytest.mark.parametrize("tag", ["code", "system", "day", "instant"])
def test_no_tag_lets_a_name_out(tag: str) -> None:
    with pytest.raises(ViewError, match="whatever its tag"):
        plan(view(PERSON, tagged("secret", "name.family.first()", tag)))


@pytest.mark.parametrize(
    "tag",
    [
        "organisation",
        "cause",
        "lsoa",
        "postcode",
        "address",
        "birth_date",
        "death_date",
        "key",
        "reference",
        "nhs_number",
    ],
)
@pytest.mark.parametrize("path", ["name.first().family.first()", "telecom.value.first()", "text.div"])
def test_a_tag_made_for_something_else_lets_no_name_out(tag: str, path: str) -> None:
    with pytest.raises(ViewError, match="whatever its tag"):
        plan(view(PERSON, tagged("secret", path, tag)))


WRONGLY_TAGGED = {
    "the number of a patient as an organisation": ("identifier.value.first()", "organisation"),
    "a number in an extension of a patient": (
        "extension('x').value.ofType(Identifier).value.first()", "organisation",
    ),
    "the key of a patient as an organisation": ("link.other.getReferenceKey(Patient).first()", "organisation"),
    "a day of birth as a cause": ("birthDate", "cause"),
    "a day of death as an organisation": ("deceased.ofType(dateTime)", "organisation"),
    "a postcode as a cause": ("address.postalCode.first()", "cause"),
    "a town as an organisation": ("address.city.first()", "organisation"),
    "a text of an extension as a cause": ("extension('x').value.ofType(string).first()", "cause"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONGLY_TAGGED)
def test_what_an_element_is_comes_before_its_tag(what: str) -> None:
    path, tag = WRONGLY_TAGGED[what]
    with pytest.raises(ViewError, match="column 'secret'"):
        plan(view(PERSON, tagged("secret", path, tag)))


def test_the_number_of_whoever_takes_part_is_no_organisation_unless_its_system_is_asked_for() -> None:
    person = tagged("person", "participant.actor.getReferenceKey(Patient).first()", "person")
    path = "participant.actor.identifier.value.first()"
    with pytest.raises(ViewError, match=r"column 'provider'.*whatever its tag"):
        plan(view(person, tagged("provider", path, "organisation"), resource="Appointment"))
    path = "participant.actor.identifier.where(system = 'x').value.first()"
    plan(view(person, tagged("provider", path, "organisation"), resource="Appointment"))


def test_what_is_put_between_others_is_seen() -> None:
    with pytest.raises(ViewError, match="column 'secret'"):
        plan(view(PERSON, {"name": "secret", "path": "address.country.join(name.family.first())"}))


def test_a_key_inside_another_expression_leaves_as_a_digest(tmp_path: Path) -> None:
    definition = view(
        {"name": "person", "path": "subject.getReferenceKey(Patient)"},
        {"name": "visit", "path": "iif(encounter.exists(), encounter.getReferenceKey(Encounter))"},
        tagged("id", "getResourceKey()", "code"), resource="Condition",
    )  # fmt: skip
    found = leaves(definition, tmp_path, visit=["e1"], id=["c1"])
    assert len(found["visit"][0]) == len(found["key"][0]) == 20


def test_the_time_of_birth_leaves_as_the_month(tmp_path: Path) -> None:
    path = f"birthDate.extension('{BIRTH_TIME}').value.ofType(dateTime).first()"
    found = leaves(view(PERSON, {"name": "born", "path": path}), tmp_path, born=["1980-03-02T04:05:06Z"])
    assert found["birth_month"] == ["1980-03"]
    assert "born" not in found


def test_the_birth_of_somebody_within_another_resource_leaves_as_the_month(tmp_path: Path) -> None:
    definition = view(
        {"name": "person", "path": "subject.getReferenceKey(Patient)"},
        {"name": "born", "path": "contained.ofType(Patient).birthDate.first()"}, resource="Condition",
    )  # fmt: skip
    assert leaves(definition, tmp_path, born=["1980-03-02"])["birth_month"] == ["1980-03"]


COMPARED = (
    "birthDate = @1980-03-02",
    "birthDate > @1980-03-02",
    f"birthDate.extension('{BIRTH_TIME}').where(value.ofType(dateTime) > @1980-03-02).exists()",
    "deceased.ofType(dateTime) = @2026-01-09",
    "address.postalCode.first() = 'AB1 2CD'",
    "address.where(postalCode = 'AB1 2CD').exists()",
    "name.exists(family = 'Okafor')",
    "identifier.where(value = '9990123454').exists()",
    "id = 'p1'",
)


@pytest.mark.parametrize("path", COMPARED)
def test_no_comparison_tells_who_somebody_is(path: str) -> None:
    with pytest.raises(ViewError, match=r"column 'secret'.*depends on"):
        plan(view(PERSON, {"name": "secret", "path": path}))
    with pytest.raises(ViewError, match="depends on"):
        plan(view(PERSON, tagged("secret", path, "yes_no")))


@pytest.mark.parametrize("path", COMPARED)
def test_no_criterion_of_a_view_picks_somebody_out(path: str) -> None:
    definition = {"name": "mine", "resource": "Patient", "where": [{"path": path}], "select": [{"column": [PERSON]}]}
    with pytest.raises(ViewError, match="depends on"):
        plan(read_view(definition))


def test_the_product_s_own_views_leave() -> None:
    views = product_views()
    assert len(views) == len([plan(one) for one in views]) > 10


def test_a_view_must_say_whom_its_rows_are_about() -> None:
    with pytest.raises(ViewError, match="whom a row is about"):
        plan(view({"name": "gender", "path": "gender"}))


def test_keys_and_references_of_a_view_of_ones_own_leave_as_digests(tmp_path: Path) -> None:
    definition = view(
        {"name": "id", "path": "getResourceKey()"}, {"name": "patient", "path": "subject.getReferenceKey(Patient)"},
        {"name": "visit", "path": "encounter.getReferenceKey(Encounter)"}, resource="Condition",
    )  # fmt: skip
    found = leaves(definition, tmp_path, id=["c1"], patient=["p1"], visit=["e1"])
    assert found["person"] == ["someone"]
    assert len(found["key"][0]) == len(found["visit"][0]) == 20
    assert found["key"] != ["c1"]
