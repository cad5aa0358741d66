"""Bodies that merge or split: what they held is what their successors hold, to the penny (rule MA12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.allocation.splitting import Code, Number, exact, share_out, total, whole_weights

Amount = int | Decimal
# What each body holds, by name: weighted population, population, baseline, commitments, open balances. Money is whole
# pence (int), populations are Decimal.
Ledger = Mapping[Code, Mapping[str, Amount]]


class TotalsChanged(RuleError):
    """A sum is not the same before and after."""


@dataclass(frozen=True, slots=True)
class LineageRow:
    """`share` of what `from_body` held went to `to_body` on a day."""

    from_body: Code
    to_body: Code
    share: Fraction
    on: date


@dataclass(frozen=True, slots=True)
class Lineage:
    """Who followed whom, and what each successor holds, by body and name."""

    rows: tuple[LineageRow, ...]
    held: dict[Code, dict[str, Amount]]


def succeed(bodies: Sequence[Code], into: Code, on: date, ledger: Ledger) -> Lineage:
    """Merge bodies into one on a day: it holds the sum of everything that they held.

    Where `ledger` has a row of `into` already, and it is not one of the bodies, it is what the successor is said to
    hold, and is held against the sums. Raises TotalsChanged with the first difference, RuleError for no bodies, one
    named twice, or one without a row.
    """
    if not bodies or len(set(bodies)) != len(bodies):
        raise RuleError(f"MA12: given {len(bodies)} bodies ({', '.join(bodies)}); expected one or more, each once.")
    sums = _sums([_held(ledger, body) for body in bodies])
    if into in ledger and into not in bodies:
        _compare(sums, ledger[into], f"{into} on {on}")
    return Lineage(tuple(LineageRow(body, into, Fraction(1), on) for body in bodies), {into: sums})


def split_body(body: Code, into: Mapping[Code, Number], on: date, ledger: Ledger) -> Lineage:
    """Split a body by weights on a day: money to the penny by the largest remainder (MA5), populations likewise.

    A population is split in units of its own last decimal place, so that it adds up again exactly. Raises WeightError
    as `split_pence`, and TotalsChanged should any sum differ.
    """
    weights = whole_weights(into)
    before = _held(ledger, body)
    held: dict[Code, dict[str, Amount]] = {code: {} for code in into}
    for name, amount in before.items():
        for code, part in _parts(amount, weights, name).items():
            held[code][name] = part
    _compare(_sums(held.values()), before, f"{body} on {on}")
    whole = sum(weights.values())
    rows = tuple(LineageRow(body, code, Fraction(weight, whole), on) for code, weight in weights.items())
    return Lineage(rows, held)


def _parts(amount: Amount, weights: Mapping[Code, int], name: str) -> Mapping[Code, Amount]:
    if isinstance(amount, int):
        return share_out(amount, weights)
    exponent = int(exact(amount, name, "MA12").as_tuple().exponent)
    sign, digits, _ = amount.as_tuple()
    units = int("".join(map(str, digits))) * (-1 if sign else 1)
    return {code: Decimal(part).scaleb(exponent) for code, part in share_out(units, weights).items()}


def _held(ledger: Ledger, body: Code) -> Mapping[str, Amount]:
    if body not in ledger:
        raise RuleError(f"MA12: nothing is known of what '{body}' holds.{did_you_mean(body, ledger)} Add its row.")
    for name, amount in ledger[body].items():
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise RuleError(f"MA12: {name} of {body} is {amount!r}; expected whole pence, or a Decimal for people.")
    return ledger[body]


def _sums(rows: Iterable[Mapping[str, Amount]]) -> dict[str, Amount]:
    sums: dict[str, Amount] = {}
    for row in rows:
        for name, amount in row.items():
            before = sums.get(name, 0)
            is_money = isinstance(amount, int) and isinstance(before, int)
            sums[name] = amount + before if is_money else total([Decimal(before), Decimal(amount)])
    return sums


def _compare(sums: Mapping[str, Amount], said: Mapping[str, Amount], whose: str) -> None:
    for name in sorted(sums.keys() | said.keys()):
        expected, found = sums.get(name, 0), said.get(name, 0)
        if expected != found:
            raise TotalsChanged(
                f"MA12: {name} of {whose} is {found}, but the bodies before it held {expected} (difference "
                f"{total([Decimal(found), -Decimal(expected)])}); expected no difference. Nothing was merged; find it."
            )
