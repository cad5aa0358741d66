"""Reading the TOML file of one system: its bodies, areas, people and changes, each fact with its source.

The file is checked whole before anything is stored. Each error names file, line, field, what was expected and the
next step. docs/reference/system-file.md describes the format.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from joinedup.errors import FileError, RuleError, did_you_mean
from joinedup.moment import start_of_day
from joinedup.system.change import CERTAINTIES, CLOSING, KINDS, Share, check_event, check_order, circle
from joinedup.system.kinds import AREA_KINDS, BODY_KINDS, LEGAL_FORMS, LINK_KINDS, SCHEMES, SERVING_ROLES, STATUSES
from joinedup.system.periods import PartialDate, Period

MEND = "Correct the file and load it again."
LAST_LINE = "# End of file"  # Without it a file cut off between two entries would look whole.
# Which fields an entry may have, by its table; those marked ! it must have.
ENTRIES: dict[str, str] = {
    "system": "key! name! area! note",
    "source": "key! title! publisher published! url file licence note",
    "cell": "key! council! council_name! sub_icb! ccg_2021! small_areas! population_mid2020! imd2019_deciles! source",
    "area": "key! kind! names! codes within cells source note to_confirm",
    "body": "key! kind! legal_form! sector names! codes contacts serves links from to source note to_confirm known",
    "person": "key! names! source note",
    "post": "key! body! title! category from! to source known note to_confirm",
    "employment": "person! employer! post fte from! to source known note to_confirm",
    "assignment": "person! works_for! post status fte from! to source known note to_confirm",
    "function": "key! title! owners! source note",
    "event": "key! kind! originals! results! shares instrument name becomes scheme old new cells to_area from_area "
    "functions beliefs! source note to_confirm",
}
INLINE: dict[str, str] = {
    "names": "name! role",
    "codes": "scheme! code!",
    "within": "area!",
    "cells": "cells!",
    "contacts": "kind! value!",
    "serves": "area! role! share",
    "links": "kind! body! share",
    "owners": "body! area!",
    "beliefs": "certainty! effective!",
    "shares": "from! to! basis! weight!",
}
BECOMES = "kind! legal_form! sector"
# The field of an entry in which the facts of a model are listed.
LISTED_IN = {
    "Name": "names", "Identifier": "codes", "Within": "within", "Part": "cells", "ContactPoint": "contacts",
    "Serving": "serves", "Link": "links", "FunctionOwner": "owners",
}  # fmt: skip
DATED = frozenset({"from", "to", "source", "known", "to_confirm", "note"})
# What a field holds, where that is not a text.
TEXTS = frozenset({"originals", "results", "functions", "cells"})
NUMBERS = frozenset({"small_areas", "population_mid2020"})
DATES = frozenset({"from", "to", "known", "published", "effective"})
SHARES = frozenset({"share", "weight", "fte"})


@dataclass(frozen=True, slots=True)
class Stated:
    """One fact as the file states it: of which model, about what, saying what, for which days, known since when.

    References to things are their keys; `line` is where the entry stands.
    """

    model: str
    about: Mapping[str, Any]
    says: Mapping[str, Any]
    start: PartialDate
    to: PartialDate | None
    known_at: datetime
    source: str
    to_confirm: bool
    note: str
    line: int


@dataclass(frozen=True, slots=True)
class Belief:
    """What was believed of an event, since when, by which source."""

    certainty: str
    effective: PartialDate
    known_at: datetime
    source: str
    to_confirm: bool
    note: str


@dataclass(frozen=True, slots=True)
class EventEntry:
    """One event of the file, its beliefs oldest first."""

    key: str
    kind: str
    originals: tuple[str, ...]
    results: tuple[str, ...]
    shares: tuple[Share, ...]
    instrument: str
    detail: Mapping[str, Any]
    beliefs: tuple[Belief, ...]
    line: int


@dataclass(slots=True)
class SystemFile:
    """A checked file: things by key, facts and events in the file's order."""

    key: str
    name: str
    area: str
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)
    areas: dict[str, str] = field(default_factory=dict)  # key -> kind
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    facts: list[Stated] = field(default_factory=list)
    events: list[EventEntry] = field(default_factory=list)


def read_system_file(path: Path) -> SystemFile:
    """Read and check the file of one system.

    Raises FileError for a wrong encoding, a byte-order mark, TOML that is cut off, unknown fields, keys or words, dates
    that do not exist, overlapping periods, shares that do not sum to 1, cells that do not add up, and circles.
    """
    return _Reader(path).read()


def read_text(path: Path) -> str:
    """Answer the text of a UTF-8 file; raises FileError for another encoding or a byte-order mark."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileError(
            str(path), f"the file can't be read ({error.strerror}).", "Check its name and rights."
        ) from None
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise FileError(
            path.name, "expected UTF-8 without a byte-order mark.", f"Save it as plain UTF-8. {MEND}", line=1
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise FileError(
            path.name, f"expected UTF-8; byte {raw[error.start]:#04x} is none.", f"Save it as UTF-8. {MEND}", line=line
        ) from None


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = read_text(path)
        self.lines = self.text.splitlines()
        if not self.text.rstrip().endswith(f"\n{LAST_LINE}"):
            expected = f"the file breaks off: its last line is not '{LAST_LINE}'."
            next_step = f"Get the whole file, or write that line at its end. {MEND}"
            raise FileError(path.name, expected, next_step, line=max(len(self.lines), 1))
        try:
            self.toml = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            line = int(found.group(1)) if found else len(self.lines)
            raise FileError(path.name, f"not valid TOML: {error}.", MEND, line=line) from None
        self.starts = self._entry_lines()

    # --- where things stand

    def _entry_lines(self) -> dict[tuple[str, int], int]:
        starts: dict[tuple[str, int], int] = {}
        count: dict[str, int] = {}
        for number, line in enumerate(self.lines, 1):
            header = re.match(r"\s*\[{1,2}\s*([\w-]+)\s*\]{1,2}", line)
            if header:
                table = header.group(1)
                starts[table, count.get(table, 0)] = number
                count[table] = count.get(table, 0) + 1
        return starts

    def _line(self, table: str, index: int, *words: Any, within: str = "") -> int:
        """Answer the line of an entry that holds all the words, looking first from its field `within` on.

        Where no line holds them it is that field's line, or else the entry's first.
        """
        start = self.starts.get((table, index), 1)
        end = min((line for line in self.starts.values() if line > start), default=len(self.lines) + 1)
        field_lines = (n for n in range(start, end) if re.match(rf"\s*{re.escape(within)}\s*=", self.lines[n - 1]))
        first: int = next(field_lines, start) if within else start
        wanted = [str(word) for word in words if word not in (None, "")]
        numbers: list[int] = [*range(first, end), *range(start, first)]
        for number in numbers:
            if wanted and all(word in self.lines[number - 1] for word in wanted):
                return number
        return first

    def _refuse(self, at: tuple[str, int], name: str, expected: str, *words: Any, within: str = "") -> FileError:
        line = self._line(*at, *words, within=within or name.split(".")[0])
        return FileError(self.path.name, expected, MEND, line=line, field=name)

    # --- reading

    def read(self) -> SystemFile:
        for table in self.toml:
            if table not in ENTRIES:
                raise self._refuse((table, 0), table, f"unknown table.{did_you_mean(table, ENTRIES)}")
        for table, fields in ENTRIES.items():
            for index, entry in self._entries(table):
                self._check_fields((table, index), entry, fields, is_dated=False)
                for name, inline in INLINE.items():
                    if name in entry and not (table == "event" and name == "cells"):
                        for fact in self._list((table, index), entry, name):
                            self._check_fields((table, index), fact, inline, is_dated=name != "shares", inside=name)
                if isinstance(entry.get("becomes"), dict):
                    self._check_fields((table, index), entry["becomes"], BECOMES, is_dated=False, inside="becomes")
        if not isinstance(self.toml.get("system"), dict) or not self.toml["system"]:
            raise FileError(self.path.name, "expected a table [system] with key, name and area.", MEND, line=1)
        system = self.toml["system"]
        file = SystemFile(system["key"], system["name"], system["area"])
        self.file = file
        self._read_things(file)
        for index, entry in self._entries("area"):
            self._read_area(("area", index), entry)
        for index, entry in self._entries("body"):
            self._read_body(("body", index), entry)
        self._read_people()
        for index, entry in self._entries("event"):
            self._read_event(("event", index), entry)
        self._check_system()
        return file

    def _entries(self, table: str) -> Iterable[tuple[int, dict[str, Any]]]:
        found = self.toml.get(table, [])
        if table == "system":
            found = [found] if isinstance(found, dict) and found else []
        if not isinstance(found, list):
            raise self._refuse((table, 0), table, f"expected [[{table}]] entries, with two brackets")
        return enumerate(found)

    def _list(self, at: tuple[str, int], entry: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        found = entry.get(name, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self._refuse(at, name, "expected a list of inline tables such as [{ ... }]", name)
        return found

    def _check_fields(
        self, at: tuple[str, int], entry: Mapping[str, Any], fields: str, *, is_dated: bool, inside: str = ""
    ) -> None:
        names = {name.rstrip("!") for name in fields.split()}
        allowed = names | (DATED if is_dated else set())
        for name in entry:
            if name not in allowed:
                raise self._refuse(
                    at, f"{inside}.{name}".lstrip("."), f"unknown field.{did_you_mean(name, allowed)}", name
                )
            self._check_value(at, name, f"{inside}.{name}".lstrip("."), entry[name], is_inline=bool(inside))
        for name in fields.split():
            if name.endswith("!") and name[:-1] not in entry:
                place = f"{inside}.{name[:-1]}".lstrip(".")
                raise self._refuse(at, place, "missing; every such entry needs it", *list(entry.values())[:1])

    def _check_value(self, at: tuple[str, int], name: str, place: str, value: Any, *, is_inline: bool) -> None:
        """Refuse a value that is not of the field's kind. Lists of inline tables are looked at by `_list`."""
        if name in INLINE and not is_inline and not (at[0] == "event" and name == "cells"):
            return
        if name in TEXTS:
            is_right, expected = _is_list_of(str, value), "a list of texts"
        elif name == "imd2019_deciles":
            is_right = _is_list_of(int, value) and len(value) == 10 and min(value) >= 0
            expected = "ten numbers of 0 or more"
        elif name in NUMBERS:
            is_right, expected = type(value) is int and value >= 0, "a whole number of 0 or more"
        elif name == "becomes":
            is_right, expected = isinstance(value, dict), "an inline table such as { kind = … }"
        elif name == "to_confirm":
            is_right, expected = isinstance(value, bool), "true or false"
        elif name in DATES:
            is_right, expected = isinstance(value, str | date), 'a date in quotes, such as "2022-07-01"'
        elif name in SHARES:
            is_right, expected = isinstance(value, str | float) or type(value) is int, "a number from 0 to 1"
        else:
            is_right, expected = isinstance(value, str), "a text in quotes"
        if not is_right:
            word = value if isinstance(value, str | int | float) else name
            raise self._refuse(at, place, f"expected {expected}", name, word)

    def _read_things(self, file: SystemFile) -> None:
        for index, entry in self._entries("source"):
            self._date(("source", index), "published", entry["published"])
            self._add(("source", index), file.sources, entry)
        for index, entry in self._entries("cell"):
            self._add(("cell", index), file.cells, entry)
            deciles = entry["imd2019_deciles"]
            if len(deciles) != 10 or sum(deciles) != entry["small_areas"]:
                expected = (
                    f"expected ten numbers that sum to small_areas, {entry['small_areas']}; they sum to {sum(deciles)}"
                )
                raise self._refuse(("cell", index), "imd2019_deciles", expected, "imd2019_deciles")
        for index, entry in self._entries("area"):
            self._word(("area", index), "kind", entry["kind"], AREA_KINDS)
            self._unique(("area", index), file.areas, entry["key"])
            file.areas[entry["key"]] = entry["kind"]
        for index, entry in self._entries("body"):
            self._word(("body", index), "kind", entry["kind"], BODY_KINDS)
            self._word(("body", index), "legal_form", entry["legal_form"], LEGAL_FORMS)
            self._add(("body", index), file.bodies, entry)
        for index, entry in self._entries("person"):
            self._unique(("person", index), file.people, entry["key"])
            file.people.append(entry["key"])
        for index, entry in self._entries("post"):
            self._unique(("post", index), file.posts, entry["key"])
            file.posts.append(entry["key"])
        for index, entry in self._entries("function"):
            self._unique(("function", index), file.functions, entry["key"])
            file.functions[entry["key"]] = entry["title"]

    def _add(self, at: tuple[str, int], known: dict[str, dict[str, Any]], entry: dict[str, Any]) -> None:
        self._unique(at, known, entry["key"])
        known[entry["key"]] = entry

    def _unique(self, at: tuple[str, int], known: Iterable[str], key: str) -> None:
        if key in known:
            raise self._refuse(at, "key", f"'{key}' stands twice; each key is used once", key)

    # --- words, references, dates

    def _word(self, at: tuple[str, int], name: str, given: str, words: Iterable[str]) -> str:
        if given not in words:
            expected = (
                f"'{given}' is not known; expected one of {', '.join(sorted(words))}.{did_you_mean(given, words)}"
            )
            raise self._refuse(at, name, expected, given)
        return given

    def _ref(self, at: tuple[str, int], name: str, given: str, known: Iterable[str]) -> str:
        if given not in known:
            raise self._refuse(at, name, f"there is no '{given}' in this file.{did_you_mean(given, known)}", given)
        return given

    def _date(self, at: tuple[str, int], name: str, given: Any) -> PartialDate:
        try:
            return PartialDate.parse(given if isinstance(given, str) else str(given))
        except RuleError as error:
            raise self._refuse(at, name, str(error), given) from None

    def _known(self, at: tuple[str, int], fact: Mapping[str, Any], source: str) -> datetime:
        given = fact.get("known") or self.file.sources[source]["published"]
        return start_of_day(self._date(at, "known", given).earliest)

    def _source(self, at: tuple[str, int], fact: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
        given = fact.get("source") or entry.get("source")
        if given is None:
            raise self._refuse(at, "source", "missing; every fact names where it comes from", *list(fact.values())[:1])
        return self._ref(at, "source", given, self.file.sources)

    def _fraction(self, at: tuple[str, int], name: str, given: Any) -> Decimal | None:
        if given is None:
            return None
        try:
            found = Decimal(str(given))
        except InvalidOperation:
            found = Decimal(-1)
        if not 0 <= found <= 1:
            raise self._refuse(at, name, f"'{given}' is no share; expected a number from 0 to 1", given)
        return found

    def _state(
        self,
        at: tuple[str, int],
        model: str,
        about: Mapping[str, Any],
        says: Mapping[str, Any],
        fact: Mapping[str, Any],
        entry: Mapping[str, Any],
        *words: Any,
        default_from: Any = None,
    ) -> None:
        place = LISTED_IN.get(model, "")
        given_from = fact.get("from", entry.get("from", default_from))
        if given_from is None:
            raise self._refuse(at, "from", "missing; since when does this hold?", *words, within=place)
        start = self._date(at, "from", given_from)
        given_to = fact.get("to", entry.get("to"))
        to = self._date(at, "to", given_to) if given_to is not None else None
        if to is not None and to.earliest <= start.earliest:
            raise self._refuse(at, "to", f"{to} is not later than from = {start}", *words, given_to, within=place)
        source = self._source(at, fact, entry)
        line = self._line(*at, *words, within=place)
        for other in self.file.facts:
            if other.model == model and other.about == about:
                here = Period(start.earliest, to.earliest if to else None)
                there = Period(other.start.earliest, other.to.earliest if other.to else None)
                known_at = self._known(at, fact, source)
                if here.overlaps(there) and other.known_at == known_at and other.says != says:
                    expected = f"overlaps line {other.line}, which says otherwise for some of these days"
                    raise FileError(self.path.name, expected, MEND, line=line, field="from")
        self.file.facts.append(
            Stated(
                model, about, says, start, to, self._known(at, fact, source), source,
                bool(fact.get("to_confirm", entry.get("to_confirm", False))),
                fact.get("note", ""), line,
            )
        )  # fmt: skip

    # --- entries

    def _read_names(self, at: tuple[str, int], entry: dict[str, Any], of: str, start: Any) -> None:
        for fact in entry["names"]:
            about = {"body": None, "area": None, "person": None, of: entry["key"], "role": fact.get("role", "official")}
            says = {"name": fact["name"]}
            # A name may outlive what it names: an entry's own end is not the end of its name.
            without_end = {k: v for k, v in entry.items() if k != "to"}
            self._state(at, "Name", about, says, fact, without_end, "name", fact["name"], default_from=start)

    def _read_codes(self, at: tuple[str, int], entry: dict[str, Any], of: str, start: Any) -> None:
        for fact in self._list(at, entry, "codes"):
            self._word(at, "codes.scheme", fact["scheme"], SCHEMES)
            about = {"scheme": fact["scheme"], "code": fact["code"]}
            says = {"body": None, "area": None, of: entry["key"]}
            self._state(at, "Identifier", about, says, fact, entry, fact["code"], default_from=start)

    def _read_area(self, at: tuple[str, int], entry: dict[str, Any]) -> None:
        file, key = self.file, entry["key"]
        earliest = min((f["from"] for f in entry["names"] if "from" in f), default=None)
        self._read_names(at, entry, "area", None)
        self._read_codes(at, entry, "area", earliest)
        for fact in self._list(at, entry, "within"):
            parent = self._ref(at, "within.area", fact["area"], file.areas)
            about = {"area": key, "parent": parent}
            self._state(at, "Within", about, {}, fact, entry, fact["area"], default_from=earliest)
        for fact in self._list(at, entry, "cells"):
            cells = self._expand(at, fact["cells"])
            about = {"area": key, "cells": cells}
            self._state(at, "Part", about, {}, fact, entry, fact["cells"][0], default_from=earliest)

    def _expand(self, at: tuple[str, int], wanted: Iterable[str]) -> tuple[str, ...]:
        found: list[str] = []
        for cell in wanted:
            matches = [key for key in self.file.cells if key.startswith(cell[:-1])] if cell.endswith("*") else [cell]
            if not matches:
                raise self._refuse(at, "cells", f"no cell begins with '{cell[:-1]}'", cell)
            for key in matches:
                found.append(self._ref(at, "cells", key, self.file.cells))
        return tuple(dict.fromkeys(found))

    def _read_body(self, at: tuple[str, int], entry: dict[str, Any]) -> None:
        file, key = self.file, entry["key"]
        born = entry.get("from") or self._born_by_event(key)
        if born is None:
            raise self._refuse(at, "from", "missing; give its first day, or an event that founds it", key)
        if "from" in entry:
            says = {"kind": entry["kind"], "legal_form": entry["legal_form"], "sector": entry.get("sector", "")}
            self._state(at, "Standing", {"body": key}, says, _own(entry), entry, "from")
        self._read_names(at, entry, "body", born)
        self._read_codes(at, entry, "body", born)
        for fact in self._list(at, entry, "contacts"):
            about = {"body": key, "kind": fact["kind"]}
            self._state(
                at, "ContactPoint", about, {"value": fact["value"]}, fact, entry, fact["value"], default_from=born
            )
        for fact in self._list(at, entry, "serves"):
            self._word(at, "serves.role", fact["role"], SERVING_ROLES)
            about = {"body": key, "area": self._ref(at, "serves.area", fact["area"], file.areas), "role": fact["role"]}
            says = {"share": self._fraction(at, "serves.share", fact.get("share"))}
            self._state(at, "Serving", about, says, fact, entry, fact["area"], default_from=born)
        for fact in self._list(at, entry, "links"):
            self._word(at, "links.kind", fact["kind"], LINK_KINDS)
            about = {"body": key, "to": self._ref(at, "links.body", fact["body"], file.bodies), "kind": fact["kind"]}
            says = {"share": self._fraction(at, "links.share", fact.get("share"))}
            self._state(at, "Link", about, says, fact, entry, fact["body"], default_from=born)

    def _born_by_event(self, key: str) -> str | None:
        for index, event in self._entries("event"):
            if event["kind"] in {"found", "merge", "split"} and key in event["results"] and event["beliefs"]:
                return str(self._date(("event", index), "beliefs.effective", event["beliefs"][-1]["effective"]))
        return None

    def _read_people(self) -> None:
        file = self.file
        for index, entry in self._entries("post"):
            at = ("post", index)
            says = {
                "body": self._ref(at, "body", entry["body"], file.bodies),
                "title": entry["title"],
                "category": entry.get("category", ""),
            }
            self._state(at, "PostStanding", {"post": entry["key"]}, says, _own(entry), entry, "title")
        since: dict[str, str] = {}
        for table, employer, model in (
            ("employment", "employer", "Employment"),
            ("assignment", "works_for", "Assignment"),
        ):
            for index, entry in self._entries(table):
                at = (table, index)
                person = self._ref(at, "person", entry["person"], file.people)
                since[person] = min(since.get(person, "9999"), str(entry["from"]))
                body = self._ref(at, employer, entry[employer], file.bodies)
                post = self._ref(at, "post", entry["post"], file.posts) if "post" in entry else None
                fte = self._fraction(at, "fte", entry.get("fte"))
                about: dict[str, str | None]
                if model == "Employment":
                    about, says = {"person": person, "employer": body}, {"post": post, "fte": fte}
                else:
                    status = self._word(at, "status", entry.get("status", "substantive"), STATUSES)
                    about = {"person": person, "works_for": body, "post": post}
                    says = {"status": status, "fte": fte}
                self._state(at, model, about, says, _own(entry), entry, "person")
        for index, entry in self._entries("person"):
            self._read_names(("person", index), entry, "person", since.get(entry["key"], "2016"))
        for index, entry in self._entries("function"):
            at = ("function", index)
            for fact in self._list(at, entry, "owners"):
                area = self._ref(at, "owners.area", fact["area"], file.areas)
                about = {"function": entry["key"], "area": area}
                says = {"body": self._ref(at, "owners.body", fact["body"], file.bodies)}
                self._state(at, "FunctionOwner", about, says, fact, entry, fact["body"])

    def _read_event(self, at: tuple[str, int], entry: dict[str, Any]) -> None:
        file, key, kind = self.file, entry["key"], entry["kind"]
        self._unique(at, [event.key for event in file.events], key)
        self._word(at, "kind", kind, KINDS)
        originals = tuple(self._ref(at, "originals", body, file.bodies) for body in entry["originals"])
        results = tuple(self._ref(at, "results", body, file.bodies) for body in entry["results"])
        shares = []
        for share in self._list(at, entry, "shares"):
            weight = self._fraction(at, "shares.weight", share["weight"])
            shares.append(Share(share["from"], share["to"], share["basis"], weight or Decimal(0)))
        try:
            check_event(kind, originals, results, shares)
        except RuleError as error:
            raise self._refuse(at, "shares" if "share" in str(error) else "kind", str(error), kind) from None
        beliefs: list[Belief] = []
        for fact in self._list(at, entry, "beliefs"):
            self._word(at, "beliefs.certainty", fact["certainty"], CERTAINTIES)
            source = self._source(at, fact, entry)
            belief = Belief(
                fact["certainty"], self._date(at, "beliefs.effective", fact["effective"]),
                self._known(at, fact, source), source, bool(fact.get("to_confirm", entry.get("to_confirm", False))),
                fact.get("note", entry.get("note", "")),
            )  # fmt: skip
            if beliefs and belief.known_at <= beliefs[-1].known_at:
                expected = "expected beliefs oldest first; this one is known no later than the one before it"
                raise self._refuse(at, "beliefs", expected, fact["certainty"], fact["effective"])
            beliefs.append(belief)
        if not beliefs:
            raise self._refuse(at, "beliefs", "expected at least one", key)
        file.events.append(
            EventEntry(
                key, kind, originals, results, tuple(shares), entry.get("instrument", ""),
                self._detail(at, entry, originals, results), tuple(beliefs), self._line(*at),
            )
        )  # fmt: skip

    def _detail(
        self, at: tuple[str, int], entry: dict[str, Any], originals: tuple[str, ...], results: tuple[str, ...]
    ) -> dict[str, Any]:
        needs = {
            "rename": ("name",),
            "redesignate": ("becomes",),
            "recode": ("scheme", "old", "new"),
            "boundary_change": ("cells", "to_area"),
            "transfer_function": ("functions",),
        }.get(entry["kind"], ())
        for name in needs:
            if name not in entry:
                raise self._refuse(at, name, f"missing; a {entry['kind']} needs it", entry["key"])
        detail: dict[str, Any] = {name: entry[name] for name in ("name", "scheme", "old", "new") if name in entry}
        if "becomes" in entry:
            self._word(at, "becomes.kind", entry["becomes"]["kind"], BODY_KINDS)
            self._word(at, "becomes.legal_form", entry["becomes"]["legal_form"], LEGAL_FORMS)
            detail["becomes"] = entry["becomes"]
        if "functions" in entry:
            detail["functions"] = [self._ref(at, "functions", f, self.file.functions) for f in entry["functions"]]
        if "cells" in entry:
            keys = self._expand(at, entry["cells"])
            parts = ("council", "sub_icb", "ccg_2021")
            detail["cells"] = [{part: self.file.cells[key][part] for part in parts} for key in keys]
            for name in ("to_area", "from_area"):
                if name in entry:
                    detail[name] = self._ref(at, name, entry[name], self.file.areas)
        if entry["kind"] in {"found", "merge", "split"}:
            detail["results"] = {
                key: {name: self.file.bodies[key].get(name, "") for name in ("kind", "legal_form", "sector")}
                for key in results
            }
        return detail

    def _check_system(self) -> None:
        file = self.file
        self._ref(("system", 0), "area", file.area, file.areas)
        if file.areas[file.area] != "system":
            raise self._refuse(("system", 0), "area", f"'{file.area}' is a {file.areas[file.area]}, not a system")
        closing: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        for event in file.events:
            if event.kind in CLOSING:
                closing[event.key] = (event.originals, event.results)
                try:
                    check_order(closing)
                except RuleError as error:
                    raise FileError(self.path.name, str(error), MEND, line=event.line, field="results") from None
        self._check_circles("within.area", "area", "parent", [f for f in file.facts if f.model == "Within"])
        parts = [f for f in file.facts if f.model == "Link" and f.about["kind"] == "part_of"]
        self._check_circles("links.body", "body", "to", parts)

    def _check_circles(self, name: str, inner: str, outer: str, facts: list[Stated]) -> None:
        """Refuse areas that lie within, or bodies that are parts of, each other on any day."""
        for number, last in enumerate(facts, 1):
            so_far = [(f, Period(f.start.earliest, f.to.earliest if f.to else None)) for f in facts[:number]]
            for day in {period.start for _, period in so_far}:
                edges: dict[str, set[str]] = {}
                for fact, period in so_far:
                    if day in period:
                        edges.setdefault(fact.about[inner], set()).add(fact.about[outer])
                if found := circle(edges):
                    expected = f"these lie in a circle on {day}: {' → '.join(found)}"
                    raise FileError(self.path.name, expected, MEND, line=last.line, field=name)


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) and not isinstance(item, bool) for item in value)


def _own(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what an entry says of its own fact alone, not of the names, codes and links listed in it."""
    return {name: entry[name] for name in ("known", "note") if name in entry}
