"""Activity as it may be seen: no count of 1 to 7 in it, nor one from which such a count could be worked out.

What is published is one tree for each point of delivery: the whole, its providers, and the services of each provider;
and, as another division of the whole, the places of the patients. All are audited together (`joint`, rules PE2, PE3).
Provider and place together are not published: small as most of those counts are, their two ways of adding up would take
more of the others away than they give. Services of a provider that are mostly below 8 a month are added up as "other
services" before anything is hidden, so that a provider's whole stays useful.

Amounts (nights in hospital, weeks of social care) are given to the nearest 5 where the number of stays or packages
behind them may be seen. A total from which the amount of 1 to 7 could be taken is the sum of the parts given instead.
The waiting list has the same tree, with bands of weeks waited below each service, the upper ones joined until they are
mostly 8 or more. People are counted by place, sex and band of age; more of them is the sum of what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from joinedup.measures.activity.counted import Activity
from joinedup.measures.activity.definitions import points_of_delivery
from joinedup.measures.disclosure.joint import Part, Rule, protect_measures
from joinedup.measures.disclosure.protected import EXCLUDES, Protected, protect
from joinedup.measures.disclosure.rounding import HIDDEN, SMALL, SUPPRESSED, nearest_five
from joinedup.population.months import first_day

if TYPE_CHECKING:
    import pandas as pd

OTHER: Final = "other services"
NO_DATA: Final = "no data for the month"
LEVELS: Final = ("system", "provider", "service", "place", "band")
BANDS: Final = (0, 6, 12, 18, 26, 39, 52, 65, 78)
"""The first whole weeks of each band of waits. 18, 52, 65 and 78 are limits that are reported on (rule ME3)."""
ENOUGH: Final = 0.75
"""A service, or band of waits, is shown by itself where so many of its months with data have 8 or more. [decision]"""
NOTE: Final = (
    "Counts are rounded to the nearest 5, totals on their own, so parts may not add up. * hides 1 to 7, or a number "
    "from which such a number could be worked out. "
    'An amount marked "excludes suppressed" is the sum of the parts shown.'
)
ACTIVITY_COLUMNS: Final = ["pod", "month", "level", "provider", "service", "place", "units", "status", "amount",
                           "amount_status"]  # fmt: skip
WAIT_COLUMNS: Final = ["what", "month", "level", "provider", "service", "weeks_from", "weeks_to", "pathways", "status"]
_OWN: Final = {"system": ("pod", "month"), "provider": ("pod", "month", "provider"),
               "service": ("pod", "month", "provider", "service")}  # fmt: skip


def protect_activity(raw: Activity) -> Protected:
    """Answer ACTIVITY_COLUMNS: `units` by level, and `amount`, the bed days of stays, at services and above.

    Where the unit is itself an amount (the weeks of SC), `units` follow the rule of amounts, and there are none by
    place. Months without data have a row for the whole, with that status and no count.
    """
    import pandas as pd

    cells = []
    for pod in raw.known:
        made = _folded(raw.counts[raw.counts["pod"] == pod], sorted(raw.known[pod]), "cases")
        cells.append(_levels(made, pod, sorted(raw.known[pod]), [*sorted(raw.places), ""], raw.system))
    table = pd.concat(cells, ignore_index=True)
    shown = _jointly(table, raw.system)
    frame = table.assign(units=shown["numerator"].array, status=shown["status"].to_numpy())
    frame = _with_amounts(frame)
    frame = pd.concat([frame[ACTIVITY_COLUMNS], *_without_data("pod", raw.known, raw.months, frame[ACTIVITY_COLUMNS])])
    return _told(frame, ACTIVITY_COLUMNS, ("units", "amount"))


def protect_waits(raw: Activity) -> Protected:
    """Answer WAIT_COLUMNS: open pathways by level down to bands of weeks, and clocks started and stopped.

    `weeks_to` is the last whole week of a band, null where it has no end. Flows have no bands.
    """
    import pandas as pd

    if not any(raw.known_waits.values()):
        return Protected(pd.DataFrame(columns=WAIT_COLUMNS), note=NOTE)
    kept = _kept_services(raw.waits[raw.waits["what"] == "open"], sorted(raw.known_waits["open"]), "pathways")
    tables = []
    for what, known in raw.known_waits.items():
        rows = raw.waits[raw.waits["what"] == what].rename(columns={"pathways": "cases"})
        rows = _fold(rows, kept).assign(units=0, nights=0, place="")
        months = sorted(known)
        made = _levels(rows, what, months, [], raw.system, every=kept)
        tables.append(made)
        if what == "open":
            tables.append(_bands(rows, months))
    table = pd.concat(tables, ignore_index=True)
    shown = _jointly(table, raw.system)
    frame = table.rename(columns={"pod": "what"}).assign(
        pathways=shown["numerator"].array, status=shown["status"].to_numpy()
    )
    for name in ("weeks_from", "weeks_to"):
        frame[name] = frame[name].astype("Int64")
    frame = pd.concat([frame[WAIT_COLUMNS], *_without_data("what", raw.known_waits, raw.months, frame[WAIT_COLUMNS])])
    return _told(frame, WAIT_COLUMNS, ("pathways",))


def _without_data(
    name: str, known: Mapping[str, frozenset[int]], months: Sequence[int], like: pd.DataFrame
) -> list[pd.DataFrame]:
    """Answer a row for the whole of each month without data, in the columns and kinds of another frame."""
    import pandas as pd

    missing = [(one, month) for one, has in known.items() for month in months if month not in has]
    if not missing:
        return []
    rows = pd.DataFrame(missing, columns=[name, "month"]).assign(level="system", status=NO_DATA)
    if "amount_status" in like.columns:
        rows["amount_status"] = NO_DATA
    kinds = like.dtypes
    for column in like.columns.difference(rows.columns):
        is_count = str(kinds[column]) == "Int64"
        rows[column] = pd.array([pd.NA] * len(rows), dtype="Int64") if is_count else ""
    return [rows[list(like.columns)]]


def protect_people(raw: Activity) -> Protected:
    """Answer (month, place, sex, age_band, people, people_status): the people registered with practices of a place."""
    frame = raw.people.assign(month=[first_day(month) for month in raw.people["month"]])
    return protect(frame, ["month", "place", "sex", "age_band"], ["people"])


# --- services that are kept, and others -------------------------------------------------------------------------------


def _kept_services(rows: pd.DataFrame, months: Sequence[int], column: str) -> dict[str, list[str]]:
    """Answer for each provider the services to be shown by themselves."""
    found: dict[str, list[str]] = {}
    totals = rows.groupby(["provider", "service", "month"])[column].sum().reset_index()
    for (provider, service), ones in totals.groupby(["provider", "service"], sort=True):
        enough = int(((ones[column] > SMALL) & ones["month"].isin(months)).sum())
        found.setdefault(str(provider), [])
        if service and months and enough >= ENOUGH * len(months):
            found[str(provider)].append(str(service))
    return found


def _folded(rows: pd.DataFrame, months: Sequence[int], column: str) -> pd.DataFrame:
    return _fold(rows, _kept_services(rows, months, column))


def _fold(rows: pd.DataFrame, kept: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    services = [
        service if service in kept.get(provider, ()) else (OTHER if kept.get(provider) else "")
        for provider, service in zip(rows["provider"], rows["service"], strict=True)
    ]
    return rows.assign(service=services)


# --- the cells of the tree --------------------------------------------------------------------------------------------


def _levels(
    rows: pd.DataFrame,
    pod: str,
    months: Sequence[int],
    places: Sequence[str],
    system: str,
    every: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Answer (pod, month, level, provider, service, place, area, n, sum): each cell of one tree, noughts as well."""
    import pandas as pd

    by_service = [(p, s) for p, s in sorted(set(zip(rows["provider"], rows["service"], strict=True)))]
    if every is not None:
        by_service = [(p, s) for p, kept in sorted(every.items()) for s in ([*kept, OTHER] if kept else [""])]
    providers = sorted({provider for provider, _ in by_service})
    chosen: list[tuple[dict[str, str], str, Any]] = [({"level": "system"}, system, slice(None))]
    for provider in providers:
        of = rows["provider"] == provider
        chosen.append(({"level": "provider", "provider": provider}, f"provider {provider}", of))
        chosen += [
            (
                {"level": "service", "provider": provider, "service": service},
                f"provider {provider} service {service}",
                of & (rows["service"] == service),
            )
            for at, service in by_service
            if at == provider
        ]
    chosen += [({"level": "place", "place": one}, f"place {one}", rows["place"] == one) for one in places]
    cells = []
    for said, area, which in chosen:
        sums = rows.loc[which].groupby("month")[["cases", "units", "nights"]].sum().reindex(list(months), fill_value=0)
        one = pd.DataFrame({"month": list(months), "n": sums["cases"].to_numpy(dtype=np.int64)})
        weighed = sums["units"] if _counts_weeks(pod) else sums["nights"]
        one["sum"] = weighed.to_numpy(dtype=np.int64)
        cells.append(one.assign(**{"pod": pod, "provider": "", "service": "", "place": "", **said, "area": area}))
    return pd.concat(cells, ignore_index=True)


def _bands(rows: pd.DataFrame, months: Sequence[int]) -> pd.DataFrame:
    """Answer cells of bands of weeks below each service, those above joined until the topmost is mostly 8 or more."""
    import pandas as pd

    cells = []
    for (provider, service), ones in rows.groupby(["provider", "service"], sort=True):
        first = np.searchsorted(np.array(BANDS), ones["weeks"].to_numpy(dtype=np.int64), side="right") - 1
        counts = np.zeros((len(BANDS), len(months)), dtype=np.int64)
        place = {month: at for at, month in enumerate(months)}
        inside = ones["month"].isin(months).to_numpy()
        np.add.at(
            counts,
            (first[inside], [place[month] for month in ones["month"][inside]]),
            ones["cases"].to_numpy(dtype=np.int64)[inside],
        )
        for start, stop in joined_bands(counts):
            cells.append(
                pd.DataFrame({"month": list(months), "n": counts[start:stop].sum(axis=0)}).assign(
                    pod="open",
                    level="band",
                    provider=str(provider),
                    service=str(service),
                    place="",
                    weeks_from=BANDS[start],
                    weeks_to=BANDS[stop] - 1 if stop < len(BANDS) else None,
                    area=f"provider {provider} service {service} weeks {BANDS[start]:02d}",
                    sum=0,
                )
            )
    return pd.concat(cells, ignore_index=True) if cells else pd.DataFrame()


def joined_bands(counts: Any) -> list[tuple[int, int]]:
    """Answer the bands to show of counts[band, month], as ranges of bands [start, stop): joined from the top down."""
    found: list[tuple[int, int]] = []
    stop = len(counts)
    for start in range(len(counts) - 1, -1, -1):
        months = counts[start:stop].sum(axis=0)
        if start == 0 or (months > SMALL).sum() >= ENOUGH * len(months):
            found.append((start, stop))
            stop = start
    # What is left at the bottom goes with the band above it.
    lowest = counts[: found[-1][1]].sum(axis=0)
    if len(found) > 1 and (lowest > SMALL).sum() < ENOUGH * len(lowest):
        (_, last) = found[-2]
        found[-2:] = [(0, last)]
    return found[::-1]


def _parts(table: pd.DataFrame, system: str) -> list[Part]:
    found = []
    for row in table.drop_duplicates("area").itertuples():
        if row.level in ("provider", "place"):
            found.append(Part(row.area, system, row.level))
        elif row.level == "service":
            found.append(Part(row.area, f"provider {row.provider}", "service"))
        elif row.level == "band":
            found.append(Part(row.area, f"provider {row.provider} service {row.service}", "band"))
    return found


def _jointly(table: pd.DataFrame, system: str) -> pd.DataFrame:
    """Answer (numerator, status) as they may be seen, row by row: each point of delivery is a tree of its own."""
    import pandas as pd

    found = []
    for pod, rows in table.groupby("pod", sort=False):
        counts = pd.DataFrame(
            {
                "measure": pod,
                "month": rows["month"],
                "area_kind": rows["level"],
                "area": rows["area"],
                "breakdown": "all",
                "band": "",
                "numerator": rows["n"].astype("Int64"),
                "denominator": pd.array([pd.NA] * len(rows), dtype="Int64"),
            }
        )
        shown = protect_measures(counts, _parts(rows, system), {str(pod): Rule("count")}).frame
        found.append(shown[["numerator", "status"]])
    return pd.concat(found).loc[table.index]


# --- amounts ----------------------------------------------------------------------------------------------------------


def _with_amounts(frame: pd.DataFrame) -> pd.DataFrame:
    """Answer the frame with `amount`, shown where 8 cases or more are behind it and behind what it is more than parts.

    A total stands where the cases behind the parts that are not given are none, or 8 or more: what is left when the
    parts given are taken off is never of 1 to 7. Else it is the sum of the parts given, and says so.
    """
    import pandas as pd

    has = frame["pod"].map({pod: _has_amount(pod) for pod in frame["pod"].unique()}).to_numpy(dtype=bool)
    is_open = (frame["status"] == "").to_numpy() & has
    amount, status = np.full(len(frame), HIDDEN, dtype=np.int64), np.full(len(frame), "", dtype=object)
    place = {
        level: {
            key: at for at, key in zip(ones.index, zip(*(ones[name] for name in _OWN[level]), strict=True), strict=True)
        }
        for level, ones in frame[has].groupby("level")
        if level in _OWN
    }
    own = frame["sum"].to_numpy(dtype=np.int64)
    cases = frame["n"].to_numpy(dtype=np.int64)
    given, left = nearest_five(own), np.zeros(len(frame), dtype=np.int64)
    parts: dict[int, list[int]] = {}
    for level, above in (("service", "provider"), ("provider", "system")):
        for key, at in place.get(level, {}).items():
            parts.setdefault(place[above][key[: len(_OWN[above])]], []).append(at)
    for level in ("service", "provider", "system"):
        for at in place.get(level, {}).values():
            inside = parts.get(at, [])
            # `left`: cases behind what neither this cell nor anything below it gives.
            left[at] = sum(int(left[one]) for one in inside) if inside else int(cases[at])
            is_safe = not 0 < own[at] <= SMALL and (not inside or not 0 < left[at] <= SMALL)
            if is_open[at] and is_safe:
                amount[at], left[at] = int(given[at]), 0
            elif any(amount[one] != HIDDEN for one in inside):
                amount[at] = sum(int(amount[one]) for one in inside if amount[one] != HIDDEN)
                status[at] = EXCLUDES
            else:
                status[at] = SUPPRESSED
    values = pd.array(np.where(amount == HIDDEN, 0, amount), dtype="Int64")
    values[amount == HIDDEN] = pd.NA
    frame = frame.assign(amount=values, amount_status=status)
    # Where weeks are what is counted, the number of packages behind them is not told: two numbers tell more than one.
    weeks = frame["pod"].map({pod: _counts_weeks(pod) for pod in frame["pod"].unique()}).to_numpy(dtype=bool)
    frame.loc[weeks, "units"] = frame.loc[weeks, "amount"]
    frame.loc[weeks, "status"] = frame.loc[weeks, "amount_status"]
    frame.loc[weeks, "amount"], frame.loc[weeks, "amount_status"] = pd.NA, ""
    return frame[~(weeks & (frame["level"] == "place").to_numpy())].reset_index(drop=True)


def _has_amount(pod: str) -> bool:
    return _counts_weeks(pod) or bool(points_of_delivery().get(pod) and points_of_delivery()[pod].bed_days)


def _counts_weeks(pod: str) -> bool:
    one = points_of_delivery().get(pod)
    return bool(one and any(source.weeks for source in one.sources))


def _told(frame: pd.DataFrame, columns: Sequence[str], counts: Sequence[str]) -> Protected:
    frame = frame.assign(month=[first_day(int(month)) for month in frame["month"]])
    for name in ("level", "provider", "service", "place", "status", "amount_status"):
        if name in columns:
            frame[name] = frame[name].fillna("").astype(str)
    for name in counts:
        frame[name] = frame[name].astype("Int64")
    return Protected(frame[list(columns)].reset_index(drop=True), note=NOTE)
