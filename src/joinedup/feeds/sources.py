"""Who sends what: the declaration `sources.toml`, read and checked (docs/reference/sources.md describes it).

It lies in the folder of the files, and is checked whole before anything is taken in. What is not declared is not read:
a format, a character set or a mapping is never guessed from a file's name or content.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from joinedup import database
from joinedup.errors import FileError, NotFound, did_you_mean
from joinedup.feeds.values import FORMATS, SETTINGS, Source

DECLARATION = "sources.toml"
MEND = "Correct the declaration and load again."
# field -> what it holds; those marked ! must be there.
FIELDS = {
    "key": "text!", "name": "text!", "organisation": "text!", "setting": "text!", "format": "text!", "files": "text!",
    "mapping": "text", "interval_hours": "number", "id_unique": "yes or no", "charset": "text",
    "simulated": "yes or no", "duplicate_free": "yes or no", "workflow": "text", "sender": "text",
}  # fmt: skip
_KINDS: dict[str, tuple[type, ...]] = {"text": (str,), "number": (int, float), "yes or no": (bool,)}
_EXPECTED = {"text": "a text in quotes", "number": "a number above 0", "yes or no": "true or false"}
# "joinedup" is what this record writes itself; no partner may speak in its name.
_SETTINGS = tuple(setting for setting in SETTINGS if setting != "joinedup")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_ODS = re.compile(r"[A-Z0-9]{3,10}")


def read_sources(place: Path) -> list[Source]:
    """Answer the sources that a `sources.toml` declares, in its order; `place` is the file or its folder.

    Raises FileError, with line and field, for a file that is not UTF-8 or not TOML, for unknown, missing or wrong
    fields, for two sources of one key, and for a mapping that is not there.
    """
    path = place / DECLARATION if place.is_dir() else place
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise FileError(
            str(path), f"the declaration of who sends what can't be read ({error.strerror}).", f"Write one. {MEND}"
        ) from None
    except UnicodeDecodeError:
        raise FileError(path.name, "expected UTF-8.", f"Save it as UTF-8. {MEND}") from None
    return parse_sources(text, path.name)


def parse_sources(text: str, name: str = DECLARATION) -> list[Source]:
    """Answer the sources that the text of a declaration states; raises FileError as `read_sources` does."""
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise FileError(name, f"not valid TOML: {error}.", MEND, line=int(found.group(1)) if found else None) from None
    return _Declaration(name, text.splitlines()).check(stated)


def files_of(source: Source, folder: Path) -> list[Path]:
    """Answer the files of a folder that a source declares as its own, in the order of their names."""
    return sorted(path for path in folder.glob(source.files) if path.is_file())


def deliveries_in(folder: Path, sources: Sequence[Source]) -> list[tuple[Path, Source]]:
    """Answer every declared file with its source, source by source as declared, each source's files by name.

    Raises FileError when two sources claim one file: nobody could say whose patients these are.
    """
    found: dict[Path, Source] = {}
    for source in sources:
        for path in files_of(source, folder):
            if path in found:
                raise FileError(
                    path.name,
                    f"expected one source; '{found[path].key}' and '{source.key}' both claim it.",
                    f"Narrow `files` of one of them in {DECLARATION}, and load again.",
                )
            found[path] = source
    return list(found.items())


def source_of(path: Path, folder: Path, sources: Sequence[Source]) -> Source:
    """Answer whose file this is. Raises NotFound when no source declares it, FileError when two do."""
    wanted = path.resolve()
    for claimed, source in deliveries_in(folder, sources):
        if claimed.resolve() == wanted:
            return source
    raise NotFound(
        f"No source of {DECLARATION} declares the file {path.name}. Add it to `files` of the one it is from."
    )


def mapping_names() -> list[str]:
    """Answer the names of the CSV mappings: those that are shipped, and this installation's own."""
    shipped = [one.name for one in (files("joinedup.feeds") / "mappings").iterdir()]
    own = [one.name for one in (database.data_dir() / "mappings").glob("*.toml")]
    return sorted({name.removesuffix(".toml") for name in (*shipped, *own) if name.endswith(".toml")})


def _same_messages(one: Source, other: Source) -> bool:
    """Answer whether nobody could say of a message in a MESH mailbox which of the two sent it."""
    return bool(one.workflow) and one.workflow == other.workflow and one.sender.upper() == other.sender.upper()


class _Declaration:
    def __init__(self, name: str, lines: Sequence[str]) -> None:
        self.name = name
        self.lines = lines
        self.starts = [number for number, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*source\s*\]\]", line)]

    def check(self, stated: Mapping[str, Any]) -> list[Source]:
        for table in stated:
            if table != "source":
                expected = f"there is no table '{table}'; expected [[source]].{did_you_mean(table, ['source'])}"
                raise FileError(self.name, expected, MEND, line=self._first_line(table))
        entries = stated.get("source", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise FileError(self.name, "expected [[source]] with two brackets: there may be many.", MEND)
        if not entries:
            raise FileError(self.name, "expected at least one [[source]].", MEND)
        sources: dict[str, Source] = {}
        for index, entry in enumerate(entries):
            source = self._source(index, entry)
            if source.key in sources:
                raise self._wrong(index, "key", f"two sources have the key '{source.key}'; expected one.")
            if other := next((one for one in sources.values() if _same_messages(one, source)), None):
                raise self._wrong(
                    index, "workflow", f"'{other.key}' has the same messages; expected another workflow or sender."
                )
            sources[source.key] = source
        return list(sources.values())

    def _source(self, index: int, entry: Mapping[str, Any]) -> Source:
        for field, value in entry.items():
            if field not in FIELDS:
                raise self._wrong(index, field, f"a source has no such field.{did_you_mean(field, FIELDS)}")
            kind = FIELDS[field].rstrip("!")
            is_right = isinstance(value, _KINDS[kind]) and (kind == "yes or no" or not isinstance(value, bool))
            if not is_right or (kind == "number" and not 0 < value < 1e6):
                raise self._wrong(index, field, f"expected {_EXPECTED[kind]}.")
        for field, kind in FIELDS.items():
            if kind.endswith("!") and not entry.get(field):
                raise self._wrong(index, field, "expected it: every source has one.")
        self._check_words(index, entry)
        return Source(
            key=entry["key"],
            name=entry["name"],
            organisation=entry["organisation"],
            setting=entry["setting"],
            format=entry["format"],
            files=entry["files"],
            mapping=entry.get("mapping", ""),
            interval_hours=float(entry.get("interval_hours", 24)),
            id_unique=entry.get("id_unique", True),
            charset=entry.get("charset", "utf-8"),
            is_simulated=entry.get("simulated", False),
            duplicate_free=entry.get("duplicate_free", True),
            workflow=entry.get("workflow", ""),
            sender=entry.get("sender", ""),
        )

    def _check_words(self, index: int, entry: Mapping[str, Any]) -> None:
        if not _KEY.fullmatch(entry["key"]):
            raise self._wrong(index, "key", "expected small letters, digits and hyphens, at most 80.")
        if entry["key"] == "joinedup":
            raise self._wrong(index, "key", "expected another: 'joinedup' is what is written in the record itself.")
        if not _ODS.fullmatch(entry["organisation"]):
            raise self._wrong(index, "organisation", "expected an ODS code: 3 to 10 capital letters and digits.")
        self._must_be_one_of(index, "setting", entry["setting"], _SETTINGS)
        self._must_be_one_of(index, "format", entry["format"], FORMATS)
        if entry["format"] == "csv":
            if not entry.get("mapping"):
                raise self._wrong(index, "mapping", "expected the name of a mapping: CSV is never guessed.")
            self._must_be_one_of(index, "mapping", entry["mapping"], mapping_names())
        elif entry.get("mapping"):
            raise self._wrong(index, "mapping", f"expected none: the format {entry['format']} needs no mapping.")
        if entry.get("sender") and not entry.get("workflow"):
            raise self._wrong(index, "workflow", "expected the workflow id of the messages that the sender sends.")
        pattern = PurePosixPath(entry["files"])
        if pattern.is_absolute() or ".." in pattern.parts or "\\" in entry["files"] or "\0" in entry["files"]:
            raise self._wrong(index, "files", "expected a pattern below the folder, such as acute/*.hl7.")
        try:
            codecs.lookup(entry.get("charset", "utf-8"))
        except (LookupError, ValueError):
            raise self._wrong(index, "charset", "expected a character set such as utf-8 or windows-1252.") from None

    def _must_be_one_of(self, index: int, field: str, word: str, known: Iterable[str]) -> None:
        if word not in known:
            expected = f"'{word}' is none of {', '.join(known)}.{did_you_mean(word, known)}"
            raise self._wrong(index, field, expected)

    def _wrong(self, index: int, field: str, expected: str) -> FileError:
        return FileError(self.name, expected, MEND, line=self._line(index, field), field=field)

    def _line(self, index: int, field: str) -> int | None:
        """Answer the line of a field of the nth source, or that of the source where the field is not there."""
        if index >= len(self.starts):
            return None
        start = self.starts[index]
        end = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.lines) + 1
        for number in range(start, end):
            if re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", self.lines[number - 1]):
                return number
        return start

    def _first_line(self, table: str) -> int | None:
        for number, line in enumerate(self.lines, 1):
            if re.match(rf"\s*(\[+\s*)?[\"']?{re.escape(table)}\b", line):
                return number
        return None
