"""A ViewDefinition makes rows of resources: what its parts and its paths mean (PB2, PB3).

A view is drawn with as little as it needs: what it is of, and its selects. Rows are compared whole, in their order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from joinedup.population import compile_view, read_view
from joinedup.population.sql_on_fhir.view_compiler import CompiledView

ANNA = {
    "resourceType": "Patient",
    "id": "anna",
    "active": True,
    "birthDate": "1970-06",
    "_birthDate": {"extension": [{"url": "http://time", "valueDateTime": "1970-06-03T04:05:00Z"}]},
    "name": [
        {"use": "official", "family": "Clark", "given": ["Anna", "Maria"]},
        {"use": "nickname", "given": ["Annie", None]},
    ],
    "contact": [
        {"name": {"family": "Clark"}, "telecom": [{"system": "phone"}, {"system": "email"}]},
        {"gender": "male", "telecom": [{"system": "fax"}]},
    ],
    "link": [{"other": {"reference": "Patient/anna"}}],
    "extension": [
        {"url": "http://sex", "valueCode": "F"},
        {"url": "http://race", "extension": [{"url": "main", "valueCoding": {"code": "A"}}]},
    ],
}
BEN = {"resourceType": "Patient", "id": "ben"}


def view(resource: str, *select: dict[str, Any], **more: Any) -> CompiledView:
    return compile_view(read_view({"resource": resource, "select": list(select), **more}))


def columns(**paths: str) -> dict[str, Any]:
    return {"column": [{"name": name, "path": path} for name, path in paths.items()]}


def rows(resources: list[dict[str, Any]], *select: dict[str, Any], **more: Any) -> list[tuple[Any, ...]]:
    made = view(resources[0]["resourceType"], *select, **more)
    return [row for one in resources for row in made.rows(one)]


def value(resource: dict[str, Any], path: str, **more: Any) -> Any:
    """Answer what one path gives on a resource."""
    ((found,),) = rows([resource], {"column": [{"name": "x", "path": path, **more}]})
    return found


# --- Rows -----------------------------------------------------------------------------------------------------------


def test_a_resource_of_another_type_has_no_rows() -> None:
    assert rows([ANNA, {"resourceType": "Group", "id": "g"}], columns(id="id")) == [("anna",)]


def test_where_keeps_what_is_true_and_drops_what_is_false_or_unknown() -> None:
    off = {**BEN, "id": "off", "active": False}
    assert rows([ANNA, BEN, off], columns(id="id"), where=[{"path": "active"}]) == [("anna",)]
    assert rows([ANNA, BEN, off], columns(id="id"), where=[{"path": "active.not()"}]) == [("off",)]
    assert rows(
        [ANNA, BEN, off], columns(id="id"), where=[{"path": "active.exists()"}, {"path": "active = false"}]
    ) == [("off",)]


FOR_EACH = {"forEach": "name", **columns(use="use")}
OR_NULL = {"forEachOrNull": "name", **columns(use="use")}
NAMES = [("official",), ("nickname",)]


def test_for_each_joins_and_for_each_or_null_keeps_whoever_has_none() -> None:
    assert rows([ANNA, BEN], columns(id="id"), FOR_EACH) == [("anna", "official"), ("anna", "nickname")]
    assert rows([ANNA, BEN], columns(id="id"), OR_NULL) == [("anna", "official"), ("anna", "nickname"), ("ben", None)]


def test_two_on_one_level_multiply_and_an_empty_one_empties_the_product() -> None:
    contacts = {"forEach": "contact", **columns(gender="gender")}
    assert rows([ANNA], FOR_EACH, contacts) == [
        ("official", None),
        ("official", "male"),
        ("nickname", None),
        ("nickname", "male"),
    ]
    assert rows([ANNA], FOR_EACH, {"forEach": "photo", **columns(title="title")}) == []
    # A level without columns still multiplies.
    assert rows([ANNA], FOR_EACH, {"forEach": "contact"}) == [*NAMES[:1] * 2, *NAMES[1:] * 2]


def test_columns_stand_in_the_order_of_own_nested_and_union() -> None:
    made = view(
        "Patient",
        {**columns(a="'a'"), "unionAll": [columns(d="'d'"), columns(d="'D'")], "select": [columns(b="'b'", c="'c'")]},
        columns(e="'e'"),
    )
    assert [column.name for column in made.columns] == ["a", "b", "c", "d", "e"]
    assert made.rows(BEN) == [("a", "b", "c", "d", "e"), ("a", "b", "c", "D", "e")]


def test_a_union_keeps_duplicates_and_a_branch_without_rows_adds_none() -> None:
    union = {"unionAll": [FOR_EACH, {"forEach": "name.where(false)", **columns(use="use")}, {"unionAll": [FOR_EACH]}]}
    assert rows([ANNA], union) == NAMES * 2


def test_a_union_below_for_each_or_null_has_one_empty_row() -> None:
    union = {
        "forEachOrNull": "contact",
        "unionAll": [columns(g="gender"), {"forEach": "telecom", **columns(g="system")}],
    }
    assert rows([ANNA, BEN], columns(id="id"), union) == [
        ("anna", None),
        ("anna", "phone"),
        ("anna", "email"),
        ("anna", "male"),
        ("anna", "fax"),
        ("ben", None),
    ]


ANSWERS = {
    "resourceType": "QuestionnaireResponse",
    "id": "qr",
    "item": [
        {
            "linkId": "1",
            "item": [
                {"linkId": "1.1", "answer": [{"valueString": "yes", "item": [{"linkId": "1.1.1"}]}]},
                {"linkId": "1.2"},
            ],
        },
        {"linkId": "2"},
    ],
}


def test_repeat_goes_down_wherever_its_paths_lead() -> None:
    item = columns(index="%rowIndex", link="linkId")
    assert rows([ANSWERS], {"repeat": ["item"], **item}) == [(0, "1"), (1, "1.1"), (2, "1.2"), (3, "2")]
    assert [link for _, link in rows([ANSWERS], {"repeat": ["item", "answer.item"], **item})] == [
        "1",
        "1.1",
        "1.1.1",
        "1.2",
        "2",
    ]
    found = rows(
        [ANSWERS],
        {
            "repeat": ["item"],
            "select": [columns(link="linkId"), {"forEach": "answer", **columns(v="value.ofType(string)")}],
        },
    )
    assert found == [("1.1", "yes")]


def test_a_repeat_that_leads_nowhere_gives_no_rows_and_is_noted() -> None:
    made = view("QuestionnaireResponse", {"repeat": ["itm"], **columns(code="code")})
    assert made.rows(ANSWERS) == []
    assert "no element 'itm'" in made.view.notes[0]


def test_the_row_index_counts_on_each_level_and_is_inherited_without_one() -> None:
    assert rows([ANNA], columns(i="%rowIndex")) == [(0,)]
    nested = {
        "forEach": "contact",
        **columns(i="%rowIndex"),
        "select": [{"forEach": "telecom", **columns(j="%rowIndex")}],
    }
    assert rows([ANNA], nested) == [(0, 0), (0, 1), (1, 0)]
    union = {
        "forEach": "contact",
        "unionAll": [{"forEach": "telecom", **columns(i="%rowIndex")}, columns(i="%rowIndex")],
    }
    assert rows([ANNA], union) == [(0,), (1,), (0,), (0,), (1,)]
    assert rows([BEN], {"forEachOrNull": "name", **columns(i="%rowIndex", use="use")}) == [(0, None)]


def test_a_collection_is_a_list_and_an_empty_one_an_empty_list() -> None:
    given = {"column": [{"name": "given", "path": "name.given", "collection": True}]}
    assert rows([ANNA, BEN], given) == [(["Anna", "Maria", "Annie"],), ([],)]


def test_a_constant_stands_wherever_a_literal_does() -> None:
    constant = [{"name": "use", "valueCode": "nickname"}, {"name": "nth", "valueInteger": 1}]
    found = rows(
        [ANNA],
        {"forEach": "name.where(use = %use)", **columns(given="given.first()", same="use = %use")},
        columns(at="name[%nth].use"),
        where=[{"path": "name.where(use = %use).exists()"}],
        constant=constant,
    )
    assert found == [("Annie", True, "nickname")]


# --- Paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "anna", "ben"),
    [
        ("id", "anna", "ben"),
        ("name.family.first()", "Clark", None),
        ("name.given.last()", "Annie", None),
        ("name.given.count()", 3, 0),
        ("name.given[1]", "Maria", None),  # of all names, not of each
        ("name[1].given[0]", "Annie", None),
        ("name[7].use", None, None),
        ("name.where(use = 'nickname').given", "Annie", None),
        ("name.exists()", True, False),
        ("name.exists(use = 'old')", False, False),
        ("name.empty()", False, True),
        ("photo.title.exists()", False, False),
        ("contact.telecom.first().system", "phone", None),
        ("extension('http://sex').value.ofType(code)", "F", None),
        ("extension('http://race').extension('main').value.ofType(Coding).code.first()", "A", None),
        ("birthDate.extension('http://time').value.ofType(dateTime).first()", "1970-06-03T04:05:00Z", None),
        ("name.given.join(', ')", "Anna, Maria, Annie", ""),
        ("name.given.join()", "AnnaMariaAnnie", ""),
        ("iif(active, 'yes', 'no')", "yes", "no"),
        ("iif(active, 'yes')", "yes", None),
        ("{}", None, None),
        ("getResourceKey() = link.other.getReferenceKey()", True, None),
        ("getResourceKey() = link.other.getReferenceKey(Patient)", True, None),
        ("getResourceKey() = link.other.getReferenceKey(Group)", None, None),
        ("active = true", True, None),
        ("active != true", False, None),
        ("(active = true).not()", False, None),
        ("active.not()", False, None),
        ("active and name.exists()", True, False),
        ("active and name.empty()", False, None),
        ("active or name.empty()", True, True),
        ("active or name.exists()", True, None),
        ("'a' + 'b'", "ab", "ab"),
        ("`id`", "anna", "ben"),
        ("name.given = 'Anna'", False, None),  # three values are not one
        ("name.given.first() = 'Anna'", True, None),
        ("birthDate < @1970-07-01", True, None),
        ("birthDate < @1970-06-15", None, None),  # June: before the 15th or not
        ("birthDate >= '1970'", None, None),
        ("birthDate = @1970-06", True, None),
    ],
)  # fmt: skip
def test_a_path(path: str, anna: Any, ben: Any) -> None:
    assert (value(ANNA, path), value(BEN, path)) == (anna, ben)


OBSERVATION = {"resourceType": "Observation", "id": "o"}
RANGE = {**OBSERVATION, "valueRange": {"low": {"value": 0.1}, "high": {"value": 0.2}}}


@pytest.mark.parametrize(
    ("path", "gives"),
    [
        ("value.ofType(Range).low.value + value.ofType(Range).high.value", 0.3),  # not 0.30000000000000004
        ("value.ofType(Range).high.value - value.ofType(Range).low.value", 0.1),
        ("value.ofType(Range).high.value * 3", 0.6),
        ("value.ofType(Range).low.value / value.ofType(Range).high.value", 0.5),
        ("value.ofType(Range).low.value / 0", None),
        ("-value.ofType(Range).low.value", -0.1),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3.5),
        ("value.ofType(Range).low.value > value.ofType(Range).high.value", False),
        ("value.ofType(Range).low.value <= 0.1", True),
        ("value.ofType(Quantity).value", None),
        ("value.exists()", True),
    ],
)
def test_arithmetic_and_choices(path: str, gives: Any) -> None:
    found = value(RANGE, path)
    assert found == gives


@pytest.mark.parametrize(
    ("element", "given", "low", "high"),
    [
        ("value.ofType(dateTime)", "2010-10-10", "2010-10-10T00:00:00.000+14:00", "2010-10-10T23:59:59.999-12:00"),
        ("value.ofType(dateTime)", "2010", "2010-01-01T00:00:00.000+14:00", "2010-12-31T23:59:59.999-12:00"),
        ("value.ofType(dateTime)", "2010-10-10T12:30Z", "2010-10-10T12:30:00.000Z", "2010-10-10T12:30:59.999Z"),
        ("value.ofType(time)", "12:34:00", "12:34:00.000", "12:34:00.999"),
        ("value.ofType(Quantity).value", Decimal("1.0"), Decimal("0.95"), Decimal("1.05")),
        ("value.ofType(Quantity).value", Decimal("1.587"), Decimal("1.5865"), Decimal("1.5875")),
        ("value.ofType(Quantity).value", 3, Decimal("2.5"), Decimal("3.5")),
    ],
)  # fmt: skip
def test_boundaries(element: str, given: Any, low: Any, high: Any) -> None:
    type_ = element.partition("(")[2].partition(")")[0]
    held = {"value": given} if type_ == "Quantity" else given
    resource = {**OBSERVATION, "value" + type_[0].upper() + type_[1:]: held}
    assert value(resource, f"{element}.lowBoundary()") == low
    assert value(resource, f"{element}.highBoundary()") == high


@pytest.mark.parametrize(
    ("month", "last"), [("1970-06", "1970-06-30"), ("2024-02", "2024-02-29"), ("2023-02", "2023-02-28")]
)
def test_the_boundaries_of_a_month(month: str, last: str) -> None:
    resource = {**BEN, "birthDate": month}
    assert value(resource, "birthDate.lowBoundary()") == f"{month}-01"
    assert value(resource, "birthDate.highBoundary()") == last


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("Patient/p1", "p1"),
        ("https://server.example/fhir/Patient/p1", "p1"),
        ("Patient/p1/_history/2", "p1"),
        ("Group/g1", None),
        ("#p1", None),
        ("urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7", None),
        ("p1", None),
        ("Patient/", None),
        ("Patient?identifier=1", None),
    ],
)
def test_the_key_that_a_reference_leads_to(reference: str, key: str | None) -> None:
    assert value({**OBSERVATION, "subject": {"reference": reference}}, "subject.getReferenceKey(Patient)") == key


def test_times_are_compared_as_instants() -> None:
    resource = {**OBSERVATION, "effectiveDateTime": "2026-03-30T12:00:00+01:00"}
    assert value(resource, "effective.ofType(dateTime) = @2026-03-30T11:00:00Z") is True
    assert value(resource, "effective.ofType(dateTime) < @2026-03-30T11:30:00Z") is True
    assert value(resource, "effective.ofType(dateTime) > @2026-03") is None


def test_a_contained_resource_is_reached_by_its_type() -> None:
    resource = {
        "resourceType": "MedicationRequest",
        "id": "m",
        "contained": [{"resourceType": "Medication", "id": "a", "code": {"coding": [{"code": "372594008"}]}}],
    }
    assert value(resource, "contained.ofType(Medication).code.coding.code.first()") == "372594008"
    assert value(resource, "contained.ofType(Patient).gender.first()") is None


# --- The example of the rule book -----------------------------------------------------------------------------------

SNOMED = "http://snomed.info/sct"


def test_the_conditions_of_the_rule_book() -> None:
    def condition(id_: str, subject: str, recorded: str, *codings: dict[str, str], **more: Any) -> dict[str, Any]:
        content: dict[str, Any] = {"coding": list(codings)} if codings else {"text": "in words"}
        return {
            "resourceType": "Condition", "id": id_, "subject": {"reference": subject}, "recordedDate": recorded,
            "code": content, **more,
        }  # fmt: skip

    local, two = {"system": "urn:local", "code": "C10.."}, ("195967001", "401000119107")
    status = {"clinicalStatus": {"coding": [{"code": "active"}]}}
    resources = [
        condition("c1", "Patient/p1", "2019-04-02", local, {"system": SNOMED, "code": "73211009"}, **status),
        condition("c2", "Patient/p1", "2019-04-02", verificationStatus={"coding": [{"code": "entered-in-error"}]}),
        condition("c3", "Patient/p2", "2021"),
        condition("c4", "Group/g1", "2022-05", *({"system": SNOMED, "code": code} for code in two)),
    ]  # fmt: skip
    found = rows(
        resources,
        columns(
            condition="getResourceKey()",
            patient="subject.getReferenceKey(Patient)",
            recorded="recordedDate",
            status="clinicalStatus.coding.code.first()",
        ),
        {"forEachOrNull": "code.coding.where(system = %sct)", **columns(index="%rowIndex", code="code")},
        constant=[{"name": "sct", "valueUri": SNOMED}],
        where=[{"path": "verificationStatus.coding.where(code = 'entered-in-error').exists().not()"}],
    )
    assert found == [
        ("c1", "p1", "2019-04-02", "active", 0, "73211009"),
        ("c3", "p2", "2021", None, 0, None),
        ("c4", None, "2022-05", None, 0, "195967001"),
        ("c4", None, "2022-05", None, 1, "401000119107"),
    ]
