"""How forecasts are said on pages and at the command line: models, months, what a month was used for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext_lazy as _

from joinedup.planning.demand.protected_series import COPIED, EARLIER, FILLED, HIDDEN, NO_DATA, TRAINED
from joinedup.planning.demand.series import month_after

MODEL_NAMES = {
    "naive": _("As last month"),
    "seasonal_naive": _("As the same month a year before"),
    "seasonal_naive_growth": _("As a year before, with growth"),
    "theta": _("Theta"),
    "ets": _("Exponential smoothing (ETS)"),
}
USES = {
    TRAINED: _("counted"),
    FILLED: _("hidden; filled in to train"),
    HIDDEN: _("hidden; not used"),
    NO_DATA: _("no data"),
    COPIED: _("repeats another month; not used"),
    EARLIER: _("before a gap; not used"),
}


def months_said(months: Sequence[date]) -> str:
    """Answer months in words, those in a row as "from to": "March 2024, May 2024 to July 2024"."""
    runs: list[list[date]] = []
    for month in sorted(months):
        if runs and month_after(runs[-1][-1]) == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(f"{run[0]:%B %Y}" if len(run) == 1 else f"{run[0]:%B %Y} to {run[-1]:%B %Y}" for run in runs)
