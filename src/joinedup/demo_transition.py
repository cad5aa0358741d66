"""The demo's transitions: three groups into the integrated care board on 1 July 2022, and the split that is planned.

All of it is done by the public acts of governance, each known since its own day. The 300 members of staff, their posts
and wishes are simulated; the change events are those of the system's file.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from joinedup import database

KEY, SPLIT = "hwe-2022", "hwe-to-come"
DAY: Final = date(2022, 7, 1)
GROUPS: Final = {"06K": 120, "06N": 95, "07H": 85}
SENIOR_EACH = 3
RECEIVER = "QM7"
# Demo users (by role) who are members of staff: which employment is theirs.
STAFF_USERS: Final = {"operations_lead": 10, "engagement_lead": 130}
TERMS: Final = {
    "annual_leave_days": 27, "band": "6", "hours_per_week": "37.50", "notice_weeks": 8, "pension": "NHSPS-2015",
}  # fmt: skip


def make_transition(tell: Callable[[str], None]) -> dict[str, Any]:
    """Play the transitions through the acts, once; answers what there is."""
    from django.db import transaction

    marker = database.data_dir() / "demo-transition.json"
    if marker.exists():
        return dict(json.loads(marker.read_text()))
    tell("Three groups become one board, with 300 members of staff ...")
    from joinedup.access import service_grant

    grant = service_grant("demo.transition", "play a simulated transition", "whoever runs this machine")
    with transaction.atomic():
        people(grant)
        propose(grant)
        counts = {"staff": staff(grant)}
        finish(grant)
    marker.write_text(json.dumps(counts))
    return counts


def known(year: int, month: int, day: int) -> dict[str, Any]:
    """Answer since when an act is known: six in the evening of a day."""
    return {"known_at": datetime(year, month, day, 18, tzinfo=UTC)}


def person_of(number: int) -> str:
    return f"hwe-staff-{number:03}"


def people(grant: Any) -> None:
    """Write down 300 members of staff, and which demo users are among them."""
    from joinedup.access import User
    from joinedup.governance.acts import boards
    from joinedup.system import keep_person

    users = {
        number: User.objects.get(is_demo=True, email=f"{role}@demo.invalid") for role, number in STAFF_USERS.items()
    }
    for number in range(sum(GROUPS.values())):
        name = users[number].name if number in users else f"Staff Sample {number:03}"
        keep_person(
            grant, person_of(number), name, since=date(2020, 1, 1), source="demo-staff", reason="Simulated staff",
            **known(2021, 12, 1),
        )  # fmt: skip
    for number, user in users.items():
        boards.name_account(
            grant, f"user:{user.pk}", person_of(number), since=date(2020, 1, 1), reason="a member of staff",
            **known(2021, 12, 1),
        )  # fmt: skip


def propose(grant: Any) -> None:
    """Open both workspaces with their changes, applications and steps."""
    from joinedup.governance.acts import transitions
    from joinedup.governance.transition.steps import TransitionStep
    from joinedup.system import PartialDate

    transitions.propose_transition(
        grant, KEY, system="hwe", title="Hertfordshire and West Essex becomes a statutory body",
        proposal="One board plans and pays for the whole system; the three groups are dissolved into it.",
        proposed_on=date(2020, 11, 26), events=["hwe-statutory", "hwe-ccgs-dissolved"], **known(2021, 12, 1),
    )  # fmt: skip
    transitions.add_application(
        grant, KEY, "hwe-designation", kind="designation", title="Application to be designated as an integrated system",
        submit_by=PartialDate(date(2020, 9, 30)), effective_from=date(2021, 4, 1), adopting=list(GROUPS),
        **known(2021, 12, 1),
    )  # fmt: skip
    transitions.send_application(
        grant, "hwe-designation", submitted_at=datetime(2020, 9, 28, 15, tzinfo=UTC), evidence="receipt of the region",
        **known(2021, 12, 1),
    )  # fmt: skip
    transitions.decide_application(
        grant, "hwe-designation", outcome="approved", decided_on=date(2020, 11, 26), decided_by="the regional director",
        **known(2021, 12, 1),
    )  # fmt: skip
    for step, owner, due, done in (
        (TransitionStep("one-payroll", "One payroll", 3, 4), "finance", date(2022, 5, 31), date(2022, 5, 24)),
        (TransitionStep("records", "Records cut over", 4, 5), "digital", date(2022, 6, 24), date(2022, 6, 24)),
        (
            TransitionStep("signs", "New signs on every building", 3, 2, "the old names would be wrong in law"),
            "estates", date(2022, 7, 29), date(2022, 8, 12),
        ),
    ):  # fmt: skip
        transitions.keep_step(
            grant, KEY, step, owner=owner, due_on=due, done_on=done, evidence=f"report of {owner} to the board",
            **known(2022, 9, 1),
        )  # fmt: skip
    transitions.propose_transition(
        grant, SPLIT, system="hwe", title="Hertfordshire and West Essex is divided",
        proposal="Announced: the board closes and two others take its areas. The order is to confirm it.",
        proposed_on=date(2025, 6, 1), events=["hwe-split"],
    )  # fmt: skip


def staff(grant: Any) -> int:
    """Count people and posts and take in the list of staff twice: one was unplaced in March, nobody in May."""
    from joinedup.governance.acts import transition_staff, transitions

    for body, number in GROUPS.items():
        transitions.count(grant, KEY, "staff", body, number, source="payroll of the group", **known(2022, 3, 1))
    posts = sum(GROUPS.values()) - SENIOR_EACH * len(GROUPS)
    transitions.count(grant, KEY, "posts", RECEIVER, posts, source="establishment of the board", **known(2022, 3, 1))
    rows = staff_rows()
    first = [dict(row) for row in rows]
    for column in ("to_body", "to_post", "to_fte", "to_continuous_from", "terms_after"):
        first[-1][column] = ""
    for number, (given, told) in enumerate(((first, known(2022, 3, 2)), (rows, known(2022, 5, 16)))):
        why = ("first list of human resources", "the last post was found")[number]
        transition_staff.import_staff(grant, KEY, f"staff-{number + 1}.csv", as_csv(given), reason=why, **told)
    return len(rows)


def staff_rows() -> list[dict[str, str]]:
    """Answer 300 simulated employments, the first three of each group senior leaders, all others placed."""
    rows: list[dict[str, str]] = []
    for body, many in GROUPS.items():
        for which in range(many):
            number = len(rows)
            since = f"{2005 + number % 15}-09-05"
            terms = json.dumps(TERMS | {"continuous_from": since, "spine_point": f"6.{number % 9}"})
            fte = ("1", "0.8", "0.6")[number % 3]
            row = {
                "employment": f"E{number:04}", "person": person_of(number), "from_body": body,
                "from_post": f"{body}-post-{which:03}", "fte": fte, "continuous_from": since, "terms_before": terms,
                "class": "senior_leader" if which < SENIOR_EACH else "below_senior", "basis": "order",
                "wish": ("stay", "stay", "stay", "unknown", "leave")[number % 5], "offer_valid_to": "2022-12-31",
                "consulted_on": "2022-02-14",
            }  # fmt: skip
            if which >= SENIOR_EACH:
                row |= {
                    "to_body": RECEIVER, "to_post": f"{RECEIVER}-post-{number:03}", "to_fte": fte,
                    "to_continuous_from": since, "terms_after": terms,
                }  # fmt: skip
            rows.append(row)
    return rows


def as_csv(rows: list[dict[str, str]]) -> bytes:
    from joinedup.governance.transition.staff_file import COLUMNS

    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def finish(grant: Any) -> None:
    """Say who has which function after, and who has the open work of the groups."""
    from joinedup.governance.acts import transitions

    told = known(2022, 6, 10)
    before = transitions.functions_before("hwe-ccgs-dissolved", told["known_at"])
    if before:
        transitions.map_functions(
            grant, KEY, before, [(one, RECEIVER) for one in before], reason="the order of 2022", **told
        )
    for body in GROUPS:
        transitions.give_new_owner(grant, KEY, body, "hwe-icb", reason="the order of 2022", **told)
