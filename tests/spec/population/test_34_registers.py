"""Chapter 34: registers of long-term conditions (rules: population PC5, PC6). D is 31 March 2026."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.spec.population.drawn import MARCH, draw, held, now

from joinedup.errors import NotFound
from joinedup.population import read_expected_prevalence, register_prevalence, registers, states
from joinedup.population.codelists import codelist, codelist_names
from joinedup.population.register_rules import (
    copd_rules,
    counted_registers,
    known_registers,
    register,
)
from joinedup.population.snapshot import Snapshot

HYPERTENSION, HYPERTENSION_RESOLVED = "38341003", "162659009"
ASTHMA, SALBUTAMOL, EPILEPSY, LEVETIRACETAM = "195967001", "372897005", "84757009", "387000003"
TYPE_1, TYPE_2, DIABETES_RESOLVED, PREDIABETES = "46635009", "44054006", "315051004", "714628002"
CKD_3, CKD_2, DEMENTIA, DEPRESSION, DEPRESSION_RESOLVED = (
    "433144002", "431856006", "52448006", "35489007", "196381000000100",
)  # fmt: skip
COPD, RATIO, CANCER, RHEUMATOID, BMI = "13645005", "407602006", "363346000", "69896004", "60621009"
PC6 = "HYP CHD HF AF STIA PAD DM NDH AST COPD CKD EP DEM DEP MH LD CAN PC RA OST OB"
OSTEOPOROSIS, HIP, SCAN = "64859006", "5913000", "312681000"


class Drawing:
    """People with dated codes: `one(name, born, (code, day), …)`."""

    def __init__(self) -> None:
        self.people: list[dict[str, Any]] = []
        self.conditions: list[dict[str, Any]] = []
        self.medicines: list[dict[str, Any]] = []
        self.observations: list[dict[str, Any]] = []

    def one(self, who: str, born: str | None, *codes: tuple[str, date], **person: Any) -> None:
        self.people.append({"person": who, "birth_month": born, **person})
        self.conditions += [{"person": who, "code": code, "on": on} for code, on in codes]

    def open(self, folder: Path) -> Snapshot:
        return draw(
            folder,
            person=self.people,
            pop_condition=self.conditions,
            pop_medication=self.medicines,
            pop_observation=self.observations,
        )


def _on(snapshot: Snapshot, name: str) -> set[str]:
    """Answer who is on the register on D."""
    return now(snapshot, states(snapshot, [f"is on the register {name}"]))


# --- the rule of diagnoses -----------------------------------------------------------------------------------------


def test_a_diagnosis_holds_until_a_code_that_resolves_it_is_dated_after_it(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("a: again", "1960-01", (HYPERTENSION, date(2015, 5, 1)), (HYPERTENSION_RESOLVED, date(2021, 5, 1)),
                (HYPERTENSION, date(2023, 5, 1)))  # fmt: skip
    drawing.one("resolved", "1960-01", (HYPERTENSION, date(2015, 5, 1)), (HYPERTENSION_RESOLVED, date(2026, 2, 1)))
    drawing.one("same day", "1960-01", (HYPERTENSION, date(2020, 5, 1)), (HYPERTENSION_RESOLVED, date(2020, 5, 1)))
    drawing.one("next day", "1960-01", (HYPERTENSION, date(2020, 5, 1)), (HYPERTENSION_RESOLVED, date(2020, 5, 2)))
    drawing.one(
        "resolved before", "1960-01", (HYPERTENSION_RESOLVED, date(2019, 5, 1)), (HYPERTENSION, date(2020, 5, 1))
    )
    drawing.one("abated", "1960-01")
    drawing.conditions.append(
        {"person": "abated", "code": HYPERTENSION, "on": date(2015, 1, 1), "abated": date(2026, 3, 31)}
    )
    drawing.one("in hospital", "1960-01")
    drawing.conditions.append({"person": "in hospital", "code": HYPERTENSION, "on": date(2015, 1, 1), "feed": "ecds"})
    snapshot = drawing.open(tmp_path)
    assert _on(snapshot, "hypertension") == {"a: again", "same day", "resolved before"}
    when = held(snapshot, states(snapshot, ["is on the register HYP"]))
    assert when["a: again"] == [(-34, 0)]  # from May 2023 on: 36 months reach back to April
    assert when["resolved"] == [(-35, -2)]
    assert when["abated"] == [(-35, -1)]


def test_a_lifelong_register_ignores_resolution(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("e: dementia", "1940-01", (DEMENTIA, date(2019, 1, 1)), ("698949001", date(2022, 1, 1)))
    drawing.one("abated", "1940-01")
    drawing.conditions.append(
        {"person": "abated", "code": DEMENTIA, "on": date(2019, 1, 1), "abated": date(2020, 1, 1)}
    )
    assert _on(drawing.open(tmp_path), "dementia") == {"e: dementia", "abated"}


def test_asthma_needs_an_issue_in_the_twelve_months(tmp_path: Path) -> None:
    drawing = Drawing()
    for who, issued in (("b: 31 March", date(2025, 3, 31)), ("b: 1 April", date(2025, 4, 1))):
        drawing.one(who, "1960-01", (ASTHMA, date(2010, 1, 1)))
        drawing.medicines.append({"person": who, "code": SALBUTAMOL, "on": issued})
    drawing.one("never issued", "1960-01", (ASTHMA, date(2010, 1, 1)))
    drawing.one("no diagnosis", "1960-01")
    drawing.medicines.append({"person": "no diagnosis", "code": SALBUTAMOL, "on": date(2026, 1, 1)})
    for who, born in (("5 years", "2020-04"), ("6 years", "2020-03")):
        drawing.one(who, born, (ASTHMA, date(2024, 1, 1)))
        drawing.medicines.append({"person": who, "code": SALBUTAMOL, "on": date(2026, 1, 1)})
    assert _on(drawing.open(tmp_path), "asthma") == {"b: 1 April", "6 years"}


def test_epilepsy_needs_an_issue_in_the_six_months(tmp_path: Path) -> None:
    drawing = Drawing()
    for who, issued in (("30 September", date(2025, 9, 30)), ("1 October", date(2025, 10, 1))):
        drawing.one(who, "1960-01", (EPILEPSY, date(2010, 1, 1)))
        drawing.medicines.append({"person": who, "code": LEVETIRACETAM, "on": issued})
    assert _on(drawing.open(tmp_path), "epilepsy") == {"1 October"}


def test_diabetes_is_a_register_of_people_of_17_and_over_and_type_1_wins_on_one_day(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("c: 16", "2009-04", (TYPE_1, date(2020, 1, 1)))
    drawing.one("17", "2009-03", (TYPE_1, date(2020, 1, 1)))
    drawing.one("unknown age", None, (TYPE_1, date(2020, 1, 1)))
    drawing.one("both on a day", "1960-01", (TYPE_1, date(2020, 1, 1)), (TYPE_2, date(2020, 1, 1)))
    drawing.one("type 2 later", "1960-01", (TYPE_1, date(2020, 1, 1)), (TYPE_2, date(2021, 1, 1)))
    drawing.one("resolved", "1960-01", (TYPE_2, date(2020, 1, 1)), (DIABETES_RESOLVED, date(2021, 1, 1)))
    snapshot = drawing.open(tmp_path)
    assert _on(snapshot, "diabetes") == {"17", "both on a day", "type 2 later"}
    assert _on(snapshot, "type 1 diabetes") == {"17", "both on a day"}
    assert _on(snapshot, "type 2 diabetes") == {"type 2 later"}


def test_non_diabetic_hyperglycaemia_first_at_18_or_over_and_without_diabetes_of_any_age(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("on", "1960-01", (PREDIABETES, date(2020, 1, 1)))
    drawing.one("first at 17", "2003-02", (PREDIABETES, date(2021, 1, 31)), (PREDIABETES, date(2023, 1, 1)))
    drawing.one("first at 18", "2003-01", (PREDIABETES, date(2021, 1, 31)))
    drawing.one("diabetes", "1960-01", (PREDIABETES, date(2020, 1, 1)), (TYPE_2, date(2023, 8, 1)))
    drawing.one("resolved", "1960-01", (PREDIABETES, date(2020, 1, 1)), (TYPE_2, date(2021, 1, 1)),
                (DIABETES_RESOLVED, date(2022, 1, 1)))  # fmt: skip
    snapshot = drawing.open(tmp_path)
    assert _on(snapshot, "NDH") == {"on", "first at 18", "resolved"}
    assert held(snapshot, states(snapshot, ["is on the register NDH"]))["diabetes"] == [(-35, -32)]


def test_kidney_disease_is_told_by_the_latest_stage(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("d: stage 2 since", "1960-01", (CKD_3, date(2020, 1, 1)), (CKD_2, date(2024, 1, 1)))
    drawing.one("stage 3 since", "1960-01", (CKD_2, date(2020, 1, 1)), (CKD_3, date(2024, 1, 1)))
    drawing.one("17", "2008-04", (CKD_3, date(2020, 1, 1)))
    assert _on(drawing.open(tmp_path), "chronic kidney disease") == {"stage 3 since"}


def test_depression_and_cancer_count_from_their_first_day_of_april(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("before", "1960-01", (DEPRESSION, date(2006, 3, 31)), (CANCER, date(2003, 3, 31)))
    drawing.one("after", "1960-01", (DEPRESSION, date(2006, 4, 1)), (CANCER, date(2003, 4, 1)))
    drawing.one("resolved", "1960-01", (DEPRESSION, date(2020, 1, 1)), (DEPRESSION_RESOLVED, date(2021, 1, 1)))
    snapshot = drawing.open(tmp_path)
    assert _on(snapshot, "depression") == {"after"}
    assert _on(snapshot, "cancer") == {"after"}


def test_rheumatoid_arthritis_first_at_16_or_over(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("as a child", "1990-06", (RHEUMATOID, date(2006, 5, 1)), (RHEUMATOID, date(2020, 1, 1)))
    drawing.one("at 16", "1990-06", (RHEUMATOID, date(2006, 6, 1)))
    assert _on(drawing.open(tmp_path), "RA") == {"at 16"}


def test_which_rule_admits_to_copd(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("before April 2023", "1950-01", (COPD, date(2023, 3, 31)))
    drawing.one("tested", "1950-01", (COPD, date(2024, 6, 1)))
    drawing.one("tested too early", "1950-01", (COPD, date(2024, 6, 1)))
    drawing.one("tested, not low", "1950-01", (COPD, date(2024, 6, 1)))
    drawing.one("resolved", "1950-01")
    drawing.conditions.append({"person": "resolved", "code": COPD, "on": date(2020, 1, 1), "abated": date(2021, 1, 1)})
    drawing.observations += [
        {"person": "tested", "code": RATIO, "on": date(2024, 12, 4), "value": 0.69},  # 186 days after
        {"person": "tested too early", "code": RATIO, "on": date(2024, 2, 28), "value": 0.5},  # 94 days before
        {"person": "tested, not low", "code": RATIO, "on": date(2024, 6, 1), "value": 0.7},
    ]
    snapshot = drawing.open(tmp_path)
    assert _on(snapshot, "COPD") == {"before April 2023", "tested", "tested too early", "tested, not low"}
    assert dict(zip(*copd_rules(snapshot).execute()[["person", "rule"]].T.to_numpy(), strict=True)) == {
        "before April 2023": 1,
        "tested": 2,
        "tested too early": 4,
        "tested, not low": 4,
    }


def test_osteoporosis_asks_more_of_people_under_75(tmp_path: Path) -> None:
    drawing = Drawing()
    for who, born, fracture, scanned in (
        ("60, all three", "1966-01", date(2012, 4, 1), True),
        ("60, no scan", "1966-01", date(2012, 4, 1), False),
        ("60, fracture before", "1966-01", date(2012, 3, 31), True),
        ("80, no scan", "1946-01", date(2014, 4, 1), False),
        ("80, fracture before", "1946-01", date(2014, 3, 31), True),
        ("49", "1977-01", date(2020, 1, 1), True),
    ):
        drawing.one(who, born, (OSTEOPOROSIS, date(2021, 1, 1)), (HIP, fracture))
        if scanned:
            drawing.conditions.append({"person": who, "code": SCAN, "on": date(2021, 1, 1)})
    assert _on(drawing.open(tmp_path), "osteoporosis") == {"60, all three", "80, no scan"}


def test_obesity_begins_earlier_in_ethnic_groups_at_higher_risk(tmp_path: Path) -> None:
    drawing = Drawing()
    for who, group, value in (
        ("White 30", "White", 30.0),
        ("White 29", "White", 29.9),
        ("Asian 27.5", "Asian", 27.5),
        ("Black 27", "Black", 27.4),
        ("unknown 28", "Unknown", 28.0),
        ("unknown 31", "Unknown", 31.0),
    ):
        drawing.one(who, "1960-01", ethnic_group=group)
        drawing.observations.append({"person": who, "code": BMI, "on": date(2020, 1, 1), "value": value})
    drawing.observations.append({"person": "White 30", "code": BMI, "on": date(2026, 3, 1), "value": 29.0})
    snapshot = drawing.open(tmp_path)
    assert _on(snapshot, "obesity") == {"Asian 27.5", "unknown 31"}
    assert held(snapshot, states(snapshot, ["is on the register OB"]))["White 30"] == [(-35, -1)]


# --- registers together --------------------------------------------------------------------------------------------


def test_on_so_many_registers(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("none", "1960-01")
    drawing.one("one", "1960-01", (HYPERTENSION, date(2020, 1, 1)))
    drawing.one("two", "1960-01", (HYPERTENSION, date(2020, 1, 1)), (TYPE_2, date(2026, 2, 1)))
    snapshot = drawing.open(tmp_path)
    assert held(snapshot, states(snapshot, ["is on at least 2 registers"])) == {"two": [(-1, 0)]}, (
        "a type is no register"
    )
    assert held(snapshot, states(snapshot, ["is on at least 1 register"])) == {"one": [(-35, 0)], "two": [(-35, 0)]}
    assert now(snapshot, states(snapshot, ["is on no register"])) == {"none"}


def test_there_are_twenty_one_registers_and_their_parts() -> None:
    shorts = {one.short for one in counted_registers()}
    assert len(shorts) == 21
    assert shorts == set(PC6.split())
    assert {one.short for one in known_registers().values()} - shorts == {"DM1", "DM2", "HF1"}


def test_every_diagnosis_admits_to_its_register_and_the_table_tells_of_all(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.one("well", "1950-01")
    told_by_diagnosis = [one for one in counted_registers() if one.codes]
    for one in told_by_diagnosis:
        drawing.one(one.short, "1950-01", (min(codelist(one.codes[0]).codes), date(2024, 1, 15)))
        if one.drug:
            drug = min(codelist(one.drug[0]).codes)
            drawing.medicines.append({"person": one.short, "code": drug, "on": date(2025, 10, 1)})
    snapshot = drawing.open(tmp_path)
    every = registers(snapshot)
    assert len(told_by_diagnosis) == 19
    for one in told_by_diagnosis:
        months = (-5, 0) if one.drug else (-26, 0)
        assert held(snapshot, every.filter(every.register == one.short)) == {one.short: [months]}, one.name
        assert _on(snapshot, one.short) == {one.short}


def test_lists_that_an_installation_may_add_are_those_that_are_not_there() -> None:
    named = {name for one in known_registers().values() for name in one.resolved}
    assert {name for name in named if name not in codelist_names()} == {
        "heart failure resolved",
        "copd resolved",
        "chronic kidney disease resolved",
        "epilepsy resolved",
        "learning disability excluded",
        "palliative care no longer indicated",
    }


def test_a_register_that_there_is_not() -> None:
    with pytest.raises(NotFound, match=r"There is no register 'hypertenson'. Did you mean 'hypertension'"):
        register("hypertenson")


# --- recorded against expected -------------------------------------------------------------------------------------


def test_prevalence_is_of_registered_people_of_the_stated_age_beside_the_expected(tmp_path: Path) -> None:
    drawing = Drawing()
    for n in range(10):
        drawing.one(f"adult {n}", "1960-01", *([(TYPE_2, date(2020, 1, 1))] if n < 2 else []))
    drawing.one("child", "2015-01", (TYPE_1, date(2020, 1, 1)))
    found = {one.register: one for one in register_prevalence(drawing.open(tmp_path), {"DM": 0.25}, month=MARCH)}
    assert (found["DM"].on, found["DM"].list_size) == (2, 10)
    assert found["DM"].recorded == 0.2
    assert found["DM"].share_found == pytest.approx(0.8)
    assert found["HYP"].list_size == 11
    assert found["HYP"].expected is None
    assert found["HYP"].share_found is None


def test_modelled_prevalence_is_read_from_a_published_file(reference: Path) -> None:
    text = (reference / "hwe_derived" / "hwe_lad_prevalence_2019_20.csv").read_text()
    epping = read_expected_prevalence(text, areas=frozenset({"E07000072"}))
    assert epping["AF"] == pytest.approx(0.0207309, abs=1e-7)
    everywhere = read_expected_prevalence(text)
    assert set(everywhere) & {one.short for one in counted_registers()} >= {"AF", "AST", "CHD", "COPD", "DM", "HYP"}
    assert 0.1 < everywhere["HYP"] < 0.2
