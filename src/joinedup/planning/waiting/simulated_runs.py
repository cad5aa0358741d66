"""Many runs of a model by chance, and what they say together (rule ME14).

Each run draws from a stream of its own, made from the seed, the key and the run's number, so that neither the number of
workers nor the order in which runs end changes a digit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import ArrayLike

from joinedup.errors import RuleError
from joinedup.planning.waiting.durations import Floats, plain

PRINCIPAL = "mean"  # the plan's figure; published material calls now the mean, now the median central


@dataclass(frozen=True)
class Summary:
    """What runs say: mean, 10th, 50th and 90th percentile of each figure, and the standard error of the mean.

    Percentiles are linearly interpolated. `principal` names the one that a plan quotes.
    """

    mean: float | Floats
    p10: float | Floats
    p50: float | Floats
    p90: float | Floats
    standard_error: float | Floats
    runs: int
    seed: int | None = None
    key: tuple[int, ...] = ()
    principal: str = PRINCIPAL


def stream(seed: int, key: tuple[int, ...], run: int) -> Generator:
    """Answer the stream of chance of one run."""
    return default_rng(SeedSequence(seed, spawn_key=(*key, run)))


def monte_carlo(
    model: Callable[[Generator], ArrayLike], runs: int, seed: int, *, key: tuple[int, ...] = (), workers: int = 1
) -> Summary:
    """Answer the summary of so many runs of a model, which draws only from the generator that it is given.

    `model` answers a number or an array, of the same shape in each run; `key` tells apart lists that share a seed.
    `workers` are threads, which help where the model spends its time in numpy; they never change the result. RuleError
    for fewer than 2 runs, or runs of unequal shapes.
    """
    if runs < 2 or workers < 1:
        raise RuleError(f"ME14: {runs} runs by {workers} workers; expected at least 2 runs and 1 worker.")

    def one(run: int) -> Floats:
        return np.asarray(model(stream(seed, key, run)), dtype=float)

    if workers == 1:
        drawn = [one(run) for run in range(runs)]
    else:
        with ThreadPoolExecutor(workers) as pool:
            drawn = list(pool.map(one, range(runs)))
    if len({draw.shape for draw in drawn}) > 1:
        raise RuleError("ME14: runs answered arrays of different shapes; expected the same figures from each.")
    return summarise(np.stack(drawn), seed=seed, key=key)


def summarise(drawn: ArrayLike, *, seed: int | None = None, key: tuple[int, ...] = ()) -> Summary:
    """Answer the summary of figures that are drawn already; shape (run, …)."""
    draws = np.asarray(drawn, dtype=float)
    if draws.ndim == 0 or len(draws) < 2:
        raise RuleError("ME14: expected at least 2 runs, the first axis of the array.")
    p10, p50, p90 = np.percentile(draws, (10, 50, 90), axis=0)
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    return Summary(plain(draws.mean(axis=0)), plain(p10), plain(p50), plain(p90), plain(error), len(draws), seed, key)
