"""People registered, by place, sex and five-year band of age, at the end of each month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from joinedup.measures.dated_areas import read_belongings
from joinedup.population import everybody_by_month
from joinedup.population.months import last_day
from joinedup.population.people_by_month import SEXES

if TYPE_CHECKING:
    import pandas as pd

FIRST_AGES: Final = tuple(range(0, 95, 5))
AGE_BANDS: Final = (*(f"{one}-{one + 4}" for one in FIRST_AGES[:-1]), "90+", "Unknown")


def people_of(snapshot: Any, successor: Mapping[str, str]) -> pd.DataFrame:
    """Answer (month, place, sex, age_band, people), raw: the place of the practice then, or what it has become."""
    import pandas as pd

    months = snapshot.months
    everybody = everybody_by_month(snapshot, "registered", FIRST_AGES, months)
    rows = everybody.table
    found = rows.group_by("unit", "slice", "sex", "mask").aggregate(people=rows.count().cast("int64")).to_pandas()
    belongings = read_belongings(snapshot, "registered")
    frames = []
    for at, month in enumerate(months):
        day = last_day(month)
        place_of = {
            one.unit: dict(one.areas).get("place", "")
            for one in belongings
            if one.starts <= day and (one.ends is None or day < one.ends)
        }
        places = [place_of.get(unit, "") for unit in everybody.units]
        here = found[((found["mask"].to_numpy(dtype=np.int64) >> at) & 1) == 1]
        frames.append(
            pd.DataFrame(
                {
                    "month": month,
                    "place": [successor.get(places[unit], places[unit]) for unit in here["unit"]],
                    "sex": [SEXES[one] for one in here["sex"]],
                    "age_band": [AGE_BANDS[one] for one in here["slice"]],
                    "people": here["people"].to_numpy(dtype=np.int64),
                }
            )
        )
    whole = pd.concat(frames, ignore_index=True)
    return whole.groupby(["month", "place", "sex", "age_band"], sort=True)["people"].sum().reset_index()
