"""What statements are answered from: coded facts about people, taken from the tables of a snapshot once and kept.

Each table holds people by `who`: on DuckDB a whole number of this connection, which joins several times as fast as the
pseudonym; on Spark, where numbering a population needs one machine, the pseudonym itself. Codes are numbers too: those
of every codelist that there is, so that a table read once answers every statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from threading import RLock
from typing import Any

from joinedup.population.codelists import Codelist, codelist, codelist_names
from joinedup.population.engines import keep
from joinedup.population.grid import WIDEST, month_of
from joinedup.population.snapshot import Snapshot

GP = ("gp", "bulk")
"""Feeds that are the record of general practice, or may be: a bulk export does not say."""
_RECORDED = {
    "snomed": ("snomed",),
    "dmd": ("https://dmd.nhs.uk", "dmd", "snomed"),
    "icd10": ("icd10",),
    "opcs4": ("opcs4",),
    "loinc": ("loinc",),
    "ctv3": ("http://read.info/ctv3",),
}
_KNOWN = tuple(sorted({system for systems in _RECORDED.values() for system in systems}))


def facts(snapshot: Snapshot) -> Facts:
    """Answer the facts of an open snapshot; they are kept as long as it is."""
    kept = vars(snapshot).get("_facts")
    if kept is None:
        kept = vars(snapshot).setdefault("_facts", Facts(snapshot))
    assert isinstance(kept, Facts)
    return kept


class Facts:
    """The kept tables of one open snapshot. Every property is an Ibis table; `kept` makes and holds any other."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.lock = RLock()
        self._kept: dict[object, Any] = {}

    def kept(self, key: object, make: Callable[[], Any]) -> Any:
        """Answer a table made before under this key, or make it and keep it in the engine."""
        return self.held(key, lambda: keep(self.snapshot.connection, make()))

    def noted(self, key: object, make: Callable[[], Any]) -> Any:
        """Answer a small table that follows from kept ones: kept as well, but on Spark worked out anew each time.

        There each kept table costs a plan and a job of its own, which is more than it saves.
        """
        return self.held(key, lambda: self.note(make()))

    def note(self, table: Any) -> Any:
        return keep(self.snapshot.connection, table) if self.snapshot.engine == "duckdb" else table

    def held(self, key: object, make: Callable[[], Any]) -> Any:
        """Answer what was made before under this key, or make it and hold it here."""
        with self.lock:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]

    def table(self, name: str) -> Any:
        """Answer a table of the snapshot, opened once."""
        return self.held(("table", name), lambda: self.snapshot.table(name))

    @cached_property
    def people(self) -> Any:
        """Answer (who, person, born, …): one row a person, `born` and `died` as month numbers."""
        import ibis

        def make() -> Any:
            person = self.table("person")
            if self.snapshot.engine == "duckdb":
                who = ibis.row_number().over(ibis.window(order_by="person")).cast("int32")
            else:
                who = person.person
            return person.select(
                who=who,
                person="person",
                born=_month_of_text(person.birth_month),
                died=_month_of_text(person.death_month),
                age="age",
                sex="sex",
                ethnic_group="ethnic_group",
            )

        return self.kept("people", make)

    def of_people(self, table: Any) -> Any:
        """Answer a table with `who` in the place of the pseudonym, without rows about people that are not there."""
        return table.inner_join(self.people.select("who", "person"), "person").drop("person")

    @cached_property
    def places(self) -> Any:
        """Answer the places of a grid with their powers of two: what masks are taken apart with."""
        rows = [{"place": n, "power": 2**n} for n in range(WIDEST + 1)]
        return self.kept("places", lambda: self.from_memory(rows, {"place": "int32", "power": "int64"}))

    @cached_property
    def code_numbers(self) -> dict[tuple[str, str], int]:
        """Answer the number of each code, by system as recorded. Of ICD-10 the category and each fourth character."""
        codes: set[tuple[str, str]] = set()
        for name in codelist_names():
            codes.update(recorded_codes(codelist(name)))
        return {code: number for number, code in enumerate(sorted(codes))}

    def numbers(self, wanted: Codelist) -> list[int]:
        """Answer the numbers of a list's codes."""
        known = self.code_numbers
        return sorted({known[code] for code in recorded_codes(wanted) if code in known})

    @cached_property
    def codes(self) -> Any:
        """Answer (system, code, number) as a table."""
        rows = [{"system": s, "code": c, "number": n} for (s, c), n in self.code_numbers.items()]
        schema = {"system": "string", "code": "string", "number": "int32"}
        return self.kept("codes", lambda: self.from_memory(rows, schema))

    @cached_property
    def coded(self) -> Any:
        """Answer (who, code, on, month, gp, abated, value, answer): what is recorded under a code of any list."""
        import ibis

        def make() -> Any:
            none, nothing = ibis.null("date"), ibis.null("float64")
            conditions = self.table("pop_condition")
            conditions = conditions.select(
                "person", "feed", "system", "code", "on", abated="abated", value=nothing, value_code=ibis.null("string")
            )
            observed = self.table("pop_observation")
            observed = observed.select(
                "person", "feed", "system", "code", "on", abated=none, value="value", value_code="value_code"
            )
            done = self.table("pop_procedure")
            done = done.select(
                "person", "feed", "system", "code", "on", abated=none, value=nothing, value_code=ibis.null("string")
            )
            rows = self._coded(ibis.union(conditions, observed, done))
            answers = self.codes.filter(self.codes.system == "snomed").select(value_code="code", answer="number")
            rows = rows.left_join(answers, "value_code").drop("value_code", "value_code_right")
            rows = self.of_people(rows).mutate(gp=lambda t: t.feed.isin(GP))
            return rows.select("who", "code", "on", "month", "gp", "abated", "value", "answer")

        return self.kept("coded", make)

    @cached_property
    def medicines(self) -> Any:
        """Answer (who, code, on, month, ends, is_issue): requests, and statements of what is taken."""

        def make() -> Any:
            rows = self.table("pop_medication")
            rows = self._coded(rows.select("person", "feed", "system", "code", "on", "ends", "kind"))
            rows = self.of_people(rows).mutate(is_issue=lambda t: t.kind == "request")
            return rows.select("who", "code", "on", "month", "ends", "is_issue")

        return self.kept("medicines", make)

    @cached_property
    def immunisations(self) -> Any:
        """Answer (who, code, on, month): by the product and by the procedure; one given under both is there twice."""
        import ibis

        def make() -> Any:
            rows = self.table("pop_immunisation")
            rows = rows.filter(rows.status == "completed")
            by_product = rows.select("person", "feed", "system", "code", "on")
            by_procedure = rows.select("person", "feed", system=ibis.literal("snomed"), code="procedure", on="on")
            return self.of_people(self._coded(ibis.union(by_product, by_procedure))).select(
                "who", "code", "on", "month"
            )

        return self.kept("immunisations", make)

    def events_of(self, wanted: Codelist) -> Any:
        """Answer the coded rows of a list."""
        return self.coded.filter(self.coded.code.isin(self.numbers(wanted)))

    def _coded(self, rows: Any) -> Any:
        """Answer rows with the number of their code, without those of no list and those without a day."""
        import ibis

        rows = rows.filter(rows.code.notnull() & rows.on.notnull())
        plain = rows.code.replace(".", "").upper()
        code = ibis.cases(
            (rows.system == "icd10", plain.substr(0, 4)), (rows.system == "opcs4", plain), else_=rows.code
        )
        # Codes of a system that is none of ours are local ones: those of a council, a voluntary organisation.
        system = ibis.ifelse(rows.system.isin(_KNOWN), rows.system, "local")
        rows = rows.mutate(code=code, system=system)
        joined = rows.inner_join(self.codes, ["system", "code"])
        return joined.drop("system", "code").rename(code="number").mutate(month=lambda t: month_of(t.on))

    def from_memory(self, rows: list[dict[str, Any]], schema: dict[str, str]) -> Any:
        """Answer rows of ours as a table of the engine."""
        import ibis

        name = f"joinedup_{id(self)}_{len(self._kept)}"
        return self.snapshot.connection.create_view(name, ibis.memtable(rows, schema=schema), overwrite=True)


def recorded_codes(wanted: Codelist) -> Iterable[tuple[str, str]]:
    """Answer (system, code) as records may give the codes of a list and of those beside it."""
    for part in wanted.parts:
        yield from _recorded(part)


def _recorded(part: Codelist) -> Iterable[tuple[str, str]]:
    systems = _RECORDED.get(part.system, (part.system,))
    for code in part.codes:
        for system in systems:
            if system != "icd10":
                yield system, code.replace(".", "") if system == "opcs4" else code
                continue
            # Records give ICD-10 with and without its dot, with a fourth character or an X in its place.
            plain = code.replace(".", "").upper()[:4]
            yield system, plain
            if len(plain) == 3:
                yield from ((system, plain + end) for end in "0123456789X")


def _month_of_text(text: Any) -> Any:
    """Answer the month number of YYYY-MM text."""
    return (text.left(4).cast("int32") * 12 + text.right(2).cast("int32") - 1).cast("int32")
