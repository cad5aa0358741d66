"""FHIRPath as far as SQL on FHIR uses it: text to a tree of frozen values (rules: population PB3).

Beside the subset of the specification stand `iif`, `last` and `count`, which our own views need. What FHIRPath knows
but the subset does not is refused by name, before any row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from joinedup.population.sql_on_fhir.view_errors import Place, ViewError


@dataclass(frozen=True)
class Shape:
    """What is known of an expression before any resource is seen.

    `type` is the name of a FHIR type, "" when it cannot be known, EMPTY when there is never a value. `values` are the
    elements that the value is made of, and `looked_at` those that it only depends on, both as `Patient.name.family`.
    """

    type: str
    is_many: bool = False
    choice: tuple[tuple[str, str], ...] = ()
    values: frozenset[tuple[str, str, str]] = frozenset()
    looked_at: frozenset[tuple[str, str, str]] = frozenset()


EMPTY = "nothing"
UNKNOWN = Shape("", True)


@dataclass(frozen=True)
class Literal:
    type: str
    value: str | int | Decimal | float | bool | None
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


@dataclass(frozen=True)
class This:
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


@dataclass(frozen=True)
class RowIndex:
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


@dataclass(frozen=True)
class Constant:
    name: str
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


@dataclass(frozen=True)
class Member:
    source: Node
    name: str
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


@dataclass(frozen=True)
class Call:
    source: Node
    name: str
    arguments: tuple[Node, ...] = ()
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN
    type: str = field(default="", kw_only=True)
    """The type that `ofType` or `getReferenceKey` names."""


@dataclass(frozen=True)
class Index:
    source: Node
    index: Node
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


@dataclass(frozen=True)
class Minus:
    operand: Node
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


@dataclass(frozen=True)
class Binary:
    operator: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False)
    shape: Shape = UNKNOWN


Node = Literal | This | RowIndex | Constant | Member | Call | Index | Minus | Binary

# Each function of the subset with the fewest and the most arguments that it takes.
FUNCTIONS = {
    "where": (1, 1), "exists": (0, 1), "empty": (0, 0), "not": (0, 0), "extension": (1, 1), "ofType": (1, 1),
    "first": (0, 0), "last": (0, 0), "count": (0, 0), "join": (0, 1), "iif": (2, 3), "getResourceKey": (0, 0),
    "getReferenceKey": (0, 1), "lowBoundary": (0, 0), "highBoundary": (0, 0),
}  # fmt: skip
NAMED_TYPE = frozenset({"ofType", "getReferenceKey"})
BINDING = {"or": 1, "and": 2, "=": 4, "!=": 4, ">": 5, "<": 5, ">=": 5, "<=": 5, "+": 7, "-": 7, "*": 8, "/": 8}
# Operators of FHIRPath that are not in the subset: named in the error, so that nobody looks for a slip of the pen.
OUTSIDE = frozenset({"|", "&", "~", "!~", "is", "as", "in", "contains", "xor", "implies", "div", "mod"})

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<moment>@(?:T\d\d[\d:.]*|\d{4}(?:-\d\d){0,2}(?:T(?:\d\d[\d:.]*)?(?:Z|[+-]\d\d:\d\d)?)?))
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<quoted>`(?:[^`\\]|\\.)*`)
      | (?P<constant>%(?:[A-Za-z_][A-Za-z0-9_-]*|`[^`]+`|'[^']+'))
      | (?P<special>\$[A-Za-z]+)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>!=|!~|>=|<=|[-+*/=<>|&~.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
MOST_NESTED, MOST_STEPS = 50, 150  # what walks the tree walks down one call a step


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse(text: str, place: Place) -> Node:
    """Answer the tree of an expression; raises ViewError with the position of what cannot be read."""
    return _Parser(text, place.at(place.path, text=text)).whole()


class _Parser:
    def __init__(self, text: str, place: Place) -> None:
        self.place = place
        self.tokens = list(self._tokens(text))
        self.next = 0
        self.depth = self.steps = 0

    def _tokens(self, text: str) -> Iterator[_Token]:
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self.place.error(
                    "fhirpath-syntax",
                    f"'{text[at]}' begins nothing that FHIRPath knows.",
                    "Correct it there.",
                    position=at,
                )
            if found.lastgroup != "blank":
                yield _Token(str(found.lastgroup), found.group(), at)
            at = found.end()
        yield _Token("end", "", len(text))

    def whole(self) -> Node:
        if self.tokens[0].kind == "end":
            raise self._wrong("an expression")
        node = self._expression(0)
        if self.tokens[self.next].kind != "end":
            raise self._wrong("an operator or the end")
        return node

    def _count(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise self._wrong(f"at most {MOST_STEPS} operators and steps")

    def _wrong(self, expected: str) -> ViewError:
        token = self.tokens[self.next]
        given = f"found '{token.text}'" if token.text else "it ends there"
        return self.place.error(
            "fhirpath-syntax", f"expected {expected}, {given}.", "Correct the expression.", position=token.at
        )

    def _take(self, text: str) -> bool:
        token = self.tokens[self.next]
        if token.text == text and token.kind in ("sign", "word"):
            self.next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._wrong(f"'{text}'")

    def _expression(self, least: int) -> Node:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise self._wrong(f"at most {MOST_NESTED} expressions in one another")
        left = self._operand()
        while True:
            token = self.tokens[self.next]
            if token.kind not in ("sign", "word"):
                break
            if token.text in OUTSIDE:
                raise self._outside("operator", token)
            binds = BINDING.get(token.text)
            if binds is None or binds < least:
                break
            self.next += 1
            self._count()
            left = Binary(token.text, left, self._expression(binds + 1), token.at)
        self.depth -= 1
        return left

    def _outside(self, what: str, token: _Token) -> ViewError:
        return self.place.error(
            "outside-subset",
            f"the {what} '{token.text}' is FHIRPath, but not of the part that SQL on FHIR uses.",
            f"Operators: {' '.join(BINDING)}; functions: {', '.join(FUNCTIONS)}.",
            position=token.at,
        )

    def _operand(self) -> Node:
        token = self.tokens[self.next]
        if token.kind == "sign" and token.text in "+-":
            self.next += 1
            operand = self._steps(self._primary())
            return Minus(operand, token.at) if token.text == "-" else operand
        return self._steps(self._primary())

    def _steps(self, node: Node) -> Node:
        while True:
            at = self.tokens[self.next].at
            self._count()
            if self._take("."):
                node = self._step(node)
            elif self._take("["):
                node = Index(node, self._expression(0), at)
                self._expect("]")
            else:
                self.steps -= 1
                return node

    def _step(self, source: Node) -> Node:
        token = self.tokens[self.next]
        if token.kind not in ("word", "quoted"):
            raise self._wrong("the name of an element or a function")
        self.next += 1
        if token.kind == "word" and self._take("("):
            return self._call(source, token)
        return Member(source, _plain(token.text) if token.kind == "quoted" else token.text, token.at)

    def _call(self, source: Node, token: _Token) -> Node:
        if token.text not in FUNCTIONS:
            if token.text in _FHIRPATH_FUNCTIONS:
                raise self._outside("function", token)
            raise self.place.error(
                "unknown-function", f"there is no function '{token.text}'.", f"There are: {', '.join(FUNCTIONS)}.",
                position=token.at, near=(token.text, FUNCTIONS),
            )  # fmt: skip
        if token.text in NAMED_TYPE:
            named = "" if self._take(")") else self._type_name()
            if not named and token.text == "ofType":
                self.next -= 1
                raise self._wrong("the name of a type, such as Quantity")
            return Call(source, token.text, (), token.at, type=named)
        arguments: list[Node] = []
        while not self._take(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression(0))
        fewest, most = FUNCTIONS[token.text]
        if not fewest <= len(arguments) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise self.place.error(
                "arguments",
                f"{token.text}() takes {wanted} arguments, {len(arguments)} are given.",
                "Correct the call.",
                position=token.at,
            )
        return Call(source, token.text, tuple(arguments), token.at)

    def _type_name(self) -> str:
        """Read `Quantity`, `FHIR.Quantity` or `System.String`; all end at the closing bracket."""
        token = self.tokens[self.next]
        if token.kind == "string":  # some write getReferenceKey('Patient')
            self.next += 1
            name = _plain(token.text)
        else:
            if token.kind not in ("word", "quoted"):
                raise self._wrong("the name of a type, such as Quantity")
            self.next += 1
            name = token.text.strip("`")
            if self._take("."):
                space, token = name, self.tokens[self.next]
                if token.kind not in ("word", "quoted") or space not in ("FHIR", "System"):
                    raise self._wrong("the name of a type, such as FHIR.Quantity")
                self.next += 1
                name = token.text.strip("`")
                if space == "System":
                    name = name[:1].lower() + name[1:]
        self._expect(")")
        return name

    def _primary(self) -> Node:
        token = self.tokens[self.next]
        self.next += 1
        if token.kind == "word":
            if token.text in ("true", "false"):
                return Literal("boolean", token.text == "true", token.at)
            if token.text in OUTSIDE or token.text in ("and", "or"):
                self.next -= 1
                raise self._wrong("an element, a literal or a function")
            self.next -= 1
            return self._step(This(token.at))
        if token.kind == "quoted":
            self.next -= 1
            return self._step(This(token.at))
        if token.kind == "string":
            return Literal("string", _plain(token.text), token.at)
        if token.kind == "number":
            if "." in token.text:
                return Literal("decimal", Decimal(token.text), token.at)
            return Literal("integer", int(token.text), token.at)
        if token.kind == "moment":
            return _moment(token)
        if token.kind == "constant":
            name = token.text[1:].strip("`'")
            return RowIndex(token.at) if name == "rowIndex" else Constant(name, token.at)
        if token.kind == "special" and token.text == "$this":
            return This(token.at)
        if token.text == "(":
            node = self._expression(0)
            self._expect(")")
            return node
        if token.text == "{":
            self._expect("}")
            return Literal(EMPTY, None, token.at)
        self.next -= 1
        raise self._wrong("an element, a literal or a function")


def _plain(quoted: str) -> str:
    """Answer what a string in quotation marks stands for."""
    return _ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2]), quoted[1:-1]
    )


def _moment(token: _Token) -> Literal:
    text = token.text[1:]
    if text.startswith("T"):
        return Literal("time", text[1:], token.at)
    # `@2015T` is a dateTime of which only the year is known.
    return Literal("dateTime" if "T" in text else "date", text.rstrip("T"), token.at)


_FHIRPATH_FUNCTIONS = frozenset(
    {
        "abs", "aggregate", "all", "allFalse", "allTrue", "anyFalse", "anyTrue", "as", "ceiling", "children",
        "combine", "conformsTo", "contains", "convertsToBoolean", "convertsToDate", "convertsToDateTime",
        "convertsToDecimal", "convertsToInteger", "convertsToQuantity", "convertsToString", "convertsToTime",
        "descendants", "distinct", "elementDefinition", "encode", "decode", "endsWith", "escape", "exclude", "exp",
        "floor", "getValue", "hasValue", "htmlChecks", "indexOf", "intersect", "is", "isDistinct", "length", "ln",
        "log", "lower", "matches", "matchesFull", "memberOf", "now", "power", "precision", "repeat", "replace",
        "replaceMatches", "resolve", "round", "select", "single", "skip", "slice", "split", "sqrt", "startsWith",
        "substring", "subsetOf", "subsumedBy", "subsumes", "supersetOf", "tail", "take", "timeOfDay", "toBoolean",
        "toChars", "toDate", "toDateTime", "toDecimal", "toInteger", "toQuantity", "toString", "toTime", "today",
        "trace", "trim", "truncate", "type", "unescape", "union", "upper",
    }
)  # fmt: skip
