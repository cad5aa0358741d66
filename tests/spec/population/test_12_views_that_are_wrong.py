"""A wrong ViewDefinition is refused before any row, with the place, what was expected and the next step (PB4)."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from joinedup.errors import FileError, RuleError
from joinedup.population import ViewError, compile_view, read_view, read_views
from joinedup.population.sql_on_fhir.view_definition import path_kind

COLUMN = {"name": "id", "path": "id"}
PATIENT = {"name": "mine", "resource": "Patient", "select": [{"column": [COLUMN]}]}


def refused(view: Any) -> ViewError:
    with pytest.raises(ViewError) as caught:
        read_view(view)
    return caught.value


def path_refused(path: str, resource: str = "Patient") -> ViewError:
    return refused({**PATIENT, "resource": resource, "select": [{"column": [{"name": "x", "path": path}]}]})


def select(*selects: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**PATIENT, "select": list(selects), **more}


def tagged(name: str, value: str) -> dict[str, Any]:
    return select({"column": [{**COLUMN, "tag": [{"name": name, "value": value}]}]})


FIRST = "select[0].column[0].path"
AB = {"column": [{"name": "a", "path": "id"}, {"name": "b", "path": "id"}]}
AC = {"column": [{"name": "a", "path": "id"}, {"name": "c", "path": "id"}]}
BA = {"column": AB["column"][::-1]}
NUMBER = {"column": [{"name": "a", "path": "%rowIndex"}, {"name": "b", "path": "id"}]}


@pytest.mark.parametrize(
    ("view", "code", "path"),
    [
        # The errors of the specification
        ({}, "empty-view", ""),
        ([], "empty-view", ""),
        ({"select": [{"column": [COLUMN]}]}, "no-resource", "resource"),
        (select({"column": [{"name": "x", "path": "id = %y"}]}), "undefined-constant", FIRST),
        ({**PATIENT, "constant": [{"name": "y"}]}, "constant-without-value", "constant[0]"),
        (select({"unionAll": [AB, AC]}), "union-columns", "select[0].unionAll[1]"),
        (select({"unionAll": [AB, BA]}), "union-order", "select[0].unionAll[1]"),
        (select({"forEach": "@@"}), "fhirpath-syntax", "select[0].forEach"),
        (select({"forEach": 1}), "bad-path", "select[0].forEach"),
        ({**PATIENT, "where": [{"path": "name.family"}]}, "not-boolean", "where[0].path"),
        # Ours
        ({**PATIENT, "resource": "Pacient"}, "unknown-resource", "resource"),
        ({**PATIENT, "resourceType": "StructureDefinition"}, "no-view", ""),
        ({**PATIENT, "name": "2nd"}, "bad-name", "name"),
        ({**PATIENT, "select": []}, "no-select", "select"),
        ({**PATIENT, "select": {"column": []}}, "bad-form", "select"),
        (select({"forEach": "name"}), "no-columns", "select"),
        (select({"column": [{"name": "a-b", "path": "id"}]}), "bad-name", "select[0].column[0]"),
        (select({"column": [COLUMN, COLUMN]}), "duplicate-name", "select[0].column[1].path"),
        (select({"column": [COLUMN]}, {"select": [{"column": [COLUMN]}]}), "duplicate-name", f"select[1].{FIRST}"),
        (select({"forEach": "name", "forEachOrNull": "name", "column": [COLUMN]}), "two-iterations", "select[0]"),
        (select({"repeat": ["item"], "forEach": "name", "column": [COLUMN]}), "two-iterations", "select[0]"),
        (select({"repeat": "item", "column": [COLUMN]}), "bad-path", "select[0].repeat"),
        (select({"repeat": ["$this"], "column": [COLUMN]}), "endless", "select[0].repeat"),
        (select({"unionAll": [AB, NUMBER]}), "union-types", "select[0].unionAll[1]"),
        (select({"forEach": "deceased", "column": [COLUMN]}), "choice", "select[0].forEach"),
        ({**PATIENT, "constant": [{"name": "y", "valueText": "a"}]}, "bad-constant", "constant[0]"),
        ({**PATIENT, "constant": [{"name": "y", "valueInteger": "1"}]}, "bad-constant", "constant[0]"),
        ({**PATIENT, "constant": [{"name": "y", "valueInteger": True}]}, "bad-constant", "constant[0]"),
        ({**PATIENT, "constant": [{"name": "y", "valueCode": "a"}] * 2}, "duplicate-name", "constant[1]"),
        (select({"column": [{**COLUMN, "type": "strnig"}]}), "unknown-type", FIRST),
        (select({"column": [{**COLUMN, "type": "boolean"}]}), "type-mismatch", FIRST),
        (tagged("ansi/type", "XML"), "unknown-type", FIRST),
        (tagged("joinedup/leaves-as", "secret"), "unknown-tag", FIRST),
    ],
)  # fmt: skip
def test_a_view_is_refused(view: Any, code: str, path: str) -> None:
    error = refused(view)
    assert (error.code, error.path) == (code, path)


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("nmae.family", "unknown-element", "Patient has no element 'nmae' in FHIR R4. Did you mean 'name'?"),
        ("name.famly", "unknown-element", "HumanName has no element 'famly' in FHIR R4. Did you mean 'family'?"),
        ("id.value", "unknown-element", "a string has no elements"),
        ("deceasedBoolean", "unknown-element", "Write deceased.ofType(boolean)."),
        ("deceased", "choice", "one of boolean, dateTime"),
        ("deceased.year", "choice", "Put ofType(...) before it."),
        ("deceased.first().ofType(boolean)", "choice", "right after the element"),
        ("deceased.ofType(Quantity)", "unknown-type", "It is one of: boolean, dateTime."),
        ("gender.ofType(Qantity)", "unknown-type", "Did you mean 'Quantity'?"),
        ("gender.ofType(Quantity)", "unknown-type", "it is a code, never a Quantity"),
        ("name", "not-a-value", "this is a HumanName, which has parts"),
        ("name.frist()", "unknown-function", "Did you mean 'first'?"),
        ("name.given.upper()", "outside-subset", "the function 'upper' is FHIRPath, but not of the part"),
        ("name | contact", "outside-subset", "the operator '|'"),
        ("gender is string", "outside-subset", "the operator 'is'"),
        ("name.where()", "arguments", "where() takes 1 arguments, 0 are given"),
        ("name.where(given)", "not-boolean", "it gives a string"),
        ("gender.not()", "not-boolean", "it gives a code"),
        ("active and gender", "not-boolean", "it gives a code"),
        ("iif(gender, 1, 2)", "not-boolean", "it gives a code"),
        ("iif(active, 1, 'a')", "type-mismatch", "of one kind"),
        ("name.iif(use.exists(), 1, 2)", "iif", "Put first() before it."),
        ("active = 1", "type-mismatch", "between a number and a yes or no"),
        ("active > true", "type-mismatch", "needs an order"),
        ("deceased = true", "choice", "Put ofType(...) after it."),
        ("gender + 1", "type-mismatch", "Compare like with like"),
        ("gender - gender", "type-mismatch", "needs numbers"),
        ("-gender", "type-mismatch", "only a number"),
        ("name['a']", "bad-index", "a whole number from 0"),
        ("name[-1]", "bad-index", "a whole number from 0"),
        ("gender.getReferenceKey()", "type-mismatch", "getReferenceKey() needs a Reference"),
        ("contact.organization.getReferenceKey(Organisation)", "unknown-type", "mean 'Organization'?"),
        ("name.getResourceKey()", "no-resource", "a HumanName has no key"),
        ("name.join()", "type-mismatch", "join() joins texts"),
        ("active.lowBoundary()", "type-mismatch", "a decimal, a date or a time"),
        ("", "fhirpath-syntax", "expected an expression"),
        ("name.", "fhirpath-syntax", "expected the name of an element"),
        ("name.where(use = ", "fhirpath-syntax", "it ends there"),
        ("name)", "fhirpath-syntax", "expected an operator or the end, found ')'"),
        ("name # 1", "fhirpath-syntax", "position 6 of `name # 1`: '#' begins nothing"),
        ("name.ofType()", "fhirpath-syntax", "the name of a type"),
        ("name.ofType(X.Y)", "fhirpath-syntax", "such as FHIR.Quantity"),
        ("and", "fhirpath-syntax", "expected an element, a literal or a function"),
        ("(" * 200 + "id" + ")" * 200, "fhirpath-syntax", "at most 50 expressions in one another"),
        ("1" + " + 1" * 5000, "fhirpath-syntax", "at most 150 operators and steps"),
        ("contact" + ".extension" * 5000, "fhirpath-syntax", "at most 150 operators and steps"),
        ("1" + " + 1" * 140 + " - 'a'", "type-mismatch", "'-' stands between"),
    ],
)  # fmt: skip
def test_a_path_is_refused(path: str, code: str, says: str) -> None:
    error = path_refused(path)
    assert error.code == code
    assert says in str(error)


def test_an_error_says_where_what_and_what_to_do() -> None:
    assert str(path_refused("name.famly.first()")) == (
        "view 'mine', select[0].column[0].path, column 'x', position 6 of `name.famly.first()`: HumanName has no "
        "element 'famly' in FHIR R4. Did you mean 'family'? It has: family, given, period, prefix, suffix, text, "
        "use."
    )
    assert isinstance(path_refused("x"), RuleError)


def test_an_error_crosses_processes() -> None:
    error = path_refused("nmae")
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.path, str(again)) == (error.code, error.path, str(error))


# --- What only a resource shows -------------------------------------------------------------------------------------


def run(path: str, resource: dict[str, Any]) -> Any:
    view = {**PATIENT, "resource": resource["resourceType"], "select": [{"column": [{"name": "x", "path": path}]}]}
    return compile_view(read_view(view)).rows(resource)


TWO = {
    "resourceType": "Patient",
    "name": [{"family": "A"}, {"family": "B"}],
    "contained": [{"x": [{"y": 1}]}, {"x": 2}],
}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("name.family", "multiple-values"),
        ("name.family + 'a'", "multiple-values"),
        ("contained.x.first()", "not-a-value"),
        ("contained.where(x).exists()", "not-boolean"),
    ],
)
def test_a_row_breaks_its_view(path: str, code: str) -> None:
    with pytest.raises(ViewError, match="column 'x'") as caught:
        run(path, TWO)
    assert caught.value.code == code


def test_what_is_not_known_beforehand_is_looked_up() -> None:
    assert run("contained.x.y", TWO) == [(1,)]


# --- Files ----------------------------------------------------------------------------------------------------------


def test_a_file_is_named_in_its_errors(tmp_path: Path) -> None:
    (tmp_path / "visits.json").write_text(
        json.dumps({"resource": "Encounter", "select": [{"column": [{"name": "x", "path": "perod"}]}]})
    )
    with pytest.raises(ViewError, match=r"view 'visits'.*Did you mean 'period'"):
        read_views(tmp_path)
    (tmp_path / "visits.json").write_text("{")
    with pytest.raises(FileError, match=r"visits\.json: expected a ViewDefinition as JSON"):
        read_views(tmp_path)
    with pytest.raises(FileError, match=r"gone\.json: cannot be opened"):
        read_view(tmp_path / "gone.json")
    with pytest.raises(FileError, match="it has none"):
        read_views(tmp_path / "elsewhere")


def test_views_of_one_name_have_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(PATIENT))
    (tmp_path / "b.json").write_text(json.dumps({**PATIENT, "resource": "Person"}))
    assert [view.resource for view in read_views(tmp_path)] == ["Patient", "Person"]
    (tmp_path / "b.json").write_text(json.dumps({**PATIENT, "resource": "Person", "select": [AB]}))
    with pytest.raises(ViewError, match="view 'mine' of Person: column 1 is a"):
        read_views(tmp_path)


# --- What a column reaches ------------------------------------------------------------------------------------------


def reached(path: str, **more: Any) -> tuple[set[str], set[str]]:
    view = read_view({**PATIENT, "select": [{"column": [{"name": "x", "path": path}], **more}]})
    kind = path_kind(view, "x")
    return {defined for _, defined, _ in kind.values}, {defined for _, defined, _ in kind.looked_at}


@pytest.mark.parametrize(
    ("path", "values", "looked_at"),
    [
        ("birthDate", {"Patient.birthDate"}, set()),
        ("address.postalCode.first()", {"Address.postalCode"}, set()),
        ("name.given.join(' ')", {"HumanName.given"}, set()),
        ("name.where(family = 'Smith').exists()", set(), {"HumanName.family"}),
        ("name.family = 'Smith'", set(), {"HumanName.family"}),
        ("birthDate.extension('u').value.ofType(string).first()", {"Extension.valueString"}, set()),
        ("name.first().family + telecom.first().value", {"HumanName.family", "ContactPoint.value"}, set()),
        ("iif(gender = 'male', name.family.first(), id)", {"HumanName.family", "Patient.id"}, {"Patient.gender"}),
        ("managingOrganization.getReferenceKey()", {"Patient.managingOrganization"}, set()),
        ("contained.first().x", {""}, set()),
        ("'a'", set(), set()),
    ],
)  # fmt: skip
def test_which_elements_a_column_reaches(path: str, values: set[str], looked_at: set[str]) -> None:
    assert reached(path) == (values, looked_at)


def test_what_it_hangs_on_further_up_is_reached_too() -> None:
    assert reached("city", forEach="address.where(use = 'home')") == ({"Address.city"}, {"Address.use"})
    with_where = read_view({**PATIENT, "where": [{"path": "birthDate < @1980"}]})
    assert {defined for _, defined, _ in path_kind(with_where, "id").looked_at} == {"Patient.birthDate"}


def test_the_longest_path_that_is_taken_also_runs() -> None:
    assert run("1" + " + 1" * 140, {"resourceType": "Patient"}) == [(141,)]
    assert run("contact" + ".extension" * 15 + ".url.first()", {"resourceType": "Patient"}) == [(None,)]
    with pytest.raises(ViewError, match="too many iterations stand in one another") as caught:
        run("contact" + ".extension" * 30 + ".url.first()", {"resourceType": "Patient"})
    assert caught.value.code == "too-deep"
