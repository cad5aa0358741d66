"""What a provider's activity is priced at, as the extract carries HRG and price: unprotected, for a payment alone.

Whoever computes a payment needs every unit and penny; what is then shown of it goes through `lines_to_show`. Opening
the door is written into the audit where there is a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from joinedup.errors import NotFound, Refused, RuleError, did_you_mean
from joinedup.measures.activity.files import FOLDER
from joinedup.measures.activity.reading import ActivityHistory, activity_history
from joinedup.measures.disclosure.rounding import SMALL

if TYPE_CHECKING:
    from joinedup.access import Grant

PAY: Final = "money.pay"
THE_REST: Final = "other points of delivery"
_WHOLE: Final = ("units", "unpriced", "pence")


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Units of one HRG at one point of delivery in a month, and what the extract prices them at, in whole pence.

    `hrg` is "" where the extract names none. `unpriced` of the units have no price at all: they are not in `pence`.
    """

    pod: str
    hrg: str
    month: date
    units: int
    pence: int
    unpriced: int = 0


@dataclass(frozen=True)
class PricedActivity:
    """What a provider did in some months. `missing` are points of delivery and months without data: they are not 0."""

    snapshot: str
    provider: str
    lines: tuple[PricedLine, ...]
    missing: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line that a statement may show: a point of delivery of 8 units or more, or all the others together."""

    pod: str
    units: int
    pence: int


def priced_activity(results: Any, grant: Grant, provider: str, months: Iterable[date]) -> PricedActivity:
    """Answer the units and pence of a provider by point of delivery, HRG and month, exact: for computing a payment.

    `results` are open results, an open history, or the id of a snapshot; `months` are days within the months wanted.
    Needs leave for money.pay, or a service's. Raises Refused without it and where this account may not open raw counts;
    NotFound for a provider without priced activity, and for a month that lies outside the results.
    """
    grant.must_be_for(PAY)
    history = _history(results)
    wanted = sorted({one.replace(day=1) for one in months})
    if not wanted:
        raise RuleError("No month was named: say for which months activity is to be priced.")
    outside = [one for one in wanted if one not in history.months]
    if outside:
        raise NotFound(
            f"There is no activity of {outside[0]:%B %Y}: it goes from {history.months[0]:%B %Y} to "
            f"{history.months[-1]:%B %Y}."
        )
    rows = _read(history.folder / "controlled" / "prices.parquet")
    providers = sorted({row["provider"] for row in rows})
    if provider not in providers:
        raise NotFound(f"There is no activity of a provider '{provider}'.{did_you_mean(provider, providers)}")
    numbers = {one.year * 12 + one.month - 1: one for one in wanted}
    lines = tuple(
        PricedLine(row["pod"], row["hrg"], numbers[row["month"]], row["units"], row["pence"], row["unpriced"])
        for row in sorted(rows, key=lambda row: (row["pod"], row["hrg"], row["month"]))
        if row["provider"] == provider and row["month"] in numbers
    )
    pods = sorted({row["pod"] for row in rows if row["provider"] == provider})
    missing = tuple((pod, month) for pod in pods for month in wanted if month not in history.known(pod))
    _enter(grant, history.snapshot_id, provider, wanted, len(lines))
    return PricedActivity(history.snapshot_id, provider, lines, missing)


def lines_to_show(lines: Iterable[PricedLine]) -> tuple[ShownLine, ...]:
    """Answer what a statement may show of lines: points of delivery of 8 units or more, and the rest as one line.

    Where the rest is of 1 to 7 units, what it is would follow from the total: the smallest of the others joins it.
    """
    sums: dict[str, list[int]] = {}
    for line in lines:
        of = sums.setdefault(line.pod, [0, 0])
        of[0] += line.units
        of[1] += line.pence
    order = sorted(sums, key=lambda pod: (sums[pod][0], pod))
    rest = [pod for pod in order if sums[pod][0] <= SMALL]
    shown = [pod for pod in order if pod not in rest]
    while shown and 0 < sum(sums[pod][0] for pod in rest) <= SMALL:
        rest.append(shown.pop(0))
    found = [ShownLine(pod, sums[pod][0], sums[pod][1]) for pod in sorted(shown)]
    units, pence = sum(sums[pod][0] for pod in rest), sum(sums[pod][1] for pod in rest)
    return (*found, ShownLine(THE_REST, units, pence)) if rest else tuple(found)


def _history(results: Any) -> ActivityHistory:
    if isinstance(results, ActivityHistory):
        return results
    folder = getattr(results, "folder", None)
    return activity_history(Path(folder) if folder is not None else results)


def _read(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except FileNotFoundError:
        raise NotFound(f"There are no prices in {FOLDER}. Make them: joinedup measure --all") from None
    except PermissionError:
        raise Refused(
            "This account may not open raw counts: payments are computed by the one that runs joinedup."
        ) from None
    return rows


def _enter(grant: Grant, snapshot: str, provider: str, months: Sequence[date], lines: int) -> None:
    from joinedup.measures.making import audited

    with audited(grant, "activity.priced") as enter:
        enter(
            snapshot, {"provider": provider, "from": f"{months[0]:%Y-%m}", "to": f"{months[-1]:%Y-%m}", "lines": lines}
        )
