"""What a ViewDefinition consists of once it is read: columns, selects in selects, and the view around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from joinedup.population.sql_on_fhir.fhirpath import Node
from joinedup.population.sql_on_fhir.view_errors import Place

TAG = "joinedup/leaves-as"


@dataclass(frozen=True)
class Column:
    """One column: its name, the FHIR type of its values, the SQL type it becomes, and how it leaves for a snapshot."""

    name: str
    path: Node
    type: str
    sql_type: str
    is_collection: bool
    tags: Mapping[str, str]
    place: Place

    @property
    def leaves_as(self) -> str:
        return self.tags.get(TAG, "")


@dataclass(frozen=True)
class Walk:
    """A `repeat` from one type: the elements to go to, each with the walk that goes on from there."""

    type: str
    paths: tuple[tuple[Node, str], ...]


@dataclass(frozen=True)
class Select:
    """One node of a view's tree. `path` is of forEach and forEachOrNull; `walks` are of repeat, by type of start."""

    columns: tuple[Column, ...] = ()
    selects: tuple[Select, ...] = ()
    union: tuple[Select, ...] = ()
    path: Node | None = None
    or_null: bool = False
    walks: Mapping[str, Walk] = field(default_factory=dict)
    starts_at: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.all_columns)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Answer the columns in the order of the result: own, of nested selects, of the union."""
        nested = [column for select in self.selects for column in select.all_columns]
        return (*self.columns, *nested, *(self.union[0].all_columns if self.union else ()))

    @property
    def is_many(self) -> bool:
        """Answer whether it may give other than one row."""
        return bool(self.path or self.walks or self.union) or any(select.is_many for select in self.selects)


@dataclass(frozen=True)
class View:
    """A ViewDefinition whose every path is known to be right. `notes` say what is allowed but gives nothing."""

    name: str
    resource: str
    where: tuple[Node, ...]
    select: Select
    notes: tuple[str, ...]
    source: Mapping[str, Any] = field(repr=False)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.select.all_columns

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class PathKind:
    """Which elements a column reaches, each as (path, as defined, type): (Patient.address.city, Address.city, string).

    `values` are those that the value is made of; `looked_at` those that decide whether or which value comes. An
    element that cannot be known is ("", "", "").
    """

    type: str
    values: frozenset[tuple[str, str, str]]
    looked_at: frozenset[tuple[str, str, str]]


def path_kind(view: View, column: str) -> PathKind:
    """Answer which elements a column reaches, found without any resource."""
    found = view.column(column)
    looked_at = (
        [node.shape for node in view.where]
        + [found.path.shape]
        + [node.shape for node in _iterations(view.select, column)]
    )
    others: frozenset[tuple[str, str, str]] = frozenset().union(*(shape.looked_at for shape in looked_at))
    return PathKind(found.type, found.path.shape.values, others)


def _iterations(select: Select, column: str) -> Iterator[Node]:
    if column not in select.names:
        return
    if select.path is not None:
        yield select.path
    for inner in (*select.selects, *select.union):
        yield from _iterations(inner, column)
