"""A view becomes one plain Python function, written and compiled once: a parsed resource in, its rows out.

The row function is straight-line code made for this view: what several columns share (`code.coding`) is fetched once,
an element of one value costs a look-up and one of many a loop, extensions are put in order by url once. Nothing of the
view's text is in the code but the names of elements, as Python itself writes a string.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from joinedup.population.sql_on_fhir.fhirpath import RowIndex
from joinedup.population.sql_on_fhir.view_code import Code, Scope
from joinedup.population.sql_on_fhir.view_definition import Column, Select, View, read_view
from joinedup.population.sql_on_fhir.view_errors import Place

Row = tuple[Any, ...]
Continue = Callable[[list[str]], None]


@dataclass(frozen=True)
class CompiledView:
    """A view ready to run. `fill(resource, rows)` adds the rows of a resource of its type to a list."""

    view: View
    fill: Callable[[dict[str, Any], list[Row]], None] = field(repr=False, compare=False)
    code: str = field(repr=False)

    @property
    def name(self) -> str:
        return self.view.name

    @property
    def resource(self) -> str:
        return self.view.resource

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.view.columns

    def rows(self, resource: dict[str, Any]) -> list[Row]:
        """Answer the rows of one resource; none for one of another type. Values are as the resource has them."""
        rows: list[Row] = []
        if resource.get("resourceType") == self.resource:
            self.fill(resource, rows)
        return rows

    def __reduce__(self) -> tuple[Callable[[Any, str], CompiledView], tuple[Any, str]]:
        # Another process writes the function anew: a function that was written cannot be sent.
        return _again, (dict(self.view.source), self.view.name)


def _again(source: dict[str, Any], name: str) -> CompiledView:
    return compile_view(replace(read_view(source), name=name))


def compile_view(view: View) -> CompiledView:
    """Answer a view's row function. Raises ViewError for one with more loops in loops than Python allows."""
    writer = _Rows(view)
    code = writer.written()
    try:
        # Every word of the code is ours or a checked name: see the head of the module.
        exec(compile(code, f"<view {view.name}>", "exec"), writer.names)  # noqa: S102  # nosec B102
    except SyntaxError:
        raise Place(view.name).error(
            "too-deep", "too many iterations stand in one another.", "Make two views."
        ) from None
    return CompiledView(view, writer.names["fill"], code)


@dataclass(frozen=True)
class _Gathered:
    """The rows of a nested select: the list in the code that holds them, and how many columns they have."""

    variable: str
    width: int


class _Rows(Code):
    """The row function in the making."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self.walkers: list[str] = []

    def written(self) -> str:
        scope = Scope("r")
        for nth, criterion in enumerate(self.view.where):
            self.place = Place(self.view.name, f"where[{nth}].path")
            self.line(f"if not ({self.truth(criterion, scope)}):")
            self.line("    return")
        self.place = Place(self.view.name, "select")
        self.select(
            self.view.select, scope, lambda names: self.line(f"out.append(({' '.join(f'{one},' for one in names)}))")
        )
        return "\n".join([*self.walkers, "def fill(r, out):", *self.lines, ""])

    def select(self, select: Select, scope: Scope, rows: Continue) -> None:
        if select.path is None and not select.walks:
            self.body(select, scope, rows)
            return
        counts = _has_index(select)
        index = self.let("-1") if counts else "0"
        seen = self.let("False") if select.or_null else ""

        def one(item: str) -> None:
            if seen:
                self.line(f"{seen} = True")
            if counts:
                self.line(f"{index} += 1")
            self.body(select, Scope(item, index), rows)

        if select.path is not None:
            self.each(select.path, scope, one)
        else:
            self.loop(self.walked(select, scope), one, None)
        if seen:
            with self.block(f"if not {seen}:"):
                rows(["0" if isinstance(column.path, RowIndex) else "None" for column in select.all_columns])

    def body(self, select: Select, scope: Scope, rows: Continue) -> None:
        """Write the rows of one focus: its columns beside every combination of the rows of what is nested in it."""
        parts: list[list[str] | tuple[Select, ...]] = [[self.column(column, scope) for column in select.columns]]
        parts += [(inner,) if inner.is_many else self.plain(inner, scope) for inner in select.selects]
        if select.union:
            parts.append(select.union)
        many = [part for part in parts if isinstance(part, tuple)]
        if len(many) == 1:
            at = next(nth for nth, part in enumerate(parts) if isinstance(part, tuple))
            before, after = _names(parts[:at]), _names(parts[at + 1 :])
            for branch in many[0]:
                self.select(branch, scope, lambda names: rows([*before, *names, *after]))
            return
        gathered = [self.gathered(part, scope) if isinstance(part, tuple) else part for part in parts]
        names: list[str] = []
        depth = self.indent
        for part in gathered:
            if isinstance(part, _Gathered):
                own = [self.new() for _ in range(part.width)]
                self.line(f"for {', '.join([*own, ''])} in {part.variable}:" if own else f"for _ in {part.variable}:")
                self.indent += 1
                names += own
            else:
                names += part
        rows(names)
        self.indent = depth

    def plain(self, select: Select, scope: Scope) -> list[str]:
        own = [self.column(column, scope) for column in select.columns]
        return own + [name for inner in select.selects for name in self.plain(inner, scope)]

    def gathered(self, branches: tuple[Select, ...], scope: Scope) -> _Gathered:
        found = self.let("[]")
        for branch in branches:
            self.select(
                branch, scope, lambda names: self.line(f"{found}.append(({' '.join(f'{one},' for one in names)}))")
            )
        return _Gathered(found, len(branches[0].names))

    def column(self, column: Column, scope: Scope) -> str:
        """Answer the variable with a column's value: a list for a collection, else a value or None."""
        self.place = column.place
        if column.is_collection:
            return self.many(column.path, scope)
        found = self.only(column.path, scope) if column.path.shape.is_many else self.one(column.path, scope)
        if not column.path.shape.type:
            fail = self.failing("not-a-value", "a resource has an element with parts there.", "Name one of its parts.")
            self.line(f"if type({found}) is dict or type({found}) is list: {fail}()")
        return found

    def walked(self, select: Select, scope: Scope) -> str:
        """Write the functions of a repeat, one for each type it comes to, and answer the list of what it finds."""
        functions = {type_: f"walk_{self.new()}" for type_ in select.walks}
        kept = self.lines, self.indent, self.fetched, self.known
        self.lines, self.indent = self.walkers, 0
        for type_, walk in select.walks.items():
            self.fetched, self.known = {}, {}
            with self.block(f"def {functions[type_]}(r, found):"):
                for node, to in walk.paths:

                    def take(item: str, to: str = to) -> None:
                        self.line(f"found.append({item})")
                        self.line(f"{functions[to]}({item}, found)")

                    self.each(node, Scope("r"), take)
        self.lines, self.indent, self.fetched, self.known = kept
        found = self.let("[]")
        self.line(f"{functions[select.starts_at]}({scope.this}, {found})")
        return found


def _names(parts: list[list[str] | tuple[Select, ...]]) -> list[str]:
    return [name for part in parts for name in part if isinstance(name, str)]


def _has_index(value: Any) -> bool:
    """Answer whether %rowIndex stands anywhere in a select."""
    if isinstance(value, RowIndex):
        return True
    if isinstance(value, tuple):
        return any(_has_index(one) for one in value)
    if isinstance(value, Column | Select) or (is_dataclass(value) and hasattr(value, "shape")):
        return any(_has_index(getattr(value, one.name)) for one in fields(value) if one.name not in ("shape", "place"))
    return False
