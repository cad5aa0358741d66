"""Counting a cohort by traits of its people, protected; and what is kept of the raw counts to compare later releases.

Counted on the last day of the snapshot's last whole month. Nothing here hands out rows: what is answered are counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.measures.disclosure.differences import AREAS, BETWEEN, UNKNOWN, Compared
from joinedup.measures.releases.checks import MOST_SUPPRESSED

if TYPE_CHECKING:
    from joinedup.measures.disclosure.protected import Protected
    from joinedup.population import Snapshot

TRAITS: Final = (
    "sex", "age_band", "ethnic_group", "deprivation_national", "deprivation_local", "place", "neighbourhood",
    "practice",
)  # fmt: skip
"""What a cohort may be counted by. Smaller areas and single ages are not among them."""
MOST_TRAITS: Final = 3
_BANDS: Final = ((0, "0-17"), (18, "18-39"), (40, "40-64"), (65, "65-74"), (75, "75-84"), (85, "85+"))
_WHOLE: Final = "group"


@dataclass(frozen=True)
class CohortCounts:
    """Protected counts by traits, the month they stand for, and the raw counts as the register keeps them."""

    protected: Protected
    period: str
    compared: Compared


def cohort_counts(
    snapshot: Snapshot, sentences: Sequence[str], by: Sequence[str] = (), *, mode: str = "nhs"
) -> CohortCounts:
    """Count the people of whom every sentence is true, by some of TRAITS; a trait that is not known is "Unknown".

    Raises RuleError for a trait that there is not, more than three, or a sentence that is not understood.
    """
    from joinedup.measures.disclosure.protected import protect

    check_traits(by)
    month = snapshot.months[-1]
    raw = _raw(snapshot, sentences, by, month)
    period = f"{month // 12}-{month % 12 + 1:02d}"
    cells = {
        BETWEEN.join(map(str, row[:-1])): int(row[-1])
        for row in raw[[*by, "people"]].itertuples(index=False, name=None)
    }
    shown = protect(raw, list(by) or [_WHOLE], ["people"], mode=mode)
    # What `protect` hid beside the small counts.
    frame = shown.frame
    starred = {
        BETWEEN.join(map(str, row)) if by else ""
        for row in frame[frame["people"].isna()][list(by)].itertuples(index=False, name=None)
    }
    hidden = tuple(sorted(cell for cell in starred if cells[cell] > MOST_SUPPRESSED))
    parts = _parts(snapshot, month) if set(AREAS).intersection(by) else {}
    return CohortCounts(shown, period, Compared(tuple(sentences), tuple(by), period, mode, cells, hidden, parts))


def check_traits(by: Sequence[str]) -> None:
    """Raise RuleError for a trait that there is not, for one named twice, or for more than three."""
    wrong = next((trait for trait in by if trait not in TRAITS), None)
    if wrong is not None:
        raise RuleError(
            f"A cohort is not counted by '{wrong}': expected {', '.join(TRAITS)}.{did_you_mean(wrong, TRAITS)}"
        )
    if len(by) > MOST_TRAITS or len(set(by)) < len(by):
        raise RuleError(f"A cohort is counted by at most {MOST_TRAITS} different traits.")


def _raw(snapshot: Snapshot, sentences: Sequence[str], by: Sequence[str], month: int) -> Any:
    from joinedup.population.evaluation import states
    from joinedup.population.facts import facts

    held = states(snapshot, sentences)
    people = held.filter(held.last_month >= month).select("person")
    if not by:
        import pandas as pd

        return pd.DataFrame({_WHOLE: ["everybody"], "people": [int(people.count().execute())]})
    born = facts(snapshot).people.select("person", "born")
    person = snapshot.table("person").inner_join(born, "person")
    person = person.mutate(age_band=_age_band((month - person.born) // 12))
    if set(AREAS).intersection(by):
        areas = _at_end_of(month, snapshot.table("practice_area")).select("practice", "neighbourhood", "place")
        person = person.left_join(areas, "practice").drop("practice_right")
    joined = person.semi_join(people, "person")
    traits = {trait: joined[trait].cast("string").fill_null(UNKNOWN) for trait in by}
    counted = joined.select(**traits).group_by(list(by)).aggregate(people=lambda table: table.count().cast("int64"))
    return counted.order_by(list(by)).execute()


def _at_end_of(month: int, areas: Any) -> Any:
    """Answer the rows of dated areas that are true on a month's last day."""
    from joinedup.population.months import last_day

    on = last_day(month)
    return areas.filter((areas.starts.isnull() | (areas.starts <= on)) & (areas.ends.isnull() | (areas.ends > on)))


def _parts(snapshot: Snapshot, month: int) -> dict[str, str]:
    """Answer of each area of a month of which it is a part; "" of the whole system."""
    areas = _at_end_of(month, snapshot.table("area")).select("code", "part_of").execute()
    found = {str(code): str(of) if isinstance(of, str) else "" for code, of in areas.itertuples(index=False)}
    practices = _at_end_of(month, snapshot.table("practice_area"))
    rows = practices.select("practice", "neighbourhood", "place").distinct().execute()
    for row in rows.itertuples(index=False, name=None):
        known = [str(code) for code in row if isinstance(code, str)]
        for code, of in zip(known, [*known[1:], ""], strict=True):
            found.setdefault(code, of)
    return dict(sorted(found.items()))


def _age_band(age: Any) -> Any:
    import ibis

    cases = [(age >= least, band) for least, band in reversed(_BANDS)]
    return ibis.cases(*cases)
