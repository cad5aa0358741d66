"""Registers of long-term conditions, as general practice keeps them (rules: population PC5, PC6; `registers.toml`).

A diagnosis holds from its day until a code that resolves it, dated after it: on the same day it stays. Each register is
worked out for the end of every month at once. A register holds those of whom all that it asks is known and true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from joinedup.errors import NotFound, did_you_mean
from joinedup.population import spells
from joinedup.population.codelists import Codelist, codelist, codelist_names
from joinedup.population.definitions import Definitions, as_said, both
from joinedup.population.facts import Facts, facts
from joinedup.population.grid import Grid, MonthEnds
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse

OLDEST: Final = 200
COPD_REVISED: Final = date(2023, 4, 1)


@dataclass(frozen=True)
class Register:
    """What admits to a register and what keeps off it; the words are those of registers.toml."""

    name: str
    short: str
    title: str
    rule: str
    codes: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    lifelong: bool = False
    age_from: int | None = None
    age_to: int | None = None
    age_at_first: int | None = None
    since: date | None = None
    drug: tuple[str, int] | None = None
    without: tuple[str, ...] = ()
    either: tuple[tuple[str, ...], ...] = ()
    against: str = ""
    yields: bool = False
    part_of: str = ""
    is_sensitive: bool = False

    @property
    def is_plain(self) -> bool:
        """Tell whether a diagnosis that stands and an age are all that it asks."""
        return not (self.drug or self.without or self.either or self.against or self.part_of)

    @property
    def list_sentences(self) -> list[str]:
        """Answer the sentences of the list that its prevalence is of: registered people of the stated age."""
        ages = []
        if self.age_from is not None:
            ages = [f"is aged {self.age_from} " + (f"to {self.age_to}" if self.age_to is not None else "or over")]
        return ["is registered", *ages]


def known_registers() -> dict[str, Register]:
    """Answer every register by its name, parts of registers too."""
    return _known(both("registers.toml"))


@lru_cache(maxsize=2)
def _known(definitions: Definitions) -> dict[str, Register]:
    return {as_said(name): _register(name, said) for name, said in definitions.items()}


def counted_registers() -> list[Register]:
    """Answer the registers that are counted when somebody is on so many: all but those that are parts of others."""
    return [one for one in known_registers().values() if not one.part_of]


def register(name: str) -> Register:
    """Answer a register by its name or short name; raises NotFound with the nearest."""
    known = known_registers()
    found = {one.short.casefold(): one for one in known.values()} | known
    said = as_said(name)
    if said not in found:
        raise NotFound(
            f"There is no register '{name}'.{did_you_mean(said, found)} "
            f"There are: {', '.join(f'{one.name} ({one.short})' for one in known.values())}."
        )
    return found[said]


def registers(snapshot: Snapshot, *, months: range | None = None) -> Any:
    """Answer who is on which register: an Ibis table (person, register, first_month, last_month) of maximal spells.

    `register` is its short name ("HYP"). Parts of registers are not among them.
    """
    import ibis

    grid = MonthEnds(months or snapshot.months)
    kept = facts(snapshot)
    found = spells.spells_of(all_register_masks(snapshot, grid), kept.places, len(grid))
    start = ibis.literal(grid.months.start)
    return found.inner_join(kept.people.select("who", "person"), "who").select(
        "person",
        "register",
        first_month=lambda t: (t.first + start).cast("int32"),
        last_month=lambda t: (t.last + start).cast("int32"),
    )


def all_register_masks(snapshot: Snapshot, grid: Grid) -> Any:
    """Answer (who, register, mask): a row for each register that a person is ever on."""
    import ibis

    def make() -> Any:
        special = [one for one in counted_registers() if not one.is_plain]
        tables = [_plain_masks(facts(snapshot), grid, [one.short for one in counted_registers() if one.is_plain])]
        for one in special:
            masks = register_masks(snapshot, one, grid)
            tables.append(masks.select("who", register=ibis.literal(one.short), mask=masks.mask))
        return ibis.union(*tables)

    return facts(snapshot).kept(("registers", grid), make)


def on_at_least(snapshot: Snapshot, many: int, grid: Grid) -> Any:
    """Answer the mask table of those on at least so many registers."""
    kept = facts(snapshot)

    def make() -> Any:
        held = spells.spells_of(all_register_masks(snapshot, grid), kept.places, len(grid))
        return spells.held_at_once(held.select("who", "first", "last"), len(grid))

    counted = kept.kept(("registers held", grid), make)
    return spells.masks(counted.filter(counted.held >= many), len(grid))


def register_masks(snapshot: Snapshot, wanted: Register, grid: Grid) -> Any:
    """Answer the mask table of one register."""
    kept = facts(snapshot)
    return kept.noted(("register", wanted.name, grid), lambda: _masks(kept, wanted, grid))


def _masks(kept: Facts, wanted: Register, grid: Grid) -> Any:
    from joinedup.population.evaluation import all_of, answer

    snapshot = kept.snapshot
    if wanted.either:
        options = [all_of(snapshot, [parse(sentence) for sentence in option], grid) for option in wanted.either]
        return spells.united(options)
    if wanted.against:
        held = _of_type(kept, wanted, grid)
    else:
        held = _plain_masks(kept, grid, [wanted.short]).select("who", "mask")
    if wanted.part_of:
        held = spells.both(held, register_masks(snapshot, register(wanted.part_of), grid))
    if wanted.drug:
        name, months = wanted.drug
        held = spells.both(held, answer(snapshot, parse(f"was prescribed {name} in the {months} months"), grid).true)
    for other in wanted.without:
        standing = diagnosed(kept, grid)
        held = spells.without(held, standing.filter(standing.register == register(other).short).select("who", "mask"))
    return held


def diagnosed(kept: Facts, grid: Grid) -> Any:
    """Answer (who, register, mask): when a diagnosis of each register stands, whatever the person's age.

    Every register in one pass over the diagnoses.
    """
    import ibis

    def make() -> Any:
        rows = _standing_rows(kept)
        last = ibis.ifelse(rows.until.isnull(), len(grid) - 1, grid.from_day(rows.until) - 1)
        held = rows.select(
            "who", "register", first=grid.from_day(rows.on, rows.month).cast("int32"), last=last.cast("int32")
        )
        return spells.masks(held, len(grid), by=("who", "register"))

    return kept.kept(("diagnosed", grid), make)


def _plain_masks(kept: Facts, grid: Grid, shorts: list[str]) -> Any:
    """Answer (who, register, mask) of some registers: a diagnosis stands, and the age is the register's."""
    import ibis

    def make() -> Any:
        ages = _own(kept, "ages", _ages, {"register": "string", "low": "int32", "high": "int32"})
        rows = diagnosed(kept, grid).inner_join(ages, "register")
        rows = rows.inner_join(kept.people.select("who", "born", "age"), "who")
        if isinstance(grid, MonthEnds):
            first = ibis.greatest(grid.until_month(rows.born + 12 * rows.low), 0)
            last = ibis.least(grid.until_month(rows.born + 12 * rows.high + 11), len(grid) - 1)
            rows = rows.mutate(
                first=ibis.ifelse(rows.low == 0, 0, first), last=ibis.ifelse(rows.low == 0, len(grid) - 1, last)
            )
            rows = rows.filter(((rows.low == 0) | rows.born.notnull()) & (rows.first <= rows.last))
            rows = rows.mutate(mask=rows.mask & spells.mask_between(rows.first, rows.last))
        else:
            rows = rows.filter((rows.low == 0) | rows.age.between(rows.low, rows.high))
        return rows.filter(rows.mask != 0).select("who", "register", "mask")

    table = kept.kept(("of their age", grid), make)
    return table.filter(table.register.isin(shorts))


def _standing_rows(kept: Facts) -> Any:
    """Answer (who, register, on, month, until): each diagnosis that counts, and the day on which it ended, if any.

    It ended on the day on which it abated, or on that of the first resolving code that is dated after it.
    """
    import ibis

    def make() -> Any:
        roles = _own(
            kept, "roles", lambda: _roles(kept), {"code": "int32", "register": "string", "resolves": "boolean"}
        )
        rules = _own(
            kept,
            "rules",
            _rules,
            {"register": "string", "since": "date", "lifelong": "boolean", "months_at_first": "int32"},
        )
        rows = kept.coded.filter(kept.coded.gp).inner_join(roles, "code")
        found = rows.filter(~rows.resolves).inner_join(rules, "register")
        found = found.filter(found.on >= found.since)
        first = found.month.min().over(ibis.window(group_by=["who", "register"]))
        found = found.mutate(first=first).inner_join(kept.people.select("who", "born"), "who")
        found = found.filter((found.months_at_first == 0) | (found.first - found.born >= found.months_at_first))
        resolved = rows.filter(rows.resolves).select("who", "register", day="on").distinct()
        met = found.select("who", "register", "on").distinct().inner_join(resolved, ["who", "register"])
        met = met.filter(met.day > met.on).group_by("who", "register", "on").aggregate(ended=met.day.min())
        found = found.left_join(met, ["who", "register", "on"])
        abated = ibis.ifelse(found.abated > found.on, found.abated, ibis.null("date"))
        until = ibis.least(ibis.coalesce(abated, found.ended), ibis.coalesce(found.ended, abated))
        return found.select(
            "who", "register", "on", "month", until=ibis.ifelse(found.lifelong, ibis.null("date"), until)
        )

    return kept.kept("standing diagnoses", make)


def _own(kept: Facts, name: str, rows: Callable[[], list[dict[str, Any]]], schema: dict[str, str]) -> Any:
    return kept.kept(("register table", name), lambda: kept.from_memory(rows(), schema))


def _by_diagnosis() -> list[Register]:
    return [one for one in known_registers().values() if one.codes and not one.against]


def _ages() -> list[dict[str, Any]]:
    return [
        {"register": one.short, "low": one.age_from or 0, "high": OLDEST if one.age_to is None else one.age_to}
        for one in _by_diagnosis()
    ]


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "register": one.short,
            "since": one.since or date(1800, 1, 1),
            "lifelong": one.lifelong,
            "months_at_first": 12 * (one.age_at_first or 0),
        }
        for one in _by_diagnosis()
    ]


def _roles(kept: Facts) -> list[dict[str, Any]]:
    """Answer which code number admits to, and which ends, each register that is told by diagnoses."""
    rows = []
    for one in _by_diagnosis():
        rows += [{"code": n, "register": one.short, "resolves": False} for n in kept.numbers(_joined(one.codes))]
        for name in one.resolved:
            if as_said(name) in codelist_names():
                rows += [{"code": n, "register": one.short, "resolves": True} for n in kept.numbers(codelist(name))]
    return rows


def _of_type(kept: Facts, wanted: Register, grid: Grid) -> Any:
    """Answer when the latest code of two lists is of the wanted one; on one day the one that does not yield wins."""
    import ibis

    ours = kept.events_of(_joined(wanted.codes))
    theirs = kept.events_of(codelist(wanted.against))
    rows = ibis.union(
        ours.filter(ours.gp).select("who", "on", ours=ibis.literal(1).cast("int32")),
        theirs.filter(theirs.gp).select("who", "on", ours=ibis.literal(0).cast("int32")),
    )
    kind = rows.ours.min() if wanted.yields else rows.ours.max()
    days = rows.group_by("who", "on").aggregate(ours=kind)
    if not isinstance(grid, MonthEnds):
        days = days.filter(days.on <= grid.day)
    days = days.mutate(next=days.on.lead().over(ibis.window(group_by="who", order_by="on")))
    held = days.filter(days.ours == 1)
    last = ibis.ifelse(held.next.isnull(), len(grid) - 1, grid.from_day(held.next) - 1)
    return spells.masks(
        held.select("who", first=grid.from_day(held.on).cast("int32"), last=last.cast("int32")), len(grid)
    )


def copd_rules(snapshot: Snapshot) -> Any:
    """Answer (person, rule): which rule of the quality framework admits each person to the COPD register at the end.

    1: the first diagnosis that stands is before 1 April 2023; 2: it is later, with FEV1/FVC below 0.7 from 93 days
    before to 186 days after it; 3: the same around a registration of 1 April 2023 or later; 4: any that remains.
    To be confirmed against the current rule set: rule 4 admits whoever is left since version 50.
    """
    import ibis

    from joinedup.population.answers_about_care import readings
    from joinedup.population.named_values import named_value

    kept, wanted = facts(snapshot), register("COPD")
    grid = MonthEnds(range(snapshot.months[-1], snapshot.months[-1] + 1))
    on = register_masks(snapshot, wanted, grid)
    rows = _standing_rows(kept)
    rows = rows.filter((rows.register == wanted.short) & (rows.on <= grid.last))
    rows = rows.filter(rows.until.isnull() | (rows.until > grid.last))
    first = rows.group_by("who").aggregate(first_on=rows.on.min()).semi_join(on, "who")
    low = readings(kept, named_value("FEV1/FVC"))
    low = low.filter(low.value < 0.7).select("who", tested="on")

    def tested_near(days: Any) -> Any:
        met = days.inner_join(low, "who")
        before = (met.day - ibis.interval(days=93)).cast("date")
        after = (met.day + ibis.interval(days=186)).cast("date")
        return met.filter((met.tested >= before) & (met.tested <= after)).select("who").distinct()

    late = first.filter(first.first_on >= COPD_REVISED)
    second = tested_near(late.select("who", day="first_on")).mutate(rule=ibis.literal(2))
    joins = kept.of_people(snapshot.table("registration"))
    joins = joins.filter(joins.starts >= COPD_REVISED).semi_join(late, "who").select("who", day="starts")
    third = tested_near(joins).mutate(rule=ibis.literal(3))
    early = first.filter(first.first_on < COPD_REVISED).select("who", rule=ibis.literal(1))
    rest = first.select("who", rule=ibis.literal(4))
    every = ibis.union(*[one.select("who", rule=one.rule.cast("int32")) for one in (early, second, third, rest)])
    best = every.group_by("who").aggregate(rule=every.rule.min())
    return best.inner_join(kept.people.select("who", "person"), "who").select("person", "rule")


def _joined(names: tuple[str, ...]) -> Codelist:
    found = codelist(names[0])
    for name in names[1:]:
        found = found | codelist(name)
    return found


def _register(name: str, said: Mapping[str, Any]) -> Register:
    codes = said.get("codes", ())
    ages = said.get("age", ())
    drug = said.get("drug")
    return Register(
        name=name,
        short=said["short"],
        title=said["title"],
        rule=said["rule"],
        codes=(codes,) if isinstance(codes, str) else tuple(codes),
        resolved=tuple(said.get("resolved", ())),
        lifelong=said.get("lifelong", False),
        age_from=ages[0] if ages else None,
        age_to=ages[1] if len(ages) > 1 else None,
        age_at_first=said.get("age_at_first"),
        since=said.get("since"),
        drug=(drug["codelist"], drug["months"]) if drug else None,
        without=tuple(said.get("without", ())),
        either=tuple(tuple(option) for option in said.get("either", ())),
        against=said.get("against", ""),
        yields=said.get("yields", False),
        part_of=said.get("part_of", ""),
        is_sensitive=said.get("is_sensitive", False),
    )
