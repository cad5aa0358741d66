"""What the columns of a CSV mean: a mapping, read from TOML and checked (docs/reference/mappings.md describes it).

A mapping is data. It says how the file is written, what type each column has, and which FHIR resources one row gives,
each drawn as the resource looks, with `{field}` where the value of a column goes. `rows.py` makes a function of it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping as Table
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from joinedup.errors import FileError, NotFound, did_you_mean
from joinedup.feeds.cells import TYPES

MEND = "Correct the mapping and load again."
_TOP = (
    "title", "delimiter", "encoding", "quote", "patient", "event", "event_may_be_future", "trailer", "dates_in_order",
    "columns", "times", "maps", "uses", "resource",
)  # fmt: skip
_COLUMN = ("field", "type", "format", "required", "unit")
_RESOURCE = ("type", "id", "when", "repeats", "content")
_MAP = ("system", "codes", "unmapped", "also")
UNMAPPED = ("text", "unmapped-code", "bad-unit", "bad-code")
_ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "ascii")
# {field}, {field|other}, {field:map}, {field:map.coding}, each with =word for when there is no value
PLACEHOLDER = re.compile(r"\{([a-z0-9_|]+)(?::([a-z0-9_]+)(\.coding)?)?(?:=([A-Za-z0-9-]+))?\}")
# What a file says by who sent it: put into the drawings before anything else.
OF_SOURCE = ("source_key", "source_organisation")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_CONDITION = re.compile(r"(!?)([a-z0-9_]+)(?:(!?=)(.*))?")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the field that rows know it by ("" for one that is not taken), and what it holds."""

    heading: str
    field: str = ""
    type: str = "text"
    format: str = ""
    required: bool = False
    unit: str = ""  # a UCUM unit: the number becomes a Quantity of it


@dataclass(frozen=True, slots=True)
class CodeMap:
    """What the codes of a column mean.

    With a `system` a code becomes a CodeableConcept of that system, with the display of `codes` and the codings of
    `also` beside it; without, `codes` gives the word that stands for it. "*" in `codes` is the word for every other
    code. `unmapped` says what becomes of a code that is not there: `text` keeps it as text, else it is the reason for
    which the row is set aside.
    """

    name: str
    codes: Table[str, str]
    system: str = ""
    also: Table[str, tuple[Table[str, str], ...]] = field(default_factory=dict)
    unmapped: str = "text"


@dataclass(frozen=True, slots=True)
class Condition:
    """When something is there: a field has a value (one of `values`, or none of them), or has none."""

    field: str
    is_there: bool = True
    values: frozenset[str] = frozenset()
    is_one_of: bool = True


@dataclass(frozen=True, slots=True)
class Drawn:
    """One resource of a row as drawn: its type, its id, when it is there, and its content with placeholders.

    `repeats`: the same resource stands in many rows (the patient, the stay); it is handed on when it says something
    else than the last time in this file.
    """

    type: str
    id: str
    content: Table[str, Any]
    when: tuple[Condition, ...] = ()
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """A whole mapping. `patient` is the field of the patient's id, `event` that of the row's time (rules: R8)."""

    name: str
    title: str
    delimiter: str
    encoding: str
    quote: str
    patient: str
    columns: tuple[Column, ...]
    resources: tuple[Drawn, ...]
    event: str = ""
    event_may_be_future: bool = False
    trailer: tuple[str, int] | None = None  # the first cell of the last row, and the column (from 1) of the count
    times: Table[str, tuple[str, str]] = field(default_factory=dict)  # field -> (field of the day, of the time)
    maps: Table[str, CodeMap] = field(default_factory=dict)
    dates_in_order: tuple[tuple[str, str], ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Answer the headings that a file must have, each once, in any order."""
        return tuple(column.heading for column in self.columns)


def read_mapping(name: str, folder: Path | None = None) -> CsvMapping:
    """Answer a mapping by its name: that of the folder, when it has one, else the one that is shipped.

    One that was mended is read anew. Raises NotFound, with the nearest name, when there is none, and FileError for a
    mapping that is wrong.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        own = folder / f"{name}.toml" if folder else None
        if own is not None and own.is_file():
            return _read(own, name, own.stat().st_mtime_ns)
        shipped: Any = files("joinedup.feeds") / "mappings" / f"{name}.toml"
        if shipped.is_file():
            return _read(shipped, name, 0)
    from joinedup.feeds.sources import mapping_names

    raise NotFound(f"There is no mapping '{name}'.{did_you_mean(name, mapping_names())}")


@lru_cache(maxsize=64)
def _read(place: Any, name: str, _changed_at: int) -> CsvMapping:
    try:
        return parse_mapping(place.read_text("utf-8"), name)
    except UnicodeDecodeError:
        raise FileError(f"{name}.toml", "expected UTF-8.", f"Save it as UTF-8. {MEND}") from None


def parse_mapping(text: str, name: str) -> CsvMapping:
    """Answer the mapping that a TOML text states; raises FileError, with the field, for what can't be meant."""
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else None
        raise FileError(f"{name}.toml", f"not valid TOML: {error}.", MEND, line=line) from None
    return _Reader(name, text).read(stated)


def placeholders(value: Any) -> Iterable[tuple[tuple[str, ...], str, bool]]:
    """Yield (fields, map, whether as coding) of every placeholder in a drawn value; of several fields the first counts
    that has a value."""
    if isinstance(value, str):
        for found in PLACEHOLDER.finditer(value):
            yield tuple(found.group(1).split("|")), found.group(2) or "", bool(found.group(3))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "_if":
                yield from placeholders(item)
    elif isinstance(value, list):
        for item in value:
            yield from placeholders(item)


class _Reader:
    def __init__(self, name: str, text: str) -> None:
        self.file = f"{name}.toml"
        self.name = name
        self.lines = text.splitlines()
        self.fields: set[str] = set()
        self.maps: dict[str, CodeMap] = {}

    def read(self, stated: Table[str, Any]) -> CsvMapping:
        self._known(stated, _TOP, "mapping")
        for must in ("title", "delimiter", "patient", "columns", "resource"):
            if not stated.get(must):
                raise self._wrong(must, "expected it: every mapping has one.")
        delimiter, quote = stated["delimiter"], stated.get("quote", '"')
        if not (
            isinstance(delimiter, str) and len(delimiter) == 1 and delimiter.isascii() and delimiter not in '"\r\n'
        ):
            raise self._wrong("delimiter", "expected one character.")
        if quote not in ('"', ""):
            raise self._wrong("quote", "expected '\"' or nothing.")
        encoding = str(stated.get("encoding", "utf-8")).lower()
        if encoding not in _ENCODINGS:
            raise self._wrong(
                "encoding", f"expected one of {', '.join(_ENCODINGS)}.{did_you_mean(encoding, _ENCODINGS)}"
            )
        columns = self._columns(stated["columns"])
        self.fields = {column.field for column in columns if column.field}
        if taken := self.fields & set(OF_SOURCE):
            raise self._wrong(min(taken), "expected another name: this one is the source's own.")
        times = self._times(stated.get("times", {}))
        self.fields |= set(times)
        self.maps = self._shared(stated.get("uses", ()))
        self.maps |= {key: self._map(key, entry) for key, entry in stated.get("maps", {}).items()}
        for key in ("patient", "event"):
            if stated.get(key):
                self._must_be_field(key, stated[key])
        order = tuple((str(a), str(b)) for a, b in stated.get("dates_in_order", ()))
        for pair in order:
            for one in pair:
                self._must_be_field("dates_in_order", one)
        if stated["patient"] not in {column.field for column in columns if column.required}:
            raise self._wrong("patient", "expected a column that is required: a row without its patient says nothing.")
        return CsvMapping(
            name=self.name,
            title=stated["title"],
            delimiter=delimiter,
            encoding=encoding,
            quote=quote,
            patient=stated["patient"],
            columns=columns,
            resources=tuple(self._drawn(entry) for entry in stated["resource"]),
            event=stated.get("event", ""),
            event_may_be_future=bool(stated.get("event_may_be_future", False)),
            trailer=self._trailer(stated.get("trailer"), len(columns)),
            times=times,
            maps=self.maps,
            dates_in_order=order,
        )

    def _columns(self, stated: Table[str, Any]) -> tuple[Column, ...]:
        columns, seen = [], set()
        for heading, entry in stated.items():
            if not isinstance(entry, dict):
                raise self._wrong(heading, 'expected a table such as { field = "born", type = "date" }.')
            self._known(entry, _COLUMN, heading)
            name, type_ = entry.get("field", ""), entry.get("type", "text")
            if type_ not in TYPES:
                raise self._wrong(heading, f"there is no type '{type_}'.{did_you_mean(type_, TYPES)}")
            if name and not _FIELD.fullmatch(name):
                raise self._wrong(heading, "expected a field of small letters, digits and underscores.")
            if name in seen:
                raise self._wrong(heading, f"two columns are the field '{name}'; expected one.")
            seen.update({name} - {""})
            unit = entry.get("unit", "")
            if unit and type_ not in ("integer", "decimal"):
                raise self._wrong(heading, "expected a unit only where the type is integer or decimal.")
            required = bool(entry.get("required", False))
            columns.append(Column(heading, name, type_, entry.get("format", ""), required, unit))
        return tuple(columns)

    def _times(self, stated: Table[str, Any]) -> dict[str, tuple[str, str]]:
        times = {}
        for name, pair in stated.items():
            if not (isinstance(pair, list) and len(pair) == 2):
                raise self._wrong(name, "expected [field of the day, field of the time].")
            for one in pair:
                self._must_be_field(name, one)
            times[name] = (pair[0], pair[1])
        return times

    def _map(self, name: str, entry: Table[str, Any]) -> CodeMap:
        self._known(entry, _MAP, f"maps.{name}")
        unmapped = entry.get("unmapped", "text" if entry.get("system") else "unmapped-code")
        if unmapped not in UNMAPPED:
            raise self._wrong("unmapped", f"expected one of {', '.join(UNMAPPED)}.{did_you_mean(unmapped, UNMAPPED)}")
        if unmapped == "text" and not entry.get("system"):
            raise self._wrong("unmapped", f"the map '{name}' has no system: only a concept can be kept as text.")
        also = {code: tuple(codings) for code, codings in entry.get("also", {}).items()}
        codes = entry.get("codes", {})
        if not all(isinstance(word, str) for word in codes.values()):
            raise self._wrong(f"maps.{name}", "expected a text for every code.")
        return CodeMap(name, codes, entry.get("system", ""), also, unmapped)

    def _shared(self, names: Iterable[str]) -> dict[str, CodeMap]:
        """Answer the code maps of the lists that several mappings use (`mappings/maps/<name>.toml`)."""
        folder = files("joinedup.feeds") / "mappings" / "maps"
        known = sorted(one.name.removesuffix(".toml") for one in folder.iterdir())
        maps: dict[str, CodeMap] = {}
        for name in names:
            if name not in known:
                raise self._wrong(str(name), f"there is no list of codes '{name}'.{did_you_mean(str(name), known)}")
            stated = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
            maps |= {key: self._map(key, entry) for key, entry in stated["maps"].items()}
        return maps

    def _drawn(self, entry: Table[str, Any]) -> Drawn:
        self._known(entry, _RESOURCE, "resource")
        for must in ("type", "id", "content"):
            if not entry.get(must):
                raise self._wrong(must, "expected it: every [[resource]] has one.")
        for part in (entry["id"], entry["content"]):
            for fields, map_name, as_coding in placeholders(part):
                for one in fields:
                    if one not in OF_SOURCE:
                        self._must_be_field("resource", one)
                if map_name and map_name not in self.maps:
                    raise self._wrong(map_name, f"there is no map '{map_name}'.{did_you_mean(map_name, self.maps)}")
                if as_coding and not self.maps[map_name].system:
                    raise self._wrong(map_name, f"the map '{map_name}' has no system: it gives no coding.")
        self._look_through(entry["content"])
        when = tuple(self.condition(one) for one in entry.get("when", ()))
        return Drawn(entry["type"], entry["id"], entry["content"], when, bool(entry.get("repeats", False)))

    def _look_through(self, value: Any) -> None:
        """Refuse braces that are no placeholder, and conditions that cannot be read."""
        if isinstance(value, str):
            rest = PLACEHOLDER.sub("", value)
            if "{" in rest or "}" in rest:
                raise self._wrong(value, "expected {field}, {field:map} or {field:map.coding} in braces.")
        elif isinstance(value, dict):
            for key, item in value.items():
                if key == "_if":
                    self.condition(item)
                else:
                    self._look_through(item)
        elif isinstance(value, list):
            for item in value:
                self._look_through(item)

    def condition(self, text: str) -> Condition:
        if _CONDITION.fullmatch(text) is None:
            raise self._wrong("when", "expected field, !field, field=a|b or field!=a|b.")
        found = condition_of(text)
        self._must_be_field("when", found.field)
        return found

    def _trailer(self, stated: Any, columns: int) -> tuple[str, int] | None:
        if stated is None:
            return None
        if set(stated) != {"starts", "count"} or not (
            isinstance(stated["count"], int) and 1 <= stated["count"] <= columns
        ):
            raise self._wrong(
                "trailer", 'expected { starts = "T", count = 2 }: its first cell, and the count\'s column.'
            )
        return str(stated["starts"]), stated["count"]

    def _must_be_field(self, where: str, name: str) -> None:
        if name not in self.fields:
            raise self._wrong(name, f"{where}: no column is the field '{name}'.{did_you_mean(name, self.fields)}")

    def _known(self, entry: Table[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in entry:
            if key not in known:
                raise self._wrong(key, f"{where} has no '{key}'.{did_you_mean(key, known)}")

    def _wrong(self, word: str, expected: str) -> FileError:
        line = next((number for number, text in enumerate(self.lines, 1) if word and word in text), None)
        return FileError(self.file, expected, MEND, line=line, field=word if len(word) < 60 else None)


def condition_of(text: str) -> Condition:
    """Answer the condition that a text of a checked mapping states."""
    negated, name, sign, values = _CONDITION.fullmatch(text).groups()  # type: ignore[union-attr]
    if sign is None:
        return Condition(name, is_there=not negated)
    return Condition(name, values=frozenset(values.split("|")), is_one_of=sign == "=")
