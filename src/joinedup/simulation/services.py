"""Services outside practices and hospitals: community, mental health, adult social care, voluntary organisations."""

from __future__ import annotations

from typing import Final, NamedTuple


class Team(NamedTuple):
    """A team: how many people a thousand are referred a year, by conditions.BANDS, and how often they are seen."""

    key: str
    text: str
    setting: str
    per_thousand: tuple[float, ...]
    raised_by: tuple[tuple[str, float], ...]
    deprived: float
    contacts: float  # median of an episode
    days_between: int
    pence: int  # cost of a contact


TEAMS: Final = {
    row[0]: Team(*row)
    for row in (
        ("district_nursing", "District nursing", "community", (.2, .3, 1, 1.5, 3, 6, 14, 40, 150),
         (("diabetes_type_2", 1.6), ("heart_failure", 2), ("dementia", 2)), 1.4, 9, 6, 5100),
        ("community_physiotherapy", "Community physiotherapy", "community", (1, 4, 8, 10, 13, 16, 18, 22, 35),
         (("osteoarthritis", 2), ("back_pain", 2.5), ("falls", 3), ("stroke", 3)), 1.1, 4, 14, 7200),
        ("podiatry", "Podiatry", "community", (.1, 1, 1, 1.5, 3, 6, 11, 22, 40),
         (("diabetes_type_2", 3), ("peripheral_arterial_disease", 3)), 1.2, 4, 60, 5600),
        ("speech_therapy", "Speech and language therapy", "community", (22, 9, .5, .5, .6, 1, 2, 4, 9),
         (("stroke", 4), ("autism", 5), ("learning_disability", 4), ("parkinsons", 5)), 1.5, 4, 21, 11800),
        ("health_visiting", "Health visiting", "community", (150, 0, 0, 0, 0, 0, 0, 0, 0), (), 1.3, 4, 75, 6900),
        ("urgent_response", "Urgent community response", "community", (0, 0, .2, .2, .4, 1, 4, 14, 52),
         (("falls", 4), ("copd", 2), ("heart_failure", 2)), 1.4, 2, 1, 19500),
        ("heart_failure_nurse", "Heart failure nursing", "community", (0, 0, 0, .01, .02, .05, .1, .2, .3),
         (("heart_failure", 90),), 1.2, 5, 28, 9400),
        ("respiratory_nurse", "Community respiratory service", "community", (0, 0, 0, .05, .1, .3, .6, .8, .8),
         (("copd", 40),), 1.3, 5, 21, 8900),
        ("continence", "Continence service", "community", (.2, 1, .6, 1.2, 2, 3, 5, 9, 18),
         (("urinary_incontinence", 8),), 1.1, 3, 45, 8100),
        ("talking_therapies", "Talking therapies", "mental_health", (0, 2, 34, 33, 26, 20, 10, 5, 3),
         (("depression", 4), ("anxiety", 5)), 1.4, 6, 12, 10300),
        ("community_mental_health", "Community mental health team", "mental_health", (0, 1, 6, 6, 6, 5, 3, 2, 2),
         (("schizophrenia", 30), ("bipolar_disorder", 25), ("depression", 2)), 2, 9, 21, 18200),
        ("children_mental_health", "Children and young people's mental health service", "mental_health",
         (1.5, 38, 2, 0, 0, 0, 0, 0, 0), (("autism", 4), ("adhd", 5), ("anxiety", 5), ("depression", 5)), 1.5, 6, 21,
         21400),
        ("memory_service", "Memory assessment service", "mental_health", (0, 0, 0, 0, .1, .5, 2.5, 10, 28),
         (("dementia", 6),), 1, 3, 40, 22600),
        ("crisis", "Crisis resolution and home treatment team", "mental_health", (0, .8, 4, 3.5, 3, 2.5, 1.4, 1, 1),
         (("schizophrenia", 12), ("bipolar_disorder", 14), ("depression", 3), ("alcohol_dependence", 3)), 2.4, 6, 2,
         25700),
        ("learning_disability_team", "Community learning disability team", "mental_health",
         (0, .1, .1, .1, .1, .1, .1, .1, .1), (("learning_disability", 900),), 1, 5, 30, 16400),
    )
}  # fmt: skip
"""Teams by key."""


class Service(NamedTuple):
    """A service of adult social care or of a voluntary organisation."""

    key: str
    text: str
    weekly_pence: int
    is_long: bool


SOCIAL_CARE: Final = {
    row[0]: Service(*row)
    for row in (
        ("home_care", "Home care", 24500, True),
        ("reablement", "Reablement", 31000, False),
        ("residential_care", "Residential care", 92000, True),
        ("nursing_care", "Nursing care", 108000, True),
        ("direct_payment", "Direct payment", 31500, True),
        ("day_care", "Day care", 14500, True),
        ("equipment", "Equipment and adaptations", 0, False),
        ("telecare", "Telecare", 700, True),
        ("respite", "Short breaks", 16800, False),
        ("supported_living", "Supported living", 86000, True),
        ("carer_support", "Support for carers", 2600, False),
    )
}
"""Services of adult social care by key."""
VOLUNTARY: Final = {
    row[0]: Service(*row)
    for row in (
        ("befriending", "Befriending", 1800, True),
        ("food_bank", "Food bank", 1500, False),
        ("debt_advice", "Debt and benefits advice", 4200, False),
        ("walking_group", "Walking group", 600, True),
        ("carers_group", "Carers' group", 1100, True),
        ("lunch_club", "Lunch club", 1400, True),
        ("bereavement", "Bereavement support", 3600, False),
        ("housing_advice", "Housing advice", 4400, False),
        ("transport", "Community transport", 1900, True),
        ("wellbeing_coach", "Health and wellbeing coaching", 3900, False),
    )
}
"""Services of voluntary organisations by key."""
