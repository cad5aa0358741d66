"""How fast subjects are linked: python bench/linkage.py [subjects]

Makes 1,000,000 subjects of invented people (every sixth record with a fault) straight in a database of its own, links
all of them, then 1,000 new ones against them; prints seconds, the memory of this process and how right it was. Peer:
Splink alone (trained, predicted and clustered, without a database) took 18 s and 1.6 GB for easy data on two cores.
"""

from __future__ import annotations

import random
import resource
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

SUBJECTS = 1_000_000
NEW = 1_000
LIMITS = {
    "1,000,000 subjects linked, read from and written to the database": (60.0, "s"),
    "1,000 new subjects against them": (5.0, "s"),
    "memory": (4.0, "GB"),
}
# source -> (organisation, share of people it knows, share without a number, share of numbers that are verified)
SOURCES = {
    "acute-pas": ("RWH", 0.55, 0.03, 0.95),
    "acute-sus": ("RWH", 0.35, 0.02, 0.97),
    "community": ("RY4", 0.30, 0.05, 0.90),
    "mental": ("RWR", 0.12, 0.06, 0.90),
    "council": ("E10000015", 0.15, 0.30, 0.50),
    "charity": ("V001", 0.08, 0.90, 0.0),
}
PRACTICES = 120
CONSONANTS, VOWELS = "bcdfghklmnprstvw", "aeiou"


class Maker:
    """Invented people and what their partners write of them; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        pick = self.random
        self.given = self._names(pick, 1_200, 2)
        self.family = self._names(pick, 24_000, 3)
        self.given_weights = self._zipf(len(self.given), 0.9)
        self.family_weights = self._zipf(len(self.family), 0.75)
        self.number = 9_990_000_000

    @staticmethod
    def _names(pick: random.Random, count: int, syllables: int) -> list[str]:
        names: dict[str, None] = {}
        while len(names) < count:
            parts = [pick.choice(CONSONANTS) + pick.choice(VOWELS) for _ in range(pick.randint(2, syllables))]
            names["".join(parts).upper() + pick.choice(["", "N", "S", "TON", "LEY", "R"])] = None
        return list(names)

    @staticmethod
    def _zipf(count: int, steepness: float) -> list[float]:
        total, found = 0.0, []
        for place in range(count):
            total += 1 / (place + 3) ** steepness
            found.append(total)
        return found

    def people(self, count: int) -> Iterator[dict[str, object]]:
        """Answer people, household by household; two in a hundred are twins."""
        pick, made = self.random, 0
        while made < count:
            size = min(pick.choice((1, 1, 1, 2, 2, 2, 3, 4, 5)), count - made)
            (family,) = pick.choices(self.family, cum_weights=self.family_weights)
            postcode = self._postcode()
            house = f"{pick.randint(1, 120)} {pick.choice(self.family)} ROAD"
            home_phone = f"01{pick.randint(0, 10**9 - 1):09d}"
            twin_born: date | None = None
            for place in range(size):
                (given,) = pick.choices(self.given, cum_weights=self.given_weights)
                born = twin_born or date(1930, 1, 1) + timedelta(days=pick.randrange(33_500))
                twin_born = born if place + 1 < size and pick.random() < 0.02 else None
                own_family = family if place == 0 or pick.random() < 0.85 else pick.choice(self.family)
                made += 1
                yield {
                    "number": self._next_number(),
                    "family": own_family,
                    "given": given,
                    "middle": pick.choice(self.given) if pick.random() < 0.5 else None,
                    "born": born,
                    "sex": "MF"[pick.random() < 0.5],
                    "postcode": postcode,
                    "house": house,
                    "phone": home_phone if pick.random() < 0.4 else f"07{pick.randint(0, 10**9 - 1):09d}",
                    "email": f"{given}.{own_family}{pick.randint(1, 999)}@example.org".lower()
                    if pick.random() < 0.4
                    else None,
                }

    def _postcode(self) -> str:
        pick = self.random
        return f"ZH{pick.randint(1, 60)} {pick.randint(1, 9)}{pick.choice('ABDEFGHJ')}{pick.choice('ABDEFGHJLN')}"

    def _next_number(self) -> str:
        while True:
            self.number += 1
            digits = str(self.number)
            check = 11 - sum(int(d) * (10 - i) for i, d in enumerate(digits[:9])) % 11
            if (0 if check == 11 else check) == int(digits[9]):
                return digits

    def records(self, person: dict[str, object], number: int) -> Iterator[tuple[object, ...]]:
        """Answer what each partner that knows a person writes, as the columns of a subject."""
        pick = self.random
        yield self._record(person, f"gp-{pick.randrange(PRACTICES)}", f"G{number}", "", 0.001, 1.0)
        local = f"H{number}"
        for source, (organisation, share, without, verified) in SOURCES.items():
            if pick.random() < share:
                code = local if source.startswith("acute") else f"{source[0]}{number}"
                yield self._record(person, source, code, organisation, without, verified)

    def _record(
        self, person: dict[str, object], source: str, code: str, organisation: str, without: float, verified: float
    ) -> tuple[object, ...]:
        pick = self.random
        said = dict(person)
        if pick.random() < without:
            said["number"] = None
        elif pick.random() < 0.0005:
            said["number"] = self._next_number()  # somebody else's number
            verified = 0.5
        fault = pick.random()
        if fault < 0.03:
            said["family"] = self._typo(str(said["family"]))
        elif fault < 0.05:
            said["given"] = self._typo(str(said["given"]))
        elif fault < 0.07:
            said["given"] = str(said["given"])[:1] if pick.random() < 0.3 else said["middle"] or said["given"]
        elif fault < 0.085:
            said["family"] = pick.choice(self.family)
        elif fault < 0.095:
            said["born"] = self._wrong_day(person["born"])  # type: ignore[arg-type]
        elif fault < 0.165:
            said["postcode"], said["house"] = (
                self._postcode(),
                f"{pick.randint(1, 120)} {pick.choice(self.family)} ROAD",
            )
        elif fault < 0.17:
            said["given"], said["family"] = said["family"], said["given"]
        for column, missing in (("middle", 0.4), ("phone", 0.3), ("email", 0.5), ("house", 0.1), ("postcode", 0.01)):
            if pick.random() < missing:
                said[column] = None
        is_verified = said["number"] is not None and pick.random() < verified
        return (
            source, code, organisation or source.upper(), said["number"], is_verified, said["family"], said["given"],
            said["middle"], said["born"], said["sex"], said["postcode"], said["house"], said["phone"], said["email"],
        )  # fmt: skip

    def _typo(self, text: str) -> str:
        pick = self.random
        at = pick.randrange(len(text))
        kind = pick.random()
        if kind < 0.4 or len(text) < 4:
            return text[:at] + pick.choice("AEIOURSTLN") + text[at + 1 :]
        if kind < 0.7:
            return text[:at] + text[at + 1 :]
        at = min(at, len(text) - 2)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def _wrong_day(self, born: date) -> date:
        pick = self.random
        if pick.random() < 0.3 and born.day <= 12:
            return born.replace(month=born.day, day=born.month)
        part = pick.choice(("day", "month", "year"))
        if part == "year":
            return born.replace(year=born.year + pick.choice((-10, -1, 1, 10)), day=min(born.day, 28))
        return born.replace(**{part: pick.randint(1, 12)}, **({"day": min(born.day, 28)} if part == "month" else {}))


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SUBJECTS
    # Tests take `Maker` from here, and they do not find what lies beside this file.
    from own_database import own_database

    with own_database():
        return show(measure(count), count)


def measure(count: int) -> dict[str, float]:
    """Answer the figure for each line of LIMITS; how right the links were is printed on the way."""
    from joinedup.access import service_grant
    from joinedup.identity import link

    grant = service_grant("bench", "measure linking", "whoever runs the benchmark")
    maker = Maker(1)
    began = time.monotonic()
    rows = ((row, number) for number, person in enumerate(maker.people(count)) for row in maker.records(person, number))
    truth = fill(rows, count)
    print(f"  {count:,} subjects made in {time.monotonic() - began:.0f} s (not counted)", flush=True)
    began = time.monotonic()
    report = link(grant, on_step=lambda step: None)
    first = time.monotonic() - began
    print(f"  {report.kind}, model {report.model}: {report.seconds}")
    print(f"  {report.residents:,} residents, edges {report.edges}, reviews {report.reviews_opened}")
    print(f"  {told(truth)}")
    truth |= fill(rows, NEW)
    began = time.monotonic()
    report = link(grant)
    later = time.monotonic() - began
    print(f"  {report.kind}: {report.seconds}; {report.joined} joined")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return dict(zip(LIMITS, (first, later, memory), strict=True))


def fill(rows: Iterator[tuple[tuple[object, ...], int]], count: int) -> dict[uuid.UUID, int]:
    """Put so many of the rows into the database as subjects that wait; answers which person each is."""
    from django.db import connection, transaction

    at = datetime.now(UTC)
    truth: dict[uuid.UUID, int] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy(
            "COPY identity_subject (subject_id, source, source_id, organisation, setting, is_duplicate_free,"
            " is_withheld, nhs_number, is_verified, former_numbers, family, given, middle, other_families,"
            " other_givens, birth_date, sex, postcode, house, phone, email, seen_at, changed_at) FROM STDIN"
        ) as copy:
            while len(truth) < count:
                row, person = next(rows)
                source, code, organisation, number, verified, family, given, middle, born, *rest = row
                subject = uuid.uuid5(uuid.NAMESPACE_URL, f"{source}/{code}")
                truth[subject] = person
                copy.write_row(
                    (subject, source, code, organisation, "acute", True, False, number, verified, [], family, given,
                     middle, [], [], born, *rest, at, at)
                )  # fmt: skip
        cursor.execute(
            "INSERT INTO identity_unlinked (subject_id) SELECT s.subject_id FROM identity_subject s "
            "WHERE NOT EXISTS (SELECT 1 FROM identity_run) OR s.subject_id = ANY(%s)",
            [list(truth) if count <= NEW else []],
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE identity_subject")
    return truth


def told(truth: dict[uuid.UUID, int]) -> str:
    """Answer how right the residents are, by pair."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT subject_id, resident_id FROM identity_membership WHERE until IS NULL")
        resident = dict(cursor.fetchall())
    cells: dict[tuple[object, int], int] = {}
    for subject, person in truth.items():
        key = (resident.get(subject, subject), person)
        cells[key] = cells.get(key, 0) + 1
    groups: dict[object, int] = {}
    people: dict[int, int] = {}
    for (group, person), many in cells.items():
        groups[group] = groups.get(group, 0) + many
        people[person] = people.get(person, 0) + many

    def pairs(sizes: object) -> int:
        return sum(many * (many - 1) // 2 for many in sizes)  # type: ignore[attr-defined]

    right, said, true = pairs(cells.values()), pairs(groups.values()), pairs(people.values())
    precision, recall = right / said, right / true
    f1 = 2 * precision * recall / (precision + recall)
    return f"by pair: precision {precision:.6f}, recall {recall:.5f}, F1 {f1:.5f}"


def show(figures: dict[str, float], count: int) -> int:
    missed = 0
    for name, figure in figures.items():
        limit, unit = LIMITS[name]
        missed += figure > limit
        print(f"{name}: {figure:.1f} {unit} (limit {limit:g}, ratio {limit / figure:.1f})")
    if count != SUBJECTS:
        print(f"(with {count:,} subjects)")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
