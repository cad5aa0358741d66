"""The years begin in the middle of things: who was referred before them waits, is treated and is visited in them.

First appointments, follow-ups, planned treatment and contacts are therefore as many in the first year as in the third.
"""

from __future__ import annotations

import pytest

from joinedup.simulation.days import FIRST_DAY, LAST_DAY
from joinedup.simulation.making import make_block
from joinedup.simulation.people import blocks_of
from joinedup.simulation.place import make_world
from joinedup.simulation.world import Block

YEAR = 365


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    world = make_world("derbyshire", 3_000, 4)
    return [make_block(world, number) for number in range(blocks_of(world))]


def _days(blocks: list[Block], what: str) -> list[int]:
    if what == "contacts":
        return [one.day for block in blocks for episode in block.episodes for one in episode.contacts]
    if what == "planned treatment":
        return [one.day for block in blocks for one in block.admissions if one.method in ("11", "13")]
    return [one.day for block in blocks for one in block.outpatients if one.is_first == (what == "first appointments")]


@pytest.mark.parametrize("what", ["first appointments", "follow-ups", "planned treatment", "contacts"])
def test_the_first_year_is_as_busy_as_the_third(blocks: list[Block], what: str) -> None:
    days = _days(blocks, what)
    first = sum(day < FIRST_DAY + YEAR for day in days)
    third = sum(LAST_DAY - YEAR < day <= LAST_DAY for day in days)
    assert 0.85 < first / third < 1.18, (first, third)


def test_nothing_happens_before_the_first_day_but_being_referred(blocks: list[Block]) -> None:
    for what in ("first appointments", "follow-ups", "planned treatment", "contacts"):
        assert min(_days(blocks, what)) >= FIRST_DAY
    assert all(not one.end or one.end >= FIRST_DAY for block in blocks for one in block.waiting)
    referred = [one for block in blocks for one in block.referrals if one.day < FIRST_DAY]
    seen = {one.referral for block in blocks for one in block.outpatients}
    assert referred
    assert all(one.id in seen for one in referred)  # whose story ended before the years is not told
