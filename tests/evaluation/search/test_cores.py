"""Threads of one core each: the same ones at every call, and work handed out in turn."""

from __future__ import annotations

import threading

import pytest
import torch

from gonogo.evaluation.search.cores import on_cores, single_threaded


def test_threads_stay_and_compute_on_one_core_each(cores):
    pool = single_threaded(cores)
    assert single_threaded(cores) is pool
    assert torch.get_num_threads() == cores
    for _ in range(3):
        counts = list(pool.map(lambda _: torch.get_num_threads(), range(4 * cores)))
        assert set(counts) == {1}


def test_a_core_takes_every_nth_piece(cores):
    done = on_cores(lambda number: (number, threading.get_ident()), 7)
    assert [number for number, _ in done] == list(range(7))
    threads = [thread for _, thread in done]
    assert all(threads[number] == threads[number % cores] for number in range(7))


def test_an_error_reaches_the_caller_when_everybody_has_ended(cores):
    ended = []

    def work(number):
        if number == 0:
            raise ArithmeticError("here")
        ended.append(number)

    with pytest.raises(ArithmeticError, match="here"):
        on_cores(work, 6)
    seen = list(ended)
    on_cores(lambda _: None, cores)
    assert ended == seen
