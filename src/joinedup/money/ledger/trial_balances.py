"""Reading a partner's trial balance as its finance system exports it, and reconciling it with the pot's ledger.

A CSV file with the columns account, name, debit and credit, one account a row, UTF-8. A row has pounds in one of the
two columns; a blank is not a zero (rule M0.6), so a row with both blank is refused. A `period` column is looked at when
there is one: every row must be of the month that was asked for. A last row whose account or name is "Total" must be the
sum of those above it.

The file is taken whole or not at all: `TrialBalanceError` names every cell that cannot be, and a file whose debits and
credits differ is no trial balance.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from joinedup.errors import FileError, RuleError, did_you_mean
from joinedup.money.ledger.double_entry import account as account_of_chart

COLUMNS: Final = ("account", "name", "debit", "credit")
NAMES: Final = MappingProxyType(
    {
        "account": "account", "account code": "account", "code": "account", "nominal": "account",
        "nominal code": "account", "name": "name", "account name": "name", "description": "name",
        "debit": "debit", "dr": "debit", "credit": "credit", "cr": "credit", "period": "period", "month": "period",
    }
)  # fmt: skip
"""What finance systems call the columns, small letters."""

MONEY = re.compile(r"(?P<minus>-)?£?(?P<pounds>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<pence>\d{2}))?")
FORMULA = ("=", "+", "@", "\t")
MOST_BYTES = 20_000_000
SHOWN = 20  # cells at fault that a message names; it says how many more there are


@dataclass(frozen=True, slots=True)
class Fault:
    """One cell that cannot be: row of the file (the heading is 1), column, and what was expected. No value."""

    row: int
    column: str
    expected: str


class TrialBalanceError(FileError):
    """A trial balance could not be taken in; nothing of it was kept. `faults` names every cell."""

    def __init__(self, file: str, faults: Sequence[Fault], next_step: str = "") -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        more = "".join(f"\n{file}, line {one.row}, field {one.column}: {one.expected}" for one in self.faults[1:SHOWN])
        if len(self.faults) > SHOWN:
            more += f"\nand {len(self.faults) - SHOWN} more"
        super().__init__(
            file,
            first.expected + more,
            next_step or "Correct the export and give it again.",
            line=first.row,
            field=first.column,
        )


class Unbalanced(TrialBalanceError):
    """Debits and credits of a trial balance differ, if only by a penny."""


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """One account of a partner's own ledger, in pence; `row` is its row in the file."""

    account: str
    name: str
    debit_pence: int
    credit_pence: int
    row: int

    @property
    def balance(self) -> int:
        """Debit plus, credit minus."""
        return self.debit_pence - self.credit_pence


@dataclass(frozen=True, slots=True)
class PartnerAccount:
    """Which of the pot's accounts one of a partner's own accounts is; others are business outside the pot."""

    partner_account: str
    account: str
    fund: str
    budget_line: str = ""

    def __post_init__(self) -> None:
        account_of_chart(self.account)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line on which the partner's ledger and the pot's differ, in pence, and the partner's accounts behind it."""

    account: str
    fund: str
    budget_line: str
    partner_says: int
    pot_says: int
    partner_accounts: tuple[str, ...]

    @property
    def difference(self) -> int:
        return self.partner_says - self.pot_says


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How a trial balance compares with the pot: lines that agree, that differ, and accounts outside the pot."""

    agreed: int
    differences: tuple[Difference, ...]
    outside: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences


def read_trial_balance(path: Path | str, month: date) -> list[TrialBalanceLine]:
    """Read a trial balance of a month (its first day) from a CSV file; raises TrialBalanceError, keeps nothing."""
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileError(path.name, f"expected at most {MOST_BYTES:,} bytes", "Is this one month's trial balance?")
        content = path.read_bytes()
    except OSError:
        raise FileError(path.name, "the file cannot be read", "Give the path of a CSV file.") from None
    return parse_trial_balance(path.name, content, month)


def parse_trial_balance(file: str, content: bytes, month: date) -> list[TrialBalanceLine]:
    """Read the bytes of a trial balance; see `read_trial_balance`. `file` is its name in errors."""
    if month.day != 1:
        raise RuleError(f"MB3: {month} is no month; give its first day.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise TrialBalanceError(file, [Fault(row, "all", "expected UTF-8")], "Export it as CSV UTF-8.") from None
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    except csv.Error as error:
        raise FileError(file, f"expected CSV: {error}", "Export it as CSV UTF-8.") from None
    columns = _columns(file, rows[0] if rows else [])
    lines: list[TrialBalanceLine] = []
    faults: list[Fault] = []
    total: TrialBalanceLine | None = None
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if total is not None:
            faults.append(Fault(total.row, "account", "the total is expected in the last row"))
            total = None
        if len(cells) != len(rows[0]):
            faults.append(Fault(number, "all", f"expected {len(rows[0])} cells, found {len(cells)}"))
            continue
        line = _line(number, {name: cells[at].strip() for name, at in columns.items()}, month, faults)
        if line is None:
            continue
        if "total" in (line.account.casefold(), line.name.casefold()):
            total = line
        else:
            lines.append(line)
    faults += _twice(lines)
    if not lines and not faults:
        faults.append(Fault(2, "account", "expected at least one account"))
    if faults:
        raise TrialBalanceError(file, sorted(faults, key=lambda one: (one.row, one.column)))
    _must_balance(file, lines, total)
    return lines


def check_months(month: date, known: Iterable[date], *, partner: str) -> None:
    """Raise RuleError when a partner's month is there already: it is replaced with a reason, never loaded twice."""
    if month in set(known):
        raise RuleError(
            f"The trial balance of {partner} for {month:%B %Y} is here already. Nothing was loaded. To put a corrected "
            "one in its place, say why."
        )


def reconcile(
    lines: Iterable[TrialBalanceLine],
    accounts: Iterable[PartnerAccount],
    pot: Mapping[tuple[str, str, str], int],
) -> Reconciliation:
    """Compare a partner's trial balance with the pot's ledger to the penny, line by line.

    `pot` has the pence in that partner's books by (account, fund, budget line), plus is debit, memorandum accounts left
    out. A line that only one side has counts as 0 on the other. Accounts that `accounts` does not name are outside.
    """
    known = {one.partner_account: one for one in accounts}
    partner: dict[tuple[str, str, str], int] = {}
    behind: dict[tuple[str, str, str], list[str]] = {}
    outside: list[str] = []
    for line in lines:
        if (to := known.get(line.account)) is None:
            outside.append(line.account)
            continue
        key = (to.account, to.fund, to.budget_line)
        partner[key] = partner.get(key, 0) + line.balance
        behind.setdefault(key, []).append(line.account)
    differences, agreed = [], 0
    for key in sorted({*partner, *pot}):
        says, pot_says = partner.get(key, 0), pot.get(key, 0)
        if says == pot_says:
            agreed += 1
        else:
            differences.append(Difference(*key, says, pot_says, tuple(behind.get(key, ()))))
    return Reconciliation(agreed, tuple(differences), tuple(outside))


def _columns(file: str, heading: Sequence[str]) -> dict[str, int]:
    """Answer where each column stands; they may stand in any order, and others may stand beside them."""
    found: dict[str, int] = {}
    for at, cell in enumerate(heading):
        name = NAMES.get(cell.strip().casefold())
        if name in found:
            raise TrialBalanceError(file, [Fault(1, name, "the column is there twice")])
        if name:
            found[name] = at
    given = [cell.strip() for cell in heading]
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        near = next((hint for name in missing if (hint := did_you_mean(name, given))), "")
        raise TrialBalanceError(
            file,
            [Fault(1, name, f"the column is missing, expected {', '.join(COLUMNS)}.{near}") for name in missing],
        )
    return found


def _line(row: int, cells: Mapping[str, str], month: date, faults: list[Fault]) -> TrialBalanceLine | None:
    before = len(faults)
    is_total = "total" in (cells["account"].casefold(), cells["name"].casefold())
    if not cells["account"] and not is_total:
        faults.append(Fault(row, "account", "expected the code of an account, found nothing"))
    if cells["account"].startswith(FORMULA):
        faults.append(Fault(row, "account", "expected the code of an account, found a formula"))
    if "period" in cells and not is_total and _month(cells["period"]) != month:
        faults.append(Fault(row, "period", f"expected {month:%Y-%m}, found another month or none"))
    pence = {name: _pence(row, name, cells[name], faults) for name in ("debit", "credit")}
    if not cells["debit"] and not cells["credit"]:
        faults.append(Fault(row, "debit", "expected pounds in debit or in credit, found neither"))
    elif pence["debit"] and pence["credit"] and not is_total:
        faults.append(Fault(row, "credit", "expected pounds in debit or in credit, found both"))
    if len(faults) > before:
        return None
    return TrialBalanceLine(cells["account"], cells["name"], pence["debit"], pence["credit"], row)


def _pence(row: int, column: str, text: str, faults: list[Fault]) -> int:
    if not text:
        return 0
    plain = f"-{text[1:-1]}" if text.startswith("(") and text.endswith(")") else text
    match = MONEY.fullmatch(plain)
    if match:
        pence = int(match["pounds"].replace(",", "")) * 100 + int(match["pence"] or 0)
        return -pence if match["minus"] else pence
    if text.startswith(FORMULA):
        what = "a formula; save its value"
    elif re.fullmatch(r"[-(]?£?[\d,]+\.\d+\)?", text):
        what = "another number of places after the point"
    elif re.fullmatch(r"[-+]?[\d.]+[eE][-+]?\d+", text):
        what = "a number in powers of ten, which has lost its pence"
    else:
        what = "text"
    faults.append(Fault(row, column, f"expected pounds and pence such as 1234.56, found {what}"))
    return 0


def _month(text: str) -> date | None:
    for form in (r"(?P<year>\d{4})-(?P<month>\d{2})(-\d{2})?", r"(\d{2}/)?(?P<month>\d{2})/(?P<year>\d{4})"):
        if match := re.fullmatch(form, text):
            number = int(match["month"])
            return date(int(match["year"]), number, 1) if 1 <= number <= 12 and int(match["year"]) else None
    return None


def _twice(lines: Sequence[TrialBalanceLine]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for line in lines:
        if line.account in first:
            yield Fault(line.row, "account", f"the account is there already, in row {first[line.account]}")
        first.setdefault(line.account, line.row)


def _must_balance(file: str, lines: Sequence[TrialBalanceLine], total: TrialBalanceLine | None) -> None:
    debit, credit = sum(line.debit_pence for line in lines), sum(line.credit_pence for line in lines)
    if debit != credit:
        last = lines[-1].row
        raise Unbalanced(
            file,
            [Fault(last, "debit", f"debits {pounds(debit)} and credits {pounds(credit)} differ by "
                                  f"{pounds(debit - credit)}, expected equal sums")],
            "Ask the partner for an export that balances.",
        )  # fmt: skip
    if total is not None and (total.debit_pence, total.credit_pence) != (debit, credit):
        raise Unbalanced(
            file, [Fault(total.row, "debit", "the total is not the sum of the rows")], "Is a row missing? Export again."
        )


def pounds(pence: int) -> str:
    """Answer pence as pounds in words: -123456 is -£1,234.56."""
    return f"{'-' if pence < 0 else ''}£{abs(pence) // 100:,}.{abs(pence) % 100:02}"
