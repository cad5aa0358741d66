"""The code lists that sentences rest on: named in them, or by a register or a value that they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from joinedup.errors import NotFound, RuleError
from joinedup.population.codelists import Codelist, codelist
from joinedup.population.named_values import named_value
from joinedup.population.register_rules import Register, counted_registers, register
from joinedup.population.statements import Statement, parse


def codelists_behind(sentences: Iterable[str]) -> list[Codelist]:
    """Answer every code list that the sentences rest on, each once, by name."""
    found: dict[str, Codelist] = {}
    for sentence in sentences:
        for one in _of(parse(sentence)):
            found.setdefault(one.name, one)
    return [found[name] for name in sorted(found)]


def _of(statement: Statement) -> Iterator[Codelist]:
    if statement.form == "register":
        yield from _of_register(register(statement.name))
    elif statement.form == "registers":
        for one in counted_registers():
            yield from _of_register(one)
    else:
        for name in (statement.name, *statement.names):
            yield from _named(name)


def _of_register(one: Register) -> Iterator[Codelist]:
    for name in (*one.codes, *one.resolved, one.against, one.drug[0] if one.drug else ""):
        yield from _named(name)
    for sentence in (*one.without, *(sentence for way in one.either for sentence in way)):
        try:
            yield from _of(parse(sentence))
        except RuleError:
            yield from _named(sentence)  # The name of a list or of another register.


def _named(name: str) -> Iterator[Codelist]:
    if not name:
        return
    try:
        yield codelist(name)
    except NotFound:
        try:
            yield named_value(name).codes
        except NotFound:
            return
