"""Why people come to emergency departments and hospital: complaints, diagnoses, specialties, procedures, groups."""

from __future__ import annotations

from typing import Final, NamedTuple

from joinedup.simulation.conditions import CONDITIONS
from joinedup.simulation.world import Concept

COMPLAINTS: Final = {
    row[0]: Concept(*row)
    for row in (
        ("chest_pain", "29857009", "Chest pain"),
        ("breathless", "267036007", "Dyspnea"),
        ("abdominal_pain", "21522001", "Abdominal pain"),
        ("head_injury", "82271004", "Injury of head"),
        ("fall", "161898004", "Falls"),
        ("limb_injury", "127279002", "Injury of lower extremity"),
        ("arm_injury", "127278005", "Injury of upper extremity"),
        ("wound", "312608009", "Laceration - injury"),
        ("back_pain", "161891005", "Backache"),
        ("fever", "386661006", "Fever"),
        ("vomiting", "422400008", "Vomiting"),
        ("headache", "25064002", "Headache"),
        ("collapse", "271787007", "Collapse"),
        ("palpitations", "80313002", "Palpitations"),
        ("seizure", "91175000", "Seizure"),
        ("rash", "271807003", "Eruption of skin"),
        ("confusion", "40917007", "Clouded consciousness"),
        ("weakness", "13791008", "Asthenia"),
        ("self_harm", "248062006", "Self-injurious behavior"),
        ("intoxicated", "25702006", "Alcohol intoxication"),
    )
}
"""Chief complaints by key."""


class Illness(NamedTuple):
    """Something that brings people to hospital at once: how often by age, to which ward, and what it costs."""

    concept: Concept
    complaint: str
    per_thousand: tuple[float, ...]  # attendances a year, by conditions.BANDS
    deprived: float
    admitted: float  # share that is admitted
    raised_by: tuple[tuple[str, float], ...]
    specialty: str
    days: float  # median stay
    hrg: str
    pence: int  # cost of a stay of median length


_I = Concept
_ILLNESSES: Final = (
    (_I("pneumonia", "233604007", "Pneumonia", "J18.9", "Pneumonia, unspecified"), "breathless",
     (3, .6, .5, .8, 1.2, 2.5, 5, 12, 34), 1.8, .82, (("copd", 3), ("dementia", 1.6)), "300", 6, "DZ11R", 298000),
    (_I("copd_exacerbation", "195951007", "Acute exacerbation of chronic obstructive airways disease", "J44.1",
        "Chronic obstructive pulmonary disease with acute exacerbation"), "breathless",
     (0, 0, 0, .02, .1, .3, .6, .8, 1), 2, .7, (("copd", 60),), "340", 4, "DZ65H", 214000),
    (_I("asthma_attack", "708038006", "Acute exacerbation of asthma", "J45.9", "Asthma, unspecified"), "breathless",
     (3, 2, 1, .8, .7, .7, .6, .5, .4), 1.9, .32, (("asthma", 14),), "420", 1, "DZ15R", 98000),
    (_I("heart_failure_acute", "84114007", "Heart failure", "I50.0", "Congestive heart failure"), "breathless",
     (0, 0, 0, 0, .05, .2, .6, 1.5, 4), 1.6, .85, (("heart_failure", 30),), "320", 7, "EB03D", 336000),
    (_I("heart_attack", "22298006", "Myocardial infarction", "I21.9", "Acute myocardial infarction, unspecified"),
     "chest_pain", (0, 0, .02, .2, .8, 2, 3.5, 6, 11), 1.7, .97, (("coronary_heart_disease", 3), ("hypertension", 1.4)),
     "320", 3, "EB10C", 312000),
    (_I("chest_pain", "29857009", "Chest pain", "R07.4", "Chest pain, unspecified"), "chest_pain",
     (.1, 1.5, 8, 9, 12, 15, 17, 20, 24), 1.6, .24, (("coronary_heart_disease", 3), ("anxiety", 1.6)), "300", 1,
     "EB12C", 61000),
    (_I("atrial_fibrillation_fast", "49436004", "Atrial fibrillation", "I48.9", "Atrial fibrillation and atrial "
        "flutter, unspecified"), "palpitations", (0, 0, .2, .3, .5, .8, 1.2, 2, 4), 1, .5,
     (("atrial_fibrillation", 10),), "320", 2, "EB07E", 118000),
    (_I("stroke_acute", "230690007", "Cerebrovascular accident", "I63.9", "Cerebral infarction, unspecified"),
     "weakness", (0, .05, .1, .2, .5, 1.2, 2.5, 6, 13), 1.5, .97, (("atrial_fibrillation", 2.5),
     ("hypertension", 1.6), ("stroke", 2)), "328", 8, "AA35E", 512000),
    (_I("sepsis", "91302008", "Sepsis", "A41.9", "Sepsis, unspecified organism"), "fever",
     (1, .2, .3, .4, .7, 1.3, 3, 7, 18), 1.7, .96, (("diabetes_type_2", 1.6), ("chronic_kidney_disease", 1.6)), "300",
     8, "WJ06G", 421000),
    (_I("urine_infection", "68566005", "Urinary tract infectious disease", "N39.0", "Urinary tract infection, site "
        "not specified"), "fever", (3, 1.5, 3, 2.5, 2.5, 3, 5, 11, 30), 1.4, .52, (("dementia", 2.2),
     ("urinary_incontinence", 2)), "430", 4, "LA04Q", 187000),
    (_I("hip_fracture", "5913000", "Fracture of neck of femur", "S72.0", "Fracture of neck of femur"), "fall",
     (0, 0, 0, 0, .05, .2, .8, 3, 16), 1.2, 1, (("osteoporosis", 2), ("falls", 3), ("dementia", 2)), "110", 14,
     "HT12B", 985000),
    (_I("forearm_fracture", "65966004", "Fracture of forearm", "S52.9", "Fracture of forearm, part unspecified"),
     "arm_injury", (4, 11, 3, 2.5, 3, 4.5, 6, 7, 9), 1.1, .12, (("osteoporosis", 2),), "110", 1, "HT31C", 142000),
    (_I("sprain", "44465007", "Sprain of ankle", "S93.4", "Sprain and strain of ankle"), "limb_injury",
     (4, 22, 20, 15, 12, 9, 7, 5, 5), 1.4, .01, (), "110", 1, "HD39H", 45000),
    (_I("wound", "312608009", "Laceration - injury", "T14.1", "Open wound of unspecified body region"), "wound",
     (22, 17, 17, 13, 11, 10, 9, 9, 13), 1.4, .04, (), "180", 1, "JC43C", 52000),
    (_I("head_injury", "82271004", "Injury of head", "S09.9", "Unspecified injury of head"), "head_injury",
     (30, 13, 7, 5, 4.5, 5, 6, 10, 30), 1.5, .18, (("falls", 3), ("epilepsy", 2)), "180", 1, "AA26H", 88000),
    (_I("fall_injury", "161898004", "Falls", "W19", "Unspecified fall"), "fall",
     (3, 2, 1.5, 1.5, 2, 4, 8, 20, 62), 1.3, .38, (("falls", 4), ("parkinsons", 2.5), ("dementia", 1.8)), "430", 4,
     "WH09G", 176000),
    (_I("abdominal_pain", "21522001", "Abdominal pain", "R10.4", "Other and unspecified abdominal pain"),
     "abdominal_pain", (6, 9, 18, 15, 12, 11, 11, 12, 15), 1.5, .26, (("irritable_bowel", 2),), "100", 1, "FF55C",
     84000),
    (_I("appendicitis", "74400008", "Appendicitis", "K35.8", "Other and unspecified acute appendicitis"),
     "abdominal_pain", (.1, 1.4, 1.1, .8, .6, .5, .4, .4, .3), 1, 1, (), "100", 2, "FF37C", 268000),
    (_I("gallstones", "235919008", "Gallstone", "K80.2", "Calculus of gallbladder without cholecystitis"),
     "abdominal_pain", (0, .05, .8, 1.3, 1.5, 1.7, 1.9, 2, 2.2), 1.3, .6, (("obesity", 2),), "100", 3, "GA10K", 241000),
    (_I("gi_bleed", "74474003", "Gastrointestinal hemorrhage", "K92.2", "Gastrointestinal haemorrhage, unspecified"),
     "vomiting", (.2, .2, .6, .8, 1.2, 1.8, 2.8, 5, 10), 1.8, .82, (("alcohol_dependence", 5), ("liver_disease", 3)),
     "301", 4, "FD03F", 221000),
    (_I("gastroenteritis_acute", "25374005", "Gastroenteritis", "A09.9", "Gastroenteritis and colitis of unspecified "
        "origin"), "vomiting", (22, 3, 2.5, 2, 2, 2, 2.5, 4, 7), 1.4, .25, (), "420", 1, "FD10M", 76000),
    (_I("bronchiolitis", "4120002", "Bronchiolitis", "J21.9", "Acute bronchiolitis, unspecified"), "breathless",
     (28, 0, 0, 0, 0, 0, 0, 0, 0), 1.7, .4, (), "420", 2, "PD15C", 121000),
    (_I("viral_infection", "34014006", "Viral disease", "B34.9", "Viral infection, unspecified"), "fever",
     (95, 9, 5, 4, 3, 3, 3, 3, 4), 1.5, .08, (), "420", 1, "PW20C", 58000),
    (_I("kidney_stone", "95570007", "Kidney stone", "N20.0", "Calculus of kidney"), "abdominal_pain",
     (0, .1, 1.4, 2.4, 2.8, 2.9, 2.4, 1.8, 1.2), 1, .4, (("gout", 2),), "101", 1, "LB40G", 96000),
    (_I("kidney_injury", "14669001", "Acute renal failure syndrome", "N17.9", "Acute renal failure, unspecified"),
     "confusion", (.05, .05, .1, .15, .3, .8, 2, 5, 14), 1.5, .92, (("chronic_kidney_disease", 3),
     ("heart_failure", 2)), "300", 6, "LA07L", 286000),
    (_I("delirium", "2776000", "Delirium", "F05.9", "Delirium, unspecified"), "confusion",
     (0, 0, .05, .05, .1, .2, .8, 4, 20), 1.2, .9, (("dementia", 4),), "430", 9, "WD03Z", 365000),
    (_I("seizure", "91175000", "Seizure", "R56.8", "Other and unspecified convulsions"), "seizure",
     (5, 1.2, 1.5, 1.4, 1.4, 1.4, 1.4, 1.6, 2), 1.7, .42, (("epilepsy", 25), ("alcohol_dependence", 3)), "400", 1,
     "AA26G", 104000),
    (_I("overdose", "55680006", "Drug overdose", "T50.9", "Poisoning by other and unspecified drugs"), "self_harm",
     (.3, 2.2, 4.5, 2.4, 1.9, 1.3, .6, .4, .4), 2.6, .45, (("depression", 3), ("bipolar_disorder", 3),
     ("schizophrenia", 2)), "180", 1, "WH04E", 89000),
    (_I("alcohol_intoxication", "25702006", "Alcohol intoxication", "F10.0", "Mental and behavioural disorders due to "
        "use of alcohol: acute intoxication"), "intoxicated", (0, .6, 4, 3.5, 4, 3.5, 1.6, .6, .2), 2.4, .22,
     (("alcohol_dependence", 20),), "300", 1, "WH15Z", 68000),
    (_I("back_pain_acute", "161891005", "Backache", "M54.9", "Dorsalgia, unspecified"), "back_pain",
     (.2, 1.2, 7, 8, 8.5, 8, 6.5, 7, 9), 1.6, .1, (("back_pain", 5),), "110", 1, "HC32K", 91000),
    (_I("headache", "25064002", "Headache", "R51", "Headache"), "headache",
     (1, 4, 8, 8, 7, 5.5, 4, 4, 4), 1.3, .14, (("migraine", 4),), "400", 1, "AA31E", 72000),
    (_I("clot", "128053003", "Deep venous thrombosis", "I80.2", "Phlebitis and thrombophlebitis of other deep vessels "
        "of lower extremities"), "limb_injury", (0, .02, .4, .8, 1, 1.4, 2, 3.2, 5), 1.2, .2,
     (("lung_cancer", 4), ("bowel_cancer", 4)), "300", 1, "YQ51E", 79000),
    (_I("low_sugar", "302866003", "Hypoglycemia", "E16.2", "Hypoglycaemia, unspecified"), "collapse",
     (.1, .1, .1, .1, .15, .2, .3, .5, .8), 1.6, .45, (("diabetes_type_1", 60), ("diabetes_type_2", 5)), "300", 2,
     "KB01F", 97000),
    (_I("rash_acute", "271807003", "Eruption of skin", "R21", "Rash and other nonspecific skin eruption"), "rash",
     (25, 4, 4, 3, 2.5, 2, 2, 2, 2.5), 1.3, .03, (), "330", 1, "JD07K", 51000),
    (_I("skin_infection", "128045006", "Cellulitis", "L03.9", "Cellulitis, unspecified"), "limb_injury",
     (1, .8, 1.6, 2, 2.5, 3.2, 4, 6, 10), 1.7, .36, (("diabetes_type_2", 1.8), ("obesity", 1.8)), "300", 3, "JD07H",
     148000),
)  # fmt: skip
ILLNESSES: Final = {row[0].key: Illness(*row) for row in _ILLNESSES}
"""Every illness that brings people to an emergency department, by key."""
DIAGNOSES: Final = {key: illness.concept for key, illness in ILLNESSES.items()}
"""The codes of every such illness, by key."""
SPECIALTIES: Final = {
    "100": "General Surgery", "101": "Urology", "110": "Trauma and Orthopaedics", "120": "Ear Nose and Throat",
    "130": "Ophthalmology", "180": "Emergency Medicine", "300": "General Internal Medicine", "301": "Gastroenterology",
    "307": "Diabetes", "320": "Cardiology", "328": "Stroke Medicine", "330": "Dermatology",
    "340": "Respiratory Medicine", "361": "Renal Medicine", "370": "Medical Oncology", "400": "Neurology",
    "410": "Rheumatology", "420": "Paediatrics", "430": "Elderly Medicine", "501": "Obstetrics", "502": "Gynaecology",
}  # fmt: skip
"""Treatment function codes of the NHS Data Dictionary."""


class Planned(NamedTuple):
    """A planned treatment: how many a thousand people a year by age, and what it takes."""

    key: str
    opcs: str
    text: str
    specialty: str
    icd10: str
    snomed: str
    per_thousand: tuple[float, ...]
    raised_by: tuple[tuple[str, float], ...]
    men: float
    day_case: float  # share
    days: float
    hrg: str
    pence: int
    first_hrg: str = ""


PLANNED: Final = {
    row[0]: Planned(*row)
    for row in (
        ("cataract", "C75.1", "Insertion of prosthetic replacement for lens", "130", "H26.9", "193570009",
         (0, 0, 0, .1, .4, 1.5, 5, 14, 20), (("cataract", 3),), .8, .98, 1, "BZ34B", 102000),
        ("hip_replacement", "W37.1", "Primary total prosthetic replacement of hip joint using cement", "110", "M16.9",
         "396275006", (0, 0, 0, .05, .2, .8, 2.2, 3.6, 2.4), (("osteoarthritis", 4),), .75, .05, 3, "HN12F", 672000),
        ("knee_replacement", "W40.1", "Primary total prosthetic replacement of knee joint using cement", "110",
         "M17.9", "396275006", (0, 0, 0, .02, .15, .9, 2.8, 4, 2.2), (("osteoarthritis", 4), ("obesity", 1.6)), .8,
         .04, 3, "HN22E", 641000),
        ("hernia", "T20.2", "Primary repair of inguinal hernia using insert of prosthetic material", "100", "K40.9",
         "", (.5, .2, .4, .7, 1, 1.6, 2.3, 2.8, 2.4), (), 7, .8, 1, "FF62D", 176000),
        ("colonoscopy", "H22.9", "Unspecified diagnostic endoscopic examination of colon", "301", "R19.4", "",
         (0, .2, 3, 5, 7, 13, 18, 17, 7), (("ulcerative_colitis", 5), ("crohns", 5), ("bowel_cancer", 5)), 1, .98, 1,
         "FE32Z", 61000),
        ("gastroscopy", "G45.9", "Unspecified diagnostic fibreoptic endoscopic examination of upper gastrointestinal "
         "tract", "301", "K21.9", "235595009", (0, .4, 5, 7, 10, 14, 17, 18, 12), (("reflux", 2.5), ("coeliac", 4)), .9,
         .98, 1, "FE22Z", 48000),
        ("gallbladder", "J18.3", "Total cholecystectomy NEC", "100", "K80.2", "235919008",
         (0, .05, .8, 1.3, 1.6, 1.8, 1.8, 1.3, .5), (("obesity", 2),), .4, .6, 1, "GA10K", 274000),
        ("tonsillectomy", "F34.9", "Unspecified excision of tonsil", "120", "J35.0", "90176007",
         (1.6, 2, .8, .2, .1, .05, 0, 0, 0), (), .8, .7, 1, "CA60D", 138000),
        ("cystoscopy", "M45.9", "Unspecified diagnostic endoscopic examination of bladder", "101", "R31", "",
         (0, .1, 1, 1.6, 3, 5, 9, 13, 12), (("prostate_cancer", 3),), 1.9, .97, 1, "LB72A", 42000),
        ("chemotherapy", "X72.3", "Delivery of complex chemotherapy for neoplasm including prolonged infusional "
         "treatment at first attendance", "370", "Z51.1", "", (0, 0, 0, .02, .05, .1, .15, .15, .05),
         (("breast_cancer", 40), ("bowel_cancer", 60), ("lung_cancer", 90)), 1, .99, 1, "SB13Z", 39000),
        ("dialysis", "X40.3", "Haemodialysis NEC", "361", "N18.5", "", (0, 0, 0, .02, .02, .03, .04, .05, .04),
         (("chronic_kidney_disease", 14),), 1.4, 1, 1, "LD05A", 18000),
        ("angioplasty", "K75.1", "Percutaneous transluminal balloon angioplasty and insertion of one to two drug-"
         "eluting stents into coronary artery", "320", "I25.1", "53741008", (0, 0, 0, .05, .3, .9, 1.6, 2, 1.2),
         (("coronary_heart_disease", 6),), 2.2, .5, 1, "EY41D", 318000),
        ("hysteroscopy", "Q18.9", "Unspecified diagnostic endoscopic examination of uterus", "502", "N92.0", "",
         (0, .02, 1, 2.4, 4.5, 4.2, 2, 1.2, .6), (), .001, .96, 1, "MA31Z", 56000),
        ("skin_lesion", "S06.9", "Unspecified other excision of lesion of skin", "330", "D48.5", "",
         (.1, .4, 1.2, 1.8, 2.6, 4, 7, 11, 13), (), 1.1, .99, 1, "JC42C", 37000),
        ("injection_eye", "C79.4", "Injection into vitreous body NEC", "130", "H35.3", "",
         (0, 0, 0, .05, .2, .6, 2.5, 9, 22), (("visual_impairment", 5), ("diabetes_type_2", 1.6)), .85, 1, 1, "BZ86B",
         44000),
    )
}  # fmt: skip
"""Planned treatments by key."""
BIRTH: Final = {
    "normal": ("R24.9", "O80.0", "48782003", "NZ30C", 224000, 1.4),
    "section": ("R18.2", "O82.1", "11466000", "NZ51C", 498000, 3.0),
}
"""Ways of being born: OPCS-4 and ICD-10 of the mother's stay, SNOMED CT, group, cost in pence, median days."""
URGENT_CARE_GROUPS: Final = (
    ("VB11Z", "No investigation with no significant treatment", 9600),
    ("VB09Z", "Category 1 investigation with category 1-2 treatment", 15100),
    ("VB08Z", "Category 2 investigation with category 1 treatment", 21400),
    ("VB07Z", "Category 2 investigation with category 2 treatment", 26300),
    ("VB05Z", "Category 2 investigation with category 3 treatment", 33700),
    ("VB04Z", "Category 2 investigation with category 4 treatment", 39800),
    ("VB02Z", "Category 3 investigation with category 4 treatment", 48600),
)
"""Groups of emergency department attendances, from the lightest, with their cost in pence."""


def concept(key: str) -> Concept:
    """Answer the codes of a condition or of an illness, whichever has that key; KeyError for neither."""
    return CONDITIONS.get(key) or DIAGNOSES[key]
