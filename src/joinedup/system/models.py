"""The tables of the room: things that last (a body, an area, a post, a person) and dated facts about them.

A thing is an identity and nothing else; whatever can change stands in a fact. A fact is true of the world for the
days in `valid` and was what we knew for the instants in `known`; both are half-open ranges. Facts of one thing that
can hold one value only exclude each other in both times, so that no pair of times has two answers. Nothing is
overwritten: a correction ends `known` of the old row and adds another (`bitemporal.py` says which rows).

Legal body, code and area are three histories (rules: governance T3): `Standing`, `Identifier` and `Part`.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Source(models.Model):
    """Where facts come from: a document, a published file, or a person's correction."""

    key = models.CharField(primary_key=True, max_length=120)
    title = models.TextField()
    publisher = models.TextField(blank=True)
    published = models.CharField(max_length=10, blank=True)  # as given: 2020-11-26, 2020-05 or 2016
    url = models.TextField(blank=True)
    licence = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the file as it was loaded
    loaded_at = models.DateTimeField(db_default=Now())


class Body(models.Model):
    """An organisation or partnership. Its uuid is its identity, whatever it is called or coded (rules: T3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=120, unique=True)


class Area(models.Model):
    """A set of small areas over time, of one kind: system, sub_icb_location, place, neighbourhood, council ..."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30)


class Person(models.Model):
    """Someone who holds a post or a seat. Residents are not here: they come with the room `identity`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=120, unique=True)


class Post(models.Model):
    """A position in a body that people hold one after another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=120, unique=True)


class Function(models.Model):
    """Something that one body must do for an area: commission acute care, plan the workforce."""

    key = models.CharField(primary_key=True, max_length=120)
    title = models.TextField()


class SmallArea(models.Model):
    """A census small area (LSOA 2011), the atom of geography; or a simulated one, until the published files come.

    Facts of a census do not change with time: a new census makes new areas. `outline` is GeoJSON in degrees, or the
    column and row of a tile for a simulated area. `retired_at` is when published areas replaced a simulated one.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=30, unique=True)
    name = models.TextField()
    council = models.CharField(max_length=9)  # ONS code of the council district, 2022
    sub_icb = models.CharField(max_length=10, db_index=True)  # ODS code of the sub-ICB location, 2022
    ccg_2021 = models.CharField(max_length=9, blank=True)  # ONS code of the CCG before 1 July 2022, where published
    imd2019_rank = models.IntegerField(null=True)
    imd2019_decile = models.SmallIntegerField(null=True)
    population_mid2020 = models.IntegerField(null=True)
    population_by_age = ArrayField(models.IntegerField(), null=True)  # 0-4 5-17 18-39 40-64 65-74 75-84 85+
    is_urban = models.BooleanField(null=True)
    outline = models.JSONField(null=True)
    is_simulated = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True)


class Outline(models.Model):
    """A published outline of a whole area (a council, an ICB), by its ONS code, where small areas have none."""

    code = models.CharField(primary_key=True, max_length=30)
    geometry = models.JSONField()
    source = models.ForeignKey(Source, models.PROTECT)


class Fact(models.Model):
    """What every fact carries besides what it says."""

    valid = DateRangeField()
    from_precision = models.CharField(max_length=5, default="day", db_default="day")  # day, month or year
    to_precision = models.CharField(max_length=5, default="day", db_default="day")
    known = DateTimeRangeField()
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    event = models.ForeignKey("ChangeEvent", models.PROTECT, null=True, related_name="+")
    to_confirm = models.BooleanField(default=False, db_default=False)
    note = models.TextField(default="", db_default="", blank=True)
    recorded_by = models.CharField(max_length=120, default="", db_default="", blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    says: ClassVar[tuple[str, ...]] = ()  # the columns that hold what the fact says
    about: ClassVar[tuple[str, ...]] = ()  # the columns that say of what; with `says` they tell two facts apart

    class Meta:
        abstract = True


def one_at_a_time(name: str, *columns: str, where: Q | None = None) -> ExclusionConstraint:
    """Answer the constraint that these columns have one row for each pair of times."""
    overlapping = [("valid", RangeOperators.OVERLAPS), ("known", RangeOperators.OVERLAPS)]
    return ExclusionConstraint(
        name=name, expressions=[(c, RangeOperators.EQUAL) for c in columns] + overlapping, condition=where
    )


class Standing(Fact):
    """That a body exists, as what kind and in which legal form."""

    body = models.ForeignKey(Body, models.PROTECT, related_name="standings")
    kind = models.CharField(max_length=30)
    legal_form = models.CharField(max_length=30)
    sector = models.CharField(max_length=20, blank=True)
    about, says = ("body",), ("kind", "legal_form", "sector")

    class Meta:
        constraints = (one_at_a_time("one_standing_at_a_time", "body"),)


class Name(Fact):
    """What a body, an area or a person is called; one official name at a time, and one for each other role."""

    body = models.ForeignKey(Body, models.PROTECT, null=True, related_name="names")
    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="names")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="names")
    role = models.CharField(max_length=20, default="official")
    name = models.TextField()
    about, says = ("body", "area", "person", "role"), ("name",)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="name_of_one_thing",
                condition=Q(body__isnull=False, area__isnull=True, person__isnull=True)
                | Q(body__isnull=True, area__isnull=False, person__isnull=True)
                | Q(body__isnull=True, area__isnull=True, person__isnull=False),
            ),
            one_at_a_time("one_name_of_a_body", "body", "role", where=Q(body__isnull=False)),
            one_at_a_time("one_name_of_an_area", "area", "role", where=Q(area__isnull=False)),
            one_at_a_time("one_name_of_a_person", "person", "role", where=Q(person__isnull=False)),
        )


class Identifier(Fact):
    """A code, and which body or area it denotes. A code may outlive the body it named (rules: T3)."""

    body = models.ForeignKey(Body, models.PROTECT, null=True, related_name="identifiers")
    area = models.ForeignKey(Area, models.PROTECT, null=True, related_name="identifiers")
    scheme = models.CharField(max_length=10)  # ods, ons, charity, company
    code = models.CharField(max_length=30)
    about, says = ("scheme", "code"), ("body", "area")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="code_of_one_thing",
                condition=Q(body__isnull=False, area__isnull=True) | Q(body__isnull=True, area__isnull=False),
            ),
            one_at_a_time("one_thing_of_a_code", "scheme", "code"),
        )
        indexes = (models.Index(fields=["code"]),)


class ContactPoint(Fact):
    """How a body is reached: web, post, social."""

    body = models.ForeignKey(Body, models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=10)
    value = models.TextField()
    about, says = ("body", "kind"), ("value",)

    class Meta:
        constraints = (one_at_a_time("one_contact_of_a_kind", "body", "kind"),)


class Site(Fact):
    """Where a body works, and how many patients are registered there (GP practices)."""

    body = models.ForeignKey(Body, models.PROTECT, related_name="sites")
    postcode = models.CharField(max_length=8, blank=True)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    registered_patients = models.IntegerField(null=True)
    about, says = ("body",), ("postcode", "longitude", "latitude", "registered_patients")

    class Meta:
        constraints = (one_at_a_time("one_site_at_a_time", "body"),)


class Serving(Fact):
    """What a body is to an area: leads it, commissions for it, serves it, is located in it; with a share if any.

    `leads` is what makes a system's lead body on a day: partnership, then integrated care board.
    """

    body = models.ForeignKey(Body, models.PROTECT, related_name="servings")
    area = models.ForeignKey(Area, models.PROTECT, related_name="servings")
    role = models.CharField(max_length=20)
    share = models.DecimalField(max_digits=8, decimal_places=6, null=True)
    about, says = ("body", "area", "role"), ("share",)

    class Meta:
        constraints = (
            one_at_a_time("one_serving_at_a_time", "body", "area", "role"),
            one_at_a_time("one_leader_of_an_area", "area", where=Q(role="leads")),
        )


class Link(Fact):
    """What a body is to another: member_of, part_of, lead_provider_of, regulated_by; with a share if any."""

    body = models.ForeignKey(Body, models.PROTECT, related_name="links")
    to = models.ForeignKey(Body, models.PROTECT, related_name="linked")
    kind = models.CharField(max_length=20)
    share = models.DecimalField(max_digits=8, decimal_places=6, null=True)
    about, says = ("body", "to", "kind"), ("share",)

    class Meta:
        constraints = (one_at_a_time("one_link_at_a_time", "body", "to", "kind"),)


class Part(Fact):
    """That a small area belongs to an area, wholly (weight 1) or by a share.

    `partition` is filled for the kinds of which every small area has exactly one on each day (system, council,
    sub_icb_location ...): the database then refuses a second (rules: T4, V4).
    """

    area = models.ForeignKey(Area, models.PROTECT, related_name="parts")
    small_area = models.ForeignKey(SmallArea, models.PROTECT, related_name="+")
    weight = models.DecimalField(max_digits=7, decimal_places=6, default=1, db_default=1)
    partition = models.SmallIntegerField(null=True)
    about, says = ("area", "small_area"), ("weight", "partition")

    class Meta:
        constraints = (
            # Within a partition the second already refuses one area twice; each index row takes 60 µs to add.
            one_at_a_time("one_part_at_a_time", "small_area", "area", where=Q(partition__isnull=True)),
            one_at_a_time("one_area_of_a_partition", "small_area", "partition", where=Q(partition__isnull=False)),
        )


PARTITIONS = {"system": 1, "sub_icb_location": 2, "council": 3}


class Within(Fact):
    """That an area lies within another: a place within a system, a neighbourhood within a place."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="withins")
    parent = models.ForeignKey(Area, models.PROTECT, related_name="+")
    about, says = ("area", "parent"), ()

    class Meta:
        constraints = (one_at_a_time("one_within_at_a_time", "area", "parent"),)


class PostStanding(Fact):
    """That a post exists: in which body, with which title and category."""

    post = models.ForeignKey(Post, models.PROTECT, related_name="standings")
    body = models.ForeignKey(Body, models.PROTECT, related_name="posts")
    title = models.TextField()
    category = models.CharField(max_length=30, blank=True)
    about, says = ("post",), ("body", "title", "category")

    class Meta:
        constraints = (one_at_a_time("one_standing_of_a_post", "post"),)


class Employment(Fact):
    """Who employs a person, and for how much of full time. Where the person works is an Assignment (rules: C10)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="employments")
    employer = models.ForeignKey(Body, models.PROTECT, related_name="employments")
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="+")
    fte = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    about, says = ("person", "employer"), ("post", "fte")

    class Meta:
        constraints = (one_at_a_time("one_employment_at_a_time", "person", "employer"),)


class Assignment(Fact):
    """For which body a person works, in which post, as what: substantive, interim, acting or deputy."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="assignments")
    works_for = models.ForeignKey(Body, models.PROTECT, related_name="assignments")
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="assignments")
    status = models.CharField(max_length=12, default="substantive")
    fte = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    about, says = ("person", "works_for", "post"), ("status", "fte")

    class Meta:
        constraints = (
            one_at_a_time("one_assignment_at_a_time", "person", "works_for", "post"),
            # To the constraint above no two empty posts are equal.
            one_at_a_time("one_assignment_without_a_post", "person", "works_for", where=Q(post__isnull=True)),
        )


class FunctionOwner(Fact):
    """Which body has a function for an area: exactly one on each day (rules: C6)."""

    function = models.ForeignKey(Function, models.PROTECT, related_name="owners")
    area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    body = models.ForeignKey(Body, models.PROTECT, related_name="functions")
    about, says = ("function", "area"), ("body",)

    class Meta:
        constraints = (one_at_a_time("one_owner_of_a_function", "function", "area"),)


class ChangeEvent(models.Model):
    """One change of bodies, of a kind that never alters; what is believed of it stands in its beliefs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20)


class EventBelief(models.Model):
    """What was believed of an event for a while: when it takes effect, how certain, between whom.

    Dates that slip make a new belief; the earlier one stays readable (rules: C2).
    """

    event = models.ForeignKey(ChangeEvent, models.PROTECT, related_name="beliefs")
    known = DateTimeRangeField()
    effective_on = models.DateField()
    precision = models.CharField(max_length=5, default="day")
    certainty = models.CharField(max_length=25)
    instrument = models.TextField(blank=True)
    detail = models.JSONField(default=dict)  # by kind: the new name, code or legal form, the cells, the functions
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    to_confirm = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    recorded_by = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            ExclusionConstraint(
                name="one_belief_at_a_time",
                expressions=[("event", RangeOperators.EQUAL), ("known", RangeOperators.OVERLAPS)],
            ),
        )


class EventParty(models.Model):
    """A body before (original) or after (result) an event, by one belief."""

    belief = models.ForeignKey(EventBelief, models.CASCADE, related_name="parties")
    body = models.ForeignKey(Body, models.PROTECT, related_name="events")
    side = models.CharField(max_length=8)  # original, result


class EventShare(models.Model):
    """How much of an original a result takes, by small areas, population or head count. Each original's sum is 1."""

    belief = models.ForeignKey(EventBelief, models.CASCADE, related_name="shares")
    original = models.ForeignKey(Body, models.PROTECT, related_name="+")
    result = models.ForeignKey(Body, models.PROTECT, related_name="+")
    basis = models.CharField(max_length=10)  # lsoa, population, head, explicit
    weight = models.DecimalField(max_digits=9, decimal_places=8)


class CodeSuccession(models.Model):
    """One published row: the old code was followed by the new one on a day. A self row says the old one lives on."""

    old_code = models.CharField(max_length=30, db_index=True)
    new_code = models.CharField(max_length=30, db_index=True)
    on = models.DateField()
    source = models.ForeignKey(Source, models.PROTECT)

    class Meta:
        constraints = (models.UniqueConstraint(name="one_row_of_a_succession", fields=["old_code", "new_code", "on"]),)


FACTS: tuple[type[Fact], ...] = (
    Standing, Name, Identifier, ContactPoint, Site, Serving, Link, Part, Within, PostStanding, Employment, Assignment,
    FunctionOwner,
)  # fmt: skip
