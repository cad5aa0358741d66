"""The Python that an expression of a view becomes: statements that leave its value in a variable, or loop over it.

An expression is written in one of four ways, whichever is the least work: `one` (a variable with the value or None),
`many` (a list), `each` (a loop in whose body something is done with every value), and for criteria `truth` and
`falsity`, which keep apart what is false and what is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from joinedup.feeds import definitions
from joinedup.population.sql_on_fhir import view_functions
from joinedup.population.sql_on_fhir.fhirpath import (
    Binary,
    Call,
    Index,
    Literal,
    Member,
    Minus,
    Node,
    RowIndex,
    This,
)
from joinedup.population.sql_on_fhir.fhirpath_types import MOMENT, NUMBER, TEXT, TIME, YES_NO, kind_of
from joinedup.population.sql_on_fhir.view_errors import Place

Sink = Callable[[str], None]
_FUNCTIONS = (
    "by_url", "members", "members_of_type", "is_of_type", "reference_key", "same", "equal", "moment_order", "order",
    "calculated", "exact", "join", "boundary",
)  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What $this and %rowIndex are called in the code, at some point of it."""

    this: str
    index: str = "0"


@dataclass
class Stop:
    """The variable whose being set ends the loops opened since; `depth` counts them."""

    variable: str
    depth: int = 0


class Code:
    """Lines of Python in the making."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.indent = 1
        self.count = 0
        self.place = Place()
        self.names: dict[str, Any] = {name: getattr(view_functions, name) for name in _FUNCTIONS} | {"NONE": {}}
        self.fetched: dict[tuple[str, str], str] = {}
        self.known: dict[tuple[Node, Scope], str] = {}
        self.sure = {"r"}  # variables that are never None

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def new(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def let(self, expression: str) -> str:
        name = self.new()
        self.line(f"{name} = {expression}")
        return name

    def given(self, value: Any) -> str:
        """Answer a name in the code for a value of ours."""
        self.count += 1
        self.names[f"K{self.count}"] = value
        return f"K{self.count}"

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Write an indented block. What is fetched in it is not known after it: it may not have been gone through."""
        self.line(header)
        kept = self.fetched, self.known
        self.fetched, self.known = dict(self.fetched), dict(self.known)
        self.indent += 1
        start = len(self.lines)
        yield
        if len(self.lines) == start:
            self.line("pass")
        self.indent -= 1
        self.fetched, self.known = kept

    def loop(self, over: str, body: Sink, stop: Stop | None) -> None:
        name = self.new()
        self.sure.add(name)
        with self.block(f"for {name} in {over}:"):
            if stop:
                stop.depth += 1
            body(name)
            if stop:
                stop.depth -= 1
        if stop and stop.depth:
            self.line(f"if {stop.variable} is not None: break")

    def if_any(self, value: str, body: Sink) -> None:
        if value in self.sure:
            body(value)
        elif value != "None":
            with self.block(f"if {value} is not None:"):
                self.sure.add(value)
                body(value)
                self.sure.discard(value)

    def failing(self, code: str, says: str, next_step: str) -> str:
        """Answer the name of a function that raises an error of where we are."""
        place = self.place

        def fail() -> None:
            raise place.error(code, says, next_step)

        return self.given(fail)

    def too_many(self) -> str:
        return self.failing(
            "multiple-values",
            "a resource has several values where one is expected.",
            "Add first(), or collection: true.",
        )

    # Expressions

    def each(self, node: Node, scope: Scope, sink: Sink, stop: Stop | None = None) -> None:
        """Write what is done with every value of an expression."""
        match node:
            case Member() if node.source.shape.is_many or self._is_list(node) or not self._is_known(node):
                self.each(node.source, scope, lambda held: self._members(node, held, sink, stop), stop)
            case Call(name="where", arguments=(criterion,)):

                def keep(item: str) -> None:
                    with self.block(f"if {self.truth(criterion, Scope(item, scope.index))}:"):
                        sink(item)

                self.each(node.source, scope, keep, stop)
            case Call(name="extension", source=Member() as held, arguments=(url,)):
                address = self.one(url, scope)
                self.each(held.source, scope, lambda item: self._extensions(held, item, address, sink, stop), stop)
            case Call(name="getResourceKey") if node.shape.is_many:
                self.each(node.source, scope, lambda held: self.if_any(self.let(f"{held}.get('id')"), sink), stop)
            case Call(name="ofType", source=Member(name=name) as held) if not self._is_known(held):
                over = f"members_of_type({{}}, {name!r}, {node.type!r})"
                self.each(held.source, scope, lambda item: self.loop(over.format(item), sink, stop), stop)
            case Call(name="ofType"):

                def choose(item: str) -> None:
                    with self.block(f"if is_of_type({item}, {node.type!r}):"):
                        sink(item)

                self.each(node.source, scope, choose, stop)
            case Call(name="getReferenceKey"):
                self.each(
                    node.source,
                    scope,
                    lambda item: self.if_any(self.let(f"reference_key({item}, {node.type!r})"), sink),
                    stop,
                )
            case Call(name="iif", arguments=(criterion, then, other)) if node.shape.is_many:
                with self.block(f"if {self.truth(criterion, scope)}:"):
                    self.each(then, scope, sink, stop)
                with self.block("else:"):
                    self.each(other, scope, sink, stop)
            case _:
                self.if_any(self.one(node, scope), sink)

    def _is_known(self, node: Member) -> bool:
        return node.name.startswith("_") or node.name in definitions().types.get(node.source.shape.type, {})

    def _is_list(self, node: Member) -> bool:
        element = definitions().types.get(node.source.shape.type, {}).get(node.name)
        return element is not None and element.max != 1

    def _fetch(self, held: str, name: str) -> str:
        """Answer the variable with an element of what is in another; fetched once for all who need it."""
        found = self.fetched.get((held, name))
        if found is None:
            get = f"{held}.get({name!r})"
            found = self.let(get if held in self.sure else f"{get} if {held} is not None else None")
            self.fetched[held, name] = found
        return found

    def _members(self, node: Member, held: str, sink: Sink, stop: Stop | None) -> None:
        if node.shape.choice:
            for key, _ in node.shape.choice:
                self.if_any(self._fetch(held, key), sink)
        elif not self._is_known(node):
            self.loop(f"members({held}, {node.name!r})", sink, stop)
        elif not self._is_list(node):
            self.if_any(self._fetch(held, node.name), lambda value: self._taken(value, sink, stop))
        else:
            over = f"{self._fetch(held, node.name)} or ()"
            if kind_of(node.shape.type) in (TEXT, NUMBER, YES_NO, MOMENT, TIME):
                # A list of primitives may hold null where only an extension stands.
                self.loop(over, lambda item: self._not_null(item, sink, stop), stop)
            else:
                self.loop(over, sink, stop)

    def _taken(self, value: str, sink: Sink, stop: Stop | None) -> None:
        sink(value)

    def _not_null(self, item: str, sink: Sink, stop: Stop | None) -> None:
        self.sure.discard(item)
        self.if_any(item, sink)

    def _extensions(self, held: Member, item: str, address: str, sink: Sink, stop: Stop | None) -> None:
        if not self._is_known(held):
            self.loop(f"by_url(members({item}, 'extension')).get({address}, ())", sink, stop)
            return
        found = self.fetched.get((item, "extension by url"))
        if found is None:
            given = self._fetch(item, "extension")
            found = self.let(f"by_url({given}) if {given} else NONE")
            self.fetched[item, "extension by url"] = found
        self.loop(f"{found}.get({address}, ())", sink, stop)

    def many(self, node: Node, scope: Scope) -> str:
        found = self.let("[]")
        self.each(node, scope, lambda item: self.line(f"{found}.append({item})"))
        return found

    def any(self, node: Node, scope: Scope) -> str:
        """Answer a condition: there is a value."""
        if not node.shape.is_many and not node.shape.choice:
            value = self.one(node, scope)
            return "True" if value in self.sure or value[0] not in "vN" else f"{value} is not None"
        found = self.let("None")
        stop = Stop(found)
        self.each(node, scope, lambda item: self._found(found, "True", stop), stop)
        return f"{found} is not None"

    def _found(self, variable: str, value: str, stop: Stop) -> None:
        self.line(f"{variable} = {value}")
        if stop.depth:
            self.line("break")

    def only(self, node: Node, scope: Scope) -> str:
        """Answer the variable with the one value; the code raises when there are several."""
        found = self.let("None")
        fail = self.too_many()

        def take(item: str) -> None:
            self.line(f"if {found} is not None: {fail}()")
            self.line(f"{found} = {item}")

        self.each(node, scope, take)
        return found

    def one(self, node: Node, scope: Scope) -> str:
        """Answer the variable with the value of an expression, or None; worked out once for all who need it."""
        if node.shape.is_many or isinstance(node, Literal | This | RowIndex | Member):
            return self._one(node, scope)
        known = self.known.get((node, scope))
        if known is None:
            known = self.known[node, scope] = self._one(node, scope)
        return known

    def _one(self, node: Node, scope: Scope) -> str:
        match node:
            case Literal():
                if node.value is None:
                    return "None"
                name = self.given(node.value)
                self.sure.add(name)
                return name
            case This():
                return scope.this
            case RowIndex():
                return scope.index
            case Call(name="first") if node.source.shape.is_many:
                found = self.let("None")
                stop = Stop(found)
                self.each(node.source, scope, lambda item: self._found(found, item, stop), stop)
                return found
            case Call(name="last") if node.source.shape.is_many:
                values = self.many(node.source, scope)
                return self.let(f"{values}[-1] if {values} else None")
            case Call(name="first" | "last"):
                return self.one(node.source, scope)
            case Index():
                values, at = self.many(node.source, scope), self.one(node.index, scope)
                return self.let(f"{values}[{at}] if {at} is not None and 0 <= {at} < len({values}) else None")
            case Call(name="count"):
                return self.let(f"len({self.many(node.source, scope)})")
            case Call(name="join"):
                separator = self.one(node.arguments[0], scope) if node.arguments else "None"
                return self.let(f"join({self.many(node.source, scope)}, {separator})")
            case Call(name="iif", arguments=(criterion, then, other)) if not node.shape.is_many:
                return self._either(criterion, then, other, scope)
            case Call(name="lowBoundary" | "highBoundary"):
                value = self.one(node.source, scope)
                return self.let(f"boundary({value}, {node.source.shape.type!r}, {node.name == 'highBoundary'})")
            case Call(name="where" | "ofType" | "getReferenceKey") if not node.shape.is_many:
                found = self.let("None")
                self.each(node, scope, lambda item: self.line(f"{found} = {item}"))
                return found
            case Minus():
                value = self.one(node.operand, scope)
                return self.let(f"-{value} if {value} is not None else None")
            case Binary(operator="+" | "-" | "*" | "/"):
                left, right = self.one(node.left, scope), self.one(node.right, scope)
                return self.let(f"calculated({node.operator!r}, {left}, {right})")
            case Call(name="getResourceKey") if not node.shape.is_many:
                return self._fetch(self.one(node.source, scope), "id")
            case Binary() | Call(name="exists" | "empty" | "not"):
                return self.yes_no(node, scope)
            case Member() if not node.shape.is_many:
                return self._fetch(self.one(node.source, scope), node.name)
            case _:
                return self.only(node, scope)

    def _either(self, criterion: Node, then: Node, other: Node, scope: Scope) -> str:
        found = self.new()
        with self.block(f"if {self.truth(criterion, scope)}:"):
            self.line(f"{found} = {self.one(then, scope)}")
        with self.block("else:"):
            self.line(f"{found} = {self.one(other, scope)}")
        return found

    # Criteria

    def yes_no(self, node: Node, scope: Scope) -> str:
        truth = self.truth(node, scope)
        if isinstance(node, Call) and node.name in ("exists", "empty"):
            return self.let(truth)
        return self.let(f"True if {truth} else False if {self.falsity(node, scope)} else None")

    def truth(self, node: Node, scope: Scope) -> str:
        """Answer a Python condition that holds exactly when the expression is true."""
        match node:
            case Literal():
                return str(node.value is True)
            case Binary(operator="and"):
                return f"({self.truth(node.left, scope)} and {self.truth(node.right, scope)})"
            case Binary(operator="or"):
                return f"({self.truth(node.left, scope)} or {self.truth(node.right, scope)})"
            case Binary(operator="=" | "!=" | "<" | "<=" | ">" | ">="):
                return self._compared(node, scope, True)
            case Call(name="not"):
                return self.falsity(node.source, scope)
            case Call(name="exists"):
                source = (
                    Call(node.source, "where", node.arguments, node.at, node.source.shape)
                    if node.arguments
                    else node.source
                )
                return self.any(source, scope)
            case Call(name="empty"):
                return f"not ({self.any(node.source, scope)})"
            case _:
                return f"{self._criterion(node, scope)} is True"

    def falsity(self, node: Node, scope: Scope) -> str:
        """Answer a Python condition that holds exactly when the expression is false, not when it gives nothing."""
        match node:
            case Literal():
                return str(node.value is False)
            case Binary(operator="and"):
                return f"({self.falsity(node.left, scope)} or {self.falsity(node.right, scope)})"
            case Binary(operator="or"):
                return f"({self.falsity(node.left, scope)} and {self.falsity(node.right, scope)})"
            case Binary(operator="=" | "!=" | "<" | "<=" | ">" | ">="):
                return self._compared(node, scope, False)
            case Call(name="not"):
                return self.truth(node.source, scope)
            case Call(name="exists" | "empty"):
                return f"not ({self.truth(node, scope)})"
            case _:
                return f"{self._criterion(node, scope)} is False"

    def _criterion(self, node: Node, scope: Scope) -> str:
        value = self.one(node, scope)
        if kind_of(node.shape.type) != YES_NO:
            fail = self.failing(
                "not-boolean", "a criterion gives neither true nor false.", "Compare it, or add .exists()."
            )
            self.line(f"if {value} is not None and {value} is not True and {value} is not False: {fail}()")
        return value

    def _compared(self, node: Binary, scope: Scope, wanted: bool) -> str:
        """Answer the condition that a comparison is true, or that it is false."""
        operator = node.operator
        kinds = {kind_of(side.shape.type) for side in (node.left, node.right)}
        if operator in ("=", "!="):
            wanted = wanted == (operator == "=")
            if node.left.shape.is_many or node.right.shape.is_many:
                left, right = self.many(node.left, scope), self.many(node.right, scope)
                return f"{self.let(f'same({left}, {right}, {MOMENT in kinds})')} is {wanted}"
        left, right = self.one(node.left, scope), self.one(node.right, scope)
        if any(isinstance(side, Literal) and isinstance(side.value, Decimal) for side in (node.left, node.right)):
            left, right = self.let(f"exact({left})"), self.let(f"exact({right})")
        if MOMENT in kinds:
            found = self.let(f"moment_order({left}, {right})")
            return _ordered(found, "0", operator, wanted, [found])
        unsure = [side for side in (left, right) if side not in self.sure and side[0] in "vN"]
        if "" in kinds:
            if operator in ("=", "!="):
                return f"{self.let(f'equal({left}, {right})')} is {wanted}"
            found = self.let(f"order({left}, {right})")
            return _ordered(found, "0", operator, wanted, [found])
        if operator in ("=", "!=") and wanted and len(unsure) < 2:
            return f"{left} == {right}"  # nothing equals a value that is there
        return _ordered(left, right, operator, wanted, unsure)


_NEGATED = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _ordered(left: str, right: str, operator: str, wanted: bool, unsure: list[str]) -> str:
    operator = "==" if operator in ("=", "!=") else operator
    sign = operator if wanted else _NEGATED[operator]
    there = [f"{name} is not None" for name in dict.fromkeys(unsure)]
    return f"({' and '.join([*there, f'{left} {sign} {right}'])})"
