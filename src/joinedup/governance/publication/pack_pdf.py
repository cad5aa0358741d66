"""A board pack as tagged PDF (PDF/UA-1) with bookmarks. No other file knows what makes the PDF."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict
from importlib.resources import files
from typing import Any, Final

from joinedup.errors import RuleError
from joinedup.governance.publication.pack import Pack
from joinedup.moment import LONDON

LAYOUT: Final = "pack.typ"
FAR: Final = 0x2BFF  # beyond this there are no letters of Europe, and no signs that English text uses
TRIES: Final = 40  # each one names the letters of one more script
_NOT_DISPLAYED = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)


class PackNotMade(RuleError):
    """The PDF of a pack could not be made."""


def pdf_of(pack: Pack) -> bytes:
    """Answer a pack as PDF/UA-1: tags, a title, a language, and a bookmark for each item and paper.

    Texts reach the layout as data and are shown as they stand, whatever they look like. Signs that no screen shows
    (control characters) are left out. The same pack gives the same bytes. Raises PackNotMade where it cannot be made.
    """
    import typst

    known = pack.known_at.astimezone(LONDON)
    content = asdict(pack) | {
        "valid_on": pack.valid_on.isoformat(),
        "known_at": pack.known_at.isoformat(),
        "stamp": (
            f"As at {pack.valid_on.day} {pack.valid_on:%B %Y}, by what was known on {known.day} {known:%B %Y} at "
            f"{known:%H:%M}. Fingerprint of the content: {pack.content_hash}"
        ),
    }
    source, content = files(__package__).joinpath(LAYOUT).read_bytes(), _shown(content)
    for _ in range(TRIES):
        try:
            made = typst.compile(
                source, format="pdf", pdf_standards="ua-1", timestamp=int(pack.known_at.timestamp()),
                sys_inputs={"pack": json.dumps(content, ensure_ascii=False)},
            )  # fmt: skip
        except typst.TypstError as error:
            missing = _NOT_DISPLAYED.search(error.message)
            if missing is None:
                raise PackNotMade(f"The pack of {pack.meeting} could not be made as PDF: {error.message}.") from error
            content = _named(content, frozenset(missing.group(1)))
        else:
            assert isinstance(made, bytes)
            return made
    raise PackNotMade(f"The pack of {pack.meeting} holds scripts for which this server has no font. Read it as a page.")


def _named(value: Any, letters: frozenset[str]) -> Any:
    """Answer values in which these letters, for which no font is there, and all of scripts far from ours are numbers.

    PDF/UA wants every letter to be displayed; a number in brackets is read aloud, a gap is not.
    """
    if isinstance(value, str):
        return "".join(f"[U+{ord(one):04X}]" if one in letters or ord(one) > FAR else one for one in value)
    if isinstance(value, dict):
        return {key: _named(one, letters) for key, one in value.items()}
    return [_named(one, letters) for one in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> Any:
    """Answer values without signs that are none: control characters, halves of pairs, code points of nothing."""
    if isinstance(value, str):
        return "".join(one for one in value if unicodedata.category(one) not in {"Cc", "Cs", "Co", "Cn"})
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list | tuple) else value
