"""Folders of views: those of this product, which lie beside the code, and those of somebody's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from joinedup.errors import FileError
from joinedup.population.sql_on_fhir.view_definition import View, read_view
from joinedup.population.sql_on_fhir.view_errors import ViewError

FOLDER = Path(__file__).parents[1] / "views"


@cache
def product_views() -> tuple[View, ...]:
    """Answer the ViewDefinitions of the tables named `pop_…`, in the order of their files."""
    return read_views(FOLDER)


def read_views(folder: Path) -> tuple[View, ...]:
    """Answer the views of every `.json` file of a folder, in the order of their names.

    Views of one name are one table: each resource type that has such facts has its own. Raises ViewError for a view
    that is wrong or for two of one name with other columns, and FileError for a folder without any.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FileError(str(folder), "expected ViewDefinitions as .json files; it has none.", "Name another folder.")
    views = tuple(read_view(path) for path in files)
    _check_tables(views)
    return views


def _check_tables(views: Sequence[View]) -> None:
    first: dict[str, View] = {}
    for view in views:
        other = first.setdefault(view.name, view)
        mine, theirs = _form(view), _form(other)
        if mine != theirs:
            at = next(
                (nth for nth, (one, two) in enumerate(zip(mine, theirs, strict=False)) if one != two),
                min(len(mine), len(theirs)),
            )
            given = mine[at][0] if at < len(mine) else "no more"
            raise ViewError(
                "table-columns",
                "select",
                f"view '{view.name}' of {view.resource}: column {at + 1} is {given}, other than in that of "
                f"{other.resource}. Give views of one name the same columns, types and tags, in one order.",
            )


def _form(view: View) -> list[tuple[str, str, bool, str]]:
    return [(one.name, one.sql_type, one.is_collection, one.leaves_as) for one in view.columns]
