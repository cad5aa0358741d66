"""A ViewDefinition of SQL on FHIR v2, read and checked whole before any row (rules: population PB2 to PB5).

One column of a view may say by the tag `joinedup/leaves-as` how its values leave for a snapshot; the view itself always
gives what the resource says:

| tag | the column holds | it leaves as |
|---|---|---|
| key | the resource's own key | a keyed digest of source and id, as `key` |
| person | the key of the patient that the row is about; one in each view | the pseudonym, as `person` |
| reference | the key of another resource | the same digest as that resource's `key` |
| code | a code or a short word of a list | itself |
| system | the URI of a code system | snomed, icd10, opcs4, loinc, dmd, ..., else itself |
| day | a date or time | DATE: its first ten characters, the sender's local day; null when partial, see below |
| instant | a time with its zone | TIMESTAMP in UTC |
| month | a date | YYYY-MM |
| number | a number | itself |
| yes_no | true or false | itself |
| birth_date | the full date of birth | `birth_month` (YYYY-MM) and `age` on the snapshot's day, 90 for 90 and over |
| death_date | the full date of death | `death_month` (YYYY-MM) |
| postcode | a postcode | `lsoa11` |
| lsoa | the code of a small area as the sender gives it | `lsoa11`, before what a postcode gives |
| address | lines and postcode of a home, joined | `household`, a keyed digest |
| nhs_number | the NHS number | nothing: it only helps to link |
| organisation | an ODS code | itself |
| cause | an ICD-10 code | its first three characters |

A DATE column `on` has a column `on_precision` beside it: year, month or day, null without a date.
A column without a tag leaves as what its element is (`path_kind`): codes, numbers, dates and yes or no as they are,
names, addresses, contacts and free text not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from joinedup.errors import FileError
from joinedup.feeds import definitions
from joinedup.population.sql_on_fhir.fhirpath import EMPTY, UNKNOWN, Literal, Member, Node, Shape, parse
from joinedup.population.sql_on_fhir.fhirpath_types import COMPLEX, KINDS, YES_NO, World, kind_of, root, typed
from joinedup.population.sql_on_fhir.view_errors import Place, ViewError
from joinedup.population.sql_on_fhir.view_parts import TAG, Column, PathKind, Select, View, Walk, path_kind

__all__ = ["LEAVES_AS", "Column", "PathKind", "Select", "View", "Walk", "path_kind", "read_view"]

LEAVES_AS = (
    "key", "person", "reference", "code", "system", "day", "instant", "month", "number", "yes_no", "birth_date",
    "death_date", "postcode", "lsoa", "address", "nhs_number", "organisation", "cause",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_ITERATIONS = ("forEach", "forEachOrNull", "repeat")
_CONSTANT_TYPES = {
    "value" + type_[:1].upper() + type_[1:]: type_
    for type_ in (*KINDS, "integer64")
    if type_ not in ("xhtml", "markdown")
}
# What `ansi/type` may say, and what we make of it.
_SQL_TYPES = {
    "CHARACTER VARYING": "TEXT", "VARCHAR": "TEXT", "CHARACTER": "TEXT", "CHAR": "TEXT", "TEXT": "TEXT",
    "INTEGER": "INT", "INT": "INT", "SMALLINT": "INT", "BIGINT": "BIGINT", "BOOLEAN": "BOOLEAN", "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP", "TIMESTAMPTZ": "TIMESTAMP",
    "DECIMAL": "DOUBLE", "NUMERIC": "DOUBLE", "DOUBLE PRECISION": "DOUBLE", "DOUBLE": "DOUBLE", "REAL": "DOUBLE",
    "FLOAT": "DOUBLE",
}  # fmt: skip
_SQL_OF_KIND = {"number": "INT", "yes or no": "BOOLEAN"}


def read_view(source: Path | Mapping[str, Any]) -> View:
    """Answer a checked view from a file or from parsed JSON.

    Raises ViewError with the place of the first fault, FileError when the file is no JSON.
    """
    if isinstance(source, Path):
        try:
            content = json.loads(source.read_bytes())
        except OSError as error:
            raise FileError(
                source.name, f"cannot be opened ({error.strerror}).", "Check its place and rights."
            ) from None
        except ValueError as error:
            raise FileError(source.name, f"expected a ViewDefinition as JSON; {error}.", "Correct it.") from None
        return _Reading(content, source.stem).view()
    return _Reading(source, "").view()


class _Reading:
    def __init__(self, content: Any, file: str) -> None:
        name = content.get("name") if isinstance(content, Mapping) else None
        self.place = Place(name if isinstance(name, str) else file)
        self.content, self.name = content, name or file
        self.constants: dict[str, Literal] = {}
        self.notes: list[str] = []

    def view(self) -> View:
        content = self.content
        if not isinstance(content, Mapping) or not content:
            raise self.place.error("empty-view", "expected a ViewDefinition; it is empty.", "Give resource and select.")
        if content.get("resourceType", "ViewDefinition") != "ViewDefinition":
            raise self.place.error(
                "no-view",
                f"expected a ViewDefinition, this is a {content['resourceType']}.",
                "Take it out of the folder.",
            )
        resource = content.get("resource")
        at = self.place.at("resource")
        if not isinstance(resource, str) or not resource:
            raise at.error("no-resource", "expected the type of resource that the view is of.", "Add resource.")
        known = definitions().resources
        if resource not in known:
            raise at.error("unknown-resource", f"FHIR R4 has no resource '{resource}'.", "", near=(resource, known))
        if self.name:
            self._check_name(self.name, self.place.at("name"))
        self._read_constants(content.get("constant", []))
        this = root(resource)
        where = tuple(
            self._criterion(one, this, self.place.at(f"where[{nth}]"))
            for nth, one in enumerate(self._list(content, "where", self.place))
        )
        selects = self._selects(content, "select", this, self.place)
        if not selects:
            raise self.place.at("select").error("no-select", "expected at least one select.", "Add columns.")
        select = selects[0] if len(selects) == 1 else Select(selects=selects)
        self._check_distinct(select)
        if not select.names:
            raise self.place.at("select").error("no-columns", "no select has a column.", "Add columns.")
        return View(self.name, resource, where, select, tuple(self.notes), content)

    def _list(self, content: Mapping[str, Any], key: str, place: Place) -> list[Any]:
        found = content.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise place.at(_join(place.path, key)).error("bad-form", "expected a list of objects.", "Correct it.")
        return found

    def _check_name(self, name: Any, place: Place) -> str:
        if not isinstance(name, str) or not _NAME.match(name):
            raise place.error("bad-name", f"'{name}' is no name.", "Begin with a letter; then letters, digits and _.")
        return name

    def _read_constants(self, found: Any) -> None:
        for nth, one in enumerate(self._list({"constant": found}, "constant", self.place)):
            place = self.place.at(f"constant[{nth}]")
            name = self._check_name(one.get("name"), place)
            given = [key for key in one if key.startswith("value")]
            if len(given) != 1:
                raise place.error(
                    "constant-without-value", f"the constant {name} needs one value.", "Add such as valueString."
                )
            type_ = _CONSTANT_TYPES.get(given[0])
            if type_ is None:
                raise place.error(
                    "bad-constant", f"a constant has no {given[0]}.", f"It has one of: {', '.join(_CONSTANT_TYPES)}.",
                    near=(given[0], _CONSTANT_TYPES),
                )  # fmt: skip
            value, kind = one[given[0]], kind_of(type_)
            if type_ == "decimal" and isinstance(value, float):
                value = Decimal(repr(value))
            is_right = (
                isinstance(value, bool)
                if kind == YES_NO
                else isinstance(value, int | Decimal) and not isinstance(value, bool)
                if kind == "number"
                else isinstance(value, str)
            )
            if not is_right:
                raise place.error("bad-constant", f"{given[0]} holds no {type_}.", "Correct the value.")
            if name in self.constants:
                raise place.error("duplicate-name", f"there are two constants {name}.", "Give one another name.")
            self.constants[name] = Literal(type_, value)

    def _criterion(self, one: Mapping[str, Any], this: Shape, place: Place) -> Node:
        place = place.at(f"{place.path}.path", text=str(one.get("path", "")))
        node = self._path(one.get("path"), this, place)
        if node.shape.choice or kind_of(node.shape.type) not in ("", YES_NO):
            told = node.shape.type or "an element of several types"
            raise place.error(
                "not-boolean", f"where gives {told}, expected true or false.", "Compare it, or add .exists()."
            )
        return node

    def _path(self, text: Any, this: Shape, place: Place) -> Node:
        if not isinstance(text, str):
            raise place.error("bad-path", "expected a FHIRPath expression as text.", "Correct it.")
        place = replace(place, text=text)
        return typed(parse(text, place), this, World(self.constants, place))

    def _selects(self, content: Mapping[str, Any], key: str, this: Shape, place: Place) -> tuple[Select, ...]:
        return tuple(
            self._select(one, this, place.at(_join(place.path, f"{key}[{nth}]")))
            for nth, one in enumerate(self._list(content, key, place))
        )

    def _select(self, one: Mapping[str, Any], this: Shape, place: Place) -> Select:
        iterations = [key for key in _ITERATIONS if one.get(key) is not None]
        if len(iterations) > 1:
            raise place.error(
                "two-iterations", f"{' and '.join(iterations)} stand on one select.", "Nest one in another."
            )
        path: Node | None = None
        walks: dict[str, Walk] = {}
        starts_at = ""
        if iterations == ["repeat"]:
            starts_at = this.type
            walks, this = self._repeat(one["repeat"], this, place.at(f"{place.path}.repeat"))
        elif iterations:
            path = self._path(one[iterations[0]], this, place.at(f"{place.path}.{iterations[0]}"))
            if path.shape.choice:
                at = place.at(f"{place.path}.{iterations[0]}")
                raise at.error("choice", "an element of several types is walked.", "Put ofType(...) after it.")
            this = replace(path.shape, is_many=False, looked_at=frozenset())
        columns = tuple(
            self._column(column, this, place.at(f"{place.path}.column[{nth}]"))
            for nth, column in enumerate(self._list(one, "column", place))
        )
        union = self._selects(one, "unionAll", this, place)
        self._check_union(union, place)
        return Select(
            columns,
            self._selects(one, "select", this, place),
            union,
            path,
            iterations == ["forEachOrNull"],
            walks,
            starts_at,
        )

    def _check_union(self, union: tuple[Select, ...], place: Place) -> None:
        for nth, branch in enumerate(union[1:], 1):
            first, names = union[0].names, branch.names
            at = place.at(f"{place.path}.unionAll[{nth}]")
            if sorted(first) != sorted(names):
                raise at.error(
                    "union-columns", f"has the columns {', '.join(names)}; the first branch has {', '.join(first)}.",
                    "Give every branch the same columns.",
                )  # fmt: skip
            if first != names:
                raise at.error(
                    "union-order", f"has the columns in the order {', '.join(names)}, the first {', '.join(first)}.",
                    "Put them in one order.",
                )  # fmt: skip
            for one, other in zip(union[0].all_columns, branch.all_columns, strict=True):
                if (one.sql_type, one.is_collection) != (other.sql_type, other.is_collection):
                    raise at.error(
                        "union-types",
                        f"column '{one.name}' is {other.type or 'of unknown type'}, in the first branch {one.type}.",
                        "Give both one type.",
                    )

    def _check_distinct(self, select: Select) -> None:
        seen: set[str] = set()
        for column in select.all_columns:
            if column.name in seen:
                raise column.place.error("duplicate-name", f"there are two columns '{column.name}'.", "Rename one.")
            seen.add(column.name)

    def _column(self, one: Mapping[str, Any], this: Shape, place: Place) -> Column:
        name = self._check_name(one.get("name"), place)
        place = replace(place.at(f"{place.path}.path", column=name), text=str(one.get("path", "")))
        path = self._path(one.get("path"), this, place)
        shape, declared = path.shape, one.get("type")
        if shape.choice:
            raise place.error(
                "choice", "an element of several types.",
                f"Put ofType(...) after it: one of {', '.join(type_ for _, type_ in shape.choice)}.",
            )  # fmt: skip
        if kind_of(shape.type) == COMPLEX:
            raise place.error(
                "not-a-value",
                f"a column holds one value; this is a {shape.type}, which has parts.",
                "Name one of its parts.",
            )
        if declared is not None and (not isinstance(declared, str) or declared.rpartition("/")[2] not in KINDS):
            raise place.error(
                "unknown-type", f"'{declared}' is no primitive type of FHIR.", f"One of: {', '.join(KINDS)}.",
                near=(str(declared), KINDS),
            )  # fmt: skip
        type_ = (declared or "").rpartition("/")[2] or (shape.type if shape.type != EMPTY else "string")
        if shape.type and declared and shape.type != EMPTY and kind_of(shape.type) != kind_of(type_):
            raise place.error(
                "type-mismatch", f"the column says {type_}, its path gives {shape.type}.", f"Say {shape.type}."
            )
        tags = {
            tag.get("name"): tag.get("value")
            for tag in self._list(one, "tag", place)
            if isinstance(tag.get("name"), str)
        }
        if TAG in tags and tags[TAG] not in LEAVES_AS:
            raise place.error(
                "unknown-tag",
                f"{TAG} is '{tags[TAG]}'.",
                f"One of: {', '.join(LEAVES_AS)}.",
                near=(str(tags[TAG]), LEAVES_AS),
            )
        return Column(name, path, type_, _sql_type(type_, tags, place), one.get("collection") is True, tags, place)

    def _repeat(self, paths: Any, this: Shape, place: Place) -> tuple[dict[str, Walk], Shape]:
        """Answer the walks by type, and the shape of what they come to."""
        if not isinstance(paths, list) or not paths or not all(isinstance(one, str) for one in paths):
            raise place.error("bad-path", "expected a list of FHIRPath expressions.", 'Write such as ["item"].')
        parsed = [parse(text, replace(place, text=text)) for text in paths]
        for text, node in zip(paths, parsed, strict=True):
            if not _goes_down(node):
                raise replace(place, text=text).error("endless", "repeats without going to an element.", "Name one.")
        walks: dict[str, Walk] = {}
        waiting, reached, is_used = [this], dict[str, Shape](), set[str]()
        while waiting:
            start = waiting.pop()
            steps = []
            for text, node in zip(paths, parsed, strict=True):
                try:
                    step = typed(node, start, World(self.constants, replace(place, text=text)))
                except ViewError as error:
                    if error.code != "unknown-element":
                        raise
                    continue  # of item and answer.item, the second is not of the questionnaire itself
                is_used.add(text)
                steps.append((step, step.shape.type))
                if step.shape.type not in reached:
                    reached[step.shape.type] = replace(step.shape, is_many=False, looked_at=frozenset())
                    waiting.append(reached[step.shape.type])
            walks[start.type] = Walk(start.type, tuple(steps))
        self.notes += [
            f"{place.path} of view '{self.name}': no element '{text}'; it gives no rows."
            for text in paths
            if text not in is_used
        ]
        if len(reached) == 1:
            return walks, next(iter(reached.values()))
        return walks, replace(UNKNOWN, is_many=False, values=frozenset({("", "", "")}))


def _goes_down(node: Node) -> bool:
    source = getattr(node, "source", None)
    return isinstance(node, Member) or (
        source is not None and (getattr(node, "name", "") == "extension" or _goes_down(source))
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _sql_type(type_: str, tags: Mapping[Any, Any], place: Place) -> str:
    wanted = tags.get("ansi/type")
    if wanted is not None:
        name = re.sub(r"\s*\(.*?\)", "", str(wanted)).strip().upper()
        if name not in _SQL_TYPES:
            raise place.error(
                "unknown-type", f"the tag ansi/type is '{wanted}'.", f"One of: {', '.join(_SQL_TYPES)}.",
                near=(name, _SQL_TYPES),
            )  # fmt: skip
        return _SQL_TYPES[name]
    if type_ == "instant":
        return "TIMESTAMP"
    if type_ == "integer64":
        return "BIGINT"
    return "TEXT" if type_ == "decimal" else _SQL_OF_KIND.get(kind_of(type_), "TEXT")
