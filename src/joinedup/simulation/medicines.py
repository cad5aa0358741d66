"""Medicines, what people are allergic to, and vaccines: with the codes that are sent, and for whom.

Medicines are coded by their SNOMED CT substance (FHIR R4 allows substances where a medicine is asked for); the
dictionary of medicines and devices is not shipped. Where its code is widely published it is sent as well. The codes are
as others publish them, each with its check digit; against a licensed edition of SNOMED CT they are to confirm.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from joinedup.simulation.world import Concept


class Product(NamedTuple):
    """A medicine as it is prescribed. `vmp` is its code in the dictionary of medicines and devices, where known."""

    key: str
    text: str  # Amlodipine 5mg tablets
    substance: str  # SNOMED CT
    substance_display: str
    dose: str
    for_condition: str  # key of a condition, "" for short courses
    share: float  # of those with the condition
    quantity: int
    unit: str
    pence: int  # price of one issue
    vmp: str = ""


_ROWS: Final = (
    ("amlodipine", "Amlodipine 5mg tablets", "386864001", "Amlodipine", "One to be taken each day",
     "hypertension", 0.45, 28, "tablet", 85, "319283006"),
    ("ramipril", "Ramipril 5mg capsules", "386872004", "Ramipril", "One to be taken each day",
     "hypertension", 0.4, 28, "capsule", 110),
    ("losartan", "Losartan 50mg tablets", "373567002", "Losartan", "One to be taken each day",
     "hypertension", 0.18, 28, "tablet", 120),
    ("indapamide", "Indapamide 2.5mg tablets", "387419003", "Indapamide", "One to be taken each morning",
     "hypertension", 0.15, 28, "tablet", 105),
    ("metformin", "Metformin 500mg tablets", "372567009", "Metformin", "One to be taken twice a day with meals",
     "diabetes_type_2", 0.68, 56, "tablet", 170),
    ("gliclazide", "Gliclazide 80mg tablets", "395731001", "Gliclazide", "One to be taken each morning with breakfast",
     "diabetes_type_2", 0.24, 28, "tablet", 95),
    ("insulin_glargine", "Insulin glargine 100units/ml solution for injection 3ml pre-filled pens", "411529005",
     "Insulin glargine", "Inject as directed once a day", "diabetes_type_1", 0.9, 5, "pen", 3450),
    ("atorvastatin", "Atorvastatin 20mg tablets", "373444002", "Atorvastatin", "One to be taken each night",
     "hypertension", 0.42, 28, "tablet", 98),
    ("atorvastatin_80", "Atorvastatin 80mg tablets", "373444002", "Atorvastatin", "One to be taken each night",
     "coronary_heart_disease", 0.72, 28, "tablet", 170),
    ("aspirin", "Aspirin 75mg dispersible tablets", "387458008", "Aspirin", "One to be taken each day",
     "coronary_heart_disease", 0.62, 28, "tablet", 75),
    ("bisoprolol", "Bisoprolol 2.5mg tablets", "386868003", "Bisoprolol", "One to be taken each morning",
     "atrial_fibrillation", 0.6, 28, "tablet", 90),
    ("apixaban", "Apixaban 5mg tablets", "698090000", "Apixaban", "One to be taken twice a day",
     "atrial_fibrillation", 0.6, 56, "tablet", 290),
    ("warfarin", "Warfarin 3mg tablets", "372756006", "Warfarin", "As directed by the anticoagulant clinic",
     "atrial_fibrillation", 0.14, 28, "tablet", 130),
    ("furosemide", "Furosemide 40mg tablets", "387475002", "Furosemide", "One to be taken each morning",
     "heart_failure", 0.74, 28, "tablet", 85),
    ("spironolactone", "Spironolactone 25mg tablets", "387078006", "Spironolactone", "One to be taken each day",
     "heart_failure", 0.35, 28, "tablet", 140),
    ("clopidogrel", "Clopidogrel 75mg tablets", "386952008", "Clopidogrel", "One to be taken each day",
     "stroke", 0.6, 28, "tablet", 125),
    ("salbutamol", "Salbutamol 100micrograms/dose inhaler CFC free", "372897005", "Salbutamol",
     "One or two puffs when needed", "asthma", 0.82, 200, "dose", 150, "39113611000001102"),
    ("beclometasone", "Beclometasone 100micrograms/dose inhaler CFC free", "116574000", "Beclometasone dipropionate",
     "Two puffs twice a day", "asthma", 0.58, 200, "dose", 740),
    ("tiotropium", "Tiotropium bromide 18microgram inhalation powder capsules", "425812008", "Tiotropium bromide",
     "One to be inhaled each day", "copd", 0.55, 30, "capsule", 1920),
    ("sertraline", "Sertraline 50mg tablets", "372594008", "Sertraline", "One to be taken each day",
     "depression", 0.34, 28, "tablet", 105),
    ("citalopram", "Citalopram 20mg tablets", "372596005", "Citalopram", "One to be taken each day",
     "depression", 0.2, 28, "tablet", 95),
    ("mirtazapine", "Mirtazapine 15mg tablets", "386847004", "Mirtazapine", "One to be taken at night",
     "depression", 0.1, 28, "tablet", 115),
    ("propranolol", "Propranolol 40mg tablets", "372772003", "Propranolol", "One to be taken up to three times a day",
     "anxiety", 0.22, 28, "tablet", 130),
    ("olanzapine", "Olanzapine 10mg tablets", "386849001", "Olanzapine", "One to be taken at night",
     "schizophrenia", 0.55, 28, "tablet", 135),
    ("quetiapine", "Quetiapine 100mg tablets", "386850001", "Quetiapine", "One to be taken twice a day",
     "bipolar_disorder", 0.45, 60, "tablet", 210),
    ("donepezil", "Donepezil 10mg tablets", "386855006", "Donepezil", "One to be taken at night",
     "dementia", 0.4, 28, "tablet", 120),
    ("levetiracetam", "Levetiracetam 500mg tablets", "387000003", "Levetiracetam", "One to be taken twice a day",
     "epilepsy", 0.4, 60, "tablet", 280),
    ("lamotrigine", "Lamotrigine 100mg tablets", "387562000", "Lamotrigine", "One to be taken twice a day",
     "epilepsy", 0.35, 56, "tablet", 190),
    ("levothyroxine", "Levothyroxine sodium 50microgram tablets", "710809001", "Levothyroxine",
     "One to be taken each morning", "hypothyroidism", 0.93, 28, "tablet", 110),
    ("omeprazole", "Omeprazole 20mg gastro-resistant capsules", "387137007", "Omeprazole",
     "One to be taken each morning", "reflux", 0.6, 28, "capsule", 95),
    ("lansoprazole", "Lansoprazole 30mg gastro-resistant capsules", "386888004", "Lansoprazole",
     "One to be taken each morning", "reflux", 0.28, 28, "capsule", 105),
    ("allopurinol", "Allopurinol 300mg tablets", "387135004", "Allopurinol", "One to be taken each day",
     "gout", 0.5, 28, "tablet", 110),
    ("alendronic_acid", "Alendronic acid 70mg tablets", "391730008", "Alendronic acid", "One to be taken once a week",
     "osteoporosis", 0.5, 4, "tablet", 90),
    ("methotrexate", "Methotrexate 2.5mg tablets", "387381009", "Methotrexate", "Six to be taken once a week",
     "rheumatoid_arthritis", 0.5, 24, "tablet", 240),
    ("co_codamol", "Co-codamol 30mg/500mg tablets", "387494007", "Codeine phosphate",
     "One or two up to four times a day when needed", "back_pain", 0.35, 100, "tablet", 410),
    ("naproxen", "Naproxen 500mg tablets", "372588000", "Naproxen", "One to be taken twice a day with food",
     "osteoarthritis", 0.2, 56, "tablet", 260),
    ("amitriptyline", "Amitriptyline 10mg tablets", "372726002", "Amitriptyline", "One to be taken at night",
     "migraine", 0.25, 28, "tablet", 90),
    ("sumatriptan", "Sumatriptan 50mg tablets", "395892000", "Sumatriptan", "One to be taken at onset",
     "migraine", 0.3, 6, "tablet", 150),
    ("cetirizine", "Cetirizine 10mg tablets", "372523007", "Cetirizine", "One to be taken each day",
     "hay_fever", 0.4, 30, "tablet", 95),
    ("hydrocortisone", "Hydrocortisone 1% cream", "396458002", "Hydrocortisone", "Apply thinly once or twice a day",
     "eczema", 0.35, 30, "gram", 190),
    ("mesalazine", "Mesalazine 800mg gastro-resistant tablets", "387501005", "Mesalazine",
     "One to be taken three times a day", "ulcerative_colitis", 0.65, 90, "tablet", 3900),
    ("levodopa", "Co-careldopa 25mg/100mg tablets", "387086006", "Levodopa", "One to be taken three times a day",
     "parkinsons", 0.75, 84, "tablet", 780),
    ("methylphenidate", "Methylphenidate 18mg modified-release tablets", "373337007", "Methylphenidate",
     "One to be taken each morning", "adhd", 0.4, 30, "tablet", 1560),
    ("thiamine", "Thiamine 100mg tablets", "259659006", "Thiamine", "One to be taken twice a day",
     "alcohol_dependence", 0.4, 56, "tablet", 260),
    ("amoxicillin", "Amoxicillin 500mg capsules", "372687004", "Amoxicillin",
     "One to be taken three times a day for five days", "", 0, 15, "capsule", 120, "323510009"),
    ("nitrofurantoin", "Nitrofurantoin 100mg modified-release capsules", "373543005", "Nitrofurantoin",
     "One to be taken twice a day for three days", "", 0, 6, "capsule", 480),
    ("doxycycline", "Doxycycline 100mg capsules", "372478003", "Doxycycline",
     "Two on the first day, then one each day", "", 0, 8, "capsule", 130),
    ("phenoxymethylpenicillin", "Phenoxymethylpenicillin 250mg tablets", "372725003", "Phenoxymethylpenicillin",
     "Two to be taken four times a day", "", 0, 40, "tablet", 160),
    ("flucloxacillin", "Flucloxacillin 500mg capsules", "387544009", "Flucloxacillin",
     "One to be taken four times a day", "", 0, 28, "capsule", 240),
    ("prednisolone", "Prednisolone 5mg tablets", "116601002", "Prednisolone",
     "Six to be taken each morning for five days", "", 0, 30, "tablet", 140),
    ("paracetamol", "Paracetamol 500mg tablets", "387517004", "Paracetamol", "Two to be taken up to four times a day",
     "", 0, 100, "tablet", 230, "322236009"),
    ("ibuprofen", "Ibuprofen 400mg tablets", "387207008", "Ibuprofen", "One up to three times a day with food",
     "", 0, 24, "tablet", 110),
)  # fmt: skip
MEDICINES: Final = {row[0]: Product(*row) for row in _ROWS}
"""Every medicine by key."""
SHORT_COURSES: Final = {
    "urti": ("paracetamol", "ibuprofen"),
    "urinary_infection": ("nitrofurantoin",),
    "chest_infection": ("amoxicillin", "doxycycline", "prednisolone"),
    "tonsillitis": ("phenoxymethylpenicillin",),
    "otitis_media": ("amoxicillin", "paracetamol"),
    "gastroenteritis": ("paracetamol",),
    "cellulitis": ("flucloxacillin",),
}
"""What a short illness is treated with."""

ALLERGENS: Final = {
    one.key: one
    for one in (
        Concept("penicillin", "764146007", "Penicillin"),
        Concept("amoxicillin", "372687004", "Amoxicillin"),
        Concept("aspirin", "387458008", "Aspirin"),
        Concept("ibuprofen", "387207008", "Ibuprofen"),
        Concept("trimethoprim", "387170002", "Trimethoprim"),
        Concept("erythromycin", "372694001", "Erythromycin"),
        Concept("codeine", "387494007", "Codeine phosphate"),
        Concept("latex", "111088007", "Latex"),
        Concept("peanut", "762952008", "Peanut"),
        Concept("egg", "102263004", "Eggs (edible)"),
        Concept("cows_milk", "3718001", "Cow's milk"),
        Concept("bee_venom", "288328004", "Bee venom"),
        Concept("ramipril", "386872004", "Ramipril"),
        Concept("sulfonamide", "387406002", "Sulfonamide"),
    )
}
"""What people are allergic to, by key. Medicines and foods are told apart by MEDICINE_ALLERGENS."""
MEDICINE_ALLERGENS: Final = frozenset(
    ("penicillin", "amoxicillin", "aspirin", "ibuprofen", "trimethoprim", "erythromycin", "codeine", "ramipril",
     "sulfonamide")
)  # fmt: skip
FOOD_ALLERGENS: Final = frozenset(("peanut", "egg", "cows_milk"))
ALLERGEN_SHARES: Final = {
    "penicillin": 0.36, "amoxicillin": 0.08, "aspirin": 0.06, "ibuprofen": 0.05, "trimethoprim": 0.06,
    "erythromycin": 0.06, "codeine": 0.06, "latex": 0.03, "peanut": 0.07, "egg": 0.02, "cows_milk": 0.03,
    "bee_venom": 0.02, "ramipril": 0.06, "sulfonamide": 0.04,
}  # fmt: skip
REACTIONS: Final = {
    one.key: one
    for one in (
        Concept("rash", "271807003", "Eruption of skin"),
        Concept("urticaria", "126485001", "Urticaria"),
        Concept("anaphylaxis", "39579001", "Anaphylaxis"),
        Concept("vomiting", "422400008", "Vomiting"),
        Concept("cough", "49727002", "Cough"),
        Concept("angioedema", "41291007", "Angioedema"),
    )
}
NO_KNOWN_ALLERGIES: Final = Concept("no_known_allergies", "716186003", "No known allergy")
NO_KNOWN_DRUG_ALLERGIES: Final = Concept("no_known_drug_allergies", "409137002", "No known drug allergy")


class Vaccine(NamedTuple):
    """A vaccine: the product given (`snomed` may be "") and the SNOMED CT code of giving it."""

    key: str
    text: str
    snomed: str
    procedure: str
    procedure_display: str
    target: str
    target_display: str


VACCINES: Final = {
    row[0]: Vaccine(*row)
    for row in (
        ("influenza", "Influenza vaccine", "46233009", "822851000000102", "Seasonal influenza vaccination",
         "6142004", "Influenza"),
        ("covid_19", "COVID-19 mRNA vaccine", "1119349007", "1324681000000101",
         "Administration of first dose of severe acute respiratory syndrome coronavirus 2 vaccine",
         "840539006", "Disease caused by severe acute respiratory syndrome coronavirus 2"),
        ("mmr", "Measles, mumps and rubella vaccine", "61153008", "38598009",
         "Administration of vaccine product containing only Measles morbillivirus and Mumps orthorubulavirus and "
         "Rubella virus antigens", "14189004", "Measles"),
        ("six_in_one", "Diphtheria, tetanus, pertussis, polio, Hib and hepatitis B vaccine", "", "", "",
         "397430003", "Diphtheria caused by Corynebacterium diphtheriae"),
        ("pneumococcal", "Pneumococcal polysaccharide vaccine", "333598008", "12866006",
         "Administration of vaccine product containing only Streptococcus pneumoniae antigen", "16814004",
         "Pneumococcal infectious disease"),
        ("shingles", "Shingles vaccine", "", "722215002",
         "Administration of vaccine product containing only Human alphaherpesvirus 3 antigen for shingles", "4740000",
         "Herpes zoster"),
        ("hpv", "Human papillomavirus vaccine", "", "761841000",
         "Administration of vaccine product containing only Human papillomavirus antigen", "240532009",
         "Human papilloma virus infection"),
    )
}  # fmt: skip
"""Every vaccine by key."""
