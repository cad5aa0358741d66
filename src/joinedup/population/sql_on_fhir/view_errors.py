"""What a person is told when a ViewDefinition is wrong: which view, which part, which position, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from joinedup.errors import RuleError, did_you_mean


class ViewError(RuleError):
    """A view that cannot be run, or a row that breaks what the view says of itself (rules: population PB4).

    `code` is a short word for programs; `path` is where in the view's JSON, such as `select[0].column[2].path`.
    """

    def __init__(self, code: str, path: str, says: str) -> None:
        super().__init__(says)
        self.code, self.path, self.says = code, path, says

    def __reduce__(self) -> tuple[type[ViewError], tuple[str, str, str]]:
        return ViewError, (self.code, self.path, self.says)  # it crosses from the processes that make the rows


@dataclass(frozen=True)
class Place:
    """Where in a view something stands, to be named in an error."""

    view: str = ""
    path: str = ""
    column: str = ""
    text: str = ""

    def at(self, path: str, *, column: str = "", text: str = "") -> Place:
        return replace(self, path=path, column=column or self.column, text=text)

    def error(
        self,
        code: str,
        says: str,
        next_step: str,
        *,
        position: int | None = None,
        near: tuple[str, Iterable[str]] = ("", ()),
    ) -> ViewError:
        """Answer the error: the place, what was given and expected, the nearest known word, the next step."""
        where = [f"view '{self.view}'" if self.view else "the view", self.path or "as a whole"]
        if self.column:
            where.append(f"column '{self.column}'")
        if position is not None:
            where.append(f"position {position + 1} of `{self.text}`")
        word, known = near
        return ViewError(code, self.path, f"{', '.join(where)}: {says}{did_you_mean(word, known)} {next_step}".rstrip())
