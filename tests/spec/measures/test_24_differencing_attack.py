"""Somebody subtracts what is published: all areas, all breakdowns, before and after a merger (T44, PE3, PE5).

The attacker here shares no code with those who protect. It reads published rows, writes down an unknown for every
numerator and denominator, the interval that each shown figure leaves, every sum of areas and groups, and that nobody is
in a numerator who is not in its denominator; then it bounds every star by linear programmes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from joinedup.measures import Protected
from joinedup.measures.disclosure.joint import Part, Rule, protect_measures

GROUPS = {"sex": ["female", "male"], "age_band": ["0-17", "18-39", "40-64", "65+"], "ethnic_group": list("ABMWX")}
KEYS = ["measure", "month", "area_kind", "area", "breakdown", "band"]
RULES = {"common": Rule(), "rare": Rule(), "nearly-all": Rule(), "events": Rule("rate"), "hiv": Rule(is_sensitive=True)}

# North and South merged into Riverside; the town stayed as it was. Two neighbourhoods a place, three practices each.
PLACES = ["North", "South", "Town"]
NEIGHBOURHOODS = {f"{place}{one}": place for place in PLACES for one in "12"}
PRACTICES = {f"{name}{one}": name for name in NEIGHBOURHOODS for one in "abc"}
BELOW = [Part(one, whole) for one, whole in (PRACTICES | NEIGHBOURHOODS).items()]
BEFORE = [Part(place, "System") for place in PLACES] + BELOW
AFTER = [Part("Riverside", "System"), Part("Town", "System"), Part("North", "Riverside"), Part("South", "Riverside")]
AFTER += BELOW
MONTHS = [0, 1]


def people(seed: int, size: int = 1_600) -> pd.DataFrame:
    """Draw people with a practice, traits and, for each measure, whether they count."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(len(PRACTICES), 1.5))
    drawn = pd.DataFrame({"practice": rng.choice(list(PRACTICES), size, p=weights)})
    for name, bands in GROUPS.items():
        drawn[name] = rng.choice(bands, size, p=rng.dirichlet(np.full(len(bands), 1.2)))
    for measure, share in {"common": 0.35, "rare": 0.02, "nearly-all": 0.97, "hiv": 0.03}.items():
        drawn[measure] = rng.random(size) < share
    drawn["events"] = rng.poisson(0.05, size)
    return drawn


def counted(drawn: pd.DataFrame, parts: Sequence[Part], months: Sequence[int]) -> pd.DataFrame:
    """Count them for every area of the tree, and every group of the system; of places in the last month only."""
    whole_of = {part.area: part.whole for part in parts}
    kinds = {"System": "system", **dict.fromkeys([*PLACES, "Riverside"], "place")}
    kinds |= dict.fromkeys(NEIGHBOURHOODS, "neighbourhood") | dict.fromkeys(PRACTICES, "practice")
    inside: dict[str, list[str]] = {}
    for practice in PRACTICES:
        at: str | None = practice
        while at is not None:
            inside.setdefault(at, []).append(practice)
            at = whole_of.get(at)
    rows = []
    for month in months:
        now = drawn if month == 0 else drawn.iloc[: -len(drawn) // 25]  # some have moved away
        for area, practices in inside.items():
            here = now[now["practice"].isin(practices)]
            cells = [("all", "", here)]
            if area == "System" or (kinds[area] == "place" and month == MONTHS[-1]):
                cells += [(name, band, here[here[name] == band]) for name, bands in GROUPS.items() for band in bands]
            for breakdown, band, some in cells:
                for measure in RULES:
                    cell = (measure, month, kinds[area], area, breakdown, band)
                    rows.append((*cell, int(some[measure].sum()), len(some)))
    return pd.DataFrame(rows, columns=[*KEYS, "numerator", "denominator"])


# --- the attacker --------------------------------------------------------------------------------------------------


@dataclass
class Found:
    cell: tuple[str, ...]
    count: str
    low: float
    high: float


class Attack:
    """One measure and month as an outsider knows it; `published` are one release or several of the same counts."""

    def __init__(self, published: Sequence[pd.DataFrame], parts: Sequence[Part], is_share: bool) -> None:
        self.place: dict[tuple[str, ...], int] = {}
        self.whole_of = {part.area: part.whole for part in parts}
        self.low: list[float] = []
        self.high: list[float] = []
        self.stars: dict[int, tuple[tuple[str, ...], str]] = {}
        known = set[int]()
        for frame in published:
            for area, breakdown, band, numerator, denominator in frame[
                ["area", "breakdown", "band", "numerator", "denominator"]
            ].itertuples(index=False, name=None):
                for count, shown in (("n", numerator), ("d", denominator)):
                    cell = (area, breakdown, band, count)
                    if cell not in self.place:
                        self.place[cell] = len(self.low)
                        self.low.append(0.0)
                        self.high.append(np.inf)
                    at = self.place[cell]
                    if pd.isna(shown):
                        self.stars[at] = (cell[:3], count)
                        continue
                    known.add(at)
                    self.low[at] = max(self.low[at], max(0.0, shown - 2.0) if shown else 0.0)
                    self.high[at] = min(self.high[at], shown + 2.0 if shown else 0.0)
        self.stars = {at: star for at, star in self.stars.items() if at not in known}
        rows: list[dict[int, float]] = []
        low: list[float] = []
        high: list[float] = []
        for total, members in self._sums(parts):
            rows.append({total: -1.0, **dict.fromkeys(members, 1.0)})
            low.append(0.0)
            high.append(0.0)
        self.pairs = [(self.place[*cell[:3], "n"], at) for cell, at in self.place.items() if cell[3] == "d"]
        if is_share:
            for numerator, denominator in self.pairs:
                rows.append({numerator: 1.0, denominator: -1.0})
                low.append(-np.inf)
                high.append(0.0)
        data = [(value, at, column) for at, row in enumerate(rows) for column, value in row.items()]
        values, lines, columns = zip(*data, strict=True)
        matrix = csr_array((values, (lines, columns)), shape=(len(rows), len(self.low)))
        self.constraints = LinearConstraint(matrix, low, high)

    def _sums(self, parts: Sequence[Part]) -> Iterator[tuple[int, list[int]]]:
        wholes = dict.fromkeys(part.whole for part in parts)
        for (area, breakdown, band, count), total in self.place.items():
            if area in wholes:
                cells = [(part.area, breakdown, band, count) for part in parts if part.whole == area]
                if all(cell in self.place for cell in cells):
                    yield total, [self.place[cell] for cell in cells]
            if breakdown == "all":
                for name, bands in GROUPS.items():
                    cells = [(area, name, one, count) for one in bands]
                    if all(cell in self.place for cell in cells):
                        yield total, [self.place[cell] for cell in cells]

    def bounds(self, weights: dict[int, float]) -> tuple[float, float]:
        aim = np.zeros(len(self.low))
        for at, weight in weights.items():
            aim[at] = weight
        found = []
        for sign in (1.0, -1.0):
            solved = milp(sign * aim, bounds=Bounds(self.low, self.high), constraints=self.constraints)
            assert solved.status in (0, 3, 4), solved.message
            found.append(-sign * np.inf if solved.x is None else float(aim @ solved.x))
        return found[0], found[1]

    def know(self, small: set[int]) -> None:
        """Tell the attacker which stars are small, so that all others are partners.

        But for breakdowns of the parts of an area of which nothing is published: there is nothing by which to tell.
        """
        for whole in dict.fromkeys(self.whole_of.values()):
            for name in GROUPS:
                for count in "nd":
                    table = {
                        at
                        for cell, at in self.place.items()
                        if (self.whole_of.get(cell[0]), cell[1], cell[3]) == (whole, name, count)
                    }
                    if table <= self.stars.keys():
                        small = small - table
        for at in small:
            self.low[at], self.high[at] = 0.0, 7.0

    def bounded(self) -> Iterator[Found]:
        """Answer every star with the least and the most that it can be."""
        for at, (cell, count) in self.stars.items():
            yield Found(cell, count, *self.bounds({at: 1.0}))


def reveals(one: Found, count: int, *, is_sensitive: bool) -> bool:
    """Whether bounds say more than "1 to 7" of so few people; a star may be known to hide more, or to be a plain 0."""
    if one.high < 7 - 1e-6:
        return count > 0 or is_sensitive
    return count <= 7 and one.low > 1 + 1e-6


def attacked(
    published: Sequence[Protected], truth: pd.DataFrame, parts: Sequence[Part], months: Sequence[int] = MONTHS,
    *, knows_which: bool = False,
) -> list[Found]:  # fmt: skip
    """Answer everything that is found, measure by measure and month by month."""
    found: list[Found] = []
    for measure, rule in RULES.items():
        for month in months:
            frames = [one.frame for one in published]
            frames = [one[(one["measure"] == measure) & (one["month"] == month)] for one in frames]
            attack = Attack(frames, parts, rule.kind == "proportion")
            real = truth[(truth["measure"] == measure) & (truth["month"] == month)]
            counts = {
                (*cell, count): value
                for *cell, numerator, denominator in real[["area", "breakdown", "band", "numerator", "denominator"]]
                .itertuples(index=False, name=None)
                for count, value in (("n", numerator), ("d", denominator))
            }  # fmt: skip
            if knows_which:
                attack.know({at for at, (cell, count) in attack.stars.items() if counts[*cell, count] <= 7})
            for one in attack.bounded():
                some = rule.is_sensitive and counts[*one.cell, "d"] > 0
                if reveals(one, counts[*one.cell, one.count], is_sensitive=some):
                    found.append(one)
            if rule.kind == "proportion":
                found += _others_found(attack, counts)
    return found


def _others_found(attack: Attack, counts: dict[tuple[str, ...], int]) -> Iterator[Found]:
    """Answer where those who are in the denominator alone are 1 to 7 and fewer than five values remain for them."""
    cells = {at: cell for cell, at in attack.place.items()}
    for numerator, denominator in attack.pairs:
        cell = cells[denominator][:3]
        if 1 <= counts[*cell, "d"] - counts[*cell, "n"] <= 7:
            low, high = attack.bounds({denominator: 1.0, numerator: -1.0})
            if high - low < 4 - 1e-6:
                yield Found(cell, "d - n", low, high)


# --- what it finds -------------------------------------------------------------------------------------------------


def test_nothing_is_found_in_what_is_published() -> None:
    truth = counted(people(1), AFTER, MONTHS)
    published = protect_measures(truth, AFTER, RULES)
    assert "worked out with the help" not in published.note
    assert published.frame["numerator"].isna().sum() > 100  # there is something to be found
    assert published.frame["numerator"].notna().mean() > 0.3  # and it is not safe by hiding everything
    assert attacked([published], truth, AFTER) == []


def test_nor_by_somebody_who_knows_which_stars_are_small() -> None:
    truth = counted(people(2), AFTER, MONTHS[-1:])
    assert attacked([protect_measures(truth, AFTER, RULES)], truth, AFTER, MONTHS[-1:], knows_which=True) == []


def test_the_attacker_is_able_to_find_stars_without_partners() -> None:
    truth = counted(people(1), AFTER, MONTHS[:1])
    leaking = protect_measures(truth, AFTER, RULES, audit=False)
    found = attacked([leaking], truth, AFTER, MONTHS[:1])
    assert len([one for one in found if one.count != "d - n"]) > 5


def test_nothing_is_found_by_who_kept_what_was_published_before_the_merger() -> None:
    for seed in (3, 5):
        drawn = people(seed)
        old = protect_measures(counted(drawn, BEFORE, [0]), BEFORE, RULES)
        truth = counted(drawn, AFTER, [0])
        # Each by itself would be safe. Together they are not, unless the second knows of the first.
        new = protect_measures(truth, AFTER, RULES, earlier=old)
        assert "worked out with the help" not in new.note
        assert attacked([old, new], truth, AFTER, [0]) == []


def test_figures_of_an_area_before_and_after_the_merger_agree() -> None:
    drawn = people(4)
    old = protect_measures(counted(drawn, BEFORE, [0]), BEFORE, RULES).frame.set_index(KEYS)
    new = protect_measures(counted(drawn, AFTER, MONTHS), AFTER, RULES).frame.set_index(KEYS)
    both = old.join(new, how="inner", lsuffix="_old")
    assert len(both) == len(old)
    shown = both.dropna(subset=["denominator", "denominator_old"])
    assert (shown["denominator"] == shown["denominator_old"]).all()
    assert len(shown) > 0.5 * len(old)
