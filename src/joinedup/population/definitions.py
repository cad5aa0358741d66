"""Where definitions lie: those that come with joinedup, and those of this installation, which go before them.

An installation puts its own into `definitions/<kind>` in the data folder: a file of the same name takes the place of
ours, another name adds to them.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from joinedup import database
from joinedup.errors import FileError

OURS = Path(__file__).parent


def installed(kind: str) -> Path:
    """Answer the folder in which this installation keeps its own definitions of a kind (codelists, cohorts)."""
    return database.data_dir() / "definitions" / kind


def definition_files(kind: str, ending: str) -> dict[str, Path]:
    """Answer every definition of a kind by its name as said: `foot_check.csv` is "foot check"."""
    found: dict[str, Path] = {}
    for folder in (OURS / kind, installed(kind)):
        if folder.is_dir():
            found.update({as_said(path.stem): path for path in sorted(folder.glob(f"*.{ending}"))})
    return found


def as_said(name: str) -> str:
    """Answer a name as it is compared: small letters, single blanks for underscores and hyphens."""
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def read_toml(path: Path) -> dict[str, Any]:
    """Answer what a TOML file says; raises FileError with the place where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(path.name, f"this is not TOML: {error}", "Correct the file and try again.") from None


class Definitions(dict[str, Any]):
    """What TOML files say, by name. Read once and not written to: equal only to itself, so that it can be a key."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def both(name: str) -> Definitions:
    """Answer one of our files (`values.toml`), with the tables of the installation's file of that name over ours."""
    files = [path for path in (OURS / name, installed("") / name) if path.is_file()]
    return _read(tuple((path, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=16)
def _read(files: tuple[tuple[Path, int], ...]) -> Definitions:
    said = Definitions()
    for path, _ in files:
        said.update(read_toml(path))
    return said
