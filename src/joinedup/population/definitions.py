"""Where definitions lie: those that come with joinedup, and those of this installation, which go before them.

An installation puts its own into `definitions/<kind>` in the data folder: a file of the same name takes the place of
ours, another name adds to them.
"""

from __future__ import annotations

import tomllib
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


def both(name: str) -> dict[str, Any]:
    """Answer one of our files (`values.toml`), with the tables of the installation's file of that name over ours."""
    said = read_toml(OURS / name)
    own = installed("") / name
    if own.is_file():
        said.update(read_toml(own))
    return said
