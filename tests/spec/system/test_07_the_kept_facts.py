"""What the tables keep: a letter, a plan whose date slips, a merger; corrected, never overwritten, always recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange

from joinedup.access import Grant, grant_for
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.moment import now, parse_known
from joinedup.system import Body, Picture
from joinedup.system.periods import PartialDate

from .conftest import See

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("little")]
DAY = PartialDate.parse


def models() -> Any:
    from joinedup.system import models as tables

    return tables


# --- T1, C2: two times


LETTER = [
    ("2021-04-01", "2021-03-18", "stp"),
    ("2021-04-01", "2021-03-20", "ics"),
    ("2021-03-31", "2021-05-01", "stp"),
]


@pytest.mark.parametrize(("day", "known", "expected"), LETTER)
def test_the_letter_of_19_march_2021(see: See, day: str, known: str, expected: str) -> None:
    """Rules: T1. A letter known on 19 March says integrated care system from 1 April."""
    assert see(day, known).body("littleshire-ics").kind == expected


def test_a_redesignation_keeps_the_body_and_its_old_name(see: See) -> None:
    """Rules: C1. The uuid stays; on a day before, the old name is shown."""
    before, after = (see(day).body("littleshire-ics") for day in ("2021-03-31", "2021-04-01"))
    assert before.id == after.id
    assert (before.name, after.name) == ("Littleshire Partnership", "Littleshire Integrated Care System")


def believe(key: str, kind: str, body: str, certainty: str, effective: str, known: str, **detail: Any) -> Any:
    from joinedup.system.events import believe as say
    from joinedup.system.facts import Basis

    event, _ = models().ChangeEvent.objects.get_or_create(key=key, defaults={"kind": kind})
    found = models().Body.objects.get(key=body)
    basis = Basis(parse_known(known), models().Source.objects.get(key="littleshire:plan"))
    with transaction.atomic():
        say(event, certainty, DAY(effective), [found], [found], basis, detail=detail)
    return event


STATUTORY = {"becomes": {"kind": "icb", "legal_form": "statutory_corporate"}}


def test_a_date_that_slips(see: See) -> None:
    """Rules: C2. Planned for 1 April 2022, in force from 1 July; the earlier belief stays readable."""
    event = believe("footing", "redesignate", "littleshire-ics", "proposed", "2022-04-01", "2021-11-26", **STATUTORY)

    def events(day: str, known: str) -> list[tuple[str, str, int]]:
        picture = see(day, known)
        told = picture.events([picture.body("littleshire-ics").id])
        return [(e.certainty, str(e.effective), e.days_overdue) for e in told if e.key == "footing"]

    assert see("2022-04-02", "2022-04-02").body("littleshire-ics").legal_form == "partnership"
    assert events("2022-04-02", "2022-04-02") == [("proposed", "2022-04-01", 1)]
    believe("footing", "redesignate", "littleshire-ics", "in_force", "2022-07-01", "2022-04-28", **STATUTORY)
    legal_form = {day: see(day).body("littleshire-ics").legal_form for day in ("2022-06-30", "2022-07-01")}
    assert legal_form == {"2022-06-30": "partnership", "2022-07-01": "statutory_corporate"}
    assert see("2022-07-01", "2022-04-27").body("littleshire-ics").legal_form == "partnership"
    assert events("2022-04-02", "2022-04-02") == [("proposed", "2022-04-01", 1)]
    assert events("2022-07-02", "2022-04-28") == [("in_force", "2022-07-01", 0)]
    told = see("2022-07-01").beliefs([event.id])
    assert [(e.certainty, str(e.effective)) for e in told] == [
        ("proposed", "2022-04-01"),
        ("in_force", "2022-07-01"),
    ]


def test_a_withdrawn_plan_changes_nothing_and_is_not_late(see: See) -> None:
    """Rules: C2."""
    believe("footing", "redesignate", "littleshire-ics", "proposed", "2022-04-01", "2021-11-26", **STATUTORY)
    believe("footing", "redesignate", "littleshire-ics", "withdrawn", "2022-04-01", "2022-03-01", **STATUTORY)
    picture = see("2022-04-02")
    found = picture.body("littleshire-ics")
    (told,) = [e for e in picture.events([found.id]) if e.key == "footing"]
    assert (found.legal_form, told.certainty, told.days_overdue) == ("partnership", "withdrawn", 0)


def test_what_is_in_force_is_not_planned_again() -> None:
    with pytest.raises(RuleError, match="in force already"):
        believe("becomes-ics", "redesignate", "littleshire-ics", "withdrawn", "2022-01-01", "2022-01-01", **STATUTORY)


def test_the_board_was_planned_for_april_and_came_in_july(see: See) -> None:
    """Rules: C2, from the system's file."""
    assert not see("2022-04-02").body("littleshire-icb").exists
    assert see("2022-07-01").body("QZ9").kind == "icb"
    assert not see("2022-07-01", "2022-06-30").body("littleshire-icb").exists
    planned = see("2022-04-03", "2022-04-03")
    (event,) = [e for e in planned.events() if e.key == "board"]
    assert (event.certainty, str(event.effective), event.days_overdue) == ("proposed", "2022-04-01", 2)


def test_a_month_is_kept_as_a_month(see: See) -> None:
    """Rules: T2. Since 2020-05: visible on 10 May, and said to be uncertain."""
    (post,) = see("2020-05-10").posts([see("2020-05-10").body("ccg-littleshire").id])
    (holding,) = post.holders
    assert str(holding.since.start) == "2020-05"
    assert holding.since.is_uncertain_on(date(2020, 5, 10))
    assert see("2016-06-01").body("littleshire-ics").is_uncertain
    assert not see("2017-01-01").body("littleshire-ics").is_uncertain
    (vacant,) = see("2020-04-30").posts([post.body])
    assert vacant.holders == ()


# --- what each kind of change does


def test_a_merger_closes_its_originals_and_opens_one_new_body(see: See) -> None:
    """Rules: C1, T3. The bodies, their codes and their areas are three histories."""
    before, after = see("2020-03-31"), see("2020-04-01")
    assert [before.body(code).exists for code in ("01A", "01B", "ccg-littleshire")] == [True, True, False]
    assert [after.body(code).exists for code in ("01A", "01B", "01X")] == [False, False, True]
    places = [after.area("north").id, after.area("south").id]
    commissioning = {
        day: {
            picture.bodies_by_id([body])[body].key
            for body, _, role, _ in picture.servings(places)
            if role == "commissions_for"
        }
        for day, picture in (("before", before), ("after", after))
    }
    assert commissioning == {"before": {"ccg-north", "ccg-south"}, "after": {"ccg-littleshire"}}
    assert before.small_areas(places[0]) == after.small_areas(places[0])


def owners(picture: Picture) -> dict[str, str]:
    facts = models().FunctionOwner.objects.filter(
        valid__contains=picture.moment.valid_on, known__contains=picture.moment.known_at
    )
    return {f"{fact.function_id} in {fact.area.key}": fact.body.key for fact in facts.select_related("area", "body")}


def test_every_function_has_one_owner_on_each_day(see: See) -> None:
    """Rules: C6, V7. Through a merger and a dissolution; nothing is left behind."""
    assert owners(see("2020-03-31")) == {"commission in north": "ccg-north", "commission in south": "ccg-south"}
    merged, board = "ccg-littleshire", "littleshire-icb"
    assert owners(see("2020-04-01")) == {"commission in north": merged, "commission in south": merged}
    assert owners(see("2022-07-01")) == {"commission in north": board, "commission in south": board}


def test_a_rename_changes_the_name_and_no_owner(see: See, grant: Grant) -> None:
    """Rules: C5."""
    from joinedup.system import services

    before = owners(see("2019-01-01"))
    services.record_event(
        grant, "rename", ["ccg-north"], ["ccg-north"], "in_force", DAY("2019-01-01"), "Letter of the governing body",
        detail={"name": "NHS Upper Littleshire CCG"},
    )  # fmt: skip
    assert see("2018-12-31").body("01A").name == "NHS Northam CCG"
    assert see("2019-01-01").body("01A").name == "NHS Upper Littleshire CCG"
    assert owners(see("2019-01-01")) == before


def test_a_recode_gives_the_same_body_another_code(see: See, grant: Grant) -> None:
    """Rules: C1, T3."""
    from joinedup.system import services

    services.record_event(
        grant, "recode", ["littleshire-trust"], ["littleshire-trust"], "in_force", DAY("2021-10-01"), "ODS, 1 October",
        detail={"scheme": "ods", "old": "RZ1", "new": "RZ7"},
    )  # fmt: skip
    before, after = see("2021-09-30").body("RZ1"), see("2021-10-01").body("RZ7")
    assert before.id == after.id
    assert (before.codes, after.codes) == ({"ods": ("RZ1",)}, {"ods": ("RZ7",)})


def test_a_split_needs_somebody_for_each_function(see: See, grant: Grant, rows: Callable[[], Any]) -> None:
    """Rules: C1, C6, V2. Two new bodies and nobody says who commissions where: refused, and nothing is kept."""
    from joinedup.system import services
    from joinedup.system.change import Share

    for key in ("half-a", "half-b"):
        models().Body.objects.create(key=key)
    shares = [
        Share("ccg-north", "half-a", "lsoa", Decimal("0.6")),
        Share("ccg-north", "half-b", "lsoa", Decimal("0.4")),
    ]
    form = {"kind": "ccg", "legal_form": "statutory_corporate", "sector": "nhs"}
    before = rows()

    def split(**more: Any) -> None:
        services.record_event(
            grant, "split", ["ccg-north"], ["half-a", "half-b"], "in_force", DAY("2018-04-01"), "An order of 2018",
            **{"shares": shares, "detail": {"results": {"half-a": form, "half-b": form}}} | more,
        )  # fmt: skip

    with pytest.raises(RuleError, match="without an owner"):
        split()
    with pytest.raises(RuleError, match=r"sum to 0\.6"):
        split(shares=shares[:1])
    assert rows() == before


def test_a_transfer_of_functions_closes_nobody(see: See, grant: Grant) -> None:
    """Rules: C1, C6."""
    from joinedup.system import services

    services.record_event(
        grant, "transfer_function", ["ccg-north"], ["littleshire-trust"], "in_force", DAY("2018-04-01"),
        "Agreement of 2018", detail={"functions": ["commission"]},
    )  # fmt: skip
    assert owners(see("2018-03-31"))["commission in north"] == "ccg-north"
    assert owners(see("2018-04-01"))["commission in north"] == "littleshire-trust"
    assert see("2018-04-01").body("ccg-north").exists


def test_a_boundary_change_moves_small_areas_only(see: See) -> None:
    """Rules: C1, T4. Westham's two small areas, 2,999 people, leave Bigshire and enter Littleshire on one day."""
    before, after = see("2022-06-30"), see("2022-07-01")
    assert [(p.area("littleshire").small_areas, p.area("bigshire").small_areas) for p in (before, after)] == [
        (5, 2),
        (7, 0),
    ]
    assert [p.area("littleshire").population for p in (before, after)] == [7501, 10_500]
    assert see("2022-07-01", "2022-06-30").area("littleshire").small_areas == 5


def test_head_count_counts_people_not_assignments(see: See) -> None:
    """Rules: C10. One leader works for the group and for the partnership: one person, one employment, 0.6 + 0.4."""
    tables = models()
    assert tables.Employment.objects.count() == 1
    assert sum(tables.Assignment.objects.values_list("fte", flat=True)) == Decimal("1.000")
    assert tables.Assignment.objects.values("person").distinct().count() == 1
    (post,) = see("2021-01-01").posts([see("2021-01-01").body("ccg-littleshire").id])
    assert [(h.person.name, h.status, h.fte) for h in post.holders] == [("A Leader", "substantive", "0.600")]


# --- corrections: recorded, undone together, never overwriting


def entries() -> list[dict[str, Any]]:
    from joinedup.access.models import AuditEntry

    return [
        entry.body if isinstance(entry.body, dict) else json.loads(entry.body)
        for entry in AuditEntry.objects.order_by("id")
    ]


def name_of(body: str) -> Any:
    return models().Name.objects.get(body__key=body, known__endswith__isnull=True)


def test_a_correction_shows_from_now_on_and_not_before(see: See, grant: Grant) -> None:
    """Rules: T1. The page as known before shows the old answer, today's the new one."""
    from joinedup.system import services

    before = now().known_at
    fact = name_of("littleshire-trust")
    services.correct(
        grant, "Name", fact.pk, {"name": "Littleshire Teaching Hospitals"}, DAY("2010-04-01"), None, "The trust's seal"
    )
    assert see("2022-01-01").body("RZ1").name == "Littleshire Teaching Hospitals"
    assert see("2022-01-01", before).body("RZ1").name == "Littleshire Hospitals"
    last = entries()[-1]
    assert (last["action"], last["subject"], last["outcome"]) == ("system.correct", f"Name:{fact.pk}", "done")
    assert last["actor"] == "service:test"


def test_a_correction_of_some_days_leaves_the_others(see: See, grant: Grant) -> None:
    from joinedup.system import services

    fact = models().Standing.objects.get(body__key="littleshire-trust")
    says = {"kind": "foundation_trust", "legal_form": "foundation_trust"}
    services.correct(grant, "Standing", fact.pk, says, DAY("2010-04-01"), DAY("2020-04"), "The register of trusts")
    kinds = {day: see(day).body("RZ1").kind for day in ("2010-04-01", "2020-03-31", "2020-04-01")}
    assert kinds == {"2010-04-01": "foundation_trust", "2020-03-31": "foundation_trust", "2020-04-01": None}
    assert see("2020-03-31").body("RZ1").since.end == DAY("2020-04")


def test_a_withdrawn_fact_is_gone_from_now_on_only(see: See, grant: Grant) -> None:
    from joinedup.system import services

    before = now().known_at
    fact = models().ContactPoint.objects.get(body__key="littleshire-trust")
    services.withdraw(grant, "ContactPoint", fact.pk, "The page belongs to another")
    tables = models()
    assert not tables.ContactPoint.objects.filter(known__contains=now().known_at).exists()
    assert tables.ContactPoint.objects.filter(known__contains=before).get().value == "https://trust.example.org"
    assert entries()[-1]["action"] == "system.withdraw"
    with pytest.raises(NotFound, match="no longer believed"):
        services.withdraw(grant, "ContactPoint", fact.pk, "The page belongs to another")


# what is asked, and what is said
NO_CORRECTION = [
    ({"says": {"name": ""}}, RuleError, "empty"),
    ({"says": {"role": "official"}}, RuleError, "no 'role' to correct"),
    ({"reason": "because"}, RuleError, "at least 10 characters"),
    ({"to": DAY("2010-04-01")}, RuleError, "has no day"),
    ({"fact": "Part"}, NotFound, "nothing that can be corrected"),
    ({"fact_id": 10**9}, NotFound, "no longer believed"),
    ({"fact": "Standing", "says": {"kind": "icbb"}}, RuleError, "Did you mean 'icb'"),
    ({"fact": "Link", "says": {"share": "1.5"}}, RuleError, "between 0 and 1"),
    ({"fact": "Link", "says": {"share": "much"}}, RuleError, "share"),
]


@pytest.mark.parametrize(("asked", "error", "says"), NO_CORRECTION)
def test_what_cannot_be_corrected_is_refused_and_changes_nothing(
    grant: Grant, rows: Callable[[], Any], asked: dict[str, Any], error: type[Exception], says: str
) -> None:
    from joinedup.system import services

    wanted = {
        "fact": "Name", "says": {"name": "Another"}, "start": DAY("2010-04-01"), "to": None,
        "reason": "The trust's seal",
    } | asked  # fmt: skip
    stored = getattr(models(), wanted["fact"]).objects.filter(known__endswith__isnull=True)
    stored = stored.filter(body__key="littleshire-trust") if wanted["fact"] != "Part" else stored
    wanted = {"fact_id": stored.first().pk} | wanted
    before = rows()
    with pytest.raises(error, match=says):
        services.correct(grant, **wanted)
    assert rows() == before


def test_nobody_corrects_without_leave(see: See, rows: Callable[[], Any]) -> None:
    from django.contrib.auth.models import AnonymousUser

    from joinedup.system import services

    before = rows()
    reader = grant_for(AnonymousUser(), "system.read")
    with pytest.raises(Refused, match=r"system\.correct"):
        services.correct(
            reader, "Name", name_of("littleshire-trust").pk, {"name": "X"}, DAY("2010"), None, "No reason at all"
        )
    with pytest.raises(Refused, match=r"system\.correct"):
        services.withdraw(reader, "Name", name_of("littleshire-trust").pk, "No reason at all")
    with pytest.raises(Refused, match=r"system\.correct"):
        services.record_event(reader, "found", [], ["x"], "proposed", DAY("2030"), "No reason at all")
    assert rows() == before


def break_the_audit() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the audit is full'; END $$;
               CREATE TRIGGER full_audit BEFORE INSERT ON access_auditentry EXECUTE FUNCTION refuse()"""
        )


def act_correct(grant: Grant) -> None:
    from joinedup.system import services

    says = {"name": "Another"}
    services.correct(grant, "Name", name_of("littleshire-trust").pk, says, DAY("2010-04-01"), None, "The trust's seal")


def act_withdraw(grant: Grant) -> None:
    from joinedup.system import services

    services.withdraw(grant, "Name", name_of("littleshire-trust").pk, "The trust's seal")


def act_event(grant: Grant) -> None:
    from joinedup.system import services

    services.record_event(
        grant, "rename", ["ccg-north"], ["ccg-north"], "in_force", DAY("2019-01-01"), "Letter of the governing body",
        detail={"name": "NHS Upper Littleshire CCG"},
    )  # fmt: skip


@pytest.mark.parametrize("act", [act_correct, act_withdraw, act_event])
def test_an_act_that_cannot_be_recorded_does_not_happen(
    grant: Grant, rows: Callable[[], Any], act: Callable[[Grant], None]
) -> None:
    before, name = rows(), name_of("littleshire-trust").pk
    break_the_audit()
    with pytest.raises(Exception, match="the audit is full"), transaction.atomic():
        act(grant)
    assert rows() == before
    assert name_of("littleshire-trust").pk == name


# --- the database itself refuses two answers


def fact(model: str, valid: tuple[str, str | None], known: tuple[str, str | None], **fields: Any) -> Any:
    tables = models()
    days = DateRange(date.fromisoformat(valid[0]), date.fromisoformat(valid[1]) if valid[1] else None)
    instants = DateTimeTZRange(*(datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None for end in known))
    source = tables.Source.objects.get(key="littleshire:plan")
    return getattr(tables, model).objects.create(valid=days, known=instants, source=source, **fields)


def drawn() -> dict[str, Any]:
    tables = models()
    bodies = [tables.Body.objects.create(key=f"drawn-{n}") for n in range(2)]
    areas = [tables.Area.objects.create(key=f"drawn-{n}", kind="system") for n in range(2)]
    post = tables.Post.objects.create(key="drawn")
    person = tables.Person.objects.create(key="drawn")
    function = tables.Function.objects.create(key="drawn")
    small = tables.SmallArea.objects.create(code="DRAWN")
    b, other, a, another = *bodies, *areas
    code = {"scheme": "ods", "code": "X"}
    work = {"person": person, "works_for": b}
    return {
        "one_standing_at_a_time": ("Standing", [{"body": b, "kind": "stp"}, {"body": b, "kind": "ics"}]),
        "one_name_of_a_body": ("Name", [{"body": b, "name": "One"}, {"body": b, "name": "Two"}]),
        "one_name_of_an_area": ("Name", [{"area": a, "name": "One"}, {"area": a, "name": "Two"}]),
        "one_name_of_a_person": ("Name", [{"person": person, "name": "One"}, {"person": person, "name": "Two"}]),
        "one_thing_of_a_code": ("Identifier", [code | {"body": b}, code | {"area": a}]),
        "one_contact_of_a_kind": ("ContactPoint", [{"body": b, "kind": "web", "value": v} for v in "xy"]),
        "one_site_at_a_time": ("Site", [{"body": b, "postcode": p} for p in "xy"]),
        "one_serving_at_a_time": ("Serving", [{"body": b, "area": a, "role": "serves", "share": s} for s in (0, 1)]),
        "one_leader_of_an_area": ("Serving", [{"body": x, "area": a, "role": "leads"} for x in bodies]),
        "one_link_at_a_time": ("Link", [{"body": b, "to": other, "kind": "part_of", "share": s} for s in (0, 1)]),
        "one_part_at_a_time": ("Part", [{"area": a, "small_area": small, "weight": w} for w in (0, 1)]),
        "one_area_of_a_partition": ("Part", [{"area": x, "small_area": small, "partition": 1} for x in (a, another)]),
        "one_within_at_a_time": ("Within", [{"area": a, "parent": another}] * 2),
        "one_standing_of_a_post": ("PostStanding", [{"post": post, "body": x, "title": "T"} for x in bodies]),
        "one_employment_at_a_time": ("Employment", [{"person": person, "employer": b, "fte": f} for f in (0, 1)]),
        "one_assignment_at_a_time": ("Assignment", [work | {"post": post, "fte": f} for f in (0, 1)]),
        "one_assignment_without_a_post": ("Assignment", [work | {"fte": f} for f in (0, 1)]),
        "one_owner_of_a_function": ("FunctionOwner", [{"function": function, "area": a, "body": x} for x in bodies]),
    }  # fmt: skip


CONSTRAINTS = [
    "one_standing_at_a_time", "one_name_of_a_body", "one_name_of_an_area", "one_name_of_a_person",
    "one_thing_of_a_code", "one_contact_of_a_kind", "one_site_at_a_time", "one_serving_at_a_time",
    "one_leader_of_an_area", "one_link_at_a_time", "one_part_at_a_time", "one_area_of_a_partition",
    "one_within_at_a_time", "one_standing_of_a_post", "one_employment_at_a_time", "one_assignment_at_a_time",
    "one_assignment_without_a_post", "one_owner_of_a_function",
]  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_the_database_refuses_a_second_answer(name: str) -> None:
    """Rules: V1, T4. One row for each pair of times, whoever writes it; next to each other they are fine."""
    model, (one, other) = drawn()[name]
    fact(model, ("2020-01-01", "2021-01-01"), ("2020-01-01", "2022-01-01"), **one)
    with pytest.raises(IntegrityError, match="conflicting key"), transaction.atomic():
        fact(model, ("2020-12-31", None), ("2021-12-31", None), **other)
    fact(model, ("2021-01-01", None), ("2020-01-01", "2022-01-01"), **other)
    fact(model, ("2020-01-01", None), ("2022-01-01", None), **other)


def test_every_table_of_facts_is_among_them() -> None:
    tried = drawn()
    assert {model for model, _ in tried.values()} == {model.__name__ for model in models().FACTS}
    assert set(tried) == set(CONSTRAINTS)


def test_the_database_refuses_two_beliefs_of_one_event_at_once() -> None:
    """Rules: C2."""
    tables = models()
    belief = tables.EventBelief.objects.get(event__key="merger")
    belief.pk, belief.certainty = None, "proposed"
    with pytest.raises(IntegrityError, match="one_belief_at_a_time"), transaction.atomic():
        belief.save(force_insert=True)


@pytest.mark.parametrize("fields", [{}, {"body": 0, "area": 0}])
def test_a_name_and_a_code_are_of_one_thing(fields: dict[str, int]) -> None:
    tables = models()
    things = {name: getattr(tables, name.title()).objects.first() for name in fields}
    for model, more in (("Name", {"name": "X"}), ("Identifier", {"scheme": "ods", "code": "X"})):
        with pytest.raises(IntegrityError, match="of_one_thing"), transaction.atomic():
            fact(model, ("2020-01-01", None), ("2020-01-01", None), **things, **more)


# --- finding


FOUND = [
    ("QZ9", "2022-07-01", "littleshire-icb"),
    ("qz9", "2022-07-01", "littleshire-icb"),
    ("QZ9", "2019-04-01", "littleshire-icb"),  # not in use yet: the nearest in time
    ("01A", "2019-04-01", "ccg-north"),
    ("ccg-north", "2019-04-01", "ccg-north"),
]


@pytest.mark.parametrize(("text", "day", "expected"), FOUND)
def test_a_body_is_found_by_code_or_key(see: See, text: str, day: str, expected: str) -> None:
    found = see(day).body(text)
    assert found.key == expected
    assert isinstance(found, Body)
    assert isinstance(found.id, UUID)
    assert see(day).body(str(found.id)) == found


def test_what_is_not_found_is_nearly_guessed(see: See) -> None:
    with pytest.raises(NotFound, match="Did you mean 'Littleshire Hospitals'"):
        see("2022-07-01").body("Littleshire Hospital")
    with pytest.raises(NotFound, match=r"No area has the code '01A'"):
        see("2019-04-01").area("01A")


def test_the_board_that_answers(see: See) -> None:
    """Rules: T8."""
    with pytest.raises(NotFound, match="lies in no place"):
        see("2022-07-01").responsible_board("E01000001")
