"""One row a person, and where they were registered and lived, from the tables of views (DuckDB, the same every time).

Which source is believed, field by field, where several say something:

1. the practice at which the person is registered on the snapshot's day, then other practices, active ones first,
2. the national registers, then commissioning extracts (SUS, ECDS), whose postcodes and numbers are verified,
3. the other data sets of the NHS, hospital messages and letters, then councils, then the voluntary sector.

Within one rank the lowest key decides, so that the same rows always give the same person. An ethnic category that says
"not stated" or "not known" gives way to any that says more.

Registrations overlap in reality: a practice learns late that somebody has left. The one that started later wins. A
death ends registration and residence, with the last day of its month: the day itself does not leave. Homes are dated
where a source dates them; the home that a practice holds without dates is where the person has lived since the last
dated home ended, or for as long as is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from joinedup.population.building import GROUP_ROWS, new_writer
from joinedup.population.tables import TABLES

RANKS = (
    "gp", "bulk", "register", "sus-apc", "ecds", "sus-op", "wlmds", "mhsds", "csds", "hl7v2", "letters", "asc-cld",
    "voluntary",
)  # fmt: skip
DERIVED = ("person", "registration", "residence")
_NEEDED = ("pop_patient", "pop_address", "pop_registration", "pop_death")

_RANK = "CASE feed " + " ".join(f"WHEN '{feed}' THEN {nth}" for nth, feed in enumerate(RANKS)) + " ELSE 99 END"

# First death, since it ends the other two.
_DEATH = f"""
CREATE TEMP TABLE dead AS
SELECT person, min_by(death_month, rank) AS death_month FROM (
    SELECT person, death_month, '00' || coalesce(key, '') AS rank FROM pop_death WHERE death_month IS NOT NULL
    UNION ALL
    SELECT person, death_month, printf('%02d', 1 + {_RANK}) || coalesce(key, '') FROM pop_patient
     WHERE death_month IS NOT NULL)
GROUP BY person
"""  # noqa: S608  # nosec B608 (own words)
# What is known of a person's own beginning: no spell begins before it.
_BORN = f"""
CREATE TEMP TABLE born AS
SELECT person, CAST(min_by(birth_month, printf('%02d', {_RANK}) || coalesce(key, '')) || '-01' AS DATE) AS born
  FROM pop_patient WHERE birth_month IS NOT NULL GROUP BY person
"""  # noqa: S608  # nosec B608
_REGISTRATION = """
CREATE TEMP TABLE spell AS
WITH told AS (
    SELECT person, organisation AS practice, coalesce(starts, b.born, DATE '1900-01-01') AS starts, r.ends
      FROM pop_registration r LEFT JOIN born b USING (person)
     WHERE kind = 'registration' AND organisation IS NOT NULL
       AND coalesce(status, '') NOT IN ('entered-in-error', 'planned')
), gp AS (
    -- Servers that send no episodes of care still say on the Patient where somebody is registered.
    SELECT person, min(practice) AS practice, coalesce(any_value(b.born), DATE '1900-01-01') AS starts,
           NULL::DATE AS ends
      FROM pop_patient LEFT JOIN born b USING (person)
     WHERE feed IN ('gp', 'bulk') AND practice IS NOT NULL AND coalesce(is_active, true)
       AND person NOT IN (SELECT person FROM told)
     GROUP BY person
), one AS (  -- of those that start on one day: the one that lasts longest
    SELECT person, starts,
           min_by(practice, (coalesce(-datediff('day', DATE '1900-01-01', ends), -9999999), practice)) AS practice,
           CASE WHEN bool_or(ends IS NULL) THEN NULL ELSE max(ends) END AS ends
      FROM (SELECT * FROM told UNION ALL SELECT * FROM gp) GROUP BY person, starts
), cut AS (
    SELECT person, practice, starts,
           least(coalesce(ends, DATE '9999-01-01'),
                 coalesce(lead(starts) OVER (PARTITION BY person ORDER BY starts), DATE '9999-01-01'),
                 coalesce(last_day(CAST(death_month || '-01' AS DATE)), DATE '9999-01-01')) AS ends,
           lead(starts) OVER (PARTITION BY person ORDER BY starts) IS NULL AS is_last, death_month
      FROM one LEFT JOIN dead USING (person)
)
SELECT person, practice, starts, CASE WHEN is_last AND strftime(ends, '%Y-%m') = death_month THEN last_day(ends)
                                      WHEN ends < DATE '9999-01-01' THEN ends END AS ends
  FROM cut WHERE ends > starts AND starts <= $day
"""
_RESIDENCE = f"""
CREATE TEMP TABLE home AS
WITH told AS (
    SELECT person, lsoa11, starts, ends, {_RANK} AS rank, coalesce(key, '') AS key, coalesce(use, 'home') AS use
      FROM pop_address WHERE coalesce(use, 'home') IN ('home', 'old')
), dated AS (
    SELECT person, starts, min_by(lsoa11, (lsoa11 IS NULL, rank, key)) AS lsoa11,
           CASE WHEN bool_or(ends IS NULL) THEN NULL ELSE max(ends) END AS ends
      FROM told WHERE starts IS NOT NULL AND starts <= $day GROUP BY person, starts
), gone AS (  -- left on a known day, since when is not known
    SELECT person, ends, min_by(lsoa11, (lsoa11 IS NULL, rank, key)) AS lsoa11
      FROM told WHERE starts IS NULL AND ends IS NOT NULL AND ends <= $day GROUP BY person, ends
), undated AS (
    SELECT person, min_by(lsoa11, (lsoa11 IS NULL, rank, key)) AS lsoa11
      FROM told WHERE starts IS NULL AND ends IS NULL AND use <> 'old' GROUP BY person
), past AS (
    SELECT person, lsoa11, starts, ends FROM dated
    UNION ALL
    SELECT person, lsoa11,
           coalesce(lag(ends) OVER (PARTITION BY person ORDER BY ends), b.born, DATE '1900-01-01'), ends
      FROM gone LEFT JOIN born b USING (person)
), everything AS (
    SELECT person, lsoa11, starts, ends FROM past
    UNION ALL
    SELECT u.person, u.lsoa11, coalesce(p.last, b.born, DATE '1900-01-01'), NULL::DATE
      FROM undated u LEFT JOIN born b USING (person)
      LEFT JOIN (SELECT person, max(ends) AS last, bool_or(ends IS NULL) AS lasts FROM past GROUP BY person) p
             USING (person)
     WHERE NOT coalesce(p.lasts, false)
), one AS (
    SELECT person, starts, min_by(lsoa11, (lsoa11 IS NULL, lsoa11)) AS lsoa11,
           CASE WHEN bool_or(ends IS NULL) THEN NULL ELSE max(ends) END AS ends
      FROM everything GROUP BY person, starts
), cut AS (
    SELECT person, lsoa11, starts,
           least(coalesce(ends, DATE '9999-01-01'),
                 coalesce(lead(starts) OVER (PARTITION BY person ORDER BY starts), DATE '9999-01-01'),
                 coalesce(last_day(CAST(death_month || '-01' AS DATE)), DATE '9999-01-01')) AS ends,
           lead(starts) OVER (PARTITION BY person ORDER BY starts) IS NULL AS is_last, death_month
      FROM one LEFT JOIN dead USING (person)
)
SELECT person, lsoa11, starts, CASE WHEN is_last AND strftime(ends, '%Y-%m') = death_month THEN last_day(ends)
                                    WHEN ends < DATE '9999-01-01' THEN ends END AS ends
  FROM cut WHERE ends > starts
"""  # noqa: S608  # nosec B608
_PERSON = f"""
CREATE TEMP TABLE whole AS
WITH now_registered AS (
    SELECT person, min_by(practice, (-datediff('day', DATE '1900-01-01', starts), practice)) AS practice FROM spell
     WHERE starts <= $day AND (ends IS NULL OR ends > $day) GROUP BY person
), now_home AS (
    SELECT person, min_by(lsoa11, (-datediff('day', DATE '1900-01-01', starts), lsoa11)) AS lsoa11 FROM home
     WHERE starts <= $day AND (ends IS NULL OR ends > $day) GROUP BY person
), ranked AS (
    SELECT p.*, CASE WHEN p.feed = 'gp' AND p.practice = r.practice THEN '00'
                     WHEN p.feed = 'gp' AND coalesce(p.is_active, true) THEN '01'
                     WHEN p.feed = 'gp' THEN '02' ELSE printf('%02d', 3 + {_RANK}) END || coalesce(p.key, '') AS rank
      FROM pop_patient p LEFT JOIN now_registered r USING (person)
), best AS (
    SELECT person,
           min_by(birth_month, rank) FILTER (birth_month IS NOT NULL) AS birth_month,
           min_by(age, rank) FILTER (age IS NOT NULL) AS age,
           coalesce(min_by(sex, rank) FILTER (sex IN ('female', 'male')),
                    min_by(sex, rank) FILTER (sex IS NOT NULL)) AS sex,
           coalesce(min_by(ethnic_category, rank) FILTER (upper(left(ethnic_category, 1)) BETWEEN 'A' AND 'S'),
                    min_by(ethnic_category, rank) FILTER (ethnic_category IS NOT NULL)) AS ethnic_category,
           min_by(lsoa11, rank) FILTER (lsoa11 IS NOT NULL) AS patient_lsoa
      FROM ranked GROUP BY person
), lived AS (
    SELECT person, min_by(household, ({_RANK}, coalesce(key, ''))) AS household
      FROM pop_address
     WHERE household IS NOT NULL AND coalesce(use, 'home') = 'home' AND (starts IS NULL OR starts <= $day)
       AND (ends IS NULL OR ends > $day)
     GROUP BY person
)
SELECT b.person, b.birth_month, b.age, b.sex, b.ethnic_category,
       CASE WHEN upper(left(b.ethnic_category, 1)) BETWEEN 'A' AND 'C' THEN 'White'
            WHEN upper(left(b.ethnic_category, 1)) BETWEEN 'D' AND 'G' THEN 'Mixed'
            WHEN upper(left(b.ethnic_category, 1)) BETWEEN 'H' AND 'L' THEN 'Asian'
            WHEN upper(left(b.ethnic_category, 1)) BETWEEN 'M' AND 'P' THEN 'Black'
            WHEN upper(left(b.ethnic_category, 1)) BETWEEN 'R' AND 'S' THEN 'Other' END AS ethnic_group,
       CASE WHEN h.person IS NULL THEN b.patient_lsoa ELSE coalesce(h.lsoa11, b.patient_lsoa) END AS lsoa11,
       r.practice, CASE WHEN d.death_month IS NULL THEN l.household END AS household, d.death_month
  FROM best b
  LEFT JOIN now_registered r USING (person) LEFT JOIN now_home h USING (person) LEFT JOIN lived l USING (person)
  LEFT JOIN dead d USING (person)
"""  # noqa: S608  # nosec B608
_LISTS = """
WITH named AS (
    SELECT practice FROM pop_patient WHERE practice IS NOT NULL
    UNION SELECT organisation FROM pop_registration WHERE kind = 'registration' AND organisation IS NOT NULL
), today AS (
    SELECT practice, count(*) AS people FROM spell WHERE starts <= $day AND (ends IS NULL OR ends > $day)
     GROUP BY practice
), change AS (
    SELECT practice, starts AS on_day, 1 AS one FROM spell
    UNION ALL SELECT practice, ends, -1 FROM spell WHERE ends IS NOT NULL
), daily AS (
    SELECT practice, on_day, sum(one) AS more FROM change GROUP BY practice, on_day
), held AS (
    SELECT practice, sum(more) OVER (PARTITION BY practice ORDER BY on_day) AS people FROM daily
), most AS (
    SELECT practice, max(people) AS people FROM held GROUP BY practice
)
SELECT practice, CAST(coalesce(t.people, m.people, 0) AS BIGINT)
  FROM named LEFT JOIN today t USING (practice) LEFT JOIN most m USING (practice) ORDER BY practice
"""
_WRITTEN = {
    "person": """
        SELECT w.person, w.birth_month, w.age, w.sex, w.ethnic_category, w.ethnic_group, w.lsoa11, s.imd_decile,
               s.deprivation_national, s.deprivation_local, w.practice, w.household,
               CASE WHEN w.household IS NOT NULL
                    THEN CAST(count(*) OVER (PARTITION BY w.household) AS INTEGER) END AS household_size,
               w.death_month, CAST($simulated AS BOOLEAN) AS is_simulated
          FROM whole w
          LEFT JOIN (SELECT * FROM small_area
                      WHERE (starts IS NULL OR starts <= $day) AND (ends IS NULL OR ends > $day)) s USING (lsoa11)
         ORDER BY w.person""",
    "registration": "SELECT person, practice, starts, ends FROM spell ORDER BY person, starts, practice",
    "residence": "SELECT person, lsoa11, starts, ends FROM home ORDER BY person, starts",
}


def can_derive(tables: Mapping[str, Any]) -> bool:
    """Answer whether the tables that persons are derived from are there."""
    return all(name in tables for name in _NEEDED)


def list_sizes(folder: Path, day: date, *, memory: str = "2GB", threads: int = 2) -> dict[str, int]:
    """Answer how many people each practice that pop_patient and pop_registration name has on its list on a day.

    A practice with which nobody is registered any more, since it closed, has as many as it had at most at one time. Who
    died is known here from the patient alone: deaths that only a register tells of are not read for this.
    """
    import duckdb

    database = duckdb.connect(config={"memory_limit": memory, "threads": threads, "temp_directory": str(folder)})
    try:
        database.execute("CREATE TABLE pop_death (person VARCHAR, death_month VARCHAR, key VARCHAR)")
        for name in ("pop_patient", "pop_registration"):
            files = str(folder / "tables" / name / "*.parquet")
            database.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}')")  # noqa: S608  # nosec B608
        for sql in (_DEATH, _BORN, _REGISTRATION):
            database.execute(sql, {"day": day} if "$day" in sql else None)
        return dict(database.execute(_LISTS, {"day": day}).fetchall())
    finally:
        database.close()


def derive(
    folder: Path, target: Path, day: date, *, is_simulated: bool, memory: str = "2GB", threads: int = 2
) -> dict[str, int]:
    """Write person, registration and residence from the tables below `folder`; answers their rows.

    Memory is bounded: what does not fit is put aside in the target's folder, which is controlled like the rest.
    """
    import duckdb

    spill = target / ".spill"
    spill.mkdir(mode=0o700, exist_ok=True)
    database = duckdb.connect(config={"memory_limit": memory, "threads": threads, "temp_directory": str(spill)})
    try:
        for name in (*_NEEDED, "small_area"):
            files = str(folder / "tables" / name / "*.parquet")
            database.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}')")  # noqa: S608  # nosec B608
        for sql in (_DEATH, _BORN, _REGISTRATION, _RESIDENCE, _PERSON):
            database.execute(sql, {"day": day} if "$day" in sql else None)
        return {
            name: _write(database, sql, name, target, {"day": day, "simulated": is_simulated})
            for name, sql in _WRITTEN.items()
        }
    finally:
        database.close()
        for left in spill.glob("*"):
            left.unlink()
        spill.rmdir()


def _write(database: Any, sql: str, name: str, target: Path, given: dict[str, Any]) -> int:
    import pyarrow as pa

    schema = TABLES[name]
    path = target / "tables" / name / "part-all.parquet"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    reader = database.execute(sql, {key: value for key, value in given.items() if f"${key}" in sql}).to_arrow_reader(
        GROUP_ROWS
    )
    rows = 0
    with new_writer(path, schema) as writer:
        for batch in reader:
            if batch.num_rows:
                rows += batch.num_rows
                writer.write_table(pa.Table.from_batches([batch]).cast(schema), row_group_size=GROUP_ROWS)
    return rows
