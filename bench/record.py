"""How fast a record opens, and whether it stays so as the system grows: python bench/record.py

Opens the summary page and reads `$everything` of residents with 300 resources each, in a store of 1,000 residents and
again in one of 64,000 (40 resources each). The measured residents come through the real intake; the others, who only
make the store large, are copies of one of them made inside the database.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from own_database import own_database

sys.path.insert(0, str(Path(__file__).resolve().parent))
SIZES = (1_000, 64_000)
MEASURED, RESOURCES = 20, 300
# milliseconds, and how much slower the large store may be
SUMMARY_P95, EVERYTHING_MEDIAN, GROWTH = 200, 15, 1.5
BALLAST = """
INSERT INTO {table} ({columns})
SELECT {values} FROM generate_series(%(start)s, %(end)s) AS n CROSS JOIN {table} AS t WHERE t.subject_id = %(model)s
"""


def main() -> int:
    os.environ["JOINEDUP_PUBLIC_URL"] = "http://127.0.0.1"
    with own_database() as folder:
        residents = prepare(folder)
        figures: dict[str, list[float]] = {"summary": [], "everything": []}
        kept = 1
        for size in SIZES:
            grow(kept, size, residents[0])
            kept = size + 1
            for what, took in measure(residents).items():
                figures[what].append(took)
        return told(figures)


def prepare(folder: Path) -> list[Any]:
    """Take in the measured residents, and a clinician where they are registered; answers the residents' ids."""
    import intake

    from joinedup.access import demo_users, place_demo_users, service_grant
    from joinedup.feeds import ledger, subject_id
    from joinedup.identity import link
    from joinedup.record import loading
    from joinedup.system import services
    from joinedup.system.lookup import id_of

    grant = service_grant("bench", "measure the record", "whoever runs this")
    services.load_system(services.system_file("hwe"), grant)
    demo_users()
    place_demo_users({"clinician": [id_of(intake.PRACTICE)]})
    source = intake.practice()
    ledger.declare([source])
    draw = random.Random(5)
    path = folder / "gp.ndjson"
    with path.open("w") as file:
        for number in range(MEASURED + 1):
            lines = intake.resources_of(number, draw)
            own, observations = lines[:-18], lines[-18:]
            # The first is the model of the others: 40 resources. Those who are measured have 300.
            wanted = 40 if number == 0 else RESOURCES
            for nth in range(wanted - len(own)):
                line = json.loads(observations[nth % 18])
                file.write(json.dumps({**line, "id": f"{line['id']}-{nth}"}, separators=(",", ":")) + "\n")
            file.write("\n".join(own) + "\n")
    loaded = loading.load(grant, [(path, source)], processes=0)
    assert loaded.added == 40 + MEASURED * RESOURCES, loaded
    link(grant)
    return [subject_id(source.key, f"p{number}") for number in range(MEASURED + 1)]


def grow(start: int, end: int, model: Any) -> None:
    """Copy the model resident until there are `end` of them, with ids of their own."""
    from django.db import connection

    shifted = "md5({column}::text || n)::uuid"
    for table in ("record_resource", "identity_subject", "access_relationship"):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER' "
                "AND is_identity = 'NO' ORDER BY ordinal_position",
                [table],
            )
            columns = [name for (name,) in cursor.fetchall()]
            values = [
                shifted.format(column=f"t.{name}")
                if name in {"subject_id", "source_ref"} or (name, table) == ("id", "record_resource")
                else f"t.{name}"
                for name in columns
            ]  # fmt: skip
            sql = BALLAST.format(table=table, columns=", ".join(columns), values=", ".join(values))
            cursor.execute(sql, {"start": start, "end": end, "model": model})
            cursor.execute(f"ANALYZE {table}")


def measure(residents: list[Any]) -> dict[str, float]:
    """Answer the p95 of the summary page and the median of $everything, in milliseconds of the server's time."""
    from datetime import UTC, datetime

    from django.test import Client

    from joinedup.access import User, service_grant
    from joinedup.access.tokens import make_token

    page = Client(SERVER_NAME="127.0.0.1")
    assert page.post("/access/demo/", {"role": "clinician"}).status_code == 302
    user = User.objects.get(email="clinician@demo.invalid")
    grant = service_grant("bench", "measure the record", "whoever runs this")
    token, _ = make_token(grant, user, "direct-care", 1, datetime.now(UTC))
    program = Client(SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {token}"})

    def timed(client: Client, address: str) -> float:
        began = time.perf_counter()
        answer = client.get(address)
        took = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, (address, answer.status_code)
        if "$everything" in address:
            assert json.loads(answer.content)["total"] == RESOURCES
        return took

    measured = residents[1:]
    for resident in measured[:5]:  # The first pages compile their templates.
        timed(page, f"/record/{resident}/")
        timed(program, f"/fhir/Patient/{resident}/$everything")
    summaries = [timed(page, f"/record/{resident}/") for _ in range(5) for resident in measured]
    whole = [timed(program, f"/fhir/Patient/{resident}/$everything") for _ in range(5) for resident in measured]
    return {"summary": statistics.quantiles(summaries, n=20)[18], "everything": statistics.median(whole)}


def told(figures: dict[str, list[float]]) -> int:
    is_met = True
    for what, name, limit in (
        ("summary", "summary page, p95", SUMMARY_P95),
        ("everything", f"$everything of {RESOURCES}, median", EVERYTHING_MEDIAN),
    ):
        for size, took in zip(SIZES, figures[what], strict=True):
            print(f"  {name}, {size:,} residents: {took:.1f} ms (limit {limit}, ratio {limit / took:.1f})")
            is_met = is_met and took < limit
        growth = figures[what][1] / figures[what][0]
        print(f"  {name}, growth from {SIZES[0]:,} to {SIZES[1]:,}: x{growth:.2f} (limit x{GROWTH})")
        is_met = is_met and growth < GROWTH
    print("  peers, published, search p50 from 1,000 to 64,000: HAPI x1.35, Aidbox x5.7, Medplum x7.9")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
