"""Code lists: which codes stand for a thing (rules: population PC4). CSV as OpenCodelists gives it; all of it text.

Lists that come with joinedup (`codelists/*.csv`, described in `codelists.toml`) are starter lists of our own making: a
few codes that a clinician would begin with. An installation puts the national reference sets, for which it holds the
licence, into `definitions/codelists` of its data folder; a list of the same name takes the place of ours.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from joinedup.errors import FileError, NotFound, RuleError, did_you_mean
from joinedup.population.definitions import OURS, as_said, definition_files, installed, read_toml
from joinedup.population.verhoeff import check_digit, is_snomed_code

SYSTEMS: Final = ("snomed", "dmd", "icd10", "opcs4", "ctv3", "loinc", "local")
CODE_HEADERS: Final = ("code", "ctv3code", "ctv3id", "snomedctid", "conceptid", "dmd_id", "dmd_code", "icd10", "id")
TERM_HEADERS: Final = ("term", "name", "description", "ctv3preferredtermdesc", "display", "preferredterm")
CHECKED: Final = frozenset({"snomed", "dmd"})
WIDEST_EXACT: Final = 2**53
LOOKED_FOR: Final = 2.0
"""Seconds after which a changed file of codes is seen."""
_looked: dict[str, Any] = {}
_NUMBERED = re.compile(r"[0-9.]+e\+?[0-9]+|[0-9]{6,}\.0+", re.IGNORECASE)


class DuplicateCodes(UserWarning):
    """A code stands in a list more than once; it was taken once."""


@dataclass(frozen=True)
class Codelist:
    """Codes of one system that stand for one thing. `sha256` is of the codes, so that a figure can name its list."""

    name: str
    system: str
    codes: frozenset[str]
    title: str = ""
    version: str = ""
    source: str = ""
    licence: str = ""
    note: str = ""
    terms: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False, hash=False)
    also: tuple[Codelist, ...] = ()

    @property
    def sha256(self) -> str:
        """Answer the digest of system and codes, in order; lists that hold the same have the same."""
        lines = [f"{one.system}|{code}" for one in self.parts for code in sorted(one.codes)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def parts(self) -> tuple[Codelist, ...]:
        """Answer this list and those of other systems that stand for the same thing."""
        return (self, *self.also)

    def __len__(self) -> int:
        return sum(len(part.codes) for part in self.parts)

    def __or__(self, other: Codelist) -> Codelist:
        """Answer the union: codes of either list. A list of another system is kept beside it."""
        if self.system == other.system:
            return replace(
                self,
                name=f"{self.name} or {other.name}",
                codes=self.codes | other.codes,
                terms={**other.terms, **self.terms},
                also=self.also + other.also,
            )
        return replace(self, name=f"{self.name} or {other.name}", also=(*self.also, *other.parts))

    def __sub__(self, other: Codelist) -> Codelist:
        """Answer the codes of this list that the other does not hold."""
        self._same_system(other)
        return replace(self, name=f"{self.name} without {other.name}", codes=self.codes - other.codes)

    def compared_with(self, before: Codelist) -> Difference:
        """Answer what an update changed: `before` is the version used so far."""
        self._same_system(before)
        return Difference(tuple(sorted(self.codes - before.codes)), tuple(sorted(before.codes - self.codes)))

    def _same_system(self, other: Codelist) -> None:
        if self.system != other.system:
            raise RuleError(
                f"'{self.name}' holds {self.system} codes and '{other.name}' {other.system} codes: "
                "only lists of one system can be subtracted or compared."
            )


@dataclass(frozen=True)
class Difference:
    """Codes that a new version of a list added and removed. States of both versions tell the people gained and lost."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def read_codelist(
    file: Path, *, system: str, name: str = "", column: str | None = None, about: Mapping[str, Any] | None = None
) -> Codelist:
    """Answer the list in a CSV file; raises FileError naming the file, the row, the code and what was expected.

    `column` names the column of codes where it is not one of the usual. Blanks around a code and a byte order mark are
    taken off, the dots that end CTV3 codes are kept, blank rows are passed over, a code given twice is taken once with
    a DuplicateCodes warning.
    """
    if system not in SYSTEMS:
        raise RuleError(f"There is no coding system '{system}': expected {', '.join(SYSTEMS)}.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(file.name, "the text is not UTF-8", "Save it as CSV (UTF-8) and try again.") from None
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip() for cell in next(rows, [])]
    at = _place(file, header, column)
    term_at = next((n for n, cell in enumerate(header) if cell.casefold() in TERM_HEADERS and n != at), None)
    terms: dict[str, str] = {}
    twice: list[str] = []
    for number, row in enumerate(rows, start=2):
        code = row[at].strip() if at < len(row) else ""
        if not code:
            if any(cell.strip() for cell in row):
                raise FileError(file.name, "the code is empty", "Give it or take the row out.", line=number)
            continue
        _check(file, number, code, system)
        if code in terms:
            twice.append(code)
        terms.setdefault(code, row[term_at].strip() if term_at is not None and term_at < len(row) else "")
    if not terms:
        raise FileError(file.name, "there is no code in the file", "Give at least one row below the header.")
    if twice:
        named = ", ".join(sorted(set(twice))[:5])
        warnings.warn(f"{file.name}: {len(twice)} codes are given again ({named}).", DuplicateCodes, stacklevel=2)
    return Codelist(name or as_said(file.stem), system, frozenset(terms), terms=terms, **(about or {}))


def codelist_from_column(name: str, values: Iterable[object], *, system: str) -> Codelist:
    """Answer a list from values that a program read, refusing numbers that may have lost their last digits.

    A column read as numbers holds codes above 2 to the 53rd only by luck: 280797561000119107 becomes …104. So whole
    numbers above that and every fraction are refused; read the column as text.
    """
    codes = set()
    for value in values:
        if isinstance(value, str):
            codes.add(value.strip())
        elif isinstance(value, bool) or not isinstance(value, int) or value > WIDEST_EXACT:
            raise RuleError(
                f"Codelist '{name}': a code came from a column of numbers, and numbers this long lose their last "
                "digits. Read the column as text (pandas: dtype=str)."
            )
        else:
            codes.add(str(value))
    for code in sorted(codes):
        if system in CHECKED and not is_snomed_code(code):
            raise RuleError(f"Codelist '{name}': {code} {_wrong(code)}.")
    return Codelist(name, system, frozenset(codes))


def codelist_names() -> list[str]:
    """Answer the names of every list that a statement may say."""
    return sorted(_shelf())


def codelist(name: str) -> Codelist:
    """Answer a list by the name that statements say, ours or the installation's; raises NotFound."""
    said = as_said(name)
    shelf = _shelf()
    if said not in shelf:
        raise NotFound(
            f"There is no codelist '{name}'.{did_you_mean(said, shelf)} Put a CSV file of that name into "
            f"definitions/codelists of the data folder, or use one of the {len(shelf)} there are."
        )
    return shelf[said]


def _shelf() -> Mapping[str, Codelist]:
    # Looking at every file each time a statement names one would cost more than reading them.
    now, folder = time.monotonic(), installed("codelists")
    if _looked.get("folder") != folder or now - _looked["at"] > LOOKED_FOR:
        _looked.update(folder=folder, at=now, shelf=_look())
    shelf: Mapping[str, Codelist] = _looked["shelf"]
    return shelf


def _look() -> Mapping[str, Codelist]:
    files = definition_files("codelists", "csv")
    stamps = tuple((name, str(path), path.stat().st_mtime_ns) for name, path in files.items())
    about = [path for path in (OURS / "codelists.toml", installed("codelists") / "codelists.toml") if path.is_file()]
    return _read_shelf(stamps, tuple((str(path), path.stat().st_mtime_ns) for path in about))


@lru_cache(maxsize=4)
def _read_shelf(stamps: tuple[tuple[str, str, int], ...], about: tuple[tuple[str, int], ...]) -> dict[str, Codelist]:
    described: dict[str, dict[str, Any]] = {}
    for path, _ in about:
        described.update({as_said(name): dict(said) for name, said in read_toml(Path(path)).items()})
    shelf: dict[str, Codelist] = {}
    beside: dict[str, list[Codelist]] = {}
    for name, path, _ in stamps:
        said = described.get(name, {})
        system = said.pop("system", "snomed")
        belongs = said.pop("with", None)
        column = said.pop("column", None)
        one = read_codelist(Path(path), system=system, name=name, column=column, about=said)
        shelf[name] = one
        if belongs:
            beside.setdefault(as_said(belongs), []).append(one)
    for name, others in beside.items():
        if name in shelf:
            shelf[name] = replace(shelf[name], also=tuple(others))
    return shelf


def _place(file: Path, header: list[str], column: str | None) -> int:
    folded = [cell.casefold() for cell in header]
    for wanted in (column.casefold(),) if column else CODE_HEADERS:
        if wanted in folded:
            return folded.index(wanted)
    expected = f"a column '{column}'" if column else f"a column of codes ({', '.join(CODE_HEADERS[:4])}, …)"
    raise FileError(file.name, f"expected {expected}; the header is {', '.join(header) or 'empty'}", "Correct it.")


def _check(file: Path, line: int, code: str, system: str) -> None:
    if system not in CHECKED:
        return
    if _NUMBERED.fullmatch(code):
        raise FileError(
            file.name,
            f"{code} was written by a program that took codes for numbers, which loses their last digits",
            "Take the list from its source again, with the column as text.",
            line=line,
            field="code",
        )
    if not is_snomed_code(code):
        raise FileError(file.name, f"{code} {_wrong(code)}", "Take the code from its source.", line=line, field="code")


def _wrong(code: str) -> str:
    if not (code.isascii() and code.isdigit() and 6 <= len(code) <= 18 and code[0] != "0"):
        return "is no SNOMED CT code: expected 6 to 18 digits without a leading nought"
    return f"has a wrong check digit: expected {check_digit(code[:-1])} at its end, not {code[-1]}"
