"""Counts of people that may be seen: `protect` makes them, and only a `Protected` goes to pages, API and exports.

    protect(table, ["practice", "age_band"], ["people"]).frame

A raw frame and a protected one never share an object: what a `Protected` hands out are copies. Its log names each cell
that was changed and why, never what stood there. (rules: population PE1 to PE4, PE6 to PE8)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joinedup.measures.rounding import checked_mode

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that is not shown as it was counted: where it stands, which count, and why."""

    cell: tuple[Hashable, ...]
    column: str
    reason: str


class Protected:
    """A frame of counts that may be seen, and the log of what was changed in it. It cannot be changed itself.

    Every count column has a column `<count>_status` beside it ("" where it is shown), or the frame one `status` for
    all. `note` is what must stand below a table of it.
    """

    __slots__ = ("_frame", "_log", "_mode", "_note")

    def __init__(
        self, frame: pd.DataFrame, log: Iterable[Change] = (), *, mode: str = "nhs", note: str = ""
    ) -> None:
        object.__setattr__(self, "_frame", frame.copy(deep=True))
        object.__setattr__(self, "_log", tuple(log))
        object.__setattr__(self, "_mode", checked_mode(mode))
        object.__setattr__(self, "_note", note)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("A Protected cannot be changed. Take its frame, which is a copy.")

    __delattr__ = __setattr__  # type: ignore[assignment]

    @property
    def frame(self) -> pd.DataFrame:
        """Answer the protected frame: a copy each time."""
        frame: pd.DataFrame = self._frame.copy(deep=True)
        return frame

    @property
    def log(self) -> tuple[Change, ...]:
        return self._log  # type: ignore[no-any-return]

    @property
    def mode(self) -> str:
        return self._mode  # type: ignore[no-any-return]

    @property
    def note(self) -> str:
        return self._note  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        return f"Protected({len(self)} rows, mode {self.mode}, {len(self.log)} changes)"


def protect() -> Protected:
    """Come in the next commit."""
    raise NotImplementedError
