"""Scoring the links against a known truth, and saying it: `joinedup link --report --truth DIR`.

The truth is that of simulated people (`truth/` in a simulated folder) or a sample that people have checked, in the same
columns. It is read here and nowhere else: neither training nor linking ever opens it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import FileError
from joinedup.feeds import subject_id
from joinedup.identity import grouping, linking
from joinedup.identity.configuration import Configuration, in_force
from joinedup.identity.quality import Group, Quality, by_group, evaluate, f1, scored_pairs, wilson
from joinedup.identity.score import probability
from joinedup.identity.values import CODES, METHODS

if TYPE_CHECKING:
    from joinedup.access import Grant

THRESHOLDS = (-4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 25.0, 30.0)
MEASURED_NAME = "linkage.measured.toml"
ETHNICITIES = {
    "A": "White", "B": "White", "C": "White", "D": "Mixed", "E": "Mixed", "F": "Mixed", "G": "Mixed",
    "H": "Asian", "J": "Asian", "K": "Asian", "L": "Asian", "M": "Black", "N": "Black", "P": "Black",
    "R": "Chinese or other", "S": "Chinese or other",
}  # fmt: skip


def measure(grant: Grant, truth_folder: Path) -> dict[str, Any]:
    """Answer the quality of the links that stand, for care and for analysis, and keep it beside the configuration.

    `truth_folder` holds `subjects.csv` (source, source_id, person_id) and `people.csv` (person_id, ethnicity,
    deprivation_decile). Raises FileError when one is missing or has other columns.
    """
    configuration = in_force()
    person_of = _persons(truth_folder)
    with transaction.atomic(), connection.cursor() as cursor:
        with linking.everything(cursor) as ground:
            ids = list(ground.ids)
            truth = {number: person_of[one] for number, one in enumerate(ids) if one in person_of}
            care = _residents(cursor, ids)
            analysis = dict(enumerate(grouping.groups_for(ground, configuration).tolist()))
            answer: dict[str, Any] = {
                "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "configuration": configuration.version,
                "model": _model_version(cursor),
                "records": len(truth),
                "records_without_truth": len(ids) - len(truth),
                "people": len(set(truth.values())),
                "care": _told(evaluate(truth, care)) | {"least_bits": configuration.care.least_bits},
                "analysis": _told(evaluate(truth, analysis)) | {"least_bits": configuration.analysis.least_bits},
                "methods": _methods(ground, truth, configuration),
                "thresholds": _thresholds(ground, truth, configuration),
                "reviews": _reviews(cursor, {one: number for number, one in enumerate(ids)}, truth),
            }
        groups = _groups_of_people(truth_folder)
        for name, group_of in groups.items():
            answer[name] = [_told_group(one) for one in by_group(truth, care, group_of)]
        answer["care_precision_is_enough"] = (answer["care"]["precision"] or 1.0) >= configuration.least_precision
        cursor.execute(
            "INSERT INTO identity_measured (run_id, at, report) SELECT max(id), %s, %s FROM identity_run",
            [datetime.now(UTC), json.dumps(answer)],
        )
        record(
            grant, "identity.measure", "linkage:all",
            details={"care_precision": answer["care"]["precision"], "care_recall": answer["care"]["recall"]},
        )  # fmt: skip
    _write_beside(configuration, answer)
    return answer


def told(answer: Mapping[str, Any]) -> str:
    """Answer the report as people read it."""
    lines = [
        f"{answer['records']:,} records of {answer['people']:,} people; model {answer['model']}, against the truth.",
        "",
        f"{'':<12}{'bits':>7}{'precision':>12}{'recall':>10}{'F1':>10}{'persons':>10}{'B3':>10}",
    ]
    for name in ("care", "analysis"):
        one = answer[name]
        lines.append(
            f"{name:<12}{one['least_bits']:>7.1f}{_share(one['precision'], 6):>12}{_share(one['recall'], 5):>10}"
            f"{one['f1']:>10.5f}{one['exact_f1']:>10.5f}{one['b3_f1']:>10.5f}"
        )
    lines += ["", f"{'evidence':<20}{'pairs':>10}{'right':>10}{'precision':>12}  95% limits"]
    for one in answer["methods"]:
        limits = "" if one["low"] is None else f"{one['low']:.5f} to {one['high']:.5f}"
        lines.append(
            f"{one['method']:<20}{one['pairs']:>10,}{one['right']:>10,}{_share(one['precision'], 6):>12}  {limits}"
        )
    lines += ["", f"{'score from':>10}{'P':>10}{'precision':>12}{'recall':>10}{'F1':>10}   after grouping:"
                  f"{'precision':>12}{'recall':>10}{'F1':>10}"]  # fmt: skip
    for one in answer["thresholds"]:
        lines.append(
            f"{one['bits']:>10.1f}{one['probability']:>10.6f}{_share(one['precision'], 6):>12}"
            f"{_share(one['recall'], 5):>10}{one['f1']:>10.5f}{'':>18}"
            f"{_share(one['grouped_precision'], 6):>12}{_share(one['grouped_recall'], 5):>10}"
            f"{one['grouped_f1']:>10.5f}"
        )
    for name, title in (("by_deprivation", "deprivation, fifths (1 most deprived)"), ("by_ethnicity", "ethnicity")):
        if answer.get(name):
            lines += ["", f"{title:<40}{'people':>8}{'whole':>10}  95% limits          {'recall':>10}{'precision':>12}"]
        for one in answer.get(name, ()):
            flag = "  below all others" if one["is_flagged"] else ""
            lines.append(
                f"{one['name']:<40}{one['people']:>8,}{_share(one['whole'], 4):>10}  {one['whole_low']:.4f} to "
                f"{one['whole_high']:.4f}    {_share(one['recall'], 5):>10}{_share(one['precision'], 6):>12}{flag}"
            )
    lines += ["", "Waiting for a person: " + (", ".join(f"{r['reason']} {r['pairs']:,} ({r['right']:,} one person)"
                                                         for r in answer["reviews"]) or "nothing")]  # fmt: skip
    if not answer["care_precision_is_enough"]:
        lines += ["", "The precision for care is below what the configuration promises. Raise [care] least_bits."]
    return "\n".join(lines)


def _persons(folder: Path) -> dict[UUID, str]:
    return {
        subject_id(row["source"], row["source_id"]): row["person_id"]
        for row in _rows(folder / "subjects.csv", ("source", "source_id", "person_id"))
    }


def _groups_of_people(folder: Path) -> dict[str, dict[Any, str]]:
    """Answer person -> fifth of deprivation, and person -> broad ethnic group, where people.csv tells them."""
    if not (folder / "people.csv").is_file():
        return {}
    deprivation: dict[Any, str] = {}
    ethnicity: dict[Any, str] = {}
    for row in _rows(folder / "people.csv", ("person_id", "ethnicity", "deprivation_decile")):
        if row["deprivation_decile"].isdigit():
            deprivation[row["person_id"]] = str((int(row["deprivation_decile"]) + 1) // 2)
        ethnicity[row["person_id"]] = ETHNICITIES.get(row["ethnicity"], "Not stated")
    return {"by_deprivation": deprivation, "by_ethnicity": ethnicity}


def _rows(path: Path, columns: Sequence[str]) -> Iterable[dict[str, str]]:
    if not path.is_file():
        raise FileError(
            path.name, "expected a file of the truth; there is none.", "Give the folder `truth` of a simulated system."
        )
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for column in columns:
            if column not in (reader.fieldnames or ()):
                raise FileError(path.name, f"expected a column '{column}'.", "Correct it.", field=column)
        yield from reader


def _residents(cursor: Any, ids: Sequence[UUID]) -> dict[Any, Any]:
    cursor.execute("SELECT subject_id, resident_id FROM identity_membership WHERE until IS NULL")
    resident = dict(cursor.fetchall())
    return {number: resident.get(one, one) for number, one in enumerate(ids)}


def _model_version(cursor: Any) -> str:
    cursor.execute("SELECT version FROM identity_model ORDER BY id DESC LIMIT 1")
    row = cursor.fetchone()
    return row[0] if row else "none"


def _told(quality: Quality) -> dict[str, Any]:
    return asdict(quality)


def _told_group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name, "people": group.people, "whole": group.whole.value, "whole_low": group.whole.low,
        "whole_high": group.whole.high, "recall": group.recall.value, "recall_low": group.recall.low,
        "recall_high": group.recall.high, "precision": group.precision.value, "precision_low": group.precision.low,
        "precision_high": group.precision.high, "is_flagged": group.is_flagged,
    }  # fmt: skip


def _methods(ground: grouping.Ground, truth: Mapping[Any, str], configuration: Configuration) -> list[dict[str, Any]]:
    """Answer the precision of each kind of evidence; of scores, those that join by themselves for care."""
    answer = []
    for code in sorted(set(ground.method.tolist())):
        of_kind = ground.method == code
        if code == CODES["scored"]:
            of_kind &= ground.weight >= configuration.care.least_bits
        pairs, right = scored_pairs(
            zip(ground.left[of_kind].tolist(), ground.right[of_kind].tolist(), strict=True), truth
        )
        rate = wilson(right, pairs)
        answer.append(
            {"method": METHODS[code], "pairs": pairs, "right": right, "precision": rate.value, "low": rate.low,
             "high": rate.high, "joins_for_care": code in configuration.care.methods}
        )  # fmt: skip
    return answer


def _thresholds(
    ground: grouping.Ground, truth: Mapping[Any, str], configuration: Configuration
) -> list[dict[str, Any]]:
    """Answer, for each threshold of the score, pair by pair and after grouping; the ladder always joins."""
    true = evaluate(truth, {}).true_pairs
    answer = []
    for bits in THRESHOLDS:
        grade = replace(configuration.analysis, least_bits=bits)
        joins = grouping.joining(ground, grade)
        pairs, right = scored_pairs(zip(ground.left[joins].tolist(), ground.right[joins].tolist(), strict=True), truth)
        precision, recall = (right / pairs if pairs else None), (right / true if true else None)
        grouped = evaluate(truth, dict(enumerate(grouping.groups_at(ground, grade, configuration).tolist())))
        answer.append(
            {"bits": bits, "probability": probability(bits), "precision": precision, "recall": recall,
             "f1": f1(precision, recall), "grouped_precision": grouped.precision, "grouped_recall": grouped.recall,
             "grouped_f1": grouped.f1}
        )  # fmt: skip
    return answer


def _reviews(cursor: Any, place: Mapping[UUID, int], truth: Mapping[Any, str]) -> list[dict[str, Any]]:
    cursor.execute("SELECT reason, left_id, right_id FROM identity_review WHERE closed_at IS NULL ORDER BY reason")
    found: dict[str, list[tuple[Any, Any]]] = {}
    for reason, left, right in cursor.fetchall():
        found.setdefault(reason, []).append((place.get(left), place.get(right)))
    answer = []
    for reason, pairs in found.items():
        _, right = scored_pairs(pairs, truth)
        answer.append({"reason": reason, "pairs": len(pairs), "right": right})
    return answer


def _write_beside(configuration: Configuration, answer: Mapping[str, Any]) -> None:
    """Write the configuration in force with what was measured beside each grade, into the data folder.

    It is not read by linking: whoever changes a threshold copies it to `linkage.toml` and signs for it there.
    """
    from joinedup import database

    lines = []
    for line in configuration.text.splitlines():
        lines.append(line)
        table = line.strip().strip("[]")
        if line.startswith("[") and table in ("care", "analysis"):
            one = answer[table]
            lines += [
                f"measured_precision = {one['precision'] if one['precision'] is not None else 'nan'}",
                f"measured_recall = {one['recall'] if one['recall'] is not None else 'nan'}",
                f"measured_pairs = {one['predicted_pairs']}",
                f'measured_model = "{answer["model"]}"',
                f'measured_at = "{answer["measured_at"]}"',
            ]
    path = database.data_dir() / MEASURED_NAME
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)


def _share(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"


__all__ = ["measure", "told"]
