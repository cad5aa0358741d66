"""CSV deliveries: rows read by the source's declared mapping, as FHIR resources or set aside (rules: record R15).

A file is looked through once before anything of it is handed on, so that a file that is refused or held changes
nothing: its header must be the mapping's, its trailer, where the mapping declares one, must count its rows, and at most
a tenth of its rows may be bad (too few or many cells, a cell that its type does not allow, a value that is missing,
dates out of order). A file of fewer than ten rows is not held for its share: one bad row would be over a tenth.

A row is the text up to a line end that is not within quotes. A quote that is never closed would swallow the rest of the
file; so a row of several lines that does not fit the header is taken back, its first line alone is set aside, and
reading goes on with the next. What is set aside is kept with the header above it, so that it can be read by itself.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from zlib import crc32

import orjson

from joinedup import database
from joinedup.errors import FileError, did_you_mean
from joinedup.feeds import limits
from joinedup.feeds.cells import Refused
from joinedup.feeds.checks import check, check_content, latest_day
from joinedup.feeds.mapping import CsvMapping, read_mapping
from joinedup.feeds.opening import Stream, open_stream
from joinedup.feeds.rows import Notes, Rows
from joinedup.feeds.values import Batch, Resource, SetAside, Source, resource_id, subject_id

COLUMNS = 500  # rules: trust T51
ROWS = 5_000_000  # T51
BATCH_ROWS = 1_000
# A batch may give many resources a row; intake keeps a batch in memory, so its resources are bounded, too.
BATCH_RESOURCES = 5_000
HELD_OVER = 10  # per cent of bad rows
SMALLEST_SHARE = 10  # rows of which a share is worth taking
_LINES_OF_A_ROW = 1_000  # a note of more lines than this is a quote that was never closed
AHEAD = timedelta(hours=24)  # rules: record R5
_KEPT_REPEATS = 100_000
# What could make a text of a row something else than an ordinary FHIR string or code: control characters, blanks that
# follow each other, blanks of other kinds than the space.
_ODD = re.compile(
    rb"[\x00-\x1f\x7f]|  |\xc2[\x80-\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\xaf]|\xe2\x81\x9f|\xe3\x80\x80|\xef\xbb\xbf"
)
_KEPT_SHAPES = 20_000
_KEPT_MAPPINGS = 20
_BOM = b"\xef\xbb\xbf"
_RESEND = "Ask the sender for the right file, or correct the mapping, and load again."

csv.field_size_limit(limits.CSV_LINE_BYTES)

IsKnownOrganisation = Callable[[str, date], bool]


def read(
    path: Path,
    source: Source,
    *,
    shard: int = 0,
    shards: int = 1,
    after: int = 0,
    is_known_organisation: IsKnownOrganisation,
) -> Iterator[Batch]:
    """Yield the rows of a file as batches; a row is an item, counted from 1 below the header.

    Raises FileError, before the first batch, for a header that is not the mapping's, a trailer that counts otherwise,
    more than a tenth of bad rows, or more rows than `ROWS`; what is wrong with one row comes as a SetAside.
    """
    if after == 0:
        examine(path, source)
    with open_stream(path) as stream:
        reader = _File(stream, source, mapping_of(source))
        engine = _Engine(source, reader, is_known_organisation)
        batch = Batch(position=after)
        for record in reader.records():
            if record.position <= after or (shards > 1 and reader.shard(record, shards) != shard):
                continue
            engine.take(record, batch)
            batch.position = record.position
            batch.read += 1
            if batch.read >= BATCH_ROWS or len(batch.resources) >= BATCH_RESOURCES:
                batch.bytes_read = stream.compressed_position
                yield batch
                batch = Batch(position=record.position)
        if batch.read:
            batch.bytes_read = stream.size
            yield batch


def read_again(raw: bytes, source: Source, *, is_known_organisation: IsKnownOrganisation) -> Iterator[Batch]:
    """Yield what a row gives now that was set aside as `raw`: the header and the row below it.

    Raises FileError when the mapping's columns have changed so that the kept header no longer fits.
    """
    stream = _Kept(raw)
    reader = _File(stream, source, mapping_of(source))
    engine = _Engine(source, reader, is_known_organisation)
    batch = Batch(position=0, bytes_read=len(raw))
    for record in reader.records():
        engine.take(record, batch)
        batch.position = record.position
        batch.read += 1
    if batch.read:
        yield batch


def raw_items(path: Path, source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield every row of a file, unread and with the header above it, with its position."""
    with open_stream(path) as stream:
        reader = _File(stream, source, mapping_of(source))
        for record in reader.records():
            yield record.position, reader.header + b"\n" + record.raw


@dataclass(frozen=True, slots=True)
class Examined:
    """What looking through a file found: its rows, those that are bad, and how many are bad by reason and column."""

    rows: int
    bad: int
    reasons: dict[str, int]

    @property
    def is_held(self) -> bool:
        """Whether so many rows are bad that the file as a whole is not to be believed."""
        return self.rows >= SMALLEST_SHARE and self.bad * 100 > self.rows * HELD_OVER


def examine(path: Path, source: Source) -> Examined:
    """Look through a whole file without building anything; raises FileError when it is refused or held."""
    reasons: dict[str, int] = {}
    with open_stream(path) as stream:
        reader = _File(stream, source, mapping_of(source))
        rows = bad = 0
        for record in reader.records():
            rows += 1
            if rows > ROWS:
                raise FileError(
                    path.name, f"too-large: expected at most {ROWS:,} rows.", "Ask the sender for several files."
                )
            try:
                reader.rows.values(reader.cells_of(record), Notes())
            except Refused as refused:
                bad += 1
                what = f"{refused.reason} in {refused.place}" if refused.place else refused.reason
                reasons[what] = reasons.get(what, 0) + 1
        reader.check_trailer(rows)
    found = Examined(rows, bad, reasons)
    if found.is_held:
        worst = sorted(reasons.items(), key=lambda pair: -pair[1])[:3]
        said = ", ".join(f"{count:,} {what}" for what, count in worst)
        raise FileError(
            path.name,
            f"held: {bad:,} of {rows:,} rows are bad, more than {HELD_OVER} in 100: {said}.",
            "Ask the sender for a corrected file, or correct the mapping, and load again.",
        )
    return found


def mapping_of(source: Source) -> CsvMapping:
    """Answer the mapping of a source: one of the data folder's own `mappings`, else the one that is shipped."""
    return read_mapping(source.mapping, database.data_dir() / "mappings")


@dataclass(slots=True)
class Record:
    """One row of the file: its number from 1, its bytes, its cells, or why it has none."""

    position: int
    raw: bytes
    cells: Sequence[str] = ()
    refused: Refused | None = None


class _Kept:
    """A row that was set aside, as a stream of its lines."""

    name = "the quarantine"

    def __init__(self, raw: bytes) -> None:
        self.size = len(raw)
        self._lines = raw.split(b"\n")

    def lines(self, longest: int) -> Iterator[tuple[bytes, bool]]:
        for line in self._lines:
            yield line.removesuffix(b"\r"), len(line) <= longest


class _File:
    """The records of an open file, after its header has been found to be the mapping's."""

    def __init__(self, stream: Stream | _Kept, source: Source, mapping: CsvMapping) -> None:
        self.name = stream.name
        self.mapping = mapping
        self.encoding = source.charset if source.charset.lower() not in ("utf-8", "utf8") else mapping.encoding
        self._is_utf8 = self.encoding in ("utf-8", "ascii")
        self._delimiter = mapping.delimiter
        self._delimiter_byte = mapping.delimiter.encode()
        self._quote = b'"' if mapping.quote else b"\0"
        self._lines = stream.lines(limits.CSV_LINE_BYTES)
        self._ahead: deque[tuple[bytes, bool]] = deque()
        self._trailer: Sequence[str] | None = None
        self._is_after_trailer = False
        self.header, headings = self._read_header()
        self.width = len(headings)
        self.rows = _rows_of(mapping, tuple(headings), source.key, source.organisation)
        self._patient = self.rows.patient_index

    def records(self) -> Iterator[Record]:
        """Yield the rows in order; blank lines and the trailer are none."""
        position = 0
        while (line := self._next()) is not None:
            raw, is_whole = line
            if not raw or raw.isspace():
                continue
            trailer = self.mapping.trailer
            if trailer and raw.startswith(trailer[0].encode()):
                cells = self._split(raw)
                if not isinstance(cells, Refused) and cells[0] == trailer[0]:
                    self._trailer, self._is_after_trailer = cells, True
                    continue
            self._is_after_trailer = False
            position += 1
            if not is_whole:
                refused = Refused("too-large", f"expected at most {limits.CSV_LINE_BYTES // limits.MB} MB", "line")
                yield Record(position, raw, refused=refused)
            elif self._quote not in raw:
                yield Record(position, raw)
            else:
                yield self._quoted(position, raw)

    def cells_of(self, record: Record) -> Sequence[str]:
        """Answer the cells of a row; raises Refused when it cannot be read or has not as many as the header."""
        if record.refused is not None:
            raise record.refused
        if record.cells:
            return record.cells
        cells = self._split(record.raw)
        if isinstance(cells, Refused):
            raise cells
        record.cells = cells
        return cells

    def shard(self, record: Record, shards: int) -> int:
        """Answer to which shard a row belongs: by its patient, or by its bytes where it names none."""
        if record.cells:
            patient = record.cells[self._patient].encode(errors="replace")
        else:
            # Without quotes the cell is found without decoding the row.
            pieces = record.raw.split(self._delimiter_byte, self._patient + 1)
            patient = pieces[self._patient] if len(pieces) > self._patient else record.raw
        return crc32(patient.strip() or record.raw) % shards

    def is_ordinary(self, record: Record) -> bool:
        """Answer whether all texts of a row are such that FHIR allows them wherever it allows a text or a code."""
        return (self._is_utf8 or record.raw.isascii()) and _ODD.search(record.raw) is None

    def check_trailer(self, rows: int) -> None:
        """Raise FileError unless the file ends with the trailer that its mapping declares, and it counts the rows."""
        if self.mapping.trailer is None:
            return
        starts, column = self.mapping.trailer
        if self._trailer is None or not self._is_after_trailer:
            expected = f"missing-required: expected a last row that begins with '{starts}'; the file may be cut off."
            raise FileError(self.name, expected, _RESEND)
        said = self._trailer[column - 1].strip() if len(self._trailer) >= column else ""
        if said != str(rows):
            found = said if said.isdigit() and len(said) < 10 else "no number"
            raise FileError(
                self.name, f"missing-required: the trailer says {found} rows, the file has {rows:,}.", _RESEND
            )

    # --- lines, rows and cells

    def _next(self) -> tuple[bytes, bool] | None:
        if self._ahead:
            return self._ahead.popleft()
        return next(self._lines, None)

    def _split(self, raw: bytes) -> list[str] | Refused:
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError:
            return Refused("bad-encoding", f"expected the character set {self.encoding}", "row")
        if "\0" in text:
            return Refused("bad-syntax", "expected no NUL", "row")
        if not self.mapping.quote or '"' not in text:
            cells = text.split(self._delimiter)
        else:
            try:
                (cells,) = csv.reader(StringIO(text, newline=""), delimiter=self._delimiter, strict=True)
            except (csv.Error, ValueError):
                return Refused(
                    "bad-syntax", "expected every quote to be closed, and quotes within a cell doubled", "row"
                )
        if len(cells) != self.width:
            return Refused("bad-syntax", f"expected {self.width} cells, found {len(cells)}", "row")
        return cells

    def _quoted(self, position: int, first: bytes) -> Record:
        """Answer a row with quotes, which may go on over several lines."""
        cells = self._split(first)
        if not isinstance(cells, Refused):
            return Record(position, first, cells)
        refused = cells
        if first.count(b'"') % 2 == 0:
            return Record(position, first, refused=refused)
        taken: list[tuple[bytes, bool]] = []
        length = len(first)
        while len(taken) < _LINES_OF_A_ROW and (line := self._next()) is not None:
            taken.append(line)
            length += len(line[0]) + 1
            if not line[1] or length > limits.CSV_LINE_BYTES:
                break
            if line[0].count(b'"') % 2:
                whole = b"\n".join((first, *(one for one, _ in taken)))
                cells = self._split(whole)
                if not isinstance(cells, Refused):
                    return Record(position, whole, cells)
                # A row of several lines with a wrong character in it is one row that is wrong.
                lenient = whole.decode(self.encoding, "replace").replace("\0", "?").encode(self.encoding, "replace")
                if not isinstance(self._split(lenient), Refused):
                    return Record(position, whole, refused=cells)
                break
        self._ahead.extendleft(reversed(taken))
        return Record(position, first, refused=refused)

    def _read_header(self) -> tuple[bytes, list[str]]:
        line = self._next()
        if line is None:
            raise FileError(self.name, "expected a header; the file is empty.", _RESEND, line=1)
        raw, is_whole = line
        raw = raw.removeprefix(_BOM)
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
            raise FileError(self.name, f"expected the character set {self.encoding}, found UTF-16.", _RESEND, line=1)
        if not is_whole or raw.count(self._delimiter_byte) >= COLUMNS:
            raise FileError(self.name, f"too-large: expected at most {COLUMNS} columns.", _RESEND, line=1)
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError:
            raise FileError(self.name, f"expected the character set {self.encoding}.", _RESEND, line=1) from None
        try:
            (headings,) = csv.reader(
                [text], delimiter=self._delimiter, quoting=csv.QUOTE_MINIMAL if self.mapping.quote else csv.QUOTE_NONE
            )
        except (csv.Error, ValueError):
            raise FileError(self.name, "expected a header with every quote closed.", _RESEND, line=1) from None
        headings = [heading.strip() for heading in headings]
        self._check_header(headings)
        return raw, headings

    def _check_header(self, headings: Sequence[str]) -> None:
        wanted = self.mapping.headings
        missing = [heading for heading in wanted if heading not in headings]
        unknown = [heading for heading in headings if heading not in wanted]
        twice = sorted({heading for heading in headings if headings.count(heading) > 1} - set(unknown))
        wrong = []
        if missing:
            wrong.append(f"missing: {_some(missing)}")
        if len(missing) * 2 > len(wanted):
            # Most likely the first row of data: its values must not stand in an error.
            found = f"{len(unknown)} others" if unknown else "no others"
            expected = f"expected the header of the mapping '{self.mapping.name}'; of its {len(wanted)} columns "
            expected += f"{len(missing)} are missing, among them {_some(missing[:3])}; found {found}."
            raise FileError(self.name, expected, _RESEND, line=1)
        if unknown:
            near = did_you_mean(unknown[0], missing) if missing else ""
            wrong.append(f"not in the mapping: {_some(unknown)}{'.' + near if near else ''}")
        if twice:
            wrong.append(f"twice: {_some(twice)}")
        if wrong:
            expected = f"the header is not that of the mapping '{self.mapping.name}'. {'; '.join(wrong)}"
            raise FileError(
                self.name, expected.rstrip("?.") + ("?" if expected.endswith("?") else "."), _RESEND, line=1
            )


def _some(headings: Sequence[str]) -> str:
    shown = ", ".join(f"'{heading}'" for heading in headings[:5])
    return shown + (f" and {len(headings) - 5} more" if len(headings) > 5 else "")


_made: dict[tuple[str, tuple[str, ...], str, str], Rows] = {}


def _rows_of(mapping: CsvMapping, headings: tuple[str, ...], key: str, organisation: str) -> Rows:
    """Answer the compiled mapping of a source, made once: it takes longer than reading a small file."""
    made = _made.get((mapping.name, headings, key, organisation))
    if made is None or made.mapping is not mapping:
        made = Rows(mapping, headings, {"source_key": key, "source_organisation": organisation})
        if len(_made) >= _KEPT_MAPPINGS:
            _made.clear()
        _made[mapping.name, headings, key, organisation] = made
    return made


class _Engine:
    """Makes resources of records, and checks them like those of any other format."""

    def __init__(self, source: Source, file: _File, is_known_organisation: IsKnownOrganisation) -> None:
        self._source = source
        self._file = file
        self._rows = file.rows
        self._is_known_organisation = is_known_organisation
        self._received_at = datetime.now(UTC)
        self._latest = None if file.mapping.event_may_be_future else self._received_at + AHEAD
        # What was last handed on of the resources that stand in many rows: (drawing, id) -> digest of content and time.
        self._repeated: dict[tuple[int, str], tuple[int, datetime | None]] = {}
        # Which drawings of which shapes of rows were found to be FHIR. Their elements and types are the mapping's, the
        # values are what the columns' types allow: another row of the same shape need not be looked at again for that.
        self._sound: set[tuple[int, int]] = set()
        self._latest_day = latest_day(self._received_at)

    def take(self, record: Record, batch: Batch) -> None:
        """Add what a record gives to a batch: all of its resources, or the row set aside."""
        try:
            resources = self._resources(record, batch)
        except Refused as refused:
            raw = self._file.header + b"\n" + record.raw
            batch.set_aside.append(SetAside(record.position, refused.reason, refused.place, refused.message, raw))
            return
        batch.resources.extend(resources)

    def _resources(self, record: Record, batch: Batch) -> list[Resource]:
        notes = Notes()
        rows = self._rows
        values = rows.values(self._file.cells_of(record), notes)
        event_at = rows.event_at(values)
        if event_at is not None and self._latest is not None and event_at > self._latest:
            raise Refused("future-date", "expected a day that has come", rows.event_heading)
        key = self._source.key
        subject = subject_id(key, rows.patient(values))
        resources = []
        handed_on = []
        warned = tuple(dict.fromkeys(notes.warnings))
        built = rows.build(values, notes)
        is_ordinary = not notes.warnings and self._file.is_ordinary(record)
        for one in built:
            body = orjson.dumps(one.content)
            if self._file.mapping.resources[one.drawing].repeats:
                known = (one.drawing, one.source_id)
                said = (hash(body), event_at)
                before = self._repeated.get(known)
                if before is not None and before[0] == said[0] and _is_not_before(event_at, before[1]):
                    continue
                handed_on.append((known, said))
            shape = (one.drawing, notes.shape)
            if is_ordinary and shape in self._sound:
                refusal, warnings = check_content(
                    one.content, self._source, self._is_known_organisation, self._latest_day
                )
            else:
                refusal, warnings = check(
                    body, one.content, self._source, self._is_known_organisation, received_at=self._received_at
                )
                if is_ordinary and refusal is None and len(self._sound) < _KEPT_SHAPES:
                    self._sound.add(shape)
            if refusal is not None:
                raise Refused(refusal.reason, refusal.message, f"{one.type}: {refusal.place}")
            notes.warnings.extend(warnings)
            resources.append(
                Resource(
                    type=one.type,
                    source_id=one.source_id,
                    id=subject if one.type == "Patient" else resource_id(key, one.type, one.source_id),
                    subject_id=subject,
                    body=body,
                    content=one.content,
                    event_at=event_at,
                    position=record.position,
                    warnings=(*warned, *warnings),
                )
            )
        if len(self._repeated) > _KEPT_REPEATS:
            self._repeated.clear()
        self._repeated.update(handed_on)
        for counts, words in ((batch.warnings, notes.warnings), (batch.flags, notes.flags)):
            for word in words:
                counts[word] = counts.get(word, 0) + 1
        return resources


def _is_not_before(event_at: datetime | None, before: datetime | None) -> bool:
    return event_at is None or before is None or event_at >= before
