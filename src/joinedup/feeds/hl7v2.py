"""One HL7 v2 message taken apart: segments, fields, repetitions, components, subcomponents (rules: record R11).

Splitting touches only what is asked for. A message becomes a list of lines; a line becomes fields when its segment is
first read; escapes are decoded once, at the leaf. Delimiters come from the message, never from habit.

Nothing here knows what a field means. An empty field says "no change", and `""` (two quotation marks) says "remove
the value": `Segment.removes` tells them apart, everything else reads both as no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from joinedup.errors import JoinedupError
from joinedup.feeds import limits

BOM = b"\xef\xbb\xbf"
MESSAGE_BYTES = limits.HL7_MESSAGE_BYTES
SEGMENTS = 10_000
FIELD_CHARACTERS = 1_000_000
REPETITIONS = 1_000
NULL = '""'

# Names of HL7 table 0211 (MSH-18), and what Python calls them. What is not here is refused, never guessed.
_CHARACTER_SETS = {
    "ASCII": "ascii",
    **{f"8859/{n}": f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
}
# Neither FHIR nor the database can hold these; a file that has them was damaged on its way.
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_SEGMENT = re.compile("[A-Z][A-Z0-9]{2}")


class Hl7Error(JoinedupError, ValueError):
    """A message cannot be taken in: a key of values.REASONS, the segment and field, and what was expected there.

    The text never holds a value of the message.
    """

    status = 422

    def __init__(self, reason: str, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.reason, self.place, self.message = reason, place, message


class Delimiters:
    """The characters by which one message is divided, and how its escapes are read."""

    __slots__ = ("_escapes", "codec", "component", "empty", "escape", "field", "repetition", "sub")

    def __init__(self, field: str, encoding: str, codec: str) -> None:
        component, repetition, escape, sub = (*encoding[:4], "", "", "", "")[:4]
        self.field = field
        self.component: str = component
        self.repetition: str = repetition
        self.escape: str = escape
        self.sub: str = sub
        self.codec = codec
        self.empty = f'{component}{sub}" '  # what a value may be made of that says nothing
        mark = re.escape(escape)
        self._escapes = re.compile(f"{mark}([^{mark}]*){mark}") if escape else None

    def decoded(self, text: str) -> str:
        """Answer a leaf with its escapes decoded once; escapes that mean nothing to us stay as they were sent."""
        if self._escapes is None or self.escape not in text:
            return text
        return self._escapes.sub(self._meaning, text)

    def _meaning(self, found: re.Match[str]) -> str:
        code = found[1]
        if code == "F":
            return self.field
        if code == "S":
            return self.component
        if code == "T":
            return self.sub
        if code == "R":
            return self.repetition
        if code == "E":
            return self.escape
        if code in (".br", ".sp"):
            return "\n"
        if code in ("H", "N"):  # highlighting begins and ends: no text
            return ""
        if code[:1] == "X":
            try:
                meant = bytes.fromhex(code[1:]).decode(self.codec)
            except (ValueError, UnicodeDecodeError):
                return found[0]
            if any(byte in _CONTROLS for byte in meant.encode()):
                raise Hl7Error("bad-syntax", "message", "an escape stands for a control character")
            return meant
        return found[0]


class Value:
    """One repetition of a field. `value[2]` is the text of its second component, "" when absent or `""`."""

    __slots__ = ("_parts", "delimiters", "raw")

    def __init__(self, raw: str, delimiters: Delimiters) -> None:
        self.raw = raw
        self.delimiters = delimiters
        self._parts: list[str] | None = None

    @property
    def parts(self) -> list[str]:
        """The components as they were sent."""
        if self._parts is None:
            self._parts = self.raw.split(self.delimiters.component)
        return self._parts

    def __getitem__(self, component: int) -> str:
        """Answer the first subcomponent of a component, decoded, without blanks around it."""
        parts = self._parts
        if parts is None:
            parts = self._parts = self.raw.split(self.delimiters.component)
        if component > len(parts):
            return ""
        part = parts[component - 1]
        if not part or part.isalnum():
            return part
        delimiters = self.delimiters
        if delimiters.sub and delimiters.sub in part:
            part = part.split(delimiters.sub, 1)[0]
        if part == NULL:
            return ""
        if delimiters.escape and delimiters.escape in part:
            part = delimiters.decoded(part)
        return part.strip()

    def subs(self, component: int) -> list[str]:
        """Answer all subcomponents of a component that hold text, decoded."""
        found = (self.delimiters.decoded(sub).strip() for sub in self._subs(component) if sub and sub != NULL)
        return [text for text in found if text]

    def _subs(self, component: int) -> list[str]:
        parts = self.parts
        if component > len(parts):
            return []
        sub = self.delimiters.sub
        return parts[component - 1].split(sub) if sub else [parts[component - 1]]

    def whole(self) -> str:
        """Answer all that the repetition says as one text, components apart by a blank."""
        if self.raw.isalnum():
            return self.raw
        return " ".join(text for number in range(1, len(self.parts) + 1) for text in self.subs(number))


def values_of(raw: str, delimiters: Delimiters) -> list[Value]:
    """Answer the repetitions of a field as it was sent, without those that hold nothing but delimiters and `""`."""
    if delimiters.repetition and delimiters.repetition in raw:
        parts = raw.split(delimiters.repetition)
        return [Value(part, delimiters) for part in parts if part.strip(delimiters.empty)]
    return [Value(raw, delimiters)] if raw.strip(delimiters.empty) else []


class Segment:
    """One segment, by its name; fields are numbered as in the standard, from 1 (MSH-1 is the field separator)."""

    __slots__ = ("_fields", "delimiters", "line", "name")

    def __init__(self, line: str, delimiters: Delimiters) -> None:
        self.line = line
        fields = line.split(delimiters.field)
        self.name = fields[0]
        if self.name == "MSH":
            fields.insert(1, delimiters.field)
        self._fields = fields
        self.delimiters = delimiters

    def raw(self, field: int) -> str:
        """Answer a field as it was sent, "" when the segment ends before it."""
        return self._fields[field] if field < len(self._fields) else ""

    def removes(self, field: int) -> bool:
        """Whether the field says that the value is to be removed (`""`)."""
        return self.raw(field) == NULL

    def values(self, field: int) -> list[Value]:
        """Answer the repetitions of a field that say something."""
        fields = self._fields
        if field >= len(fields) or not fields[field]:
            return []
        return values_of(fields[field], self.delimiters)

    def value(self, field: int) -> Value | None:
        """Answer the first repetition that says something."""
        found = self.values(field)
        return found[0] if found else None

    def text(self, field: int, component: int = 1) -> str:
        """Answer a component of the first repetition, decoded; "" when it is absent or `""`."""
        fields = self._fields
        if field >= len(fields):
            return ""
        raw = fields[field]
        if not raw or raw == NULL:
            return ""
        if raw.isalnum():  # no delimiter can be in it
            return raw if component == 1 else ""
        delimiters = self.delimiters
        if delimiters.repetition and delimiters.repetition in raw:
            raw = raw.split(delimiters.repetition, 1)[0]
        return Value(raw, delimiters)[component]

    def __len__(self) -> int:
        return len(self._fields)


class Message:
    """A message that was split. Segments are read when asked for; `names` tells which there are, in their order."""

    __slots__ = ("_segments", "delimiters", "lines", "msh", "names")

    def __init__(self, lines: list[str], names: list[str], delimiters: Delimiters, msh: Segment) -> None:
        self.lines, self.names, self.delimiters, self.msh = lines, names, delimiters, msh
        self._segments: dict[int, Segment] = {0: msh}

    def segment(self, number: int) -> Segment:
        """Answer the segment in place `number`, from 0."""
        found = self._segments.get(number)
        if found is None:
            found = self._segments[number] = Segment(self.lines[number], self.delimiters)
        return found

    def first(self, name: str) -> Segment | None:
        """Answer the first segment of a name."""
        return self.segment(self.names.index(name)) if name in self.names else None

    def all(self, name: str) -> list[Segment]:
        """Answer every segment of a name, in the order of the message."""
        if name not in self.names:
            return []
        return [self.segment(number) for number, other in enumerate(self.names) if other == name]

    def __iter__(self) -> Iterator[Segment]:
        return (self.segment(number) for number in range(len(self.lines)))

    @property
    def type(self) -> str:
        """What kind of message it is, ADT, ORU ... (MSH-9.1)."""
        return self.msh.text(9, 1)

    @property
    def trigger(self) -> str:
        """What happened, A01, R01 ... (MSH-9.2)."""
        return self.msh.text(9, 2)

    @property
    def id(self) -> str:
        """The message id that the sender gave (MSH-10)."""
        return self.msh.text(10)


def split(raw: bytes, charset: str = "utf-8") -> Message:
    """Answer the message in `raw`; `charset` is what the source declares for messages that name none and are no UTF-8.

    A byte order mark and blank lines go; CR, LF and CRLF each end a segment. Segments that we do not know stay in
    `lines` and `names`. Raises Hl7Error (bad-syntax, bad-encoding, too-large) and nothing else.
    """
    if len(raw) > MESSAGE_BYTES:
        raise Hl7Error("too-large", "message", f"expected at most {MESSAGE_BYTES:,} bytes")
    raw = raw.removeprefix(BOM).strip(b"\r\n")
    field, encoding = _delimiters_of(raw)
    text, codec = _decoded(raw, field, charset)
    # In every character set that we read, these bytes are these characters and no part of another.
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        raise Hl7Error("bad-syntax", "message", "expected no control characters")
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    lines = [line for line in text.split("\r") if line and not line.isspace()]
    if len(lines) > SEGMENTS:
        raise Hl7Error("too-large", "message", f"expected at most {SEGMENTS:,} segments")
    delimiters = _delimiters(field, encoding, codec)
    names = _names(lines, field)
    _check_fields(lines, delimiters)
    return Message(lines, names, delimiters, Segment(lines[0], delimiters))


def _delimiters_of(raw: bytes) -> tuple[str, str]:
    """Answer MSH-1 and MSH-2."""
    if raw[:3] != b"MSH" or len(raw) < 6:
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw[:2] == b"M\0" or raw[:2] == b"\0M":
            raise Hl7Error("bad-encoding", "MSH", "expected UTF-8 or a character set that ASCII is part of")
        raise Hl7Error("bad-syntax", "MSH", "expected a message to begin with MSH")
    field = raw[3:4]
    end = raw.find(field, 4, 16)
    encoding = raw[4:end] if end > 0 else b""
    distinct = field + encoding
    if (
        not 1 <= len(encoding) <= 5
        or len(set(distinct)) != len(distinct)
        or not all(33 <= byte < 127 and not chr(byte).isalnum() and byte != 34 for byte in distinct)
    ):
        raise Hl7Error("bad-syntax", "MSH-2", "expected the delimiters of the message, each another mark")
    return field.decode("ascii"), encoding.decode("ascii")


def _decoded(raw: bytes, field: str, charset: str) -> tuple[str, str]:
    """Answer the text and the codec: by MSH-18, else UTF-8, else what the source declares."""
    separator = field.encode()
    end = min((at for at in (raw.find(b"\r"), raw.find(b"\n")) if at >= 0), default=len(raw))
    head = raw[:end].split(separator, 18)
    declared = b""
    if len(head) > 17:
        # MSH-1 is the separator itself, so MSH-18 is the eighteenth piece. The first repetition is the default set.
        repetition = raw[5:6] if raw[5:6] != separator else b""
        declared = head[17].split(repetition, 1)[0] if repetition else head[17]
    if declared and declared != b'""':
        codec = _CHARACTER_SETS.get(declared.decode("ascii", "replace").strip().upper())
        if codec is None:
            raise Hl7Error("bad-encoding", "MSH-18", "expected ASCII, 8859/1 to 8859/15 or UNICODE UTF-8")
        try:
            return raw.decode(codec), codec
        except UnicodeDecodeError:
            raise Hl7Error("bad-encoding", "message", "expected the character set that MSH-18 names") from None
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode(charset), charset
    except (UnicodeDecodeError, LookupError):
        raise Hl7Error(
            "bad-encoding", "message", "expected UTF-8, or the character set to be named in MSH-18 or in sources.toml"
        ) from None


@lru_cache(maxsize=64)
def _delimiters(field: str, encoding: str, codec: str) -> Delimiters:
    return Delimiters(field, encoding, codec)


@lru_cache(maxsize=1_000)
def _is_name(text: str) -> bool:
    return _SEGMENT.fullmatch(text) is not None


def _names(lines: list[str], field: str) -> list[str]:
    names = [line[:3] for line in lines]
    for number, line in enumerate(lines):
        # Some senders end a segment with its name alone, and blanks after it.
        if not _is_name(names[number]) or (line[3:4] != field and line[3:].strip()):
            raise Hl7Error("bad-syntax", f"segment {number + 1}", "expected a segment's name and a field separator")
    if names.count("MSH") > 1:
        raise Hl7Error("bad-syntax", "MSH", "expected one message, found the beginning of another")
    return names


def _check_fields(lines: list[str], delimiters: Delimiters) -> None:
    repetition = delimiters.repetition
    for number, line in enumerate(lines):
        if len(line) <= REPETITIONS:
            continue
        is_long = len(line) > FIELD_CHARACTERS
        if not is_long and not (repetition and line.count(repetition) >= REPETITIONS):
            continue
        for place, text in enumerate(line.split(delimiters.field)):
            if len(text) > FIELD_CHARACTERS:
                raise Hl7Error(
                    "too-large", f"{line[:3]}-{place}", f"expected at most {FIELD_CHARACTERS:,} characters in a field"
                )
            if number and repetition and text.count(repetition) >= REPETITIONS:
                raise Hl7Error(
                    "too-large", f"{line[:3]}-{place}", f"expected at most {REPETITIONS:,} repetitions of a field"
                )
