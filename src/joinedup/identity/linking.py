"""A run of linking: subjects that wait are compared with all others, and residents are put together from the evidence.

A first load is compared whole (`batch`); what comes later is compared with the few subjects of its blocks, which
indexes find (`incremental`). Both load subjects into DuckDB, both use the same statements with the same frozen model,
so that the residents are the same whatever the order of the deliveries (rules: population PA11). Intake goes on
meanwhile: it only adds to the queue, and what it adds is linked by the next run.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from joinedup import database
from joinedup.access import record
from joinedup.identity import comparing, grouping, scoring
from joinedup.identity.cluster import Node
from joinedup.identity.configuration import Configuration, in_force
from joinedup.identity.nicknames import ROOTS
from joinedup.identity.rows import unpacked
from joinedup.identity.values import CODES, LADDER_WEIGHT, METHODS, LinkReport

if TYPE_CHECKING:
    from joinedup.access import Grant

PERMISSION = "identity.link"
_RUN_LOCK = 4_711_004
# Below these a run looks its candidates up; above, reading everything is faster.
_FEW, _FEW_SHARE = 20_000, 0.1
MEMORY = "2GB"  # of DuckDB; what is larger goes to a folder below the data folder (`_spill_folder`)
# An area whose own model could not be trained is tried again once it holds so many times the subjects.
_GROWN = 2
# The ladder's steps in the order of trust: joined first, and beyond any score.
_LADDER_BITS = {1: 4 * LADDER_WEIGHT, 2: 3 * LADDER_WEIGHT, 3: 2 * LADDER_WEIGHT, 4: LADDER_WEIGHT, 9: 0.0, 10: 0.0}
_LISTS = ", ".join(
    f"nullif(array_to_string({name}, '|'), '') AS {name}" if name in comparing.LISTS else name
    for name in comparing.COLUMNS
    if name != "is_new"
)


def link(
    grant: Grant,
    *,
    everything: bool = False,
    retrain: bool = False,
    on_step: Callable[[str], None] = lambda step: None,
) -> LinkReport:
    """Link what waits, in one transaction; answers what was done. Nothing waiting is a report of zeros.

    `everything` compares all subjects anew; `retrain` trains a new version of the model first and then does that. A
    database with too few subjects to train on uses the model that comes with joinedup.
    """
    grant.must_be_for(PERMISSION)
    configuration = in_force()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_RUN_LOCK])
        return _Run(cursor, grant, configuration, on_step).link(everything, retrain)


class _Run:
    """One run, from the queue to the audit."""

    def __init__(self, cursor: Any, grant: Grant, configuration: Configuration, on_step: Callable[[str], None]) -> None:
        self.cursor, self.grant, self.configuration, self.on_step = cursor, grant, configuration, on_step
        self.began = datetime.now(UTC)
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self.is_derived = False

    def link(self, everything: bool, retrain: bool) -> LinkReport:
        cursor = self.cursor
        with self._step("read the queue"):
            model_id, version, model = newest_model(cursor)
            # Taken from the queue in one statement: what intake adds meanwhile is seen by the next run.
            cursor.execute(
                """DROP TABLE IF EXISTS pg_temp.identity_waiting;
                   CREATE TEMPORARY TABLE identity_waiting (subject_id uuid NOT NULL) ON COMMIT DROP"""
            )
            if model is None:  # All is compared: which of them wait does not matter.
                cursor.execute("DELETE FROM identity_unlinked")
                waiting = cursor.rowcount
            else:
                cursor.execute(
                    """WITH taken AS (DELETE FROM identity_unlinked RETURNING subject_id)
                       INSERT INTO identity_waiting SELECT DISTINCT subject_id FROM taken"""
                )
                waiting = cursor.rowcount
                cursor.execute("ANALYZE identity_waiting")
            cursor.execute("SELECT count(*) FROM identity_subject")
            (total,) = cursor.fetchone()
            waiting = min(waiting, total)  # One that changed twice stands twice in the queue.
        is_new_model = retrain or model is None or (not version.startswith("area") and total >= self._train_from(model))
        everything = everything or is_new_model
        if not total or not (waiting or everything):
            return LinkReport("nothing", version, subjects=total, notes=["Nothing waits to be linked."])
        is_batch = everything or waiting > max(_FEW, total * _FEW_SHARE)
        with duckdb_in_memory() as db:
            self._load(db, is_batch, everything)
            if is_new_model:
                model_id, version, model = self._model(db, total, retrain)
            assert model is not None
            found = self._compare(db, model, self.is_derived)
            report = LinkReport("batch" if is_batch else "incremental", version, linked=waiting, subjects=total)
            report.edges = {
                METHODS[code]: int((found["method"] == code).sum()) for code in sorted(set(found["method"].tolist()))
            }
            run_id = self._begin(report.kind, model_id)
            self._write(db, found, run_id, model_id, is_batch, everything, report)
        report.seconds, report.notes = self.seconds, self.notes
        counts = {name: value for name, value in report.as_json().items() if name not in ("kind", "model")}
        cursor.execute(
            "UPDATE identity_run SET ended_at = %s, counts = %s WHERE id = %s",
            [datetime.now(UTC), json.dumps(counts), run_id],
        )
        record(
            self.grant,
            "identity.link",
            f"run:{run_id}",
            details={
                "kind": report.kind, "model": version, "linked": report.linked, "joined": report.joined,
                "parted": report.parted, "reviews": sum(report.reviews_opened.values()),
            },
        )  # fmt: skip
        return report

    # --- reading ---------------------------------------------------------------------------------------------------

    def _load(self, db: Any, is_batch: bool, everything: bool) -> None:
        """Fill `raw` with all subjects, or with those that wait and whatever may be one with them."""
        source, is_new = "identity_subject s", "true"
        if not is_batch:
            with self._step("look candidates up"):
                _look_up(self.cursor)
            source, is_new = f"{source} JOIN identity_near USING (subject_id)", "identity_near.is_new"
        elif not everything:
            source, is_new = f"{source} LEFT JOIN identity_waiting w USING (subject_id)", "w.subject_id IS NOT NULL"
        with self._step("read subjects"):
            read_subjects(self.cursor, db, source, is_new)

    def _model(self, db: Any, total: int, retrain: bool) -> tuple[int, str, dict[str, Any]]:
        """Train a model on the area, or take the shipped one where there is too little to train on; keep it."""
        if total < self.configuration.train_from and not retrain:
            content = scoring.shipped()
            prefix = "shipped"
            self.notes.append(f"Fewer than {self.configuration.train_from:,} subjects: the shipped model is used.")
        else:
            prefix = "area"
            with self._step("train the model"):
                frozen = scoring.freeze(db, self.configuration)
                comparing.derive(db, frozen["shared_phones"], frozen["shared_emails"])
                self.is_derived = True
                try:
                    content, notes = scoring.train(db, self.configuration)
                except scoring.NothingToLearn:
                    prefix, notes = "untrained", []
                    content = scoring.shipped() | {"untrained_at": total}
                    self.notes.append(
                        "These subjects are too much alike, or too few hold an NHS number, to train a model of this "
                        f"area: the shipped model is used. It is tried again from {_GROWN * total:,} subjects on, and "
                        "with `joinedup link --retrain`."
                    )
                large = comparing.find_large_blocks(db, self.configuration.block)
                content = {**content, **frozen, "capped_blocks": [[rule, key] for rule, key, _ in large]}
                self.notes += [f"{len(notes)} levels keep the shipped value: {'; '.join(notes)}"] if notes else []
        digest = scoring.digest(content)
        version = f"{prefix}-{digest[:12]}"
        self.cursor.execute(
            """INSERT INTO identity_model (version, digest, content, trained_at, subjects) VALUES (%s, %s, %s, %s, %s)
               ON CONFLICT (version) DO NOTHING RETURNING id""",
            [version, digest, json.dumps(content), datetime.now(UTC), content["subjects"]],
        )
        row = self.cursor.fetchone()
        if row is None:
            self.cursor.execute("SELECT id FROM identity_model WHERE version = %s", [version])
            row = self.cursor.fetchone()
        return row[0], version, content

    def _train_from(self, model: Mapping[str, Any]) -> int:
        """Answer from how many subjects on a model of the area itself is trained."""
        return max(self.configuration.train_from, _GROWN * int(model.get("untrained_at", 0)))

    # --- comparing -------------------------------------------------------------------------------------------------

    def _compare(self, db: Any, model: Mapping[str, Any], is_derived: bool) -> dict[str, Any]:
        with self._step("prepare"):
            comparing.prepare(db, model, is_derived=is_derived)
        touched = "(a.is_new OR b.is_new)"
        with self._step("ladder"):
            comparing.find_ladder_pairs(db, touched)
        with self._step("find pairs"):
            comparing.find_candidates(db, touched)
        with self._step("score"):
            scoring.score(db, model, self.configuration)
        bits = " ".join(f"WHEN {code} THEN {said}" for code, said in _LADDER_BITS.items())
        return dict(
            db.execute(
                f"""SELECT l::BIGINT AS l, r::BIGINT AS r, method::BIGINT AS method,
                           CASE method {bits} END::DOUBLE AS weight
                      FROM ladder UNION ALL SELECT l, r, {CODES["scored"]}, weight FROM scored ORDER BY 1, 2"""  # noqa: S608  # nosec B608
            ).fetchnumpy()
        )

    # --- writing ---------------------------------------------------------------------------------------------------

    def _begin(self, kind: str, model_id: int) -> int:
        self.cursor.execute(
            """INSERT INTO identity_run (kind, model_id, began_at, actor, counts) VALUES (%s, %s, %s, %s, '{}')
               RETURNING id""",
            [kind, model_id, self.began, self.grant.actor_id],
        )
        return int(self.cursor.fetchone()[0])

    def _write(
        self, db: Any, found: Mapping[str, Any], run_id: int, model_id: int, is_batch: bool,
        everything: bool, report: LinkReport,
    ) -> None:  # fmt: skip
        cursor = self.cursor
        grouping.lock(cursor)
        at = datetime.now(UTC)
        ids = _ids(db)
        raw = grouping.subject_bytes(ids)
        with self._step("write edges"):
            is_first = not _has_rows(cursor, "identity_edge")
            touched = set() if is_first else _close_edges(cursor, everything, is_batch, at)
            columns: dict[str, tuple[str, Any]] = {
                "left_id": ("uuid", raw[found["l"]]),
                "right_id": ("uuid", raw[found["r"]]),
                "method": ("int2", found["method"]),
                "weight": ("float8", found["weight"]),
                "model_id": ("int4", model_id),
                "run_id": ("int4", run_id),
                "created_at": ("timestamptz", at),
            }
            with _without_indexes(cursor, "identity_edge", is_first and found["l"].size > 100_000):
                grouping.copy_in(cursor, "identity_edge", int(found["l"].size), columns)
        with self._step("group"):
            if is_batch:
                ground = self._whole_ground(db, ids, found, everything or is_first)
            else:
                cursor.execute("SELECT subject_id FROM identity_waiting")
                waiting = {subject for (subject,) in cursor.fetchall()}
                ground = grouping.read_ground(cursor, waiting | touched, self.configuration)
            is_fresh = (
                is_batch and not _has_rows(cursor, "identity_membership") and not _has_rows(cursor, "identity_review")
            )
        with self._step("write residents"):  # noqa: SIM117 (the steps are told apart)
            with _without_indexes(cursor, "identity_membership", is_fresh and len(ids) > 100_000):
                change = grouping.apply(cursor, ground, self.configuration, at, run_id=run_id, is_first=is_fresh)
        report.joined, report.parted, report.residents = change.joined, change.parted, change.residents
        report.reviews_opened, report.reviews_closed = change.reviews_opened, change.reviews_closed

    def _whole_ground(self, db: Any, ids: Any, found: Mapping[str, Any], is_all: bool) -> grouping.Ground:
        """Answer the ground of all subjects, from DuckDB; edges of earlier runs are read where there are any."""
        left, right, method, weight = (found[name] for name in ("l", "r", "method", "weight"))
        if not is_all:
            left, right, method, weight = _all_edges(self.cursor, ids)
        return whole_ground(db, ids, left, right, method, weight, _decisions(self.cursor, ids))

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.on_step(name)
        began = time.monotonic()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - began, 2)


def whole_ground(
    db: Any,
    ids: Any,
    left: Any,
    right: Any,
    method: Any,
    weight: Any,
    decisions: tuple[Any, Any, Any] = ([], [], set()),
) -> grouping.Ground:
    """Answer the ground of everything in the table `subject` of DuckDB, with this evidence."""
    told = db.execute(
        """SELECT CASE WHEN nhs_number IS NULL THEN -1 ELSE dense_rank() OVER (ORDER BY nhs_number) END AS number,
                  CASE WHEN is_duplicate_free THEN dense_rank() OVER (ORDER BY source) ELSE -1 END AS source,
                  coalesce(date_diff('day', DATE '1800-01-01', death_date), -1) AS died,
                  former_numbers IS NOT NULL AS special
             FROM subject ORDER BY n"""
    ).fetchnumpy()

    def details(places: Sequence[int]) -> list[Node]:
        db.execute("CREATE OR REPLACE TEMP TABLE asked AS SELECT unnest(from_json($1, '[\"INTEGER\"]')) AS n",
                   [json.dumps(list(places))])  # fmt: skip
        rows = db.execute(
            """SELECT nhs_number, former_numbers, CASE WHEN is_duplicate_free THEN source END, death_date
                 FROM subject JOIN asked USING (n) ORDER BY n"""
        ).fetchall()
        return [
            Node(number, tuple(former.split("|")) if former else (), source, died)
            for number, former, source, died in rows
        ]

    matches, nevers, settled = decisions
    return grouping.Ground(
        ids=ids,
        inside=np.ones(len(ids), dtype=bool),
        number=np.asarray(told["number"]).astype(np.int64),
        source=np.asarray(told["source"]).astype(np.int64),
        died=np.asarray(told["died"]).astype(np.int64),
        is_special=np.asarray(told["special"]).astype(bool),
        details=details,
        left=left, right=right, method=method, weight=weight,
        matches=matches, nevers=nevers, settled=settled, is_everyone=True,
    )  # fmt: skip


@contextmanager
def everything(cursor: Any) -> Iterator[grouping.Ground]:
    """All subjects with all open edges and decisions, for those who measure; nothing is changed."""
    with duckdb_in_memory() as db:
        read_subjects(cursor, db, "identity_subject", "false")
        comparing.derive(db)
        ids = _ids(db)
        yield whole_ground(db, ids, *_all_edges(cursor, ids), _decisions(cursor, ids))


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def read_subjects(cursor: Any, db: Any, source: str, is_new: str) -> None:
    """Fill `raw` of DuckDB with the subjects of a FROM clause; `is_new` is the SQL of that column."""
    statement = f"COPY (SELECT {_LISTS}, {is_new} AS is_new FROM {source}) TO STDOUT (FORMAT CSV)"  # noqa: S608  # nosec B608
    with _in_memory() as (file, path):
        with cursor.copy(statement) as copy:
            for part in copy:
                file.write(part)
        file.flush()
        db.execute(
            "CREATE OR REPLACE TABLE raw AS SELECT * FROM read_csv($1, header = false, auto_detect = false, "  # noqa: S608  # nosec B608
            f"delim = ',', quote = '\"', escape = '\"', nullstr = '', columns = {comparing.COLUMNS!r})",
            [path],
        )


def _look_up(cursor: Any) -> None:
    """Fill `identity_near` with the subjects that wait and all that share a block with one of them, by indexes.

    It may hold more than the blocks do: the rules themselves are applied in DuckDB, the same as for a batch.
    """
    roots: dict[str, list[str]] = {}
    for name, root in ROOTS.items():
        roots.setdefault(root, []).append(name)
    families = {name: sorted({*roots[root], root}) for name, root in ROOTS.items()}
    cursor.execute(
        """DROP TABLE IF EXISTS pg_temp.identity_nickname, pg_temp.identity_fresh, pg_temp.identity_near;
           CREATE TEMPORARY TABLE identity_nickname (name text PRIMARY KEY, alike text[]) ON COMMIT DROP;
           CREATE TEMPORARY TABLE identity_fresh ON COMMIT DROP AS SELECT * FROM identity_subject WITH NO DATA;
           CREATE TEMPORARY TABLE identity_near (subject_id uuid PRIMARY KEY, is_new boolean NOT NULL) ON COMMIT DROP"""
    )
    with cursor.copy("COPY identity_nickname FROM STDIN") as copy:
        for name, alike in families.items():
            copy.write_row((name, alike))
    cursor.execute(
        "INSERT INTO identity_fresh SELECT s.* FROM identity_subject s JOIN identity_waiting USING (subject_id)"
    )
    cursor.execute("ANALYZE identity_fresh; ANALYZE identity_nickname")
    alike = "coalesce((SELECT k.alike FROM identity_nickname k WHERE k.name = f.given), ARRAY[f.given])"
    ways = (
        "s.nhs_number = f.nhs_number",
        "s.nhs_number = ANY(f.former_numbers)",
        "s.former_numbers <> '{}' AND f.nhs_number = ANY(s.former_numbers)",
        "s.organisation = f.organisation AND s.source_id = f.source_id",
        "s.birth_date = f.birth_date",
        "s.family = f.family AND s.birth_date = make_date(extract(year FROM f.birth_date)::int, "
        "extract(day FROM f.birth_date)::int, extract(month FROM f.birth_date)::int) "
        "AND extract(day FROM f.birth_date) <= 12",
        f"s.family = f.family AND s.given = ANY({alike}) "
        "AND (extract(year FROM s.birth_date) = extract(year FROM f.birth_date) OR ("
        "extract(month FROM s.birth_date) = extract(month FROM f.birth_date) "
        "AND extract(day FROM s.birth_date) = extract(day FROM f.birth_date)))",
        f"s.postcode = f.postcode AND s.given = ANY({alike})",
        "s.phone = f.phone AND left(s.given, 1) = left(f.given, 1)",
        "s.email = f.email",
    )
    union = " UNION ".join(
        f"SELECT s.subject_id FROM identity_fresh f JOIN identity_subject s ON {way}"  # noqa: S608  # nosec B608
        for way in ways
    )  # nosec B608 (own words only)
    # The planner believes that a thousand look-ups cost more than reading a million rows; they do not.
    cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
    cursor.execute(
        f"""INSERT INTO identity_near SELECT subject_id, bool_or(is_new) FROM (
                SELECT subject_id, false AS is_new FROM ({union}) found
                UNION ALL SELECT subject_id, true FROM identity_fresh
            ) together GROUP BY subject_id"""  # noqa: S608  # nosec B608
    )
    cursor.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")


def _close_edges(cursor: Any, everything: bool, is_batch: bool, at: datetime) -> set[UUID]:
    """Close the open edges of changed subjects, or all; answers the subjects at their ends, of a small run only."""
    if everything:
        cursor.execute("UPDATE identity_edge SET closed_at = %s WHERE closed_at IS NULL", [at])
        return set()
    cursor.execute(
        """UPDATE identity_edge SET closed_at = %s
            WHERE id IN (SELECT e.id FROM identity_edge e JOIN identity_waiting w ON w.subject_id = e.left_id
                          WHERE closed_at IS NULL
                         UNION SELECT e.id FROM identity_edge e JOIN identity_waiting w ON w.subject_id = e.right_id
                          WHERE closed_at IS NULL)
            RETURNING left_id, right_id""",
        [at],
    )
    return set() if is_batch else {end for pair in cursor.fetchall() for end in pair}


@contextmanager
def _without_indexes(cursor: Any, table: str, is_worth_it: bool) -> Iterator[None]:
    """Build a table's secondary indexes after it is filled, where it was empty: five times as fast."""
    if not is_worth_it:
        yield
        return
    cursor.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
            WHERE i.indrelid = %s::regclass AND NOT i.indisprimary
              AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)""",
        [table],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)


def _has_rows(cursor: Any, table: str) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608  # nosec B608
    return bool(cursor.fetchone()[0])


def _all_edges(cursor: Any, ids: Any) -> tuple[Any, Any, Any, Any]:
    """Answer all open edges as places in `ids`; those of subjects that are gone are left out."""
    kinds = {"left_id": "uuid", "right_id": "uuid", "method": "int2", "weight": "float8"}
    data = bytearray()
    with cursor.copy(
        f"COPY (SELECT {', '.join(kinds)} FROM identity_edge WHERE closed_at IS NULL) TO STDOUT (FORMAT BINARY)"  # noqa: S608  # nosec B608
    ) as copy:
        for part in copy:
            data += part
    rows = unpacked(bytes(data), kinds)
    raw = grouping.subject_bytes(ids)
    left, right = np.searchsorted(raw, rows["left_id"]), np.searchsorted(raw, rows["right_id"])
    known = (left < raw.size) & (right < raw.size)
    known[known] = (raw[left[known]] == rows["left_id"][known]) & (raw[right[known]] == rows["right_id"][known])
    return (
        left[known].astype(np.int64), right[known].astype(np.int64), rows["method"][known].astype(np.int64),
        rows["weight"][known].astype(np.float64),
    )  # fmt: skip


def _decisions(cursor: Any, ids: Any) -> tuple[Any, Any, Any]:
    cursor.execute("SELECT left_id, right_id FROM identity_decision")
    named = {one for pair in cursor.fetchall() for one in pair}
    raw = grouping.subject_bytes(ids)
    place = {}
    for one in named:
        number = int(np.searchsorted(raw, np.bytes_(one.bytes)))
        if number < raw.size and ids[number] == one:
            place[one] = number
    return grouping.read_decisions(cursor, place, None)


def newest_model(cursor: Any) -> tuple[int, str, dict[str, Any] | None]:
    cursor.execute("SELECT id, version, content FROM identity_model ORDER BY id DESC LIMIT 1")
    row = cursor.fetchone()
    if row is None:
        return 0, "", None
    return row[0], row[1], row[2] if isinstance(row[2], dict) else json.loads(row[2])


def _ids(db: Any) -> grouping.IdBytes:
    names = db.execute("SELECT replace(subject_id::VARCHAR, '-', '') AS name FROM subject ORDER BY n").fetchnumpy()[
        "name"
    ]
    return grouping.IdBytes(np.frombuffer(bytes.fromhex("".join(names)), dtype="S16"))


@contextmanager
def duckdb_in_memory() -> Iterator[Any]:
    """A database of DuckDB; what does not fit into MEMORY lies in the data folder, for its owner alone, until the end.

    DuckDB's own choice is the current folder, where names and numbers would stay after a kill.
    """
    import duckdb

    with _spill_folder() as folder:
        db = duckdb.connect(
            config={
                "threads": os.cpu_count() or 2,
                "memory_limit": MEMORY,
                "preserve_insertion_order": False,
                "temp_directory": str(folder),
            }
        )
        try:
            yield db
        finally:
            db.close()


@contextmanager
def _spill_folder() -> Iterator[Path]:
    """Make a folder of our own below `spill` in the data folder, and remove it; those of killed runs are removed, too.

    Whoever uses a folder holds a lock on it, which ends with the process however that ends.
    """
    parent = database.data_dir() / "spill"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _flocked(parent, fcntl.LOCK_EX):  # so that nobody removes a folder between its making and its lock
        for left in parent.iterdir():
            try:
                with _flocked(left, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(left, ignore_errors=True)
            except OSError:
                continue  # in use, or gone meanwhile
        folder = Path(mkdtemp(dir=parent))  # mode 0700
        ours = os.open(folder, os.O_RDONLY)
        fcntl.flock(ours, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(ours)


@contextmanager
def _flocked(folder: Path, how: int) -> Iterator[None]:
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, how)
        yield
    finally:
        os.close(held)


@contextmanager
def _in_memory() -> Iterator[tuple[Any, str]]:
    """A file that never touches the disk, so that nobody's name is left there."""
    with os.fdopen(os.memfd_create("subjects"), "wb") as file:
        yield file, f"/proc/self/fd/{file.fileno()}"
