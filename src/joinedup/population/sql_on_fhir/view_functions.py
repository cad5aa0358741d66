"""What the functions and operators of FHIRPath do with values, for the row functions that `view_compiler` writes.

None stands for the empty collection. Dates and times are texts, as FHIR writes them.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from joinedup.feeds import definitions

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:T(?P<time>\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?\Z"
)
_CLOCK = re.compile(r"\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?\Z")


def by_url(extensions: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Answer extensions by their url, so that a row of many extensions goes through them once."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in extensions:
        url = one["url"]
        if url in found:
            found[url].append(one)
        else:
            found[url] = [one]
    return found


def members(value: Any, name: str) -> Sequence[Any]:
    """Answer the elements of a name where the definitions do not say what there is."""
    if not isinstance(value, Mapping):
        return ()
    found = value.get(name)
    if found is None:
        return ()
    return [one for one in found if one is not None] if isinstance(found, list) else (found,)


def members_of_type(value: Any, name: str, type_: str) -> Sequence[Any]:
    """Answer `name.ofType(type)` where the definitions do not say what there is, as of contained resources."""
    found = members(value, name + type_[:1].upper() + type_[1:])
    return found or [one for one in members(value, name) if is_of_type(one, type_)]


def is_of_type(value: Any, type_: str) -> bool:
    if isinstance(value, Mapping):
        return bool(value.get("resourceType") == type_)
    if isinstance(value, bool):
        return type_ == "boolean"
    if isinstance(value, int):
        return type_ in ("integer", "positiveInt", "unsignedInt", "decimal")
    if isinstance(value, float | Decimal):
        return type_ == "decimal"
    return type_ == "string"


def reference_key(reference: Mapping[str, Any], type_: str) -> str | None:
    """Answer the key that a reference leads to, None for another type or a form that names no resource.

    `Patient/p1`, `https://server/fhir/Patient/p1` and `Patient/p1/_history/2` name one; `#p1` and `urn:uuid:…` do not.
    """
    text = reference.get("reference")
    if text is None:
        return None
    head, slash, key = text.partition("/")
    if head == type_ and key and "/" not in key and "#" not in key:
        return str(key)
    head, slash, key = text.rpartition("/")
    if not slash:
        return None
    if head.endswith("/_history"):
        head, _, key = head[: -len("/_history")].rpartition("/")
    found = head.rpartition("/")[2]
    if not key or "#" in text or (found != type_ if type_ else found not in definitions().resources):
        return None
    return str(key)


def same(one: Sequence[Any], other: Sequence[Any], is_moment: bool) -> bool | None:
    """Answer whether two collections are equal: of one length and pair by pair; None when either is empty."""
    if not one or not other:
        return None
    if len(one) != len(other):
        return False
    found: list[bool | None] = []
    for left, right in zip(one, other, strict=True):
        if is_moment:
            order = moment_order(left, right)
            found.append(None if order is None else order == 0)
        else:
            found.append(equal(left, right))
    return False if False in found else None if None in found else True


def equal(one: Any, other: Any) -> bool | None:
    """Answer whether two values are equal; true is not 1."""
    if one is None or other is None:
        return None
    return (isinstance(one, bool) == isinstance(other, bool)) and bool(exact(one) == exact(other))


def moment_order(one: str | None, other: str | None) -> int | None:
    """Answer -1, 0 or 1 as one date or time is before, at or after another; None when that cannot be told.

    2026-03 is before 2026-04-01, but neither before, at nor after 2026-03-05. Times with zones are instants.
    """
    if one is None or other is None:
        return None
    if one == other:
        return 0
    left, right = _parts(one), _parts(other)
    if left is None or right is None:
        return (one > other) - (one < other)
    if left[1] and right[1] and left[1] != right[1]:
        try:
            first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
            return (first > second) - (first < second)
        except (ValueError, TypeError):
            pass
    for mine, theirs in zip(left[0], right[0], strict=False):
        if mine != theirs:
            return 1 if mine > theirs else -1
    return 0 if len(left[0]) == len(right[0]) else None


def _parts(text: str) -> tuple[list[str], str] | None:
    """Answer year, month, day, hour, minute and second of a date or time as far as known, and its zone."""
    if _CLOCK.match(text):
        return _clock(text), ""
    found = _MOMENT.match(text)
    if found is None:
        return None
    parts = [part for part in found.group("year", "month", "day") if part]
    return parts + _clock(found["time"] or ""), found["zone"] or ""


def _clock(text: str) -> list[str]:
    parts = text.split(":") if text else []
    if len(parts) == 3:
        whole, _, fraction = parts[2].partition(".")
        parts[2] = f"{whole}.{fraction.rstrip('0')}"  # seconds and their fraction are one part
    return parts


def order(one: Any, other: Any) -> int | None:
    """Answer how two values of unknown type are ordered; None when they are of different kinds."""
    if isinstance(one, str) and isinstance(other, str):
        return moment_order(one, other)
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return (one > other) - (one < other)
    return None


def calculated(operator: str, one: Any, other: Any) -> Any:
    """Answer a sum, difference, product or quotient, exact in decimals; None where there is none, as by nought."""
    if one is None or other is None:
        return None
    if isinstance(one, str) or isinstance(other, str):
        return one + other if operator == "+" and isinstance(one, str) and isinstance(other, str) else None
    left, right = exact(one), exact(other)
    if operator == "/":
        if right == 0:
            return None
        found = Decimal(left) / Decimal(right)
    elif operator == "+":
        found = left + right
    elif operator == "-":
        found = left - right
    else:
        found = left * right
    was_decimal = isinstance(one, Decimal) or isinstance(other, Decimal)
    return float(found) if isinstance(found, Decimal) and not was_decimal else found


def exact(value: Any) -> Any:
    """Answer a float as the decimal that it was read from: 0.1 + 0.2 is then 0.3, and 0.1 in a path equals it."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def join(values: Iterable[str], separator: str | None) -> str:
    return (separator or "").join(values)


def boundary(value: Any, type_: str, is_high: bool) -> Any:
    """Answer the least or the greatest value that one of its precision can stand for."""
    if value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return _decimal_boundary(value, is_high)
    if type_ == "time" or _CLOCK.match(value):
        return _filled_clock(value, is_high)
    found = _MOMENT.match(value)
    if found is None:
        return None
    year = int(found["year"])
    month = found["month"] or ("12" if is_high else "01")
    last = calendar.monthrange(year, int(month))[1] if 1 <= int(month) <= 12 and year else 28
    day = found["day"] or (str(last) if is_high else "01")
    whole = f"{year:04d}-{month}-{day}"
    if type_ == "date" or (not type_ and not found["time"]):
        return whole
    zone = found["zone"] or ("-12:00" if is_high else "+14:00")
    return f"{whole}T{_filled_clock(found['time'] or '', is_high)}{zone}"


def _filled_clock(text: str, is_high: bool) -> str:
    parts = text.split(":") if text else []
    whole = parts + (["23", "59", "59"] if is_high else ["00", "00", "00"])[len(parts) :]
    seconds, _, fraction = whole[2].partition(".")
    fraction = fraction + ("9" if is_high else "0") * (3 - len(fraction))
    return f"{whole[0]}:{whole[1]}:{seconds}.{fraction}"


def _decimal_boundary(value: Any, is_high: bool) -> Any:
    # A float has lost the noughts at its end: 1.00 reads as 1.0. Read numbers as Decimal where that matters.
    try:
        number = Decimal(exact(value))
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    found = number + half if is_high else number - half
    return float(found) if isinstance(value, float) else found
