"""Three groups of 120, 95 and 85 people that are dissolved into four bodies on 1 July 2022, drawn for a transition."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from joinedup.governance.acts import transitions
from joinedup.system import PartialDate, keep_person, services

from .sitting import grant, job

DAY = date(2022, 7, 1)
GROUPS = {"10A": 120, "10B": 95, "10C": 85}
POSTS = {"20A": 176, "20B": 45, "20C": 40, "20D": 30}
SENIOR = 9
EVENT, TRANSITION = "groups-dissolve", "shire-2022"
TERMS = "a" * 64
HEAD = """\
[system]
key = "shire"
name = "Shire"
area = "shire"
[[source]]
key = "plan"
title = "Plan for the shire"
published = "2016-03-15"
[[cell]]
key = "10A-all"
council = "E07000951"
council_name = "Town"
sub_icb = "10A"
ccg_2021 = "E38000951"
small_areas = 2
population_mid2020 = 3000
imd2019_deciles = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
[[area]]
key = "shire"
kind = "system"
source = "plan"
names = [{ name = "Shire", from = "2016" }]
cells = [{ cells = ["10A-all"], from = "2016" }]
"""
BODY = """
[[body]]
key = "body-{low}"
kind = "{kind}"
legal_form = "statutory_corporate"
sector = "nhs"
source = "plan"
from = "2013-04-01"
names = [{{ name = "NHS Body {code}" }}]
codes = [{{ scheme = "ods", code = "{code}" }}]
"""


def load(folder: Path) -> None:
    """Load the shire with a change that is approved, its 300 people, and a transition that holds the change."""
    from django.db import connection

    path = folder / "shire.toml"
    kinds = dict.fromkeys(GROUPS, "ccg") | dict.fromkeys(POSTS, "nhs_trust")
    path.write_text(
        HEAD
        + "".join(BODY.format(low=code.lower(), code=code, kind=kind) for code, kind in kinds.items())
        + "\n# End of file\n"
    )
    services.load_system(path, job())
    keep_person(
        job(), "p000", "Pat Sample", since=date(2016, 4, 1), source="staff", reason="The staff of the shire",
        known_at=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    with connection.cursor() as cursor:  # The rest at once: 299 acts would only take longer.
        cursor.execute(
            "INSERT INTO system_person (id, key) SELECT gen_random_uuid(), 'p' || lpad(n::text, 3, '0') "
            "FROM generate_series(1, 299) n"
        )
    services.record_event(
        job(), "dissolve", [f"body-{code.lower()}" for code in GROUPS], [f"body-{code.lower()}" for code in POSTS],
        "approved", PartialDate(DAY), "the draft order of 2021", key=EVENT,
    )  # fmt: skip
    transitions.propose_transition(
        grant("governance.transit"), TRANSITION, system="shire", title="Three groups into four bodies",
        proposal="so that one body answers", proposed_on=date(2020, 11, 26), events=[EVENT],
    )  # fmt: skip


def staff_rows(posts: Mapping[str, int] = POSTS) -> list[dict[str, str]]:
    """Answer 300 rows, the first three of each group senior; the others fill the posts in order while there are any."""
    places = iter([(body, f"{body}-{number}") for body, many in posts.items() for number in range(many)])
    rows, number = [], 0
    for body, many in GROUPS.items():
        for which in range(many):
            row = {
                "employment": f"e{number:03}", "person": f"p{number:03}", "from_body": body,
                "from_post": f"{body}-{which}", "fte": "0.6" if which % 2 else "1",
                "class": "senior_leader" if which < SENIOR // 3 else "below_senior", "continuous_from": "2011-09-05",
                "terms_before": TERMS, "basis": "order", "wish": "stay", "offer_valid_to": "2022-12-31",
                "consulted_on": "2022-03-01",
            }  # fmt: skip
            if row["class"] == "below_senior" and (place := next(places, None)):
                row |= {
                    "to_body": place[0], "to_post": place[1], "to_fte": row["fte"],
                    "to_continuous_from": "2011-09-05", "terms_after": TERMS,
                }  # fmt: skip
            rows.append(row)
            number += 1
    return rows


def as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Answer rows as the bytes of a CSV file."""
    from joinedup.governance.transition.staff_file import COLUMNS

    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def count_everybody() -> None:
    """Say how many people and posts there are."""
    leave = grant("governance.transit")
    for what, numbers in (("staff", GROUPS), ("posts", POSTS)):
        for body, number in numbers.items():
            transitions.count(leave, TRANSITION, what, body, number, source="human resources")
