"""Which grade joins by itself, and the limits: `thresholds.toml`, or the operator's own in the data folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joinedup.errors import FileError, did_you_mean
from joinedup.identity.score import Rarity
from joinedup.identity.values import CODES

SHIPPED = Path(__file__).parent / "thresholds.toml"
OWN_NAME = "linkage.toml"
_TABLES = {
    "care": {"methods", "least_bits", "least_precision"},
    "analysis": {"methods", "least_bits", "same_source"},
    "review": {"least_bits"},
    "keep": {"least_bits"},
    "relatives": {"twin", "namesake", "member"},
    "limits": {"most_records", "margin_bits", "block", "shared_contact", "train_from"},
}


@dataclass(frozen=True, slots=True)
class Grade:
    """What joins by itself for a purpose: these methods, and scores of at least so many bits.

    `same_source`: whether two records of one source may join; for care only a merge message or a person joins them.
    """

    methods: frozenset[int]
    least_bits: float
    same_source: bool = False

    def joins(self, method: int, weight: float) -> bool:
        """Answer whether evidence of this method and weight joins by itself."""
        return method in self.methods and (method != CODES["scored"] or weight >= self.least_bits)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration in force, with the text it was read from."""

    version: str
    care: Grade
    analysis: Grade
    least_precision: float
    review_bits: float
    keep_bits: float
    most_records: int
    margin_bits: float
    block: int
    shared_contact: int
    rarity: Rarity
    train_from: int
    text: str = ""


def read(text: str, file: str = SHIPPED.name) -> Configuration:
    """Answer the configuration that a TOML text holds. Raises FileError with the table and the nearest right word."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileError(file, f"expected TOML; {error}.", "Correct the file, then link again.") from None
    for table, keys in _TABLES.items():
        given = data.get(table)
        if not isinstance(given, Mapping):
            raise FileError(file, f"expected a table [{table}].", "Add it; docs/explanation/linkage.md has an example.")
        for key in given:
            if key not in keys and not key.startswith("measured"):
                raise FileError(
                    file, f"[{table}] has no setting '{key}'.{did_you_mean(key, keys)}", "Correct it.", field=key
                )
        for key in keys - set(given):
            raise FileError(file, f"[{table}] needs '{key}'.", "Add it.", field=key)
    limits = data["limits"]
    return Configuration(
        version=str(data.get("version", "")),
        care=_grade(data["care"], file),
        analysis=_grade(data["analysis"], file),
        least_precision=float(data["care"]["least_precision"]),
        review_bits=float(data["review"]["least_bits"]),
        keep_bits=float(data["keep"]["least_bits"]),
        most_records=int(limits["most_records"]),
        margin_bits=float(limits["margin_bits"]),
        block=int(limits["block"]),
        shared_contact=int(limits["shared_contact"]),
        rarity=Rarity(**{kind: float(bits) for kind, bits in data["relatives"].items()}),
        train_from=int(limits["train_from"]),
        text=text,
    )


def in_force(folder: Path | None = None) -> Configuration:
    """Answer the operator's configuration where there is one in the data folder, else the one that is shipped."""
    from joinedup import database

    own = (folder or database.data_dir()) / OWN_NAME
    return read(own.read_text(), own.name) if own.is_file() else read(SHIPPED.read_text())


def _grade(table: Mapping[str, Any], file: str) -> Grade:
    for method in table["methods"]:
        if method not in CODES:
            raise FileError(file, f"'{method}' is no method.{did_you_mean(str(method), CODES)}", "Correct it.")
    return Grade(
        frozenset(CODES[method] for method in table["methods"]),
        float(table["least_bits"]),
        bool(table.get("same_source", False)),
    )
