"""Why people see their practice, and which specialty a practice refers whom to."""

from __future__ import annotations

from typing import Final

from joinedup.simulation.conditions import CONDITIONS
from joinedup.simulation.world import Concept

REASONS: Final = {
    one.key: one
    for one in (
        Concept("cough", "49727002", "Cough"),
        Concept("headache", "25064002", "Headache"),
        Concept("fatigue", "84229001", "Fatigue"),
        Concept("knee_pain", "30989003", "Knee pain"),
        Concept("rash", "271807003", "Eruption of skin"),
        Concept("dizziness", "404640003", "Dizziness"),
        Concept("abdominal_pain", "21522001", "Abdominal pain"),
        Concept("backache", "161891005", "Backache"),
        Concept("contraception", "13197004", "Contraception"),
        Concept("low_mood", "366979004", "Depressed mood"),
        Concept("medication_review", "182836005", "Review of medication"),
        Concept("cervical_screening", "171149006", "Screening for malignant neoplasm of cervix"),
        Concept("ear_wax", "18070006", "Impacted cerumen"),
        Concept("sore_throat", "162397003", "Pain in throat"),
        Concept("insomnia", "193462001", "Insomnia"),
        Concept("shoulder_pain", "45326000", "Shoulder pain"),
        Concept("skin_lesion", "95324001", "Skin lesion"),
        Concept("fever", "386661006", "Fever"),
        Concept("earache", "301354004", "Pain of ear"),
        Concept("chest_pain", "29857009", "Chest pain"),
    )
} | CONDITIONS
"""Every reason for a consultation, by key: symptoms, and conditions."""
BY_AGE: Final = (
    (0, ("cough", "rash", "fever", "earache", "sore_throat", "abdominal_pain")),
    (12, ("sore_throat", "headache", "rash", "low_mood", "abdominal_pain", "fatigue")),
    (18, ("low_mood", "headache", "fatigue", "contraception", "backache", "rash", "abdominal_pain",
          "cervical_screening", "sore_throat")),
    (45, ("backache", "shoulder_pain", "fatigue", "cough", "skin_lesion", "medication_review", "insomnia", "knee_pain",
          "cervical_screening", "chest_pain")),
    (65, ("medication_review", "knee_pain", "dizziness", "cough", "skin_lesion", "ear_wax", "backache", "fatigue",
          "chest_pain", "insomnia")),
)  # fmt: skip
"""Symptoms by age from which they are common."""
FOR_WOMEN: Final = frozenset(("contraception", "cervical_screening"))
SPECIALTY_OF: Final = {
    "coronary_heart_disease": "320", "atrial_fibrillation": "320", "heart_failure": "320", "copd": "340",
    "asthma": "340", "chronic_kidney_disease": "361", "epilepsy": "400", "multiple_sclerosis": "400",
    "parkinsons": "400", "migraine": "400", "rheumatoid_arthritis": "410", "osteoarthritis": "110", "back_pain": "110",
    "osteoporosis": "410", "diabetes_type_1": "307", "diabetes_type_2": "307", "eczema": "330", "psoriasis": "330",
    "cataract": "130", "visual_impairment": "130", "hearing_loss": "120", "irritable_bowel": "301", "reflux": "301",
    "ulcerative_colitis": "301", "crohns": "301", "coeliac": "301", "liver_disease": "301", "breast_cancer": "370",
    "prostate_cancer": "101", "bowel_cancer": "370", "lung_cancer": "370", "falls": "430", "dementia": "430",
    "urinary_incontinence": "101",
}  # fmt: skip
"""Treatment function code to which somebody with a condition is referred."""
OTHERWISE: Final = ("110", "330", "120", "502", "301", "320", "130", "100", "400")
"""Where others are referred; children go to paediatrics (420)."""
