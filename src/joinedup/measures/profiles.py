"""The profile of an area: each measure's latest figure beside those of its peers and of the whole system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

WITHOUT_DATA: Final = ("no data for the month", "the area did not exist then", "not collected")
"""Reasons that say nothing of the month's data having come."""
SPREAD: Final = {"lowest": 0.0, "lower_quarter": 0.25, "middle": 0.5, "upper_quarter": 0.75, "highest": 1.0}
"""The columns that say how the areas of a kind lie: shares of the way from the lowest to the highest."""


def profiles(figures: pd.DataFrame) -> pd.DataFrame:
    """Answer a row for each measure and area: the figure of the measure's latest month with data.

    Beside the figure's own columns: `areas`, how many areas of the kind have a figure; `lowest`, `lower_quarter`,
    `middle`, `upper_quarter`, `highest` of them; and `system_value`, the figure of the system. All of it is from
    protected figures: what is suppressed has no part in the spread.
    """
    totals = figures[figures["breakdown"] == "all"]
    with_data = totals[~totals["status"].isin(WITHOUT_DATA)]
    latest = with_data.groupby("measure", sort=False, observed=True)["month"].max()
    last = totals.groupby("measure", sort=False, observed=True)["month"].max()
    month = latest.reindex(last.index).fillna(last)
    rows = totals[totals["month"].to_numpy() == totals["measure"].map(month).to_numpy()]
    shown = rows[rows["value"].notna()]
    by_kind = shown.groupby(["measure", "area_kind"], observed=True)["value"]
    spread = by_kind.quantile(list(SPREAD.values())).unstack().reindex(columns=list(SPREAD.values()))
    spread.columns = list(SPREAD)  # Where nothing at all is shown there is nothing to take apart.
    spread["areas"] = by_kind.size()
    whole = rows[rows["area_kind"] == "system"].drop_duplicates("measure").set_index("measure")["value"]
    joined = rows.merge(spread.reset_index(), on=["measure", "area_kind"], how="left")
    joined["areas"] = joined["areas"].fillna(0).astype("int64")
    joined["system_value"] = joined["measure"].map(whole)
    return joined.sort_values(["area_kind", "area", "measure"], kind="stable").reset_index(drop=True)
