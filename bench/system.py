"""How fast all of England is loaded, one body is read and pages are answered: python bench/system.py

Loads the three systems and imports the published files (JOINEDUP_REFERENCE, or shared/data beside the repository) into
a database of its own, then reads many bodies and asks for pages of many days; every figure of time is a median.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from own_database import own_database

REPOSITORY = Path(__file__).resolve().parent.parent
LEFT_OUT = 77
DAYS = [date(2019, 4, 1), date(2021, 4, 1), date(2022, 6, 30), date(2022, 7, 1), date(2025, 4, 1)]
# what -> its limit and its unit
LIMITS = {
    "three systems loaded and England imported": (60.0, "s"),
    "as_of of one body, median": (2.0, "ms"),
    "answer about QM7, median": (150.0, "ms"),
    "front page, first asked for a day": (150.0, "ms"),
    "front page, asked again": (150.0, "ms"),
    "page of QM7, first asked for a day": (150.0, "ms"),
    "page of QM7, asked again": (150.0, "ms"),
    "page of a trust, first asked for a day": (150.0, "ms"),
    "page of a trust, asked again": (150.0, "ms"),
}


def main() -> int:
    named = os.environ.get("JOINEDUP_REFERENCE")
    reference = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not reference.is_dir():
        print(f"the published files are not here ({reference}); set JOINEDUP_REFERENCE to their folder")
        return LEFT_OUT
    with own_database():
        return show(measure(reference))


def measure(reference: Path) -> dict[str, float]:
    """Answer seconds or milliseconds, as LIMITS says, for each thing."""
    from joinedup.access import service_grant
    from joinedup.system import services

    grant = service_grant("bench", "Measure the system", "whoever runs this")
    began = time.perf_counter()
    for key in services.systems():
        services.load_system(services.system_file(key), grant)
    services.import_published(reference, grant)
    loaded = time.perf_counter() - began
    return {"three systems loaded and England imported": loaded} | read() | ask()


def read() -> dict[str, float]:
    from joinedup.moment import now
    from joinedup.system import answers, as_of

    known = now().known_at
    codes = [body.code for body in as_of(DAYS[3], known).bodies_of_kind("icb")]
    codes += [body.code for body in as_of(DAYS[3], known).bodies_of_kind("gp_practice")[::100]]

    def of_day(day: date) -> Iterable[Callable[[], Any]]:
        return [lambda code=code: as_of(day, known).body(code) for code in codes]

    pictures = [as_of(day, known) for day in DAYS]
    return {
        "as_of of one body, median": median(act for day in DAYS for act in of_day(day)),
        "answer about QM7, median": median((lambda p=p: answers.show(p, "QM7")) for p in pictures * 4),
    }


def ask() -> dict[str, float]:
    """Answer what a reader waits for a page: of a day that nobody has asked for yet, and of one that somebody has."""
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    logging.disable(logging.INFO)  # The figures, not a line for each request.
    days = [date(2018 + year, month, 5) for year in range(7) for month in (2, 6)]

    def get(path: str, day: date) -> None:
        answer = client.get(f"{path}?as_of={day}")
        assert answer.status_code == 200, f"{path} on {day}: {answer.status_code}"

    figures = {}
    for what, asked in {"front page": "/", "page of QM7": "/system/QM7/", "page of a trust": "/system/RWG/"}.items():
        path = client.get(f"{asked}?as_of=2023-01-01", follow=True).request["PATH_INFO"]
        figures[f"{what}, first asked for a day"] = median(lambda day=day, path=path: get(path, day) for day in days)
        figures[f"{what}, asked again"] = median(lambda day=day, path=path: get(path, day) for day in days * 2)
    return figures


def median(acts: Iterable[Callable[[], Any]]) -> float:
    """Answer the median time of these acts in milliseconds."""
    times = []
    for act in acts:
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def show(figures: dict[str, float]) -> int:
    missed = 0
    for what, figure in figures.items():
        limit, unit = LIMITS[what]
        missed += figure > limit
        print(f"{what}: {figure:,.2f} {unit}; limit {limit:,.0f} {unit}, ratio {limit / figure:.2f}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
