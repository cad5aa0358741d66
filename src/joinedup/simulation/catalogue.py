"""How hospitals and other providers code what is in the catalogues of conditions, illnesses, tests and teams.

Answers are looked up once and kept: the feeds ask for them hundreds of thousands of times.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from joinedup.simulation.conditions import CONDITIONS
from joinedup.simulation.emergency import COMPLAINTS, DIAGNOSES, PLANNED, SPECIALTIES
from joinedup.simulation.measurements import MEASURES, PANELS
from joinedup.simulation.medicines import ALLERGENS, FOOD_ALLERGENS, MEDICINE_ALLERGENS, REACTIONS
from joinedup.simulation.world import Concept

# Treatment functions that are no main specialty of the NHS Data Dictionary, with the one whose consultants do them.
_MAIN: Final = {"307": "300", "328": "300"}
_LOCAL_PANELS: Final = {
    "urea_and_electrolytes": "UE", "full_blood_count": "FBC", "liver_function": "LFT", "hba1c": "HBA1C",
    "lipids": "LIPID", "thyroid": "TFT", "inflammation": "CRP", "iron": "FER", "heart": "TROP",
}  # fmt: skip
_LOCAL_TESTS: Final = {
    "haemoglobin": "HB", "white_cells": "WBC", "platelets": "PLT", "sodium": "NA", "potassium": "K", "urea": "UREA",
    "creatinine": "CREA", "egfr": "EGFR", "hba1c": "HBA1C", "cholesterol": "CHOL", "hdl": "HDL", "crp": "CRP",
    "alt": "ALT", "bilirubin": "BILI", "albumin": "ALB", "tsh": "TSH", "ferritin": "FERR", "troponin": "TROP",
}  # fmt: skip
_SHORT_WORDS: Final = {
    "haemoglobin": "Haemoglobin", "white_cells": "White cell count", "platelets": "Platelets", "sodium": "Sodium",
    "potassium": "Potassium", "urea": "Urea", "creatinine": "Creatinine", "egfr": "eGFR", "hba1c": "HbA1c",
    "cholesterol": "Cholesterol", "hdl": "HDL cholesterol", "crp": "C-reactive protein", "alt": "ALT",
    "bilirubin": "Bilirubin", "albumin": "Albumin", "tsh": "TSH", "ferritin": "Ferritin", "troponin": "Troponin T",
}  # fmt: skip
# Laboratories write UCUM, but for thyroid hormone what British doctors read.
_UNITS: Final = {"tsh": "mU/L"}
_MENTAL_HEALTH_TEAMS: Final = {
    "talking_therapies": "A05", "community_mental_health": "A06", "children_mental_health": "A06",
    "memory_service": "A17", "crisis": "A03", "learning_disability_team": "E01",
}  # fmt: skip
_COMMUNITY_TEAMS: Final = {
    "district_nursing": "12", "community_physiotherapy": "26", "podiatry": "27", "speech_therapy": "33",
    "health_visiting": "16", "urgent_response": "51", "heart_failure_nurse": "04", "respiratory_nurse": "30",
    "continence": "07",
}  # fmt: skip
_REASONS: Final = {
    "schizophrenia": "02", "bipolar_disorder": "03", "depression": "04", "anxiety": "05", "dementia": "08",
    "alcohol_dependence": "09", "autism": "25", "adhd": "24", "learning_disability": "17",
}  # fmt: skip


class Test(NamedTuple):
    """A laboratory test as it is reported. `limits` is empty where no usual range is given."""

    loinc: str
    local: str
    words: str
    unit: str
    limits: str
    low: float
    high: float
    places: int

    def written(self, value: float) -> str:
        """Answer a value with as many decimals as the laboratory gives."""
        return f"{value:.{self.places}f}"


@cache
def icd10(code: str) -> str:
    """Answer an ICD-10 code as extracts write it: without the dot, X where a category has no fourth character."""
    bare = code.replace(".", "")
    return bare if len(bare) > 3 else bare + "X"


@cache
def opcs(code: str) -> str:
    """Answer an OPCS-4 code as extracts write it: without the dot."""
    return code.replace(".", "")


@cache
def condition(key: str) -> Concept | None:
    """Answer the codes of a condition, an illness or a planned treatment's reason; None when nothing has that key."""
    return CONDITIONS.get(key) or DIAGNOSES.get(key)


def _words() -> dict[str, str]:
    words = {icd10(one.icd10): one.icd10_display for one in (*CONDITIONS.values(), *DIAGNOSES.values()) if one.icd10}
    for planned in PLANNED.values():
        words.setdefault(icd10(planned.icd10), planned.text)
    words |= {"O800": "Spontaneous vertex delivery", "O821": "Delivery by emergency caesarean section"}
    return words


_WORDS: Final = _words()


@cache
def diagnosis_words(key_or_code: str) -> tuple[str, str]:
    """Answer ICD-10 code (as extracts write it) and words of a condition's key or of an ICD-10 code."""
    found = condition(key_or_code)
    if found:
        return icd10(found.icd10 or "R69"), found.icd10_display or found.display
    planned = PLANNED.get(key_or_code)
    if planned:
        return icd10(planned.icd10), planned.text
    code = icd10(key_or_code) if key_or_code[:1].isupper() else "R69X"
    return code, _WORDS.get(code, key_or_code.replace("_", " ").capitalize() if code == "R69X" else f"ICD-10 {code}")


@cache
def condition_snomed(key: str) -> str:
    """Answer the SNOMED CT code of a condition or an illness, "" for an empty or unknown key."""
    found = condition(key)
    return found.snomed if found else ""


@cache
def icd10_of(key: str) -> str:
    """Answer the ICD-10 code of a condition or an illness as extracts write it, "" for an empty or unknown key."""
    found = condition(key)
    return icd10(found.icd10) if found and found.icd10 else ""


def complaint(key: str) -> tuple[str, str]:
    """Answer SNOMED CT code and words of a chief complaint."""
    found = COMPLAINTS[key]
    return found.snomed, found.display


def main_specialty(treatment_function: str) -> str:
    """Answer the main specialty of the consultants who do a treatment function."""
    return _MAIN.get(treatment_function, treatment_function)


def specialty_name(treatment_function: str) -> str:
    """Answer the name of a treatment function, as the NHS Data Dictionary has it."""
    return SPECIALTIES.get(treatment_function, treatment_function)


@cache
def panel(key: str) -> tuple[str, str]:
    """Answer the laboratory's own code of a panel, and its words."""
    return _LOCAL_PANELS.get(key, key[:6].upper()), PANELS[key].display


@cache
def test(key: str) -> Test:
    """Answer a laboratory test as it is reported."""
    measure = MEASURES[key]
    limits = f"{measure.low:g}-{measure.high:g}" if measure.high else ""
    return Test(
        measure.loinc,
        _LOCAL_TESTS.get(key, key[:6].upper()),
        _SHORT_WORDS.get(key, measure.display),
        _UNITS.get(key, measure.ucum),
        limits,
        measure.low,
        measure.high,
        measure.places,
    )


def allergen(key: str) -> tuple[str, str, str]:
    """Answer kind (DA, FA, MA), SNOMED CT code and words of what somebody is allergic to."""
    found = ALLERGENS[key]
    kind = "DA" if key in MEDICINE_ALLERGENS else "FA" if key in FOOD_ALLERGENS else "MA"
    return kind, found.snomed, found.display


def reaction(key: str) -> str:
    """Answer a reaction in words."""
    found = REACTIONS.get(key)
    return found.display if found else ""


def mental_health_team(key: str) -> str:
    """Answer the MHSDS code of a team's type."""
    return _MENTAL_HEALTH_TEAMS.get(key, "A06")


def community_team(key: str) -> str:
    """Answer the CSDS code of a team's type."""
    return _COMMUNITY_TEAMS.get(key, "45")


def referral_reason(key: str) -> str:
    """Answer the MHSDS code of the main reason for a referral, "" where none fits."""
    return _REASONS.get(key, "")
