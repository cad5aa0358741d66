"""Minutes out to Word and back. No other file knows how a .docx is made or read."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from joinedup.errors import RuleError

MOST_BYTES: Final = 20_000_000  # of a file that comes in, and of what it unpacks to a part
_ITEM = re.compile(r"\d{1,3}\. \S")


class NoMinutesFile(RuleError):
    """A file is no Word document from which minutes can be read."""


def docx_of(text: str, *, title: str, version: int) -> bytes:
    """Answer minutes as .docx: a line a paragraph; the first is the title, lines such as "3. Plan" are headings.

    What is read back from it unchanged is the same text.
    """
    import docx

    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.language = _writable(title), "joinedup", "en-GB"
    properties.comments = f"Version {version}"
    for number, line in enumerate(_writable(text).rstrip("\n").split("\n")):
        if number == 0:
            document.add_heading(line, level=1)
        elif _ITEM.match(line):
            document.add_heading(line, level=2)
        else:
            document.add_paragraph(line)
    kept = io.BytesIO()
    document.save(kept)
    return kept.getvalue()


def text_of_docx(content: bytes) -> str:
    """Answer the text of a .docx, a paragraph a line, rows of tables too; what was deleted in tracked changes is out.

    Raises NoMinutesFile for what is no Word document, is larger than 20 MB unpacked, or holds no text.
    """
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from docx.table import Table

    if len(content) > MOST_BYTES:
        raise NoMinutesFile("B7: the file is larger than 20 MB; save the text of the minutes alone as .docx.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        document = docx.Document(io.BytesIO(content)) if unpacked <= MOST_BYTES else None
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError) as error:
        raise NoMinutesFile("B7: this is no Word document (.docx). Save the minutes as .docx and try again.") from error
    if document is None:
        raise NoMinutesFile("B7: unpacked the file is larger than 20 MB; save the text of the minutes alone.")
    lines: list[str] = []
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            lines += [" | ".join(cell.text.strip() for cell in row.cells) for row in part.rows]
        else:
            lines += _with_insertions(part).split("\n")
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    if not text.strip():
        raise NoMinutesFile("B7: the document holds no text.")
    return text + "\n"


def _with_insertions(paragraph: object) -> str:
    """Answer a paragraph with what was inserted in tracked changes, which python-docx leaves out."""
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    said = []
    for one in paragraph._p.iter(f"{space}t", f"{space}tab", f"{space}br"):  # type: ignore[attr-defined]
        said.append({f"{space}tab": "\t", f"{space}br": "\n"}.get(one.tag, one.text or ""))
    return "".join(said)


def _writable(text: str) -> str:
    """Answer a text without signs that XML cannot hold."""
    return "".join(one for one in text if one in "\n\t" or (ord(one) >= 32 and not 0xD800 <= ord(one) <= 0xDFFF
                                                            and ord(one) not in (0xFFFE, 0xFFFF)))  # fmt: skip
