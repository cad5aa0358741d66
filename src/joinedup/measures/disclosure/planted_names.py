"""The names that an installation planted into its feeds to find leaks: kept as keyed digests, in the data folder.

`planted-names.txt` has one digest a line; the key is a secret of the installation. Whoever reads the file learns no
name, and a name that is found in a file that is to leave is never said.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from joinedup import database
from joinedup.errors import RuleError
from joinedup.measures.disclosure.identifiers import Planted, digest_of, folded

FILE = "planted-names.txt"
MOST_WORDS = 3


def planted() -> Planted:
    """Answer the planted names of this installation; none where it planted none."""
    path = _path()
    if not path.is_file():
        return Planted()
    digests = frozenset(line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip())
    return Planted(_key(), digests)


def plant(names: Iterable[str]) -> int:
    """Keep the digests of these names, of one to three words; answers how many are new."""
    digests = set()
    for name in names:
        words = folded(name).split()
        if not 1 <= len(words) <= MOST_WORDS or len(folded(name)) < 4:
            raise RuleError(f"A planted name has one to {MOST_WORDS} words and at least 4 letters.")
        digests.add(digest_of(name, _key()))
    new = digests - planted().digests
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.writelines(f"{digest}\n" for digest in sorted(new))
    return len(new)


def _path() -> Path:
    return database.data_dir() / FILE


def _key() -> bytes:
    return database.secret("planted-names.key").encode()
