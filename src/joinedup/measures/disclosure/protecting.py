"""From raw counts to figures that may be seen: protected counts, their values and limits, reasons where there is none.

Ratios and their limits are of the protected counts (rules: population PE4). A directly standardised rate is of the
exact counts, from 10 events on, and only where its count is shown; a mean likewise, from 8 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from joinedup.measures.computing import Computed
from joinedup.measures.disclosure.joint import Part, Rule, protect_measures
from joinedup.measures.disclosure.protected import Protected
from joinedup.measures.result_files import FIGURE_COLUMNS
from joinedup.measures.statistics import counts as limits_of_counts
from joinedup.measures.statistics.frames import levels
from joinedup.measures.statistics.proportions import wilson
from joinedup.measures.statistics.standardised import TOO_FEW as FEWER_THAN_TEN, dsr
from joinedup.measures.tallying import BANDS

if TYPE_CHECKING:
    import pandas as pd

KEYS: Final = ["measure", "month", "area_kind", "area", "breakdown", "band"]
SUPPRESSED: Final = "suppressed"
NOBODY: Final = "nobody in the denominator"
TOO_FEW: Final = "too few events"
(_LEVEL,) = levels(0.95)


def protect_computed(computed: Computed) -> Protected:
    """Answer every figure with its reason where there is none, in the columns of `result_files.FIGURE_COLUMNS`."""
    import pandas as pd

    raw = computed.counts
    given = raw[raw["why"] == ""].reset_index(drop=True)
    protected = _protect(given, computed)
    figures = _with_limits(protected.frame.reset_index(drop=True), given, computed)
    figures = _with_standardised(figures, computed)
    absent = raw[raw["why"] != ""][KEYS].assign(status=raw["why"], standardised_status="")
    whole = pd.concat([figures, absent], ignore_index=True)
    whole["month"] = whole["month"].map({month: _first_day(month) for month in computed.months})
    for name, kind in FIGURE_COLUMNS.items():
        if kind == "int64":
            whole[name] = whole[name].astype("Int64")
        elif kind == "float64":
            whole[name] = whole[name].astype("Float64").astype("float64")
    whole = whole.sort_values(["measure", "area_kind", "area", "breakdown", "band", "month"], kind="stable")
    return Protected(whole[list(FIGURE_COLUMNS)].reset_index(drop=True), protected.log, note=protected.note)


def _protect(given: pd.DataFrame, computed: Computed) -> Protected:
    import pandas as pd

    kinds = {one.id: one.kind for one in computed.measures}
    table = given[[*KEYS, "numerator", "denominator"]].copy()
    is_count = table["measure"].map(kinds) == "count"
    if is_count.any():  # What is counted stands as numerator where there is nothing to divide by.
        table.loc[is_count, "numerator"] = table.loc[is_count, "denominator"]
        table.loc[is_count, "denominator"] = pd.NA
    rules = {
        one.id: Rule(
            # People of those people: also when it is told for every thousand.
            "proportion" if one.kind == "rate" and one.counts_people else one.kind,
            one.multiplier,
            one.is_sensitive,
        )
        for one in computed.measures
    }
    return protect_measures(table, [Part(*part) for part in computed.parts], rules)


def _with_limits(figures: pd.DataFrame, given: pd.DataFrame, computed: Computed) -> pd.DataFrame:
    """Answer protected rows with values and 95% limits."""
    kinds = figures["measure"].map({one.id: one.kind for one in computed.measures}).to_numpy()
    multiplier = figures["measure"].map({one.id: one.multiplier for one in computed.measures}).to_numpy(np.float64)
    x = figures["numerator"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    n = figures["denominator"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    value = figures["value"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    lower, upper = np.full(len(x), np.nan), np.full(len(x), np.nan)
    shown = figures["status"].to_numpy() == ""
    is_share = shown & (kinds == "proportion") & (n > 0)
    low, high = wilson(np.minimum(x[is_share], n[is_share]), n[is_share], _LEVEL)
    lower[is_share], upper[is_share] = low * multiplier[is_share], high * multiplier[is_share]
    is_rate = shown & (kinds == "rate") & (n > 0)
    low, high = limits_of_counts.limits(x[is_rate], _LEVEL)
    lower[is_rate] = low * multiplier[is_rate] / n[is_rate]
    upper[is_rate] = high * multiplier[is_rate] / n[is_rate]
    is_mean = (kinds == "mean") & figures["denominator"].notna().to_numpy() & (n > 0)
    if is_mean.any():
        value[is_mean], lower[is_mean], upper[is_mean] = _means(given[is_mean])
        figures.loc[is_mean, "status"] = ""
    is_count = shown & (kinds == "count")
    value[is_count] = x[is_count]
    figures.loc[kinds == "mean", "numerator"] = None
    return figures.assign(value=value, lower=lower, upper=upper)


def _means(given: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Answer mean and Student limits of exact sums (rules: population PD8); limits are missing for one alone."""
    from scipy.special import stdtrit

    n = given["denominator"].to_numpy(np.float64)
    total = given["numerator"].to_numpy(np.float64)
    squares = given["squares"].to_numpy(np.float64)
    mean = total / n
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.maximum(squares - n * mean**2, 0) / (n - 1))
        half = stdtrit(np.maximum(n - 1, 1), 0.975) * spread / np.sqrt(n)
    half[n < 2] = np.nan
    return _told(mean), _told(mean - half), _told(mean + half)


def _told(values: Any) -> Any:
    """Answer values to three significant figures: more of them would give away the exact counts behind them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = 2 - np.floor(np.log10(np.abs(values)))
        return np.where((values == 0) | ~np.isfinite(places), values, np.round(values * 10**places) / 10**places)


def _with_standardised(figures: pd.DataFrame, computed: Computed) -> pd.DataFrame:
    """Answer figures with directly standardised rates, where there are people of every age and 10 events or more.

    Where the count is shown and there are fewer events, `standardised_status` says so (rules: population PD5).
    """
    columns = ["standardised", "standardised_lower", "standardised_upper"]
    strata = computed.strata
    if not len(strata):
        return figures.assign(**dict.fromkeys(columns, np.nan), standardised_status="")
    import pandas as pd

    found = []
    bands = len(BANDS)
    for one in computed.measures:
        rows = strata[strata["measure"] == one.id] if one.standardise else strata[:0]
        if not len(rows):
            continue
        # Groups stand one after the other with all their bands; grouping by one number is faster than by six texts.
        rows = rows.reset_index(drop=True).assign(group=np.arange(len(rows)) // bands)
        rates = dsr(rows, "numerator", "denominator", age="age", by=["group"], multiplier=one.multiplier * one.months)
        keys = rows[KEYS].iloc[::bands].reset_index(drop=True)
        rates = rates.sort_values("group", kind="stable").reset_index(drop=True)
        told = [_told(rates[name].to_numpy(np.float64)) for name in ("value", "lower", "upper")]
        few = rates["status"].fillna("").str.contains(FEWER_THAN_TEN, regex=False)
        status = np.where(few, TOO_FEW, "")
        found.append(keys.assign(**dict(zip(columns, told, strict=True)), standardised_status=status))
    if not found:
        return figures.assign(**dict.fromkeys(columns, np.nan), standardised_status="")
    joined = figures.merge(pd.concat(found, ignore_index=True), on=KEYS, how="left")
    hidden = joined["numerator"].isna()
    joined.loc[hidden, columns] = np.nan
    joined["standardised_status"] = joined["standardised_status"].fillna("").mask(hidden, "")
    return joined


def _first_day(month: int) -> Any:
    from datetime import date

    return date(month // 12, month % 12 + 1, 1)
