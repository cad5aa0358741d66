"""How long the check before day one takes for a merger of seven bodies with 5,000 staff: python bench/day_one.py

In a database of its own, seven groups that merge into one, with 5,000 people on one list, and on each group's books
and boards 100 contracts' worth of open work: budget lines, authorities, commitments of boards, delegations and risks.
Made up by COPY and bulk rows, which is how no room writes them. The seconds are processor seconds of this process and,
beside them, those a person waits.
"""

from __future__ import annotations

import csv
import io
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

from own_database import own_database

STAFF, LIMIT = 5_000, 10.0
DAY = date(2021, 4, 1)
CODES = ("07L", "07T", "08F", "08M", "08N", "08V", "08W")
WORK = 100  # of each kind, of each body
EVENT, TRANSITION = "nel-merge", "nel-2021"


def main() -> int:
    with own_database() as folder:
        return show(folder)


def show(folder: Path) -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from joinedup.access import service_grant
    from joinedup.governance.acts.day_one import check_before
    from joinedup.governance.acts.transition_staff import import_staff

    job = service_grant("bench", "Measure the check before day one", "whoever runs benchmarks")
    load(folder, job)
    content = staff_list()
    taken = measured(lambda: import_staff(job, TRANSITION, "staff.csv", content, reason="made up"))
    checked = measured(lambda: check_before(job, EVENT))
    found = check_before(job, EVENT)
    print(f"  open work found {sum(found.day_one.found.values()):,}, orphans {len(found.day_one.orphans):,}, staff "
          f"{found.staff.before.heads if found.staff else 0:,}, ready {found.is_ready}")  # fmt: skip
    late = 0
    for what, (processor, waited) in {"a list of 5,000 taken in": taken, "the check before day one": checked}.items():
        over = waited > LIMIT
        late += over
        print(f"{what}: {waited:.2f} s waited, {processor:.2f} s of this process (limit {LIMIT:.0f} s; no peer is "
              f"known){' TOO SLOW' * over}")  # fmt: skip
    return 1 if late or not found.is_ready else 0


def measured(act: object) -> tuple[float, float]:
    began, waited = time.process_time(), time.perf_counter()
    act()  # type: ignore[operator]
    return time.process_time() - began, time.perf_counter() - waited


def load(folder: Path, job: object) -> None:
    """Make up seven groups with open work, the body that they become, and 5,000 people."""
    from django.db import connection, transaction

    from joinedup.governance import models
    from joinedup.governance.acts import transitions
    from joinedup.money import models as money
    from joinedup.system import services

    path = folder / "seven.toml"
    path.write_text(HEAD + "".join(BODY.format(low=c.lower(), code=c) for c in CODES) + NEW + "\n# End of file\n")
    services.load_system(path, job)  # type: ignore[arg-type]
    transitions.propose_transition(
        job, TRANSITION, system="nel", title="Seven into one", proposal="one body for the area",  # type: ignore[arg-type]
        proposed_on=date(2020, 9, 30), events=[EVENT],
    )  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO system_person (id, key) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, %s) n",
            [STAFF],
        )
        at = datetime.now(UTC)
        fund = money.Fund.objects.create(
            code="pot", name="Pot", kind="single_pot", host="07L", valid_from=date(2020, 4, 1),
            valid_to=date(2025, 4, 1), by="bench", at=at,
        )  # fmt: skip
        for code in CODES:
            board = models.Board.objects.create(
                key=f"b-{code.lower()}", system="nel", tier="place", joint_of=[code], by="bench", at=at
            )
            money.BudgetLine.objects.bulk_create(
                money.BudgetLine(
                    code=f"{code}-{n}", fund=fund, body=code, year="2021/22", name="Care", original_pence=1,
                    envelope="core", decision="d", by="bench", at=at,
                )
                for n in range(WORK)
            )  # fmt: skip
            money.Authority.objects.bulk_create(
                money.Authority(
                    id=f"a-{code}-{n}", reference="r", given_by=code, reason="r", acts=["commitment"], limit_pence=1,
                    valid_from=date(2020, 4, 1), valid_to=date(2023, 4, 1), by="bench", at=at,
                )
                for n in range(WORK)
            )  # fmt: skip
            models.Commitment.objects.bulk_create(
                models.Commitment(
                    key=f"c-{code}-{n}", board=board, source="s", text="t", owner="o", due_on=DAY, test="t",
                    by="bench", at=at,
                )
                for n in range(WORK)
            )  # fmt: skip
            models.Risk.objects.bulk_create(
                models.Risk(
                    key=f"r-{code}-{n}", board=board, objective="o", cause="c", event="e", effect="f", owner="o",
                    by="bench", at=at,
                )
                for n in range(WORK)
            )  # fmt: skip
    each = [STAFF // len(CODES) + (place < STAFF % len(CODES)) for place in range(len(CODES))]
    for code, number in zip(CODES, each, strict=True):
        transitions.count(job, TRANSITION, "staff", code, number, source="made up")  # type: ignore[arg-type]
        transitions.give_new_owner(job, TRANSITION, code, "body-a3a8r", reason="the merger")  # type: ignore[arg-type]
    transitions.map_functions(
        job, TRANSITION, {f"f{n}": CODES[n % 7] for n in range(60)}, [(f"f{n}", "A3A8R") for n in range(60)],  # type: ignore[arg-type]
        reason="the merger",
    )  # fmt: skip


def staff_list() -> bytes:
    """Answer a list of 5,000 people, each with a place in the new body."""
    from joinedup.governance.transition.staff_file import COLUMNS

    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for number in range(STAFF):
        body = CODES[number % len(CODES)]
        writer.writerow({
            "employment": f"e{number}", "person": f"p{number + 1}", "from_body": body, "from_post": f"{body}-{number}",
            "fte": "1", "class": "below_senior", "continuous_from": "2011-09-05", "terms_before": "a" * 64,
            "to_body": "A3A8R", "to_post": f"n-{number}", "to_fte": "1", "to_continuous_from": "2011-09-05",
            "terms_after": "a" * 64, "basis": "order", "wish": "stay", "offer_valid_to": "2022-12-31",
            "consulted_on": "2021-01-15",
        })  # fmt: skip
    return out.getvalue().encode()


HEAD = """\
[system]
key = "nel"
name = "Seven"
area = "nel"
[[source]]
key = "plan"
title = "Made up for a benchmark"
published = "2016-03-15"
[[cell]]
key = "all"
council = "E07000951"
council_name = "Town"
sub_icb = "07L"
ccg_2021 = "E38000951"
small_areas = 2
population_mid2020 = 3000
imd2019_deciles = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
[[area]]
key = "nel"
kind = "system"
source = "plan"
names = [{ name = "Seven", from = "2016" }]
cells = [{ cells = ["all"], from = "2016" }]
"""
BODY = """
[[body]]
key = "body-{low}"
kind = "ccg"
legal_form = "statutory_corporate"
sector = "nhs"
source = "plan"
from = "2013-04-01"
names = [{{ name = "Group {code}" }}]
codes = [{{ scheme = "ods", code = "{code}" }}]
"""
NEW = """
[[body]]
key = "body-a3a8r"
kind = "ccg"
legal_form = "statutory_corporate"
sector = "nhs"
source = "plan"
names = [{ name = "One group" }]
codes = [{ scheme = "ods", code = "A3A8R" }]
[[event]]
key = "nel-merge"
kind = "merge"
originals = ["body-07l", "body-07t", "body-08f", "body-08m", "body-08n", "body-08v", "body-08w"]
results = ["body-a3a8r"]
beliefs = [{ certainty = "approved", effective = "2021-04-01", source = "plan" }]
"""

if __name__ == "__main__":
    raise SystemExit(main())
