"""How fast waiting lists are simulated, by events and by weekly cohorts: python bench/waiting_lists.py

Both are gated at 500,000 patient events a CPU second. By events a patient counts once, though each arrives, begins and
leaves; in the cohorts each joining and each leaving is an event. The peers, SimPy and Ciw, run the same M/M/3 queue
(30 arrivals, 11 services a server) with fewer people; each is left out, with the reason, where it isn't installed. All
figures are CPU seconds of this process, the median of five for ours and of three for theirs.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable
from datetime import date

import numpy as np

from joinedup.planning import WaitingList, mean_wait, project_waiting_lists, run_cohorts, serve_queue, simulate_queue

LIMIT = 500_000  # patient events a CPU second (MG7, MG8)
PEOPLE, PEER_PEOPLE = 400_000, 20_000
ARRIVALS, RATE, SERVERS = 30.0, 11.0, 3
LISTS, RUNS, WEEKS, BANDS = 20, 100, 104, 105


def main() -> int:
    missed = 0
    in_turn = PEOPLE / seconds(queue_in_turn)
    for what, found in (
        (f"queue by events, {PEOPLE:,} people in turn", in_turn),
        (f"queue by events, {PEOPLE:,} people by priority", PEOPLE / seconds(queue_by_priority)),
        (f"weekly cohorts, {LISTS} lists of {BANDS} bands, {RUNS} runs, {WEEKS} weeks", cohorts()),
    ):
        print(f"{what}: {found / 1e6:.2f} million a CPU second; limit {LIMIT / 1e6:.1f}, ratio {found / LIMIT:.1f}")
        missed += found < LIMIT
    taken = seconds(projections)
    people = 2 * 46 * WEEKS * LISTS * RUNS
    print(
        f"the same with its chance drawn and summarised: {taken:.2f} s, {people / taken / 1e6:.2f} million a CPU second"
    )
    print(f"theory: mean wait {mean_wait(ARRIVALS, RATE, SERVERS):.4f}; ours {queue_in_turn():.4f}")
    for name, peer in (("simpy", by_simpy), ("ciw", by_ciw)):
        print(ask_peer(name, peer, in_turn))
    return 1 if missed else 0


def queue_in_turn(people: int = PEOPLE) -> float:
    draw = np.random.default_rng(20261122)
    return simulate_queue(
        draw, arrival_rate=ARRIVALS, service_rate=RATE, servers=SERVERS, people=people
    ).mean_wait()  # fmt: skip


def queue_by_priority() -> float:
    draw = np.random.default_rng(20261122)
    came, taking = np.cumsum(draw.exponential(1 / ARRIVALS, PEOPLE)), draw.exponential(1 / RATE, PEOPLE)
    return serve_queue(came, taking, SERVERS, priority=draw.integers(1, 5, PEOPLE).tolist()).mean_wait()


def cohorts() -> float:
    """Answer the patient events a CPU second of the cohort core alone: its figures are drawn beforehand."""
    draw = np.random.default_rng(20261122)
    columns = LISTS * RUNS
    start = draw.poisson(6, (BANDS, columns)).astype(float)
    coming = draw.poisson(46, (WEEKS, columns)).astype(float)
    able = draw.poisson(44, (WEEKS, columns)).astype(float)
    events = coming.sum() + run_cohorts(start, coming, able).treated.sum()
    return float(events) / seconds(lambda: run_cohorts(start, coming, able))


def projections() -> None:
    lists = [WaitingList((f"list {number}",), (6.0,) * BANDS, 46.0, 44.0) for number in range(LISTS)]
    project_waiting_lists(lists, as_of=date(2026, 4, 1), weeks=WEEKS, seed=1, runs=RUNS)


def by_simpy() -> float:
    import simpy

    draw = np.random.default_rng(20261122)
    between, taking = draw.exponential(1 / ARRIVALS, PEER_PEOPLE), draw.exponential(1 / RATE, PEER_PEOPLE)
    here = simpy.Environment()
    server = simpy.Resource(here, SERVERS)
    waits: list[float] = []

    def person(service: float):  # type: ignore[no-untyped-def]
        came = here.now
        with server.request() as asked:
            yield asked
            waits.append(here.now - came)
            yield here.timeout(service)

    def door():  # type: ignore[no-untyped-def]
        for gap, service in zip(between.tolist(), taking.tolist(), strict=True):
            yield here.timeout(gap)
            here.process(person(service))

    here.process(door())
    here.run()
    return statistics.fmean(waits)


def by_ciw() -> float:
    import ciw

    ciw.seed(20261122)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=ARRIVALS)],
        service_distributions=[ciw.dists.Exponential(rate=RATE)],
        number_of_servers=[SERVERS],
    )
    run = ciw.Simulation(network)
    run.simulate_until_max_customers(PEER_PEOPLE, method="Finish")
    return statistics.fmean(record.waiting_time for record in run.get_all_records())


def seconds(act: Callable[[], object], times: int = 5) -> float:
    """Answer the median CPU seconds of so many runs after one that is not counted."""
    act()
    taken = []
    for _ in range(times):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def ask_peer(name: str, peer: Callable[[], float], ours: float) -> str:
    """Answer a line about a peer: people a CPU second, how many times fewer than ours, and its mean wait."""
    try:
        version = getattr(importlib.import_module(name), "__version__", "")
    except ImportError as error:
        return f"peer {name} left out: it isn't installed here ({error})"
    theirs = PEER_PEOPLE / seconds(peer, 3)
    return (
        f"peer {name} {version}: {theirs:,.0f} people a CPU second on the same queue in turn; "
        f"ratio {ours / theirs:.0f} (its mean wait {peer():.4f})"
    )


if __name__ == "__main__":
    raise SystemExit(main())
