"""Files in which figures of a snapshot are kept: written whole or not at all, and told apart by the definitions."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from joinedup.population.definitions import OURS, installed

_ENDINGS: Final = (".toml", ".csv")


def write_whole(path: Path, text: str) -> None:
    """Write a file aside, for its owner alone, and put it in its place: a reader finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def read_kept(path: Path) -> dict[str, Any]:
    """Answer what a kept file says; nothing where there is none, or where it is damaged."""
    try:
        told = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def definitions_digest() -> str:
    """Answer what tells these definitions (registers, segments, cohorts, code lists, values) from any others."""
    digest = hashlib.sha256()
    for folder in (OURS, installed("")):
        for path in sorted(one for one in folder.rglob("*") if one.suffix in _ENDINGS):
            for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big") + part)
        digest.update(b"\0")
    return digest.hexdigest()
