"""What is measured: codes, units and usual ranges of values at the practice and in the laboratory.

SNOMED CT codes are those of the UK pathology and information lists; LOINC codes stand beside them because
laboratories send them too.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Measure(NamedTuple):
    """One thing that is measured. `low` and `high` bound the usual range; 0.0 twice means that none is given."""

    key: str
    snomed: str
    display: str
    loinc: str
    unit: str  # as people write it
    ucum: str
    low: float
    high: float
    places: int  # decimals
    spread: float  # of values around their mean


_ROWS: Final = (
    ("blood_pressure", "75367002", "Blood pressure", "85354-9", "mmHg", "mm[Hg]", 0, 0, 0, 12),
    ("systolic", "271649006", "Systolic blood pressure", "8480-6", "mmHg", "mm[Hg]", 90, 140, 0, 12),
    ("diastolic", "271650006", "Diastolic blood pressure", "8462-4", "mmHg", "mm[Hg]", 60, 90, 0, 8),
    ("bmi", "60621009", "Body mass index", "39156-5", "kg/m2", "kg/m2", 18.5, 25, 1, 1),
    ("weight", "27113001", "Body weight", "29463-7", "kg", "kg", 0, 0, 1, 1),
    ("height", "50373000", "Body height", "8302-2", "cm", "cm", 0, 0, 0, 1),
    ("smoking", "365981007", "Tobacco smoking behavior - finding", "72166-2", "", "", 0, 0, 0, 0),
    ("alcohol", "1082641000000106", "Alcohol units consumed per week", "", "units/week", "{units}/wk", 0, 14, 0, 6),
    ("pulse", "78564009", "Pulse rate", "8867-4", "beats/min", "/min", 60, 100, 0, 9),
    ("peak_flow", "18491006", "Peak expiratory flow", "19935-6", "L/min", "L/min", 300, 650, 0, 60),
    ("frailty", "763264000", "Canadian Study of Health and Aging Clinical Frailty Scale score", "", "score", "{score}",
     0, 0, 0, 0),
    ("phq9", "720433000", "Patient Health Questionnaire Nine Item score", "44261-6", "score", "{score}", 0, 9, 0, 4),
    ("gad7", "445455005", "Generalized anxiety disorder 7 item score", "70274-6", "score", "{score}", 0, 9, 0, 4),
    ("hba1c", "999791000000106", "Haemoglobin A1c level - International Federation of Clinical Chemistry and "
     "Laboratory Medicine standardised", "59261-8", "mmol/mol", "mmol/mol", 20, 42, 0, 4),
    ("cholesterol", "1005671000000105", "Serum cholesterol level", "14647-2", "mmol/L", "mmol/L", 0, 5, 1, 0.9),
    ("hdl", "1005681000000107", "Serum high density lipoprotein cholesterol level", "14646-4", "mmol/L", "mmol/L",
     1, 3, 1, 0.3),
    ("creatinine", "1000731000000107", "Serum creatinine level", "14682-9", "umol/L", "umol/L", 45, 104, 0, 12),
    ("egfr", "1011481000000105", "eGFR (estimated glomerular filtration rate) using creatinine Chronic Kidney Disease "
     "Epidemiology Collaboration equation per 1.73 square metres", "62238-1", "mL/min/1.73m2", "mL/min/{1.73_m2}",
     60, 120, 0, 8),
    ("sodium", "1000661000000107", "Serum sodium level", "2951-2", "mmol/L", "mmol/L", 133, 146, 0, 2.6),
    ("potassium", "1000651000000109", "Serum potassium level", "2823-3", "mmol/L", "mmol/L", 3.5, 5.3, 1, 0.4),
    ("urea", "1000951000000103", "Serum urea level", "22664-7", "mmol/L", "mmol/L", 2.5, 7.8, 1, 1.6),
    ("haemoglobin", "1022431000000105", "Haemoglobin estimation", "718-7", "g/L", "g/L", 115, 165, 0, 11),
    ("white_cells", "1022541000000102", "Total white cell count", "6690-2", "10*9/L", "10*9/L", 3.6, 11, 1, 1.9),
    ("platelets", "1022651000000100", "Platelet count", "777-3", "10*9/L", "10*9/L", 140, 400, 0, 60),
    ("crp", "999651000000107", "Plasma C reactive protein level", "1988-5", "mg/L", "mg/L", 0, 5, 0, 3),
    ("alt", "1018251000000107", "Serum alanine aminotransferase level", "1742-6", "U/L", "U/L", 0, 41, 0, 11),
    ("bilirubin", "999691000000104", "Serum bilirubin level", "14631-6", "umol/L", "umol/L", 0, 21, 0, 4),
    ("albumin", "1000821000000103", "Serum albumin level", "1751-7", "g/L", "g/L", 35, 50, 0, 3.5),
    ("tsh", "1022791000000101", "Serum thyroid stimulating hormone level", "3016-3", "mU/L", "m[IU]/L", 0.3, 4.2, 1, 1),
    ("ferritin", "993381000000106", "Serum ferritin level", "2276-4", "ug/L", "ug/L", 15, 300, 0, 60),
    ("troponin", "105000003", "Troponin measurement", "67151-1", "ng/L", "ng/L", 0, 14, 0, 4),
)  # fmt: skip
MEASURES: Final = {row[0]: Measure(*row) for row in _ROWS}
"""Every measure by key."""


class Panel(NamedTuple):
    """What a laboratory reports together."""

    key: str
    snomed: str
    display: str
    measures: tuple[str, ...]


PANELS: Final = {
    row[0]: Panel(*row)
    for row in (
        ("urea_and_electrolytes", "252167001", "Urea and electrolytes", ("sodium", "potassium", "urea", "creatinine",
                                                                         "egfr")),
        ("full_blood_count", "26604007", "Complete blood count", ("haemoglobin", "white_cells", "platelets")),
        ("liver_function", "26958001", "Hepatic function panel", ("alt", "bilirubin", "albumin")),
        ("hba1c", "43396009", "Hemoglobin A1c measurement", ("hba1c",)),
        ("lipids", "16254007", "Lipid panel", ("cholesterol", "hdl")),
        ("thyroid", "35650009", "Thyroid panel", ("tsh",)),
        ("inflammation", "55235003", "C-reactive protein measurement", ("crp",)),
        ("iron", "489004", "Ferritin measurement", ("ferritin",)),
        ("heart", "105000003", "Troponin measurement", ("troponin",)),
    )
}  # fmt: skip
"""Every panel by key; its first measure is the one that is sometimes corrected."""
SMOKING: Final = {
    "never": ("266919005", "Never smoked tobacco"),
    "ex": ("8517006", "Ex-smoker"),
    "current": ("77176002", "Smoker"),
}
"""What is recorded of smoking: SNOMED CT code and display."""
