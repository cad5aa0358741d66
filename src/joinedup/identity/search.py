"""Finding a resident by number, name, birth date or postcode, also when they are not quite right."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from joinedup.identity import standardise
from joinedup.identity.residents import residents_of, subjects_of_many
from joinedup.identity.values import Candidate

# Each way in is an indexed one; what it brings is ranked afterwards. More than this many is no search but a list.
MOST_LOOKED_AT = 400
# How much each part says when it agrees; what is not asked for does not count. The number and the birth date are
# what people check first. [decision]
SHARES = {"nhs_number": 4.0, "family": 2.0, "given": 1.5, "birth_date": 3.0, "postcode": 1.5}
LEAST_SCORE = 0.55


def find_candidates(
    nhs_number: str | None = None,
    family: str | None = None,
    given: str | None = None,
    birth_date: date | None = None,
    postcode: str | None = None,
    limit: int = 20,
) -> list[Candidate]:
    """Answer the residents who may be meant, the best first; no demographics, which are read with a Grant.

    Names may be misspelt, and are compared with every name a record knows; day and month may be swapped. A resident's
    score is that of its best record. Nothing that can be searched by, or nothing that fits, is an empty list.
    """
    from django.db import connection

    asked = _Asked(nhs_number, family, given, birth_date, postcode)
    ways = asked.ways()
    if not ways:
        return []
    sql = " UNION ".join(
        f"(SELECT {_READ} FROM identity_subject WHERE {where} LIMIT {MOST_LOOKED_AT})"  # noqa: S608  # nosec B608
        for where, _ in ways
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, values in ways for value in values])
        scored = {row[0]: asked.score(row) for row in cursor.fetchall()}
    fitting = {subject: score for subject, score in scored.items() if score >= LEAST_SCORE}
    leads = residents_of(fitting)
    best: dict[UUID, float] = {}
    for subject, score in fitting.items():
        best[leads[subject]] = max(score, best.get(leads[subject], 0.0))
    first = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:limit]
    together = subjects_of_many([resident for resident, _ in first])
    return [Candidate(resident, together[resident], round(score, 4)) for resident, score in first]


_READ = "subject_id, nhs_number, family, given, other_families, other_givens, middle, birth_date, postcode"


class _Asked:
    """What somebody searches by, in the form of the subjects."""

    def __init__(
        self,
        nhs_number: str | None,
        family: str | None,
        given: str | None,
        birth_date: date | None,
        postcode: str | None,
    ) -> None:
        self.number = standardise.number(nhs_number) if nhs_number else None
        self.family = standardise.name(family) if family else None
        self.given = standardise.name(given) if given else None
        self.born = birth_date
        self.postcode = standardise.postcode(postcode) if postcode else None

    def ways(self) -> list[tuple[str, list[object]]]:
        """Answer the indexed ways in, each a condition with its values."""
        found: list[tuple[str, list[object]]] = []
        if self.number:
            found.append(("nhs_number = %s", [self.number]))
        if self.born:
            days = [self.born]
            if self.born.day <= 12:
                days.append(self.born.replace(month=self.born.day, day=self.born.month))
            name = self.family or self.given
            # Of all born that day, those whose name begins alike come first, so that the limit does not cut them off.
            close = (
                " ORDER BY (left(coalesce(family, ''), 1) = %s OR left(coalesce(given, ''), 1) = %s) DESC, subject_id"
            )
            found.append(
                (
                    f"birth_date = ANY(%s){close}",
                    [days, (self.family or name or " ")[0], (self.given or name or " ")[0]],
                )
            )
        if self.family and self.given:
            found.append(("family = %s AND given = %s", [self.family, self.given]))
            found.append(("family = %s AND given = %s", [self.given, self.family]))
            found.append(("family = %s AND left(given, 1) = %s", [self.family, self.given[0]]))
        elif self.family:
            found.append(("family = %s", [self.family]))
        if self.postcode:
            found.append(("postcode = %s", [self.postcode]))
        return found

    def score(self, row: tuple[object, ...]) -> float:
        """Answer from 0 to 1 how well a record fits what is asked, over the parts that are asked."""
        _, number, family, given, families, givens, middle, born, postcode = row
        got = total = 0.0
        if self.number:
            total += SHARES["nhs_number"]
            got += SHARES["nhs_number"] * (number == self.number)
        for part, asked, names in (
            ("family", self.family, [family, *families]),  # type: ignore[misc]
            ("given", self.given, [given, *givens, *(middle.split() if isinstance(middle, str) else ())]),  # type: ignore[misc]
        ):
            if asked:
                total += SHARES[part]
                other = given if part == "family" else family
                got += SHARES[part] * max(
                    max((_alike(asked, str(name)) for name in names if name), default=0.0),
                    0.8 * (other == asked),  # forename and surname in each other's place
                )
        if self.born:
            total += SHARES["birth_date"]
            got += SHARES["birth_date"] * _same_day(self.born, born if isinstance(born, date) else None)
        if self.postcode:
            total += SHARES["postcode"]
            got += SHARES["postcode"] * (postcode == self.postcode)
        return got / total if total else 0.0


def _alike(asked: str, name: str) -> float:
    from rapidfuzz.distance import JaroWinkler

    from joinedup.identity.nicknames import root

    if asked == name:
        return 1.0
    if asked in name.split() or name in asked.split() or root(asked) == root(name):
        return 0.9
    alike = JaroWinkler.similarity(asked, name)
    return alike if alike >= 0.8 else 0.0


def _same_day(asked: date, born: date | None) -> float:
    if born is None:
        return 0.0
    if born == asked:
        return 1.0
    if (born.year, born.month, born.day) == (asked.year, asked.day, asked.month):
        return 0.8
    parts = (born.year == asked.year) + (born.month == asked.month) + (born.day == asked.day)
    return 0.6 if parts == 2 else 0.0
