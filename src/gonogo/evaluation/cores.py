"""One piece of work a core: threads that never wait for each other inside a product."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


@contextmanager
def single_threaded(count: int) -> Iterator[ThreadPoolExecutor]:
    """Open a pool of threads in each of which torch computes on one core."""
    cores = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield cores
    finally:
        cores.shutdown(cancel_futures=True)
        torch.set_num_threads(count)  # also what threads begin with that are started later
