"""The lines of a cohort as somebody types them: what each says, or what is wrong with it and what was meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from joinedup.errors import RuleError
from joinedup.population import parse_statement

MOST_LINES: Final = 20
LONGEST: Final = 200
KINDS: Final = ("include", "exclude")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that is not understood: of which kind, its number from 1 among those, and why."""

    kind: str
    number: int
    says: str

    @property
    def field(self) -> str:
        return f"{self.kind}-{self.number}"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, without empty lines, and what is wrong with it."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    wrong: tuple[Wrong, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.include or self.exclude)

    def lines(self, kind: str) -> tuple[str, ...]:
        return self.include if kind == "include" else self.exclude


def typed(query: Any) -> Typed:
    """Answer the lines that stand in an address (`include=…&include=…&exclude=…`), each read."""
    include, exclude = (_lines(query.getlist(kind)) for kind in KINDS)
    wrong = [*_wrong("include", include), *_wrong("exclude", exclude)]
    if exclude and not include:
        wrong.append(Wrong("include", 1, "Say first whom the cohort includes, for instance: is registered."))
    return Typed(include, exclude, tuple(wrong))


def short(error: Exception) -> str:
    """Answer what is wrong and the nearest form; the list of every form stands on the page already."""
    return str(error).split(" Statements look like:", 1)[0]


def _lines(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(said for one in list(given)[: MOST_LINES * 2] if (said := " ".join(one.split())))


def _wrong(kind: str, lines: Iterable[str]) -> list[Wrong]:
    found = []
    for number, line in enumerate(lines, start=1):
        if number > MOST_LINES:
            found.append(Wrong(kind, number, f"Expected at most {MOST_LINES} lines."))
            break
        if len(line) > LONGEST:
            found.append(Wrong(kind, number, f"Expected at most {LONGEST} letters in a line."))
            continue
        try:
            parse_statement(line)
        except RuleError as error:
            found.append(Wrong(kind, number, short(error)))
    return found
