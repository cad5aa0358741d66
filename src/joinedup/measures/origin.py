"""What a measure's figures rest on: the code lists of its sentences, and what its snapshot says of itself.

Nothing here leads to people: lists, files, counts of rows and months of feeds are all that there is. Counts of people
who are left out are shown as all counts are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from joinedup.errors import JoinedupError
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.disclosure.rounding import STAR, round_count, shown_count
from joinedup.population.codelists import Codelist, codelist
from joinedup.population.snapshot import snapshots_folder
from joinedup.population.statements import Statement, parse


def codelists_of(one: MeasureDefinition) -> dict[str, Codelist]:
    """Answer the code lists that a measure's sentences name, also through registers, by their names in addresses."""
    found: dict[str, Codelist] = {}
    for sentence in one.sentences:
        try:
            statement = parse(sentence)
        except JoinedupError:
            continue
        for said in _lists(statement):
            found.setdefault(slug(said.name), said)
    return dict(sorted(found.items()))


def _lists(statement: Statement) -> Iterator[Codelist]:
    for name in (statement.name, *statement.names):
        if not name:
            continue
        try:
            yield codelist(name)
        except JoinedupError:
            # Not a list: a register, whose own sentences name lists, or a value, an activity, an ethnic group.
            if "register" in statement.form:
                yield from _of_register(name)


def _of_register(name: str) -> Iterator[Codelist]:
    from joinedup.population import register_rules

    held = register_rules.register(name)
    for value in _texts(held):
        try:
            yield codelist(value)
        except JoinedupError:
            try:
                yield from _lists(parse(value))
            except JoinedupError:
                continue


def _texts(held: Any) -> Iterator[str]:
    """Yield every text that a register's definition holds: among them are its sentences and lists."""
    if isinstance(held, str):
        yield held
    elif isinstance(held, Mapping):
        for value in held.values():
            yield from _texts(value)
    elif isinstance(held, list | tuple | set | frozenset):
        for value in held:
            yield from _texts(value)
    elif hasattr(held, "__dataclass_fields__"):
        for field in held.__dataclass_fields__:
            yield from _texts(getattr(held, field))


def slug(name: str) -> str:
    """Answer a list's name as an address has it."""
    return "-".join(name.replace("_", " ").split()).casefold()


def snapshot_manifest(snapshot: str) -> dict[str, Any]:
    """Answer what a snapshot says of itself, or nothing where it is not kept here any more."""
    try:
        manifest: dict[str, Any] = json.loads((snapshots_folder() / snapshot / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return manifest


def counts_shown(held: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what a snapshot says of itself with every count rounded to the nearest five, 1 to 7 as `*`.

    What is rounded already stays as it is, so that results from before are read as those from now are written.
    """
    return {str(name): _count_shown(value) for name, value in held.items()}


def _count_shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return counts_shown(value)
    if isinstance(value, list | tuple):
        return [_count_shown(one) for one in value]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return value
    shown = round_count(value)
    return STAR if shown is None else shown


def people_shown(count: Any) -> str:
    """Answer a count of people as every count is shown: to the nearest five, 1 to 7 as `*`."""
    if isinstance(count, bool) or not isinstance(count, int):
        return str(count)
    shown = round_count(count)
    return shown_count(shown, "" if shown is not None else "suppressed")
