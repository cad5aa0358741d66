"""Simulated small areas: as many as a place really has, until the published files bring the real ones.

They carry the cell's real total of people and its real spread over deprivation deciles, and nothing else about any
real place. On maps they are tiles. docs/explanation/simulated-small-areas.md says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from joinedup.system.models import SmallArea
from joinedup.system.shares import largest_remainder


def small_areas_of_cell(cell: Mapping[str, Any], first_column: int) -> list[SmallArea]:
    """Make the simulated small areas of one cell, a block of tiles whose left edge stands at `first_column`.

    Their populations add up to the cell's and their deciles are spread as the cell's; they are not saved.
    """
    count = cell["small_areas"]
    populations = largest_remainder(cell["population_mid2020"], [1] * count)
    deciles = [decile for decile, many in enumerate(cell["imd2019_deciles"], 1) for _ in range(many)]
    width = math.ceil(math.sqrt(count))
    return [
        SmallArea(
            code=f"SIM-{cell['key']}-{number + 1:03d}",
            name=f"{cell['council_name']} simulated small area {number + 1}",
            council=cell["council"],
            sub_icb=cell["sub_icb"],
            ccg_2021=cell["ccg_2021"],
            imd2019_decile=deciles[number],
            population_mid2020=populations[number],
            outline={"column": first_column + number % width, "row": number // width},
            is_simulated=True,
        )
        for number in range(count)
    ]


def is_loaded() -> bool:
    """Answer whether simulated small areas are in use."""
    return SmallArea.objects.filter(is_simulated=True, retired_at__isnull=True).exists()
