"""The three real systems as a fresh clone has them: every count is real, every small area is simulated."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection

from joinedup.access import Grant
from joinedup.errors import NotFound, RuleError
from joinedup.system import Picture
from joinedup.system.periods import PartialDate

from .conftest import See

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_systems")]

PLACES = {"East and North Hertfordshire": 330, "South and West Hertfordshire": 349, "West Essex": 178}
DAYS = ["2016-01-01", "2019-04-01", "2021-04-01", "2022-06-30", "2022-07-01", "2025-04-01"]


def show(picture: Picture, text: str) -> Any:
    from joinedup.system import answers

    return answers.show(picture, text)


def places(answer: Any) -> dict[str, int]:
    return {area["name"]: area["small_areas"] for area in answer["areas"] if area["kind"] == "place"}


@pytest.mark.parametrize("day", DAYS)
def test_hertfordshire_and_west_essex_is_857_small_areas_in_three_places_throughout(see: See, day: str) -> None:
    """Rules: T4."""
    answer = show(see(day), "QM7")
    assert (answer["small_areas"], answer["is_simulated"]) == (857, True)
    assert sorted(places(answer).values()) == sorted(PLACES.values())
    assert sum(places(answer).values()) == 857


# day          led by, kind and legal form
ROUTE = [
    ("2019-04-01", "stp", "partnership"),
    ("2021-04-01", "ics", "partnership"),
    ("2022-06-30", "ics", "partnership"),
    ("2022-07-01", "icb", "statutory_corporate"),
]


@pytest.mark.parametrize("asked", ["QM7", "QMF", "QJ2"])
@pytest.mark.parametrize(("day", "kind", "legal_form"), ROUTE)
def test_the_code_of_a_board_stands_for_its_system_on_days_before_the_board(
    see: See, asked: str, day: str, kind: str, legal_form: str
) -> None:
    """Rules: T3, C1. Each system's route from partnership to statutory body, under the same question."""
    picture = see(day)
    answer = show(picture, asked)
    led_by = picture.body(answer["led_by"]["key"])
    assert answer["what"] == "system"
    if day == "2019-04-01":  # North East London and the other two each became an ICS on a day of their own.
        assert led_by.kind in {"stp", "ics"}
    else:
        assert led_by.kind == kind
    assert led_by.legal_form == legal_form


def ccgs(picture: Picture, system: str) -> set[str]:
    """Answer the codes of the CCGs that commission for a system or a place in it."""
    answer = show(picture, system)
    return {body["code"] for body in answer["bodies"].get("ccg", [])}


# system   day           its CCGs
CCGS = [
    ("QMF", "2021-03-31", {"07L", "07T", "08F", "08M", "08N", "08V", "08W"}),
    ("QMF", "2021-04-01", {"A3A8R"}),
    ("QMF", "2022-07-01", set()),
    ("QJ2", "2018-04-01", {"03X", "03Y", "04J", "04R"}),
    ("QJ2", "2019-03-31", {"03X", "03Y", "04J", "04R"}),
    ("QJ2", "2019-04-01", {"15M"}),
    ("QJ2", "2022-07-01", set()),
    ("QM7", "2016-04-01", {"06K", "06N", "07H"}),
    ("QM7", "2022-06-30", {"06K", "06N", "07H"}),
    ("QM7", "2022-07-01", set()),
]


@pytest.mark.parametrize(("system", "day", "expected"), CCGS)
def test_the_groups_that_purchased_care(see: See, system: str, day: str, expected: set[str]) -> None:
    """North East London: seven, then A3A8R. Derbyshire: four, then 15M. Hertfordshire and West Essex never merged."""
    assert ccgs(see(day), system) == expected


# system   day           small areas
SIZES = [
    ("QMF", "2021-03-31", 1023),
    ("QMF", "2022-07-01", 1023),
    ("QJ2", "2018-04-01", 621),
    ("QJ2", "2022-06-30", 621),
    ("QJ2", "2022-07-01", 642),
]


@pytest.mark.parametrize(("system", "day", "expected"), SIZES)
def test_how_large_a_system_is(see: See, system: str, day: str, expected: int) -> None:
    """Rules: T4. The 21 small areas of Glossop come to Derbyshire on 1 July 2022."""
    assert show(see(day), system)["small_areas"] == expected


@pytest.mark.parametrize("code", ["06K", "06N", "07H"])
def test_a_code_outlives_the_body_it_named(see: See, code: str) -> None:
    """Rules: T3. A CCG until 30 June 2022; from 1 July a sub-ICB location of QM7."""
    before, after = show(see("2022-06-30"), code), show(see("2022-07-01"), code)
    assert (before["what"], before["kind"], before["exists"]) == ("body", "ccg", True)
    assert (after["what"], after["kind"]) == ("area", "sub_icb_location")
    assert [area["name"] for area in after["within"]] == [show(see("2022-07-01"), "QM7")["name"]]
    with pytest.raises(NotFound):
        see("2022-07-01").body(code)


def test_nothing_was_known_of_the_board_before_it_was_published(see: See) -> None:
    """Rules: C2. At the end of 2020 the statutory footing of April 2022 was a proposal."""
    then = see("2022-07-01", "2020-12-31")
    assert show(then, "hwe")["led_by"]["kind"] in {"stp", "ics"}
    planned = [e for e in then.events() if e.kind == "found" and str(e.effective).startswith("2022-04")]
    assert {e.certainty for e in planned} <= {"proposed", "subject_to_parliament"}
    assert planned
    assert all(e.days_overdue > 0 for e in planned)
    assert not any(e.days_overdue for e in see("2022-07-01", "2022-07-01").events() if e.kind == "found")


def test_the_split_announced_for_2026_is_no_fact(see: See) -> None:
    """Rules: C2. On 2 April 2026 the date has passed, and by itself that changes nothing: the plan is overdue."""
    picture = see("2026-04-02")
    planned = [e for e in picture.events() if str(e.effective).startswith("2026-04")]
    assert planned
    for event in planned:
        assert event.certainty != "in_force"
        assert event.days_overdue > 0
    assert show(picture, "QM7")["small_areas"] == 857
    assert show(picture, "hwe")["led_by"]["code"] == "QM7"


@pytest.mark.parametrize("system", ["QM7", "QMF", "QJ2"])
@pytest.mark.parametrize("day", DAYS[1:])
def test_every_function_has_one_owner_on_each_day(see: See, system: str, day: str) -> None:
    """Rules: V7. The database refuses two; here none is without."""
    from joinedup.system.models import FunctionOwner

    picture = see(day)
    areas = {a.id for a in picture.areas_within(picture.area(show(picture, system)["key"]).id)}
    everything = FunctionOwner.objects.filter(area__in=areas).values_list("function", "area").distinct()
    holding = FunctionOwner.objects.filter(
        area__in=areas, valid__contains=picture.moment.valid_on, known__contains=picture.moment.known_at
    )
    owned = Counter(holding.values_list("function", "area"))
    ever = {pair for pair in everything if began(pair) <= picture.moment.valid_on}
    assert set(owned) == ever
    assert set(owned.values()) <= {1}
    for fact in holding.select_related("body"):
        assert picture.bodies_by_id([fact.body_id])[fact.body_id].exists, f"{fact.body.key} does not exist on {day}"


def began(pair: Any) -> Any:
    from joinedup.system.models import FunctionOwner

    facts = FunctionOwner.objects.filter(function=pair[0], area=pair[1], known__endswith__isnull=True)
    return min(fact.valid.lower for fact in facts)


@pytest.mark.parametrize("day", DAYS)
def test_each_small_area_lies_in_one_system_or_in_none_that_is_loaded(see: See, day: str) -> None:
    """Rules: T4. Of 2,522 small areas, Glossop's 21 lie in no loaded system before July 2022."""
    from joinedup.system import answers

    answer = answers.coverage(see(day))
    outside = 0 if day >= "2022-07-01" else 21
    assert (answer["small_areas"], answer["in_one_system"]) == (2522, 2522 - outside)
    assert (len(answer["in_none"]), answer["in_several"]) == (outside, [])


# small area of, need, board
BOARDS = [
    ("Harlow", "learning_disability", "West Essex Mental Health and Learning Disability"),
    ("Stevenage", "learning_disability", "Hertfordshire Mental Health and Learning Disability"),
    ("Stevenage", "", "East and North Hertfordshire"),
    ("Watford", "mental_health", "Hertfordshire Mental Health and Learning Disability"),
    ("Watford", "", "West Hertfordshire Integrated Care Partnership"),
    ("Harlow", "", "West Essex"),
]


@pytest.mark.parametrize(("council", "need", "expected"), BOARDS)
def test_the_board_that_answers(see: See, council: str, need: str, expected: str) -> None:
    """Rules: T8."""
    from joinedup.system.models import SmallArea

    code = SmallArea.objects.filter(name__startswith=council).values_list("code", flat=True)[0]
    assert see("2021-04-01").responsible_board(code, need).name.startswith(expected)


def test_hertfordshire_and_essex_are_679_and_178_small_areas(see: See) -> None:
    """Rules: T8. Essex is Epping Forest, Harlow and Uttlesford."""
    care_groups = {
        a["name"]: a["small_areas"] for a in show(see("2021-04-01"), "QM7")["areas"] if a["kind"] == "care_group"
    }
    assert sorted(care_groups.values()) == [178, 679]
    neighbourhoods = {a["name"]: a["small_areas"] for a in show(see("2022-07-01"), "QM7")["areas"]}
    assert sum(neighbourhoods[name] for name in ("Epping Forest", "Harlow", "Uttlesford")) == 178


@pytest.mark.parametrize("system", ["hwe", "nel", "derbyshire"])
def test_loading_again_changes_nothing(system: str, grant: Grant, rows: Any) -> None:
    from joinedup.system import services

    before = rows()
    assert services.load_system(services.system_file(system), grant).is_unchanged
    after = rows()
    assert {t for t in after if after[t] != before[t]} == {"access_auditentry", "access_unsealed"}


def test_every_fact_names_its_source_and_since_when_it_is_known() -> None:
    from joinedup.system.models import FACTS, Site, Source

    titled = set(Source.objects.exclude(title="").values_list("key", flat=True))
    for model in FACTS:
        assert model.objects.exists() or model is Site  # Where practices work is in the published files.
        assert set(model.objects.values_list("source", flat=True).distinct()) <= titled
        assert not model.objects.filter(known__startswith__isnull=True).exists()


def test_the_picture_of_one_body_takes_few_questions(see: See, django_assert_max_num_queries: Any) -> None:
    """One body is one question to the database: which one, and what of it."""
    with django_assert_max_num_queries(1, connection=connection):
        see("2022-07-01").body("QM7")


# --- C2: saying what became of a plan


def split(see: See) -> dict[str, Any]:
    from joinedup.system import answers

    picture = see("2026-11-22")
    return next(answers.event(picture, e) for e in picture.events() if e.key == "hwe-split")


def test_an_overdue_plan_is_told_another_date(see: See, grant: Grant) -> None:
    from joinedup.system import services

    before = split(see)
    assert (before["certainty"], before["effective"], before["days_overdue"]) == ("proposed", "2026-04-01", 235)
    services.renew_belief(grant, "hwe-split", "approved", PartialDate.parse("2027-04"), "The order as it was made")
    after = split(see)
    assert (after["certainty"], after["effective"], after["days_overdue"]) == ("approved", "2027-04", 0)
    assert [b["key"] for b in after["results"]] == [b["key"] for b in before["results"]]


def test_a_split_that_would_leave_functions_without_an_owner_is_refused(see: See, grant: Grant) -> None:
    """Rules: C6."""
    from joinedup.system import services

    with pytest.raises(RuleError, match="without an owner"):
        services.renew_belief(
            grant, "hwe-split", "in_force", PartialDate.parse("2026-04-01"), "The order as it was made"
        )


def test_what_became_of_an_unknown_change(see: See, grant: Grant) -> None:
    from joinedup.system import services

    with pytest.raises(NotFound, match="Did you mean 'hwe-split'"):
        services.renew_belief(grant, "hwe-splat", "withdrawn", PartialDate.parse("2026-04-01"), "A letter of that day")
