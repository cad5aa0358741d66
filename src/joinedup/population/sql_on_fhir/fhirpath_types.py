"""What an expression can give, worked out from the definitions of FHIR R4 before any resource is seen.

It finds elements that do not exist, comparisons that can never hold, and whether more than one value may come. The tree
it answers is the one that was given, with its constants put in, choices (`value.ofType(Quantity)`) turned into the
element that bears them, and a shape on each node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from joinedup.feeds import Element, definitions
from joinedup.population.sql_on_fhir.fhirpath import (
    EMPTY,
    UNKNOWN,
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    Minus,
    Node,
    RowIndex,
    Shape,
    This,
)
from joinedup.population.sql_on_fhir.view_errors import Place, ViewError

TEXT, NUMBER, YES_NO, MOMENT, TIME, COMPLEX = "text", "number", "yes or no", "date", "time", "element with parts"
KINDS: dict[str, str] = (
    dict.fromkeys(
        ("string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "base64Binary", "xhtml"), TEXT
    )
    | dict.fromkeys(("integer", "positiveInt", "unsignedInt", "integer64", "decimal"), NUMBER)
    | dict.fromkeys(("date", "dateTime", "instant"), MOMENT)
    | {"boolean": YES_NO, "time": TIME}
)
_WIDEST = {TEXT: "string", NUMBER: "decimal", MOMENT: "dateTime"}
_BASES = ("Resource", "DomainResource")
_NOBODY_KNOWS = frozenset({("", "", "")})


def kind_of(type_: str) -> str:
    """Answer what values of a type are like, "" where nobody can know."""
    if not type_ or type_ == EMPTY:
        return ""
    return KINDS.get(type_, COMPLEX)


@dataclass(frozen=True)
class World:
    """What an expression may name beside elements: the view's constants; and where it stands, for errors."""

    constants: Mapping[str, Literal]
    place: Place


def root(resource: str) -> Shape:
    return Shape(resource, values=frozenset({(resource, resource, resource)}))


def typed(node: Node, this: Shape, world: World) -> Node:
    """Answer the tree with shapes. `this` is what the expression starts from. Raises ViewError."""
    return _Typing(this, world).of(node)


class _Typing:
    def __init__(self, this: Shape, world: World) -> None:
        self.this, self.world = this, world

    def of(self, node: Node) -> Node:
        match node:
            case Literal():
                return replace(node, shape=Shape(node.type))
            case This():
                return replace(node, shape=self.this)
            case RowIndex():
                return replace(node, shape=Shape("integer"))
            case Constant():
                return self._constant(node)
            case Member():
                return self._member(node, self.of(node.source))
            case Call():
                return self._call(node, self.of(node.source))
            case Index():
                source, index = self.of(node.source), self.of(node.index)
                if kind_of(index.shape.type) not in ("", NUMBER) or index.shape.is_many or _is_negative(index):
                    raise self._error(node, "bad-index", "expected a whole number from 0.", "Write name[0].")
                return replace(node, source=source, index=index, shape=replace(source.shape, is_many=False))
            case Minus():
                operand = self.of(node.operand)
                if kind_of(operand.shape.type) not in ("", NUMBER):
                    raise self._error(node, "type-mismatch", "only a number can be negative.", "Take the - away.")
                return replace(node, operand=operand, shape=replace(operand.shape, is_many=False))
            case Binary():
                return self._binary(node, self.of(node.left), self.of(node.right))

    def _error(self, node: Node, code: str, says: str, next_step: str, **more: object) -> ViewError:
        return self.world.place.error(code, says, next_step, position=node.at, **more)  # type: ignore[arg-type]

    def _constant(self, node: Constant) -> Node:
        known = self.world.constants.get(node.name)
        if known is None:
            names = list(self.world.constants)
            raise self._error(
                node,
                "undefined-constant",
                f"there is no constant %{node.name}.",
                f"The view defines: {', '.join(names) or 'none'}.",
                near=(node.name, names),
            )
        return replace(known, at=node.at, shape=Shape(known.type))

    def _member(self, node: Member, source: Node) -> Node:
        given = source.shape
        if given.choice:
            raise self._error(
                node, "choice", "an element of several types has no elements of its own.", "Put ofType(...) before it."
            )
        if given.type == EMPTY:
            return replace(node, source=source, shape=given)
        elements = definitions().types.get(given.type, {})
        if not given.type or (given.type in _BASES and node.name not in elements):
            return replace(node, source=source, shape=replace(UNKNOWN, values=_NOBODY_KNOWS, looked_at=given.looked_at))
        element = elements.get(node.name)
        if element is not None and not element.choice:
            return replace(node, source=source, shape=_step(given, node.name, element))
        choices = tuple((key, one.type) for key, one in elements.items() if one.choice == node.name)
        if choices:
            shape = Shape(
                "",
                given.is_many,
                choices,
                frozenset().union(*(_step(given, key, elements[key]).values for key, _ in choices)),
                given.looked_at,
            )
            return replace(node, source=source, shape=shape)
        raise self._unknown(node, given, element)

    def _unknown(self, node: Member, given: Shape, element: Element | None) -> ViewError:
        if element is not None:
            kind = node.name[len(element.choice) :]
            kind = element.type if element.type.lower() == kind.lower() else kind
            return self._error(
                node,
                "unknown-element",
                f"'{node.name}' is how JSON writes it; its name is {element.choice}.",
                f"Write {element.choice}.ofType({kind}).",
            )
        elements = definitions().types.get(given.type, {})
        if not elements:
            return self._error(
                node,
                "unknown-element",
                f"a {given.type} has no elements, so no '{node.name}'.",
                "End the path before it.",
            )
        names = sorted({one.choice or key for key, one in elements.items()} - {"id", "extension", "modifierExtension"})
        return self._error(
            node,
            "unknown-element",
            f"{given.type} has no element '{node.name}' in FHIR R4.",
            f"It has: {', '.join(names)}.",
            near=(node.name, names),
        )

    def _call(self, node: Call, source: Node) -> Node:
        given, name = source.shape, node.name
        inner = _Typing(replace(given, is_many=False), self.world)
        if name == "iif":
            return self._iif(node, source)
        if name in ("where", "exists") and node.arguments:
            criterion = inner.of(node.arguments[0])
            inner.must_be_yes_no(criterion)
            looked_at = given.looked_at | criterion.shape.values | criterion.shape.looked_at
            kept = replace(given, looked_at=looked_at)
            shape = kept if name == "where" else Shape("boolean", looked_at=looked_at)
            return replace(node, source=source, arguments=(criterion,), shape=shape)
        if name in ("exists", "empty"):
            return replace(node, source=source, shape=Shape("boolean", looked_at=given.looked_at))
        if name == "count":
            return replace(node, source=source, shape=Shape("integer", looked_at=given.looked_at))
        if name in ("first", "last"):
            return replace(node, source=source, shape=replace(given, is_many=False))
        if name == "not":
            self.must_be_yes_no(source)
            looked_at = given.values | given.looked_at
            return replace(node, source=source, shape=Shape("boolean", looked_at=looked_at))
        if name == "extension":
            return self._extension(node, source)
        if name == "ofType":
            return self._of_type(node, source)
        if name == "join":
            self._must_be(source, (TEXT,), "join() joins texts")
            arguments = tuple(self.of(one) for one in node.arguments)
            for one in arguments:
                self._must_be(one, (TEXT,), "the separator of join() is a text")
            return replace(node, source=source, arguments=arguments, shape=replace(given, type="string", is_many=False))
        if name == "getResourceKey":
            if given.type and given.type not in definitions().resources and given.type not in _BASES:
                raise self._error(
                    node,
                    "no-resource",
                    f"a {given.type} has no key, only a resource has.",
                    "Ask at the top of the view.",
                )
            return replace(node, source=source, shape=self._member(Member(source, "id", node.at), source).shape)
        if name == "getReferenceKey":
            self._must_be_type(source, "Reference", "getReferenceKey() needs a Reference")
            if node.type and node.type not in definitions().resources:
                raise self._no_type(node, definitions().resources)
            return replace(node, source=source, shape=replace(given, type="id", choice=()))
        self._must_be(source, (NUMBER, MOMENT, TIME), f"{name}() is of a decimal, a date or a time")  # boundaries
        return replace(node, source=source, shape=given)

    def _iif(self, node: Call, source: Node) -> Node:
        if source.shape.is_many:
            raise self._error(node, "iif", "iif() stands on one value.", "Put first() before it.")
        inner = _Typing(source.shape, self.world)
        arguments = [inner.of(one) for one in node.arguments]
        inner.must_be_yes_no(arguments[0])
        if len(arguments) == 2:
            arguments.append(Literal(EMPTY, None, node.at, Shape(EMPTY)))
        then, other = (one.shape for one in arguments[1:])
        kinds = {kind_of(one.type) for one in (then, other) if one.type != EMPTY}
        types = {one.type for one in (then, other) if one.type != EMPTY}
        if len(kinds) > 1 or then.choice or other.choice or (kinds == {COMPLEX} and len(types) > 1):
            raise self._error(
                node, "type-mismatch", "both answers of iif() must be of one kind.", "Choose with ofType()."
            )
        type_ = types.pop() if len(types) == 1 else _WIDEST.get(kinds.pop(), "") if kinds else EMPTY
        condition = arguments[0].shape
        shape = Shape(
            type_,
            then.is_many or other.is_many,
            (),
            then.values | other.values,
            then.looked_at | other.looked_at | condition.values | condition.looked_at,
        )
        return replace(node, source=source, arguments=tuple(arguments), shape=shape)

    def _extension(self, node: Call, source: Node) -> Node:
        url = self.of(node.arguments[0])
        self._must_be(url, (TEXT,), "extension() takes the address of one")
        if source.shape.choice:
            raise self._error(node, "choice", "an element of several types.", "Put ofType(...) before extension().")
        if isinstance(source, Member) and source.shape.type in KINDS and not source.shape.is_many:
            # The extensions of a primitive stand beside it: those of birthDate in _birthDate.
            beside = replace(source, name="_" + source.name, shape=replace(source.shape, type="Element"))
            held = self._member(Member(beside, "extension", node.at), beside)
        else:
            held = self._member(Member(source, "extension", node.at), source)
        shape = replace(held.shape, type="Extension", is_many=True, looked_at=source.shape.looked_at)
        return replace(node, source=held, arguments=(url,), shape=shape)

    def _of_type(self, node: Call, source: Node) -> Node:
        given, wanted = source.shape, node.type
        known = definitions().types
        if wanted not in known and wanted not in KINDS:
            raise self._no_type(node, [*known, *KINDS])
        if given.choice:
            keys = [key for key, type_ in given.choice if type_ == wanted]
            if not isinstance(source, Member):
                raise self._error(node, "choice", "ofType() must stand right after the element.", "Move it there.")
            if not keys:
                types = [type_ for _, type_ in given.choice]
                raise self._error(
                    node,
                    "unknown-type",
                    f"{source.name} is never a {wanted}.",
                    f"It is one of: {', '.join(types)}.",
                    near=(wanted, types),
                )
            element = known[source.source.shape.type][keys[0]]
            return Member(source.source, keys[0], source.at, _step(source.source.shape, keys[0], element))
        if given.type in (wanted, EMPTY):
            return source
        if given.type and given.type not in _BASES:
            raise self._error(node, "unknown-type", f"it is a {given.type}, never a {wanted}.", "Take ofType() away.")
        return replace(node, source=source, shape=replace(given, type=wanted))

    def _no_type(self, node: Call, known: object) -> ViewError:
        return self._error(
            node, "unknown-type", f"FHIR R4 has no type '{node.type}'.", "Write such as Patient or Quantity.",
            near=(node.type, known),
        )  # fmt: skip

    def _binary(self, node: Binary, left: Node, right: Node) -> Node:
        one, other = left.shape, right.shape
        looked_at = one.looked_at | other.looked_at
        if node.operator in ("and", "or"):
            self.must_be_yes_no(left)
            self.must_be_yes_no(right)
            return replace(
                node, left=left, right=right, shape=Shape("boolean", looked_at=looked_at | one.values | other.values)
            )
        for side in (left, right):
            if side.shape.choice:
                raise self._error(
                    node, "choice", "an element of several types is compared.", "Put ofType(...) after it."
                )
        kinds = {kind_of(one.type), kind_of(other.type)} - {""}
        if kinds == {MOMENT, TEXT} and any(isinstance(side, Literal) for side in (left, right)):
            kinds = {MOMENT}  # birthDate > '1980' means the date, though FHIRPath writes it @1980
        if len(kinds) > 1:
            raise self._error(
                node,
                "type-mismatch",
                f"'{node.operator}' stands between a {' and a '.join(sorted(kinds))}.",
                "Compare like with like: a Quantity by its .value, a Coding by its .code, a date with @2024-03-01.",
            )
        if node.operator in ("=", "!="):
            shape = Shape("boolean", looked_at=looked_at | one.values | other.values)
        elif node.operator in ("+", "-", "*", "/"):
            allowed = {NUMBER, TEXT} if node.operator == "+" else {NUMBER}
            if kinds - allowed:
                raise self._error(node, "type-mismatch", f"'{node.operator}' needs numbers.", "Use the .value of it.")
            whole = all(side.type not in ("", "decimal") for side in (one, other)) and node.operator != "/"
            type_ = "" if not kinds else "string" if kinds == {TEXT} else "integer" if whole else "decimal"
            shape = Shape(type_, False, (), one.values | other.values, looked_at)
        else:
            if kinds & {COMPLEX, YES_NO}:
                raise self._error(node, "type-mismatch", f"'{node.operator}' needs an order.", "Compare a part of it.")
            shape = Shape("boolean", looked_at=looked_at | one.values | other.values)
        return replace(node, left=left, right=right, shape=shape)

    def must_be_yes_no(self, node: Node) -> None:
        """A criterion gives true, false or nothing."""
        self._must_be(node, (YES_NO,), "expected true or false", "not-boolean")

    def _must_be(self, node: Node, kinds: tuple[str, ...], says: str, code: str = "type-mismatch") -> None:
        given = "choice" if node.shape.choice else kind_of(node.shape.type)
        if given and given not in kinds:
            told = "an element of several types" if node.shape.choice else f"a {node.shape.type}"
            raise self._error(node, code, f"{says}; it gives {told}.", "Ask for a part of it, or .exists().")

    def _must_be_type(self, node: Node, type_: str, says: str) -> None:
        if node.shape.choice or node.shape.type not in ("", EMPTY, type_):
            told = "an element of several types" if node.shape.choice else f"a {node.shape.type}"
            raise self._error(node, "type-mismatch", f"{says}; it gives {told}.", "Put ofType(Reference) before it.")


def _is_negative(node: Node) -> bool:
    return isinstance(node, Minus) or (isinstance(node, Literal) and isinstance(node.value, int) and node.value < 0)


def _step(given: Shape, name: str, element: Element) -> Shape:
    values = frozenset((f"{path}.{name}", f"{given.type}.{name}", element.type) for path, _, _ in given.values)
    return Shape(element.type, given.is_many or element.max != 1, (), values, given.looked_at)
