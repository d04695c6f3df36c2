"""One piece of work a core: threads that never wait for each other inside a product."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

Result = TypeVar("Result")


@cache
def single_threaded(count: int) -> ThreadPoolExecutor:
    """Return as many threads, the same ones at every call, that compute on one core each.

    They stay, because a new thread may begin with a heap of its own, and get from the system what
    another has freed: half of a training step of SmolLM2 with LoRA.
    """
    before = torch.get_num_threads()
    cores = ThreadPoolExecutor(count, initializer=_compute_on_one_core)
    all_here = Barrier(count)
    for waiting in [cores.submit(all_here.wait) for _ in range(count)]:
        waiting.result()
    torch.set_num_threads(before)
    return cores


def _compute_on_one_core() -> None:
    """Set this thread's own number, and that with which others begin when they first ask for it."""
    torch.set_num_threads(1)
    torch.get_num_threads()  # the first question, before others set another number to begin with


if hasattr(os, "register_at_fork"):  # not on Windows, which has no forks
    os.register_at_fork(after_in_child=single_threaded.cache_clear)  # threads do not survive one


def on_cores(work: Callable[[int], Result], count: int) -> list[Result]:
    """Return ``work(0)`` to ``work(count - 1)``; core ``i`` does every n-th of them from ``i``."""
    threads = torch.get_num_threads()
    if threads == 1:
        return [work(number) for number in range(count)]
    cores = single_threaded(threads)
    shares = [
        cores.submit(lambda mine: list(map(work, mine)), range(core, count, threads))
        for core in range(min(threads, count))
    ]
    wait(shares)  # nobody computes on behind an error
    done = [share.result() for share in shares]
    return [done[number % threads][number // threads] for number in range(count)]
