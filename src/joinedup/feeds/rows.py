"""A row of a CSV as FHIR resources: a mapping made into functions, so that a row costs tens of microseconds.

Each cell is read once and kept by its text, since columns repeat their values. What has no value vanishes, and with it
whatever was drawn only to hold it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from joinedup.feeds.cells import CONCEPTS, Refused, as_instant, instant, reader_for
from joinedup.feeds.mapping import PLACEHOLDER, CodeMap, Condition, CsvMapping, condition_of
from joinedup.feeds.values import NAMESPACE

UCUM = "http://unitsofmeasure.org"
_KEPT_VALUES = 20_000  # of each column; then its memory starts anew
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

Values = list[Any]
Build = Callable[[Values, "Notes"], "list[Built]"]


@dataclass(slots=True)
class Notes:
    """What is to be said about a row that is taken: its warnings and flags, as in values.Batch.

    `shape` tells rows apart by which of their values are there: two rows of one shape, neither with a warning, give
    resources of the same elements and types.
    """

    shape: int = 0
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
    """Reads the rows of one file: what its cells mean (`values`), then which resources they give (`build`).

    `headings` are those of the file, in its order; they must be those of the mapping, whatever the order. `of_source`
    says what `{source_key}` and `{source_organisation}` stand for in the drawings. `build` answers the resources of a
    row's values, and raises Refused for a code that must be known and is not.
    """

    def __init__(self, mapping: CsvMapping, headings: Sequence[str], of_source: Mapping[str, str]) -> None:
        self.mapping = mapping
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
        self._concepts = [slots[one.field] for one in mapping.columns if one.field and one.type in CONCEPTS]
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
        self.build: Build = _Writer(mapping, slots, self._headings, of_source).function()

    def values(self, cells: Sequence[str], notes: Notes) -> Values:
        """Answer what the cells of a row mean; raises Refused for the first that its column does not allow."""
        values = self._blank.copy()
        shape = 0
        for index, slot, read, known, heading, is_required in self._cells:
            text = cells[index]
            if not text or text.isspace():
                if is_required:
                    raise Refused("missing-required", "expected a value", heading)
                continue
            shape |= 1 << slot
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
        notes.shape = shape
        for slot in self._concepts:
            if values[slot] is not None and "coding" not in values[slot]:
                notes.warnings.append("unmapped-code")
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


class _Writer:
    """Writes the function that builds all resources of a row: plain Python, an `if` for whatever may be missing.

    A tree of closures took three times as long. The text that is compiled holds nothing of the mapping but numbers of
    values and constants: `v[7]` is a value of the row, `k[3]` a constant, so nothing that a mapping says is run.
    """

    def __init__(self, mapping: CsvMapping, slots: Mapping[str, int], headings: Mapping[str, str],
                 of_source: Mapping[str, str]) -> None:  # fmt: skip
        self._mapping, self._slots, self._headings = mapping, slots, headings
        self._of_source = {f"{{{name}}}": value for name, value in of_source.items()}
        self._lines: list[str] = []
        self._constants: list[Any] = [fhir_id, Built, Refused, "expected all parts of the key"]
        self._texts: dict[tuple[str, bool], str] = {}  # a text with placeholders -> the name that it has
        self._text_lines: list[str] = []
        self._names = 0

    def function(self) -> Build:
        """Answer the function (values, notes) -> the resources of the row."""
        bodies: list[str] = []
        for number, drawn in enumerate(self._mapping.resources):
            self._lines = []
            indent = 1
            for condition in drawn.when:
                self._say(indent, f"if {self._condition(condition)}:")
                indent += 1
            id_ = self._expression(drawn.id, "id", indent)
            # A resource without its key would be lost in silence.
            self._say(indent, f"if {id_} is None: raise k[2]('missing-required', k[3], {self._constant(drawn.id)})")
            self._say(indent, f"id_ = k[0](str({id_}))")
            content = self._expression(dict(drawn.content), "", indent)
            start = f'{{"resourceType": {self._constant(drawn.type)}, "id": id_, **({content} or {{}})}}'
            self._say(indent, f"out.append(k[1]({number}, {self._constant(drawn.type)}, id_, {start}))")
            bodies += self._lines
        source = "\n".join(["def build(v, notes):", "  out = []", *self._text_lines, *bodies, "  return out"])
        made: dict[str, Any] = {"k": self._constants}
        # The text is made here, of numbers and our own words alone.
        exec(compile(source, f"<rows of {self._mapping.name}>", "exec"), made)  # noqa: S102  # nosec B102
        return made["build"]  # type: ignore[no-any-return]

    def _say(self, indent: int, line: str) -> None:
        self._lines.append("  " * indent + line)

    def _name(self) -> str:
        self._names += 1
        return f"t{self._names}"

    def _constant(self, value: Any) -> str:
        self._constants.append(value)
        return f"k[{len(self._constants) - 1}]"

    def _expression(self, drawn: Any, key: str, indent: int) -> str:
        """Write what makes a drawn value and answer its expression: a constant `k[n]`, or a name that may be None."""
        if isinstance(drawn, str):
            return self._text(drawn, key, indent)
        if isinstance(drawn, dict):
            return self._object(drawn, indent)
        if isinstance(drawn, list):
            return self._list(drawn, indent)
        return self._constant(drawn)

    def _object(self, drawn: dict[str, Any], indent: int) -> str:
        outer = name = self._name()
        holds = self._condition(condition_of(drawn["_if"])) if "_if" in drawn else ""
        before, self._lines = self._lines, []
        inner = indent + bool(holds)
        parts = {key: self._expression(item, key, inner) for key, item in drawn.items() if key != "_if"}
        fixed = {key: part for key, part in parts.items() if part.startswith("k[")}
        open_ = {key: part for key, part in parts.items() if key not in fixed}
        if not open_ and not holds:
            self._lines = before
            return self._constant({key: self._constants[int(part[2:-1])] for key, part in fixed.items()})
        whole = ", ".join(f"{self._constant(key)}: {part}" for key, part in fixed.items())
        if not open_:
            self._say(inner, f"{name} = {{{whole}}}")
        elif len(open_) == 1:
            ((key, part),) = open_.items()
            pair = f"{self._constant(key)}: {part}"
            self._say(inner, f"{name} = {{{whole}{', ' if whole else ''}{pair}}} if {part} is not None else None")
        else:
            self._say(inner, f"{name} = {{}}")
            for key, part in open_.items():
                self._say(inner, f"if {part} is not None: {name}[{self._constant(key)}] = {part}")
            self._say(inner, f"{name} = {{{whole}{', ' if whole else ''}**{name}}} if {name} else None")
        written, self._lines = self._lines, before
        if holds:
            self._say(indent, f"{outer} = None")
            self._say(indent, f"if {holds}:")
        self._lines += written
        return outer

    def _list(self, drawn: list[Any], indent: int) -> str:
        parts = [self._expression(item, "", indent) for item in drawn]
        if all(part.startswith("k[") for part in parts):
            return self._constant([self._constants[int(part[2:-1])] for part in parts])
        name = self._name()
        self._say(indent, f"{name} = []")
        for part in parts:
            always = part.startswith("k[")
            self._say(indent, f"{'' if always else f'if {part} is not None: '}{name}.append({part})")
        self._say(indent, f"{name} = {name} or None")
        return name

    def _text(self, drawn: str, key: str, indent: int) -> str:
        for name, value in self._of_source.items():
            drawn = drawn.replace(name, value)
        found = list(PLACEHOLDER.finditer(drawn))
        if not found:
            return self._constant(drawn)
        is_reference = key == "reference"
        if len(found) == 1 and found[0].span() == (0, len(drawn)) and not is_reference:
            return self._value(found[0], indent)
        if (drawn, is_reference) not in self._texts:
            # The same in every resource of the row ("Patient/{patient}"): made once, before the first.
            kept, self._lines = self._lines, []
            parts, end = [], 0
            type_ = ""
            if is_reference:
                type_, _, _ = drawn.partition("/")
                end = len(type_) + 1
            for one in found:
                if one.start() > end:
                    parts.append(self._constant(drawn[end : one.start()]))
                parts.append(self._value(one, 1))
                end = one.end()
            if end < len(drawn):
                parts.append(self._constant(drawn[end:]))
            name = self._name()
            needed = " and ".join(f"{part} is not None" for part in parts if not part.startswith("k["))
            joined = " + ".join(part if part.startswith("k[") else f"str({part})" for part in parts)
            if is_reference:
                joined = f"{self._constant(type_ + '/')} + k[0]({joined})"
            self._say(1, f"{name} = {joined} if {needed} else None")
            self._texts[drawn, is_reference] = name
            self._text_lines += self._lines
            self._lines = kept
        return self._texts[drawn, is_reference]

    def _value(self, found: re.Match[str], indent: int) -> str:
        names, map_name, as_coding, empty = (
            found.group(1).split("|"), found.group(2), bool(found.group(3)), found.group(4),
        )  # fmt: skip
        name = self._name()
        first, *others = (f"v[{self._slots[one]}]" for one in names)
        self._say(indent, f"{name} = {first}")
        for other in others:
            self._say(indent, f"if {name} is None: {name} = {other}")
        if map_name:
            known, read = _mapped(self._mapping.maps[map_name], as_coding, self._headings[names[0]])
            look_up = f"{self._constant(known)}.get({name}) or " if known else ""
            read_it = f"{look_up}{self._constant(read)}({name}, notes)"
            self._say(indent, f"if {name} is not None: {name} = {read_it}")
        if empty is not None:
            self._say(indent, f"if {name} is None: {name} = {self._constant(empty)}")
        return name

    def _condition(self, condition: Condition) -> str:
        value = f"v[{self._slots[condition.field]}]"
        if not condition.values:
            return f"{value} is {'not ' if condition.is_there else ''}None"
        return f"str({value}) {'' if condition.is_one_of else 'not '}in {self._constant(condition.values)}"


def _mapped(codes: CodeMap, as_coding: bool, heading: str) -> tuple[dict[str, Any], Callable[[Any, Notes], Any]]:
    """Answer what is known of codes, and the function for a code that is not there."""
    known: dict[str, Any] = {}
    for code, word in codes.codes.items():
        if not codes.system:
            known[code] = word
            continue
        coding = {"system": codes.system, "code": code, "display": word}
        concept = {"coding": [coding, *(dict(one) for one in codes.also.get(code, ()))], "text": word}
        known[code] = coding if as_coding else concept
    otherwise = known.pop("*", None)
    takes_any = otherwise is not None and not known

    def read(value: Any, notes: Notes) -> Any:
        if takes_any:
            return otherwise
        text = str(value)
        if text in known:
            return known[text]
        if codes.unmapped != "text" and otherwise is None:
            raise Refused(codes.unmapped, "expected a code of the mapping's list", heading)
        notes.warnings.append("unmapped-code")
        if otherwise is not None:
            return otherwise
        return {"display": text} if as_coding else {"text": text}

    return known, read


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
