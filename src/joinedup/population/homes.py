"""Households as far as addresses tell them, and who in them may need a second look (issue: households and carers).

A household is who was last known at one address: its digest is keyed, so that no address can be read from it. Care
homes are households too, which is why the large ones are told apart.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from joinedup.population.cohorts import grid_at
from joinedup.population.evaluation import all_of
from joinedup.population.facts import facts
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse

LARGEST: Final = 10
"""More people than this at one address are an institution, not a household."""


def households(snapshot: Snapshot, day: date | None = None) -> Any:
    """Answer the households of those registered on a day, one row each, as an Ibis table.

    household, people, children (under 18), adults, older (65 and over), carers (coded as such), multimorbid (on at
    least two registers), lone_older (one person, 65 or over), lone_parent (one adult with children). People without a
    known address, and addresses of more than ten, are left out. Rows about homes: for the controlled place only.
    """
    grid = grid_at(snapshot, day)
    kept = facts(snapshot)
    person = snapshot.table("person")
    at = person.filter(person.household.notnull()).select("person", "household")
    people = kept.people.select("who", "person").inner_join(at, "person").select("who", "household")
    marks = {
        "children": ["is under 18"],
        "adults": ["is aged 18 or over"],
        "older": ["is 65 or over"],
        "carers": ["has ever had carer"],
        "multimorbid": ["is on at least 2 registers"],
    }
    marked = all_of(snapshot, [parse("is registered")], grid).select("who").inner_join(people, "who")
    for name, sentences in marks.items():
        true = all_of(snapshot, [parse(one) for one in sentences], grid).select(**{f"who_{name}": "who"})
        joined = marked.left_join(true, marked.who == true[f"who_{name}"])
        marked = joined.mutate(**{name: joined[f"who_{name}"].notnull().cast("int32")}).drop(f"who_{name}")
    homes = marked.group_by("household").aggregate(
        people=marked.count(), **{name: marked[name].sum().cast("int32") for name in marks}
    )
    homes = homes.filter(homes.people <= LARGEST)
    return homes.mutate(
        lone_older=(homes.people == 1) & (homes.older == 1),
        lone_parent=(homes.adults == 1) & (homes.children > 0),
    )
