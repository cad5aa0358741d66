"""What planning assumes in this installation: joinedup's own rows, and those that the system decided."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from joinedup import database
from joinedup.planning.parameters import ParameterSet, planning_parameters, read_parameters

FILE = Path("decisions") / "planning_parameters.toml"  # in the data folder


def system_parameters() -> ParameterSet:
    """Answer the parameters that hold here; read anew when the system's own file was changed.

    Raises ParameterOverlap when an adopted row of that file holds on a day on which one of joinedup's own does, and
    FileError for a file that cannot be read.
    """
    own = database.data_dir() / FILE
    return _read(own, own.stat().st_mtime_ns if own.is_file() else 0)


@lru_cache(maxsize=2)
def _read(own: Path, changed: int) -> ParameterSet:
    found = ParameterSet([*planning_parameters(), *(read_parameters(own) if changed else ())])
    found.refuse_overlaps()
    return found
