"""A row of a CSV as FHIR resources: a mapping made into functions, so that a row costs tens of microseconds.

Each cell is read once and kept by its text, since columns repeat their values; each drawn resource is a tree of small
functions over the row's values. What has no value vanishes, and with it whatever was drawn only to hold it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from joinedup.feeds.cells import Refused, as_instant, instant, reader_for
from joinedup.feeds.mapping import PLACEHOLDER, CodeMap, Condition, CsvMapping, Drawn, condition_of
from joinedup.feeds.values import NAMESPACE

UCUM = "http://unitsofmeasure.org"
_KEPT_VALUES = 20_000  # of each column; then its memory starts anew
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

Values = list[Any]
Part = Callable[[Values, "Notes"], Any]


@dataclass(slots=True)
class Notes:
    """What is to be said about a row that is taken: its warnings and flags, as in values.Batch."""

    warnings: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Built:
    """One resource of a row: which drawing it is of (its number in the mapping), the source's id, and the content."""

    drawing: int
    type: str
    source_id: str
    content: dict[str, Any]


class Rows:
    """Reads the rows of one file: what its cells mean, then which resources they give.

    `headings` are those of the file, in its order; they must be those of the mapping, whatever the order. `of_source`
    says what `{source_key}` and `{source_organisation}` stand for in the drawings.
    """

    def __init__(self, mapping: CsvMapping, headings: Sequence[str], of_source: Mapping[str, str]) -> None:
        self.mapping = mapping
        self._of_source = {f"{{{name}}}": value for name, value in of_source.items()}
        place = {heading: index for index, heading in enumerate(headings)}
        slots: dict[str, int] = {}
        self._cells: list[tuple[int, int, Callable[[str], Any] | None, dict[str, Any], str, bool]] = []
        self._blank: Values = []
        for column in mapping.columns:
            if not column.field:
                continue
            slots[column.field] = len(slots)
            # A text is its own meaning: nothing to read, nothing to keep.
            reader = None if column.type == "text" else reader_for(column.type, column.format)
            if column.unit:
                reader = _quantity(column.unit)
            self._cells.append(
                (place[column.heading], slots[column.field], reader, {}, column.heading, column.required)
            )
        self._headings = {column.field: column.heading for column in mapping.columns if column.field}
        self._times = []
        for name, (day, clock) in mapping.times.items():
            slots[name] = len(slots)
            self._times.append((slots[name], slots[day], slots[clock]))
            self._headings[name] = self._headings[day]
        self._blank = [None] * len(slots)
        self._slots = slots
        self._order = [(slots[a], slots[b], self._headings[b]) for a, b in mapping.dates_in_order]
        self._event = slots[mapping.event] if mapping.event else None
        self._patient = slots[mapping.patient]
        self.patient_index = place[self._headings[mapping.patient]]
        self._drawings = [self._compile(drawn) for drawn in mapping.resources]

    def values(self, cells: Sequence[str], notes: Notes) -> Values:
        """Answer what the cells of a row mean; raises Refused for the first that its column does not allow."""
        values = self._blank.copy()
        for index, slot, read, known, heading, is_required in self._cells:
            text = cells[index]
            if not text or text.isspace():
                if is_required:
                    raise Refused("missing-required", "expected a value", heading)
                continue
            if read is None:
                values[slot] = text.strip()
                continue
            value = known.get(text)
            if value is None:
                try:
                    value = read(text.strip())
                except Refused as refused:
                    raise Refused(refused.reason, refused.message, heading) from None
                if len(known) >= _KEPT_VALUES:
                    known.clear()
                known[text] = value
            values[slot] = value
        for slot, day, clock in self._times:
            if values[day] is not None:
                values[slot], flag = instant(values[day], values[clock])
                if flag:
                    notes.flags.append(flag)
        for first, second, heading in self._order:
            a, b = values[first], values[second]
            if a is not None and b is not None and a > b and _is_after(a, b):
                raise Refused("bad-date", "expected a day or time that is not before what came first", heading)
        return values

    def event_at(self, values: Values) -> datetime | None:
        """Answer the time of the row, by which the versions of what it says are ordered."""
        if self._event is None or values[self._event] is None:
            return None
        return as_instant(values[self._event])

    @property
    def event_heading(self) -> str:
        """Answer the heading of the column that gives the row's time."""
        return self._headings.get(self.mapping.event, "")

    def patient(self, values: Values) -> str:
        """Answer the source's id of the patient whom the row is about."""
        return fhir_id(values[self._patient])

    def build(self, values: Values, notes: Notes) -> list[Built]:
        """Answer the resources that a row gives. Raises Refused for a code that must be known and is not."""
        built = []
        for number, (type_, conditions, make_id, make) in enumerate(self._drawings):
            for holds in conditions:
                if not holds(values):
                    break
            else:
                source_id = make_id(values, notes)
                if source_id is None:
                    continue
                content = make(values, notes) or {}
                source_id = fhir_id(source_id)
                built.append(Built(number, type_, source_id, {"resourceType": type_, "id": source_id, **content}))
        return built

    # --- from drawing to function

    def _compile(self, drawn: Drawn) -> tuple[str, list[Callable[[Values], bool]], Part, Part]:
        make_id, make = (
            (lambda _values, _notes, constant=part: constant) if is_constant else part
            for is_constant, part in (self._text(drawn.id, is_reference=False), self._part(dict(drawn.content)))
        )
        return drawn.type, [self._condition(one) for one in drawn.when], make_id, make

    def _part(self, drawn: Any, key: str = "") -> tuple[bool, Any]:
        """Answer (True, value) for what is the same in every row, else (False, function)."""
        if isinstance(drawn, str):
            return self._text(drawn, is_reference=key == "reference")
        if isinstance(drawn, dict):
            return self._object(drawn)
        if isinstance(drawn, list):
            return self._list(drawn)
        return True, drawn

    def _object(self, drawn: dict[str, Any]) -> tuple[bool, Any]:
        constants: dict[str, Any] = {}
        parts: list[tuple[str, Part]] = []
        for key, item in drawn.items():
            if key == "_if":
                continue
            is_constant, part = self._part(item, key)
            if is_constant:
                constants[key] = part
            else:
                parts.append((key, part))
        holds = self._condition(condition_of(drawn["_if"])) if "_if" in drawn else None
        if not parts:
            if holds is None:
                return True, constants
            return False, lambda values, _notes: constants if holds(values) else None

        def make(values: Values, notes: Notes) -> dict[str, Any] | None:
            if holds is not None and not holds(values):
                return None
            made = None
            for key, part in parts:
                value = part(values, notes)
                if value is not None:
                    if made is None:
                        made = constants.copy()
                    made[key] = value
            return made

        return False, make

    def _list(self, drawn: list[Any]) -> tuple[bool, Any]:
        compiled = [self._part(item) for item in drawn]
        if all(is_constant for is_constant, _ in compiled):
            return True, drawn

        def make(values: Values, notes: Notes) -> list[Any] | None:
            made = []
            for is_constant, part in compiled:
                value = part if is_constant else part(values, notes)
                if value is not None:
                    made.append(value)
            return made or None

        return False, make

    def _text(self, drawn: str, *, is_reference: bool) -> tuple[bool, Any]:
        for name, value in self._of_source.items():
            drawn = drawn.replace(name, value)
        found = list(PLACEHOLDER.finditer(drawn))
        if not found:
            return True, drawn
        if len(found) == 1 and found[0].span() == (0, len(drawn)) and not is_reference:
            return False, self._value(found[0])
        pieces: list[tuple[str, Part | None]] = []
        end = 0
        for one in found:
            if one.start() > end:
                pieces.append((drawn[end : one.start()], None))
            pieces.append(("", self._value(one)))
            end = one.end()
        if end < len(drawn):
            pieces.append((drawn[end:], None))

        def make(values: Values, notes: Notes) -> str | None:
            made = []
            for constant, part in pieces:
                if part is None:
                    made.append(constant)
                    continue
                value = part(values, notes)
                if value is None:
                    return None
                made.append(str(value))
            return "".join(made)

        if not is_reference:
            return False, make

        def refer(values: Values, notes: Notes) -> str | None:
            text = make(values, notes)
            if text is None:
                return None
            type_, _, id_ = text.partition("/")
            return f"{type_}/{fhir_id(id_)}"

        return False, refer

    def _value(self, found: re.Match[str]) -> Part:
        names, map_name, as_coding = found.group(1).split("|"), found.group(2), bool(found.group(3))
        slots = [self._slots[name] for name in names]
        if map_name:
            codes = self.mapping.maps[map_name]
            return _mapped(slots[0], codes, as_coding, found.group(4), self._headings[names[0]])
        if len(slots) == 1 and found.group(4) is None:
            slot = slots[0]
            return lambda values, _notes: values[slot]
        otherwise = found.group(4)

        def first(values: Values, _notes: Notes) -> Any:
            for one in slots:
                if values[one] is not None:
                    return values[one]
            return otherwise

        return first

    def _condition(self, condition: Condition) -> Callable[[Values], bool]:
        slot, wanted, is_one_of, is_there = (
            self._slots[condition.field], condition.values, condition.is_one_of, condition.is_there,
        )  # fmt: skip
        if not wanted:
            return lambda values: (values[slot] is not None) is is_there
        return lambda values: (str(values[slot]) in wanted) is is_one_of


def _mapped(slot: int, codes: CodeMap, as_coding: bool, empty: str | None, heading: str) -> Part:
    """Answer the function that reads a code; `empty` is the word for when there is none."""
    known: dict[Any, Any] = {}
    for code, word in codes.codes.items():
        if not codes.system:
            known[code] = word
            continue
        coding = {"system": codes.system, "code": code, "display": word}
        concept = {"coding": [coding, *(dict(one) for one in codes.also.get(code, ()))], "text": word}
        known[code] = coding if as_coding else concept
    otherwise = known.pop("*", None)
    takes_any = otherwise is not None and not known

    def read(values: Values, notes: Notes) -> Any:
        text = values[slot]
        if text is None:
            return empty
        text = str(text)
        value = otherwise if takes_any else known.get(text)
        if value is not None:
            return value
        if codes.unmapped != "text" and otherwise is None:
            raise Refused(codes.unmapped, "expected a code of the mapping's list", heading)
        notes.warnings.append("unmapped-code")
        if otherwise is not None:
            return otherwise
        return {"display": text} if as_coding else {"text": text}

    return read


def _quantity(unit: str) -> Callable[[str], Any]:
    number = reader_for("decimal")
    return lambda text: {"value": number(text), "unit": unit, "system": UCUM, "code": unit}


def _is_after(first: str, second: str) -> bool:
    """Answer whether one date or dateTime is after another; a day is neither before nor after a time of that day."""
    if len(first) != len(second):
        return first[:10] > second[:10]
    return as_instant(first) > as_instant(second)


@lru_cache(maxsize=100_000)
def fhir_id(text: str) -> str:
    """Answer a source's key as an id that FHIR allows: itself, or a UUID made of it where it has other characters."""
    return text if _ID.fullmatch(text) else str(uuid.uuid5(NAMESPACE, text))
