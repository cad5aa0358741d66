"""Search as FHIR R4 says it, over the resources of one resident (rules: record R48, R49, R51, R56).

A parameter, modifier, prefix or sort key that is not known is refused by its name, never ignored: a server that drops
what it does not know answers too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from joinedup.errors import did_you_mean
from joinedup.record.extract import span
from joinedup.record.fhir.outcome import BadRequest
from joinedup.record.store import Stored

Kind = Literal["token", "date", "reference"]
# type -> parameter -> (kind, element); a token's element is not needed: it was taken out when the resource was stored.
PARAMETERS: dict[str, dict[str, tuple[Kind, str]]] = {
    "AllergyIntolerance": {
        "clinical-status": ("token", ""),
        "verification-status": ("token", ""),
        "code": ("token", ""),
        "criticality": ("token", ""),
        "date": ("date", "recordedDate"),
    },
    "Appointment": {"date": ("date", "start"), "status": ("token", "")},
    "CarePlan": {"status": ("token", ""), "category": ("token", ""), "date": ("date", "period")},
    "CareTeam": {"status": ("token", "")},
    "Composition": {"type": ("token", ""), "status": ("token", ""), "date": ("date", "date")},
    "Condition": {
        "clinical-status": ("token", ""),
        "category": ("token", ""),
        "code": ("token", ""),
        "encounter": ("reference", "encounter"),
        "onset-date": ("date", "onsetDateTime"),
        "recorded-date": ("date", "recordedDate"),
    },
    "DiagnosticReport": {
        "code": ("token", ""),
        "category": ("token", ""),
        "status": ("token", ""),
        "date": ("date", "effectiveDateTime"),
    },
    "DocumentReference": {
        "type": ("token", ""),
        "category": ("token", ""),
        "status": ("token", ""),
        "date": ("date", "date"),
    },
    "Encounter": {
        "class": ("token", ""),
        "status": ("token", ""),
        "type": ("token", ""),
        "identifier": ("token", ""),
        "date": ("date", "period"),
    },
    "EpisodeOfCare": {"status": ("token", ""), "type": ("token", ""), "date": ("date", "period")},
    "Flag": {"status": ("token", ""), "category": ("token", ""), "code": ("token", ""), "date": ("date", "period")},
    "Immunization": {
        "vaccine-code": ("token", ""),
        "status": ("token", ""),
        "date": ("date", "occurrenceDateTime"),
    },
    "MedicationDispense": {
        "status": ("token", ""),
        "code": ("token", ""),
        "whenhandedover": ("date", "whenHandedOver"),
    },
    "MedicationRequest": {
        "status": ("token", ""),
        "intent": ("token", ""),
        "code": ("token", ""),
        "encounter": ("reference", "encounter"),
        "authoredon": ("date", "authoredOn"),
    },
    "MedicationStatement": {
        "status": ("token", ""),
        "code": ("token", ""),
        "effective": ("date", "effectivePeriod effectiveDateTime"),
    },
    "Observation": {
        "code": ("token", ""),
        "category": ("token", ""),
        "status": ("token", ""),
        "encounter": ("reference", "encounter"),
        "date": ("date", "effectiveDateTime effectivePeriod effectiveInstant"),
    },
    "Procedure": {
        "code": ("token", ""),
        "status": ("token", ""),
        "date": ("date", "performedDateTime performedPeriod"),
    },
    "RelatedPerson": {"relationship": ("token", "")},
    "ServiceRequest": {"status": ("token", ""), "code": ("token", ""), "authored": ("date", "authoredOn")},
    "Task": {"status": ("token", ""), "code": ("token", "")},
}
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
SORTS = ("date", "_lastUpdated")
MODIFIERS = {"token": ("not", "missing"), "date": ("missing",), "reference": ("missing",)}
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
Test = Callable[[Stored], bool]


@dataclass(frozen=True, slots=True)
class Search:
    """What an address asks for: tests that all must hold, and the sort keys, each with whether it falls."""

    tests: Sequence[Test]
    sort: Sequence[tuple[str, bool]]

    def matching(self, rows: Iterable[Stored]) -> list[Stored]:
        """Answer the rows that hold, in order; without a sort key by id, so that reading twice gives the same order."""
        found = [row for row in rows if all(test(row) for test in self.tests)]
        found.sort(key=lambda row: row.id.int)
        for key, falls in reversed(self.sort):
            found.sort(key=lambda row: _key(row, key), reverse=falls)
            if key == "date":  # What has no date comes last, whichever way it is sorted.
                found.sort(key=lambda row: row.starts is None and row.ends is None)
        return found


def parse(type_: str, asked: Iterable[tuple[str, str]]) -> Search:
    """Read the parameters of a search, each a (name with modifier, value) pair. Raises BadRequest naming what is wrong.

    A repeated parameter is "and", a comma is "or".
    """
    known = PARAMETERS[type_]
    tests: list[Test] = []
    sort: list[tuple[str, bool]] = []
    for name, value in asked:
        parameter, _, modifier = name.partition(":")
        if modifier and parameter.startswith("_"):
            raise BadRequest(f"{parameter}:{modifier}: no modifier is known here for {parameter}.")
        if parameter == "_sort":
            sort = [_sort_key(one) for one in value.split(",")][:3]
        elif parameter == "_id":
            ids = frozenset(value.split(","))
            tests.append(lambda row, ids=ids: str(row.id) in ids)  # type: ignore[misc]
        elif parameter == "_lastUpdated":
            tests.append(_date_test(value, lambda row: (row.stored_at, row.stored_at)))
        elif parameter in known:
            kind, element = known[parameter]
            if modifier and modifier not in MODIFIERS[kind]:
                raise BadRequest(f"{parameter}:{modifier}: this modifier is not known here; known are "
                                 f"{', '.join(MODIFIERS[kind])}.")  # fmt: skip
            tests.append(_test(parameter, modifier, value, kind, element))
        else:
            names = [*known, "patient", "_id", "_lastUpdated", "_sort", "_count", "_summary"]
            raise BadRequest(f"{parameter}: {type_} has no such search parameter here.{did_you_mean(parameter, names)}")
    return Search(tests, sort)


def _test(parameter: str, modifier: str, value: str, kind: Kind, element: str) -> Test:
    if kind == "date":
        elements = element.split()
        if modifier == "missing":
            wants = _boolean(parameter, value)
            return lambda row: (not any(one in row.content for one in elements)) == wants
        return _date_test(value, lambda row: _span_of(row.content, elements))
    start = f"{parameter}="
    if modifier == "missing":
        wants = _boolean(parameter, value)
        return lambda row: (not any(one.startswith(start) for one in row.tokens)) == wants
    if kind == "reference":
        wanted = {one.rpartition("/")[2] for one in value.split(",")}
        return lambda row: bool(wanted & set(_referenced(row, parameter)))
    choices = value.split(",")

    def holds(row: Stored) -> bool:
        held = [one.removeprefix(start) for one in row.tokens if one.startswith(start)]
        return any(token_matches(choice, one) for choice in choices for one in held)

    return (lambda row: not holds(row)) if modifier == "not" else holds


def token_matches(asked: str, held: str) -> bool:
    """Answer whether a held `system|code` or `code` is what `system|code`, `|code`, `system|` or `code` asks for."""
    system, bar, code = held.rpartition("|")
    if "|" not in asked:
        return code == asked
    wanted_system, _, wanted_code = asked.rpartition("|")
    if not wanted_code:
        return bool(bar) and system == wanted_system
    return system == wanted_system and code == wanted_code


def _referenced(row: Stored, parameter: str) -> list[str]:
    from joinedup.feeds import resource_id

    found = []
    for one in row.tokens:
        if one.startswith(f"{parameter}="):
            type_, _, source_id = one.removeprefix(f"{parameter}=").partition("/")
            found.append(str(resource_id(row.source, type_, source_id)))
    return found


def _date_test(value: str, of: Callable[[Stored], tuple[datetime | None, datetime | None] | None]) -> Test:
    choices = [_dated(one) for one in value.split(",")]

    def holds(row: Stored) -> bool:
        held = of(row)
        if held is None or held == (None, None):
            return False
        low, high = held[0] or _FIRST, held[1] or _LAST
        return any(date_matches(prefix, start, end, low, high) for prefix, start, end in choices)

    return holds


def date_matches(prefix: str, start: datetime, end: datetime, low: datetime, high: datetime) -> bool:
    """Answer whether [low, high) of a resource is what a prefix asks of [start, end); R51 has the table."""
    inside = start <= low and high <= end
    match prefix:
        case "eq":
            return inside
        case "ne":
            return not inside
        case "gt":
            return high > end
        case "lt":
            return low < start
        case "ge":
            return high > end or inside
        case "le":
            return low < start or inside
        case "sa":
            return low >= end
        case _:
            return high <= start


def _dated(value: str) -> tuple[str, datetime, datetime]:
    prefix, text = (value[:2], value[2:]) if value[:2] in PREFIXES else ("eq", value)
    start, end = span(text.replace(" ", "+"))  # A plus that was not escaped arrives as a space.
    if start is None or end is None:
        raise BadRequest(f"A date is expected such as 2026-03-14, 2026-03 or ge2026-03-14T10:30:00Z; with one of the "
                         f"prefixes {', '.join(PREFIXES)}.")  # fmt: skip
    return prefix, start, end


def _span_of(content: dict[str, Any], elements: Sequence[str]) -> tuple[datetime | None, datetime | None] | None:
    for element in elements:
        value = content.get(element)
        if isinstance(value, str):
            return span(value)
        if isinstance(value, dict):
            return span(value.get("start") or "")[0], span(value.get("end") or "")[1]
    return None


def _boolean(parameter: str, value: str) -> bool:
    if value not in {"true", "false"}:
        raise BadRequest(f"{parameter}:missing: expected true or false.")
    return value == "true"


def _sort_key(text: str) -> tuple[str, bool]:
    key = text.removeprefix("-")
    if key not in SORTS:
        raise BadRequest(f"_sort={key}: sorting goes by {' or '.join(SORTS)}, with a minus for falling order.")
    return key, text.startswith("-")


def _key(row: Stored, key: str) -> datetime:
    return row.stored_at if key == "_lastUpdated" else row.starts or row.ends or _FIRST
