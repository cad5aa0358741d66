"""The payment schemes of each year, read from payment_schemes.toml: which one holds for a kind of care on a day (MC1).

The scheme is chosen by the day of the activity. A row that is only proposed is answered on request, to try it out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from joinedup.errors import FileError, RuleError, did_you_mean
from joinedup.money.allocation.splitting import exact, pence
from joinedup.planning import ParameterMissing, ParameterOverlap

SCHEMES = Path(__file__).with_name("payment_schemes.toml")
# A system's own decisions, below the folder of its data.
OWN_FILE = "decisions/payment_schemes.toml"
STATUSES = ("proposed", "adopted", "withdrawn")


class BandError(RuleError):
    """Bands of a scheme that do not say what each pound of difference is paid at."""


class SchemeNotAdopted(RuleError):
    """A scheme that is only proposed was asked to settle real money."""


@dataclass(frozen=True, slots=True)
class Band:
    """The part of a difference up to `up_to` (a share of the plan; None: all the rest) is paid at `rate`."""

    up_to: Decimal | None
    rate: Decimal
    break_glass: bool = False


@dataclass(frozen=True, slots=True)
class PaymentScheme:
    """A scheme with its bands for more and for less than planned, its days, and where it comes from.

    `cap_p` is the most that is paid, in pence; a scheme that `is_capped` settles nothing until it has one.
    """

    id: str
    kind: str
    title: str
    valid_from: date
    valid_to: date | None
    status: str
    over: tuple[Band, ...]
    under: tuple[Band, ...]
    source: str
    decided_by: str
    plan: str = ""
    to_confirm: tuple[str, ...] = ()
    is_capped: bool = False
    cap_p: int | None = None

    def holds_on(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)

    def up_to(self, cap_p: int) -> PaymentScheme:
        """Answer the same scheme with the contract's funded level, above which nothing is paid."""
        if pence(cap_p, "MC1", "the funded level") < 0:
            raise RuleError(f"MC1: the funded level is {cap_p:,} p; expected 0 or more.")
        return replace(self, cap_p=cap_p)


def bands(rows: Iterable[tuple[Any, Any] | tuple[Any, Any, bool]]) -> tuple[Band, ...]:
    """Answer checked bands from (up_to, rate, break_glass) rows: rising limits, no rate below 0.

    The last band has no limit, so that all of a difference has its rate. Raises BandError otherwise.
    """
    made = []
    for up_to, rate, *rest in rows:
        limit = None if up_to is None else exact(up_to, "a band's up_to", "MC1")
        made.append(Band(limit, exact(rate, "a band's rate", "MC1"), bool(rest and rest[0])))
    limits = [band.up_to for band in made]
    if not made or limits[-1] is not None or None in limits[:-1]:
        raise BandError(
            f"MC1: {len(made)} band(s), limits {', '.join(map(str, limits)) or 'none'}; expected at least one, "
            "and no limit (None) in the last alone. Say at which rate the rest is paid."
        )
    rising = [Decimal(0), *(limit for limit in limits if limit is not None)]
    if any(after <= before for before, after in pairwise(rising)):
        raise BandError(f"MC1: the bands end at {', '.join(map(str, rising[1:]))} of the plan; expected rising limits.")
    if any(band.rate < 0 for band in made):
        raise BandError("MC1: a band's rate is below 0; expected 0 or more: more activity never pays less.")
    return tuple(made)


def scheme_for(
    kind: str, on: date, *, include_proposed: bool = False, schemes: Iterable[PaymentScheme] | None = None
) -> PaymentScheme:
    """Answer the scheme of a kind of care ("emergency", "elective") on the day of the activity.

    An adopted row goes before a proposed one; `schemes` are those of the national file unless given. Raises
    ParameterMissing when none holds, ParameterOverlap when two do.
    """
    known = tuple(national_schemes() if schemes is None else schemes)
    kinds = sorted({one.kind for one in known})
    if kind not in kinds:
        raise ParameterMissing(
            f"MC1: no payment scheme is known for '{kind}'.{did_you_mean(kind, kinds)} Known: {', '.join(kinds)}."
        )
    holding = [one for one in known if one.kind == kind and one.holds_on(on)]
    for status in ("adopted", "proposed") if include_proposed else ("adopted",):
        found = [one for one in holding if one.status == status]
        if len(found) > 1:
            raise ParameterOverlap(
                f"MC1: {' and '.join(one.id for one in found)} both hold for {kind} care on {on}; exactly one may. "
                "End the one on the day on which the other begins."
            )
        if found:
            return found[0]
    raise ParameterMissing(
        f"MC1: no adopted payment scheme holds for {kind} care on {on}. {next_step(kind, on, known)}"
    )


def next_step(kind: str, on: date, known: Iterable[PaymentScheme]) -> str:
    """Say which row is missing where no adopted one holds, and what whoever decides it does next."""
    of_kind = [one for one in known if one.kind == kind]
    for one in of_kind:
        if one.holds_on(on) and one.status == "proposed":
            lacks = "" if one.over and one.under else ", the rates that were agreed in over and under"
            return (
                f"{one.id} is only proposed: it can be tried out (--try), but settles no money. Once it is decided, "
                f'copy its [[scheme]] into {OWN_FILE} with status = "adopted"{lacks} and who decided it in decided_by.'
            )
    rows = "; ".join(f"{one.id} from {one.valid_from} to {one.valid_to or 'further notice'}" for one in of_kind)
    return (
        f'Missing is a [[scheme]] with kind = "{kind}", status = "adopted" and days that hold {on}: add it to '
        f"{OWN_FILE}, with its rates and who decided it in decided_by. Known: {rows or 'none of this kind'}."
    )


@cache
def national_schemes() -> tuple[PaymentScheme, ...]:
    """Answer the schemes that joinedup brings along."""
    return read_payment_schemes(SCHEMES)


def read_payment_schemes(path: Path | str) -> tuple[PaymentScheme, ...]:
    """Read a TOML file of `[[scheme]]` tables; rates are texts, read exactly. FileError names the table and field."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = tomllib.load(file, parse_float=Decimal)
    except FileNotFoundError:
        raise FileError(path.name, "there is no such file.", "Give the path of a TOML file of schemes.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(path.name, f"expected TOML: {error}.", "Correct the file and read it again.") from None
    tables = content.get("scheme")
    if not isinstance(tables, list) or set(content) != {"scheme"}:
        raise FileError(path.name, "expected [[scheme]] tables and nothing else.", "Correct the file.")
    return tuple(_scheme(path.name, number, table) for number, table in enumerate(tables, 1))


def _scheme(file: str, number: int, table: Mapping[str, Any]) -> PaymentScheme:
    where = f"{file}, scheme {number} ({table.get('id', 'without id')})"
    known = PaymentScheme.__dataclass_fields__
    for name in table:
        if name not in known or name == "cap_p":
            raise FileError(where, f"'{name}' is unknown.{did_you_mean(name, known)}", "Correct the file.")
    for name in ("id", "kind", "title", "status", "source", "decided_by"):
        if not isinstance(table.get(name), str) or not table[name]:
            raise FileError(where, "expected a text.", "Add it and read the file again.", field=name)
    if table["status"] not in STATUSES:
        raise FileError(where, f"expected one of {', '.join(STATUSES)}.", "Correct the file.", field="status")
    start, to = table.get("valid_from"), table.get("valid_to")
    if type(start) is not date or (to is not None and (type(to) is not date or to <= start)):
        raise FileError(where, "expected dates such as 2026-04-01, the end after the start.", "Correct the file.",
                        field="valid_from, valid_to")  # fmt: skip
    sides: dict[str, tuple[Band, ...]] = {}
    for side in ("over", "under"):
        rows = table.get(side, [])
        # A scheme that settles money says at which rates; one that is proposed may still lack them.
        if not rows and table["status"] == "proposed":
            sides[side] = ()
            continue
        try:
            sides[side] = bands([(row.get("up_to"), row["rate"], row.get("break_glass", False)) for row in rows])
        except (RuleError, KeyError, AttributeError, TypeError) as error:
            said = str(error) if isinstance(error, RuleError) else "expected bands with up_to, rate and break_glass."
            raise FileError(where, said, "Correct the file.", field=side) from None
    rest = {name: table[name] for name in ("plan", "is_capped") if name in table}
    return PaymentScheme(
        table["id"], table["kind"], table["title"], start, to, table["status"], sides["over"], sides["under"],
        table["source"], table["decided_by"], to_confirm=tuple(table.get("to_confirm", ())), **rest,
    )  # fmt: skip
