"""What of a view's columns leaves, and as what (rules: population PB7; `view_definition.py` has the table of tags).

The product's views say by tag how each column leaves. A column without a tag, of a view of somebody's own, leaves by
what its element is, which is known before any resource is read: codes, numbers, dates and yes or no leave, keys leave
as digests, the date of birth as month and age; names, addresses, contacts, identifiers and free text are refused. A tag
can't let such an element out either.

Pure: runs in the processes that make the rows, without Django.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from joinedup.population.postcodes import Lookup
from joinedup.population.pseudonym import Keys, resource_digest
from joinedup.population.sql_on_fhir import column_types
from joinedup.population.sql_on_fhir.fhirpath import Call, Index, Node
from joinedup.population.sql_on_fhir.view_definition import Column, Select, View, path_kind
from joinedup.population.sql_on_fhir.view_errors import ViewError
from joinedup.population.tables import DAY, INSTANT, NUMBER, TABLES, TEXT, WHOLE, YES_NO

OLDEST_AGE: Final = 90
SYSTEMS: Final = {
    "http://snomed.info/sct": "snomed",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
    "http://hl7.org/fhir/sid/icd-10-uk": "icd10",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10cm",
    "https://fhir.hl7.org.uk/Id/opcs-4": "opcs4",
    "https://fhir.hl7.org.uk/CodeSystem/OPCS-4": "opcs4",
    "http://loinc.org": "loinc",
    "https://dmd.nhs.uk": "dmd",
    "http://read.info/readv2": "readv2",
    "http://read.info/ctv3": "ctv3",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://hl7.org/fhir/sid/cvx": "cvx",
    "http://unitsofmeasure.org": "ucum",
}
"""Short names of code systems; any other leaves as its own URI."""

# Elements that identify somebody, or hold whatever somebody typed, as FHIR defines them. What of these types is
# harmless stands behind them.
_IDENTIFYING_TYPES: Final = (
    "HumanName",
    "Address",
    "ContactPoint",
    "Identifier",
    "Annotation",
    "Attachment",
    "Narrative",
)
_HARMLESS: Final = frozenset({
    "HumanName.use", "Address.use", "Address.type", "Address.country", "ContactPoint.system", "ContactPoint.use",
    "ContactPoint.rank", "Identifier.use", "Identifier.system", "Attachment.contentType", "Attachment.size",
    "Attachment.language", "Narrative.status", "Period.start", "Period.end", "Coding.version",
    "Address.period", "HumanName.period", "Identifier.period", "Identifier.type", "QuestionnaireResponse.item.linkId",
})  # fmt: skip
_FREE: Final = frozenset({"string", "markdown", "xhtml", "base64Binary"})
_LET_OUT: Final = {"url": False, "canonical": True, "uri": True, "oid": True, "uuid": False}
_NEVER_COMPARED: Final = ("refused ", "birth_date", "death_date", "postcode", "person")
_PEOPLE: Final = ("Patient", "RelatedPerson", "Person", "Practitioner", "PractitionerRole")
# The references that name organisations, or who works for one; any other may name somebody, so that its identifier
# leaves as an organisation's only where the system of the identifier is asked for.
_ORGANISATIONS: Final = frozenset({
    "custodian", "generalPractitioner", "insurer", "managingOrganization", "organization", "serviceProvider",
})  # fmt: skip
_OF_ANYBODY: Final = frozenset({
    "actor", "author", "owner", "participant", "payor", "performer", "provider", "recipient", "requester", "sender",
    "source",
})  # fmt: skip
DIED: Final = frozenset({"4", "5"})
"""Discharge methods of the NHS Data Dictionary: patient died, stillbirth."""
_DIED_TO: Final = frozenset({"79", "305398007"})  # discharge destinations: not applicable, patient died; mortuary
_PASSED_ON: Final = frozenset({"code", "system", "number", "yes_no", "instant", "day", "month"})
_ODS: Final = re.compile(r"[A-Za-z0-9-]{2,9}")
_LSOA: Final = re.compile(r"[EW]01[0-9]{6}|SIM-[A-Za-z0-9-]{1,26}")
_TEN: Final = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
Values = Sequence[Any]
Reached = tuple[str, str, str]


@dataclass(slots=True)
class Counts:
    """What was left out of the rows so far, in counts."""

    identifiers_in_codes: int = 0
    texts_left_out: int = 0
    unknown_postcodes: int = 0
    partial_births: int = 0
    without_code: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What de-identifying needs besides the values: the keys, the snapshot's day, the lookups, known NHS numbers."""

    keys: Keys
    day: date
    postcodes: Lookup
    numbers: Any  # answers `number in numbers`
    texts: frozenset[str]
    counts: Counts
    practices: Mapping[str, str] = field(default_factory=dict)  # small ones, in capitals, and what they leave as
    organisations: dict[str, str] = field(default_factory=dict)  # that were met, and what they left as; "" as they are


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one view, column by column as the view gives them, and beside each row whose it is and where from."""

    columns: Mapping[str, Values]
    persons: Values  # pseudonyms
    feeds: Values
    sources: Values  # what the keys of one source are told apart by


Maker = Callable[[Batch, Surroundings], Values]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the columns of one view leave: each output's name, Arrow type and maker."""

    view: View
    schema: pa.Schema
    makers: tuple[Maker, ...]
    needs_day: bool  # ages change with the snapshot's day
    needs_postcodes: bool

    def table(self, batch: Batch, around: Surroundings) -> pa.Table:
        """Answer the rows as they leave."""
        arrays = [
            _array(make(batch, around), field_.type) for make, field_ in zip(self.makers, self.schema, strict=True)
        ]
        table = _without_days_of_death(pa.Table.from_arrays(arrays, schema=self.schema))
        if "code" in self.schema.names:
            empty = pc.is_null(table.column("code"))
            if "procedure" in self.schema.names:  # An immunisation may be coded by its procedure instead.
                empty = pc.and_(empty, pc.is_null(table.column("procedure")))
            around.counts.without_code += int(pc.sum(empty).as_py() or 0)
        return table


def plan(view: View) -> Plan:
    """Answer how a view's columns leave. Raises ViewError for a column that may not, naming it and the way out."""
    by_tag = {column.name: _kind(view, column) for column in view.columns}
    persons = [name for name, kind in by_tag.items() if kind == "person"]
    if not persons:
        raise ViewError(
            "no-person", "select",
            f"view '{view.name}': no column says whom a row is about; a snapshot holds rows about people. Add one: "
            '{"name": "person", "path": "subject.getReferenceKey(Patient)"}, or getResourceKey() in a view of Patient.',
        )  # fmt: skip
    outputs: dict[str, tuple[pa.DataType, Maker]] = {}

    def give(name: str, type_: pa.DataType, make: Maker, column: Column) -> None:
        if name in outputs and name not in ("lsoa11",):
            raise _refused(view, column, f"two columns leave as '{name}'.", "Rename one.")
        outputs[name] = (type_, make)

    outputs["person"] = (TEXT, lambda batch, around: batch.persons)
    outputs["feed"] = (TEXT, lambda batch, around: batch.feeds)
    lsoas = [name for name, kind in by_tag.items() if kind == "lsoa"]
    postcodes = [name for name, kind in by_tag.items() if kind == "postcode"]
    for column in view.columns:
        name, kind = column.name, by_tag[column.name]
        if kind in ("person", "nhs_number"):
            continue
        if kind == "key":
            give("key", TEXT, _digests(name), column)
        elif kind == "reference":
            give(name, TEXT, _digests(name), column)
        elif kind == "birth_date":
            give("birth_month", TEXT, _months(name), column)
            give("age", WHOLE, _ages(name), column)
        elif kind == "death_date":
            give("death_month", TEXT, _months(name), column)
        elif kind in ("lsoa", "postcode"):
            give("lsoa11", TEXT, _lsoas(lsoas, postcodes), column)
        elif kind == "address":
            give("household", TEXT, _households(name), column)
        elif kind == "day":
            give(name, DAY, _days(name), column)
            if f"{name}_precision" in TABLES.get(view.name, pa.schema([])).names:
                give(f"{name}_precision", TEXT, _precisions(name), column)
        elif kind == "month":
            give(name, TEXT, _months(name), column)
        elif kind == "instant":
            give(name, INSTANT, _instants(name), column)
        elif kind == "number":
            give(
                name,
                NUMBER if column.sql_type in ("TEXT", "DOUBLE") else column_types.ARROW[column.sql_type],
                _numbers(name),
                column,
            )
        elif kind == "yes_no":
            give(name, YES_NO, _plain(name), column)
        elif kind == "system":
            give(name, TEXT, _systems(name), column)
        elif kind == "cause":
            give(name, TEXT, _causes(name), column)
        elif kind == "organisation":
            give(name, TEXT, _organisations(name), column)
        elif kind == "text":
            give(name, TEXT, _texts(name), column)
        elif column.type == "decimal":
            give(name, NUMBER, _numbers(name), column)
        elif column.sql_type == "TEXT":
            give(name, TEXT, _codes(name), column)
        else:
            give(name, column_types.ARROW[column.sql_type], _as_typed(column), column)
            if column_types.has_precision(view, column):
                give(f"{name}_precision", TEXT, _precisions(name), column)
    if view.name in TABLES:
        schema = TABLES[view.name]
        makers = []
        for field_ in schema:
            found = outputs.get(field_.name)
            makers.append(_cast(found[1], field_.type) if found else _nothing)
    else:
        schema = pa.schema([pa.field(name, type_) for name, (type_, _) in outputs.items()])
        makers = [make for _, make in outputs.values()]
    kinds = set(by_tag.values())
    return Plan(view, schema, tuple(makers), "birth_date" in kinds, bool(kinds & {"postcode", "address"}))


def is_person(view: View, column: Column) -> bool:
    """Answer whether a column says whom a row is about."""
    return _kind(view, column) == "person"


@cache
def known_texts(folder: Path | None = None) -> frozenset[str]:
    """Answer the words of lists that may leave where a sender gives a text and no code (`known_texts.csv`).

    An installation adds its own in `definitions/known_texts.csv` of the data folder.
    """
    shipped = files("joinedup.population").joinpath("known_texts.csv").read_text(encoding="utf-8")
    texts = [shipped]
    if folder is not None and (own := folder / "definitions" / "known_texts.csv").is_file():
        texts.append(own.read_text(encoding="utf-8"))
    return frozenset(row["text"].strip() for text in texts for row in csv.DictReader(text.splitlines()) if row["text"])


def age_on(born: date, day: date) -> int:
    """Answer completed years, 90 for 90 and over; somebody born on 29 February is older on 1 March.

    >>> age_on(date(2008, 2, 29), date(2026, 2, 28)), age_on(date(2008, 2, 29), date(2026, 3, 1))
    (17, 18)
    """
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return max(0, min(years, OLDEST_AGE))


# --- what a column is ------------------------------------------------------------------------------------------------


def _kind(view: View, column: Column) -> str:
    """Answer the tag of a column, or the one that its element asks for; "" where the value leaves as it is."""
    if column.is_collection:
        raise _refused(view, column, "a column of a snapshot holds one value.", "Use forEach, or .first().")
    for path, defined, type_ in sorted(_looked_at(view, column)):
        # What a yes or no depends on may tell as much as the value: name.where(family = 'Smith').exists().
        if not type_[:1].isupper() and _of_element(path, defined, type_).startswith(_NEVER_COMPARED):
            told = defined or "what can't be known"
            raise _refused(
                view, column, f"what it gives depends on {told}, which may tell who somebody is.",
                "It can't leave, whatever its tag; take the comparison out.",
            )  # fmt: skip
    tag = column.leaves_as
    by_element = _by_element(view, column)
    if tag in _PASSED_ON and by_element == "text":
        return "text"  # A tag does not make a free text a code: it leaves when it is a word of a list.
    if tag in _PASSED_ON and by_element.startswith("refused "):
        raise _refused(view, column, by_element.removeprefix("refused "), "It can't leave, whatever its tag.")
    if tag in _PASSED_ON and by_element == "death_date" and tag == "month":
        return tag
    if tag in _PASSED_ON and by_element:
        return by_element
    if tag:
        _check_made_for(tag, view, column)
        return tag
    if by_element == "text":
        raise _refused(
            view, column, "it holds a free text, or the words of a code.",
            "Take the code instead; the words of codes stand in code lists.",
        )  # fmt: skip
    if by_element.startswith("refused "):
        raise _refused(
            view, column, by_element.removeprefix("refused "),
            "Take the column out, or let it leave as something else by the tag joinedup/leaves-as.",
        )  # fmt: skip
    return by_element


def _check_made_for(tag: str, view: View, column: Column) -> None:
    """Refuse a tag that was not made for an element that the column reaches: the element's verdict stands."""
    looked_at = {path for path, _, _ in _looked_at(view, column)}
    for path, defined, type_ in sorted(_values(view, column)):
        told = _of_element(path, defined, type_)
        if told and not _is_made_for(tag, told, path, defined, column, looked_at):
            says = told.removeprefix("refused ") if told.startswith("refused ") else f"it holds {defined}."
            raise _refused(view, column, says, f"It can't leave as {tag}, whatever its tag.")


def _is_made_for(tag: str, told: str, path: str, defined: str, column: Column, looked_at: Collection[str]) -> bool:
    match tag:
        case "key" | "person" | "reference":
            return told in ("person", "reference")
        case "birth_date" | "death_date":
            return told == tag
        case "postcode" | "lsoa":  # Nothing but the code of a small area leaves.
            return defined.startswith(("Address.", "Extension.value"))
        case "address":
            return defined.startswith("Address.")
        case "nhs_number":
            return defined == "Identifier.value"
        case "organisation" if told == "reference":
            keys = [one for one in _nodes(column.path) if isinstance(one, Call) and one.name == "getReferenceKey"]
            return bool(keys) and all(one.type == "Organization" for one in keys)
        case "organisation":
            return defined == "Identifier.value" and _is_of_organisation(path, looked_at)
    return False


def _is_of_organisation(path: str, looked_at: Collection[str]) -> bool:
    """Answer whether an identifier is that of an organisation that somebody refers to, not of who the row is about."""
    resource, *between, holder, _ = path.split(".")
    if holder == "identifier":
        if not between or between[-1] not in _ORGANISATIONS | _OF_ANYBODY:
            return False
        return between[-1] in _ORGANISATIONS or f"{path.removesuffix('value')}system" in looked_at
    return holder == "valueIdentifier" and resource not in _PEOPLE


def _by_element(view: View, column: Column) -> str:
    call = column.path
    if isinstance(call, Call) and call.name == "getResourceKey":
        return "person" if view.resource == "Patient" else "key"
    if isinstance(call, Call) and call.name == "getReferenceKey":
        return "person" if call.type == "Patient" else "reference"
    found = [_of_element(path, defined, type_) for path, defined, type_ in sorted(_values(view, column))]
    for worst in ("refused ", "text", "birth_date", "death_date", "postcode", "person", "reference"):
        for one in found:
            if one.startswith(worst):
                return one
    return ""


def _values(view: View, column: Column) -> frozenset[Reached]:
    """Answer the elements that a column's value is made of, with what join() puts between them."""
    between = [one for node in _nodes(column.path) if isinstance(node, Call) and node.name == "join"
               for one in node.arguments]  # fmt: skip
    return path_kind(view, column.name).values.union(*(one.shape.values for one in between))


def _looked_at(view: View, column: Column) -> frozenset[Reached]:
    """Answer the elements that a column's value, and whether there is a row, depend on."""
    found = path_kind(view, column.name).looked_at
    paths = [column.path, *view.where, *_steps(view.select)]
    for node in (one for path in paths for one in _nodes(path)):
        found |= node.shape.looked_at
        if isinstance(node, Index):
            found |= node.index.shape.values
        if isinstance(node, Call) and node.name == "extension":
            found |= node.arguments[0].shape.values
    return found.union(*(node.shape.values for node in view.where))


def _steps(select: Select) -> Iterator[Node]:
    if select.path is not None:
        yield select.path
    for walk in select.walks.values():
        yield from (step for step, _ in walk.paths)
    for inner in (*select.selects, *select.union):
        yield from _steps(inner)


def _nodes(node: Node) -> Iterator[Node]:
    """Answer an expression and all that it is made of."""
    yield node
    inner = [getattr(node, name, None) for name in ("source", "left", "right", "index", "operand")]
    for one in (*inner, *getattr(node, "arguments", ())):
        if one is not None:
            yield from _nodes(one)


def _of_element(path: str, defined: str, type_: str) -> str:
    if not path:
        return "refused it can't be known what it holds."
    owner, _, name = defined.rpartition(".")
    steps = [step.removeprefix("_") for step in path.split(".")]
    if "birthDate" in steps:  # with the extensions of it, which may hold the time of birth
        return "birth_date"
    if type_ in ("dateTime", "date", "instant", "time") and any(step.startswith("deceased") for step in steps):
        return "death_date"
    if type_ == "Reference":
        return "reference"
    if defined in _HARMLESS:
        return ""
    if defined == "Address.postalCode":
        return "postcode"
    if defined in ("Coding.display", "CodeableConcept.text", "Quantity.unit"):
        return "text"
    if name == "id" and owner in (path.partition(".")[0], "Resource"):
        return "person" if path == "Patient.id" else "reference"
    if owner.split(".")[0] in _IDENTIFYING_TYPES:
        return f"refused it holds {defined}, which may tell who somebody is."
    if type_ in _FREE or not _LET_OUT.get(type_, True):
        if defined == "Reference.reference":
            return "refused it holds a reference as it came; getReferenceKey() gives a key."
        return f"refused it holds {defined or path}, a free text."
    return ""


def _refused(view: View, column: Column, says: str, way_out: str) -> ViewError:
    return ViewError(
        "may-not-leave", column.place.path, f"view '{view.name}', column '{column.name}': {says} {way_out}"
    )


def _without_days_of_death(table: pa.Table) -> pa.Table:
    """Answer stays that ended in death with the last day of the month as their end and no time: death leaves as month.

    The last episode of any stay is treated alike: it ends when the stay does, whose outcome is another row.
    """
    if table.schema != TABLES["pop_encounter"]:
        return table
    ended = [
        pc.is_in(table.column("discharge_method"), pa.array(sorted(DIED))),
        pc.is_in(table.column("discharge_destination"), pa.array(sorted(_DIED_TO))),
        pc.and_(pc.fill_null(table.column("is_last_episode"), False), pc.is_valid(table.column("part_of"))),
    ]
    died = pc.or_(pc.or_(ended[0], ended[1]), ended[2])
    if not pc.any(died).as_py():
        return table
    for name, instead in (("ends", _last_of_month(table.column("ends"))), ("ends_at", pa.scalar(None, INSTANT))):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), pc.if_else(died, instead, table.column(name)))
    return table


def _last_of_month(days: pa.ChunkedArray) -> pa.ChunkedArray:
    after = pc.ceil_temporal(days, unit="month", ceil_is_strictly_greater=True)
    return pc.subtract(after.cast(pa.int32()), pa.scalar(1, pa.int32())).cast(DAY)


# --- values as they leave --------------------------------------------------------------------------------------------


def _nothing(batch: Batch, around: Surroundings) -> Values:
    return [None] * len(batch.persons)


def _plain(name: str) -> Maker:
    return lambda batch, around: batch.columns[name]


def _as_typed(column: Column) -> Maker:
    return lambda batch, around: column_types.array(batch.columns[column.name], column)


def _array(values: Any, type_: pa.DataType) -> pa.Array:
    return values.cast(type_) if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, type=type_)


def _cast(make: Maker, type_: pa.DataType) -> Maker:
    if type_ == WHOLE:
        return lambda batch, around: [
            None if value is None else round(float(value)) for value in _listed(make(batch, around))
        ]
    if type_ == NUMBER:
        return lambda batch, around: [None if value is None else float(value) for value in _listed(make(batch, around))]
    return make


def _listed(values: Any) -> Values:
    listed: Values = values.to_pylist() if isinstance(values, pa.Array | pa.ChunkedArray) else values
    return listed


def _digests(name: str) -> Maker:
    def make(batch: Batch, around: Surroundings) -> Values:
        keys = around.keys
        seen: dict[tuple[str, str], str] = {}
        answer: list[str | None] = []
        for source, value in zip(batch.sources, batch.columns[name], strict=True):
            if value is None:
                answer.append(None)
                continue
            pair = (source, value)
            found = seen.get(pair)
            if found is None:
                found = seen[pair] = resource_digest(keys, source, value)
            answer.append(found)
        return answer

    return make


def _memo(read: Callable[[str], Any]) -> Callable[[Values], Values]:
    seen: dict[Any, Any] = {None: None}

    def column(values: Values) -> Values:
        if len(seen) > 200_000:
            seen.clear()
            seen[None] = None
        for value in set(values):
            if value not in seen:
                seen[value] = read(str(value))
        return [seen[value] for value in values]

    return column


def _parts(text: str) -> tuple[str, str, str] | None:
    found = _DATE.match(text)
    return (found[1], found[2] or "", found[3] or "") if found else None


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _read_precision(text: str) -> str | None:
    parts = _parts(text)
    return None if parts is None else "day" if parts[2] else "month" if parts[1] else "year"


def _read_month(text: str) -> str | None:
    parts = _parts(text)
    return f"{parts[0]}-{parts[1]}" if parts and parts[1] else None


def _read_instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo and len(text) > 10 else None


def _days(name: str) -> Maker:
    read = _memo(_read_day)
    return lambda batch, around: read(batch.columns[name])


def _precisions(name: str) -> Maker:
    read = _memo(_read_precision)
    return lambda batch, around: read(batch.columns[name])


def _months(name: str) -> Maker:
    read = _memo(_read_month)
    return lambda batch, around: read(batch.columns[name])


def _instants(name: str) -> Maker:
    read = _memo(_read_instant)
    return lambda batch, around: read(batch.columns[name])


def _numbers(name: str) -> Maker:
    return lambda batch, around: [
        None if value is None else float(value) if isinstance(value, str) else value for value in batch.columns[name]
    ]


def _ages(name: str) -> Maker:
    def make(batch: Batch, around: Surroundings) -> Values:
        answer: list[int | None] = []
        for value in batch.columns[name]:
            born = _read_day(value) if value else None
            if value and born is None:
                around.counts.partial_births += 1  # The day is needed: by the month alone it is uncertain by a year.
            answer.append(None if born is None else age_on(born, around.day))
        return answer

    return make


def _lsoas(lsoas: Sequence[str], postcodes: Sequence[str]) -> Maker:
    def make(batch: Batch, around: Surroundings) -> Values:
        answer: list[str | None] = [None] * len(batch.persons)
        for name in lsoas:
            for place, value in enumerate(batch.columns[name]):
                if answer[place] is None and value and _LSOA.fullmatch(value):
                    answer[place] = value
        for name in postcodes:
            for place, value in enumerate(batch.columns[name]):
                if answer[place] is None and value:
                    answer[place] = found = around.postcodes.lsoa(value)
                    around.counts.unknown_postcodes += found is None
        return answer

    return make


def _households(name: str) -> Maker:
    def make(batch: Batch, around: Surroundings) -> Values:
        return [_household(value, around.keys) for value in batch.columns[name]]

    return make


def _household(address: str | None, keys: Keys) -> str | None:
    """Answer the digest of a home: letters and digits of its lines and postcode, whatever stands between them."""
    if not address:
        return None
    found = "".join(letter for letter in address.upper() if letter.isalnum())
    # A postcode alone is a street, not a home.
    if len(found) <= 8 or "ZZ99" in found or not any(letter.isdigit() for letter in found):
        return None
    return keys.digest("household", found)


def _systems(name: str) -> Maker:
    def make(batch: Batch, around: Surroundings) -> Values:
        return [None if value is None else SYSTEMS.get(value, value) for value in batch.columns[name]]

    return make


def _codes(name: str) -> Maker:
    safe: dict[Any, Any] = {None: None}

    def make(batch: Batch, around: Surroundings) -> Values:
        if len(safe) > 200_000:
            safe.clear()
            safe[None] = None
        values = batch.columns[name]
        for value in set(values):
            if value not in safe:
                safe[value] = None if _holds_number(value, around.numbers) else value
        answer = [safe[value] for value in values]
        lost = sum(one is None and other is not None for one, other in zip(answer, values, strict=True))
        around.counts.identifiers_in_codes += lost
        return answer

    return make


def _holds_number(value: str, numbers: Any) -> bool:
    if len(value) < 10:
        return False
    return any(found.replace(" ", "").replace("-", "") in numbers for found in _TEN.findall(value))


def _texts(name: str) -> Maker:
    def make(batch: Batch, around: Surroundings) -> Values:
        values = batch.columns[name]
        answer = [value if value in around.texts else None for value in values]
        around.counts.texts_left_out += sum(
            one is None and other is not None for one, other in zip(answer, values, strict=True)
        )
        return answer

    return make


def _causes(name: str) -> Maker:
    return lambda batch, around: [value[:3].upper() if value else None for value in batch.columns[name]]


def _organisations(name: str) -> Maker:
    def make(batch: Batch, around: Surroundings) -> Values:
        answer = [value if value and _ODS.fullmatch(value) else None for value in batch.columns[name]]
        around.counts.identifiers_in_codes += sum(
            one is None and bool(other) for one, other in zip(answer, batch.columns[name], strict=True)
        )
        small = {}
        for value in {value for value in answer if value}:
            code = value.upper()
            instead = around.organisations[code] = around.practices.get(code, "")
            if instead:
                small[value] = instead
        return [small.get(value, value) for value in answer] if small else answer

    return make
