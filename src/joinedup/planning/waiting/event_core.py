"""A queue of people and servers, event by event: first come first served, or by priority (rule MG7).

One heap holds the times at which servers become free; arrivals are taken in order. That is all that first come first
served needs, and it runs at about a million people a second in plain Python. What it does not know (people who give
up, servers with rotas) belongs to a simulation package, off the path of a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from joinedup.errors import RuleError
from joinedup.planning.waiting.durations import Floats, numbers


@dataclass(frozen=True)
class QueueRun:
    """When each person arrived, began to be served and left, in order of arrival; one unit of time throughout."""

    arrivals: Floats
    starts: Floats
    ends: Floats

    @property
    def waits(self) -> Floats:
        return self.starts - self.arrivals

    def mean_wait(self, warm_up: int = 0) -> float:
        """Answer the mean wait of all but the first `warm_up` people, who found the queue emptier than usual."""
        return float(self.waits[warm_up:].mean())


def serve_queue(
    arrivals: ArrayLike, services: ArrayLike, servers: int, *, priority: Sequence[int] | None = None
) -> QueueRun:
    """Answer when each person is served by so many equal servers.

    Shape: `arrivals` rising times, `services` how long each takes. Without `priority` first come first served; with it
    a free server takes the lowest number first (1 before 2), and the earlier arrival within one number. Nobody who is
    being served is interrupted. RuleError for times that fall, negative services, or no server.
    """
    came = numbers("MG7", "an arrival", arrivals)
    taking = numbers("MG7", "a service", services, least=0)
    if servers < 1:
        raise RuleError(f"MG7: {servers} servers; expected 1 or more.")
    if came.ndim != 1 or came.shape != taking.shape or (priority is not None and len(priority) != len(came)):
        raise RuleError("MG7: arrivals, services and priority differ in length; expected one of each a person.")
    if (np.diff(came) < 0).any():
        raise RuleError("MG7: arrivals fall back in time; sort people by their arrival first.")
    starts = _in_turn(came, taking, servers) if priority is None else _by_priority(came, taking, servers, priority)
    return QueueRun(came, starts, starts + taking)


def _in_turn(came: Floats, taking: Floats, servers: int) -> Floats:
    # Until a server's first use it has been free for ever.
    free = [-np.inf] * servers
    starts: list[float] = []
    note, replace_first = starts.append, heapreplace
    for start, service in zip(came.tolist(), taking.tolist(), strict=True):
        first_free = free[0]
        if first_free > start:
            start = first_free
        replace_first(free, start + service)
        note(start)
    return np.array(starts)


def _by_priority(came: Floats, taking: Floats, servers: int, priority: Sequence[int]) -> Floats:
    people = len(came)
    # One whole number for class and arrival together: it compares in half the time that a pair does.
    turns = (np.unique(np.asarray(priority), return_inverse=True)[1] * people + np.arange(people)).tolist()
    # After the last arrival comes one that never does, so that the inner loop needs no second question.
    arrivals, services = [*came.tolist(), np.inf], taking.tolist()
    free = [-np.inf] * servers
    waiting: list[int] = []
    starts = [0.0] * people
    following, now = 0, -np.inf
    push, pop, replace_first = heappush, heappop, heapreplace
    while following < people or waiting:
        # A server may have been free for long; whoever waits began to at `now`, and starts no earlier.
        if free[0] > now:
            now = free[0]
        if not waiting:
            if arrivals[following] > now:
                now = arrivals[following]
            if arrivals[following + 1] > now:
                # Alone: nothing to choose from.
                starts[following] = now
                replace_first(free, now + services[following])
                following += 1
                continue
        while arrivals[following] <= now:
            push(waiting, turns[following])
            following += 1
        person = pop(waiting) % people
        starts[person] = now
        replace_first(free, now + services[person])
    return np.array(starts)


def simulate_queue(draw: Generator, *, arrival_rate: float, service_rate: float, servers: int, people: int) -> QueueRun:
    """Answer one run of a queue with exponential times between arrivals and of service (M/M/c)."""
    between = 1 / float(numbers("MG13", "the arrival rate", arrival_rate, above=0))
    taking = 1 / float(numbers("MG13", "the service rate", service_rate, above=0))
    return serve_queue(np.cumsum(draw.exponential(between, people)), draw.exponential(taking, people), servers)
