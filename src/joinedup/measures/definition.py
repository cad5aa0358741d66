"""A measure's definition: what is counted, of whom, what it means, and where the definition comes from.

Definitions are TOML files beside the code (`definitions/*.toml`), and those that an installation puts into
`definitions/measures` of its data folder: the same id replaces, a new one adds. Whom a measure counts is said in the
sentences of `joinedup.population` ("is on the register hypertension"), so that nobody has to read code to know it.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from joinedup import database
from joinedup.errors import FileError, NotFound, RuleError, did_you_mean

OURS: Final = Path(__file__).with_name("definitions")
KINDS: Final = ("proportion", "rate", "mean", "count")
POPULATIONS: Final = ("registered", "resident")
POLARITIES: Final = ("increase", "decrease", "neutral")
PURPOSES: Final = {
    1: "improving population health and healthcare",
    2: "tackling unequal outcomes and access",
    3: "enhancing productivity and value for money",
    4: "helping the NHS to support broader social and economic development",
}
"""The four purposes of an integrated care system."""
MULTIPLIERS: Final = {"proportion": 100.0, "rate": 1_000.0, "mean": 1.0, "count": 1.0}
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class MeasureDefinition:
    """One measure. What it counts of people are sentences; what it counts of events is the name of an activity.

    proportion: people of `denominator` for whom `numerator` holds too (or, said from the other end, for whom nothing of
        `without` holds); or, with `counts`, events of that name of those of the name `of`.
    rate: events of the name `counts`, or people for whom `numerator` holds, for each `multiplier` people of
        `denominator`.
    mean: the mean of `average` over those of `denominator` who have one.
    count: people of `denominator`, or events of the name `counts`.

    `months` is 1 for what happens in a month, 12 for what happens in the twelve months to its end. `population` says
    whether people are counted where they are registered or where they live; the two are never mixed.
    """

    id: str
    title: str
    meaning: str
    theme: str
    kind: str
    unit: str
    standard: str
    purposes: tuple[int, ...]
    polarity: str = "neutral"
    multiplier: float = 1.0
    population: str = "registered"
    denominator: tuple[str, ...] = ()
    numerator: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    counts: str = ""
    of: str = ""
    average: str = ""
    months: int = 1
    standardise: bool = False
    national: str = ""
    differs: str = ""
    target: float | None = None
    target_source: str = ""
    is_sensitive: bool = False
    feeds: tuple[str, ...] = ()
    is_collected: bool = True
    why_not: str = ""
    file: str = ""

    @property
    def digest(self) -> str:
        """Answer a digest of all that decides the figure: equal definitions have equal digests."""
        said = {name: value for name, value in asdict(self).items() if name not in {"file", "title", "meaning"}}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def counts_people(self) -> bool:
        """Whether its numerator is people, each counted once."""
        return not self.counts and not self.average

    @property
    def sentences(self) -> tuple[str, ...]:
        """Answer every sentence that it is made of, that of its population first."""
        home = "is registered" if self.population == "registered" else "is resident"
        return tuple(dict.fromkeys((home, *self.denominator, *self.numerator, *self.without, *self.exclude)))


_FIELDS: Final = {one.name: one for one in fields(MeasureDefinition)}
_NAMES: Final = {"collected": "is_collected", "sensitive": "is_sensitive"}
_KNOWN: Final = tuple(
    sorted(({*_FIELDS} - {"is_collected", "is_sensitive", "theme", "file"}) | {"collected", "sensitive", "theme"})
)
_REQUIRED: Final = ("id", "title", "meaning", "standard", "purposes")
_REQUIRED_TO_COUNT: Final = ("kind", "unit", "feeds")


@cache
def definitions() -> Mapping[str, MeasureDefinition]:
    """Answer every measure by its id, in the order of the files: ours, and then the installation's own.

    Raises FileError for a definition that cannot be one, naming file, field, what was expected and the nearest word.
    """
    found = read_folder(OURS)
    own = database.data_dir() / "definitions" / "measures"
    if own.is_dir():
        found |= read_folder(own)
    return found


def definition_of(measure: str) -> MeasureDefinition:
    """Answer one measure; raises NotFound, with the nearest id, for one that is not defined."""
    known = definitions()
    if measure not in known:
        raise NotFound(
            f"There is no measure '{measure}'.{did_you_mean(measure, known)} All measures: joinedup measure list"
        )
    return known[measure]


def collected(theme: str = "") -> list[MeasureDefinition]:
    """Answer the measures that the feeds can fill, of one theme or of all."""
    return [one for one in definitions().values() if one.is_collected and theme in {"", one.theme}]


def themes() -> list[str]:
    return list(dict.fromkeys(one.theme for one in definitions().values()))


def read_folder(folder: Path) -> dict[str, MeasureDefinition]:
    """Read every TOML file of a folder, by name; an id that stands twice in it is an error."""
    found: dict[str, MeasureDefinition] = {}
    for path in sorted(folder.glob("*.toml")):
        for one in read_file(path):
            if one.id in found:
                raise FileError(
                    path.name,
                    f"the measure '{one.id}' stands in {found[one.id].file} too; expected each id once",
                    "Give one of them another id.",
                    field="id",
                )
            found[one.id] = one
    return found


def read_file(path: Path) -> list[MeasureDefinition]:
    """Read a TOML file of measures: `theme`, and a `[[measure]]` for each."""
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(path.name, f"is no TOML: {error}", "Correct the file.") from None
    rows = text.get("measure")
    if not isinstance(rows, list) or not rows:
        raise FileError(path.name, "holds no [[measure]]; expected one or more", "Add one.", field="measure")
    unknown = sorted({*text} - {"measure", "theme"})
    if unknown:
        raise FileError(
            path.name,
            f"is not known; expected theme or measure.{did_you_mean(unknown[0], ('theme', 'measure'))}",
            "Correct its name.",
            field=unknown[0],
        )
    return [_Reading(path.name, row, text.get("theme", "")).definition() for row in rows]


class _Reading:
    """Reads one [[measure]] and says, in words, what is wrong with it."""

    def __init__(self, file: str, row: Mapping[str, Any], theme: str) -> None:
        self.file, self.row, self.theme = file, row, theme
        self.name = str(row.get("id", "without an id"))

    def definition(self) -> MeasureDefinition:
        for field in self.row:
            if field not in _KNOWN:
                self.fail(field, f"is not known.{did_you_mean(field, _KNOWN)} Expected one of {', '.join(_KNOWN)}")
        is_collected = self.row.get("collected", True)
        for field in (*_REQUIRED, *(_REQUIRED_TO_COUNT if is_collected else ("why_not",))):
            if self.row.get(field) in (None, "", []):
                self.fail(field, "is missing; expected a value")
        values = {name: self._value(name) for name in self.row}
        values.setdefault("theme", self.theme)
        if not values["theme"]:
            self.fail("theme", "is missing; expected it at the head of the file or in the measure")
        values.setdefault("kind", "proportion")
        values.setdefault("unit", "")
        values.setdefault("multiplier", MULTIPLIERS[values["kind"]])
        made = MeasureDefinition(file=self.file, **{_NAMES.get(name, name): value for name, value in values.items()})
        self._check(made)
        return made

    def _value(self, name: str) -> Any:
        given = self.row[name]
        kind = str(_FIELDS[_NAMES.get(name, name)].type)
        if kind.startswith("tuple[int"):
            return self._purposes(name, given)
        if kind.startswith("tuple"):
            if not isinstance(given, list) or not all(isinstance(one, str) and one.strip() for one in given):
                self.fail(name, 'expected a list of texts, such as ["is aged 18 or over"]')
            return tuple(given)
        if kind == "bool":
            if not isinstance(given, bool):
                self.fail(name, f"'{given}' given, expected true or false")
            return given
        if kind == "int":
            if given not in (1, 12):
                self.fail(name, f"{given} given, expected 1 (in the month) or 12 (in the year to its end)")
            return given
        if kind.startswith("float"):
            if isinstance(given, bool) or not isinstance(given, int | float):
                self.fail(name, f"'{given}' given, expected a number")
            return float(given)
        if not isinstance(given, str):
            self.fail(name, f"{given} given, expected a text")
        given = " ".join(given.split())
        allowed = {"kind": KINDS, "population": POPULATIONS, "polarity": POLARITIES}.get(name)
        if allowed and given not in allowed:
            self.fail(name, f"'{given}' given, expected {', '.join(allowed)}.{did_you_mean(given, allowed)}")
        return given

    def _purposes(self, name: str, given: Any) -> tuple[int, ...]:
        if not isinstance(given, list) or not given or not all(one in PURPOSES for one in given):
            self.fail(name, f"{given} given, expected a list of the purposes 1 to 4, such as [1, 2]")
        return tuple(given)

    def _check(self, one: MeasureDefinition) -> None:
        if not _ID.fullmatch(one.id):
            self.fail("id", f"'{one.id}' given, expected small letters, digits and single hyphens, such as mmr-at-5")
        if not one.is_collected:
            return
        if one.why_not:
            self.fail("why_not", "says why it is not collected, and collected is true; expected one or the other")
        if one.multiplier <= 0:
            self.fail("multiplier", f"{one.multiplier} given, expected a number above 0")
        if one.national and one.differs:
            self.fail(
                "national",
                f"'{one.national}' given, and `differs` says how the measure differs from it; a measure that differs "
                "is our own: expected no `national`, or no `differs`",
            )
        if one.target is not None and not one.target_source:
            self.fail("target_source", "is missing; expected who set the target, and where")
        self._check_words(one)
        self._check_kind(one)

    def _check_kind(self, one: MeasureDefinition) -> None:
        from joinedup.population import parse_statement

        if one.of and not one.counts:
            self.fail("of", "is for a share of events; expected `counts` beside it")
        if one.of and one.kind != "proportion":
            self.fail("of", f"a {one.kind} given, expected kind proportion")
        if one.average and one.kind != "mean":
            self.fail("average", f"a {one.kind} given, expected kind mean")
        if one.counts and (one.numerator or one.without):
            self.fail("numerator" if one.numerator else "without", "stands beside `counts`; expected events or people")
        if one.numerator and one.without:
            self.fail("without", "stands beside `numerator`; expected one of them")
        missing = {
            "proportion": not one.numerator and not one.without and not one.counts and "numerator",
            "rate": not one.numerator and not one.counts and "counts",
            "mean": not one.average and "average",
            "count": False,
        }[one.kind]
        if missing:
            self.fail(missing, f"is missing; a {one.kind} needs it")
        if one.kind == "proportion" and one.counts and not one.of:
            self.fail("of", "is missing; a share of events needs to know of which")
        if one.standardise and (one.kind not in {"proportion", "rate"} or one.of):
            self.fail("standardise", "true given, expected false: only people, or events for people, have age bands")
        if one.standardise and any(parse_statement(sentence).form == "aged" for sentence in one.denominator):
            self.fail("standardise", "true given, expected false: the standard population is of all ages")
        if one.months == 12 and not one.counts and not one.average:
            self.fail("months", "12 given, expected 1: the sentences about people say their own period")

    def _check_words(self, one: MeasureDefinition) -> None:
        from joinedup.population import counted_event, parse_statement

        for field in ("denominator", "numerator", "without", "exclude"):
            for sentence in getattr(one, field):
                try:
                    parse_statement(sentence)
                except RuleError as error:
                    self.fail(field, str(error))
        for field in ("counts", "of", "average"):
            if name := getattr(one, field):
                try:
                    event = counted_event(name)
                except NotFound as error:
                    self.fail(field, str(error))
                if bool(event.amount) != (field == "average"):
                    self.fail(field, f"'{name}' given, which {'adds up' if event.amount else 'has no'} amounts")

    def fail(self, field: str, expected: str) -> Any:
        raise FileError(
            self.file, f"measure {self.name}: {expected.rstrip('.')}.", "Correct the definition.", field=field
        )
