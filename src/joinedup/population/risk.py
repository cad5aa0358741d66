"""The risk of an emergency admission: a logistic model trained on a snapshot, and how well it does (rules: PC9).

    model = train_admission_risk(open_snapshot("latest"))
    print(model.card())
    risks = model.risks(open_snapshot("latest"))

Predictors are sentences (`risk.toml`), so that a clinician can read what counts. People whose pseudonym begins with b
to f are never trained on: what the card says of the model is said of them. How well it does is looked at in each group
of deprivation, ethnicity, sex and age, since a model that is right on the whole may be wrong about some.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from joinedup.errors import RuleError
from joinedup.population.cohorts import grid_at
from joinedup.population.definitions import both
from joinedup.population.evaluation import all_of, event_counts
from joinedup.population.facts import facts
from joinedup.population.months import last_day, month_number
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse

HELD_OUT: Final = tuple("bcdef")
"""First signs of the pseudonyms of those who test the model and never train it: five of sixteen."""
LEAST_EVENTS: Final = 10
"""Fewer events than this, observed or expected, say nothing about a group."""
GROUPS: Final = {
    "deprivation quintile (national)": "deprivation_national", "ethnic group": "ethnic_group", "sex": "sex",
    "age": "age_band",
}  # fmt: skip


@dataclass(frozen=True)
class Fit:
    """How the model does in one group: people, admitted observed and expected, all raw. None: too few events."""

    group: str
    name: str
    people: int
    observed: int
    expected: float

    @property
    def ratio(self) -> float | None:
        """Answer observed to expected; 1 is well calibrated, above it the model says too little."""
        if min(self.observed, self.expected) < LEAST_EVENTS:
            return None
        return self.observed / self.expected


@dataclass(frozen=True)
class RiskModel:
    """A trained model: one log odds ratio a predictor, and what is known of how well it does.

    `discrimination` is the C-index among those held out; `slope` and `intercept` are those of calibration (1 and 0 are
    right); `fits` by tenth of risk and by group.
    """

    title: str
    snapshot_id: str
    index_day: date
    within_months: int
    trained_on: int
    tested_on: int
    intercept: float
    log_odds: Mapping[str, float]
    discrimination: float
    calibration_slope: float
    calibration_intercept: float
    fits: tuple[Fit, ...]
    intended_use: str

    @property
    def digest(self) -> str:
        """Answer what tells this model from any other, to be shown beside each of its risks."""
        told = json.dumps([self.snapshot_id, self.intercept, sorted(self.log_odds.items())])
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def risks(self, snapshot: Snapshot, day: date | None = None) -> pd.DataFrame:
        """Answer everybody's risk on a day: person, risk (0 to 1), unknown (predictors not known of the person).

        Rows about persons: for the controlled place only. The day is the snapshot's when none is given.
        """
        said = both("risk.toml")
        table, unknown = _matrix(snapshot, said["population"], list(self.log_odds), day or snapshot.day)
        weights = np.array([self.log_odds[name] for name in table.columns])
        score = self.intercept + table.to_numpy(dtype=float) @ weights
        people = _persons(snapshot, table.index)
        return pd.DataFrame({"person": people, "risk": 1 / (1 + np.exp(-score)), "unknown": unknown.to_numpy()})

    def card(self) -> str:
        """Answer the model card as Markdown. Counts are to the nearest five, none below 8; few events have no ratio."""
        lines = [
            f"# {self.title}",
            "",
            f"Model {self.digest}, trained on snapshot {self.snapshot_id} as of {self.index_day.isoformat()}, "
            f"for the {self.within_months} months after it.",
            "",
            f"**Intended use.** {' '.join(self.intended_use.split())}",
            "",
            f"**People.** {_said(self.trained_on)} to train, {_said(self.tested_on)} held out, adults "
            "registered on that day. Who moved away or died within the time counts as not admitted from then on.",
            "",
            f"**How well it does, among those held out.** C-index {self.discrimination:.3f}; calibration slope "
            f"{self.calibration_slope:.2f} (right: 1), intercept {self.calibration_intercept:.2f} (right: 0).",
            "",
            "| group | people | observed to expected |",
            "| --- | --- | --- |",
        ]
        for fit in self.fits:
            ratio = "too few events" if fit.ratio is None else f"{fit.ratio:.2f}"
            lines.append(f"| {fit.group}: {fit.name} | {_said(fit.people)} | {ratio} |")
        lines += ["", "| what counts | odds ratio |", "| --- | --- |"]
        for name, log_odds in sorted(self.log_odds.items(), key=lambda each: -abs(each[1])):
            lines.append(f"| {name} | {np.exp(log_odds):.2f} |")
        lines += [
            "",
            "**Limits.** Trained where the feeds of this system are; another system must look at its calibration "
            "first. What is not recorded counts as not there. Train it anew each year, and when a feed changes.",
            "",
        ]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Answer the model as JSON, whole: counts are raw, so it stays in the controlled place."""
        return json.dumps({**asdict(self), "digest": self.digest}, default=str, indent=1, sort_keys=True)


def train_admission_risk(snapshot: Snapshot) -> RiskModel:
    """Answer a model trained on a snapshot, as of the month's end a year before its last month.

    Raises RuleError where fewer than 100 of those that it is trained on were admitted: nothing could be learnt.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    said = both("risk.toml")
    within = int(said["within_months"])
    index_month = snapshot.months[-1] - within
    if index_month < snapshot.months.start:
        raise RuleError("The snapshot is too short: it must reach back more than a year.")
    day = last_day(index_month)
    table, _ = _matrix(snapshot, said["population"], said["predictors"], day)
    outcome = _admitted(snapshot, str(said["outcome"]), index_month, within)
    admitted = table.index.isin(outcome).astype(int)
    person = _persons(snapshot, table.index)
    held_out = person.str[0].isin(HELD_OUT).to_numpy()
    if admitted[~held_out].sum() < 100:
        raise RuleError(
            f"Too few people were admitted in that year to train a model on: {_said(int(admitted[~held_out].sum()))}, "
            "and it takes 100. Use a larger snapshot."
        )
    features = table.to_numpy(dtype=float)
    fitted = LogisticRegression(C=1.0, solver="lbfgs", max_iter=1000).fit(features[~held_out], admitted[~held_out])
    risk = fitted.predict_proba(features[held_out])[:, 1]
    seen = admitted[held_out]
    logit = np.log(risk / (1 - risk))
    slope_fit = LogisticRegression(C=np.inf, solver="lbfgs", max_iter=1000).fit(logit[:, None], seen)
    return RiskModel(
        title=str(said["title"]),
        snapshot_id=snapshot.id,
        index_day=day,
        within_months=within,
        trained_on=int((~held_out).sum()),
        tested_on=int(held_out.sum()),
        intercept=float(fitted.intercept_[0]),
        log_odds=dict(zip(table.columns, (float(one) for one in fitted.coef_[0]), strict=True)),
        discrimination=float(roc_auc_score(seen, risk)),
        calibration_slope=float(slope_fit.coef_[0][0]),
        calibration_intercept=float(slope_fit.intercept_[0]),
        fits=_fits(snapshot, table.index[held_out], day, risk, seen),
        intended_use=str(said["intended_use"]),
    )


def _matrix(
    snapshot: Snapshot, population: Sequence[str], predictors: Sequence[str], day: date
) -> tuple[pd.DataFrame, pd.Series]:
    """Answer who is in the population, with a column of noughts and ones for each predictor; and how many are unknown.

    Unknown is what needs a value, a home or a sex that is not recorded; it counts as nought.
    """
    import ibis

    from joinedup.population.evaluation import answer

    grid = grid_at(snapshot, day)
    people = all_of(snapshot, [parse(sentence) for sentence in population], grid).select("who")
    index = pd.Index(people.execute()["who"].sort_values(), name="who")
    rows, unknowns = [], []
    for place, sentence in enumerate(predictors):
        told = answer(snapshot, parse(sentence), grid)
        rows.append(told.true.select("who", place=ibis.literal(place, type="int32")))
        if told.known is not None:
            known = pd.Index(told.known.select("who").execute()["who"])
            unknowns.append(~index.isin(known))
    true = ibis.union(*rows).semi_join(people, "who").execute()
    table = pd.DataFrame(np.zeros((len(index), len(predictors)), dtype=np.int8), index=index, columns=list(predictors))
    table.to_numpy()[index.get_indexer(true["who"]), true["place"].to_numpy()] = 1
    unknown = pd.Series(np.sum(unknowns, axis=0) if unknowns else 0, index=index)
    return table, unknown


def _admitted(snapshot: Snapshot, activity: str, index_month: int, within: int) -> pd.Index:
    counted = event_counts(snapshot, activity)
    after = counted.filter(counted.month.between(index_month + 1, index_month + within))
    return pd.Index(after.select("who").distinct().execute()["who"])


def _persons(snapshot: Snapshot, who: pd.Index) -> pd.Series:
    people = facts(snapshot).people.select("who", "person").execute().set_index("who")
    return people["person"].reindex(who)


def _fits(snapshot: Snapshot, who: pd.Index, day: date, risk: Any, seen: Any) -> tuple[Fit, ...]:
    person = snapshot.table("person").select("person", "sex", "ethnic_group", "deprivation_national").execute()
    kept = facts(snapshot).people.select("who", "person", "born").execute()
    told = kept.merge(person, on="person").set_index("who").reindex(who)
    age = (month_number(day) - told["born"]) // 12
    told["age_band"] = pd.cut(age, [17, 39, 64, 74, 84, 200], labels=["18-39", "40-64", "65-74", "75-84", "85+"])
    found = []
    tenth = pd.qcut(pd.Series(risk).rank(method="first"), 10, labels=False).to_numpy() + 1
    for name in range(1, 11):
        at = tenth == name
        found.append(Fit("tenth of risk", str(name), int(at.sum()), int(seen[at].sum()), float(risk[at].sum())))
    for title, column in GROUPS.items():
        values = told[column].astype(object).where(told[column].notna(), "Unknown")
        for value in sorted(values.unique(), key=str):
            at = (values == value).to_numpy()
            name = str(int(value)) if isinstance(value, float) else str(value)
            found.append(Fit(title, name, int(at.sum()), int(seen[at].sum()), float(risk[at].sum())))
    return tuple(found)


def _said(many: int) -> str:
    """Answer how many people, as anybody may be told: to the nearest five, and of fewer than 8 only that (rules: PE1).

    That there is nobody is not told either, here: a card stands for long, beside others of the same people.
    """
    return "fewer than 8" if many < 8 else f"{(many + 2) // 5 * 5:,}"
